/* A connection to a Redis server. No function waits.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis_wire.h"

#include "base/sr_curl.h"
#include "base/sr_fork.h"
#include "base/sr_sigpipe.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define TIMEOUT_MS ((long)(SR_REDIS_TIMEOUT / SR_MILLISECOND))

/* No reply, and not all of them at once, are as long. */
#define UNREAD_MAX ((size_t)8 << 20)

/* Commands of the log-in. */
enum { GREET_AUTH, GREET_SELECT, GREET_INFO, GREET_SCRIPT };

/* ---- going down ---- */

static void forget_replies(struct sr_wire *wire) {
  if (wire->reader != NULL)
    redisReaderFree(wire->reader);
  wire->reader = NULL;
  sr_buf_fini(&wire->sending);
  sr_buf_fini(&wire->queue);
  wire->sent = 0;
  wire->greeting_count = 0;
  wire->socket_count = 0;
  wire->timer = SR_NEVER;
  wire->fd = -1;
  wire->state = SR_WIRE_DOWN;
}

void sr_wire_fini(struct sr_wire *wire) {
  struct sr_sigpipe sigpipe;
  if (wire->multi != NULL) {
    sr_sigpipe_hold(&sigpipe, wire->address->tls);
    if (wire->easy != NULL)
      curl_multi_remove_handle(wire->multi, wire->easy);
    curl_easy_cleanup(wire->easy);
    sr_fork_multi_cleanup(wire->multi, &wire->wakers);
    sr_sigpipe_release(&sigpipe);
  }
  wire->easy = NULL;
  wire->multi = NULL;
  forget_replies(wire);
}

void sr_wire_forget(struct sr_wire *wire) {
  wire->easy = NULL;
  wire->multi = NULL;
  forget_replies(wire);
}

/* One line without control characters. */
static void make_line(char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      *text = ' ';
}

void sr_wire_fail(struct sr_wire *wire, const char *format, ...) {
  va_list args;
  int len = snprintf(wire->problem, sizeof wire->problem, "%.80s: ", wire->address->place.data);
  va_start(args, format);
  vsnprintf(wire->problem + len, sizeof wire->problem - (size_t)len, format, args);
  va_end(args);
  make_line(wire->problem);
  wire->lasting = 0;
  sr_wire_fini(wire);
}

static void no_memory(struct sr_wire *wire) {
  sr_wire_fail(wire, "memory ran out");
}

/* Redis before 7 puts words of its own before an error that stopped a script. */
static const char *cause_of(const char *error) {
  static const char before[] = "ERR Error running script";
  const char *cause = strncmp(error, before, strlen(before)) == 0 ? strstr(error, ": -") : NULL;
  return cause != NULL ? cause + 3 : error;
}

int sr_wire_error_is(const char *error, const char *code) {
  const char *cause = cause_of(error);
  return strcspn(cause, " ") == strlen(code) && memcmp(cause, code, strlen(code)) == 0;
}

int sr_wire_explain(const struct sr_wire *wire, const char *error, char *out, size_t size) {
  static const struct {
    const char *code, *text;
    int lasting;
  } known[] = {
      {"NOAUTH", "it wants a password", 1},
      {"WRONGPASS", "user or password is wrong", 1},
      {"NOPERM", "this user may not run the limiter's script on this key", 1},
      {"LOADING", "it is still loading its data", 0},
      {"READONLY", "it is a replica, which can't be written to", 0},
      {"MASTERDOWN", "it is a replica without its primary", 0},
      {"OOM", "its memory is full", 0},
      {"MISCONF", "it refuses writes since it can't save its data", 0},
      {"BUSY", "it is busy with somebody's script", 0},
      {"MOVED", "it is a node of a cluster, and the key is on another one: choose another prefix",
       1},
      {"WRONGTYPE", "the key is in use for something else: choose another prefix", 1},
  };
  int lasting = 1;
  size_t i;
  for (i = 0; i < sizeof known / sizeof known[0]; i++)
    if (sr_wire_error_is(error, known[i].code)) {
      snprintf(out, size, "%s (%s)", known[i].text, known[i].code);
      return known[i].lasting;
    }
  /* A server repeats the arguments of commands that it does not know: never show the password. */
  if (strstr(error, "with args") != NULL ||
      (wire->address->password.len > 0 && strstr(error, wire->address->password.data) != NULL))
    snprintf(out, size, "it does not know a command that the limiter needs");
  else {
    snprintf(out, size, "%s", error);
    lasting = strstr(error, "DB index") != NULL || strstr(error, "AUTH") != NULL;
  }
  make_line(out);
  return lasting;
}

/* ---- callbacks of libcurl ---- */

