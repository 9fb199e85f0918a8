/* SHA-256.
** SPDX-License-Identifier: MIT */
#include "base/sr_sha256.h"

#include "base/sr_base.h"

#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, int n) {
  return x >> n | x << (32 - n);
}

static void mix(struct sr_sha256 *sha) {
  uint32_t w[64], v[8];
  int i;
  for (i = 0; i < 16; i++) {
    const unsigned char *p = &sha->block[(size_t)4 * (size_t)i];
    w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  }
  for (; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(v, sha->h, sizeof v);
  for (i = 0; i < 64; i++) {
    uint32_t one = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                   ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                   ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += one;
    v[0] = one + two;
  }
  for (i = 0; i < 8; i++)
    sha->h[i] += v[i];
}

void sr_sha256_init(struct sr_sha256 *sha) {
  static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(sha->h, start, sizeof start);
  sha->bytes = 0;
}

void sr_sha256_add(struct sr_sha256 *sha, const void *data, size_t len) {
  const unsigned char *p = data;
  while (len-- > 0) {
    sha->block[sha->bytes++ % 64] = *p++;
    if (sha->bytes % 64 == 0)
      mix(sha);
  }
}

void sr_sha256_end(struct sr_sha256 *sha, unsigned char out[SR_SHA256_SIZE]) {
  uint64_t bits = sha->bytes * 8;
  unsigned char length[8], one = 0x80, zero = 0;
  int i;
  for (i = 0; i < 8; i++)
    length[i] = (unsigned char)(bits >> (56 - 8 * i));
  sr_sha256_add(sha, &one, 1);
  while (sha->bytes % 64 != 56)
    sr_sha256_add(sha, &zero, 1);
  sr_sha256_add(sha, length, sizeof length);
  for (i = 0; i < SR_SHA256_SIZE; i++)
    out[i] = (unsigned char)(sha->h[i / 4] >> (24 - 8 * (i % 4)));
}
