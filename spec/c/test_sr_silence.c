/* Unanswered requests: sent one at a time with growing pauses. Requests that a server counts after an
** outage.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "limit/sr_limit.h"

#define MS    SR_MILLISECOND
#define S     SR_SECOND
#define HOUR  (3600 * S)
#define START (1000000 * S)
#define LEASE (30 * S)

static const struct sr_rate rate = {5, S};

static struct sr_limit *fresh_limit(void) {
  static struct sr_limit limit;
  memset(&limit, 0, sizeof limit);
  return &limit;
}

static enum sr_verdict ask_with(struct sr_limit *limit, const struct sr_rate *of, sr_time now,
                                struct sr_slot *slot, struct sr_ruling *ruling) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate = *of;
  want.lease = now + LEASE;
  return sr_limit_take(limit, &want, now, slot, ruling);
}

static enum sr_verdict ask(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                           struct sr_ruling *ruling) {
  return ask_with(limit, &rate, now, slot, ruling);
}

static struct sr_slot taken(struct sr_limit *limit, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  CHECK(ask(limit, now, &slot, &ruling) == SR_LIMIT_GRANTED, "to be asked again in %.3f s",
        (double)(ruling.at - now) / 1e9);
  return slot;
}

static void ended(struct sr_limit *limit, sr_time now, struct sr_slot *slot,
                  enum sr_outcome outcome) {
  sr_limit_give(limit, &rate, now, slot, outcome, S);
  assert_int_equal(slot->state, SR_SLOT_NONE);
}

static void silent(struct sr_limit *limit, sr_time now, int times) {
  struct sr_slot slots[5];
  int i;
  for (i = 0; i < times; i++)
    slots[i] = taken(limit, now);
  for (i = 0; i < times; i++)
    ended(limit, now, &slots[i], SR_OUTCOME_SILENT);
}

static void expect_spaced(struct sr_limit *limit, sr_time now, sr_time at) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  assert_int_equal(ask(limit, now, &slot, &ruling), SR_LIMIT_WAIT);
  assert_true(ruling.silent);
  CHECK(ruling.at == at, "at %+.6f s, not %+.6f s", (double)(ruling.at - now) / 1e9,
        (double)(at - now) / 1e9);
  assert_int_equal(slot.state, SR_SLOT_NONE);
}

static int how_many(struct sr_limit *limit, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  int count = 0;
  while (ask(limit, now, &slot, &ruling) == SR_LIMIT_GRANTED)
    count++;
  return count;
}

/* ---- the rule ---- */

static void after_three_silent_requests_one_is_sent_at_a_time_with_growing_pauses(void **state) {
  static const int windows[] = {2, 4, 8, 16, 32, 64, 64, 64};
  struct sr_limit *limit = fresh_limit();
  sr_time now = START;
  size_t i;
  (void)state;
  silent(limit, now, 3);
  expect_spaced(limit, now, now + S);
  expect_spaced(limit, now + S - 1, now + S);
  now += 2 * S; /* the next one may go */
  for (i = 0; i < COUNT(windows); i++) {
    struct sr_slot alone = taken(limit, now);
    expect_spaced(limit, now, now + S); /* take again after a window */
    now += 100 * MS;
    ended(limit, now, &alone, SR_OUTCOME_SILENT);
    expect_spaced(limit, now, now + windows[i] * S);
    now += windows[i] * S;
  }
}

static void two_silent_requests_change_nothing(void **state) {
  struct sr_limit *limit = fresh_limit();
  (void)state;
  silent(limit, START, 2);
  assert_int_equal(how_many(limit, START), 3);
}

static void an_answer_restarts_the_count(void **state) {
  static const enum sr_outcome answers[] = {SR_OUTCOME_FINE, SR_OUTCOME_ANSWERED,
                                            SR_OUTCOME_REFUSED, SR_OUTCOME_BAD_KEY};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(answers); i++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_slot slot;
    silent(limit, START, 2);
    slot = taken(limit, START);
    ended(limit, START, &slot, answers[i]);
    silent(limit, START + 2 * S, 2);
    assert_int_equal(how_many(limit, START + 2 * S), 3);
  }
}

/* Requests that the server has not counted yet may be counted now. */
static void the_first_answer_ends_the_silence_and_holds_all_for_a_window(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot alone, slot;
  struct sr_ruling ruling;
  (void)state;
  silent(limit, START, 3);
  alone = taken(limit, START + 2 * S);
  ended(limit, START + 2 * S + 100 * MS, &alone, SR_OUTCOME_FINE);
  assert_int_equal(ask(limit, START + 3 * S, &slot, &ruling), SR_LIMIT_WAIT);
  assert_false(ruling.silent);
  assert_int_equal(ruling.at, START + 3 * S + 100 * MS);
  assert_int_equal(how_many(limit, START + 3 * S + 100 * MS), 5);
}

