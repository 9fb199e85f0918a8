/* The limiter's rule: slots, the last check before sending, threads.
** SPDX-License-Identifier: MIT */
#include "limit_support.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- the rules ---- */

static void exactly_n_slots_are_granted(void **state) {
  int n;
  (void)state;
  for (n = 1; n <= SR_LIMIT_SLOTS; n++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_rate rate = {n, S};
    struct sr_slot slot;
    sr_time retry_at;
    int i;
    for (i = 0; i < n; i++) {
      assert_int_equal(busy(limit, &rate, 100 * S), i);
      assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 1);
      assert_in_range(slot.index, 0, n - 1);
    }
    assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 0);
    assert_int_equal(busy(limit, &rate, 100 * S), n);
  }
}

static void a_refusal_says_when_the_first_slot_has_cooled_down(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot a, b, c;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 2, 100 * S, 200 * S, &a, &retry_at));
  assert_true(take(limit, 2, 100 * S, 200 * S, &b, &retry_at));
  give(limit, &a, 100 * S + 700 * MS);
  give(limit, &b, 100 * S + 300 * MS);
  assert_false(take(limit, 2, 100 * S + 100 * MS, 200 * S, &c, &retry_at));
  assert_int_equal(retry_at, 100 * S + 300 * MS);
  assert_false(take(limit, 2, 100 * S + 300 * MS - 1, 200 * S, &c, &retry_at));
  assert_true(take(limit, 2, 100 * S + 300 * MS, 200 * S, &c, &retry_at));
  assert_false(take(limit, 2, 100 * S + 300 * MS, 200 * S, &c, &retry_at));
  assert_int_equal(retry_at, 100 * S + 700 * MS);
}

/* Nanoseconds must not be rounded down. */
static void a_slot_is_never_free_early(void **state) {
  sr_time at;
  (void)state;
  for (at = 100 * S; at < 100 * S + 4; at++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_slot slot;
    sr_time retry_at;
    assert_true(take(limit, 1, 50 * S, 300 * S, &slot, &retry_at));
    give(limit, &slot, at);
    assert_false(take(limit, 1, at - 1, 300 * S, &slot, &retry_at));
    assert_true(take(limit, 1, at + 1, 300 * S, &slot, &retry_at));
  }
}

static void with_all_slots_leased_the_retry_time_is_a_window_away(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  assert_false(take(limit, 1, 110 * S, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 111 * S);
  assert_false(take(limit, 1, 159 * S + 500 * MS, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 160 * S); /* the lease ends before */
}

static void a_slot_returned_unsent_is_free_at_once(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  give(limit, &slot, 100 * S);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_true(take(limit, 1, 100 * S, 160 * S, &other, &retry_at));
}

static void returning_no_slot_or_one_twice_changes_nothing(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, copy, none = {0};
  sr_time retry_at;
  (void)state;
  give(limit, &none, 500 * S);
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  copy = slot;
  give(limit, &slot, 102 * S);
  give(limit, &slot, 500 * S);
  give(limit, &copy, 500 * S);
  assert_false(take(limit, 1, 102 * S - 1, 160 * S, &slot, &retry_at));
  assert_true(take(limit, 1, 102 * S, 160 * S, &slot, &retry_at));
}

static void an_expired_lease_can_not_be_returned_by_its_old_owner(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot old, new;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 110 * S, &old, &retry_at));
  assert_false(take(limit, 1, 110 * S - 2, 120 * S, &new, &retry_at));
  assert_true(take(limit, 1, 110 * S, 120 * S, &new, &retry_at));
  give(limit, &old, 110 * S);
  assert_int_equal(old.state, SR_SLOT_NONE);
  assert_false(take(limit, 1, 115 * S, 130 * S, &old, &retry_at));
  give(limit, &new, 116 * S);
  assert_true(take(limit, 1, 116 * S, 130 * S, &old, &retry_at));
}

