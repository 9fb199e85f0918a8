/* The file that processes share: how it is found, made, refused and looked at.
** SPDX-License-Identifier: MIT
**
** Compiled into this program once more, under other names, with its system calls counted, so that a
** process can be killed at any of them, and any of them can fail. Some tests need another user:
** they are skipped unless root runs them. */
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- system calls ---- */

static int calls, kill_at, fail_at, fail_with;

/* 1: this one fails. */
static int step(void) {
  if (++calls == kill_at)
    kill(getpid(), SIGKILL);
  if (calls != fail_at)
    return 0;
  errno = fail_with;
  return 1;
}

#define mkdir(...)    (step() ? -1 : mkdir(__VA_ARGS__))
#define open(...)     (step() ? -1 : open(__VA_ARGS__))
#define openat(...)   (step() ? -1 : openat(__VA_ARGS__))
#define fstat(...)    (step() ? -1 : fstat(__VA_ARGS__))
#define pwrite(...)   (step() ? -1 : pwrite(__VA_ARGS__))
#define fchown(...)   (step() ? -1 : fchown(__VA_ARGS__))
#define fchmod(...)   (step() ? -1 : fchmod(__VA_ARGS__))
#define linkat(...)   (step() ? -1 : linkat(__VA_ARGS__))
#define unlinkat(...) (step() ? -1 : unlinkat(__VA_ARGS__))
#define mmap(...)     (step() ? MAP_FAILED : mmap(__VA_ARGS__))

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

/* Users and groups that nobody is; others than those of this program run beside it. */
static unsigned other_user, third_user;

static char base[64]; /* others may pass through it */
static char dir[100]; /* in it, ours alone, made already */
static int fds_before;
static char shm[64]; /* what a test has made outside of it */

static char tmpdir[200], runtime_dir[200]; /* the environment before the test; "": not set */

static void put_back(const char *name, const char *value) {
  if (value[0] != '\0')
    setenv(name, value, 1);
  else
    unsetenv(name);
}

static int open_fds(void) {
  DIR *stream = opendir("/proc/self/fd");
  int count = 0;
  if (stream == NULL)
    return 0;
  while (readdir(stream) != NULL)
    count++;
  closedir(stream);
  return count;
}

static int set_up(void **state) {
  const char *temporary = getenv("TMPDIR"), *runtime = getenv("XDG_RUNTIME_DIR");
  (void)state;
  snprintf(tmpdir, sizeof tmpdir, "%s", temporary != NULL ? temporary : "");
  snprintf(runtime_dir, sizeof runtime_dir, "%s", runtime != NULL ? runtime : "");
  calls = kill_at = fail_at = 0;
  umask(022);
  snprintf(base, sizeof base, "%.40s/sr_share_XXXXXX", temporary != NULL ? temporary : "/tmp");
  if (mkdtemp(base) == NULL || chmod(base, 0755) != 0)
    return -1;
  snprintf(dir, sizeof dir, "%s/state", base);
  fds_before = open_fds();
  return mkdir(dir, 0700);
}

/* Removes what a test has left, two levels deep. */
static void remove_all(const char *path, int depth) {
  DIR *stream = depth > 0 ? opendir(path) : NULL;
  struct dirent *entry;
  while (stream != NULL && (entry = readdir(stream)) != NULL) {
    char inner[600];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
    if (unlink(inner) != 0)
      remove_all(inner, depth - 1);
  }
  if (stream != NULL)
    closedir(stream);
  rmdir(path);
}

static int tear_down(void **state) {
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

static struct sr_limit_identity identity(uint64_t name) {
  struct sr_limit_identity who = {name,
                                  "\xe2\x80\xa6"
                                  "d14b",
                                  "https://api4.seranking.com"};
  return who;
}

static struct sr_share *open_at(const char *path, int group, char *problem) {
  struct sr_share_place place = {path, group};
  struct sr_limit_identity who = identity(NAME);
  problem[0] = '\0';
  return sr_share_open(&place, &who, problem);
}

static struct sr_share *opened(void) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_at(dir, 0, problem);
  CHECK(share != NULL, "%s", problem);
  return share;
}

static int entries_of(const char *path) {
  DIR *stream = opendir(path);
  int count = -2;
  assert_non_null(stream);
  while (readdir(stream) != NULL)
    count++;
  closedir(stream);
  return count;
}

/* The name that the file has, or would have. */
static void name_of_file(char *out, size_t size) {
  struct sr_share *share = opened();
  snprintf(out, size, "%s", sr_share_path(share));
  sr_share_close(share);
}

