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

static inline void put(lua_State *L, struct sr_buf *buf, const char *text, size_t len) {
  memcpy(room(L, buf, len), text, len);
  buf->len += len;
}

static inline void put_char(lua_State *L, struct sr_buf *buf, char c) {
  *room(L, buf, 1) = c;
  buf->len++;
}

/* A word whose bytes are all `c`. */
#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))

/* The highest bits of all bytes. */
#define HIGH EACH_BYTE(0x80)

/* Not 0 where a byte of `word` is 0. */
#define HAS_ZERO(word) (((word)-EACH_BYTE(1)) & ~(word)&HIGH)
#define HAS(word, c)   HAS_ZERO((word) ^ EACH_BYTE(c))

/* Has bits of HIGH if a byte may be above 0x7f, or at most the comma: most texts have letters, digits and signs above it. */
#define ODD(word) (((word)-EACH_BYTE(',' + 1)) | (word))

static inline int word_has_special(uint64_t word, int tabs) {
  uint64_t special = HAS(word, '\n') | HAS(word, '\r');
  special |= tabs ? HAS(word, '\t') | HAS(word, '\\') : HAS(word, '"') | HAS(word, ',');
  return special != 0;
}

/* Whether a byte must be quoted or escaped. Eight bytes at a time. */
static int has_special(const char *text, size_t len, int tabs) {
  uint64_t word;
  for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
    memcpy(&word, text, sizeof word);
    if ((tabs || (ODD(word) & HIGH) != 0) && word_has_special(word, tabs))
      return 1;
  }
  for (word = EACH_BYTE('0'); len > 0; len--)
    word = word << 8 | (unsigned char)*text++;
  return word_has_special(word, tabs);
}

