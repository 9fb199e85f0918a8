/* The worker's thread: start and stop, forks, signals, lack of descriptors or threads.
** SPDX-License-Identifier: MIT */
#include "worker_support.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/resource.h>

/* ---- failing pthread_create ---- */

static atomic_int no_more_threads;

#ifndef __SANITIZE_THREAD__ /* TSan must intercept thread creation itself */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *arg) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (atomic_load(&no_more_threads))
    return EAGAIN;
  if (real == NULL) {
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    memcpy(&real, &symbol, sizeof real);
  }
  return real(thread, attributes, run, arg);
}
#endif

/* ---- start and stop ---- */

static void the_last_user_stops_the_thread_and_the_next_call_restarts_it(void **state) {
  struct sr_worker_address before, after;
  unsigned long starts;
  (void)state;
  start();
  starts = status().starts;
  assert_int_equal(sr_worker_address(&before), 0);
  assert_int_equal(sr_worker_generation(), before.generation);
  sr_worker_ref();
  sr_worker_unref(); /* still used by the group */
  assert_int_equal(status().running, 1);
  sr_worker_unref();
  assert_int_equal(status().running, 0);
  assert_int_equal(sr_worker_generation(), 0);
  assert_int_equal(sr_worker_address(&after), -1);
  assert_int_equal(try_connect(before.path), -1);

  sr_worker_ref();
  await_end(submit("/x"), SR_NO_ERROR, "/x");
  assert_int_equal(status().starts, starts + 1);
  assert_int_equal(sr_worker_address(&after), 0);
  assert_int_not_equal(after.generation, before.generation);
}

static void *come_and_go(void *arg) {
  int i;
  (void)arg;
  for (i = 0; i < 40; i++) {
    sr_worker_ref();
    await_end(submit("/x"), SR_NO_ERROR, "/x");
    sr_worker_unref();
  }
  return NULL;
}

static void concurrent_users_do_not_stop_each_other(void **state) {
  pthread_t threads[3];
  size_t i;
  (void)state;
  sr_worker_unref(); /* lets it stop sometimes */
  for (i = 0; i < COUNT(threads); i++)
    assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
  for (i = 0; i < COUNT(threads); i++)
    pthread_join(threads[i], NULL);
  assert_int_equal(status().running, 0);
  sr_worker_ref();
}

static void a_process_with_calls_in_flight_exits_at_once_and_cleanly(void **state) {
  double began = now();
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  child = fork();
  if (child == 0) {
    int i;
    for (i = 0; i < 20; i++)
      keep(submit("/wait/60000"));
    end_child(7);
  }
  expect_child(child, 7);
  CHECK(now() - began < PATIENCE / 1000.0, "it waited for its calls");
}

static void a_killed_process_leaves_no_file(void **state) {
  int how;
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  start();
  assert_int_equal(files_left(), SR_LINUX ? 0 : 1); /* elsewhere the next start removes it */
  child = fork();
  if (child == 0) {
    start();
    kill(getpid(), SIGKILL);
  }
  assert_int_equal(waitpid(child, &how, 0), child);
  assert_true(WIFSIGNALED(how));
  sr_worker_unref();
  sr_worker_ref();
  start();
  assert_int_equal(files_left(), SR_LINUX ? 0 : 1);
  sr_worker_unref();
  sr_worker_ref();
  assert_int_equal(files_left(), 0);
}

/* ---- forks ---- */

/* Checks in a child: the parent's jobs, and a call of its own. Returns 0 on success. */
static int use_in_child(struct sr_job *running, struct sr_job *subscribed,
                        struct sr_job *unsubscribed, struct sr_job *done, int connection) {
  struct sr_error error;
  struct sr_call *call;
  struct sr_job *own;
  struct pollfd poll_fd;
  if (status().running || status().calls != 0 || status().connections != 0)
    return 10;
  if (sr_job_state(running) != SR_JOB_FORKED || sr_job_state(subscribed) != SR_JOB_FORKED ||
      sr_job_state(unsubscribed) != SR_JOB_FORKED || sr_job_state(done) != SR_JOB_DONE)
    return 11;
  sr_job_cancel(running);
  sr_job_cancel_client(config);
  call = sr_job_take(running);
  if (call->state != SR_STATE_DONE || call->error.kind != SR_CANCELLED ||
      strcmp(call->error.code, "forked") != 0 || strcmp(call->target.data, "/wait/300") != 0)
    return 12;
  sr_call_delete(call);
  sr_job_delete(subscribed);
  sr_job_delete(unsubscribed);
  call = sr_job_take(done);
  if (strcmp(sr_buf_text(&call->answer), "/done") != 0)
    return 13;
  sr_call_delete(call);
  close(connection);
  if (sr_worker_start(&error) != 0)
    return 14;
  own = sr_job_submit(new_call("/child"), NULL, &error);
  poll_fd.fd = sr_job_fd(own);
  poll_fd.events = POLLIN;
  if (poll(&poll_fd, 1, PATIENCE) != 1 || sr_job_state(own) != SR_JOB_DONE)
    return 15;
  call = sr_job_take(own);
  if (call->error.kind != SR_NO_ERROR || strcmp(sr_buf_text(&call->answer), "/child") != 0)
    return 16;
  sr_call_delete(call);
  return 0;
}

