/* Errors: the API's table of statuses and messages, bodies of every shape, libcurl's codes.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "http/sr_config.h"
#include "http/sr_error.h"

#include <curl/curl.h>

/* ---- the API's messages ---- */

/* Bodies that contain a message, %s. */
static const char *const shapes[] = {
    "{\"message\": \"%s\"}",
    "{\"error\": {\"code\": 1, \"message\": \"%s\"}}",
    "{\"error\": {\"code\": 1, \"description\": \"%s\"}}",
    "{\"error_description\": \"%s\"}",
    "{\"error\": \"%s\"}",
};

/* A client without a key: nothing is masked. */
static struct sr_config *nothing_to_hide;

static int set_up(void **state) {
  struct sr_settings settings = {0};
  struct sr_error error;
  (void)state;
  settings.base_url = "https://api.example";
  nothing_to_hide = sr_config_new(&settings, &error);
  return nothing_to_hide == NULL;
}

static int tear_down(void **state) {
  (void)state;
  sr_config_unref(nothing_to_hide);
  return 0;
}

static struct sr_answer answer_of(int status, const char *body, size_t len) {
  struct sr_answer answer;
  memset(&answer, 0, sizeof answer);
  answer.status = status;
  answer.config = nothing_to_hide;
  answer.content_type = "application/json";
  answer.location = "";
  answer.body = body;
  answer.body_len = len;
  return answer;
}

/* Maps an answer whose body has no NUL after it, and checks the invariants of every error. */
static void map(struct sr_error *error, struct sr_answer answer) {
  char *body = exact_copy(answer.body, answer.body_len);
  answer.body = body;
  memset(error, 0x5a, sizeof *error);
  sr_error_from_http(error, &answer);
  free(body);
  CHECK(memchr(error->message, 0, sizeof error->message) != NULL, "the message has no end");
  CHECK(is_clean_line(error->message, strlen(error->message)), "not a clean line: %s",
        error->message);
  CHECK(error->message[0] != '\0', "status %d: no message", answer.status);
  CHECK(error->kind != SR_NO_ERROR, "status %d: no kind", answer.status);
  CHECK(error->code != NULL && error->code[0] != '\0', "status %d: no code", answer.status);
  assert_int_equal(error->status, answer.status);
}

static struct sr_error map_text(int status, const char *body) {
  struct sr_error error;
  map(&error, answer_of(status, body, strlen(body)));
  return error;
}

static void expect_error(const struct sr_error *error, enum sr_kind kind, const char *code,
                         const char *what) {
  CHECK(error->kind == kind && strcmp(error->code, code) == 0, "%s: %s/%s, not %s/%s", what,
        sr_kind_name(error->kind), error->code, sr_kind_name(kind), code);
}

/* ---- the key ---- */

static void a_403_about_the_key_has_kind_auth_in_every_shape(void **state) {
  static const char *const messages[][2] = {{"No token", "no_token"},
                                            {"Incorrect token", "incorrect_token"},
                                            {" incorrect\\n  TOKEN ", "incorrect_token"}};
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(messages); i++)
    for (k = 0; k < COUNT(shapes); k++) {
      char body[256];
      struct sr_error error;
      snprintf(body, sizeof body, shapes[k], messages[i][0]);
      error = map_text(403, body);
      expect_error(&error, SR_AUTH, messages[i][1], body);
    }
}

static void a_401_about_the_product_has_kind_access_in_every_shape(void **state) {
  static const char *const others[] = {"Unauthenticated", "Unauthorized",
                                       "Unauthenticated. Go away"};
  struct sr_error error;
  size_t k;
  (void)state;
  for (k = 0; k < COUNT(shapes); k++) {
    char body[256];
    snprintf(body, sizeof body, shapes[k], "Unauthenticated.");
    error = map_text(401, body);
    expect_error(&error, SR_ACCESS, "product_not_enabled", body);
    error = map_text(403, body);
    expect_error(&error, SR_ACCESS, "forbidden", body);
  }
  for (k = 0; k < COUNT(others); k++) {
    char body[256];
    snprintf(body, sizeof body, shapes[0], others[k]);
    error = map_text(401, body);
    expect_error(&error, SR_AUTH, "unauthorized", body);
  }
}

