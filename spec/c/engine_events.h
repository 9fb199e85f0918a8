/* Test support: events of calls, and calls that get a key blocked.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_ENGINE_EVENTS_H
#define SPEC_ENGINE_EVENTS_H

#include "engine_support.h"

static inline const char *name_of(enum sr_event_type type) {
  static const char *const names[] = {"wait",    "retry",     "rate_limited",
                                      "blocked", "unblocked", "limiter_fallback"};
  return names[type];
}

/* Returns and clears the events of a call: "wait retry". */
static inline const char *events_of(struct sr_call *call) {
  static char text[400];
  int i;
  text[0] = '\0';
  for (i = 0; i < call->event_count; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? " " : "",
             name_of(call->events[i].type));
  sr_call_clear_events(call);
  return text;
}

static inline struct sr_event event_of(const struct sr_call *call, enum sr_event_type type) {
  int i;
  for (i = 0; i < call->event_count && call->events[i].type != type; i++)
    ;
  CHECK(i < call->event_count, "no event %s", name_of(type));
  return call->events[i];
}

/* A call that is answered 429 at once. The caller checks its error. */
static inline struct sr_call *refused(struct bench *bench) {
  struct sr_call *call = in_flight(bench, 60 * S);
  call->retries = 0;
  answer(call, 429, "", "{\"message\":\"Too Many Requests\"}");
  return call;
}

/* Three such calls block the key for ten minutes. Returns the end of the ban. */
static inline sr_time block(struct bench *bench) {
  int i;
  for (i = 0; i < 3; i++) {
    struct sr_call *call = refused(bench);
    assert_int_equal(call->state, SR_STATE_DONE);
    sr_call_delete(call);
  }
  return bench->manual.now + 600 * S;
}

/* Waits until a ban ends. */
static inline struct sr_call *patient(struct bench *bench, sr_time timeout) {
  struct sr_call *call = call_of(bench->config, timeout);
  call->wait_blocked = 1;
  sr_engine_submit(bench->engine, call, 0);
  return call;
}

#endif