/* Refused, with these words in the message, which is one line; and nothing was put anywhere. */
static void expect_refused_at(const char *path, int group, const char *words) {
  char problem[SR_SHARE_PROBLEM];
  int before = entries_of(dir);
  struct sr_share *share = open_at(path, group, problem);
  CHECK(share == NULL, "it was opened; expected: %s", words);
  CHECK(strstr(problem, words) != NULL, "\"%s\" does not say \"%s\"", problem, words);
  assert_true(is_clean_line(problem, strlen(problem)));
  assert_int_equal(entries_of(dir), before);
}

static void expect_refused(const char *words) {
  expect_refused_at(dir, 0, words);
}

/* Runs `body` in a process of another user and group; 0 is what is expected of it. */
static int as_user(unsigned uid, unsigned gid, int (*body)(void)) {
  pid_t child = fork();
  int status = -1;
  assert_true(child >= 0);
  if (child == 0) {
    if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
      _exit(99);
    _exit(body());
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

#define NEEDS_ROOT()                                                                               \
  do {                                                                                             \
    if (geteuid() != 0) {                                                                          \
      print_message("skipped: only root can be another user\n");                                   \
      skip();                                                                                      \
    }                                                                                              \
  } while (0)

/* ---- making and finding ---- */

static void the_first_makes_the_file_and_the_next_finds_it(void **state) {
  struct sr_share *first = opened(), *second = opened();
  (void)state;
  assert_int_equal(entries_of(dir), 1);
  assert_string_equal(sr_share_path(first), sr_share_path(second));
  assert_true(sr_share_limit(first) != sr_share_limit(second));
  atomic_store(&sr_share_limit(first)->slots[7], 12345678);
  assert_int_equal(atomic_load(&sr_share_limit(second)->slots[7]), 12345678);
  sr_share_close(first);
  assert_int_equal(atomic_load(&sr_share_limit(second)->slots[7]), 12345678);
  sr_share_close(second);
  sr_share_close(NULL);
  first = opened(); /* it outlives those who use it */
  assert_int_equal(atomic_load(&sr_share_limit(first)->slots[7]), 12345678);
  sr_share_close(first);
}

static void the_file_is_one_page_that_only_its_owner_can_read(void **state) {
  char path[512];
  struct stat st;
  mode_t mask;
  (void)state;
  mask = umask(0);
  name_of_file(path, sizeof path);
  umask(mask);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode, S_IFREG | 0600);
  assert_int_equal(st.st_size, 4096);
  assert_int_equal(st.st_uid, geteuid());
}

static void its_name_is_the_hash_and_the_boot(void **state) {
  char path[512], expected[200], digits[9];
  (void)state;
  name_of_file(path, sizeof path);
  snprintf(expected, sizeof expected, "%s/0123456789abcdef-", dir);
  assert_int_equal(strncmp(path, expected, strlen(expected)), 0);
  assert_int_equal(sscanf(path + strlen(expected), "%8[0-9a-f]", digits), 1);
  assert_int_equal(strlen(digits), 8);
  assert_string_equal(path + strlen(expected) + 8, ".limit");
}

static void limits_of_different_names_have_different_files(void **state) {
  struct sr_share_place place = {dir, 0};
  struct sr_limit_identity other = identity(NAME + 1);
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *first = opened(), *second = sr_share_open(&place, &other, problem);
  (void)state;
  assert_non_null(second);
  assert_int_equal(entries_of(dir), 2);
  atomic_store(&sr_share_limit(first)->slots[0], 2);
  assert_int_equal(atomic_load(&sr_share_limit(second)->slots[0]), 0);
  sr_share_close(first);
  sr_share_close(second);
}

static void a_missing_directory_is_made_for_its_owner_alone(void **state) {
  char path[200], problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  struct stat st;
  mode_t mask = umask(0);
  (void)state;
  snprintf(path, sizeof path, "%s/new", dir);
  share = open_at(path, 0, problem);
  umask(mask);
  CHECK(share != NULL, "%s", problem);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode, S_IFDIR | 0700);
  sr_share_close(share);
}

enum { CROWD = 20 };

