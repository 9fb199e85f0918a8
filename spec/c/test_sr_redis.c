/* The limiter on Redis, on a real server: its rules one by one, then trouble of every kind, then
** many hosts against a server that counts.
** SPDX-License-Identifier: MIT */
#include "redis_server.h"

#include "limit/redis/sr_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define MS SR_MILLISECOND
#define S  SR_SECOND

#define WINDOW (300 * MS)
#define COLD   (WINDOW + SR_LATE_COUNT)
#define LEASE  (60 * S)

/* A limit's name and the hash that it has on the server. */
#define NAME UINT64_C(0xfeedc0de12345678)
#define KEY  "seranking:feedc0de12345678"

/* Nothing here waits longer. */
#define PATIENCE (15 * S)

static const struct sr_limiter_driver *const driver = &sr_redis_driver;
static int available;

/* ---- hosts: limiters of their own ---- */

static struct sr_limiter *host_at(const char *address) {
  static const struct sr_limit_identity identity = {NAME, "…d14b", "https://api4.seranking.com"};
  struct sr_limiter *limiter;
  assert_null(driver->check(address));
  limiter = driver->open(address, &identity);
  assert_non_null(limiter);
  return limiter;
}

static struct sr_limiter *host(const struct server *server) {
  return host_at(server->address);
}

/* Waits for what the limiter waits for, `until` at most, and lets it work. */
static void turn(struct sr_limiter *limiter, sr_time until) {
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
  poll(fds, (nfds_t)count, until <= now ? 0 : (int)((until - now + MS - 1) / MS));
  driver->work(limiter, now_is());
}

static struct sr_want want_of(int slots) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate.slots = slots;
  want.rate.window = WINDOW;
  want.lease = now_is() + LEASE;
  return want;
}

/* Takes, waiting for the verdict only. */
static enum sr_verdict take_as(struct sr_limiter *limiter, const struct sr_want *want,
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

static enum sr_verdict take(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
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

/* Lets the limiter work until it has told the server everything. */
static void settle(struct sr_limiter *limiter) {
  sr_time until = now_is() + PATIENCE;
  while (!driver->idle(limiter)) {
    turn(limiter, until);
    assert_true(now_is() < until);
  }
}

static enum sr_change give_for(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
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

static enum sr_change give(struct sr_limiter *limiter, int slots, struct sr_slot *slot,
                           enum sr_outcome outcome) {
  return give_for(limiter, slots, slot, outcome, WINDOW);
}

static struct sr_limit_view view_of(struct sr_limiter *limiter, int slots) {
  struct sr_limit_view view;
  int i;
  for (i = 0; i < 2; i++) {
    sr_sleep_until(now_is() + 60 * MS * (1 - i)); /* old enough to be asked for again */
    view.rate.slots = slots;
    view.rate.window = WINDOW;
    driver->view(limiter, now_is(), &view);
    settle(limiter);
  }
  return view;
}

/* A limit that is not new any more, and at rest. */
static void warm(struct server *server, struct sr_limiter *limiter, int slots) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  assert_int_equal(take(limiter, slots, &slot, &ruling), SR_LIMIT_WAIT);
  /* a take that waits writes nothing but the birth */
  server_pass(server, KEY, 3600);
  GRANTED(limiter, slots, &slot);
  give(limiter, slots, &slot, SR_OUTCOME_UNSENT);
}

#define START(server) START_WITH(server, NULL)
#define START_WITH(server, ...)                                                                    \
  const char *const start_options[] = {"--save", "", __VA_ARGS__, NULL};                           \
  (void)state;                                                                                     \
  if (!available)                                                                                  \
    skip();                                                                                        \
  server_start(&(server), start_options)

/* A time that the server has told: exact but for the way of one answer. */
static void expect_time(sr_time at, sr_time earliest, sr_time latest) {
  CHECK(at >= earliest, "%.6f s too early", (double)(earliest - at) / 1e9);
  CHECK(at <= latest, "%.6f s too late", (double)(at - latest) / 1e9);
}

/* ---- slots ---- */

static void a_new_limit_gives_nothing_before_what_was_sent_earlier_has_been_counted(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time before, born, asked;
  START(server);
  limiter = host(&server);
  before = now_is();
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  born = now_is();
  /* "a window at the latest", and looking again tells the rest */
  expect_time(ruling.at, before + WINDOW, born + WINDOW);
  sr_sleep_until(before + WINDOW);
  asked = now_is();
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, before + COLD, born + COLD + (now_is() - asked));
  while (take(limiter, 2, &slot, &ruling) != SR_LIMIT_GRANTED)
    sr_sleep_until(ruling.at);
  assert_true(now_is() >= before + COLD);
  driver->close(limiter);
  server_stop(&server);
}

static void n_slots_are_given_and_no_more_whoever_asks(void **state) {
  struct server server;
  struct sr_limiter *hosts[3];
  struct sr_slot slots[SR_LIMIT_SLOTS], slot;
  struct sr_ruling ruling;
  int i, seen[SR_LIMIT_SLOTS] = {0};
  START(server);
  for (i = 0; i < 3; i++)
    hosts[i] = host(&server);
  warm(&server, hosts[0], SR_LIMIT_SLOTS);
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    GRANTED(hosts[i % 3], SR_LIMIT_SLOTS, &slots[i]);
    assert_in_range(slots[i].index, 0, SR_LIMIT_SLOTS - 1);
    assert_int_equal(seen[slots[i].index]++, 0);
  }
  for (i = 0; i < 3; i++)
    assert_int_equal(take(hosts[i], SR_LIMIT_SLOTS, &slot, &ruling), SR_LIMIT_WAIT);
  for (i = 0; i < 3; i++)
    driver->close(hosts[i]);
  server_stop(&server);
}

/* What is given back, and when the slot must be free again. */
static void
a_slot_is_free_a_window_after_its_answer_and_at_once_when_nothing_was_sent(void **state) {
  static const struct {
    enum sr_outcome outcome;
    sr_time cool;
  } rows[] = {{SR_OUTCOME_FINE, WINDOW},
              {SR_OUTCOME_ANSWERED, WINDOW},
              {SR_OUTCOME_SILENT, COLD},
              {SR_OUTCOME_UNSENT, 0}};
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  size_t i;
  START(server);
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  for (i = 0; i < COUNT(rows); i++) {
    sr_time given, told;
    GRANTED(limiter, 1, &slot);
    given = now_is();
    assert_int_equal(give(limiter, 1, &slot, rows[i].outcome), SR_CHANGE_NONE);
    told = now_is();
    if (rows[i].cool > 0) {
      struct sr_limit_view view;
      assert_int_equal(take(other, 1, &slot, &ruling), SR_LIMIT_WAIT);
      view = view_of(other, 1);
      expect_time(view.free_at[0], given + rows[i].cool, told + rows[i].cool + 200 * MS);
      assert_int_equal(view.leased[0], 0);
      if (rows[i].cool <= WINDOW)
        expect_time(ruling.at, given + rows[i].cool, told + rows[i].cool + 200 * MS);
      sr_sleep_until(given + rows[i].cool);
      while (take(other, 1, &slot, &ruling) != SR_LIMIT_GRANTED)
        sr_sleep_until(ruling.at);
      expect_time(now_is(), given + rows[i].cool, told + rows[i].cool + 200 * MS);
    } else {
      GRANTED(other, 1, &slot);
    }
    give(other, 1, &slot, SR_OUTCOME_UNSENT);
  }
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back(void **state) {
  struct server server;
  struct sr_limiter *old, *new;
  struct sr_slot first, second, third;
  struct sr_ruling ruling;
  struct sr_want want = want_of(1);
  sr_time asked;
  START(server);
  old = host(&server);
  new = host(&server);
  warm(&server, old, 1);
  memset(&first, 0, sizeof first);
  asked = now_is();
  want.lease = asked + WINDOW + SR_LATE_COUNT + 100 * MS;
  assert_int_equal(take_as(old, &want, &first, &ruling), SR_LIMIT_GRANTED);
  expect_time(first.send_by, asked + 100 * MS, asked + 100 * MS);
  assert_int_equal(take(new, 1, &second, &ruling), SR_LIMIT_WAIT);
  sr_sleep_until(now_is() + WINDOW + SR_LATE_COUNT + 100 * MS); /* after the server took it */
  GRANTED(new, 1, &second);
  give(old, 1, &first, SR_OUTCOME_UNSENT);
  assert_int_equal(take(old, 1, &third, &ruling), SR_LIMIT_WAIT);
  give(old, 1, &first, SR_OUTCOME_FINE); /* empty by now: nothing */
  give(new, 1, &second, SR_OUTCOME_UNSENT);
  GRANTED(old, 1, &third);
  driver->close(old);
  driver->close(new);
  server_stop(&server);
}

static void the_last_slot_is_not_for_low_priority_unless_it_is_the_only_one(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want low;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 2);
  low = want_of(2);
  low.low = 1;
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_GRANTED);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_WAIT);
  GRANTED(limiter, 2, &slot);
  give(limiter, 2, &slot, SR_OUTCOME_UNSENT);
  server_pass(&server, KEY, 3600);
  low.rate.slots = 1;
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_GRANTED);
  driver->close(limiter);
  server_stop(&server);
}