/* It was sent before the others went unanswered. */
static void any_answer_ends_the_silence(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot early = taken(limit, START);
  (void)state;
  silent(limit, START, 3);
  ended(limit, START + 500 * MS, &early, SR_OUTCOME_ANSWERED);
  assert_int_equal(how_many(limit, START + 1500 * MS), 5);
}

static void only_the_lone_request_lengthens_the_pause(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot first = taken(limit, START), second = taken(limit, START);
  (void)state;
  silent(limit, START, 3);
  ended(limit, START + 300 * MS, &first, SR_OUTCOME_SILENT);
  ended(limit, START + 600 * MS, &second, SR_OUTCOME_SILENT);
  expect_spaced(limit, START + 600 * MS, START + S);
}

static void an_unsent_request_is_no_silence(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot alone;
  int i;
  (void)state;
  for (i = 0; i < 5; i++) {
    struct sr_slot slot = taken(limit, START);
    ended(limit, START, &slot, SR_OUTCOME_UNSENT);
  }
  assert_int_equal(how_many(limit, START), 5);
  silent(limit = fresh_limit(), START, 3);
  alone = taken(limit, START + 2 * S);
  ended(limit, START + 2 * S, &alone, SR_OUTCOME_UNSENT);
  alone = taken(limit, START + 2 * S); /* another one may go in its place */
  assert_true(alone.lone != 0);
}

static void a_lone_request_whose_process_died_is_replaced(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot next;
  sr_time now = START + 2 * S;
  (void)state;
  silent(limit, START, 3);
  taken(limit, now);
  expect_spaced(limit, now + LEASE - 2, now + LEASE + 1);
  next = taken(limit, now + LEASE + 1);
  expect_spaced(limit, now + LEASE + 1, now + LEASE + 1 + S);
  ended(limit, now + LEASE + 1, &next, SR_OUTCOME_FINE);
}

/* The last check: a request that was still connecting is not sent as well. */
static void a_request_about_to_be_sent_waits_as_well(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot early = taken(limit, START), alone;
  (void)state;
  assert_true(sr_limit_start(limit, &rate, START, &early));
  silent(limit, START, 3);
  assert_false(sr_limit_start(limit, &rate, START, &early));
  ended(limit, START, &early, SR_OUTCOME_UNSENT);
  alone = taken(limit, START + S);
  assert_true(sr_limit_start(limit, &rate, START + S, &alone));
}

static void a_limit_of_fewer_slots_needs_fewer_silent_requests(void **state) {
  int slots;
  (void)state;
  for (slots = 1; slots <= 2; slots++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_rate few = {slots, S};
    struct sr_slot slot;
    struct sr_ruling ruling;
    int i;
    for (i = 0; i < slots; i++) {
      assert_int_equal(ask_with(limit, &few, START, &slot, &ruling), SR_LIMIT_GRANTED);
      sr_limit_give(limit, &few, START, &slot, SR_OUTCOME_SILENT, 0);
    }
    assert_int_equal(ask_with(limit, &few, START, &slot, &ruling), SR_LIMIT_WAIT);
    assert_true(ruling.silent);
  }
}

static void a_long_window_counts_as_ten_seconds(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate hourly = {100, HOUR};
  struct sr_slot slot;
  struct sr_ruling ruling;
  int i;
  (void)state;
  hourly.slots = 60;
  for (i = 0; i < 3; i++) {
    assert_int_equal(ask_with(limit, &hourly, START, &slot, &ruling), SR_LIMIT_GRANTED);
    sr_limit_give(limit, &hourly, START, &slot, SR_OUTCOME_SILENT, 0);
  }
  assert_int_equal(ask_with(limit, &hourly, START, &slot, &ruling), SR_LIMIT_WAIT);
  assert_int_equal(ruling.at, START + 10 * S);
  assert_int_equal(ask_with(limit, &hourly, START + 10 * S, &slot, &ruling), SR_LIMIT_GRANTED);
  sr_limit_give(limit, &hourly, START + 10 * S, &slot, SR_OUTCOME_FINE, 0);
  assert_int_equal(ask_with(limit, &hourly, START + 20 * S, &slot, &ruling), SR_LIMIT_GRANTED);
}

static void after_an_hour_a_silence_is_forgotten(void **state) {
  struct sr_limit *limit = fresh_limit();
  (void)state;
  silent(limit, START, 3);
  assert_int_equal(how_many(limit, START + S + HOUR + 2 * MS), 5);
}

