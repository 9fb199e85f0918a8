--- Clients, resources and operations as objects: their fields, that these can't be set, and the client that an operation uses.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local scene = require "support.scene"
local seranking = require "seranking"

-- Whether this Lua supports __pairs.
local HAS_PAIRS = false
for _ in pairs(setmetatable({}, { __pairs = function() HAS_PAIRS = true return next, {}, nil end })) do end -- luacheck: ignore

local function refused(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(message):gsub("^.-: ", "", 1))
end

-- Two clients of different accounts, whose projects have the same ids.
local function two(api, other)
  local made = {}
  for i, generation in ipairs { api or "v4", other or api or "v4" } do
    local client, fake = scene.new { api = generation, share = "off", fake = { limit = 1e6 } }
    for k = 1, 2 do
      assert(client.sites:create { url = ("http://example%d.com"):format(k), title = ("%d %d"):format(i, k) })
    end
    made[2 * i - 1], made[2 * i] = client, fake
  end
  return made[1], made[2], made[3], made[4]
end

after_each(collectgarbage)

describe("an operation called on another resource of its kind", function()
  for _, generations in ipairs { { "v4", "v4" }, { "v1", "v1" }, { "v4", "v1" }, { "v1", "v4" } } do
    local name = table.concat(generations, " and ")
    it("uses that resource's client: " .. name, function()
      local one, first, other, second = two(generations[1], generations[2])
      local sent, create = #first.log, one.sites.create
      assert(create(other.sites, { url = "http://example.net", title = "for the other" }))
      assert.equal(sent, #first.log)
      assert.equal("POST", second.log[#second.log].method)
      assert.equal(3, #assert(other.sites:list()))
      assert.equal(2, #assert(one.sites:list()))
    end)

    it("uses that resource's ids: " .. name, function()
      local one, _, other, second = two(generations[1], generations[2])
      local list = one.sites(147696).keywords.list
      assert(one.sites(147697).keywords:create { { keyword = "boots" } })
      assert(other.sites(147697).keywords:create { { keyword = "anchors" }, { keyword = "ropes" } })
      assert.equal(0, #assert(list(one.sites(147696).keywords)))
      assert.equal(1, #assert(list(one.sites(147697).keywords)))
      assert.equal(2, #assert(list(other.sites(147697).keywords)))
      assert.equal(0, #assert(list()))
      local last = second.log[#second.log]
      assert.truthy((last.path .. "?" .. (last.query or "")):find("147697", 1, true))
    end)
  end

  it("uses that resource in its methods as well", function()
    local one, first, other, second = two()
    assert(other.sites(147697).keywords:create { { keyword = "anchors" }, { keyword = "ropes" } })
    local list, target = one.sites(147696).keywords.list, other.sites(147697).keywords
    local sent = #first.log
    assert.equal("https://api4.seranking.com/sites/147697/keywords?site_engine_id=7",
      list:dry_run(target, { site_engine_id = 7 }).url)
    assert.equal(2, #assert(list:all(target)))
    local names = {}
    for row in list:each(target, nil, { max_rows = 1 }) do
      names[#names + 1] = row.name
    end
    assert.equal(1, #names)
    assert(one.audit.create:wait(other.audit, { domain = "example.com" }))
    assert.equal("sites.keywords.list", list:describe(target).name)
    assert.equal(sent, #first.log)
    assert.is_true(#second.log > 4)
  end)

  it("raises or returns errors like that resource's client", function()
    local one, _, other = two()
    local raising = scene.new { raise = true }
    local summary = one.sites.summary
    assert.equal("not_found", select(2, summary(other.sites(1))).kind)
    local ok, err = pcall(summary, raising.sites(1))
    assert.same({ false, "not_found" }, { ok, err.kind })
    assert.equal("not_found", select(2, raising.sites.summary(one.sites(1))).kind)
  end)

  it("refuses resources of another kind, and other values that are no parameters", function()
    local client = scene.new()
    assert.equal("seranking operation sites.keywords.list was called on client.sites: write client.sites.keywords:list { … }",
      refused(client.sites.keywords.list, client.sites))
    assert.equal("seranking operation sites.keywords.list was called on client.sites: write client.sites.keywords:list { … }",
      refused(function() client.sites.keywords.list:all(client.sites) end))
    assert.equal("seranking operation account.profile was called on client.data.backlinks: write client.account:profile { … }",
      refused(client.account.profile, client.data.backlinks))
    for _, wrong in ipairs { client.sites, client.sites.list, client } do
      assert.truthy(refused(function() client.sites:list(wrong) end)
        :find("^sites.list takes a table of parameters, { name = value }, got seranking "))
      assert.truthy(refused(function() client.sites:list(nil, wrong) end)
        :find("^sites.list: options must be a table, got seranking "))
      assert.truthy(refused(function() seranking.encode { a = wrong } end)
        :find("^seranking.encode: the value.a is a seranking "))
    end
  end)
end)

describe("clients, resources and operations", function()
  it("refuse assignment, also to fields that were read before", function()
    local client = scene.new()
    local function set(object, name)
      return refused(function() object[name] = 1 end)
    end
    for _ = 1, 2 do
      assert.equal("client.sites.list can't be set", set(client.sites, "list"))
      assert.equal("client.sites.keywords can't be set", set(client.sites, "keywords"))
      assert.equal("client.sites can't be set: options are given to seranking.new, or to a call", set(client, "sites"))
      for _, name in ipairs { "base_url", "api", "request", "data", "_timeout", "_core", "_key" } do
        assert.truthy(set(client, name):find("client." .. name .. " can't be set", 1, true))
        assert.is_not_nil(client[name])
      end
      assert.equal("seranking operation sites.list: each can't be set", set(client.sites.list, "each"))
      assert.equal("seranking operation sites.list: _bound can't be set", set(client.sites.list, "_bound"))
      assert(client.sites:list())
    end
    assert.equal("https://api4.seranking.com", client.base_url)
  end)

  it("show their fields to pairs, except private ones", function()
    local client = scene.new()
    assert(client.sites:list()) -- reads fields
    local function names(object)
      local list = {}
      for name, value in pairs(object) do
        assert.equal("string", type(name))
        assert.is_nil(name:find "^_")
        assert.equal(object[name], value)
        list[#list + 1] = name
      end
      return " " .. table.concat(list, " ") .. " "
    end
    for _, object in ipairs { client, client.data, client.sites, client.sites(7), client.sites.list } do
      assert.is_nil(next(object))
      names(object)
    end
    if HAS_PAIRS then
      for _, name in ipairs { "api", "base_url", "data", "map", "request", "sites" } do
        assert.truthy(names(client):find(" " .. name .. " ", 1, true), name)
      end
      assert.is_nil(names(client.data):find " sites ")
      assert.equal(" create delete list move update ", names(client.keyword_groups))
      assert.equal(" all describe dry_run each export wait ", names(client.sites.list))
      local closed = scene.new()
      closed:close()
      assert.is_nil(names(closed):find " data ")
    end
  end)

  it("list the operations and resources of a resource on every Lua, sorted", function()
    local client = scene.new()
    local names = {}
    for name, value in client.keyword_groups:operations() do
      assert.equal(client.keyword_groups[name], value)
      names[#names + 1] = name
    end
    assert.same({ "create", "delete", "list", "move", "update" }, names)
    local bound = {}
    for name, value in client.sites(147696):operations() do
      bound[name] = tostring(value):match "^[^\n]+"
    end
    assert.equal("seranking resource sites.keywords (site_id = 147696)", bound.keywords)
    assert.equal("client.sites(147696):summary { … }", bound.summary)
    assert.truthy(refused(function() client.sites.operations() end):find "call it with a colon")
  end)

  it("have no operation or resource whose name is that of a method", function()
    for _, resource in ipairs(descriptions.resources()) do
      assert.is_nil((resource.name .. "."):find(".operations.", 1, true), resource.name)
    end
    descriptions.each_operation(function(key, entry)
      assert.are_not.equal("operations", entry[1], key)
    end)
  end)

  it("return nil for unknown private names, and raise for other unknown ones", function()
    local client = scene.new()
    for _, object in ipairs { client, client.sites, client.sites.list } do
      assert.is_nil(object.__class)
      assert.is_nil(object._no_such)
      assert.is_false((pcall(function() return object.no_such end)))
    end
  end)
end)
