/* Test support: an engine on a manual clock whose attempts the test carries out, its clients and calls.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_ENGINE_SUPPORT_H
#define SPEC_ENGINE_SUPPORT_H

#include "support.h"

#include "http/sr_engine.h"

#define MS  SR_MILLISECOND
#define S   SR_SECOND
#define KEY "0123456789abcdef0123456789abcdef0123d14b"

/* ---- a client, its engine and its clock ---- */

struct bench {
  struct sr_manual_clock manual;
  struct sr_engine *engine;
  struct sr_config *config;
};

static inline struct sr_engine *engine_on(struct sr_manual_clock *manual, uint64_t seed) {
  struct sr_engine_options options;
  struct sr_engine *engine;
  options.clock = sr_clock_manual(manual);
  options.seed = seed;
  options.external = 1;
  engine = sr_engine_new(&options);
  assert_non_null(engine);
  return engine;
}

/* Clients of one `salt` share a limiter. */
static inline struct sr_settings settings_of(uint64_t salt, int slots) {
  struct sr_settings settings;
  memset(&settings, 0, sizeof settings);
  settings.base_url = "https://api4.seranking.com";
  settings.token = KEY;
  settings.token_len = strlen(KEY);
  settings.limited = 1;
  settings.rate.slots = slots;
  settings.rate.window = S;
  settings.limit_salt = salt;
  return settings;
}

static inline struct sr_config *client_of(const struct sr_settings *settings) {
  struct sr_error error;
  struct sr_config *config = sr_config_new(settings, &error);
  assert_non_null(config);
  return config;
}

static inline struct sr_config *client(uint64_t salt, int slots, const char *token, int token_off) {
  struct sr_settings settings = settings_of(salt, slots);
  settings.token = token;
  settings.token_len = token != NULL ? strlen(token) : 0;
  settings.token_off = token_off;
  return client_of(&settings);
}

static inline uint64_t fresh_salt(void) {
  static uint64_t salt = 0;
  return ++salt;
}

static inline void set_up_with(struct bench *bench, const struct sr_settings *settings) {
  bench->manual.now = 1000 * S;
  bench->engine = engine_on(&bench->manual, 1);
  bench->config = client_of(settings);
}

static inline void set_up(struct bench *bench, int slots) {
  struct sr_settings settings = settings_of(fresh_salt(), slots);
  set_up_with(bench, &settings);
}

/* Replaces the engine by one whose random pauses have this seed. */
static inline void reseed(struct bench *bench, uint64_t seed) {
  sr_engine_delete(bench->engine);
  bench->engine = engine_on(&bench->manual, seed);
}

static inline void tear_down(struct bench *bench) {
  sr_engine_delete(bench->engine);
  sr_config_unref(bench->config);
}

static inline struct sr_call *call_of(struct sr_config *config, sr_time timeout) {
  struct sr_call *call = sr_call_new(config);
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, "/sites"), 0);
  call->timeout = timeout;
  return call;
}

static inline struct sr_call *submitted(struct bench *bench, sr_time timeout) {
  struct sr_call *call = call_of(bench->config, timeout);
  sr_engine_submit(bench->engine, call, 0);
  return call;
}

static inline struct sr_call *post_submitted(struct bench *bench, sr_time timeout) {
  struct sr_call *call = call_of(bench->config, timeout);
  call->method = "POST";
  call->repeatable = 0;
  sr_engine_submit(bench->engine, call, 0);
  return call;
}

static inline enum sr_run run(struct bench *bench, struct sr_call *call) {
  return sr_engine_run(bench->engine, call, 1000 * S);
}

/* A new call, its first attempt in flight. */
static inline struct sr_call *in_flight(struct bench *bench, sr_time timeout) {
  struct sr_call *call = submitted(bench, timeout);
  assert_int_equal(run(bench, call), SR_RUN_EXTERNAL);
  return call;
}

static inline struct sr_call *post_in_flight(struct bench *bench, sr_time timeout) {
  struct sr_call *call = post_submitted(bench, timeout);
  assert_int_equal(run(bench, call), SR_RUN_EXTERNAL);
  return call;
}

/* When a timeout next requires a step, derived from how long the engine would sleep. */
static inline sr_time wake_of(struct bench *bench) {
  sr_time wake, before = bench->manual.now;
  sr_engine_poll(bench->engine, NULL, 0, SR_NEVER);
  wake = bench->manual.now;
  bench->manual.now = before;
  return wake;
}

static inline void answer(struct sr_call *call, int status, const char *head, const char *body) {
  sr_engine_answer(call, status, head, strlen(head), body, strlen(body));
}

static inline void lose(struct sr_call *call, int sent) {
  struct sr_error error;
  sr_error_set(&error, SR_NETWORK, sent ? "connection_lost" : "connect", NULL, "lost");
  sr_engine_fail(call, &error, sent);
}

static inline void expect_end(const struct sr_call *call, enum sr_kind kind, const char *code) {
  assert_int_equal(call->state, SR_STATE_DONE);
  CHECK(call->error.kind == kind, "kind %s: %s", sr_kind_name(call->error.kind),
        call->error.message);
  if (kind != SR_NO_ERROR)
    assert_string_equal(call->error.code, code);
  assert_null(call->engine);
  assert_int_equal(call->slot.state, SR_SLOT_NONE);
}

static inline int busy(struct bench *bench) {
  struct sr_limit_view view;
  int i, count = 0;
  assert_true(sr_engine_view_limit(bench->engine, bench->config, 0, &view));
  for (i = 0; i < view.rate.slots; i++)
    count += view.free_at[i] > bench->manual.now;
  return count;
}

#endif
