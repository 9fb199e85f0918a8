/* One attempt of a call on libcurl.
** SPDX-License-Identifier: MIT */
#include "http/sr_transfer.h"

#include "base/sr_curl.h"
#include "base/sr_fork.h"
#include "http/sr_url.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#if SR_LINUX
#include <linux/sockios.h>
#endif

#if LIBCURL_VERSION_NUM < 0x074400
#error "libcurl 7.68 or newer is needed"
#endif

/*
** Whether libcurl calls back before it sends a request (7.80). Define as 0 to test the other way.
*/
#ifndef SR_HAVE_PREREQ
#define SR_HAVE_PREREQ (LIBCURL_VERSION_NUM >= 0x075000)
#endif

enum { TOO_LARGE_BODY = 1, TOO_LARGE_HEADERS = 2 };

/* Most answers have no more bytes of header lines. */
enum { USUAL_HEAD = 500 };

/* TLS and HTTP/2 end a connection with at most this many bytes. No request is as short. */
enum { GOODBYE_MAX = 64 };

/* on_body checks the time once a body is this long. */
enum { LONG_BODY = 65536 };

/*
** libcurl checks its time limits only between rounds of curl_multi_perform. In long rounds
** on_progress and on_body check them, this much later: where libcurl's own limits work, they come
** first.
*/
#define GRACE (20 * SR_MILLISECOND)

/*
** libcurl reads a proxy's answer to CONNECT byte by byte, does not return while there is more, and
** reports progress for each byte. No honest answer is longer than CONNECT_MAX. The time is checked
** every TIME_CHECK_STEPS.
*/
enum { CONNECT_MAX = 65536, TIME_CHECK_STEPS = 256 };

/* Progress reports in a round before the request, other than those of an answer to CONNECT. */
enum { USUAL_STEPS = 16 };

/* ---- the libcurl that is loaded: it may be newer than its header ---- */

/*
** 7.83 to 8.0.1 use freed memory if a handle is used again and the first header line of an HTTP/1
** answer begins with a blank: they append it to the last header of the attempt before. Their handles
** have one use.
*/
static int folds_into_freed;

/* CURLE_TOO_LARGE, since 8.6. */
enum { TOO_LARGE = 100 };
static int has_too_large;

static pthread_once_t loaded_once = PTHREAD_ONCE_INIT;

static void look_at_loaded(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  folds_into_freed = version >= 0x075300 && version <= 0x080001;
  has_too_large = version >= 0x080600;
}

/* ---- callbacks: libcurl to the call's buffers ---- */

/* Whether the attempt's time is over; then it is marked as expired. */
static int expire_after(struct sr_transfer *transfer, sr_time end) {
  if (sr_clock_monotonic.now(NULL) < end)
    return 0;
  transfer->expired = 1;
  return 1;
}

/*
** Rules out most header lines: an E or e where "Content-Encoding:" or "Transfer-Encoding:" has
** one.
*/
#define MAY_NAME_CODINGS(line, len)                                                                \
  ((len) > 17 && (((line)[8] | 0x20) == 'e' || ((line)[9] | 0x20) == 'e') &&                       \
   ((line)[16] == ':' || (line)[17] == ':'))

/*
** How many codings a header line names that libcurl would undo. Bodies compressed twice are
** refused: out of a few KB libcurl would make gigabytes of input for the inner coding in one round,
** and no deadline would be checked if they decompress to nothing.
*/
static int count_codings(const char *line, size_t len) {
  static const char *const names[] = {"Content-Encoding:", "Transfer-Encoding:"};
  static const char separators[] = ", \t\r\n";
  const char *p = NULL, *end = line + len;
  int count = 0;
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    size_t name_len = strlen(names[i]);
    if (len >= name_len && strncasecmp(line, names[i], name_len) == 0)
      p = line + name_len;
  }
  while (p != NULL && p < end) {
    const char *word = p;
    while (p < end && memchr(separators, *p, sizeof separators - 1) == NULL)
      p++;
    count += p > word && !((p - word == 7 && strncasecmp(word, "chunked", 7) == 0) ||
                           (p - word == 8 && strncasecmp(word, "identity", 8) == 0));
    p++;
  }
  return count;
}

