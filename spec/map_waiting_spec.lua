--- Waiting inside client:map: nested maps, coroutines, other clients, clocks, closed clients.
-- SPDX-License-Identifier: MIT

local lists = require "support.lists"
local scene = require "support.scene"
local host = require "seranking.loop.host"
local plain = require "seranking.loop.plain"
local wire = require "spec.support.wire"

local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
local unpack = table.unpack or unpack ---@diagnostic disable-line: deprecated

local numbers, slow = lists.numbers, scene.slow

after_each(wire.finish)

describe("client:map", function()
  it("can be nested: inner calls wait along with outer ones, and each map gets its own results", function()
    local client, _, clock = slow(1, { fake = { limit = 1000 } })
    local results, errors = client:map(numbers(3), function(i)
      local inner = client:map(numbers(4), function(k)
        assert(client.account:balance())
        return 10 * i + k
      end)
      local last = assert(client.account:balance())
      return { inner[1], inner[4], inner.n, last.currency }
    end)
    assert.is_nil(errors)
    assert.are.same({ { 11, 14, 4, "rur" }, { 21, 24, 4, "rur" }, { 31, 34, 4, "rur" }, n = 3 }, results)
    assert.is_near(2, clock:now(), 1e-6)
  end)

  it("can be nested if the inner map is empty, or fails", function()
    local client = scene.new()
    local results = client:map({ 1, 2 }, function(i)
      local none = client:map({}, error)
      local _, errors = client:map({ 1 }, function() return nil, "inner" end)
      return i + none.n, errors[1]
    end)
    assert.are.same({ 1, 2, n = 2 }, results)
  end)

  it("can be nested where a coroutine can't be suspended: the inner map runs alone, or fails on Lua 5.1", function()
    local client, api = slow(1, { fake = { limit = 1000 } })
    local function inner(i)
      local results, errors = client:map(numbers(3), function(k)
        return assert(client.account:balance()) and 10 * i + k
      end)
      return errors and errors[errors.first] or table.concat(results, " ")
    end
    local function compared(i)
      local outcome
      table.sort({ 2, 1 }, function(a, b)
        outcome = outcome or inner(i)
        return a < b
      end)
      return outcome
    end
    local function indexed(i)
      return setmetatable({}, { __index = function(_, key) return inner(key) end })[i]
    end
    for _, way in ipairs { compared, indexed } do
      local sent = #api.log
      local results, errors = client:map(numbers(4), function(i)
        local outcome = i == 4 and assert(client.account:balance()).currency or way(i)
        return outcome .. " " .. assert(client.account:balance()).currency
      end)
      if LUA_51 and way == indexed then
        assert.are.same({ [4] = "rur rur", n = 4 }, results)
        assert.are.equal(3, errors.count)
        for i = 1, 3 do
          assert.are.equal("phase cant_yield", errors[i].kind .. " " .. errors[i].code)
        end
        assert.are.equal(sent + 2, #api.log) -- the items of the inner maps sent nothing
      else
        assert.is_nil(errors)
        assert.are.same({ "11 12 13 rur", "21 22 23 rur", "31 32 33 rur", "rur rur", n = 4 }, results)
      end
    end
    assert.is_not_nil(client.account:balance())
  end)

  it("can be called in a coroutine, and its items can make calls in coroutines of their own", function()
    local client, _, clock = slow(1, { fake = { limit = 1000 } })
    local outcome = coroutine.wrap(function()
      local results = client:map(numbers(3), function(i)
        local generator = coroutine.wrap(function()
          coroutine.yield(i)
          coroutine.yield(assert(client.account:balance()).currency) -- waits alone
        end)
        return generator() .. generator()
      end)
      coroutine.yield "a yield of the caller's"
      return results
    end)
    assert.are.equal("a yield of the caller's", outcome())
    assert.are.same({ "1rur", "2rur", "3rur", n = 3 }, outcome())
    assert.is_near(3, clock:now(), 1e-6)
  end)

  it("runs a map inside an item's own coroutine alone, and goes on after it", function()
    local client = slow(1, { fake = { limit = 1000 } })
    local results, errors = client:map(numbers(2), function(i)
      local inner = coroutine.wrap(function()
        return client:map(numbers(2), function(k) return assert(client.account:balance()) and 10 * i + k end)
      end)()
      return inner[1] + inner[2] + (assert(client.account:balance()) and 0)
    end)
    assert.is_nil(errors)
    assert.are.same({ 23, 43, n = 2 }, results)
  end)

  it("carries out calls of other clients, even on another clock or transport", function()
    local one, _, clock = slow(1, { fake = { limit = 1000 } })
    local two, _, other_clock = slow(1, { fake = { limit = 1000 } })
    local results, errors = one:map(numbers(3), function(i)
      return assert(two.account:balance()).currency .. assert(one.account:balance()).currency .. i
    end)
    assert.is_nil(errors)
    assert.are.same({ "rurrur1", "rurrur2", "rurrur3", n = 3 }, results)
    assert.is_near(3, other_clock:now(), 1e-6) -- alone, one after another
    assert.is_near(1, clock:now(), 1e-6)
  end)

  it("lets every kind of wait overlap: back-offs, slots of the limiter, deadlines", function()
    local client, api, clock = scene.new { timeout = 3 }
    api:fail { path = "/sites/1/stat", fault = "hang" }
    api:fail { path = "/sites/2/stat", status = 503 }
    local results, errors = client:map({ 1, 2, 3 }, function(i)
      if i == 3 then
        return select(2, assert(client.account:balance())).attempts
      end
      local _, response = client.sites(i):summary()
      return response.attempts, response
    end)
    assert.is_nil(errors)
    assert.are.same({ 1, 2, 1, n = 3 }, results)
    assert.is_near(3, clock:now(), 1e-6)
  end)

  it("takes at most 5 % more than the limiter's bound for 100 calls of 0.6 s, and keeps the limit", function()
    local client, api, clock = slow(0.6, { share = "process" })
    local results, errors = client:map(numbers(100), function() return client.account:balance() end)
    assert.is_nil(errors)
    assert.are.equal(100, #results)
    -- Each of the 5 slots is held for 0.6 s and cools down for 1 s: 20 rounds.
    local bound = 19 * 1.6 + 0.6
    assert.is_true(clock:now() <= 1.05 * bound, "took " .. clock:now())
    assert.is_true(clock:now() >= bound - 1e-6, "beat the limit: " .. clock:now())
    for i = 6, #api.log do
      assert.is_true(api.log[i].at - api.log[i - 5].at >= 1, "the sixth within a second")
    end
    local other, _, other_clock = slow(0.6, { share = "process" })
    for _ = 1, 100 do
      assert(other.account:balance())
    end
    assert.is_near(60, other_clock:now(), 1e-3) -- one after another
  end)

  it("ends the calls of a client that is closed meanwhile as cancelled", function()
    local client = slow(1, { fake = { limit = 1000 } })
    local results, errors = client:map(numbers(3), function(i)
      if i == 3 then
        client:close()
        return "closed"
      end
      return client.account:balance()
    end)
    assert.are.same({ n = 3, [3] = "closed" }, results)
    assert.are.equal("cancelled", errors[1].kind)
    assert.are.equal("cancelled", errors[2].kind)
  end)

  it("ends the pauses of jobs when its client is closed", function()
    local client = slow(1, { fake = { limit = 1000 } })
    local results = client:map(numbers(2), function(i)
      if i == 2 then
        assert(client.account:balance())
        client:close()
        return "closed"
      end
      host.sleep(client, 1e4)
      return "woken"
    end)
    assert.are.same({ "woken", "closed", n = 2 }, results)
  end)

  it("ends calls and pauses as cancelled when plain.tick closes its client, at any tick", function()
    local function closed_at(number)
      local client, api = slow(1, { fake = { limit = 1000 } })
      local ticks = 0
      plain.tick = function()
        ticks = ticks + 1
        if ticks == number then
          client:close()
        end
      end
      local ran, results, errors = pcall(client.map, client, numbers(6), function(i)
        if i == 1 then
          host.sleep(client, 0.5)
          return "woken"
        elseif ticks >= number then
          return nil, { kind = "cancelled" } -- a call of a closed client is a mistake
        end
        return client.account:balance()
      end, { concurrency = 3 })
      plain.tick = nil
      assert.is_true(ran, results)
      return ticks >= number, results, errors, #api.log
    end
    local number = 0
    repeat
      number = number + 1
      local reached, results, errors, sent = closed_at(number)
      assert.are.equal("woken", results[1])
      local done = 0
      for i = 2, 6 do
        done = done + (results[i] and 1 or 0)
        assert.are.equal(results[i] == nil and "cancelled" or nil, errors and errors[i] and errors[i].kind)
      end
      assert.is_true(done <= sent and (reached or done == 5), ("%d of %d, tick %d"):format(done, sent, number))
    until not reached
    assert.is_true(number > 5)
  end)

  it("cancels the calls in flight when a hook or a transport raises", function()
    local client, api = slow(1, { fake = { limit = 1000 } })
    local seen = 0
    local handle = api.handle
    function api:handle(...)
      seen = seen + 1
      if seen == 3 then
        error("the transport broke", 0)
      end
      return handle(self, ...)
    end
    local ok, problem = pcall(client.map, client, numbers(5), function() return client.account:balance() end)
    assert.is_false(ok)
    assert.are.equal("the transport broke", problem)
    assert.is_not_nil(client.account:balance())
    assert.are.same({ "rur", n = 1 }, (client:map({ 1 }, function() return assert(client.account:balance()).currency end)))
  end)

  it("reports an item that calls coroutine.yield", function()
    local client = scene.new()
    local ok, problem = pcall(client.map, client, { 1, 2 }, function(i)
      if i == 1 then
        coroutine.yield()
      end
      return i
    end)
    assert.is_false(ok)
    assert.truthy(problem:find "must not call coroutine.yield")
  end)

  it("fails items where a coroutine can't be suspended, and sends nothing", function()
    local client, api = scene.new()
    local results, errors = client:map({ 1, 2 }, function()
      local list, problem = { 3, 2, 1 }, nil
      table.sort(list, function(a, b)
        local _, err = client.account:balance()
        problem = err
        return a < b
      end)
      return nil, problem
    end)
    assert.are.same({ n = 2 }, results)
    for i = 1, 2 do
      assert.are.equal("phase cant_yield", errors[i].kind .. " " .. errors[i].code)
    end
    assert.are.equal(0, #api.log)
    assert.is_not_nil(client.account:balance())
  end)

  it("lets calls inside pcall, metamethods and iterators wait as anywhere else, or fails them on Lua 5.1", function()
    local client, api = scene.new { share = "off", fake = { limit = 1000 } }
    local currency = setmetatable({}, { __index = function() return assert(client.account:balance()).currency end })
    local function each()
      return function(_, last) return not last and assert(client.account:balance()).currency or nil end
    end
    local items = {
      function()
        local _, balance, err = pcall(client.account.balance)
        return balance and balance.currency, err
      end,
      function() return currency.name end,
      function()
        local last
        for name in each() do
          last = name
        end
        return last
      end,
    }
    local results, errors = client:map(items, function(f) return f() end)
    if LUA_51 then
      assert.are.same({ n = 3 }, results)
      for i = 1, 3 do
        assert.are.equal("phase cant_yield", errors[i].kind .. " " .. errors[i].code)
        assert.truthy(errors[i].message:find "Lua 5%.1 can't suspend a coroutine inside pcall, metamethods or iterators")
      end
      assert.are.equal(0, #api.log)
      assert.is_not_nil(client.account:balance())
    else
      assert.is_nil(errors)
      assert.are.same({ "rur", "rur", "rur", n = 3 }, results)
    end
  end)

  it("raises misuse at the caller's line", function()
    local client = scene.new()
    for said, arguments in pairs {
      ["client:map takes a list and a function, got nil: was there an error?"] = {},
      ["the second argument must be a function of an item, got nil"] = { {} },
      ["unknown option 'concurency'; did you mean 'concurrency'"] = { {}, print, { concurency = 3 } },
      ["option concurrency must be a whole number from 1 to 10000"] = { {}, print, { concurrency = 0 } },
      ["option stop_on_error must be true or false"] = { {}, print, { stop_on_error = 1 } },
      ["options must be a table, got 5"] = { {}, print, 5 },
    } do
      local ok, problem = pcall(client.map, client, unpack(arguments, 1, 3))
      assert.is_false(ok)
      assert.truthy(problem:find(said, 1, true), problem)
    end
    local ok, problem = pcall(client.map, { 1 }, print)
    assert.is_false(ok)
    assert.truthy(problem:find("call it with a colon: client:map", 1, true))
  end)

  it("says which argument is not a list or a function of an item", function()
    local client = scene.new()
    local sites = client.sites
    for _, row in ipairs {
      { "takes a list and then a function, got a function first: client:map(list, fn)", print, {} },
      { "takes a list and then a function, got seranking operation sites.summary first", sites.summary, {} },
      { "takes a list and a function, got seranking operation sites.list: call it first, client.sites:list()", sites.list,
        print },
      { "takes a list and a function, got seranking resource sites", sites, print },
      { "takes a list and a function, got a function: collect the rows of a walk with :all()", sites.list:each(), print },
      { "must be a function of an item, got a table: pass a function, not its result", {}, {}, {} },
      { "must be a function of an item, got seranking response (HTTP 200, application/json)", sites:list() },
      { "must be a function of an item, got seranking resource sites: pass one of its operations",
        { 1 }, sites },
      { "must be a function of an item, got the method 'all' of operations: write function(item) return op:all(…) end",
        { 1 }, sites.list.all },
    } do
      local ok, problem = pcall(client.map, client, unpack(row, 2, 4))
      assert.is_false(ok)
      assert.truthy(problem:find("client:map", 1, true) and problem:find(row[1], 1, true), problem)
      assert.is_nil(problem:find("\n", 1, true))
    end
  end)

  it("is collected with its calls when nobody waits for it any more", function()
    local weak = setmetatable({}, { __mode = "k" })
    local client = slow(1, { fake = { limit = 1000 } })
    client:map(numbers(50), function()
      local balance = assert(client.account:balance())
      weak[balance] = true
      return true
    end)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(weak))
  end)
end)
