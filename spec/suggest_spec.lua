--- Unknown names are answered with the intended one, and each suggestion works. SPDX-License-Identifier: MIT

local api = require "seranking.api"
local operation = require "seranking.operation"
local scene = require "support.scene"
local seranking = require "seranking"
local suggest = require "seranking.suggest"

local function refused(f, ...)
  local ok, message = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(message):gsub("^.-: ", "", 1))
end

-- The value of a Lua expression of `client` and `seranking`.
local function value_of(source, client)
  local chunk = assert((loadstring or load)("local client, seranking = ... return " .. source)) -- luacheck: ignore
  return chunk(client, seranking)
end

-- Follows a suggestion: "client.sites.keywords", "client:request", "client.sites.list:all", "client.sites(5):summary()",
-- "client.competitors:list { site_id = 5 }". Calls are checked, not sent. `of`: the object that a bare name belongs to.
local function follow(suggestion, client, of)
  local bare = suggestion:match "^'([%w_]+)'$"
  if bare then
    return of[bare]
  end
  local path, method, arguments = suggestion:match "^(.-):([%w_]+)%s*(.*)$"
  if not path then
    return (value_of(suggestion, client))
  end
  local value = value_of(path, client)[method]
  if arguments ~= "" and arguments ~= "{ … }" then
    assert.is_table((value:dry_run(value_of(arguments == "()" and "{}" or arguments, client))))
  end
  return value
end

