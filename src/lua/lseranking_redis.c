/* The module lseranking_redis: hands the limiter on Redis to the core.
** SPDX-License-Identifier: MIT
**
** What require gives is a userdata with the metatable "seranking.limiter_driver" that holds a
** pointer to a struct sr_limiter_driver. Nothing of it is owned by Lua, and the module is never
** unloaded. */
#include "limit/redis/sr_redis.h"

#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

/* Which Lua this process runs: see lseranking.c. */
static const char *running_lua(void) {
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

int luaopen_lseranking_redis(lua_State *L) __attribute__((visibility("default")));

int luaopen_lseranking_redis(lua_State *L) {
  static const char class_name[] = "seranking.limiter_driver";
  const char *running = running_lua();
  const struct sr_limiter_driver **driver;
  if (strcmp(running, LUA_VERSION) != 0)
    return luaL_error(
        L, "this lseranking_redis was built for %s but %s loads it: build it again with LUA=%s",
        LUA_VERSION, running, running + 4);
  driver = lua_newuserdata(L, sizeof(void *));
  *driver = &sr_redis_driver;
  if (luaL_newmetatable(L, class_name)) {
    lua_pushstring(L, class_name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0); /* getmetatable() gives this */
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, -2);
  return 1;
}