/* Copies a text. Returns what its words have in common with HIGH in `*words`, and in what ODD makes of them. */
static inline uint64_t copy_text(char *out, const char *text, size_t len, uint64_t *words) {
  uint64_t word = EACH_BYTE('0'), odd = 0, all = 0;
  if (len < sizeof word) {
    for (; len > 0; len--) {
      word = word << 8 | (unsigned char)*text;
      *out++ = *text++;
    }
  } else {
    for (; len > sizeof word; text += sizeof word, out += sizeof word, len -= sizeof word) {
      memcpy(&word, text, sizeof word);
      memcpy(out, &word, sizeof word);
      odd |= ODD(word);
      all |= word;
    }
    text -= sizeof word - len; /* the last eight, some of them again */
    out -= sizeof word - len;
    memcpy(&word, text, sizeof word);
    memcpy(out, &word, sizeof word);
  }
  *words = (all | word) & HIGH;
  return (odd | ODD(word)) & HIGH;
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
  char *out = room(L, buf, 2 * len + 3);
  uint64_t not_ascii;
  int odd = copy_text(out, text, len, &not_ascii) != 0 || encoder->tabs;
  int special = odd && has_special(text, len, encoder->tabs);
  int formula = len > 0 && is_formula(text, len);
  if (not_ascii != 0 && sr_utf8_valid(text, len) < len) {
    text = push_utf8(L, text, &len);
    out = room(L, buf, 2 * len + 3);
    memcpy(out, text, len);
  }
  if (!special && !formula) {
    buf->len += len;
    return;
  }
  if (special && !encoder->tabs)
    *out++ = '"';
  if (formula)
    *out++ = '\'';
  if (!special) {
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

static void put_integer(lua_State *L, struct sr_buf *buf, long long value) {
  unsigned long long size = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value,
                     rest;
  char *out = room(L, buf, NUMBER_SIZE);
  if (value < 0)
    *out++ = '-';
  for (rest = size; rest >= 10; rest /= 10)
    out++;
  buf->len = (size_t)(out + 1 - buf->data);
  for (; size >= 10; size /= 10)
    *out-- = (char)('0' + size % 10);
  *out = (char)('0' + size);
}

/* The shortest text that reads back as the same number, with a dot in any locale. */
static void put_number(lua_State *L, struct sr_buf *buf, double value) {
  const char *own_point = localeconv()->decimal_point;
  char text[NUMBER_SIZE], *point;
  int digits;
  if (value > -LSR_WHOLE_MAX && value < LSR_WHOLE_MAX && (double)(long long)value == value) {
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

/* Appends the value on the top of the stack, which is of that type. 0: it has no text here. */
static inline int put_cell(lua_State *L, struct encoder *encoder, int type) {
  struct sr_buf *buf = &encoder->buf;
  if (type == LUA_TSTRING) {
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    put_text(L, encoder, text, len);
    return 1;
  }
  switch (type) {
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

/* Pushes the member of the row whose name is at `key`. Returns its type. `plain`: the row has no metatable. */
static inline int push_member(lua_State *L, int row, int key, int plain) {
  lua_pushvalue(L, key);
#if LUA_VERSION_NUM >= 503
  return plain ? lua_rawget(L, row) : lua_gettable(L, row);
#else
  (plain ? lua_rawget : lua_gettable)(L, row);
  return lua_type(L, -1);
#endif
}

/*
** Appends a line with the members of the row at `row` whose `count` names are on the stack from `keys` on. 0: nothing was appended,
** since the row is no table, or a member is one, or of a type that has no text. Leaves up to two values for each member on the stack.
*/
static int put_line(lua_State *L, struct encoder *encoder, int row, int keys, int count) {
  struct sr_buf *buf = &encoder->buf;
  int i, plain = 1;
  if (!lua_istable(L, row))
    return 0;
  if (lua_getmetatable(L, row)) {
    lua_pop(L, 1);
    plain = 0;
  }
  buf->len = encoder->whole; /* an error may have left a piece of a line */
  for (i = 0; i < count; i++) {
    int type = push_member(L, row, keys + i, plain);
    if (i > 0)
      put_char(L, buf, encoder->tabs ? '\t' : ',');
    if (!put_cell(L, encoder, type)) {
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
  return 1;
}

/* Pushes the keys of the list at `index`, with room for the values of a line behind them. Returns how many. */
static int push_keys(lua_State *L, int index) {
  int i, count;
  luaL_checktype(L, index, LUA_TTABLE);
  count = (int)lua_rawlen(L, index);
  luaL_checkstack(L, 3 * count + 4, NULL);
  for (i = 1; i <= count; i++)
    lua_rawgeti(L, index, i);
  return count;
}

/* add(row, keys) -> bytes held | nil: see put_line. */
static int encoder_add(lua_State *L) {
  struct encoder *encoder = encoder_of(L);
  lua_settop(L, 2);
  if (!put_line(L, encoder, 1, 3, push_keys(L, 2)))
    return 0;
  lua_pushinteger(L, (lua_Integer)encoder->whole);
  return 1;
}

/*
** add_rows(rows, keys, first, last, most) -> next, bytes held: appends lines of rows[first] to rows[last]. Ends before a row that
** has no line, see put_line, and when `most` bytes are held. `next`: the first row that was not appended.
*/
static int encoder_add_rows(lua_State *L) {
  struct encoder *encoder = encoder_of(L);
  lua_Integer at = luaL_checkinteger(L, 3), last = luaL_checkinteger(L, 4);
  size_t most = (size_t)luaL_checkinteger(L, 5);
  int count, top;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  count = push_keys(L, 2);
  top = lua_gettop(L);
  for (; at <= last && encoder->whole < most; at++) {
    lua_rawgeti(L, 1, (int)at);
    if (!put_line(L, encoder, top + 1, 3, count))
      break;
    lua_settop(L, top);
  }
  lua_pushinteger(L, at);
  lua_pushinteger(L, (lua_Integer)encoder->whole);
  return 2;
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
** csv_encoder(separator) -> add, take, add_rows: see above. "," is CSV; "\t" escapes tab, line break and backslash. Closures: to
** check the type of an object in each call would cost as much as a cell.
*/
static int new_encoder(lua_State *L) {
  const char *separator = luaL_checkstring(L, 1);
  struct encoder *encoder = lsr_newobject(L, sizeof *encoder, ENCODER);
  memset(encoder, 0, sizeof *encoder);
  encoder->tabs = *separator == '\t';
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, encoder_add, 1);
  lua_insert(L, -2);
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, encoder_take, 1);
  lua_insert(L, -2);
  lua_pushcclosure(L, encoder_add_rows, 1);
  return 3;
}

static const luaL_Reg methods[] = {{NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", encoder_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"csv_encoder", new_encoder}, {NULL, NULL}};

void lsr_open_csv(lua_State *L) {
  lsr_newclass(L, ENCODER, methods, meta);
  lsr_setfuncs(L, functions);
}
