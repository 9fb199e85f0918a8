/* Removal of unused limiters, mappings and files while other processes open them.
** SPDX-License-Identifier: MIT */
#include "folder.h"

#include "limit/sr_local.h"
#include "limit/sr_share.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>

#define MS    SR_MILLISECOND
#define S     SR_SECOND
#define START (5000 * S)

enum { N = 5 };
static const struct sr_rate rate = {N, S};
static const struct sr_limiter_driver *const driver = &sr_local_driver;

/* ---- limiters ---- */

static struct sr_limit_identity identity(uint64_t name, const char *url) {
  struct sr_limit_identity who = {name,
                                  "\xe2\x80\xa6"
                                  "d14b",
                                  url};
  return who;
}

static struct sr_limit_identity fresh_identity(void) {
  static uint64_t last = UINT64_C(0xfade000000000000);
  return identity(++last, "https://api4.seranking.com");
}

static struct sr_limiter *opened_in(const char *where, const struct sr_limit_identity *who) {
  struct sr_local_settings settings = {1, 0, where, 0, 0};
  struct sr_limiter *limiter = sr_local_open(&settings, who);
  assert_non_null(limiter);
  return limiter;
}

static struct sr_limiter *opened(const struct sr_limit_identity *who) {
  return opened_in(folder, who);
}

/* The same directory by another name, as another process would open it. */
static struct sr_limiter *opened_elsewhere(const struct sr_limit_identity *who) {
  char same[110];
  snprintf(same, sizeof same, "%s/.", folder);
  return opened_in(same, who);
}

static int take(struct sr_limiter *limiter, sr_time now, struct sr_slot *slot) {
  struct sr_want want;
  struct sr_ruling ruling;
  memset(&want, 0, sizeof want);
  memset(&ruling, 0, sizeof ruling);
  memset(slot, 0, sizeof *slot);
  want.rate = rate;
  want.lease = now + 60 * S;
  return driver->take(limiter, &want, now, slot, &ruling) == SR_LIMIT_GRANTED;
}

static int take_all(struct sr_limiter *limiter, sr_time now) {
  struct sr_slot slot;
  int count = 0;
  while (take(limiter, now, &slot))
    assert_true(++count <= N);
  return count;
}

static void request(struct sr_limiter *limiter, sr_time now, enum sr_outcome outcome) {
  struct sr_slot slot;
  assert_true(take(limiter, now, &slot));
  driver->give(limiter, &rate, now, &slot, outcome, S);
}

/* The number of mapped files of the folder, including removed ones. -1 if the system can't tell. */
static int mappings(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[600];
  int count = 0;
  if (maps == NULL)
    return -1;
  while (fgets(line, sizeof line, maps) != NULL)
    count += strstr(line, folder) != NULL;
  fclose(maps);
  return count;
}

static void expect_mappings(int least, int most) {
  int count = mappings();
  CHECK(count == -1 || (count >= least && count <= most), "%d mappings", count);
}

/* ---- how long limiters are kept ---- */

static void a_closed_limiter_is_kept_until_its_last_stamp(void **state) {
  static const struct {
    enum sr_outcome outcome;
    int times;
    sr_time last;
  } rows[] = {
      {SR_OUTCOME_UNSENT, 1, 0},
      {SR_OUTCOME_FINE, 1, S},
      {SR_OUTCOME_SILENT, 1, S + SR_LATE_COUNT},
      {SR_OUTCOME_REFUSED, 1, 3600 * S},         /* a strike */
      {SR_OUTCOME_BAD_KEY, 2, (600 + 3600) * S}, /* a ban and its level */
      {SR_OUTCOME_SILENT, 3, S + 3600 * S},
  };
  size_t i;
  int k;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_limit_identity who = fresh_identity();
    struct sr_limiter *limiter = opened(&who);
    sr_time expected = rows[i].last > 0 ? START + rows[i].last : 0;
    assert_int_equal(driver->keep_until(limiter, START), 0);
    for (k = 0; k < rows[i].times; k++)
      request(limiter, START, rows[i].outcome);
    CHECK(driver->keep_until(limiter, START) == expected, "row %zu: %.3f s", i,
          (double)(driver->keep_until(limiter, START) - START) / 1e9);
    if (expected > 0)
      assert_int_equal(driver->keep_until(limiter, expected), 0);
    driver->close(limiter);
  }
}

