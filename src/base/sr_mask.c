/* Hides a secret in texts that are shown.
** SPDX-License-Identifier: MIT */
#include "base/sr_mask.h"

#include "base/sr_base.h"

#include <string.h>

#define HIDDEN      "\xe2\x80\xa6" /* … */
#define HIDDEN_SIZE (sizeof HIDDEN - 1)
#define TAIL        ((size_t)4)
#define LONG_ENOUGH ((size_t)32) /* from this length on, the tail is an eighth at most */
#define LEAST       ((size_t)4)  /* shorter runs stay, unless they are the whole secret */

/* A hash of two bytes that is the same in any case. A macro, since every few bytes of a text need it. */
#define WITHOUT_CASE(c) ((unsigned)(unsigned char)(c) & ~0x20U)
#define PAIR_OF(a, b)   ((WITHOUT_CASE(a) * 61 ^ WITHOUT_CASE(b)) & 4095)

/* 0: the bytes do not follow each other in the secret, in any case. */
#define MAY_PAIR(mask, a, b) ((mask)->pairs[PAIR_OF(a, b) / 8] & 1U << PAIR_OF(a, b) % 8)

int sr_mask_text(struct sr_mask *mask, const char *secret, size_t len, size_t window) {
  size_t i;
  memset(mask, 0, sizeof *mask);
  if (sr_buf_append(&mask->secret, secret, len) != 0)
    return -1;
  for (i = 0; i < len; i++)
    mask->secret.data[i] = sr_lower(secret[i]);
  for (i = 0; i + 1 < len; i++) {
    unsigned pair = PAIR_OF(mask->secret.data[i], mask->secret.data[i + 1]);
    mask->pairs[pair / 8] |= (unsigned char)(1U << pair % 8);
  }
  mask->window = window < len ? window : len;
  mask->filler = len > 0 && memchr(secret, '*', len) != NULL ? ' ' : '*';
  if (len >= HIDDEN_SIZE)
    memcpy(mask->hint, HIDDEN, HIDDEN_SIZE);
  else
    memset(mask->hint, mask->filler, len);
  return 0;
}

int sr_mask_key(struct sr_mask *mask, const char *key, size_t len) {
  if (sr_mask_text(mask, key, len, len / 8 + 1 > LEAST ? len / 8 + 1 : LEAST) != 0)
    return -1;
  if (len >= LONG_ENOUGH)
    memcpy(mask->hint + HIDDEN_SIZE, key + len - TAIL, TAIL);
  return 0;
}

void sr_mask_fini(struct sr_mask *mask) {
  sr_buf_fini(&mask->secret);
  memset(mask, 0, sizeof *mask);
}

/* ---- finding runs ---- */

/* A text, read as it is or with its escapes undone. */
struct view {
  const char *text;
  size_t len;
  int decoded;
};

