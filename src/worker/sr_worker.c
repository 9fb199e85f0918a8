/* The worker: an engine on a thread of its own, for hosts that have an event loop.
** SPDX-License-Identifier: MIT
**
** `lifecycle` is held while the thread is started or stopped, `round` by the thread except while it
** waits. Lock order: `lifecycle`, `turn`, `round`, the lock of the jobs, the lock of the fork
** table. */
#include "worker/sr_worker.h"

#include "base/sr_base.h"
#include "base/sr_fork.h"
#include "http/sr_engine.h"
#include "worker/sr_job.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#if SR_LINUX
#include <sched.h>
#include <unistd.h>
#endif

/* How long no connection is accepted after accept() failed for lack of descriptors or memory. */
#define ACCEPT_PAUSE (50 * SR_MILLISECOND)

/* Connections accepted in one round, so that calls are not held up. */
enum { ACCEPT_MAX = 4096 };

struct connection {
  struct sr_job *job; /* that it is subscribed to; NULL: it waits for a token */
  unsigned char token[SR_TOKEN_SIZE];
  size_t token_len; /* bytes that have arrived */
};

/* The thread's own. Others touch it only before it starts and after it has ended. */
struct thread {
  pthread_t id;
  atomic_int stop;
  struct sr_engine *engine;
  struct sr_listener listener;
  int accept_paused;
  struct connection *connections;
  struct curl_waitfd *polled; /* the listener, then the connections in their order */
  size_t count, size;         /* connections; and for how many there is room */
};

static struct {
  pthread_mutex_t lifecycle, turn, round;
  int users;
  int exiting;           /* the process ends: no thread is started any more */
  struct thread *thread; /* NULL: none is running */
  struct sr_worker_address address;
  struct thread
      *parents; /* in a child: the parent's thread may have been changing it, so it can't be
                             freed. Kept for leak checkers only */
  atomic_uint generation; /* of the running thread, or 0 */
  atomic_ulong connections, refused, starts;
} worker = {.lifecycle = PTHREAD_MUTEX_INITIALIZER,
            .turn = PTHREAD_MUTEX_INITIALIZER,
            .round = PTHREAD_MUTEX_INITIALIZER};

/* ---- connections ---- */

/* Makes room for one more connection. 0 or -1. */
static int make_room(struct thread *thread) {
  size_t size = thread->size == 0 ? 16 : 2 * thread->size;
  struct connection *connections;
  struct curl_waitfd *polled;
  if (thread->count < thread->size)
    return 0;
  connections = realloc(thread->connections, size * sizeof *connections);
  if (connections == NULL)
    return -1;
  thread->connections = connections;
  polled = realloc(thread->polled, (size + 1) * sizeof *polled);
  if (polled == NULL)
    return -1;
  thread->polled = polled;
  thread->size = size;
  return 0;
}

static void add_connection(struct thread *thread, int fd) {
  if (make_room(thread) != 0) {
    sr_fork_close(fd);
    return;
  }
  memset(&thread->connections[thread->count], 0, sizeof thread->connections[0]);
  thread->count++;
  thread->polled[thread->count] = (struct curl_waitfd){.fd = fd, .events = CURL_WAIT_POLLIN};
  atomic_fetch_add(&worker.connections, 1);
}

/* The last connection takes its number. */
static void drop_connection(struct thread *thread, size_t i) {
  size_t last = thread->count - 1;
  sr_fork_close(thread->polled[i + 1].fd);
  thread->connections[i] = thread->connections[last];
  thread->polled[i + 1] = thread->polled[last + 1];
  if (i != last && thread->connections[i].job != NULL)
    sr_job_renumber(thread->connections[i].job, i);
  thread->count--;
  atomic_fetch_sub(&worker.connections, 1);
}

