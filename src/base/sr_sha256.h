/* SHA-256 (FIPS 180-4), for names that must not give away what they were made from.
** SPDX-License-Identifier: MIT */
#ifndef SR_SHA256_H
#define SR_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SR_SHA256_SIZE = 32 };

/* Parts are hashed as if they stood in one piece of memory. */
struct sr_sha256 {
  uint32_t h[8];
  uint64_t bytes;
  unsigned char block[64];
};

void sr_sha256_init(struct sr_sha256 *sha);
void sr_sha256_add(struct sr_sha256 *sha, const void *data, size_t len);
/* Writes the hash; `sha` is over. */
void sr_sha256_end(struct sr_sha256 *sha, unsigned char out[SR_SHA256_SIZE]);

#endif