static void messages_about_the_key_count_only_with_403(void **state) {
  struct sr_error error;
  (void)state;
  error = map_text(500, "{\"message\":\"No token\"}");
  expect_error(&error, SR_SERVER, "server_error", "500 No token");
  error = map_text(404, "{\"message\":\"Incorrect token\"}");
  expect_error(&error, SR_NOT_FOUND, "not_found", "404 Incorrect token");
}

static void a_message_with_joined_or_additional_words_is_not_recognized(void **state) {
  static const char *const list[] = {"Notoken", "No token given", "No tokens",
                                     "No toke", "Not token",      "o token"};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(list); i++) {
    char body[100];
    struct sr_error error;
    snprintf(body, sizeof body, "{\"message\":\"%s\"}", list[i]);
    error = map_text(403, body);
    expect_error(&error, SR_ACCESS, "forbidden", list[i]);
    assert_string_equal(error.message, list[i]);
  }
}

/* ---- the status ---- */

static const struct {
  int status;
  const char *message;
  enum sr_kind kind;
  const char *code;
} unknown[] = {
    {400, "Zzz", SR_INVALID, "bad_request"}, {401, "Zzz", SR_AUTH, "unauthorized"},
    {403, "Zzz", SR_ACCESS, "forbidden"},    {404, "Zzz", SR_NOT_FOUND, "not_found"},
    {408, "Zzz", SR_TIMEOUT, NULL},          {418, "Zzz", SR_INVALID, NULL},
    {422, "Zzz", SR_INVALID, NULL},          {429, "Zzz", SR_RATE_LIMIT, "too_many_requests"},
    {500, "Zzz", SR_SERVER, "server_error"}, {502, "Zzz", SR_SERVER, NULL},
    {503, "Zzz", SR_SERVER, NULL},           {504, "Zzz", SR_SERVER, NULL},
    {599, "Zzz", SR_SERVER, NULL},           {600, "Zzz", SR_PROTOCOL, NULL},
    {100, "Zzz", SR_PROTOCOL, NULL},         {999, "Zzz", SR_PROTOCOL, NULL},
};

static void unknown_messages_get_the_code_of_their_status_and_keep_the_text(void **state) {
  size_t i, k;
  (void)state;
  for (i = 0; i < COUNT(unknown); i++)
    for (k = 0; k < COUNT(shapes); k++) {
      char body[256];
      struct sr_error error;
      snprintf(body, sizeof body, shapes[k], "Zzz: caf\xc3\xa9 closed");
      error = map_text(unknown[i].status, body);
      CHECK(error.kind == unknown[i].kind, "%d: kind %s", unknown[i].status,
            sr_kind_name(error.kind));
      if (unknown[i].code != NULL)
        assert_string_equal(error.code, unknown[i].code);
      assert_string_equal(error.message, "Zzz: caf\xc3\xa9 closed");
    }
}

static void message_and_description_are_both_reported(void **state) {
  struct sr_error error;
  (void)state;
  error = map_text(403, "{\"error\":{\"code\":403,\"message\":\"Forbidden\",\"description\":"
                        "\"Incorrect token\"}}");
  expect_error(&error, SR_AUTH, "incorrect_token", "description");
  assert_string_equal(error.message, "Forbidden: Incorrect token");
}

static void the_first_known_place_of_a_message_wins(void **state) {
  static const char body[] = "{\"message\":\"5\",\"error_description\":\"3\",\"error\":{"
                             "\"description\":\"2\",\"message\":\"1\"}}";
  static const char flat[] = "{\"message\":\"5\",\"error\":\"4\",\"error_description\":\"3\"}";
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  struct sr_answer answer;
  (void)state;
  answer = answer_of(400, body, sizeof body - 1);
  assert_int_equal(sr_error_texts(&answer, texts), 4);
  assert_string_equal(texts[0], "1");
  assert_string_equal(texts[1], "2");
  assert_string_equal(texts[2], "3");
  assert_string_equal(texts[3], "5");
  answer = answer_of(400, flat, sizeof flat - 1);
  assert_int_equal(sr_error_texts(&answer, texts), 3);
  assert_string_equal(texts[0], "3");
  assert_string_equal(texts[1], "4");
  assert_string_equal(texts[2], "5");
}

