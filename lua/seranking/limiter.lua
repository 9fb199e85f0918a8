--- client:limiter(): the state of the rate limit.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"

local limiter = {}

---@class seranking.Limiter
---@field scope "user"|"process"|"redis"|"off" who shares it; "process" with a `problem` if a wider scope failed
---@field limit integer requests allowed in `per` seconds
---@field per number seconds
---@field busy integer slots in use or cooling down
---@field free integer
---@field waiting integer calls of this client that wait for a slot
---@field slots { state: "free"|"in use"|"cooling", free_in: number }[] free_in: seconds, at the latest
---@field held_for number seconds until requests go on after a 429
---@field spaced boolean the last requests got no answer, so one is sent at a time until one is answered
---@field spaced_for number seconds until the next one may be sent
---@field circuit { state: "closed"|"open"|"half-open", reason: string?, retry_after: number, level: integer, strikes: integer,
--- probing: boolean }
---@field key string "…d14b"
---@field file? string its file, if it is shared on this machine
---@field server? string its Redis, if it is shared there
---@field problem? string why the scope is narrower than requested
---@field hook_error? string the last error that on_event raised
local methods = {}

-- Seconds that a view or reset may wait for Redis if the caller may block.
local PATIENCE = 2

--- Ends a ban and a hold for all who share the limit. Use it when the key works again.
---@return boolean? done, string? problem if Redis has not confirmed it
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

--- The state now. If the limiter is on Redis and the caller must not block: its state as of the last answer.
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
  -- Each view has its own metatable, which copies of the view share.
  return setmetatable(view, {
    __name = "seranking.limiter", __index = methods, __tostring = view_tostring, core = core, patience = patience,
  })
end

return limiter
