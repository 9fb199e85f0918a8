/* What the engine wants of a rate limiter: the one page to read before writing another one.
** SPDX-License-Identifier: MIT
**
** Every request takes a slot before it is sent and gives it back when it is over. The limiter only
** reserves and says when; waiting is the engine's. Two limiters implement this: sr_local.c (slots
** of this process, or of all processes of the machine by a mapped file) and redis/sr_redis.c (slots
** of many machines). The rule that both keep, and why it can't be broken, is in docs/limits.md.
**
** An engine opens a limiter for itself and calls it from one thread. No function may wait: one that
** must ask somebody else says SR_LIMIT_ASKED, and tells by `watch` and `wake` when it wants `work`.
** Times are the engine's own clock. */
#ifndef SR_LIMITER_H
#define SR_LIMITER_H

#include "base/sr_base.h"

/* Binary interface of drivers that live in modules of their own: raised with every change here. */
#define SR_LIMITER_ABI 2

/* The most slots that a limit can have. */
#define SR_LIMIT_SLOTS 64

/*
** A request that got no answer is counted by the server at the latest this long after we gave up on
** it, unless server or network stand still: see docs/limits.md.
*/
#define SR_LATE_COUNT (SR_SECOND / 5)

/* A 429 holds other calls no longer than the shortest ban lasts, whatever its Retry-After says. */
#define SR_HOLD_MAX (600 * SR_SECOND)

/* How much of a limit a client uses: the first `slots` of the shared slots, each for `window`. */
struct sr_rate {
  int slots;      /* 1 .. SR_LIMIT_SLOTS */
  sr_time window; /* > 0 */
};

/* Whose limit it is. All strings live as long as the limiter. */
struct sr_limit_identity {
  uint64_t name;        /* a hash of key and address; equal names share slots */
  const char *key_hint; /* "…d14b": what people are shown */
  const char *base_url;
};

/* What a request asks for. */
struct sr_want {
  struct sr_rate rate;
  int low;       /* leaves the last slot to others */
  int send_time; /* pacing by time of sending: the slot cools down from the sending on, for a window */
  sr_time
      lease; /* when the slot frees itself if it is never given back: deadline, window, late count */
};

/* A slot, asked for or held. Zeroed: none. Belongs to one call; never copied. */
struct sr_slot {
  enum { SR_SLOT_NONE, SR_SLOT_ASKED, SR_SLOT_HELD } state;
  int index;     /* HELD: which */
  int send_time; /* HELD: taken with pacing by time of sending */
  int64_t stamp; /* HELD: what was written into it, so that a lease that ended is not given back */
  int64_t probe; /* HELD: not 0: this request is the one that finds out whether the ban is over */
  int64_t lone;  /* HELD: not 0: … or whether anything is answered again */
  int told;      /* HELD: the driver's: what of its outcome is known already */
  sr_time send_by; /* HELD: not to be sent from then on: take another one */
  void *request;   /* ASKED: the driver's */
};

/* Why calls are stopped. */
enum sr_block {
  SR_BLOCK_NONE,
  SR_BLOCK_RATE, /* three 429s in a row: the server is about to block the key, or has */
  SR_BLOCK_KEY   /* the key was refused twice in a row */
};

enum sr_verdict {
  SR_LIMIT_GRANTED, /* the slot is held */
  SR_LIMIT_WAIT,    /* none is free: take again at `at` */
  SR_LIMIT_BLOCKED, /* nobody may send before `at` */
  SR_LIMIT_ASKED,   /* not known yet: take again with the same slot after `work` */
  SR_LIMIT_FAILED   /* the limiter is out of reach: `problem` says why */
};

struct sr_ruling {
  sr_time at;
  enum sr_block block;
  int silent;        /* WAIT: requests go one at a time, because the last ones got no answer */
  char problem[160]; /* one line for people; no secrets */
  int lasting;       /* FAILED: settings are wrong, so that asking again later does not help */
};

/* What became of a request: decides when its slot is free again and what the others may do. */
enum sr_outcome {
  SR_OUTCOME_UNSENT,   /* nothing was sent: free at once */
  SR_OUTCOME_SILENT,   /* sent, no answer: free after a window and SR_LATE_COUNT */
  SR_OUTCOME_FINE,     /* an answer that shows that the key is not blocked: free after a window */
  SR_OUTCOME_ANSWERED, /* an answer that shows nothing of the kind (5xx): the same */
  SR_OUTCOME_REFUSED,  /* 429: free after a window, and all others are held */
  SR_OUTCOME_BAD_KEY   /* the key is wrong */
};

