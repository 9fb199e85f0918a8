/* What went wrong.
** SPDX-License-Identifier: MIT */
#include "http/sr_error.h"

#include "base/sr_base.h"
#include "http/sr_body.h"
#include "base/sr_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* In the order of enum sr_kind. */
static const char *const kind_names[] = {
    "",        "auth",    "access", "invalid", "not_found", "rate_limit", "blocked",  "server",
    "timeout", "network", "tls",    "decode",  "too_large", "cancelled",  "protocol", "phase"};

const char *sr_kind_name(enum sr_kind kind) {
  return kind_names[kind];
}

size_t sr_utf8_valid(const char *text, size_t len) {
  size_t i = 0;
  while (i < len) {
    unsigned char c = (unsigned char)text[i];
    size_t more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
    size_t k;
    if (more == 9 || i + more >= len)
      return i;
    for (k = 1; k <= more; k++)
      if (((unsigned char)text[i + k] & 0xc0) != 0x80)
        return i;
    if (more >= 2) { /* overlong forms, surrogates, above U+10FFFF */
      unsigned char d = (unsigned char)text[i + 1];
      if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
          (c == 0xf4 && d > 0x8f))
        return i;
    }
    i += more + 1;
  }
  return len;
}

size_t sr_error_clean(char *out, size_t size, const char *text, size_t len) {
  static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
  size_t used = 0, i = 0;
  while (i < len) {
    unsigned char c = (unsigned char)text[i];
    size_t width = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    const char *piece = text + i;
    if (i + width > len || sr_utf8_valid(text + i, width) != width) {
      piece = replacement;
      if (used + 3 >= size)
        break;
      memcpy(out + used, piece, 3);
      used += 3;
      i++;
      continue;
    }
    if (used + width >= size)
      break;
    if (c < 0x20 || c == 0x7f ||
        (c == 0xc2 && (unsigned char)piece[1] <
                          0xa0)) { /* line breaks and tabs become one blank, the rest goes */
      if (used > 0 && out[used - 1] != ' ' && (c == '\n' || c == '\t' || c == '\r'))
        out[used++] = ' ';
    } else {
      memcpy(out + used, piece, width);
      used += width;
    }
    i += width;
  }
  while (used > 0 && out[used - 1] == ' ')
    used--;
  out[used] = '\0';
  return used;
}

