/* A limiter made of two.
** SPDX-License-Identifier: MIT */
#include "limit/sr_fallback.h"

#include "base/sr_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct half {
  const struct sr_limiter_driver *driver;
  struct sr_limiter *limiter;
};

struct sr_limiter {
  struct half first, second;
  struct sr_list pairs;
  char problem[SR_PROBLEM_SIZE]; /* why the first one is out of reach; "" */
};

/* What a caller's slot stands for. sr_slot.request points to it. */
struct pair {
  struct sr_node node;
  struct sr_slot first, second;
  sr_time ask_until; /* with `first` ASKED */
};

static void close_half(struct half *half) {
  if (half->limiter != NULL)
    half->driver->close(half->limiter);
}

struct sr_limiter *sr_fallback_open(const struct sr_limiter_driver *first_driver,
                                    struct sr_limiter *first,
                                    const struct sr_limiter_driver *second_driver,
                                    struct sr_limiter *second) {
  struct half halves[2] = {{first_driver, first}, {second_driver, second}};
  struct sr_limiter *limiter = NULL;
  if (first != NULL && second != NULL)
    limiter = calloc(1, sizeof *limiter);
  if (limiter == NULL) {
    close_half(&halves[0]);
    close_half(&halves[1]);
    return NULL;
  }
  limiter->first = halves[0];
  limiter->second = halves[1];
  sr_list_init(&limiter->pairs);
  return limiter;
}

/* ---- pairs ---- */

/* NULL when memory ran out. */
static struct pair *pair_of(struct sr_limiter *limiter, struct sr_slot *slot) {
  struct pair *pair = slot->request;
  if (slot->state != SR_SLOT_NONE)
    return pair;
  pair = calloc(1, sizeof *pair);
  if (pair == NULL)
    return NULL;
  sr_list_append(&limiter->pairs, &pair->node);
  slot->request = pair;
  return pair;
}

static void free_pair(struct pair *pair) {
  sr_list_remove(&pair->node);
  free(pair);
}

static void free_pairs(struct sr_limiter *limiter) {
  struct pair *pair;
  while ((pair = SR_LIST_FIRST(&limiter->pairs, struct pair, node)) != NULL)
    free_pair(pair); /* NOLINT(clang-analyzer-unix.Malloc): it has left the list */
}

static void fallback_close(struct sr_limiter *limiter) {
  free_pairs(limiter);
  close_half(&limiter->first);
  close_half(&limiter->second);
  free(limiter);
}

static void fallback_forked(struct sr_limiter *limiter) {
  free_pairs(limiter);
  if (limiter->first.driver->forked != NULL)
    limiter->first.driver->forked(limiter->first.limiter);
  if (limiter->second.driver->forked != NULL)
    limiter->second.driver->forked(limiter->second.limiter);
}

/* ---- slots ---- */

static enum sr_change give_half(struct half *half, const struct sr_rate *rate, sr_time now,
                                struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  return half->driver->give(half->limiter, rate, now, slot, outcome, hold);
}

static enum sr_verdict refuse_pair(struct pair *pair, struct sr_slot *slot,
                                   enum sr_verdict verdict) {
  free_pair(pair);
  memset(slot, 0, sizeof *slot);
  return verdict;
}

/*
** A limiter may take longer than a short call to notice that its server is silent. So the call waits
** for it for half of its time, and has the rest for the request.
*/
static sr_time half_of_the_time(const struct sr_want *want, sr_time now) {
  sr_time left = want->lease - want->rate.window - SR_LATE_COUNT - now;
  return left > 0 ? now + left / 2 : now;
}

/* Gives up what the first limiter was asked for, and says so. */
static void stop_asking(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                        struct pair *pair, char *problem) {
  struct half *first = &limiter->first;
  struct sr_limit_view view;
  give_half(first, rate, now, &pair->first, SR_OUTCOME_UNSENT, 0);
  memset(&view, 0, sizeof view);
  view.rate = *rate;
  first->driver->view(first->limiter, now, &view);
  snprintf(problem, SR_PROBLEM_SIZE, "%.80s: no answer within half of the call's time", view.place);
}

static enum sr_verdict fallback_take(struct sr_limiter *limiter, const struct sr_want *want,
                                     sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  struct half *first = &limiter->first, *second = &limiter->second;
  struct pair *pair = pair_of(limiter, slot);
  enum sr_verdict verdict;
  if (pair == NULL) {
    snprintf(ruling->problem, sizeof ruling->problem, "memory ran out");
    return SR_LIMIT_FAILED;
  }
  if (pair->second.state == SR_SLOT_NONE) {
    verdict = second->driver->take(second->limiter, want, now, &pair->second, ruling);
    memcpy(ruling->problem, limiter->problem, sizeof ruling->problem);
    if (verdict != SR_LIMIT_GRANTED)
      return refuse_pair(pair, slot, verdict);
    memset(ruling, 0, sizeof *ruling);
  }
  verdict = first->driver->take(first->limiter, want, now, &pair->first, ruling);
  slot->state = verdict == SR_LIMIT_ASKED ? SR_SLOT_ASKED : SR_SLOT_HELD;
  if (verdict == SR_LIMIT_ASKED) {
    if (pair->ask_until == 0)
      pair->ask_until = half_of_the_time(want, now);
    if (now < pair->ask_until)
      return verdict;
    slot->state = SR_SLOT_HELD;
    stop_asking(limiter, &want->rate, now, pair, ruling->problem);
    verdict = SR_LIMIT_FAILED;
  }
  memcpy(limiter->problem, ruling->problem, sizeof limiter->problem);
  if (verdict == SR_LIMIT_GRANTED || verdict == SR_LIMIT_FAILED)
    return SR_LIMIT_GRANTED;
  give_half(second, &want->rate, now, &pair->second, SR_OUTCOME_UNSENT, 0);
  return refuse_pair(pair, slot, verdict);
}

