/* Values: checking UTF-8, clocks for tests, files of keys.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "base/sr_secret_file.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* utf8_error(text) -> nil, or the position of the first byte that is not UTF-8. */
static int value_utf8_error(lua_State *L) {
  size_t len, bad;
  const char *text = luaL_checklstring(L, 1, &len);
  bad = sr_utf8_valid(text, len);
  if (bad == len)
    return 0;
  lua_pushinteger(L, (lua_Integer)bad + 1);
  return 1;
}

/* ---- clocks ---- */

#define CLOCK "seranking.clock"

/* Ten years in seconds. Times are 64-bit nanoseconds. */
#define MOVE_MAX 315576000.0

struct clock_object {
  struct lsr_clock *clock;
};

void lsr_clock_unref(struct lsr_clock *clock) {
  if (clock != NULL && --clock->refs == 0)
    free(clock);
}

struct lsr_clock *lsr_testclock(lua_State *L, int index) {
  struct clock_object *object = lsr_testobject(L, index, CLOCK);
  return object != NULL ? object->clock : NULL;
}

/* clock() -> a manual clock that starts at 0. */
static int clock_new(lua_State *L) {
  static atomic_uint_fast64_t last_id;
  struct clock_object *object = lsr_newobject(L, sizeof *object, CLOCK);
  object->clock = calloc(1, sizeof *object->clock);
  if (object->clock == NULL)
    return luaL_error(L, "not enough memory");
  object->clock->refs = 1;
  object->clock->id = (atomic_fetch_add(&last_id, 1) + 1) * UINT64_C(0x9e3779b97f4a7c15);
  return 1;
}

static struct lsr_clock *check_clock(lua_State *L) {
  struct clock_object *object = luaL_checkudata(L, 1, CLOCK);
  if (object->clock == NULL) /* used in another finalizer when the state closes */
    luaL_error(L, "the clock is closed");
  return object->clock;
}

static int clock_now(lua_State *L) {
  lsr_pushseconds(L, check_clock(L)->manual.now);
  return 1;
}

static int clock_advance(lua_State *L) {
  struct lsr_clock *clock = check_clock(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0 && seconds <= MOVE_MAX, 2, "seconds from 0 to ten years");
  luaL_argcheck(L, clock->manual.now <= SR_NEVER / 2, 2, "the clock is at its maximum");
  clock->manual.now += sr_seconds((double)seconds);
  return 0;
}

/* is_clock(value) -> boolean */
static int clock_is(lua_State *L) {
  lua_pushboolean(L, lsr_testclock(L, 1) != NULL);
  return 1;
}

static int clock_gc(lua_State *L) {
  struct clock_object *object = luaL_checkudata(L, 1, CLOCK);
  lsr_clock_unref(object->clock);
  object->clock = NULL;
  return 0;
}

/* monotonic() -> seconds of the engine's clock */
static int value_monotonic(lua_State *L) {
  lsr_pushseconds(L, sr_clock_monotonic.now(NULL));
  return 1;
}

/* secret_file(path) -> the text of a file that only this user can read; nil: there is none; nil, problem. */
static int value_secret_file(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct sr_secret_file *file = lua_newuserdata(L, sizeof *file);
  switch (sr_secret_file_read(path, file)) {
  case SR_SECRET_READ:
    lua_pushlstring(L, file->text, file->len);
    return 1;
  case SR_SECRET_MISSING:
    return 0;
  case SR_SECRET_REFUSED:
    break;
  }
  lua_pushnil(L);
  lua_pushstring(L, file->problem);
  return 2;
}

extern char **environ;

/*
** variables(prefix) -> list: the names of the environment's variables that begin so. Values, which may be
** secrets, do not become Lua strings.
*/
static int value_variables(lua_State *L) {
  size_t len;
  const char *prefix = luaL_checklstring(L, 1, &len);
  char **entry;
  int count = 0;
  lua_newtable(L);
  for (entry = environ; entry != NULL && *entry != NULL; entry++) {
    if (strncmp(*entry, prefix, len) != 0)
      continue;
    lua_pushlstring(L, *entry, strcspn(*entry, "="));
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

static const luaL_Reg clock_methods[] = {
    {"now", clock_now}, {"advance", clock_advance}, {NULL, NULL}};
static const luaL_Reg clock_meta[] = {{"__gc", clock_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"utf8_error", value_utf8_error},
                                     {"clock", clock_new},
                                     {"is_clock", clock_is},
                                     {"monotonic", value_monotonic},
                                     {"secret_file", value_secret_file},
                                     {"variables", value_variables},
                                     {NULL, NULL}};

void lsr_open_value(lua_State *L) {
  lsr_newclass(L, CLOCK, clock_methods, clock_meta);
  lsr_setfuncs(L, functions);
}
