/* A rate limiter as an engine sees it: opening it, slots for calls, looking at it.
** SPDX-License-Identifier: MIT
**
** An engine has one gate for each limit. A gate belongs to the engine and to those who have it from
** sr_gates_get, until they put it back. A few unused gates are kept for later calls; beyond these,
** the one unused for longest is closed as soon as its limiter loses nothing by it.
**
** A function that takes a call works on the call's gate; without one, no limit holds for the
** call. */
#ifndef SR_GATE_H
#define SR_GATE_H

#include "base/sr_list.h"
#include "http/sr_call.h"
#include "limit/sr_limiter.h"

struct sr_gate {
  struct sr_gate *next;       /* in its bucket */
  struct sr_node unused_node; /* in sr_gates.unused while it has no user */
  struct sr_node asking_node; /* in sr_gates.asking if its driver has work to do by itself */
  int users;                  /* sr_gates_get without sr_gates_put */
  const struct sr_limiter_driver *driver;
  struct sr_limiter *limiter;
  const struct sr_limiter_driver *asked_for; /* `driver`, or the first one of the fallback */
  uint64_t name;                             /* of the limit, see sr_limit_identity */
  struct sr_local_settings local;            /* owns its string */
  char *settings;                            /* the driver's; owned */
  int fall_back;
  sr_time keep_until; /* unused: not closed before */
  int full;           /* calls that may use this many slots get none … */
  sr_time not_before; /* … before this time */
  int asked;          /* takes without a verdict so far */
  sr_time answered;   /* when the limiter gave the last verdict … */
  int unanswered;     /* … and 1: it was asked for another one since */
  int waiting;        /* queued calls */
  int problem_told;   /* an event has told that the limiter is not the one that was asked for */
};

struct sr_gates {
  struct sr_gate **buckets;
  size_t size, count;    /* `size` is a power of two, or 0 */
  uint64_t last_config;  /* id of the client that got … */
  struct sr_gate *last;  /* … this one last; NULL: none */
  struct sr_list unused; /* the one unused for longest first */
  int unused_count;
  struct sr_list asking;
  int asking_count;
};

void sr_gates_init(struct sr_gates *gates);

/* Closes all of them. None is in use. */
void sr_gates_fini(struct sr_gates *gates);

/* The gate for a client's calls, opened if it is new. NULL when memory ran out. */
struct sr_gate *sr_gates_get(struct sr_gates *gates, const struct sr_config *config);
void sr_gates_put(struct sr_gates *gates, struct sr_gate *gate, sr_time now);

/* Closes the unused ones whose limiters lose nothing by it. */
void sr_gates_trim(struct sr_gates *gates, sr_time now);

/* In a forked child: slots and answers to come are the parent's. */
void sr_gates_forked(struct sr_gates *gates);

/* ---- slots ---- */

/* Asks for a slot. An event tells the call, once, that another limiter stands in for its own. */
enum sr_verdict sr_gate_take(struct sr_call *call, sr_time now, struct sr_ruling *ruling);

/*
** Whether the limiter was asked and has given nobody a verdict since the call was queued: then
** `ruling` says that it is out of reach.
*/
int sr_gate_is_silent(const struct sr_call *call, sr_time now, struct sr_ruling *ruling);

/* After SR_LIMIT_WAIT: calls like this one need not ask before `at`. */
void sr_gate_wait(const struct sr_call *call, sr_time at);

/* When a queued call can ask next. SR_NEVER: when another one has its verdict. */
sr_time sr_gate_ask_at(const struct sr_call *call);

/* Whether the request may be sent: the last check of its slot. */
int sr_gate_may_send(struct sr_call *call, sr_time now);

/* Gives back the call's slot, if it has one. See sr_limiter_driver. */
enum sr_change sr_gate_give(struct sr_call *call, sr_time now, enum sr_outcome outcome,
                            sr_time hold);

/* A lower bound of when a call with `ahead` others before it gets a slot. */
sr_time sr_gate_earliest(const struct sr_call *call, sr_time now, int ahead);

/* How many of the slots a call may use. */
int sr_gate_usable(const struct sr_call *call);

/* Counts a call that enters (1) or leaves (-1) the queue. */
void sr_gate_count(const struct sr_call *call, int by);

/* ---- looking ---- */

/* What is known of a client's limiter; `ruling` is filled as by a take that is BLOCKED. */
void sr_gate_view(const struct sr_gate *gate, const struct sr_config *config, sr_time now,
                  struct sr_limit_view *view);
void sr_gate_see_block(const struct sr_call *call, sr_time now, struct sr_ruling *ruling);

void sr_gate_reset(struct sr_gate *gate, sr_time now);

/* ---- limiters that ask a server ---- */

/* Adds the descriptors to poll to `fds`, which has room for SR_WATCH_MAX. Returns how many. */
unsigned sr_gate_watch(const struct sr_gate *gate, struct curl_waitfd *fds);
sr_time sr_gate_wake(const struct sr_gate *gate);
enum sr_change sr_gate_news(const struct sr_gate *gate);

/* Whether its server, if it has one, has been told everything and has answered. */
int sr_gate_is_idle(const struct sr_gate *gate);

#endif
