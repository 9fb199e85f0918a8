/* The steps of a Redis limiter on their way to the server and back.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long takes wait for a server that was there a moment ago to come back. */
#define GRACE SR_REDIS_TIMEOUT

/* Pauses between attempts to connect, and the longest one while the server is to be told something. */
#define BACKOFF_MIN  (SR_SECOND / 20)
#define BACKOFF_TELL (SR_SECOND / 2)
#define BACKOFF_MAX  (2 * SR_SECOND)

static void move_last(struct sr_list *list, struct sr_step *step) {
  sr_list_remove(&step->node);
  sr_list_append(list, &step->node);
}

static void move_first(struct sr_list *list, struct sr_step *step) {
  sr_list_remove(&step->node);
  sr_list_prepend(list, &step->node);
}

struct sr_step *sr_queue_add(struct sr_limiter *limiter, enum sr_step_kind kind,
                             const struct sr_rate *rate, sr_time now) {
  struct sr_step *step = calloc(1, sizeof *step);
  if (step == NULL)
    return NULL;
  limiter->rate = *rate;
  step->kind = kind;
  step->rate = *rate;
  step->number = ++limiter->number;
  step->asked = now;
  step->answer = SR_LIMIT_ASKED;
  step->index = -1;
  sr_list_append(&limiter->waiting, &step->node);
  return step;
}

void sr_queue_drop(struct sr_step *step) {
  sr_list_remove(&step->node);
  free(step);
}

void sr_queue_undo(struct sr_limiter *limiter, struct sr_step *step, sr_time now) {
  step->kind = SR_STEP_GIVE;
  step->outcome = SR_OUTCOME_UNSENT;
  step->asked = now;
  step->window = step->hold = 0;
  step->expires = step->want.lease + SR_REDIS_TIMEOUT;
  step->send_script = 0;
  move_last(&limiter->waiting, step);
}

/* ---- when the server can't be reached ---- */

static void set_problem(struct sr_limiter *limiter, const char *problem, int lasting) {
  snprintf(limiter->problem, sizeof limiter->problem, "%s", problem);
  limiter->lasting = lasting;
}

void sr_queue_fail(struct sr_limiter *limiter, struct sr_step *step, const char *problem) {
  step->answer = SR_LIMIT_FAILED;
  memset(&step->ruling, 0, sizeof step->ruling);
  snprintf(step->ruling.problem, sizeof step->ruling.problem, "%s", problem);
  step->ruling.lasting = limiter->lasting;
  move_last(&limiter->answered, step);
}

static void fail_overdue(struct sr_limiter *limiter, struct sr_step *step) {
  char problem[SR_WIRE_PROBLEM];
  snprintf(problem, sizeof problem, "%.80s: no answer within %d s", limiter->address.place.data,
           (int)(SR_REDIS_TIMEOUT / SR_SECOND));
  sr_queue_fail(limiter, step, limiter->problem[0] != '\0' ? limiter->problem : problem);
}

/* Ends what somebody waits for. What the server must learn stays. */
static void fail_waiting(struct sr_limiter *limiter) {
  struct sr_step *step, *next;
  for (step = sr_step_first(&limiter->waiting); step != NULL; step = next) {
    next = sr_step_next(&limiter->waiting, step);
    if (step->kind == SR_STEP_TAKE)
      sr_queue_fail(limiter, step, limiter->problem);
    else if (step->kind == SR_STEP_VIEW)
      sr_queue_drop(step);
  }
}

static int in_grace(const struct sr_limiter *limiter, sr_time now) {
  return limiter->lost && now - limiter->lost_at < GRACE;
}

/*
** A take may have been carried out although its answer is lost: gives back what it may have got,
** before anything else is sent.
*/
static void undo_lost_take(struct sr_limiter *limiter, const struct sr_step *take, sr_time now) {
  struct sr_step *lost = calloc(1, sizeof *lost);
  if (lost == NULL)
    return; /* the lease ends it */
  lost->want = take->want;
  lost->rate = take->rate;
  lost->number = take->number;
  lost->index = -1;
  sr_queue_undo(limiter, lost, now);
  move_first(&limiter->waiting, lost);
}

/* What was in flight waits again. */
static void requeue_in_flight(struct sr_limiter *limiter, sr_time now) {
  struct sr_step *step;
  while ((step = SR_LIST_LAST(&limiter->in_flight, struct sr_step, node)) != NULL) {
    move_first(&limiter->waiting, step);
    step->send_script = step->in_flight = 0;
    if (step->kind != SR_STEP_TAKE)
      continue;
    if (step->orphan) {
      sr_queue_undo(limiter, step, now);
      continue;
    }
    undo_lost_take(limiter, step, now);
    step->number = ++limiter->number;
  }
}