static void twenty_processes_that_create_at_once_get_the_same_file(void **state) {
  struct gate {
    atomic_int ready, failed;
  } *gate = mmap(NULL, sizeof *gate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int round;
  (void)state;
  assert_true(gate != MAP_FAILED);
  for (round = 0; round < rounds(20); round++) {
    struct sr_share *share;
    char path[512];
    int i;
    atomic_store(&gate->ready, 0);
    for (i = 0; i < CROWD; i++) {
      pid_t child = fork();
      assert_true(child >= 0);
      if (child == 0) {
        char problem[SR_SHARE_PROBLEM];
        atomic_fetch_add(&gate->ready, 1);
        while (atomic_load(&gate->ready) < CROWD)
          usleep(100);
        share = open_at(dir, 0, problem);
        if (share == NULL)
          atomic_fetch_add(&gate->failed, 1);
        else
          atomic_fetch_add(&sr_share_limit(share)->slots[0], 2);
        sr_share_close(share);
        _exit(0);
      }
    }
    for (i = 0; i < CROWD; i++)
      assert_true(wait(NULL) > 0);
    assert_int_equal(atomic_load(&gate->failed), 0);
    assert_int_equal(entries_of(dir), 1); /* and no temporary file */
    share = opened();
    assert_int_equal(atomic_load(&sr_share_limit(share)->slots[0]), 2 * CROWD);
    snprintf(path, sizeof path, "%s", sr_share_path(share));
    sr_share_close(share);
    assert_int_equal(unlink(path), 0);
  }
  munmap(gate, sizeof *gate);
}

/* Two containers on one directory have processes of the same number. */
static void a_temporary_file_of_another_process_of_the_same_number_is_left_alone(void **state) {
  char path[200], text[8] = "";
  int n, fd;
  (void)state;
  for (n = 0; n < 200; n++) {
    snprintf(path, sizeof path, "%s/.new-%ld-%d", dir, (long)getpid(), n);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "theirs", 6), 6);
    close(fd);
  }
  sr_share_close(opened());
  for (n = 0; n < 200; n++) {
    snprintf(path, sizeof path, "%s/.new-%ld-%d", dir, (long)getpid(), n);
    fd = open(path, O_RDONLY);
    CHECK(fd >= 0, "%s is gone", path);
    assert_int_equal(read(fd, text, sizeof text), 6);
    close(fd);
    assert_memory_equal(text, "theirs", 6);
  }
}

/* ---- killed, and failing, at every system call ---- */

static int calls_to_open(void) {
  struct sr_share *share;
  calls = 0;
  share = opened();
  assert_int_equal(unlink(sr_share_path(share)), 0);
  sr_share_close(share);
  return calls;
}

static void remaining_are_temporary(void) {
  DIR *stream = opendir(dir);
  struct dirent *entry;
  assert_non_null(stream);
  while ((entry = readdir(stream)) != NULL)
    CHECK(entry->d_name[0] == '.', "%s is left", entry->d_name);
  closedir(stream);
}

static void killed_at_any_step_of_creation_it_leaves_nothing_that_harms(void **state) {
  int at, count = calls_to_open();
  (void)state;
  assert_true(count >= 10);
  for (at = 1; at <= count; at++) {
    pid_t child = fork();
    int status = 0;
    struct sr_share *share;
    assert_true(child >= 0);
    if (child == 0) {
      char problem[SR_SHARE_PROBLEM];
      calls = 0;
      kill_at = at;
      open_at(dir, 0, problem);
      _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "call %d: not killed", at);
    share = opened(); /* whole, whether that one or this has made it */
    assert_true(sr_share_current(share));
    assert_int_equal(unlink(sr_share_path(share)), 0);
    sr_share_close(share);
  }
  remaining_are_temporary();
}

static void whatever_system_call_fails_is_told_and_leaves_nothing_open(void **state) {
  int at, count = calls_to_open(), refused = 0;
  (void)state;
  for (at = 1; at <= count; at++) {
    char problem[SR_SHARE_PROBLEM];
    struct sr_share *share;
    int before = open_fds();
    calls = 0;
    fail_at = at;
    fail_with = EIO;
    share = open_at(dir, 0, problem);
    fail_at = 0;
    assert_int_equal(open_fds(), before);
    if (share == NULL) {
      refused++;
      CHECK(strstr(problem, strerror(EIO)) != NULL || strstr(problem, "does not tell") != NULL,
            "call %d: \"%s\"", at, problem);
    } else {
      assert_int_equal(unlink(sr_share_path(share)), 0);
      sr_share_close(share);
    }
  }
  assert_true(refused >= 6);
  sr_share_close(opened());
}

/* ---- directories that are refused ---- */

static void a_directory_in_a_missing_one_is_refused(void **state) {
  char path[200];
  (void)state;
  snprintf(path, sizeof path, "%s/missing/state", dir);
  expect_refused_at(path, 0, "can't be made: No such file or directory");
}

static void what_is_not_a_directory_is_refused(void **state) {
  char path[200];
  int fd;
  (void)state;
  snprintf(path, sizeof path, "%s/file", dir);
  fd = open(path, O_WRONLY | O_CREAT, 0600);
  close(fd);
  expect_refused_at(path, 0, "is not a directory");
}

