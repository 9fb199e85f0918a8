--- Walks that fail or cost too much, and the memory of a walk.
-- SPDX-License-Identifier: MIT

local books = require "support.books"
local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised
local value, list, server, ids, scene, queries = books.value, books.list, books.server, books.ids, books.scene, books.queries

describe("a walk on a faulty server", function()
  it("raises the error of a page after the rows before it", function()
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

  it("raises the same error at each further step, and does not end", function()
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

  it("continues when a second coroutine steps it: the page in flight is delivered, and requested once", function()
    local op, log, client = scene(function(request)
      local answer = script.json(server(9)(request))
      answer.delay = 1
      return answer
    end, "by_page")
    local next_row = op:each { limit = 3 }
    local found = {}
    local _, errs = client.data:map({ 1, 2 }, function()
      local row = next_row() -- no generic `for`, in which Lua 5.1 can't wait
      while row do
        found[#found + 1] = row.id
        row = next_row()
      end
      return true
    end)
    assert.equal(1, errs.count)
    assert.equal("cancelled interrupted", errs[errs.first].kind .. " " .. errs[errs.first].code)
    assert.matches("the request of another coroutine for a page of this walk has not ended", errs[errs.first].message, 1, true)
    assert.is_nil(errs[errs.first].resume) -- the walk goes on without it
    assert.equal("1 2 3 4 5 6 7 8 9", table.concat(found, " "))
    assert.equal(4, #log)
  end)

  it("fails with cursor_repeats if a cursor repeats, at once or later", function()
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

  it("fails with page_repeats if it receives the same page again", function()
    for _, name in ipairs { "by_page", "unbounded" } do
      local op, log = scene(function() return list(1, 3) end, name)
      local ok, err = pcall(ids, op, { limit = 3 })
      assert.is_false(ok)
      assert.equal("protocol page_repeats", err.kind .. " " .. err.code)
      assert.equal(2, #log)
    end
  end)

  it("accepts different pages with equal rows", function()
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
    -- Long pages of the same length that differ only in the middle.
    local fill = ("x"):rep(30000)
    op = scene(function(request)
      local page = tonumber(value(request, "page"))
      return page < 3 and ('["%s",%s,"%s"]'):format(fill, list(page * 1000, page * 1000 + 200), fill) or "[]"
    end, "by_page")
    assert.equal(6, #assert(op:all { limit = 3 }))
  end)

  it("accepts rows of equal length", function()
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

  it("fails with page_repeats if it receives one row endlessly", function()
    for _, name in ipairs { "by_page", "unbounded" } do
      local op, log = scene(function() return '[{"id":1}]' end, name)
      local ok, err = pcall(ids, op, { limit = 1 })
      assert.is_false(ok)
      assert.equal("protocol page_repeats", err.kind .. " " .. err.code)
      assert.is_true(#log <= 20)
    end
  end)

  it("fails with no_rows if the rows are no list, or missing", function()
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

  it("accepts an answer without rows that says that there are none", function()
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

  it("fails with code short if the rows end before the announced total", function()
    local op, log = scene(function(request)
      local offset = tonumber(value(request, "offset"))
      return ('{"items":%s,"total":9}'):format(list(offset + 1, math.min(offset + 2, 5)))
    end, "by_offset")
    local rows, err = op:all { limit = 2 }
    assert.is_nil(rows)
    assert.equal("protocol short", err.kind .. " " .. err.code)
    assert.equal("data.books.by_offset: the rows end after 5 of the 9 that the server announced", err.message)
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
  it("ends a walk with an error before a page that would exceed it", function()
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

  it("limits pages to the rows that it can pay", function()
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

  it("may be named budget, applies beside the client's budget, and the error names the one exceeded", function()
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

  it("refuses calls whose price is unknown", function()
    local op, log = scene(server(100), "unpriced")
    for option, hint in pairs { max_cost = "max_cost", budget = "budget = false" } do
      local _, err = op:all(nil, { [option] = 1000 })
      assert.equal("invalid " .. option, err.kind .. " " .. err.code)
      assert.is_truthy(err.message:find("its price has no known bound", 1, true))
      assert.is_truthy(err.hint:find(hint, 1, true))
    end
    assert.equal(0, #log)
    op = scene(server(4), "unpriced", { budget = 10 })
    assert.equal(4, #assert(op:all(nil, { budget = false })))
  end)
end)

describe("all", function()
  it("returns all rows as one list", function()
    local op = scene(server(7), "by_page")
    local rows, err = op:all { limit = 3 }
    assert.equal(7, #rows)
    assert.is_nil(err)
    assert.equal(7, rows[7].id)
    assert.same({}, (scene(server(0), "by_cursor"):all()))
    assert.equal(4, #assert(scene(server(100), "by_page"):all({ limit = 3 }, { max_rows = 4 })))
  end)

  it("returns nil and the error, which has the rows so far", function()
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
  it("is that of one page, however many pages there are", function()
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
