/* Events of the engine, and calls while a key is blocked.
** SPDX-License-Identifier: MIT */
#include "engine_events.h"

/* ---- events ---- */

static void a_call_that_gets_its_slot_at_once_has_no_events(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 200, "", "");
  assert_string_equal(events_of(call), "");
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_wait_event_reports_how_long_the_call_waited(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  struct sr_event event;
  (void)state;
  set_up(&bench, 1);
  first = in_flight(&bench, 60 * S);
  second = submitted(&bench, 60 * S);
  bench.manual.now += 250 * MS;
  answer(first, 200, "", "");
  assert_int_equal(run(&bench, second), SR_RUN_EXTERNAL);
  event = event_of(second, SR_EVENT_WAIT);
  assert_int_equal(event.duration, 1250 * MS);
  assert_int_equal(event.attempt, 0);
  assert_int_equal(event.status, 0);
  assert_string_equal(events_of(second), "wait");
  sr_call_delete(first);
  sr_call_delete(second);
  tear_down(&bench);
}

static void a_retry_event_reports_the_pause_and_the_cause(void **state) {
  struct bench bench;
  struct sr_call *call;
  struct sr_event event;
  sr_time before;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "Retry-After: 4\r\n", "");
  event = event_of(call, SR_EVENT_RETRY);
  assert_int_equal(event.duration, 4 * S);
  assert_int_equal(event.attempt, 1);
  assert_int_equal(event.status, 503);
  assert_string_equal(event.code, "unavailable");
  assert_string_equal(events_of(call), "retry");
  run(&bench, call);
  lose(call, 1);
  event = event_of(call, SR_EVENT_RETRY);
  before = bench.manual.now;
  assert_int_equal(event.attempt, 2);
  assert_int_equal(event.status, 0);
  assert_string_equal(event.code, "connection_lost");
  run(&bench, call);
  assert_int_equal(bench.manual.now - before, event.duration);
  answer(call, 200, "", "");
  assert_string_equal(events_of(call), "retry");
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_429_event_reports_how_long_all_calls_are_held(void **state) {
  struct bench bench;
  struct sr_call *call;
  struct sr_event event;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 429, "Retry-After: 7\r\n", "");
  event = event_of(call, SR_EVENT_RATE_LIMITED);
  assert_int_equal(event.duration, 7 * S);
  assert_int_equal(event.status, 429);
  assert_int_equal(event.attempt, 1);
  assert_string_equal(events_of(call), "rate_limited retry");
  run(&bench, call);
  answer(call, 429, "", "");
  assert_int_equal(event_of(call, SR_EVENT_RATE_LIMITED).duration, S); /* at least a window */
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_third_429_is_reported_as_a_ban_and_a_successful_probe_as_its_end(void **state) {
  struct bench bench;
  struct sr_call *call, *probe, *other;
  struct sr_event event;
  (void)state;
  set_up(&bench, 5);
  sr_call_delete(refused(&bench));
  sr_call_delete(refused(&bench));
  call = refused(&bench);
  event = event_of(call, SR_EVENT_BLOCKED);
  assert_int_equal(event.duration, 600 * S);
  assert_int_equal(event.status, 429);
  assert_string_equal(events_of(call), "wait rate_limited blocked");
  bench.manual.now += 100 * S;
  other = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, other), SR_RUN_DONE);
  assert_int_equal(event_of(other, SR_EVENT_BLOCKED).duration, 500 * S);
  assert_string_equal(events_of(other), "blocked");
  bench.manual.now += 500 * S;
  probe = in_flight(&bench, 60 * S);
  answer(probe, 200, "", "");
  assert_string_equal(events_of(probe), "unblocked");
  sr_call_delete(call);
  sr_call_delete(other);
  sr_call_delete(probe);
  tear_down(&bench);
}

