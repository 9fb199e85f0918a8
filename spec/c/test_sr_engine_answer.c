/* Answers and failures in the engine: retries, 429s, masked keys, sizes.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include "http/sr_retry.h"
#include "limit/sr_limit.h"

/* ---- retries ---- */

static void a_503_is_retried_after_a_backoff_with_full_jitter(void **state) {
  sr_time shortest = S, longest = 0;
  uint64_t seed;
  (void)state;
  for (seed = 1; seed <= 200; seed++) {
    struct bench bench;
    struct sr_call *call;
    sr_time before;
    set_up(&bench, 5);
    reseed(&bench, seed);
    call = in_flight(&bench, 60 * S);
    answer(call, 503, "", "");
    assert_int_equal(call->state, SR_STATE_BACKOFF);
    before = bench.manual.now;
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    assert_int_equal(call->attempts, 2);
    assert_in_range(bench.manual.now - before, 0, 500 * MS);
    shortest = bench.manual.now - before < shortest ? bench.manual.now - before : shortest;
    longest = bench.manual.now - before > longest ? bench.manual.now - before : longest;
    answer(call, 503, "", "");
    before = bench.manual.now;
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    assert_int_equal(call->attempts, 3);
    assert_in_range(bench.manual.now - before, 0, S);
    answer(call, 200, "", "{}");
    expect_end(call, SR_NO_ERROR, NULL);
    assert_int_equal(call->status, 200);
    assert_int_equal(call->elapsed, bench.manual.now - 1000 * S);
    assert_int_equal(call->waited, 0);
    sr_call_delete(call);
    tear_down(&bench);
  }
  assert_true(shortest < 25 * MS);
  assert_true(longest > 475 * MS);
}

