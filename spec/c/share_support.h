/* Test support: limit files in a private directory, and system calls that are counted, fail or kill.
** SPDX-License-Identifier: MIT
**
** sr_share.c is compiled into the test again, under other names. */
#ifndef SPEC_SHARE_SUPPORT_H
#define SPEC_SHARE_SUPPORT_H

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- system calls ---- */

static int calls, kill_at, fail_at, fail_with;

/* 1: make this call fail. */
static inline int step(void) {
  if (++calls == kill_at)
    kill(getpid(), SIGKILL);
  if (calls != fail_at)
    return 0;
  errno = fail_with;
  return 1;
}

/* Functions, so that the lines of sr_share.c have the branches that they have elsewhere. */
#define RETURN(result, call) return step() ? result : call

static inline int stepping_mkdir(const char *path, mode_t mode) {
  RETURN(-1, mkdir(path, mode));
}

static inline int stepping_open(const char *path, int flags) {
  RETURN(-1, open(path, flags));
}

static inline int stepping_openat(int in, const char *path, int flags, ...) {
  mode_t mode = 0;
  va_list args;
  va_start(args, flags);
  if (flags & O_CREAT)
    mode = va_arg(args, mode_t);
  va_end(args);
  RETURN(-1, openat(in, path, flags, mode));
}

static inline int stepping_fstat(int fd, struct stat *st) {
  RETURN(-1, fstat(fd, st));
}

static inline ssize_t stepping_pwrite(int fd, const void *data, size_t len, off_t at) {
  RETURN(-1, pwrite(fd, data, len, at));
}

static inline int stepping_fchown(int fd, uid_t owner, gid_t group) {
  RETURN(-1, fchown(fd, owner, group));
}

static inline int stepping_fchmod(int fd, mode_t mode) {
  RETURN(-1, fchmod(fd, mode));
}

static inline int stepping_linkat(int from, const char *old, int to, const char *new, int flags) {
  RETURN(-1, linkat(from, old, to, new, flags));
}

static inline int stepping_unlinkat(int in, const char *path, int flags) {
  RETURN(-1, unlinkat(in, path, flags));
}

static inline void *stepping_mmap(void *at, size_t len, int protection, int flags, int fd,
                                  off_t from) {
  RETURN(MAP_FAILED, mmap(at, len, protection, flags, fd, from));
}

#undef RETURN

#define mkdir    stepping_mkdir
#define open     stepping_open
#define openat   stepping_openat
#define fstat    stepping_fstat
#define pwrite   stepping_pwrite
#define fchown   stepping_fchown
#define fchmod   stepping_fchmod
#define linkat   stepping_linkat
#define unlinkat stepping_unlinkat
#define mmap     stepping_mmap

#define sr_share_open        counted_open
#define sr_share_close       counted_close
#define sr_share_limit       counted_limit
#define sr_share_path        counted_path
#define sr_share_current     counted_current
#define sr_share_note        counted_note
#define sr_share_remove      counted_remove
#define sr_share_sweep       counted_sweep
#define sr_share_list_init   counted_list_init
#define sr_share_list_fini   counted_list_fini
#define sr_share_environment counted_environment
#include "limit/sr_share.c"

#undef mkdir
#undef open
#undef openat
#undef fstat
#undef pwrite
#undef fchown
#undef fchmod
#undef linkat
#undef unlinkat
#undef mmap

#include "http/sr_config.h"

#define S    SR_SECOND
#define NAME UINT64_C(0x0123456789abcdef)

/* ---- a directory for each test ---- */

/* Unused users and groups, different from those of concurrent runs. */
static unsigned other_user, third_user;

static char base[64]; /* searchable by others */
static char dir[100]; /* inside it; private, already created */
static int fds_before;
static char shm[64]; /* created by a test outside of it */

static char tmpdir[200], runtime_dir[200]; /* the environment before the test; "": not set */

static inline void put_back(const char *name, const char *value) {
  if (value[0] != '\0')
    setenv(name, value, 1);
  else
    unsetenv(name);
}

