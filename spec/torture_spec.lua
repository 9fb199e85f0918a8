--- Every allocation fails in turn, whoever makes it: Lua, libcurl, the core. Runs with build/LUA/failing_malloc.so preloaded
-- (suite "torture" of spec/support/run.sh).
-- SPDX-License-Identifier: MIT

if not (os.getenv "LD_PRELOAD" or ""):find("failing_malloc", 1, true) then
  return pending "allocations fail only in the suite torture"
end

local memory = require "failing_malloc"
local process = require "support.process"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"

-- Bytes that a whole series may leave behind: buffers that libraries keep. A leak in one of its attempts is more.
local KEPT = 16384

describe("when one allocation fails", function()
  local api, client, folder, remove

  setup(function()
    seranking.preload()
    folder, remove = process.folder()
    api = process.fake { demo = true, limit = 1000000 }
  end)

  teardown(function()
    api.stop()
    remove()
  end)

  local function new_client(given)
    local options = { token = KEY, base_url = api.url, data_base_url = api.url, share = "process", retries = 0,
      rate = { limit = 64, per = 0.001 }, data_rate = { limit = 64, per = 0.001 } }
    for name, value in pairs(given or {}) do
      options[name] = value
    end
    return seranking.new(options)
  end

  -- Whether what pcall returned is a result or an error that says something.
  local function is_told(ran, result, problem)
    if not ran then
      return seranking.is_error(result) or tostring(result):find("not enough memory", 1, true) ~= nil
        or tostring(result):find("memory ran out", 1, true) ~= nil
        or tostring(result):find("Cannot allocate memory", 1, true) ~= nil -- cqueues
    end
    return result ~= nil or seranking.is_error(problem)
  end

  -- Whether no slot is in use, now or soon: a call may still be in flight whose event loop has ended.
  local function is_given_back()
    local deadline = os.time() + 10
    repeat
      local state, used = client:limiter(), 0
      for _, slot in ipairs(state.slots) do
        used = used + (slot.state == "in use" and 1 or 0)
      end
      if used + state.waiting == 0 then
        return true
      end
      collectgarbage()
    until os.time() > deadline
    return false
  end

  -- Runs the scenario with the n-th allocation failing, for each n until none fails. `check` gets what it returned.
  local function series(scenario, check)
    local n, failed = 0, 0
    repeat
      n = n + 1
      memory.arm(n)
      local ran, result, problem = pcall(scenario)
      local reached = memory.disarm() >= n
      failed = failed + (reached and result ~= true and 1 or 0)
      assert.is_true(is_told(ran, result, problem), ("allocation %d: %s %s"):format(n, tostring(result), tostring(problem)))
      if check then
        check(ran and result, n)
      end
      if client then
        assert.is_true(is_given_back(), "a slot stays taken after allocation " .. n)
        assert(client.account:profile())
      end
    until not reached
    return n, failed
  end

  local function live()
    for _ = 1, 4 do
      collectgarbage()
    end
    return memory.live()
  end

  local function survives(name, least, scenario, given, check)
    it(name, function()
      client = type(given) == "function" and given() or given and assert(new_client(given))
      series(scenario, check) -- what is made once is there from now on
      local before = live()
      local n, failed = series(scenario, check)
      local grown = live() - before
      assert.is_true(n > least, n .. " allocations")
      assert.is_true(failed > 0, "no failure was told")
      assert.is_true(grown < KEPT, grown .. " bytes more")
      if client then
        client:close()
        client = nil
      end
    end)
  end

  survives("new and close", 50, function()
    local made, problem = new_client()
    if not made then
      return nil, problem
    end
    made:close()
    return true
  end)

  survives("the first call of a client", 100, function()
    local made, problem = new_client()
    if not made then
      return nil, problem
    end
    local ran, list, failure = pcall(made.sites.list, made.sites)
    made:close()
    if not ran then
      error(list, 0)
    end
    return list and true, failure
  end)

  survives("a call", 10, function()
    local list, problem = client.sites:list()
    return list and true, problem
  end, {})

  survives("a call that is refused", 10, function()
    local summary, problem = client.sites(1):summary()
    assert(summary == nil)
    return problem.kind == "not_found" and true or nil, problem
  end, {})

  survives("client:map", 30, function()
    local results, errors = client:map({ 147696, 147697, 147698 }, function(id)
      return client.sites(id):summary()
    end)
    local _, problem = next(errors or {})
    return problem == nil and #results == 3 or nil, problem
  end, {})

  survives("a walk over pages", 50, function()
    local count = 0
    for _ in client.data.domain.keywords.list:each({ source = "us", domain = "example.com", limit = 10 },
      { max_rows = 20 }) do
      count = count + 1
    end
    assert(count == 20, "not enough memory: rows")
    return true
  end, {})

  survives("a download to a file", 20, function()
    local done, problem = client:download(api.url .. "/_fake/log", { to = folder .. "/file" })
    return done and true, problem
  end, {}, function(done, n)
    local text = system.read_if_there(folder .. "/file")
    assert.equal(done == true, text ~= nil, "allocation " .. n)
    assert.same(text and { "file" } or {}, system.lines("ls " .. folder))
    os.remove(folder .. "/file")
  end)

  local in_process
  survives("a job that is waited for", 100, function()
    local answer, problem = client.data.backlinks.export.create:wait { target = "anchors.example" }
    return answer and true, problem
  end, function()
    local made, its_api = scene.new { share = "off", retries = 0, fake = { limit = 1000000 } }
    in_process = its_api
    return made
  end, function()
    in_process:reset() -- forgets its jobs
  end)

  -- The call is made by the worker thread, and may outlive the event loop that asked for it.
  local cqueues_found, cqueues = pcall(require, "cqueues")
  if cqueues_found then
    survives("a call in an event loop", 20, function()
      local loop, list, problem = cqueues.new(), nil, nil
      loop:wrap(function()
        list, problem = client.sites:list()
      end)
      local ran, failure = loop:loop(10)
      if not ran then
        error(failure, 0)
      end
      return list and true, problem
    end, {})
  end
end)
