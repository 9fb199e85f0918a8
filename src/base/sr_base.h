/* What every layer shares: time, the clock that tells it, and the texts of errors.
** SPDX-License-Identifier: MIT */
#ifndef SR_BASE_H
#define SR_BASE_H

#include <stddef.h>
#include <stdint.h>

/* The only place of the version: make dist and spec/version_spec.lua read it here. */
#define SR_VERSION "1.0.0"

/*
** Whether what only Linux has may be used. -DSR_PORTABLE=1 builds the code for other systems on Linux
** too, to test it.
*/
#ifndef SR_PORTABLE
#define SR_PORTABLE 0
#endif
#if defined(__linux__) && !SR_PORTABLE
#define SR_LINUX 1
#else
#define SR_LINUX 0
#endif

/* Nanoseconds. A point in time is one on the monotonic clock, whose zero means nothing. */
typedef int64_t sr_time;

#define SR_SECOND      ((sr_time)1000000000)
#define SR_MILLISECOND ((sr_time)1000000)
#define SR_NEVER       INT64_MAX

/*
** Where time comes from. Both functions get `ctx`.
** `now`    the monotonic time.
** `sleep`  waits until `when`; NULL: the caller really waits. A test's clock jumps there instead,
**          so that a test of ten minutes takes none.
*/
struct sr_clock {
  sr_time (*now)(void *ctx);
  void (*sleep)(void *ctx, sr_time when);
  void *ctx;
};

/* CLOCK_MONOTONIC, really waiting. */
extern const struct sr_clock sr_clock_monotonic;

/*
** A clock that stands still until it is told to move, or until somebody sleeps on it. `sr_clock` of
** it: sr_clock_manual.
*/
struct sr_manual_clock {
  sr_time now;
};
struct sr_clock sr_clock_manual(struct sr_manual_clock *manual);

/* Sleeps on the real clock, at most until `when`. Returns early when a signal arrives. */
void sr_sleep_until(sr_time when);

/* Seconds to nanoseconds; `seconds` must be finite and not negative. Saturates below SR_NEVER. */
sr_time sr_seconds(double seconds);

/* Random bits that no other process has, for names and for the seeds of generators. */
uint64_t sr_random_seed(void);

/* strerror, for any thread: a constant, or `text`. */
enum { SR_ERRNO_TEXT = 64 };
const char *sr_errno_text(int problem, char text[SR_ERRNO_TEXT]);

/* White space as HTTP and JSON have it. */
static inline int sr_is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* `text` in lower case, ASCII only, whatever the locale says. */
static inline char sr_lower(char c) {
  return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}

#endif