static void empty_texts_and_other_types_are_no_message(void **state) {
  static const char *const list[] = {"{\"message\":\"\"}",
                                     "{\"message\":\"  \"}",
                                     "{\"message\":null}",
                                     "{\"message\":7}",
                                     "{\"message\":[\"x\"]}",
                                     "{\"message\":{\"x\":\"y\"}}",
                                     "{\"error\":{}}",
                                     "{\"error\":[]}",
                                     "{\"x\":{\"message\":\"No token\"}}",
                                     "[{\"message\":\"No token\"}]",
                                     "{\"messages\":\"No token\"}",
                                     "{\"messag\":\"No token\"}"};
  char texts[SR_TEXTS][SR_TEXT_SIZE];
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(list); i++) {
    struct sr_error error = map_text(403, list[i]);
    struct sr_answer answer = answer_of(403, list[i], strlen(list[i]));
    CHECK(sr_error_texts(&answer, texts) == 0, "%s: \"%s\"", list[i], texts[0]);
    expect_error(&error, SR_ACCESS, "forbidden", list[i]);
  }
}

/* ---- unexpected bodies ---- */

static void html_pages_give_an_error_of_their_status_without_their_text(void **state) {
  static const char page[] =
      "\r\n <!DOCTYPE html><html><body><h1>504 Gateway Time-out</h1></body></html>";
  struct sr_answer answer = answer_of(504, page, sizeof page - 1);
  struct sr_error error;
  (void)state;
  map(&error, answer);
  assert_int_equal(error.kind, SR_SERVER);
  assert_null(strchr(error.message, '<'));
  answer.content_type = "text/html; charset=utf-8";
  map(&error, answer);
  assert_null(strchr(error.message, '<'));
  answer.content_type = "Text/HTML";
  answer.body = "Sorry";
  answer.body_len = 5;
  answer.status = 403;
  map(&error, answer);
  expect_error(&error, SR_ACCESS, "forbidden", "HTML");
}

static void empty_bodies_get_the_standard_text_of_their_status(void **state) {
  static const char *const bodies[] = {"", " \r\n", "{}", "[]", "{", "["};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bodies); i++) {
    struct sr_error error = map_text(404, bodies[i]);
    expect_error(&error, SR_NOT_FOUND, "not_found", bodies[i]);
    assert_string_equal(error.message, "Not Found");
    error = map_text(403, bodies[i]);
    expect_error(&error, SR_ACCESS, "forbidden", bodies[i]);
    error = map_text(503, bodies[i]);
    assert_int_equal(error.kind, SR_SERVER);
  }
}

static void plain_text_is_the_message(void **state) {
  struct sr_error error = map_text(502, "upstream\r\nfailed\n");
  (void)state;
  assert_int_equal(error.kind, SR_SERVER);
  assert_string_equal(error.message, "upstream failed");
}

static void a_null_body_is_no_message(void **state) {
  (void)state;
  assert_string_equal(map_text(400, "").message, map_text(400, " null\n").message);
  assert_string_equal(map_text(400, "nullable").message, "nullable");
}

/* The raw text is the last place searched for a message. */
static void a_known_message_in_plain_text_has_its_code(void **state) {
  struct sr_error error = map_text(403, "Incorrect token\n");
  (void)state;
  expect_error(&error, SR_AUTH, "incorrect_token", "plain text");
}

static void a_body_cut_anywhere_gives_an_error_of_its_status(void **state) {
  static const char body[] = "{\"a\":[1,{\"b\":\"\\\"}\"}],\"error\":{\"code\":403,\"message\":"
                             "\"No t\\u00f6ken \\ud83d\\ude00\","
                             "\"description\":\"x\"}}";
  size_t len;
  (void)state;
  for (len = 0; len < sizeof body; len++) {
    struct sr_error error;
    map(&error, answer_of(403, body, len));
    expect_error(&error, SR_ACCESS, "forbidden", "cut");
  }
}

static void a_truncated_message_is_shown(void **state) {
  struct sr_error error = map_text(400, "{\"message\":\"The date is wro");
  (void)state;
  assert_string_equal(error.message, "The date is wro");
}

