/* Large answers: decoded in slices, between which an event loop can run, and lists whose rows are made one
** at a time.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking_decoder.h"

/* LuaJIT has it, Lua 5.1 does not: it answers -1. */
#ifndef LUA_GCISRUNNING
#define LUA_GCISRUNNING 9
#endif

#include <limits.h>
#include <string.h>

/* Answers of fewer bytes are decoded at once. */
enum { LARGE = 1 << 17 };

/* Bytes that are decoded at once: some hundred microseconds of work. */
enum { SLICE = 1 << 16 };

/* ---- slices ---- */

#define DECODING "seranking.decoding"

/* Of the collector, see below. */
enum stage {
  MARKING, /* or it has not begun: no slice was decoded yet */
  FREEING, /* it works for a while after each slice */
  HELD,    /* it works only where others make values */
  FREE     /* it is left alone */
};

struct decoding {
  struct lsr_decoder d;
  enum stage stage;
  int most; /* KiB that Lua had while it was driven */
  int over; /* there is a result, or an error was raised */
  int kept; /* values of the stack that are kept between two slices */
};

/* Indexes of its table: the call, the decoder's table, values of the stack. */
enum { CALL = 1, ANCHOR, KEPT };

/* Pushes the table of the userdata at `index`. Made with it. */
static void push_table(lua_State *L, int index) {
#if LUA_VERSION_NUM == 501
  lua_getfenv(L, index);
#else
  lua_getuservalue(L, index);
#endif
}

/* Gives the userdata below it the table on the top of the stack, which is popped. */
static void set_table(lua_State *L) {
#if LUA_VERSION_NUM == 501
  lua_setfenv(L, -2);
#else
  lua_setuservalue(L, -2);
#endif
}

/* ---- the collector ----
**
** It passes over a table in one step. If it marks while a large list grows, it passes over the list at least
** once more, with all rows that it has not seen: milliseconds at once. A list that grows also makes it work for
** milliseconds, by its size. So before the first slice it is driven, a little at a time, until it frees, and it
** is held in slices. What others do between slices can still bring it to the list.
*/

/* Only LuaJIT's collector is driven. Lua's would begin again at once, with others' values, and mark the list. */
enum { IS_JIT = LUA_VERSION_NUM == 501 };

/* Nanoseconds for which it works at once before the first slice, and after a slice. */
enum { MARK_TIME = 500000, FREE_TIME = 250000 };

/* It is driven if Lua has at most so many times the bytes of the text: more would cost more than it spares. */
enum { WORTH = 8 };

/* The speed at which it is driven, as LUA_GCSETSTEPMUL: its smallest steps. */
enum { SPEED = 40 };

/* Slots of the stack that functions take between two steps, and more. */
enum { FRAMES = 200 };

static enum stage first_stage(lua_State *L, size_t len) {
  if (lua_gc(L, LUA_GCISRUNNING, 0) != 1)
    return FREE;
  if (IS_JIT && (size_t)lua_gc(L, LUA_GCCOUNT, 0) / WORTH <= len / 1024)
    return MARKING;
  return lsr_may_hold(L) ? HELD : FREE;
}

/* Clears what functions that have returned left on the stack. The frames of later ones may hold it there, and
** it may be the answer before. */
static void forget(lua_State *L) {
  int top = lua_gettop(L), i;
  luaL_checkstack(L, FRAMES, NULL);
  for (i = 0; i < FRAMES; i++)
    lua_pushnil(L);
  lua_settop(L, top);
}

/* Lets the collector work for some nanoseconds. In protected mode: finalizers may raise errors. Index 1: the
** decoding as light userdata; 2: nanoseconds. Returns false, as decoding:step does. */
static int drive(lua_State *L) {
  struct decoding *decoding = lua_touserdata(L, 1);
  sr_time until = sr_clock_monotonic.now(NULL) + (sr_time)lua_tointeger(L, 2);
  enum stage was = decoding->stage;
  do {
    int over = lua_gc(L, LUA_GCSTEP, 0), count = lua_gc(L, LUA_GCCOUNT, 0);
    if (count > decoding->most)
      decoding->most = count;
    if (over) {
      decoding->stage = HELD;
      /* its threshold leaves out what was made while it freed, and it would work that off at once */
      (void)lua_gc(L, LUA_GCRESTART, 0);
    } else if (count < decoding->most - 16) {
      decoding->stage = FREEING;
    }
  } while (decoding->stage == was && sr_clock_monotonic.now(NULL) < until);
  lua_pushboolean(L, 0);
  return 1;
}

