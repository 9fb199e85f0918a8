/* The limiter of many machines, as the engine sees it.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis.h"

#include "base/sr_fork.h"
#include "limit/redis/sr_redis_queue.h"
#include "limit/sr_turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A view asks the server again when what is known is older. */
#define VIEW_FRESH  (SR_SECOND / 20)
/* Older knowledge does not refuse a call. */
#define BOUND_FRESH SR_SECOND

static const char *redis_check(const char *settings) {
  struct sr_redis_address address;
  const char *problem = sr_redis_address_parse(&address, settings);
  if (problem == NULL)
    sr_redis_address_fini(&address);
  return problem;
}

/* ---- one for each engine ---- */

static void drop_all(const struct sr_list *list) {
  struct sr_step *step;
  while ((step = sr_step_first(list)) != NULL)
    sr_queue_drop(step);
}

static void redis_close(struct sr_limiter *limiter) {
  drop_all(&limiter->waiting);
  drop_all(&limiter->in_flight);
  drop_all(&limiter->answered);
  sr_wire_fini(&limiter->wire);
  sr_redis_address_fini(&limiter->address);
  sr_buf_fini(&limiter->key);
  free(limiter);
}

/* The server must never take one limiter for another. */
static void set_id(struct sr_limiter *limiter) {
  snprintf(limiter->id, sizeof limiter->id, "%016" PRIx64, sr_random_seed());
}

static struct sr_limiter *redis_open(const char *settings,
                                     const struct sr_limit_identity *identity) {
  struct sr_limiter *limiter = sr_fork_watch() == 0 ? calloc(1, sizeof *limiter) : NULL;
  char name[17];
  if (limiter == NULL)
    return NULL;
  sr_list_init(&limiter->waiting);
  sr_list_init(&limiter->in_flight);
  sr_list_init(&limiter->answered);
  limiter->wire.address = &limiter->address;
  limiter->wire.script = sr_redis_script;
  limiter->rate.slots = 1;
  limiter->rate.window = SR_SECOND;
  set_id(limiter);
  snprintf(name, sizeof name, "%016" PRIx64, identity->name);
  if (sr_redis_address_parse(&limiter->address, settings) == NULL &&
      sr_buf_puts(&limiter->key, limiter->address.prefix.data) == 0 &&
      sr_buf_puts(&limiter->key, name) == 0)
    return limiter;
  redis_close(limiter);
  return NULL;
}

/* Ends takes; the parent tells the server the rest. */
static void end_steps(struct sr_limiter *limiter, const struct sr_list *list) {
  struct sr_step *step;
  while ((step = sr_step_first(list)) != NULL) {
    step->in_flight = 0;
    if (step->kind == SR_STEP_TAKE && !step->orphan)
      sr_queue_fail(limiter, step, "the process forked");
    else
      sr_queue_drop(step);
  }
}

static void redis_forked(struct sr_limiter *limiter) {
  struct sr_step *step;
  sr_wire_forget(&limiter->wire);
  set_id(limiter);
  end_steps(limiter, &limiter->in_flight);
  end_steps(limiter, &limiter->waiting);
  for (step = sr_step_first(&limiter->answered); step != NULL;
       step = sr_step_next(&limiter->answered, step))
    step->forked = 1;
  limiter->failures = limiter->has_answered = limiter->lost = 0;
  limiter->blocked = limiter->unblocked = 0;
  limiter->retry_at = limiter->tell_at = 0;
}

/* ---- slots ---- */

/* The verdict on the step of `slot`, which is empty afterwards unless it is held or still asked for. */
static enum sr_verdict take_verdict(struct sr_step *step, struct sr_slot *slot,
                                    struct sr_ruling *ruling) {
  enum sr_verdict verdict = step->answer;
  if (verdict == SR_LIMIT_ASKED)
    return verdict;
  *ruling = step->ruling;
  memset(slot, 0, sizeof *slot);
  if (verdict != SR_LIMIT_GRANTED || step->forked) {
    sr_queue_drop(step);
    return verdict == SR_LIMIT_GRANTED ? SR_LIMIT_FAILED : verdict;
  }
  slot->state = SR_SLOT_HELD;
  slot->index = step->index;
  slot->send_time = step->want.send_time;
  slot->stamp = (int64_t)step->number;
  slot->probe = step->probe;
  slot->lone = step->lone;
  slot->send_by = step->send_by;
  slot->request = step;
  return verdict;
}

