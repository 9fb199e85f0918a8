/* The state machine that moves calls.
** SPDX-License-Identifier: MIT */
#include "http/sr_engine.h"

#include "base/sr_fork.h"
#include "base/sr_sigpipe.h"
#include "http/sr_engine_state.h"
#include "http/sr_outcome.h"
#include "http/sr_retry.h"
#include "http/sr_transfer.h"

#include <string.h>
#include <unistd.h>

/*
** Processes that wait for the same slot come back within this long of each other, not all at once.
*/
#define SPREAD (3 * SR_MILLISECOND)

/*
** How often a call that waits asks its limiter even so: somebody may have ended the ban or the
** hold.
*/
#define ASK_EVERY (10 * SR_SECOND)

/* A wait for a slot shorter than this is not worth an event. */
#define WAIT_TOLD (2 * SR_MILLISECOND)

/* Failures of libcurl in a row that end the attempts in flight. */
enum { FAILURES_MAX = 3 };

/* ---- states ---- */

static void make_ready(struct sr_engine *engine, struct sr_call *call) {
  if (!sr_node_in_list(&call->ready_node))
    sr_list_append(&engine->ready, &call->ready_node);
}

static void count_queued(struct sr_call *call, int by) {
  call->engine->queued += by;
  sr_gate_count(call, by);
}

/* Every change of state goes through here. */
static void enter_state(struct sr_call *call, enum sr_state state, sr_time now) {
  struct sr_engine *engine = call->engine;
  if (call->state == SR_STATE_QUEUED) {
    call->waited += now - call->since;
    count_queued(call, -1);
  }
  call->state = state;
  call->since = engine->idle_since = now;
  if (state == SR_STATE_QUEUED)
    count_queued(call, 1);
  if (state == SR_STATE_BACKOFF && call->due < engine->look_at)
    engine->look_at = call->due;
}

/* The outcome is complete. */
static void end_call(struct sr_call *call, sr_time now) {
  struct sr_engine *engine = call->engine;
  enter_state(call, SR_STATE_DONE, now);
  sr_list_remove(&call->node);
  call->elapsed = now - call->started;
  if (call->error.kind == SR_NO_ERROR || call->error.kind == SR_CANCELLED)
    call->retryable = 0; /* an earlier attempt may have set it */
  if (call->gate != NULL)
    sr_gates_put(&engine->gates, call->gate, now);
  call->gate = NULL;
  call->engine = NULL;
  if (call->tag != 0)
    make_ready(engine, call);
}

static void stop_transfer(struct sr_call *call) {
  struct sr_transfer *transfer = call->transfer;
  call->transfer = NULL;
  if (transfer != NULL)
    sr_multi_stop(&call->engine->multi, transfer);
}

/* Ends the call with the error of its last attempt, or with this one if there was none. */
static void end_without_answer(struct sr_call *call, sr_time now, enum sr_kind kind,
                               const char *code, const char *text) {
  if (call->error.kind == SR_NO_ERROR)
    sr_error_set(&call->error, kind, code, NULL, "%s", text);
  stop_transfer(call);
  sr_outcome_mask(call);
  end_call(call, now);
}

static void end_blocked(struct sr_call *call, sr_time now, const struct sr_ruling *ruling) {
  sr_outcome_blocked(call, now, ruling);
  end_call(call, now);
}

static void end_without_slot(struct sr_call *call, sr_time now, sr_time earliest) {
  sr_gate_give(call, now, SR_OUTCOME_UNSENT, 0); /* it may have been asked for */
  sr_outcome_no_slot(call, now, earliest);
  end_call(call, now);
}

/* ---- the queue ---- */

/* How many queued calls before this one may use every slot that it may use. */
static int count_ahead(const struct sr_engine *engine, const struct sr_call *call) {
  const struct sr_call *other;
  int count = 0;
  for (other = SR_FIRST_CALL(engine); other != call; other = SR_NEXT_CALL(engine, other))
    count += other->state == SR_STATE_QUEUED && other->gate == call->gate &&
             sr_gate_usable(other) >= sr_gate_usable(call);
  return count;
}

