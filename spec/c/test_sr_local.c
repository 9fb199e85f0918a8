/* The limiter of one machine: one instance per limit, and operation without a file.
** SPDX-License-Identifier: MIT */
#include "folder.h"

#include "limit/sr_local.h"
#include "limit/sr_share.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define MS    SR_MILLISECOND
#define S     SR_SECOND
#define START (5000 * S)

enum { N = 5 };
static const struct sr_rate rate = {N, S};
static const struct sr_limiter_driver *const driver = &sr_local_driver;

/* ---- limiters ---- */

/* A limit of this test only. */
static struct sr_limit_identity fresh_identity(void) {
  static uint64_t last = UINT64_C(0xfeed000000000000);
  struct sr_limit_identity who = {0,
                                  "\xe2\x80\xa6"
                                  "d14b",
                                  "https://api4.seranking.com"};
  who.name = ++last;
  return who;
}

static struct sr_local_settings by_file(void) {
  struct sr_local_settings settings = {1, 0, folder, 0, 0};
  return settings;
}

static struct sr_limiter *opened(const struct sr_limit_identity *who) {
  struct sr_local_settings settings = by_file();
  struct sr_limiter *limiter = sr_local_open(&settings, who);
  assert_non_null(limiter);
  return limiter;
}

static struct sr_limiter *fresh(void) {
  struct sr_limit_identity who = fresh_identity();
  return opened(&who);
}

static enum sr_verdict take(struct sr_limiter *limiter, sr_time now, struct sr_slot *slot,
                            struct sr_ruling *ruling) {
  struct sr_want want;
  memset(&want, 0, sizeof want);
  memset(ruling, 0, sizeof *ruling);
  memset(slot, 0, sizeof *slot);
  want.rate = rate;
  want.lease = now + 60 * S;
  return driver->take(limiter, &want, now, slot, ruling);
}

/* Takes all free slots. Returns how many. */
static int take_all(struct sr_limiter *limiter, sr_time now) {
  struct sr_slot slot;
  struct sr_ruling ruling;
  int count = 0;
  while (count < 100 && take(limiter, now, &slot, &ruling) == SR_LIMIT_GRANTED)
    count++;
  return count;
}

static struct sr_limit_view view_of(struct sr_limiter *limiter, sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = rate;
  driver->view(limiter, now, &view);
  return view;
}

/* ---- one instance per limit ---- */

static void a_limit_has_one_limiter_in_a_process(void **state) {
  struct sr_limit_identity who = fresh_identity(), other = fresh_identity();
  struct sr_local_settings settings = by_file(), alone = {0, 0, NULL, 0, 0}, again;
  struct sr_limiter *limiter = opened(&who);
  char same_dir[100], elsewhere[120];
  (void)state;
  assert_ptr_not_equal(sr_local_open(&alone, &who), limiter);
  snprintf(same_dir, sizeof same_dir, "%s", folder);
  snprintf(elsewhere, sizeof elsewhere, "%s/x", folder);
  again = settings;
  again.state_dir = same_dir; /* strings are compared and copied */
  assert_ptr_equal(sr_local_open(&again, &who), limiter);
  memset(same_dir, 'x', 5);
  assert_ptr_equal(sr_local_open(&settings, &who), limiter);
  assert_ptr_not_equal(sr_local_open(&settings, &other), limiter);
  again.state_dir = elsewhere;
  assert_ptr_not_equal(sr_local_open(&again, &who), limiter);
  again.state_dir = NULL;
  assert_ptr_not_equal(sr_local_open(&again, &who), limiter);
  assert_false(sr_local_is_same(&again, &settings));
  assert_false(sr_local_is_same(&settings, &again));
  assert_true(sr_local_is_same(&again, &again));
  again = settings;
  again.group = 1;
  assert_ptr_not_equal(sr_local_open(&again, &who), limiter);
  again = alone;
  again.state_dir = folder; /* ignored without a file */
  assert_ptr_equal(sr_local_open(&again, &who), sr_local_open(&alone, &who));
}

