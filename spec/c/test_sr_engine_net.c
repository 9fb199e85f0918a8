/* The engine on real sockets and a manual clock: truncated answers, idle connections, libcurl failures.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "http/sr_engine.h"
#include "http/sr_engine_state.h"
#include "limit/sr_limit.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SR_HAVE_PREREQ
#define SR_HAVE_PREREQ (LIBCURL_VERSION_NUM >= 0x075000)
#endif

#define S SR_SECOND

/* Milliseconds to wait for the other end before the test fails. */
enum { PATIENCE = 10000 };

enum { CALLS_MAX = 64 };

/* ---- a clock that counts sleeps ---- */

static sr_time now;
static int sleeps;

static sr_time clock_now(void *ctx) {
  (void)ctx;
  return now;
}

static void clock_sleep(void *ctx, sr_time when) {
  (void)ctx;
  sleeps++;
  if (when > now)
    now = when;
}

/* ---- an engine, its client, and a server in the same thread ---- */

static struct sr_engine *engine;
static struct sr_config *config;
static int listener;

static char url[64];

static int set_up(void **state) {
  struct sr_engine_options options;
  struct sr_settings settings;
  struct sr_error error;
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  (void)state;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(listener >= 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
  assert_int_equal(listen(listener, CALLS_MAX), 0);
  assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
  memset(&settings, 0, sizeof settings);
  settings.base_url = url;
  settings.token_off = 1;
  config = sr_config_new(&settings, &error);
  assert_non_null(config);
  now = 1000 * S;
  sleeps = 0;
  memset(&options, 0, sizeof options);
  options.clock.now = clock_now;
  options.clock.sleep = clock_sleep;
  engine = sr_engine_new(&options);
  assert_non_null(engine);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  sr_engine_delete(engine);
  sr_config_unref(config);
  close(listener);
  return 0;
}

/* When a timeout next requires a step, derived from how long the engine would sleep. */
static sr_time wake_of(void) {
  sr_time wake, before = now;
  int slept = sleeps;
  sr_engine_poll(engine, NULL, 0, SR_NEVER);
  wake = now;
  now = before;
  sleeps = slept;
  return wake;
}

static struct sr_call *submitted_by(struct sr_config *client) {
  struct sr_call *call = sr_call_new(client);
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, "/"), 0);
  call->retries = 0;
  call->timeout = 600 * S;
  sr_engine_submit(engine, call, 0);
  return call;
}

static struct sr_call *submitted(void) {
  return submitted_by(config);
}

static void wait_readable(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  int waited = 0;
  while (poll(&poll_fd, 1, 1) == 0) {
    CHECK(++waited < PATIENCE, "nothing came");
    sr_engine_step(engine);
  }
}

/* Accepts the next connection and waits for a request on it. */
static int accepted(void) {
  int fd;
  wait_readable(listener);
  fd = accept(listener, NULL, NULL);
  assert_true(fd >= 0);
  wait_readable(fd);
  return fd;
}

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static void answer_with(int fd, const char *text) {
  char request[4096];
  assert_true(recv(fd, request, sizeof request, 0) > 0);
  assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void answer(int fd) {
  answer_with(fd, ANSWER);
}

static void step_until_done(struct sr_call *call) {
  int waited = 0;
  for (sr_engine_step(engine); call->state != SR_STATE_DONE; sr_engine_step(engine)) {
    CHECK(++waited < PATIENCE, "the call is not done");
    poll(NULL, 0, 1);
  }
}

/* Whether the peer has closed the connection. */
static int is_closed(int fd) {
  char byte;
  ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
  assert_true(n == 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)));
  return n == 0;
}

/* ---- abandoned requests ---- */

enum { LARGE = 16 << 20 }; /* more than the kernel buffers at both ends */

/* Reads until the connection ends. Returns 0, or its error. */
static int ended_with(int fd) {
  static char buffer[65536];
  ssize_t n;
  do
    n = recv(fd, buffer, sizeof buffer, 0);
  while (n > 0);
  return n == 0 ? 0 : errno;
}

