--- Requests of a client: paths, queries, bodies, and client:request.
-- SPDX-License-Identifier: MIT

local operation = require "seranking.operation"
local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"

local raised, misuse_of = script.located, script.misuse_of

after_each(function()
  collectgarbage()
  collectgarbage()
end)

describe("a request", function()
  it("writes an id given as a float without a fraction", function()
    local client, api = scene.new()
    client.sites:create { url = "http://example.com", title = "example1" }
    assert(client.sites(147696.0).keywords:list())
    assert.equal("GET", api.log[2].method)
    assert.equal("/sites/147696/keywords", api.log[2].path)
  end)

  it("writes lists of a query in encoded brackets, in v4 with the id in the path", function()
    local client = scene.new()
    local request = client.sites.keywords.delete:dry_run { site_id = 1, keywords_ids = { 2, 3 } }
    assert.equal("DELETE", request.method)
    assert.equal("https://api4.seranking.com/sites/1/keywords?keywords_ids%5B%5D=2&keywords_ids%5B%5D=3", request.url)
    assert.is_nil(request.body)
  end)

  it("writes lists of a query in encoded brackets, in v1 with the id in the query", function()
    local client = scene.new { api = "v1" }
    local request = client.sites.keywords.delete:dry_run { site_id = 1, keywords_ids = { 2, 3 } }
    assert.equal("DELETE", request.method)
    assert.equal("https://api.seranking.com/v1/project-management/keywords?site_id=1"
      .. "&keywords_ids%5B%5D=2&keywords_ids%5B%5D=3", request.url)
  end)

  it("uses PATCH for v4's PUT in v1, and moves both ids", function()
    local request = scene.new({ api = "v1" }).sites(7).search_engines(9).update:dry_run { merge_map = 2 }
    assert.equal("PATCH", request.method)
    assert.equal("https://api.seranking.com/v1/project-management/sites/search-engines?site_id=7&site_engine_id=9",
      request.url)
    assert.equal('{"merge_map":2}', request.body)
    assert.equal("application/json", request.headers["content-type"])
    assert.is_nil(request.headers["accept-encoding"]) -- which libcurl sets
  end)

  it("writes ids as digits, whatever their type", function()
    local client = scene.new()
    for _, id in ipairs { 147696, 147696.0, "147696", "00147696" } do
      assert.equal("https://api4.seranking.com/sites/147696/keywords",
        client.sites.keywords.list:dry_run({ site_id = id }).url)
    end
    assert.equal("https://api4.seranking.com/sites/5/keywords", client.sites(5).keywords.list:dry_run({ site_id = "05" }).url)
    for _, id in ipairs { "0x5", " 5", "5 ", "5e1", "5.0", "+5", "-5", ".", "1/../2", "5a" } do
      local wrong = ('site_id must be an id (digits, as a number or a string), got "%s"'):format(id)
      assert.equal("sites.keywords.list: " .. wrong, misuse_of(function() client.sites.keywords:list { site_id = id } end))
      assert.equal("client.sites: " .. wrong, misuse_of(function() local _ = client.sites(id) end))
      assert.is_false((pcall(function() client.sites(50).keywords.list:dry_run { site_id = id } end)))
      assert.is_false((pcall(function() client.sites(5).keywords.list:dry_run { site_id = id } end)))
    end
  end)

  it("encodes odd texts as one path segment", function()
    local client = scene.new()
    local made_up = { name = "made_up", params = { name = { type = "text" } } }
    local function url(name)
      local get = operation.new(client, made_up, { "get", v4 = "GET /sites/{name}/keywords", answer = "array" }, {})
      return get:dry_run({ name = name }).url:gsub("^https://api4.seranking.com", "")
    end
    assert.equal("/sites/1%2F..%2F2/keywords", (url "1/../2"))
    assert.equal("/sites/a%20b/keywords", (url "a b"))
    assert.equal("/sites/%C3%A9/keywords", (url "é"))
    assert.equal("/sites/%3Fx%3D1%23/keywords", (url "?x=1#"))
    assert.equal("/sites/%00/keywords", (url "\0"))
  end)

  it("writes an empty list in a body as []", function()
    local client = scene.new()
    assert.equal('{"name":"spring","urls":[],"domains":["a.example"]}',
      client.sites.url_tags.create:dry_run({ site_id = 1, name = "spring", urls = {}, domains = { "a.example" } }).body)
    assert.equal('[{"keyword":"boots","site_engine_ids":[]}]',
      client.sites.keywords.create:dry_run({ site_id = 1, { keyword = "boots", site_engine_ids = {} } }).body)
  end)

  it("sends an empty list that was decoded from an answer as []", function()
    local requester, log = script.new(function() return '{"list":[],"object":{}}' end)
    local value = assert(requester:request { path = "/x" })
    assert(requester:request { path = "/x", method = "POST", body = value })
    assert.equal('{"list":[],"object":{}}', log[2].body)
    assert(requester.sites(1):update({ title = "x" }, { extra = { member = value.list } }))
    assert.equal('{"title":"x","member":[]}', log[3].body)
  end)

  it("sends a list body as a bare array", function()
    local request = scene.new().sites(1).keywords.create:dry_run {
      { keyword = "boots", is_strict = true }, { keyword = "schöne anker", group_id = "55" },
    }
    assert.equal('[{"is_strict":true,"keyword":"boots"},{"group_id":55,"keyword":"schöne anker"}]', request.body)
  end)

  it("writes flags as 0 and 1, and booleans of a body as booleans", function()
    local client = scene.new()
    assert.equal('{"url":"a.example","title":"t","subdomain_match":1,"exact_url":0}', client.sites.create:dry_run({
      title = "t", url = "a.example", exact_url = false, subdomain_match = true,
    }).body)
  end)

  it("sends an empty object as {}", function()
    assert.equal("{}", scene.new().sites(1).positions.recheck:dry_run().body)
  end)

  it("puts the key into the header or the query, never both, and masks it when shown", function()
    local header = scene.new().sites.list:dry_run()
    assert.equal("Token …d14b", header.headers.authorization)
    assert.equal("https://api4.seranking.com/sites", header.url)
    local query = scene.new({ auth = "query" }).sites.list:dry_run()
    assert.is_nil(query.headers.authorization)
    assert.equal("https://api4.seranking.com/sites?token=…d14b", query.url)
    local v1 = scene.new({ api = "v1", auth = "query" }).sites(5).summary:dry_run()
    assert.is_nil(v1.headers.authorization)
    assert.equal("https://api.seranking.com/v1/project-management/sites/summary?site_id=5&apikey=…e5f6", v1.url)
  end)

  it("works with the key in the query", function()
    assert.equal(2296380.85, assert(scene.new({ auth = "query" }).account:balance()).value)
    assert(scene.new({ api = "v1", auth = "query" }).sites:list())
  end)
end)

