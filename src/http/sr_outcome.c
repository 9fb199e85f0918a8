/* What the end of an attempt means, and why a call is refused.
** SPDX-License-Identifier: MIT */
#include "http/sr_outcome.h"

#include "http/sr_gate.h"
#include "http/sr_retry.h"

#include <string.h>
#include <time.h>

/* How much of a failed answer's body is kept, to find its message and to show it. */
#define SHOWN_MAX ((size_t)65536)

/* "2026-11-25 22:26:54 UTC" */
enum { UTC_SIZE = 32 };

/* ---- attempts ---- */

static void mask_buf(const struct sr_call *call, struct sr_buf *buf) {
  if (buf->len > 0)
    buf->len = sr_config_redact(call->config, buf->data, buf->len);
}

void sr_outcome_mask(struct sr_call *call) {
  mask_buf(call, &call->head);
  if (call->answer.len > SHOWN_MAX)
    call->answer.len = SHOWN_MAX;
  mask_buf(call, &call->answer);
}

void sr_outcome_read_answer(struct sr_call *call) {
  char type[128], location[256], retry_after[64];
  struct sr_answer answer;
  sr_call_header(call, "content-type", type, sizeof type);
  sr_call_header(call, "location", location, sizeof location);
  location[strcspn(location, "?#")] = '\0'; /* a query may hold a session or a signature */
  answer.status = call->status;
  answer.config = call->config;
  answer.content_type = type;
  answer.location = location;
  answer.body = sr_buf_text(&call->answer);
  answer.body_len = call->answer.len;
  sr_error_from_http(&call->error, &answer);
  sr_call_header(call, "retry-after", retry_after, sizeof retry_after);
  call->retry_after = sr_retry_after(retry_after, time(NULL));
  if (call->status == 404 && call->in_doubt && strcmp(call->method, "DELETE") == 0)
    call->error.hint = "an earlier attempt failed without a clear answer, and may have deleted it";
}

enum sr_outcome sr_outcome_of_answer(const struct sr_call *call) {
  if (call->status == 429)
    return SR_OUTCOME_REFUSED;
  if (call->status >= 500)
    return SR_OUTCOME_ANSWERED;
  if (call->status == 401 && call->error.kind != SR_AUTH)
    return SR_OUTCOME_ANSWERED; /* neither that the key is bad, nor that it is good */
  if (call->error.kind != SR_AUTH)
    return SR_OUTCOME_FINE;
  /* a host that refuses every request, or one without a key, says nothing about the key */
  return call->config->key.len > 0 && strcmp(call->error.code, "no_token") != 0
             ? SR_OUTCOME_BAD_KEY
             : SR_OUTCOME_ANSWERED;
}

enum sr_outcome sr_outcome_without_answer(const struct sr_call *call, int sent) {
  const char *status = call->head.len > 0 ? strchr(call->head.data, ' ') : NULL;
  if (!sent)
    return SR_OUTCOME_UNSENT;
  return status != NULL && status[1] >= '2' ? SR_OUTCOME_ANSWERED : SR_OUTCOME_SILENT;
}

sr_time sr_outcome_hold(const struct sr_call *call) {
  sr_time window = call->config->rate.window, hold = call->retry_after;
  sr_time longest = window > SR_HOLD_MAX ? window : SR_HOLD_MAX;
  if (hold > longest)
    hold = longest;
  return hold > window ? hold : window;
}

/* ---- refusals ---- */

void sr_outcome_no_key(struct sr_call *call) {
  sr_error_set(&call->error, SR_AUTH, "no_key", NULL, "there is no API key to send");
}

void sr_outcome_queue_full(struct sr_call *call, int waiting) {
  call->retryable = 1;
  call->retry_after = call->config->rate.window;
  sr_error_set(&call->error, SR_RATE_LIMIT, "queue_full", NULL,
               "%d calls of this client wait for their turn already", waiting);
}

static void set_no_slot(struct sr_call *call, int silent) {
  const struct sr_rate *rate = &call->config->rate;
  double timeout = (double)call->timeout / 1e9, window = (double)rate->window / 1e9;
  if (silent)
    sr_error_set(
        &call->error, SR_RATE_LIMIT, "unanswered", NULL,
        "the last requests with this key got no answer, so one is sent at a time, and no turn "
        "comes within the timeout of %.6g s",
        timeout);
  else
    sr_error_set(
        &call->error, SR_RATE_LIMIT, "no_slot", NULL,
        "%d request%s in %.6g s %s allowed, and no turn comes within the timeout of %.6g s",
        rate->slots, rate->slots == 1 ? "" : "s", window, rate->slots == 1 ? "is" : "are", timeout);
}

void sr_outcome_no_slot(struct sr_call *call, sr_time now, sr_time earliest) {
  struct sr_ruling ruling = {0};
  call->retry_after = earliest > now ? earliest - now : 0;
  call->retryable = 1;
  if (call->error.kind != SR_NO_ERROR)
    return;
  if (call->gate != NULL)
    sr_gate_see_block(call, now, &ruling);
  set_no_slot(call, ruling.silent);
}

/* A time from now, for logs: they are read later. */
static void name_time(char out[UTC_SIZE], sr_time left) {
  time_t when = time(NULL) + (time_t)((left + SR_SECOND - 1) / SR_SECOND);
  struct tm tm;
  out[0] = '\0';
  if (gmtime_r(&when, &tm) != NULL)
    strftime(out, UTC_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

void sr_outcome_blocked(struct sr_call *call, sr_time now, const struct sr_ruling *ruling) {
  sr_time left = ruling->at > now ? ruling->at - now : 0;
  int status = call->status;
  char until[UTC_SIZE];
  name_time(until, left);
  if (ruling->block == SR_BLOCK_KEY)
    sr_error_set(&call->error, SR_BLOCKED, "bad_key", NULL,
                 "the API has refused this key twice in a row: nothing is sent with it until %s",
                 until);
  else
    sr_error_set(
        &call->error, SR_BLOCKED, "too_many_requests", NULL,
        "the API answered 429 three times in a row: nothing is sent with this key until %s", until);
  call->error.status = status;
  call->retry_after = left;
  call->retryable = call->repeatable || !call->in_doubt;
  sr_call_add_event(call, SR_EVENT_BLOCKED, left);
}

void sr_outcome_limiter_failed(struct sr_call *call, const struct sr_ruling *ruling) {
  call->retryable = !ruling->lasting;
  if (call->error.kind != SR_NO_ERROR)
    return;
  sr_error_set(&call->error, SR_NETWORK, "limiter",
               ruling->lasting
                   ? "nothing was sent: mend the address in the option limiter, or what it leads to"
                   : "nothing was sent: repeat it later, or let calls go on with a limit of this "
                     "process alone by on_limiter_error = \"process\"",
               "the shared rate limiter is out of reach: %s", ruling->problem);
}
