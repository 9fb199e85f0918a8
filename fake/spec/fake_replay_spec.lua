--- The fake answers from a cassette: what it takes as one, and what it says to a request that the cassette does not have.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local process = require "support.process"
local system = require "support.system"

local ANSWERS = [[
{ "operation": "sites.summary", "request": { "method": "GET", "target": "/sites/5/stat" },
  "answer": { "status": 200, "body": { "today_avg": 1 } } },
{ "request": { "method": "GET", "target": "/sites/5/stat" },
  "answer": { "status": 200, "headers": { "content-type": "application/json" }, "body": {"today_avg": 2} } },
{ "request": { "method": "GET", "target": "/sites/5/positions?date_from=2026-01-01&date_to=2026-01-31" },
  "answer": { "status": 200, "text": "[]" } },
{ "request": { "method": "GET", "target": "/sites/6/positions?date_from=2026-01-01&date_to=2026-02-28" },
  "answer": { "fault": "drop" } },
{ "request": { "method": "GET", "target": "/v1/domain/overview/db?source=us&domain=shop.com" },
  "answer": { "status": 200, "base64": "e30=" } },
{ "request": { "method": "POST", "target": "/audit", "body": {"domain": "(removed)"} },
  "answer": { "status": 500, "body": {"message": "seen"} } },
{ "download": "https://files.seranking.test/recorded/1", "answer": { "status": 200, "base64": "AAECAwQ=" } }
]]

