/* The ban circuit of the rate limiter: when it opens and for how long, the one probe, what damage
** can't do to it.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "limit/sr_limit.h"

#include <pthread.h>
#include <stdatomic.h>

#define MS     SR_MILLISECOND
#define S      SR_SECOND
#define MINUTE (60 * S)
#define HOUR   (3600 * S)
#define START  (1000000 * S)
#define LEASE  (5 * S) /* of the requests here, from when they are taken */

static const struct sr_rate rate = {5, S};

static struct sr_want want_at(sr_time now) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate = rate;
  want.lease = now + LEASE;
  return want;
}

static struct sr_limit *fresh_limit(void) {
  static struct sr_limit limit;
  memset(&limit, 0, sizeof limit);
  return &limit;
}

static enum sr_verdict ask(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                           struct sr_ruling *ruling) {
  struct sr_want want = want_at(now);
  return sr_limit_take(limit, &want, now, slot, ruling);
}

static struct sr_slot taken(struct sr_limit *limit, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  enum sr_verdict verdict = ask(limit, now, &slot, &ruling);
  CHECK(verdict == SR_LIMIT_GRANTED, "verdict %d, to be asked again in %.3f s", (int)verdict,
        (double)(ruling.at - now) / 1e9);
  return slot;
}

static enum sr_change ended(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                            enum sr_outcome outcome) {
  return sr_limit_give(limit, &rate, now, slot, outcome, S);
}

/* A request and its outcome, at one moment; the next one may go a window and a bit later. */
static enum sr_change one(struct sr_limit *limit, sr_time *now, enum sr_outcome outcome) {
  struct sr_slot slot;
  *now += 2 * S;
  slot = taken(limit, *now);
  return ended(limit, *now, &slot, outcome);
}

/* Opens it by three 429s, at `now`. */
static void open_now(struct sr_limit *limit, sr_time now) {
  struct sr_slot slots[3];
  int i;
  for (i = 0; i < 3; i++)
    slots[i] = taken(limit, now);
  for (i = 0; i < 3; i++)
    assert_int_equal(ended(limit, now, &slots[i], SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
}

static void expect_blocked(struct sr_limit *limit, sr_time now, enum sr_block block, sr_time at) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(ruling.block, block);
  CHECK(ruling.at == at, "until %+.6f s from now, not %+.6f s", (double)(ruling.at - now) / 1e9,
        (double)(at - now) / 1e9);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(slot.probe, 0);
}

/* How long nobody may send from now on; 0: it is closed. */
static sr_time ban_left(struct sr_limit *limit, sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  sr_limit_view(limit, now, &view);
  return view.block == SR_BLOCK_NONE ? 0 : view.blocked_until - now;
}

/* ---- opening ---- */

static void three_429s_in_a_row_stop_everybody_for_ten_minutes(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START;
  struct sr_slot probe;
  (void)state;
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_NONE);
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_NONE);
  assert_int_equal(ban_left(limit, now), 0);
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  expect_blocked(limit, now, SR_BLOCK_RATE, now + 10 * MINUTE);
  expect_blocked(limit, now + 10 * MINUTE - 1, SR_BLOCK_RATE, now + 10 * MINUTE);
  probe = taken(limit, now + 10 * MINUTE);
  assert_true(probe.probe != 0);
}

static void the_ban_never_ends_early_however_odd_its_beginning(void **state) {
  sr_time odd;
  (void)state;
  for (odd = 1; odd < 2 * MS; odd += 333331) {
    struct sr_limit *limit = fresh_limit();
    struct sr_slot slot;
    struct sr_ruling ruling;
    open_now(limit, START + odd);
    assert_int_equal(ask(limit, START + odd + 10 * MINUTE - 1, &slot, &ruling), SR_LIMIT_BLOCKED);
    assert_in_range(ruling.at, START + odd + 10 * MINUTE, START + odd + 10 * MINUTE + MS);
    assert_int_equal(ask(limit, START + odd + 10 * MINUTE + MS, &slot, &ruling), SR_LIMIT_GRANTED);
  }
}

static void a_success_between_begins_the_count_anew(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED);
  one(limit, &now, SR_OUTCOME_REFUSED);
  assert_int_equal(one(limit, &now, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  one(limit, &now, SR_OUTCOME_REFUSED);
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_NONE);
  assert_int_equal(ban_left(limit, now), 0);
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
}

