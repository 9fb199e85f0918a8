--- Waiting inside luv: found by itself when the caller runs in a coroutine while the loop runs.
-- SPDX-License-Identifier: MIT
--
-- Before uv.run() there is no telling whether it will come. A coroutine that is started earlier and shall wait in the loop
-- needs a client with the option loop = "luv".

local adapter = require "seranking.loop.adapter"
local uv = require "luv"
local yieldable = require "seranking.loop.yield"

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

-- Ends when the descriptor is ready or the time is over, whichever is first: adapter looks which it was.
function loop.wait(waiter, thread)
  local poll, seconds = assert(uv.new_poll(waiter:fd())), waiter:timeout()
  local timer = seconds and uv.new_timer()
  local function close()
    poll:close()
    if timer then
      timer:close()
    end
  end
  local function wake()
    close()
    if coroutine.status(thread) == "suspended" then -- Lua 5.1 and 5.2 may have refused that
      resume(thread)
    end
  end
  poll:start("r", wake)
  if timer then
    uv.update_time() -- the loop's own is that of its last turn
    timer:start(math.ceil(seconds * 1000), 0, wake)
  end
  if not yieldable.suspend() then
    close()
    error(yieldable.REFUSED, 0)
  end
end

function loop.spawn(f)
  resume(coroutine.create(f))
end

function loop.sleep(seconds)
  local thread = adapter.current()
  local timer = uv.new_timer()
  timer:start(math.ceil(seconds * 1000), 0, function()
    timer:close()
    resume(thread)
  end)
  coroutine.yield()
end

return adapter.new(loop)
