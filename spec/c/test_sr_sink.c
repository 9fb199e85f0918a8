/* The file that a download goes to.
** SPDX-License-Identifier: MIT */
#include "folder.h"

#include "base/sr_fork.h"
#include "http/sr_sink.h"

#include <signal.h>
#include <sys/resource.h>
#define ZLIB_CONST
#include <zlib.h>

#define NO_LIMIT UINT64_MAX

/* ---- files ---- */

static char path[300];

static const char *in_folder(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void put_file(const char *name, const char *text) {
  FILE *file = fopen(in_folder(name), "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void assert_holds(const char *name, const char *text, size_t len) {
  static char found[1 << 20];
  FILE *file = fopen(in_folder(name), "rb");
  assert_non_null(file);
  assert_int_equal(fread(found, 1, sizeof found, file), len);
  fclose(file);
  assert_memory_equal(found, text, len);
}

static struct sr_sink *open_sink(int gunzip, uint64_t max) {
  struct sr_error error;
  struct sr_sink *sink = sr_sink_new(in_folder("links.csv"), gunzip, max, &error);
  assert_non_null(sink);
  return sink;
}

/* The message of the failed function, with its kind and code in front. */
static const char *failure(const struct sr_sink *sink) {
  static char text[600];
  struct sr_error error;
  sr_sink_explain(sink, &error);
  snprintf(text, sizeof text, "%s %s: %s", sr_kind_name(error.kind), error.code, error.message);
  return text;
}

/* ---- gzip ---- */

struct bytes {
  unsigned char data[1 << 16];
  size_t len;
};

static void add_member(struct bytes *to, const char *text, size_t len) {
  z_stream z;
  memset(&z, 0, sizeof z);
  assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  z.next_in = (const unsigned char *)text;
  z.avail_in = (uInt)len;
  z.next_out = to->data + to->len;
  z.avail_out = (uInt)(sizeof to->data - to->len);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  to->len = sizeof to->data - z.avail_out;
  deflateEnd(&z);
}

static int write_in_pieces(struct sr_sink *sink, const void *data, size_t len, size_t piece) {
  const char *p = data;
  while (len > 0) {
    size_t now = len < piece ? len : piece;
    if (sr_sink_write(sink, p, now) != 0)
      return -1;
    p += now;
    len -= now;
  }
  return 0;
}

static const size_t pieces[] = {1, 2, 3, 17, 100000};

/* ---- what is held ---- */

static void the_file_has_its_name_at_the_end_alone(void **state) {
  struct sr_sink *sink = open_sink(0, NO_LIMIT);
  (void)state;
  assert_int_equal(sr_sink_write(sink, "one,", 4), 0);
  assert_int_equal(access(in_folder("links.csv"), F_OK), -1);
  assert_int_equal(sr_sink_write(sink, "two", 3), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  assert_int_equal(sr_sink_size(sink), 7);
  sr_sink_delete(sink);
  assert_holds("links.csv", "one,two", 7);
  assert_int_equal(files(0), 1);
}

static void a_file_that_is_there_stays_until_then(void **state) {
  struct sr_sink *sink;
  (void)state;
  put_file("links.csv", "old");
  sink = open_sink(0, NO_LIMIT);
  assert_int_equal(sr_sink_write(sink, "new", 3), 0);
  assert_holds("links.csv", "old", 3);
  sr_sink_delete(sink); /* given up */
  assert_holds("links.csv", "old", 3);
  assert_int_equal(files(0), 1);
}

static void the_file_has_the_usual_rights(void **state) {
  struct stat status;
  mode_t mask = umask(027);
  struct sr_sink *sink = open_sink(0, NO_LIMIT);
  (void)state;
  umask(mask);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  assert_int_equal(stat(in_folder("links.csv"), &status), 0);
  assert_int_equal(status.st_mode & 0777, 0640);
}

static void a_link_stays_a_link(void **state) {
  struct stat status;
  struct sr_sink *sink;
  (void)state;
  put_file("real", "old");
  assert_int_equal(symlink("real", in_folder("links.csv")), 0);
  sink = open_sink(0, NO_LIMIT);
  assert_int_equal(sr_sink_write(sink, "new", 3), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  assert_int_equal(lstat(in_folder("links.csv"), &status), 0);
  assert_true(S_ISLNK(status.st_mode));
  assert_holds("real", "new", 3);
}

static void the_rights_of_a_file_that_is_there_stay(void **state) {
  struct stat status;
  struct sr_sink *sink;
  (void)state;
  put_file("links.csv", "old");
  assert_int_equal(chmod(in_folder("links.csv"), 0600), 0);
  sink = open_sink(0, NO_LIMIT);
  assert_int_equal(sr_sink_write(sink, "new", 3), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  assert_holds("links.csv", "new", 3);
  assert_int_equal(stat(in_folder("links.csv"), &status), 0);
  assert_int_equal(status.st_mode & 0777, 0600);
}

static void another_attempt_begins_anew(void **state) {
  struct bytes gzip = {.len = 0};
  size_t i;
  (void)state;
  add_member(&gzip, "the whole text", 14);
  for (i = 0; i < COUNT(pieces); i++) {
    struct sr_sink *sink = open_sink(1, NO_LIMIT);
    assert_int_equal(sr_sink_restart(sink), 0);
    assert_int_equal(write_in_pieces(sink, gzip.data, gzip.len - 9, pieces[i]), 0);
    assert_int_equal(sr_sink_restart(sink), 0);
    assert_int_equal(sr_sink_size(sink), 0);
    assert_int_equal(write_in_pieces(sink, gzip.data, gzip.len, pieces[i]), 0);
    assert_int_equal(sr_sink_finish(sink), 0);
    sr_sink_delete(sink);
    assert_holds("links.csv", "the whole text", 14);
  }
}

static void gzip_is_unpacked_member_by_member(void **state) {
  static char text[200000];
  struct bytes gzip = {.len = 0};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof text; i++)
    text[i] = (char)('a' + i * i % 17);
  add_member(&gzip, text, 150000);
  add_member(&gzip, "", 0);
  add_member(&gzip, text + 150000, sizeof text - 150000);
  memset(gzip.data + gzip.len, 0, 100); /* padding, as on tapes */
  gzip.len += 100;
  for (i = 0; i < COUNT(pieces); i++) {
    struct sr_sink *sink = open_sink(1, NO_LIMIT);
    assert_int_equal(write_in_pieces(sink, gzip.data, gzip.len, pieces[i]), 0);
    assert_int_equal(sr_sink_finish(sink), 0);
    assert_int_equal(sr_sink_size(sink), sizeof text);
    sr_sink_delete(sink);
    assert_holds("links.csv", text, sizeof text);
  }
}

/* The buffer that is unpacked into is full at the very end. */
static void gzip_of_any_power_of_two_is_unpacked_to_its_end(void **state) {
  static char text[1 << 18];
  size_t len;
  (void)state;
  memset(text, 'x', sizeof text);
  for (len = 1024; len <= sizeof text; len *= 2) {
    struct bytes gzip = {.len = 0};
    struct sr_sink *sink = open_sink(1, NO_LIMIT);
    add_member(&gzip, text, len);
    assert_int_equal(sr_sink_write(sink, gzip.data, gzip.len), 0);
    assert_int_equal(sr_sink_finish(sink), 0);
    sr_sink_delete(sink);
    assert_holds("links.csv", text, len);
  }
}

static void what_is_no_gzip_is_kept_as_it_is(void **state) {
  static const char *const texts[] = {"", "\x1f", "a", "\x1f\x1f", "id,name\r\n1,anchors\r\n"};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(texts); i++)
    for (k = 0; k < COUNT(pieces); k++) {
      struct sr_sink *sink = open_sink(1, NO_LIMIT);
      assert_int_equal(write_in_pieces(sink, texts[i], strlen(texts[i]), pieces[k]), 0);
      assert_int_equal(sr_sink_finish(sink), 0);
      sr_sink_delete(sink);
      assert_holds("links.csv", texts[i], strlen(texts[i]));
    }
}

static void gzip_stays_packed_unless_told(void **state) {
  struct bytes gzip = {.len = 0};
  struct sr_sink *sink = open_sink(0, NO_LIMIT);
  (void)state;
  add_member(&gzip, "text", 4);
  assert_int_equal(sr_sink_write(sink, gzip.data, gzip.len), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  assert_holds("links.csv", (const char *)gzip.data, gzip.len);
}

static void damaged_gzip_leaves_nothing(void **state) {
  struct bytes gzip = {.len = 0};
  size_t len;
  (void)state;
  add_member(&gzip, "some text that is long enough to be damaged", 43);
  for (len = 2; len < gzip.len; len++) { /* cut short */
    struct sr_sink *sink = open_sink(1, NO_LIMIT);
    assert_int_equal(sr_sink_write(sink, gzip.data, len), 0);
    assert_int_equal(sr_sink_finish(sink), -1);
    assert_string_equal(failure(sink), "decode bad_gzip: the file's gzip is damaged or cut short");
    sr_sink_delete(sink);
    assert_int_equal(files(0), 0);
  }
  gzip.data[gzip.len - 6] ^= 1; /* of the check sum */
  {
    struct sr_sink *sink = open_sink(1, NO_LIMIT);
    assert_int_equal(sr_sink_write(sink, gzip.data, gzip.len), -1);
    assert_string_equal(failure(sink), "decode bad_gzip: the file's gzip is damaged or cut short");
    sr_sink_delete(sink);
    assert_int_equal(files(0), 0);
  }
}

static void the_limit_counts_unpacked_bytes(void **state) {
  static const char zeros[100000];
  struct bytes gzip = {.len = 0};
  struct sr_sink *sink = open_sink(1, sizeof zeros);
  (void)state;
  add_member(&gzip, zeros, sizeof zeros);
  assert_true(gzip.len < 1000);
  assert_int_equal(sr_sink_write(sink, gzip.data, gzip.len), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  sink = open_sink(1, sizeof zeros - 1);
  assert_int_equal(sr_sink_write(sink, gzip.data, gzip.len), -1);
  assert_string_equal(failure(sink), "too_large body: the file is larger than 99999 bytes");
  sr_sink_delete(sink);
  assert_int_equal(files(0), 1); /* the first one */
}

static void assert_refused(const char *name, const char *reason) {
  struct sr_error error;
  char expected[700];
  snprintf(expected, sizeof expected, "can't write %s%s", in_folder(name), reason);
  assert_null(sr_sink_new(path, 0, NO_LIMIT, &error));
  assert_string_equal(error.message, expected);
  assert_int_equal(error.kind, SR_FILE);
  assert_string_equal(error.code, "cant_write");
}

static void what_can_not_be_written_is_refused_at_once(void **state) {
  (void)state;
  assert_refused(".", ": it is a directory");
  assert_refused("none/links.csv", ": No such file or directory");
  assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
  assert_refused("pipe", ": it is no regular file");
  assert_int_equal(symlink("nowhere", in_folder("link")), 0);
  assert_refused("link", ": it is a link to a file that can't be found");
  assert_int_equal(unlink(in_folder("link")), 0);
  if (geteuid() != 0) {
    put_file("fixed", "old");
    chmod(in_folder("fixed"), 0400);
    assert_refused("fixed", ": Permission denied");
    unlink(in_folder("fixed"));
    chmod(folder, 0500);
    assert_refused("links.csv", ": Permission denied");
    chmod(folder, 0700);
  }
  assert_int_equal(files(0), 1);
}

static void a_full_disk_leaves_nothing(void **state) {
  struct rlimit before, small = {1000, RLIM_INFINITY};
  static const char zeros[4096];
  struct sr_sink *sink = open_sink(0, NO_LIMIT);
  int result;
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  result = sr_sink_write(sink, zeros, sizeof zeros);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(result, -1);
  assert_non_null(strstr(failure(sink), "links.csv: File too large"));
  assert_non_null(strstr(failure(sink), "file cant_write: can't write /"));
  sr_sink_delete(sink);
  assert_int_equal(files(0), 0);
}

static void a_child_leaves_the_parents_file_alone(void **state) {
  struct sr_sink *sink;
  int status;
  pid_t child;
  (void)state;
  assert_int_equal(sr_fork_watch(), 0);
  sink = open_sink(0, NO_LIMIT);
  assert_int_equal(sr_sink_write(sink, "one", 3), 0);
  child = fork();
  if (child == 0) {
    sr_sink_delete(sink);
    _exit(files(0) == 1 ? 0 : 1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  assert_int_equal(sr_sink_write(sink, "two", 3), 0);
  assert_int_equal(sr_sink_finish(sink), 0);
  sr_sink_delete(sink);
  assert_holds("links.csv", "onetwo", 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_file_has_its_name_at_the_end_alone),
      TEST(a_file_that_is_there_stays_until_then),
      TEST(the_file_has_the_usual_rights),
      TEST(a_link_stays_a_link),
      TEST(the_rights_of_a_file_that_is_there_stay),
      TEST(another_attempt_begins_anew),
      TEST(gzip_is_unpacked_member_by_member),
      TEST(gzip_of_any_power_of_two_is_unpacked_to_its_end),
      TEST(what_is_no_gzip_is_kept_as_it_is),
      TEST(gzip_stays_packed_unless_told),
      TEST(damaged_gzip_leaves_nothing),
      TEST(the_limit_counts_unpacked_bytes),
      TEST(what_can_not_be_written_is_refused_at_once),
      TEST(a_full_disk_leaves_nothing),
      TEST(a_child_leaves_the_parents_file_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
