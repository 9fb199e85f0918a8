/* The engine's queue, pacing, and limits shared by a file.
** SPDX-License-Identifier: MIT */
#include "engine_events.h"

#include <sys/stat.h>
#include <unistd.h>

/* ---- the queue ---- */

/* After unanswered requests the next one waits and goes alone; a call that can't wait gets the reason. */
static void a_call_that_waits_because_of_silence_says_so(void **state) {
  struct bench bench;
  struct sr_call *calls[3], *call;
  size_t i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = post_in_flight(&bench, 60 * S);
  for (i = 0; i < COUNT(calls); i++) {
    lose(calls[i], 1);
    sr_call_delete(calls[i]);
  }
  call = submitted(&bench, S - 1);
  expect_end(call, SR_RATE_LIMIT, "unanswered");
  assert_int_equal(call->retry_after, S);
  assert_non_null(strstr(call->error.message, "got no answer"));
  sr_call_delete(call);
  call = in_flight(&bench, 20 * S);
  assert_int_equal(bench.manual.now, 1001 * S);
  answer(call, 200, "", "[]");
  sr_call_delete(call);
  call = submitted(&bench, S);
  expect_end(call, SR_RATE_LIMIT, "no_slot"); /* the answer holds all calls for a window */
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_beyond_max_queue_is_refused_and_takes_no_slot(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 1);
  struct bench bench;
  struct sr_call *calls[4];
  int i;
  (void)state;
  settings.max_queue = 2;
  set_up_with(&bench, &settings);
  for (i = 0; i < 4; i++)
    calls[i] = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(calls[0]->state, SR_STATE_SENDING);
  assert_int_equal(calls[1]->state, SR_STATE_QUEUED);
  assert_int_equal(calls[2]->state, SR_STATE_QUEUED);
  expect_end(calls[3], SR_RATE_LIMIT, "queue_full");
  assert_true(calls[3]->retryable);
  assert_true(calls[3]->retry_after > 0);
  assert_false(calls[3]->sent);
  assert_int_equal(sr_config_waiting(bench.config), 2);
  sr_call_delete(calls[3]);
  answer(calls[0], 200, "", "");
  assert_int_equal(run(&bench, calls[1]), SR_RUN_EXTERNAL);
  calls[3] = submitted(&bench, 60 * S); /* there is room again */
  assert_int_equal(calls[3]->state, SR_STATE_QUEUED);
  for (i = 0; i < 4; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* Calls that can be sent at once don't count as waiting, even before the engine's next step. */
static void calls_with_a_slot_do_not_count_as_waiting(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct bench bench;
  struct sr_call *calls[8];
  int i;
  (void)state;
  settings.max_queue = 1;
  set_up_with(&bench, &settings);
  for (i = 0; i < 8; i++)
    calls[i] = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  for (i = 0; i < 8; i++) {
    if (i < 5)
      assert_int_equal(calls[i]->state, SR_STATE_SENDING);
    else if (i == 5)
      assert_int_equal(calls[i]->state, SR_STATE_QUEUED);
    else
      expect_end(calls[i], SR_RATE_LIMIT, "queue_full");
  }
  for (i = 0; i < 8; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

static void a_retry_is_never_refused_for_a_full_queue(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 1);
  struct bench bench;
  struct sr_call *call, *other;
  (void)state;
  settings.max_queue = 1;
  set_up_with(&bench, &settings);
  call = in_flight(&bench, 60 * S);
  other = submitted(&bench, 60 * S); /* this fills the queue */
  answer(call, 503, "", "");
  assert_int_equal(run(&bench, other), SR_RUN_EXTERNAL);
  answer(other, 200, "", "");
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 2);
  sr_call_delete(call);
  sr_call_delete(other);
  tear_down(&bench);
}

static void calls_of_low_priority_leave_the_last_slot_to_others(void **state) {
  struct bench bench;
  struct sr_call *low[3], *normal;
  int i;
  (void)state;
  set_up(&bench, 2);
  for (i = 0; i < 3; i++) {
    low[i] = call_of(bench.config, 60 * S);
    low[i]->low = 1;
    sr_engine_submit(bench.engine, low[i], 0);
  }
  normal = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(low[0]->state, SR_STATE_SENDING);
  assert_int_equal(low[1]->state, SR_STATE_QUEUED);
  assert_int_equal(normal->state, SR_STATE_SENDING); /* although it was submitted last */
  assert_true(wake_of(&bench) > bench.manual.now);
  answer(normal, 200, "", "");
  answer(low[0], 200, "", "");
  for (i = 1; i < 3; i++) { /* equal priorities go in order */
    assert_int_equal(run(&bench, low[i]), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, (1000 + i) * S);
    answer(low[i], 200, "", "");
  }
  for (i = 0; i < 3; i++)
    sr_call_delete(low[i]);
  sr_call_delete(normal);
  tear_down(&bench);
}

static void queued_calls_of_low_priority_do_not_delay_others(void **state) {
  struct bench bench;
  struct sr_call *low[6], *normal;
  int i;
  (void)state;
  set_up(&bench, 2);
  for (i = 0; i < 6; i++) {
    low[i] = call_of(bench.config, 60 * S);
    low[i]->low = 1;
    sr_engine_submit(bench.engine, low[i], 0);
  }
  sr_engine_step(bench.engine); /* one is sent, five wait for its slot */
  normal = in_flight(&bench, S / 2);
  assert_int_equal(bench.manual.now, 1000 * S);
  for (i = 0; i < 6; i++)
    sr_call_delete(low[i]);
  sr_call_delete(normal);
  tear_down(&bench);
}

/* ---- pacing, and a process stopped between taking a slot and sending ---- */

static void by_send_time_n_calls_a_window_are_sent_however_slow_the_answers(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 2);
  struct bench bench;
  struct sr_call *calls[6];
  int i;
  (void)state;
  settings.send_time = 1;
  set_up_with(&bench, &settings);
  for (i = 0; i < 6; i++)
    calls[i] = submitted(&bench, 60 * S);
  for (i = 0; i < 6; i++) {
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, (1000 + i / 2) * S);
  }
  for (i = 0; i < 6; i++) /* a late answer does not free a slot twice */
    answer(calls[i], 200, "", "");
  assert_int_equal(busy(&bench), 2);
  for (i = 0; i < 6; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* A process is stopped after it took its slot: the time of sending counts. */
static void by_send_time_the_window_begins_when_the_request_is_sent(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 1);
  struct bench bench;
  struct sr_call *stopped, *other;
  (void)state;
  settings.send_time = 1;
  set_up_with(&bench, &settings);
  stopped = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine); /* it has a slot but is not sent */
  assert_int_equal(stopped->state, SR_STATE_SENDING);
  bench.manual.now += 5 * S;
  other = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(other->state, SR_STATE_QUEUED);
  assert_int_equal(run(&bench, stopped), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1005 * S);
  assert_int_equal(run(&bench, other), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1006 * S);
  sr_call_delete(stopped);
  sr_call_delete(other);
  tear_down(&bench);
}

