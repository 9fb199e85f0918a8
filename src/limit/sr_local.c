/* The limiter of one machine.
** SPDX-License-Identifier: MIT */
#include "limit/sr_local.h"

#include "limit/sr_share.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often to check that the file is still there, and to try to open one. */
#define CHECK_EVERY SR_SECOND
#define OPEN_EVERY  (10 * SR_SECOND)

/* A process removes expired files of others no more often than this. */
#define SWEEP_EVERY (10 * SR_SECOND)

/* How many blocks to follow when one after another moves. */
enum { FOLLOW_MAX = 8 };

/* A file in use, or one that was. */
struct mapping {
  struct mapping *next; /* of those replaced */
  struct sr_share *share;
  struct sr_limit *limit; /* the share's */
};

/* A line that never changes: a problem, or the path of a file. */
struct text {
  struct text *next;
  const char *line; /* behind it */
};

struct sr_limiter {
  struct sr_limiter *next;              /* in its bucket */
  int refs;                             /* how often it is open */
  sr_time free_at;                      /* refs 0: when it can be freed, by the real clock */
  struct sr_limit_identity identity;    /* owns its strings */
  struct sr_local_settings settings;    /* the same */
  struct sr_limit own;                  /* used while there is no file */
  _Atomic(struct mapping *) mapping;    /* NULL: no file yet */
  _Atomic(struct mapping *) replaced;   /* files that some thread may still use */
  atomic_int users;                     /* threads that may use a mapping now */
  atomic_int tried;                     /* the first attempt to open a file is over */
  _Atomic int64_t check_at;             /* when to check the file, or to try to open one */
  _Atomic int64_t asked;                /* the time of the last keep_until */
  _Atomic(const struct text *) problem; /* why there is no file, or NULL */
  _Atomic(struct text *) texts;         /* all that were ever needed */
};

/* ---- the registry ---- */

enum { BUCKETS = 64 };

/*
** Its lock is held for a few steps on the lists, never during I/O. It is not a mutex, because a forked
** child must unlock it. The lists are consistent at every moment, so the child can go on with them.
*/
static struct {
  atomic_int held;
  struct sr_limiter *buckets[BUCKETS];
  unsigned turn; /* the bucket to sweep next */
} registry;

static void lock_registry(void) {
  while (atomic_exchange(&registry.held, 1) != 0)
    sched_yield();
}

static void unlock_registry(void) {
  atomic_store(&registry.held, 0);
}

