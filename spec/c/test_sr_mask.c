/* The masking of secrets: the fuzz target over a generator, and what only a caller of C sees.
** SPDX-License-Identifier: MIT */
#include "../../fuzz/mask.c"

#include "support.h"

static void nothing_of_a_key_is_left_in_texts_made_of_its_pieces(void **state) {
  struct chance chance = {4711};
  int i, count = rounds(20000);
  (void)state;
  for (i = 0; i < count; i++) {
    uint8_t data[48];
    size_t len = (size_t)chance_between(&chance, 8, sizeof data), k;
    const char *problem;
    for (k = 0; k < len; k++)
      data[k] = (uint8_t)chance_between(&chance, 0, 255);
    problem = fuzz_one(data, len);
    CHECK(problem == NULL, "case %d: %s", i, problem);
  }
}

static void a_mask_of_nothing_changes_nothing(void **state) {
  static const struct sr_mask none;
  struct sr_mask empty;
  char text[] = "any text";
  (void)state;
  assert_int_equal(sr_mask_hide(&none, text, strlen(text)), strlen(text));
  assert_int_equal(sr_mask_text(&empty, "", 0, 12), 0);
  assert_int_equal(sr_mask_hide(&empty, text, strlen(text)), strlen(text));
  assert_string_equal(text, "any text");
  sr_mask_fini(&empty);
}

static void a_secret_text_is_hidden_by_pieces_of_its_window(void **state) {
  struct sr_mask mask;
  char text[] = "X-Sig=0123456789abcdef, 0123456789a, 23456789abcd.";
  (void)state;
  assert_int_equal(sr_mask_text(&mask, "X-Sig=0123456789abcdef", 22, 12), 0);
  assert_int_equal(sr_mask_hide(&mask, text, strlen(text)), strlen("\xe2\x80\xa6, 0123456789a, "
                                                                   "\xe2\x80\xa6."));
  assert_string_equal(text, "\xe2\x80\xa6, 0123456789a, \xe2\x80\xa6.");
  sr_mask_fini(&mask);
}

/* A text of many pieces is passed over once, not once a piece: this ends. */
static void a_large_text_of_pieces_takes_time_by_its_length(void **state) {
  static const char key[] = "be2165b7d065e278e7305c1c7ef791f283f5d14b";
  size_t len = 40 * (size_t)rounds(50000), i;
  char *text = malloc(len + 1);
  struct sr_mask mask;
  (void)state;
  assert_non_null(text);
  for (i = 0; i < len; i += 40)
    memcpy(text + i, key, 40);
  assert_int_equal(sr_mask_key(&mask, key, 40), 0);
  assert_int_equal(sr_mask_hide(&mask, text, len), len / 40 * 7);
  sr_mask_fini(&mask);
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_of_a_key_is_left_in_texts_made_of_its_pieces),
      cmocka_unit_test(a_mask_of_nothing_changes_nothing),
      cmocka_unit_test(a_secret_text_is_hidden_by_pieces_of_its_window),
      cmocka_unit_test(a_large_text_of_pieces_takes_time_by_its_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
