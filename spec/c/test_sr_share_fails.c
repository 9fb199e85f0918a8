/* The limit's file where the system refuses: what can't be made, opened or removed is told or left as it is, and the limit
** works afterwards.
** SPDX-License-Identifier: MIT */
#include "failing_system.h"
#include "folder.h"

#include "limit/sr_share.h"

#define S SR_SECOND

/* When everything here is as good as new. */
#define LATER (1000000 * S)

static const struct sr_limit_identity who = {0x0123456789abcdef, "…d14b",
                                             "https://api4.seranking.com"};

static int fds_before;

static int set_up(void **state) {
  fds_before = open_fds();
  return make_folder(state);
}

static int tear_down(void **state) {
  int left;
  atomic_store(&failing, NULL);
  left = open_fds() - fds_before;
  if (left != 0)
    print_error("%d descriptors are left\n", left);
  return remove_folder(state) != 0 || left != 0;
}

static struct sr_share *open_as(int group, char *problem) {
  struct sr_share_place place = {folder, group};
  problem[0] = '\0';
  return sr_share_open(&place, &who, problem);
}

static struct sr_share *opened(void) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_as(0, problem);
  CHECK(share != NULL, "%s", problem);
  return share;
}

static void expect_not_opened(int group, const char *words) {
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = open_as(group, problem);
  CHECK(share == NULL, "it was opened; expected: %s", words);
  assert_true(have_failed());
  CHECK(strstr(problem, words) != NULL, "\"%s\" does not say \"%s\"", problem, words);
}

/* ---- where it is ---- */

/* A path of `len` characters that does not exist. */
static const char *long_path(size_t len) {
  static char path[1000];
  memset(path, 'x', sizeof path);
  path[0] = '/';
  path[len] = '\0';
  return path;
}

/* Sets the variables, and opens the file without /dev/shm. Returns the folder's path below `folder`; or the problem. */
static const char *place_with(const char *runtime_dir, const char *tmpdir) {
  static char text[600];
  struct sr_share_place place = {NULL, 0};
  struct sr_share *share;
  char problem[SR_SHARE_PROBLEM] = "";
  setenv("XDG_RUNTIME_DIR", runtime_dir, 1);
  setenv("TMPDIR", tmpdir, 1);
  sr_share_environment();
  let_fail("access", EACCES, 0, 1);
  share = sr_share_open(&place, &who, problem);
  assert_true(have_failed());
  if (share == NULL) {
    snprintf(text, sizeof text, "%s", problem);
    return text;
  }
  snprintf(text, sizeof text, "%s", sr_share_path(share));
  assert_int_equal(unlink(text), 0);
  sr_share_close(share);
  *strrchr(text, '/') = '\0';
  assert_int_equal(rmdir(text), 0);
  assert_int_equal(strncmp(text, folder, strlen(folder)), 0);
  return text + strlen(folder);
}

/* Nothing is made: the folder may be that of the user who runs the tests. */
static void expect_tmp(void) {
  struct sr_share_place place = {NULL, 0};
  struct sr_share_list list;
  char problem[SR_SHARE_PROBLEM] = "", expected[100];
  let_fail("access", EACCES, 0, 1);
  (void)sr_share_list_init(&list, &place, 0, NULL, 0, problem);
  assert_true(have_failed());
  snprintf(expected, sizeof expected, "/tmp/seranking-%lu", (unsigned long)geteuid());
  assert_string_equal(list.dir, expected);
  sr_share_list_fini(&list);
}

static void put_back(const char *name, const char *value) {
  if (value != NULL)
    setenv(name, value, 1);
  else
    unsetenv(name);
}