static void invalid_utf8_becomes_replacement_characters(void **state) {
  struct sr_error error = map_text(400, "{\"message\":\"a\xff"
                                        "b\xc3\"}");
  (void)state;
  assert_string_equal(error.message, "a\xef\xbf\xbd"
                                     "b\xef\xbf\xbd");
  error = map_text(400, "\xe9t\xe9 plain");
  assert_string_equal(error.message, "\xef\xbf\xbdt\xef\xbf\xbd plain");
}

static void nul_bytes_do_no_harm(void **state) {
  static const char inside[] = "{\"message\":\"No\0thing\"}", before[] = "\0\0{\"message\":\"x\"}",
                    only[] = "\0\0\0";
  struct sr_error error;
  (void)state;
  map(&error, answer_of(403, inside, sizeof inside - 1));
  expect_error(&error, SR_ACCESS, "forbidden", "NUL inside");
  map(&error, answer_of(404, before, sizeof before - 1));
  expect_error(&error, SR_NOT_FOUND, "not_found", "NUL before");
  map(&error, answer_of(500, only, sizeof only - 1));
  expect_error(&error, SR_SERVER, "server_error", "NULs");
}

static void large_bodies_are_cut_to_a_message(void **state) {
  enum { SIZE = 100 * 1024 };
  char *body = malloc(SIZE + 1);
  struct sr_error error;
  (void)state;
  assert_non_null(body);
  memset(body, 'x', SIZE);
  map(&error, answer_of(500, body, SIZE));
  expect_error(&error, SR_SERVER, "server_error", "plain");
  assert_true(strlen(error.message) < SR_MESSAGE_SIZE);
  assert_true(strlen(error.message) >= 200);
  memcpy(body, "{\"message\":\"", 12);
  map(&error, answer_of(500, body, SIZE));
  assert_true(strlen(error.message) >= 200);
  memset(body, ' ', SIZE);
  memcpy(body + SIZE - 22, "{\"message\":\"No token\"}", 22);
  map(&error, answer_of(403, body, SIZE));
  expect_error(&error, SR_AUTH, "no_token", "after much white space");
  free(body);
}

/* Characters of 2, 3 and 4 bytes across the place where the message is cut. */
static void messages_cut_inside_a_character_stay_valid(void **state) {
  static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  size_t k, shift;
  (void)state;
  for (k = 0; k < 3; k++)
    for (shift = 0; shift < 8; shift++) {
      char body[4000] = "{\"error\":{\"message\":\"";
      struct sr_error error;
      int i;
      strcat(body, &"xxxxxxxx"[8 - shift]);
      for (i = 0; i < 300; i++)
        strcat(body, characters[k]);
      strcat(body, "\",\"description\":\"");
      for (i = 0; i < 300; i++)
        strcat(body, characters[k]);
      strcat(body, "\"}}");
      map(&error, answer_of(400, body, strlen(body)));
      sr_error_set(&error, SR_INVALID, "x", NULL, "%s", body);
      assert_true(is_clean_line(error.message, strlen(error.message)));
    }
}

static void deep_nesting_is_skipped(void **state) {
  enum { DEPTH = 50000 };
  char *body = malloc(2 * DEPTH + 100);
  struct sr_error error;
  int i;
  (void)state;
  assert_non_null(body);
  strcpy(body, "{\"data\":");
  for (i = 0; i < DEPTH; i++)
    body[8 + i] = i % 2 == 0 ? '[' : '{';
  for (i = 0; i < DEPTH; i++)
    body[8 + DEPTH + i] = i % 2 == 0 ? '}' : ']';
  strcpy(body + 8 + 2 * DEPTH, ",\"message\":\"No token\"}");
  map(&error, answer_of(403, body, strlen(body)));
  expect_error(&error, SR_AUTH, "no_token", "after deep nesting");
  map(&error, answer_of(403, body, 8 + DEPTH)); /* never closed */
  expect_error(&error, SR_ACCESS, "forbidden", "inside deep nesting");
  free(body);
}

