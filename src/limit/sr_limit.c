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
#include "limit/sr_limit.h"

#include "limit/sr_turn.h"

#include <string.h>

#if ATOMIC_LLONG_LOCK_FREE != 2
#error "64-bit atomics that need a lock can't be shared between processes"
#endif

/* Tests kill the process at these points, or run another one's steps there. */
#ifndef SR_FAULT
#define SR_FAULT(point) ((void)0)
#endif

#define LEASED ((int64_t)1)

/* sr_limit.moved. Any other value is damage, and means MOVED. */
enum {
  LIVE,
  MOVED,   /* for good: another block has taken over, or the file is being removed */
  CLOSING, /* sr_limit_retire is at work: a user of the block makes it LIVE again */
  MERGED   /* MOVED, and another block has taken over all of it */
};

/*
** Returns whether the block is in use, and stops an attempt to retire it. Call it after each change:
** a later sr_limit_retire or sr_limit_merge sees the change if the block was live.
*/
static int keep_live(struct sr_limit *limit) {
  int64_t state = CLOSING;
  return atomic_load(&limit->moved) == LIVE ||
         atomic_compare_exchange_strong(&limit->moved, &state, LIVE) || state == LIVE;
}

int sr_limit_moved(struct sr_limit *limit) {
  int64_t state = atomic_load(&limit->moved);
  return state != LIVE && state != CLOSING;
}

/* ---- words of a block that has moved ---- */

/*
** Words of a moved block are frozen: a time as its complement, which is negative, a packed word by the
** bit FROZEN. A compare-and-swap that expects the old value fails, and every merge can still read it.
** In a block that has not moved these values are damage.
*/
#define FROZEN ((uint64_t)1 << 15)

static int64_t unfrozen(int64_t time) {
  return time < 0 ? ~time : time;
}

static int64_t freeze_time(_Atomic int64_t *word) {
  int64_t time = atomic_load(word);
  while (time >= 0 && !atomic_compare_exchange_weak(word, &time, ~time))
    ;
  return unfrozen(time);
}

static uint64_t freeze_word(_Atomic uint64_t *word) {
  return atomic_fetch_or(word, FROZEN) & ~FROZEN;
}

static int is_frozen(struct sr_limit *limit, int64_t time) {
  return time < 0 && sr_limit_moved(limit);
}

/* Raises a time to `time` if it is lower. 0: the block has moved. */
static int raise_to(struct sr_limit *limit, _Atomic int64_t *word, int64_t time) {
  int64_t known = atomic_load(word);
  while (known < time && !is_frozen(limit, known)) {
    SR_FAULT("raise");
    if (atomic_compare_exchange_weak(word, &known, time))
      return 1;
  }
  return !is_frozen(limit, known);
}

static void clear_time(struct sr_limit *limit, _Atomic int64_t *word) {
  int64_t known = atomic_load(word);
  while (known != 0 && !is_frozen(limit, known) && !atomic_compare_exchange_weak(word, &known, 0))
    ;
}

static void clear_word(_Atomic uint64_t *word) {
  uint64_t known = atomic_load(word);
  while (known != 0 && !(known & FROZEN) && !atomic_compare_exchange_weak(word, &known, 0))
    ;
}

/* ---- slots ---- */

/* `when` as a cooling stamp: rounded up to a time without the mark. */
static int64_t cooling(sr_time when) {
  return (when + 1) & ~LEASED;
}

/*
** Reads the slot's stamp. Replaces an impossible one (another clock, a damaged file) by one that cools
** down for a window.
*/
static int64_t read_stamp(struct sr_limit *limit, int i, sr_time now, sr_time window) {
  int64_t stamp = atomic_load(&limit->slots[i]);
  if (window > SR_LEASE_MAX / 2)
    window = SR_LEASE_MAX / 2;
  while (stamp < 0 || stamp - SR_LEASE_MAX > now) {
    int64_t sane = cooling(now + window);
    if (is_frozen(limit, stamp))
      return cooling(now + SR_MILLISECOND); /* look again, elsewhere */
    SR_FAULT("repair");
    if (atomic_compare_exchange_weak(&limit->slots[i], &stamp, sane))
      stamp = sane;
  }
  return stamp;
}

