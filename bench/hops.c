/* Counts the functions of lseranking.so entered between hops.on() and hops.off(). lseranking.so must be
** built with -finstrument-functions. This library is both preloaded and loaded by Lua.
** SPDX-License-Identifier: MIT */
#include <lauxlib.h>
#include <lua.h>

#include <dlfcn.h>
#include <stdio.h>

#define PLAIN __attribute__((no_instrument_function))

void __cyg_profile_func_enter(void *function, void *caller);
void __cyg_profile_func_exit(void *function, void *caller);
int luaopen_hops(lua_State *L);

static int counting, depth;
static long entered;
static FILE *tree; /* a line per entry: depth, offset in the module */

PLAIN void __cyg_profile_func_enter(void *function, void *caller) {
  Dl_info info;
  (void)caller;
  if (!counting)
    return;
  counting = 0; /* don't count calls made here */
  entered++;
  if (tree != NULL && dladdr(function, &info) != 0)
    fprintf(tree, "%d %lx\n", depth, (unsigned long)((char *)function - (char *)info.dli_fbase));
  depth++;
  counting = 1;
}

PLAIN void __cyg_profile_func_exit(void *function, void *caller) {
  (void)function;
  (void)caller;
  if (counting)
    depth--;
}

/* hops.on(file): starts counting. */
PLAIN static int hops_on(lua_State *L) {
  tree = fopen(luaL_checkstring(L, 1), "w");
  entered = depth = 0;
  counting = 1;
  return 0;
}

/* hops.off() -> number of entries */
PLAIN static int hops_off(lua_State *L) {
  counting = 0;
  if (tree != NULL)
    fclose(tree);
  tree = NULL;
  lua_pushinteger(L, entered);
  return 1;
}

PLAIN int luaopen_hops(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, hops_on);
  lua_setfield(L, -2, "on");
  lua_pushcfunction(L, hops_off);
  lua_setfield(L, -2, "off");
  return 1;
}
