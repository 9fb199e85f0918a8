/* Client configuration: refused keys, where the key is sent, how it is masked.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "http/sr_config.h"
#include "http/sr_proxy.h"

#define V4_KEY "0123456789abcdef0123456789abcdef0123d14b"
#define V1_KEY "7f9a2c1e-0b3d-4e5f-8a6b-9c0d1e2f3a4b"

static struct sr_settings settings_of(const char *token) {
  struct sr_settings settings;
  memset(&settings, 0, sizeof settings);
  settings.base_url = "https://api4.seranking.com";
  settings.token = token;
  settings.token_len = token != NULL ? strlen(token) : 0;
  settings.token_off = token == NULL;
  settings.rate.slots = 5;
  settings.rate.window = SR_SECOND;
  return settings;
}

static struct sr_config *config_of(const struct sr_settings *settings) {
  struct sr_error error;
  struct sr_config *config = sr_config_new(settings, &error);
  CHECK(config != NULL, "%s", error.message);
  return config;
}

/* ---- keys ---- */

static void refuse_key(const char *key, size_t len) {
  struct sr_settings settings = settings_of(NULL);
  struct sr_error error;
  char text[1200];
  settings.token = key;
  settings.token_len = len;
  assert_null(sr_config_new(&settings, &error));
  assert_int_equal(error.kind, SR_AUTH);
  assert_string_equal(error.code, "invalid_key");
  assert_true(is_clean_line(error.message, strlen(error.message)));
  assert_true(error.message[0] != '\0');
  snprintf(text, sizeof text, "%s %s", error.message, error.hint != NULL ? error.hint : "");
  assert_null(strstr(text, "0123456789")); /* not even of an invalid key */
}

static void keys_that_a_header_can_not_hold_are_refused(void **state) {
  int c;
  size_t at;
  (void)state;
  refuse_key("", 0);
  for (c = 0; c < 256; c++)
    for (at = 0; at <= 20; at += 10) {
      char key[] = "01234567890123456789x";
      key[at] = (char)c;
      if (c <= 0x20 || c >= 0x7f)
        refuse_key(key, sizeof key - 1);
    }
}

static void keys_of_visible_ascii_are_accepted(void **state) {
  int c;
  (void)state;
  for (c = 0x21; c < 0x7f; c++) {
    char key[] = "0123456789x";
    struct sr_settings settings = settings_of(key);
    struct sr_config *config;
    key[10] = (char)c;
    config = config_of(&settings);
    assert_string_equal(config->key.data, key);
    sr_config_unref(config);
  }
}

static void the_format_of_a_key_is_recognized(void **state) {
  static const char *const no[] = {V4_KEY,
                                   "",
                                   "7f9a2c1e-0b3d-4e5f-8a6b-9c0d1e2f3a4",
                                   "7f9a2c1e-0b3d-4e5f-8a6b-9c0d1e2f3a4bb",
                                   "7f9a2c1e-0b3d-4e5f-8a6b-9c0d1e2f3a4g",
                                   "7f9a2c1e00b3d-4e5f-8a6b-9c0d1e2f3a4b",
                                   "7f9a2c1-e0b3d-4e5f-8a6b-9c0d1e2f3a4b",
                                   "7f9a2c1e0b3d4e5f8a6b9c0d1e2f3a4bxxxx",
                                   "------------------------------------",
                                   "{f9a2c1e-0b3d-4e5f-8a6b-9c0d1e2f3a4}"};
  size_t i;
  (void)state;
  assert_true(sr_key_is_uuid(V1_KEY, 36));
  assert_true(sr_key_is_uuid("7F9A2C1E-0B3D-4E5F-8A6B-9C0D1E2F3A4B", 36));
  for (i = 0; i < COUNT(no); i++)
    CHECK(!sr_key_is_uuid(no[i], strlen(no[i])), "%s", no[i]);
  assert_true(sr_key_is_hex(V4_KEY, 40));
  assert_true(sr_key_is_hex("ABCDEF0123456789abcdef0123456789ABCDEF01", 40));
  assert_false(sr_key_is_hex("gBCDEF0123456789abcdef0123456789ABCDEF01", 40));
  for (i = 1; i < COUNT(no); i++)
    CHECK(!sr_key_is_hex(no[i], strlen(no[i])), "%s", no[i]);
}

