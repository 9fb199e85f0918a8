/* The rate limiter: its rules one by one, then against a model of a server that counts.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "sr_limit.h"

#include <pthread.h>
#include <stdatomic.h>

#define MS SR_MILLISECOND
#define S  SR_SECOND

/* As new as a file that was just made. */
static struct sr_limit *fresh_limit(void) {
  static struct sr_limit limits[16];
  static int next;
  struct sr_limit *limit = &limits[next++ % 16];
  memset(limit, 0, sizeof *limit);
  return limit;
}

static struct sr_want want_of(int slots, sr_time lease) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  want.rate.slots = slots;
  want.rate.window = S;
  want.lease = lease;
  return want;
}

/* Whether a slot was granted; if not, when to try again. */
static int take(struct sr_limit *limit, int slots, sr_time now, sr_time lease, struct sr_slot *slot,
                sr_time *retry_at) {
  struct sr_want want = want_of(slots, lease);
  struct sr_ruling ruling;
  int granted = sr_limit_take(limit, &want, now, slot, &ruling) == SR_LIMIT_GRANTED;
  *retry_at = granted ? -1 : ruling.at;
  return granted;
}

/* Gives back a slot that is free at a time: what was never sent is free when it is given back. */
static void give(struct sr_limit *limit, struct sr_slot *slot, sr_time free_at) {
  static const struct sr_rate rate = {5, S};
  sr_limit_give(limit, &rate, free_at, slot, SR_OUTCOME_UNSENT, 0);
}

/* ---- the rules ---- */

static void n_slots_are_given_and_no_more(void **state) {
  int n;
  (void)state;
  for (n = 1; n <= SR_LIMIT_SLOTS; n++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_rate rate = {n, S};
    struct sr_slot slot;
    sr_time retry_at;
    int i;
    for (i = 0; i < n; i++) {
      assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), i);
      assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 1);
      assert_in_range(slot.index, 0, n - 1);
    }
    assert_int_equal(take(limit, n, 100 * S, 200 * S, &slot, &retry_at), 0);
    assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), n);
  }
}

static void a_refusal_says_exactly_when_the_first_slot_has_cooled_down(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot a, b, c;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 2, 100 * S, 200 * S, &a, &retry_at));
  assert_true(take(limit, 2, 100 * S, 200 * S, &b, &retry_at));
  give(limit, &a, 100 * S + 700 * MS);
  give(limit, &b, 100 * S + 300 * MS);
  assert_false(take(limit, 2, 100 * S + 100 * MS, 200 * S, &c, &retry_at));
  assert_int_equal(retry_at, 100 * S + 300 * MS);
  assert_false(take(limit, 2, 100 * S + 300 * MS - 1, 200 * S, &c, &retry_at));
  assert_true(take(limit, 2, 100 * S + 300 * MS, 200 * S, &c, &retry_at));
  assert_false(take(limit, 2, 100 * S + 300 * MS, 200 * S, &c, &retry_at));
  assert_int_equal(retry_at, 100 * S + 700 * MS);
}

/* A time that is odd in nanoseconds must not be rounded to an earlier one. */
static void a_slot_is_never_free_before_its_time(void **state) {
  sr_time at;
  (void)state;
  for (at = 100 * S; at < 100 * S + 4; at++) {
    struct sr_limit *limit = fresh_limit();
    struct sr_slot slot;
    sr_time retry_at;
    assert_true(take(limit, 1, 50 * S, 300 * S, &slot, &retry_at));
    give(limit, &slot, at);
    assert_false(take(limit, 1, at - 1, 300 * S, &slot, &retry_at));
    assert_true(take(limit, 1, at + 1, 300 * S, &slot, &retry_at));
  }
}

