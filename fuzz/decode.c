/* Fuzz target: the decoder accepts what is JSON and refuses what is not. The judge is a plain reading
** of RFC 8259's grammar.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

int luaopen_lseranking(lua_State *L);

/* ---- the judge ---- */

struct judge {
  const char *at, *end;
  int depth, deepest;
  int too_large; /* a number is beyond a double */
};

static void skip_space(struct judge *judge) {
  while (judge->at < judge->end && strchr(" \t\r\n", *judge->at) != NULL && *judge->at != '\0')
    judge->at++;
}

static int next_is(struct judge *judge, char c) {
  if (judge->at == judge->end || *judge->at != c)
    return 0;
  judge->at++;
  return 1;
}

static int is_digit(const struct judge *judge) {
  return judge->at < judge->end && *judge->at >= '0' && *judge->at <= '9';
}

static int digits(struct judge *judge) {
  const char *from = judge->at;
  while (is_digit(judge))
    judge->at++;
  return judge->at > from;
}

static int number(struct judge *judge) {
  const char *from = judge->at;
  next_is(judge, '-');
  if (!next_is(judge, '0') && !digits(judge))
    return 0;
  if (next_is(judge, '.') && !digits(judge))
    return 0;
  if (next_is(judge, 'e') || next_is(judge, 'E')) {
    if (!next_is(judge, '+'))
      next_is(judge, '-');
    if (!digits(judge))
      return 0;
  }
  if (isinf(strtod(from, NULL)))
    judge->too_large = 1;
  return 1;
}

static int is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int string(struct judge *judge) {
  if (!next_is(judge, '"'))
    return 0;
  while (judge->at < judge->end && *judge->at != '"') {
    if ((unsigned char)*judge->at < 0x20)
      return 0;
    if (*judge->at++ != '\\')
      continue;
    if (judge->at == judge->end)
      return 0;
    if (*judge->at == 'u') {
      int i;
      for (i = 1; i <= 4; i++)
        if (judge->at + i >= judge->end || !is_hex(judge->at[i]))
          return 0;
      judge->at += 5;
    } else if (*judge->at != '\0' && strchr("\"\\/bfnrt", *judge->at) != NULL) {
      judge->at++;
    } else {
      return 0;
    }
  }
  return next_is(judge, '"');
}

static int word(struct judge *judge, const char *text) {
  size_t len = strlen(text);
  if ((size_t)(judge->end - judge->at) < len || memcmp(judge->at, text, len) != 0)
    return 0;
  judge->at += len;
  return 1;
}

static int value(struct judge *judge);

static int members(struct judge *judge, char close, int named) {
  skip_space(judge);
  if (next_is(judge, close))
    return 1;
  do {
    skip_space(judge);
    if (named) {
      if (!string(judge))
        return 0;
      skip_space(judge);
      if (!next_is(judge, ':'))
        return 0;
    }
    if (!value(judge))
      return 0;
    skip_space(judge);
  } while (next_is(judge, ','));
  return next_is(judge, close);
}

static int value(struct judge *judge) {
  int fine;
  skip_space(judge);
  if (judge->at == judge->end)
    return 0;
  if (++judge->depth > judge->deepest)
    judge->deepest = judge->depth;
  if (next_is(judge, '['))
    fine = members(judge, ']', 0);
  else if (next_is(judge, '{'))
    fine = members(judge, '}', 1);
  else if (*judge->at == '"')
    fine = string(judge);
  else if (*judge->at == '-' || is_digit(judge))
    fine = number(judge);
  else
    fine = word(judge, "true") || word(judge, "false") || word(judge, "null");
  judge->depth--;
  return fine;
}

static int is_json(struct judge *judge) {
  word(judge, "\xef\xbb\xbf");
  if (!value(judge))
    return 0;
  skip_space(judge);
  return judge->at == judge->end;
}

/* ---- the decoder ---- */

static lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  if (L == NULL)
    abort();
  lua_pushcfunction(L, luaopen_lseranking);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "decode");
  return L;
}

