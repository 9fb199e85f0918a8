/* Fuzz target: nothing shown contains a piece of the key longer than an eighth of it.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "http/sr_config.h"
#include "http/sr_error.h"

/* ---- the case ---- */

static size_t make_key(struct fuzz_bytes *bytes, char *key) {
  static const char *const alphabets[] = {"0123456789abcdef", "ab", "ABCabc012", "a*%\\/u0062",
                                          "abcdefghijklmnopqrstuvwxyz-_.~!$&'()+,;=:@"};
  static const size_t lengths[] = {40, 36, 40, 32, 64, 24, 12, 8};
  unsigned how = fuzz_byte(bytes);
  const char *alphabet = alphabets[how % 5];
  size_t len = how < 200 ? lengths[how / 5 % 8] : 1 + fuzz_byte(bytes) % 64, i,
         n = strlen(alphabet);
  uint64_t x = 1 + fuzz_byte(bytes) + 256 * (uint64_t)fuzz_byte(bytes);
  for (i = 0; i < len; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    key[i] = alphabet[(x >> 33) % n];
  }
  if ((how & 1) != 0 && len >= 8) /* same start and end */
    memcpy(key + len - len / 4, key, len / 4);
  return len;
}

static void add_piece(struct fuzz_text *text, struct fuzz_bytes *bytes, const char *key,
                      size_t key_len) {
  static const char hex[] = "0123456789abcdef";
  size_t from = fuzz_byte(bytes) % key_len, len = 1 + fuzz_byte(bytes) % key_len, i;
  unsigned how = fuzz_byte(bytes);
  if (how % 4 == 0) {
    from = 0;
    len = key_len;
  }
  for (i = from; i < from + len && i < key_len; i++) {
    unsigned c = (unsigned char)key[i];
    if ((how & 4) != 0 && c >= 'a' && c <= 'z')
      c -= 32;
    switch (how / 8 % 8 == 7 ? (how + i) % 7 : how / 8 % 8) {
    case 1:
      fuzz_add(text, '%');
      fuzz_add(text, (unsigned char)hex[c / 16]);
      fuzz_add(text, (unsigned char)hex[c % 16]);
      break;
    case 2:
      fuzz_add_string(text, "\\u00");
      fuzz_add(text, (unsigned char)hex[c / 16]);
      fuzz_add(text, (unsigned char)hex[c % 16]);
      break;
    case 3:
      fuzz_add(text, c);
      if (i % 3 == 0)
        fuzz_add(text, how < 128 ? 0x01 : 0);
      break;
    case 4:
      fuzz_add(text, c);
      fuzz_add_string(text, i % 5 == 0 ? "\xc2\x85" : "");
      break;
    default:
      fuzz_add(text, c);
    }
  }
}

static void make_text(struct fuzz_text *text, struct fuzz_bytes *bytes, const char *key,
                      size_t key_len) {
  static const char *const words[] = {"{\"message\":\"",
                                      "\",\"x\":\"",
                                      "License expired",
                                      "\n\t ",
                                      "%",
                                      "\\",
                                      "\\u00",
                                      "\xe2\x80\xa6",
                                      "*",
                                      "%2",
                                      "\xff",
                                      "\"}"};
  text->len = 0;
  while (bytes->len > 0) {
    unsigned what = fuzz_byte(bytes);
    if (what < 140)
      add_piece(text, bytes, key, key_len);
    else if (what < 200)
      fuzz_add_string(text, words[what % 12]);
    else if (what < 210)
      while (text->len < 280 + what % 4 * 100)
        fuzz_add(text, 'x');
    else
      fuzz_add(text, fuzz_byte(bytes));
  }
}

/* ---- invariants ---- */

static unsigned lower(unsigned char c) {
  return c >= 'A' && c <= 'Z' ? c + 32u : c;
}

/* Whether the text contains too long a piece of the key. Independent of the code under test: compares
** every pair of equal bytes. */
static int shows(const char *text, size_t len, const char *key, size_t key_len) {
  int first[256], next[64]; /* positions of a byte in the key */
  size_t allowed = key_len / 8 > 3 ? key_len / 8 : 3, i, n;
  int k;
  if (key_len <= 3)
    allowed = key_len - 1;
  memset(first, -1, sizeof first);
  for (i = 0; i < key_len; i++) {
    next[i] = first[lower((unsigned char)key[i])];
    first[lower((unsigned char)key[i])] = (int)i;
  }
  for (i = 0; i + allowed < len; i++)
    for (k = first[lower((unsigned char)text[i])]; k >= 0; k = next[k]) {
      for (n = 1; n <= allowed && (size_t)k + n < key_len &&
                  lower((unsigned char)text[i + n]) == lower((unsigned char)key[(size_t)k + n]);)
        n++;
      if (n > allowed)
        return 1;
    }
  return 0;
}

static int is_line(const char *text) {
  size_t i, len = strlen(text);
  for (i = 0; i < len; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
      return 0;
  return sr_utf8_valid(text, len) == len;
}

static const char *check_texts(const struct sr_config *config, const struct fuzz_text *text,
                               const char *key, size_t key_len, unsigned size) {
  static const struct sr_answer none;
  struct sr_answer answer = none;
  struct sr_error error;
  struct fuzz_text copy = *text;
  char line[512];
  copy.len = sr_config_redact(config, copy.data, copy.len);
  if (copy.len > text->len)
    return "a masked text is longer";
  if (shows(copy.data, copy.len, key, key_len))
    return "the key shows in a masked text";
  sr_config_show(config, line, 1 + size * 2, text->data, text->len);
  if (!is_line(line))
    return "an excerpt is not one line of UTF-8";
  if (shows(line, strlen(line), key, key_len))
    return "the key shows in an excerpt";
  answer.status = 400;
  answer.content_type = answer.location = "";
  answer.body = text->data;
  answer.body_len = text->len;
  answer.config = config;
  sr_error_from_http(&error, &answer);
  error.message[sr_config_redact(config, error.message, strlen(error.message))] = '\0';
  if (!is_line(error.message))
    return "a message is not one line of UTF-8";
  if (shows(error.message, strlen(error.message), key, key_len))
    return "the key shows in a message";
  return NULL;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  static struct sr_config config; /* only the mask is set */
  struct fuzz_text text;
  char key[64];
  const char *problem;
  size_t key_len;
  unsigned size = fuzz_byte(&bytes);
  key_len = make_key(&bytes, key);
  make_text(&text, &bytes, key, key_len);
  if (sr_mask_key(&config.key_mask, key, key_len) != 0)
    return NULL;
  problem = check_texts(&config, &text, key, key_len, size);
  sr_mask_fini(&config.key_mask);
  return problem;
}
