/* The file of a limit: creating and finding it, and refusals.
** SPDX-License-Identifier: MIT */
#include "share_support.h"

/* ---- making and finding ---- */

static void the_first_process_creates_the_file_and_the_next_finds_it(void **state) {
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
  first = opened(); /* it outlives its users */
  assert_int_equal(atomic_load(&sr_share_limit(first)->slots[7]), 12345678);
  sr_share_close(first);
}

static void the_file_is_one_page_readable_by_its_owner_alone(void **state) {
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

static void the_file_s_name_is_the_hash_and_the_boot(void **state) {
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

static void a_missing_directory_is_created_for_its_owner_alone(void **state) {
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

/* Containers that share a directory may have processes with the same id. */
static void a_temporary_file_of_another_process_with_the_same_id_is_kept(void **state) {
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

static void a_process_killed_at_any_step_of_creation_leaves_nothing_harmful(void **state) {
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
    share = opened(); /* complete, whichever process created it */
    assert_true(sr_share_current(share));
    assert_int_equal(unlink(sr_share_path(share)), 0);
    sr_share_close(share);
  }
  remaining_are_temporary();
}

static void any_failing_system_call_is_reported_and_leaves_nothing_open(void **state) {
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

static void a_path_that_is_no_directory_is_refused(void **state) {
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
  assert_int_equal(chmod(dir, 0755), 0); /* read access for others is harmless */
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

static void a_link_a_pipe_or_a_directory_instead_of_the_file_is_refused(void **state) {
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
  expect_refused("is not a file"); /* and does not block on a FIFO */
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

static void a_foreign_file_is_refused_and_not_changed(void **state) {
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
      page[8] ^= 1; /* another key's file, copied to this name */
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

/* Invalid slots are handled by the limiter; they are no reason to refuse the file. */
static void a_file_with_impossible_stamps_is_not_refused(void **state) {
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

static void members_of_the_directory_s_group_share_the_file_and_others_do_not(void **state) {
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

static void a_group_s_directory_must_exist(void **state) {
  char path[200];
  (void)state;
  snprintf(path, sizeof path, "%s/new", dir);
  expect_refused_at(path, 1, "No such file or directory");
}

static void a_group_s_directory_must_not_be_writable_for_others(void **state) {
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

static void a_file_of_a_different_group_is_refused(void **state) {
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

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_first_process_creates_the_file_and_the_next_finds_it),
      TEST(the_file_is_one_page_readable_by_its_owner_alone),
      TEST(the_file_s_name_is_the_hash_and_the_boot),
      TEST(limits_of_different_names_have_different_files),
      TEST(a_missing_directory_is_created_for_its_owner_alone),
      TEST(twenty_processes_that_create_at_once_get_the_same_file),
      TEST(a_temporary_file_of_another_process_with_the_same_id_is_kept),
      TEST(a_process_killed_at_any_step_of_creation_leaves_nothing_harmful),
      TEST(any_failing_system_call_is_reported_and_leaves_nothing_open),
      TEST(a_directory_in_a_missing_one_is_refused),
      TEST(a_path_that_is_no_directory_is_refused),
      TEST(a_link_to_a_directory_is_refused),
      TEST(a_directory_that_others_can_write_to_is_refused),
      TEST(a_directory_of_another_user_is_refused),
      TEST(a_directory_without_permissions_is_refused),
      TEST(a_path_that_is_too_long_is_refused),
      TEST(a_link_a_pipe_or_a_directory_instead_of_the_file_is_refused),
      TEST(a_file_of_the_wrong_size_is_refused),
      TEST(a_foreign_file_is_refused_and_not_changed),
      TEST(a_file_that_others_can_write_to_is_refused),
      TEST(a_file_of_another_user_is_refused),
      TEST(a_refusal_names_the_file),
      TEST(a_file_with_impossible_stamps_is_not_refused),
      TEST(members_of_the_directory_s_group_share_the_file_and_others_do_not),
      TEST(a_group_s_directory_must_exist),
      TEST(a_group_s_directory_must_not_be_writable_for_others),
      TEST(a_file_of_a_different_group_is_refused),
  };
  return cmocka_run_group_tests_name("sr_share", tests, NULL, NULL);
}