/* The status that libcurl read in the answer's last status line, or 0. */
static long status_of(const struct sr_transfer *transfer) {
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/*
** Keeps track of heads, by the rules of libcurl: it reads "http/1.1" as a version too. `line` may begin or
** end one. Another head follows that of a 1xx answer, but for 101.
*/
static void follow_head(struct sr_transfer *transfer, const char *line, size_t len) {
  if (line[0] == '\r' || line[0] == '\n') {
    long status = status_of(transfer);
    if (transfer->head != SR_HEAD_WHOLE)
      transfer->head = status / 100 == 1 && status != 101 ? SR_HEAD_NONE : SR_HEAD_WHOLE;
  } else if (transfer->head == SR_HEAD_NONE && len >= 5 && strncasecmp(line, "HTTP/", 5) == 0) {
    sr_buf_clear(&transfer->call->head); /* drops a 1xx head */
    transfer->head = SR_HEAD_BEGUN;
  }
}

static size_t on_header(char *data, size_t size, size_t count, void *user) {
  struct sr_transfer *transfer = user;
  struct sr_call *call = transfer->call;
  size_t len = size * count;
  if (transfer->head == SR_HEAD_NONE || data[0] == '\r' || data[0] == '\n')
    follow_head(transfer, data, len);
  if (MAY_NAME_CODINGS(data, len))
    transfer->codings += count_codings(data, len); /* in 1xx answers too: libcurl adds them up */
  if (transfer->codings > 1)
    return 0;
  transfer->head_bytes += len;
  if (transfer->head_bytes > call->max_headers) {
    transfer->too_large = TOO_LARGE_HEADERS;
    return 0;
  }
  if (sr_buf_append(&call->head, data, len) != 0) {
    transfer->no_memory = 1;
    return 0;
  }
  return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  struct sr_transfer *transfer = user;
  struct sr_call *call = transfer->call;
  size_t len = size * count;
  if (call->sink != NULL && status_of(transfer) / 100 == 2) { /* only a success goes there */
    if (expire_after(transfer, transfer->ends))
      return 0; /* a file of few bytes may have been much gzip */
    transfer->sink_failed = sr_sink_write(call->sink, data, len) != 0;
    return transfer->sink_failed ? 0 : len;
  }
  if (call->answer.len >= LONG_BODY && expire_after(transfer, transfer->ends))
    return 0; /* a few bytes may decompress to all this in one round */
  if (len > call->max_body - call->answer.len) {
    transfer->too_large = TOO_LARGE_BODY;
    return 0;
  }
  if (sr_buf_append(&call->answer, data, len) != 0) {
    transfer->no_memory = 1;
    return 0;
  }
  return len;
}

/* How many bytes of the request, and of CONNECT before it, libcurl has sent. */
static long request_bytes(const struct sr_transfer *transfer) {
  long bytes = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes;
}

/* Whether libcurl has begun to send the request. */
static int is_begun(const struct sr_transfer *transfer) {
#if SR_HAVE_PREREQ
  return transfer->requests > 0;
#else
  return request_bytes(transfer) > 0; /* a CONNECT is taken for the request, to be safe */
#endif
}

/* Ends an attempt that takes too long before its request is sent. Later there are no such loops. */
static int on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up) {
  struct sr_transfer *transfer = user;
  (void)down_total;
  (void)down;
  (void)up_total;
  (void)up;
  if (transfer->call == NULL || is_begun(transfer))
    return 0;
  if (*transfer->rounds != transfer->round)
    transfer->steps = 0;
  transfer->round = *transfer->rounds;
  if (++transfer->steps <= USUAL_STEPS || ++transfer->busy % TIME_CHECK_STEPS != 0)
    return 0;
  transfer->flooded = transfer->busy > CONNECT_MAX;
  return transfer->flooded || expire_after(transfer, transfer->connect_ends);
}

