/* Shared by the engine's two halves: sr_engine.c moves calls, sr_engine_wait.c waits for them.
** SPDX-License-Identifier: MIT */
#ifndef SR_ENGINE_STATE_H
#define SR_ENGINE_STATE_H

#include "base/sr_fork.h"
#include "base/sr_list.h"
#include "http/sr_gate.h"
#include "http/sr_multi.h"

/* How long connections are kept without a call. */
#define SR_IDLE_TIME (60 * SR_SECOND)

struct sr_engine {
  struct sr_clock clock;
  uint64_t random;
  int external;
  unsigned forks; /* sr_fork_count of the process that `multi` belongs to */
  int tls;        /* it has had calls over TLS */
  struct sr_multi multi;
  struct sr_gates gates;
  struct sr_list calls; /* in flight; the queued ones in the order in which they queued */
  struct sr_list ready; /* tagged calls that need their owner */
  int queued;           /* calls in SR_STATE_QUEUED */
  sr_time look_at;      /* no deadline or back-off ends before: most steps need not check them */
  sr_time idle_since;   /* when a call last changed its state */
  int polls_failed, works_failed; /* in a row */
  CURLMcode poll_code;            /* of the last poll that was counted */
  struct curl_waitfd *polled;     /* of the last wait */
};

#define SR_NOW(engine)             ((engine)->clock.now((engine)->clock.ctx))
#define SR_FIRST_CALL(engine)      SR_LIST_FIRST(&(engine)->calls, struct sr_call, node)
#define SR_NEXT_CALL(engine, call) SR_LIST_NEXT(&(engine)->calls, call, struct sr_call, node)
#define SR_FIRST_ASKING(engine)    SR_LIST_FIRST(&(engine)->gates.asking, struct sr_gate, asking_node)
#define SR_NEXT_ASKING(engine, gate)                                                               \
  SR_LIST_NEXT(&(engine)->gates.asking, gate, struct sr_gate, asking_node)

/* In a forked child: lets go of libcurl's handles and of the calls, which are the parent's. */
void sr_engine_forget_parent(struct sr_engine *engine);

/* To be done before anything else with an engine. */
#define SR_CHECK_PROCESS(engine)                                                                   \
  ((engine)->forks != sr_fork_count() ? sr_engine_forget_parent(engine) : (void)0)

/* sr_engine_submit, `now`. */
void sr_engine_submit_at(struct sr_engine *engine, struct sr_call *call, sr_time now);

/* sr_engine_step after SR_CHECK_PROCESS. Returns the time at its end. */
sr_time sr_engine_take_step(struct sr_engine *engine);

/*
** When a call has to be looked at for time alone, queued or not: its deadline, the end of its
** back-off.
*/
#define SR_DUE(call)                                                                               \
  ((call)->state == SR_STATE_BACKOFF && (call)->due < (call)->deadline ? (call)->due               \
                                                                       : (call)->deadline)

/*
** Begins attempts of the queued calls that get a slot, first come, first served. Returns how many.
*/
int sr_engine_begin_queued(struct sr_engine *engine, sr_time now);

/*
** Closes the connections of an engine that has used none for SR_IDLE_TIME: the servers have closed
** most of them, and nobody reads that. Closes limiters, too.
*/
void sr_engine_drop_idle(struct sr_engine *engine, sr_time now);

/* Requeues a call whose attempt is to be handed out too late for its slot. Returns 1 if it did. */
int sr_engine_requeue_if_late(struct sr_engine *engine, struct sr_call *call, sr_time now);

#endif