static void a_probe_that_a_failing_server_answers_leaves_the_key_blocked(void **state) {
  struct bench bench;
  struct sr_call *probe, *next, *other;
  (void)state;
  set_up(&bench, 5);
  bench.manual.now = block(&bench);
  probe = in_flight(&bench, 60 * S);
  probe->retries = 0;
  answer(probe, 503, "", "");
  assert_string_equal(events_of(probe), "");
  next = in_flight(&bench, 60 * S);
  other = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, other), SR_RUN_DONE);
  assert_int_equal(other->error.kind, SR_BLOCKED);
  sr_call_delete(probe);
  sr_call_delete(next);
  sr_call_delete(other);
  tear_down(&bench);
}

static void events_that_do_not_fit_are_counted(void **state) {
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up(&bench, 5);
  call = call_of(bench.config, 3600 * S);
  call->retries = 100;
  sr_engine_submit(bench.engine, call, 0);
  for (i = 0; i < SR_EVENTS_MAX + 5; i++) {
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 503, "", "");
  }
  assert_int_equal(call->event_count, SR_EVENTS_MAX);
  assert_int_equal(call->events_lost, 5);
  assert_int_equal(call->events[0].attempt, 1); /* the oldest are kept */
  assert_int_equal(call->events[SR_EVENTS_MAX - 1].attempt, SR_EVENTS_MAX);
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- blocked ---- */

/* The time after "until" in a message. */
static time_t named_time(const char *message) {
  const char *until = strstr(message, "until ");
  struct tm tm;
  memset(&tm, 0, sizeof tm);
  assert_non_null(until);
  assert_int_equal(sscanf(until, "until %d-%d-%d %d:%d:%d UTC", &tm.tm_year, &tm.tm_mon,
                          &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec),
                   6);
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return timegm(&tm);
}

static void while_the_key_is_blocked_calls_fail_at_once_and_say_when(void **state) {
  struct bench bench;
  struct sr_call *call, *post;
  sr_time end;
  time_t before = time(NULL);
  (void)state;
  set_up(&bench, 5);
  end = block(&bench);
  bench.manual.now += 60 * S;
  call = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_BLOCKED, "too_many_requests");
  assert_int_equal(call->retry_after, 540 * S);
  assert_int_equal(call->elapsed, 0);
  assert_int_equal(call->attempts, 0);
  assert_int_equal(call->error.status, 0);
  assert_false(call->sent);
  assert_true(call->retryable);
  assert_in_range(named_time(call->error.message), before + 540, time(NULL) + 541);
  post = post_submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, post), SR_RUN_DONE);
  assert_true(post->retryable); /* nothing was sent */
  sr_call_delete(call);
  sr_call_delete(post);
  bench.manual.now = end - 1;
  call = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_BLOCKED, "too_many_requests");
  assert_int_equal(call->retry_after, 1);
  sr_call_delete(call);
  tear_down(&bench);
}

/* The 429 that opens it also holds all calls for its Retry-After, which is not reported. */
static void a_block_is_reported_as_blocked_also_during_a_hold(void **state) {
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 3; i++) {
    call = in_flight(&bench, 120 * S);
    call->retries = 0;
    answer(call, 429, "Retry-After: 90\r\n", "");
    sr_call_delete(call);
  }
  call = submitted(&bench, 30 * S);
  run(&bench, call);
  expect_end(call, SR_BLOCKED, "too_many_requests");
  assert_int_equal(call->retry_after, 600 * S);
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_call_whose_429_caused_the_ban_ends_as_blocked(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  sr_call_delete(refused(&bench));
  sr_call_delete(refused(&bench));
  call = in_flight(&bench, 3600 * S); /* with retries and time left */
  answer(call, 429, "", "");
  expect_end(call, SR_BLOCKED, "too_many_requests");
  assert_int_equal(call->error.status, 429);
  assert_int_equal(call->retry_after, 600 * S);
  assert_true(call->retryable);
  assert_true(call->sent);
  assert_int_equal(call->attempts, 1);
  sr_call_delete(call);
  tear_down(&bench);
}

