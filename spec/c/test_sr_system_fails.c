/* Functions of the system that fail or are interrupted: what depends on them says so, leaves nothing behind, and
** works afterwards.
** SPDX-License-Identifier: MIT */
#include "failing_system.h"
#include "folder.h"

#include "base/sr_fork.h"
#include "base/sr_notify.h"
#include "base/sr_secret_file.h"
#include "base/sr_sigpipe.h"
#include "http/sr_sink.h"
#include "limit/sr_share.h"

#include <zlib.h>

#define S SR_SECOND

static char path[300];

static const char *in_folder(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static int fds_before;

static int set_up(void **state) {
  fds_before = open_fds();
  return sr_fork_watch() != 0 || make_folder(state) != 0;
}

static int tear_down(void **state) {
  int left;
  atomic_store(&failing, NULL);
  left = open_fds() - fds_before;
  if (left != 0)
    print_error("%d descriptors are left\n", left);
  return remove_folder(state) != 0 || left != 0;
}

/* ---- random numbers ---- */

static void seeds_differ_without_random_bytes_of_the_system(void **state) {
  uint64_t seeds[2];
  int i;
  (void)state;
  for (i = 0; i < 2; i++) {
    struct timespec pause = {0, 1}; /* the clock's resolution */
    let_fail("getentropy", ENOSYS, 0, 1);
    seeds[i] = sr_random_seed();
    assert_true(have_failed());
    nanosleep(&pause, NULL);
  }
  assert_true(seeds[0] != 0 && seeds[0] != seeds[1]);
}

static void seconds_that_a_time_can_not_hold_are_the_last_time(void **state) {
  (void)state;
  assert_true(sr_seconds(1.5) == 3 * S / 2);
  assert_true(sr_seconds(9.3e9) == SR_NEVER - 1);
  assert_true(sr_seconds(1e300) == SR_NEVER - 1);
}

/* ---- descriptors ---- */

/* A child would keep a descriptor that is not in the table. */
static void a_descriptor_that_can_not_be_listed_for_forks_is_not_opened(void **state) {
  (void)state;
  let_fail("fstat", EIO, 0, 1);
  assert_int_equal(sr_fork_socket(AF_UNIX, SOCK_STREAM, 0), -1);
  assert_true(have_failed());
}

static void a_notification_that_is_interrupted_is_sent_all_the_same(void **state) {
  struct sr_notify notify;
  uint64_t seen = 0;
  (void)state;
  assert_int_equal(sr_notify_open(&notify), 0);
  let_fail("write", EINTR, 0, 2);
  assert_int_equal(sr_notify_send(&notify), 0);
  assert_true(have_failed());
  assert_true(read(notify.read_fd, &seen, sizeof seen) > 0);
  let_fail("write", EAGAIN, 0, 1); /* full, so it is readable */
  assert_int_equal(sr_notify_send(&notify), 0);
  let_fail("write", EBADF, 0, 1);
  assert_int_equal(sr_notify_send(&notify), -1);
  sr_notify_close(&notify);
}

/* ---- signals ---- */

static int sigpipe_is_pending(void) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE);
}

static void a_pending_sigpipe_is_consumed_though_that_is_interrupted(void **state) {
  struct sr_sigpipe hold;
  (void)state;
  sr_sigpipe_hold(&hold, 1);
  raise(SIGPIPE);
  assert_true(sigpipe_is_pending());
  let_fail("sigtimedwait", EINTR, 0, 2);
  sr_sigpipe_release(&hold); /* it would end the process */
  assert_true(have_failed());
  assert_false(sigpipe_is_pending());
  let_fail("pthread_sigmask", EINVAL, 0, 1);
  sr_sigpipe_hold(&hold, 1);
  assert_true(have_failed());
  sr_sigpipe_release(&hold); /* nothing was blocked, so nothing is unblocked */
}

/* ---- secret files ---- */

