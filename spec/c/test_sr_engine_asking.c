/* The engine with a limiter that must ask a server, with and without a fallback.
** SPDX-License-Identifier: MIT */
#include "asking_limiter.h"
#include "engine_events.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

/* ---- a limiter that must ask a server ---- */

static void a_call_starts_when_the_limiter_answers(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(call->state, SR_STATE_QUEUED);
  assert_int_equal(call->slot.state, SR_SLOT_ASKED);
  assert_int_equal(wake_of(&bench), 1060 * S); /* only waits */
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

static void every_outcome_of_an_attempt_is_reported_to_the_limiter(void **state) {
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
              {401, "{\"message\":\"Unauthorized\"}", SR_OUTCOME_BAD_KEY},
              {401, "{\"message\":\"Unauthenticated.\"}", SR_OUTCOME_ANSWERED},
              {0, "", SR_OUTCOME_SILENT},
              {-1, "", SR_OUTCOME_UNSENT}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct bench bench;
    struct sr_call *call;
    set_up_asking(&bench, 5);
    server.at_once = SR_LIMIT_GRANTED;
    call = in_flight(&bench, 60 * S);
    call->retries = 0;
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

static void at_most_as_many_slots_are_asked_for_as_exist_in_queue_order(void **state) {
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
  assert_int_equal(pending(), 0); /* the requested slots are given back */
  tear_down(&bench);
}

/* Two clients, each with a limiter; there are news of the second one's. */
static void news_are_told_to_a_call_of_that_limiter_if_there_is_one(void **state) {
  struct sr_settings settings;
  struct bench bench;
  struct sr_config *second;
  struct sr_call *first, *call;
  (void)state;
  set_up_asking(&bench, 5);
  settings = settings_of(fresh_salt(), 5);
  settings.driver = &asking_driver;
  settings.driver_settings = "server.example";
  second = client_of(&settings);
  first = submitted(&bench, 60 * S);
  call = call_of(second, 60 * S);
  sr_engine_submit(bench.engine, call, 0);
  server.news = SR_CHANGE_BLOCKED;
  server.news_after = 1;
  sr_engine_step(bench.engine);
  assert_string_equal(events_of(first), "");
  assert_string_equal(events_of(call), "blocked");
  sr_call_delete(call);
  server.news = SR_CHANGE_UNBLOCKED; /* nobody is left to be told */
  server.news_after = 1;
  sr_engine_step(bench.engine);
  assert_int_equal(server.news, SR_CHANGE_NONE);
  assert_string_equal(events_of(first), "");
  sr_call_delete(first);
  sr_config_unref(second);
  tear_down(&bench);
}

/* The caller's descriptors and the limiter's are polled together. */
static void the_caller_s_descriptors_are_polled_with_the_limiter_s(void **state) {
  struct bench bench;
  struct curl_waitfd extra;
  struct sr_call *call;
  int ends[2];
  (void)state;
  set_up_asking(&bench, 5);
  assert_int_equal(pipe(ends), 0);
  server.fd = ends[0];
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  memset(&extra, 0, sizeof extra);
  extra.fd = ends[0];
  extra.events = CURL_WAIT_POLLIN;
  assert_int_equal(write(ends[1], "x", 1), 1);
  sr_engine_poll(bench.engine, &extra, 1, SR_NEVER);
  assert_int_equal(extra.revents, CURL_WAIT_POLLIN);
  sr_call_delete(call);
  tear_down(&bench);
  close(ends[0]);
  close(ends[1]);
}

/* A call that waits for the end of a ban asks at once when the limit is reset. */
static void a_reset_lets_calls_of_its_limiter_ask_at_once(void **state) {
  struct bench bench;
  struct sr_config *second;
  struct sr_settings settings;
  struct sr_call *call, *other;
  (void)state;
  set_up_asking(&bench, 5);
  settings = settings_of(fresh_salt(), 5);
  settings.driver = &asking_driver;
  settings.driver_settings = "server.example";
  second = client_of(&settings);
  call = call_of(bench.config, 3600 * S);
  call->wait_blocked = 1;
  other = call_of(second, 3600 * S);
  other->wait_blocked = 1;
  sr_engine_submit(bench.engine, other, 0);
  sr_engine_submit(bench.engine, call, 0);
  sr_engine_step(bench.engine);
  answer_ask(0, SR_LIMIT_BLOCKED, 1600 * S);
  answer_ask(1, SR_LIMIT_BLOCKED, 1600 * S);
  sr_engine_step(bench.engine);
  assert_int_equal(pending(), 0);
  sr_engine_reset_limit(bench.engine, bench.config, 0);
  sr_engine_step(bench.engine);
  assert_int_equal(call->slot.state, SR_SLOT_ASKED);
  assert_int_equal(other->slot.state, SR_SLOT_NONE);
  sr_call_delete(call);
  sr_call_delete(other);
  sr_config_unref(second);
  tear_down(&bench);
}

static void a_call_told_to_wait_asks_again_at_that_time(void **state) {
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
  assert_in_range(wake_of(&bench), 1003 * S, 1003 * S + 3 * MS);
  bench.manual.now = 1003 * S + 3 * MS;
  server.at_once = SR_LIMIT_GRANTED;
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(server.takes, 3);
  assert_int_equal(other->state, SR_STATE_SENDING);
  sr_call_delete(call);
  sr_call_delete(other);
  tear_down(&bench);
}

static void a_call_told_of_a_ban_fails_or_waits_as_configured(void **state) {
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

static void without_a_fallback_an_unreachable_limiter_fails_the_call(void **state) {
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
with_a_fallback_calls_use_the_process_s_own_slots_and_one_event_reports_it(void **state) {
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
  assert_int_equal(server.outcome_count + server.given_back_unasked,
                   0); /* it had no slot to give back */
  for (i = 2; i < 4; i++) {
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
    assert_in_range(bench.manual.now, 1001 * S, 1001 * S + 3 * MS); /* the same rule applies */
    answer(calls[i], 200, "", "");
  }
  for (i = 0; i < 4; i++)
    sr_call_delete(calls[i]);
  for (i = 0; i < 2; i++) { /* reached and lost again: reported again */
    bench.manual.now += 10 * S;
    server.at_once = i == 0 ? SR_LIMIT_GRANTED : SR_LIMIT_FAILED;
    server.problem = i == 0 ? NULL : "server.example: connection refused";
    calls[0] = in_flight(&bench, 60 * S);
    answer(calls[0], 200, "", "");
    assert_string_equal(events_of(calls[0]), i == 0 ? "" : "limiter_fallback");
    assert_int_equal(server.outcome_count, 1);
    sr_call_delete(calls[0]);
  }
  tear_down(&bench);
}

static void a_late_failure_of_the_limiter_is_handled_like_an_immediate_one(void **state) {
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

/* The server comes and goes: requests sent without it count when it is back. */
static void
with_a_fallback_a_process_stays_within_the_limit_as_the_server_comes_and_goes(void **state) {
  struct sr_settings settings = asking_settings(2);
  struct bench bench;
  struct sr_call *calls[6];
  sr_time sent[6];
  int i;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  for (i = 0; i < 6; i++) { /* which grants every request that it answers */
    server.at_once = i % 2 == 0 ? SR_LIMIT_FAILED : SR_LIMIT_GRANTED;
    calls[i] = in_flight(&bench, 60 * S);
    sent[i] = bench.manual.now;
    answer(calls[i], 200, "", "");
    CHECK(i < 2 || sent[i] - sent[i - 2] >= S, "call %d: the third within a window", i);
  }
  assert_int_equal(server.outcome_count, 3); /* each of its slots is given back */
  for (i = 0; i < 6; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

static void with_a_fallback_its_slot_is_returned_when_the_server_says_wait(void **state) {
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

static void the_limiter_is_checked_once_more_before_a_request_is_sent(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 5);
  server.at_once = SR_LIMIT_GRANTED;
  server.refuse_to_start = 1; /* once */
  call = in_flight(&bench, 60 * S);
  assert_int_equal(server.takes, 2);
  assert_int_equal(server.outcome_count, 1);
  assert_int_equal(server.outcomes[0], SR_OUTCOME_UNSENT);
  assert_int_equal(call->attempts, 1);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_slot_is_returned_to_the_limiter_that_granted_it(void **state) {
  struct sr_settings settings = asking_settings(1);
  struct bench bench;
  struct sr_call *call;
  (void)state;
  settings.fall_back = 1;
  set_up_with(&bench, &settings);
  server.at_once = SR_LIMIT_FAILED;
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "", ""); /* one of the process's own slots */
  assert_int_equal(server.outcome_count + server.given_back_unasked, 0);
  server.at_once = SR_LIMIT_GRANTED; /* reachable again for the second attempt */
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  answer(call, 200, "", "");
  assert_int_equal(server.outcome_count, 1);
  assert_int_equal(server.outcomes[0], SR_OUTCOME_FINE);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_cancelled_while_asking_returns_its_requested_slot(void **state) {
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

static void a_call_fails_with_kind_limiter_if_the_limiter_never_answers(void **state) {
  struct bench bench;
  struct sr_call *calls[3];
  int i;
  (void)state;
  set_up_asking(&bench, 1);
  for (i = 0; i < 3; i++)
    calls[i] = submitted(&bench, 5 * S); /* one asks, the others wait behind it */
  for (i = 0; i < 3; i++) {
    assert_int_equal(run(&bench, calls[i]), SR_RUN_DONE);
    expect_end(calls[i], SR_NETWORK, "limiter");
    assert_non_null(strstr(calls[i]->error.message, "server.example: no answer"));
    sr_call_delete(calls[i]);
  }
  assert_int_equal(bench.manual.now, 1005 * S);
  assert_int_equal(server.requests[0].state, ABANDONED);
  tear_down(&bench);
}

/* It has reported all slots as taken: a missing answer adds nothing. */
static void a_call_that_expires_while_asking_again_fails_without_a_slot(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_asking(&bench, 1);
  call = submitted(&bench, 5 * S);
  sr_engine_step(bench.engine);
  answer_ask(0, SR_LIMIT_WAIT, 1004 * S);
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  assert_int_equal(server.takes, 2);
  expect_end(call, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(bench.manual.now, 1005 * S);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_turn_that_can_not_come_in_time_is_not_requested(void **state) {
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

static void each_attempt_asks_for_a_new_slot(void **state) {
  struct bench bench;
  struct sr_call *call;
  int i;
  (void)state;
  set_up_asking(&bench, 5);
  call = submitted(&bench, 60 * S);
  for (i = 0; i < 3; i++) {
    server.wake = bench.manual.now; /* granted as soon as work runs */
    sr_engine_step(bench.engine);
    while (call->state == SR_STATE_BACKOFF) {
      bench.manual.now = wake_of(&bench);
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

static void a_call_in_flight_reports_the_limiter_s_events(void **state) {
  struct bench bench;
  struct sr_call *call, *stranger;
  struct sr_config *unlimited;
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  (void)state;
  set_up_asking(&bench, 5);
  unlimited = client_of(&settings);
  server.at_once = SR_LIMIT_GRANTED;
  stranger = call_of(unlimited, 60 * S); /* of another limiter */
  sr_engine_submit(bench.engine, stranger, 0);
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

static void slots_requested_before_a_fork_stay_the_parent_s(void **state) {
  struct bench bench;
  struct sr_call *call;
  pid_t child;
  (void)state;
  set_up_asking(&bench, 1);
  call = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(look_at_asking_in_child(&bench, call));
  assert_int_equal(exit_status(child), 0);
  answer_ask(0, SR_LIMIT_GRANTED, 0);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(server.forks, 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void an_engine_opens_each_limiter_once(void **state) {
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
    sr_engine_submit(bench.engine, calls[i], 0);
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

static void view_and_reset_are_passed_to_the_limiter(void **state) {
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

/* On the real clock: the engine must not sleep past the event it waits for. */
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
      cmocka_unit_test(a_call_starts_when_the_limiter_answers),
      cmocka_unit_test(every_outcome_of_an_attempt_is_reported_to_the_limiter),
      cmocka_unit_test(at_most_as_many_slots_are_asked_for_as_exist_in_queue_order),
      cmocka_unit_test(news_are_told_to_a_call_of_that_limiter_if_there_is_one),
      cmocka_unit_test(the_caller_s_descriptors_are_polled_with_the_limiter_s),
      cmocka_unit_test(a_reset_lets_calls_of_its_limiter_ask_at_once),
      cmocka_unit_test(a_call_told_to_wait_asks_again_at_that_time),
      cmocka_unit_test(a_call_told_of_a_ban_fails_or_waits_as_configured),
      cmocka_unit_test(without_a_fallback_an_unreachable_limiter_fails_the_call),
      cmocka_unit_test(with_a_fallback_calls_use_the_process_s_own_slots_and_one_event_reports_it),
      cmocka_unit_test(a_late_failure_of_the_limiter_is_handled_like_an_immediate_one),
      cmocka_unit_test(
          with_a_fallback_a_process_stays_within_the_limit_as_the_server_comes_and_goes),
      cmocka_unit_test(with_a_fallback_its_slot_is_returned_when_the_server_says_wait),
      cmocka_unit_test(the_limiter_is_checked_once_more_before_a_request_is_sent),
      cmocka_unit_test(a_slot_is_returned_to_the_limiter_that_granted_it),
      cmocka_unit_test(a_call_cancelled_while_asking_returns_its_requested_slot),
      cmocka_unit_test(a_call_fails_with_kind_limiter_if_the_limiter_never_answers),
      cmocka_unit_test(a_call_that_expires_while_asking_again_fails_without_a_slot),
      cmocka_unit_test(a_turn_that_can_not_come_in_time_is_not_requested),
      cmocka_unit_test(each_attempt_asks_for_a_new_slot),
      cmocka_unit_test(a_call_in_flight_reports_the_limiter_s_events),
      cmocka_unit_test(slots_requested_before_a_fork_stay_the_parent_s),
      cmocka_unit_test(an_engine_opens_each_limiter_once),
      cmocka_unit_test(a_limiter_that_can_not_be_opened_ends_the_call),
      cmocka_unit_test(view_and_reset_are_passed_to_the_limiter),
      cmocka_unit_test(an_answer_on_the_limiter_s_descriptor_wakes_the_engine),
  };
  return cmocka_run_group_tests_name("sr_engine_asking", tests, NULL, NULL);
}