/* Ends a queued call if its turn can't come before its deadline. */
static void check_turn(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  sr_time earliest;
  if (call->gate == NULL)
    return;
  earliest = sr_gate_earliest(call, now, count_ahead(engine, call));
  if (earliest < call->deadline)
    return;
  sr_gate_see_block(call, now, &ruling);
  if (ruling.block != SR_BLOCK_NONE && ruling.at > now)
    end_blocked(call, now, &ruling);
  else
    end_without_slot(call, now, earliest);
}

/* Queues a call that has had an attempt, behind those that queued before. */
static void queue_again(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  sr_list_remove(&call->node);
  sr_list_append(&engine->calls, &call->node);
  enter_state(call, SR_STATE_QUEUED, now);
  call->due = now;
  check_turn(engine, call, now);
}

/* The slot expired before the request was sent: takes another one. */
static void requeue(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  stop_transfer(call);
  sr_gate_give(call, now, SR_OUTCOME_UNSENT, 0);
  memset(&call->error, 0, sizeof call->error);
  call->attempts--;
  call->retryable = call->repeatable || !call->sent;
  if (now < call->deadline)
    queue_again(engine, call, now);
  else
    end_without_answer(call, now, SR_TIMEOUT, "no_connection", "no connection before the deadline");
}

/* ---- the end of an attempt ---- */

/* The server's word, a window after a 429, or a back-off. */
static sr_time pause_before_retry(struct sr_engine *engine, const struct sr_call *call) {
  sr_time pause = sr_retry_backoff(call->attempts, sr_random(&engine->random));
  sr_time window = call->config->rate.window;
  if (call->error.kind == SR_RATE_LIMIT && pause < window)
    pause = window;
  return call->retry_after > pause ? call->retry_after : pause;
}

/*
** Waits for the next attempt if one is allowed and can begin before the deadline; else ends the
** call.
*/
static void retry_or_end(struct sr_engine *engine, struct sr_call *call, int sent, sr_time now) {
  struct sr_failure failure;
  sr_time pause;
  failure.error = &call->error;
  failure.sent = sent;
  failure.repeatable = call->repeatable;
  call->retryable = sr_retry_useful(&failure);
  pause = pause_before_retry(engine, call);
  if (!call->retryable || (call->paid && call->sent) || call->attempts > call->retries ||
      pause >= call->deadline - now) {
    if (call->error.kind == SR_RATE_LIMIT && call->retry_after < call->config->rate.window)
      call->retry_after = call->config->rate.window; /* the limiter holds that long */
    end_call(call, now);
    return;
  }
  call->due = now + pause;
  sr_call_add_event(call, SR_EVENT_RETRY, pause);
  enter_state(call, SR_STATE_BACKOFF, now);
}

/*
** Tells the limiter what an answer says. Returns what that has changed for all users of the limit.
*/
static enum sr_change settle_answer(struct sr_call *call, sr_time now) {
  enum sr_outcome outcome = sr_outcome_of_answer(call);
  sr_time hold = outcome == SR_OUTCOME_REFUSED ? sr_outcome_hold(call) : 0;
  enum sr_change change = sr_gate_give(call, now, outcome, hold);
  if (outcome == SR_OUTCOME_REFUSED)
    sr_call_add_event(call, SR_EVENT_RATE_LIMITED, hold);
  if (change == SR_CHANGE_UNBLOCKED)
    sr_call_add_event(call, SR_EVENT_UNBLOCKED, 0);
  return change;
}

/*
** This call's answer was the one too many: tells of the ban. Returns 1 if the call is to wait until
** it is over, 0 if its error is complete.
*/
static int tell_new_ban(struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  int waits;
  sr_gate_see_block(call, now, &ruling);
  waits = call->wait_blocked && !call->paid && call->attempts <= call->retries &&
          ruling.at < call->deadline;
  if (ruling.block == SR_BLOCK_KEY || waits) /* the server's refusal of a key says more */
    sr_call_add_event(call, SR_EVENT_BLOCKED, ruling.at - now);
  else
    sr_outcome_blocked(call, now, &ruling);
  call->ban_told = 1;
  return waits && ruling.block != SR_BLOCK_KEY;
}

