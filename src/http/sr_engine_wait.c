/* Engine: creation, waiting, driving itself, viewing limiters.
** SPDX-License-Identifier: MIT */
#include "base/sr_sigpipe.h"
#include "http/sr_engine.h"
#include "http/sr_engine_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How long to wait when libcurl can't. */
#define FAILURE_PAUSE (50 * SR_MILLISECOND)

/* ---- making and ending engines ---- */

struct sr_engine *sr_engine_new(const struct sr_engine_options *options) {
  struct sr_engine *engine = sr_fork_watch() == 0 ? calloc(1, sizeof *engine) : NULL;
  if (engine == NULL)
    return NULL;
  engine->clock = options->clock;
  engine->random = options->seed;
  engine->external = options->external;
  engine->forks = sr_fork_count();
  engine->look_at = SR_NEVER;
  sr_list_init(&engine->calls);
  sr_list_init(&engine->ready);
  sr_multi_init(&engine->multi);
  sr_gates_init(&engine->gates);
  return engine;
}

void sr_engine_delete(struct sr_engine *engine) {
  struct sr_sigpipe sigpipe;
  struct sr_call *call;
  if (engine == NULL)
    return;
  SR_CHECK_PROCESS(engine);
  sr_sigpipe_hold(&sigpipe, engine->tls);
  while ((call = SR_FIRST_CALL(engine)) != NULL)
    sr_engine_cancel(call);
  while ((call = SR_LIST_FIRST(&engine->ready, struct sr_call, ready_node)) != NULL)
    sr_list_remove(&call->ready_node);
  sr_gates_fini(&engine->gates);
  sr_multi_fini(&engine->multi);
  sr_sigpipe_release(&sigpipe);
  free(engine->polled);
  free(engine);
}

/* ---- waiting ---- */

/* When the engine has to be stepped for time alone. */
static sr_time wake_time(const struct sr_engine *engine, sr_time now) {
  const struct sr_call *call;
  const struct sr_gate *gate;
  sr_time wake = SR_NEVER;
  for (call = SR_FIRST_CALL(engine); call != NULL; call = SR_NEXT_CALL(engine, call)) {
    sr_time at = SR_DUE(call);
    if (call->state == SR_STATE_SENDING && engine->external)
      continue; /* its owner ends it */
    if (call->state == SR_STATE_QUEUED && call->slot.state != SR_SLOT_ASKED &&
        sr_gate_ask_at(call) < at)
      at = sr_gate_ask_at(call);
    if (at < wake)
      wake = at;
  }
  if (engine->multi.running == 0 && engine->multi.has_connections &&
      engine->idle_since + SR_IDLE_TIME < wake)
    wake = engine->idle_since + SR_IDLE_TIME;
  for (gate = SR_FIRST_ASKING(engine); gate != NULL; gate = SR_NEXT_ASKING(engine, gate))
    if (sr_gate_wake(gate) < wake)
      wake = sr_gate_wake(gate);
  return wake < now ? now : wake;
}

/*
** Adds the descriptors of limiters to `*fds`, `*count` of the caller's, in an array of the
** engine's. 0, or -1 when memory ran out.
*/
static int add_watches(struct sr_engine *engine, struct curl_waitfd **fds, unsigned *count) {
  const struct sr_gate *gate;
  struct curl_waitfd *more;
  size_t room = (size_t)engine->gates.asking_count * SR_WATCH_MAX;
  more = realloc(engine->polled, (*count + room) * sizeof *more);
  if (more == NULL)
    return -1;
  engine->polled = more;
  if (*count > 0)
    memcpy(more, *fds, *count * sizeof *more);
  *fds = more;
  for (gate = SR_FIRST_ASKING(engine); gate != NULL; gate = SR_NEXT_ASKING(engine, gate))
    *count += sr_gate_watch(gate, more + *count);
  return 0;
}

static void sleep_until(struct sr_engine *engine, sr_time when) {
  if (engine->clock.sleep != NULL)
    engine->clock.sleep(engine->clock.ctx, when);
  else
    sr_sleep_until(when);
}

