--- The client: its methods, its resources, and how it is made.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.answer.errors"
local keys = require "seranking.keys"
local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"
local opening = require "seranking.opening"
local options = require "seranking.options"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

---@module "seranking.walk.concurrent"
local concurrent = lazy "seranking.walk.concurrent"
---@module "seranking.walk.costs"
local costs = lazy "seranking.walk.costs"
---@module "seranking.direct"
local direct = lazy "seranking.direct"
---@module "seranking.help"
local help = lazy "seranking.help"
---@module "seranking.loop.host"
local host = lazy "seranking.loop.host"
---@module "seranking.limiter"
local limiter = lazy "seranking.limiter"
---@module "seranking.map_usage"
local map_usage = lazy "seranking.map_usage"
---@module "seranking.operation"
local operation = lazy "seranking.operation"
---@module "seranking.redis"
local redis = lazy "seranking.redis"
---@module "seranking.resource"
local resource = lazy "seranking.resource"
---@module "seranking.suggest"
local suggest = lazy "seranking.suggest"

local client = {}

local format = string.format

--- Fields and methods of every client, including those of products, such as client.data.
---@class seranking.AnyClient
---@field api "v4"|"v1" the generation of the API
---@field base_url string
local methods = {}

--- The client that seranking.new makes. library/seranking.lua has its resources.
---@class seranking.Client: seranking.AnyClient
---@field data seranking.DataClient
---@field visible seranking.VisibleClient

--- The client of the Data API.
---@class seranking.DataClient: seranking.AnyClient

--- The client of SE Visible.
---@class seranking.VisibleClient: seranking.AnyClient

local kind -- of a client's proxy

-- The state behind a client. Finds methods and resources on first use and keeps them.
local client_mt = {}

-- The client of a product, made on first use. If its key in the environment can't be used, its calls return that error.
local function product_of(self, name)
  if self._closed then
    misuse.raise("client.%s: the client is closed", name)
  end
  return (self._products[name] or self._open(name))._proxy
end

function client_mt.__index(self, name)
  local value = methods[name]
  if value then
    return value
  elseif products[name] and not products[self._api] then
    value = product_of(self, name)
  else
    value = resource.top(self, name)
  end
  if value == nil then
    if type(name) == "string" and name:sub(1, 1) == "_" then -- inspectors probe such names
      return nil
    end
    misuse.raise("%s", suggest.top(self, name, methods))
  end
  rawset(self, name, value)
  return value
end

-- The state behind a client, in a method of it.
local function must_be_client(self, call)
  local state = proxy.state(self, kind)
  if not state then
    misuse.raise("call it with a colon: client:%s", call)
  end
  return state
end

-- One line, with the last four characters of the key.
local function line_of(self)
  local product = products[self._api]
  return format("seranking client (%s, %s, key %s%s)", product and product.label or self.api, self.base_url, self._key,
    self._closed and ", closed" or "")
end

kind = proxy.kind("seranking.client", {
  line = line_of,
  tostring = function(self)
    return line_of(self) .. "\n" .. help.client(self._api, proxy.sorted_names(methods))
  end,
  names = function(state)
    local resources = resource.top_names(state._api)
    for _, api in ipairs(state._closed and products or {}) do
      resources[api] = nil -- can no longer be opened
    end
    return proxy.sorted_names({ api = true, base_url = true }, methods, resources)
  end,
  refuse = function(_, name)
    return format("client.%s can't be set: options are given to seranking.new, or to a call", name)
  end,
})

-- The results of a public call; with the option raise, errors are raised, as values.
local function deliver(self, value, second)
  if value == nil and self._raise then
    errors.raise(second)
  end
  return value, second
end

-- ---- calls ----

---@class seranking.Request: seranking.CallOptions
---@field method? "GET"|"POST"|"PUT"|"PATCH"|"DELETE" default GET
---@field path string below the base address, percent-encoded, begins with a slash
---@field query? table<string, string|number|boolean|table> lists are sent as name[]=1&name[]=2
---@field body? string|table JSON text, or a value to encode as JSON; empty lists need seranking.array
---@field repeatable? boolean whether it may be sent twice (default: true for GET, PUT and DELETE; on client.data false, as a
--- repetition may cost again)

--- Sends any request, for what no resource covers. Returns decoded JSON, any other body as a string, and true for an empty one.
---@param request seranking.Request
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
function methods:request(request, more)
  self = must_be_client(self, "request { … }")
  if more ~= nil then
    misuse.raise("client:request takes one table: options go into it, client:request { path = …, timeout = … }")
  end
  local data, response = direct.request(self, request)
  return deliver(self, data, response)
end

