/* Each function of libcurl that the engine calls fails in turn, on a real socket.
** SPDX-License-Identifier: MIT
**
** See failing_curl.h. */
#include "failing_curl.h"

#include "http/sr_engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#define S SR_SECOND

/* Until a call is given up: none takes as long. */
#define PATIENCE (600 * S)

#undef curl_share_setopt

CURLSHcode curl_share_setopt(CURLSH *share, CURLSHoption option, ...) {
  REAL(curl_share_setopt, CURLSHcode, CURLSH *, CURLSHoption, ...);
  va_list args;
  int value;
  va_start(args, option);
  value = va_arg(args, int);
  va_end(args);
  return fails(1) ? CURLSHE_NOMEM : real(share, option, value);
}

CURLSH *curl_share_init(void) {
  REAL(curl_share_init, CURLSH *, void);
  return fails(1) ? NULL : real();
}

curl_mime *curl_mime_init(CURL *easy) {
  REAL(curl_mime_init, curl_mime *, CURL *);
  return fails(1) ? NULL : real(easy);
}

curl_mimepart *curl_mime_addpart(curl_mime *mime) {
  REAL(curl_mime_addpart, curl_mimepart *, curl_mime *);
  return fails(1) ? NULL : real(mime);
}

#define MIME(name)                                                                                 \
  CURLcode name(curl_mimepart *part, const char *text) {                                           \
    REAL(name, CURLcode, curl_mimepart *, const char *);                                           \
    return fails(1) ? CURLE_OUT_OF_MEMORY : real(part, text);                                      \
  }
MIME(curl_mime_name)
MIME(curl_mime_filename)
MIME(curl_mime_type)

CURLcode curl_mime_data(curl_mimepart *part, const char *data, size_t len) {
  REAL(curl_mime_data, CURLcode, curl_mimepart *, const char *, size_t);
  return fails(1) ? CURLE_OUT_OF_MEMORY : real(part, data, len);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text) {
  REAL(curl_slist_append, struct curl_slist *, struct curl_slist *, const char *);
  return fails(1) ? NULL : real(list, text);
}

/* It does what it should and says that it failed, so that nothing dangles. */
CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy) {
  REAL(curl_multi_remove_handle, CURLMcode, CURLM *, CURL *);
  CURLMcode code = real(multi, easy);
  return fails(0) ? CURLM_INTERNAL_ERROR : code;
}

static int work_fails; /* all calls of curl_multi_perform */

CURLMcode curl_multi_perform(CURLM *multi, int *running) {
  REAL(curl_multi_perform, CURLMcode, CURLM *, int *);
  begun = 1;
  return work_fails || fails(0) ? CURLM_INTERNAL_ERROR : real(multi, running);
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd *fds, unsigned count, int ms, int *n) {
  REAL(curl_multi_poll, CURLMcode, CURLM *, struct curl_waitfd *, unsigned, int, int *);
  return fails(0) ? CURLM_UNRECOVERABLE_POLL : real(multi, fds, count, ms, n);
}

CURLMcode curl_multi_wakeup(CURLM *multi) {
  REAL(curl_multi_wakeup, CURLMcode, CURLM *);
  return fails(0) ? CURLM_WAKEUP_FAILURE : real(multi);
}

/* ---- a server that answers everything ---- */

enum { CONNECTIONS = 16 };

static int listener;
static int requests; /* heads that came */
static char origin[64];

static struct connection {
  size_t len;
  char text[8192];
} connections[CONNECTIONS];
static struct pollfd polled[1 + CONNECTIONS]; /* the listener and these */

/* Whether it ends. */
static int serve(struct connection *from, int fd) {
  const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", *head, *length;
  ssize_t n = recv(fd, from->text + from->len, sizeof from->text - 1 - from->len, 0);
  if (n <= 0)
    return 1;
  from->len += (size_t)n;
  from->text[from->len] = '\0';
  head = strstr(from->text, "\r\n\r\n");
  length = strstr(from->text, "Content-Length: ");
  if (head == NULL ||
      (length != NULL && (size_t)(head + 4 - from->text) + (size_t)atoi(length + 16) > from->len))
    return 0;
  from->len = 0;
  if (strncmp(from->text, "CONNECT ", 8) == 0)
    answer = "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\n{}";
  __atomic_add_fetch(&requests, 1, __ATOMIC_SEQ_CST);
  return send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0;
}

