--- Same bytes on every Lua, and how much memory a fake takes.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local process = require "spec.support.process"

local NAMES = { "5.1", "5.2", "5.3", "5.4", "jit" }

local function read(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

-- What the walk prints on an interpreter.
local function walk(interpreter, seed)
  return read(("LUA_PATH='lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua' '%s' spec/support/fake_walk.lua %d 2>&1")
    :format(interpreter, seed))
end

describe("the same seed", function()
  it("gives the same bytes on every Lua that is installed", function()
    local first = walk(process.interpreter(), 1)
    assert.is_nil(first:find("stack traceback", 1, true), first)
    assert.is_true(#first > 1e6)
    assert.is_nil(first:find("404", 1, true))
    local compared = 0
    for _, name in ipairs(NAMES) do
      local interpreter = read("sh spec/support/interpreter.sh " .. name):match "%S+"
      if interpreter then
        assert.is_true(first == walk(interpreter, 1), interpreter .. " answers differently")
        compared = compared + 1
      end
    end
    assert.is_true(compared >= 1)
    assert.is_false(first == walk(process.interpreter(), 2))
  end)
end)

describe("a fake with the demo account", function()
  it("stays below 40 MiB over lists of 10,000 rows and 90 days of positions", function()
    collectgarbage()
    collectgarbage()
    local before, most = collectgarbage "count", 0
    local api = fake.new { demo = true, rows = 10000, units = 1e9, limit = 1e9, data_limit = 1e9, today = "2026-11-24" }
    local function get(path, query)
      local answer = api:handle { method = "GET", path = path, query = query,
        headers = { authorization = "Token " .. api.data_token } }
      assert.equal(200, answer.status)
      collectgarbage()
      most = math.max(most, collectgarbage "count" - before)
      return answer
    end
    local rows = get("/v1/backlinks/all", "target=shop.com&mode=domain&limit=10000&output=json")
    assert.equal(10000, select(2, rows.body:gsub('"url_from"', "")))
    get("/v1/keywords/similar", "source=us&keyword=anchor&limit=10000")
    get("/v1/domain/keywords", "source=us&domain=shop.com&limit=1000")
    for id = 147696, 147698 do
      get("/v1/project-management/sites/positions", "site_id=" .. id .. "&date_from=2026-08-01&date_to=2026-11-24")
    end
    assert.is_true(most < 40 * 1024, most .. " KiB")
  end)
end)