static void closing_a_limiter_keeps_its_slots_taken(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_local_settings alone = {0, 0, NULL, 0, 0};
  struct sr_limiter *limiter = sr_local_open(&alone, &who);
  (void)state;
  assert_int_equal(take_all(limiter, START), N);
  driver->close(limiter);
  limiter = sr_local_open(&alone, &who);
  assert_int_equal(take_all(limiter, START), 0);
}

static void opening_does_no_io(void **state) {
  struct sr_limiter *limiter = fresh();
  (void)state;
  assert_int_equal(files(1), 0);
  take_all(limiter, START);
  assert_int_equal(files(1), 1);
}

/* ---- threads ---- */

enum { THREADS = 6 };

struct crowd {
  struct sr_limit_identity who;
  pthread_barrier_t start;
  atomic_int granted, own, different;
  _Atomic(struct sr_limiter *) limiter;
};

static void *open_and_take(void *ctx) {
  struct crowd *crowd = ctx;
  struct sr_limiter *limiter, *first = NULL;
  struct sr_limit_view view;
  pthread_barrier_wait(&crowd->start);
  limiter = opened(&crowd->who);
  atomic_fetch_add(&crowd->granted, take_all(limiter, START));
  view = view_of(limiter, START);
  atomic_fetch_add(&crowd->own, strcmp(view.scope, "user") != 0);
  if (!atomic_compare_exchange_strong(&crowd->limiter, &first, limiter))
    atomic_fetch_add(&crowd->different, first != limiter);
  return NULL;
}

static void threads_opening_at_once_share_n_slots_of_the_file(void **state) {
  int round;
  (void)state;
  for (round = 0; round < rounds(300); round++) {
    pthread_t threads[THREADS];
    struct crowd crowd;
    int i;
    memset(&crowd, 0, sizeof crowd);
    crowd.who = fresh_identity();
    pthread_barrier_init(&crowd.start, NULL, THREADS);
    for (i = 0; i < THREADS; i++)
      assert_int_equal(pthread_create(&threads[i], NULL, open_and_take, &crowd), 0);
    for (i = 0; i < THREADS; i++)
      assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&crowd.start);
    CHECK(atomic_load(&crowd.granted) == N, "round %d: %d granted", round,
          atomic_load(&crowd.granted));
    assert_int_equal(atomic_load(&crowd.own), 0);
    assert_int_equal(atomic_load(&crowd.different), 0);
    files(1);
  }
}

/* ---- processes ---- */

/*
** The number of slots that a child process gets: from the inherited limiter, or (NULL) from one that it
** opens itself, like an unrelated process.
*/
static int taken_by_child(struct sr_limiter *limiter, const struct sr_limit_identity *who,
                          sr_time now) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    if (limiter == NULL) {
      size_t len = strlen(folder);
      memcpy(folder + len, "/.",
             3); /* the same folder by another name: not found in the registry */
      limiter = opened(who);
    }
    _exit(take_all(limiter, now));
  }
  return exit_status(child);
}