/* A server in trouble, a lost answer and a refused connection say nothing about the key. */
static void what_says_nothing_about_the_key_does_not_begin_the_count_anew(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED);
  one(limit, &now, SR_OUTCOME_ANSWERED);
  one(limit, &now, SR_OUTCOME_SILENT);
  one(limit, &now, SR_OUTCOME_REFUSED);
  one(limit, &now, SR_OUTCOME_UNSENT);
  assert_int_equal(one(limit, &now, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
}

static void only_429s_and_refused_keys_count(void **state) {
  static const enum sr_outcome harmless[] = {SR_OUTCOME_UNSENT, SR_OUTCOME_SILENT, SR_OUTCOME_FINE,
                                             SR_OUTCOME_ANSWERED};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(harmless); i++) {
    struct sr_limit *limit = fresh_limit();
    sr_time now = START;
    for (k = 0; k < 20; k++, now += 2 * MINUTE) /* silent ones are spaced */
      assert_int_equal(one(limit, &now, harmless[i]), SR_CHANGE_NONE);
    assert_int_equal(ban_left(limit, now), 0);
  }
}

static void a_key_refused_twice_in_a_row_stops_those_who_use_it(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START;
  struct sr_slot probe;
  (void)state;
  assert_int_equal(one(limit, &now, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(one(limit, &now, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(one(limit, &now, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(one(limit, &now, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  expect_blocked(limit, now, SR_BLOCK_KEY, now + 10 * MINUTE);
  now += 10 * MINUTE;
  probe = taken(limit, now);
  assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  expect_blocked(limit, now, SR_BLOCK_KEY, now + 20 * MINUTE);
}

static void each_ban_is_twice_as_long_as_the_one_before_up_to_a_bound(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START, ban = 10 * MINUTE;
  int level;
  (void)state;
  open_now(limit, now);
  for (level = 0; level < 12; level++) {
    struct sr_slot probe;
    expect_blocked(limit, now, SR_BLOCK_RATE, now + ban);
    now += ban;
    probe = taken(limit, now);
    assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
    if (ban < 2560 * MINUTE) /* 10 · 2⁸ */
      ban *= 2;
  }
  assert_int_equal(ban, 2560 * MINUTE);
}

/* Three bans, and an end to them at the time returned: the next one would last 80 minutes. */
static sr_time three_bans(struct sr_limit *limit) {
  sr_time now = START;
  int i;
  open_now(limit, now);
  for (i = 0; i < 3; i++) {
    struct sr_slot probe;
    now += ban_left(limit, now);
    probe = taken(limit, now);
    assert_int_equal(ended(limit, now, &probe, i < 2 ? SR_OUTCOME_REFUSED : SR_OUTCOME_FINE),
                     i < 2 ? SR_CHANGE_BLOCKED : SR_CHANGE_UNBLOCKED);
  }
  return now;
}

static void every_hour_of_peace_makes_the_next_ban_one_level_shorter(void **state) {
  static const struct {
    sr_time peace, ban;
  } rows[] = {{2 * S, 80 * MINUTE},         {HOUR - MS, 80 * MINUTE}, {HOUR, 40 * MINUTE},
              {2 * HOUR - MS, 40 * MINUTE}, {2 * HOUR, 20 * MINUTE},  {3 * HOUR, 10 * MINUTE},
              {4 * HOUR, 10 * MINUTE},      {99 * HOUR, 10 * MINUTE}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_limit *limit = fresh_limit();
    sr_time now = three_bans(limit) + rows[i].peace;
    open_now(limit, now);
    CHECK(ban_left(limit, now) == rows[i].ban, "after %.0f s of peace a ban of %.0f s",
          (double)rows[i].peace / 1e9, (double)ban_left(limit, now) / 1e9);
  }
}

static void a_single_429_begins_the_hour_of_peace_anew(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + 50 * MINUTE;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED);
  one(limit, &now, SR_OUTCOME_FINE);
  now += 50 * MINUTE;
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 80 * MINUTE);
}

static void hours_of_peace_are_not_counted_twice(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + HOUR;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED); /* one level less; from here on the clock runs anew */
  one(limit, &now, SR_OUTCOME_FINE);
  now += MINUTE;
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 40 * MINUTE);
}

static void a_ban_is_no_time_of_peace(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit), later;
  struct sr_slot probe;
  (void)state;
  now += 2 * S;
  open_now(limit, now);
  later = now + 80 * MINUTE + 5 * HOUR; /* nobody came for long */
  probe = taken(limit, later);
  ended(limit, later, &probe, SR_OUTCOME_REFUSED);
  assert_int_equal(ban_left(limit, later), 160 * MINUTE);
}

/* ---- requests that were under way when it opened ---- */

static void outcomes_of_requests_sent_before_it_opened_change_nothing(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE,     SR_OUTCOME_REFUSED,
                                             SR_OUTCOME_BAD_KEY,  SR_OUTCOME_SILENT,
                                             SR_OUTCOME_ANSWERED, SR_OUTCOME_UNSENT};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(outcomes); i++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_slot early[2], probe;
    sr_time now = START + 2 * S;
    early[0] = taken(limit, START);
    early[1] = taken(limit, START);
    open_now(limit, now);
    assert_int_equal(ended(limit, now + S, &early[0], outcomes[i]), SR_CHANGE_NONE);
    expect_blocked(limit, now + S, SR_BLOCK_RATE, now + 10 * MINUTE);
    now += 10 * MINUTE; /* and so while the probe is under way */
    probe = taken(limit, now);
    assert_int_equal(ended(limit, now, &early[1], outcomes[i]), SR_CHANGE_NONE);
    expect_blocked(limit, now, SR_BLOCK_RATE, now + S);
    assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  }
}

static void five_429s_at_once_open_it_once(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slots[5];
  int i, blocked = 0;
  (void)state;
  for (i = 0; i < 5; i++)
    slots[i] = taken(limit, START);
  for (i = 0; i < 5; i++)
    blocked += ended(limit, START + i * MS, &slots[i], SR_OUTCOME_REFUSED) == SR_CHANGE_BLOCKED;
  assert_int_equal(blocked, 1);
  expect_blocked(limit, START + 5 * MS, SR_BLOCK_RATE, START + 2 * MS + 10 * MINUTE);
}

/* ---- the probe ---- */

static void after_the_ban_exactly_one_request_goes(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START + 10 * MINUTE;
  struct sr_slot probe;
  int i;
  (void)state;
  open_now(limit, START);
  probe = taken(limit, now);
  assert_true(probe.probe != 0);
  for (i = 0; i < 10; i++)
    expect_blocked(limit, now + i * 100 * MS, SR_BLOCK_RATE, now + i * 100 * MS + S);
  expect_blocked(limit, now + LEASE - 500 * MS, SR_BLOCK_RATE, now + LEASE + 1); /* if it died */
  assert_int_equal(ended(limit, now + S, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  for (i = 0; i < 4; i++)
    assert_int_equal(taken(limit, now + S).probe, 0);
}

static void what_the_probe_meets_decides_who_may_go_next(void **state) {
  static const struct {
    const char *name;
    enum sr_outcome outcome;
    enum sr_change change;
    sr_time ban; /* that follows; 0: none */
    int next;    /* 1: another probe may go at once */
  } rows[] = {{"fine", SR_OUTCOME_FINE, SR_CHANGE_UNBLOCKED, 0, 0},
              {"429", SR_OUTCOME_REFUSED, SR_CHANGE_BLOCKED, 20 * MINUTE, 0},
              {"bad key", SR_OUTCOME_BAD_KEY, SR_CHANGE_BLOCKED, 20 * MINUTE, 0},
              {"unsent", SR_OUTCOME_UNSENT, SR_CHANGE_NONE, 0, 1},
              {"silent", SR_OUTCOME_SILENT, SR_CHANGE_NONE, 0, 1},
              {"5xx", SR_OUTCOME_ANSWERED, SR_CHANGE_NONE, 0, 1}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_limit *limit = fresh_limit();
    sr_time now = START + 10 * MINUTE;
    struct sr_slot probe, next;
    enum sr_change change;
    open_now(limit, START);
    probe = taken(limit, now);
    change = ended(limit, now, &probe, rows[i].outcome);
    CHECK(change == rows[i].change, "%s: change %d", rows[i].name, (int)change);
    assert_int_equal(probe.probe, 0);
    if (rows[i].ban > 0) {
      expect_blocked(limit, now,
                     rows[i].outcome == SR_OUTCOME_BAD_KEY ? SR_BLOCK_KEY : SR_BLOCK_RATE,
                     now + rows[i].ban);
      continue;
    }
    next = taken(limit, now);
    CHECK((next.probe != 0) == rows[i].next, "%s: the next one is%s a probe", rows[i].name,
          rows[i].next ? " not" : "");
    if (rows[i].next)
      expect_blocked(limit, now, SR_BLOCK_RATE, now + S);
  }
}

static void a_probe_that_died_is_followed_by_one_when_its_lease_is_over(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START + 10 * MINUTE;
  struct sr_slot next;
  (void)state;
  open_now(limit, START);
  assert_true(taken(limit, now).probe != 0); /* and is never given back */
  expect_blocked(limit, now + LEASE - 1, SR_BLOCK_RATE, now + LEASE + 1);
  next = taken(limit, now + LEASE + 1);
  assert_true(next.probe != 0);
  expect_blocked(limit, now + LEASE + 1, SR_BLOCK_RATE, now + LEASE + 1 + S);
}

/* A process that was stopped for long, and goes on when another one has taken its place. */
static void a_probe_that_was_replaced_tells_nothing(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_REFUSED,
                                             SR_OUTCOME_BAD_KEY};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(outcomes); i++) {
    struct sr_limit *limit = fresh_limit();
    sr_time now = START + 10 * MINUTE;
    struct sr_slot stopped, next;
    open_now(limit, START);
    stopped = taken(limit, now);
    now += 2 * LEASE;
    next = taken(limit, now);
    assert_int_equal(ended(limit, now, &stopped, outcomes[i]), SR_CHANGE_NONE);
    expect_blocked(limit, now, SR_BLOCK_RATE, now + S);
    now += 2 * S; /* a 429 holds, whoever gets it */
    assert_int_equal(ended(limit, now, &next, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
    expect_blocked(limit, now, SR_BLOCK_RATE, now + 20 * MINUTE);
  }
}

static void without_a_free_slot_there_is_no_probe(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START + 10 * MINUTE;
  struct sr_want want;
  struct sr_slot slots[5], slot;
  struct sr_ruling ruling;
  int i;
  (void)state;
  for (i = 0; i < 5; i++) {
    want = want_at(START);
    want.lease = now + 30 * S;
    assert_int_equal(sr_limit_take(limit, &want, START, &slots[i], &ruling), SR_LIMIT_GRANTED);
  }
  for (i = 0; i < 3; i++)
    ended(limit, START, &slots[i], SR_OUTCOME_REFUSED);
  for (i = 0; i < 3; i++) { /* taken by requests that are under way since before the opening */
    atomic_store(&limit->slots[i], atomic_load(&limit->slots[4]));
  }
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(slot.probe, 0);
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_WAIT); /* not "a probe is under way" */
  ended(limit, now, &slots[4], SR_OUTCOME_UNSENT);
  assert_true(taken(limit, now).probe != 0);
}

enum { THREADS = 6, PROBE_ROUNDS = 300 };

struct rush {
  struct sr_limit *limit;
  sr_time now;
  enum sr_outcome outcome; /* of the probe */
  pthread_barrier_t start;
  atomic_int granted, probes, together, most, changes, misled;
};

static void *rush_in(void *ctx) {
  struct rush *rush = ctx;
  int i;
  pthread_barrier_wait(&rush->start);
  for (i = 0; i < 20; i++) {
    struct sr_slot slot;
    struct sr_ruling ruling;
    enum sr_verdict verdict = ask(rush->limit, rush->now, &slot, &ruling);
    atomic_fetch_add(&rush->misled, verdict == SR_LIMIT_BLOCKED && ruling.at <= rush->now);
    if (verdict != SR_LIMIT_GRANTED)
      continue;
    atomic_fetch_add(&rush->granted, 1);
    if (slot.probe != 0) {
      int here = atomic_fetch_add(&rush->together, 1) + 1, most = atomic_load(&rush->most);
      while (here > most && !atomic_compare_exchange_weak(&rush->most, &most, here))
        ;
      atomic_fetch_add(&rush->probes, 1);
      atomic_fetch_sub(&rush->together, 1);
      atomic_fetch_add(&rush->changes,
                       ended(rush->limit, rush->now, &slot, rush->outcome) != SR_CHANGE_NONE);
    }
  }
  return NULL;
}

static void rush(struct rush *crowd) {
  pthread_t threads[THREADS];
  int i;
  assert_int_equal(pthread_barrier_init(&crowd->start, NULL, THREADS), 0);
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, rush_in, crowd), 0);
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  pthread_barrier_destroy(&crowd->start);
}