/* The last check before sending sees a 429 of another process during the stop. */
static void a_process_stopped_during_another_s_429_takes_a_new_slot_before_sending(void **state) {
  int send_time;
  (void)state;
  for (send_time = 0; send_time < 2; send_time++) {
    struct sr_settings settings = settings_of(fresh_salt(), 5);
    struct bench bench, other;
    struct sr_call *stopped;
    settings.send_time = send_time;
    set_up_with(&bench, &settings);
    set_up_with(&other, &settings);
    stopped = submitted(&bench, 60 * S);
    sr_engine_step(bench.engine);
    assert_int_equal(stopped->state, SR_STATE_SENDING);
    sr_call_delete(refused(&other));
    bench.manual.now += 100 * MS;
    assert_int_equal(sr_engine_run(bench.engine, stopped, 0), SR_RUN_PENDING);
    assert_int_equal(stopped->state, SR_STATE_QUEUED);
    assert_int_equal(run(&bench, stopped), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, 1001 * S); /* when the 429's hold ends */
    assert_int_equal(stopped->attempts, 1);       /* the unsent one does not count */
    answer(stopped, 200, "", "");
    expect_end(stopped, SR_NO_ERROR, NULL);
    sr_call_delete(stopped);
    tear_down(&bench);
    tear_down(&other);
  }
}

