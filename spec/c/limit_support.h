/* Test support: a block of slots, and requests that use it.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_LIMIT_SUPPORT_H
#define SPEC_LIMIT_SUPPORT_H

#include "support.h"

#include "limit/sr_limit.h"

#define MS SR_MILLISECOND
#define S  SR_SECOND

/* Like a new file. */
static inline struct sr_limit *fresh_limit(void) {
  static struct sr_limit limits[16];
  static int next;
  struct sr_limit *limit = &limits[next++ % 16];
  memset(limit, 0, sizeof *limit);
  return limit;
}

static inline struct sr_want want_of(int slots, sr_time lease) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate.slots = slots;
  want.rate.window = S;
  want.lease = lease;
  return want;
}

/* 1: a slot was granted; 0: `*retry_at` is when to try again. */
static inline int take(struct sr_limit *limit, int slots, sr_time now, sr_time lease,
                       struct sr_slot *slot, sr_time *retry_at) {
  struct sr_want want = want_of(slots, lease);
  struct sr_ruling ruling;
  int granted = sr_limit_take(limit, &want, now, slot, &ruling) == SR_LIMIT_GRANTED;
  *retry_at = granted ? -1 : ruling.at;
  return granted;
}

/* Gives back a slot as unsent, which frees it at that time. */
static inline void give(struct sr_limit *limit, struct sr_slot *slot, sr_time free_at) {
  static const struct sr_rate rate = {5, S};
  sr_limit_give(limit, &rate, free_at, slot, SR_OUTCOME_UNSENT, 0);
}

/* The number of slots taken or cooling down. */
static inline int busy(struct sr_limit *limit, const struct sr_rate *of, sr_time now) {
  struct sr_limit_view view;
  int i, count = 0;
  memset(&view, 0, sizeof view);
  view.rate = *of;
  sr_limit_view(limit, now, &view);
  for (i = 0; i < of->slots; i++)
    count += view.free_at[i] > now;
  return count;
}

#endif
