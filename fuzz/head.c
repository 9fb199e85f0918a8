/* Fuzz target: whatever the head of an answer says. A Retry-After means what RFC 9110 says it does, or
** nothing; a header is found, and only the one that was asked for; and bytes that a server sends end
** the call at once, with a whole answer or a typed error.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "http/sr_engine.h"
#include "http/sr_retry.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* No answer holds a program for longer than a year. */
#define LONGEST (365 * 86400 * SR_SECOND)

/* The time that Retry-After is compared with. */
#define WALL ((time_t)1796000000)

/* ---- Retry-After ---- */

/* A number of seconds, or a date in one of the three forms. Returns the pause that it means. */
static sr_time make_time(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                      "%a %b %e %H:%M:%S %Y"};
  unsigned how = fuzz_byte(bytes);
  sr_time seconds = 0;
  char line[64];
  int i;
  text->len = 0;
  for (i = 0; i < (int)(how >> 4 & 3); i++)
    fuzz_add(text, i % 2 ? '\t' : ' ');
  for (i = 0; i < 4; i++)
    seconds = seconds << 7 | (fuzz_byte(bytes) & 127);
  if (how % 4 == 3) {
    seconds >>= how >> 6 << 3;
    snprintf(line, sizeof line, "%s%lld", how & 8 ? "00" : "", (long long)seconds);
  } else {
    time_t when = WALL + (time_t)seconds - (how & 8 ? 0 : 1 << 27);
    struct tm tm;
    setenv("TZ", "UTC", 1);
    gmtime_r(&when, &tm);
    strftime(line, sizeof line, forms[how % 4], &tm);
    seconds = (sr_time)(when > WALL ? when - WALL : 0);
  }
  fuzz_add_string(text, line);
  for (i = 0; i < (int)(how >> 6 & 3); i++)
    fuzz_add(text, ' ');
  return seconds * SR_SECOND < LONGEST ? seconds * SR_SECOND : LONGEST;
}

static const char *check_time(struct fuzz_bytes *bytes) {
  struct fuzz_text text;
  sr_time meant = make_time(&text, bytes);
  return sr_retry_after(text.data, WALL) != meant ? "a Retry-After is not what it says" : NULL;
}

static const char *check_garbled_time(struct fuzz_bytes *bytes) {
  static const char *const words[] = {"Mon, ",
                                      "Sunday",
                                      "30 ",
                                      "Nov ",
                                      "2026 ",
                                      "17:00:00",
                                      " GMT",
                                      "9",
                                      "12",
                                      "-",
                                      "+",
                                      " ",
                                      "\t",
                                      ".5",
                                      "1e9",
                                      "0x10",
                                      "-1",
                                      "EST",
                                      ":",
                                      "1601",
                                      "99999",
                                      "2038",
                                      "+0100",
                                      "\xff",
                                      "Thu ",
                                      "\x01",
                                      "00",
                                      "61",
                                      "Feb",
                                      "31",
                                      "99999999999999999999"};
  struct fuzz_text text;
  sr_time pause;
  fuzz_words(&text, bytes, words, sizeof words / sizeof words[0]);
  pause = sr_retry_after(text.data, WALL);
  return pause < -1 || pause > LONGEST ? "a Retry-After is out of range" : NULL;
}

/* ---- header lines ---- */

