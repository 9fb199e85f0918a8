--- The client: options, resources, and the way out for what no resource covers.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"
local options = require "seranking.options"
local proxy = require "seranking.base.proxy"

local concurrent, costs, direct = lazy "seranking.walk.concurrent", lazy "seranking.walk.costs", lazy "seranking.direct"
local host, limiter, resource = lazy "seranking.loop.host", lazy "seranking.limiter", lazy "seranking.resource"
local redis = lazy "seranking.redis"
local help, operation, suggest = lazy "seranking.help", lazy "seranking.operation", lazy "seranking.suggest"

local client = {}

local format = string.format

--- What a client has besides its resources, the one behind `client.data` too.
---@class seranking.AnyClient
---@field api "v4"|"v1" the generation it speaks
---@field base_url string
local methods = {}

--- What seranking.new gives. What hangs below it, resource by resource, is in library/seranking.lua.
---@class seranking.Client: seranking.AnyClient
---@field data seranking.DataClient

--- The client of the Data API.
---@class seranking.DataClient: seranking.AnyClient

local kind -- of the proxies in front of a client's state

-- The state behind a client: finds methods and resources when they are first looked at, and keeps them.
local client_mt = {}

-- The client of the Data API behind a client: made when it is first looked at. What is wrong with its key in the environment
-- is what its calls return.
local function data_of(self)
  if self._closed then
    misuse.raise("client.data: the client is closed")
  end
  return (self._data or self._open_data())._proxy
end

function client_mt.__index(self, name)
  local value = methods[name]
  if value then
    return value
  elseif name == "data" and self._api ~= "data" then
    value = data_of(self)
  else
    value = resource.top(self, name)
  end
  if value == nil then
    if type(name) == "string" and name:sub(1, 1) == "_" then -- inspectors ask for such names
      return nil
    end
    misuse.raise("%s", suggest.top(self, name, methods))
  end
  rawset(self, name, value)
  return value
end

-- The state behind a client, for one of its methods.
local function must_be_client(self, call)
  local state = proxy.state(self, kind)
  if not state then
    misuse.raise("call it with a colon: client:%s", call)
  end
  return state
end

-- Names the key by its last four characters only.
local function line_of(self)
  return format("seranking client (%s, %s, key %s)", self._api == "data" and "Data API" or self.api, self.base_url, self._key)
end

kind = proxy.kind("seranking.client", {
  line = line_of,
  tostring = function(self)
    return line_of(self) .. "\n" .. help.client(self._api, proxy.sorted_names(methods))
  end,
  names = function(state)
    local resources = resource.top_names(state._api)
    if state._closed then
      resources.data = nil -- can't be opened any more
    end
    return proxy.sorted_names({ api = true, base_url = true }, methods, resources)
  end,
  refuse = function(_, name)
    return format("client.%s can't be set: options are given to seranking.new, or to a call", name)
  end,
})

-- What a public call gives: a client with the option raise gets errors raised, as values.
local function deliver(self, value, second)
  if value == nil and self._raise then
    errors.raise(second)
  end
  return value, second
end

-- ---- calls ----

---@class seranking.Request: seranking.CallOptions
---@field method? "GET"|"POST"|"PUT"|"PATCH"|"DELETE" default GET
---@field path string below the base address, percent-encoded, beginning with a slash
---@field query? table<string, string|number|boolean|table> lists are written name[]=1&name[]=2
---@field body? string|table a JSON text, or a value to encode; empty lists need seranking.array. It is always sent as JSON
---@field repeatable? boolean may be sent twice (default: GET, PUT and DELETE; client.data: nothing, since it may be paid twice)

--- Sends any request: for what the resources do not cover. JSON answers are decoded, others given as a string; an empty
--- answer is true.
---@param request seranking.Request
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
function methods:request(request)
  self = must_be_client(self, "request { … }")
  local data, response = direct.request(self, request)
  return deliver(self, data, response)
end

---@class seranking.Credits
---@field available number credits that the key may spend: the sum of the pools, or 0 where it may spend none
---@field totals table<string, { remaining: number }> by pool: subscription, addon, wallet
---@field access { can_use_data_api: boolean, primary_reason: string? }