/* Only Linux reports how much is unsent. */
static void the_kernel_drops_the_bytes_of_an_abandoned_request(void **state) {
  struct sr_call *call = sr_call_new(config);
  char *body = calloc(1, LARGE);
  int fd, i;
  (void)state;
  if (!SR_LINUX)
    skip();
  assert_non_null(call);
  assert_non_null(body);
  call->method = "POST";
  call->has_body = 1;
  call->timeout = 600 * S;
  assert_int_equal(sr_buf_puts(&call->target, "/"), 0);
  assert_int_equal(sr_buf_append(&call->body, body, LARGE), 0);
  free(body);
  sr_engine_submit(engine, call, 0);
  fd = accepted();
  for (i = 0; i < 100; i++) /* until the buffers are full, as nobody reads */
    sr_engine_step(engine);
  sr_engine_cancel(call);
  assert_int_equal(ended_with(fd), ECONNRESET);
  close(fd);
  sr_call_delete(call);
}

/* ---- unanswered requests ---- */

/* A client of the same server with its own limit. */
static struct sr_config *limited_client(void) {
  static uint64_t salt;
  struct sr_config *client;
  struct sr_settings settings;
  struct sr_error error;
  memset(&settings, 0, sizeof settings);
  settings.base_url = url;
  settings.token_off = 1;
  settings.limited = 1;
  settings.limit_salt = ++salt;
  settings.rate.slots = 5;
  settings.rate.window = S;
  client = sr_config_new(&settings, &error);
  assert_non_null(client);
  return client;
}

static void only_unanswered_requests_count_as_silence(void **state) {
  static const struct {
    const char *answer; /* the part sent before the connection ends */
    int silent;
  } rows[] = {
      {"", 1},
      {"HTTP/1.1 100 Continue\r\n\r\n", 1},
      {"HTTP/1.1 20", 1},
      {"HTTP/1.1 200 OK\r\nContent-", 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 0},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n", 0},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n", 0},
  };
  size_t i;
  int k;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_config *client = limited_client();
    struct sr_limit_view view;
    for (k = 0; k < SR_SILENT; k++) {
      struct sr_call *call = submitted_by(client);
      size_t len = strlen(rows[i].answer);
      int fd;
      sr_engine_step(engine);
      fd = accepted();
      assert_true(recv(fd, &(char[4096]){0}, 4096, 0) > 0);
      assert_int_equal(send(fd, rows[i].answer, len, MSG_NOSIGNAL), len);
      close(fd);
      step_until_done(call);
      CHECK(call->error.kind == SR_NETWORK, "row %zu: %s", i, sr_kind_name(call->error.kind));
      sr_call_delete(call);
    }
    assert_int_equal(sr_engine_view_limit(engine, client, 0, &view), 1);
    CHECK(view.silent == rows[i].silent, "row %zu: %d", i, view.silent);
    sr_config_unref(client);
  }
}

/* ---- idle connections ---- */

/* Makes `count` calls at once, each on its own connection. */
static void talk(int fds[], int count) {
  struct sr_call *calls[CALLS_MAX];
  int i;
  for (i = 0; i < count; i++)
    calls[i] = submitted();
  sr_engine_step(engine);
  for (i = 0; i < count; i++)
    fds[i] = accepted();
  for (i = 0; i < count; i++)
    answer(fds[i]);
  for (i = 0; i < count; i++) {
    step_until_done(calls[i]);
    assert_int_equal(calls[i]->status, 200);
    sr_call_delete(calls[i]);
  }
}

static void an_idle_engine_closes_its_connections_after_a_minute(void **state) {
  int fds[CALLS_MAX], again, i;
  (void)state;
  talk(fds, CALLS_MAX);
  assert_true(wake_of() == now + 60 * S); /* the driver steps it then */
  now += 60 * S - 1;
  sr_engine_step(engine);
  for (i = 0; i < CALLS_MAX; i++)
    CHECK(!is_closed(fds[i]), "connection %d was closed too early", i);
  now += 1;
  sr_engine_step(engine);
  for (i = 0; i < CALLS_MAX; i++) {
    wait_readable(fds[i]);
    CHECK(is_closed(fds[i]), "connection %d is open", i);
    close(fds[i]);
  }
  assert_true(wake_of() == SR_NEVER);
  talk(&again, 1);
  close(again);
}

