/* Fuzz target: the worker thread, its private socket and whatever owners and connections send and do.
** Every job ends when it should and not before, every connection gets the replies of its tokens and no
** others, a fork's child gets rid of all, and nothing is left in flight.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "worker/sr_job.h"
#include "worker/sr_worker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { JOBS = 4, CONNECTIONS = 3 };

/* Milliseconds; reached only by a hang. */
enum { PATIENCE = 10000 };

/* What a connection may get as the reply of the token it has sent. */
enum { NO_TOKEN = 0, DONE = 1, UNKNOWN = 2, CLOSED = 4 };

struct subject {
  struct sr_job *job; /* NULL: none */
  unsigned char token[SR_TOKEN_SIZE];
  int has_token;
  int sent;      /* how often its token was sent: of several connections one is its own */
  int slow;      /* no server answers it */
  int cancelled; /* by its owner */
  int dropped;   /* a connection that had sent its token was closed, or sent more */
};

struct connection {
  int fd; /* -1: none */
  unsigned char token[SR_TOKEN_SIZE];
  size_t sent;             /* bytes of the token */
  int replies;             /* NO_TOKEN, or what may come */
  struct subject *subject; /* of its token, or NULL */
};

struct scene {
  struct subject subjects[JOBS];
  struct connection connections[CONNECTIONS];
  const char *problem; /* the first */
};

static void expect(struct scene *scene, int condition, const char *problem) {
  if (!condition && scene->problem == NULL)
    scene->problem = problem;
}

static void need(int condition, const char *what) {
  if (condition)
    return;
  perror(what);
  abort();
}

/* ---- the servers: one that refuses connections, and one that answers none ---- */

static struct sr_config *quick, *slow; /* clients of either */
static int silent = -1;

static struct sr_config *config_at(int fd) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  struct sr_settings settings;
  struct sr_error error;
  struct sr_config *config;
  char url[64];
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  need(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
           getsockname(fd, (struct sockaddr *)&address, &len) == 0,
       "bind");
  memset(&settings, 0, sizeof settings);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  settings.base_url = url;
  settings.token_off = 1;
  config = sr_config_new(&settings, &error);
  need(config != NULL, "config");
  return config;
}

static void prepare(void) {
  silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  slow = config_at(silent);
  need(listen(silent, 1024) == 0, "listen");
  quick = config_at(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sr_worker_ref();
}

/* Closes what has been connected to the server that answers nothing. */
static void hang_up(void) {
  int fd;
  while ((fd = accept(silent, NULL, NULL)) >= 0)
    close(fd);
}

/* ---- owners ---- */

static void start(void) {
  struct sr_error error;
  need(sr_worker_start(&error) == 0, "the thread can't be started");
}

/* Of several connections that have sent its token, any may be the one that counts. */
static int must_end(const struct subject *subject) {
  return !subject->slow || subject->cancelled || (subject->dropped && subject->sent == 1);
}

static int may_be_cancelled(const struct subject *subject) {
  return subject->cancelled || subject->dropped;
}

static void submit(struct subject *subject, unsigned how) {
  struct sr_error error;
  struct sr_call *call;
  if (subject->job != NULL)
    return;
  start();
  memset(subject, 0, sizeof *subject);
  subject->slow = how % 2 == 0;
  subject->has_token = how / 2 % 4 != 0;
  call = sr_call_new(subject->slow ? slow : quick);
  need(call != NULL && sr_buf_puts(&call->target, "/sites") == 0, "call");
  call->retries = 0;
  subject->job = sr_job_submit(call, subject->has_token ? subject->token : NULL, &error);
  need(subject->job != NULL, "submit");
}

static void cancel(struct subject *subject) {
  if (subject->job == NULL)
    return;
  sr_job_cancel(subject->job);
  subject->cancelled = 1;
}

/* Its connection, if it has one, may be told that it is done or that there is none. */
static void forget(struct scene *scene, struct subject *subject) {
  int i;
  for (i = 0; i < CONNECTIONS; i++)
    if (scene->connections[i].subject == subject) {
      scene->connections[i].replies |= DONE | UNKNOWN;
      scene->connections[i].subject = NULL;
    }
  subject->job = NULL;
}

static void leave(struct scene *scene, struct subject *subject) {
  sr_job_delete(subject->job);
  forget(scene, subject);
}

/* Takes the call, if it has ended; waits for that, if it is to end and has a descriptor. */
static void take(struct scene *scene, struct subject *subject) {
  struct pollfd poll_fd = {-1, POLLIN, 0};
  struct sr_call *call;
  enum sr_kind kind;
  if (subject->job == NULL)
    return;
  if (!subject->has_token && must_end(subject)) {
    poll_fd.fd = sr_job_fd(subject->job);
    expect(scene, poll(&poll_fd, 1, PATIENCE) == 1, "a job does not end");
    expect(scene, sr_job_state(subject->job) == SR_JOB_DONE, "a job is reported before its end");
  }
  if (sr_job_state(subject->job) != SR_JOB_DONE)
    return;
  call = sr_job_take(subject->job);
  kind = call != NULL ? call->error.kind : SR_NO_ERROR;
  expect(scene,
         kind == (subject->slow ? SR_CANCELLED : SR_NETWORK) ||
             (may_be_cancelled(subject) && kind == SR_CANCELLED),
         "a call ends for another reason");
  sr_call_delete(call);
  forget(scene, subject);
}

/* ---- connections ---- */

static void drop_subject(struct connection *connection) {
  if (connection->subject != NULL)
    connection->subject->dropped = 1;
}

static void hang_up_on(struct connection *connection) {
  if (connection->fd >= 0)
    close(connection->fd);
  drop_subject(connection);
  memset(connection, 0, sizeof *connection);
  connection->fd = -1;
}

static void connect_to_thread(struct scene *scene, struct connection *connection) {
  struct sr_worker_address at;
  struct sockaddr_un address;
  start();
  expect(scene, sr_worker_address(&at) == 0, "a thread that was started has no address");
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, at.path, sizeof address.sun_path);
  memset(connection, 0, sizeof *connection);
  connection->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  need(connection->fd >= 0, "socket");
  expect(scene, connect(connection->fd, (struct sockaddr *)&address, sizeof address) == 0,
         "nobody listens at the thread's address");
}

