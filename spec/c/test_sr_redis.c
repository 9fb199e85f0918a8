/* The limiter on a real Redis server: slots and views.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

/* ---- slots ---- */

static void a_new_limit_grants_nothing_until_earlier_requests_have_been_counted(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time before, born;
  START(server);
  limiter = host(&server);
  before = now_is();
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  born = now_is();
  /* at most a window; the next take gives the rest */
  expect_time(ruling.at, before + WINDOW, born + WINDOW);
  pass(&server, WINDOW / 2);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, before + COLD, now_is() + COLD - WINDOW / 2);
  while (take(limiter, 2, &slot, &ruling) != SR_LIMIT_GRANTED)
    pass_until(&server, ruling.at);
  assert_true(now_is() >= before + COLD);
  driver->close(limiter);
  server_stop(&server);
}

static void exactly_n_slots_are_granted_to_all_hosts_together(void **state) {
  struct server server;
  struct sr_limiter *hosts[3];
  struct sr_slot slots[SR_LIMIT_SLOTS], slot;
  struct sr_ruling ruling;
  int i, seen[SR_LIMIT_SLOTS] = {0};
  START(server);
  for (i = 0; i < 3; i++)
    hosts[i] = host(&server);
  warm(&server, hosts[0], SR_LIMIT_SLOTS);
  for (i = 0; i < SR_LIMIT_SLOTS; i++) {
    GRANTED(hosts[i % 3], SR_LIMIT_SLOTS, &slots[i]);
    assert_in_range(slots[i].index, 0, SR_LIMIT_SLOTS - 1);
    assert_int_equal(seen[slots[i].index]++, 0);
  }
  for (i = 0; i < 3; i++)
    assert_int_equal(take(hosts[i], SR_LIMIT_SLOTS, &slot, &ruling), SR_LIMIT_WAIT);
  for (i = 0; i < 3; i++)
    driver->close(hosts[i]);
  server_stop(&server);
}

/* The outcome of a give, and when the slot must be free again. */
static void a_slot_is_free_a_window_after_its_answer_or_at_once_if_unsent(void **state) {
  static const struct {
    enum sr_outcome outcome;
    sr_time cool;
  } rows[] = {{SR_OUTCOME_FINE, WINDOW},
              {SR_OUTCOME_ANSWERED, WINDOW},
              {SR_OUTCOME_SILENT, COLD},
              {SR_OUTCOME_UNSENT, 0}};
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  size_t i;
  START_WARM(server, limiter, 1);
  other = host(&server);
  for (i = 0; i < COUNT(rows); i++) {
    sr_time given;
    GRANTED(limiter, 1, &slot);
    given = now_is();
    assert_int_equal(give(limiter, 1, &slot, rows[i].outcome), SR_CHANGE_NONE);
    if (rows[i].cool > 0) {
      struct sr_limit_view view;
      assert_int_equal(take(other, 1, &slot, &ruling), SR_LIMIT_WAIT);
      view = view_of(other, 1);
      expect_time(view.free_at[0], given + rows[i].cool, now_is() + rows[i].cool);
      assert_int_equal(view.leased[0], 0);
      if (rows[i].cool <= WINDOW)
        expect_time(ruling.at, given + rows[i].cool, now_is() + rows[i].cool);
      while (take(other, 1, &slot, &ruling) != SR_LIMIT_GRANTED) {
        assert_true(ruling.at <= now_is() + rows[i].cool);
        pass_until(&server, ruling.at);
      }
      assert_true(now_is() >= given + rows[i].cool);
    } else {
      GRANTED(other, 1, &slot);
    }
    give(other, 1, &slot, SR_OUTCOME_UNSENT);
  }
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void an_expired_lease_can_not_be_returned_by_its_old_owner(void **state) {
  struct server server;
  struct sr_limiter *old, *new;
  struct sr_slot first, second, third;
  struct sr_ruling ruling;
  struct sr_want want = want_of(1);
  sr_time asked;
  START_WARM(server, old, 1);
  new = host(&server);
  memset(&first, 0, sizeof first);
  asked = now_is();
  want.lease = asked + WINDOW + SR_LATE_COUNT + 100 * MS;
  assert_int_equal(take_as(old, &want, &first, &ruling), SR_LIMIT_GRANTED);
  expect_time(first.send_by, asked + 100 * MS, asked + 100 * MS);
  assert_int_equal(take(new, 1, &second, &ruling), SR_LIMIT_WAIT);
  pass(&server, COLD + 100 * MS);
  GRANTED(new, 1, &second);
  give(old, 1, &first, SR_OUTCOME_UNSENT);
  assert_int_equal(take(old, 1, &third, &ruling), SR_LIMIT_WAIT);
  give(old, 1, &first, SR_OUTCOME_FINE); /* empty by now: no effect */
  give(new, 1, &second, SR_OUTCOME_UNSENT);
  GRANTED(old, 1, &third);
  driver->close(old);
  driver->close(new);
  server_stop(&server);
}

static void low_priority_gets_the_last_slot_only_if_there_is_no_other(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want low;
  START_WARM(server, limiter, 2);
  low = want_of(2);
  low.low = 1;
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_GRANTED);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_WAIT);
  GRANTED(limiter, 2, &slot);
  give(limiter, 2, &slot, SR_OUTCOME_UNSENT);
  pass(&server, 3600 * S);
  low.rate.slots = 1;
  assert_int_equal(take_as(limiter, &low, &slot, &ruling), SR_LIMIT_GRANTED);
  driver->close(limiter);
  server_stop(&server);
}

