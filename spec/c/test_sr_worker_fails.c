/* The worker's socket and thread when functions of the system fail.
** SPDX-License-Identifier: MIT */
#include "failing_system.h"
#include "worker_support.h"

#include "base/sr_fork.h"
#include "http/sr_engine.h"

#include <linux/sockios.h>

/* ---- before anything has started: in children, since each process starts once ---- */

extern int __register_atfork(void (*before)(void), void (*parent)(void), void (*child)(void),
                             void *handle);

/* libc has it in a part that is linked into each program. */
int pthread_atfork(void (*before)(void), void (*parent)(void), void (*child)(void)) {
  return must_fail("pthread_atfork") ? errno : __register_atfork(before, parent, child, NULL);
}

/* Returns 0 on success. `after`: the calls of pthread_atfork that work. */
static int start_without_atfork(int after) {
  struct sr_engine_options options;
  struct sr_engine *engine;
  struct sr_error error;
  int failed;
  memset(&options, 0, sizeof options);
  let_fail("pthread_atfork", ENOMEM, after, 1);
  failed = sr_worker_start(&error) != 0;
  if (!failed || !have_failed() || status().running)
    return 1;
  if (error.kind != SR_NETWORK || strcmp(error.code, "no_thread") != 0 ||
      strstr(error.message, "pthread_atfork: Cannot allocate memory") == NULL)
    return 2;
  engine = sr_engine_new(&options); /* without the table of descriptors nothing is opened */
  failed = engine == NULL;
  sr_engine_delete(engine);
  return failed == (after == 0) ? 0 : 3;
}

static void where_forks_can_not_be_watched_no_thread_starts(void **state) {
  int after;
  (void)state;
  for (after = 0; after < 2; after++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
      _exit(start_without_atfork(after));
    expect_child(child, 0);
  }
}

static void start_at_the_end(void) {
  struct sr_error error;
  int started = sr_worker_start(&error) == 0;
  _exit(started || strstr(error.message, "the process ends") == NULL);
}

static void no_thread_starts_while_the_process_ends(void **state) {
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct sr_error error;
    (void)atexit(start_at_the_end); /* called last */
    if (sr_worker_start(&error) != 0)
      _exit(2);
    exit(3);
  }
  expect_child(child, 0);
}

/* ---- the socket ---- */

static int listener_set_up(void **state) {
  (void)state;
  make_temporary();
  return sr_fork_watch();
}

static int listener_tear_down(void **state) {
  (void)state;
  atomic_store(&failing, NULL);
  return rmdir(temporary);
}

static void a_socket_that_can_not_be_opened_anywhere_leaves_nothing(void **state) {
  static const struct {
    const char *function;
    int every; /* calls of it for each place */
  } rows[] = {{"bind", 1}, {"listen", 1}, {"fcntl", 1}};
  struct sr_listener listener;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    int fds = open_fds();
    let_fail(rows[i].function, EACCES, 0, 4);
    CHECK(sr_listener_open(&listener) == -1 && errno == EACCES, "%s: %s", rows[i].function,
          strerror(errno));
    CHECK(have_failed(), "%s: not in every place", rows[i].function);
    assert_int_equal(files_left(), 0);
    assert_int_equal(open_fds(), fds);
    let_fail(rows[i].function, EACCES, 0, 1);
    CHECK(sr_listener_open(&listener) == 0, "%s: not in the next place", rows[i].function);
    assert_true(have_failed());
    sr_listener_close(&listener);
    assert_int_equal(open_fds(), fds);
  }
}

static void accepting_survives_interruptions_and_tells_failures_apart(void **state) {
  static const struct {
    const char *function;
    int number, times;
    enum sr_accept outcome;
  } rows[] = {
      {"accept4", EINTR, 3, SR_ACCEPT_DONE},     {"accept4", ECONNABORTED, 3, SR_ACCEPT_DONE},
      {"accept4", ENFILE, 1, SR_ACCEPT_REFUSED}, {"accept4", EMFILE, 1, SR_ACCEPT_REFUSED},
      {"accept4", ENOMEM, 1, SR_ACCEPT_FAILED},  {"accept4", EAGAIN, 1, SR_ACCEPT_NONE},
      {"getsockopt", EIO, 1, SR_ACCEPT_FOREIGN},
  };
  struct sr_listener listener;
  size_t i;
  (void)state;
  CHECK(sr_listener_open(&listener) == 0, "%s", strerror(errno));
  for (i = 0; i < COUNT(rows); i++) {
    int fd = -1, client = try_connect(listener.path);
    enum sr_accept outcome;
    char byte = 0;
    assert_true(client >= 0);
    wait_readable(listener.fd);
    let_fail(rows[i].function, rows[i].number, 0, rows[i].times);
    outcome = sr_listener_accept(&listener, 'F', &fd);
    CHECK(have_failed() && outcome == rows[i].outcome, "row %zu: %d", i, (int)outcome);
    if (outcome == SR_ACCEPT_REFUSED)
      CHECK(recv(client, &byte, 1, 0) == 1 && byte == 'F', "row %zu: no reply", i);
    if (outcome == SR_ACCEPT_NONE || outcome == SR_ACCEPT_FAILED) /* it still waits */
      assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_DONE);
    CHECK((outcome == SR_ACCEPT_REFUSED || outcome == SR_ACCEPT_FOREIGN) == (fd < 0), "row %zu", i);
    if (fd >= 0)
      sr_fork_close(fd);
    close(client);
  }
  sr_listener_close(&listener);
}

