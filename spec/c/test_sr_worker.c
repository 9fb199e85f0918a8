/* The engine on a thread of its own: what its socket and its descriptors say, and what is left.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "worker/sr_worker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY "be2165b7d065e278e7305c1c7ef791f283f5d14b"

/* Milliseconds that anything here may take before the test fails. */
enum { PATIENCE = 10000 };

static double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
** ---- a server: answers with the target as its body; /wait/MS after so many milliseconds, /together
** once there are 50 ----
*/

static int port;
static atomic_int requests, together;

/* Waits, but ends when the client is gone. 0 or -1. */
static int wait_for(int fd, int ms) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  return ms == 0 || poll(&poll_fd, 1, ms) == 0 ? 0 : -1;
}

static void *serve(void *arg) {
  int fd = (int)(intptr_t)arg;
  char in[4096], out[512], target[128];
  for (;;) {
    size_t used = 0;
    int ms = 0, len;
    for (;;) {
      ssize_t n = recv(fd, in + used, sizeof in - 1 - used, 0);
      if (n <= 0) {
        close(fd);
        return NULL;
      }
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
    if (wait_for(fd, ms) != 0) {
      close(fd);
      return NULL;
    }
    len = snprintf(out, sizeof out,
                   "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(target), target);
    (void)send(fd, out, (size_t)len, MSG_NOSIGNAL);
  }
}

static void *accept_all(void *arg) {
  int listener = (int)(intptr_t)arg;
  for (;;) {
    int one = 1, fd = accept(listener, NULL, NULL);
    pthread_t thread;
    if (fd < 0) {
      usleep(1000); /* the test that runs out of descriptors takes them from the server too */
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
      close(fd);
    else
      pthread_detach(thread);
  }
  return NULL;
}

static void start_server(void) {
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

/* ---- threads that the system does not give ---- */

static atomic_int no_more_threads;

#ifndef __SANITIZE_THREAD__ /* which has to see threads begin */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (atomic_load(&no_more_threads))
    return EAGAIN;
  if (real == NULL) {
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &symbol, sizeof real);
  }
  return real(thread, attributes, run, arg);
}
#endif

/* ---- calls ---- */

static char temporary[64]; /* TMPDIR of these tests */
static struct sr_config *config;

static struct sr_config *new_config(const char *token) {
  struct sr_settings settings;
  struct sr_error error;
  struct sr_config *made;
  char url[64];
  memset(&settings, 0, sizeof settings);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
  settings.base_url = url;
  settings.token = token;
  settings.token_len = token != NULL ? strlen(token) : 0;
  settings.rate.window = SR_SECOND;
  made = sr_config_new(&settings, &error);
  assert_non_null(made);
  return made;
}

static struct sr_job *job_for(const char *target) {
  struct sr_call *call = sr_call_new(config);
  struct sr_job *job;
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, target), 0);
  call->timeout = 20 * SR_SECOND;
  call->retries = 0;
  job = sr_job_new(call);
  assert_non_null(job);
  return job;
}

/* For children, which end with jobs in their hands: not lost. */
static struct sr_job *keep(struct sr_job *job) {
  static struct sr_job *volatile kept[32];
  static size_t count;
  kept[count++ % COUNT(kept)] = job;
  return job;
}

static void start(void) {
  struct sr_error error;
  if (sr_worker_start(&error) != 0)
    fail_msg("%s", error.message);
}

static int submit(struct sr_job *job) {
  struct sr_error error;
  int fd;
  start();
  fd = sr_job_submit(job, &error);
  if (fd < 0)
    fail_msg("%s", error.message);
  return fd;
}

static void wait_readable(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  CHECK(poll(&poll_fd, 1, PATIENCE) == 1, "nothing came");
}

/* Takes the call of a job that is done; fails unless it ended so. Deletes it. */
static void expect_end(struct sr_job *job, enum sr_kind kind, const char *body) {
  struct sr_call *call;
  CHECK(sr_job_state(job) != SR_JOB_RUNNING, "the call is still under way");
  call = sr_job_take(job);
  assert_non_null(call);
  assert_int_equal(call->state, SR_STATE_DONE);
  CHECK(call->error.kind == kind, "kind %s: %s", sr_kind_name(call->error.kind),
        call->error.message);
  if (body != NULL)
    assert_string_equal(sr_buf_text(&call->answer), body);
  sr_call_delete(call);
}

static struct sr_worker_status status(void) {
  struct sr_worker_status counts;
  sr_worker_status(&counts);
  return counts;
}