static sr_time backoff_of(const struct sr_limiter *limiter) {
  const struct sr_step *step;
  sr_time pause = BACKOFF_MIN, most = BACKOFF_MAX;
  int i;
  for (step = sr_step_first(&limiter->waiting); step != NULL;
       step = sr_step_next(&limiter->waiting, step))
    if (step->kind == SR_STEP_GIVE || step->kind == SR_STEP_TAKE)
      most = BACKOFF_TELL;
  for (i = 1; i < limiter->failures && pause < most; i++)
    pause *= 2;
  return pause < most ? pause : most;
}

/* The connection has just gone down. The first time it is made again at once. */
static void on_wire_down(struct sr_limiter *limiter, sr_time now) {
  set_problem(limiter, limiter->wire.problem, limiter->wire.lasting);
  requeue_in_flight(limiter, now);
  if (limiter->has_answered) {
    limiter->has_answered = 0;
    limiter->lost = 1;
    limiter->lost_at = now;
    limiter->failures = 0;
    limiter->retry_at = now;
  } else {
    limiter->failures++;
    limiter->retry_at = now + backoff_of(limiter);
  }
}

/* ---- sending ---- */

static void end_expired(struct sr_limiter *limiter, sr_time now) {
  struct sr_step *step, *next;
  for (step = sr_step_first(&limiter->waiting); step != NULL; step = next) {
    next = sr_step_next(&limiter->waiting, step);
    if ((step->kind == SR_STEP_GIVE || step->kind == SR_STEP_RESET) && now >= step->expires)
      sr_queue_drop(step);
    else if (step->kind == SR_STEP_TAKE && now - step->asked >= SR_REDIS_TIMEOUT)
      fail_overdue(limiter, step);
  }
}

/* The first step that may be sent now. */
static struct sr_step *next_to_send(const struct sr_limiter *limiter, sr_time now) {
  struct sr_step *step = sr_step_first(&limiter->waiting);
  while (step != NULL && step->kind == SR_STEP_GIVE && now < limiter->tell_at)
    step = sr_step_next(&limiter->waiting, step);
  return step;
}

static void send_step(struct sr_limiter *limiter, struct sr_step *step, sr_time now) {
  move_last(&limiter->in_flight, step);
  sr_step_send(step, &limiter->wire, limiter->id, limiter->key.data, now);
}

void sr_queue_send(struct sr_limiter *limiter, sr_time now) {
  struct sr_step *step;
  end_expired(limiter, now);
  while ((step = next_to_send(limiter, now)) != NULL) {
    if (limiter->wire.state == SR_WIRE_UP) {
      send_step(limiter, step, now);
    } else if (limiter->wire.state != SR_WIRE_DOWN) {
      return;
    } else if (now >= limiter->retry_at) {
      sr_wire_connect(&limiter->wire, now);
    } else {
      if (!in_grace(limiter, now))
        fail_waiting(limiter);
      return;
    }
    if (limiter->wire.state == SR_WIRE_DOWN)
      on_wire_down(limiter, now);
  }
}

/* ---- answers ---- */

static void on_take_answer(struct sr_limiter *limiter, struct sr_step *step,
                           const struct sr_step_answer *answer, sr_time now) {
  static const enum sr_verdict verdicts[] = {SR_LIMIT_GRANTED, SR_LIMIT_WAIT, SR_LIMIT_BLOCKED};
  memset(&step->ruling, 0, sizeof step->ruling);
  step->ruling.at = sr_snapshot_time(&answer->state, answer->at);
  step->ruling.block = answer->state.block;
  step->ruling.silent = answer->state.next != 0;
  step->index = answer->index;
  step->probe = answer->probe;
  step->lone = answer->state.next != 0;
  step->answer = verdicts[answer->code];
  if (!step->orphan)
    move_last(&limiter->answered, step);
  else if (step->answer == SR_LIMIT_GRANTED)
    sr_queue_undo(limiter, step, now);
  else
    sr_queue_drop(step);
}

/* Errors that another connection may not have: the server is starting, or is a replica now. */
static int is_connections_error(const char *error) {
  return sr_wire_error_is(error, "LOADING") || sr_wire_error_is(error, "READONLY") ||
         sr_wire_error_is(error, "MASTERDOWN") || sr_wire_error_is(error, "NOAUTH");
}