static void with_all_slots_leased_trying_again_makes_sense_after_a_window(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  assert_false(take(limit, 1, 110 * S, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 111 * S);
  assert_false(take(limit, 1, 159 * S + 500 * MS, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 160 * S); /* the lease ends before */
}

static void a_slot_given_back_at_once_is_free_at_once(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  give(limit, &slot, 100 * S);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_true(take(limit, 1, 100 * S, 160 * S, &other, &retry_at));
}

static void giving_back_nothing_or_twice_changes_nothing(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot slot, copy, none = {0};
  sr_time retry_at;
  (void)state;
  give(limit, &none, 500 * S);
  assert_true(take(limit, 1, 100 * S, 160 * S, &slot, &retry_at));
  copy = slot;
  give(limit, &slot, 102 * S);
  give(limit, &slot, 500 * S);
  give(limit, &copy, 500 * S);
  assert_false(take(limit, 1, 102 * S - 1, 160 * S, &slot, &retry_at));
  assert_true(take(limit, 1, 102 * S, 160 * S, &slot, &retry_at));
}

static void a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_slot old, new;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 1, 100 * S, 110 * S, &old, &retry_at));
  assert_false(take(limit, 1, 110 * S - 2, 120 * S, &new, &retry_at));
  assert_true(take(limit, 1, 110 * S, 120 * S, &new, &retry_at));
  give(limit, &old, 110 * S);
  assert_int_equal(old.state, SR_SLOT_NONE);
  assert_false(take(limit, 1, 115 * S, 130 * S, &old, &retry_at));
  give(limit, &new, 116 * S);
  assert_true(take(limit, 1, 116 * S, 130 * S, &old, &retry_at));
}

static void hold_stops_everybody_until_its_time_and_only_gets_longer(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {5, S};
  struct sr_slot slot, other;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 5, 98 * S, 200 * S, &slot, &retry_at));
  assert_true(take(limit, 5, 98 * S, 200 * S, &other, &retry_at));
  sr_limit_give(limit, &rate, 98 * S, &slot, SR_OUTCOME_REFUSED, 12 * S);
  sr_limit_give(limit, &rate, 98 * S, &other, SR_OUTCOME_REFUSED, 7 * S);
  assert_false(take(limit, 5, 100 * S, 200 * S, &slot, &retry_at));
  assert_int_equal(retry_at, 110 * S);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 0), 110 * S);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 4), 110 * S);
  assert_int_equal(sr_limit_earliest(limit, &rate, 100 * S, 5), 111 * S);
  assert_false(take(limit, 5, 110 * S - 1, 200 * S, &slot, &retry_at));
  assert_true(take(limit, 5, 110 * S, 200 * S, &slot, &retry_at));
}

static void busy_counts_what_is_leased_or_cools_down(void **state) {
  struct sr_limit *limit = fresh_limit();
  struct sr_rate rate = {3, S};
  struct sr_slot a, b;
  sr_time retry_at;
  (void)state;
  assert_true(take(limit, 3, 100 * S, 160 * S, &a, &retry_at));
  assert_true(take(limit, 3, 100 * S, 160 * S, &b, &retry_at));
  give(limit, &a, 101 * S);
  assert_int_equal(sr_limit_busy(limit, &rate, 100 * S), 2);
  assert_int_equal(sr_limit_busy(limit, &rate, 101 * S), 1);
  assert_int_equal(sr_limit_busy(limit, &rate, 160 * S), 0);
}

/* ---- sr_limit_earliest against brute force ---- */

/*
** What the header promises, carried out: each leased slot comes back now, `ahead` others and then
** the caller take the slot that is free first and give it back at once.
*/
static sr_time brute_force(const sr_time *free_at, const int *leased, int slots, sr_time window,
                           sr_time held, sr_time now, unsigned ahead) {
  sr_time at[SR_LIMIT_SLOTS], when = 0;
  int i;
  for (i = 0; i < slots; i++) {
    at[i] = leased[i] && free_at[i] > now + window ? now + window : free_at[i];
    at[i] = at[i] < now ? now : at[i];
    at[i] = at[i] < held ? held : at[i];
  }
  for (;;) {
    int first = 0;
    for (i = 1; i < slots; i++)
      if (at[i] < at[first])
        first = i;
    when = at[first];
    if (ahead-- == 0)
      return when;
    at[first] = when + window;
  }
}

/* Compares in `rounds` random situations. Slots cool for up to `most` from now; with hold or not.
 */