static const char *const WORDS[] = {"Content-Type:",
                                    "content-type",
                                    "Content-Length: 2",
                                    "Content-Length: 99999999999999999999",
                                    "Content-Length: -1",
                                    "Transfer-Encoding: chunked",
                                    "Transfer-Encoding: gzip",
                                    "Content-Encoding: gzip",
                                    "Content-Encoding: identity",
                                    "Retry-After: 7",
                                    "retry-AFTER:",
                                    "Retry-After",
                                    "Location: /elsewhere?token=1",
                                    "Connection: close",
                                    "\r\n",
                                    "\r\n",
                                    "\n",
                                    "\r\n\r\n",
                                    "\r",
                                    ":",
                                    " ",
                                    "\t",
                                    ",",
                                    "X",
                                    "HTTP/1.1 200 OK\r\n",
                                    "HTTP/1.1 100 Continue\r\n\r\n",
                                    "HTTP/1.1 103 Early\r\n",
                                    "HTTP/1.0 429\r\n",
                                    "http/1.1 503 Busy\r\n",
                                    "HTTP/2 200\r\n",
                                    "HTTP/1.1 101 Switching\r\n\r\n",
                                    "HTTP/1.1 999 X\r\n",
                                    "application/json",
                                    "{}",
                                    "2\r\n{}\r\n0\r\n\r\n",
                                    "\xff",
                                    "Set-Cookie: a=b",
                                    "Alt-Svc: h3=\":443\"",
                                    "Strict-Transport-Security: max-age=1"};

static void make_lines(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  fuzz_words(text, bytes, WORDS, sizeof WORDS / sizeof WORDS[0]);
}

static struct sr_config *config_of(int port) {
  struct sr_settings settings;
  struct sr_error error;
  struct sr_config *config;
  char url[64];
  memset(&settings, 0, sizeof settings);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
  settings.base_url = url;
  settings.token_off = 1;
  config = sr_config_new(&settings, &error);
  if (config == NULL)
    abort();
  return config;
}

static struct sr_call *call_of(struct sr_config *config) {
  struct sr_call *call = sr_call_new(config);
  if (call == NULL || sr_buf_puts(&call->target, "/sites") != 0)
    abort();
  call->retries = 0;
  call->max_headers = 2000;
  return call;
}

/* A call that has ended, by its answer or for want of one. */
static const char *check_end(const struct sr_call *call) {
  char value[64];
  if (call->state != SR_STATE_DONE)
    return "a call does not end";
  if (call->error.kind != SR_NO_ERROR &&
      (sr_kind_name(call->error.kind) == NULL || call->error.code == NULL ||
       call->error.message[0] == '\0'))
    return "an error is not typed";
  if (call->error.kind == SR_NO_ERROR && call->status / 100 != 2)
    return "an answer that is no success has no error";
  if (call->retry_after < -1 || call->retry_after > LONGEST)
    return "a pause is out of range";
  if (call->head.len > call->max_headers)
    return "more header lines are kept than are allowed";
  sr_call_header(call, "content-type", value, sizeof value);
  if (strlen(value) >= sizeof value || value[strcspn(value, "\r\n")] != '\0')
    return "a value is more than a line";
  return NULL;
}

/*
** The lines of an answer that the library's owner has received, with one line among them that is known.
*/
static const char *check_lines(struct fuzz_bytes *bytes) {
  static struct sr_engine *engine;
  static struct sr_config *config;
  static struct sr_manual_clock manual = {SR_SECOND};
  static const int statuses[] = {200, 204, 301, 400, 401, 403, 404, 429, 500, 503};
  unsigned how = fuzz_byte(bytes);
  struct fuzz_text text, head;
  struct sr_call *call;
  const char *problem;
  unsigned len = 8 + fuzz_byte(bytes) % 16, i;
  char value[16];
  if (engine == NULL) {
    struct sr_engine_options options = {sr_clock_manual(&manual), 1, 1};
    engine = sr_engine_new(&options);
    config = config_of(1);
  }
  make_lines(&text, bytes);
  head.len = 0;
  fuzz_add_string(&head, how & 128 ? "Not-X-Known: 2\r\n" : "");
  fuzz_add_string(&head, how & 64 ? "X-KNOWN: \t1 \t\r\n" : "x-Known:1\r\n");
  fuzz_add_string(&head, "X-Long: ");
  for (i = 0; i < len; i++)
    fuzz_add(&head, 'x');
  fuzz_add_string(&head, "\r\n");
  fuzz_add_string(&head, text.data);
  call = call_of(config);
  call->max_headers = sizeof head.data;
  sr_engine_submit(engine, call, 0);
  sr_engine_answer(call, statuses[how % 10], head.data, head.len, "{}", 2);
  sr_engine_step(engine);
  problem = check_end(call);
  sr_call_header(call, "x-known", value, sizeof value);
  if (problem == NULL && strcmp(value, "1") != 0)
    problem = "a header is not found";
  sr_call_header(call, "x-long", value, sizeof value);
  if (problem == NULL && strlen(value) != (len < sizeof value ? len : sizeof value - 1))
    problem = "a header has the wrong length";
  sr_call_delete(call);
  return problem;
}

