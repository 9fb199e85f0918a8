/* Decodes JSON texts. The collector is held while a large one becomes tables, which all live.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking_decoder.h"

/* Texts of fewer bytes are decoded without holding the collector: it has little to do. */
enum { HOLD_FROM = 1 << 16 };

/* LuaJIT has it, Lua 5.1 does not: it answers -1. */
#ifndef LUA_GCISRUNNING
#define LUA_GCISRUNNING 9
#endif

/* Key in the registry of the KiB that Lua had when the collector was released last. */
static const char released_at;

int lsr_may_hold(lua_State *L) {
  int may;
  lua_pushlightuserdata(L, (void *)&released_at);
  lua_rawget(L, LUA_REGISTRYINDEX);
  may = lua_isnil(L, -1) || lua_gc(L, LUA_GCCOUNT, 0) <= lua_tointeger(L, -1) / 2;
  lua_pop(L, 1);
  return may;
}

int lsr_hold(lua_State *L) {
  if (lua_gc(L, LUA_GCISRUNNING, 0) != 1)
    return 0;
  (void)lua_gc(L, LUA_GCSTOP, 0);
  return 1;
}

void lsr_release(lua_State *L) {
  int count = lua_gc(L, LUA_GCCOUNT, 0);
  (void)lua_gc(L, LUA_GCRESTART, 0);
  lua_pushlightuserdata(L, (void *)&released_at);
  lua_pushinteger(L, count);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

/* Decodes with a decoder at index 1, in protected mode. */
static int run_held(lua_State *L) {
  struct lsr_decoder *d = lua_touserdata(L, 1);
  lua_settop(L, 1);
  lua_pushnil(L);
  d->anchor = 2;
  return lsr_decoder_run(L, d) ? 1 : lsr_decoder_fail(L, d);
}

/* As lsr_decode, with the collector held if that is possible. */
static int decode_held(lua_State *L, struct lsr_decoder *d) {
  int top = lua_gettop(L), status = 0;
  lua_pushcfunction(L, run_held);
  lua_pushlightuserdata(L, d);
  if (lsr_may_hold(L) && lsr_hold(L)) {
    status = lua_pcall(L, 1, LUA_MULTRET, 0);
    lsr_release(L);
  } else {
    lua_call(L, 1, LUA_MULTRET);
  }
  return status == 0 ? lua_gettop(L) - top : lua_error(L);
}

int lsr_decode(lua_State *L, const char *text, size_t len, int keep_nulls, sr_time deadline) {
  struct lsr_decoder d;
  lsr_decoder_begin(&d, text, len, keep_nulls, deadline);
  if (len >= HOLD_FROM)
    return decode_held(L, &d);
  lua_pushnil(L);
  d.anchor = lua_gettop(L);
  return lsr_decoder_run(L, &d) ? 1 : lsr_decoder_fail(L, &d);
}

/* decode(text, keep_nulls, seconds): see lsr_decode; `seconds` from now is the deadline. */
static int json_decode(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  sr_time deadline = SR_NEVER;
  if (!lua_isnoneornil(L, 3))
    deadline = sr_clock_monotonic.now(NULL) + lsr_checkseconds(L, 3, "seconds");
  return lsr_decode(L, text, len, lua_toboolean(L, 2), deadline);
}

/* array_mt([metatable]) -> the metatable that decode gives to empty lists. With an argument, sets it. */
static int json_array_mt(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, LSR_ARRAY_MT);
  }
  lua_getfield(L, LUA_REGISTRYINDEX, LSR_ARRAY_MT);
  return 1;
}

static const luaL_Reg functions[] = {
    {"decode", json_decode}, {"array_mt", json_array_mt}, {NULL, NULL}};

void lsr_open_json(lua_State *L) {
  (void)luaL_newmetatable(L, LSR_ARRAY_MT);
  lua_pop(L, 1);
  lsr_setfuncs(L, functions);
}
