--- Holds the fake API to what is known of the real one: examples, keys, the limit, the ban.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"
local fake = require "seranking.fake"
local json = require "seranking.fake.json"

local HEX, UUID = ask.V4_KEY, ask.V1_KEY
local P = "/v1/project-management"
local new, send, expect = ask.new, ask.send, ask.expect
local header, message_of = ask.header, ask.message_of

describe("the vendor's own examples", function()
  it("get the balance", function()
    local answer = expect(200, '{"currency":"rur","value":2296380.85}', new(), "GET", "/account/balance")
    assert.equal("application/json", header(answer, "Content-Type"))
  end)

  it("get 403 without a key", function()
    local answer = new():handle { method = "GET", path = "/sites", headers = {} }
    assert.equal(403, answer.status)
    assert.equal('{"message":"No token"}', answer.body)
    assert.equal("application/json", header(answer, "Content-Type"))
  end)

  it("make a project, with a slash at the path's end", function()
    expect(201, '{"site_id":147696}', new(), "POST", "/sites/", nil, '{"url":"http://example.com","title":"example1"}')
  end)

  it("make a project with a charset in the Content-Type", function()
    local answer = new():handle {
      method = "POST", path = "/sites", body = '{"url":"https://example.com","title":"my test project"}',
      headers = { authorization = "Token " .. HEX, ["content-type"] = "application/json; charset=utf-8" },
    }
    assert.equal(201, answer.status)
  end)

  it("make a project as curl -d types it, where lenient", function()
    local request = {
      method = "POST", path = "/sites/", body = '{"url":"http://example.com","title":"example1"}',
      headers = { authorization = "Token " .. HEX, ["content-type"] = "application/x-www-form-urlencoded" },
    }
    assert.equal(400, new():handle(request).status)
    assert.equal(201, new({ lenient = true }):handle(request).status)
  end)
end)

describe("keys", function()
  local function get(path, query, authorization)
    return new():handle { method = "GET", path = path, query = query, headers = { authorization = authorization } }
  end

  local cases = {
    { "v4: in the header", "/account/profile", nil, "Token " .. HEX, 200 },
    { "v4: in the query", "/account/profile", "token=" .. HEX, nil, 200 },
    { "v4: none", "/account/profile", nil, nil, 403, "No token" },
    { "v4: empty in the query", "/account/profile", "token=", nil, 403, "No token" },
    { "v4: empty in the header", "/account/profile", nil, "Token", 403, "No token" },
    { "v4: under v1's name", "/account/profile", "apikey=" .. HEX, nil, 403, "No token" },
    { "v4: unknown", "/account/profile", nil, "Token " .. ("0"):rep(40), 403, "Incorrect token" },
    { "v4: too short", "/account/profile", nil, "Token " .. HEX:sub(1, 39), 403, "Incorrect token" },
    { "v4: with Bearer", "/account/profile", nil, "Bearer " .. HEX, 403, "Incorrect token" },
    { "v4: without a scheme", "/account/profile", nil, HEX, 403, "Incorrect token" },
    { "v4: one for v1", "/account/profile", nil, "Token " .. UUID, 403, "No token" },
    { "v4: one for v1, in the query", "/account/profile", "token=" .. UUID, nil, 403, "No token" },
    { "v4: header and query", "/account/profile", "token=" .. HEX, "Token " .. HEX, 400, "Bad Request" },
    { "v4: twice in the query", "/account/profile", "token=" .. HEX .. "&token=" .. HEX, nil, 400, "Bad Request" },
    { "v1: in the header", P .. "/users/me", nil, "Token " .. UUID, 200 },
    { "v1: in the query", P .. "/users/me", "apikey=" .. UUID, nil, 200 },
    { "v1: none", P .. "/users/me", nil, nil, 401, "Unauthorized" },
    { "v1: under v4's name", P .. "/users/me", "token=" .. UUID, nil, 401, "Unauthorized" },
    { "v1: unknown", P .. "/users/me", nil, "Token 00000000-0000-0000-0000-000000000000", 401, "Unauthorized" },
    { "v1: with Bearer", P .. "/users/me", nil, "Bearer " .. UUID, 401, "Unauthorized" },
    { "v1: one for v4", P .. "/users/me", nil, "Token " .. HEX, 401, "Unauthorized" },
    { "v1: header and query", P .. "/users/me", "apikey=" .. UUID, "Token " .. UUID, 400, "Bad Request" },
    { "a bad path without a key", "/nothing", nil, nil, 403, "No token" },
  }
  for _, case in ipairs(cases) do
    it("in " .. case[1] .. ": " .. case[5], function()
      local answer = get(case[2], case[3], case[4])
      assert.equal(case[5], answer.status)
      assert.equal(case[6], message_of(answer))
    end)
  end

  it("are those that were given", function()
    local other = ("ab"):rep(20)
    local api = fake.new { tokens = { [other] = true, [HEX] = false } }
    local function status(key)
      return api:handle({ method = "GET", path = "/sites", headers = { authorization = "Token " .. key } }).status
    end
    assert.equal(200, status(other))
    assert.equal(403, status(HEX))
  end)
end)

