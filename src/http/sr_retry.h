/* When an attempt may be repeated, and how long to wait before. No clock and no chance of its own:
** both are told.
** SPDX-License-Identifier: MIT */
#ifndef SR_RETRY_H
#define SR_RETRY_H

#include "base/sr_base.h"
#include "http/sr_error.h"

#include <time.h>

/*
** The first back-off is up to this long, each later one up to twice the one before, but not above
** the cap.
*/
#define SR_BACKOFF_BASE (SR_SECOND / 2)
#define SR_BACKOFF_CAP  (8 * SR_SECOND)

/* What is known of an attempt that failed. */
struct sr_failure {
  const struct sr_error *error;
  int sent;       /* the server may have acted on it */
  int repeatable; /* the operation may be carried out twice without harm */
};

/* Whether sending the same again is harmless and may help. */
int sr_retry_useful(const struct sr_failure *failure);

/* Full jitter: `random` in [0,1) of the bound for the `attempt`th attempt that failed (1, 2, …). */
sr_time sr_retry_backoff(int attempt, double random);

/*
** A Retry-After value, seconds or an HTTP date, as a time from now; `wall` is the wall clock. -1:
** none or not readable.
*/
sr_time sr_retry_after(const char *value, time_t wall);

/* A small random generator (splitmix64), seeded by the caller; [0,1). */
double sr_random(uint64_t *state);

#endif