/* ---- bytes from a server ---- */

static int listener = -1;

/* Listens at an unused port of this machine, and returns it. */
static int listen_here(void) {
  struct sockaddr_in address;
  socklen_t len = sizeof address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 64) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
    perror("listen");
    exit(2);
  }
  return ntohs(address.sin_port);
}

/*
** The server's part: accepts, reads the request, sends the bytes in one or two pieces and closes the
** connection.
*/
static void serve(int *fd, const struct fuzz_text *text, unsigned how) {
  static const char start[] = "HTTP/1.1 200 OK\r\n";
  char request[2048];
  size_t half = how & 1 ? text->len / 2 : 0;
  if (*fd < 0) {
    *fd = accept(listener, NULL, NULL);
    if (*fd >= 0)
      (void)fcntl(*fd, F_SETFL, O_NONBLOCK);
    return;
  }
  if (recv(*fd, request, sizeof request, 0) <= 0)
    return;
  if (how & 6)
    (void)!send(*fd, start, sizeof start - 1, MSG_NOSIGNAL);
  (void)!send(*fd, text->data, half, MSG_NOSIGNAL);
  (void)!send(*fd, text->data + half, text->len - half, MSG_NOSIGNAL);
  shutdown(*fd, SHUT_WR);
}

/* The status in the first header line, or -1. */
static int status_in(const struct sr_call *call) {
  const char *line = sr_buf_text(&call->head), *blank = strchr(line, ' ');
  return strncasecmp(line, "HTTP/", 5) == 0 && blank != NULL ? atoi(blank) : -1;
}

static const char *check_server(struct fuzz_bytes *bytes) {
  static struct sr_engine *engine;
  static struct sr_config *config;
  unsigned how = fuzz_byte(bytes);
  struct fuzz_text text;
  struct sr_call *call;
  const char *problem = NULL;
  int fd = -1;
  if (engine == NULL) {
    struct sr_engine_options options = {sr_clock_monotonic, 1, 0};
    engine = sr_engine_new(&options);
    config = config_of(listen_here());
  }
  make_lines(&text, bytes);
  call = call_of(config);
  call->timeout = 10 * SR_SECOND; /* tells a hang: the server has closed the connection */
  sr_engine_submit(engine, call, 0);
  while (call->state != SR_STATE_DONE) {
    sr_engine_step(engine);
    serve(&fd, &text, how);
    if (call->state != SR_STATE_DONE)
      sr_engine_poll(engine, NULL, 0, SR_MILLISECOND / 4);
  }
  if (call->error.kind == SR_TIMEOUT)
    problem = "a call waits for a server that has closed the connection";
  if (problem == NULL)
    problem = check_end(call);
  if (problem == NULL && call->status != 0 && status_in(call) != call->status)
    problem = "a head does not begin with its status line";
  sr_call_delete(call);
  if (fd >= 0)
    close(fd);
  return problem;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  unsigned what = fuzz_byte(&bytes);
  if (what < 80)
    return check_time(&bytes);
  if (what < 130)
    return check_garbled_time(&bytes);
  return what < 230 ? check_lines(&bytes) : check_server(&bytes);
}
