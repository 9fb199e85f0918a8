--- Walking over pages: every style, every end, every way to go wrong, and no more than one page in memory.
-- SPDX-License-Identifier: MIT

local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised

local books = {
  name = "data.books",
  params = {
    page = { type = "integer", min = 1 }, offset = { type = "integer", min = 0 }, limit = { type = "integer", min = 1 },
    rules = { type = "object[][]", style = "json" }, next = { type = "string" },
    after = { type = "string" }, author = { type = "string" },
  },
  operations = {
    { "by_page", data = "GET /v1/page", query = "author page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 },
      cost = { 100, per = "request" } },
    { "by_offset", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3, max = 50 }, cost = { 5, per = "row" } },
    { "unbounded", data = "GET /v1/offset", query = "offset limit", answer = "array", pages = { style = "offset", size = 3 } },
    { "free", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3, max = 50 }, cost = { 0 } },
    { "uncapped", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3 }, cost = { 10, per = "row", of = "items" } },
    { "unsized", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items" } },
    { "capped", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", size = 3, max = 50 } },
    { "rows_by_page", data = "GET /v1/page", query = "page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 }, cost = { 2, per = "row" } },
    { "dear", data = "GET /v1/cursor", query = "next limit", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "next", size = 10000, max = 100000 },
      cost = { 1, per = "row", of = "rows" } },
    { "counted_pages", data = "GET /v1/page", query = "page", answer = "object",
      pages = { style = "page", rows = "items", total = "total", size = 6 } },
    { "unpriced", data = "GET /v1/page", query = "page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 }, cost = { note = "not known" } },
    { "by_cursor", data = "GET /v1/cursor", query = "next limit", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "next", size = 3, max = 1000 },
      cost = { 1, per = "row", of = "rows" } },
    { "named", data = "GET /v1/cursor", query = "after", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "after" } },
    { "filtered", data = "GET /v1/offset", query = "offset limit rules", answer = "object",
      pages = { style = "offset", rows = "items", total = "total" } },
    { "one_page", data = "GET /v1/offset", query = "limit", answer = "object",
      pages = { rows = "items", size = 3, max = 10, whole = "data.books.by_cursor" }, cost = { 1, per = "row", of = "items" } },
    { "whole", data = "GET /v1/whole", query = "author", answer = "array" },
    { "wrapped", data = "GET /v1/wrapped", answer = "object", pages = { rows = "rows" } },
    { "single", data = "GET /v1/single", answer = "object" },
  },
}

-- The value of a parameter in a query.
local function value(request, name)
  return ("&" .. request.query):match("&" .. name .. "=([^&]*)")
end