static void a_forked_child_starts_its_own_thread_and_the_parent_s_calls_continue(void **state) {
  struct sr_job *running, *subscribed, *unsubscribed, *done;
  unsigned char token[SR_TOKEN_SIZE];
  int connection, seen;
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (!FORKS_WHILE_BUSY)
    skip();
  done = submit("/done");
  wait_readable(sr_job_fd(done));
  seen = atomic_load(&requests);
  running = submit("/wait/300");
  subscribed = subscribe(connection = connect_worker(), "/wait/200");
  EVENTUALLY(atomic_load(&requests) == seen + 2);
  unsubscribed = submit_with_token("/unsubscribed", token);
  child = fork();
  if (child == 0)
    end_child(use_in_child(running, subscribed, unsubscribed, done, connection));
  expect_child(child, 0);
  await_end(running, SR_NO_ERROR, "/wait/300");
  assert_int_equal(receive_byte(connection), SR_REPLY_DONE);
  expect_end(subscribed, SR_NO_ERROR, "/wait/200");
  send_token(connection, token);
  assert_int_equal(receive_byte(connection), SR_REPLY_DONE);
  expect_end(unsubscribed, SR_NO_ERROR, "/unsubscribed");
  expect_end(done, SR_NO_ERROR, "/done");
  close(connection);
}

static void a_forked_child_has_no_descriptor_of_abandoned_calls(void **state) {
  int i;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (under_valgrind() || !FORKS_WHILE_BUSY)
    skip();
  for (i = 0; i < 50; i++) {
    struct sr_job *job = submit("/wait/3");
    int fd = sr_job_fd(job);
    pid_t child;
    sr_job_delete(job);
    child = fork();
    if (child == 0)
      end_child(fcntl(fd, F_GETFD) < 0 ? 0 : 1);
    expect_child(child, 0);
  }
}

static void forks_at_any_moment_leave_both_sides_working(void **state) {
  int i;
  (void)state;
  SKIP_WITHOUT_FORKS();
  if (under_valgrind() || !FORKS_WHILE_BUSY)
    skip();
  for (i = 0; i < 20; i++) {
    struct sr_job *jobs[4];
    size_t k;
    pid_t child;
    for (k = 0; k < COUNT(jobs); k++)
      jobs[k] = submit("/wait/3");
    usleep((useconds_t)(i * 300));
    child = fork();
    if (child == 0) {
      struct sr_error error;
      struct sr_job *own;
      for (k = 0; k < COUNT(jobs); k++)
        sr_job_delete(jobs[k]);
      if (sr_worker_start(&error) != 0 ||
          (own = sr_job_submit(new_call("/own"), NULL, &error)) == NULL)
        end_child(1);
      keep(own);
      end_child(poll(&(struct pollfd){sr_job_fd(own), POLLIN, 0}, 1, PATIENCE) == 1 ? 0 : 2);
    }
    expect_child(child, 0);
    for (k = 0; k < COUNT(jobs); k++)
      await_end(jobs[k], SR_NO_ERROR, "/wait/3");
  }
}

/*
** A limiter that holds a lock on the thread, as libcurl and the TLS library do, from before a fork
** until there is a child, or for FORK_TIME if the fork waits for it.
*/
#define FORK_TIME 0.2 /* seconds */

static pthread_mutex_t lock_in_round = PTHREAD_MUTEX_INITIALIZER;
static atomic_int in_round, forking, forked;

static void note_fork_begins(void) {
  atomic_store(&forking, 1);
}

static void note_forked(void) {
  atomic_store(&forked, 1);
}

static void wait_while_zero(const atomic_int *flag, double seconds) {
  double until = now() + seconds;
  while (atomic_load(flag) == 0 && now() < until)
    usleep(500);
}

static const char *any_settings(const char *settings) {
  (void)settings;
  return NULL;
}

static struct sr_limiter *open_locking(const char *settings,
                                       const struct sr_limit_identity *identity) {
  static char limiter;
  (void)settings;
  (void)identity;
  return (struct sr_limiter *)(void *)&limiter;
}

static void close_locking(struct sr_limiter *limiter) {
  (void)limiter;
}

