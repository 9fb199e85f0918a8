/* Large answers: decoded in slices, between which an event loop can run, and lists whose rows are made one
** at a time.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking_decoder.h"

#include <limits.h>
#include <string.h>

/* Answers of fewer bytes are decoded at once. */
enum { LARGE = 1 << 17 };

/* Bytes that are decoded at once: some hundred microseconds of work. */
enum { SLICE = 1 << 16 };

/* ---- slices ---- */

#define DECODING "seranking.decoding"

struct decoding {
  struct lsr_decoder d;
  int held; /* the collector may be held */
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
  decoding->held = lsr_may_hold(L);
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
  for (i = 0; i < decoding->kept; i++)
    lua_rawgeti(L, 2, KEPT + i);
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

/*
** decoding:step() -> false: call it again, now or later; true and the value; true, nil, the problem, and
** whether it is the deadline.
*/
static int decoding_step(lua_State *L) {
  struct decoding *decoding = luaL_checkudata(L, 1, DECODING);
  const struct sr_call *call;
  int status = 0;
  if (decoding->over)
    return luaL_error(L, "the decoding is over");
  lua_settop(L, 1);
  lua_pushcfunction(L, run_slice);
  lua_pushlightuserdata(L, decoding);
  push_table(L, 1);
  lua_rawgeti(L, -1, CALL);
  call = lsr_checkcall(L, lua_gettop(L));
  lua_pop(L, 1);
  if (call->cleared || sr_buf_text(&call->answer) != decoding->d.start)
    return luaL_error(L, "the call is empty");
  decoding->over = 1; /* if an error is raised */
  if (decoding->held && lsr_hold(L)) {
    status = lua_pcall(L, 2, LUA_MULTRET, 0);
    lsr_release(L);
  } else {
    lua_call(L, 2, LUA_MULTRET);
  }
  if (status != 0)
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
