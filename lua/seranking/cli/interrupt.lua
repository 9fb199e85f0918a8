--- Ctrl-C, SIGTERM and SIGHUP while requests are sent: the client is closed between two requests, so calls, walks and waits end
--- with an error of the library, in order.
-- SPDX-License-Identifier: MIT
--
-- A request under way that costs credits or changes something is finished first: its answer is paid for. The second Ctrl-C
-- cancels it.

local plain = require "seranking.loop.plain"

local interrupt = {}

--- Runs a function with signals watched.
---@param context seranking.cli.Context
---@param settings { careful: boolean, before: (fun())?, during: (fun())? } careful: finish a request under way; before: called
--- before each request; during: several times a second while one is under way
---@param fn fun(): any
---@return boolean fine, any result what fn returned, or raised
---@return boolean interrupted
function interrupt.guard(context, settings, fn)
  local terminal, client = context.terminal, context:client()
  local closed, told = false, false
  local function stop()
    closed = true
    client:close()
  end
  terminal.on_interrupt(true)
  plain.tick = function(in_flight)
    local times = terminal.interrupted()
    if closed then
      return
    elseif times == 0 then
      local look = in_flight and settings.during or not in_flight and settings.before
      if look then
        look()
      end
    elseif not in_flight or not settings.careful or times > 1 then
      stop()
    elseif not told then
      told = true
      context:note "waiting for the answer under way; Ctrl-C again to give it up"
    end
  end
  local fine, result = pcall(fn)
  plain.tick = nil
  terminal.on_interrupt(false)
  return fine, result, closed or told
end

return interrupt
