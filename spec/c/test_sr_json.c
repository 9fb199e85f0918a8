/* The scanner of error bodies: strings by path, escapes, broken and truncated texts.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "base/sr_json.h"

static void json_gives(const char *json, const char *outer, const char *inner,
                       const char *expected) {
  char out[64] = "untouched", *exact = exact_copy(json, strlen(json));
  int found = sr_json_string(exact, strlen(json), outer, inner, out, sizeof out);
  free(exact);
  CHECK(found == (expected != NULL), "%s: %s", json, found ? "found" : "not found");
  if (expected != NULL)
    CHECK(strcmp(out, expected) == 0, "%s: \"%s\", not \"%s\"", json, out, expected);
}

static void json_strings_are_found_by_path(void **state) {
  (void)state;
  json_gives("{\"a\":\"1\"}", "a", NULL, "1");
  json_gives(" \t\r\n{ \"a\" : \"1\" } ", "a", NULL, "1");
  json_gives("{\"b\":2,\"a\":\"1\"}", "a", NULL, "1");
  json_gives("{\"b\":-2.5e3,\"c\":true,\"d\":null,\"a\":\"1\"}", "a", NULL, "1");
  json_gives("{\"b\":{\"a\":\"no\"},\"a\":\"1\"}", "a", NULL, "1");
  json_gives("{\"b\":[{\"a\":\"no\"},\"]}\",[]],\"a\":\"1\"}", "a", NULL, "1");
  json_gives("{\"b\":\"\\\"a\\\":\\\"no\\\"\",\"a\":\"1\"}", "a", NULL, "1");
  json_gives("{\"a\":{\"b\":\"1\"}}", "a", "b", "1");
  json_gives("{\"a\":{\"c\":{\"b\":\"no\"},\"b\":\"1\"}}", "a", "b", "1");
  json_gives("{\"a\":\"\"}", "a", NULL, "");
  json_gives("{\"b\":\"1\"}", "a", NULL, NULL);
  json_gives("{\"a\":1}", "a", NULL, NULL);
  json_gives("{\"a\":\"1\"}", "a", "b", NULL);
  json_gives("{\"a\":{\"b\":\"1\"}}", "a", NULL, NULL);
  json_gives("{\"a\":{\"c\":\"1\"},\"b\":\"2\"}", "a", "b", NULL);
  json_gives("[\"a\"]", "a", NULL, NULL);
  json_gives("\"a\"", "a", NULL, NULL);
  json_gives("{}", "a", NULL, NULL);
  json_gives("{\"a\"}", "a", NULL, NULL);
  json_gives("{\"a\":}", "a", NULL, NULL);
  json_gives("", "a", NULL, NULL);
}

static void json_escapes_are_decoded(void **state) {
  (void)state;
  json_gives("{\"a\":\"\\\" \\\\ \\/ \\n\\t\"}", "a", NULL, "\" \\ / \n\t");
  json_gives("{\"a\":\"\\b\\f\\r\"}", "a", NULL, "\b\f\r");
  json_gives("{\"a\":\"\\u0041\\u00e9\\u20AC\"}", "a", NULL, "A\xc3\xa9\xe2\x82\xac");
  json_gives("{\"a\":\"\\ud83d\\ude00\"}", "a", NULL, "\xf0\x9f\x98\x80");
  json_gives("{\"a\":\"\\uD800\\uDC00\"}", "a", NULL, "\xf0\x90\x80\x80");
  json_gives("{\"a\":\"\\uDBFF\\uDFFF\"}", "a", NULL, "\xf4\x8f\xbf\xbf");
  json_gives("{\"\\u0061\":\"1\"}", "a", NULL, "1");
}

static void json_surrogates_without_a_partner_become_replacement_characters(void **state) {
  (void)state;
  json_gives("{\"a\":\"x\\ud83dy\"}", "a", NULL, "x\xef\xbf\xbdy");
  json_gives("{\"a\":\"x\\ude00y\"}", "a", NULL, "x\xef\xbf\xbdy");
  json_gives("{\"a\":\"x\\ud83d\"}", "a", NULL, "x\xef\xbf\xbd");
  json_gives("{\"a\":\"x\\ud83d\\n\"}", "a", NULL, "x\xef\xbf\xbd\n");
}

static void truncated_json_strings_give_their_beginning(void **state) {
  (void)state;
  json_gives("{\"a\":\"abc", "a", NULL, "abc");
  json_gives("{\"a\":\"abc\\", "a", NULL, "abc");
  json_gives("{\"a\":\"abc\\u00", "a", NULL, "abc");
  json_gives("{\"a\":\"abc\\uzzzz\"}", "a", NULL, "abc");
  json_gives("{\"a\":\"abc\\q\"}", "a", NULL, "abc");
  json_gives("{\"a\":\"", "a", NULL, "");
  json_gives("{\"a\":", "a", NULL, NULL);
  json_gives("{\"a", "a", NULL, NULL);
}

static void json_strings_are_cut_to_the_buffer_s_size(void **state) {
  static const char json[] = "{\"a\":\"0123456789\"}";
  size_t size;
  (void)state;
  for (size = 1; size < 14; size++) {
    char *out = malloc(size);
    assert_non_null(out);
    assert_int_equal(sr_json_string(json, sizeof json - 1, "a", NULL, out, size), 1);
    assert_int_equal(strlen(out), size - 1 < 10 ? size - 1 : 10);
    assert_memory_equal(out, "0123456789", strlen(out));
    free(out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_strings_are_found_by_path),
      cmocka_unit_test(json_escapes_are_decoded),
      cmocka_unit_test(json_surrogates_without_a_partner_become_replacement_characters),
      cmocka_unit_test(truncated_json_strings_give_their_beginning),
      cmocka_unit_test(json_strings_are_cut_to_the_buffer_s_size),
  };
  return cmocka_run_group_tests_name("sr_json", tests, NULL, NULL);
}
