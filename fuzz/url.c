/* Fuzz target: what an address is made of stays where it was put. A value fills one segment or one
** parameter, and a base that is accepted is https, or http to this machine.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "http/sr_url.h"

static const char *const WORDS[] = {
    "http://", "https://", "HTTP://",   "localhost", "127.0.0.1", "[::1]",  "api.example",
    "/",       ".",        "..",        "@",         "?",         "#",      ":",
    "443",     "80",       "65536",     "%2e",       "%",         "\\",     " ",
    "a",       "{id}",     "{?site,q}", "{",         "}",         "[",      "]",
    "user",    "\xc3\xa4", "\n",        "//",        "0x7f.1",    "::ffff:"};

static void make_text(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  fuzz_words(text, bytes, WORDS, sizeof WORDS / sizeof WORDS[0]);
}

/* ---- bases ---- */

static int starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

/* Whether an address with http stays on this machine. */
static int is_loopback(const char *host) {
  return starts_with(host, "127.") || starts_with(host, "[::1]") || starts_with(host, "localhost");
}

static const char *check_base(const struct fuzz_text *base) {
  struct sr_buf once = {0}, twice = {0};
  const char *problem = NULL, *path;
  size_t i;
  if (sr_url_base(&once, base->data) != NULL) {
    problem = once.len != 0 ? "a refused base leaves text" : NULL;
    sr_buf_fini(&once);
    return problem;
  }
  for (i = 0; i < once.len; i++)
    if ((unsigned char)once.data[i] <= ' ' || strchr("?#\x7f", once.data[i]) != NULL)
      problem = "a base has a character that ends an address";
  path = strstr(once.data, "://");
  if (!starts_with(once.data, "https://") &&
      !(starts_with(once.data, "http://") && is_loopback(once.data + 7)))
    problem = "a base is neither https nor on this machine";
  else if (path != NULL && strcspn(path + 3, "@\\") < strcspn(path + 3, "/"))
    problem = "a base has a user";
  else if (path == NULL || path[3] == '\0' || path[3] == '/' || path[3] == ':')
    problem = "a base has no host";
  else if (sr_url_base(&twice, once.data) != NULL)
    problem = "a base is refused in its own spelling";
  else if (strcmp(once.data, twice.data) != 0)
    problem = "a base has two spellings";
  sr_buf_fini(&once);
  sr_buf_fini(&twice);
  return problem;
}

/* ---- templates ---- */

static size_t count_of(const char *text, char c) {
  size_t count = 0;
  for (; *text != '\0'; text++)
    count += *text == c;
  return count;
}

static const char *check_value(const struct fuzz_text *value) {
  static const char template[] = "/sites/{id}/keywords{?site,q}";
  struct sr_param params[] = {
      {"id", 2, value->data, value->len}, {"site", 4, "7", 1}, {"q", 1, value->data, value->len}};
  struct sr_buf out = {0};
  const char *at = NULL, *problem = NULL;
  size_t at_len = 0;
  enum sr_url_status status;
  if (sr_buf_puts(&out, "kept") != 0)
    return NULL;
  status = sr_url_expand(&out, template, params, 3, &at, &at_len);
  if (status == SR_URL_OK) {
    if (count_of(out.data, '/') != 3 || count_of(out.data, '?') != 1 ||
        count_of(out.data, '&') != 1 || count_of(out.data, '=') != 2 ||
        count_of(out.data, '#') != 0)
      problem = "a value is more than one segment";
  } else if (status == SR_URL_DOTS || status == SR_URL_EMPTY) {
    if (strcmp(out.data, "kept") != 0 || at == NULL || at_len != 2 || strncmp(at, "id", 2) != 0)
      problem = "a refused value is not named, or leaves text";
    else if (value->len > 2)
      problem = "a long value is refused";
  } else {
    problem = "a good template fails";
  }
  sr_buf_fini(&out);
  return problem;
}

static const char *check_template(const struct fuzz_text *template) {
  struct sr_param params[] = {{"id", 2, "1", 1}, {"site", 4, "7", 1}, {"q", 1, "x", 1}};
  struct sr_buf out = {0};
  const char *at = NULL, *problem = NULL;
  size_t at_len = 0;
  if (sr_url_expand(&out, template->data, params, 3, &at, &at_len) != SR_URL_OK)
    problem = out.len != 0 ? "a template that fails leaves text" : NULL;
  else if (out.len > 0 && strchr(out.data, '{') != NULL)
    problem = "a placeholder is left";
  sr_buf_fini(&out);
  return problem;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  struct fuzz_text text;
  unsigned what = fuzz_byte(&bytes);
  make_text(&text, &bytes);
  return what < 90 ? check_base(&text) : what < 180 ? check_value(&text) : check_template(&text);
}
