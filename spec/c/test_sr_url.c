/* Addresses: percent-encoding, path templates, query strings, base addresses.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "http/sr_url.h"

static struct sr_param param(const char *name, const char *value) {
  struct sr_param p;
  p.name = name;
  p.name_len = strlen(name);
  p.value = value;
  p.value_len = strlen(value);
  return p;
}

/* ---- sr_url_escape ---- */

static void escape_keeps_the_unreserved_bytes_and_encodes_the_other_190(void **state) {
  static const char unreserved[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  int byte, kept = 0;
  (void)state;
  for (byte = 0; byte < 256; byte++) {
    struct sr_buf out = {0};
    char c = (char)byte, expected[4];
    int keep = memchr(unreserved, c, sizeof unreserved - 1) != NULL;
    if (keep)
      snprintf(expected, sizeof expected, "%c", c);
    else
      snprintf(expected, sizeof expected, "%%%02X", (unsigned)byte);
    kept += keep;
    assert_int_equal(sr_url_escape(&out, &c, 1), 0);
    assert_string_equal(out.data, expected);
    sr_buf_fini(&out);
  }
  assert_int_equal(kept, 66);
}

static void escape_appends_and_takes_any_length(void **state) {
  struct sr_buf out = {0};
  (void)state;
  assert_int_equal(sr_url_escape(&out, "", 0), 0);
  assert_int_equal(out.len, 0);
  assert_int_equal(sr_url_escape(&out, "a/b", 3), 0);
  assert_int_equal(sr_url_escape(&out, "\0\xff", 2), 0);
  assert_string_equal(out.data, "a%2Fb%00%FF");
  assert_int_equal(out.len, 11);
  sr_buf_fini(&out);
}

/* ---- sr_url_expand ---- */

static const struct {
  const char *template, *expected;
} filled[] = {
    {"", ""},
    {"/sites", "/sites"},
    {"/sites/{site_id}/stat", "/sites/147696/stat"},
    {"/sites/{site_id}/search-engines/{engine}", "/sites/147696/search-engines/9"},
    {"{site_id}", "147696"},
    {"/v1/project-management/keywords{?site_id}", "/v1/project-management/keywords?site_id=147696"},
    {"/k{?site_id,engine}", "/k?site_id=147696&engine=9"},
    {"/k{?site_id,engine,space}", "/k?site_id=147696&engine=9&space=a%20b"},
    {"/k/{engine}{?site_id}", "/k/9?site_id=147696"},
    {"/k{?site_id}{?engine}", "/k?site_id=147696&engine=9"},
    {"/k?fixed=1{?engine}", "/k?fixed=1&engine=9"},
    {"/x/{space}", "/x/a%20b"},
    {"/x/{accent}", "/x/%C3%A9"},
    {"/x/{up}", "/x/1%2F..%2F2"},
    {"/x/{encoded}", "/x/%252e%252e"},
    {"/x/{three}", "/x/..."},
    {"/x{?dot}", "/x?dot=."},
    {"/x{?dots}", "/x?dots=.."},
    {"/x{?mark}", "/x?mark=a%3Fb%26c%3Dd%23e"},
    {"/x{?ids[]}", "/x?ids%5B%5D=1"},
    {"/x/{hidden}", "/x/.x"},
    {"/x}y", "/x}y"},
};

static void expand_fills_templates(void **state) {
  struct sr_param params[12];
  size_t i, n = 0;
  (void)state;
  params[n++] = param("site_id", "147696");
  params[n++] = param("engine", "9");
  params[n++] = param("space", "a b");
  params[n++] = param("accent", "\xc3\xa9");
  params[n++] = param("up", "1/../2");
  params[n++] = param("encoded", "%2e%2e");
  params[n++] = param("three", "...");
  params[n++] = param("dot", ".");
  params[n++] = param("dots", "..");
  params[n++] = param("hidden", ".x");
  params[n++] = param("mark", "a?b&c=d#e");
  params[n++] = param("ids[]", "1");
  for (i = 0; i < COUNT(filled); i++) {
    struct sr_buf out = {0};
    const char *at = NULL;
    size_t at_len = 0;
    enum sr_url_status status = sr_url_expand(&out, filled[i].template, params, n, &at, &at_len);
    CHECK(status == SR_URL_OK, "%s: status %d", filled[i].template, (int)status);
    assert_string_equal(sr_buf_text(&out), filled[i].expected);
    sr_buf_fini(&out);
  }
}

static const struct {
  const char *template;
  enum sr_url_status status;
  const char *at; /* NULL: not reported */
} unfilled[] = {
    {"/x/{", SR_URL_BAD_TEMPLATE, NULL},
    {"/x/{site_id", SR_URL_BAD_TEMPLATE, NULL},
    {"/x{?site_id,", SR_URL_BAD_TEMPLATE, NULL},
    {"/x/{site_id}/{engine", SR_URL_BAD_TEMPLATE, NULL},
    {"/x/{nobody}", SR_URL_MISSING, "nobody"},
    {"/x/{site}", SR_URL_MISSING, "site"}, /* names match as a whole */
    {"/x/{site_id2}", SR_URL_MISSING, "site_id2"},
    {"/x/{}", SR_URL_MISSING, ""},
    {"/x/{site_id}/{nobody}", SR_URL_MISSING, "nobody"},
    {"/x{?site_id,nobody}", SR_URL_MISSING, "nobody"},
    {"/x/{empty}", SR_URL_EMPTY, "empty"},
    {"/x{?empty}", SR_URL_EMPTY, "empty"},
    {"/x{?site_id,empty}", SR_URL_EMPTY, "empty"},
    {"/x/{dot}", SR_URL_DOTS, "dot"},
    {"/x/{dots}", SR_URL_DOTS, "dots"},
    {"/x/{site_id}/{dots}/y", SR_URL_DOTS, "dots"},
};

static void expand_names_the_unfilled_placeholder_and_leaves_the_buffer_unchanged(void **state) {
  struct sr_param params[5];
  size_t i;
  (void)state;
  params[0] = param("site_id", "147696");
  params[1] = param("engine", "9");
  params[2] = param("empty", "");
  params[3] = param("dot", ".");
  params[4] = param("dots", "..");
  for (i = 0; i < COUNT(unfilled); i++) {
    struct sr_buf out = {0};
    const char *at = NULL;
    size_t at_len = 0;
    enum sr_url_status status;
    assert_int_equal(sr_buf_puts(&out, "before"), 0);
    status = sr_url_expand(&out, unfilled[i].template, params, COUNT(params), &at, &at_len);
    CHECK(status == unfilled[i].status, "%s: status %d", unfilled[i].template, (int)status);
    if (unfilled[i].at != NULL) {
      size_t expected = strlen(unfilled[i].at);
      CHECK(at_len == expected && memcmp(at, unfilled[i].at, expected) == 0, "%s: points to %.*s",
            unfilled[i].template, (int)at_len, at);
      CHECK(at >= unfilled[i].template &&
                at + at_len <= unfilled[i].template + strlen(unfilled[i].template),
            "%s: points outside of the template", unfilled[i].template);
    }
    assert_int_equal(out.len, 6);
    assert_string_equal(out.data, "before");
    sr_buf_fini(&out);
  }
}

static void a_failed_expand_leaves_an_empty_buffer_empty(void **state) {
  struct sr_buf out = {0};
  const char *at = NULL;
  size_t at_len = 0;
  (void)state;
  assert_int_equal(sr_url_expand(&out, "/x/{a}", NULL, 0, &at, &at_len), SR_URL_MISSING);
  assert_int_equal(out.len, 0);
  assert_string_equal(sr_buf_text(&out), "");
  sr_buf_fini(&out);
}

static void expand_takes_names_and_values_by_length(void **state) {
  struct sr_buf out = {0};
  struct sr_param p = {"idXX", 2, "7\0YY", 3};
  const char *at = NULL;
  size_t at_len = 0;
  (void)state;
  assert_int_equal(sr_url_expand(&out, "/{id}", &p, 1, &at, &at_len), SR_URL_OK);
  assert_string_equal(out.data, "/7%00Y");
  sr_buf_fini(&out);
}

/* ---- sr_url_query ---- */

static void query_starts_with_a_question_mark_and_continues_with_ampersands(void **state) {
  struct sr_buf out = {0};
  struct sr_param p;
  (void)state;
  assert_int_equal(sr_buf_puts(&out, "/sites"), 0);
  p = param("a", "1");
  assert_int_equal(sr_url_query(&out, &p), 0);
  assert_string_equal(out.data, "/sites?a=1");
  p = param("ids[]", "2");
  assert_int_equal(sr_url_query(&out, &p), 0);
  p = param("ids[]", "3");
  assert_int_equal(sr_url_query(&out, &p), 0);
  assert_string_equal(out.data, "/sites?a=1&ids%5B%5D=2&ids%5B%5D=3");
  p = param("filter[0][value]", "a&b=c d+e");
  assert_int_equal(sr_url_query(&out, &p), 0);
  assert_string_equal(
      out.data, "/sites?a=1&ids%5B%5D=2&ids%5B%5D=3&filter%5B0%5D%5Bvalue%5D=a%26b%3Dc%20d%2Be");
  sr_buf_fini(&out);
}

static void an_encoded_question_mark_does_not_start_the_query(void **state) {
  struct sr_buf out = {0};
  struct sr_param p = param("a", "");
  (void)state;
  assert_int_equal(sr_url_escape(&out, "x?", 2), 0);
  assert_int_equal(sr_url_query(&out, &p), 0);
  assert_string_equal(out.data, "x%3F?a=");
  sr_buf_fini(&out);
}

static void query_works_on_an_empty_buffer(void **state) {
  struct sr_buf out = {0};
  struct sr_param p = param("a", "1");
  (void)state;
  assert_int_equal(sr_url_query(&out, &p), 0);
  assert_string_equal(out.data, "?a=1");
  sr_buf_fini(&out);
}

/* ---- sr_url_base ---- */

static const struct {
  const char *base, *kept;
} bases[] = {
    {"https://api4.seranking.com", "https://api4.seranking.com"},
    {"https://api.seranking.com/", "https://api.seranking.com"},
    {"https://api.seranking.com///", "https://api.seranking.com"},
    {"https://api.seranking.com/v1/", "https://api.seranking.com/v1"},
    {"https://proxy.example:8443/se/ranking/", "https://proxy.example:8443/se/ranking"},
    {"HTTPS://API4.SERanking.com", "https://api4.seranking.com"}, /* one spelling: one limiter */
    {"https://api4.seranking.com:443/", "https://api4.seranking.com"},
    {"https://host:80/Base/Path", "https://host:80/Base/Path"},
    {"http://127.0.0.1:80", "http://127.0.0.1"},
    {"https://192.0.2.7", "https://192.0.2.7"},
    {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"},
    {"http://127.0.0.1", "http://127.0.0.1"},
    {"http://127.0.0.1:8080/", "http://127.0.0.1:8080"},
    {"http://127.1.2.3", "http://127.1.2.3"},
    {"http://127.255.255.254:1", "http://127.255.255.254:1"},
    {"http://[::1]", "http://[::1]"},
    {"http://[::1]:8080//", "http://[::1]:8080"},
    {"http://localhost", "http://localhost"},
    {"http://localhost:8080/fake/", "http://localhost:8080/fake"},
};

static void base_accepts_https_and_loopback_http_and_strips_trailing_slashes(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(bases); i++) {
    struct sr_buf out = {0};
    const char *problem = sr_url_base(&out, bases[i].base);
    CHECK(problem == NULL, "%s %s", bases[i].base, problem);
    assert_string_equal(out.data, bases[i].kept);
    sr_buf_fini(&out);
  }
}

static void base_refuses(const char *const *list, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    struct sr_buf out = {0};
    const char *problem;
    assert_int_equal(sr_buf_puts(&out, "before"), 0);
    problem = sr_url_base(&out, list[i]);
    CHECK(problem != NULL, "\"%s\" was accepted", list[i]);
    CHECK(strncmp(problem, "is ", 3) == 0 || strncmp(problem, "must ", 5) == 0,
          "\"%s\": not the rest of a sentence: %s", list[i], problem);
    CHECK(is_clean_line(problem, strlen(problem)), "\"%s\": not one line", list[i]);
    assert_int_equal(out.len, 6);
    assert_string_equal(out.data, "before");
    sr_buf_fini(&out);
  }
}

