--- Holds the fake API to what is known of the real one: literal requests, literal answers.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local json = require "seranking.fake.json"

local HEX = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local P = "/v1/project-management"

--- A fake with a limit that is out of the way, unless the test is about it.
local function new(options)
  options = options or {}
  options.limit = options.limit or 1e6
  options.today = options.today or "2026-09-10"
  return fake.new(options)
end

--- Sends with the key of the path's generation; a body goes as JSON.
local function send(api, method, path, query, body)
  local key = path:find("^/v1/") and UUID or HEX
  return api:handle {
    method = method, path = path, query = query, body = body,
    headers = { authorization = "Token " .. key, ["content-type"] = body and "application/json" or nil },
  }
end

local function header(answer, name)
  for _, pair in ipairs(answer.headers) do
    if pair[1] == name then
      return pair[2]
    end
  end
end

local function message(text)
  return '{"message":"' .. text .. '"}'
end

--- The message of an error body, of either generation.
local function message_of(answer)
  return answer.body:match('"message":"([^"]*)"')
end

--- Sends, and wants this status and body.
local function expect(status, body, api, ...)
  local answer = send(api, ...)
  assert.same({ status, body }, { answer.status, answer.body })
  return answer
end

--- Sends, and wants a refusal with this status and message, and a reason.
local function refused(status, text, api, ...)
  local answer = send(api, ...)
  assert.same({ status, text }, { answer.status, message_of(answer) })
  assert.is_string(header(answer, "X-Fake-Reason"))
  return header(answer, "X-Fake-Reason")
end

--- A project with an engine (880001) and two keywords (55120001, 55120002).
local function with_project(options)
  local api = new(options)
  expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"http://example.com","title":"example1"}')
  expect(201, '{"site_engine_id":880001}', api, "POST", "/sites/147696/search-engines", nil,
    '{"search_engine_id":200}')
  expect(201, '{"added":2,"ids":[55120001,55120002]}', api, "POST", "/sites/147696/keywords", nil,
    '[{"keyword":"boots"},{"keyword":"anchors"}]')
  return api
end

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
  local function ask(path, query, authorization)
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
      local answer = ask(case[2], case[3], case[4])
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

describe("paths and methods", function()
  local api = new()

  it("that don't exist are 404", function()
    for _, path in ipairs {
      "/", "", "/site", "/sites/1/nothing", "/sites//keywords", "/sites/147696//", "/v1/sites", "/v1/projects",
      "/Sites",
      P .. "/sites/", P .. "/sites/147696", P .. "/account/balance", P .. "/system/volume-regions",
    } do
      local answer = send(api, "GET", path)
      assert.same({ path, 404, "Not Found" }, { path, answer.status, message_of(answer) })
      assert.equal("no such path", header(answer, "X-Fake-Reason"))
    end
    refused(404, "Not Found", api, "GET", "/sites/%zz")
  end)

  it("with another method are 405, and say which ones there are", function()
    local answer = send(api, "PATCH", "/sites")
    assert.same({ 405, "Method Not Allowed" }, { answer.status, message_of(answer) })
    assert.equal("GET, POST", header(answer, "Allow"))
    assert.equal("the path takes GET, POST", header(answer, "X-Fake-Reason"))
    refused(405, "Method Not Allowed", api, "PUT", P .. "/sites", "site_id=1", "{}")
    refused(405, "Method Not Allowed", api, "PATCH", "/sites/147696", nil, "{}")
    refused(405, "Method Not Allowed", api, "get", "/sites")
    refused(405, "Method Not Allowed", api, "POST", "/account/balance")
  end)

  it("are decoded by segment", function()
    api = with_project()
    expect(200, '[]', api, "GET", "/%73ites/147696/url%2Dtags")
    refused(404, "Not Found", api, "GET", "/sites%2F147696/url-tags")
    refused(405, "Method Not Allowed", api, "GET", "/sites/147696%2Furl-tags") -- one project's path
    refused(404, "Not Found", api, "DELETE", "/sites/147696%2Furl-tags")
  end)

  it("that look alike are told apart", function()
    api = with_project()
    expect(200, "[]", api, "GET", "/competitors/site/147696")
    expect(200, "[]", api, "GET", "/competitors/top10/147696",
      "date=2026-09-01&site_engine_id=880001&keyword_id=55120001")
    refused(404, "Not Found", api, "GET", "/competitors/1/positions")
  end)
end)

describe("the query", function()
  local api
  before_each(function()
    api = with_project()
  end)

  it("must hold v1's ids, not empty, once, bare", function()
    assert.equal("site_id: not in the query", refused(400, "Bad Request", api, "GET", P .. "/keywords"))
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id=")
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id")
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id[]=147696")
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id=abc")
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id=147696.0")
    refused(400, "Bad Request", api, "GET", P .. "/keywords", "site_id=147696&site_id=147696")
    refused(400, "Bad Request", api, "DELETE", P .. "/sites")
    refused(400, "Bad Request", api, "DELETE", P .. "/sites", "site_id=")
    refused(400, "Bad Request", api, "PATCH", P .. "/keywords", "site_id=147696", '{"is_strict":true}')
    refused(400, "Bad Request", api, "PATCH", P .. "/keywords", "site_id=147696&keyword_id=", '{"is_strict":true}')
    refused(400, "Bad Request", api, "DELETE", P .. "/sites/search-engines", "site_id=147696&site_engine_id=")
    assert.equal(200, send(api, "GET", P .. "/keywords", "site_id=147696").status)
  end)

  it("wants brackets on lists, and none elsewhere", function()
    local path, rest = "/competitors/all/147696", "date=2026-09-01&site_engine_id=880001&"
    assert.equal(200, send(api, "GET", path, rest .. "tags[]=1&tags[]=2").status)
    assert.equal(200, send(api, "GET", path, rest .. "tags%5B%5D=1").status)
    assert.equal(200, send(api, "GET", path, rest .. "tags[0]=1&tags[1]=2").status)
    assert.equal("tags: a list is written name[]=value",
      refused(400, "Bad Request", api, "GET", path, rest .. "tags=1"))
    refused(400, "Bad Request", api, "GET", path, rest .. "tags=1&tags=2")
    refused(400, "Bad Request", api, "GET", path, rest .. "tags[]=1&tags=2")
    refused(400, "Bad Request", api, "GET", path, rest .. "tags[0]=1&tags[0]=2")
    refused(400, "Bad Request", api, "GET", path, rest .. "tags[]=")
    refused(400, "Bad Request", api, "GET", path, rest .. "tags[]=x")
    refused(400, "Bad Request", api, "GET", path, rest .. "tags[a]=1")
    refused(400, "Bad Request", api, "GET", path, rest .. "group_id[]=1")
    refused(400, "Bad Request", api, "GET", path, rest .. "group_id=0&group_id=0")
  end)

  it("holds known parameters only", function()
    assert.equal("limit: no such query parameter", refused(400, "Bad Request", api, "GET", "/sites", "limit=10"))
    refused(400, "Bad Request", api, "GET", "/sites", "apikey=" .. UUID)
    refused(400, "Bad Request", api, "GET", P .. "/sites", "site_id=147696")
    refused(400, "Bad Request", api, "GET", "/sites/147696/positions", "type=ai_overview")
    expect(200, "[]", new(), "GET", "/sites", "")
  end)

  it("is well percent-encoded", function()
    refused(400, "Bad Request", api, "GET", "/sites/147696/positions", "in_top=%3")
    expect(200, "[]", api, "GET", "/system/volume", "region_id=1&keyword%5B%5D=caf%C3%A9+au+lait")
  end)

  it("has values of the right type and size", function()
    local path = "/sites/147696/positions"
    for _, query in ipairs {
      "in_top=10", "in_top=-1", "with_landing_pages=0", "with_landing_pages=1", "date_from=2024-02-29",
      "date_to=2026-12-31",
    } do
      assert.equal(200, send(api, "GET", path, query).status)
    end
    for _, query in ipairs {
      "in_top=", "in_top=ten", "in_top=10.0", "in_top=1e1", "with_landing_pages=true", "with_landing_pages=2",
    } do
      refused(400, "Bad Request", api, "GET", path, query)
    end
    refused(400, "Bad Request", api, "GET", "/sites/147696/chart", "type=clicks")
    assert.equal(200, send(api, "GET", "/sites/147696/chart", "type=top10").status)
    local serp = "date=2026-09-01&site_engine_id=880001&keyword_id=55120001"
    expect(200, "[]", api, "GET", "/competitors/top100/147696", serp .. "&top=100")
    refused(400, "Bad Request", api, "GET", "/competitors/top100/147696", serp .. "&top=101")
  end)

  it("holds what is required", function()
    assert.equal("region_id: required, not there",
      refused(400, "Bad Request", api, "GET", "/system/volume", "keyword[]=a"))
    refused(400, "Bad Request", api, "GET", "/system/volume", "region_id=1")
    refused(400, "Bad Request", api, "GET", "/system/volume", "region_id=1" .. ("&keyword[]=a"):rep(11))
    expect(200, "[]", api, "GET", "/system/volume", "region_id=1" .. ("&keyword[]=a"):rep(10))
  end)
end)

