/* The limiter on Redis when the server dies, forgets, is slow or refuses.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- trouble ---- */

static void flushing_the_script_cache_loses_no_step(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  START_WARM(server, limiter, 1);
  other = host(&server);
  server_do(&server, "SCRIPT FLUSH");
  GRANTED(limiter, 1, &slot);
  server_do(&server, "SCRIPT FLUSH");
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  server_do(&server, "SCRIPT FLUSH");
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT);
  server_do(&server, "SCRIPT FLUSH");
  GRANTED(other, 1, &second);
  server_do(&server, "SCRIPT FLUSH");
  driver->reset(limiter, now_is());
  settle(limiter);
  server_do(&server, "SCRIPT FLUSH");
  assert_int_equal(view_of(limiter, 1).leased[0], 1);
  /* and the script itself was sent only when the server had lost it */
  assert_in_range(server_calls(&server, "eval"), 1, 8);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void a_killed_server_that_saves_every_step_continues(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 5);
  block(&server, other);
  server_kill(&server);
  server_run(&server);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, now_is() + 500 * S, now_is() + 600 * S);
  pass(&server, 600 * S);
  GRANTED(limiter, 5, &slot); /* the probe */
  server_kill(&server);
  server_run(&server);
  assert_int_equal(take(other, 5, &second, &ruling), SR_LIMIT_BLOCKED);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_UNBLOCKED);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* Requests in flight when the server lost its data may still be counted. */
