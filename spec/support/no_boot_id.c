/* Preloaded by specs: a Linux that does not tell which boot this is, as some containers and other
** systems. Built as build/no_boot_id.so.
** SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

/* <fcntl.h> may define open as another function. */
int open(const char *path, int flags, ...);

__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
  int (*real)(const char *, int, mode_t);
  void *symbol;
  va_list rest;
  mode_t mode;
  if (strcmp(path, "/proc/sys/kernel/random/boot_id") == 0) {
    errno = ENOENT;
    return -1;
  }
  va_start(rest, flags);
  mode = va_arg(rest, mode_t); /* garbage where there is none, and then not used */
  va_end(rest);
  symbol = dlsym(RTLD_NEXT, "open");
  memcpy(&real, &symbol, sizeof real);
  return real(path, flags, mode);
}
