/* Jobs: notification of their owners, and ownership of the call.
** SPDX-License-Identifier: MIT */
#include "worker_support.h"

/* ---- with a descriptor ---- */

static void the_descriptor_is_readable_once_the_call_is_done(void **state) {
  double began = now();
  struct sr_job *job = submit("/wait/50"), *other;
  (void)state;
  wait_readable(sr_job_fd(job));
  CHECK(now() - began >= 0.05, "too early");
  expect_end(job, SR_NO_ERROR, "/wait/50");
  other = submit("/wait/60000");
  assert_int_equal(sr_job_state(other), SR_JOB_RUNNING);
  sr_job_delete(other);
  EVENTUALLY(status().calls == 0);
}

static void calls_run_concurrently(void **state) {
  struct sr_job *jobs[50];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(jobs); i++)
    jobs[i] = submit("/together");
  for (i = 0; i < COUNT(jobs); i++)
    await_end(jobs[i], SR_NO_ERROR, "/together");
}

static void a_call_that_fails_on_submission_notifies_its_owner(void **state) {
  struct sr_config *with_key = config;
  struct sr_job *job;
  (void)state;
  config = new_config(NULL);
  job = submit("/never");
  sr_config_unref(config);
  config = with_key;
  await_end(job, SR_AUTH, NULL);
}

static void a_cancelled_call_ends_soon(void **state) {
  unsigned long cancelled = status().cancelled;
  int seen = atomic_load(&requests);
  struct sr_job *job = submit("/wait/60000");
  (void)state;
  assert_int_equal(status().calls, 1); /* whether or not the thread has started it */
  EVENTUALLY(atomic_load(&requests) > seen);
  sr_job_cancel(job);
  await_end(job, SR_CANCELLED, NULL);
  assert_int_equal(status().cancelled, cancelled + 1);
}

static void a_job_cancelled_right_after_its_submission_ends_soon(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 200; i++) {
    struct sr_job *job = submit("/wait/60000");
    sr_job_cancel(job);
    sr_job_cancel(job);
    await_end(job, SR_CANCELLED, NULL);
  }
}

static void a_running_job_that_is_deleted_is_cancelled_and_freed(void **state) {
  unsigned long cancelled = status().cancelled;
  int i;
  (void)state;
  for (i = 0; i < 50; i++) {
    struct sr_job *job = submit("/wait/60000");
    if (i % 2 == 0)
      sr_job_cancel(job);
    sr_job_delete(job);
  }
  EVENTUALLY(status().cancelled == cancelled + 50);
  assert_int_equal(status().calls, 0);
}

static void a_finished_job_can_be_deleted(void **state) {
  struct sr_job *job = submit("/");
  (void)state;
  wait_readable(sr_job_fd(job));
  sr_job_cancel(job);
  sr_job_delete(job);
  sr_job_delete(NULL);
}

static void cancelling_a_client_s_calls_leaves_other_clients_calls_alone(void **state) {
  struct sr_job *call, *download, *by_token, *other;
  struct sr_config *mine = config, *second = new_config(KEY), *elsewhere;
  struct sr_error error;
  unsigned char token[SR_TOKEN_SIZE];
  int fd = connect_worker();
  (void)state;
  elsewhere = sr_config_elsewhere(second, sr_buf_text(&second->base_url), "/", &error);
  assert_non_null(elsewhere);
  other = submit("/wait/100");
  config = second;
  call = submit("/wait/60000");
  by_token = submit_with_token("/wait/60000", token);
  config = elsewhere;
  download = submit("/wait/60000");
  config = mine;
  sr_job_cancel_client(second);
  await_end(call, SR_CANCELLED, NULL);
  await_end(download, SR_CANCELLED, NULL);
  send_token(fd, token);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(by_token, SR_CANCELLED, NULL);
  await_end(other, SR_NO_ERROR, "/wait/100");
  close(fd);
  sr_config_unref(elsewhere);
  sr_config_unref(second);
}

/* ---- with a token ---- */