/* There was no whole answer; call->error says why. */
static void end_failed_attempt(struct sr_engine *engine, struct sr_call *call, enum sr_reach reach,
                               sr_time now) {
  sr_gate_give(call, now, sr_outcome_without_answer(call, reach != SR_UNSENT), 0);
  sr_outcome_mask(call);
  sr_config_redact(call->config, call->error.message, strlen(call->error.message));
  call->in_doubt |= reach == SR_SENT;
  retry_or_end(engine, call, reach == SR_SENT, now);
}

static void end_answered_attempt(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  if (call->status >= 200 && call->status < 300) {
    settle_answer(call, now);
    if (call->sink != NULL && sr_sink_finish(call->sink) != 0)
      sr_sink_explain(call->sink, &call->error);
    end_call(call, now);
    return;
  }
  sr_outcome_mask(call);
  sr_outcome_read_answer(call);
  sr_config_redact(call->config, call->error.message, strlen(call->error.message));
  call->in_doubt |= call->error.kind == SR_SERVER;
  if (settle_answer(call, now) == SR_CHANGE_BLOCKED && !tell_new_ban(call, now))
    end_call(call, now);
  else
    retry_or_end(engine, call, 1, now);
}

/* One attempt is over: call->error is set if there was no answer, call->status if there was one. */
static void end_attempt(struct sr_engine *engine, struct sr_call *call, enum sr_reach reach,
                        sr_time now) {
  stop_transfer(call);
  call->sent |= reach == SR_SENT;
  call->retry_after = -1;
  if (call->error.kind == SR_NO_ERROR)
    end_answered_attempt(engine, call, now);
  else
    end_failed_attempt(engine, call, reach, now);
}

/* ---- the beginning of an attempt ---- */

static int may_send_now(struct sr_call *call) {
  return sr_gate_may_send(call, SR_NOW(call->engine));
}

/* How long the attempt in flight may take. */
static sr_time time_left(const struct sr_call *call, sr_time now) {
  sr_time left = call->deadline - now;
  sr_time attempt = call->since + call->attempt_timeout - now;
  if (call->attempt_timeout > 0 && attempt < left)
    left = attempt;
  return left > 0 ? left : 0;
}

/* CURLE_OK, or why nothing was begun. */
static CURLcode start_transfer(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_transfer *transfer = sr_multi_get(&engine->multi);
  sr_time real_now = call->real_time ? now : sr_clock_monotonic.now(NULL);
  CURLcode code = CURLE_OUT_OF_MEMORY;
  if (transfer == NULL)
    return code;
  code = sr_transfer_begin(transfer, call, may_send_now, real_now, time_left(call, now));
  if (code != CURLE_OK) {
    sr_transfer_delete(transfer);
    return code;
  }
  if (sr_multi_start(&engine->multi, transfer) != 0)
    return CURLE_OUT_OF_MEMORY;
  call->transfer = transfer;
  return CURLE_OK;
}

static void begin_attempt(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  CURLcode code;
  if (now - call->since >= WAIT_TOLD)
    sr_call_add_event(call, SR_EVENT_WAIT, now - call->since);
  call->attempts++;
  call->ban_told = 0;
  memset(&call->error, 0, sizeof call->error);
  call->status = 0;
  if (call->head.len > 0)
    sr_buf_clear(&call->head);
  if (call->answer.len > 0)
    sr_buf_clear(&call->answer);
  enter_state(call, SR_STATE_SENDING, now);
  if (call->sink != NULL && sr_sink_restart(call->sink) != 0) {
    sr_sink_explain(call->sink, &call->error);
    end_attempt(engine, call, SR_UNSENT, now);
    return;
  }
  if (engine->external) {
    if (call->tag != 0)
      make_ready(engine, call); /* or sr_engine_run hands it out */
    return;
  }
  code = start_transfer(engine, call, now);
  if (code == CURLE_OK)
    return;
  sr_error_from_curl(&call->error, (int)code, 0, "");
  end_attempt(engine, call, SR_UNSENT, now);
}