/* Reads until when a 429 holds everybody. Cuts an impossible time short. */
static sr_time read_hold(struct sr_limit *limit, sr_time now) {
  int64_t held = atomic_load(&limit->held);
  while (held < 0 || held - SR_HELD_MAX - SR_SLACK > now) {
    int64_t sane = now + SR_SECOND;
    if (is_frozen(limit, held))
      return now + SR_MILLISECOND;
    SR_FAULT("repair hold");
    if (atomic_compare_exchange_weak(&limit->held, &held, sane))
      held = sane;
  }
  return held;
}

/* When a slot is free at the earliest: a leased one may come back now, and cools down from then on. */
static sr_time earliest_of(int64_t stamp, sr_time window, sr_time now) {
  sr_time at = stamp & ~LEASED;
  if ((stamp & LEASED) && at > now + window)
    at = now + window;
  return at > now ? at : now;
}

/* ---- a request that goes alone ---- */

enum { MINE = 0, AGAIN = -1 };

/*
** Writes the lease `mine` into a word that lets one request go alone. MINE: done. AGAIN: another one
** was faster. Else: when to try again.
*/
static sr_time claim(struct sr_limit *limit, _Atomic int64_t *word, int64_t lease, int64_t mine,
                     sr_time window, sr_time now) {
  if (is_frozen(limit, lease))
    return now + SR_MILLISECOND;
  if (lease > now && lease - SR_LEASE_MAX <= now) /* one later than that is none */
    return lease < now + window ? lease : now + window;
  SR_FAULT("probe");
  return atomic_compare_exchange_strong(word, &lease, mine) ? MINE : AGAIN;
}

/* Clears the word if it holds the lease `*mine`, and sets `*mine` to 0 then. */
static void give_up_lease(_Atomic int64_t *word, int64_t *mine) {
  int64_t lease = *mine;
  if (lease != 0 && atomic_compare_exchange_strong(word, &lease, 0))
    *mine = 0;
}

