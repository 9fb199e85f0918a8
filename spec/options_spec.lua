--- Options of a client, given or from the environment. SPDX-License-Identifier: MIT

local seranking = require "seranking"
local system = require "support.system"

local function misuse_of(f)
  local ok, message = pcall(f)
  assert.is_false(ok)
  local position, text = message:match "^.-(options_spec.lua:%d+): (.*)$"
  assert.truthy(position, "no position of the caller in: " .. message)
  return text
end

local function refused(given)
  return misuse_of(function() local _ = seranking.new(given) end)
end

after_each(collectgarbage)

describe("options", function()
  it("are refused with a suggestion if unknown", function()
    assert.equal("seranking.new: unknown option 'timeuot'; did you mean 'timeout'?", refused { timeuot = 1 })
    assert.equal("seranking.new: unknown option 'api_key'; did you mean 'token'?", refused { api_key = "x" })
    assert.equal("seranking.new: unknown option 'wizard'; there are: api, attempt_timeout, auth, base_url, blocking, budget, "
      .. "ca_file, clock, connect_timeout, data_base_url, data_rate, data_token, limiter, loop, max_body, max_queue, nulls, "
      .. "on_block, on_event, on_limiter_error, pacing, priority, profile, proxy, raise, rate, retries, share, state_dir, "
      .. "state_group, timeout, token, token_file, transport, user_agent, visible_base_url, visible_rate, visible_token",
      refused { wizard = "x" })
    assert.equal('seranking.new takes a table of options, got a string: write seranking.new { token = "your-key" }',
      refused "x")
    assert.equal("seranking.new takes a table of options, got a number", refused(5))
  end)

  it("of a wrong type are refused with the accepted values", function()
    for _, row in ipairs {
      { "token", 5, "must be a string, or false for calls without a key" },
      { "token", true, "must be a string, or false for calls without a key" },
      { "api", "v2", 'must be "v4" or "v1"', '"v2"' },
      { "auth", "both", 'must be "header" or "query"', '"both"' },
      { "timeout", 0, "must be a number of seconds from 0.001 to 86400 (a day)", "0" },
      { "timeout", -1, "must be a number of seconds from 0.001 to 86400 (a day)", "-1" },
      { "timeout", 0 / 0, "must be a number of seconds from 0.001 to 86400 (a day)", tostring(0 / 0) },
      { "timeout", math.huge, "must be a number of seconds from 0.001 to 86400 (a day)", "inf" },
      { "timeout", 86401, "must be a number of seconds from 0.001 to 86400 (a day)", "86401" },
      { "timeout", 1e-10, "must be a number of seconds from 0.001 to 86400 (a day)", "1e-10" },
      { "timeout", "5", "must be a number of seconds from 0.001 to 86400 (a day)", '"5"' },
      { "retries", -1, "must be a whole number from 0 to 100", "-1" },
      { "retries", 1.5, "must be a whole number from 0 to 100", "1.5" },
      { "max_queue", 0, "must be a whole number from 1 to 1000000", "0" },
      { "max_queue", 1000001, "must be a whole number from 1 to 1000000", "1000001" },
      { "max_body", 0, "must be a whole number of bytes, at least 1", "0" },
      { "rate", 5, "must be a table { limit = requests, per = seconds }", "5" },
      { "rate", {}, "limit must be a whole number from 1 to 64" },
      { "rate", { limit = 65 }, "limit must be a whole number from 1 to 64" },
      { "rate", { limit = 1, per = 0 }, "per must be a number of seconds from 0.001 to 86400 (a day)" },
      { "rate", { limit = 1, window = 1 }, "has an unknown field 'window': { limit = requests, per = seconds }" },
      { "share", "machine", 'must be "user" or "process" or "off"', '"machine"' },
      { "nulls", true, 'must be "drop" or "keep"', "true" },
      { "user_agent", "a\nb", "must be a string without control characters, not empty" },
      { "transport", {}, "must be an object with a method `handle`, such as seranking.fake's" },
      { "clock", os.clock, "must be a clock of seranking.clock()" },
      { "clock", io.stdout, "must be a clock of seranking.clock()" },
      { "ca_file", "", "must be a string without control characters, not empty", '""' },
    } do
      assert.equal(("seranking.new: option %s %s"):format(row[1], row[3]) .. (row[4] and ", got " .. row[4] or ""),
        refused { [row[1]] = row[2] })
    end
  end)

  it("of a wrong type are shown, unless they are long or may be secret", function()
    assert.equal('seranking.new: option timeout must be a number of seconds from 0.001 to 86400 (a day), got "5s"',
      refused { timeout = "5s" })
    assert.equal("seranking.new: option retries must be a whole number from 0 to 100, got 1.5", refused { retries = 1.5 })
    assert.equal("seranking.new: option retries must be a whole number from 0 to 100, got false", refused { retries = false })
    assert.equal('seranking.new: option api must be "v4" or "v1"', refused { api = ("a"):rep(17) })
    assert.equal("seranking.new: option on_event must be a function", refused { on_event = {} })
    assert.equal("seranking.new: option token must be a string, or false for calls without a key", refused { token = 12345 })
    assert.is_nil(refused({ proxy = "pass\nword" }):find "pass")
  end)

  it("with an address must have https, or http to this machine", function()
    for _, fine in ipairs { "https://x.example", "https://x.example/base/", "http://127.0.0.1:8080", "http://[::1]:1",
      "http://localhost" } do
      assert(seranking.new { token = "a-key", base_url = fine })
    end
    assert.equal("https://x.example/base", seranking.new({ token = "a-key", base_url = "HTTPS://X.example:443/base" }).base_url)
    assert.equal("https://x.example/base", seranking.new({ token = "a-key", base_url = "https://x.example/base/" }).base_url)
    for address, why in pairs {
      ["http://x.example"] = "must be an https address: plain http would send the key in clear (it is allowed to this "
        .. "machine only)",
      ["http://127.0.0.1.x.example"] = "must be an https address: plain http would send the key in clear (it is allowed to "
        .. "this machine only)",
      ["ftp://x.example"] = "must be an https address",
      ["x.example"] = "is not an address; write https://host",
      ["https://%7f41"] = "is not an address; write https://host",
      ["https://me:secret@x.example"] = "must not hold a user or password",
      ["https://x.example/?a=b"] = "must not hold a query or fragment",
    } do
      local client, err = seranking.new { token = "a-key", base_url = address }
      assert.is_nil(client)
      assert.equal("invalid bad_option base_url " .. why, err.kind .. " " .. err.code .. " " .. err.message)
    end
  end)

  it("come from the environment unless given", function()
    local getenv = os.getenv
    local variables = {}
    os.getenv = function(name) return variables[name] end -- luacheck: ignore
    finally(function() os.getenv = getenv end) -- luacheck: ignore
    variables.SERANKING_API = "v1"
    variables.SERANKING_BASE_URL = "http://127.0.0.1:9"
    assert.equal("v1", seranking.new({ token = "a-key" }).api)
    assert.equal("v4", seranking.new({ token = "a-key", api = "v4" }).api)
    assert.equal("http://127.0.0.1:9", seranking.new({ token = "a-key" }).base_url)
    variables.SERANKING_BASE_URL = ""
    assert.equal("https://api.seranking.com", seranking.new({ token = "a-key" }).base_url)
    variables.SERANKING_TIMEOUT = "a minute"
    local client, err = seranking.new { token = "a-key" }
    assert.is_nil(client)
    assert.equal("invalid bad_option", err.kind .. " " .. err.code)
    assert.equal("SERANKING_TIMEOUT must be a number of seconds from 0.001 to 86400 (a day)", err.message)
    variables.SERANKING_API = "be2165b7d065e278e7305c1c7ef791f283f5d14b" -- the key in the wrong variable is not shown
    client, err = seranking.new { token = "a-key", timeout = 5 }
    assert.is_nil(client)
    assert.equal('SERANKING_API must be "v4" or "v1"', err.message)
    variables.SERANKING_API = nil
    assert(seranking.new { token = "a-key", timeout = 5 })
    for text, fine in pairs { ["2"] = true, ["2/10"] = true, ["2/0.5"] = true, two = false, ["0"] = false, ["2/"] = false,
      ["/2"] = false, ["2/x"] = false, ["2/1/3"] = false, ["2/."] = false } do
      variables.SERANKING_RATE = text
      client = seranking.new { token = "a-key", timeout = 5 }
      assert.equal(fine, client ~= nil, text)
    end
    variables.SERANKING_RATE = nil
    variables.SERANKING_TIMEOUT = "1.5"
    assert(seranking.new { token = "a-key" })
  end)

  it("are named in errors as given, or by their variable", function()
    local process, wire = require "spec.support.process", require "spec.support.wire"
    local _, err = seranking.new { token = wire.KEY, data_token = "" }
    assert.truthy(err.message:find "^data_token: .*empty")
    assert.is_nil(err.hint:find("token = false", 1, true))
    _, err = seranking.new { token = wire.KEY, data_token = "a b" }
    assert.truthy(err.message:find "^data_token: ")
    _, err = seranking.new { token = wire.KEY, data_base_url = "http://a.example" }
    assert.truthy(err.message:find "^data_base_url must be an https address")
    _, err = seranking.new { token = wire.KEY, base_url = "http://a.example" }
    assert.truthy(err.message:find "^base_url must be an https address")
    local function says(variable, value, said)
      local text = system.output(([[%s='%s' SERANKING_TOKEN=%s %s -e '
        local client, err = require("seranking").new()
        if client then
          assert(tostring(client.data):find "Data API" and client.data.base_url and not client.data:limiter())
          err = select(2, client.data.account:subscription())
        end
        print(err.message)' 2>&1]]):format(variable, value, wire.KEY, process.interpreter()))
      assert.truthy(text:find(said, 1, true), text)
    end
    says("SERANKING_BASE_URL", "http://a.example", "SERANKING_BASE_URL must be an https address")
    says("SERANKING_DATA_BASE_URL", "http://a.example", "SERANKING_DATA_BASE_URL must be an https address")
    says("SERANKING_DATA_TOKEN", "a b", "SERANKING_DATA_TOKEN: the API key holds a blank")
  end)

  it("take the limit's Redis from the environment unless an option says otherwise", function()
    local getenv = os.getenv
    os.getenv = function(name) return name == "SERANKING_LIMITER" and "nonsense" or nil end -- luacheck: ignore
    finally(function() os.getenv = getenv end) -- luacheck: ignore
    local client, err = seranking.new { token = "a-key" }
    assert.is_nil(client)
    assert.equal("invalid bad_option", err.kind .. " " .. err.code)
    assert.equal("SERANKING_LIMITER", err.option)
    assert.truthy(err.message:find "^SERANKING_LIMITER can't be used: ")
    for _, given in ipairs { { share = "process" }, { clock = seranking.clock() }, { transport = { handle = print } } } do
      given.token = "a-key"
      assert(seranking.new(given))
    end
    os.getenv = function(name) -- luacheck: ignore
      return name == "SERANKING_LIMITER" and "redis://127.0.0.1:1" or name == "SERANKING_SHARE" and "process" or nil
    end
    client, err = seranking.new { token = "a-key" }
    assert.is_nil(client)
    assert.equal("SERANKING_LIMITER says who shares the limit: unset SERANKING_SHARE", err.message)
    if pcall(require, "lseranking_redis") then
      os.getenv = function(name) -- luacheck: ignore
        return name == "SERANKING_LIMITER" and "redis://127.0.0.1:1" or nil
      end
      client = assert(seranking.new { token = "a-key" })
      assert.equal("redis", client:limiter().scope)
      client:close()
    end
  end)
end)

describe("the table of options", function()
  local options = require "seranking.options"
  local unpack = table.unpack or unpack -- luacheck: ignore

  local read = system.read

  -- The names in a chapter of docs/options.md, and in a class of the types.
  local function documented(chapter)
    local names = {}
    local text = assert((read "docs/options.md" .. "\n## "):match("\n## " .. chapter .. "\n(.-)\n## "), chapter)
    for name in text:gmatch "\n| `([%l_]+)` |" do
      names[name] = true
    end
    return names
  end
  local function typed(class)
    local names = {}
    local text = assert(read "library/seranking.lua":match("\n%-%-%-@class " .. class .. "[^\n]*(.-)\n\n"), class)
    for name in text:gmatch "%-%-%-@field ([%l_]+)%?" do
      names[name] = true
    end
    return names
  end

  local function names_of(...)
    local names = {}
    for _, list in ipairs { ... } do
      for _, option in ipairs(list) do
        if type(option) == "table" then
          names[option[1]] = true
          assert.is_string(option.about, option[1])
        end
      end
    end
    assert.is_not_nil(next(names))
    return names
  end

  for _, row in ipairs {
    { "Options of a client", "seranking.Options", unpack(options.groups) },
    { "Options of a call", "seranking.CallOptions", options.of_call },
    { "Options of `each` and `all`", "seranking.WalkOptions", options.of_walk },
    { "Options of `wait`", "seranking.WaitOptions", options.of_wait },
    { "Options of `client:map`", "seranking.MapOptions", options.of_map },
  } do
    it("matches the documentation and the types: " .. row[1], function()
      local names = names_of(unpack(row, 3))
      assert.same(names, documented((row[1]:gsub("%p", "%%%0"))))
      assert.same(names, typed((row[2]:gsub("%p", "%%%0"))))
    end)
  end

  it("names a variable for exactly those options that the environment can set", function()
    local text = { timeout = "1", connect_timeout = "1", attempt_timeout = "1", retries = "1", max_body = "1", max_queue = "1",
      budget = "1", rate = "2/10", data_rate = "2", visible_rate = "1",
      limiter = "redis://a", state_dir = "/tmp", api = "v1", auth = "query",
      share = "process", on_limiter_error = "process", pacing = "send_time", priority = "low", on_block = "wait",
      nulls = "keep" }
    for _, group in ipairs(options.groups) do
      for _, option in ipairs(group) do
        if type(option) == "table" and option.env and option[2].parse then
          local parsed, problem = option[2].parse(text[option[1]] or "a-text")
          assert.is_nil(problem, option[1])
          assert.is_not_nil((option[2].check(parsed)), option[1])
        elseif type(option) == "table" then
          assert.is_true(not option.env or option[1]:find "token$" ~= nil, option[1]) -- the core reads the keys
        end
      end
    end
  end)

  it("has valid defaults", function()
    for _, list in ipairs { options.of_call, options.of_walk, options.of_wait, options.of_map, unpack(options.groups) } do
      for _, option in ipairs(list) do
        if type(option) == "table" and option.default ~= nil then
          assert.same(option.default, (option[2].check(option.default)), option[1])
        end
      end
    end
  end)
end)

describe("loading", function()
  it("gives the version of libcurl", function()
    assert.truthy(require("lseranking").curl:find "^libcurl/")
  end)

  it("sets no globals", function()
    for name in pairs(_G) do
      assert.is_nil(tostring(name):find "seranking")
    end
  end)
end)