static void a_process_stopped_while_the_key_was_blocked_sends_nothing(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct bench bench, other;
  struct sr_call *stopped;
  (void)state;
  set_up_with(&bench, &settings);
  set_up_with(&other, &settings);
  stopped = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  block(&other);
  bench.manual.now = other.manual.now + 5 * S;
  assert_int_equal(run(&bench, stopped), SR_RUN_DONE);
  expect_end(stopped, SR_BLOCKED, "too_many_requests");
  assert_int_equal(stopped->retry_after, 595 * S);
  assert_int_equal(stopped->attempts, 0);
  assert_false(stopped->sent);
  sr_call_delete(stopped);
  tear_down(&bench);
  tear_down(&other);
}

/* The lease outlasts the deadline: a process that continues after it sends nothing. */
static void by_answer_a_process_stopped_past_its_deadline_sends_nothing(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 1);
  call = submitted(&bench, 10 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->state, SR_STATE_SENDING);
  bench.manual.now += 10 * S;
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_TIMEOUT, "no_connection");
  assert_false(call->sent);
  assert_true(call->retryable);
  assert_int_equal(call->attempts, 0);
  assert_int_equal(busy(&bench), 0); /* nothing was sent: free at once */
  sr_call_delete(call);
  tear_down(&bench);
}

/* The same when calls are handed out one at a time (sr_engine_next). */
static void calls_handed_out_after_another_s_429_take_a_new_slot(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  (void)state;
  set_up(&bench, 2);
  first = call_of(bench.config, 60 * S);
  second = call_of(bench.config, 60 * S);
  first->retries = 0;
  sr_engine_submit(bench.engine, first, 1);
  sr_engine_submit(bench.engine, second, 2);
  assert_ptr_equal(sr_engine_next(bench.engine, 0), first);
  answer(first, 429, "", "");
  assert_ptr_equal(sr_engine_next(bench.engine, 0), first);
  assert_null(sr_engine_next(bench.engine, S - 1));
  assert_ptr_equal(sr_engine_next(bench.engine, 1), second);
  assert_int_equal(second->state, SR_STATE_SENDING);
  assert_int_equal(second->attempts, 1);
  assert_int_equal(bench.manual.now, 1001 * S);
  sr_call_delete(first);
  sr_call_delete(second);
  tear_down(&bench);
}

/* ---- by file ---- */

static char dir[100];

static int make_dir(void **state) {
  (void)state;
  return new_folder(dir, sizeof dir, "sr_engine");
}

static int remove_dir(void **state) {
  char command[200];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  return system(command);
}

static struct sr_settings shared_settings(int slots) {
  struct sr_settings settings = settings_of(fresh_salt(), slots);
  settings.local.shared = 1;
  settings.local.state_dir = dir;
  return settings;
}

static void without_a_file_calls_continue_and_one_event_says_why(void **state) {
  struct sr_settings settings = shared_settings(5);
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  assert_int_equal(chmod(dir, 0777), 0);
  set_up_with(&bench, &settings);
  for (i = 0; i < 3; i++) {
    call = in_flight(&bench, 60 * S);
    answer(call, 200, "", "");
    if (i == 0)
      assert_non_null(
          strstr(event_of(call, SR_EVENT_LIMITER_FALLBACK).problem, "others can write to it"));
    assert_string_equal(events_of(call), i == 0 ? "limiter_fallback" : "");
    sr_call_delete(call);
  }
  for (i = 0; i < 2; i++) { /* it comes back and goes again: reported again */
    bench.manual.now += 20 * S;
    assert_int_equal(chmod(dir, i == 0 ? 0700 : 0777), 0);
    if (i == 1)
      assert_int_equal(remove_dir(NULL) + mkdir(dir, 0777) + chmod(dir, 0777), 0);
    call = in_flight(&bench, 60 * S);
    answer(call, 200, "", "");
    CHECK(strcmp(events_of(call), "") == 0 || i == 1, "way %d", i);
    sr_call_delete(call);
  }
  tear_down(&bench);
}