/* Whether the word still holds the lease: it may have ended, and another one begun. */
static int holds_lease(_Atomic int64_t *word, int64_t mine) {
  return mine != 0 && unfrozen(atomic_load(word)) == mine;
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
** Unpacks the word. An impossible one (another clock, a damaged file) can't stop a key for years: it
** counts as the shortest ban, begun now, or as empty if the circuit is closed.
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

/* Reads the shared word in the same way, and repairs it if it is impossible. 0: there was no trouble. */
static struct circuit read_circuit(struct sr_limit *limit, sr_time now, uint64_t *word) {
  struct circuit c = {0, 0, 0, SR_BLOCK_NONE, 0};
  *word = atomic_load(&limit->circuit);
  if (*word == 0)
    return c;
  for (;;) {
    c = circuit_of(*word, now);
    uint64_t sane = pack(&c);
    if (sane == *word || ((*word & FROZEN) && sr_limit_moved(limit)))
      return c;
    SR_FAULT("repair circuit");
    if (atomic_compare_exchange_weak(&limit->circuit, word, sane)) {
      *word = sane;
      return c;
    }
  }
}

/* The level, less one for each whole hour without trouble. */
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

/* Applies an outcome to the circuit. Returns whether that changed it. */
static int apply_outcome(struct circuit *c, enum sr_outcome outcome, int probe, sr_time now) {
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

/* Records an outcome in the circuit. 0: the block has moved. */
static int record_circuit(struct sr_limit *limit, const struct sr_slot *slot,
                          enum sr_outcome outcome, sr_time now, enum sr_change *change) {
  uint64_t word = atomic_load(&limit->circuit);
  if (word == 0 && outcome != SR_OUTCOME_REFUSED && outcome != SR_OUTCOME_BAD_KEY)
    return 1; /* no trouble, before or now */
  for (;;) {
    struct circuit before = circuit_of(word, now), after = before;
    if ((word & FROZEN) && sr_limit_moved(limit))
      return 0;
    if (!apply_outcome(&after, outcome, holds_lease(&limit->probe, slot->probe), now))
      return 1;
    SR_FAULT("circuit");
    if (!atomic_compare_exchange_weak(&limit->circuit, &word, pack(&after)))
      continue;
    if (after.open != SR_BLOCK_NONE)
      *change = SR_CHANGE_BLOCKED;
    else if (before.open != SR_BLOCK_NONE)
      *change = SR_CHANGE_UNBLOCKED;
    return 1;
  }
}

/*
** While the circuit is open nobody passes; after the ban one request does, the probe. 1: the caller may
** take a slot, and is the probe if `slot->probe` is set.
*/
static int pass_circuit(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                        struct sr_slot *slot, struct sr_ruling *ruling) {
  int64_t mine = want->lease | LEASED;
  for (;;) { /* again only if another one was faster */
    uint64_t word;
    struct circuit c = read_circuit(limit, now, &word);
    int64_t probe;
    sr_time at;
    SR_FAULT("looked");
    probe = atomic_load(&limit->probe);
    if (c.open == SR_BLOCK_NONE)
      return 1;
    ruling->block = c.open;
    ruling->at = c.time;
    if (now < c.time)
      return 0;
    at = claim(limit, &limit->probe, probe, mine, want->rate.window, now);
    if (at == AGAIN)
      continue;
    ruling->at = at;
    if (at != MINE)
      return 0;
    slot->probe = mine;
    SR_FAULT("probing");
    if (atomic_load(&limit->circuit) == word)
      return 1;
    give_up_lease(&limit->probe, &slot->probe); /* the last probe's outcome has come meanwhile */
    slot->probe = 0;
  }
}

/* ---- silence ---- */

/*
** Packed into one number too: how many requests in a row got no answer; the level, 0 if all may be sent;
** and in milliseconds when the next one may be sent, or at level 0 when the last silent one ended.
*/
struct silence {
  unsigned count, level;
  sr_time time;
};

static uint64_t pack_silence(const struct silence *q) {
  sr_time ms = (q->time + SR_MILLISECOND - 1) / SR_MILLISECOND;
  return (uint64_t)q->count | (uint64_t)q->level << 8 | (uint64_t)ms << 16;
}

static sr_time unit_of(sr_time window) {
  return window < SR_SILENCE_UNIT ? window : SR_SILENCE_UNIT;
}

/* Unpacks the word. An impossible one, and one of more than an hour ago, counts as empty. */
static struct silence silence_of(uint64_t word, sr_time now) {
  sr_time longest = (SR_SILENCE_UNIT << (SR_SILENCE_LEVELS - 1)) + SR_SLACK;
  struct silence q = {(unsigned)(word & 255), (unsigned)(word >> 8 & 15), 0}, none = {0, 0, 0};
  sr_time ms = (sr_time)(word >> 16);
  if (q.level > SR_SILENCE_LEVELS || ms > (now + longest) / SR_MILLISECOND ||
      ms < (now - SR_PEACE) / SR_MILLISECOND)
    return none;
  q.time = ms * SR_MILLISECOND;
  return q;
}

/* How many requests in a row may get no answer before one is sent at a time. */
static unsigned patience(const struct sr_rate *rate) {
  return rate->slots < SR_SILENT ? (unsigned)rate->slots : SR_SILENT;
}

/* Applies one more silent outcome. Only that of a request sent alone makes the next one wait longer. */
static void apply_silence(struct silence *q, const struct sr_rate *rate, int lone, sr_time now) {
  sr_time next = now;
  if (q->level > 0 ? lone : ++q->count >= patience(rate))
    q->level += q->level < SR_SILENCE_LEVELS;
  else if (q->level > 0)
    return;
  if (q->level > 0)
    next += unit_of(rate->window) << (q->level - 1);
  if (next > q->time)
    q->time = next;
}

/*
** Records an outcome in the silence. The first answer ends it; all wait for a window then, because the
** server may be counting the requests before it now. 0: the block has moved.
*/
static int record_silence(struct sr_limit *limit, const struct sr_rate *rate,
                          const struct sr_slot *slot, enum sr_outcome outcome, sr_time now) {
  uint64_t word = atomic_load(&limit->silence);
  if (outcome == SR_OUTCOME_UNSENT || (word == 0 && outcome != SR_OUTCOME_SILENT))
    return 1; /* nothing begins or ends */
  for (;;) {
    struct silence q = silence_of(word, now), none = {0, 0, 0};
    uint64_t after;
    if ((word & FROZEN) && sr_limit_moved(limit))
      return 0;
    if (outcome == SR_OUTCOME_SILENT)
      apply_silence(&q, rate, holds_lease(&limit->lone, slot->lone), now);
    else if (q.level > 0 && !raise_to(limit, &limit->held, now + unit_of(rate->window)))
      return 0;
    after = pack_silence(outcome == SR_OUTCOME_SILENT ? &q : &none);
    if (after == word)
      return 1;
    SR_FAULT("silence");
    if (atomic_compare_exchange_weak(&limit->silence, &word, after))
      return 1;
  }
}

/*
** While nothing is answered, one request at a time passes when its time has come. 1: the caller may take
** a slot, and goes alone if `slot->lone` is set.
*/
static int pass_silence(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                        struct sr_slot *slot, struct sr_ruling *ruling) {
  int64_t mine = want->lease | LEASED;
  for (;;) {
    uint64_t word = atomic_load(&limit->silence);
    struct silence q = silence_of(word, now);
    int64_t lone;
    sr_time at;
    if (q.level == 0)
      return 1;
    SR_FAULT("silent");
    lone = atomic_load(&limit->lone);
    ruling->silent = 1;
    ruling->at = q.time;
    if (now < q.time)
      return 0;
    at = claim(limit, &limit->lone, lone, mine, want->rate.window, now);
    if (at == AGAIN)
      continue;
    ruling->at = at;
    if (at != MINE)
      return 0;
    slot->lone = mine;
    SR_FAULT("alone");
    if (atomic_load(&limit->silence) == word)
      return 1;
    give_up_lease(&limit->lone, &slot->lone);
    slot->lone = 0;
  }
}

/* ---- public ---- */

static int slots_for(const struct sr_want *want) {
  return want->low && want->rate.slots > 1 ? want->rate.slots - 1 : want->rate.slots;
}

/* No slot is free: gives up the leases that were claimed on the way. */
static enum sr_verdict without_slot(struct sr_limit *limit, struct sr_slot *slot,
                                    enum sr_verdict verdict) {
  give_up_lease(&limit->probe, &slot->probe);
  give_up_lease(&limit->lone, &slot->lone);
  slot->probe = slot->lone = 0;
  return verdict;
}

static enum sr_verdict granted(struct sr_limit *limit, const struct sr_want *want, int index,
                               struct sr_slot *slot, struct sr_ruling *ruling, sr_time now) {
  slot->state = SR_SLOT_HELD;
  slot->index = index;
  slot->stamp = want->lease | LEASED;
  slot->send_time = want->send_time;
  slot->send_by = want->lease - want->rate.window - SR_LATE_COUNT;
  SR_FAULT("taken");
  if (keep_live(limit))
    return SR_LIMIT_GRANTED;
  ruling->at = now + SR_MILLISECOND;
  return SR_LIMIT_WAIT;
}

enum sr_verdict sr_limit_take(struct sr_limit *limit, const struct sr_want *want, sr_time now,
                              struct sr_slot *slot, struct sr_ruling *ruling) {
  sr_time window = want->rate.window, earliest = now + window, held;
  int i, count = slots_for(want);
  memset(slot, 0, sizeof *slot);
  ruling->silent = 0;
  if (!pass_circuit(limit, want, now, slot, ruling))
    return SR_LIMIT_BLOCKED;
  ruling->block = SR_BLOCK_NONE;
  if (!pass_silence(limit, want, now, slot, ruling))
    return without_slot(limit, slot, SR_LIMIT_WAIT);
  SR_FAULT("passed");
  held = read_hold(limit, now);
  if (now < held)
    earliest = held;
  for (i = 0; i < count && now >= held; i++) {
    int64_t stamp = read_stamp(limit, i, now, window);
    while (stamp >= 0 && (stamp & ~LEASED) <= now) { /* negative: the block has moved */
      SR_FAULT("take");
      if (atomic_compare_exchange_weak(&limit->slots[i], &stamp, want->lease | LEASED))
        return granted(limit, want, i, slot, ruling, now);
    }
    if (stamp < 0)
      earliest = now + SR_MILLISECOND;
    else if ((stamp & ~LEASED) < earliest)
      earliest = stamp & ~LEASED;
  }
  ruling->at = earliest;
  return without_slot(limit, slot, SR_LIMIT_WAIT);
}

int sr_limit_start(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                   struct sr_slot *slot) {
  uint64_t word;
  struct circuit c = read_circuit(limit, now, &word);
  int64_t stamp = slot->stamp, sent = cooling(now + rate->window);
  if (now >= slot->send_by || now < read_hold(limit, now) ||
      (c.open != SR_BLOCK_NONE && !holds_lease(&limit->probe, slot->probe)) ||
      (silence_of(atomic_load(&limit->silence), now).level > 0 &&
       !holds_lease(&limit->lone, slot->lone)))
    return 0;
  SR_FAULT("start");
  if (!slot->send_time)
    return atomic_load(&limit->slots[slot->index]) == stamp;
  if (!atomic_compare_exchange_strong(&limit->slots[slot->index], &stamp, sent))
    return 0;
  slot->stamp = sent;
  return 1;
}

/* sr_slot.recorded */
enum { IN_CIRCUIT = 1, IN_SILENCE = 2 };

/* Records the outcome; leaves out what an earlier block has recorded. 0: this block has moved too. */
static int record(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                  struct sr_slot *slot, enum sr_outcome outcome, sr_time hold,
                  enum sr_change *change) {
  if (outcome == SR_OUTCOME_REFUSED && !raise_to(limit, &limit->held, now + hold))
    return 0;
  SR_FAULT("held");
  if (!(slot->recorded & IN_SILENCE) && !record_silence(limit, rate, slot, outcome, now))
    return 0;
  slot->recorded |= IN_SILENCE;
  SR_FAULT("heard");
  if (!(slot->recorded & IN_CIRCUIT) && !record_circuit(limit, slot, outcome, now, change))
    return 0;
  slot->recorded |= IN_CIRCUIT;
  SR_FAULT("learned");
  return 1;
}

enum sr_change sr_limit_give(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                             struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  enum sr_change change = SR_CHANGE_NONE;
  int64_t stamp = slot->stamp;
  sr_time free_at = outcome == SR_OUTCOME_UNSENT   ? now
                    : outcome == SR_OUTCOME_SILENT ? now + rate->window + SR_LATE_COUNT
                                                   : now + rate->window;
  if (slot->state != SR_SLOT_HELD)
    return SR_CHANGE_NONE;
  if (!record(limit, rate, now, slot, outcome, hold, &change))
    return change;
  give_up_lease(&limit->lone, &slot->lone);
  give_up_lease(&limit->probe, &slot->probe);
  SR_FAULT("give");
  /* With send_time it cools down already, unless sr_limit_start was never called. */
  if ((!slot->send_time || outcome == SR_OUTCOME_UNSENT || (stamp & LEASED)) &&
      atomic_compare_exchange_strong(&limit->slots[slot->index], &stamp, cooling(free_at)))
    slot->stamp =
        cooling(free_at); /* so that an equal lease in the next block is not taken for it */
  SR_FAULT("given");
  if (keep_live(limit))
    memset(slot, 0, sizeof *slot);
  return change;
}

sr_time sr_limit_earliest(struct sr_limit *limit, const struct sr_rate *rate, sr_time now,
                          unsigned ahead) {
  sr_time at[SR_LIMIT_SLOTS], held = read_hold(limit, now);
  struct silence q = silence_of(atomic_load(&limit->silence), now);
  int i;
  if (q.level > 0 && q.time > held)
    held = q.time;
  at[0] = SR_NEVER; /* a rate has at least one slot */
  for (i = 0; i < rate->slots; i++) {
    at[i] = earliest_of(read_stamp(limit, i, now, rate->window), rate->window, now);
    if (at[i] < held)
      at[i] = held;
    if (ahead == 0 && at[i] == now)
      return now;
  }
  return sr_turn(at, rate->slots, rate->window, ahead);
}

void sr_limit_view(struct sr_limit *limit, sr_time now, struct sr_limit_view *view) {
  struct circuit c = circuit_of(atomic_load(&limit->circuit), now);
  struct silence q = silence_of(atomic_load(&limit->silence), now);
  int i;
  for (i = 0; i < view->rate.slots; i++) {
    int64_t stamp = read_stamp(limit, i, now, view->rate.window);
    view->free_at[i] = stamp & ~LEASED;
    view->leased[i] = (int)(stamp & LEASED) && view->free_at[i] > now;
  }
  view->held_until = read_hold(limit, now);
  view->block = c.open;
  view->blocked_until = c.open == SR_BLOCK_NONE ? 0 : c.time;
  view->probing = c.open != SR_BLOCK_NONE && atomic_load(&limit->probe) > now;
  view->level = (int)(c.open == SR_BLOCK_NONE ? level_now(&c, now) : c.level);
  view->strikes = (int)c.strikes;
  view->silent = q.level > 0;
  view->silent_until = q.time;
}

/* When the circuit is as good as new: its level's hours after the ban, or after the last trouble. */
static sr_time forgotten_at(const struct circuit *c) {
  unsigned hours = c->level > 0 ? c->level : c->strikes > 0 || c->key_strikes > 0;
  return hours > 0 ? c->time + (sr_time)hours * SR_PEACE : 0;
}

/* The end of the last of all stamps and of the hold. */
static sr_time last_stamp(struct sr_limit *limit, sr_time now) {
  sr_time last = read_hold(limit, now);
  int i;
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    int64_t stamp = read_stamp(limit, i, now, SR_SECOND) & ~LEASED;
    if (stamp > last)
      last = stamp;
  }
  return last > now ? last : 0;
}

sr_time sr_limit_last(struct sr_limit *limit, sr_time now) {
  struct circuit c = circuit_of(atomic_load(&limit->circuit), now);
  struct silence q = silence_of(atomic_load(&limit->silence), now);
  sr_time last = last_stamp(limit, now), memory = forgotten_at(&c);
  if (q.level > 0 && q.time + SR_PEACE > memory)
    memory = q.time + SR_PEACE;
  if (memory > last)
    last = memory;
  return last > now ? last : 0;
}

void sr_limit_reset(struct sr_limit *limit) {
  clear_word(&limit->circuit);
  clear_time(limit, &limit->probe);
  SR_FAULT("reset");
  clear_word(&limit->silence);
  clear_time(limit, &limit->lone);
  clear_time(limit, &limit->held);
}

/* ---- one block after another ---- */

/* Whether the circuit `a` stays open longer than `b`; of two closed ones, whether only `a` is not empty. */
static int outlasts(uint64_t a, uint64_t b) {
  struct circuit x = unpack(a), y = unpack(b);
  if (x.open == SR_BLOCK_NONE || y.open == SR_BLOCK_NONE)
    return y.open == SR_BLOCK_NONE && (x.open != SR_BLOCK_NONE || b == 0);
  return x.time > y.time;
}

/* Whether silence `a` has the higher level, or the same and the later time. */
static int is_deeper(uint64_t a, uint64_t b) {
  unsigned level_a = (unsigned)(a >> 8 & 15), level_b = (unsigned)(b >> 8 & 15);
  return level_a != level_b ? level_a > level_b : a >> 16 > b >> 16;
}

static int take_over(struct sr_limit *into, _Atomic uint64_t *word, uint64_t theirs,
                     int (*more)(uint64_t, uint64_t)) {
  uint64_t ours = atomic_load(word);
  for (;;) {
    if ((ours & FROZEN) && sr_limit_moved(into))
      return 0;
    if (theirs == ours || !more(theirs, ours & ~FROZEN))
      return 1;
    SR_FAULT("take over");
    if (atomic_compare_exchange_weak(word, &ours, theirs))
      return 1;
  }
}

/* Merges all but the slots. Done once: a later merge would bring back what has ended meanwhile. */
static int merge_rest(struct sr_limit *into, struct sr_limit *from) {
  int taken = raise_to(into, &into->held, freeze_time(&from->held));
  SR_FAULT("merge hold");
  taken &= raise_to(into, &into->probe, freeze_time(&from->probe));
  taken &= raise_to(into, &into->lone, freeze_time(&from->lone));
  SR_FAULT("merge leases");
  taken &= take_over(into, &into->circuit, freeze_word(&from->circuit), outlasts);
  SR_FAULT("merge circuit");
  taken &= take_over(into, &into->silence, freeze_word(&from->silence), is_deeper);
  return taken;
}

int sr_limit_merge(struct sr_limit *into, struct sr_limit *from) {
  int64_t state = atomic_load(&from->moved);
  int i, taken = 1;
  while (state != MERGED && !atomic_compare_exchange_weak(&from->moved, &state, MOVED))
    ;
  SR_FAULT("merge");
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    int64_t stamp = freeze_time(&from->slots[i]);
    if (i < 2)
      SR_FAULT("merge slot");
    taken &= raise_to(into, &into->slots[i], stamp);
  }
  if (atomic_load(&from->moved) != MERGED)
    taken &= merge_rest(into, from);
  SR_FAULT("merged");
  if (!keep_live(into) || !taken)
    return 0;
  atomic_store(&from->moved, MERGED);
  return 1;
}

int sr_limit_retire(struct sr_limit *limit, sr_time now, int slots_only) {
  sr_time (*last)(struct sr_limit *, sr_time) = slots_only ? last_stamp : sr_limit_last;
  int64_t state = LIVE;
  if (last(limit, now) > now)
    return 0;
  SR_FAULT("retire");
  if (!atomic_compare_exchange_strong(&limit->moved, &state, CLOSING) && state != CLOSING)
    return 1;
  SR_FAULT("closing");
  if (last(limit, now) <= now) {
    SR_FAULT("quiet");
    state = CLOSING;
    return atomic_compare_exchange_strong(&limit->moved, &state, MOVED);
  }
  state = CLOSING;
  atomic_compare_exchange_strong(&limit->moved, &state, LIVE);
  return 0;
}
