/* Clients: settings, the engine behind them, and the calls they make.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "limit/sr_share.h"
#include "http/sr_url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENT "seranking.core"

struct client_object {
  struct sr_config *config; /* NULL once closed */
  struct sr_engine *engine;
  struct lsr_clock *clock; /* NULL: the real one */
  /* What a call gets unless it says otherwise. */
  sr_time timeout, connect_timeout, attempt_timeout;
  int retries;
  size_t max_body;
  int low, wait_blocked;
};

static struct client_object *check_client(lua_State *L) {
  struct client_object *client = luaL_checkudata(L, 1, CLIENT);
  if (client->config == NULL)
    luaL_error(L, "the client is closed");
  return client;
}

/*
** ---- reading option tables: the caller's Lua has checked types, so a wrong one is a mistake of ours.
** Numbers are checked here, too: they count arrays ----
*/

/*
** The string at `name` of the table at `index`, NULL when absent. Alive as long as the table holds
** it.
*/
static const char *get_string(lua_State *L, int index, const char *name, size_t *len) {
  const char *text;
  lua_getfield(L, index, name);
  text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, len) : NULL;
  lua_pop(L, 1);
  return text;
}

static int get_flag(lua_State *L, int index, const char *name) {
  int value;
  lua_getfield(L, index, name);
  value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static lua_Number get_whole(lua_State *L, int index, const char *name, lua_Number otherwise,
                            double least, double most) {
  lua_Number value = otherwise;
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1))
    value = lsr_checkwhole(L, -1, name, least, most);
  lua_pop(L, 1);
  return value;
}

/* What the core can count, and somewhat less than what memory can hold. */
enum { RETRIES_MAX = 100 };
#define BODY_MAX (sizeof(size_t) > 4 ? 1099511627776.0 : 2147483647.0)

static sr_time get_time(lua_State *L, int index, const char *name, sr_time otherwise) {
  sr_time value = otherwise;
  lua_getfield(L, index, name);
  if (!lua_isnil(L, -1))
    value = lsr_checkseconds(L, -1, name);
  lua_pop(L, 1);
  return value;
}

/* ---- making a client ---- */

static uint64_t make_seed(const void *somewhere) {
  return (uint64_t)sr_clock_monotonic.now(NULL) ^ ((uint64_t)getpid() << 32) ^
         (uint64_t)time(NULL) ^ (uint64_t)(uintptr_t)somewhere;
}

/*
** The key: the option `token`; or else that of the environment variable `token_env`, which so never
** becomes a Lua string (an empty variable is none); or else that of the client `token_of`.
*/
static void get_token(lua_State *L, struct sr_settings *settings) {
  size_t len;
  const char *variable = get_string(L, 1, "token_env", &len), *token;
  const struct client_object *other;
  settings->token = get_string(L, 1, "token", &settings->token_len);
  settings->token_off = get_flag(L, 1, "token_off");
  if (settings->token != NULL || settings->token_off)
    return;
  token = getenv(variable != NULL ? variable : "SERANKING_TOKEN");
  if (token != NULL && token[0] != '\0') {
    settings->token = token;
    settings->token_len = strlen(token);
    return;
  }
  lua_getfield(L, 1, "token_of");
  other = lsr_testobject(L, -1, CLIENT);
  if (other != NULL && other->config != NULL) {
    settings->token_off = other->config->token_off;
    if (other->config->key.len > 0) {
      settings->token = other->config->key.data;
      settings->token_len = other->config->key.len;
    }
  }
  lua_pop(L, 1); /* alive in the table of options */
}

/* Which generation: as said ("v4", "v1"), or by the key's shape. */
static int is_v1(lua_State *L, const struct sr_settings *settings) {
  size_t len;
  const char *api = get_string(L, 1, "api", &len);
  if (api != NULL)
    return strcmp(api, "v1") == 0;
  return settings->token != NULL && sr_key_is_uuid(settings->token, settings->token_len);
}

static struct sr_engine *make_engine(lua_State *L, struct client_object *client) {
  struct sr_engine_options options;
  memset(&options, 0, sizeof options);
  options.clock =
      client->clock != NULL ? sr_clock_manual(&client->clock->manual) : sr_clock_monotonic;
  options.seed = make_seed(client);
  options.external = get_flag(L, 1, "external");
  return sr_engine_new(&options);
}