static void a_secret_file_is_read_through_interruptions_or_refused_with_a_reason(void **state) {
  static const struct {
    const char *function;
    int number, after, times;
    enum sr_secret outcome;
    const char *problem;
  } rows[] = {
      {"open", EINTR, 0, 3, SR_SECRET_READ, NULL},
      {"read", EINTR, 0, 3, SR_SECRET_READ, NULL},
      {"read", EINTR, 1, 1, SR_SECRET_READ, NULL},
      {"open", ENOENT, 0, 1, SR_SECRET_MISSING, NULL},
      {"open", ENOTDIR, 0, 1, SR_SECRET_MISSING, NULL},
      {"open", EACCES, 0, 1, SR_SECRET_REFUSED, "can't be read: Permission denied"},
      {"fstat", EIO, 0, 1, SR_SECRET_REFUSED, "can't be read: Input/output error"},
      {"read", EIO, 0, 1, SR_SECRET_REFUSED, "can't be read: Input/output error"},
      {"read", EIO, 1, 1, SR_SECRET_REFUSED, "can't be read: Input/output error"},
  };
  struct sr_secret_file file;
  FILE *out = fopen(in_folder("keys"), "w");
  size_t i;
  (void)state;
  assert_non_null(out);
  fputs("key", out);
  fclose(out);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(sr_secret_file_read("/dev/null", &file), SR_SECRET_READ); /* whatever its mode */
  assert_int_equal(file.len, 0);
  for (i = 0; i < COUNT(rows); i++) {
    enum sr_secret outcome;
    let_fail(rows[i].function, rows[i].number, rows[i].after, rows[i].times);
    outcome = sr_secret_file_read(path, &file);
    CHECK(have_failed(), "row %zu: nothing failed", i);
    CHECK(outcome == rows[i].outcome, "row %zu: %d, %s", i, (int)outcome, file.problem);
    if (outcome == SR_SECRET_READ)
      CHECK(file.len == 3 && memcmp(file.text, "key", 3) == 0, "row %zu", i);
    else if (outcome == SR_SECRET_REFUSED)
      assert_string_equal(file.problem, rows[i].problem);
  }
}

/* ---- downloads ---- */

#define NO_LIMIT UINT64_MAX

static struct sr_sink *new_sink(struct sr_error *error) {
  return sr_sink_new(in_folder("links.csv"), 1, NO_LIMIT, error);
}

static void expect_cant_write(const struct sr_error *error, const char *words) {
  assert_int_equal(error->kind, SR_FILE);
  assert_string_equal(error->code, "cant_write");
  CHECK(strstr(error->message, words) != NULL, "%s", error->message);
}

static void a_download_s_file_that_can_not_be_made_leaves_nothing(void **state) {
  static const struct {
    const char *function;
    int number, times;
    const char *words;
  } rows[] = {
      {"open", EROFS, 1, "Read-only file system"},
      {"open", EEXIST, 100, "File exists"},
      {"fstat", EIO, 1, "Cannot allocate memory"},
  };
  static const char text[] = "of the last time";
  FILE *there;
  struct sr_sink *sink;
  struct sr_error error;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    let_fail(rows[i].function, rows[i].number, 0, rows[i].times);
    assert_null(new_sink(&error));
    atomic_store(&failing, NULL);
    expect_cant_write(&error, rows[i].words);
    assert_int_equal(files(0), 0);
  }
  there = fopen(in_folder("links.csv"), "w");
  assert_non_null(there);
  assert_true(fputs(text, there) >= 0);
  assert_int_equal(fclose(there), 0);
  let_fail("access", EACCES, 0, 1); /* a file that its owner has made read-only is not replaced */
  assert_null(new_sink(&error));
  assert_true(have_failed());
  expect_cant_write(&error, "Permission denied");
  assert_int_equal(files(1), 1);
  let_fail("open", EEXIST, 0, 3); /* names that others have */
  sink = new_sink(&error);
  CHECK(sink != NULL && have_failed(), "%s", error.message);
  sr_sink_delete(sink);
}

FAILING(int, inflateInit2_, (z_stream * z, int bits, const char *version, int size), Z_MEM_ERROR, z,
        bits, version, size)
FAILING(int, inflateReset, (z_stream * z), Z_STREAM_ERROR, z)
FAILING(int, inflate, (z_stream * z, int flush), Z_MEM_ERROR, z, flush)

/* Two members of no bytes. */
#define EMPTY_MEMBER "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"
static const char gzip[] = EMPTY_MEMBER EMPTY_MEMBER;