describe("a fake with a cassette", function()
  local folder, remove, path
  before_each(function()
    folder, remove = process.folder()
    path = folder .. "/c.json"
    system.write(path, '{ "seranking_cassette": 1, "answers": [' .. ANSWERS .. "] }")
  end)
  after_each(function() remove() end)

  local function summary(client)
    return (assert(client.sites(5):summary())).today_avg
  end

  it("gives the answers to a question in order, then the last; from the beginning after a reset", function()
    local api = fake.new { replay = path }
    local client = api:client()
    assert.equal(1, summary(client))
    assert.equal(2, summary(client))
    assert.equal(2, summary(client))
    api:reset()
    assert.equal(1, summary(client))
    assert.are.same({}, api:unexpected())
  end)

  it("reads bodies as JSON, text and base64, and faults", function()
    local client = fake.new({ replay = path }):client { retries = 0 }
    local dates = { date_from = "2026-01-01", date_to = "2026-01-31" }
    assert.are.same({}, assert(client.sites(5).positions:list(dates)))
    assert.is_table(client.data.domain.overview:db { source = "us", domain = "shop.com" })
    assert.equal("\0\1\2\3\4", client:download "https://files.seranking.test/recorded/1")
    dates.date_to = "2026-02-28"
    local _, err = client.sites(6).positions:list(dates)
    assert.equal("network", err.kind)
  end)

  it("takes any value for one that was removed", function()
    local client = fake.new({ replay = path }):client { retries = 0 }
    assert.equal("seen", select(2, client:request { method = "POST", path = "/audit", body = { domain = "a.com" } }).message)
  end)

  it("says what it lacks and what is nearest", function()
    local api = fake.new { replay = path }
    local client = api:client()
    local function said(_, err)
      assert.equal("invalid", err.kind)
      return err.message:match "has no answer to (.*)"
    end
    assert.equal("sites.summary { site_id = 6 }; the nearest is its answer 1, to { site_id = 5 }; different: site_id",
      said(client.sites(6):summary()))
    local message = said(client.sites(6).positions:list { date_from = "2026-01-01", date_to = "2026-01-31" })
    assert.is_truthy(message:find("the nearest is its answer ", 1, true))
    assert.is_truthy(message:find("different: site_id", 1, true) or message:find("different: date_to", 1, true))
    message = said(client.account:profile())
    assert.is_truthy(message:find("account.profile {}; it has answers to ", 1, true))
    assert.is_truthy(message:find("sites.summary", 1, true))
    assert.equal(3, #api:unexpected())
    local _, long = client.data.keywords.similar { source = "us", keyword = ("anchor "):rep(12) }
    assert.equal(1, select(2, long.message:gsub("has no answer to", "%0"))) -- longer than a header, and said once
    local v1 = fake.new({ replay = path }):client { api = "v1" }
    assert.is_truthy(said(v1.sites(5):summary()):find("its answer 1 is one of v4, and this request is one of v1", 1, true))
  end)

  it("answers a script and a fault first, and still checks keys and limits", function()
    local api = fake.new { replay = path }
    local client = api:client { retries = 0 }
    api:on("sites.list", nil, { status = 404, message = "scripted" })
    assert.equal("scripted", select(2, client.sites:list()).message)
    api:fail { status = 503 }
    assert.equal(503, select(2, client.sites(5):summary()).status)
    assert.equal(1, summary(client))
    local answer = api:handle { method = "GET", path = "/sites/5/stat", headers = { authorization = "Token x" } }
    assert.equal(403, answer.status)
  end)

  it("loses no answer where a fault or the limit stands in for it", function()
    local api = fake.new { replay = path, limit = 1 }
    local client = api:client()
    assert.equal(1, summary(client))
    api:fail { status = 503 }
    assert.equal(2, summary(client)) -- the second attempt is the first that asks the cassette
    api:reset()
    api:fail { fault = "drop" }      -- carried out, and only its answer lost
    assert.equal(1, summary(client))
    assert.equal(2, summary(client))
  end)

  it("loses no file where a fault stands in for it", function()
    system.write(path, '{ "seranking_cassette": 1, "answers": ['
      .. '{ "download": "https://files.seranking.test/recorded/1", "answer": { "status": 200, "text": "1" } },'
      .. '{ "download": "https://files.seranking.test/recorded/1", "answer": { "status": 200, "text": "2" } } ] }')
    local api = fake.new { replay = path }
    local client, url = api:client(), "https://files.seranking.test/recorded/1"
    api:fail { status = 503 }
    assert.equal(503, select(2, client:download(url, { retries = 0 })).status)
    assert.equal("1", client:download(url))
    api:fail { status = 503 }
    assert.equal("2", client:download(url))
  end)

  it("refuses in SE Visible's form what it lacks there", function()
    local client = fake.new({ replay = path }):client()
    local _, err = client.visible.projects:list()
    assert.equal(422, err.status)
    assert.is_truthy(err.message:find("has no answer to visible.projects.list {}", 1, true))
    assert.is_nil(err.body:find('"error"', 1, true))
  end)

  it("hands out files from its own host, where it is a server", function()
    system.write(path, '{ "seranking_cassette": 1, "answers": [ { "request": { "method": "GET", "target": "/sites" },'
      .. '"answer": { "status": 200, "body": ["https://files.seranking.test/recorded/12"] } } ] }')
    local api = fake.new { replay = path }
    local headers = { authorization = "Token " .. api.token, host = "127.0.0.1:8080" }
    local answer = api:handle { method = "GET", path = "/sites", headers = headers }
    assert.equal('["http://127.0.0.1:8080/recorded/12"]', answer.body)
  end)

  it("sends no client of a server to the host that had a file", function()
    local url = "https://files.vendor.com/exports/1.gz"
    system.write(path, ('{ "seranking_cassette": 1, "answers": [ { "request": { "method": "GET", "target": "/sites" },'
      .. '"answer": { "status": 200, "body": ["%s", "%s", "%s2"] } },'
      .. '{ "download": "%s", "answer": { "status": 200, "text": "x" } },'
      .. '{ "download": "%s2", "answer": { "status": 200, "text": "y" } } ] }'):format(url, (url:gsub("/", "\\/")), url, url,
      url))
    local api = fake.new { replay = path }
    local headers = { authorization = "Token " .. api.token, host = "127.0.0.1:8080" }
    local answer = api:handle { method = "GET", path = "/sites", headers = headers }
    assert.is_nil(answer.body:find("vendor", 1, true))
    local bodies = {}
    for place in answer.body:gmatch "http://127%.0%.0%.1:8080(/[^\"]+)" do
      bodies[#bodies + 1] = api:handle({ method = "GET", path = place, headers = { host = headers.host } }).body
    end
    assert.are.same({ "x", "x", "y" }, bodies)
    assert.equal("x", api:client():download(url))
  end)

  it("refuses what is no cassette, at the line of the test", function()
    for text, problem in pairs {
      ["{"] = "it is not JSON: an object member without a name, line 1",
      ['{ "seranking_cassette": 1,\n"answers": [\n{}\n{} ] }'] = "it is not JSON: an array without end, line 4",
      ['{ "seranking_cassette": 1,\n"answers": [\n"text ] }'] = "it is not JSON: a string without end, line 3",
      ["[]\n\n]"] = "it is not JSON: something behind the JSON value, line 3",
      ["\255"] = "it is not JSON: not UTF-8",
      ["{}"] = 'it has no "seranking_cassette"', ["[]"] = 'it has no "seranking_cassette"',
      ['{"seranking_cassette":2,"answers":[]}'] = "has format 2, and this fake reads format 1",
      ['{"seranking_cassette":1,"answers":[{}]}'] = "answer 1 needs a request with method and target",
      ['{"seranking_cassette":1,"answers":[{"request":{"method":"GET","target":"/"}}]}'] = "answer 1 needs",
      ['{"seranking_cassette":1,"answers":[{"request":{"method":"GET","target":"/"},"answer":{"status":42}}]}'] =
        "answer 1 needs a status from 100 to 599",
      ['{"seranking_cassette":1,"answers":[{"request":{"method":"GET","target":"/"},"answer":{"status":200,"bodi":[]}}]}'] =
        "answer 1 has an unknown member 'bodi' in its answer; there are: base64, body, fault, headers, status, text",
    } do
      system.write(path, text)
      local fine, message = pcall(function() fake.new { replay = path } end)
      assert.is_false(fine)
      assert.is_truthy(message:find(problem, 1, true), message)
      assert.is_truthy(message:find("fake_replay_spec.lua:", 1, true), message)
    end
    for _, part in ipairs {
      '"request":{"method":"GET","target":"sites"},"answer":{"status":200}',
      '"request":{"method":"GET","target":"/"},"answer":{"status":20}',
      '"request":{"method":"GET","target":"/","text":7},"answer":{"status":200}', '"download":"x","answer":{"fault":"explode"}',
      '"download":"x","answer":{"status":200,"base64":5}', '"download":"x","answer":{"status":200,"headers":[]}',
      '"download":"x","answer":{"status":200,"headers":{"retry-after":5}}',
    } do
      system.write(path, '{"seranking_cassette":1,"answers":[{' .. part .. "}]}")
      local fine, message = pcall(function() fake.new { replay = path } end)
      assert.is_false(fine, part)
      assert.is_truthy(message:find("fake_replay_spec.lua:%d+: .*answer 1 needs"), message)
    end
    local _, message = pcall(function() fake.new { replay = folder .. "/none.json" } end)
    assert.is_truthy(message:find("can't be read: ", 1, true) and message:find("none.json", 1, true), message)
    assert.has_error(function() fake.new { replay = 5 } end)
  end)
end)