/* ---- slots for queued calls ---- */

/* A time for which other processes may wait, too. */
static sr_time spread(struct sr_engine *engine, const struct sr_call *call, sr_time at) {
  int alone = call->config->driver == NULL && !call->config->local.shared;
  return alone ? at : at + (sr_time)(sr_random(&engine->random) * (double)SPREAD);
}

static sr_time ask_again_at(struct sr_engine *engine, const struct sr_call *call, sr_time now,
                            const struct sr_ruling *ruling) {
  return spread(engine, call, ruling->at < now + ASK_EVERY ? ruling->at : now + ASK_EVERY);
}

/* The limiter had no slot for the call. */
static void wait_for_slot(struct sr_engine *engine, struct sr_call *call, sr_time now,
                          const struct sr_ruling *ruling) {
  sr_time earliest = sr_gate_earliest(call, now, 0);
  if (earliest >= call->deadline) /* a 429 holds all for longer */
    end_without_slot(call, now, earliest);
  else
    sr_gate_wait(call, ask_again_at(engine, call, now, ruling));
}

static void wait_for_ban(struct sr_engine *engine, struct sr_call *call, sr_time now,
                         const struct sr_ruling *ruling) {
  if (!call->wait_blocked || ruling->at >= call->deadline) {
    end_blocked(call, now, ruling);
    return;
  }
  if (!call->ban_told)
    sr_call_add_event(call, SR_EVENT_BLOCKED, ruling->at - now);
  call->ban_told = 1;
  call->due = ask_again_at(engine, call, now, ruling);
}

/* Applies the limiter's verdict to a queued call. */
static void obey(struct sr_engine *engine, struct sr_call *call, sr_time now,
                 enum sr_verdict verdict, const struct sr_ruling *ruling) {
  switch (verdict) {
  case SR_LIMIT_GRANTED:
    begin_attempt(engine, call, now);
    break;
  case SR_LIMIT_WAIT:
    wait_for_slot(engine, call, now, ruling);
    break;
  case SR_LIMIT_BLOCKED:
    wait_for_ban(engine, call, now, ruling);
    break;
  case SR_LIMIT_FAILED:
    sr_outcome_limiter_failed(call, ruling);
    end_call(call, now);
    break;
  case SR_LIMIT_ASKED:
    break;
  }
}

/* Asks for a queued call's slot if it is time to. Returns 1 if it got one. */
static int ask_again(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  enum sr_verdict verdict;
  if (now < sr_gate_ask_at(call))
    return 0;
  verdict = call->gate != NULL ? sr_gate_take(call, now, &ruling) : SR_LIMIT_GRANTED;
  obey(engine, call, now, verdict, &ruling);
  return verdict == SR_LIMIT_GRANTED;
}

int sr_engine_begin_queued(struct sr_engine *engine, sr_time now) {
  struct sr_call *call, *next;
  int begun = 0;
  for (call = SR_FIRST_CALL(engine); call != NULL; call = next) {
    next = SR_NEXT_CALL(engine, call);
    if (call->state == SR_STATE_QUEUED && now < call->deadline)
      begun += ask_again(engine, call, now);
  }
  return begun;
}

/* ---- one step ---- */

/*
** After a few failures of libcurl in a row, ends the attempts in flight: nobody could tell when
** something arrives for them.
*/
static void end_if_failing(struct sr_engine *engine, CURLMcode code, int *failures) {
  struct sr_call *call, *next;
  sr_time now;
  if (*failures < FAILURES_MAX)
    return;
  *failures = 0;
  now = SR_NOW(engine);
  for (call = SR_FIRST_CALL(engine); call != NULL; call = next) {
    int sent;
    next = SR_NEXT_CALL(engine, call);
    if (call->transfer == NULL)
      continue;
    sent = sr_transfer_sent(call->transfer);
    sr_error_set(&call->error, SR_NETWORK, "poll_failed", NULL,
                 "waiting for the network failed: %s", curl_multi_strerror(code));
    end_attempt(engine, call, sent ? SR_SENT : SR_UNSENT, now);
  }
}

