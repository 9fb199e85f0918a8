--- What the fake API knows of positions: who is checked by which engine, on which days.
-- SPDX-License-Identifier: MIT

local tools = require "seranking.fake.tools"

local ranks = {}

--- The dates that a keyword has positions for under an engine, in order.
---@param keyword table
---@param engine table
---@return string[]
function ranks.dates_of(keyword, engine)
  local dates = {}
  for date in pairs(keyword.positions[engine.id] or {}) do
    dates[#dates + 1] = date
  end
  table.sort(dates)
  return dates
end

--- How far a position moved since the one before; up is positive, and 0 where either is "not ranking".
---@param before integer?
---@param now integer
---@return integer
function ranks.change(before, now)
  return before and before > 0 and now > 0 and before - now or 0
end

--- The days that a call covers: a week up to today, where it doesn't say.
---@param call seranking.fake.Call
---@return string first, string last
function ranks.range_of(call)
  local last = call.args.date_to or call.today
  if call.args.date_from then
    return call.args.date_from, last
  end
  local year, month, day = last:match("(%d+)-(%d+)-(%d+)")
  local noon = os.time { year = tonumber(year), month = tonumber(month), day = tonumber(day) - 7, hour = 12 }
  return os.date("%Y-%m-%d", noon), last
end

--- The engines that a call is about: the one that it names or all of the project.
---@param call seranking.fake.Call
---@return table[]
function ranks.engines_of(call)
  return call.engine and { call.engine } or call.store.engines:where { site_id = call.site.id }
end

--- The keywords that an engine checks or has positions of.
---@param call seranking.fake.Call
---@param engine table
---@return table[]
function ranks.keywords_of(call, engine)
  local found = {}
  for _, keyword in ipairs(call.store.keywords:where { site_id = call.site.id }) do
    if tools.has(keyword.site_engine_ids, engine.id) or keyword.positions[engine.id] then
      found[#found + 1] = keyword
    end
  end
  return found
end

return ranks
