/* SHA-256: the NIST examples for FIPS 180.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "base/sr_sha256.h"

static void hex(struct sr_sha256 *sha, char out[2 * SR_SHA256_SIZE + 1]) {
  unsigned char hash[SR_SHA256_SIZE];
  int i;
  sr_sha256_end(sha, hash);
  for (i = 0; i < SR_SHA256_SIZE; i++)
    snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static const struct {
  const char *text, *hash;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", /* 448 bits */
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn" /* 896 bits */
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void the_published_examples_have_the_published_hashes(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(examples); i++) {
    struct sr_sha256 sha;
    char out[2 * SR_SHA256_SIZE + 1];
    sr_sha256_init(&sha);
    sr_sha256_add(&sha, examples[i].text, strlen(examples[i].text));
    hex(&sha, out);
    CHECK(strcmp(out, examples[i].hash) == 0, "%s: %s", examples[i].text, out);
  }
}

static void a_million_times_a_has_the_published_hash(void **state) {
  struct sr_sha256 sha;
  char out[2 * SR_SHA256_SIZE + 1], part[1000];
  int i;
  (void)state;
  memset(part, 'a', sizeof part);
  sr_sha256_init(&sha);
  for (i = 0; i < 1000; i++)
    sr_sha256_add(&sha, part, sizeof part);
  hex(&sha, out);
  assert_string_equal(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void input_in_parts_hashes_like_one_piece(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(examples); i++) {
    size_t len = strlen(examples[i].text), cut;
    for (cut = 0; cut <= len; cut++) {
      struct sr_sha256 sha;
      char out[2 * SR_SHA256_SIZE + 1];
      sr_sha256_init(&sha);
      sr_sha256_add(&sha, examples[i].text, cut);
      sr_sha256_add(&sha, "", 0);
      sr_sha256_add(&sha, examples[i].text + cut, len - cut);
      hex(&sha, out);
      CHECK(strcmp(out, examples[i].hash) == 0, "%s, cut at %zu", examples[i].text, cut);
    }
  }
}

/* Lengths around the end of a block, with and without a separate block for the padding. */
static void no_two_lengths_of_the_same_byte_hash_alike(void **state) {
  static char seen[130][2 * SR_SHA256_SIZE + 1];
  size_t len, other;
  (void)state;
  for (len = 0; len < 130; len++) {
    struct sr_sha256 sha;
    char zeros[130] = {0};
    sr_sha256_init(&sha);
    sr_sha256_add(&sha, zeros, len);
    hex(&sha, seen[len]);
    for (other = 0; other < len; other++)
      CHECK(strcmp(seen[len], seen[other]) != 0, "%zu and %zu bytes", len, other);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_published_examples_have_the_published_hashes),
      cmocka_unit_test(a_million_times_a_has_the_published_hash),
      cmocka_unit_test(input_in_parts_hashes_like_one_piece),
      cmocka_unit_test(no_two_lengths_of_the_same_byte_hash_alike),
  };
  return cmocka_run_group_tests_name("sr_sha256", tests, NULL, NULL);
}
