--- Finalizers: any order, any number of times, with calls in any state. SPDX-License-Identifier: MIT

local core = require "lseranking"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"

local KEY = scene.V4_KEY

local function new_core(clock)
  return assert(core.client { token = KEY, external = true, clock = clock })
end

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("what can be collected:", function()
  after_each(collect)

  it("first the client, then the call that it ran, ends the call", function()
    local client = new_core(core.clock())
    local call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    assert.is_nil((client:run(call, 1)))
    client = nil -- luacheck: ignore
    collect()
    assert.is_nil((call:result()))
    local err = call:error()
    assert.equal("cancelled", err.kind)
    assert.is_true(err.sent)
  end)

  it("first the call, then the client, frees the call's slot for the next after a window", function()
    local clock = core.clock()
    local client = assert(core.client { token = KEY, external = true, clock = clock, rate_limit = 1 })
    local call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    assert.is_nil((client:run(call, 1)))
    call = nil -- luacheck: ignore
    collect()
    local next_call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    assert.is_nil((client:run(next_call, 10)))
    assert.is_true(clock:now() >= 1.2 and clock:now() < 1.21)
  end)

  it("a clock before the client that uses it stays alive", function()
    local client = new_core(core.clock())
    collect()
    local call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    assert.is_nil((client:run(call, 1)))
    call:answer(200, "", "[]")
    assert.is_true((client:run(call, 1)))
    assert.equal("[]", call:body())
  end)

  it("a clock before another finalizer that asks it for the time", function()
    local message
    local function drop()
      local kept = {}
      local function ask()
        message = select(2, pcall(kept.clock.now, kept.clock))
      end
      if newproxy then -- 5.1 finalizes no tables
        kept.holder = newproxy(true)
        getmetatable(kept.holder).__gc = ask
      else
        kept.holder = setmetatable({}, { __gc = ask })
      end
      kept.clock = core.clock() -- the newest is finalized first
    end
    drop()
    collect()
    assert.equal("the clock is closed", message)
  end)

  it("calls never submitted, and clients never used", function()
    for _ = 1, 200 do
      local client = new_core(nil)
      client:call("POST", "/sites/{site_id}", { "site_id", "1" }, { "a[]", "b" }, "{}", false, { headers = { "X-A: b" } })
    end
    collect()
  end)

  it("a failed preparation leaves nothing", function()
    local client = new_core(nil)
    for _ = 1, 200 do
      local call, problem, name = client:call("GET", "/sites/{site_id}", nil, nil, nil, true, nil)
      assert.is_nil(call)
      assert.equal("missing site_id", problem .. " " .. name)
      assert.is_false(pcall(client.call, client, "GET", "/sites", nil, { "a", {} }, nil, true, nil))
    end
    assert.equal("empty site_id", table.concat({ select(2,
      client:call("GET", "/sites/{site_id}", { "site_id", "" }, nil, nil, true, nil)) }, " "))
  end)
end)

describe("the library", function()
  it("never runs a full collection, which would block an event loop", function()
    assert.equal("", system.output "grep -rn collectgarbage lua")
  end)
end)

describe("a handle", function()
  it("can be closed twice, and says that it is closed when used later", function()
    local client = new_core(nil)
    local call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    client:close()
    client:close()
    assert.is_false(pcall(client.run, client, call, 1))
    assert.is_false(pcall(client.key, client))
    assert.is_false((pcall(call.result, call)))
  end)

  it("of one class is not accepted as another", function()
    local client, clock = new_core(nil), core.clock()
    assert.is_false(pcall(client.key, clock))
    assert.is_false(pcall(client.run, client, clock, 1))
    assert.is_false(pcall(clock.now, client))
    assert.is_false(pcall(client.key, io.stdout))
    assert.is_false(pcall(client.key))
  end)

  it("hides its metatable, so that a finalizer can't be called by hand", function()
    assert.is_false(getmetatable(new_core(nil)))
  end)

  it("of a call in flight is not run by another client", function()
    local clock = core.clock()
    local one, two = new_core(clock), new_core(clock)
    local call = one:call("GET", "/sites", nil, nil, nil, true, nil)
    one:run(call, 1)
    assert.is_false((pcall(two.run, two, call, 1)))
  end)
end)

describe("memory", function()
  it("does not grow over many calls", function()
    local client = scene.new { share = "off", fake = { limit = 1e9 } }
    local function many()
      for _ = 1, 300 do
        client.account:balance()
      end
      client._transport.log = {}
      collect()
      return collectgarbage "count"
    end
    many()
    local before = many()
    local after = many()
    assert.is_true(after < before + 32, ("%.0f KiB grew to %.0f"):format(before, after))
  end)

  it("of a request is freed when it has ended", function()
    local preload = os.getenv "LD_PRELOAD" or ""
    if preload:find "asan" or preload:find "valgrind" then
      return -- there the process keeps freed memory
    end
    local SIZE = 40 * 1024 * 1024 -- malloc takes blocks of this size from the system and returns them
    local function resident()
      for _ = 1, 8 do -- each collection of Lua 5.1 halves its string buffer
        collect()
      end
      local file = assert(io.open "/proc/self/statm")
      local pages = file:read "*a":match "^%d+ (%d+)"
      file:close()
      return 4096 * pages
    end
    -- nobody listens there
    local client = assert(seranking.new { token = KEY, base_url = "http://127.0.0.1:1", retries = 0, share = "off" })
    local data = "a"
    local function upload()
      return client.audit.source_pages:create { audit_id = 1, file = { filename = "a.txt", data = data } }
    end
    local function post()
      return client:request { method = "POST", path = "/x", body = data }
    end
    for name, use in pairs { upload = upload, post = post } do
      assert.equal("network", select(2, use()).kind)
      local before = resident()
      data = ("a"):rep(SIZE)
      use()
      data = "a"
      local grown = resident() - before
      assert.is_true(grown < SIZE / 2, ("%s: %.0f MiB"):format(name, grown / 2 ^ 20))
    end
    client:close()
  end)
end)

describe("a trimmed call", function()
  it("has no data", function()
    local client = new_core(core.clock())
    local call = client:call("GET", "/sites", nil, nil, nil, true, nil)
    assert.is_nil((client:run(call, 1)))
    call:answer(200, "", "[]")
    assert.is_true((client:run(call, 1)))
    assert.is_true(call:trim())
    for _, name in ipairs { "result", "body", "decode" } do
      assert.has_error(function() call[name](call) end, "the call is empty")
    end
    local again = client:call("GET", "/other", nil, nil, nil, true, nil, call)
    assert.is_nil((client:run(again, 1)))
    assert.equal("/other", (select(2, again:outgoing())))
  end)
end)
