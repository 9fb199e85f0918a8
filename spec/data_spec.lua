--- client.data, the client of the Data API: its address, key, limit, methods and lists.
-- SPDX-License-Identifier: MIT

local links = require "support.links"
local script = require "support.script"
local seranking = require "seranking"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local raised = script.raised
local op, constant = links.op, links.constant

describe("client.data", function()
  it("is a separate client with the Data API's address, made on first use", function()
    local client = script.new(constant "{}")
    assert.is_nil(client._products.data)
    assert.equal(client.data, client.data)
    assert.equal("https://api.seranking.com", client.data.base_url)
    assert.equal("seranking client (Data API, https://api.seranking.com, key …d14b)", tostring(client.data):match "^[^\n]+")
    assert.equal("seranking client (v4, https://api4.seranking.com, key …d14b)", tostring(client):match "^[^\n]+")
  end)

  it("has exactly the resources of the Data API", function()
    local client = script.new(constant "{}")
    assert.equal("seranking resource data.backlinks", tostring(client.data.backlinks):match "^[^\n]+")
    assert.equal("client.data has no 'backlnks'; did you mean 'backlinks'?",
      raised(function() return client.data.backlnks end))
    assert.is_truthy(raised(function() return client.data.data end):find("client.data has no 'data'", 1, true))
    assert.is_truthy(raised(function() return client.data.sites end):find("client.data has no 'sites'", 1, true))
    assert.equal("client has no 'dta'; did you mean 'data'?", raised(function() return client.dta end))
    assert.is_truthy(raised(function() return client["data.backlinks"] end):find("client has no 'data.backlinks'", 1, true))
  end)

  it("has the client's key unless data_token is set", function()
    for key, options in pairs { [KEY] = {}, [UUID] = { data_token = UUID } } do
      local client, log = script.new(constant "{}", options)
      assert(op(client, "free")())
      assert(client.account:balance())
      assert.equal("Token " .. key, log[1].headers.authorization)
      assert.equal("Token " .. KEY, log[2].headers.authorization)
      assert.equal("/v1/links/free", log[1].path)
      assert.equal("https://api.seranking.com", log[1].origin)
    end
    local client, log = script.new(constant "{}", { token = false })
    assert(op(client, "free")())
    assert.is_nil(log[1].headers.authorization)
    client = script.new(constant "{}", { token = UUID, auth = "query" })
    assert.equal("https://api.seranking.com/v1/links/free?apikey=…e5f6", op(client, "free"):dry_run().url)
  end)

  it("suggests data_token in errors if it has the client's key", function()
    local function refused() return script.json('{"error":{"message":"Unauthorized"}}', 401) end
    local _, err = script.new(refused).data.account:subscription()
    assert.equal("auth", err.kind)
    assert.is_truthy(err.hint:find("data_token", 1, true) and err.hint:find("SERANKING_DATA_TOKEN", 1, true), err.hint)
    _, err = script.new(refused).data:request { path = "/v1/x" }
    assert.is_truthy(err.hint:find("data_token", 1, true))
    _, err = script.new(refused, { data_token = UUID }).data.account:subscription()
    assert.equal("auth", err.kind)
    assert.is_nil((err.hint or ""):find("data_token", 1, true))
    _, err = script.new(refused).account:balance()
    assert.is_nil((err.hint or ""):find("data_token", 1, true))
  end)

  it("does not keep a key that Lua could read", function()
    local client = script.new(constant "{}", { data_token = UUID })
    local seen = {}
    local function search(value)
      if type(value) == "string" then
        assert.is_nil(value:find(UUID, 1, true))
        assert.is_nil(value:find(KEY, 1, true))
      elseif type(value) == "table" and not seen[value] and value ~= package.loaded then
        seen[value] = true
        for name, member in next, value do
          search(name)
          search(member)
        end
      end
    end
    search(client)
    search(client.data)
  end)

  it("has the client's base_url if that is not the vendor's", function()
    local function base(options)
      return script.new(constant "{}", options).data.base_url
    end
    assert.equal("http://127.0.0.1:8080", base { base_url = "http://127.0.0.1:8080" })
    assert.equal("https://proxy.example/se", base { base_url = "https://proxy.example/se" })
    assert.equal("https://api.seranking.com", base { base_url = "https://api4.seranking.com" })
    assert.equal("https://evilseranking.com", base { base_url = "https://evilseranking.com" })
    assert.equal("http://127.0.0.1:2", base { base_url = "http://127.0.0.1:1", data_base_url = "http://127.0.0.1:2" })
  end)

  it("is checked with the client: its invalid options are errors of seranking.new", function()
    local function why(options)
      options.token = KEY
      local client, err = seranking.new(options)
      assert.is_nil(client)
      return err.kind .. " " .. err.code
    end
    assert.equal("auth invalid_key", why { data_token = "a b" })
    assert.equal("auth invalid_key", why { data_token = "" })
    assert.equal("invalid bad_option", why { data_base_url = "http://example.com" })
    assert.equal("seranking.new: option data_token must be a string",
      raised(seranking.new, { token = KEY, data_token = false }))
  end)

  it("has its own limit of ten a second", function()
    local client, log, clock = script.new(constant "{}")
    for _ = 1, 5 do
      assert(client.account:balance())
    end
    for _ = 1, 10 do
      assert(op(client, "free")())
    end
    assert.equal(0, clock:now())
    assert(op(client, "free")())
    assert.equal(1, clock:now())
    assert.equal(16, #log)
  end)

  it("is limited by data_rate", function()
    for most, options in pairs {
      [2] = { rate = { limit = 2 } }, [3] = { rate = { limit = 2 }, data_rate = { limit = 3 } }, [30] = { share = "off" },
    } do
      local client, _, clock = script.new(constant "{}", options)
      for _ = 1, most do
        assert(op(client, "free")())
      end
      assert.equal(0, clock:now())
      assert(op(client, "free")())
      assert.equal(most == 30 and 0 or 1, clock:now())
    end
  end)

  it("sends any request, and is closed with the client", function()
    local client, log = script.new(constant '{"a":1}')
    assert.same({ a = 1 }, (client.data:request { path = "/v1/new", query = { a = 1 } }))
    assert.equal("https://api.seranking.com/v1/new?a=1", log[1].origin .. log[1].path .. "?" .. log[1].query)
    local data = client.data
    client:close()
    assert.is_truthy(raised(function() data:request { path = "/" } end):find("closed", 1, true))
    client = script.new(constant "{}")
    client:close()
    assert.is_truthy(raised(function() return client.data end):find("closed", 1, true))
  end)
end)

describe("an operation of the Data API", function()
  local client, log
  before_each(function()
    client, log = script.new(constant '{"a":1}')
  end)

  it("always sends its fixed parameters", function()
    local request = op(client, "count"):dry_run { target = "a.example" }
    assert.equal("GET https://api.seranking.com/v1/links/count?target=a.example&output=json",
      request.method .. " " .. request.url)
  end)

  it("uses POST if a list has more than ten elements, or the address more than 2,000 bytes", function()
    local targets = {}
    for i = 1, 10 do
      targets[i] = "a" .. i .. ".example"
    end
    assert.equal("GET", op(client, "count"):dry_run({ target = targets }).method)
    targets[11] = "last.example"
    local request = op(client, "count"):dry_run {
      target = targets, mode = "host", cols = { "a", "b" }, exact = true, rules = { { { a = 1 } } },
    }
    assert.equal("POST https://api.seranking.com/v1/links/count?output=json", request.method .. " " .. request.url)
    assert.equal("application/json", request.headers["content-type"])
    assert.equal('{"target":["a1.example","a2.example","a3.example","a4.example","a5.example","a6.example","a7.example",'
      .. '"a8.example","a9.example","a10.example","last.example"],"mode":"host","cols":"a,b","exact":true,'
      .. [=["rules":"[[{\"a\":1}]]"}]=], request.body)

    local fixed = #"https://api.seranking.com/v1/links/count?target=&output=json"
    local long = ("a"):rep(2000 - fixed)
    request = op(client, "count"):dry_run { target = long }
    assert.equal("GET 2000", request.method .. " " .. #request.url)
    request = op(client, "count"):dry_run { target = long .. "a" }
    assert.equal('POST {"target":["' .. long .. 'a"]}', request.method .. " " .. request.body)
    request = op(client, "count"):dry_run { target = ("ä"):rep(320) } -- six bytes each in an address
    assert.equal("GET", request.method)
    assert.equal("POST", op(client, "count"):dry_run({ target = ("ä"):rep(350) }).method)
    assert.equal(0, #log)
  end)

  it("requires exactly one of its one_of parameters", function()
    assert.equal("data.links.list: exactly one of one, other is required, got none", raised(op(client, "list")))
    assert.equal("data.links.list: exactly one of one, other is required, got one and other",
      raised(op(client, "list"), { one = "a", other = "b" }))
    assert(op(client, "list") { other = "b" })
  end)

  it("returns files as bytes", function()
    local zip = "PK\3\4\0\255"
    client = script.new(function() return { status = 200, headers = { { "Content-Type", "application/zip" } }, body = zip } end)
    assert.equal(zip, (op(client, "archive")()))
    client = script.new(function() return { status = 200, headers = {}, body = "" } end)
    assert.equal("", (op(client, "archive")()))
  end)

  it("fails if the answer reports an error in spite of its status", function()
    client = script.new(constant '{"message":"No data for this target"}')
    local data, err = op(client, "view")()
    assert.is_nil(data)
    assert.equal("invalid failed 200 No data for this target",
      table.concat({ err.kind, err.code, tostring(err.status), err.message }, " "))
    client = script.new(constant '{"message":"hello","rows":[]}')
    assert.equal("hello", op(client, "view")().message)
  end)
end)

describe("lists of the Data API that have one page", function()
  local ARGS = { target = "example.com", date_from = "2024-01-01", date_to = "2026-11-01" }
  local lists = {
    "all", "history.list", "anchors.list", "refdomains.list", "refdomains.history.list", "referring_ips.list",
    "indexed_pages.list", "authority.domain.distribution", "authority.domain.history", "authority.page.history",
  }

  for _, name in ipairs(lists) do
    it("are walked: " .. name, function()
      local api = require("seranking.fake").new { data_limit = 1e6, rows = 2000, units = 1e7, today = "2026-11-24" }
      local data = assert(seranking.new { token = KEY, data_token = UUID, transport = api }).data
      local list = data.backlinks
      for part in name:gmatch "[^.]+" do
        list = list[part]
      end
      local args, limited = {}, false
      for _, parameter in ipairs(list:describe().parameters) do
        args[parameter.name] = ARGS[parameter.name]
        limited = limited or parameter.name == "limit"
      end
      local count = 0
      for row in list:each(args, { max_rows = math.huge }) do
        assert.is_table(row)
        count = count + 1
      end
      assert.is_true(count > (limited and 100 or 0))
      assert.equal(1, #api.log)
      local rows, err = list:all(args) -- the number of wanted rows is not given
      if limited then
        assert.is_nil(rows)
        assert.equal("cut 100", err.code .. " " .. #err.rows)
        if name == "all" then -- the advice
          local whole = err.hint:match "client%.data%.([%w_.]+):each"
          assert.equal("backlinks.raw", whole)
          assert.equal(2000, count)
          assert.equal(2000, #assert(data.backlinks.raw:all(args)))
        else
          local most = tonumber(err.hint:match "limit, (%d+) at most")
          args.limit = most
          assert.equal(count, #assert(list:all(args)))
        end
      else
        assert.equal(count, #assert(rows))
      end
    end)
  end

  it("may be named like a walk's method", function()
    local client, log = script.new(constant '{"backlinks":[{"url_from":"a"},{"url_from":"b"}]}')
    local backlinks = client.data.backlinks
    assert.equal(2, #assert(backlinks:all { target = "a.com" }).backlinks)
    assert.equal(2, #assert(backlinks.all { target = "a.com" }).backlinks)
    assert.equal("b", assert(backlinks.all:all { target = "a.com" })[2].url_from)
    assert.equal("a", backlinks.all:each { target = "a.com" }().url_from)
    assert.equal(4, #log)
  end)
end)

describe("the Data API of the fake, in this process", function()
  it("serves client.data: pages, jobs, files, prices", function()
    local api = require("seranking.fake").new()
    local client = assert(seranking.new { token = KEY, data_token = UUID, transport = api })
    local data = client.data
    assert.equal("example.com", assert(data.backlinks:summary { target = "example.com" }).summary[1].target)
    assert.equal(100, data:spent().credits)
    local count = 0
    for row in data.backlinks.raw:each({ target = "example.com" }, { max_rows = 120 }) do
      count = count + (row.url_to and 1 or 0)
    end
    assert.equal(120, count)
    local export, response = assert(data.backlinks.export.create:wait { target = "example.com" })
    assert.equal("complete", export.task_status)
    assert.is_string(response.job.task_id)
    local file = assert(data:download(export.download_file))
    assert.equal("\31\139", file:sub(1, 2))
    local audit, of = assert(data.site_audit.audits.create_standard:wait {
      domain = "example.com", settings = { max_pages = 10 },
    })
    assert.equal("finished", audit.status)
    assert.is_table(assert(data.site_audit.audits:report { audit_id = of.job.audit_id }))
    assert.equal(2, #assert(data.serp.classic.add_tasks:wait {
      search_engine = "google", device = "desktop", language_code = "en", location_id = 12998, query = { "a", "b" },
    }))
    assert.equal(2, #assert(data.keywords:export { source = "us", keywords = { "anchor", "rope" } }))
  end)
end)
