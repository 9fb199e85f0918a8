--- The C module itself, for programs that require "lseranking": arguments are accepted or refused, and none causes a crash.
-- SPDX-License-Identifier: MIT

local chance_of = require "support.chance"
local core = require "lseranking"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local NAN, INF = 0 / 0, 1 / 0

-- Nobody listens there, so a call ends at once.
local DEAD = "http://127.0.0.1:1"

local function options(more)
  local all = { token = KEY, base_url = DEAD, rate_limit = 0, external = true, clock = core.clock() }
  for name, value in pairs(more or {}) do
    all[name] = value
  end
  return all
end

describe("the binding", function()
  local ranges = {
    rate_limit = { 0, 64 }, max_queue = { 0, 2 ^ 31 - 1 }, retries = { 0, 100 }, max_body = { 1, 2 ^ 40 },
  }

  for name, range in pairs(ranges) do
    it("refuses a client with " .. name .. " out of its range, and names the option", function()
      local least, most = range[1], range[2]
      for _, value in ipairs { least - 1, most + 1, least + 0.5, -2 ^ 63, 2 ^ 63, 1e308, NAN, INF, -INF, "5", {}, true } do
        local fine, problem = pcall(core.client, options { [name] = value })
        assert.is_false(fine, tostring(value))
        assert.is_truthy(tostring(problem):find(("%s must be a whole number from %.0f to %.0f"):format(name, least, most), 1,
          true), tostring(problem))
      end
      for _, value in ipairs { least, most } do
        assert(core.client(options { [name] = value, rate_per = 1 }))
      end
    end)
  end

  it("refuses invalid times", function()
    for _, name in ipairs { "timeout", "connect_timeout", "attempt_timeout", "rate_per" } do
      for _, value in ipairs { -1, 86401, NAN, INF, "5", {} } do
        local fine, problem = pcall(core.client, options { [name] = value })
        assert.is_false(fine, tostring(value))
        assert.is_truthy(tostring(problem):find(name .. " must be a number of seconds from 0 to 86400", 1, true))
      end
    end
    local client, err = core.client(options { rate_limit = 5, rate_per = 0 })
    assert.is_nil(client)
    assert.are.equal("bad_option", err.code)
  end)

  it("reads options without metamethods, whose results could be collected while in use", function()
    local asked = {}
    local client, err = core.client(setmetatable(options(), { __index = function(_, name)
      asked[#asked + 1] = name
      return name == "base_url" and "no address" or nil
    end }))
    assert.is_nil(err)
    client:call("GET", "/", nil, nil, nil, true, setmetatable({}, { __index = function(_, name)
      asked[#asked + 1] = name
    end }))
    assert.are.same({}, asked)
  end)

  it("refuses retries, tags and statuses of a call out of their ranges", function()
    local client = core.client(options())
    for _, value in ipairs { -1, 101, 0.5, NAN, INF } do
      assert.is_false((pcall(client.call, client, "GET", "/", nil, nil, nil, true, { retries = value })))
    end
    for _, tag in ipairs { 0, -1, 0.5, 2 ^ 53 + 2, 2 ^ 64, NAN, INF, "1" } do
      local call = client:call("GET", "/")
      assert.is_false((pcall(client.submit, client, call, tag)), tostring(tag))
    end
    for _, tag in ipairs { 1, 2 ^ 53 } do
      client:submit(client:call("GET", "/"), tag)
      assert.are.equal(tag, (client:next(0)))
    end
    local call = client:call("GET", "/")
    assert.is_nil(client:run(call, 1))
    for _, status in ipairs { 0, 99, 1000, -200, 200.5, 2 ^ 40, NAN, "200" } do
      assert.is_false((pcall(call.answer, call, status, "", "")), tostring(status))
    end
    call:answer(200, "", "")
    assert.is_true(client:run(call, 1))
  end)

  it("has no descriptor for a call that is new, done, or was started with a token", function()
    local client = core.client { token = KEY, base_url = DEAD, rate_limit = 0 }
    local call = client:call("GET", "/", nil, nil, nil, true, { retries = 0 })
    assert.is_nil(call:fd())
    assert(call:begin())
    assert.are.equal("number", type(call:fd()))
    repeat until call:step()
    assert.is_nil(call:fd())
    local other = client:call("GET", "/", nil, nil, nil, true, { retries = 0 })
    assert.are.equal(8, #assert(other:begin_with_token()))
    assert.is_nil(other:fd())
    other:cancel()
    repeat until other:step()
  end)

  -- What the collector does to an object; debug functions can reach it.
  local function close(object)
    debug.getmetatable(object).__gc(object)
  end

  it("refuses objects that were closed, and says so", function()
    local client = core.client(options())
    local function refuses(what, method, object, ...)
      close(object)
      local fine, problem = pcall(object[method], object, ...)
      assert.is_false(fine, method)
      assert.is_truthy(tostring(problem):find(what, 1, true), tostring(problem))
      close(object) -- once more does no harm
    end
    refuses("closed", "look", core.account())
    refuses("closed", "redact", client:mask(), "text")
    refuses("the notifier is closed", "notify", core.notifier())
    for _, method in ipairs { "timeout", "result", "head", "time_left", "preview" } do
      refuses("the call is closed", method, client:call("GET", "/"))
    end
    assert.is_false(client:call("GET", "/"):step())
    local call = client:call("GET", "/")
    close(call)
    assert.is_false(call:step())
    assert.is_false(call:trim())
    local account = core.account()
    close(account)
    assert.is_false((pcall(call.set_aside, client:call("GET", "/"), account, 1)))
  end)

  it("sets credits of a call aside once, and only a number that can be added", function()
    local client, account = core.client(options()), core.account()
    local call = client:call("GET", "/")
    for _, credits in ipairs { -1, -INF, INF, NAN } do
      local fine, problem = pcall(call.set_aside, call, account, credits)
      assert.is_false(fine, tostring(credits))
      assert.is_truthy(tostring(problem):find("must be a finite number, at least 0", 1, true), tostring(problem))
    end
    assert.are.same({ 0, 0, 0 }, { account:look() })
    call:set_aside(account, 3)
    local fine, problem = pcall(call.set_aside, call, account, 4)
    assert.is_false(fine)
    assert.is_truthy(tostring(problem):find("has already set credits aside", 1, true))
    assert.are.same({ 3, 0, 0 }, { account:look() })
    local closed = client:call("GET", "/")
    close(closed)
    assert.is_false((pcall(closed.set_aside, closed, account, 1)))
    assert.are.equal(3, call:settle())
    assert.is_nil(call:settle())
    -- the account lives as long as a call has credits of it
    call:set_aside(account, 2)
    close(account)
    assert.are.equal(2, call:settle())
  end)

  it("submits a call once, and calls of other clients never", function()
    local client = core.client(options())
    local call = client:call("GET", "/")
    client:submit(call, 1)
    assert.is_false((pcall(client.submit, client, call, 2)))
    assert.is_false((pcall(call.begin, call)))
    assert.is_false((pcall(client.run, core.client(options()), call, 0)))
    assert.are.equal(1, (client:next(0)))
    local done = client:call("GET", "/")
    assert.is_false((pcall(done.outgoing, done)))
    assert.is_nil(client:run(done, 0))
    done:answer(200, "", "")
    assert.is_false((pcall(done.outgoing, done)))
    local threaded = core.client { token = KEY, base_url = DEAD, rate_limit = 0 }
    local begun = threaded:call("GET", "/", nil, nil, nil, true, { retries = 0 })
    assert(begun:begin())
    assert.is_false((pcall(begun.begin, begun)))
    repeat until begun:step()
    assert.is_false((pcall(begun.begin, begun)))
  end)

  it("moves a clock by no more than it can hold", function()
    local clock = core.clock()
    for _, seconds in ipairs { -1, NAN, INF, 3.2e8 } do
      assert.is_false((pcall(clock.advance, clock, seconds)), tostring(seconds))
    end
    local problem
    for _ = 1, 100 do
      local fine
      fine, problem = pcall(clock.advance, clock, 3e8)
      if not fine then
        break
      end
    end
    assert.is_truthy(tostring(problem):find("the clock is at its maximum", 1, true), tostring(problem))
  end)

  it("encodes quotes and line breaks in names of parts", function()
    local client = core.client(options())
    local call = client:call("POST", "/", nil, nil, nil, true, { parts = {
      { name = 'a"b', data = "" }, { name = "c", filename = 'd\r\n".csv', data = "----------------seranking0" } } })
    assert.is_nil(client:run(call, 0))
    local _, _, _, body = call:outgoing()
    assert.is_truthy(body:find('form-data; name="a%22b"\r\n', 1, true), body)
    assert.is_truthy(body:find('form-data; name="c"; filename="d%0D%0A%22.csv"\r\n', 1, true), body)
    assert.are.equal("------------------seranking1", body:match "^[^\r]+") -- "seranking0" is in the data
  end)

  it("takes the key of an open client alone", function()
    local other = core.client(options { token = KEY })
    local taken = { base_url = DEAD, rate_limit = 0, external = true, token_env = "SERANKING_NO_SUCH_VARIABLE",
      token_of = other }
    assert.are.equal("…d14b", assert(core.client(taken)):key())
    close(other)
    assert.are.equal("none", assert(core.client(taken)):key())
  end)

  it("knows errors that loops must know by their texts", function()
    assert.are.equal("EMFILE", core.errno_name "Too many open files")
    assert.are.equal("ENOMEM", core.errno_name "cannot allocate memory")
    assert.is_nil(core.errno_name "No such file or directory")
  end)

  it("can be loaded again in the same state", function()
    local loaded = package.loaded.lseranking
    package.loaded.lseranking = nil
    local again = require "lseranking"
    package.loaded.lseranking = loaded
    assert(again.client(options()))
    assert.is_true(again.is_clock(core.clock()))
  end)
end)

-- ---- random arguments ----

local FIELDS = {
  "token", "token_env", "token_of", "token_off", "api", "base_url", "auth_query", "ca_file", "proxy", "user_agent",
  "rate_limit", "rate_per", "pacing_send_time", "max_queue", "limiter_fallback", "limit_family", "state_group",
  "limiter_settings", "limiter_driver", "timeout", "connect_timeout", "attempt_timeout", "retries", "max_body",
  "priority_low", "wait_blocked", "paid", "clock", "external", "headers", "parts", "name", "data", "filename",
  "content_type", 1, 2, 3, 4,
}

-- No number of seconds among these is long enough to wait for.
local VALUES = {
  0, 1, -1, 2, 0.5, 1e-9, 200, 404, 429, 503, 5000, 65, 2 ^ 31, 2 ^ 32 + 1, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1e308, NAN, INF, -INF,
  true, false, "", "GET", "POST", "DELETE", "/", "/sites/{id}", "{", "{}", "[1,2", "a: b", "closed", "timeout", "v1", "v4",
  "\0", "\255\254", KEY, DEAD, "http://127.0.0.1:1/x", "https://[", "redis://127.0.0.1:1", ("x"):rep(300),
  "[{\"a\":1.5e3},null]", "HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "Retry-After: 99999999999999999999\r\n",
}

-- Functions that wait, and for how many seconds at most.
local WAITS = { run = true, next = true, sleep = true, limit = true, reset_limit = true }
local MOMENTS = { 0, 1e-9, 0.0005, -1, NAN, INF, -INF, 1e308, "", false }

-- All others concern the files of the user's limits, which tests must not touch.
local SKIPPED = { limits = true }

local function fuzz(seed, count)
  local chance = chance_of(seed)
  local objects = { {}, {}, {}, {} } -- clients, calls, clocks, signals
  local module_functions, names = {}, {}

  local function keep(made)
    local kind = type(made) == "userdata"
      and (made.call and 1 or made.preview and 2 or made.advance and 3 or made.ring and 4)
    if kind then
      local list = objects[kind]
      list[#list < 8 and #list + 1 or chance(8)] = made
    end
  end

  local value
  local function random_table(depth)
    local made = {}
    for _ = 1, chance(6) - 1 do
      made[FIELDS[chance(#FIELDS)]] = value(depth + 1)
    end
    return made
  end
  function value(depth)
    local kind = chance(10)
    if kind <= 5 then
      return VALUES[chance(#VALUES)]
    elseif kind == 6 then
      return nil
    elseif kind == 7 and depth < 3 then
      return random_table(depth)
    elseif kind == 8 and depth < 3 then
      return options(random_table(depth))
    end
    local list = objects[chance(4)]
    return #list > 0 and list[chance(#list)] or print
  end

  for name, f in pairs(core) do
    if type(f) == "function" and not SKIPPED[name] then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    module_functions[i] = core[name]
  end
  -- The methods of each class of objects, and a function that makes a valid object.
  local client = core.client(options())
  local makers = {
    function()
      local fine, made = pcall(core.client, options { [FIELDS[chance(#FIELDS)]] = value(1), rate_limit = value(3) })
      return fine and made or core.client(options())
    end,
    function() return core.client(options()):call("GET", "/") end, core.clock, core.notifier,
  }
  local methods = {}
  for kind, example in ipairs { client, client:call("GET", "/"), core.clock(), (core.notifier()) } do
    methods[kind] = {}
    local class = ({ "seranking.core", "seranking.call", "seranking.clock", "seranking.notifier" })[kind]
    for name in pairs(debug.getregistry()[class].__index) do
      assert(example[name])
      table.insert(methods[kind], name)
    end
    table.sort(methods[kind])
  end

  local returned = 0
  for step = 1, count do
    local turn = chance(8)
    local results
    if turn == 1 then
      results = { pcall(module_functions[chance(#module_functions)], value(0), value(0), value(0), value(0)) }
    elseif turn == 2 then
      local kind = chance(4)
      results = { true, makers[kind]() }
    else
      local kind = turn <= 4 and 1 or turn <= 6 and 2 or chance(4)
      local list = objects[kind]
      local object = list[chance(math.max(#list, 1))]
      local name = methods[kind][chance(#methods[kind])]
      if object and WAITS[name] then
        local moment = MOMENTS[chance(#MOMENTS)]
        if name == "run" then
          results = { pcall(object.run, object, value(0), moment) }
        else
          results = { pcall(object[name], object, moment) }
        end
      elseif object then
        results = { pcall(object[name], object, value(0), value(0), value(0), value(0), value(0), value(0), value(0),
          value(0)) }
      end
    end
    if results and results[1] then
      returned = returned + 1
      for i = 2, 4 do
        keep(results[i])
      end
    end
    if step % 500 == 0 then
      objects[chance(4)] = {}
      collectgarbage()
    end
  end
  return returned
end

describe("random arguments", function()
  -- SERANKING_FUZZ=1000000: a long run ("make fuzz")
  it("of every function and method are accepted or refused without a crash", function()
    local count = tonumber(os.getenv "SERANKING_FUZZ") or 5000
    for seed = 1, math.max(1, math.floor(count / 50000)) do
      local steps = math.min(count, 50000)
      local returned = fuzz(seed, steps)
      assert.is_true(returned > steps / 10, returned .. " of " .. steps .. " did something")
    end
    collectgarbage()
    collectgarbage()
  end)
end)
