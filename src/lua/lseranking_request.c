/* A call made of Lua's arguments: method, target, body, options.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "http/sr_url.h"

static const char *check_method(lua_State *L, int index) {
  static const char *const verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
  return verbs[luaL_checkoption(L, index, NULL, verbs)];
}

/*
** Words for problems that client:call returns instead of raising: its caller knows the user's name for
** the parameter.
*/
static const char *status_word(enum sr_url_status status) {
  switch (status) {
  case SR_URL_MISSING:
    return "missing";
  case SR_URL_EMPTY:
    return "empty";
  case SR_URL_DOTS:
    return "dots";
  default:
    return "template";
  }
}

/*
** Reads the pair at `at` of the flat list {name, value, name, value, …} at `index`, and pushes both
** strings. 0: the list has ended.
*/
static int get_pair(lua_State *L, int index, int at, struct sr_param *param) {
  lua_rawgeti(L, index, at);
  lua_rawgeti(L, index, at + 1);
  if (lua_isnil(L, -2)) {
    lua_pop(L, 2);
    return 0;
  }
  param->name = luaL_checklstring(L, -2, &param->name_len);
  param->value = luaL_checklstring(L, -1, &param->value_len);
  return 1;
}

/* Common servers refuse request lines of more than 8 KiB. */
enum { TARGET_MAX = 8000 };

/* Upper bound on ids in a path. */
enum { IDS_MAX = 8 };

/* Fills call->target. Returns 0, or pushes nil, word, name and returns 3. */
static int make_target(lua_State *L, struct sr_call *call, const char *template, int ids,
                       int query) {
  struct sr_param params[IDS_MAX], pair;
  size_t count = 0, at_len = 0;
  const char *at = "";
  enum sr_url_status status;
  int i;
  if (lua_istable(L, ids)) {
    luaL_checkstack(L, 2 * IDS_MAX + 4, NULL);
    while (count < IDS_MAX && get_pair(L, ids, (int)count * 2 + 1, &params[count]))
      count++;
  }
  status = sr_url_expand(&call->target, template, params, count, &at, &at_len);
  lua_pop(L, (int)count * 2);
  if (status == SR_URL_NO_MEMORY)
    luaL_error(L, "not enough memory");
  if (status != SR_URL_OK) {
    lua_pushnil(L);
    lua_pushstring(L, status_word(status));
    lua_pushlstring(L, at, at_len);
    return 3;
  }
  for (i = 1; lua_istable(L, query) && get_pair(L, query, i, &pair); i += 2) {
    if (sr_url_query(&call->target, &pair) != 0)
      luaL_error(L, "not enough memory");
    lua_pop(L, 2);
  }
  if (call->target.len > TARGET_MAX) {
    lua_pushnil(L);
    lua_pushliteral(L, "long");
    lua_pushinteger(L, (lua_Integer)call->target.len);
    return 3;
  }
  return 0;
}

static void must(lua_State *L, int failed) {
  if (failed)
    luaL_error(L, "not enough memory");
}

static void copy_field(lua_State *L, int index, const char *name, struct sr_buf *to) {
  size_t len = 0;
  const char *text = lsr_fieldstring(L, index, name, &len);
  if (text != NULL)
    must(L, sr_buf_append(to, text, len) != 0);
}

