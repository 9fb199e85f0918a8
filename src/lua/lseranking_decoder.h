/* The decoder of JSON: a state machine that makes Lua values and can pause between two tokens.
** SPDX-License-Identifier: MIT */
#ifndef LSERANKING_DECODER_H
#define LSERANKING_DECODER_H

#include "lua/lseranking.h"

/* Registry key of the metatable that marks empty lists, which makes them encode as []. */
#define LSR_ARRAY_MT "seranking.array"

/* Deepest nesting. Each level uses two slots of the Lua stack. */
enum { LSR_DEPTH_MAX = 1000 };

/* Most places of members whose names are remembered. */
enum { LSR_PLACES = 256 };

/*
** A place in the text's structure: a member of an object, by the path that leads to it. All rows of a list
** share their places. So what is known of one row is expected of the next: which name follows, which is
** then not hashed again, and how large tables become. Place 0 is the text's value.
*/
struct lsr_place {
  const char *name; /* in the text, without escapes */
  unsigned len;
  short next;     /* the member that followed; 0: none */
  short inner;    /* the first member of the objects here; 0: none */
  short anchored; /* index of the name in the decoder's table, once it has come twice */
  int members; /* of the object here that ended last, unless a table was made for as many; the same */
  int elements; /* of lists */
};

/* A list or an object that is open. */
struct lsr_frame {
  int count;    /* elements, or members that were kept */
  short place;  /* -1: not remembered */
  short last;   /* the place of the last member that is remembered; 0: none */
  short member; /* the place of the current member, or -1 */
  short is_object;
};

struct lsr_decoder {
  const char *start, *p, *end;
  const char *look_at;   /* where to check deadline and slice next; `end` at most */
  const char *slice_end; /* NULL: does not pause */
  int tables;            /* to be made before it pauses */
  sr_time deadline;      /* on the monotonic clock, or SR_NEVER */
  const char *problem;   /* what is wrong at `p` */
  int late;              /* the problem is the deadline */
  int paused;
  int one; /* ends behind the value, whatever follows */
  /* Names between blanks, or NULL. The first list that is such a member of the value, or the value itself
     for ".", is not made. */
  const char *row_lists;
  int quiet;        /* its level, while it is read over: lists and objects in it are only checked */
  const char *rows; /* its opening bracket; NULL: there was none so far */
  int row_count;    /* its elements */
  int drop_nulls;   /* leave out null members */
  int state;        /* which token comes next */
  int depth;
  int room;      /* levels that the Lua stack has room for */
  int anchor;    /* stack index of its table; nil until it is needed */
  char *scratch; /* for unescaped strings; in that table */
  size_t scratch_size;
  int anchored; /* names in that table */
  int places;
  struct lsr_place place[LSR_PLACES];
  struct lsr_frame frame[LSR_DEPTH_MAX];
};

/* Prepares to decode a text. It must stay where it is until the decoder is done. */
void lsr_decoder_begin(struct lsr_decoder *d, const char *text, size_t len, int keep_nulls,
                       sr_time deadline);

/* Lets the decoder pause after about `bytes` bytes, or fewer if they make many tables. */
void lsr_decoder_slice(struct lsr_decoder *d, size_t bytes);

/*
** Decodes, with the slot `d->anchor` of the stack for its table. Returns 1 with the value pushed. Returns 0
** if `d->paused` is set: called again with the same values on the stack, it goes on. Or if `d->problem` is,
** with any values left on the stack. In place of the list that is not made it pushes what
** lsr_pushrows pushes.
*/
int lsr_decoder_run(lua_State *L, struct lsr_decoder *d);

/* Passes over one value without making it. Returns as lsr_decoder_run, and pushes nothing. */
int lsr_decoder_skip(struct lsr_decoder *d);

/*
** For the elements of a list whose text was checked, with `d->one` set. lsr_decoder_again prepares for the
** one at `p`; lsr_decoder_element tells where the next one is after it.
*/
void lsr_decoder_again(struct lsr_decoder *d, const char *p);
const char *lsr_decoder_element(struct lsr_decoder *d);

/* Pushes a decoder's table, empty. A decoder without one makes it when it needs it. */
void lsr_decoder_anchor(lua_State *L);

/* Pushes nil, the problem with its position, and whether it is the deadline. Returns 3. */
int lsr_decoder_fail(lua_State *L, const struct lsr_decoder *d);

/*
** The collector. lsr_may_hold tells whether it may be held: not if half of what there was at its last
** release is still there. It has to run then, or a program that decodes all the time would never collect.
** lsr_hold stops it and returns 1, unless it was stopped. lsr_release lets it run again; it may raise an
** error, but has let it run then.
*/
int lsr_may_hold(lua_State *L);
int lsr_hold(lua_State *L);
void lsr_release(lua_State *L);

/* Pushes the rows of the list that was not made; an empty list as it is. */
void lsr_pushrows(lua_State *L, struct lsr_decoder *d);

#endif
