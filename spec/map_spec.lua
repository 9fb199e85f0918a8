--- Many calls at once in plain Lua: client:map and client:gather. SPDX-License-Identifier: MIT

local scene = require "support.scene"
local host = require "seranking.loop.host"
local seranking = require "seranking"
local wire = require "spec.support.wire"

local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
local unpack = table.unpack or unpack ---@diagnostic disable-line: deprecated

after_each(wire.finish)

local function numbers(count)
  local list = {}
  for i = 1, count do
    list[i] = i
  end
  return list
end

-- A client whose every call takes `delay` seconds of its clock; no limit unless options say so.
local function slow(delay, options)
  local all = { share = "off", retries = 0 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  local client, api, clock = scene.new(all)
  api:fail { times = 1e6, delay = delay }
  return client, api, clock
end

describe("client:map", function()
  it("refuses a table that is no list, instead of doing nothing", function()
    local client = scene.new()
    for key, list in pairs { a = { a = 1 }, ["2"] = { [2] = "x" } } do
      local ok, text = pcall(client.map, client, list, print)
      assert.is_false(ok)
      assert.is_truthy(text:find(("client:map takes a list, got a table with the key '%s': put its items into a list")
        :format(key), 1, true), text)
    end
    assert.equal(0, client:map({}, print).n)
    assert.equal(2, client:map({ n = 2 }, function() return nil end).n)
  end)

  it("refuses a list with holes, unless n says how many items there are", function()
    local client = scene.new()
    local function problem(list)
      local ok, text = pcall(client.map, client, list, print)
      assert.is_false(ok)
      return (text:gsub("^.-: ", "", 1))
    end
    local holes = {}
    holes[1], holes[3] = 1, 3
    for _, list in ipairs { holes, { 1, nil, 3 }, { 1, 2, [2.5] = 3 }, { 1, [0] = 0 } } do
      assert.truthy(problem(list):find("a list without holes: where some are meant, its field n must say how many", 1, true))
    end
    holes.n = 4
    local seen = {}
    assert.equal(4, client:map(holes, function(item, index) seen[index] = item or "none" return true end).n)
    assert.same({ 1, "none", 3, "none" }, seen)
    for text, n in pairs { ["-1"] = -1, ["1.5"] = 1.5, ['"3"'] = "3", ["true"] = true } do
      assert.equal("client:map: the list's field n must be the number of its items, a whole number, got " .. text,
        problem { 1, 2, 3, n = n })
    end
    assert.equal("client:map: the list's field n is 1, but there is an item 2", problem { 1, 2, n = 1 })
    assert.truthy(problem({ 1, 2, name = "x" }):find("got a table with the key 'name'", 1, true))
  end)

  it("gives results in the order of the list, whatever order they come in", function()
    local client, api, clock = scene.new { share = "off", fake = { limit = 1000 } }
    for i = 1, 6 do
      api:fail { delay = 0.1 * (7 - i), status = 200, body = ('{"value":%d,"currency":"rur"}'):format(i) }
    end
    local finished = {}
    local results, errors = client:map(numbers(6), function(i)
      local balance = assert(client.account:balance())
      finished[#finished + 1] = i
      return balance.value
    end)
    assert.is_nil(errors)
    assert.are.same({ 1, 2, 3, 4, 5, 6, n = 6 }, results)
    assert.are.same({ 6, 5, 4, 3, 2, 1 }, finished)
    assert.is_near(0.6, clock:now(), 1e-6)
  end)

  it("gives the item and its index to the function", function()
    local client = scene.new()
    local results = client:map({ "a", "b" }, function(item, index) return item .. index end)
    assert.are.same({ "a1", "b2", n = 2 }, results)
  end)

  it("has 16 items under way at once, or as many as it is told", function()
    for concurrency, seconds in pairs { [1] = 32, [7] = 5, [16] = 2, [32] = 1, [1000] = 1 } do
      local client, _, clock = slow(1, { fake = { limit = 1000 } })
      local options = concurrency ~= 16 and { concurrency = concurrency } or nil
      local _, errors = client:map(numbers(32), function() return client.account:balance() end, options)
      assert.is_nil(errors)
      assert.is_near(seconds, clock:now(), 1e-6)
    end
  end)

  it("keeps the error value of each item, returned or raised, and the results of all others", function()
    local client, api = scene.new { share = "off", retries = 0, fake = { limit = 1000 } }
    api:fail { path = "/sites/2/stat", status = 404 }
    local mistake = {}
    local results, errors = client:map(numbers(6), function(i)
      if i == 2 then
        return client.sites(i):summary()
      elseif i == 3 then
        return false, "item three" -- as pcall, and libraries of OpenResty, tell a failure
      elseif i == 4 then
        error(mistake)
      elseif i == 5 then
        return false
      elseif i == 6 then
        return nil
      end
      return assert(client.account:balance()).currency
    end)
    assert.are.same({ n = 6, [1] = "rur", [5] = false }, results)
    assert.is_true(seranking.is_error(errors[2]))
    assert.are.equal("not_found", errors[2].kind)
    assert.are.equal("item three", errors[3])
    assert.are.equal(mistake, errors[4])
    local seen = {}
    for i in pairs(errors) do
      seen[#seen + 1] = i
    end
    table.sort(seen)
    assert.are.same({ 2, 3, 4 }, seen)
    assert.are.equal(3, errors.count)
    assert.are.equal(3, errors.first) -- it needed no answer
    assert.are.equal("3 of 6 items failed; the first, item 3: item three", tostring(errors))
  end)

  it("takes what pcall returns: false and an error is an error, true a result", function()
    local client = scene.new()
    local results, errors = client:map({ 1, 2 }, function(i) return pcall(error, i == 1 and "boom" or nil) end)
    assert.are.same({ n = 2, [2] = false }, results) -- pcall(error) gives no error to keep
    assert.are.equal("boom", errors[1])
    assert.are.equal(1, errors.count)
  end)

  it("raises a mistake of the program once, with the item's traceback, and begins no further item", function()
    local client, api = slow(1, { fake = { limit = 1000 } })
    local ways = {
      ["sites.create: unknown parameter 'titel'"] = function() return client.sites:create { titel = "x" } end,
      ["attempt to"] = function() return #client.account:balance().nothing.at_all end,
      ["item three"] = function() error "item three" end,
      ["an error without a value was raised"] = function() error() end,
    }
    for text, way in pairs(ways) do
      local begun, sent = 0, #api.log
      local ok, problem = pcall(client.map, client, numbers(9), function(i)
        begun = begun + 1
        local balance = assert(client.account:balance())
        return i == 2 and way() or balance
      end, { concurrency = 3 })
      assert.is_false(ok)
      assert.is_string(problem)
      assert.truthy(problem:find(text, 1, true), problem)
      assert.truthy(problem:find "\n[^\n]*map_spec.lua:%d+: in [^\n]*function", problem) -- the item's own lines
      assert.equal(1, select(2, problem:gsub("\nstack traceback:\n", "")))
      assert.is_true(begun < 9)
      assert.is_true(#api.log > sent)
    end
  end)

  it("raises a mistake in a map within a map once, with one traceback", function()
    local client = scene.new { share = "off" }
    local ok, problem = pcall(client.map, client, { 1, 2 }, function()
      return client:map({ 1, 2 }, function() error "inner" end)
    end)
    assert.is_false(ok)
    assert.equal(1, select(2, problem:gsub("inner", "")))
    assert.equal(1, select(2, problem:gsub("\nstack traceback:\n", "")))
  end)

  it("takes an operation for the function: items are its arguments, or resources that have it", function()
    local client, api = scene.new { share = "off", fake = { limit = 1000 } }
    local other, there = scene.new { share = "off", fake = { limit = 1000 } }
    for _, made in ipairs { client, other } do
      assert(made.sites:create { url = "http://example.com", title = "a" })
    end
    local results, errors = client:map({ { site_id = 147696 }, client.sites(147696), other.sites(147696), { site_id = 1 } },
      client.sites.summary)
    assert.is_table(results[1] and results[2] and results[3])
    assert.equal("not_found", errors[4].kind)
    assert.equal(1, errors.count)
    assert.same({ 4, 2 }, { #api.log, #there.log })
    assert.truthy(errors[4].where:find "map_spec.lua:%d+$" or errors[4].where:find "watch.lua")
  end)

  it("gives results and errors that can be copied", function()
    local client = scene.new()
    local results, errors = client:map({ 1, 2, 3 }, function(i) return i > 1 and i or nil, "one" end)
    local function copy(value)
      local made = {}
      for key, inner in pairs(value) do
        made[key] = inner
      end
      return setmetatable(made, getmetatable(value))
    end
    local copied = copy(errors)
    assert.equal(tostring(errors), tostring(copied))
    assert.same({ 1, 1, "one" }, { copied.count, copied.first, copied[1] })
    assert.same(results, copy(results))
    assert.equal(3, copy(results).n)
    local view = copy(client:limiter())
    assert.equal(tostring(client:limiter()), tostring(view))
    assert.is_true(view:reset())
  end)

  it("begins no more items after an error with stop_on_error, finishes those under way, and says which were left", function()
    local client, api = slow(1, { fake = { limit = 1000 } })
    local begun = {}
    local results, errors = client:map(numbers(9), function(i)
      begun[#begun + 1] = i
      local balance = assert(client.account:balance())
      if i == 2 then
        return nil, "enough"
      end
      return balance.currency
    end, { concurrency = 3, stop_on_error = true })
    assert.are.same({ n = 9, [1] = "rur", [3] = "rur", [4] = "rur" }, results) -- 4 began when 1 ended
    assert.are.equal("enough", errors[2])
    assert.are.equal(2, errors.first)
    assert.are.equal(6, errors.count)
    for i = 5, 9 do
      assert.are.equal("cancelled not_started", errors[i].kind .. " " .. errors[i].code)
    end
    assert.are.same({ 1, 2, 3, 4 }, begun)
    assert.are.equal(4, #api.log)
  end)

  it("takes lists with holes when their field n tells the length, and empty ones", function()
    local client = scene.new()
    local results, errors = client:map({ n = 3, [2] = "b" }, function(item, i) return tostring(item) .. i end)
    assert.are.same({ "nil1", "b2", "nil3", n = 3 }, results)
    assert.is_nil(errors)
    assert.are.same({ n = 0 }, (client:map({}, error)))
  end)

  it("can be nested: inner calls wait beside the outer ones, and each map gets its own results", function()
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

  it("can be nested where the inner one has nothing to do, or fails", function()
    local client = scene.new()
    local results = client:map({ 1, 2 }, function(i)
      local none = client:map({}, error)
      local _, errors = client:map({ 1 }, function() return nil, "inner" end)
      return i + none.n, errors[1]
    end)
    assert.are.same({ 1, 2, n = 2 }, results)
  end)

  it("can be nested where a coroutine can't be suspended: the inner one runs by itself, or says that Lua 5.1 can't", function()
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
        assert.are.equal(sent + 2, #api.log) -- nothing for the items of the inner ones
      else
        assert.is_nil(errors)
        assert.are.same({ "11 12 13 rur", "21 22 23 rur", "31 32 33 rur", "rur rur", n = 4 }, results)
      end
    end
    assert.is_not_nil(client.account:balance())
  end)

  it("can be called in a coroutine of the caller's, and has calls made in coroutines of the items'", function()
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

  it("has a map inside a coroutine of an item's run by itself, and goes on after it", function()
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

  it("carries out calls of other clients, on another clock or transport too", function()
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

  it("has each wait of a call go on beside the others: back-offs, turns of the limiter, deadlines", function()
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

  it("needs for 100 calls of 0.6 s no more than the limiter's bound and 5 %, and keeps the limit", function()
    local client, api, clock = slow(0.6, { share = "process" })
    local results, errors = client:map(numbers(100), function() return client.account:balance() end)
    assert.is_nil(errors)
    assert.are.equal(100, #results)
    -- Each of 5 slots is taken for 0.6 s and cools down for 1 s: 20 rounds.
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

  it("has the calls of a client that is closed meanwhile end as cancelled", function()
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

  it("cancels what is under way when a hook or a transport raises", function()
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

  it("says so when an item yields by itself", function()
    local client = scene.new()
    local ok, problem = pcall(client.map, client, { 1, 2 }, function(i)
      if i == 1 then
        coroutine.yield()
      end
      return i
    end)
    assert.is_false(ok)
    assert.truthy(problem:find "must not yield by itself")
  end)

  it("says so where a coroutine can't be suspended, and sends nothing", function()
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

  it("has calls inside pcall, metamethods and iterators wait as anywhere else, or says that Lua 5.1 can't", function()
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

  it("tells of mistakes at the caller's line", function()
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

  it("is forgotten with its calls when nobody waits for it any more", function()
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

describe("client:gather", function()
  it("runs functions at once, and gives what they return in their order", function()
    local client, _, clock = slow(1, { fake = { limit = 1000 } })
    local results, errors = client:gather(
      function() return assert(client.account:balance()).currency end,
      function() return client.sites:list() end,
      function() return nil, "a reason" end)
    assert.are.equal("rur", results[1])
    assert.are.equal("table", type(results[2]))
    assert.are.equal(3, results.n)
    assert.are.equal("a reason", errors[3])
    assert.is_near(1, clock:now(), 1e-6)
    assert.are.same({ n = 0 }, (client:gather()))
  end)

  it("tells of an argument that is no function", function()
    local client = scene.new()
    local ok, problem = pcall(client.gather, client, print, client.account)
    assert.is_true(ok or not problem:find "argument 2") -- a resource can be called
    ok, problem = pcall(client.gather, client, print, 3)
    assert.is_false(ok)
    assert.truthy(problem:find("client:gather takes functions, argument 2 is 3", 1, true))
  end)
end)

describe("client:map on the wire", function()
  it("has calls on connections of their own at once, and uses them again", function()
    -- None is answered before there are five.
    local server = wire.start({}, { otherwise = { "request", { "await", 5 }, "echo", "request", "echo", { "again", 4 } } })
    local client = wire.client(server)
    local results, errors = client:map(numbers(50), function(i)
      local data = assert(client:request { path = "/" .. i })
      return data.target
    end, { concurrency = 5 })
    assert.is_nil(errors)
    for i = 1, 50 do
      assert.are.equal("/" .. i, results[i])
    end
    assert.are.equal(5, #server.report())
  end)

  it("carries out another client's calls beside its own", function()
    local server = wire.start({}, { otherwise = { "request", { "await", 2 }, "echo" } })
    local one, two = wire.client(server), wire.client(server)
    local results, errors = one:gather(
      function() return assert(one:request { path = "/one" }).target end,
      function() return assert(two:request { path = "/two" }).target end)
    assert.is_nil(errors)
    assert.are.same({ "/one", "/two", n = 2 }, results)
  end)

  it("waits for the wire and for other things at once: a refused connection does not hold up an answer", function()
    local server = wire.start({}, { otherwise = { "request", "echo", "again" } })
    local client = wire.client(server)
    local dead = assert(seranking.new { token = wire.KEY, base_url = "http://127.0.0.1:1", retries = 0, share = "off" })
    local results, errors = client:gather(
      function() return dead.sites:list() end,
      function() return assert(client:request { path = "/" }).target end)
    assert.are.equal("network", errors[1].kind)
    assert.are.equal("/", results[2])
  end)
end)

describe("what a map leaves behind", function()
  it("is nothing: its coroutines can be collected, those of items that raised too", function()
    local client = scene.new { share = "off" }
    local threads = setmetatable({}, { __mode = "k" })
    client:map(numbers(40), function(i)
      threads[coroutine.running()] = i
      return i % 2 == 0 and client.account:balance() or error {}
    end)
    assert.is_not_nil(next(threads))
    collectgarbage()
    collectgarbage()
    assert.same({}, threads)
  end)

  if coroutine.close then
    it("can't wait while it is given up", function()
      local client, outcome
      local transport = {
        handle = function(_, asked)
          assert(asked.path ~= "/raises", "raised")
          return { status = 200, headers = {}, body = "", delay = 1 }
        end,
      }
      client = assert(seranking.new { token = scene.V4_KEY, transport = transport, share = "off" })
      local chunk = assert(load([[
        local client, path, closed = ...
        local guard <close> = setmetatable({}, { __close = closed })
        return client:request { path = path }
      ]]))
      assert.has_error(function()
        client:map({ "/waits", "/raises" }, function(path)
          return chunk(client, path, function()
            outcome = outcome or { client:request { path = "/closed" } }
          end)
        end)
      end)
      assert.is_nil(outcome[1])
      assert.equal("phase cant_yield", outcome[2].kind .. " " .. outcome[2].code)
    end)
  end
end)
