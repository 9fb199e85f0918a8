/* Calls in the engine: slots, answers, the queue, cancelling, forks, wake-ups, tagged calls.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include "http/sr_retry.h"

#include <unistd.h>

/* ---- one call ---- */

static void a_call_goes_from_its_slot_to_its_answer(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = call_of(bench.config, 60 * S);
  assert_int_equal(call->state, SR_STATE_NEW);
  sr_engine_submit(bench.engine, call, 0);
  assert_int_equal(call->state, SR_STATE_SENDING); /* there was a slot */
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 1);
  assert_int_equal(bench.manual.now, 1000 * S);
  assert_int_equal(busy(&bench), 1);
  bench.manual.now += 300 * MS;
  answer(call, 200, "Content-Type: application/json\r\n", "[1]");
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_NO_ERROR, NULL);
  assert_int_equal(call->status, 200);
  assert_string_equal(call->answer.data, "[1]");
  assert_string_equal(call->head.data, "Content-Type: application/json\r\n");
  assert_int_equal(call->elapsed, 300 * MS);
  assert_int_equal(call->waited, 0);
  assert_int_equal(call->attempts, 1);
  assert_true(call->sent);
  assert_int_equal(call->retry_after, -1);
  bench.manual.now += S - 2;
  assert_int_equal(busy(&bench), 1);
  bench.manual.now += 2;
  assert_int_equal(busy(&bench), 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void every_2xx_is_a_success_with_or_without_a_body(void **state) {
  static const int statuses[] = {200, 201, 202, 204, 299};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(statuses); i++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    call = in_flight(&bench, 60 * S);
    answer(call, statuses[i], "", "");
    expect_end(call, SR_NO_ERROR, NULL);
    assert_int_equal(call->status, statuses[i]);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void a_lasting_error_ends_the_call(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 404, "", "{\"message\":\"Unknown site_engine_id\"}");
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  expect_end(call, SR_NOT_FOUND, "not_found");
  assert_int_equal(call->status, 404);
  assert_int_equal(call->error.status, 404);
  assert_int_equal(call->attempts, 1);
  assert_false(call->retryable);
  sr_call_delete(call);
  tear_down(&bench);
}

static void run_returns_after_max_wait(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  (void)state;
  set_up(&bench, 1);
  first = submitted(&bench, 60 * S);
  second = submitted(&bench, 60 * S);
  run(&bench, first);
  answer(first, 200, "", "");
  assert_int_equal(sr_engine_run(bench.engine, second, 250 * MS), SR_RUN_PENDING);
  assert_int_equal(bench.manual.now, 1000 * S + 250 * MS);
  assert_int_equal(sr_engine_run(bench.engine, second, 0), SR_RUN_PENDING);
  assert_int_equal(sr_engine_run(bench.engine, second, 750 * MS), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1001 * S);
  assert_int_equal(second->waited, S);
  sr_call_delete(first);
  sr_call_delete(second);
  tear_down(&bench);
}

static void an_attempt_ends_at_its_timeout_or_at_the_deadline(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = call_of(bench.config, 3 * S);
  call->attempt_timeout = 2 * S;
  assert_int_equal(sr_engine_time_left(call), 0);
  sr_engine_submit(bench.engine, call, 0);
  run(&bench, call);
  assert_int_equal(sr_engine_time_left(call), 2 * S);
  sr_engine_sleep(bench.engine, 1500 * MS);
  assert_int_equal(bench.manual.now, 1000 * S + 1500 * MS);
  assert_int_equal(sr_engine_time_left(call), 500 * MS);
  lose(call, 1);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_true(sr_engine_time_left(call) <= 1500 * MS);
  assert_int_equal(sr_engine_time_left(call), 1003 * S - bench.manual.now);
  bench.manual.now = 1004 * S;
  assert_int_equal(sr_engine_time_left(call), 0);
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- slots ---- */

static void a_call_that_can_not_get_a_slot_before_its_deadline_fails_at_once(void **state) {
  struct bench bench;
  struct sr_call *first, *late;
  (void)state;
  set_up(&bench, 1);
  first = in_flight(&bench, 60 * S);
  late = submitted(&bench, S);
  expect_end(late, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(late->attempts, 0);
  assert_int_equal(late->elapsed, 0);
  assert_int_equal(late->waited, 0);
  assert_int_equal(late->retry_after, S);
  assert_true(late->retryable);
  assert_false(late->sent);
  assert_int_equal(late->error.status, 0);
  sr_call_delete(late);
  answer(first, 200, "", "");
  bench.manual.now += 400 * MS;
  late = submitted(&bench, 600 * MS); /* the slot is free exactly at its deadline: too late */
  expect_end(late, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(late->retry_after, 600 * MS);
  sr_call_delete(late);
  late = in_flight(&bench, 600 * MS + 1);
  assert_int_equal(bench.manual.now, 1001 * S); /* it took no slot */
  sr_call_delete(first);
  sr_call_delete(late);
  tear_down(&bench);
}

static void calls_ahead_in_the_queue_count_in_the_estimate_of_a_turn(void **state) {
  struct bench bench;
  struct sr_call *calls[6];
  int i;
  (void)state;
  set_up(&bench, 2);
  for (i = 0; i < 4; i++)
    calls[i] = submitted(&bench, 60 * S); /* two can be sent now, two a window later */
  calls[4] = submitted(&bench, 2 * S);    /* its turn comes in two windows */
  expect_end(calls[4], SR_RATE_LIMIT, "no_slot");
  assert_int_equal(calls[4]->retry_after, 2 * S);
  calls[5] = submitted(&bench, 2 * S + 1);
  assert_int_equal(calls[5]->state, SR_STATE_QUEUED);
  for (i = 0; i < 6; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* A window before its deadline: a slot returned then becomes free too late. */
static void a_queued_call_fails_as_soon_as_no_slot_can_come_in_time(void **state) {
  struct bench bench;
  struct sr_call *first, *second;
  (void)state;
  set_up(&bench, 1);
  first = submitted(&bench, 60 * S);
  run(&bench, first); /* and takes long */
  second = submitted(&bench, 5 * S);
  assert_int_equal(run(&bench, second), SR_RUN_DONE);
  expect_end(second, SR_RATE_LIMIT, "no_slot");
  assert_int_equal(bench.manual.now, 1004 * S);
  assert_int_equal(second->elapsed, 4 * S);
  assert_int_equal(second->waited, 4 * S);
  assert_int_equal(second->retry_after, S);
  assert_int_equal(second->attempts, 0);
  sr_call_delete(first);
  sr_call_delete(second);
  tear_down(&bench);
}

static void queued_calls_are_sent_in_order(void **state) {
  struct bench bench;
  struct sr_call *calls[5];
  int i, k;
  (void)state;
  set_up(&bench, 1);
  for (i = 0; i < 5; i++)
    calls[i] = submitted(&bench, 60 * S);
  for (i = 0; i < 5; i++) {
    assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, 1000 * S + i * 1100 * MS);
    assert_int_equal(calls[i]->waited, i * 1100 * MS);
    for (k = i + 1; k < 5; k++)
      assert_int_equal(calls[k]->state, SR_STATE_QUEUED);
    bench.manual.now += 100 * MS;
    answer(calls[i], 200, "", "");
    assert_int_equal(calls[i]->waited + 100 * MS, calls[i]->elapsed);
  }
  for (i = 0; i < 5; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

static void one_step_starts_as_many_calls_as_there_are_free_slots(void **state) {
  struct bench bench;
  struct sr_call *calls[7];
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 7; i++)
    calls[i] = submitted(&bench, 60 * S);
  sr_engine_step(bench.engine);
  for (i = 0; i < 7; i++)
    assert_int_equal(calls[i]->state, i < 5 ? SR_STATE_SENDING : SR_STATE_QUEUED);
  for (i = 0; i < 7; i++)
    sr_call_delete(calls[i]);
  tear_down(&bench);
}

/* The server may count an unanswered request up to 0.2 s after the client gave it up. */
static void after_a_lost_answer_the_slot_cools_for_a_window_and_the_late_count(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 1);
  call = post_in_flight(&bench, 60 * S);
  lose(call, 1);
  bench.manual.now += 1200 * MS - 2;
  assert_int_equal(busy(&bench), 1);
  bench.manual.now += 2;
  assert_int_equal(busy(&bench), 0);
  sr_call_delete(call);
  tear_down(&bench);
}

/* The same holds for a call that reaches its deadline. */
static void
a_call_that_nobody_ends_keeps_its_slot_for_a_window_and_a_bit_after_its_deadline(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 1);
  call = in_flight(&bench, 10 * S);
  bench.manual.now = 1011 * S - 2;
  assert_int_equal(busy(&bench), 1);
  bench.manual.now = 1011 * S + 200 * MS - 2;
  assert_int_equal(busy(&bench), 1);
  bench.manual.now = 1011 * S + 200 * MS;
  assert_int_equal(busy(&bench), 0);
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- cancelling and deleting ---- */

static void cancel_ends_a_call_in_every_state(void **state) {
  struct bench bench;
  struct sr_call *fresh, *sending, *queued, *done;
  (void)state;
  set_up(&bench, 1);
  fresh = call_of(bench.config, 60 * S);
  sr_engine_cancel(fresh); /* not submitted: nothing to cancel */
  assert_int_equal(fresh->state, SR_STATE_NEW);
  sending = in_flight(&bench, 60 * S);
  queued = submitted(&bench, 60 * S);
  bench.manual.now += 300 * MS;
  sr_engine_cancel(queued);
  expect_end(queued, SR_CANCELLED, "cancelled");
  assert_int_equal(queued->attempts, 0);
  assert_false(queued->sent);
  assert_int_equal(queued->elapsed, 300 * MS);
  assert_int_equal(run(&bench, queued), SR_RUN_DONE);
  sr_engine_cancel(sending);
  expect_end(sending, SR_CANCELLED, "cancelled");
  assert_true(sending->sent);
  bench.manual.now += 1200 * MS - 2;
  assert_int_equal(busy(&bench), 1);
  bench.manual.now += 2;
  assert_int_equal(busy(&bench), 0);
  answer(sending, 200, "", "late"); /* an outcome after the end has no effect */
  lose(sending, 1);
  expect_end(sending, SR_CANCELLED, "cancelled");
  done = in_flight(&bench, 60 * S);
  answer(done, 200, "", "");
  sr_engine_cancel(done);
  expect_end(done, SR_NO_ERROR, NULL);
  sr_call_delete(fresh);
  sr_call_delete(sending);
  sr_call_delete(queued);
  sr_call_delete(done);
  tear_down(&bench);
}

static void cancel_ends_a_call_during_its_backoff(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "Retry-After: 5\r\n", "");
  assert_int_equal(call->state, SR_STATE_BACKOFF);
  sr_engine_cancel(call);
  expect_end(call, SR_CANCELLED, "cancelled");
  assert_int_equal(wake_of(&bench), SR_NEVER);
  sr_call_delete(call);
  tear_down(&bench);
}

static void calls_and_engine_can_be_deleted_in_any_order(void **state) {
  int order;
  (void)state;
  for (order = 0; order < 2; order++) {
    struct bench bench;
    struct sr_call *calls[4];
    int i;
    set_up(&bench, 2);
    calls[0] = in_flight(&bench, 60 * S);
    answer(calls[0], 503, "Retry-After: 5\r\n", "");
    calls[1] = in_flight(&bench, 60 * S);
    calls[2] = submitted(&bench, 60 * S);
    calls[3] = call_of(bench.config, 60 * S);
    sr_config_unref(bench.config); /* the calls hold their own references */
    bench.config = NULL;
    assert_int_equal(calls[0]->state, SR_STATE_BACKOFF);
    assert_int_equal(calls[1]->state, SR_STATE_SENDING);
    assert_int_equal(calls[2]->state, SR_STATE_QUEUED);
    if (order == 0) {
      sr_engine_delete(bench.engine);
      for (i = 0; i < 3; i++)
        expect_end(calls[i], SR_CANCELLED, "cancelled");
      for (i = 0; i < 3; i++) {
        sr_engine_cancel(calls[i]);
        answer(calls[i], 200, "", "");
        assert_int_equal(sr_engine_time_left(calls[i]), 0);
      }
    }
    for (i = 0; i < 4; i++)
      sr_call_delete(calls[i]);
    if (order == 1)
      sr_engine_delete(bench.engine);
  }
  sr_engine_delete(NULL);
  sr_call_delete(NULL);
}

static void deleting_a_queued_call_keeps_the_order_of_the_others(void **state) {
  int victim;
  (void)state;
  for (victim = 1; victim <= 3; victim++) {
    struct bench bench;
    struct sr_call *calls[4];
    int i;
    set_up(&bench, 1);
    for (i = 0; i < 4; i++)
      calls[i] = submitted(&bench, 60 * S);
    run(&bench, calls[0]);
    sr_call_delete(calls[victim]);
    answer(calls[0], 200, "", "");
    for (i = 1; i < 4; i++) {
      if (i == victim)
        continue;
      assert_int_equal(run(&bench, calls[i]), SR_RUN_EXTERNAL);
      answer(calls[i], 200, "", "");
      sr_call_delete(calls[i]);
    }
    assert_int_equal(bench.manual.now, 1002 * S);
    sr_call_delete(calls[0]);
    tear_down(&bench);
  }
}

/* ---- fork ---- */

/* The child's checks. Returns its exit status, 0 on success. */
static int look_in_child(struct bench *bench, struct sr_call *calls[3]) {
  struct sr_call *new;
  int i;
  sr_engine_step(bench->engine);
  for (i = 0; i < 3; i++) {
    const struct sr_call *call = calls[i];
    if (call->state != SR_STATE_DONE || call->error.kind != SR_CANCELLED || call->engine != NULL)
      return 10 + i;
    if (strcmp(call->error.code, "forked") != 0 || call->slot.state != SR_SLOT_NONE)
      return 20 + i;
  }
  if (sr_engine_run(bench->engine, calls[0], S) != SR_RUN_DONE)
    return 30;
  new = call_of(bench->config, 60 * S);
  sr_engine_submit(bench->engine, new, 0);
  if (sr_engine_run(bench->engine, new, 10 * S) != SR_RUN_EXTERNAL)
    return 31;
  answer(new, 200, "", "");
  if (new->state != SR_STATE_DONE || new->error.kind != SR_NO_ERROR)
    return 32;
  sr_call_delete(new);
  for (i = 0; i < 3; i++)
    sr_call_delete(calls[i]);
  sr_engine_delete(bench->engine);
  sr_config_unref(bench->config);
  return 0;
}

static void calls_in_flight_end_in_a_forked_child_and_continue_in_the_parent(void **state) {
  struct bench bench;
  struct sr_call *calls[3];
  pid_t child;
  int i;
  (void)state;
  set_up(&bench, 2);
  calls[0] = in_flight(&bench, 60 * S);
  answer(calls[0], 503, "Retry-After: 5\r\n", "");
  calls[1] = in_flight(&bench, 60 * S);
  calls[2] = submitted(&bench, 60 * S);
  child = fork();
  assert_true(child >= 0);
  if (child == 0)
    _exit(look_in_child(&bench, calls));
  assert_int_equal(exit_status(child), 0);
  assert_int_equal(calls[0]->state, SR_STATE_BACKOFF);
  assert_int_equal(calls[1]->state, SR_STATE_SENDING);
  assert_int_equal(calls[2]->state, SR_STATE_QUEUED);
  answer(calls[1], 200, "", "");
  for (i = 0; i < 3; i++) {
    if (run(&bench, calls[i]) == SR_RUN_EXTERNAL)
      answer(calls[i], 200, "", "");
    expect_end(calls[i], SR_NO_ERROR, NULL);
    sr_call_delete(calls[i]);
  }
  tear_down(&bench);
}

/* Each first operation of the child on a call of the parent's. */
static void any_use_of_a_call_in_flight_ends_it_in_a_forked_child(void **state) {
  int way;
  (void)state;
  for (way = 0; way < 11; way++) {
    struct bench bench;
    struct sr_call *call;
    pid_t child;
    set_up(&bench, 5);
    call = call_of(bench.config, 60 * S);
    sr_engine_submit(bench.engine, call, 1);
    sr_engine_step(bench.engine);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      if (way == 0)
        sr_engine_cancel(call);
      else if (way == 1)
        sr_engine_run(bench.engine, call, S);
      else if (way == 2)
        sr_engine_delete(bench.engine);
      else if (way == 3)
        answer(call, 200, "", "");
      else if (way == 6)
        sr_engine_step(bench.engine);
      else if (way == 7)
        sr_engine_poll(bench.engine, NULL, 0, 0);
      else if (way == 8)
        sr_engine_open_handles(bench.engine);
      else if (way == 9)
        lose(call, 1);
      else if (way == 10)
        sr_engine_submit(bench.engine, call_of(bench.config, S), 0);
      else if ((way == 4 ? sr_engine_ready(bench.engine) : sr_engine_next(bench.engine, S)) != call)
        _exit(2); /* handed out again only for its end, not for the parent's attempt */
      _exit(call->state == SR_STATE_DONE && call->error.kind == SR_CANCELLED &&
                    strcmp(call->error.code, "forked") == 0
                ? 0
                : 1);
    }
    CHECK(exit_status(child) == 0, "way %d", way);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

/* SR_NEVER must not overflow. */
static void waiting_without_an_end_lasts_until_the_deadline(void **state) {
  struct bench bench;
  struct sr_call *first, *call;
  (void)state;
  set_up(&bench, 1);
  first = in_flight(&bench, 600 * S);
  call = call_of(bench.config, 60 * S);
  sr_engine_submit(bench.engine, call, 7);
  assert_int_equal(sr_engine_run(bench.engine, call, SR_NEVER), SR_RUN_DONE);
  expect_end(call, SR_RATE_LIMIT, "no_slot");
  sr_call_delete(call);
  call = call_of(bench.config, 60 * S);
  sr_engine_submit(bench.engine, call, 8);
  assert_ptr_equal(sr_engine_next(bench.engine, SR_NEVER), call);
  expect_end(call, SR_RATE_LIMIT, "no_slot");
  sr_call_delete(call);
  sr_call_delete(first);
  tear_down(&bench);
}

/* ---- waking ---- */

static void wake_returns_the_next_time_at_which_something_is_due(void **state) {
  struct bench bench;
  struct sr_call *call, *second;
  (void)state;
  set_up(&bench, 1);
  assert_int_equal(wake_of(&bench), SR_NEVER);
  call = submitted(&bench, 60 * S);
  assert_int_equal(wake_of(&bench), SR_NEVER); /* its owner's turn */
  run(&bench, call);
  answer(call, 503, "Retry-After: 5\r\n", "");
  assert_int_equal(wake_of(&bench), 1005 * S);
  second = submitted(&bench, 60 * S);
  assert_int_equal(wake_of(&bench), 1001 * S);
  sr_engine_cancel(second);
  sr_call_delete(second);
  sr_engine_cancel(call);
  assert_int_equal(wake_of(&bench), SR_NEVER);
  sr_call_delete(call);
  tear_down(&bench);
}

/* Asking for steps that change nothing would be an endless loop. */
static void wake_is_not_now_while_a_step_would_change_nothing(void **state) {
  struct bench bench;
  struct sr_call *unanswered, *pausing;
  (void)state;
  set_up(&bench, 5);
  unanswered = in_flight(&bench, 2 * S);
  pausing = in_flight(&bench, 60 * S);
  answer(pausing, 503, "Retry-After: 5\r\n", "");
  bench.manual.now += 2 * S; /* the driver handles the first call's end late */
  sr_engine_step(bench.engine);
  assert_int_equal(wake_of(&bench), 1005 * S);
  sr_call_delete(unanswered);
  sr_call_delete(pausing);
  tear_down(&bench);
}

/* Two clients of one key can use different numbers of its slots. */
static void a_client_with_more_slots_does_not_wait_for_one_with_fewer(void **state) {
  uint64_t salt = fresh_salt();
  struct bench bench;
  struct sr_config *narrow, *wide;
  struct sr_call *first, *second, *third;
  (void)state;
  set_up(&bench, 1);
  narrow = client(salt, 1, KEY, 0);
  wide = client(salt, 5, KEY, 0);
  first = call_of(narrow, 60 * S);
  second = call_of(narrow, 60 * S);
  third = call_of(wide, 60 * S);
  sr_engine_submit(bench.engine, first, 0);
  sr_engine_submit(bench.engine, second, 0);
  sr_engine_submit(bench.engine, third, 0);
  sr_engine_step(bench.engine);
  assert_int_equal(first->state, SR_STATE_SENDING);
  assert_int_equal(second->state, SR_STATE_QUEUED);
  /* A call is sent or waits for its turn. If it waits, wake is not "now". */
  CHECK(third->state == SR_STATE_SENDING || wake_of(&bench) > bench.manual.now,
        "it is not sent, and the engine wants to be stepped again at once");
  sr_call_delete(first);
  sr_call_delete(second);
  sr_call_delete(third);
  sr_config_unref(narrow);
  sr_config_unref(wide);
  tear_down(&bench);
}

/* ---- tagged calls ---- */

static struct sr_call *tagged(struct bench *bench, uint64_t tag) {
  struct sr_call *call = call_of(bench->config, 10 * S);
  sr_engine_submit(bench->engine, call, tag);
  return call;
}

static void tagged_calls_are_handed_out_for_each_attempt_and_once_at_their_end(void **state) {
  struct bench bench;
  struct sr_call *one, *two;
  (void)state;
  set_up(&bench, 5);
  one = tagged(&bench, 1);
  two = tagged(&bench, 2);
  assert_ptr_equal(sr_engine_next(bench.engine, 0), one);
  assert_ptr_equal(sr_engine_next(bench.engine, 0), two);
  assert_null(sr_engine_next(bench.engine, 0));
  answer(two, 200, "", "{}");
  answer(one, 503, "", "");
  assert_ptr_equal(sr_engine_next(bench.engine, 0), two);
  assert_int_equal(two->state, SR_STATE_DONE);
  assert_ptr_equal(sr_engine_next(bench.engine, 5 * S), one); /* its second attempt */
  assert_int_equal(one->state, SR_STATE_SENDING);
  assert_int_equal(one->attempts, 2);
  answer(one, 200, "", "{}");
  assert_ptr_equal(sr_engine_next(bench.engine, 0), one);
  expect_end(one, SR_NO_ERROR, NULL);
  assert_null(sr_engine_next(bench.engine, 0));
  sr_call_delete(one);
  sr_call_delete(two);
  tear_down(&bench);
}

static void waiting_for_tagged_calls_ends_after_max_wait(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  assert_null(sr_engine_next(bench.engine, 3 * S));
  assert_int_equal(bench.manual.now, 1003 * S);
  call = tagged(&bench, 7);
  assert_ptr_equal(sr_engine_next(bench.engine, S), call);
  assert_int_equal(call->tag, 7);
  assert_int_equal(bench.manual.now, 1003 * S);
  sr_engine_cancel(call);
  assert_ptr_equal(sr_engine_ready(bench.engine), call);
  assert_null(sr_engine_ready(bench.engine));
  sr_call_delete(call);
  tear_down(&bench);
}

static void tagged_calls_leave_the_list_when_reused_or_deleted(void **state) {
  struct bench bench;
  struct sr_call *calls[5];
  size_t i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < COUNT(calls); i++)
    calls[i] = tagged(&bench, i + 1);
  sr_engine_step(bench.engine);
  sr_engine_cancel(calls[0]);
  sr_call_delete(calls[0]); /* the first */
  sr_call_delete(calls[4]); /* the last */
  answer(calls[2], 200, "", "[]");
  sr_call_delete(calls[2]); /* in the middle */
  answer(calls[1], 200, "", "[]");
  sr_call_reset(calls[1]);
  assert_int_equal(calls[1]->tag, 0);
  assert_ptr_equal(sr_engine_ready(bench.engine), calls[3]);
  assert_null(sr_engine_ready(bench.engine));
  sr_call_delete(calls[1]);
  sr_call_delete(calls[3]);
  tear_down(&bench);
}

static void tagged_calls_and_their_engine_can_be_deleted_in_any_order(void **state) {
  struct bench bench;
  struct sr_call *done, *under_way;
  (void)state;
  set_up(&bench, 5);
  done = tagged(&bench, 1);
  under_way = tagged(&bench, 2);
  sr_engine_cancel(done);
  sr_engine_delete(bench.engine);
  assert_false(sr_node_in_list(&done->ready_node));
  assert_false(sr_node_in_list(&under_way->ready_node));
  expect_end(under_way, SR_CANCELLED, "cancelled");
  sr_call_delete(under_way);
  sr_call_delete(done);
  sr_config_unref(bench.config);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_call_goes_from_its_slot_to_its_answer),
      cmocka_unit_test(every_2xx_is_a_success_with_or_without_a_body),
      cmocka_unit_test(a_lasting_error_ends_the_call),
      cmocka_unit_test(run_returns_after_max_wait),
      cmocka_unit_test(an_attempt_ends_at_its_timeout_or_at_the_deadline),
      cmocka_unit_test(a_call_that_can_not_get_a_slot_before_its_deadline_fails_at_once),
      cmocka_unit_test(calls_ahead_in_the_queue_count_in_the_estimate_of_a_turn),
      cmocka_unit_test(a_queued_call_fails_as_soon_as_no_slot_can_come_in_time),
      cmocka_unit_test(queued_calls_are_sent_in_order),
      cmocka_unit_test(one_step_starts_as_many_calls_as_there_are_free_slots),
      cmocka_unit_test(after_a_lost_answer_the_slot_cools_for_a_window_and_the_late_count),
      cmocka_unit_test(
          a_call_that_nobody_ends_keeps_its_slot_for_a_window_and_a_bit_after_its_deadline),
      cmocka_unit_test(cancel_ends_a_call_in_every_state),
      cmocka_unit_test(cancel_ends_a_call_during_its_backoff),
      cmocka_unit_test(calls_and_engine_can_be_deleted_in_any_order),
      cmocka_unit_test(deleting_a_queued_call_keeps_the_order_of_the_others),
      cmocka_unit_test(calls_in_flight_end_in_a_forked_child_and_continue_in_the_parent),
      cmocka_unit_test(any_use_of_a_call_in_flight_ends_it_in_a_forked_child),
      cmocka_unit_test(waiting_without_an_end_lasts_until_the_deadline),
      cmocka_unit_test(wake_returns_the_next_time_at_which_something_is_due),
      cmocka_unit_test(wake_is_not_now_while_a_step_would_change_nothing),
      cmocka_unit_test(a_client_with_more_slots_does_not_wait_for_one_with_fewer),
      cmocka_unit_test(tagged_calls_are_handed_out_for_each_attempt_and_once_at_their_end),
      cmocka_unit_test(waiting_for_tagged_calls_ends_after_max_wait),
      cmocka_unit_test(tagged_calls_leave_the_list_when_reused_or_deleted),
      cmocka_unit_test(tagged_calls_and_their_engine_can_be_deleted_in_any_order),
  };
  return cmocka_run_group_tests_name("sr_engine", tests, NULL, NULL);
}