local function list(first, last)
  local rows = {}
  for i = first, last do
    rows[#rows + 1] = ('{"id":%d}'):format(i)
  end
  return "[" .. table.concat(rows, ",") .. "]"
end

-- A server of rows 1 .. count that does as it is asked.
local function server(count)
  return function(request)
    local limit = tonumber(value(request, "limit") or 3)
    if request.path == "/v1/page" then
      local page = tonumber(value(request, "page"))
      return list((page - 1) * limit + 1, math.min(page * limit, count))
    elseif request.path == "/v1/offset" then
      local offset = tonumber(value(request, "offset") or 0)
      return ('{"items":%s,"total":%d}'):format(list(offset + 1, math.min(offset + limit, count)), count)
    end
    local first = tonumber((value(request, "next") or value(request, "after") or "c0"):match "%d+")
    local last = math.min(first + limit, count)
    return ('{"rows":%s,"next":%s}'):format(list(first + 1, last), last < count and '"c' .. last .. '"' or "null")
  end
end

local function ids(op, args, options)
  local found = {}
  for row in op:each(args, options) do
    found[#found + 1] = row.id
  end
  return table.concat(found, " ")
end

local function scene(respond, name, options)
  local client, log, clock = script.new(respond, options)
  return script.operation(client.data, books, name), log, client, clock
end

local function queries(log)
  local found = {}
  for i, request in ipairs(log) do
    found[i] = request.query
  end
  return found
end

describe("a walk", function()
  it("goes by pages, to the first short one", function()
    local op, log = scene(server(7), "by_page")
    assert.equal("1 2 3 4 5 6 7", ids(op, { author = "x", limit = 3 }))
    assert.same({ "author=x&page=1&limit=3", "author=x&page=2&limit=3", "author=x&page=3&limit=3" }, queries(log))
  end)

  it("goes to the empty page where the last one is full", function()
    local op, log = scene(server(6), "by_page")
    assert.equal("1 2 3 4 5 6", ids(op, { limit = 3 }))
    assert.equal(3, #log)
  end)

  it("goes on from the page that it is told", function()
    local op, log = scene(server(7), "by_page")
    assert.equal("4 5 6 7", ids(op, { page = 2, limit = 3 }))
    assert.equal(2, #log)
  end)

  it("trusts a total only where it knows how many rows came before it", function()
    local function three_a_page(request)
      local first = 3 * tonumber(value(request, "page")) - 2
      return ('{"items":%s,"total":10}'):format(list(first, math.min(first + 2, 10)))
    end
    local op = scene(three_a_page, "counted_pages")
    assert.equal("1 2 3 4 5 6 7 8 9 10", ids(op))
    assert.equal("4 5 6 7 8 9 10", ids(op, { page = 2 }))
    for most = 1, 9 do
      local rows, err, token = op:all(nil, { max_rows = most })
      assert.is_nil(err)
      assert.equal(most, #rows)
      assert.equal(10 - most, #assert(op:all(nil, { resume = token })))
    end
  end)

  it("goes by offsets, to the total", function()
    local op, log = scene(server(6), "by_offset")
    assert.equal("1 2 3 4 5 6", ids(op, { limit = 3 }))
    assert.same({ "offset=0&limit=3", "offset=3&limit=3" }, queries(log))
    op, log = scene(server(7), "by_offset")
    assert.equal("6 7", ids(op, { offset = 5, limit = 3 }))
    assert.equal(1, #log)
  end)

  it("goes by offsets of what came, where a page is shorter than asked for and the total is known", function()
    local op, log = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      return ('{"items":%s,"total":"5"}'):format(list(offset + 1, math.min(offset + 2, 5)))
    end, "by_offset")
    assert.equal("1 2 3 4 5", ids(op, { limit = 4 }))
    assert.same({ "offset=0&limit=4", "offset=2&limit=4", "offset=4&limit=4" }, queries(log))
  end)

  it("goes by cursors, to the one that is missing, null or empty", function()
    for _, last in ipairs { "", ',"next":null', ',"next":""' } do
      local op, log = scene(function(request)
        return request.query == "next=a%2Fb%2B%3D&limit=2" and '{"rows":[{"id":2}]' .. last .. "}"
          or '{"rows":[{"id":1}],"next":"a/b+="}'
      end, "by_cursor")
      assert.equal("1 2", ids(op, { limit = 2 }))
      assert.equal(2, #log)
    end
    local op, log = scene(server(7), "named")
    assert.equal("1 2 3 4 5 6 7", ids(op))
    assert.same({ "", "after=c3", "after=c6" }, queries(log))
  end)

  it("asks for large pages where the caller does not say and no row is paid for, and for no more than wanted", function()
    local op, log = scene(server(120), "free")
    ids(op)
    assert.same({ "offset=0&limit=50", "offset=50&limit=50", "offset=100&limit=50" }, queries(log))
    for _, name in ipairs { "free", "by_offset" } do
      op, log = scene(server(120), name)
      ids(op, nil, { max_rows = 52 })
      assert.same({ "offset=0&limit=50", "offset=50&limit=2" }, queries(log))
    end
    op, log = scene(server(9), "unbounded")
    pcall(ids, op)
    assert.equal("offset=0", log[1].query)
  end)

  it("takes pages of the API's own size, and of 100 rows at most, where rows are paid for and nothing is said", function()
    local op, log, client = scene(server(120), "by_offset")
    local next_row = op:each()
    next_row()
    assert.same({ "offset=0" }, queries(log))
    assert.equal(15, client.data:spent().credits)
    op, log = scene(server(7), "by_offset")
    assert.equal("1 2 3 4 5 6 7", ids(op))
    assert.same({ "offset=0", "offset=3", "offset=6" }, queries(log))
    op, log = scene(server(7), "rows_by_page")
    assert.equal("1 2 3 4 5 6 7", ids(op))
    assert.same({ "page=1", "page=2", "page=3" }, queries(log))
    op, log = scene(server(200), "dear")
    op:each()()
    assert.same({ "limit=100" }, queries(log))
  end)

  it("takes large pages where rows are paid for and max_rows or max_cost say how many", function()
    local op, log = scene(server(5000), "by_cursor")
    assert.equal(3000, #assert(op:all(nil, { max_rows = 3000 })))
    assert.same({ "limit=1000", "next=c1000&limit=1000", "next=c2000&limit=1000" }, queries(log))
    op, log = scene(server(50), "dear")
    assert.equal(50, #assert(op:all(nil, { max_rows = math.huge })))
    assert.same({ "limit=100000" }, queries(log))
    op, log = scene(server(40), "by_offset")
    assert.equal(40, #assert(op:all(nil, { max_cost = 10000 })))
    assert.same({ "offset=0&limit=50" }, queries(log))
    op, log = scene(server(40), "by_offset")
    assert.equal(40, #assert(op:all(nil, { budget = 10000 })))
    assert.same({ "offset=0&limit=50" }, queries(log))
  end)

  it("takes no larger pages than an answer may have, at a kilobyte a row, and not less than the API's own", function()
    local op, log = scene(server(50), "dear", { max_body = 20000 * 1024 })
    op:each(nil, { max_rows = math.huge })()
    assert.same({ "limit=20000" }, queries(log))
    op, log = scene(server(50), "dear", { max_body = 4096 * 1024 })
    op:each(nil, { max_rows = math.huge })()
    assert.same({ "limit=10000" }, queries(log))
  end)

  it("asks for the rows that are left where the largest page is not known", function()
    local op, log, client = scene(server(120), "uncapped")
    ids(op, nil, { max_rows = 2 })
    assert.same({ "offset=0&limit=2" }, queries(log))
    assert.equal(20, client.data:spent().credits)
    op, log = scene(server(120), "uncapped")
    ids(op, nil, { max_rows = 7 })
    assert.same({ "offset=0&limit=3", "offset=3&limit=3", "offset=6&limit=1" }, queries(log))
    op, log = scene(server(120), "uncapped")
    local _, err = op:all(nil, { max_cost = 49 })
    assert.equal("max_cost 4", err.code .. " " .. #err.rows)
    assert.same({ "offset=0&limit=3", "offset=3&limit=1" }, queries(log))
    op, log = scene(server(120), "unsized")
    ids(op, nil, { max_rows = 2 })
    assert.same({ "offset=0" }, queries(log))
  end)

  it("makes a limit of the caller smaller where fewer rows are wanted, unless that moves pages", function()
    local op, log = scene(server(120), "by_offset")
    ids(op, { limit = 5 }, { max_rows = 7 })
    assert.same({ "offset=0&limit=5", "offset=5&limit=2" }, queries(log))
    op, log = scene(server(120), "by_cursor")
    ids(op, { limit = 50 }, { max_rows = 7 })
    assert.same({ "limit=7" }, queries(log))
    op, log = scene(server(120), "by_cursor")
    ids(op, { next = "c3", limit = 50 }, { max_rows = 7 })
    assert.same({ "next=c3&limit=50" }, queries(log))
    op, log = scene(server(120), "by_page")
    ids(op, { limit = 5 }, { max_rows = 7 })
    assert.same({ "page=1&limit=5", "page=2&limit=5" }, queries(log))
  end)

  it("keeps one limit over pages and cursors, which share the rows that are wanted evenly", function()
    local op, log = scene(server(5000), "by_cursor")
    assert.equal(1500, #assert(op:all(nil, { max_rows = 1500 })))
    assert.same({ "limit=750", "next=c750&limit=750" }, queries(log))
    op, log = scene(server(5000), "by_page")
    assert.equal(60, #assert(op:all(nil, { max_rows = 60 })))
    assert.same({ "page=1&limit=30", "page=2&limit=30" }, queries(log))
    op, log = scene(server(5000), "by_cursor")
    local _, err = op:all(nil, { max_cost = 1500 })
    assert.equal("max_cost 1500", err.code .. " " .. #err.rows)
    assert.same({ "limit=750", "next=c750&limit=750" }, queries(log))
  end)

  it("sends no limit of its own where the caller says the page: with another limit it would begin elsewhere", function()
    for _, name in ipairs { "by_page", "rows_by_page" } do
      local op, log = scene(server(10), name)
      assert.equal("4 5 6 7 8 9 10", ids(op, { page = 2 }))
      assert.same({ "page=2", "page=3", "page=4" }, queries(log))
      op, log = scene(server(10), name)
      assert.equal("4 5", ids(op, { page = 2 }, { max_rows = 2, max_cost = 1000 }))
      assert.same({ "page=2" }, queries(log))
    end
  end)

  it("asks for what the client's budget can pay", function()
    local op, log = scene(server(120), "by_offset", { budget = 37 })
    local rows, err = op:all()
    assert.is_nil(rows)
    assert.equal("budget 7", err.code .. " " .. #err.rows)
    assert.same({ "offset=0", "offset=3", "offset=6&limit=1" }, queries(log))
    op, log = scene(server(120), "by_offset", { budget = 37 })
    rows, err = op:all(nil, { max_rows = 100 })
    assert.is_nil(rows)
    assert.equal("budget 7", err.code .. " " .. #err.rows)
    assert.same({ "offset=0&limit=7" }, queries(log))
    op, log = scene(server(120), "by_offset", { budget = 37 })
    assert.equal(9, #assert(op:all(nil, { max_rows = 9, budget = false })))
    assert.same({ "offset=0&limit=9" }, queries(log))
  end)

  it("takes a page shorter than asked for as the last one only where one as long has come before", function()
    local function clamped(rows, most)
      return function(request)
        local offset, limit = tonumber(value(request, "offset")), tonumber(value(request, "limit") or 3)
        return '{"items":' .. list(offset + 1, math.min(offset + math.min(limit, most), rows)) .. "}"
      end
    end
    local op, log = scene(clamped(5, 2), "capped")
    assert.equal("1 2 3 4 5", ids(op, { limit = 50 }))
    assert.same({ "offset=0&limit=50", "offset=2&limit=50", "offset=4&limit=50", "offset=5&limit=50" }, queries(log))
    op, log = scene(clamped(5, 50), "capped")
    assert.equal("1 2 3 4 5", ids(op, { limit = 50 }))
    assert.same({ "offset=0&limit=50", "offset=5&limit=50" }, queries(log))
    op, log = scene(clamped(5, 2), "capped")
    assert.equal("1 2 3 4 5", ids(op, { limit = 2 }))
    assert.equal(3, #log)
    op, log = scene(clamped(5, 2), "unsized")
    assert.equal("1 2 3 4 5", ids(op))
    assert.equal(4, #log)
    op, log = scene(clamped(5, 50), "capped")
    assert.equal("1 2 3 4 5", ids(op, nil, { max_rows = 5 }))
    assert.equal(1, #log)
  end)

  it("goes on in pages as short as the first one, where a server gives fewer rows than asked for", function()
    for _, clamped_first in ipairs { true, false } do
      local op, log = scene(function(request)
        local page, limit = tonumber(value(request, "page")), tonumber(value(request, "limit"))
        local size = math.min(limit, 4)
        local before = (page - 1) * (clamped_first and size or limit)
        return list(before + 1, math.min(before + size, 10))
      end, "by_page")
      assert.equal("1 2 3 4 5 6 7 8 9 10", ids(op, { limit = 50 }))
      assert.same({ "page=1&limit=50", "page=2&limit=4", "page=3&limit=4" }, queries(log))
    end
  end)

  it("copies no body where cursors lead on: pages are not compared there", function()
    local page = '{"rows":[{"id":1}],"next":"c"' .. (" "):rep(2 ^ 20) .. "}"
    local op = scene(function() return page end, "by_cursor")
    local next_row = op:each()
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    next_row()
    local grown = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_true(grown < 512, grown .. " KB")
  end)

  it("follows a cursor over pages without rows, but not for ever", function()
    local op, log = scene(function(_, number)
      return ('{"rows":%s,"next":%s}'):format(number % 3 == 0 and list(number, number) or "[]",
        number < 9 and '"c' .. number .. '"' or "null")
    end, "by_cursor")
    assert.equal("3 6 9", ids(op))
    assert.equal(9, #log)
    op, log = scene(function(_, number) return ('{"rows":[],"next":"c%d"}'):format(number) end, "by_cursor")
    local _, err = op:all()
    assert.equal("protocol empty_pages", err.kind .. " " .. err.code)
    assert.is_true(#log < 200)
  end)

  it("has the arguments and options that it began with, whatever becomes of the tables that they came in", function()
    local op, log = scene(server(6), "filtered")
    local rules = { { { name = "a" } } }
    local args, options = { rules = rules, limit = 2 }, { headers = { ["X-A"] = "1" }, extra = { more = { "x" } } }
    for _ in op:each(args, options) do
      rules[1][1].name, args.limit, args.rules, options.headers["X-A"], options.extra.more[1] = "b", 5, nil, "2", "y"
    end
    assert.equal(3, #log)
    for i, request in ipairs(log) do
      assert.equal(("offset=%d&limit=2&rules=[[{\"name\":\"a\"}]]&more[]=x"):format(2 * i - 2),
        (request.query:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
      assert.equal("1", request.headers["x-a"])
    end
  end)

  it("chooses pages of one size that can be paid for all the rows wanted", function()
    local function answer(request)
      local first, limit = tonumber(value(request, "next") or 0), tonumber(value(request, "limit"))
      return ('{"rows":%s,"next":"%d"}'):format(list(first + 1, first + limit), first + limit)
    end
    for _, case in ipairs { { 2500, 2501 }, { 1001, 1001 }, { 2500, 2500 }, { 999, 999 } } do
      local op, log = scene(answer, "by_cursor")
      local rows = assert(op:all({}, { max_rows = case[1], max_cost = case[2] }))
      assert.equal(case[1], #rows)
      local size = tonumber(value(log[1], "limit"))
      assert.is_true(#log * size <= case[2])
    end
  end)

  it("tells nothing of what comes after max_rows", function()
    for rows = 2, 4 do
      local function answer() return '{"rows":[1,2],"next":"c1"}' end
      assert.equal(rows, #assert((scene(answer, "by_cursor")):all({ limit = 2 }, { max_rows = rows })))
      local seen = 0
      for _ in (scene(answer, "by_cursor")):each({ limit = 2 }, { max_rows = rows }) do
        seen = seen + 1
      end
      assert.equal(rows, seen)
    end
    local op = scene(function() return '{"rows":[1,2],"next":"c1"}' end, "by_cursor")
    assert.is_nil((op:all({ limit = 2 }, { max_rows = 5 })))
  end)

  it("ends after max_rows, without another request", function()
    local op, log = scene(server(100), "by_page")
    assert.equal("1 2 3 4", ids(op, { limit = 2 }, { max_rows = 4 }))
    assert.equal(2, #log)
    assert.equal("1 2 3", ids(op, { limit = 2 }, { max_rows = 3 }))
  end)

  it("is one call where the answer has no pages", function()
    local op, log = scene(function() return list(1, 3) end, "whole")
    assert.equal("1 2 3", ids(op, { author = "x" }))
    assert.equal(1, #log)
    op = scene(function() return '{"rows":' .. list(1, 2) .. "}" end, "wrapped")
    assert.equal("1 2", ids(op))
    op = scene(function() return '{"rows":null}' end, "wrapped")
    assert.equal("", ids(op))
    op = scene(function() return "[]" end, "wrapped") -- PHP's empty object
    assert.equal("", ids(op))
  end)

  it("gives the response of each row's page, and does not change its arguments", function()
    local op = scene(server(4), "by_page")
    local args, pages = { limit = 2 }, {}
    for _, response in op:each(args) do
      pages[#pages + 1] = response
    end
    assert.same({ limit = 2 }, args)
    assert.equal(200, pages[1].status)
    assert.equal(pages[1], pages[2])
    assert.not_equal(pages[2], pages[3])
  end)

  it("sends nothing before its first step, and needs no loop", function()
    local op, log = scene(server(4), "by_page")
    local next_row = op:each { limit = 2 }
    assert.equal(0, #log)
    assert.equal(1, next_row().id)
    assert.equal(2, next_row().id)
    assert.equal(1, #log)
    assert.equal(3, next_row().id)
    assert.equal(4, next_row().id)
    assert.is_nil(next_row())
    assert.is_nil(next_row())
    assert.equal(3, #log)
  end)

  it("raises what is wrong with its arguments at once", function()
    local op, log = scene(server(4), "by_page")
    assert.equal("data.books.by_page: unknown parameter 'autor'; did you mean 'author'?",
      raised(op.each, op, { autor = "x" }))
    assert.equal("data.books.by_page: option max_rows must be a whole number, at least 1, or math.huge for all rows",
      raised(op.each, op, nil, { max_rows = 0 }))
    assert.equal("data.books.by_page: unknown option 'max_row'; did you mean 'max_rows'?",
      raised(op.each, op, nil, { max_row = 1 }))
    assert.equal("data.books.by_page: max_rows is an option of each: data.books.by_page:each({ … }, { max_rows = … })",
      raised(op, nil, { max_rows = 1 }):gsub("; .*", "; did you mean 'retries'?"))
    op = scene(server(1), "single")
    assert.equal("data.books.single returns no list of rows: call it, client.data.books:single { … }", raised(op.each, op))
    assert.equal("each is a method of operations: call it with a colon, as in client.sites.list:each(…)",
      raised(op.each))
    assert.equal(0, #log)
  end)
end)

describe("a walk that fails", function()
  it("raises the error of the page, after the rows before it", function()
    local op = scene(function(request, number)
      return number == 2 and script.json('{"error":{"message":"no"}}', 403) or server(9)(request)
    end, "by_page")
    local found = {}
    local ok, err = pcall(function()
      for row in op:each { limit = 3 } do
        found[#found + 1] = row.id
      end
    end)
    assert.is_false(ok)
    assert.is_true(seranking.is_error(err))
    assert.equal("access 403", err.kind .. " " .. err.status)
    assert.same({ 1, 2, 3 }, found)
  end)

  it("raises the same error again, and never says that the list has ended", function()
    local op, log = scene(function() return script.json("{}", 400) end, "by_page")
    local next_row = op:each()
    local _, first = pcall(next_row)
    for _ = 1, 3 do
      local ok, err = pcall(next_row)
      assert.is_false(ok)
      assert.equal(first, err)
    end
    assert.equal(1, #log)
    op = scene(function(_, number) return number == 1 and error "boom" or "[]" end, "by_page")
    next_row = op:each()
    assert.equal("boom", raised(next_row))
    local _, err = pcall(next_row)
    assert.equal("cancelled interrupted", err.kind .. " " .. err.code)
    assert.same({}, (assert(op:all(nil, { resume = err.resume }))))
  end)

  it("is an error of kind protocol where a cursor comes again, at once or later", function()
    for _, chain in ipairs { "a a", "a b a", "a b c d e f c", "a b c d e f g h i j a" } do
      local cursors = {}
      for cursor in chain:gmatch "%a" do
        cursors[#cursors + 1] = cursor
      end
      local op, log = scene(function(_, number)
        local back = #cursors - (chain:find(cursors[#cursors], 1, true) + 1) / 2
        local at = number <= #cursors and number or number - math.ceil((number - #cursors) / back) * back
        return ('{"rows":[{"id":%d}],"next":"%s"}'):format(number, cursors[at])
      end, "by_cursor")
      local ok, err = pcall(ids, op)
      assert.is_false(ok)
      assert.equal("protocol cursor_repeats", err.kind .. " " .. err.code)
      assert.is_true(#log <= 4 * #cursors)
    end
  end)

  it("is an error where the server gives the same page again, whatever it is asked", function()
    for _, name in ipairs { "by_page", "unbounded" } do
      local op, log = scene(function() return list(1, 3) end, name)
      local ok, err = pcall(ids, op, { limit = 3 })
      assert.is_false(ok)
      assert.equal("protocol page_repeats", err.kind .. " " .. err.code)
      assert.equal(2, #log)
    end
  end)

  it("is none where different pages have equal rows", function()
    local function word(n)
      return n <= 4 and "a" or "b"
    end
    local op = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      return offset < 6 and ('["%s"]'):format(word(offset + 1)) or "[]"
    end, "unbounded")
    assert.same({ "a", "a", "a", "a", "b", "b" }, (assert(op:all { limit = 1 })))
    op = scene(function(request)
      local page = tonumber(value(request, "page"))
      return page < 4 and '[{"a":{"b":1}},{"a":{"b":1}}]' or "[]"
    end, "by_page")
    assert.equal(6, #assert(op:all { limit = 2 }))
    -- Long pages that differ in their middle only, at the same length.
    local fill = ("x"):rep(30000)
    op = scene(function(request)
      local page = tonumber(value(request, "page"))
      return page < 3 and ('["%s",%s,"%s"]'):format(fill, list(page * 1000, page * 1000 + 200), fill) or "[]"
    end, "by_page")
    assert.equal(6, #assert(op:all { limit = 3 }))
  end)

  it("is none where all rows are of one length", function()
    local op = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      local rows = {}
      for i = 1, offset < 512 and 256 or 0 do
        rows[i] = ('{"name":"%s","id":%06d}'):format(("x"):rep(90), 100000 + offset + i)
      end
      return "[" .. table.concat(rows, ",") .. "]"
    end, "unbounded")
    assert.equal(512, #assert(op:all { limit = 256 }))
  end)

  it("is an error where one row comes again without end", function()
    for _, name in ipairs { "by_page", "unbounded" } do
      local op, log = scene(function() return '[{"id":1}]' end, name)
      local ok, err = pcall(ids, op, { limit = 1 })
      assert.is_false(ok)
      assert.equal("protocol page_repeats", err.kind .. " " .. err.code)
      assert.is_true(#log <= 20)
    end
  end)

  it("is an error where the rows are no list, or are not there", function()
    for _, body in ipairs {
      '{"items":{"a":1},"total":1}', '{"total":4}', '{"items":null,"total":"4"}', '{"message":"No data for you"}',
      '{"error":{"message":"no"}}', '{"items":"none"}', '{"status":"processing"}',
    } do
      local op = scene(function() return body end, "by_offset")
      local ok, err = pcall(ids, op)
      assert.is_false(ok, body)
      assert.equal("protocol no_rows", err.kind .. " " .. err.code)
      assert.is_true(err.sent)
      assert.is_table(err.answer)
    end
    for _, name in ipairs { "wrapped", "unsized", "by_cursor" } do
      local op = scene(function() return '{"message":"No data for you"}' end, name)
      local ok, err = pcall(ids, op)
      assert.is_false(ok, name)
      assert.equal("protocol no_rows", err.kind .. " " .. err.code)
    end
    local op = scene(function() return '{"next":"c2"}' end, "by_cursor")
    local ok, err = pcall(ids, op)
    assert.is_false(ok)
    assert.equal("no_rows", err.code)
    op = scene(function(request, number) return number == 1 and server(5)(request) or "[]" end, "by_offset")
    local rows, problem = op:all { limit = 2 }
    assert.is_nil(rows)
    assert.equal("no_rows 2", problem.code .. " " .. #problem.rows)
  end)

  it("is none where an answer without rows says that there are none", function()
    for _, nulls in ipairs { "drop", "keep" } do
      for body, name in pairs {
        ["{}"] = "by_offset", ["[]"] = "by_offset", ['{"total":0}'] = "by_offset", ['{"items":null}'] = "by_offset",
        ['{"total":"0","message":"none"}'] = "by_offset", ['{"items":null,"total":0}'] = "by_offset",
        ['{"rows":null,"next":null}'] = "by_cursor",
        ['{"next":""}'] = "by_cursor", ['{"url":"a","page_data":{}}'] = "unsized",
      } do
        local op, log = scene(function() return body end, name, { nulls = nulls })
        assert.equal("", ids(op), body)
        assert.equal(1, #log)
      end
    end
    local op, log = scene(function() return '{"total":4}' end, "by_offset")
    assert.equal("", ids(op, { offset = 4 }))
    assert.equal(1, #log)
  end)

  it("is an error where the rows end before the total that the server tells", function()
    local op, log = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      return ('{"items":%s,"total":9}'):format(list(offset + 1, math.min(offset + 2, 5)))
    end, "by_offset")
    local rows, err = op:all { limit = 2 }
    assert.is_nil(rows)
    assert.equal("protocol short", err.kind .. " " .. err.code)
    assert.equal("data.books.by_offset: the rows end after 5 of the 9 that the server tells of", err.message)
    assert.is_true(err.sent)
    assert.equal(5, #err.rows)
    assert.equal(4, #log)
    op = scene(function() return '{"items":[],"total":9}' end, "by_offset")
    assert.is_false((pcall(ids, op)))
    op = scene(function() return '{"items":[],"total":9}' end, "by_offset")
    assert.equal("", ids(op, { offset = 9 }))
    op = scene(server(5), "by_offset")
    assert.equal(2, #assert(op:all({ limit = 2 }, { max_rows = 2 })))
  end)
end)

describe("max_cost", function()
  it("ends a walk with an error before a page that would go over it", function()
    local op, log, client = scene(server(100), "by_page")
    local found = {}
    local ok, err = pcall(function()
      for row in op:each({ limit = 2 }, { max_cost = 250 }) do
        found[#found + 1] = row.id
      end
    end)
    assert.is_false(ok)
    assert.equal("invalid max_cost", err.kind .. " " .. err.code)
    assert.equal("data.books.by_page: the next page may cost 100 credits, by estimate, and 50 of max_cost = 250 are left",
      err.message)
    assert.same({ 1, 2, 3, 4 }, found)
    assert.equal(2, #log)
    assert.equal(200, client.data:spent().credits)
  end)

  it("asks for as many rows as can be paid where rows are what is paid for", function()
    local op, log = scene(server(100), "by_offset")
    local rows, err = op:all(nil, { max_cost = 37 })
    assert.is_nil(rows)
    assert.equal("max_cost", err.code)
    assert.equal(7, #err.rows)
    assert.same({ "offset=0&limit=7" }, queries(log))
    op, log = scene(server(6), "by_offset")
    assert.equal(6, #assert(op:all(nil, { max_cost = 37 })))
    assert.equal(1, #log)
  end)

  it("may be reached", function()
    local op = scene(server(4), "by_page")
    assert.equal(4, #assert(op:all({ limit = 2 }, { max_cost = 300 })))
    op = scene(server(4), "by_page")
    local _, err = op:all({ limit = 2 }, { max_cost = 299 })
    assert.equal("max_cost", err.code)
  end)

  it("may be called budget, and the client's budget holds as well; the error names the one that it was", function()
    local op = scene(server(100), "by_page", { budget = 1000 })
    local _, err = op:all({ limit = 2 }, { budget = 100, max_cost = 150 })
    assert.equal("invalid budget", err.kind .. " " .. err.code)
    assert.equal("data.books.by_page: the next page may cost 100 credits, by estimate, and 0 of the walk's budget = 100 are "
      .. "left", err.message)
    op = scene(server(100), "by_page", { budget = 1000 })
    _, err = op:all({ limit = 2 }, { budget = 150, max_cost = 100 })
    assert.equal("max_cost", err.code)
    assert.is_truthy(err.message:find("0 of max_cost = 100 are left", 1, true))
    op = scene(server(100), "by_page", { budget = 150 })
    _, err = op:all({ limit = 2 }, { max_cost = 200 })
    assert.equal("budget 2", err.code .. " " .. #err.rows)
    assert.equal("data.books.by_page may cost 100 credits, by estimate, and 50 of the client's budget = 150 are left",
      err.message)
    op = scene(server(100), "by_page", { budget = 150 })
    assert.equal(4, #assert(op:all({ limit = 2 }, { budget = false, max_rows = 4 })))
  end)

  it("lets nothing through whose price is not known", function()
    local op, log = scene(server(100), "unpriced")
    for option, hint in pairs { max_cost = "max_cost", budget = "budget = false" } do
      local _, err = op:all(nil, { [option] = 1000 })
      assert.equal("invalid " .. option, err.kind .. " " .. err.code)
      assert.is_truthy(err.message:find("not known", 1, true))
      assert.is_truthy(err.hint:find(hint, 1, true))
    end
    assert.equal(0, #log)
    op = scene(server(4), "unpriced", { budget = 10 })
    assert.equal(4, #assert(op:all(nil, { budget = false })))
  end)
end)

describe("all", function()
  it("gives every row as one list", function()
    local op = scene(server(7), "by_page")
    local rows, err = op:all { limit = 3 }
    assert.equal(7, #rows)
    assert.is_nil(err)
    assert.equal(7, rows[7].id)
    assert.same({}, (scene(server(0), "by_cursor"):all()))
    assert.equal(4, #assert(scene(server(100), "by_page"):all({ limit = 3 }, { max_rows = 4 })))
  end)

  it("gives nil and the error, which has the rows so far", function()
    local op = scene(function(request, number)
      return number == 3 and script.json("{}", 500) or server(9)(request)
    end, "by_page", { retries = 0 })
    local rows, err = op:all { limit = 2 }
    assert.is_nil(rows)
    assert.equal("server", err.kind)
    assert.equal(4, #err.rows)
    op = scene(function() return '{"rows":[{"id":1}],"next":"a"}' end, "by_cursor")
    rows, err = op:all()
    assert.is_nil(rows)
    assert.equal("cursor_repeats", err.code)
    assert.is_true(#err.rows >= 2)
  end)
end)

describe("the memory of a walk", function()
  it("is that of one page, however many there are", function()
    local text = ("x"):rep(1000)
    local op = scene(function(request)
      local page, rows = tonumber(value(request, "page")), {}
      for i = 1, page <= 100 and 100 or 0 do
        rows[i] = ('{"id":%d,"text":"%s %d"}'):format(page * 100 + i, text, page * 100 + i)
      end
      return "[" .. table.concat(rows, ",") .. "]"
    end, "by_page")
    local most, count = 0, 0
    local before
    for row in op:each { limit = 50 } do
      count = count + 1
      if count % 100 == 50 then
        collectgarbage()
        collectgarbage()
        local now = collectgarbage "count"
        before = before or now
        most = math.max(most, now - before)
      end
      assert.equal(1000, #row.text:match "^x+")
    end
    assert.equal(10000, count)
    assert.is_true(most < 150, most .. " KB more than within the first page") -- a page is 100 KB of text and its rows
  end)
end)