/* Waits until a count has come to a value. */
#define EVENTUALLY(condition)                                                                      \
  do {                                                                                             \
    double until = now() + PATIENCE / 1000.0;                                                      \
    while (!(condition) && now() < until)                                                          \
      usleep(500);                                                                                 \
    CHECK(condition, "never: %s", #condition);                                                     \
  } while (0)

/* ---- connections ---- */

static int try_connect(const char *path) {
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

static int connect_worker(void) {
  struct sr_worker_address address;
  int fd;
  start();
  assert_int_equal(sr_worker_address(&address), 0);
  fd = try_connect(address.path);
  CHECK(fd >= 0, "connect to %s: %s", address.path, strerror(errno));
  return fd;
}

static void send_token(int fd, const struct sr_job *job) {
  unsigned char token[SR_TOKEN_SIZE];
  sr_job_token(job, token);
  assert_int_equal(send(fd, token, sizeof token, MSG_NOSIGNAL), sizeof token);
}

/* The next byte, or 0 at the end of the connection. */
static char receive_byte(int fd) {
  char byte = 0;
  wait_readable(fd);
  return recv(fd, &byte, 1, 0) == 1 ? byte : 0;
}

/* ---- tests: the descriptor's way ---- */

static void a_submitted_call_is_carried_out_and_its_descriptor_says_when_it_is_done(void **state) {
  struct sr_job *job = job_for("/wait/50");
  int fd;
  struct sr_job *other = job_for("/wait/60000");
  double began = now();
  (void)state;
  assert_int_equal(sr_job_state(job), SR_JOB_PREPARED);
  fd = submit(job);
  wait_readable(fd);
  CHECK(now() - began >= 0.05, "too early");
  expect_end(job, SR_NO_ERROR, "/wait/50");
  submit(other);
  assert_int_equal(sr_job_state(other), SR_JOB_RUNNING);
  sr_job_delete(other);
  EVENTUALLY(status().calls == 0);
}

static void calls_run_at_once(void **state) {
  struct sr_job *jobs[50];
  int fds[50];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(jobs); i++)
    fds[i] = submit(jobs[i] = job_for("/together"));
  for (i = 0; i < COUNT(jobs); i++) {
    wait_readable(fds[i]);
    expect_end(jobs[i], SR_NO_ERROR, "/together");
  }
}

static void a_call_that_is_done_at_once_rings_too(void **state) {
  struct sr_config *keyed = config;
  struct sr_job *job;
  (void)state;
  config = new_config(NULL);
  job = job_for("/never");
  sr_config_unref(config);
  config = keyed;
  wait_readable(submit(job));
  expect_end(job, SR_AUTH, NULL);
}

static void a_cancelled_call_is_over_soon(void **state) {
  struct sr_job *job = job_for("/wait/60000");
  unsigned long cancelled = status().cancelled;
  int seen = atomic_load(&requests), fd = submit(job);
  (void)state;
  assert_int_equal(status().calls, 1); /* whether the thread has seen it or not */
  EVENTUALLY(atomic_load(&requests) > seen);
  sr_job_cancel(job);
  wait_readable(fd);
  expect_end(job, SR_CANCELLED, NULL);
  assert_int_equal(status().cancelled, cancelled + 1);
}

static void a_job_cancelled_right_after_its_submission_is_over_soon(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 200; i++) {
    struct sr_job *job = job_for("/wait/60000");
    int fd = submit(job);
    sr_job_cancel(job);
    sr_job_cancel(job);
    wait_readable(fd);
    expect_end(job, SR_CANCELLED, NULL);
  }
}

static void a_job_deleted_under_way_is_cancelled_and_freed(void **state) {
  unsigned long cancelled = status().cancelled;
  int i;
  (void)state;
  for (i = 0; i < 50; i++) {
    struct sr_job *job = job_for("/wait/60000");
    submit(job);
    if (i % 2 == 0)
      sr_job_cancel(job);
    sr_job_delete(job);
  }
  EVENTUALLY(status().cancelled == cancelled + 50);
  assert_int_equal(status().calls, 0);
}

static void jobs_never_submitted_and_done_ones_are_deleted_too(void **state) {
  struct sr_job *prepared = job_for("/"), *done = job_for("/");
  int fd = submit(done);
  (void)state;
  wait_readable(fd);
  sr_job_cancel(done);
  sr_job_delete(done);
  sr_job_delete(prepared);
  sr_job_delete(NULL);
}

