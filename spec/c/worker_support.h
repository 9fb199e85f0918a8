/* Test support for the worker: an API server, jobs, connections to the thread, forks.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_WORKER_SUPPORT_H
#define SPEC_WORKER_SUPPORT_H

#include "support.h"

#include "worker/sr_job.h"
#include "worker/sr_worker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define KEY "be2165b7d065e278e7305c1c7ef791f283f5d14b"

/* Test timeout in milliseconds, reached only by a hang. */
enum { PATIENCE = 10000 };

static inline double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Waits until a condition holds. */
#define EVENTUALLY(condition)                                                                      \
  do {                                                                                             \
    double until = now() + PATIENCE / 1000.0;                                                      \
    while (!(condition) && now() < until)                                                          \
      usleep(500);                                                                                 \
    CHECK(condition, "never: %s", #condition);                                                     \
  } while (0)

static inline void wait_readable(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  CHECK(poll(&poll_fd, 1, PATIENCE) == 1, "nothing came");
}

/*
** ---- a server: answers with the target as the body; /wait/MS after MS milliseconds, /together once
** there are 50 ----
*/

static int port;
static atomic_int requests, together, serving; /* serving: connections that the server holds open */

/* Waits. Returns -1 early if the client disconnects. */
static inline int server_wait(int fd, int ms) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  return ms == 0 || poll(&poll_fd, 1, ms) == 0 ? 0 : -1;
}

/* Counts a connection out once its descriptor is free. Returns NULL. */
static inline void *end_serving(int fd) {
  close(fd);
  atomic_fetch_sub(&serving, 1);
  return NULL;
}

static inline void *serve(void *arg) {
  int fd = (int)(intptr_t)arg;
  char in[4096], out[512], target[128];
  for (;;) {
    size_t used = 0;
    int ms = 0, len;
    for (;;) {
      ssize_t n = recv(fd, in + used, sizeof in - 1 - used, 0);
      if (n <= 0)
        return end_serving(fd);
      used += (size_t)n;
      in[used] = '\0';
      if (strstr(in, "\r\n\r\n") != NULL)
        break;
    }
    atomic_fetch_add(&requests, 1);
    if (sscanf(in, "GET %127s", target) != 1)
      target[0] = '\0';
    sscanf(target, "/wait/%d", &ms);
    if (strcmp(target, "/together") == 0) {
      atomic_fetch_add(&together, 1);
      while (atomic_load(&together) < 50)
        usleep(1000);
    }
    if (server_wait(fd, ms) != 0)
      return end_serving(fd);
    len = snprintf(out, sizeof out,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(target), target);
    (void)send(fd, out, (size_t)len, MSG_NOSIGNAL);
  }
}

static inline void *accept_all(void *arg) {
  int listener = (int)(intptr_t)arg;
  for (;;) {
    int one = 1, fd = accept(listener, NULL, NULL);
    pthread_t thread;
    if (fd < 0) {
      usleep(1000); /* a test that exhausts the descriptors affects the server as well */
      continue;
    }
    atomic_fetch_add(&serving, 1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
      end_serving(fd);
    else
      pthread_detach(thread);
  }
  return NULL;
}

static inline void start_server(void) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  pthread_t thread;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(listener, 1024), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  port = ntohs(address.sin_port);
  assert_int_equal(pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener), 0);
  pthread_detach(thread);
}

/* ---- clients and jobs ---- */

static struct sr_config *config; /* of the calls that `new_call` makes */

/* `driver`: of the limiter; NULL: none. */
static inline struct sr_config *new_config_with(const char *token,
                                                const struct sr_limiter_driver *driver) {
  struct sr_settings settings;
  struct sr_error error;
  struct sr_config *made;
  char url[64];
  memset(&settings, 0, sizeof settings);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
  settings.base_url = url;
  settings.token = token;
  settings.token_len = token != NULL ? strlen(token) : 0;
  settings.rate.slots = 1;
  settings.rate.window = SR_SECOND;
  settings.limited = driver != NULL;
  settings.driver = driver;
  settings.driver_settings = "";
  made = sr_config_new(&settings, &error);
  assert_non_null(made);
  return made;
}

static inline struct sr_config *new_config(const char *token) {
  return new_config_with(token, NULL);
}

static inline struct sr_call *new_call(const char *target) {
  struct sr_call *call = sr_call_new(config);
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, target), 0);
  call->timeout = 20 * SR_SECOND;
  call->retries = 0;
  return call;
}

static inline void start(void) {
  struct sr_error error;
  if (sr_worker_start(&error) != 0)
    fail_msg("%s", error.message);
}

/* Submits a call. The job gets a token, or a descriptor if `token` is NULL. */
static inline struct sr_job *submit_with_token(const char *target,
                                               unsigned char token[SR_TOKEN_SIZE]) {
  struct sr_error error;
  struct sr_job *job;
  start();
  job = sr_job_submit(new_call(target), token, &error);
  if (job == NULL)
    fail_msg("%s", error.message);
  return job;
}

