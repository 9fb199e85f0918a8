/* Calls on the worker thread, for hosts that have an event loop.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "base/sr_notify.h"
#include "worker/sr_worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#define USER     "seranking.worker"
#define NOTIFIER "seranking.notifier"

/* ---- this Lua state, as a user of the thread ---- */

/* An object in the registry: when the state is closed its finalizer runs. */
struct user {
  int counted;
};

static int user_gc(lua_State *L) {
  struct user *user = luaL_checkudata(L, 1, USER);
  if (user->counted)
    sr_worker_unref();
  user->counted = 0;
  return 0;
}

static void add_user(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, USER ".user");
  if (lua_isnil(L, -1)) {
    struct user *user = lsr_newobject(L, sizeof *user, USER);
    lua_setfield(L, LUA_REGISTRYINDEX, USER ".user");
    sr_worker_ref();
    user->counted = 1;
  }
  lua_pop(L, 1);
}

/*
** worker_address(known) -> path, generation | nil, error: where the thread of this process listens.
** Starts it if need be. Returns nothing if the running thread's generation is `known`.
*/
static int worker_address(lua_State *L) {
  struct sr_worker_address address;
  struct sr_error error;
  unsigned generation = sr_worker_generation();
  if (generation != 0 && lua_tonumber(L, 1) == (lua_Number)generation)
    return 0;
  if (sr_worker_start(&error) != 0)
    return lsr_fail(L, &error);
  if (sr_worker_address(&address) != 0)
    return luaL_error(L, "the thread has stopped");
  lua_pushstring(L, address.path);
  lua_pushnumber(L, (lua_Number)address.generation);
  return 2;
}

static void set_count(lua_State *L, const char *name, unsigned long count) {
  lua_pushinteger(L, (lua_Integer)count);
  lua_setfield(L, -2, name);
}

/*
** worker_status() -> table: running, calls, connections, begun, done, cancelled, refused, starts.
*/
static int worker_status(lua_State *L) {
  struct sr_worker_status status;
  sr_worker_status(&status);
  lua_createtable(L, 0, 8);
  lsr_setboolean(L, "running", status.running);
  set_count(L, "calls", status.calls);
  set_count(L, "connections", status.connections);
  set_count(L, "begun", status.begun);
  set_count(L, "done", status.done);
  set_count(L, "cancelled", status.cancelled);
  set_count(L, "refused", status.refused);
  set_count(L, "starts", status.starts);
  return 1;
}

/* ---- calls ---- */

/* 1; or 0 with nil and an error pushed. */
static int submit(lua_State *L, unsigned char *token) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  struct sr_error error;
  if (object->job != NULL || lsr_checkcall(L, 1)->state != SR_STATE_NEW)
    luaL_error(L, "the call was begun already");
  if (sr_worker_start(&error) == 0)
    object->job = sr_job_submit(object->call, token, &error);
  if (object->job == NULL) {
    lsr_fail(L, &error);
    return 0;
  }
  object->call = NULL;
  return 1;
}

/*
** call:begin() -> true | nil, error: submits it to the thread. From then on it can be polled:
** call:fd(), call:events(), call:timeout(), and call:step() tells whether it is done.
*/
static int call_begin(lua_State *L) {
  if (!submit(L, NULL))
    return 2;
  lua_pushboolean(L, 1);
  return 1;
}

/*
** call:begin_with_token() -> token | nil, error: submits it to the thread. Send the 8 bytes on a
** connection to worker_address() at once: that wakes the thread, which answers with a byte when the
** call is done. See sr_job.h.
*/
static int call_begin_with_token(lua_State *L) {
  unsigned char token[SR_TOKEN_SIZE];
  if (!submit(L, token))
    return 2;
  lua_pushlstring(L, (const char *)token, sizeof token);
  return 1;
}

/*
** call:fd() -> the descriptor that becomes readable when it is done. nil: it was not begun; or it
** is done and another method than this and call:timeout() has seen that, which closes the
** descriptor.
*/
static int call_fd(lua_State *L) {
  struct lsr_call *object = luaL_checkudata(L, 1, LSR_CALL);
  int fd = object->job != NULL ? sr_job_fd(object->job) : -1;
  if (fd < 0)
    return 0;
  lua_pushinteger(L, fd);
  return 1;
}

/* call:step() -> whether it is done. */
static int call_step(lua_State *L) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  lua_pushboolean(L, object->job == NULL && object->call != NULL &&
                         object->call->state == SR_STATE_DONE);
  return 1;
}

/* :events() -> "r", for loops that ask for it. */
static int events(lua_State *L) {
  lua_pushliteral(L, "r");
  return 1;
}

/*
** call:timeout() -> its own timeout in seconds, and 5 more: past that, something is wrong with the
** thread.
*/
static int call_timeout(lua_State *L) {
  struct lsr_call *object = luaL_checkudata(L, 1, LSR_CALL);
  const struct sr_call *call = object->call;
  if (object->job != NULL)
    call = sr_job_call(object->job);
  if (call == NULL)
    return luaL_error(L, "the call is closed");
  lsr_pushseconds(L, call->timeout + 5 * SR_SECOND);
  return 1;
}