describe("error bodies", function()
  it("have a message on v4", function()
    expect(404, '{"message":"Not Found"}', new(), "GET", "/nothing")
  end)

  it("have code, message and description on v1", function()
    expect(404, '{"error":{"code":404,"description":"no such path","message":"Not Found"}}', new(), "GET", P .. "/no")
  end)
end)

describe("the limit", function()
  local time, api

  local function statuses(count, path)
    local list = {}
    for i = 1, count do
      list[i] = send(api, "GET", path or "/sites").status
    end
    return table.concat(list, " ")
  end

  before_each(function()
    time = 100.7
    api = fake.new { now = function() return time end }
  end)

  it("lets five a second pass and refuses the sixth", function()
    assert.equal("200 200 200 200 200 429", statuses(6))
    assert.equal('{"message":"Too Many Requests"}', send(api, "GET", "/sites").body)
  end)

  it("has no Retry-After", function()
    statuses(5)
    assert.is_nil(header(send(api, "GET", "/sites"), "Retry-After"))
  end)

  it("lets the next pass exactly one window after the first, not before", function()
    statuses(5)
    time = 101.699
    assert.equal("429", statuses(1))
    time = 101.7
    assert.equal("200", statuses(1))
  end)

  it("rolls: each request leaves the window one second after it came", function()
    for i = 0, 4 do
      time = 100 + i * 0.2
      assert.equal("200", statuses(1))
    end
    for i = 0, 4 do
      time = 101 + i * 0.2
      assert.equal("200", statuses(1))
    end
    time = 101.9
    assert.equal("429", statuses(1))
  end)

  it("counts refused requests too, 404 and 429 alike", function()
    assert.equal("404 404 404 404 404 429", statuses(6, "/nothing"))
    time = 101.69
    assert.equal("429", statuses(1)) -- counted at 101.69
    time = 101.7
    assert.equal("200 200 200 200 429", statuses(5))
  end)

  it("counts each key for itself", function()
    statuses(5)
    assert.equal("200", statuses(1, P .. "/sites"))
    assert.equal("429", statuses(1))
  end)

  it("doesn't count requests without a good key", function()
    for _ = 1, 10 do
      assert.equal(403, api:handle({ method = "GET", path = "/sites", headers = {} }).status)
      assert.equal(403, api:handle({ method = "GET", path = "/sites", headers = { authorization = "Token x" } }).status)
    end
    assert.equal("200 200 200 200 200 429", statuses(6))
  end)

  it("can be set", function()
    api = fake.new { now = function() return time end, limit = 1, per = 10 }
    assert.equal("200 429", statuses(2))
    time = time + 9.9
    assert.equal("429", statuses(1))
    time = time + 10
    assert.equal("200", statuses(1))
  end)

  it("of a path of two APIs is its own, as no source says which of theirs counts it", function()
    for _ = 1, 10 do
      assert.equal("200", statuses(1, "/v1/account/subscription"))
    end
    assert.equal("200 200 200 200 200 429", statuses(6, P .. "/sites"))
    assert.equal("200 200 200 200 200 200 200 200 200 200 429", statuses(11, "/v1/account/credits"))
    assert.equal("429", statuses(1, "/v1/account/subscription"))
  end)

  it("answers in v1's form on v1", function()
    statuses(5, P .. "/sites")
    assert.equal('{"error":{"code":429,"description":"over the limit","message":"Too Many Requests"}}',
      send(api, "GET", P .. "/sites").body)
  end)

  it("works on a clock that is moved by hand", function()
    api = fake.new {}
    assert.equal("200 200 200 200 200 429", statuses(6))
    api:advance(1)
    assert.equal("200", statuses(1))
    assert.has_error(function() api:advance(-1) end)
  end)
end)