/* Random bytes, and random pieces of JSON. */
static void random_bodies_give_an_error_with_kind_and_code(void **state) {
  static const char *const pieces[] = {"{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       ",",
                                       "\"",
                                       "\\",
                                       "\\u",
                                       "d83d",
                                       "null",
                                       "\"message\"",
                                       "\"error\"",
                                       "\"description\"",
                                       " ",
                                       "\"No token\"",
                                       "\xff",
                                       "\xe2\x82",
                                       "\n",
                                       "\"error\":{",
                                       "\"message\":\"",
                                       "1e9",
                                       "\\ude00"};
  struct chance chance = {20261124};
  int round;
  (void)state;
  for (round = 0; round < 20000; round++) {
    char body[400];
    size_t len = 0;
    struct sr_error error;
    int i, n = (int)chance_between(&chance, 0, 25);
    for (i = 0; i < n; i++)
      if (round % 4 == 0) {
        body[len++] = (char)chance_between(&chance, 0, 255);
      } else {
        const char *piece = pieces[chance_between(&chance, 0, COUNT(pieces) - 1)];
        memcpy(body + len, piece, strlen(piece));
        len += strlen(piece);
      }
    map(&error, answer_of((int)chance_between(&chance, 300, 599), body, len));
  }
}

/* ---- cleaning ---- */

static const struct {
  const char *text, *cleaned;
} cleanings[] = {
    {"", ""},
    {"plain", "plain"},
    {"a\r\nb", "a b"},
    {"a\tb", "a b"},
    {"\n\na", "a"},
    {"a  \n ", "a"},
    {"\x1b[31mred\x7f", "[31mred"},
    {"caf\xc3\xa9", "caf\xc3\xa9"},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
    {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* a surrogate */
    {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* above U+10FFFF */
    {"\xf5x", "\xef\xbf\xbdx"},
    {"\x80", "\xef\xbf\xbd"},
    {"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
};

static void cleaning_leaves_one_line_of_valid_utf8(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cleanings); i++) {
    char out[64];
    sr_error_clean(out, sizeof out, cleanings[i].text, strlen(cleanings[i].text));
    assert_string_equal(out, cleanings[i].cleaned);
  }
}

/* U+0080 to U+009F are control characters too: U+009B begins an escape sequence in some terminals.
 */
static void cleaning_removes_control_characters_beyond_ascii(void **state) {
  char out[64];
  (void)state;
  sr_error_clean(out, sizeof out,
                 "a\xc2\x9b"
                 "31mb\xc2\x80"
                 "c",
                 9);
  assert_null(strstr(out, "\xc2\x9b"));
  assert_null(strstr(out, "\xc2\x80"));
}

static void cleaning_never_writes_past_the_size(void **state) {
  static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\nz";
  size_t size;
  (void)state;
  for (size = 1; size < 32; size++) {
    char *out = malloc(size);
    assert_non_null(out);
    sr_error_clean(out, size, text, sizeof text - 1);
    assert_true(strlen(out) < size);
    assert_true(is_clean_line(out, strlen(out)));
    free(out);
  }
}

static void the_valid_part_of_utf8_ends_at_the_first_invalid_byte(void **state) {
  static const struct {
    const char *text;
    size_t valid;
  } list[] = {{"", 0},
              {"abc", 3},
              {"a\xc3\xa9", 3},
              {"a\xc3", 1},
              {"ab\xffz", 2},
              {"\xc1\xbf", 0},
              {"\xe0\x9f\xbf", 0},
              {"\xe0\xa0\x80", 3},
              {"\xed\x9f\xbf", 3},
              {"\xed\xa0\x80", 0},
              {"\xf0\x8f\xbf\xbf", 0},
              {"\xf0\x90\x80\x80", 4},
              {"\xf4\x8f\xbf\xbf", 4},
              {"\xf4\x90\x80\x80", 0},
              {"\xf0\x90\x80", 0}};
  struct chance chance = {99};
  size_t i;
  int round;
  (void)state;
  for (i = 0; i < COUNT(list); i++)
    CHECK(sr_utf8_valid(list[i].text, strlen(list[i].text)) == list[i].valid, "row %zu", i);
  for (round = 0; round < 20000; round++) {
    char text[26];
    size_t ascii = (size_t)chance_between(&chance, 0, 20), valid, k;
    size_t len = ascii + (size_t)chance_between(&chance, 1, 6);
    memset(text, 'a', ascii);
    for (k = ascii; k < len; k++)
      text[k] = (char)(chance_between(&chance, 0, 3) == 0 ? chance_between(&chance, 0, 255)
                                                          : chance_between(&chance, 0x80, 0xf5));
    valid = sr_utf8_valid(text, len);
    assert_true(valid >= ascii && is_utf8(text, valid));
    for (k = valid + 1; k <= len; k++)
      assert_false(is_utf8(text + valid, k - valid) && k - valid <= 4);
  }
}

/* ---- redirects and hints ---- */

static void a_redirect_is_an_error_that_names_its_target(void **state) {
  static const int statuses[] = {301, 302, 303, 307, 308};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(statuses); i++) {
    struct sr_answer answer = answer_of(statuses[i], "{\"message\":\"No token\"}", 22);
    struct sr_error error;
    answer.location = "https://elsewhere.example/\x1b[2J\xff";
    map(&error, answer);
    expect_error(&error, SR_PROTOCOL, "redirect", "redirect");
    assert_non_null(strstr(error.message, "https://elsewhere.example/"));
    answer.location = "";
    map(&error, answer);
    expect_error(&error, SR_PROTOCOL, "redirect", "redirect without a location");
  }
}