---@class seranking.Credits
---@field available number credits that the key may spend: the sum of the pools, or 0 if it may not use the Data API
---@field totals table<string, { remaining: number }> by pool: subscription, addon, wallet
---@field access { can_use_data_api: boolean, primary_reason: string? }

-- The results of map and gather; with the option raise, errors are raised, with the results in their field.
local function deliver_all(self, results, problems)
  if problems and self._raise then
    concurrent.with_results(problems, results)
    errors.raise(problems)
  end
  return results, problems
end

--- Runs `fn(item, index)` for every item of a list, many at once, on one thread: while the call of one item waits, others
--- continue. `fn` may be an operation; items are then its arguments, or resources.
---
--- results[i] is the first result of `fn` for item i, and results.n the number of items. If `fn` returns nil or false and an
--- error, or raises an error value, errors[i] is that error and results[i] is nil. `errors` is nil if no item failed. It has
--- the fields count and first; tostring(errors) is one line for a log. Items that stop_on_error skipped have an error of kind
--- cancelled, code not_started.
---
--- A string that `fn` raises is a mistake in the program. It ends the map: no further item begins, and after those in flight
--- it is raised again, with its traceback.
---@generic T, R
---@param list T[] with a field n (the number of items) if some are nil
---@param fn fun(item: T, index: integer): R?, any
---@param given? seranking.MapOptions
---@return { [integer]: R, n: integer } results, seranking.Errors? errors
function methods:map(list, fn, given)
  self = must_be_client(self, "map(list, fn)")
  local f, of = fn, nil
  if type(list) ~= "table" or type(fn) ~= "function" or proxy.is(list) or operation.method_name(fn) then
    f, of = map_usage.check(list, fn)
  end
  local results, problems = concurrent.map(self, (host.loop(self)), list, f, options.map(given), of)
  return deliver_all(self, results, problems)
end

--- Runs functions concurrently and waits for all. Results and errors are those of map.
---@param ... fun(): any, any
---@return { [integer]: any, n: integer } results, seranking.Errors? errors
function methods:gather(...)
  self = must_be_client(self, "gather(f1, f2, …)")
  local results, problems = concurrent.gather(self, (host.loop(self)), ...)
  return deliver_all(self, results, problems)
end

--- The state of the rate limit: slots, waits, ban, and who shares it. `client:limiter():reset()` ends a ban.
---@return seranking.Limiter? limiter
---@return seranking.Error? err on the client of a product, if its key in the environment can't be used
function methods:limiter()
  self = must_be_client(self, "limiter()")
  if self._closed then
    misuse.raise("client:limiter: the client is closed")
  elseif self._failed then
    return deliver(self, nil, errors.again(self._failed))
  end
  return limiter.view(self._core, host.may_block(self), self._hook_error or nil)
end

--- Downloads a file whose address came in an answer, from any host, without the key and outside the rate limit. Returns its
--- bytes unchanged: a gzipped file stays gzipped. With the option `to` the bytes go to that file, and its name is returned.
---@param url string https, or http to this machine
---@param given? seranking.DownloadOptions
---@return string? bytes_or_file, seranking.Response|seranking.Error # bytes or file name, response | nil, error
function methods:download(url, given)
  self = must_be_client(self, "download(url)")
  local bytes, response = direct.download(self, url, given)
  return deliver(self, bytes, response)
end

-- Raises on a client whose calls cost no credits.
local function must_be_paid(self, call)
  if not self._spent then
    local paid = resource.paid()
    misuse.raise("only the %s has prices: %s:%s", products[paid].label, resource.client(paid), call)
  end
end

--- Cost of the calls of client.data so far: an estimate, since no answer has the price.
---@return seranking.Spent
function methods:spent()
  self = must_be_client(self, "spent()")
  must_be_paid(self, "spent()")
  return (costs.spent(self))
end

-- A member of an answer; an empty table if it is not a table.
local function table_of(value)
  return type(value) == "table" and value or {}
end

--- Asks for the credits left, which is free: the answer of client.data.account:credits(), and `available`, the sum that the key
--- may spend. Use it as a limit: { max_cost = credits.available }.
---@param given? seranking.CallOptions
---@return seranking.Credits?, seranking.Response|seranking.Error # credits, response | nil, error
function methods:credits(given)
  self = must_be_client(self, "credits()")
  must_be_paid(self, "credits()")
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

--- Cancels the calls and downloads in flight and closes the connections. Later calls raise. Without it, the garbage collector
--- does the same.
function methods:close()
  self = must_be_client(self, "close()")
  self._closed = true
  if self._core then
    self._core:close()
  end
  for _, product in pairs(self._products) do
    product._proxy:close()
  end
  if self._recording then
    self._recording:closed(self)
  end
