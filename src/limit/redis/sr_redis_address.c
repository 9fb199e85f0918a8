/* Addresses of Redis servers.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis_address.h"

#include "base/sr_base.h"

#include <stdlib.h>
#include <string.h>

static const char no_memory[] = "memory ran out";

/* A piece of the text. */
struct span {
  const char *at;
  size_t len;
};

static int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = sr_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Replaces `out`, percent-decoded. NULL or what is wrong. */
static const char *decode(struct sr_buf *out, struct span text) {
  size_t i;
  sr_buf_clear(out);
  if (sr_buf_reserve(out, text.len) != 0) /* once, for all its bytes */
    return no_memory;
  out->data[0] = '\0';
  for (i = 0; i < text.len; i++) {
    int c = (unsigned char)text.at[i];
    if (c == '%') {
      if (text.len - i < 3 || hex(text.at[i + 1]) < 0 || hex(text.at[i + 2]) < 0)
        return "a % must begin a percent-encoded byte, as %25 for % itself";
      c = hex(text.at[i + 1]) * 16 + hex(text.at[i + 2]);
      i += 2;
    }
    if (c < 0x20 || c == 0x7f)
      return "control characters are not allowed";
    (void)sr_buf_putc(out, (char)c); /* there is room */
  }
  return NULL;
}

