/* Calls: their userdata, their results, and the error tables.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "http/sr_body.h"

#include <stdio.h>
#include <string.h>

/* Bytes of an error's body that are shown. */
enum { EXCERPT_SIZE = 500 };

struct sr_call *lsr_newcall(lua_State *L, struct sr_config *config) {
  struct lsr_call *object = lsr_newobject(L, sizeof *object, LSR_CALL);
  object->call = sr_call_new(config);
  if (object->call == NULL)
    luaL_error(L, "not enough memory");
  return object->call;
}

struct lsr_call *lsr_reclaimcall(lua_State *L, int index) {
  struct lsr_call *object = luaL_checkudata(L, index, LSR_CALL);
  if (object->job != NULL && sr_job_state(object->job) != SR_JOB_RUNNING) {
    object->call = sr_job_take(object->job);
    if (object->call == NULL)
      luaL_error(L, "not enough memory");
    object->job = NULL;
  }
  return object;
}

struct sr_call *lsr_checkcall(lua_State *L, int index) {
  struct lsr_call *object = lsr_reclaimcall(L, index);
  if (object->call == NULL)
    luaL_error(L, object->job != NULL ? "the call is in flight" : "the call is closed");
  return object->call;
}

struct sr_call *lsr_reusecall(lua_State *L, const struct sr_config *config) {
  struct lsr_call *object = lsr_reclaimcall(L, -1);
  struct sr_call *call = object->call;
  if (call == NULL || call->engine != NULL || call->config != config)
    return NULL;
  lsr_give_up(object);
  sr_call_reset(call);
  return call;
}

/* Sets `body` to the beginning of the answer's body, as one line, if it has one. */
static void set_excerpt(lua_State *L, const struct sr_call *call) {
  char text[EXCERPT_SIZE];
  sr_config_show(call->config, text, sizeof text, sr_buf_text(&call->answer), call->answer.len);
  if (text[0] != '\0')
    lsr_setstring(L, "body", text);
}

void lsr_pusherror(lua_State *L, const struct sr_error *error, const struct sr_call *call) {
  lua_createtable(L, 0, 14);
  lsr_setstring(L, "kind", sr_kind_name(error->kind));
  lsr_setstring(L, "code", error->code);
  lsr_setstring(L, "message", error->message);
  if (error->hint != NULL)
    lsr_setstring(L, "hint", error->hint);
  if (error->option != NULL)
    lsr_setstring(L, "option", error->option);
  if (error->status != 0) {
    lua_pushinteger(L, error->status);
    lua_setfield(L, -2, "status");
  }
  lsr_setboolean(L, "sent", call != NULL && call->sent);
  lsr_setboolean(L, "retryable", call != NULL && call->retryable);
  lua_pushinteger(L, call != NULL ? call->attempts : 0);
  lua_setfield(L, -2, "attempts");
  if (call == NULL)
    return;
  lsr_setstring(L, "method", call->method);
  lsr_pushshowntarget(L, call);
  lua_setfield(L, -2, "path");
  lsr_setseconds(L, "elapsed", call->elapsed);
  if (call->retry_after >= 0)
    lsr_setseconds(L, "retry_after", call->retry_after);
}

int lsr_fail(lua_State *L, const struct sr_error *error) {
  lua_pushnil(L);
  lsr_pusherror(L, error, NULL);
  return 2;
}

/* ---- the outcome ---- */

static int call_cancel(lua_State *L) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  if (object->job != NULL)
    sr_job_cancel(object->job);
  else
    sr_engine_cancel(lsr_checkcall(L, 1));
  lsr_give_up(object);
  return 0;
}

struct sr_call *lsr_checkdone(lua_State *L) {
  struct sr_call *call = lsr_checkcall(L, 1);
  if (call->state != SR_STATE_DONE)
    luaL_error(L, "the call is not done");
  if (call->cleared)
    luaL_error(L, "the call is empty");
  return call;
}

