--- seranking.record keeps a client's answers in a file, and seranking.fake gives them back.
-- SPDX-License-Identifier: MIT

local fake_json = require "seranking.fake.json"
local process = require "support.process"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"

local SIGNATURE = "7f3e91d0a64bc852ee19f07d3358b6ac"
local PASSWORD = "Mellon-Zq8Xw2"

-- Data without links that open a report to whoever has them: a cassette has others.
local function without_links(value)
  if type(value) == "table" then
    for name, member in pairs(value) do
      value[name] = name == "guest_link" and "a link" or without_links(member)
    end
  end
  return value
end

-- An error without what differs from run to run: its line, its times.
local function outcome(data, result)
  if data ~= nil then
    return { data = without_links(data), status = type(result) == "table" and result.status or nil }
  end
  return { kind = result.kind, code = result.code, message = result.message, status = result.status, path = result.path,
    attempts = result.attempts }
end

describe("a recording", function()
  local folder, remove, cassette
  before_each(function()
    folder, remove = process.folder()
    cassette = folder .. "/cassette.json"
  end)
  after_each(function() remove() end)

  --- Runs a program on a fake that is recorded, and on a fake that replays it. Returns what both runs returned, and the text of
  --- the cassette.
  local function twice(program, options, fake_options, prepare)
    local function fresh(more)
      local all = { today = "2026-11-24" }
      for name, value in pairs(more) do all[name] = value end
      local client_options = { fake = all }
      for name, value in pairs(options or {}) do client_options[name] = value end
      return scene.new(client_options)
    end
    local client, api = fresh(fake_options or {})
    if prepare then
      prepare(api, client)
    end
    local recording = assert(seranking.record(client, cassette))
    local first = program(client, api)
    assert(recording:stop())
    local limits = fake_options or {}
    local again = fresh { replay = cassette, limit = limits.limit, data_limit = limits.data_limit, tokens = limits.tokens }
    return first, program(again), system.read(cassette)
  end

  for _, generation in ipairs { "v4", "v1" } do
    it("replays lists, writes, errors, walks, jobs and downloads of " .. generation, function()
      local first, second, text = twice(function(client)
        local list = { outcome(client.sites:list()) }
        local id = client.sites:list()[1].id
        local site = client.sites(id)
        list[#list + 1] = outcome(site:summary())
        list[#list + 1] = outcome(site.positions:list { date_from = "2026-11-01", date_to = "2026-11-20" })
        list[#list + 1] = outcome(site.keywords:create { { keyword = "anchor ä \"x\"" } })
        list[#list + 1] = outcome(client.sites(999):summary())
        list[#list + 1] = outcome(client.data.keywords.similar:all {
          source = "us", keyword = "anchor", limit = 40, filter = { volume = { from = 50 } },
        })
        local export, response = client.data.backlinks.export.create:wait { target = "shop.com" }
        list[#list + 1] = { export = export.task_status, job = response.job }
        list[#list + 1] = outcome(client:download(export.download_file))
        return list
      end, { api = generation, data_token = scene.V1_KEY }, { demo = true })
      for number, got in ipairs(first) do
        assert.are.same(got, second[number])
      end
      assert.equal(#first, #second)
      assert.equal(404, first[5].status)
      assert.is_true(#first[6].data > 40)
      assert.equal("complete", first[7].export)
      assert.is_truthy(fake_json.decode(text))
    end)
  end

  -- The argument tables of the catalogue: { operation, arguments }.
  local function requests()
    local list = {}
    for key, endpoint in pairs(require "catalogue.project") do
      for _, which in ipairs { "required", "all" } do
        local cases = endpoint[which] and (endpoint[which][1] and endpoint[which] or { endpoint[which] }) or {}
        for _, case in ipairs(cases) do
          list[#list + 1] = { key, case.args }
        end
      end
    end
    for _, request in ipairs(require("catalogue.data").requests) do
      list[#list + 1] = { request.op, request.args }
    end
    table.sort(list, function(a, b) return a[1] < b[1] end)
    return list
  end

  for _, generation in ipairs { "v4", "v1" } do
    it("replays what the requests of the catalogue are answered on " .. generation, function()
      local list = requests()
      local answered = 0
      local first, second, text = twice(function(client)
        local outcomes = {}
        for number, request in ipairs(list) do
          local op = client
          for name in request[1]:gmatch "[^.]+" do op = op[name] end
          outcomes[number] = outcome(op(request[2]))
          outcomes[number].operation = request[1]
        end
        return outcomes
      end, { api = generation, retries = 0, data_token = scene.V1_KEY, share = "off" },
        { demo = true, limit = 1e6, data_limit = 1e6 })
      for number, got in ipairs(first) do
        assert.are.same(got, second[number])
        answered = answered + (got.data ~= nil and 1 or 0)
      end
      assert.is_true(#list > 200 and answered > 100, answered)
      assert.is_truthy(fake_json.decode(text))
      assert.is_nil(text:find("correct horse", 1, true)) -- the password of the catalogue's requests
    end)
  end

  it("gives a retried request one answer, and the same question its answers in order", function()
    local function program(client)
      local list = {}
      for i = 1, 4 do
        list[i] = outcome(client.sites:list())
      end
      return list
    end
    local first, second = twice(program, nil, nil, function(api)
      api:fail { status = 503 }
      api:fail { fault = "drop" }
      api:on("sites.list", nil, {}, { times = 1 })
      api:fail { status = 503, times = 3, method = "PUT" }                         -- of another request
      api:on("sites.list", nil, { status = 503, message = "busy" }, { times = 3 })
      api:on("sites.list", nil, { fault = "drop" }, { times = 3 })
    end)
    assert.equal(200, first[1].status)
    assert.equal(503, first[2].status)
    assert.equal("network", first[3].kind)
    assert.equal(200, first[4].status)
    assert.are.same(first, second)
  end)

  it("replays client:request, parameters of the user's own, bodies that are no JSON, and Retry-After", function()
    local first, second, text = twice(function(client)
      return {
        outcome(client:request { path = "/sites", query = { a = { 1, 2 } } }),
        outcome(client:request { method = "POST", path = "/nowhere", body = { x = { 1.5, true } } }),
        outcome(client.sites:list({}, { extra = { colour = "red" } })),
        outcome(client:request { path = "/account/profile" }),
        outcome(client:request { path = "/account/balance" }),
        outcome(client.sites:list()),
      }
    end, { retries = 0 }, nil, function(api)
      api:fail { path = "/account/profile", status = 200, headers = { ["Content-Type"] = "text/csv" }, body = "a;b\n\"1\";ä\n" }
      api:fail { path = "/account/balance", status = 200, headers = { ["Content-Type"] = "application/pdf" },
        body = "%PDF\0\1\2\255\254\253" }
      api:fail { path = "/sites", status = 503, headers = { ["Retry-After"] = "7" }, times = 3 }
    end)
    assert.equal("a;b\n\"1\";ä\n", first[4].data)
    assert.equal("%PDF\0\1\2\255\254\253", first[5].data)
    assert.are.same(first, second)
    assert.is_truthy(text:find('"retry-after": "7"', 1, true))
    assert.is_truthy(text:find("colour=red", 1, true))
  end)

  it("keeps the numbers, the nulls and the order of an answer as they came", function()
    local body = '{"id":12345678901234567,"b":1.10,"a":null,"list":[ ],"deep":{"a":1,"a":2}}'
    local _, _, text = twice(function(client)
      return outcome(client:request { path = "/account/profile" })
    end, { nulls = "keep" }, nil, function(api) api:fail { status = 200, body = body } end)
    assert.is_truthy(text:find(body, 1, true))
  end)

  it("has neither keys nor passwords nor signed addresses in its file, nor pieces of them", function()
    local signed = "https://files.example.com/of-user-77/export.csv?X-Amz-Expires=60&X-Amz-Signature=" .. SIGNATURE
    local escaped = signed:gsub("/", "\\/"):gsub("&", "\\u0026")
    local key = scene.V4_KEY
    local _, _, text = twice(function(client)
      client:request { path = "/account/profile" }
      client.sites:list()
      client.audit.create:dry_run { domain = "shop.com" }
      client.audit:create { domain = "shop.com", settings = { login = "me", password = PASSWORD } }
      client:download(signed)
      return client.sites:create { url = "https://shop.com", title = "key " .. key }
    end, { auth = "query", data_token = scene.V1_KEY }, nil, function(api)
      api:fail { path = "/account/profile", status = 200, headers = { ["Content-Type"] = "application/json" },
        body = ('{"echo":"Token %s","half":"%s","file":"%s","api_key":"%s","password":"hunter2xyz","again":"%s"}'):format(
          key, key:sub(9, 30), escaped, "0a6c1f2e-ffff-4c5e-8f90-a1b2c3d4e5ff", signed) }
      api:on("sites.list", nil, { status = 404, message = "bad key " .. key:upper() }, { times = 1 })
      api:fail { path = "/of-user-77/export.csv", status = 200, body = "x" }
    end)
    local low = text:lower()
    for _, secret in ipairs { key, scene.V1_KEY, SIGNATURE, PASSWORD:lower(), "hunter2xyz", "of-user-77", "x-amz" } do
      assert.is_nil(low:find(secret, 1, true), secret)
    end
    for from = 1, #key - 5 do
      assert.is_nil(low:find(key:sub(from, from + 5), 1, true))
    end
    assert.is_nil(low:find("…" .. key:sub(-4), 1, true))
    assert.is_nil(low:find("a1b2c3d4e5ff", 1, true))
    local place = "https://files.seranking.test/recorded/1"
    assert.equal(3, select(2, text:gsub(place:gsub("%p", "%%%0") .. '"', ""))) -- both forms of the address, and the download
  end)

  -- The cassette of a request that is answered with a body, and what the client gets when it is replayed.
  local function of_body(body, headers)
    local first, second, text = twice(function(client)
      return outcome(client:request { path = "/account/profile" })
    end, nil, nil, function(api) api:fail { status = 200, body = body, headers = headers } end)
    return text, first, second
  end

  it("has no key in bytes that are no UTF-8", function()
    local _, _, second = of_body("caf\233 " .. scene.V4_KEY, { ["Content-Type"] = "text/plain" })
    assert.equal("caf\233 (removed)", second.data)
  end)

  it("has no secret member, however its value is written", function()
    local text = of_body([[{"password":"Mel\/lon","new-password":"M\u00e9llon","account_password":77123,"passwd":"Mel\"lon",]]
      .. [["access_token":"eyJhbG.Mellon.xyz","api_key":"Mellon-12","keyword":"anchor","key":"position",]]
      .. [["page_token":"abcdefghijklmnopq"}]])
    assert.is_nil(text:find "M[e\\]" or text:find("77123", 1, true))
    assert.equal(6, select(2, text:gsub('"%(removed%)"', "")))
    assert.is_truthy(text:find('"keyword":"anchor","key":"position","page_token":"abcdefghijklmnopq"}', 1, true))
  end)

  it("has no secret of JSON that stands in a text", function()
    local text, first, second = of_body([[{"request":"{\"password\":\"Mel\\\"lon\",\"a\":1}",]]
      .. [["has_password":1,"password":12,"pass":"Mellon"}]])
    assert.is_nil(text:find("Mel", 1, true) or text:find("lon", 1, true))
    assert.equal('{"password":"(removed)","a":1}', second.data.request)
    assert.equal(first.data.has_password, second.data.has_password)
  end)

  it("has no address that opens something, however it is written", function()
    for _, url in ipairs {
      "HTTPS://x.com/f?sig=Mellon", "https://me:Mellon@x.com/f", "https://x.com/f#access_token=Mellon",
      "https://x.com/f?a=1\\u0026Signature=Mellon", "https:\\/\\/x.com\\/f?api_key=Mellon",
    } do
      local text = of_body('{"html":"<a href=\\"' .. url .. '\\">"}')
      assert.is_nil(text:find("Mellon", 1, true), url)
    end
    assert.is_truthy(of_body('{"a":"https://x.com/f?key=1&page=2","b":"https://x.com/@me:1"}'):find("@me:1", 1, true))
  end)

  it("does not hang on a long run of backslashes", function()
    local began = os.clock()
    local text = of_body('{"a":"' .. ("\\\\"):rep(200000) .. '"}')
    assert.is_true(os.clock() - began < 10) -- minutes, if each byte had a look at all that follow
    assert.is_true(#text > 400000)
  end)

  it("has no secret that an answer repeats", function()
    local _, _, text = twice(function(client)
      return outcome(client.audit:create { domain = "shop.com", settings = { login = "me", password = PASSWORD } })
    end, nil, nil, function(api)
      api:fail { status = 400, body = '{"message":"' .. PASSWORD .. ' is weak"}' }
    end)
    assert.is_nil(text:find(PASSWORD, 1, true))
    assert.is_truthy(text:find('"message":"(removed) is weak"', 1, true))
  end)

  it("has no secrets of a query, and finds the answer all the same", function()
    local function program(client)
      local query = { access_token = "abcdefghijklmnop", password = "pw12", a = 1 }
      return outcome(client:request { path = "/nowhere", query = query })
    end
    local first, second, text = twice(program)
    assert.is_nil(text:find("abcdefghijklmnop", 1, true) or text:find("pw12", 1, true))
    assert.are.same(first, second)
  end)

  it("leaves numbers and short texts as they are, where they have a piece of the key", function()
    local key = "12345678-1234-4567-8901-234567890123"
    local body = '{"id":234567,"share":0.23456789012345678,"ids":["345678","x-56789"],"half":"4567-8901-234567890"}'
    local first, second = twice(function(client)
      return outcome(client.data:request { path = "/v1/nowhere" })
    end, { data_token = key }, { tokens = { [scene.V4_KEY] = true, [key] = true } }, function(api)
      api:fail { status = 200, body = body }
    end)
    assert.equal("4567-8901-234567890", first.data.half)
    assert.is_nil(second.data.half:find("4567", 1, true))
    first.data.half, second.data.half = nil, nil
    assert.are.same(first, second)
  end)

  it("can be read again, whatever JSON it has", function()
    for _, body in ipairs {
      [[{"a":"\ud800","b":"\udc00 \ud83d\ude00"}]], '\239\187\191{"a":1}', "", " ", "1", '"x"', "null", "[]",
      '{"a":-0,"b":1E+5,"c":1e-7}', ("["):rep(900) .. ("]"):rep(900),
      [[{"html":"<a href=\"https://files.example.com/x?sig=1\">","b":2}]], '"\127"', "[1]\0",
    } do
      local text, first, second = of_body(body)
      assert.is_truthy(fake_json.decode(text, true), body)
      assert.equal(first.kind, second.kind, body)
      if not body:find "sig=" then
        assert.are.same(first, second)
      end
    end
  end)

  it("has the file that a download wrote", function()
    local function program(client)
      local path = folder .. "/file.csv"
      local got = { client:download("https://files.example.com/1.csv", { to = path }) and system.read(path) }
      local failed = outcome(client:download("https://files.example.com/2.csv", { to = path }))
      os.remove(path)
      return { got[1], failed.kind, failed.status }
    end
    local first, second = twice(program, nil, nil, function(api)
      api:fail { path = "/1.csv", status = 200, body = "a;b\n" }
      api:fail { path = "/2.csv", status = 404, body = "gone" }
    end)
    assert.equal("a;b\n", first[1])
    assert.are.same(first, second)
  end)

  it("leaves a cassette as it is until it stops, and loses nothing if the program is killed", function()
    system.write(cassette, "the old one")
    local client = scene.new()
    local recording = assert(seranking.record(client, cassette))
    assert(client.account:profile())
    client.sites(5):summary()
    assert.equal(2, recording.count)
    assert.equal("the old one", system.read(cassette))
    local node = assert(fake_json.decode(system.read(cassette .. ".new")))
    assert.equal(2, #node.value.answers.value)
    client:close()
    assert.equal(2, #assert(fake_json.decode(system.read(cassette))).value.answers.value)
    assert.is_nil(system.read_if_there(cassette .. ".new"))
    assert.is_true(recording:stop()) -- once more does nothing
  end)

  it("takes client.data too, made before or after, and stops for both", function()
    local client, api = scene.new { data_token = scene.V1_KEY }
    local recording = assert(seranking.record(client, cassette))
    assert(client.data.account:subscription())
    assert(client.account:profile())
    assert(recording:stop())
    assert(client.data.account:subscription())
    assert.equal(2, recording.count)
    assert.equal(3, #api.log)
    local second = assert(seranking.record(client, cassette))
    assert(client.data.account:subscription())
    assert.equal(1, second.count)
    assert(second:stop())
  end)

  it("goes on when client.data is closed", function()
    local client = scene.new { data_token = scene.V1_KEY }
    local recording = assert(seranking.record(client, cassette))
    assert(client.data.account:subscription())
    client.data:close()
    assert(client.account:profile())
    assert.equal(2, recording.count)
    client:close()
    assert.equal(2, #assert(fake_json.decode(system.read(cassette))).value.answers.value)
  end)

  it("shares neither its client nor its file with another", function()
    local client, other = scene.new { data_token = scene.V1_KEY }, scene.new()
    local recording = assert(seranking.record(client.data, cassette))
    local fine, problem = pcall(seranking.record, client, folder .. "/second.json")
    assert.is_false(fine)
    assert.is_truthy(tostring(problem):find("is being recorded already", 1, true))
    fine, problem = pcall(seranking.record, other, cassette)
    assert.is_false(fine)
    assert.is_truthy(tostring(problem):find("another recording writes", 1, true))
    assert(client.data.account:subscription())
    assert(recording:stop())
    assert.equal(1, recording.count)
    assert(assert(seranking.record(other, cassette)):stop())
    assert(assert(seranking.record(client, cassette)):stop())
  end)

  it("leaves no file where it can't begin", function()
    system.lines("ln -s /dev/full " .. cassette .. ".new")
    local recording, err = seranking.record(scene.new(), cassette)
    assert.is_nil(recording)
    assert.equal("cassette", err.code)
    assert.are.same({}, system.lines("ls -A " .. folder))
    assert(assert(seranking.record(scene.new(), cassette)):stop())
  end)

  it("does not have what was never sent", function()
    local client, api = scene.new { budget = 0, data_token = scene.V1_KEY }
    local recording = assert(seranking.record(client, cassette))
    assert.equal("budget", select(2, client.data.keywords.similar { source = "us", keyword = "a" }).code)
    assert.has_error(function() client.sites:list { colour = "red" } end)
    assert.equal(0, recording.count)
    assert.equal(0, #api.log)
    assert(recording:stop())
    local err = select(2, scene.new({ fake = { replay = cassette } }).sites:list())
    assert.is_truthy(err.message:find("has no answer to sites.list {}; it is empty", 1, true))
  end)

  it("says what can't be done", function()
    local client = scene.new()
    local nothing, err = seranking.record(client, folder .. "/none/cassette.json")
    assert.is_nil(nothing)
    assert.equal("invalid", err.kind)
    assert.equal("cassette", err.code)
    assert.is_truthy(err.message:find("none/cassette.json", 1, true))
    assert.has_error(function() seranking.record(nil, cassette) end)
    assert.has_error(function() seranking.record(client) end)
    local recording = assert(seranking.record(client, cassette))
    assert.has_error(function() seranking.record(client, cassette) end)
    assert.has_error(function() recording.stop() end)
    system.lines("rm -rf " .. folder)
    assert(client.account:profile())             -- a recording that fails fails no call
    local stopped, why = recording:stop()
    assert.is_nil(stopped)
    assert.equal("cassette", why.code)
    client:close()
    assert.has_error(function() seranking.record(client, cassette) end)
  end)
end)
