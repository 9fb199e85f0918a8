/* Numbers of JSON, and the scan of strings.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "base/sr_number.h"
#include "base/sr_scan.h"

#include <math.h>

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Reads a text, to its end, in memory of its own. */
static struct sr_number number_of(const char *text) {
  struct sr_number number = {0};
  size_t len = strlen(text);
  char *copy = exact_copy(text, len);
  const char *p = copy, *problem = sr_number_read(&p, copy + len, &number);
  CHECK(problem == NULL, "%s: %s", text, problem);
  CHECK(p == copy + len, "%s: read to byte %td", text, p - copy);
  free(copy);
  return number;
}

static void is_nearest(const char *text) {
  struct sr_number number = number_of(text);
  CHECK(bits_of(number.value) == bits_of(strtod(text, NULL)), "%s is %.17g", text, number.value);
}

static void number_is_the_nearest_double(void **state) {
  static const char *const texts[] = {
      "0",
      "-0",
      "0.0",
      "-0.0",
      "0e5",
      "-0e-5",
      "1",
      "-1",
      "0.1",
      "123456789012345678",
      "9007199254740993",
      "9007199254740991.5",
      "9007199254740992.5",
      "9007199254740993.0",
      "9007199254740993e0",
      "9007199254740995.0",
      "18446744073709551615",
      "9999999999999999999",
      "0.9999999999999999999",
      "0.00000000000000000001",
      "0.000000000000000000012345678901234567",
      "1e22",
      "1e23",
      "9007199254740992e22",
      "9007199254740993e1",
      "9007199254740993e-1",
      "1e-22",
      "1e-23",
      "5e-324",
      "2e-324",
      "1e-400",
      "1.7976931348623157e308",
      "2.2250738585072011e-308",
      "0.30000000000000004",
      "0.1e1",
      "100e-2",
      "1e-99999999999",
      "0e99999999999",
      "0.5000000000000000277555756156289135",
      "12345678901234567890",
      "1234567890123456789012345678901234567890",
      "4.5035996273704985",
      "4503599627370497.5",
      "4503599627370496.5",
      "9.007199254740993",
      "90071.99254740993",
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(texts); i++)
    is_nearest(texts[i]);
}

/* Random digits, and what lies half way between two doubles. */
static void number_is_the_nearest_double_of_random_digits(void **state) {
  struct chance chance = {20260101};
  char text[64], digits[32];
  int i, j, count, places;
  (void)state;
  for (i = 0; i < rounds(300000); i++) {
    count = (int)chance_between(&chance, 1, 19);
    places = (int)chance_between(&chance, 0, count);
    for (j = 0; j < count; j++)
      digits[j] = (char)('0' + chance_between(&chance, j == 0 && places < count, 9));
    digits[count] = '\0';
    if (places == 0)
      snprintf(text, sizeof text, "%s", digits);
    else if (places == count)
      snprintf(text, sizeof text, "-0.%s", digits);
    else
      snprintf(text, sizeof text, "%.*s.%s", count - places, digits, digits + count - places);
    if (count > 1 && digits[0] == '0' && places == 0)
      continue;
    if (i % 3 == 0)
      snprintf(text + strlen(text), 8, "e%d", (int)chance_between(&chance, -40, 40));
    is_nearest(text);
  }
  for (i = 0; i < rounds(300000);
       i++) { /* 54 bits, the last one set: half way between two doubles */
    uint64_t half = (UINT64_C(1) << 53) | (chance_next(&chance) >> 11) | 1;
    places = (int)chance_between(&chance, 0, 3);
    for (j = 0; j < places; j++)
      half *= 5; /* half / 2^places, in tenths */
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)half);
    count = (int)strlen(digits);
    snprintf(text, sizeof text, "%.*s%s%s", count - places, digits, places > 0 ? "." : "",
             digits + count - places);
    is_nearest(text);
  }
}

static void number_is_whole_if_64_bits_hold_it(void **state) {
  static const struct {
    const char *text;
    int whole;
    int64_t integer;
  } cases[] = {
      {"0", 1, 0},
      {"-0", 1, 0},
      {"7", 1, 7},
      {"-7", 1, -7},
      {"999999999999999999", 1, INT64_C(999999999999999999)},
      {"9223372036854775807", 1, INT64_MAX},
      {"-9223372036854775808", 1, INT64_MIN},
      {"9223372036854775808", 0, 0},
      {"-9223372036854775809", 0, 0},
      {"18446744073709551616", 0, 0},
      {"1.0", 0, 0},
      {"1e0", 0, 0},
      {"1E5", 0, 0},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct sr_number number = number_of(cases[i].text);
    CHECK(number.whole == cases[i].whole, "%s: whole is %d", cases[i].text, number.whole);
    CHECK(!number.whole || number.integer == cases[i].integer, "%s: %lld", cases[i].text,
          (long long)number.integer);
  }
}

static void number_ends_where_it_ends(void **state) {
  static const struct {
    const char *text;
    int len;
  } cases[] = {{"1,2", 1},   {"1]", 1},    {"-1.5}", 4},
               {"1e5 ", 3},  {"12-", 2},   {"0x1", 1},
               {"0.5.5", 3}, {"1e5e5", 3}, {"123456789012345678x", 18}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct sr_number number;
    const char *p = cases[i].text;
    assert_null(sr_number_read(&p, cases[i].text + strlen(cases[i].text), &number));
    CHECK(p - cases[i].text == cases[i].len, "%s: ends at %td", cases[i].text, p - cases[i].text);
  }
}

