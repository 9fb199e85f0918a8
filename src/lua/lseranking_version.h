/* Refuses to be loaded by another Lua than the one that a module was built for.
** SPDX-License-Identifier: MIT */
#ifndef LSERANKING_VERSION_H
#define LSERANKING_VERSION_H

#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

/* The Lua of this process, by the functions that it has. */
static inline const char *lsr_running_lua(void) {
  if (dlsym(RTLD_DEFAULT, "lua_newuserdatauv") != NULL)
    return dlsym(RTLD_DEFAULT, "lua_closethread") != NULL &&
                   dlsym(RTLD_DEFAULT, "lua_numbertocstring") != NULL
               ? "Lua 5.5"
               : "Lua 5.4";
  if (dlsym(RTLD_DEFAULT, "lua_rotate") != NULL)
    return "Lua 5.3";
  if (dlsym(RTLD_DEFAULT, "lua_callk") != NULL)
    return "Lua 5.2";
  return "Lua 5.1";
}

/*
** A Lua error if the wrong Lua loads `module`. Call it first: nothing of lua.h that differs between
** versions may be used before.
*/
static inline void lsr_check_lua(lua_State *L, const char *module) {
  const char *running = lsr_running_lua();
  if (strcmp(running, LUA_VERSION) != 0)
    luaL_error(
        L,
        "this %s was built for %s but %s loads it: build it again with LUA=%s, or run it with "
        "%s (busted --lua=PATH)",
        module, LUA_VERSION, running, running + 4, LUA_VERSION);
}

#endif