/* Lets libcurl work, and takes what it has finished. Returns the time. */
static sr_time work_transfers(struct sr_engine *engine) {
  struct sr_transfer *transfer;
  CURLMcode worked;
  CURLcode result;
  sr_time now;
  if (engine->multi.running == 0)
    return SR_NOW(engine);
  worked = sr_multi_work(&engine->multi);
  now = SR_NOW(engine);
  engine->works_failed = worked == CURLM_OK ? 0 : engine->works_failed + 1;
  if (worked != CURLM_OK)
    end_if_failing(engine, worked, &engine->works_failed);
  while (engine->multi.running > 0 &&
         (transfer = sr_multi_finished(&engine->multi, &result)) != NULL) {
    struct sr_call *call = transfer->call;
    if (transfer->late) {
      requeue(engine, call, now);
    } else {
      enum sr_reach reach = sr_transfer_finish(transfer, result, &call->error);
      end_attempt(engine, call, reach, now);
    }
  }
  return now;
}

/* Lets the limiters that ask a server read and write. */
static void work_limiters(struct sr_engine *engine, sr_time now) {
  struct sr_gate *gate;
  for (gate = SR_FIRST_ASKING(engine); gate != NULL; gate = SR_NEXT_ASKING(engine, gate)) {
    enum sr_change change;
    gate->driver->work(gate->limiter, now);
    while ((change = sr_gate_news(gate)) != SR_CHANGE_NONE) {
      struct sr_call *call = SR_FIRST_CALL(engine);
      struct sr_ruling ruling;
      while (call != NULL && call->gate != gate)
        call = SR_NEXT_CALL(engine, call);
      if (call == NULL)
        continue;
      sr_gate_see_block(call, now, &ruling);
      sr_call_add_event(call, change == SR_CHANGE_BLOCKED ? SR_EVENT_BLOCKED : SR_EVENT_UNBLOCKED,
                        ruling.at > now ? ruling.at - now : 0);
    }
  }
}

/* The call's deadline is over. */
static void expire(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  if (call->state == SR_STATE_QUEUED && sr_gate_is_silent(call, now, &ruling)) {
    sr_gate_give(call, now, SR_OUTCOME_UNSENT, 0);
    sr_outcome_limiter_failed(call, &ruling);
    end_call(call, now);
  } else if (call->state == SR_STATE_QUEUED) {
    end_without_slot(call, now, call->gate != NULL ? sr_gate_earliest(call, now, 0) : now);
  } else if (call->state == SR_STATE_BACKOFF) {
    end_without_answer(call, now, SR_TIMEOUT, "no_answer", "no answer before the deadline");
  } else if (!engine->external) {
    int sent = sr_transfer_sent(call->transfer);
    call->sent |= sent;
    sr_gate_give(call, now, sr_outcome_without_answer(call, sent), 0);
    call->retryable = call->repeatable || !call->sent;
    end_without_answer(call, now, SR_TIMEOUT, call->sent ? "no_answer" : "no_connection",
                       call->sent ? "no answer before the deadline"
                                  : "no connection before the deadline");
  }
}

/*
** Deadlines and back-offs that are over. A call that is queued again is seen again, and not due
** then.
*/
static void check_times(struct sr_engine *engine, sr_time now) {
  struct sr_call *call, *next;
  for (call = SR_FIRST_CALL(engine); call != NULL; call = next) {
    next = SR_NEXT_CALL(engine, call);
    if (now >= call->deadline)
      expire(engine, call, now);
    else if (call->state == SR_STATE_BACKOFF && call->due <= now)
      queue_again(engine, call, now);
  }
  engine->look_at = SR_NEVER;
  for (call = SR_FIRST_CALL(engine); call != NULL; call = SR_NEXT_CALL(engine, call))
    if (SR_DUE(call) < engine->look_at)
      engine->look_at = SR_DUE(call);
}

