/* Whose turn it is when several callers wait for slots.
** SPDX-License-Identifier: MIT */
#ifndef SR_TURN_H
#define SR_TURN_H

#include "base/sr_base.h"

/*
** When the caller behind `ahead` others gets a slot, if each of them takes the first slot that is free
** and gives it back at once. `at`: when each of the slots is free; overwritten.
*/
static inline sr_time sr_turn(sr_time *at, int slots, sr_time window, unsigned ahead) {
  for (;;) {
    int i, first = 0;
    for (i = 1; i < slots; i++)
      if (at[i] < at[first])
        first = i;
    if (ahead-- == 0)
      return at[first];  /* NOLINT(clang-analyzer-core.uninitialized.UndefReturn): slots is not 0 */
    at[first] += window; /* NOLINT(clang-analyzer-core.uninitialized.Assign) */
  }
}

#endif
