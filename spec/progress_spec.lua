--- on_progress of each, all and map.
-- SPDX-License-Identifier: MIT

local books = require "support.books"
local lists = require "support.lists"
local scene = require "support.scene"
local script = require "support.script"
local links = require "support.links"

local value, list = books.value, books.list

-- A function for on_progress, and the list of what it is told.
local function told()
  local log = {}
  return function(done, total, credits)
    log[#log + 1] = ("%s of %s for %s"):format(tostring(done), tostring(total), tostring(credits))
  end, log
end

-- Pages of three rows of ten, with their number.
local function counted(request)
  local first = 3 * tonumber(value(request, "page")) - 2
  return ('{"items":%s,"total":10}'):format(list(first, math.min(first + 2, 10)))
end

describe("on_progress of a walk", function()
  it("is told of each page, with the total where the server tells it", function()
    local op = books.scene(counted, "counted_pages")
    local hook, log = told()
    assert.equal(10, #assert(op:all(nil, { on_progress = hook })))
    assert.same({ "3 of 10 for 0", "6 of 10 for 0", "9 of 10 for 0", "10 of 10 for 0" }, log)
  end)

  it("counts no more rows than max_rows lets through", function()
    local op = books.scene(counted, "counted_pages")
    local hook, log = told()
    assert.equal(4, #assert(op:all(nil, { on_progress = hook, max_rows = 4 })))
    assert.same({ "3 of 4 for 0", "4 of 4 for 0" }, log)
  end)

  it("knows no total where nobody tells it", function()
    local op = books.scene(books.server(7), "by_page")
    local hook, log = told()
    local count = 0
    for _ in op:each({ author = "x", limit = 3 }, { on_progress = hook }) do
      count = count + 1
    end
    assert.equal(7, count)
    assert.same({ "3 of nil for 100", "6 of nil for 200", "7 of nil for 300" }, log)
  end)

  it("begins at 0 again after a resume", function()
    local op = books.scene(counted, "counted_pages")
    local _, _, token = op:all(nil, { max_rows = 4 })
    local hook, log = told()
    assert.equal(6, #assert(op:all(nil, { resume = token, on_progress = hook })))
    assert.same({ "2 of nil for 0", "5 of nil for 0", "6 of nil for 0", "6 of nil for 0" }, log) -- the last page is empty
  end)

  it("is told the credits so far", function()
    local hook, log = told()
    local op = links.op(script.new(links.constant '[{"id":1},{"id":2}]'), "plain") -- 3 credits a row
    assert.equal(2, #assert(op:all(nil, { on_progress = hook })))
    assert.same({ "2 of nil for 6" }, log)
  end)

  it("ends the walk if it raises: after the rows of the page, with the place of the next", function()
    for _, what in ipairs { "stop", { a = 1 } } do
      local op, requests = books.scene(counted, "counted_pages")
      local pages = 0
      local rows, err = op:all(nil, { on_progress = function()
        pages = pages + 1
        if pages == 2 then
          error(what, 0)
        end
      end })
      assert.is_nil(rows)
      assert.equal("cancelled on_progress", err.kind .. " " .. err.code)
      assert.equal(what, err.raised)
      assert.equal(6, #err.rows)
      assert.equal(2, #requests)
      assert.equal(4, #assert(op:all(nil, { resume = err.resume })))
    end
  end)

  it("does not hide that it raised at the last page, or after the last row wanted", function()
    local function stop() error("stop", 0) end
    local op = books.scene(counted, "counted_pages")
    local _, err = op:all(nil, { max_rows = 2, on_progress = stop })
    assert.equal("on_progress", err.code)
    assert.equal(2, #err.rows)
    local rest = assert(op:all(nil, { resume = err.resume }))
    assert.equal(8, #rest)
    op = books.scene(books.server(2), "by_page")
    _, err = op:all({ author = "x", limit = 3 }, { on_progress = stop })
    assert.equal("on_progress", err.code)
    assert.equal(2, #err.rows)
  end)

  it("must be a function", function()
    local op = books.scene(counted, "counted_pages")
    assert.truthy(script.misuse_of(function() op:each(nil, { on_progress = 1 }) end)
      :find("option on_progress must be a function, got 1", 1, true))
  end)
end)

describe("on_progress of map", function()
  it("is told of each item that has ended, in whatever way", function()
    local client = scene.new()
    local hook, log = told()
    local _, errors = client:map(lists.numbers(3), function(item)
      if item == 2 then
        return nil, "no"
      end
      return item
    end, { on_progress = hook, concurrency = 1 })
    assert.equal(1, errors.count)
    assert.same({ "1 of 3 for 0", "2 of 3 for 0", "3 of 3 for 0" }, log)
  end)

  it("is told the credits that the client and its products have spent meanwhile", function()
    local client = scene.new { data_token = scene.V1_KEY }
    assert(client.data.backlinks:summary { target = "a.example" })
    local price = client.data:spent().credits -- of one
    local hook, log = told()
    client:map({ "b.example", "c.example" }, function(target)
      return client.data.backlinks:summary { target = target }
    end, { on_progress = hook, concurrency = 1 })
    assert.is_true(price > 0)
    assert.same({ "1 of 2 for " .. price, "2 of 2 for " .. 2 * price }, log)
  end)

  it("ends the map with what it raises, after the items in flight", function()
    local client = scene.slow(1)
    local begun = 0
    local what = { "stop" }
    local ok, raised = pcall(client.map, client, lists.numbers(10), function()
      begun = begun + 1
      return client.sites:list()
    end, { concurrency = 2, on_progress = function() error(what) end })
    assert.is_false(ok)
    assert.equal(what, raised)
    assert.is_true(begun < 10)
  end)
end)
