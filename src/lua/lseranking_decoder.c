/* Decodes JSON in one pass: whole numbers become integers where Lua has them, null members are left out.
** SPDX-License-Identifier: MIT
**
** lua-cjson returns ids as floats, and a null for every empty member. Fixing its result afterwards would
** add a third to the decoding time. */
#include "lua/lseranking_decoder.h"

#include "base/sr_json.h"
#include "base/sr_number.h"
#include "base/sr_scan.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Bytes between two deadline checks: a few milliseconds of work at most. */
enum { LOOK_EVERY = 1 << 18 };

#define DEADLINE "the deadline came first"

/* How many of the following places are compared with a name. More than one where rows leave out members. */
enum { AHEAD = 4 };

/* Levels for which the Lua stack is extended at once. */
enum { ROOM = 8 };

/* Tables that are made between two pauses: some hundred microseconds of work. */
enum { TABLES = 1500 };

/* Members for which the table of an object that is the whole text is made. */
enum { MEMBERS = 4 };

/* Indexes of the decoder's table. Names follow. */
enum { ARRAY_MT = 1, SCRATCH, NAMES };

/* Which token comes next. */
enum state {
  AT_VALUE,
  AT_FIRST_ELEMENT, /* or ] */
  AT_FIRST_NAME,    /* or } */
  AT_NAME,
  AT_COLON,
  AT_NEXT, /* a comma, or the end of the table */
  AT_END
};

/* What was read; a table was only opened. IS_DONE: the value, or the list that is not made, has ended. */
enum outcome { BROKEN, IS_DONE, IS_NULL, IS_VALUE, IS_OPEN };

/*
** Functions with a parameter `L` push what they read. If it is NULL, they only check. Those that are used
** for each token are compiled for both, unless the build is one without optimization: coverage counts the
** branches of each copy.
*/
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define INLINE inline __attribute__((always_inline))
#else
#define INLINE inline
#endif

static enum outcome broken(struct lsr_decoder *d, const char *problem) {
  d->problem = problem;
  return BROKEN;
}

/* Sets the position of the next check. */
static void look_later(struct lsr_decoder *d) {
  int in_time = d->deadline == SR_NEVER || d->end - d->p <= LOOK_EVERY;
  d->look_at = in_time ? d->end : d->p + LOOK_EVERY;
  if (d->slice_end != NULL && d->look_at > d->slice_end)
    d->look_at = d->slice_end;
}

/* Returns 1 if the deadline has passed. */
static int check_deadline(struct lsr_decoder *d) {
  d->late = d->deadline != SR_NEVER && sr_clock_monotonic.now(NULL) >= d->deadline;
  if (d->late)
    (void)broken(d, DEADLINE);
  return d->late;
}

/* Whether to stop at d->p, which is where a check is due. */
static int must_stop(struct lsr_decoder *d) {
  if (d->slice_end != NULL && (d->p >= d->slice_end || d->tables <= 0)) {
    d->paused = 1;
    return 1;
  }
  look_later(d);
  return check_deadline(d);
}

/* Skips blanks and returns the next character; 0 at the end, past the deadline, or to pause. */
static INLINE char peek(struct lsr_decoder *d) {
  for (;;) {
    for (; d->p < d->look_at; d->p++)
      if ((unsigned char)*d->p > ' ' || !sr_is_blank(*d->p))
        return *d->p;
    if (d->p == d->end || must_stop(d))
      return '\0';
  }
}

void lsr_decoder_anchor(lua_State *L) {
  lua_createtable(L, 16, 0);
  lua_getfield(L, LUA_REGISTRYINDEX, LSR_ARRAY_MT);
  lua_rawseti(L, -2, ARRAY_MT);
}

/* Makes the decoder's table, if there is none yet. */
static void need_anchor(lua_State *L, struct lsr_decoder *d) {
  if (!lua_isnil(L, d->anchor))
    return;
  lsr_decoder_anchor(L);
  lua_replace(L, d->anchor);
}

/* ---- strings ---- */

/* A buffer of at least `size` bytes. */
static char *scratch(lua_State *L, struct lsr_decoder *d, size_t size) {
  if (size > d->scratch_size) {
    size_t doubled = 2 * d->scratch_size; /* at least doubles: linear total cost */
    size = size < 256 ? 256 : size < doubled ? doubled : size;
    need_anchor(L, d);
    d->scratch = lua_newuserdata(L, size);
    d->scratch_size = size;
    lua_rawseti(L, d->anchor, SCRATCH);
  }
  return d->scratch;
}

