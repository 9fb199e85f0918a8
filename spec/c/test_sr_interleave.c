/* Interleavings of processes that use a limit's blocks: each operation runs at every fault point of each
** other operation, and a third one inside that.
** SPDX-License-Identifier: MIT
**
** sr_limit.c is compiled into this program again, under other names, with its fault points enabled.
** A world has a block at the path of the file, and the blocks that replace it. */
#include "weave.h"

static void reach(const char *point);

#define SR_FAULT(point)   reach(point)
#define sr_limit_take     woven_take
#define sr_limit_give     woven_give
#define sr_limit_earliest woven_earliest
#define sr_limit_last     woven_last
#define sr_limit_view     woven_view
#define sr_limit_reset    woven_reset
#define sr_limit_merge    woven_merge
#define sr_limit_start    woven_start
#define sr_limit_moved    woven_moved
#define sr_limit_retire   woven_retire
#include "limit/sr_limit.c"

#define S     SR_SECOND
#define NOW   (1000000 * S)
#define LEASE (NOW + 5 * S)
#define LONG  (3600 * S)

enum { N = 2, BLOCKS = 6 };
static const struct sr_rate rate = {N, S};

/* ---- a world ---- */

/* A process's operation. GIVE + outcome gives back a slot taken before. */
enum op { TAKE, START, MERGE, RESET, REPAIR, RETIRE, GIVE, OPS = GIVE + 6 };

struct process {
  enum op op;
  int block; /* the mapped one */
  struct sr_slot slot;
  int granted, ended;
};

/* The situation at the start. */
struct situation {
  const char *name;
  int removed;  /* the file was removed, unnoticed */
  int refusals; /* 429s in a row; after 3, the ban ends just now */
  int silent;   /* unanswered requests; 2 is the limit's threshold, a window ago */
  int held;     /* held by a 429 of a client with a window of an hour */
  int damaged;  /* impossible words */
  int late;     /* slots were taken long ago: their leases have expired */
};

static const struct situation situations[] = {
    {.name = "at rest"},
    {.name = "two 429s", .refusals = 2},
    {.name = "a ban is over", .refusals = 3},
    {.name = "nothing is answered", .silent = 2},
    {.name = "held", .held = 1},
    {.name = "damaged", .damaged = 1},
    {.name = "late", .late = 1},
    {.name = "removed", .removed = 1},
    {.name = "removed, two 429s", .removed = 1, .refusals = 2},
    {.name = "removed, a ban is over", .removed = 1, .refusals = 3},
    {.name = "removed, nothing is answered", .removed = 1, .silent = 2},
    {.name = "removed, held", .removed = 1, .held = 1},
    {.name = "removed, late", .removed = 1, .late = 1},
};

static const struct situation *situation; /* the current one */
static struct sr_limit blocks[BLOCKS];
static int at_path;
static struct process processes[PROCESSES];
static int resets, merges;

/* ---- steps ---- */

/* The block that the process uses now, as sr_local.c finds it. */
static struct sr_limit *follow(struct process *p) {
  while (sr_limit_moved(&blocks[p->block])) {
    struct sr_limit *old = &blocks[p->block];
    if (at_path == p->block)
      at_path++; /* retired but not yet removed */
    assert_true(at_path < BLOCKS);
    if (sr_limit_merge(&blocks[at_path], old)) {
      p->block = at_path;
      merges++;
    }
  }
  return &blocks[p->block];
}

static void give(struct process *p, enum sr_outcome outcome) {
  while (p->slot.state == SR_SLOT_HELD)
    sr_limit_give(follow(p), &rate, NOW, &p->slot, outcome, S);
}

static int take_at(struct process *p, sr_time now) {
  struct sr_want want;
  struct sr_ruling ruling;
  enum sr_verdict verdict;
  memset(&want, 0, sizeof want);
  want.rate = rate;
  want.lease = LEASE - NOW + now;
  verdict = sr_limit_take(follow(p), &want, now, &p->slot, &ruling);
  if (verdict != SR_LIMIT_GRANTED)
    give(p, SR_OUTCOME_UNSENT);
  return verdict == SR_LIMIT_GRANTED;
}