static void a_link_to_a_directory_is_refused(void **state) {
  char path[200], target[200];
  (void)state;
  snprintf(path, sizeof path, "%s/link", dir);
  snprintf(target, sizeof target, "%s/target", dir);
  assert_int_equal(mkdir(target, 0700), 0);
  assert_int_equal(symlink(target, path), 0);
  expect_refused_at(path, 0, "is not a directory (links are not followed)");
  assert_int_equal(entries_of(target), 0);
}

static void a_directory_that_others_can_write_to_is_refused(void **state) {
  static const mode_t modes[] = {0770, 0720, 0777, 0702, 01777};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(modes); i++) {
    assert_int_equal(chmod(dir, modes[i]), 0);
    expect_refused("others can write to it: chmod go-w");
  }
  assert_int_equal(chmod(dir, 0755), 0); /* that they can look is no harm */
  sr_share_close(opened());
}

static void a_directory_of_another_user_is_refused(void **state) {
  (void)state;
  NEEDS_ROOT();
  assert_int_equal(chown(dir, other_user, other_user), 0);
  expect_refused("belongs to another user");
}

static int refused_for_permission(void) {
  char problem[SR_SHARE_PROBLEM];
  return open_at(dir, 0, problem) != NULL || strstr(problem, strerror(EACCES)) == NULL ||
         strstr(problem, dir) == NULL;
}

static void a_directory_without_permissions_is_refused(void **state) {
  (void)state;
  NEEDS_ROOT();
  assert_int_equal(chown(dir, other_user, other_user), 0);
  assert_int_equal(chmod(dir, 0000), 0);
  assert_int_equal(as_user(other_user, other_user, refused_for_permission), 0);
  assert_int_equal(chmod(dir, 0500), 0);
  assert_int_equal(as_user(other_user, other_user, refused_for_permission), 0);
}

static void a_path_that_is_too_long_is_refused(void **state) {
  char path[1000];
  (void)state;
  memset(path, 'x', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  expect_refused_at(path, 0, "the path is too long");
  path[480] = '\0';
  expect_refused_at(path, 0, "the path is too long");
  path[479] = '\0';
  expect_refused_at(path, 0, "File name too long");
}

/* ---- files that are refused ---- */

static void write_file(const char *path, const void *data, size_t len, mode_t mode) {
  int fd;
  unlink(path);
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  assert_true(fd >= 0);
  assert_int_equal(fchmod(fd, mode), 0);
  assert_int_equal(write(fd, data, len), (ssize_t)len);
  close(fd);
}

static void a_link_a_pipe_and_a_directory_in_the_file_s_place_are_refused(void **state) {
  char path[512], target[200];
  (void)state;
  name_of_file(path, sizeof path);
  snprintf(target, sizeof target, "%s/elsewhere", base);
  assert_int_equal(rename(path, target), 0);
  assert_int_equal(symlink(target, path), 0);
  expect_refused("is a link");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(symlink("/nowhere/at/all", path), 0);
  expect_refused("is a link");
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  expect_refused("is not a file"); /* and does not wait for its other end */
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  expect_refused("Is a directory");
  assert_int_equal(rmdir(path), 0);
  sr_share_close(opened());
}

static void a_file_of_the_wrong_size_is_refused(void **state) {
  static char page[5000];
  static const size_t sizes[] = {0, 1, 100, 4095, 4097, 5000};
  char path[512];
  size_t i;
  (void)state;
  name_of_file(path, sizeof path);
  for (i = 0; i < COUNT(sizes); i++) {
    write_file(path, page, sizes[i], 0600);
    expect_refused("is damaged (not one page long): remove it while no program uses the key");
  }
  assert_int_equal(unlink(path), 0);
  sr_share_close(opened());
}

static void a_file_that_is_not_ours_is_refused_and_left_as_it_is(void **state) {
  char path[512], page[4096], after[4096];
  int way;
  (void)state;
  for (way = 0; way < 4; way++) {
    int fd;
    name_of_file(path, sizeof path);
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, page, sizeof page), 4096);
    close(fd);
    if (way == 0)
      memset(page, 'x', sizeof page);
    else if (way == 1)
      memset(page, 0, sizeof page);
    else if (way == 2)
      page[7]++; /* "srlimit2" */
    else
      page[8] ^= 1; /* of another key, copied to this name */
    write_file(path, page, sizeof page, 0600);
    expect_refused("is not a file of ours, or of another version");
    fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, after, sizeof after), 4096);
    close(fd);
    assert_memory_equal(page, after, sizeof page);
    assert_int_equal(unlink(path), 0);
  }
}

static void a_file_that_others_can_write_to_is_refused(void **state) {
  static const mode_t modes[] = {0660, 0620, 0602, 0666};
  char path[512];
  size_t i;
  (void)state;
  name_of_file(path, sizeof path);
  for (i = 0; i < COUNT(modes); i++) {
    assert_int_equal(chmod(path, modes[i]), 0);
    expect_refused("others can write to it");
  }
  assert_int_equal(chmod(path, 0600), 0);
  sr_share_close(opened());
}