/* The text in memory of its own, so that a byte read behind it is found. */
static int accepts(lua_State *L, const struct fuzz_text *text) {
  int accepted;
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  lua_pushlstring(L, text->data, text->len);
  lua_pushboolean(L, 1);
  lua_call(L, 2, LUA_MULTRET);
  accepted = !lua_isnil(L, 3);
  if (!accepted && (lua_type(L, 4) != LUA_TSTRING || strstr(lua_tostring(L, 4), "at byte") == NULL))
    return -1;
  lua_settop(L, 2);
  return accepted;
}

/* ---- the case: JSON by its grammar, with a few words where they don't belong ---- */

static void add_one(struct fuzz_text *text, struct fuzz_bytes *bytes, const char *const *words,
                    size_t count) {
  fuzz_add_string(text, words[fuzz_byte(bytes) % count]);
}
#define ADD_ONE(text, bytes, words) add_one(text, bytes, words, sizeof words / sizeof words[0])

static void add_number(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const whole[] = {
      "0", "7", "-1", "12", "9007199254740993", "-0", "18446744073709551616"};
  static const char *const fraction[] = {"", "", ".5", ".25", ".000000000000000000001"};
  static const char *const exponent[] = {"", "", "", "e5", "E-7", "e+300", "e-400"};
  ADD_ONE(text, bytes, whole);
  ADD_ONE(text, bytes, fraction);
  ADD_ONE(text, bytes, exponent);
}

static void add_quoted(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const parts[] = {"a",       "",     "\\n",      "\\u00e4", "\\ud83d\\ude00",
                                      "\\ud83d", "\\\"", "\xc3\xa4", "\xff",    "a longer text"};
  unsigned count = fuzz_byte(bytes) % 4;
  fuzz_add(text, '"');
  while (count-- > 0)
    ADD_ONE(text, bytes, parts);
  fuzz_add(text, '"');
}

static void add_misplaced(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const words[] = {
      "0", "1", ",",   ":",   "]",  "}",  "\"", "\\", "\x01", "\x1f",  "-", ".",
      "e", "+", "tru", "nul", "\t", "\n", "[",  "{",  "/",    "\\u12", "'", "\xef\xbb\xbf"};
  if (fuzz_byte(bytes) >= 248)
    ADD_ONE(text, bytes, words);
}

static void add_value(struct fuzz_text *text, struct fuzz_bytes *bytes, int depth) {
  static const char *const literals[] = {"null", "true", "false"};
  static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r "};
  unsigned what = fuzz_byte(bytes), i, count;
  ADD_ONE(text, bytes, spaces);
  if (what < 90 || depth == 6) {
    add_number(text, bytes);
  } else if (what < 130) {
    add_quoted(text, bytes);
  } else if (what < 150) {
    ADD_ONE(text, bytes, literals);
  } else {
    fuzz_add(text, what < 200 ? '[' : '{');
    count = fuzz_byte(bytes) % 4;
    for (i = 0; i < count; i++) {
      add_misplaced(text, bytes);
      if (i > 0)
        fuzz_add(text, ',');
      if (what >= 200) {
        add_quoted(text, bytes);
        fuzz_add(text, ':');
      }
      add_value(text, bytes, depth + 1);
    }
    fuzz_add(text, what < 200 ? ']' : '}');
  }
  ADD_ONE(text, bytes, spaces);
  add_misplaced(text, bytes);
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  static lua_State *L;
  struct fuzz_bytes bytes = {data, len};
  struct fuzz_text text;
  struct judge judge;
  int accepted, right;
  if (L == NULL)
    L = new_state();
  text.len = 0;
  add_misplaced(&text, &bytes);
  add_value(&text, &bytes, 0);
  memset(&judge, 0, sizeof judge);
  judge.at = text.data;
  judge.end = text.data + text.len;
  right = is_json(&judge);
  accepted = accepts(L, &text);
  if (accepted < 0)
    return "a refusal does not say where";
  if (judge.too_large || judge.deepest > 500)
    return NULL;
  if (accepted && !right)
    return "a text that is no JSON is accepted";
  if (!accepted && right)
    return "JSON is refused";
  return NULL;
}