/* Nobody knows which descriptors are ready: their owner, who never blocks, tries them all. */
static void take_for_ready(struct curl_waitfd *fds, unsigned count) {
  unsigned i;
  for (i = 0; i < count; i++)
    fds[i].revents = fds[i].events;
}

/*
** Waits for the descriptors of libcurl, of limiters and `extra`, or for time alone. Only counts
** failures: the next step, which a fork can't interrupt in the worker, ends the attempts.
*/
static void wait_until(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                       sr_time now, sr_time when) {
  struct curl_waitfd *fds = extra;
  unsigned all = count;
  CURLMcode code = CURLM_OUT_OF_MEMORY;
  if (when <= now)
    return;
  if (engine->gates.asking_count == 0 || add_watches(engine, &fds, &all) == 0) {
    if (engine->multi.running == 0 && all == 0) {
      sleep_until(engine, when);
      return;
    }
    code = sr_multi_poll(&engine->multi, fds, all, when - now);
  }
  if (code == CURLM_OK && fds != extra && count > 0)
    memcpy(extra, fds, count * sizeof fds[0]);
  if (code != CURLM_OK) {
    sleep_until(engine, when < now + FAILURE_PAUSE ? when : now + FAILURE_PAUSE);
    take_for_ready(extra, count);
  }
  engine->polls_failed = code == CURLM_OK ? 0 : engine->polls_failed + 1;
  engine->poll_code = code;
}

void sr_engine_poll(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                    sr_time max_wait) {
  sr_time now, wake;
  SR_CHECK_PROCESS(engine);
  now = SR_NOW(engine);
  wake = wake_time(engine, now);
  wait_until(engine, extra, count, now, max_wait < wake - now ? now + max_wait : wake);
}

void sr_engine_interrupt(struct sr_engine *engine) {
  sr_multi_wake(&engine->multi);
}

int sr_engine_open_handles(struct sr_engine *engine) {
  SR_CHECK_PROCESS(engine);
  if (sr_multi_open(&engine->multi) != 0) {
    errno = ENOMEM;
    return -1;
  }
  /* without descriptors libcurl makes a handle that can't be woken */
  if (curl_multi_wakeup(engine->multi.handle) != CURLM_OK) {
    errno = EMFILE;
    return -1;
  }
  return 0;
}

void sr_engine_sleep(struct sr_engine *engine, sr_time duration) {
  sleep_until(engine, SR_NOW(engine) + duration);
}

void sr_engine_drop_idle(struct sr_engine *engine, sr_time now) {
  struct sr_sigpipe sigpipe;
  if (!engine->multi.has_connections || engine->multi.running > 0 ||
      now - engine->idle_since < SR_IDLE_TIME)
    return;
  engine->idle_since = now;
  sr_sigpipe_hold(&sigpipe, engine->tls);
  if (sr_multi_renew(&engine->multi) == 0)
    sr_gates_trim(&engine->gates, now);
  sr_sigpipe_release(&sigpipe);
}

/* ---- driving it ---- */

struct sr_call *sr_engine_ready(struct sr_engine *engine) {
  struct sr_call *call;
  SR_CHECK_PROCESS(engine);
  do {
    call = SR_LIST_FIRST(&engine->ready, struct sr_call, ready_node);
    if (call != NULL)
      sr_list_remove(&call->ready_node);
  } while (call != NULL && sr_engine_requeue_if_late(engine, call, SR_NOW(engine)));
  return call;
}

/* SR_NEVER: there is no such time. */
#define AFTER(now, duration) ((duration) < SR_NEVER - (now) ? (now) + (duration) : SR_NEVER)

