/* The engine and its limiters: bans, queues, pacing, events; and a limiter that must ask somebody
** else.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- what happened ---- */

static const char *name_of(enum sr_event_type type) {
  static const char *const names[] = {"wait",    "retry",     "rate_limited",
                                      "blocked", "unblocked", "limiter_fallback"};
  return names[type];
}

/* The events of a call so far, "wait retry", and none of them any more. */
static const char *events_of(struct sr_call *call) {
  static char text[400];
  int i;
  text[0] = '\0';
  for (i = 0; i < call->event_count; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
             name_of(call->events[i].type));
  call->event_count = 0;
  return text;
}

static struct sr_event event_of(const struct sr_call *call, enum sr_event_type type) {
  int i;
  for (i = 0; i < call->event_count && call->events[i].type != type; i++)
    ;
  CHECK(i < call->event_count, "no event %s", name_of(type));
  return call->events[i];
}

/* A call that ends in a 429 at once; what it ended with is looked at by who wants to. */
static struct sr_call *refused(struct bench *bench) {
  struct sr_call *call = call_of(bench->config, 60 * S);
  call->retries = 0;
  sr_engine_submit(bench->engine, call);
  assert_int_equal(run(bench, call), SR_RUN_EXTERNAL);
  answer(call, 429, "", "{\"message\":\"Too Many Requests\"}");
  return call;
}

/* Three of them: the key is blocked for ten minutes from then on. Returns when the ban ends. */
static sr_time block(struct bench *bench) {
  int i;
  for (i = 0; i < 3; i++) {
    struct sr_call *call = refused(bench);
    assert_int_equal(call->state, SR_STATE_DONE);
    sr_call_delete(call);
  }
  return bench->manual.now + 600 * S;
}

/* ---- events ---- */

static void a_call_that_gets_its_slot_at_once_has_nothing_to_tell(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = submitted(&bench, 60 * S);
  run(&bench, call);
  answer(call, 200, "", "");
  assert_string_equal(events_of(call), "");
  sr_call_delete(call);
  tear_down(&bench);
}

