/* The limiter's steps, one by one: a process is killed at each of them, or overtaken there by another.
** SPDX-License-Identifier: MIT
**
** sr_limit.c is compiled into this program again, under other names, with its fault points enabled. */
#include "support.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void reach(const char *point);

#define SR_FAULT(point)   reach(point)
#define sr_limit_take     stepwise_take
#define sr_limit_give     stepwise_give
#define sr_limit_earliest stepwise_earliest
#define sr_limit_last     stepwise_last
#define sr_limit_view     stepwise_view
#define sr_limit_reset    stepwise_reset
#define sr_limit_merge    stepwise_merge
#define sr_limit_start    stepwise_start
#define sr_limit_moved    stepwise_moved
#define sr_limit_retire   stepwise_retire
#include "limit/sr_limit.c"

#define MS       SR_MILLISECOND
#define S        SR_SECOND
#define NOW      (1000000 * S)
#define DEADLINE (3 * S)
#define LEASE    (NOW + DEADLINE + S + SR_LATE_COUNT)

enum { N = 5 };
static const struct sr_rate rate = {N, S};

/* ---- points ---- */

static int reached, kill_at; /* points passed; the one to die at, 0: none */
static int call_at;
static void (*call)(void); /* run by another process at that point */
static const char *names[96];
static int name_count;

static void reach(const char *point) {
  int i;
  for (i = 0; i < name_count && strcmp(names[i], point) != 0; i++)
    ;
  if (i == name_count)
    names[name_count++] = point;
  if (++reached == kill_at)
    kill(getpid(), SIGKILL);
  if (reached == call_at) {
    call_at = 0;
    call();
  }
}

static void at_point(int die, int interfere) {
  reached = 0;
  kill_at = die;
  call_at = interfere;
}

/* ---- the block, and situations ---- */

static struct sr_limit *limit; /* shared with the children */