static void
a_key_refused_twice_is_blocked_and_the_second_call_says_why_in_the_api_s_words(void **state) {
  static const char body[] = "{\"message\":\"Incorrect token\"}";
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 2; i++) {
    call = in_flight(&bench, 60 * S);
    answer(call, 403, "", body);
    expect_end(call, SR_AUTH, "incorrect_token");
    assert_string_equal(events_of(call), i == 0 ? "" : "blocked");
    sr_call_delete(call);
  }
  call = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_BLOCKED, "bad_key");
  assert_int_equal(call->retry_after, 600 * S);
  assert_int_equal(call->attempts, 0);
  sr_call_delete(call);
  tear_down(&bench);
}

/* A retired host answers "No token" to every key, which says nothing about this one. */
static void the_answer_no_token_does_not_block_a_key(void **state) {
  struct bench bench;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 5; i++) {
    struct sr_call *call = in_flight(&bench, 60 * S);
    answer(call, 403, "", "{\"message\":\"No token\"}");
    expect_end(call, SR_AUTH, "no_token");
    sr_call_delete(call);
  }
  tear_down(&bench);
}

static void after_a_ban_one_call_is_sent_and_the_others_wait_for_its_outcome(void **state) {
  struct bench bench;
  struct sr_call *probe, *other, *waiting;
  (void)state;
  set_up(&bench, 5);
  bench.manual.now = block(&bench);
  probe = submitted(&bench, 60 * S);
  other = submitted(&bench, 60 * S);
  waiting = patient(&bench, 60 * S);
  assert_int_equal(run(&bench, probe), SR_RUN_EXTERNAL);
  expect_end(other, SR_BLOCKED, "too_many_requests");
  assert_int_equal(other->retry_after, S); /* a window from now the probe may have ended */
  assert_int_equal(waiting->state, SR_STATE_QUEUED);
  answer(probe, 200, "", "");
  assert_int_equal(run(&bench, waiting), SR_RUN_EXTERNAL);
  answer(waiting, 200, "", "");
  expect_end(waiting, SR_NO_ERROR, NULL);
  sr_call_delete(probe);
  sr_call_delete(other);
  sr_call_delete(waiting);
  tear_down(&bench);
}

/* ---- blocked, and waiting ---- */

