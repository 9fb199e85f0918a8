-- Answers that a test scripts by operation and arguments.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local SUMMARY = {
  avg_pos = 4, today_avg = 4, yesterday_avg = 5, total_up = 1, total_down = 0, top5 = 2, top10 = 3, top30 = 6,
  visibility = 61, visibility_percent = 12.5,
}

-- The line that called this function.
local function line()
  return "fake/spec/fake_script_spec.lua:" .. debug.getinfo(2, "l").currentline
end

local function problem_of(...)
  local fine, problem = pcall(...)
  assert.is_false(fine)
  return problem
end

for _, generation in ipairs { "v4", "v1" } do
  describe("api:on, " .. generation, function()
    local api, client

    before_each(function()
      api = fake.new()
      client = api:client { api = generation }
    end)

    it("answers an operation with these arguments, and no other", function()
      api:on("sites.keywords.list", { site_id = 5 }, {})
      assert.same({}, client.sites(5).keywords:list())
      local _, err = client.sites(6).keywords:list()
      assert.equal(404, err.status)
    end)

    it("answers as often as `times` says", function()
      local made = api:on("sites.keywords.list", { site_id = 5 }, {}, { times = 2 })
      assert.same({}, client.sites(5).keywords:list())
      assert.same({}, client.sites(5).keywords:list())
      assert.equal(404, select(2, client.sites(5).keywords:list()).status)
      assert.equal(2, made.calls)
    end)

    it("takes answers to the same call in turn, and the newest of different ones", function()
      api:on("sites.list", nil, { status = 404, message = "first" }, { times = 1 })
      api:on("sites.list", nil, { status = 404, message = "second" })
      assert.equal("first", select(2, client.sites:list()).message)
      assert.equal("second", select(2, client.sites:list()).message)
      assert.equal("second", select(2, client.sites:list()).message)
      api:on("sites.list", nil, { status = 404, message = "third" })
      assert.equal("third", select(2, client.sites:list()).message)
      api:on("sites.keywords.list", nil, { status = 404, message = "any" })
      api:on("sites.keywords.list", { site_id = 5 }, { status = 404, message = "five" })
      assert.equal("five", select(2, client.sites(5).keywords:list()).message)
      assert.equal("any", select(2, client.sites(6).keywords:list()).message)
    end)

    it("calls a function with the arguments", function()
      api:on("sites.keywords.list", nil, function(args)
        if args.site_id == 7 then
          return nil, { status = 403, message = "not yours" }
        end
        return { { id = tostring(args.site_id * 10), name = "anchors", group_id = "1", site_engine_ids = { 1 }, tags = {} } }
      end)
      local rows = assert(client.sites(5).keywords:list())
      assert.equal(50, rows[1].id)
      local _, err = client.sites(7).keywords:list()
      assert.equal("not yours", err.message)
    end)

    it("acts out faults of the connection", function()
      api:on("sites.list", nil, { fault = "drop" }, { times = 1 })
      local _, err = client.sites:list({}, { retries = 0 })
      assert.equal("network", err.kind)
      assert.is_true(client.sites:list() ~= nil)
    end)

    it("is still subject to keys and limits", function()
      api:on("sites.list", nil, {})
      local stranger = api:client { api = generation,
        token = generation == "v4" and ("0"):rep(40) or "00000000-0000-0000-0000-000000000000" }
      assert.equal("auth", select(2, stranger.sites:list()).kind)
    end)
  end)
end

