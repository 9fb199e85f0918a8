/* Clocks, and the texts of errors.
** SPDX-License-Identifier: MIT */
#include "base/sr_base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/random.h>
#endif

static sr_time monotonic_now(void *ctx) {
  struct timespec ts;
  (void)ctx;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (sr_time)ts.tv_sec * SR_SECOND + (sr_time)ts.tv_nsec;
}

const struct sr_clock sr_clock_monotonic = {monotonic_now, NULL, NULL};

static sr_time manual_now(void *ctx) {
  return ((struct sr_manual_clock *)ctx)->now;
}

static void manual_sleep(void *ctx, sr_time when) {
  struct sr_manual_clock *manual = ctx;
  if (when > manual->now)
    manual->now = when;
}

struct sr_clock sr_clock_manual(struct sr_manual_clock *manual) {
  struct sr_clock clock = {manual_now, manual_sleep, manual};
  return clock;
}

void sr_sleep_until(sr_time when) {
  sr_time left = when - monotonic_now(NULL);
  struct timespec ts;
  if (left <= 0)
    return;
  ts.tv_sec = (time_t)(left / SR_SECOND);
  ts.tv_nsec = (long)(left % SR_SECOND);
  nanosleep(&ts, NULL);
}

sr_time sr_seconds(double seconds) {
  double ns = seconds * 1e9;
  return ns >= 9e18 ? SR_NEVER - 1 : (sr_time)ns;
}

uint64_t sr_random_seed(void) {
  uint64_t seed = 0;
  struct timespec wall;
  if (getentropy(&seed, sizeof seed) == 0)
    return seed;
  clock_gettime(CLOCK_REALTIME, &wall);
  return ((uint64_t)getpid() << 40) ^ ((uint64_t)wall.tv_sec << 20) ^ (uint64_t)wall.tv_nsec ^
         (uint64_t)(uintptr_t)&seed;
}

const char *sr_errno_text(int problem, char text[SR_ERRNO_TEXT]) {
#ifdef __GLIBC__
  return strerror_r(problem, text, SR_ERRNO_TEXT);
#else
  if (strerror_r(problem, text, SR_ERRNO_TEXT) != 0)
    snprintf(text, SR_ERRNO_TEXT, "error %d", problem);
  return text;
#endif
}
