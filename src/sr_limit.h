/* The rate limiter: never more than N requests within one rolling window, as the server counts
** them.
** SPDX-License-Identifier: MIT
**
** A limit of N a window W is N slots, each one number: the time at which it is free again. A call
** takes a free slot before it sends and gives it back when its answer has come, free again W later.
** So when a request is sent, each of the N requests before it that the server may count in the same
** window is still holding its slot: whatever the network's delays, the server can't see more than N
** within W. (docs/architecture.md has the argument in full.)
**
** The limiter reserves and says when; waiting is the caller's. It knows no calls, no libcurl, no
** clock: every function is told what time it is. All functions may be called from any thread. */
#ifndef SR_LIMIT_H
#define SR_LIMIT_H

#include "sr_base.h"

/* The most slots a limit can have. */
#define SR_LIMIT_SLOTS 64

/*
** Slots shared by all clients of this process that use the same key on the same API. Counted
** references.
*/
struct sr_limit;

/* How much of it a client uses: the first `slots` of the shared slots, each for `window`. */
struct sr_rate {
  int slots;      /* 1 .. SR_LIMIT_SLOTS */
  sr_time window; /* > 0 */
};

/*
** A slot that was taken: what to give back. `stamp` is what was written into it, so that a lease
** that ended in the meantime (and may be somebody else's slot by now) is not given back.
*/
struct sr_slot {
  int index; /* -1: none */
  int64_t stamp;
};

/*
** The process's limiter of this name (a hash of key and API; never the key itself), made on first
** use. It stays for the life of the process: its slots may still be cooling down when the next
** client comes. NULL when memory ran out.
*/
struct sr_limit *sr_limit_open(uint64_t name);

/* The name for a key on an API: equal keys and addresses give equal names. */
uint64_t sr_limit_name(const char *key, const char *base_url);

/*
** Takes a slot if one is free now. `lease`: when the slot frees itself if it is never given back
** (the call's deadline and a window). Returns 1 and fills `slot`; or 0 and sets `*retry_at` to a
** time when trying again makes sense: the earliest time that is sure for slots that only cool down,
** a window from now at the latest.
*/
int sr_limit_take(struct sr_limit *limit, const struct sr_rate *rate, sr_time now, sr_time lease,
                  struct sr_slot *slot, sr_time *retry_at);

/*
** Gives a slot back, free at `free_at`: now + window after an answer, now if nothing was sent.
** Empties `slot`.
*/
void sr_limit_give(struct sr_limit *limit, struct sr_slot *slot, sr_time free_at);

/* No slot is free before `until`: what a 429 means for everybody who uses this key. */
void sr_limit_hold(struct sr_limit *limit, sr_time until);

/*
** The earliest time at which the caller who has `ahead` others before it could get a slot, if every
** leased slot came back at once. A bound: it may be later, never earlier. So a call whose deadline
** is before it can be refused now.
*/
sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead);

/* How many slots are taken or cooling down. */
int sr_limit_busy(struct sr_limit *limit, const struct sr_rate *rate, sr_time now);

#endif
