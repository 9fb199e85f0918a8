/* What the fuzz targets share. A target is a file here with one function that takes bytes, makes a
** case of them and says what is wrong with the outcome: under libFuzzer the bytes are its own, under
** gcc they come from a generator that repeats itself, and the C tests run a few of the same.
** SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* NULL, or what is wrong. */
const char *fuzz_one(const uint8_t *data, size_t len);

/* The bytes of a case, zeros behind its end. */
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

#endif
