/* The cost of taking a slot of the shared file, the last check before sending, and giving it back,
** without contention.
** SPDX-License-Identifier: MIT
**
** limiter-cost DIRECTORY: prints nanoseconds, the median of 21 rounds of 100,000. The limiter's clock
** advances by a microsecond each, so the file is checked as often as in normal use: once a second. */
#include "limit/sr_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 21, TIMES = 100000 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static sr_time real_now(void) {
  return sr_clock_monotonic.now(NULL);
}

static int take_and_give(struct sr_limiter *limiter, const struct sr_want *want, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  memset(&slot, 0, sizeof slot);
  if (sr_local_driver.take(limiter, want, now, &slot, &ruling) != SR_LIMIT_GRANTED ||
      ruling.problem[0] != '\0') {
    fprintf(stderr, "no slot: %s\n", ruling.problem);
    return -1;
  }
  if (!sr_local_driver.start(limiter, &want->rate, now, &slot))
    return -1;
  sr_local_driver.give(limiter, &want->rate, now, &slot, SR_OUTCOME_FINE, 0);
  return 0;
}

int main(int argc, char **argv) {
  struct sr_local_settings settings = {1, 0, argv[1], 0, 1};
  struct sr_limit_identity identity = {42, "", ""};
  struct sr_limiter *limiter = sr_local_open(&settings, &identity);
  struct sr_want want;
  double rounds[ROUNDS];
  sr_time now = real_now();
  int i, k;
  if (argc != 2 || limiter == NULL)
    return 2;
  memset(&want, 0, sizeof want);
  want.rate.slots = 5;
  want.rate.window = 1000; /* a microsecond: the five slots never run out */
  for (i = 0; i < ROUNDS; i++) {
    sr_time begin = real_now();
    for (k = 0; k < TIMES; k++) {
      now += 1000;
      want.lease = now + SR_SECOND;
      if (take_and_give(limiter, &want, now) != 0)
        return 1;
    }
    rounds[i] = (double)(real_now() - begin) / TIMES;
  }
  qsort(rounds, ROUNDS, sizeof rounds[0], by_value);
  printf("%.1f\n", rounds[ROUNDS / 2]);
  return 0;
}