/* The limiter driver of another module: a userdata that holds a pointer to it. */
static const struct sr_limiter_driver *check_driver(lua_State *L, int index) {
  const struct sr_limiter_driver *const *driver =
      lsr_testobject(L, index, "seranking.limiter_driver");
  if (driver == NULL || *driver == NULL) {
    luaL_error(L, "limiter_driver must be a limiter driver");
    return NULL; /* not reached */
  }
  if ((*driver)->abi != SR_LIMITER_ABI)
    luaL_error(L, "the limiter's module is of another version of seranking: install both anew");
  return *driver;
}

/*
** client(options) -> core | nil, error. The options are seranking.new's, checked; for the key see
** get_token, `token_off`, `external` are flags, `base_url` may be nil, `rate_limit` 0 means no limiter.
*/
static int client_new(lua_State *L) {
  struct client_object *client;
  struct sr_settings settings;
  struct sr_error error;
  const char *problem;
  size_t len;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  client = lsr_newobject(L, sizeof *client, CLIENT);
  memset(&settings, 0, sizeof settings);
  get_token(L, &settings);
  settings.v1 = is_v1(L, &settings);
  settings.base_url = get_string(L, 1, "base_url", &len);
  if (settings.base_url == NULL)
    settings.base_url = settings.v1 ? "https://api.seranking.com" : "https://api4.seranking.com";
  settings.auth = get_flag(L, 1, "auth_query") ? SR_AUTH_QUERY : SR_AUTH_HEADER;
  settings.ca_file = get_string(L, 1, "ca_file", &len);
  settings.proxy = get_string(L, 1, "proxy", &len);
  settings.user_agent = get_string(L, 1, "user_agent", &len);
  settings.rate.slots = (int)get_whole(L, 1, "rate_limit", 5, 0, SR_LIMIT_SLOTS);
  settings.rate.window = get_time(L, 1, "rate_per", SR_SECOND);
  settings.limited = settings.rate.slots > 0;
  settings.send_time = get_flag(L, 1, "pacing_send_time");
  settings.max_queue = (int)get_whole(L, 1, "max_queue", 1000, 0, INT_MAX);
  settings.fall_back = get_flag(L, 1, "limiter_fallback");
  settings.limit_family = get_string(L, 1, "limit_family", &len);
  settings.local.shared = get_flag(L, 1, "shared");
  settings.local.group = get_flag(L, 1, "state_group");
  settings.local.state_dir = get_string(L, 1, "state_dir", &len);
  /* Who names a directory means it. */
  settings.local.strict =
      settings.local.shared && settings.local.state_dir != NULL && !settings.fall_back;
  settings.driver_settings = get_string(L, 1, "limiter_settings", &len);
  lua_getfield(L, 1, "limiter_driver");
  if (!lua_isnil(L, -1))
    settings.driver = check_driver(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, 1, "clock");
  client->clock = lsr_testclock(L, -1);
  lua_pop(L, 1);
  settings.local.real = client->clock == NULL;
  if (client->clock != NULL) {
    client->clock->refs++;
    /* A directory of a test's own: there clocks of several processes may be meant to be one. */
    settings.limit_salt =
        settings.local.shared && settings.local.state_dir != NULL ? 1 : client->clock->id;
  }
  if (settings.driver != NULL &&
      (problem = settings.driver->check(settings.driver_settings)) != NULL) {
    sr_error_set(&error, SR_INVALID, "bad_option", NULL, "can't be used: %s", problem);
    error.option = "limiter";
    lua_pushnil(L);
    lsr_pusherror(L, &error, NULL);
    return 2;
  }
  client->timeout = get_time(L, 1, "timeout", 60 * SR_SECOND);
  client->connect_timeout = get_time(L, 1, "connect_timeout", 10 * SR_SECOND);
  client->attempt_timeout = get_time(L, 1, "attempt_timeout", 0);
  client->retries = (int)get_whole(L, 1, "retries", 2, 0, RETRIES_MAX);
  client->max_body = (size_t)get_whole(L, 1, "max_body", 268435456.0, 1, BODY_MAX);
  client->low = get_flag(L, 1, "priority_low");
  client->wait_blocked = get_flag(L, 1, "wait_blocked");
  sr_share_environment();
  client->config = sr_config_new(&settings, &error);
  if (client->config == NULL) {
    lua_pushnil(L);
    lsr_pusherror(L, &error, NULL);
    return 2;
  }
  client->engine = make_engine(L, client);
  if (client->engine == NULL)
    return luaL_error(L, "not enough memory");
  return 1;
}