static void by_send_time_a_slot_is_free_a_window_after_it_was_taken(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  sr_time asked;
  START_WARM(server, limiter, 1);
  want = want_of(1);
  want.send_time = 1;
  memset(&slot, 0, sizeof slot);
  asked = now_is();
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(slot.send_time, 1);
  assert_int_equal(slot.send_by, want.lease - WINDOW - SR_LATE_COUNT);
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, asked + WINDOW, now_is() + WINDOW);
  give(limiter, 1, &slot, SR_OUTCOME_FINE); /* the answer changes nothing */
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  pass(&server, WINDOW);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT); /* not sent: free at once */
  GRANTED(limiter, 1, &other);
  driver->close(limiter);
  server_stop(&server);
}

static void an_abandoned_request_returns_its_slot(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_rate rate = {1, WINDOW};
  START_WARM(server, limiter, 1);
  other = host(&server);
  want = want_of(1);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  assert_int_equal(slot.state, SR_SLOT_NONE);
  assert_int_equal(driver->idle(limiter), 0);
  settle(limiter);
  GRANTED(other, 1, &slot);
  give(other, 1, &slot, SR_OUTCOME_UNSENT);
  /* the same if the answer has arrived but was not read */
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  turn(limiter, now_is() + S);
  assert_int_equal(driver->idle(limiter), 1);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  GRANTED(other, 1, &slot);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void many_pending_takes_each_get_their_own_answer(void **state) {
  enum { ASKING = 200, FREE = 7 };
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slots[ASKING];
  struct sr_ruling ruling;
  struct sr_want want;
  int i, granted = 0, seen[FREE] = {0};
  START(server);
  limiter = host(&server);
  warm(&server, limiter, FREE);
  want = want_of(FREE);
  memset(slots, 0, sizeof slots);
  for (i = 0; i < ASKING; i++)
    assert_int_equal(driver->take(limiter, &want, now_is(), &slots[i], &ruling), SR_LIMIT_ASKED);
  for (i = 0; i < ASKING; i++)
    if (take_as(limiter, &want, &slots[i], &ruling) == SR_LIMIT_GRANTED) {
      assert_int_equal(seen[slots[i].index]++, 0);
      granted++;
    }
  assert_int_equal(granted, FREE);
  driver->close(limiter);
  server_stop(&server);
}

static void different_names_prefixes_and_databases_are_separate_limits(void **state) {
  static const char *const options[] = {"", "?prefix=other:", "?db=3"};
  struct server server;
  struct sr_limiter *limiters[3];
  struct sr_slot slot;
  struct sr_ruling ruling;
  char address[200];
  int i;
  START(server);
  for (i = 0; i < 3; i++) {
    snprintf(address, sizeof address, "%s%s", server.address, options[i]);
    limiters[i] = host_at(address);
    assert_int_equal(take(limiters[i], 1, &slot, &ruling), SR_LIMIT_WAIT);
  }
  pass(&server, COLD);
  server_pass(&server, "other:feedc0de12345678", COLD);
  server_do(&server, "SELECT 3");
  server_pass(&server, KEY, COLD);
  server_do(&server, "SELECT 0");
  for (i = 0; i < 3; i++) {
    GRANTED(limiters[i], 1, &slot);
    assert_int_equal(take(limiters[i], 1, &slot, &ruling), SR_LIMIT_WAIT);
  }
  assert_int_equal(server_do(&server, "EXISTS " KEY), 1);
  assert_int_equal(server_do(&server, "EXISTS other:feedc0de12345678"), 1);
  assert_int_equal(server_do(&server, "DBSIZE"), 2);
  server_do(&server, "SELECT 3");
  assert_int_equal(server_do(&server, "EXISTS " KEY), 1);
  for (i = 0; i < 3; i++)
    driver->close(limiters[i]);
  server_stop(&server);
}

static void an_unused_limit_expires_after_the_longest_ban(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  START_WARM(server, limiter, 1);
  assert_in_range(server_do(&server, "PTTL " KEY), (600LL << 8) * 1000 + 86400000, 8 * 86400000LL);
  server_do(&server, "PEXPIRE " KEY " 5000");
  GRANTED(limiter, 1, &slot);
  assert_in_range(server_do(&server, "PTTL " KEY), (600LL << 8) * 1000 + 86400000, 8 * 86400000LL);
  driver->close(limiter);
  server_stop(&server);
}

static void the_estimate_for_a_queue_is_never_too_late(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, kept;
  struct sr_ruling ruling;
  struct sr_rate rate = {2, WINDOW};
  sr_time now, given, told;
  START(server);
  limiter = host(&server);
  now = now_is();
  assert_int_equal(driver->earliest(limiter, &rate, now, 0), now); /* nothing is known */
  warm(&server, limiter, 2);
  now = now_is();
  assert_int_equal(driver->earliest(limiter, &rate, now, 1), now);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &kept);
  freeze();
  given = now_is();
  give(limiter, 2, &slot, SR_OUTCOME_FINE);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  told = now_is();
  /* one is cooling down, and one could come back now */
  expect_time(driver->earliest(limiter, &rate, told, 0), given + WINDOW, told + WINDOW);
  expect_time(driver->earliest(limiter, &rate, told, 1), given + WINDOW, told + WINDOW);
  expect_time(driver->earliest(limiter, &rate, told, 2), given + 2 * WINDOW, told + 2 * WINDOW);
  now = told + 3 * S; /* too old to count */
  assert_int_equal(driver->earliest(limiter, &rate, now, 5), now);
  thaw();
  driver->close(limiter);
  server_stop(&server);
}