static void a_call_in_flight_keeps_the_connections_of_its_engine(void **state) {
  struct sr_call *call;
  int idle, busy;
  (void)state;
  call = submitted();
  sr_engine_step(engine);
  busy = accepted();
  talk(&idle, 1);
  now += 120 * S;
  sr_engine_step(engine);
  assert_false(is_closed(idle));
  answer(busy);
  step_until_done(call);
  sr_call_delete(call);
  assert_true(wake_of() == now + 60 * S);
  close(idle);
  close(busy);
}

static void an_engine_can_be_interrupted_before_and_after_it_closed_its_connections(void **state) {
  struct curl_waitfd extra;
  int fd;
  (void)state;
  memset(&extra, 0, sizeof extra);
  extra.fd = listener; /* nobody connects */
  extra.events = CURL_WAIT_POLLIN;
  talk(&fd, 1);
  sr_engine_interrupt(engine);
  now += 60 * S;
  sr_engine_step(engine);
  assert_true(is_closed(fd));
  sr_engine_poll(engine, &extra, 1, SR_NEVER); /* earlier events are not lost */
  sr_engine_interrupt(engine);
  sr_engine_poll(engine, &extra, 1, SR_NEVER);
  assert_int_equal(extra.revents, 0);
  close(fd);
}

/* ---- a libcurl that fails ---- */

static rlim_t descriptors;

/* poll(2) takes no more descriptors than the process may have. */
static void let_poll_fail(int fails) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (fails)
    descriptors = limit.rlim_cur;
  limit.rlim_cur = fails ? 1 : descriptors;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void a_call_ends_when_polling_has_failed_three_times_with_a_pause_each(void **state) {
  struct sr_call *call;
  sr_time began;
  int fd;
  (void)state;
  if (under_valgrind()) /* it replaces the system's limit by its own */
    skip();
  call = submitted();
  sr_engine_step(engine);
  fd = accepted();
  began = now;
  let_poll_fail(1);
  assert_int_equal(sr_engine_run(engine, call, 100 * S), SR_RUN_DONE);
  let_poll_fail(0);
  assert_int_equal(call->error.kind, SR_NETWORK);
  assert_string_equal(call->error.code, "poll_failed");
  assert_true(call->sent && call->retryable);
  assert_int_equal(sleeps, 3);
  assert_true(now - began == 3 * 50 * SR_MILLISECOND);
  sr_call_delete(call);
  wait_readable(fd);
  assert_int_not_equal(recv(fd, &(char[4096]){0}, 4096, 0), 0); /* the request, then the end */
  wait_readable(fd);
  assert_true(is_closed(fd));
  close(fd);
  talk(&fd, 1); /* and all is well after */
  close(fd);
}

/* The worker polls outside its locked round, where a fork may come, and steps inside it. */
static void failed_polls_end_attempts_in_the_next_step_not_in_the_poll(void **state) {
  struct sr_call *call;
  int fd, i;
  (void)state;
  if (under_valgrind())
    skip();
  call = submitted();
  sr_engine_step(engine);
  fd = accepted();
  let_poll_fail(1);
  for (i = 0; i < 3; i++)
    sr_engine_poll(engine, NULL, 0, S);
  let_poll_fail(0);
  assert_int_equal(call->state, SR_STATE_SENDING);
  assert_int_equal(engine->multi.running, 1);
  sr_engine_step(engine);
  assert_int_equal(call->state, SR_STATE_DONE);
  assert_string_equal(call->error.code, "poll_failed");
  assert_non_null(strstr(call->error.message, curl_multi_strerror(CURLM_UNRECOVERABLE_POLL)));
  sr_call_delete(call);
  close(fd);
}

