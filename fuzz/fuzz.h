/* Shared code of the fuzz targets. A target is a file here with one function that turns bytes into a
** test case and returns the problem it found, or NULL. The bytes come from libFuzzer, or under gcc from
** a deterministic generator. The C tests run a few generated cases.
** SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

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

#endif