static void processes_share_n_slots(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter;
  struct sr_slot slots[2];
  struct sr_ruling ruling;
  (void)state;
  assert_int_equal(taken_by_child(NULL, &who, START), N); /* another process creates the file */
  limiter = opened(&who);
  assert_int_equal(take_all(limiter, START), 0);
  /* Their leases have expired. A limiter opened before the fork is shared as well. */
  assert_int_equal(take(limiter, START + 61 * S, &slots[0], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(take(limiter, START + 61 * S, &slots[1], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(taken_by_child(limiter, NULL, START + 61 * S), N - 2);
  assert_int_equal(take_all(limiter, START + 61 * S), 0);
  driver->give(limiter, &rate, START + 61 * S, &slots[0], SR_OUTCOME_UNSENT, 0);
  assert_int_equal(taken_by_child(NULL, &who, START + 61 * S), 1);
}

static void a_429_of_one_process_holds_all_others(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  struct sr_slot slots[3];
  struct sr_ruling ruling;
  int i;
  (void)state;
  for (i = 0; i < 3; i++)
    assert_int_equal(take(limiter, START, &slots[i], &ruling), SR_LIMIT_GRANTED);
  driver->give(limiter, &rate, START, &slots[0], SR_OUTCOME_REFUSED, 7 * S);
  assert_int_equal(taken_by_child(NULL, &who, START + 7 * S - 1), 0);
  assert_int_equal(taken_by_child(NULL, &who, START + 7 * S), 3); /* two are still leased */
  driver->give(limiter, &rate, START + 7 * S, &slots[1], SR_OUTCOME_REFUSED, S);
  assert_int_equal(driver->give(limiter, &rate, START + 7 * S, &slots[2], SR_OUTCOME_REFUSED, S),
                   SR_CHANGE_BLOCKED);
  assert_int_equal(taken_by_child(NULL, &who, START + 607 * S - 1), 0);
  assert_int_equal(taken_by_child(NULL, &who, START + 607 * S), 1); /* the probe */
  driver->reset(limiter, START + 607 * S);
  assert_int_equal(taken_by_child(NULL, &who, START + 607 * S), N - 1);
}

/* A process that is stopped for long loses its slots when their leases expire, and can't give them back. */
static void slots_of_killed_processes_are_free_when_their_leases_expire(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  pid_t child = fork();
  int status = -1;
  (void)state;
  assert_true(child >= 0);
  if (child == 0) {
    take_all(limiter, START);
    kill(getpid(), SIGKILL);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(take_all(limiter, START + 60 * S - 1), 0);
  assert_int_equal(take_all(limiter, START + 60 * S), N);
}

static void without_sharing_each_process_has_its_own_slots(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_local_settings alone = {0, 0, folder, 0, 0};
  struct sr_limiter *limiter = sr_local_open(&alone, &who);
  (void)state;
  assert_int_equal(taken_by_child(limiter, NULL, START), N);
  assert_int_equal(take_all(limiter, START), N);
  assert_string_equal(view_of(limiter, START).scope, "process");
  assert_string_equal(view_of(limiter, START).place, "");
  assert_string_equal(view_of(limiter, START).problem, "");
  assert_int_equal(files(1), 0);
}

/* ---- no file ---- */

static void without_a_file_the_process_uses_its_own_slots_and_reports_why(void **state) {
  struct sr_limiter *limiter = fresh();
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  (void)state;
  assert_int_equal(chmod(folder, 0777), 0);
  assert_int_equal(take(limiter, START, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_non_null(strstr(ruling.problem, "others can write to it"));
  assert_non_null(strstr(ruling.problem, folder));
  assert_int_equal(take_all(limiter, START), N - 1);
  view = view_of(limiter, START);
  assert_string_equal(view.scope, "process");
  assert_string_equal(view.place, "");
  assert_string_equal(view.problem, ruling.problem);
  assert_int_equal(view.leased[N - 1], 1);
}

static void an_unusable_file_is_retried_every_ten_seconds_and_takes_over_the_slots(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  struct sr_slot slot, other;
  struct sr_ruling ruling;
  struct sr_limit_view view;
  (void)state;
  assert_int_equal(chmod(folder, 0777), 0);
  assert_int_equal(take(limiter, START, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(take(limiter, START + 10 * S - 1, &other, &ruling), SR_LIMIT_GRANTED);
  assert_string_equal(view_of(limiter, START + 10 * S - 1).scope, "process");
  assert_int_equal(files(1), 0);
  assert_int_equal(take_all(limiter, START + 10 * S), N - 2);
  view = view_of(limiter, START + 10 * S);
  assert_string_equal(view.scope, "user");
  assert_string_equal(view.problem, "");
  assert_int_equal(strncmp(view.place, folder, strlen(folder)), 0);
  assert_int_equal(access(view.place, F_OK), 0);
  assert_int_equal(taken_by_child(NULL, &who, START + 10 * S), 0);
  driver->give(limiter, &rate, START + 10 * S, &slot, SR_OUTCOME_UNSENT,
               0); /* taken before the fork */
  assert_int_equal(take(limiter, START + 10 * S, &slot, &ruling), SR_LIMIT_GRANTED);
  assert_string_equal(ruling.problem, "");
}

static void a_new_problem_replaces_the_old_one(void **state) {
  struct sr_limiter *limiter = fresh();
  struct sr_slot slot;
  struct sr_ruling ruling;
  int i;
  (void)state;
  for (i = 0; i < 3; i++) {
    assert_int_equal(chmod(folder, 0777), 0);
    take(limiter, START + i * 40 * S, &slot, &ruling);
    assert_non_null(strstr(ruling.problem, "others can write to it"));
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(symlink("/nowhere", folder), 0);
    take(limiter, START + i * 40 * S + 20 * S, &slot, &ruling);
    assert_non_null(strstr(ruling.problem, "links are not followed"));
    assert_int_equal(unlink(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
  }
  take(limiter, START + 1000 * S, &slot, &ruling);
  assert_string_equal(ruling.problem, "");
}

/* ---- a file that goes away ---- */

static void a_removed_file_is_replaced_within_a_second_with_its_contents(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  struct sr_slot slots[3], slot;
  struct sr_ruling ruling;
  sr_time now = START;
  int i, round;
  (void)state;
  for (round = 0; round < 3; round++, now += 700 * S) {
    assert_int_equal(take(limiter, now, &slot, &ruling), SR_LIMIT_GRANTED);
    for (i = 0; i < 3; i++)
      assert_int_equal(take(limiter, now, &slots[i], &ruling), SR_LIMIT_GRANTED);
    assert_int_equal(files(1), 1);
    assert_int_equal(take_all(limiter, now + S), 1); /* exactly one was left */
    assert_string_equal(view_of(limiter, now + S).scope, "user");
    assert_int_equal(access(view_of(limiter, now + S).place, F_OK), 0);
    assert_int_equal(taken_by_child(NULL, &who, now + S), 0);
    for (i = 0; i < 3; i++) /* taken from the old one */
      driver->give(limiter, &rate, now + S, &slots[i], SR_OUTCOME_REFUSED, S);
    assert_int_equal(files(1), 1);
    assert_int_equal(taken_by_child(NULL, &who, now + S), N); /* which opens the new file */
    assert_int_equal(take_all(limiter, now + 2 * S), 0);
    assert_true(view_of(limiter, now + 2 * S).block == SR_BLOCK_RATE); /* the ban is carried over */
    assert_int_equal(taken_by_child(NULL, &who, now + 2 * S), 0);
    driver->reset(limiter, now + 2 * S);
  }
}

/* Another process has found the file gone: this one follows at once, without waiting for its own check. */
static void a_process_using_a_file_that_others_left_follows_at_once(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *first = opened(&who), *second;
  struct sr_slot slots[2];
  struct sr_ruling ruling;
  size_t len = strlen(folder);
  int i;
  (void)state;
  memcpy(folder + len, "/.", 3); /* another name for the folder, as in another process */
  second = opened(&who);
  folder[len] = '\0';
  assert_ptr_not_equal(first, second);
  for (i = 0; i < 2; i++)
    assert_int_equal(take(first, START, &slots[i], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(take(second, START + S / 2, &slots[0], &ruling), SR_LIMIT_GRANTED);
  assert_int_equal(files(1), 1);
  assert_int_equal(take_all(first, START + S), 2); /* only this one's second has passed */
  assert_int_equal(take_all(second, START + S), 0);
  driver->give(second, &rate, START + S, &slots[0], SR_OUTCOME_UNSENT, 0);
  assert_int_equal(take_all(first, START + S), 1);
  assert_string_equal(strrchr(view_of(first, START + S).place, '/'),
                      strrchr(view_of(second, START + S).place, '/'));
  assert_int_equal(files(1), 1); /* one file only */
}

static void a_file_wrongly_marked_as_left_is_replaced_with_its_contents(void **state) {
  struct sr_limit_identity who = fresh_identity();
  struct sr_limiter *limiter = opened(&who);
  struct sr_share_place place = {folder, 0};
  struct sr_slot slot;
  struct sr_ruling ruling;
  struct sr_share *share;
  char problem[SR_SHARE_PROBLEM];
  (void)state;
  assert_int_equal(take(limiter, START, &slot, &ruling), SR_LIMIT_GRANTED);
  share = sr_share_open(&place, &who, problem);
  assert_non_null(share);
  atomic_store(&sr_share_limit(share)->moved, 12345); /* damage */
  assert_int_equal(take_all(limiter, START), N - 1);
  assert_false(sr_share_current(share));
  sr_share_close(share);
  assert_string_equal(view_of(limiter, START).scope, "user");
}

static void a_file_is_checked_at_most_once_a_second(void **state) {
  struct sr_limiter *limiter = fresh();
  struct sr_slot slot;
  struct sr_ruling ruling;
  (void)state;
  take(limiter, START, &slot, &ruling);
  assert_int_equal(files(1), 1);
  take(limiter, START + S - 1, &slot, &ruling);
  assert_int_equal(files(1), 0);
  take(limiter, START + S, &slot, &ruling);
  assert_int_equal(files(1), 1);
}

/* An injected clock may be set back or replaced. */
static void a_clock_that_goes_back_does_not_stop_the_checks(void **state) {
  struct sr_limiter *limiter = fresh();
  struct sr_slot slot;
  struct sr_ruling ruling;
  (void)state;
  assert_int_equal(chmod(folder, 0777), 0);
  take(limiter, START, &slot, &ruling);
  assert_int_equal(chmod(folder, 0700), 0);
  take(limiter, START - 1000 * S, &slot, &ruling);
  assert_string_equal(ruling.problem, "");
  assert_string_equal(view_of(limiter, START - 1000 * S).scope, "user");
}

enum { BUSY_ROUNDS = 500 };

struct busy {
  struct sr_limiter *limiter;
  _Atomic int64_t now;
  atomic_int stop, wrong;
};

static void *use_it(void *ctx) {
  struct busy *busy = ctx;
  while (!atomic_load(&busy->stop)) {
    struct sr_slot slot;
    struct sr_ruling ruling;
    sr_time now = atomic_load(&busy->now);
    if (take(busy->limiter, now, &slot, &ruling) == SR_LIMIT_GRANTED) {
      atomic_fetch_add(&busy->wrong, slot.index < 0 || slot.index >= N);
      driver->give(busy->limiter, &rate, now, &slot, SR_OUTCOME_UNSENT, 0);
    }
    (void)view_of(busy->limiter, now);
  }
  return NULL;
}

/* Files come and go while threads use the limiter; afterwards all slots are free again. */
static void threads_continue_while_the_file_is_replaced_repeatedly(void **state) {
  pthread_t threads[3];
  struct busy busy;
  int i;
  (void)state;
  memset(&busy, 0, sizeof busy);
  busy.limiter = fresh();
  atomic_store(&busy.now, START);
  for (i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, use_it, &busy), 0);
  for (i = 0; i < rounds(BUSY_ROUNDS); i++) {
    if (i % 5 == 0)
      chmod(folder, i % 2 ? 0700 : 0777);
    files(1);
    atomic_fetch_add(&busy.now, S / 2);
    sched_yield();
  }
  atomic_store(&busy.stop, 1);
  for (i = 0; i < 3; i++)
    assert_int_equal(pthread_join(threads[i], NULL), 0);
  chmod(folder, 0700);
  assert_int_equal(atomic_load(&busy.wrong), 0);
  assert_int_equal(take_all(busy.limiter, atomic_load(&busy.now) + 100 * S), N);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_limit_has_one_limiter_in_a_process),
      TEST(closing_a_limiter_keeps_its_slots_taken),
      TEST(opening_does_no_io),
      TEST(threads_opening_at_once_share_n_slots_of_the_file),
      TEST(processes_share_n_slots),
      TEST(a_429_of_one_process_holds_all_others),
      TEST(slots_of_killed_processes_are_free_when_their_leases_expire),
      TEST(without_sharing_each_process_has_its_own_slots),
      TEST(without_a_file_the_process_uses_its_own_slots_and_reports_why),
      TEST(an_unusable_file_is_retried_every_ten_seconds_and_takes_over_the_slots),
      TEST(a_new_problem_replaces_the_old_one),
      TEST(a_removed_file_is_replaced_within_a_second_with_its_contents),
      TEST(a_process_using_a_file_that_others_left_follows_at_once),
      TEST(a_file_wrongly_marked_as_left_is_replaced_with_its_contents),
      TEST(a_file_is_checked_at_most_once_a_second),
      TEST(a_clock_that_goes_back_does_not_stop_the_checks),
      TEST(threads_continue_while_the_file_is_replaced_repeatedly),
  };
  return cmocka_run_group_tests_name("sr_local", tests, NULL, NULL);
}