/* ---- what may be shown ---- */

static const struct {
  const char *key, *hint;
} hints[] = {{V4_KEY, "\xe2\x80\xa6"
                      "d14b"},
             {V1_KEY, "\xe2\x80\xa6"
                      "3a4b"},
             {"0123456789abcdef0123456789abcdef", "\xe2\x80\xa6"
                                                  "cdef"},
             {"0123456789abcdef0123456789abcde", "\xe2\x80\xa6"},
             {"abc", "\xe2\x80\xa6"},
             {"ab", "**"},
             {"a", "*"}};

static void hint_shows_the_end_of_a_long_key_and_nothing_of_a_short_one(void **state) {
  char hint[SR_KEY_HINT_SIZE];
  struct sr_settings settings;
  struct sr_config *config;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(hints); i++) {
    settings = settings_of(hints[i].key);
    config = config_of(&settings);
    sr_config_key_hint(config, hint);
    assert_string_equal(hint, hints[i].hint);
    sr_config_unref(config);
  }
  settings = settings_of(NULL);
  config = config_of(&settings);
  sr_config_key_hint(config, hint);
  assert_string_equal(hint, "none");
  sr_config_unref(config);
}

static void redacted(const char *key, const char *text, const char *expected) {
  struct sr_settings settings = settings_of(key);
  struct sr_config *config = config_of(&settings);
  char *buf = exact_copy(text, strlen(text));
  size_t len = sr_config_redact(config, buf, strlen(text));
  CHECK(len == strlen(expected) && memcmp(buf, expected, len) == 0, "%s: %.*s", text, (int)len,
        buf);
  if (len < strlen(text))
    assert_int_equal(buf[len], 0);
  free(buf);
  sr_config_unref(config);
}

#define SHOWN                                                                                      \
  "\xe2\x80\xa6"                                                                                   \
  "d14b"

static void redaction_finds_the_key_everywhere_in_a_text(void **state) {
  (void)state;
  redacted(V4_KEY, "", "");
  redacted(V4_KEY, "nothing here", "nothing here");
  redacted(V4_KEY, V4_KEY, SHOWN);
  redacted(V4_KEY, V4_KEY " at the start", SHOWN " at the start");
  redacted(V4_KEY, "at the end " V4_KEY, "at the end " SHOWN);
  redacted(V4_KEY, V4_KEY V4_KEY, SHOWN SHOWN);
  redacted(V4_KEY, "a " V4_KEY " b " V4_KEY " c", "a " SHOWN " b " SHOWN " c");
  redacted(V4_KEY, "abcdef0123456789" V4_KEY, "\xe2\x80\xa6" SHOWN);
  redacted(V4_KEY, "01234-6789a", "01234-6789a");
}

static void redaction_finds_keys_written_with_escapes(void **state) {
  static const char odd[] = "ab/cd+ef=gh&12-ab/cd+ef=gh&12-ab";
  (void)state;
  redacted(odd, "?token=ab%2Fcd%2Bef%3Dgh%2612-ab%2fcd%2bef%3dgh%2612-ab&x=1",
           "?token=\xe2\x80\xa6"
           "2-ab&x=1");
  redacted(V4_KEY, "\\u003012345%36789abcdef0123456789abcdef0123\\u0064%31%34b!", SHOWN "!");
  redacted(odd, "x ab\\/cd+ y", "x \xe2\x80\xa6 y");
  redacted(V4_KEY, "100%, \\n and %zz", "100%, \\n and %zz");
}