static curl_socket_t open_wire_socket(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address) {
  int fd = sr_fork_socket(address->family, address->socktype, address->protocol);
  (void)user;
  (void)purpose;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int close_wire_socket(void *unused, curl_socket_t fd) {
  (void)unused;
  sr_fork_close(fd);
  return 0;
}

static short events_of(int what) {
  return (short)(((what & CURL_POLL_IN) ? POLLIN : 0) | ((what & CURL_POLL_OUT) ? POLLOUT : 0));
}

static int watch_wire_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known) {
  struct sr_wire *wire = user;
  int i;
  (void)easy;
  (void)known;
  for (i = 0; i < wire->socket_count && wire->sockets[i].fd != fd; i++)
    ;
  if (what == CURL_POLL_REMOVE) {
    if (i < wire->socket_count)
      wire->sockets[i] = wire->sockets[--wire->socket_count];
    return 0;
  }
  if (i == SR_WATCH_MAX) /* libcurl uses three */
    return 0;
  if (i == wire->socket_count)
    wire->socket_count++;
  wire->sockets[i].fd = fd;
  wire->sockets[i].events = events_of(what & CURL_POLL_INOUT);
  return 0;
}

static int set_wire_timer(CURLM *multi, long ms, void *user) {
  struct sr_wire *wire = user;
  (void)multi;
  wire->timer = ms < 0 ? SR_NEVER : wire->now + ms * SR_MILLISECOND;
  return 0;
}

/* ---- connecting ---- */

static CURLcode set_options(struct sr_wire *wire) {
  const struct sr_redis_address *address = wire->address;
  CURL *easy = wire->easy;
  CURLcode code = CURLE_OK;
#define SET(option, value) SR_CURL_SET(code, easy, option, value)
  SET(CURLOPT_URL, address->url.data);
  SET(CURLOPT_CONNECT_ONLY, 1L);
  SET(CURLOPT_ERRORBUFFER, wire->detail);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_wire_socket);
  SET(CURLOPT_CLOSESOCKETFUNCTION, close_wire_socket);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_PROXY, "");
  SET(CURLOPT_CONNECTTIMEOUT_MS, TIMEOUT_MS);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
  SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L); /* does not wait for a silent name server */
#endif
  if (address->path.len > 0) {
    SET(CURLOPT_UNIX_SOCKET_PATH, address->path.data);
  }
  if (address->tls) {
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_ENABLE_ALPN, 0L); /* this is not HTTP */
  }
  if (address->ca_file.len > 0) {
    SET(CURLOPT_CAINFO, address->ca_file.data);
    if (code == CURLE_OK) /* only this file; TLS libraries without CAPATH refuse the option */
      curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  }
#undef SET
  return code;
}

void sr_wire_connect(struct sr_wire *wire, sr_time now) {
  CURLcode code;
  sr_wire_fini(wire);
  wire->now = now;
  wire->since = now;
  wire->detail[0] = '\0';
  wire->multi = sr_curl_start() == CURLE_OK ? sr_fork_multi(&wire->wakers) : NULL;
  wire->easy = wire->multi != NULL ? curl_easy_init() : NULL;
  wire->reader = redisReaderCreate();
  if (wire->easy == NULL || wire->reader == NULL) {
    no_memory(wire);
    return;
  }
  code = set_options(wire);
  if (code != CURLE_OK) {
    sr_wire_fail(wire, "%s", curl_easy_strerror(code));
    return;
  }
  wire->state = SR_WIRE_CONNECTING;
  if (curl_multi_setopt(wire->multi, CURLMOPT_SOCKETFUNCTION, watch_wire_socket) != CURLM_OK ||
      curl_multi_setopt(wire->multi, CURLMOPT_SOCKETDATA, wire) != CURLM_OK ||
      curl_multi_setopt(wire->multi, CURLMOPT_TIMERFUNCTION, set_wire_timer) != CURLM_OK ||
      curl_multi_setopt(wire->multi, CURLMOPT_TIMERDATA, wire) != CURLM_OK ||
      curl_multi_add_handle(wire->multi, wire->easy) != CURLM_OK)
    no_memory(wire);
}

/* libcurl's messages are about HTTP: where the system has an error, its text is shown. */
static void not_connected(struct sr_wire *wire, CURLcode code) {
  char text[SR_ERRNO_TEXT];
  long number = 0;
  curl_easy_getinfo(wire->easy, CURLINFO_OS_ERRNO, &number);
  if (code == CURLE_OPERATION_TIMEDOUT)
    sr_wire_fail(wire, "no connection within %ld s", TIMEOUT_MS / 1000);
  else if (code == CURLE_COULDNT_CONNECT && number != 0)
    sr_wire_fail(wire, "%s", sr_errno_text((int)number, text));
  else
    sr_wire_fail(wire, "%s", wire->detail[0] != '\0' ? wire->detail : curl_easy_strerror(code));
}

