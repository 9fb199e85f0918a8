/* A scanner for error bodies: takes what it finds and forgives the rest.
** SPDX-License-Identifier: MIT */
#include "base/sr_json.h"

#include "base/sr_base.h"

#include <string.h>

struct scan {
  const char *p;
  const char *end;
};

static void scan_space(struct scan *scan) {
  while (scan->p < scan->end && sr_is_blank(*scan->p))
    scan->p++;
}

static int next_is(struct scan *scan, char c) {
  scan_space(scan);
  if (scan->p >= scan->end || *scan->p != c)
    return 0;
  scan->p++;
  return 1;
}

/* The value of a hex digit, or -1. */
static int hex1(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20; /* lower case */
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hex digits at *p, or -1. */
static long hex4(const char **p, const char *end) {
  int value = 0, i;
  if (end - *p < 4)
    return -1;
  for (i = 0; i < 4; i++) {
    int digit = hex1(*(*p)++);
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return value;
}

/* What the escape of one letter stands for; 0: there is none. */
static char unescaped(char c) {
  switch (c) {
  case '"':
  case '\\':
  case '/':
    return c;
  case 'b':
    return '\b';
  case 'f':
    return '\f';
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  default:
    return 0;
  }
}

static size_t utf8(char out[4], long code) {
  if (code < 0x80) {
    out[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    out[0] = (char)(0xc0 | (code >> 6));
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = (char)(0xe0 | (code >> 12));
    out[1] = (char)(0x80 | ((code >> 6) & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
  }
  out[0] = (char)(0xf0 | (code >> 18));
  out[1] = (char)(0x80 | ((code >> 12) & 0x3f));
  out[2] = (char)(0x80 | ((code >> 6) & 0x3f));
  out[3] = (char)(0x80 | (code & 0x3f));
  return 4;
}

size_t sr_json_unescape(const char **p, const char *end, char out[4]) {
  long code;
  char c;
  if (*p >= end)
    return 0;
  c = *(*p)++;
  if (c != 'u') {
    out[0] = unescaped(c);
    return out[0] != 0;
  }
  code = hex4(p, end);
  if (code >= 0xd800 && code < 0xdc00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
    const char *second = *p;
    long low;
    *p += 2;
    low = hex4(p, end);
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else { /* half a pair; what follows stands for itself */
      *p = second;
      code = 0xfffd;
    }
  } else if (code >= 0xd800 && code < 0xe000) {
    code = 0xfffd;
  }
  return code < 0 ? 0 : utf8(out, code);
}

/*
** Reads a string whose opening quote was read, writes what fits to `out` (size 0: nothing). 1 when
** it ended properly; 0 when the text broke off, with what there was in `out`.
*/
static int scan_string(struct scan *scan, char *out, size_t size) {
  size_t used = 0;
  int whole = 0;
  while (scan->p < scan->end) {
    char piece[4] = {0};
    size_t n = 1;
    char c = *scan->p++;
    if (c == '"') {
      whole = 1;
      break;
    }
    piece[0] = c;
    if (c == '\\' && (n = sr_json_unescape(&scan->p, scan->end, piece)) == 0)
      break;
    if (used + n < size) {
      memcpy(out + used, piece, n);
      used += n;
    }
  }
  if (size > 0)
    out[used] = '\0';
  return whole;
}

/* Passes over one value of any kind. 0 when the text breaks off in it. */
static int skip_value(struct scan *scan) {
  size_t depth = 0;
  scan_space(scan);
  while (scan->p < scan->end) {
    char c = *scan->p;
    if (depth == 0 && (c == ',' || c == '}' || c == ']'))
      return 1;
    scan->p++;
    if (c == '"') {
      if (!scan_string(scan, NULL, 0))
        return 0;
    } else if (c == '{' || c == '[') {
      depth++;
    } else if (c == '}' || c == ']') {
      depth--;
    }
  }
  return 0;
}

/* Goes to the value of member `name` of the object at scan->p. 1 when it is there. */
static int enter_member(struct scan *scan, const char *name) {
  char key[64];
  if (!next_is(scan, '{'))
    return 0;
  while (next_is(scan, '"')) {
    if (!scan_string(scan, key, sizeof key) || !next_is(scan, ':'))
      return 0;
    if (strcmp(key, name) == 0) {
      scan_space(scan);
      return 1;
    }
    if (!skip_value(scan) || !next_is(scan, ','))
      return 0;
  }
  return 0;
}

int sr_json_string(const char *text, size_t len, const char *outer, const char *inner, char *out,
                   size_t size) {
  struct scan scan;
  scan.p = text;
  scan.end = text + len;
  if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
    scan.p += 3;
  if (!enter_member(&scan, outer) || (inner != NULL && !enter_member(&scan, inner)) ||
      !next_is(&scan, '"'))
    return 0;
  scan_string(&scan, out, size);
  return 1;
}
