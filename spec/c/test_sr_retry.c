/* Retries: conditions, pauses, Retry-After, randomness.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "http/sr_retry.h"

static int useful(enum sr_kind kind, int sent, int repeatable) {
  struct sr_error error;
  struct sr_failure failure;
  memset(&error, 0, sizeof error);
  error.kind = kind;
  error.code = "x";
  failure.error = &error;
  failure.sent = sent;
  failure.repeatable = repeatable;
  return sr_retry_useful(&failure) != 0;
}

/* For each kind: not sent and sent, each for a repeatable and a non-repeatable operation. */
static const struct {
  enum sr_kind kind;
  int safe_unsent, safe_sent, unsafe_unsent, unsafe_sent;
} matrix[] = {
    {SR_RATE_LIMIT, 1, 1, 1, 1}, /* refused: not carried out */
    {SR_NETWORK, 1, 1, 1, 0},    {SR_TIMEOUT, 1, 1, 1, 0},   {SR_SERVER, 1, 1, 1, 0},
    {SR_AUTH, 0, 0, 0, 0},       {SR_ACCESS, 0, 0, 0, 0},    {SR_INVALID, 0, 0, 0, 0},
    {SR_NOT_FOUND, 0, 0, 0, 0},  {SR_BLOCKED, 0, 0, 0, 0},   {SR_TLS, 0, 0, 0, 0},
    {SR_DECODE, 0, 0, 0, 0},     {SR_TOO_LARGE, 0, 0, 0, 0}, {SR_CANCELLED, 0, 0, 0, 0},
    {SR_PROTOCOL, 0, 0, 0, 0},   {SR_PHASE, 0, 0, 0, 0},     {SR_FILE, 0, 0, 0, 0},
};

static void only_harmless_retries_that_may_help_are_made(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(matrix); i++) {
    const char *name = sr_kind_name(matrix[i].kind);
    CHECK(useful(matrix[i].kind, 0, 1) == matrix[i].safe_unsent, "%s, repeatable, not sent", name);
    CHECK(useful(matrix[i].kind, 1, 1) == matrix[i].safe_sent, "%s, repeatable, sent", name);
    CHECK(useful(matrix[i].kind, 0, 0) == matrix[i].unsafe_unsent, "%s, not repeatable, not sent",
          name);
    CHECK(useful(matrix[i].kind, 1, 0) == matrix[i].unsafe_sent, "%s, not repeatable, sent", name);
  }
}

/* Half a second, doubled up to eight. */
static const sr_time bounds[] = {500 * SR_MILLISECOND, SR_SECOND,     2 * SR_SECOND, 4 * SR_SECOND,
                                 8 * SR_SECOND,        8 * SR_SECOND, 8 * SR_SECOND, 8 * SR_SECOND,
                                 8 * SR_SECOND,        8 * SR_SECOND};

static void backoff_is_random_below_a_bound_that_doubles_up_to_the_cap(void **state) {
  int attempt;
  (void)state;
  for (attempt = 1; attempt <= 10; attempt++) {
    sr_time bound = bounds[attempt - 1], most = sr_retry_backoff(attempt, 1 - 1e-9);
    assert_int_equal(sr_retry_backoff(attempt, 0), 0);
    assert_int_equal(sr_retry_backoff(attempt, 0.5), bound / 2);
    CHECK(most < bound && most > bound - SR_MILLISECOND, "attempt %d: %lld", attempt,
          (long long)most);
  }
  assert_true(sr_retry_backoff(1000000000, 1 - 1e-9) < 8 * SR_SECOND);
}

static void retry_after_reads_whole_seconds(void **state) {
  (void)state;
  assert_int_equal(sr_retry_after("0", 0), 0);
  assert_int_equal(sr_retry_after("1", 0), SR_SECOND);
  assert_int_equal(sr_retry_after("120", 0), 120 * SR_SECOND);
  assert_int_equal(sr_retry_after("007", 0), 7 * SR_SECOND);
  assert_int_equal(sr_retry_after(" \t30", 0), 30 * SR_SECOND);
  assert_int_equal(sr_retry_after("30 ", 0), 30 * SR_SECOND);
  assert_int_equal(sr_retry_after("86400", 1700000000), 86400 * SR_SECOND);
}