static void redaction_finds_pieces_longer_than_an_eighth_in_any_case(void **state) {
  static const char key[] = "be2165b7d065e278e7305c1c7ef791f283f5d14b";
  static const char again[] = "abcdefgh0123456789abcdefghijklmnopqrabcdefgh";
  static const char thrice[] = "abcdJ123456789abcdK23456789mnop98765abcd";
  static const char alike[] = "abcd0123456789abcdefghijklmnopqr9876abcd";
  (void)state;
  redacted(key, "be216 65e27 5d14b", "be216 65e27 5d14b");
  redacted(key, "be2165 7d065e, 3f5d14b", "\xe2\x80\xa6 \xe2\x80\xa6, \xe2\x80\xa6");
  redacted(key, "BE2165B7D065E278E7305C1C7EF791F283F5D14B", SHOWN);
  redacted(key, "be2165b7d065e278e7305c1c7ef791f283f5d14be2165b7d065", SHOWN);
  redacted(again, "abcdefgh0123456789abcdefghijklmnopqrabcdefgh01",
           "\xe2\x80\xa6"
           "efgh");
  redacted(alike, "abcd0123456789abcdefghijklmnopqr9876abcd01xyz",
           "\xe2\x80\xa6"
           "abcdxyz");
  /* the end of the key could start a piece */
  redacted(thrice, "abcdJ123456789abcdK23456789mnop98765abcdJ12K23x",
           "\xe2\x80\xa6"
           "K23x");
}

static void redaction_hides_short_keys_whole_and_works_without_a_key(void **state) {
  (void)state;
  redacted("abc", "x abc y abc", "x \xe2\x80\xa6 y \xe2\x80\xa6");
  redacted("ab", "abxab", "**x**");
  redacted("a", "banana", "b*n*n*");
  redacted(NULL, "any text", "any text");
}

static void redaction_takes_any_bytes_and_does_not_stop_at_a_nul(void **state) {
  static const char text[] = "a\0b\xff " V4_KEY "\0" V4_KEY;
  static const char expected[] = "a\0b\xff " SHOWN "\0" SHOWN;
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_config *config = config_of(&settings);
  char *buf = exact_copy(text, sizeof text - 1);
  (void)state;
  assert_int_equal(sr_config_redact(config, buf, sizeof text - 1), sizeof expected - 1);
  assert_memory_equal(buf, expected, sizeof expected - 1);
  free(buf);
  sr_config_unref(config);
}

/* ---- headers ---- */

static int count_lines(const struct curl_slist *list, const char *line) {
  int n = 0;
  for (; list != NULL; list = list->next)
    n += strcmp(list->data, line) == 0;
  return n;
}

static int lines_with(const struct curl_slist *list, const char *text) {
  int n = 0;
  for (; list != NULL; list = list->next)
    n += strstr(list->data, text) != NULL;
  return n;
}

static void headers_hold_the_key_once_in_header_mode_and_never_in_query_mode(void **state) {
  int mode, v1, i;
  (void)state;
  for (mode = 0; mode < 2; mode++)
    for (v1 = 0; v1 < 2; v1++) {
      struct sr_settings settings = settings_of(V4_KEY);
      struct sr_config *config;
      settings.auth = mode ? SR_AUTH_QUERY : SR_AUTH_HEADER;
      settings.v1 = v1;
      config = config_of(&settings);
      for (i = 0; i < SR_HEADERS_COUNT; i++) {
        assert_int_equal(lines_with(config->headers[i], V4_KEY), !mode);
        assert_int_equal(count_lines(config->headers[i], "Authorization: Token " V4_KEY), !mode);
      }
      assert_string_equal(sr_config_key_param(config), v1 ? "apikey" : "token");
      sr_config_unref(config);
    }
}

static void headers_without_a_key_have_no_authorization(void **state) {
  struct sr_settings settings = settings_of(NULL);
  struct sr_config *config = config_of(&settings);
  int i;
  (void)state;
  for (i = 0; i < SR_HEADERS_COUNT; i++)
    assert_int_equal(lines_with(config->headers[i], "Authorization"), 0);
  sr_config_unref(config);
}