static enum sr_verdict take_with_lock(struct sr_limiter *limiter, const struct sr_want *want,
                                      sr_time at, struct sr_slot *slot, struct sr_ruling *ruling) {
  (void)limiter;
  (void)at;
  (void)ruling;
  pthread_mutex_lock(&lock_in_round);
  atomic_store(&in_round, 1);
  wait_while_zero(&forking, PATIENCE / 1000.0);
  wait_while_zero(&forked, FORK_TIME);
  pthread_mutex_unlock(&lock_in_round);
  slot->state = SR_SLOT_HELD;
  slot->send_by = want->lease;
  return SR_LIMIT_GRANTED;
}

static enum sr_change give_to_nobody(struct sr_limiter *limiter, const struct sr_rate *rate,
                                     sr_time at, struct sr_slot *slot, enum sr_outcome outcome,
                                     sr_time hold) {
  (void)limiter;
  (void)rate;
  (void)at;
  (void)outcome;
  (void)hold;
  memset(slot, 0, sizeof *slot);
  return SR_CHANGE_NONE;
}

static sr_time earliest_now(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time at,
                            unsigned ahead) {
  (void)limiter;
  (void)rate;
  (void)ahead;
  return at;
}

static void a_fork_waits_for_the_locks_of_the_thread_s_round(void **state) {
  static const struct sr_limiter_driver locking = {.abi = SR_LIMITER_ABI,
                                                   .check = any_settings,
                                                   .open = open_locking,
                                                   .close = close_locking,
                                                   .take = take_with_lock,
                                                   .give = give_to_nobody,
                                                   .earliest = earliest_now};
  struct sr_config *unlimited = config;
  struct sr_job *job;
  pid_t child;
  (void)state;
  SKIP_WITHOUT_FORKS();
  /* After the worker's handlers: these are called before its own in `prepare`, after them later. */
  assert_int_equal(pthread_atfork(note_fork_begins, note_forked, NULL), 0);
  config = new_config_with(KEY, &locking);
  job = submit("/x");
  wait_while_zero(&in_round, PATIENCE / 1000.0);
  child = fork();
  if (child == 0)
    end_child(pthread_mutex_trylock(&lock_in_round) == 0 ? 0 : 1);
  expect_child(child, 0);
  await_end(job, SR_NO_ERROR, "/x");
  sr_config_unref(config);
  config = unlimited;
}

/* ---- signals ---- */

static void the_thread_receives_no_signals(void **state) {
  struct dirent *entry;
  DIR *tasks;
  int found = 0;
  (void)state;
  if (!SR_LINUX)
    skip(); /* the thread has no name to find it by */
  start();
  tasks = opendir("/proc/self/task");
  while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
    char path[300], line[256];
    FILE *file;
    int ours = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
      unsigned long long blocked;
      if (strcmp(line, "Name:\tseranking\n") == 0)
        ours = 1;
      if (ours && sscanf(line, "SigBlk: %llx", &blocked) == 1) {
        int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD, SIGPIPE, SIGALRM, SIGUSR1};
        size_t i;
        found = 1;
        for (i = 0; i < COUNT(signals); i++)
          CHECK(blocked >> (signals[i] - 1) & 1, "signal %d is not blocked", signals[i]);
      }
    }
    if (file != NULL)
      fclose(file);
  }
  if (tasks != NULL)
    closedir(tasks);
  assert_true(found);
}

/* ---- when descriptors or threads run out ---- */

static double processor_time(void) {
  struct timespec ts;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t fill_up(int *fillers, size_t count, size_t size) {
  while (count < size && (fillers[count] = dup(0)) >= 0)
    count++;
  assert_int_equal(errno, EMFILE);
  return count;
}

static void without_descriptors_calls_and_connections_fail_at_once_and_recover_later(void **state) {
  struct sr_call *without;
  struct sr_error error;
  struct rlimit before, low;
  struct sockaddr_un address;
  struct sr_worker_address where;
  struct sr_job *job;
  int fillers[400], waiting[32], fd;
  size_t count, told = 0, i;
  unsigned long refused = status().refused;
  double used;
  (void)state;
  if (under_valgrind()) /* which keeps descriptors of its own beyond any limit */
    skip();
  without = new_call("/without");
  start();
  EVENTUALLY(status().connections == 0);
  assert_int_equal(sr_worker_address(&where), 0);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, where.path, sizeof address.sun_path);
  for (i = 0; i < COUNT(waiting); i++)
    waiting[i] = socket(AF_UNIX, SOCK_STREAM, 0);
  getrlimit(RLIMIT_NOFILE, &before);
  low = before;
  low.rlim_cur = 256;
  setrlimit(RLIMIT_NOFILE, &low);
  count = fill_up(fillers, 0, COUNT(fillers));

  /*
  ** Some are accepted, because the server or an earlier test's connection has just closed a descriptor.
  */
  for (i = 0; i < COUNT(waiting) && told < 3; i++) {
    unsigned long connections = status().connections;
    struct pollfd poll_fd = {waiting[i], POLLIN, 0};
    assert_int_equal(connect(waiting[i], (struct sockaddr *)&address, sizeof address), 0);
    EVENTUALLY(poll(&poll_fd, 1, 0) == 1 || status().connections > connections);
    if (poll_fd.revents == 0)
      continue;
    assert_int_equal(receive_byte(waiting[i]), SR_REPLY_FULL);
    assert_int_equal(receive_byte(waiting[i]), 0);
    told++;
  }
  assert_int_equal(told, 3);
  CHECK(status().refused >= refused + 3, "%lu refused", status().refused);
  count = fill_up(fillers, count, COUNT(fillers));
  assert_null(sr_job_submit(without, NULL, &error));
  assert_string_equal(error.code, "no_descriptors");
  assert_int_equal(without->state, SR_STATE_NEW);
  used = processor_time();
  usleep(200000);
  CHECK(processor_time() - used < 0.05, "it spins");

  for (i = 0; i < count; i++)
    close(fillers[i]);
  for (i = 0; i < COUNT(waiting); i++)
    close(waiting[i]);
  setrlimit(RLIMIT_NOFILE, &before);
  job = subscribe(fd = connect_worker(), "/after");
  assert_int_equal(receive_byte(fd), SR_REPLY_DONE);
  expect_end(job, SR_NO_ERROR, "/after");
  close(fd);
  await_end(sr_job_submit(without, NULL, &error), SR_NO_ERROR, "/without");
}

