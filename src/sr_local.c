/* The limiter of one machine.
** SPDX-License-Identifier: MIT */
#include "sr_local.h"

#include "sr_share.h"

#include <stdlib.h>
#include <string.h>

/* How often is looked whether the file is still there; and tried again to open one. */
#define LOOK_EVERY SR_SECOND
#define OPEN_EVERY (10 * SR_SECOND)

struct sr_limiter {
  struct sr_limiter *next;
  struct sr_limit_identity identity; /* with copies of its strings */
  struct sr_share_place place;       /* the same */
  int shared;
  struct sr_limit own; /* used while there is no file */
  _Atomic(struct sr_share *) share;
  atomic_int tried;        /* the first attempt to open one is over */
  _Atomic int64_t look_at; /* when to look at the file, or to try to open one */
  /*
  ** Why there is no file: written by whoever has moved `look_at` on, read by anybody: one line that
  ** is never changed once `problem` points to it.
  */
  _Atomic(const char *) problem;
};

/* Only added to, so it needs no lock: a lock could be held by another thread at a fork, and then by
** nobody. */
static _Atomic(struct sr_limiter *) registry;

static int same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int is_it(const struct sr_limiter *limiter, const struct sr_local_settings *settings,
                 uint64_t name) {
  return limiter->identity.name == name && limiter->shared == settings->shared &&
         (!settings->shared || (limiter->place.group == settings->group &&
                                same_text(limiter->place.dir, settings->state_dir)));
}

static struct sr_limiter *make(const struct sr_local_settings *settings,
                               const struct sr_limit_identity *identity) {
  struct sr_limiter *limiter = calloc(1, sizeof *limiter);
  char *hint, *url, *dir = NULL;
  if (limiter == NULL)
    return NULL;
  hint = strdup(identity->key_hint);
  url = strdup(identity->base_url);
  if (settings->state_dir != NULL)
    dir = strdup(settings->state_dir);
  limiter->identity.name = identity->name;
  limiter->identity.key_hint = hint;
  limiter->identity.base_url = url;
  limiter->place.dir = dir;
  limiter->place.group = settings->group;
  limiter->shared = settings->shared;
  if (hint != NULL && url != NULL && (dir != NULL || settings->state_dir == NULL))
    return limiter;
  free(hint);
  free(url);
  free(dir);
  free(limiter);
  return NULL;
}

static void drop(struct sr_limiter *limiter) {
  if (limiter == NULL)
    return;
  free((char *)limiter->identity.key_hint);
  free((char *)limiter->identity.base_url);
  free((char *)limiter->place.dir);
  free(limiter);
}

struct sr_limiter *sr_local_open(const struct sr_local_settings *settings,
                                 const struct sr_limit_identity *identity) {
  struct sr_limiter *first = atomic_load(&registry), *fresh = NULL, *limiter;
  for (;;) {
    for (limiter = first; limiter != NULL && !is_it(limiter, settings, identity->name);
         limiter = limiter->next)
      ;
    if (limiter != NULL) {
      drop(fresh);
      return limiter;
    }
    if (fresh == NULL && (fresh = make(settings, identity)) == NULL)
      return NULL;
    fresh->next = first;
    if (atomic_compare_exchange_strong(&registry, &first, fresh))
      return fresh;
  }
}

/* ---- the file ---- */

/*
** Opens the file and moves what is known so far into it. The one that it replaces stays mapped:
** another thread may be using it. (Files do not vanish often.)
*/
static void open_share(struct sr_limiter *limiter, struct sr_share *before) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = sr_share_open(&limiter->place, &limiter->identity, problem);
  if (share == NULL) {
    const char *known = atomic_load(&limiter->problem);
    if (known == NULL || strcmp(known, problem) != 0) /* another one: the old text is left behind */
      atomic_store(&limiter->problem, strdup(problem));
    return;
  }
  sr_limit_merge(sr_share_limit(share), before != NULL ? sr_share_limit(before) : &limiter->own);
  if (atomic_compare_exchange_strong(&limiter->share, &before, share))
    atomic_store(&limiter->problem, NULL);
  else
    sr_share_close(share);
}

/* The slots to use now. */
static struct sr_limit *limit_of(struct sr_limiter *limiter, sr_time now) {
  struct sr_share *share = atomic_load(&limiter->share);
  int64_t at = atomic_load(&limiter->look_at);
  int mine;
  if (!limiter->shared)
    return &limiter->own;
  if (atomic_load(&limiter->tried) && now < at && at - OPEN_EVERY <= now)
    return share != NULL ? sr_share_limit(share) : &limiter->own;
  /* The first time whoever comes opens the file, or takes what another has opened meanwhile: nobody
  ** may use the process's own slots beside it. Later one looks, and the others go on. */
  mine = atomic_compare_exchange_strong(&limiter->look_at, &at,
                                        now + (share != NULL ? LOOK_EVERY : OPEN_EVERY));
  if ((mine || share == NULL) && (share == NULL || !sr_share_current(share))) {
    open_share(limiter, share);
    atomic_store(&limiter->tried, 1);
    share = atomic_load(&limiter->share);
    if (share != NULL)
      atomic_store(&limiter->look_at, now + LOOK_EVERY);
  }
  return share != NULL ? sr_share_limit(share) : &limiter->own;
}

static void copy_problem(const struct sr_limiter *limiter, char out[160]) {
  const char *problem = atomic_load(&limiter->problem);
  size_t len = problem != NULL ? strlen(problem) : 0;
  if (len > 159)
    len = 159;
  if (len > 0)
    memcpy(out, problem, len);
  out[len] = '\0';
}

/* ---- the driver ---- */

static void close_limiter(struct sr_limiter *limiter) {
  (void)limiter; /* it stays: see the header */
}

static enum sr_verdict take(struct sr_limiter *limiter, const struct sr_want *want, sr_time now,
                            struct sr_slot *slot, struct sr_ruling *ruling) {
  struct sr_limit *limit = limit_of(limiter, now);
  struct sr_share *share = atomic_load(&limiter->share);
  if (share != NULL)
    sr_share_note(share, &want->rate);
  copy_problem(limiter, ruling->problem);
  return sr_limit_take(limit, want, now, slot, ruling);
}

static enum sr_change give(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                           struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  return sr_limit_give(limit_of(limiter, now), rate, now, slot, outcome, hold);
}

static sr_time earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                        unsigned ahead) {
  return sr_limit_earliest(limit_of(limiter, now), rate, now, ahead);
}

static void view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  struct sr_limit *limit = limit_of(limiter, now);
  struct sr_share *share = atomic_load(&limiter->share);
  sr_limit_view(limit, now, view);
  view->scope = share != NULL ? "user" : "process";
  view->place = share != NULL ? sr_share_path(share) : "";
  copy_problem(limiter, view->problem);
}

static void reset(struct sr_limiter *limiter, sr_time now) {
  sr_limit_reset(limit_of(limiter, now));
}

const struct sr_limiter_driver sr_local_driver = {
    .abi = SR_LIMITER_ABI,
    .close = close_limiter,
    .take = take,
    .give = give,
    .earliest = earliest,
    .view = view,
    .reset = reset,
};
