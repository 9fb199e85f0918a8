/* The engine on a thread of its own.
** SPDX-License-Identifier: MIT
**
** Two locks. `life` is held while the thread is started or stopped, by those who do it. `lock`
** guards the jobs' states, the lists between the threads and the table of descriptors; it is
** held for moments only, never while somebody waits. Who takes both takes `life` first. */
#include "worker/sr_worker.h"

#include "http/sr_engine.h"
#include "base/sr_fork.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#include <sys/eventfd.h>
#endif

/* As many connections may wait to be accepted; beyond it they are refused at once, and try again. */
enum { BACKLOG = 4096 };

/* How long nobody is let in when even the spare descriptor is lost, or memory. */
#define ACCEPT_PAUSE (50 * SR_MILLISECOND)

/* The socket's name in its folder, and the folder's. */
#define SOCKET_NAME "/s"
#define FOLDER      "seranking-"
enum { FOLDER_MAX = sizeof((struct sr_worker_address *)0)->path - sizeof SOCKET_NAME };

int sr_worker_keeps_name = 0;

struct connection {
  int fd;
  size_t index; /* in worker.connections */
  unsigned char token[SR_TOKEN_SIZE];
  size_t token_len;   /* how much of it has come */
  struct sr_job *job; /* whose end it waits for; NULL: it waits for a token */
};

struct sr_job {
  struct sr_call *call; /* owned */
  uint64_t id;          /* its token; the lower bits are its place in the registry */
  unsigned process;     /* worker.process when it was made */

  /* Under the lock. */
  enum sr_job_state state;
  int abandoned;      /* its owner is gone: the thread deletes it when it is done */
  int submit, cancel; /* what the inbox has for it */
  struct sr_job *inbox_prev, *inbox_next;
  int in_inbox;
  int notify_read,
      notify_write; /* the descriptor that says that it is done; -1: none. One and the same
                                where there are eventfds */

  /* The thread's own. */
  struct connection *connection; /* the one that submitted it, or NULL */
};

/* What the tables hold. */
struct place {
  struct sr_job *job; /* NULL: free */
};
struct seat {
  struct connection *connection;
};

static struct {
  pthread_mutex_t life, lock;
  unsigned process; /* how many forks lie between the first process and this one */
  int users;
  int running; /* there is a thread */
  int over;    /* the process ends: no more threads */
  pthread_t thread;
  atomic_int stop;
  atomic_uint generation;   /* of the thread that runs, or 0 */
  struct sr_engine *engine; /* the thread's; others may interrupt it, under the lock */