static int hex_digit(char c) {
  c = sr_lower(c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that `high` and `low` write, or -1. */
static int hex_byte(char high, char low) {
  int a = hex_digit(high), b = hex_digit(low);
  return a < 0 || b < 0 ? -1 : a * 16 + b;
}

/* The character at `i`, in lower case; `*width`: how many bytes write it. */
static char at(const struct view *view, size_t i, size_t *width) {
  const char *p = view->text + i;
  size_t left = view->len - i;
  int byte = -1;
  *width = 1;
  if (!view->decoded || (*p != '%' && *p != '\\') || left < 2)
    return sr_lower(*p);
  if (*p == '%' && left >= 3) {
    byte = hex_byte(p[1], p[2]);
    *width = 3;
  } else if (*p == '\\' && sr_lower(p[1]) == 'u' && left >= 6 && p[2] == '0' && p[3] == '0') {
    byte = hex_byte(p[4], p[5]);
    *width = 6;
  } else if (*p == '\\' && (p[1] == '/' || p[1] == '\\' || p[1] == '"')) {
    byte = (unsigned char)p[1];
    *width = 2;
  }
  if (byte < 0) {
    *width = 1;
    return *p;
  }
  return sr_lower((char)byte);
}

/* The end of the longest run that begins at `i`, or `i`; `*whole`: it is all of the secret. */
static size_t run_at(const struct sr_mask *mask, const struct view *view, size_t i, int *whole) {
  const char *secret = mask->secret.data;
  size_t n = mask->secret.len, width, k, longest = 0, end = i;
  char first = at(view, i, &width), second = '\0';
  *whole = 0;
  if (mask->window > 1) {
    size_t ignored;
    if (i + width >= view->len)
      return i;
    second = at(view, i + width, &ignored);
    if (!MAY_PAIR(mask, first, second))
      return i;
  }
  for (k = 0; k + mask->window <= n; k++) {
    size_t j = i, length = 0;
    if (secret[k] != first || (mask->window > 1 && secret[k + 1] != second))
      continue;
    while (k + length < n && j < view->len && at(view, j, &width) == secret[k + length]) {
      length++;
      j += width;
    }
    if (length >= mask->window && length > longest) {
      longest = length;
      end = j;
      *whole = length == n;
    }
  }
  return end;
}

/*
** Whether a text has no run, written without escapes. A run of `window` bytes has a pair at a
** multiple of window - 1: the others need no look.
*/
static int is_clean(const struct sr_mask *mask, const char *text, size_t len) {
  const char *secret = mask->secret.data;
  size_t n = mask->secret.len, step = mask->window > 2 ? mask->window - 1 : 1, i, k;
  if (len < mask->window)
    return 1;
  if (mask->window == 1)
    return 0;
  for (i = 0; i + 1 < len; i += step) {
    char first, second;
    if (!MAY_PAIR(mask, text[i], text[i + 1]))
      continue;
    first = sr_lower(text[i]);
    second = sr_lower(text[i + 1]);
    for (k = 0; k + 1 < n; k++) {
      size_t before = 0, after = 0;
      if (secret[k] != first || secret[k + 1] != second)
        continue;
      while (before < i && before < k && sr_lower(text[i - before - 1]) == secret[k - before - 1])
        before++;
      while (i + after < len && k + after < n && sr_lower(text[i + after]) == secret[k + after])
        after++;
      if (before + after >= mask->window)
        return 0;
    }
  }
  return 1;
}

/* ---- hiding them ---- */

/* Whether a run begins in the hint's tail, with what follows it. */
static int joins(const struct sr_mask *mask, const char *next, size_t next_len) {
  char both[64];
  struct view view = {both, 0, 0};
  size_t hint_len = strlen(mask->hint), more = mask->window < next_len ? mask->window : next_len, i;
  int whole;
  if (hint_len + more > sizeof both)
    return 1;
  memcpy(both, mask->hint, hint_len);
  memcpy(both + hint_len, next, more);
  view.len = hint_len + more;
  for (i = 0; i < hint_len; i++)
    if (run_at(mask, &view, i, &whole) > i)
      return 1;
  return 0;
}

/* Writes what stands for a run of `len` bytes, no longer than it. Returns its length. */
static size_t put(const struct sr_mask *mask, char *out, size_t len, int tail) {
  size_t hint_len = strlen(mask->hint);
  if (tail) {
    memcpy(out, mask->hint, hint_len);
    return hint_len;
  }
  if (len < HIDDEN_SIZE) {
    memset(out, mask->filler, len);
    return len;
  }
  memcpy(out, HIDDEN, HIDDEN_SIZE);
  return HIDDEN_SIZE;
}

/* Hides the runs of one reading; overlapping ones are one. `*found`: how many there were. */
static size_t pass(const struct sr_mask *mask, char *text, size_t len, int decoded, int tails,
                   size_t *found) {
  struct view view = {text, len, decoded};
  size_t i = 0, to = 0, kept = 0; /* text[kept..i) stays */
  *found = 0;
  while (i < len) {
    size_t width, begin = i;
    int whole;
    size_t end = run_at(mask, &view, i, &whole);
    (void)at(&view, i, &width);
    i += width;
    if (end == begin)
      continue;
    while (i < end) { /* others that begin within it */
      int other;
      size_t further = run_at(mask, &view, i, &other);
      whole |= other;
      end = further > end ? further : end;
      (void)at(&view, i, &width);
      i += width;
    }
    i = end;
    memmove(text + to, text + kept, begin - kept);
    to += begin - kept;
    to += put(mask, text + to, end - begin, tails && whole && !joins(mask, text + end, len - end));
    kept = end;
    ++*found;
  }
  if (*found == 0)
    return len;
  memmove(text + to, text + kept, len - kept);
  to += len - kept;
  if (to < len)
    text[to] = '\0';
  return to;
}

size_t sr_mask_hide(const struct sr_mask *mask, char *text, size_t len) {
  int escapes, tails = 1;
  size_t found;
  if (mask->secret.len == 0 || len == 0)
    return len;
  escapes = memchr(text, '%', len) != NULL || memchr(text, '\\', len) != NULL;
  if (!escapes && is_clean(mask, text, len))
    return len;
  do {
    size_t written = 0;
    if (escapes)
      len = pass(mask, text, len, 1, tails, &written);
    len = pass(mask, text, len, 0, tails, &found);
    found = escapes ? found + written : 0; /* what is left may make escapes, and they a run */
    tails = 0;
  } while (found > 0);
  return len;
}
