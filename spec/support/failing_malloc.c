/* Preloaded and required by the spec of failing allocations: the n-th allocation of the process fails,
** whoever makes it: Lua, libcurl or this library. Built for each Lua as build/LUA/failing_malloc.so.
** glibc only.
** SPDX-License-Identifier: MIT
**
** arm(n, run): the n-th allocation from now on returns NULL, and the run - 1 that follow it (run: 1). Lua
** 5.4 tries each of its allocations twice, so it feels a run of 2. disarm() -> how many there were.
** spare(name): those of a library whose file has this name never fail: libuv ends the process if one does.
** live(): bytes that are allocated and not freed. */
#include <lauxlib.h>
#include <lua.h>

#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *block);

static atomic_long armed; /* the first allocation that fails; 0: none */
static atomic_long armed_run;
static atomic_long count;
static atomic_long bytes;

enum { SPARED_MAX = 4 };
static struct { uintptr_t begin, end; } spared[SPARED_MAX];
static int spared_count;

/* Whether an allocation that returns to `caller` fails. */
static int fails(const void *caller) {
  long first = atomic_load(&armed), number;
  int i;
  if (first == 0)
    return 0;
  for (i = 0; i < spared_count; i++)
    if ((uintptr_t)caller - spared[i].begin < spared[i].end - spared[i].begin)
      return 0;
  number = atomic_fetch_add(&count, 1) + 1;
  if (number < first || number >= first + atomic_load(&armed_run))
    return 0;
  errno = ENOMEM;
  return 1;
}

#define FAILS() fails(__builtin_return_address(0))

static void *counted(void *block) {
  if (block != NULL)
    atomic_fetch_add(&bytes, (long)malloc_usable_size(block));
  return block;
}

#define EXPORT __attribute__((visibility("default")))

EXPORT void *malloc(size_t size) {
  return FAILS() ? NULL : counted(__libc_malloc(size));
}

EXPORT void *calloc(size_t number, size_t size) {
  return FAILS() ? NULL : counted(__libc_calloc(number, size));
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
  if (size > had && FAILS())
    return NULL;
  block = __libc_realloc(old, size);
  if (block != NULL || size == 0)
    atomic_fetch_sub(&bytes, (long)had);
  return counted(block);
}

static int arm(lua_State *L) {
  atomic_store(&count, 0);
  atomic_store(&armed_run, (long)luaL_optinteger(L, 2, 1));
  atomic_store(&armed, (long)luaL_checkinteger(L, 1));
  return 0;
}

static int disarm(lua_State *L) {
  long made = atomic_load(&count);
  atomic_store(&armed, 0);
  lua_pushinteger(L, made);
  return 1;
}

static int note_library(struct dl_phdr_info *info, size_t size, void *user) {
  const char *slash = strrchr(info->dlpi_name, '/'), *name = user;
  int i;
  (void)size;
  if (slash == NULL || strncmp(slash + 1, name, strlen(name)) != 0 || spared_count == SPARED_MAX)
    return 0;
  for (i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
      spared[spared_count].begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
      spared[spared_count].end = spared[spared_count].begin + info->dlpi_phdr[i].p_memsz;
      spared_count++;
    }
  return 1;
}

static int spare(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_pushboolean(L, dl_iterate_phdr(note_library, (void *)(uintptr_t)name));
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
  lua_pushcfunction(L, spare);
  lua_setfield(L, -2, "spare");
  lua_pushcfunction(L, live);
  lua_setfield(L, -2, "live");
  return 1;
}
