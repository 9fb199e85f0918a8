--- The limit shared by processes, its options, and the queue.
-- SPDX-License-Identifier: MIT

local limits = require "support.limits"
local scene = require "support.scene"
local seranking = require "seranking"
local sockets = require "spec.support.wire"
local system = require "support.system"

local shared, another, files, in_child = limits.shared, limits.another, limits.files, limits.in_child

before_each(limits.begin)

after_each(limits.finish)

describe("the limit of a client", function()
  it("is shared by all processes of the user by default", function()
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder })
    local view = client:limiter()
    assert.equal("user", view.scope)
    assert.equal(1, #files())
    assert.equal(limits.folder .. "/" .. files()[1], view.file)
    assert.equal("5 in 1, 5 free, 0 waiting", ("%d in %d, %d free, %d waiting"):format(view.limit, view.per, view.free,
      view.waiting))
    assert.equal("…d14b", view.key)
  end)

  it("creates its file on first use", function()
    assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder })
    assert.same({}, files())
  end)

  it("is kept in a file that only the user can read, named by a hash; the key is nowhere in it", function()
    local client = shared()
    assert(client.sites:list())
    local name = files()[1]
    assert.truthy(name:find "^%x+%-%x+%.limit$")
    local path = limits.folder .. "/" .. name
    assert.equal("600 4096\n", system.output(("stat -c '%%a %%s' '%s'"):format(path)))
    local content = system.read(path)
    for i = 1, #scene.V4_KEY - 7 do
      assert.is_nil(content:find(scene.V4_KEY:sub(i, i + 7), 1, true))
    end
    assert.truthy(content:find("…d14b", 1, true))
  end)

  it("holds for two processes together", function()
    local client, api, clock = shared { rate = { limit = 2 } }
    assert(client.sites:list())
    assert.is_true(in_child(function()
      assert(client.sites:list())
      assert(client:limiter().busy == 2)
    end))
    assert.equal(2, client:limiter().busy)
    assert.equal(0, clock:now())
    assert(client.sites:list()) -- waits for the first slot
    assert.is_true(clock:now() >= 1 and clock:now() < 1.01, clock:now())
    assert.equal(2, #api.log) -- the child's fake is the child's
  end)

  it("is the process's own with share = \"process\", and absent with \"off\"", function()
    local client = shared { share = "process" }
    assert(client.sites:list())
    assert.equal("process", client:limiter().scope)
    local off = shared { share = "off" }
    assert(off.sites:list())
    assert.equal("off", off:limiter().scope)
    assert.same({}, files())
  end)

  it("is the process's own with a transport or a clock, unless a directory is given", function()
    local client = scene.new()
    assert(client.sites:list())
    assert.equal("process", client:limiter().scope)
  end)

  it("fails calls if the given directory can't be used: nothing is sent", function()
    local client, api = shared { state_dir = "/proc/seranking" }
    local none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("network limiter 0", ("%s %s %d"):format(err.kind, err.code, err.attempts))
    assert.truthy(err.message:find("/proc/seranking", 1, true), err.message)
    assert.is_false(err.sent)
    assert.equal(0, #api.log)
    assert.truthy(client:limiter().problem:find("/proc/seranking", 1, true))
  end)

  it("falls back to the process's own slots if configured to, and says why", function()
    local events = {}
    local client = shared { state_dir = "/proc/seranking", on_limiter_error = "process",
      on_event = function(event) events[#events + 1] = event end }
    assert(client.sites:list())
    assert(client.sites:list())
    assert.equal(1, #events)
    assert.equal("limiter_fallback", events[1].type)
    assert.truthy(events[1].problem:find("/proc/seranking", 1, true))
    local view = client:limiter()
    assert.equal("process", view.scope)
    assert.equal(events[1].problem, view.problem)
    assert.equal(2, view.busy)
  end)

  it("falls back to the process's own slots if others could write to the directory", function()
    assert(os.execute("chmod 777 '" .. limits.folder .. "'"))
    local client = shared { on_limiter_error = "process" }
    assert(client.sites:list())
    assert.truthy(client:limiter().problem:find "others can write to it: chmod go%-w")
    assert.same({}, files())
  end)

  it("keeps its slots in a new file when its file is removed", function()
    local client, _, clock = shared { rate = { limit = 3, per = 60 } }
    assert(client.sites:list())
    assert(os.remove(limits.folder .. "/" .. files()[1]))
    clock:advance(2)
    assert.equal(1, client:limiter().busy)
    assert.equal(1, #files())
  end)

  it("is separate for each key and address", function()
    local client = shared()
    assert(client.sites:list())
    local other = shared { token = ("0"):rep(40) }
    other.sites:list()
    assert.equal(1, other:limiter().busy)
    assert.equal(2, #files())
  end)
end)

describe("priority = \"low\"", function()
  it("leaves the last slot to others", function()
    local client, _, clock = shared { rate = { limit = 2 } }
    assert(client.sites:list(nil, { priority = "low" }))
    assert(client.sites:list(nil, { priority = "low" }))
    assert.is_true(clock:now() >= 1)
    assert(client.sites:list())
    assert.is_true(clock:now() < 1.01)
    assert.equal(2, client:limiter().busy)
  end)

  it("uses the only slot of a limit of one", function()
    local client = shared { rate = { limit = 1 }, priority = "low" }
    assert(client.sites:list())
  end)
end)

describe("pacing", function()
  local function time_of(pacing)
    local client, api, clock = shared { rate = { limit = 1 }, pacing = pacing, share = "process" }
    api:fail { times = 10, delay = 0.5, status = 404 }
    for _ = 1, 4 do
      client.sites:list()
    end
    return clock:now()
  end

  it("frees a slot a window after the answer", function()
    assert.equal(3 * 1.5 + 0.5, time_of())
  end)

  it("frees it a window after the sending with \"send_time\"", function()
    assert.equal(3 * 1 + 0.5, time_of "send_time")
  end)
end)

describe("a 429", function()
  it("holds other calls for a window at least", function()
    local client, api, clock = shared { retries = 0 }
    local other = another(api, clock)
    api:fail { status = 429 }
    assert.equal("rate_limit", select(2, client.sites:list()).kind)
    assert.equal(1, other:limiter().held_for)
    assert(other.sites:list())
    assert.is_true(clock:now() >= 1)
  end)

  it("holds them for its Retry-After", function()
    local client, api, clock = shared { retries = 0 }
    local other = another(api, clock)
    api:fail { status = 429, headers = { { "Retry-After", "30" } } }
    client.sites:list()
    assert(other.sites:list())
    assert.is_true(clock:now() >= 30)
  end)
end)

describe("the queue", function()
  it("is bounded by max_queue: a call beyond it fails at once", function()
    local client = shared { rate = { limit = 1 }, max_queue = 3 }
    local results, problems = client:map({ 1, 2, 3, 4, 5, 6 }, function()
      return client.sites:list()
    end, { concurrency = 6 })
    assert.truthy(results)
    assert.truthy(problems)
    local full = 0
    for _, err in pairs(problems) do
      full = full + (err.code == "queue_full" and 1 or 0)
      assert.is_true(err.retryable)
      assert.is_false(err.sent)
    end
    assert.is_true(full >= 2)
  end)
end)

describe("pacing by the time of sending", function()
  after_each(sockets.finish)

  -- libcurl before 7.80 does not report the sending: the lease of such a slot would last a minute.
  it("frees each slot, whether or not libcurl reports the sending", function()
    local client = sockets.client(sockets.start {}, {
      share = "process", pacing = "send_time", rate = { limit = 2, per = 0.05 },
    })
    for _ = 1, 5 do
      sockets.works(client)
    end
  end)
end)

describe("options of the limiter", function()
  it("are refused with the accepted values", function()
    for option, wrong in pairs {
      share = { "machine", 'share must be "user" or "process" or "off"' },
      state_dir = { "state", "state_dir must be the absolute path of a directory" },
      limiter = { { host = "x" }, 'limiter must be a table { redis = "redis://host:6379" }' },
      on_limiter_error = { "wait", 'on_limiter_error must be "fail" or "process"' },
      pacing = { "fast", 'pacing must be "answer" or "send_time"' },
      priority = { 1, 'priority must be "normal" or "low"' },
      max_queue = { 0, "max_queue must be a whole number from 1 to 1000000" },
      on_block = { true, 'on_block must be "fail" or "wait"' },
      on_event = { "print", "on_event must be a function" },
    } do
      local fine, problem = pcall(seranking.new, { token = scene.V4_KEY, [option] = wrong[1] })
      assert.is_false(fine)
      assert.truthy(problem:find(wrong[2], 1, true), problem)
    end
  end)
end)

describe("a look at the limiter while a map runs", function()
  it("shows how many calls of this client wait for a slot", function()
    local wire = require "spec.support.wire"
    finally(wire.finish)
    local server = wire.start({ { "request", { "await", 2 }, "echo", "request", "echo", { "again", 4 } } },
      { otherwise = { "request", "echo", "again" } })
    local limit = { share = "process", rate = { limit = 1, per = 0.01 } }
    local client, same_limit, unlimited = wire.client(server, limit), wire.client(server, limit), wire.client(server)
    local seen
    local _, errors = client:map({ client, client, client, client, "look" }, function(item)
      if item == "look" then
        seen = { client:limiter().waiting, same_limit:limiter().waiting, client:limiter().busy }
        item = unlimited -- lets the server answer the first
      end
      return item:request { path = "/" }
    end)
    assert.is_nil(errors)
    assert.are.same({ 3, 0, 1 }, seen)
    assert.are.equal(0, client:limiter().waiting)
  end)
end)