/* Pushes the list of texts in the body of a refusal; nil if the error is not of an answer. */
static void push_texts(lua_State *L, const struct sr_call *call) {
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  struct sr_answer answer = {0};
  int i, count;
  if (call->error.status == 0 || call->error.kind == SR_BLOCKED) {
    lua_pushnil(L);
    return;
  }
  answer.config = call->config;
  answer.body = sr_buf_text(&call->answer);
  answer.body_len = call->answer.len;
  count = sr_error_texts(&answer, texts);
  lua_createtable(L, count, 0);
  for (i = 0; i < count; i++) {
    lua_pushstring(L, texts[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/*
** call:result() -> status, attempts, seconds, seconds waited, reused, HTTP version, header lines, and the
** bytes of the file that the body went to, if it did; nil if it failed: see call:error. To be called when
** run() has said "done". The header lines may hold the key. The body: see call:body, call:decode.
*/
static int call_result(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  if (call->error.kind != SR_NO_ERROR)
    return 0;
  if (call->config->auth == SR_AUTH_NOWHERE &&
      call->head.len > 0) /* a download: only its call can mask the query */
    call->head.len = sr_config_redact(call->config, call->head.data, call->head.len);
  lua_pushinteger(L, call->status);
  lua_pushinteger(L, call->attempts);
  lsr_pushseconds(L, call->elapsed);
  lsr_pushseconds(L, call->waited);
  lua_pushboolean(L, call->reused);
  lua_pushstring(L, call->http_version);
  lua_pushlstring(L, sr_buf_text(&call->head), call->head.len);
  if (call->sink == NULL)
    return 7;
  lua_pushinteger(L, (lua_Integer)sr_sink_size(call->sink));
  return 8;
}

/* call:error() -> the error of a failed call, and the texts in its answer's body, nil without one. */
static int call_error(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  lsr_pusherror(L, &call->error, call);
  set_excerpt(L, call);
  push_texts(L, call);
  return 2;
}

/* call:body() -> the body of the answer. */
static int call_body(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  lua_pushlstring(L, sr_buf_text(&call->answer), call->answer.len);
  return 1;
}

/* call:head() -> the header lines of the answer, without the key; "" if there was none. */
static int call_head(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  char *copy = lsr_copy(L, sr_buf_text(&call->head), call->head.len);
  lua_pushlstring(L, copy, sr_config_redact(call->config, copy, call->head.len));
  return 1;
}

/* call:decode(keep_nulls): the body of the answer as lsr_decode gives it, within the call's deadline. */
static int call_decode(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  return lsr_decode(L, sr_buf_text(&call->answer), call->answer.len, lua_toboolean(L, 2),
                    call->real_time ? call->deadline : SR_NEVER);
}

/* call:look() -> what its body looks like: "empty", "html", "json", "binary" or "text". */
static int call_look(lua_State *L) {
  static const char *const looks[] = {"empty", "html", "json", "binary", "text"};
  struct sr_call *call = lsr_checkdone(L);
  lua_pushstring(L, looks[sr_body_look(sr_buf_text(&call->answer), call->answer.len)]);
  return 1;
}

/*
** call:failure(code, message) -> the error table, of kind decode, for an answer that can't be used.
*/
static int call_failure(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  const char *code = luaL_checkstring(L, 2);
  const char *message = luaL_checkstring(L, 3);
  struct sr_error error;
  sr_error_set(&error, SR_DECODE, code, NULL, "%s", message);
  error.message[sr_config_redact(call->config, error.message, strlen(error.message))] = '\0';
  error.status = call->status;
  lsr_pusherror(L, &error, call);
  set_excerpt(L, call);
  return 1;
}

/* ---- transports that replace the network ---- */

/* call:answer(status, head, body): gives the attempt its answer. */
static int call_answer(lua_State *L) {
  struct sr_call *call = lsr_checkcall(L, 1);
  size_t head_len, body_len;
  int status = (int)lsr_checkwhole(L, 2, "status", 100, 999);
  const char *head = luaL_checklstring(L, 3, &head_len);
  const char *body = luaL_checklstring(L, 4, &body_len);
  sr_engine_answer(call, status, head, head_len, body, body_len);
  return 0;
}

/*
** call:lost(what): ends the attempt without an answer: "refused" (never sent), "closed", "truncated" or
** "timeout".
*/
static int call_lost(lua_State *L) {
  static const char *const words[] = {"refused", "closed", "truncated", "timeout", NULL};
  static const int codes[] = {CURLE_COULDNT_CONNECT, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
                              CURLE_OPERATION_TIMEDOUT};
  struct sr_call *call = lsr_checkcall(L, 1);
  int what = luaL_checkoption(L, 2, NULL, words);
  struct sr_error error;
  sr_error_from_curl(&error, codes[what], what != 0, "");
  sr_engine_fail(call, &error, what != 0);
  return 0;
}

/* call:time_left() -> seconds until the attempt in flight has to end. */
static int call_time_left(lua_State *L) {
  lsr_pushseconds(L, sr_engine_time_left(lsr_checkcall(L, 1)));
  return 1;
}

/*
** call:happenings() -> list of events since the last time, or nil: { type, seconds, attempt, status,
** code, problem }.
*/
static int call_events(lua_State *L) {
  static const char *const types[] = {"wait",    "retry",     "rate_limited",
                                      "blocked", "unblocked", "limiter_fallback"};
  struct sr_call *call = lsr_checkcall(L, 1);
  int i;
  if (call->event_count == 0)
    return 0;
  lua_createtable(L, call->event_count, 0);
  for (i = 0; i < call->event_count; i++) {
    const struct sr_event *event = &call->events[i];
    lua_createtable(L, 0, 6);
    lua_pushstring(L, types[event->type]);
    lua_setfield(L, -2, "type");
    lsr_pushseconds(L, event->duration);
    lua_setfield(L, -2, "seconds");
    lua_pushinteger(L, event->attempt);
    lua_setfield(L, -2, "attempt");
    if (event->status != 0) {
      lua_pushinteger(L, event->status);
      lua_setfield(L, -2, "status");
    }
    if (event->code != NULL) {
      lua_pushstring(L, event->code);
      lua_setfield(L, -2, "code");
    }
    if (event->problem != NULL) {
      lua_pushstring(L, event->problem);
      lua_setfield(L, -2, "problem");
    }
    lua_rawseti(L, -2, i + 1);
  }
  if (call->events_lost > 0) { /* told with the last event that fitted */
    lua_rawgeti(L, -1, call->event_count);
    lua_pushinteger(L, call->events_lost);
    lua_setfield(L, -2, "lost");
    lua_pop(L, 1);
  }
  sr_call_clear_events(call);
  return 1;
}

/*
** call:trim() -> whether client:call may use it again. Empties a call that is done or was never begun;
** its result is gone.
*/
static int call_trim(lua_State *L) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  int over = object->call != NULL && object->call->engine == NULL;
  if (over)
    sr_call_clear(object->call);
  lua_pushboolean(L, over);
  return 1;
}

static int call_gc(lua_State *L) {
  struct lsr_call *object = luaL_checkudata(L, 1, LSR_CALL);
  if (object->account != NULL && object->call != NULL)
    sr_engine_cancel(object->call); /* which finds out whether it was sent */
  lsr_give_up(object);
  sr_job_delete(object->job);
  object->job = NULL;
  sr_call_delete(object->call);
  object->call = NULL;
  return 0;
}

static const luaL_Reg methods[] = {{"cancel", call_cancel},
                                   {"result", call_result},
                                   {"error", call_error},
                                   {"body", call_body},
                                   {"head", call_head},
                                   {"decode", call_decode},
                                   {"decoding", lsr_call_decoding},
                                   {"give", lsr_call_give},
                                   {"look", call_look},
                                   {"time_left", call_time_left},
                                   {"failure", call_failure},
                                   {"preview", lsr_call_preview},
                                   {"outgoing", lsr_call_outgoing},
                                   {"answer", call_answer},
                                   {"lost", call_lost},
                                   {"happenings", call_events},
                                   {"trim", call_trim},
                                   {"set_aside", lsr_call_set_aside},
                                   {"settle", lsr_call_settle},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", call_gc}, {"__close", call_gc}, {NULL, NULL}};

void lsr_open_call(lua_State *L) {
  lsr_newclass(L, LSR_CALL, methods, meta);
}
