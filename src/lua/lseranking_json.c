/* Decodes JSON in one pass: whole numbers become integers where Lua has them, null members are left out.
** SPDX-License-Identifier: MIT
**
** lua-cjson returns ids as floats, and a null for every empty member. Fixing its result afterwards would
** add a third to the decoding time. */
#include "lua/lseranking.h"

#include "base/sr_json.h"

#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deepest nesting. Each level uses some of the C stack and of the Lua stack. */
enum { DEPTH_MAX = 1000 };

/* Bytes between two deadline checks: a few milliseconds of work at most. */
enum { LOOK_EVERY = 1 << 18 };

/* Longest number. strtod reads it without a deadline check. */
enum { NUMBER_MAX = 4095 };
#define DEADLINE "the deadline came first"
#define TOO_LONG "number of more than 4095 characters"

/* Registry key of the metatable that marks empty lists, which makes them encode as []. */
#define ARRAY_MT "seranking.array"

/* Largest whole number up to which a double is exact. */
#define EXACT 9007199254740992.0

struct reader {
  const char *p, *end;
  const char *start;
  const char *look_at; /* position of the next deadline check; `end` at most */
  sr_time deadline;
  int late;            /* the deadline has passed */
  const char *problem; /* what is wrong at `p` */
  int drop_nulls;      /* leave out null members */
  int depth;
  int array_mt;        /* stack index of the metatable of empty lists */
  int scratch;         /* stack index of a userdata, the buffer for unescaped strings */
  size_t scratch_size; /* its bytes */
};

/* The kind of value that was read and pushed; BROKEN pushes nothing. */
enum outcome { BROKEN, IS_NULL, IS_VALUE };

static enum outcome broken(struct reader *r, const char *problem) {
  if (r->problem == NULL)
    r->problem = problem;
  return BROKEN;
}

/* Sets the position of the next deadline check. */
static void look_later(struct reader *r) {
  int in_time = r->deadline == SR_NEVER || r->end - r->p <= LOOK_EVERY;
  r->look_at = in_time ? r->end : r->p + LOOK_EVERY;
}

/* Returns 1 if the deadline has passed. */
static int check_deadline(struct reader *r) {
  look_later(r);
  r->late = sr_clock_monotonic.now(NULL) >= r->deadline;
  if (r->late)
    (void)broken(r, DEADLINE);
  return r->late;
}

/* Skips blanks and returns the next character; 0 at the end or past the deadline. */
static char peek(struct reader *r) {
  for (;;) {
    for (; r->p < r->look_at; r->p++)
      if (*r->p != ' ' && *r->p != '\n' && *r->p != '\r' && *r->p != '\t')
        return *r->p;
    if (r->p == r->end || check_deadline(r))
      return '\0';
  }
}

/* ---- strings ---- */

/* A buffer of at least `size` bytes. */
static char *scratch(lua_State *L, struct reader *r, size_t size) {
  if (size > r->scratch_size) {
    size_t doubled = 2 * r->scratch_size; /* at least doubles: linear total cost */
    r->scratch_size = size < 256 ? 256 : size < doubled ? doubled : size;
    (void)lua_newuserdata(L, r->scratch_size);
    lua_replace(L, r->scratch);
  }
  return lua_touserdata(L, r->scratch);
}

/*
** Moves r->p to the string's closing quote, to an unescaped control character, to the end of the input,
** or to where the deadline passed. Sets `*escapes` if the string has escapes.
*/
static void skip_string(struct reader *r, int *escapes) {
  const char *p = r->p;
  *escapes = 0;
  do {
    for (; p < r->look_at && *p != '"' && (unsigned char)*p >= 0x20; p++)
      if (*p == '\\') {
        *escapes = 1;
        if (p + 1 < r->end)
          p++;
      }
    r->p = p;
  } while (p >= r->look_at && p < r->end && !check_deadline(r));
}

/*
** Pushes a string whose closing quote is at `end`, and moves past it. Lua copies it in one step, at
** about a nanosecond a byte: fails now if the copy would end past the deadline.
*/
static enum outcome push_string(lua_State *L, struct reader *r, const char *text, size_t len,
                                const char *end) {
  if (len > LOOK_EVERY && r->deadline != SR_NEVER &&
      sr_clock_monotonic.now(NULL) + (sr_time)len >= r->deadline) {
    r->late = 1;
    return broken(r, DEADLINE);
  }
  lua_pushlstring(L, text, len);
  r->p = end + 1;
  return IS_VALUE;
}