static void a_passing_failure_of_poll_ends_no_call(void **state) {
  struct sr_call *call;
  int fd;
  (void)state;
  if (under_valgrind())
    skip();
  call = submitted();
  sr_engine_step(engine);
  fd = accepted();
  let_poll_fail(1);
  sr_engine_poll(engine, NULL, 0, S);
  sr_engine_poll(engine, NULL, 0, S);
  let_poll_fail(0);
  sr_engine_interrupt(engine);
  sr_engine_poll(engine, NULL, 0, S);
  let_poll_fail(1);
  sr_engine_poll(engine, NULL, 0, S);
  let_poll_fail(0);
  assert_int_equal(sleeps, 3);
  answer(fd);
  step_until_done(call);
  assert_int_equal(call->status, 200);
  sr_call_delete(call);
  close(fd);
}

static void the_caller_s_descriptors_count_as_ready_when_polling_fails(void **state) {
  struct curl_waitfd extra;
  (void)state;
  if (under_valgrind())
    skip();
  memset(&extra, 0, sizeof extra);
  extra.fd = listener;
  extra.events = CURL_WAIT_POLLIN;
  assert_int_equal(sr_engine_open_handles(engine), 0);
  let_poll_fail(1);
  sr_engine_poll(engine, &extra, 1, SR_NEVER);
  let_poll_fail(0);
  assert_int_equal(extra.revents, CURL_WAIT_POLLIN);
  assert_int_equal(sleeps, 1);
}

/* ---- slots that end before the request is sent ---- */

static void step_until(const struct sr_call *call, enum sr_state wanted) {
  int waited = 0;
  for (sr_engine_step(engine); call->state != wanted; sr_engine_step(engine)) {
    CHECK(++waited < PATIENCE, "the call's state is %d", (int)call->state);
    poll(NULL, 0, 1);
  }
}

/* As in a process that was stopped there, while another one got the answer. */
static void hold_back(int repeatable) {
  static const char head[] = "Retry-After: 30\r\n";
  struct sr_config *client = limited_client();
  struct sr_engine_options options;
  struct sr_engine *others;
  struct sr_call *other, *call;
  char byte;
  int fd;
  memset(&options, 0, sizeof options);
  options.clock.now = clock_now;
  options.clock.sleep = clock_sleep;
  options.external = 1;
  others = sr_engine_new(&options);
  assert_non_null(others);
  other = sr_call_new(client);
  assert_non_null(other);
  other->retries = 0;
  assert_int_equal(sr_engine_run(others, other, 0), SR_RUN_EXTERNAL);
  call = submitted_by(client);
  call->repeatable = repeatable;
  assert_int_equal(call->state, SR_STATE_SENDING);
  sr_engine_answer(other, 429, head, sizeof head - 1, "{}", 2);
  step_until(call, SR_STATE_QUEUED);
  assert_int_equal(call->attempts, 0);
  assert_false(call->sent);
  assert_true(call->retryable); /* nothing was sent */
  wait_readable(listener);
  fd = accept(listener, NULL, NULL);
  assert_true(fd >= 0);
  wait_readable(fd); /* closed */
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
  close(fd);
  sr_engine_step(engine);
  assert_int_equal(call->state, SR_STATE_QUEUED);
  now += 30 * S;
  fd = accepted();
  answer(fd);
  step_until_done(call);
  assert_int_equal(call->status, 200);
  assert_int_equal(call->attempts, 1);
  sr_call_delete(call);
  sr_call_delete(other);
  sr_engine_delete(others);
  sr_config_unref(client);
  close(fd);
}

/* libcurl before 7.80 does not ask before it sends. */
static void a_429_between_slot_and_connection_holds_the_request_back(void **state) {
  (void)state;
  if (!SR_HAVE_PREREQ)
    skip();
  hold_back(1);
  hold_back(0);
}

/* ---- deadlines ---- */