static int set_up(void **state) {
  (void)state;
  limit = mmap(NULL, sizeof *limit, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return limit == MAP_FAILED;
}

static enum sr_verdict take_at(struct sr_limit *of, sr_time now, struct sr_slot *slot) {
  struct sr_want want;
  struct sr_ruling ruling;
  memset(&want, 0, sizeof want);
  want.rate = rate;
  want.lease = now + DEADLINE + S + SR_LATE_COUNT;
  return sr_limit_take(of, &want, now, slot, &ruling);
}

static void refused_at(sr_time now, int times) {
  struct sr_slot slots[3];
  int i;
  for (i = 0; i < times; i++)
    assert_int_equal(take_at(limit, now, &slots[i]), SR_LIMIT_GRANTED);
  for (i = 0; i < times; i++)
    sr_limit_give(limit, &rate, now, &slots[i], SR_OUTCOME_REFUSED, S);
}

/* An operation of a process that is killed or overtaken, and its history. */
struct situation {
  const char *name;
  int refusals; /* 429s in a row before; after 3, the ban ends just now */
  int gives;    /* 1: gives back a slot with `outcome`; 0: takes one */
  enum sr_outcome outcome;
};

static const struct situation situations[] = {
    {"take", 0, 0, 0},
    {"give, fine", 0, 1, SR_OUTCOME_FINE},
    {"give, unsent", 0, 1, SR_OUTCOME_UNSENT},
    {"give, silent", 0, 1, SR_OUTCOME_SILENT},
    {"give, 5xx", 0, 1, SR_OUTCOME_ANSWERED},
    {"give, the first 429", 0, 1, SR_OUTCOME_REFUSED},
    {"give, fine after two 429s", 2, 1, SR_OUTCOME_FINE},
    {"give, the third 429", 2, 1, SR_OUTCOME_REFUSED},
    {"give, a bad key", 2, 1, SR_OUTCOME_BAD_KEY},
    {"take the probe", 3, 0, 0},
    {"give the probe, fine", 3, 1, SR_OUTCOME_FINE},
    {"give the probe, 429", 3, 1, SR_OUTCOME_REFUSED},
    {"give the probe, bad key", 3, 1, SR_OUTCOME_BAD_KEY},
    {"give the probe, unsent", 3, 1, SR_OUTCOME_UNSENT},
    {"give the probe, silent", 3, 1, SR_OUTCOME_SILENT},
    {"give the probe, 5xx", 3, 1, SR_OUTCOME_ANSWERED},
};

static void prepare(const struct situation *s) {
  at_point(0, 0);
  memset(limit, 0, sizeof *limit);
  refused_at(s->refusals == 3 ? NOW - SR_BAN : NOW - 100 * S, s->refusals);
}

/* Runs the operation, counting points from its start. Returns a take's verdict. */
static enum sr_verdict act(const struct situation *s, int die, int interfere,
                           struct sr_slot *slot) {
  enum sr_verdict verdict = SR_LIMIT_GRANTED;
  if (s->gives)
    verdict = take_at(limit, NOW, slot);
  at_point(die, interfere);
  if (s->gives)
    sr_limit_give(limit, &rate, NOW, slot, s->outcome, S);
  else
    verdict = take_at(limit, NOW, slot);
  at_point(0, 0);
  return verdict;
}

static int points_of(const struct situation *s) {
  struct sr_slot slot;
  int count;
  prepare(s);
  if (s->gives)
    assert_int_equal(take_at(limit, NOW, &slot), SR_LIMIT_GRANTED);
  at_point(0, 0);
  if (s->gives)
    sr_limit_give(limit, &rate, NOW, &slot, s->outcome, S);
  else
    assert_int_equal(take_at(limit, NOW, &slot), SR_LIMIT_GRANTED);
  count = reached;
  assert_true(count > 0);
  return count;
}

/* The number of requests that could be sent at a time. Changes nothing. */
static int room(sr_time now, int *probes) {
  static struct sr_limit copy;
  struct sr_slot slot;
  int count = 0;
  memcpy(&copy, limit, sizeof copy);
  *probes = 0;
  while (take_at(&copy, now, &slot) == SR_LIMIT_GRANTED) {
    assert_true(++count <= N);
    *probes += slot.probe != 0;
  }
  return count;
}

static struct sr_limit_view view_at(sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  sr_limit_view(limit, now, &view);
  return view;
}

/* ---- killed ---- */

static void die_in(const struct situation *s, int point) {
  pid_t child;
  int status = 0;
  prepare(s);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct sr_slot slot;
    act(s, point, 0, &slot);
    _exit(1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s: not killed at point %d", s->name,
        point);
}

/* The others continue: never more than N in a window, including the dead process's request. */
static void expect_the_limit_to_hold(const struct situation *s, int point, int gave) {
  sr_time sent[N], now;
  int i, n = 0, from_the_dead = s->gives && s->outcome != SR_OUTCOME_UNSENT;
  memset(sent, 0, sizeof sent);
  for (now = NOW; now < LEASE + 3 * S; now += 50 * MS) {
    struct sr_slot slot;
    while (take_at(limit, now, &slot) == SR_LIMIT_GRANTED) {
      int in_window = now <= NOW + (gave ? 0 : SR_LATE_COUNT) + S - 1 ? from_the_dead : 0;
      for (i = 0; i < N; i++)
        in_window += sent[i] + S > now;
      CHECK(in_window < N, "%s, point %d: more than %d within a window", s->name, point, N);
      sent[n++ % N] = now;
      sr_limit_give(limit, &rate, now, &slot, SR_OUTCOME_ANSWERED, 0);
    }
  }
}

static void killed_at_any_step_the_limit_recovers_within_deadline_and_window(void **state) {
  size_t i;
  int kills = 0;
  (void)state;
  for (i = 0; i < COUNT(situations); i++) {
    const struct situation *s = &situations[i];
    int point, points = points_of(s);
    for (point = 1; point <= points; point++, kills++) {
      struct sr_limit_view view;
      int open, now_room, then_room, probes, sent = s->gives && s->outcome != SR_OUTCOME_UNSENT;
      sr_time recovered = LEASE + 1;
      die_in(s, point);
      view = view_at(NOW);
      open = view.block != SR_BLOCK_NONE;
      now_room = room(NOW, &probes);
      if (open && view.blocked_until > NOW) {
        recovered = view.blocked_until;
        CHECK(now_room == 0, "%s, point %d: open, and %d may go", s->name, point, now_room);
      } else if (open) {
        CHECK(now_room <= 1 && now_room == probes, "%s, point %d: %d may go", s->name, point,
              now_room);
      } else {
        CHECK(now_room <= N - sent, "%s, point %d: %d may go", s->name, point, now_room);
      }
      then_room = room(recovered, &probes);
      CHECK(then_room == (open ? 1 : N), "%s, point %d: then %d may go", s->name, point, then_room);
      CHECK(probes == open, "%s, point %d: then %d probes", s->name, point, probes);
      if (!open)
        expect_the_limit_to_hold(s, point,
                                 point == points); /* at the last point, it was given back */
    }
  }
  assert_true(kills >= 50);
}

/* All fault points of sr_limit.c. */
static void every_fault_point_was_reached(void **state) {
  static const char *const all[] = {"looked",  "probe",   "probing", "passed", "take",
                                    "taken",   "raise",   "held",    "heard",  "silence",
                                    "circuit", "learned", "give",    "given"};
  size_t i;
  int k;
  (void)state;
  for (i = 0; i < COUNT(all); i++) {
    for (k = 0; k < name_count && strcmp(names[k], all[i]) != 0; k++)
      ;
    CHECK(k < name_count, "%s was not reached", all[i]);
  }
  assert_int_equal(name_count, COUNT(all));
}

/* A process dies while it has the probe. */
static void a_lost_probe_is_replaced_by_exactly_one(void **state) {
  struct sr_slot slot;
  pid_t child;
  int status = 0, probes;
  (void)state;
  prepare(&situations[9]);
  child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    take_at(limit, NOW, &slot);
    kill(getpid(), slot.probe != 0 ? SIGKILL : SIGTERM);
    _exit(1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  assert_int_equal(room(NOW, &probes), 0);
  assert_int_equal(room(LEASE - 1, &probes), 0);
  assert_int_equal(room(LEASE + 1, &probes), 1);
  assert_int_equal(take_at(limit, LEASE + 1, &slot), SR_LIMIT_GRANTED);
  assert_true(slot.probe != 0);
  assert_int_equal(room(LEASE + 1, &probes), 0);
  sr_limit_give(limit, &rate, LEASE + 1, &slot, SR_OUTCOME_FINE, 0);
  assert_int_equal(room(LEASE + 1, &probes), N - 1);
}

/* ---- overtaken ---- */

static struct sr_slot other_slot;
static enum sr_verdict other_verdict;
static enum sr_outcome other_outcome;
static int others; /* number of slots taken */

static void other_takes(void) {
  other_verdict = take_at(limit, NOW, &other_slot);
}

static void other_gives(void) {
  sr_limit_give(limit, &rate, NOW, &other_slot, other_outcome, S);
}

static void other_takes_all(void) {
  struct sr_slot slot;
  other_takes();
  others = other_verdict == SR_LIMIT_GRANTED;
  while (take_at(limit, NOW, &slot) == SR_LIMIT_GRANTED)
    others++;
}

static void two_concurrent_takes_never_get_the_same_slot_or_two_probes(void **state) {
  static const int refusals[] = {0, 3};
  size_t i;
  int all;
  (void)state;
  for (i = 0; i < COUNT(refusals); i++) {
    for (all = 0; all < 2; all++) {
      struct situation s = {"take", refusals[i], 0, 0};
      int point, points = points_of(&s);
      for (point = 1; point <= points; point++) {
        struct sr_slot slot;
        enum sr_verdict verdict;
        int granted;
        prepare(&s);
        call = all ? other_takes_all : other_takes;
        verdict = act(&s, 0, point, &slot);
        granted = (verdict == SR_LIMIT_GRANTED) + (other_verdict == SR_LIMIT_GRANTED);
        if (s.refusals == 3) {
          CHECK(granted == 1, "point %d: %d probes", point, granted);
        } else {
          CHECK(all ? others + (verdict == SR_LIMIT_GRANTED) == N : granted == 2,
                "point %d: %d granted, %d to others", point, granted, others);
          CHECK(all || slot.index != other_slot.index, "point %d: the same slot", point);
        }
      }
    }
  }
}

/* The probe reports its result just while another process asks to be the probe. */
static void a_take_during_the_probe_s_report_obeys_the_report(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_REFUSED,
                                             SR_OUTCOME_UNSENT};
  static const struct situation s = {"take", 3, 0, 0};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(outcomes); i++) {
    int point;
    for (point = 1; point < 8; point++) {
      struct sr_slot slot;
      enum sr_verdict verdict;
      int told, probes;
      prepare(&s);
      other_takes();
      assert_true(other_slot.probe != 0);
      other_outcome = outcomes[i];
      call = other_gives;
      at_point(0, point);
      verdict = take_at(limit, NOW, &slot);
      told = call_at == 0;
      at_point(0, 0);
      if (!told) { /* it had to wait before it reached this point */
        assert_true(point > 1);
        assert_int_equal(verdict, SR_LIMIT_BLOCKED);
      } else if (outcomes[i] == SR_OUTCOME_FINE) {
        assert_int_equal(atomic_load(&limit->probe), 0); /* the attempt leaves nothing behind */
        CHECK(verdict == SR_LIMIT_GRANTED && slot.probe == 0, "fine, point %d: %d", point,
              (int)verdict);
      } else if (outcomes[i] == SR_OUTCOME_REFUSED) {
        CHECK(verdict == SR_LIMIT_BLOCKED, "429, point %d: %d", point, (int)verdict);
        assert_int_equal(room(NOW + 2 * SR_BAN - 1, &probes), 0);
        assert_int_equal(room(NOW + 2 * SR_BAN, &probes), 1);
        assert_int_equal(atomic_load(&limit->probe), 0);
      } else {
        CHECK(verdict == SR_LIMIT_GRANTED && slot.probe != 0, "unsent, point %d: %d", point,
              (int)verdict);
        assert_int_equal(room(NOW, &probes), 0);
      }
    }
  }
}

