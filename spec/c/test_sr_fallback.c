/* The fallback limiter: takes a slot of both limiters, and continues with the second alone.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "limit/sr_fallback.h"

#define S SR_SECOND

/* ---- two limiters controlled by the test ---- */

enum { FIRST, SECOND };

struct sr_limiter {
  enum sr_verdict verdict;
  const char *problem;
  int may_start;
  enum sr_change change;
  sr_time earliest, keep_until, wake;
  struct sr_limit_view view;
  int takes, starts, resets, forks, closes;
  int gives;
  enum sr_outcome outcome; /* of the last give */
  int given_state;         /* the slot's, at the last give */
  sr_time send_by;         /* of granted slots */
};

static struct sr_limiter half[2];

static void half_close(struct sr_limiter *limiter) {
  limiter->closes++;
}

static void half_forked(struct sr_limiter *limiter) {
  limiter->forks++;
}

static enum sr_verdict half_take(struct sr_limiter *limiter, const struct sr_want *want,
                                 sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  (void)want;
  (void)now;
  assert_int_equal(ruling->at, 0); /* the interface requires it to be empty */
  assert_int_equal(ruling->problem[0], 0);
  limiter->takes++;
  memset(slot, 0, sizeof *slot);
  ruling->at = limiter == &half[FIRST] ? 11 : 22;
  if (limiter->problem != NULL)
    snprintf(ruling->problem, sizeof ruling->problem, "%s", limiter->problem);
  if (limiter->verdict == SR_LIMIT_GRANTED)
    slot->state = SR_SLOT_HELD;
  if (limiter->verdict == SR_LIMIT_ASKED)
    slot->state = SR_SLOT_ASKED;
  slot->send_by = limiter->send_by;
  return limiter->verdict;
}

static int half_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                      struct sr_slot *slot) {
  (void)rate;
  (void)now;
  assert_int_equal(slot->state, SR_SLOT_HELD);
  limiter->starts++;
  return limiter->may_start;
}

static enum sr_change half_give(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                                struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  (void)rate;
  (void)now;
  (void)hold;
  limiter->gives++;
  limiter->outcome = outcome;
  limiter->given_state = slot->state;
  memset(slot, 0, sizeof *slot);
  return limiter->change;
}

static sr_time half_earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                             unsigned ahead) {
  (void)rate;
  (void)now;
  return limiter->earliest + (sr_time)ahead;
}

static sr_time half_keep_until(struct sr_limiter *limiter, sr_time now) {
  (void)now;
  return limiter->keep_until;
}

static void half_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  struct sr_rate rate = view->rate;
  (void)now;
  *view = limiter->view;
  view->rate = rate;
}

static void half_reset(struct sr_limiter *limiter, sr_time now) {
  (void)now;
  limiter->resets++;
}

#define HALF                                                                                       \
  .abi = SR_LIMITER_ABI, .close = half_close, .take = half_take, .give = half_give,                \
  .earliest = half_earliest, .view = half_view, .reset = half_reset

static sr_time half_wake(struct sr_limiter *limiter) {
  return limiter->wake;
}

static const struct sr_limiter_driver whole_driver = {
    HALF, .forked = half_forked, .start = half_start, .keep_until = half_keep_until,
    .wake = half_wake};
static const struct sr_limiter_driver bare_driver = {HALF};

static int half_idle(struct sr_limiter *limiter) {
  return limiter->takes > 0;
}

static const struct sr_limiter_driver idle_driver = {HALF, .idle = half_idle};

static const struct sr_limiter_driver *const both = &sr_fallback_driver;
static const struct sr_rate rate = {5, S};
static const struct sr_want want = {{5, S}, 0, 0, 100 * S};

struct taken {
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
};

static struct sr_limiter *open_both(const struct sr_limiter_driver *first) {
  struct sr_limiter *limiter;
  memset(half, 0, sizeof half);
  half[FIRST].may_start = half[SECOND].may_start = 1;
  limiter = sr_fallback_open(first, &half[FIRST], &whole_driver, &half[SECOND]);
  assert_non_null(limiter);
  return limiter;
}

