--- Large answers in event loops: they are decoded in slices, between which other coroutines run. SPDX-License-Identifier: MIT

local core = require "lseranking"
local host = require "seranking.loop.host"
local http = require "spec.support.http"
local json = require "seranking.base.json"
local raw_server = require "spec.support.raw_server"
local wire = require "spec.support.wire"
local found, cqueues = pcall(require, "cqueues")
local uv_found, uv = pcall(require, "luv")

local JSON = { "Content-Type: application/json" }
local ROWS = {}
for i = 1, 20000 do
  ROWS[i] = ('{"id":%d,"name":"row %d of a large answer"}'):format(i, i)
end
local LARGE = "[" .. table.concat(ROWS, ",") .. "]"

after_each(wire.finish)

-- Whether a large answer is being decoded.
local decoding = false

local function watched(f)
  local decode = host.decode
  function host.decode(...)
    decoding = true
    local data, problem, late = decode(...)
    decoding = false
    return data, problem, late
  end
  local fine, problem = pcall(f)
  host.decode, decoding = decode, false
  assert(fine, problem)
end

local function holds_in(run, spawn, sleep)
  -- Runs f beside a coroutine that counts its turns while an answer is decoded, for ten seconds at most.
  local function turns_beside(f)
    local turns, over, deadline = 0, false, core.monotonic() + 10
    watched(function()
      run(function()
        spawn(function()
          while not over and core.monotonic() < deadline do
            turns = turns + (decoding and 1 or 0)
            sleep(0)
          end
        end)
        f()
        over = true
      end)
    end)
    return turns
  end

  it("others run while a call, a request, or the list of each is decoded", function()
    local answer = raw_server.answer("200 OK", JSON, LARGE)
    local client = wire.client(http.answering(answer, answer, answer))
    local data, count = {}, 0
    local turns = {
      turns_beside(function() data[1] = client.system:google_regions() end),
      turns_beside(function() data[2] = client:request { path = "/large" } end),
      turns_beside(function()
        local next_row = client.system.google_regions:each()
        local row = next_row() -- not in a for loop: Lua 5.1 can't suspend its iterator
        while row do
          count = count + 1
          assert(row.id == count)
          row = next_row()
        end
      end),
    }
    local whole = json.decode(LARGE)
    assert.same(whole, data[1])
    assert.same(whole, data[2])
    assert.equal(20000, count)
    for i = 1, 3 do
      assert.is_true(turns[i] >= 5, ("%d: %d turns"):format(i, turns[i]))
    end
  end)

  it("an invalid one has its error, and closing the client does not disturb one that came", function()
    local client = wire.client(http.answering(raw_server.answer("200 OK", JSON, LARGE .. "x"),
      raw_server.answer("200 OK", JSON, LARGE)))
    local err, data
    turns_beside(function() err = select(2, client.system:google_regions()) end)
    assert.equal("decode bad_json", err.kind .. " " .. err.code)
    assert.equal(LARGE:sub(1, 20), err.body:sub(1, 20))
    watched(function()
      run(function()
        spawn(function()
          local deadline = core.monotonic() + 10
          while not decoding and core.monotonic() < deadline do
            sleep(0)
          end
          client:close()
        end)
        data = client.system:google_regions()
      end)
    end)
    assert.equal(20000, #data)
  end)
end

describe("inside cqueues", function()
  if not found then
    return pending "needs cqueues"
  end

  local function run(f)
    local loop = cqueues.new()
    loop:wrap(f)
    assert(loop:loop(20))
    assert.is_true(loop:empty(), "it did not end")
  end

  holds_in(run, function(f) cqueues.running():wrap(f) end, cqueues.sleep)

  it("an answer whose coroutine is given up while it is decoded is freed", function()
    local client = wire.client(http.answering(raw_server.answer("200 OK", JSON, LARGE)))
    collectgarbage()
    local before = collectgarbage "count"
    watched(function()
      local loop = cqueues.new()
      loop:wrap(function() client.system:google_regions() end)
      while not decoding do
        assert(loop:step(10))
      end
      loop:step(0)
    end)
    for _ = 1, 3 do
      collectgarbage()
    end
    assert.is_true(collectgarbage "count" - before < 500)
  end)
end)

describe("inside luv", function()
  if not uv_found then
    return pending "needs luv"
  end

  local function spawn(f)
    assert(coroutine.resume(coroutine.create(f)))
  end

  local function run(f)
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      spawn(f)
    end)
    uv.run()
  end

  holds_in(run, spawn, function()
    local thread, idle = coroutine.running(), uv.new_idle()
    idle:start(function()
      idle:close()
      assert(coroutine.resume(thread))
    end)
    coroutine.yield()
  end)
end)