/*
** close(): ends what is under way and closes the connections. Later calls raise. Also the
** finalizer.
*/
static int client_close(lua_State *L) {
  struct client_object *client = luaL_checkudata(L, 1, CLIENT);
  sr_engine_delete(client->engine);
  client->engine = NULL;
  if (client->config != NULL)
    sr_job_cancel_client(client->config);
  sr_config_unref(client->config);
  client->config = NULL;
  lsr_clock_unref(client->clock);
  client->clock = NULL;
  return 0;
}

/* ---- what it is ---- */

static int client_key(lua_State *L) {
  char hint[SR_KEY_HINT_SIZE];
  sr_config_key_hint(check_client(L)->config, hint);
  lua_pushstring(L, hint);
  return 1;
}

static int client_api(lua_State *L) {
  lua_pushstring(L, check_client(L)->config->v1 ? "v1" : "v4");
  return 1;
}

/* client:key_shape() -> "v1" or "v4", the generation whose keys look like this one; nil: neither. */
static int client_key_shape(lua_State *L) {
  const struct sr_config *config = check_client(L)->config;
  if (sr_key_is_uuid(config->key.data, config->key.len))
    lua_pushliteral(L, "v1");
  else if (sr_key_is_hex(config->key.data, config->key.len))
    lua_pushliteral(L, "v4");
  else
    lua_pushnil(L);
  return 1;
}

static int client_base_url(lua_State *L) {
  const struct sr_config *config = check_client(L)->config;
  char *copy = lsr_copy(L, config->base_url.data, config->base_url.len);
  lua_pushlstring(L, copy, sr_config_redact(config, copy, config->base_url.len));
  return 1;
}

/* client:redact(text) -> the text with the key masked. */
static int client_redact(lua_State *L) {
  const struct sr_config *config = check_client(L)->config;
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  char *copy = lsr_copy(L, text, len);
  lua_pushlstring(L, copy, sr_config_redact(config, copy, len));
  return 1;
}

/* ---- calls ---- */

static const char *check_method(lua_State *L, int index) {
  static const char *const verbs[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
  return verbs[luaL_checkoption(L, index, NULL, verbs)];
}

/*
** What client:call raises nothing for, but reports: the caller knows the parameter's name in the
** user's words.
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
** The pairs of a flat list {name, value, name, value, …} at `index` start at 1; pushes both
** strings. 0 at the end.
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

/* More ids than this no path has. */
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
  const char *text = get_string(L, index, name, &len);
  if (text != NULL)
    must(L, sr_buf_append(to, text, len) != 0);
}