static void act(int process) {
  struct process *p = &processes[process];
  struct sr_limit_view view;
  int last;
  switch (p->op) {
  case TAKE:
    p->granted = take_at(p, NOW);
    break;
  case START:
    if (p->granted && !sr_limit_start(follow(p), &rate, NOW, &p->slot)) {
      p->granted = 0;
      give(p, SR_OUTCOME_UNSENT);
    }
    break;
  case MERGE: /* it has checked that the file is still at its path */
    last = p->block;
    if (last != at_path && sr_limit_merge(&blocks[at_path], &blocks[last])) {
      p->block = at_path;
      merges++;
    }
    break;
  case RESET:
    resets++;
    do
      sr_limit_reset(&blocks[last = (int)(follow(p) - blocks)]);
    while (sr_limit_moved(&blocks[last]));
    break;
  case REPAIR:
    memset(&view, 0, sizeof view);
    view.rate = rate;
    sr_limit_view(follow(p), NOW, &view);
    break;
  case RETIRE:
    last = p->block;
    if (sr_limit_retire(&blocks[last], NOW, 0) && at_path == last)
      at_path++;
    break;
  default:
    p->ended = p->granted;
    if (p->granted && p->op - GIVE == SR_OUTCOME_UNSENT)
      p->granted = 0;
    give(p, (enum sr_outcome)(p->op - GIVE));
  }
}

static void reach(const char *point) {
  (void)point;
  pass_point();
}

/* ---- invariants ---- */

static void explain(const char *what) {
  static const char *const names[] = {"take",      "start",    "merge",       "reset",
                                      "repair",    "retire",   "give unsent", "give silent",
                                      "give fine", "give 5xx", "give 429",    "give bad key"};
  CHECK(0, "%s: %s, at its point %d %s, at its point %d %s: %s", situation->name,
        names[processes[0].op], meet_at[0], names[processes[1].op], meet_at[1],
        process_count > 2 ? names[processes[2].op] : "-", what);
}

/* Another process opens the file now. Counts the slots it gets, and those granted one at a time. */
static int others(sr_time now, int *alone) {
  struct process other;
  int got = 0;
  memset(&other, 0, sizeof other);
  other.block = at_path;
  *alone = 0;
  while (take_at(&other, now)) {
    *alone += other.slot.probe != 0 || other.slot.lone != 0;
    got++;
    assert_true(got <= N);
  }
  return got;
}

static int did(enum op op) {
  int i, times = 0;
  for (i = 0; i < process_count; i++)
    times += processes[i].op == op;
  return times;
}

/* The number of requests that may be counted in this window, and of those that go alone. */
static int sent(int *alone, int late) {
  int i, total = 0;
  *alone = 0;
  for (i = 0; i < process_count; i++) {
    const struct process *p = &processes[i];
    total += p->granted && (p->op < GIVE || !late);
    *alone += p->slot.state == SR_SLOT_HELD && (p->slot.probe != 0 || p->slot.lone != 0);
  }
  return total;
}

/* The number of requests with this outcome. */
static int ended(enum sr_outcome outcome) {
  int i, times = 0;
  for (i = 0; i < process_count; i++)
    times += processes[i].ended && processes[i].op == (enum op)(GIVE + outcome);
  return times;
}

