/* Limiters as people see them: one client's, and all files of a directory.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "limit/sr_share.h"

#include <string.h>

static void set_seconds(lua_State *L, const char *name, sr_time t) {
  lsr_pushseconds(L, t);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, int value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *value) {
  if (value[0] != '\0') {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
  }
}

void lsr_pushview(lua_State *L, const struct sr_limit_view *view, sr_time now) {
  int i, busy = 0;
  lua_createtable(L, 0, 14);
  lua_createtable(L, view->rate.slots, 0);
  for (i = 0; i < view->rate.slots; i++) {
    sr_time left = view->free_at[i] > now ? view->free_at[i] - now : 0;
    busy += left > 0;
    lua_createtable(L, 0, 2);
    lua_pushstring(L, left == 0 ? "free" : view->leased[i] ? "in use" : "cooling");
    lua_setfield(L, -2, "state");
    set_seconds(L, "free_in", left);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "slots");
  set_integer(L, "limit", view->rate.slots);
  set_seconds(L, "per", view->rate.window);
  set_integer(L, "busy", busy);
  set_integer(L, "free", view->rate.slots - busy);
  set_seconds(L, "held_for", view->held_until > now ? view->held_until - now : 0);
  lua_pushboolean(L, view->silent);
  lua_setfield(L, -2, "spaced");
  set_seconds(L, "spaced_for",
              view->silent && view->silent_until > now ? view->silent_until - now : 0);
  set_string(L, "scope", view->scope);
  set_string(L, strcmp(view->scope, "redis") == 0 ? "server" : "file", view->place);
  set_string(L, "problem", view->problem);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, view->block == SR_BLOCK_NONE ? "closed"
                    : view->blocked_until > now  ? "open"
                                                 : "half-open");
  lua_setfield(L, -2, "state");
  set_string(L, "reason",
             view->block == SR_BLOCK_RATE  ? "too_many_requests"
             : view->block == SR_BLOCK_KEY ? "bad_key"
                                           : "");
  set_seconds(L, "retry_after", view->blocked_until > now ? view->blocked_until - now : 0);
  set_integer(L, "level", view->level);
  set_integer(L, "strikes", view->strikes);
  lua_pushboolean(L, view->probing);
  lua_setfield(L, -2, "probing");
  lua_setfield(L, -2, "circuit");
}

/* ---- the files ---- */

#define LIST "seranking.limits"

static void push_entry(lua_State *L, struct sr_share_entry *entry, sr_time now) {
  entry->view.scope = "user";
  entry->view.place = entry->path;
  memcpy(entry->view.problem, entry->problem, sizeof entry->view.problem);
  lsr_pushview(L, &entry->view, now);
  set_string(L, "name", entry->name);
  set_string(L, "key", entry->key_hint);
  set_string(L, "base_url", entry->base_url);
  if (entry->removed) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "removed");
  }
}

/*
** limits(dir | nil, group, name | nil, prune) -> list, directory | nil, problem. What the files of a
** directory hold, each as lsr_pushview has it, with name, key and base_url; ban and hold of the one
** called `name` are ended first. `prune`: files of no use are removed; they have `removed` set.
*/
static int limits_list(lua_State *L) {
  struct sr_share_place place;
  struct sr_share_list *list;
  char problem[SR_SHARE_PROBLEM];
  sr_time now = sr_clock_monotonic.now(NULL);
  int i;
  place.dir = luaL_optstring(L, 1, NULL);
  place.group = lua_toboolean(L, 2);
  lua_settop(L, 4);
  list = lsr_newobject(L, sizeof *list, LIST);
  sr_share_environment();
  if (sr_share_list_init(list, &place, now, luaL_optstring(L, 3, NULL), lua_toboolean(L, 4),
                         problem) != 0) {
    lua_pushnil(L);
    lua_pushstring(L, problem);
    return 2;
  }
  lua_createtable(L, list->count, 0);
  for (i = 0; i < list->count; i++) {
    push_entry(L, &list->entries[i], now);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushstring(L, list->dir);
  return 2;
}

static int list_gc(lua_State *L) {
  sr_share_list_fini(luaL_checkudata(L, 1, LIST));
  return 0;
}

static const luaL_Reg meta[] = {{"__gc", list_gc}, {NULL, NULL}};
static const luaL_Reg no_methods[] = {{NULL, NULL}};
static const luaL_Reg functions[] = {{"limits", limits_list}, {NULL, NULL}};

void lsr_open_limit(lua_State *L) {
  lsr_newclass(L, LIST, no_methods, meta);
  lsr_setfuncs(L, functions);
}
