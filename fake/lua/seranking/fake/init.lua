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
local json = require "seranking.fake.json"
local Limiter = require "seranking.fake.limit"
local mask = require "seranking.fake.mask"
local resolve = require "seranking.fake.resolve"
local Routes = require "seranking.fake.routes"
local sample = require "seranking.fake.sample"
local store = require "seranking.fake.store"
local url = require "seranking.fake.url"

local refuse = resolve.refuse

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

---@class seranking.fake.LogEntry a request as it came, keys masked
---@field at number
---@field method string
---@field path string
---@field query? string
---@field body? string
---@field headers table<string, string>
---@field status integer
---@field fault? string

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

local function check_options(options, types, level)
  for name, value in pairs(options) do
    local allowed = types[name]
    if not allowed then
      local names = {}
      for known in pairs(types) do
        names[#names + 1] = known
      end
      table.sort(names)
      error("unknown option: " .. tostring(name) .. "; there are: " .. table.concat(names, ", "), level + 1)
    elseif not allowed:find(type(value), 1, true) then
      error(name .. " must be a " .. allowed:gsub(" ", " or a ") .. ", not a " .. type(value), level + 1)
    end
  end
end

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
  check_options(options, option_types, 2)
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

-- ---- answers ----

local general_messages = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Access denied", [404] = "Not Found",
  [405] = "Method Not Allowed", [429] = "Too Many Requests", [500] = "Server error",
}

local function error_body(generation, status, message, description)
  if generation == "v4" then
    return json.encode { message = message }
  end
  return json.encode { error = { code = status, message = message, description = description or message } }
end

--- Text that may stand in a header: one line of ASCII, not too long.
local function header_text(text)
  return (text:gsub("[%c\128-\255]", "?"):sub(1, 200))
end

