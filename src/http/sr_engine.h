/* The state machine that moves calls: queue -> slot -> attempt -> back-off -> done. One deadline a
** call.
** SPDX-License-Identifier: MIT
**
** An engine does nothing by itself: whoever drives it calls sr_engine_step whenever a descriptor of
** libcurl is ready or sr_engine_wake has come, or lets sr_engine_run do both on its own thread. It
** belongs to one thread at a time.
**
** Fork: an engine remembers its process. Used in a child, it forgets libcurl's handles, which are the
** parent's, and makes new ones; calls that were in flight end as cancelled there. The child's copies
** of the descriptors were closed by the fork: see sr_fork.h. */
#ifndef SR_ENGINE_H
#define SR_ENGINE_H

#include "http/sr_call.h"

struct sr_engine;

struct sr_engine_options {
  struct sr_clock clock;
  uint64_t seed; /* of the back-offs' randomness */
  int external;  /* attempts are carried out by the driver, not by libcurl */
};

/* Does no I/O and does not touch libcurl. NULL when memory ran out, or forks can't be watched. */
struct sr_engine *sr_engine_new(const struct sr_engine_options *options);

/* Ends its calls as cancelled and closes its connections. NULL is allowed. */
void sr_engine_delete(struct sr_engine *engine);

/* Puts a new call under way. It may be done at once: no key, no slot before its deadline. */
void sr_engine_submit(struct sr_engine *engine, struct sr_call *call);

/*
** The same, for who has many calls under way: once the call is done, or (`external` engines) each
** time it wants an attempt carried out, sr_engine_ready and sr_engine_next give it. `tag` is not 0,
** and tells the caller which call it is.
*/
void sr_engine_submit_tagged(struct sr_engine *engine, struct sr_call *call, uint64_t tag);

/* The next tagged call that needs its owner, each once; NULL: none does now. */
struct sr_call *sr_engine_ready(struct sr_engine *engine);

/* Ends a call now: kind cancelled, unless it is done already. */
void sr_engine_cancel(struct sr_call *call);

/* The engine's own time. */
sr_time sr_engine_now(const struct sr_engine *engine);

/*
** What is known of the limiter of a client; one that must ask a server is waited for on this
** thread, at most `max_wait`. 0 when the client has none, or memory ran out. `reset` ends ban and
** hold; 0 also when a server has not confirmed it. The strings of `view` live until the engine is
** used again.
*/
int sr_engine_view_limit(struct sr_engine *engine, const struct sr_config *config, sr_time max_wait,
                         struct sr_limit_view *view);
int sr_engine_reset_limit(struct sr_engine *engine, const struct sr_config *config,
                          sr_time max_wait);

/* Moves every call as far as it goes without waiting. */
void sr_engine_step(struct sr_engine *engine);

/* When it has to be stepped again for time alone. SR_NEVER: only descriptors matter. */
sr_time sr_engine_wake(struct sr_engine *engine);

enum sr_run {
  SR_RUN_PENDING,  /* `max_wait` is over */
  SR_RUN_EXTERNAL, /* `external` engines: the call wants its attempt carried out */
  SR_RUN_DONE
};

/*
** Submits the call if it is new. Steps and waits on this thread until `call` is done or `max_wait` is over. SIGPIPE is held off
** meanwhile.
*/
enum sr_run sr_engine_run(struct sr_engine *engine, struct sr_call *call, sr_time max_wait);

/*
** Steps and waits on this thread until a tagged call needs its owner, and gives it as
** sr_engine_ready does; NULL when `max_wait` is over first. SIGPIPE is held off meanwhile.
*/
struct sr_call *sr_engine_next(struct sr_engine *engine, sr_time max_wait);

/*
** Waits until one of libcurl's descriptors or of `extra` is ready (see curl_multi_poll), the engine
** has to be stepped for time alone, sr_engine_interrupt was called, or `max_wait` is over. For
** drivers that have descriptors of their own; they step it afterwards.
*/
void sr_engine_poll(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                    sr_time max_wait);

/* Has sr_engine_poll return, now or when it is called next. The one function that any thread may call. */
void sr_engine_interrupt(struct sr_engine *engine);

/*
** Makes libcurl's handles now, not at the first attempt, and such that sr_engine_interrupt works. 0, or -1 and errno when
** memory or descriptors ran out.
*/
int sr_engine_open(struct sr_engine *engine);

/*
** `external` engines: the outcome of the attempt that sr_engine_run asked for. An answer's head is
** its header lines as HTTP has them ("Name: value\r\n"), without a status line. Both take effect at
** the next step.
*/
void sr_engine_answer(struct sr_call *call, int status, const char *head, size_t head_len,
                      const char *body, size_t body_len);
void sr_engine_fail(struct sr_call *call, const struct sr_error *error, int sent);

/*
** The same engines: how long the attempt under way may still take, and waiting as the engine itself
** would.
*/
sr_time sr_engine_time_left(const struct sr_call *call);
void sr_engine_sleep(struct sr_engine *engine, sr_time duration);

#endif
