/* The rule of the rate limiter: never more than N requests within one rolling window, as the
** server counts them; and nobody sends while the key is blocked.
** SPDX-License-Identifier: MIT
**
** A limit of N a window W is N slots, each one number: the time at which it is free again. A call
** takes a free slot before it sends and gives it back when its answer has come, free again W later.
** So when a request is sent, each of the N requests before it that the server may count in the same
** window still holds its slot: as long as a request is counted before its answer comes, or SR_LATE_COUNT
** after it was given up, the server can't see more than N within W. (docs/limits.md has the argument.)
**
** A server or network that stands still breaks that assumption: when it goes on, it counts requests that
** were given up long before. So after SR_SILENT requests without an answer one is sent at a time, ever
** further apart, until one is answered; then all wait for a window. docs/limits.md has the bound.
**
** The state is a block of 64-bit atomics, changed by compare-and-swap only. It may lie in memory that
** processes share; any of them may be killed between any two steps, and no lock is left behind. These
** functions know no files, calls or clocks: they are told the time. Any thread may call them. */
#ifndef SR_LIMIT_H
#define SR_LIMIT_H

#include "limit/sr_limiter.h"

#include <stdatomic.h>

/* What is shared. Zeroed: every slot free, nothing blocked. */
struct sr_limit {
  _Atomic int64_t slots[SR_LIMIT_SLOTS]; /* stamps: see sr_limit.c */
  _Atomic int64_t held;                  /* no slot is given before this time */
  _Atomic uint64_t circuit;              /* the ban, packed: see sr_limit.c */
  _Atomic int64_t probe;    /* the lease of the one request that may go when a ban is over */
  _Atomic int64_t moved;    /* not 0: nothing is granted here any more, see sr_limit_merge */
  _Atomic uint64_t silence; /* requests without an answer, packed: see sr_limit.c */
  _Atomic int64_t lone;     /* the lease of the one request that may go while nothing is answered */
};

/*
** How far a time may be ahead of what is possible before it counts as damage: a writer may have read
** the clock a while ago (a busy machine, a stopped process).
*/
#define SR_SLACK (60 * SR_SECOND)

/* The longest that a lease can be ahead: the longest deadline and window are a day each. */
#define SR_LEASE_MAX (172801 * SR_SECOND + SR_SLACK)

/* The first ban lasts this long, each later one twice as long, up to SR_BAN_LEVELS times. */
#define SR_BAN        (600 * SR_SECOND)
#define SR_BAN_LEVELS 8
/* Without a 429 for this long, the next ban is one level shorter. */
#define SR_PEACE      (3600 * SR_SECOND)
/* The longest hold after a 429: the longest window that a client can have. */
#define SR_HELD_MAX   (86400 * SR_SECOND)

/*
** After so many silent outcomes in a row, or as many as there are slots, requests go one at a time. The
** first waits a window, each later one twice as long as the one before, up to SR_SILENCE_LEVELS - 1
** times. A window counts as SR_SILENCE_UNIT at most.
*/
#define SR_SILENT         3
#define SR_SILENCE_LEVELS 7
#define SR_SILENCE_UNIT   (10 * SR_SECOND)

/* 429s in a row that open the circuit; refusals of the key. */
#define SR_STRIKES     3
#define SR_KEY_STRIKES 2

/*
** Takes a slot if one is free now: SR_LIMIT_GRANTED with `slot` held; or WAIT or BLOCKED, and
** `ruling->at` is when a slot that cools down is free, a window from now at the latest. WAIT with
** `slot` held: the block has moved meanwhile, perhaps with the slot; give it back as unsent to the new
** block.
*/
enum sr_verdict sr_limit_take(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                              struct sr_slot *slot, struct sr_ruling *ruling);

/*
** Gives a slot back and reports the outcome of its request. Empties `slot`; does nothing with an empty
** one. If `slot` is still held, the block has moved: repeat the call on the new block. What was
** recorded here is not recorded twice.
*/
enum sr_change sr_limit_give(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                             struct sr_slot *slot, enum sr_outcome outcome, sr_time hold);

/*
** A lower bound of when a caller with `ahead` others before it gets a slot, if the requests of all
** leased slots were answered now. (What turns out to be unsent frees its slot earlier.) A call whose
** deadline is earlier can be refused. Ignores bans: sr_limit_take reports these.
*/
sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead);

/* Fills in what it knows of `view`; `view->rate` is given. */
void sr_limit_view(struct sr_limit *limit, sr_time now, struct sr_limit_view *view);

/*
** From when on the block is as good as new: slots free, hold and ban over, 429s and refused keys
** forgotten (SR_PEACE after the last one, and as much for each level). 0: it is now.
*/
sr_time sr_limit_last(struct sr_limit *limit, sr_time now);

/* Ends ban and hold. */
void sr_limit_reset(struct sr_limit *limit);

/*
** The last check, right before a request is sent on a held slot. 0: it must not be sent, because of
** another request's 429, a ban or the slot's end; give the slot back as unsent and take another. With
** send_time the slot's window begins here.
*/
int sr_limit_start(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                   struct sr_slot *slot);

/*
** Takes over what another block knows: its slots, hold, ban and silence, where they last longer. The
** other one is frozen word by word: each change of it was made before, and is taken over, or fails,
** and is made in the new one. Several may merge the same block at once. Returns 0 when `into` has
** moved itself: merge both into the newest one.
*/
int sr_limit_merge(struct sr_limit *into, struct sr_limit *from);
int sr_limit_moved(struct sr_limit *limit);

/*
** Ends a block that is as good as new (see sr_limit_last), so that its file can be removed. 1: it has
** moved now. 0: it is in use and stays. One caller at a time; one that is killed on the way leaves a
** block that the next taker goes on with. `slots_only`: ends it in spite of bans and the like.
*/
int sr_limit_retire(struct sr_limit *limit, sr_time now, int slots_only);

#endif
