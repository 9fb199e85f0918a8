--- Waiting in an event loop: calls run on the core's worker thread, and the loop polls a descriptor for their ends.
--- Makes what the library wants of a loop out of the loop's own three functions.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local yieldable = require "seranking.loop.yield"

--- What a loop has to offer. `wait` and `spawn` are called where `inside` is true, or by clients with the option `loop`.
---@class seranking.Loop
---@field name string for messages
---@field inside fun(): boolean whether the caller runs inside this loop
---@field wait fun(waiter: seranking.Waiter, thread: thread) yields until waiter:step() is true; `thread` is what the loop
--- has to resume: the running coroutine, or on Lua 5.1 one around it
---@field spawn fun(f: fun()) runs f in a coroutine of its own, now or soon; f does not raise
---@field sleep fun(seconds: number) suspends the running coroutine for so long; for 0, until the others have run once

--- Something to wait for. Poll its descriptor for reading; call `step` when it is readable and when `timeout` is over.
---@class seranking.Waiter
---@field fd fun(self): integer its descriptor: poll it, never read or close it; valid until step() returns true
---@field timeout fun(self): number? seconds after which to call step() even if the descriptor is not readable
---@field step fun(self): boolean whether it is over
---@field pollfd fun(self): integer the same as fd, for cqueues
---@field events fun(self): "r" for cqueues

local adapter = {}

local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- pcall that can be yielded across. On Lua 5.1 that is a coroutine of its own whose yields are passed on.
local protect = pcall
local around = setmetatable({}, { __mode = "k" })
local pass
if LUA_51 then
  function pass(thread, fine, ...)
    if coroutine.status(thread) == "dead" then
      return fine, ...
    end
    return pass(thread, coroutine.resume(thread, coroutine.yield(...)))
  end
  function protect(f, ...)
    if not yieldable.possible() then -- a coroutine would hide that from the calls inside
      return pcall(f, ...)
    end
    local thread, outer = coroutine.create(f), coroutine.running()
    around[thread] = around[outer] or outer
    return pass(thread, coroutine.resume(thread, ...))
  end
end

--- pcall of a user's function that may wait.
adapter.protect = protect

-- The class of mistakes. An item that raises a string, not an error value, has a mistake in its code.
local mistake_mt = {}

-- The text of the mistake that a map raised last. It has a traceback.
local raised_by_map

--- Raises a mistake at the end of a map.
---@param text string
function adapter.raise_mistake(text)
  raised_by_map = text
  error(text, 0)
end

--- What an item raised, for Batch:settle: an error value unchanged; a string, or nil, as a mistake with its traceback.
---@param problem any
---@param thread? thread the coroutine that it ended; nil: called as a message handler
---@return any
function adapter.raised(problem, thread)
  if problem ~= nil and type(problem) ~= "string" then
    return problem
  end
  local message = problem or "an error without a value was raised"
  local text = message
  if text ~= raised_by_map then
    text = thread and debug.traceback(thread, text) or debug.traceback(text, 3)
  end
  return setmetatable({ text = text, message = message }, mistake_mt)
end

--- A mistake's text with its traceback, and without; nil for an error value.
---@param value any
---@return string? text, string? message
function adapter.mistake(value)
  if getmetatable(value) == mistake_mt then
    return value.text, value.message
  end
end

local function handle(problem)
  return (adapter.raised(problem))
end

--- Calls the function of an item, which may wait. If it raises, the second result is adapter.raised of that.
---@param f function
---@param item any
---@param index integer
---@return boolean fine, any, any
function adapter.try(f, item, index)
  return xpcall(f, handle, item, index)
end

if LUA_51 then
  local function sort(thread, fine, value, problem)
    if not fine then
      value = adapter.raised(value, thread)
    end
    return fine, value, problem
  end
  function adapter.try(f, item, index)
    if not yieldable.possible() then
      return xpcall(function()
        return f(item, index)
      end, handle)
    end
    local thread, outer = coroutine.create(f), coroutine.running()
    around[thread] = around[outer] or outer
    return sort(thread, pass(thread, coroutine.resume(thread, item, index)))
  end
end

--- What a loop has to resume: the running coroutine, or on Lua 5.1 one around it.
---@return thread? nil: the main coroutine on Lua 5.1
function adapter.current()
  local thread = coroutine.running()
  return thread and around[thread] or thread
end

local current = adapter.current

--- Runs items of a batch one after another until none is left. Called once for each item that may run at the same time.
---@param batch seranking.Batch
function adapter.work(batch)
  for index in batch.next, batch do
    batch:settle(index, adapter.try(batch.fn, batch.list[index], index))
  end
end

-- False if the coroutine could not be suspended, which Lua 5.2 does not tell beforehand. If the loop raises, a call is
-- cancelled first. On Lua 5.1, where pcall can't be yielded across, the call's finalizer cancels it.
local function wait(loop, waiter)
  if LUA_51 then
    loop.wait(waiter, current())
    return true
  end
  local fine, problem = pcall(loop.wait, waiter, current())
  if fine then
    return true
  elseif waiter.cancel then
    waiter:cancel()
  end
  if not yieldable.refused(problem) then
    error(problem, 0)
  end
  return false
end

-- Whether the running coroutine can be suspended. Lua 5.1 and 5.2 do not tell, so it is tried; 5.1 raises if it can't.
local function suspendable(loop)
  if not yieldable.possible() or yieldable.sure then
    return yieldable.possible()
  end
  local notifier = core.notifier()
  if not notifier then
    return false
  end
  loop.spawn(function()
    loop.sleep(0.001) -- later, or wait() would return without suspending
    notifier:notify()
  end)
  return wait(loop, notifier)
end

--- Makes the way to wait of a loop.
---@param loop seranking.Loop
---@return table
function adapter.new(loop)
  local way = { name = loop.name, inside = loop.inside }

  function way.sleep(seconds)
    if not yieldable.possible() then
      return yieldable.error()
    end
    loop.sleep(seconds)
  end

  function way.wait(_, call)
    if not yieldable.possible() then
      return yieldable.error()
    end
    local begun, problem = call:begin()
    if not begun then
      return errors.wrap(problem)
    end
    if not wait(loop, call) then
      return yieldable.error()
    elseif not call:step() then
      call:cancel()
      return errors.new("cancelled", "not_awaited", "the loop gave up waiting before the call was done")
    end
  end

  function way.run_batch(_, batch)
    local notifier = suspendable(loop) and core.notifier()
    if not notifier then -- each call returns the reason
      return adapter.work(batch)
    end
    local live = math.min(batch.width, batch.count)
    for _ = 1, live do
      loop.spawn(function()
        adapter.work(batch)
        live = live - 1
        if live == 0 then
          notifier:notify()
        end
      end)
    end
    wait(loop, notifier)
  end

  return way
end

return adapter