/* The token is complete: what may come now. */
static void token_sent(struct scene *scene, struct connection *connection) {
  int i;
  connection->sent = 0;
  connection->replies = UNKNOWN;
  for (i = 0; i < JOBS; i++) {
    struct subject *subject = &scene->subjects[i];
    if (subject->job == NULL || !subject->has_token ||
        memcmp(subject->token, connection->token, SR_TOKEN_SIZE) != 0)
      continue;
    connection->replies = subject->sent > 0 ? DONE | UNKNOWN : DONE;
    for (i = 0; i < CONNECTIONS && subject->sent > 0; i++)
      if (scene->connections[i].subject == subject)
        scene->connections[i].replies |= UNKNOWN; /* the thread may have read the later one first */
    subject->sent++;
    connection->subject = subject;
    return;
  }
}

static void send_bytes(struct scene *scene, struct connection *connection, size_t count) {
  size_t left = SR_TOKEN_SIZE - connection->sent;
  if (count > left)
    count = left;
  (void)!send(connection->fd, connection->token + connection->sent, count, MSG_NOSIGNAL);
  connection->sent += count;
  if (connection->sent == SR_TOKEN_SIZE)
    token_sent(scene, connection);
}

/* More than a token: the thread hangs up, and cancels the job, unless it has ended before. */
static void send_more(struct connection *connection) {
  (void)!send(connection->fd, "more", 4, MSG_NOSIGNAL);
  connection->replies |= CLOSED;
  drop_subject(connection);
}

/* Waits for the reply, if one must come. */
static void hear(struct scene *scene, struct connection *connection) {
  const struct subject *subject = connection->subject;
  struct pollfd poll_fd = {connection->fd, POLLIN, 0};
  int reply, replies = connection->replies;
  char byte;
  ssize_t n;
  if (replies == NO_TOKEN || (subject != NULL && !must_end(subject)))
    return;
  expect(scene, poll(&poll_fd, 1, PATIENCE) == 1, "no reply comes");
  if (scene->problem != NULL)
    return;
  n = recv(connection->fd, &byte, 1, 0);
  reply = n != 1 ? CLOSED : byte == SR_REPLY_DONE ? DONE : byte == SR_REPLY_UNKNOWN ? UNKNOWN : 0;
  expect(scene, (replies & reply) != 0, "a connection gets the wrong reply");
  if (reply == DONE && subject != NULL && !(replies & UNKNOWN))
    expect(scene, sr_job_state(subject->job) == SR_JOB_DONE, "a job is reported before its end");
  connection->replies = NO_TOKEN;
  connection->subject = NULL;
  if (reply == UNKNOWN && !(replies & CLOSED)) {
    expect(scene, poll(&poll_fd, 1, PATIENCE) == 1, "a connection without a job stays open");
    expect(scene, recv(connection->fd, &byte, 1, 0) <= 0, "a connection gets two replies");
  }
  if (reply != DONE || (replies & CLOSED))
    hang_up_on(connection);
}

static void use(struct scene *scene, struct connection *connection, unsigned what,
                struct fuzz_bytes *bytes) {
  if (connection->fd < 0)
    connect_to_thread(scene, connection);
  else if (connection->replies != NO_TOKEN && what % 8 < 6)
    hear(scene, connection);
  else if (what % 8 == 7)
    hang_up_on(connection);
  else if (connection->replies != NO_TOKEN)
    send_more(connection);
  else if (connection->sent > 0)
    send_bytes(scene, connection, 1 + what / 8);
  else {
    memcpy(connection->token, scene->subjects[what / 8 % JOBS].token, SR_TOKEN_SIZE);
    if (what % 8 == 6)
      connection->token[SR_TOKEN_SIZE - 1 - fuzz_byte(bytes) % 4] ^= 1; /* none, now or soon */
    send_bytes(scene, connection, what % 8 < 3 ? 1 + what / 32 : SR_TOKEN_SIZE);
  }
}