#if SR_HAVE_PREREQ
/*
** What became of the first sending when libcurl is about to send again. It does that for three
** reasons:
** - A reused connection ended before a byte of the answer.
** - The server sent REFUSED_STREAM: it did not process the request. On a new connection this is the
** only
**   possible reason; on a reused one it looks like the end of the connection.
** - The server sent HTTP_1_1_REQUIRED, which is named in libcurl's text.
*/
static enum sr_reach first_reach(struct sr_transfer *transfer) {
  if (strstr(transfer->detail, "HTTP_1_1_REQUIRED") != NULL) {
    transfer->call->http1 = 1;
    return SR_REFUSED;
  }
  if (transfer->connects > 0)
    return SR_REFUSED;
  return sr_transfer_sent(transfer) ? SR_SENT : SR_UNSENT;
}

/*
** libcurl sends a request again, on a new connection, when a reused connection is closed before the
** answer: even a POST, although the server may have acted on the first. To repeat is the engine's
** decision, and each sending needs a slot. So the second sending is refused here.
*/
static int on_request(void *user, char *remote_ip, char *local_ip, int remote_port,
                      int local_port) {
  struct sr_transfer *transfer = user;
  long connects = 0;
  (void)remote_ip;
  (void)local_ip;
  (void)remote_port;
  (void)local_port;
  if (transfer->requests > 0) {
    transfer->reach = first_reach(transfer);
    transfer->requests++;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer->requests = 1;
  curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
  transfer->connects = (int)connects;
  transfer->before = request_bytes(transfer);
  /* If the process was stopped in between, the slot may belong to somebody else by now. */
  transfer->late = !transfer->may_send(transfer->call);
  if (transfer->late)
    return CURL_PREREQFUNC_ABORT;
  return CURL_PREREQFUNC_OK;
}
#endif

/* A socket that is inherited neither by programs (os.execute, io.popen) nor by forked children. */
static curl_socket_t open_curl_socket(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address) {
  struct sr_transfer *transfer = user;
  int fd;
  (void)purpose;
  fd = sr_fork_socket(address->family, address->socktype, address->protocol);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE))
    transfer->no_descriptors = 1;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/*
** The connection may outlive the transfer that opened it. If the kernel still holds a request that
** was given up, it is dropped: a server that reads it later would count it.
*/
static int close_curl_socket(void *unused, curl_socket_t fd) {
  (void)unused;
#if SR_LINUX
  static const struct linger drop = {1, 0};
  int held = 0;
  if (ioctl(fd, SIOCOUTQ, &held) == 0 && held > GOODBYE_MAX)
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &drop, sizeof drop);
#endif
  sr_fork_close(fd);
  return 0;
}

/* ---- set-up ---- */

/* Sets an option in a function that has `easy` and `code`, unless one before it failed. */
#define SET(option, value) SR_CURL_SET(code, easy, option, value)

/*
** What is the same for all clients. The rest is libcurl's default: redirects are not followed,
** HTTP/2 is used over TLS where it can be.
*/
static CURLcode set_constants(struct sr_transfer *transfer) {
  CURL *easy = transfer->easy;
  CURLcode code = CURLE_OK;
  SET(CURLOPT_PRIVATE, transfer);
  SET(CURLOPT_SHARE, transfer->share); /* before the first attempt: later libcurl leaks 920 bytes */
  SET(CURLOPT_ERRORBUFFER, transfer->detail);
  SET(CURLOPT_HEADERFUNCTION, on_header);
  SET(CURLOPT_HEADERDATA, transfer);
  SET(CURLOPT_WRITEFUNCTION, on_body);
  SET(CURLOPT_WRITEDATA, transfer);
  SET(CURLOPT_OPENSOCKETFUNCTION, open_curl_socket);
  SET(CURLOPT_OPENSOCKETDATA, transfer);
  SET(CURLOPT_CLOSESOCKETFUNCTION, close_curl_socket);
  SET(CURLOPT_NOSIGNAL, 1L);
#if SR_HAVE_PREREQ
  SET(CURLOPT_PREREQFUNCTION, on_request);
  SET(CURLOPT_PREREQDATA, transfer);
#endif
  return code;
}

