--- What a test can do with the fake API: queue faults, read the log, reset it.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"
local fake = require "seranking.fake"

local HEX, UUID = ask.V4_KEY, ask.V1_KEY
local P = "/v1/project-management"
local new, send, expect = ask.new, ask.send, ask.expect
local header, with_project = ask.header, ask.with_project

describe("faults", function()
  local api
  before_each(function()
    api = with_project()
  end)

  it("stand in for the next answer, once", function()
    api:fail { status = 500 }
    local answer = expect(500, '{"message":"Server error"}', api, "GET", "/sites")
    assert.equal("application/json", header(answer, "Content-Type"))
    assert.equal(200, send(api, "GET", "/sites").status)
  end)

  it("speak the generation that is asked", function()
    api:fail { status = 500 }
    expect(500, '{"error":{"code":500,"description":"Server error","message":"Server error"}}', api, "GET",
      P .. "/sites")
  end)

  it("come as often as wanted", function()
    api:fail {
      status = 503, times = 2, body = "busy", headers = { ["Retry-After"] = 7, ["Content-Type"] = "text/plain" },
    }
    for _ = 1, 2 do
      local answer = expect(503, "busy", api, "GET", "/sites")
      assert.same({ { "Content-Type", "text/plain" }, { "Retry-After", "7" } }, answer.headers)
    end
    assert.equal(200, send(api, "GET", "/sites").status)
  end)

  it("wait for their method and path", function()
    api:fail { status = 500, method = "POST" }
    api:fail { status = 502, path = "/sites/147696/keywords" }
    assert.equal(200, send(api, "GET", "/sites").status)
    assert.equal(502, send(api, "GET", "/sites/147696/keywords").status)
    assert.equal(200, send(api, "GET", "/sites/147696/keywords").status)
    assert.equal(500, send(api, "POST", "/site-groups", nil, '{"name":"a"}').status)
    assert.equal(201, send(api, "POST", "/site-groups", nil, '{"name":"a"}').status)
  end)

  it("come in the order of their queueing", function()
    api:fail { status = 500 }
    api:fail { status = 502 }
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(502, send(api, "GET", "/sites").status)
  end)

  it("leave the account as it is where they stand in for the answer", function()
    api:fail { status = 500 }
    send(api, "DELETE", "/sites/147696")
    assert.equal(200, send(api, "GET", "/sites/147696/keywords").status)
  end)

  it("of the transport are passed on with the real answer, and the request is carried out", function()
    for _, name in ipairs { "drop", "truncate", "hang", "slow" } do
      api:fail { fault = name }
      local answer = send(api, "POST", "/site-groups", nil, '{"name":"a"}')
      assert.equal(name, answer.fault)
      assert.equal(201, answer.status)
      assert.is_nil(answer.delay)
    end
    local _, groups = send(api, "GET", "/site-groups").body:gsub('"name"', "")
    assert.equal(4, groups)
    assert.is_nil(send(api, "GET", "/site-groups").fault)
  end)

  it("of the transport go with another answer too", function()
    api:fail { fault = "truncate", kind = "html", delay = 0.5 }
    local answer = send(api, "GET", "/sites")
    assert.same({ "truncate", 502, 0.5 }, { answer.fault, answer.status, answer.delay })
  end)

  it("may be a delay alone", function()
    api:fail { delay = 2.5 }
    local answer = send(api, "GET", "/account/balance")
    assert.equal(2.5, answer.delay)
    assert.equal('{"currency":"rur","value":2296380.85}', answer.body)
    assert.is_nil(send(api, "GET", "/account/balance").delay)
  end)

  it("of kind refuse: the request never arrives, so nothing happens and nothing is counted", function()
    api = fake.new { limit = 1 }
    api:fail { fault = "refuse", times = 3 }
    for _ = 1, 3 do
      assert.equal("refuse", send(api, "POST", "/site-groups", nil, '{"name":"a"}').fault)
    end
    expect(200, "[]", api, "GET", "/site-groups")
    assert.equal(429, send(api, "GET", "/site-groups").status)
  end)

  it("else count for the limit", function()
    api = fake.new { limit = 2 }
    api:fail { status = 500, times = 2 }
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(500, send(api, "GET", "/sites").status)
    assert.equal(429, send(api, "GET", "/sites").status)
    api:fail { status = 500 } -- comes even so
    assert.equal(500, send(api, "GET", "/sites").status)
  end)

  local presets = {
    html = { 502, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n",
      "text/html" },
    bad_json = { 200, '{"a":', "application/json" },
    empty = { 200, "", "application/json" },
    invalid_utf8 = { 200, '{"a":"\195\40"}', "application/json" },
    nul = { 200, '{"a":"b\0c"}', "application/json" },
  }
  for kind, wanted in pairs(presets) do
    it("of the kind " .. kind, function()
      api:fail { kind = kind }
      local answer = send(api, "GET", "/sites")
      assert.same(wanted, { answer.status, answer.body, header(answer, "Content-Type") })
    end)
  end

  it("of a kind may have another status", function()
    api:fail { kind = "empty", status = 500 }
    expect(500, "", api, "GET", "/sites")
  end)

  it("that make no sense raise at the caller's line", function()
    for _, fault in ipairs {
      {}, { kind = "hmtl" }, { fault = "explode" }, { status = "500" }, { code = 500 }, { times = 2, method = "GET" },
    } do
      local ok, text = pcall(function() api:fail(fault) end)
      assert.is_false(ok)
      assert.is_truthy(text:find("fake_faults_spec.lua", 1, true))
    end
  end)

  it("that can't be acted out say what would do", function()
    for words, fault in pairs {
      ["api:fail takes a table: api:fail { status = 503 }, api:fail { fault = \"hang\", times = 2 } …"] = "hang",
      ["unknown kind: hmtl; there are: bad_json, empty, html, invalid_utf8, nul"] = { kind = "hmtl" },
      ["unknown fault: explode; there are: drop, hang, refuse, slow, truncate"] = { fault = "explode" },
      ["times must be a whole number, at least 1"] = { status = 500, times = 0 },
      ["path must begin with a slash, as it comes in: /sites"] = { status = 500, path = "sites" },
      ["status must be a whole number from 200 to 599"] = { status = 42 },
      ["delay must be a number of seconds from 0 to 86400"] = { delay = -1 },
      ["headers must be { Name = value } or { { name, value }, … }"] = { status = 500, headers = { "Retry-After: 1" } },
      ["unknown option: code; there are: args, body, delay, fault, headers, kind, message, method, operation, path, "
        .. "status, times"] = { code = 1 },
    } do
      local ok, text = pcall(function() api:fail(fault) end)
      assert.is_false(ok)
      assert.equal(words, (text:gsub("^.-fake_faults_spec.lua:%d+: ", "", 1)))
    end
    assert.is_false((pcall(function() api:fail { status = 500, times = 1.5 } end)))
    assert.is_false((pcall(function() api:fail { delay = 0 / 0 } end)))
    local ok, text = pcall(function() api:fail() end)
    assert.is_false(ok)
    assert.is_truthy(text:find("fake_faults_spec.lua:%d+: api:fail takes a table"))
  end)
end)