static void asking_for_the_last_stamp_creates_no_file(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  (void)state;
  assert_int_equal(driver->keep_until(limiter, START), 0);
  assert_int_equal(files(0), 0);
  driver->close(limiter);
}

static void a_closed_limiter_and_its_file_are_removed_once_nothing_depends_on_them(void **state) {
  struct sr_limit_identity who = fresh_identity();
  int shared;
  (void)state;
  for (shared = 0; shared < 2; shared++) {
    struct sr_local_settings settings = {shared, 0, folder, 0, 0};
    struct sr_limiter *limiter = sr_local_open(&settings, &who);
    request(limiter, START, SR_OUTCOME_FINE);
    driver->keep_until(limiter, START + S - 2);
    driver->close(limiter); /* its slot is still cooling down */
    assert_int_equal(files(0), shared);
    assert_ptr_equal(sr_local_open(&settings, &who), limiter);
    assert_ptr_equal(sr_local_open(&settings, &who), limiter);
    driver->keep_until(limiter, START + S);
    driver->close(limiter); /* it is still open elsewhere */
    assert_int_equal(files(0), shared);
    driver->close(limiter);
    expect_mappings(0, 0);
    assert_int_equal(files(0), 0);
  }
}

/* On the real clock, opening a limiter also closes expired ones. */
static void a_limiter_closed_early_is_removed_later(void **state) {
  struct sr_limit_identity who = fresh_identity(), other = fresh_identity();
  struct sr_local_settings settings = {1, 0, folder, 0, 1};
  struct sr_limiter *limiter = sr_local_open(&settings, &who);
  sr_time now = sr_clock_monotonic.now(NULL), patience = now + 10 * S;
  struct sr_slot slot;
  (void)state;
  assert_true(take(limiter, now, &slot));
  driver->give(limiter, &(struct sr_rate){N, 100 * MS}, now, &slot, SR_OUTCOME_FINE, 0);
  driver->close(limiter);
  do {
    driver->close(sr_local_open(&settings, &other)); /* checks the next bucket each time */
  } while (files(0) > 0 && sr_clock_monotonic.now(NULL) < patience);
  assert_int_equal(files(0), 0);
}

/* ---- other users of the file ---- */

static void a_file_with_another_process_s_slot_stays(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *first = opened(&who), *second = opened_elsewhere(&who);
  struct sr_slot slot;
  (void)state;
  assert_true(take(first, START, &slot));
  assert_int_equal(take_all(second, START), N - 1);
  driver->give(first, &rate, START, &slot, SR_OUTCOME_FINE, 0);
  driver->keep_until(first, START + 2 * S); /* the other leases last a minute */
  driver->close(first);
  assert_int_equal(files(0), 1);
  first = opened(&who);
  assert_int_equal(take_all(first, START + 2 * S), 1);
  driver->close(first);
  driver->close(second);
}

static void a_process_with_a_removed_file_mapped_continues_in_the_next_one(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *first = opened(&who), *second = opened_elsewhere(&who);
  (void)state;
  request(second, START, SR_OUTCOME_FINE);
  request(first, START, SR_OUTCOME_FINE);
  driver->keep_until(first, START + S);
  driver->close(first);
  assert_int_equal(files(0), 0);
  assert_int_equal(take_all(second, START + S), N); /* without waiting for the next check */
  assert_int_equal(files(0), 1);
  first = opened(&who);
  assert_int_equal(take_all(first, START + S), 0);
  driver->close(first);
  driver->close(second);
}

