--- Waiting in an event loop: calls run on the core's own thread, and the loop polls a descriptor that says when one is done.
--- Makes a host's way to wait out of a loop's three functions.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local yieldable = require "seranking.loop.yield"

--- What a loop has to offer. `wait` and `spawn` are called where `inside` is true, or where the client was told to use this
--- loop (option `loop`).
---@class seranking.Loop
---@field name string for messages
---@field inside fun(): boolean whether the caller runs inside this loop
---@field wait fun(waiter: seranking.Waiter, thread: thread) yields until waiter:step() is true; `thread` is what the loop
--- has to resume: the running coroutine, or on Lua 5.1 one around it
---@field spawn fun(f: fun()) runs f in a coroutine of its own, now or soon; f does not raise
---@field sleep fun(seconds: number) suspends the running coroutine for so long

--- Something to wait for. Poll its descriptor for reading, and call `step` whenever it is ready or `timeout` is over.
---@class seranking.Waiter
---@field fd fun(self): integer its descriptor: only to be polled, never read or closed; valid until step() is true
---@field timeout fun(self): number? seconds after which step() is to be called whatever the descriptor says
---@field step fun(self): boolean whether it is over
---@field pollfd fun(self): integer the same as fd, and
---@field events fun(self): "r" as cqueues wants to have them

local adapter = {}

local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- pcall that can be yielded across. On Lua 5.1 a coroutine of its own, whose yields are passed on.
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
    if not yieldable.possible() then -- the calls inside have to know
      return pcall(f, ...)
    end
    local thread, outer = coroutine.create(f), coroutine.running()
    around[thread] = around[outer] or outer
    return pass(thread, coroutine.resume(thread, ...))
  end
end

--- pcall of a user's function, which may wait in it.
adapter.protect = protect

-- What an item raised that is no error value: a mistake in the program, as a text with its traceback.
local mistake_mt = {}

--- What an item raised, as settle takes it: an error value as it is, and a string, or nothing, as a mistake.
---@param problem any
---@param thread? thread the coroutine that it ended; nil: called as a message handler
---@return any
function adapter.raised(problem, thread)
  if problem ~= nil and type(problem) ~= "string" then
    return problem
  end
  local text = problem or "an error without a value was raised"
  if not text:find("\nstack traceback:\n", 1, true) then -- a map inside the item has added one
    text = thread and debug.traceback(thread, text) or debug.traceback(text, 3)
  end
  return setmetatable({ text = text }, mistake_mt)
end

--- The text of a mistake; nil for an error value.
---@param value any
---@return string?
function adapter.mistake(value)
  return getmetatable(value) == mistake_mt and value.text or nil
end

local function handle(problem)
  return (adapter.raised(problem))
end

--- Calls the function of an item, which may wait. What it raises is given as by adapter.raised.
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
---@return thread? nil: the main one, where Lua 5.1 has no name for it
function adapter.current()
  local thread = coroutine.running()
  return thread and around[thread] or thread
end

local current = adapter.current

--- Runs the items of a batch, one after another: for as many of these at once as the batch allows.
---@param batch seranking.Batch
function adapter.work(batch)
  for index in batch.next, batch do
    batch:settle(index, adapter.try(batch.fn, batch.list[index], index))
  end
end

-- False where Lua 5.2, which does not tell beforehand, could not suspend the coroutine. What the loop raises is raised once the
-- waiter, if it is a call, was cancelled; on Lua 5.1, where nothing can be caught that yields, its finalizer does that.
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

-- Whether the running coroutine can be suspended. Where Lua does not tell (5.1 and 5.2) that is tried; 5.1 raises then.
local function suspendable(loop)
  if not yieldable.possible() or yieldable.sure then
    return yieldable.possible()
  end
  local notifier = core.notifier()
  if not notifier then
    return false
  end
  loop.spawn(function()
    loop.sleep(0.001) -- not at once, or there would be nothing to wait for
    notifier:notify()
  end)
  return wait(loop, notifier)
end

--- Makes a host's way to wait.
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
    if not notifier then -- one after another, and each call says what is the matter
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