static void a_file_of_another_user_is_refused(void **state) {
  char path[512];
  (void)state;
  NEEDS_ROOT();
  name_of_file(path, sizeof path);
  assert_int_equal(chown(path, other_user, (gid_t)-1), 0);
  expect_refused("belongs to another user");
}

static void a_refusal_names_the_file(void **state) {
  char path[512];
  (void)state;
  name_of_file(path, sizeof path);
  write_file(path, "", 0, 0600);
  expect_refused(strrchr(path, '/'));
  expect_refused(base);
}

/* Slots that hold anything are the limiter's business; they are no reason to refuse. */
static void stamps_that_make_no_sense_are_no_reason_to_refuse(void **state) {
  struct sr_share *share = opened();
  struct sr_limit *limit = sr_share_limit(share);
  struct sr_limit_view view;
  int i;
  (void)state;
  memset(limit, 0xa5, sizeof *limit);
  sr_share_close(share);
  share = opened();
  memset(&view, 0, sizeof view);
  view.rate.slots = 5;
  view.rate.window = S;
  sr_limit_view(sr_share_limit(share), 1000 * S, &view);
  for (i = 0; i < 5; i++)
    assert_in_range(view.free_at[i], 0, 1001 * S);
  sr_share_close(share);
}

/* ---- a group ---- */

static int share_in_group(void) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_at(dir, 1, problem);
  if (share == NULL)
    return 1;
  atomic_fetch_add(&sr_share_limit(share)->slots[0], 2);
  sr_share_close(share);
  return 0;
}

static int refused_in_group(void) {
  char problem[SR_SHARE_PROBLEM];
  return open_at(dir, 1, problem) != NULL || strstr(problem, strerror(EACCES)) == NULL;
}

static void users_of_the_directory_s_group_share_the_file_and_others_do_not(void **state) {
  static const mode_t modes[] = {02770, 0770};
  size_t i;
  (void)state;
  NEEDS_ROOT();
  for (i = 0; i < COUNT(modes); i++) {
    char problem[SR_SHARE_PROBLEM], path[512];
    struct sr_share *share;
    struct stat st;
    int rest;
    assert_int_equal(chown(dir, 0, other_user), 0);
    assert_int_equal(chmod(dir, modes[i]), 0);
    assert_int_equal(as_user(third_user, other_user, share_in_group), 0); /* made by one of them */
    assert_int_equal(as_user(third_user + 1, other_user, share_in_group), 0);
    assert_int_equal(as_user(third_user + 2, third_user, refused_in_group), 0);
    share = open_at(dir, 1, problem);
    CHECK(share != NULL, "%s", problem);
    assert_int_equal(atomic_load(&sr_share_limit(share)->slots[0]), 4);
    snprintf(path, sizeof path, "%s", sr_share_path(share));
    sr_share_close(share);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_gid, other_user);
    assert_int_equal(st.st_uid, third_user);
    assert_int_equal(st.st_mode & 07777, 0660);
    rest = entries_of(dir);
    assert_int_equal(rest, 1);
    assert_int_equal(unlink(path), 0);
  }
}

static void for_a_group_the_directory_must_be_there(void **state) {
  char path[200];
  (void)state;
  snprintf(path, sizeof path, "%s/new", dir);
  expect_refused_at(path, 1, "No such file or directory");
}

static void for_a_group_strangers_must_not_be_able_to_write(void **state) {
  char problem[SR_SHARE_PROBLEM], path[512];
  struct sr_share *share;
  (void)state;
  assert_int_equal(chmod(dir, 0772), 0);
  expect_refused_at(dir, 1, "others can write to it: chmod o-w");
  assert_int_equal(chmod(dir, 0770), 0);
  share = open_at(dir, 1, problem);
  CHECK(share != NULL, "%s", problem);
  snprintf(path, sizeof path, "%s", sr_share_path(share));
  sr_share_close(share);
  assert_int_equal(chmod(path, 0666), 0);
  expect_refused_at(dir, 1, "others can write to it");
}

static void a_file_of_another_group_than_the_directory_s_is_refused(void **state) {
  char problem[SR_SHARE_PROBLEM], path[512];
  struct sr_share *share;
  (void)state;
  NEEDS_ROOT();
  assert_int_equal(chown(dir, 0, other_user), 0);
  assert_int_equal(chmod(dir, 02770), 0);
  share = open_at(dir, 1, problem);
  CHECK(share != NULL, "%s", problem);
  snprintf(path, sizeof path, "%s", sr_share_path(share));
  sr_share_close(share);
  assert_int_equal(chown(path, (uid_t)-1, third_user), 0);
  expect_refused_at(dir, 1, "belongs to another group than its directory");
}

