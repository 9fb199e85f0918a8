--- Large lists without pages that each reads row by row: lua/seranking/walk/rows.lua. SPDX-License-Identifier: MIT

local books = require "support.books"
local script = require "support.script"

local raised = script.raised

-- A list of books, larger than what is decoded at once.
local function list(count)
  local rows = {}
  for i = 1, count do
    rows[i] = ('{"id":%d,"title":"A book of many, number %d","rare":null,"tags":["a",%d]}'):format(i, i, i)
  end
  return "[" .. table.concat(rows, ",") .. "]"
end

local LIST = list(5000)

-- Calls f, and counts the lists that were read row by row meanwhile.
local function counted(f)
  local count, is_rows = 0, require("seranking.walk.rows").is
  require("seranking.walk.rows").is = function(value)
    count = count + (is_rows(value) and 1 or 0)
    return is_rows(value)
  end
  local fine, problem = pcall(f)
  require("seranking.walk.rows").is = is_rows
  assert(fine, problem)
  return count
end

describe("each over a large list without pages", function()
  it("delivers what all delivers, with its response", function()
    for name, text in pairs { whole = LIST, wrapped = '{"rows":' .. LIST .. ',"total":5000}' } do
      local op, log = books.scene(function() return text end, name)
      local expected, got = assert(op:all()), {}
      local used = counted(function()
        for row, response in op:each() do
          assert.equal(200, response.status)
          got[#got + 1] = row
        end
      end)
      assert.is_true(used > 0)
      assert.same(expected, got)
      assert.equal(5000, #got)
      assert.equal(2, #log)
    end
  end)

  it("reads small lists, and lists whose price is counted by rows, as a whole", function()
    local used = counted(function()
      local op = books.scene(function() return list(5) end, "whole")
      assert.equal("1 2 3 4 5", books.ids(op))
      op = books.scene(function() return '{"items":' .. LIST .. "}" end, "one_page")
      assert.equal(5000, select(2, books.ids(op, nil, { max_rows = 5000 }):gsub("%d+", "")))
    end)
    assert.equal(0, used)
  end)

  it("delivers no row of an answer that is invalid at its end", function()
    for _, text in ipairs { LIST:sub(1, -2), LIST .. "x", LIST:sub(1, -3) .. ",]" } do
      local op = books.scene(function() return text end, "whole", { retries = 0 })
      local seen = 0
      local err = raised(function()
        for _ in op:each() do
          seen = seen + 1
        end
      end)
      assert.equal("decode bad_json", err.kind .. " " .. err.code)
      assert.matches("at byte %d+", err.message)
      assert.equal(LIST:sub(1, 20), err.body:sub(1, 20))
      assert.equal(0, seen)
    end
  end)

  it("stops after max_rows, and goes on where it stopped", function()
    local op, log = books.scene(function() return LIST end, "whole")
    local next_row, walk = op:each(nil, { max_rows = 3 })
    assert.same({ 1, 2, 3 }, { next_row().id, next_row().id, next_row().id })
    assert.is_nil(next_row())
    local ids = {}
    for row in op:each(nil, { resume = walk.resume, max_rows = 2 }) do
      ids[#ids + 1] = row.id
    end
    assert.same({ 4, 5 }, ids)
    local rest = 0
    for row in op:each(nil, { resume = walk.resume }) do
      rest = rest + 1
      assert.equal(3 + rest, row.id)
    end
    assert.equal(4997, rest)
    assert.equal(3, #log)
  end)

  it("converts numbers that are sent as text, as a call does", function()
    local rows = {}
    for i = 1, 5000 do
      rows[i] = ('{"id":"%d","name":"Region %d of a long list","nested":{"id":"7"}}'):format(i, i)
    end
    local client = script.new(function() return "[" .. table.concat(rows, ",") .. "]" end)
    local op, got = client.system.volume_regions, {}
    local used = counted(function()
      for row in op:each() do
        got[#got + 1] = row
      end
    end)
    assert.is_true(used > 0)
    assert.equal(17, got[17].id)
    assert.same(op(), got)
  end)

  it("reads an answer in an envelope, and one that is no list, as a call does", function()
    local client = script.new(function() return '{"data":' .. LIST .. "}" end)
    local err = raised(function() client.system.google_regions:each()() end)
    local _, same = client.system:google_regions()
    assert.same({ same.kind, same.code, same.message, same.body }, { err.kind, err.code, err.message, err.body })
    local op = books.scene(function() return '{"rows":{"a":' .. LIST .. "}}" end, "wrapped")
    assert.equal("no_rows", raised(function() op:each()() end).code)
    op = books.scene(function() return '{"rows":[' .. (" "):rep(200000) .. "]}" end, "wrapped")
    assert.is_nil(op:each()())
  end)

  it("keeps no text after max_rows, though its state is kept", function()
    local text = list(40000)
    local op = books.scene(function() return text end, "whole")
    collectgarbage()
    local before, states = collectgarbage "count", {}
    for i = 1, 5 do
      local next_row, state = op:each(nil, { max_rows = 2 })
      repeat until not next_row()
      states[i] = { next_row, state }
    end
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < #text / 1024)
    for _, kept in ipairs(states) do
      assert.equal(3, op:each(nil, { resume = kept[2].resume })().id)
    end
  end)

  it("takes the memory of the text and one row", function()
    local text = list(40000)
    local op = books.scene(function() return text end, "whole")
    collectgarbage()
    local before, most, count = collectgarbage "count", 0, 0
    for _ in op:each() do
      count = count + 1
      if count % 4000 == 1 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.equal(40000, count)
    assert.is_true(most < #text / 1024 + 300, ("%.0f KiB of Lua for a text of %.0f"):format(most, #text / 1024))
  end)
end)