/* Over TLS, to another machine. */
static CURLcode set_tls(struct sr_transfer *transfer, const struct sr_config *config) {
  CURL *easy = transfer->easy;
  CURLcode code = CURLE_OK;
  SET(CURLOPT_SSL_VERIFYPEER, 1L);
  SET(CURLOPT_SSL_VERIFYHOST, 2L);
  SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(CURLOPT_NOPROGRESS, 0L);
  SET(CURLOPT_XFERINFOFUNCTION, on_progress);
  SET(CURLOPT_XFERINFODATA, transfer);
  SET(CURLOPT_TCP_KEEPALIVE, 1L);
  SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CURLOPT_PIPEWAIT, 1L); /* prefer a stream on a connection that is being made to a new one */
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(CURLOPT_QUICK_EXIT, 1L); /* a silent name server does not hold us past the deadline */
#endif
  if (config->proxy.len > 0)
    SET(CURLOPT_PROXY, config->proxy.data);
  return code;
}

CURLcode sr_transfer_prepare(struct sr_transfer *transfer, const struct sr_config *config) {
  CURL *easy = transfer->easy;
  CURLcode code;
  if (transfer->config_id != 0)
    curl_easy_reset(easy);
  transfer->config_id = 0;
  transfer->http1 = transfer->plain_get = 0;
  code = set_constants(transfer);
  SET(CURLOPT_URL, config->base_url.data); /* before 8.12 it need not be made of CURLU then */
  SET(CURLOPT_CURLU, config->url);
  SET(CURLOPT_ACCEPT_ENCODING, sr_config_codings(config)); /* undo them; the header is a line */
  if (config->ca_file.len > 0) {
    SET(CURLOPT_CAINFO, config->ca_file.data);
    /* this file and no other; TLS libraries without CAPATH refuse the option, and don't need it */
    if (code == CURLE_OK)
      curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  }
  if (config->plain_http)
    SET(CURLOPT_PROXY, ""); /* to this machine, in clear: no proxy, and no long rounds */
  else if (code == CURLE_OK)
    code = set_tls(transfer, config);
  if (code == CURLE_OK)
    transfer->config_id = config->id;
  return code;
}

struct sr_transfer *sr_transfer_new(CURLSH *share, const uint64_t *rounds) {
  struct sr_transfer *transfer = calloc(1, sizeof *transfer);
  if (transfer == NULL)
    return NULL;
  pthread_once(&loaded_once, look_at_loaded);
  transfer->share = share;
  transfer->rounds = rounds;
  transfer->easy = curl_easy_init();
  if (transfer->easy == NULL) {
    free(transfer);
    return NULL;
  }
  return transfer;
}

void sr_transfer_delete(struct sr_transfer *transfer) {
  if (transfer == NULL)
    return;
  if (transfer->call != NULL)
    sr_transfer_release(transfer);
  sr_buf_fini(&transfer->target);
  curl_easy_cleanup(transfer->easy);
  free(transfer);
}

int sr_transfer_is_reusable(void) {
  pthread_once(&loaded_once, look_at_loaded);
  return !folds_into_freed;
}

void sr_transfer_release(struct sr_transfer *transfer) {
  curl_mime_free(transfer->mime);
  transfer->mime = NULL;
  curl_slist_free_all(transfer->headers);
  transfer->headers = NULL;
  transfer->call = NULL;
}

/* Path and query, with the key if it belongs there. */
static int make_target(struct sr_transfer *transfer, const struct sr_call *call) {
  const struct sr_config *config = call->config;
  const struct sr_buf *base = &config->base_url;
  struct sr_buf *target = &transfer->target;
  struct sr_param key;
  target->len = 0;
  if (sr_buf_append(target, base->data + config->path_at, base->len - config->path_at) != 0 ||
      sr_buf_append(target, call->target.data, call->target.len) != 0)
    return -1;
  if (config->key.len == 0 || config->auth != SR_AUTH_QUERY)
    return 0;
  key.name = sr_config_key_param(config);
  key.name_len = strlen(key.name);
  key.value = config->key.data;
  key.value_len = config->key.len;
  return sr_url_query(target, &key);
}

