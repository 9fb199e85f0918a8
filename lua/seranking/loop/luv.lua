--- Waiting inside luv: found by itself when the caller runs in a coroutine while the loop runs.
-- SPDX-License-Identifier: MIT
--
-- Before uv.run() there is no telling whether it will come. A coroutine that is started earlier and shall wait in the loop
-- needs a client with the option loop = "luv".

local adapter = require "seranking.loop.adapter"
local uv = require "luv"

local loop = { name = "luv" }

function loop.inside()
  return uv.loop_mode() ~= nil
end

-- What comes out of a coroutine that libuv has resumed has nobody else to go to.
local function resume(thread)
  local fine, problem = coroutine.resume(thread)
  if not fine then
    error(debug.traceback(thread, tostring(problem)), 0)
  end
end

function loop.wait(waiter)
  local thread = coroutine.running()
  local poll = uv.new_poll(waiter:fd())
  poll:start("r", function()
    if waiter:step() then
      poll:close()
      resume(thread)
    end
  end)
  coroutine.yield()
end

function loop.spawn(f)
  resume(coroutine.create(f))
end

function loop.sleep(seconds)
  local thread = coroutine.running()
  local timer = uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    resume(thread)
  end)
  coroutine.yield()
end

return adapter.new(loop)
