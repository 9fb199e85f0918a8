--- Waiting inside cqueues. Chosen automatically when the caller runs in one of its controllers.
-- SPDX-License-Identifier: MIT

local adapter = require "seranking.loop.adapter"
local cqueues = require "cqueues"

local loop = { name = "cqueues", sleep = cqueues.sleep }

function loop.inside()
  return cqueues.running() ~= nil
end

-- A waiter has the methods that cqueues polls by. cqueues must forget the descriptor before `step` closes it. Returns when the
-- time is over too; adapter finds out which it was.
function loop.wait(waiter)
  local seconds = waiter:timeout()
  local deadline = seconds and cqueues.monotime() + seconds or math.huge
  repeat
    local fd = waiter:pollfd()
    cqueues.poll(waiter)
    cqueues.cancel(fd)
  until waiter:step() or cqueues.monotime() >= deadline
end

function loop.spawn(f)
  cqueues.running():wrap(f)
end

return adapter.new(loop)