---@param generation "v4"|"v1"
---@param refusal seranking.fake.Refusal
local function refused(generation, refusal)
  local reason = header_text(refusal.reason)
  local headers = { { "Content-Type", "application/json" }, { "X-Fake-Reason", reason } }
  if refusal.allow then
    headers[#headers + 1] = { "Allow", refusal.allow }
  end
  return {
    status = refusal.status, headers = headers,
    body = error_body(generation, refusal.status, refusal.message, reason),
  }
end

local function answered(status, value)
  if files.is(value) then
    return { status = status, headers = { { "Content-Type", value.content_type } }, body = value.data }
  end
  local headers = {}
  if status ~= 204 then
    headers[1] = { "Content-Type", "application/json" }
  end
  return { status = status, headers = headers, body = value ~= nil and json.encode(value) or "" }
end

-- Where files are when a request doesn't say which host it came to.
local FILES = "https://files.seranking.test"

-- ---- keys ----

local HEX = "%x"
local uuid_shape = "^" .. HEX:rep(8) .. ("%-" .. HEX:rep(4)):rep(3) .. "%-" .. HEX:rep(12) .. "$"
local key_shapes = { v4 = "^" .. HEX:rep(40) .. "$", v1 = uuid_shape }
local key_names = { v4 = "token", v1 = "apikey" }

---@class seranking.fake.Credential
---@field key? string as presented; nil: none
---@field scheme? string of the header; nil: the key came in the query
---@field name? string the query parameter that carried it
---@field twice? boolean there was more than one

--- Finds the key of a request. `declared` says that the operation has a parameter of its own under the name of the key:
--- then that isn't one, if the header has one.
local function credential(generation, headers, pairs_, declared)
  local name, found, in_query = key_names[generation], {}, 0
  for _, pair in ipairs(pairs_) do
    if pair.name == name then
      in_query = in_query + 1
      found.key, found.name = pair.value, name
    end
  end
  local header = headers.authorization
  if not header then
    found.twice = in_query > 1
    return found
  end
  local scheme, key = header:match("^(%S+) *(.*)$")
  if key == "" and scheme ~= "Token" then
    scheme, key = "", header
  end
  return { key = key, scheme = scheme, twice = in_query > 0 and not declared }
end

--- Why a key doesn't open a generation; nil when it does.
---@return seranking.fake.Refusal?
local function key_refusal(generation, found, tokens)
  local key = found.key or ""
  local good_scheme = not found.scheme or found.scheme == "Token"
  if good_scheme and key:find(key_shapes[generation]) and tokens[key] then
    return nil
  elseif generation == "v1" then
    return refuse(401, "Unauthorized", key == "" and "no key" or "not a key for v1")
  elseif key == "" and good_scheme then
    return refuse(403, "No token", "no key")
  elseif good_scheme and key:find(uuid_shape) then
    return refuse(403, "No token", "a key for v1; v4 is retired for it")
  end
  return refuse(403, "Incorrect token", good_scheme and "not a key for v4" or "the scheme is Token")
end

-- ---- faults ----

local presets = {
  html = { status = 502, headers = { { "Content-Type", "text/html" } },
    body = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n" },
  bad_json = { status = 200, body = '{"a":' },
  empty = { status = 200, body = "" },
  invalid_utf8 = { status = 200, body = '{"a":"\195\40"}' },
  nul = { status = 200, body = '{"a":"b\0c"}' },
}

local fault_names = { refuse = true, drop = true, truncate = true, hang = true, slow = true }

local fault_types = {
  kind = "string", times = "number", method = "string", path = "string", status = "number", headers = "table",
  body = "string", fault = "string", delay = "number",
}

---@class seranking.fake.Fault
---@field times? number requests that get it; 1
---@field method? string only requests with this method
---@field path? string only requests with exactly this raw path
---@field kind? "html"|"bad_json"|"empty"|"invalid_utf8"|"nul" a ready-made bad answer
---@field status? integer
---@field headers? table list of { name, value }, or name -> value
---@field body? string left out: the generation's error body for a status from 400 on
---@field fault? "refuse"|"drop"|"truncate"|"hang"|"slow"
---@field delay? number seconds

local function header_list(headers)
  local list = {}
  for name, value in pairs(headers or {}) do
    list[#list + 1] = type(name) == "number" and value or { name, tostring(value) }
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function whole(value, least, most)
  return value == nil or value % 1 == 0 and value >= least and value <= most
end

local function are_headers(headers)
  for name, value in pairs(headers or {}) do
    if type(name) == "number" and not (type(value) == "table" and type(value[1]) == "string" and value[2] ~= nil) then
      return false
    end
  end
  return true
end

local function words_of(set)
  local list = {}
  for word in pairs(set) do
    list[#list + 1] = word
  end
  table.sort(list)
  return table.concat(list, ", ")
end

-- Refuses what could not be acted out, at the line that asks for it.
local function check_fault(fault)
  if type(fault) ~= "table" then
    error('api:fail takes a table: api:fail { status = 503 }, api:fail { fault = "hang", times = 2 } …', 3)
  end
  check_options(fault, fault_types, 3)
  if fault.kind and not presets[fault.kind] then
    error("unknown kind: " .. fault.kind .. "; there are: " .. words_of(presets), 3)
  elseif fault.fault and not fault_names[fault.fault] then
    error("unknown fault: " .. fault.fault .. "; there are: " .. words_of(fault_names), 3)
  elseif not (fault.kind or fault.status or fault.headers or fault.body or fault.fault or fault.delay) then
    error("a fault needs a kind, status, headers, body, fault or delay", 3)
  elseif fault.path and fault.path:sub(1, 1) ~= "/" then
    error("path must begin with a slash, as it comes in: /sites", 3)
  elseif not whole(fault.times, 1, math.huge) then
    error("times must be a whole number, at least 1", 3)
  elseif not whole(fault.status, 200, 599) then
    error("status must be a whole number from 200 to 599", 3)
  elseif fault.delay and not (fault.delay >= 0 and fault.delay <= 86400) then
    error("delay must be a number of seconds from 0 to 86400", 3)
  elseif not are_headers(fault.headers) then
    error("headers must be { Name = value } or { { name, value }, … }", 3)
  end
end

--- Queues a fault: the next matching requests get it. With a kind, status, headers or body it stands in for the answer,
--- and the account stays as it is. With a fault or delay alone the request is carried out as ever, and the answer says
--- what the transport shall do; but `refuse` means that it never arrived: not carried out, not counted by the limit.
---@param fault seranking.fake.Fault
function Api:fail(fault)
  check_fault(fault)
  local preset = presets[fault.kind] or {}
  self.faults[#self.faults + 1] = {
    times = fault.times or 1,
    method = fault.method,
    path = fault.path,
    replaces = fault.kind or fault.status or fault.headers or fault.body,
    status = fault.status or preset.status or 200,
    headers = header_list(fault.headers or preset.headers),
    body = fault.body or preset.body,
    fault = fault.fault,
    delay = fault.delay,
  }
end

local function take_fault(self, request)
  for i, fault in ipairs(self.faults) do
    if (not fault.method or fault.method == request.method) and (not fault.path or fault.path == request.path) then
      fault.times = fault.times - 1
      if fault.times <= 0 then
        table.remove(self.faults, i)
      end
      return fault
    end
  end
end

local function scripted(generation, fault)
  local headers, typed = {}, false
  for i, header in ipairs(fault.headers) do
    headers[i] = { header[1], header[2] }
    typed = typed or header[1]:lower() == "content-type"
  end
  if not typed then
    table.insert(headers, 1, { "Content-Type", "application/json" })
  end
  local body = fault.body
  if not body then
    local message = general_messages[fault.status] or "Server error"
    body = fault.status >= 400 and error_body(generation, fault.status, message) or ""
  end
  return { status = fault.status, headers = headers, body = body }
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
    found = credential(generation, request.headers, list, declares(place, request, key_names[generation])),
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
  local refusal = key_refusal(generation, found, self.tokens)
  local admitted, reason = true, nil
  if not refusal then
    admitted, reason = limiter_of(self, incoming):admit(found.key, at)
  end
  if fault and fault.replaces then
    return scripted(generation, fault)
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

--- The texts to hide: the keys that are good and the one that came. Not those too short to be a key.
local function secrets_of(self, found)
  local secrets = {}
  for key in pairs(self.tokens) do
    secrets[#secrets + 1] = #key >= 8 and key or nil
  end
  if found.key and #found.key >= 8 and not self.tokens[found.key] then
    secrets[#secrets + 1] = found.key -- a mistyped key is nearly the key
  end
  return secrets
end

local function write_log(self, request, answer, at, secrets)
  local headers = {}
  for name, value in pairs(request.headers) do
    headers[name] = name == "authorization" and mask.authorization(value) or mask.text(value, secrets)
  end
  self.log[#self.log + 1] = {
    at = at,
    method = request.method,
    path = mask.encoded(request.path, secrets),
    query = mask.encoded(mask.query(request.query), secrets),
    body = mask.text(request.body, secrets),
    headers = headers,
    status = answer.status,
    fault = answer.fault,
  }
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
  local fault = take_fault(self, request)
  local answer
  if fault and fault.fault == "refuse" then
    answer = { status = 503, headers = {}, body = "" } -- for a transport that knows no faults
  else
    answer = respond(self, incoming, fault, at)
  end
  answer.fault = fault and fault.fault
  answer.delay = fault and fault.delay
  local secrets = secrets_of(self, incoming.found)
  for _, header in ipairs(answer.headers) do
    header[2] = mask.text(header[2], secrets)
  end
  if self.logging then
    write_log(self, request, answer, at, secrets)
  end
  return answer
end

return fake
