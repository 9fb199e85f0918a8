/* What the engine wants of a rate limiter: the page to read before writing another one.
** SPDX-License-Identifier: MIT
**
** Every request takes a slot before it is sent and gives it back when it is over. A limiter
** reserves slots and says when the next one is free; the engine waits. There are three: sr_local.c
** (slots of this process, or of this machine by a mapped file), redis/sr_redis.c (slots of many
** machines) and sr_fallback.c (one that stands in for another). docs/limits.md has the rule that
** all of them keep.
**
** An engine opens a limiter for itself and calls it from one thread. No function may wait. A
** limiter that must ask a server returns SR_LIMIT_ASKED, and its `watch` and `wake` say when
** `work` is due. Times are those of the engine's clock. */
#ifndef SR_LIMITER_H
#define SR_LIMITER_H

#include "base/sr_base.h"

/* The binary interface of drivers in modules of their own. Raise it with every change here. */
#define SR_LIMITER_ABI 3

/* The most slots that a limit can have. */
#define SR_LIMIT_SLOTS 64

/*
** The server counts a request without an answer at the latest this long after we gave up on it,
** unless the server or the network stands still: see docs/limits.md.
*/
#define SR_LATE_COUNT (SR_SECOND / 5)

/* A 429 holds other requests no longer than the shortest ban, whatever its Retry-After says. */
#define SR_HOLD_MAX (600 * SR_SECOND)

/* Room for a line that says why a limiter is not what was asked for. */
enum { SR_PROBLEM_SIZE = 160 };

/* How much of a limit a client uses: the first `slots` of the shared slots, each for `window`. */
struct sr_rate {
  int slots;      /* 1 .. SR_LIMIT_SLOTS */
  sr_time window; /* > 0 */
};

/* Whose limit it is. The strings are the caller's: a driver copies what it keeps. */
struct sr_limit_identity {
  uint64_t name;        /* a hash of key and address; limiters with equal names share slots */
  const char *key_hint; /* "…d14b", to be shown */
  const char *base_url;
};

/* What a request asks for. */
struct sr_want {
  struct sr_rate rate;
  int low;       /* leaves the last slot to others */
  int send_time; /* the slot's window begins when the request is sent, not when it is answered */
  sr_time
      lease; /* when the slot frees itself if nobody gives it back: deadline, window, late count */
};

/* A slot, asked for or held. All zero: none. Belongs to one call; never copied. */
struct sr_slot {
  enum { SR_SLOT_NONE, SR_SLOT_ASKED, SR_SLOT_HELD } state;
  int index;       /* HELD: which */
  int send_time;   /* HELD: see sr_want */
  int64_t stamp;   /* HELD: what was written into it, to recognize a lease that has expired */
  int64_t probe;   /* HELD, not 0: this request finds out whether the ban is over */
  int64_t lone;    /* HELD, not 0: this request finds out whether anything is answered again */
  int recorded;    /* HELD: the driver's: which parts of the outcome it has recorded */
  sr_time send_by; /* HELD: the request must be sent before */
  void *request;   /* not NONE: the driver's */
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
  int silent;                    /* WAIT: the last requests got no answer; one is sent at a time */
  char problem[SR_PROBLEM_SIZE]; /* for people; no secrets */
  int lasting;                   /* FAILED: wrong settings; asking again does not help */
};

/* How a request ended: decides when its slot is free again, and what the others may do. */
enum sr_outcome {
  SR_OUTCOME_UNSENT,   /* nothing was sent: free at once */
  SR_OUTCOME_SILENT,   /* sent, no answer: free after a window and SR_LATE_COUNT */
  SR_OUTCOME_FINE,     /* an answer that shows that the key is not blocked: free after a window */
  SR_OUTCOME_ANSWERED, /* an answer that shows nothing of the kind (5xx): the same */
  SR_OUTCOME_REFUSED,  /* 429: free after a window, and all others are held */
  SR_OUTCOME_BAD_KEY   /* the key is wrong */
};

/* What a `give` has changed for all users of the limit. */
enum sr_change {
  SR_CHANGE_NONE,
  SR_CHANGE_BLOCKED,  /* this 429 or refused key was one too many */
  SR_CHANGE_UNBLOCKED /* the probe was answered */
};

