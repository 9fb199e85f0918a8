--- The server's side of the rate limit: a rolling window for each key, and a ban that grows.
-- SPDX-License-Identifier: MIT

local REFUSALS = 3 -- this many refused requests …
local REFUSAL_SPAN = 60 -- … within this many seconds start a ban …
local FIRST_BAN = 600 -- … of this many seconds, twice as long each further time
local ROUNDING = 1e-9 -- clocks are floats: 0.7 + 1 - 0.7 is not always 1

---@class seranking.fake.Limiter
---@field limit number requests that a window holds
---@field per number length of the window in seconds
local Limiter = {}
Limiter.__index = Limiter

---@param limit number
---@param per number
---@return seranking.fake.Limiter
function Limiter.new(limit, per)
  return setmetatable({ limit = limit, per = per, keys = {} }, Limiter)
end

--- A queue of times, in order; `first` is the index of the oldest one kept.
local function new_times()
  return { first = 1, last = 0 }
end

--- Drops the times that are `span` or more seconds old.
local function prune(list, now, span)
  while list[list.first] and now - list[list.first] >= span - ROUNDING do
    list[list.first] = nil
    list.first = list.first + 1
  end
end

local function push(list, now)
  list.last = list.last + 1
  list[list.last] = now
end

local function size(list)
  return list.last - list.first + 1
end

--- Counts a request, refused ones too, and says whether it may pass.
---@param key string
---@param now number seconds, never less than at the call before
---@return boolean admitted
---@return string? reason
function Limiter:admit(key, now)
  local state = self.keys[key]
  if not state then
    state = { arrivals = new_times(), refusals = new_times(), bans = 0, banned_until = -math.huge }
    self.keys[key] = state
  end
  prune(state.arrivals, now, self.per)
  local crowded = size(state.arrivals) >= self.limit
  push(state.arrivals, now)
  if now < state.banned_until - ROUNDING then
    return false, string.format("blocked for another %.3f s", state.banned_until - now)
  elseif not crowded then
    return true
  end
  prune(state.refusals, now, REFUSAL_SPAN)
  push(state.refusals, now)
  if size(state.refusals) < REFUSALS then
    return false, "over the limit"
  end
  local ban = FIRST_BAN * 2 ^ state.bans
  state.bans = state.bans + 1
  state.banned_until = now + ban -- longer than REFUSAL_SPAN, so afterwards the refusals are counted from none
  return false, string.format("over the limit again: blocked for %d s", ban)
end

return Limiter