static void all_calls_of_a_client_are_cancelled_and_no_others(void **state) {
  struct sr_job *one, *other, *download;
  struct sr_config *mine = config, *second = new_config(KEY), *elsewhere;
  struct sr_error error;
  int fd_one, fd_other, fd_download;
  (void)state;
  elsewhere = sr_config_elsewhere(second, sr_buf_text(&second->base_url), "/", &error);
  assert_non_null(elsewhere);
  fd_other = submit(other = job_for("/wait/100"));
  config = second;
  fd_one = submit(one = job_for("/wait/60000"));
  config = elsewhere;
  fd_download = submit(download = job_for("/wait/60000"));
  config = mine;
  sr_worker_cancel_client(second);
  wait_readable(fd_one);
  expect_end(one, SR_CANCELLED, NULL);
  wait_readable(fd_download);
  expect_end(download, SR_CANCELLED, NULL);
  wait_readable(fd_other);
  expect_end(other, SR_NO_ERROR, "/wait/100");
  sr_config_unref(elsewhere);
  sr_config_unref(second);
}

static void a_call_prepared_before_its_client_was_closed_ends_as_cancelled(void **state) {
  struct sr_config *mine = config, *second = new_config(KEY);
  struct sr_job *by_token, *by_descriptor;
  int fd = connect_worker();
  (void)state;
  config = second;
  by_token = job_for("/wait/60000");
  by_descriptor = job_for("/wait/60000");
  config = mine;
  sr_worker_cancel_client(second);
  send_token(fd, by_token);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(by_token, SR_CANCELLED, NULL);
  close(fd);
  wait_readable(submit(by_descriptor));
  expect_end(by_descriptor, SR_CANCELLED, NULL);
  sr_config_unref(second);
}

/* ---- tests: the connection's way ---- */

static void a_token_submits_a_call_and_the_connection_serves_the_next(void **state) {
  int fd = connect_worker(), i;
  (void)state;
  for (i = 0; i < 5; i++) {
    struct sr_job *job = job_for("/wait/5");
    send_token(fd, job);
    assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
    expect_end(job, SR_NO_ERROR, "/wait/5");
  }
  close(fd);
  EVENTUALLY(status().connections == 0);
}

static void a_token_may_come_in_pieces(void **state) {
  struct sr_job *job = job_for("/x");
  unsigned char token[SR_TOKEN_SIZE];
  int fd = connect_worker();
  size_t i;
  (void)state;
  sr_job_token(job, token);
  for (i = 0; i < sizeof token; i++) {
    assert_int_equal(send(fd, token + i, 1, 0), 1);
    usleep(2000);
  }
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/x");
  close(fd);
}

static void an_unknown_or_used_token_is_refused_and_the_connection_closed(void **state) {
  struct sr_job *job = job_for("/x"), *gone = job_for("/gone");
  unsigned char token[SR_TOKEN_SIZE];
  int fd;
  (void)state;
  fd = connect_worker();
  assert_int_equal(send(fd, "\1\2\3\4\5\6\7\10", 8, 0), 8);
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  assert_int_equal(receive_byte(fd), 0);
  close(fd);

  sr_job_token(gone, token);
  sr_job_delete(gone);
  fd = connect_worker();
  assert_int_equal(send(fd, token, sizeof token, 0), sizeof token);
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  close(fd);

  fd = connect_worker();
  send_token(fd, job);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  send_token(fd, job);
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  close(fd);
  expect_end(job, SR_NO_ERROR, "/x");
}

static void closing_the_connection_cancels_the_call(void **state) {
  struct sr_job *jobs[40];
  int fds[40];
  unsigned long cancelled = status().cancelled;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(fds); i++)
    send_token(fds[i] = connect_worker(), jobs[i] = job_for("/wait/60000"));
  EVENTUALLY(status().calls == 40);
  for (i = 0; i < COUNT(fds); i++)
    close(fds[i]);
  EVENTUALLY(status().cancelled == cancelled + 40);
  EVENTUALLY(status().connections == 0);
  assert_int_equal(status().calls, 0);
  for (i = 0; i < COUNT(fds); i++)
    expect_end(jobs[i], SR_CANCELLED, NULL);
}

static void a_byte_while_the_call_is_under_way_cancels_it_and_closes_the_connection(void **state) {
  struct sr_job *job = job_for("/wait/60000");
  int fd = connect_worker();
  (void)state;
  send_token(fd, job);
  EVENTUALLY(status().calls == 1);
  assert_int_equal(send(fd, "x", 1, 0), 1);
  assert_int_equal(receive_byte(fd), 0);
  EVENTUALLY(sr_job_state(job) == SR_JOB_DONE);
  expect_end(job, SR_CANCELLED, NULL);
  close(fd);
}

static void a_job_deleted_while_a_connection_waits_for_it_ends_for_both(void **state) {
  struct sr_job *job = job_for("/wait/60000");
  int fd = connect_worker();
  (void)state;
  send_token(fd, job);
  EVENTUALLY(status().calls == 1);
  sr_job_delete(job);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  job = job_for("/next");
  send_token(fd, job);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/next");
  close(fd);
}

