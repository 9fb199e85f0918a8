--- --from FILE of operations that take no list: a call for each row of the file.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local folder = require "support.folder"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"

after_each(folder.finish)

-- A file of rows. Returns its path.
local function file(name, text)
  local path = folder.new() .. "/" .. name
  system.write(path, text)
  return path
end

local SITES = "site_id\n11\n12\n13\n"

-- Options of a client whose server answers by `answer(request, number)`: a status and a body, and the requests it gets.
local function server(answer)
  local requests = {}
  return { token = scene.V1_KEY, clock = seranking.clock(), retries = 0, transport = { handle = function(_, request)
    requests[#requests + 1] = request
    local status, body = answer(request, #requests)
    return { status = status, headers = { { "Content-Type", "application/json" } }, body = body }
  end } }, requests
end

-- The summary of a project whose today_avg is its id.
local function summary(request)
  return 200, ('{"today_avg":%s}'):format(request.query:match "site_id=(%d+)")
end

local function run(words, client, given)
  given = given or {}
  given.client = client
  return terminal.run(words, given)
end

-- What is asked for in each request, sorted: calls go out at once.
local function asked(requests, pattern)
  local list = {}
  for i, request in ipairs(requests) do
    list[i] = (request.query ~= "" and request.query or request.body or request.path):match(pattern)
  end
  table.sort(list)
  return list
end

describe("--from of an operation without a list", function()
  for name, text in pairs {
    ["a.csv"] = SITES, ["a.jsonl"] = '{"site_id":11}\n{"site_id":12}\n\n{"site_id":13}\n', ["a.tsv"] = "site_id\n11\n12\n13",
  } do
    it("makes a call of each row of " .. name .. ", and rows of the answers in the order of the file", function()
      local client, requests = server(summary)
      local status, out, err = run({ "sites", "summary", "--from", file(name, text), "-o", "csv", "--columns",
        "site_id,today_avg" }, client)
      assert.same({ 0, "" }, { status, err })
      assert.equal("site_id,today_avg\n11,11\n12,12\n13,13\n", (out:gsub("\r", "")))
      assert.same({ "11", "12", "13" }, asked(requests, "site_id=(%d+)"))
    end)
  end

  it("keeps the order of the file where a later answer comes first", function()
    local client = server(summary)
    local transport = client.transport
    local handle = transport.handle
    transport.handle = function(self, request)
      local answer = handle(self, request)
      answer.delay = request.query:find "site_id=11" and 9 or 0
      return answer
    end
    local _, out = run({ "sites", "summary", "--from", file("a.csv", SITES), "-o", "csv", "--columns", "site_id" }, client)
    assert.equal("site_id\n11\n12\n13\n", (out:gsub("\r", "")))
  end)

  it("passes flags to every call; what a row has goes first", function()
    local client, requests = server(function() return 200, '{"id":5}' end)
    local path = file("a.csv", "title,url,is_active\nOne,https://a.example,\n,https://b.example,0\n")
    local status, _, err = run({ "sites", "create", "--title", "All", "--is-active", "--from", path }, client)
    assert.same({ 0, "" }, { status, err })
    local titles = {}
    for _, request in ipairs(requests) do
      local body = cjson.decode(request.body)
      titles[body.url] = { body.title, body.is_active }
    end
    assert.same({ ["https://a.example"] = { "One", 1 }, ["https://b.example"] = { "All", 0 } }, titles)
  end)

  it("sets members of objects, and lists", function()
    local client, requests = server(function() return 200, '{"id":5}' end)
    run({ "audit", "create", "--from", file("a.csv", 'domain,settings.max_pages\na.example,7\n') }, client)
    assert.equal(7, cjson.decode(requests[1].body).settings.max_pages)
  end)

  it("writes the rows of lists, each with the columns of its call", function()
    local client = server(function(request)
      local id = request.query:match "site_id=(%d+)"
      return 200, ('[{"id":%s1,"name":"a"},{"id":%s2,"name":"b"}]'):format(id, id)
    end)
    local status, out = run({ "sites", "keywords", "list", "--from", file("a.csv", "site_id\n1\n2\n"), "-o", "csv", "--columns",
      "site_id,id" }, client)
    assert.equal(0, status)
    assert.equal("site_id,id\n1,11\n1,12\n2,21\n2,22\n", (out:gsub("\r", "")))
  end)

  it("shows ids of a CSV file as numbers, as answers have them", function()
    local client = server(summary)
    local _, out = run({ "sites", "summary", "--from", file("a.csv", "site_id\n11\n"), "-o", "json" }, client)
    assert.equal(11, cjson.decode(out)[1].site_id)
  end)

  it("says that what was sent must not be repeated where its answers can't be written", function()
    local client, requests = server(function() return 200, '{"site_id":1}' end)
    local full = { write = function() return nil, "no space left on device" end, flush = function() return true end }
    local rows = "url\n" .. ("https://a.example\n"):rep(9)
    local status, _, err = run({ "sites", "create", "--title", "T", "--from", file("a.csv", rows), "-o", "jsonl" }, client,
      { stdout = full })
    assert.equal(1, status)
    local unsent = err:match("^seranking: can't write to stdout: no space left on device; (%d+) rows were not sent: lines from "
      .. "%d+ on; the other rows were carried out: don't repeat them\n$")
    assert.equal(9, #requests + (tonumber(unsent) or 0), err)
  end)

  it("tells a mistake with file and line, and sends nothing", function()
    for _, case in ipairs {
      { "site_id\n11\nx\n", 'a.csv:3: site_id must be an id (digits), got "x"' },
      { "sit_id\n11\n", "a.csv:1: unknown column 'sit_id'; did you mean 'site_id'?" },
      { "site_id,date_from\n11,2026-01-01\n12,1.1.2026\n", "a.csv:3: date_from must be a date: YYYY-MM-DD, today" },
      { "date_from\n2026-01-01\n", "a.csv:2: --site-id is required" },
      { "site_id,date_from,date_to\n1,2026-01-01,2026-01-02\n1,2026-01-02,2026-01-01\n",
        "a.csv:3: --date-from (2026-01-02) is after --date-to (2026-01-01)" },
      { "site_id,site_engine_id\n1,\n,4\n", "a.csv:3: --site-id is required" },
      { "site_id\n", "a.csv: no rows" },
    } do
      local client, requests = server(summary)
      local path = file("a.csv", case[1])
      local status, out, err = run({ "sites", "positions", "list", "--from", path }, client)
      assert.same({ 2, "", 0 }, { status, out, #requests })
      assert.equal("seranking: " .. case[2], err:gsub(path:match "^(.*/)", ""):sub(1, #case[2] + 11))
    end
  end)

  it("refuses an unknown column of the answers before it speaks of prices", function()
    local client, requests = server(summary)
    local status, _, err = run({ "data", "backlinks", "raw", "--from", file("a.csv", "target\na.example\n"), "--columns",
      "target,urlfrom" }, client)
    assert.same({ 2, 0, "seranking: unknown column 'urlfrom'; did you mean 'url_from'?\n" }, { status, #requests, err })
  end)

  it("names the columns there may be, of objects not each member", function()
    local client = server(summary)
    local _, _, err = run({ "data", "domain", "keywords", "list", "--from", file("a.csv", "xyzzy\n1\n") }, client)
    assert.truthy(err:find "unknown column 'xyzzy'; there are: cols, domain, filter, limit, month, ", err)
    _, _, err = run({ "data", "domain", "keywords", "list", "--from", file("a.csv", "filter.volume.form\n1\n") }, client)
    assert.truthy(err:find "did you mean 'filter%.volume%.from'%?", err)
  end)

  it("makes the other calls where one fails, tells its line, and keeps the file as a part", function()
    local client, requests = server(function(request)
      if request.query:find "site_id=12" then
        return 404, '{"message":"no such project"}'
      end
      return summary(request)
    end)
    local path = file("a.csv", SITES)
    local out = path:gsub("a%.csv$", "out.csv")
    local status, _, err = run({ "sites", "summary", "--from", path, "-o", out, "--columns", "site_id" }, client)
    assert.equal(3, status)
    assert.equal(3, #requests)
    assert.truthy(err:find("a.csv:3: GET /v1/project-management/sites/summary?site_id=12: no such project (HTTP 404)\n", 1,
      true), err)
    local kept = ("seranking: 1 of 3 rows failed\nseranking: 2 rows written, kept in %s.part\nseranking: to go on, put the "
      .. "rows named above into a file of their own and give it to --from, with another -o; this command again would send all "
      .. "3 rows\n"):format(out)
    assert.truthy(err:find(kept, 1, true), err)
    assert.equal("site_id\n11\n13\n", (system.read(out .. ".part"):gsub("\r", "")))
    assert.is_nil(system.read_if_there(out))
    local _, text, problem = run({ "sites", "summary", "--from", path, "-o", "json", "--error-format", "json" }, client)
    assert.equal(2, #cjson.decode(text))
    local told = cjson.decode(problem).error
    assert.same({ "not_found", 404, 3 }, { told.kind, told.status, told.exit })
    assert.truthy(told.message:find "^1 of 3 rows failed; the first, .*a%.csv:3: no such project$", told.message)
  end)

  it("sends no more where all others would fail too, and names the lines that were not sent", function()
    local rows = { "site_id" }
    for i = 1, 60 do
      rows[i + 1] = ("%d"):format(i)
    end
    local client, requests = server(function() return 401, '{"message":"Incorrect token"}' end)
    local status, _, err = run({ "sites", "summary", "--from", file("a.csv", table.concat(rows, "\n")) }, client)
    assert.equal(4, status)
    assert.is_true(#requests < 20, #requests)
    local failed, unsent, from = err:match "(%d+) of 60 rows failed; (%d+) rows were not sent: lines from (%d+) on\n"
    assert.equal(60, tonumber(failed) + tonumber(unsent), err)
    assert.equal(62 - tonumber(unsent), tonumber(from))
  end)

  it("says what all calls may cost, and spends no more than --budget", function()
    local client = server(function() return 200, "[]" end)
    local path = file("a.csv", "domain\na.example\nb.example\nc.example\n")
    local words = { "data", "domain", "keywords", "list", "--source", "us", "--from", path, "--max-rows", "5" }
    local status, _, err = run(words, client)
    assert.equal(0, status)
    assert.truthy(err:find "^seranking: this may cost up to 300 credits\n", err)
    words[#words + 1], words[#words + 2] = "--budget", "200"
    local requests
    client, requests = server(function() return 200, "[]" end)
    status, _, err = run(words, client)
    assert.equal(8, status, err)
    assert.equal(2, #requests)
  end)

  it("leaves out of what is to be sent again a row whose list goes on with --resume", function()
    local client = server(function(request)
      if request.query:find "next=" or request.query:find "b.example" then
        return 404, '{"message":"gone"}'
      end
      return 200, '{"backlinks":[{"url_from":"https://a.example/1"}],"next":"at1"}'
    end)
    local path = file("a.csv", "target\na.example\nb.example\n")
    local out = path:gsub("a%.csv$", "out.csv")
    local _, _, err = run({ "data", "backlinks", "raw", "--from", path, "--limit", "1", "--max-rows", "3", "-o", out,
      "--columns", "url_from" }, client)
    assert.truthy(err:find("2 of 2 rows failed\n.*1 row written, kept in .*%.part\n.*: to go on, put the rows named above, but "
      .. "those with %-%-resume, into a file"), err)
  end)

  it("keeps the rows of a list whose later page fails, and says how to get the others", function()
    local client = server(function(_, number)
      if number == 2 then
        return 500, '{"message":"broken"}'
      end
      return 200, '{"backlinks":[{"url_from":"https://a.example/1"}],"next":"at1"}'
    end)
    local status, out, err = run({ "data", "backlinks", "raw", "--from", file("a.csv", "target\na.example\n"), "--limit", "1",
      "--max-rows", "3", "-o", "json" }, client)
    assert.equal(7, status)
    assert.equal("https://a.example/1", cjson.decode(out)[1].url_from)
    assert.truthy(err:find("a%.csv:2: .*broken.*; 1 of its rows are written, a command of its own gives the others with "
      .. "%-%-resume seranking%-walk%-1:data%.backlinks%.raw:"), err)
  end)

  it("prints each request with --dry-run and --curl, and sends nothing", function()
    local client, requests = server(summary)
    local path = file("a.csv", SITES)
    local _, plain = run({ "sites", "summary", "--from", path, "--dry-run" }, client)
    assert.equal(3, select(2, plain:gsub("GET https://api.seranking.com/[^\n]*site_id=1[123]\n", "")))
    local _, curl = run({ "sites", "summary", "--from", path, "--curl" }, client)
    assert.equal(3, select(2, curl:gsub(" | curl %-H @%- '[^\n]*site_id=1[123]'\n", "")))
    assert.equal(0, #requests)
  end)

  for _, words in ipairs { { "--wait" }, { "--max-cost", "5" }, { "--resume", "x" } } do
    it("does not go with " .. words[1], function()
      local client, requests = server(summary)
      local line = words[1] == "--wait" and { "audit", "create", "--from", file("a.csv", "domain\na.example\n") }
        or { "data", "backlinks", "raw", "--from", file("a.csv", "target\na.example\n") }
      line[#line + 1], line[#line + 2] = words[1], words[2]
      local status, _, err = run(line, client)
      assert.same({ 2, 0 }, { status, #requests })
      assert.equal(("seranking: %s is for a single call: it does not go with --from\n"):format(words[1]), err)
    end)
  end

  it("asks once before it deletes", function()
    local client, requests = server(function() return 200, "[]" end)
    local given = { stdin = "n\n", terminals = { stdin = true, stderr = true } }
    local path = file("a.csv", SITES)
    local status, _, err = run({ "sites", "delete", "--from", path }, client, given)
    assert.same({ 1, 0 }, { status, #requests })
    assert.truthy(err:find("3 calls of `seranking sites delete` can't be undone. Go on? [y/N] ", 1, true), err)
    given.stdin = "y\n"
    status = run({ "sites", "delete", "--from", path, "-o", "json" }, client, given)
    assert.same({ 0, 3 }, { status, #requests })
  end)

  for name, case in pairs {
    ["Ctrl-C where rows are only read"] = { { "sites", "summary" }, "site_id", 1 },
    ["the second Ctrl-C where rows change something"] = { { "sites", "create", "--title", "All" }, "url", 2 },
  } do
    it("gives up at " .. name .. ", and names the lines that were not sent", function()
      local rows = { case[2] }
      for i = 1, 15 do
        rows[i + 1] = case[2] == "url" and ("https://%d.example"):format(i) or ("%d"):format(i)
      end
      local client, requests = server(function(request) return summary { query = request.query .. "&site_id=1" } end)
      local handle = client.transport.handle
      client.transport.handle = function(self, request)
        local answer = handle(self, request)
        answer.delay = #requests > 3 and 9 or 0
        return answer
      end
      local line = { "--from", file("a.csv", table.concat(rows, "\n") .. "\n"), "-o", "csv", "--columns", case[2] }
      for i = #case[1], 1, -1 do
        table.insert(line, 1, case[1][i])
      end
      local status, out, err = run(line, client, { interrupted = function() return #requests > 3 and case[3] or 0 end })
      assert.equal(130, status, err)
      local failed, unsent, from = err:match("interrupted; (%d+) of 15 rows failed; (%d+) rows were not sent: lines from "
        .. "(%d+) on\n")
      assert.truthy(failed, err)
      local done = select(2, out:gsub("\n", "")) - 1
      assert.same({ 15, 17 }, { done + failed + unsent, from + unsent })
      assert.is_true(done > 0 and #requests <= done + failed, #requests)
    end)
  end

  it("writes the rows behind one that Ctrl-C cancelled before it was sent", function()
    local client = server(summary)
    local handle, last = client.transport.handle, nil
    client.transport.handle = function(self, request)
      last = client.clock:now()
      return request.query:find "site_id=12" and { fault = "refuse" } or handle(self, request)
    end
    client.retries = 10
    -- Time passes without an attempt: the second row waits for its next one.
    local status, out, err = run({ "sites", "summary", "--from", file("a.csv", SITES), "-o", "csv", "--columns", "site_id" },
      client, { interrupted = function() return last and client.clock:now() > last and 1 or 0 end })
    assert.same({ 130, "site_id\n11\n13\n", "seranking: interrupted; 1 row was not sent: line 3\n" },
      { status, (out:gsub("\r", "")), err })
  end)

  for name, case in pairs {
    ["that is free"] = { { "audit", "pages" }, "audit_id", "url", '{"items":[{"url":"%s"}],"total":3}', "offset=(%d+)" },
    ["that is paid for"] = { { "data", "backlinks", "raw", "--limit", "1", "--max-rows", "3" }, "target", "url_from",
      '{"backlinks":[{"url_from":"%s"}],"next":"%d"}', "next=(%d+)" },
  } do
    it("loses no row of a list " .. name .. ", and names each that is not whole, whenever Ctrl-C comes", function()
      local path = file("a.csv", case[2] .. "\n1\n2\n3\n4\n5\n6\n")
      local at = 0
      repeat
        at = at + 1
        local looks = 0
        local client, requests = server(function(request)
          local number = tonumber(request.query:match(case[5])) or 0
          return 200, case[4]:format(request.query:match(case[2] .. "=(%d)"), number + 1)
        end)
        local line = { "--from", path, "-o", "csv", "--columns", case[3] }
        for i = #case[1], 1, -1 do
          table.insert(line, 1, case[1][i])
        end
        local status, out, err = run(line, client, { interrupted = function()
          looks = looks + 1
          return looks >= at and 1 or 0
        end })
        local whole, rows = 0, 0
        for i = 1, 6 do
          local count = select(2, out:gsub("\n" .. i .. "\r?%f[\n]", "%0"))
          whole, rows = whole + (count == 3 and 1 or 0), rows + count
          local told = ("a.csv:%d: .*%d of its rows are written"):format(i + 1, count)
          assert.is_true(count == 0 or count == 3 or err:find(told) ~= nil, err)
        end
        local failed = tonumber(err:match "(%d+) of 6 rows failed" or 0)
        local unsent = tonumber(err:match "(%d+) rows? w%a+ not sent" or 0)
        assert.same({ whole == 6 and 0 or 130, 6 }, { status, whole + failed + unsent }, err)
        assert.is_true(rows == #requests or case[2] == "audit_id" and rows < #requests, err)
      until looks < at
      assert.is_true(at > 20, at)
    end)
  end

  it("ends at Ctrl-C with what was done; the lines it names are the rest: none is lost, none is sent twice", function()
    local rows = { "url" }
    for i = 1, 30 do
      rows[i + 1] = ("https://%d.example"):format(i)
    end
    local sent = {}
    local client, requests = server(function(request)
      local url = cjson.decode(request.body).url
      sent[url] = (sent[url] or 0) + 1
      return 200, '{"site_id":1}'
    end)
    local path = file("a.csv", table.concat(rows, "\n") .. "\n")
    local words = { "sites", "create", "--title", "All", "--from", path, "-o", "csv", "--columns", "url" }
    local status, out, err = run(words, client, { interrupted = function() return #requests >= 7 and 1 or 0 end })
    assert.equal(130, status, err)
    local from = tonumber(err:match "interrupted; %d+ rows were not sent: lines from (%d+) on\n")
    local done = select(2, out:gsub("https://", ""))
    assert.same({ from - 2, #requests }, { done, done })
    system.write(path, "url\n" .. table.concat(rows, "\n", from))
    assert.equal(0, (run(words, client)))
    local count = 0
    for _, times in pairs(sent) do
      assert.equal(1, times)
      count = count + 1
    end
    assert.equal(30, count)
  end)
end)
