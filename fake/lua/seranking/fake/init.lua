--- A fake SE Ranking API, for tests and demonstrations: requests in, answers out, no input or output of its own.
-- SPDX-License-Identifier: MIT
--
-- It answers for both generations, from one store: paths that begin with /v1/ are v1, all others v4. It knows the
-- operations that seranking.api describes and refuses whatever the real API would refuse, and more (see check.lua).
-- Time comes from a clock that the caller gives, so tests need not sleep.
--
--   local api = require("seranking.fake").new()
--   local answer = api:handle { method = "GET", path = "/account/balance", headers = { authorization = "Token …" } }

local answers = require "seranking.fake.answers"
local arguments = require "seranking.fake.arguments"
local data = require "seranking.fake.answers.data"
local data_jobs = require "seranking.fake.answers.data_jobs"
local files = require "seranking.fake.files"
local calendar = require "seranking.fake.calendar"
local check = require "seranking.fake.check"
local faults = require "seranking.fake.faults"
local keys = require "seranking.fake.keys"
local Limiter = require "seranking.fake.limit"
local log = require "seranking.fake.log"
local mask = require "seranking.fake.mask"
local resolve = require "seranking.fake.resolve"
local option_checks = require "seranking.fake.options"
local ranks = require "seranking.fake.ranks"
local replies = require "seranking.fake.replies"
local Routes = require "seranking.fake.routes"
local sample = require "seranking.fake.sample"
local script = require "seranking.fake.script"
local seed = require "seranking.fake.seed"
local store = require "seranking.fake.store"
local url = require "seranking.fake.url"

local refuse = resolve.refuse
local refused, answered = replies.refused, replies.answered

---@class seranking.fake.Request
---@field method string
---@field path string raw, still percent-encoded, without the query
---@field query? string raw, without the question mark
---@field headers table<string, string> names in lower case
---@field body? string
---@field tls? boolean it came over TLS

---@class seranking.fake.Answer
---@field status integer
---@field headers string[][] list of { name, value }
---@field body string
---@field fault? "refuse"|"drop"|"truncate"|"hang"|"slow" for the transport to act out: no connection; connection closed
---  without an answer; closed within the body; no answer, connection kept; the answer in small pieces
---@field delay? number seconds to wait before answering, for the transport

---@class seranking.fake.Options
---@field clock? userdata a clock of seranking.clock(); left out, and without `now`: one of its own, in the field
---  `clock`. A client that has this API as its transport goes by it too
---@field now? fun(): number seconds, for other clocks
---@field tokens? table<string, boolean> keys that are good: 40 hex digits open v4, UUIDs open v1
---@field limit? number requests in a window, for each key; 5
---@field data_limit? number the same for the Data API, which counts for itself; 10
---@field per? number length of the window in seconds; 1
---@field today? string|fun(): string YYYY-MM-DD: the day on which it begins (days of its clock later it is another), or a
---  function that tells the day; the day in UTC when left out
---@field regions? integer rows of system.google_regions, up to 228,800; 50
---@field rows? integer rows of a list of the Data API; 250
---@field units? number credits left; 48,211
---@field demo? boolean true: the account is the demo account, else empty
---@field seed? integer of the data that is made up: the same seed gives the same answers; 1
---@field exports? integer backlink exports that the plan has; what is over is rejected
---@field lenient? boolean take JSON under any Content-Type, as the curl line on the vendor's page sends it
---@field log? boolean false: keep no log
---@field descriptions? table[] resources to serve besides those of seranking.api

---@class seranking.fake.Api
---@field log seranking.fake.LogEntry[] newest last
---@field token? string a good key for v4
---@field data_token? string a good key for v1 and the Data API
local Api = {}
Api.__index = Api

local fake = {}

local option_types = {
  now = "function", clock = "userdata table",
  tokens = "table", limit = "number", data_limit = "number", per = "number", seed = "number", demo = "boolean",
  today = "string function",
  regions = "number", rows = "number", units = "number", exports = "number",
  lenient = "boolean", log = "boolean", descriptions = "table",
}

