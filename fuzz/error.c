/* Fuzz target: whatever an API or a proxy answers, its error is a kind, a code and one line of UTF-8.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "http/sr_config.h"
#include "http/sr_error.h"

static int is_line(const char *text) {
  size_t i, len = strlen(text);
  for (i = 0; i < len; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
      return 0;
  return sr_utf8_valid(text, len) == len;
}

static void make_body(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const words[] = {
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      "\"",
      "\"message\"",
      "\\",
      "\"error\"",
      "\"code\"",
      "\\u",
      "\\ud83d",
      "\\u0000",
      "\\\"",
      "\"detail\"",
      "null",
      "true",
      "-1e9",
      "\"text\"",
      " ",
      "\n",
      "\xc3",
      "\"description\"",
      "<html",
      "</title>",
      "\xef\xbb\xbf",
      "\xff",
      "d83d",
      "\xe2\x80",
      "License expired",
      "\"error_description\"",
  };
  fuzz_words(text, bytes, words, sizeof words / sizeof words[0]);
}

static const char *check_error(const struct sr_error *error) {
  if (error->kind <= SR_NO_ERROR || error->kind > SR_PHASE || sr_kind_name(error->kind) == NULL)
    return "an error has no kind";
  if (error->code == NULL || error->code[0] == '\0')
    return "an error has no code";
  if (!is_line(error->message))
    return "a message is not one line of UTF-8";
  return NULL;
}

static const char *check_answer(const struct fuzz_text *body, unsigned how, unsigned cut) {
  static const int statuses[] = {100, 301, 304, 400, 401, 402, 403, 404, 407,
                                 413, 422, 429, 451, 500, 503, 599, 999, 0};
  static const char *const types[] = {"", "application/json", "text/html",
                                      "text/plain; charset=utf-8", "\xff/\x01"};
  static struct sr_config config; /* without a key */
  static const struct sr_answer none;
  struct sr_answer answer = none;
  struct sr_error error;
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  int count, i;
  answer.status = statuses[how % 18];
  answer.config = &config;
  answer.content_type = types[how / 18 % 5];
  answer.location = how >= 128 ? body->data : "";
  answer.body = body->data;
  answer.body_len = body->len - (cut < body->len ? cut : 0);
  sr_error_from_http(&error, &answer);
  count = sr_error_texts(&answer, texts);
  if (count < 0 || count > SR_TEXTS)
    return "there are too many texts";
  for (i = 0; i < count; i++)
    if (strlen(texts[i]) >= SR_TEXT_SIZE || !is_line(texts[i]))
      return "a text is not one line of UTF-8";
  return check_error(&error);
}

static const char *check_curl(const struct fuzz_text *detail, unsigned code) {
  struct sr_error error;
  sr_error_from_curl(&error, 1 + (int)code % 100, code >= 128, detail->data);
  return check_error(&error);
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  struct fuzz_text text;
  unsigned what = fuzz_byte(&bytes), how = fuzz_byte(&bytes), cut = fuzz_byte(&bytes);
  make_body(&text, &bytes);
  return what < 50 ? check_curl(&text, how) : check_answer(&text, how, cut);
}