describe("client:request", function()
  it("sends the given request and decodes JSON", function()
    local client, api = scene.new()
    local made, response = client:request {
      method = "POST", path = "/sites", body = { url = "http://example.com", title = "example1" },
    }
    assert.equal(147696, made.site_id)
    assert.equal(201, response.status)
    assert.equal('{"title":"example1","url":"http://example.com"}', api.log[1].body)
    assert.same({}, (client:request { path = "/sites/147696/keywords" }))
    assert.is_true(client:request { method = "DELETE", path = "/sites/147696" })
  end)

  it("writes queries in order, lists in brackets", function()
    local client, api = scene.new()
    client:request { path = "/anything", query = { b = { 1, 2.0, "x" }, a = true, c = 0.5 } }
    assert.equal("a=1&b%5B%5D=1&b%5B%5D=2&b%5B%5D=x&c=0.5", api.log[1].query)
  end)

  it("refuses lists of a query that are empty, have names or have holes", function()
    local client, api = scene.new()
    local function problem(ids)
      return misuse_of(function() client:request { method = "DELETE", path = "/x", query = { ids = ids } } end)
    end
    assert.equal("client:request: query parameter ids is an empty list: leave it out to send nothing", problem {})
    assert.equal("client:request: query parameter ids must be a list, but has the name 'x'", problem { x = 1 })
    assert.equal("client:request: query parameter ids must be a list without holes", problem { [2] = 2 })
    assert.equal("client:request: query parameter ids must be a list without holes", problem { 1, nil, 3 })
    assert.equal(0, #api.log)
  end)

  it("returns answers that are not JSON as bytes", function()
    local client, api = scene.new()
    api:fail { status = 200, body = "PK\3\4\0", headers = { { "Content-Type", "application/zip" } } }
    assert.equal("PK\3\4\0", (client:request { path = "/zip" }))
  end)

  it("refuses a second table: its options are fields of the first", function()
    local client, api = scene.new()
    assert.equal("client:request takes one table: options go into it, client:request { path = …, timeout = … }",
      misuse_of(function() client:request({ path = "/sites" }, { timeout = 1 }) end))
    assert.equal(0, #api.log)
  end)

  it("suggests its fields and the options of calls for unknown names", function()
    local client = scene.new()
    assert.equal("client:request: unknown option 'querry'; did you mean 'query'?",
      misuse_of(function() client:request { path = "/sites", querry = {} } end))
    assert.equal("client:request: unknown option 'timeot'; did you mean 'timeout'?",
      misuse_of(function() client:request { path = "/sites", timeot = 5 } end))
    assert.equal("client:request takes no extra: put the parameters into query or body",
      misuse_of(function() client:request { path = "/sites", extra = {} } end))
  end)

  it("refuses text that is not UTF-8 in a query", function()
    local client, api = scene.new()
    assert.equal("client:request: query parameter q is not valid UTF-8 at byte 2",
      misuse_of(function() client:request { path = "/sites", query = { q = "k\228se" } } end))
    assert.equal("client:request: query parameter q is not valid UTF-8 at byte 1",
      misuse_of(function() client:request { path = "/sites", query = { q = { "a", "\228" } } } end))
    assert.equal("client:request: query has a name that is not valid UTF-8",
      misuse_of(function() client:request { path = "/sites", query = { ["\228"] = 1 } } end))
    assert.equal(0, #api.log)
  end)

  it("refuses invalid requests with an explanation", function()
    local client, api = scene.new()
    local function problem(request)
      return misuse_of(function() client:request(request) end)
    end
    assert.equal("client:request: method must be GET, POST, PUT, PATCH or DELETE, got get", problem { method = "get" })
    assert.equal("client:request: repeatable must be true or false, got no", problem { path = "/x", repeatable = "no" })
    assert.equal("client:request: path must begin with a slash, got sites", problem { path = "sites" })
    assert.truthy(problem({ path = "/a b" }):find "path must be percent%-encoded")
    assert.truthy(problem({ path = "/a\r\nX: y" }):find "path must be percent%-encoded")
    assert.truthy(problem({ path = "/a", parh = "/b" }):find "unknown option 'parh'")
    assert.equal("client:request: body.a is a function, which JSON does not have", problem {
      method = "POST", path = "/a", body = { a = print },
    })
    assert.equal(0, #api.log)
  end)
end)

describe("a closed client", function()
  it("refuses calls, and can be closed again", function()
    local client = scene.new()
    local list = client.sites.list
    assert.is_nil(tostring(client):find("closed", 1, true))
    client:close()
    client:close()
    assert.truthy(tostring(client):find("^seranking client %(v4, .*, key …d14b, closed%)\n"))
    assert.equal("sites.list: the client is closed", misuse_of(function() list() end))
    assert.truthy(raised(function() client.sites.list:dry_run() end):find "sites.list: the client is closed")
    assert.equal("client:request: the client is closed", misuse_of(function() client:request { path = "/" } end))
  end)
end)

describe("a fake without a clock", function()
  it("has a manual one that the client uses, so that many calls never exceed its limit", function()
    local api = require("seranking.fake").new()
    local client = assert(seranking.new { token = scene.V4_KEY, transport = api })
    for _ = 1, 12 do
      local _, response = assert(client.account:balance())
      assert.equal(1, response.attempts)
    end
    assert.is_true(api.clock:now() >= 2 and api.clock:now() < 2.1)
    local before = api.clock:now()
    api:advance(600)
    assert.equal(before + 600, api.clock:now())
  end)

  it("uses the client's", function()
    local clock = seranking.clock()
    local api = require("seranking.fake").new { clock = clock }
    local client = assert(seranking.new { token = scene.V4_KEY, transport = api })
    for _ = 1, 6 do
      assert(client.account:balance())
    end
    assert.is_true(clock:now() >= 1)
  end)
end)