static void waiting_for_a_slot_is_told_with_how_long_it_took(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  struct sr_event event;
  (void)state;
  set_up(&bench, 1);
  first = submitted(&bench, 60 * S);
  run(&bench, first);
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

static void a_retry_is_told_with_its_pause_and_its_cause(void **state) {
  struct bench bench;
  struct sr_call *call;
  struct sr_event event;
  sr_time before;
  (void)state;
  set_up(&bench, 5);
  call = submitted(&bench, 60 * S);
  run(&bench, call);
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

static void a_429_is_told_with_how_long_all_stop(void **state) {
  struct bench bench;
  struct sr_call *call;
  struct sr_event event;
  (void)state;
  set_up(&bench, 5);
  call = submitted(&bench, 60 * S);
  run(&bench, call);
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

static void
the_third_429_is_told_as_a_ban_and_the_probe_that_gets_through_as_its_end(void **state) {
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
  probe = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, probe), SR_RUN_EXTERNAL);
  answer(probe, 200, "", "");
  assert_string_equal(events_of(probe), "unblocked");
  sr_call_delete(call);
  sr_call_delete(other);
  sr_call_delete(probe);
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
  sr_engine_submit(bench.engine, call);
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

/* The 429 that opens it holds all for its Retry-After as well: that is not what people must know. */
static void a_block_is_called_so_also_while_a_429_holds_all(void **state) {
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 3; i++) {
    call = call_of(bench.config, 120 * S);
    call->retries = 0;
    sr_engine_submit(bench.engine, call);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
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

static void the_call_whose_429_was_one_too_many_ends_as_blocked(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  sr_call_delete(refused(&bench));
  sr_call_delete(refused(&bench));
  call = submitted(&bench, 3600 * S); /* with retries, and time */
  run(&bench, call);
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
    call = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
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

/* A host that is retired answers "No token" to every key: that says nothing about this one. */
static void no_token_does_not_block_a_key(void **state) {
  struct bench bench;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 5; i++) {
    struct sr_call *call = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 403, "", "{\"message\":\"No token\"}");
    expect_end(call, SR_AUTH, "no_token");
    sr_call_delete(call);
  }
  tear_down(&bench);
}

static void after_the_ban_one_call_goes_and_the_others_wait_for_what_it_finds(void **state) {
  struct bench bench;
  struct sr_call *probe, *other, *waiting;
  (void)state;
  set_up(&bench, 5);
  bench.manual.now = block(&bench);
  probe = submitted(&bench, 60 * S);
  other = submitted(&bench, 60 * S);
  waiting = call_of(bench.config, 60 * S);
  waiting->wait_blocked = 1;
  sr_engine_submit(bench.engine, waiting);
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

static struct sr_call *patient(struct bench *bench, sr_time timeout) {
  struct sr_call *call = call_of(bench->config, timeout);
  call->wait_blocked = 1;
  sr_engine_submit(bench->engine, call);
  return call;
}

static void who_wants_to_wait_for_the_end_of_a_ban_does_within_its_deadline(void **state) {
  struct bench bench;
  struct sr_call *call, *late;
  sr_time end;
  (void)state;
  set_up(&bench, 5);
  end = block(&bench);
  late = patient(&bench, 600 * S); /* the ban ends with its deadline: too late */
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

static void waiting_for_a_ban_looks_every_ten_seconds_whether_it_was_ended(void **state) {
  struct bench bench;
  struct sr_call *call;
  sr_time end;
  int steps = 0;
  (void)state;
  set_up(&bench, 5);
  end = block(&bench);
  call = patient(&bench, 700 * S);
  for (sr_engine_step(bench.engine); call->state == SR_STATE_QUEUED; steps++) {
    bench.manual.now = sr_engine_wake(bench.engine);
    sr_engine_step(bench.engine);
  }
  assert_int_equal(steps, 60);
  assert_int_equal(bench.manual.now, end);
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_call_whose_429_opens_the_circuit_waits_too_if_it_wants(void **state) {
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

static void one_that_can_not_wait_any_more_says_that_the_key_is_blocked(void **state) {
  int way;
  (void)state;
  for (way = 0; way < 2; way++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    sr_call_delete(refused(&bench));
    sr_call_delete(refused(&bench));
    call = call_of(bench.config, way == 0 ? 700 * S : 300 * S);
    call->wait_blocked = 1;
    call->retries = way == 0 ? 0 : 2; /* no attempt is left, or no time */
    sr_engine_submit(bench.engine, call);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 429, "", "");
    expect_end(call, SR_BLOCKED, "too_many_requests");
    assert_int_equal(call->retry_after, 600 * S);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void a_reset_lets_those_go_who_wait_for_the_end_of_the_ban(void **state) {
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

/* Somebody else's reset, by seranking-limits or another process, is not heard of: it is looked for. */
static void a_reset_by_somebody_else_is_seen_within_seconds(void **state) {
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

/* ---- the queue ---- */

/* The last requests got no answer: the next one waits, alone, and one that can't says why. */
static void a_call_that_waits_because_nothing_is_answered_says_so(void **state) {
  struct bench bench;
  struct sr_call *calls[3], *call;
  size_t i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < COUNT(calls); i++) {
    calls[i] = post_submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
  }
  for (i = 0; i < COUNT(calls); i++) {
    lose(calls[i], 1);
    sr_call_delete(calls[i]);
  }
  call = submitted(&bench, S - 1);
  expect_end(call, SR_RATE_LIMIT, "unanswered");
  assert_int_equal(call->retry_after, S);
  assert_non_null(strstr(call->error.message, "got no answer"));
  sr_call_delete(call);
  call = submitted(&bench, 20 * S);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1001 * S);
  answer(call, 200, "", "[]");
  sr_call_delete(call);
  call = submitted(&bench, S);
  expect_end(call, SR_RATE_LIMIT, "no_slot"); /* the answer holds all for a window */
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_too_many_in_the_queue_is_refused_and_takes_nothing(void **state) {
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

/* Calls that can be sent at once don't wait, though nobody has stepped the engine yet. */
static void calls_for_which_there_are_slots_are_not_counted_as_waiting(void **state) {
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

static void a_repeated_attempt_is_never_refused_for_a_full_queue(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 1);
  struct bench bench;
  struct sr_call *call, *other;
  (void)state;
  settings.max_queue = 1;
  set_up_with(&bench, &settings);
  call = submitted(&bench, 60 * S);
  run(&bench, call);
  other = submitted(&bench, 60 * S); /* the queue is full with it */
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
    sr_engine_submit(bench.engine, low[i]);
  }
  normal = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(low[0]->state, SR_STATE_SENDING);
  assert_int_equal(low[1]->state, SR_STATE_QUEUED);
  assert_int_equal(normal->state, SR_STATE_SENDING); /* though it came last */
  assert_true(sr_engine_wake(bench.engine) > bench.manual.now);
  answer(normal, 200, "", "");
  answer(low[0], 200, "", "");
  for (i = 1; i < 3; i++) { /* and among themselves they go in order */
    assert_int_equal(run(&bench, low[i]), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, (1000 + i) * S);
    answer(low[i], 200, "", "");
  }
  for (i = 0; i < 3; i++)
    sr_call_delete(low[i]);
  sr_call_delete(normal);
  tear_down(&bench);
}

static void calls_of_low_priority_in_the_queue_are_in_nobody_s_way(void **state) {
  struct bench bench;
  struct sr_call *low[6], *normal;
  int i;
  (void)state;
  set_up(&bench, 2);
  for (i = 0; i < 6; i++) {
    low[i] = call_of(bench.config, 60 * S);
    low[i]->low = 1;
    sr_engine_submit(bench.engine, low[i]);
  }
  sr_engine_step(bench.engine); /* one goes, five wait for the slot that it has */
  normal = submitted(&bench, S / 2);
  assert_int_equal(run(&bench, normal), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1000 * S);
  for (i = 0; i < 6; i++)
    sr_call_delete(low[i]);
  sr_call_delete(normal);
  tear_down(&bench);
}

/* ---- pacing, and a process that is stopped between taking a slot and sending ---- */

static void by_send_time_n_calls_a_window_go_however_late_their_answers(void **state) {
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
  for (i = 0; i < 6; i++) /* a late answer gives no slot back twice */
    answer(calls[i], 200, "", "");
  assert_int_equal(busy(&bench), 2);
  for (i = 0; i < 6; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* A process that was stopped after it had taken its slot: what counts is when it sends. */
static void by_send_time_the_window_begins_with_the_sending(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 1);
  struct bench bench;
  struct sr_call *stopped, *other;
  (void)state;
  settings.send_time = 1;
  set_up_with(&bench, &settings);
  stopped = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine); /* it has its slot, and is not sent */
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

/* What others met while it was stopped between taking its slot and sending is looked at last. */
static void one_stopped_while_another_got_a_429_takes_again_before_it_sends(void **state) {
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
    assert_int_equal(bench.manual.now, 1001 * S); /* when the 429 holds all no longer */
    assert_int_equal(stopped->attempts, 1);       /* the one that was not made does not count */
    answer(stopped, 200, "", "");
    expect_end(stopped, SR_NO_ERROR, NULL);
    sr_call_delete(stopped);
    tear_down(&bench);
    tear_down(&other);
  }
}

static void one_stopped_while_the_key_was_blocked_sends_nothing(void **state) {
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

/* The lease is longer than the deadline: who comes to himself after it has nothing to send. */
static void by_answer_one_stopped_past_its_deadline_sends_nothing(void **state) {
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

/* The same where calls are handed out one after the other (sr_engine_next). */
static void calls_that_are_handed_out_after_another_s_429_take_again_too(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  (void)state;
  set_up(&bench, 2);
  first = call_of(bench.config, 60 * S);
  second = call_of(bench.config, 60 * S);
  first->retries = 0;
  sr_engine_submit_tagged(bench.engine, first, 1);
  sr_engine_submit_tagged(bench.engine, second, 2);
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
  const char *tmp = getenv("TMPDIR");
  (void)state;
  snprintf(dir, sizeof dir, "%.60s/sr_engine_XXXXXX", tmp != NULL ? tmp : "/tmp");
  return mkdtemp(dir) == NULL;
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

static void without_a_file_calls_go_on_and_one_of_them_tells_why(void **state) {
  struct sr_settings settings = shared_settings(5);
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  assert_int_equal(chmod(dir, 0777), 0);
  set_up_with(&bench, &settings);
  for (i = 0; i < 3; i++) {
    call = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 200, "", "");
    if (i == 0)
      assert_non_null(
          strstr(event_of(call, SR_EVENT_LIMITER_FALLBACK).problem, "others can write to it"));
    assert_string_equal(events_of(call), i == 0 ? "limiter_fallback" : "");
    sr_call_delete(call);
  }
  for (i = 0; i < 2; i++) { /* it comes back, and goes again: told again */
    bench.manual.now += 20 * S;
    assert_int_equal(chmod(dir, i == 0 ? 0700 : 0777), 0);
    if (i == 1)
      assert_int_equal(remove_dir(NULL) + mkdir(dir, 0777) + chmod(dir, 0777), 0);
    call = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 200, "", "");
    CHECK(strcmp(events_of(call), "") == 0 || i == 1, "way %d", i);
    sr_call_delete(call);
  }
  tear_down(&bench);
}

/* Two processes of one key: what the one takes, the other has not. */
static void engines_of_two_processes_share_the_limit(void **state) {
  struct sr_settings settings = shared_settings(3);
  struct bench bench;
  struct sr_call *calls[3];
  pid_t child;
  int i, status = -1;
  (void)state;
  set_up_with(&bench, &settings);
  for (i = 0; i < 2; i++) {
    calls[i] = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
  }
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
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 1);
  calls[2] = submitted(&bench, 5 * S); /* the child has the third one, and is gone */
  assert_int_equal(run(&bench, calls[2]), SR_RUN_DONE);
  expect_end(calls[2], SR_RATE_LIMIT, "no_slot");
  for (i = 0; i < 3; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* Those who wait for the same slot come back within milliseconds of each other, not at once. */
static void processes_that_wait_for_the_same_slot_are_spread(void **state) {
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
    sr_engine_delete(bench.engine);
    bench.engine = engine_on(&bench.manual, seed);
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

/* ---- a limiter that must ask somebody else ---- */

enum { ASKS = 32 };

/* What is asked for, and how it stands. */
struct request {
  enum { FREE, PENDING, ANSWERED, ABANDONED } state;
  enum sr_verdict verdict;
  struct sr_ruling ruling;
  struct sr_want want;
};

/* One for the whole process: the test plays the server. */
static struct {
  struct sr_limiter *open; /* the address of a byte: nothing is behind it */
  char handle;
  int opens, closes, forks, refuse_to_open, refuse_to_start;
  char settings[64];
  struct request requests[ASKS];
  int takes, given_back_unasked;
  enum sr_outcome outcomes[ASKS]; /* of slots that were held */
  int outcome_count;
  sr_time earliest, wake;
  enum sr_change news;
  enum sr_change change;   /* what the next give says */
  enum sr_verdict at_once; /* ASKED: as asynchronous ones do; or this, at once */
  const char *problem;     /* of a failure at once */
  int fd;                  /* to be polled, or -1 */
  enum sr_verdict on_work; /* what work makes of all that is pending; ASKED: nothing */
  int works, resets, views;
} server;

static const char *server_check(const char *settings) {
  (void)settings;
  return NULL;
}

static struct sr_limiter *server_open(const char *settings,
                                      const struct sr_limit_identity *identity) {
  (void)identity;
  if (server.refuse_to_open)
    return NULL;
  server.opens++;
  snprintf(server.settings, sizeof server.settings, "%s", settings);
  return (struct sr_limiter *)(void *)&server.handle;
}

static void server_close(struct sr_limiter *limiter) {
  assert_ptr_equal(limiter, &server.handle);
  server.closes++;
}

static void server_forked(struct sr_limiter *limiter) {
  (void)limiter;
  server.forks++;
}

/* What was answered to a request, as `take` says it. */
static enum sr_verdict conclude(struct request *request, struct sr_slot *slot,
                                struct sr_ruling *ruling) {
  memset(slot, 0, sizeof *slot);
  *ruling = request->ruling;
  request->state = FREE;
  if (request->verdict == SR_LIMIT_GRANTED) {
    slot->state = SR_SLOT_HELD;
    slot->send_by = request->want.lease - request->want.rate.window - SR_LATE_COUNT;
  }
  return request->verdict;
}

static enum sr_verdict server_take(struct sr_limiter *limiter, const struct sr_want *want,
                                   sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  struct request *request = slot->request;
  (void)limiter;
  (void)now;
  if (slot->state == SR_SLOT_ASKED) {
    if (request->state == ANSWERED)
      return conclude(request, slot, ruling);
    assert_int_equal(request->state, PENDING);
    return SR_LIMIT_ASKED;
  }
  assert_int_equal(slot->state, SR_SLOT_NONE);
  server.takes++;
  for (request = server.requests; request->state != FREE; request++)
    assert_true(request < server.requests + ASKS - 1);
  memset(request, 0, sizeof *request);
  request->want = *want;
  if (server.at_once != SR_LIMIT_ASKED) {
    request->verdict = server.at_once;
    if (server.problem != NULL)
      snprintf(request->ruling.problem, sizeof request->ruling.problem, "%s", server.problem);
    return conclude(request, slot, ruling);
  }
  request->state = PENDING;
  slot->state = SR_SLOT_ASKED;
  slot->request = request;
  return SR_LIMIT_ASKED;
}

static int server_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                        struct sr_slot *slot) {
  (void)limiter;
  (void)rate;
  return now < slot->send_by && server.refuse_to_start-- <= 0;
}

static enum sr_change server_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                  sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                  sr_time hold) {
  enum sr_change change = server.change;
  (void)limiter;
  (void)rate;
  (void)now;
  (void)hold;
  server.change = SR_CHANGE_NONE;
  if (slot->state == SR_SLOT_ASKED)
    ((struct request *)slot->request)->state = ABANDONED;
  else if (slot->state == SR_SLOT_HELD && server.outcome_count < ASKS)
    server.outcomes[server.outcome_count++] = outcome;
  else
    server.given_back_unasked++;
  memset(slot, 0, sizeof *slot);
  return change;
}

static sr_time server_earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                               unsigned ahead) {
  (void)limiter;
  (void)rate;
  (void)ahead;
  return server.earliest > now ? server.earliest : now;
}

static void server_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  (void)limiter;
  server.views++;
  view->scope = "elsewhere";
  view->place = "server.example";
  (void)now;
}

static void server_reset(struct sr_limiter *limiter, sr_time now) {
  (void)limiter;
  (void)now;
  server.resets++;
}

static int server_watch(struct sr_limiter *limiter, struct sr_watch *watches) {
  (void)limiter;
  watches[0].fd = server.fd;
  watches[0].events = POLLIN;
  return server.fd >= 0;
}

static sr_time server_wake(struct sr_limiter *limiter) {
  (void)limiter;
  return server.wake;
}

static void answer_ask(int which, enum sr_verdict verdict, sr_time at) {
  struct request *request = &server.requests[which];
  assert_int_equal(request->state, PENDING);
  request->state = ANSWERED;
  request->verdict = verdict;
  request->ruling.at = at;
  request->ruling.block = verdict == SR_LIMIT_BLOCKED ? SR_BLOCK_RATE : SR_BLOCK_NONE;
}

static void server_work(struct sr_limiter *limiter, sr_time now) {
  struct pollfd fd = {server.fd, POLLIN, 0};
  int i, due = server.fd >= 0 ? poll(&fd, 1, 0) == 1 : server.wake <= now;
  (void)limiter;
  server.works++;
  for (i = 0; i < ASKS && due && server.on_work != SR_LIMIT_ASKED; i++)
    if (server.requests[i].state == PENDING)
      answer_ask(i, server.on_work, now);
  if (due && server.fd < 0)
    server.wake = SR_NEVER;
}

static enum sr_change server_news(struct sr_limiter *limiter) {
  enum sr_change news = server.news;
  (void)limiter;
  server.news = SR_CHANGE_NONE;
  return news;
}

static int server_idle(struct sr_limiter *limiter) {
  (void)limiter;
  return 1;
}

static const struct sr_limiter_driver asking_driver = {
    .abi = SR_LIMITER_ABI,
    .check = server_check,
    .open = server_open,
    .close = server_close,
    .forked = server_forked,
    .take = server_take,
    .start = server_start,
    .give = server_give,
    .earliest = server_earliest,
    .view = server_view,
    .reset = server_reset,
    .watch = server_watch,
    .wake = server_wake,
    .work = server_work,
    .news = server_news,
    .idle = server_idle,
};

static struct sr_settings asking_settings(int slots) {
  struct sr_settings settings = settings_of(fresh_salt(), slots);
  memset(&server, 0, sizeof server);
  server.wake = SR_NEVER;
  server.at_once = server.on_work = SR_LIMIT_ASKED;
  server.fd = -1;
  settings.driver = &asking_driver;
  settings.driver_settings = "server.example";
  return settings;
}

static void set_up_asking(struct bench *bench, int slots) {
  struct sr_settings settings = asking_settings(slots);
  set_up_with(bench, &settings);
}

static int pending(void) {
  int i, count = 0;
  for (i = 0; i < ASKS; i++)
    count += server.requests[i].state == PENDING;
  return count;
}

static void a_call_begins_when_the_answer_comes(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->state, SR_STATE_QUEUED);
  assert_int_equal(call->slot.state, SR_SLOT_ASKED);
  assert_int_equal(sr_engine_wake(bench.engine), 1060 * S); /* nothing to do but wait */
  server.wake = 1000 * S + 30 * MS;
  server.on_work = SR_LIMIT_GRANTED;
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1000 * S + 30 * MS);
  assert_int_equal(server.takes, 1);
  answer(call, 200, "", "");
  expect_end(call, SR_NO_ERROR, NULL);
  assert_int_equal(server.outcome_count, 1);
  assert_int_equal(server.outcomes[0], SR_OUTCOME_FINE);
  assert_int_equal(server.given_back_unasked, 0);
  assert_string_equal(server.settings, "server.example");
  sr_call_delete(call);
  tear_down(&bench);
  assert_int_equal(server.opens, 1);
  assert_int_equal(server.closes, 1);
}

static void every_outcome_of_an_attempt_is_told(void **state) {
  static const struct {
    int status; /* 0: no answer, -1: nothing sent */
    const char *body;
    enum sr_outcome outcome;
  } rows[] = {{200, "", SR_OUTCOME_FINE},
              {404, "", SR_OUTCOME_FINE},
              {400, "", SR_OUTCOME_FINE},
              {500, "", SR_OUTCOME_ANSWERED},
              {503, "", SR_OUTCOME_ANSWERED},
              {429, "", SR_OUTCOME_REFUSED},
              {403, "{\"message\":\"Incorrect token\"}", SR_OUTCOME_BAD_KEY},
              {403, "{\"message\":\"No token\"}", SR_OUTCOME_ANSWERED},
              {403, "{\"message\":\"Access denied\"}", SR_OUTCOME_FINE},
              {0, "", SR_OUTCOME_SILENT},
              {-1, "", SR_OUTCOME_UNSENT}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct bench bench;
    struct sr_call *call;
    set_up_asking(&bench, 5);
    server.at_once = SR_LIMIT_GRANTED;
    call = call_of(bench.config, 60 * S);
    call->retries = 0;
    sr_engine_submit(bench.engine, call);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    if (rows[i].status > 0)
      answer(call, rows[i].status, "", rows[i].body);
    else
      lose(call, rows[i].status == 0);
    assert_int_equal(call->state, SR_STATE_DONE);
    assert_int_equal(server.outcome_count, 1);
    CHECK(server.outcomes[0] == rows[i].outcome, "%d %s: %d", rows[i].status, rows[i].body,
          (int)server.outcomes[0]);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void no_more_is_asked_at_once_than_there_are_slots_and_in_order(void **state) {
  struct bench bench;
  struct sr_call *calls[5];
  int i;
  (void)state;
  set_up_asking(&bench, 2);
  for (i = 0; i < 5; i++)
    calls[i] = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(pending(), 2);
  assert_int_equal(calls[0]->slot.state, SR_SLOT_ASKED);
  assert_int_equal(calls[1]->slot.state, SR_SLOT_ASKED);
  assert_int_equal(calls[2]->slot.state, SR_SLOT_NONE);
  answer_ask(1, SR_LIMIT_GRANTED, 0); /* the second one comes first */
  sr_engine_step(bench.engine);
  assert_int_equal(calls[1]->state, SR_STATE_SENDING);
  assert_int_equal(calls[0]->state, SR_STATE_QUEUED);
  assert_int_equal(calls[2]->slot.state, SR_SLOT_ASKED); /* there is room to ask again */
  assert_int_equal(calls[3]->slot.state, SR_SLOT_NONE);
  sr_engine_step(bench.engine);
  assert_int_equal(server.takes, 3);
  for (i = 0; i < 5; i++)
    sr_call_delete(calls[i]);
  assert_int_equal(pending(), 0); /* what was asked for is given back */
  tear_down(&bench);
}

static void told_to_wait_it_asks_again_at_that_time_and_not_before(void **state) {
  struct bench bench;
  struct sr_call *call, *other;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  answer_ask(0, SR_LIMIT_WAIT, 1003 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->slot.state, SR_SLOT_NONE);
  other = submitted(&bench, 60 * S); /* nor do others meanwhile */
  sr_engine_step(bench.engine);
  assert_int_equal(server.takes, 1);
  assert_in_range(sr_engine_wake(bench.engine), 1003 * S, 1003 * S + 3 * MS);
  bench.manual.now = 1003 * S + 3 * MS;
  server.at_once = SR_LIMIT_GRANTED;
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(server.takes, 3);
  assert_int_equal(other->state, SR_STATE_SENDING);
  sr_call_delete(call);
  sr_call_delete(other);
  tear_down(&bench);
}

static void told_of_a_ban_it_fails_or_waits_as_it_wants(void **state) {
  struct bench bench;
  struct sr_call *call, *waiting;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  waiting = patient(&bench, 900 * S);
  sr_engine_step(bench.engine);
  answer_ask(0, SR_LIMIT_BLOCKED, 1400 * S);
  answer_ask(1, SR_LIMIT_BLOCKED, 1400 * S);
  sr_engine_step(bench.engine);
  expect_end(call, SR_BLOCKED, "too_many_requests");
  assert_int_equal(call->retry_after, 400 * S);
  assert_int_equal(waiting->state, SR_STATE_QUEUED);
  sr_engine_cancel(waiting);
  assert_int_equal(server.given_back_unasked, 0);
  sr_call_delete(call);
  sr_call_delete(waiting);
  tear_down(&bench);
}

static void without_a_stand_in_a_limiter_out_of_reach_fails_the_call(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 5);
  server.at_once = SR_LIMIT_FAILED;
  server.problem = "server.example: connection refused";
  call = post_submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_NETWORK, "limiter");
  assert_non_null(strstr(call->error.message, "server.example: connection refused"));
  assert_non_null(strstr(call->error.hint, "on_limiter_error"));
  assert_false(call->sent);
  assert_true(call->retryable);
  assert_int_equal(call->attempts, 0);
  assert_string_equal(events_of(call), "");
  sr_call_delete(call);
  tear_down(&bench);
}

static void
with_a_stand_in_calls_go_on_in_the_process_s_own_slots_and_it_is_told_once(void **state) {
  struct sr_settings settings = asking_settings(2);
  struct bench bench;
  struct sr_call *calls[4];
  int i;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  server.at_once = SR_LIMIT_FAILED;
  server.problem = "server.example: connection refused";
  for (i = 0; i < 4; i++)
    calls[i] = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  for (i = 0; i < 4; i++)
    assert_int_equal(calls[i]->state, i < 2 ? SR_STATE_SENDING : SR_STATE_QUEUED);
  assert_string_equal(event_of(calls[0], SR_EVENT_LIMITER_FALLBACK).problem, server.problem);
  assert_string_equal(events_of(calls[0]), "limiter_fallback");
  assert_string_equal(events_of(calls[1]), "");
  for (i = 0; i < 2; i++)
    answer(calls[i], 200, "", "");
  assert_int_equal(server.outcome_count + server.given_back_unasked, 0); /* it was not its slot */
  for (i = 2; i < 4; i++) {
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
    assert_in_range(bench.manual.now, 1001 * S, 1001 * S + 3 * MS); /* the rule holds there, too */
    answer(calls[i], 200, "", "");
  }
  for (i = 0; i < 4; i++)
    sr_call_delete(calls[i]);
  for (i = 0; i < 2; i++) { /* in reach, and out of it again: told again */
    bench.manual.now += 10 * S;
    server.at_once = i == 0 ? SR_LIMIT_GRANTED : SR_LIMIT_FAILED;
    server.problem = i == 0 ? NULL : "server.example: connection refused";
    calls[0] = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, calls[0]), SR_RUN_EXTERNAL);
    answer(calls[0], 200, "", "");
    assert_string_equal(events_of(calls[0]), i == 0 ? "" : "limiter_fallback");
    assert_int_equal(server.outcome_count, 1);
    sr_call_delete(calls[0]);
  }
  tear_down(&bench);
}

static void a_failure_that_comes_later_is_dealt_with_as_one_at_once(void **state) {
  int stand_in;
  (void)state;
  for (stand_in = 0; stand_in < 2; stand_in++) {
    struct sr_settings settings = asking_settings(2);
    struct bench bench;
    struct sr_call *call;
    settings.fall_back = stand_in;
    set_up_with(&bench, &settings);
    call = submitted(&bench, 60 * S);
    sr_engine_step(bench.engine);
    bench.manual.now += 2 * S;
    answer_ask(0, SR_LIMIT_FAILED, 0);
    snprintf(server.requests[0].ruling.problem, 160, "no answer within 2 s");
    if (stand_in) {
      assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
      assert_string_equal(events_of(call), "limiter_fallback wait");
    } else {
      assert_int_equal(run(&bench, call), SR_RUN_DONE);
      expect_end(call, SR_NETWORK, "limiter");
    }
    sr_call_delete(call);
    tear_down(&bench);
  }
}

/* The server comes and goes: what was sent without it counts when it is back. */
static void with_a_stand_in_one_process_never_goes_over_as_the_server_comes_and_goes(void **state) {
  struct sr_settings settings = asking_settings(2);
  struct bench bench;
  struct sr_call *calls[6];
  sr_time sent[6];
  int i;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  for (i = 0; i < 6; i++) { /* which always says yes when it says anything */
    server.at_once = i % 2 == 0 ? SR_LIMIT_FAILED : SR_LIMIT_GRANTED;
    calls[i] = submitted(&bench, 60 * S);
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
    sent[i] = bench.manual.now;
    answer(calls[i], 200, "", "");
    CHECK(i < 2 || sent[i] - sent[i - 2] >= S, "call %d: the third within a window", i);
  }
  assert_int_equal(server.outcome_count, 3); /* each slot of its is given back */
  for (i = 0; i < 6; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

static void with_a_stand_in_a_slot_of_it_is_given_back_when_the_server_says_wait(void **state) {
  struct sr_settings settings = asking_settings(1);
  struct bench bench;
  struct sr_call *call;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->slot.state, SR_SLOT_ASKED);
  answer_ask(0, SR_LIMIT_WAIT, 1003 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->slot.state, SR_SLOT_NONE); /* others may have it meanwhile */
  server.at_once = SR_LIMIT_FAILED;
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL); /* the only one is free for it again */
  assert_in_range(bench.manual.now, 1003 * S, 1003 * S + 3 * MS);
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_limiter_has_the_last_word_before_a_request_is_sent(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 5);
  server.at_once = SR_LIMIT_GRANTED;
  server.refuse_to_start = 1; /* once */
  call = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(server.takes, 2);
  assert_int_equal(server.outcome_count, 1);
  assert_int_equal(server.outcomes[0], SR_OUTCOME_UNSENT);
  assert_int_equal(call->attempts, 1);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_slot_goes_back_to_the_limiter_that_it_is_of(void **state) {
  struct sr_settings settings = asking_settings(1);
  struct bench bench;
  struct sr_call *call;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  server.at_once = SR_LIMIT_FAILED;
  call = submitted(&bench, 60 * S);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  answer(call, 503, "", ""); /* of the process's own slots */
  assert_int_equal(server.outcome_count + server.given_back_unasked, 0);
  server.at_once = SR_LIMIT_GRANTED; /* in reach again, for the second attempt */
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  answer(call, 200, "", "");
  assert_int_equal(server.outcome_count, 1);
  assert_int_equal(server.outcomes[0], SR_OUTCOME_FINE);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_cancelled_while_it_asks_gives_back_what_it_asked_for(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  (void)state;
  set_up_asking(&bench, 1);
  first = submitted(&bench, 60 * S);
  second = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(pending(), 1);
  sr_engine_cancel(first);
  expect_end(first, SR_CANCELLED, "cancelled");
  assert_false(first->sent);
  assert_int_equal(server.requests[0].state, ABANDONED);
  sr_engine_step(bench.engine); /* the next one may ask now */
  assert_int_equal(second->slot.state, SR_SLOT_ASKED);
  sr_call_delete(first);
  sr_call_delete(second);
  assert_int_equal(pending(), 0);
  tear_down(&bench);
}

static void a_call_whose_time_is_over_while_it_asks_gives_back_what_it_asked_for(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 1);
  call = submitted(&bench, 5 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(bench.manual.now, 1005 * S);
  assert_int_equal(server.requests[0].state, ABANDONED);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_turn_that_can_not_come_in_time_is_not_asked_for(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 1);
  server.earliest = 1005 * S;
  call = submitted(&bench, 5 * S);
  expect_end(call, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(call->retry_after, 5 * S);
  assert_int_equal(server.takes, 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void each_attempt_asks_anew(void **state) {
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  for (i = 0; i < 3; i++) {
    server.wake = bench.manual.now; /* granted as soon as it works */
    sr_engine_step(bench.engine);
    while (call->state == SR_STATE_BACKOFF) {
      bench.manual.now = sr_engine_wake(bench.engine);
      sr_engine_step(bench.engine);
    }
    answer_ask(0, SR_LIMIT_GRANTED, 0);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    answer(call, 503, "", "");
  }
  expect_end(call, SR_SERVER, "unavailable");
  assert_int_equal(server.takes, 3);
  assert_int_equal(server.outcome_count, 3);
  sr_call_delete(call);
  tear_down(&bench);
}

static void news_of_the_limiter_are_told_by_a_call_under_way(void **state) {
  struct bench bench;
  struct sr_call *call, *stranger;
  struct sr_config *unlimited;
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  (void)state;
  set_up_asking(&bench, 5);
  unlimited = client_of(&settings);
  server.at_once = SR_LIMIT_GRANTED;
  stranger = call_of(unlimited, 60 * S); /* of another limiter */
  sr_engine_submit(bench.engine, stranger);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  server.news = SR_CHANGE_BLOCKED;
  sr_engine_step(bench.engine);
  assert_string_equal(events_of(call), "blocked");
  server.news = SR_CHANGE_UNBLOCKED;
  sr_engine_step(bench.engine);
  sr_engine_step(bench.engine);
  assert_string_equal(events_of(call), "unblocked");
  assert_string_equal(events_of(stranger), "");
  sr_call_delete(call);
  sr_call_delete(stranger);
  sr_config_unref(unlimited);
  tear_down(&bench);
}

static int look_at_asking_in_child(struct bench *bench, struct sr_call *asked) {
  struct sr_call *fresh;
  sr_engine_step(bench->engine);
  if (asked->state != SR_STATE_DONE || strcmp(asked->error.code, "forked") != 0)
    return 1;
  if (server.forks != 1 || server.requests[0].state != PENDING) /* it is the parent's */
    return 2;
  fresh = submitted(bench, 60 * S);
  sr_engine_step(bench->engine);
  if (fresh->slot.state !=
      SR_SLOT_ASKED) /* of one slot: the parent's request does not count here */
    return 3;
  sr_call_delete(fresh);
  sr_call_delete(asked);
  sr_engine_delete(bench->engine);
  return server.closes == 1 && server.given_back_unasked == 0 ? 0 : 4;
}

static void what_was_asked_for_before_a_fork_stays_the_parent_s(void **state) {
  struct bench bench;
  struct sr_call *call;
  pid_t child;
  int status = -1;
  (void)state;
  set_up_asking(&bench, 1);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(look_at_asking_in_child(&bench, call));
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  answer_ask(0, SR_LIMIT_GRANTED, 0);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(server.forks, 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void an_engine_opens_one_limiter_for_each_limit(void **state) {
  struct sr_settings settings = asking_settings(5);
  struct bench bench;
  struct sr_config *same, *other;
  struct sr_call *calls[3];
  int i;
  (void)state;
  set_up_with(&bench, &settings);
  same = client_of(&settings);
  settings.driver_settings = "other.example";
  other = client_of(&settings);
  server.at_once = SR_LIMIT_GRANTED;
  calls[0] = call_of(bench.config, 60 * S);
  calls[1] = call_of(same, 60 * S);
  calls[2] = call_of(other, 60 * S);
  sr_config_unref(same);
  sr_config_unref(other);
  for (i = 0; i < 3; i++)
    sr_engine_submit(bench.engine, calls[i]);
  assert_int_equal(server.opens, 2);
  assert_string_equal(server.settings, "other.example");
  for (i = 0; i < 3; i++)
    sr_call_delete(calls[i]);
  assert_int_equal(server.closes, 0); /* clients come and go */
  tear_down(&bench);
  assert_int_equal(server.closes, 2);
}

static void a_limiter_that_can_not_be_opened_ends_the_call(void **state) {
  struct bench bench;
  struct sr_call *call;
  struct sr_limit_view view;
  (void)state;
  set_up_asking(&bench, 5);
  server.refuse_to_open = 1;
  call = submitted(&bench, 60 * S);
  expect_end(call, SR_TOO_LARGE, "out_of_memory");
  assert_int_equal(sr_engine_view_limit(bench.engine, bench.config, 0, &view), 0);
  assert_int_equal(sr_engine_reset_limit(bench.engine, bench.config, 0), 0);
  assert_int_equal(sr_config_waiting(bench.config), 0);
  sr_call_delete(call);
  tear_down(&bench);
  assert_int_equal(server.closes, 0);
}

static void view_and_reset_go_to_the_limiter(void **state) {
  struct bench bench;
  struct sr_limit_view view;
  (void)state;
  set_up_asking(&bench, 5);
  assert_true(sr_engine_view_limit(bench.engine, bench.config, 0, &view));
  assert_string_equal(view.scope, "elsewhere");
  assert_int_equal(view.rate.slots, 5);
  assert_true(sr_engine_reset_limit(bench.engine, bench.config, 0));
  assert_int_equal(server.resets, 1);
  assert_int_equal(server.takes, 0);
  tear_down(&bench);
}

static void *write_later(void *ctx) {
  struct pollfd none = {-1, 0, 0};
  poll(&none, 1, 50);
  return write(*(int *)ctx, "x", 1) == 1 ? NULL : ctx;
}

/* On the real clock: the engine must not sleep over what it waits for. */
static void an_answer_on_the_limiter_s_descriptor_wakes_the_engine(void **state) {
  struct sr_settings settings = asking_settings(5);
  struct sr_engine_options options = {sr_clock_monotonic, 1, 1};
  struct bench bench;
  struct sr_call *call;
  pthread_t thread;
  void *failed;
  int ends[2];
  (void)state;
  bench.engine = sr_engine_new(&options);
  bench.config = client_of(&settings);
  assert_int_equal(pipe(ends), 0);
  server.fd = ends[0];
  server.on_work = SR_LIMIT_GRANTED;
  call = submitted(&bench, 60 * S);
  assert_int_equal(pthread_create(&thread, NULL, write_later, &ends[1]), 0);
  assert_int_equal(sr_engine_run(bench.engine, call, 20 * S), SR_RUN_EXTERNAL);
  assert_true(call->waited < 15 * S);
  assert_int_equal(pthread_join(thread, &failed), 0);
  assert_null(failed);
  CHECK(server.works < 10, "%d times it was looked whether there is an answer", server.works);
  sr_call_delete(call);
  tear_down(&bench);
  close(ends[0]);
  close(ends[1]);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_that_gets_its_slot_at_once_has_nothing_to_tell),
      cmocka_unit_test(waiting_for_a_slot_is_told_with_how_long_it_took),
      cmocka_unit_test(a_retry_is_told_with_its_pause_and_its_cause),
      cmocka_unit_test(a_429_is_told_with_how_long_all_stop),
      cmocka_unit_test(the_third_429_is_told_as_a_ban_and_the_probe_that_gets_through_as_its_end),
      cmocka_unit_test(events_that_do_not_fit_are_counted),
      cmocka_unit_test(while_the_key_is_blocked_calls_fail_at_once_and_say_when),
      cmocka_unit_test(a_block_is_called_so_also_while_a_429_holds_all),
      cmocka_unit_test(the_call_whose_429_was_one_too_many_ends_as_blocked),
      cmocka_unit_test(
          a_key_refused_twice_is_blocked_and_the_second_call_says_why_in_the_api_s_words),
      cmocka_unit_test(no_token_does_not_block_a_key),
      cmocka_unit_test(after_the_ban_one_call_goes_and_the_others_wait_for_what_it_finds),
      cmocka_unit_test(who_wants_to_wait_for_the_end_of_a_ban_does_within_its_deadline),
      cmocka_unit_test(waiting_for_a_ban_looks_every_ten_seconds_whether_it_was_ended),
      cmocka_unit_test(the_call_whose_429_opens_the_circuit_waits_too_if_it_wants),
      cmocka_unit_test(one_that_can_not_wait_any_more_says_that_the_key_is_blocked),
      cmocka_unit_test(a_reset_lets_those_go_who_wait_for_the_end_of_the_ban),
      cmocka_unit_test(a_reset_by_somebody_else_is_seen_within_seconds),
      cmocka_unit_test(a_call_that_waits_because_nothing_is_answered_says_so),
      cmocka_unit_test(a_call_too_many_in_the_queue_is_refused_and_takes_nothing),
      cmocka_unit_test(calls_for_which_there_are_slots_are_not_counted_as_waiting),
      cmocka_unit_test(a_repeated_attempt_is_never_refused_for_a_full_queue),
      cmocka_unit_test(calls_of_low_priority_leave_the_last_slot_to_others),
      cmocka_unit_test(calls_of_low_priority_in_the_queue_are_in_nobody_s_way),
      cmocka_unit_test(by_send_time_n_calls_a_window_go_however_late_their_answers),
      cmocka_unit_test(by_send_time_the_window_begins_with_the_sending),
      cmocka_unit_test(one_stopped_while_another_got_a_429_takes_again_before_it_sends),
      cmocka_unit_test(one_stopped_while_the_key_was_blocked_sends_nothing),
      cmocka_unit_test(by_answer_one_stopped_past_its_deadline_sends_nothing),
      cmocka_unit_test(calls_that_are_handed_out_after_another_s_429_take_again_too),
      FILE_TEST(without_a_file_calls_go_on_and_one_of_them_tells_why),
      FILE_TEST(engines_of_two_processes_share_the_limit),
      FILE_TEST(processes_that_wait_for_the_same_slot_are_spread),
      cmocka_unit_test(a_call_begins_when_the_answer_comes),
      cmocka_unit_test(every_outcome_of_an_attempt_is_told),
      cmocka_unit_test(no_more_is_asked_at_once_than_there_are_slots_and_in_order),
      cmocka_unit_test(told_to_wait_it_asks_again_at_that_time_and_not_before),
      cmocka_unit_test(told_of_a_ban_it_fails_or_waits_as_it_wants),
      cmocka_unit_test(without_a_stand_in_a_limiter_out_of_reach_fails_the_call),
      cmocka_unit_test(with_a_stand_in_calls_go_on_in_the_process_s_own_slots_and_it_is_told_once),
      cmocka_unit_test(a_failure_that_comes_later_is_dealt_with_as_one_at_once),
      cmocka_unit_test(with_a_stand_in_one_process_never_goes_over_as_the_server_comes_and_goes),
      cmocka_unit_test(with_a_stand_in_a_slot_of_it_is_given_back_when_the_server_says_wait),
      cmocka_unit_test(the_limiter_has_the_last_word_before_a_request_is_sent),
      cmocka_unit_test(a_slot_goes_back_to_the_limiter_that_it_is_of),
      cmocka_unit_test(a_call_cancelled_while_it_asks_gives_back_what_it_asked_for),
      cmocka_unit_test(a_call_whose_time_is_over_while_it_asks_gives_back_what_it_asked_for),
      cmocka_unit_test(a_turn_that_can_not_come_in_time_is_not_asked_for),
      cmocka_unit_test(each_attempt_asks_anew),
      cmocka_unit_test(news_of_the_limiter_are_told_by_a_call_under_way),
      cmocka_unit_test(what_was_asked_for_before_a_fork_stays_the_parent_s),
      cmocka_unit_test(an_engine_opens_one_limiter_for_each_limit),
      cmocka_unit_test(a_limiter_that_can_not_be_opened_ends_the_call),
      cmocka_unit_test(view_and_reset_go_to_the_limiter),
      cmocka_unit_test(an_answer_on_the_limiter_s_descriptor_wakes_the_engine),
  };
  return cmocka_run_group_tests_name("sr_engine_limit", tests, NULL, NULL);
}
