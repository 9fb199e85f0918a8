/* Gates: an engine's open limiters. Which clients share one, and when it is closed.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include "http/sr_gate.h"

/* ---- a driver that counts ---- */

struct sr_limiter {
  sr_time keep_until;
};

static int opened, closed;
static sr_time keep_next; /* for limiters opened from now on */

static struct sr_limiter *open_counted(const char *settings,
                                       const struct sr_limit_identity *identity) {
  struct sr_limiter *limiter = calloc(1, sizeof *limiter);
  (void)settings;
  (void)identity;
  assert_non_null(limiter);
  limiter->keep_until = keep_next;
  opened++;
  return limiter;
}

static void close_counted(struct sr_limiter *limiter) {
  closed++;
  free(limiter);
}

static sr_time keep_until(struct sr_limiter *limiter, sr_time now) {
  (void)now;
  return limiter->keep_until;
}

static const struct sr_limiter_driver counted = {
    .abi = SR_LIMITER_ABI, .open = open_counted, .close = close_counted, .keep_until = keep_until};

static const struct sr_limiter_driver other_driver = {
    .abi = SR_LIMITER_ABI, .open = open_counted, .close = close_counted};

static struct sr_config *config_of(uint64_t salt) {
  struct sr_settings settings = settings_of(salt, 5);
  settings.driver = &counted;
  settings.driver_settings = "one";
  return client_of(&settings);
}

/* Gets the gate of a limit and puts it back. */
static struct sr_gate *visit(struct sr_gates *gates, uint64_t salt, sr_time now) {
  struct sr_config *config = config_of(salt);
  struct sr_gate *gate = sr_gates_get(gates, config);
  assert_non_null(gate);
  sr_gates_put(gates, gate, now);
  sr_config_unref(config);
  return gate;
}

static void visit_all(struct sr_gates *gates, uint64_t first, uint64_t last, sr_time now) {
  uint64_t salt;
  for (salt = first; salt <= last; salt++)
    visit(gates, salt, now);
}

static int set_up_counts(void **state) {
  (void)state;
  opened = closed = 0;
  keep_next = 0;
  return 0;
}

/* ---- tests ---- */

static void clients_with_the_same_limit_and_settings_share_a_gate(void **state) {
  struct sr_gates gates;
  struct sr_settings settings = settings_of(7, 5), changed;
  struct sr_config *configs[7];
  struct sr_gate *got[7];
  int i, k;
  (void)state;
  sr_gates_init(&gates);
  settings.driver = &counted;
  settings.driver_settings = "one";
  settings.local.shared = 1;
  settings.local.state_dir = "/nowhere";
  configs[0] = client_of(&settings);
  changed = settings;
  changed.driver_settings = "two";
  configs[1] = client_of(&changed);
  changed = settings;
  changed.driver = &other_driver;
  configs[2] = client_of(&changed);
  changed = settings;
  changed.local.state_dir = "/nowhere/else";
  configs[3] = client_of(&changed);
  changed = settings;
  changed.local.strict = 1;
  configs[4] = client_of(&changed);
  changed = settings;
  changed.limit_salt = 8;
  configs[5] = client_of(&changed);
  changed = settings;
  changed.fall_back = 1;
  configs[6] = client_of(&changed);
  for (i = 0; i < 7; i++)
    got[i] = sr_gates_get(&gates, configs[i]);
  for (i = 0; i < 7; i++) {
    struct sr_config *again;
    assert_non_null(got[i]);
    for (k = 0; k < i; k++)
      CHECK(got[i] != got[k], "%d and %d are one", i, k);
    again = sr_config_ref(configs[i]);
    assert_ptr_equal(sr_gates_get(&gates, again), got[i]);
    sr_gates_put(&gates, got[i], 0);
    sr_gates_put(&gates, got[i], 0);
    sr_config_unref(again);
  }
  settings.rate.slots = 3; /* the client's share of it does not matter */
  settings.max_queue = 9;
  sr_config_unref(configs[1]);
  configs[1] = client_of(&settings);
  assert_ptr_equal(sr_gates_get(&gates, configs[1]), got[0]);
  sr_gates_put(&gates, got[0], 0);
  for (i = 0; i < 7; i++)
    sr_config_unref(configs[i]);
  sr_gates_fini(&gates);
  assert_int_equal(opened, 7);
  assert_int_equal(closed, 7);
}