static void an_unanswered_call_may_be_made_again_only_if_it_is_repeatable(void **state) {
  int repeatable;
  (void)state;
  for (repeatable = 0; repeatable < 2; repeatable++) {
    struct sr_call *call = submitted();
    int fd = accepted();
    call->repeatable = repeatable;
    now += 600 * S;
    sr_engine_step(engine);
    assert_int_equal(call->state, SR_STATE_DONE);
    assert_int_equal(call->error.kind, SR_TIMEOUT);
    assert_string_equal(call->error.code, "no_answer");
    assert_true(call->sent);
    assert_int_equal(call->retryable, repeatable);
    sr_call_delete(call);
    close(fd);
  }
}

/* ---- handles that are used again ---- */

static int handles;

CURL *curl_easy_init(void) {
  CURL *(*libcurl_s)(void);
  void *symbol = dlsym(RTLD_NEXT, "curl_easy_init");
  memcpy(&libcurl_s, &symbol, sizeof symbol);
  handles++;
  return libcurl_s();
}

/* Makes a call on a used handle whose answer is `text`. */
static struct sr_call *answered_with(const char *text) {
  struct sr_call *call = submitted();
  int fd = accepted();
  answer(fd);
  step_until_done(call);
  sr_call_delete(call);
  call = submitted();
  call->max_body = 2;
  wait_readable(fd);
  answer_with(fd, text);
  step_until_done(call);
  close(fd);
  return call;
}

/* libcurl 7.83 to 8.0.1 appends a folded first header line to one of the handle's answer before, which is freed. */
static int handles_have_one_use(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075300 && version <= 0x080001;
}

static void calls_share_a_handle_unless_libcurl_would_use_freed_memory(void **state) {
  int before = handles;
  (void)state;
  sr_call_delete(answered_with(ANSWER));
  assert_int_equal(handles - before, handles_have_one_use() ? 2 : 1);
}

static void the_next_call_s_handle_is_made_while_a_server_is_waited_for(void **state) {
  struct sr_call *first = submitted(), *second, *third;
  int before, fd;
  (void)state;
  fd = accepted();
  before = handles;
  sr_engine_poll(engine, NULL, 0, SR_MILLISECOND);
  sr_engine_poll(engine, NULL, 0, SR_MILLISECOND);
  assert_int_equal(handles - before, handles_have_one_use() ? 1 : 0);
  answer(fd);
  step_until_done(first);
  sr_call_delete(first);
  second = submitted();
  wait_readable(fd);
  assert_int_equal(handles - before, handles_have_one_use() ? 1 : 0);
  answer(fd);
  step_until_done(second);
  sr_call_delete(second);
  sr_engine_poll(engine, NULL, 0, SR_MILLISECOND); /* no server is waited for */
  third = submitted();
  wait_readable(fd);
  assert_int_equal(handles - before, handles_have_one_use() ? 2 : 0);
  sr_call_delete(third); /* while it runs: it is the one that a handle would be made like */
  sr_engine_poll(engine, NULL, 0, SR_MILLISECOND);
  assert_int_equal(handles - before, handles_have_one_use() ? 2 : 0);
  close(fd);
}

/* The body is as long as allowed: nothing of a head may count as body. */
static void heads_are_no_part_of_the_body(void **state) {
  static const char *const answers[] = {
      ANSWER,
      "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
      "HTTP/1.1 100 Continue\r\n\r\n" ANSWER,
      "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n folded\r\n\r\n" ANSWER,
      "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\n{}\r\n0\r\nX-Trailer: y\r\n\r\n",
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(answers); i++) {
    struct sr_call *call = answered_with(answers[i]);
    CHECK(call->error.kind == SR_NO_ERROR, "answer %zu: %s", i, call->error.message);
    assert_int_equal(call->status, 200);
    assert_string_equal(sr_buf_text(&call->answer), "{}");
    sr_call_delete(call);
  }
}

