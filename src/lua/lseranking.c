/* The module: opening it, and helpers of the binding.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "lua/lseranking_version.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

/* ---- helpers ---- */

void lsr_setfuncs(lua_State *L, const luaL_Reg *functions) {
  for (; functions->name != NULL; functions++) {
    lua_pushcfunction(L, functions->func);
    lua_setfield(L, -2, functions->name);
  }
}

void lsr_newclass(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta) {
  luaL_newmetatable(L, name);
  lsr_setfuncs(L, meta);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0); /* getmetatable() gives this: a finalizer can't be called by hand */
  lua_setfield(L, -2, "__metatable");
  lua_newtable(L);
  lsr_setfuncs(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

void *lsr_testobject(lua_State *L, int index, const char *name) {
  void *object = lua_touserdata(L, index);
  int same;
  if (object == NULL || !lua_getmetatable(L, index))
    return NULL;
  luaL_getmetatable(L, name);
  same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? object : NULL;
}

void *lsr_newobject(lua_State *L, size_t size, const char *name) {
  void *object = lua_newuserdata(L, size);
  memset(object, 0, size);
  luaL_getmetatable(L, name);
  lua_setmetatable(L, -2);
  return object;
}

char *lsr_copy(lua_State *L, const char *text, size_t len) {
  char *copy = lua_newuserdata(L, len + 1);
  memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}

sr_time lsr_checkseconds(lua_State *L, int index, const char *what) {
  lua_Number seconds = lua_tonumber(L, index);
  if (lua_type(L, index) != LUA_TNUMBER || !(seconds >= 0 && seconds <= 86400))
    luaL_error(L, "%s must be a number of seconds from 0 to 86400", what);
  return sr_seconds((double)seconds);
}

lua_Number lsr_checkwhole(lua_State *L, int index, const char *what, double least, double most) {
  lua_Number number = lua_tonumber(L, index);
  char range[64];
  if (lua_type(L, index) == LUA_TNUMBER && number >= least && number <= most &&
      (lua_Number)(int64_t)number == number)
    return number;
  snprintf(range, sizeof range, "%.0f to %.0f", least, most);
  luaL_error(L, "%s must be a whole number from %s", what, range);
  return 0; /* not reached */
}

void lsr_pushseconds(lua_State *L, sr_time t) {
  lua_pushnumber(L, (lua_Number)((double)t / 1e9));
}

void lsr_setstring(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

void lsr_setseconds(lua_State *L, const char *name, sr_time t) {
  lsr_pushseconds(L, t);
  lua_setfield(L, -2, name);
}

void lsr_setboolean(lua_State *L, const char *name, int value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* ---- fields of option tables ---- */

void lsr_pushfield(lua_State *L, int index, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, index);
}

const char *lsr_fieldstring(lua_State *L, int index, const char *name, size_t *len) {
  const char *text;
  lsr_pushfield(L, index, name);
  text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, len) : NULL;
  lua_pop(L, 1);
  return text;
}

int lsr_fieldflag(lua_State *L, int index, const char *name) {
  int value;
  lsr_pushfield(L, index, name);
  value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

lua_Number lsr_fieldwhole(lua_State *L, int index, const char *name, lua_Number otherwise,
                          double least, double most) {
  lua_Number value = otherwise;
  lsr_pushfield(L, index, name);
  if (!lua_isnil(L, -1))
    value = lsr_checkwhole(L, -1, name, least, most);
  lua_pop(L, 1);
  return value;
}

sr_time lsr_fieldseconds(lua_State *L, int index, const char *name, sr_time otherwise) {
  sr_time value = otherwise;
  lsr_pushfield(L, index, name);
  if (!lua_isnil(L, -1))
    value = lsr_checkseconds(L, -1, name);
  lua_pop(L, 1);
  return value;
}

/*
** lock_file(descriptor) -> whether nobody else has the file locked. The lock ends with the descriptor, however the process ends.
** True where the file system has no locks.
*/
static int lock_file(lua_State *L) {
  int fd = (int)lsr_checkwhole(L, 1, "descriptor", 0, INT_MAX);
  lua_pushboolean(L, flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
  return 1;
}

/*
** begin_write(descriptor, from, size): the system begins to write these bytes of a file to the disk, so that fsync waits less later.
** Nothing happens on failure, which fsync will tell, and where there is no such call.
*/
static int begin_write(lua_State *L) {
  int fd = (int)lsr_checkwhole(L, 1, "descriptor", 0, INT_MAX);
  off_t from = (off_t)lsr_checkwhole(L, 2, "from", 0, LSR_WHOLE_MAX),
        size = (off_t)lsr_checkwhole(L, 3, "size", 0, LSR_WHOLE_MAX);
#ifdef SYNC_FILE_RANGE_WRITE
  (void)!sync_file_range(fd, from, size, SYNC_FILE_RANGE_WRITE);
#else
  (void)fd, (void)from, (void)size;
#endif
  return 0;
}

/* ---- opening ---- */

int luaopen_lseranking(lua_State *L) __attribute__((visibility("default")));

int luaopen_lseranking(lua_State *L) {
  lsr_check_lua(L, "lseranking");
  lua_newtable(L);
  lua_pushliteral(L, SR_VERSION);
  lua_setfield(L, -2, "version");
  lua_pushstring(L, curl_version());
  lua_setfield(L, -2, "curl");
  lua_pushcfunction(L, lock_file);
  lua_setfield(L, -2, "lock_file");
  lua_pushcfunction(L, begin_write);
  lua_setfield(L, -2, "begin_write");
  lsr_open_client(L);
  lsr_open_call(L);
  lsr_open_account(L);
  lsr_open_value(L);
  lsr_open_json(L);
  lsr_open_decoding(L);
  lsr_open_csv(L);
  lsr_open_limit(L);
  lsr_open_worker(L);
  return 1;
}