void sr_engine_forget_parent(struct sr_engine *engine) {
  struct sr_call *call;
  engine->forks = sr_fork_count();
  engine->random ^= (uint64_t)getpid() << 32; /* or all children would come back at the same time */
  sr_multi_forget(&engine->multi);
  engine->polls_failed = engine->works_failed = 0;
  sr_gates_forked(&engine->gates);
  while ((call = SR_FIRST_CALL(engine)) != NULL) {
    call->transfer = NULL;
    memset(&call->slot, 0, sizeof call->slot); /* the parent gives it back */
    sr_error_set(&call->error, SR_CANCELLED, "forked", NULL,
                 "the process forked while the call was under way");
    end_call(call, SR_NOW(engine));
  }
}

sr_time sr_engine_take_step(struct sr_engine *engine) {
  sr_time now = work_transfers(engine);
  if (engine->polls_failed > 0)
    end_if_failing(engine, engine->poll_code, &engine->polls_failed);
  if (engine->multi.running == 0 && engine->multi.has_connections)
    sr_engine_drop_idle(engine, now);
  if (engine->gates.asking_count > 0)
    work_limiters(engine, now);
  if (now >= engine->look_at)
    check_times(engine, now);
  if (engine->queued > 0 && sr_engine_begin_queued(engine, now) > 0)
    now = work_transfers(engine);
  return now;
}

void sr_engine_step(struct sr_engine *engine) {
  SR_CHECK_PROCESS(engine);
  sr_engine_take_step(engine);
}

/* ---- calls of callers ---- */

/*
** How many calls wait, if those are as many as the client wants. Calls that get a slot at once, or
** are being asked for, do not wait.
*/
static int count_if_full(struct sr_engine *engine, const struct sr_call *call, sr_time now) {
  int max = call->config->max_queue, waiting;
  if (call->gate->waiting < max)
    return 0;
  sr_engine_begin_queued(engine, now);
  waiting = call->gate->waiting - call->gate->asked;
  return waiting >= max ? waiting : 0;
}

/*
** Queues a new call, unless it gets a slot at once. It asks for one itself only if no other call
** waits for the same limit, and if its limiter can answer at once.
*/
static void queue_new(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  enum sr_verdict verdict = SR_LIMIT_ASKED;
  struct sr_ruling ruling;
  int asks = call->gate == NULL || (call->gate->waiting == 0 && call->gate->driver->work == NULL &&
                                    now >= call->gate->not_before);
  if (asks)
    verdict = call->gate != NULL ? sr_gate_take(call, now, &ruling) : SR_LIMIT_GRANTED;
  if (verdict != SR_LIMIT_GRANTED)
    enter_state(call, SR_STATE_QUEUED, now);
  obey(engine, call, now, verdict, &ruling);
  if (!asks)
    check_turn(engine, call, now);
}

void sr_engine_submit_at(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  int waiting = 0;
  call->engine = engine;
  call->cancel = sr_engine_cancel;
  call->gate = NULL;
  call->started = call->since = call->due = now;
  call->deadline = now + call->timeout;
  call->real_time = engine->clock.now == sr_clock_monotonic.now;
  if (call->deadline < engine->look_at)
    engine->look_at = call->deadline;
  engine->tls |= !call->config->plain_http;
  sr_list_append(&engine->calls, &call->node);
  if (call->config->key.len == 0 && !call->config->token_off) {
    sr_outcome_no_key(call);
    end_call(call, now);
    return;
  }
  if (call->config->limited && (call->gate = sr_gates_get(&engine->gates, call->config)) == NULL) {
    sr_error_no_memory(&call->error);
    end_call(call, now);
    return;
  }
  if (call->gate != NULL && call->gate->waiting > 0 && call->config->max_queue > 0)
    waiting = count_if_full(engine, call, now);
  if (waiting > 0) {
    sr_outcome_queue_full(call, waiting);
    end_call(call, now);
    return;
  }
  queue_new(engine, call, now);
}

