/* Accounts: reserve the credits that calls in flight may cost, to keep a client within its budget.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include <math.h>
#include <stdlib.h>

#define ACCOUNT "seranking.account"

/* References: its userdata, and each call with credits set aside. */
struct lsr_account {
  int references;
  int calls;        /* in flight with credits set aside */
  double set_aside; /* maximum cost of these calls */
  double doubtful;  /* maximum cost of abandoned calls */
  int given_up;     /* abandoned calls that may have been sent */
};

/* The userdata. */
struct account_object {
  struct lsr_account *account; /* a reference; NULL: closed */
};

static void release(struct lsr_account *account) {
  if (account != NULL && --account->references == 0)
    free(account);
}

/* Releases the credits that the call has set aside, and returns them. */
static double take_back(struct lsr_call *object) {
  struct lsr_account *account = object->account;
  object->account = NULL;
  account->set_aside -= object->set_aside;
  if (--account->calls == 0)
    account->set_aside = 0; /* drops rounding errors */
  release(account);
  return object->set_aside;
}

/* True if the server may have received the call; on the thread, if it was submitted. */
static int may_be_sent(const struct lsr_call *object) {
  if (object->job != NULL)
    return sr_job_state(object->job) != SR_JOB_FORKED;
  return object->call->sent;
}

void lsr_give_up(struct lsr_call *object) {
  struct lsr_account *account = object->account;
  if (account == NULL)
    return;
  if (may_be_sent(object)) {
    account->doubtful += object->set_aside;
    account->given_up++;
  }
  take_back(object);
}

/*
** call:set_aside(account, credits): reserves the call's maximum cost until call:settle. If the call may
** have been sent and is cancelled or collected first, the credits become doubtful.
*/
int lsr_call_set_aside(lua_State *L) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  struct lsr_account *account = ((struct account_object *)luaL_checkudata(L, 2, ACCOUNT))->account;
  lua_Number credits = luaL_checknumber(L, 3);
  luaL_argcheck(L, account != NULL, 2, "it is closed");
  luaL_argcheck(L, credits >= 0 && credits < HUGE_VAL, 3, "must be a finite number, at least 0");
  luaL_argcheck(L, object->call != NULL && object->account == NULL, 1,
                "has already set credits aside");
  account->references++;
  account->calls++;
  account->set_aside += credits;
  object->account = account;
  object->set_aside = credits;
  return 0;
}

/* call:settle() -> the credits it had set aside; nil if none, or if the call was abandoned. */
int lsr_call_settle(lua_State *L) {
  struct lsr_call *object = lsr_reclaimcall(L, 1);
  if (object->account == NULL)
    return 0;
  lua_pushnumber(L, take_back(object));
  return 1;
}

/* account:look() -> credits set aside, doubtful credits, abandoned calls */
static int account_look(lua_State *L) {
  const struct lsr_account *account =
      ((struct account_object *)luaL_checkudata(L, 1, ACCOUNT))->account;
  luaL_argcheck(L, account != NULL, 1, "it is closed");
  lua_pushnumber(L, account->set_aside);
  lua_pushnumber(L, account->doubtful);
  lua_pushinteger(L, account->given_up);
  return 3;
}

static int account_gc(lua_State *L) {
  struct account_object *object = luaL_checkudata(L, 1, ACCOUNT);
  release(object->account);
  object->account = NULL;
  return 0;
}

/* lseranking.account() -> an empty account */
static int account_new(lua_State *L) {
  struct account_object *object = lsr_newobject(L, sizeof *object, ACCOUNT);
  object->account = calloc(1, sizeof *object->account);
  if (object->account == NULL)
    return luaL_error(L, "not enough memory");
  object->account->references = 1;
  return 1;
}

static const luaL_Reg methods[] = {{"look", account_look}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", account_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"account", account_new}, {NULL, NULL}};

void lsr_open_account(lua_State *L) {
  lsr_newclass(L, ACCOUNT, methods, meta);
  lsr_setfuncs(L, functions);
}
