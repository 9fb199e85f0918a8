/* The rule of the rate limiter: never more than N requests within one rolling window, as the
** server counts them; and nobody sends while the key is blocked.
** SPDX-License-Identifier: MIT
**
** A limit of N a window W is N slots, each one number: the time at which it is free again. A call
** takes a free slot before it sends and gives it back when its answer has come, free again W later.
** So when a request is sent, each of the N requests before it that the server may count in the same
** window is still holding its slot: whatever the network's delays, the server can't see more than N
** within W. (docs/limits.md has the argument in full.)
**
** All of it is a block of 64-bit atomics, changed by compare-and-swap alone: it may lie in memory
** that processes share, any of them may be killed between any two steps, and there is no lock to
** leave behind. These functions know no files, no calls, no clock: every one is told what time it
** is, and may be called from any thread. */
#ifndef SR_LIMIT_H
#define SR_LIMIT_H

#include "sr_limiter.h"

#include <stdatomic.h>

/* What is shared. Zeroed: every slot free, nothing blocked. */
struct sr_limit {
  _Atomic int64_t slots[SR_LIMIT_SLOTS]; /* stamps: see sr_limit.c */
  _Atomic int64_t held;                  /* no slot is given before this time */
  _Atomic uint64_t circuit;              /* the ban, packed: see sr_limit.c */
  _Atomic int64_t probe; /* the lease of the one request that may go while it lasts */
  _Atomic int64_t moved; /* not 0: another block has taken over, see sr_limit_merge */
};

/*
** Whoever acts may have looked at the clock a while ago (a busy machine, a process that was
** stopped): what is this far ahead is not impossible yet.
*/
#define SR_SLACK (60 * SR_SECOND)

/* The longest that a lease can be ahead: the longest deadline and window are a day each. */
#define SR_LEASE_MAX (172801 * SR_SECOND + SR_SLACK)

/* The first ban lasts this long, each later one twice as long, up to SR_BAN_LEVELS times. */
#define SR_BAN         (600 * SR_SECOND)
#define SR_BAN_LEVELS  8
/* Without a 429 for this long, the next ban is one level shorter. */
#define SR_PEACE       (3600 * SR_SECOND)
/* 429s in a row that open the circuit; refusals of the key. */
#define SR_STRIKES     3
#define SR_KEY_STRIKES 2

/*
** Takes a slot if one is free now: SR_LIMIT_GRANTED with `slot` held, or WAIT or BLOCKED with
** `ruling->at`: the earliest time that is sure for slots that only cool down, a window from now at
** the latest.
*/
enum sr_verdict sr_limit_take(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                              struct sr_slot *slot, struct sr_ruling *ruling);

/* Gives a slot back and says what became of its request. Empties `slot`; an empty one does nothing. */
enum sr_change sr_limit_give(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                             struct sr_slot *slot, enum sr_outcome outcome, sr_time hold);

/*
** The earliest time at which the caller who has `ahead` others before it could get a slot, if every
** leased slot came back now, its request answered. (What turns out to be unsent frees its slot
** earlier: that is not counted on.) So a call whose deadline
** is before it can be refused now. Ignores bans: they are sr_limit_take's to tell.
*/
sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead);

/* How many slots are taken or cooling down. */
int sr_limit_busy(struct sr_limit *limit, const struct sr_rate *rate, sr_time now);

/* Fills in what it knows of `view`; `view->rate` is given. */
void sr_limit_view(struct sr_limit *limit, sr_time now, struct sr_limit_view *view);

/*
** From when on the block says nothing: slots free, hold and ban over, 429s and refusals of the key
** forgotten (SR_PEACE after the last one, and as much for each level). 0: it says nothing now.
*/
sr_time sr_limit_last(struct sr_limit *limit, sr_time now);

/* Ends ban and hold. */
void sr_limit_reset(struct sr_limit *limit);

/*
** The last look, right before a request is sent on a slot that is held: 0 when it must not go
** (another's 429 or ban came meanwhile, or the slot's time is over): give it back as unsent and take
** another one. With pacing by time of sending the slot cools down from here on.
*/
int sr_limit_start(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                   struct sr_slot *slot);

/*
** Takes over what another block knows: its slots, hold and ban, where they last longer. No slot is
** granted from the other one any more, by whatever process: whoever meets that (WAIT, with
** sr_limit_moved) goes to the new one. Several may merge the same block at once.
*/
void sr_limit_merge(struct sr_limit *into, struct sr_limit *from);
int sr_limit_moved(struct sr_limit *limit);
/* For the owner of a block that says so and can't have: it was damaged. */
void sr_limit_stay(struct sr_limit *limit);

#endif