/* The child has none of the parent's other threads, wherever these were. */
static void unlock_in_child(void) {
  struct sr_limiter *limiter;
  int i;
  unlock_registry();
  for (i = 0; i < BUCKETS; i++)
    for (limiter = registry.buckets[i]; limiter != NULL; limiter = limiter->next)
      atomic_store(&limiter->users, 0);
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static int watch_problem;

static void watch_fork(void) {
  watch_problem = pthread_atfork(NULL, NULL, unlock_in_child);
}

static struct sr_limiter **bucket_of(uint64_t name) {
  return &registry.buckets[(name ^ name >> 32) % BUCKETS];
}

static int same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int sr_local_is_same(const struct sr_local_settings *a, const struct sr_local_settings *b) {
  return a->shared == b->shared && (!a->shared || (a->group == b->group && a->strict == b->strict &&
                                                   same_text(a->state_dir, b->state_dir)));
}

static void free_mapping(struct mapping *mapping) {
  if (mapping == NULL)
    return;
  sr_share_close(mapping->share);
  free(mapping);
}

/* Frees a limiter that nobody has open and no list has. NULL is allowed. */
static void free_limiter(struct sr_limiter *limiter) {
  struct mapping *mapping, *next;
  struct text *text;
  if (limiter == NULL)
    return;
  for (mapping = atomic_load(&limiter->replaced); mapping != NULL; mapping = next) {
    next = mapping->next;
    free_mapping(mapping);
  }
  free_mapping(atomic_load(&limiter->mapping));
  while ((text = atomic_load(&limiter->texts)) != NULL) {
    atomic_store(&limiter->texts, text->next);
    free(text);
  }
  free((char *)limiter->identity.key_hint);
  free((char *)limiter->identity.base_url);
  free((char *)limiter->settings.state_dir);
  free(limiter);
}

/* NULL when memory ran out. */
static struct sr_limiter *new_limiter(const struct sr_local_settings *settings,
                                      const struct sr_limit_identity *identity) {
  struct sr_limiter *limiter = calloc(1, sizeof *limiter);
  const char *dir = settings->state_dir;
  if (limiter == NULL)
    return NULL;
  limiter->settings = *settings;
  limiter->settings.state_dir = dir != NULL ? strdup(dir) : NULL;
  limiter->identity.name = identity->name;
  limiter->identity.key_hint = strdup(identity->key_hint);
  limiter->identity.base_url = strdup(identity->base_url);
  if (limiter->identity.key_hint != NULL && limiter->identity.base_url != NULL &&
      (dir == NULL || limiter->settings.state_dir != NULL))
    return limiter;
  free_limiter(limiter);
  return NULL;
}

/* Frees a limiter that is as good as new, and removes its file. */
static void retire_limiter(struct sr_limiter *limiter, sr_time now) {
  struct mapping *mapping = atomic_load(&limiter->mapping);
  if (mapping != NULL)
    sr_share_remove(mapping->share, now);
  free_limiter(limiter);
}

/* Takes out of a bucket the limiters that nobody has open and whose time is over. With the lock. */
static struct sr_limiter *take_expired(struct sr_limiter **place, sr_time now) {
  struct sr_limiter *expired = NULL, *limiter;
  while ((limiter = *place) != NULL) {
    if (limiter->refs > 0 || !limiter->settings.real || limiter->free_at > now) {
      place = &limiter->next;
      continue;
    }
    *place = limiter->next;
    limiter->next = expired;
    expired = limiter;
  }
  return expired;
}

static void retire_all(struct sr_limiter *limiter, sr_time now) {
  while (limiter != NULL) {
    struct sr_limiter *next = limiter->next;
    retire_limiter(limiter, now);
    limiter = next;
  }
}

static struct sr_limiter *find_limiter(const struct sr_local_settings *settings, uint64_t name) {
  struct sr_limiter *limiter = *bucket_of(name);
  while (limiter != NULL &&
         !(limiter->identity.name == name && sr_local_is_same(&limiter->settings, settings)))
    limiter = limiter->next;
  return limiter;
}

struct sr_limiter *sr_local_open(const struct sr_local_settings *settings,
                                 const struct sr_limit_identity *identity) {
  struct sr_limiter *fresh = NULL, *limiter, *expired;
  sr_time now = sr_clock_monotonic.now(NULL);
  pthread_once(&fork_once, watch_fork);
  if (watch_problem != 0)
    return NULL;
  lock_registry();
  limiter = find_limiter(settings, identity->name);
  if (limiter == NULL) {
    unlock_registry();
    fresh = new_limiter(settings, identity);
    lock_registry();
    limiter = find_limiter(settings, identity->name); /* another thread may have opened it */
  }
  if (limiter == NULL && fresh != NULL) {
    limiter = fresh;
    fresh = NULL;
    limiter->next = *bucket_of(identity->name);
    *bucket_of(identity->name) = limiter;
  }
  if (limiter != NULL)
    limiter->refs++;
  expired = take_expired(&registry.buckets[registry.turn++ % BUCKETS], now);
  unlock_registry();
  free_limiter(fresh);
  retire_all(expired, now);
  return limiter;
}

/* ---- the file ---- */

static struct sr_share *share_of(struct sr_limiter *limiter) {
  struct mapping *mapping = atomic_load(&limiter->mapping);
  return mapping != NULL ? mapping->share : NULL;
}

/* The text with this line, made if there is none. NULL when memory ran out. */
static const struct text *keep_text(struct sr_limiter *limiter, const char *line) {
  struct text *first = atomic_load(&limiter->texts), *text;
  size_t size = strlen(line) + 1;
  for (text = first; text != NULL; text = text->next)
    if (strcmp(text->line, line) == 0)
      return text;
  text = malloc(sizeof *text + size);
  if (text == NULL)
    return NULL;
  text->line = memcpy(text + 1, line, size);
  text->next = first;
  while (!atomic_compare_exchange_weak(&limiter->texts, &text->next, text))
    ;
  return text;
}

/* Mappings stay mapped from here to end_use. */
static void begin_use(struct sr_limiter *limiter) {
  atomic_fetch_add(&limiter->users, 1);
}

static void defer_unmap(struct sr_limiter *limiter, struct mapping *mapping) {
  mapping->next = atomic_load(&limiter->replaced);
  while (!atomic_compare_exchange_weak(&limiter->replaced, &mapping->next, mapping))
    ;
}

/*
** Unmaps replaced files once no thread uses a mapping: a file is deferred only after it was replaced, so
** later threads use the new one.
*/
static void end_use(struct sr_limiter *limiter) {
  struct mapping *mapping, *next;
  int last = atomic_fetch_sub(&limiter->users, 1) == 1;
  if (!last || atomic_load(&limiter->replaced) == NULL)
    return;
  mapping = atomic_exchange(&limiter->replaced, NULL);
  last = atomic_load(&limiter->users) == 0;
  for (; mapping != NULL; mapping = next) {
    next = mapping->next;
    if (last)
      free_mapping(mapping);
    else
      defer_unmap(limiter, mapping);
  }
}

/* Removes files of processes that have ended, now and then. */
static void sweep_files(struct sr_limiter *limiter, struct sr_share *share, sr_time now) {
  static _Atomic int64_t next;
  int64_t at = atomic_load(&next);
  if (limiter->settings.real && now >= at &&
      atomic_compare_exchange_strong(&next, &at, now + SWEEP_EVERY))
    sr_share_sweep(share, now);
}

static const struct text no_memory = {NULL, "memory ran out"};

/* Opens the file and merges `known` into it. NULL and `problem`. */
static struct sr_share *open_merged(struct sr_limiter *limiter, struct sr_limit *known,
                                    char *problem) {
  const struct sr_share_place place = {limiter->settings.state_dir, limiter->settings.group};
  int i;
  for (i = 0; i < FOLLOW_MAX; i++) {
    struct sr_share *share = sr_share_open(&place, &limiter->identity, problem);
    if (share == NULL || sr_limit_merge(sr_share_limit(share), known))
      return share;
    sr_share_close(share);
  }
  snprintf(problem, SR_SHARE_PROBLEM, "the file is being replaced by others again and again");
  return NULL;
}

/* Opens the file in place of the one used before. */
static void open_share(struct sr_limiter *limiter, struct mapping *before, sr_time now) {
  struct mapping *mapping = calloc(1, sizeof *mapping);
  char problem[SR_SHARE_PROBLEM] = "memory ran out";
  if (mapping != NULL)
    mapping->share = open_merged(limiter, before != NULL ? before->limit : &limiter->own, problem);
  if (mapping == NULL || mapping->share == NULL) {
    const struct text *text = keep_text(limiter, problem);
    atomic_store(&limiter->problem, text != NULL ? text : &no_memory);
    free(mapping);
    return;
  }
  mapping->limit = sr_share_limit(mapping->share);
  if (!atomic_compare_exchange_strong(&limiter->mapping, &before, mapping)) {
    free_mapping(mapping); /* another thread has opened it */
    return;
  }
  atomic_store(&limiter->problem, problem[0] != '\0' ? keep_text(limiter, problem) : NULL);
  if (before != NULL)
    defer_unmap(limiter, before);
  sweep_files(limiter, mapping->share, now);
}

/*
** The slots of the next file, when another process has moved on to it, or has removed this one because
** nobody needed it. While the next file can't be opened, nothing is granted.
*/
static struct sr_limit *follow_file(struct sr_limiter *limiter, struct mapping *mapping,
                                    sr_time now) {
  struct mapping *before = NULL;
  while (mapping != before && sr_limit_moved(mapping->limit)) {
    open_share(limiter, before = mapping, now);
    mapping = atomic_load(&limiter->mapping);
  }
  atomic_store(&limiter->check_at, now + CHECK_EVERY);
  return mapping->limit;
}

/* The slots to use now. Between begin_use and end_use. */
static struct sr_limit *limit_of(struct sr_limiter *limiter, sr_time now) {
  int tried = atomic_load(&limiter->tried); /* read first: the mapping is set before */
  struct mapping *mapping = atomic_load(&limiter->mapping);
  int64_t at = atomic_load(&limiter->check_at);
  int mine;
  if (!limiter->settings.shared)
    return &limiter->own;
  if (mapping != NULL && sr_limit_moved(mapping->limit))
    return follow_file(limiter, mapping, now);
  if (tried && now < at && at - OPEN_EVERY <= now &&
      (mapping != NULL || !sr_limit_moved(&limiter->own)))
    return mapping != NULL ? mapping->limit : &limiter->own;
  /*
  ** At first every thread opens the file, or takes the mapping of a faster one: none may use the
  ** process's own slots beside it. Later one thread checks it, and the others go on.
  */
  mine = atomic_compare_exchange_strong(&limiter->check_at, &at,
                                        now + (mapping != NULL ? CHECK_EVERY : OPEN_EVERY));
  if ((mine || mapping == NULL) && (mapping == NULL || !sr_share_current(mapping->share))) {
    open_share(limiter, mapping, now);
    atomic_store(&limiter->tried, 1);
    mapping = atomic_load(&limiter->mapping);
    if (mapping != NULL)
      atomic_store(&limiter->check_at, now + CHECK_EVERY);
  }
  return mapping != NULL ? mapping->limit : &limiter->own;
}

static void copy_problem(struct sr_limiter *limiter, char out[SR_SHARE_PROBLEM]) {
  const struct text *problem = atomic_load(&limiter->problem);
  if (problem != NULL)
    memcpy(out, problem->line, strlen(problem->line) + 1);
  else
    out[0] = '\0';
}

/* ---- the driver ---- */

/* From when on its slots are as good as new. */
static sr_time last_stamp_of(struct sr_limiter *limiter, sr_time now) {
  struct sr_share *share = share_of(limiter);
  return sr_limit_last(share != NULL ? sr_share_limit(share) : &limiter->own, now);
}

static sr_time local_keep_until(struct sr_limiter *limiter, sr_time now) {
  sr_time last;
  begin_use(limiter);
  last = last_stamp_of(limiter, now);
  atomic_store(&limiter->asked, now);
  end_use(limiter);
  return last;
}

static void local_close(struct sr_limiter *limiter) {
  sr_time real_now = sr_clock_monotonic.now(NULL);
  sr_time now = limiter->settings.real ? real_now : atomic_load(&limiter->asked);
  struct sr_limiter *expired = NULL;
  lock_registry();
  if (--limiter->refs == 0) {
    struct sr_limiter **place;
    sr_time last = last_stamp_of(limiter, now);
    limiter->free_at = limiter->settings.real || last <= now ? last : SR_NEVER;
    for (place = bucket_of(limiter->identity.name); *place != limiter; place = &(*place)->next)
      ;
    if (limiter->free_at <= now) {
      *place = limiter->next;
      limiter->next = NULL;
      expired = limiter;
    }
  }
  unlock_registry();
  retire_all(expired, now);
}

static enum sr_verdict local_take(struct sr_limiter *limiter, const struct sr_want *want,
                                  sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  enum sr_verdict verdict = SR_LIMIT_FAILED;
  struct sr_limit *limit;
  struct sr_share *share;
  int i;
  begin_use(limiter);
  limit = limit_of(limiter, now);
  share = share_of(limiter);
  if (share != NULL)
    sr_share_note(share, &want->rate);
  copy_problem(limiter, ruling->problem);
  if (share != NULL || !limiter->settings.strict)
    verdict = sr_limit_take(limit, want, now, slot, ruling);
  for (i = 0; slot->state == SR_SLOT_HELD && verdict == SR_LIMIT_WAIT && i < FOLLOW_MAX; i++)
    sr_limit_give(limit_of(limiter, now), &want->rate, now, slot, SR_OUTCOME_UNSENT, 0);
  if (verdict == SR_LIMIT_WAIT)
    memset(slot, 0, sizeof *slot);
  end_use(limiter);
  return verdict;
}

static enum sr_change local_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                 sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                 sr_time hold) {
  enum sr_change change = SR_CHANGE_NONE;
  int i;
  begin_use(limiter);
  for (i = 0; slot->state == SR_SLOT_HELD && i < FOLLOW_MAX; i++) {
    enum sr_change now_changed =
        sr_limit_give(limit_of(limiter, now), rate, now, slot, outcome, hold);
    if (now_changed != SR_CHANGE_NONE)
      change = now_changed;
  }
  memset(slot, 0, sizeof *slot); /* if no block took it: its lease ends it */
  end_use(limiter);
  return change;
}