describe("the body", function()
  local api
  before_each(function()
    api = with_project()
  end)

  local function post(body, content_type)
    return api:handle {
      method = "POST", path = "/site-groups", body = body,
      headers = { authorization = "Token " .. HEX, ["content-type"] = content_type },
    }
  end

  it("must be there where the call has one, and must not elsewhere", function()
    assert.equal("no body", refused(400, "Bad Request", api, "POST", "/sites"))
    refused(400, "Bad Request", api, "POST", "/sites", nil, "")
    refused(400, "Bad Request", api, "POST", "/sites/147696/recheck")
    assert.equal("this call has no body", refused(400, "Bad Request", api, "GET", "/sites", nil, "{}"))
    refused(400, "Bad Request", api, "DELETE", "/sites/147696", nil, "{}")
    expect(200, "[]", new(), "GET", "/sites", nil, "")
  end)

  it("must be typed as JSON", function()
    assert.equal(201, post('{"name":"a"}', "application/json").status)
    assert.equal(201, post('{"name":"a"}', "Application/JSON ; charset=UTF-8").status)
    assert.equal(400, post('{"name":"a"}', nil).status)
    assert.equal(400, post('{"name":"a"}', "text/plain").status)
    assert.equal(400, post("name=a", "application/x-www-form-urlencoded").status)
    assert.equal("Content-Type is not application/json", header(post('{"name":"a"}', nil), "X-Fake-Reason"))
  end)

  it("must be JSON", function()
    for _, body in ipairs {
      "{", "{]", "name=a", '{"name":"a"} x', '{"name":"a",}', '{name:"a"}', "{'name':'a'}", '{"name":"a\nb"}',
      '{"name":"\195\40"}', '{"name":"\\ud800"}', '{"name":"a","name":"b"}', '\239\187\191{"name":"a"}', "nul",
      '{"name":NaN}',
    } do
      local answer = post(body, "application/json")
      assert.same({ body, 400, message "Bad Request" }, { body, answer.status, answer.body })
      assert.is_truthy(header(answer, "X-Fake-Reason"):find("^the body is not JSON"))
    end
  end)

  it("must be of the right kind", function()
    local path = "/sites/147696/keywords"
    assert.equal("the body must be a JSON array",
      refused(400, "Bad Request", api, "POST", path, nil, '{"keyword":"a"}'))
    refused(400, "Bad Request", api, "POST", path, nil, "{}")
    refused(400, "Bad Request", api, "POST", path, nil, '["a"]')
    assert.equal("the body must be a JSON object", refused(400, "Bad Request", api, "POST", "/sites", nil,
      '[{"url":"example.com","title":"a"}]'))
    refused(400, "Bad Request", api, "POST", "/sites", nil, "null")
    refused(400, "Bad Request", api, "PUT", "/sites/147696", nil, "[]")
    expect(200, "[]", api, "PUT", "/sites/147696", nil, "{}")
    expect(201, '{"added":0,"ids":[]}', api, "POST", path, nil, "[]")
  end)

  it("holds known members only, and all that are required", function()
    assert.equal("colour: no such member",
      refused(400, "Bad Request", api, "PUT", "/sites/147696", nil, '{"colour":1}'))
    assert.equal("title: required, not there",
      refused(400, "Bad Request", api, "POST", "/sites", nil, '{"url":"a.com"}'))
    refused(400, "Bad Request", api, "PUT", "/sites/147696", nil, '{"disable_audit":1}') -- of create alone
    refused(400, "Bad Request", api, "PUT", "/sites/147696", nil, '{"site_id":147696}') -- stands in the path
    assert.equal("[1].keyword: required, not there",
      refused(400, "Bad Request", api, "POST", "/sites/147696/keywords", nil, '[{"keyword":"a"},{"comment":"b"}]'))
    assert.equal("[0].word: no such member",
      refused(400, "Bad Request", api, "POST", "/sites/147696/keywords", nil, '[{"keyword":"a","word":"b"}]'))
  end)

  it("has values of the right type", function()
    for _, body in ipairs {
      '{"title":1}', '{"title":null}', '{"title":["a"]}', '{"depth":"100"}', '{"depth":100.0}', '{"depth":150}',
      '{"subdomain_match":true}', '{"subdomain_match":"1"}', '{"subdomain_match":2}', '{"check_day":0}',
      '{"check_day":32}', '{"check_freq":"hourly"}', '{"site_group_id":"1"}', '{"site_group_id":1.0}',
      '{"site_group_id":1e0}', '{"site_group_id":-1}', '{"site_group_id":1.5}',
    } do
      refused(400, "Bad Request", api, "PUT", "/sites/147696", nil, body)
    end
    local path = "/sites/147696/keywords"
    for _, member in ipairs {
      '"is_strict":1', '"is_strict":"true"', '"group_id":"0"', '"comment":false', '"target_url":null',
    } do
      refused(400, "Bad Request", api, "POST", path, nil, '[{"keyword":"a",' .. member .. "}]")
    end
    for _, list in ipairs { "880001", "{}", '[880001,"880001"]', "[880001.0]", "null" } do
      refused(400, "Invalid site_engine_id", api, "POST", path, nil,
        '[{"keyword":"a","site_engine_ids":' .. list .. "}]")
    end
    assert.equal("[0].site_engine_ids[1]: not a whole number", refused(400, "Invalid site_engine_id", api, "POST",
      path, nil, '[{"keyword":"a","site_engine_ids":[1,true]}]'))
    expect(201, '{"added":1,"ids":[55120003]}', api, "POST", path, nil,
      '[{"keyword":"a","is_strict":false,"site_engine_ids":[880001],"group_id":0,"target_url":"https://example.com"}]')
  end)

  it("is held to a nested object's members", function()
    local path = "/sites/147696/recheck"
    expect(200, '{"total":1}', api, "POST", path, nil, '{"keywords":[{"site_engine_id":880001,"keyword_id":55120001}]}')
    refused(400, "Bad Request", api, "POST", path, nil, '{"keywords":[55120001]}')
    assert.equal("keywords[0].keyword_id: required, not there", refused(400, "Invalid keyword_id", api, "POST",
      path, nil, '{"keywords":[{"site_engine_id":880001}]}'))
    refused(400, "Bad Request", api, "POST", path, nil,
      '{"keywords":[{"site_engine_id":880001,"keyword_id":55120001,"x":1}]}')
  end)
end)

