/* Blocks of a limit: hold, reset, merge, view, damage.
** SPDX-License-Identifier: MIT */
#include "circuit_support.h"

/* ---- hold, reset, merge, view ---- */

static void a_429_holds_all_requests_for_its_retry_after(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot = taken(limit, START), other;
  struct sr_ruling ruling;
  (void)state;
  sr_limit_give(limit, &rate, START, &slot, SR_OUTCOME_REFUSED, 7 * S);
  assert_int_equal(ask(limit, START + 7 * S - 1, &other, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, START + 7 * S);
  assert_int_equal(ask(limit, START + 7 * S, &other, &ruling), SR_LIMIT_GRANTED);
}

static void reset_ends_ban_and_hold_and_keeps_the_slots(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, held = taken(limit, START);
  struct sr_ruling ruling;
  int i;
  (void)state;
  open_now(limit, START);
  sr_limit_reset(limit);
  assert_int_equal(taken(limit, START).probe, 0); /* including the slot that was free before */
  assert_int_equal(ask(limit, START, &slot, &ruling), SR_LIMIT_WAIT);
  ended(limit, START, &held, SR_OUTCOME_FINE);
  assert_int_equal(ask(limit, START + S - 2, &slot, &ruling), SR_LIMIT_WAIT);
  for (i = 0; i < 4; i++)
    taken(limit, START + S);
  assert_int_equal(ban_left(limit, START + S), 0);
}

static void reset_forgets_earlier_bans(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = three_bans(limit) + 2 * S;
  (void)state;
  sr_limit_reset(limit);
  open_now(limit, now);
  assert_int_equal(ban_left(limit, now), 10 * MINUTE);
}

static void a_reset_while_the_probe_is_in_flight_lets_all_be_sent(void **state) {
  struct sr_limit *limit = fresh_limit();
  sr_time now = START + 10 * MINUTE;
  struct sr_slot probe;
  (void)state;
  open_now(limit, START);
  probe = taken(limit, now);
  sr_limit_reset(limit);
  assert_int_equal(taken(limit, now).probe, 0);
  assert_int_equal(ended(limit, now, &probe, SR_OUTCOME_REFUSED),
                   SR_CHANGE_NONE); /* the first one */
  assert_int_equal(ban_left(limit, now), 0);
}

static void merge_takes_over_longer_slots_hold_and_ban(void **state) {
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

/* The old block grants nothing any more, and slots taken from it are not lost. */
static void a_merged_block_grants_nothing(void **state) {
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
  assert_in_range(ruling.at, START, START + 10 * MS); /* retry soon, on the new block */
  assert_int_equal(ask(from, START + 900 * S, &slot, &ruling), SR_LIMIT_WAIT);
  sr_limit_merge(&again, from); /* a later process */
  for (i = 0; i < 4; i++) {
    taken(&into, START);
    taken(&again, START);
  }
  assert_int_equal(ask(&into, START, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ask(&again, START, &slot, &ruling), SR_LIMIT_WAIT);
  ended(&into, START, &held, SR_OUTCOME_UNSENT); /* given back to its new block */
  taken(&into, START);
}

static void a_damaged_block_marked_as_moved_can_be_merged(void **state) {
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
    if (way == 1) { /* the other block has a single 429 */
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

static void merge_keeps_the_probe_in_flight(void **state) {
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

static void the_view_shows_slots_hold_and_ban(void **state) {
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
  now += LEASE + S; /* its lease has expired */
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

/* Random values for a damaged word, of several kinds. */
static uint64_t garbage(struct chance *chance, sr_time now) {
  static const int64_t corners[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  switch (chance_between(chance, 0, 6)) {
  case 0:
    return (uint64_t)corners[chance_between(chance, 0, (int64_t)COUNT(corners) - 1)];
  case 1: /* a time within days of now */
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

/* Takes and sends for `duration`. Returns when all slots have been granted once. */
static sr_time use(struct sr_limit *limit, sr_time now, sr_time duration, uint64_t seed) {
  sr_time sent[8], end = now + duration, whole = -1;
  uint64_t seen = 0;
  struct sr_limit other;
  int n = 0, asked = 0;
  memset(sent, 0x80, sizeof sent); /* long ago */
  while (now < end && whole < 0) {
    struct sr_slot slot;
    struct sr_ruling ruling;
    if (sr_limit_moved(limit)) { /* as a process that finds such a file at its path */
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
      now = ruling.at + (++asked % 8 == 0 ? 10 * MINUTE : 0); /* with occasional pauses */
    }
  }
  return whole;
}

static void a_damaged_block_exceeds_no_limit_and_blocks_no_key_for_ever(void **state) {
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
    assert_in_range(busy(limit, &rate, now), 0, 5);
    assert_true(sr_limit_earliest(limit, &rate, now, 3) >= now);
    /* The longest plausible values: a lease of two days, then a ban of the highest level. */
    whole = use(limit, now, 5 * 86400 * S, seed);
    CHECK(whole >= 0, "seed %llu: it does not recover", (unsigned long long)seed);
  }
}

/* Impossible values expire after a window; an impossible ban after ten minutes. */
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
  for (i = 1; i <= 3; i++) { /* as RATE, KEY and an unknown reason */
    static const uint64_t ends[] = {
        UINT64_MAX >> 16, (START + 2562 * MINUTE) / MS,
        9223372036855}; /* milliseconds that just overflow nanoseconds */
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

/* A closed circuit whose last refusal is in the future would keep its level forever. */
static void an_impossible_past_does_not_lengthen_the_first_ban(void **state) {
  struct sr_limit *limit = fresh_limit();
  (void)state;
  atomic_store(&limit->circuit, UINT64_MAX >> 16 << 16 | 15 << 8);
  taken(limit, START);
  open_now(limit, START + 15 * HOUR);
  assert_int_equal(ban_left(limit, START + 15 * HOUR), 10 * MINUTE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_429_holds_all_requests_for_its_retry_after),
      cmocka_unit_test(reset_ends_ban_and_hold_and_keeps_the_slots),
      cmocka_unit_test(reset_forgets_earlier_bans),
      cmocka_unit_test(a_reset_while_the_probe_is_in_flight_lets_all_be_sent),
      cmocka_unit_test(merge_takes_over_longer_slots_hold_and_ban),
      cmocka_unit_test(a_merged_block_grants_nothing),
      cmocka_unit_test(a_damaged_block_marked_as_moved_can_be_merged),
      cmocka_unit_test(merge_keeps_the_ban_that_ends_later),
      cmocka_unit_test(merge_keeps_the_probe_in_flight),
      cmocka_unit_test(the_view_shows_slots_hold_and_ban),
      cmocka_unit_test(a_damaged_block_exceeds_no_limit_and_blocks_no_key_for_ever),
      cmocka_unit_test(
          impossible_stamps_are_over_after_a_window_and_impossible_bans_after_ten_minutes),
      cmocka_unit_test(an_impossible_past_does_not_lengthen_the_first_ban),
  };
  return cmocka_run_group_tests_name("sr_merge", tests, NULL, NULL);
}
