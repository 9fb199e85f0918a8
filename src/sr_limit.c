/* The rule of the rate limiter.
** SPDX-License-Identifier: MIT
**
** A stamp is the time at which the slot is free, in nanoseconds, with the lowest bit telling the
** two kinds apart: 0 it cools down and is free at that time for sure, 1 it is leased and free then
** or as soon as its owner gives it back.
**
** The circuit is one number, so that every step of it is one compare-and-swap: how many 429s and
** refusals of the key came in a row, how often it was opened lately, whether it is open and why,
** and a time in milliseconds: open, when the ban is over; closed, when there was trouble last. */
#include "sr_limit.h"

#include <string.h>

#if ATOMIC_LLONG_LOCK_FREE != 2
#error "64-bit atomics that need a lock can't be shared between processes"
#endif

/* Tests end the process at these points, to show that nothing depends on what would come after. */
#ifndef SR_FAULT
#define SR_FAULT(point) ((void)0)
#endif

#define LEASED ((int64_t)1)

/* ---- slots ---- */

/* `when` as a cooling stamp: rounded up, never down, to a time without the mark. */
static int64_t cooling(sr_time when) {
  return (when + 1) & ~LEASED;
}

/*
** Where a block has moved, its stamps are kept as their complements: negative, so that no slot can
** be taken or given back here any more, but everybody who merges can still read them.
*/
static int64_t unmoved(int64_t stamp) {
  return stamp < 0 ? ~stamp : stamp;
}

/*
** The slot's stamp. One that no lease can have been written with (another clock, a damaged file) is
** replaced by one that cools down for a window.
*/
static int64_t stamp_of(struct sr_limit *limit, int i, sr_time now, sr_time window) {
  int64_t stamp = atomic_load(&limit->slots[i]);
  if (stamp < 0 && atomic_load(&limit->moved) != 0)
    return cooling(now + SR_MILLISECOND); /* look again, elsewhere */
  if (window > SR_LEASE_MAX / 2)
    window = SR_LEASE_MAX / 2;
  while (stamp < 0 || stamp - SR_LEASE_MAX > now) {
    int64_t sane = cooling(now + window);
    if (atomic_compare_exchange_weak(&limit->slots[i], &stamp, sane))
      stamp = sane;
  }
  return stamp;
}

/* Raises a time to another one. */
static void raise_to(_Atomic int64_t *ours, int64_t theirs) {
  int64_t known = atomic_load(ours);
  while (known < theirs && !atomic_compare_exchange_weak(ours, &known, theirs))
    ;
}

/* The time before which nobody may send after a 429. An impossible one is cut short. */
static sr_time held_until(struct sr_limit *limit, sr_time window, sr_time now) {
  int64_t held = atomic_load(&limit->held);
  sr_time longest = (window > SR_HOLD_MAX ? window : SR_HOLD_MAX) + SR_SLACK;
  while (held < 0 || held - longest > now) {
    int64_t sane = now + SR_SECOND;
    if (atomic_compare_exchange_weak(&limit->held, &held, sane))
      held = sane;
  }
  return held;
}

/*
** When a slot could be free at the earliest: a leased one could come back now, and cool down from
** now on.
*/
static sr_time earliest_of(int64_t stamp, sr_time window, sr_time now) {
  sr_time at = stamp & ~LEASED;
  if ((stamp & LEASED) && at > now + window)
    at = now + window;
  return at > now ? at : now;
}

/* ---- the circuit ---- */

struct circuit {
  unsigned strikes;     /* 429s in a row */
  unsigned key_strikes; /* refusals of the key in a row */
  unsigned level;
  enum sr_block open; /* SR_BLOCK_NONE: closed */
  sr_time time;       /* open: until when; closed: of the last trouble, 0: none */
};

static uint64_t pack(const struct circuit *c) {
  sr_time ms = (c->time + SR_MILLISECOND - 1) / SR_MILLISECOND;
  return (uint64_t)c->strikes | (uint64_t)c->key_strikes << 4 | (uint64_t)c->level << 8 |
         (uint64_t)c->open << 12 | (uint64_t)ms << 16;
}

static struct circuit unpack(uint64_t word) {
  sr_time ms = (sr_time)(word >> 16), latest = SR_NEVER / 2 / SR_MILLISECOND;
  struct circuit c;
  c.strikes = word & 15;
  c.key_strikes = word >> 4 & 15;
  c.level = word >> 8 & 15;
  c.open = (enum sr_block)(word >> 12 & 3);
  c.time = (ms < latest ? ms : latest) * SR_MILLISECOND;
  return c;
}