static void a_silence_is_shown_reset_and_merged(void **state) {
  struct sr_limit *limit = fresh_limit(), into;
  struct sr_limit_view view;
  (void)state;
  memset(&view, 0, sizeof view);
  memset(&into, 0, sizeof into);
  view.rate = rate;
  silent(limit, START, 3);
  sr_limit_view(limit, START, &view);
  assert_true(view.silent);
  assert_int_equal(view.silent_until, START + S);
  assert_int_equal(sr_limit_earliest(limit, &rate, START, 0), START + S);
  assert_true(sr_limit_last(limit, START) >= START + HOUR);
  assert_true(sr_limit_merge(&into, limit));
  expect_spaced(&into, START, START + S);
  sr_limit_reset(&into);
  sr_limit_view(&into, START, &view);
  assert_false(view.silent);
  assert_int_equal(how_many(&into, START), 2); /* the others cool down */
}

static void impossible_values_are_no_silence(void **state) {
  static const uint64_t words[] = {UINT64_MAX & ~(UINT64_C(1) << 15), UINT64_MAX,
                                   (uint64_t)((START + 24 * HOUR) / MS) << 16 | 1 << 8,
                                   (uint64_t)(START / MS) << 16 | 9 << 8};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(words); i++) {
    struct sr_limit *limit = fresh_limit();
    atomic_store(&limit->silence, words[i]);
    assert_int_equal(how_many(limit, START), 5);
    limit = fresh_limit();
    silent(limit, START, 3);
    atomic_store(&limit->lone, INT64_MAX);
    taken(limit, START + S);
  }
}

/* ---- an outage ---- */

/*
** Twelve busy senders, a server that is stopped from `begins` to `ends`, and a network that delivers all
** requests afterwards, including abandoned ones.
*/
enum { SENDERS = 12, COUNTS = 4096 };

struct sender {
  int busy;
  sr_time at; /* of its next event */
  enum sr_outcome outcome;
  struct sr_slot slot;
};

struct outage {
  struct chance chance;
  struct sr_rate rate;
  struct sr_limit limit;
  struct sender senders[SENDERS];
  sr_time begins, ends;
  sr_time attempt, latency; /* at most; the same for all requests: `even` */
  int even;
  int deaf; /* the limiter is not told about unanswered requests */
  sr_time counts[COUNTS];
  int n;
};

static void send_one(struct outage *o, struct sender *sender, sr_time now) {
  sr_time attempt = o->even ? o->attempt : chance_between(&o->chance, 300 * MS, o->attempt);
  sr_time latency = o->even ? o->latency : chance_between(&o->chance, 20 * MS, o->latency);
  sr_time counted = now + chance_between(&o->chance, 0, latency), answered = now + latency;
  if (counted >= o->begins && counted < o->ends)
    counted = o->ends;
  if (answered >= o->begins && answered < o->ends)
    answered = o->ends + chance_between(&o->chance, 1, latency);
  assert_true(o->n < COUNTS);
  o->counts[o->n++] = counted;
  sender->busy = 1;
  sender->outcome = answered <= now + attempt ? SR_OUTCOME_FINE : SR_OUTCOME_SILENT;
  sender->at = answered <= now + attempt ? answered : now + attempt;
}

