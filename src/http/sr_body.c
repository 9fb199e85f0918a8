/* Recognises the kind of an answer's body.
** SPDX-License-Identifier: MIT */
#include "http/sr_body.h"

#include "base/sr_base.h"
#include "http/sr_error.h"

#include <string.h>

enum { LOOKED_AT = 1024 };

static int is_null(const char *p, size_t len) {
  while (len > 4 && sr_is_blank(p[len - 1]))
    len--;
  return len == 4 && memcmp(p, "null", 4) == 0;
}

/*
** Control characters that no text has, or more than a quarter of bytes that are not UTF-8. A NUL
** proves nothing: C programs send them after their texts.
*/
static int is_binary(const char *p, size_t len) {
  size_t i = 0, odd = 0;
  while (i < len) {
    size_t valid = sr_utf8_valid(p + i, len - i), k;
    for (k = i; k < i + valid; k++) {
      unsigned char c = (unsigned char)p[k];
      if (c < 0x20 && strchr("\t\n\f\r\x1b", c) == NULL) /* which finds the NUL too */
        return 1;
    }
    i += valid;
    if (i < len) {
      odd++;
      i++;
    }
  }
  return odd > len / 4;
}

enum sr_look sr_body_look(const char *body, size_t len) {
  const char *p = body, *end = body + (len < LOOKED_AT ? len : LOOKED_AT);
  if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
    p += 3;
  while (p < end && sr_is_blank(*p))
    p++;
  if (len == 0)
    return SR_LOOK_EMPTY;
  if (p == end)
    return SR_LOOK_TEXT;
  if (*p == '<')
    return SR_LOOK_HTML;
  if (*p == '{' || *p == '[' || is_null(p, (size_t)(end - p)))
    return SR_LOOK_JSON;
  return is_binary(p, (size_t)(end - p)) ? SR_LOOK_BINARY : SR_LOOK_TEXT;
}
