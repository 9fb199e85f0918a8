/* The Redis limiter out of memory: each of its own allocations fails once. Afterwards the state on a real
** server is checked.
** SPDX-License-Identifier: MIT
**
** The linker substitutes these functions for those that the driver's files call. libcurl and hiredis keep
** the real ones. */
#include "redis_server.h"

#include "limit/redis/sr_redis.h"

#include <poll.h>

#define MS SR_MILLISECOND
#define S  SR_SECOND

#define NAME UINT64_C(0xfeedc0de12345678)
#define KEY  "seranking:feedc0de12345678"

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static long asked;   /* allocations since the last fail_next */
static long fail_at; /* number of the one to fail; 0: none */

void *__wrap_calloc(size_t count, size_t size) {
  return ++asked == fail_at ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
  return ++asked == fail_at ? NULL : __real_realloc(block, size);
}

static const struct sr_limiter_driver *const driver = &sr_redis_driver;
static const struct sr_rate rate = {3, 10 * MS};

static void turn(struct sr_limiter *limiter, sr_time until) {
  struct sr_watch watches[SR_WATCH_MAX];
  struct pollfd fds[SR_WATCH_MAX];
  int i, count = driver->watch(limiter, watches);
  sr_time wake = driver->wake(limiter), now = real_now();
  for (i = 0; i < count; i++) {
    fds[i].fd = watches[i].fd;
    fds[i].events = watches[i].events;
  }
  if (wake < until)
    until = wake;
  poll(fds, (nfds_t)count, until <= now ? 0 : (int)((until - now + MS - 1) / MS));
  driver->work(limiter, real_now());
}

static void settle(struct sr_limiter *limiter) {
  sr_time until = real_now() + 10 * S;
  while (!driver->idle(limiter)) {
    turn(limiter, until);
    assert_true(real_now() < until);
  }
}

static enum sr_verdict take(struct sr_limiter *limiter, struct sr_slot *slot,
                            struct sr_ruling *ruling) {
  struct sr_want want;
  sr_time until = real_now() + 10 * S;
  enum sr_verdict verdict;
  memset(&want, 0, sizeof want);
  memset(slot, 0, sizeof *slot);
  want.rate = rate;
  want.lease = real_now() + 60 * S;
  while ((verdict = driver->take(limiter, &want, real_now(), slot, ruling)) == SR_LIMIT_ASKED) {
    turn(limiter, until);
    assert_true(real_now() < until);
  }
  return verdict;
}