/* 0 or -1. */
static int send_reply(const struct thread *thread, size_t i, enum sr_reply reply) {
  char byte = (char)reply;
  ssize_t n;
  do
    n = send(thread->polled[i + 1].fd, &byte, 1, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n == 1 ? 0 : -1;
}

static void accept_connections(struct thread *thread) {
  enum sr_accept outcome = SR_ACCEPT_DONE;
  int i, fd;
  for (i = 0; i < ACCEPT_MAX && outcome != SR_ACCEPT_NONE && outcome != SR_ACCEPT_FAILED; i++) {
    outcome = sr_listener_accept(&thread->listener, SR_REPLY_FULL, &fd);
    if (outcome == SR_ACCEPT_DONE)
      add_connection(thread, fd);
    else if (outcome == SR_ACCEPT_REFUSED)
      atomic_fetch_add(&worker.refused, 1);
  }
  thread->accept_paused = outcome == SR_ACCEPT_FAILED;
}

/* Something has arrived, or the other end is closed. */
static void read_connection(struct thread *thread, size_t i) {
  struct connection *connection = &thread->connections[i];
  enum sr_reply reply;
  ssize_t n;
  do
    n = recv(thread->polled[i + 1].fd, connection->token + connection->token_len,
             SR_TOKEN_SIZE - connection->token_len, 0);
  while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return;
  if (n <= 0 || connection->job != NULL) {
    if (connection->job != NULL)
      sr_job_unsubscribe(connection->job);
    drop_connection(thread, i);
    return;
  }
  connection->token_len += (size_t)n;
  if (connection->token_len < SR_TOKEN_SIZE)
    return;
  connection->token_len = 0;
  reply = sr_job_subscribe(connection->token, i, &connection->job);
  if (reply != SR_REPLY_NONE)
    connection->job = NULL;
  if (reply != SR_REPLY_NONE && (send_reply(thread, i, reply) != 0 || reply == SR_REPLY_UNKNOWN))
    drop_connection(thread, i);
}

/* ---- the thread ---- */

/*
** The processors that the process could use when it loaded the library. nginx loads it in its
** master and then binds each worker to one processor; the thread inherits that, but must not take
** the processor of the nginx worker whose work it does.
*/
#if SR_LINUX
static cpu_set_t processors;
static int processors_known;

static void note_processors(void) {
  processors_known = sched_getaffinity(getpid(), sizeof processors, &processors) == 0;
}

static void use_processors(void) {
  if (processors_known) /* if that is not allowed, it stays where it is */
    (void)sched_setaffinity(0, sizeof processors, &processors);
}
#else
static void note_processors(void) {
}
static void use_processors(void) {
}
#endif

static void finish_calls(struct thread *thread) {
  struct sr_call *call;
  while ((call = sr_engine_ready(thread->engine)) != NULL) {
    size_t i = sr_job_finish(call);
    if (i == SR_NO_SUBSCRIBER)
      continue;
    thread->connections[i].job = NULL;
    if (send_reply(thread, i, SR_REPLY_DONE) != 0)
      drop_connection(thread, i);
  }
}

/*
** A fork waits for the end of the round. In the child nobody would release the locks of libcurl and
** OpenSSL that the thread holds in it, and OpenSSL's exit handler takes some. `turn` lets a waiting
** fork in before the next round, however busy the thread is.
*/
static void lock_round(void) {
  pthread_mutex_lock(&worker.turn);
  pthread_mutex_lock(&worker.round);
}

static void begin_round(void) {
  lock_round();
  pthread_mutex_unlock(&worker.turn);
}

static void end_round(void) {
  pthread_mutex_unlock(&worker.round);
}

static void *thread_main(void *arg) {
  struct thread *thread = arg;
  use_processors();
  while (!atomic_load(&thread->stop)) {
    struct curl_waitfd *listener = &thread->polled[0];
    size_t i;
    listener->events = thread->accept_paused ? 0 : CURL_WAIT_POLLIN;
    listener->revents = 0;
    sr_engine_poll(thread->engine, thread->polled, (unsigned)thread->count + 1,
                   thread->accept_paused ? ACCEPT_PAUSE : SR_NEVER);
    begin_round();
    thread->accept_paused = 0;
    /*
    ** From the last one on: a dropped connection's number goes to the last, which was read already.
    */
    for (i = thread->count; i > 0; i--)
      if (thread->polled[i].revents != 0) {
        thread->polled[i].revents = 0;
        read_connection(thread, i - 1);
      }
    if (listener->revents != 0)
      accept_connections(thread); /* after the loop: it may move the arrays */
    sr_jobs_work(thread->engine); /* after the connections: see sr_job_subscribe */
    sr_engine_step(thread->engine);
    finish_calls(thread);
    end_round();
  }
  return NULL;
}

/* ---- start and stop ---- */

/* Frees what there is of it. */
static void delete_thread(struct thread *thread) {
  size_t i;
  for (i = 0; i < thread->count; i++)
    sr_fork_close(thread->polled[i + 1].fd);
  sr_listener_close(&thread->listener);
  sr_engine_delete(thread->engine);
  free(thread->connections);
  free(thread->polled);
  free(thread);
}

/* Ends the thread and its calls. With `lifecycle`. */
static void stop(void) {
  struct thread *thread = worker.thread;
  size_t i;
  if (thread == NULL)
    return;
  atomic_store(&worker.generation, 0);
  atomic_store(&thread->stop, 1);
  sr_jobs_close();
  sr_engine_interrupt(thread->engine);
  pthread_join(thread->id, NULL);
  /* The thread's part is the caller's now. Hosts see their connections close, not the reply. */
  for (i = 0; i < thread->count; i++)
    if (thread->connections[i].job != NULL)
      sr_job_unsubscribe(thread->connections[i].job);
  sr_jobs_work(thread->engine);
  sr_jobs_cancel_all();
  finish_calls(thread);
  sr_jobs_detach();
  worker.thread = NULL;
  delete_thread(thread);
  atomic_store(&worker.connections, 0);
}

static void at_exit(void) {
  pthread_mutex_lock(&worker.lifecycle);
  worker.exiting = 1;
  stop();
  pthread_mutex_unlock(&worker.lifecycle);
}

static void before_fork(void) {
  pthread_mutex_lock(&worker.lifecycle);
  lock_round();
  sr_jobs_before_fork();
}

/* The thread that forked holds the locks, in the child too. */
static void unlock_after_fork(void) {
  pthread_mutex_unlock(&worker.round);
  pthread_mutex_unlock(&worker.turn);
  pthread_mutex_unlock(&worker.lifecycle);
}

static void after_fork_in_parent(void) {
  sr_jobs_after_fork(0);
  unlock_after_fork();
}

/*
** The name of the listener's socket is the parent's to remove, and sr_fork closes the descriptors.
*/
static void after_fork_in_child(void) {
  if (worker.thread != NULL)
    worker.parents = worker.thread;
  worker.thread = NULL;
  atomic_store(&worker.generation, 0);
  atomic_store(&worker.connections, 0);
  sr_jobs_after_fork(1);
  unlock_after_fork();
}

static pthread_once_t init_once = PTHREAD_ONCE_INIT;
static int watch_error;

static void init(void) {
  note_processors();
  watch_error = sr_fork_watch(); /* first: its lock is the innermost */
  if (watch_error == 0)
    watch_error = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* After libcurl was started, so that it runs before the exit handler of the TLS library. */
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void register_at_exit(void) {
  (void)atexit(at_exit);
}

/* No signal of the program is ever handled on the thread. 0 or an error number. */
static int start_thread(struct thread *thread) {
  sigset_t all, before;
  int problem;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  problem = pthread_create(&thread->id, NULL, thread_main, thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#if SR_LINUX
  if (problem == 0)
    pthread_setname_np(thread->id, "seranking");
#endif
  return problem;
}

static void set_start_error(struct sr_error *error, const char *what, int problem) {
  char text[SR_ERRNO_TEXT];
  sr_error_set(error, SR_NETWORK,
               problem == EMFILE || problem == ENFILE ? "no_descriptors" : "no_thread", NULL,
               "the thread that carries out calls can't be started: %s: %s", what,
               sr_errno_text(problem, text));
}

/* NULL and errno when memory or descriptors ran out. */
static struct sr_engine *new_engine(void) {
  struct sr_engine_options options = {.clock = sr_clock_monotonic, .seed = sr_random_seed()};
  struct sr_engine *engine = sr_engine_new(&options);
  int problem;
  if (engine == NULL || sr_engine_open_handles(engine) == 0)
    return engine;
  problem = errno;
  sr_engine_delete(engine);
  errno = problem;
  return NULL;
}

/* A thread that is ready to run. NULL with an error. */
static struct thread *new_thread(struct sr_error *error) {
  struct thread *thread = calloc(1, sizeof *thread);
  if (thread == NULL) {
    set_start_error(error, "memory", ENOMEM);
    return NULL;
  }
  if (sr_listener_open(&thread->listener) != 0) {
    set_start_error(error, "a private socket in a temporary folder", errno);
    free(thread);
    return NULL;
  }
  if (make_room(thread) == 0)
    thread->engine = new_engine();
  if (thread->engine == NULL) {
    set_start_error(error, "libcurl's handles", errno);
    delete_thread(thread);
    return NULL;
  }
  thread->polled[0] = (struct curl_waitfd){.fd = thread->listener.fd};
  return thread;
}

/* With `lifecycle`. 0 or -1. */
static int start(struct sr_error *error) {
  struct thread *thread = new_thread(error);
  int problem;
  if (thread == NULL)
    return -1;
  pthread_once(&exit_once, register_at_exit);
  problem = start_thread(thread);
  if (problem != 0) {
    set_start_error(error, "the thread itself", problem);
    delete_thread(thread);
    return -1;
  }
  worker.thread = thread;
  memcpy(worker.address.path, thread->listener.path, sizeof worker.address.path);
  worker.address.generation = (unsigned)atomic_fetch_add(&worker.starts, 1) + 1;
  atomic_store(&worker.generation, worker.address.generation);
  sr_jobs_open(thread->engine); /* not earlier: somebody has to carry out what is submitted */
  return 0;
}

/* ---- public ---- */

int sr_worker_start(struct sr_error *error) {
  int outcome = 0;
  pthread_once(&init_once, init);
  pthread_mutex_lock(&worker.lifecycle);
  if (worker.exiting || watch_error != 0) {
    set_start_error(error, worker.exiting ? "the process ends" : "pthread_atfork",
                    worker.exiting ? ECANCELED : watch_error);
    outcome = -1;
  } else if (worker.thread == NULL) {
    outcome = start(error);
  }
  pthread_mutex_unlock(&worker.lifecycle);
  return outcome;
}

int sr_worker_address(struct sr_worker_address *address) {
  int running;
  pthread_mutex_lock(&worker.lifecycle);
  running = worker.thread != NULL;
  *address = worker.address;
  pthread_mutex_unlock(&worker.lifecycle);
  return running ? 0 : -1;
}

unsigned sr_worker_generation(void) {
  return atomic_load(&worker.generation);
}

void sr_worker_ref(void) {
  pthread_once(&init_once,
               init); /* before the first use of the locks, which a fork must not copy locked */
  pthread_mutex_lock(&worker.lifecycle);
  worker.users++;
  pthread_mutex_unlock(&worker.lifecycle);
}

void sr_worker_unref(void) {
  pthread_mutex_lock(&worker.lifecycle);
  if (--worker.users == 0)
    stop();
  pthread_mutex_unlock(&worker.lifecycle);
}

void sr_worker_status(struct sr_worker_status *status) {
  struct sr_job_counts counts = sr_jobs_count();
  pthread_mutex_lock(&worker.lifecycle);
  status->running = worker.thread != NULL;
  pthread_mutex_unlock(&worker.lifecycle);
  status->calls = counts.begun - counts.done;
  status->begun = counts.begun;
  status->done = counts.done;
  status->cancelled = counts.cancelled;
  status->connections = atomic_load(&worker.connections);
  status->refused = atomic_load(&worker.refused);
  status->starts = atomic_load(&worker.starts);
}