static void set_formats_cleans_and_cuts(void **state) {
  struct sr_error error;
  char longer[2000];
  (void)state;
  memset(&error, 0x5a, sizeof error);
  sr_error_set(&error, SR_NETWORK, "dns", "a hint", "no\n%s %d", "host", 7);
  assert_int_equal(error.kind, SR_NETWORK);
  assert_string_equal(error.code, "dns");
  assert_string_equal(error.hint, "a hint");
  assert_string_equal(error.message, "no host 7");
  assert_int_equal(error.status, 0);
  memset(longer, 'y', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  sr_error_set(&error, SR_NETWORK, "dns", NULL, "%s", longer);
  assert_int_equal(strlen(error.message), SR_MESSAGE_SIZE - 1);
}

static void kinds_have_their_names(void **state) {
  static const struct {
    enum sr_kind kind;
    const char *name;
  } names[] = {{SR_AUTH, "auth"},
               {SR_ACCESS, "access"},
               {SR_INVALID, "invalid"},
               {SR_NOT_FOUND, "not_found"},
               {SR_RATE_LIMIT, "rate_limit"},
               {SR_BLOCKED, "blocked"},
               {SR_SERVER, "server"},
               {SR_TIMEOUT, "timeout"},
               {SR_NETWORK, "network"},
               {SR_TLS, "tls"},
               {SR_DECODE, "decode"},
               {SR_TOO_LARGE, "too_large"},
               {SR_CANCELLED, "cancelled"},
               {SR_PROTOCOL, "protocol"},
               {SR_PHASE, "phase"},
               {SR_FILE, "file"}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(names); i++)
    assert_string_equal(sr_kind_name(names[i].kind), names[i].name);
}

/* ---- libcurl ---- */

static const struct {
  int code, connected;
  enum sr_kind kind;
  const char *word; /* NULL: any */
} curl_codes[] = {
    {CURLE_OPERATION_TIMEDOUT, 1, SR_TIMEOUT, "no_answer"},
    {CURLE_OPERATION_TIMEDOUT, 0, SR_TIMEOUT, "no_connection"},
    {CURLE_COULDNT_RESOLVE_HOST, 0, SR_NETWORK, "dns"},
    {CURLE_COULDNT_RESOLVE_PROXY, 0, SR_NETWORK, "dns"},
    {CURLE_COULDNT_CONNECT, 0, SR_NETWORK, "connect"},
    {CURLE_PEER_FAILED_VERIFICATION, 0, SR_TLS, "certificate"},
    {CURLE_SSL_CACERT_BADFILE, 0, SR_TLS, "ca_file"},
    {CURLE_SSL_CONNECT_ERROR, 0, SR_TLS, "handshake"},
    {CURLE_SSL_CIPHER, 0, SR_TLS, NULL},
    {CURLE_GOT_NOTHING, 1, SR_NETWORK, NULL},
    {CURLE_SEND_ERROR, 1, SR_NETWORK, NULL},
    {CURLE_RECV_ERROR, 1, SR_NETWORK, NULL},
    {CURLE_PARTIAL_FILE, 1, SR_NETWORK, "truncated"},
    {CURLE_HTTP2, 1, SR_NETWORK, NULL},
    {CURLE_HTTP2_STREAM, 1, SR_NETWORK, NULL},
    {CURLE_WEIRD_SERVER_REPLY, 1, SR_PROTOCOL, NULL},
    {CURLE_BAD_CONTENT_ENCODING, 1, SR_DECODE, "bad_encoding"},
    {CURLE_UNSUPPORTED_PROTOCOL, 0, SR_PROTOCOL, NULL},
    {CURLE_URL_MALFORMAT, 0, SR_PROTOCOL, NULL},
    {CURLE_OUT_OF_MEMORY, 0, SR_TOO_LARGE, "out_of_memory"},
    {CURLE_BAD_FUNCTION_ARGUMENT, 0, SR_PROTOCOL, NULL}, /* with a connection, it is the answer's */
};

static void libcurl_codes_have_their_kinds(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(curl_codes); i++) {
    struct sr_error error;
    memset(&error, 0x5a, sizeof error);
    sr_error_from_curl(&error, curl_codes[i].code, curl_codes[i].connected, "");
    CHECK(error.kind == curl_codes[i].kind, "code %d: kind %s", curl_codes[i].code,
          sr_kind_name(error.kind));
    if (curl_codes[i].word != NULL)
      assert_string_equal(error.code, curl_codes[i].word);
    assert_string_equal(error.message, curl_easy_strerror((CURLcode)curl_codes[i].code));
    assert_int_equal(error.status, 0);
  }
}