/* Drives it at a speed of its own. Returns the status of the call; if 0, false is pushed. */
static int drive_for(lua_State *L, struct decoding *decoding, sr_time length) {
  int status, speed = lua_gc(L, LUA_GCSETSTEPMUL, SPEED);
  lua_pushcfunction(L, drive);
  lua_pushlightuserdata(L, decoding);
  lua_pushinteger(L, (lua_Integer)length);
  status = lua_pcall(L, 2, 1, 0);
  (void)lua_gc(L, LUA_GCSETSTEPMUL, speed);
  return status;
}

/*
** call:decoding(keep_nulls[, row_lists]) -> the decoding of the answer's body within the call's deadline; nil
** if it is small: see call:decode. `row_lists`: names between blanks. The first list that is such a member of
** the value, or the value itself for ".", is not made: there are its rows instead, unless it is empty.
*/
int lsr_call_decoding(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  const char *row_lists = luaL_optstring(L, 3, NULL);
  struct decoding *decoding;
  if (call->answer.len < LARGE)
    return 0;
  decoding = lsr_newobject(L, sizeof *decoding, DECODING);
  lsr_decoder_begin(&decoding->d, sr_buf_text(&call->answer), call->answer.len, lua_toboolean(L, 2),
                    call->real_time ? call->deadline : SR_NEVER);
  decoding->d.row_lists = row_lists;
  decoding->stage = first_stage(L, call->answer.len);
  lua_createtable(L, 8, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, CALL);
  if (row_lists != NULL) { /* anchored as a name: it is a key of the table */
    lua_pushvalue(L, 3);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
  }
  set_table(L);
  return 1;
}

/* Decodes a slice. Index 1: the decoding as light userdata; 2: its table. Returns as decoding:step does. */
static int run_slice(lua_State *L) {
  struct decoding *decoding = lua_touserdata(L, 1);
  struct lsr_decoder *d = &decoding->d;
  int i, done;
  luaL_checkstack(L, decoding->kept + 4, "JSON is nested too deeply");
  lua_rawgeti(L, 2, ANCHOR);
  d->anchor = 3;
  d->room = 0;
  for (i = 0; i < decoding->kept; i++) {
    lua_rawgeti(L, 2, KEPT + i);
    lua_pushnil(L); /* or the collector may find the value there when it is garbage */
    lua_rawseti(L, 2, KEPT + i);
  }
  lsr_decoder_slice(d, SLICE);
  done = lsr_decoder_run(L, d);
  lua_pushboolean(L, !d->paused);
  if (done) {
    lua_insert(L, -2);
    return 2;
  }
  if (!d->paused)
    return 1 + lsr_decoder_fail(L, d);
  lua_pop(L, 1);
  decoding->kept = lua_gettop(L) - 3;
  for (i = decoding->kept - 1; i >= 0; i--)
    lua_rawseti(L, 2, KEPT + i);
  lua_rawseti(L, 2, ANCHOR);
  lua_pushboolean(L, 0);
  return 1;
}

/* Decodes a slice, with run_slice and its arguments on the stack. Returns the status of the call. */
static int hold_slice(lua_State *L, struct decoding *decoding) {
  int held = decoding->stage != FREE && lsr_hold(L), status = lua_pcall(L, 2, LUA_MULTRET, 0);
  if (held && !IS_JIT)
    lsr_release(L);
  else if (held)
    (void)lua_gc(L, LUA_GCRESTART, 0);
  if (status == 0 && decoding->stage == FREEING) {
    status = drive_for(L, decoding, FREE_TIME);
    if (status == 0)
      lua_pop(L, 1);
  }
  return status;
}

/*
** decoding:step() -> false: call it again, now or later; true and the value; true, nil, the problem, and
** whether it is the deadline.
*/
static int decoding_step(lua_State *L) {
  struct decoding *decoding = luaL_checkudata(L, 1, DECODING);
  const struct sr_call *call;
  if (decoding->over)
    return luaL_error(L, "the decoding is over");
  lua_settop(L, 1);
  if (decoding->stage != FREE && lua_gc(L, LUA_GCISRUNNING, 0) != 1)
    decoding->stage = FREE; /* the program has stopped it, and driving would start it */
  if (decoding->stage == MARKING && sr_clock_monotonic.now(NULL) < decoding->d.deadline) {
    forget(L);
    return drive_for(L, decoding, MARK_TIME) == 0 ? 1 : lua_error(L);
  }
  lua_pushcfunction(L, run_slice);
  lua_pushlightuserdata(L, decoding);
  push_table(L, 1);
  lua_rawgeti(L, -1, CALL);
  call = lsr_checkcall(L, lua_gettop(L));
  lua_pop(L, 1);
  if (call->cleared || sr_buf_text(&call->answer) != decoding->d.start)
    return luaL_error(L, "the call is empty");
  decoding->over = 1; /* if an error is raised */
  if (hold_slice(L, decoding) != 0)
    return lua_error(L);
  decoding->over = lua_toboolean(L, 2);
  return lua_gettop(L) - 1;
}