/* Sets path and query apart from the rest of the address, which is the client's and parsed. */
static CURLcode set_target(struct sr_transfer *transfer, const struct sr_call *call) {
  const char *p;
  if (make_target(transfer, call) != 0)
    return CURLE_OUT_OF_MEMORY;
  for (p = transfer->target.data; *p != '\0'; p++)
    if ((unsigned char)*p <= ' ' || *p == 0x7f)
      return CURLE_URL_MALFORMAT; /* it would end the request line */
  return curl_easy_setopt(transfer->easy, CURLOPT_REQUEST_TARGET, transfer->target.data);
}

static CURLcode add_part(curl_mime *mime, const struct sr_part *from) {
  curl_mimepart *part = curl_mime_addpart(mime);
  CURLcode code;
  if (part == NULL)
    return CURLE_OUT_OF_MEMORY;
  code = curl_mime_name(part, sr_buf_text(&from->name));
  if (code == CURLE_OK)
    code = curl_mime_data(part, sr_buf_text(&from->data), from->data.len);
  if (code == CURLE_OK && from->filename.len > 0)
    code = curl_mime_filename(part, from->filename.data);
  if (code == CURLE_OK && from->content_type.len > 0)
    code = curl_mime_type(part, from->content_type.data);
  return code;
}

static CURLcode set_parts(struct sr_transfer *transfer, const struct sr_part *part) {
  CURLcode code = CURLE_OK;
  transfer->mime = curl_mime_init(transfer->easy);
  if (transfer->mime == NULL)
    return CURLE_OUT_OF_MEMORY;
  for (; code == CURLE_OK && part != NULL; part = part->next)
    code = add_part(transfer->mime, part);
  return code == CURLE_OK ? curl_easy_setopt(transfer->easy, CURLOPT_MIMEPOST, transfer->mime)
                          : code;
}

static CURLcode set_body(struct sr_transfer *transfer, const struct sr_call *call,
                         enum sr_headers kind, int is_get) {
  CURL *easy = transfer->easy;
  CURLcode code = CURLE_OK;
  if (call->parts != NULL) {
    code = set_parts(transfer, call->parts);
  } else if (kind != SR_HEADERS_PLAIN) {
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDS, sr_buf_text(&call->body));
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
  } else {
    SET(CURLOPT_HTTPGET, 1L);
  }
  SET(CURLOPT_CUSTOMREQUEST, is_get ? NULL : call->method);
  return code;
}

/* The client's constant headers, or a copy of them with the call's own behind. */
static CURLcode set_headers(struct sr_transfer *transfer, const struct sr_call *call,
                            enum sr_headers kind) {
  const struct curl_slist *node = call->config->headers[kind];
  int own = 0;
  if (call->headers == NULL)
    return curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, node);
  while (node != NULL) {
    struct curl_slist *longer = curl_slist_append(transfer->headers, node->data);
    if (longer == NULL)
      return CURLE_OUT_OF_MEMORY;
    transfer->headers = longer;
    node = node->next;
    if (node == NULL && !own) {
      node = call->headers;
      own = 1;
    }
  }
  return curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

/* A handle that is set up for a GET without headers of the call's own is left as it is for another. */
static CURLcode set_request(struct sr_transfer *transfer, const struct sr_call *call) {
  enum sr_headers kind = sr_call_headers(call);
  int is_get = kind == SR_HEADERS_PLAIN && strcmp(call->method, "GET") == 0;
  int plain_get = is_get && call->headers == NULL;
  CURLcode code = CURLE_OK;
  if (plain_get && transfer->plain_get)
    return code;
  transfer->plain_get = plain_get;
  code = set_body(transfer, call, kind, is_get);
  return code == CURLE_OK ? set_headers(transfer, call, kind) : code;
}

/* At least 1: 0 would be no limit. */
#define MILLISECONDS(t)                                                                            \
  ((t) < SR_MILLISECOND ? 1L : (long)(((t) + SR_MILLISECOND - 1) / SR_MILLISECOND))