static void headers_say_what_the_body_is(void **state) {
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_config *config;
  int i;
  (void)state;
  settings.user_agent = "my-tool/1.2";
  config = config_of(&settings);
  assert_int_equal(lines_with(config->headers[SR_HEADERS_PLAIN], "Content-Type"), 0);
  assert_int_equal(count_lines(config->headers[SR_HEADERS_JSON], "Content-Type: application/json"),
                   1);
  assert_int_equal(count_lines(config->headers[SR_HEADERS_NO_BODY], "Content-Type:"), 1);
  for (i = 0; i < SR_HEADERS_COUNT; i++) {
    assert_int_equal(count_lines(config->headers[i], "Accept: application/json"), 1);
    assert_int_equal(lines_with(config->headers[i], "Accept-Encoding: "), 1);
    assert_non_null(strstr(config->headers[i]->data, "Accept-Encoding: "));
    assert_int_equal(
        lines_with(config->headers[i], "User-Agent: my-tool/1.2 seranking-lua/" SR_VERSION), 1);
  }
  sr_config_unref(config);
}

/* ---- the rest ---- */

static void addresses_are_checked(void **state) {
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_error error;
  struct sr_config *config;
  (void)state;
  settings.base_url = "http://api4.seranking.com";
  assert_null(sr_config_new(&settings, &error));
  assert_int_equal(error.kind, SR_INVALID);
  assert_string_equal(error.code, "bad_option");
  assert_string_equal(error.option, "base_url");
  settings.base_url = "http://127.0.0.1:8080/";
  config = config_of(&settings);
  assert_string_equal(config->base_url.data, "http://127.0.0.1:8080");
  assert_true(config->plain_http);
  sr_config_unref(config);
  settings.base_url = "HTTP://127.0.0.1:8080";
  config = config_of(&settings);
  assert_true(config->plain_http);
  sr_config_unref(config);
  settings.base_url = "https://127.0.0.1:8080";
  config = config_of(&settings);
  assert_false(config->plain_http);
  sr_config_unref(config);
}

static void an_empty_proxy_is_none(void **state) {
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_config *config;
  (void)state;
  unsetenv("https_proxy");
  unsetenv("HTTPS_PROXY");
  unsetenv("all_proxy");
  unsetenv("ALL_PROXY");
  settings.proxy = "";
  config = config_of(&settings);
  assert_false(config->http_proxy);
  sr_config_unref(config);
}

/* A download from another host. */
static void a_client_without_a_key_has_none_elsewhere(void **state) {
  struct sr_settings settings = settings_of(NULL);
  struct sr_error error;
  struct sr_config *config, *other;
  (void)state;
  config = config_of(&settings);
  other = sr_config_elsewhere(config, "https://files.example", "/f?a=1", &error);
  CHECK(other != NULL, "%s", error.message);
  assert_int_equal(other->key.len, 0);
  assert_string_equal(other->base_url.data, "https://files.example");
  sr_config_unref(other);
  sr_config_unref(config);
}

static void strings_are_copied_and_ids_never_used_again(void **state) {
  char base[] = "https://a.example", token[] = V4_KEY, ca[] = "/ca.pem",
       proxy[] = "http://p.example", agent[] = "x/1";
  struct sr_settings settings = settings_of(NULL);
  struct sr_config *config, *other;
  uint64_t id;
  (void)state;
  settings.base_url = base;
  settings.token = token;
  settings.token_len = strlen(token);
  settings.ca_file = ca;
  settings.proxy = proxy;
  settings.user_agent = agent;
  config = config_of(&settings);
  other = config_of(&settings);
  base[8] = token[0] = ca[0] = proxy[0] = agent[0] = '!';
  assert_string_equal(config->base_url.data, "https://a.example");
  assert_string_equal(config->key.data, V4_KEY);
  assert_string_equal(config->ca_file.data, "/ca.pem");
  assert_string_equal(config->proxy.data, "http://p.example");
  assert_int_equal(strncmp(config->user_agent.data, "User-Agent: x/1 ", 16), 0);
  id = other->id;
  assert_true(config->id != id);
  sr_config_unref(other);
  settings = settings_of(NULL);
  other = config_of(&settings);
  assert_true(other->id != id && other->id != config->id);
  sr_config_unref(config);
  sr_config_unref(other);
}

