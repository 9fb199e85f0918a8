/* Test support: interleavings. An operation of a simulated process is stopped at each of its fault points;
** another one runs there from beginning to end, and a third one inside that.
** SPDX-License-Identifier: MIT
**
** The program defines `prepare`, `act` and `check`, and calls pass_point at the fault points. */
#ifndef SPEC_WEAVE_H
#define SPEC_WEAVE_H

#include "support.h"

enum { PROCESSES = 3 };

/* Prepares a round, performs the operation of a process, checks the round's end. */
static void prepare(void);
static void act(int process);
static void check(void);

static int process_count;

/* The point of a process at which the next one runs, and the points passed. */
static int meet_at[PROCESSES], passed[PROCESSES], running, weaving;

/* At a fault point of the running process. */
static inline void pass_point(void) {
  if (!weaving || running + 1 == process_count || ++passed[running] != meet_at[running])
    return;
  running++;
  passed[running] = 0;
  act(running);
  running--;
}

/* Runs the processes; those not started at a point run afterwards. Returns how many started at a point. */
static inline int weave(void) {
  int i, met;
  weaving = 0;
  prepare();
  running = 0;
  memset(passed, 0, sizeof passed);
  weaving = 1;
  act(0);
  weaving = 0;
  for (met = 1; met < process_count && passed[met - 1] >= meet_at[met - 1]; met++)
    ;
  for (i = met; i < process_count; i++)
    act(i);
  check();
  return met;
}

/* Runs a second one at every point of the first. Returns how many were run there. */
static inline int all_pairs(void) {
  int met = 0;
  process_count = 2;
  meet_at[1] = 0;
  for (meet_at[0] = 1; weave() == 2; meet_at[0]++)
    met++;
  return met;
}

/* Runs a second one at every point of the first, and a third one at every point of the second. */
static inline int all_triples(void) {
  int met = 0, more = 1;
  process_count = 3;
  for (meet_at[0] = 1; more; meet_at[0]++) {
    more = 0;
    for (meet_at[1] = 1;; meet_at[1]++) {
      int how_many = weave();
      more |= how_many >= 2;
      met += how_many == 3;
      if (how_many < 3)
        break;
    }
  }
  return met;
}

#endif
