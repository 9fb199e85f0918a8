--- Events: what happens to a call on its way, told to the option on_event.
-- SPDX-License-Identifier: MIT

local mask = require "seranking.base.mask"

local events = {}

--- What a hook gets. Times in seconds.
---@class seranking.Event
---@field type "wait"|"retry"|"rate_limited"|"blocked"|"unblocked"|"limiter_fallback"
---@field seconds number wait: how long it has waited for a slot; retry: until the next attempt; rate_limited: for how long
--- all are stopped; blocked: for how long nobody sends
---@field attempt integer attempts begun by then
---@field method string
---@field url string the key masked
---@field key string "…d14b"
---@field status? integer of the answer that caused it
---@field code? string of the error that caused it
---@field lost? integer how many more there were since, which could not be kept
---@field problem? string limiter_fallback: why the limit is not shared as it was asked for

--- Tells a client's hook what is new of a call. One that raises breaks nothing: client:limiter().hook_error has what it raised.
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