void sr_error_set(struct sr_error *error, enum sr_kind kind, const char *code, const char *hint,
                  const char *format, ...) {
  char text[SR_MESSAGE_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  memset(error, 0, sizeof *error);
  error->kind = kind;
  error->code = code;
  error->hint = hint;
  sr_error_clean(error->message, sizeof error->message, text, strlen(text));
}

/* ---- the API's own messages ---- */

struct known {
  int status; /* 0: any */
  const char *message;
  enum sr_kind kind;
  const char *code;
  const char *hint;
};

#define HINT_KEY "check the key: v4 keys are 40 hexadecimal digits, v1 keys look like a UUID"
#define HINT_RATE                                                                                  \
  "other programs use this key too, or ran a moment ago: give each its part with the option rate"
#define HINT_PLAN "the account's plan does not include this call or its quota is used up"

/*
** The documented table first, then the messages of single endpoints. Source of the first 14: the
** API's "Getting started" page; of the others: the vendor's own clients.
*/
static const struct known known_messages[] = {
    {400, "Bad Request", SR_INVALID, "bad_request", NULL},
    {400, "Invalid keyword_id", SR_INVALID, "invalid_keyword_id", NULL},
    {400, "Invalid date", SR_INVALID, "invalid_date", "dates are written YYYY-MM-DD"},
    {400, "Invalid site_engine_id", SR_INVALID, "invalid_site_engine_id",
     "site_engine_id is the id inside the project, from sites.search_engines:list; not "
     "search_engine_id"},
    {400, "No ids in request", SR_INVALID, "no_ids", NULL},
    {403, "No token", SR_AUTH, "no_token", NULL}, /* the hint depends on whether a key was sent */
    {403, "Incorrect token", SR_AUTH, "incorrect_token", HINT_KEY},
    {403, "No access", SR_ACCESS, "no_access", NULL},
    {403, "Access denied", SR_ACCESS, "access_denied", NULL},
    {404, "Not Found", SR_NOT_FOUND, "not_found", NULL},
    {404, "Unknown search_engine_id", SR_NOT_FOUND, "unknown_search_engine_id",
     "search_engine_id comes from system:search_engines"},
    {404, "Unknown site_engine_id", SR_NOT_FOUND, "unknown_site_engine_id",
     "site_engine_id is the id inside the project, from sites.search_engines:list; not "
     "search_engine_id"},
    {429, "Too Many Requests", SR_RATE_LIMIT, "too_many_requests", HINT_RATE},
    {500, "Server error", SR_SERVER, "server_error", NULL},

    {401, "Unauthorized", SR_AUTH, "unauthorized", HINT_KEY},
    {403, "Subscription required", SR_ACCESS, "subscription_required", HINT_PLAN},
    {403, "Limit reached", SR_ACCESS, "limit_reached", HINT_PLAN},
    {403, "Insufficient funds", SR_ACCESS, "insufficient_funds",
     "the account's credits are used up"},
    {403, "Empty balance", SR_ACCESS, "empty_balance", "the account's balance is used up"},
    {403, "License expired", SR_ACCESS, "license_expired", "the account's plan has ended"},

    {400, "Incorrect website URL", SR_INVALID, "incorrect_website_url",
     "the site must be a real domain that resolves; reserved test domains are refused"},
    {400, "empty_field", SR_INVALID, "empty_field",
     "send `keyword` too when comment, target_url or site_engine_ids change"},
    {404, "Tag not found", SR_NOT_FOUND, "tag_not_found", NULL},
    {0, "Empty name", SR_INVALID, "empty_name", NULL}, /* 400 in new documents, 404 in old ones */
    {0, "Empty site_id", SR_INVALID, "empty_site_id", NULL},
    {404, "Group not found", SR_NOT_FOUND, "group_not_found", NULL},
    {400, "No keywords ids in request", SR_INVALID, "no_keywords_ids",
     "the parameter is keywords_ids, with two plurals"},
    {400, "Invalid site url", SR_INVALID, "invalid_site_url", NULL},
    {400, "Incorrect competitor id", SR_INVALID, "incorrect_competitor_id", NULL},
    {400, "Empty title", SR_INVALID, "empty_title", NULL},
    {400, "Empty text", SR_INVALID, "empty_text", NULL},
    {400, "site_ids: This value should be of type integer", SR_INVALID, "site_ids_not_integer",
     NULL},
    {400, "Invalid", SR_INVALID, "invalid", NULL},
    {400, "Invalid region id", SR_INVALID, "invalid_region_id", NULL},
    {400, "Backlinks are non exists", SR_INVALID, "backlinks_not_found",
     "recheck and move take the row's id, not backlink_id"},
    {400, "Invalid region name. Please use a valid canonical location name.", SR_INVALID,
     "invalid_region_name", "canonical names come from system:google_regions"},
};

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
  static const struct by_status redirect = {0, SR_PROTOCOL, "redirect", "redirect"};
  size_t i;
  for (i = 0; i < sizeof fallbacks / sizeof fallbacks[0]; i++)
    if (fallbacks[i].status == status)
      return &fallbacks[i];
  if (status >= 300 && status < 400)
    return &redirect;
  if (status >= 400 && status < 500)
    return &client;
  return status >= 500 && status < 600 ? &server : &odd;
}

static int is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Equal but for case, white space at the ends, and how much white space stands between words. */
static int same_message(const char *a, const char *b) {
  while (is_blank(*a))
    a++;
  for (;;) {
    int gap = is_blank(*a);
    while (is_blank(*a))
      a++;
    if (*a == '\0')
      return *b == '\0';
    if (gap && *b++ != ' ')
      return 0;
    if (sr_lower(*a++) != sr_lower(*b++))
      return 0;
  }
}