static void of_many_threads_that_come_when_the_ban_ends_one_is_the_probe(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_REFUSED, SR_OUTCOME_FINE,
                                             SR_OUTCOME_UNSENT};
  int round;
  (void)state;
  for (round = 0; round < rounds(PROBE_ROUNDS); round++) {
    struct rush crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.limit = fresh_limit();
    crowd.now = START + 10 * MINUTE;
    crowd.outcome = outcomes[round % 3];
    open_now(crowd.limit, START);
    rush(&crowd);
    CHECK(atomic_load(&crowd.most) == 1, "round %d: %d probes at a time", round,
          atomic_load(&crowd.most));
    CHECK(atomic_load(&crowd.misled) == 0, "round %d: blocked until now", round);
    if (crowd.outcome == SR_OUTCOME_REFUSED) { /* nobody but the probe */
      assert_int_equal(atomic_load(&crowd.granted), 1);
      assert_int_equal(atomic_load(&crowd.changes), 1);
      assert_int_equal(ban_left(crowd.limit, crowd.now), 20 * MINUTE);
    } else if (crowd.outcome == SR_OUTCOME_FINE) { /* then all slots: its own cools down */
      assert_int_equal(atomic_load(&crowd.probes), 1);
      assert_int_equal(atomic_load(&crowd.granted), 5);
    } else { /* one after the other */
      assert_int_equal(atomic_load(&crowd.granted), atomic_load(&crowd.probes));
    }
  }
}

