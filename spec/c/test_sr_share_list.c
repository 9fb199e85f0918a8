/* The file of a limit: its location, and listing limits.
** SPDX-License-Identifier: MIT */
#include "share_support.h"

/* ---- location ---- */

static char run[200], tmp[200];

/* In another user's process: where the file is created, and the message if it can't be. */
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
    where += 20; /* no warning that others may have used the preferred one */
  *end = '/';
  unlink(path);
  *end = '\0';
  rmdir(path);
  sr_share_close(share);
  return where;
}

static void the_first_usable_of_three_directories_is_used(void **state) {
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
    assert_int_equal(mkdir(shm, 0755), 0); /* another user has taken the name */
  }
  if (access("/dev/shm", W_OK | X_OK) != 0)
    return;
  assert_int_equal(as_user(other_user, other_user, search), 2);
  setenv("XDG_RUNTIME_DIR", "relative", 1); /* is ignored */
  assert_int_equal(as_user(other_user, other_user, search), 3);
  unsetenv("XDG_RUNTIME_DIR");
  assert_int_equal(as_user(other_user, other_user, search), 3);
  assert_int_equal(chmod(tmp, 0500), 0);
  if (access("/dev/shm", W_OK | X_OK) == 0)
    assert_int_equal(as_user(other_user, other_user, search),
                     10); /* the first problem is reported */
}

/* ---- secrets ---- */

static int holds(const char *path, const char *text) {
  char page[4096];
  int fd = open(path, O_RDONLY);
  assert_int_equal(read(fd, page, sizeof page), 4096);
  close(fd);
  return memmem(page, sizeof page, text, strlen(text)) != NULL;
}

static void neither_the_file_nor_its_name_holds_the_key(void **state) {
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
  assert_true(holds(sr_share_path(share), "d14b")); /* the key hint */
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

static void a_removed_replaced_or_truncated_file_is_not_current(void **state) {
  struct sr_share *share, *other;
  (void)state;
  share = opened();
  assert_true(sr_share_current(share));
  assert_int_equal(unlink(sr_share_path(share)), 0);
  assert_false(sr_share_current(share));
  other = opened(); /* a different file under the same name */
  assert_true(sr_share_current(other));
  assert_false(sr_share_current(share));
  sr_share_close(share);
  assert_int_equal(truncate(sr_share_path(other), 100), 0);
  assert_false(sr_share_current(other));
  sr_share_close(other);
}

/* ---- listing ---- */

static struct sr_share_list listed(sr_time now, const char *reset) {
  struct sr_share_place place = {dir, 0};
  char problem[SR_SHARE_PROBLEM] = "";
  struct sr_share_list list;
  int result = sr_share_list_init(&list, &place, now, reset, 0, problem);
  CHECK(result == 0, "%s", problem);
  return list;
}

/* One file of each kind; `names` are those of the valid ones. */
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
  for (i = 0; i < 6; i++) { /* similar, but not ours */
    static const char *const names[] = {
        "0123456789abcdef_01234567.limit", ".new-1-1",
        "0123456789abcdef-0123456.limit",  "0123456789ABCDEF-01234567.limit",
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

static void the_list_shows_each_file_s_contents(void **state) {
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
  assert_non_null(strstr(entry->problem, "from an earlier boot"));
  assert_int_equal(entry->view.block, SR_BLOCK_NONE);
  entry = entry_of(&list, "0123456789abcdf2");
  assert_non_null(strstr(entry->problem, "is damaged"));
  sr_share_list_fini(&list);
  sr_share_list_fini(&list);
}

static void reset_by_name_ends_only_that_limit_s_ban(void **state) {
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

static void listing_creates_no_directory_or_file(void **state) {
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

static void a_file_with_an_unknown_rate_is_listed_without_a_rate(void **state) {
  struct sr_share *share = opened();
  struct sr_share_list list;
  int i;
  static const int64_t rates[][2] = {{0, 0}, {-1, S}, {65, S}, {5, 0}, {5, -1}, {5, 86401 * S}};
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

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_first_usable_of_three_directories_is_used),
      TEST(neither_the_file_nor_its_name_holds_the_key),
      TEST(a_removed_replaced_or_truncated_file_is_not_current),
      TEST(the_list_shows_each_file_s_contents),
      TEST(reset_by_name_ends_only_that_limit_s_ban),
      TEST(listing_creates_no_directory_or_file),
      TEST(a_file_with_an_unknown_rate_is_listed_without_a_rate),
  };
  return cmocka_run_group_tests_name("sr_share_list", tests, NULL, NULL);
}