static void a_hold_stops_all_takes_until_it_ends_and_only_gets_longer(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {5, S};
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 5, 98 * S, 200 * S, &slot, &retry_at));
  assert_true(take(limit, 5, 98 * S, 200 * S, &other, &retry_at));
  sr_limit_give(limit, &rate, 98 * S, &slot, SR_OUTCOME_REFUSED, 12 * S);
  sr_limit_give(limit, &rate, 98 * S, &other, SR_OUTCOME_REFUSED, 7 * S);
  assert_false(take(limit, 5, 100 * S, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 110 * S);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 0), 110 * S);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 4), 110 * S);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 5), 111 * S);
  assert_false(take(limit, 5, 110 * S - 1, 200 * S, &slot, &retry_at));
  assert_true(take(limit, 5, 110 * S, 200 * S, &slot, &retry_at));
}

static void busy_counts_leased_and_cooling_slots(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {3, S};
  struct sr_slot a, b;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 3, 100 * S, 160 * S, &a, &retry_at));
  assert_true(take(limit, 3, 100 * S, 160 * S, &b, &retry_at));
  give(limit, &a, 101 * S);
  assert_int_equal(busy(limit, &rate, 100 * S), 2);
  assert_int_equal(busy(limit, &rate, 101 * S), 1);
  assert_int_equal(busy(limit, &rate, 160 * S), 0);
}