static void number_says_what_is_wrong_and_where(void **state) {
  static const struct {
    const char *text, *problem;
    int at;
  } cases[] = {
      {"-", "number without digits", 1},
      {"-a", "number without digits", 1},
      {"01", "number with a leading zero", 0},
      {"-01", "number with a leading zero", 1},
      {"1.", "decimal point without digits after it", 2},
      {"1.e5", "decimal point without digits after it", 2},
      {"1e", "exponent without digits", 2},
      {"1e+", "exponent without digits", 3},
      {"1.5e-x", "exponent without digits", 5},
      {"1e309", "number out of range", 0},
      {"-1e309", "number out of range", 0},
      {"1e99999999999999999999", "number out of range", 0},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    struct sr_number number;
    size_t len = strlen(cases[i].text);
    char *copy = exact_copy(cases[i].text, len);
    const char *p = copy, *problem = sr_number_read(&p, copy + len, &number);
    CHECK(problem != NULL && strcmp(problem, cases[i].problem) == 0, "%s: %s", cases[i].text,
          problem);
    CHECK(p - copy == cases[i].at, "%s: at %td", cases[i].text, p - copy);
    free(copy);
  }
}

static void number_of_more_than_4095_characters_is_refused(void **state) {
  size_t len, shape;
  (void)state;
  for (shape = 0; shape < 3; shape++)
    for (len = 4094; len <= 4097; len++) {
      struct sr_number number;
      char *text = malloc(len);
      const char *p = text, *problem;
      assert_non_null(text);
      memset(text, '0', len);
      text[0] = '1';
      if (shape > 0)
        text[1] = shape == 1 ? '.' : 'e';
      problem = sr_number_read(&p, text + len, &number);
      if (len > 4095)
        assert_string_equal(problem, "number of more than 4095 characters");
      else if (shape == 0)
        assert_string_equal(problem, "number out of range");
      else
        assert_null(problem);
      free(text);
    }
}

static void short_number_is_read_or_left(void **state) {
  static const struct {
    const char *text;
    int len; /* 0: it is left */
    int64_t integer;
  } cases[] = {{"1,", 1, 1},   {"1", 0, 0},
               {"10,", 2, 10}, {"123456789012345 ", 15, INT64_C(123456789012345)},
               {"12]", 2, 12}, {"0", 0, 0},
               {"01", 0, 0},   {"-1", 0, 0},
               {"1.5", 0, 0},  {"1e5", 0, 0},
               {"1E5", 0, 0},  {"1234567890123456,", 0, 0},
               {"x", 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    int64_t integer = -1;
    size_t len = strlen(cases[i].text);
    char *copy = exact_copy(cases[i].text, len);
    const char *end = sr_number_short(copy, copy + len, &integer);
    CHECK((end != NULL ? end - copy : 0) == cases[i].len, "%s: read to %p", cases[i].text,
          (const void *)end);
    CHECK(end == NULL || integer == cases[i].integer, "%s: %lld", cases[i].text,
          (long long)integer);
    free(copy);
  }
}

static void scan_finds_what_a_plain_loop_finds(void **state) {
  struct chance chance = {20260102};
  int i;
  (void)state;
  for (i = 0; i < rounds(20000); i++) {
    size_t len = (size_t)chance_between(&chance, 0, 70), j;
    char text[80], *copy;
    for (j = 0; j < len; j++) /* any byte that is no end; the vector compares signed or unsigned */
      do
        text[j] = (char)chance_next(&chance);
      while (text[j] == '"' || text[j] == '\\' || (unsigned char)text[j] < 0x20);
    if (len > 0 && chance_between(&chance, 0, 3) > 0)
      text[chance_between(&chance, 0, (int64_t)len - 1)] =
          "\"\\\n\x1f\0"[chance_between(&chance, 0, 4)];
    copy = exact_copy(text, len);
    CHECK(sr_scan(copy, copy + len) == sr_scan_plain(copy, copy + len), "round %d: %td, not %td", i,
          sr_scan(copy, copy + len) - copy, sr_scan_plain(copy, copy + len) - copy);
    free(copy);
  }
}

static void scan_stops_at_each_byte_that_ends_plain_text(void **state) {
  size_t at;
  int byte;
  (void)state;
  for (byte = 0; byte < 256; byte++)
    for (at = 0; at < 40; at++) {
      char text[40];
      size_t found;
      memset(text, 'x', sizeof text);
      text[at] = (char)byte;
      found = byte == '"' || byte == '\\' || byte < 0x20 ? at : sizeof text;
      CHECK((size_t)(sr_scan(text, text + sizeof text) - text) == found, "byte %d at %zu", byte,
            at);
      CHECK((size_t)(sr_scan_plain(text, text + sizeof text) - text) == found,
            "byte %d at %zu, plain", byte, at);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(number_is_the_nearest_double),
      cmocka_unit_test(number_is_the_nearest_double_of_random_digits),
      cmocka_unit_test(number_is_whole_if_64_bits_hold_it),
      cmocka_unit_test(number_ends_where_it_ends),
      cmocka_unit_test(number_says_what_is_wrong_and_where),
      cmocka_unit_test(number_of_more_than_4095_characters_is_refused),
      cmocka_unit_test(short_number_is_read_or_left),
      cmocka_unit_test(scan_finds_what_a_plain_loop_finds),
      cmocka_unit_test(scan_stops_at_each_byte_that_ends_plain_text),
  };
  return cmocka_run_group_tests_name("sr_number", tests, NULL, NULL);
}