static enum sr_verdict take_at(struct taken *taken, sr_time now) {
  memset(&taken->ruling, 0, sizeof taken->ruling);
  return both->take(taken->limiter, &want, now, &taken->slot, &taken->ruling);
}

static enum sr_verdict take(struct taken *taken) {
  return take_at(taken, 0);
}

static enum sr_verdict take_with(struct taken *taken, enum sr_verdict first,
                                 enum sr_verdict second) {
  half[FIRST].verdict = first;
  half[SECOND].verdict = second;
  return take(taken);
}

static enum sr_change give(struct taken *taken, enum sr_outcome outcome) {
  return both->give(taken->limiter, &rate, 0, &taken->slot, outcome, 0);
}

static void close_both(struct sr_limiter *limiter) {
  both->close(limiter);
  assert_int_equal(half[FIRST].closes, 1);
  assert_int_equal(half[SECOND].closes, 1);
}

/* ---- tests ---- */

static void a_slot_of_each_is_held_and_returned(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)};
  (void)state;
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_int_equal(taken.slot.state, SR_SLOT_HELD);
  half[FIRST].change = SR_CHANGE_BLOCKED;
  assert_int_equal(give(&taken, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  assert_int_equal(taken.slot.state, SR_SLOT_NONE);
  assert_int_equal(half[FIRST].outcome, SR_OUTCOME_REFUSED);
  assert_int_equal(half[SECOND].outcome, SR_OUTCOME_REFUSED);
  assert_int_equal(half[FIRST].gives + half[SECOND].gives, 2);
  assert_int_equal(give(&taken, SR_OUTCOME_FINE), SR_CHANGE_NONE); /* an empty slot: no change */
  assert_int_equal(half[FIRST].gives + half[SECOND].gives, 2);
  close_both(taken.limiter);
}

static void
while_the_first_is_unreachable_the_second_decides_and_the_problem_is_reported(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)};
  (void)state;
  half[FIRST].problem = "connection refused";
  assert_int_equal(take_with(&taken, SR_LIMIT_FAILED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_string_equal(taken.ruling.problem, "connection refused");
  assert_true(both->start(taken.limiter, &rate, 0, &taken.slot));
  assert_int_equal(half[FIRST].starts, 0);
  half[SECOND].change = SR_CHANGE_UNBLOCKED;
  assert_int_equal(give(&taken, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  assert_int_equal(half[FIRST].gives, 0);
  assert_int_equal(half[SECOND].gives, 1);
  assert_int_equal(take_with(&taken, SR_LIMIT_FAILED, SR_LIMIT_WAIT), SR_LIMIT_WAIT);
  assert_int_equal(taken.ruling.at, 22);
  assert_string_equal(taken.ruling.problem, "connection refused"); /* the last known problem */
  assert_int_equal(half[FIRST].takes, 1);                          /* it was not asked */
  assert_int_equal(taken.slot.state, SR_SLOT_NONE);
  half[FIRST].problem = NULL;
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_string_equal(taken.ruling.problem, "");
  give(&taken, SR_OUTCOME_FINE);
  close_both(taken.limiter);
}

static void a_refusal_by_the_first_takes_no_slot_of_the_second(void **state) {
  static const enum sr_verdict verdicts[] = {SR_LIMIT_WAIT, SR_LIMIT_BLOCKED};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(verdicts); i++) {
    struct taken taken = {.limiter = open_both(&whole_driver)};
    assert_int_equal(take_with(&taken, verdicts[i], SR_LIMIT_GRANTED), verdicts[i]);
    assert_int_equal(taken.ruling.at, 11);
    assert_int_equal(taken.slot.state, SR_SLOT_NONE);
    assert_int_equal(half[SECOND].gives, 1);
    assert_int_equal(half[SECOND].outcome, SR_OUTCOME_UNSENT);
    assert_int_equal(half[FIRST].gives, 0);
    close_both(taken.limiter);
  }
}

static void while_the_first_is_asked_the_slot_of_the_second_is_kept(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)};
  (void)state;
  assert_int_equal(take_with(&taken, SR_LIMIT_ASKED, SR_LIMIT_GRANTED), SR_LIMIT_ASKED);
  assert_int_equal(taken.slot.state, SR_SLOT_ASKED);
  assert_int_equal(take(&taken), SR_LIMIT_ASKED);
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_int_equal(taken.slot.state, SR_SLOT_HELD);
  assert_int_equal(half[FIRST].takes, 3);
  assert_int_equal(half[SECOND].takes, 1);
  give(&taken, SR_OUTCOME_FINE);
  assert_int_equal(take_with(&taken, SR_LIMIT_ASKED, SR_LIMIT_GRANTED), SR_LIMIT_ASKED);
  give(&taken, SR_OUTCOME_UNSENT); /* the caller gave up */
  assert_int_equal(half[FIRST].given_state, SR_SLOT_ASKED);
  assert_int_equal(half[SECOND].given_state, SR_SLOT_HELD);
  close_both(taken.limiter);
}

