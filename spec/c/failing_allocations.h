/* Test support: allocations that are counted and fail, whoever makes them.
** SPDX-License-Identifier: MIT
**
** It replaces malloc for all code of the program, including libcurl. Sanitizers and valgrind do the same, and
** only one can: under them, the tests are skipped. */
#ifndef SPEC_FAILING_ALLOCATIONS_H
#define SPEC_FAILING_ALLOCATIONS_H

#include "support.h"

#include <dlfcn.h>
#include <malloc.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

/* Volatile: compilers assume that malloc does not change our variables. */
static volatile long asked;      /* allocations requested since watch_begin */
static volatile long live;       /* allocations minus frees since then */
static volatile long fail_at;    /* number of the first allocation to fail; 0: none */
static volatile long fail_count; /* how many to fail from there on */
static volatile int watching;

#ifndef SANITIZED
#define VISIBLE __attribute__((visibility("default")))

static union {
  void *plain;
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void (*free)(void *);
} next_malloc, next_calloc, next_realloc, next_free;

/* Memory for dlsym itself; never freed. */
static char early[4096];
static size_t early_used;
static int resolving;

static void resolve(void) {
  if (next_free.plain != NULL || resolving)
    return;
  resolving = 1;
  next_malloc.plain = dlsym(RTLD_NEXT, "malloc");
  next_calloc.plain = dlsym(RTLD_NEXT, "calloc");
  next_realloc.plain = dlsym(RTLD_NEXT, "realloc");
  next_free.plain = dlsym(RTLD_NEXT, "free");
  resolving = 0;
}

static void *early_block(size_t size) {
  char *block = early + early_used;
  size = (size + 15) & ~(size_t)15;
  if (size > sizeof early - early_used)
    return NULL;
  early_used += size;
  return block;
}

static int is_early(const void *block) {
  return (const char *)block >= early && (const char *)block < early + sizeof early;
}

static int must_fail(void) {
  if (!watching)
    return 0;
  asked++;
  return fail_at > 0 && asked >= fail_at && asked < fail_at + fail_count;
}

static void *given(void *block) {
  if (watching && block != NULL)
    live++;
  return block;
}

VISIBLE void *malloc(size_t size) {
  resolve();
  if (next_malloc.plain == NULL)
    return early_block(size);
  return must_fail() ? NULL : given(next_malloc.malloc(size));
}

VISIBLE void *calloc(size_t count, size_t size) {
  resolve();
  if (next_calloc.plain == NULL)
    return early_block(count * size);
  return must_fail() ? NULL : given(next_calloc.calloc(count, size));
}

/* Always moves, so the old block is checked for secrets. */
VISIBLE void *realloc(void *block, size_t size) {
  void *other;
  size_t old;
  if (block == NULL)
    return malloc(size);
  resolve();
  if (!watching && !is_early(block))
    return next_realloc.realloc(block, size);
  other = malloc(size);
  if (other == NULL)
    return NULL;
  old =
      is_early(block) ? (size_t)(early + sizeof early - (char *)block) : malloc_usable_size(block);
  memcpy(other, block, old < size ? old : size);
  free(block);
  return other;
}

VISIBLE void free(void *block) {
  resolve();
  if (block == NULL || is_early(block))
    return;
  if (watching)
    live--;
  next_free.free(block);
}
#endif

static inline void watch_begin(long at, long count) {
  asked = 0;
  live = 0;
  fail_at = at;
  fail_count = count;
  watching = 1;
}

static inline void watch_end(void) {
  watching = 0;
}

/* Whether the functions above are in use. */
static inline int in_between(void) {
  void *volatile block;
  long seen;
  watch_begin(0, 0);
  block = malloc(1);
  free(block);
  seen = asked;
  watch_end();
  return seen == 1;
}

#define NEEDS_TO_BE_IN_BETWEEN()                                                                   \
  do {                                                                                             \
    if (!in_between()) {                                                                           \
      print_message("skipped: a sanitizer or valgrind has malloc\n");                              \
      skip();                                                                                      \
    }                                                                                              \
  } while (0)

#endif