static void a_few_unused_gates_are_kept_and_the_least_recently_used_is_closed(void **state) {
  struct sr_gates gates;
  struct sr_config *config = config_of(1);
  struct sr_gate *in_use;
  (void)state;
  sr_gates_init(&gates);
  in_use = sr_gates_get(&gates, config);
  visit_all(&gates, 2, 17, 0);
  assert_int_equal(closed, 0); /* 16, and one in use */
  visit(&gates, 2, 0);         /* now 3 is the one unused for longest */
  visit(&gates, 100, 0);
  assert_int_equal(closed, 1);
  visit(&gates, 2, 0);
  assert_int_equal(opened, 18);
  visit(&gates, 3, 0);
  assert_int_equal(opened, 19);
  assert_int_equal(gates.unused_count, 16);
  visit(&gates, 1, 0);
  assert_int_equal(opened, 19); /* the one in use was never closed */
  sr_gates_put(&gates, in_use, 0);
  sr_config_unref(config);
  sr_gates_fini(&gates);
  assert_int_equal(closed, opened);
}

static void a_gate_stays_open_until_its_limiter_can_be_closed(void **state) {
  struct sr_gates gates;
  struct sr_gate *gate;
  (void)state;
  sr_gates_init(&gates);
  keep_next = 10 * S;
  visit_all(&gates, 1, 100, 5 * S);
  assert_int_equal(closed, 0);
  sr_gates_trim(&gates, 9 * S);
  assert_int_equal(closed, 0);
  sr_gates_trim(&gates, 10 * S);
  assert_int_equal(closed, 100);
  keep_next = SR_NEVER; /* unknown */
  gate = visit(&gates, 1, 10 * S);
  gate->limiter->keep_until = SR_NEVER;
  sr_gates_trim(&gates, 20 * S);
  assert_int_equal(closed, 100);
  gate->limiter->keep_until = 0;
  sr_gates_trim(&gates, 20 * S + SR_SECOND / 2);
  assert_int_equal(closed, 100); /* it was just checked */
  sr_gates_trim(&gates, 21 * S);
  assert_int_equal(closed, 101);
  sr_gates_fini(&gates);
}

static void gates_kept_open_are_closed_when_others_are_opened(void **state) {
  struct sr_gates gates;
  (void)state;
  sr_gates_init(&gates);
  keep_next = 10 * S;
  visit_all(&gates, 1, 100, 5 * S);
  keep_next = 0;
  visit_all(&gates, 101, 300, 11 * S);
  assert_int_equal(opened - closed, 16);
  sr_gates_fini(&gates);
}

/* SERANKING_LONG=1: as many as years of use may open. */
static void many_keys_in_turn_leave_only_a_few_gates(void **state) {
  struct sr_gates gates;
  uint64_t salt, count = getenv("SERANKING_LONG") != NULL ? 100000 : 2000;
  int most = 0;
  (void)state;
  sr_gates_init(&gates);
  for (salt = 1; salt <= count; salt++) {
    visit(&gates, salt, 0);
    if (opened - closed > most)
      most = opened - closed;
  }
  assert_int_equal(opened, count);
  assert_true(most <= 17);
  assert_true(gates.size <= 64);
  sr_gates_fini(&gates);
  assert_int_equal(closed, opened);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(clients_with_the_same_limit_and_settings_share_a_gate, set_up_counts),
      cmocka_unit_test_setup(a_few_unused_gates_are_kept_and_the_least_recently_used_is_closed,
                             set_up_counts),
      cmocka_unit_test_setup(a_gate_stays_open_until_its_limiter_can_be_closed, set_up_counts),
      cmocka_unit_test_setup(gates_kept_open_are_closed_when_others_are_opened, set_up_counts),
      cmocka_unit_test_setup(many_keys_in_turn_leave_only_a_few_gates, set_up_counts),
  };
  return cmocka_run_group_tests_name("sr_gate", tests, NULL, NULL);
}