/*
** Lua copies a string in one step, at about a nanosecond a byte. Fails if the copy of `len` bytes would
** end past the deadline.
*/
static int can_copy(struct lsr_decoder *d, size_t len) {
  if (len <= LOOK_EVERY || d->deadline == SR_NEVER ||
      sr_clock_monotonic.now(NULL) + (sr_time)len < d->deadline)
    return 1;
  d->late = 1;
  (void)broken(d, DEADLINE);
  return 0;
}

/*
** Returns the end of a string whose text begins at `from`: its quote. NULL: it has none, or the deadline
** passed. Sets `*escapes` if it has escapes.
*/
static const char *string_end(struct lsr_decoder *d, const char *from, int *escapes) {
  const char *p = from;
  *escapes = 0;
  for (;;) {
    const char *stop = d->end - p > LOOK_EVERY ? p + LOOK_EVERY : d->end;
    while ((p = sr_scan(p, stop)) < stop && *p == '\\') {
      *escapes = 1;
      p += d->end - p > 1 ? 2 : 1;
      if (p > stop)
        stop = p;
    }
    d->p = p;
    if (p < stop) {
      if (*p == '"')
        return p;
      (void)broken(d, "unescaped control character in a string");
      return NULL;
    }
    if (p == d->end) {
      d->p = from - 1;
      (void)broken(d, "unterminated string");
      return NULL;
    }
    if (check_deadline(d))
      return NULL;
  }
}

/*
** Unescapes the text from `from` to `end` into `out`, or only checks it if `out` is NULL. Returns the length
** it has there; -1: it is broken.
*/
static ptrdiff_t unescape(struct lsr_decoder *d, const char *from, const char *end, char *out) {
  const char *look = from;
  char *to = out, piece[4] = {0};
  for (;;) {
    const char *slash = sr_scan(from, end);
    size_t n;
    if (out != NULL) {
      memcpy(to, from, (size_t)(slash - from));
      to += slash - from;
    }
    if (slash == end)
      return to - out;
    d->p = slash;
    if (slash - look >= LOOK_EVERY) {
      look = slash;
      if (check_deadline(d))
        return -1;
    }
    from = slash + 1;
    n = sr_json_unescape(&from, end, out != NULL ? to : piece);
    if (n == 0) {
      (void)broken(d, "invalid escape");
      return -1;
    }
    if (out != NULL)
      to += n;
  }
}

/* Reads a string of any kind. */
static enum outcome any_string(lua_State *L, struct lsr_decoder *d) {
  const char *from = d->p + 1, *text = from;
  int escapes;
  const char *end = string_end(d, from, &escapes);
  ptrdiff_t len;
  if (end == NULL)
    return BROKEN;
  len = end - from;
  if (escapes) {
    char *out =
        L != NULL ? scratch(L, d, (size_t)len) : NULL; /* unescaping never lengthens a string */
    text = out;
    len = unescape(d, from, end, out);
  }
  if (len < 0)
    return BROKEN;
  if (L != NULL) {
    if (!can_copy(d, (size_t)len))
      return BROKEN;
    lua_pushlstring(L, text, (size_t)len);
  }
  d->p = end + 1;
  return IS_VALUE;
}

/* Reads the string whose opening quote is at d->p. */
static INLINE enum outcome read_string(lua_State *L, struct lsr_decoder *d) {
  const char *from = d->p + 1, *end = sr_scan(from, d->look_at);
  if (end >= d->look_at || *end != '"' || end - from > LOOK_EVERY)
    return any_string(L, d);
  if (L != NULL)
    lua_pushlstring(L, from, (size_t)(end - from));
  d->p = end + 1;
  return IS_VALUE;
}

/* ---- names ---- */

/* Whether two texts of `len` bytes are equal. Inline, as names are short. */
static inline int same(const char *one, const char *other, size_t len) {
  uint64_t a, b;
  for (; len >= sizeof a; one += sizeof a, other += sizeof a, len -= sizeof a) {
    memcpy(&a, one, sizeof a);
    memcpy(&b, other, sizeof b);
    if (a != b)
      return 0;
  }
  for (; len > 0; len--)
    if (*one++ != *other++)
      return 0;
  return 1;
}