static void a_connection_is_notified_of_the_end_and_can_be_reused(void **state) {
  int fd = connect_worker(), i;
  (void)state;
  for (i = 0; i < 5; i++) {
    struct sr_job *job = subscribe(fd, "/wait/5");
    assert_int_equal(sr_job_fd(job), -1);
    assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
    expect_end(job, SR_NO_ERROR, "/wait/5");
  }
  close(fd);
  EVENTUALLY(status().connections == 0);
}

static void a_token_may_arrive_in_pieces(void **state) {
  unsigned char token[SR_TOKEN_SIZE];
  int fd = connect_worker();
  struct sr_job *job = submit_with_token("/x", token);
  size_t i;
  (void)state;
  for (i = 0; i < sizeof token; i++) {
    assert_int_equal(send(fd, token + i, 1, 0), 1);
    usleep(2000);
  }
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/x");
  close(fd);
}

static void an_unknown_or_used_token_is_refused_and_the_connection_closed(void **state) {
  static const unsigned char unknown[][SR_TOKEN_SIZE] = {{0}, {1, 2, 3, 4, 5, 6, 7, 8}};
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_job *job;
  size_t i;
  int fd;
  (void)state;
  for (i = 0; i < COUNT(unknown); i++) {
    fd = connect_worker();
    send_token(fd, unknown[i]);
    assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
    assert_int_equal(receive_byte(fd), 0);
    close(fd);
  }
  fd = connect_worker();
  job = submit_with_token("/x", token);
  send_token(fd, token);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  send_token(fd, token);
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  close(fd);
  expect_end(job, SR_NO_ERROR, "/x");
}

static void a_token_that_arrives_after_the_end_of_its_call_is_answered_at_once(void **state) {
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_job *waker, *job = submit_with_token("/early", token);
  int fd = connect_worker();
  (void)state;
  EVENTUALLY(sr_job_state(job) == SR_JOB_DONE); /* connecting woke the thread */
  send_token(fd, token);
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/early");
  waker = subscribe(fd, "/next");
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(waker, SR_NO_ERROR, "/next");
  close(fd);
}

/* Such a job has not woken the thread: the next operation must. */
static void a_job_whose_token_never_arrives_can_be_cancelled_and_blocks_no_other(void **state) {
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_job *silent, *job;
  (void)state;
  start();
  EVENTUALLY(status().calls == 0);
  silent = submit_with_token("/wait/60000", token);
  job = submit("/x");
  await_end(job, SR_NO_ERROR, "/x");
  sr_job_cancel(silent);
  EVENTUALLY(sr_job_state(silent) == SR_JOB_DONE);
  expect_end(silent, SR_CANCELLED, NULL);

  silent = submit_with_token("/wait/60000", token);
  sr_job_cancel(silent);
  EVENTUALLY(sr_job_state(silent) == SR_JOB_DONE);
  expect_end(silent, SR_CANCELLED, NULL);
}

static void deleting_the_job_before_its_token_arrives_ends_the_call(void **state) {
  unsigned long cancelled = status().cancelled;
  unsigned char token[SR_TOKEN_SIZE];
  int fd = connect_worker();
  (void)state;
  sr_job_delete(submit_with_token("/wait/60000", token));
  EVENTUALLY(status().cancelled == cancelled + 1);
  send_token(fd, token);
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  close(fd);
  fd = connect_worker();
  sr_job_delete(submit_with_token("/wait/60000", token));
  send_token(fd, token); /* whether or not the call is over by then */
  assert_int_equal(receive_byte(fd), SR_REPLY_UNKNOWN);
  close(fd);
  EVENTUALLY(status().calls == 0);
}

static void
an_owner_who_leaves_after_the_token_came_ends_the_call_and_frees_the_connection(void **state) {
  int fd, reply, attempts = 0;
  struct sr_job *job;
  (void)state;
  do { /* the request may be sent before the thread reads the token */
    int seen = atomic_load(&requests);
    fd = connect_worker();
    job = subscribe(fd, "/wait/60000");
    EVENTUALLY(atomic_load(&requests) == seen + 1);
    sr_job_delete(job);
    reply = receive_byte(fd);
    if (reply != SR_REPLY_DONE) {
      assert_int_equal(reply, SR_REPLY_UNKNOWN);
      close(fd);
    }
  } while (reply != SR_REPLY_DONE && ++attempts < 100);
  assert_int_equal(reply, SR_REPLY_DONE);
  job = subscribe(fd, "/next");
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/next");
  close(fd);
  EVENTUALLY(status().calls == 0);
}