static void a_folder_whose_path_is_too_long_is_passed_over(void **state) {
  const char *runtime_dir = getenv("XDG_RUNTIME_DIR"), *tmpdir = getenv("TMPDIR");
  char expected[100];
  (void)state;
  expect_tmp(); /* nobody has read the environment */
  runtime_dir = runtime_dir != NULL ? strdup(runtime_dir) : NULL;
  tmpdir = tmpdir != NULL ? strdup(tmpdir) : NULL;
  snprintf(expected, sizeof expected, "/seranking-%lu", (unsigned long)geteuid());
  assert_string_equal(place_with(folder, long_path(600)), "/seranking");
  assert_string_equal(place_with(long_path(600), folder), expected);
  assert_string_equal(place_with(long_path(505), folder), expected); /* with /seranking */
  assert_string_equal(place_with(long_path(480), folder), expected); /* with the file's name */
  assert_string_equal(place_with(long_path(480), long_path(505)), "no directory to keep it in");
  unsetenv("XDG_RUNTIME_DIR");
  unsetenv("TMPDIR");
  sr_share_environment();
  expect_tmp();
  put_back("XDG_RUNTIME_DIR", runtime_dir);
  put_back("TMPDIR", tmpdir);
  free((char *)runtime_dir);
  free((char *)tmpdir);
}

/* ---- making it ---- */

static void a_temporary_name_that_others_have_is_not_used(void **state) {
  (void)state;
  let_fail("openat", EEXIST, 1, 3); /* after the file itself */
  sr_share_close(opened());
  assert_true(have_failed());
  assert_int_equal(files(1), 1);
  let_fail("openat", EEXIST, 1, 100);
  expect_not_opened(0, "File exists");
  assert_int_equal(files(0), 0);
}

static void a_file_that_can_not_be_given_to_the_group_is_not_made(void **state) {
  static const struct {
    const char *function;
    int number, after;
    const char *words;
  } rows[] = {
      {"fchown", EPERM, 0, "Operation not permitted"},
      {"fstat", EIO, 0, "Input/output error"}, /* of the folder */
      {"fstat", EIO, 1, "Input/output error"}, /* once more, for its group */
      {"openat", ELOOP, 0, "is a link"},
  };
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  size_t i;
  (void)state;
  assert_int_equal(chmod(folder, 0770), 0);
  for (i = 0; i < COUNT(rows); i++) {
    let_fail(rows[i].function, rows[i].number, rows[i].after, 1);
    expect_not_opened(1, rows[i].words);
    assert_int_equal(files(0), 0);
  }
  share = open_as(1, problem);
  CHECK(share != NULL, "%s", problem);
  sr_share_close(share);
  for (i = 1; i <= 2; i++) { /* of the file and of the folder, for their groups */
    let_fail("fstat", EIO, (int)i, 1);
    expect_not_opened(1, "Input/output error");
  }
}

/* Not on Linux, which says ENOTDIR. */
static void a_link_is_refused_in_words_wherever_it_has_an_error_of_its_own(void **state) {
  (void)state;
  let_fail("open", ELOOP, 0, 1);
  expect_not_opened(0, "is not a directory (links are not followed)");
}

/* ---- removing it ---- */

static void a_file_that_can_not_be_looked_at_is_not_removed(void **state) {
  struct sr_share *share = opened();
  int i;
  (void)state;
  for (i = 0; i < 2; i++) {
    let_fail("fstat", EIO, i, 1);
    assert_int_equal(sr_share_remove(share, LATER), 0);
    assert_true(have_failed());
    assert_false(sr_limit_moved(sr_share_limit(share)));
    assert_true(sr_share_current(share));
  }
  assert_int_equal(sr_share_remove(share, LATER), 1);
  sr_share_close(share);
}

/* Leaves a file of which nobody takes slots any more. */
static void leave_retired(void) {
  struct sr_share *share = opened();
  let_fail("unlinkat", EBUSY, 0, 1);
  assert_int_equal(sr_share_remove(share, LATER), 0);
  assert_true(have_failed());
  assert_true(sr_limit_moved(sr_share_limit(share)));
  assert_int_equal(files(0), 1);
  sr_share_close(share);
}

static void a_name_that_can_not_be_removed_is_replaced_by_the_next_who_opens_it(void **state) {
  struct sr_share *share;
  (void)state;
  leave_retired();
  share = opened();
  assert_false(sr_limit_moved(sr_share_limit(share)));
  assert_true(sr_share_current(share));
  assert_int_equal(files(0), 1);
  sr_share_close(share);
}

static void if_the_next_file_can_not_be_mapped_it_is_told_and_the_one_after_can(void **state) {
  struct sr_share *share;
  (void)state;
  leave_retired();
  let_fail("mmap", ENOMEM, 1, 1);
  expect_not_opened(0, "Cannot allocate memory");
  share = opened();
  assert_false(sr_limit_moved(sr_share_limit(share)));
  sr_share_close(share);
}

