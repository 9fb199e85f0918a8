/* Clients: their settings, the engine behind them, and running calls.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include "limit/sr_share.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Somewhat less than memory can hold. */
#define BODY_MAX (sizeof(size_t) > 4 ? 1099511627776.0 : 2147483647.0)

struct lsr_client *lsr_checkclient(lua_State *L) {
  struct lsr_client *client = luaL_checkudata(L, 1, LSR_CLIENT);
  if (client->config == NULL)
    luaL_error(L, "the client is closed");
  return client;
}

/* ---- making a client ---- */

/*
** The key in a variable of the environment, without the white space around it. 0: it is unset or blank.
*/
static int token_of_environment(struct sr_settings *settings, const char *variable) {
  const char *token = getenv(variable);
  size_t len;
  if (token == NULL)
    return 0;
  while (sr_is_blank(*token))
    token++;
  len = strlen(token);
  while (len > 0 && sr_is_blank(token[len - 1]))
    len--;
  if (len == 0)
    return 0;
  settings->token = token;
  settings->token_len = len;
  return 1;
}

/*
** The key: the option `token`, else the environment variable `token_env`, else the key of the client
** `token_of`. A key from the environment never becomes a Lua string.
*/
static void get_token(lua_State *L, struct sr_settings *settings) {
  size_t len;
  const char *variable = lsr_fieldstring(L, 1, "token_env", &len);
  const struct lsr_client *other;
  settings->token = lsr_fieldstring(L, 1, "token", &settings->token_len);
  settings->token_off = lsr_fieldflag(L, 1, "token_off");
  if (settings->token != NULL || settings->token_off)
    return;
  if (token_of_environment(settings, variable != NULL ? variable : "SERANKING_TOKEN"))
    return;
  lsr_pushfield(L, 1, "token_of");
  other = lsr_testobject(L, -1, LSR_CLIENT);
  if (other != NULL && other->config != NULL) {
    settings->token_off = other->config->token_off;
    if (other->config->key.len > 0) {
      settings->token = other->config->key.data;
      settings->token_len = other->config->key.len;
    }
  }
  lua_pop(L, 1); /* the table of options keeps it alive */
}

/* The generation: the option `api`, else by the key's shape. */
static int is_v1(lua_State *L, const struct sr_settings *settings) {
  size_t len;
  const char *api = lsr_fieldstring(L, 1, "api", &len);
  if (api != NULL)
    return strcmp(api, "v1") == 0;
  return settings->token != NULL && sr_key_is_uuid(settings->token, settings->token_len);
}