static void base_refuses_http_to_other_hosts(void **state) {
  static const char *const list[] = {"http://api4.seranking.com",
                                     "http://127.0.0.1.evil.example",
                                     "http://localhost.evil.example",
                                     "http://evil.example/127.0.0.1",
                                     "http://127.0.0.1%2eevil.example",
                                     "http://128.0.0.1",
                                     "http://126.255.255.255",
                                     "http://0.0.0.0",
                                     "http://10.0.0.1",
                                     "http://[::2]",
                                     "http://[2001:db8::1]",
                                     "http://[::ffff:192.0.2.1]",
                                     "http://notlocalhost",
                                     "HTTP://api4.seranking.com",
                                     "http://127.0.0.1@evil.example",
                                     "http://127.0.0.1:80@evil.example"};
  (void)state;
  base_refuses(list, COUNT(list));
}

static void base_refuses_users_and_passwords(void **state) {
  static const char *const list[] = {"https://user@api4.seranking.com",
                                     "https://user:pass@api4.seranking.com",
                                     "https://:pass@api4.seranking.com",
                                     "https://@api4.seranking.com", "http://user:pass@127.0.0.1"};
  (void)state;
  base_refuses(list, COUNT(list));
}

static void base_refuses_queries_and_fragments(void **state) {
  static const char *const list[] = {"https://api4.seranking.com?a=1",
                                     "https://api4.seranking.com/?a=1",
                                     "https://api4.seranking.com/x?token=1",
                                     "https://api4.seranking.com#top",
                                     "https://api4.seranking.com/#top",
                                     "http://127.0.0.1#@evil.example/",
                                     "http://127.0.0.1/?x"};
  (void)state;
  base_refuses(list, COUNT(list));
}

