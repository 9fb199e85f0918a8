/* Addresses.
** SPDX-License-Identifier: MIT */
#include "http/sr_url.h"

#include "base/sr_base.h"

#include <curl/curl.h>
#include <arpa/inet.h>
#include <string.h>

static int unreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/* Makes `out` as short as it was. */
static void undo(struct sr_buf *out, size_t before) {
  out->len = before;
  if (out->data != NULL)
    out->data[before] = '\0';
}

int sr_url_escape(struct sr_buf *out, const char *text, size_t len) {
  static const char hex[] = "0123456789ABCDEF";
  size_t i, before = out->len;
  for (i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    char code[3];
    code[0] = '%';
    code[1] = hex[c >> 4];
    code[2] = hex[c & 15];
    if (unreserved(c) ? sr_buf_putc(out, (char)c) != 0 : sr_buf_append(out, code, 3) != 0) {
      undo(out, before);
      return -1;
    }
  }
  return 0;
}

int sr_url_query(struct sr_buf *out, const struct sr_param *param) {
  size_t before = out->len;
  char mark = out->len > 0 && memchr(out->data, '?', out->len) != NULL ? '&' : '?';
  if (sr_buf_putc(out, mark) == 0 && sr_url_escape(out, param->name, param->name_len) == 0 &&
      sr_buf_putc(out, '=') == 0 && sr_url_escape(out, param->value, param->value_len) == 0)
    return 0;
  undo(out, before);
  return -1;
}

static const struct sr_param *lookup(const struct sr_param *params, size_t count, const char *name,
                                     size_t len) {
  size_t i;
  for (i = 0; i < count; i++)
    if (params[i].name_len == len && memcmp(params[i].name, name, len) == 0)
      return &params[i];
  return NULL;
}

static int is_dots(const struct sr_param *p) {
  return (p->value_len == 1 && p->value[0] == '.') ||
         (p->value_len == 2 && p->value[0] == '.' && p->value[1] == '.');
}

/* Fills one placeholder, `name`, as a path segment or as a query parameter. */
static enum sr_url_status fill(struct sr_buf *out, const struct sr_param *params, size_t count,
                               const char *name, size_t len, int query) {
  const struct sr_param *p = lookup(params, count, name, len);
  int failed;
  if (p == NULL)
    return SR_URL_MISSING;
  if (p->value_len == 0)
    return SR_URL_EMPTY;
  if (!query && is_dots(p))
    return SR_URL_DOTS;
  failed = query ? sr_url_query(out, p) : sr_url_escape(out, p->value, p->value_len);
  return failed ? SR_URL_NO_MEMORY : SR_URL_OK;
}

enum sr_url_status sr_url_expand(struct sr_buf *out, const char *template,
                                 const struct sr_param *params, size_t count, const char **at,
                                 size_t *at_len) {
  size_t before = out->len;
  enum sr_url_status status = SR_URL_OK;
  const char *p = template;
  while (*p != '\0' && status == SR_URL_OK) {
    size_t literal = strcspn(p, "{");
    const char *close;
    int query;
    if (literal > 0) {
      if (sr_buf_append(out, p, literal) != 0)
        status = SR_URL_NO_MEMORY;
      p += literal;
      continue;
    }
    close = strchr(p, '}');
    if (close == NULL) {
      status = SR_URL_BAD_TEMPLATE;
      break;
    }
    query = p[1] == '?';
    p += query ? 2 : 1;
    for (;;) { /* one name, or several with commas between them */
      size_t len = strcspn(p, ",}");
      status = fill(out, params, count, p, len, query);
      if (status != SR_URL_OK) {
        *at = p;
        *at_len = len;
        break;
      }
      p += len;
      if (*p++ == '}')
        break;
    }
  }
  if (status != SR_URL_OK)
    undo(out, before);
  return status;
}

const char sr_url_no_memory[] = "could not be read: memory ran out";
const char sr_url_in_clear[] =
    "must be an https address: plain http would send the key in clear (it is allowed to this "
    "machine only)";

/*
** Whether a host, as libcurl's URL parser gives it, is this machine. Names other than localhost are
** not looked up.
*/
static int is_loopback(const char *host) {
  struct in_addr v4;
  if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
    return 1;
  return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

/* Escapes in a host are decoded: %7f stands for a byte that no name has. */
static int is_host(const char *host) {
  for (; *host != '\0'; host++)
    if ((unsigned char)*host <= 0x20 || *host == 0x7f || strchr("<>\\^`{|}\"%", *host) != NULL)
      return 0;
  return 1;
}

/* 1, 0, or -1 when memory ran out. */
static int has_part(CURLU *url, CURLUPart part) {
  char *text = NULL;
  CURLUcode code = curl_url_get(url, part, &text, 0);
  curl_free(text);
  return code == CURLUE_OUT_OF_MEMORY ? -1 : code == CURLUE_OK;
}

/* Appends scheme, host in lower case, port unless it is the scheme's own, path without its last slash. 0 or -1. */
static int append_base(struct sr_buf *out, CURLU *url, const char *scheme, const char *host) {
  char *port = NULL, *path = NULL;
  size_t before = out->len, len, i;
  CURLUcode code = curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
  int failed = code != CURLUE_OK && code != CURLUE_NO_PORT;
  failed = failed || curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK ||
           sr_buf_puts(out, scheme) != 0 || sr_buf_puts(out, "://") != 0 ||
           sr_buf_puts(out, host) != 0 ||
           (port != NULL && (sr_buf_putc(out, ':') != 0 || sr_buf_puts(out, port) != 0));
  for (i = before; !failed && i < out->len; i++)
    out->data[i] = sr_lower(out->data[i]);
  len = path == NULL ? 0 : strlen(path);
  while (len > 0 && path[len - 1] == '/')
    len--;
  failed = failed || sr_buf_append(out, path, len) != 0;
  if (failed)
    undo(out, before);
  curl_free(port);
  curl_free(path);
  return failed ? -1 : 0;
}

const char *sr_url_base(struct sr_buf *out, const char *base) {
  CURLU *url = curl_url();
  char *scheme = NULL, *host = NULL;
  const char *problem = NULL;
  CURLUcode code;
  int user, password;
  if (url == NULL)
    return sr_url_no_memory;
  code = curl_url_set(url, CURLUPART_URL, base, 0);
  if (code == CURLUE_OK)
    code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
  if (code == CURLUE_OK)
    code = curl_url_get(url, CURLUPART_HOST, &host, 0);
  user = has_part(url, CURLUPART_USER);
  password = has_part(url, CURLUPART_PASSWORD);
  if (code == CURLUE_OUT_OF_MEMORY || user < 0 || password < 0)
    problem = sr_url_no_memory;
  else if (code != CURLUE_OK || !is_host(host))
    problem = "is not an address; write https://host";
  else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
    problem = "must be an https address";
  else if (strcmp(scheme, "http") == 0 && !is_loopback(host))
    problem = sr_url_in_clear;
  else if (user || password)
    problem = "must not hold a user or password";
  else if (strpbrk(base, "?#") != NULL)
    problem = "must not hold a query or fragment";
  if (problem == NULL && append_base(out, url, scheme, host) != 0)
    problem = sr_url_no_memory;
  curl_free(scheme);
  curl_free(host);
  curl_url_cleanup(url);
  return problem;
}
