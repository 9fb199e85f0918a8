--- A client's errors for wrong arguments and wrong uses.
-- SPDX-License-Identifier: MIT

local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"

local raised, misuse_of = script.located, script.misuse_of

after_each(function()
  collectgarbage()
  collectgarbage()
end)

describe("arguments", function()
  local client, api
  before_each(function()
    client, api = scene.new()
  end)

  local function create(args)
    return misuse_of(function() client.sites:create(args) end)
  end

  it("are refused with a suggestion if unknown", function()
    assert.equal("sites.create: unknown parameter 'titel'; did you mean 'title'?", create { url = "a", titel = "b" })
    assert.truthy(create({ url = "a", zebra = 1, apple = 2, mouse = 3 }):find "^sites%.create: unknown parameter 'apple'")
    assert.truthy(create({ "a" }):find("sites.create takes parameters by name, { name = value }, and element 1 has none; "
      .. "there are: auto_reports, ", 1, true))
    assert.equal("sites.keywords.create: element 1 has an unknown member 'keywrod'; did you mean 'keyword'?",
      misuse_of(function() client.sites(1).keywords:create { { keywrod = "a" } } end))
  end)

  it("of a call that takes a list must be a list, says the message", function()
    local keywords = scene.new().sites(1).keywords
    assert.equal('sites.keywords.create takes a list, { { keyword = … }, … }, got "anchor"',
      misuse_of(function() keywords:create "anchor" end))
    assert.equal("sites.keywords.create: unknown parameter 'keywords'; it takes a list: { { keyword = … }, … }",
      misuse_of(function() keywords:create { keywords = { { keyword = "anchor" } } } end))
    assert.equal("sites.keywords.create: unknown parameter 'siteid'; did you mean 'site_id'?",
      misuse_of(function() keywords:create { { keyword = "anchor" }, siteid = 1 } end))
  end)

  it("are named in the message if missing", function()
    assert.equal("sites.create: title is required", create { url = "a" })
    assert.equal("sites.keywords.create: element 2 lacks the member 'keyword'",
      misuse_of(function() client.sites(1).keywords:create { { keyword = "a" }, {} } end))
    assert.equal("sites.keywords.create: at least one element is required: { { … }, { … } }",
      misuse_of(function() client.sites(1).keywords:create {} end))
  end)

  it("of a wrong type or out of range are refused with the accepted values", function()
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

  it("that must not be empty are refused before anything is sent", function()
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
    -- a set may be emptied, and an optional text may be empty
    assert.equal("[]", client.users.sites.share:dry_run({ user_id = 1, site_ids = {} }).body)
    assert.equal('{"comment":""}', client.sites.keywords.update:dry_run({ site_id = 1, keyword_id = 1, comment = "" }).body)
  end)

  it("that are not a table are refused with an explanation", function()
    assert.equal("account.balance takes no parameters, got 5", misuse_of(function() client.account:balance(5) end))
    assert.equal("account.balance: unknown parameter '1'; there are none",
      misuse_of(function() client.account:balance { "a" } end))
    assert.equal("sites.delete takes a table of parameters, { name = value }, got 5; write client.sites(5):delete()",
      misuse_of(function() client.sites:delete(5) end))
  end)

  it("after the options are refused", function()
    local text = "seranking operation sites.list takes a table of parameters and a table of options, got a third argument: 7"
    assert.equal(text, misuse_of(function() client.sites:list({}, {}, 7) end))
    assert.equal(text, misuse_of(function() client.sites.list({}, {}, 7) end))
    for _, method in ipairs { "dry_run", "each", "all" } do
      assert.equal(text, misuse_of(function() client.sites.list[method](client.sites.list, {}, {}, 7) end))
    end
    assert.same({}, (client.sites:list({}, {}, nil)))
  end)

  it("that hold the key by mistake are masked in a dry run", function()
    local key = scene.V4_KEY
    local request = client.sites.create:dry_run { url = "a", title = "my " .. key }
    assert.equal('{"url":"a","title":"my …d14b"}', request.body)
    assert.equal("https://api4.seranking.com/sites/1/stat?a=…d14b",
      client.sites.summary:dry_run({ site_id = 1 }, { extra = { a = key } }).url)
  end)

  it("can be a call's options, which are checked as well", function()
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

describe("a plausible mistake", function()
  local client, api
  before_each(function()
    client, api = scene.new()
  end)

  it("is raised at the caller's line, also by pcall of the operation", function()
    local ok, message = pcall(client.sites.create, { titel = 1 })
    assert.is_false(ok)
    assert.truthy(message:find("client_arguments_spec.lua:%d+: sites.create: unknown parameter 'titel'"))
  end)

  it("using nginx's loop outside nginx is refused", function()
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

  it("a dot instead of a colon is named", function()
    for _, name in ipairs { "dry_run", "each", "all", "describe" } do
      assert.truthy(raised(function() client.sites.positions.history[name] { site_id = 1 } end):find(
        name .. " is a method of operations: call it with a colon, as in client.sites.list:" .. name .. "(…)", 1, true))
    end
    assert.equal("wait is a method of operations: call it with a colon, as in client.audit.create:wait(…)",
      misuse_of(function() client.audit.create.wait { domain = "a.com" } end))
    assert.equal("call it with a colon: client:close()", misuse_of(function() client.close() end))
    assert.equal("call it with a colon: client:request { … }", misuse_of(function() client.request { path = "/" } end))
  end)

  it("a colon instead of a dot is named", function()
    assert.equal("call it with a dot: seranking.new { … }", misuse_of(function() seranking:new { timeout = 5 } end))
    assert.equal("call it with a dot: seranking.new { … }", misuse_of(function() seranking:new() end))
  end)

  it("the client or another resource before the parameters is named", function()
    assert.equal("seranking operation sites.list takes parameters, not the client: write client.sites:list { … }",
      misuse_of(function() client.sites.list(client) end))
    assert.equal("seranking operation sites.keywords.list was called on client.sites: write client.sites.keywords:list { … }",
      misuse_of(function() client.sites.keywords.list(client.sites) end))
  end)

  it("a method that operations don't have is named", function()
    assert.equal("an operation has no 'describ'; did you mean 'describe'?",
      misuse_of(function() return client.sites.list:describ() end))
    assert.equal("an operation has no 'first'; there are: all, describe, dry_run, each",
      misuse_of(function() return client.sites.list.first end))
    assert.equal("an operation has no '1': call it, client.sites:list { … }",
      misuse_of(function() return client.sites.list[1] end))
  end)

  it("an option set as a field is named", function()
    assert.equal("client.timeout can't be set: options are given to seranking.new, or to a call",
      misuse_of(function() client.timeout = 5 end))
    assert.equal("client.sites.foo can't be set", misuse_of(function() client.sites.foo = 1 end))
    assert.equal("seranking operation sites.list: foo can't be set", misuse_of(function() client.sites.list.foo = 1 end))
    assert.equal("sites.create: timeout is an option: sites.create({ … }, { timeout = … })",
      misuse_of(function() client.sites:create { url = "a", title = "b", timeout = 5 } end))
  end)

  it("a bound id that the operation doesn't take is named, and nothing is sent", function()
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

  it("an object instead of a list is named", function()
    assert.equal("sites.keywords.create takes a list: { { keyword = … }, … }",
      misuse_of(function() client.sites(1).keywords:create { keyword = "boots" } end))
  end)

  it("more ids than fit into an address are refused", function()
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

  it("February 29 of a year without one is refused", function()
    assert.truthy(client.sites(1).positions.list:dry_run { date_from = "2024-02-29" })
    assert.is_false((pcall(client.sites(1).positions.list, { date_from = "2023-02-29" })))
  end)

  it("is raised again by seranking.check", function()
    local err = raised(function() seranking.check(client.sites(1):summary()) end)
    assert.equal("not_found", err.kind)
    local value = {}
    assert.equal(value, raised(function() seranking.check(nil, value) end))
    assert.same({}, (seranking.check(client.sites:list())))
    assert.equal("x", misuse_of(function() seranking.check(false, "x") end))
    assert.equal("assertion failed!", misuse_of(function() seranking.check(nil) end))
    assert.same({ 1, 2, 3 }, { seranking.check(1, 2, 3) })
  end)

  it("are reported by the module's functions", function()
    assert.equal('seranking.array takes a list, got "x"', misuse_of(function() seranking.array "x" end))
    assert.equal("seranking.array takes a list, got nil", misuse_of(function() seranking.array() end))
    assert.equal("seranking.encode: the value.x is a function, which JSON does not have",
      misuse_of(function() seranking.encode { x = print } end))
    local other = scene.new()
    assert.equal("seranking.encode: the value is a " .. tostring(other):match "^[^\n]+" .. ", which is no data",
      misuse_of(function() seranking.encode(other) end))
    assert.equal("seranking.encode: the value[1] is a seranking resource sites, which is no data",
      misuse_of(function() seranking.encode { other.sites } end))
    assert.equal('{"list":[]}', seranking.encode { list = seranking.array {} })
    assert.equal("seranking.fake.new takes a table of options, not a string", misuse_of(function()
      require("seranking.fake").new "x"
    end))
  end)
end)