enum sr_run sr_engine_run(struct sr_engine *engine, struct sr_call *call, sr_time max_wait) {
  sr_time wake, now = SR_NOW(engine), until = AFTER(now, max_wait);
  enum sr_run outcome = SR_RUN_PENDING;
  struct sr_sigpipe sigpipe = {0};
  SR_CHECK_PROCESS(engine);
  if (call->state == SR_STATE_NEW)
    sr_engine_submit_at(engine, call, now);
  if (engine->tls)
    sr_sigpipe_hold(&sigpipe, 1);
  while (outcome == SR_RUN_PENDING) {
    now = sr_engine_take_step(engine);
    if (call->state == SR_STATE_DONE) {
      outcome = SR_RUN_DONE;
    } else if (engine->external && call->state == SR_STATE_SENDING) {
      if (!sr_engine_requeue_if_late(engine, call, now))
        outcome = SR_RUN_EXTERNAL;
    } else if (now >= until) {
      break;
    } else {
      wake = wake_time(engine, now);
      wait_until(engine, NULL, 0, now, wake < until ? wake : until);
    }
  }
  if (engine->tls)
    sr_sigpipe_release(&sigpipe);
  return outcome;
}

struct sr_call *sr_engine_next(struct sr_engine *engine, sr_time max_wait) {
  struct sr_call *call = sr_engine_ready(engine);
  struct sr_sigpipe sigpipe;
  sr_time now, wake, until;
  if (call != NULL)
    return call;
  now = SR_NOW(engine);
  until = AFTER(now, max_wait);
  sr_sigpipe_hold(&sigpipe, engine->tls);
  for (;;) {
    now = sr_engine_take_step(engine);
    call = sr_engine_ready(engine);
    if (call != NULL || now >= until)
      break;
    wake = wake_time(engine, now);
    wait_until(engine, NULL, 0, now, wake < until ? wake : until);
  }
  sr_sigpipe_release(&sigpipe);
  return call;
}

sr_time sr_engine_now(const struct sr_engine *engine) {
  return SR_NOW(engine);
}

/* ---- looking at limiters ---- */

/* The client's gate, to be put back. NULL: it has no limiter, or memory ran out. */
static struct sr_gate *gate_to_look_at(struct sr_engine *engine, const struct sr_config *config) {
  SR_CHECK_PROCESS(engine);
  sr_engine_drop_idle(engine, SR_NOW(engine));
  return config->limited ? sr_gates_get(&engine->gates, config) : NULL;
}

/* Waits until the limiter's server has been told and has answered, at most `max_wait`. */
static void wait_until_idle(struct sr_engine *engine, const struct sr_gate *gate,
                            sr_time max_wait) {
  sr_time now = SR_NOW(engine), until = now + max_wait;
  while (!sr_gate_is_idle(gate) && now < until) {
    sr_time wake = sr_gate_wake(gate);
    wait_until(engine, NULL, 0, now, wake < until ? wake : until);
    now = SR_NOW(engine);
    gate->driver->work(gate->limiter, now);
  }
}

int sr_engine_view_limit(struct sr_engine *engine, const struct sr_config *config, sr_time max_wait,
                         struct sr_limit_view *view) {
  struct sr_gate *gate = gate_to_look_at(engine, config);
  if (gate == NULL)
    return 0;
  sr_engine_begin_queued(engine,
                         SR_NOW(engine)); /* a call that gets a slot at once does not wait */
  sr_gate_view(gate, config, SR_NOW(engine), view);
  if (gate->driver->idle != NULL && max_wait > 0) { /* that was only the question */
    wait_until_idle(engine, gate, max_wait);
    sr_gate_view(gate, config, SR_NOW(engine), view);
    wait_until_idle(engine, gate, max_wait);
  }
  sr_gates_put(&engine->gates, gate, SR_NOW(engine));
  return 1;
}

int sr_engine_reset_limit(struct sr_engine *engine, const struct sr_config *config,
                          sr_time max_wait) {
  struct sr_gate *gate = gate_to_look_at(engine, config);
  struct sr_call *call;
  sr_time now;
  int done;
  if (gate == NULL)
    return 0;
  now = SR_NOW(engine);
  sr_gate_reset(gate, now);
  for (call = SR_FIRST_CALL(engine); call != NULL; call = SR_NEXT_CALL(engine, call))
    if (call->state == SR_STATE_QUEUED && call->gate == gate)
      call->due = now; /* it may be waiting for the end of the ban */
  wait_until_idle(engine, gate, max_wait);
  done = sr_gate_is_idle(gate);
  sr_gates_put(&engine->gates, gate, SR_NOW(engine));
  return done;
}