/*
** For each number of descriptors left, the thread either starts and can be woken and stopped, or does
** not start.
*/
static void with_too_few_descriptors_the_thread_does_not_start_and_says_why(void **state) {
  struct rlimit before, low;
  struct sr_error error;
  int fillers[64], started = 0, refused = 0;
  size_t count, left, given;
  (void)state;
  if (under_valgrind())
    skip();
  getrlimit(RLIMIT_NOFILE, &before);
  for (left = 0; left < 12; left++) {
    sr_worker_unref();
    sr_worker_ref();
    EVENTUALLY(atomic_load(&serving) == 0); /* no descriptor becomes free on the way */
    low = before;
    low.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &low);
    count = fill_up(fillers, 0, COUNT(fillers));
    for (given = 0; given < left; given++)
      close(fillers[--count]);
    if (sr_worker_start(&error) != 0) {
      refused++;
      assert_string_equal(error.code, "no_descriptors");
    } else {
      started++;
    }
    while (count > 0)
      close(fillers[--count]);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(files_left(), SR_LINUX ? 0 : status().running);
    await_end(submit("/x"), SR_NO_ERROR, "/x");
  }
  CHECK(started > 0 && refused > 3, "%d started, %d refused", started, refused);
}

static void if_no_thread_can_be_created_the_error_says_so(void **state) {
  struct sr_call *call;
  struct sr_error error;
  (void)state;
#ifdef __SANITIZE_THREAD__
  skip();
#endif
  call = new_call("/x");
  sr_worker_unref();
  sr_worker_ref();
  atomic_store(&no_more_threads, 1);
  assert_int_equal(sr_worker_start(&error), -1);
  assert_string_equal(error.code, "no_thread");
  assert_non_null(strstr(error.message, strerror(EAGAIN)));
  assert_null(sr_job_submit(call, NULL, &error));
  assert_string_equal(error.code, "stopped");
  assert_int_equal(status().running, 0);
  assert_int_equal(files_left(), 0);
  atomic_store(&no_more_threads, 0);
  start();
  await_end(sr_job_submit(call, NULL, &error), SR_NO_ERROR, "/x");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_last_user_stops_the_thread_and_the_next_call_restarts_it),
      cmocka_unit_test(concurrent_users_do_not_stop_each_other),
      cmocka_unit_test(a_process_with_calls_in_flight_exits_at_once_and_cleanly),
      cmocka_unit_test(a_killed_process_leaves_no_file),
      cmocka_unit_test(a_forked_child_starts_its_own_thread_and_the_parent_s_calls_continue),
      cmocka_unit_test(a_forked_child_has_no_descriptor_of_abandoned_calls),
      cmocka_unit_test(forks_at_any_moment_leave_both_sides_working),
      cmocka_unit_test(a_fork_waits_for_the_locks_of_the_thread_s_round),
      cmocka_unit_test(the_thread_receives_no_signals),
      cmocka_unit_test(without_descriptors_calls_and_connections_fail_at_once_and_recover_later),
      cmocka_unit_test(with_too_few_descriptors_the_thread_does_not_start_and_says_why),
      cmocka_unit_test(if_no_thread_can_be_created_the_error_says_so),
  };
  return cmocka_run_group_tests_name("sr_worker", tests, set_up_worker, tear_down_worker);
}