/* A process that removes a file is killed after retiring it, before unlinking it. */
static void a_file_that_was_retired_and_not_removed_is_replaced(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_share_place place = {folder, 0};
  struct sr_limiter *first = opened(&who), *second = opened_elsewhere(&who);
  struct sr_share *share;
  char problem[SR_SHARE_PROBLEM];
  (void)state;
  request(first, START, SR_OUTCOME_FINE);
  share = sr_share_open(&place, &who, problem);
  assert_non_null(share);
  assert_true(sr_limit_retire(sr_share_limit(share), START + S, 0));
  assert_int_equal(take_all(second, START + S), N); /* one that opens it now */
  assert_false(sr_share_current(share));
  assert_int_equal(take_all(first, START + S), 0); /* one that had it open */
  assert_int_equal(files(0), 1);
  sr_share_close(share);
  driver->close(first);
  driver->close(second);
}

/* … or stopped there: it blocks nobody, and removes no other file when it continues. */
static void a_process_stopped_while_removing_a_file_blocks_nobody(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_share_place place = {folder, 0};
  struct sr_limiter *limiter = opened(&who);
  struct sr_share *share;
  char problem[SR_SHARE_PROBLEM];
  int fd;
  (void)state;
  request(limiter, START, SR_OUTCOME_FINE);
  share = sr_share_open(&place, &who, problem);
  fd = open(sr_share_path(share), O_RDWR);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  assert_true(sr_limit_retire(sr_share_limit(share), START + S, 0));
  assert_int_equal(take_all(limiter, START + S), N);
  close(fd);
  assert_int_equal(sr_share_remove(share, START + S), 0);
  assert_int_equal(files(0), 1);
  assert_int_equal(take_all(limiter, START + S), 0);
  sr_share_close(share);
  driver->close(limiter);
}

/* A take while another process checks whether the file is unused keeps the file. */
static void an_unfinished_attempt_to_retire_does_no_harm(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_share_place place = {folder, 0};
  struct sr_limiter *limiter = opened(&who);
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  (void)state;
  request(limiter, START, SR_OUTCOME_FINE);
  share = sr_share_open(&place, &who, problem);
  atomic_store(&sr_share_limit(share)->moved, 2); /* CLOSING: killed there */
  assert_int_equal(take_all(limiter, START + S), N);
  assert_true(sr_share_current(share));
  assert_int_equal(sr_share_remove(share, START + S), 0);
  sr_share_close(share);
  driver->close(limiter);
}

/* ---- many of them ---- */

/* Limiters are closed once they can be, as the engine does. TEST_KEYS sets how many (default below). */
static void many_keys_in_turn_leave_no_file_or_mapping(void **state) {
  enum { OPEN = 60 };
  struct sr_limiter *ring[OPEN] = {NULL};
  const char *keys = getenv("TEST_KEYS");
  int i, count = keys != NULL ? atoi(keys) : rounds(3000);
  sr_time now = START;
  (void)state;
  for (i = 0; i < count + OPEN; i++, now += 20 * MS) { /* fifty per second */
    struct sr_limiter **place = &ring[i % OPEN];
    if (*place != NULL) {
      assert_int_equal(driver->keep_until(*place, now), 0);
      driver->close(*place);
      *place = NULL;
    }
    if (i < count) {
      struct sr_limit_identity who = fresh_identity();
      *place = opened(&who);
      request(*place, now, SR_OUTCOME_FINE);
    }
    if (i % 64 == OPEN)
      expect_mappings(i < count ? 50 : 0, 99);
  }
  expect_mappings(0, 0);
  assert_int_equal(files(0), 0);
}

/* Removing a file repeatedly leaves no mappings behind. */
static void a_limiter_has_one_mapping_however_often_its_file_is_removed(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  int i;
  (void)state;
  for (i = 0; i < 50; i++) {
    assert_int_equal(take_all(limiter, START + i * 100 * S), N);
    files(1);
  }
  expect_mappings(1, 1);
  driver->close(limiter);
}

enum { THREADS = 4, KEYS = 3 };

struct crowd {
  struct sr_limit_identity who[KEYS];
  _Atomic int64_t now;
  atomic_int over;
};

