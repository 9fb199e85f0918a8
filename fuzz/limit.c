/* Fuzz target: a limit's block with anything in it, as a damaged file has, grants no more than its
** slots, and grants one again once every time that is possible has passed.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "limit/sr_limit.h"

/* Longer than any lease, ban, hold or silence. */
#define EVERYTHING (SR_LEASE_MAX + (SR_BAN << SR_BAN_LEVELS) + SR_HELD_MAX + 2 * SR_SLACK)

enum { STEPS = 24 };

static int64_t make_word(struct fuzz_bytes *bytes, sr_time now) {
  unsigned how = fuzz_byte(bytes);
  uint64_t word = 0;
  int i;
  if (how < 80)
    return 0;
  if (how < 160) /* a time that a writer may have meant */
    return now + ((int64_t)fuzz_byte(bytes) - 100) * ((int64_t)1 << how % 40);
  for (i = 0; i < 8; i++)
    word = word << 8 | fuzz_byte(bytes);
  return (int64_t)word;
}

static void make_block(struct sr_limit *limit, struct fuzz_bytes *bytes, sr_time now) {
  int i;
  for (i = 0; i < SR_LIMIT_SLOTS; i++)
    atomic_store(&limit->slots[i], i < 4 ? make_word(bytes, now) : 0);
  atomic_store(&limit->held, make_word(bytes, now));
  atomic_store(&limit->circuit, (uint64_t)make_word(bytes, now));
  atomic_store(&limit->probe, make_word(bytes, now));
  atomic_store(&limit->silence, (uint64_t)make_word(bytes, now));
  atomic_store(&limit->lone, make_word(bytes, now));
  atomic_store(&limit->moved, 0);
}

static const char *check_view(struct sr_limit *limit, const struct sr_rate *rate, sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = *rate;
  sr_limit_view(limit, now, &view);
  if (view.level < 0 || view.level > SR_BAN_LEVELS || view.strikes < 0)
    return "a view has a level that is out of range";
  if (sr_limit_earliest(limit, rate, now, 3) < now)
    return "the earliest time is in the past";
  if (sr_limit_last(limit, now) < 0)
    return "the last time is before all time";
  return NULL;
}

/* How many of the slots may still be used to send. */
static int usable(const struct sr_slot *slots, int count, sr_time now) {
  int i, usable = 0;
  for (i = 0; i < count; i++)
    usable += now < slots[i].send_by;
  return usable;
}

static const char *take(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                        struct sr_slot *slots, int *held) {
  struct sr_ruling ruling;
  struct sr_slot *slot = &slots[*held];
  memset(&ruling, 0, sizeof ruling);
  memset(slot, 0, sizeof *slot);
  if (sr_limit_take(limit, want, now, slot, &ruling) != SR_LIMIT_GRANTED) {
    if (slot->state != SR_SLOT_NONE)
      return "a slot is held without a grant";
    return ruling.at < now ? "a caller is told to come back in the past" : NULL;
  }
  (*held)++;
  if (slot->index < 0 || slot->index >= want->rate.slots)
    return "a slot beyond the rate is granted";
  if (usable(slots, *held, now) > want->rate.slots)
    return "more slots are held than there are";
  return NULL;
}

static const char *play(struct sr_limit *limit, const struct sr_rate *rate,
                        struct fuzz_bytes *bytes, sr_time *now) {
  struct sr_slot slots[STEPS];
  struct sr_want want = {*rate, 0, 0, 0};
  const char *problem = NULL;
  int held = 0, step;
  for (step = 0; step < STEPS && problem == NULL; step++) {
    unsigned what = fuzz_byte(bytes);
    *now += (sr_time)(fuzz_byte(bytes) % 32) * rate->window / 8;
    if (what % 4 < 2) {
      want.low = what >> 3 & 1;
      want.send_time = what >> 4 & 1;
      want.lease = *now + 60 * SR_SECOND;
      problem = take(limit, &want, *now, slots, &held);
    } else if (held > 0) {
      struct sr_slot *slot = &slots[--held];
      int sent = what % 4 == 3 && sr_limit_start(limit, rate, *now, slot);
      enum sr_outcome outcome = sent ? (enum sr_outcome)(what / 4 % 6) : SR_OUTCOME_UNSENT;
      sr_limit_give(limit, rate, *now, slot, outcome, rate->window);
      if (slot->state != SR_SLOT_NONE)
        problem = "a slot that was given back is still held";
    }
    if (problem == NULL)
      problem = check_view(limit, rate, *now);
  }
  while (held > 0)
    sr_limit_give(limit, rate, *now, &slots[--held], SR_OUTCOME_UNSENT, 0);
  return problem;
}

/*
** Whether a slot is granted at last. A word that can't be is put right when it is looked at, and some
** are looked at only after another one has passed.
*/
static int grants_again(struct sr_limit *limit, const struct sr_rate *rate, sr_time now) {
  struct sr_want want = {*rate, 0, 0, 0};
  int look;
  for (look = 0; look < 4; look++) {
    struct sr_ruling ruling;
    struct sr_slot slot;
    memset(&ruling, 0, sizeof ruling);
    memset(&slot, 0, sizeof slot);
    now += EVERYTHING;
    want.lease = now + SR_SECOND;
    if (sr_limit_take(limit, &want, now, &slot, &ruling) == SR_LIMIT_GRANTED)
      return 1;
  }
  return 0;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  struct sr_limit limit;
  sr_time now = SR_SECOND * ((sr_time)1 << fuzz_byte(&bytes) % 30);
  struct sr_rate rate = {1 + (int)fuzz_byte(&bytes) % 4, SR_SECOND};
  const char *problem;
  make_block(&limit, &bytes, now);
  problem = play(&limit, &rate, &bytes, &now);
  if (problem == NULL && !grants_again(&limit, &rate, now))
    problem = "a block grants nothing for ever";
  return problem;
}
