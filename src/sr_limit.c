/* The rate limiter.
** SPDX-License-Identifier: MIT
**
** A stamp is the time at which the slot is free, in nanoseconds, with the lowest bit telling the
** two kinds apart: 0 it cools down and is free at that time for sure, 1 it is leased and free then
** or as soon as its owner gives it back. */
#include "sr_limit.h"

#include <stdatomic.h>
#include <stdlib.h>

#define LEASED ((int64_t)1)

struct sr_limit {
  _Atomic int64_t slots[SR_LIMIT_SLOTS];
  _Atomic int64_t held; /* no slot is given before this time */
  uint64_t name;
  struct sr_limit *next;
};

/*
** All limiters of the process: a limit that clients did not share would not be one. Only added to,
** so it needs no lock: a lock could be held by another thread at a fork, and then by nobody.
*/
static _Atomic(struct sr_limit *) registry;

struct sr_limit *sr_limit_open(uint64_t name) {
  struct sr_limit *first = atomic_load(&registry), *fresh = NULL, *limit;
  for (;;) {
    for (limit = first; limit != NULL && limit->name != name; limit = limit->next)
      ;
    if (limit != NULL) {
      free(fresh);
      return limit;
    }
    if (fresh == NULL && (fresh = calloc(1, sizeof *fresh)) == NULL)
      return NULL;
    fresh->name = name;
    fresh->next = first;
    if (atomic_compare_exchange_strong(&registry, &first, fresh))
      return fresh;
  }
}

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t h, const char *text) {
  for (; *text != '\0'; text++)
    h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
  return (h ^ 0xff) * UINT64_C(1099511628211); /* so that "a","bc" and "ab","c" differ */
}

uint64_t sr_limit_name(const char *key, const char *base_url) {
  return hash(hash(UINT64_C(14695981039346656037), key), base_url);
}

int sr_limit_take(struct sr_limit *limit, const struct sr_rate *rate, sr_time now, sr_time lease,
                  struct sr_slot *slot, sr_time *retry_at) {
  int i;
  sr_time earliest = now + rate->window, held = atomic_load(&limit->held);
  if (now < held) {
    *retry_at = held;
    return 0;
  }
  for (i = 0; i < rate->slots; i++) {
    int64_t stamp = atomic_load(&limit->slots[i]);
    while ((stamp & ~LEASED) <= now) {
      int64_t mine = lease | LEASED;
      if (atomic_compare_exchange_weak(&limit->slots[i], &stamp, mine)) {
        slot->index = i;
        slot->stamp = mine;
        return 1;
      }
    }
    if ((stamp & ~LEASED) < earliest)
      earliest = stamp & ~LEASED;
  }
  *retry_at = earliest;
  return 0;
}

/* `when` as a cooling stamp: rounded up, never down, to a time without the mark. */
static int64_t cooling(sr_time when) {
  return (when + 1) & ~LEASED;
}

void sr_limit_give(struct sr_limit *limit, struct sr_slot *slot, sr_time free_at) {
  int64_t stamp = slot->stamp;
  if (slot->index < 0)
    return;
  atomic_compare_exchange_strong(&limit->slots[slot->index], &stamp, cooling(free_at));
  slot->index = -1;
}

void sr_limit_hold(struct sr_limit *limit, sr_time until) {
  int64_t held = atomic_load(&limit->held);
  while (held < until && !atomic_compare_exchange_weak(&limit->held, &held, until))
    ;
}

/*
** When a slot could be free at the earliest: a leased one could come back now, and cool down from
** now on.
*/
static sr_time earliest_of(int64_t stamp, const struct sr_rate *rate, sr_time now) {
  sr_time at = stamp & ~LEASED;
  if ((stamp & LEASED) && at > now + rate->window)
    at = now + rate->window;
  return at > now ? at : now;
}

sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead) {
  sr_time at[SR_LIMIT_SLOTS], held = atomic_load(&limit->held);
  int i, first;
  at[0] = SR_NEVER; /* a rate has at least one slot */
  for (i = 0; i < rate->slots; i++) {
    at[i] = earliest_of(atomic_load(&limit->slots[i]), rate, now);
    if (at[i] < held)
      at[i] = held;
    if (ahead == 0 && at[i] == now)
      return now;
  }
  for (;;) { /* the others before it take the first slot each, and give it back at once */
    for (i = first = 0; i < rate->slots; i++)
      if (at[i] < at[first])
        first = i;
    if (ahead-- == 0)
      return at[first];
    at[first] += rate->window;
  }
}

int sr_limit_busy(struct sr_limit *limit, const struct sr_rate *rate, sr_time now) {
  int i, busy = 0;
  for (i = 0; i < rate->slots; i++)
    busy += (atomic_load(&limit->slots[i]) & ~LEASED) > now;
  return busy;
}
