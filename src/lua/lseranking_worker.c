/* Calls on the worker thread, for hosts that have an event loop of their own.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/eventfd.h>
#else
#include <fcntl.h>
#endif

#define USER   "seranking.worker"
#define SIGNAL "seranking.signal"

/* ---- this Lua state, as a user of the thread ---- */

/* An object in the registry: its finalizer tells that the state is gone. */
struct user {
  int entered;
};

static int user_gc(lua_State *L) {
  struct user *user = luaL_checkudata(L, 1, USER);
  if (user->entered)
    sr_worker_unref();
  user->entered = 0;
  return 0;
}

static void enter(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, USER ".user");
  if (lua_isnil(L, -1)) {
    struct user *user = lsr_newobject(L, sizeof *user, USER);
    lua_setfield(L, LUA_REGISTRYINDEX, USER ".user");
    sr_worker_ref();
    user->entered = 1;
  }
  lua_pop(L, 1);
}

/*
** doorbell(known) -> path, generation of this process's thread, which is started if need be | nil,
** error. Nothing when it runs and its generation is `known`.
*/
static int worker_address(lua_State *L) {
  struct sr_worker_address address;
  struct sr_error error;
  unsigned generation = sr_worker_generation();
  if (generation != 0 && lua_tonumber(L, 1) == (lua_Number)generation)
    return 0;
  if (sr_worker_start(&error) != 0) {
    lua_pushnil(L);
    lsr_pusherror(L, &error, NULL);
    return 2;
  }
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

/* doorbell_status() -> table: running, calls, connections, begun, done, cancelled, refused, starts. */
static int worker_status(lua_State *L) {
  struct sr_worker_status status;
  sr_worker_status(&status);
  lua_createtable(L, 0, 8);
  lua_pushboolean(L, status.running);
  lua_setfield(L, -2, "running");
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

/* The job of a call that was not under way yet. */
static struct sr_job *job_of(lua_State *L, struct lsr_call *object) {
  if (object->job == NULL) {
    struct sr_call *call = lsr_checkcall(L, 1);
    if (call->state != SR_STATE_NEW)
      luaL_error(L, "the call was under way already");
    object->job = sr_job_new(call);
    if (object->job == NULL)
      luaL_error(L, "not enough memory");
    object->call = NULL;
  }
  if (sr_job_state(object->job) != SR_JOB_PREPARED)
    luaL_error(L, "the call was under way already");
  return object->job;
}

/* call:token() -> the 8 bytes that put it under way when they are sent to the thread's socket. */
static int call_token(lua_State *L) {
  unsigned char token[SR_TOKEN_SIZE];
  sr_job_token(job_of(L, lsr_checkcallobject(L, 1)), token);
  lua_pushlstring(L, (const char *)token, sizeof token);
  return 1;
}

/*
** call:begin() -> true | nil, error: puts it under way on the thread. From then on it can be polled:
** call:fd(), call:events(), call:timeout(), and call:step() tells whether it is done.
*/
static int call_begin(lua_State *L) {
  struct lsr_call *object = lsr_checkcallobject(L, 1);
  struct sr_job *job = job_of(L, object);
  struct sr_error error;
  if (sr_worker_start(&error) != 0 || sr_job_submit(job, &error) < 0) {
    lua_pushnil(L);
    lsr_pusherror(L, &error, NULL);
    return 2;
  }
  lua_pushboolean(L, 1);
  return 1;
}

/*
** call:fd() -> the descriptor that becomes readable when it is done; nil when it was not begun, or
** after anything but this and call:timeout() has seen that it is done: the descriptor is closed
** then.
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
  struct lsr_call *object = lsr_checkcallobject(L, 1);
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
** call:timeout() -> the seconds that it may take, and some more: if nothing has been heard by then
** something is wrong with the thread.
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

/* signal:timeout() -> nil: the descriptor alone says when. */
static int timeout(lua_State *L) {
  lua_pushnil(L);
  return 1;
}

/* ---- the running coroutine ---- */

/* lua_isyieldable, where the process has it: LuaJIT does, and shares its module with Lua 5.1. */
static void *_Atomic is_yieldable;

/*
** yieldable() -> whether the running coroutine can be suspended; nil where Lua does not tell (5.1
** and 5.2). Asked here because nginx's own table of coroutine functions lacks it.
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

/* ---- signals: something to wait for that Lua rings ---- */

struct signal {
  int read, write; /* -1: none; one and the same where there are eventfds */
  int rung;
};

static int signal_gc(lua_State *L) {
  struct signal *signal = luaL_checkudata(L, 1, SIGNAL);
  if (signal->write >= 0 && signal->write != signal->read)
    close(signal->write);
  if (signal->read >= 0)
    close(signal->read);
  signal->read = signal->write = -1;
  return 0;
}

/*
** signal() -> an object with fd, events, timeout and step, as calls have; step is true once
** signal:notify() was called. nil when no descriptor is left.
*/
static int signal_new(lua_State *L) {
  struct signal *signal = lsr_newobject(L, sizeof *signal, SIGNAL);
  signal->read = signal->write = -1;
#ifdef __linux__
  signal->read = signal->write = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#else
  {
    int ends[2];
    if (pipe(ends) == 0) {
      signal->read = ends[0];
      signal->write = ends[1];
      (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
      (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    }
  }
#endif
  return signal->read >= 0;
}

static int signal_ring(lua_State *L) {
  static const uint64_t one = 1;
  struct signal *signal = luaL_checkudata(L, 1, SIGNAL);
  if (!signal->rung && write(signal->write, &one, sizeof one) < 0)
    return luaL_error(L, "the signal can't be rung");
  signal->rung = 1;
  return 0;
}

static int signal_fd(lua_State *L) {
  struct signal *signal = luaL_checkudata(L, 1, SIGNAL);
  lua_pushinteger(L, signal->read);
  return 1;
}

static int signal_step(lua_State *L) {
  struct signal *signal = luaL_checkudata(L, 1, SIGNAL);
  lua_pushboolean(L, signal->rung);
  return 1;
}

/* pollfd is what cqueues calls fd. */
static const luaL_Reg call_methods[] = {
    {"token", call_token}, {"begin", call_begin},     {"fd", call_fd},     {"pollfd", call_fd},
    {"events", events},    {"timeout", call_timeout}, {"step", call_step}, {NULL, NULL}};
static const luaL_Reg signal_methods[] = {
    {"ring", signal_ring}, {"fd", signal_fd},     {"pollfd", signal_fd}, {"events", events},
    {"timeout", timeout},  {"step", signal_step}, {NULL, NULL}};
static const luaL_Reg signal_meta[] = {{"__gc", signal_gc}, {"__close", signal_gc}, {NULL, NULL}};
static const luaL_Reg user_methods[] = {{NULL, NULL}};
static const luaL_Reg user_meta[] = {{"__gc", user_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"doorbell", worker_address},
                                     {"doorbell_status", worker_status},
                                     {"yieldable", yieldable},
                                     {"signal", signal_new},
                                     {NULL, NULL}};

void lsr_open_worker(lua_State *L) {
  atomic_store(&is_yieldable, dlsym(RTLD_DEFAULT, "lua_isyieldable"));
  lsr_newclass(L, USER, user_methods, user_meta);
  lsr_newclass(L, SIGNAL, signal_methods, signal_meta);
  luaL_getmetatable(L, LSR_CALL);
  lua_getfield(L, -1, "__index");
  lsr_setfuncs(L, call_methods);
  lua_pop(L, 2);
  lsr_setfuncs(L, functions);
  enter(L);
}