/* Whether the name at d->p, behind its quote, is that of a place. */
static inline int is_name(const struct lsr_decoder *d, const struct lsr_place *place) {
  return (size_t)(d->end - d->p) > place->len + 1 && d->p[place->len + 1] == '"' &&
         same(d->p + 1, place->name, place->len);
}

/* Adds a place for the name from `from` on, behind the member `f->last`. Returns -1 if there is no room. */
static short add_place(struct lsr_decoder *d, struct lsr_frame *f, const char *from, size_t len) {
  struct lsr_place *place;
  short *link = f->last != 0 ? &d->place[f->last].next : &d->place[f->place].inner;
  if (d->places == LSR_PLACES || len > 256)
    return -1;
  place = &d->place[d->places];
  memset(place, 0, sizeof *place);
  place->name = from;
  place->len = (unsigned)len;
  place->next = *link;
  *link = (short)d->places;
  return (short)d->places++;
}

/* Pushes the name of a place that has come again. */
static inline void push_name(lua_State *L, struct lsr_decoder *d, struct lsr_place *place) {
  if (place->anchored != 0) {
    lua_rawgeti(L, d->anchor, place->anchored);
    return;
  }
  need_anchor(L, d);
  lua_pushlstring(L, place->name, place->len);
  lua_pushvalue(L, -1);
  lua_rawseti(L, d->anchor, NAMES + d->anchored);
  place->anchored = (short)(NAMES + d->anchored++);
}

/* Reads the name of a member, whose opening quote is at d->p. */
static INLINE enum outcome read_name(lua_State *L, struct lsr_decoder *d) {
  struct lsr_frame *f = &d->frame[d->depth - 1];
  const char *from = d->p + 1;
  if (L == NULL)
    return read_string(L, d);
  if (f->place >= 0) {
    short next = f->last != 0 ? d->place[f->last].next : d->place[f->place].inner;
    int i;
    for (i = 0; next != 0 && i < AHEAD; i++, next = d->place[next].next)
      if (is_name(d, &d->place[next])) {
        push_name(L, d, &d->place[next]);
        f->last = f->member = next;
        d->p += d->place[next].len + 2;
        return IS_VALUE;
      }
  }
  f->member = -1;
  if (read_string(L, d) == BROKEN)
    return BROKEN;
  if (f->place >= 0 && memchr(from, '\\', (size_t)(d->p - 1 - from)) == NULL) {
    f->member = add_place(d, f, from, (size_t)(d->p - 1 - from));
    if (f->member > 0)
      f->last = f->member;
  }
  return IS_VALUE;
}

/* ---- other values ---- */

static enum outcome read_number(lua_State *L, struct lsr_decoder *d) {
  struct sr_number number;
  const char *problem, *end = sr_number_short(d->p, d->end, &number.integer);
  if (end != NULL) {
    d->p = end;
    if (L == NULL)
      return IS_VALUE;
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)number.integer);
#else
    lua_pushnumber(L, (lua_Number)number.integer);
#endif
    return IS_VALUE;
  }
  problem = sr_number_read(&d->p, d->end, &number);
  if (problem != NULL)
    return broken(d, problem);
  if (L == NULL)
    return IS_VALUE;
#if LUA_VERSION_NUM >= 503
  /* Written with a dot or an exponent, it is an integer up to what a double holds exactly. */
  if (!number.whole && number.value >= -9007199254740992.0 && number.value <= 9007199254740992.0) {
    number.integer = (int64_t)number.value;
    number.whole = (double)number.integer == number.value;
  }
  if (number.whole) {
    lua_pushinteger(L, (lua_Integer)number.integer);
    return IS_VALUE;
  }
#endif
  lua_pushnumber(L, (lua_Number)number.value);
  return IS_VALUE;
}

static int word(struct lsr_decoder *d, const char *text, size_t len) {
  if ((size_t)(d->end - d->p) < len || memcmp(d->p, text, len) != 0)
    return 0;
  d->p += len;
  return 1;
}

/* Whether the list at d->p is the first that is not to be made. */
static int is_row_list(const struct lsr_decoder *d) {
  const char *name = d->row_lists;
  struct lsr_place place = {.name = ".", .len = 1};
  if (d->depth > 1 || (d->depth == 1 && (!d->frame[0].is_object || d->frame[0].member <= 0)))
    return 0;
  if (d->depth == 1)
    place = d->place[d->frame[0].member];
  for (; *name != '\0'; name += strspn(name, " ")) { /* words between blanks */
    size_t len = strcspn(name, " ");
    if (len == place.len && memcmp(name, place.name, len) == 0)
      return 1;
    name += len;
  }
  return 0;
}

