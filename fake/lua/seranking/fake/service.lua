--- Answers requests to a fake API: reads a request, applies faults, keys and limits, and carries the operation out.
-- SPDX-License-Identifier: MIT

local answers = require "seranking.fake.answers"
local arguments = require "seranking.fake.arguments"
local calendar = require "seranking.base.calendar"
local random_faults = require "seranking.fake.random_faults"
local check = require "seranking.fake.check"
local data_jobs = require "seranking.fake.answers.data_jobs"
local example = require "seranking.fake.example"
local faults = require "seranking.fake.faults"
local json = require "seranking.fake.json"
local files = require "seranking.fake.files"
local keys = require "seranking.fake.keys"
local log = require "seranking.fake.log"
local mask = require "seranking.fake.mask"
local ranks = require "seranking.fake.ranks"
local replay = require "seranking.fake.replay"
local replies = require "seranking.fake.replies"
local resolve = require "seranking.fake.resolve"
local Routes = require "seranking.fake.routes"
local script = require "seranking.fake.script"
local tools = require "seranking.fake.tools"
local url = require "seranking.fake.url"

local refuse = resolve.refuse
local refused, answered = replies.refused, replies.answered

local service = {}

-- Where files are when a request doesn't say which host it came to.
local FILES = "https://files.seranking.test"

--- The day of the fake: the one that was given, and as many more as its clock has gone on since.
---@param self seranking.fake.Api
---@param at number seconds
---@return string
function service.today(self, at)
  if type(self.today) == "function" then
    return self.today()
  end
  return calendar.add(self.today, math.floor((at - self.began) / 86400))
end

--- A call of an operation, made by a request or by `seed`.
---@return seranking.fake.Call
function service.new_call(self, route, generation, args, at)
  local today = service.today(self, at)
  self.origin = self.origin or today
  return {
    now = at, rows = self.rows, max_exports = self.exports, files = FILES, route = route, generation = generation, args = args,
    store = self.store, regions = self.regions, cache = self.cache, seed = self.data_seed, origin = self.origin,
    today = today,
  }
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
---@field voice "v4"|"v1"|"visible" the form of its refusals
---@field routes seranking.fake.Route[] those at the path, of one method
---@field first? seranking.fake.Route the first of them
---@field pairs seranking.fake.Pair[] of the query
---@field well_formed boolean whether the query could be read to its end
---@field place? seranking.fake.Place what lives at the path
---@field no_place? string why there is nothing
---@field found seranking.fake.Credential
---@field route? seranking.fake.Route the operation that it asks for
---@field args? table<string, any> its arguments
---@field refusal? seranking.fake.Refusal why there is no route
---@field expectation? seranking.fake.Expectation that answers it
---@field replayed? boolean it came to the cassette