/* ---- hold, reset, merge, view ---- */

static void a_429_holds_all_for_as_long_as_it_says(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot = taken(limit, START), other;
  struct sr_ruling ruling;
  (void)state;
  sr_limit_give(limit, &rate, START, &slot, SR_OUTCOME_REFUSED, 7 * S);
  assert_int_equal(ask(limit, START + 7 * S - 1, &other, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, START + 7 * S);
  assert_int_equal(ask(limit, START + 7 * S, &other, &ruling), SR_LIMIT_GRANTED);
}

static void reset_ends_ban_and_hold_and_leaves_the_slots(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, held = taken(limit, START);
  struct sr_ruling ruling;
  int i;
  (void)state;
  open_now(limit, START);
  sr_limit_reset(limit);
  assert_int_equal(taken(limit, START).probe, 0); /* the one slot that was free before, too */
  assert_int_equal(ask(limit, START, &slot, &ruling), SR_LIMIT_WAIT);
  ended(limit, START, &held, SR_OUTCOME_FINE);
  assert_int_equal(ask(limit, START + S - 2, &slot, &ruling), SR_LIMIT_WAIT);
  for (i = 0; i < 4; i++)
    taken(limit, START + S);
  assert_int_equal(ban_left(limit, START + S), 0);
}

static void reset_ends_the_memory_of_earlier_bans_too(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + 2 * S;
  (void)state;
  sr_limit_reset(limit);
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 10 * MINUTE);
}

