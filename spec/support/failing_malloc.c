/* Preloaded and required by the spec of failing allocations: the n-th allocation of the process fails,
** whoever makes it: Lua, libcurl or this library. Built for each Lua as build/LUA/failing_malloc.so.
** glibc only.
** SPDX-License-Identifier: MIT
**
** arm(n): the n-th allocation from now on returns NULL, and no other. disarm() -> how many there were.
** live(): bytes that are allocated and not freed. */
#include <lauxlib.h>
#include <lua.h>

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *block);

static atomic_long armed; /* the allocation that fails; 0: none */
static atomic_long count;
static atomic_long bytes;

static int fails(void) {
  if (atomic_load(&armed) == 0 || atomic_fetch_add(&count, 1) + 1 != atomic_load(&armed))
    return 0;
  errno = ENOMEM;
  return 1;
}

static void *counted(void *block) {
  if (block != NULL)
    atomic_fetch_add(&bytes, (long)malloc_usable_size(block));
  return block;
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size) {
  return fails() ? NULL : counted(__libc_malloc(size));
}

EXPORT void *calloc(size_t number, size_t size) {
  return fails() ? NULL : counted(__libc_calloc(number, size));
}

EXPORT void free(void *block) {
  if (block != NULL)
    atomic_fetch_sub(&bytes, (long)malloc_usable_size(block));
  __libc_free(block);
}

/* Lua relies on it that blocks can be made smaller. */
EXPORT void *realloc(void *old, size_t size) {
  size_t had = old != NULL ? malloc_usable_size(old) : 0;
  void *block;
  if (size > had && fails())
    return NULL;
  block = __libc_realloc(old, size);
  if (block != NULL || size == 0)
    atomic_fetch_sub(&bytes, (long)had);
  return counted(block);
}

static int arm(lua_State *L) {
  atomic_store(&count, 0);
  atomic_store(&armed, (long)luaL_checkinteger(L, 1));
  return 0;
}

static int disarm(lua_State *L) {
  long made = atomic_load(&count);
  atomic_store(&armed, 0);
  lua_pushinteger(L, made);
  return 1;
}

static int live(lua_State *L) {
  lua_pushinteger(L, atomic_load(&bytes));
  return 1;
}

int luaopen_failing_malloc(lua_State *L) EXPORT;

int luaopen_failing_malloc(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, arm);
  lua_setfield(L, -2, "arm");
  lua_pushcfunction(L, disarm);
  lua_setfield(L, -2, "disarm");
  lua_pushcfunction(L, live);
  lua_setfield(L, -2, "live");
  return 1;
}
