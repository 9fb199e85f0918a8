--- A fake SE Ranking API, for tests and demonstrations: requests in, answers out. It reads no file but a cassette.
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
local faults = require "seranking.fake.faults"
local random_faults = require "seranking.fake.random_faults"
local keys = require "seranking.fake.keys"
local Limiter = require "seranking.fake.limit"
local log = require "seranking.fake.log"
local misuse = require "seranking.base.misuse"
local option_checks = require "seranking.fake.options"
local products = require "seranking.api.products"
local replay = require "seranking.fake.replay"
local Routes = require "seranking.fake.routes"
local script = require "seranking.fake.script"
local seed = require "seranking.fake.seed"
local service = require "seranking.fake.service"
local store = require "seranking.fake.store"
local tools = require "seranking.fake.tools"
local values = require "seranking.fake.values"

---@class seranking.fake.Request
---@field method string
---@field path string raw, still percent-encoded, without the query
---@field query? string raw, without the question mark
---@field headers table<string, string> names in lower case
---@field body? string
---@field tls? boolean it came over TLS
---@field origin? string of a client in the same process: the base address
---@field attempt? integer of a client in the same process: the number of the attempt

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
---@field visible_limit? number the same for SE Visible; 1
---@field without? string[] what the account lacks, as in { "visible", "local_marketing" }: calls get a 401
---@field per? number length of the window in seconds; 1
---@field today? string|fun(): string YYYY-MM-DD: the day on which it begins (days of its clock later it is another), or a
---  function that tells the day; the day in UTC when left out
---@field regions? integer rows of system.google_regions, up to 228,800; 50
---@field rows? integer rows of a list of the Data API; 250
---@field units? number credits left of the plan; 48,211
---@field wallet? number credits that were bought, which last when the plan's are used up; 0
---@field demo? boolean true: the account is the demo account, else empty
---@field seed? integer of the data that is made up: the same seed gives the same answers; 1
---@field exports? integer backlink exports that the plan has; what is over is rejected
---@field lenient? boolean|"content_type" "content_type": take JSON under any Content-Type, as the curl line on the vendor's
---  page sends it; true: take any two small letters as a country too
---@field log? boolean|integer false: keep no log; a number: keep that many of the newest requests; true, the default: all
---@field latency? number[] the seconds that an answer takes, least and most: { 0.05, 0.4 }; chosen by the seed
---@field faults? seranking.fake.RandomFaults faults that come by chance, chosen by the seed
---@field replay? string the file of a recording (seranking.record), whose answers it gives
---@field descriptions? table[] resources to serve besides those of seranking.api

---@class seranking.fake.Api
---@field log seranking.fake.LogEntry[] newest last
---@field token? string a good key for v4
---@field data_token? string a good key for v1 and the products
local Api = {}
Api.__index = Api

local fake = {}

local option_types = {
  now = "function", clock = "userdata table",
  tokens = "table", limit = "number", data_limit = "number", visible_limit = "number", without = "table",
  per = "number", seed = "number", demo = "boolean",
  today = "string function",
  regions = "number", rows = "number", units = "number", wallet = "number", exports = "number",
  lenient = "boolean string", log = "boolean number", latency = "table", faults = "table", descriptions = "table",
  replay = "string",
}

-- Options that are whole numbers, and the least of each.
local LEAST = { limit = 1, data_limit = 1, visible_limit = 1, seed = 0, regions = 0, rows = 0, units = 0, wallet = 0 }

-- Raises for an option whose value can't be used.
local function check_options(options, level)
  option_checks.check(options, option_types, level + 1)
  for name, least in pairs(LEAST) do
    local value = options[name]
    if value and not (value >= least and value % 1 == 0) then
      error(("%s must be a whole number, at least %d, got %s"):format(name, least, tostring(value)), level + 1)
    end
  end
  for key, good in pairs(options.tokens or {}) do
    if type(key) ~= "string" or type(good) ~= "boolean" then
      error("tokens must be { [key] = true }: the keys stand in the brackets", level + 1)
    end
  end
  if type(options.lenient) == "string" and options.lenient ~= "content_type" then
    error('lenient must be true, false or "content_type"', level + 1)
  elseif type(options.today) == "string" and not values.is_date(options.today) then
    error(("today must be a day, YYYY-MM-DD, got '%s'"):format(options.today), level + 1)
  elseif options.per and options.per <= 0 then
    error("per must be a number of seconds above 0, got " .. tostring(options.per), level + 1)
  end
end

-- Raises if a method was not called with a colon.
local function must_be_api(self, call)
  if type(self) ~= "table" or getmetatable(self) ~= Api then
    error("call it with a colon: api:" .. call, 3)
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

-- Raises for a name in `without` that is the beginning of no operation's name.
local function check_without(options, resources, level)
  local names = {}
  for _, resource in ipairs(resources) do
    names[resource.name:match "^[^.]+"] = true
  end
  for _, name in ipairs(options.without or {}) do
    if not names[name] then
      error(("without names no product: '%s'%s"):format(tostring(name), misuse.suggest(tostring(name), names)), level + 1)
    end
  end
end