/* ---- where it is looked for ---- */

static char run[200], tmp[200];

/* In another user's process: where the file is made, and what is said when nowhere. */
static int search(void) {
  char problem[SR_SHARE_PROBLEM], *end;
  struct sr_share *share;
  const char *path;
  int where;
  char expected[300];
  sr_share_environment();
  share = open_at(NULL, 0, problem);
  path = share != NULL ? sr_share_path(share) : problem;
  if (share == NULL)
    return strstr(problem, shm) != NULL && strstr(problem, "belongs to another user") != NULL ? 10
                                                                                              : 11;
  end = strrchr(path, '/');
  *end = '\0';
  snprintf(expected, sizeof expected, "%s/seranking", run);
  where = strcmp(path, shm) == 0 ? 1 : strcmp(path, expected) == 0 ? 2 : 0;
  snprintf(expected, sizeof expected, "%s/seranking-%u", tmp, other_user);
  if (where == 0 && strcmp(path, expected) == 0)
    where = 3;
  if (where > 1 && strstr(problem, shm) == NULL)
    where += 20; /* that others may have found the better one is not told */
  *end = '/';
  unlink(path);
  *end = '\0';
  rmdir(path);
  sr_share_close(share);
  return where;
}

static void the_first_of_three_directories_that_can_be_used_is_taken(void **state) {
  (void)state;
  NEEDS_ROOT();
  snprintf(shm, sizeof shm, "/dev/shm/seranking-%u", other_user);
  snprintf(run, sizeof run, "%s/run", base);
  snprintf(tmp, sizeof tmp, "%s/tmp", base);
  assert_int_equal(mkdir(run, 0700), 0);
  assert_int_equal(mkdir(tmp, 0700), 0);
  assert_int_equal(chown(run, other_user, other_user), 0);
  assert_int_equal(chown(tmp, other_user, other_user), 0);
  setenv("XDG_RUNTIME_DIR", run, 1);
  setenv("TMPDIR", tmp, 1);
  if (access("/dev/shm", W_OK | X_OK) == 0) {
    assert_int_equal(as_user(other_user, other_user, search), 1);
    assert_int_equal(mkdir(shm, 0755), 0); /* somebody else has taken the name */
  }
  if (access("/dev/shm", W_OK | X_OK) != 0)
    return;
  assert_int_equal(as_user(other_user, other_user, search), 2);
  setenv("XDG_RUNTIME_DIR", "relative", 1); /* is no place */
  assert_int_equal(as_user(other_user, other_user, search), 3);
  unsetenv("XDG_RUNTIME_DIR");
  assert_int_equal(as_user(other_user, other_user, search), 3);
  assert_int_equal(chmod(tmp, 0500), 0);
  if (access("/dev/shm", W_OK | X_OK) == 0)
    assert_int_equal(as_user(other_user, other_user, search),
                     10); /* the first problem is the one to solve */
}

/* ---- secrets ---- */

static int holds(const char *path, const char *text) {
  char page[4096];
  int fd = open(path, O_RDONLY);
  assert_int_equal(read(fd, page, sizeof page), 4096);
  close(fd);
  return memmem(page, sizeof page, text, strlen(text)) != NULL;
}

