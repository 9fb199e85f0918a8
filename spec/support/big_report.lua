--- Figures of a report with many keywords, made up by arithmetic.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local figures = require "seranking.cli.report.figures"

local LAST = calendar.day "2026-11-30"

--- Answers of the API as figures.make takes them: keyword k of engine e has on day d the position that `position` says.
---@param given { keywords: integer, days: integer, engines: integer, name?: fun(k: integer): string,
---position?: fun(k: integer, e: integer, d: integer): integer, title?: string }
---@return seranking.cli.Figures
return function(given)
  local position = given.position or function(k, e, d)
    local place = (k * 7919 + e * 31) % 118 + math.floor(6 * math.sin((d + k) / 9) + 0.5)
    return place > 100 and 0 or math.max(1, place)
  end
  local name = given.name or function(k) return "keyword of usual length " .. k end
  local names, ids, positions, history = {}, {}, {}, {}
  for e = 1, given.engines do
    ids[e], names[e] = e, "Engine " .. e
    local keywords, days = {}, {}
    for k = 1, given.keywords do
      local list = {}
      for d = 1, given.days do
        list[d] = { date = calendar.date(LAST - given.days + d), pos = position(k, e, d) }
      end
      keywords[k] = { id = k, name = name(k), volume = k * 37 % 5000, positions = list }
    end
    for d = 1, given.days do
      days[d] = { date = calendar.date(LAST - given.days + d), value = 20 + e + d % 5 }
    end
    positions[e] = { { site_engine_id = e, keywords = keywords } }
    history[e] = { type = "search_engine", name = names[e], data = days }
  end
  return figures.make {
    site = { id = 5, title = given.title or "Big shop", name = "shop.example.com", depth = 100 },
    summary = { today_avg = 24.3, visibility_percent = 31.2 }, names = names, ids = ids, positions = positions,
    average = history, visibility = history,
  }
end