  int listener, spare;
  int accept_paused; /* the listener is left alone for a moment */
  int name_fd;       /* an open descriptor of the socket's name; -1: it has a folder */
  char folder[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": it is gone already */
  struct sr_worker_address address;

  /* What a forked child had in the parent's hands: not touched and not freed. */
  struct sr_engine *parents_engine;
  struct sr_job *parents_jobs;

  int taking; /* jobs can be submitted */
  struct sr_job *inbox_first, *inbox_last;

  struct place *registry; /* jobs by the lower bits of their ids */
  size_t registry_size, registry_hint;
  uint64_t last_serial;

  struct seat *connections; /* written by the thread, under the lock */
  size_t connection_count, connection_size;
  struct curl_waitfd *polled; /* the listener and all of them; the thread's own */
} worker = {.life = PTHREAD_MUTEX_INITIALIZER,
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .listener = -1,
            .spare = -1,
            .name_fd = -1};

static struct { atomic_ulong begun, done, cancelled, connections, refused, starts; } counts;

static void lock(void) {
  pthread_mutex_lock(&worker.lock);
}

static void unlock(void) {
  pthread_mutex_unlock(&worker.lock);
}

/* ---- descriptors ---- */

#if !defined(SOCK_CLOEXEC) || !defined(__linux__)
static int flags_of_own(int fd) {
  return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : -1;
}
#endif

/* A socket of this process alone that never blocks. -1 and errno. */
static int open_unix_socket(void) {
#ifdef SOCK_CLOEXEC
  return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd >= 0 && flags_of_own(fd) != 0) {
    close(fd);
    fd = -1;
  }
  return fd;
#endif
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

static int open_spare(void) {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The descriptor of a job's end. 0 or -1. */
static int open_notifier(struct sr_job *job) {
#ifdef __linux__
  job->notify_read = job->notify_write = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return job->notify_read < 0 ? -1 : 0;
#else
  int ends[2];
  if (pipe(ends) != 0)
    return -1;
  job->notify_read = ends[0];
  job->notify_write = ends[1];
  return flags_of_own(ends[0]) | flags_of_own(ends[1]);
#endif
}

static void notify(const struct sr_job *job) {
  static const uint64_t one = 1;
  if (job->notify_write >= 0)
    while (write(job->notify_write, &one, sizeof one) < 0 && errno == EINTR)
      ;
}

static void close_notifier(struct sr_job *job) {
  if (job->notify_write != job->notify_read)
    close_fd(&job->notify_write);
  close_fd(&job->notify_read);
  job->notify_write = -1;
}

/* ---- the registry: tokens to jobs. Under the lock. ---- */

enum { INDEX_BITS = 24 }; /* of an id; the rest is a serial number */
#define INDEX_MASK (((uint64_t)1 << INDEX_BITS) - 1)

static int registry_add(struct sr_job *job) {
  size_t i, place;
  for (i = 0; i < worker.registry_size; i++) {
    place = (worker.registry_hint + i) % worker.registry_size;
    if (worker.registry[place].job == NULL)
      break;
  }
  if (i == worker.registry_size) {
    size_t size = worker.registry_size == 0 ? 64 : 2 * worker.registry_size;
    struct place *larger;
    if (size > INDEX_MASK || (larger = realloc(worker.registry, size * sizeof *larger)) == NULL)
      return -1;
    memset(larger + worker.registry_size, 0, (size - worker.registry_size) * sizeof *larger);
    place = worker.registry_size;
    worker.registry = larger;
    worker.registry_size = size;
  }
  worker.registry[place].job = job;
  worker.registry_hint = place + 1;
  job->id = ++worker.last_serial << INDEX_BITS | place;
  return 0;
}

static void registry_remove(const struct sr_job *job) {
  size_t place = job->id & INDEX_MASK;
  if (place < worker.registry_size && worker.registry[place].job == job) {
    worker.registry[place].job = NULL;
    worker.registry_hint = place;
  }
}

static struct sr_job *registry_find(uint64_t id) {
  size_t place = id & INDEX_MASK;
  struct sr_job *job = place < worker.registry_size ? worker.registry[place].job : NULL;
  return job != NULL && job->id == id ? job : NULL;
}

/* ---- the inbox: what the thread is to do. Under the lock. ---- */

static void inbox_remove(struct sr_job *job) {
  if (!job->in_inbox)
    return;
  if (job->inbox_prev != NULL)
    job->inbox_prev->inbox_next = job->inbox_next;
  else
    worker.inbox_first = job->inbox_next;
  if (job->inbox_next != NULL)
    job->inbox_next->inbox_prev = job->inbox_prev;
  else
    worker.inbox_last = job->inbox_prev;
  job->inbox_prev = job->inbox_next = NULL;
  job->in_inbox = 0;
}

/* Puts it in, once, and wakes the thread. */
static void post(struct sr_job *job) {
  int told = worker.inbox_first != NULL; /* it empties the inbox once it is awake */
  if (!job->in_inbox) {
    job->in_inbox = 1;
    job->inbox_prev = worker.inbox_last;
    if (worker.inbox_last != NULL)
      worker.inbox_last->inbox_next = job;
    else
      worker.inbox_first = job;
    worker.inbox_last = job;
  }
  if (!told && worker.engine != NULL)
    sr_engine_interrupt(worker.engine);
}

/* ---- jobs on the thread ---- */

static void free_job(struct sr_job *job) {
  close_notifier(job);
  sr_call_delete(job->call);
  free(job);
}

/* From here on it counts as under way, before the thread has seen it. Under the lock. */
static void set_running(struct sr_job *job) {
  job->state = SR_JOB_RUNNING;
  atomic_fetch_add(&counts.begun, 1);
}

static void begin(struct sr_job *job) {
  sr_engine_submit_tagged(worker.engine, job->call, job->id);
}

static void drop_connection(struct connection *connection) {
  struct connection *last;
  lock();
  last = worker.connections[--worker.connection_count].connection;
  worker.connections[connection->index].connection = last;
  last->index = connection->index;
  close(connection->fd);
  unlock();
  atomic_fetch_sub(&counts.connections, 1);
  free(connection);
}

static int send_byte(const struct connection *connection, char byte) {
  ssize_t n;
  do
    n = send(connection->fd, &byte, 1, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == 1 ? 0 : -1;
}

/*
** The call is done: tells whoever waits. From the unlocking on, the job is its owner's again, and
** may be gone at once.
*/
static void finish(struct sr_call *call) {
  struct sr_job *job;
  struct connection *connection;
  int abandoned;
  lock();
  job = registry_find(call->tag);
  connection = job->connection;
  job->connection = NULL;
  abandoned = job->abandoned;
  atomic_fetch_add(&counts.done, 1);
  if (call->error.kind == SR_CANCELLED)
    atomic_fetch_add(&counts.cancelled, 1);
  job->state = SR_JOB_DONE;
  registry_remove(job);
  inbox_remove(job);
  if (abandoned)
    close_notifier(job); /* in the lock, as all that a child has to close */
  else
    notify(job);
  unlock();
  if (connection != NULL) {
    connection->job = NULL;
    if (send_byte(connection, SR_REPLY_DONE) != 0)
      drop_connection(connection);
  }
  if (abandoned)
    free_job(job);
}

static void finish_all(void) {
  struct sr_call *call;
  while ((call = sr_engine_ready(worker.engine)) != NULL)
    finish(call);
}

/* A job in the inbox is under way, so nobody but the thread deletes it. */
static void read_inbox(void) {
  for (;;) {
    struct sr_job *job;
    int submit = 0, cancel = 0;
    lock();
    job = worker.inbox_first;
    if (job != NULL) {
      inbox_remove(job);
      submit = job->submit;
      cancel = job->cancel;
      job->submit = job->cancel = 0;
    }
    unlock();
    if (job == NULL)
      return;
    if (submit)
      begin(job);
    if (cancel)
      sr_engine_cancel(job->call);
  }
}

/* ---- connections ---- */

/* Whether the other end is this process: nobody else can submit or see anything. */
static int is_own(int fd) {
#ifdef SO_PEERCRED
  struct ucred peer;
  socklen_t len = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == getpid();
#else
  uid_t uid;
  gid_t gid;
  return getpeereid(fd, &uid, &gid) == 0 && uid == geteuid();
#endif
}

/* Room for one more connection. 0 or -1. */
static int make_room(void) {
  size_t size = worker.connection_size == 0 ? 16 : 2 * worker.connection_size;
  struct seat *connections;
  struct curl_waitfd *polled;
  if (worker.connection_count < worker.connection_size)
    return 0;
  connections = realloc(worker.connections, size * sizeof *connections);
  if (connections == NULL)
    return -1;
  worker.connections = connections;
  polled = realloc(worker.polled, (size + 1) * sizeof *polled);
  if (polled == NULL)
    return -1;
  worker.polled = polled;
  worker.connection_size = size;
  return 0;
}

static int accept_fd(void) {
#ifdef SOCK_CLOEXEC
  return accept4(worker.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
  int fd = accept(worker.listener, NULL, NULL);
  if (fd >= 0 && flags_of_own(fd) != 0)
    close_fd(&fd);
  return fd;
#endif
}

/*
** No descriptor is left. A listener with somebody waiting would be ready for ever, so he is let in
** with the spare one, told, and let go.
*/
static void refuse_connection(void) {
  char full = SR_REPLY_FULL;
  int fd;
  atomic_fetch_add(&counts.refused, 1);
  close_fd(&worker.spare);
  fd = accept_fd();
  if (fd >= 0) {
    (void)send(fd, &full, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
  }
  worker.spare = open_spare();
  worker.accept_paused = fd < 0; /* somebody was faster; to try again at once would be to spin */
}

/* In the lock from the descriptor to the table, so that a child knows what to close. 0: nobody waits any more. */
static int accept_connection(void) {
  struct connection *connection = calloc(1, sizeof *connection);
  int fd, problem;
  lock();
  fd = accept_fd();
  problem = errno;
  if (fd < 0) {
    if (problem == EMFILE || problem == ENFILE)
      refuse_connection();
    else if (problem == ENOBUFS || problem == ENOMEM)
      worker.accept_paused = 1;
    unlock();
    free(connection);
    return !worker.accept_paused && problem != EAGAIN && problem != EWOULDBLOCK;
  }
  if (connection == NULL || !is_own(fd) || make_room() != 0) {
    close(fd);
    unlock();
    free(connection);
    return 1;
  }
  connection->fd = fd;
  connection->index = worker.connection_count;
  worker.connections[worker.connection_count++].connection = connection;
  unlock();
  atomic_fetch_add(&counts.connections, 1);
  return 1;
}

static void accept_connections(void) {
  int turn;
  for (turn = 0; turn < BACKLOG && accept_connection(); turn++)
    ;
}

/* A whole token has come. */
static void submit_by_token(struct connection *connection) {
  struct sr_job *job;
  int cancelled = 0;
  uint64_t id;
  memcpy(&id, connection->token, sizeof id);
  connection->token_len = 0;
  lock();
  job = registry_find(id);
  if (job != NULL && job->state == SR_JOB_PREPARED) {
    set_running(job);
    cancelled = job->cancel;
  } else {
    job = NULL;
  }
  unlock();
  if (job == NULL) {
    (void)send_byte(connection, SR_REPLY_UNKNOWN);
    drop_connection(connection);
    return;
  }
  connection->job = job;
  job->connection = connection;
  begin(job);
  if (cancelled)
    sr_engine_cancel(job->call);
}

/* Something has come, or the other end is gone. */
static void read_connection(struct connection *connection) {
  struct sr_job *job = connection->job;
  ssize_t n;
  do
    n = recv(connection->fd, connection->token + connection->token_len,
             SR_TOKEN_SIZE - connection->token_len, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return;
  if (n > 0 && job == NULL) {
    connection->token_len += (size_t)n;
    if (connection->token_len == SR_TOKEN_SIZE)
      submit_by_token(connection);
    return;
  }
  if (job != NULL) { /* given up */
    job->connection = NULL;
    sr_engine_cancel(job->call);
  }
  drop_connection(connection);
}

/* ---- the thread ---- */

static unsigned fill_polled(void) {
  size_t i;
  worker.polled[0].fd = worker.listener;
  worker.polled[0].events = worker.accept_paused ? 0 : CURL_WAIT_POLLIN;
  worker.polled[0].revents = 0;
  for (i = 0; i < worker.connection_count; i++) {
    worker.polled[i + 1].fd = worker.connections[i].connection->fd;
    worker.polled[i + 1].events = CURL_WAIT_POLLIN;
    worker.polled[i + 1].revents = 0;
  }
  return (unsigned)worker.connection_count + 1;
}

/*
** The processors that the process might use when it loaded the library. The thread may use these,
** and not only those that whoever starts it is bound to: nginx binds each worker to one, after its
** master has loaded the library; what the thread takes off a worker's hands must not land there.
*/
#ifdef __linux__
static cpu_set_t processors;
static int processors_known;

static void note_processors(void) {
  processors_known = sched_getaffinity(getpid(), sizeof processors, &processors) == 0;
}

static void use_processors(void) {
  if (processors_known) /* where that is not allowed, it stays where it is */
    (void)sched_setaffinity(0, sizeof processors, &processors);
}
#else
static void note_processors(void) {
}
static void use_processors(void) {
}
#endif

static void *thread_main(void *arg) {
  (void)arg;
  use_processors();
  while (!atomic_load(&worker.stop)) {
    unsigned count = fill_polled();
    size_t i;
    sr_engine_poll(worker.engine, worker.polled, count,
                   worker.accept_paused ? ACCEPT_PAUSE : SR_NEVER);
    worker.accept_paused = 0;
    if (worker.spare < 0) {
      lock();
      worker.spare = open_spare();
      unlock();
    }
    read_inbox();
    /* from the last on: one that is dropped gives its place to the last, which was heard already */
    for (i = count - 1; i > 0; i--)
      if (worker.polled[i].revents != 0)
        read_connection(worker.connections[i - 1].connection);
    if (worker.polled[0].revents != 0)
      accept_connections();
    sr_engine_step(worker.engine);
    finish_all();
  }
  return NULL;
}

/* ---- the socket ---- */

static int bind_to(const char *path) {
  struct sockaddr_un address;
  int fd;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, strlen(path) + 1);
  fd = open_unix_socket();
  if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
      listen(fd, BACKLOG) == 0)
    return fd;
  close_fd(&fd);
  return -1;
}

/* Whether nobody listens on a socket any more. */
static int is_abandoned(const char *path) {
  struct sockaddr_un address;
  int fd = open_unix_socket(), dead;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path, strlen(path) + 1);
  dead = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
         errno == ECONNREFUSED;
  close_fd(&fd);
  return dead;
}

/* Removes what processes that were killed have left in `base`. Only where names have to stay. */
static void sweep(const char *base) {
  DIR *directory = opendir(base);
  struct dirent *entry;
  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    char folder[sizeof worker.folder], path[sizeof worker.folder];
    struct stat about;
    if (strncmp(entry->d_name, FOLDER, sizeof FOLDER - 1) != 0 ||
        (size_t)snprintf(folder, sizeof folder, "%s/%s", base, entry->d_name) >= sizeof folder ||
        (size_t)snprintf(path, sizeof path, "%s" SOCKET_NAME, folder) >= sizeof path ||
        lstat(folder, &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != geteuid() ||
        !is_abandoned(path))
      continue;
    unlink(path);
    rmdir(folder);
  }
  if (directory != NULL)
    closedir(directory);
}

static void remove_folder(void) {
  char path[sizeof worker.folder + sizeof SOCKET_NAME];
  if (worker.folder[0] == '\0')
    return;
  snprintf(path, sizeof path, "%s" SOCKET_NAME, worker.folder);
  unlink(path);
  rmdir(worker.folder);
  worker.folder[0] = '\0';
}

/*
** Takes the name away and keeps a descriptor of it, so that nothing is left behind however the
** process ends; the address leads through that. Where there is no /proc the name stays. 0, or -1 and
** errno.
*/
static int unlink_name(void) {
#ifdef O_PATH
  char path[sizeof worker.address.path];
  if (sr_worker_keeps_name)
    return 0;
  worker.name_fd = open(worker.address.path, O_PATH | O_CLOEXEC);
  if (worker.name_fd < 0)
    return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", worker.name_fd);
  if (access(path, F_OK) != 0) {
    close_fd(&worker.name_fd);
    return 0;
  }
  remove_folder();
  memcpy(worker.address.path, path, sizeof path);
#endif
  return 0;
}

/* Listens in a private folder in `base`. 0, or -1 and errno. */
static int listen_in(const char *base) {
  if (base == NULL || base[0] == '\0' ||
      (size_t)snprintf(worker.folder, sizeof worker.folder, "%s/" FOLDER "%ld-XXXXXX", base,
                       (long)getpid()) >= sizeof worker.folder - sizeof SOCKET_NAME) {
    worker.folder[0] = '\0';
    errno = ENAMETOOLONG;
    return -1;
  }
  if (mkdtemp(worker.folder) == NULL) {
    worker.folder[0] = '\0';
    return -1;
  }
  snprintf(worker.address.path, sizeof worker.address.path, "%.*s" SOCKET_NAME, FOLDER_MAX,
           worker.folder);
  worker.listener = bind_to(worker.address.path);
  /* cppcheck-suppress knownConditionTrueFalse; so it is where there is no O_PATH */
  if (worker.listener < 0 || unlink_name() != 0) {
    int problem = errno;
    remove_folder();
    close_fd(&worker.listener);
    errno = problem;
    return -1;
  }
  if (worker.name_fd < 0)
    sweep(base);
  return 0;
}

static int open_socket(void) {
  const char *bases[] = {getenv("TMPDIR"), "/tmp", "/dev/shm", "/var/tmp"};
  size_t i;
  int problem = ENOENT;
  for (i = 0; i < sizeof bases / sizeof bases[0]; i++) {
    if (listen_in(bases[i]) == 0)
      return 0;
    if (i > 0 || bases[i] != NULL)
      problem = errno;
  }
  errno = problem;
  return -1;
}

/* ---- life ---- */

static void close_all(void) {
  size_t i;
  for (i = 0; i < worker.connection_count; i++) {
    close(worker.connections[i].connection->fd);
    free(worker.connections[i].connection);
  }
  free(worker.connections);
  free(worker.polled);
  worker.connections = NULL;
  worker.polled = NULL;
  worker.connection_count = worker.connection_size = 0;
  atomic_store(&counts.connections, 0);
  close_fd(&worker.listener);
  close_fd(&worker.spare);
  close_fd(&worker.name_fd);
}

/* Ends the thread and its calls. With `life`. */
static void stop(void) {
  struct sr_engine *engine;
  size_t i;
  if (!worker.running)
    return;
  atomic_store(&worker.generation, 0);
  atomic_store(&worker.stop, 1);
  lock();
  worker.taking = 0;
  sr_engine_interrupt(worker.engine);
  unlock();
  pthread_join(worker.thread, NULL);
  worker.running = 0;
  read_inbox(); /* the thread's part is this thread's now */
  for (i = 0; i < worker.connection_count; i++)
    if (worker.connections[i].connection->job != NULL) {
      worker.connections[i].connection->job->connection = NULL;
      worker.connections[i].connection->job = NULL;
    }
  lock();
  for (i = 0; i < worker.registry_size; i++)
    if (worker.registry[i].job != NULL && worker.registry[i].job->state == SR_JOB_RUNNING)
      sr_engine_cancel(worker.registry[i].job->call);
  unlock();
  finish_all();
  lock();
  engine = worker.engine;
  worker.engine = NULL;
  unlock();
  sr_engine_delete(engine);
  remove_folder();
  close_all();
}

static void at_exit(void) {
  pthread_mutex_lock(&worker.life);
  worker.over = 1;
  stop();
  pthread_mutex_unlock(&worker.life);
}

static void before_fork(void) {
  pthread_mutex_lock(&worker.life);
  lock();
}

static void after_fork_in_parent(void) {
  unlock();
  pthread_mutex_unlock(&worker.life);
}

/*
** The thread is the parent's, and so is all that it had in its hands: forgotten, not freed. The
** name of the socket is the parent's to remove. Descriptors are closed; of jobs, those whose
** owners are gone.
*/
static void after_fork_in_child(void) {
  size_t i;
  worker.process++;
  if (worker.running) {
    worker.running = 0;
    atomic_store(&worker.generation, 0);
    worker.parents_engine = worker.engine;
    worker.engine = NULL;
    worker.folder[0] = '\0';
    close_all();
  }
  worker.taking = 0;
  worker.inbox_first = worker.inbox_last = NULL;
  for (i = 0; i < worker.registry_size; i++)
    if (worker.registry[i].job != NULL && worker.registry[i].job->abandoned)
      close_notifier(worker.registry[i].job);
  free(worker.registry);
  worker.registry = NULL;
  worker.registry_size = worker.registry_hint = 0;
  atomic_store(&counts.begun, 0);
  atomic_store(&counts.done, 0);
  atomic_store(&counts.cancelled, 0);
  unlock(); /* the thread that forked holds both, here as in the parent */
  pthread_mutex_unlock(&worker.life);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int fork_watch_error; /* what `watch_forks` came to */

static void watch_forks(void) {
  note_processors();
  fork_watch_error = sr_fork_watch();
  if (fork_watch_error == 0)
    fork_watch_error = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* After libcurl has been set up, so that it runs before the exit handlers of the TLS library. */
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void register_at_exit(void) {
  (void)atexit(at_exit);
}

/* NULL and errno when memory or descriptors ran out. */
static struct sr_engine *new_engine(void) {
  struct sr_engine_options options;
  struct sr_engine *engine;
  memset(&options, 0, sizeof options);
  options.clock = sr_clock_monotonic;
  options.seed = (uint64_t)sr_clock_monotonic.now(NULL) ^ (uint64_t)time(NULL) << 20 ^
                 (uint64_t)getpid() << 40;
  engine = sr_engine_new(&options);
  if (engine != NULL && sr_engine_open(engine) != 0) {
    int problem = errno;
    sr_engine_delete(engine);
    errno = problem;
    return NULL;
  }
  return engine;
}

/* No signal of the program's is ever handled on the thread. 0 or an error number. */
static int start_thread(void) {
  sigset_t all, before;
  int problem;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  problem = pthread_create(&worker.thread, NULL, thread_main, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#ifdef __linux__
  if (problem == 0)
    pthread_setname_np(worker.thread, "seranking");
#endif
  return problem;
}

static void cant_start(struct sr_error *error, const char *what, int problem) {
  char text[SR_ERRNO_TEXT];
  sr_error_set(error, SR_NETWORK,
               problem == EMFILE || problem == ENFILE ? "no_descriptors" : "no_thread", NULL,
               "the thread that carries out calls can't be started: %s: %s", what,
               sr_errno_text(problem, text));
}

/* With `life`. */
static int start(struct sr_error *error) {
  int problem;
  struct sr_engine *engine;
  worker.spare = open_spare();
  errno = worker.spare < 0 ? errno : 0;
  if (worker.spare < 0 || open_socket() != 0) {
    cant_start(error, "a private socket in a temporary folder", errno);
    return -1;
  }
  engine = make_room() == 0 ? new_engine() : NULL;
  if (engine == NULL) {
    cant_start(error, "libcurl's handles", errno);
    return -1;
  }
  pthread_once(&exit_once, register_at_exit);
  lock();
  worker.engine = engine;
  unlock();
  atomic_store(&worker.stop, 0);
  problem = start_thread();
  lock();
  if (problem != 0)
    worker.engine = NULL;
  worker.taking = problem == 0; /* not earlier: somebody has to be there for what is submitted */
  unlock();
  if (problem != 0) {
    sr_engine_delete(engine);
    cant_start(error, "the thread itself", problem);
    return -1;
  }
  worker.running = 1;
  worker.address.generation = (unsigned)atomic_fetch_add(&counts.starts, 1) + 1;
  atomic_store(&worker.generation, worker.address.generation);
  return 0;
}

int sr_worker_start(struct sr_error *error) {
  int outcome = 0;
  pthread_once(&once, watch_forks);
  pthread_mutex_lock(&worker.life);
  if (worker.over || fork_watch_error != 0) {
    cant_start(error, worker.over ? "the process ends" : "pthread_atfork",
               worker.over ? ECANCELED : fork_watch_error);
    outcome = -1;
  } else if (!worker.running && start(error) != 0) {
    remove_folder();
    close_all();
    outcome = -1;
  }
  pthread_mutex_unlock(&worker.life);
  return outcome;
}

int sr_worker_address(struct sr_worker_address *address) {
  int running;
  pthread_mutex_lock(&worker.life);
  running = worker.running;
  *address = worker.address;
  pthread_mutex_unlock(&worker.life);
  return running ? 0 : -1;
}

unsigned sr_worker_generation(void) {
  return atomic_load(&worker.generation);
}

void sr_worker_ref(void) {
  pthread_once(&once,
               watch_forks); /* before the first use of the locks, which a fork must not catch */
  pthread_mutex_lock(&worker.life);
  worker.users++;
  pthread_mutex_unlock(&worker.life);
}

void sr_worker_unref(void) {
  pthread_mutex_lock(&worker.life);
  if (--worker.users == 0)
    stop();
  pthread_mutex_unlock(&worker.life);
}

void sr_worker_status(struct sr_worker_status *status) {
  pthread_mutex_lock(&worker.life);
  status->running = worker.running;
  pthread_mutex_unlock(&worker.life);
  status->done = atomic_load(&counts.done); /* first, so that `calls` is never below 0 */
  status->begun = atomic_load(&counts.begun);
  status->calls = status->begun - status->done;
  status->cancelled = atomic_load(&counts.cancelled);
  status->connections = atomic_load(&counts.connections);
  status->refused = atomic_load(&counts.refused);
  status->starts = atomic_load(&counts.starts);
}

void sr_worker_cancel_client(const struct sr_config *config) {
  size_t i;
  lock();
  for (i = 0; i < worker.registry_size; i++) {
    struct sr_job *job = worker.registry[i].job;
    if (job == NULL || job->call->config->client != config->client)
      continue;
    job->cancel = 1;
    if (job->state == SR_JOB_RUNNING)
      post(job);
  }
  unlock();
}

/* ---- jobs: the owner's side ---- */

struct sr_job *sr_job_new(struct sr_call *call) {
  struct sr_job *job = calloc(1, sizeof *job);
  int added;
  if (job == NULL)
    return NULL;
  job->call = call;
  job->notify_read = job->notify_write = -1;
  lock();
  job->process = worker.process;
  added = registry_add(job) == 0;
  unlock();
  if (added)
    return job;
  free(job);
  return NULL;
}

void sr_job_token(const struct sr_job *job, unsigned char token[SR_TOKEN_SIZE]) {
  memcpy(token, &job->id, SR_TOKEN_SIZE);
}

int sr_job_submit(struct sr_job *job, struct sr_error *error) {
  int taken;
  if (open_notifier(job) != 0) {
    char text[SR_ERRNO_TEXT];
    int problem = errno;
    close_notifier(job);
    sr_error_set(error, SR_NETWORK, "no_descriptors", NULL,
                 "no file descriptor is left for a call: %s", sr_errno_text(problem, text));
    return -1;
  }
  lock();
  taken = worker.taking;
  if (taken) {
    set_running(job);
    job->submit = 1;
    post(job);
  }
  unlock();
  if (taken)
    return job->notify_read;
  close_notifier(job);
  sr_error_set(error, SR_CANCELLED, "stopped", NULL,
               "the thread that carries out calls has stopped");
  return -1;
}

const struct sr_call *sr_job_call(const struct sr_job *job) {
  return job->call;
}

int sr_job_fd(const struct sr_job *job) {
  return job->notify_read;
}

static enum sr_job_state state_of(const struct sr_job *job) {
  return job->process != worker.process && job->state != SR_JOB_DONE ? SR_JOB_FORKED : job->state;
}

enum sr_job_state sr_job_state(const struct sr_job *job) {
  enum sr_job_state state;
  lock();
  state = state_of(job);
  unlock();
  return state;
}

void sr_job_cancel(struct sr_job *job) {
  lock();
  if (state_of(job) == SR_JOB_RUNNING) {
    job->cancel = 1;
    post(job);
  }
  unlock();
}

/*
** The parent's thread may have been at work on the call when the process forked: only what it never
** changes, the request, can be trusted.
*/
static struct sr_call *copy_of_request(const struct sr_call *call) {
  struct sr_call *copy = sr_call_new(call->config);
  if (copy == NULL)
    return NULL;
  copy->method = call->method;
  copy->state = SR_STATE_DONE;
  if (sr_buf_append(&copy->target, sr_buf_text(&call->target), call->target.len) != 0) {
    sr_call_delete(copy);
    return NULL;
  }
  sr_error_set(&copy->error, SR_CANCELLED, "forked", NULL,
               "the process forked while the call was under way");
  return copy;
}

/* Lets go of a job that the parent's thread may have had at work on when the process forked. */
static void leave_to_parent(struct sr_job *job) {
  close_notifier(job);
  lock();
  job->inbox_next = worker.parents_jobs;
  worker.parents_jobs = job;
  unlock();
}

struct sr_call *sr_job_take(struct sr_job *job) {
  struct sr_call *call = job->call;
  if (sr_job_state(job) == SR_JOB_FORKED) {
    call = copy_of_request(call);
    if (call != NULL)
      leave_to_parent(job);
    return call;
  }
  lock();
  registry_remove(job);
  unlock();
  close_notifier(job);
  free(job);
  return call;
}

void sr_job_delete(struct sr_job *job) {
  enum sr_job_state state;
  if (job == NULL)
    return;
  lock();
  state = state_of(job);
  if (state == SR_JOB_RUNNING) {
    job->abandoned = 1;
    job->cancel = 1;
    post(job);
  } else if (state != SR_JOB_FORKED) {
    registry_remove(job);
  }
  unlock();
  if (state == SR_JOB_FORKED)
    leave_to_parent(job);
  else if (state != SR_JOB_RUNNING)
    free_job(job);
}