static int local_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                       struct sr_slot *slot) {
  int may;
  begin_use(limiter);
  may = sr_limit_start(limit_of(limiter, now), rate, now, slot);
  end_use(limiter);
  return may;
}

static sr_time local_earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                              unsigned ahead) {
  sr_time at;
  begin_use(limiter);
  at = sr_limit_earliest(limit_of(limiter, now), rate, now, ahead);
  end_use(limiter);
  return at;
}

static void local_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  const struct text *path = NULL;
  struct sr_share *share;
  begin_use(limiter);
  sr_limit_view(limit_of(limiter, now), now, view);
  share = share_of(limiter);
  if (share != NULL)
    path = keep_text(limiter, sr_share_path(share));
  view->scope = share != NULL || limiter->settings.strict ? "user" : "process";
  view->place = path != NULL ? path->line : "";
  copy_problem(limiter, view->problem);
  end_use(limiter);
}

static void local_reset(struct sr_limiter *limiter, sr_time now) {
  struct sr_limit *limit;
  int i = 0;
  begin_use(limiter);
  do {
    limit = limit_of(limiter, now);
    sr_limit_reset(limit);
  } while (sr_limit_moved(limit) && ++i < FOLLOW_MAX);
  end_use(limiter);
}

const struct sr_limiter_driver sr_local_driver = {
    .abi = SR_LIMITER_ABI,
    .close = local_close,
    .take = local_take,
    .start = local_start,
    .give = local_give,
    .earliest = local_earliest,
    .keep_until = local_keep_until,
    .view = local_view,
    .reset = local_reset,
};