static int may_start(struct half *half, const struct sr_rate *rate, sr_time now,
                     struct sr_slot *slot) {
  if (slot->state != SR_SLOT_HELD)
    return 1;
  return half->driver->start != NULL ? half->driver->start(half->limiter, rate, now, slot)
                                     : now < slot->send_by;
}

static int fallback_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                          struct sr_slot *slot) {
  struct pair *pair = slot->request;
  return may_start(&limiter->second, rate, now, &pair->second) &&
         may_start(&limiter->first, rate, now, &pair->first);
}

static enum sr_change fallback_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                    sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                    sr_time hold) {
  struct pair *pair = slot->request;
  enum sr_change change = SR_CHANGE_NONE;
  if (slot->state == SR_SLOT_NONE)
    return change;
  change = give_half(&limiter->second, rate, now, &pair->second, outcome, hold);
  if (pair->first.state != SR_SLOT_NONE)
    change = give_half(&limiter->first, rate, now, &pair->first, outcome, hold);
  free_pair(pair);
  memset(slot, 0, sizeof *slot);
  return change;
}

/* ---- looking ---- */

static sr_time fallback_earliest(struct sr_limiter *limiter, const struct sr_rate *rate,
                                 sr_time now, unsigned ahead) {
  sr_time first = limiter->first.driver->earliest(limiter->first.limiter, rate, now, ahead);
  sr_time second = limiter->second.driver->earliest(limiter->second.limiter, rate, now, ahead);
  return first > second ? first : second;
}

static sr_time keep_half_until(struct half *half, sr_time now) {
  return half->driver->keep_until != NULL ? half->driver->keep_until(half->limiter, now) : now;
}

static sr_time fallback_keep_until(struct sr_limiter *limiter, sr_time now) {
  sr_time first = keep_half_until(&limiter->first, now);
  sr_time second = keep_half_until(&limiter->second, now);
  return first > second ? first : second;
}

/* The first one's, with whatever else of the second one stops requests. */
static void fallback_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  struct sr_limit_view second;
  memset(&second, 0, sizeof second);
  second.rate = view->rate;
  limiter->first.driver->view(limiter->first.limiter, now, view);
  limiter->second.driver->view(limiter->second.limiter, now, &second);
  if (second.block != SR_BLOCK_NONE &&
      (view->block == SR_BLOCK_NONE || second.blocked_until > view->blocked_until)) {
    view->block = second.block;
    view->blocked_until = second.blocked_until;
    view->probing = second.probing;
  }
  if (second.held_until > view->held_until)
    view->held_until = second.held_until;
  if (second.silent && (!view->silent || second.silent_until > view->silent_until))
    view->silent_until = second.silent_until;
  view->silent |= second.silent;
}

static void fallback_reset(struct sr_limiter *limiter, sr_time now) {
  limiter->first.driver->reset(limiter->first.limiter, now);
  limiter->second.driver->reset(limiter->second.limiter, now);
}

/* ---- what the first one asks others ---- */

static int fallback_watch(struct sr_limiter *limiter, struct sr_watch *watches) {
  struct half *first = &limiter->first;
  return first->driver->watch != NULL ? first->driver->watch(first->limiter, watches) : 0;
}

static sr_time fallback_wake(struct sr_limiter *limiter) {
  struct half *first = &limiter->first;
  sr_time at = first->driver->wake != NULL ? first->driver->wake(first->limiter) : SR_NEVER;
  const struct pair *pair;
  for (pair = SR_LIST_FIRST(&limiter->pairs, struct pair, node); pair != NULL;
       pair = SR_LIST_NEXT(&limiter->pairs, pair, struct pair, node))
    if (pair->first.state == SR_SLOT_ASKED && pair->ask_until < at)
      at = pair->ask_until;
  return at;
}

static void fallback_work(struct sr_limiter *limiter, sr_time now) {
  struct half *first = &limiter->first;
  if (first->driver->work != NULL)
    first->driver->work(first->limiter, now);
}

static enum sr_change fallback_news(struct sr_limiter *limiter) {
  struct half *first = &limiter->first;
  return first->driver->news != NULL ? first->driver->news(first->limiter) : SR_CHANGE_NONE;
}

static int fallback_idle(struct sr_limiter *limiter) {
  struct half *first = &limiter->first;
  return first->driver->idle == NULL || first->driver->idle(first->limiter);
}

const struct sr_limiter_driver sr_fallback_driver = {
    .abi = SR_LIMITER_ABI,
    .close = fallback_close,
    .forked = fallback_forked,
    .take = fallback_take,
    .start = fallback_start,
    .give = fallback_give,
    .earliest = fallback_earliest,
    .keep_until = fallback_keep_until,
    .view = fallback_view,
    .reset = fallback_reset,
    .watch = fallback_watch,
    .wake = fallback_wake,
    .work = fallback_work,
    .news = fallback_news,
    .idle = fallback_idle,
};