static void step(struct outage *o, struct sender *sender) {
  sr_time now = sender->at;
  struct sr_want want;
  struct sr_ruling ruling;
  if (sender->busy) {
    sr_limit_give(&o->limit, &o->rate, now, &sender->slot, sender->outcome, S);
    if (o->deaf)
      atomic_store(&o->limit.silence, 0);
    sender->busy = 0;
    sender->at = now + chance_between(&o->chance, 0, 10 * MS);
    return;
  }
  memset(&want, 0, sizeof want);
  want.rate = o->rate;
  want.lease = now + 10 * S + S + SR_LATE_COUNT;
  if (sr_limit_take(&o->limit, &want, now, &sender->slot, &ruling) == SR_LIMIT_GRANTED)
    send_one(o, sender, now);
  else
    sender->at =
        (ruling.at < now + S ? ruling.at : now + S) + chance_between(&o->chance, 1, 3 * MS);
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

/* The most requests that the server counts within a window. */
static int most_counted(struct outage *o, uint64_t seed, int slots, sr_time duration) {
  struct sender *sender;
  int i, first = 0, most = 0;
  o->chance.state = seed * UINT64_C(2654435761) + 1;
  o->rate.slots = slots;
  o->rate.window = S;
  o->begins = START + 5 * S + chance_between(&o->chance, 0, S);
  o->ends = o->begins + duration;
  for (i = 0; i < SENDERS; i++)
    o->senders[i].at = START + chance_between(&o->chance, 0, S);
  do {
    sender = &o->senders[0];
    for (i = 1; i < SENDERS; i++)
      if (o->senders[i].at < sender->at)
        sender = &o->senders[i];
    step(o, sender);
  } while (sender->at < o->ends + 100 * S && o->n < COUNTS - 1);
  qsort(o->counts, (size_t)o->n, sizeof o->counts[0], by_time);
  for (i = 0; i < o->n; i++) {
    while (o->counts[i] - o->counts[first] >= S)
      first++;
    most = i - first + 1 > most ? i - first + 1 : most;
  }
  return most;
}

/*
** The number of requests that go alone from the start of the outage to a window after its end: the first
** one a window after the others, each later one after twice the pause, up to 64 windows.
*/
static int alone_in(sr_time duration) {
  sr_time at = S, pause = S;
  int count = 0;
  for (; at <= duration + S; at += pause, count++)
    pause = pause < 64 * S ? 2 * pause : pause;
  return count;
}

/* As docs/limits.md promises. */
static void after_an_outage_the_server_counts_no_more_than_were_sent_alone(void **state) {
  static const int limits[] = {1, 5, 10};
  static struct outage o;
  uint64_t seed;
  size_t k;
  (void)state;
  for (seed = 1; seed <= (uint64_t)rounds(300); seed++) {
    for (k = 0; k < COUNT(limits); k++) {
      int n = limits[k], most, bound;
      sr_time duration;
      memset(&o, 0, sizeof o);
      o.chance.state = seed * 77 + 1;
      duration = chance_between(&o.chance, 0, seed % 3 ? 20 * S : 300 * S);
      o.even = seed % 2 == 0;
      o.attempt = o.even ? S : 2 * S;
      o.latency = o.even ? 100 * MS : 900 * MS;
      most = most_counted(&o, seed, n, duration);
      bound = n + (n < SR_SILENT ? n : SR_SILENT) - 1 + alone_in(duration);
      CHECK(most <= bound, "seed %d: %d of %d in a window after %.3f s, not %d", (int)seed, most, n,
            (double)duration / 1e9, bound);
    }
  }
}

static void after_ten_seconds_of_outage_the_server_counts_at_most_nine_in_a_second(void **state) {
  static struct outage o;
  uint64_t seed;
  int most, worst = 0, deaf_worst = 0;
  (void)state;
  for (seed = 1; seed <= (uint64_t)rounds(300); seed++) {
    memset(&o, 0, sizeof o);
    o.even = 1;
    o.attempt = S;
    o.latency = 100 * MS;
    most = most_counted(&o, seed, 5, 10 * S);
    worst = most > worst ? most : worst;
    memset(&o, 0, sizeof o); /* the model detects errors: it fails without the rule */
    o.even = o.deaf = 1;
    o.attempt = S;
    o.latency = 100 * MS;
    most = most_counted(&o, seed, 5, 10 * S);
    deaf_worst = most > deaf_worst ? most : deaf_worst;
  }
  CHECK(worst <= 9, "%d in a window", worst);
  CHECK(deaf_worst > 15, "%d in a window without the rule", deaf_worst);
}

/* Without an outage nothing is spaced. */
static void without_silence_the_full_rate_is_used(void **state) {
  static struct outage o;
  int most;
  (void)state;
  memset(&o, 0, sizeof o);
  o.even = 1;
  o.attempt = 2 * S;
  o.latency = 100 * MS;
  most = most_counted(&o, 1, 5, 0);
  assert_int_equal(most, 5);
  assert_true(o.n > 450); /* of 5 / 1.1 a second in 105 s */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(after_three_silent_requests_one_is_sent_at_a_time_with_growing_pauses),
      cmocka_unit_test(two_silent_requests_change_nothing),
      cmocka_unit_test(an_answer_restarts_the_count),
      cmocka_unit_test(the_first_answer_ends_the_silence_and_holds_all_for_a_window),
      cmocka_unit_test(any_answer_ends_the_silence),
      cmocka_unit_test(only_the_lone_request_lengthens_the_pause),
      cmocka_unit_test(an_unsent_request_is_no_silence),
      cmocka_unit_test(a_lone_request_whose_process_died_is_replaced),
      cmocka_unit_test(a_request_about_to_be_sent_waits_as_well),
      cmocka_unit_test(a_limit_of_fewer_slots_needs_fewer_silent_requests),
      cmocka_unit_test(a_long_window_counts_as_ten_seconds),
      cmocka_unit_test(after_an_hour_a_silence_is_forgotten),
      cmocka_unit_test(a_silence_is_shown_reset_and_merged),
      cmocka_unit_test(impossible_values_are_no_silence),
      cmocka_unit_test(after_an_outage_the_server_counts_no_more_than_were_sent_alone),
      cmocka_unit_test(after_ten_seconds_of_outage_the_server_counts_at_most_nine_in_a_second),
      cmocka_unit_test(without_silence_the_full_rate_is_used),
  };
  return cmocka_run_group_tests_name("sr_silence", tests, NULL, NULL);
}