/* The text after ? or # would contain the path of every call, and not reach the server. */
static void base_refuses_empty_queries_and_fragments(void **state) {
  static const char *const list[] = {"https://api4.seranking.com?", "https://api4.seranking.com/?",
                                     "https://api4.seranking.com#", "https://api4.seranking.com/#",
                                     "https://api4.seranking.com/v1/#/"};
  (void)state;
  base_refuses(list, COUNT(list));
}

static void base_refuses_other_schemes_and_garbage(void **state) {
  static const char *const list[] = {"",
                                     "/",
                                     "///",
                                     "api4.seranking.com",
                                     "//api4.seranking.com",
                                     "https",
                                     "https:",
                                     "https://",
                                     "ftp://api4.seranking.com",
                                     "file:///etc/passwd",
                                     "gopher://127.0.0.1",
                                     "javascript:alert(1)",
                                     "https://api4.seranking.com:99999",
                                     "https://api4.seranking.com:80x",
                                     "https://[::1",
                                     "https://a b",
                                     "https://a%20b",
                                     "https://a%7fb",
                                     "https://a%22b",
                                     "https://api4.seranking.com/a b",
                                     " https://api4.seranking.com",
                                     "https://api4.seranking.com "};
  (void)state;
  base_refuses(list, COUNT(list));
}

