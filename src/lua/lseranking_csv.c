/* Rows as lines of text: CSV by RFC 4180, or with tabs.
** SPDX-License-Identifier: MIT
**
** In C, since a walk over a million rows should not take twice as long for being written. */
#include "lua/lseranking.h"

#include "http/sr_error.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENCODER "seranking.csv_encoder"

struct encoder {
  struct sr_buf buf;
  size_t whole; /* bytes of complete lines */
  int tabs;
};

static void must(lua_State *L, int failed) {
  if (failed)
    luaL_error(L, "not enough memory");
}

/* ---- texts ---- */

/* Makes room for `len` bytes at the end of the buffer, and returns it. */
static inline char *room(lua_State *L, struct sr_buf *buf, size_t len) {
  if (buf->cap - buf->len <= len)
    must(L, sr_buf_reserve(buf, len) != 0);
  return buf->data + buf->len;
}

static void put(lua_State *L, struct sr_buf *buf, const char *text, size_t len) {
  memcpy(room(L, buf, len), text, len);
  buf->len += len;
}

static inline void put_char(lua_State *L, struct sr_buf *buf, char c) {
  *room(L, buf, 1) = c;
  buf->len++;
}

/* What the bytes of a text ask for. */
enum { SPECIAL = 1, NOT_ASCII = 2 };

/* A word whose bytes are all `c`. */
#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))

/* Not 0 where a byte of `word` is 0. */
#define HAS_ZERO(word) (((word)-EACH_BYTE(1)) & ~(word)&EACH_BYTE(0x80))
#define HAS(word, c)   HAS_ZERO((word) ^ EACH_BYTE(c))

/* Not 0 where a byte of `word` is below `c`, which is at most 0x80, or may be above 0x7f. */
#define MAY_BE_BELOW(word, c) (((word)-EACH_BYTE(c)) & EACH_BYTE(0x80))

static int classify_word(uint64_t word, int tabs) {
  uint64_t special = HAS(word, '\n') | HAS(word, '\r');
  special |= tabs ? HAS(word, '\t') | HAS(word, '\\') : HAS(word, '"') | HAS(word, ',');
  return (special != 0 ? SPECIAL : 0) | ((word & EACH_BYTE(0x80)) != 0 ? NOT_ASCII : 0);
}

/* Whether a word may be of another class than 0: most hold letters, digits and signs above the comma. */
#define IS_ODD(word) (((MAY_BE_BELOW(word, ',' + 1) | (word)) & EACH_BYTE(0x80)) != 0)

/* Eight bytes at a time. */
static int classify(const char *text, size_t len, int tabs) {
  uint64_t word;
  int classes = 0;
  for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
    memcpy(&word, text, sizeof word);
    if (tabs || IS_ODD(word))
      classes |= classify_word(word, tabs);
  }
  for (word = EACH_BYTE('0'); len > 0; len--)
    word = word << 8 | (unsigned char)*text++;
  return tabs || IS_ODD(word) ? classes | classify_word(word, tabs) : classes;
}

/* Writes a text whose quotes are doubled. Returns the end. */
static char *double_quotes(char *out, const char *text, size_t len) {
  const char *quote;
  while ((quote = memchr(text, '"', len)) != NULL) {
    size_t piece = (size_t)(quote - text) + 1;
    memcpy(out, text, piece);
    out += piece;
    *out++ = '"';
    text += piece;
    len -= piece;
  }
  memcpy(out, text, len);
  return out + len;
}

/* Writes a text whose tabs, line breaks and backslashes are escaped. Returns the end. */
static char *escape(char *out, const char *text, size_t len) {
  const char *end = text + len;
  for (; text < end; text++) {
    char letter = *text == '\t' ? 't' : *text == '\n' ? 'n' : *text == '\r' ? 'r' : *text;
    if (letter != *text || letter == '\\')
      *out++ = '\\';
    *out++ = letter;
  }
  return out;
}

/* Makes texts of bytes that are not UTF-8: U+FFFD in their places. Pushes the new text. */
static const char *push_utf8(lua_State *L, const char *text, size_t *len) {
  luaL_Buffer buffer;
  size_t at = 0;
  luaL_buffinit(L, &buffer);
  while (at < *len) {
    size_t valid = sr_utf8_valid(text + at, *len - at);
    luaL_addlstring(&buffer, text + at, valid);
    at += valid;
    if (at < *len) {
      luaL_addlstring(&buffer, "\xef\xbf\xbd", 3);
      at++;
    }
  }
  luaL_pushresult(&buffer);
  return lua_tolstring(L, -1, len);
}

/* Digits, and a dot among them or behind them. */
static int is_number(const char *text, size_t len) {
  size_t i = text[0] == '+' || text[0] == '-', digits = i;
  while (i < len && text[i] >= '0' && text[i] <= '9')
    i++;
  if (i == digits)
    return 0;
  if (i < len && text[i] == '.')
    i++;
  while (i < len && text[i] >= '0' && text[i] <= '9')
    i++;
  return i == len;
}

/* Spreadsheets take texts that begin like this for formulas, and run them. */
static int is_formula(const char *text, size_t len) {
  switch (text[0]) {
  case '=':
  case '@':
  case '\t':
  case '\r':
    return 1;
  case '+':
  case '-':
    return !is_number(text, len);
  default:
    return 0;
  }
}