describe("api:on", function()
  local api, client

  before_each(function()
    api = fake.new()
    client = api:client()
  end)

  it("checks an answer against the operation's members, at the caller's line", function()
    local problem = problem_of(function() api:on("sites.summary", { site_id = 5 }, { visability = 3 }) end)
    assert.truthy(problem:find("^fake/spec/fake_script_spec.lua:%d+: sites%.summary: the answer has no member 'visability'; "
      .. "there are: "))
    problem = problem_of(function() api:on("sites.list", nil, { { id = 1 } }) end)
    assert.truthy(problem:find("sites.list: the answer[1] lacks the member", 1, true), problem)
    problem = problem_of(function() api:on("sites.list", nil, "text") end)
    assert.truthy(problem:find("sites.list: the answer must be a list, got \"text\"", 1, true), problem)
    problem = problem_of(function()
      api:on("data.account.credit_balance", nil, { limit = "many", used = 0 })
    end)
    assert.truthy(problem:find("limit must be", 1, true), problem)
  end)

  it("takes numbers as the service sends them, as text too", function()
    api:on("data.account.credit_balance", nil, { limit = "100", used = 7 })
    assert.same({ limit = 100, used = 7 }, client.data.account:credit_balance())
  end)

  it("says where a function is that gives the wrong answer", function()
    api:on("sites.list", nil, function() return { { id = 1 } } end) local here = line()
    local problem = problem_of(client.sites.list, client.sites)
    assert.truthy(problem:find(here .. ": sites.list: the answer[1] lacks the member", 1, true), problem)
    api:on("sites.list", nil, function() end) here = line()
    problem = problem_of(client.sites.list, client.sites)
    assert.truthy(problem:find(here .. ": the function for sites.list returned neither", 1, true), problem)
  end)

  it("refuses what is no operation, parameter or answer, at the caller's line", function()
    for want, try in pairs {
      ["no operation 'sites.sumary'; did you mean 'sites.summary'?"] = function() api:on("sites.sumary", nil, {}) end,
      ["no operation 'keywords.delete'; there are: "] = function() api:on("keywords.delete", nil, true) end,
      ["sites.summary has no parameter 'id'; there are: site_engine_id, site_id"] = function()
        api:on("sites.summary", { id = 5 }, SUMMARY)
      end,
      ["the arguments must be a table, such as { site_id = 5 }, not a number"] = function()
        api:on("sites.summary", 5, SUMMARY)
      end,
      ["api:on takes an operation, arguments (or nil) and an answer"] = function() api:on("sites.list") end,
      ["times must be a whole number, at least 1"] = function() api:on("sites.list", nil, {}, { times = 0 }) end,
      ["unknown option: time; did you mean 'times'?"] = function() api:on("sites.list", nil, {}, { time = 1 }) end,
      ["status must be a whole number from 200 to 599"] = function() api:on("sites.list", nil, { status = 99 }) end,
      ["no operation 'client.sites.list'; did you mean 'sites.list'?"] = function() api:on("client.sites.list", nil, {}) end,
      ["sites.list: the answer must be a list, but has the member 'title'"] = function()
        api:on("sites.list", nil, { title = "Shop" })
      end,
      ["sites.summary: no request has site_id = 'five': not a whole number"] = function()
        api:on("sites.summary", { site_id = "five" }, SUMMARY)
      end,
      ["sites.positions.list: no request has date_from = '24.11.2026': not a date YYYY-MM-DD"] = function()
        api:on("sites.positions.list", { date_from = "24.11.2026" }, {})
      end,
      ["data.keywords.similar: no request has sort = 'volum': not one of the allowed values"] = function()
        api:fail { operation = "data.keywords.similar", args = { sort = "volum" }, status = 500 }
      end,
      ["the operation answers nothing: script true"] = function() api:on("sites.delete", nil, { ok = 1 }) end,
    } do
      local problem = problem_of(try)
      assert.truthy(problem:find("^fake/spec/fake_script_spec.lua:%d+: "), problem)
      assert.truthy(problem:find(want, 1, true), problem)
    end
  end)

  it("answers true for operations that give nothing, and bytes as they are", function()
    api:on("sites.delete", { site_id = 5 }, true)
    assert.is_true(client.sites(5):delete())
    api:on("data.serp.classic.task_html", nil, "PK\3\4\0")
    assert.equal("PK\3\4\0", client.data.serp.classic:task_html { task_id = 9 })
  end)

  it("lists what nobody has asked for, with its line", function()
    api:on("sites.list", nil, {}) local first = line()
    api:on("sites.keywords.list", { site_id = 5 }, {}, { times = 2 }) local second = line()
    assert.same({ first .. ": sites.list {}", second .. ": sites.keywords.list { site_id = 5 }" }, api:pending())
    client.sites:list()
    client.sites(5).keywords:list()
    assert.same({ second .. ": sites.keywords.list { site_id = 5 } (called 1 of 2 times)" }, api:pending())
    client.sites(5).keywords:list()
    assert.same({}, api:pending())
  end)

  it("lists the faults that no request has got, with their lines", function()
    api:fail { operation = "sites.summary", args = { site_id = 5 }, status = 404 } local first = line()
    api:fail { method = "DELETE", status = 500 } local second = line()
    api:fail { status = 404, times = 3 } local third = line()
    assert.same({ first .. ": a fault for sites.summary { site_id = 5 }", second .. ": a fault for DELETE request",
      third .. ": a fault for any request" }, api:pending())
    client.sites(5):summary()
    client.sites:list()
    assert.same({ second .. ": a fault for DELETE request" }, api:pending())
  end)

  it("lists what came unexpectedly: unknown paths, and fixed examples", function()
    client.sites:list()
    assert.same({}, api:unexpected())
    client:request { method = "GET", path = "/no/such" }
    client:request { method = "GET", path = "/no/such" }
    assert.same({ "GET /no/such: no such path" }, api:unexpected())
    local canned = api:canned()[1]
    assert.is_string(canned)
    api:reset()
    assert.same({}, api:unexpected())
  end)
end)