/* ---- errors that nginx tells by their texts alone ---- */

/*
** errno_name(text) -> "EMFILE" …: which of the errors that matter to loops has this text; nil:
** none.
*/
static int errno_name(lua_State *L) {
  static const struct {
    int problem;
    const char *name;
  } known[] = {{EMFILE, "EMFILE"}, {ENFILE, "ENFILE"}, {ENOMEM, "ENOMEM"}, {EAGAIN, "EAGAIN"}};
  const char *text = luaL_checkstring(L, 1);
  size_t i;
  for (i = 0; i < sizeof known / sizeof known[0]; i++) {
    char own[SR_ERRNO_TEXT];
    if (strcasecmp(text, sr_errno_text(known[i].problem, own)) == 0) {
      lua_pushstring(L, known[i].name);
      return 1;
    }
  }
  return 0;
}

/* ---- the running coroutine ---- */

/* lua_isyieldable, if the process has it: LuaJIT does, and shares its module with Lua 5.1. */
static void *_Atomic is_yieldable;

/*
** yieldable() -> whether the running coroutine can be suspended; nil if Lua does not tell (5.1 and
** 5.2). nginx replaces the table of coroutine functions by one that lacks this one.
*/
static int yieldable(lua_State *L) {
  int (*function)(lua_State *);
  void *symbol = atomic_load(&is_yieldable);
  if (symbol == NULL)
    return 0;
  memcpy(&function, &symbol, sizeof symbol);
  lua_pushboolean(L, function(L));
  return 1;
}

/* ---- notifiers: Lua code notifies, an event loop waits ---- */

struct notifier {
  struct sr_notify notify;
  int notified;
};

static int notifier_gc(lua_State *L) {
  struct notifier *notifier = luaL_checkudata(L, 1, NOTIFIER);
  sr_notify_close(&notifier->notify);
  return 0;
}

/*
** notifier() -> an object with fd, events, timeout and step, as calls have; step is true once
** notifier:notify() was called. nil: no descriptor is left.
*/
static int new_notifier(lua_State *L) {
  struct notifier *notifier = lsr_newobject(L, sizeof *notifier, NOTIFIER);
  notifier->notify = (struct sr_notify)SR_NOTIFY_CLOSED;
  return sr_notify_open(&notifier->notify) == 0;
}

static int notifier_notify(lua_State *L) {
  struct notifier *notifier = luaL_checkudata(L, 1, NOTIFIER);
  if (sr_notify_send(&notifier->notify) != 0)
    return luaL_error(L, "the notifier is closed");
  notifier->notified = 1;
  return 0;
}

static int notifier_fd(lua_State *L) {
  struct notifier *notifier = luaL_checkudata(L, 1, NOTIFIER);
  lua_pushinteger(L, notifier->notify.read_fd);
  return 1;
}

static int notifier_step(lua_State *L) {
  struct notifier *notifier = luaL_checkudata(L, 1, NOTIFIER);
  lua_pushboolean(L, notifier->notified);
  return 1;
}

/* notifier:timeout() -> nil: no time limit. */
static int notifier_timeout(lua_State *L) {
  lua_pushnil(L);
  return 1;
}

/* cqueues asks for `pollfd` where luv wants `fd`. */
static const luaL_Reg call_methods[] = {
    {"begin", call_begin}, {"begin_with_token", call_begin_with_token},
    {"fd", call_fd},       {"pollfd", call_fd},
    {"events", events},    {"timeout", call_timeout},
    {"step", call_step},   {NULL, NULL}};
static const luaL_Reg notifier_methods[] = {{"notify", notifier_notify},
                                            {"fd", notifier_fd},
                                            {"pollfd", notifier_fd},
                                            {"events", events},
                                            {"timeout", notifier_timeout},
                                            {"step", notifier_step},
                                            {NULL, NULL}};
static const luaL_Reg notifier_meta[] = {
    {"__gc", notifier_gc}, {"__close", notifier_gc}, {NULL, NULL}};
static const luaL_Reg user_methods[] = {{NULL, NULL}};
static const luaL_Reg user_meta[] = {{"__gc", user_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {
    {"worker_address", worker_address}, {"worker_status", worker_status},
    {"errno_name", errno_name},         {"yieldable", yieldable},
    {"notifier", new_notifier},         {NULL, NULL}};

void lsr_open_worker(lua_State *L) {
  atomic_store(&is_yieldable, dlsym(RTLD_DEFAULT, "lua_isyieldable"));
  lsr_newclass(L, USER, user_methods, user_meta);
  lsr_newclass(L, NOTIFIER, notifier_methods, notifier_meta);
  luaL_getmetatable(L, LSR_CALL);
  lua_getfield(L, -1, "__index");
  lsr_setfuncs(L, call_methods);
  lua_pop(L, 2);
  lsr_setfuncs(L, functions);
  add_user(L);
}