/* Until the listener is shut down. */
static void *run_server(void *unused) {
  int i, fd, count = 0;
  polled[0] = (struct pollfd){listener, POLLIN, 0};
  for (;;) {
    poll(polled, (nfds_t)count + 1, -1);
    for (i = count; i > 0; i--) {
      if (polled[i].revents == 0 || !serve(&connections[i - 1], polled[i].fd))
        continue;
      close(polled[i].fd);
      polled[i] = polled[count];
      connections[i - 1] = connections[--count];
    }
    if (polled[0].revents == 0 || count == CONNECTIONS)
      continue;
    fd = accept(listener, NULL, NULL);
    if (fd < 0)
      break;
    connections[count].len = 0;
    polled[++count] = (struct pollfd){fd, POLLIN, 0};
  }
  while (count > 0)
    close(polled[count--].fd);
  return unused;
}

static pthread_t server;
static int fds_before;

static int start_server(void **state) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  (void)state;
  fds_before = open_fds();
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
      listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
    return -1;
  snprintf(origin, sizeof origin, "http://127.0.0.1:%d", ntohs(address.sin_port));
  return pthread_create(&server, NULL, run_server, NULL);
}

/* Nothing may be left open at either end. */
static int stop_server(void **state) {
  (void)state;
  shutdown(listener, SHUT_RDWR);
  pthread_join(server, NULL);
  close(listener);
  return open_fds() != fds_before;
}

/* ---- calls ---- */

struct situation {
  const char *name;
  void (*fill)(struct sr_call *call);
  int tls; /* to an address where nobody listens, through a proxy that refuses to go there */
};

static void fill_get(struct sr_call *call) {
  (void)call;
}

static void fill_http1(struct sr_call *call) {
  call->http1 = 1;
}

static void fill_post(struct sr_call *call) {
  call->method = "POST";
  call->has_body = 1;
  assert_int_equal(sr_buf_puts(&call->body, "{\"name\":\"x\"}"), 0);
  call->headers = curl_slist_append(NULL, "X-Own: 1");
  assert_non_null(call->headers);
}

static void fill_upload(struct sr_call *call) {
  struct sr_part *part = sr_call_add_part(call);
  assert_non_null(part);
  call->method = "POST";
  assert_int_equal(sr_buf_puts(&part->name, "file"), 0);
  assert_int_equal(sr_buf_puts(&part->filename, "a.csv"), 0);
  assert_int_equal(sr_buf_puts(&part->content_type, "text/csv"), 0);
  assert_int_equal(sr_buf_puts(&part->data, "a,b\n"), 0);
}

static const struct situation situations[] = {
    {"GET", fill_get, 0},
    {"GET on HTTP/1.1", fill_http1, 0},
    {"POST with a header of its own", fill_post, 0},
    {"upload", fill_upload, 0},
    {"TLS through a proxy", fill_get, 1},
};

static struct sr_config *client_of(const struct situation *s) {
  struct sr_settings settings;
  struct sr_error error;
  struct sr_config *config;
  memset(&settings, 0, sizeof settings);
  settings.base_url = s->tls ? "https://127.0.0.1:1" : origin;
  settings.token_off = 1;
  settings.ca_file = s->tls ? "/etc/ssl/certs/ca-certificates.crt" : NULL;
  settings.proxy = s->tls ? origin : NULL;
  config = sr_config_new(&settings, &error);
  CHECK(config != NULL, "%s", error.message);
  return config;
}

/* `at`: which function fails, 0: none. */
static struct sr_call *done_call(struct sr_engine *engine, struct sr_config *config,
                                 const struct situation *s, int at) {
  struct sr_call *call = sr_call_new(config);
  assert_non_null(call);
  assert_int_equal(sr_buf_puts(&call->target, "/sites"), 0);
  call->retries = 0;
  call->timeout = PATIENCE;
  s->fill(call);
  arm(at);
  assert_int_equal(sr_engine_run(engine, call, PATIENCE), SR_RUN_DONE);
  fail_at = 0;
  return call;
}

static void expect_usual_end(const struct situation *s, const struct sr_call *call, int at) {
  if (s->tls)
    CHECK(call->error.kind == SR_NETWORK && strcmp(call->error.code, "proxy") == 0, "%s, %d: %s",
          s->name, at, call->error.message);
  else
    CHECK(call->status == 200 && strcmp(sr_buf_text(&call->answer), "{}") == 0, "%s, %d: %s",
          s->name, at, call->error.message);
}

