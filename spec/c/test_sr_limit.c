/* The rate limiter: its rules one by one, then against a model of a server that counts.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "limit/sr_limit.h"

#include <pthread.h>
#include <stdatomic.h>

#define MS SR_MILLISECOND
#define S  SR_SECOND

/* As new as a file that was just made. */
static struct sr_limit *fresh_limit(void) {
  static struct sr_limit limits[16];
  static int next;
  struct sr_limit *limit = &limits[next++ % 16];
  memset(limit, 0, sizeof *limit);
  return limit;
}

static struct sr_want want_of(int slots, sr_time lease) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate.slots = slots;
  want.rate.window = S;
  want.lease = lease;
  return want;
}

/* Whether a slot was granted; if not, when to try again. */
static int take(struct sr_limit *limit, int slots, sr_time now, sr_time lease, struct sr_slot *slot,
                sr_time *retry_at) {
  struct sr_want want = want_of(slots, lease);
  struct sr_ruling ruling;
  int granted = sr_limit_take(limit, &want, now, slot, &ruling) == SR_LIMIT_GRANTED;
  *retry_at = granted ? -1 : ruling.at;
  return granted;
}

/* Gives back a slot that is free at a time: what was never sent is free when it is given back. */
static void give(struct sr_limit *limit, struct sr_slot *slot, sr_time free_at) {
  static const struct sr_rate rate = {5, S};
  sr_limit_give(limit, &rate, free_at, slot, SR_OUTCOME_UNSENT, 0);
}

/* ---- the rules ---- */

static void n_slots_are_given_and_no_more(void **state) {
  int n;
  (void)state;
  for (n = 1; n <= SR_LIMIT_SLOTS; n++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_rate rate = {n, S};
    struct sr_slot slot;
    sr_time retry_at;
    int i;
    for (i = 0; i < n; i++) {
      assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), i);
      assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 1);
      assert_in_range(slot.index, 0, n - 1);
    }
    assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 0);
    assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), n);
  }
}