void sr_engine_submit(struct sr_engine *engine, struct sr_call *call, uint64_t tag) {
  SR_CHECK_PROCESS(engine);
  call->tag = tag;
  sr_engine_submit_at(engine, call, SR_NOW(engine));
}

int sr_engine_requeue_if_late(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  if (call->state != SR_STATE_SENDING || sr_gate_may_send(call, now))
    return 0;
  requeue(engine, call, now);
  return 1;
}

void sr_engine_cancel(struct sr_call *call) {
  struct sr_engine *engine = call->engine;
  struct sr_sigpipe sigpipe;
  sr_time now;
  if (engine == NULL)
    return;
  SR_CHECK_PROCESS(engine);
  if (call->state == SR_STATE_DONE)
    return;
  now = SR_NOW(engine);
  if (call->state == SR_STATE_SENDING) {
    int sent = call->transfer == NULL || sr_transfer_sent(call->transfer);
    call->sent |= sent;
    sr_gate_give(call, now, sr_outcome_without_answer(call, sent), 0);
  }
  sr_gate_give(call, now, SR_OUTCOME_UNSENT, 0); /* one that was only asked for */
  sr_sigpipe_hold(&sigpipe, engine->tls);
  stop_transfer(call);
  sr_sigpipe_release(&sigpipe);
  sr_outcome_mask(call);
  sr_error_set(&call->error, SR_CANCELLED, "cancelled", NULL, "the call was cancelled");
  end_call(call, now);
}

/* ---- attempts that the caller carries out ---- */

void sr_engine_answer(struct sr_call *call, int status, const char *head, size_t head_len,
                      const char *body, size_t body_len) {
  struct sr_engine *engine = call->engine;
  sr_time now;
  if (engine != NULL)
    SR_CHECK_PROCESS(engine);
  if (engine == NULL || call->state != SR_STATE_SENDING)
    return;
  now = SR_NOW(engine);
  sr_buf_clear(&call->head);
  sr_buf_clear(&call->answer);
  call->status = 0;
  if (call->sink != NULL && status / 100 == 2) {
    if (sr_sink_write(call->sink, body, body_len) != 0)
      sr_sink_explain(call->sink, &call->error);
    body_len = 0;
  }
  if (call->error.kind != SR_NO_ERROR)
    ; /* the sink did not take the body */
  else if (head_len > call->max_headers || body_len > call->max_body)
    sr_error_set(&call->error, SR_TOO_LARGE, head_len > call->max_headers ? "headers" : "body",
                 NULL, "the answer is larger than the limit");
  else if (sr_buf_append(&call->head, head, head_len) != 0 ||
           sr_buf_append(&call->answer, body, body_len) != 0)
    sr_error_no_memory(&call->error);
  else if (now >= call->deadline)
    sr_error_set(&call->error, SR_TIMEOUT, "no_answer", NULL, "no answer before the deadline");
  else
    call->status = status;
  if (call->error.kind != SR_NO_ERROR)
    sr_gate_give(call, now, SR_OUTCOME_ANSWERED, 0);
  call->http_version = "1.1";
  end_attempt(engine, call, SR_SENT, now);
}

void sr_engine_fail(struct sr_call *call, const struct sr_error *error, int sent) {
  struct sr_engine *engine = call->engine;
  if (engine != NULL)
    SR_CHECK_PROCESS(engine);
  if (engine == NULL || call->state != SR_STATE_SENDING)
    return;
  call->error = *error;
  end_attempt(engine, call, sent ? SR_SENT : SR_UNSENT, SR_NOW(engine));
}

sr_time sr_engine_time_left(const struct sr_call *call) {
  return call->engine != NULL ? time_left(call, SR_NOW(call->engine)) : 0;
}