/* ---- rows ---- */

#define ROWS "seranking.rows"

/* Elements of a list whose text was checked. They are made in order, each once. Its table is the decoder's. */
struct rows {
  struct lsr_decoder d;
  int has_text;   /* it is a userdata in the table, TEXT: the collector counts no other memory */
  const char *at; /* the next element */
  int count;
  int read; /* made or passed over */
};

#define TEXT "text"

static void begin_rows(struct rows *rows, const char *text, size_t len, int keep_nulls) {
  lsr_decoder_begin(&rows->d, text, len, keep_nulls, SR_NEVER);
  rows->d.one = 1;
}

void lsr_pushrows(lua_State *L, struct lsr_decoder *d) {
  struct rows *rows;
  if (d->row_count == 0) {
    lua_newtable(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LSR_ARRAY_MT);
    lua_setmetatable(L, -2);
    return;
  }
  rows = lsr_newobject(L, sizeof *rows, ROWS);
  begin_rows(rows, d->start, (size_t)(d->end - d->start), !d->drop_nulls);
  rows->at = d->rows + 1;
  rows->count = d->row_count;
  lsr_decoder_anchor(L);
  set_table(L);
}

/* call:give(rows): gives rows the body whose list they are. The call has none any more. */
int lsr_call_give(lua_State *L) {
  struct sr_call *call = lsr_checkdone(L);
  struct rows *rows = luaL_checkudata(L, 2, ROWS);
  size_t len = call->answer.len;
  const char *text;
  luaL_argcheck(L, !rows->has_text && call->answer.data == rows->d.start, 2,
                "rows of this call's answer expected");
  push_table(L, 2);
  text = lsr_copy(L, rows->d.start, len);
  lua_setfield(L, -2, TEXT);
  rows->at = text + (rows->at - rows->d.start);
  begin_rows(rows, text, len, !rows->d.drop_nulls);
  rows->has_text = 1;
  sr_buf_fini(&call->answer);
  return 0;
}

/* Makes the next row, pushed; or passes over it. */
static void next_row(lua_State *L, struct rows *rows, int make) {
  struct lsr_decoder *d = &rows->d;
  int made;
  lsr_decoder_again(d, rows->at); /* also if an error was raised inside the row */
  push_table(L, 1);
  d->anchor = lua_gettop(L);
  made = make ? lsr_decoder_run(L, d) : lsr_decoder_skip(d);
  if (!made)
    luaL_error(L, "the text of a row has changed");
  rows->at = lsr_decoder_element(d);
  rows->read++;
}

/* rows[index] -> the row, which is the next one or a later one; nil behind the last. */
static int rows_index(lua_State *L) {
  struct rows *rows = luaL_checkudata(L, 1, ROWS);
  int index = (int)lsr_checkwhole(L, 2, "the index of a row", 1, INT_MAX);
  if (!rows->has_text)
    return luaL_error(L, "the rows have no text");
  if (index > rows->count)
    return 0;
  if (index <= rows->read)
    return luaL_error(L, "row %d was read before: rows are read in order", index);
  while (rows->read < index - 1) {
    next_row(L, rows, 0);
    lua_settop(L, 2);
  }
  next_row(L, rows, 1);
  return 1;
}

/* #rows -> how many there are, read or not. */
static int rows_len(lua_State *L) {
  struct rows *rows = luaL_checkudata(L, 1, ROWS);
  lua_pushinteger(L, rows->count);
  return 1;
}

/* is_rows(value) -> boolean */
static int is_rows(lua_State *L) {
  lua_pushboolean(L, lsr_testobject(L, 1, ROWS) != NULL);
  return 1;
}

static const luaL_Reg decoding_methods[] = {{"step", decoding_step}, {NULL, NULL}};
static const luaL_Reg no_functions[] = {{NULL, NULL}};
static const luaL_Reg rows_meta[] = {{"__len", rows_len}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"is_rows", is_rows}, {NULL, NULL}};

void lsr_open_decoding(lua_State *L) {
  lsr_newclass(L, DECODING, decoding_methods, no_functions);
  lsr_newclass(L, ROWS, no_functions, rows_meta);
  luaL_getmetatable(L, ROWS);
  lua_pushcfunction(L, rows_index);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lsr_setfuncs(L, functions);
}
