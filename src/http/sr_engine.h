/* The state machine that moves calls: queue -> slot -> attempt -> back-off -> done.
** SPDX-License-Identifier: MIT
**
** An engine does nothing by itself. Its owner lets sr_engine_run or sr_engine_next wait on the
** owner's thread, or alternates between sr_engine_poll and sr_engine_step. One thread at a time may
** use it.
**
** Fork: used in a child, an engine forgets libcurl's handles, which are the parent's, and makes
** new ones. Calls that were in flight end as cancelled there. The child's copies of the
** descriptors were closed by the fork: see sr_fork.h. */
#ifndef SR_ENGINE_H
#define SR_ENGINE_H

#include "http/sr_call.h"

struct sr_engine;

struct sr_engine_options {
  struct sr_clock clock;
  uint64_t seed; /* of the random part of back-offs */
  int external;  /* the owner carries out the attempts, not libcurl */
};

/* Does no I/O and does not touch libcurl. NULL when memory ran out, or forks can't be watched. */
struct sr_engine *sr_engine_new(const struct sr_engine_options *options);

/* Cancels its calls and closes its connections. NULL is allowed. */
void sr_engine_delete(struct sr_engine *engine);

/*
** Opens libcurl's handles now instead of with the first attempt, so that sr_engine_interrupt works.
** 0, or -1 and errno when memory or descriptors ran out.
*/
int sr_engine_open_handles(struct sr_engine *engine);

/* ---- calls ---- */

/*
** Starts a new call. It may be done on return: no key, no slot before its deadline. `tag` not 0, for
** callers with many calls in flight: sr_engine_ready and sr_engine_next return the call when it is
** done and (`external` engines) whenever its attempt is to be carried out.
*/
void sr_engine_submit(struct sr_engine *engine, struct sr_call *call, uint64_t tag);

/* The next tagged call that needs its owner; each is returned once. NULL: none does now. */
struct sr_call *sr_engine_ready(struct sr_engine *engine);

/* Ends a call at once, as cancelled. Does nothing if it is not in flight. */
void sr_engine_cancel(struct sr_call *call);

/* ---- driving ---- */

enum sr_run {
  SR_RUN_PENDING,  /* `max_wait` is over */
  SR_RUN_EXTERNAL, /* `external` engines: the call's attempt is to be carried out */
  SR_RUN_DONE
};

/* Submits the call if it is new; then steps and waits until it is done, at most `max_wait`. */
enum sr_run sr_engine_run(struct sr_engine *engine, struct sr_call *call, sr_time max_wait);

/* Steps and waits until a tagged call needs its owner. NULL: `max_wait` is over. */
struct sr_call *sr_engine_next(struct sr_engine *engine, sr_time max_wait);

/* Moves every call as far as it goes without waiting. */
void sr_engine_step(struct sr_engine *engine);

/*
** Waits until a descriptor of libcurl or of `extra` is ready (see curl_multi_poll), a step is due
** for time alone, or sr_engine_interrupt was called; at most `max_wait`. Step the engine
** afterwards.
*/
void sr_engine_poll(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                    sr_time max_wait);

/* Makes sr_engine_poll return, now or when it is called next. From any thread. */
void sr_engine_interrupt(struct sr_engine *engine);

/* The engine's time, and waiting as the engine waits. */
sr_time sr_engine_now(const struct sr_engine *engine);
void sr_engine_sleep(struct sr_engine *engine, sr_time duration);

/* ---- attempts of `external` engines ---- */

/*
** The outcome of the attempt in flight. `head`: the header lines ("Name: value\r\n") without a
** status line. They do nothing if no attempt is in flight.
*/
void sr_engine_answer(struct sr_call *call, int status, const char *head, size_t head_len,
                      const char *body, size_t body_len);
void sr_engine_fail(struct sr_call *call, const struct sr_error *error, int sent);

/* How long the attempt in flight may still take. */
sr_time sr_engine_time_left(const struct sr_call *call);

/* ---- limiters ---- */

/*
** What is known of a client's limiter, whose server, if it has one, is waited for, at most
** `max_wait`. 0: the client has no limiter, or memory ran out. The view's strings live until the
** engine is used again.
*/
int sr_engine_view_limit(struct sr_engine *engine, const struct sr_config *config, sr_time max_wait,
                         struct sr_limit_view *view);

/* Ends ban and hold. 0: as above, or the server has not confirmed it within `max_wait`. */
int sr_engine_reset_limit(struct sr_engine *engine, const struct sr_config *config,
                          sr_time max_wait);

#endif