static void a_download_that_can_not_be_unpacked_for_lack_of_memory_is_an_error(void **state) {
  static const struct {
    const char *function, *code;
    size_t piece;
  } rows[] = {{"inflateInit2_", "cant_write", 40},
              {"inflateInit2_", "cant_write", 1},
              {"inflateReset", "cant_write", 40},
              {"inflate", "bad_gzip", 40},
              {"inflate", "bad_gzip", 1}};
  size_t i, at;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_error error;
    struct sr_sink *sink = new_sink(&error);
    int failed = 0;
    assert_non_null(sink);
    let_fail(rows[i].function, ENOMEM, 0, 1);
    for (at = 0; at < sizeof gzip - 1 && !failed; at += rows[i].piece)
      failed = sr_sink_write(sink, gzip + at, rows[i].piece) != 0;
    CHECK(failed && have_failed(), "row %zu", i);
    sr_sink_explain(sink, &error);
    assert_string_equal(error.code, rows[i].code);
    assert_int_equal(sr_sink_restart(sink), 0);
    for (at = 0; at < sizeof gzip - 1; at += rows[i].piece)
      assert_int_equal(sr_sink_write(sink, gzip + at, rows[i].piece), 0);
    assert_int_equal(sr_sink_finish(sink), 0);
    assert_int_equal(sr_sink_size(sink), 0);
    sr_sink_delete(sink);
    assert_int_equal(files(1), 1);
  }
}

static void a_download_that_can_not_begin_again_or_be_kept_ends_with_the_reason(void **state) {
  static const char *const functions[] = {"ftruncate", "lseek"};
  struct sr_error error;
  struct sr_sink *sink;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(functions); i++) {
    sink = new_sink(&error);
    assert_non_null(sink);
    let_fail("write", EINTR, 0, 2);
    assert_int_equal(sr_sink_write(sink, "some", 4), 0);
    assert_true(have_failed());
    assert_int_equal(sr_sink_size(sink), 4);
    let_fail(functions[i], EIO, 0, 1);
    assert_int_equal(sr_sink_restart(sink), -1);
    sr_sink_explain(sink, &error);
    expect_cant_write(&error, "Input/output error");
    sr_sink_delete(sink);
  }
  sink = new_sink(&error);
  assert_int_equal(sr_sink_write(sink, "x", 1), 0); /* not written yet: it may begin a gzip */
  let_fail("write", ENOSPC, 0, 1);
  assert_int_equal(sr_sink_finish(sink), -1);
  sr_sink_explain(sink, &error);
  expect_cant_write(&error, "No space left on device");
  assert_int_equal(sr_sink_restart(sink), 0);
  assert_int_equal(sr_sink_write(sink, "x", 1), 0);
  let_fail("write", ENOSPC, 0, 1);
  assert_int_equal(sr_sink_write(sink, "yz", 2), -1);
  assert_int_equal(sr_sink_restart(sink), 0);
  assert_int_equal(sr_sink_write(sink, "xyz", 3), 0);
  let_fail("fsync", EIO, 0, 1);
  assert_int_equal(sr_sink_finish(sink), -1);
  sr_sink_explain(sink, &error);
  expect_cant_write(&error, "Input/output error");
  assert_int_equal(sr_sink_restart(sink), 0);
  assert_int_equal(sr_sink_write(sink, "xyz", 3), 0);
  let_fail("rename", EXDEV, 0, 1);
  assert_int_equal(sr_sink_finish(sink), -1);
  sr_sink_explain(sink, &error);
  expect_cant_write(&error, "cross-device");
  sr_sink_delete(sink);
  assert_int_equal(files(0), 0);
}

/* ---- the limit's file ---- */

static const struct sr_limit_identity who = {0x0123456789abcdef, "…d14b",
                                             "https://api4.seranking.com"};

static struct sr_share *open_share(char *problem) {
  struct sr_share_place place = {folder, 0};
  return sr_share_open(&place, &who, problem);
}

static void a_limit_s_file_that_can_not_be_opened_is_told_with_the_reason(void **state) {
  static const struct {
    const char *function;
    int number;
    const char *words;
  } rows[] = {
      {"read", EIO, "boot_id: Input/output error"},
      {"read", 0, "boot_id: Input/output error"}, /* it is empty */
      {"open", EMFILE, "Too many open files"},
      {"mmap", ENOMEM, "Cannot allocate memory"},
      {"fstat", EIO, "Input/output error"},
  };
  char problem[SR_SHARE_PROBLEM];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_share *share;
    let_fail(rows[i].function, rows[i].number, 0, 1);
    share = open_share(problem);
    CHECK(have_failed() && share == NULL, "row %zu", i);
    CHECK(strstr(problem, rows[i].words) != NULL, "row %zu: %s", i, problem);
    share = open_share(problem);
    CHECK(share != NULL, "row %zu, afterwards: %s", i, problem);
    sr_share_close(share);
  }
}