static INLINE enum outcome open_table(lua_State *L, struct lsr_decoder *d, int is_object) {
  struct lsr_frame *f = &d->frame[d->depth];
  int size = 0;
  if (d->depth >= LSR_DEPTH_MAX)
    return broken(d, "nested too deeply");
  f->last = 0;
  f->is_object = (short)is_object;
  f->count = 0;
  d->state = is_object ? AT_FIRST_NAME : AT_FIRST_ELEMENT;
  if (L != NULL && !is_object && d->row_lists != NULL && d->rows == NULL && is_row_list(d)) {
    d->rows = d->p++;
    d->quiet = ++d->depth;
    return IS_DONE;
  }
  d->p++;
  if (d->slice_end != NULL && --d->tables <= 0)
    d->look_at = d->p;
  if (L == NULL) {
    d->depth++;
    return IS_OPEN;
  }
  if (d->depth >= d->room) {
    luaL_checkstack(L, 2 * ROOM + 4, "JSON is nested too deeply");
    d->room += ROOM;
  }
  f->place = d->depth == 0 ? 0 : f[-1].is_object ? f[-1].member : f[-1].place;
  d->depth++;
  if (f->place >= 0) {
    /* as many as the one before; once only, so that what is too large stays small */
    struct lsr_place *place = &d->place[f->place];
    int *expected = is_object ? &place->members : &place->elements;
    size = *expected;
    *expected = 0;
  }
  lua_createtable(L, is_object ? 0 : size, is_object ? size : 0);
  return IS_OPEN;
}

static INLINE enum outcome read_value(lua_State *L, struct lsr_decoder *d, char c) {
  switch (c) {
  case '"':
    return read_string(L, d);
  case '{':
  case '[':
    return open_table(L, d, c == '{');
  case 'n':
    if (!word(d, "null", 4))
      break;
    if (L != NULL)
      lua_pushlightuserdata(L, NULL); /* the value of cjson.null */
    return IS_NULL;
  case 't':
  case 'f':
    if (!word(d, c == 't' ? "true" : "false", c == 't' ? 4 : 5))
      break;
    if (L != NULL)
      lua_pushboolean(L, c == 't');
    return IS_VALUE;
  default:
    if (c == '-' || (c >= '0' && c <= '9'))
      return read_number(L, d);
  }
  return broken(d, "unexpected character");
}

/* Puts the value on the top of the stack where it belongs. */
static INLINE enum outcome store(lua_State *L, struct lsr_decoder *d, enum outcome outcome) {
  struct lsr_frame *f = d->depth > 0 ? &d->frame[d->depth - 1] : NULL;
  d->state = AT_NEXT;
  if (f == NULL) {
    d->state = AT_END;
    return d->one ? IS_DONE : IS_VALUE;
  }
  if (!f->is_object) {
    if (f->count == INT_MAX)
      return broken(d, "list of more than 2147483647 elements");
    f->count++;
    if (L != NULL)
      lua_rawseti(L, -2, f->count);
  } else if (L != NULL && outcome == IS_NULL && d->drop_nulls) {
    lua_pop(L, 2);
  } else if (L != NULL) {
    lua_rawset(L, -3);
    f->count++;
  }
  return IS_VALUE;
}

/* Ends the table on the top of the stack. */
static INLINE enum outcome close_table(lua_State *L, struct lsr_decoder *d) {
  struct lsr_frame *f = &d->frame[--d->depth];
  d->p++;
  if (L == NULL) {
    if (d->depth >= d->quiet)
      return store(L, d, IS_VALUE);
    d->row_count = f->count;
    return IS_DONE;
  }
  if (f->place >= 0 && f->is_object)
    d->place[f->place].members = f->count;
  else if (f->place >= 0)
    d->place[f->place].elements = f->count;
  return store(L, d, IS_VALUE);
}

/* Reads what follows a value in the open table. */
static INLINE enum outcome read_next(lua_State *L, struct lsr_decoder *d, char c) {
  int in_object = d->frame[d->depth - 1].is_object;
  if (c == ',') {
    d->p++;
    d->state = in_object ? AT_NAME : AT_VALUE;
    return IS_VALUE;
  }
  if (c == (in_object ? '}' : ']'))
    return close_table(L, d);
  return broken(d, in_object ? "expected a comma or }" : "expected a comma or ]");
}

