/* Limiter states as tables: a client's limiter, and the limiter files of a directory.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "limit/sr_share.h"

#include <string.h>

static void set_integer(lua_State *L, const char *name, int value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* Leaves the field out if the text is empty. */
static void set_text(lua_State *L, const char *name, const char *text) {
  if (text[0] != '\0')
    lsr_setstring(L, name, text);
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
    lsr_setseconds(L, "free_in", left);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "slots");
  set_integer(L, "limit", view->rate.slots);
  lsr_setseconds(L, "per", view->rate.window);
  set_integer(L, "busy", busy);
  set_integer(L, "free", view->rate.slots - busy);
  lsr_setseconds(L, "held_for", view->held_until > now ? view->held_until - now : 0);
  lsr_setboolean(L, "spaced", view->silent);
  lsr_setseconds(L, "spaced_for",
                 view->silent && view->silent_until > now ? view->silent_until - now : 0);
  set_text(L, "scope", view->scope);
  set_text(L, strcmp(view->scope, "redis") == 0 ? "server" : "file", view->place);
  set_text(L, "problem", view->problem);
  lua_createtable(L, 0, 6);
  lua_pushstring(L, view->block == SR_BLOCK_NONE ? "closed"
                    : view->blocked_until > now  ? "open"
                                                 : "half-open");
  lua_setfield(L, -2, "state");
  set_text(L, "reason",
           view->block == SR_BLOCK_RATE  ? "too_many_requests"
           : view->block == SR_BLOCK_KEY ? "bad_key"
                                         : "");
  lsr_setseconds(L, "retry_after", view->blocked_until > now ? view->blocked_until - now : 0);
  set_integer(L, "level", view->level);
  set_integer(L, "strikes", view->strikes);
  lsr_setboolean(L, "probing", view->probing);
  lua_setfield(L, -2, "circuit");
}

/* ---- the files ---- */

#define LIST "seranking.limits"

static void push_entry(lua_State *L, struct sr_share_entry *entry, sr_time now) {
  entry->view.scope = "user";
  entry->view.place = entry->path;
  memcpy(entry->view.problem, entry->problem, sizeof entry->view.problem);
  lsr_pushview(L, &entry->view, now);
  set_text(L, "name", entry->name);
  set_text(L, "key", entry->key_hint);
  set_text(L, "base_url", entry->base_url);
  if (entry->removed)
    lsr_setboolean(L, "removed", 1);
}

/*
** limits(dir | nil, group, name | nil, prune) -> list, directory | nil, problem. Lists the files of a
** directory, each as by lsr_pushview with name, key and base_url. First lifts the ban and hold of the
** limiter called `name`. `prune` removes unused files; their entries have `removed` set.
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
