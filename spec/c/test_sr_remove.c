/* Interleavings of processes that open, use and remove the file of a limit: each operation runs at every
** fault point of each other operation, and a third one inside that.
** SPDX-License-Identifier: MIT
**
** A process at such a point represents one that was stopped there and continues later. sr_share.c is
** compiled into this program again, under other names, with its fault points enabled. */
#include "folder.h"
#include "weave.h"

#include <time.h>

static void reach(const char *point);

/* Nothing happens in pauses between attempts: skip them. */
static int no_pause(const struct timespec *pause, struct timespec *left) {
  (void)pause;
  (void)left;
  return 0;
}
#define nanosleep no_pause

#define SR_FAULT(point)      reach(point)
#define sr_share_environment woven_share_environment
#define sr_share_open        woven_share_open
#define sr_share_remove      woven_share_remove
#define sr_share_sweep       woven_share_sweep
#define sr_share_close       woven_share_close
#define sr_share_limit       woven_share_limit
#define sr_share_path        woven_share_path
#define sr_share_current     woven_share_current
#define sr_share_note        woven_share_note
#define sr_share_list_init   woven_share_list_init
#define sr_share_list_fini   woven_share_list_fini
#include "limit/sr_share.c"

#define S   SR_SECOND
#define NOW (1000000 * S)

enum { N = 2, FOLLOW_MAX = 8 };
static const struct sr_rate rate = {N, S};
static const struct sr_limit_identity who = {1, "", "https://api4.seranking.com"};
static const struct sr_limit_identity other = {2, "", "https://api4.seranking.com"};

static const struct sr_share_place place = {folder, 0};

/* ---- processes ---- */

/* OPEN: opens the file now, and takes a slot. The others have it open from before. */
enum op { OPEN, TAKE, REMOVE, SWEEP, OPS };

struct process {
  enum op op;
  struct sr_share *share;
  int granted;
};

static struct process processes[PROCESSES];
static int opened_often[PROCESSES];

static struct sr_share *opened(const struct sr_limit_identity *identity) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = sr_share_open(&place, identity, problem);
  CHECK(share != NULL, "%s", problem);
  return share;
}

/* As sr_local.c does. Returns 0 if the file can't be replaced just now. */
static int follow(struct process *p) {
  int i;
  for (i = 0; i < FOLLOW_MAX && sr_limit_moved(sr_share_limit(p->share)); i++) {
    struct sr_share *next = opened(&who);
    if (sr_limit_merge(sr_share_limit(next), sr_share_limit(p->share))) {
      sr_share_close(p->share);
      p->share = next;
    } else {
      sr_share_close(next);
    }
  }
  return !sr_limit_moved(sr_share_limit(p->share));
}

static int take(struct process *p) {
  struct sr_want want;
  struct sr_ruling ruling;
  struct sr_slot slot;
  enum sr_verdict verdict = SR_LIMIT_WAIT;
  memset(&want, 0, sizeof want);
  want.rate = rate;
  want.lease = NOW + 60 * S;
  memset(&slot, 0, sizeof slot);
  if (follow(p))
    verdict = sr_limit_take(sr_share_limit(p->share), &want, NOW, &slot, &ruling);
  while (verdict != SR_LIMIT_GRANTED && slot.state == SR_SLOT_HELD && follow(p))
    sr_limit_give(sr_share_limit(p->share), &rate, NOW, &slot, SR_OUTCOME_UNSENT, 0);
  return verdict == SR_LIMIT_GRANTED;
}

static void act(int process) {
  struct process *p = &processes[process];
  opened_often[process] = 0;
  if (p->op == OPEN)
    p->share = opened(&who);
  if (p->op == OPEN || p->op == TAKE)
    p->granted = take(p);
  else if (p->op == REMOVE)
    (void)sr_share_remove(p->share, NOW);
  else
    sr_share_sweep(p->share, NOW);
}

static void reach(const char *point) {
  if (weaving && strcmp(point, "opened") == 0 && ++opened_often[running] > 3)
    return; /* it keeps retrying */
  pass_point();
}

/* ---- all combinations ---- */

static void prepare(void) {
  int i;
  files(1);
  for (i = 0; i < process_count; i++) {
    processes[i].granted = 0;
    processes[i].share =
        processes[i].op == OPEN ? NULL : opened(processes[i].op == SWEEP ? &other : &who);
  }
}

static void check(void) {
  static const char *const names[] = {"open", "take", "remove", "sweep"};
  struct process last;
  int i, total = 0, swept = 0;
  memset(&last, 0, sizeof last);
  last.share = opened(&who);
  for (i = 0; i < process_count; i++) {
    total += processes[i].granted;
    swept |= processes[i].op == SWEEP;
  }
  while (take(&last))
    total++;
  CHECK(total == N && sr_share_current(last.share) && files(0) == 1 + swept,
        "%s, at its point %d %s, at its point %d %s: %d slots of %d, %d files",
        names[processes[0].op], meet_at[0], names[processes[1].op], meet_at[1],
        process_count > 2 ? names[processes[2].op] : "-", total, N, files(0));
  sr_share_close(last.share);
  for (i = 0; i < process_count; i++)
    sr_share_close(processes[i].share);
}

static void the_limit_holds_in_every_interleaving_of_two_processes_with_a_file(void **state) {
  int met = 0;
  (void)state;
  for (processes[0].op = 0; processes[0].op < OPS; processes[0].op++)
    for (processes[1].op = 0; processes[1].op < OPS; processes[1].op++)
      met += all_pairs();
  CHECK(met > 20, "%d meetings", met);
}

static void the_limit_holds_in_every_interleaving_of_three_processes_with_a_file(void **state) {
  int met = 0, ops;
  (void)state;
  for (ops = 0; ops < OPS * OPS * OPS; ops++) {
    processes[0].op = (enum op)(ops / (OPS * OPS));
    processes[1].op = (enum op)(ops / OPS % OPS);
    processes[2].op = (enum op)(ops % OPS);
    met += all_triples();
  }
  CHECK(met > 100, "%d meetings", met);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_limit_holds_in_every_interleaving_of_two_processes_with_a_file),
      cmocka_unit_test(the_limit_holds_in_every_interleaving_of_three_processes_with_a_file),
  };
  return cmocka_run_group_tests_name("sr_remove", tests, make_folder, remove_folder);
}