describe("api:fail", function()
  it("waits for an operation and its arguments, in both generations", function()
    for _, generation in ipairs { "v4", "v1" } do
      local api = fake.new()
      local client = api:client { api = generation }
      api:fail { operation = "sites.summary", args = { site_id = 5 }, status = 404, message = "gone" }
      assert.not_equal("gone", select(2, client.sites(6):summary()).message)
      assert.equal("gone", select(2, client.sites(5):summary()).message)
      assert.not_equal("gone", select(2, client.sites(5):summary()).message)
    end
  end)

  it("refuses what can match nothing", function()
    local api = fake.new()
    for want, try in pairs {
      ["path '/sites/*/positions' can match no request"] = function()
        api:fail { path = "/sites/*/positions", status = 500 }
      end,
      ["no operation 'sites.lst'"] = function() api:fail { operation = "sites.lst", status = 500 } end,
      ["sites.list has no parameter 'site_id'"] = function()
        api:fail { operation = "sites.list", args = { site_id = 5 }, status = 500 }
      end,
      ["args goes with operation"] = function() api:fail { args = { site_id = 5 }, status = 500 } end,
      ["message goes with a status from 400 on"] = function() api:fail { status = 200, message = "fine" } end,
    } do
      local problem = problem_of(try)
      assert.truthy(problem:find("^fake/spec/fake_script_spec.lua:%d+: "), problem)
      assert.truthy(problem:find(want, 1, true), problem)
    end
  end)
end)

describe("api:client", function()
  it("has the key, the transport and the time of the fake", function()
    local api = fake.new()
    assert.equal(40, #api.token)
    assert.equal(36, #api.data_token)
    assert.is_true(api:client().sites:list() ~= nil)
    assert.is_true(api:client { api = "v1" }.sites:list() ~= nil)
    assert.is_true(api:client().data.account:credit_balance() ~= nil)
    local before = api.now()
    api:client({ retries = 1 }).sites:list()
    assert.equal(before, api.now())
  end)
end)

describe("api:on of a product", function()
  it("answers, and checks the answer at the test's line", function()
    local api = fake.new()
    api:on("visible.brands.list", nil, { { id = 7, title = "Mill", domain = "https://a.example", is_primary = true,
      aliases = {} } })
    api:on("data.account.credit_balance", nil, { limit = 9, used = 4 })
    local client = api:client { api = "v1", raise = true }
    assert.equal("Mill", client.visible.brands:list({ project_id = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5" })[1].title)
    assert.equal(4, client.data.account:credit_balance().used)
    local problem = problem_of(function() api:on("visible.brands.list", nil, { { id = "seven" } }) end)
    assert.is_truthy(problem:find("^fake/spec/fake_script_spec.lua:%d+: visible%.brands%.list: "), problem)
  end)
end)

describe("a mistake in a test", function()
  it("is told at its line, with what was meant", function()
    local api = fake.new()
    for message, mistake in pairs {
      ["call it with a dot: fake.new { … }"] = function() fake:new { demo = true } end,
      ["unknown option: sead; did you mean 'seed'?"] = function() fake.new { sead = 1 } end,
      ["today must be a day, YYYY-MM-DD, got '2026-02-30'"] = function() fake.new { today = "2026-02-30" } end,
      ["seed must be a whole number, at least 0, got 1.5"] = function() fake.new { seed = 1.5 } end,
      ["limit must be a whole number, at least 1, got 0"] = function() fake.new { limit = 0 } end,
      ["rows must be a whole number, at least 0, got -1"] = function() fake.new { rows = -1 } end,
      ["per must be a number of seconds above 0, got 0"] = function() fake.new { per = 0 } end,
      ["without names no product: 'visibl'; did you mean 'visible'?"] = function() fake.new { without = { "visibl" } } end,
      ["call it with a colon: api:on(operation, arguments, answer)"] = function() api.on("sites.list", nil, {}) end,
      ["tokens must be { [key] = true }"] = function() fake.new { tokens = { "be2165b7d065e278e7305c1c7ef791f283f5d14b" } } end,
      ["call it with a colon: api:client()"] = function() api.client {} end,
      ["call it with a colon: api:pending()"] = function() api.pending() end,
      ["api:advance takes seconds, at least 0: time goes forward only"] = function() api:advance(-1) end,
      ["api:handle takes a request: "] = function() api:handle() end,
      ["a site to build needs a url"] = function() api:seed { sites = { { title = "a" } } } end,
      ["seranking.new: unknown option 'retrys'; did you mean 'retries'?"] = function() api:client { retrys = 1 } end,
      ["no operation 'site.list'; did you mean 'sites.list'?"] = function() api:on("site.list", nil, {}) end,
    } do
      local problem = problem_of(mistake)
      assert.is_truthy(problem:find("^fake/spec/fake_script_spec.lua:%d+: "), problem)
      assert.is_truthy(problem:find(message, 1, true), problem)
    end
  end)
end)
