--- The command walks over lists that are paid for: prices, limits, interruptions, and how it goes on.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local folder = require "support.folder"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"

local unpack = table.unpack or unpack -- luacheck: ignore

after_each(folder.finish)

local ROWS = 5000

-- Options of a client whose server has ROWS backlinks, and the limits that it was asked with. `answer(number)` may return
-- another answer to a request.
local function server(answer)
  local asked = {}
  return { token = scene.V1_KEY, clock = seranking.clock(), retries = 0, transport = { handle = function(_, request)
    local limit = tonumber(request.query:match "limit=(%d+)")
    asked[#asked + 1] = limit
    local other = answer and answer(#asked)
    if other then
      return other
    end
    local before = tonumber(request.query:match "next=at(%d+)") or 0
    local last, rows = math.min(before + limit, ROWS), {}
    for i = before + 1, last do
      rows[#rows + 1] = ('{"url_from":"https://a.example/%d","inlink_rank":%d}'):format(i, i)
    end
    return { status = 200, headers = { { "Content-Type", "application/json" } },
      body = ('{"backlinks":[%s],"next":%s}'):format(table.concat(rows, ","), last < ROWS and '"at' .. last .. '"' or "null") }
  end } }, asked
end

local WALK = { "data", "backlinks", "raw", "a.example", "-o", "json" }

local function words(...)
  local list = {}
  for _, word in ipairs(WALK) do
    list[#list + 1] = word
  end
  for _, word in ipairs { ... } do
    list[#list + 1] = word
  end
  return list
end

-- The ranks of the rows in a JSON document, of which row n has rank n.
local function ranks(text)
  local list = {}
  for i, row in ipairs(cjson.decode(text)) do
    list[i] = row.inlink_rank
  end
  return list
end

local function numbers(first, last)
  local list = {}
  for i = first, last do
    list[#list + 1] = i
  end
  return list
end

-- The arguments of the command that stderr says to go on with.
local function go_on(stderr)
  local line, list = stderr:match "go on with: seranking ([^\n]+)", {}
  for word in line:gmatch "%S+" do
    list[#list + 1] = word
  end
  return list
end

describe("the nulls of an answer", function()
  local function answer()
    return { status = 200, headers = { { "Content-Type", "application/json" } },
      body = '{"backlinks":[{"url_from":"a","anchor":null,"new":null,"inlink_rank":1}],"next":null}' }
  end

  it("are nulls in JSON, for one page and for a walk", function()
    for _, more in ipairs { "--quiet", "--max-rows=5" } do
      for format, expected in pairs { json = "[\n%s\n]\n", jsonl = "%s\n" } do
        local status, stdout = terminal.run({ "data", "backlinks", "raw", "a.example", "-o", format,
          "--columns", "anchor,inlink_rank", more }, { client = server(answer) })
        assert.equal(0, status)
        local row = stdout:match "{.*}"
        assert.same({ anchor = cjson.null, inlink_rank = 1 }, cjson.decode(row))
        assert.equal(expected:format(row), stdout)
      end
    end
    local status, stdout = terminal.run({ "raw", "GET", "/any", "-o", "json" }, { client = server(answer) })
    assert.equal(0, status)
    assert.equal(cjson.null, cjson.decode(stdout).next)
  end)

  it("are empty cells elsewhere, and make no column that is not described", function()
    local status, stdout = terminal.run({ "data", "backlinks", "raw", "a.example", "-o", "csv" }, { client = server(answer) })
    assert.equal(0, status)
    local header, line = stdout:match "^(.-)\r\n(.-)\r\n$"
    assert.truthy(("," .. header .. ","):find(",anchor,", 1, true))
    assert.falsy(("," .. header .. ","):find(",new,", 1, true))
    assert.falsy(line:find("null", 1, true))
    status, stdout = terminal.run({ "data", "backlinks", "raw", "a.example", "-o", "tsv",
      "--columns", "url_from,anchor,inlink_rank" }, { client = server(answer) })
    assert.equal(0, status)
    assert.equal("url_from\tanchor\tinlink_rank\na\t\t1\n", stdout)
  end)
end)

describe("a list that is paid for", function()
  it("is cut at 100 rows if the command line says nothing, with the price before and after", function()
    local client, asked = server()
    local status, stdout, stderr = terminal.run(WALK, { client = client })
    assert.equal(0, status)
    assert.same(numbers(1, 100), ranks(stdout))
    assert.same({ 100 }, asked)
    assert.equal("seranking: this may cost up to 100 credits\nseranking: 100 rows; --max-rows N or --max-rows all gives more\n"
      .. "seranking: spent 100 credits, by estimate\n", stderr)
  end)

  it("has as many rows as --limit says, in one request", function()
    local client, asked = server()
    local _, stdout = terminal.run(words("--limit", "7"), { client = client })
    assert.same(numbers(1, 7), ranks(stdout))
    assert.same({ 7 }, asked)
  end)

  it("has as many rows as --max-rows says, over pages", function()
    local client, asked = server()
    local status, stdout, stderr = terminal.run(words("--max-rows", "2500"), { client = client })
    assert.equal(0, status)
    assert.same(numbers(1, 2500), ranks(stdout))
    assert.is_true(#asked > 1)
    assert.is_truthy(stderr:find("up to 2,500 credits", 1, true))
    assert.is_truthy(stderr:find("spent 2,500 credits", 1, true))
  end)

  it("has all rows with --max-rows all", function()
    local _, stdout, stderr = terminal.run(words("--max-rows", "all"), { client = (server()) })
    assert.same(numbers(1, ROWS), ranks(stdout))
    assert.is_truthy(stderr:find("any number of credits", 1, true))
  end)

  for _, limit in ipairs { "max-cost", "budget" } do
    it("ends before --" .. limit .. " is passed, with status 8, and goes on where it ended", function()
      local status, stdout, stderr = terminal.run(words("--max-rows", "4000", "--" .. limit, "1500"),
        { client = (server()) })
      local got = ranks(stdout)
      assert.equal(8, status)
      assert.is_true(#got > 0 and #got <= 1500)
      assert.is_truthy(stderr:find("raise --" .. limit, 1, true))
      local again = go_on(stderr)
      for i, word in ipairs(again) do
        if word == "--" .. limit then
          again[i + 1] = "9999"
        end
      end
      local status_after, stdout_after = terminal.run(again, { client = (server()) })
      assert.equal(0, status_after)
      for _, rank in ipairs(ranks(stdout_after)) do
        got[#got + 1] = rank
      end
      assert.same(numbers(1, 4000), got)
    end)
  end

  for ending, advice in pairs { [".txt"] = "in a format that is no table", [".csv --sort inlink_rank"] = "without --sort" } do
    it("into a file " .. ending .. " says how to get the rest into another", function()
      local dir = folder.new()
      local list = { "data", "backlinks", "raw", "a.example", "--max-rows", "1500", "--max-cost", "1000", "-o" }
      for word in (dir .. "/a" .. ending):gmatch "%S+" do
        list[#list + 1] = word
      end
      local _, _, stderr = terminal.run(list, { client = (server()) })
      local token = stderr:match("\nseranking: go on with another file, " .. advice:gsub("%-", "%%-")
        .. ", and %-%-resume (%S+) %-%-max%-rows 500\n")
      assert.is_truthy(token, stderr)
      local status, stdout = terminal.run(words("--resume", token, "--max-rows", "500"), { client = (server()) })
      assert.equal(0, status)
      assert.same(numbers(1001, 1500), ranks(stdout))
    end)
  end

  it("goes on with flags before a --, behind which words are no flags", function()
    local list = words("--max-rows", "1500", "--max-cost", "1000")
    table.remove(list, 4)
    list[#list + 1], list[#list + 2] = "--", "a.example"
    local status, _, stderr = terminal.run(list, { client = (server()) })
    assert.equal(8, status)
    assert.is_truthy(stderr:find("go on with: seranking data backlinks raw %-o json %-%-max%-cost 1000 %-%-max%-rows 500 "
      .. "%-%-resume %S+ %-%- a.example\n"), stderr)
    assert.equal(0, (terminal.run(go_on(stderr), { client = (server()) })))
  end)

  it("keeps what came before a failure as valid JSON, and goes on without losing a row", function()
    local client = server(function(number)
      return number == 3 and { status = 500, headers = {}, body = "" }
    end)
    local status, stdout, stderr = terminal.run(words("--max-rows", "3500"), { client = client })
    local got = ranks(stdout)
    assert.equal(7, status)
    assert.same(numbers(1, #got), got)
    assert.is_truthy(stderr:find "\nseranking: GET /v1/backlinks/raw[^\n]*HTTP 500[^\n]*\nseranking: [%d,]+ rows")
    local _, rest = terminal.run(go_on(stderr), { client = (server()) })
    assert.same(numbers(#got + 1, 3500), ranks(rest))
  end)

  it("tells again how to go on if nothing comes after --resume", function()
    local function broken(from)
      return (server(function(number) return number >= from and { status = 500, headers = {}, body = "" } end))
    end
    local path = folder.new() .. "/links.csv"
    local _, _, stderr = terminal.run({ "data", "backlinks", "raw", "a.example", "--max-rows", "3000", "-o", path },
      { client = broken(2) })
    local again = go_on(stderr)
    local status, _, said = terminal.run(again, { client = broken(1) })
    assert.equal(7, status)
    assert.is_truthy(said:find("0 rows written; those of earlier runs are in " .. path .. ".part\n", 1, true), said)
    assert.same(again, go_on(said))
    assert.equal(0, (terminal.run(again, { client = (server()) })))
    assert.equal(3001, #system.lines("cat " .. path))
  end)

  it("that has no next page tells which command walks over all", function()
    local client = server(function(number)
      return number == 1 and { status = 200, headers = { { "Content-Type", "application/json" } },
        body = '{"backlinks":[' .. ('{"inlink_rank":1},'):rep(9999) .. '{"inlink_rank":1}]}' }
    end)
    local status, stdout, stderr = terminal.run({ "data", "backlinks", "all", "a.example", "--max-rows", "all", "-o", "json" },
      { client = client })
    assert.same({ 1, 10000 }, { status, #cjson.decode(stdout) })
    assert.is_nil(stderr:find("go on with", 1, true))
    assert.is_truthy(stderr:find("`seranking data backlinks raw` walks over all rows", 1, true), stderr)
  end)

  it("is [] as JSON if nothing came", function()
    local client = server(function() return { status = 403, headers = {}, body = '{"message":"No token"}' } end)
    local status, stdout = terminal.run(words("--max-rows", "10"), { client = client })
    assert.equal(4, status)
    assert.same({}, cjson.decode(stdout))
  end)

  it("refuses a token of another walk, and one that is cut, and sends nothing", function()
    local client, asked = server()
    local _, _, stderr = terminal.run(words("--max-rows", "3000", "--max-cost", "1000"), { client = client })
    local token = stderr:match "%-%-resume (%S+)"
    for _, case in ipairs { { "b.example", token }, { "a.example", token:sub(1, -2) } } do
      local count = #asked
      local status, _, said = terminal.run({ "data", "backlinks", "raw", case[1], "--resume", case[2] }, { client = client })
      assert.equal(2, status)
      assert.is_truthy(said:find "^seranking: %-%-resume ")
      assert.equal(count, #asked)
    end
  end)
end)

describe("the question about a price", function()
  local function asked(answer, more, terminals)
    local client, requests = server()
    local list = words("--max-rows", "2000")
    list[#list + 1] = more
    local status, _, stderr = terminal.run(list, { client = client, stdin = answer,
      terminals = terminals or { stdin = true, stderr = true } })
    return #requests, status, stderr:find("Go on?", 1, true) ~= nil
  end

  it("comes above 1,000 credits on a terminal, and takes only yes", function()
    assert.same({ 0, 1, true }, { asked "n\n" })
    assert.same({ 0, 1, true }, { asked "\n" })
    assert.same({ 0, 1, true }, { asked "" })
    assert.same({ 2, 0, true }, { asked "y\n" })
  end)

  it("is left out with --yes, with --no-input, and where nobody can answer", function()
    assert.same({ 2, 0, false }, { asked("", "--yes") })
    assert.same({ 2, 0, false }, { asked("", "--no-input") })
    assert.same({ 2, 0, false }, { asked("", nil, { stdin = true }) })
    assert.same({ 2, 0, false }, { asked("", nil, { stderr = true }) })
  end)

  it("does not come below", function()
    local client = server()
    local _, _, stderr = terminal.run(words("--max-rows", "1000"), { client = client, stdin = "",
      terminals = { stdin = true, stderr = true } })
    assert.is_nil(stderr:find("Go on?", 1, true))
  end)
end)

describe("Ctrl-C in a walk", function()
  -- Runs the walk with Ctrl-C pressed before request number `at`.
  local function interrupted(at)
    local client, requests = server()
    local status, stdout, stderr = terminal.run(words("--max-rows", "4000"), { client = client,
      interrupted = function() return #requests >= at and 1 or 0 end })
    return status, stdout, stderr, #requests
  end

  it("ends it between two requests with status 130, valid JSON, and the way to go on", function()
    local status, stdout, stderr, requests = interrupted(2)
    assert.equal(130, status)
    local got = ranks(stdout)
    assert.same(numbers(1, #got), got)
    assert.equal(2, requests) -- the page under way was paid for, and is written
    assert.equal(2000, #got)
    assert.is_truthy(stderr:find("seranking: interrupted\nseranking: 2,000 rows written\nseranking: go on with: ", 1, true))
    assert.is_truthy(stderr:find("--max-rows 2000", 1, true))
    local _, rest = terminal.run(go_on(stderr), { client = (server()) })
    assert.same(numbers(2001, 4000), ranks(rest))
  end)

  it("during the last page leaves nothing to go on with", function()
    local client, requests = server()
    local looks = 0 -- the first is before the request, the second while it is under way
    local status, stdout, stderr = terminal.run(words("--max-rows", "4000"), { client = client, interrupted = function()
      looks = looks + (#requests == 3 and 1 or 0)
      return (looks > 1 or #requests > 3) and 1 or 0
    end })
    assert.equal(4, #requests)
    assert.same({ 0, 4000 }, { status, #ranks(stdout) })
    assert.is_nil(stderr:find("go on with", 1, true), stderr)
  end)

  it("says so as JSON with --error-format json", function()
    local client, requests = server()
    local status, _, stderr = terminal.run(words("--max-rows", "4000", "--error-format", "json"), { client = client,
      interrupted = function() return #requests >= 1 and 1 or 0 end })
    local err = cjson.decode(stderr).error
    assert.same({ 130, "interrupted", 130 }, { status, err.kind, err.exit })
    assert.is_truthy(err.resume:find "^seranking%-walk")
  end)
end)

describe("a reader that has gone", function()
  it("ends the walk quietly with status 0, and no page is fetched any more", function()
    local client, asked = server()
    local written = 0
    local status, _, stderr = terminal.run({ "data", "backlinks", "raw", "a.example", "-o", "jsonl", "--max-rows", "all",
      "--quiet" }, { client = client, stdout = { flush = function() return true end, write = function(_, text)
        if written > 0 then
          return nil, "Broken pipe", 32
        end
        written = written + #text
        return true
      end } })
    assert.same({ 0, "" }, { status, stderr })
    assert.is_true(#asked <= 2)
  end)
end)

describe("rows that can't be written because an error is raised", function()
  local jsonl = require "seranking.cli.formats.jsonl"
  local open = jsonl.open

  after_each(function()
    jsonl.open = open
  end)

  -- Runs the walk, which fails, and goes on without a failure.
  local function holds(whole_pages)
    local path = folder.new() .. "/links.jsonl"
    local client, asked = server()
    local status, _, stderr = terminal.run({ "data", "backlinks", "raw", "a.example", "--max-rows", "3500", "-o", path },
      { client = client })
    assert.equal(1, status)
    assert.is_truthy(stderr:find("\nseranking: not enough memory\nseranking: [%d,]+ rows written, kept in "), stderr)
    local written = 0
    for i = 1, whole_pages do
      written = written + asked[i]
    end
    assert.equal(written, #system.lines("cat " .. path .. ".part"))
    jsonl.open = open
    assert.equal(0, (terminal.run(go_on(stderr), { client = (server()) })))
    assert.same(numbers(1, 3500), ranks("[" .. table.concat(system.lines("cat " .. path), ",") .. "]"))
  end

  -- From now on half of the rows of list number `at` are written before an error.
  local function fail_at(at)
    function jsonl.open(...)
      local writer, count = open(...), 0
      return setmetatable({ rows = function(_, list, first, last)
        count = count + 1
        if count < at then
          return writer:rows(list, first, last)
        end
        assert(writer:rows(list, first, math.floor((first + last) / 2)))
        error("not enough memory", 0)
      end }, { __index = function(_, name)
        return writer[name] and function(_, ...) return writer[name](writer, ...) end
      end })
    end
  end

  it("come with the way to go on: none is lost, none comes twice", function()
    fail_at(3)
    holds(2)
  end)

  it("come with the way to go on if that happens at the end", function()
    function jsonl.open(...)
      local writer = open(...)
      function writer.close()
        error("not enough memory", 0)
      end
      return writer
    end
    holds(3)
  end)
end)

describe("a list of more than 128 KiB without pages", function()
  local REGIONS, text = 4000, {}
  for i = 1, REGIONS do
    text[i] = ('{"region_id":%d,"name":"region %d of a list that is long"}'):format(i, i)
  end
  text = "[" .. table.concat(text, ",") .. "]"

  local client = { token = scene.V4_KEY, clock = seranking.clock(), transport = { handle = function()
    return { status = 200, headers = { { "Content-Type", "application/json" } }, body = text }
  end } }

  -- The numbers of the regions in an output, in order.
  local function regions(stdout)
    local list = {}
    for number in stdout:gmatch "region (%d+) of a list" do
      list[#list + 1] = tonumber(number)
    end
    return list
  end

  for _, format in ipairs { "json", "jsonl", "csv", "tsv", "table" } do
    it("is written whole or up to --max-rows as " .. format, function()
      for _, case in ipairs { { REGIONS }, { REGIONS, "--max-rows", "all" }, { 3000, "--max-rows", "3000" },
        { REGIONS, "--sort", "region_id" } } do
        local line = { "system", "google_regions", "-o", format, unpack(case, 2) }
        local status, stdout, stderr = terminal.run(line, { client = client })
        assert.same({ 0, "" }, { status, stderr })
        assert.same(numbers(1, case[1]), regions(stdout))
      end
    end)
  end

  it("is unfolded with --rows", function()
    local options = terminal.fake { fake = { demo = true, today = "2026-11-30" } }
    local about = assert(seranking.new(options)).sites(147696).positions
    local list, expected = assert(about:list { date_from = "2025-12-01", date_to = "2026-11-29" }), {}
    assert.is_true(#cjson.encode(list) > 131072)
    for _, site in ipairs(list) do
      for _, keyword in ipairs(site.keywords) do
        for _, position in ipairs(keyword.positions) do
          expected[#expected + 1] = ("%s,%.0f"):format(position.date, position.pos)
        end
      end
    end
    local status, stdout, stderr = terminal.run({ "sites", "positions", "list", "147696", "--date-from", "2025-12-01",
      "--date-to", "2026-11-29", "-o", "csv", "--rows", "keywords[].positions[]", "--columns", "date,pos" },
      { client = options })
    assert.same({ 0, "" }, { status, stderr })
    assert.equal("date,pos\r\n" .. table.concat(expected, "\r\n") .. "\r\n", stdout)
  end)
end)