static void *open_take_and_close(void *ctx) {
  struct crowd *crowd = ctx;
  int i;
  for (i = 0; i < rounds(2000); i++) {
    struct sr_limiter *limiter = opened(&crowd->who[i % KEYS]);
    sr_time now = atomic_fetch_add(&crowd->now, 400 * MS);
    struct sr_slot slot;
    if (take(limiter, now, &slot))
      driver->give(limiter, &rate, now, &slot, SR_OUTCOME_FINE, 0);
    driver->keep_until(limiter, now);
    driver->close(limiter);
  }
  return NULL;
}

static void threads_can_open_use_and_close_the_same_limits(void **state) {
  pthread_t threads[THREADS];
  struct crowd crowd;
  int i;
  (void)state;
  memset(&crowd, 0, sizeof crowd);
  atomic_store(&crowd.now, START);
  for (i = 0; i < KEYS; i++)
    crowd.who[i] = fresh_identity();
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, open_take_and_close, &crowd), 0);
  for (i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  for (i = 0; i < KEYS; i++) {
    struct sr_limiter *limiter = opened(&crowd.who[i]);
    driver->keep_until(limiter, atomic_load(&crowd.now) + 100 * S);
    driver->close(limiter);
  }
  expect_mappings(0, 0);
  assert_int_equal(files(0), 0);
}

/* ---- files that nobody has open ---- */

static void leave_file(const struct sr_limit_identity *who, sr_time now, enum sr_outcome outcome,
                       int times) {
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = sr_share_open(&place, who, problem);
  struct sr_want want;
  struct sr_ruling ruling;
  struct sr_slot slot;
  assert_non_null(share);
  memset(&want, 0, sizeof want);
  want.rate = rate;
  want.lease = now + 60 * S;
  while (times-- > 0) {
    assert_int_equal(sr_limit_take(sr_share_limit(share), &want, now, &slot, &ruling),
                     SR_LIMIT_GRANTED);
    sr_limit_give(sr_share_limit(share), &rate, now, &slot, outcome, S);
  }
  sr_share_close(share);
}

static void a_sweep_removes_meaningless_files_and_those_of_loopback_servers(void **state) {
  struct sr_limit_identity free_one = fresh_identity(), cooling = fresh_identity(),
                           banned = fresh_identity(), own = fresh_identity();
  struct sr_limit_identity local = identity(7, "http://127.0.0.1:8976"),
                           used = identity(8, "http://localhost:1");
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  (void)state;
  leave_file(&free_one, START - S, SR_OUTCOME_FINE, 1);
  leave_file(&cooling, START, SR_OUTCOME_FINE, 1);
  leave_file(&banned, START - 700 * S, SR_OUTCOME_BAD_KEY, 2);
  leave_file(&local, START - 700 * S, SR_OUTCOME_BAD_KEY, 2); /* not used for ten minutes */
  leave_file(&used, START - 500 * S, SR_OUTCOME_BAD_KEY, 2);
  share = sr_share_open(&place, &own, problem);
  assert_non_null(share);
  assert_int_equal(files(0), 6);
  sr_share_sweep(share, START);
  assert_int_equal(files(0), 4);
  assert_true(sr_share_current(share)); /* its own is kept */
  sr_share_sweep(share, START + 200 * S);
  assert_int_equal(files(0), 2);
  sr_share_sweep(share, START + 4000 * S);
  assert_int_equal(files(0), 1);
  sr_share_close(share);
}

/* A sweep checks a limited number of files; the next one continues after them. */
static void sweeps_reach_every_file_however_many_there_are(void **state) {
  enum { FILES = 700 };
  struct sr_limit_identity own = fresh_identity();
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  int i;
  (void)state;
  for (i = 0; i < FILES; i++) {
    struct sr_limit_identity who = fresh_identity();
    leave_file(&who, i % 2 ? START : START - 2 * S, SR_OUTCOME_FINE, 1);
  }
  share = sr_share_open(&place, &own, problem);
  assert_non_null(share);
  for (i = 0; i < 10; i++)
    sr_share_sweep(share, START);
  assert_int_equal(files(0), FILES / 2 + 1);
  sr_share_close(share);
}