/* A call's deadline may come before the first limiter notices that its server is silent. */
static void
the_second_decides_alone_once_the_first_has_been_asked_for_half_of_the_call_s_time(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)}, other = {.limiter = taken.limiter};
  sr_time deadline = want.lease - rate.window - SR_LATE_COUNT, begin = 10 * S;
  sr_time half_way = begin + (deadline - begin) / 2;
  (void)state;
  half[FIRST].wake = SR_NEVER;
  half[FIRST].view.place = "redis.example";
  half[FIRST].verdict = SR_LIMIT_ASKED;
  half[SECOND].verdict = SR_LIMIT_GRANTED;
  assert_true(both->wake(taken.limiter) == SR_NEVER);
  assert_int_equal(take_at(&taken, begin), SR_LIMIT_ASKED);
  assert_int_equal(take_at(&other, begin + S), SR_LIMIT_ASKED);
  assert_true(both->wake(taken.limiter) == half_way);
  half[FIRST].wake = half_way - 1;
  assert_true(both->wake(taken.limiter) == half_way - 1);
  half[FIRST].wake = SR_NEVER;
  assert_int_equal(take_at(&taken, half_way - 1), SR_LIMIT_ASKED);
  assert_int_equal(half[FIRST].gives, 0);
  assert_int_equal(take_at(&taken, half_way), SR_LIMIT_GRANTED);
  assert_string_equal(taken.ruling.problem,
                      "redis.example: no answer within half of the call's time");
  assert_int_equal(half[FIRST].given_state, SR_SLOT_ASKED);
  assert_int_equal(half[FIRST].outcome, SR_OUTCOME_UNSENT);
  assert_int_equal(half[SECOND].takes, 2);
  assert_true(both->wake(taken.limiter) > half_way); /* the other call's */
  give(&taken, SR_OUTCOME_FINE);
  assert_int_equal(half[FIRST].gives, 1);
  give(&other, SR_OUTCOME_UNSENT);
  assert_true(both->wake(taken.limiter) == SR_NEVER);
  close_both(taken.limiter);
}

static void both_are_checked_before_a_request_is_sent(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)};
  int i;
  (void)state;
  for (i = 0; i < 4; i++) {
    assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
    half[FIRST].may_start = i & 1;
    half[SECOND].may_start = i >> 1;
    assert_int_equal(both->start(taken.limiter, &rate, 0, &taken.slot), i == 3);
    give(&taken, SR_OUTCOME_UNSENT);
  }
  close_both(taken.limiter);
  taken.limiter = open_both(&bare_driver); /* without `start`, the slot's own time applies */
  half[FIRST].send_by = 7;
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_true(both->start(taken.limiter, &rate, 6, &taken.slot));
  assert_false(both->start(taken.limiter, &rate, 7, &taken.slot));
  give(&taken, SR_OUTCOME_UNSENT);
  close_both(taken.limiter);
}