static sr_time ban_of(unsigned level) {
  return SR_BAN << (level < SR_BAN_LEVELS ? level : SR_BAN_LEVELS);
}

/*
** What the word says. One that nobody can have written (another clock, a damaged file) says that
** the shortest ban has just begun, or nothing at all when it is closed: it can't stop a key for
** years.
*/
static struct circuit circuit_of(uint64_t word, sr_time now) {
  struct circuit c = unpack(word), begun = {0, 0, 1, SR_BLOCK_RATE, now + SR_BAN};
  if (c.level > SR_BAN_LEVELS)
    c.level = SR_BAN_LEVELS;
  if (c.open == SR_BLOCK_NONE && c.time - SR_SLACK > now)
    memset(&c, 0, sizeof c);
  if (c.open > SR_BLOCK_KEY ||
      (c.open != SR_BLOCK_NONE && c.time - SR_SLACK - ban_of(SR_BAN_LEVELS) > now))
    c = begun;
  return c;
}

/* The same of the shared word, which is put right if it is impossible. */
static struct circuit read_circuit(struct sr_limit *limit, sr_time now, uint64_t *word) {
  *word = atomic_load(&limit->circuit);
  for (;;) {
    struct circuit c = circuit_of(*word, now);
    uint64_t sane = pack(&c);
    if (sane == *word || atomic_compare_exchange_weak(&limit->circuit, word, sane)) {
      *word = sane;
      return c;
    }
  }
}

/* Each whole hour without trouble takes one level off. */
static unsigned level_now(const struct circuit *c, sr_time now) {
  sr_time hours = (now - c->time) / SR_PEACE;
  return hours >= (sr_time)c->level ? 0 : c->level - (unsigned)hours;
}

static void open_circuit(struct circuit *c, enum sr_block why, sr_time now) {
  unsigned level = c->open == SR_BLOCK_NONE ? level_now(c, now) : c->level;
  c->open = why;
  c->time = now + ban_of(level);
  c->level = level < SR_BAN_LEVELS ? level + 1 : SR_BAN_LEVELS;
  c->strikes = c->key_strikes = 0;
}

/* What an outcome makes of the circuit. Returns whether it is another one then. */
static int learn(struct circuit *c, enum sr_outcome outcome, int probe, sr_time now) {
  int refused = outcome == SR_OUTCOME_REFUSED, bad_key = outcome == SR_OUTCOME_BAD_KEY;
  if (c->open != SR_BLOCK_NONE) {
    if (!probe) /* it was sent before the circuit opened, and tells nothing new */
      return 0;
    if (refused || bad_key) {
      open_circuit(c, refused ? SR_BLOCK_RATE : SR_BLOCK_KEY, now);
      return 1;
    }
    if (outcome != SR_OUTCOME_FINE)
      return 0;
    c->open = SR_BLOCK_NONE;
    c->time = now;
    return 1;
  }
  if (outcome == SR_OUTCOME_FINE) {
    if (c->strikes == 0 && c->key_strikes == 0)
      return 0;
    c->strikes = c->key_strikes = 0;
    return 1;
  }
  if (!refused && !bad_key)
    return 0;
  c->level = level_now(c, now);
  c->time = now;
  if (refused && ++c->strikes >= SR_STRIKES)
    open_circuit(c, SR_BLOCK_RATE, now);
  else if (bad_key && ++c->key_strikes >= SR_KEY_STRIKES)
    open_circuit(c, SR_BLOCK_KEY, now);
  return 1;
}

static enum sr_change learned(struct sr_limit *limit, enum sr_outcome outcome, int probe,
                              sr_time now) {
  uint64_t word = atomic_load(&limit->circuit);
  for (;;) {
    struct circuit before = circuit_of(word, now), after = before;
    if (!learn(&after, outcome, probe, now))
      return SR_CHANGE_NONE;
    SR_FAULT("circuit");
    if (atomic_compare_exchange_weak(&limit->circuit, &word, pack(&after)))
      return after.open == SR_BLOCK_NONE && before.open != SR_BLOCK_NONE ? SR_CHANGE_UNBLOCKED
             : after.open != SR_BLOCK_NONE                               ? SR_CHANGE_BLOCKED
                                                                         : SR_CHANGE_NONE;
  }
}