static void the_key_is_nowhere_in_the_file_nor_in_its_name(void **state) {
  static const char key[] = "0123456789abcdef0123456789abcdef+123d14b";
  struct sr_share_place place = {dir, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_settings settings;
  struct sr_config *config;
  struct sr_error error;
  struct sr_share *share;
  size_t from;
  (void)state;
  memset(&settings, 0, sizeof settings);
  settings.base_url = "https://api4.seranking.com/0123456789abcdef0123456789abcdef+123d14b/x";
  settings.token = key;
  settings.token_len = sizeof key - 1;
  settings.limited = 1;
  settings.rate.slots = 5;
  settings.rate.window = S;
  config = sr_config_new(&settings, &error);
  assert_non_null(config);
  share = sr_share_open(&place, &config->limit_identity, problem);
  CHECK(share != NULL, "%s", problem);
  assert_true(holds(sr_share_path(share), "d14b")); /* what people know it by */
  assert_true(holds(sr_share_path(share), "https://api4.seranking.com/"));
  for (from = 0; from + 8 < sizeof key; from++) {
    char piece[9];
    memcpy(piece, key + from, 8);
    piece[8] = '\0';
    CHECK(!holds(sr_share_path(share), piece), "it holds \"%s\"", piece);
    CHECK(strstr(sr_share_path(share) + strlen(dir), piece) == NULL, "its name holds \"%s\"",
          piece);
  }
  sr_share_close(share);
  sr_config_unref(config);
}

/* ---- still the same? ---- */

static void a_file_that_was_removed_replaced_or_cut_is_not_current(void **state) {
  struct sr_share *share, *other;
  (void)state;
  share = opened();
  assert_true(sr_share_current(share));
  assert_int_equal(unlink(sr_share_path(share)), 0);
  assert_false(sr_share_current(share));
  other = opened(); /* another one under the same name */
  assert_true(sr_share_current(other));
  assert_false(sr_share_current(share));
  sr_share_close(share);
  assert_int_equal(truncate(sr_share_path(other), 100), 0);
  assert_false(sr_share_current(other));
  sr_share_close(other);
}

/* ---- looking at them ---- */

static struct sr_share_list listed(sr_time now, const char *reset) {
  struct sr_share_place place = {dir, 0};
  char problem[SR_SHARE_PROBLEM] = "";
  struct sr_share_list list;
  int result = sr_share_list_init(&list, &place, now, reset, 0, problem);
  CHECK(result == 0, "%s", problem);
  return list;
}

/* One file of each sort; `names` are those of the good ones. */
static void fill_dir(sr_time now) {
  static const struct sr_rate rate = {5, S};
  struct sr_share_place place = {dir, 0};
  char problem[SR_SHARE_PROBLEM], path[512];
  int i, k;
  for (i = 0; i < 4; i++) {
    struct sr_limit_identity who = identity(NAME + (uint64_t)i);
    struct sr_share *share = sr_share_open(&place, &who, problem);
    struct sr_want want;
    struct sr_ruling ruling;
    struct sr_slot slots[3];
    assert_non_null(share);
    sr_share_note(share, &rate);
    memset(&want, 0, sizeof want);
    want.rate = rate;
    want.lease = now + 10 * S;
    for (k = 0; k < 3; k++)
      sr_limit_take(sr_share_limit(share), &want, now, &slots[k], &ruling);
    for (k = 0; k < 3; k++)
      sr_limit_give(sr_share_limit(share), &rate, now, &slots[k], SR_OUTCOME_REFUSED, S);
    snprintf(path, sizeof path, "%s", sr_share_path(share));
    sr_share_close(share);
    if (i == 2) { /* of an earlier boot */
      char old[512];
      snprintf(old, sizeof old, "%s/%016llx-%08x.limit", dir, (unsigned long long)who.name,
               ~boot_of_machine());
      assert_int_equal(rename(path, old), 0);
    } else if (i == 3) {
      assert_int_equal(truncate(path, 7), 0);
    }
  }
  for (i = 0; i < 5; i++) { /* not ours, however alike */
    static const char *const names[] = {
        ".new-1-1", "0123456789abcdef-0123456.limit", "0123456789ABCDEF-01234567.limit",
        "+123456789abcdef-01234567.limit", "0123456789abcdef-01234567.limits"};
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    write_file(path, "", 0, 0600);
  }
}

static const struct sr_share_entry *entry_of(const struct sr_share_list *list, const char *name) {
  int i;
  for (i = 0; i < list->count && strcmp(list->entries[i].name, name) != 0; i++)
    ;
  CHECK(i < list->count, "%s is not listed", name);
  return &list->entries[i];
}

static void the_list_tells_what_each_file_says(void **state) {
  sr_time now = 1000 * S;
  struct sr_share_list list;
  const struct sr_share_entry *entry;
  (void)state;
  fill_dir(now);
  list = listed(now, NULL);
  assert_int_equal(list.count, 4);
  assert_string_equal(list.dir, dir);
  entry = entry_of(&list, "0123456789abcdef");
  assert_string_equal(entry->problem, "");
  assert_string_equal(entry->key_hint, "\xe2\x80\xa6"
                                       "d14b");
  assert_string_equal(entry->base_url, "https://api4.seranking.com");
  assert_int_equal(strncmp(entry->path, dir, strlen(dir)), 0);
  assert_int_equal(entry->view.rate.slots, 5);
  assert_int_equal(entry->view.rate.window, S);
  assert_int_equal(entry->view.block, SR_BLOCK_RATE);
  assert_int_equal(entry->view.blocked_until, now + 600 * S);
  assert_int_equal(entry->view.free_at[2], now + S);
  assert_true(entry->view.free_at[3] <= now);
  entry = entry_of(&list, "0123456789abcdf1");
  assert_non_null(strstr(entry->problem, "from before the machine was started"));
  assert_int_equal(entry->view.block, SR_BLOCK_NONE);
  entry = entry_of(&list, "0123456789abcdf2");
  assert_non_null(strstr(entry->problem, "is damaged"));
  sr_share_list_fini(&list);
  sr_share_list_fini(&list);
}

static void reset_by_name_ends_the_ban_of_that_one_alone(void **state) {
  sr_time now = 1000 * S;
  struct sr_share_list list;
  (void)state;
  fill_dir(now);
  list = listed(now, "0123456789abcdf0");
  assert_int_equal(entry_of(&list, "0123456789abcdf0")->view.block, SR_BLOCK_NONE);
  assert_true(entry_of(&list, "0123456789abcdf0")->view.held_until <= now);
  assert_int_equal(entry_of(&list, "0123456789abcdf0")->view.free_at[0], now + S); /* they stay */
  assert_int_equal(entry_of(&list, "0123456789abcdef")->view.block, SR_BLOCK_RATE);
  sr_share_list_fini(&list);
}

static void to_look_makes_no_directory_and_no_file(void **state) {
  char path[200], problem[SR_SHARE_PROBLEM] = "";
  struct sr_share_place place = {path, 0};
  struct sr_share_list list;
  (void)state;
  snprintf(path, sizeof path, "%s/none", dir);
  assert_int_equal(sr_share_list_init(&list, &place, 0, NULL, 0, problem), -1);
  assert_non_null(strstr(problem, "No such file or directory"));
  assert_int_equal(list.count, 0);
  sr_share_list_fini(&list);
  assert_int_equal(entries_of(dir), 0);
  list = listed(0, NULL);
  assert_int_equal(list.count, 0);
  sr_share_list_fini(&list);
  assert_int_equal(entries_of(dir), 0);
}

static void a_file_with_an_unknown_rate_is_listed_without_one(void **state) {
  struct sr_share *share = opened();
  struct sr_share_list list;
  int i;
  static const int64_t rates[][2] = {{0, 0}, {-1, S}, {65, S}, {5, 0}, {5, -1}};
  (void)state;
  for (i = 0; i < (int)COUNT(rates); i++) {
    atomic_store(&share->page->rate_slots, rates[i][0]);
    atomic_store(&share->page->rate_window, rates[i][1]);
    list = listed(1000 * S, NULL);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.entries[0].view.rate.slots, 0);
    sr_share_list_fini(&list);
  }
  sr_share_close(share);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_first_makes_the_file_and_the_next_finds_it),
      TEST(the_file_is_one_page_that_only_its_owner_can_read),
      TEST(its_name_is_the_hash_and_the_boot),
      TEST(limits_of_different_names_have_different_files),
      TEST(a_missing_directory_is_made_for_its_owner_alone),
      TEST(twenty_processes_that_create_at_once_get_the_same_file),
      TEST(a_temporary_file_of_another_process_of_the_same_number_is_left_alone),
      TEST(killed_at_any_step_of_creation_it_leaves_nothing_that_harms),
      TEST(whatever_system_call_fails_is_told_and_leaves_nothing_open),
      TEST(a_directory_in_a_missing_one_is_refused),
      TEST(what_is_not_a_directory_is_refused),
      TEST(a_link_to_a_directory_is_refused),
      TEST(a_directory_that_others_can_write_to_is_refused),
      TEST(a_directory_of_another_user_is_refused),
      TEST(a_directory_without_permissions_is_refused),
      TEST(a_path_that_is_too_long_is_refused),
      TEST(a_link_a_pipe_and_a_directory_in_the_file_s_place_are_refused),
      TEST(a_file_of_the_wrong_size_is_refused),
      TEST(a_file_that_is_not_ours_is_refused_and_left_as_it_is),
      TEST(a_file_that_others_can_write_to_is_refused),
      TEST(a_file_of_another_user_is_refused),
      TEST(a_refusal_names_the_file),
      TEST(stamps_that_make_no_sense_are_no_reason_to_refuse),
      TEST(users_of_the_directory_s_group_share_the_file_and_others_do_not),
      TEST(for_a_group_the_directory_must_be_there),
      TEST(for_a_group_strangers_must_not_be_able_to_write),
      TEST(a_file_of_another_group_than_the_directory_s_is_refused),
      TEST(the_first_of_three_directories_that_can_be_used_is_taken),
      TEST(the_key_is_nowhere_in_the_file_nor_in_its_name),
      TEST(a_file_that_was_removed_replaced_or_cut_is_not_current),
      TEST(the_list_tells_what_each_file_says),
      TEST(reset_by_name_ends_the_ban_of_that_one_alone),
      TEST(to_look_makes_no_directory_and_no_file),
      TEST(a_file_with_an_unknown_rate_is_listed_without_one),
  };
  other_user = 50000 + (unsigned)getpid() % 10000;
  third_user = other_user + 10000; /* 3 of them are used */
  return cmocka_run_group_tests_name("sr_share", tests, NULL, NULL);
}