/* What giving back has changed for everybody. */
enum sr_change {
  SR_CHANGE_NONE,
  SR_CHANGE_BLOCKED,  /* this 429 or refusal of the key was one too many */
  SR_CHANGE_UNBLOCKED /* the probe has got through */
};

/* For people and programs that look at a limiter. */
struct sr_limit_view {
  struct sr_rate rate;
  sr_time free_at[SR_LIMIT_SLOTS]; /* of the first rate.slots: when free, at the latest */
  int leased[SR_LIMIT_SLOTS];      /* 1: held by a request under way; may be free earlier */
  sr_time held_until;              /* no slot is given before; in the past: not held */
  enum sr_block block;
  sr_time blocked_until; /* with `block`: in the past means that a probe is due or under way */
  int probing;           /* a probe is under way */
  int level;             /* how often it was blocked lately: the next ban is 10 min times 2^level */
  int strikes;           /* 429s in a row */
  int silent;            /* 1: the last requests got no answer, and one goes at a time … */
  sr_time silent_until;  /* … the next one not before */
  const char *scope;     /* "process", "user", "redis" */
  const char *place;     /* the file's path, the server's address without its password; "" */
  char problem[160];     /* why it is not what was asked for, or out of reach; "" */
};

struct sr_limiter;

/* A descriptor that a limiter wants to be polled: POLLIN, POLLOUT of <poll.h>. */
struct sr_watch {
  int fd;
  short events;
};
enum { SR_WATCH_MAX = 8 };

/*
** A kind of limiter. `settings` is the driver's own text (for Redis its address and options), which
** its `check` has approved of.
*/
struct sr_limiter_driver {
  int abi; /* SR_LIMITER_ABI */

  /* Whether `settings` can be used; NULL, or what is wrong with them, without secrets. */
  const char *(*check)(const char *settings);

  /* A limiter for one engine. Does no I/O. NULL when memory ran out. */
  struct sr_limiter *(*open)(const char *settings, const struct sr_limit_identity *identity);
  /* Frees it. Slots asked for or held that were not given back are left to their leases. */
  void (*close)(struct sr_limiter *limiter);
  /* In the child of a fork: frees nothing of the parent's connection, and makes its own at need. */
  void (*forked)(struct sr_limiter *limiter);

  /* See sr_verdict. `slot` is empty, or the one that was ASKED before. */
  enum sr_verdict (*take)(struct sr_limiter *limiter, const struct sr_want *want, sr_time now,
                          struct sr_slot *slot, struct sr_ruling *ruling);
  /*
  ** The last look, right before the request is sent: 0 when it must not go, since a 429, a ban or the
  ** end of the slot came in between: it is given back as unsent, and another one taken. NULL: only
  ** `send_by` is looked at.
  */
  int (*start)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
               struct sr_slot *slot);
  /*
  ** Gives back, and empties the slot; one that was only asked for is given back as unsent when it
  ** comes. `hold`: for REFUSED, how long all are stopped (the server's word, at least a window).
  */
  enum sr_change (*give)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                         struct sr_slot *slot, enum sr_outcome outcome, sr_time hold);
  /*
  ** The earliest time at which the caller who has `ahead` others before it could get a slot, as far
  ** as is known, if what is under way was answered now. (What turns out to be unsent frees its slot
  ** earlier.)
  */
  sr_time (*earliest)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                      unsigned ahead);

  /*
  ** Until when the limiter must stay open. In the past (or `now`): closing it loses nothing, and an
  ** equal one that is opened later says the same. SR_NEVER: not known yet, ask again later. Slots that are
  ** asked for or held are the caller's to count: it closes no limiter that a call still uses.
  ** NULL: it may be closed whenever no call uses it.
  */
  sr_time (*keep_until)(struct sr_limiter *limiter, sr_time now);

  /* What is known now. `view->rate` is filled in by the caller. */
  void (*view)(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view);
  /* Ends ban and hold for everybody. Slots stay: they are the proof. */
  void (*reset)(struct sr_limiter *limiter, sr_time now);

  /* Asynchronous ones only; NULL otherwise. */
  int (*watch)(struct sr_limiter *limiter, struct sr_watch *watches); /* how many */
  sr_time (*wake)(struct sr_limiter *limiter); /* when `work` is due for time alone; SR_NEVER */
  void (*work)(struct sr_limiter *limiter, sr_time now); /* reads and writes what can be */
  enum sr_change (*news)(struct sr_limiter *limiter); /* what `give` has changed, told once each */
  int (*idle)(struct sr_limiter *limiter); /* 1: nothing that was to be told the server is left */
};

#endif