static void estimated_times_are_the_later_of_both(void **state) {
  static const sr_time times[][2] = {{3, 5}, {5, 3}, {SR_NEVER, 5}, {3, SR_NEVER}};
  struct sr_limiter *limiter;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(times); i++) {
    sr_time later = times[i][0] > times[i][1] ? times[i][0] : times[i][1];
    limiter = open_both(&whole_driver);
    half[FIRST].keep_until = times[i][0];
    half[SECOND].keep_until = times[i][1];
    assert_true(both->keep_until(limiter, 0) == later);
    half[FIRST].earliest = times[i][0] / 2;
    half[SECOND].earliest = times[i][1] / 2;
    assert_true(both->earliest(limiter, &rate, 0, 2) == later / 2 + 2);
    close_both(limiter);
  }
  limiter = open_both(&bare_driver);
  half[SECOND].keep_until = 9;
  assert_true(both->keep_until(limiter, 4) == 9);
  close_both(limiter);
}

static void the_view_shows_the_first_and_what_else_blocks_requests(void **state) {
  struct sr_limiter *limiter = open_both(&whole_driver);
  struct sr_limit_view view = {.rate = {5, S}};
  (void)state;
  half[FIRST].view.scope = "redis";
  half[FIRST].view.held_until = 8;
  half[FIRST].view.free_at[0] = 3;
  half[SECOND].view.scope = "process";
  half[SECOND].view.free_at[0] = 99;
  both->view(limiter, 0, &view);
  assert_string_equal(view.scope, "redis");
  assert_int_equal(view.rate.slots, 5);
  assert_int_equal(view.free_at[0], 3);
  assert_int_equal(view.held_until, 8);
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_int_equal(view.silent, 0);
  half[SECOND].view.held_until = 9;
  half[SECOND].view.block = SR_BLOCK_RATE;
  half[SECOND].view.blocked_until = 50;
  half[SECOND].view.silent = 1;
  half[SECOND].view.silent_until = 60;
  both->view(limiter, 0, &view);
  assert_int_equal(view.held_until, 9);
  assert_int_equal(view.block, SR_BLOCK_RATE);
  assert_int_equal(view.blocked_until, 50);
  assert_int_equal(view.silent, 1);
  assert_int_equal(view.silent_until, 60);
  half[FIRST].view.block = SR_BLOCK_KEY; /* for longer */
  half[FIRST].view.blocked_until = 51;
  half[FIRST].view.silent = 1;
  half[FIRST].view.silent_until = 61;
  both->view(limiter, 0, &view);
  assert_int_equal(view.block, SR_BLOCK_KEY);
  assert_int_equal(view.blocked_until, 51);
  assert_int_equal(view.silent_until, 61);
  half[SECOND].view.blocked_until = 52;
  half[SECOND].view.silent_until = 62;
  both->view(limiter, 0, &view);
  assert_int_equal(view.block, SR_BLOCK_RATE);
  assert_int_equal(view.blocked_until, 52);
  assert_int_equal(view.silent_until, 62);
  half[SECOND].view.silent = 0; /* what it remembers of a time that is over */
  both->view(limiter, 0, &view);
  assert_int_equal(view.silent_until, 61);
  close_both(limiter);
}

static void a_reset_ends_the_bans_of_both(void **state) {
  struct sr_limiter *limiter = open_both(&whole_driver);
  (void)state;
  both->reset(limiter, 0);
  assert_int_equal(half[FIRST].resets, 1);
  assert_int_equal(half[SECOND].resets, 1);
  close_both(limiter);
}

/* Its slot data is freed: checked by sanitizers and valgrind. */
static void slots_from_before_a_fork_or_a_close_are_not_returned(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)}, other = taken;
  (void)state;
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  assert_int_equal(take_with(&other, SR_LIMIT_ASKED, SR_LIMIT_GRANTED), SR_LIMIT_ASKED);
  both->forked(taken.limiter);
  assert_int_equal(half[FIRST].forks, 1);
  assert_int_equal(half[SECOND].forks, 1);
  memset(&taken.slot, 0, sizeof taken.slot);
  assert_int_equal(take_with(&taken, SR_LIMIT_GRANTED, SR_LIMIT_GRANTED), SR_LIMIT_GRANTED);
  close_both(taken.limiter);
  assert_int_equal(half[FIRST].gives + half[SECOND].gives, 0);
}