static void closing_the_connection_cancels_the_call(void **state) {
  struct sr_job *jobs[40];
  int fds[40], seen = atomic_load(&requests);
  unsigned long cancelled = status().cancelled;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(fds); i++)
    jobs[i] = subscribe(fds[i] = connect_worker(), "/wait/60000");
  EVENTUALLY(atomic_load(&requests) == seen + 40);
  for (i = 0; i < COUNT(fds); i++)
    close(fds[(i * 7) % COUNT(fds)]);
  EVENTUALLY(status().cancelled == cancelled + 40);
  EVENTUALLY(status().connections == 0);
  assert_int_equal(status().calls, 0);
  for (i = 0; i < COUNT(fds); i++)
    expect_end(jobs[i], SR_CANCELLED, NULL);
}

static void closing_the_connection_right_after_the_token_cancels_the_call(void **state) {
  int i;
  (void)state;
  for (i = 0; i < 100; i++) {
    int fd = connect_worker();
    struct sr_job *job = subscribe(fd, "/wait/60000");
    close(fd);
    EVENTUALLY(sr_job_state(job) == SR_JOB_DONE);
    expect_end(job, SR_CANCELLED, NULL);
  }
}

static void a_byte_while_the_call_runs_cancels_it_and_closes_the_connection(void **state) {
  int fd = connect_worker();
  struct sr_job *job = subscribe(fd, "/wait/60000");
  (void)state;
  EVENTUALLY(status().calls == 1);
  assert_int_equal(send(fd, "x", 1, 0), 1);
  assert_int_equal(receive_byte(fd), 0);
  EVENTUALLY(sr_job_state(job) == SR_JOB_DONE);
  expect_end(job, SR_CANCELLED, NULL);
  close(fd);
}

static void a_connection_is_notified_when_its_call_is_cancelled(void **state) {
  int fd = connect_worker();
  struct sr_job *job = subscribe(fd, "/wait/60000");
  (void)state;
  sr_job_cancel(job); /* whether or not the token has been read */
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_CANCELLED, NULL);
  close(fd);
}

/* Closing one in the middle moves the last one to its index. */
static void opening_and_closing_connections_does_not_affect_others(void **state) {
  int round;
  (void)state;
  for (round = 0; round < 5; round++) {
    int fds[99];
    struct sr_job *jobs[33];
    size_t i;
    for (i = 0; i < COUNT(fds); i++) {
      fds[i] = connect_worker();
      if (i % 3 == 0)
        assert_int_equal(send(fds[i], "abc", 3, 0), 3); /* a part of a token */
      else if (i % 3 == 1)
        jobs[i / 3] = subscribe(fds[i], "/wait/20");
    }
    for (i = 0; i < COUNT(fds); i++)
      if (i % 3 != 1)
        close(fds[i]);
    for (i = 0; i < COUNT(jobs); i++) {
      assert_int_equal(receive_byte(fds[3 * i + 1]), SR_REPLY_DONE);
      expect_end(jobs[i], SR_NO_ERROR, "/wait/20");
      close(fds[3 * i + 1]);
    }
  }
  EVENTUALLY(status().connections == 0);
}

/* ---- when the thread stops ---- */

static void when_the_thread_stops_all_calls_end(void **state) {
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_job *with_fd, *subscribed, *without_connection;
  int connection;
  (void)state;
  start();
  with_fd = submit("/wait/60000");
  subscribed = subscribe(connection = connect_worker(), "/wait/60000");
  without_connection = submit_with_token("/wait/60000", token);
  sr_worker_unref();
  assert_int_equal(status().running, 0);
  assert_int_equal(status().calls, 0);
  assert_int_equal(status().connections, 0);
  await_end(with_fd, SR_CANCELLED, NULL);
  assert_int_equal(receive_byte(connection), 0);
  close(connection);
  expect_end(subscribed, SR_CANCELLED, NULL);

  sr_worker_ref();
  connection = connect_worker(); /* to the next thread */
  send_token(connection, token);
  assert_int_equal(receive_byte(connection), SR_REPLY_DONE);
  expect_end(without_connection, SR_CANCELLED, NULL);
  close(connection);
}

