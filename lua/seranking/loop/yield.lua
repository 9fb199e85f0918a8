--- Where a coroutine can be suspended, and the error that says where it can't.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"

local yield = {}

local getinfo, running = debug.getinfo, coroutine.running
local old = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- Lua 5.1: whether no C function is on the coroutine's stack. Metamethods and iterators are not seen.
local function no_c_function()
  if not running() then
    return false
  end
  local level = 3
  local info = getinfo(level, "S")
  while info and info.what ~= "C" do
    level = level + 1
    info = getinfo(level, "S")
  end
  return info == nil
end

-- Lua 5.2 tells only whether this is the main coroutine.
local function no_main_thread()
  return not select(2, running())
end

--- Whether a yes of `possible` is certain.
yield.sure = core.yieldable() ~= nil

--- Whether the running coroutine can be suspended, as far as this Lua can tell.
---@return boolean
yield.possible = yield.sure and core.yieldable or old and no_c_function or no_main_thread

local coroutine_yield = coroutine.yield

--- Suspends the running coroutine. False if it turns out that it can't be; Lua 5.1 raises instead.
---@return boolean
function yield.suspend()
  if yield.sure or old then
    coroutine_yield()
    return true
  end
  return (pcall(coroutine_yield))
end

--- Errors that a loop's `wait` may raise if the coroutine could not be suspended.
yield.REFUSED = {}

-- What Lua 5.2 itself raises in that case, found by provoking it.
local refusal
if not yield.sure and not old then
  coroutine.wrap(function()
    local function compare()
      coroutine_yield()
    end
    refusal = select(2, pcall(table.sort, { 1, 2 }, compare))
  end)()
end

--- Whether an error that a loop raised means that the coroutine could not be suspended. Only Lua 5.2 notices that so late.
---@param problem any
---@return boolean
function yield.refused(problem)
  return problem == yield.REFUSED or refusal ~= nil and problem == refusal
end

--- The error of a call that can't wait where it was made.
---@return seranking.Error
function yield.error()
  if old then
    return errors.new("phase", "cant_yield", "a call can't wait here: Lua 5.1 can't suspend a coroutine inside pcall, "
      .. "metamethods or iterators, nor the main one",
      "leave the pcall out (errors are returned, and client:map keeps what an item raises), or use a later Lua or LuaJIT")
  end
  return errors.new("phase", "cant_yield", "a call can't wait here: neither the main coroutine can be suspended, nor one "
    .. "inside a function that C calls, such as table.sort's or string.gsub's", "call from a coroutine, outside such functions")
end

return yield