static void low_priority_leaves_the_last_slot_to_others(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_want low = want_of(3, 200 * S), normal = want_of(3, 200 * S);
  struct sr_slot slots[3], more;
  struct sr_ruling ruling;
  (void)state;
  low.low = 1;
  assert_int_equal(sr_limit_take(limit, &low, 100 * S, &slots[0], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(sr_limit_take(limit, &low, 100 * S, &slots[1], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(sr_limit_take(limit, &low, 100 * S, &more, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, 101 * S);
  assert_int_equal(sr_limit_take(limit, &normal, 100 * S, &slots[2], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(sr_limit_take(limit, &normal, 100 * S, &more, &ruling), SR_LIMIT_WAIT);
  give(limit, &slots[2], 100 * S); /* free again: still not for the low one */
  assert_int_equal(sr_limit_take(limit, &low, 100 * S, &more, &ruling), SR_LIMIT_WAIT);
  give(limit, &slots[0], 100 * S);
  assert_int_equal(sr_limit_take(limit, &low, 100 * S, &more, &ruling), SR_LIMIT_GRANTED);
}

static void low_priority_gets_the_only_slot_of_a_limit_of_one(void **state) {
  struct sr_want low = want_of(1, 200 * S);
  struct sr_slot slot;
  struct sr_ruling ruling;
  (void)state;
  low.low = 1;
  assert_int_equal(sr_limit_take(fresh_limit(), &low, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
}

/* Pacing by time of sending: N per window, however late the answers are. */
static void by_send_time_a_slot_cools_down_from_its_sending(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_SILENT,
                                             SR_OUTCOME_ANSWERED};
  struct sr_rate one = {1, S};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(outcomes); i++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_want want = want_of(1, 200 * S);
    struct sr_slot first, second;
    struct sr_ruling ruling;
    want.send_time = 1;
    assert_int_equal(sr_limit_take(limit, &want, 95 * S, &first, &ruling), SR_LIMIT_GRANTED);
    assert_int_equal(sr_limit_take(limit, &want, 99 * S, &second, &ruling), SR_LIMIT_WAIT);
    assert_true(sr_limit_start(limit, &one, 100 * S, &first)); /* not sent before */
    assert_int_equal(sr_limit_take(limit, &want, 101 * S - 2, &second, &ruling), SR_LIMIT_WAIT);
    assert_int_equal(ruling.at, 101 * S);
    assert_int_equal(sr_limit_take(limit, &want, 101 * S, &second, &ruling), SR_LIMIT_GRANTED);
    assert_true(sr_limit_start(limit, &one, 101 * S, &second));
    sr_limit_give(limit, &one, 101 * S + 500 * MS, &first, outcomes[i], 0); /* its answer, late */
    assert_int_equal(first.state, SR_SLOT_NONE);
    sr_limit_give(limit, &one, 101 * S + 600 * MS, &second, outcomes[i], 0);
    assert_int_equal(busy(limit, &one, 102 * S - 2), 1);
    assert_int_equal(busy(limit, &one, 102 * S), 0);
  }
}

static void holds_and_bans_are_checked_once_more_before_sending(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate two = {2, S};
  struct sr_want want = want_of(2, 200 * S);
  struct sr_slot first, second;
  struct sr_ruling ruling;
  (void)state;
  assert_int_equal(sr_limit_take(limit, &want, 100 * S, &first, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(sr_limit_take(limit, &want, 100 * S, &second, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(sr_limit_start(limit, &two, 100 * S, &first), 1);
  sr_limit_give(limit, &two, 101 * S, &first, SR_OUTCOME_REFUSED, 5 * S);
  assert_int_equal(sr_limit_start(limit, &two, 101 * S, &second), 0); /* it was still connecting */
  assert_int_equal(sr_limit_start(limit, &two, 106 * S, &second), 1);
  assert_int_equal(sr_limit_start(limit, &two, second.send_by, &second), 0);
}

/* As when one process's file was removed and another process has created a new one. */
static void a_moved_block_grants_nothing_and_its_slots_continue_in_the_new_one(void **state) {
  struct sr_limit *old = fresh_limit(), *new = fresh_limit();
  struct sr_rate two = {2, S};
  struct sr_slot leased, cooling, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(old, 2, 100 * S, 160 * S, &leased, &retry_at));
  assert_true(take(old, 2, 100 * S, 160 * S, &cooling, &retry_at));
  give(old, &cooling, 100 * S + 700 * MS);
  assert_false(sr_limit_moved(old));
  sr_limit_merge(new, old);
  sr_limit_merge(new, old); /* another process, at the same time */
  assert_true(sr_limit_moved(old));
  assert_false(take(old, 2, 150 * S, 200 * S, &other, &retry_at)); /* whatever the time */
  assert_true(retry_at > 150 * S && retry_at < 150 * S + 10 * MS);
  assert_false(take(new, 2, 100 * S + 500 * MS, 160 * S, &other, &retry_at));
  assert_true(take(new, 2, 100 * S + 700 * MS, 160 * S, &other, &retry_at));
  assert_false(take(new, 2, 100 * S + 800 * MS, 160 * S, &other, &retry_at));
  sr_limit_give(new, &two, 101 * S, &leased, SR_OUTCOME_FINE, 0); /* its owner has moved as well */
  assert_false(take(new, 2, 102 * S - 2, 160 * S, &other, &retry_at));
  assert_true(take(new, 2, 102 * S, 160 * S, &other, &retry_at));
}

static void by_send_time_an_unsent_request_frees_its_slot_at_once(void **state) {
  struct sr_rate one = {1, S};
  int started;
  (void)state;
  for (started = 0; started < 2; started++) { /* the connection was refused after the last look */
    struct sr_limit *limit = fresh_limit();
    struct sr_want want = want_of(1, 200 * S);
    struct sr_slot slot, other;
    struct sr_ruling ruling;
    want.send_time = 1;
    assert_int_equal(sr_limit_take(limit, &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
    if (started)
      assert_true(sr_limit_start(limit, &one, 100 * S + 200 * MS, &slot));
    give(limit, &slot, 100 * S + 300 * MS);
    assert_int_equal(sr_limit_take(limit, &want, 100 * S + 300 * MS, &other, &ruling),
                     SR_LIMIT_GRANTED);
  }
}

/* ---- the last check before a request is sent ---- */

static void nothing_is_sent_on_an_expired_slot(void **state) {
  struct sr_rate one = {1, S};
  int send_time;
  (void)state;
  for (send_time = 0; send_time < 2; send_time++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_want want = want_of(1, 130 * S + S + SR_LATE_COUNT);
    struct sr_slot slot, other;
    struct sr_ruling ruling;
    want.send_time = send_time;
    assert_int_equal(sr_limit_take(limit, &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
    other = slot;
    assert_true(sr_limit_start(limit, &one, 130 * S - 1, &other));
    assert_false(sr_limit_start(limit, &one, 130 * S, &slot));
    assert_false(sr_limit_start(limit, &one, 1000 * S, &slot));
  }
}

/* A lease that expired while its process was stopped, and was taken by another process since. */
static void nothing_is_sent_on_a_slot_of_another_owner(void **state) {
  struct sr_rate one = {1, S};
  int send_time;
  (void)state;
  for (send_time = 0; send_time < 2; send_time++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_want want = want_of(1, 200 * S);
    struct sr_slot slot;
    struct sr_ruling ruling;
    want.send_time = send_time;
    assert_int_equal(sr_limit_take(limit, &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
    atomic_store(&limit->slots[0], 150 * S + 1);
    assert_false(sr_limit_start(limit, &one, 120 * S, &slot));
    assert_int_equal(atomic_load(&limit->slots[0]), 150 * S + 1);
  }
}

/* libcurl before 7.80 does not report the time of sending: the slot cools down from the answer on. */
static void by_send_time_a_slot_that_was_not_started_is_returned(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate one = {1, S};
  struct sr_want want = want_of(1, 161 * S);
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  (void)state;
  want.send_time = 1;
  assert_int_equal(sr_limit_take(limit, &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
  sr_limit_give(limit, &one, 100 * S + 100 * MS, &slot, SR_OUTCOME_FINE, 0);
  assert_int_equal(sr_limit_take(limit, &want, 101 * S, &other, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, 101 * S + 100 * MS);
}

/* Two clients of one limit: one with a short window does not shorten times written by the other. */
static void a_short_window_does_not_shorten_the_hold_of_a_long_one(void **state) {
  static const struct sr_rate hourly = {5, 3600 * S};
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot;
  sr_time retry_at;
  int i;
  (void)state;
  assert_true(take(limit, 5, 1000 * S, 9000 * S, &slot, &retry_at));
  sr_limit_give(limit, &hourly, 1000 * S, &slot, SR_OUTCOME_REFUSED, 3600 * S);
  for (i = 0; i < 3; i++) {
    assert_false(take(limit, 5, (1000 + i * 1000) * S, 9000 * S, &slot, &retry_at));
    assert_int_equal(retry_at, 4600 * S);
  }
}

static void nothing_is_sent_during_a_hold(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {5, S};
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 5, 100 * S, 200 * S, &slot, &retry_at));
  assert_true(take(limit, 5, 100 * S, 200 * S, &other, &retry_at));
  sr_limit_give(limit, &rate, 100 * S, &other, SR_OUTCOME_REFUSED, 3 * S);
  assert_false(sr_limit_start(limit, &rate, 103 * S - 1, &slot));
  assert_true(sr_limit_start(limit, &rate, 103 * S, &slot));
}

static void while_the_key_is_blocked_only_the_probe_is_sent(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {5, S};
  struct sr_slot early, slots[3], probe;
  sr_time retry_at;
  int i;
  (void)state;
  assert_true(take(limit, 5, 100 * S, 2000 * S, &early, &retry_at));
  for (i = 0; i < 3; i++)
    assert_true(take(limit, 5, 100 * S, 200 * S, &slots[i], &retry_at));
  for (i = 0; i < 3; i++)
    sr_limit_give(limit, &rate, 100 * S, &slots[i], SR_OUTCOME_REFUSED, S);
  assert_false(sr_limit_start(limit, &rate, 105 * S, &early));
  assert_true(take(limit, 5, 700 * S, 800 * S, &probe, &retry_at));
  assert_false(sr_limit_start(limit, &rate, 700 * S, &early));
  assert_true(sr_limit_start(limit, &rate, 700 * S, &probe));
  sr_limit_give(limit, &rate, 701 * S, &probe, SR_OUTCOME_FINE, 0);
  assert_true(sr_limit_start(limit, &rate, 701 * S, &early));
}

/* By the answer, a slot may be used until the deadline: the lease has a window and more after it. */
static void a_lease_must_be_used_before_the_deadline(void **state) {
  struct sr_want want = want_of(1, 130 * S + S + SR_LATE_COUNT);
  struct sr_slot slot;
  struct sr_ruling ruling;
  (void)state;
  assert_int_equal(sr_limit_take(fresh_limit(), &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(slot.send_by, 130 * S);
}

/* ---- sr_limit_earliest against brute force ---- */

/*
** The header's contract, simulated: each leased slot comes back now; `ahead` others and then the caller
** each take the first free slot and give it back at once.
*/
static sr_time brute_force(const sr_time *free_at, const int *leased, int slots, sr_time window,
                           sr_time held, sr_time now, unsigned ahead) {
  sr_time at[SR_LIMIT_SLOTS], when = 0;
  int i;
  for (i = 0; i < slots; i++) {
    at[i] = leased[i] && free_at[i] > now + window ? now + window : free_at[i];
    at[i] = at[i] < now ? now : at[i];
    at[i] = at[i] < held ? held : at[i];
  }
  for (;;) {
    int first = 0;
    for (i = 1; i < slots; i++)
      if (at[i] < at[first])
        first = i;
    when = at[first];
    if (ahead-- == 0)
      return when;
    at[first] = when + window;
  }
}

/* Compares both in `rounds` random situations. Slots cool for up to `most`, with or without a hold.
 */
static void compare_earliest(uint64_t seed, int rounds, sr_time most, int hold) {
  struct chance chance = {seed};
  int round;
  for (round = 0; round < rounds; round++) {
    struct sr_limit *limit = fresh_limit();
    int slots = (int)chance_between(&chance, 1, 8), i;
    struct sr_rate rate;
    sr_time now = 100 * S, free_at[SR_LIMIT_SLOTS], held = 0;
    int leased[SR_LIMIT_SLOTS];
    unsigned ahead;
    rate.slots = slots;
    rate.window = S;
    for (i = 0; i < slots; i++) {
      struct sr_slot slot;
      sr_time retry_at;
      leased[i] = (int)chance_between(&chance, 0, 1);
      free_at[i] = now + 2 * chance_between(&chance, -S / 4, (leased[i] ? 20 * S : most) / 2);
      assert_true(take(limit, slots, 50 * S, leased[i] ? free_at[i] : 900 * S, &slot, &retry_at));
      assert_int_equal(slot.index, i);
      if (!leased[i])
        give(limit, &slot, free_at[i]);
    }
    if (hold) {
      held = now + chance_between(&chance, 1, 3 * S);
      atomic_store(&limit->held, held);
    }
    for (ahead = 0; ahead <= 3 * (unsigned)slots; ahead++) {
      sr_time got = sr_limit_earliest(limit, &rate, now, ahead);
      sr_time expected = brute_force(free_at, leased, slots, S, held, now, ahead);
      CHECK(got == expected, "round %d, %d slots, %u ahead: %+.6f s from now, not %+.6f s", round,
            slots, ahead, (double)(got - now) / 1e9, (double)(expected - now) / 1e9);
    }
  }
}

static void earliest_equals_brute_force(void **state) {
  (void)state;
  compare_earliest(1, rounds(1000), S, 0);
}

/* An unanswered attempt cools its slot for a window and 0.2 s. */
static void earliest_equals_brute_force_with_slots_cooling_longer_than_a_window(void **state) {
  (void)state;
  compare_earliest(2, rounds(1000), S + S / 5, 0);
}

static void earliest_equals_brute_force_during_a_hold(void **state) {
  (void)state;
  compare_earliest(3, rounds(1000), S, 1);
}

/* ---- threads ---- */

enum { THREADS = 4, THREAD_SLOTS = 3, THREAD_ROUNDS = 20000 };

struct crowd {
  struct sr_limit *limit;
  atomic_int holders, most, taken;
};

static void *take_and_give(void *ctx) {
  struct crowd *crowd = ctx;
  int i;
  for (i = 0; i < rounds(THREAD_ROUNDS); i++) {
    struct sr_slot slot;
    sr_time retry_at;
    if (take(crowd->limit, THREAD_SLOTS, 100 * S, 200 * S, &slot, &retry_at)) {
      int holders = atomic_fetch_add(&crowd->holders, 1) + 1, most = atomic_load(&crowd->most);
      while (holders > most && !atomic_compare_exchange_weak(&crowd->most, &most, holders))
        ;
      atomic_fetch_add(&crowd->taken, 1);
      atomic_fetch_sub(&crowd->holders, 1);
      give(crowd->limit, &slot, 100 * S);
    }
  }
  return NULL;
}

static void *take_only(void *ctx) {
  struct crowd *crowd = ctx;
  int i;
  for (i = 0; i < 8; i++) {
    struct sr_slot slot;
    sr_time retry_at;
    atomic_fetch_add(&crowd->taken,
                     take(crowd->limit, THREAD_SLOTS, 100 * S, 200 * S, &slot, &retry_at));
  }
  return NULL;
}

static void run_threads(void *(*body)(void *), struct crowd *crowd) {
  pthread_t threads[THREADS];
  int i;
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, body, crowd), 0);
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void threads_never_hold_more_slots_than_there_are(void **state) {
  struct crowd crowd;
  (void)state;
  memset(&crowd, 0, sizeof crowd);
  crowd.limit = fresh_limit();
  run_threads(take_and_give, &crowd);
  assert_in_range(atomic_load(&crowd.most), 1, THREAD_SLOTS);
  assert_true(atomic_load(&crowd.taken) > rounds(THREAD_ROUNDS) / 2);
}

static void threads_taking_at_once_get_each_slot_once(void **state) {
  int round;
  (void)state;
  for (round = 0; round < rounds(100); round++) {
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.limit = fresh_limit();
    run_threads(take_only, &crowd);
    assert_int_equal(atomic_load(&crowd.taken), THREAD_SLOTS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exactly_n_slots_are_granted),
      cmocka_unit_test(a_refusal_says_when_the_first_slot_has_cooled_down),
      cmocka_unit_test(a_slot_is_never_free_early),
      cmocka_unit_test(with_all_slots_leased_the_retry_time_is_a_window_away),
      cmocka_unit_test(a_slot_returned_unsent_is_free_at_once),
      cmocka_unit_test(returning_no_slot_or_one_twice_changes_nothing),
      cmocka_unit_test(an_expired_lease_can_not_be_returned_by_its_old_owner),
      cmocka_unit_test(a_hold_stops_all_takes_until_it_ends_and_only_gets_longer),
      cmocka_unit_test(busy_counts_leased_and_cooling_slots),
      cmocka_unit_test(low_priority_leaves_the_last_slot_to_others),
      cmocka_unit_test(low_priority_gets_the_only_slot_of_a_limit_of_one),
      cmocka_unit_test(by_send_time_a_slot_cools_down_from_its_sending),
      cmocka_unit_test(holds_and_bans_are_checked_once_more_before_sending),
      cmocka_unit_test(a_moved_block_grants_nothing_and_its_slots_continue_in_the_new_one),
      cmocka_unit_test(by_send_time_an_unsent_request_frees_its_slot_at_once),
      cmocka_unit_test(a_lease_must_be_used_before_the_deadline),
      cmocka_unit_test(nothing_is_sent_on_an_expired_slot),
      cmocka_unit_test(nothing_is_sent_on_a_slot_of_another_owner),
      cmocka_unit_test(by_send_time_a_slot_that_was_not_started_is_returned),
      cmocka_unit_test(a_short_window_does_not_shorten_the_hold_of_a_long_one),
      cmocka_unit_test(nothing_is_sent_during_a_hold),
      cmocka_unit_test(while_the_key_is_blocked_only_the_probe_is_sent),
      cmocka_unit_test(earliest_equals_brute_force),
      cmocka_unit_test(earliest_equals_brute_force_with_slots_cooling_longer_than_a_window),
      cmocka_unit_test(earliest_equals_brute_force_during_a_hold),
      cmocka_unit_test(threads_never_hold_more_slots_than_there_are),
      cmocka_unit_test(threads_taking_at_once_get_each_slot_once),
  };
  return cmocka_run_group_tests_name("sr_limit", tests, NULL, NULL);
}
