/* The engine on a thread of its own.
** SPDX-License-Identifier: MIT
**
** Two locks. `life` is held while the thread is started or stopped, by those who do it. `lock`
** guards the errands' states, the lists between the threads and the table of descriptors; it is
** held for moments only, never while somebody waits. Who takes both takes `life` first. */
#include "worker/sr_doorbell.h"

#include "http/sr_engine.h"
#include "http/sr_fork.h"

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
#define A_MOMENT (50 * SR_MILLISECOND)

/* The socket's name in its folder, and the folder's. */
#define SOCKET_NAME "/s"
#define FOLDER      "seranking-"
enum { FOLDER_MAX = sizeof((struct sr_doorbell_address *)0)->path - sizeof SOCKET_NAME };

int sr_doorbell_keeps_name = 0;

struct connection {
  int fd;
  size_t index; /* in bell.connections */
  unsigned char token[SR_TOKEN_SIZE];
  size_t token_len;         /* how much of it has come */
  struct sr_errand *errand; /* whose end it waits for; NULL: it waits for a token */
};

struct sr_errand {
  struct sr_call *call; /* owned */
  uint64_t id;          /* its token; the lower bits are its place in the registry */
  unsigned process;     /* bell.process when it was made */

  /* Under the lock. */
  enum sr_errand_state state;
  int abandoned;      /* its owner is gone: the thread deletes it when it is done */
  int submit, cancel; /* what the inbox has for it */
  struct sr_errand *inbox_prev, *inbox_next;
  int in_inbox;
  int bell_read, bell_write; /* the descriptor that says that it is done; -1: none. One and the same
                                where there are eventfds */

  /* The thread's own. */
  struct connection *connection; /* the one that submitted it, or NULL */
};