/* Two processes of one key share its slots. */
static void engines_of_two_processes_share_the_limit(void **state) {
  struct sr_settings settings = shared_settings(3);
  struct bench bench;
  struct sr_call *calls[3];
  pid_t child;
  int i;
  (void)state;
  set_up_with(&bench, &settings);
  for (i = 0; i < 2; i++)
    calls[i] = in_flight(&bench, 60 * S);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct bench inner;
    set_up_with(&inner, &settings);
    for (i = 0; i < 3; i++)
      calls[i] = submitted(&inner, 60 * S);
    sr_engine_step(inner.engine);
    _exit((calls[0]->state == SR_STATE_SENDING) + 2 * (calls[1]->state == SR_STATE_SENDING) +
          4 * (calls[2]->state == SR_STATE_SENDING));
  }
  assert_int_equal(exit_status(child), 1);
  calls[2] = submitted(&bench, 5 * S); /* the child took the third one and exited */
  assert_int_equal(run(&bench, calls[2]), SR_RUN_DONE);
  expect_end(calls[2], SR_RATE_LIMIT, "no_slot");
  for (i = 0; i < 3; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* Calls that wait for the same slot retry milliseconds apart, not all at once. */
static void processes_waiting_for_the_same_slot_are_spread_out(void **state) {
  struct sr_settings settings = shared_settings(1);
  sr_time least = S, most = 0;
  uint64_t seed;
  (void)state;
  for (seed = 1; seed <= 50; seed++) {
    struct bench bench;
    struct sr_call *first, *second;
    sr_time late;
    settings.limit_salt = fresh_salt();
    set_up_with(&bench, &settings);
    reseed(&bench, seed);
    first = submitted(&bench, 60 * S);
    second = submitted(&bench, 60 * S);
    run(&bench, first);
    answer(first, 200, "", "");
    assert_int_equal(run(&bench, second), SR_RUN_EXTERNAL);
    late = bench.manual.now - 1001 * S;
    assert_in_range(late, 0, 3 * MS);
    least = late < least ? late : least;
    most = late > most ? late : most;
    sr_call_delete(first);
    sr_call_delete(second);
    tear_down(&bench);
  }
  assert_true(least < MS / 2 && most > 2 * MS);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_that_waits_because_of_silence_says_so),
      cmocka_unit_test(a_call_beyond_max_queue_is_refused_and_takes_no_slot),
      cmocka_unit_test(calls_with_a_slot_do_not_count_as_waiting),
      cmocka_unit_test(a_retry_is_never_refused_for_a_full_queue),
      cmocka_unit_test(calls_of_low_priority_leave_the_last_slot_to_others),
      cmocka_unit_test(queued_calls_of_low_priority_do_not_delay_others),
      cmocka_unit_test(by_send_time_n_calls_a_window_are_sent_however_slow_the_answers),
      cmocka_unit_test(by_send_time_the_window_begins_when_the_request_is_sent),
      cmocka_unit_test(a_process_stopped_during_another_s_429_takes_a_new_slot_before_sending),
      cmocka_unit_test(a_process_stopped_while_the_key_was_blocked_sends_nothing),
      cmocka_unit_test(by_answer_a_process_stopped_past_its_deadline_sends_nothing),
      cmocka_unit_test(calls_handed_out_after_another_s_429_take_a_new_slot),
      FILE_TEST(without_a_file_calls_continue_and_one_event_says_why),
      FILE_TEST(engines_of_two_processes_share_the_limit),
      FILE_TEST(processes_waiting_for_the_same_slot_are_spread_out),
  };
  return cmocka_run_group_tests_name("sr_engine_limit", tests, NULL, NULL);
}