/* Marks the empty list on the top of the stack. */
static void mark_list(lua_State *L, struct lsr_decoder *d) {
  need_anchor(L, d);
  lua_rawgeti(L, d->anchor, ARRAY_MT);
  lua_setmetatable(L, -2);
}

/* Reads tokens until the value has ended, or the list that is not made begins or ends: IS_DONE. */
static INLINE enum outcome run(lua_State *L, struct lsr_decoder *d) {
  enum outcome outcome = IS_VALUE;
  while (outcome > IS_DONE) {
    char c = peek(d);
    if (c == '\0' && (d->paused || d->late))
      return BROKEN;
    switch ((enum state)d->state) {
    case AT_FIRST_ELEMENT:
      if (c == ']') {
        if (L != NULL)
          mark_list(L, d);
        outcome = close_table(L, d);
        break;
      }
      goto value;
    case AT_FIRST_NAME:
      if (c == '}') {
        outcome = close_table(L, d);
        break;
      }
      /* fall through */
    case AT_NAME:
      outcome = c == '"' ? read_name(L, d) : broken(d, "expected a name in quotes");
      d->state = AT_COLON;
      if (outcome == BROKEN || d->p >= d->look_at || *d->p != ':')
        break;
      c = ':';
      /* fall through */
    case AT_COLON:
      if (c != ':') {
        outcome = broken(d, "expected a colon");
        break;
      }
      d->p++;
      d->state = AT_VALUE;
      if (d->p >= d->look_at || (unsigned char)*d->p <= ' ')
        break;
      c = *d->p;
      /* fall through */
    case AT_VALUE:
    value:
      outcome = read_value(L, d, c);
      if (outcome == IS_VALUE || outcome == IS_NULL)
        outcome = store(L, d, outcome);
      break;
    case AT_NEXT:
      outcome = read_next(L, d, c);
      break;
    case AT_END:
      outcome = d->p == d->end ? IS_DONE : broken(d, "unexpected character after the value");
      break;
    }
  }
  return outcome;
}

void lsr_decoder_begin(struct lsr_decoder *d, const char *text, size_t len, int keep_nulls,
                       sr_time deadline) {
  memset(d, 0, offsetof(struct lsr_decoder, place) + sizeof d->place[0]);
  d->start = d->p = text;
  d->end = text + len;
  d->deadline = deadline;
  d->drop_nulls = !keep_nulls;
  d->state = AT_VALUE;
  d->places = 1;
  d->place[0].members = MEMBERS;
  look_later(d);
  if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
    d->p += 3;
}

void lsr_decoder_slice(struct lsr_decoder *d, size_t bytes) {
  d->paused = 0;
  d->tables = TABLES;
  d->slice_end = (size_t)(d->end - d->p) > bytes ? d->p + bytes : d->end;
  look_later(d);
  (void)check_deadline(d);
}

void lsr_decoder_again(struct lsr_decoder *d, const char *p) {
  d->p = p;
  d->depth = 0;
  d->room = 0;
  d->state = AT_VALUE;
  look_later(d);
}

const char *lsr_decoder_element(struct lsr_decoder *d) {
  return peek(d) == ',' ? d->p + 1 : d->p;
}

int lsr_decoder_skip(struct lsr_decoder *d) {
  return run(NULL, d) == IS_DONE;
}

int lsr_decoder_run(lua_State *L, struct lsr_decoder *d) {
  if (d->late)
    return 0;
  for (;;) {
    if (d->quiet > 0) {
      if (!lsr_decoder_skip(d))
        return 0;
      d->quiet = 0;
      lsr_pushrows(L, d);
      (void)store(L, d, IS_VALUE);
    }
    if (run(L, d) == BROKEN)
      return 0;
    if (d->quiet == 0)
      return 1;
  }
}

int lsr_decoder_fail(lua_State *L, const struct lsr_decoder *d) {
  size_t len = (size_t)(d->end - d->start);
  char where[64];
  lua_pushnil(L);
  if (d->p < d->end)
    snprintf(where, sizeof where, ", at byte %zu of %zu", (size_t)(d->p - d->start) + 1, len);
  else
    snprintf(where, sizeof where, "unexpected end of input, at byte %zu", len);
  lua_pushfstring(L, "%s%s", d->p < d->end ? d->problem : "", where);
  lua_pushboolean(L, d->late);
  return 3;
}
