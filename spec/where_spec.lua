--- The origin of an error, and raising it: err.where, seranking.check, the option raise. SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local process = require "spec.support.process"
local seranking = require "seranking"
local system = require "spec.support.system"

local V4_KEY, V1_KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"

local function new(options)
  local api = fake.new { limit = 1e6, data_limit = 1e6 }
  local given = { token = V4_KEY, data_token = V1_KEY, transport = api, share = "off", retries = 0 }
  for name, value in pairs(options or {}) do
    given[name] = value
  end
  return assert(seranking.new(given)), api
end

-- The line that calls this function.
local function line()
  return "spec/where_spec.lua:" .. debug.getinfo(2, "l").currentline
end

after_each(collectgarbage)

describe("an error's where", function()
  local client
  before_each(function()
    client = new()
  end)

  it("is the line of the call, in every form", function()
    local _, err = client.sites(1):summary() local here = line()
    assert.equal(here, err.where)
    _, err = client.sites.summary { site_id = 1 } here = line()
    assert.equal(here, err.where)
    local summary = client.sites.summary
    _, err = summary(client.sites(1)) here = line()
    assert.equal(here, err.where)
    _, err = client:request { path = "/sites/1/stat" } here = line()
    assert.equal(here, err.where)
    _, err = client:download "http://127.0.0.1:1/file" here = line()
    assert.equal(here, err.where)
    _, err = client.sites(1).keywords.list:all() here = line()
    assert.equal(here, err.where)
    _, err = client.audit.status:wait({ audit_id = 1 }) here = line()
    assert.equal(here, err.where)
    _, err = seranking.new({ token = "a b" }) here = line()
    assert.equal(here, err.where)
    _, err = new({ token = V1_KEY, api = "v1" }).account:balance() here = line()
    assert.equal(here, err.where)
  end)

  it("of a call through pcall is the line of pcall", function()
    local _, _, err = pcall(client.sites.summary, { site_id = 1 }) local here = line()
    assert.equal(here, err.where)
  end)

  it("of each is the line of the loop", function()
    local here
    local ok, err = pcall(function()
      here = line() for _ in client.sites(1).keywords.list:each() do assert.is_true(false) end
    end)
    assert.is_false(ok)
    assert.equal(here, err.where)
    local next_row = client.sites(1).keywords.list:each()
    ok, err = pcall(function()
      here = line() next_row()
    end)
    assert.is_false(ok)
    assert.equal(here, err.where)
  end)

  it("inside map, gather and coroutines is the line of the item's function", function()
    local here
    local _, errors = client:map({ 1, 2 }, function(id)
      local data, err = client.sites(id):summary() here = line()
      return data, err
    end)
    assert.equal(here, errors[1].where)
    assert.equal(here, errors[2].where)
    _, errors = client:gather(function()
      local data, err = client.sites(1):summary() here = line()
      return data, err
    end)
    assert.equal(here, errors[1].where)
    local err = coroutine.wrap(function()
      return (select(2, client.sites(1):summary()))
    end)()
    assert.truthy(err.where:find "^spec/where_spec.lua:%d+$")
  end)

  it("of an operation used as a map's function, or of an item not started, is the line of the map", function()
    local _, errors = client:map({ client.sites(1) }, client.sites.summary) local here = line()
    assert.equal(here, errors[1].where)
    _, errors = client:map({ 1, 2, 3 }, function() return nil, "x" end, { stop_on_error = true, concurrency = 1 }) here = line()
    assert.equal(here, errors[3].where)
  end)

  it("is at the beginning of tostring(err)", function()
    local _, err = client.sites(1):summary() local here = line()
    assert.equal(here .. ": GET /sites/1/stat: Not Found (not_found, not_found, HTTP 404)", tostring(err))
    assert.equal("failed: " .. tostring(err), "failed: " .. err)
    err.where = nil
    assert.equal("GET /sites/1/stat: Not Found (not_found, not_found, HTTP 404)", tostring(err))
  end)

  it("is not determined while calls succeed", function()
    local misuse = require "seranking.base.misuse"
    local where, count = misuse.where, 0
    misuse.where = function() count = count + 1 return where() end
    assert(client.sites:list())
    client:map({ 1, 2 }, function() return client.sites:list() end)
    for _ in client.system.search_engines:each() do end -- luacheck: ignore
    local asked = count
    client.sites(1):summary()
    misuse.where = where
    assert.equal(0, asked)
    assert.equal(1, count)
  end)

  it("of a mistake says that a tail call hides the line, if Lua can tell", function()
    local function hidden()
      return client.sites:create { titel = "x" }
    end
    local here
    local ok, message = pcall(function()
      here = line() local made = hidden()
      return made
    end)
    assert.is_false(ok)
    if rawget(_G, "jit") then
      assert.truthy(message:find "titel")
    else
      assert.equal(here .. ": sites.create: unknown parameter 'titel'; did you mean 'title'? (called by `return …`, a tail "
        .. "call: this is the line of the function's caller)", message)
    end
  end)

  it("of a mistake does not mention tail calls if there is none", function()
    for _, way in ipairs {
      function() local _ = client.sites:create { titel = "x" } end,
      function() local _ = client.sites.create.dry_run(client.sites.create, { titel = "x" }) end,
      function() local _ = client.sites.list:each({ titel = "x" }) end,
      function() local _ = client.sites.list:all({ titel = "x" }) end,
      function() local _ = client.audit.create:wait({ titel = "x" }) end,
      function() local _ = client.sites(1)(2) end,
      function() local _ = client.sites.lst end,
      function() client.sites.list = 1 end,
      function() local _ = client:request {} end,
      function() local _ = client:download "x" end,
      function() local _ = client:map(1) end,
      function() local _ = client:gather(1) end,
      function() local _ = client:spent() end,
      function() local _ = client.limiter() end,
      function() local _ = client:limiter().reset() end,
      function() local _ = seranking.new { timeout = 0 } end,
      function() local _ = seranking.check(nil, "x") end,
      function() local _ = seranking.array "x" end,
    } do
      local ok, message = pcall(way)
      assert.is_false(ok)
      assert.truthy(tostring(message):find "where_spec.lua:%d+: ", tostring(message))
      assert.is_nil(tostring(message):find("tail call", 1, true), tostring(message))
    end
  end)
end)