static void retries_are_counted(void **state) {
  int retries;
  (void)state;
  for (retries = 0; retries <= 5; retries++) {
    struct bench bench;
    struct sr_call *call;
    int attempts = 0;
    set_up(&bench, 5);
    call = call_of(bench.config, 600 * S);
    call->retries = retries;
    sr_engine_submit(bench.engine, call, 0);
    while (run(&bench, call) == SR_RUN_EXTERNAL) {
      attempts++;
      answer(call, 503, "", "");
    }
    assert_int_equal(attempts, retries + 1);
    assert_int_equal(call->attempts, retries + 1);
    expect_end(call, SR_SERVER, "unavailable");
    assert_int_equal(call->error.status, 503);
    assert_true(call->retryable);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void without_retries_a_failure_ends_the_call(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  call->retries = 0;
  answer(call, 503, "", "");
  expect_end(call, SR_SERVER, "unavailable");
  assert_int_equal(call->elapsed, 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_paid_call_is_retried_only_if_it_was_not_sent(void **state) {
  static const struct {
    int status; /* of the second attempt's answer, 0: it is lost */
    enum sr_kind kind;
    int retryable;
  } ends[] = {
      {429, SR_RATE_LIMIT, 1}, {503, SR_SERVER, 0}, {0, SR_NETWORK, 0}, {200, SR_NO_ERROR, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    call = call_of(bench.config, 60 * S);
    call->paid = 1;
    call->repeatable = 0;
    sr_engine_submit(bench.engine, call, 0);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    lose(call, 0);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    if (ends[i].status == 0)
      lose(call, 1);
    else
      answer(call, ends[i].status, "", "");
    assert_int_equal(call->state, SR_STATE_DONE);
    assert_int_equal(call->error.kind, ends[i].kind);
    if (ends[i].kind != SR_NO_ERROR)
      assert_int_equal(call->retryable, ends[i].retryable);
    assert_int_equal(call->attempts, 2);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void a_get_is_retried_after_a_lost_answer(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  lose(call, 1);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 2);
  assert_int_equal(call->error.kind, SR_NO_ERROR); /* the first attempt's error is cleared */
  answer(call, 200, "", "");
  expect_end(call, SR_NO_ERROR, NULL);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_call_ends_with_the_result_of_its_last_attempt(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  call->retries = 1;
  answer(call, 503, "X: 1\r\nRetry-After: 1\r\n", "{\"message\":\"first\"}");
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  lose(call, 1);
  expect_end(call, SR_NETWORK, "connection_lost");
  assert_int_equal(call->status, 0);
  assert_int_equal(call->error.status, 0);
  assert_int_equal(call->retry_after, -1);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_post_is_not_retried_once_the_server_may_have_acted(void **state) {
  struct bench bench;
  struct sr_call *refused, *lost;
  (void)state;
  set_up(&bench, 5);
  refused = post_in_flight(&bench, 60 * S);
  answer(refused, 503, "", "");
  expect_end(refused, SR_SERVER, "unavailable");
  assert_int_equal(refused->attempts, 1);
  assert_true(refused->sent);
  assert_false(refused->retryable);
  lost = post_in_flight(&bench, 60 * S);
  lose(lost, 1);
  expect_end(lost, SR_NETWORK, "connection_lost");
  assert_int_equal(lost->attempts, 1);
  assert_true(lost->sent);
  assert_false(lost->retryable);
  sr_call_delete(refused);
  sr_call_delete(lost);
  tear_down(&bench);
}

static void a_post_is_retried_if_nothing_was_sent(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 1);
  call = post_in_flight(&bench, 60 * S);
  lose(call, 0);
  assert_int_equal(busy(&bench), 0); /* the slot is free at once */
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 2);
  assert_false(call->sent);
  assert_in_range(bench.manual.now, 1000 * S, 1000 * S + 500 * MS);
  lose(call, 0);
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  lose(call, 0);
  expect_end(call, SR_NETWORK, "connect");
  assert_false(call->sent);
  assert_true(call->retryable);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_post_is_retried_after_a_429(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = post_in_flight(&bench, 60 * S);
  answer(call, 429, "", "{\"message\":\"Too Many Requests\"}");
  assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
  assert_int_equal(call->attempts, 2);
  answer(call, 200, "", "");
  expect_end(call, SR_NO_ERROR, NULL);
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- 429 and Retry-After ---- */

static void a_429_holds_all_calls_of_the_key_for_a_window(void **state) {
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct bench bench, other;
  struct sr_config *stranger_config = client(fresh_salt(), 5, KEY, 0);
  struct sr_call *call, *same, *elsewhere, *stranger = call_of(stranger_config, 60 * S);
  (void)state;
  set_up_with(&bench, &settings);
  set_up_with(&other, &settings);
  call = in_flight(&bench, 60 * S);
  call->retries = 0;
  bench.manual.now += 200 * MS;
  answer(call, 429, "", "");
  expect_end(call, SR_RATE_LIMIT, "too_many_requests");
  assert_true(call->retryable);
  sr_engine_submit(bench.engine, stranger, 0); /* another key is unaffected */
  assert_int_equal(run(&bench, stranger), SR_RUN_EXTERNAL);
  assert_int_equal(bench.manual.now, 1000 * S + 200 * MS);
  same = in_flight(&bench, 60 * S);
  assert_int_equal(bench.manual.now, 1001 * S + 200 * MS);
  other.manual.now = 1000 * S + 300 * MS; /* another client, another engine */
  elsewhere = in_flight(&other, 60 * S);
  assert_int_equal(other.manual.now, 1001 * S + 200 * MS);
  sr_call_delete(call);
  sr_call_delete(same);
  sr_call_delete(elsewhere);
  sr_call_delete(stranger);
  sr_config_unref(stranger_config);
  tear_down(&bench);
  tear_down(&other);
}

static void a_429_is_retried_no_sooner_than_a_window_later(void **state) {
  uint64_t seed;
  (void)state;
  for (seed = 1; seed <= 50; seed++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    reseed(&bench, seed);
    call = in_flight(&bench, 60 * S);
    answer(call, 429, "", "");
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, 1001 * S); /* the first back-off is shorter */
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void a_retry_waits_for_retry_after(void **state) {
  static const int statuses[] = {429, 503};
  size_t i;
  (void)state;
  for (i = 0; i < 2; i++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    call = in_flight(&bench, 60 * S);
    answer(call, statuses[i], "Retry-After: 7\r\n", "");
    assert_int_equal(call->retry_after, 7 * S);
    assert_int_equal(run(&bench, call), SR_RUN_EXTERNAL);
    assert_int_equal(bench.manual.now, 1007 * S);
    answer(call, 200, "", "");
    assert_int_equal(call->retry_after, -1);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

static void retry_after_of_a_429_holds_the_other_calls(void **state) {
  struct bench bench;
  struct sr_call *call, *other;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 429, "retry-after: 7\r\n", "");
  other = in_flight(&bench, 60 * S);
  assert_int_equal(bench.manual.now, 1007 * S);
  sr_call_delete(call);
  sr_call_delete(other);
  tear_down(&bench);
}

static void retry_after_past_the_deadline_ends_the_call_and_is_reported(void **state) {
  static const int statuses[] = {429, 503};
  size_t i;
  (void)state;
  for (i = 0; i < 2; i++) {
    struct bench bench;
    struct sr_call *call;
    set_up(&bench, 5);
    call = in_flight(&bench, 10 * S);
    bench.manual.now += S;
    answer(call, statuses[i], "Retry-After: 30\r\n", "");
    assert_int_equal(call->state, SR_STATE_DONE);
    assert_int_equal(call->error.kind, i == 0 ? SR_RATE_LIMIT : SR_SERVER);
    assert_int_equal(call->retry_after, 30 * S);
    assert_int_equal(call->elapsed, S);
    assert_true(call->retryable);
    assert_int_equal(call->attempts, 1);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

/* ---- keys ---- */

static void set_up_without_key(struct bench *bench, int token_off) {
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  settings.token = NULL;
  settings.token_len = 0;
  settings.token_off = token_off;
  set_up_with(bench, &settings);
}

static void without_a_key_the_call_fails_and_nothing_is_sent(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_without_key(&bench, 0);
  call = submitted(&bench, 60 * S);
  expect_end(call, SR_AUTH, "no_key");
  assert_int_equal(run(&bench, call), SR_RUN_DONE);
  assert_int_equal(call->attempts, 0);
  assert_int_equal(call->elapsed, 0);
  assert_false(call->sent);
  assert_int_equal(busy(&bench), 0);
  sr_call_delete(call);
  tear_down(&bench);
}

static void calls_explicitly_without_a_key_are_sent(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up_without_key(&bench, 1);
  call = in_flight(&bench, 60 * S);
  answer(call, 403, "", "{\"message\":\"No token\"}");
  expect_end(call, SR_AUTH, "no_token");
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_key_is_masked_in_every_field_of_an_error(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 400, "X-Key: " KEY "\r\n", "{\"message\":\"bad " KEY "\"}");
  expect_end(call, SR_INVALID, "bad_request");
  assert_string_equal(call->error.message, "bad \xe2\x80\xa6"
                                           "d14b");
  assert_null(strstr(call->answer.data, KEY));
  assert_null(strstr(call->head.data, KEY));
  assert_non_null(strstr(call->answer.data, "d14b"));
  sr_call_delete(call);
  tear_down(&bench);
}

/* The server may escape every character of its JSON. */
static void the_key_is_masked_in_an_escaped_message(void **state) {
  struct bench bench;
  struct sr_call *call;
  char body[512] = "{\"message\":\"bad ";
  const char *p;
  (void)state;
  for (p = KEY; *p != '\0'; p++)
    snprintf(body + strlen(body), sizeof body - strlen(body), "\\u%04x", (unsigned)*p);
  strcat(body, "\"}");
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 400, "", body);
  assert_string_equal(call->error.message, "bad \xe2\x80\xa6"
                                           "d14b");
  sr_call_delete(call);
  tear_down(&bench);
}

/* err.body shows the rest of `answer`, whatever the error. */
static void the_key_is_masked_in_an_answer_after_the_deadline(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 5 * S);
  bench.manual.now += 5 * S;
  answer(call, 400, "X-Key: " KEY "\r\n", "{\"message\":\"bad " KEY "\"}");
  expect_end(call, SR_TIMEOUT, "no_answer");
  assert_null(strstr(sr_buf_text(&call->head), KEY));
  assert_null(strstr(sr_buf_text(&call->answer), KEY));
  sr_call_delete(call);
  tear_down(&bench);
}

static void the_key_is_masked_in_the_answer_of_a_call_cancelled_between_attempts(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "X-Key: " KEY "\r\n", "bad " KEY);
  sr_engine_cancel(call);
  expect_end(call, SR_CANCELLED, "cancelled");
  assert_null(strstr(sr_buf_text(&call->head), KEY));
  assert_null(strstr(sr_buf_text(&call->answer), KEY));
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- limits of an answer ---- */

static void answers_larger_than_the_limits_are_refused(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  call->max_body = 3;
  answer(call, 200, "", "1234");
  expect_end(call, SR_TOO_LARGE, "body");
  assert_int_equal(call->status, 0);
  assert_int_equal(call->attempts, 1);
  sr_call_delete(call);
  call = in_flight(&bench, 60 * S);
  call->max_headers = 6;
  answer(call, 200, "A: bc\r\n", "");
  expect_end(call, SR_TOO_LARGE, "headers");
  sr_call_delete(call);
  call = in_flight(&bench, 60 * S);
  call->max_body = 3;
  call->max_headers = 7;
  answer(call, 200, "A: bc\r\n", "123");
  expect_end(call, SR_NO_ERROR, NULL);
  sr_call_delete(call);
  tear_down(&bench);
}

static void a_retry_after_of_an_earlier_attempt_is_not_reported(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "", "");
  run(&bench, call);
  answer(call, 200, "", "not JSON");
  expect_end(call, SR_NO_ERROR, NULL);
  assert_false(call->retryable); /* the binding may still find that it can't be decoded */
  sr_call_delete(call);
  call = in_flight(&bench, 60 * S);
  answer(call, 503, "", "");
  sr_engine_cancel(call);
  expect_end(call, SR_CANCELLED, "cancelled");
  assert_false(call->retryable);
  sr_call_delete(call);
  tear_down(&bench);
}

static void an_unusable_answer_does_not_count_as_silence(void **state) {
  struct sr_limit_view view;
  struct bench bench;
  int i;
  (void)state;
  set_up(&bench, 5);
  for (i = 0; i < 2 * SR_SILENT; i++) {
    struct sr_call *call = in_flight(&bench, 5 * S);
    call->max_body = 3;
    bench.manual.now += i % 2 == 0 ? 5 * S : 0;
    answer(call, 200, "X: 1\r\n", i % 2 == 0 ? "123" : "1234");
    expect_end(call, i % 2 == 0 ? SR_TIMEOUT : SR_TOO_LARGE, i % 2 == 0 ? "no_answer" : "body");
    sr_call_delete(call);
  }
  assert_true(sr_engine_view_limit(bench.engine, bench.config, 0, &view));
  assert_false(view.silent);
  tear_down(&bench);
}

static void an_answer_at_the_deadline_is_a_timeout(void **state) {
  struct bench bench;
  struct sr_call *call;
  (void)state;
  set_up(&bench, 5);
  call = in_flight(&bench, 5 * S);
  bench.manual.now += 5 * S;
  answer(call, 200, "", "{}");
  expect_end(call, SR_TIMEOUT, "no_answer");
  assert_int_equal(call->status, 0);
  assert_true(call->sent);
  sr_call_delete(call);
  call = in_flight(&bench, 5 * S);
  bench.manual.now += 5 * S - 1;
  answer(call, 200, "", "{}");
  expect_end(call, SR_NO_ERROR, NULL);
  sr_call_delete(call);
  tear_down(&bench);
}

/* ---- headers of an answer ---- */

static void header_is(const char *head, const char *name, const char *expected) {
  struct sr_call call;
  char out[16] = "untouched";
  memset(&call, 0, sizeof call);
  assert_int_equal(sr_buf_puts(&call.head, head), 0);
  sr_call_header(&call, name, out, sizeof out);
  CHECK(strcmp(out, expected) == 0, "%s: \"%s\", not \"%s\"", head, out, expected);
  sr_buf_fini(&call.head);
}

static void header_names_are_found_in_any_case(void **state) {
  struct sr_call call;
  char out[16] = "untouched";
  (void)state;
  memset(&call, 0, sizeof call);
  sr_call_header(&call, "a", out, sizeof out);
  assert_string_equal(out, "");
  header_is("A: 1\r\n", "a", "1");
  header_is("HTTP/1.1 200 OK\r\nX: 0\r\nRETRY-After:5\r\n\r\n", "retry-after", "5");
  header_is("Retry-After-X: 1\r\nRetry: 2\r\nRetry-After: 3\r\n", "retry-after", "3");
  header_is("A: 1\r\nA: 2\r\n", "a", "1");
  header_is("A:\r\nB: 2\r\n", "a", "");
  header_is("A: 1", "a", "1");
  header_is("A: 1\nB: 2\n", "b", "2");
  header_is("B: a: 1\r\n", "a", "");
  header_is("A: 0123456789abcdefgh\r\n", "a", "0123456789abcde");
}

static void header_values_have_no_blanks_around_them(void **state) {
  (void)state;
  header_is("A: \t 1 2\r\n", "a", "1 2");
  header_is("A: 1 2 \t \r\n", "a", "1 2");
  header_is("A:  \t \r\nB: 2\r\n", "a", "");
}

/* ---- 1,000 schedules ---- */

enum { CALLS = 12, SCHEDULES = 1000 };

struct plan {
  struct sr_call *call;
  sr_time begins, ends; /* the attempt in flight; ends 0: none yet */
  int seen;             /* attempts handled so far */
  int outcome;
};

/* Applies the outcome drawn for the attempt that ends now. */
static void finish(struct plan *plan, struct chance *chance, sr_time *held, sr_time now) {
  struct sr_call *call = plan->call;
  char head[64] = "";
  int after = (int)chance_between(chance, 0, 3);
  plan->ends = 0;
  if (plan->outcome >= 6 && after > 0)
    snprintf(head, sizeof head, "Retry-After: %d\r\n", after * after);
  switch (plan->outcome) {
  case 0:
  case 1:
    answer(call, 200, "", "{}");
    break;
  case 2:
    answer(call, 404, "", "");
    break;
  case 3:
    lose(call, 0);
    break;
  case 4:
    lose(call, 1);
    break;
  case 5:
    answer(call, 500, "", "");
    break;
  case 6:
    answer(call, 503, head, "");
    break;
  default:
    answer(call, 429, head, "");
    if (now < call->started + call->timeout && now + S > *held)
      *held = now + S;
    break;
  }
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

static void one_schedule(uint64_t seed) {
  struct bench bench;
  struct chance chance = {seed};
  struct plan plans[CALLS];
  sr_time counts[CALLS * 8], held = 0;
  int i, done = 0, counted = 0, steps = 0, slots = (int)chance_between(&chance, 1, 5);
  set_up(&bench, slots);
  memset(plans, 0, sizeof plans);
  for (i = 0; i < CALLS; i++) {
    struct sr_call *call = call_of(bench.config, chance_between(&chance, 1, 20 * S));
    call->retries = (int)chance_between(&chance, 0, 4);
    call->repeatable = (int)chance_between(&chance, 0, 1);
    plans[i].call = call;
    sr_engine_submit(bench.engine, call, 0);
  }
  while (done < CALLS) {
    sr_time next;
    CHECK(++steps < 5000, "seed %llu: it never ends", (unsigned long long)seed);
    sr_engine_step(bench.engine);
    done = 0;
    next = SR_NEVER;
    for (i = 0; i < CALLS; i++) {
      struct plan *plan = &plans[i];
      struct sr_call *call = plan->call;
      done += call->state == SR_STATE_DONE;
      if (call->state == SR_STATE_SENDING && plan->ends == 0) {
        sr_time left = sr_engine_time_left(call), latency = chance_between(&chance, 1 * MS, 3 * S);
        assert_true(bench.manual.now >= held);
        assert_true(left > 0);
        assert_int_equal(call->attempts, ++plan->seen);
        plan->outcome = latency < left ? (int)chance_between(&chance, 0, 7) : 4;
        plan->begins = bench.manual.now;
        plan->ends = bench.manual.now + (latency < left ? latency : left);
        if (plan->outcome != 3)
          counts[counted++] = chance_between(&chance, plan->begins, plan->ends);
      }
      if (plan->ends > 0 && plan->ends < next)
        next = plan->ends;
    }
    if (done == CALLS)
      break;
    if (wake_of(&bench) < next)
      next = wake_of(&bench);
    CHECK(next > bench.manual.now, "seed %llu: the engine asks for a step that changes nothing",
          (unsigned long long)seed);
    assert_true(next < SR_NEVER);
    bench.manual.now = next;
    for (i = 0; i < CALLS; i++)
      if (plans[i].ends == bench.manual.now)
        finish(&plans[i], &chance, &held, bench.manual.now);
  }
  qsort(counts, (size_t)counted, sizeof counts[0], by_time);
  for (i = 0; i + slots < counted; i++)
    CHECK(counts[i + slots] - counts[i] >= S, "seed %llu: over the limit",
          (unsigned long long)seed);
  for (i = 0; i < CALLS; i++) {
    struct sr_call *call = plans[i].call;
    CHECK(call->elapsed >= 0 && call->elapsed <= call->timeout, "seed %llu: %.9f s of %.9f s",
          (unsigned long long)seed, (double)call->elapsed / 1e9, (double)call->timeout / 1e9);
    assert_true(call->waited >= 0 && call->waited <= call->elapsed);
    assert_true(call->attempts <= call->retries + 1);
    assert_true(call->attempts > 0 || call->error.kind == SR_RATE_LIMIT ||
                call->error.kind == SR_BLOCKED);
    assert_int_equal(call->slot.state, SR_SLOT_NONE);
    sr_call_delete(call);
  }
  tear_down(&bench);
}

static void deadlines_and_limits_hold_in_a_thousand_random_schedules(void **state) {
  uint64_t seed;
  (void)state;
  for (seed = 1; seed <= SCHEDULES; seed++)
    one_schedule(seed);
}

/* Last, as a sanitizer aborts the program on an overflow. */
static void an_enormous_retry_after_does_not_overflow(void **state) {
  static const char *const heads[] = {"Retry-After: 9223372036\r\n", "Retry-After: 9999999999\r\n",
                                      "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(heads); i++) {
    struct bench bench;
    struct sr_call *call;
    struct sr_limit_view view;
    set_up(&bench, 5);
    call = in_flight(&bench, 60 * S);
    answer(call, 429, heads[i], "");
    expect_end(call, SR_RATE_LIMIT, "too_many_requests");
    CHECK(call->retry_after > 60 * S, "%s: %lld", heads[i], (long long)call->retry_after);
    assert_true(sr_engine_view_limit(bench.engine, bench.config, 0, &view));
    CHECK(view.held_until >= bench.manual.now + 60 * S, "%s: nobody is held", heads[i]);
    sr_call_delete(call);
    tear_down(&bench);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_503_is_retried_after_a_backoff_with_full_jitter),
      cmocka_unit_test(retries_are_counted),
      cmocka_unit_test(without_retries_a_failure_ends_the_call),
      cmocka_unit_test(a_paid_call_is_retried_only_if_it_was_not_sent),
      cmocka_unit_test(a_get_is_retried_after_a_lost_answer),
      cmocka_unit_test(a_call_ends_with_the_result_of_its_last_attempt),
      cmocka_unit_test(a_post_is_not_retried_once_the_server_may_have_acted),
      cmocka_unit_test(a_post_is_retried_if_nothing_was_sent),
      cmocka_unit_test(a_post_is_retried_after_a_429),
      cmocka_unit_test(a_429_holds_all_calls_of_the_key_for_a_window),
      cmocka_unit_test(a_429_is_retried_no_sooner_than_a_window_later),
      cmocka_unit_test(a_retry_waits_for_retry_after),
      cmocka_unit_test(retry_after_of_a_429_holds_the_other_calls),
      cmocka_unit_test(retry_after_past_the_deadline_ends_the_call_and_is_reported),
      cmocka_unit_test(without_a_key_the_call_fails_and_nothing_is_sent),
      cmocka_unit_test(calls_explicitly_without_a_key_are_sent),
      cmocka_unit_test(the_key_is_masked_in_every_field_of_an_error),
      cmocka_unit_test(the_key_is_masked_in_an_escaped_message),
      cmocka_unit_test(the_key_is_masked_in_an_answer_after_the_deadline),
      cmocka_unit_test(the_key_is_masked_in_the_answer_of_a_call_cancelled_between_attempts),
      cmocka_unit_test(answers_larger_than_the_limits_are_refused),
      cmocka_unit_test(a_retry_after_of_an_earlier_attempt_is_not_reported),
      cmocka_unit_test(an_unusable_answer_does_not_count_as_silence),
      cmocka_unit_test(an_answer_at_the_deadline_is_a_timeout),
      cmocka_unit_test(header_names_are_found_in_any_case),
      cmocka_unit_test(header_values_have_no_blanks_around_them),
      cmocka_unit_test(deadlines_and_limits_hold_in_a_thousand_random_schedules),
      cmocka_unit_test(an_enormous_retry_after_does_not_overflow),
  };
  return cmocka_run_group_tests_name("sr_engine_answer", tests, NULL, NULL);
}
