/* The limiter on a Redis that gives odd answers, and on a libcurl whose functions fail.
** SPDX-License-Identifier: MIT
**
** The server is this test's: it answers each command with a text of a table. */
#include "redis_hosts.h"

#include "failing_curl.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- the server ---- */

enum { STEPS = 4 };

/* What it answers; NULL: the usual. */
struct answers {
  const char *load; /* to SCRIPT LOAD */
  const char
      *step[STEPS]; /* to the steps, in order; the last one to all that follow; "": nothing */
};

static char folder[90], socket_path[100], address[110];
static pid_t server_pid;
static atomic_int *steps; /* how many commands of the limiter's it got */

#define INFO "$18\r\n# x\r\nrun_id:abc1\r\n\r\n"
#define SHA  "0123456789abcdef0123456789abcdef01234567"

static const char *answer_to(const struct answers *answers, const redisReply *command) {
  const char *name = command->element[0]->str;
  int i;
  if (strcmp(name, "INFO") == 0)
    return INFO;
  if (strcmp(name, "SCRIPT") == 0)
    return answers->load != NULL ? answers->load : "$40\r\n" SHA "\r\n";
  if (strncmp(name, "EVAL", 4) != 0)
    return "+OK\r\n";
  i = atomic_fetch_add(steps, 1);
  while (i > 0 && (i >= STEPS || answers->step[i] == NULL))
    i--;
  return answers->step[i];
}

static void serve(int fd, const struct answers *answers) {
  redisReader *reader = redisReaderCreate();
  char data[65536];
  ssize_t n;
  while ((n = recv(fd, data, sizeof data, 0)) > 0) {
    void *command = NULL;
    redisReaderFeed(reader, data, (size_t)n);
    while (redisReaderGetReply(reader, &command) == REDIS_OK && command != NULL) {
      const char *text = answer_to(answers, command);
      freeReplyObject(command);
      if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        break;
    }
  }
  redisReaderFree(reader);
}

static void start(const struct answers *answers) {
  struct sockaddr_un name;
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
  memset(&name, 0, sizeof name);
  name.sun_family = AF_UNIX;
  snprintf(name.sun_path, sizeof name.sun_path, "%s", socket_path);
  unlink(socket_path);
  assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof name), 0);
  assert_int_equal(listen(listener, 50), 0);
  atomic_store(steps, 0);
  server_pid = fork();
  assert_true(server_pid >= 0);
  if (server_pid > 0) {
    close(listener);
    return;
  }
  alarm(120);
  while ((fd = accept(listener, NULL, NULL)) >= 0) {
    serve(fd, answers);
    close(fd);
  }
  _exit(0);
}

static void stop(void) {
  kill(server_pid, SIGKILL);
  assert_true(waitpid(server_pid, NULL, 0) == server_pid);
}

