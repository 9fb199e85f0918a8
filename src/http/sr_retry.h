/* When an attempt may be repeated, and after what pause. Clock and randomness are the caller's.
** SPDX-License-Identifier: MIT */
#ifndef SR_RETRY_H
#define SR_RETRY_H

#include "base/sr_base.h"
#include "http/sr_error.h"

#include <time.h>

/* The bound of the first back-off. It doubles with each attempt, up to the cap. */
#define SR_BACKOFF_BASE (SR_SECOND / 2)
#define SR_BACKOFF_CAP  (8 * SR_SECOND) /* some power of two times the base */

/* A failed attempt. */
struct sr_failure {
  const struct sr_error *error;
  int sent;       /* the server may have acted on it */
  int repeatable; /* the operation may be carried out twice without harm */
};

/* Whether repeating the request is harmless and may help. */
int sr_retry_useful(const struct sr_failure *failure);

/* Full jitter: `random`, in [0,1), of the bound after the `attempt`th failure (1, 2, …). */
sr_time sr_retry_backoff(int attempt, double random);

/*
** A Retry-After value, seconds or an HTTP date, as a time from now. `wall`: the wall clock. -1:
** unreadable.
*/
sr_time sr_retry_after(const char *value, time_t wall);

/* A small random generator (splitmix64), seeded by the caller; [0,1). */
double sr_random(uint64_t *state);

#endif
