/* The circuit of the limiter: bans, and the probe that ends them.
** SPDX-License-Identifier: MIT */
#include "circuit_support.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- opening ---- */

static void three_429s_in_a_row_block_all_requests_for_ten_minutes(void **state) {
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

static void a_ban_that_begins_within_a_millisecond_never_ends_early(void **state) {
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

static void a_success_restarts_the_count(void **state) {
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

/* 5xx, a lost answer and a refused connection say nothing about the key. */
static void outcomes_unrelated_to_the_key_do_not_restart_the_count(void **state) {
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
    for (k = 0; k < 20; k++, now += 2 * MINUTE) /* after silent ones, requests are spaced */
      assert_int_equal(one(limit, &now, harmless[i]), SR_CHANGE_NONE);
    assert_int_equal(ban_left(limit, now), 0);
  }
}

static void a_key_refused_twice_in_a_row_is_blocked(void **state) {
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

static void each_ban_is_twice_as_long_as_the_last_up_to_a_bound(void **state) {
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

static void each_hour_without_trouble_lowers_the_next_ban_by_one_level(void **state) {
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

static void a_single_429_restarts_the_hour_without_trouble(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + 50 * MINUTE;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED);
  one(limit, &now, SR_OUTCOME_FINE);
  now += 50 * MINUTE;
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 80 * MINUTE);
}

static void hours_without_trouble_are_counted_once(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + HOUR;
  (void)state;
  one(limit, &now, SR_OUTCOME_REFUSED); /* one level less; the period restarts here */
  one(limit, &now, SR_OUTCOME_FINE);
  now += MINUTE;
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 40 * MINUTE);
}

static void hours_of_a_ban_do_not_count_as_hours_without_trouble(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit), later;
  struct sr_slot probe;
  (void)state;
  now += 2 * S;
  open_now(limit, now);
  later = now + 80 * MINUTE + 5 * HOUR; /* no requests for a long time */
  probe = taken(limit, later);
  ended(limit, later, &probe, SR_OUTCOME_REFUSED);
  assert_int_equal(ban_left(limit, later), 160 * MINUTE);
}

/* ---- requests in flight when it opened ---- */

static void outcomes_of_requests_sent_before_the_ban_change_nothing(void **state) {
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
    now += 10 * MINUTE; /* and while the probe is in flight */
    probe = taken(limit, now);
    assert_int_equal(ended(limit, now, &early[1], outcomes[i]), SR_CHANGE_NONE);
    expect_blocked(limit, now, SR_BLOCK_RATE, now + S);
    assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  }
}

static void five_429s_at_once_cause_one_ban(void **state) {
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
  expect_blocked(limit, now + LEASE - 500 * MS, SR_BLOCK_RATE,
                 now + LEASE + 1); /* if the probe's process died */
  assert_int_equal(ended(limit, now + S, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  for (i = 0; i < 4; i++)
    assert_int_equal(taken(limit, now + S).probe, 0);
}

static void the_outcome_of_the_probe_decides_what_may_be_sent_next(void **state) {
  static const struct {
    const char *name;
    enum sr_outcome outcome;
    enum sr_change change;
    sr_time ban; /* the next ban; 0: none */
    int next;    /* 1: another probe may be sent at once */
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

static void a_probe_whose_process_died_is_replaced_when_its_lease_expires(void **state) {
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

/* A process is stopped, and continues after another one has become the probe. */
static void the_outcome_of_a_replaced_probe_is_ignored(void **state) {
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
    now += 2 * S; /* any 429 holds all requests */
    assert_int_equal(ended(limit, now, &next, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
    expect_blocked(limit, now, SR_BLOCK_RATE, now + 20 * MINUTE);
  }
}

static void a_probe_needs_a_free_slot(void **state) {
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
  for (i = 0; i < 3; i++) { /* taken by requests in flight since before the opening */
    atomic_store(&limit->slots[i], atomic_load(&limit->slots[4]));
  }
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(slot.probe, 0);
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_WAIT); /* not "a probe is in flight" */
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

static void when_a_ban_ends_exactly_one_of_many_threads_gets_the_probe(void **state) {
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
    if (crowd.outcome == SR_OUTCOME_REFUSED) { /* only the probe */
      assert_int_equal(atomic_load(&crowd.granted), 1);
      assert_int_equal(atomic_load(&crowd.changes), 1);
      assert_int_equal(ban_left(crowd.limit, crowd.now), 20 * MINUTE);
    } else if (crowd.outcome == SR_OUTCOME_FINE) { /* then all other slots: its own cools down */
      assert_int_equal(atomic_load(&crowd.probes), 1);
      assert_int_equal(atomic_load(&crowd.granted), 5);
    } else { /* one at a time */
      assert_int_equal(atomic_load(&crowd.granted), atomic_load(&crowd.probes));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_429s_in_a_row_block_all_requests_for_ten_minutes),
      cmocka_unit_test(a_ban_that_begins_within_a_millisecond_never_ends_early),
      cmocka_unit_test(a_success_restarts_the_count),
      cmocka_unit_test(outcomes_unrelated_to_the_key_do_not_restart_the_count),
      cmocka_unit_test(only_429s_and_refused_keys_count),
      cmocka_unit_test(a_key_refused_twice_in_a_row_is_blocked),
      cmocka_unit_test(each_ban_is_twice_as_long_as_the_last_up_to_a_bound),
      cmocka_unit_test(each_hour_without_trouble_lowers_the_next_ban_by_one_level),
      cmocka_unit_test(a_single_429_restarts_the_hour_without_trouble),
      cmocka_unit_test(hours_without_trouble_are_counted_once),
      cmocka_unit_test(hours_of_a_ban_do_not_count_as_hours_without_trouble),
      cmocka_unit_test(outcomes_of_requests_sent_before_the_ban_change_nothing),
      cmocka_unit_test(five_429s_at_once_cause_one_ban),
      cmocka_unit_test(after_the_ban_exactly_one_request_goes),
      cmocka_unit_test(the_outcome_of_the_probe_decides_what_may_be_sent_next),
      cmocka_unit_test(a_probe_whose_process_died_is_replaced_when_its_lease_expires),
      cmocka_unit_test(the_outcome_of_a_replaced_probe_is_ignored),
      cmocka_unit_test(a_probe_needs_a_free_slot),
      cmocka_unit_test(when_a_ban_ends_exactly_one_of_many_threads_gets_the_probe),
  };
  return cmocka_run_group_tests_name("sr_circuit", tests, NULL, NULL);
}