describe("the ban", function()
  local api

  local function status()
    return send(api, "GET", "/sites").status
  end

  --- Goes over the limit three times in a row.
  local function offend()
    for _ = 1, 5 do
      assert.equal(200, status())
    end
    for _ = 1, 3 do
      assert.equal(429, status())
    end
  end

  before_each(function()
    api = fake.new {}
  end)

  it("comes with the third 429 within a minute, and lasts ten", function()
    offend()
    api:advance(599.9)
    assert.equal(429, status())
    api:advance(0.1)
    assert.equal(200, status())
  end)

  it("doesn't come with two, nor with three that are spread over a minute", function()
    for _ = 1, 3 do
      for _ = 1, 5 do
        status()
      end
      assert.equal(429, status())
      api:advance(30)
    end
    assert.equal(200, status()) -- 0, 30, 60: the first is a minute old
    api:advance(1)
    assert.equal(200, status())
  end)

  it("holds for paths of all kinds", function()
    offend()
    api:advance(10)
    assert.equal(429, send(api, "GET", "/nothing").status)
    assert.equal(200, send(api, "GET", P .. "/sites").status) -- another key
  end)

  it("doubles each further time", function()
    offend()
    api:advance(600)
    offend()
    api:advance(1199)
    assert.equal(429, status())
    api:advance(1)
    offend()
    api:advance(2399)
    assert.equal(429, status())
    api:advance(1)
    offend()
  end)

  it("isn't made longer by requests during it", function()
    offend()
    for _ = 1, 50 do
      api:advance(10)
      assert.equal(429, status())
    end
    api:advance(100)
    assert.equal(200, status())
  end)

  it("keeps its level however long nothing happens", function()
    offend()
    api:advance(30 * 86400)
    offend()
    api:advance(601)
    assert.equal(429, status())
  end)

  it("is forgotten by reset", function()
    offend()
    api:reset()
    offend()
    api:advance(600)
    assert.equal(200, status())
  end)
end)

describe("what the generations share", function()
  it("is one account", function()
    local api = new()
    expect(201, '{"site_id":147696}', api, "POST", P .. "/sites", nil, '{"url":"example.com","title":"a"}')
    expect(200, "[]", api, "GET", "/sites/147696/keywords")
    expect(204, "", api, "DELETE", "/sites/147696")
    expect(200, "[]", api, "GET", P .. "/sites")
  end)

  it("isn't everything", function()
    local api = new()
    expect(200, '{"balance":{"amount":"120.00","currency":"EUR"},"is_expired":false,"type":"subscription"}', api, "GET",
      "/account/subscription")
    expect(200, '{"subscription_info":{"expiraton_date":"2027-01-01 00:00:00","start_date":"2026-01-01 00:00:00",'
      .. '"status":"active","units_left":"48211","units_limit":"50000"}}', api, "GET", "/v1/account/subscription")
    expect(200, '[{"id":1,"name":"United States"}]', api, "GET", "/system/volume-regions")
    expect(200, "{}", api, "GET", "/system/yandex-regions")
  end)
end)

describe("the list of regions", function()
  it("has fifty rows, or as many as are asked for", function()
    local _, rows = send(new(), "GET", "/system/google-regions").body:gsub('"region_id"', "")
    assert.equal(50, rows)
    expect(200, '[{"name":"Boston, Massachusetts, United States","region_id":1},'
      .. '{"name":"Georgetown 2, Ohio, United States","region_id":2}]', new { regions = 2 }, "GET",
      P .. "/system/google/regions")
    expect(200, "[]", new { regions = 0 }, "GET", "/system/google-regions")
  end)

  it("has each name once, and is JSON", function()
    local names, count = {}, 0
    local node = assert(json.decode(send(new { regions = 1000 }, "GET", "/system/google-regions").body))
    for _, row in ipairs(node.value) do
      local name = row.value.name.value
      assert.is_nil(names[name])
      names[name], count = true, count + 1
    end
    assert.equal(1000, count)
  end)

  it("is built once", function()
    local api = new { regions = 1000 }
    send(api, "GET", "/system/google-regions")
    local built = api.cache.regions
    send(api, "GET", P .. "/system/google/regions")
    assert.is_table(built)
    assert.equal(built, api.cache.regions)
  end)
end)