local function all_descriptions(more)
  local resources = {}
  for _, name in pairs(require "seranking.api") do
    for _, resource in ipairs(require(name)) do
      resources[#resources + 1] = resource
    end
  end
  for _, resource in ipairs(more or {}) do
    resources[#resources + 1] = resource
  end
  table.sort(resources, function(a, b) return a.name < b.name end)
  return resources
end

-- A clock that stands still until it is moved. The core's own serves a client too; without the core, a plain one.
local function new_clock()
  local there, core = pcall(require, "lseranking")
  if there then
    return core.clock()
  end
  local time = 0
  return {
    now = function() return time end,
    advance = function(_, seconds) time = time + seconds end,
  }
end

--- Makes a fake API with an empty account.
---@param options? seranking.fake.Options
---@return seranking.fake.Api
function fake.new(options)
  if options ~= nil and type(options) ~= "table" then
    error("seranking.fake.new takes a table of options, not a " .. type(options), 2)
  end
  options = options or {}
  option_checks.check(options, option_types, 2)
  local clock = options.clock or not options.now and new_clock() or nil
  local self = setmetatable({
    clock = clock,
    now = options.now or function() return clock:now() end,
    advanced = 0,
    tokens = options.tokens or {
      ["be2165b7d065e278e7305c1c7ef791f283f5d14b"] = true,
      ["0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"] = true,
    },
    limit = options.limit or 5,
    data_limit = options.data_limit or 10,
    per = options.per or 1,
    today = options.today or function() return os.date("!%Y-%m-%d") end,
    regions = options.regions or 50,
    rows = options.rows or 250,
    demo = options.demo or false,
    data_seed = options.seed or 1,
    units = options.units,
    exports = options.exports or math.huge,
    lenient = options.lenient or false,
    logging = options.log ~= false,
    routes = Routes.new(all_descriptions(options.descriptions)),
    log = {},
  }, Api)
  self.token, self.data_token = keys.first(self.tokens, "v4"), keys.first(self.tokens, "v1")
  self.began = self.now()
  self:reset()
  return self
end

-- Where files are when a request doesn't say which host it came to.
local FILES = "https://files.seranking.test"

-- The day of the fake: the one that was given, and as many more as its clock has gone on since.
local function today_of(self, at)
  if type(self.today) == "function" then
    return self.today()
  end
  return calendar.add(self.today, math.floor((at - self.began) / 86400))
end

-- A call of an operation, made by a request or by `seed`.
local function new_call(self, route, generation, args, at)
  self.origin = self.origin or today_of(self, at)
  return {
    now = at, rows = self.rows, max_exports = self.exports, files = FILES, route = route, generation = generation, args = args,
    store = self.store, regions = self.regions, cache = self.cache, seed = self.data_seed, origin = self.origin,
    today = today_of(self, at),
  }
end

--- Adds projects and what hangs under them to the account. What the API would refuse raises.
---@param account seranking.fake.Seed
function Api:seed(account)
  local at = self.now() + self.advanced
  local fine, problem = pcall(seed.add, function(key, args)
    return new_call(self, self.routes.operations[key].routes.v1, "v1", args, at)
  end, self.store, account)
  if not fine then
    error(problem, 2)
  end
end

--- Forgets everything that happened: the account's contents, the log, limits and bans, scripted answers and faults. Time
--- goes on.
function Api:reset()
  self.origin = nil -- the day of the first request: links and positions move from there on
  self.cache = {}
  self.store = store.new(self.units)
  self.limiter = Limiter.new(self.limit, self.per)
  self.data_limiter = Limiter.new(self.data_limit, self.per)
  self.faults, self.expectations = {}, {}
  self.unknown = { seen = {} } -- what `unexpected` lists
  for i = #self.log, 1, -1 do
    self.log[i] = nil
  end
  if self.demo then
    self:seed(seed.demo(today_of(self, self.now() + self.advanced)))
  end
end

--- Lets time pass, on top of the clock.
---@param seconds number
function Api:advance(seconds)
  assert(seconds >= 0, "time goes forward only")
  if self.clock then
    self.clock:advance(seconds)
  else
    self.advanced = self.advanced + seconds
  end
end

--- Queues a fault: the next matching requests get it. With a kind, status, headers or body it stands in for the answer,
--- and the account stays as it is. With a fault or delay alone the request is carried out, and the answer tells the
--- transport what to do. `refuse` means that the request never arrived: it is not carried out, and no limit counts it.
---@param fault seranking.fake.Fault
function Api:fail(fault)
  local made = faults.new(fault, 2)
  if fault.operation then
    arguments.check(self.routes:operation(fault.operation, 2), fault.args, 2)
  end
  self.faults[#self.faults + 1] = made
end

--- Scripts the answer to an operation, in both generations. Of several that fit a request the newest answers. Of those for
--- the same operation and arguments the ones with `times` go first, in the order of their making.
---
---   api:on("sites.summary", { site_id = 5 }, { status = 404 })
---   api:on("sites.list", nil, function(args) return { … } end)
---   api:on("data.keywords.similar", { page = 3 }, { fault = "drop" }, { times = 1 })
---
--- An answer is checked against the members that the operation's description has: one that lacks a member, or has another,
--- raises at the caller's line (a function's, when it is called).
---@param operation string
---@param args? table the arguments that a request must have; it may have others
---@param answer seranking.fake.Scripted
---@param options? { times?: integer } how often it answers; always, when left out
---@return seranking.fake.Expectation
function Api:on(operation, args, answer, options)
  local one = script.new(self.routes:operation(operation, 2), args, answer, options)
  self.expectations[#self.expectations + 1] = one
  return one
end

--- The scripted answers that nobody has asked for yet, or less often than their `times`: a line each, with the place of the
--- call of `on`.
---@return string[]
function Api:pending()
  return script.pending(self.expectations)
end

--- The requests that were answered by no script, no stored state and no rule of the data: paths where nothing lives, and
--- operations whose answer is a fixed example. A line each, in the order of their first coming.
---@return string[]
function Api:unexpected()
  local lines = {}
  for i, line in ipairs(self.unknown) do
    lines[i] = line
  end
  return lines
end

--- The operations whose answer is the fixed example of their description, whatever is asked.
---@return string[]
function Api:canned()
  local list = {}
  for key, entry in pairs(self.routes.operations) do
    local answer = entry.operation.data and data.has_state or answers
    if not answer[key] and entry.operation.answer ~= nil then
      list[#list + 1] = key
    end
  end
  table.sort(list)
  return list
end

--- Makes a client of this API: with its key, and in its time.
---@param options? table more options of seranking.new; `api = "v1"` takes the key for v1
---@return seranking.Client
function Api:client(options)
  local all = { transport = self, token = self.token, data_token = self.data_token }
  if options and options.api == "v1" or not self.token then
    all.token = self.data_token
  end
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return require("seranking").new(all)
end

-- ---- one request ----

local function allowed_methods(place)
  local methods = {}
  for method in pairs(place.methods) do
    methods[#methods + 1] = method
  end
  table.sort(methods)
  return table.concat(methods, ", ")
end

local function declares(place, request, name)
  for _, route in ipairs(place and place.methods[request.method] or {}) do
    for _, field in ipairs(route.query) do
      if field.wire == name then
        return true
      end
    end
  end
  return false
end

---@class seranking.fake.Incoming a request taken apart
---@field request seranking.fake.Request
---@field generation "v4"|"v1"
---@field pairs seranking.fake.Pair[] of the query
---@field well_formed boolean whether the query could be read to its end
---@field place? seranking.fake.Place what lives at the path
---@field no_place? string why there is nothing
---@field found seranking.fake.Credential
---@field route? seranking.fake.Route the operation that it asks for
---@field args? table<string, any> its arguments
---@field refusal? seranking.fake.Refusal why there is no route
---@field expectation? seranking.fake.Expectation that answers it

---@return seranking.fake.Incoming
local function take_apart(self, request)
  local generation = request.path:find("^/v1/") and "v1" or "v4"
  local list, well_formed = url.pairs(request.query)
  local place, no_place = self.routes:find(generation, request.path)
  return {
    request = request, generation = generation, pairs = list, well_formed = well_formed, place = place,
    no_place = no_place,
    found = keys.credential(generation, request.headers, list, declares(place, request, keys.names[generation])),
  }
end

--- Chooses the operation and checks the request for it.
---@return seranking.fake.Route?
---@return table<string, any>|seranking.fake.Refusal # the arguments; without a route, the refusal
local function choose(self, incoming)
  local place, request = incoming.place, incoming.request
  if not place then
    return nil, refuse(404, "Not Found", incoming.no_place)
  elseif not place.methods[request.method] then
    local refusal = refuse(405, "Method Not Allowed", "the path takes " .. allowed_methods(place))
    refusal.allow = allowed_methods(place)
    return nil, refusal
  end
  local options = { key_name = incoming.found.name, lenient = self.lenient }
  local refusal
  for _, route in ipairs(Routes.candidates(place.methods[request.method], incoming.pairs)) do
    local args, failure = check.request(route, place.ids, incoming.pairs, request, options)
    if args then
      return route, args
    end
    refusal = refusal or resolve.failure(route, failure)
  end
  return nil, refusal
end

local function note_unexpected(self, text)
  if not self.unknown.seen[text] then
    self.unknown.seen[text] = true
    self.unknown[#self.unknown + 1] = text
  end
end

local function status_of(operation)
  return operation.success and operation.success[1] or 200
end

-- The answer that a script gives.
local function scripted(incoming)
  local route = incoming.route
  local generation = route.family == "data" and "data" or incoming.generation
  local value, fault = script.answer(incoming.expectation, route, generation, incoming.args)
  if fault then
    local answer = faults.answer(incoming.generation, fault)
    answer.fault, answer.delay = fault.fault, fault.delay
    return answer
  elseif type(value) == "string" and route.operation.answer == "bytes" then
    value = files.new("application/octet-stream", value)
  end
  if value == true and not route.operation.answer then
    value = nil
  end
  return answered(status_of(route.operation), value)
end

--- Carries out a request whose key is good.
---@return seranking.fake.Answer
local function serve(self, incoming, at)
  local route, args, request = incoming.route, incoming.args, incoming.request
  if not route then
    if not incoming.place then
      note_unexpected(self, ("%s %s: %s"):format(request.method, request.path, incoming.no_place))
    end
    return refused(incoming.generation, incoming.refusal)
  elseif incoming.expectation and not script.is_fault(incoming.expectation.answer) then
    return scripted(incoming)
  end
  local host = request.headers.host
  local call = new_call(self, route, incoming.generation, args, at)
  call.files = host and (request.tls and "https://" or "http://") .. host or FILES
  local refusal, value = resolve.rows(call), nil
  if call.site and not refusal then
    ranks.check(call, call.site)
  end
  if not refusal and route.family == "data" then
    value, refusal = data.answer(call)
    if not data.has_state[route.key] then
      note_unexpected(self, ("%s %s: a fixed example"):format(route.key, arguments.text(args)))
    end
  elseif not refusal and answers[route.key] then
    value, refusal = answers[route.key](call)
  elseif not refusal then
    value = sample.of(route.operation, route.example)
    if value ~= nil then
      note_unexpected(self, ("%s %s: a fixed example"):format(route.key, arguments.text(args)))
    end
  end
  if refusal then
    return refused(incoming.generation, refusal)
  end
  return answered(status_of(route.operation), value)
end

--- The limiter that a request counts against.
local function limiter_of(self, incoming)
  local routes = incoming.place and select(2, next(incoming.place.methods))
  return routes and routes[1].family == "data" and self.data_limiter or self.limiter
end

--- Hands out a file. Files are on a host of their own, which counts no requests and must not see a key.
local function serve_file(self, incoming, at)
  local request = incoming.request
  if request.method ~= "GET" then
    return refused("v1", refuse(405, "Method Not Allowed", "the path takes GET"))
  elseif incoming.found.key then
    return refused("v1", refuse(400, "Bad Request", "a key was sent to the host of the files"))
  end
  local value, refusal = data_jobs.file(self.store, request.path, at)
  return refusal and refused("v1", refusal) or answered(200, files.new("application/gzip", value))
end

---@return seranking.fake.Answer
local function respond(self, incoming, fault, at)
  local generation, found = incoming.generation, incoming.found
  if not (fault and fault.replaces) and incoming.request.path:find("^/exports/") then
    return serve_file(self, incoming, at)
  end
  local refusal = keys.refusal(generation, found, self.tokens)
  local admitted, reason = true, nil
  if not refusal then
    admitted, reason = limiter_of(self, incoming):admit(found.key, at)
  end
  if fault and fault.replaces then
    return faults.answer(generation, fault)
  elseif not admitted then
    return refused(generation, refuse(429, "Too Many Requests", reason))
  elseif found.twice then
    return refused(generation, refuse(400, "Bad Request", "more than one key"))
  elseif refusal then
    return refused(generation, refusal)
  elseif not incoming.well_formed then
    return refused(generation, refuse(400, "Bad Request", "malformed percent-encoding in the query"))
  end
  return serve(self, incoming, at)
end

--- Answers one request.
---@param request seranking.fake.Request
---@return seranking.fake.Answer
function Api:handle(request)
  request = {
    method = request.method, path = request.path, query = request.query, body = request.body, tls = request.tls,
    headers = request.headers or {},
  }
  local at = self.now() + self.advanced
  local incoming = take_apart(self, request)
  local route, args = choose(self, incoming)
  if route then
    incoming.route, incoming.args = route, args
  else
    incoming.refusal, args = args, nil
  end
  local fault = faults.take(self.faults, request, route and route.key, args)
  if route and not fault then
    incoming.expectation = script.find(self.expectations, route.key, args)
    fault = incoming.expectation and script.fault(incoming.expectation)
  end
  local answer
  if fault and fault.fault == "refuse" then
    answer = { status = 503, headers = {}, body = "" } -- for a transport that knows no faults
  else
    answer = respond(self, incoming, fault, at)
  end
  if fault then
    answer.fault, answer.delay = fault.fault, fault.delay
  end
  local secrets = log.secrets(self.tokens, incoming.found)
  for _, header in ipairs(answer.headers) do
    header[2] = mask.text(header[2], secrets)
  end
  if self.logging then
    self.log[#self.log + 1] = log.entry(request, answer, at, secrets)
  end
  return answer
end

return fake