CURLcode sr_transfer_begin(struct sr_transfer *transfer, struct sr_call *call,
                           sr_may_send *may_send, sr_time now, sr_time timeout) {
  CURL *easy = transfer->easy;
  CURLcode code = CURLE_OK;
  sr_time connect = call->connect_timeout < timeout ? call->connect_timeout : timeout;
  memset(&transfer->round, 0,
         offsetof(struct sr_transfer, detail) - offsetof(struct sr_transfer, round));
  transfer->detail[0] = '\0';
  transfer->call = call;
  transfer->may_send = may_send;
  transfer->ends = now + timeout + GRACE;
  transfer->connect_ends = now + connect + GRACE;
  if (call->head.cap <= USUAL_HEAD && sr_buf_reserve(&call->head, USUAL_HEAD) != 0)
    return CURLE_OUT_OF_MEMORY;
  if (transfer->config_id != call->config->id)
    code = sr_transfer_prepare(transfer, call->config);
  if (call->http1 != transfer->http1) {
    SET(CURLOPT_HTTP_VERSION, (long)(call->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    transfer->http1 = call->http1;
  }
  if (code == CURLE_OK)
    code = set_target(transfer, call);
  if (code == CURLE_OK)
    code = set_request(transfer, call);
  SET(CURLOPT_TIMEOUT_MS, MILLISECONDS(timeout));
  SET(CURLOPT_CONNECTTIMEOUT_MS, MILLISECONDS(connect));
#if !SR_HAVE_PREREQ
  SET(CURLOPT_FRESH_CONNECT,
      call->repeatable ? 0L : 1L); /* see on_request: no other way to keep it from repeating */
#endif
  return code;
}
#undef SET

/* ---- the outcome ---- */

/* Of any version but 1.1. */
static const char *version_name(long version) {
  switch (version) {
  case CURL_HTTP_VERSION_1_0:
    return "1.0";
  case CURL_HTTP_VERSION_2_0:
    return "2";
  case CURL_HTTP_VERSION_3:
    return "3";
  default:
    return "";
  }
}

int sr_transfer_sent(const struct sr_transfer *transfer) {
#if SR_HAVE_PREREQ
  return transfer->requests > 0 && request_bytes(transfer) > transfer->before;
#else
  return is_begun(transfer);
#endif
}

static void set_too_large(struct sr_error *error, const struct sr_transfer *transfer) {
  const struct sr_call *call = transfer->call;
  if (transfer->too_large == TOO_LARGE_HEADERS)
    sr_error_set(error, SR_TOO_LARGE, "headers", NULL,
                 "the answer's headers are larger than %zu bytes", call->max_headers);
  else
    sr_error_set(error, SR_TOO_LARGE, "body", NULL,
                 "the answer is larger than %zu bytes (after decompression)", call->max_body);
}

/* Whether a byte of an answer has come, from the server or a proxy. */
static int has_first_byte(const struct sr_transfer *transfer) {
  curl_off_t first = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
  return first > 0;
}

/*
** Whether the head passed a bound of libcurl's own: 100 KB for a line, or the number of lines.
** Before 8.6 libcurl reports it as out of memory, and so it may be just that.
*/
static int is_head_too_large(const struct sr_transfer *transfer, CURLcode code) {
  if ((int)code == TOO_LARGE || (code == CURLE_OUT_OF_MEMORY && !has_too_large))
    return transfer->requests > 0 && transfer->head != SR_HEAD_WHOLE && has_first_byte(transfer);
  return 0;
}

/* The status of a proxy that answered CONNECT without a tunnel, or 0. */
static int proxy_status(const struct sr_transfer *transfer, CURLcode code) {
  long status = 0;
  if (transfer->requests > 0)
    return 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status / 100 == 2 && !transfer->flooded && (int)code != TOO_LARGE)
    return 0;
  return code == CURLE_OPERATION_TIMEDOUT ? 0 : (int)status;
}

/* Whether the connection got no further than to a proxy that has not answered. */
static int is_at_proxy(const struct sr_transfer *transfer) {
  const struct sr_config *config = transfer->call->config;
  long status = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return config->http_proxy && !config->plain_http && transfer->requests == 0 && status == 0;
}

static void set_unanswered(struct sr_error *error) {
  sr_error_set(error, SR_NETWORK, "connection_lost", NULL,
               "the server closed the connection before it answered");
}

/* Says why libcurl was about to send again, which on_request forbids. */
static void set_sent_once(struct sr_error *error, const struct sr_transfer *transfer) {
  if (transfer->reach == SR_UNSENT)
    sr_error_set(error, SR_NETWORK, "connection_lost", NULL,
                 "the server had closed the connection before the request was sent");
  else if (transfer->reach == SR_REFUSED)
    sr_error_set(error, SR_NETWORK, "refused", NULL,
                 transfer->call->http1
                     ? "the server did not process the request: it wants HTTP/1.1 for it"
                     : "the server did not process the request (REFUSED_STREAM)");
  else
    set_unanswered(error);
}

/*
** Whether the answer's status line says what libcurl has read in it: it takes "http/1.1 503" for a 200.
*/
static int is_status_read(const struct sr_call *call) {
  const char *status = strchr(call->head.data, ' ');
  return status != NULL && strtol(status, NULL, 10) == call->status;
}

/* Says why there is no whole answer. */
static void explain(struct sr_error *error, struct sr_transfer *transfer, CURLcode code) {
  int sent = sr_transfer_sent(transfer), status = proxy_status(transfer, code);
  if (transfer->too_large != 0)
    set_too_large(error, transfer);
  else if (is_head_too_large(transfer, code))
    sr_error_set(error, SR_TOO_LARGE, "headers", NULL,
                 "the answer's headers are larger than libcurl takes%s",
                 (int)code == TOO_LARGE ? "" : ", or memory ran out");
  else if (transfer->sink_failed)
    sr_sink_explain(transfer->call->sink, error);
  else if (transfer->codings > 1)
    sr_error_set(error, SR_DECODE, "bad_encoding",
                 "check base_url: another server may be answering",
                 "the body is compressed more than once");
  else if (transfer->no_memory)
    sr_error_no_memory(error);
  else if (transfer->no_descriptors && code == CURLE_COULDNT_CONNECT)
    sr_error_set(error, SR_NETWORK, "no_descriptors", NULL,
                 "no file descriptor is left for a connection");
  else if (transfer->expired)
    sr_error_set(error, SR_TIMEOUT, sent ? "no_answer" : "no_connection", NULL,
                 sent ? "no whole answer before the deadline"
                      : "no connection before the deadline");
  else if (status > 0)
    sr_error_from_proxy(error, status);
  else if (transfer->requests > 1)
    set_sent_once(error, transfer);
  else if (code == CURLE_OK && transfer->head == SR_HEAD_WHOLE)
    sr_error_set(error, SR_PROTOCOL, "bad_answer", NULL, "the answer's status line is malformed");
  else if (code == CURLE_OK) /* for libcurl the end of the connection ended the head */
    sr_error_set(error, SR_NETWORK, "truncated", NULL,
                 "the connection ended before the answer's headers were complete");
  else if (code == CURLE_PARTIAL_FILE && transfer->head == SR_HEAD_NONE) /* of HTTP/2 */
    set_unanswered(error);
  else
    sr_error_from_curl(error, (int)code, is_begun(transfer), transfer->detail);
  if (is_at_proxy(transfer))
    sr_error_blame_proxy(error);
}

enum sr_reach sr_transfer_finish(struct sr_transfer *transfer, CURLcode code,
                                 struct sr_error *error) {
  struct sr_call *call = transfer->call;
  long status = 0, version = 0, connects = 0;
  curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects);
  call->status = (int)status;
  call->http_version = version == CURL_HTTP_VERSION_1_1 ? "1.1" : version_name(version);
  call->reused = connects == 0;
  error->kind = SR_NO_ERROR;
  if (code == CURLE_OK && transfer->head == SR_HEAD_WHOLE && is_status_read(call))
    return SR_SENT;
  call->status = 0;
  explain(error, transfer, code);
  if (transfer->requests > 1)
    return transfer->reach;
  if (!sr_transfer_sent(transfer))
    return SR_UNSENT;
  /* with TLS 1.3 a request leaves before the server has finished the handshake */
  return error->kind == SR_TLS ? SR_REFUSED : SR_SENT;
}
