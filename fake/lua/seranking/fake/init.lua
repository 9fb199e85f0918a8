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
local data = require "seranking.fake.answers.data"
local data_jobs = require "seranking.fake.answers.data_jobs"
local files = require "seranking.fake.files"
local check = require "seranking.fake.check"
local faults = require "seranking.fake.faults"
local keys = require "seranking.fake.keys"
local Limiter = require "seranking.fake.limit"
local log = require "seranking.fake.log"
local mask = require "seranking.fake.mask"
local resolve = require "seranking.fake.resolve"
local option_checks = require "seranking.fake.options"
local replies = require "seranking.fake.replies"
local Routes = require "seranking.fake.routes"
local sample = require "seranking.fake.sample"
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
---@field today? string|fun(): string YYYY-MM-DD; the day in UTC when left out
---@field regions? integer rows of system.google_regions, up to 228,800; 50
---@field rows? integer rows of a list of the Data API; 250
---@field units? number credits left; 48,211
---@field exports? integer backlink exports that the plan has; what is over is rejected
---@field lenient? boolean take JSON under any Content-Type, as the curl line on the vendor's page sends it
---@field log? boolean false: keep no log
---@field descriptions? table[] resources to serve besides those of seranking.api

---@class seranking.fake.Api
---@field log seranking.fake.LogEntry[] newest last
local Api = {}
Api.__index = Api

local fake = {}

local option_types = {
  now = "function", clock = "userdata table",
  tokens = "table", limit = "number", data_limit = "number", per = "number", today = "string function",
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
    units = options.units,
    exports = options.exports or math.huge,
    lenient = options.lenient or false,
    logging = options.log ~= false,
    routes = Routes.new(all_descriptions(options.descriptions)),
    cache = {},
    log = {},
  }, Api)
  self:reset()
  return self
end

--- Forgets everything that happened: the account's contents, the log, limits and bans, queued faults. Time goes on.
function Api:reset()
  self.store = store.new(self.units)
  self.limiter = Limiter.new(self.limit, self.per)
  self.data_limiter = Limiter.new(self.data_limit, self.per)
  self.faults = {}
  for i = #self.log, 1, -1 do
    self.log[i] = nil
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

-- Where files are when a request doesn't say which host it came to.
local FILES = "https://files.seranking.test"

--- Queues a fault: the next matching requests get it. With a kind, status, headers or body it stands in for the answer,
--- and the account stays as it is. With a fault or delay alone the request is carried out, and the answer tells the
--- transport what to do. `refuse` means that the request never arrived: it is not carried out, and no limit counts it.
---@param fault seranking.fake.Fault
function Api:fail(fault)
  self.faults[#self.faults + 1] = faults.new(fault)
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

--- Carries out a request whose key is good.
---@return seranking.fake.Answer
local function serve(self, incoming, at)
  local route, args = choose(self, incoming)
  if not route then
    return refused(incoming.generation, args)
  end
  local request = incoming.request
  local host = request.headers.host
  local call = {
    now = at, rows = self.rows, max_exports = self.exports,
    files = host and (request.tls and "https://" or "http://") .. host or FILES,
    route = route, generation = incoming.generation, args = args, store = self.store, regions = self.regions,
    cache = self.cache, today = type(self.today) == "function" and self.today() or self.today,
  }
  local refusal, value = resolve.rows(call), nil
  if not refusal and route.family == "data" then
    value, refusal = data.answer(call)
  elseif not refusal and answers[route.key] then
    value, refusal = answers[route.key](call)
  elseif not refusal then
    value = sample.of(route.operation, route.example)
  end
  if refusal then
    return refused(incoming.generation, refusal)
  end
  return answered(route.operation.success and route.operation.success[1] or 200, value)
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
  local fault = faults.take(self.faults, request)
  local answer
  if fault and fault.fault == "refuse" then
    answer = { status = 503, headers = {}, body = "" } -- for a transport that knows no faults
  else
    answer = respond(self, incoming, fault, at)
  end
  answer.fault = fault and fault.fault
  answer.delay = fault and fault.delay
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