static void on_error(struct sr_limiter *limiter, struct sr_step *step, const char *error,
                     sr_time now) {
  char why[SR_WIRE_PROBLEM], problem[SR_WIRE_PROBLEM];
  int lasting;
  if (sr_wire_error_is(error, "NOSCRIPT") && !step->send_script) {
    step->send_script = 1;
    move_last(&limiter->waiting, step);
    return;
  }
  lasting = sr_wire_explain(&limiter->wire, error, why, sizeof why);
  if (is_connections_error(error)) {
    move_first(&limiter->in_flight, step); /* requeued with the others */
    sr_wire_fail(&limiter->wire, "%s", why);
    limiter->wire.lasting = lasting;
    return;
  }
  snprintf(problem, sizeof problem, "%.80s: %.77s", limiter->address.place.data, why);
  set_problem(limiter, problem, lasting);
  if (step->kind == SR_STEP_TAKE && !step->orphan) {
    sr_queue_fail(limiter, step, problem);
  } else if (step->kind == SR_STEP_GIVE) {
    limiter->tell_at = now + BACKOFF_TELL;
    move_last(&limiter->waiting, step);
  } else {
    sr_queue_drop(step);
  }
}

/* `reply` answers the first step in flight. The connection may be down afterwards. */
static void on_reply(struct sr_limiter *limiter, const redisReply *reply, sr_time now) {
  struct sr_step *step = sr_step_first(&limiter->in_flight);
  struct sr_step_answer answer;
  if (step == NULL) {
    sr_wire_fail(&limiter->wire, "it said something that it was not asked");
    return;
  }
  if (reply->type != REDIS_REPLY_ERROR && !sr_step_read(&answer, step, reply, now)) {
    sr_wire_fail(&limiter->wire, "it gave an answer that the limiter's script does not give");
    return;
  }
  sr_list_remove(&step->node);
  step->in_flight = 0;
  if (reply->type == REDIS_REPLY_ERROR) {
    on_error(limiter, step, reply->str, now);
    return;
  }
  limiter->seen = answer.state;
  limiter->has_answered = 1;
  limiter->lost = 0;
  limiter->failures = 0;
  set_problem(limiter, "", 0);
  if (step->kind == SR_STEP_TAKE) {
    on_take_answer(limiter, step, &answer, now);
    return;
  }
  if (step->kind == SR_STEP_GIVE) {
    if (step->outcome == SR_OUTCOME_REFUSED)
      limiter->held_until = 0; /* the server holds everybody now, until somebody resets it */
    limiter->blocked += answer.code == 1;
    limiter->unblocked += answer.code == 2;
  }
  sr_queue_drop(step);
}

static void read_replies(struct sr_limiter *limiter, sr_time now) {
  const struct sr_step *oldest;
  sr_wire_work(&limiter->wire, now);
  while (limiter->wire.state == SR_WIRE_UP) {
    redisReply *reply = sr_wire_reply(&limiter->wire);
    if (reply == NULL)
      break;
    on_reply(limiter, reply, now);
    freeReplyObject(reply);
  }
  oldest = sr_step_first(&limiter->in_flight);
  if (limiter->wire.state == SR_WIRE_UP && oldest != NULL && now - oldest->sent >= SR_REDIS_TIMEOUT)
    sr_wire_fail(&limiter->wire, "no answer within %d s", (int)(SR_REDIS_TIMEOUT / SR_SECOND));
  if (limiter->wire.state == SR_WIRE_DOWN)
    on_wire_down(limiter, now);
}

void sr_queue_work(struct sr_limiter *limiter, sr_time now) {
  if (limiter->wire.state != SR_WIRE_DOWN)
    read_replies(limiter, now);
  sr_queue_send(limiter, now);
}

static sr_time sooner(sr_time a, sr_time b) {
  return a < b ? a : b;
}

sr_time sr_queue_wake(const struct sr_limiter *limiter) {
  sr_time at = sr_wire_wake(&limiter->wire);
  const struct sr_step *step = sr_step_first(&limiter->in_flight);
  enum sr_wire_state state = limiter->wire.state;
  if (step != NULL)
    at = sooner(at, step->sent + SR_REDIS_TIMEOUT);
  for (step = sr_step_first(&limiter->waiting); step != NULL;
       step = sr_step_next(&limiter->waiting, step)) {
    if (step->kind == SR_STEP_TAKE)
      at = sooner(at, step->asked + SR_REDIS_TIMEOUT);
    else if (step->kind != SR_STEP_VIEW)
      at = sooner(at, step->expires);
    if (state == SR_WIRE_DOWN)
      at = sooner(at, limiter->retry_at);
    else if (state == SR_WIRE_UP && step->kind == SR_STEP_GIVE)
      at = sooner(at, limiter->tell_at);
  }
  return at;
}