static void a_reset_while_the_probe_is_under_way_lets_all_go(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START + 10 * MINUTE;
  struct sr_slot probe;
  (void)state;
  open_now(limit, START);
  probe = taken(limit, now);
  sr_limit_reset(limit);
  assert_int_equal(taken(limit, now).probe, 0);
  assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_REFUSED), SR_CHANGE_NONE); /* a first one */
  assert_int_equal(ban_left(limit, now), 0);
}

static void merge_takes_over_slots_hold_and_ban_that_last_longer(void **state) {
  struct sr_limit *from = fresh_limit(), into;
  struct sr_slot slot, cooling = taken(from, START);
  struct sr_ruling ruling;
  int i;
  (void)state;
  memset(&into, 0, sizeof into);
  for (i = 0; i < 2; i++)
    taken(&into, START - S); /* leased until START + 4 s */
  taken(from, START);        /* leased until START + 5 s */
  sr_limit_give(from, &rate, START, &cooling, SR_OUTCOME_REFUSED, 2 * S);
  sr_limit_merge(&into, from);
  assert_int_equal(ask(&into, START + 2 * S - 1, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, START + 2 * S); /* the hold */
  for (i = 0; i < 3; i++)
    taken(&into, START + 2 * S);
  assert_int_equal(ask(&into, START + 4 * S - 2, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(taken(&into, START + 4 * S + 1).index, 0);
  assert_int_equal(ask(&into, START + 5 * S - 2, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(taken(&into, START + 5 * S + 1).index, 1);
}

/* Whoever still uses the old block gets nothing from it, and what was taken can't be lost there. */
static void a_block_that_was_merged_grants_nothing_any_more(void **state) {
  struct sr_limit *from = fresh_limit(), into, again;
  struct sr_slot slot, held = taken(from, START);
  struct sr_ruling ruling;
  int i;
  (void)state;
  memset(&into, 0, sizeof into);
  memset(&again, 0, sizeof again);
  assert_false(sr_limit_moved(from));
  sr_limit_merge(&into, from);
  assert_true(sr_limit_moved(from));
  assert_false(sr_limit_moved(&into));
  assert_int_equal(ask(from, START, &slot, &ruling), SR_LIMIT_WAIT);
  assert_in_range(ruling.at, START, START + 10 * MS); /* to be asked elsewhere, soon */
  assert_int_equal(ask(from, START + 900 * S, &slot, &ruling), SR_LIMIT_WAIT);
  sr_limit_merge(&again, from); /* another process comes later */
  for (i = 0; i < 4; i++) {
    taken(&into, START);
    taken(&again, START);
  }
  assert_int_equal(ask(&into, START, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ask(&again, START, &slot, &ruling), SR_LIMIT_WAIT);
  ended(&into, START, &held, SR_OUTCOME_UNSENT); /* given back where it is now */
  taken(&into, START);
}

static void a_damaged_block_that_says_it_has_moved_can_be_merged(void **state) {
  struct sr_limit *limit = fresh_limit(), into;
  (void)state;
  memset(&into, 0, sizeof into);
  open_now(limit, START);
  atomic_store(&limit->moved, 77);
  assert_true(sr_limit_moved(limit));
  assert_true(sr_limit_merge(&into, limit));
  assert_int_equal(ban_left(&into, START), 10 * MINUTE);
}

static void merge_keeps_the_ban_that_ends_later(void **state) {
  int way;
  (void)state;
  for (way = 0; way < 5; way++) {
    struct sr_limit *from = fresh_limit(), into;
    struct sr_slot slot;
    sr_time now = START;
    memset(&into, 0, sizeof into);
    if (way != 2)
      open_now(from, now);
    if (way == 1) { /* the other one knows a single 429 */
      slot = taken(&into, now);
      ended(&into, now, &slot, SR_OUTCOME_REFUSED);
    } else if (way == 2 || way == 3) { /* … or has a ban that began later */
      now += 3 * S;
      open_now(&into, now);
    } else if (way == 4) { /* … or earlier */
      open_now(&into, now - MINUTE);
    }
    sr_limit_merge(&into, from);
    CHECK(ban_left(&into, now) == 10 * MINUTE, "way %d: %.3f s", way,
          (double)ban_left(&into, now) / 1e9);
  }
}

static void merge_knows_the_probe_that_is_under_way(void **state) {
  struct sr_limit *from = fresh_limit(), into;
  sr_time now = START + 10 * MINUTE;
  struct sr_slot probe;
  (void)state;
  memset(&into, 0, sizeof into);
  open_now(from, START);
  probe = taken(from, now);
  sr_limit_merge(&into, from);
  expect_blocked(&into, now, SR_BLOCK_RATE, now + S);
  assert_int_equal(ended(&into, now, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
}

static void the_view_shows_what_people_ask_for(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_limit_view view;
  struct sr_slot leased, cooling, probe;
  sr_time now = START;
  (void)state;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  leased = taken(limit, now);
  cooling = taken(limit, now);
  ended(limit, now, &cooling, SR_OUTCOME_REFUSED);
  sr_limit_view(limit, now, &view);
  assert_int_equal(view.leased[0], 1);
  assert_in_range(view.free_at[0], now + LEASE, now + LEASE + 1);
  assert_int_equal(view.leased[1], 0);
  assert_int_equal(view.free_at[1], now + S);
  assert_true(view.free_at[2] <= now);
  assert_int_equal(view.held_until, now + S);
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_int_equal(view.strikes, 1);
  assert_int_equal(view.level, 0);
  now += LEASE + S; /* its lease is over */
  sr_limit_view(limit, now, &view);
  assert_int_equal(view.leased[0], 0);
  ended(limit, now, &leased, SR_OUTCOME_REFUSED);
  now += 2 * S;
  leased = taken(limit, now);
  ended(limit, now, &leased, SR_OUTCOME_REFUSED);
  sr_limit_view(limit, now, &view);
  assert_int_equal(view.block, SR_BLOCK_RATE);
  assert_int_equal(view.blocked_until, now + 10 * MINUTE);
  assert_int_equal(view.probing, 0);
  assert_int_equal(view.level, 1);
  now += 10 * MINUTE;
  probe = taken(limit, now);
  sr_limit_view(limit, now, &view);
  assert_int_equal(view.probing, 1);
  ended(limit, now, &probe, SR_OUTCOME_FINE);
  sr_limit_view(limit, now, &view);
  assert_int_equal(view.probing, 0);
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_int_equal(view.level, 1);
  sr_limit_view(limit, now + HOUR, &view);
  assert_int_equal(view.level, 0);
}

/* ---- damage ---- */

/* What a damaged word may be: no way of writing it is like another. */
static uint64_t garbage(struct chance *chance, sr_time now) {
  static const int64_t corners[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  switch (chance_between(chance, 0, 6)) {
  case 0:
    return (uint64_t)corners[chance_between(chance, 0, (int64_t)COUNT(corners) - 1)];
  case 1: /* any time within days of now */
    return (uint64_t)(now + chance_between(chance, -4 * 86400 * S, 4 * 86400 * S));
  case 2:
    return (uint64_t)(now + chance_between(chance, -2 * S, 2 * S));
  case 3: /* text */
    return UINT64_C(0x7061706572206265) ^ (chance_next(chance) & 0x1f1f1f1f);
  case 4: /* a circuit, with any time */
    return (uint64_t)(now / MS + chance_between(chance, -100000000, 100000000)) << 16 |
           (chance_next(chance) & 0xffff);
  case 5:
    return 0;
  default:
    return chance_next(chance);
  }
}

static void damage(struct sr_limit *limit, struct chance *chance, sr_time now) {
  int i;
  for (i = 0; i < SR_LIMIT_SLOTS; i++)
    atomic_store(&limit->slots[i], (int64_t)garbage(chance, now));
  atomic_store(&limit->held, (int64_t)garbage(chance, now));
  atomic_store(&limit->circuit, garbage(chance, now));
  atomic_store(&limit->probe, (int64_t)garbage(chance, now));
  atomic_store(&limit->moved, (int64_t)garbage(chance, now));
  atomic_store(&limit->silence, garbage(chance, now));
  atomic_store(&limit->lone, (int64_t)garbage(chance, now));
}

/* Asks and sends for `duration`; returns when the last of all slots was granted for the first time. */
static sr_time use(struct sr_limit *limit, sr_time now, sr_time duration, uint64_t seed) {
  sr_time sent[8], end = now + duration, whole = -1;
  uint64_t seen = 0;
  struct sr_limit other;
  int n = 0, asked = 0;
  memset(sent, 0x80, sizeof sent); /* long ago */
  while (now < end && whole < 0) {
    struct sr_slot slot;
    struct sr_ruling ruling;
    if (sr_limit_moved(limit)) { /* as whoever finds such a file at its path */
      memset(&other, 0, sizeof other);
      assert_true(sr_limit_merge(&other, limit));
      memcpy(limit, &other, sizeof other);
    }
    if (ask(limit, now, &slot, &ruling) == SR_LIMIT_GRANTED) {
      assert_in_range(slot.index, 0, rate.slots - 1);
      CHECK(n < 5 || sent[n % 5] + S <= now, "seed %llu: six within a window",
            (unsigned long long)seed);
      sent[n++ % 5] = now;
      seen |= UINT64_C(1) << slot.index;
      ended(limit, now, &slot, SR_OUTCOME_FINE);
      if (seen == 31)
        whole = now;
    } else {
      CHECK(ruling.at > now, "seed %llu: refused until a time that is over",
            (unsigned long long)seed);
      now = ruling.at + (++asked % 8 == 0 ? 10 * MINUTE : 0); /* now and then nobody asks */
    }
  }
  return whole;
}

static void garbage_never_lets_more_pass_and_never_stops_a_key_for_ever(void **state) {
  uint64_t seed;
  (void)state;
  for (seed = 1; seed <= (uint64_t)rounds(1500); seed++) {
    struct chance chance = {seed * 7919};
    struct sr_limit *limit = fresh_limit();
    struct sr_limit_view view;
    sr_time now = seed % 10 == 0 ? 5 * S : START, whole;
    damage(limit, &chance, now);
    memset(&view, 0, sizeof view);
    view.rate = rate;
    sr_limit_view(limit, now, &view);
    assert_in_range(sr_limit_busy(limit, &rate, now), 0, 5);
    assert_true(sr_limit_earliest(limit, &rate, now, 3) >= now);
    /* Believed: a lease of two days, then a ban of the highest level. */
    whole = use(limit, now, 5 * 86400 * S, seed);
    CHECK(whole >= 0, "seed %llu: it does not recover", (unsigned long long)seed);
  }
}

/* What nobody can have written is over after a window; a ban after ten minutes. */
static void
impossible_stamps_are_over_after_a_window_and_impossible_bans_after_ten_minutes(void **state) {
  static const int64_t impossible[] = {INT64_MIN, -1, INT64_MAX, START + 3 * 86400 * S};
  size_t word, i;
  (void)state;
  for (i = 0; i < COUNT(impossible); i++) {
    for (word = 0; word < 3; word++) {
      struct sr_limit *limit = fresh_limit();
      sr_time whole;
      int k;
      for (k = 0; k < SR_LIMIT_SLOTS && word == 0; k++)
        atomic_store(&limit->slots[k], impossible[i]);
      if (word == 1)
        atomic_store(&limit->held, impossible[i]);
      if (word == 2) {
        open_now(limit, START - 10 * MINUTE);
        atomic_store(&limit->probe, impossible[i]);
      }
      whole = use(limit, START, HOUR, i);
      CHECK(whole >= 0 && whole <= START + S, "word %zu, value %zu: %.3f s", word, i,
            (double)(whole - START) / 1e9);
    }
  }
  for (i = 1; i <= 3; i++) { /* as RATE, KEY and no reason that there is */
    static const uint64_t ends[] = {UINT64_MAX >> 16, (START + 2562 * MINUTE) / MS,
                                    9223372036855}; /* ms that are just too many ns */
    for (word = 0; word < COUNT(ends); word++) {
      struct sr_limit *limit = fresh_limit();
      sr_time whole;
      atomic_store(&limit->circuit, ends[word] << 16 | (uint64_t)i << 12);
      whole = use(limit, START, HOUR, i);
      CHECK(whole >= START + 10 * MINUTE && whole <= START + 10 * MINUTE + S,
            "reason %zu, end %zu: %.3f s", i, word, (double)(whole - START) / 1e9);
    }
  }
}

/* A closed circuit whose last trouble lies in the future would keep its level for ever. */
static void an_impossible_past_does_not_make_the_first_ban_long(void **state) {
  struct sr_limit *limit = fresh_limit();
  (void)state;
  atomic_store(&limit->circuit, UINT64_MAX >> 16 << 16 | 15 << 8);
  taken(limit, START);
  open_now(limit, START + 15 * HOUR);
  assert_int_equal(ban_left(limit, START + 15 * HOUR), 10 * MINUTE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_429s_in_a_row_stop_everybody_for_ten_minutes),
      cmocka_unit_test(the_ban_never_ends_early_however_odd_its_beginning),
      cmocka_unit_test(a_success_between_begins_the_count_anew),
      cmocka_unit_test(what_says_nothing_about_the_key_does_not_begin_the_count_anew),
      cmocka_unit_test(only_429s_and_refused_keys_count),
      cmocka_unit_test(a_key_refused_twice_in_a_row_stops_those_who_use_it),
      cmocka_unit_test(each_ban_is_twice_as_long_as_the_one_before_up_to_a_bound),
      cmocka_unit_test(every_hour_of_peace_makes_the_next_ban_one_level_shorter),
      cmocka_unit_test(a_single_429_begins_the_hour_of_peace_anew),
      cmocka_unit_test(hours_of_peace_are_not_counted_twice),
      cmocka_unit_test(a_ban_is_no_time_of_peace),
      cmocka_unit_test(outcomes_of_requests_sent_before_it_opened_change_nothing),
      cmocka_unit_test(five_429s_at_once_open_it_once),
      cmocka_unit_test(after_the_ban_exactly_one_request_goes),
      cmocka_unit_test(what_the_probe_meets_decides_who_may_go_next),
      cmocka_unit_test(a_probe_that_died_is_followed_by_one_when_its_lease_is_over),
      cmocka_unit_test(a_probe_that_was_replaced_tells_nothing),
      cmocka_unit_test(without_a_free_slot_there_is_no_probe),
      cmocka_unit_test(of_many_threads_that_come_when_the_ban_ends_one_is_the_probe),
      cmocka_unit_test(a_429_holds_all_for_as_long_as_it_says),
      cmocka_unit_test(reset_ends_ban_and_hold_and_leaves_the_slots),
      cmocka_unit_test(reset_ends_the_memory_of_earlier_bans_too),
      cmocka_unit_test(a_reset_while_the_probe_is_under_way_lets_all_go),
      cmocka_unit_test(merge_takes_over_slots_hold_and_ban_that_last_longer),
      cmocka_unit_test(a_block_that_was_merged_grants_nothing_any_more),
      cmocka_unit_test(a_damaged_block_that_says_it_has_moved_can_be_merged),
      cmocka_unit_test(merge_keeps_the_ban_that_ends_later),
      cmocka_unit_test(merge_knows_the_probe_that_is_under_way),
      cmocka_unit_test(the_view_shows_what_people_ask_for),
      cmocka_unit_test(garbage_never_lets_more_pass_and_never_stops_a_key_for_ever),
      cmocka_unit_test(
          impossible_stamps_are_over_after_a_window_and_impossible_bans_after_ten_minutes),
      cmocka_unit_test(an_impossible_past_does_not_make_the_first_ban_long),
  };
  return cmocka_run_group_tests_name("sr_circuit", tests, NULL, NULL);
}