static void if_one_of_them_can_not_be_opened_the_other_is_closed(void **state) {
  int missing;
  (void)state;
  for (missing = 0; missing < 2; missing++) {
    memset(half, 0, sizeof half);
    assert_null(sr_fallback_open(&whole_driver, missing == FIRST ? NULL : &half[FIRST],
                                 &whole_driver, missing == SECOND ? NULL : &half[SECOND]));
    assert_int_equal(half[FIRST].closes, missing != FIRST);
    assert_int_equal(half[SECOND].closes, missing != SECOND);
  }
}

static void the_first_may_be_a_limiter_that_asks_no_server(void **state) {
  struct sr_limiter *limiter = open_both(&bare_driver);
  struct sr_watch watches[SR_WATCH_MAX];
  (void)state;
  assert_int_equal(both->watch(limiter, watches), 0);
  assert_true(both->wake(limiter) == SR_NEVER);
  both->work(limiter, 0);
  assert_int_equal(both->news(limiter), SR_CHANGE_NONE);
  assert_true(both->idle(limiter));
  both->forked(limiter);
  close_both(limiter);
}

static void it_is_idle_when_the_first_is(void **state) {
  struct sr_limiter *limiter = open_both(&idle_driver);
  (void)state;
  assert_false(both->idle(limiter));
  half[FIRST].takes = 1;
  assert_true(both->idle(limiter));
  close_both(limiter);
}

static void limiters_that_need_not_know_of_a_fork_are_not_told(void **state) {
  struct sr_limiter *limiter;
  (void)state;
  memset(half, 0, sizeof half);
  limiter = sr_fallback_open(&bare_driver, &half[FIRST], &bare_driver, &half[SECOND]);
  assert_non_null(limiter);
  both->forked(limiter);
  assert_int_equal(half[FIRST].forks + half[SECOND].forks, 0);
  close_both(limiter);
}

/* A call whose whole time is due for the window and the lease does not wait for the first. */
static void a_call_without_time_left_does_not_wait_for_the_first(void **state) {
  struct taken taken = {.limiter = open_both(&whole_driver)};
  (void)state;
  half[FIRST].verdict = SR_LIMIT_ASKED;
  half[SECOND].verdict = SR_LIMIT_GRANTED;
  half[FIRST].view.place = "redis://h:6379/0";
  assert_int_equal(take_at(&taken, 100 * S), SR_LIMIT_GRANTED);
  assert_non_null(strstr(taken.ruling.problem, "no answer within half of the call's time"));
  give(&taken, SR_OUTCOME_UNSENT);
  close_both(taken.limiter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_slot_of_each_is_held_and_returned),
      cmocka_unit_test(
          while_the_first_is_unreachable_the_second_decides_and_the_problem_is_reported),
      cmocka_unit_test(a_refusal_by_the_first_takes_no_slot_of_the_second),
      cmocka_unit_test(while_the_first_is_asked_the_slot_of_the_second_is_kept),
      cmocka_unit_test(
          the_second_decides_alone_once_the_first_has_been_asked_for_half_of_the_call_s_time),
      cmocka_unit_test(both_are_checked_before_a_request_is_sent),
      cmocka_unit_test(estimated_times_are_the_later_of_both),
      cmocka_unit_test(the_view_shows_the_first_and_what_else_blocks_requests),
      cmocka_unit_test(a_reset_ends_the_bans_of_both),
      cmocka_unit_test(slots_from_before_a_fork_or_a_close_are_not_returned),
      cmocka_unit_test(if_one_of_them_can_not_be_opened_the_other_is_closed),
      cmocka_unit_test(the_first_may_be_a_limiter_that_asks_no_server),
      cmocka_unit_test(it_is_idle_when_the_first_is),
      cmocka_unit_test(limiters_that_need_not_know_of_a_fork_are_not_told),
      cmocka_unit_test(a_call_without_time_left_does_not_wait_for_the_first),
  };
  return cmocka_run_group_tests_name("sr_fallback", tests, NULL, NULL);
}
