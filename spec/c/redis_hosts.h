/* Test support: limiters on a Redis server, one for each simulated host.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_REDIS_HOSTS_H
#define SPEC_REDIS_HOSTS_H

#include "redis_server.h"

#include "limit/redis/sr_redis.h"

#include <poll.h>

#define MS SR_MILLISECOND
#define S  SR_SECOND

/* `pass` skips windows: no test waits for one, or depends on the machine's speed. */
#define WINDOW (10 * S)
#define COLD   (WINDOW + SR_LATE_COUNT)
#define LEASE  (600 * S)

/* A limit's name, and its hash on the server. */
#define NAME UINT64_C(0xfeedc0de12345678)
#define KEY  "seranking:feedc0de12345678"

/* The longest wait. */
#define PATIENCE (15 * S)

static const struct sr_limiter_driver *const driver = &sr_redis_driver;

/* ---- the clock of the tests and their limiters ---- */

static struct {
  sr_time skipped; /* ahead of the real clock */
  sr_time frozen;  /* if not 0, the time; each reading advances it by a millisecond */
} test_clock;

static inline sr_time now_is(void) {
  return test_clock.frozen != 0 ? (test_clock.frozen += MS) : real_now() + test_clock.skipped;
}

/* Freezes the clock: a stall of the machine takes no time. */
static inline void freeze(void) {
  test_clock.frozen = now_is();
}

static inline void thaw(void) {
  test_clock.skipped = test_clock.frozen - real_now();
  test_clock.frozen = 0;
}

/* Advances the limiters' clock, not the server's. */
static inline void skip_time(sr_time t) {
  if (test_clock.frozen != 0)
    test_clock.frozen += t;
  else
    test_clock.skipped += t;
}

/* Advances the time for limiters and server. */
static inline void pass(struct server *server, sr_time t) {
  t = (t + 999) / 1000 * 1000;
  skip_time(t);
  server_pass(server, KEY, t);
}

static inline void pass_until(struct server *server, sr_time when) {
  sr_time left = when - now_is();
  if (left > 0)
    pass(server, left);
}

/* ---- hosts, each with a limiter ---- */

static inline struct sr_limiter *host_at(const char *address) {
  static const struct sr_limit_identity identity = {NAME, "…d14b", "https://api4.seranking.com"};
  struct sr_limiter *limiter;
  assert_null(driver->check(address));
  limiter = driver->open(address, &identity);
  assert_non_null(limiter);
  return limiter;
}

static inline struct sr_limiter *host(const struct server *server) {
  return host_at(server->address);
}

/* Polls the limiter's descriptor in real time, until `until` at most, and runs its work. */
static inline void turn(struct sr_limiter *limiter, sr_time until) {
  struct sr_watch watches[SR_WATCH_MAX];
  struct pollfd fds[SR_WATCH_MAX];
  int i, count = driver->watch(limiter, watches);
  sr_time wake = driver->wake(limiter), now = now_is();
  assert_in_range(count, 0, SR_WATCH_MAX);
  for (i = 0; i < count; i++) {
    fds[i].fd = watches[i].fd;
    fds[i].events = watches[i].events;
  }
  if (wake < until)
    until = wake;
  if (poll(fds, (nfds_t)count, until <= now ? 0 : (int)((until - now + MS - 1) / MS)) == 0 &&
      test_clock.frozen != 0 && until > test_clock.frozen)
    test_clock.frozen = until;
  driver->work(limiter, now_is());
}

static inline struct sr_want want_of(int slots) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate.slots = slots;
  want.rate.window = WINDOW;
  want.lease = now_is() + LEASE;
  return want;
}

/* Takes, and waits for the verdict (not for a slot). */
static inline enum sr_verdict take_as(struct sr_limiter *limiter, const struct sr_want *want,
                                      struct sr_slot *slot, struct sr_ruling *ruling) {
  sr_time until = now_is() + PATIENCE;
  enum sr_verdict verdict = driver->take(limiter, want, now_is(), slot, ruling);
  while (verdict == SR_LIMIT_ASKED) {
    assert_int_equal(slot->state, SR_SLOT_ASKED);
    turn(limiter, until);
    assert_true(now_is() < until);
    verdict = driver->take(limiter, want, now_is(), slot, ruling);
  }
  assert_int_equal(slot->state, verdict == SR_LIMIT_GRANTED ? SR_SLOT_HELD : SR_SLOT_NONE);
  return verdict;
}

static inline enum sr_verdict take(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
                                   struct sr_ruling *ruling) {
  struct sr_want want = want_of(slots);
  memset(slot, 0, sizeof *slot);
  return take_as(limiter, &want, slot, ruling);
}