/* Pushes the string whose opening quote is at r->p. */
static enum outcome read_string(lua_State *L, struct reader *r) {
  const char *from = ++r->p, *end;
  int escapes;
  char *out, *to;
  skip_string(r, &escapes);
  end = r->p;
  if (r->late)
    return BROKEN;
  if (end == r->end) {
    r->p = from - 1;
    return broken(r, "unterminated string");
  }
  if (*end != '"')
    return broken(r, "unescaped control character in a string");
  if (!escapes) {
    return push_string(L, r, from, (size_t)(end - from), end);
  }
  out = to = scratch(L, r, (size_t)(end - from)); /* unescaping never lengthens a string */
  r->p = from;                                    /* second pass: check the deadline again */
  look_later(r);
  while (from < end) {
    const char *slash = memchr(from, '\\', (size_t)(end - from));
    size_t plain = (size_t)((slash != NULL ? slash : end) - from), n;
    memcpy(to, from, plain);
    to += plain;
    from += plain;
    if (slash == NULL)
      break;
    if (slash >= r->look_at) {
      r->p = slash;
      if (check_deadline(r))
        return BROKEN;
    }
    from++;
    n = sr_json_unescape(&from, end, to);
    if (n == 0) {
      r->p = slash;
      return broken(r, "invalid escape");
    }
    to += n;
  }
  return push_string(L, r, out, (size_t)(to - out), end);
}

/* ---- numbers ---- */

static void push_number(lua_State *L, double value) {
#if LUA_VERSION_NUM >= 503
  if (value >= -EXACT && value <= EXACT && (double)(lua_Integer)value == value) {
    lua_pushinteger(L, (lua_Integer)value);
    return;
  }
#endif
  lua_pushnumber(L, (lua_Number)value);
}

static int is_digit(const char *p, const char *end) {
  return p < end && *p >= '0' && *p <= '9';
}

/* strtod, after replacing the dot by the locale's decimal point. */
static double any_number(lua_State *L, struct reader *r, const char *from) {
  size_t len = (size_t)(r->p - from);
  const char *point = localeconv()->decimal_point;
  size_t point_len = strlen(point);
  char *copy = scratch(L, r, len + point_len + 1);
  const char *dot = memchr(from, '.', len);
  size_t before = dot != NULL ? (size_t)(dot - from) : len;
  memcpy(copy, from, before);
  if (dot != NULL) {
    memcpy(copy + before, point, point_len);
    memcpy(copy + before + point_len, dot + 1, len - before - 1);
    len += point_len - 1;
  }
  copy[len] = '\0';
  return strtod(copy, NULL);
}

/* Reports `problem`, or TOO_LONG if the number was not read to its end. */
static enum outcome bad_number(struct reader *r, const char *from, const char *problem) {
  return broken(r, r->p - from > NUMBER_MAX ? TOO_LONG : problem);
}

static enum outcome read_number(lua_State *L, struct reader *r) {
  static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
  const char *from = r->p, *digits, *end = r->end;
  double value = 0;
  uint64_t whole = 0;
  int places = 0, simple, fraction = 0; /* fraction: it has a fraction or an exponent */
  if (end - from > NUMBER_MAX)
    end = from + NUMBER_MAX + 1;
  if (*r->p == '-')
    r->p++;
  digits = r->p;
  if (!is_digit(r->p, end))
    return bad_number(r, from, "number without digits");
  if (*r->p == '0' && is_digit(r->p + 1, end))
    return broken(r, "number with a leading zero");
  for (; is_digit(r->p, end); r->p++)
    whole = whole * 10 + (uint64_t)(*r->p - '0');
  value = (double)whole;
  if (r->p < r->end && *r->p == '.') {
    fraction = 1;
    r->p++;
    if (!is_digit(r->p, end))
      return bad_number(r, from, "decimal point without digits after it");
    for (; is_digit(r->p, end); r->p++, places++)
      value = value * 10 + (*r->p - '0');
  }
  simple = r->p - digits <= 15; /* and a dot: value and power are exact, so is the result */
  if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
    simple = 0;
    fraction = 1;
    r->p++;
    if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
      r->p++;
    if (!is_digit(r->p, end))
      return bad_number(r, from, "exponent without digits");
    while (is_digit(r->p, end))
      r->p++;
  }
  if (r->p - from > NUMBER_MAX)
    return broken(r, TOO_LONG);
#if LUA_VERSION_NUM >= 503
  if (!fraction && r->p - digits <= 19 && whole <= (uint64_t)INT64_MAX + (*from == '-')) {
    lua_pushinteger(L, (lua_Integer)(*from == '-' ? 0 - whole : whole));
    return IS_VALUE;
  }
#else
  (void)fraction;
#endif
  if (simple)
    value = (*from == '-' ? -value : value) / powers[places];
  else
    value = any_number(L, r, from);
  if (isinf(value)) {
    r->p = from;
    return broken(r, "number out of range");
  }
  push_number(L, value);
  return IS_VALUE;
}

/* ---- the rest ---- */

static int word(struct reader *r, const char *text) {
  size_t len = strlen(text);
  if ((size_t)(r->end - r->p) < len || memcmp(r->p, text, len) != 0)
    return 0;
  r->p += len;
  return 1;
}

static enum outcome read_value(lua_State *L, struct reader *r, int *members);