static void compare_earliest(uint64_t seed, int rounds, sr_time most, int hold) {
  struct chance chance = {seed};
  int round;
  for (round = 0; round < rounds; round++) {
    struct sr_limit *limit = fresh_limit();
    int slots = (int)chance_between(&chance, 1, 8), i;
    struct sr_rate rate;
    sr_time now = 100 * S, free_at[SR_LIMIT_SLOTS], held = 0;
    int leased[SR_LIMIT_SLOTS];
    unsigned ahead;
    rate.slots = slots;
    rate.window = S;
    for (i = 0; i < slots; i++) {
      struct sr_slot slot;
      sr_time retry_at;
      leased[i] = (int)chance_between(&chance, 0, 1);
      free_at[i] = now + 2 * chance_between(&chance, -S / 4, (leased[i] ? 20 * S : most) / 2);
      assert_true(take(limit, slots, 50 * S, leased[i] ? free_at[i] : 900 * S, &slot, &retry_at));
      assert_int_equal(slot.index, i);
      if (!leased[i])
        give(limit, &slot, free_at[i]);
    }
    if (hold) {
      held = now + chance_between(&chance, 1, 3 * S);
      atomic_store(&limit->held, held);
    }
    for (ahead = 0; ahead <= 3 * (unsigned)slots; ahead++) {
      sr_time got = sr_limit_earliest(limit, &rate, now, ahead);
      sr_time expected = brute_force(free_at, leased, slots, S, held, now, ahead);
      CHECK(got == expected, "round %d, %d slots, %u ahead: %+.6f s from now, not %+.6f s", round,
            slots, ahead, (double)(got - now) / 1e9, (double)(expected - now) / 1e9);
    }
  }
}

static void earliest_is_what_brute_force_says(void **state) {
  (void)state;
  compare_earliest(1, 1000, S, 0);
}

/* An attempt that got no answer cools its slot for a window and 0.2 s. */
static void
earliest_is_what_brute_force_says_with_slots_that_cool_longer_than_a_window(void **state) {
  (void)state;
  compare_earliest(2, 1000, S + S / 5, 0);
}

static void earliest_is_what_brute_force_says_while_a_hold_lasts(void **state) {
  (void)state;
  compare_earliest(3, 1000, S, 1);
}

/* ---- the model: senders, a network, a server that counts ---- */

enum { SENDERS = 12, MODEL_SLOTS = 5, MODEL_REQUESTS = 70000 };
#define WINDOW      S
#define LATE        (S / 5) /* a request is counted at the latest this long after it was given up */
#define LONGEST     (2 * S) /* a call's deadline */
#define MODEL_START (1000 * S)

enum fate { ANSWERED, GIVEN_UP, NEVER_SENT, DIED };

struct sender {
  int busy;
  enum fate fate;
  sr_time at; /* of its next event: trying, or the end of its attempt */
  struct sr_slot slot;
};

/* A way to decide whether a request may be sent now. */
struct rule {
  const char *name;
  int (*take)(struct rule *rule, sr_time now, sr_time lease, struct sr_slot *slot);
  void (*give)(struct rule *rule, sr_time now, enum fate fate, struct sr_slot *slot);
  struct sr_limit *limit;
  double tokens;
  sr_time filled;
  sr_time sent[MODEL_SLOTS];
  int oldest;
};

static int limiter_take(struct rule *rule, sr_time now, sr_time lease, struct sr_slot *slot) {
  sr_time retry_at;
  return take(rule->limit, MODEL_SLOTS, now, lease, slot, &retry_at);
}

static void limiter_give(struct rule *rule, sr_time now, enum fate fate, struct sr_slot *slot) {
  static const struct sr_rate rate = {MODEL_SLOTS, WINDOW};
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_SILENT, SR_OUTCOME_UNSENT};
  if (fate != DIED) /* who died gives nothing back */
    sr_limit_give(rule->limit, &rate, now, slot, outcomes[fate], 0);
}

static int bucket_take(struct rule *rule, sr_time now, sr_time lease, struct sr_slot *slot) {
  (void)lease;
  (void)slot;
  rule->tokens += (double)(now - rule->filled) / (double)WINDOW * MODEL_SLOTS;
  rule->filled = now;
  if (rule->tokens > MODEL_SLOTS)
    rule->tokens = MODEL_SLOTS;
  if (rule->tokens < 1)
    return 0;
  rule->tokens -= 1;
  return 1;
}

static int log_take(struct rule *rule, sr_time now, sr_time lease, struct sr_slot *slot) {
  (void)lease;
  (void)slot;
  if (rule->sent[rule->oldest] + WINDOW > now)
    return 0;
  rule->sent[rule->oldest] = now;
  rule->oldest = (rule->oldest + 1) % MODEL_SLOTS;
  return 1;
}