/* One life of a limiter. Failures must be reported, and must not last. */
static void live(struct server *server) {
  static const struct sr_limit_identity identity = {NAME, "…d14b", "https://api4.seranking.com"};
  struct sr_limiter *limiter;
  struct sr_slot slots[2];
  struct sr_ruling ruling;
  struct sr_limit_view view;
  int i, held = 0;
  const char *problem = driver->check(server->address);
  if (problem != NULL) {
    assert_string_equal(problem, "memory ran out");
    return;
  }
  limiter = driver->open(server->address, &identity);
  if (limiter == NULL)
    return;
  for (i = 0; i < 2; i++) {
    enum sr_verdict verdict = take(limiter, &slots[i], &ruling);
    if (verdict == SR_LIMIT_GRANTED)
      held++;
    else
      CHECK(verdict == SR_LIMIT_FAILED && strstr(ruling.problem, "memory ran out") != NULL,
            "verdict %d: %s", (int)verdict, ruling.problem);
  }
  view.rate = rate;
  driver->view(limiter, real_now(), &view);
  for (i = 0; i < 2; i++) /* a give needs no memory: none is lost */
    driver->give(limiter, &rate, real_now(), &slots[i], SR_OUTCOME_UNSENT, 0);
  driver->reset(limiter, real_now());
  settle(limiter);
  fail_at = 0;
  sr_sleep_until(real_now() + 60 * MS);
  CHECK(take(limiter, &slots[0], &ruling) == SR_LIMIT_GRANTED, "%s", ruling.problem);
  driver->give(limiter, &rate, real_now(), &slots[0], SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  view.rate = rate;
  driver->view(limiter, real_now(), &view);
  settle(limiter);
  driver->view(limiter, real_now(), &view);
  for (i = 0; i < rate.slots; i++)
    CHECK(!view.leased[i], "slot %d of %d held ones was lost", i, held);
  driver->close(limiter);
}

static void any_allocation_may_fail_and_nothing_is_lost(void **state) {
  const char *const options[] = {"--save", "", NULL};
  struct server server;
  long n, all;
  (void)state;
  if (!server_available())
    skip();
  server_start(&server, options);
  asked = 0;
  fail_at = 0;
  { /* an existing limit */
    static const struct sr_limit_identity identity = {NAME, "", ""};
    struct sr_limiter *limiter = driver->open(server.address, &identity);
    struct sr_slot slot;
    struct sr_ruling ruling;
    assert_int_equal(take(limiter, &slot, &ruling), SR_LIMIT_WAIT);
    driver->close(limiter);
    server_pass(&server, KEY, 60 * S);
  }
  asked = 0;
  live(&server);
  all = asked;
  assert_in_range(all, 10, 200);
  for (n = 1; n <= all; n++) {
    asked = 0;
    fail_at = n;
    live(&server);
  }
  fail_at = 0;
  server_stop(&server);
}

#define LONG "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz012345"

/* Parts that are longer than what a buffer begins with, so that each of them may need memory. */
static void an_address_of_any_length_is_read_or_memory_ran_out(void **state) {
  static const char *const addresses[] = {
      "redis://" LONG "." LONG ":6379/15",
      "rediss://" LONG ":" LONG "@h?ca_file=/" LONG "&prefix=" LONG,
      "redis://[1234:1234:1234:1234:1234:1234:1234:1234]:65535",
      "unix:/" LONG "?db=12&user=" LONG "&password=" LONG,
      /* just below and above the sizes that buffers have */
      "redis://abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr",
      "redis://abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrst",
      "redis://abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstu",
      "redis://abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuv",
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(addresses); i++) {
    long n, failures = 0;
    const char *problem;
    for (n = 1, problem = ""; problem != NULL; n++) {
      asked = 0;
      fail_at = n;
      problem = driver->check(addresses[i]);
      CHECK(problem == NULL ? asked < n : strcmp(problem, "memory ran out") == 0, "%s, %ld: %s",
            addresses[i], n, problem != NULL ? problem : "a failure was not told");
      failures += problem != NULL;
    }
    fail_at = 0;
    assert_true(failures >= 4);
  }
}

/* Hosts and paths of which each part may be the one that needs memory. */
static void every_part_of_an_address_may_be_the_one_that_needs_memory(void **state) {
  static const struct {
    const char *before, *behind;
  } rows[] = {
      {"redis://", ""}, {"rediss://", ":65535/123456789"}, {"redis://[", "]:1"}, {"unix:/", ""}};
  size_t i;
  int len;
  (void)state;
  for (i = 0; i < COUNT(rows); i++)
    for (len = 1; len < 65; len++) {
      const char *problem = "";
      char address[200];
      long n;
      snprintf(address, sizeof address, "%s%.*s%s", rows[i].before, len, LONG, rows[i].behind);
      for (n = 1; problem != NULL; n++) {
        asked = 0;
        fail_at = n;
        problem = driver->check(address);
        CHECK(problem == NULL ? asked < n : strcmp(problem, "memory ran out") == 0, "%s, %ld: %s",
              address, n, problem != NULL ? problem : "a failure was not told");
      }
      fail_at = 0;
      assert_true(n > 4);
    }
}

/* The key of the limit on the server is prefix and name. */
static void a_limiter_with_a_long_prefix_is_opened_or_memory_ran_out(void **state) {
  static const struct sr_limit_identity identity = {NAME, "", ""};
  int len;
  (void)state;
  for (len = 40; len < 65; len++) {
    struct sr_limiter *limiter = NULL;
    char address[200];
    long n;
    snprintf(address, sizeof address, "redis://h?prefix=%.*s", len, LONG);
    for (n = 1; limiter == NULL; n++) {
      asked = 0;
      fail_at = n;
      limiter = driver->open(address, &identity);
      CHECK((limiter == NULL) == (asked >= n), "%s, %ld: a failure was not told", address, n);
      assert_true(n < 100);
    }
    fail_at = 0;
    driver->close(limiter);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_of_any_length_is_read_or_memory_ran_out),
      cmocka_unit_test(every_part_of_an_address_may_be_the_one_that_needs_memory),
      cmocka_unit_test(a_limiter_with_a_long_prefix_is_opened_or_memory_ran_out),
      cmocka_unit_test(any_allocation_may_fail_and_nothing_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