static inline struct sr_job *submit(const char *target) {
  return submit_with_token(target, NULL);
}

/* For children, which exit while they own jobs: frees them. */
static inline struct sr_job *keep(struct sr_job *job) {
  static struct sr_job *volatile kept[32];
  static size_t count;
  kept[count++ % COUNT(kept)] = job;
  return job;
}

/* Takes the call of a finished job. Fails unless it ended as given. */
static inline void expect_end(struct sr_job *job, enum sr_kind kind, const char *body) {
  struct sr_call *call;
  CHECK(sr_job_state(job) != SR_JOB_RUNNING, "the call is still running");
  call = sr_job_take(job);
  assert_non_null(call);
  assert_int_equal(call->state, SR_STATE_DONE);
  CHECK(call->error.kind == kind, "kind %s: %s", sr_kind_name(call->error.kind),
        call->error.message);
  if (body != NULL)
    assert_string_equal(sr_buf_text(&call->answer), body);
  sr_call_delete(call);
}

/* As above, once its descriptor is readable. */
static inline void await_end(struct sr_job *job, enum sr_kind kind, const char *body) {
  wait_readable(sr_job_fd(job));
  expect_end(job, kind, body);
}

static inline struct sr_worker_status status(void) {
  struct sr_worker_status counts;
  sr_worker_status(&counts);
  return counts;
}

/* ---- connections ---- */

static inline int try_connect(const char *path) {
  struct sockaddr_un address;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static inline int connect_worker(void) {
  struct sr_worker_address address;
  int fd;
  start();
  assert_int_equal(sr_worker_address(&address), 0);
  fd = try_connect(address.path);
  CHECK(fd >= 0, "connect to %s: %s", address.path, strerror(errno));
  return fd;
}

static inline void send_token(int fd, const unsigned char token[SR_TOKEN_SIZE]) {
  assert_int_equal(send(fd, token, SR_TOKEN_SIZE, MSG_NOSIGNAL), SR_TOKEN_SIZE);
}

/* Submits a call, and subscribes a connection to it. */
static inline struct sr_job *subscribe(int fd, const char *target) {
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_job *job = submit_with_token(target, token);
  send_token(fd, token);
  return job;
}

/* The next byte, or 0 at the end of the connection. */
static inline char receive_byte(int fd) {
  char byte = 0;
  wait_readable(fd);
  return recv(fd, &byte, 1, 0) == 1 ? byte : 0;
}

/* ---- children ---- */

/*
** Exits a child with exit handlers but without the sanitizer's leak check: the memory of the parent's
** thread leaks on purpose.
*/
static int child_status = -1;

static inline void end_child(int how) {
  child_status = how;
  exit(how);
}

static inline void end_before_leak_search(void) {
  if (child_status >= 0)
    _exit(child_status);
}

static inline void expect_child(pid_t child, int expected) {
  assert_int_equal(exit_status(child), expected);
}

/*
** If a process forks while another thread allocates, AddressSanitizer's allocator stays locked in the
** child. libc's does not.
*/
#ifdef __SANITIZE_ADDRESS__
enum { FORKS_WHILE_BUSY = 0 };
#else
enum { FORKS_WHILE_BUSY = 1 };
#endif

#ifdef __SANITIZE_THREAD__
#define SKIP_WITHOUT_FORKS() skip() /* TSan: no threads after a fork */
#else
#define SKIP_WITHOUT_FORKS() (void)0
#endif

/* ---- the folder of the tests ---- */

static char temporary[64]; /* TMPDIR */

static inline int files_left(void) {
  DIR *directory = opendir(temporary);
  struct dirent *entry;
  int count = 0;
  assert_non_null(directory);
  while ((entry = readdir(directory)) != NULL)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

/* Each group of tests makes one, below the TMPDIR that the program was given. */
static inline void make_temporary(void) {
  static char given[64];
  const char *tmp = getenv("TMPDIR");
  if (given[0] == '\0')
    snprintf(given, sizeof given, "%s", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
  setenv("TMPDIR", given, 1);
  assert_int_equal(new_folder(temporary, sizeof temporary, "test-worker"), 0);
  setenv("TMPDIR", temporary, 1);
}

static inline int set_up_worker(void **state) {
  (void)state;
  make_temporary();
  (void)atexit(end_before_leak_search); /* registered first, called last */
  start_server();
  config = new_config(KEY);
  sr_worker_ref();
  return 0;
}

static inline int tear_down_worker(void **state) {
  (void)state;
  sr_worker_unref();
  sr_config_unref(config);
  assert_int_equal(status().running, 0);
  return rmdir(temporary);
}

#endif