/* RFC 9110, 5.6.7: the example of all three formats is 784111777 in Unix time. */
static void retry_after_reads_the_three_formats_of_an_http_date(void **state) {
  static const char *const dates[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(dates); i++) {
    assert_int_equal(sr_retry_after(dates[i], 784111777 - 90), 90 * SR_SECOND);
    assert_int_equal(sr_retry_after(dates[i], 784111777), 0);
    assert_int_equal(sr_retry_after(dates[i], 784111777 + 5), 0); /* it is in the past */
  }
  assert_int_equal(sr_retry_after("Tue, 24 Nov 2026 12:00:00 GMT", 1795521600 - 1), SR_SECOND);
}

static void an_unreadable_retry_after_is_ignored(void **state) {
  static const char *const list[] = {"",     " ",        "soon", "-1",   "-120", "1.5",  "120s",
                                     "0x10", "5;6",      "5,6",  "+5",   "NaN",  "inf",  "1e3",
                                     "\xff", "12:00:00", "GMT",  "1 2x", "- 5",  "5 min"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(list); i++)
    CHECK(sr_retry_after(list[i], 1700000000) == -1, "\"%s\": %lld", list[i],
          (long long)sr_retry_after(list[i], 1700000000));
}

static void random_is_at_least_0_and_below_1(void **state) {
  uint64_t seed;
  (void)state;
  for (seed = 0; seed < 50; seed++) {
    uint64_t random = seed * UINT64_C(0x123456789abcdef) - 1;
    double low = 1, high = 0, sum = 0;
    int i;
    for (i = 0; i < 1000; i++) {
      double r = sr_random(&random);
      assert_true(r >= 0 && r < 1);
      low = r < low ? r : low;
      high = r > high ? r : high;
      sum += r;
    }
    assert_true(low < 0.05 && high > 0.95 && sum > 400 && sum < 600);
  }
}

static void random_gives_the_same_sequence_for_the_same_seed(void **state) {
  uint64_t a = 7, b = 7, c = 8;
  int i, different = 0;
  (void)state;
  for (i = 0; i < 100; i++) {
    double x = sr_random(&a);
    assert_true(x == sr_random(&b));
    different += x != sr_random(&c);
  }
  assert_true(different > 95);
}

/* The published test values of splitmix64 for seed 1234567; 53 bits of each are used. */
static void random_is_splitmix64(void **state) {
  static const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                      UINT64_C(16408922859458223821)};
  uint64_t random = 1234567;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(expected); i++)
    assert_true(sr_random(&random) == (double)(expected[i] >> 11) / 9007199254740992.0);
}

/* Last, as a sanitizer aborts the program on an overflow. Huge values stay huge. */
static void retry_after_of_any_size_does_not_overflow(void **state) {
  static const char *const list[] = {"1000000000",
                                     "9223372036",
                                     "9223372037",
                                     "9999999999",
                                     "99999999999999999999999999",
                                     "18446744073709551616",
                                     "Fri, 31 Dec 9999 23:59:59 GMT"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(list); i++) {
    sr_time pause = sr_retry_after(list[i], 1700000000);
    CHECK(pause >= 86400 * SR_SECOND, "%s: %lld", list[i], (long long)pause);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_harmless_retries_that_may_help_are_made),
      cmocka_unit_test(backoff_is_random_below_a_bound_that_doubles_up_to_the_cap),
      cmocka_unit_test(retry_after_reads_whole_seconds),
      cmocka_unit_test(retry_after_reads_the_three_formats_of_an_http_date),
      cmocka_unit_test(an_unreadable_retry_after_is_ignored),
      cmocka_unit_test(random_is_at_least_0_and_below_1),
      cmocka_unit_test(random_gives_the_same_sequence_for_the_same_seed),
      cmocka_unit_test(random_is_splitmix64),
      cmocka_unit_test(retry_after_of_any_size_does_not_overflow),
  };
  return cmocka_run_group_tests_name("sr_retry", tests, NULL, NULL);
}
