/* Preloaded by specs: a Linux that does not tell which boot this is, as some containers and other
** systems. Built as build/no_boot_id.so.
** SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* <fcntl.h> may define these as other functions. */
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int openat(int folder, const char *path, int flags, ...);
int openat64(int folder, const char *path, int flags, ...);

/* Replaces a function. Without a mode, `mode` is garbage that the real one does not use. */
#define REPLACED(name, declared, ...)                                                              \
  __attribute__((visibility("default"))) int name declared {                                       \
    int(*real) declared;                                                                           \
    void *symbol;                                                                                  \
    va_list rest;                                                                                  \
    mode_t mode;                                                                                   \
    if (strcmp(path, BOOT_ID) == 0) {                                                              \
      errno = ENOENT;                                                                              \
      return -1;                                                                                   \
    }                                                                                              \
    va_start(rest, flags);                                                                         \
    mode = va_arg(rest, mode_t);                                                                   \
    va_end(rest);                                                                                  \
    symbol = dlsym(RTLD_NEXT, #name);                                                              \
    memcpy(&real, &symbol, sizeof real);                                                           \
    return real(__VA_ARGS__, mode);                                                                \
  }

REPLACED(open, (const char *path, int flags, ...), path, flags)
REPLACED(open64, (const char *path, int flags, ...), path, flags)
REPLACED(openat, (int folder, const char *path, int flags, ...), folder, path, flags)
REPLACED(openat64, (int folder, const char *path, int flags, ...), folder, path, flags)