/* Two simultaneous answers both count, in either order. */
static void concurrent_outcomes_are_both_recorded(void **state) {
  static const struct situation s = {"give, the second 429", 1, 1, SR_OUTCOME_REFUSED};
  int point, points = points_of(&s);
  (void)state;
  for (point = 1; point <= points; point++) {
    struct sr_slot slot;
    prepare(&s);
    other_takes();
    other_outcome = SR_OUTCOME_REFUSED;
    call = other_gives;
    act(&s, 0, point, &slot);
    CHECK(view_at(NOW).block == SR_BLOCK_RATE, "point %d: a 429 got lost", point);
    CHECK(view_at(NOW).level == 1, "point %d: opened twice", point);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(killed_at_any_step_the_limit_recovers_within_deadline_and_window),
      cmocka_unit_test(every_fault_point_was_reached),
      cmocka_unit_test(a_lost_probe_is_replaced_by_exactly_one),
      cmocka_unit_test(two_concurrent_takes_never_get_the_same_slot_or_two_probes),
      cmocka_unit_test(a_take_during_the_probe_s_report_obeys_the_report),
      cmocka_unit_test(concurrent_outcomes_are_both_recorded),
  };
  return cmocka_run_group_tests_name("sr_fault", tests, set_up, NULL);
}
