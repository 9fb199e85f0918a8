--- client.data: a client of its own behind the first, its addresses, keys, limits, methods, prices and files.
-- SPDX-License-Identifier: MIT

local script = require "support.script"
local seranking = require "seranking"
local wire = require "support.wire"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local raised = script.raised

local links = {
  name = "data.links",
  params = {
    target = { type = "string[]", style = "repeat", max_items = 100 },
    one = { type = "string" },
    other = { type = "string" },
    cols = { type = "string[]", style = "comma" },
    mode = { type = "string", enum = { "host", "domain" } },
    exact = { type = "boolean" },
    rules = { type = "object[][]", style = "json" },
    limit = { type = "integer" },
    settings = { type = "object", fields = { max_pages = { type = "integer", default = 1000 } } },
  },
  operations = {
    { "count", data = "GET /v1/links/count", post = true, fixed = "output=json", query = "target* mode cols exact rules",
      answer = "object", billed = true, cost = { 10, per = "target", of = "target" } },
    { "list", data = "GET /v1/links", query = "one other limit", one_of = "one other", answer = "object",
      cost = { 2, per = "row", of = "rows" } },
    { "plain", data = "GET /v1/links/plain", answer = "array", cost = { 3, per = "row" } },
    { "summary", data = "GET /v1/links/summary", answer = "object", cost = { 100, per = "request" } },
    { "free", data = "GET /v1/links/free", answer = "object", cost = { 0, per = "request" } },
    { "odd", data = "GET /v1/links/odd", answer = "object", cost = { per = "row", note = "not known" } },
    { "unsaid", data = "GET /v1/links/unsaid", answer = "object" },
    { "crawl", data = "POST /v1/links/crawl", body = "settings", answer = "object", billed = true,
      cost = { 2, per = "page", of = "settings.max_pages" } },
    { "archive", data = "GET /v1/links/html", answer = "bytes" },
    { "view", data = "GET /v1/links/view", failed = "message", answer = "object" },
  },
}

local function op(client, name)
  return script.operation(client.data, links, name)
end

local function constant(text)
  return function() return text end
end