static void a_refusal_says_exactly_when_the_first_slot_has_cooled_down(void **state) {
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

/* A time that is odd in nanoseconds must not be rounded to an earlier one. */
static void a_slot_is_never_free_before_its_time(void **state) {
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

static void with_all_slots_leased_trying_again_makes_sense_after_a_window(void **state) {
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

static void a_slot_given_back_at_once_is_free_at_once(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  give(limit, &slot, 100 * S);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_true(take(limit, 1, 100 * S, 160 * S, &other, &retry_at));
}

static void giving_back_nothing_or_twice_changes_nothing(void **state) {
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

static void a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back(void **state) {
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

static void hold_stops_everybody_until_its_time_and_only_gets_longer(void **state) {
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

static void busy_counts_what_is_leased_or_cools_down(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {3, S};
  struct sr_slot a, b;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 3, 100 * S, 160 * S, &a, &retry_at));
  assert_true(take(limit, 3, 100 * S, 160 * S, &b, &retry_at));
  give(limit, &a, 101 * S);
  assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), 2);
  assert_int_equal(sr_limit_busy(limit, &rate, 101 * S), 1);
  assert_int_equal(sr_limit_busy(limit, &rate, 160 * S), 0);
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

/* Pacing by time of sending: N in each window from the sending on, however late the answers are. */
static void by_send_time_a_slot_cools_down_from_the_sending_on(void **state) {
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
    assert_int_equal(sr_limit_busy(limit, &one, 102 * S - 2), 1);
    assert_int_equal(sr_limit_busy(limit, &one, 102 * S), 0);
  }
}

static void what_is_about_to_be_sent_looks_at_holds_and_bans_once_more(void **state) {
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

/* As when a clean-up has removed the file of one process and another has made a new one. */
static void a_block_that_has_moved_grants_nothing_and_its_slots_go_on_in_the_new_one(void **state) {
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
  sr_limit_give(new, &two, 101 * S, &leased, SR_OUTCOME_FINE, 0); /* its owner has moved, too */
  assert_false(take(new, 2, 102 * S - 2, 160 * S, &other, &retry_at));
  assert_true(take(new, 2, 102 * S, 160 * S, &other, &retry_at));
}

static void by_send_time_what_was_never_sent_frees_its_slot_at_once(void **state) {
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

/* ---- the last look before a request is sent ---- */

static void nothing_is_sent_on_a_slot_whose_time_is_over(void **state) {
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

/* A lease that ended while its process was stopped, and that somebody else has had since. */
static void nothing_is_sent_on_a_slot_that_is_somebody_else_s(void **state) {
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

/* libcurl before 7.80 does not tell when it sends: the slot cools down from the answer on. */
static void by_send_time_a_slot_that_nobody_started_is_given_back_all_the_same(void **state) {
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

/* Two clients of one limit: the one with the short window cuts nothing that the other one wrote. */
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

static void nothing_is_sent_while_another_s_429_holds_all(void **state) {
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

static void nothing_but_the_probe_is_sent_while_the_key_is_blocked(void **state) {
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
static void a_leased_slot_is_to_be_used_before_the_deadline(void **state) {
  struct sr_want want = want_of(1, 130 * S + S + SR_LATE_COUNT);
  struct sr_slot slot;
  struct sr_ruling ruling;
  (void)state;
  assert_int_equal(sr_limit_take(fresh_limit(), &want, 100 * S, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(slot.send_by, 130 * S);
}

/* ---- sr_limit_earliest against brute force ---- */

/*
** What the header promises, carried out: each leased slot comes back now, `ahead` others and then
** the caller take the slot that is free first and give it back at once.
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

/* Compares in `rounds` random situations. Slots cool for up to `most` from now; with hold or not.
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

static void earliest_is_what_brute_force_says(void **state) {
  (void)state;
  compare_earliest(1, rounds(1000), S, 0);
}

/* An attempt that got no answer cools its slot for a window and 0.2 s. */
static void
earliest_is_what_brute_force_says_with_slots_that_cool_longer_than_a_window(void **state) {
  (void)state;
  compare_earliest(2, rounds(1000), S + S / 5, 0);
}

static void earliest_is_what_brute_force_says_while_a_hold_lasts(void **state) {
  (void)state;
  compare_earliest(3, rounds(1000), S, 1);
}

/* ---- the model: senders, a network, a server that counts, a stranger ---- */

enum { SENDERS = 12, MODEL_SLOTS = 5, MODEL_STEPS = 1000000, PENDING = 512 };
#define WINDOW      S
#define LATE        (S / 5) /* a request is counted at the latest this long after it was given up */
#define LONGEST     (2 * S) /* a call's deadline */
#define BAN         (600 * S)
#define MODEL_START (1000 * S)

enum fate { ANSWERED, GIVEN_UP, NEVER_SENT, DIED };

/* A process. One that died is another one at its next event, and knows nothing of the slot. */
struct sender {
  int busy;
  enum fate fate;
  int refused; /* the server has answered 429 */
  sr_time at;  /* of its next event: trying, or the end of its attempt */
  struct sr_slot slot;
};

/* A way to decide whether a request may be sent now. */
struct rule {
  const char *name;
  enum sr_verdict (*take)(struct rule *rule, sr_time now, sr_time lease, struct sender *sender,
                          struct sr_ruling *ruling);
  void (*give)(struct rule *rule, sr_time now, struct sender *sender);
  struct sr_limit *limit;
  double tokens;
  sr_time filled;
  sr_time sent[MODEL_SLOTS];
  int oldest;
};

/* A request on its way to the server. */
struct arrival {
  sr_time at;
  struct sender *sender; /* NULL: nobody waits for the answer */
  int ours;
};

/* The vendor's side: a rolling window; three refusals within a minute block the key, ever longer. */
struct server {
  sr_time counted[MODEL_SLOTS], refused[3], banned_until;
  int next, next_refused, bans;
};

/* What the circuit must be, by what the senders have seen, in the order in which they saw it. */
struct reference {
  int in_a_row, open, level;
  sr_time until, trouble, held, probe_lease;
  const struct sender *probe;
};

struct model {
  struct chance chance;
  struct rule *rule;
  int circuit; /* the rule has one, to be compared with the reference */
  struct sender senders[SENDERS];
  struct arrival pending[PENDING];
  int pending_count;
  sr_time stranger; /* when somebody who knows no limiter uses the key next */
  struct server server;
  struct reference reference;
  sr_time *counts, now; /* when ours were counted */
  int n, steps, refused, openings, closings, probes, probes_died, sent;
};

static enum sr_verdict limiter_take(struct rule *rule, sr_time now, sr_time lease,
                                    struct sender *sender, struct sr_ruling *ruling) {
  struct sr_want want = want_of(MODEL_SLOTS, lease);
  return sr_limit_take(rule->limit, &want, now, &sender->slot, ruling);
}

static void limiter_give(struct rule *rule, sr_time now, struct sender *sender) {
  static const struct sr_rate rate = {MODEL_SLOTS, WINDOW};
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_SILENT, SR_OUTCOME_UNSENT};
  if (sender->fate == DIED) /* who died gives nothing back */
    memset(&sender->slot, 0, sizeof sender->slot);
  else
    sr_limit_give(rule->limit, &rate, now, &sender->slot,
                  sender->refused ? SR_OUTCOME_REFUSED : outcomes[sender->fate], WINDOW);
}

static enum sr_verdict bucket_take(struct rule *rule, sr_time now, sr_time lease,
                                   struct sender *sender, struct sr_ruling *ruling) {
  (void)lease;
  (void)sender;
  ruling->at = now;
  rule->tokens += (double)(now - rule->filled) / (double)WINDOW * MODEL_SLOTS;
  rule->filled = now;
  if (rule->tokens > MODEL_SLOTS)
    rule->tokens = MODEL_SLOTS;
  if (rule->tokens < 1)
    return SR_LIMIT_WAIT;
  rule->tokens -= 1;
  return SR_LIMIT_GRANTED;
}

static enum sr_verdict log_take(struct rule *rule, sr_time now, sr_time lease,
                                struct sender *sender, struct sr_ruling *ruling) {
  (void)lease;
  (void)sender;
  ruling->at = now;
  if (rule->sent[rule->oldest] + WINDOW > now)
    return SR_LIMIT_WAIT;
  rule->sent[rule->oldest] = now;
  rule->oldest = (rule->oldest + 1) % MODEL_SLOTS;
  return SR_LIMIT_GRANTED;
}

static void no_give(struct rule *rule, sr_time now, struct sender *sender) {
  (void)rule;
  (void)now;
  (void)sender;
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

static void arrive_at(struct model *model, sr_time at, struct sender *sender, int ours) {
  struct arrival *arrival = &model->pending[model->pending_count++];
  assert_true(model->pending_count <= PENDING);
  arrival->at = at;
  arrival->sender = sender;
  arrival->ours = ours;
}

/* Decides what becomes of a request sent now: when it ends, and when it is counted. */
static void send_one(struct model *model, struct sender *sender) {
  struct chance *chance = &model->chance;
  int64_t dice = chance_between(chance, 1, 100);
  sr_time now = model->now, last;
  sender->busy = 1;
  sender->refused = 0;
  if (dice <= 82) {
    sender->fate = ANSWERED;
    sender->at = last = now + chance_between(chance, 20 * MS, 900 * MS);
  } else if (dice <= 90) {
    sender->fate = GIVEN_UP;
    sender->at = now + chance_between(chance, 50 * MS, LONGEST);
    last = sender->at + LATE;
  } else if (dice <= 98) {
    sender->fate = NEVER_SENT;
    sender->at = now + chance_between(chance, 1 * MS, 200 * MS);
    return;
  } else {
    sender->fate = DIED;
    sender->at = now + chance_between(chance, 0, LONGEST);
    last = sender->at + LATE;
  }
  /* Now and then at the very ends of what is possible: there a rule breaks first. */
  dice = chance_between(chance, 1, 10);
  arrive_at(model,
            dice == 1   ? now
            : dice == 2 ? last
                        : chance_between(chance, now, last),
            sender->fate == ANSWERED ? sender : NULL, 1);
}

/* The server's answer to a request that arrives now. 1: refused. */
static int refuses(struct server *server, sr_time now) {
  if (now < server->banned_until)
    return 1;
  if (server->counted[server->next] + WINDOW <= now) {
    server->counted[server->next] = now;
    server->next = (server->next + 1) % MODEL_SLOTS;
    return 0;
  }
  server->refused[server->next_refused] = now;
  server->next_refused = (server->next_refused + 1) % 3;
  if (server->refused[server->next_refused] + 60 * S > now) /* the last but two */
    server->banned_until = now + (BAN << (server->bans++ % 3));
  return 1;
}

static void count_one(struct model *model, int which) {
  struct arrival arrival = model->pending[which];
  int refused = refuses(&model->server, model->now);
  model->pending[which] = model->pending[--model->pending_count];
  if (arrival.ours)
    model->counts[model->n++] = model->now;
  if (arrival.sender != NULL)
    arrival.sender->refused = refused;
}

/* ---- the reference of the circuit ---- */

static void reference_open(struct reference *ref, sr_time now) {
  ref->open = 1;
  ref->until = now + (BAN << ref->level);
  ref->level += ref->level < SR_BAN_LEVELS;
  ref->in_a_row = 0;
}

static void reference_learn(struct model *model, const struct sender *sender) {
  struct reference *ref = &model->reference;
  sr_time now = model->now;
  int probe = ref->probe == sender && ref->open;
  if (sender->fate == DIED)
    model->probes_died += probe; /* it stays the probe until its lease is over */
  if (sender->fate == DIED || (ref->open && !probe)) {
    if (sender->refused && now + WINDOW > ref->held)
      ref->held = now + WINDOW;
    return;
  }
  if (probe)
    ref->probe = NULL;
  if (sender->fate != ANSWERED)
    return;
  model->refused += sender->refused;
  if (!sender->refused) {
    model->closings += probe;
    if (probe)
      ref->trouble = now;
    ref->open = ref->in_a_row = 0;
    return;
  }
  ref->held = now + WINDOW > ref->held ? now + WINDOW : ref->held;
  if (!probe) {
    for (; ref->level > 0 && ref->trouble + 3600 * S <= now; ref->trouble += 3600 * S)
      ref->level--;
    ref->trouble = now;
  }
  if (probe || ++ref->in_a_row == 3) {
    reference_open(ref, now);
    model->openings++;
  }
}

/* The circuit keeps its times in milliseconds: the one in which a time lies may be either. */
static void reference_check(struct model *model, struct sender *sender, enum sr_verdict verdict,
                            sr_time lease) {
  struct reference *ref = &model->reference;
  sr_time now = model->now;
  int step = model->steps, probing = ref->probe != NULL && ref->probe_lease > now;
  if (verdict == SR_LIMIT_GRANTED) {
    CHECK(now >= ref->held, "step %d: sent while a 429 holds all", step);
    CHECK(!ref->open || now >= ref->until, "step %d: sent %.6f s before the ban is over", step,
          (double)(ref->until - now) / 1e9);
    CHECK(!ref->open || !probing, "step %d: a second probe", step);
    CHECK((sender->slot.probe != 0) == ref->open, "step %d: probe or not", step);
    if (ref->open) {
      ref->probe = sender;
      ref->probe_lease = lease;
      model->probes++;
    }
  } else if (verdict == SR_LIMIT_BLOCKED) {
    CHECK(ref->open && (probing || now < ref->until + MS), "step %d: blocked for nothing", step);
  } else {
    CHECK(!ref->open || (now >= ref->until && !probing), "step %d: not blocked", step);
  }
}

/* ---- running it ---- */

static void sender_step(struct model *model, struct sender *sender) {
  struct rule *rule = model->rule;
  struct sr_ruling ruling;
  sr_time now = model->now, lease = now + LONGEST + WINDOW + LATE;
  enum sr_verdict verdict;
  if (sender->busy) {
    if (model->circuit)
      reference_learn(model, sender);
    rule->give(rule, now, sender);
    sender->busy = 0;
    sender->at = now + chance_between(&model->chance, 0, 10 * MS);
    return;
  }
  verdict = rule->take(rule, now, lease, sender, &ruling);
  if (model->circuit)
    reference_check(model, sender, verdict, lease);
  if (verdict == SR_LIMIT_GRANTED) {
    send_one(model, sender);
    model->sent++;
  } else if (verdict == SR_LIMIT_BLOCKED) {
    sender->at = ruling.at + chance_between(&model->chance, 1, 5 * MS);
  } else {
    sender->at = now + chance_between(&model->chance, 1, 200 * MS);
  }
}

static void stranger_step(struct model *model) {
  int i;
  for (i = 0; i < 12; i++)
    arrive_at(model, model->now + chance_between(&model->chance, 0, 3 * S), NULL, 0);
  model->stranger = model->now + chance_between(&model->chance, 10 * S, 900 * S);
}

static void model_step(struct model *model) {
  struct sender *sender = &model->senders[0];
  int i, first = 0;
  for (i = 1; i < SENDERS; i++)
    if (model->senders[i].at < sender->at)
      sender = &model->senders[i];
  for (i = 1; i < model->pending_count; i++)
    if (model->pending[i].at < model->pending[first].at)
      first = i;
  model->steps++;
  if (model->pending_count > 0 && model->pending[first].at <= sender->at &&
      model->pending[first].at <= model->stranger) {
    model->now = model->pending[first].at;
    count_one(model, first);
  } else if (model->stranger < sender->at) {
    model->now = model->stranger;
    stranger_step(model);
  } else {
    model->now = sender->at;
    sender_step(model, sender);
  }
}

/* Runs the model; returns how many windows held more than the limit of our own requests. */
static int run_model(struct model *model, struct rule *rule, uint64_t seed, int steps,
                     int stranger) {
  int i, broken = 0;
  memset(model, 0, sizeof *model);
  model->chance.state = seed;
  model->rule = rule;
  model->circuit = rule->take == limiter_take && rule->give == limiter_give;
  model->counts = malloc((size_t)steps * sizeof model->counts[0]);
  assert_non_null(model->counts);
  model->stranger = stranger ? MODEL_START + 60 * S : SR_NEVER;
  for (i = 0; i < SENDERS; i++)
    model->senders[i].at = MODEL_START + chance_between(&model->chance, 0, S);
  while (model->steps < steps)
    model_step(model);
  qsort(model->counts, (size_t)model->n, sizeof model->counts[0], by_time);
  for (i = 0; i + MODEL_SLOTS < model->n; i++)
    broken += model->counts[i + MODEL_SLOTS] - model->counts[i] < WINDOW;
  free(model->counts);
  model->counts = NULL;
  return broken;
}

static struct rule slots_rule(void) {
  struct rule rule = {"slots", limiter_take, limiter_give, fresh_limit(), 0, 0, {0}, 0};
  return rule;
}

static const uint64_t seeds[] = {1, 20261124, 987654321, 42, 7, 8, 9};

static void no_window_of_the_server_ever_holds_more_than_the_limit(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(seeds); i++) {
    struct rule rule = slots_rule();
    struct model model;
    int broken = run_model(&model, &rule, seeds[i], rounds(MODEL_STEPS), 0);
    double rate = (double)model.n / ((double)(model.now - MODEL_START) / 1e9);
    CHECK(broken == 0, "seed %zu: %d windows over the limit", i, broken);
    CHECK(rate > 2, "seed %zu: only %.2f requests a second", i, rate);
    assert_int_equal(model.openings, 0);
    for (int k = 0; k < SENDERS; k++)
      CHECK(!model.senders[k].refused, "seed %zu: a 429", i);
  }
}

/* Somebody else uses the key beside us, so that the server refuses and blocks us too. */
static void with_429s_and_bans_the_limit_holds_and_the_circuit_is_what_it_must_be(void **state) {
  int openings = 0, closings = 0, died = 0;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(seeds); i++) {
    struct rule rule = slots_rule();
    struct model model;
    int broken = run_model(&model, &rule, seeds[i], rounds(MODEL_STEPS), 1);
    CHECK(broken == 0, "seed %zu: %d windows over the limit", i, broken);
    openings += model.openings;
    closings += model.closings;
    died += model.probes_died;
  }
  /* It did happen. */
  CHECK(openings >= rounds(200) && closings >= rounds(100) && died + 1 >= rounds(5),
        "%d bans, %d over, %d probes died", openings, closings, died);
}

/* The model can fail: two rules that look right are broken by the same network. */
static void a_token_bucket_and_a_log_of_send_times_break_in_the_same_model(void **state) {
  struct rule bucket = {"bucket", bucket_take, no_give, NULL, MODEL_SLOTS, MODEL_START, {0}, 0};
  struct rule log = {"log", log_take, no_give, NULL, 0, 0, {0}, 0};
  struct model model;
  int steps = rounds(400000);
  (void)state;
  assert_true(run_model(&model, &bucket, 1, steps, 0) > rounds(1000));
  assert_true(run_model(&model, &log, 1, steps, 0) > rounds(1000));
}

static void limiter_give_without_cooling(struct rule *rule, sr_time now, struct sender *sender) {
  if (sender->fate != DIED)
    give(rule->limit, &sender->slot, now);
}

static void limiter_give_without_late(struct rule *rule, sr_time now, struct sender *sender) {
  if (sender->fate == GIVEN_UP)
    sender->fate = ANSWERED;
  limiter_give(rule, now, sender);
}

/* And so are the limiter's own slots, given back too early by either part of the rule. */
static void slots_given_back_too_early_break_in_the_same_model(void **state) {
  struct rule hot = slots_rule(), early = slots_rule();
  struct model model;
  int steps = rounds(400000);
  (void)state;
  hot.give = limiter_give_without_cooling;
  early.give = limiter_give_without_late;
  assert_true(run_model(&model, &hot, 1, steps, 0) > rounds(1000));
  assert_true(run_model(&model, &early, 1, steps, 0) > 0);
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

static void threads_that_take_at_once_get_each_slot_once(void **state) {
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
      cmocka_unit_test(n_slots_are_given_and_no_more),
      cmocka_unit_test(a_refusal_says_exactly_when_the_first_slot_has_cooled_down),
      cmocka_unit_test(a_slot_is_never_free_before_its_time),
      cmocka_unit_test(with_all_slots_leased_trying_again_makes_sense_after_a_window),
      cmocka_unit_test(a_slot_given_back_at_once_is_free_at_once),
      cmocka_unit_test(giving_back_nothing_or_twice_changes_nothing),
      cmocka_unit_test(a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back),
      cmocka_unit_test(hold_stops_everybody_until_its_time_and_only_gets_longer),
      cmocka_unit_test(busy_counts_what_is_leased_or_cools_down),
      cmocka_unit_test(low_priority_leaves_the_last_slot_to_others),
      cmocka_unit_test(low_priority_gets_the_only_slot_of_a_limit_of_one),
      cmocka_unit_test(by_send_time_a_slot_cools_down_from_the_sending_on),
      cmocka_unit_test(what_is_about_to_be_sent_looks_at_holds_and_bans_once_more),
      cmocka_unit_test(a_block_that_has_moved_grants_nothing_and_its_slots_go_on_in_the_new_one),
      cmocka_unit_test(by_send_time_what_was_never_sent_frees_its_slot_at_once),
      cmocka_unit_test(a_leased_slot_is_to_be_used_before_the_deadline),
      cmocka_unit_test(nothing_is_sent_on_a_slot_whose_time_is_over),
      cmocka_unit_test(nothing_is_sent_on_a_slot_that_is_somebody_else_s),
      cmocka_unit_test(by_send_time_a_slot_that_nobody_started_is_given_back_all_the_same),
      cmocka_unit_test(a_short_window_does_not_shorten_the_hold_of_a_long_one),
      cmocka_unit_test(nothing_is_sent_while_another_s_429_holds_all),
      cmocka_unit_test(nothing_but_the_probe_is_sent_while_the_key_is_blocked),
      cmocka_unit_test(earliest_is_what_brute_force_says),
      cmocka_unit_test(earliest_is_what_brute_force_says_with_slots_that_cool_longer_than_a_window),
      cmocka_unit_test(earliest_is_what_brute_force_says_while_a_hold_lasts),
      cmocka_unit_test(no_window_of_the_server_ever_holds_more_than_the_limit),
      cmocka_unit_test(with_429s_and_bans_the_limit_holds_and_the_circuit_is_what_it_must_be),
      cmocka_unit_test(a_token_bucket_and_a_log_of_send_times_break_in_the_same_model),
      cmocka_unit_test(slots_given_back_too_early_break_in_the_same_model),
      cmocka_unit_test(threads_never_hold_more_slots_than_there_are),
      cmocka_unit_test(threads_that_take_at_once_get_each_slot_once),
  };
  return cmocka_run_group_tests_name("sr_limit", tests, NULL, NULL);
}