-- What map and gather give. A client with the option raise gets the errors raised, with the results in their field.
local function deliver_all(self, results, problems)
  if problems and self._raise then
    concurrent.with_results(problems, results)
    errors.raise(problems)
  end
  return results, problems
end

-- An operation takes the item alone: its second argument would be options.
local function of_item(op)
  return function(item)
    return op(item)
  end
end

--- Runs `fn(item, index)` for every item of a list, many at once, on this one thread: while the call of one item waits, others
--- go on. Inside `fn` calls are written as anywhere else. `fn` may be an operation: items are its arguments then, or resources.
---
--- results[i] is what `fn` returned first for item i. If it returns nil or false and an error, or raises an error value,
--- errors[i] is that error and results[i] is nil; so one bad item costs no other. A mistake in the program, which raises a
--- string, ends the map: no further item is begun, and once those in flight are done it is raised, with its traceback.
--- results.n is the number of items. `errors` is nil when there are none, else a table of those by item, with errors.count and
--- errors.first; tostring(errors) is a line for a log. Items that stop_on_error left out have errors of kind cancelled, code
--- not_started.
---@generic T, R
---@param list T[] or with a field n, if it has nil among its items
---@param fn fun(item: T, index: integer): R?, any
---@param given? seranking.MapOptions
---@return { [integer]: R, n: integer } results, seranking.Errors? errors
function methods:map(list, fn, given)
  self = must_be_client(self, "map(list, fn)")
  if type(fn) == "table" and operation.is(fn) then
    fn = of_item(fn)
  end
  local results, problems = concurrent.map(self, (host.loop(self)), list, fn, options.map(given))
  return deliver_all(self, results, problems)
end

--- Runs functions at once and waits for all: map, with functions for items.
---@param ... fun(): any, any
---@return { [integer]: any, n: integer } results, seranking.Errors? errors
function methods:gather(...)
  self = must_be_client(self, "gather(f1, f2, …)")
  local results, problems = concurrent.gather(self, (host.loop(self)), ...)
  return deliver_all(self, results, problems)
end

--- What is known of the rate limit now: slots, waits, ban, and who shares it. `client:limiter():reset()` ends a ban.
---@return seranking.Limiter? limiter
---@return seranking.Error? err of client.data, where its key in the environment can't be used
function methods:limiter()
  self = must_be_client(self, "limiter()")
  if self._closed then
    misuse.raise("client:limiter: the client is closed")
  elseif self._failed then
    return deliver(self, nil, errors.again(self._failed))
  end
  return limiter.view(self._core, host.may_block(self), self._hook_error or nil)
end

--- Fetches a file that an answer has named, from whatever host it is on: without the key, and outside the API's limit. Its
--- bytes are given as they are, gzipped files gzipped.
---@param url string https, or http to this machine
---@param given? seranking.CallOptions
---@return string? bytes, seranking.Response|seranking.Error # bytes, response | nil, error
function methods:download(url, given)
  self = must_be_client(self, "download(url)")
  local bytes, response = direct.download(self, url, given)
  return deliver(self, bytes, response)
end

--- What the calls of client.data have cost so far, by estimate: no answer of the API says it.
---@return seranking.Spent
function methods:spent()
  self = must_be_client(self, "spent()")
  if not self._spent then
    misuse.raise("only the Data API has prices: client.data:spent()")
  end
  return (costs.spent(self))
end

-- A member of an answer that should be a table, and may be null.
local function table_of(value)
  return type(value) == "table" and value or {}
end

--- Asks what the account has left, which costs nothing: the pools, as client.data.account:credits() has them, and `available`,
--- the sum of what the key may spend. Use it as a budget: { max_cost = credits.available }.
---@param given? seranking.CallOptions
---@return seranking.Credits?, seranking.Response|seranking.Error # credits, response | nil, error
function methods:credits(given)
  self = must_be_client(self, "credits()")
  if not self._spent then
    misuse.raise("only the Data API has prices: client.data:credits()")
  end
  local credits, response = self.account:credits(nil, given)
  if not credits then
    return nil, response
  end
  credits.available = 0
  if table_of(credits.access).can_use_data_api ~= false then
    for _, pool in pairs(table_of(credits.totals)) do
      credits.available = credits.available + (tonumber(table_of(pool).remaining) or 0)
    end
  end
  return credits, response