static int same(struct span text, const char *word) {
  return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static int all_digits(struct span text, size_t most) {
  size_t i;
  for (i = 0; i < text.len; i++)
    if (text.at[i] < '0' || text.at[i] > '9')
      return 0;
  return text.len > 0 && text.len <= most;
}

/* Up to the first of `stops`, which stays in `rest`; all of it if there is none. */
static struct span cut(struct span *rest, const char *stops) {
  struct span head = *rest;
  for (head.len = 0; head.len < rest->len && strchr(stops, rest->at[head.len]) == NULL; head.len++)
    ;
  rest->at += head.len;
  rest->len -= head.len;
  return head;
}

static int skip(struct span *rest, char c) {
  if (rest->len == 0 || rest->at[0] != c)
    return 0;
  rest->at++;
  rest->len--;
  return 1;
}

static const char *read_db(struct sr_redis_address *out, struct span text) {
  if (!all_digits(text, 9))
    return "the database must be a number, as in redis://host:6379/0";
  if (out->db.len > 0)
    return "the database is given twice";
  return decode(&out->db, text);
}

static const char *read_option(struct sr_redis_address *out, struct span name, struct span value) {
  struct sr_buf *to;
  if (same(name, "db"))
    return read_db(out, value);
  if (same(name, "user"))
    to = &out->user;
  else if (same(name, "password"))
    to = &out->password;
  else if (same(name, "prefix"))
    to = &out->prefix;
  else if (same(name, "ca_file"))
    to = &out->ca_file;
  else
    return "there is no such option; there are: db, user, password, prefix, ca_file";
  if (to->len > 0)
    return "an option is given twice";
  if (to == &out->ca_file && !out->tls)
    return "ca_file is for rediss:// alone: without TLS nothing is verified";
  if (value.len == 0 && to != &out->prefix)
    return "an option is empty";
  return decode(to, value);
}

static const char *read_address_options(struct sr_redis_address *out, struct span rest) {
  const char *problem = NULL;
  while (problem == NULL && rest.len > 0) {
    struct span pair = cut(&rest, "&"), name;
    skip(&rest, '&');
    name = cut(&pair, "=");
    if (!skip(&pair, '='))
      return "an option must be name=value";
    problem = read_option(out, name, pair);
  }
  return problem;
}

static const char *read_login(struct sr_redis_address *out, struct span login) {
  struct span user = cut(&login, ":");
  const char *problem;
  if (!skip(&login, ':'))
    return "before the @ must be user:password, or :password";
  problem = decode(&out->user, user);
  if (problem == NULL)
    problem = decode(&out->password, login);
  if (problem == NULL && out->user.len > 0 && out->password.len == 0)
    problem = "there is a user but no password";
  return problem;
}

static int is_redis_host(struct span host, int bracketed) {
  size_t i;
  for (i = 0; i < host.len; i++) {
    char c = sr_lower(host.at[i]);
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.')
      continue;
    if (bracketed ? c != ':' : c != '-' && c != '_')
      return 0;
  }
  return host.len > 0 && host.len <= 253;
}

/* "host:6379", "[::1]:6379", a port left out. */
static const char *read_host(struct sr_redis_address *out, struct span rest) {
  int bracketed = skip(&rest, '[');
  struct span host = cut(&rest, bracketed ? "]" : ":"), port = {"6379", 4};
  const char *open = bracketed ? "[" : "", *shut = bracketed ? "]" : "";
  int i;
  if ((bracketed && !skip(&rest, ']')) || !is_redis_host(host, bracketed))
    return "the host must be a name or an address, as in redis://host:6379";
  if (skip(&rest, ':')) {
    port = rest;
    rest.len = 0;
  }
  if (rest.len > 0 || !all_digits(port, 5) || strtoul(port.at, NULL, 10) == 0 ||
      strtoul(port.at, NULL, 10) > 65535)
    return "the port must be a number from 1 to 65535, as in redis://host:6379";
  for (i = 0; i < 2; i++) {
    struct sr_buf *to = i == 0 ? &out->url : &out->place;
    const char *scheme =
        i == 0 ? (out->tls ? "https://" : "http://") : (out->tls ? "rediss://" : "redis://");
    if (sr_buf_puts(to, scheme) != 0 || sr_buf_puts(to, open) != 0 ||
        sr_buf_append(to, host.at, host.len) != 0 || sr_buf_puts(to, shut) != 0 ||
        sr_buf_putc(to, ':') != 0 || sr_buf_append(to, port.at, port.len) != 0)
      return no_memory;
  }
  return NULL;
}

static const char *read_network(struct sr_redis_address *out, struct span rest) {
  struct span authority = cut(&rest, "/?"), login = authority;
  const char *problem;
  if (memchr(rest.at, '@', rest.len) != NULL && memchr(authority.at, '@', authority.len) == NULL)
    return "write / ? # % and @ in user and password percent-encoded, as %2F %3F %23 %25 %40";
  while (login.len > 0 &&
         login.at[login.len - 1] != '@') /* a host has no @: the last one ends it */
    login.len--;
  if (login.len > 0) {
    authority.at += login.len;
    authority.len -= login.len;
    login.len--;
    problem = read_login(out, login);
    if (problem != NULL)
      return problem;
  }
  problem = read_host(out, authority);
  if (problem == NULL && skip(&rest, '/')) {
    struct span db = cut(&rest, "?");
    problem = db.len > 0 ? read_db(out, db) : NULL;
  }
  if (problem == NULL && skip(&rest, '?'))
    problem = read_address_options(out, rest);
  return problem;
}

static const char *read_unix(struct sr_redis_address *out, struct span rest) {
  struct span path;
  const char *problem;
  if (rest.len >= 2 && rest.at[0] == '/' && rest.at[1] == '/') { /* unix:///path is the same */
    rest.at += 2;
    rest.len -= 2;
  }
  path = cut(&rest, "?");
  if (path.len == 0 || path.at[0] != '/')
    return "the socket must be an absolute path, as in unix:/run/redis/redis.sock";
  problem = decode(&out->path, path);
  if (problem == NULL && out->path.len > 100)
    problem = "the path is longer than a socket's path can be";
  if (problem == NULL &&
      (sr_buf_puts(&out->place, "unix:") != 0 || sr_buf_puts(&out->place, out->path.data) != 0 ||
       sr_buf_puts(&out->url, "http://localhost") != 0))
    problem = no_memory;
  if (problem == NULL && skip(&rest, '?'))
    problem = read_address_options(out, rest);
  return problem;
}

/* What is left out, and what may not be together. */
static const char *complete(struct sr_redis_address *out, int prefix_given) {
  if (out->user.len > 0 && out->password.len == 0)
    return "there is a user but no password";
  if (out->db.len == 0 && sr_buf_putc(&out->db, '0') != 0)
    return no_memory;
  if (!prefix_given && sr_buf_puts(&out->prefix, "seranking:") != 0)
    return no_memory;
  if (sr_buf_puts(&out->place, out->path.len > 0 ? "?db=" : "/") != 0 ||
      sr_buf_puts(&out->place, out->db.data) != 0)
    return no_memory;
  return NULL;
}

static int begins(struct span *text, const char *scheme) {
  size_t i, len = strlen(scheme);
  if (text->len < len)
    return 0;
  for (i = 0; i < len; i++)
    if (sr_lower(text->at[i]) != scheme[i])
      return 0;
  text->at += len;
  text->len -= len;
  return 1;
}

const char *sr_redis_address_parse(struct sr_redis_address *out, const char *text) {
  struct span rest;
  const char *problem;
  memset(out, 0, sizeof *out);
  rest.at = text;
  rest.len = strlen(text);
  if (memchr(text, '#', rest.len) != NULL)
    problem = "write # percent-encoded, as %23";
  else if (begins(&rest, "unix:"))
    problem = read_unix(out, rest);
  else if ((out->tls = begins(&rest, "rediss://")) || begins(&rest, "redis://"))
    problem = read_network(out, rest);
  else
    problem = "the address must begin with redis://, rediss:// or unix:/";
  if (problem == NULL)
    problem = complete(out, out->prefix.data != NULL);
  if (problem != NULL)
    sr_redis_address_fini(out);
  return problem;
}

void sr_redis_address_fini(struct sr_redis_address *address) {
  sr_buf_fini(&address->url);
  sr_buf_fini(&address->path);
  sr_buf_fini(&address->place);
  sr_buf_fini(&address->user);
  sr_buf_fini(&address->password);
  sr_buf_fini(&address->prefix);
  sr_buf_fini(&address->ca_file);
  sr_buf_fini(&address->db);
  memset(address, 0, sizeof *address);
}
