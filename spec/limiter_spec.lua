--- The limit shared by processes, the circuit for a ban, and what a program sees of both. SPDX-License-Identifier: MIT

local core = require "lseranking"
local posix = require "posix_for_specs"
local process = require "support.process"
local scene = require "support.scene"
local seranking = require "seranking"
local watch = require "support.watch"
local sockets = require "spec.support.wire"

local remove_folder, folder

before_each(function()
  folder, remove_folder = process.folder()
end)

after_each(function()
  remove_folder()
  collectgarbage()
  collectgarbage()
end)

-- A client on the fake whose limit lies in this test's folder: what another process with the same key would share.
local function shared(given)
  local options = { state_dir = folder, share = "user" }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return scene.new(options)
end

-- A second client as another process would have it: on the same clock and wire.
local function another(api, clock, given)
  local options = { transport = api, clock = clock }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return (shared(options))
end

local function files()
  local pipe = assert(io.popen("ls -1A '" .. folder .. "'"))
  local names = {}
  for name in pipe:lines() do
    names[#names + 1] = name
  end
  pipe:close()
  return names
end

-- What a function does in a child process; true when it returned.
local function in_child(fn)
  local pid = posix.fork()
  if pid == 0 then
    local fine, problem = pcall(fn)
    if not fine then
      io.stderr:write(tostring(problem), "\n")
    end
    posix.kill(posix.pid(), fine and 9 or 15) -- not by os.exit: busted would end as if it had run
  end
  local how, signal = posix.wait(pid)
  return how == "signal" and signal == 9
end

describe("the limit of a client", function()
  it("is shared by all processes of the user when nothing is said", function()
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = folder })
    local view = client:limiter()
    assert.equal("user", view.scope)
    assert.equal(1, #files())
    assert.equal(folder .. "/" .. files()[1], view.file)
    assert.equal("5 in 1, 5 free, 0 waiting", ("%d in %d, %d free, %d waiting"):format(view.limit, view.per, view.free,
      view.waiting))
    assert.equal("…d14b", view.key)
  end)

  it("makes no file before it is needed", function()
    assert(seranking.new { token = scene.V4_KEY, state_dir = folder })
    assert.same({}, files())
  end)

  it("is kept in a file that only the user can read, named by a hash; the key is nowhere in it", function()
    local client = shared()
    assert(client.sites:list())
    local name = files()[1]
    assert.truthy(name:find "^%x+%-%x+%.limit$")
    local pipe = assert(io.popen(("stat -c '%%a %%s' '%s/%s'"):format(folder, name)))
    assert.equal("600 4096", pipe:read "*l")
    pipe:close()
    local file = assert(io.open(folder .. "/" .. name, "rb"))
    local content = file:read "*a"
    file:close()
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

  it("is this process's own with share = \"process\", and none with \"off\"", function()
    local client = shared { share = "process" }
    assert(client.sites:list())
    assert.equal("process", client:limiter().scope)
    local off = shared { share = "off" }
    assert(off.sites:list())
    assert.equal("off", off:limiter().scope)
    assert.same({}, files())
  end)

  it("is the process's own on a transport or a clock of a test, unless a directory is given", function()
    local client = scene.new()
    assert(client.sites:list())
    assert.equal("process", client:limiter().scope)
  end)

  it("fails where the directory that was named can't be used: nothing is sent", function()
    local client, api = shared { state_dir = "/proc/seranking" }
    local none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("network limiter 0", ("%s %s %d"):format(err.kind, err.code, err.attempts))
    assert.truthy(err.message:find("/proc/seranking", 1, true), err.message)
    assert.is_false(err.sent)
    assert.equal(0, #api.log)
    assert.truthy(client:limiter().problem:find("/proc/seranking", 1, true))
  end)

  it("falls back to the process where that is asked for, and says why", function()
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

  it("does so when others could write to the directory", function()
    assert(os.execute("chmod 777 '" .. folder .. "'"))
    local client = shared { on_limiter_error = "process" }
    assert(client.sites:list())
    assert.truthy(client:limiter().problem:find "others can write to it: chmod go%-w")
    assert.same({}, files())
  end)

  it("goes on with its slots when the file is removed, in a new one", function()
    local client, _, clock = shared { rate = { limit = 3, per = 60 } }
    assert(client.sites:list())
    assert(os.remove(folder .. "/" .. files()[1]))
    clock:advance(2)
    assert.equal(1, client:limiter().busy)
    assert.equal(1, #files())
  end)

  it("is told apart by key and address", function()
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

  it("uses the only slot where there is one", function()
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

  it("counts a slot's time from the answer", function()
    assert.equal(3 * 1.5 + 0.5, time_of())
  end)

  it("counts it from the sending with \"send_time\"", function()
    assert.equal(3 * 1 + 0.5, time_of "send_time")
  end)
end)

describe("a 429", function()
  it("stops the others for a window at least", function()
    local client, api, clock = shared { retries = 0 }
    local other = another(api, clock)
    api:fail { status = 429 }
    assert.equal("rate_limit", select(2, client.sites:list()).kind)
    assert.equal(1, other:limiter().held_for)
    assert(other.sites:list())
    assert.is_true(clock:now() >= 1)
  end)

  it("stops them for as long as its Retry-After says", function()
    local client, api, clock = shared { retries = 0 }
    local other = another(api, clock)
    api:fail { status = 429, headers = { { "Retry-After", "30" } } }
    client.sites:list()
    assert(other.sites:list())
    assert.is_true(clock:now() >= 30)
  end)
end)

describe("the circuit", function()
  local function block(given)
    local client, api, clock = shared(given)
    api:fail { status = 429, times = 3 }
    local none, err = client.sites:list()
    assert.is_nil(none)
    return client, api, clock, err
  end

  it("opens with the third 429 in a row: the call says so, and nobody sends for ten minutes", function()
    local client, api, clock, err = block()
    assert.equal("blocked too_many_requests 429", err.kind .. " " .. err.code .. " " .. err.status)
    assert.equal(600, err.retry_after)
    assert.equal(3, err.attempts)
    assert.truthy(err.hint:find "retry_after")
    local other = another(api, clock)
    local sent = #api.log
    clock:advance(599.9)
    for _, one in ipairs { client, other } do
      local none, problem = one.sites:list()
      assert.is_nil(none)
      assert.equal("blocked", problem.kind)
      assert.equal(0, problem.attempts)
      assert.is_false(problem.sent)
      assert.is_true(math.abs(problem.retry_after - 0.1) < 0.002, problem.retry_after)
    end
    assert.equal(sent, #api.log)
    assert.equal("open", other:limiter().circuit.state)
  end)

  it("lets exactly one request through when the ban is over, and all when that one has got through", function()
    local client, api, clock = block()
    local start = clock:now()
    clock:advance(600.1)
    assert.equal("half-open", client:limiter().circuit.state)
    local others, kinds, first = { another(api, clock), another(api, clock) }, {}, #api.log
    local probing
    local trying = another({
      handle = function(_, request) -- while it is under way, the others and its own siblings are told to come back
        probing = client:limiter().circuit.probing
        for i, other in ipairs(others) do
          kinds[i] = select(2, other.sites:list()).kind
        end
        return api:handle(request)
      end,
    }, clock)
    local results, problems = trying:map({ 1, 2, 3 }, function()
      local sites, err = trying.sites:list()
      return sites and "got through", err
    end)
    assert.is_true(probing)
    assert.same({ "blocked", "blocked" }, kinds)
    assert.same({ "got through" }, { results[1], results[2], results[3] })
    assert.equal(2, problems.count)
    assert.equal(first + 1, #api.log)
    assert.equal("closed", client:limiter().circuit.state)
    for _, one in ipairs(others) do
      assert(one.sites:list())
    end
    assert.is_true(clock:now() - start > 600)
  end)

  it("opens for twice as long when the request that tries gets a 429 again", function()
    local client, api, clock = block()
    for _, minutes in ipairs { 20, 40, 80 } do
      clock:advance(client:limiter().circuit.retry_after + 0.1)
      api:fail { status = 429 }
      local sent = #api.log
      local _, err = client.sites:list()
      assert.equal("blocked", err.kind)
      assert.equal(minutes * 60, err.retry_after)
      assert.equal(sent + 1, #api.log)
    end
  end)

  it("forgets a level after an hour of peace", function()
    local client, api, clock = block()
    clock:advance(600.1)
    assert(client.sites:list())
    assert.equal(1, client:limiter().circuit.level)
    clock:advance(3601)
    assert.equal(0, client:limiter().circuit.level)
    api:fail { status = 429, times = 3 }
    assert.equal(600, select(2, client.sites:list()).retry_after)
  end)

  it("does not open when a success lies between", function()
    local client, api = shared { retries = 0 }
    for _ = 1, 4 do
      api:fail { status = 429, times = 2 }
      client.sites:list()
      client.sites:list()
      assert(client.sites:list())
    end
    assert.equal("closed", client:limiter().circuit.state)
  end)

  it("opens when the key is refused twice in a row, and another key is not concerned", function()
    local client, api, clock = shared { token = ("f"):rep(40), fake = { tokens = { [scene.V4_KEY] = true } } }
    assert.equal("auth incorrect_token", (function(_, err) return err.kind .. " " .. err.code end)(client.sites:list()))
    assert.equal("auth", select(2, client.sites:list()).kind)
    local _, err = client.sites:list()
    assert.equal("blocked bad_key", err.kind .. " " .. err.code)
    assert.equal(0, err.attempts)
    assert.truthy(err.hint:find "reset")
    assert.equal(2, #api.log)
    assert(another(api, clock, { token = scene.V4_KEY }).sites:list())
  end)

  it("is ended by client:limiter():reset(), for everybody", function()
    local client, api, clock = block()
    local other = another(api, clock)
    client:limiter():reset()
    assert.equal("closed", other:limiter().circuit.state)
    assert(other.sites:list())
  end)

  it("outlives the process that opened it", function()
    local client, api, clock = shared()
    assert.is_true(in_child(function()
      api:fail { status = 429, times = 3 }
      assert(not client.sites:list())
    end))
    clock:advance(3)
    assert.equal("blocked", select(2, another(api, clock).sites:list()).kind)
  end)

  it("is waited out with on_block = \"wait\", within the deadline", function()
    local client, api, clock = block()
    local waiting = another(api, clock, { on_block = "wait", timeout = 700 })
    assert(waiting.sites:list())
    assert.is_true(clock:now() >= 600 and clock:now() < 610, clock:now())
    api:fail { status = 429, times = 3 }
    client.sites:list()
    local _, err = client.sites:list(nil, { on_block = "wait", timeout = 100 })
    assert.equal("blocked", err.kind)
  end)

  it("does not open for 5xx answers, refused connections and time-outs", function()
    local client, api = shared { retries = 0, attempt_timeout = 1 }
    for _, failure in ipairs { { status = 503 }, { fault = "refuse" }, { fault = "hang" } } do
      failure.times = 5
      api:fail(failure)
      for _ = 1, 5 do
        client.sites:list()
      end
    end
    assert.equal("closed", client:limiter().circuit.state)
    assert(client.sites:list())
  end)
end)

describe("the queue", function()
  it("is bounded by max_queue: a call too many fails at once", function()
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

describe("on_event", function()
  local function told(given)
    local events = {}
    given.on_event = function(event) events[#events + 1] = event end
    local client, api, clock = shared(given)
    return events, client, api, clock
  end

  it("is told how long a call has waited", function()
    local events, client = told { rate = { limit = 1 }, share = "process" }
    assert(client.sites:list())
    assert(client.sites:list())
    assert.equal(1, #events)
    assert.equal("wait 1 GET https://api4.seranking.com/sites …d14b", ("%s %g %s %s %s"):format(events[1].type,
      events[1].seconds, events[1].method, events[1].url, events[1].key))
  end)

  it("is told of retries, with what caused them", function()
    local events, client, api = told {}
    api:fail { status = 503, headers = { { "Retry-After", "7" } } }
    assert(client.sites:list())
    assert.equal("retry 7 1 503 unavailable", ("%s %g %d %d %s"):format(events[1].type, events[1].seconds,
      events[1].attempt, events[1].status, events[1].code))
  end)

  it("is told of 429s, the ban and its end", function()
    local events, client, api, clock = told { share = "process" }
    api:fail { status = 429, times = 3 }
    client.sites:list()
    client.sites:list()
    clock:advance(601)
    assert(client.sites:list())
    local types = {}
    for i, event in ipairs(events) do
      types[i] = event.type .. " " .. math.floor(event.seconds + 0.5)
    end
    assert.same({ "rate_limited 1", "retry 1", "rate_limited 1", "retry 1", "rate_limited 1", "blocked 600", "blocked 600",
      "unblocked 0" }, types)
  end)

  it("breaks no call by an error, which the limiter shows", function()
    local client, api = shared { on_event = function() error("the hook's own", 0) end }
    api:fail { status = 503 }
    assert(client.sites:list())
    assert.equal("the hook's own", client:limiter().hook_error)
  end)

  it("shows no key that a hook has raised", function()
    for _, key in ipairs { scene.V4_KEY, "an-odd+key-4711" } do
      local client, api = scene.new { token = key, on_event = function() error("it was " .. key, 0) end }
      api:fail { status = 503 }
      client.sites:list()
      assert.equal("it was " .. client:limiter().key, client:limiter().hook_error)
    end
  end)

  it("never gets the key", function()
    local events, client, api = told { auth = "query", retries = 0 }
    api:fail { status = 429, times = 3 }
    for _ = 1, 4 do
      client.sites:list()
    end
    assert.is_true(#events > 3)
    watch.look(events, "events")
    for _, event in ipairs(events) do
      for _, value in pairs(event) do
        assert.is_nil(tostring(value):find(scene.V4_KEY, 1, true))
      end
    end
  end)
end)

describe("pacing by the time of sending", function()
  after_each(sockets.finish)

  -- Libcurl before 7.80 does not tell when it sends: the lease of a slot that nobody stamped would last a minute.
  it("gets each slot back, whatever libcurl tells", function()
    local client = sockets.client(sockets.start {}, {
      share = "process", pacing = "send_time", rate = { limit = 2, per = 0.05 },
    })
    for _ = 1, 5 do
      sockets.works(client)
    end
  end)
end)

describe("options of the limiter", function()
  it("say what they want", function()
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

describe("seranking-limits", function()
  local function run(arguments)
    local pipe = assert(io.popen(("SERANKING_STATE_DIR='%s' %s bin/seranking-limits %s 2>&1"):format(folder,
      process.interpreter(), arguments)))
    local text = pipe:read "*a"
    pipe:close()
    return text
  end

  it("shows each limit by a hash and the end of its key, and that a key is blocked", function()
    assert.equal("no limits in " .. folder .. "\n", run "status")
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = folder })
    local name = client:limiter().file:match "(%x+)%-%x+%.limit$"
    assert.equal(name .. "  key …d14b  https://api4.seranking.com\n  not used yet\n", run "status")
  end)

  it("ends a ban that another program is under", function()
    local URL = "http://127.0.0.1:9"
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = folder, base_url = URL, retries = 0 })
    client.sites:list()
    local name = client:limiter().file:match "(%x+)%-%x+%.limit$"
    assert.equal(name .. "  key …d14b  " .. URL .. "\n  0 of 5 slots busy (5 in 1 s)\n", run "status")
    -- The ban, as another process would write it: the third 429.
    local refusing = { handle = function() return { status = 429, headers = {}, body = "" } end }
    local banned = assert(seranking.new { token = scene.V4_KEY, state_dir = folder, base_url = URL, share = "user",
      transport = refusing, timeout = 5 })
    assert.equal("blocked", select(2, banned.sites:list()).kind)
    assert.truthy(run("status"):find "; BLOCKED for %d+ s %(too_many_requests%)")
    assert.equal("blocked", select(2, client.sites:list()).kind)
    assert.truthy(run("reset d14b"):find("slots busy", 1, true))
    assert.equal("closed", client:limiter().circuit.state)
    assert.equal("network", select(2, client.sites:list()).kind)
  end)

  -- A client whose limit is blocked: the key was refused twice.
  local function banned(url)
    local refusing = { handle = function() return { status = 401, headers = {}, body = "" } end }
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = folder, share = "user", timeout = 5,
      base_url = url, transport = refusing, retries = 0 })
    client.sites:list()
    client.sites:list()
    assert.equal("open", client:limiter().circuit.state)
    return client
  end

  local function name_of(client)
    return client:limiter().file:match "(%x+)%-%x+%.limit$"
  end

  it("resets the limits of a key that are blocked, and all of the key if none is", function()
    local first, second = banned "http://127.0.0.1:1", banned "http://127.0.0.1:2"
    local free = assert(seranking.new { token = scene.V4_KEY, state_dir = folder, base_url = "http://127.0.0.1:3" })
    local names = { name_of(first), name_of(second), name_of(free) }
    local text = run "reset …d14b"
    assert.truthy(text:find(names[1], 1, true))
    assert.truthy(text:find(names[2], 1, true))
    assert.falsy(text:find(names[3], 1, true))
    assert.equal("closed", first:limiter().circuit.state)
    assert.equal("closed", second:limiter().circuit.state)
    text = run "reset d14b"
    for _, name in ipairs(names) do
      assert.truthy(text:find(name, 1, true))
    end
    assert.equal(1, (run("reset " .. names[2]):find(names[2], 1, true)))
  end)

  it("prunes files that say nothing any more and those of this machine's own servers", function()
    local other = assert(seranking.new { token = scene.V4_KEY, state_dir = folder })
    local name = name_of(other)
    assert.equal(("removed %s  key …d14b  https://api4.seranking.com\n1 of 1 removed in %s\n"):format(name, folder),
      run "prune")
    assert.equal(("0 of 0 removed in %s\n"):format(folder), run "prune")
    name = name_of(banned "http://127.0.0.1:1")
    local patience, text = core.monotonic() + 10
    repeat -- its slots are in use for a second more
      text = run "prune"
    until text:find("1 of 1 removed", 1, true) or core.monotonic() > patience
    assert.equal(1, (text:find("removed " .. name, 1, true)))
    assert.same({}, files())
  end)

  it("keeps a file with a ban", function()
    local client = banned(nil)
    assert.equal(("0 of 1 removed in %s\n"):format(folder), run "prune")
    assert.equal("open", client:limiter().circuit.state)
  end)

  it("says what it can't do", function()
    assert.equal("seranking-limits: there is no limit abcd: see `seranking-limits status`\n", run "reset abcd")
    for _, key in ipairs { ("0123456789"):rep(3) .. "012345abcd", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4abcd" } do
      assert.equal("seranking-limits: there is no limit …abcd: see `seranking-limits status`\n", run("reset " .. key))
    end
    assert.truthy(run("--state-dir /proc/none status"):find("seranking-limits: /proc/none: No such file or directory", 1, true))
    assert.truthy(run(""):find "a command is required")
  end)
end)

describe("a look at the limiter while a map runs", function()
  it("counts the calls of this client that wait for a slot", function()
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