/* What the tables hold. */
struct place {
  struct sr_errand *errand; /* NULL: free */
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
  int deaf; /* the listener is left alone for a moment */
  int door; /* an open descriptor of the socket's name; -1: it has a folder */
  char folder[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": it is gone already */
  struct sr_doorbell_address address;

  /* What a forked child had in the parent's hands: not touched and not freed. */
  struct sr_engine *parents_engine;
  struct sr_errand *parents_errands;

  int taking; /* errands can be submitted */
  struct sr_errand *inbox_first, *inbox_last;

  struct place *registry; /* errands by the lower bits of their ids */
  size_t registry_size, registry_hint;
  uint64_t last_serial;

  struct seat *connections; /* written by the thread, under the lock */
  size_t connection_count, connection_size;
  struct curl_waitfd *polled; /* the listener and all of them; the thread's own */
} bell = {.life = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .listener = -1,
          .spare = -1,
          .door = -1};

static struct { atomic_ulong begun, done, cancelled, connections, refused, starts; } counts;

static void lock(void) {
  pthread_mutex_lock(&bell.lock);
}

static void unlock(void) {
  pthread_mutex_unlock(&bell.lock);
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

/* The descriptor of an errand's end. 0 or -1. */
static int open_bell(struct sr_errand *errand) {
#ifdef __linux__
  errand->bell_read = errand->bell_write = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return errand->bell_read < 0 ? -1 : 0;
#else
  int ends[2];
  if (pipe(ends) != 0)
    return -1;
  errand->bell_read = ends[0];
  errand->bell_write = ends[1];
  return flags_of_own(ends[0]) | flags_of_own(ends[1]);
#endif
}

static void ring(const struct sr_errand *errand) {
  static const uint64_t one = 1;
  if (errand->bell_write >= 0)
    while (write(errand->bell_write, &one, sizeof one) < 0 && errno == EINTR)
      ;
}

static void close_bell(struct sr_errand *errand) {
  if (errand->bell_write != errand->bell_read)
    close_fd(&errand->bell_write);
  close_fd(&errand->bell_read);
  errand->bell_write = -1;
}

/* ---- the registry: tokens to errands. Under the lock. ---- */

enum { PLACE_BITS = 24 }; /* of an id; the rest is a serial number */
#define PLACE_MASK (((uint64_t)1 << PLACE_BITS) - 1)

static int registry_add(struct sr_errand *errand) {
  size_t i, place;
  for (i = 0; i < bell.registry_size; i++) {
    place = (bell.registry_hint + i) % bell.registry_size;
    if (bell.registry[place].errand == NULL)
      break;
  }
  if (i == bell.registry_size) {
    size_t size = bell.registry_size == 0 ? 64 : 2 * bell.registry_size;
    struct place *larger;
    if (size > PLACE_MASK || (larger = realloc(bell.registry, size * sizeof *larger)) == NULL)
      return -1;
    memset(larger + bell.registry_size, 0, (size - bell.registry_size) * sizeof *larger);
    place = bell.registry_size;
    bell.registry = larger;
    bell.registry_size = size;
  }
  bell.registry[place].errand = errand;
  bell.registry_hint = place + 1;
  errand->id = ++bell.last_serial << PLACE_BITS | place;
  return 0;
}

static void registry_remove(const struct sr_errand *errand) {
  size_t place = errand->id & PLACE_MASK;
  if (place < bell.registry_size && bell.registry[place].errand == errand) {
    bell.registry[place].errand = NULL;
    bell.registry_hint = place;
  }
}

static struct sr_errand *registry_find(uint64_t id) {
  size_t place = id & PLACE_MASK;
  struct sr_errand *errand = place < bell.registry_size ? bell.registry[place].errand : NULL;
  return errand != NULL && errand->id == id ? errand : NULL;
}

/* ---- the inbox: what the thread is to do. Under the lock. ---- */

static void inbox_remove(struct sr_errand *errand) {
  if (!errand->in_inbox)
    return;
  if (errand->inbox_prev != NULL)
    errand->inbox_prev->inbox_next = errand->inbox_next;
  else
    bell.inbox_first = errand->inbox_next;
  if (errand->inbox_next != NULL)
    errand->inbox_next->inbox_prev = errand->inbox_prev;
  else
    bell.inbox_last = errand->inbox_prev;
  errand->inbox_prev = errand->inbox_next = NULL;
  errand->in_inbox = 0;
}

/* Puts it in, once, and wakes the thread. */
static void tell_thread(struct sr_errand *errand) {
  int told = bell.inbox_first != NULL; /* it empties the inbox once it is awake */
  if (!errand->in_inbox) {
    errand->in_inbox = 1;
    errand->inbox_prev = bell.inbox_last;
    if (bell.inbox_last != NULL)
      bell.inbox_last->inbox_next = errand;
    else
      bell.inbox_first = errand;
    bell.inbox_last = errand;
  }
  if (!told && bell.engine != NULL)
    sr_engine_interrupt(bell.engine);
}

/* ---- errands on the thread ---- */

static void free_errand(struct sr_errand *errand) {
  close_bell(errand);
  sr_call_delete(errand->call);
  free(errand);
}

/* From here on it counts as under way, before the thread has seen it. Under the lock. */
static void set_running(struct sr_errand *errand) {
  errand->state = SR_ERRAND_RUNNING;
  atomic_fetch_add(&counts.begun, 1);
}

static void begin(struct sr_errand *errand) {
  sr_engine_submit_tagged(bell.engine, errand->call, errand->id);
}

static void drop_connection(struct connection *connection) {
  struct connection *last;
  lock();
  last = bell.connections[--bell.connection_count].connection;
  bell.connections[connection->index].connection = last;
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
** The call is done: tells whoever waits. From the unlocking on, the errand is its owner's again, and
** may be gone at once.
*/
static void finish(struct sr_call *call) {
  struct sr_errand *errand;
  struct connection *connection;
  int abandoned;
  lock();
  errand = registry_find(call->tag);
  connection = errand->connection;
  errand->connection = NULL;
  abandoned = errand->abandoned;
  atomic_fetch_add(&counts.done, 1);
  if (call->error.kind == SR_CANCELLED)
    atomic_fetch_add(&counts.cancelled, 1);
  errand->state = SR_ERRAND_DONE;
  registry_remove(errand);
  inbox_remove(errand);
  if (abandoned)
    close_bell(errand); /* in the lock, as all that a child has to close */
  else
    ring(errand);
  unlock();
  if (connection != NULL) {
    connection->errand = NULL;
    if (send_byte(connection, SR_BELL_DONE) != 0)
      drop_connection(connection);
  }
  if (abandoned)
    free_errand(errand);
}

static void finish_all(void) {
  struct sr_call *call;
  while ((call = sr_engine_ready(bell.engine)) != NULL)
    finish(call);
}

/* An errand in the inbox is under way, so nobody but the thread deletes it. */
static void read_inbox(void) {
  for (;;) {
    struct sr_errand *errand;
    int submit = 0, cancel = 0;
    lock();
    errand = bell.inbox_first;
    if (errand != NULL) {
      inbox_remove(errand);
      submit = errand->submit;
      cancel = errand->cancel;
      errand->submit = errand->cancel = 0;
    }
    unlock();
    if (errand == NULL)
      return;
    if (submit)
      begin(errand);
    if (cancel)
      sr_engine_cancel(errand->call);
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
  size_t size = bell.connection_size == 0 ? 16 : 2 * bell.connection_size;
  struct seat *connections;
  struct curl_waitfd *polled;
  if (bell.connection_count < bell.connection_size)
    return 0;
  connections = realloc(bell.connections, size * sizeof *connections);
  if (connections == NULL)
    return -1;
  bell.connections = connections;
  polled = realloc(bell.polled, (size + 1) * sizeof *polled);
  if (polled == NULL)
    return -1;
  bell.polled = polled;
  bell.connection_size = size;
  return 0;
}

static int accept_one(void) {
#ifdef SOCK_CLOEXEC
  return accept4(bell.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
  int fd = accept(bell.listener, NULL, NULL);
  if (fd >= 0 && flags_of_own(fd) != 0)
    close_fd(&fd);
  return fd;
#endif
}

/*
** No descriptor is left. A listener with somebody waiting would be ready for ever, so he is let in
** with the spare one, told, and let go.
*/
static void turn_away(void) {
  char full = SR_BELL_FULL;
  int fd;
  atomic_fetch_add(&counts.refused, 1);
  close_fd(&bell.spare);
  fd = accept_one();
  if (fd >= 0) {
    (void)send(fd, &full, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
  }
  bell.spare = open_spare();
  bell.deaf = fd < 0; /* somebody was faster; to try again at once would be to spin */
}

/* In the lock from the descriptor to the table, so that a child knows what to close. 0: nobody waits any more. */
static int let_in(void) {
  struct connection *connection = calloc(1, sizeof *connection);
  int fd, problem;
  lock();
  fd = accept_one();
  problem = errno;
  if (fd < 0) {
    if (problem == EMFILE || problem == ENFILE)
      turn_away();
    else if (problem == ENOBUFS || problem == ENOMEM)
      bell.deaf = 1;
    unlock();
    free(connection);
    return !bell.deaf && problem != EAGAIN && problem != EWOULDBLOCK;
  }
  if (connection == NULL || !is_own(fd) || make_room() != 0) {
    close(fd);
    unlock();
    free(connection);
    return 1;
  }
  connection->fd = fd;
  connection->index = bell.connection_count;
  bell.connections[bell.connection_count++].connection = connection;
  unlock();
  atomic_fetch_add(&counts.connections, 1);
  return 1;
}

static void let_all_in(void) {
  int turn;
  for (turn = 0; turn < BACKLOG && let_in(); turn++)
    ;
}

/* A whole token has come. */
static void take_token(struct connection *connection) {
  struct sr_errand *errand;
  int cancelled = 0;
  uint64_t id;
  memcpy(&id, connection->token, sizeof id);
  connection->token_len = 0;
  lock();
  errand = registry_find(id);
  if (errand != NULL && errand->state == SR_ERRAND_PREPARED) {
    set_running(errand);
    cancelled = errand->cancel;
  } else {
    errand = NULL;
  }
  unlock();
  if (errand == NULL) {
    (void)send_byte(connection, SR_BELL_UNKNOWN);
    drop_connection(connection);
    return;
  }
  connection->errand = errand;
  errand->connection = connection;
  begin(errand);
  if (cancelled)
    sr_engine_cancel(errand->call);
}

/* Something has come, or the other end is gone. */
static void hear(struct connection *connection) {
  struct sr_errand *errand = connection->errand;
  ssize_t n;
  do
    n = recv(connection->fd, connection->token + connection->token_len,
             SR_TOKEN_SIZE - connection->token_len, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return;
  if (n > 0 && errand == NULL) {
    connection->token_len += (size_t)n;
    if (connection->token_len == SR_TOKEN_SIZE)
      take_token(connection);
    return;
  }
  if (errand != NULL) { /* given up */
    errand->connection = NULL;
    sr_engine_cancel(errand->call);
  }
  drop_connection(connection);
}

/* ---- the thread ---- */

static unsigned fill_polled(void) {
  size_t i;
  bell.polled[0].fd = bell.listener;
  bell.polled[0].events = bell.deaf ? 0 : CURL_WAIT_POLLIN;
  bell.polled[0].revents = 0;
  for (i = 0; i < bell.connection_count; i++) {
    bell.polled[i + 1].fd = bell.connections[i].connection->fd;
    bell.polled[i + 1].events = CURL_WAIT_POLLIN;
    bell.polled[i + 1].revents = 0;
  }
  return (unsigned)bell.connection_count + 1;
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

static void *live(void *arg) {
  (void)arg;
  use_processors();
  while (!atomic_load(&bell.stop)) {
    unsigned count = fill_polled();
    size_t i;
    sr_engine_poll(bell.engine, bell.polled, count, bell.deaf ? A_MOMENT : SR_NEVER);
    bell.deaf = 0;
    if (bell.spare < 0) {
      lock();
      bell.spare = open_spare();
      unlock();
    }
    read_inbox();
    /* from the last on: one that is dropped gives its place to the last, which was heard already */
    for (i = count - 1; i > 0; i--)
      if (bell.polled[i].revents != 0)
        hear(bell.connections[i - 1].connection);
    if (bell.polled[0].revents != 0)
      let_all_in();
    sr_engine_step(bell.engine);
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
static int is_dead(const char *path) {
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
    char folder[sizeof bell.folder], path[sizeof bell.folder];
    struct stat about;
    if (strncmp(entry->d_name, FOLDER, sizeof FOLDER - 1) != 0 ||
        (size_t)snprintf(folder, sizeof folder, "%s/%s", base, entry->d_name) >= sizeof folder ||
        (size_t)snprintf(path, sizeof path, "%s" SOCKET_NAME, folder) >= sizeof path ||
        lstat(folder, &about) != 0 || !S_ISDIR(about.st_mode) || about.st_uid != geteuid() ||
        !is_dead(path))
      continue;
    unlink(path);
    rmdir(folder);
  }
  if (directory != NULL)
    closedir(directory);
}

static void remove_folder(void) {
  char path[sizeof bell.folder + sizeof SOCKET_NAME];
  if (bell.folder[0] == '\0')
    return;
  snprintf(path, sizeof path, "%s" SOCKET_NAME, bell.folder);
  unlink(path);
  rmdir(bell.folder);
  bell.folder[0] = '\0';
}

/*
** Takes the name away and keeps a descriptor of it, so that nothing is left behind however the
** process ends; the address leads through that. Where there is no /proc the name stays. 0, or -1 and
** errno.
*/
static int take_name_away(void) {
#ifdef O_PATH
  char path[sizeof bell.address.path];
  if (sr_doorbell_keeps_name)
    return 0;
  bell.door = open(bell.address.path, O_PATH | O_CLOEXEC);
  if (bell.door < 0)
    return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", bell.door);
  if (access(path, F_OK) != 0) {
    close_fd(&bell.door);
    return 0;
  }
  remove_folder();
  memcpy(bell.address.path, path, sizeof path);
#endif
  return 0;
}

/* Listens in a private folder in `base`. 0, or -1 and errno. */
static int listen_in(const char *base) {
  if (base == NULL || base[0] == '\0' ||
      (size_t)snprintf(bell.folder, sizeof bell.folder, "%s/" FOLDER "%ld-XXXXXX", base,
                       (long)getpid()) >= sizeof bell.folder - sizeof SOCKET_NAME) {
    bell.folder[0] = '\0';
    errno = ENAMETOOLONG;
    return -1;
  }
  if (mkdtemp(bell.folder) == NULL) {
    bell.folder[0] = '\0';
    return -1;
  }
  snprintf(bell.address.path, sizeof bell.address.path, "%.*s" SOCKET_NAME, FOLDER_MAX,
           bell.folder);
  bell.listener = bind_to(bell.address.path);
  /* cppcheck-suppress knownConditionTrueFalse; so it is where there is no O_PATH */
  if (bell.listener < 0 || take_name_away() != 0) {
    int problem = errno;
    remove_folder();
    close_fd(&bell.listener);
    errno = problem;
    return -1;
  }
  if (bell.door < 0)
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
  for (i = 0; i < bell.connection_count; i++) {
    close(bell.connections[i].connection->fd);
    free(bell.connections[i].connection);
  }
  free(bell.connections);
  free(bell.polled);
  bell.connections = NULL;
  bell.polled = NULL;
  bell.connection_count = bell.connection_size = 0;
  atomic_store(&counts.connections, 0);
  close_fd(&bell.listener);
  close_fd(&bell.spare);
  close_fd(&bell.door);
}

/* Ends the thread and its calls. With `life`. */
static void stop(void) {
  struct sr_engine *engine;
  size_t i;
  if (!bell.running)
    return;
  atomic_store(&bell.generation, 0);
  atomic_store(&bell.stop, 1);
  lock();
  bell.taking = 0;
  sr_engine_interrupt(bell.engine);
  unlock();
  pthread_join(bell.thread, NULL);
  bell.running = 0;
  read_inbox(); /* the thread's part is this thread's now */
  for (i = 0; i < bell.connection_count; i++)
    if (bell.connections[i].connection->errand != NULL) {
      bell.connections[i].connection->errand->connection = NULL;
      bell.connections[i].connection->errand = NULL;
    }
  lock();
  for (i = 0; i < bell.registry_size; i++)
    if (bell.registry[i].errand != NULL && bell.registry[i].errand->state == SR_ERRAND_RUNNING)
      sr_engine_cancel(bell.registry[i].errand->call);
  unlock();
  finish_all();
  lock();
  engine = bell.engine;
  bell.engine = NULL;
  unlock();
  sr_engine_delete(engine);
  remove_folder();
  close_all();
}

static void at_exit(void) {
  pthread_mutex_lock(&bell.life);
  bell.over = 1;
  stop();
  pthread_mutex_unlock(&bell.life);
}

static void before_fork(void) {
  pthread_mutex_lock(&bell.life);
  lock();
}

static void after_fork_in_parent(void) {
  unlock();
  pthread_mutex_unlock(&bell.life);
}

/*
** The thread is the parent's, and so is all that it had in its hands: forgotten, not freed. The
** name of the socket is the parent's to remove. Descriptors are closed; of errands, those whose
** owners are gone.
*/
static void after_fork_in_child(void) {
  size_t i;
  bell.process++;
  if (bell.running) {
    bell.running = 0;
    atomic_store(&bell.generation, 0);
    bell.parents_engine = bell.engine;
    bell.engine = NULL;
    bell.folder[0] = '\0';
    close_all();
  }
  bell.taking = 0;
  bell.inbox_first = bell.inbox_last = NULL;
  for (i = 0; i < bell.registry_size; i++)
    if (bell.registry[i].errand != NULL && bell.registry[i].errand->abandoned)
      close_bell(bell.registry[i].errand);
  free(bell.registry);
  bell.registry = NULL;
  bell.registry_size = bell.registry_hint = 0;
  atomic_store(&counts.begun, 0);
  atomic_store(&counts.done, 0);
  atomic_store(&counts.cancelled, 0);
  unlock(); /* the thread that forked holds both, here as in the parent */
  pthread_mutex_unlock(&bell.life);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watching; /* what `watch` came to */

static void watch(void) {
  note_processors();
  watching = sr_fork_watch();
  if (watching == 0)
    watching = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* After libcurl has been set up, so that it runs before the exit handlers of the TLS library. */
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void watch_exit(void) {
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
  problem = pthread_create(&bell.thread, NULL, live, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#ifdef __linux__
  if (problem == 0)
    pthread_setname_np(bell.thread, "seranking");
#endif
  return problem;
}

static void cant_start(struct sr_error *error, const char *what, int problem) {
  char text[SR_ERRNO_TEXT];
  sr_error_set(error, SR_NETWORK,
               problem == EMFILE || problem == ENFILE ? "no_descriptors" : "no_thread",
               problem == EMFILE || problem == ENFILE
                   ? "allow the process more files (ulimit -n; worker_rlimit_nofile in nginx)"
                   : NULL,
               "the thread that carries out calls can't be started: %s: %s", what,
               sr_errno_text(problem, text));
}

/* With `life`. */
static int start(struct sr_error *error) {
  int problem;
  struct sr_engine *engine;
  bell.spare = open_spare();
  errno = bell.spare < 0 ? errno : 0;
  if (bell.spare < 0 || open_socket() != 0) {
    cant_start(error, "a private socket in a temporary folder", errno);
    return -1;
  }
  engine = make_room() == 0 ? new_engine() : NULL;
  if (engine == NULL) {
    cant_start(error, "libcurl's handles", errno);
    return -1;
  }
  pthread_once(&exit_once, watch_exit);
  lock();
  bell.engine = engine;
  unlock();
  atomic_store(&bell.stop, 0);
  problem = start_thread();
  lock();
  if (problem != 0)
    bell.engine = NULL;
  bell.taking = problem == 0; /* not earlier: somebody has to be there for what is submitted */
  unlock();
  if (problem != 0) {
    sr_engine_delete(engine);
    cant_start(error, "the thread itself", problem);
    return -1;
  }
  bell.running = 1;
  bell.address.generation = (unsigned)atomic_fetch_add(&counts.starts, 1) + 1;
  atomic_store(&bell.generation, bell.address.generation);
  return 0;
}

int sr_doorbell_start(struct sr_error *error) {
  int outcome = 0;
  pthread_once(&once, watch);
  pthread_mutex_lock(&bell.life);
  if (bell.over || watching != 0) {
    cant_start(error, bell.over ? "the process ends" : "pthread_atfork",
               bell.over ? ECANCELED : watching);
    outcome = -1;
  } else if (!bell.running && start(error) != 0) {
    remove_folder();
    close_all();
    outcome = -1;
  }
  pthread_mutex_unlock(&bell.life);
  return outcome;
}

int sr_doorbell_address(struct sr_doorbell_address *address) {
  int running;
  pthread_mutex_lock(&bell.life);
  running = bell.running;
  *address = bell.address;
  pthread_mutex_unlock(&bell.life);
  return running ? 0 : -1;
}

unsigned sr_doorbell_generation(void) {
  return atomic_load(&bell.generation);
}

void sr_doorbell_enter(void) {
  pthread_once(&once, watch); /* before the first use of the locks, which a fork must not catch */
  pthread_mutex_lock(&bell.life);
  bell.users++;
  pthread_mutex_unlock(&bell.life);
}

void sr_doorbell_leave(void) {
  pthread_mutex_lock(&bell.life);
  if (--bell.users == 0)
    stop();
  pthread_mutex_unlock(&bell.life);
}

void sr_doorbell_status(struct sr_doorbell_status *status) {
  pthread_mutex_lock(&bell.life);
  status->running = bell.running;
  pthread_mutex_unlock(&bell.life);
  status->done = atomic_load(&counts.done); /* first, so that `calls` is never below 0 */
  status->begun = atomic_load(&counts.begun);
  status->calls = status->begun - status->done;
  status->cancelled = atomic_load(&counts.cancelled);
  status->connections = atomic_load(&counts.connections);
  status->refused = atomic_load(&counts.refused);
  status->starts = atomic_load(&counts.starts);
}

void sr_doorbell_cancel_all(const struct sr_config *config) {
  size_t i;
  lock();
  for (i = 0; i < bell.registry_size; i++) {
    struct sr_errand *errand = bell.registry[i].errand;
    if (errand == NULL || errand->call->config->client != config->client)
      continue;
    errand->cancel = 1;
    if (errand->state == SR_ERRAND_RUNNING)
      tell_thread(errand);
  }
  unlock();
}

/* ---- errands: the owner's side ---- */

struct sr_errand *sr_errand_new(struct sr_call *call) {
  struct sr_errand *errand = calloc(1, sizeof *errand);
  int added;
  if (errand == NULL)
    return NULL;
  errand->call = call;
  errand->bell_read = errand->bell_write = -1;
  lock();
  errand->process = bell.process;
  added = registry_add(errand) == 0;
  unlock();
  if (added)
    return errand;
  free(errand);
  return NULL;
}

void sr_errand_token(const struct sr_errand *errand, unsigned char token[SR_TOKEN_SIZE]) {
  memcpy(token, &errand->id, SR_TOKEN_SIZE);
}

int sr_errand_submit(struct sr_errand *errand, struct sr_error *error) {
  int taken;
  if (open_bell(errand) != 0) {
    char text[SR_ERRNO_TEXT];
    int problem = errno;
    close_bell(errand);
    sr_error_set(error, SR_NETWORK, "no_descriptors",
                 "allow the process more files (ulimit -n), or have fewer calls at once",
                 "no file descriptor is left for a call: %s", sr_errno_text(problem, text));
    return -1;
  }
  lock();
  taken = bell.taking;
  if (taken) {
    set_running(errand);
    errand->submit = 1;
    tell_thread(errand);
  }
  unlock();
  if (taken)
    return errand->bell_read;
  close_bell(errand);
  sr_error_set(error, SR_CANCELLED, "stopped", NULL,
               "the thread that carries out calls has stopped");
  return -1;
}

const struct sr_call *sr_errand_call(const struct sr_errand *errand) {
  return errand->call;
}

int sr_errand_fd(const struct sr_errand *errand) {
  return errand->bell_read;
}

static enum sr_errand_state state_of(const struct sr_errand *errand) {
  return errand->process != bell.process && errand->state != SR_ERRAND_DONE ? SR_ERRAND_FORKED
                                                                            : errand->state;
}

enum sr_errand_state sr_errand_state(const struct sr_errand *errand) {
  enum sr_errand_state state;
  lock();
  state = state_of(errand);
  unlock();
  return state;
}

void sr_errand_cancel(struct sr_errand *errand) {
  lock();
  if (state_of(errand) == SR_ERRAND_RUNNING) {
    errand->cancel = 1;
    tell_thread(errand);
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
  sr_error_set(&copy->error, SR_CANCELLED, "forked",
               "calls do not survive a fork: repeat it in the child",
               "the process forked while the call was under way");
  return copy;
}

/* Lets go of an errand that the parent's thread may have had at work on when the process forked. */
static void leave_to_parent(struct sr_errand *errand) {
  close_bell(errand);
  lock();
  errand->inbox_next = bell.parents_errands;
  bell.parents_errands = errand;
  unlock();
}

struct sr_call *sr_errand_take(struct sr_errand *errand) {
  struct sr_call *call = errand->call;
  if (sr_errand_state(errand) == SR_ERRAND_FORKED) {
    call = copy_of_request(call);
    if (call != NULL)
      leave_to_parent(errand);
    return call;
  }
  lock();
  registry_remove(errand);
  unlock();
  close_bell(errand);
  free(errand);
  return call;
}

void sr_errand_delete(struct sr_errand *errand) {
  enum sr_errand_state state;
  if (errand == NULL)
    return;
  lock();
  state = state_of(errand);
  if (state == SR_ERRAND_RUNNING) {
    errand->abandoned = 1;
    errand->cancel = 1;
    tell_thread(errand);
  } else if (state != SR_ERRAND_FORKED) {
    registry_remove(errand);
  }
  unlock();
  if (state == SR_ERRAND_FORKED)
    leave_to_parent(errand);
  else if (state != SR_ERRAND_RUNNING)
    free_errand(errand);
}
