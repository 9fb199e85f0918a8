/* Finds the end of the plain part of a JSON string, 16 bytes at a time where the processor can.
** SPDX-License-Identifier: MIT */
#ifndef SR_SCAN_H
#define SR_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* -DSR_SCAN_VECTOR=0 builds without: the same result, slower. */
#ifndef SR_SCAN_VECTOR
#define SR_SCAN_VECTOR 1
#endif
#if SR_SCAN_VECTOR && defined(__SSE2__)
#include <emmintrin.h>
#elif SR_SCAN_VECTOR && defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

/* The first quote, backslash or control character from `p` on; `end` if there is none. */
static inline const char *sr_scan_plain(const char *p, const char *end) {
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
    p++;
  return p;
}

/* The same. */
static inline const char *sr_scan(const char *p, const char *end) {
#if SR_SCAN_VECTOR && defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'),
                control = _mm_set1_epi8(0x1f);
  for (; end - p >= 16; p += 16) {
    __m128i text, found;
    unsigned bits;
    memcpy(&text, p, sizeof text);
    found = _mm_or_si128(_mm_cmpeq_epi8(text, quote), _mm_cmpeq_epi8(text, slash));
    found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(text, control), text));
    bits = (unsigned)_mm_movemask_epi8(found);
    if (bits != 0)
      return p + __builtin_ctz(bits);
  }
#elif SR_SCAN_VECTOR && defined(__ARM_NEON) && defined(__aarch64__)
  for (; end - p >= 16; p += 16) {
    uint8x16_t text = vld1q_u8((const uint8_t *)p);
    uint8x16_t found = vorrq_u8(vceqq_u8(text, vdupq_n_u8('"')), vceqq_u8(text, vdupq_n_u8('\\')));
    uint64_t bits; /* four for each byte */
    found = vorrq_u8(found, vcleq_u8(text, vdupq_n_u8(0x1f)));
    bits = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(found), 4)), 0);
    if (bits != 0)
      return p + (__builtin_ctzll(bits) >> 2);
  }
#endif
  return sr_scan_plain(p, end);
}

#endif