#define GRANTED(limiter, slots, slot)                                                              \
  do {                                                                                             \
    struct sr_ruling why;                                                                          \
    enum sr_verdict got = take(limiter, slots, slot, &why);                                        \
    CHECK(got == SR_LIMIT_GRANTED, "verdict %d, %s", (int)got, why.problem);                       \
  } while (0)

/* Runs the limiter's work until the server knows everything. */
static inline void settle(struct sr_limiter *limiter) {
  sr_time until = now_is() + PATIENCE;
  while (!driver->idle(limiter)) {
    turn(limiter, until);
    assert_true(now_is() < until);
  }
}

static inline enum sr_change give_for(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
                                      enum sr_outcome outcome, sr_time hold) {
  struct sr_rate rate;
  enum sr_change change;
  rate.slots = slots;
  rate.window = WINDOW;
  change = driver->give(limiter, &rate, now_is(), slot, outcome, hold);
  assert_int_equal(slot->state, SR_SLOT_NONE);
  settle(limiter);
  return change != SR_CHANGE_NONE ? change : driver->news(limiter);
}

static inline enum sr_change give(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
                                  enum sr_outcome outcome) {
  return give_for(limiter, slots, slot, outcome, WINDOW);
}

static inline struct sr_limit_view view_of(struct sr_limiter *limiter, int slots) {
  struct sr_limit_view view;
  int i;
  for (i = 0; i < 2; i++) {
    skip_time(60 * MS); /* makes the view stale, to be fetched again */
    view.rate.slots = slots;
    view.rate.window = WINDOW;
    driver->view(limiter, now_is(), &view);
    settle(limiter);
  }
  return view;
}

/* An idle limit past its cold start. */
static inline void warm(struct server *server, struct sr_limiter *limiter, int slots) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  assert_int_equal(take(limiter, slots, &slot, &ruling), SR_LIMIT_WAIT);
  /* a refused take only creates the hash */
  pass(server, 3600 * S);
  GRANTED(limiter, slots, &slot);
  give(limiter, slots, &slot, SR_OUTCOME_UNSENT);
}

#define START(server) START_WITH(server, NULL)
#define START_WITH(server, ...)                                                                    \
  const char *const start_options[] = {"--save", "", __VA_ARGS__, NULL};                           \
  (void)state;                                                                                     \
  if (!server_available())                                                                         \
    skip();                                                                                        \
  server_start(&(server), start_options)

/* START, and a host whose limit is idle and past its cold start. */
#define START_WARM(server, limiter, slots)                                                         \
  START(server);                                                                                   \
  (limiter) = host(&(server));                                                                     \
  warm(&(server), limiter, slots)

/* A time sent by the server: exact up to one answer's latency. */
static inline void expect_time(sr_time at, sr_time earliest, sr_time latest) {
  CHECK(at >= earliest, "%.6f s too early", (double)(earliest - at) / 1e9);
  CHECK(at <= latest, "%.6f s too late", (double)(at - latest) / 1e9);
}

/* A request with this outcome. */
static inline enum sr_change request(struct sr_limiter *limiter, enum sr_outcome outcome) {
  struct sr_slot slot;
  GRANTED(limiter, 5, &slot);
  return give(limiter, 5, &slot, outcome);
}

/* Blocks an unblocked limit. */
static inline void block(struct server *server, struct sr_limiter *limiter) {
  int i;
  for (i = 0; i < 3; i++) {
    assert_int_equal(request(limiter, SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
    pass(server, WINDOW);
  }
}

/* Less than the timeout for a silent server. */
#define AT_ONCE (1500 * MS)

/* Takes, expects SR_LIMIT_FAILED within `most`, and returns the message. */
static inline const char *failure(struct sr_limiter *limiter, sr_time most) {
  static struct sr_ruling ruling;
  struct sr_slot slot;
  sr_time begun, took;
  enum sr_verdict verdict;
  freeze();
  begun = now_is();
  verdict = take(limiter, 5, &slot, &ruling);
  took = now_is() - begun;
  thaw();
  CHECK(verdict == SR_LIMIT_FAILED, "verdict %d", (int)verdict);
  CHECK(took <= most, "it took %.3f s", (double)took / 1e9);
  CHECK(strchr(ruling.problem, '\n') == NULL && ruling.problem[0] != '\0', "%s", ruling.problem);
  return ruling.problem;
}

static inline void expect_words(const char *text, const char *words) {
  CHECK(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

/* For children, where a failed cmocka check must not jump. */
#define NEED(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "in the child, line %d: %s\n", __LINE__, #condition);                        \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

#endif