static void a_body_that_is_compressed_more_than_once_is_refused_at_its_headers(void **state) {
  static const struct {
    const char *head, *code; /* NULL: fine */
  } rows[] = {
      {"Content-Encoding: identity\r\n", NULL},
      {"Content-Encoding: Identity , identity\r\n", NULL},
      {"Content-Encoding: none\r\n", NULL}, /* libcurl knows that word */
      {"Content-Encoding: gzip, deflate\r\n", "bad_encoding"},
      {"Content-Encoding: gzip\r\nContent-Encoding: deflate\r\n", "bad_encoding"},
      {"content-encoding:gzip\t,identity,GZIP\r\n", "bad_encoding"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    char text[300];
    struct sr_call *call;
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\n{}", rows[i].head);
    call = answered_with(text);
    if (rows[i].code == NULL)
      CHECK(call->status == 200 && strcmp(sr_buf_text(&call->answer), "{}") == 0, "row %zu: %s", i,
            call->error.message);
    else
      CHECK(call->error.kind == SR_DECODE && strcmp(call->error.code, rows[i].code) == 0,
            "row %zu: %s", i, call->error.message);
    sr_call_delete(call);
  }
}

/* ---- the request line ---- */

static void a_target_that_would_end_the_request_line_is_not_sent(void **state) {
  static const char *const targets[] = {"/a b", "/a\r\nX: y", "/a?b=\n", "/\x7f", "/\t"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(targets); i++) {
    struct sr_call *call = sr_call_new(config);
    assert_non_null(call);
    assert_int_equal(sr_buf_puts(&call->target, targets[i]), 0);
    sr_engine_submit(engine, call, 0);
    step_until_done(call);
    CHECK(call->error.kind == SR_PROTOCOL && !call->sent, "target %zu", i);
    sr_call_delete(call);
  }
}

static void a_call_s_path_follows_that_of_the_base_address(void **state) {
  static const char expected[] = "GET /v9/x/%2f/../a?b=c%20d HTTP/1.1\r\n";
  struct sr_settings settings;
  struct sr_config *client;
  struct sr_call *call;
  struct sr_error error;
  char base[80], request[sizeof expected - 1];
  int fd;
  (void)state;
  snprintf(base, sizeof base, "%s/v9/x/", url);
  memset(&settings, 0, sizeof settings);
  settings.base_url = base;
  settings.token_off = 1;
  client = sr_config_new(&settings, &error);
  assert_non_null(client);
  call = sr_call_new(client);
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, "/%2f/../a?b=c%20d"), 0);
  sr_engine_submit(engine, call, 0);
  fd = accepted();
  assert_int_equal(recv(fd, request, sizeof request, 0), sizeof request);
  assert_memory_equal(request, expected, sizeof request);
  answer(fd);
  step_until_done(call);
  assert_int_equal(call->status, 200);
  sr_call_delete(call);
  sr_config_unref(client);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_kernel_drops_the_bytes_of_an_abandoned_request, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(only_unanswered_requests_count_as_silence, set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_idle_engine_closes_its_connections_after_a_minute, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(a_call_in_flight_keeps_the_connections_of_its_engine, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(
          an_engine_can_be_interrupted_before_and_after_it_closed_its_connections, set_up,
          tear_down),
      cmocka_unit_test_setup_teardown(
          a_call_ends_when_polling_has_failed_three_times_with_a_pause_each, set_up, tear_down),
      cmocka_unit_test_setup_teardown(failed_polls_end_attempts_in_the_next_step_not_in_the_poll,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_passing_failure_of_poll_ends_no_call, set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_caller_s_descriptors_count_as_ready_when_polling_fails,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_429_between_slot_and_connection_holds_the_request_back,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(an_unanswered_call_may_be_made_again_only_if_it_is_repeatable,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(
          a_body_that_is_compressed_more_than_once_is_refused_at_its_headers, set_up, tear_down),
      cmocka_unit_test_setup_teardown(calls_share_a_handle_unless_libcurl_would_use_freed_memory,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(the_next_call_s_handle_is_made_while_a_server_is_waited_for,
                                      set_up, tear_down),
      cmocka_unit_test_setup_teardown(heads_are_no_part_of_the_body, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_target_that_would_end_the_request_line_is_not_sent, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(a_call_s_path_follows_that_of_the_base_address, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests_name("sr_engine on sockets", tests, NULL, NULL);
}