/* Whether the slot's request is still the probe: its lease may have ended, and another one gone. */
static int is_probe(struct sr_limit *limit, const struct sr_slot *slot) {
  return slot->probe != 0 && atomic_load(&limit->probe) == slot->probe;
}

static void leave_probe(struct sr_limit *limit, struct sr_slot *slot) {
  int64_t mine = slot->probe;
  if (mine != 0)
    atomic_compare_exchange_strong(&limit->probe, &mine, 0);
  slot->probe = 0;
}

/*
** While the circuit is open nobody passes; when its time is over one request does, and finds out.
** Returns 1 when the caller may go on to the slots, with `slot->probe` set if it is that one.
*/
static int pass_circuit(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                        struct sr_slot *slot, struct sr_ruling *ruling) {
  int64_t mine = want->lease | LEASED;
  for (;;) { /* again only when another one has got ahead */
    uint64_t word;
    struct circuit c = read_circuit(limit, now, &word);
    int64_t probe;
    SR_FAULT("looked");
    probe = atomic_load(&limit->probe);
    if (c.open == SR_BLOCK_NONE)
      return 1;
    ruling->block = c.open;
    ruling->at = c.time;
    if (now < c.time)
      return 0;
    if (probe > now && probe - SR_LEASE_MAX <= now) { /* one later than that is none */
      ruling->at = probe < now + want->rate.window ? probe : now + want->rate.window;
      return 0;
    }
    SR_FAULT("probe");
    if (!atomic_compare_exchange_strong(&limit->probe, &probe, mine))
      continue;
    slot->probe = mine;
    SR_FAULT("probing");
    if (atomic_load(&limit->circuit) == word)
      return 1;
    leave_probe(limit, slot); /* the probe before it has told its outcome meanwhile */
  }
}

/* ---- public ---- */

static int slots_for(const struct sr_want *want) {
  return want->low && want->rate.slots > 1 ? want->rate.slots - 1 : want->rate.slots;
}

enum sr_verdict sr_limit_take(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                              struct sr_slot *slot, struct sr_ruling *ruling) {
  sr_time window = want->rate.window, earliest = now + window, held;
  int i, count = slots_for(want);
  memset(slot, 0, sizeof *slot);
  if (!pass_circuit(limit, want, now, slot, ruling))
    return SR_LIMIT_BLOCKED;
  ruling->block = SR_BLOCK_NONE;
  SR_FAULT("passed");
  held = held_until(limit, window, now);
  if (now < held)
    earliest = held;
  for (i = 0; i < count && now >= held; i++) {
    int64_t stamp = stamp_of(limit, i, now, window);
    while ((stamp & ~LEASED) <= now) {
      int64_t mine = want->lease | LEASED;
      SR_FAULT("take");
      if (atomic_compare_exchange_weak(&limit->slots[i], &stamp, mine)) {
        slot->state = SR_SLOT_HELD;
        slot->index = i;
        slot->stamp = mine;
        slot->send_time = want->send_time;
        slot->send_by = want->lease - window - SR_LATE_COUNT;
        return SR_LIMIT_GRANTED;
      }
    }
    if ((stamp & ~LEASED) < earliest)
      earliest = stamp & ~LEASED;
  }
  leave_probe(limit, slot);
  ruling->at = earliest;
  return SR_LIMIT_WAIT;
}

int sr_limit_start(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                   struct sr_slot *slot) {
  uint64_t word;
  struct circuit c = read_circuit(limit, now, &word);
  int64_t stamp = slot->stamp, sent = cooling(now + rate->window);
  if (now >= slot->send_by || now < held_until(limit, rate->window, now) ||
      (c.open != SR_BLOCK_NONE && !is_probe(limit, slot)))
    return 0;
  if (!slot->send_time)
    return 1;
  if (!atomic_compare_exchange_strong(&limit->slots[slot->index], &stamp, sent))
    return 0;
  slot->stamp = sent;
  return 1;
}