/* The parts of a multipart body, from the field `parts` of the table at `index`. */
static void read_parts(lua_State *L, int index, struct sr_call *call) {
  int i;
  lua_getfield(L, index, "parts");
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
  call->timeout = get_time(L, index, "timeout", call->timeout);
  call->connect_timeout = get_time(L, index, "connect_timeout", call->connect_timeout);
  call->attempt_timeout = get_time(L, index, "attempt_timeout", call->attempt_timeout);
  call->retries = (int)get_whole(L, index, "retries", call->retries, 0, RETRIES_MAX);
  lua_getfield(L, index, "paid");
  call->paid = lua_toboolean(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, index, "priority_low");
  if (!lua_isnil(L, -1))
    call->low = lua_toboolean(L, -1);
  lua_getfield(L, index, "wait_blocked");
  if (!lua_isnil(L, -1))
    call->wait_blocked = lua_toboolean(L, -1);
  lua_pop(L, 2);
  lua_getfield(L, index, "headers");
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

static void set_defaults(const struct client_object *client, struct sr_call *call) {
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
** `ids` and `query` are flat lists of strings {name, value, …} or nil; `body` is a JSON text or nil; `spare` is a call that is not
** needed any more, to be used again if it can be, or nil. Nothing is sent yet.
*/
static int client_call(lua_State *L) {
  struct client_object *client = check_client(L);
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
** client:download(origin, target, options) -> call | nil, what is wrong with the address. A GET to
** another host than the API's: without the key, and outside its limit.
*/
static int client_download(lua_State *L) {
  struct client_object *client = check_client(L);
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
  if (lua_istable(L, 4))
    read_options(L, 4, call);
  lua_settop(L, 5);
  return 1;
}

/*
** client:run(call, max_wait) -> true when the call is done, false when `max_wait` seconds are over,
** nil when its attempt is to be carried out by the caller (see call:outgoing). Puts the call under
** way the first time; then works and waits on this thread.
*/
static int client_run(lua_State *L) {
  struct client_object *client = check_client(L);
  struct sr_call *call = lsr_checkcall(L, 2);
  sr_time max_wait = lsr_checkseconds(L, 3, "max_wait");
  enum sr_run outcome = SR_RUN_DONE;
  if (call->engine != NULL && call->engine != client->engine)
    return luaL_error(L, "the call belongs to another client");
  if (call->state != SR_STATE_DONE)
    outcome = sr_engine_run(client->engine, call, max_wait);
  if (outcome == SR_RUN_EXTERNAL)
    lua_pushnil(L);
  else
    lua_pushboolean(L, outcome == SR_RUN_DONE);
  return 1;
}

/*
** client:submit(call, tag): puts a call under way whose end client:next tells. `tag`: a whole number
** above 0, the caller's own.
*/
static int client_submit(lua_State *L) {
  struct client_object *client = check_client(L);
  struct sr_call *call = lsr_checkcall(L, 2);
  lua_Number tag = lsr_checkwhole(L, 3, "tag", 1, 9007199254740992.0);
  if (call->state != SR_STATE_NEW)
    return luaL_error(L, "the call was under way already");
  sr_engine_submit_tagged(client->engine, call, (uint64_t)tag);
  return 0;
}

/*
** client:next(max_wait) -> tag, wants of a call that needs its owner: it is done, or `wants` is true
** and its attempt is to be carried out (see call:outgoing); nil when `max_wait` seconds are over.
** Works and waits on this thread.
*/
static int client_next(lua_State *L) {
  struct client_object *client = check_client(L);
  struct sr_call *call = sr_engine_next(client->engine, lsr_checkseconds(L, 2, "max_wait"));
  if (call == NULL)
    return 0;
  lua_pushnumber(L, (lua_Number)call->tag);
  lua_pushboolean(L, call->state != SR_STATE_DONE);
  return 2;
}

/* client:now() -> seconds on the client's clock. */
static int client_now(lua_State *L) {
  lsr_pushseconds(L, sr_engine_now(check_client(L)->engine));
  return 1;
}

/* client:sleep(seconds): waits as the engine does: an injected clock jumps. */
static int client_sleep(lua_State *L) {
  struct client_object *client = check_client(L);
  sr_engine_sleep(client->engine, lsr_checkseconds(L, 2, "sleep"));
  return 0;
}

/*
** client:limit(max_wait) -> what is known of its limiter, see lsr_pushview; nil when it has none.
** Waits for at most `max_wait` seconds where a server must be asked.
*/
static int client_limit(lua_State *L) {
  struct client_object *client = check_client(L);
  struct sr_limit_view view;
  if (!sr_engine_view_limit(client->engine, client->config, lsr_checkseconds(L, 2, "max_wait"),
                            &view))
    return 0;
  lsr_pushview(L, &view, sr_engine_now(client->engine));
  lua_pushinteger(L, (lua_Integer)sr_config_waiting(client->config));
  lua_setfield(L, -2, "waiting");
  lua_pushstring(L, client->config->key_hint);
  lua_setfield(L, -2, "key");
  return 1;
}

/* client:reset_limit(max_wait): ends ban and hold, for everybody who shares the limiter. */
static int client_reset_limit(lua_State *L) {
  struct client_object *client = check_client(L);
  lua_pushboolean(
      L, sr_engine_reset_limit(client->engine, client->config, lsr_checkseconds(L, 2, "max_wait")));
  return 1;
}

static const luaL_Reg methods[] = {{"limit", client_limit},
                                   {"reset_limit", client_reset_limit},
                                   {"call", client_call},
                                   {"run", client_run},
                                   {"submit", client_submit},
                                   {"next", client_next},
                                   {"now", client_now},
                                   {"sleep", client_sleep},
                                   {"download", client_download},
                                   {"key", client_key},
                                   {"key_shape", client_key_shape},
                                   {"api", client_api},
                                   {"base_url", client_base_url},
                                   {"redact", client_redact},
                                   {"close", client_close},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", client_close}, {"__close", client_close}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"client", client_new}, {NULL, NULL}};

void lsr_open_client(lua_State *L) {
  lsr_newclass(L, CLIENT, methods, meta);
  lsr_setfuncs(L, functions);
}