static struct sr_engine *make_engine(lua_State *L, struct lsr_client *client) {
  struct sr_engine_options options;
  memset(&options, 0, sizeof options);
  options.clock =
      client->clock != NULL ? sr_clock_manual(&client->clock->manual) : sr_clock_monotonic;
  options.seed = sr_random_seed();
  options.external = lsr_fieldflag(L, 1, "external");
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
  struct lsr_client *client;
  struct sr_settings settings;
  struct sr_error error;
  const char *problem;
  size_t len;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  client = lsr_newobject(L, sizeof *client, LSR_CLIENT);
  memset(&settings, 0, sizeof settings);
  get_token(L, &settings);
  settings.v1 = is_v1(L, &settings);
  settings.base_url = lsr_fieldstring(L, 1, "base_url", &len);
  if (settings.base_url == NULL)
    settings.base_url = settings.v1 ? "https://api.seranking.com" : "https://api4.seranking.com";
  settings.auth = lsr_fieldflag(L, 1, "auth_query") ? SR_AUTH_QUERY : SR_AUTH_HEADER;
  settings.ca_file = lsr_fieldstring(L, 1, "ca_file", &len);
  settings.proxy = lsr_fieldstring(L, 1, "proxy", &len);
  settings.user_agent = lsr_fieldstring(L, 1, "user_agent", &len);
  settings.rate.slots = (int)lsr_fieldwhole(L, 1, "rate_limit", 5, 0, SR_LIMIT_SLOTS);
  settings.rate.window = lsr_fieldseconds(L, 1, "rate_per", SR_SECOND);
  settings.limited = settings.rate.slots > 0;
  settings.send_time = lsr_fieldflag(L, 1, "pacing_send_time");
  settings.max_queue = (int)lsr_fieldwhole(L, 1, "max_queue", 1000, 0, INT_MAX);
  settings.fall_back = lsr_fieldflag(L, 1, "limiter_fallback");
  settings.limit_family = lsr_fieldstring(L, 1, "limit_family", &len);
  settings.local.shared = lsr_fieldflag(L, 1, "shared");
  settings.local.group = lsr_fieldflag(L, 1, "state_group");
  settings.local.state_dir = lsr_fieldstring(L, 1, "state_dir", &len);
  /* A directory that is named must work. */
  settings.local.strict =
      settings.local.shared && settings.local.state_dir != NULL && !settings.fall_back;
  settings.driver_settings = lsr_fieldstring(L, 1, "limiter_settings", &len);
  lsr_pushfield(L, 1, "limiter_driver");
  if (!lua_isnil(L, -1))
    settings.driver = check_driver(L, -1);
  lua_pop(L, 1);
  lsr_pushfield(L, 1, "clock");
  client->clock = lsr_testclock(L, -1);
  lua_pop(L, 1);
  settings.local.real = client->clock == NULL;
  if (client->clock != NULL) {
    client->clock->refs++;
    /* In a test's own directory, several processes may mean the same clock. */
    settings.limit_salt =
        settings.local.shared && settings.local.state_dir != NULL ? 1 : client->clock->id;
  }
  if (settings.driver != NULL &&
      (problem = settings.driver->check(settings.driver_settings)) != NULL) {
    sr_error_set(&error, SR_INVALID, "bad_option", NULL, "can't be used: %s", problem);
    error.option = "limiter";
    return lsr_fail(L, &error);
  }
  client->timeout = lsr_fieldseconds(L, 1, "timeout", 60 * SR_SECOND);
  client->connect_timeout = lsr_fieldseconds(L, 1, "connect_timeout", 10 * SR_SECOND);
  client->attempt_timeout = lsr_fieldseconds(L, 1, "attempt_timeout", 0);
  client->retries = (int)lsr_fieldwhole(L, 1, "retries", 2, 0, LSR_RETRIES_MAX);
  client->max_body = (size_t)lsr_fieldwhole(L, 1, "max_body", 268435456.0, 1, BODY_MAX);
  client->low = lsr_fieldflag(L, 1, "priority_low");
  client->wait_blocked = lsr_fieldflag(L, 1, "wait_blocked");
  sr_share_environment();
  client->config = sr_config_new(&settings, &error);
  if (client->config == NULL)
    return lsr_fail(L, &error);
  client->engine = make_engine(L, client);
  if (client->engine == NULL)
    return luaL_error(L, "not enough memory");
  return 1;
}

/*
** client:close(): ends calls in flight and closes the connections. Later calls raise. Also the
** finalizer.
*/
static int client_close(lua_State *L) {
  struct lsr_client *client = luaL_checkudata(L, 1, LSR_CLIENT);
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
  sr_config_key_hint(lsr_checkclient(L)->config, hint);
  lua_pushstring(L, hint);
  return 1;
}

static int client_api(lua_State *L) {
  lua_pushstring(L, lsr_checkclient(L)->config->v1 ? "v1" : "v4");
  return 1;
}

/* client:key_shape() -> "v1" or "v4", the generation whose keys look like this; nil: neither. */
static int client_key_shape(lua_State *L) {
  const struct sr_config *config = lsr_checkclient(L)->config;
  if (sr_key_is_uuid(config->key.data, config->key.len))
    lua_pushliteral(L, "v1");
  else if (sr_key_is_hex(config->key.data, config->key.len))
    lua_pushliteral(L, "v4");
  else
    lua_pushnil(L);
  return 1;
}

static int client_base_url(lua_State *L) {
  const struct sr_config *config = lsr_checkclient(L)->config;
  char *copy = lsr_copy(L, config->base_url.data, config->base_url.len);
  lua_pushlstring(L, copy, sr_config_redact(config, copy, config->base_url.len));
  return 1;
}

#define MASK "seranking.mask"

struct mask {
  struct sr_config *config; /* a reference; NULL once collected */
};

/* client:mask() -> an object that hides the key in texts, which outlives the client. */
static int client_mask(lua_State *L) {
  struct sr_config *config = lsr_checkclient(L)->config;
  struct mask *mask = lsr_newobject(L, sizeof *mask, MASK);
  mask->config = sr_config_ref(config);
  return 1;
}