end

--- Ends the calls and downloads of the client as cancelled, wherever they wait, and closes the connections. Later calls raise.
--- The garbage collector does it otherwise.
function methods:close()
  self = must_be_client(self, "close()")
  self._closed = true
  if self._core then
    self._core:close()
  end
  if self._data then
    self._data._proxy:close()
  end
end

-- ---- making one ----

-- What the core is told, but for key, address and limit. `own_dir`: the caller has named the directory of the shared limits.
local function core_settings(checked, driver, own_dir)
  local transport = checked.transport
  local clock = checked.clock or transport and core.is_clock(transport.clock) and transport.clock or nil
  local share = checked.share
  if not share then -- what is not the real API, or not in its time, has no limit in common with what is
    share = (transport or clock) and not own_dir and "process" or "user"
  end
  if driver and (transport or clock) then
    misuse.raise("seranking.new: a limiter on Redis goes by real time: leave it out together with transport or clock")
  end
  return {
    auth_query = checked.auth == "query",
    timeout = checked.timeout,
    connect_timeout = checked.connect_timeout,
    attempt_timeout = checked.attempt_timeout,
    retries = checked.retries,
    max_body = checked.max_body or package.loaded.ngx and host.max_body() or nil, -- outside nginx, no host is needed yet
    shared = share == "user",
    unlimited = share == "off",
    state_dir = checked.state_dir,
    state_group = checked.state_group,
    limiter_driver = driver,
    limiter_settings = driver and checked.limiter.redis,
    limiter_fallback = checked.on_limiter_error == "process",
    pacing_send_time = checked.pacing == "send_time",
    priority_low = checked.priority == "low",
    wait_blocked = checked.on_block == "wait",
    max_queue = checked.max_queue,
    ca_file = checked.ca_file,
    proxy = checked.proxy,
    user_agent = checked.user_agent,
    external = transport ~= nil,
    clock = clock,
  }
end

-- Completes what the core says of an option: with the name that the user gave it, or the variable it came from.
local function name_option(problem, own, names)
  if problem.option then
    problem.option = names[problem.option] or problem.option
    problem.message = problem.option .. " " .. problem.message
  elseif problem.code == "invalid_key" and names.token then
    problem.message = names.token .. ": " .. problem.message
    if own.token == "" then
      problem.hint = "leave the option out: client.data then has SERANKING_DATA_TOKEN, or the client's own key"
    end
  end
  return problem
end

-- A core of these settings, and of what is `own`: key, address, generation, limit. nil and an error.
local function open_core(settings, own, rate, names)
  for name, value in pairs(settings) do
    own[name] = value
  end
  own.rate_limit = settings.unlimited and 0 or rate.limit
  own.rate_per = rate.per
  local handle, problem = core.client(own)
  if not handle then
    return nil, errors.wrap(name_option(problem, own, names))
  end
  return handle
end

-- What is the matter with a key that has the shape of the other generation's, where the API refuses it. `names`: the
-- variables that options came from.
local function wrong_shape(handle, names)
  local shape, api = handle:key_shape(), handle:api()
  if shape and shape ~= api then
    return format("this looks like a %s key: %s", shape, names.api and "unset " .. names.api
      or format('remove api = "%s"', api))
  end
end