/* ---- all files of a folder ---- */

/* The path of the file that an identity with this name has. */
static void make_file(uint64_t name, char path[600]) {
  struct sr_limit_identity other = {name, "", "https://api4.seranking.com"};
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = sr_share_open(&place, &other, problem);
  CHECK(share != NULL, "%s", problem);
  snprintf(path, 600, "%s", sr_share_path(share));
  sr_share_close(share);
}

/* Renames it to the file of another boot. */
static void age(char path[600]) {
  char old[600], *digit;
  snprintf(old, sizeof old, "%s", path);
  digit = strrchr(path, '-') + 1;
  *digit = *digit == '0' ? '1' : '0';
  assert_int_equal(rename(old, path), 0);
}

static void list(struct sr_share_list *out, int prune) {
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM] = "";
  int result = sr_share_list_init(out, &place, LATER, NULL, prune, problem);
  CHECK(result == 0, "%s", problem);
}

static void files_of_an_earlier_boot_are_removed_by_prune_alone(void **state) {
  struct sr_share *share = opened();
  struct sr_share_list all;
  char path[600];
  int i, removed = 0;
  (void)state;
  make_file(7, path);
  age(path);
  sr_share_sweep(share, LATER);
  sr_share_sweep(share, LATER);
  assert_int_equal(access(path, F_OK), 0);
  list(&all, 1);
  assert_int_equal(all.count, 2);
  for (i = 0; i < 2; i++)
    if (strcmp(all.entries[i].name, "0000000000000007") == 0)
      removed = all.entries[i].removed;
  assert_int_equal(removed, 1);
  assert_int_equal(access(path, F_OK), -1);
  sr_share_list_fini(&all);
  sr_share_close(share);
}

static void a_file_that_can_not_be_used_is_listed_with_the_reason_and_not_swept(void **state) {
  struct sr_share *share = opened();
  struct sr_share_list all;
  char path[600], page[4096] = "of somebody else";
  FILE *file;
  (void)state;
  assert_int_equal(sr_share_remove(share, LATER), 1);
  make_file(7, path);
  let_fail("openat", EMFILE, 0, 1);
  list(&all, 0);
  assert_true(have_failed());
  assert_int_equal(all.count, 1);
  assert_string_equal(all.entries[0].problem, "Too many open files");
  sr_share_list_fini(&all);
  assert_int_equal(chmod(path, 0666), 0);
  list(&all, 0);
  assert_string_equal(all.entries[0].problem, "others can write to it");
  sr_share_list_fini(&all);
  sr_share_sweep(share, LATER);
  sr_share_sweep(share, LATER);
  assert_int_equal(access(path, F_OK), 0);
  assert_int_equal(chmod(path, 0600), 0);
  file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(page, sizeof page, 1, file), 1);
  assert_int_equal(fclose(file), 0);
  list(&all, 1);
  assert_non_null(strstr(all.entries[0].problem, "is not a file of ours"));
  assert_int_equal(all.entries[0].removed, 0);
  sr_share_list_fini(&all);
  sr_share_sweep(share, LATER);
  sr_share_sweep(share, LATER);
  assert_int_equal(access(path, F_OK), 0);
  sr_share_close(share);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_folder_whose_path_is_too_long_is_passed_over), /* first: it knows what was not read */
      TEST(a_temporary_name_that_others_have_is_not_used),
      TEST(a_file_that_can_not_be_given_to_the_group_is_not_made),
      TEST(a_link_is_refused_in_words_wherever_it_has_an_error_of_its_own),
      TEST(a_file_that_can_not_be_looked_at_is_not_removed),
      TEST(a_name_that_can_not_be_removed_is_replaced_by_the_next_who_opens_it),
      TEST(if_the_next_file_can_not_be_mapped_it_is_told_and_the_one_after_can),
      TEST(files_of_an_earlier_boot_are_removed_by_prune_alone),
      TEST(a_file_that_can_not_be_used_is_listed_with_the_reason_and_not_swept),
  };
  return cmocka_run_group_tests_name("the limit's file where the system refuses", tests, NULL,
                                     NULL);
}
