/* The limiter on a real Redis server: holds, silence and bans.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

/* ---- hold and circuit ---- */

static void a_429_holds_every_host_for_its_retry_after(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time given;
  START_WARM(server, a, 5);
  b = host(&server);
  GRANTED(a, 5, &slot);
  given = now_is();
  assert_int_equal(give_for(a, 5, &slot, SR_OUTCOME_REFUSED, 2 * WINDOW), SR_CHANGE_NONE);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 2 * WINDOW, now_is() + 2 * WINDOW);
  pass(&server, 2 * WINDOW);
  assert_int_equal(request(b, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

/* Clients of one limit with different windows. */
static void a_short_window_does_not_shorten_the_hold_of_a_long_one(void **state) {
  static const struct sr_rate hourly = {5, 3600 * S};
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time given;
  int i;
  START_WARM(server, a, 5);
  b = host(&server);
  GRANTED(a, 5, &slot);
  given = now_is();
  driver->give(a, &hourly, given, &slot, SR_OUTCOME_REFUSED, 3600 * S);
  settle(a);
  for (i = 0; i < 2; i++) {
    assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
    expect_time(ruling.at, given + 3600 * S, now_is() + 3600 * S);
  }
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void after_three_silent_requests_one_is_sent_at_a_time_until_an_answer(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slots[3], slot;
  struct sr_ruling ruling;
  sr_time given;
  int i;
  START_WARM(server, a, 5);
  b = host(&server);
  for (i = 0; i < 3; i++)
    GRANTED(a, 5, &slots[i]);
  given = now_is();
  for (i = 0; i < 3; i++)
    give(a, 5, &slots[i], SR_OUTCOME_SILENT);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  assert_true(ruling.silent);
  expect_time(ruling.at, given + WINDOW, now_is() + WINDOW);
  assert_true(view_of(b, 5).silent);
  pass(&server, WINDOW);
  GRANTED(a, 5, &slot);
  assert_int_equal(take(b, 5, &slots[0], &ruling), SR_LIMIT_WAIT); /* one at a time */
  assert_true(ruling.silent);
  given = now_is();
  give(a, 5, &slot, SR_OUTCOME_SILENT);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 2 * WINDOW, now_is() + 2 * WINDOW);
  pass(&server, 2 * WINDOW);
  GRANTED(b, 5, &slot);
  given = now_is();
  give(b, 5, &slot, SR_OUTCOME_FINE);
  assert_int_equal(take(a, 5, &slot, &ruling),
                   SR_LIMIT_WAIT); /* the sent request may be counted now */
  assert_false(ruling.silent);
  expect_time(ruling.at, given + WINDOW, now_is() + WINDOW);
  pass(&server, WINDOW);
  for (i = 0; i < 3; i++)
    GRANTED(i % 2 ? a : b, 5, &slots[i]);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void three_429s_in_a_row_block_all_for_ten_minutes_until_one_probe(void **state) {
  struct server server;
  struct sr_limiter *hosts[3];
  struct sr_slot slot, probe;
  struct sr_ruling ruling;
  sr_time given = 0;
  int i;
  START(server);
  for (i = 0; i < 3; i++)
    hosts[i] = host(&server);
  warm(&server, hosts[0], 5);
  for (i = 0; i < 3; i++) {
    given = now_is();
    assert_int_equal(request(hosts[i], SR_OUTCOME_REFUSED),
                     i < 2 ? SR_CHANGE_NONE : SR_CHANGE_BLOCKED);
    assert_int_equal(driver->news(hosts[i]), SR_CHANGE_NONE); /* reported once */
    if (i < 2)
      pass(&server, WINDOW);
  }
  for (i = 0; i < 3; i++) {
    assert_int_equal(take(hosts[i], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    assert_int_equal(ruling.block, SR_BLOCK_RATE);
    expect_time(ruling.at, given + 600 * S, now_is() + 600 * S);
  }
  pass(&server, 599 * S);
  assert_int_equal(take(hosts[1], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  pass(&server, WINDOW);
  GRANTED(hosts[1], 5, &probe);
  assert_true(probe.probe != 0);
  for (i = 0; i < 3; i++) {
    assert_int_equal(take(hosts[i], 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    expect_time(ruling.at, now_is(), now_is() + WINDOW);
  }
  assert_int_equal(give(hosts[1], 5, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  for (i = 0; i < 3; i++) {
    GRANTED(hosts[i], 5, &slot);
    assert_true(slot.probe == 0);
  }
  for (i = 0; i < 3; i++)
    driver->close(hosts[i]);
  server_stop(&server);
}

static void an_answer_between_429s_restarts_the_count(void **state) {
  static const enum sr_outcome row[] = {SR_OUTCOME_REFUSED,  SR_OUTCOME_REFUSED, SR_OUTCOME_FINE,
                                        SR_OUTCOME_REFUSED,  SR_OUTCOME_SILENT,  SR_OUTCOME_REFUSED,
                                        SR_OUTCOME_ANSWERED, SR_OUTCOME_UNSENT};
  struct server server;
  struct sr_limiter *limiter;
  size_t i;
  START_WARM(server, limiter, 5);
  for (i = 0; i < COUNT(row); i++) {
    assert_int_equal(request(limiter, row[i]), SR_CHANGE_NONE);
    pass(&server, WINDOW);
  }
  assert_int_equal(view_of(limiter, 5).strikes, 2);
  assert_int_equal(request(limiter, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

static void a_refused_probe_doubles_the_ban_up_to_256_times(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time ban = 600 * S, given;
  int i;
  START_WARM(server, limiter, 5);
  block(&server, limiter);
  for (i = 0; i < 11; i++) {
    assert_int_equal(view_of(limiter, 5).level, i + 1 < 8 ? i + 1 : 8);
    pass(&server, ban);
    GRANTED(limiter, 5, &slot);
    given = now_is();
    assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
    if (i < 8)
      ban *= 2;
    assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
    expect_time(ruling.at, given + ban, now_is() + ban);
  }
  driver->close(limiter);
  server_stop(&server);
}

static void the_level_falls_by_one_for_each_hour_without_trouble(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  START_WARM(server, limiter, 5);
  block(&server, limiter);
  pass(&server, 600 * S);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  pass(&server, 20 * 3600 * S); /* time spent blocked does not lower the level */
  GRANTED(limiter, 5, &slot);
  assert_int_equal(view_of(limiter, 5).level, 2);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  assert_int_equal(view_of(limiter, 5).level, 2);
  pass(&server, 3590 * S);
  assert_int_equal(view_of(limiter, 5).level, 2);
  request(limiter, SR_OUTCOME_REFUSED); /* the period restarts here */
  pass(&server, 3590 * S);
  assert_int_equal(view_of(limiter, 5).level, 2);
  pass(&server, 10 * S);
  assert_int_equal(view_of(limiter, 5).level, 1);
  request(limiter, SR_OUTCOME_REFUSED); /* a lowered level stays lowered */
  assert_int_equal(view_of(limiter, 5).level, 1);
  pass(&server, 5 * 3600 * S);
  assert_int_equal(view_of(limiter, 5).level, 0);
  driver->close(limiter);
  server_stop(&server);
}

static void a_probe_without_a_result_is_followed_by_another(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_UNSENT, SR_OUTCOME_SILENT,
                                             SR_OUTCOME_ANSWERED};
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot probe;
  size_t i;
  START_WARM(server, a, 5);
  b = host(&server);
  block(&server, a);
  pass(&server, 600 * S);
  for (i = 0; i < COUNT(outcomes); i++) {
    struct sr_limiter *limiter = i % 2 ? b : a;
    GRANTED(limiter, 5, &probe);
    assert_true(probe.probe != 0);
    assert_int_equal(give(limiter, 5, &probe, outcomes[i]), SR_CHANGE_NONE);
  }
  GRANTED(b, 5, &probe);
  assert_true(probe.probe != 0);
  assert_int_equal(give(b, 5, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void a_probe_whose_host_died_is_replaced_when_its_lease_expires(void **state) {
  struct server server;
  struct sr_limiter *dead, *other;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  START_WARM(server, dead, 5);
  other = host(&server);
  block(&server, dead);
  pass(&server, 600 * S);
  want = want_of(5);
  want.lease = now_is() + 30 * S;
  memset(&slot, 0, sizeof slot);
  assert_int_equal(take_as(dead, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  driver->close(dead); /* as if killed: gives nothing back */
  pass(&server, 29 * S);
  assert_int_equal(take(other, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  pass(&server, WINDOW);
  GRANTED(other, 5, &slot);
  assert_true(slot.probe != 0);
  driver->close(other);
  server_stop(&server);
}

static void while_blocked_only_the_probe_s_outcome_counts(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot before[3], probe, slot;
  struct sr_ruling ruling;
  START_WARM(server, limiter, 8);
  GRANTED(limiter, 8, &before[0]);
  GRANTED(limiter, 8, &before[1]);
  GRANTED(limiter, 8, &before[2]);
  block(&server, limiter);
  assert_int_equal(give(limiter, 8, &before[0], SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(give(limiter, 8, &before[1], SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(take(limiter, 8, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 500 * S, now_is() + 600 * S);
  pass(&server, 600 * S);
  GRANTED(limiter, 8, &probe);
  assert_int_equal(give(limiter, 8, &before[2], SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(take(limiter, 8, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(give(limiter, 8, &probe, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

static void a_key_refused_twice_in_a_row_is_blocked(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  START_WARM(server, limiter, 5);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_NONE);
  assert_int_equal(request(limiter, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(ruling.block, SR_BLOCK_KEY);
  expect_time(ruling.at, now_is() + 500 * S, now_is() + 600 * S);
  pass(&server, 600 * S);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_BAD_KEY), SR_CHANGE_BLOCKED);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 1100 * S, now_is() + 1200 * S);
  driver->close(limiter);
  server_stop(&server);
}

static void reset_ends_ban_and_hold_for_all_hosts_and_keeps_the_slots(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  START_WARM(server, a, 1);
  b = host(&server);
  GRANTED(a, 1, &slot);
  give_for(a, 1, &slot, SR_OUTCOME_REFUSED, 100 * S);
  pass(&server, WINDOW);
  driver->reset(b, now_is());
  assert_int_equal(driver->idle(b), 0);
  settle(b);
  GRANTED(a, 1, &slot);
  driver->reset(a, now_is());
  settle(a);
  assert_int_equal(take(b, 1, &other, &ruling), SR_LIMIT_WAIT); /* held by a */
  give(a, 1, &slot, SR_OUTCOME_UNSENT);
  block(&server, a);
  assert_int_equal(take(b, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  driver->reset(b, now_is());
  settle(b);
  view = view_of(a, 5);
  assert_int_equal(view.block, SR_BLOCK_NONE);
  assert_int_equal(view.strikes, 0);
  assert_int_equal(view.probing, 0);
  assert_true(view.held_until <= now_is());
  GRANTED(a, 5, &slot);
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

/* ---- the last check before a request is sent ---- */

static int may_start(struct sr_limiter *limiter, struct sr_slot *slot) {
  static const struct sr_rate rate = {5, WINDOW};
  return driver->start(limiter, &rate, now_is(), slot);
}

/* Before the server has answered: it may be slow. */
static void nothing_is_sent_after_a_429_of_the_same_process(void **state) {
  static const struct sr_rate rate = {5, WINDOW};
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot refused, waiting;
  START_WARM(server, limiter, 5);
  GRANTED(limiter, 5, &refused);
  GRANTED(limiter, 5, &waiting);
  assert_true(may_start(limiter, &waiting));
  driver->give(limiter, &rate, now_is(), &refused, SR_OUTCOME_REFUSED, 20 * S);
  assert_false(driver->idle(limiter));
  assert_false(may_start(limiter, &waiting));
  settle(limiter);
  assert_false(may_start(limiter, &waiting));
  driver->close(limiter);
  server_stop(&server);
}

static void nothing_is_sent_after_a_known_429_of_another_host(void **state) {
  struct server server;
  struct sr_limiter *a, *b;
  struct sr_slot slot, waiting;
  START_WARM(server, a, 5);
  b = host(&server);
  GRANTED(a, 5, &waiting);
  GRANTED(b, 5, &slot);
  give_for(b, 5, &slot, SR_OUTCOME_REFUSED, 20 * S);
  assert_true(view_of(a, 5).held_until > now_is());
  assert_false(may_start(a, &waiting));
  /* after another host's reset the next slot can be used: this process remembers no hold */
  driver->reset(b, now_is());
  settle(b);
  give(a, 5, &waiting, SR_OUTCOME_UNSENT);
  GRANTED(a, 5, &waiting);
  assert_true(may_start(a, &waiting));
  /* the same after its own reset */
  GRANTED(a, 5, &slot);
  give_for(a, 5, &slot, SR_OUTCOME_REFUSED, 20 * S);
  assert_false(may_start(a, &waiting));
  driver->reset(b, now_is());
  settle(b);
  give(a, 5, &waiting, SR_OUTCOME_UNSENT);
  GRANTED(a, 5, &waiting);
  assert_true(may_start(a, &waiting));
  driver->close(a);
  driver->close(b);
  server_stop(&server);
}

static void while_blocked_or_silent_only_the_lone_request_is_sent(void **state) {
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_REFUSED, SR_OUTCOME_SILENT};
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot waiting, slot, alone;
  size_t i;
  int k;
  START_WARM(server, limiter, 5);
  for (i = 0; i < COUNT(outcomes); i++) {
    GRANTED(limiter, 5, &waiting);
    for (k = 0; k < 3; k++) {
      assert_true(may_start(limiter, &waiting));
      GRANTED(limiter, 5, &slot);
      give(limiter, 5, &slot, outcomes[i]);
      pass(&server, WINDOW);
    }
    assert_false(may_start(limiter, &waiting));
    give(limiter, 5, &waiting, SR_OUTCOME_UNSENT);
    pass(&server, 600 * S);
    GRANTED(limiter, 5, &alone);
    assert_true(may_start(limiter, &alone));
    give(limiter, 5, &alone, SR_OUTCOME_FINE);
    pass(&server, WINDOW);
  }
  driver->close(limiter);
  server_stop(&server);
}

static void nothing_is_sent_on_an_expired_slot(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  START_WARM(server, limiter, 5);
  freeze();
  GRANTED(limiter, 5, &slot);
  skip_time(slot.send_by - now_is() - S);
  assert_true(may_start(limiter, &slot));
  skip_time(S);
  assert_false(may_start(limiter, &slot));
  thaw();
  driver->close(limiter);
  server_stop(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_429_holds_every_host_for_its_retry_after),
      cmocka_unit_test(a_short_window_does_not_shorten_the_hold_of_a_long_one),
      cmocka_unit_test(after_three_silent_requests_one_is_sent_at_a_time_until_an_answer),
      cmocka_unit_test(three_429s_in_a_row_block_all_for_ten_minutes_until_one_probe),
      cmocka_unit_test(an_answer_between_429s_restarts_the_count),
      cmocka_unit_test(a_refused_probe_doubles_the_ban_up_to_256_times),
      cmocka_unit_test(the_level_falls_by_one_for_each_hour_without_trouble),
      cmocka_unit_test(a_probe_without_a_result_is_followed_by_another),
      cmocka_unit_test(a_probe_whose_host_died_is_replaced_when_its_lease_expires),
      cmocka_unit_test(while_blocked_only_the_probe_s_outcome_counts),
      cmocka_unit_test(a_key_refused_twice_in_a_row_is_blocked),
      cmocka_unit_test(reset_ends_ban_and_hold_for_all_hosts_and_keeps_the_slots),
      cmocka_unit_test(nothing_is_sent_after_a_429_of_the_same_process),
      cmocka_unit_test(nothing_is_sent_after_a_known_429_of_another_host),
      cmocka_unit_test(while_blocked_or_silent_only_the_lone_request_is_sent),
      cmocka_unit_test(nothing_is_sent_on_an_expired_slot),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