static int make_folder(void **state) {
  (void)state;
  steps = mmap(NULL, sizeof *steps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (new_folder(folder, sizeof folder, "sr-redis") != 0 || steps == MAP_FAILED)
    return -1;
  snprintf(socket_path, sizeof socket_path, "%s/s", folder);
  snprintf(address, sizeof address, "unix:%s", socket_path);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(socket_path);
  return rmdir(folder);
}

/* ---- answers of the script ---- */

/* Times are the server's, in microseconds. */
#define SERVER_NOW 1000000000

struct state {
  long long code, at, index, held, block, until, level, next;
  long long slots[5]; /* twice the time when free, and 1 if leased */
};

static const char *text_of(const struct state *state) {
  static char texts[STEPS][600];
  static int last;
  long long head[] = {state->code, state->at,    state->index, 0, SERVER_NOW,
                      state->held, state->block, state->until, 0, state->level,
                      0,           state->next};
  char *out = texts[last = (last + 1) % STEPS];
  int len = snprintf(out, sizeof texts[0], "*17\r\n");
  size_t i;
  for (i = 0; i < COUNT(head) + COUNT(state->slots); i++)
    len += snprintf(out + len, sizeof texts[0] - (size_t)len, ":%lld\r\n",
                    i < COUNT(head) ? head[i] : state->slots[i - COUNT(head)]);
  return out;
}

static struct answers steps_of(const char *first, const char *second) {
  struct answers answers = {NULL, {first, second}};
  return answers;
}

#define NO_ANSWER "it gave an answer that the limiter's script does not give"

static void odd_answers_are_refused_with_a_message_and_grant_nothing(void **state) {
  static const struct state granted_low = {.code = 0, .index = -1},
                            granted_high = {.code = 0, .index = 5}, code_high = {.code = 3},
                            code_low = {.code = -1};
  const struct {
    struct answers answers;
    const char *words;
  } rows[] = {
      {steps_of("$2\r\nhi\r\n", NULL), NO_ANSWER},
      {steps_of("*2\r\n:0\r\n:0\r\n", NULL), NO_ANSWER},
      {steps_of(
           "*17\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n"
           ":1\r\n:1\r\n:1\r\n+x\r\n",
           NULL),
       NO_ANSWER},
      {steps_of(text_of(&granted_low), NULL), NO_ANSWER},
      {steps_of(text_of(&granted_high), NULL), NO_ANSWER},
      {steps_of(text_of(&code_high), NULL), NO_ANSWER},
      {steps_of(text_of(&code_low), NULL), NO_ANSWER},
      {steps_of("HTTP/1.1 400 Bad Request\r\n", NULL), "the server there is not a Redis"},
      {steps_of("-LOADING wait\r\n", NULL), "it is still loading its data (LOADING)"},
      {steps_of("-MASTERDOWN x\r\n", NULL), "it is a replica without its primary (MASTERDOWN)"},
      {steps_of("-NOAUTH x\r\n", NULL), "it wants a password (NOAUTH)"},
      {steps_of("-NOSCRIPT x\r\n", "-NOSCRIPT x\r\n"), "NOSCRIPT x"}, /* after EVAL, too */
      {steps_of("-ERR a\tb\x7f\x01\r\n", NULL), "ERR a b  "},
      {steps_of("-ERR unknown, with args 's3cret'\r\n", NULL),
       "it does not know a command that the limiter needs"},
      {steps_of("-ERR what is s3cret\r\n", NULL),
       "it does not know a command that the limiter needs"},
      /* Redis 6 */
      {steps_of("-ERR Error running script (call to f_1): @user_script:1: -READONLY no writes\r\n",
                NULL),
       "it is a replica, which can't be written to (READONLY)"},
      {steps_of("-ERR Error running script: nothing more\r\n", NULL),
       "ERR Error running script: nothing more"},
      {{"$3\r\nabc\r\n", {"+x\r\n"}}, "it did not load the limiter's script"},
      {{":5\r\n", {"+x\r\n"}}, "it did not load the limiter's script"},
      {{"-ERR AUTH missing\r\n", {"+x\r\n"}}, "ERR AUTH missing"},
  };
  char with_password[160];
  size_t i;
  (void)state;
  snprintf(with_password, sizeof with_password, "%s?password=s3cret", address);
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_limiter *limiter;
    const char *words;
    start(&rows[i].answers);
    limiter = host_at(with_password);
    words = failure(limiter, PATIENCE);
    CHECK(strstr(words, rows[i].words) != NULL, "row %zu: %s", i, words);
    CHECK(strstr(words, "s3cret") == NULL, "row %zu: %s", i, words);
    assert_true(is_clean_line(words, strlen(words)));
    driver->close(limiter);
    stop();
  }
}

static void a_server_that_says_more_than_it_was_asked_is_left(void **state) {
  struct state granted = {.code = 0, .index = 2};
  struct answers answers;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_limit_view view;
  char twice[1200];
  (void)state;
  snprintf(twice, sizeof twice, "%s:1\r\n", text_of(&granted));
  answers = steps_of(twice, text_of(&granted));
  start(&answers);
  limiter = host_at(address);
  GRANTED(limiter, 5, &slot); /* that answer counts */
  view.rate = (struct sr_rate){5, WINDOW};
  driver->view(limiter, now_is(), &view);
  expect_words(view.problem, "it said something that it was not asked");
  give(limiter, 5, &slot, SR_OUTCOME_FINE); /* on a new connection */
  GRANTED(limiter, 5, &slot);
  driver->close(limiter);
  stop();
}

