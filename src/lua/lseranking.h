/* The binding's own header: what its files share, and what differs between Lua versions.
** SPDX-License-Identifier: MIT
**
** The files src/lua/lseranking*.c are the only ones that know Lua. They move values between the Lua
** stack and the layers below and decide nothing. A full userdata is made zeroed, gets its
** metatable, and only then acquires what it owns, so that its finalizer cleans up whatever a Lua
** error leaves behind. No struct holds a lua_State. */
#ifndef LSERANKING_H
#define LSERANKING_H

#include "http/sr_call.h"
#include "http/sr_config.h"
#include "worker/sr_job.h"
#include "http/sr_engine.h"

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM == 501 /* LuaJIT too: only what both have is used */
#define lua_rawlen lua_objlen
#endif

/* luaL_setfuncs without upvalues. */
void lsr_setfuncs(lua_State *L, const luaL_Reg *functions);

/* Makes the metatable `name` with `methods` as its __index and `meta` as its other fields. */
void lsr_newclass(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta);

/* A userdata of `size` zero bytes with the metatable `name`, pushed. */
void *lsr_newobject(lua_State *L, size_t size, const char *name);

/* The userdata at `index` if it has the metatable `name`, else NULL. */
void *lsr_testobject(lua_State *L, int index, const char *name);

/*
** Seconds at `index`, as time: a finite number from 0 to a day, else a Lua error that names `what`.
*/
sr_time lsr_checkseconds(lua_State *L, int index, const char *what);

/* Up to it, 2^53, a double tells all whole numbers apart. */
#define LSR_WHOLE_MAX 9007199254740992.0

/* The whole number at `index`, from `least` to `most` (LSR_WHOLE_MAX at most), else a Lua error that names `what`. */
lua_Number lsr_checkwhole(lua_State *L, int index, const char *what, double least, double most);

/* Pushes a time as seconds. */
void lsr_pushseconds(lua_State *L, sr_time t);

/* Set a field of the table on the top of the stack. */
void lsr_setstring(lua_State *L, const char *name, const char *text);
void lsr_setseconds(lua_State *L, const char *name, sr_time t);
void lsr_setboolean(lua_State *L, const char *name, int value);

/*
** ---- fields of option tables. The caller's Lua has checked types, so a wrong one is a mistake of ours.
** Numbers are checked here too, since they count arrays ----
*/

/*
** Pushes the field `name` of the table at `index`, which is not negative. Without metamethods: what
** they make would be collected while C uses it.
*/
void lsr_pushfield(lua_State *L, int index, const char *name);

/* The string at `name` of the table at `index`, NULL if it is none. Alive as long as the table holds it. */
const char *lsr_fieldstring(lua_State *L, int index, const char *name, size_t *len);
int lsr_fieldflag(lua_State *L, int index, const char *name);

/* `otherwise` where the field is absent; see lsr_checkwhole and lsr_checkseconds. */
lua_Number lsr_fieldwhole(lua_State *L, int index, const char *name, lua_Number otherwise,
                          double least, double most);
sr_time lsr_fieldseconds(lua_State *L, int index, const char *name, sr_time otherwise);

/* Pushes the error table of `error`, without its body. `call`: the call that failed, or NULL. */
void lsr_pusherror(lua_State *L, const struct sr_error *error, const struct sr_call *call);

/* Pushes nil and the table of an error that belongs to no call. Returns 2, for `return lsr_fail(…)`. */
int lsr_fail(lua_State *L, const struct sr_error *error);

/* Pushes the state of a limiter as a table. Its times are seconds from `now`. */
void lsr_pushview(lua_State *L, const struct sr_limit_view *view, sr_time now);

/*
** Pushes the value of a JSON text; or nil, the problem, and whether the problem is the deadline.
** Returns how many values it pushed. `deadline` is on the monotonic clock, or SR_NEVER. Members that
** are null are absent unless `keep_nulls`; in lists, nulls keep their places. Lua may collect garbage
** meanwhile, so the text must be anchored.
*/
int lsr_decode(lua_State *L, const char *text, size_t len, int keep_nulls, sr_time deadline);

