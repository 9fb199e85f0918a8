--- The collector while JSON is decoded: src/lua/lseranking_json.c. SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"

describe("the decoder and the collector", function()
  local count = collectgarbage
  -- 5.1 cannot say whether its collector runs, so it is left alone there.
  local tells = pcall(count, "isrunning")

  local kept = {} -- or LuaJIT would not make what is not used

  local rows = "[" .. ('{"id":1,"name":"a row","list":[1,2,3]},'):rep(20000) .. "{}]"

  -- A table that counts the collector's cycles.
  local function count_cycles()
    local counter = { cycles = 0 }
    local function arm()
      local sentinel = newproxy and newproxy(true) or setmetatable({}, {}) ---@diagnostic disable-line: undefined-global
      getmetatable(sentinel).__gc = function()
        counter.cycles = counter.cycles + 1
        if not counter.ended then
          arm()
        end
      end
      if not newproxy then ---@diagnostic disable-line: undefined-global
        setmetatable(sentinel, getmetatable(sentinel)) -- Lua marks it for finalization if __gc is there by now
      end
    end
    arm()
    return counter
  end

  it("holds it while the tables of a large text are made", function()
    count "collect"
    count "collect"
    local counter = count_cycles()
    local value = json.decode(rows)
    local cycles = counter.cycles
    counter.ended = true
    assert.equal(20001, #value)
    if tells then
      assert.equal(0, cycles)
      assert.is_true(count "isrunning")
    end
  end)

  it("leaves it stopped if it was", function()
    count "stop"
    local before = count "count"
    local value = json.decode(rows)
    local between = count "count"
    for i = 1, 20000 do
      kept[i % 10] = { {} }
    end
    local grown = count "count" - between
    count "restart"
    assert.equal(20001, #value)
    assert.is_true(between > before)
    assert.is_true(grown > 1000, ("it has run: %.0f KiB, %d tables"):format(grown, #kept))
  end)

  it("lets it run again after an error", function()
    count "collect"
    count "collect"
    assert.is_nil((json.decode(rows:sub(1, -2))))
    assert.is_nil((core.decode(rows, false, 0)))
    if tells then
      assert.is_true(count "isrunning")
    end
    local counter = count_cycles()
    for i = 1, 1000000 do
      kept[i % 10] = { {} }
      if counter.cycles > 0 then
        break
      end
    end
    counter.ended = true
    assert.is_true(counter.cycles > 0)
  end)

  it("does not hold it again before it has collected", function()
    count "collect"
    count "collect"
    local before, most = count "count", 0
    local value = json.decode(rows)
    local usual = 2 * count "count" -- where a cycle begins by itself
    local one = usual / 2 - before
    for _ = 1, math.ceil(usual / one) + 20 do
      value = json.decode(rows)
      most = math.max(most, count "count")
    end
    assert.equal(20001, #value)
    assert.is_true(most < usual + 10 * one, ("%.0f KiB of %.0f, where one value has %.0f"):format(most, usual, one))
  end)
end)