-- Requests in a window, by family: the Project API, each product, and paths of two of them.
local function limits_of(options)
  local limits = { project = options.limit or 5 }
  for _, api in ipairs(products) do
    if products[api] then
      limits[api] = options[api .. "_limit"] or products[api].rate.limit
    end
  end
  limits.shared = math.max(limits.project, limits.data)
  return limits
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
  if rawequal(options, fake) then
    error("call it with a dot: fake.new { … }", 2)
  end
  check_options(options, 2)
  local resources = all_descriptions(options.descriptions)
  check_without(options, resources, 2)
  local room, chances = log.room(options.log, 2), random_faults.new(options, 2)
  local clock = options.clock or not options.now and new_clock() or nil
  local self = setmetatable({
    clock = clock,
    now = options.now or function() return clock:now() end,
    advanced = 0,
    tokens = options.tokens or {
      ["be2165b7d065e278e7305c1c7ef791f283f5d14b"] = true,
      ["0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"] = true,
    },
    limits = limits_of(options),
    without = options.without or {},
    per = options.per or 1,
    today = options.today or function() return os.date("!%Y-%m-%d") end,
    regions = options.regions or 50,
    rows = options.rows or 250,
    demo = options.demo or false,
    data_seed = options.seed or 1,
    units = options.units,
    wallet = options.wallet,
    exports = options.exports or math.huge,
    lenient = options.lenient or false,
    log_room = room,
    chances = chances,
    routes = Routes.new(resources),
    log = {},
  }, Api)
  self.token, self.data_token = keys.first(self.tokens, "v4"), keys.first(self.tokens, "v1")
  self.began = self.now()
  if options.replay then
    local cassette, problem = service.cassette(self, options.replay)
    if not cassette then
      error("seranking.fake.new: option replay: " .. problem, 2)
    end
    self.cassette = cassette
  end
  self:reset()
  return self
end

--- Adds projects and what hangs under them to the account. What the API would refuse raises.
---@param account seranking.fake.Seed
function Api:seed(account)
  must_be_api(self, "seed { … }")
  local at = self.now() + self.advanced
  local fine, problem = pcall(seed.add, function(key, args, ago)
    local routes = self.routes.operations[key].routes
    return service.new_call(self, routes.v1 or select(2, next(routes)), "v1", args, at - (ago or 0))
  end, self.store, account, service.today(self, at))
  if not fine then
    error(problem, 2)
  end
end

--- Forgets everything that happened: the account's contents, the log, limits and bans, scripted answers and faults. Time
--- goes on.
function Api:reset()
  must_be_api(self, "reset()")
  self.origin = nil -- the day of the first request: links and positions move from there on
  self.cache = {}
  self.store = store.new(self.units, self.wallet)
  self.limiters = {}
  for family, limit in pairs(self.limits) do
    self.limiters[family] = Limiter.new(limit, self.per)
  end
  self.faults, self.expectations = {}, {}
  self.unknown = { seen = {} } -- what `unexpected` lists
  log.clear(self.log)
  self.requests = 0 -- since then; the chances go by their number
  if self.cassette then
    replay.rewind(self.cassette)
  end
  if self.demo then
    self:seed(seed.demo(service.today(self, self.now() + self.advanced)))
  end
end

--- Lets time pass, on top of the clock.
---@param seconds number
function Api:advance(seconds)
  must_be_api(self, "advance(seconds)")
  if type(seconds) ~= "number" or seconds < 0 then
    error("api:advance takes seconds, at least 0: time goes forward only", 2)
  end
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
  must_be_api(self, "fail { … }")
  local made = faults.new(fault, 2)
  if fault.operation then
    arguments.check(self.routes:operation(fault.operation, 2), fault.args, 2)
  end
  made.where = tools.here(2)
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
  must_be_api(self, "on(operation, arguments, answer)")
  local one = script.new(self.routes:operation(operation, 2), args, answer, options)
  self.expectations[#self.expectations + 1] = one
  return one
end

--- The scripted answers that nobody has asked for yet, or less often than their `times`, and the faults of `fail` that no
--- request has got: a line each, with the place of the call.
---@return string[]
function Api:pending()
  must_be_api(self, "pending()")
  local lines = script.pending(self.expectations)
  for _, line in ipairs(faults.pending(self.faults)) do
    lines[#lines + 1] = line
  end
  return lines
end

--- The requests that were answered by no script, no stored state and no rule of the data: paths where nothing lives, and
--- operations whose answer is a fixed example. A line each, in the order of their first coming.
---@return string[]
function Api:unexpected()
  must_be_api(self, "unexpected()")
  local lines = {}
  for i, line in ipairs(self.unknown) do
    lines[i] = line
  end
  return lines
end

--- The operations whose answer is the fixed example of their description, whatever is asked.
---@return string[]
function Api:canned()
  must_be_api(self, "canned()")
  local list = {}
  for key, entry in pairs(self.routes.operations) do
    if not answers[key] and entry.operation.answer ~= nil then
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
  must_be_api(self, "client()")
  local all = { transport = self, token = self.token }
  for _, api in ipairs(products) do
    all[api .. "_token"] = products[api] and self.data_token or nil
  end
  if options and options.api == "v1" or not self.token then
    all.token = self.data_token
  end
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  local fine, client, problem = pcall(require("seranking").new, all)
  if not fine then -- a mistake in the options: named at the caller's line, not at this one
    error(type(client) == "string" and client:gsub("^.-: (seranking%.new)", "%1") or client, 2)
  end
  return client, problem
end

--- Answers one request.
---@param request seranking.fake.Request
---@return seranking.fake.Answer
function Api:handle(request)
  must_be_api(self, "handle { … }")
  if type(request) ~= "table" or type(request.method) ~= "string" or type(request.path) ~= "string" then
    error("api:handle takes a request: { method = \"GET\", path = \"/sites\", headers = { … } }", 2)
  end
  return service.handle(self, request)
end

return fake