static void the_view_shows_slots_hold_ban_and_server(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot leased, cooling, slot;
  struct sr_limit_view view;
  char place[140];
  sr_time given, leased_at;
  START_WARM(server, limiter, 4);
  leased_at = now_is();
  GRANTED(limiter, 4, &leased);
  GRANTED(limiter, 4, &cooling);
  given = now_is();
  give(limiter, 4, &cooling, SR_OUTCOME_FINE);
  view = view_of(limiter, 4);
  assert_int_equal(view.leased[0], 1);
  expect_time(view.free_at[0], leased_at + LEASE, now_is() + LEASE);
  assert_int_equal(view.leased[1], 0);
  expect_time(view.free_at[1], given + WINDOW, now_is() + WINDOW);
  assert_true(view.free_at[2] <= now_is() && view.free_at[3] <= now_is());
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_string_equal(view.scope, "redis");
  snprintf(place, sizeof place, "unix:%s?db=0", server.socket);
  assert_string_equal(view.place, place);
  assert_string_equal(view.problem, "");
  give_for(limiter, 4, &leased, SR_OUTCOME_REFUSED, 7 * S);
  view = view_of(limiter, 4);
  assert_int_equal(view.strikes, 1);
  expect_time(view.held_until, now_is() + 6 * S, now_is() + 7 * S);
  pass(&server, 10 * S);
  request(limiter, SR_OUTCOME_FINE);
  block(&server, limiter);
  pass(&server, 600 * S);
  view = view_of(limiter, 4);
  assert_int_equal(view.block, SR_BLOCK_RATE);
  assert_int_equal(view.probing, 0);
  assert_true(view.blocked_until <= now_is());
  GRANTED(limiter, 4, &slot);
  assert_int_equal(view_of(limiter, 4).probing, 1);
  driver->close(limiter);
  server_stop(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_limit_grants_nothing_until_earlier_requests_have_been_counted),
      cmocka_unit_test(exactly_n_slots_are_granted_to_all_hosts_together),
      cmocka_unit_test(a_slot_is_free_a_window_after_its_answer_or_at_once_if_unsent),
      cmocka_unit_test(an_expired_lease_can_not_be_returned_by_its_old_owner),
      cmocka_unit_test(low_priority_gets_the_last_slot_only_if_there_is_no_other),
      cmocka_unit_test(by_send_time_a_slot_is_free_a_window_after_it_was_taken),
      cmocka_unit_test(an_abandoned_request_returns_its_slot),
      cmocka_unit_test(many_pending_takes_each_get_their_own_answer),
      cmocka_unit_test(different_names_prefixes_and_databases_are_separate_limits),
      cmocka_unit_test(an_unused_limit_expires_after_the_longest_ban),
      cmocka_unit_test(the_estimate_for_a_queue_is_never_too_late),
      cmocka_unit_test(the_view_shows_slots_hold_ban_and_server),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
