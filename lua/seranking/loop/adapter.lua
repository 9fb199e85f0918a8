--- Waiting in an event loop: calls run on the core's own thread, and the loop polls a descriptor that says when one is done.
--- Makes a host's way to wait out of a loop's three functions.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.errors"
local yieldable = require "seranking.loop.yield"

--- What a loop has to offer. `wait` and `spawn` are called where `inside` is true, or where the client was told to use this
--- loop (option `loop`).
---@class seranking.Loop
---@field name string for messages
---@field inside fun(): boolean whether the caller runs inside this loop
---@field wait fun(waiter: seranking.Waiter) suspends the running coroutine, and nothing else, until waiter:step() is true
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

-- pcall that can be yielded across, on Lua 5.1 too.
local protect = pcall
if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
  local function pass(thread, fine, ...)
    if coroutine.status(thread) == "dead" then
      return fine, ...
    end
    return pass(thread, coroutine.resume(thread, coroutine.yield(...)))
  end
  function protect(f, ...)
    local thread = coroutine.create(f)
    return pass(thread, coroutine.resume(thread, ...))
  end
end

--- Runs the items of a job, one after another: for as many of these at once as the job allows.
---@param job seranking.Job
function adapter.work(job)
  for index in job.next, job do
    job:settle(index, protect(job.fn, job.list[index], index))
  end
end

--- Makes a host's way to wait.
---@param loop seranking.Loop
---@return table
function adapter.new(loop)
  local way = { name = loop.name, inside = loop.inside, sleep = loop.sleep }

  function way.wait(_, call)
    if not yieldable.possible() then
      return yieldable.error()
    end
    local begun, problem = call:begin()
    if not begun then
      return errors.wrap(problem)
    end
    loop.wait(call)
    if not call:step() then
      call:cancel()
      return errors.new("cancelled", "not_awaited", "the loop gave up waiting before the call was done")
    end
  end

  function way.all(_, job)
    if not yieldable.possible() then
      return adapter.work(job)
    end
    local live, signal = math.min(job.width, job.count), core.signal()
    for _ = 1, live do
      loop.spawn(function()
        adapter.work(job)
        live = live - 1
        if live == 0 then
          signal:ring()
        end
      end)
    end
    loop.wait(signal)
  end

  return way
end

return adapter
