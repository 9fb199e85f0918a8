/* Processes for specs. Built for each Lua as build/LUA/posix_for_specs.so.
** SPDX-License-Identifier: MIT
**
** fork() -> 0 in the child, the child's pid in the parent. kill(pid, signal). wait(pid) -> "exit" |
** "signal", number. pid(). */
#include <lauxlib.h>
#include <lua.h>

#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <errno.h>
#include <unistd.h>

static int failed(lua_State *L, const char *what) {
  return luaL_error(L, "%s: %s", what, strerror(errno));
}

static int posix_fork(lua_State *L) {
  pid_t pid = fork();
  if (pid < 0)
    return failed(L, "fork");
  lua_pushinteger(L, pid);
  return 1;
}

static int posix_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static int posix_kill(lua_State *L) {
  if (kill((pid_t)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2)) != 0)
    return failed(L, "kill");
  return 0;
}

static int posix_wait(lua_State *L) {
  int status;
  pid_t pid = (pid_t)luaL_checkinteger(L, 1);
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR)
      return failed(L, "waitpid");
  lua_pushstring(L, WIFEXITED(status) ? "exit" : "signal");
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  return 2;
}

int luaopen_posix_for_specs(lua_State *L) __attribute__((visibility("default")));

int luaopen_posix_for_specs(lua_State *L) {
  static const luaL_Reg functions[] = {{"fork", posix_fork},
                                       {"pid", posix_pid},
                                       {"kill", posix_kill},
                                       {"wait", posix_wait},
                                       {NULL, NULL}};
  const luaL_Reg *f;
  lua_newtable(L);
  for (f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