describe("the documented message", function()
  local api
  before_each(function()
    api = with_project()
  end)

  --- Sends the same to both generations, as one test each would.
  local function both(status, text, v4, v1)
    refused(status, text, api, v4[1], v4[2], v4[3], v4[4])
    refused(status, text, api, v1[1], P .. v1[2], v1[3], v1[4])
  end

  it("Invalid keyword_id", function()
    local function set(id)
      return '{"keyword_id":' .. id .. ',"date":"2026-09-01","site_engine_id":880001,"position":1}'
    end
    for _, id in ipairs { "1", '"55120001"', "55120001.0", "null" } do
      both(400, "Invalid keyword_id", { "PUT", "/sites/147696/position", nil, set(id) },
        { "PATCH", "/sites/positions", "site_id=147696", set(id) })
    end
    both(400, "Invalid keyword_id", { "PATCH", "/sites/147696/keywords/1", nil, "{}" },
      { "PATCH", "/keywords", "site_id=147696&keyword_id=1", "{}" })
    both(400, "Invalid keyword_id", { "PATCH", "/sites/147696/keywords/abc", nil, "{}" },
      { "PATCH", "/keywords", "site_id=147696&keyword_id=abc", "{}" })
    both(400, "Invalid keyword_id", { "GET", "/competitors/top10/147696", "date=2026-09-01&site_engine_id=880001" },
      { "GET", "/competitors/serp10", "site_id=147696&date=2026-09-01&site_engine_id=880001&keyword_id=7" })
  end)

  it("Invalid date", function()
    for _, date in ipairs {
      "2026-02-29", "2026-13-01", "2026-00-10", "2026-09-31", "2026-09-00", "2026-9-1", "01.09.2026", "yesterday", "",
      "2026-09-01T00:00:00", "1900-02-29",
    } do
      both(400, "Invalid date", { "GET", "/sites/147696/positions", "date_from=" .. date },
        { "GET", "/sites/positions", "site_id=147696&date_to=" .. date })
      local body = '{"keyword_id":55120001,"date":"' .. date .. '","site_engine_id":880001,"position":1}'
      refused(400, "Invalid date", api, "PUT", "/sites/147696/position", nil, body)
    end
    refused(400, "Invalid date", api, "GET", "/sites/147696/positions", "date_from=2026-09-02&date_to=2026-09-01")
    refused(400, "Invalid date", api, "GET", "/competitors/all/147696", "site_engine_id=880001")
    expect(200, '[{"keywords":[],"site_engine_id":880001}]', api, "GET", "/sites/147696/positions",
      "date_from=2000-02-29&date_to=2000-02-29&in_top=1")
  end)

  it("Invalid site_engine_id", function()
    both(400, "Invalid site_engine_id", { "GET", "/sites/147696/positions", "site_engine_id=google" },
      { "GET", "/sites/positions", "site_id=147696&site_engine_id=" })
    both(400, "Invalid site_engine_id", { "PUT", "/sites/147696/search-engines/abc", nil, "{}" },
      { "PATCH", "/sites/search-engines", "site_id=147696&site_engine_id=abc", "{}" })
    refused(400, "Invalid site_engine_id", api, "PUT", "/sites/147696/position", nil,
      '{"keyword_id":55120001,"date":"2026-09-01","site_engine_id":"880001","position":1}')
  end)

  it("Unknown site_engine_id", function()
    both(404, "Unknown site_engine_id", { "GET", "/sites/147696/positions", "site_engine_id=200" },
      { "GET", "/sites/positions", "site_id=147696&site_engine_id=200" })
    both(404, "Unknown site_engine_id", { "DELETE", "/sites/147696/search-engines/1" },
      { "DELETE", "/sites/search-engines", "site_id=147696&site_engine_id=1" })
    refused(404, "Unknown site_engine_id", api, "POST", "/sites/147696/keywords", nil,
      '[{"keyword":"a"},{"keyword":"b","site_engine_ids":[880001,1]}]')
    refused(404, "Unknown site_engine_id", api, "POST", "/sites/147696/recheck", nil, '{"site_engine_id":1}')
    expect(201, '{"site_id":147697}', api, "POST", "/sites", nil, '{"url":"example.org","title":"other"}')
    refused(404, "Unknown site_engine_id", api, "GET", "/sites/147697/positions", "site_engine_id=880001")
  end)

  it("Unknown search_engine_id", function()
    both(404, "Unknown search_engine_id",
      { "POST", "/sites/147696/search-engines", nil, '{"search_engine_id":880001}' },
      { "POST", "/sites/search-engines", "site_id=147696", '{"search_engine_id":1}' })
    refused(400, "Bad Request", api, "POST", "/sites/147696/search-engines", nil, '{"search_engine_id":"200"}')
  end)

  it("No ids in request", function()
    for _, query in ipairs { "", "keywords_ids=55120001", "keywords_ids=55120001&keywords_ids=55120002",
      "keyword_ids[]=55120001" } do
      both(400, "No ids in request", { "DELETE", "/sites/147696/keywords", query },
        { "DELETE", "/keywords", "site_id=147696&" .. query })
    end
    refused(400, "Bad Request", api, "DELETE", "/sites/147696/keywords", "keywords_ids[]=all")
  end)

  it("Not Found, for a project that isn't there", function()
    both(404, "Not Found", { "GET", "/sites/1/stat" }, { "GET", "/sites/summary", "site_id=1" })
    both(404, "Not Found", { "DELETE", "/sites/1" }, { "DELETE", "/sites", "site_id=1" })
    refused(404, "Not Found", api, "GET", "/sites/abc/keywords")
    refused(404, "Not Found", api, "GET", "/sites/147696.0/keywords")
    both(404, "Not Found", { "POST", "/competitors", nil, '{"site_id":1,"url":"example.org"}' },
      { "POST", "/competitors", nil, '{"site_id":1,"url":"example.org"}' })
    both(404, "Not Found", { "GET", "/keyword-groups/1" }, { "GET", "/keywords/groups", "site_id=1" })
  end)

  it("Incorrect website URL", function()
    for _, url in ipairs {
      "http://shop.test", "shop.invalid", "https://a.localhost/", "http://localhost", "b.example", "SHOP.TEST", "",
      "not a host", "http://", "ftp://example.com", "http://-a.com", "http://a-.com", "a..com", "intranet",
      "http://192.168.0.1", "http://user@example.com", ("a"):rep(64) .. ".com", "http://under_score.com",
      "http://shop.test:8080",
    } do
      local body = '{"url":"' .. url .. '","title":"a"}'
      local answer = send(api, "POST", "/sites", nil, body)
      assert.same({ url, 400, "Incorrect website URL" }, { url, answer.status, message_of(answer) })
    end
    both(400, "Incorrect website URL", { "PUT", "/sites/147696", nil, '{"url":"a.test"}' },
      { "PATCH", "/sites", "site_id=147696", '{"url":"a.test"}' })
    for _, url in ipairs {
      "example.com", "http://example.com", "https://www.example.com/shop?a=b#c", "HTTP://EXAMPLE.COM",
      "http://example.com:8080/", "xn--80ak6aa92e.com", "b\195\188cher.de",
    } do
      assert.equal(201, send(api, "POST", "/sites", nil, '{"url":"' .. url .. '","title":"a"}').status)
    end
  end)

  it("empty_field", function()
    for _, body in ipairs {
      '{"comment":"a"}', '{"target_url":"https://example.com"}', '{"site_engine_ids":[]}', '{"keyword":""}',
      '{"keyword":" ","comment":"a"}', '{"comment":"a","is_strict":true}',
    } do
      both(400, "empty_field", { "PATCH", "/sites/147696/keywords/55120001", nil, body },
        { "PATCH", "/keywords", "site_id=147696&keyword_id=55120001", body })
    end
    expect(200, "", api, "PATCH", "/sites/147696/keywords/55120001", nil, '{"is_strict":true,"group_id":0}')
  end)

  it("Tag not found", function()
    both(404, "Tag not found", { "DELETE", "/sites/147696/url-tags/1" },
      { "DELETE", "/sites/url-tags", "site_id=147696&tag_id=1" })
    both(404, "Tag not found",
      { "PUT", "/sites/147696/url-tags", nil, '{"tag_ids":[1],"urls":["https://example.com"]}' },
      { "PATCH", "/sites/url-tags", "site_id=147696", '{"tag_ids":[1]}' })
  end)

  it("Bad Request, for a 21st tag", function()
    for i = 1, 20 do
      expect(200, '{"tag_id":' .. 3300 + i .. "}", api, "POST", "/sites/147696/url-tags", nil, '{"name":"t"}')
    end
    assert.equal("a project holds 20 tags",
      refused(400, "Bad Request", api, "POST", "/sites/147696/url-tags", nil, '{"name":"t"}'))
  end)

  it("Empty name and Empty site_id, with the status that each call has", function()
    for _, body in ipairs { '{"site_id":147696}', '{"site_id":147696,"name":""}', '{"site_id":147696,"name":" "}' } do
      both(400, "Empty name", { "POST", "/keyword-groups", nil, body }, { "POST", "/keywords/groups", nil, body })
    end
    both(400, "Empty site_id", { "POST", "/keyword-groups", nil, '{"name":"a"}' },
      { "POST", "/keywords/groups", nil, '{"name":"a","site_id":0}' })
    expect(201, '{"group_id":70011}', api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    both(404, "Empty name", { "PUT", "/keyword-groups/70011", nil, "{}" },
      { "PATCH", "/keywords/groups", "group_id=70011", '{"name":""}' })
    both(400, "Empty name", { "POST", "/site-groups", nil, "{}" }, { "POST", "/sites/groups", nil, '{"name":""}' })
    expect(201, '{"group_id":501}', api, "POST", "/site-groups", nil, '{"name":"a"}')
    both(400, "Empty name", { "PUT", "/site-groups/501", nil, "{}" },
      { "PATCH", "/sites/groups", "group_id=501", '{"name":""}' })
  end)

  it("Group not found", function()
    both(404, "Group not found", { "PUT", "/keyword-groups/1", nil, '{"name":"a"}' },
      { "PATCH", "/keywords/groups", "group_id=1", '{"name":"a"}' })
    both(404, "Group not found", { "DELETE", "/keyword-groups/abc" }, { "DELETE", "/keywords/groups", "group_id=1" })
    both(404, "Group not found", { "POST", "/keyword-groups/1/keywords", nil, '{"keywords_ids":[55120001]}' },
      { "POST", "/keywords/groups/move", "group_id=1", '{"keywords_ids":[55120001]}' })
    both(404, "Group not found", { "PUT", "/site-groups/1", nil, '{"name":"a"}' },
      { "PATCH", "/sites/groups", "group_id=1", '{"name":"a"}' })
    both(404, "Group not found", { "DELETE", "/site-groups/1" }, { "DELETE", "/sites/groups", "group_id=1" })
    both(404, "Group not found", { "POST", "/site-groups/1/sites", nil, '{"site_ids":[147696]}' },
      { "POST", "/sites/groups/move", "group_id=1", '{"site_ids":[147696]}' })
    both(404, "Group not found", { "PUT", "/sites/147696", nil, '{"site_group_id":1}' },
      { "PATCH", "/sites", "site_id=147696", '{"site_group_id":1}' })
    refused(404, "Group not found", api, "POST", "/sites/147696/keywords", nil, '[{"keyword":"a","group_id":1}]')
  end)

  it("No keywords ids in request", function()
    send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    for _, body in ipairs { "{}", '{"keywords_ids":[]}', '{"keyword_ids":[55120001]}' } do
      both(400, "No keywords ids in request", { "POST", "/keyword-groups/70011/keywords", nil, body },
        { "POST", "/keywords/groups/move", "group_id=70011", body })
    end
    refused(400, "Bad Request", api, "POST", "/keyword-groups/70011/keywords", nil, '{"keywords_ids":["55120001"]}')
  end)

  it("Invalid site url", function()
    both(400, "Invalid site url", { "POST", "/competitors", nil, '{"site_id":147696,"url":"not a host"}' },
      { "POST", "/competitors", nil, '{"site_id":147696,"url":"pier.test"}' })
  end)

  it("Incorrect competitor id", function()
    both(400, "Incorrect competitor id", { "DELETE", "/competitors/1" },
      { "DELETE", "/competitors", "competitor_id=abc" })
    both(404, "Not Found", { "GET", "/competitors/1/positions" },
      { "GET", "/competitors/positions", "competitor_id=1" })
  end)

  it("isn't lost when nothing may change: a refused list of keywords adds none", function()
    refused(404, "Unknown site_engine_id", api, "POST", "/sites/147696/keywords", nil,
      '[{"keyword":"a"},{"keyword":"b","site_engine_ids":[1]}]')
    local _, rows = send(api, "GET", "/sites/147696/keywords").body:gsub('"name"', "")
    assert.equal(2, rows)
  end)
end)

-- Each test runs the same life in both generations: what differs is where the ids stand, and PUT against PATCH.
for _, generation in ipairs { "v4", "v1" } do
  local v4 = generation == "v4"

  --- Picks the form of this generation: { method, path, query } each; the body is the same.
  local function form(v4_form, v1_form)
    local chosen = v4 and v4_form or v1_form
    return chosen[1], v4 and chosen[2] or P .. chosen[2], chosen[3]
  end

  --- Sends a form with a body, and wants this.
  local function wants(status, answer_body, api, v4_form, v1_form, body)
    local method, path, query = form(v4_form, v1_form)
    return expect(status, answer_body, api, method, path, query, body)
  end

  describe("on " .. generation, function()
    local api
    before_each(function()
      api = new()
    end)

    it("projects come, change and go", function()
      local list = { { "GET", "/sites" }, { "GET", "/sites" } }
      local create = { { "POST", "/sites" }, { "POST", "/sites" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"site_id":147696}', api, create[1], create[2], '{"url":"http://example.com","title":"example1"}')
      wants(201, '{"site_id":147697}', api, create[1], create[2], '{"url":"https://example.org/shop/","title":"two",'
        .. '"depth":200,"subdomain_match":1,"exact_url":1,"check_freq":"check_weekly","check_day":7,"is_active":0,'
        .. '"auto_reports":0,"disable_audit":1}')
      local first = '{"check_day":null,"check_freq":"check_daily","depth":100,"exact_url":0,"group_id":0,'
        .. '"guest_link":"https://online.seranking.test/guest/147696","id":147696,"is_active":1,"keyword_count":0,'
        .. '"name":"example.com","subdomain_match":0,"title":"example1"}'
      local second = '{"check_day":7,"check_freq":"check_weekly","depth":200,"exact_url":1,"group_id":0,'
        .. '"guest_link":"https://online.seranking.test/guest/147697","id":147697,"is_active":0,"keyword_count":0,'
        .. '"name":"example.org/shop","subdomain_match":1,"title":"two"}'
      wants(200, "[" .. first .. "," .. second .. "]", api, list[1], list[2])
      wants(200, "[]", api, { "PUT", "/sites/147697" }, { "PATCH", "/sites", "site_id=147697" },
        '{"title":"zwei","url":"example.net"}')
      second = second:gsub('"two"', '"zwei"'):gsub("example.org/shop", "example.net")
      wants(200, "[" .. first .. "," .. second .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      wants(200, "[" .. second .. "]", api, list[1], list[2])
      local method, path, query = form({ "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      refused(404, "Not Found", api, method, path, query)
    end)

    it("projects have titles and check days within bounds", function()
      local method, path = form({ "POST", "/sites" }, { "POST", "/sites" })
      local function create(rest)
        return send(api, method, path, nil, '{"url":"example.com",' .. rest .. "}").status
      end
      assert.equal(400, create('"title":""'))
      assert.equal(201, create('"title":"' .. ("\195\188"):rep(255) .. '"'))
      assert.equal(400, create('"title":"' .. ("x"):rep(256) .. '"'))
      assert.equal(400, create('"title":"a","check_freq":"check_weekly","check_day":8'))
      assert.equal(201, create('"title":"a","check_freq":"check_monthly","check_day":31'))
    end)

    it("engines come, change and go", function()
      send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
      local list = { { "GET", "/sites/147696/search-engines" }, { "GET", "/sites/search-engines", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"site_engine_id":880001}', api, { "POST", "/sites/147696/search-engines" },
        { "POST", "/sites/search-engines", "site_id=147696" },
        '{"search_engine_id":200,"merge_map":2,"region_name":"Boston, Massachusetts, United States","lang_code":"de"}')
      local row = '{"business_name":null,"featured_snippet":0,"keyword_count":0,"lang_code":"de","merge_map":2,'
        .. '"paid_results":0,"phone":null,"region_id":0,"region_name":"Boston, Massachusetts, United States",'
        .. '"search_engine_id":200,"site_engine_id":880001}'
      wants(200, "[" .. row .. "]", api, list[1], list[2])
      wants(200, "[]", api, { "PUT", "/sites/147696/search-engines/880001" },
        { "PATCH", "/sites/search-engines", "site_id=147696&site_engine_id=880001" },
        '{"merge_map":0,"phone":"+1","paid_results":1}')
      row = row:gsub('"merge_map":2', '"merge_map":0'):gsub('"phone":null', '"phone":"+1"')
        :gsub('"paid_results":0', '"paid_results":1')
      wants(200, "[" .. row .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/search-engines/880001" },
        { "DELETE", "/sites/search-engines", "site_id=147696&site_engine_id=880001" })
      wants(200, "[]", api, list[1], list[2])
    end)

    it("keywords come, change and go", function()
      api = with_project()
      local list = { { "GET", "/sites/147696/keywords" }, { "GET", "/keywords", "site_id=147696" } }
      local boots = '{"first_check_date":null,"group_id":"0","id":"55120001","link":null,"name":"boots",'
        .. '"site_engine_ids":[880001],"tags":[]}'
      local anchors = '{"first_check_date":null,"group_id":"0","id":"55120002","link":null,"name":"anchors",'
        .. '"site_engine_ids":[880001],"tags":[]}'
      wants(200, "[" .. boots .. "," .. anchors .. "]", api, list[1], list[2])
      wants(201, '{"added":1,"ids":[55120003]}', api, { "POST", "/sites/147696/keywords" },
        { "POST", "/keywords", "site_id=147696" },
        '[{"keyword":"caf\195\169","target_url":"https://example.com/caf\195\169","site_engine_ids":[]}]')
      local cafe = '{"first_check_date":null,"group_id":"0","id":"55120003","link":"https://example.com/caf\195\169",'
        .. '"name":"caf\195\169","site_engine_ids":[],"tags":[]}'
      wants(200, "[" .. boots .. "," .. anchors .. "," .. cafe .. "]", api, list[1], list[2])
      wants(200, "", api, { "PATCH", "/sites/147696/keywords/55120001" },
        { "PATCH", "/keywords", "site_id=147696&keyword_id=55120001" },
        '{"keyword":"red boots","target_url":"https://example.com/boots","site_engine_ids":[]}')
      boots = boots:gsub('"boots"', '"red boots"'):gsub('"link":null', '"link":"https://example.com/boots"')
        :gsub("%[880001%]", "[]")
      wants(200, "[" .. boots .. "," .. anchors .. "," .. cafe .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/keywords", "keywords_ids%5B%5D=55120001&keywords_ids[]=55120003" },
        { "DELETE", "/keywords", "site_id=147696&keywords_ids[0]=55120001&keywords_ids[1]=55120003" })
      wants(200, "[" .. anchors .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/keywords", "keywords_ids[]=55120001" }, -- again
        { "DELETE", "/keywords", "site_id=147696&keywords_ids[]=55120001" })
      wants(200, "[" .. anchors .. "]", api, list[1], list[2])
    end)

    it("keywords of another project are out of reach", function()
      api = with_project()
      send(api, "POST", "/sites", nil, '{"url":"example.org","title":"b"}')
      local method, path, query = form({ "PATCH", "/sites/147697/keywords/55120001" },
        { "PATCH", "/keywords", "site_id=147697&keyword_id=55120001" })
      refused(400, "Invalid keyword_id", api, method, path, query, '{"keyword":"x"}')
      wants(204, "", api, { "DELETE", "/sites/147697/keywords", "keywords_ids[]=55120001" },
        { "DELETE", "/keywords", "site_id=147697&keywords_ids[]=55120001" })
      local _, rows = send(api, "GET", "/sites/147696/keywords").body:gsub('"name"', "")
      assert.equal(2, rows)
    end)

    it("a position that is set is listed, and counted", function()
      api = with_project()
      local function set(date, position, keyword)
        wants(200, "[]", api, { "PUT", "/sites/147696/position" }, { "PATCH", "/sites/positions", "site_id=147696" },
          '{"keyword_id":' .. (keyword or 55120001) .. ',"date":"' .. date .. '","site_engine_id":880001,"position":'
            .. position .. "}")
      end
      local function block(first, second)
        local function row(id, name, positions)
          return '{"competition":0.4,"cpc":1.2,"group_id":"0","id":"' .. id .. '","name":"' .. name .. '","positions":['
            .. positions .. '],"results":"0","suggested_bid":1.2,"total_sum":0,"volume":170}'
        end
        return '[{"keywords":[' .. row("55120001", "boots", first) .. "," .. row("55120002", "anchors", second)
          .. '],"site_engine_id":880001}]'
      end
      local function position(date, pos, change)
        return '{"change":' .. change .. ',"date":"' .. date .. '","is_map":0,"map_position":0,"paid_position":0,"pos":'
          .. pos .. ',"price":0}'
      end
      local function list(query, wanted)
        wants(200, wanted, api, { "GET", "/sites/147696/positions", query },
          { "GET", "/sites/positions", "site_id=147696" .. (query and "&" .. query or "") })
      end

      list(nil, block("", ""))
      set("2026-09-02", 12) -- more than a week before today, which is the 10th
      set("2026-09-09", 7)
      set("2026-09-10", 9)
      set("2026-09-10", 0, 55120002)
      list(nil, block(position("2026-09-09", 7, 5) .. "," .. position("2026-09-10", 9, -2),
        position("2026-09-10", 0, 0)))
      list("date_from=2026-09-01&date_to=2026-09-09&site_engine_id=880001",
        block(position("2026-09-02", 12, 0) .. "," .. position("2026-09-09", 7, 5), ""))
      set("2026-09-10", 8) -- over the 9
      list("date_from=2026-09-10", block(position("2026-09-10", 8, -1), position("2026-09-10", 0, 0)))
      wants(200, '{"domain_trust":21,"index_google":"118","process":100,"site_id":147696,"today_avg":8,"top10":1,'
        .. '"top30":1,"top5":0,"total_down":1,"total_up":0,"visibility":17,"visibility_percent":50,"yesterday_avg":7}',
        api, { "GET", "/sites/147696/stat" }, { "GET", "/sites/summary", "site_id=147696&site_engine_id=880001" })
      local method, path, query = form({ "GET", "/sites/147696/keywords", "site_engine_id=880001" },
        { "GET", "/keywords", "site_id=147696&site_engine_id=880001" })
      local body = send(api, method, path, query).body
      assert.is_truthy(body:find('"first_check_date":"2026-09-02","group_id":"0","id":"55120001"', 1, true))
    end)

    it("positions tell more when asked", function()
      api = with_project()
      send(api, "PATCH", "/sites/147696/keywords/55120001", nil,
        '{"keyword":"boots","target_url":"https://example.com/b"}')
      local method, path, query = form({ "GET", "/sites/147696/positions", "" },
        { "GET", "/sites/positions", "site_id=147696&" })
      local plain = send(api, method, path, query).body
      assert.is_nil(plain:find("landing_pages") or plain:find("features") or plain:find("content_score"))
      local full = send(api, method, path, query
        .. "&with_landing_pages=1&with_serp_features=1&with_content_score=1").body
      assert.is_truthy(full:find('"landing_pages":[{"ascii_url":"https://example.com/b","date":"2026-09-10",'
        .. '"url":"https://example.com/b"}]', 1, true))
      assert.is_truthy(full:find('"landing_pages":[]', 1, true))
      assert.is_truthy(full:find('"features":{"featured_snippet":true}', 1, true))
      assert.is_truthy(full:find('"content_score":null,"content_score_change":null', 1, true))
      send(api, "PUT", "/sites/147696/position", nil,
        '{"keyword_id":55120002,"date":"2026-09-10","site_engine_id":880001,"position":3}')
      local _, within = send(api, method, path, query .. "&in_top=3").body:gsub('"name"', "")
      assert.equal(1, within)
      _, within = send(api, method, path, query .. "&in_top=2").body:gsub('"name"', "")
      assert.equal(0, within)
    end)

    it("a check is started for pairs, an engine or all", function()
      api = with_project()
      local forms = { { "POST", "/sites/147696/recheck" }, { "POST", "/sites/positions/recheck", "site_id=147696" } }
      wants(200, '{"total":2}', api, forms[1], forms[2], "{}")
      wants(200, '{"total":2}', api, forms[1], forms[2], '{"site_engine_id":880001}')
      wants(200, '{"total":1}', api, forms[1], forms[2],
        '{"keywords":[{"site_engine_id":880001,"keyword_id":55120002}]}')
      local method, path, query = form(forms[1], forms[2])
      refused(400, "Invalid keyword_id", api, method, path, query,
        '{"keywords":[{"site_engine_id":880001,"keyword_id":1}]}')
      refused(404, "Unknown site_engine_id", api, method, path, query,
        '{"keywords":[{"site_engine_id":1,"keyword_id":55120001}]}')
    end)

    it("keyword groups come, change, take keywords and go", function()
      api = with_project()
      local list = { { "GET", "/keyword-groups/147696" }, { "GET", "/keywords/groups", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"group_id":70011}', api, { "POST", "/keyword-groups" }, { "POST", "/keywords/groups" },
        '{"name":"Boots","site_id":147696}')
      wants(200, '[{"creation_date":"2026-09-10 00:00:00","id":"70011","name":"Boots"}]', api, list[1], list[2])
      wants(204, "", api, { "PUT", "/keyword-groups/70011" }, { "PATCH", "/keywords/groups", "group_id=70011" },
        '{"name":"Shoes"}')
      wants(200, '[{"creation_date":"2026-09-10 00:00:00","id":"70011","name":"Shoes"}]', api, list[1], list[2])
      wants(204, "", api, { "POST", "/keyword-groups/70011/keywords" },
        { "POST", "/keywords/groups/move", "group_id=70011" }, '{"keywords_ids":[55120002]}')
      local body = send(api, "GET", "/sites/147696/keywords").body
      assert.is_truthy(body:find('"group_id":"70011","id":"55120002"', 1, true))
      assert.is_truthy(body:find('"group_id":"0","id":"55120001"', 1, true))
      local method, path, query = form({ "POST", "/keyword-groups/70011/keywords" },
        { "POST", "/keywords/groups/move", "group_id=70011" })
      refused(400, "Invalid keyword_id", api, method, path, query, '{"keywords_ids":[55120001,1]}')
      assert.is_truthy(send(api, "GET", "/sites/147696/keywords").body:find('"group_id":"0","id":"55120001"', 1, true))
      wants(204, "", api, { "DELETE", "/keyword-groups/70011" }, { "DELETE", "/keywords/groups", "group_id=70011" })
      wants(200, "[]", api, list[1], list[2])
      assert.is_truthy(send(api, "GET", "/sites/147696/keywords").body:find('"group_id":"0","id":"55120002"', 1, true))
    end)

    it("project groups come, change, take projects and go", function()
      api = with_project()
      local list = { { "GET", "/site-groups" }, { "GET", "/sites/groups" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"group_id":501}', api, { "POST", "/site-groups" }, { "POST", "/sites/groups" }, '{"name":"Retail"}')
      wants(200, '[{"id":"501","name":"Retail"}]', api, list[1], list[2])
      wants(200, "", api, { "PUT", "/site-groups/501" }, { "PATCH", "/sites/groups", "group_id=501" }, '{"name":"B2C"}')
      wants(200, '[{"id":"501","name":"B2C"}]', api, list[1], list[2])
      wants(204, "", api, { "POST", "/site-groups/501/sites" }, { "POST", "/sites/groups/move", "group_id=501" },
        '{"site_ids":[147696]}')
      assert.is_truthy(send(api, "GET", "/sites").body:find('"group_id":501', 1, true))
      local method, path, query = form({ "POST", "/site-groups/501/sites" },
        { "POST", "/sites/groups/move", "group_id=501" })
      refused(404, "Not Found", api, method, path, query, '{"site_ids":[147696,1]}')
      wants(204, "", api, { "DELETE", "/site-groups/501" }, { "DELETE", "/sites/groups", "group_id=501" })
      wants(200, "[]", api, list[1], list[2])
      assert.is_truthy(send(api, "GET", "/sites").body:find('"group_id":0', 1, true))
    end)

    it("tags come, change and go", function()
      api = with_project()
      local list = { { "GET", "/sites/147696/url-tags" }, { "GET", "/sites/url-tags", "site_id=147696" } }
      local create = { { "POST", "/sites/147696/url-tags" }, { "POST", "/sites/url-tags", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(200, '{"tag_id":3301}', api, create[1], create[2], '{"name":"spring","urls":["https://example.com/a"]}')
      wants(200, '{"tag_id":3302}', api, create[1], create[2], '{"name":"autumn","domains":["example.com"]}')
      wants(200, '[{"domain":[],"id":"3301","name":"spring","url":["https://example.com/a"]},'
        .. '{"domain":["example.com"],"id":"3302","name":"autumn","url":[]}]', api, list[1], list[2])
      wants(204, "", api, { "PUT", "/sites/147696/url-tags" }, { "PATCH", "/sites/url-tags", "site_id=147696" },
        '{"tag_ids":[3302],"urls":["https://example.com/a"]}')
      wants(200, '[{"domain":[],"id":"3301","name":"spring","url":[]},'
        .. '{"domain":["example.com"],"id":"3302","name":"autumn","url":["https://example.com/a"]}]',
        api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/url-tags/3301" },
        { "DELETE", "/sites/url-tags", "site_id=147696&tag_id=3301" })
      wants(200, '[{"domain":["example.com"],"id":"3302","name":"autumn","url":["https://example.com/a"]}]', api,
        list[1], list[2])
    end)

    it("competitors come, rank and go", function()
      api = with_project()
      local list = { { "GET", "/competitors/site/147696" }, { "GET", "/competitors", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"id":91001}', api, { "POST", "/competitors" }, { "POST", "/competitors" },
        '{"site_id":147696,"url":"pier-shop.com"}')
      wants(201, '{"id":91002}', api, { "POST", "/competitors" }, { "POST", "/competitors" },
        '{"site_id":147696,"url":"https://quay.com","name":"Quay","subdomain_match":1}')
      wants(200, '[{"domain_trust":14,"id":91001,"name":"pier-shop.com","url":"pier-shop.com"},'
        .. '{"domain_trust":14,"id":91002,"name":"Quay","url":"https://quay.com"}]', api, list[1], list[2])
      local ranks = '"positions":[{"change":-2,"date":"2026-09-10","pos":11}],"volume":null}'
      wants(200, '[{"keywords":[{"id":"55120001","name":"boots",' .. ranks .. ',{"id":"55120002","name":"anchors",'
        .. ranks .. '],"site_engine_id":880001}]', api, { "GET", "/competitors/91001/positions" },
        { "GET", "/competitors/positions", "competitor_id=91001" })
      local query = "date=2026-09-01&site_engine_id=880001&group_id=0&tags[]=1"
      wants(200, '[{"backlinks":"940","domain":"example.org","domain_id":7301,"domains":"61","visibility":12}]', api,
        { "GET", "/competitors/all/147696", query }, { "GET", "/competitors/metrics", "site_id=147696&" .. query })
      query = "date=2026-09-01&site_engine_id=880001&keyword_id=55120001"
      wants(200, "[]", api, { "GET", "/competitors/top10/147696", query },
        { "GET", "/competitors/serp10", "site_id=147696&" .. query })
      wants(200, "[]", api, { "GET", "/competitors/top100/147696", query .. "&top=50" },
        { "GET", "/competitors/serp100", "site_id=147696&top=50&" .. query })
      wants(204, "", api, { "DELETE", "/competitors/91001" }, { "DELETE", "/competitors", "competitor_id=91001" })
      wants(200, '[{"domain_trust":14,"id":91002,"name":"Quay","url":"https://quay.com"}]', api, list[1], list[2])
    end)

    it("a project takes with it all that it holds", function()
      api = with_project()
      send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
      send(api, "POST", "/competitors", nil, '{"site_id":147696,"url":"pier-shop.com"}')
      wants(204, "", api, { "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      local method, path, query = form({ "DELETE", "/keyword-groups/70011" },
        { "DELETE", "/keywords/groups", "group_id=70011" })
      refused(404, "Group not found", api, method, path, query)
      method, path, query = form({ "DELETE", "/competitors/91001" },
        { "DELETE", "/competitors", "competitor_id=91001" })
      refused(400, "Incorrect competitor id", api, method, path, query)
    end)

    it("an engine that goes leaves the keywords, without its positions", function()
      api = with_project()
      send(api, "PUT", "/sites/147696/position", nil,
        '{"keyword_id":55120001,"date":"2026-09-10","site_engine_id":880001,"position":3}')
      wants(204, "", api, { "DELETE", "/sites/147696/search-engines/880001" },
        { "DELETE", "/sites/search-engines", "site_id=147696&site_engine_id=880001" })
      wants(200, "[]", api, { "GET", "/sites/147696/positions" }, { "GET", "/sites/positions", "site_id=147696" })
      local _, bare = send(api, "GET", "/sites/147696/keywords").body:gsub('"site_engine_ids":%[%]', "")
      assert.equal(2, bare)
    end)

    it("reads without a state of their own answer by example", function()
      api = with_project()
      wants(200, '["2026-09-01","2026-09-02"]', api, { "GET", "/sites/147696/check-dates" },
        { "GET", "/sites/check-dates", "site_id=147696&date_from=2026-09-01" })
      wants(200, '{"7days":null,"current":"2026-09-02","yesterday":"2026-09-01"}', api,
        { "GET", "/sites/147696/historicalDates" }, { "GET", "/sites/positions/checkpoints", "site_id=147696" })
      wants(200, "[]", api, { "GET", "/sites/147696/ads", "site_engine_ids[]=880001&keywords_ids[0]=1" },
        { "GET", "/sites/ads-stats", "site_id=147696" })
      local data = '"data":[{"date":"2026-09-01","value":18.5},{"date":"2026-09-02","value":17}]'
      local series = "[{" .. data .. ',"name":"Average","type":"avg"},{' .. data
        .. ',"name":"Google USA","type":"search_engine"}]'
      wants(200, v4 and series or '{"data":' .. series .. "}", api, { "GET", "/sites/147696/chart" },
        { "GET", "/sites/positions/history", "site_id=147696" })
      wants(200, '{"de":"Deutsch","en":"English","fr":"fran\195\167ais","pt-BR":"portugu\195\170s (Brasil)"}', api,
        { "GET", "/system/google-langs" }, { "GET", "/system/google/languages" })
      wants(200, '{"email":"ada@example.com","email_verified":true,"first_name":"Ada","lang":"en","last_name":"Byron",'
        .. '"picture":null}', api, { "GET", "/account/profile" }, { "GET", "/users/me" })
      local method, path = form({ "GET", "/system/search-engines" }, { "GET", "/system/search-engines" })
      assert.is_truthy(send(api, method, path).body
        :find('^%[{"id":200,"name":"Google USA","region_id":1,"type":"google"},'))
    end)
  end)
end

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

describe("faults", function()
  local api
  before_each(function()
    api = with_project()
  end)

  it("stand in for the next answer, once", function()
    api:fail { status = 500 }
    local answer = expect(500, '{"message":"Server error"}', api, "GET", "/sites")
    assert.equal("application/json", header(answer, "Content-Type"))
    assert.equal(200, send(api, "GET", "/sites").status)
  end)

  it("speak the generation that is asked", function()
    api:fail { status = 500 }
    expect(500, '{"error":{"code":500,"description":"Server error","message":"Server error"}}', api, "GET",
      P .. "/sites")
  end)

  it("come as often as wanted", function()
    api:fail {
      status = 503, times = 2, body = "busy", headers = { ["Retry-After"] = 7, ["Content-Type"] = "text/plain" },
    }
    for _ = 1, 2 do
      local answer = expect(503, "busy", api, "GET", "/sites")
      assert.same({ { "Content-Type", "text/plain" }, { "Retry-After", "7" } }, answer.headers)
    end
    assert.equal(200, send(api, "GET", "/sites").status)
  end)

  it("wait for their method and path", function()
    api:fail { status = 500, method = "POST" }
    api:fail { status = 502, path = "/sites/147696/keywords" }
    assert.equal(200, send(api, "GET", "/sites").status)
    assert.equal(502, send(api, "GET", "/sites/147696/keywords").status)
    assert.equal(200, send(api, "GET", "/sites/147696/keywords").status)
    assert.equal(500, send(api, "POST", "/site-groups", nil, '{"name":"a"}').status)
    assert.equal(201, send(api, "POST", "/site-groups", nil, '{"name":"a"}').status)
  end)

  it("come in the order of their queueing", function()
    api:fail { status = 500 }
    api:fail { status = 502 }
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(502, send(api, "GET", "/sites").status)
  end)

  it("leave the account as it is where they stand in for the answer", function()
    api:fail { status = 500 }
    send(api, "DELETE", "/sites/147696")
    assert.equal(200, send(api, "GET", "/sites/147696/keywords").status)
  end)

  it("of the transport are passed on with the real answer, and the request is carried out", function()
    for _, name in ipairs { "drop", "truncate", "hang", "slow" } do
      api:fail { fault = name }
      local answer = send(api, "POST", "/site-groups", nil, '{"name":"a"}')
      assert.equal(name, answer.fault)
      assert.equal(201, answer.status)
      assert.is_nil(answer.delay)
    end
    local _, groups = send(api, "GET", "/site-groups").body:gsub('"name"', "")
    assert.equal(4, groups)
    assert.is_nil(send(api, "GET", "/site-groups").fault)
  end)

  it("of the transport go with another answer too", function()
    api:fail { fault = "truncate", kind = "html", delay = 0.5 }
    local answer = send(api, "GET", "/sites")
    assert.same({ "truncate", 502, 0.5 }, { answer.fault, answer.status, answer.delay })
  end)

  it("may be a delay alone", function()
    api:fail { delay = 2.5 }
    local answer = send(api, "GET", "/account/balance")
    assert.equal(2.5, answer.delay)
    assert.equal('{"currency":"rur","value":2296380.85}', answer.body)
    assert.is_nil(send(api, "GET", "/account/balance").delay)
  end)

  it("of kind refuse: the request never arrives, so nothing happens and nothing is counted", function()
    api = fake.new { limit = 1 }
    api:fail { fault = "refuse", times = 3 }
    for _ = 1, 3 do
      assert.equal("refuse", send(api, "POST", "/site-groups", nil, '{"name":"a"}').fault)
    end
    expect(200, "[]", api, "GET", "/site-groups")
    assert.equal(429, send(api, "GET", "/site-groups").status)
  end)

  it("else count for the limit", function()
    api = fake.new { limit = 2 }
    api:fail { status = 500, times = 2 }
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(429, send(api, "GET", "/sites").status)
    api:fail { status = 500 } -- comes even so
    assert.equal(500, send(api, "GET", "/sites").status)
  end)

  local presets = {
    html = { 502, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n",
      "text/html" },
    bad_json = { 200, '{"a":', "application/json" },
    empty = { 200, "", "application/json" },
    invalid_utf8 = { 200, '{"a":"\195\40"}', "application/json" },
    nul = { 200, '{"a":"b\0c"}', "application/json" },
  }
  for kind, wanted in pairs(presets) do
    it("of the kind " .. kind, function()
      api:fail { kind = kind }
      local answer = send(api, "GET", "/sites")
      assert.same(wanted, { answer.status, answer.body, header(answer, "Content-Type") })
    end)
  end

  it("of a kind may have another status", function()
    api:fail { kind = "empty", status = 500 }
    expect(500, "", api, "GET", "/sites")
  end)

  it("that make no sense raise at the caller's line", function()
    for _, fault in ipairs {
      {}, { kind = "hmtl" }, { fault = "explode" }, { status = "500" }, { code = 500 }, { times = 2, method = "GET" },
    } do
      local ok, text = pcall(function() api:fail(fault) end)
      assert.is_false(ok)
      assert.is_truthy(text:find("fake_spec.lua", 1, true))
    end
  end)

  it("that can't be acted out say what would do", function()
    for words, fault in pairs {
      ["api:fail takes a table: api:fail { status = 503 }, api:fail { fault = \"hang\", times = 2 } …"] = "hang",
      ["unknown kind: hmtl; there are: bad_json, empty, html, invalid_utf8, nul"] = { kind = "hmtl" },
      ["unknown fault: explode; there are: drop, hang, refuse, slow, truncate"] = { fault = "explode" },
      ["times must be a whole number, at least 1"] = { status = 500, times = 0 },
      ["path must begin with a slash, as it comes in: /sites"] = { status = 500, path = "sites" },
      ["status must be a whole number from 200 to 599"] = { status = 42 },
      ["delay must be a number of seconds from 0 to 86400"] = { delay = -1 },
      ["headers must be { Name = value } or { { name, value }, … }"] = { status = 500, headers = { "Retry-After: 1" } },
      ["unknown option: code; there are: body, delay, fault, headers, kind, method, path, status, times"] = { code = 1 },
    } do
      local ok, text = pcall(function() api:fail(fault) end)
      assert.is_false(ok)
      assert.equal(words, (text:gsub("^.-fake_spec.lua:%d+: ", "", 1)))
    end
    assert.is_false((pcall(function() api:fail { status = 500, times = 1.5 } end)))
    assert.is_false((pcall(function() api:fail { delay = 0 / 0 } end)))
    local ok, text = pcall(function() api:fail() end)
    assert.is_false(ok)
    assert.is_truthy(text:find("fake_spec.lua:%d+: api:fail takes a table"))
  end)
end)

describe("the log", function()
  it("keeps each request with its status and time", function()
    local api = fake.new {}
    send(api, "GET", "/sites", "a=1")
    api:advance(3)
    send(api, "POST", "/site-groups", nil, '{"name":"a"}')
    assert.same({
      { at = 0, method = "GET", path = "/sites", query = "a=1", status = 400,
        headers = { authorization = "Token \226\128\166d14b" } },
      { at = 3, method = "POST", path = "/site-groups", body = '{"name":"a"}', status = 201,
        headers = { authorization = "Token \226\128\166d14b", ["content-type"] = "application/json" } },
    }, api.log)
  end)

  it("tells of faults", function()
    local api = fake.new {}
    api:fail { fault = "refuse" }
    send(api, "GET", "/sites")
    assert.equal("refuse", api.log[1].fault)
  end)

  --- All that the log holds, as one text.
  local function everything(value)
    if type(value) ~= "table" then
      return tostring(value)
    end
    local parts = {}
    for name, member in pairs(value) do
      parts[#parts + 1] = everything(name) .. "=" .. everything(member)
    end
    return table.concat(parts, "\n")
  end

  it("never holds a key, wherever it stands", function()
    local api = new()
    local mistyped = HEX:gsub("^b", "a")
    for _, key in ipairs { HEX, UUID, mistyped } do
      local encoded = "%" .. string.format("%02X", key:byte(1)) .. key:sub(2)
      for _, path in ipairs { "/sites", P .. "/sites" } do
        for _, request in ipairs {
          { headers = { authorization = "Token " .. key } },
          { headers = { authorization = "Bearer " .. key } },
          { headers = { authorization = key } },
          { headers = {}, query = "token=" .. key },
          { headers = {}, query = "x=1&apikey=" .. key .. "&y=2" },
          { headers = {}, query = "token=" .. encoded },
          { headers = { authorization = "Token " .. key }, query = "x=" .. key },
          { headers = { authorization = "Token " .. key }, query = "x=" .. encoded },
          { headers = { authorization = "Token " .. key }, path = path .. "/" .. key },
          { headers = { authorization = "Token " .. key }, path = path .. "/" .. encoded },
          { headers = { authorization = "Token " .. key, ["x-key"] = "key " .. key }, body = '{"a":"' .. key .. '"}' },
        } do
          request.method, request.path = "GET", request.path or path
          local answer = api:handle(request)
          assert.is_nil(everything(answer):find(key:sub(3, 36), 1, true))
        end
      end
    end
    local text = everything(api.log)
    for _, key in ipairs { HEX, UUID, mistyped } do
      assert.is_nil(text:find(key:sub(3, 36), 1, true))
      assert.is_truthy(text:find("\226\128\166" .. key:sub(-4), 1, true))
    end
    assert.equal(66, #api.log)
  end)

  it("shows nothing of a key that is too short to be one", function()
    local api = new()
    api:handle { method = "GET", path = "/sites", query = "token=secret", headers = {} }
    api:handle { method = "GET", path = "/sites", headers = { authorization = "Token hunter2" } }
    assert.equal("token=\226\128\166", api.log[1].query)
    assert.equal("Token \226\128\166", api.log[2].headers.authorization)
  end)

  it("leaves the request as it was", function()
    local api = new()
    local request = { method = "GET", path = "/sites", query = "token=" .. HEX, headers = { ["x-key"] = HEX } }
    api:handle(request)
    assert.same({ method = "GET", path = "/sites", query = "token=" .. HEX, headers = { ["x-key"] = HEX } }, request)
  end)

  it("can be left out", function()
    local api = new { log = false }
    send(api, "GET", "/sites")
    assert.same({}, api.log)
  end)
end)

describe("reasons", function()
  it("fit into a header, whatever was sent", function()
    local api = new()
    local answer = send(api, "GET", "/sites", "a%0D%0AX-Evil:%201%00%C3%A9=1")
    assert.equal("a??X-Evil: 1???: no such query parameter", header(answer, "X-Fake-Reason"))
    answer = send(api, "GET", "/sites", ("a"):rep(5000) .. "=1")
    assert.equal(200, #header(answer, "X-Fake-Reason"))
  end)
end)

describe("reset", function()
  it("forgets all: projects, log, queued faults; ids begin anew", function()
    local api = with_project()
    local log = api.log
    api:fail { status = 500 }
    api:reset()
    assert.same({}, log)
    expect(200, "[]", api, "GET", "/sites")
    expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    assert.equal(2, #log)
  end)
end)

describe("options", function()
  it("that aren't known, or of another type, raise at the caller's line", function()
    for _, options in ipairs { { limits = 5 }, { limit = "5" }, { now = 0 }, { tokens = HEX } } do
      local ok, text = pcall(function() fake.new(options) end)
      assert.is_false(ok)
      assert.is_truthy(text:find("fake_spec.lua", 1, true))
    end
  end)

  it("take today as a function, and have one if it is left out", function()
    local api = fake.new { today = function() return "2030-01-02" end }
    send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    assert.is_truthy(send(api, "GET", "/keyword-groups/147696").body:find("2030-01-02 00:00:00", 1, true))
    api = fake.new {}
    send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    assert.is_truthy(send(api, "GET", "/keyword-groups/147696").body:find('"20%d%d%-%d%d%-%d%d 00:00:00"'))
  end)
end)

describe("an operation that the fake has no function for", function()
  local api
  before_each(function()
    api = new {
      descriptions = {
        {
          name = "parrots",
          params = {
            parrot_id = { type = "id", about = "a parrot" }, words = { type = "string[]", about = "what it says" },
            loud = { type = "boolean", about = "whether it shouts" },
            weight = { type = "number", max = 3, about = "kg" },
            site_id = { type = "id", about = "a project" }, token = { type = "string", about = "a ticket" },
            cage = { type = "object", about = "where it lives", required = "width",
              fields = { width = { type = "number", about = "m" }, bars = { type = "integer[]", about = "mm" } } },
            picture = { type = "file", about = "PNG" },
          },
          operations = {
            { "list", v4 = "GET /parrots", v1 = "GET /v1/parrots", query = "loud words token", answer = "array",
              about = "All." },
            { "get", v4 = "GET /parrots/{parrot_id}", v1 = "GET /v1/parrots{?parrot_id}", answer = "object",
              about = "One." },
            { "teach", v4 = "PUT /parrots/{parrot_id}", v1 = "PATCH /v1/parrots{?parrot_id}", body = "words* loud",
              success = { 202 }, about = "Words." },
            { "move", v4 = "PUT /parrots/{parrot_id}", v1 = "PATCH /v1/parrots{?parrot_id}", body = "cage* weight",
              about = "Elsewhere." },
            { "adopt", v4 = "POST /sites/{site_id}/parrots", about = "Give a project one.", success = { 204 } },
            { "paint", v4 = "POST /parrots/{parrot_id}/picture", upload = "picture* words loud",
              about = "A portrait." },
            { "wings", v4 = "GET /parrots/wings", v1 = { "GET /v1/parrots/wings", example = '{"list": [2.5, null]}' },
              answer = "any", example = '[{"side": "left", "feathers": []}]', about = "What it flies with." },
          },
        },
      },
    }
  end)

  it("answers by its description", function()
    expect(200, "[]", api, "GET", "/parrots", "loud=1&words[]=a")
    expect(200, "{}", api, "GET", "/parrots/7")
    expect(202, "", api, "PUT", "/parrots/7", nil, '{"words":[],"loud":true}')
    expect(200, "", api, "PUT", "/parrots/7", nil, '{"cage":{"width":1.5,"bars":[3,4]},"weight":2}')
  end)

  it("answers with its example, which a generation may have for itself", function()
    expect(200, '[{"feathers":[],"side":"left"}]', api, "GET", "/parrots/wings")
    expect(200, '{"list":[2.5,null]}', api, "GET", "/v1/parrots/wings")
  end)

  it("has its parameters checked", function()
    refused(400, "Bad Request", api, "GET", "/parrots", "loud=yes")
    refused(400, "Bad Request", api, "GET", "/parrots", "words=a")
    refused(400, "Bad Request", api, "GET", "/parrots", "colour=red")
    refused(400, "Bad Request", api, "PUT", "/parrots/7", nil, '{"words":"a"}')
    refused(405, "Method Not Allowed", api, "DELETE", "/parrots")
  end)

  it("has its project looked up", function()
    refused(404, "Not Found", api, "POST", "/sites/147696/parrots")
    expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    expect(204, "", api, "POST", "/sites/147696/parrots")
    refused(400, "Bad Request", api, "POST", "/sites/147696/parrots", nil, "{}")
  end)

  it("is told from another on the same path by its id in the query, or by its body", function()
    expect(200, "[]", api, "GET", "/v1/parrots")
    expect(200, "{}", api, "GET", "/v1/parrots", "parrot_id=7")
    refused(400, "Bad Request", api, "GET", "/v1/parrots", "parrot_id=")
    assert.equal("loud: no such query parameter",
      refused(400, "Bad Request", api, "GET", "/v1/parrots", "parrot_id=7&loud=1"))
    expect(202, "", api, "PATCH", "/v1/parrots", "parrot_id=7", '{"words":["a"]}')
    expect(200, "", api, "PATCH", "/v1/parrots", "parrot_id=7", '{"cage":{"width":1}}')
    refused(400, "Bad Request", api, "PATCH", "/v1/parrots", nil, '{"cage":{"width":1}}')
  end)

  it("may have a parameter with the name of the key, when the key is in the header", function()
    expect(200, "[]", api, "GET", "/parrots", "token=ticket")
    local answer = api:handle { method = "GET", path = "/parrots", query = "token=" .. HEX, headers = {} }
    assert.equal(200, answer.status)
  end)

  it("may have objects, numbers with bounds and lists in its body", function()
    for _, body in ipairs {
      '{"cage":[]}', '{"cage":{}}', '{"cage":{"width":"1"}}', '{"cage":{"width":1,"bars":[1.0]}}',
      '{"cage":{"width":1,"height":1}}', '{"cage":{"width":1},"weight":3.5}',
    } do
      refused(400, "Bad Request", api, "PUT", "/parrots/7", nil, body)
    end
  end)

  it("may take an upload", function()
    local function upload(content_type, body)
      return api:handle({
        method = "POST", path = "/parrots/7/picture", body = body,
        headers = { authorization = "Token " .. HEX, ["content-type"] = content_type },
      }).status
    end
    local head = 'Content-Disposition: form-data; name="'
    local function form(...)
      return "--x\r\n" .. table.concat({ ... }, "\r\n--x\r\n") .. "\r\n--x--\r\n"
    end
    local file = head .. 'picture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n--x'
    local function status(...)
      return upload("multipart/form-data; boundary=x", form(...))
    end
    assert.equal(200, status(file))
    assert.equal(200, status(file, head .. 'words[]"\r\n\r\na', head .. 'words[]"\r\n\r\n', head .. 'loud"\r\n\r\n1'))
    assert.equal(400, status(file, file))
    assert.equal(400, status(head .. 'picture"\r\n\r\nx'))
    assert.equal(400, status(head .. 'words[]"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'words"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'words[]"; filename="a"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'loud"\r\n\r\nyes'))
    assert.equal(400, status(file, head .. 'colour"\r\n\r\nred'))
    assert.equal(400, upload("multipart/form-data; boundary=x", "--x--"))
    assert.equal(400, upload("multipart/form-data; boundary=x", "--x\r\n" .. file))
    assert.equal(400, upload("multipart/form-data", form(file)))
    assert.equal(400, upload("application/json", "{}"))
    assert.equal(400, upload("multipart/form-data; boundary=x", nil))
  end)
end)

describe("a made-up description", function()
  local api
  before_each(function()
    api = new {
      descriptions = {
        {
          name = "kites",
          params = {
            kite_id = { type = "id", about = "a kite" },
            sizes = { type = "integer[]", max = 9, about = "brackets, by default" },
            tails = { type = "id[]", style = "repeat", about = "each for itself" },
            days = { type = "date[]", style = "comma", about = "when it flew" },
            lines = { type = "string[]", style = "lines", about = "what it is tied to", wire = "strings" },
            colours = { type = "string[]", style = "comma", enum = { "red", "blue" }, about = "what it looks like" },
            where = { type = "object", style = "tree", about = "anything", wire = { v1 = "filter" } },
            sort = { type = "object[]", style = "tree", about = "by what", required = "by",
              fields = { by = { type = "string", about = "a name" }, down = { type = "flag", about = "backwards" } } },
            shape = { type = "object", style = "json", about = "how it is made", required = "width",
              fields = { width = { type = "number", about = "m", wire = { v4 = "w" } },
                knots = { type = "id[]", style = "comma", about = "in its tail" } } },
            notes = { type = "object", style = "json", about = "anything" },
            winds = { type = "object[]", style = "json", about = "one a day" },
            month = { type = "month", about = "of the year", wire = { v4 = "m", v1 = "period" } },
            maker = { type = "string", about = "who made it", wire = { v4 = "author" } },
            day = { type = "date", about = "of its first flight" },
            date_from = { type = "date", about = "since when", wire = "since" },
            picture = { type = "file", about = "PNG", wire = { v1 = "image" } },
            site_id = { type = "id", about = "a project", wire = { v1 = "project" } },
            owner_id = { type = "id", about = "who has it", wire = { v1 = "owner" } },
            ticket = { type = "string", about = "for the fair", wire = { v4 = "token" } },
          },
          operations = {
            { "list", v4 = "GET /kites", v1 = "GET /v1/kites", answer = "array", about = "All.",
              query = "sizes tails days lines colours where sort shape notes winds month maker date_from" },
            { "lend", v4 = "PUT /kites/{kite_id}", v1 = { "PATCH /v1/kites{?kite_id}", body = "maker* day" },
              body = "day*", about = "To somebody." },
            { "make", v4 = { "POST /kites", envelope = "list" }, v1 = { "POST /v1/kites", query = "maker" },
              body = "month* days lines colours tails sizes shape notes winds where", about = "One." },
            { "buy", v4 = { "POST /kites/buy", items = "maker* month" }, v1 = { "POST /v1/kites/buy", body = "maker*" },
              about = "Some." },
            { "find", v4 = "GET /kites/find", v1 = { "GET /v1/kites/find", query = "days*" }, query = "where*",
              answer = "array", about = "Some." },
            { "of", v4 = "GET /kites/of/{owner_id}", v1 = "GET /v1/kites{?owner_id}", query = "ticket",
              answer = "object", about = "Somebody's." },
            { "over", v1 = "GET /v1/kites/over{?site_id}", answer = "array", about = "Of a project." },
            { "paint", v4 = "POST /kites/paint", v1 = "POST /v1/kites/paint", upload = "picture*", about = "One." },
          },
        },
      },
    }
  end)

  --- Both generations take these queries.
  local function takes(...)
    for _, query in ipairs { ... } do
      for _, path in ipairs { "/kites", "/v1/kites" } do
        local answer = send(api, "GET", path, query)
        assert.same({ query, 200, "[]" }, { query, answer.status, answer.body }, header(answer, "X-Fake-Reason"))
      end
    end
  end

  --- Both generations refuse these queries, for the reason that follows each of them.
  local function refuses(...)
    local list = { ... }
    for i = 1, #list, 2 do
      for _, path in ipairs { "/kites", "/v1/kites" } do
        local answer = send(api, "GET", path, list[i])
        assert.same({ list[i], 400, list[i + 1] }, { list[i], answer.status, header(answer, "X-Fake-Reason") })
      end
    end
  end

  it("has lists in brackets when it says nothing else", function()
    takes("sizes[]=1&sizes[]=2", "sizes%5B%5D=1", "sizes[0]=1&sizes[1]=2")
    refuses("sizes=1", "sizes: a list is written name[]=value", "sizes=1,2", "sizes: a list is written name[]=value",
      "sizes[]=10", "sizes: more than 9", "sizes[]=x", "sizes: not a whole number")
  end)

  it("may have lists as a name for each value", function()
    takes("tails=1", "tails=1&tails=2", "tails=1&sizes[]=1&tails=1")
    refuses(
      "tails[]=1&tails[]=2", "tails: a list is written name=value&name=value",
      "tails%5B0%5D=1", "tails: a list is written name=value&name=value",
      "tails=1&tails[]=2", "tails: a list is written name=value&name=value",
      "tails=1,2", "tails: not a whole number", "tails=", "tails: not a whole number",
      "tails=1&tails=x", "tails: not a whole number", "tails[a]=1", "tails[a]: no such query parameter")
  end)

  it("may have lists with commas", function()
    takes("days=2026-09-01", "days=2026-09-01,2026-09-02", "days=2026-09-01%2C2026-09-02", "colours=red,blue")
    refuses(
      "days[]=2026-09-01", "days: a list is written as one value",
      "days=2026-09-01&days=2026-09-02", "days: more than once",
      "days=2026-09-01,2026-09-31", "days[1]: not a date YYYY-MM-DD",
      "days=2026-09-01,%202026-09-02", "days[1]: not a date YYYY-MM-DD",
      "days=", "days[0]: empty", "days=2026-09-01,", "days[1]: empty", "days=,2026-09-01", "days[0]: empty",
      "days=2026-09-01%0A2026-09-02", "days[0]: not a date YYYY-MM-DD",
      "colours=red,green", "colours[1]: not one of the allowed values")
  end)

  it("may have lists with a line for each value, under another name", function()
    takes("strings=hemp", "strings=hemp%0Asilk%2C+red", "strings=a,b")
    refuses(
      "strings[]=hemp", "strings: a list is written as one value", "strings=a&strings=b", "strings: more than once",
      "strings=a%0A%0Ab", "strings[1]: empty", "strings=a%0A", "strings[1]: empty",
      "lines=hemp", "lines: no such query parameter", "strings=a&lines=b", "lines: no such query parameter")
  end)

  it("may have tables as a tree", function()
    expect(200, "[]", api, "GET", "/kites", "where[a]=1")
    expect(200, "[]", api, "GET", "/kites", "where%5Ba%5D%5Bb%5D=1&where%5Ba%5D%5Bc%5D%5B0%5D=x%26y&tails=1")
    expect(200, "[]", api, "GET", "/kites", "where[a][0][b]=1&where[a][0][c]=&where[a][1][b]=%5B%5D&where[d]=caf%C3%A9")
    expect(200, "[]", api, "GET", "/v1/kites", "filter[a][b][c][d][e]=1&filter[a][b][c][d][f]=2")
    for query, reason in pairs {
      ["where=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a][]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a]b=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a[b]]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a]=1&where[a]=2"] = "where: a member twice",
      ["where[a]=1&where[a][b]=2"] = "where: a member twice",
      ["where[a][b]=1&where[a]=2"] = "where: a member twice",
      ["where[0]=1"] = "where: not an object",
      ["where[a][1]=1"] = "where[a]: a list that is not numbered 0, 1, 2 and so on",
      ["where[a][0]=1&where[a][2]=1"] = "where[a]: a list that is not numbered 0, 1, 2 and so on",
      ["where[a][0]=1&where[a][b]=1"] = "where[a]: numbers and names side by side",
      ["where=%7B%22a%22:1%7D"] = "where: it is written name[member]=value, lists numbered from 0",
      ["filter[a]=1"] = "filter[a]: no such query parameter",
    } do
      assert.same({ query, reason }, { query, refused(400, "Bad Request", api, "GET", "/kites", query) })
    end
    assert.equal("where[a]: no such query parameter",
      refused(400, "Bad Request", api, "GET", "/v1/kites", "where[a]=1"))
    refused(400, "Bad Request", api, "GET", "/v1/kites", "filter[a]=1&where[a]=1")
    refused(400, "Bad Request", api, "GET", "/kites", "where[a%zz]=1")
  end)

  it("may have lists of tables as a tree, and is held to their members", function()
    takes("sort[0][by]=a", "sort[0][by]=a&sort[0][down]=1&sort[1][by]=b")
    refuses(
      "sort[by]=a", "sort: not a list", "sort[0]=a", "sort[0]: not an object",
      "sort[1][by]=a", "sort: a list that is not numbered 0, 1, 2 and so on",
      "sort[0][by][x]=a", "sort[0].by: not a single value", "sort[0][down]=1", "sort[0].by: required, not there",
      "sort[0][by]=a&sort[0][up]=1", "sort[0].up: no such member",
      "sort[0][by]=a&sort[0][down]=any", "sort[0].down: neither 0 nor 1")
  end)

  it("may have tables as JSON", function()
    takes('notes={"a":[1,{"b":null}]}', "notes=%7B%7D", "winds=[]", 'winds=[{},{"a":1}]')
    refuses(
      "notes=[]", "notes: not an object", "notes=1", "notes: not an object", "winds={}", "winds: not an array",
      "winds=[1]", "winds[0]: not an object", "notes[a]=1", "notes[a]: no such query parameter",
      "notes[]={}", "notes: it is written as one JSON text", "notes={}&notes={}", "notes: more than once")
    for _, text in ipairs { "", "{", "{a:1}", "{}{}", "a" } do
      assert.is_truthy(refused(400, "Bad Request", api, "GET", "/kites", "notes=" .. text):find("^notes: not JSON: "))
    end
    expect(200, "[]", api, "GET", "/kites", 'shape={"w":1.5,"knots":"1,2"}')
    expect(200, "[]", api, "GET", "/v1/kites", 'shape={"width":1}')
    assert.equal("shape.w: required, not there",
      refused(400, "Bad Request", api, "GET", "/kites", 'shape={"width":1}'))
    assert.equal("shape.w: no such member",
      refused(400, "Bad Request", api, "GET", "/v1/kites", 'shape={"width":1,"w":1}'))
    assert.equal("shape.w: not a number", refused(400, "Bad Request", api, "GET", "/kites", 'shape={"w":"1"}'))
    assert.equal("shape.knots: not a list as one string",
      refused(400, "Bad Request", api, "GET", "/kites", 'shape={"w":1,"knots":[1]}'))
  end)

  it("may have a name for each generation", function()
    expect(200, "[]", api, "GET", "/kites", "m=2026-09&author=a")
    expect(200, "[]", api, "GET", "/v1/kites", "period=2026-09&maker=a")
    for _, query in ipairs { "month=2026-09", "period=2026-09", "maker=a", "m=2026-09&month=2026-09" } do
      refused(400, "Bad Request", api, "GET", "/kites", query)
    end
    for _, query in ipairs { "month=2026-09", "m=2026-09", "author=a" } do
      refused(400, "Bad Request", api, "GET", "/v1/kites", query)
    end
    assert.equal("since: not a date YYYY-MM-DD", refused(400, "Invalid date", api, "GET", "/kites", "since=x"))
    takes("since=2026-09-01")
    refuses("date_from=2026-09-01", "date_from: no such query parameter")
  end)

  it("may have an id in the query, or the key's name, as the name of a generation", function()
    expect(200, "{}", api, "GET", "/kites/of/7", "token=ticket")
    refused(400, "Bad Request", api, "GET", "/kites/of/7", "ticket=ticket")
    expect(200, "{}", api, "GET", "/v1/kites", "owner=7&ticket=ticket")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner=x")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner_id=7")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner=7&owner_id=7")
    refused(404, "Not Found", api, "GET", "/v1/kites/over", "project=147696")
  end)

  it("may have months", function()
    expect(200, "[]", api, "GET", "/kites", "m=2026-12")
    for _, month in ipairs { "2026-00", "2026-13", "2026-9", "2026-09-01", "202609", "", "26-09" } do
      assert.equal("m: not a month YYYY-MM", refused(400, "Bad Request", api, "GET", "/kites", "m=" .. month))
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":"' .. month .. '"}')
    end
    refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":202609}')
  end)

  it("may have another body, body's kind, query or envelope in one generation", function()
    expect(200, "", api, "PUT", "/kites/7", nil, '{"day":"2026-09-01"}')
    refused(400, "Bad Request", api, "PUT", "/kites/7", nil, '{"day":"2026-09-01","author":"a"}')
    expect(200, "", api, "PATCH", "/v1/kites", "kite_id=7", '{"maker":"a"}')
    assert.equal("maker: required, not there",
      refused(400, "Bad Request", api, "PATCH", "/v1/kites", "kite_id=7", '{"day":"2026-09-01"}'))
    refused(400, "Bad Request", api, "PATCH", "/v1/kites", nil, '{"maker":"a"}')

    expect(200, "", api, "POST", "/kites/buy", nil, '[{"author":"a"},{"author":"b","m":"2026-09"}]')
    assert.equal("[0].author: required, not there",
      refused(400, "Bad Request", api, "POST", "/kites/buy", nil, '[{"maker":"a"}]'))
    assert.equal("the body must be a JSON array",
      refused(400, "Bad Request", api, "POST", "/kites/buy", nil, '{"author":"a"}'))
    expect(200, "", api, "POST", "/v1/kites/buy", nil, '{"maker":"a"}')
    refused(400, "Bad Request", api, "POST", "/v1/kites/buy", nil, '[{"maker":"a"}]')

    expect(200, "[]", api, "GET", "/kites/find", "where[a]=1")
    expect(200, "[]", api, "GET", "/v1/kites/find", "days=2026-09-01")
    assert.equal("where: required, not there", refused(400, "Bad Request", api, "GET", "/kites/find"))
    assert.equal("days: required, not there", refused(400, "Bad Request", api, "GET", "/v1/kites/find"))
    refused(400, "Bad Request", api, "GET", "/kites/find", "where[a]=1&days=2026-09-01")
    refused(400, "Bad Request", api, "GET", "/v1/kites/find", "days=2026-09-01&filter[a]=1")

    expect(200, "", api, "POST", "/kites", nil, '[{"m":"2026-09"}]')
    for _, body in ipairs { '{"m":"2026-09"}', "[]", '[{"m":"2026-09"},{"m":"2026-10"}]', "[[]]", "null" } do
      assert.equal("the body must be a JSON array of one object",
        refused(400, "Bad Request", api, "POST", "/kites", nil, body))
    end
    assert.equal("[0].m: required, not there",
      refused(400, "Bad Request", api, "POST", "/kites", nil, '[{"month":"2026-09"}]'))
    refused(400, "Bad Request", api, "POST", "/kites", "author=a", '[{"m":"2026-09"}]')
    expect(200, "", api, "POST", "/v1/kites", "maker=a", '{"period":"2026-09"}')
    assert.equal("the body must be a JSON object",
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '[{"period":"2026-09"}]'))
  end)

  it("has what is written with commas, lines or as JSON as one string in a body, all others plainly", function()
    local function bodies(members)
      return '[{"m":"2026-09",' .. members .. "}]", '{"period":"2026-09",' .. members .. "}"
    end
    for _, members in ipairs {
      '"days":"2026-09-01,2026-09-02"', '"days":""', '"strings":"a,b\\nc"', '"colours":"blue"', '"tails":[1,2]',
      '"tails":[]', '"sizes":[9]', [["notes":"{\"a\":{\"b\":[1]}}"]], '"winds":"[{}]"', '"notes":"{}"',
    } do
      local v4, v1 = bodies(members)
      expect(200, "", api, "POST", "/kites", nil, v4)
      expect(200, "", api, "POST", "/v1/kites", nil, v1)
    end
    for _, members in ipairs {
      '"days":["2026-09-01"]', '"days":"2026-09-01,"', '"days":"2026-09-01\\n2026-09-02"', '"days":"x"',
      '"strings":["a"]', '"strings":"a\\n\\nb"', '"lines":"a"', '"colours":"red,green"', '"tails":"1,2"', '"tails":1',
      '"tails":["1"]', '"sizes":[10]', '"notes":{}', '"notes":"[]"', '"winds":"{}"', '"winds":[{}]', '"winds":"[1]"',
      '"shape":"{}"', '"notes":"x"',
    } do
      local v4, v1 = bodies(members)
      refused(400, "Bad Request", api, "POST", "/kites", nil, v4)
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, v1)
    end
    expect(200, "", api, "POST", "/kites", nil, [=[[{"m":"2026-09","where":{"a":1},"shape":"{\"w\":1,\"knots\":\"1\"}"}]]=])
    expect(200, "", api, "POST", "/v1/kites", nil, [[{"period":"2026-09","filter":{"a":[1]},"shape":"{\"width\":1}"}]])
    refused(400, "Bad Request", api, "POST", "/kites", nil, '[{"m":"2026-09","filter":{}}]')
    refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":"2026-09","where":{}}')
  end)

  it("has the parts of an upload named by generation", function()
    local function upload(path, name)
      return api:handle({
        method = "POST", path = path,
        body = '--x\r\nContent-Disposition: form-data; name="' .. name .. '"; filename="a.png"\r\n\r\n1\r\n--x--\r\n',
        headers = { authorization = "Token " .. (path:find("^/v1/") and UUID or HEX),
          ["content-type"] = "multipart/form-data; boundary=x" },
      }).status
    end
    assert.same({ 200, 400 }, { upload("/kites/paint", "picture"), upload("/kites/paint", "image") })
    assert.same({ 400, 200 }, { upload("/v1/kites/paint", "picture"), upload("/v1/kites/paint", "image") })
  end)
end)

describe("the fake's JSON", function()
  it("writes lists as lists, and whole numbers without a fraction", function()
    assert.equal("[]", json.encode(json.array {}))
    assert.equal("{}", json.encode {})
    assert.equal('{"a":[1,-2,0.5,2296380.85],"b":null,"c":{"d":true}}',
      json.encode { a = json.array { 1.0, -2, 0.5, 2296380.85 }, b = json.null, c = { d = true } })
    assert.equal("4503599627370496", json.encode(2 ^ 52))
    assert.equal('"\\"\\\\\\n\\u0000\\u001f\\u007f/\195\169"', json.encode('"\\\n\0\31\127/\195\169'))
    assert.has_error(function() json.encode(0 / 0) end)
    assert.has_error(function() json.encode(math.huge) end)
  end)

  it("reads strictly, and tells 1 from 1.0 and [] from {}", function()
    local function kind(text)
      local node = json.decode(text)
      return node and node.kind
    end
    assert.equal("integer", kind("1"))
    assert.equal("integer", kind(" -0 "))
    assert.equal("number", kind("1.0"))
    assert.equal("number", kind("1e3"))
    assert.equal("array", kind("[]"))
    assert.equal("object", kind("{ }"))
    assert.equal("null", kind("null"))
    assert.equal("boolean", kind("false"))
    assert.equal('"\n\195\169\240\159\152\128\0', json.decode('"\\"\\n\\u00e9\\ud83d\\ude00\\u0000"').value)
    local values = {}
    for i, node in ipairs(json.decode(" [ 1 ,-2.5E1,\r\n5e-1\t] ").value) do
      values[i] = node.value
    end
    assert.same({ 1, -25, 0.5 }, values)
    assert.same({ "b", "a" }, json.decode('{"b":{},"a":[]}').names)
  end)

  it("refuses all else", function()
    for _, text in ipairs {
      "", " ", "tru", "True", "01", "-", "1.", ".5", "+1", "1e", "0x10", "Infinity", "-Infinity", "[1", "[1,]", "[,1]",
      "[1 2]", "{", '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', '{"a":1 "b":2}', "{1:2}", '"', '"a', '"\\x"', '"\\u12"',
      '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"', '"a\tb"', '"\0"', "1 2", "nullx", "\239\187\1911", '"\255"',
      '"\192\128"', '"\224\128\128"', '"\237\160\128"', '"\244\144\128\128"', '"\195"', ("["):rep(100),
      ("["):rep(70) .. ("]"):rep(70),
    } do
      local node, reason = json.decode(text)
      assert.is_nil(node, text)
      assert.is_string(reason)
    end
  end)
end)