static void no_give(struct rule *rule, sr_time now, enum fate fate, struct sr_slot *slot) {
  (void)rule;
  (void)now;
  (void)fate;
  (void)slot;
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

/* Decides what becomes of a request sent now: when it ends and, at `*counted`, when it is counted.
 */
static void send_one(struct chance *chance, struct sender *sender, sr_time now, sr_time *counted) {
  int64_t dice = chance_between(chance, 1, 100);
  sr_time last;
  sender->busy = 1;
  if (dice <= 82) {
    sender->fate = ANSWERED;
    sender->at = last = now + chance_between(chance, 20 * MS, 900 * MS);
  } else if (dice <= 90) {
    sender->fate = GIVEN_UP;
    sender->at = now + chance_between(chance, 50 * MS, LONGEST);
    last = sender->at + LATE;
  } else if (dice <= 98) {
    sender->fate = NEVER_SENT;
    sender->at = now + chance_between(chance, 1 * MS, 200 * MS);
    last = -1;
  } else {
    sender->fate = DIED;
    sender->at = now + chance_between(chance, 0, LONGEST);
    last = sender->at + LATE;
  }
  /* Now and then at the very ends of what is possible: there a rule breaks first. */
  dice = chance_between(chance, 1, 10);
  *counted = last < 0 ? -1 : dice == 1 ? now : dice == 2 ? last : chance_between(chance, now, last);
}

/* Runs the model; returns how many windows held more than the limit. */
static int run_model(struct rule *rule, uint64_t seed, double *rate) {
  struct chance chance = {seed};
  struct sender senders[SENDERS];
  sr_time *counts = malloc(MODEL_REQUESTS * sizeof *counts), now = MODEL_START;
  int sent = 0, n = 0, i, broken = 0;
  assert_non_null(counts);
  memset(senders, 0, sizeof senders);
  for (i = 0; i < SENDERS; i++)
    senders[i].at = MODEL_START + chance_between(&chance, 0, S);
  while (sent < MODEL_REQUESTS) {
    struct sender *sender = &senders[0];
    for (i = 1; i < SENDERS; i++)
      if (senders[i].at < sender->at)
        sender = &senders[i];
    now = sender->at;
    CHECK(now < MODEL_START + MODEL_REQUESTS * S, "%s: hardly anything is sent any more",
          rule->name);
    if (sender->busy) {
      rule->give(rule, now, sender->fate, &sender->slot);
      sender->busy = 0;
      sender->at = now + chance_between(&chance, 0, 10 * MS);
    } else if (rule->take(rule, now, now + LONGEST + WINDOW + LATE, &sender->slot)) {
      sr_time counted;
      send_one(&chance, sender, now, &counted);
      sent++;
      if (counted >= 0)
        counts[n++] = counted;
    } else {
      sender->at = now + chance_between(&chance, 1, 200 * MS);
    }
  }
  qsort(counts, (size_t)n, sizeof counts[0], by_time);
  for (i = 0; i + MODEL_SLOTS < n; i++)
    broken += counts[i + MODEL_SLOTS] - counts[i] < WINDOW;
  *rate = (double)n / ((double)(now - MODEL_START) / 1e9);
  free(counts);
  return broken;
}

static void no_window_of_the_server_ever_holds_more_than_the_limit(void **state) {
  static const uint64_t seeds[] = {1, 20261124, 987654321, 42};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(seeds); i++) {
    struct rule rule = {"slots", limiter_take, limiter_give, NULL, 0, 0, {0}, 0};
    double rate;
    int broken;
    rule.limit = fresh_limit();
    broken = run_model(&rule, seeds[i], &rate);
    CHECK(broken == 0, "seed %zu: %d windows over the limit", i, broken);
    CHECK(rate > 2, "seed %zu: only %.2f requests a second", i, rate);
  }
}

/* The model can fail: two rules that look right are broken by the same network. */
static void a_token_bucket_and_a_log_of_send_times_break_in_the_same_model(void **state) {
  struct rule bucket = {"bucket", bucket_take, no_give, NULL, MODEL_SLOTS, MODEL_START, {0}, 0};
  struct rule log = {"log", log_take, no_give, NULL, 0, 0, {0}, 0};
  double rate;
  (void)state;
  assert_true(run_model(&bucket, 1, &rate) > 1000);
  assert_true(run_model(&log, 1, &rate) > 1000);
}

static void limiter_give_without_cooling(struct rule *rule, sr_time now, enum fate fate,
                                         struct sr_slot *slot) {
  if (fate != DIED)
    give(rule->limit, slot, now);
}

static void limiter_give_without_late(struct rule *rule, sr_time now, enum fate fate,
                                      struct sr_slot *slot) {
  limiter_give(rule, now, fate == GIVEN_UP ? ANSWERED : fate, slot);
}