static void expect_to_work(const struct situation *s, struct sr_engine *engine,
                           struct sr_config *config, int at) {
  struct sr_call *call = done_call(engine, config, s, 0);
  expect_usual_end(s, call, at);
  sr_call_delete(call);
}

static struct sr_engine *new_engine(void) {
  struct sr_engine_options options;
  struct sr_engine *engine;
  memset(&options, 0, sizeof options);
  options.clock = sr_clock_monotonic;
  engine = sr_engine_new(&options);
  assert_non_null(engine);
  return engine;
}

static void expect_no_memory(const struct sr_call *call) {
  CHECK(call->error.kind == SR_TOO_LARGE && strcmp(call->error.code, "out_of_memory") == 0, "%s",
        call->error.message);
  assert_false(call->sent);
}

/* The engine is new, or has made the same call before. Returns how many functions could fail. */
static int fail_each(const struct situation *s, int warm) {
  struct sr_config *config = client_of(s);
  int at, failed_set_ups = 0, reached = 1;
  for (at = 1; reached; at++) {
    struct sr_engine *engine = new_engine();
    struct sr_call *call;
    int before;
    if (warm)
      expect_to_work(s, engine, config, at);
    before = __atomic_load_n(&requests, __ATOMIC_SEQ_CST);
    call = done_call(engine, config, s, at);
    reached = asked >= at;
    if (unusable) {
      failed_set_ups++;
      expect_no_memory(call);
      CHECK(__atomic_load_n(&requests, __ATOMIC_SEQ_CST) == before,
            "%s, %d: half of a request was sent", s->name, at);
    } else { /* one failure of the others is survived */
      expect_usual_end(s, call, at);
    }
    sr_call_delete(call);
    expect_to_work(s, engine, config, at);
    sr_engine_delete(engine);
  }
  sr_config_unref(config);
  return failed_set_ups;
}

static void a_request_whose_set_up_fails_is_not_sent_and_the_next_call_works(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(situations); i++) {
    int cold = fail_each(&situations[i], 0), warm = fail_each(&situations[i], 1);
    CHECK(cold >= 20 && warm >= 3, "%s: %d and %d failures", situations[i].name, cold, warm);
  }
}

static void a_call_ends_when_libcurl_has_failed_to_work_three_times(void **state) {
  struct sr_config *config = client_of(&situations[0]);
  struct sr_engine *engine = new_engine();
  struct sr_call *call;
  (void)state;
  work_fails = 1;
  call = done_call(engine, config, &situations[0], 0);
  work_fails = 0;
  assert_int_equal(call->error.kind, SR_NETWORK);
  assert_string_equal(call->error.code, "poll_failed");
  assert_non_null(strstr(call->error.message, curl_multi_strerror(CURLM_INTERNAL_ERROR)));
  assert_false(call->sent);
  sr_call_delete(call);
  expect_to_work(&situations[0], engine, config, 0);
  sr_engine_delete(engine);
  sr_config_unref(config);
}

static void calls_end_where_libcurl_can_t_be_started(void **state) {
  pid_t child;
  (void)state;
  child = fork(); /* libcurl is started once in a process: before any other test */
  assert_true(child >= 0);
  if (child == 0) {
    struct sr_config *config = client_of(&situations[0]);
    struct sr_engine *engine = new_engine();
    struct sr_call *call;
    int opened, told;
    start_fails = 1;
    call = done_call(engine, config, &situations[0], 0);
    opened = sr_engine_open_handles(engine) == 0 || errno != ENOMEM;
    told = call->error.kind == SR_TOO_LARGE && strcmp(call->error.code, "out_of_memory") == 0;
    sr_call_delete(call);
    sr_engine_delete(engine);
    sr_config_unref(config);
    _exit(opened || !told);
  }
  assert_int_equal(exit_status(child), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls_end_where_libcurl_can_t_be_started),
      cmocka_unit_test(a_call_ends_when_libcurl_has_failed_to_work_three_times),
      cmocka_unit_test(a_request_whose_set_up_fails_is_not_sent_and_the_next_call_works),
  };
  return cmocka_run_group_tests_name("libcurl's failures", tests, start_server, stop_server);
}
