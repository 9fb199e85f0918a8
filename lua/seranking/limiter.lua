--- client:limiter(): what is known of the limit, for people and programs.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"

local limiter = {}

---@class seranking.Limiter
---@field scope "user"|"process"|"redis"|"off" who shares it; "process" with a `problem` where more was asked for
---@field limit integer requests …
---@field per number … in this many seconds
---@field busy integer slots in use or cooling down
---@field free integer
---@field waiting integer calls of this client that wait for a slot
---@field slots { state: "free"|"in use"|"cooling", free_in: number }[] free_in: seconds, at the latest
---@field held_for number seconds for which a 429 stops everybody
---@field spaced boolean the last requests got no answer, so one is sent at a time until one is answered
---@field spaced_for number seconds until the next of those may be sent
---@field circuit { state: "closed"|"open"|"half-open", reason: string?, retry_after: number, level: integer, strikes: integer,
--- probing: boolean }
---@field key string "…d14b"
---@field file? string where it is kept, on this machine
---@field server? string or on which Redis
---@field problem? string why it is not what was asked for
---@field hook_error? string what the last on_event raised that failed
local methods = {}

-- How long a view or a reset may take where the limiter is on a server, and the caller may block.
local PATIENCE = 2

--- Ends a ban and a hold for everybody who shares the limit: for when the key works again, or was mended.
---@return boolean? done, string? problem where a Redis has not confirmed it
function methods:reset()
  local meta = type(self) == "table" and getmetatable(self)
  if not meta or meta.__index ~= methods then
    misuse.raise("call it with a colon: client:limiter():reset()")
  end
  if self.scope ~= "off" and not meta.core:reset_limit(meta.patience) then
    return nil, "Redis has not confirmed it: do it from a program that may wait, outside of an event loop"
  end
  return true
end

-- One line.
local function view_tostring(self)
  if self.scope == "off" then
    return "seranking limiter: off"
  end
  local circuit = self.circuit
  local ban = circuit.state == "closed" and "" or (", %s: %s for %.0f s"):format(circuit.state, circuit.reason,
    circuit.retry_after)
  return ("seranking limiter (%s): key %s, %d of %d slots busy, %g in %g s%s%s"):format(self.scope, self.key, self.busy,
    self.limit, self.limit, self.per, ban, self.problem and "; " .. self.problem or "")
end

--- A view of now. Of a limiter on a server, where the caller must not block: of what its last answer said.
---@param core userdata
---@param may_block boolean
---@param hook_error string?
---@return seranking.Limiter
function limiter.view(core, may_block, hook_error)
  local patience = may_block and PATIENCE or 0
  local view = core:limit(patience) or {
    scope = "off", limit = 0, per = 0, slots = {}, busy = 0, free = 0, waiting = 0, held_for = 0, spaced = false,
    spaced_for = 0, key = core:key(),
    circuit = { state = "closed", retry_after = 0, level = 0, strikes = 0, probing = false },
  }
  view.hook_error = hook_error
  -- A metatable of its own, which copies of the view share.
  return setmetatable(view, {
    __name = "seranking.limiter", __index = methods, __tostring = view_tostring, core = core, patience = patience,
  })
end

return limiter