static void connections_that_come_and_go_leave_nothing(void **state) {
  int round;
  (void)state;
  for (round = 0; round < 5; round++) {
    int fds[100];
    size_t i;
    for (i = 0; i < COUNT(fds); i++) {
      fds[i] = connect_worker();
      if (i % 3 == 0)
        assert_int_equal(send(fds[i], "abc", 3, 0), 3); /* half a token */
    }
    for (i = 0; i < COUNT(fds); i++)
      close(fds[(i * 7) % COUNT(fds)]);
  }
  EVENTUALLY(status().connections == 0);
}

static void another_process_is_not_let_in(void **state) {
  struct sr_worker_address address;
  struct sr_job *job = job_for("/secret");
  char path[128];
  int how, before = atomic_load(&requests);
  pid_t child;
  (void)state;
  start();
  assert_int_equal(sr_worker_address(&address), 0);
  assert_int_equal(strncmp(address.path, "/proc/self/fd/", 14), 0);
  snprintf(path, sizeof path, "/proc/%ld/fd/%s", (long)getpid(), address.path + 14);
  child = fork();
  if (child == 0) {
    unsigned char token[SR_TOKEN_SIZE];
    char byte;
    int fd = try_connect(path);
    sr_job_token(keep(job), token);
    (void)send(fd, token, sizeof token, MSG_NOSIGNAL);
    _exit(fd < 0 ? 2 : recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFEXITED(how));
  assert_int_equal(WEXITSTATUS(how), 0);
  assert_int_equal(sr_job_state(job), SR_JOB_PREPARED);
  assert_int_equal(atomic_load(&requests), before);
  sr_job_delete(job);
}

/* ---- tests: life ---- */

static int files_left(void) {
  DIR *directory = opendir(temporary);
  struct dirent *entry;
  int count = 0;
  assert_non_null(directory);
  while ((entry = readdir(directory)) != NULL)
    count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static void the_last_user_who_leaves_stops_it_and_its_calls(void **state) {
  struct sr_job *job, *by_connection, *prepared;
  struct sr_worker_address before, after;
  unsigned long starts;
  int fd, pipe_fd;
  (void)state;
  start();
  starts = status().starts;
  assert_int_equal(sr_worker_address(&before), 0);
  sr_worker_ref();
  sr_worker_unref(); /* the group's user is there still */
  assert_int_equal(status().running, 1);
  fd = submit(job = job_for("/wait/60000"));
  send_token(pipe_fd = connect_worker(), by_connection = job_for("/wait/60000"));
  prepared = job_for("/x");
  EVENTUALLY(status().calls == 2);
  sr_worker_unref();
  assert_int_equal(status().running, 0);
  assert_int_equal(status().calls, 0);
  assert_int_equal(status().connections, 0);
  wait_readable(fd);
  assert_int_equal(receive_byte(pipe_fd), 0);
  close(pipe_fd);
  assert_int_equal(sr_worker_address(&after), -1);
  assert_int_equal(try_connect(before.path), -1);
  expect_end(job, SR_CANCELLED, NULL);
  expect_end(by_connection, SR_CANCELLED, NULL);

  sr_worker_ref();
  wait_readable(submit(prepared)); /* it starts again */
  expect_end(prepared, SR_NO_ERROR, "/x");
  assert_int_equal(status().starts, starts + 1);
  assert_int_equal(sr_worker_address(&after), 0);
  assert_int_not_equal(after.generation, before.generation);
}

static void a_job_submitted_to_a_thread_that_has_stopped_says_so(void **state) {
  struct sr_job *job = job_for("/x");
  struct sr_error error;
  (void)state;
  start();
  sr_worker_unref();
  assert_int_equal(sr_job_submit(job, &error), -1);
  assert_int_equal(error.kind, SR_CANCELLED);
  assert_int_equal(sr_job_state(job), SR_JOB_PREPARED);
  sr_worker_ref();
  wait_readable(submit(job));
  expect_end(job, SR_NO_ERROR, "/x");
}

static void no_file_is_left_while_it_runs_nor_after_kill_9(void **state) {
  int how;
  pid_t child;
  (void)state;
  start();
  assert_int_equal(files_left(), 0);
  child = fork();
  if (child == 0) {
    start();
    kill(getpid(), SIGKILL);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFSIGNALED(how));
  assert_int_equal(files_left(), 0);
}

static void
where_names_have_to_stay_they_go_at_the_stop_and_those_of_the_dead_at_the_next_start(void **state) {
  struct sr_job *job;
  struct sr_worker_address address;
  int how, fd;
  pid_t child;
  (void)state;
  sr_worker_unref();
  sr_worker_keeps_name = 1;
  child = fork();
  if (child == 0) {
    start();
    kill(getpid(), SIGKILL);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_int_equal(files_left(), 1);
  sr_worker_ref();
  start();
  assert_int_equal(files_left(), 1); /* our own */
  assert_int_equal(sr_worker_address(&address), 0);
  assert_int_equal(strncmp(address.path, temporary, strlen(temporary)), 0);
  send_token(fd = connect_worker(), job = job_for("/named"));
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  close(fd);
  expect_end(job, SR_NO_ERROR, "/named");
  sr_worker_unref();
  assert_int_equal(files_left(), 0);
  sr_worker_keeps_name = 0;
  sr_worker_ref();
}

static void where_no_folder_can_be_made_the_next_is_taken(void **state) {
  struct sr_job *job = job_for("/x");
  (void)state;
  sr_worker_unref();
  setenv("TMPDIR", "/nonexistent", 1);
  sr_worker_ref();
  wait_readable(submit(job));
  expect_end(job, SR_NO_ERROR, "/x");
  sr_worker_unref();
  setenv("TMPDIR", temporary, 1);
  sr_worker_ref();
}

/*
** Ends a child with the exit handlers, but without the search for leaks that a sanitizer does last: what the parent's thread
** had in its hands is lost on purpose.
*/
static int child_status = -1;

static void end_child(int how) {
  child_status = how;
  exit(how);
}

static void end_before_leaks_are_sought(void) {
  if (child_status >= 0)
    _exit(child_status);
}

/*
** A fork in the middle of another thread's work leaves AddressSanitizer's allocator locked in the child; libc's own is not. And
** valgrind takes what that work has lost in the child for a leak.
*/
#ifdef __SANITIZE_ADDRESS__
enum { FORKS_WHILE_BUSY = 0 };
#else
enum { FORKS_WHILE_BUSY = 1 };
#endif

#ifdef __SANITIZE_THREAD__
#define SKIP_WITHOUT_FORKS() skip() /* it allows no threads in a child of a process that had some */
#else
#define SKIP_WITHOUT_FORKS() (void)0
#endif

/* In the child: 0 when all is as it should be. */
static int use_in_child(struct sr_job *running, struct sr_job *by_connection,
                        struct sr_job *prepared, struct sr_job *done, int connection) {
  struct sr_job *own = job_for("/child");
  struct sr_error error;
  struct sr_call *call;
  struct pollfd poll_fd;
  if (status().running || status().calls != 0 || status().connections != 0)
    return 10;
  if (sr_job_state(running) != SR_JOB_FORKED || sr_job_state(prepared) != SR_JOB_FORKED ||
      sr_job_state(done) != SR_JOB_DONE)
    return 11;
  sr_job_cancel(running);
  call = sr_job_take(running);
  if (call->state != SR_STATE_DONE || call->error.kind != SR_CANCELLED ||
      strcmp(call->error.code, "forked") != 0 || strcmp(call->target.data, "/wait/300") != 0)
    return 12;
  sr_call_delete(call);
  sr_job_delete(by_connection);
  sr_job_delete(prepared);
  call = sr_job_take(done);
  if (strcmp(sr_buf_text(&call->answer), "/done") != 0)
    return 13;
  sr_call_delete(call);
  close(connection);
  if (sr_worker_start(&error) != 0)
    return 14;
  poll_fd.fd = sr_job_submit(own, &error);
  poll_fd.events = POLLIN;
  if (poll(&poll_fd, 1, PATIENCE) != 1 || sr_job_state(own) != SR_JOB_DONE)
    return 15;
  call = sr_job_take(own);
  if (call->error.kind != SR_NO_ERROR || strcmp(sr_buf_text(&call->answer), "/child") != 0)
    return 16;
  sr_call_delete(call);
  return 0;
}

static void
a_child_forgets_the_thread_and_starts_its_own_and_the_parents_calls_go_on(void **state) {
  struct sr_job *running = job_for("/wait/300"), *by_connection = job_for("/wait/200");
  struct sr_job *prepared = job_for("/prepared"), *done = job_for("/done");
  int fd, connection, how, seen;
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (!FORKS_WHILE_BUSY)
    skip();
  wait_readable(submit(done));
  seen = atomic_load(&requests);
  fd = submit(running);
  send_token(connection = connect_worker(), by_connection);
  EVENTUALLY(atomic_load(&requests) == seen + 2);
  child = fork();
  if (child == 0)
    end_child(use_in_child(running, by_connection, prepared, done, connection));
  assert_int_equal(waitpid(child, &how, 0), child);
  CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the child ended with %x", how);
  wait_readable(fd);
  expect_end(running, SR_NO_ERROR, "/wait/300");
  assert_int_equal(receive_byte(connection), SR_REPLY_DONE);
  expect_end(by_connection, SR_NO_ERROR, "/wait/200");
  wait_readable(submit(prepared));
  expect_end(prepared, SR_NO_ERROR, "/prepared");
  expect_end(done, SR_NO_ERROR, "/done");
  close(connection);
}

static void a_child_keeps_no_descriptor_of_calls_that_nobody_waits_for(void **state) {
  int i;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (under_valgrind() || !FORKS_WHILE_BUSY)
    skip();
  for (i = 0; i < 50; i++) {
    struct sr_job *job = job_for("/wait/3");
    int fd = submit(job), how;
    pid_t child;
    sr_job_delete(job);
    child = fork();
    if (child == 0)
      end_child(fcntl(fd, F_GETFD) < 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the child ended with %x", how);
  }
}

static void forks_at_any_moment_leave_both_sides_whole(void **state) {
  int i;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (under_valgrind() || !FORKS_WHILE_BUSY)
    skip();
  for (i = 0; i < 20; i++) {
    struct sr_job *jobs[4];
    int fds[4], how;
    size_t k;
    pid_t child;
    for (k = 0; k < COUNT(jobs); k++)
      fds[k] = submit(jobs[k] = job_for("/wait/3"));
    usleep((useconds_t)(i * 300));
    child = fork();
    if (child == 0) {
      struct sr_job *own = keep(job_for("/own"));
      struct sr_error error;
      int fd;
      for (k = 0; k < COUNT(jobs); k++)
        sr_job_delete(jobs[k]);
      if (sr_worker_start(&error) != 0 || (fd = sr_job_submit(own, &error)) < 0)
        end_child(1);
      end_child(poll(&(struct pollfd){fd, POLLIN, 0}, 1, PATIENCE) == 1 ? 0 : 2);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the child ended with %x", how);
    for (k = 0; k < COUNT(jobs); k++) {
      wait_readable(fds[k]);
      expect_end(jobs[k], SR_NO_ERROR, "/wait/3");
    }
  }
}

static void a_process_that_ends_with_calls_under_way_ends_at_once_and_well(void **state) {
  double began = now();
  int how;
  pid_t child = fork();
  (void)state;
  if (child == 0) {
    int i;
    for (i = 0; i < 20; i++)
      submit(keep(job_for("/wait/60000")));
    usleep(50000);
    end_child(7);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 7, "the child ended with %x", how);
  CHECK(now() - began < 2, "took %.2f s", now() - began);
}

static void its_thread_takes_no_signals(void **state) {
  struct dirent *entry;
  DIR *tasks;
  int found = 0;
  (void)state;
  start();
  tasks = opendir("/proc/self/task");
  while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
    char path[300], line[256];
    FILE *file;
    int ours = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      unsigned long long blocked;
      if (strcmp(line, "Name:\tseranking\n") == 0)
        ours = 1;
      if (ours && sscanf(line, "SigBlk: %llx", &blocked) == 1) {
        int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1};
        size_t i;
        found = 1;
        for (i = 0; i < COUNT(signals); i++)
          CHECK(blocked >> (signals[i] - 1) & 1, "signal %d is not blocked", signals[i]);
      }
    }
    if (file != NULL)
      fclose(file);
  }
  if (tasks != NULL)
    closedir(tasks);
  assert_true(found);
}

/* ---- tests: when there is too little ---- */

static void without_descriptors_who_connects_is_told_and_all_is_well_after(void **state) {
  struct sr_job *job = job_for("/after"), *without = job_for("/without");
  struct sr_error error;
  struct rlimit before, low;
  struct timespec cpu_before, cpu_after;
  struct sockaddr_un address;
  struct sr_worker_address where;
  int fillers[400], waiting[32], fd;
  size_t count = 0, told = 0, i;
  unsigned long refused = status().refused;
  (void)state;
  if (under_valgrind()) /* which keeps descriptors of its own beyond any limit */
    skip();
  start();
  EVENTUALLY(status().connections == 0);
  assert_int_equal(sr_worker_address(&where), 0);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, where.path, sizeof address.sun_path);
  for (i = 0; i < COUNT(waiting); i++)
    waiting[i] = socket(AF_UNIX, SOCK_STREAM, 0);
  getrlimit(RLIMIT_NOFILE, &before);
  low = before;
  low.rlim_cur = 256;
  setrlimit(RLIMIT_NOFILE, &low);
  while (count < COUNT(fillers) && (fillers[count] = dup(0)) >= 0)
    count++;
  assert_int_equal(errno, EMFILE);

  /* One whose descriptor was closed only now, by the server or for an earlier test, is let in and keeps it. */
  for (i = 0; i < COUNT(waiting) && told < 3; i++) {
    unsigned long connections = status().connections;
    struct pollfd poll_fd = {waiting[i], POLLIN, 0};
    assert_int_equal(connect(waiting[i], (struct sockaddr *)&address, sizeof address), 0);
    EVENTUALLY(poll(&poll_fd, 1, 0) == 1 || status().connections > connections);
    if (poll_fd.revents == 0)
      continue;
    assert_int_equal(receive_byte(waiting[i]), SR_REPLY_FULL);
    assert_int_equal(receive_byte(waiting[i]), 0);
    told++;
  }
  assert_int_equal(told, 3);
  CHECK(status().refused >= refused + 3, "%lu refused", status().refused);
  while (count < COUNT(fillers) && (fillers[count] = dup(0)) >= 0)
    count++;
  assert_int_equal(sr_job_submit(without, &error), -1);
  assert_string_equal(error.code, "no_descriptors");
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
  usleep(200000);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
  CHECK((double)(cpu_after.tv_sec - cpu_before.tv_sec) +
                (double)(cpu_after.tv_nsec - cpu_before.tv_nsec) / 1e9 <
            0.05,
        "it spins");

  for (i = 0; i < count; i++)
    close(fillers[i]);
  for (i = 0; i < COUNT(waiting); i++)
    close(waiting[i]);
  setrlimit(RLIMIT_NOFILE, &before);
  send_token(fd = connect_worker(), job);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/after");
  close(fd);
  wait_readable(submit(without));
  expect_end(without, SR_NO_ERROR, "/without");
}

/* However many descriptors are left, each too few by one: a thread that can be woken and stopped, or none. */
static void no_thread_without_descriptors_and_a_word_why(void **state) {
  struct rlimit before, low;
  struct sr_error error;
  int fillers[64], started = 0, refused = 0;
  size_t count, left, given;
  (void)state;
  if (under_valgrind())
    skip();
  getrlimit(RLIMIT_NOFILE, &before);
  for (left = 0; left < 12; left++) {
    struct sr_job *job = job_for("/x");
    sr_worker_unref();
    sr_worker_ref();
    low = before;
    low.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &low);
    for (count = 0; count < COUNT(fillers) && (fillers[count] = dup(0)) >= 0; count++)
      ;
    for (given = 0; given < left; given++)
      close(fillers[--count]);
    if (sr_worker_start(&error) != 0) {
      refused++;
      assert_string_equal(error.code, "no_descriptors");
    } else {
      started++;
    }
    while (count > 0)
      close(fillers[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(files_left(), 0);
    wait_readable(submit(job));
    expect_end(job, SR_NO_ERROR, "/x");
  }
  CHECK(started > 0 && refused > 3, "%d started, %d refused", started, refused);
}

static void no_thread_where_the_system_gives_none_and_a_word_why(void **state) {
  struct sr_job *job = job_for("/x");
  struct sr_error error;
  (void)state;
#ifdef __SANITIZE_THREAD__
  sr_job_delete(job);
  skip();
#endif
  sr_worker_unref();
  sr_worker_ref();
  atomic_store(&no_more_threads, 1);
  assert_int_equal(sr_worker_start(&error), -1);
  assert_string_equal(error.code, "no_thread");
  assert_non_null(strstr(error.message, strerror(EAGAIN)));
  assert_int_equal(sr_job_submit(job, &error), -1);
  assert_string_equal(error.code, "stopped");
  assert_int_equal(status().running, 0);
  assert_int_equal(files_left(), 0);
  atomic_store(&no_more_threads, 0);
  wait_readable(submit(job));
  expect_end(job, SR_NO_ERROR, "/x");
}

/* ---- tests: many at once ---- */

static void *one_of_many(void *arg) {
  struct chance chance = {(uint64_t)(intptr_t)arg};
  int i;
  for (i = 0; i < 150; i++) {
    struct sr_job *job = job_for(chance_between(&chance, 0, 2) == 0 ? "/wait/2" : "/x");
    int by_connection = chance_between(&chance, 0, 1) == 1, fd;
    int64_t then = chance_between(&chance, 0, 5);
    if (by_connection)
      send_token(fd = connect_worker(), job);
    else
      fd = submit(job);
    if (then == 0) {
      sr_job_delete(job);
    } else if (then == 1 && by_connection) {
      close(fd);
      sr_job_delete(job);
      continue;
    } else {
      if (then == 2)
        sr_job_cancel(job);
      wait_readable(fd);
      EVENTUALLY(sr_job_state(job) == SR_JOB_DONE);
      sr_call_delete(sr_job_take(job));
    }
    if (by_connection)
      close(fd);
  }
  return NULL;
}

static void many_threads_submit_cancel_and_delete_at_once(void **state) {
  pthread_t threads[4];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(threads); i++)
    assert_int_equal(pthread_create(&threads[i], NULL, one_of_many, (void *)(intptr_t)(i + 1)), 0);
  for (i = 0; i < COUNT(threads); i++)
    pthread_join(threads[i], NULL);
  EVENTUALLY(status().calls == 0);
  EVENTUALLY(status().connections == 0);
}

static void *come_and_go(void *arg) {
  int i;
  (void)arg;
  for (i = 0; i < 40; i++) {
    struct sr_job *job;
    struct sr_error error;
    int fd;
    sr_worker_ref();
    job = job_for("/x");
    start();
    fd = sr_job_submit(job, &error);
    if (fd < 0)
      fail_msg("%s", error.message);
    wait_readable(fd);
    expect_end(job, SR_NO_ERROR, "/x");
    sr_worker_unref();
  }
  return NULL;
}

static void users_that_come_and_go_do_not_stop_each_other(void **state) {
  pthread_t threads[3];
  size_t i;
  (void)state;
  sr_worker_unref(); /* so that it does stop, now and then */
  for (i = 0; i < COUNT(threads); i++)
    assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
  for (i = 0; i < COUNT(threads); i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(status().running, 0);
  sr_worker_ref();
}

/* ---- the group ---- */

static int set_up_group(void **state) {
  (void)state;
  snprintf(temporary, sizeof temporary, "/tmp/test-worker-XXXXXX");
  assert_non_null(mkdtemp(temporary));
  setenv("TMPDIR", temporary, 1);
  (void)atexit(end_before_leaks_are_sought); /* the first, so the last to be called */
  start_server();
  config = new_config(KEY);
  sr_worker_ref();
  return 0;
}

static int tear_down_group(void **state) {
  (void)state;
  sr_worker_unref();
  sr_config_unref(config);
  assert_int_equal(status().running, 0);
  return rmdir(temporary);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_submitted_call_is_carried_out_and_its_descriptor_says_when_it_is_done),
      cmocka_unit_test(calls_run_at_once),
      cmocka_unit_test(a_call_that_is_done_at_once_rings_too),
      cmocka_unit_test(a_cancelled_call_is_over_soon),
      cmocka_unit_test(a_job_cancelled_right_after_its_submission_is_over_soon),
      cmocka_unit_test(a_job_deleted_under_way_is_cancelled_and_freed),
      cmocka_unit_test(jobs_never_submitted_and_done_ones_are_deleted_too),
      cmocka_unit_test(all_calls_of_a_client_are_cancelled_and_no_others),
      cmocka_unit_test(a_call_prepared_before_its_client_was_closed_ends_as_cancelled),
      cmocka_unit_test(a_token_submits_a_call_and_the_connection_serves_the_next),
      cmocka_unit_test(a_token_may_come_in_pieces),
      cmocka_unit_test(an_unknown_or_used_token_is_refused_and_the_connection_closed),
      cmocka_unit_test(closing_the_connection_cancels_the_call),
      cmocka_unit_test(a_byte_while_the_call_is_under_way_cancels_it_and_closes_the_connection),
      cmocka_unit_test(a_job_deleted_while_a_connection_waits_for_it_ends_for_both),
      cmocka_unit_test(connections_that_come_and_go_leave_nothing),
      cmocka_unit_test(another_process_is_not_let_in),
      cmocka_unit_test(the_last_user_who_leaves_stops_it_and_its_calls),
      cmocka_unit_test(a_job_submitted_to_a_thread_that_has_stopped_says_so),
      cmocka_unit_test(no_file_is_left_while_it_runs_nor_after_kill_9),
      cmocka_unit_test(
          where_names_have_to_stay_they_go_at_the_stop_and_those_of_the_dead_at_the_next_start),
      cmocka_unit_test(where_no_folder_can_be_made_the_next_is_taken),
      cmocka_unit_test(a_child_forgets_the_thread_and_starts_its_own_and_the_parents_calls_go_on),
      cmocka_unit_test(a_child_keeps_no_descriptor_of_calls_that_nobody_waits_for),
      cmocka_unit_test(forks_at_any_moment_leave_both_sides_whole),
      cmocka_unit_test(a_process_that_ends_with_calls_under_way_ends_at_once_and_well),
      cmocka_unit_test(its_thread_takes_no_signals),
      cmocka_unit_test(without_descriptors_who_connects_is_told_and_all_is_well_after),
      cmocka_unit_test(no_thread_without_descriptors_and_a_word_why),
      cmocka_unit_test(no_thread_where_the_system_gives_none_and_a_word_why),
      cmocka_unit_test(many_threads_submit_cancel_and_delete_at_once),
      cmocka_unit_test(users_that_come_and_go_do_not_stop_each_other),
  };
  return cmocka_run_group_tests_name("sr_worker", tests, set_up_group, tear_down_group);
}