describe("an unknown name", function()
  local client
  setup(function()
    client = scene.new()
  end)

  -- The code before the unknown name; the name; the end of the message; the suggestion.
  local rows = {
    { "client", "requst", "; did you mean client:request?" },
    { "client", "limter", "; did you mean client:limiter?" },
    { "client", "get", "; did you mean client:request?" },
    { "client", "send", "; did you mean client:request?" },
    { "client", "stop", "; did you mean client:close?" },
    { "client", "parallel", "; did you mean client:map?" },
    { "client", "domain", "; did you mean client.data.domain?" },
    { "client", "keywords", "; did you mean client.data.keywords, client.sites.keywords?" },
    { "client", "keywrods", "; did you mean client.data.keywords, client.sites.keywords?" },
    { "client", "positions", "; did you mean client.sites.positions?" },
    { "client", "rankings", "; did you mean client.airt.prompts:rankings, client.sites.positions?" },
    { "client", "site_audit", "; did you mean client.data.site_audit?" },
    { "client", "projects", "; did you mean 'sites'?" },
    { "client", "balance", "; did you mean client.account:balance?" },
    { "client", "help", ': print(client) lists what there is, seranking.help "word" searches' },
    { "client", "credit", "; did you mean client.data:credits?" },
    { "client", "spend", "; did you mean client.data:spent?" },
    { "client.data", "sites", "; did you mean client.sites?" },
    { "client.data", "credit", "; did you mean client.data:credits?" },
    { "client.sites", 5, ": an id goes into round brackets, client.sites(5)" },
    { "client.sites", "all", "; did you mean client.sites.list:all?" },
    { "client.sites", "each", "; did you mean client.sites.list:each?" },
    { "client.sites(5).keywords", "all", "; did you mean client.sites(5).keywords.list:all?" },
    { "client.data.backlinks.anchors", "each", "; did you mean client.data.backlinks.anchors.list:each?" },
    { "client.audit", "wait", "; did you mean client.audit.create:wait?" },
    { "client.data.backlinks.export", "wait", "; did you mean client.data.backlinks.export.create:wait?" },
    { "client.sites", "dry_run", "; did you mean client.sites.list:dry_run?" },
    { "client.sites", "get", "; did you mean 'summary'?" },
    { "client.sites", "add", "; did you mean 'create'?" },
    { "client.sites", "remove", "; did you mean 'delete'?" },
    { "client.sites", "edit", "; did you mean 'update'?" },
    { "client.sites", "help", ": print(client.sites) lists what there is" },
    { "client.audit", "start", "; did you mean 'create'?" },
    { "client.audit", "poll", "; did you mean 'status'?" },
    { "client.audit", "result", "; did you mean 'report'?" },
    { "client.data.serp.classic", "start", "; did you mean 'add_tasks'?" },
    { "client.data.serp.classic", "results", "; did you mean 'task_results'?" },
    { "client.sites", "tags", "; did you mean 'url_tags'?" },
    { "client.sites(5)", "backlinks", "; did you mean client.backlinks(5)?" },
    { "client.sites(5)", "competitors", "; did you mean client.competitors:list { site_id = 5 }?" },
    { "client.sites", "backlinks", "; did you mean client.backlinks?" },
    { "client.sites.positions", "get", "; did you mean 'list'?" },
    { "client.data.keywords.similar", "list", ": call it, client.data.keywords:similar { … }", of = "an operation" },
    { "client.sites.list", "iter", "; did you mean 'each'?", of = "an operation" },
    { "client.sites.list", "collect", "; did you mean 'all'?", of = "an operation" },
    { "client.audit.create", "await", "; did you mean 'wait'?", of = "an operation" },
    { "client.sites.list", "help", ": print(client.sites.list) describes it", of = "an operation" },
  }
  for _, row in ipairs(rows) do
    local of, name, ends = row[1], row[2], row[3]
    it(("is answered by what was meant, which is there: %s, %s"):format(of, name), function()
      local object = value_of(of, client)
      local message = refused(function() return object[name] end)
      assert.equal((row.of or of) .. " has no '" .. name .. "'" .. ends, message)
      local list = message:match "did you mean (.+)%?$" or message:match "round brackets, (.+)$"
        or message:match "call it, (.+)$" or message:match ": print%((.-)%)"
      for suggestion in (list:find("{", 1, true) and list or list:gsub(", ", "\n")):gmatch "[^\n]+" do
        assert.is_not_nil(follow(suggestion, client, object))
      end
    end)
  end

  it("is never answered with a method that does not apply to the operation or the bound id", function()
    local none = "; there are: describe, dry_run"
    assert.equal("an operation has no 'rows'" .. none, refused(function() return client.sites.create.rows end))
    assert.equal("an operation has no 'pages'" .. none, refused(function() return client.sites.summary.pages end))
    assert.equal("an operation has no 'await'; there are: all, describe, dry_run, each",
      refused(function() return client.sites.list.await end))
    assert.equal("an operation has no 'wiat'; there are: all, describe, dry_run, each",
      refused(function() return client.sites.list.wiat end))
    assert.is_nil(refused(function() return client.sites(5).each end):find("list:each", 1, true)) -- list takes no site_id
    local meant = refused(function() return client.sites(5).dry_run end):match "did you mean (.+)%?$"
    assert.is_table(value_of(meant .. " {}", client))
  end)

  it("of an option or a parameter gets a suggestion as well", function()
    assert.equal("seranking.new: unknown option 'retry'; did you mean 'retries'?", refused(seranking.new, { retry = 1 }))
    assert.is_not_nil(seranking.new { retries = 1, token = scene.V4_KEY, share = "off" })
    assert.equal("seranking.new: unknown option 'key'; did you mean 'token'?", refused(seranking.new, { key = "x" }))
    local written = "client.sites(147696):summary()"
    assert.equal("sites.summary takes a table of parameters, { name = value }, got 147696; write " .. written,
      refused(client.sites.summary, 147696))
    follow(written, client)
    assert.equal("sites.summary: unknown parameter 'id'; did you mean 'site_id'?",
      refused(client.sites.summary, { id = 147696 }))
    follow("client.sites:summary { site_id = 147696 }", client)
    assert.equal("sites.create: unknown parameter 'titel'; did you mean 'title'?",
      refused(client.sites.create, { titel = "x" }))
    assert.equal("sites.list: timeout is an option: sites.list({ … }, { timeout = … })",
      refused(client.sites.list, { timeout = 5 }))
    assert.equal("sites.keywords.create takes a list: { { keyword = … }, … }",
      refused(client.sites(5).keywords.create, { keyword = "x" }))
    follow('client.sites(5).keywords:create { { keyword = "x" } }', client)
    assert.equal("sites.update: title must be a string, got null",
      refused(client.sites.update, { site_id = 5, title = seranking.null }))
  end)

  it("or a wrong argument is answered with the correct form", function()
    assert.truthy(refused(client.sites.create, "http://example.com", "b"):find(
      'sites.create takes a table of parameters, { name = value }, got "http://example.com"; there are: ', 1, true))
    assert.truthy(refused(function() assert(seranking.new { token = "Token " .. scene.V4_KEY }) end):find "give the key alone")
    local none, err = scene.new { api = "v1" }.account:balance()
    assert.is_nil(none)
    assert.equal("account.subscription", err.instead)
    assert.truthy(err.hint:find("use client.account:subscription instead", 1, true))
    follow("client.account:subscription()", scene.new { api = "v1" })
  end)

  it("in a filter is answered with the filter's fields", function()
    local list = client.data.domain.keywords.list
    local function problem(filter)
      return (refused(list, { source = "us", domain = "example.com", filter = filter }):gsub("^.-: ", ""))
    end
    assert.equal("filter member volume has an unknown member 'min'; there are: from, to", problem { volume = { min = 1 } })
    assert.equal("filter member volume must be { from =, to = }, got 100", problem { volume = 100 })
    assert.truthy(refused(list, { source = "US", domain = "example.com" }):find("two small letters", 1, true))
  end)

  it("of a called resource is answered with the way to give an id", function()
    assert.equal("client.sites takes an id, got a table: did you mean client.sites(row.id)?",
      refused(client.sites, { id = 147696, title = "example1" }))
  end)

  it("of a called resource is answered with its operations that take the parameters, and an example that reads", function()
    assert.equal("client.sites is a resource: write client.sites(site_id) or client.sites:list(); its operations: create, "
      .. "delete, list, summary, update", refused(client.sites, {}))
    assert.equal("client.sites is a resource: write client.sites(site_id); operations with these parameters: create, update",
      refused(client.sites, { title = "a", url = "http://example.com" }))
    assert.equal("client.sites is a resource: write client.sites(site_id) or client.sites:list(); its operations: create, "
      .. "delete, list, summary, update", refused(client.sites, { nonsense = 1 }))
    assert.equal("client.sites.positions is a resource: write client.sites.positions:list { … }; operations with these "
      .. "parameters: check_dates, history, list", refused(client.sites(1).positions, { date_from = "2026-01-01" }))
    assert.equal("client.data.backlinks is a resource: write client.data.backlinks:summary { … }; operations with these "
      .. "parameters: all, count, metrics, raw, summary", refused(client.data.backlinks, { target = "a.com" }))
    assert.equal("client.airt.competitors is a resource: write client.airt.competitors:list { … }; its operations: dates, "
      .. "list, source_metrics", refused(client.airt.competitors, {})) -- v1 only
    assert.equal("client.users is a resource: write client.users(user_id) or client.users:list { … }; its operations: create, "
      .. "delete, get, list, update", refused(client.users, {}))
  end)
end)

