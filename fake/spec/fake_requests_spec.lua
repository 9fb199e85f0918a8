--- How the fake API takes and refuses paths, queries, bodies; the documented messages.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local HEX, UUID = ask.V4_KEY, ask.V1_KEY
local P = "/v1/project-management"
local new, send, expect, refused = ask.new, ask.send, ask.expect, ask.refused
local header, message, message_of, with_project = ask.header, ask.message, ask.message_of, ask.with_project

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
