/* The error of an answer that is not a success.
** SPDX-License-Identifier: MIT */
#include "http/sr_error.h"

#include "base/sr_base.h"
#include "base/sr_json.h"
#include "http/sr_body.h"
#include "http/sr_config.h"

#include <stdio.h>
#include <string.h>

/* ---- what the status says ---- */

struct by_status {
  int status;
  enum sr_kind kind;
  const char *code;
  const char *reason; /* the message when the server gave none */
};

static const struct by_status fallbacks[] = {
    {400, SR_INVALID, "bad_request", "Bad Request"},
    {401, SR_AUTH, "unauthorized", "Unauthorized"},
    {402, SR_ACCESS, "payment_required", "Payment Required"},
    {403, SR_ACCESS, "forbidden", "Forbidden"},
    {404, SR_NOT_FOUND, "not_found", "Not Found"},
    {405, SR_INVALID, "method_not_allowed", "Method Not Allowed"},
    {408, SR_TIMEOUT, "request_timeout", "Request Timeout"},
    {409, SR_INVALID, "conflict", "Conflict"},
    {413, SR_INVALID, "request_too_large", "Payload Too Large"},
    {414, SR_INVALID, "request_too_large", "URI Too Long"},
    {415, SR_INVALID, "unsupported_media_type", "Unsupported Media Type"},
    {422, SR_INVALID, "unprocessable", "Unprocessable Entity"},
    {429, SR_RATE_LIMIT, "too_many_requests", "Too Many Requests"},
    {500, SR_SERVER, "server_error", "Server error"},
    {502, SR_SERVER, "bad_gateway", "Bad Gateway"},
    {503, SR_SERVER, "unavailable", "Service Unavailable"},
    {504, SR_SERVER, "gateway_timeout", "Gateway Timeout"},
};

static const struct by_status *fallback_of(int status) {
  static const struct by_status client = {0, SR_INVALID, "http_error",
                                          "the server refused the request"};
  static const struct by_status server = {0, SR_SERVER, "server_error", "the server failed"};
  static const struct by_status odd = {0, SR_PROTOCOL, "unexpected_status",
                                       "unexpected HTTP status"};
  size_t i;
  for (i = 0; i < sizeof fallbacks / sizeof fallbacks[0]; i++)
    if (fallbacks[i].status == status)
      return &fallbacks[i];
  if (status >= 400 && status < 500)
    return &client;
  return status >= 500 && status < 600 ? &server : &odd;
}

/* ---- what the body says ---- */

/* Equal but for case, white space at the ends, and how much white space stands between words. */
static int same_message(const char *a, const char *b) {
  while (sr_is_blank(*a))
    a++;
  for (;;) {
    int gap = sr_is_blank(*a);
    while (sr_is_blank(*a))
      a++;
    if (*a == '\0')
      return *b == '\0';
    if (gap && *b++ != ' ')
      return 0;
    if (sr_lower(*a++) != sr_lower(*b++))
      return 0;
  }
}

/* Refusals that say more of the key than their status: whether it is wrong, which may block it. */
static const struct by_text {
  int status;
  const char *text;
  enum sr_kind kind;
  const char *code;
} key_texts[] = {{403, "No token", SR_AUTH, "no_token"},
                 {403, "Incorrect token", SR_AUTH, "incorrect_token"},
                 /* the account lacks the product, and the key may be good for everything else */
                 {401, "Unauthenticated.", SR_ACCESS, "product_not_enabled"}};

/* NULL: the text is not about the key. */
static const struct by_text *about_key(int status, const char *text) {
  size_t i;
  for (i = 0; i < sizeof key_texts / sizeof key_texts[0]; i++)
    if (key_texts[i].status == status && same_message(text, key_texts[i].text))
      return &key_texts[i];
  return NULL;
}

int sr_error_texts(const struct sr_answer *answer, char texts[SR_TEXTS][SR_TEXT_SIZE]) {
  static const struct {
    const char *outer, *inner;
  } places[SR_TEXTS] = {{"error", "message"}, {"error", "description"}, {"error_description", NULL},
                        {"error", NULL},      {"message", NULL},        {"detail", NULL}};
  char raw[4 * SR_TEXT_SIZE];
  int i, found = 0;
  for (i = 0; i < SR_TEXTS; i++)
    if (sr_json_string(answer->body, answer->body_len, places[i].outer, places[i].inner, raw,
                       sizeof raw)) {
      sr_config_show(answer->config, texts[found], SR_TEXT_SIZE, raw, strlen(raw));
      found += texts[found][0] != '\0';
    }
  return found;
}

static int begins_with(const char *text, const char *prefix) {
  for (; *prefix != '\0'; text++, prefix++)
    if (sr_lower(*text) != *prefix)
      return 0;
  return 1;
}

/* The message of an answer whose body has none in the usual places. */
static void describe_body(char *out, size_t size, const struct sr_answer *answer,
                          const char *reason) {
  enum sr_look look = sr_body_look(answer->body, answer->body_len);
  out[0] = '\0';
  if (look == SR_LOOK_HTML || begins_with(answer->content_type, "text/html"))
    snprintf(out, size, "%s (the answer is an HTML page)", reason);
  else if (look == SR_LOOK_BINARY)
    snprintf(out, size, "%s (the answer is binary data)", reason);
  else if (look == SR_LOOK_TEXT)
    sr_config_show(answer->config, out, size, answer->body, answer->body_len);
  if (out[0] == '\0')
    snprintf(out, size, "%s", reason);
}

/* 3xx. 304 and 300 point nowhere. */
static void redirected(struct sr_error *error, const struct sr_answer *answer) {
  char where[SR_TEXT_SIZE];
  sr_error_clean(where, sizeof where, answer->location, strlen(answer->location));
  if (where[0] != '\0')
    sr_error_set(error, SR_PROTOCOL, "redirect", NULL, "the server answered %d and points to %s",
                 answer->status, where);
  else
    sr_error_set(error, SR_PROTOCOL,
                 answer->status == 304 || answer->status == 300 ? "unexpected_status" : "redirect",
                 NULL, "the server answered %d without data or another address", answer->status);
}

void sr_error_from_http(struct sr_error *error, const struct sr_answer *answer) {
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  char message[SR_TEXT_SIZE];
  const struct by_status *fallback = fallback_of(answer->status);
  const struct by_text *key = NULL;
  int i, found = sr_error_texts(answer, texts);
  for (i = 0; i < found && key == NULL; i++)
    key = about_key(answer->status, texts[i]);
  if (found == 0) {
    describe_body(message, sizeof message, answer, fallback->reason);
    key = about_key(answer->status, message);
  } else if (found > 1 && strcmp(texts[0], texts[1]) != 0) {
    snprintf(message, sizeof message, "%.*s: %.*s", (int)sizeof message / 2 - 2, texts[0],
             (int)sizeof message / 2 - 2, texts[1]);
  } else {
    memcpy(message, texts[0], sizeof message);
  }
  if (answer->status >= 300 && answer->status < 400)
    redirected(error, answer);
  else if (key != NULL)
    sr_error_set(error, key->kind, key->code, NULL, "%s", message);
  else
    sr_error_set(error, fallback->kind, fallback->code, NULL, "%s", message);
  error->status = answer->status;
}