static enum sr_verdict redis_take(struct sr_limiter *limiter, const struct sr_want *want,
                                  sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  if (slot->state == SR_SLOT_NONE) {
    struct sr_step *step = sr_queue_add(limiter, SR_STEP_TAKE, &want->rate, now);
    memset(ruling, 0, sizeof *ruling);
    if (step == NULL) {
      snprintf(ruling->problem, sizeof ruling->problem, "memory ran out");
      return SR_LIMIT_FAILED;
    }
    step->want = *want;
    slot->state = SR_SLOT_ASKED;
    slot->request = step;
    sr_queue_send(limiter, now);
  }
  return take_verdict(slot->request, slot, ruling);
}

/*
** Checks what this process knows: its own 429s on their way to the server, and the state that came
** with the server's last answer to whatever step. That answer is never older than the slot's grant.
*/
static int redis_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                       struct sr_slot *slot) {
  const struct sr_snapshot *seen = &limiter->seen;
  (void)rate;
  return now < slot->send_by && now >= limiter->held_until &&
         now >= sr_snapshot_time(seen, seen->held) &&
         (seen->block == SR_BLOCK_NONE || slot->probe != 0) && (seen->next == 0 || slot->lone != 0);
}

/* A take that nobody wants any more: nothing is sent with it. */
static void abandon(struct sr_limiter *limiter, struct sr_step *step, sr_time now) {
  if (step->in_flight) {
    step->orphan = 1;
  } else if (step->answer == SR_LIMIT_GRANTED && !step->forked) {
    sr_queue_undo(limiter, step, now);
    sr_queue_send(limiter, now);
  } else {
    sr_queue_drop(step);
  }
}

static enum sr_change redis_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                 sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                 sr_time hold) {
  struct sr_step *step = slot->request;
  int held = slot->state == SR_SLOT_HELD, empty = slot->state == SR_SLOT_NONE;
  memset(slot, 0, sizeof *slot);
  if (empty)
    return SR_CHANGE_NONE;
  if (!held || step->forked) {
    abandon(limiter, step, now);
    return SR_CHANGE_NONE;
  }
  sr_queue_undo(limiter, step, now);
  step->outcome = outcome;
  step->send_time = step->want.send_time;
  step->rate = *rate;
  step->window = rate->window + (outcome == SR_OUTCOME_SILENT ? SR_LATE_COUNT : 0);
  step->hold = outcome == SR_OUTCOME_REFUSED ? hold : 0;
  if (step->expires < now + step->hold)
    step->expires = now + step->hold;
  if (limiter->held_until < now + step->hold)
    limiter->held_until = now + step->hold;
  sr_queue_send(limiter, now);
  return SR_CHANGE_NONE; /* `news` tells it when the server has said so */
}

/*
** A slot that was leased when the server answered may have come back right afterwards. Knowledge that
** is too old bounds nothing, or a call could be refused for ever by what was true once.
*/
static sr_time redis_earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                              unsigned ahead) {
  const struct sr_snapshot *seen = &limiter->seen;
  sr_time at[SR_LIMIT_SLOTS], least;
  int i;
  if (!seen->known || now - seen->at > BOUND_FRESH || rate->slots > seen->slots)
    return now;
  least = sr_snapshot_time(seen, seen->held);
  if (seen->next != 0 && least < sr_snapshot_time(seen, seen->next))
    least = sr_snapshot_time(seen, seen->next);
  if (least < now)
    least = now;
  for (i = 0; i < rate->slots; i++) {
    at[i] = sr_snapshot_time(seen, seen->free_at[i]);
    if (seen->leased[i] && at[i] > seen->at + rate->window)
      at[i] = seen->at + rate->window;
    if (at[i] < least)
      at[i] = least;
  }
  return sr_turn(at, rate->slots, rate->window, ahead);
}

/* ---- for people ---- */

static int has_view(const struct sr_list *list) {
  const struct sr_step *step;
  for (step = sr_step_first(list); step != NULL; step = sr_step_next(list, step))
    if (step->kind == SR_STEP_VIEW)
      return 1;
  return 0;
}

static void ask_for_view(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now) {
  if ((!limiter->seen.known || now - limiter->seen.at > VIEW_FRESH) &&
      !has_view(&limiter->waiting) && !has_view(&limiter->in_flight) &&
      sr_queue_add(limiter, SR_STEP_VIEW, rate, now) != NULL)
    sr_queue_send(limiter, now);
}