end

-- ---- making one ----

-- Makes the state of a client; its field _proxy is the client that programs get. `api`: whose descriptions it uses.
local function wrap(handle, api, checked, clock)
  local state = setmetatable({
    api = handle and handle:api() or "v1",
    base_url = handle and handle:base_url() or "",
    _api = api,
    _core = handle,
    _mask = handle and handle:mask(), -- hides the key, after close() too
    _key = handle and handle:key() or "none",
    _key_param = handle and checked.auth == "query" and handle:key() ~= "none"
      and (handle:api() == "v1" and "apikey" or "token"),
    _key_hint = false, -- hint of an error of kind auth
    _keep_nulls = checked.nulls == "keep",
    _transport = checked.transport or false,
    _apart = checked.transport ~= nil or clock ~= nil, -- with a stand-in for network or time
    _closed = false,
    _spares = {},
    _on_event = checked.on_event or false,
    _hook_error = false,
    _recording = false, -- where seranking.record keeps the answers
    _blocking = checked.blocking or false,
    _raise = checked.raise or false,
    _products = {}, -- by name: the states of clients that are open
    _timeout = checked.timeout or options.default "timeout",
    _max_body = checked.max_body or options.default "max_body",
    _file_max = checked.file_max or false, -- of downloads to files: max_body, if the user has set it
    _spent = false, -- of a paid product: its account
    _open = false, -- opens a product
    _failed = false, -- of a product: the error of every call, if its key in the environment can't be used
    _unfit = false, -- of a product: the error of every request, if its key has the wrong shape
    _responses = false, -- the metatable of its responses
    _loop = checked.loop or false,
    _own_loop = false, -- made of the option loop, if that is a table
    _proxy = false, _state = false,
    __index = false, __newindex = kind.newindex, __pairs = kind.pairs, __tostring = kind.tostring, __name = kind.name,
    __close = methods.close, -- `local client <close> = …` on Lua 5.4
  }, client_mt)
  state._proxy, state._state = proxy.new(state), state
  return state
end

-- Opens the client of a product. If that fails, it exists all the same, with the error in _failed. `from`: where its key comes
-- from; nil: it has the client's.
local function open_product(made, name, key, from, checked, settings, variables)
  local product, url = products[name], opening.product_url(checked, name)
  local lender = made._core
  if product.borrows and not from and opening.unfit(name, lender) then
    lender = (made._products[product.borrows] or made._open(product.borrows))._core or lender
  end
  local handle, problem = opening.core(settings, {
    token = key.token, token_env = key.variable, token_of = lender, api = "v1", base_url = url, limit_family = name,
  }, checked[name .. "_rate"] or product.follows and checked.rate or product.rate, {
    token = from,
    base_url = variables[name .. "_base_url"] or checked[name .. "_base_url"] and name .. "_base_url" or variables.base_url,
    limiter = variables.limiter,
  })
  local state = wrap(handle, name, checked, settings.clock)
  if handle then
    state._unfit = opening.unfit(name, handle) or false
  else
    state._failed, state.base_url = problem, url
  end
  if not from then
    state._key_hint = opening.borrowed(name)
  end
  if product.paid then
    state._spent, state._budget = costs.new(), checked.budget or false
  end
  if made._recording then
    made._recording:join(state)
  end
  made._products[name] = state
  return state
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
  local settings = opening.settings(checked, driver, given and given.state_dir ~= nil)
  checked.file_max, checked.max_body = checked.max_body, settings.max_body
  local found
  found, problem = keys.find(checked, variables)
  if not found then
    return nil, problem
  end
  variables.token = found.from
  handle, problem = opening.core(settings, {
    token = found.token or nil, token_off = found.token == false, token_env = found.variable, api = checked.api,
    base_url = checked.base_url,
  }, checked.rate or options.default "rate", variables)
  problem = problem or keys.missing(found, handle, checked)
  if problem then
    return nil, problem
  end
  local made = wrap(handle, handle:api(), checked, settings.clock)
  made._key_hint = opening.wrong_shape(handle, variables) or false
  checked.token, found.token = nil, nil -- from here on only the core has the keys
  made._open = function(name)
    local key = found.products[name]
    return open_product(made, name, key, key.token and key.from or keys.variable(key), checked, settings, variables)
  end
  for name, key in pairs(found.products) do
    checked[name .. "_token"] = nil
    if key.token or checked[name .. "_base_url"] then -- report their errors now
      local product = made._open(name)
      if product._failed then
        return nil, product._failed
      end
      key.token = nil
    end
  end
  return made
end

--- Makes a client. Does no I/O; the first call connects.
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