/* A limiter as programs and people see it. */
struct sr_limit_view {
  struct sr_rate rate;
  sr_time free_at[SR_LIMIT_SLOTS]; /* of the first rate.slots: when free, at the latest */
  int leased[SR_LIMIT_SLOTS];      /* 1: held by a request in flight; may be free earlier */
  sr_time held_until;              /* no slot is given before; in the past: not held */
  enum sr_block block;
  sr_time blocked_until; /* with `block`: in the past means that a probe is due or in flight */
  int probing;           /* a probe is in flight */
  int level;             /* recent bans: the next one lasts 10 min times 2^level */
  int strikes;           /* 429s in a row */
  int silent;            /* 1: the last requests got no answer, and one is sent at a time … */
  sr_time silent_until;  /* … the next one not before */
  const char *scope;     /* "process", "user", "redis" */
  const char *place;     /* the file's path, the server's address without its password; "" */
  char problem[SR_PROBLEM_SIZE]; /* why it is not what was asked for, or out of reach; "" */
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
** its `check` has accepted.
*/
struct sr_limiter_driver {
  int abi; /* SR_LIMITER_ABI */

  /* NULL, or what is wrong with `settings`, without secrets. */
  const char *(*check)(const char *settings);

  /* A limiter for one engine. Does no I/O. NULL when memory ran out. */
  struct sr_limiter *(*open)(const char *settings, const struct sr_limit_identity *identity);
  /* Frees it. Slots that are still asked for or held are left to their leases. */
  void (*close)(struct sr_limiter *limiter);
  /*
  ** In a forked child: drops the parent's connection without touching it, and opens another one
  ** when it needs one. Slots taken before are the parent's. NULL: nothing to do.
  */
  void (*forked)(struct sr_limiter *limiter);

  /* See sr_verdict. `slot` is empty, or the one that was ASKED before. `ruling` is all zero. */
  enum sr_verdict (*take)(struct sr_limiter *limiter, const struct sr_want *want, sr_time now,
                          struct sr_slot *slot, struct sr_ruling *ruling);
  /*
  ** The last check before a request is sent. 0: it must not be sent, because of a 429, a ban or the
  ** slot's end in between; give the slot back as unsent and take another. NULL: only `send_by` is
  ** checked.
  */
  int (*start)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
               struct sr_slot *slot);
  /*
  ** Gives a slot back and empties it. One that was only asked for is given back as unsent when it
  ** comes. `hold`: for REFUSED, how long all are stopped: at least a window, at most SR_HOLD_MAX or
  ** a window.
  */
  enum sr_change (*give)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                         struct sr_slot *slot, enum sr_outcome outcome, sr_time hold);
  /*
  ** A lower bound of when a caller with `ahead` others before it gets a slot: as far as is known,
  ** if all that is in flight were answered now. (What turns out to be unsent frees its slot
  ** earlier.)
  */
  sr_time (*earliest)(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                      unsigned ahead);

  /*
  ** Until when the limiter must stay open. In the past or `now`: closing it loses nothing.
  ** SR_NEVER: not known yet, ask again later. The caller counts the slots itself: it closes no
  ** limiter that a call still uses. NULL: it may be closed whenever no call uses it.
  */
  sr_time (*keep_until)(struct sr_limiter *limiter, sr_time now);

  /* What is known now. `view->rate` is filled in by the caller. */
  void (*view)(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view);
  /* Ends ban and hold for all users of the limit. Slots stay. */
  void (*reset)(struct sr_limiter *limiter, sr_time now);

  /* For limiters that ask a server; NULL for the others. */
  int (*watch)(struct sr_limiter *limiter, struct sr_watch *watches); /* how many */
  sr_time (*wake)(struct sr_limiter *limiter); /* when `work` is due for time alone; SR_NEVER */
  void (*work)(struct sr_limiter *limiter, sr_time now); /* reads and writes what can be */
  enum sr_change (*news)(struct sr_limiter *limiter);    /* what `give` has changed, once each */
  int (*idle)(struct sr_limiter *limiter); /* 1: the server has been told everything */
};

#endif