static void base_refuses_every_control_character_anywhere(void **state) {
  static const char *const places[] = {
      "%chttps://api4.seranking.com", "https://api4%c.seranking.com",
      "https://api4.seranking.com%c", "https://api4.seranking.com/v1%c/x"};
  size_t i;
  int c;
  (void)state;
  for (i = 0; i < COUNT(places); i++)
    for (c = 1; c < 0x80; c = c == 0x1f ? 0x7f : c + 1) {
      char base[80];
      const char *const list[] = {base};
      size_t at = strcspn(places[i], "%");
      snprintf(base, sizeof base, "%.*s%c%s", (int)at, places[i], (char)c, places[i] + at + 2);
      base_refuses(list, 1);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(escape_keeps_the_unreserved_bytes_and_encodes_the_other_190),
      cmocka_unit_test(escape_appends_and_takes_any_length),
      cmocka_unit_test(expand_fills_templates),
      cmocka_unit_test(expand_names_the_unfilled_placeholder_and_leaves_the_buffer_unchanged),
      cmocka_unit_test(a_failed_expand_leaves_an_empty_buffer_empty),
      cmocka_unit_test(expand_takes_names_and_values_by_length),
      cmocka_unit_test(query_starts_with_a_question_mark_and_continues_with_ampersands),
      cmocka_unit_test(an_encoded_question_mark_does_not_start_the_query),
      cmocka_unit_test(query_works_on_an_empty_buffer),
      cmocka_unit_test(base_accepts_https_and_loopback_http_and_strips_trailing_slashes),
      cmocka_unit_test(base_refuses_http_to_other_hosts),
      cmocka_unit_test(base_refuses_users_and_passwords),
      cmocka_unit_test(base_refuses_queries_and_fragments),
      cmocka_unit_test(base_refuses_empty_queries_and_fragments),
      cmocka_unit_test(base_refuses_other_schemes_and_garbage),
      cmocka_unit_test(base_refuses_every_control_character_anywhere),
  };
  return cmocka_run_group_tests_name("sr_url", tests, NULL, NULL);
}