/* mask:redact(text) -> the text with the key masked. */
static int mask_redact(lua_State *L) {
  const struct mask *mask = luaL_checkudata(L, 1, MASK);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  char *copy = lsr_copy(L, text, len);
  luaL_argcheck(L, mask->config != NULL, 1, "it is closed");
  lua_pushlstring(L, copy, sr_config_redact(mask->config, copy, len));
  return 1;
}

static int mask_gc(lua_State *L) {
  struct mask *mask = luaL_checkudata(L, 1, MASK);
  sr_config_unref(mask->config);
  mask->config = NULL;
  return 0;
}

/* ---- calls ---- */

/*
** client:run(call, max_wait) -> true when the call is done, false when `max_wait` seconds are over,
** nil when the caller has to carry out the attempt (see call:outgoing). Submits the call the first time.
** Works and waits on this thread.
*/
static int client_run(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
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
** client:submit(call, tag): begins a call whose end client:next reports. `tag` is the caller's own: a
** whole number above 0.
*/
static int client_submit(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  struct sr_call *call = lsr_checkcall(L, 2);
  lua_Number tag = lsr_checkwhole(L, 3, "tag", 1, LSR_WHOLE_MAX);
  if (call->state != SR_STATE_NEW)
    return luaL_error(L, "the call was begun already");
  sr_engine_submit(client->engine, call, (uint64_t)tag);
  return 0;
}

/*
** client:next(max_wait) -> tag, wants of a call that needs its owner; nil when `max_wait` seconds are
** over. The call is done, or `wants` is true and the caller has to carry out its attempt (see
** call:outgoing). Works and waits on this thread.
*/
static int client_next(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  struct sr_call *call = sr_engine_next(client->engine, lsr_checkseconds(L, 2, "max_wait"));
  if (call == NULL)
    return 0;
  lua_pushnumber(L, (lua_Number)call->tag);
  lua_pushboolean(L, call->state != SR_STATE_DONE);
  return 2;
}

/* client:now() -> seconds on the client's clock. */
static int client_now(lua_State *L) {
  lsr_pushseconds(L, sr_engine_now(lsr_checkclient(L)->engine));
  return 1;
}

/* client:sleep(seconds): waits; an injected clock jumps ahead instead. */
static int client_sleep(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  sr_engine_sleep(client->engine, lsr_checkseconds(L, 2, "sleep"));
  return 0;
}

/*
** client:limit(max_wait) -> the state of its limiter, see lsr_pushview; nil: it has none. If a server
** must be asked, waits for at most `max_wait` seconds.
*/
static int client_limit(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
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

/* client:reset_limit(max_wait): ends ban and hold for all who share the limiter. */
static int client_reset_limit(lua_State *L) {
  struct lsr_client *client = lsr_checkclient(L);
  lua_pushboolean(
      L, sr_engine_reset_limit(client->engine, client->config, lsr_checkseconds(L, 2, "max_wait")));
  return 1;
}

static const luaL_Reg methods[] = {{"limit", client_limit},
                                   {"reset_limit", client_reset_limit},
                                   {"call", lsr_client_call},
                                   {"run", client_run},
                                   {"submit", client_submit},
                                   {"next", client_next},
                                   {"now", client_now},
                                   {"sleep", client_sleep},
                                   {"download", lsr_client_download},
                                   {"check_file", lsr_client_check_file},
                                   {"key", client_key},
                                   {"key_shape", client_key_shape},
                                   {"api", client_api},
                                   {"base_url", client_base_url},
                                   {"mask", client_mask},
                                   {"close", client_close},
                                   {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", client_close}, {"__close", client_close}, {NULL, NULL}};
static const luaL_Reg mask_methods[] = {{"redact", mask_redact}, {NULL, NULL}};
static const luaL_Reg mask_meta[] = {{"__gc", mask_gc}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"client", client_new}, {NULL, NULL}};

void lsr_open_client(lua_State *L) {
  lsr_newclass(L, LSR_CLIENT, methods, meta);
  lsr_newclass(L, MASK, mask_methods, mask_meta);
  lsr_setfuncs(L, functions);
}