static void a_call_configured_to_wait_waits_out_a_ban_within_its_deadline(void **state) {
  struct bench bench;
  struct sr_call *call, *late;
  sr_time end;
  (void)state;
  set_up(&bench, 5);
  end = block(&bench);
  late = patient(&bench, 600 * S); /* the ban ends at its deadline: too late */
  sr_engine_step(bench.engine);
  expect_end(late, SR_BLOCKED, "too_many_requests");
  assert_int_equal(late->retry_after, 600 * S);
  assert_int_equal(late->elapsed, 0);
  call = patient(&bench, 700 * S);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, end);
  assert_int_equal(call->waited, 600 * S);
  assert_int_equal(event_of(call, SR_EVENT_BLOCKED).duration, 600 * S);
  assert_int_equal(event_of(call, SR_EVENT_WAIT).duration, 600 * S);
  assert_string_equal(events_of(call), "blocked wait");
  answer(call, 200, "", "");
  assert_string_equal(events_of(call), "unblocked");
  sr_call_delete(late);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_waiting_out_a_ban_checks_every_ten_seconds_whether_it_was_lifted(void **state) {
  struct bench bench;
  struct sr_call *call;
  sr_time end;
  int steps = 0;
  (void)state;
  set_up(&bench, 5);
  end = block(&bench);
  call = patient(&bench, 700 * S);
  for (sr_engine_step(bench.engine); call->state == SR_STATE_QUEUED; steps++) {
    bench.manual.now = wake_of(&bench);
    sr_engine_step(bench.engine);
  }
  assert_int_equal(steps, 60);
  assert_int_equal(bench.manual.now, end);
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_call_whose_429_caused_the_ban_waits_if_configured_to(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  sr_call_delete(refused(&bench));
  sr_call_delete(refused(&bench));
  call = patient(&bench, 700 * S);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  events_of(call);
  answer(call, 429, "", "");
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 2);
  assert_in_range(bench.manual.now, 1602 * S, 1605 * S);
  assert_int_equal(event_of(call, SR_EVENT_BLOCKED).duration, 600 * S);
  answer(call, 200, "", "");
  expect_end(call, SR_NO_ERROR, NULL);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_that_expires_while_waiting_out_a_ban_ends_as_blocked(void **state) {
  int way;
  (void)state;
  for (way = 0; way < 2; way++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    sr_call_delete(refused(&bench));
    sr_call_delete(refused(&bench));
    call = patient(&bench, way == 0 ? 700 * S : 300 * S);
    call->retries = way == 0 ? 0 : 2; /* no attempt is left, or no time */
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 429, "", "");
    expect_end(call, SR_BLOCKED, "too_many_requests");
    assert_int_equal(call->retry_after, 600 * S);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void a_reset_starts_the_calls_that_wait_out_a_ban(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  block(&bench);
  call = patient(&bench, 700 * S);
  sr_engine_step(bench.engine);
  bench.manual.now += 5 * S;
  assert_true(sr_engine_reset_limit(bench.engine, bench.config, 0));
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1007 * S);
  sr_call_delete(call);
  tear_down(&bench);
}

/* A reset by seranking limits or another process sends no event: the engine polls for it. */
static void a_reset_by_another_process_is_noticed_within_seconds(void **state) {
  struct bench bench, other;
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct sr_call *call;
  sr_time before;
  (void)state;
  set_up_with(&bench, &settings);
  set_up_with(&other, &settings);
  block(&bench);
  call = patient(&bench, 700 * S);
  sr_engine_step(bench.engine);
  other.manual.now = bench.manual.now + 5 * S;
  assert_true(sr_engine_reset_limit(other.engine, other.config, 0));
  before = bench.manual.now;
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_in_range(bench.manual.now - before, 0, 10 * S + 10 * MS);
  sr_call_delete(call);
  tear_down(&bench);
  tear_down(&other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_that_gets_its_slot_at_once_has_no_events),
      cmocka_unit_test(a_wait_event_reports_how_long_the_call_waited),
      cmocka_unit_test(a_retry_event_reports_the_pause_and_the_cause),
      cmocka_unit_test(a_429_event_reports_how_long_all_calls_are_held),
      cmocka_unit_test(the_third_429_is_reported_as_a_ban_and_a_successful_probe_as_its_end),
      cmocka_unit_test(a_probe_that_a_failing_server_answers_leaves_the_key_blocked),
      cmocka_unit_test(events_that_do_not_fit_are_counted),
      cmocka_unit_test(while_the_key_is_blocked_calls_fail_at_once_and_say_when),
      cmocka_unit_test(a_block_is_reported_as_blocked_also_during_a_hold),
      cmocka_unit_test(the_call_whose_429_caused_the_ban_ends_as_blocked),
      cmocka_unit_test(
          a_key_refused_twice_is_blocked_and_the_second_call_says_why_in_the_api_s_words),
      cmocka_unit_test(the_answer_no_token_does_not_block_a_key),
      cmocka_unit_test(after_a_ban_one_call_is_sent_and_the_others_wait_for_its_outcome),
      cmocka_unit_test(a_call_configured_to_wait_waits_out_a_ban_within_its_deadline),
      cmocka_unit_test(a_call_waiting_out_a_ban_checks_every_ten_seconds_whether_it_was_lifted),
      cmocka_unit_test(the_call_whose_429_caused_the_ban_waits_if_configured_to),
      cmocka_unit_test(a_call_that_expires_while_waiting_out_a_ban_ends_as_blocked),
      cmocka_unit_test(a_reset_starts_the_calls_that_wait_out_a_ban),
      cmocka_unit_test(a_reset_by_another_process_is_noticed_within_seconds),
  };
  return cmocka_run_group_tests_name("sr_engine_ban", tests, NULL, NULL);
}
