/* Shared code of the fuzz targets. A target is a file here with one function that turns bytes into a
** test case and returns the problem it found, or NULL. The bytes come from libFuzzer, or under gcc from
** a deterministic generator. The C tests run a few generated cases.
** SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns NULL, or the problem. */
const char *fuzz_one(const uint8_t *data, size_t len);

/* The bytes of a case, then zeros. */
struct fuzz_bytes {
  const uint8_t *data;
  size_t len;
};

static inline unsigned fuzz_byte(struct fuzz_bytes *bytes) {
  if (bytes->len == 0)
    return 0;
  bytes->len--;
  return *bytes->data++;
}

/* A text that a case is made into, cut at its size. */
enum { FUZZ_TEXT_MAX = 3000 };
struct fuzz_text {
  char data[FUZZ_TEXT_MAX + 1];
  size_t len;
};

static inline void fuzz_add(struct fuzz_text *text, unsigned c) {
  if (text->len < FUZZ_TEXT_MAX)
    text->data[text->len++] = (char)c;
  text->data[text->len] = '\0';
}

static inline void fuzz_add_string(struct fuzz_text *text, const char *s) {
  while (*s != '\0')
    fuzz_add(text, (unsigned char)*s++);
}

/*
** Makes all bytes that are left into a text: most of them stand for one of the `words`, some for the
** byte that follows.
*/
static inline void fuzz_words(struct fuzz_text *text, struct fuzz_bytes *bytes,
                              const char *const *words, size_t count) {
  text->len = 0;
  text->data[0] = '\0';
  while (bytes->len > 0) {
    unsigned what = fuzz_byte(bytes);
    if (what < 200)
      fuzz_add_string(text, words[what % count]);
    else
      fuzz_add(text, fuzz_byte(bytes));
  }
}

#endif