describe("the log", function()
  it("keeps each request with its status and time", function()
    local api = fake.new {}
    send(api, "GET", "/sites", "a=1")
    api:advance(3)
    send(api, "POST", "/site-groups", nil, '{"name":"a"}')
    assert.same({
      { at = 0, method = "GET", path = "/sites", query = "a=1", status = 400,
        headers = { authorization = "Token \226\128\166d14b" } },
      { at = 3, method = "POST", path = "/site-groups", body = '{"name":"a"}', status = 201,
        headers = { authorization = "Token \226\128\166d14b", ["content-type"] = "application/json" } },
    }, api.log)
  end)

  it("tells of faults", function()
    local api = fake.new {}
    api:fail { fault = "refuse" }
    send(api, "GET", "/sites")
    assert.equal("refuse", api.log[1].fault)
  end)

  --- All that the log holds, as one text.
  local function everything(value)
    if type(value) ~= "table" then
      return tostring(value)
    end
    local parts = {}
    for name, member in pairs(value) do
      parts[#parts + 1] = everything(name) .. "=" .. everything(member)
    end
    return table.concat(parts, "\n")
  end

  it("never holds a key, wherever it stands", function()
    local api = new()
    local mistyped = HEX:gsub("^b", "a")
    for _, key in ipairs { HEX, UUID, mistyped } do
      local encoded = "%" .. string.format("%02X", key:byte(1)) .. key:sub(2)
      for _, path in ipairs { "/sites", P .. "/sites" } do
        for _, request in ipairs {
          { headers = { authorization = "Token " .. key } },
          { headers = { authorization = "Bearer " .. key } },
          { headers = { authorization = key } },
          { headers = {}, query = "token=" .. key },
          { headers = {}, query = "x=1&apikey=" .. key .. "&y=2" },
          { headers = {}, query = "token=" .. encoded },
          { headers = { authorization = "Token " .. key }, query = "x=" .. key },
          { headers = { authorization = "Token " .. key }, query = "x=" .. encoded },
          { headers = { authorization = "Token " .. key }, path = path .. "/" .. key },
          { headers = { authorization = "Token " .. key }, path = path .. "/" .. encoded },
          { headers = { authorization = "Token " .. key, ["x-key"] = "key " .. key }, body = '{"a":"' .. key .. '"}' },
        } do
          request.method, request.path = "GET", request.path or path
          local answer = api:handle(request)
          assert.is_nil(everything(answer):find(key:sub(3, 36), 1, true))
        end
      end
    end
    local text = everything(api.log)
    for _, key in ipairs { HEX, UUID, mistyped } do
      assert.is_nil(text:find(key:sub(3, 36), 1, true))
      assert.is_truthy(text:find("\226\128\166" .. key:sub(-4), 1, true))
    end
    assert.equal(66, #api.log)
  end)

  it("shows nothing of a key that is too short to be one", function()
    local api = new()
    api:handle { method = "GET", path = "/sites", query = "token=secret", headers = {} }
    api:handle { method = "GET", path = "/sites", headers = { authorization = "Token hunter2" } }
    assert.equal("token=\226\128\166", api.log[1].query)
    assert.equal("Token \226\128\166", api.log[2].headers.authorization)
  end)

  it("leaves the request as it was", function()
    local api = new()
    local request = { method = "GET", path = "/sites", query = "token=" .. HEX, headers = { ["x-key"] = HEX } }
    api:handle(request)
    assert.same({ method = "GET", path = "/sites", query = "token=" .. HEX, headers = { ["x-key"] = HEX } }, request)
  end)

  it("can be left out", function()
    local api = new { log = false }
    send(api, "GET", "/sites")
    assert.same({}, api.log)
  end)
end)

describe("reasons", function()
  it("fit into a header, whatever was sent", function()
    local api = new()
    local answer = send(api, "GET", "/sites", "a%0D%0AX-Evil:%201%00%C3%A9=1")
    assert.equal("a??X-Evil: 1???: no such query parameter", header(answer, "X-Fake-Reason"))
    answer = send(api, "GET", "/sites", ("a"):rep(5000) .. "=1")
    assert.equal(200, #header(answer, "X-Fake-Reason"))
  end)
end)

describe("reset", function()
  it("forgets all: projects, log, queued faults; ids begin anew", function()
    local api = with_project()
    local log = api.log
    api:fail { status = 500 }
    api:reset()
    assert.same({}, log)
    expect(200, "[]", api, "GET", "/sites")
    expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    assert.equal(2, #log)
  end)
end)

describe("options", function()
  it("that aren't known, or of another type, raise at the caller's line", function()
    for _, options in ipairs { { limits = 5 }, { limit = "5" }, { now = 0 }, { tokens = HEX } } do
      local ok, text = pcall(function() fake.new(options) end)
      assert.is_false(ok)
      assert.is_truthy(text:find("fake_faults_spec.lua", 1, true))
    end
  end)

  it("take today as a function, and have one if it is left out", function()
    local api = fake.new { today = function() return "2030-01-02" end }
    send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    assert.is_truthy(send(api, "GET", "/keyword-groups/147696").body:find("2030-01-02 00:00:00", 1, true))
    api = fake.new {}
    send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
    assert.is_truthy(send(api, "GET", "/keyword-groups/147696").body:find('"20%d%d%-%d%d%-%d%d 00:00:00"'))
  end)
end)
