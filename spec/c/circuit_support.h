/* Test support: requests of a limit whose circuit opens and closes.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_CIRCUIT_SUPPORT_H
#define SPEC_CIRCUIT_SUPPORT_H

#include "limit_support.h"

#define MINUTE (60 * S)
#define HOUR   (3600 * S)
#define START  (1000000 * S)
#define LEASE  (5 * S) /* of the requests here, from when they are taken */

static const struct sr_rate rate = {5, S};

static inline struct sr_want want_at(sr_time now) {
  return want_of(rate.slots, now + LEASE);
}

static inline enum sr_verdict ask(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                                  struct sr_ruling *ruling) {
  struct sr_want want = want_at(now);
  return sr_limit_take(limit, &want, now, slot, ruling);
}

static inline struct sr_slot taken(struct sr_limit *limit, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  enum sr_verdict verdict = ask(limit, now, &slot, &ruling);
  CHECK(verdict == SR_LIMIT_GRANTED, "verdict %d, to be asked again in %.3f s", (int)verdict,
        (double)(ruling.at - now) / 1e9);
  return slot;
}

static inline enum sr_change ended(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                                   enum sr_outcome outcome) {
  return sr_limit_give(limit, &rate, now, slot, outcome, S);
}

/* A request and its outcome, at one moment. Moves `now` on to when the next one may go. */
static inline enum sr_change one(struct sr_limit *limit, sr_time *now, enum sr_outcome outcome) {
  struct sr_slot slot;
  *now += 2 * S;
  slot = taken(limit, *now);
  return ended(limit, *now, &slot, outcome);
}

/* Opens the circuit with three 429s at `now`. */
static inline void open_now(struct sr_limit *limit, sr_time now) {
  struct sr_slot slots[3];
  int i;
  for (i = 0; i < 3; i++)
    slots[i] = taken(limit, now);
  for (i = 0; i < 3; i++)
    assert_int_equal(ended(limit, now, &slots[i], SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
}

static inline void expect_blocked(struct sr_limit *limit, sr_time now, enum sr_block block,
                                  sr_time at) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(ruling.block, block);
  CHECK(ruling.at == at, "until %+.6f s from now, not %+.6f s", (double)(ruling.at - now) / 1e9,
        (double)(at - now) / 1e9);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(slot.probe, 0);
}

/* The remaining ban; 0 if the circuit is closed. */
static inline sr_time ban_left(struct sr_limit *limit, sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  sr_limit_view(limit, now, &view);
  return view.block == SR_BLOCK_NONE ? 0 : view.blocked_until - now;
}

/* Three bans. Returns their end; the next ban would last 80 minutes. */
static inline sr_time three_bans(struct sr_limit *limit) {
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

#endif