static const struct known *lookup(int status, const char *message) {
  size_t i;
  for (i = 0; i < sizeof known_messages / sizeof known_messages[0]; i++)
    if ((known_messages[i].status == status || known_messages[i].status == 0) &&
        same_message(message, known_messages[i].message))
      return &known_messages[i];
  return NULL;
}

/* Copies the beginning of a text to `out` as it may be shown. */
static void show(char *out, size_t size, const struct sr_answer *answer, const char *text,
                 size_t len) {
  char line[4 * SR_TEXT_SIZE];
  len = sr_error_clean(line, sizeof line, text, len);
  if (answer->hide != NULL)
    len = answer->hide(answer->hide_ctx, line, len);
  sr_error_clean(out, size, line, len);
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
      show(texts[found], SR_TEXT_SIZE, answer, raw, strlen(raw));
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

/* What stands in for the message when the body holds none. */
static void describe_body(char *out, size_t size, const struct sr_answer *answer,
                          const char *reason) {
  enum sr_look look = sr_body_look(answer->body, answer->body_len);
  out[0] = '\0';
  if (look == SR_LOOK_HTML || begins_with(answer->content_type, "text/html"))
    snprintf(out, size, "%s (the answer is an HTML page)", reason);
  else if (look == SR_LOOK_BINARY)
    snprintf(out, size, "%s (the answer is binary data)", reason);
  else if (look == SR_LOOK_TEXT)
    show(out, size, answer, answer->body, answer->body_len);
  if (out[0] == '\0')
    snprintf(out, size, "%s", reason);
}

static const char *token_hint(const struct sr_answer *answer) {
  if (!answer->key_sent)
    return "no key was sent: set the option `token` or SERANKING_TOKEN";
  if (answer->v1)
    return HINT_KEY;
  return "a key was sent; this host may be retired for it: make a key for the new API and use api "
         "= \"v1\"";
}

/* 3xx: where to, as far as that is known. 304 and 300 point nowhere. */
static void redirected(struct sr_error *error, const struct sr_answer *answer) {
  char where[SR_TEXT_SIZE];
  sr_error_clean(where, sizeof where, answer->location, strlen(answer->location));
  if (where[0] != '\0')
    sr_error_set(error, SR_PROTOCOL, "redirect",
                 "check base_url: redirects are not followed, so that the key stays here",
                 "the server answered %d and points to %s", answer->status, where);
  else
    sr_error_set(error, SR_PROTOCOL,
                 answer->status == 304 || answer->status == 300 ? "unexpected_status" : "redirect",
                 "check base_url: a cache or a proxy may have answered instead of the API",
                 "the server answered %d without data or another address", answer->status);
  error->status = answer->status;
}

void sr_error_from_http(struct sr_error *error, const struct sr_answer *answer) {
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  char message[SR_TEXT_SIZE];
  const struct by_status *fallback = fallback_of(answer->status);
  const struct known *known = NULL;
  int i, found = sr_error_texts(answer, texts);
  if (strcmp(fallback->code, "redirect") == 0) {
    redirected(error, answer);
    return;
  }
  for (i = 0; i < found && known == NULL; i++)
    known = lookup(answer->status, texts[i]);
  if (found == 0) {
    describe_body(message, sizeof message, answer, fallback->reason);
    known = lookup(answer->status, message);
  } else if (found > 1 && strcmp(texts[0], texts[1]) != 0) {
    snprintf(message, sizeof message, "%.*s: %.*s", (int)sizeof message / 2 - 2, texts[0],
             (int)sizeof message / 2 - 2, texts[1]);
  } else {
    memcpy(message, texts[0], sizeof message);
  }
  if (known != NULL)
    sr_error_set(error, known->kind, known->code, known->hint, "%s", message);
  else
    sr_error_set(error, fallback->kind, fallback->code, fallback->kind == SR_AUTH ? HINT_KEY : NULL,
                 "%s", message);
  if (strcmp(error->code, "no_token") == 0 || (error->kind == SR_AUTH && !answer->key_sent))
    error->hint = token_hint(answer);
  error->status = answer->status;
}