static inline int set_up(void **state) {
  const char *temporary = getenv("TMPDIR"), *runtime = getenv("XDG_RUNTIME_DIR");
  (void)state;
  other_user = 50000 + (unsigned)getpid() % 10000;
  third_user = other_user + 10000; /* 3 of them are used */
  snprintf(tmpdir, sizeof tmpdir, "%s", temporary != NULL ? temporary : "");
  snprintf(runtime_dir, sizeof runtime_dir, "%s", runtime != NULL ? runtime : "");
  calls = kill_at = fail_at = 0;
  umask(022);
  if (new_folder(base, sizeof base, "sr_share") != 0 || chmod(base, 0755) != 0)
    return -1;
  snprintf(dir, sizeof dir, "%s/state", base);
  fds_before = open_fds();
  return mkdir(dir, 0700);
}

/* Removes a test's files, two levels deep. */
static inline void remove_all(const char *path, int depth) {
  DIR *stream = depth > 0 ? opendir(path) : NULL;
  struct dirent *entry;
  while (stream != NULL && (entry = readdir(stream)) != NULL) {
    char inner[600];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    if ((size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= sizeof inner)
      continue;
    if (unlink(inner) != 0)
      remove_all(inner, depth - 1);
  }
  if (stream != NULL)
    closedir(stream);
  rmdir(path);
}

static inline int tear_down(void **state) {
  int fds = open_fds();
  (void)state;
  chmod(dir, 0700);
  remove_all(base, 3);
  if (shm[0] != '\0')
    remove_all(shm, 1);
  shm[0] = '\0';
  put_back("TMPDIR", tmpdir);
  put_back("XDG_RUNTIME_DIR", runtime_dir);
  if (fds != fds_before)
    print_error("%d descriptors before the test, %d after it\n", fds_before, fds);
  return fds != fds_before;
}

static inline struct sr_limit_identity identity(uint64_t name) {
  struct sr_limit_identity who = {name,
                                  "\xe2\x80\xa6"
                                  "d14b",
                                  "https://api4.seranking.com"};
  return who;
}

static inline struct sr_share *open_at(const char *path, int group, char *problem) {
  struct sr_share_place place = {path, group};
  struct sr_limit_identity who = identity(NAME);
  problem[0] = '\0';
  return sr_share_open(&place, &who, problem);
}

static inline struct sr_share *opened(void) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_at(dir, 0, problem);
  CHECK(share != NULL, "%s", problem);
  return share;
}

static inline int entries_of(const char *path) {
  DIR *stream = opendir(path);
  int count = -2;
  assert_non_null(stream);
  while (readdir(stream) != NULL)
    count++;
  closedir(stream);
  return count;
}

/* The file's name, whether or not it exists. */
static inline void name_of_file(char *out, size_t size) {
  struct sr_share *share = opened();
  snprintf(out, size, "%s", sr_share_path(share));
  sr_share_close(share);
}

/* Expects a refusal: a one-line message with these words, and no new files. */
static inline void expect_refused_at(const char *path, int group, const char *words) {
  char problem[SR_SHARE_PROBLEM];
  int before = entries_of(dir);
  struct sr_share *share = open_at(path, group, problem);
  CHECK(share == NULL, "it was opened; expected: %s", words);
  CHECK(strstr(problem, words) != NULL, "\"%s\" does not say \"%s\"", problem, words);
  assert_true(is_clean_line(problem, strlen(problem)));
  assert_int_equal(entries_of(dir), before);
}

static inline void expect_refused(const char *words) {
  expect_refused_at(dir, 0, words);
}

/* Runs `body` in a process of another user and group. It must return 0. */
static inline int as_user(unsigned uid, unsigned gid, int (*body)(void)) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
      _exit(99);
    _exit(body());
  }
  return exit_status(child);
}

#define NEEDS_ROOT()                                                                               \
  do {                                                                                             \
    if (geteuid() != 0) {                                                                          \
      print_message("skipped: only root can be another user\n");                                   \
      skip();                                                                                      \
    }                                                                                              \
  } while (0)

static inline void write_file(const char *path, const void *data, size_t len, mode_t mode) {
  int fd;
  unlink(path);
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_true(fd >= 0);
  assert_int_equal(fchmod(fd, mode), 0);
  assert_int_equal(write(fd, data, len), (ssize_t)len);
  close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
