--- Generations, resources and answers on the fake API, without sockets.
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

describe("the generation", function()
  it("is v4 unless the key looks like a UUID, or the option api is set", function()
    assert.equal("v4", seranking.new({ token = "x" }).api)
    assert.equal("v4", seranking.new({ token = false }).api)
    assert.equal("v1", seranking.new({ token = scene.V1_KEY }).api)
    assert.equal("v1", seranking.new({ token = scene.V1_KEY:upper() }).api)
    assert.equal("v4", seranking.new({ token = scene.V1_KEY, api = "v4" }).api)
    assert.equal("https://api.seranking.com", seranking.new({ token = "x", api = "v1" }).base_url)
  end)

  it("that lacks an operation is named in an error, with the operation to use instead", function()
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

  it("that lacks an operation is named by its methods", function()
    local client = scene.new { api = "v1" }
    local op = client.key_volume.list
    assert.equal("not_in_v1", select(2, op:all()).code)
    assert.equal("not_in_v1", select(2, op:wait()).code)
    assert.equal("not_in_v1", select(2, op:dry_run()).code)
    assert.equal("not_in_v1", raised(function() op:each() end).code)
    assert.equal("key_volume.list", op:describe().name)
    assert.equal("data.keywords.export", op:describe().instead)
  end)

  it("is named in the error if the API refuses a key of the other generation", function()
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
    it("does not change a program that creates, uses and deletes a site: " .. api, function()
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
  it("can be called with a colon or a dot", function()
    local client = scene.new()
    assert.same({}, (client.sites:list()))
    assert.same({}, (client.sites.list()))
    assert.same({}, (client.sites.list {}))
  end)

  it("bind ids for all resources and operations below", function()
    local client, api = scene.new()
    local site = client.sites("147696")
    client.sites:create { url = "example.com", title = "a" }
    assert(site:summary())
    assert.equal("/sites/147696/stat", api.log[2].path)
    assert.equal("seranking resource sites (site_id = 147696)", tostring(site):match "^[^\n]+")
    assert.equal("client.sites(147696).keywords:list { … }", tostring(site.keywords.list):match "^[^\n]+")
  end)

  it("do not share their bound ids", function()
    local client = scene.new()
    local one, two = client.sites(1), client.sites(2)
    assert.truthy(one.keywords.list:dry_run().url:find "/sites/1/")
    assert.truthy(two.keywords.list:dry_run().url:find "/sites/2/")
    assert.equal("sites.keywords.list: site_id is required; write client.sites(site_id).keywords:list { … }",
      misuse_of(function() client.sites.keywords:list() end))
  end)

  it("accept an id twice only if it is the same", function()
    local client = scene.new()
    assert.truthy(client.sites(7.0).keywords.list:dry_run { site_id = "7" })
    assert.truthy(client.sites("7").keywords.list:dry_run { site_id = 7 })
    assert.truthy(client.sites(1).keywords.list:dry_run { site_id = 1 })
    assert.equal("sites.keywords.list: site_id is bound to 1 already, and given as 2",
      misuse_of(function() client.sites(1).keywords:list { site_id = 2 } end))
  end)

  it("refuse invalid ids before anything is sent", function()
    for _, api in ipairs { "v4", "v1" } do
      local client, fake = scene.new { api = api }
      assert.equal("client.sites: site_id must not be empty", misuse_of(function() local _ = client.sites "" end))
      assert.equal("client.sites takes an id, got nil", misuse_of(function() local _ = client.sites(nil) end))
      for _, wrong in ipairs { 0 / 0, 1.5, -1, 1 / 0, "abc", true } do
        assert.truthy(misuse_of(function() local _ = client.sites(wrong) end)
          :find("client.sites: site_id must be an id (digits, as a number or a string), got ", 1, true))
      end
      assert.equal("sites.delete: site_id must not be empty", misuse_of(function() client.sites:delete { site_id = "" } end))
      assert.equal("sites.delete: site_id is required; write client.sites(site_id):delete { … }",
        misuse_of(function() client.sites:delete() end))
      assert.equal("sites.keywords.delete: keywords_ids must not be empty",
        misuse_of(function() client.sites(1).keywords:delete { keywords_ids = {} } end))
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

  it("suggest similar names for unknown ones", function()
    local client = scene.new()
    assert.equal("client has no 'site'; did you mean 'sites'?", misuse_of(function() return client.site end))
    assert.truthy(misuse_of(function() return client.list end):find "^client has no 'list'; there are: account, ")
    assert.is_nil(misuse_of(function() return client.list end):find("credits", 1, true)) -- only client.data has prices
    assert.truthy(misuse_of(function() return client.data.list end):find("close, credits, download", 1, true))
    assert.equal("client.sites has no 'lst'; did you mean 'list'?", misuse_of(function() return client.sites.lst end))
    assert.equal("client.sites.keywords has no 'remove_everything'; there are: create, delete, list, update",
      misuse_of(function() return client.sites.keywords.remove_everything end))
    for _, call in ipairs {
      function() client.sites(1).positions { date_from = "2026-01-01" } end,
      function() client.sites.positions {} end,
      function() client.sites:positions { date_from = "2026-01-01" } end,
      function() client.sites(1):positions { date_from = "2026-01-01" } end,
    } do
      assert.matches("^client.sites.positions is a resource: write client.sites.positions:list { … }; ", misuse_of(call))
    end
    assert.equal("client.sites is a resource: write client.sites(site_id) or client.sites:summary { … }; operations with these "
      .. "parameters: delete, summary, update", misuse_of(function() client.sites { site_id = 1 } end))
    assert.equal("client.sites is a resource, not a method: write client.sites(site_id) or client.sites:list()",
      misuse_of(function() client:sites() end))
    assert.equal("client.sites is a resource, not a method: write client.sites(5) or client.sites:list()",
      misuse_of(function() client:sites(5) end))
    assert.equal("client.data.backlinks is a resource, not a method: write client.data.backlinks:summary { … }",
      misuse_of(function() client.data:backlinks() end))
    assert.equal("client.sites takes one id, got a second: 2", misuse_of(function() client.sites(1, 2) end))
    assert.equal("client.account is not bound to an id: call one of its operations",
      misuse_of(function() local _ = client.account(1) end))
  end)
end)

describe("an answer", function()
  it("comes with a response that describes it", function()
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

  it("keeps nulls if the client has nulls = \"keep\"", function()
    local client = scene.new { nulls = "keep" }
    client.sites:create { url = "example.com", title = "t" }
    assert.equal(seranking.null, client.sites:list()[1].check_day)
  end)

  it("is the same with and without an envelope", function()
    local series = '[{"type":"avg","name":"Average","data":[]}]'
    for _, body in ipairs { series, '{"data":' .. series .. "}" } do
      local client, api = scene.new()
      api:fail { status = 200, body = body }
      assert.equal("Average", assert(client.sites(1).positions:history())[1].name)
    end
  end)

  it("of another type than described is an error without data", function()
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

  it("that is missing or no JSON is an error of kind decode", function()
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

describe("describe", function()
  it("describes an operation as plain values", function()
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
