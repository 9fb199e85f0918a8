--- Costs of Data API calls, budgets, and the credits of an account.
-- SPDX-License-Identifier: MIT

local links = require "support.links"
local script = require "support.script"
local seranking = require "seranking"
local wire = require "support.wire"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local raised = script.raised
local op, constant = links.op, links.constant

describe("costs", function()
  it("are summed up by requests, targets and rows, and marked as estimates", function()
    local client = script.new(function(request)
      return request.path == "/v1/links" and '{"rows":[1,2,3]}' or request.path == "/v1/links/plain" and "[{},{}]" or "{}"
    end)
    local data = client.data
    assert.same({ credits = 0, estimate = true, calls = 0, unknown = 0, doubtful = 0 }, data:spent())
    assert(op(client, "summary")())
    assert.same({ credits = 100, estimate = true, calls = 1, unknown = 0, doubtful = 0 }, data:spent())
    assert(op(client, "count") { target = { "a", "b", "c" } })
    assert(op(client, "count") { target = "a" })
    assert.equal(140, data:spent().credits)
    assert(op(client, "list") { one = "a" })
    assert.equal(146, data:spent().credits)
    assert(op(client, "plain")())
    assert(op(client, "free")())
    assert.same({ credits = 152, estimate = true, calls = 6, unknown = 0, doubtful = 0 }, data:spent())
    assert(op(client, "odd")())
    assert(op(client, "unsaid")())
    assert(op(client, "crawl") { settings = { max_pages = 5 } })
    assert.same({ credits = 152, estimate = true, calls = 9, unknown = 3, doubtful = 10 }, data:spent())
    data:spent().credits = 0
    assert.equal(152, data:spent().credits)
  end)

  it("are zero for calls that failed", function()
    local client = script.new(function(_, number)
      return number == 1 and script.json('{"error":{"message":"no"}}', 400) or number == 2 and "{" or "{}"
    end, { retries = 0 })
    assert.is_nil((op(client, "summary")()))
    assert.equal(0, client.data:spent().calls)
    assert.is_nil((op(client, "summary")())) -- an unreadable success is billed
    assert.same({ credits = 100, estimate = true, calls = 1, unknown = 0, doubtful = 0 }, client.data:spent())
  end)

  it("count calls without a clear answer as doubtful, and against the budget", function()
    local faults = {
      timeout = { fault = "hang" }, network = { fault = "truncate", status = 200, headers = {}, body = '{"rows":[1' },
      decode = { status = 200, headers = { { "Content-Type", "application/json" } }, body = '{"rows":[' },
      too_large = { status = 200, headers = {}, body = '{"rows":[' .. ("1,"):rep(40000) .. "1]}" },
    }
    for kind, answer in pairs(faults) do
      local client, log = script.new(function() return answer end, { budget = 20, retries = 0, max_body = 65536, timeout = 1 })
      local function ask()
        return select(2, op(client, "list") { one = "a", limit = 8 }) -- 16 credits at most
      end
      assert.equal(kind, ask().kind)
      assert.same({ credits = 0, estimate = true, calls = 1, unknown = 1, doubtful = 16 }, client.data:spent())
      assert.equal("budget", ask().code)
      assert.equal(1, #log)
    end
    local client = script.new(function() return { fault = "refuse" } end, { budget = 20, retries = 0 })
    for _ = 1, 3 do
      assert.equal("network", (select(2, op(client, "list") { one = "a", limit = 8 })).kind)
    end
    assert.equal(0, client.data:spent().doubtful)
  end)

  it("allow free calls after budget = false has exceeded the budget", function()
    local client = script.new(constant "{}", { budget = 5 })
    assert(op(client, "summary")(nil, { budget = false }))
    assert.equal(100, client.data:spent().credits)
    assert(op(client, "free")())
  end)

  it("exist only in the Data API", function()
    local client = script.new(constant "{}")
    assert.equal("only the Data API has prices: client.data:spent()", raised(function() client:spent() end))
  end)

  it("have a budget, which refuses calls that would exceed it before anything is sent", function()
    local client, log = script.new(constant '{"rows":[1,2]}', { budget = 250 })
    assert(op(client, "summary")())
    assert(op(client, "summary")())
    local data, err = op(client, "summary")()
    assert.is_nil(data)
    assert.equal("invalid budget", err.kind .. " " .. err.code)
    assert.equal("data.links.summary may cost 100 credits, by estimate, and 50 of the client's budget = 250 are left",
      err.message)
    assert.is_false(err.sent)
    assert.is_false(err.retryable)
    assert.equal(2, #log)
    assert(op(client, "count") { target = { "a", "b", "c", "d", "e" } })
    local _, again = op(client, "list") { one = "a", limit = 1 }
    assert.equal("budget", again.code)
    assert(op(client, "free")())
    assert.equal(250, client.data:spent().credits)
  end)

  it("can be limited by a budget per call", function()
    local client, log = script.new(constant "{}")
    local _, err = op(client, "count")({ target = { "a", "b" } }, { budget = 19 })
    assert.equal("data.links.count may cost 20 credits, by estimate, and 19 of the call's budget = 19 are left", err.message)
    assert(op(client, "count")({ target = { "a", "b" } }, { budget = 20 }))
    assert.equal(1, #log)
    assert.equal("data.links.count: option budget must be a number of credits, at least 0, got -1",
      raised(op(client, "count"), { target = "a" }, { budget = -1 }))
  end)

  it("are bounded by limit and max_pages of the call, or their defaults", function()
    local client, log = script.new(constant '{"rows":[1,2]}', { budget = 100 })
    local function refused(name, args, options)
      local data, err = op(client, name)(args, options)
      assert.is_nil(data)
      assert.equal("invalid budget", err.kind .. " " .. err.code)
      return err.message
    end
    assert.equal("data.links.list may cost 102 credits, by estimate, and 100 of the client's budget = 100 are left",
      refused("list", { one = "a", limit = 51 }))
    assert.equal("data.links.crawl may cost 2000 credits, by estimate, and 100 of the client's budget = 100 are left",
      refused "crawl")
    refused("crawl", { settings = {} })
    refused("crawl", { settings = { max_pages = 10 } }, { budget = 19 })
    assert.equal(0, #log)
    assert(op(client, "list") { one = "a", limit = 50 })
    assert.equal(4, client.data:spent().credits)
    assert(op(client, "crawl")({ settings = { max_pages = 10 } }, { budget = 20 }))
    local d = script.new(constant '{"prompts":[]}', { budget = 19999 }).data
    local args = { target = "a.com", source = "us", engine = "chatgpt", scope = "base_domain" }
    assert.is_nil((d.ai_search:prompts_by_target(args))) -- 100 rows at 200 credits
    args.limit = 99
    assert(d.ai_search:prompts_by_target(args))
    assert.is_nil((d.site_audit.audits:create_advanced { domain = "a.com" }))
  end)

  it("without a known bound are refused under a budget unless the call has budget = false", function()
    local client, log = script.new(constant "{}", { budget = 1000 })
    for _, name in ipairs { "odd", "unsaid", "plain" } do
      local data, err = op(client, name)()
      assert.is_nil(data)
      assert.equal("data.links." .. name .. ": its price has no known bound, so budget can't limit it", err.message)
      assert.is_truthy(err.hint:find("budget = false", 1, true))
    end
    assert.equal(0, #log)
    assert(op(client, "odd")(nil, { budget = false }))
    assert(op(script.new(constant "{}"), "odd")())
    assert.is_nil((op(script.new(constant "{}"), "odd")(nil, { budget = 5 })))
    assert.equal(1, client.data:spent().unknown)
  end)

  it("are unknown for data:request, which a budget refuses unless it has budget = false", function()
    local client, log = script.new(function(request) return request.path == "/v1/lost" and { fault = "drop" } or "{}" end,
      { budget = 1000 })
    local data = client.data
    for _, budget in ipairs { 5, 0 } do
      local answer, err = data:request { path = "/v1/links", budget = budget }
      assert.is_nil(answer)
      assert.equal("invalid budget", err.kind .. " " .. err.code)
    end
    local answer, err = data:request { path = "/v1/links" }
    assert.is_nil(answer)
    assert.equal("client.data:request: its price has no known bound, so budget can't limit it", err.message)
    assert.is_truthy(err.hint:find("budget = false", 1, true))
    assert.equal(0, #log)
    assert(data:request { path = "/v1/links", budget = false })
    assert.same({ credits = 0, estimate = true, calls = 1, unknown = 1, doubtful = 0 }, data:spent())
    assert.is_nil((data:request { path = "/v1/lost", budget = false, retries = 0 }))
    assert.equal(2, data:spent().unknown)
    assert(script.new(constant "{}").data:request { path = "/v1/links" })
    assert(client:request { path = "/sites" })
  end)

  it("are not paid twice for data:request unless it has repeatable = true", function()
    local client, log = script.new(constant { fault = "drop" })
    for _, method in ipairs { "GET", "PUT", "DELETE" } do
      local before = #log
      local _, err = client.data:request { path = "/v1/links", method = method }
      assert.equal("network true", err.kind .. " " .. tostring(err.sent))
      assert.is_truthy(err.hint:find("look before you repeat it", 1, true))
      assert.equal(1, #log - before)
    end
    local before = #log
    assert.is_nil((client.data:request { path = "/v1/links", repeatable = true, retries = 2 }))
    assert.equal(3, #log - before)
    assert.is_nil((client:request { path = "/sites", retries = 2 })) -- costs nothing
    assert.equal(6, #log - before)
  end)

  it("of a call that raised in flight are doubtful, since it may have been sent", function()
    local client = script.new(function(_, number)
      return number == 1 and error "boom" or "{}"
    end, { budget = 250 })
    assert.is_false((pcall(op(client, "summary"))))
    assert.same({ credits = 0, estimate = true, calls = 1, unknown = 1, doubtful = 100 }, client.data:spent())
    assert(op(client, "summary")())
    assert.equal("budget", select(2, op(client, "summary")()).code)
  end)

  it("of calls in flight beside one that raised are doubtful, and those of an unsent call are released", function()
    local client = script.new(function(_, number)
      return number == 3 and error "boom" or { status = 200, headers = {}, body = "{}", delay = 5 }
    end, { budget = 500, share = "process", data_rate = { limit = 3, per = 60 } })
    collectgarbage "stop" -- reservations are not released by the collector
    finally(function() collectgarbage "restart" end)
    assert.is_false((pcall(client.data.map, client.data, { 1, 2, 3, 4, 5 }, function() return op(client, "summary")() end)))
    assert.same({ credits = 0, estimate = true, calls = 3, unknown = 3, doubtful = 300 }, client.data:spent())
    for _ = 1, 2 do -- the other 200 credits are free
      assert(op(client, "summary")({}, { timeout = 86400 }))
    end
    assert.equal("budget", select(2, op(client, "summary")()).code)
  end)

  it("of an abandoned call are doubtful once it is collected", function()
    local loop = { name = "lost", inside = function() return true end, spawn = function(f) coroutine.wrap(f)() end,
      sleep = function() end, wait = function() coroutine.yield() end }
    finally(wire.finish)
    local client = wire.client(wire.start({ { "request", "idle" } }), { loop = loop, budget = 100 })
    local function leave_behind() -- in a function, whose local variables keep nothing afterwards
      coroutine.wrap(function() op(client, "summary")() end)()
    end
    leave_behind()
    local function ask()
      local err
      coroutine.wrap(function() err = select(2, op(client, "summary")()) end)()
      return err
    end
    assert.equal("budget", ask().code)
    assert.is_true(ask().retryable)
    collectgarbage()
    collectgarbage()
    assert.is_false(ask().retryable)
    assert.equal(100, client.data:spent().doubtful)
  end)

  it("are reserved for the rows of calls in flight", function()
    local client, log = script.new(function() return { status = 200, headers = {}, body = '{"rows":[1]}', delay = 0.5 } end,
      { budget = 400 })
    local _, errs = client.data:map({ 1, 2, 3, 4, 5 }, function() return op(client, "list") { one = "a", limit = 100 } end)
    assert.equal(2, #log)
    assert.equal(3, errs.count)
    assert.equal(4, client.data:spent().credits)
  end)

  it("are reserved while calls are in flight", function()
    local client, log = script.new(function() return { status = 200, headers = {}, body = "{}", delay = 0.5 } end,
      { budget = 300 })
    local _, errs = client.data:map({ 1, 2, 3, 4, 5 }, function() return op(client, "summary")() end)
    assert.equal(3, #log)
    assert.equal(2, errs.count)
    assert.truthy(errs[4].message:find("0 of the client's budget = 300 are left beside calls in flight", 1, true))
    assert.is_true(errs[4].retryable)
    assert.equal(300, client.data:spent().credits)
  end)
end)

describe("the credits of an account", function()
  it("are returned by client.data:credits(), which sums up the pools", function()
    local answers = {
      { '{"totals":{"subscription":{"remaining":100,"total":500},"addon":{"remaining":"20"},"wallet":{"remaining":3.5}},'
        .. '"access":{"can_use_data_api":true}}', 123.5 },
      { '{"totals":{"subscription":{"remaining":0},"addon":{"remaining":0},"wallet":{"remaining":248000}}}', 248000 },
      { '{"totals":{"subscription":{"remaining":7}},"access":{"can_use_data_api":false,"primary_reason":"none"}}', 0 },
      { '{"totals":{}}', 0 },
      { '{"totals":{"subscription":{"remaining":7},"addon":{"remaining":null},"wallet":null},"access":null}', 7 },
      { '{"totals":null}', 0 },
    }
    for _, case in ipairs(answers) do
      for _, nulls in ipairs { "drop", "keep" } do
        local client, log = script.new(constant(case[1]), { budget = 1, nulls = nulls })
        local credits, response = assert(client.data:credits { timeout = 5 })
        assert.equal(case[2], credits.available)
        assert.equal(200, response.status)
        assert.equal("GET /v1/account/credits", log[1].method .. " " .. log[1].path)
        assert.equal(0, client.data:spent().credits)
      end
    end
    local credits, err = script.new(function() return script.json("{}", 500) end, { retries = 0 }).data:credits()
    assert.is_nil(credits)
    assert.equal("server", err.kind)
    local client = script.new(constant "{}")
    assert.equal("only the Data API has prices: client.data:credits()", raised(client.credits, client))
  end)

  it("can bound a walk", function()
    local api = require("seranking.fake").new { units = 1005, rows = 300 }
    local data = assert(seranking.new { token = KEY, data_token = UUID, transport = api }).data
    local rows, err = data.keywords.similar:all({ source = "us", keyword = "a" }, { max_cost = data:credits().available })
    assert.is_nil(rows)
    assert.equal("max_cost 100", err.code .. " " .. #err.rows)
    assert.equal(5, data:credits().available)
  end)

  it("see what was bought, which the plan's own figure does not", function()
    local api = require("seranking.fake").new { units = 0, wallet = 248000, rows = 300 }
    local data = assert(seranking.new { token = KEY, data_token = UUID, transport = api, raise = true }).data
    assert.equal(0, data.account:subscription().subscription_info.units_left)
    local credits = data:credits()
    assert.same({ 248000, 0, 248000, "wallet" }, { credits.available, credits.totals.subscription.remaining,
      credits.totals.wallet.remaining, credits.access.primary_reason })
    assert.equal(100, #data.keywords.similar:all({ source = "us", keyword = "a" }, { max_cost = credits.available,
      max_rows = 100 }))
    assert.equal(247000, data:credits().available)
  end)
end)