/* A clock that Lua sets. Reference-counted: an engine that uses it may outlive its userdata. */
struct lsr_clock {
  struct sr_manual_clock manual;
  uint64_t id; /* part of the limiter's name: clients on different clocks share no limit */
  unsigned refs;
};
struct lsr_clock *lsr_testclock(lua_State *L, int index); /* NULL: it is something else */
void lsr_clock_unref(struct lsr_clock *clock);            /* NULL is allowed */

/* The userdata of a client. */
struct lsr_client {
  struct sr_config *config; /* NULL once closed */
  struct sr_engine *engine;
  struct lsr_clock *clock; /* NULL: the real one */
  /* Defaults of its calls. */
  sr_time timeout, connect_timeout, attempt_timeout;
  int retries;
  size_t max_body;
  int low, wait_blocked;
};
#define LSR_CLIENT "seranking.core"

/* The most retries that the core counts. */
enum { LSR_RETRIES_MAX = 100 };

/* The client at index 1. Raises if it is closed or something else. */
struct lsr_client *lsr_checkclient(lua_State *L);

/* Methods of clients that are in lseranking_request.c. */
int lsr_client_call(lua_State *L);
int lsr_client_download(lua_State *L);
int lsr_client_check_file(lua_State *L);

/* The userdata of a call. `call` or `job` is NULL: a call that was submitted to the thread is its job's. */
struct lsr_account;
struct lsr_call {
  struct sr_call *call;        /* owned */
  struct sr_job *job;          /* owned */
  struct lsr_account *account; /* a reference; NULL: nothing is set aside */
  double set_aside;            /* credits, in `account` */
};
#define LSR_CALL "seranking.call"

/* The object at `index`. If its job is done, the object takes the call back from it and owns it. */
struct lsr_call *lsr_reclaimcall(lua_State *L, int index);

/* Makes a call for `config`, owned by a userdata, which is pushed. */
struct sr_call *lsr_newcall(lua_State *L, struct sr_config *config);

/*
** Resets the call of the userdata on the top of the stack and returns it. NULL: it is in flight, or of
** another config.
*/
struct sr_call *lsr_reusecall(lua_State *L, const struct sr_config *config);

/* The call of the userdata at `index`. Raises if it is closed, in flight on the thread, or something else. */
struct sr_call *lsr_checkcall(lua_State *L, int index);

/* The call of the userdata at index 1, whose result is there. Raises if it is not. */
struct sr_call *lsr_checkdone(lua_State *L);

/*
** A copy of `len` bytes in a userdata, which is pushed: Lua frees it, even if an error is raised before
** the caller is done.
*/
char *lsr_copy(lua_State *L, const char *text, size_t len);

/*
** Registers the classes of a file and adds its functions to the module table on the top of the stack.
*/
void lsr_open_client(lua_State *L);
void lsr_open_call(lua_State *L);
void lsr_open_account(lua_State *L);

/* Methods of calls that are in lseranking_outgoing.c. */
int lsr_call_preview(lua_State *L);
int lsr_call_outgoing(lua_State *L);

/* Pushes the target as it may be shown: the key masked, and of a download only the path. */
void lsr_pushshowntarget(lua_State *L, const struct sr_call *call);

/* Methods of calls that are in lseranking_decoding.c. */
int lsr_call_decoding(lua_State *L);
int lsr_call_give(lua_State *L);

/* Methods of calls that are in lseranking_account.c. */
int lsr_call_set_aside(lua_State *L);
int lsr_call_settle(lua_State *L);

/* Frees the credits that the call has set aside. If it may have been sent, they count as doubtful. */
void lsr_give_up(struct lsr_call *object);
void lsr_open_value(lua_State *L);
void lsr_open_json(lua_State *L);
void lsr_open_decoding(lua_State *L);
void lsr_open_csv(lua_State *L);
void lsr_open_limit(lua_State *L);
void lsr_open_worker(lua_State *L); /* after lsr_open_call */

#endif