/* And so are the limiter's own slots, given back too early by either part of the rule. */
static void slots_given_back_too_early_break_in_the_same_model(void **state) {
  struct rule hot = {"no cooling", limiter_take, limiter_give_without_cooling, NULL, 0, 0, {0}, 0};
  struct rule early = {
      "no late count", limiter_take, limiter_give_without_late, NULL, 0, 0, {0}, 0};
  double rate;
  (void)state;
  hot.limit = fresh_limit();
  early.limit = fresh_limit();
  assert_true(run_model(&hot, 1, &rate) > 1000);
  assert_true(run_model(&early, 1, &rate) > 0);
}

/* ---- threads ---- */

enum { THREADS = 4, THREAD_SLOTS = 3, THREAD_ROUNDS = 20000 };

struct crowd {
  struct sr_limit *limit;
  atomic_int holders, most, taken;
};

static void *take_and_give(void *ctx) {
  struct crowd *crowd = ctx;
  int i;
  for (i = 0; i < THREAD_ROUNDS; i++) {
    struct sr_slot slot;
    sr_time retry_at;
    if (take(crowd->limit, THREAD_SLOTS, 100 * S, 200 * S, &slot, &retry_at)) {
      int holders = atomic_fetch_add(&crowd->holders, 1) + 1, most = atomic_load(&crowd->most);
      while (holders > most && !atomic_compare_exchange_weak(&crowd->most, &most, holders))
        ;
      atomic_fetch_add(&crowd->taken, 1);
      atomic_fetch_sub(&crowd->holders, 1);
      give(crowd->limit, &slot, 100 * S);
    }
  }
  return NULL;
}

static void *take_only(void *ctx) {
  struct crowd *crowd = ctx;
  int i;
  for (i = 0; i < 8; i++) {
    struct sr_slot slot;
    sr_time retry_at;
    atomic_fetch_add(&crowd->taken,
                     take(crowd->limit, THREAD_SLOTS, 100 * S, 200 * S, &slot, &retry_at));
  }
  return NULL;
}

static void run_threads(void *(*body)(void *), struct crowd *crowd) {
  pthread_t threads[THREADS];
  int i;
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, body, crowd), 0);
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void threads_never_hold_more_slots_than_there_are(void **state) {
  struct crowd crowd;
  (void)state;
  memset(&crowd, 0, sizeof crowd);
  crowd.limit = fresh_limit();
  run_threads(take_and_give, &crowd);
  assert_in_range(atomic_load(&crowd.most), 1, THREAD_SLOTS);
  assert_true(atomic_load(&crowd.taken) > THREAD_ROUNDS / 2);
}

static void threads_that_take_at_once_get_each_slot_once(void **state) {
  int round;
  (void)state;
  for (round = 0; round < 100; round++) {
    struct crowd crowd;
    memset(&crowd, 0, sizeof crowd);
    crowd.limit = fresh_limit();
    run_threads(take_only, &crowd);
    assert_int_equal(atomic_load(&crowd.taken), THREAD_SLOTS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(n_slots_are_given_and_no_more),
      cmocka_unit_test(a_refusal_says_exactly_when_the_first_slot_has_cooled_down),
      cmocka_unit_test(a_slot_is_never_free_before_its_time),
      cmocka_unit_test(with_all_slots_leased_trying_again_makes_sense_after_a_window),
      cmocka_unit_test(a_slot_given_back_at_once_is_free_at_once),
      cmocka_unit_test(giving_back_nothing_or_twice_changes_nothing),
      cmocka_unit_test(a_lease_ends_by_itself_and_its_old_owner_can_not_give_it_back),
      cmocka_unit_test(hold_stops_everybody_until_its_time_and_only_gets_longer),
      cmocka_unit_test(busy_counts_what_is_leased_or_cools_down),
      cmocka_unit_test(earliest_is_what_brute_force_says),
      cmocka_unit_test(earliest_is_what_brute_force_says_with_slots_that_cool_longer_than_a_window),
      cmocka_unit_test(earliest_is_what_brute_force_says_while_a_hold_lasts),
      cmocka_unit_test(no_window_of_the_server_ever_holds_more_than_the_limit),
      cmocka_unit_test(a_token_bucket_and_a_log_of_send_times_break_in_the_same_model),
      cmocka_unit_test(slots_given_back_too_early_break_in_the_same_model),
      cmocka_unit_test(threads_never_hold_more_slots_than_there_are),
      cmocka_unit_test(threads_that_take_at_once_get_each_slot_once),
  };
  return cmocka_run_group_tests_name("sr_limit", tests, NULL, NULL);
}