static void numbers_beyond_all_bounds_neither_overflow_nor_grant(void **state) {
  static const long long extremes[] = {INT64_MAX, INT64_MIN};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(extremes); i++) {
    long long n = extremes[i];
    struct state odd = {1, n, 0, n, 1, n, 0, n, {n, n, n, n, n}};
    struct answers answers = steps_of(text_of(&odd), NULL);
    struct sr_limiter *limiter;
    struct sr_slot slot;
    struct sr_ruling ruling;
    struct sr_limit_view view;
    start(&answers);
    limiter = host_at(address);
    assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_WAIT);
    assert_true(n > 0 ? ruling.at > now_is() + 3600 * S && ruling.at < SR_NEVER
                      : ruling.at < now_is());
    view = view_of(limiter, 5);
    assert_true(n > 0 ? view.held_until > now_is() : view.held_until <= now_is());
    assert_true(view.blocked_until < SR_NEVER && view.free_at[4] < SR_NEVER);
    driver->close(limiter);
    stop();
  }
}

/* What is known of the server bounds a call's turn for a second. */
static void the_last_answer_bounds_the_next_turn(void **state) {
  struct state silent = {.code = 1, .at = SERVER_NOW + 1, .next = SERVER_NOW + 7000000};
  struct state leased = {.code = 1, .at = SERVER_NOW + 1};
  struct sr_rate rate = {5, WINDOW}, more = {6, WINDOW};
  struct answers answers;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  sr_time seen;
  int i;
  (void)state;
  for (i = 0; i < 5; i++)
    leased.slots[i] = 2 * (SERVER_NOW + 3600000000LL) + 1;
  answers = steps_of(text_of(&silent), text_of(&leased));
  start(&answers);
  limiter = host_at(address);
  freeze();
  assert_true(driver->earliest(limiter, &rate, 5 * S, 0) == 5 * S); /* nothing is known */
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_WAIT);
  assert_true(ruling.silent);
  seen = test_clock.frozen;
  expect_time(driver->earliest(limiter, &rate, seen, 0), seen + 7 * S - 100 * MS, seen + 7 * S);
  assert_true(driver->earliest(limiter, &more, seen, 0) == seen);
  assert_true(driver->earliest(limiter, &rate, seen + 2 * S, 0) == seen + 2 * S);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_WAIT);
  seen = test_clock.frozen;
  /* leased for an hour at most, but given back after a window at the earliest */
  expect_time(driver->earliest(limiter, &rate, seen, 0), seen + WINDOW - 100 * MS, seen + WINDOW);
  thaw();
  driver->close(limiter);
  stop();
}

/* `answer` comes for a take that nobody wants any more. */
static int steps_after_abandoned(const char *answer) {
  struct state waiting = {.code = 1, .at = SERVER_NOW + 1};
  struct answers answers = {NULL, {text_of(&waiting), answer, text_of(&waiting)}};
  struct sr_rate rate = {5, WINDOW};
  struct sr_limiter *limiter;
  struct sr_want want;
  struct sr_slot slot;
  struct sr_ruling ruling;
  int count;
  start(&answers);
  limiter = host_at(address);
  assert_int_equal(take(limiter, 5, &slot, &ruling), SR_LIMIT_WAIT);
  want = want_of(5);
  memset(&slot, 0, sizeof slot);
  assert_int_equal(driver->take(limiter, &want, now_is(), &slot, &ruling), SR_LIMIT_ASKED);
  driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  settle(limiter);
  assert_true(driver->keep_until(limiter, now_is()) == 0);
  count = atomic_load(steps);
  driver->close(limiter);
  stop();
  return count;
}

static void an_abandoned_take_gives_back_what_it_got_and_nothing_else(void **state) {
  struct state granted = {.code = 0, .index = 1}, waiting = {.code = 1};
  (void)state;
  assert_int_equal(steps_after_abandoned(text_of(&granted)), 3);
  assert_int_equal(steps_after_abandoned(text_of(&waiting)), 2);
  assert_int_equal(steps_after_abandoned("-BUSY x\r\n"), 2);
}

