/* The thread that carries out calls, where memory runs out: it starts whole or not at all.
** SPDX-License-Identifier: MIT */
#include "failing_allocations.h"

#include "worker/sr_worker.h"

static void start_and_stop(void) {
  struct sr_error error;
  int started = sr_worker_start(&error) == 0;
  CHECK(started, "%s", error.message);
  sr_worker_unref();
  sr_worker_ref();
  assert_int_equal(sr_worker_generation(), 0);
}

static void
whichever_allocation_fails_the_thread_starts_or_says_why_and_leaves_nothing(void **state) {
  long at, refused = 0, missing = 1;
  int fds;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  sr_worker_ref();
  start_and_stop(); /* makes what stays */
  fds = open_fds();
  for (at = 1; missing; at++) {
    struct sr_error error;
    int started;
    memset(&error, 0, sizeof error);
    watch_begin(at, 1);
    started = sr_worker_start(&error) == 0;
    watch_end();
    missing = asked >= at;
    if (!started) {
      refused++;
      CHECK(live == 0, "allocation %ld failed: %ld blocks leaked", at, live);
      assert_int_equal(error.kind, SR_NETWORK);
      assert_string_equal(error.code, "no_thread");
      CHECK(strstr(error.message, "can't be started") != NULL, "%s", error.message);
      assert_int_equal(sr_worker_generation(), 0);
      assert_int_equal(open_fds(), fds);
    }
    start_and_stop();
    assert_int_equal(open_fds(), fds);
    assert_true(at < 1000);
  }
  assert_true(refused >= 4); /* the thread's own, the lists of connections, libcurl's handles */
  sr_worker_unref();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whichever_allocation_fails_the_thread_starts_or_says_why_and_leaves_nothing),
  };
  return cmocka_run_group_tests_name("the worker without memory", tests, NULL, NULL);
}