describe("a name for reading", function()
  it("is not answered with an operation that writes, even if there is no other", function()
    local node = { operations = { set = { "set", v4 = "PUT /x" }, recheck = { "recheck", v4 = "POST /x" } }, children = {} }
    local state = { _node = node, _path = "sites.positions", _bound = {} }
    assert.equal("client.sites.positions has no 'get'; there are: recheck, set", suggest.member(state, "get"))
    assert.equal("client.sites.positions has no 'sett'; did you mean 'set'?", suggest.member(state, "sett"))
  end)

  it("is never answered with an operation that writes", function()
    local client = scene.new()
    local words = { "get", "show", "fetch", "find", "read", "lst", "gett", "all", "each", "search", "query", "status", "poll",
      "result", "results", "index", "state", "progress" }
    for family, file in pairs(api) do
      for _, resource in ipairs(require(file)) do
        local object = value_of("client." .. resource.name, client)
        for _, word in ipairs(words) do
          local ok, message = pcall(function() return object[word] end)
          local list = not ok and message:match "did you mean (.+)%?$" or ""
          for suggestion in list:gsub(", ", "\n"):gmatch "[^\n]+" do
            local meant = follow(suggestion, client, object)
            if suggestion:find ":" and not operation.of(meant) then -- a method of an operation
              meant = value_of(suggestion:match "^(.-):", client)
            end
            local about = operation.of(meant) and meant:describe()
            assert.is_falsy(about and about.method ~= "GET",
              ("%s: %s for %s of client.%s"):format(family, suggestion, word, resource.name))
          end
        end
      end
    end
  end)
end)
