--- Calls inside event loops: cqueues, luv, and one that implements the documented interface.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local host = require "seranking.loop.host"
local process = require "spec.support.process"
local seranking = require "seranking"
local system = require "spec.support.system"
local wire = require "spec.support.wire"
local found, cqueues = pcall(require, "cqueues")
local uv_found, uv = pcall(require, "luv")

local LUA_52 = _VERSION == "Lua 5.2" -- can't tell beforehand whether a coroutine can yield
local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")
local KEY = wire.KEY
local ECHO = { "request", "echo", "again" }

after_each(wire.finish)

-- Fails if calls are left on the thread.
local function nothing_left()
  collectgarbage()
  collectgarbage()
  local deadline = core.monotonic() + 10
  while core.worker_status().calls > 0 and core.monotonic() < deadline do
    collectgarbage()
  end
  assert.are.equal(0, core.worker_status().calls)
end

-- Tests for every loop. `run(f)` runs f in a coroutine of the loop until the loop has nothing left to do; inside it,
-- `spawn(f)` starts another coroutine and `sleep(seconds)` waits.
local function holds_in(name, run, spawn, sleep, options)
  local function client_of(server, more)
    local all = {}
    for key, value in pairs(options or {}) do
      all[key] = value
    end
    for key, value in pairs(more or {}) do
      all[key] = value
    end
    return wire.client(server, all)
  end

  it("a call waits without blocking others", function()
    local server = wire.start({ { "request", { "await", 2 }, "echo" } }, { otherwise = ECHO })
    local client = client_of(server)
    local other = client_of(server)
    local order = {}
    run(function()
      spawn(function()
        table.insert(order, (assert(client:request { path = "/held" }).target))
      end)
      sleep(0.02)
      table.insert(order, "went on")
      table.insert(order, (assert(other:request { path = "/other" }).target)) -- what the first waits for
    end)
    table.sort(order)
    assert.are.same({ "/held", "/other", "went on" }, order)
    nothing_left()
  end)

  it("many calls run at once, in coroutines or by map", function()
    local server = wire.start({}, { otherwise = { "request", { "await", 20 }, "echo", "request", "echo", { "again", 4 } } })
    local client = client_of(server)
    local seen, results, errors = {}, nil, nil
    run(function()
      for i = 1, 20 do
        spawn(function()
          seen[i] = assert(client:request { path = "/" .. i }).target
        end)
      end
    end)
    for i = 1, 20 do
      assert.are.equal("/" .. i, seen[i])
    end
    run(function()
      local list = {}
      for i = 1, 60 do
        list[i] = i
      end
      results, errors = client:map(list, function(i)
        if i == 30 then
          error({ "thirty" }, 0)
        elseif i == 31 then
          return (client:gather(
            function() return assert(client:request { path = "/a" }).target end,
            function() return assert(client:request { path = "/b" }).target end))[2]
        end
        return assert(client:request { path = "/" .. i }).target
      end)
    end)
    assert.are.equal("/1", results[1])
    assert.are.equal("/60", results[60])
    assert.are.equal("/b", results[31])
    assert.are.same({ "thirty" }, errors[30])
    assert.are.equal(1, errors.count)
    assert.are.equal(60, results.n)
    nothing_left()
  end)

  it("errors, retries and deadlines are those of any call", function()
    local server = wire.start({ { "request", "close" }, { "request", "idle" } }, { otherwise = ECHO })
    local client = client_of(server)
    local dead = client_of({ url = "http://127.0.0.1:1" })
    local outcome = {}
    run(function()
      outcome[1] = select(2, client:request({ path = "/1", retries = 0 }))
      outcome[2] = select(2, client:request { path = "/2", timeout = 0.5 })
      outcome[3] = select(2, dead.sites:list())
      outcome[4] = assert(client:request { path = "/4" })
    end)
    assert.are.equal("network connection_lost", outcome[1].kind .. " " .. outcome[1].code)
    assert.are.equal("timeout no_answer", outcome[2].kind .. " " .. outcome[2].code)
    assert.are.equal("network connect", outcome[3].kind .. " " .. outcome[3].code)
    assert.are.equal("/4", outcome[4].target)
    nothing_left()
  end)

  it("pauses between polls of a job block nobody, and fail with an error where they can't be made", function()
    local client = client_of(wire.start({}, { otherwise = ECHO }))
    local order, err = {}, nil
    run(function()
      spawn(function()
        host.sleep(client, 1)
        order[#order + 1] = "slept"
      end)
      table.insert(order, (assert(client:request { path = "/call" }).target))
      if name ~= "the loop" and not LUA_52 then
        table.sort({ 2, 1 }, function(a, b)
          err = host.sleep(client, 0.01)
          return a < b
        end)
        assert.are.equal("cant_yield", err.code)
      end
    end)
    assert.are.same({ "/call", "slept" }, order)
  end)

  it("closing a client cancels its calls, downloads included, and no others", function()
    local server = wire.start({}, { otherwise = { "request", "idle" } })
    local other_server = wire.start({ { "request", { "await", 2 }, "echo" } }, { otherwise = ECHO })
    local client, other, ender = client_of(server), client_of(other_server), client_of(other_server)
    local errors, answer = {}, nil
    run(function()
      spawn(function()
        errors.call = select(2, client:request { path = "/" })
      end)
      spawn(function()
        errors.download = select(2, client:download(server.url .. "/file"))
      end)
      spawn(function()
        errors.again = select(2, client:download(server.url .. "/file"))
      end)
      spawn(function()
        answer = assert(other:request { path = "/other" })
      end)
      sleep(0.02)
      client:close()
      assert(ender:request { path = "/" })
    end)
    for _, which in ipairs { "call", "download", "again" } do
      assert.are.equal("cancelled cancelled", errors[which].kind .. " " .. errors[which].code)
    end
    assert.are.equal("/other", answer.target)
    nothing_left()
  end)

  it("calls that wait for a slot are counted for each client separately", function()
    local server = wire.start({}, { otherwise = { "request", "idle" } })
    local limit = { share = "process", rate = { limit = 1, per = 1 } }
    local client, same_limit = client_of(server, limit), client_of(server, limit)
    local seen
    run(function()
      local deadline = core.monotonic() + 10
      local function begin(list, condition)
        for _, each in ipairs(list) do
          spawn(function()
            each:request { path = "/" }
          end)
        end
        repeat
          sleep(0.002)
        until condition() or core.monotonic() > deadline
      end
      begin({ client }, function() return client:limiter().busy == 1 end)
      begin({ client, client, client, same_limit }, function()
        return client:limiter().waiting + same_limit:limiter().waiting == 4
      end)
      seen = { client:limiter().waiting, same_limit:limiter().waiting, client:limiter().busy }
      client:close()
      same_limit:close()
    end)
    assert.are.same({ 3, 1, 1 }, seen)
    nothing_left()
  end)

  it("calls inside functions called from C fail with cant_yield", function()
    local server = wire.start({}, { otherwise = { "request", "idle" } }) -- an answer at once needs no waiting
    local client = client_of(server)
    local err
    run(function()
      table.sort({ 2, 1 }, function(a, b)
        err = select(2, client:request { path = "/" })
        return a < b
      end)
    end)
    assert.are.equal("cant_yield", err.code)
    nothing_left()
  end)

  it("a map inside functions called from C ends, and its items fail with cant_yield", function()
    local server = wire.start({}, { otherwise = { "request", "idle" } }) -- an answer at once needs no waiting
    local client = client_of(server)
    local results, errors
    run(function()
      table.sort({ 2, 1 }, function(a, b)
        results, errors = client:map({ 1, 2, 3 }, function() return client:request { path = "/" } end)
        return a < b
      end)
    end)
    assert.are.same({ n = 3 }, results)
    for i = 1, 3 do
      assert.are.equal("cant_yield", errors[i].code)
    end
    nothing_left()
  end)

  if not options then -- a loop of the library
    it("if the thread never notifies, the wait ends when the waiter's time is over", function()
      local notifier = assert(core.notifier()) -- nobody notifies
      local cancelled, err, left = false, nil, nil
      local silent = {
        begin = function() return true end, fd = function() return notifier:fd() end,
        pollfd = function() return notifier:fd() end, events = function() return "r" end,
        timeout = function() return 0.05 end, step = function() return false end,
        cancel = function() cancelled = true end,
      }
      run(function()
        err = host.loop(wire.client { url = "http://127.0.0.1:1" }).wait(nil, silent)
        left = true
      end)
      assert.is_true(left)
      assert.are.equal("cancelled not_awaited", err.kind .. " " .. err.code)
      assert.is_true(cancelled)
    end)
  end

  it(name .. " is left where the client may block", function()
    local server = wire.start({}, { otherwise = ECHO })
    local client = client_of(server, { blocking = true })
    local begun, target = core.worker_status().begun, nil
    run(function()
      target = assert(client:request { path = "/b" }).target
    end)
    assert.are.equal("/b", target)
    assert.are.equal(begun, core.worker_status().begun)
  end)
end

describe("inside cqueues", function()
  if not found then
    return pending "needs cqueues"
  end

  local function run(f)
    local loop = cqueues.new()
    local problem
    loop:wrap(f)
    local fine, why = loop:loop(20)
    problem = not fine and why
    assert.is_true(loop:empty(), "it did not end")
    assert.is_falsy(problem, tostring(problem))
  end

  holds_in("the thread", run, function(f) cqueues.running():wrap(f) end, cqueues.sleep)

  it("a call is cancelled when its controller is collected", function()
    local server = wire.start({ { "request", "idle" } })
    local client = wire.client(server)
    do
      local loop = cqueues.new()
      loop:wrap(function() client:request { path = "/" } end)
      local deadline = core.monotonic() + 10
      while core.worker_status().calls == 0 and core.monotonic() < deadline do
        loop:step(0.01)
      end
      assert.are.equal(1, core.worker_status().calls)
    end
    nothing_left()
  end)

  it("a call outside a controller runs on the calling thread", function()
    local server = wire.start({}, { otherwise = ECHO })
    local begun = core.worker_status().begun
    assert.are.equal("/", assert(wire.client(server):request { path = "/" }).target)
    assert.are.equal(begun, core.worker_status().begun)
  end)
end)

describe("inside luv", function()
  if not uv_found then
    return pending "needs luv"
  end

  local function sleep(seconds)
    local thread = coroutine.running()
    local timer = uv.new_timer()
    timer:start(math.floor(seconds * 1000), 0, function()
      timer:close()
      assert(coroutine.resume(thread))
    end)
    coroutine.yield()
  end

  local function spawn(f)
    assert(coroutine.resume(coroutine.create(f)))
  end

  -- The loop starts the coroutine, so the library detects the loop.
  local function run(f)
    local guard, timer = uv.new_timer(), uv.new_timer()
    uv.update_time() -- the loop's time is that of its last iteration
    timer:start(0, 0, function()
      timer:close()
      spawn(f)
    end)
    guard:start(20000, 0, function() uv.stop() end)
    guard:unref()
    uv.run()
    guard:close()
    uv.run "nowait"
    assert.is_false(uv.loop_alive())
  end

  holds_in("the thread", run, spawn, sleep)

  it("a call in a callback, outside a coroutine, fails with cant_yield", function()
    local client = wire.client(wire.start({}, { otherwise = ECHO }))
    local err
    local timer = uv.new_timer()
    timer:start(0, 0, function()
      timer:close()
      err = select(2, client:request { path = "/" })
    end)
    uv.run()
    assert.are.equal("phase cant_yield", err.kind .. " " .. err.code)
    assert.truthy(err.hint:find "coroutine" or LUA_51)
  end)

  it("a coroutine started before uv.run() waits in it if the client has the option loop", function()
    local server = wire.start({}, { otherwise = { "request", { "await", 3 }, "echo" } })
    local client = wire.client(server, { loop = "luv" })
    local seen = {}
    for i = 1, 3 do
      coroutine.wrap(function() seen[i] = assert(client:request { path = "/" .. i }).target end)()
    end
    assert.are.same({}, seen)
    uv.run()
    assert.are.same({ "/1", "/2", "/3" }, seen)
    nothing_left()
  end)
end)

describe("inside a loop of another kind", function()
  -- The smallest possible loop: steps every waiter in turn. A real one polls waiter:fd().
  local waiting, ready = {}, {}

  local loop = { name = "turns" }

  function loop.inside() return true end

  function loop.wait(waiter, thread)
    assert(waiter:fd() >= 0 and waiter:pollfd() == waiter:fd() and waiter:events() == "r")
    assert(waiter:timeout() == nil or waiter:timeout() > 0)
    while not waiter:step() do
      waiting[#waiting + 1] = thread
      coroutine.yield()
    end
  end

  function loop.sleep(seconds)
    local due = core.monotonic() + seconds
    while core.monotonic() < due do
      waiting[#waiting + 1] = coroutine.running()
      coroutine.yield()
    end
  end

  function loop.spawn(f)
    ready[#ready + 1] = coroutine.create(f)
  end

  local function run(f)
    local deadline = core.monotonic() + 20
    loop.spawn(f)
    while #ready > 0 or #waiting > 0 do
      local turn = ready
      ready = {}
      for _, thread in ipairs(waiting) do
        turn[#turn + 1] = thread
      end
      waiting = {}
      for _, thread in ipairs(turn) do
        if coroutine.status(thread) == "suspended" then -- else it could not be suspended, and has ended
          assert(coroutine.resume(thread))
        end
      end
      assert(core.monotonic() < deadline, "it did not end")
    end
  end

  holds_in("the loop", run, loop.spawn, loop.sleep, { loop = loop })

  it("that stops waiting too early has the call cancelled, with an error that says so", function()
    local client = wire.client(wire.start({ { "request", "idle" } }),
      { loop = { name = "hasty", inside = loop.inside, wait = function() end, spawn = loop.spawn, sleep = loop.sleep } })
    local err
    run(function() err = select(2, client:request { path = "/" }) end)
    assert.are.equal("cancelled not_awaited", err.kind .. " " .. err.code)
    nothing_left()
  end)

  it("that raises while a call waits has the call cancelled", function()
    if LUA_51 then
      return -- nothing could be caught there
    end
    local client = wire.client(wire.start({ { "request", "idle" } }), { loop = { name = "broken", inside = loop.inside,
      wait = function() error("the loop broke", 0) end, spawn = loop.spawn, sleep = loop.sleep } })
    local problem
    collectgarbage "stop" -- so that no finalizer does it
    finally(function() collectgarbage "restart" end)
    run(function() problem = select(2, pcall(client.request, client, { path = "/" })) end)
    assert.are.equal("the loop broke", problem)
    local deadline = core.monotonic() + 10
    while core.worker_status().calls > 0 and core.monotonic() < deadline do
      assert(core.worker_status().begun > 0)
    end
    assert.are.equal(0, core.worker_status().calls)
  end)

  it("fails calls and maps soon when no descriptor is left", function()
    local name = os.tmpname()
    finally(function() os.remove(name) end)
    local file = assert(io.open(name, "w"))
    file:write [[
      local client = require("seranking").new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", share = "off",
        base_url = "http://127.0.0.1:9", loop = { name = "hasty", inside = function() return true end,
        wait = function() end, spawn = function(f) f() end, sleep = function() end } }
      local function ask() return client:request { path = "/" } end
      coroutine.wrap(function()
        client:map({ 1 }, ask) -- loads all modules
        local files, file, err, results, errors = {}, nil, nil, nil, nil
        while require("lseranking").worker_status().calls > 0 do collectgarbage() end
        collectgarbage()
        for _ = 1, 100 do -- libcurl may still close a socket of the previous call, so that one call succeeds
          repeat file = io.open "/dev/null" files[#files + 1] = file until not file
          err = select(2, ask())
          results, errors = client:map({ 1, 2 }, ask)
          if err.code .. errors[1].code .. errors[2].code == ("no_descriptors"):rep(3) then break end
        end
        files = nil
        print(err.kind, err.code, results.n, errors.count, errors[1].code, errors[2].code)
      end)()
    ]]
    file:close()
    local said = system.output(("ulimit -n 64; '%s' '%s' 2>&1"):format(process.interpreter(), name))
    assert.are.equal("network\tno_descriptors\t2\t2\tno_descriptors\tno_descriptors\n", said)
  end)

  it("that lacks a function is refused", function()
    for _, value in ipairs { "libev", {}, { wait = print } } do
      local ok, problem = pcall(seranking.new, { token = KEY, loop = value })
      assert.is_false(ok)
      assert.truthy(problem:find 'option loop must be "plain", "nginx", "cqueues", "luv", or a loop with the functions')
    end
  end)
end)
