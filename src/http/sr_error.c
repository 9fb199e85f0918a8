/* Errors.
** SPDX-License-Identifier: MIT */
#include "http/sr_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

/* In the order of enum sr_kind. */
static const char *const kind_names[] = {
    "",          "auth",      "access",   "invalid", "not_found", "rate_limit",
    "blocked",   "server",    "timeout",  "network", "tls",       "decode",
    "too_large", "cancelled", "protocol", "phase",   "file"};

const char *sr_kind_name(enum sr_kind kind) {
  return kind_names[kind];
}

/* Bytes of the character that a text of `len` bytes begins with. 0: it is not UTF-8. */
static size_t utf8_width(const char *text, size_t len) {
  unsigned char c = (unsigned char)text[0], d;
  size_t more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
  size_t i;
  if (more == 9 || more >= len)
    return 0;
  for (i = 1; i <= more; i++)
    if (((unsigned char)text[i] & 0xc0) != 0x80)
      return 0;
  if (more < 2)
    return more + 1;
  d = (unsigned char)text[1];
  if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
      (c == 0xf4 && d > 0x8f)) /* overlong forms, surrogates, above U+10FFFF */
    return 0;
  return more + 1;
}

size_t sr_utf8_valid(const char *text, size_t len) {
  size_t i = 0, width;
  uint64_t word;
  while (i < len) {
    if (len - i >= sizeof word) { /* most texts are ASCII for the most part */
      memcpy(&word, text + i, sizeof word);
      if ((word & UINT64_C(0x8080808080808080)) == 0) {
        i += sizeof word;
        continue;
      }
    }
    width = utf8_width(text + i, len - i);
    if (width == 0)
      return i;
    i += width;
  }
  return len;
}

size_t sr_error_clean(char *out, size_t size, const char *text, size_t len) {
  static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
  size_t used = 0, i = 0;
  while (i < len) {
    unsigned char c = (unsigned char)text[i];
    size_t width = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    const char *piece = text + i;
    if (i + width > len || sr_utf8_valid(text + i, width) != width) {
      piece = replacement;
      if (used + 3 >= size)
        break;
      memcpy(out + used, piece, 3);
      used += 3;
      i++;
      continue;
    }
    if (used + width >= size)
      break;
    if (c < 0x20 || c == 0x7f ||
        (c == 0xc2 && (unsigned char)piece[1] <
                          0xa0)) { /* line breaks and tabs become one blank, the rest goes */
      if (used > 0 && out[used - 1] != ' ' && (c == '\n' || c == '\t' || c == '\r'))
        out[used++] = ' ';
    } else {
      memcpy(out + used, piece, width);
      used += width;
    }
    i += width;
  }
  while (used > 0 && out[used - 1] == ' ')
    used--;
  out[used] = '\0';
  return used;
}

void sr_error_set(struct sr_error *error, enum sr_kind kind, const char *code, const char *hint,
                  const char *format, ...) {
  char text[SR_MESSAGE_SIZE];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  memset(error, 0, sizeof *error);
  error->kind = kind;
  error->code = code;
  error->hint = hint;
  sr_error_clean(error->message, sizeof error->message, text, strlen(text));
}

void sr_error_option(struct sr_error *error, const char *option, const char *problem) {
  sr_error_set(error, SR_INVALID, "bad_option", NULL, "%s", problem);
  error->option = option;
}

void sr_error_no_memory(struct sr_error *error) {
  sr_error_set(error, SR_TOO_LARGE, "out_of_memory", NULL, "memory ran out");
}
