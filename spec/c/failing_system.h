/* Test support: functions of the system that fail when a test says so. They replace libc's in the program.
** glibc only.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_FAILING_SYSTEM_H
#define SPEC_FAILING_SYSTEM_H

#include "support.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static _Atomic(const char *) failing; /* a function's name; NULL: none */
static atomic_int failing_after, failing_times, failing_errno;

/* The next `times` calls of `name` fail with `number`, after `after` calls that don't. */
static inline void let_fail(const char *name, int number, int after, int times) {
  atomic_store(&failing, NULL);
  atomic_store(&failing_errno, number);
  atomic_store(&failing_after, after);
  atomic_store(&failing_times, times);
  atomic_store(&failing, name);
}

/* Ends that. Returns whether all the calls that were to fail have been made. */
static inline int have_failed(void) {
  atomic_store(&failing, NULL);
  return atomic_load(&failing_times) <= 0;
}

static inline int must_fail(const char *name) {
  const char *armed = atomic_load(&failing);
  if (armed == NULL || strcmp(armed, name) != 0 || atomic_fetch_sub(&failing_after, 1) > 0 ||
      atomic_fetch_sub(&failing_times, 1) <= 0)
    return 0;
  errno = atomic_load(&failing_errno);
  return 1;
}

static atomic_int
    failing_named; /* 1: recv and send fail on the accepted ends of named unix sockets alone */

static inline int must_fail_on(int fd, const char *name) {
  struct sockaddr_un own;
  socklen_t len = sizeof own;
  if (atomic_load(&failing) == NULL)
    return 0;
  if (atomic_load(&failing_named) && (getsockname(fd, (struct sockaddr *)&own, &len) != 0 ||
                                      own.sun_family != AF_UNIX || len <= sizeof own.sun_family))
    return 0;
  return must_fail(name);
}

/* A function, and the arguments that it passes on to the real one. */
#define FAILING(result, name, declared, failure, ...)                                              \
  result name declared {                                                                           \
    result(*real) declared;                                                                        \
    void *symbol = dlsym(RTLD_NEXT, #name);                                                        \
    memcpy(&real, &symbol, sizeof real);                                                           \
    return must_fail(#name) ? failure : real(__VA_ARGS__);                                         \
  }

FAILING(int, getentropy, (void *data, size_t len), -1, data, len)
FAILING(int, ftruncate, (int fd, off_t len), -1, fd, len)
FAILING(off_t, lseek, (int fd, off_t at, int from), -1, fd, at, from)
FAILING(int, fsync, (int fd), -1, fd)
FAILING(ssize_t, read, (int fd, void *data, size_t len), (errno == 0 ? 0 : -1), fd, data, len)
FAILING(ssize_t, write, (int fd, const void *data, size_t len), -1, fd, data, len)
FAILING(int, listen, (int fd, int count), -1, fd, count)
FAILING(int, flock, (int fd, int what), -1, fd, what)
FAILING(int, access, (const char *path, int how), -1, path, how)
FAILING(int, rename, (const char *from, const char *to), -1, from, to)
FAILING(int, unlinkat, (int in, const char *path, int flags), -1, in, path, flags)
FAILING(int, fchown, (int fd, uid_t owner, gid_t group), -1, fd, owner, group)
FAILING(DIR *, fdopendir, (int fd), NULL, fd)
FAILING(void *, mmap, (void *at, size_t len, int how, int flags, int fd, off_t from), MAP_FAILED,
        at, len, how, flags, fd, from)
FAILING(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old), errno, how, set, old)
FAILING(int, sigtimedwait, (const sigset_t *set, siginfo_t *info, const struct timespec *most), -1,
        set, info, most)

ssize_t recv(int fd, void *data, size_t len, int flags) {
  ssize_t (*real)(int, void *, size_t, int);
  void *symbol = dlsym(RTLD_NEXT, "recv");
  memcpy(&real, &symbol, sizeof real);
  return must_fail_on(fd, "recv") ? -1 : real(fd, data, len, flags);
}

ssize_t send(int fd, const void *data, size_t len, int flags) {
  ssize_t (*real)(int, const void *, size_t, int);
  void *symbol = dlsym(RTLD_NEXT, "send");
  memcpy(&real, &symbol, sizeof real);
  return must_fail_on(fd, "send") ? -1 : real(fd, data, len, flags);
}

/* glibc declares these with a union in place of the address. */
int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t len) {
  int (*real)(int, __CONST_SOCKADDR_ARG, socklen_t);
  void *symbol = dlsym(RTLD_NEXT, "bind");
  memcpy(&real, &symbol, sizeof real);
  return must_fail("bind") ? -1 : real(fd, address, len);
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *len, int flags) {
  int (*real)(int, __SOCKADDR_ARG, socklen_t *, int);
  void *symbol = dlsym(RTLD_NEXT, "accept4");
  memcpy(&real, &symbol, sizeof real);
  return must_fail("accept4") ? -1 : real(fd, address, len, flags);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len) {
  int (*real)(int, int, int, void *, socklen_t *);
  void *symbol = dlsym(RTLD_NEXT, "getsockopt");
  memcpy(&real, &symbol, sizeof real);
  return must_fail("getsockopt") ? -1 : real(fd, level, name, value, len);
}

/* Older versions of glibc have it in the header alone. */
int fstat(int fd, struct stat *st) {
  return must_fail("fstat") ? -1 : fstatat(fd, "", st, AT_EMPTY_PATH);
}

/* In a folder that is open. */
int openat(int in, const char *path, int flags, ...) {
  int (*real)(int, const char *, int, ...);
  void *symbol = dlsym(RTLD_NEXT, "openat");
  mode_t mode = 0;
  va_list args;
  memcpy(&real, &symbol, sizeof real);
  va_start(args, flags);
  if (flags & O_CREAT)
    mode = va_arg(args, mode_t);
  va_end(args);
  return in != AT_FDCWD && must_fail("openat") ? -1 : real(in, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  va_list args;
  va_start(args, flags);
  if (flags & O_CREAT)
    mode = va_arg(args, mode_t);
  va_end(args);
  return must_fail("open") ? -1 : openat(AT_FDCWD, path, flags, mode);
}

/* Numbers and pointers are passed the same way. */
int fcntl(int fd, int what, ...) {
  int (*real)(int, int, ...);
  void *symbol = dlsym(RTLD_NEXT, "fcntl"), *value;
  va_list args;
  memcpy(&real, &symbol, sizeof real);
  va_start(args, what);
  value = va_arg(args, void *);
  va_end(args);
  return must_fail("fcntl") ? -1 : real(fd, what, value);
}

int ioctl(int fd, unsigned long what, ...) {
  int (*real)(int, unsigned long, ...);
  void *symbol = dlsym(RTLD_NEXT, "ioctl"), *value;
  va_list args;
  memcpy(&real, &symbol, sizeof real);
  va_start(args, what);
  value = va_arg(args, void *);
  va_end(args);
  return must_fail("ioctl") ? -1 : real(fd, what, value);
}

#endif