enum sr_change sr_limit_give(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                             struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  enum sr_change change;
  int64_t stamp = slot->stamp;
  sr_time free_at = outcome == SR_OUTCOME_UNSENT   ? now
                    : outcome == SR_OUTCOME_SILENT ? now + rate->window + SR_LATE_COUNT
                                                   : now + rate->window;
  if (slot->state != SR_SLOT_HELD)
    return SR_CHANGE_NONE;
  if (outcome == SR_OUTCOME_REFUSED)
    raise_to(&limit->held, now + hold);
  SR_FAULT("held");
  change = learned(limit, outcome, is_probe(limit, slot), now);
  SR_FAULT("learned");
  leave_probe(limit, slot);
  SR_FAULT("give");
  if (!slot->send_time || outcome == SR_OUTCOME_UNSENT)
    atomic_compare_exchange_strong(&limit->slots[slot->index], &stamp, cooling(free_at));
  memset(slot, 0, sizeof *slot);
  return change;
}

sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead) {
  sr_time at[SR_LIMIT_SLOTS], held = held_until(limit, rate->window, now);
  int i, first;
  at[0] = SR_NEVER; /* a rate has at least one slot */
  for (i = 0; i < rate->slots; i++) {
    at[i] = earliest_of(stamp_of(limit, i, now, rate->window), rate->window, now);
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
    busy += (stamp_of(limit, i, now, rate->window) & ~LEASED) > now;
  return busy;
}

void sr_limit_view(struct sr_limit *limit, sr_time now, struct sr_limit_view *view) {
  struct circuit c = circuit_of(atomic_load(&limit->circuit), now);
  int i;
  for (i = 0; i < view->rate.slots; i++) {
    int64_t stamp = stamp_of(limit, i, now, view->rate.window);
    view->free_at[i] = stamp & ~LEASED;
    view->leased[i] = (int)(stamp & LEASED) && view->free_at[i] > now;
  }
  view->held_until = held_until(limit, view->rate.window, now);
  view->block = c.open;
  view->blocked_until = c.open == SR_BLOCK_NONE ? 0 : c.time;
  view->probing = c.open != SR_BLOCK_NONE && atomic_load(&limit->probe) > now;
  view->level = (int)(c.open == SR_BLOCK_NONE ? level_now(&c, now) : c.level);
  view->strikes = (int)c.strikes;
}

/* An open circuit is kept for its level's hours beyond the ban: only then may all pass unprobed. */
static sr_time forgotten_at(const struct circuit *c) {
  unsigned hours = c->level > 0 ? c->level : c->strikes > 0 || c->key_strikes > 0;
  return hours > 0 ? c->time + (sr_time)hours * SR_PEACE : 0;
}

sr_time sr_limit_last(struct sr_limit *limit, sr_time now) {
  struct circuit c = circuit_of(atomic_load(&limit->circuit), now);
  sr_time last = forgotten_at(&c), held = held_until(limit, SR_SECOND, now);
  int i;
  if (held > last)
    last = held;
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    int64_t stamp = stamp_of(limit, i, now, SR_SECOND) & ~LEASED;
    if (stamp > last)
      last = stamp;
  }
  return last > now ? last : 0;
}

void sr_limit_reset(struct sr_limit *limit) {
  atomic_store(&limit->circuit, 0);
  atomic_store(&limit->probe, 0);
  atomic_store(&limit->held, 0);
}

/* Whether the circuit `a` keeps people longer than `b`; of two closed ones, one that knows more. */
static int outlasts(uint64_t a, uint64_t b) {
  struct circuit x = unpack(a), y = unpack(b);
  if (x.open == SR_BLOCK_NONE || y.open == SR_BLOCK_NONE)
    return y.open == SR_BLOCK_NONE && (x.open != SR_BLOCK_NONE || b == 0);
  return x.time > y.time;
}

void sr_limit_merge(struct sr_limit *into, struct sr_limit *from) {
  uint64_t theirs = atomic_load(&from->circuit), ours = atomic_load(&into->circuit);
  int i;
  atomic_store(&from->moved, 1);
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    int64_t stamp = atomic_load(&from->slots[i]);
    while (stamp >= 0 && !atomic_compare_exchange_weak(&from->slots[i], &stamp, ~stamp))
      ;
    raise_to(&into->slots[i], unmoved(stamp));
  }
  raise_to(&into->held, atomic_load(&from->held));
  raise_to(&into->probe, atomic_load(&from->probe));
  while (theirs != ours && outlasts(theirs, ours) &&
         !atomic_compare_exchange_weak(&into->circuit, &ours, theirs))
    ;
}

int sr_limit_moved(struct sr_limit *limit) {
  return atomic_load(&limit->moved) != 0;
}

void sr_limit_stay(struct sr_limit *limit) {
  atomic_store(&limit->moved, 0);
}