static enum outcome read_array(lua_State *L, struct reader *r) {
  int i = 0, members = 0; /* of the previous element, as rows are alike */
  r->p++;
  lua_newtable(L);
  if (peek(r) == ']') {
    r->p++;
    lua_pushvalue(L, r->array_mt);
    lua_setmetatable(L, -2);
    return IS_VALUE;
  }
  for (;;) {
    char c;
    if (read_value(L, r, &members) == BROKEN)
      return BROKEN;
    if (i == INT_MAX)
      return broken(r, "list of more than 2147483647 elements");
    lua_rawseti(L, -2, ++i);
    c = peek(r);
    if (c == ']') {
      r->p++;
      return IS_VALUE;
    }
    if (c != ',')
      return broken(r, "expected a comma or ]");
    r->p++;
  }
}

/* `*members`: in, the expected number of members; out, the actual one. */
static enum outcome read_object(lua_State *L, struct reader *r, int *members) {
  int count = 0;
  r->p++;
  lua_createtable(L, 0, *members);
  *members = 0;
  if (peek(r) == '}') {
    r->p++;
    return IS_VALUE;
  }
  for (;;) {
    enum outcome outcome;
    int inner = 0;
    char c;
    if (peek(r) != '"')
      return broken(r, "expected a name in quotes");
    if (read_string(L, r) == BROKEN)
      return BROKEN;
    if (peek(r) != ':')
      return broken(r, "expected a colon");
    r->p++;
    outcome = read_value(L, r, &inner);
    if (outcome == BROKEN)
      return BROKEN;
    if (outcome == IS_NULL && r->drop_nulls) {
      lua_pop(L, 2);
    } else {
      lua_rawset(L, -3);
      count++;
    }
    c = peek(r);
    if (c == '}') {
      r->p++;
      *members = count;
      return IS_VALUE;
    }
    if (c != ',')
      return broken(r, "expected a comma or }");
    r->p++;
  }
}

static enum outcome read_table(lua_State *L, struct reader *r, int *members) {
  enum outcome outcome;
  if (r->depth >= DEPTH_MAX)
    return broken(r, "nested too deeply");
  r->depth++;
  luaL_checkstack(L, 4, "JSON is nested too deeply");
  outcome = *r->p == '{' ? read_object(L, r, members) : read_array(L, r);
  r->depth--;
  return outcome;
}

static enum outcome read_value(lua_State *L, struct reader *r, int *members) {
  char c = peek(r);
  if (c == '"')
    return read_string(L, r);
  if (c == '{' || c == '[')
    return read_table(L, r, members);
  if (c == '-' || (c >= '0' && c <= '9'))
    return read_number(L, r);
  if (c == 'n' && word(r, "null")) {
    lua_pushlightuserdata(L, NULL); /* the value of cjson.null */
    return IS_NULL;
  }
  if ((c == 't' && word(r, "true")) || (c == 'f' && word(r, "false"))) {
    lua_pushboolean(L, c == 't');
    return IS_VALUE;
  }
  return broken(r, "unexpected character");
}

int lsr_decode(lua_State *L, const char *text, size_t len, int keep_nulls, sr_time deadline) {
  struct reader r;
  int members = 4; /* few answers that are an object have less */
  char where[64];
  memset(&r, 0, sizeof r);
  r.deadline = deadline;
  r.start = r.p = text;
  r.end = r.p + len;
  look_later(&r);
  r.drop_nulls = !keep_nulls;
  lua_getfield(L, LUA_REGISTRYINDEX, ARRAY_MT);
  r.array_mt = lua_gettop(L);
  lua_pushnil(L); /* for the scratch */
  r.scratch = lua_gettop(L);
  if (len >= 3 && memcmp(r.p, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
    r.p += 3;
  if (read_value(L, &r, &members) != BROKEN && (peek(&r), r.p != r.end))
    (void)broken(&r, "unexpected character after the value");
  if (r.problem == NULL)
    return 1;
  lua_pushnil(L);
  if (r.p < r.end)
    snprintf(where, sizeof where, ", at byte %zu of %zu", (size_t)(r.p - r.start) + 1, len);
  else
    snprintf(where, sizeof where, "unexpected end of input, at byte %zu", len);
  lua_pushfstring(L, "%s%s", r.p < r.end ? r.problem : "", where);
  lua_pushboolean(L, r.late);
  return 3;
}

/* decode(text, keep_nulls, seconds): see lsr_decode; `seconds` from now is the deadline. */
static int json_decode(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  sr_time deadline = SR_NEVER;
  if (!lua_isnoneornil(L, 3))
    deadline = sr_clock_monotonic.now(NULL) + lsr_checkseconds(L, 3, "seconds");
  return lsr_decode(L, text, len, lua_toboolean(L, 2), deadline);
}

/* array_mt([metatable]) -> the metatable that decode gives to empty lists. With an argument, sets it. */
static int json_array_mt(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, ARRAY_MT);
  }
  lua_getfield(L, LUA_REGISTRYINDEX, ARRAY_MT);
  return 1;
}

static const luaL_Reg functions[] = {
    {"decode", json_decode}, {"array_mt", json_array_mt}, {NULL, NULL}};

void lsr_open_json(lua_State *L) {
  (void)luaL_newmetatable(L, ARRAY_MT);
  lua_pop(L, 1);
  lsr_setfuncs(L, functions);
}