static void a_file_that_can_not_be_locked_is_kept(void **state) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_share(problem);
  (void)state;
  CHECK(share != NULL, "%s", problem);
  let_fail("flock", EWOULDBLOCK, 0, 1); /* another process retires the block */
  assert_int_equal(sr_share_remove(share, 1000000 * S), 0);
  let_fail("flock", EWOULDBLOCK, 1, 1); /* another one removes a name in the folder */
  assert_int_equal(sr_share_remove(share, 1000000 * S), 0);
  assert_true(have_failed());
  assert_int_equal(files(0), 1);
  sr_share_close(share);
}

/* As NFS may do: the name goes nevertheless. */
static void a_folder_that_can_not_be_locked_at_all_keeps_no_file(void **state) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_share(problem);
  (void)state;
  CHECK(share != NULL, "%s", problem);
  let_fail("flock", ENOLCK, 1, 1);
  assert_int_equal(sr_share_remove(share, 1000000 * S), 1);
  assert_true(have_failed());
  assert_int_equal(files(0), 0);
  sr_share_close(share);
}

static void a_folder_that_can_not_be_read_is_not_swept_and_its_list_is_an_error(void **state) {
  static const struct {
    const char *function;
    int after;
  } rows[] = {{"fcntl", 0}, {"fdopendir", 0}};
  struct sr_share_place place = {folder, 0};
  struct sr_limit_identity other = {7, "", "http://127.0.0.1:1"};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share_list list;
  struct sr_share *share = sr_share_open(&place, &other, problem);
  size_t i;
  (void)state;
  sr_share_close(share);
  share = open_share(problem);
  CHECK(share != NULL, "%s", problem);
  for (i = 0; i < COUNT(rows); i++) {
    let_fail(rows[i].function, ENOMEM, rows[i].after, 1);
    sr_share_sweep(share, 1000000 * S);
    assert_true(have_failed());
    assert_int_equal(files(0), 2);
    let_fail(rows[i].function, ENOMEM, rows[i].after, 1);
    assert_int_equal(sr_share_list_init(&list, &place, 1000000 * S, NULL, 0, problem), -1);
    assert_true(have_failed());
    CHECK(strstr(problem, "Cannot allocate memory") != NULL, "%s", problem);
    sr_share_list_fini(&list);
  }
  let_fail("open", EMFILE, 1, 1); /* after the boot's id, the folder */
  sr_share_sweep(share, 1000000 * S);
  assert_true(have_failed());
  let_fail("mmap", ENOMEM, 0, 1);
  sr_share_sweep(share, 1000000 * S);
  assert_int_equal(files(0), 2);
  let_fail("mmap", ENOMEM, 0, 1);
  assert_int_equal(sr_share_list_init(&list, &place, 1000000 * S, NULL, 0, problem), 0);
  assert_int_equal(list.count, 2);
  assert_int_equal((list.entries[0].problem[0] != '\0') + (list.entries[1].problem[0] != '\0'), 1);
  sr_share_list_fini(&list);
  sr_share_sweep(share, 1000000 * S);
  sr_share_sweep(share, 1000000 * S);
  assert_int_equal(files(0), 1); /* now it can */
  sr_share_close(share);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(seeds_differ_without_random_bytes_of_the_system),
      TEST(seconds_that_a_time_can_not_hold_are_the_last_time),
      TEST(a_descriptor_that_can_not_be_listed_for_forks_is_not_opened),
      TEST(a_notification_that_is_interrupted_is_sent_all_the_same),
      TEST(a_pending_sigpipe_is_consumed_though_that_is_interrupted),
      TEST(a_secret_file_is_read_through_interruptions_or_refused_with_a_reason),
      TEST(a_download_s_file_that_can_not_be_made_leaves_nothing),
      TEST(a_download_that_can_not_be_unpacked_for_lack_of_memory_is_an_error),
      TEST(a_download_that_can_not_begin_again_or_be_kept_ends_with_the_reason),
      TEST(a_limit_s_file_that_can_not_be_opened_is_told_with_the_reason),
      TEST(a_file_that_can_not_be_locked_is_kept),
      TEST(a_folder_that_can_not_be_locked_at_all_keeps_no_file),
      TEST(a_folder_that_can_not_be_read_is_not_swept_and_its_list_is_an_error),
  };
  return cmocka_run_group_tests_name("functions of the system that fail", tests, NULL, NULL);
}