static void copy_seen(const struct sr_snapshot *seen, sr_time now, struct sr_limit_view *out) {
  int i;
  for (i = 0; i < out->rate.slots && i < seen->slots; i++) {
    out->free_at[i] = sr_snapshot_time(seen, seen->free_at[i]);
    out->leased[i] = seen->leased[i] && out->free_at[i] > now;
  }
  if (seen->held > seen->server_now)
    out->held_until = sr_snapshot_time(seen, seen->held);
  if (seen->block != SR_BLOCK_NONE) {
    out->block = seen->block;
    out->blocked_until = sr_snapshot_time(seen, seen->until);
    out->probing = sr_snapshot_time(seen, seen->probe) > now;
  }
  out->level = seen->level;
  out->strikes = seen->strikes;
  if (seen->next != 0) {
    out->silent = 1;
    out->silent_until = sr_snapshot_time(seen, seen->next);
  }
}

/* Shows what is known, and asks for what is new: that is known when the limiter is idle. */
static void redis_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *out) {
  struct sr_rate rate = out->rate;
  int i;
  ask_for_view(limiter, &rate, now);
  memset(out, 0, sizeof *out);
  out->rate = rate;
  out->held_until = now;
  for (i = 0; i < rate.slots; i++)
    out->free_at[i] = now;
  if (limiter->seen.known)
    copy_seen(&limiter->seen, now, out);
  out->scope = "redis";
  out->place = limiter->address.place.data;
  snprintf(out->problem, sizeof out->problem, "%s", limiter->problem);
}

static void redis_reset(struct sr_limiter *limiter, sr_time now) {
  struct sr_rate rate = limiter->rate;
  struct sr_step *step = sr_queue_add(limiter, SR_STEP_RESET, &rate, now);
  limiter->held_until = 0;
  if (step == NULL)
    return;
  step->expires = now + SR_REDIS_TIMEOUT;
  sr_queue_send(limiter, now);
}

/* ---- the connection ---- */

static int redis_watch(struct sr_limiter *limiter, struct sr_watch *watches) {
  return sr_wire_watch(&limiter->wire, watches);
}

static sr_time redis_wake(struct sr_limiter *limiter) {
  return sr_queue_wake(limiter);
}

static enum sr_change redis_news(struct sr_limiter *limiter) {
  if (limiter->blocked > 0) {
    limiter->blocked--;
    return SR_CHANGE_BLOCKED;
  }
  if (limiter->unblocked > 0) {
    limiter->unblocked--;
    return SR_CHANGE_UNBLOCKED;
  }
  return SR_CHANGE_NONE;
}

/* Whether a list has anything but takes that somebody waits for. */
static int has_news_for_server(const struct sr_list *list) {
  const struct sr_step *step;
  for (step = sr_step_first(list); step != NULL; step = sr_step_next(list, step))
    if (step->kind != SR_STEP_TAKE || step->orphan)
      return 1;
  return 0;
}

static int redis_idle(struct sr_limiter *limiter) {
  return !has_news_for_server(&limiter->waiting) && !has_news_for_server(&limiter->in_flight);
}

/* Whether there are steps of this process: those from before a fork are given back by nobody. */
static int has_own(const struct sr_list *list) {
  const struct sr_step *step = sr_step_first(list);
  while (step != NULL && step->forked)
    step = sr_step_next(list, step);
  return step != NULL;
}

/* The server keeps the limit; only what it must still learn is lost by closing. */
static sr_time redis_keep_until(struct sr_limiter *limiter, sr_time now) {
  (void)now;
  return has_own(&limiter->waiting) || has_own(&limiter->in_flight) || has_own(&limiter->answered)
             ? SR_NEVER
             : 0;
}

const struct sr_limiter_driver sr_redis_driver = {
    .abi = SR_LIMITER_ABI,
    .check = redis_check,
    .open = redis_open,
    .close = redis_close,
    .forked = redis_forked,
    .take = redis_take,
    .start = redis_start,
    .give = redis_give,
    .earliest = redis_earliest,
    .keep_until = redis_keep_until,
    .view = redis_view,
    .reset = redis_reset,
    .watch = redis_watch,
    .wake = redis_wake,
    .work = sr_queue_work,
    .news = redis_news,
    .idle = redis_idle,
};