static void views_that_are_asked_for_together_send_one_question(void **state) {
  struct state waiting = {.code = 1, .at = SERVER_NOW + 1};
  struct answers answers = steps_of(text_of(&waiting), NULL);
  struct sr_limiter *limiter;
  struct sr_limit_view view;
  int i;
  (void)state;
  start(&answers);
  limiter = host_at(address);
  for (i = 0; i < 6; i++) {
    view.rate = (struct sr_rate){5, WINDOW};
    driver->view(limiter, now_is(), &view); /* waits for the connection, then in flight */
    if (i == 2)
      while (driver->wake(limiter) != SR_NEVER && atomic_load(steps) == 0)
        turn(limiter, now_is() + MS);
  }
  settle(limiter);
  assert_int_equal(atomic_load(steps), 1);
  driver->close(limiter);
  stop();
}

static void a_server_that_is_silent_at_the_log_in_fails_after_two_seconds(void **state) {
  struct answers answers = {"", {"+x\r\n"}};
  struct sr_limiter *limiter;
  struct sr_want want;
  struct sr_slot slot;
  struct sr_ruling ruling;
  enum sr_verdict verdict;
  int i;
  (void)state;
  start(&answers);
  limiter = host_at(address);
  freeze();
  want = want_of(5);
  memset(&slot, 0, sizeof slot);
  verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  for (i = 0; i < 100 && verdict == SR_LIMIT_ASKED; i++) {
    sr_sleep_until(real_now() + MS); /* it connects */
    skip_time(100 * MS);
    driver->work(limiter, now_is());
    verdict = driver->take(limiter, &want, now_is(), &slot, &ruling);
  }
  thaw();
  assert_int_equal(verdict, SR_LIMIT_FAILED);
  expect_words(ruling.problem, "no answer within 2 s");
  driver->close(limiter);
  stop();
}

/* ---- libcurl ---- */

/* Returns how many functions failed. `usual`: what a take ends with otherwise. */
static int fail_each(const char *at_address, enum sr_verdict usual) {
  int at, failures = 0, reached = 1;
  for (at = 1; reached; at++) {
    struct sr_limiter *limiter = host_at(at_address);
    struct sr_slot slot;
    struct sr_ruling ruling;
    enum sr_verdict verdict;
    arm(at);
    verdict = take(limiter, 5, &slot, &ruling);
    reached = asked >= at;
    arm(0);
    if (reached) {
      failures++;
      CHECK(verdict == SR_LIMIT_FAILED && strstr(ruling.problem, "memory") != NULL, "%d: %d, %s",
            at, (int)verdict, ruling.problem);
    }
    skip_time(S);
    CHECK(take(limiter, 5, &slot, &ruling) == usual && strstr(ruling.problem, "memory") == NULL,
          "%d: %s", at, ruling.problem);
    driver->close(limiter);
  }
  return failures;
}

static void each_failing_function_of_libcurl_is_reported_and_the_next_take_works(void **state) {
  struct state waiting = {.code = 1, .at = SERVER_NOW + 1};
  struct answers answers = steps_of(text_of(&waiting), NULL);
  (void)state;
  start(&answers);
  assert_in_range(fail_each(address, SR_LIMIT_WAIT), 15, 40);
  stop();
  assert_in_range(fail_each("rediss://127.0.0.1:1?ca_file=/etc/ssl/x.pem", SR_LIMIT_FAILED), 18,
                  45);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(odd_answers_are_refused_with_a_message_and_grant_nothing),
      cmocka_unit_test(a_server_that_says_more_than_it_was_asked_is_left),
      cmocka_unit_test(numbers_beyond_all_bounds_neither_overflow_nor_grant),
      cmocka_unit_test(the_last_answer_bounds_the_next_turn),
      cmocka_unit_test(an_abandoned_take_gives_back_what_it_got_and_nothing_else),
      cmocka_unit_test(views_that_are_asked_for_together_send_one_question),
      cmocka_unit_test(a_server_that_is_silent_at_the_log_in_fails_after_two_seconds),
      cmocka_unit_test(each_failing_function_of_libcurl_is_reported_and_the_next_take_works),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