static void a_sweep_removes_the_temporary_files_of_processes_that_were_killed(void **state) {
  struct sr_limit_identity own = fresh_identity();
  struct sr_share_place place = {folder, 0};
  const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  static const char *const names[] = {".new-1-2-3", ".new-1-2-4", "notes"};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share = sr_share_open(&place, &own, problem);
  size_t i;
  (void)state;
  assert_non_null(share);
  for (i = 0; i < COUNT(names); i++) {
    char path[120];
    int fd;
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    if (i != 1) /* that one is being created */
      assert_int_equal(futimens(fd, long_ago), 0);
    close(fd);
  }
  sr_share_sweep(share, START);
  sr_share_sweep(share, START); /* wherever the previous one stopped */
  assert_int_equal(files(0), 3);
  sr_share_close(share);
}

/* A group's directory contains other users' files as well. */
static void a_sweep_removes_files_of_a_group(void **state) {
  struct sr_limit_identity left = fresh_identity(), own = fresh_identity();
  struct sr_share_place place = {folder, 1};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  (void)state;
  assert_int_equal(chmod(folder, 0770), 0);
  share = sr_share_open(&place, &left, problem);
  CHECK(share != NULL, "%s", problem);
  sr_share_close(share);
  share = sr_share_open(&place, &own, problem);
  assert_non_null(share);
  sr_share_sweep(share, START);
  sr_share_sweep(share, START);
  assert_int_equal(files(0), 1);
  sr_share_close(share);
}

/* The next process can open the file under any umask. */
static void a_file_has_its_mode_under_any_umask(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  struct stat st;
  mode_t before = umask(0777);
  (void)state;
  share = sr_share_open(&place, &who, problem);
  umask(before);
  CHECK(share != NULL, "%s", problem);
  assert_int_equal(stat(sr_share_path(share), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  sr_share_close(share);
}

static void prune_removes_the_same_files_and_those_of_loopback_servers_at_once(void **state) {
  struct sr_limit_identity free_one = fresh_identity(), cooling = fresh_identity(),
                           local = identity(9, "http://[::1]:80");
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share_list list;
  int i, removed = 0;
  (void)state;
  leave_file(&free_one, START - S, SR_OUTCOME_FINE, 1);
  leave_file(&cooling, START, SR_OUTCOME_FINE, 1);
  leave_file(&local, START - 2 * S, SR_OUTCOME_BAD_KEY, 2);
  assert_int_equal(sr_share_list_init(&list, &place, START, NULL, 1, problem), 0);
  assert_int_equal(list.count, 3);
  for (i = 0; i < list.count; i++)
    removed += list.entries[i].removed;
  assert_int_equal(removed, 2);
  sr_share_list_fini(&list);
  assert_int_equal(files(0), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_closed_limiter_is_kept_until_its_last_stamp),
      TEST(asking_for_the_last_stamp_creates_no_file),
      TEST(a_closed_limiter_and_its_file_are_removed_once_nothing_depends_on_them),
      TEST(a_limiter_closed_early_is_removed_later),
      TEST(a_file_with_another_process_s_slot_stays),
      TEST(a_process_with_a_removed_file_mapped_continues_in_the_next_one),
      TEST(a_file_that_was_retired_and_not_removed_is_replaced),
      TEST(a_process_stopped_while_removing_a_file_blocks_nobody),
      TEST(an_unfinished_attempt_to_retire_does_no_harm),
      TEST(many_keys_in_turn_leave_no_file_or_mapping),
      TEST(a_limiter_has_one_mapping_however_often_its_file_is_removed),
      TEST(threads_can_open_use_and_close_the_same_limits),
      TEST(a_sweep_removes_meaningless_files_and_those_of_loopback_servers),
      TEST(sweeps_reach_every_file_however_many_there_are),
      TEST(a_sweep_removes_the_temporary_files_of_processes_that_were_killed),
      TEST(a_sweep_removes_files_of_a_group),
      TEST(a_file_has_its_mode_under_any_umask),
      TEST(prune_removes_the_same_files_and_those_of_loopback_servers_at_once),
  };
  return cmocka_run_group_tests_name("sr_files", tests, NULL, NULL);
}
