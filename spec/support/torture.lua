--- Runs a scenario with each of its allocations failing in turn, whoever makes it: Lua, libcurl, hiredis, the core.
-- SPDX-License-Identifier: MIT

local process = require "support.process"
local seranking = require "seranking"
local socket = require "socket"

local torture = { KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b" }

-- Bytes that a whole series may leave behind: buffers that libraries keep. A leak in one of its attempts is more.
local KEPT = 16384

-- How many allocations fail in a row: one that is not Lua's own, and one that Lua 5.4 has tried again.
local RUNS = { 1, 2 }

-- Seconds for what must happen soon.
local PATIENCE = 10

--- Whether allocations can fail: failing_malloc.so is preloaded, in the suite "torture".
function torture.is_possible()
  return (os.getenv "LD_PRELOAD" or ""):find("failing_malloc", 1, true) ~= nil
end

local memory = torture.is_possible() and require "failing_malloc"

-- The words of others for an allocation that failed: of Lua, the binding, cqueues and luv.
local TOLD = { "not enough memory", "memory ran out", "Cannot allocate memory", "ENOMEM" }

-- Whether what pcall returned is a result or an error that says something.
local function is_told(ran, result, problem)
  if ran then
    return result ~= nil or seranking.is_error(problem)
  end
  for _, words in ipairs(TOLD) do
    if tostring(result):find(words, 1, true) then
      return true
    end
  end
  return seranking.is_error(result)
end

-- Whether no slot is in use, now or soon: a call may still be in flight whose event loop has ended.
local function is_given_back(client)
  local deadline = os.time() + PATIENCE
  repeat
    local state, used = client:limiter(), 0
    for _, slot in ipairs(state.slots) do
      used = used + (slot.state == "in use" and 1 or 0)
    end
    if used + state.waiting == 0 then
      return true
    end
    collectgarbage()
    socket.sleep(0.002)
  until os.time() > deadline
  return false
end

-- Whether a client makes calls as before.
local function works(client)
  local profile, problem = client.account:profile()
  return profile ~= nil, problem
end

---@class spec.Torture
---@field least integer fewer allocations than that mean that the scenario did not happen
---@field scenario fun(): any returns true, or nil and an error, or raises
---@field client? fun(): table makes a client that must work on, for the scenario too
---@field check? fun(done: any, n: integer) called after each attempt, with what the scenario returned
---@field runs? integer[] see RUNS

--- Runs the scenario with the n-th allocation failing, and the run - 1 that follow it. Raises unless it survives that.
---@param given spec.Torture
---@param client? table
---@param n integer
---@param run integer
---@return boolean reached whether there were so many allocations
---@return boolean failed whether that was told
function torture.attempt(given, client, n, run)
  local where = ("allocation %d, %d in a row"):format(n, run)
  memory.arm(n, run)
  local ran, result, problem = pcall(given.scenario, client)
  local reached = memory.disarm() >= n
  assert(is_told(ran, result, problem), ("%s: %s %s"):format(where, tostring(result), tostring(problem)))
  if given.check then
    given.check(ran and result, n)
  end
  if client then
    assert(is_given_back(client), where .. ": a slot stays taken")
    local fine, trouble = works(client)
    assert(fine, ("%s: the next call fails: %s"):format(where, tostring(trouble)))
  end
  return reached, reached and not (ran and result == true)
end

-- Attempts with n from 1 by `step`, until n is not reached.
local function series(given, client, run, step)
  local n, count = 1 - step, 0
  repeat
    n = n + step
    local reached, failed = torture.attempt(given, client, n, run)
    count = count + (failed and 1 or 0)
  until not reached
  return n, count
end

local function live()
  for _ = 1, 4 do
    collectgarbage()
  end
  return memory.live()
end

--- Raises unless the scenario survives each of its allocations failing.
---@param given spec.Torture
function torture.survive(given)
  local client = given.client and given.client()
  local runs = given.runs or RUNS
  for _, run in ipairs(runs) do
    series(given, client, run, 7) -- what is made once is there from now on
  end
  for _, run in ipairs(runs) do
    local before = live()
    local n, failed = series(given, client, run, 1)
    local grown = live() - before
    assert(n > given.least, n .. " allocations")
    assert(failed > 0, "no failure was told")
    assert(grown < KEPT, ("%d bytes more, %d in a row"):format(grown, run))
  end
  if client then
    client:close()
  end
end

--- The demo account of a fake in another process, for clients made by `client`. Call stop().
---@return table api
function torture.api()
  seranking.preload()
  local api = process.fake { demo = true, limit = 1000000 }
  local to = { url = api.url, stop = api.stop }

  --- A client that does not repeat what fails.
  ---@param given? table options
  ---@return table? client
  ---@return table? err
  function to.client(given)
    local options = { token = torture.KEY, base_url = api.url, data_base_url = api.url, share = "process", retries = 0,
      rate = { limit = 64, per = 0.001 }, data_rate = { limit = 64, per = 0.001 } }
    for name, value in pairs(given or {}) do
      options[name] = value or nil -- false: left out
    end
    return seranking.new(options)
  end

  return to
end

torture.memory = memory

return torture