---@return seranking.fake.Incoming
local function take_apart(self, request)
  local generation = request.path:find("^/v1/") and "v1" or "v4"
  local list, well_formed = url.pairs(request.query)
  local place, no_place = self.routes:find(generation, request.path)
  local routes = place and select(2, next(place.methods)) or {}
  local first = routes[1]
  return {
    request = request, generation = generation, routes = routes, first = first,
    voice = first and first.family == "visible" and "visible" or generation,
    pairs = list, well_formed = well_formed, place = place,
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
    local methods = tools.names(place.methods)
    local refusal = refuse(405, "Method Not Allowed", "the path takes " .. methods)
    refusal.allow = methods
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

-- Generation, operation and arguments of a request. Where the fake takes it for no operation, its method and path, with what
-- the query and the body hold.
local function identity(incoming)
  if incoming.route then
    return incoming.generation, incoming.route.key, incoming.args
  end
  local request, args = incoming.request, {}
  for _, pair in ipairs(incoming.pairs) do
    if pair.name ~= incoming.found.name then
      args[pair.name] = args[pair.name] and args[pair.name] .. "\n" .. pair.value or pair.value
    end
  end
  local body = request.body and request.body ~= "" and json.decode(request.body)
  args.body = body and json.value(body) or request.body ~= "" and request.body or nil
  return incoming.generation, request.method .. " " .. request.path, args
end

--- Loads the cassette that is to be replayed.
---@param self seranking.fake.Api
---@param path string
---@return seranking.fake.Cassette? cassette
---@return string? problem
function service.cassette(self, path)
  return replay.load(path, function(request)
    local incoming = take_apart(self, request)
    local route, args = choose(self, incoming)
    if route then
      incoming.route, incoming.args = route, args
    end
    return identity(incoming)
  end)
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
  local value, fault = script.answer(incoming.expectation, route, incoming.args)
  if fault then
    local answer = faults.answer(incoming.voice, fault)
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

-- The address of the host that has the files: the server itself, where there is one.
local function files_of(request)
  local host = request.headers.host
  return host and (request.tls and "https://" or "http://") .. host or FILES
end

-- The answer that the cassette has.
local function replayed(self, incoming)
  local generation, operation, args = identity(incoming)
  incoming.replayed = true
  local answer, problem = replay.answer(self.cassette, generation, operation, args, incoming.request,
    files_of(incoming.request))
  if not answer then
    note_unexpected(self, problem)
    return refused(incoming.voice, refuse(422, problem))
  end
  return answer
end

--- Carries out a request whose key is good.
---@return seranking.fake.Answer
local function serve(self, incoming, at)
  local route, args, request = incoming.route, incoming.args, incoming.request
  if self.cassette and not incoming.expectation then
    return replayed(self, incoming)
  elseif not route then
    if not incoming.place then
      note_unexpected(self, ("%s %s: %s"):format(request.method, request.path, incoming.no_place))
    end
    return refused(incoming.voice, incoming.refusal)
  elseif incoming.expectation and not script.is_fault(incoming.expectation.answer) then
    return scripted(incoming)
  end
  local call = service.new_call(self, route, incoming.generation, args, at)
  call.files = files_of(request)
  local refusal, value = resolve.rows(call), nil
  if call.site and not refusal then
    ranks.check(call, call.site)
  end
  if not refusal and answers[route.key] then
    value, refusal = answers[route.key](call)
  elseif not refusal then
    value, refusal = example.answer(call)
    if value ~= nil then
      note_unexpected(self, ("%s %s: a fixed example"):format(route.key, arguments.text(args)))
    end
  end
  if refusal then
    return refused(incoming.voice, refusal)
  end
  local answer = answered(status_of(route.operation), value)
  if route.guesses then
    answer.headers[#answer.headers + 1] = { "X-Fake-Guess", route.guesses }
  end
  return answer
end

--- The limiter that a request counts against. A path of two APIs, such as that of account.subscription, counts for itself: no
--- source says whose limit it takes.
local function limiter_of(self, incoming)
  local family = incoming.first and incoming.first.family or "project"
  for _, route in ipairs(incoming.routes) do
    if route.family ~= family then
      return self.limiters.shared
    end
  end
  return self.limiters[family]
end

-- Whether the account lacks what a request is for: a family, or a product.
local function lacks(self, incoming)
  return incoming.first ~= nil and tools.has(self.without, incoming.first.key:match "^[^.]+")
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
  local generation, voice, found = incoming.generation, incoming.voice, incoming.found
  local replaces = fault and fault.replaces
  local download = self.cassette and not replaces
    and replay.download(self.cassette, incoming.request, files_of(incoming.request))
  if download then
    incoming.replayed = true
    return download
  elseif not replaces and incoming.request.path:find("^/exports/") then
    return serve_file(self, incoming, at)
  end
  local refusal = keys.refusal(generation, found, self.tokens)
  local admitted, reason = true, nil
  if not refusal then
    admitted, reason = limiter_of(self, incoming):admit(found.key, at)
  end
  if replaces then
    return faults.answer(voice, fault)
  elseif not admitted then
    return refused(voice, refuse(429, "Too Many Requests", reason))
  elseif found.twice then
    return refused(voice, refuse(400, "Bad Request", "more than one key"))
  elseif refusal then
    return refused(voice, refusal)
  elseif lacks(self, incoming) then
    return refused("visible", refuse(401, "Unauthenticated.", "the account lacks " .. incoming.first.key:match "^[^.]+"))
  elseif not incoming.well_formed then
    return refused(voice, refuse(400, "Bad Request", "malformed percent-encoding in the query"))
  end
  return serve(self, incoming, at)
end

--- Answers one request.
---@param self seranking.fake.Api
---@param request seranking.fake.Request
---@return seranking.fake.Answer
function service.handle(self, request)
  request = {
    method = request.method, path = request.path, query = request.query, body = request.body, tls = request.tls,
    headers = request.headers or {}, origin = request.origin, attempt = request.attempt,
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
  self.requests = self.requests + 1
  local chance_delay
  if self.chances then
    fault = fault or random_faults.fault(self.chances, self.data_seed, self.requests)
    chance_delay = random_faults.delay(self.chances, self.data_seed, self.requests)
  end
  local answer
  if fault and fault.fault == "refuse" then
    answer = { status = 503, headers = {}, body = "" } -- for a transport that knows no faults
  else
    answer = respond(self, incoming, fault, at)
  end
  if self.cassette and not incoming.replayed then
    replay.missed(self.cassette, request, identity(incoming))
  end
  if fault then
    answer.fault, answer.delay = fault.fault, fault.delay
  end
  answer.delay = answer.delay or chance_delay
  local secrets = log.secrets(self.tokens, incoming.found)
  for _, header in ipairs(answer.headers) do
    header[2] = mask.text(header[2], secrets)
  end
  if self.log_room > 0 then
    log.add(self.log, log.entry(request, answer, at, secrets), self.log_room)
  end
  return answer
end

return service
