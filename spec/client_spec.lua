--- Clients, resources and operations on the fake API, without sockets. SPDX-License-Identifier: MIT

local operation = require "seranking.operation"
local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"

-- The message of an error that is raised, which must point to this file.
local function raised(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return message
end

local function misuse_of(f)
  local message = raised(f)
  assert.truthy(message:match "client_spec.lua:%d+: ", "no position of the caller in: " .. message)
  return (message:gsub("^.-client_spec.lua:%d+: ", ""))
end

after_each(function()
  collectgarbage()
  collectgarbage()
end)

describe("what goes out", function()
  it("asks for /sites/147696/keywords when the id is a float", function()
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

  it("and in v1 with the id in the query", function()
    local client = scene.new { api = "v1" }
    local request = client.sites.keywords.delete:dry_run { site_id = 1, keywords_ids = { 2, 3 } }
    assert.equal("DELETE", request.method)
    assert.equal("https://api.seranking.com/v1/project-management/keywords?site_id=1"
      .. "&keywords_ids%5B%5D=2&keywords_ids%5B%5D=3", request.url)
  end)

  it("makes PATCH of PUT in v1 and moves both ids", function()
    local request = scene.new({ api = "v1" }).sites(7).search_engines(9).update:dry_run { merge_map = 2 }
    assert.equal("PATCH", request.method)
    assert.equal("https://api.seranking.com/v1/project-management/sites/search-engines?site_id=7&site_engine_id=9",
      request.url)
    assert.equal('{"merge_map":2}', request.body)
    assert.equal("application/json", request.headers["content-type"])
  end)

  it("has ids as digits, however they are given", function()
    local client = scene.new()
    for _, id in ipairs { 147696, 147696.0, "147696", "00147696" } do
      assert.equal("https://api4.seranking.com/sites/147696/keywords",
        client.sites.keywords.list:dry_run({ site_id = id }).url)
    end
    assert.equal("https://api4.seranking.com/sites/5/keywords", client.sites(5).keywords.list:dry_run({ site_id = "05" }).url)
    for _, id in ipairs { "0x5", " 5", "5 ", "5e1", "5.0", "+5", "-5", ".", "1/../2", "5a" } do
      local wrong = ('sites.keywords.list: site_id must be an id (digits, as a number or a string), got "%s"'):format(id)
      assert.equal(wrong, misuse_of(function() client.sites.keywords:list { site_id = id } end))
      assert.equal(wrong, misuse_of(function() client.sites(id).keywords:list() end))
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

  it("sends an empty list of an answer as an empty list", function()
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

  it("writes flags as 0 and 1, booleans in a body as such", function()
    local client = scene.new()
    assert.equal('{"url":"a.example","title":"t","subdomain_match":1,"exact_url":0}', client.sites.create:dry_run({
      title = "t", url = "a.example", exact_url = false, subdomain_match = true,
    }).body)
  end)

  it("sends an object body with nothing in it as {}", function()
    assert.equal("{}", scene.new().sites(1).positions.recheck:dry_run().body)
  end)

  it("puts the key into the header, or into the query, never both, masked in what is shown", function()
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

describe("the generation", function()
  it("is v4 unless the key looks like a UUID, or as said", function()
    assert.equal("v4", seranking.new({ token = "x" }).api)
    assert.equal("v4", seranking.new({ token = false }).api)
    assert.equal("v1", seranking.new({ token = scene.V1_KEY }).api)
    assert.equal("v1", seranking.new({ token = scene.V1_KEY:upper() }).api)
    assert.equal("v4", seranking.new({ token = scene.V1_KEY, api = "v4" }).api)
    assert.equal("https://api.seranking.com", seranking.new({ token = "x", api = "v1" }).base_url)
  end)

  it("of an operation that it lacks is named in an error, with the operation to use", function()
    local client, api = scene.new { api = "v1" }
    local none, err = client.account:balance()
    assert.is_nil(none)
    assert.is_true(seranking.is_error(err))
    assert.equal("invalid not_in_v1", err.kind .. " " .. err.code)
    assert.equal("account.balance does not exist in v1", err.message)
    assert.equal("use client.account:subscription instead", err.hint)
    assert.equal("account.subscription", err.instead)
    assert.is_false(err.sent or err.retryable)
    assert.equal(0, #api.log)
    local _, other = scene.new().airt.sources:domains { site_id = 1 }
    assert.equal("invalid not_in_v4", other.kind .. " " .. other.code)
    assert.equal("use client.airt.prompts:answer instead, or a key for v1, which has it", other.hint)
  end)

  it("that lacks an operation is told by its methods too", function()
    local client = scene.new { api = "v1" }
    local op = client.key_volume.list
    assert.equal("not_in_v1", select(2, op:all()).code)
    assert.equal("not_in_v1", select(2, op:wait()).code)
    assert.equal("not_in_v1", select(2, op:dry_run()).code)
    assert.equal("not_in_v1", raised(function() op:each() end).code)
    assert.equal("key_volume.list", op:describe().name)
    assert.equal("data.keywords.export", op:describe().instead)
  end)

  it("that a key is not for is named where the API refuses the key", function()
    local _, err = scene.new({ token = scene.V1_KEY, api = "v4" }).sites:list()
    assert.equal("auth", err.kind)
    assert.equal('this looks like a v1 key: remove api = "v4"', err.hint)
    _, err = scene.new({ token = scene.V4_KEY, api = "v1" }).sites:list()
    assert.equal("auth", err.kind)
    assert.equal('this looks like a v4 key: remove api = "v1"', err.hint)
    _, err = scene.new({ token = ("f"):rep(40) }).sites:list()
    assert.truthy(err.hint:find("^check the key"))
    local getenv = os.getenv
    os.getenv = function(name) return name == "SERANKING_API" and "v4" or nil end -- luacheck: ignore
    finally(function() os.getenv = getenv end) -- luacheck: ignore
    _, err = scene.new({ token = scene.V1_KEY }).sites:list()
    assert.equal("this looks like a v1 key: unset SERANKING_API", err.hint)
  end)

  for _, api in ipairs { "v4", "v1" } do
    it("does not change the Lua of a whole life of a site: " .. api, function()
      local client, fake = scene.new { api = api, rate = { limit = 5 } }
      local site_id = assert(client.sites:create { url = "http://example.com", title = "example1" }).site_id
      assert.equal(147696, site_id)
      assert.equal("147696", tostring(site_id))
      local site = client.sites(site_id)
      assert.equal("example1", assert(client.sites:list())[1].title)
      assert.equal("147696", tostring(client.sites:list()[1].id))
      assert.is_nil(client.sites:list()[1].check_day)
      local engine = assert(site.search_engines:create { search_engine_id = 200, lang_code = "en" })
      local made = assert(site.keywords:create {
        { keyword = "harbour boots", site_engine_ids = { engine.site_engine_id } }, { keyword = "anchors" },
      })
      assert.equal(2, made.added)
      local keywords = assert(site.keywords:list())
      assert.equal("harbour boots", keywords[1].name)
      assert.is_nil(keywords[1].link)
      assert.is_true(assert(site.keywords(keywords[2].id):update { keyword = "ship anchors" }))
      assert.equal("ship anchors", site.keywords:list()[2].name)
      local group = assert(client.keyword_groups:create { site_id = site_id, name = "Boots" })
      assert.is_true(client.keyword_groups(group.group_id):move { keywords_ids = made.ids })
      assert.equal(group.group_id, site.keywords:list()[1].group_id)
      assert.is_true(assert(site.keywords:delete { keywords_ids = { keywords[1].id } }))
      assert.equal(1, #assert(site.keywords:list()))
      assert.is_true(assert(site:update { title = "renamed", is_active = false }))
      assert.equal("renamed", client.sites:list()[1].title)
      assert.is_table(assert(site:summary()))
      assert.is_true(assert(site:delete()))
      assert.same({}, assert(client.sites:list()))
      local none, err = site:summary()
      assert.is_nil(none)
      assert.equal("not_found", err.kind)
      assert.equal(404, err.status)
      for _, record in ipairs(fake.log) do
        assert.not_equal(429, record.status)
      end
    end)
  end
end)

describe("resources", function()
  it("can be called with a colon or a point", function()
    local client = scene.new()
    assert.same({}, (client.sites:list()))
    assert.same({}, (client.sites.list()))
    assert.same({}, (client.sites.list {}))
  end)

  it("bind ids for all that is below", function()
    local client, api = scene.new()
    local site = client.sites("147696")
    client.sites:create { url = "example.com", title = "a" }
    assert(site:summary())
    assert.equal("/sites/147696/stat", api.log[2].path)
    assert.equal("seranking resource sites (site_id = 147696)", tostring(site))
    assert.equal("seranking operation sites.keywords.list", tostring(site.keywords.list))
  end)

  it("do not share what they are bound to", function()
    local client = scene.new()
    local one, two = client.sites(1), client.sites(2)
    assert.truthy(one.keywords.list:dry_run().url:find "/sites/1/")
    assert.truthy(two.keywords.list:dry_run().url:find "/sites/2/")
    assert.equal("sites.keywords.list: site_id is required",
      misuse_of(function() client.sites.keywords:list() end))
  end)

  it("take an id twice only when it is the same", function()
    local client = scene.new()
    assert.truthy(client.sites(7.0).keywords.list:dry_run { site_id = "7" })
    assert.truthy(client.sites("7").keywords.list:dry_run { site_id = 7 })
    assert.truthy(client.sites(1).keywords.list:dry_run { site_id = 1 })
    assert.equal("sites.keywords.list: site_id is bound to 1 already, and given as 2",
      misuse_of(function() client.sites(1).keywords:list { site_id = 2 } end))
  end)

  it("refuse ids that are none, before anything is sent", function()
    for _, api in ipairs { "v4", "v1" } do
      local client, fake = scene.new { api = api }
      assert.equal('client.sites(""): site_id must be a number or a string that is not empty',
        misuse_of(function() local _ = client.sites "" end))
      assert.equal("client.sites(nil): site_id must be a number or a string that is not empty",
        misuse_of(function() local _ = client.sites(nil) end))
      assert.equal("sites.delete: site_id must not be empty", misuse_of(function() client.sites:delete { site_id = "" } end))
      assert.equal("sites.delete: site_id is required", misuse_of(function() client.sites:delete() end))
      assert.equal("sites.keywords.delete: keywords_ids must not be empty",
        misuse_of(function() client.sites(1).keywords:delete { keywords_ids = {} } end))
      assert.truthy(misuse_of(function() client.sites(1.5).keywords:list() end):find "site_id must be an id")
      assert.truthy(misuse_of(function() client.sites:delete { site_id = {} } end):find "got a table")
      assert.truthy(misuse_of(function() client.sites:delete { site_id = 0 / 0 } end):find "site_id must be an id")
      assert.equal(0, #fake.log)
    end
    local made_up = { name = "made_up", params = { name = { type = "text" } } }
    local get = operation.new(scene.new(), made_up, { "get", v4 = "GET /sites/{name}", answer = "array" }, {})
    for _, dots in ipairs { ".", ".." } do
      assert.equal('made_up.get: name must not be "." or ".."', misuse_of(function() get { name = dots } end))
    end
  end)

  it("suggest the name that was meant", function()
    local client = scene.new()
    assert.equal("client has no 'site'; did you mean 'sites'?", misuse_of(function() return client.site end))
    assert.equal("client.sites has no 'lst'; did you mean 'list'?", misuse_of(function() return client.sites.lst end))
    assert.equal("client.sites.keywords has no 'remove_everything'; there are: create, delete, list, update",
      misuse_of(function() return client.sites.keywords.remove_everything end))
    for _, call in ipairs {
      function() client.sites(1).positions { date_from = "2026-01-01" } end,
      function() client.sites.positions {} end,
      function() client.sites:positions { date_from = "2026-01-01" } end,
      function() client.sites(1):positions { date_from = "2026-01-01" } end,
    } do
      assert.equal("client.sites.positions is a resource, which takes no parameters; or call one of "
        .. "its operations with a colon, as in client.sites.positions:check_dates { … }: "
        .. "check_dates, checkpoints, history, list, recheck, set", misuse_of(call))
    end
    assert.truthy(misuse_of(function() client.sites { site_id = 1 } end):find("client.sites is a resource, which takes no "
      .. "parameters, but an id: client.sites(site_id); or call one of its operations with a colon, as in client.sites:", 1,
      true))
    for _, made in ipairs { client, client.data } do
      local name = made == client and "sites" or "backlinks"
      assert.truthy(misuse_of(function() made[name](made) end):find("reached with a dot, not a colon, and", 1, true))
    end
    assert.truthy(misuse_of(function() client:sites() end):find("no parameters, but an id: client.sites(site_id)", 1, true))
    assert.truthy(misuse_of(function() client:sites(5) end):find "^client.sites is reached with a dot")
    assert.equal("client.sites takes one id, got a second: 2", misuse_of(function() client.sites(1, 2) end))
    assert.equal("client.account is not bound to an id: call one of its operations",
      misuse_of(function() local _ = client.account(1) end))
  end)
end)

describe("arguments", function()
  local client, api
  before_each(function()
    client, api = scene.new()
  end)

  local function create(args)
    return misuse_of(function() client.sites:create(args) end)
  end

  it("that nobody knows are refused with a suggestion", function()
    assert.equal("sites.create: unknown parameter 'titel'; did you mean 'title'?", create { url = "a", titel = "b" })
    assert.truthy(create({ "a" }):find("sites.create takes parameters by name, { name = value }, and element 1 has none; "
      .. "there are: auto_reports, ", 1, true))
    assert.equal("sites.keywords.create: element 1 has an unknown member 'keywrod'; did you mean 'keyword'?",
      misuse_of(function() client.sites(1).keywords:create { { keywrod = "a" } } end))
  end)

  it("that are missing are named", function()
    assert.equal("sites.create: title is required", create { url = "a" })
    assert.equal("sites.keywords.create: element 2 lacks the member 'keyword'",
      misuse_of(function() client.sites(1).keywords:create { { keyword = "a" }, {} } end))
    assert.equal("sites.keywords.create: at least one element is required: { { … }, { … } }",
      misuse_of(function() client.sites(1).keywords:create {} end))
  end)

  it("of a wrong type or outside their range are named with what they may be", function()
    local function site(args)
      args.url, args.title = args.url or "a", args.title or "b"
      return create(args)
    end
    assert.equal("sites.create: depth must be one of 100, 200, got 150", site { depth = 150 })
    assert.equal('sites.create: depth must be a whole number, got "100"', site { depth = "100" })
    assert.equal("sites.create: url must be a string, got 5", site { url = 5 })
    assert.equal("sites.create: title is not valid UTF-8 at byte 3", site { title = "ab\233" })
    assert.equal("sites.create: is_active must be 0, 1, true or false, got 2", site { is_active = 2 })
    assert.equal("sites.create: check_day must be from 1 to 31, got 32", site { check_day = 32 })
    assert.truthy(site({ check_freq = "daily" }):find('must be one of check_daily, .*, got "daily"$'))
    assert.equal('sites.positions.list: date_from must be a date (YYYY-MM-DD, a number of os.time, or a table like '
      .. 'os.date("*t")), got "1.9.2026"',
      misuse_of(function() client.sites(1).positions:list { date_from = "1.9.2026" } end))
    for _, date in ipairs { "2026-13-01", "2026-02-30", "2026-00-10", "2026-1-1", "20260101", "2026-01-01 " } do
      assert.truthy(misuse_of(function() client.sites(1).positions:list { date_from = date } end):find "must be a date")
    end
    assert.equal("sites.keywords.delete: keywords_ids must be a list without holes",
      misuse_of(function() client.sites(1).keywords:delete { keywords_ids = { [1] = 1, [3] = 3 } } end))
    assert.equal("sites.keywords.delete: keywords_ids must be a list, but has the name 'a'",
      misuse_of(function() client.sites(1).keywords:delete { keywords_ids = { a = 1 } } end))
    assert.equal('keyword_groups.move: keywords_ids element 2 must be an id (digits, as a number or a string), '
      .. 'got "x"', misuse_of(function() client.keyword_groups(1):move { keywords_ids = { 1, "x" } } end))
    assert.equal(0, #api.log)
  end)

  it("that would be empty, where something must be there, are refused before anything is sent", function()
    for message, call in pairs {
      ["keyword_groups.create: name must not be empty"] = function()
        client.keyword_groups:create { name = "", site_id = 1 }
      end,
      ["sites.create: url must not be empty"] = function() client.sites:create { url = "", title = "a" } end,
      ["sites.keywords.create: element 1 member keyword must not be empty"] = function()
        client.sites(1).keywords:create { { keyword = "" } }
      end,
      ["data.domain.keywords.list: domain must not be empty"] = function()
        client.data.domain.keywords:list { source = "us", domain = "" }
      end,
      ["keyword_groups.move: keywords_ids must have at least 1 element, got 0"] = function()
        client.keyword_groups(1):move { keywords_ids = {} }
      end,
      ["site_groups.move: site_ids must have at least 1 element, got 0"] = function()
        client.site_groups(1):move { site_ids = {} }
      end,
      ["backlinks.delete: backlink_ids must have at least 1 element, got 0"] = function()
        client.backlinks(1):delete { backlink_ids = {} }
      end,
      ["backlinks.recheck: row_ids must have at least 1 element, got 0"] = function()
        client.backlinks(1):recheck { row_ids = {} }
      end,
      ["airt.prompts.delete: prompt_llm_ids must have at least 1 element, got 0"] = function()
        client.airt.prompts:delete { site_id = 1, llm_id = 1, prompt_llm_ids = {} }
      end,
      ["airt.prompt_groups.move: prompt_llm_ids must have at least 1 element, got 0"] = function()
        client.airt.prompt_groups(1):move { site_id = 1, prompt_llm_ids = {} }
      end,
    } do
      assert.equal(message, misuse_of(call))
    end
    assert.equal(0, #api.log)
    -- a set may be emptied, and a text that need not be there may be empty
    assert.equal("[]", client.users.sites.share:dry_run({ user_id = 1, site_ids = {} }).body)
    assert.equal('{"comment":""}', client.sites.keywords.update:dry_run({ site_id = 1, keyword_id = 1, comment = "" }).body)
  end)

  it("that are no table at all are explained", function()
    assert.equal("account.balance takes no parameters, got 5", misuse_of(function() client.account:balance(5) end))
    assert.equal("account.balance: unknown parameter '1'; there are none",
      misuse_of(function() client.account:balance { "a" } end))
    assert.equal("sites.delete takes a table of parameters, { name = value }, got 5; write client.sites(5):delete()",
      misuse_of(function() client.sites:delete(5) end))
  end)

  it("with the key in them by mistake do not show it in a dry run", function()
    local key = scene.V4_KEY
    local request = client.sites.create:dry_run { url = "a", title = "my " .. key }
    assert.equal('{"url":"a","title":"my …d14b"}', request.body)
    assert.equal("https://api4.seranking.com/sites/1/stat?a=…d14b",
      client.sites.summary:dry_run({ site_id = 1 }, { extra = { a = key } }).url)
  end)

  it("can be a call's options too, checked as well", function()
    assert.equal("sites.list: unknown option 'time_out'; did you mean 'timeout'?",
      misuse_of(function() client.sites:list(nil, { time_out = 1 }) end))
    assert.equal("sites.list: max_rows is an option of each: sites.list:each({ … }, { max_rows = … })",
      misuse_of(function() client.sites:list(nil, { max_rows = 5 }) end))
    assert.equal("sites.list: every is an option of wait: sites.list:wait({ … }, { every = … })",
      misuse_of(function() client.sites:list { every = 5 } end))
    assert.truthy(misuse_of(function() client:request { path = "/", every = 5 } end):find "unknown option 'every'")
    assert.truthy(misuse_of(function() client.sites:list(nil, { timeout = -1 }) end):find "must be a number of seconds")
    assert.truthy(misuse_of(function() client.sites:list(nil, { timeout = 0 / 0 }) end):find "must be a number of seconds")
    assert.equal('sites.list: "a b" is no header name',
      misuse_of(function() client.sites:list(nil, { headers = { ["a b"] = "c" } }) end))
    for _, name in ipairs { "Authorization", "User-Agent", "accept", "Content-Length" } do
      assert.equal(("sites.list: header %s is set by the client itself"):format(name),
        misuse_of(function() client.sites:list(nil, { headers = { [name] = "c" } }) end))
    end
    assert.equal("sites.list: the value of header X-A must be a string without control characters",
      misuse_of(function() client.sites:list(nil, { headers = { ["X-A"] = "a\r\nX-B: c" } }) end))
    assert.equal("c", client.sites.list:dry_run(nil, { headers = { ["X-Trace"] = "c" } }).headers["x-trace"])
  end)

  it("are not changed", function()
    local args = { url = "example.com", title = "t", is_active = true }
    assert(client.sites:create(args))
    assert.same({ url = "example.com", title = "t", is_active = true }, args)
  end)
end)

describe("an answer", function()
  it("comes with what is known of it", function()
    local client = scene.new()
    local _, response = client.account:balance()
    assert.equal(200, response.status)
    assert.equal(1, response.attempts)
    assert.equal(0, response.elapsed)
    assert.equal(0, response.waited)
    assert.equal("application/json", response.headers["content-type"])
    assert.equal("application/json", response.headers["Content-Type"])
    assert.is_nil(response.headers["X-None"])
    assert.is_nil(response.nothing)
  end)

  it("keeps nulls when the client was told to", function()
    local client = scene.new { nulls = "keep" }
    client.sites:create { url = "example.com", title = "t" }
    assert.equal(seranking.null, client.sites:list()[1].check_day)
  end)

  it("in an envelope or without is the same", function()
    local series = '[{"type":"avg","name":"Average","data":[]}]'
    for _, body in ipairs { series, '{"data":' .. series .. "}" } do
      local client, api = scene.new()
      api:fail { status = 200, body = body }
      assert.equal("Average", assert(client.sites(1).positions:history())[1].name)
    end
  end)

  it("of another kind than described is an error, and no data", function()
    local client, api = scene.new()
    for _, body in ipairs { "false", "null", '"oops"', "7", '{"error":"x"}' } do
      api:fail { status = 200, body = body }
      local data, err = client.sites:list()
      assert.is_nil(data, body)
      assert.equal("decode unexpected", err.kind .. " " .. err.code)
      assert.equal(body, err.body)
      api:fail { status = 200, body = body }
      local raw = client:request { path = "/sites" }
      assert.equal(body == "false", raw == nil, body)
    end
    api:fail { status = 200, body = "[]" } -- PHP's empty map
    assert.same({}, (client.account:balance()))
  end)

  it("that should be there and is not, or is no JSON, is an error of kind decode", function()
    local client, api = scene.new()
    api:fail { kind = "empty" }
    local none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("decode empty_body 200", ("%s %s %d"):format(err.kind, err.code, err.status))
    api:fail { kind = "bad_json" }
    none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("decode bad_json 200", ("%s %s %d"):format(err.kind, err.code, err.status))
    assert.equal('{"a":', err.body)
    assert.is_true(err.sent)
    api:fail { kind = "empty" }
    assert.is_true(client.sites(1):delete())
    assert.same({}, (client.sites:list()))
  end)
end)

describe("client:request", function()
  it("sends what it is told and decodes JSON", function()
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

  it("does not leave out what a query lists", function()
    local client, api = scene.new()
    local function problem(ids)
      return misuse_of(function() client:request { method = "DELETE", path = "/x", query = { ids = ids } } end)
    end
    assert.equal("client:request: query parameter ids is an empty list: leave it out if that is meant", problem {})
    assert.equal("client:request: query parameter ids must be a list, but has the name 'x'", problem { x = 1 })
    assert.equal("client:request: query parameter ids must be a list without holes", problem { [2] = 2 })
    assert.equal("client:request: query parameter ids must be a list without holes", problem { 1, nil, 3 })
    assert.equal(0, #api.log)
  end)

  it("gives other answers as bytes", function()
    local client, api = scene.new()
    api:fail { status = 200, body = "PK\3\4\0", headers = { { "Content-Type", "application/zip" } } }
    assert.equal("PK\3\4\0", (client:request { path = "/zip" }))
  end)

  it("suggests its own fields and the options of calls for names that it does not know", function()
    local client = scene.new()
    assert.equal("client:request: unknown option 'querry'; did you mean 'query'?",
      misuse_of(function() client:request { path = "/sites", querry = {} } end))
    assert.equal("client:request: unknown option 'timeot'; did you mean 'timeout'?",
      misuse_of(function() client:request { path = "/sites", timeot = 5 } end))
    assert.equal("client:request: what goes into the address is query, and into the body body: there is no extra",
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

  it("explains what it can't send", function()
    local client, api = scene.new()
    local function problem(request)
      return misuse_of(function() client:request(request) end)
    end
    assert.equal("client:request: method must be GET, POST, PUT, PATCH or DELETE, got get", problem { method = "get" })
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

describe("describe", function()
  it("tells what an operation is, as plain values", function()
    local about = scene.new().sites.keywords.delete:describe()
    assert.equal("sites.keywords.delete", about.name)
    assert.equal("DELETE /sites/{site_id}/keywords", about.v4)
    assert.equal("DELETE /v1/project-management/keywords{?site_id}", about.v1)
    assert.is_true(about.repeatable)
    assert.equal("site_id path true id", ("%s %s %s %s"):format(about.parameters[1].name, about.parameters[1].place,
      tostring(about.parameters[1].required), about.parameters[1].type))
    assert.equal("keywords_ids query true id[]", ("%s %s %s %s"):format(about.parameters[2].name,
      about.parameters[2].place, tostring(about.parameters[2].required), about.parameters[2].type))
    assert.is_false(scene.new().sites.create:describe().repeatable)
    assert.is_true(scene.new().sites.positions.recheck:describe().billed)
  end)
end)

describe("what looks right and is not", function()
  local client, api
  before_each(function()
    client, api = scene.new()
  end)

  it("is raised at the caller's line under a pcall of the call itself too", function()
    local ok, message = pcall(client.sites.create, { titel = 1 })
    assert.is_false(ok)
    assert.truthy(message:find("client_spec.lua:%d+: sites.create: unknown parameter 'titel'"))
  end)

  it("nginx's way to wait is refused where there is no nginx", function()
    client = assert(seranking.new { token = require("spec.support.wire").KEY, loop = "nginx" })
    local said = 'option loop = "nginx" is for calls inside an nginx worker, and this is none: '
    for _, call in ipairs {
      function() client.sites:list() end,
      function() client:map({ 1 }, print) end,
      function() client:request { path = "/sites" } end,
    } do
      assert.truthy(raised(call):find(said, 1, true))
    end
    client:close()
  end)

  it("a point for a colon is told", function()
    for _, name in ipairs { "dry_run", "each", "all", "describe" } do
      assert.truthy(raised(function() client.sites.positions.history[name] { site_id = 1 } end):find(
        name .. " is a method of operations: call it with a colon, as in client.sites.list:" .. name .. "(…)", 1, true))
    end
    assert.equal("wait is a method of operations: call it with a colon, as in client.audit.create:wait(…)",
      misuse_of(function() client.audit.create.wait { domain = "a.com" } end))
    assert.equal("call it with a colon: client:close()", misuse_of(function() client.close() end))
    assert.equal("call it with a colon: client:request { … }", misuse_of(function() client.request { path = "/" } end))
  end)

  it("a colon for a dot is told", function()
    assert.equal("call it with a dot: seranking.new { … }", misuse_of(function() seranking:new { timeout = 5 } end))
    assert.equal("call it with a dot: seranking.new { … }", misuse_of(function() seranking:new() end))
  end)

  it("the client or another resource in front of the parameters is told", function()
    assert.equal("seranking operation sites.list takes parameters, not the client: write client.sites:list { … }",
      misuse_of(function() client.sites.list(client) end))
    assert.equal("seranking operation sites.keywords.list was called on client.sites: write client.sites.keywords:list { … }",
      misuse_of(function() client.sites.keywords.list(client.sites) end))
  end)

  it("a method that operations don't have is told", function()
    assert.equal("an operation has no 'describ'; did you mean 'describe'?",
      misuse_of(function() return client.sites.list:describ() end))
    assert.equal("an operation has no 'first'; there are: all, describe, dry_run, each, wait",
      misuse_of(function() return client.sites.list.first end))
  end)

  it("an option set as a field is told", function()
    assert.equal("client.timeout can't be set: options are given to seranking.new, or to a call",
      misuse_of(function() client.timeout = 5 end))
    assert.equal("client.sites.foo can't be set", misuse_of(function() client.sites.foo = 1 end))
    assert.equal("seranking operation sites.list: foo can't be set", misuse_of(function() client.sites.list.foo = 1 end))
    assert.equal("sites.create: timeout is an option: sites.create({ … }, { timeout = … })",
      misuse_of(function() client.sites:create { url = "a", title = "b", timeout = 5 } end))
  end)

  it("a bound id that the operation has no place for is told, and nothing is sent", function()
    assert.equal("sites.create takes no site_id, but 1 is bound",
      misuse_of(function() client.sites(1):create { url = "a", title = "b" } end))
    assert.equal("sites.list takes no site_id, but 1 is bound", misuse_of(function() client.sites(1):list() end))
    assert.equal("sites.keywords.list takes no keyword_id, but 5 is bound",
      misuse_of(function() client.sites(1).keywords(5):list() end))
    assert.equal("client.sites is bound to site_id = 1 already", misuse_of(function() local _ = client.sites(1)(2) end))
    assert.equal(0, #api.log)
  end)

  for generation, key in pairs { v4 = scene.V4_KEY, v1 = scene.V1_KEY } do
    it("the key in the wrong place is not shown: " .. generation, function()
      local ways = {
        function() client.sites.create(key) end,
        function() client.sites:create { url = "a", title = "b", depth = key } end,
        function() client.sites:create { url = "a", title = "b", depth = "Token " .. key } end,
        function() client.sites(1).positions:list { date_from = key } end,
        function() client.sites:create { [key] = 1 } end,
        function() client.sites:list(nil, { [key] = 1 }) end,
        function() client.sites:list(nil, { headers = { [key .. " "] = "a" } }) end,
        function() seranking.new { [key] = 1 } end,
        function() local _ = client[key] end,
        function() local _ = client.sites[key] end,
        function() client[key] = 1 end,
        function() client:request { method = key, path = "/" } end,
        function() client:request { path = key } end,
        function() client:request { path = "/ " .. key } end,
        function() client.sites(key).keywords:list { site_id = 1 } end,
        function() client.sites(key):list() end,
      }
      for i, way in ipairs(ways) do
        local message = tostring(raised(way))
        assert.is_nil(message:find(key:sub(1, 8), 1, true), "way " .. i)
        assert.truthy(message:find("…" .. key:sub(-4), 1, true), "way " .. i .. ": " .. message)
      end
      assert.equal(0, #api.log)
    end)
  end

  it("an object where a list is due is told", function()
    assert.equal("sites.keywords.create takes a list: { { keyword = … }, … }",
      misuse_of(function() client.sites(1).keywords:create { keyword = "boots" } end))
  end)

  it("more ids than fit into an address are told", function()
    local ids = {}
    for i = 1, 10000 do
      ids[i] = i
    end
    assert.truthy(misuse_of(function() client.sites(1).keywords:delete { keywords_ids = ids } end)
      :find "^sites.keywords.delete: the address would be longer than servers take %(%d+ bytes%): send fewer at once$")
    assert.truthy(misuse_of(function() client:request { path = "/" .. ("x"):rep(9000) } end)
      :find "^client:request: the address would be longer")
    assert.equal(0, #api.log)
  end)

  it("February 29 of a year that has none is told", function()
    assert.truthy(client.sites(1).positions.list:dry_run { date_from = "2024-02-29" })
    assert.is_false((pcall(client.sites(1).positions.list, { date_from = "2023-02-29" })))
  end)

  it("does not get past seranking.check, which has assert's job on every Lua", function()
    local err = raised(function() seranking.check(client.sites(1):summary()) end)
    assert.equal("not_found", err.kind)
    local value = {}
    assert.equal(value, raised(function() seranking.check(nil, value) end))
    assert.same({}, (seranking.check(client.sites:list())))
    assert.equal("x", misuse_of(function() seranking.check(false, "x") end))
    assert.equal("assertion failed!", misuse_of(function() seranking.check(nil) end))
    assert.same({ 1, 2, 3 }, { seranking.check(1, 2, 3) })
  end)

  it("are told by the module's functions, too", function()
    assert.equal('seranking.array takes a list, got "x"', misuse_of(function() seranking.array "x" end))
    assert.equal("seranking.array takes a list, got nil", misuse_of(function() seranking.array() end))
    assert.equal("seranking.encode: the value.x is a function, which JSON does not have",
      misuse_of(function() seranking.encode { x = print } end))
    local other = scene.new()
    assert.equal("seranking.encode: the value is a " .. tostring(other) .. ", which is no data",
      misuse_of(function() seranking.encode(other) end))
    assert.equal("seranking.encode: the value[1] is a seranking resource sites, which is no data",
      misuse_of(function() seranking.encode { other.sites } end))
    assert.equal('{"list":[]}', seranking.encode { list = seranking.array {} })
    assert.equal("seranking.fake.new takes a table of options, not a string", misuse_of(function()
      require("seranking.fake").new "x"
    end))
  end)
end)

describe("a closed client", function()
  it("refuses calls and forgets nothing twice", function()
    local client = scene.new()
    local list = client.sites.list
    client:close()
    client:close()
    assert.equal("sites.list: the client is closed", misuse_of(function() list() end))
    assert.truthy(raised(function() client.sites.list:dry_run() end):find "sites.list: the client is closed")
    assert.equal("client:request: the client is closed", misuse_of(function() client:request { path = "/" } end))
  end)
end)

describe("a fake without a clock", function()
  it("has one that the client goes by: its limit is never met, however many calls", function()
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

  it("or takes the client's", function()
    local clock = seranking.clock()
    local api = require("seranking.fake").new { clock = clock }
    local client = assert(seranking.new { token = scene.V4_KEY, transport = api })
    for _ = 1, 6 do
      assert(client.account:balance())
    end
    assert.is_true(clock:now() >= 1)
  end)
end)
