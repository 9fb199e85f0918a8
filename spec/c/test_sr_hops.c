/* Counts a warm call's clock readings and limiter calls.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SR_HAVE_PREREQ
#define SR_HAVE_PREREQ (LIBCURL_VERSION_NUM >= 0x075000)
#endif

enum { CALLS = 50 };

/* ---- counters ---- */

static int reads;
static int takes, starts, gives, others;

static sr_time counting_now(void *ctx) {
  (void)ctx;
  reads++;
  return sr_clock_monotonic.now(NULL);
}

static struct sr_limiter *counting_open(const char *settings,
                                        const struct sr_limit_identity *identity) {
  static char handle;
  (void)settings;
  (void)identity;
  return (struct sr_limiter *)(void *)&handle;
}

static void counting_close(struct sr_limiter *limiter) {
  (void)limiter;
}

static enum sr_verdict counting_take(struct sr_limiter *limiter, const struct sr_want *want,
                                     sr_time now, struct sr_slot *slot, struct sr_ruling *ruling) {
  (void)limiter;
  (void)now;
  (void)ruling;
  takes++;
  slot->state = SR_SLOT_HELD;
  slot->send_by = want->lease;
  return SR_LIMIT_GRANTED;
}

static int counting_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                          struct sr_slot *slot) {
  (void)limiter;
  (void)rate;
  (void)now;
  (void)slot;
  starts++;
  return 1;
}

static enum sr_change counting_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                    sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                    sr_time hold) {
  (void)limiter;
  (void)rate;
  (void)now;
  (void)hold;
  assert_int_equal(outcome, SR_OUTCOME_FINE);
  gives++;
  memset(slot, 0, sizeof *slot);
  return SR_CHANGE_NONE;
}

static sr_time counting_earliest(struct sr_limiter *limiter, const struct sr_rate *rate,
                                 sr_time now, unsigned ahead) {
  (void)limiter;
  (void)rate;
  (void)ahead;
  others++;
  return now;
}

static void counting_view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *view) {
  (void)limiter;
  (void)now;
  (void)view;
  others++;
}

static const struct sr_limiter_driver counting_driver = {
    .abi = SR_LIMITER_ABI,
    .open = counting_open,
    .close = counting_close,
    .take = counting_take,
    .start = counting_start,
    .give = counting_give,
    .earliest = counting_earliest,
    .view = counting_view,
};

/* ---- a server ---- */

/* Answers each request on one connection, until it is closed. `ctx`: the listener. */
static void *serve(void *ctx) {
  static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";
  char request[4096];
  size_t len = 0;
  ssize_t count;
  int fd = accept(*(int *)ctx, NULL, NULL);
  while ((count = recv(fd, request + len, sizeof request - 1 - len, 0)) > 0) {
    len += (size_t)count;
    request[len] = '\0';
    if (strstr(request, "\r\n\r\n") == NULL)
      continue;
    len = 0;
    (void)send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
  }
  close(fd);
  return NULL;
}

/* ---- the test ---- */

static void a_warm_call_reads_the_clock_four_times_and_calls_its_limiter_three_times(void **state) {
  struct sr_engine_options options = {{counting_now, NULL, NULL}, 1, 0};
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  struct sr_engine *engine = sr_engine_new(&options);
  struct sr_config *config;
  struct sr_call *call;
  pthread_t server;
  int i, listener = socket(AF_INET, SOCK_STREAM, 0), fewest = 1000;
  char url[64];
  (void)state;
  assert_non_null(engine);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  settings.base_url = url;
  settings.driver = &counting_driver;
  settings.driver_settings = "";
  config = client_of(&settings);
  assert_int_equal(pthread_create(&server, NULL, serve, &listener), 0);
  call = sr_call_new(config);
  assert_non_null(call);
  for (i = 0; i < CALLS; i++) {
    sr_call_reset(call);
    assert_int_equal(sr_buf_puts(&call->target, "/sites"), 0);
    reads = takes = starts = gives = others = 0;
    assert_int_equal(sr_engine_run(engine, call, 60 * S), SR_RUN_DONE);
    assert_int_equal(call->status, 200);
    assert_int_equal(takes, 1);
    assert_int_equal(starts, SR_HAVE_PREREQ ? 1 : 0);
    assert_int_equal(gives, 1);
    assert_int_equal(others, 0);
    if (i > 0 && reads < fewest)
      fewest = reads;
    sr_call_clear(call);
  }
  /* one more for each poll that returns before the whole answer has arrived */
  CHECK(fewest <= 4, "the clock is read %d times", fewest);
  sr_call_delete(call);
  sr_engine_delete(engine); /* closes the connection, which ends the server */
  assert_int_equal(pthread_join(server, NULL), 0);
  sr_config_unref(config);
  close(listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_warm_call_reads_the_clock_four_times_and_calls_its_limiter_three_times),
  };
  return cmocka_run_group_tests_name("sr_hops", tests, NULL, NULL);
}
