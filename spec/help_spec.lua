--- The text that clients, resources and operations print, and seranking.help. SPDX-License-Identifier: MIT

local api = require "seranking.api"
local scene = require "support.scene"
local seranking = require "seranking"

local function characters(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

-- Calls visit(name, resource, description) for every described resource.
local function each_resource(client, visit)
  for _, file in pairs(api) do
    for _, description in ipairs(require(file)) do
      local found = client
      for part in description.name:gmatch "[^.]+" do
        found = found[part]
      end
      visit(description.name, found, description)
    end
  end
end

local function has(text, part)
  assert.is_truthy(text:find(part, 1, true), "no " .. part .. " in:\n" .. text)
end

describe("print", function()
  local client
  before_each(function()
    client = scene.new()
  end)

  it("of a client lists its resources and methods", function()
    local text = tostring(client)
    assert.equal("seranking client (v4, https://api4.seranking.com, key …d14b)", text:match "^[^\n]+")
    for family in pairs(api) do
      if not family:find "^data%." and not family:find "^visible%." then
        assert.is_truthy(text:find("\n  ." .. family .. " +%u"), family)
      end
    end
    has(text, "\n  .data ")
    has(text, "\n  .visible ")
    has(text, "Methods: :close, :download, :gather, :limiter, :map, :request\n")
    local data = tostring(client.data)
    assert.is_truthy(data:find "\n  %.keywords +%u")
    assert.is_nil(data:find "\n  %.sites")
    has(data, ":credits")
  end)

  it("of a resource lists every operation and resource below it, with a line each", function()
    each_resource(client, function(name, resource, description)
      local text = tostring(resource)
      assert.equal("seranking resource " .. name, text:match "^[^\n]+")
      for _, entry in ipairs(description.operations) do
        assert.is_truthy(text:find("\n  :" .. entry[1] .. "[( ]"), name .. ":" .. entry[1])
        has(text:gsub("\n%s+", " "), entry.about:gsub("%s+", " "))
      end
    end)
    has(tostring(client.sites), "\n  .keywords ")
    has(tostring(client.sites), "\nclient.sites(site_id) binds site_id for the calls below.\n")
    has(tostring(client.sites), "\n  :create { url, title, … }  ")
    has(tostring(client.sites), "\n  :list()  ")
  end)

  it("of a bound resource omits its id", function()
    local text = tostring(client.sites(147696))
    assert.equal("seranking resource sites (site_id = 147696)", text:match "^[^\n]+")
    assert.is_nil(text:find("site_id for the calls", 1, true))
    has(text, "\n  :delete()  ")
    assert.is_nil(text:find("\n  :list", 1, true)) -- takes no id
    local list = tostring(client.sites(147696).positions.list)
    assert.equal("client.sites(147696).positions:list { … }", list:match "^[^\n]+")
    assert.is_nil(list:find "site_id%*")
  end)

  it("of an operation omits a bound id that it does not take", function()
    assert.equal("client.sites:list()", tostring(client.sites(5).list):match "^[^\n]+")
    assert.is_nil(tostring(client.sites(5).list):find("(5)", 1, true))
    assert.equal("client.sites(5):delete()", tostring(client.sites(5).delete):match "^[^\n]+")
  end)

  it("of an operation shows signature, parameters, answer, price, errors and methods", function()
    local text = tostring(client.data.backlinks.anchors.list)
    assert.equal("client.data.backlinks.anchors:list { target, … }", text:match "^[^\n]+")
    assert.is_truthy(text:find "\n  target%* +string ")
    assert.is_truthy(text:find "\n  limit +integer +[^\n]*%(1 to 10000; default 100%)")
    assert.is_truthy(text:find "\nAnswer: an object: { anchors list")
    assert.is_truthy(text:find "\nPrice:  1 credit a row")
    has(text, "\nWalk:   client.data.backlinks.anchors.list:each { … }")
    has(tostring(client.sites.keywords.create), "client.sites.keywords:create { site_id, { keyword, … }, … }\n")
    has(tostring(client.site_groups.delete), "\nErrors: 404 Group not found")
    has(tostring(client.account.balance), "\nNot in v1: use client.account:subscription")
    has(tostring(client.audit.create), "\nWait:   client.audit.create:wait { … }")
    has(tostring(client.audit.issues), "client.audit:issues { audit_id, url_id|url }\n")
    local balance = tostring(scene.new { api = "v1" }.account.balance)
    has(balance, "\nNot in v1")
  end)

  it("fits a screen: 40 lines of 100 characters", function()
    local function check(name, object)
      local text, lines = tostring(object), 1
      for line in text:gmatch "[^\n]+" do
        lines = lines + 1
        assert.is_true(characters(line) <= 100, name .. ": " .. line)
      end
      assert.is_true(lines <= 40, name .. " has " .. lines .. " lines")
    end
    check("client", client)
    each_resource(client, function(name, resource, description)
      check(name, resource)
      for _, entry in ipairs(description.operations) do
        check(name .. ":" .. entry[1], resource[entry[1]])
      end
    end)
  end)

  it("shows no key", function()
    for _, object in ipairs { client, client.data, client.sites, client.sites(5), client.sites(5).summary } do
      assert.is_nil(tostring(object):find(scene.V4_KEY, 1, true))
    end
  end)

  it("works with an unusable data_token", function()
    local getenv = os.getenv
    os.getenv = function(name) return name == "SERANKING_DATA_TOKEN" and "two words" or nil end -- luacheck: ignore
    finally(function() os.getenv = getenv end) -- luacheck: ignore
    local data = client.data
    has(tostring(data), "\n  .keywords ")
    has(tostring(data.keywords), "\n  :export ")
    has(tostring(data.keywords.export), "client.data.keywords:export { ")
  end)

  it("works for closed clients", function()
    local sites = client.sites
    client:close()
    has(tostring(client), "\n  .sites ")
    has(tostring(sites), "\n  :list()")
    has(tostring(sites.list), "client.sites:list()")
  end)
end)

describe("seranking.help", function()
  it("searches names, including those of a resource's operations", function()
    local text = seranking.help "backlinks"
    has(text, "\n  client.backlinks  ")
    has(text, "\n  client.data.backlinks  ")
    assert.is_nil(text:find "client%.data%.backlinks%.anchors")
    has(seranking.help "keyword export", "client.data.keywords:export { source, keywords, … }")
  end)

  it("searches descriptions of operations and parameters", function()
    has(seranking.help "sitemap", "client.audit.sitemaps")
    has(seranking.help "BALANCE", "client.account:balance()")
    local text = seranking.help "with_subdomains"
    has(text, "With such a parameter:")
    has(text, "client.data.domain.keywords:list")
  end)

  it("describes an object, or the one with the full name", function()
    local client = scene.new()
    for _, name in ipairs { "sites.list", "sites:list", "client.sites:list", "client.sites.list()" } do
      assert.equal(tostring(client.sites.list), seranking.help(name))
    end
    has(seranking.help "sites.keywords", "\n  :create ")
    assert.equal(tostring(client.sites.list), seranking.help(client.sites.list))
    assert.equal(tostring(client), seranking.help(client))
  end)

  it("lists all resources without an argument", function()
    local text = seranking.help()
    for family in pairs(api) do
      has(text, "\n  client." .. family .. " ")
    end
  end)

  it("says what to pass if it finds nothing, and refuses other types", function()
    has(seranking.help "zzz", '"zzz"')
    has(seranking.help(scene.V4_KEY), '"…d14b"')
    has(seranking.help "", "seranking.help()")
    local ok, message = pcall(seranking.help, 5)
    assert.is_false(ok)
    has(message, "seranking.help takes a word or a name, got 5")
  end)
end)