static void pacing_by_the_time_of_sending_frees_a_slot_a_window_after_it_was_taken(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  sr_time asked, taken;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 1);
  want = want_of(1);
  want.send_time = 1;
  memset(&slot, 0, sizeof slot);
  asked = now_is();
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  taken = now_is();
  assert_int_equal(slot.send_time, 1);
  assert_int_equal(slot.send_by, want.lease - WINDOW - SR_LATE_COUNT);
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, asked + WINDOW, now_is() + WINDOW);
  give(limiter, 1, &slot, SR_OUTCOME_FINE); /* the answer changes nothing */
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  sr_sleep_until(taken + WINDOW);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT); /* not sent: free at once */
  GRANTED(limiter, 1, &other);
  driver->close(limiter);
  server_stop(&server);
}

static void a_slot_that_was_only_asked_for_comes_back(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_rate rate = {1, WINDOW};
  START(server);
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  want = want_of(1);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(driver->idle(limiter), 0);
  settle(limiter);
  GRANTED(other, 1, &slot);
  give(other, 1, &slot, SR_OUTCOME_UNSENT);
  /* the same when the answer has come but was not looked at */
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  turn(limiter, now_is() + S);
  assert_int_equal(driver->idle(limiter), 1);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  GRANTED(other, 1, &slot);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void many_are_under_way_at_once_and_each_gets_its_own_answer(void **state) {
  enum { ASKING = 200, FREE = 7 };
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slots[ASKING];
  struct sr_ruling ruling;
  struct sr_want want;
  int i, granted = 0, seen[FREE] = {0};
  START(server);
  limiter = host(&server);
  warm(&server, limiter, FREE);
  want = want_of(FREE);
  memset(slots, 0, sizeof slots);
  for (i = 0; i < ASKING; i++)
    assert_int_equal(driver->take(limiter, &want, now_is(), &slots[i], &ruling), SR_LIMIT_ASKED);
  for (i = 0; i < ASKING; i++)
    if (take_as(limiter, &want, &slots[i], &ruling) == SR_LIMIT_GRANTED) {
      assert_int_equal(seen[slots[i].index]++, 0);
      granted++;
    }
  assert_int_equal(granted, FREE);
  driver->close(limiter);
  server_stop(&server);
}

static void names_prefixes_and_databases_are_limits_of_their_own(void **state) {
  static const char *const options[] = {"", "?prefix=other:", "?db=3"};
  struct server server;
  struct sr_limiter *limiters[3];
  struct sr_slot slot;
  struct sr_ruling ruling;
  char address[200];
  int i;
  START(server);
  for (i = 0; i < 3; i++) {
    snprintf(address, sizeof address, "%s%s", server.address, options[i]);
    limiters[i] = host_at(address);
    assert_int_equal(take(limiters[i], 1, &slot, &ruling), SR_LIMIT_WAIT);
  }
  sr_sleep_until(now_is() + COLD);
  for (i = 0; i < 3; i++) {
    GRANTED(limiters[i], 1, &slot);
    assert_int_equal(take(limiters[i], 1, &slot, &ruling), SR_LIMIT_WAIT);
  }
  assert_int_equal(server_do(&server, "EXISTS " KEY), 1);
  assert_int_equal(server_do(&server, "EXISTS other:feedc0de12345678"), 1);
  assert_int_equal(server_do(&server, "DBSIZE"), 2);
  server_do(&server, "SELECT 3");
  assert_int_equal(server_do(&server, "EXISTS " KEY), 1);
  for (i = 0; i < 3; i++)
    driver->close(limiters[i]);
  server_stop(&server);
}

static void a_limit_that_nobody_uses_goes_but_not_before_the_longest_ban_is_over(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 1);
  assert_in_range(server_do(&server, "PTTL " KEY), (600LL << 8) * 1000 + 86400000, 8 * 86400000LL);
  server_do(&server, "PEXPIRE " KEY " 5000");
  GRANTED(limiter, 1, &slot);
  assert_in_range(server_do(&server, "PTTL " KEY), (600LL << 8) * 1000 + 86400000, 8 * 86400000LL);
  driver->close(limiter);
  server_stop(&server);
}

static void the_bound_of_a_queue_is_never_too_late(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, kept;
  struct sr_ruling ruling;
  struct sr_rate rate = {2, WINDOW};
  sr_time now, given, told;
  START(server);
  limiter = host(&server);
  now = now_is();
  assert_int_equal(driver->earliest(limiter, &rate, now, 0), now); /* nothing is known */
  warm(&server, limiter, 2);
  now = now_is();
  assert_int_equal(driver->earliest(limiter, &rate, now, 1), now);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &kept);
  given = now_is();
  give(limiter, 2, &slot, SR_OUTCOME_FINE);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  told = now_is();
  /* one cools down, and one could come back now */
  expect_time(driver->earliest(limiter, &rate, told, 0), given + WINDOW, told + WINDOW);
  expect_time(driver->earliest(limiter, &rate, told, 1), given + WINDOW, told + WINDOW);
  expect_time(driver->earliest(limiter, &rate, told, 2), given + 2 * WINDOW, told + 2 * WINDOW);
  now = told + 3 * S; /* too old to be held against anybody */
  assert_int_equal(driver->earliest(limiter, &rate, now, 5), now);
  driver->close(limiter);
  server_stop(&server);
}

/* ---- hold and circuit ---- */

/* A request that ends so. */
static enum sr_change request(struct sr_limiter *limiter, enum sr_outcome outcome) {
  struct sr_slot slot;
  GRANTED(limiter, 5, &slot);
  return give(limiter, 5, &slot, outcome);
}