/* The parts of a multipart body, from the field `parts` of the table at `index`. */
static void read_parts(lua_State *L, int index, struct sr_call *call) {
  int i;
  lsr_pushfield(L, index, "parts");
  for (i = 1; lua_istable(L, -1); i++) {
    struct sr_part *part;
    lua_rawgeti(L, -1, i);
    if (!lua_istable(L, -1)) {
      lua_pop(L, 1);
      break;
    }
    part = sr_call_add_part(call);
    must(L, part == NULL);
    copy_field(L, lua_gettop(L), "name", &part->name);
    copy_field(L, lua_gettop(L), "filename", &part->filename);
    copy_field(L, lua_gettop(L), "content_type", &part->content_type);
    copy_field(L, lua_gettop(L), "data", &part->data);
    call->has_body = 1;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/*
** options: timeout, connect_timeout, attempt_timeout, retries, paid, headers = {"Name: value", …}, parts
** = { { name = "…", data = "…", filename =, content_type = }, … }.
*/
static void read_options(lua_State *L, int index, struct sr_call *call) {
  int i;
  call->timeout = lsr_fieldseconds(L, index, "timeout", call->timeout);
  call->connect_timeout = lsr_fieldseconds(L, index, "connect_timeout", call->connect_timeout);
  call->attempt_timeout = lsr_fieldseconds(L, index, "attempt_timeout", call->attempt_timeout);
  call->retries = (int)lsr_fieldwhole(L, index, "retries", call->retries, 0, LSR_RETRIES_MAX);
  lsr_pushfield(L, index, "paid");
  call->paid = lua_toboolean(L, -1);
  lua_pop(L, 1);
  lsr_pushfield(L, index, "priority_low");
  if (!lua_isnil(L, -1))
    call->low = lua_toboolean(L, -1);
  lsr_pushfield(L, index, "wait_blocked");
  if (!lua_isnil(L, -1))
    call->wait_blocked = lua_toboolean(L, -1);
  lua_pop(L, 2);
  lsr_pushfield(L, index, "headers");
  for (i = 1; lua_istable(L, -1); i++) {
    struct curl_slist *longer;
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      break;
    }
    longer = curl_slist_append(call->headers, luaL_checkstring(L, -1));
    must(L, longer == NULL);
    call->headers = longer;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  read_parts(L, index, call);
}

static void set_defaults(const struct lsr_client *client, struct sr_call *call) {
  call->timeout = client->timeout;
  call->connect_timeout = client->connect_timeout;
  call->attempt_timeout = client->attempt_timeout;
  call->retries = client->retries;
  call->max_body = client->max_body;
  call->low = client->low;
  call->wait_blocked = client->wait_blocked;
}

/*
** client:call(method, template, ids, query, body, repeatable, options, spare)
**   -> call | nil, "missing" | "empty" | "dots" | "long", name or length
**
** `ids` and `query`: flat lists of strings {name, value, …}, or nil. `body`: a JSON text or nil.
** `spare`: a finished call to use again if possible, or nil. Nothing is sent yet.
*/
int lsr_client_call(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  const char *method = check_method(L, 2);
  const char *template = luaL_checkstring(L, 3);
  struct sr_call *call;
  int results;
  lua_settop(L, 9);
  call = lua_isnil(L, 9) ? NULL : lsr_reusecall(L, client->config);
  if (call == NULL) {
    lua_settop(L, 8);
    call = lsr_newcall(L, client->config);
  }
  call->method = method;
  set_defaults(client, call);
  call->repeatable = lua_toboolean(L, 7);
  results = make_target(L, call, template, 4, 5);
  if (results != 0)
    return results;
  if (lua_type(L, 6) == LUA_TSTRING) {
    size_t len;
    const char *body = lua_tolstring(L, 6, &len);
    must(L, sr_buf_append(&call->body, body, len) != 0);
    call->has_body = 1;
  }
  if (lua_istable(L, 8))
    read_options(L, 8, call);
  lua_settop(L, 9);
  return 1;
}

/*
** Opens the file that the body goes to, if options has `to`. `gunzip`: unpack it; `file_max`: most bytes. 0 with an error.
*/
static int open_sink(lua_State *L, int index, struct sr_call *call, struct sr_error *error) {
  const char *path = lsr_fieldstring(L, index, "to", NULL);
  lua_Number max = lsr_fieldwhole(L, index, "file_max", LSR_WHOLE_MAX, 1, LSR_WHOLE_MAX);
  if (path == NULL)
    return 1;
  call->sink = sr_sink_new(path, lsr_fieldflag(L, index, "gunzip"), (uint64_t)max, error);
  return call->sink != NULL;
}

/* client:check_file(path) -> true | nil, error: whether client:download could write that file now. */
int lsr_client_check_file(lua_State *L) {
  struct sr_error error;
  struct sr_sink *sink;
  lsr_checkclient(L);
  sink = sr_sink_new(luaL_checkstring(L, 2), 0, 0, &error);
  if (sink == NULL)
    return lsr_fail(L, &error);
  sr_sink_delete(sink);
  lua_pushboolean(L, 1);
  return 1;
}

/*
** client:download(origin, target, options) -> call | nil, problem of the address | nil, nil, error. A GET
** to another host than the API's, without the key and outside the limit. The error is of the file in
** options.to.
*/
int lsr_client_download(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  const char *origin = luaL_checkstring(L, 2);
  struct sr_config *config;
  struct sr_error error;
  struct sr_call *call;
  size_t len;
  const char *target = luaL_checklstring(L, 3, &len);
  lua_settop(L, 4);
  call = lsr_newcall(L, client->config);
  config = sr_config_elsewhere(client->config, origin, target, &error);
  if (config == NULL) {
    lua_pushnil(L);
    lua_pushstring(L, error.message);
    return 2;
  }
  sr_config_unref(call->config);
  call->config = config;
  set_defaults(client, call);
  must(L, sr_buf_append(&call->target, target, len) != 0);
  if (lua_istable(L, 4)) {
    read_options(L, 4, call);
    if (!open_sink(L, 4, call, &error)) {
      lua_pushnil(L);
      lua_pushnil(L);
      lsr_pusherror(L, &error, call);
      return 3;
    }
  }
  lua_settop(L, 5);
  return 1;
}