static void a_stopped_thread_accepts_no_calls(void **state) {
  unsigned char token[SR_TOKEN_SIZE];
  struct sr_call *call = new_call("/x");
  struct sr_error error;
  (void)state;
  start();
  sr_worker_unref();
  assert_null(sr_job_submit(call, NULL, &error));
  assert_int_equal(error.kind, SR_CANCELLED);
  assert_string_equal(error.code, "stopped");
  assert_null(sr_job_submit(call, token, &error));
  assert_int_equal(error.kind, SR_CANCELLED);
  assert_int_equal(call->state, SR_STATE_NEW);
  sr_worker_ref();
  start();
  await_end(sr_job_submit(call, NULL, &error), SR_NO_ERROR, "/x");
}

/* ---- many at once ---- */

static void *one_of_many(void *arg) {
  struct chance chance = {(uint64_t)(intptr_t)arg};
  int i;
  for (i = 0; i < 150; i++) {
    const char *target = chance_between(&chance, 0, 2) == 0 ? "/wait/2" : "/x";
    int by_connection = chance_between(&chance, 0, 1) == 1, fd = -1;
    int64_t then = chance_between(&chance, 0, 5);
    struct sr_job *job;
    if (by_connection)
      job = subscribe(fd = connect_worker(), target);
    else
      job = submit(target);
    if (then == 0) {
      sr_job_delete(job);
    } else if (then == 1 && by_connection) {
      close(fd);
      sr_job_delete(job);
      continue;
    } else {
      if (then == 2)
        sr_job_cancel(job);
      wait_readable(by_connection ? fd : sr_job_fd(job));
      EVENTUALLY(sr_job_state(job) == SR_JOB_DONE);
      sr_call_delete(sr_job_take(job));
    }
    if (by_connection)
      close(fd);
  }
  return NULL;
}

static void many_threads_submit_cancel_and_delete_concurrently(void **state) {
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_descriptor_is_readable_once_the_call_is_done),
      cmocka_unit_test(calls_run_concurrently),
      cmocka_unit_test(a_call_that_fails_on_submission_notifies_its_owner),
      cmocka_unit_test(a_cancelled_call_ends_soon),
      cmocka_unit_test(a_job_cancelled_right_after_its_submission_ends_soon),
      cmocka_unit_test(a_running_job_that_is_deleted_is_cancelled_and_freed),
      cmocka_unit_test(a_finished_job_can_be_deleted),
      cmocka_unit_test(cancelling_a_client_s_calls_leaves_other_clients_calls_alone),
      cmocka_unit_test(a_connection_is_notified_of_the_end_and_can_be_reused),
      cmocka_unit_test(a_token_may_arrive_in_pieces),
      cmocka_unit_test(an_unknown_or_used_token_is_refused_and_the_connection_closed),
      cmocka_unit_test(a_token_that_arrives_after_the_end_of_its_call_is_answered_at_once),
      cmocka_unit_test(a_job_whose_token_never_arrives_can_be_cancelled_and_blocks_no_other),
      cmocka_unit_test(deleting_the_job_before_its_token_arrives_ends_the_call),
      cmocka_unit_test(
          an_owner_who_leaves_after_the_token_came_ends_the_call_and_frees_the_connection),
      cmocka_unit_test(closing_the_connection_cancels_the_call),
      cmocka_unit_test(closing_the_connection_right_after_the_token_cancels_the_call),
      cmocka_unit_test(a_byte_while_the_call_runs_cancels_it_and_closes_the_connection),
      cmocka_unit_test(a_connection_is_notified_when_its_call_is_cancelled),
      cmocka_unit_test(opening_and_closing_connections_does_not_affect_others),
      cmocka_unit_test(when_the_thread_stops_all_calls_end),
      cmocka_unit_test(a_stopped_thread_accepts_no_calls),
      cmocka_unit_test(many_threads_submit_cancel_and_delete_concurrently),
  };
  return cmocka_run_group_tests_name("sr_job", tests, set_up_worker, tear_down_worker);
}