static void every_libcurl_code_gives_a_kind_a_code_and_libcurl_s_text(void **state) {
  int code;
  (void)state;
  for (code = 1; code < 150; code++) {
    struct sr_error error;
    sr_error_from_curl(&error, code, 1, "in\ndetail\xff");
    assert_int_not_equal(error.kind, SR_NO_ERROR);
    assert_non_null(error.code);
    assert_string_equal(error.message, "in detail\xef\xbf\xbd");
  }
}

static const struct {
  const char *detail; /* as libcurl and OpenSSL word it */
  int code;
  enum sr_kind kind;
  const char *word, *message; /* NULL: the detail itself */
  const char *hint;           /* a part of it; NULL: no hint from this text */
} texts_read[] = {
    {"", 98, SR_TLS, "client_certificate", NULL, NULL},
    {"OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required, errno 0",
     CURLE_RECV_ERROR, SR_TLS, "client_certificate", "the server wants a client certificate", NULL},
    {"OpenSSL/3.0.19: error:0A00042E:SSL routines::tlsv1 alert protocol version",
     CURLE_SSL_CONNECT_ERROR, SR_TLS, "handshake", "the server refused TLS 1.2 and TLS 1.3",
     "TLS 1.2"},
    {"error:0A000102:SSL routines::unsupported protocol", CURLE_SSL_CONNECT_ERROR, SR_TLS,
     "handshake", "the server has neither TLS 1.2 nor TLS 1.3", "TLS 1.2"},
    {"SSL certificate problem: CA signature digest algorithm too weak",
     CURLE_PEER_FAILED_VERIFICATION, SR_TLS, "certificate", NULL, "SHA-1"},
    {"SSL certificate problem: EE certificate key too weak", CURLE_PEER_FAILED_VERIFICATION, SR_TLS,
     "certificate", NULL, "short keys"},
    {"SSL certificate problem: unsupported certificate purpose", CURLE_PEER_FAILED_VERIFICATION,
     SR_TLS, "certificate", NULL, "for servers"},
    {"error setting certificate verify locations:  CAfile: /ca.pem", CURLE_PEER_FAILED_VERIFICATION,
     SR_TLS, "certificate", NULL, "ca_file"},
    {"Unsupported proxy syntax in 'http://me:secret@h:x'", CURLE_COULDNT_RESOLVE_PROXY, SR_INVALID,
     "bad_option", "the proxy's address can't be used", "HTTPS_PROXY"},
};