/* Checks the state that a process opening the file finds, once those with old mappings are done. */
static void check(void) {
  const struct situation *s = situation;
  struct sr_limit_view view;
  struct process reader;
  int alone, others_alone, total = sent(&alone, s->late), open, hushed;
  int refused = ended(SR_OUTCOME_REFUSED), fine = did(GIVE + SR_OUTCOME_FINE);
  int answered = fine + did(GIVE + SR_OUTCOME_ANSWERED) + did(GIVE + SR_OUTCOME_REFUSED) +
                 did(GIVE + SR_OUTCOME_BAD_KEY);
  /* The removal went unnoticed: a new program gets free slots, as documented. */
  if (s->removed && merges == 0)
    return;
  memset(&reader, 0, sizeof reader);
  reader.block = at_path;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  sr_limit_view(follow(&reader), NOW, &view);
  open = view.block != SR_BLOCK_NONE;
  hushed = view.silent;
  if (resets == 0) {
    if (s->held && view.held_until < NOW + LONG)
      explain("the hold is shorter");
    if (refused > 0 && view.held_until < NOW + S)
      explain("a 429 holds nobody");
    if (s->refusals == 2 && refused > 0 && !fine && !open)
      explain("a 429 is lost");
    if (s->refusals == 0 && !fine && !open && view.strikes != refused)
      explain("a 429 is lost, or counts twice");
    if (s->refusals == 3 && !fine && !open)
      explain("the ban is lost");
    if ((s->silent || ended(SR_OUTCOME_SILENT) >= N) && !answered && !hushed)
      explain("the silence is lost");
  }
  total += others(NOW, &others_alone);
  if (total > N)
    explain("more requests than slots");
  if (alone + others_alone > 1 && resets == 0) /* a reset releases all */
    explain("two go alone");
  /* After ban, hold and leases: all slots are free, or one if requests go alone. */
  if (others(LEASE + 200000 * S, &alone) != (open ? 1 : N) || alone != open)
    explain("a slot is lost");
}

/* ---- all combinations ---- */

/* Done before by other processes, in block 0. */
static void prepare_block(const struct situation *s) {
  struct process before;
  struct sr_slot slots[3];
  int i;
  memset(&before, 0, sizeof before);
  for (i = 0; i < s->refusals || i < s->silent; i++) {
    sr_time then = s->refusals == 3 ? NOW - SR_BAN - 10 * S + i * 5 * S : NOW - 100 * S + i * 5 * S;
    assert_true(take_at(&before, then));
    slots[i] = before.slot;
    sr_limit_give(&blocks[0], &rate, then, &slots[i],
                  s->refusals > 0 ? SR_OUTCOME_REFUSED : SR_OUTCOME_SILENT, S);
  }
  if (s->damaged) {
    atomic_store(&blocks[0].slots[N], INT64_MAX);
    atomic_store(&blocks[0].held, INT64_MIN);
    atomic_store(&blocks[0].probe, INT64_MAX);
    atomic_store(&blocks[0].silence, UINT64_MAX);
  }
}

static void prepare(void) {
  const struct situation *s = situation;
  int i;
  memset(blocks, 0, sizeof blocks);
  at_path = resets = merges = 0;
  prepare_block(s);
  for (i = 0; i < process_count; i++) {
    struct process *p = &processes[i];
    enum op op = p->op;
    memset(p, 0, sizeof *p);
    p->op = op;
    if (op >= GIVE || op == START)
      p->granted = take_at(p, s->late ? NOW - 100 * S : NOW);
  }
  if (s->held)
    raise_to(&blocks[0], &blocks[0].held, NOW + LONG);
  at_path = s->removed;
}

static void the_limit_holds_in_every_interleaving_of_two_processes(void **state) {
  int met = 0;
  (void)state;
  for (situation = situations; situation < situations + COUNT(situations); situation++)
    for (processes[0].op = 0; processes[0].op < OPS; processes[0].op++)
      for (processes[1].op = 0; processes[1].op < OPS; processes[1].op++)
        met += all_pairs();
  CHECK(met > 5000, "%d meetings", met);
}

static void the_limit_holds_in_every_interleaving_of_three_processes_and_two_blocks(void **state) {
  int divisor = rounds(100), met = 0; /* TEST_DIVISOR */
  size_t i, ops, all = OPS * OPS * OPS;
  (void)state;
  for (i = 0; i < COUNT(situations); i++)
    for (ops = 0; ops < all; ops++) {
      if ((i + ops) % 100 >= (size_t)divisor)
        continue;
      processes[0].op = (enum op)(ops / (OPS * OPS));
      processes[1].op = (enum op)(ops / OPS % OPS);
      processes[2].op = (enum op)(ops % OPS);
      situation = &situations[i];
      met += all_triples();
    }
  CHECK(met > rounds(100000), "%d meetings", met);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_limit_holds_in_every_interleaving_of_two_processes),
      cmocka_unit_test(the_limit_holds_in_every_interleaving_of_three_processes_and_two_blocks),
  };
  return cmocka_run_group_tests_name("sr_interleave", tests, NULL, NULL);
}
