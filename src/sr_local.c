/* The limiter of one machine.
** SPDX-License-Identifier: MIT */
#include "sr_local.h"

#include "sr_share.h"

#include <stdlib.h>
#include <string.h>

/* How often is looked whether the file is still there; and tried again to open one. */
#define LOOK_EVERY SR_SECOND
#define OPEN_EVERY (10 * SR_SECOND)

/* A file that is in use, or was: the limiters' lists keep them all, for a thread may be using one. */
struct mapping {
  struct mapping *before;
  struct sr_share *share;
};

/* A line for people, never changed. */
struct text {
  struct text *next;
  char line[SR_SHARE_PROBLEM];
};

struct sr_limiter {
  struct sr_limiter *next;
  struct sr_limit_identity identity; /* with copies of its strings */
  struct sr_share_place place;       /* the same */
  int shared, strict;
  struct sr_limit own;                  /* used while there is no file */
  _Atomic(struct mapping *) mapping;    /* NULL: no file yet */
  atomic_int tried;                     /* the first attempt to open one is over */
  _Atomic int64_t look_at;              /* when to look at the file, or to try to open one */
  _Atomic(const struct text *) problem; /* why there is no file, or NULL */
  _Atomic(struct text *) texts;         /* all that `problem` has ever been */
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
         (!settings->shared ||
          (limiter->place.group == settings->group && limiter->strict == settings->strict &&
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
  limiter->strict = settings->strict;
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

static struct sr_share *share_of(struct sr_limiter *limiter) {
  struct mapping *mapping = atomic_load(&limiter->mapping);
  return mapping != NULL ? mapping->share : NULL;
}

/* The text with this line, made if it is a new one. NULL when memory ran out. */
static const struct text *text_of(struct sr_limiter *limiter, const char *line) {
  struct text *first = atomic_load(&limiter->texts), *text;
  for (text = first; text != NULL; text = text->next)
    if (strcmp(text->line, line) == 0)
      return text;
  text = calloc(1, sizeof *text);
  if (text == NULL)
    return NULL;
  memcpy(text->line, line, strlen(line) + 1);
  text->next = first;
  while (!atomic_compare_exchange_weak(&limiter->texts, &text->next, text))
    ;
  return text;
}

static const struct text no_memory = {NULL, "memory ran out"};

/*
** Opens the file and moves what is known so far into it. The one that it replaces stays mapped.
** (Files do not vanish often.)
*/
static void open_share(struct sr_limiter *limiter, struct mapping *before) {
  struct mapping *mapping = calloc(1, sizeof *mapping);
  char problem[SR_SHARE_PROBLEM] = "memory ran out";
  if (mapping != NULL)
    mapping->share = sr_share_open(&limiter->place, &limiter->identity, problem);
  if (mapping == NULL || mapping->share == NULL) {
    const struct text *text = text_of(limiter, problem);
    atomic_store(&limiter->problem, text != NULL ? text : &no_memory);
    free(mapping);
    return;
  }
  sr_limit_merge(sr_share_limit(mapping->share),
                 before != NULL ? sr_share_limit(before->share) : &limiter->own);
  mapping->before = before;
  if (atomic_compare_exchange_strong(&limiter->mapping, &before, mapping)) {
    atomic_store(&limiter->problem, problem[0] != '\0' ? text_of(limiter, problem) : NULL);
    return;
  }
  sr_share_close(mapping->share);
  free(mapping);
}

/*
** The slots to use where another process has found the file gone and has moved on: those of the new
** one. While it can't be opened, nothing is granted. A file that only says so was damaged.
*/
static struct sr_limit *follow(struct sr_limiter *limiter, struct mapping *mapping, sr_time now) {
  if (sr_share_current(mapping->share)) {
    sr_limit_stay(sr_share_limit(mapping->share));
  } else {
    open_share(limiter, mapping);
    mapping = atomic_load(&limiter->mapping);
    atomic_store(&limiter->look_at, now + LOOK_EVERY);
  }
  return sr_share_limit(mapping->share);
}

/* The slots to use now. */
static struct sr_limit *limit_of(struct sr_limiter *limiter, sr_time now) {
  int tried = atomic_load(&limiter->tried); /* before the mapping, which is there when it is set */
  struct mapping *mapping = atomic_load(&limiter->mapping);
  int64_t at = atomic_load(&limiter->look_at);
  int mine;
  if (!limiter->shared)
    return &limiter->own;
  if (mapping != NULL && sr_limit_moved(sr_share_limit(mapping->share)))
    return follow(limiter, mapping, now);
  if (tried && now < at && at - OPEN_EVERY <= now)
    return mapping != NULL ? sr_share_limit(mapping->share) : &limiter->own;
  /* The first time whoever comes opens the file, or takes what another has opened meanwhile: nobody
  ** may use the process's own slots beside it. Later one looks, and the others go on. */
  mine = atomic_compare_exchange_strong(&limiter->look_at, &at,
                                        now + (mapping != NULL ? LOOK_EVERY : OPEN_EVERY));
  if ((mine || mapping == NULL) && (mapping == NULL || !sr_share_current(mapping->share))) {
    open_share(limiter, mapping);
    atomic_store(&limiter->tried, 1);
    mapping = atomic_load(&limiter->mapping);
    if (mapping != NULL)
      atomic_store(&limiter->look_at, now + LOOK_EVERY);
  }
  return mapping != NULL ? sr_share_limit(mapping->share) : &limiter->own;
}

static void copy_problem(struct sr_limiter *limiter, char out[SR_SHARE_PROBLEM]) {
  const struct text *problem = atomic_load(&limiter->problem);
  if (problem != NULL)
    memcpy(out, problem->line, sizeof problem->line);
  else
    out[0] = '\0';
}

/* ---- the driver ---- */

static void close_limiter(struct sr_limiter *limiter) {
  (void)limiter; /* it stays: see the header */
}

static enum sr_verdict take(struct sr_limiter *limiter, const struct sr_want *want, sr_time now,
                            struct sr_slot *slot, struct sr_ruling *ruling) {
  struct sr_limit *limit = limit_of(limiter, now);
  struct sr_share *share = share_of(limiter);
  if (share != NULL)
    sr_share_note(share, &want->rate);
  copy_problem(limiter, ruling->problem);
  if (share == NULL && limiter->strict)
    return SR_LIMIT_FAILED;
  return sr_limit_take(limit, want, now, slot, ruling);
}

static enum sr_change give(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                           struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  return sr_limit_give(limit_of(limiter, now), rate, now, slot, outcome, hold);
}

static int start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                 struct sr_slot *slot) {
  return sr_limit_start(limit_of(limiter, now), rate, now, slot);
}

static sr_time earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                        unsigned ahead) {
  return sr_limit_earliest(limit_of(limiter, now), rate, now, ahead);
}

static sr_time keep_until(struct sr_limiter *limiter, sr_time now) {
  return sr_limit_last(limit_of(limiter, now), now);
}

static void view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  struct sr_limit *limit = limit_of(limiter, now);
  struct sr_share *share = share_of(limiter);
  sr_limit_view(limit, now, view);
  view->scope = share != NULL || limiter->strict ? "user" : "process";
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
    .start = start,
    .give = give,
    .earliest = earliest,
    .keep_until = keep_until,
    .view = view,
    .reset = reset,
};