/* May push a value. */
static void put_text(lua_State *L, struct encoder *encoder, const char *text, size_t len) {
  struct sr_buf *buf = &encoder->buf;
  int classes = classify(text, len, encoder->tabs);
  char *out;
  if ((classes & NOT_ASCII) != 0 && sr_utf8_valid(text, len) < len)
    text = push_utf8(L, text, &len);
  out = room(L, buf, 2 * len + 3);
  if ((classes & SPECIAL) != 0 && !encoder->tabs)
    *out++ = '"';
  if (len > 0 && is_formula(text, len))
    *out++ = '\'';
  if ((classes & SPECIAL) == 0) {
    memcpy(out, text, len);
    out += len;
  } else if (encoder->tabs) {
    out = escape(out, text, len);
  } else {
    out = double_quotes(out, text, len);
    *out++ = '"';
  }
  buf->len = (size_t)(out - buf->data);
}

/* ---- numbers ---- */

enum { NUMBER_SIZE = 40 };

/* Below it a double tells all whole numbers apart. */
#define WHOLE 9007199254740992.0

static void put_integer(lua_State *L, struct sr_buf *buf, long long value) {
  char text[NUMBER_SIZE], *p = text + sizeof text;
  unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
  do
    *--p = (char)('0' + rest % 10);
  while ((rest /= 10) > 0);
  if (value < 0)
    *--p = '-';
  put(L, buf, p, (size_t)(text + sizeof text - p));
}

/* The shortest text that reads back as the same number, with a dot in any locale. */
static void put_number(lua_State *L, struct sr_buf *buf, double value) {
  const char *own_point = localeconv()->decimal_point;
  char text[NUMBER_SIZE], *point;
  int digits;
  if (value > -WHOLE && value < WHOLE && (double)(long long)value == value) {
    put_integer(L, buf, (long long)value);
    return;
  }
  for (digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    if (strtod(text, NULL) == value)
      break;
  }
  point = strstr(text, own_point);
  if (point != NULL) { /* it may have several bytes */
    *point = '.';
    memmove(point + 1, point + strlen(own_point), strlen(point + strlen(own_point)) + 1);
  }
  put(L, buf, text, strlen(text));
}

/* ---- cells ---- */

/* Appends the value on the top of the stack. 0: it is of a type that has no text here. */
static int put_cell(lua_State *L, struct encoder *encoder) {
  struct sr_buf *buf = &encoder->buf;
  size_t len;
  const char *text;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &len);
    put_text(L, encoder, text, len);
    return 1;
  case LUA_TNUMBER:
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, -1)) {
      put_integer(L, buf, lua_tointeger(L, -1));
      return 1;
    }
#endif
    put_number(L, buf, lua_tonumber(L, -1));
    return 1;
  case LUA_TBOOLEAN:
    if (lua_toboolean(L, -1))
      put(L, buf, "true", 4);
    else
      put(L, buf, "false", 5);
    return 1;
  case LUA_TNIL:
    return 1;
  case LUA_TLIGHTUSERDATA: /* the null of JSON */
    return lua_touserdata(L, -1) == NULL;
  default:
    return 0;
  }
}

static struct encoder *encoder_of(lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}

/*
** add(row, keys) -> bytes held | nil: appends a line with the members that `keys` lists. nil: nothing was appended, since the row is
** no table, or a member is one, or of a type that has no text.
*/
static int encoder_add(lua_State *L) {
  struct encoder *encoder = encoder_of(L);
  struct sr_buf *buf = &encoder->buf;
  int i, count;
  luaL_checktype(L, 2, LUA_TTABLE);
  if (!lua_istable(L, 1))
    return 0;
  lua_settop(L, 2);
  count = (int)lua_rawlen(L, 2);
  luaL_checkstack(L, 2 * count + 2, NULL); /* values stay there until the end */
  buf->len = encoder->whole;               /* an error may have left a piece of a line */
  for (i = 1; i <= count; i++) {
    lua_rawgeti(L, 2, i);
    lua_gettable(L, 1);
    if (i > 1)
      put_char(L, buf, encoder->tabs ? '\t' : ',');
    if (!put_cell(L, encoder)) {
      buf->len = encoder->whole;
      return 0;
    }
  }
  if (count == 1 && buf->len == encoder->whole && !encoder->tabs) /* an empty line is no record */
    put(L, buf, "\"\"", 2);
  if (!encoder->tabs)
    put_char(L, buf, '\r');
  put_char(L, buf, '\n');
  encoder->whole = buf->len;
  lua_pushinteger(L, (lua_Integer)buf->len);
  return 1;
}

/* take() -> the lines since the last time. */
static int encoder_take(lua_State *L) {
  struct encoder *encoder = encoder_of(L);
  lua_pushlstring(L, sr_buf_text(&encoder->buf), encoder->whole);
  encoder->buf.len = encoder->whole = 0;
  return 1;
}

static int encoder_gc(lua_State *L) {
  struct encoder *encoder = luaL_checkudata(L, 1, ENCODER);
  sr_buf_fini(&encoder->buf);
  encoder->whole = 0;
  return 0;
}

/*
** csv_encoder(separator) -> add, take: see above. "," is CSV; "\t" escapes tab, line break and backslash. Closures: to check the type
** of an object in each call would cost as much as a cell.
*/
static int new_encoder(lua_State *L) {
  const char *separator = luaL_checkstring(L, 1);
  struct encoder *encoder = lsr_newobject(L, sizeof *encoder, ENCODER);
  memset(encoder, 0, sizeof *encoder);
  encoder->tabs = *separator == '\t';
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, encoder_add, 1);
  lua_insert(L, -2);
  lua_pushcclosure(L, encoder_take, 1);
  return 2;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", encoder_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"csv_encoder", new_encoder}, {NULL, NULL}};

void lsr_open_csv(lua_State *L) {
  lsr_newclass(L, ENCODER, methods, meta);
  lsr_setfuncs(L, functions);
}
