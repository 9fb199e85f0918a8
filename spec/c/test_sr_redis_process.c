/* The Redis limiter: forks, and the number of round trips.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

#include <fcntl.h>

/* ---- processes ---- */

/* Runs `body` in a child. Returns true if it completed. */
static int in_child(void (*body)(struct sr_limiter *, struct server *), struct sr_limiter *limiter,
                    struct server *server) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    alarm(20);
    body(limiter, server);
    execlp("true", "true",
           (char *)NULL); /* exits without a leak check: the parent's handles leak */
    _exit(1);
  }
  return exit_status(pid) == 0;
}

static void child_uses_it(struct sr_limiter *limiter, struct server *server) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_rate rate = {3, WINDOW};
  (void)server;
  driver->forked(limiter);
  NEED(driver->idle(limiter));
  NEED(driver->keep_until(limiter, now_is()) <= now_is()); /* the slots are the parent's */
  NEED(take(limiter, 3, &slot, &ruling) == SR_LIMIT_GRANTED);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_FINE, 0);
  settle(limiter);
  driver->close(limiter);
}

static void a_forked_child_uses_a_connection_of_its_own(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, asked;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_limit_view view;
  START_WARM(server, limiter, 3);
  GRANTED(limiter, 3, &slot);
  want = want_of(3);
  memset(&asked, 0, sizeof asked);
  assert_int_equal(driver->take(limiter, &want, now_is(), &asked, &ruling), SR_LIMIT_ASKED);
  assert_true(in_child(child_uses_it, limiter, &server));
  assert_int_equal(take_as(limiter, &want, &asked, &ruling), SR_LIMIT_GRANTED);
  assert_true(slot.index != asked.index);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[slot.index], 1); /* the child did not give back our slot */
  assert_int_equal(view.leased[asked.index], 1);
  assert_int_equal(give(limiter, 3, &slot, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  assert_int_equal(view_of(limiter, 3).leased[slot.index], 0);
  driver->close(limiter);
  server_stop(&server);
}

static void started_programs_inherit_no_socket(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_watch watches[SR_WATCH_MAX];
  START_WARM(server, limiter, 1);
  assert_int_equal(driver->watch(limiter, watches), 1);
  assert_true(fcntl(watches[0].fd, F_GETFD) & FD_CLOEXEC);
  driver->close(limiter);
  server_stop(&server);
}

/* The server's connections, excluding the test's own. */
static long connections(struct server *server) {
  redisReply *reply = redisCommand(server->admin, "INFO clients");
  const char *at;
  long count;
  assert_non_null(reply);
  assert_int_equal(reply->type, REDIS_REPLY_STRING);
  at = strstr(reply->str, "connected_clients:");
  assert_non_null(at);
  count = strtol(strchr(at, ':') + 1, NULL, 10) - 1;
  freeReplyObject(reply);
  return count;
}

static void a_forked_child_does_not_keep_the_parent_s_connection_open(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  sr_time until;
  int ends[2];
  pid_t pid;
  char byte;
  START_WARM(server, limiter, 1);
  assert_int_equal(connections(&server), 1);
  assert_int_equal(pipe(ends), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(ends[1]);
    _exit(read(ends[0], &byte, 1) != 0);
  }
  driver->close(limiter);
  until = now_is() + PATIENCE;
  while (connections(&server) > 0)
    assert_true(now_is() < until);
  close(ends[0]);
  close(ends[1]);
  assert_int_equal(exit_status(pid), 0);
  server_stop(&server);
}

static void a_forked_child_keeps_no_descriptor_of_a_limiter(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  int before;
  pid_t pid;
  START(server);
  before = open_fds();
  limiter = host(&server);
  warm(&server, limiter, 1);
  assert_true(open_fds() > before);
  pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(open_fds() - before);
  assert_int_equal(exit_status(pid), 0);
  driver->close(limiter);
  assert_int_equal(open_fds(), before);
  server_stop(&server);
}

/* ---- round trips ---- */

static void a_take_and_a_give_cost_one_round_trip_and_two_commands(void **state) {
  enum { ROUNDS = 2000 };
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  int i, waits = 0;
  sr_time begun, took;
  START_WARM(server, limiter, 5);
  want = want_of(5);
  server_do(&server, "CONFIG RESETSTAT");
  begun = now_is();
  for (i = 0; i < ROUNDS; i++) {
    memset(&slot, 0, sizeof slot);
    want.lease = now_is() + LEASE;
    while (driver->take(limiter, &want, now_is(), &slot, &ruling) == SR_LIMIT_ASKED) {
      turn(limiter, now_is() + S);
      waits++;
    }
    assert_int_equal(slot.state, SR_SLOT_HELD);
    driver->give(limiter, &want.rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  }
  took = now_is() - begun;
  settle(limiter);
  print_message("           %.1f us for a take and give back; waits for the server: %.2f\n",
                (double)took / ROUNDS / 1e3, (double)waits / ROUNDS);
  assert_int_equal(server_calls(&server, "evalsha"), 2 * ROUNDS);
  assert_int_equal(server_calls(&server, "eval"), 0);
  /* one for each take; sometimes the answer to the previous give comes first */
  assert_in_range(waits, ROUNDS, ROUNDS * 2);
  driver->close(limiter);
  server_stop(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forked_child_uses_a_connection_of_its_own),
      cmocka_unit_test(a_forked_child_does_not_keep_the_parent_s_connection_open),
      cmocka_unit_test(a_forked_child_keeps_no_descriptor_of_a_limiter),
      cmocka_unit_test(started_programs_inherit_no_socket),
      cmocka_unit_test(a_take_and_a_give_cost_one_round_trip_and_two_commands),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
