--- Many calls at once in plain Lua: client:map and client:gather.
-- SPDX-License-Identifier: MIT

local lists = require "support.lists"
local scene = require "support.scene"
local seranking = require "seranking"
local wire = require "spec.support.wire"

local numbers, slow = lists.numbers, scene.slow

after_each(wire.finish)

describe("client:map", function()
  it("refuses a table that is not a list", function()
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
      assert.truthy(problem(list):find("a list without holes: if you mean them, put the number of items", 1, true))
    end
    holes.n = 4
    local seen = {}
    assert.equal(4, client:map(holes, function(item, index) seen[index] = item or "none" return true end).n)
    assert.same({ 1, "none", 3, "none" }, seen)
    for text, n in pairs { ["-1"] = -1, ["1.5"] = 1.5, ['"3"'] = "3", ["true"] = true } do
      assert.equal("client:map: the list's field n must be the number of its items, got " .. text,
        problem { 1, 2, 3, n = n })
    end
    assert.equal("client:map: the list's field n is 1, but there is an item 2", problem { 1, 2, n = 1 })
    assert.truthy(problem({ 1, 2, name = "x" }):find("got a table with the key 'name'", 1, true))
  end)

  it("returns results in the order of the list, whatever order they arrive in", function()
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

  it("calls the function with the item and its index", function()
    local client = scene.new()
    local results = client:map({ "a", "b" }, function(item, index) return item .. index end)
    assert.are.same({ "a1", "b2", n = 2 }, results)
  end)

  it("runs 16 items at once, or as many as the option concurrency says", function()
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
        return false, "item three" -- as pcall and OpenResty's libraries report failures
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
    assert.are.equal(3, errors.first) -- it failed without waiting for an answer
    assert.are.equal("3 of 6 items failed; the first, item 3: item three", tostring(errors))
  end)

  it("accepts what pcall returns: false and an error is an error, true a result", function()
    local client = scene.new()
    local results, errors = client:map({ 1, 2 }, function(i) return pcall(error, i == 1 and "boom" or nil) end)
    assert.are.same({ n = 2, [2] = false }, results) -- pcall(error) returns no error value
    assert.are.equal("boom", errors[1])
    assert.are.equal(1, errors.count)
  end)

  it("raises a bug in an item once, with the item's traceback, and begins no further item", function()
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

  it("names the caller's line, the item and what to write, if an operation is the function and can't take an item", function()
    local client = scene.new { data_token = scene.V1_KEY }
    assert(client.sites:create { url = "http://example.com", title = "a" })
    local rows = assert(client.sites:list())
    local function mistake(list, op)
      local ok, problem = pcall(function()
        client:map(list, op)
      end)
      assert.is_false(ok)
      local place, text = problem:match "^([^\n]*map_spec.lua:%d+): client:map, (.*)$"
      assert.truthy(place, problem)
      assert.is_nil(text:find("\n", 1, true)) -- a traceback would have lines of the library only
      return text
    end
    assert.equal("item 2: sites.summary takes a table of parameters, { name = value }, got 147696; write "
      .. "client.sites(147696):summary(); for each item: client:map(list, function(site_id) return "
      .. "client.sites(site_id):summary() end)",
      mistake({ { site_id = 1 }, 147696 }, client.sites.summary))
    assert.matches("^item 1: sites%.summary: unknown parameter '.*; for the id of each row: "
      .. "client:map%(list, function%(row%) return client%.sites%(row%.id%):summary%(%) end%)$",
      mistake(rows, client.sites.summary))
    assert.matches("for the id of each row: client:map(list, function(row) return client.sites(row.id).keywords:list() end)",
      mistake(rows, client.sites.keywords.list), 1, true)
    assert.matches("for the id of each row: client:map(list, function(row) return "
      .. "client.keyword_groups:list { site_id = row.id } end)",
      mistake(rows, client.keyword_groups.list), 1, true)
    assert.equal("item 1: sites.summary: unknown parameter 'x'; there are: site_engine_id, site_id",
      mistake({ { site_id = 147696, x = 1 } }, client.sites.summary))
    assert.matches('^item 1: data.domain.overview.db takes a table of parameters, { name = value }, got "a.com"; there are: '
      .. "domain, .*; for each item: client:map%(list, function%(item%) return client.data.domain.overview:db { … } end%)$",
      mistake({ "a.com" }, client.data.domain.overview.db))
    assert.equal("item 1: sites.list: unknown parameter 'check_freq'; there are none", mistake(rows, client.sites.list))
  end)

  it("raises a bug in a nested map once, with one traceback", function()
    local client = scene.new { share = "off" }
    local ok, problem = pcall(client.map, client, { 1, 2 }, function()
      return client:map({ 1, 2 }, function() error "inner" end)
    end)
    assert.is_false(ok)
    assert.equal(1, select(2, problem:gsub("inner", "")))
    assert.equal(1, select(2, problem:gsub("\nstack traceback:\n", "")))
  end)

  it("accepts an operation as the function: items are its arguments, or resources that have it", function()
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

  it("returns results and errors that can be copied", function()
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

  it("with stop_on_error begins no item after an error, finishes those in flight, and lists the rest as not started", function()
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

  it("accepts lists with holes if their field n is the length, and empty lists", function()
    local client = scene.new()
    local results, errors = client:map({ n = 3, [2] = "b" }, function(item, i) return tostring(item) .. i end)
    assert.are.same({ "nil1", "b2", "nil3", n = 3 }, results)
    assert.is_nil(errors)
    assert.are.same({ n = 0 }, (client:map({}, error)))
  end)
end)

describe("client:gather", function()
  it("runs functions at once and returns their results in order", function()
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

  it("names the caller's line and the function, if an operation lacks its arguments", function()
    local client = scene.new()
    local ok, problem = pcall(function()
      client:gather(client.account.profile, client.sites.summary)
    end)
    assert.is_false(ok)
    assert.matches("^[^\n]*map_spec.lua:%d+: client:gather, function 2: sites.summary: site_id is required[^\n]*$", problem)
    ok, problem = pcall(client.gather, client, client.account.profile, function() error "boom" end)
    assert.is_false(ok)
    assert.matches("boom\nstack traceback:\n.*map_spec.lua", problem)
  end)

  it("names an argument that is not a function", function()
    local client = scene.new()
    local ok, problem = pcall(client.gather, client, print, client.account)
    assert.is_true(ok or not problem:find "argument 2") -- a resource can be called
    ok, problem = pcall(client.gather, client, print, 3)
    assert.is_false(ok)
    assert.truthy(problem:find("client:gather takes functions, argument 2 is 3; write function() return … end", 1, true))
  end)
end)

describe("client:map on the network", function()
  it("runs calls on separate connections, and reuses these", function()
    -- The server answers none before it has five.
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

  it("carries out another client's calls along with its own", function()
    local server = wire.start({}, { otherwise = { "request", { "await", 2 }, "echo" } })
    local one, two = wire.client(server), wire.client(server)
    local results, errors = one:gather(
      function() return assert(one:request { path = "/one" }).target end,
      function() return assert(two:request { path = "/two" }).target end)
    assert.is_nil(errors)
    assert.are.same({ "/one", "/two", n = 2 }, results)
  end)

  it("waits for several things at once: a refused connection does not delay an answer", function()
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
  it("is nothing: its coroutines can be collected, those of items that raised included", function()
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
    it("can't wait while it is being closed", function()
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