static void a_429_holds_every_host_for_as_long_as_the_server_said(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time given, told;
  START(server);
  a = host(&server);
  b = host(&server);
  warm(&server, a, 5);
  GRANTED(a, 5, &slot);
  given = now_is();
  assert_int_equal(give_for(a, 5, &slot, SR_OUTCOME_REFUSED, 2 * S), SR_CHANGE_NONE);
  told = now_is();
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 2 * S, told + 2 * S + 100 * MS);
  server_pass(&server, KEY, 2);
  assert_int_equal(request(b, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

/* Clients of one limit with windows of their own. */
static void a_short_window_does_not_shorten_the_hold_of_a_long_one(void **state) {
  static const struct sr_rate hourly = {5, 3600 * S};
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time given;
  int i;
  START(server);
  a = host(&server);
  b = host(&server);
  warm(&server, a, 5);
  GRANTED(a, 5, &slot);
  given = now_is();
  driver->give(a, &hourly, given, &slot, SR_OUTCOME_REFUSED, 3600 * S);
  settle(a);
  for (i = 0; i < 2; i++) {
    assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
    expect_time(ruling.at, given + 3600 * S, now_is() + 3600 * S);
  }
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void after_three_silent_requests_one_goes_at_a_time_until_one_is_answered(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slots[3], slot;
  struct sr_ruling ruling;
  sr_time given;
  int i;
  START(server);
  a = host(&server);
  b = host(&server);
  warm(&server, a, 5);
  for (i = 0; i < 3; i++)
    GRANTED(a, 5, &slots[i]);
  given = now_is();
  for (i = 0; i < 3; i++)
    give(a, 5, &slots[i], SR_OUTCOME_SILENT);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  assert_true(ruling.silent);
  expect_time(ruling.at, given + WINDOW, now_is() + WINDOW);
  assert_true(view_of(b, 5).silent);
  server_pass(&server, KEY, 1);
  GRANTED(a, 5, &slot);
  assert_int_equal(take(b, 5, &slots[0], &ruling), SR_LIMIT_WAIT); /* one at a time */
  assert_true(ruling.silent);
  given = now_is();
  give(a, 5, &slot, SR_OUTCOME_SILENT);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 2 * WINDOW, now_is() + 2 * WINDOW);
  server_pass(&server, KEY, 1);
  GRANTED(b, 5, &slot);
  given = now_is();
  give(b, 5, &slot, SR_OUTCOME_FINE);
  assert_int_equal(take(a, 5, &slot, &ruling),
                   SR_LIMIT_WAIT); /* what was sent may be counted now */
  assert_false(ruling.silent);
  expect_time(ruling.at, given + WINDOW, now_is() + WINDOW);
  server_pass(&server, KEY, 1);
  for (i = 0; i < 3; i++)
    GRANTED(i % 2 ? a : b, 5, &slots[i]);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void three_429s_in_a_row_block_all_for_ten_minutes_and_then_one_request_goes(void **state) {
  struct server server;
  struct sr_limiter *hosts[3];
  struct sr_slot slot, probe;
  struct sr_ruling ruling;
  sr_time given = 0;
  int i;
  START(server);
  for (i = 0; i < 3; i++)
    hosts[i] = host(&server);
  warm(&server, hosts[0], 5);
  for (i = 0; i < 3; i++) {
    given = now_is();
    assert_int_equal(request(hosts[i], SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
    assert_int_equal(driver->news(hosts[i]), SR_CHANGE_NONE); /* told once */
    if (i < 2)
      server_pass(&server, KEY, 1);
  }
  for (i = 0; i < 3; i++) {
    assert_int_equal(take(hosts[i], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    assert_int_equal(ruling.block, SR_BLOCK_RATE);
    expect_time(ruling.at, given + 600 * S, now_is() + 600 * S);
  }
  server_pass(&server, KEY, 599);
  assert_int_equal(take(hosts[1], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  server_pass(&server, KEY, 1);
  GRANTED(hosts[1], 5, &probe);
  assert_true(probe.probe != 0);
  for (i = 0; i < 3; i++) {
    assert_int_equal(take(hosts[i], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    expect_time(ruling.at, now_is(), now_is() + WINDOW);
  }
  assert_int_equal(give(hosts[1], 5, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  for (i = 0; i < 3; i++) {
    GRANTED(hosts[i], 5, &slot);
    assert_true(slot.probe == 0);
  }
  for (i = 0; i < 3; i++)
    driver->close(hosts[i]);
  server_stop(&server);
}

static void an_answer_between_429s_begins_the_count_anew(void **state) {
  static const enum sr_outcome row[] = {SR_OUTCOME_REFUSED,  SR_OUTCOME_REFUSED, SR_OUTCOME_FINE,
                                        SR_OUTCOME_REFUSED,  SR_OUTCOME_SILENT,  SR_OUTCOME_REFUSED,
                                        SR_OUTCOME_ANSWERED, SR_OUTCOME_UNSENT};
  struct server server;
  struct sr_limiter *limiter;
  size_t i;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  for (i = 0; i < COUNT(row); i++) {
    assert_int_equal(request(limiter, row[i]), SR_CHANGE_NONE);
    server_pass(&server, KEY, 1);
  }
  assert_int_equal(view_of(limiter, 5).strikes, 2);
  assert_int_equal(request(limiter, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

/* Blocks a limit that is not. */
static void block(struct server *server, struct sr_limiter *limiter) {
  int i;
  for (i = 0; i < 3; i++) {
    assert_int_equal(request(limiter, SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
    server_pass(server, KEY, 1);
  }
}

static void a_probe_that_is_refused_doubles_the_ban_up_to_256_times(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time ban = 600 * S;
  int i;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  block(&server, limiter);
  for (i = 0; i < 11; i++) {
    assert_int_equal(view_of(limiter, 5).level, i + 1 < 8 ? i + 1 : 8);
    server_pass(&server, KEY, (double)(ban / S));
    GRANTED(limiter, 5, &slot);
    assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
    if (i < 8)
      ban *= 2;
    assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    expect_time(ruling.at, now_is() + ban - S, now_is() + ban);
  }
  driver->close(limiter);
  server_stop(&server);
}

static void the_level_falls_by_one_for_each_hour_of_peace(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  block(&server, limiter);
  server_pass(&server, KEY, 600);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  server_pass(&server, KEY, 20 * 3600); /* being blocked is no peace */
  GRANTED(limiter, 5, &slot);
  assert_int_equal(view_of(limiter, 5).level, 2);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  assert_int_equal(view_of(limiter, 5).level, 2);
  server_pass(&server, KEY, 3590);
  assert_int_equal(view_of(limiter, 5).level, 2);
  request(limiter, SR_OUTCOME_REFUSED); /* from here on again */
  server_pass(&server, KEY, 3590);
  assert_int_equal(view_of(limiter, 5).level, 2);
  server_pass(&server, KEY, 10);
  assert_int_equal(view_of(limiter, 5).level, 1);
  request(limiter, SR_OUTCOME_REFUSED); /* what has fallen stays so */
  assert_int_equal(view_of(limiter, 5).level, 1);
  server_pass(&server, KEY, 5 * 3600);
  assert_int_equal(view_of(limiter, 5).level, 0);
  driver->close(limiter);
  server_stop(&server);
}

static void a_probe_that_shows_nothing_hands_on_to_the_next(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_UNSENT, SR_OUTCOME_SILENT,
                                             SR_OUTCOME_ANSWERED};
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot probe;
  size_t i;
  START(server);
  a = host(&server);
  b = host(&server);
  warm(&server, a, 5);
  block(&server, a);
  server_pass(&server, KEY, 600);
  for (i = 0; i < COUNT(outcomes); i++) {
    struct sr_limiter *limiter = i % 2 ? b : a;
    GRANTED(limiter, 5, &probe);
    assert_true(probe.probe != 0);
    assert_int_equal(give(limiter, 5, &probe, outcomes[i]), SR_CHANGE_NONE);
  }
  GRANTED(b, 5, &probe);
  assert_true(probe.probe != 0);
  assert_int_equal(give(b, 5, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void a_probe_whose_host_died_is_replaced_when_its_lease_ends(void **state) {
  struct server server;
  struct sr_limiter *dead, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  START(server);
  dead = host(&server);
  other = host(&server);
  warm(&server, dead, 5);
  block(&server, dead);
  server_pass(&server, KEY, 600);
  want = want_of(5);
  want.lease = now_is() + 30 * S;
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(dead, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  driver->close(dead); /* as if killed: nothing is given back */
  server_pass(&server, KEY, 29);
  assert_int_equal(take(other, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  server_pass(&server, KEY, 1);
  GRANTED(other, 5, &slot);
  assert_true(slot.probe != 0);
  driver->close(other);
  server_stop(&server);
}

static void while_blocked_only_the_probe_decides(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot before[3], probe, slot;
  struct sr_ruling ruling;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 8);
  GRANTED(limiter, 8, &before[0]);
  GRANTED(limiter, 8, &before[1]);
  GRANTED(limiter, 8, &before[2]);
  block(&server, limiter);
  assert_int_equal(give(limiter, 8, &before[0], SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(give(limiter, 8, &before[1], SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(take(limiter, 8, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 590 * S, now_is() + 600 * S);
  server_pass(&server, KEY, 600);
  GRANTED(limiter, 8, &probe);
  assert_int_equal(give(limiter, 8, &before[2], SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(take(limiter, 8, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(give(limiter, 8, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

static void a_key_that_is_refused_twice_in_a_row_blocks(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(ruling.block, SR_BLOCK_KEY);
  expect_time(ruling.at, now_is() + 590 * S, now_is() + 600 * S);
  server_pass(&server, KEY, 600);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 1190 * S, now_is() + 1200 * S);
  driver->close(limiter);
  server_stop(&server);
}

static void reset_ends_ban_and_hold_for_all_but_keeps_the_slots(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  START(server);
  a = host(&server);
  b = host(&server);
  warm(&server, a, 1);
  GRANTED(a, 1, &slot);
  give_for(a, 1, &slot, SR_OUTCOME_REFUSED, 100 * S);
  server_pass(&server, KEY, 1);
  driver->reset(b, now_is());
  assert_int_equal(driver->idle(b), 0);
  settle(b);
  GRANTED(a, 1, &slot);
  server_pass(&server, KEY, 0);
  driver->reset(a, now_is());
  settle(a);
  assert_int_equal(take(b, 1, &other, &ruling), SR_LIMIT_WAIT); /* held by a */
  give(a, 1, &slot, SR_OUTCOME_UNSENT);
  block(&server, a);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  driver->reset(b, now_is());
  settle(b);
  view = view_of(a, 5);
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_int_equal(view.strikes, 0);
  assert_int_equal(view.probing, 0);
  assert_true(view.held_until <= now_is());
  GRANTED(a, 5, &slot);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void the_view_shows_slots_hold_ban_and_where_it_is(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot leased, cooling, slot;
  struct sr_limit_view view;
  char place[140];
  sr_time given, leased_at;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 4);
  leased_at = now_is();
  GRANTED(limiter, 4, &leased);
  GRANTED(limiter, 4, &cooling);
  given = now_is();
  give(limiter, 4, &cooling, SR_OUTCOME_FINE);
  view = view_of(limiter, 4);
  assert_int_equal(view.leased[0], 1);
  expect_time(view.free_at[0], leased_at + LEASE, now_is() + LEASE);
  assert_int_equal(view.leased[1], 0);
  expect_time(view.free_at[1], given + WINDOW, now_is() + WINDOW);
  assert_true(view.free_at[2] <= now_is() && view.free_at[3] <= now_is());
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_string_equal(view.scope, "redis");
  snprintf(place, sizeof place, "unix:%s?db=0", server.socket);
  assert_string_equal(view.place, place);
  assert_string_equal(view.problem, "");
  give_for(limiter, 4, &leased, SR_OUTCOME_REFUSED, 7 * S);
  view = view_of(limiter, 4);
  assert_int_equal(view.strikes, 1);
  expect_time(view.held_until, now_is() + 6 * S, now_is() + 7 * S);
  server_pass(&server, KEY, 10);
  request(limiter, SR_OUTCOME_FINE);
  block(&server, limiter);
  server_pass(&server, KEY, 600);
  view = view_of(limiter, 4);
  assert_int_equal(view.block, SR_BLOCK_RATE);
  assert_int_equal(view.probing, 0);
  assert_true(view.blocked_until <= now_is());
  GRANTED(limiter, 4, &slot);
  assert_int_equal(view_of(limiter, 4).probing, 1);
  driver->close(limiter);
  server_stop(&server);
}

/* ---- trouble ---- */

/* Well below what a silent server is given, and enough for a slow machine. */
#define AT_ONCE (1500 * MS)

/* Takes, and expects the limiter to be out of reach, within `most`; its words. */
static const char *failure(struct sr_limiter *limiter, sr_time most) {
  static struct sr_ruling ruling;
  struct sr_slot slot;
  sr_time begun = now_is();
  enum sr_verdict verdict = take(limiter, 5, &slot, &ruling);
  CHECK(verdict == SR_LIMIT_FAILED, "verdict %d", (int)verdict);
  CHECK(now_is() - begun <= most, "it took %.3f s", (double)(now_is() - begun) / 1e9);
  CHECK(strchr(ruling.problem, '\n') == NULL && ruling.problem[0] != '\0', "%s", ruling.problem);
  return ruling.problem;
}

static void expect_words(const char *text, const char *words) {
  CHECK(strstr(text, words) != NULL, "\"%s\" is not in \"%s\"", words, text);
}

static void a_script_cache_that_was_flushed_loses_no_step(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  START(server);
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  server_do(&server, "SCRIPT FLUSH");
  GRANTED(limiter, 1, &slot);
  server_do(&server, "SCRIPT FLUSH");
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  server_do(&server, "SCRIPT FLUSH");
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT);
  server_do(&server, "SCRIPT FLUSH");
  GRANTED(other, 1, &second);
  server_do(&server, "SCRIPT FLUSH");
  driver->reset(limiter, now_is());
  settle(limiter);
  server_do(&server, "SCRIPT FLUSH");
  assert_int_equal(view_of(limiter, 1).leased[0], 1);
  /* and the script itself was sent no more often than it was gone */
  assert_in_range(server_calls(&server, "eval"), 1, 8);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void a_killed_server_that_saves_every_step_goes_on_where_it_was(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 5);
  block(&server, other);
  server_kill(&server);
  server_run(&server);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 590 * S, now_is() + 600 * S);
  server_pass(&server, KEY, 600);
  GRANTED(limiter, 5, &slot); /* the probe */
  server_kill(&server);
  server_run(&server);
  assert_int_equal(take(other, 5, &second, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* What was under way when it forgot may still be counted. */
static void a_killed_server_that_saves_nothing_begins_cold(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  sr_time restarted, given;
  START(server);
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  GRANTED(limiter, 1, &slot);
  server_kill(&server);
  server_run(&server);
  restarted = now_is();
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  sr_sleep_until(restarted + COLD - 100 * MS);
  /* the answer comes only now: the slot cools from now on, although the server did not know it */
  given = now_is();
  give(limiter, 1, &slot, SR_OUTCOME_FINE);
  while (take(other, 1, &second, &ruling) != SR_LIMIT_GRANTED)
    sr_sleep_until(ruling.at);
  expect_time(now_is(), given + WINDOW, given + WINDOW + 200 * MS);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* The worst of them: a memory that looks whole and is old. */
static void a_killed_server_that_comes_back_with_an_old_snapshot_begins_cold(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slots[2], slot;
  struct sr_ruling ruling;
  sr_time killed;
  START(server);
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 2);
  server_do(&server, "SAVE"); /* both slots are free in it */
  GRANTED(limiter, 2, &slots[0]);
  GRANTED(limiter, 2, &slots[1]);
  server_kill(&server);
  killed = now_is();
  server_run(&server);
  assert_int_equal(take(other, 2, &slot, &ruling), SR_LIMIT_WAIT);
  while (take(other, 2, &slot, &ruling) != SR_LIMIT_GRANTED)
    sr_sleep_until(ruling.at);
  assert_true(now_is() >= killed + COLD);
  /* many connections to the same server are one server: no new cold start */
  driver->close(limiter);
  limiter = host(&server);
  GRANTED(limiter, 2, &slot);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* The bytes of an answer, read away from under the limiter; then the connection is cut. */
static void lose_answer(struct sr_limiter *limiter) {
  struct sr_watch watches[SR_WATCH_MAX];
  struct pollfd fd;
  char data[4096];
  assert_int_equal(driver->watch(limiter, watches), 1);
  fd.fd = watches[0].fd;
  fd.events = POLLIN;
  assert_int_equal(poll(&fd, 1, 5000), 1);
  assert_true(recv(fd.fd, data, sizeof data, 0) > 0);
  assert_int_equal(shutdown(fd.fd, SHUT_RDWR), 0);
}

static void a_take_whose_answer_was_lost_is_repeated_and_holds_one_slot(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_limit_view view;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 3);
  want = want_of(3);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  lose_answer(limiter);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  settle(limiter);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[0] + view.leased[1] + view.leased[2], 1);
  /* one that nobody wants any more is not repeated */
  memset(&other, 0, sizeof other);
  assert_int_equal(driver->take(limiter, &want, now_is(), &other, &ruling), SR_LIMIT_ASKED);
  lose_answer(limiter);
  driver->give(limiter, &want.rate, now_is(), &other, SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[0] + view.leased[1] + view.leased[2], 1);
  driver->close(limiter);
  server_stop(&server);
}

static void a_give_whose_answer_was_lost_is_repeated_and_counts_once(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_rate rate = {5, WINDOW};
  struct sr_limit_view view;
  sr_time given;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  GRANTED(limiter, 5, &slot);
  given = now_is();
  driver->give(limiter, &rate, given, &slot, SR_OUTCOME_REFUSED, 5 * S);
  lose_answer(limiter);
  settle(limiter);
  view = view_of(limiter, 5);
  assert_int_equal(view.strikes, 1);
  assert_int_equal(view.leased[0], 0);
  expect_time(view.held_until, given + 5 * S, given + 5 * S + 300 * MS);
  server_pass(&server, KEY, 5);
  request(limiter, SR_OUTCOME_REFUSED);
  server_pass(&server, KEY, 5);
  assert_int_equal(request(limiter, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

static void what_is_given_back_while_the_server_is_away_is_told_when_it_comes_back(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  struct sr_rate rate = {1, WINDOW};
  sr_time given, until;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  GRANTED(limiter, 1, &slot);
  server_kill(&server);
  given = now_is();
  driver->give(limiter, &rate, given, &slot, SR_OUTCOME_REFUSED, 3 * S);
  until = given + S;
  while (now_is() < until)
    turn(limiter, until);
  assert_int_equal(driver->idle(limiter), 0);
  server_run(&server);
  settle(limiter);
  /* the time that has passed meanwhile counts */
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 3 * S, given + 3 * S + 100 * MS);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void a_server_that_is_not_there_fails_at_once_and_is_found_later(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time until;
  enum sr_verdict verdict;
  START(server);
  server_kill(&server);
  limiter = host(&server);
  expect_words(failure(limiter, AT_ONCE), "Connection refused");
  expect_words(failure(limiter, AT_ONCE), server.socket);
  assert_string_equal(view_of(limiter, 5).problem, failure(limiter, AT_ONCE));
  server_run(&server);
  until = now_is() + 5 * S;
  while ((verdict = take(limiter, 5, &slot, &ruling)) == SR_LIMIT_FAILED) {
    assert_true(now_is() < until);
    sr_sleep_until(now_is() + 20 * MS);
  }
  assert_int_equal(verdict, SR_LIMIT_WAIT);
  assert_string_equal(view_of(limiter, 5).problem, "");
  driver->close(limiter);
  limiter = host_at("unix:/nowhere/at/all.sock");
  expect_words(failure(limiter, AT_ONCE), "unix:/nowhere/at/all.sock?db=0: No such file");
  driver->close(limiter);
  server_stop(&server);
}

/* A restart under a supervisor: takes wait for it, as for a slow answer. */
static void a_server_that_is_away_for_a_moment_is_waited_for(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  enum sr_verdict verdict;
  sr_time until;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  warm(&server, limiter, 5);
  server_kill(&server);
  want = want_of(5);
  memset(&slot, 0, sizeof slot);
  verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  until = now_is() + S / 2;
  while (now_is() < until) {
    assert_int_equal(verdict, SR_LIMIT_ASKED);
    turn(limiter, until);
    verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  }
  server_run(&server);
  verdict = take_as(limiter, &want, &slot, &ruling);
  CHECK(verdict == SR_LIMIT_WAIT, "verdict %d: %s", (int)verdict, ruling.problem); /* cold */
  /* but not for long */
  server_kill(&server);
  expect_words(failure(limiter, 2500 * MS), "Connection refused");
  expect_words(failure(limiter, AT_ONCE), "Connection refused");
  driver->close(limiter);
  server_stop(&server);
}

static void
a_slow_server_is_waited_for_and_one_that_is_silent_fails_after_two_seconds(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  sr_time asked, until;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 1);
  want = want_of(1);
  memset(&slot, 0, sizeof slot);
  kill(server.pid, SIGSTOP);
  asked = now_is();
  assert_int_equal(driver->take(limiter, &want, asked, &slot, &ruling), SR_LIMIT_ASKED);
  until = asked + 700 * MS;
  while (now_is() < until)
    turn(limiter, until);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  kill(server.pid, SIGCONT);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  /* by the time of asking: the answer says nothing of when it was written */
  expect_time(slot.send_by, asked + LEASE - COLD - 10 * MS, asked + LEASE - COLD + 10 * MS);
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT);
  kill(server.pid, SIGSTOP);
  asked = now_is();
  expect_words(failure(limiter, 2200 * MS), "no answer within 2 s");
  assert_true(now_is() - asked >= 1900 * MS);
  kill(server.pid, SIGCONT);
  settle(limiter); /* a slot that it gave after all is given back */
  until = now_is() + 5 * S;
  while (take(limiter, 1, &other, &ruling) != SR_LIMIT_GRANTED)
    assert_true(now_is() < until);
  driver->close(limiter);
  server_stop(&server);
}

static void
errors_of_the_server_are_told_in_words_and_what_it_was_to_be_told_is_kept(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_rate rate = {5, WINDOW};
  sr_time until;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  GRANTED(limiter, 5, &slot);
  server_do(&server, "CONFIG SET maxmemory 1");
  expect_words(failure(limiter, AT_ONCE), "its memory is full (OOM)");
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_REFUSED, 60 * S);
  until = now_is() + 300 * MS;
  while (now_is() < until)
    turn(limiter, until);
  assert_int_equal(driver->idle(limiter), 0);
  server_do(&server, "CONFIG SET maxmemory 0");
  settle(limiter);
  assert_int_equal(view_of(limiter, 5).strikes, 1);
  server_do(&server, "DEL " KEY);
  server_do(&server, "SET " KEY " 1");
  expect_words(failure(limiter, AT_ONCE), "the key is in use for something else");
  server_do(&server, "DEL " KEY);
  server_do(&server, "REPLICAOF 127.0.0.1 1");
  expect_words(failure(limiter, 3 * S), "it is a replica, which can't be written to (READONLY)");
  driver->close(limiter);
  server_stop(&server);
}

static void foreign_values_in_the_hash_are_put_right_and_stop_nobody_for_long(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time at;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 2);
  server_do(&server,
            "HSET " KEY " s0 nonsense s1 8888888888888888 held 8888888888888888"
            " until x probe -5 level 99 strikes many struck ~ at ~ trouble 8888888888888888");
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, now_is(), now_is() + WINDOW);
  sr_sleep_until(now_is() + COLD);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &slot);
  assert_int_equal(view_of(limiter, 2).level, 8);
  server_do(&server, "HSET " KEY " block what until 8888888888888888 probe 8888888888888888");
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_BLOCKED);
  at = ruling.at;
  sr_sleep_until(now_is() + 100 * MS);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, at - 50 * MS, at + 50 * MS); /* for good: it does not run away */
  expect_time(ruling.at, now_is() + 590 * S, now_is() + 600 * S);
  driver->reset(limiter, now_is());
  settle(limiter);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  driver->close(limiter);
  server_stop(&server);
}

/* The hash is written as if from the future: the same as a clock that was set back. */
static void a_clock_that_was_set_back_leaves_everything_the_time_that_it_had(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 2);
  GRANTED(limiter, 2, &slot);
  give_for(limiter, 2, &slot, SR_OUTCOME_REFUSED, 20 * S);
  server_pass(&server, KEY, -7200);
  view = view_of(limiter, 2);
  expect_time(view.held_until, now_is() + 19 * S, now_is() + 20 * S);
  assert_int_equal(take(limiter, 2, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, now_is() + 19 * S, now_is() + 20 * S);
  server_pass(&server, KEY, 20);
  GRANTED(limiter, 2, &slot);
  give(limiter, 2, &slot, SR_OUTCOME_FINE);
  server_pass(&server, KEY, -7200);
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, now_is(), now_is() + WINDOW);
  sr_sleep_until(ruling.at);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &other);
  driver->close(limiter);
  server_stop(&server);
}

/* ---- logging in ---- */

#define SECRET "s3cret/word"

static void expect_no_secret(const char *text) {
  CHECK(strstr(text, "s3cret") == NULL && strstr(text, "wrong1") == NULL, "%s", text);
}

static void passwords_and_users_let_in_and_wrong_ones_are_told_without_them(void **state) {
  static const struct {
    const char *options, *words; /* NULL: gets in */
  } rows[] = {
      {"?password=s3cret%2Fword", NULL},
      {"?db=2&password=s3cret%2fword&prefix=a%20b:", NULL},
      {"?user=worker&password=s3cret-too", NULL},
      {"", "it wants a password (NOAUTH)"},
      {"?password=wrong1", "user or password is wrong (WRONGPASS)"},
      {"?user=nobody&password=s3cret%2Fword", "user or password is wrong (WRONGPASS)"},
      {"?user=idler&password=s3cret-too", "this user may not run"},
      {"?db=9999&password=s3cret%2Fword", "DB index is out of range"},
  };
  struct server server;
  size_t i;
  START_WITH(server, "--requirepass", SECRET);
  server_do(&server, "AUTH " SECRET);
  server_do(&server,
            "ACL SETUSER worker on >s3cret-too ~seranking:* +select +script|load +evalsha +eval"
            " +time +hgetall +hset +pexpire");
  server_do(&server, "ACL SETUSER idler on >s3cret-too ~* +@connection");
  for (i = 0; i < COUNT(rows); i++) {
    char address[200];
    struct sr_limiter *limiter;
    struct sr_slot slot;
    struct sr_ruling ruling;
    struct sr_limit_view view;
    snprintf(address, sizeof address, "%s%s", server.address, rows[i].options);
    limiter = host_at(address);
    if (rows[i].words == NULL) {
      enum sr_verdict verdict = take(limiter, 5, &slot, &ruling);
      CHECK(verdict == SR_LIMIT_WAIT, "%s: %s", rows[i].options, ruling.problem);
    } else {
      const char *words = failure(limiter, AT_ONCE);
      expect_words(words, rows[i].words);
      expect_no_secret(words);
    }
    view = view_of(limiter, 5);
    expect_no_secret(view.place);
    expect_no_secret(view.problem);
    driver->close(limiter);
  }
  server_stop(&server);
}

/* Such a server repeats the arguments of commands that it does not know: the password. */
static void a_server_without_the_auth_command_does_not_make_us_show_the_password(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  char address[200];
  START_WITH(server, "--rename-command", "AUTH", "");
  snprintf(address, sizeof address, "%s?password=s3cret%%2Fword", server.address);
  limiter = host_at(address);
  expect_no_secret(failure(limiter, AT_ONCE));
  driver->close(limiter);
  server_stop(&server);
}

static void run(const char *format, const char *folder) {
  char command[2000], all[2100];
  snprintf(command, sizeof command, format, folder);
  snprintf(all, sizeof all, "{ %s; } >/dev/null 2>&1", command);
  CHECK(system(all) == 0, "failed: %s", command);
}

static int free_port(void) {
  struct {
    uint16_t family, port;
    uint32_t address;
    char zero[8];
  } name;
  socklen_t len = sizeof name;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  memset(&name, 0, sizeof name);
  name.family = AF_INET;
  name.address = 0x0100007f; /* 127.0.0.1, on a little-endian machine; else bind fails */
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)(void *)&name, len), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)(void *)&name, &len), 0);
  close(fd);
  return ((name.port & 0xff) << 8) | (name.port >> 8);
}

/* Takes again while the only trouble is time: TLS under valgrind may need more than a limiter gives it. */
static enum sr_verdict take_in_the_end(struct sr_limiter *limiter, struct sr_slot *slot,
                                       struct sr_ruling *ruling) {
  sr_time until = now_is() + PATIENCE;
  enum sr_verdict verdict;
  do
    verdict = take(limiter, 5, slot, ruling);
  while (verdict == SR_LIMIT_FAILED && strstr(ruling->problem, "within") != NULL &&
         now_is() < until);
  return verdict;
}

static void tls_is_verified_by_the_given_authority_alone(void **state) {
  struct server server;
  char folder[] = "/tmp/sr-redis-tls-XXXXXX", files[3][80], ports[2][12], address[300];
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  int i;
  (void)state;
  if (!available)
    skip();
  assert_non_null(mkdtemp(folder));
  run("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj "
      "/CN=authority && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout other.key -out "
      "other.pem -subj /CN=other && openssl req -newkey rsa:2048 -nodes -keyout key.pem -out "
      "csr.pem -subj /CN=redis && printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >ext && "
      "openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext "
      "-out cert.pem",
      folder);
  for (i = 0; i < 3; i++)
    snprintf(files[i], sizeof files[i], "%s/%s", folder,
             i == 0   ? "cert.pem"
             : i == 1 ? "key.pem"
                      : "ca.pem");
  for (i = 0; i < 2; i++)
    snprintf(ports[i], sizeof ports[i], "%d", free_port());
  {
    const char *const options[] = {"--save",
                                   "",
                                   "--tls-port",
                                   ports[0],
                                   "--port",
                                   ports[1],
                                   "--bind",
                                   "127.0.0.1",
                                   "--tls-cert-file",
                                   files[0],
                                   "--tls-key-file",
                                   files[1],
                                   "--tls-ca-cert-file",
                                   files[2],
                                   "--tls-auth-clients",
                                   "no",
                                   "--requirepass",
                                   SECRET,
                                   NULL};
    server_start(&server, options);
  }
  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%s/1?ca_file=%s", ports[0],
           files[2]);
  limiter = host_at(address);
  if (take_in_the_end(limiter, &slot, &ruling) != SR_LIMIT_WAIT)
    fail_msg("%s", ruling.problem);
  sr_sleep_until(now_is() + COLD);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  /* a server that goes away while TLS writes must not kill the program by a signal */
  GRANTED(limiter, 5, &slot);
  server_kill(&server);
  for (i = 0; i < 3; i++) {
    struct sr_rate rate = {5, WINDOW};
    driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_FINE, 0);
    turn(limiter, now_is() + 50 * MS);
  }
  driver->close(limiter);
  server_run(&server);

  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%s", ports[0]);
  if (!under_valgrind()) { /* which takes longer for the system's authorities than a limiter waits */
    limiter = host_at(address); /* the system does not know this authority */
    assert_int_equal(take_in_the_end(limiter, &slot, &ruling), SR_LIMIT_FAILED);
    expect_words(ruling.problem, "certificate");
    driver->close(limiter);
  }
  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%s?ca_file=%s/other.pem",
           ports[0], folder);
  limiter = host_at(address); /* nor does who was given another one */
  assert_int_equal(take_in_the_end(limiter, &slot, &ruling), SR_LIMIT_FAILED);
  expect_words(ruling.problem, "certificate");
  driver->close(limiter);

  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%s?ca_file=%s", ports[1],
           files[2]);
  limiter = host_at(address); /* TLS to a server that speaks none there */
  (void)failure(limiter, PATIENCE);
  driver->close(limiter);

  snprintf(address, sizeof address, "redis://:s3cret%%2Fword@localhost:%s", ports[1]);
  limiter = host_at(address); /* by name, without TLS */
  if (take_in_the_end(limiter, &slot, &ruling) != SR_LIMIT_WAIT)
    fail_msg("%s", ruling.problem);
  driver->close(limiter);

  snprintf(address, sizeof address, "redis://:s3cret%%2Fword@127.0.0.1:%s", ports[0]);
  limiter = host_at(address); /* no TLS to a server that wants it */
  expect_no_secret(failure(limiter, PATIENCE));
  driver->close(limiter);
  server_stop(&server);
  run("rm -rf %s", folder);
}

/* ---- processes ---- */

/* Runs `body` in a child; whether it came to its end. */
static int in_child(void (*body)(struct sr_limiter *, struct server *), struct sr_limiter *limiter,
                    struct server *server) {
  int status = 0;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    alarm(20);
    body(limiter, server);
    execlp("true", "true",
           (char *)NULL); /* no leak check: a child leaves the parent's handles alone */
    _exit(1);
  }
  assert_true(waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Checks of cmocka jump: not in a child. */
#define NEED(condition)                                                                            \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "in the child, line %d: %s\n", __LINE__, #condition);                        \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

static void child_uses_it(struct sr_limiter *limiter, struct server *server) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_rate rate = {3, WINDOW};
  (void)server;
  driver->forked(limiter);
  NEED(driver->idle(limiter));
  NEED(take(limiter, 3, &slot, &ruling) == SR_LIMIT_GRANTED);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_FINE, 0);
  settle(limiter);
  driver->close(limiter);
}

static void
a_child_of_a_fork_has_a_connection_of_its_own_and_leaves_the_parents_alone(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, asked;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_limit_view view;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 3);
  GRANTED(limiter, 3, &slot);
  want = want_of(3);
  memset(&asked, 0, sizeof asked);
  assert_int_equal(driver->take(limiter, &want, now_is(), &asked, &ruling), SR_LIMIT_ASKED);
  assert_true(in_child(child_uses_it, limiter, &server));
  assert_int_equal(take_as(limiter, &want, &asked, &ruling), SR_LIMIT_GRANTED);
  assert_true(slot.index != asked.index);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[slot.index], 1); /* the child did not give back what is ours */
  assert_int_equal(view.leased[asked.index], 1);
  assert_int_equal(give(limiter, 3, &slot, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(view_of(limiter, 3).leased[slot.index], 0);
  driver->close(limiter);
  server_stop(&server);
}

static void sockets_are_not_inherited_by_other_programs(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_watch watches[SR_WATCH_MAX];
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 1);
  assert_int_equal(driver->watch(limiter, watches), 1);
  assert_true(fcntl(watches[0].fd, F_GETFD) & FD_CLOEXEC);
  driver->close(limiter);
  server_stop(&server);
}

/* How many connections the server has, besides the test's own. */
static long connections(struct server *server) {
  redisReply *reply = redisCommand(server->admin, "INFO clients");
  const char *at;
  long count;
  assert_non_null(reply);
  assert_int_equal(reply->type, REDIS_REPLY_STRING);
  at = strstr(reply->str, "connected_clients:");
  assert_non_null(at);
  count = strtol(strchr(at, ':') + 1, NULL, 10) - 1;
  freeReplyObject(reply);
  return count;
}

static void a_child_that_never_uses_the_limiter_does_not_keep_its_connection_open(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  sr_time until = now_is() + PATIENCE;
  int ends[2], status;
  pid_t pid;
  char byte;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 1);
  assert_int_equal(connections(&server), 1);
  assert_int_equal(pipe(ends), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(ends[1]);
    _exit(read(ends[0], &byte, 1) != 0);
  }
  driver->close(limiter);
  while (connections(&server) > 0)
    assert_true(now_is() < until);
  close(ends[0]);
  close(ends[1]);
  assert_true(waitpid(pid, &status, 0) == pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  server_stop(&server);
}

/* ---- round trips ---- */

static void a_take_and_give_back_is_one_round_trip_and_two_commands(void **state) {
  enum { ROUNDS = 2000 };
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  int i, waits = 0;
  sr_time begun, took;
  START(server);
  limiter = host(&server);
  warm(&server, limiter, 5);
  want = want_of(5);
  server_do(&server, "CONFIG RESETSTAT");
  begun = now_is();
  for (i = 0; i < ROUNDS; i++) {
    memset(&slot, 0, sizeof slot);
    want.lease = now_is() + LEASE;
    while (driver->take(limiter, &want, now_is(), &slot, &ruling) == SR_LIMIT_ASKED) {
      turn(limiter, now_is() + S);
      waits++;
    }
    assert_int_equal(slot.state, SR_SLOT_HELD);
    driver->give(limiter, &want.rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  }
  took = now_is() - begun;
  settle(limiter);
  print_message("           %.1f us for a take and give back; waits for the server: %.2f\n",
                (double)took / ROUNDS / 1e3, (double)waits / ROUNDS);
  assert_int_equal(server_calls(&server, "evalsha"), 2 * ROUNDS);
  assert_int_equal(server_calls(&server, "eval"), 0);
  /* one for each take; now and then the answer to the give before comes first */
  assert_in_range(waits, ROUNDS, ROUNDS * 2);
  driver->close(limiter);
  server_stop(&server);
}

/* ---- the model: hosts, a network, a server that counts ---- */

enum { HOSTS = 6, REQUESTS_AT_ONCE = 4, MODEL_SLOTS = 5, COUNTED_MAX = 20000 };
#define MODEL_TIME    (5 * S)
#define MODEL_LATENCY (250 * MS)

/* When each request is counted: written when it is sent, since it may be counted after its sender's death. */
struct counter {
  atomic_int count;
  sr_time at[COUNTED_MAX];
};

struct model_request {
  struct sr_slot slot;
  struct sr_want want;
  sr_time at; /* asks again, or has its answer */
  int sent;
};

static void model_host(struct server *server, struct counter *counter, uint64_t seed,
                       sr_time until) {
  struct chance chance = {seed};
  struct sr_limiter *limiter = host(server);
  struct model_request requests[REQUESTS_AT_ONCE];
  sr_time now;
  memset(requests, 0, sizeof requests);
  while ((now = now_is()) < until) {
    sr_time next = until;
    int i;
    for (i = 0; i < REQUESTS_AT_ONCE; i++) {
      struct model_request *r = &requests[i];
      struct sr_ruling ruling;
      if (r->sent && now >= r->at) {
        driver->give(limiter, &r->want.rate, now, &r->slot, SR_OUTCOME_FINE, 0);
        r->sent = 0;
        r->at = now;
      }
      if (!r->sent && now >= r->at) {
        enum sr_verdict verdict;
        if (r->slot.state == SR_SLOT_NONE) {
          r->want = want_of(MODEL_SLOTS);
          r->want.lease = now + MODEL_LATENCY + COLD + 500 * MS;
        }
        verdict = driver->take(limiter, &r->want, now, &r->slot, &ruling);
        if (verdict == SR_LIMIT_GRANTED && now < r->slot.send_by) {
          sr_time sent = now_is(), latency = chance_between(&chance, 0, MODEL_LATENCY);
          int n = atomic_fetch_add(&counter->count, 1);
          NEED(n < COUNTED_MAX);
          counter->at[n] = sent + chance_between(&chance, 0, latency);
          r->at = sent + latency;
          r->sent = 1;
        } else if (verdict == SR_LIMIT_GRANTED) {
          driver->give(limiter, &r->want.rate, now, &r->slot, SR_OUTCOME_UNSENT, 0);
        } else if (verdict == SR_LIMIT_WAIT) {
          r->at = ruling.at;
        } else {
          NEED(verdict != SR_LIMIT_BLOCKED);
          r->at = verdict == SR_LIMIT_FAILED ? now + 20 * MS : now;
        }
      }
      if (r->at > now && r->at < next)
        next = r->at;
    }
    turn(limiter, next);
  }
  driver->close(limiter);
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

/* The most that were counted within one window, each in an interval that does not include its end. */
static int most_in_a_window(struct counter *counter) {
  int i, first_in = 0, most = 0, n = atomic_load(&counter->count);
  qsort(counter->at, (size_t)n, sizeof counter->at[0], by_time);
  for (i = 0; i < n; i++) {
    while (counter->at[i] - counter->at[first_in] >= WINDOW)
      first_in++;
    if (i - first_in + 1 > most)
      most = i - first_in + 1;
  }
  return most;
}

/* `kill_hosts`: they die on the way and are replaced. `restart`: so does the server, and forgets. */
static void model(int kill_hosts, int restart) {
  static const char *const options[] = {"--save", "", NULL};
  struct server server;
  struct counter *counter;
  pid_t hosts[HOSTS];
  sr_time begun, until, next_kill;
  int i, most, n, kills = 0;
  struct chance chance = {(uint64_t)kill_hosts * 2 + (uint64_t)restart + 77};
  server_start(&server, options);
  counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(counter != MAP_FAILED);
  begun = now_is();
  until = begun + MODEL_TIME;
  next_kill = begun + S;
  memset(hosts, 0, sizeof hosts);
  while (now_is() < until) {
    for (i = 0; i < HOSTS; i++) {
      if (hosts[i] == 0) {
        hosts[i] = fork();
        assert_true(hosts[i] >= 0);
        if (hosts[i] == 0) {
          alarm(30);
          model_host(&server, counter, chance_next(&chance) | 1, until);
          execlp("true", "true", (char *)NULL); /* no leak check, see in_child */
          _exit(1);
        }
        (void)chance_next(&chance);
      }
    }
    if (now_is() >= next_kill) {
      int status;
      if (kill_hosts) {
        i = (int)chance_between(&chance, 0, HOSTS - 1);
        kill(hosts[i], SIGKILL);
        assert_true(waitpid(hosts[i], &status, 0) == hosts[i]);
        hosts[i] = 0;
        kills++;
        next_kill = now_is() + 150 * MS;
      }
      if (restart) {
        server_kill(&server);
        server_run(&server);
        kills++;
        next_kill = now_is() + 1500 * MS;
      }
    }
    sr_sleep_until(now_is() + 10 * MS);
  }
  for (i = 0; i < HOSTS; i++) {
    int status = 0;
    if (hosts[i] == 0)
      continue; /* killed at the very end */
    assert_true(waitpid(hosts[i], &status, 0) == hosts[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a host ended with %d", status);
  }
  n = atomic_load(&counter->count);
  most = most_in_a_window(counter);
  print_message("           %d requests of %d hosts, %d kills, at most %d in a window of %d ms\n",
                n, HOSTS, kills, most, (int)(WINDOW / MS));
  assert_true(most <= MODEL_SLOTS);
  assert_true(n > (restart ? 5 : 10)); /* and it did get on */
  munmap(counter, sizeof *counter);
  server_stop(&server);
}

static void hosts_together_never_exceed_the_limit(void **state) {
  (void)state;
  if (!available)
    skip();
  model(0, 0);
}

static void
hosts_that_are_killed_on_the_way_exceed_nothing_and_their_slots_come_back(void **state) {
  (void)state;
  if (!available)
    skip();
  model(1, 0);
}

static void a_server_that_is_killed_and_forgets_lets_nobody_exceed_the_limit(void **state) {
  (void)state;
  if (!available)
    skip();
  model(0, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_limit_gives_nothing_before_what_was_sent_earlier_has_been_counted),
      cmocka_unit_test(n_slots_are_given_and_no_more_whoever_asks),
      cmocka_unit_test(a_slot_is_free_a_window_after_its_answer_and_at_once_when_nothing_was_sent),
      cmocka_unit_test(a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back),
      cmocka_unit_test(the_last_slot_is_not_for_low_priority_unless_it_is_the_only_one),
      cmocka_unit_test(pacing_by_the_time_of_sending_frees_a_slot_a_window_after_it_was_taken),
      cmocka_unit_test(a_slot_that_was_only_asked_for_comes_back),
      cmocka_unit_test(many_are_under_way_at_once_and_each_gets_its_own_answer),
      cmocka_unit_test(names_prefixes_and_databases_are_limits_of_their_own),
      cmocka_unit_test(a_limit_that_nobody_uses_goes_but_not_before_the_longest_ban_is_over),
      cmocka_unit_test(the_bound_of_a_queue_is_never_too_late),
      cmocka_unit_test(a_429_holds_every_host_for_as_long_as_the_server_said),
      cmocka_unit_test(a_short_window_does_not_shorten_the_hold_of_a_long_one),
      cmocka_unit_test(after_three_silent_requests_one_goes_at_a_time_until_one_is_answered),
      cmocka_unit_test(three_429s_in_a_row_block_all_for_ten_minutes_and_then_one_request_goes),
      cmocka_unit_test(an_answer_between_429s_begins_the_count_anew),
      cmocka_unit_test(a_probe_that_is_refused_doubles_the_ban_up_to_256_times),
      cmocka_unit_test(the_level_falls_by_one_for_each_hour_of_peace),
      cmocka_unit_test(a_probe_that_shows_nothing_hands_on_to_the_next),
      cmocka_unit_test(a_probe_whose_host_died_is_replaced_when_its_lease_ends),
      cmocka_unit_test(while_blocked_only_the_probe_decides),
      cmocka_unit_test(a_key_that_is_refused_twice_in_a_row_blocks),
      cmocka_unit_test(reset_ends_ban_and_hold_for_all_but_keeps_the_slots),
      cmocka_unit_test(the_view_shows_slots_hold_ban_and_where_it_is),
      cmocka_unit_test(a_script_cache_that_was_flushed_loses_no_step),
      cmocka_unit_test(a_killed_server_that_saves_every_step_goes_on_where_it_was),
      cmocka_unit_test(a_killed_server_that_saves_nothing_begins_cold),
      cmocka_unit_test(a_killed_server_that_comes_back_with_an_old_snapshot_begins_cold),
      cmocka_unit_test(a_take_whose_answer_was_lost_is_repeated_and_holds_one_slot),
      cmocka_unit_test(a_give_whose_answer_was_lost_is_repeated_and_counts_once),
      cmocka_unit_test(what_is_given_back_while_the_server_is_away_is_told_when_it_comes_back),
      cmocka_unit_test(a_server_that_is_not_there_fails_at_once_and_is_found_later),
      cmocka_unit_test(a_server_that_is_away_for_a_moment_is_waited_for),
      cmocka_unit_test(a_slow_server_is_waited_for_and_one_that_is_silent_fails_after_two_seconds),
      cmocka_unit_test(errors_of_the_server_are_told_in_words_and_what_it_was_to_be_told_is_kept),
      cmocka_unit_test(foreign_values_in_the_hash_are_put_right_and_stop_nobody_for_long),
      cmocka_unit_test(a_clock_that_was_set_back_leaves_everything_the_time_that_it_had),
      cmocka_unit_test(passwords_and_users_let_in_and_wrong_ones_are_told_without_them),
      cmocka_unit_test(a_server_without_the_auth_command_does_not_make_us_show_the_password),
      cmocka_unit_test(tls_is_verified_by_the_given_authority_alone),
      cmocka_unit_test(a_child_of_a_fork_has_a_connection_of_its_own_and_leaves_the_parents_alone),
      cmocka_unit_test(a_child_that_never_uses_the_limiter_does_not_keep_its_connection_open),
      cmocka_unit_test(sockets_are_not_inherited_by_other_programs),
      cmocka_unit_test(a_take_and_give_back_is_one_round_trip_and_two_commands),
      cmocka_unit_test(hosts_together_never_exceed_the_limit),
      cmocka_unit_test(hosts_that_are_killed_on_the_way_exceed_nothing_and_their_slots_come_back),
      cmocka_unit_test(a_server_that_is_killed_and_forgets_lets_nobody_exceed_the_limit),
  };
  available = server_available();
  if (!available)
    print_message("redis-server is not installed: these tests are skipped\n");
  return cmocka_run_group_tests(tests, NULL, NULL);
}
