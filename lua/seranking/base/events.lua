--- Events of a call, for the option on_event.
-- SPDX-License-Identifier: MIT

local mask = require "seranking.base.mask"

local events = {}

--- The argument of on_event. Times in seconds.
---@class seranking.Event
---@field type "wait"|"retry"|"rate_limited"|"blocked"|"unblocked"|"limiter_fallback"
---@field seconds number wait: time spent waiting for a slot; retry: time until the next attempt; rate_limited, blocked: time
--- for which nobody sends
---@field attempt integer attempts begun so far
---@field method string
---@field url string with the key masked
---@field key string "…d14b"
---@field status? integer of the answer that caused it
---@field code? string of the error that caused it
---@field lost? integer later events that were dropped
---@field problem? string limiter_fallback: why the limit is not shared as configured

--- Passes new events of a call to on_event. What on_event raises goes to client:limiter().hook_error.
---@param client table
---@param call userdata
function events.tell(client, call)
  local hook, list = client._on_event, call:happenings()
  if not list then
    return
  end
  local method, url = call:preview()
  for _, event in ipairs(list) do
    event.method, event.url, event.key = method, url, client._key
    local fine, problem = pcall(hook, event)
    if not fine then
      client._hook_error = mask.raised(client, problem)
    end
  end
end

return events
