/* The module lseranking_redis: hands the limiter on Redis to the core.
** SPDX-License-Identifier: MIT
**
** require returns a userdata with the metatable "seranking.limiter_driver". It holds a pointer to a
** struct sr_limiter_driver, which Lua does not own: the module is never unloaded. */
#include "limit/redis/sr_redis.h"
#include "lua/lseranking_version.h"

int luaopen_lseranking_redis(lua_State *L) __attribute__((visibility("default")));

int luaopen_lseranking_redis(lua_State *L) {
  static const char class_name[] = "seranking.limiter_driver";
  const struct sr_limiter_driver **driver;
  lsr_check_lua(L, "lseranking_redis");
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