static void greet(struct sr_wire *wire);

/* Lets libcurl work on all its sockets and timers. */
static void drive(struct sr_wire *wire) {
  struct sr_watch sockets[SR_WATCH_MAX];
  int i, count = wire->socket_count, running = 0;
  CURLMsg *message;
  memcpy(sockets, wire->sockets, sizeof sockets);
  if (wire->timer <= wire->now) {
    wire->timer = SR_NEVER;
    curl_multi_socket_action(wire->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  for (i = 0; i < count; i++)
    curl_multi_socket_action(wire->multi, sockets[i].fd, 0, &running);
  message = curl_multi_info_read(wire->multi, &running);
  if (message != NULL && message->msg == CURLMSG_DONE) {
    curl_socket_t fd = CURL_SOCKET_BAD;
    CURLcode code = message->data.result;
    if (code == CURLE_OK)
      code = curl_easy_getinfo(wire->easy, CURLINFO_ACTIVESOCKET, &fd);
    if (code == CURLE_OK && fd != CURL_SOCKET_BAD) {
      wire->fd = (int)fd;
      greet(wire);
    } else {
      not_connected(wire, code);
    }
  } else if (wire->now - wire->since > SR_REDIS_TIMEOUT + SR_SECOND / 10) {
    not_connected(wire, CURLE_OPERATION_TIMEDOUT);
  }
}

/* ---- writing ---- */

static void flush(struct sr_wire *wire) {
  struct sr_sigpipe sigpipe;
  CURLcode code = CURLE_OK;
  sr_sigpipe_hold(&sigpipe, wire->address->tls);
  for (;;) {
    size_t n = 0;
    if (wire->sent == wire->sending.len) {
      struct sr_buf done = wire->sending;
      if (wire->queue.len == 0)
        break;
      wire->sending = wire->queue;
      wire->queue = done;
      sr_buf_clear(&wire->queue);
      wire->sent = 0;
    }
    code = curl_easy_send(wire->easy, wire->sending.data + wire->sent,
                          wire->sending.len - wire->sent, &n);
    if (code != CURLE_OK)
      break;
    wire->sent += n;
  }
  sr_sigpipe_release(&sigpipe);
  if (code != CURLE_OK && code != CURLE_AGAIN)
    sr_wire_fail(wire, "the connection was lost");
}

/* 0, or -1 when memory ran out. */
static int append(struct sr_wire *wire, int argc, const char **argv) {
  char *command = NULL;
  int status, len = (int)redisFormatCommandArgv(&command, argc, argv, NULL);
  if (len < 0)
    return -1;
  status = sr_buf_append(&wire->queue, command, (size_t)len);
  redisFreeCommand(command);
  return status;
}

void sr_wire_send(struct sr_wire *wire, int argc, const char **argv) {
  if (append(wire, argc, argv) != 0)
    no_memory(wire);
  else
    flush(wire);
}

/* ---- the greeting ---- */

static int greeting(struct sr_wire *wire, int what, int argc, const char **argv) {
  wire->greetings[wire->greeting_count++] = what;
  return append(wire, argc, argv);
}

/* Sends all commands at once: one that depends on a failed one fails too. */
static void greet(struct sr_wire *wire) {
  const struct sr_redis_address *address = wire->address;
  const char *auth_user[] = {"AUTH", address->user.data, address->password.data};
  const char *auth[] = {"AUTH", address->password.data};
  const char *select[] = {"SELECT", address->db.data};
  const char *info[] = {"INFO", "server"};
  const char *script[] = {"SCRIPT", "LOAD", wire->script};
  wire->state = SR_WIRE_GREETING;
  wire->since = wire->now;
  if ((address->password.len > 0 && address->user.len > 0 &&
       greeting(wire, GREET_AUTH, 3, auth_user) != 0) ||
      (address->password.len > 0 && address->user.len == 0 &&
       greeting(wire, GREET_AUTH, 2, auth) != 0) ||
      (strcmp(address->db.data, "0") != 0 && greeting(wire, GREET_SELECT, 2, select) != 0) ||
      greeting(wire, GREET_INFO, 2, info) != 0 || greeting(wire, GREET_SCRIPT, 3, script) != 0)
    no_memory(wire);
  else
    flush(wire);
}

static void read_run(struct sr_wire *wire, const redisReply *reply) {
  static const char name[] = "run_id:";
  const char *at = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, name) : NULL;
  size_t len = at != NULL ? strspn(at + strlen(name), "0123456789abcdef") : 0;
  if (len > SR_WIRE_RUN)
    len = SR_WIRE_RUN;
  if (at != NULL)
    memcpy(wire->run, at + strlen(name), len);
  wire->run[len] = '\0';
}

static void greeted(struct sr_wire *wire, const redisReply *reply) {
  int what = wire->greetings[0];
  memmove(wire->greetings, wire->greetings + 1, sizeof wire->greetings - sizeof wire->greetings[0]);
  wire->greeting_count--;
  if (what == GREET_INFO) { /* users without this right do not notice a restart */
    read_run(wire, reply);
  } else if (reply->type == REDIS_REPLY_ERROR) {
    char why[SR_WIRE_PROBLEM];
    int lasting = sr_wire_explain(wire, reply->str, why, sizeof why);
    sr_wire_fail(wire, "%s", why);
    wire->lasting = lasting;
  } else if (what == GREET_SCRIPT) {
    if (reply->type != REDIS_REPLY_STRING || reply->len != SR_WIRE_SHA) {
      sr_wire_fail(wire, "it did not load the limiter's script");
      return;
    }
    memcpy(wire->sha, reply->str, SR_WIRE_SHA + 1);
    sr_buf_fini(&wire->queue);
    if (wire->sent == wire->sending.len) {
      sr_buf_fini(&wire->sending);
      wire->sent = 0;
    }
    wire->state = SR_WIRE_UP;
    wire->since = wire->now;
  }
}

/* ---- reading ---- */

redisReply *sr_wire_reply(struct sr_wire *wire) {
  void *reply = NULL;
  if (redisReaderGetReply(wire->reader, &reply) != REDIS_OK) {
    if (wire->reader->err == REDIS_ERR_OOM)
      no_memory(wire);
    else
      sr_wire_fail(wire, "the server there is not a Redis");
    return NULL;
  }
  return reply;
}

static void receive(struct sr_wire *wire) {
  char data[16384];
  CURLcode code;
  size_t n, total = 0;
  struct sr_sigpipe sigpipe;
  sr_sigpipe_hold(&sigpipe, wire->address->tls); /* TLS may write when it reads */
  do {
    n = 0;
    code = curl_easy_recv(wire->easy, data, sizeof data, &n);
    total += n;
    if (code == CURLE_OK && n > 0 && redisReaderFeed(wire->reader, data, n) != REDIS_OK)
      code = CURLE_OUT_OF_MEMORY;
    /* A TLS library may hold data that the socket does not show. */
  } while (code == CURLE_OK && n > 0 && total <= UNREAD_MAX &&
           (wire->address->tls || n == sizeof data));
  sr_sigpipe_release(&sigpipe);
  if (code == CURLE_OUT_OF_MEMORY)
    no_memory(wire);
  else if (wire->reader->len > UNREAD_MAX || total > UNREAD_MAX)
    sr_wire_fail(wire, "it sends more than it was asked for");
  else if (code != CURLE_AGAIN && (code != CURLE_OK || n == 0))
    sr_wire_fail(wire, "the connection was lost");
}

void sr_wire_work(struct sr_wire *wire, sr_time now) {
  wire->now = now;
  if (wire->state == SR_WIRE_CONNECTING) {
    struct sr_sigpipe sigpipe;
    sr_sigpipe_hold(&sigpipe, wire->address->tls);
    drive(wire);
    sr_sigpipe_release(&sigpipe);
    return;
  }
  flush(wire);
  if (wire->state != SR_WIRE_DOWN)
    receive(wire);
  while (wire->state == SR_WIRE_GREETING) {
    redisReply *reply = sr_wire_reply(wire);
    if (reply == NULL)
      break;
    greeted(wire, reply);
    freeReplyObject(reply);
  }
  if (wire->state == SR_WIRE_GREETING && now - wire->since >= SR_REDIS_TIMEOUT)
    sr_wire_fail(wire, "no answer within %ld s", TIMEOUT_MS / 1000);
}

int sr_wire_watch(const struct sr_wire *wire, struct sr_watch *watches) {
  if (wire->state == SR_WIRE_CONNECTING) {
    memcpy(watches, wire->sockets, (size_t)wire->socket_count * sizeof *watches);
    return wire->socket_count;
  }
  if (wire->state == SR_WIRE_DOWN)
    return 0;
  watches[0].fd = wire->fd;
  watches[0].events =
      (short)(wire->sent < wire->sending.len || wire->queue.len > 0 ? POLLIN | POLLOUT : POLLIN);
  return 1;
}

sr_time sr_wire_wake(const struct sr_wire *wire) {
  if (wire->state == SR_WIRE_CONNECTING) {
    sr_time limit = wire->since + SR_REDIS_TIMEOUT + SR_SECOND / 10;
    return wire->timer < limit ? wire->timer : limit;
  }
  return wire->state == SR_WIRE_GREETING ? wire->since + SR_REDIS_TIMEOUT : SR_NEVER;
}