static void misleading_texts_of_libcurl_are_replaced(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(texts_read); i++) {
    struct sr_error error;
    sr_error_from_curl(&error, texts_read[i].code, 0, texts_read[i].detail);
    expect_error(&error, texts_read[i].kind, texts_read[i].word, texts_read[i].detail);
    if (texts_read[i].message != NULL)
      assert_string_equal(error.message, texts_read[i].message);
    else if (texts_read[i].detail[0] != '\0')
      assert_string_equal(error.message, texts_read[i].detail);
    if (texts_read[i].hint != NULL)
      assert_non_null(strstr(error.hint, texts_read[i].hint));
    else
      assert_null(error.hint); /* Lua adds the code's hint */
  }
}

static void a_proxy_s_refusal_lasts_and_its_failure_does_not(void **state) {
  struct sr_error error;
  (void)state;
  sr_error_from_proxy(&error, 407);
  expect_error(&error, SR_NETWORK, "proxy", "407");
  assert_true(error.lasting);
  assert_non_null(strstr(error.hint, "user:password"));
  sr_error_from_proxy(&error, 401); /* as tinyproxy says it */
  assert_non_null(strstr(error.hint, "user:password"));
  sr_error_from_proxy(&error, 403);
  assert_non_null(strstr(error.hint, "does not let you through"));
  sr_error_from_proxy(&error, 503);
  expect_error(&error, SR_NETWORK, "proxy", "503");
  assert_false(error.lasting);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_403_about_the_key_has_kind_auth_in_every_shape),
      cmocka_unit_test(a_401_about_the_product_has_kind_access_in_every_shape),
      cmocka_unit_test(messages_about_the_key_count_only_with_403),
      cmocka_unit_test(a_message_with_joined_or_additional_words_is_not_recognized),
      cmocka_unit_test(unknown_messages_get_the_code_of_their_status_and_keep_the_text),
      cmocka_unit_test(message_and_description_are_both_reported),
      cmocka_unit_test(the_first_known_place_of_a_message_wins),
      cmocka_unit_test(empty_texts_and_other_types_are_no_message),
      cmocka_unit_test(html_pages_give_an_error_of_their_status_without_their_text),
      cmocka_unit_test(empty_bodies_get_the_standard_text_of_their_status),
      cmocka_unit_test(plain_text_is_the_message),
      cmocka_unit_test(a_null_body_is_no_message),
      cmocka_unit_test(a_known_message_in_plain_text_has_its_code),
      cmocka_unit_test(a_body_cut_anywhere_gives_an_error_of_its_status),
      cmocka_unit_test(a_truncated_message_is_shown),
      cmocka_unit_test(invalid_utf8_becomes_replacement_characters),
      cmocka_unit_test(nul_bytes_do_no_harm),
      cmocka_unit_test(large_bodies_are_cut_to_a_message),
      cmocka_unit_test(messages_cut_inside_a_character_stay_valid),
      cmocka_unit_test(deep_nesting_is_skipped),
      cmocka_unit_test(random_bodies_give_an_error_with_kind_and_code),
      cmocka_unit_test(cleaning_leaves_one_line_of_valid_utf8),
      cmocka_unit_test(cleaning_removes_control_characters_beyond_ascii),
      cmocka_unit_test(cleaning_never_writes_past_the_size),
      cmocka_unit_test(the_valid_part_of_utf8_ends_at_the_first_invalid_byte),
      cmocka_unit_test(a_redirect_is_an_error_that_names_its_target),
      cmocka_unit_test(set_formats_cleans_and_cuts),
      cmocka_unit_test(kinds_have_their_names),
      cmocka_unit_test(libcurl_codes_have_their_kinds),
      cmocka_unit_test(every_libcurl_code_gives_a_kind_a_code_and_libcurl_s_text),
      cmocka_unit_test(misleading_texts_of_libcurl_are_replaced),
      cmocka_unit_test(a_proxy_s_refusal_lasts_and_its_failure_does_not),
  };
  return cmocka_run_group_tests_name("sr_error", tests, set_up, tear_down);
}
