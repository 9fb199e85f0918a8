--- The limit shared on a Redis, as programs see it: clients and a real server.
-- SPDX-License-Identifier: MIT

local posix = require "posix_for_specs"
local process = require "support.process"
local redis = require "support.redis"
local seranking = require "seranking"
local system = require "support.system"
local wire = require "support.wire"

local ECHO = { "request", "echo", { "again" } }
describe("a limit on Redis", function()
  local folder, remove_folder, store

  -- A client whose limit is 3 in 0.2 s.
  local function client(server, options)
    local all = { limiter = { redis = store.address }, rate = { limit = 3, per = 0.2 }, share = "user" }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    return wire.client(server, all)
  end

  before_each(function()
    folder, remove_folder = process.folder()
    if redis.available then
      store = redis.start(folder)
    end
  end)

  after_each(function()
    wire.finish()
    if store then
      store.stop()
    end
    remove_folder()
  end)

  local function on_redis(what, fn)
    if redis.available then
      it(what, fn)
    else
      pending(what .. " (needs hiredis and redis-server)")
    end
  end

  on_redis("never gives the server the key: not in a command, in what it saves, in its log", function()
    local monitor = tonumber(system.output(("redis-cli -s '%s/s' MONITOR >'%s/seen' 2>&1 & echo $!"):format(folder, folder)))
    finally(function() posix.kill(monitor, 9) end)
    -- Waits until the monitor has written a text.
    local function monitored(text)
      local deadline = os.time() + 10
      local seen
      repeat
        assert(os.time() < deadline, "redis-cli MONITOR does not show " .. text)
        seen = system.read(folder .. "/seen")
      until seen:find(text, 1, true)
      return seen
    end
    monitored "OK"
    local one = client(wire.start { ECHO })
    assert(one:request { path = "/a" })
    assert.equal("…" .. wire.KEY:sub(-4), one:limiter().key)
    assert.equal("OK", store.cli "SAVE")
    store.cli "ECHO end-of-test"
    local seen = monitored "end-of-test"
    assert.truthy(seen:find('"EVALSHA"', 1, true))
    for _, text in ipairs { seen, system.read(folder .. "/dump.rdb"), system.read(folder .. "/log") } do
      for from = 1, #wire.KEY - 7 do
        assert.is_nil(text:find(wire.KEY:sub(from, from + 7), 1, true))
      end
    end
  end)

  on_redis("is shared by all clients, and calls wait for it", function()
    local server = wire.start { ECHO, ECHO, ECHO, ECHO }
    local a, b = client(server), client(server)
    for _ = 1, 6 do
      assert(a:request { path = "/a" })
      assert(b:request { path = "/b" })
    end
    assert.equal("1", store.cli "DBSIZE")
    local _, response = assert(a:request { path = "/a" })
    assert.equal(1, response.attempts)
    local view = a:limiter()
    assert.equal("redis", view.scope)
    assert.equal(store.address .. "?db=0", view.server)
    assert.is_nil(view.problem)
    assert.equal("closed", view.circuit.state)
  end)

  on_redis("fails calls with code limiter while the server is down, and nothing is sent", function()
    local server = wire.start { ECHO }
    local one = client(server)
    store.stop()
    local err = wire.failed("network", "limiter", one:request { path = "/a" })
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    assert.matches(store.address .. "?db=0: ", err.message, 1, true)
  end)

  on_redis("with wrong settings ends a wait for a job at the first poll", function()
    local looks = client(wire.start {}, { limiter = { redis = store.address .. "?db=99" }, timeout = 50 })
    local start = os.time()
    local err = wire.failed("network", "limiter", looks.audit.status:wait({ audit_id = 1 }, { timeout = 80 }))
    assert.is_false(err.sent)
    assert.is_true(os.time() - start <= 10)
    assert.are.same({ audit_id = "1" }, { audit_id = tostring(err.job.audit_id) })
  end)

  on_redis("with wrong settings gives errors that are not retryable", function()
    local server = wire.start { ECHO }
    assert(client(server):request { path = "/a" })
    local key = store.cli "KEYS '*'":match "%S+"
    store.cli("DEL " .. key)
    store.cli("SET " .. key .. " 1")
    local function refused(words, options)
      local err = wire.failed("network", "limiter", client(server, options):request { path = "/a" })
      assert.matches(words, err.message, 1, true)
      assert.is_false(err.retryable, words)
      assert.is_false(err.sent)
      assert.matches("mend the address", err.hint, 1, true)
    end
    refused "(WRONGTYPE)"
    refused("DB index", { limiter = { redis = store.address .. "?db=9999" } })
    refused("AUTH", { limiter = { redis = store.address .. "?password=none" } })
    store.cli "CONFIG SET requirepass s3cret"
    refused "(NOAUTH)"
    refused("(WRONGPASS)", { limiter = { redis = store.address .. "?password=wrong" } })
  end)

  on_redis("falls back on the process's own limit if configured to, and reports it", function()
    local server = wire.start { ECHO }
    local events = {}
    local one = client(server, {
      on_limiter_error = "process",
      on_event = function(event) events[#events + 1] = event end,
    })
    store.stop()
    assert(one:request { path = "/a" })
    assert.equal("limiter_fallback", events[1].type)
    assert.matches(store.address .. "?db=0: ", events[1].problem, 1, true)
    store = redis.start(folder)
    local deadline = os.time() + 10
    repeat -- Redis is retried meanwhile
      assert(one:request { path = "/a" })
      assert(os.time() < deadline)
    until store.cli "DBSIZE" == "1"
  end)

  on_redis("falls back in half of a call's time if Redis is silent", function()
    local server = wire.start { ECHO }
    local events = {}
    local one = client(server, {
      on_limiter_error = "process",
      on_event = function(event) events[#events + 1] = event end,
    })
    assert(one:request { path = "/a" })
    events = {}
    posix.kill(store.pid, 19) -- SIGSTOP
    local data, response = one:request { path = "/b", timeout = 1 }
    posix.kill(store.pid, 18) -- SIGCONT
    assert.is_table(data, tostring(response))
    assert.equal("limiter_fallback", events[1].type)
    assert.matches("/s?db=0: no answer within half of the call's time", events[1].problem, 1, true)
  end)

  on_redis("is used by a forked child on its own connection", function()
    local server = wire.start { ECHO, ECHO, ECHO }
    local one = client(server)
    assert(one:request { path = "/a" })
    local pid = posix.fork()
    if pid == 0 then
      local fine = pcall(function() assert(one:request { path = "/child" }) end)
      posix.kill(posix.pid(), fine and 9 or 15) -- not os.exit: busted would end as if it had run
    end
    assert(one:request { path = "/a" })
    assert.same({ "signal", 9 }, { posix.wait(pid) })
    assert(one:request { path = "/a" })
  end)

  it("refuses an invalid address without showing its password", function()
    if not pcall(require, "lseranking_redis") then
      return
    end
    local new, err = seranking.new { token = wire.KEY, limiter = { redis = "redis://:s3cret/x@host" } }
    assert.is_nil(new)
    assert.equal("bad_option", err.code)
    assert.matches("percent-encoded", err.message, 1, true)
    assert.is_nil(tostring(err):find("s3cret", 1, true))
  end)
end)