-- A client around a core: its state, with the client that programs get in its field _proxy. `api`: which descriptions hold.
local function wrap(handle, api, checked, clock)
  local state = setmetatable({
    api = handle and handle:api() or "v1",
    base_url = handle and handle:base_url() or "",
    _api = api,
    _core = handle,
    _key = handle and handle:key() or "none",
    _key_param = handle and checked.auth == "query" and handle:key() ~= "none"
      and (handle:api() == "v1" and "apikey" or "token"),
    _key_hint = false, -- of an error of kind auth
    _keep_nulls = checked.nulls == "keep",
    _transport = checked.transport or false,
    _apart = checked.transport ~= nil or clock ~= nil, -- not on the wire, or not in its time
    _closed = false,
    _spares = {},
    _on_event = checked.on_event or false,
    _hook_error = false,
    _blocking = checked.blocking or false,
    _raise = checked.raise or false,
    _data = false,
    _timeout = checked.timeout or options.default "timeout",
    _max_body = checked.max_body or options.default "max_body",
    _spent = false, -- what client.data has spent
    _open_data = false,
    _failed = false, -- client.data alone: the error of each call, where its key in the environment can't be used
    _responses = false, -- the metatable of its responses
    _loop = checked.loop or false,
    _own_loop = false, -- made of a loop of the user's
    _proxy = false, _state = false,
    __index = false, __newindex = kind.newindex, __pairs = kind.pairs, __tostring = kind.tostring, __name = kind.name,
    __close = methods.close, -- `local client <close> = …` on Lua 5.4
  }, client_mt)
  state._proxy, state._state = proxy.new(state), state
  return state
end

-- What to do where client.data has tried the key of the Project API.
local BORROWED = "client.data has the key of the client: the Data API may want one of its own, which goes into the option "
  .. "data_token or the variable SERANKING_DATA_TOKEN"

local DATA_URL = "https://api.seranking.com"

-- Where the Data API is: where a user's own server stands in for the API, it does so for this one, too.
local function data_url(checked)
  local base = checked.base_url
  if checked.data_base_url then
    return checked.data_base_url
  elseif not base then
    return DATA_URL
  end
  local name = base:lower():match "^https://([^/:?#]*)"
  return name and ("." .. name):find "%.seranking%.com$" and DATA_URL or base
end

-- Makes the state of a client; nil and an error.
local function make(given)
  local checked, variables = options.client(given)
  if not checked then
    return nil, variables
  end
  local driver, handle, problem
  if checked.limiter then
    driver, problem = redis.driver()
    if not driver then
      return nil, errors.option(variables.limiter or "limiter", problem)
    end
  end
  local settings = core_settings(checked, driver, given and given.state_dir ~= nil)
  checked.max_body = settings.max_body
  handle, problem = open_core(settings, {
    token = checked.token or nil, token_off = checked.token == false, api = checked.api, base_url = checked.base_url,
  }, checked.rate or options.default "rate", variables)
  if not handle then
    return nil, problem
  end
  local made = wrap(handle, handle:api(), checked, settings.clock)
  made._key_hint = wrong_shape(handle, variables) or false
  local data_token, url = checked.data_token, data_url(checked)
  checked.token, checked.data_token = nil, nil -- from here on keys are in the core alone
  -- Opens client.data; where that fails, it is there all the same, with the error in its field _failed.
  local function open_data(token)
    local variable = not token and (os.getenv "SERANKING_DATA_TOKEN" or "") ~= "" and "SERANKING_DATA_TOKEN" or nil
    local data_core, why = open_core(settings, {
      token = token, token_env = "SERANKING_DATA_TOKEN", token_of = made._core, api = "v1", base_url = url,
      limit_family = "data",
    }, checked.data_rate or checked.rate or options.default "data_rate", {
      token = token and "data_token" or variable,
      base_url = variables.data_base_url or checked.data_base_url and "data_base_url" or variables.base_url,
      limiter = variables.limiter,
    })
    local data = wrap(data_core, "data", checked, settings.clock)
    if not data_core then
      data._failed, data.base_url = why, url
    end
    data._spent = costs.new()
    if not token and not variable then
      data._key_hint = BORROWED
    end
    data._budget = checked.budget or false
    made._data = data
    return data
  end
  made._open_data = open_data
  if data_token or checked.data_base_url then -- what is wrong with them is told now
    local data = open_data(data_token)
    if data._failed then
      return nil, data._failed
    end
  end
  return made
end

--- Makes a client. Does no I/O, so it works everywhere; the first call connects.
---@param given? seranking.Options
---@return seranking.Client? client, seranking.Error? error
function client.new(given)
  if type(given) == "table" and given.new == client.new then
    misuse.raise("call it with a dot: seranking.new { … }")
  end
  local state, problem = make(given)
  if not state then
    return deliver({ _raise = type(given) == "table" and given.raise }, nil, problem)
  end
  return state._proxy
end

return client
