/* Calls: the state of one that is reused for the next request.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include "http/sr_call.h"

/* A client's configuration, and a call of it. */
static struct sr_call *new_call(struct sr_config **config) {
  struct sr_settings settings = settings_of(1, 5);
  struct sr_error error;
  struct sr_call *call;
  *config = sr_config_new(&settings, &error);
  assert_non_null(*config);
  call = sr_call_new(*config);
  assert_non_null(call);
  return call;
}

static void clearing_leaves_nothing_of_request_and_answer(void **state) {
  struct sr_config *config;
  struct sr_call *call = new_call(&config);
  struct sr_buf *bufs[4];
  size_t i;
  (void)state;
  bufs[0] = &call->target;
  bufs[1] = &call->body;
  bufs[2] = &call->head;
  bufs[3] = &call->answer;
  for (i = 0; i < COUNT(bufs); i++)
    assert_int_equal(sr_buf_puts(bufs[i], "text"), 0);
  call->headers = curl_slist_append(NULL, "X-More: 1");
  assert_int_equal(sr_buf_puts(&sr_call_add_part(call)->data, "text"), 0);
  sr_call_clear(call);
  for (i = 0; i < COUNT(bufs); i++) {
    assert_int_equal(bufs[i]->len, 0);
    assert_string_equal(sr_buf_text(bufs[i]), "");
  }
  assert_null(call->headers);
  assert_null(call->parts);
  assert_null(call->last_part);
  sr_call_delete(call);
  sr_config_unref(config);
}

static void clearing_frees_large_buffers_and_keeps_small_ones(void **state) {
  struct sr_config *config;
  struct sr_call *call = new_call(&config);
  (void)state;
  assert_int_equal(sr_buf_reserve(&call->body, 1 << 20), 0);
  assert_int_equal(sr_buf_puts(&call->target, "/sites"), 0);
  sr_call_clear(call);
  assert_null(call->body.data);
  assert_int_equal(call->body.cap, 0);
  assert_non_null(call->target.data);
  sr_call_reset(call);
  assert_int_equal(sr_buf_puts(&call->body, "{}"), 0);
  assert_string_equal(call->body.data, "{}");
  sr_call_delete(call);
  sr_config_unref(config);
}

/* Clients reuse calls. */
static void an_unused_call_takes_at_most_a_kibibyte(void **state) {
  struct sr_config *config;
  struct sr_call *call = new_call(&config);
  int i;
  (void)state;
  assert_true(sizeof *call <= 1024);
  for (i = 0; i < SR_EVENTS_MAX + 2; i++)
    sr_call_add_event(call, SR_EVENT_RETRY, 1);
  sr_call_add_problem(call, "no file");
  assert_int_equal(call->event_count, SR_EVENTS_MAX);
  assert_int_equal(call->events_lost, 3);
  sr_call_clear(call);
  assert_null(call->events);
  assert_int_equal(call->event_count, 0);
  assert_int_equal(call->events_lost, 0);
  sr_call_add_problem(call, "no file"); /* owned by the call */
  assert_string_equal(call->events[0].problem, "no file");
  sr_call_delete(call);
  sr_config_unref(config);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clearing_leaves_nothing_of_request_and_answer),
      cmocka_unit_test(an_unused_call_takes_at_most_a_kibibyte),
      cmocka_unit_test(clearing_frees_large_buffers_and_keeps_small_ones),
  };
  return cmocka_run_group_tests_name("sr_call", tests, NULL, NULL);
}