/* ---- the process ---- */

static void restart(struct scene *scene) {
  int i;
  sr_worker_unref();
  for (i = 0; i < JOBS; i++) {
    struct subject *subject = &scene->subjects[i];
    expect(scene, subject->job == NULL || sr_job_state(subject->job) == SR_JOB_DONE,
           "a job outlives the thread");
    subject->cancelled = 1;
  }
  for (i = 0; i < CONNECTIONS; i++)
    hang_up_on(&scene->connections[i]);
  sr_worker_ref();
}

/* Whether a child can get rid of the parent's jobs, and make a call of its own. */
static int is_child_fine(struct scene *scene, unsigned how) {
  struct sr_worker_status status;
  struct subject own = {NULL};
  int i;
  sr_worker_status(&status);
  expect(scene, !status.running && status.calls == 0 && status.connections == 0,
         "a child has its parent's thread");
  for (i = 0; i < JOBS; i++) {
    struct sr_job *job = scene->subjects[i].job;
    if (job == NULL)
      continue;
    expect(scene, sr_job_state(job) != SR_JOB_RUNNING, "a job runs in a child");
    sr_job_cancel(job);
    if (how >> i & 1)
      sr_job_delete(job);
    else
      sr_call_delete(sr_job_take(job));
  }
  submit(&own, 1);
  take(scene, &own);
  expect(scene, own.job == NULL, "a child's own call does not end");
  sr_worker_unref();
  return scene->problem == NULL;
}

/* Seconds after which the system ends a child that hangs. What it waits for itself takes PATIENCE at most. */
enum { CHILD_LIFE = 60 };

/*
** The allocator of gcc 12's AddressSanitizer has locks that a fork does not take: a few times in a million
** cases a child hangs in one, in calloc on its own thread. glibc's malloc takes its locks at a fork.
*/
#ifdef __SANITIZE_ADDRESS__
enum { MAY_HANG = 1 };
#else
enum { MAY_HANG = 0 };
#endif

static void fork_here(struct scene *scene, unsigned how) {
  pid_t child = fork();
  int status = 0;
  if (child == 0) {
    alarm(CHILD_LIFE);
    _exit(is_child_fine(scene, how) ? 0 : 1);
  }
  need(child > 0 && waitpid(child, &status, 0) == child, "fork");
  if (MAY_HANG && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    fprintf(stderr,
            "worker: a child hung, maybe in the sanitizer's allocator: it was not judged\n");
  else
    expect(scene, status == 0, "a child goes wrong");
}

static void act(struct scene *scene, unsigned what, struct fuzz_bytes *bytes) {
  struct subject *subject = &scene->subjects[what / 16 % JOBS];
  int i;
  switch (what % 16) {
  case 0:
  case 1:
  case 2:
    submit(subject, fuzz_byte(bytes));
    break;
  case 3:
    cancel(subject);
    break;
  case 4:
    leave(scene, subject);
    break;
  case 5:
  case 6:
    take(scene, subject);
    break;
  case 7:
    if (what / 16 != 0)
      break;
    sr_job_cancel_client(slow);
    for (i = 0; i < JOBS; i++)
      scene->subjects[i].cancelled |= scene->subjects[i].slow;
    break;
  case 8:
    if (what / 16 == 0 && fuzz_byte(bytes) < 32)
      restart(scene);
    else if (what / 16 == 1 && fuzz_byte(bytes) < 8)
      fork_here(scene, fuzz_byte(bytes));
    break;
  default:
    use(scene, &scene->connections[what / 16 % CONNECTIONS], fuzz_byte(bytes), bytes);
  }
}

/* ---- the end ---- */

/* Whether all that was begun ends, and the thread has closed all connections. */
static int is_quiet(void) {
  static const struct timespec pause = {0, 20000};
  struct sr_worker_status status;
  int tries;
  for (tries = 0; tries < PATIENCE * 20; tries++) {
    sr_worker_status(&status);
    if (status.calls == 0 && status.connections == 0)
      return 1;
    nanosleep(&pause, NULL);
  }
  return 0;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  struct scene scene;
  int i;
  if (silent < 0)
    prepare();
  memset(&scene, 0, sizeof scene);
  for (i = 0; i < CONNECTIONS; i++)
    scene.connections[i].fd = -1;
  while (bytes.len > 0 && scene.problem == NULL)
    act(&scene, fuzz_byte(&bytes), &bytes);
  for (i = 0; i < JOBS; i++) {
    const struct subject *subject = &scene.subjects[i];
    expect(&scene,
           subject->job == NULL || !subject->slow || may_be_cancelled(subject) ||
               sr_job_state(subject->job) == SR_JOB_RUNNING,
           "a job ends before its time");
    if (scene.problem == NULL)
      take(&scene, &scene.subjects[i]);
  }
  for (i = 0; i < JOBS; i++)
    leave(&scene, &scene.subjects[i]);
  for (i = 0; i < CONNECTIONS; i++)
    hang_up_on(&scene.connections[i]);
  expect(&scene, is_quiet(), "calls or connections are left");
  hang_up();
  return scene.problem;
}