static void a_limit_that_would_count_past_an_array_is_refused(void **state) {
  static const struct {
    int slots;
    sr_time window;
    int max_queue;
    int fine;
  } rows[] = {{1, 1, 0, 1},
              {64, 86400 * SR_SECOND, 1000, 1},
              {0, SR_SECOND, 0, 0},
              {-1, SR_SECOND, 0, 0},
              {65, SR_SECOND, 0, 0},
              {5000, SR_SECOND, 0, 0},
              {5, 0, 0, 0},
              {5, -1, 0, 0},
              {5, 86400 * SR_SECOND + 1, 0, 0},
              {5, SR_SECOND, -1, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_settings settings = settings_of(V4_KEY);
    struct sr_config *config;
    struct sr_error error;
    settings.limited = 1;
    settings.rate.slots = rows[i].slots;
    settings.rate.window = rows[i].window;
    settings.max_queue = rows[i].max_queue;
    config = sr_config_new(&settings, &error);
    CHECK((config != NULL) == rows[i].fine, "row %d", (int)i);
    if (config == NULL) {
      assert_int_equal(error.kind, SR_INVALID);
      assert_string_equal(error.code, "bad_option");
    }
    sr_config_unref(config);
    settings.limited = 0; /* not used */
    config = sr_config_new(&settings, &error);
    assert_non_null(config);
    sr_config_unref(config);
  }
}

static void clients_with_the_same_key_and_address_share_a_limiter(void **state) {
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_config *a, *b, *c, *d, *e, *f;
  (void)state;
  settings.limited = 1;
  a = config_of(&settings);
  settings.base_url = "https://api4.seranking.com/";
  settings.auth = SR_AUTH_QUERY;
  b = config_of(&settings);
  settings.base_url = "https://api.seranking.com";
  c = config_of(&settings);
  settings = settings_of(V1_KEY);
  settings.limited = 1;
  d = config_of(&settings);
  settings = settings_of(V4_KEY);
  settings.limited = 1;
  settings.limit_salt = 5;
  e = config_of(&settings);
  settings.limited = 0;
  f = config_of(&settings);
  assert_true(a->limit_identity.name == b->limit_identity.name);
  assert_true(a->limit_identity.name != c->limit_identity.name);
  assert_true(a->limit_identity.name != d->limit_identity.name);
  assert_true(a->limit_identity.name != e->limit_identity.name);
  assert_false(f->limited);
  sr_config_unref(a);
  sr_config_unref(b);
  sr_config_unref(c);
  sr_config_unref(d);
  sr_config_unref(e);
  sr_config_unref(f);
}

static void a_reference_keeps_a_config_alive(void **state) {
  struct sr_settings settings = settings_of(V4_KEY);
  struct sr_config *config = config_of(&settings);
  (void)state;
  assert_ptr_equal(sr_config_ref(config), config);
  sr_config_unref(config);
  assert_string_equal(config->key.data, V4_KEY);
  sr_config_unref(config);
  sr_config_unref(NULL);
}

/* ---- proxies ---- */

static void a_proxy_s_address_that_can_not_be_used_is_told_apart(void **state) {
  static const struct {
    const char *address, *words; /* NULL: fine */
  } rows[] = {
      {"http://p.example:3128", NULL},
      {"http://ann:se%20cret@p.example:3128", NULL},
      {"http://p.example:3128\x7f", "a blank or a control character"},
      {"http://p .example", "a blank or a control character"},
      {"http://p.example:99999", "a port that is not a number"},
      {"http://[::1", "is not an address"},
      {"http://ann:x@[::1", "a user or password that can't be read"},
      {"http://an%01n:x@p.example", "a user or password that can't be read"},
      {"http://ann:x%01@p.example", "a user or password that can't be read"},
      {"ftp://p.example", "a scheme that is none of"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const char *problem = sr_proxy_check(rows[i].address);
    CHECK((problem == NULL) == (rows[i].words == NULL) &&
              (problem == NULL || strstr(problem, rows[i].words) != NULL),
          "%s: %s", rows[i].address, problem != NULL ? problem : "fine");
  }
}

static void the_environment_s_proxy_is_the_first_that_libcurl_takes(void **state) {
  static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY",   "no_proxy",    "NO_PROXY"};
  const char *name;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(names); i++)
    assert_int_equal(unsetenv(names[i]), 0);
  assert_null(sr_proxy_of_environment(&name));
  for (i = 4; i-- > 0;) { /* from the last to the first */
    char value[40];
    snprintf(value, sizeof value, "http://p%zu.example", i);
    setenv(names[i], value, 1);
    assert_string_equal(sr_proxy_of_environment(&name), value);
    assert_string_equal(name, names[i]);
  }
  setenv("https_proxy", "", 1); /* as if it were not there */
  assert_string_equal(sr_proxy_of_environment(&name), "http://p1.example");
  assert_true(sr_proxy_is_http("http://p.example"));
  assert_false(sr_proxy_is_http("SOCKS5://p.example"));
  setenv("no_proxy", "", 1);
  assert_true(sr_proxy_is_http("http://p.example"));
  for (i = 4; i < COUNT(names); i++) { /* libcurl may go without: which hosts, it alone knows */
    setenv(names[i], "api4.seranking.com", 1);
    assert_null(sr_proxy_of_environment(&name));
    assert_false(sr_proxy_is_http("http://p.example"));
    unsetenv(names[i]);
  }
  for (i = 0; i < COUNT(names); i++)
    unsetenv(names[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_that_a_header_can_not_hold_are_refused),
      cmocka_unit_test(keys_of_visible_ascii_are_accepted),
      cmocka_unit_test(the_format_of_a_key_is_recognized),
      cmocka_unit_test(hint_shows_the_end_of_a_long_key_and_nothing_of_a_short_one),
      cmocka_unit_test(redaction_finds_the_key_everywhere_in_a_text),
      cmocka_unit_test(redaction_finds_keys_written_with_escapes),
      cmocka_unit_test(redaction_finds_pieces_longer_than_an_eighth_in_any_case),
      cmocka_unit_test(redaction_hides_short_keys_whole_and_works_without_a_key),
      cmocka_unit_test(redaction_takes_any_bytes_and_does_not_stop_at_a_nul),
      cmocka_unit_test(headers_hold_the_key_once_in_header_mode_and_never_in_query_mode),
      cmocka_unit_test(headers_without_a_key_have_no_authorization),
      cmocka_unit_test(headers_say_what_the_body_is),
      cmocka_unit_test(addresses_are_checked),
      cmocka_unit_test(an_empty_proxy_is_none),
      cmocka_unit_test(a_client_without_a_key_has_none_elsewhere),
      cmocka_unit_test(strings_are_copied_and_ids_never_used_again),
      cmocka_unit_test(a_limit_that_would_count_past_an_array_is_refused),
      cmocka_unit_test(clients_with_the_same_key_and_address_share_a_limiter),
      cmocka_unit_test(a_reference_keeps_a_config_alive),
      cmocka_unit_test(a_proxy_s_address_that_can_not_be_used_is_told_apart),
      cmocka_unit_test(the_environment_s_proxy_is_the_first_that_libcurl_takes),
  };
  return cmocka_run_group_tests_name("sr_config", tests, NULL, NULL);
}