static void a_killed_server_that_saves_nothing_starts_cold(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  sr_time given;
  START_WARM(server, limiter, 1);
  other = host(&server);
  GRANTED(limiter, 1, &slot);
  server_kill(&server);
  server_run(&server);
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  pass(&server, WINDOW / 2);
  /* the answer comes only now: the slot cools from now on, although the server did not know it */
  given = now_is();
  give(limiter, 1, &slot, SR_OUTCOME_FINE);
  while (take(other, 1, &second, &ruling) != SR_LIMIT_GRANTED)
    pass_until(&server, ruling.at);
  assert_true(now_is() >= given + WINDOW);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* The worst case: old data that looks complete. */
static void a_killed_server_with_an_old_snapshot_starts_cold(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slots[2], slot;
  struct sr_ruling ruling;
  sr_time killed;
  START_WARM(server, limiter, 2);
  other = host(&server);
  server_do(&server, "SAVE"); /* saved with both slots free */
  GRANTED(limiter, 2, &slots[0]);
  GRANTED(limiter, 2, &slots[1]);
  server_kill(&server);
  killed = now_is();
  server_run(&server);
  assert_int_equal(take(other, 2, &slot, &ruling), SR_LIMIT_WAIT);
  while (take(other, 2, &slot, &ruling) != SR_LIMIT_GRANTED)
    pass_until(&server, ruling.at);
  assert_true(now_is() >= killed + COLD);
  /* more connections to the same server cause no cold start */
  driver->close(limiter);
  limiter = host(&server);
  GRANTED(limiter, 2, &slot);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

/* Steals the bytes of an answer from the limiter, then cuts the connection. */
static void lose_answer(struct sr_limiter *limiter) {
  struct sr_watch watches[SR_WATCH_MAX];
  struct pollfd fd;
  char data[4096];
  assert_int_equal(driver->watch(limiter, watches), 1);
  fd.fd = watches[0].fd;
  fd.events = POLLIN;
  assert_int_equal(poll(&fd, 1, 5000), 1);
  assert_true(recv(fd.fd, data, sizeof data, 0) > 0);
  assert_int_equal(shutdown(fd.fd, SHUT_RDWR), 0);
}

static void a_take_with_a_lost_answer_is_repeated_and_holds_one_slot(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  struct sr_limit_view view;
  START_WARM(server, limiter, 3);
  want = want_of(3);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  lose_answer(limiter);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  settle(limiter);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[0] + view.leased[1] + view.leased[2], 1);
  /* an abandoned request is not retried */
  memset(&other, 0, sizeof other);
  assert_int_equal(driver->take(limiter, &want, now_is(), &other, &ruling), SR_LIMIT_ASKED);
  lose_answer(limiter);
  driver->give(limiter, &want.rate, now_is(), &other, SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  view = view_of(limiter, 3);
  assert_int_equal(view.leased[0] + view.leased[1] + view.leased[2], 1);
  driver->close(limiter);
  server_stop(&server);
}

static void a_give_with_a_lost_answer_is_repeated_and_counts_once(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_rate rate = {5, WINDOW};
  struct sr_limit_view view;
  sr_time given;
  START_WARM(server, limiter, 5);
  GRANTED(limiter, 5, &slot);
  given = now_is();
  driver->give(limiter, &rate, given, &slot, SR_OUTCOME_REFUSED, 20 * S);
  lose_answer(limiter);
  settle(limiter);
  view = view_of(limiter, 5);
  assert_int_equal(view.strikes, 1);
  assert_int_equal(view.leased[0], 0);
  expect_time(view.held_until, given + 20 * S, now_is() + 20 * S);
  pass(&server, 20 * S);
  request(limiter, SR_OUTCOME_REFUSED);
  pass(&server, WINDOW);
  assert_int_equal(request(limiter, SR_OUTCOME_REFUSED), SR_CHANGE_BLOCKED);
  driver->close(limiter);
  server_stop(&server);
}

static void gives_while_the_server_is_down_are_reported_when_it_is_back(void **state) {
  struct server server;
  struct sr_limiter *limiter, *other;
  struct sr_slot slot, second;
  struct sr_ruling ruling;
  struct sr_rate rate = {1, WINDOW};
  sr_time given;
  int i;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  other = host(&server);
  warm(&server, limiter, 1);
  GRANTED(limiter, 1, &slot);
  server_kill(&server);
  given = now_is();
  driver->give(limiter, &rate, given, &slot, SR_OUTCOME_REFUSED, 30 * S);
  for (i = 0; i < 10; i++) { /* it keeps retrying */
    skip_time(S);
    driver->work(limiter, now_is());
  }
  assert_int_equal(driver->idle(limiter), 0);
  server_run(&server);
  settle(limiter);
  /* the elapsed time counts */
  assert_int_equal(take(other, 1, &second, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 30 * S, now_is() + 20 * S);
  driver->close(limiter);
  driver->close(other);
  server_stop(&server);
}

static void an_absent_server_fails_takes_at_once_and_is_found_later(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time until;
  enum sr_verdict verdict;
  START(server);
  server_kill(&server);
  limiter = host(&server);
  expect_words(failure(limiter, AT_ONCE), "Connection refused");
  expect_words(failure(limiter, AT_ONCE), server.socket);
  assert_string_equal(view_of(limiter, 5).problem, failure(limiter, AT_ONCE));
  server_run(&server);
  until = now_is() + PATIENCE;
  while ((verdict = take(limiter, 5, &slot, &ruling)) == SR_LIMIT_FAILED) {
    assert_true(now_is() < until);
    skip_time(20 * MS);
  }
  assert_int_equal(verdict, SR_LIMIT_WAIT);
  assert_string_equal(view_of(limiter, 5).problem, "");
  driver->close(limiter);
  limiter = host_at("unix:/nowhere/at/all.sock");
  expect_words(failure(limiter, AT_ONCE), "unix:/nowhere/at/all.sock?db=0: No such file");
  driver->close(limiter);
  server_stop(&server);
}

/* A restart by a supervisor: takes wait for it, as for a slow answer. */
/* Takes, and expects SR_LIMIT_FAILED after `t`, at most half a second early. */
static const char *failure_after(struct sr_limiter *limiter, sr_time t) {
  static struct sr_ruling ruling;
  struct sr_want want;
  struct sr_slot slot;
  enum sr_verdict verdict;
  freeze();
  want = want_of(5);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  skip_time(t - S / 2);
  driver->work(limiter, now_is());
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  skip_time(S / 2);
  driver->work(limiter, now_is());
  verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  thaw();
  assert_int_equal(verdict, SR_LIMIT_FAILED);
  return ruling.problem;
}

static void a_server_that_restarts_is_waited_for(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_want want;
  enum sr_verdict verdict;
  int i;
  START_WITH(server, "--appendonly", "yes", "--appendfsync", "no");
  limiter = host(&server);
  warm(&server, limiter, 5);
  server_kill(&server);
  freeze();
  want = want_of(5);
  memset(&slot, 0, sizeof slot);
  verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  for (i = 0; i < 5; i++) {
    assert_int_equal(verdict, SR_LIMIT_ASKED);
    skip_time(100 * MS);
    driver->work(limiter, now_is());
    verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  }
  server_run(&server);
  verdict = take_as(limiter, &want, &slot, &ruling);
  thaw();
  CHECK(verdict == SR_LIMIT_WAIT, "verdict %d: %s", (int)verdict, ruling.problem); /* cold */
  /* but not for long */
  server_kill(&server);
  expect_words(failure_after(limiter, 2 * S), "Connection refused");
  expect_words(failure(limiter, AT_ONCE), "Connection refused");
  driver->close(limiter);
  server_stop(&server);
}

static void a_slow_server_is_waited_for_and_a_silent_one_fails_after_two_seconds(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_want want;
  sr_time until;
  START_WARM(server, limiter, 1);
  freeze();
  want = want_of(1);
  memset(&slot, 0, sizeof slot);
  kill(server.pid, SIGSTOP);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  skip_time(S);
  driver->work(limiter, now_is());
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  kill(server.pid, SIGCONT);
  assert_int_equal(take_as(limiter, &want, &slot, &ruling), SR_LIMIT_GRANTED);
  thaw();
  /* counted from the request: the answer does not say when it was written */
  assert_int_equal(slot.send_by, want.lease - COLD);
  give(limiter, 1, &slot, SR_OUTCOME_UNSENT);
  kill(server.pid, SIGSTOP);
  expect_words(failure_after(limiter, 2 * S), "no answer within 2 s");
  kill(server.pid, SIGCONT);
  settle(limiter); /* a late grant is given back */
  until = now_is() + PATIENCE;
  while (take(limiter, 1, &other, &ruling) != SR_LIMIT_GRANTED)
    assert_true(now_is() < until);
  driver->close(limiter);
  server_stop(&server);
}

static void server_errors_have_a_message_and_lose_no_outcome(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_rate rate = {5, WINDOW};
  START_WARM(server, limiter, 5);
  GRANTED(limiter, 5, &slot);
  server_do(&server, "CONFIG SET maxmemory 1");
  expect_words(failure(limiter, AT_ONCE), "its memory is full (OOM)");
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_REFUSED, 60 * S);
  assert_int_equal(driver->idle(limiter), 0);
  turn(limiter, now_is() + PATIENCE); /* the server refuses it */
  assert_int_equal(driver->idle(limiter), 0);
  server_do(&server, "CONFIG SET maxmemory 0");
  settle(limiter);
  assert_int_equal(view_of(limiter, 5).strikes, 1);
  server_do(&server, "DEL " KEY);
  server_do(&server, "SET " KEY " 1");
  expect_words(failure(limiter, AT_ONCE), "the key is in use for something else");
  server_do(&server, "DEL " KEY);
  server_do(&server, "REPLICAOF 127.0.0.1 1");
  expect_words(failure(limiter, 3 * S), "it is a replica, which can't be written to (READONLY)");
  driver->close(limiter);
  server_stop(&server);
}

static void foreign_values_in_the_hash_are_repaired_and_block_no_one_for_long(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time at;
  START_WARM(server, limiter, 2);
  server_do(&server,
            "HSET " KEY " s0 nonsense s1 8888888888888888 held 8888888888888888"
            " until x probe -5 level 99 strikes many struck ~ at ~ trouble 8888888888888888");
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, now_is(), now_is() + WINDOW);
  pass(&server, COLD);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &slot);
  assert_int_equal(view_of(limiter, 2).level, 8);
  server_do(&server, "HSET " KEY " block what until 8888888888888888 probe 8888888888888888");
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_BLOCKED);
  at = ruling.at;
  pass(&server, 50 * S);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_BLOCKED);
  expect_time(ruling.at, at - 10 * S, at + 10 * S); /* stable: it does not move */
  driver->reset(limiter, now_is());
  settle(limiter);
  assert_int_equal(take(limiter, 2, &slot, &ruling), SR_LIMIT_WAIT);
  driver->close(limiter);
  server_stop(&server);
}

