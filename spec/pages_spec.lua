--- Walks over pages: their styles, page sizes and ends.
-- SPDX-License-Identifier: MIT

local books = require "support.books"
local script = require "support.script"

local raised = script.raised
local value, list, server, ids, scene, queries = books.value, books.list, books.server, books.ids, books.scene, books.queries

describe("a walk", function()
  it("by page numbers ends with the first short page", function()
    local op, log = scene(server(7), "by_page")
    assert.equal("1 2 3 4 5 6 7", ids(op, { author = "x", limit = 3 }))
    assert.same({ "author=x&page=1&limit=3", "author=x&page=2&limit=3", "author=x&page=3&limit=3" }, queries(log))
  end)

  it("requests one more page if the last one is full", function()
    local op, log = scene(server(6), "by_page")
    assert.equal("1 2 3 4 5 6", ids(op, { limit = 3 }))
    assert.equal(3, #log)
  end)

  it("starts at the given page", function()
    local op, log = scene(server(7), "by_page")
    assert.equal("4 5 6 7", ids(op, { page = 2, limit = 3 }))
    assert.equal(2, #log)
  end)

  it("uses a total only if it knows how many rows precede the page", function()
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

  it("by offsets ends at the total", function()
    local op, log = scene(server(6), "by_offset")
    assert.equal("1 2 3 4 5 6", ids(op, { limit = 3 }))
    assert.same({ "offset=0&limit=3", "offset=3&limit=3" }, queries(log))
    op, log = scene(server(7), "by_offset")
    assert.equal("6 7", ids(op, { offset = 5, limit = 3 }))
    assert.equal(1, #log)
  end)

  it("by offsets advances by the rows received if pages are short and the total is known", function()
    local op, log = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      return ('{"items":%s,"total":"5"}'):format(list(offset + 1, math.min(offset + 2, 5)))
    end, "by_offset")
    assert.equal("1 2 3 4 5", ids(op, { limit = 4 }))
    assert.same({ "offset=0&limit=4", "offset=2&limit=4", "offset=4&limit=4" }, queries(log))
  end)

  it("by cursors ends when the cursor is missing, null or empty", function()
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

  it("requests large pages by default if rows are free, but no more rows than wanted", function()
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

  it("uses the API's default page size, at most 100 rows, if rows cost credits and no bound is given", function()
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

  it("requests large pages if rows cost credits and max_rows or max_cost bounds them", function()
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

  it("limits pages to max_body at a kilobyte a row, but not below the API's default size", function()
    local op, log = scene(server(50), "dear", { max_body = 20000 * 1024 })
    op:each(nil, { max_rows = math.huge })()
    assert.same({ "limit=20000" }, queries(log))
    op, log = scene(server(50), "dear", { max_body = 4096 * 1024 })
    op:each(nil, { max_rows = math.huge })()
    assert.same({ "limit=10000" }, queries(log))
  end)

  it("requests only the remaining rows if the largest page size is unknown", function()
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

  it("lowers the caller's limit for the last rows, unless that would shift pages", function()
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

  it("by page numbers and cursors keeps one limit that divides the wanted rows evenly", function()
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

  it("adds no limit if the caller gives the page: another limit would start it elsewhere", function()
    for _, name in ipairs { "by_page", "rows_by_page" } do
      local op, log = scene(server(10), name)
      assert.equal("4 5 6 7 8 9 10", ids(op, { page = 2 }))
      assert.same({ "page=2", "page=3", "page=4" }, queries(log))
      op, log = scene(server(10), name)
      assert.equal("4 5", ids(op, { page = 2 }, { max_rows = 2, max_cost = 1000 }))
      assert.same({ "page=2" }, queries(log))
    end
  end)

  it("requests no more rows than the client's budget can pay", function()
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

  it("takes a short page for the last one only after a page at least as long as requested", function()
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

  it("continues with the size of the first page if the server gives fewer rows than requested", function()
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

  it("by cursors does not compare pages, so it copies no body", function()
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

  it("follows cursors over empty pages, but not for ever", function()
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

  it("keeps its arguments and options although the caller changes the tables", function()
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

  it("chooses one page size that can pay for all wanted rows", function()
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

  it("returns rows up to max_rows although a later page would fail", function()
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

  it("over a list without pages delivers all rows, whatever the limit", function()
    local op, log = scene(function() return list(1, 3) end, "limited")
    assert.equal(3, #assert(op:all { limit = 3 }))
    assert.equal("1 2 3", ids(op, { limit = 2 }))
    assert.same({ "limit=3", "limit=2" }, queries(log))
  end)

  it("over an answer without pages is one call", function()
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

  it("returns each row with the response of its page, and does not change its arguments", function()
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

  it("sends nothing before its first step, and works without a for loop", function()
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

  it("raises misuse of its arguments at once", function()
    local op, log = scene(server(4), "by_page")
    assert.equal("data.books.by_page: unknown parameter 'autor'; did you mean 'author'?",
      raised(op.each, op, { autor = "x" }))
    assert.equal("data.books.by_page: option max_rows must be a whole number, at least 1, or math.huge for all rows, got 0",
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