/* ---- the thread ---- */

static void a_call_s_end_is_told_through_interruptions(void **state) {
  static const struct {
    const char *function;
    int number;
  } rows[] = {{"recv", EINTR}, {"recv", EAGAIN}, {"send", EINTR}};
  size_t i;
  (void)state;
  atomic_store(&failing_named, 1);
  for (i = 0; i < COUNT(rows); i++) {
    int fd = connect_worker();
    struct sr_job *job;
    let_fail(rows[i].function, rows[i].number, 0, 2);
    job = subscribe(fd, "/x");
    CHECK(receive_byte(fd) == SR_REPLY_DONE, "row %zu", i);
    CHECK(have_failed(), "row %zu: nothing failed", i);
    expect_end(job, SR_NO_ERROR, "/x");
    close(fd);
  }
  EVENTUALLY(status().connections == 0);
}

static void a_connection_that_can_not_be_told_is_closed(void **state) {
  int fd = connect_worker();
  struct sr_job *job;
  (void)state;
  atomic_store(&failing_named, 1);
  let_fail("send", EPIPE, 0, 1);
  job = subscribe(fd, "/x");
  assert_int_equal(receive_byte(fd), 0);
  assert_true(have_failed());
  expect_end(job, SR_NO_ERROR, "/x");
  close(fd);
  fd = connect_worker(); /* a token that is not known, and a reply that can't be sent */
  let_fail("send", EPIPE, 0, 1);
  send_token(fd, (const unsigned char *)"\1\2\3\4\5\6\7\10");
  assert_int_equal(receive_byte(fd), 0);
  assert_true(have_failed());
  close(fd);
  EVENTUALLY(status().connections == 0);
}

/* Bytes that the thread has not read yet. */
static int unread(int fd) {
  int count = -1;
  assert_int_equal(ioctl(fd, SIOCOUTQ, &count), 0);
  return count;
}

static void a_connection_that_can_not_be_read_ends_and_its_call_is_cancelled(void **state) {
  int fd = connect_worker();
  struct sr_job *job = subscribe(fd, "/wait/9000");
  (void)state;
  EVENTUALLY(unread(fd) == 0);
  atomic_store(&failing_named, 1);
  let_fail("recv", ECONNRESET, 0, 1);
  assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
  assert_int_equal(receive_byte(fd), 0);
  assert_true(have_failed());
  EVENTUALLY(sr_job_state(job) != SR_JOB_RUNNING);
  sr_job_delete(job);
  close(fd);
}

static void connections_are_accepted_again_after_accept_failed(void **state) {
  struct sr_job *job;
  int fd;
  (void)state;
  start();
  let_fail("accept4", ENOMEM, 0, 1);
  fd = connect_worker();
  job = subscribe(fd, "/x");
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  assert_true(have_failed());
  expect_end(job, SR_NO_ERROR, "/x");
  close(fd);
}

int main(void) {
  const struct CMUnitTest first[] = {
      cmocka_unit_test(where_forks_can_not_be_watched_no_thread_starts),
      cmocka_unit_test(no_thread_starts_while_the_process_ends),
  };
  const struct CMUnitTest sockets[] = {
      cmocka_unit_test(a_socket_that_can_not_be_opened_anywhere_leaves_nothing),
      cmocka_unit_test(accepting_survives_interruptions_and_tells_failures_apart),
  };
  const struct CMUnitTest threads[] = {
      cmocka_unit_test(a_call_s_end_is_told_through_interruptions),
      cmocka_unit_test(a_connection_that_can_not_be_told_is_closed),
      cmocka_unit_test(a_connection_that_can_not_be_read_ends_and_its_call_is_cancelled),
      cmocka_unit_test(connections_are_accepted_again_after_accept_failed),
  };
  int failed = cmocka_run_group_tests_name("before the start", first, NULL, NULL);
  failed += cmocka_run_group_tests_name("the socket", sockets, listener_set_up, listener_tear_down);
  return failed +
         cmocka_run_group_tests_name("the thread", threads, set_up_worker, tear_down_worker);
}