describe("client.data", function()
  it("is a client of its own, made when it is first looked at, with the address of the Data API", function()
    local client = script.new(constant "{}")
    assert.is_false(client._data)
    assert.equal(client.data, client.data)
    assert.equal("https://api.seranking.com", client.data.base_url)
    assert.equal("seranking client (Data API, https://api.seranking.com, key …d14b)", tostring(client.data))
    assert.equal("seranking client (v4, https://api4.seranking.com, key …d14b)", tostring(client))
  end)

  it("has the resources of the Data API, and only these", function()
    local client = script.new(constant "{}")
    assert.equal("seranking resource data.backlinks", tostring(client.data.backlinks))
    assert.equal("client.data has no 'backlnks'; did you mean 'backlinks'?",
      raised(function() return client.data.backlnks end))
    assert.is_truthy(raised(function() return client.data.data end):find("client.data has no 'data'", 1, true))
    assert.is_truthy(raised(function() return client.data.sites end):find("client.data has no 'sites'", 1, true))
    assert.equal("client has no 'dta'; did you mean 'data'?", raised(function() return client.dta end))
    assert.is_truthy(raised(function() return client["data.backlinks"] end):find("client has no 'data.backlinks'", 1, true))
  end)

  it("has the client's key, unless it is given one of its own", function()
    for key, options in pairs { [KEY] = {}, [UUID] = { data_token = UUID } } do
      local client, log = script.new(constant "{}", options)
      assert(op(client, "free")())
      assert(client.account:balance())
      assert.equal("Token " .. key, log[1].headers.authorization)
      assert.equal("Token " .. KEY, log[2].headers.authorization)
      assert.equal("/v1/links/free", log[1].path)
      assert.equal("https://api.seranking.com", log[1].origin)
    end
    local client, log = script.new(constant "{}", { token = false })
    assert(op(client, "free")())
    assert.is_nil(log[1].headers.authorization)
    client = script.new(constant "{}", { token = UUID, auth = "query" })
    assert.equal("https://api.seranking.com/v1/links/free?apikey=…e5f6", op(client, "free"):dry_run().url)
  end)

  it("says that it may want a key of its own, where it has the client's", function()
    local function refused() return script.json('{"error":{"message":"Unauthorized"}}', 401) end
    local _, err = script.new(refused).data.account:subscription()
    assert.equal("auth", err.kind)
    assert.is_truthy(err.hint:find("data_token", 1, true) and err.hint:find("SERANKING_DATA_TOKEN", 1, true), err.hint)
    _, err = script.new(refused).data:request { path = "/v1/x" }
    assert.is_truthy(err.hint:find("data_token", 1, true))
    _, err = script.new(refused, { data_token = UUID }).data.account:subscription()
    assert.equal("auth", err.kind)
    assert.is_nil((err.hint or ""):find("data_token", 1, true))
    _, err = script.new(refused).account:balance()
    assert.is_nil((err.hint or ""):find("data_token", 1, true))
  end)

  it("does not keep a key where Lua can see it", function()
    local client = script.new(constant "{}", { data_token = UUID })
    local seen = {}
    local function search(value)
      if type(value) == "string" then
        assert.is_nil(value:find(UUID, 1, true))
        assert.is_nil(value:find(KEY, 1, true))
      elseif type(value) == "table" and not seen[value] and value ~= package.loaded then
        seen[value] = true
        for name, member in next, value do
          search(name)
          search(member)
        end
      end
    end
    search(client)
    search(client.data)
  end)

  it("has the address that the client was given, where that is not the vendor's", function()
    local function base(options)
      return script.new(constant "{}", options).data.base_url
    end
    assert.equal("http://127.0.0.1:8080", base { base_url = "http://127.0.0.1:8080" })
    assert.equal("https://proxy.example/se", base { base_url = "https://proxy.example/se" })
    assert.equal("https://api.seranking.com", base { base_url = "https://api4.seranking.com" })
    assert.equal("https://evilseranking.com", base { base_url = "https://evilseranking.com" })
    assert.equal("http://127.0.0.1:2", base { base_url = "http://127.0.0.1:1", data_base_url = "http://127.0.0.1:2" })
  end)

  it("tells at once what is wrong with its own options", function()
    local function why(options)
      options.token = KEY
      local client, err = seranking.new(options)
      assert.is_nil(client)
      return err.kind .. " " .. err.code
    end
    assert.equal("auth invalid_key", why { data_token = "a b" })
    assert.equal("auth invalid_key", why { data_token = "" })
    assert.equal("invalid bad_option", why { data_base_url = "http://example.com" })
    assert.equal("seranking.new: option data_token must be a string",
      raised(seranking.new, { token = KEY, data_token = false }))
  end)

  it("has a limit of its own, ten a second", function()
    local client, log, clock = script.new(constant "{}")
    for _ = 1, 5 do
      assert(client.account:balance())
    end
    for _ = 1, 10 do
      assert(op(client, "free")())
    end
    assert.equal(0, clock:now())
    assert(op(client, "free")())
    assert.equal(1, clock:now())
    assert.equal(16, #log)
  end)

  it("is limited as told", function()
    for most, options in pairs {
      [2] = { rate = { limit = 2 } }, [3] = { rate = { limit = 2 }, data_rate = { limit = 3 } }, [30] = { share = "off" },
    } do
      local client, _, clock = script.new(constant "{}", options)
      for _ = 1, most do
        assert(op(client, "free")())
      end
      assert.equal(0, clock:now())
      assert(op(client, "free")())
      assert.equal(most == 30 and 0 or 1, clock:now())
    end
  end)

  it("sends any request too, and closes with the client", function()
    local client, log = script.new(constant '{"a":1}')
    assert.same({ a = 1 }, (client.data:request { path = "/v1/new", query = { a = 1 } }))
    assert.equal("https://api.seranking.com/v1/new?a=1", log[1].origin .. log[1].path .. "?" .. log[1].query)
    local data = client.data
    client:close()
    assert.is_truthy(raised(function() data:request { path = "/" } end):find("closed", 1, true))
    client = script.new(constant "{}")
    client:close()
    assert.is_truthy(raised(function() return client.data end):find("closed", 1, true))
  end)
end)

describe("an operation of the Data API", function()
  local client, log
  before_each(function()
    client, log = script.new(constant '{"a":1}')
  end)

  it("always sends what is fixed", function()
    local request = op(client, "count"):dry_run { target = "a.example" }
    assert.equal("GET https://api.seranking.com/v1/links/count?target=a.example&output=json",
      request.method .. " " .. request.url)
  end)

  it("goes by POST when a list has more than ten elements, or the address more than 2,000 bytes", function()
    local targets = {}
    for i = 1, 10 do
      targets[i] = "a" .. i .. ".example"
    end
    assert.equal("GET", op(client, "count"):dry_run({ target = targets }).method)
    targets[11] = "last.example"
    local request = op(client, "count"):dry_run {
      target = targets, mode = "host", cols = { "a", "b" }, exact = true, rules = { { { a = 1 } } },
    }
    assert.equal("POST https://api.seranking.com/v1/links/count?output=json", request.method .. " " .. request.url)
    assert.equal("application/json", request.headers["content-type"])
    assert.equal('{"target":["a1.example","a2.example","a3.example","a4.example","a5.example","a6.example","a7.example",'
      .. '"a8.example","a9.example","a10.example","last.example"],"mode":"host","cols":"a,b","exact":true,'
      .. [=["rules":"[[{\"a\":1}]]"}]=], request.body)

    local fixed = #"https://api.seranking.com/v1/links/count?target=&output=json"
    local long = ("a"):rep(2000 - fixed)
    request = op(client, "count"):dry_run { target = long }
    assert.equal("GET 2000", request.method .. " " .. #request.url)
    request = op(client, "count"):dry_run { target = long .. "a" }
    assert.equal('POST {"target":["' .. long .. 'a"]}', request.method .. " " .. request.body)
    request = op(client, "count"):dry_run { target = ("ä"):rep(320) } -- six bytes each in an address
    assert.equal("GET", request.method)
    assert.equal("POST", op(client, "count"):dry_run({ target = ("ä"):rep(350) }).method)
    assert.equal(0, #log)
  end)

  it("wants exactly one of some parameters", function()
    assert.equal("data.links.list: exactly one of one, other is required, got none", raised(op(client, "list")))
    assert.equal("data.links.list: exactly one of one, other is required, got one and other",
      raised(op(client, "list"), { one = "a", other = "b" }))
    assert(op(client, "list") { other = "b" })
  end)

  it("gives files as their bytes", function()
    local zip = "PK\3\4\0\255"
    client = script.new(function() return { status = 200, headers = { { "Content-Type", "application/zip" } }, body = zip } end)
    assert.equal(zip, (op(client, "archive")()))
    client = script.new(function() return { status = 200, headers = {}, body = "" } end)
    assert.equal("", (op(client, "archive")()))
  end)

  it("fails when the answer says so in spite of its status", function()
    client = script.new(constant '{"message":"No data for this target"}')
    local data, err = op(client, "view")()
    assert.is_nil(data)
    assert.equal("invalid failed 200 No data for this target",
      table.concat({ err.kind, err.code, tostring(err.status), err.message }, " "))
    client = script.new(constant '{"message":"hello","rows":[]}')
    assert.equal("hello", op(client, "view")().message)
  end)
end)

describe("costs", function()
  it("are added up by requests, targets and rows, and said to be estimates", function()
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

  it("are none for calls that failed", function()
    local client = script.new(function(_, number)
      return number == 1 and script.json('{"error":{"message":"no"}}', 400) or number == 2 and "{" or "{}"
    end, { retries = 0 })
    assert.is_nil((op(client, "summary")()))
    assert.equal(0, client.data:spent().calls)
    assert.is_nil((op(client, "summary")())) -- a success that can't be read is billed all the same
    assert.same({ credits = 100, estimate = true, calls = 1, unknown = 0, doubtful = 0 }, client.data:spent())
  end)

  it("count what may have been billed, and hold it against the budget, where no clear answer came", function()
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

  it("let through what is free when the budget was exceeded under budget = false", function()
    local client = script.new(constant "{}", { budget = 5 })
    assert(op(client, "summary")(nil, { budget = false }))
    assert.equal(100, client.data:spent().credits)
    assert(op(client, "free")())
  end)

  it("are of the Data API only", function()
    local client = script.new(constant "{}")
    assert.equal("only the Data API has prices: client.data:spent()", raised(function() client:spent() end))
  end)

  it("have a budget, which refuses what would go over it before anything is sent", function()
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

  it("have a budget of a call, too", function()
    local client, log = script.new(constant "{}")
    local _, err = op(client, "count")({ target = { "a", "b" } }, { budget = 19 })
    assert.equal("data.links.count may cost 20 credits, by estimate, and 19 of the call's budget = 19 are left", err.message)
    assert(op(client, "count")({ target = { "a", "b" } }, { budget = 20 }))
    assert.equal(1, #log)
    assert.equal("data.links.count: option budget must be a number of credits, at least 0",
      raised(op(client, "count"), { target = "a" }, { budget = -1 }))
  end)

  it("hold a call by the most that it may cost: rows up to limit, pages up to max_pages, or their defaults", function()
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

  it("let nothing through whose bound is not known, unless the call says budget = false", function()
    local client, log = script.new(constant "{}", { budget = 1000 })
    for _, name in ipairs { "odd", "unsaid", "plain" } do
      local data, err = op(client, name)()
      assert.is_nil(data)
      assert.equal("data.links." .. name .. ": how much it costs at most is not known, so no budget can hold it", err.message)
      assert.is_truthy(err.hint:find("budget = false", 1, true))
    end
    assert.equal(0, #log)
    assert(op(client, "odd")(nil, { budget = false }))
    assert(op(script.new(constant "{}"), "odd")())
    assert.is_nil((op(script.new(constant "{}"), "odd")(nil, { budget = 5 })))
    assert.equal(1, client.data:spent().unknown)
  end)

  it("are not known of requests that no operation describes, which a budget refuses unless they say budget = false", function()
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
    assert.equal("client.data:request: how much it costs at most is not known, so no budget can hold it", err.message)
    assert.is_truthy(err.hint:find("budget = false", 1, true))
    assert.equal(0, #log)
    assert(data:request { path = "/v1/links", budget = false })
    assert.same({ credits = 0, estimate = true, calls = 1, unknown = 1, doubtful = 0 }, data:spent())
    assert.is_nil((data:request { path = "/v1/lost", budget = false, retries = 0 }))
    assert.equal(2, data:spent().unknown)
    assert(script.new(constant "{}").data:request { path = "/v1/links" })
    assert(client:request { path = "/sites" })
  end)

  it("are not paid twice for a request that no operation describes, unless it says that it may be sent twice", function()
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

  it("of a call that raised on its way are doubtful, since it may have been sent", function()
    local client = script.new(function(_, number)
      return number == 1 and error "boom" or "{}"
    end, { budget = 250 })
    assert.is_false((pcall(op(client, "summary"))))
    assert.same({ credits = 0, estimate = true, calls = 1, unknown = 1, doubtful = 100 }, client.data:spent())
    assert(op(client, "summary")())
    assert.equal("budget", select(2, op(client, "summary")()).code)
  end)

  it("of calls in flight beside one that raised are doubtful, and those of a call that was never sent come back", function()
    local client = script.new(function(_, number)
      return number == 3 and error "boom" or { status = 200, headers = {}, body = "{}", delay = 5 }
    end, { budget = 500, share = "process", data_rate = { limit = 3, per = 60 } })
    collectgarbage "stop" -- it is not the collector that gives the reservations back
    finally(function() collectgarbage "restart" end)
    assert.is_false((pcall(client.data.map, client.data, { 1, 2, 3, 4, 5 }, function() return op(client, "summary")() end)))
    assert.same({ credits = 0, estimate = true, calls = 3, unknown = 3, doubtful = 300 }, client.data:spent())
    for _ = 1, 2 do -- the other 200 credits are free
      assert(op(client, "summary")({}, { timeout = 86400 }))
    end
    assert.equal("budget", select(2, op(client, "summary")()).code)
  end)

  it("of a call that nobody waits for any more are doubtful, once it is collected", function()
    local loop = { name = "lost", inside = function() return true end, spawn = function(f) coroutine.wrap(f)() end,
      sleep = function() end, wait = function() coroutine.yield() end }
    finally(wire.finish)
    local client = wire.client(wire.start({ { "request", "idle" } }), { loop = loop, budget = 100 })
    local function leave_behind() -- in a frame of its own, whose slots keep nothing
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

  it("set aside rows of calls under way, too", function()
    local client, log = script.new(function() return { status = 200, headers = {}, body = '{"rows":[1]}', delay = 0.5 } end,
      { budget = 400 })
    local _, errs = client.data:map({ 1, 2, 3, 4, 5 }, function() return op(client, "list") { one = "a", limit = 100 } end)
    assert.equal(2, #log)
    assert.equal(3, errs.count)
    assert.equal(4, client.data:spent().credits)
  end)

  it("are set aside while calls are under way", function()
    local client, log = script.new(function() return { status = 200, headers = {}, body = "{}", delay = 0.5 } end,
      { budget = 300 })
    local _, errs = client.data:map({ 1, 2, 3, 4, 5 }, function() return op(client, "summary")() end)
    assert.equal(3, #log)
    assert.equal(2, errs.count)
    assert.truthy(errs[4].message:find("0 of the client's budget = 300 are left beside what calls under way may cost", 1, true))
    assert.is_true(errs[4].retryable)
    assert.equal(300, client.data:spent().credits)
  end)
end)

describe("a download", function()
  it("that is refused is not told to be so for its key: none was sent", function()
    local client = script.new(function() return script.json('{"message":"No token"}', 403) end)
    local data, err = client:download "https://files.example/x"
    assert.is_nil(data)
    assert.equal("auth", err.kind)
    assert.equal("a download sends no key, and its address may be over: ask the API for a new one", err.hint)
    assert.truthy(raised(function() client:download "http://files.example/x" end)
      :find("the address must be an https address: plain http is for everybody to read", 1, true))
  end)

  it("goes to the file's host without the key, outside the limit, and gives the bytes", function()
    local client, log, clock = script.new(function(request)
      return { status = 200, headers = { { "Content-Type", "application/gzip" } }, body = "\31\139" .. (request.query or "") }
    end, { rate = { limit = 1 } })
    local bytes, response = client.data:download "https://files.example:8443/exports/1_2.csv.gz?sig=a%2Fb#top"
    assert.equal("\31\139sig=a%2Fb", bytes)
    assert.equal(200, response.status)
    for _ = 1, 5 do
      assert(client:download "https://files.example")
    end
    assert.equal(0, clock:now())
    assert.equal("GET https://files.example:8443/exports/1_2.csv.gz", log[1].method .. " " .. log[1].origin .. log[1].path)
    assert.equal("/", log[2].path)
    for _, request in ipairs(log) do
      assert.is_nil(request.headers.authorization)
      assert.equal("*/*", request.headers.accept)
    end
  end)

  it("refuses options that it can't honour", function()
    local client, log = script.new(constant "x")
    for name, value in pairs { extra = { a = 1 }, budget = 5 } do
      local ok, text = pcall(client.download, client, "https://files.example/a", { [name] = value })
      assert.is_false(ok)
      assert.equal(("client:download: option %s is for operations: an address is fetched as it is, and costs nothing")
        :format(name), (text:gsub("^.-: ", "", 1)))
    end
    assert.equal("client:request: only the Data API has prices, so there is no budget: leave it out",
      raised(client.request, client, { path = "/a", budget = 5 }))
    assert.equal(0, #log)
  end)

  it("has no key in its address either", function()
    local client, log = script.new(constant "x", { auth = "query" })
    assert(client:download "https://files.example/a")
    assert.equal("", log[1].query)
  end)

  it("shows no key that an address or an answer holds", function()
    local client = script.new(function() return { status = 404, headers = {}, body = "no " .. KEY } end)
    local data, err = client:download("https://files.example/a?token=" .. KEY)
    assert.is_nil(data)
    assert.equal("/a?…", err.path)
    assert.equal("not_found", err.kind)
    assert.is_nil((err.body .. tostring(err)):find(KEY, 1, true))
  end)

  it("follows no redirects, and has the client's retries, time-outs and bounds", function()
    local client, log = script.new(function(_, number)
      return number == 1 and { status = 302, headers = { { "Location", "https://other.example/" } } }
        or number < 4 and { status = 503, headers = {} } or { status = 200, headers = {}, body = ("x"):rep(2000) }
    end, { max_body = 1000 })
    local _, err = client:download "https://files.example/a"
    assert.equal("protocol", err.kind)
    _, err = client:download "https://files.example/a"
    assert.equal("too_large", err.kind)
    assert.equal(3, err.attempts)
    assert.equal(4, #log)
    _, err = client:download("https://files.example/a", { retries = 0 })
    assert.equal(1, err.attempts)
  end)

  it("is of https, or of this machine", function()
    local client, log = script.new(constant "x")
    assert(client:download "http://127.0.0.1:80/a")
    for url, message in pairs {
      ["http://files.example/a"] = "client:download: the address",
      ["ftp://files.example/a"] = "client:download: the address",
      ["/exports/a.csv"] = "client:download takes an address, https://…, percent-encoded, got \"/exports/a.csv\"",
      ["https://files.example/ä"] = "client:download takes an address",
      ["https://user:secret@files.example/"] = "client:download: the address",
    } do
      assert.equal(message, raised(client.download, client, url):sub(1, #message))
    end
    assert.is_truthy(raised(client.download, client, nil):find("got nil", 1, true))
    assert.equal(1, #log)
  end)

  it("leaves the client as it was", function()
    local client, log = script.new(constant "{}")
    assert(client.account:balance())
    assert(client:download "https://files.example/a")
    assert(client.account:balance())
    assert.equal("Token " .. KEY, log[3].headers.authorization)
  end)
end)

describe("the credits of an account", function()
  it("are asked for by client.data:credits(), which adds the pools up", function()
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
end)

describe("lists of the Data API that have one page", function()
  local ARGS = { target = "example.com", date_from = "2026-01-01", date_to = "2026-02-01" }
  local lists = {
    "all", "history.list", "anchors.list", "refdomains.list", "refdomains.history.list", "referring_ips.list",
    "indexed_pages.list", "authority.domain.distribution", "authority.domain.history", "authority.page.history",
  }

  for _, name in ipairs(lists) do
    it("are walked: " .. name, function()
      local api = require("seranking.fake").new { data_limit = 1e6, rows = 250 }
      local data = assert(seranking.new { token = KEY, data_token = UUID, transport = api }).data
      local list = data.backlinks
      for part in name:gmatch "[^.]+" do
        list = list[part]
      end
      local args, limited = {}, false
      for _, parameter in ipairs(list:describe().parameters) do
        args[parameter.name] = ARGS[parameter.name]
        limited = limited or parameter.name == "limit"
      end
      local count = 0
      for row in list:each(args, { max_rows = math.huge }) do
        assert.is_table(row)
        count = count + 1
      end
      assert.is_true(limited and count == 250 or not limited and count > 0)
      assert.equal(1, #api.log)
      local rows, err = list:all(args) -- nothing says how many rows are wanted and paid for
      if limited then
        assert.is_nil(rows)
        assert.equal("cut 100", err.code .. " " .. #err.rows)
        assert.equal(250, count)
        if name == "all" then -- the advice
          local whole = err.hint:match "client%.data%.([%w_.]+):each"
          assert.equal("backlinks.raw", whole)
          assert.equal(250, #assert(data.backlinks.raw:all(args)))
        else
          local most = tonumber(err.hint:match "limit, (%d+) at most")
          assert.equal(250, #assert(list:all({ target = args.target, limit = most })))
        end
      else
        assert.equal(count, #assert(rows))
      end
    end)
  end

  it("may have the name of a walk's method, and are both", function()
    local client, log = script.new(constant '{"backlinks":[{"url_from":"a"},{"url_from":"b"}]}')
    local backlinks = client.data.backlinks
    assert.equal(2, #assert(backlinks:all { target = "a.com" }).backlinks)
    assert.equal(2, #assert(backlinks.all { target = "a.com" }).backlinks)
    assert.equal("b", assert(backlinks.all:all { target = "a.com" })[2].url_from)
    assert.equal("a", backlinks.all:each { target = "a.com" }().url_from)
    assert.equal(4, #log)
  end)
end)

describe("the Data API of the fake, in this process", function()
  it("is served to client.data: pages, jobs, files, prices", function()
    local api = require("seranking.fake").new()
    local client = assert(seranking.new { token = KEY, data_token = UUID, transport = api })
    local data = client.data
    assert.equal("example.com", assert(data.backlinks:summary { target = "example.com" }).summary[1].target)
    assert.equal(100, data:spent().credits)
    local count = 0
    for row in data.backlinks.raw:each({ target = "example.com" }, { max_rows = 120 }) do
      count = count + (row.url_to and 1 or 0)
    end
    assert.equal(120, count)
    local export, response = assert(data.backlinks.export.create:wait { target = "example.com" })
    assert.equal("complete", export.task_status)
    assert.is_string(response.job.task_id)
    local file = assert(data:download(export.download_file))
    assert.equal("\31\139", file:sub(1, 2))
    local audit, of = assert(data.site_audit.audits.create_standard:wait {
      domain = "example.com", settings = { max_pages = 10 },
    })
    assert.equal("finished", audit.status)
    assert.is_table(assert(data.site_audit.audits:report { audit_id = of.job.audit_id }))
    assert.equal(2, #assert(data.serp.classic.add_tasks:wait {
      search_engine = "google", device = "desktop", language_code = "en", location_id = 12998, query = { "a", "b" },
    }))
    assert.equal(2, #assert(data.keywords:export { source = "us", keywords = { "anchor", "rope" } }))
  end)
end)
