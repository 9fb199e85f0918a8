--- Waiting inside luv. Chosen automatically when the caller runs in a coroutine while the loop is running.
-- SPDX-License-Identifier: MIT
--
-- Before uv.run() nobody can know whether it will be called. A coroutine that starts earlier needs a client with the option
-- loop = "luv".

local adapter = require "seranking.loop.adapter"
local uv = require "luv"
local yieldable = require "seranking.loop.yield"

local loop = { name = "luv" }

function loop.inside()
  return uv.loop_mode() ~= nil
end

-- libuv resumes the coroutine from a callback, so an error in it is raised there.
local function resume(thread)
  local fine, problem = coroutine.resume(thread)
  if not fine then
    error(debug.traceback(thread, tostring(problem)), 0)
  end
end

-- Returns when the descriptor is readable or the time is over; adapter finds out which it was.
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
    if coroutine.status(thread) == "suspended" then -- on Lua 5.1 and 5.2 suspending may have failed
      resume(thread)
    end
  end
  poll:start("r", wake)
  if timer then
    uv.update_time() -- the loop's clock stands at its last turn
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

-- A timer of 0 ms would run before libuv polls again, an idle handle runs after it.
function loop.sleep(seconds)
  local thread = adapter.current()
  local handle = seconds > 0 and uv.new_timer() or uv.new_idle()
  local function wake()
    handle:close()
    resume(thread)
  end
  if seconds > 0 then
    handle:start(math.ceil(seconds * 1000), 0, wake)
  else
    handle:start(wake)
  end
  coroutine.yield()
end

return adapter.new(loop)
