--- What the fake API knows of positions: who is checked by which engine, on which days.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local tools = require "seranking.fake.tools"

local ranks = {}

local RECHECK_ENDS = 30 -- seconds after its start
local MOST_DAYS = 400   -- that are filled in at once
local MONDAY = calendar.day "2026-11-30"

--- The position of a site for a keyword, as an engine has it on a day; 0 is "not ranking".
---@param call seranking.fake.Call
---@param host string
---@param text string the keyword
---@param engine table
---@param day integer
---@return integer
function ranks.position(call, host, text, engine, day)
  local h = chance.key(call.seed, "rank", domains.host(host), text, engine.search_engine_id, tostring(engine.region_id or 0))
  local base = chance.unit(h, 0)
  local trend = 10 * chance.wave(h + 1, day / 30) + 6 * chance.wave(h + 2, day / 7) + 2 * chance.wave(h + 3, day)
  local at = 1 + math.floor(75 * base * base + trend * (0.3 + base))
  return at > 100 and 0 or math.max(1, at)
end

-- Whether a project's positions are checked on a day, by its check_freq.
local function is_due(site, day)
  local freq = site.check_freq
  if site.is_active == 0 or freq == "manual" then
    return false
  elseif freq == "check_1in3" then
    return (day - site.first_day) % 3 == 0
  elseif freq == "check_weekly" then
    return (day - MONDAY) % 7 + 1 == (site.check_day or 1)
  elseif freq == "check_monthly" then
    return tonumber(calendar.date(day):sub(9)) == math.min(site.check_day or 1, 28)
  end
  return true
end

local function fill(call, site, keyword, engine, day)
  local by_date, date = keyword.positions[engine.id] or {}, calendar.date(day)
  keyword.positions[engine.id] = by_date
  if not by_date[date] then
    by_date[date] = ranks.position(call, site.name, keyword.name, engine, day)
  end
end

--- Does the checks of a project that have come due: one for each day since the last look on which its check_freq has one,
--- beginning with the day after a keyword was added, and the rechecks that have ended. Positions that were set stay.
---@param call seranking.fake.Call
---@param site table
function ranks.check(call, site)
  local today = calendar.day(call.today)
  local engines = call.store.engines:where { site_id = site.id }
  for day = math.max(site.checked_day + 1, today - MOST_DAYS), today do
    if is_due(site, day) then
      for _, keyword in ipairs(call.store.keywords:where { site_id = site.id }) do
        for _, engine in ipairs(keyword.first_day < day and engines or {}) do
          if tools.has(keyword.site_engine_ids, engine.id) then
            fill(call, site, keyword, engine, day)
          end
        end
      end
    end
  end
  site.checked_day = math.max(site.checked_day, today)
  for i = #site.rechecks, 1, -1 do
    local one = site.rechecks[i]
    if call.now - one.at >= RECHECK_ENDS then
      fill(call, site, one.keyword, one.engine, one.day)
      table.remove(site.rechecks, i)
    end
  end
end

--- Begins a check of a keyword by an engine.
---@param call seranking.fake.Call
---@param keyword table
---@param engine table
function ranks.recheck(call, keyword, engine)
  table.insert(call.site.rechecks, { at = call.now, day = calendar.day(call.today), keyword = keyword, engine = engine })
end

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
  return calendar.add(last, -7), last
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