/* Times in the future in the hash: equivalent to a clock that was set back. */
static void a_server_clock_set_back_keeps_all_remaining_times(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  sr_time given;
  START_WARM(server, limiter, 2);
  GRANTED(limiter, 2, &slot);
  given = now_is();
  give_for(limiter, 2, &slot, SR_OUTCOME_REFUSED, 20 * S);
  server_pass(&server, KEY, -7200 * S);
  view = view_of(limiter, 2);
  expect_time(view.held_until, given + 20 * S, now_is() + 20 * S);
  assert_int_equal(take(limiter, 2, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, given + 20 * S, now_is() + 20 * S);
  pass(&server, 20 * S);
  GRANTED(limiter, 2, &slot);
  give(limiter, 2, &slot, SR_OUTCOME_FINE);
  server_pass(&server, KEY, -7200 * S);
  assert_int_equal(take(limiter, 1, &other, &ruling), SR_LIMIT_WAIT);
  expect_time(ruling.at, now_is(), now_is() + WINDOW);
  pass_until(&server, ruling.at);
  GRANTED(limiter, 2, &slot);
  GRANTED(limiter, 2, &other);
  driver->close(limiter);
  server_stop(&server);
}

/* Listens in place of the server, and sends endlessly to each client. */
static pid_t endless_server(const struct server *server) {
  static char data[65536];
  struct sockaddr_un name;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
  pid_t pid;
  memset(&name, 0, sizeof name);
  name.sun_family = AF_UNIX;
  snprintf(name.sun_path, sizeof name.sun_path, "%s", server->socket);
  unlink(server->socket);
  assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
  assert_int_equal(listen(listener, 5), 0);
  pid = fork();
  assert_true(pid >= 0);
  if (pid > 0) {
    close(listener);
    return pid;
  }
  alarm(60);
  memset(data, '+', sizeof data);
  while ((fd = accept(listener, NULL, NULL)) >= 0) {
    while (send(fd, data, sizeof data, MSG_NOSIGNAL) > 0)
      ;
    close(fd);
  }
  _exit(0);
}

static void a_server_that_sends_endlessly_is_reported_and_blocks_nobody(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  pid_t pid;
  START(server);
  server_kill(&server);
  pid = endless_server(&server);
  limiter = host(&server);
  expect_words(failure(limiter, PATIENCE), "it sends more than it was asked for");
  driver->close(limiter);
  kill(pid, SIGKILL);
  assert_true(waitpid(pid, NULL, 0) == pid);
  server_stop(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(flushing_the_script_cache_loses_no_step),
      cmocka_unit_test(a_killed_server_that_saves_every_step_continues),
      cmocka_unit_test(a_killed_server_that_saves_nothing_starts_cold),
      cmocka_unit_test(a_killed_server_with_an_old_snapshot_starts_cold),
      cmocka_unit_test(a_take_with_a_lost_answer_is_repeated_and_holds_one_slot),
      cmocka_unit_test(a_give_with_a_lost_answer_is_repeated_and_counts_once),
      cmocka_unit_test(gives_while_the_server_is_down_are_reported_when_it_is_back),
      cmocka_unit_test(an_absent_server_fails_takes_at_once_and_is_found_later),
      cmocka_unit_test(a_server_that_restarts_is_waited_for),
      cmocka_unit_test(a_slow_server_is_waited_for_and_a_silent_one_fails_after_two_seconds),
      cmocka_unit_test(server_errors_have_a_message_and_lose_no_outcome),
      cmocka_unit_test(foreign_values_in_the_hash_are_repaired_and_block_no_one_for_long),
      cmocka_unit_test(a_server_clock_set_back_keeps_all_remaining_times),
      cmocka_unit_test(a_server_that_sends_endlessly_is_reported_and_blocks_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