describe("seranking.check", function()
  local client = new()

  it("returns the results of a call", function()
    local sites, response = seranking.check(client.sites:list())
    assert.same({}, sites)
    assert.equal(200, response.status)
  end)

  it("raises the error itself, with its kind, code and place", function()
    local here
    local ok, err = pcall(function()
      here = line() seranking.check(client.sites(1):summary())
    end)
    assert.is_false(ok)
    assert.is_true(seranking.is_error(err))
    assert.equal("not_found not_found", err.kind .. " " .. err.code)
    assert.equal(here, err.where)
  end)

  it("raises errors of other functions: a string with the line, other values unchanged", function()
    local ok, message = pcall(function() seranking.check(io.open "/no/such/file") end)
    assert.is_false(ok)
    assert.truthy(message:find "^spec/where_spec.lua:%d+: /no/such/file: ")
    local value = {}
    assert.equal(value, select(2, pcall(seranking.check, false, value)))
  end)
end)

describe("an uncaught error", function()
  -- The output of a program that ends with the error.
  local function output(code)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(([[
      local seranking = require "seranking"
      local api = require("seranking.fake").new()
      local client = seranking.new { token = "%s", transport = api, raise = arg[1] == "raise" }
      %s]]):format(V4_KEY, code))
    file:close()
    local lines = {}
    for _, way in ipairs { "check", "raise" } do
      lines[#lines + 1] = system.output(("%s %s %s 2>&1"):format(process.interpreter(), path, way))
    end
    os.remove(path)
    return lines, path
  end

  it("is printed with its place by every interpreter", function()
    local lines, path = output "local site = seranking.check(client.sites(1):summary())"
    for _, text in ipairs(lines) do
      assert.truthy(text:find(path .. ":4: GET /sites/1/stat: Not Found (not_found, not_found, HTTP 404)", 1, true), text)
    end
    lines = output "for _ in client.sites(1).keywords.list:each() do end"
    assert.truthy(lines[1]:find(":4: GET /sites/1/keywords: Not Found", 1, true), lines[1])
  end)

  it("is the error value itself wherever it can be caught", function()
    local lines = output [[
      local function fail() seranking.check(client.sites(1):summary()) end
      local _, one = pcall(fail)
      local _, two = coroutine.resume(coroutine.create(fail))
      local _, three = xpcall(fail, function(problem) return problem end)
      print(one.code, two.code, three.code)]]
    assert.same({ "not_found\tnot_found\tnot_found\n", "not_found\tnot_found\tnot_found\n" }, lines)
  end)
end)

describe("the option raise", function()
  local client, api
  before_each(function()
    client, api = new { raise = true }
  end)

  local function raised(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    assert.is_true(seranking.is_error(err), tostring(err))
    return err.kind .. " " .. err.code
  end

  it("raises the error of a call as a value, and returns data and response otherwise", function()
    local sites, response = client.sites:list()
    assert.same({}, sites)
    assert.equal(200, response.status)
    assert.is_true(client.users.list ~= nil)
    assert.equal("not_found not_found", raised(client.sites(1).summary))
    assert.equal("not_found not_found", raised(function() client.sites(1):summary() end))
    assert.equal("not_found not_found", raised(client.sites.summary, client.sites(1)))
  end)

  it("applies to walks, jobs, requests, downloads and client.data", function()
    assert.equal("not_found not_found", raised(function() client.sites(1).keywords.list:all() end))
    assert.equal("not_found not_found", raised(function() client.sites(1).keywords.list:each()() end))
    assert.equal("not_found not_found", raised(function() client.audit.status:wait { audit_id = 1 } end))
    assert.equal("not_found not_found", raised(client.request, client, { path = "/sites/1/stat" }))
    api:fail { status = 404 }
    assert.truthy(raised(client.download, client, "http://127.0.0.1:1/file"):find "^[%w_]+ ")
    api:fail { status = 500 }
    assert.equal("server server_error", raised(client.data.account.subscription))
  end)

  it("applies to operations that the generation lacks, and to seranking.new", function()
    local v1 = new { token = V1_KEY, raise = true }
    for _, way in ipairs {
      v1.account.balance, function() v1.account.balance:dry_run() end, function() v1.account.balance:wait() end,
      function() v1.key_volume.list:all() end, function() v1.key_volume.list:each() end,
    } do
      assert.equal("invalid not_in_v1", raised(way))
    end
    assert.equal("auth invalid_key", raised(seranking.new, { token = "a b", raise = true }))
  end)

  it("collects errors of items inside map, and raises them together with the results", function()
    assert(client.sites:create { url = "http://example.com", title = "example1" })
    local ok, errors = pcall(client.map, client, { 147696, 1, 2 }, function(id) return client.sites(id):summary() end)
    assert.is_false(ok)
    assert.equal(2, errors.count)
    assert.equal("not_found", errors[2].kind)
    assert.is_table(errors.results[1])
    assert.equal(3, errors.results.n)
    assert.truthy(tostring(errors):find "^2 of 3 items failed; ")
    assert.equal(1, (client:map({ client.sites(147696) }, client.sites.summary)).n)
    ok, errors = pcall(client.gather, client, function() return client.sites(1):summary() end)
    assert.is_false(ok)
    assert.equal(1, errors.count)
  end)

  it("lets a wait continue over failed polls", function()
    api:fail { method = "GET", status = 503 }
    assert.is_table(client.audit.create:wait({ domain = "example.com" }))
    assert.is_true(#api.log > 2)
  end)
end)
