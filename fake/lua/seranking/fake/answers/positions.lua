--- What the fake API answers: positions, and a project in numbers.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local ranks = require "seranking.fake.ranks"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null = json.array, json.null
local map = tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local function positions_between(keyword, engine, first, last)
  local rows, before = array {}, nil
  for _, date in ipairs(ranks.dates_of(keyword, engine)) do
    local pos = keyword.positions[engine.id][date]
    if date >= first and date <= last then
      rows[#rows + 1] = {
        date = date, pos = pos, change = ranks.change(before, pos), price = 0, is_map = 0, map_position = 0,
        paid_position = 0,
      }
    end
    before = pos
  end
  return rows
end

local function position_row(call, keyword, positions)
  local args = call.args
  local row = {
    id = tostring(keyword.id), name = keyword.name, group_id = tostring(keyword.group_id), volume = 170,
    competition = 0.4, suggested_bid = 1.2, cpc = 1.2, results = "0", total_sum = 0, positions = positions,
  }
  if args.with_landing_pages == 1 then
    row.landing_pages = array {}
    if keyword.target_url then
      row.landing_pages[1] = { url = keyword.target_url, ascii_url = keyword.target_url, date = call.today }
    end
  end
  if args.with_serp_features == 1 then
    row.features = { featured_snippet = true }
  end
  if args.with_content_score == 1 then
    row.content_score, row.content_score_change = null, null
  end
  return row
end

answers["sites.positions.list"] = function(call)
  local first, last = ranks.range_of(call)
  local top = call.args.in_top
  return map(ranks.engines_of(call), function(engine)
    local rows = array {}
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      local positions = positions_between(keyword, engine, first, last)
      local latest = positions[#positions] and positions[#positions].pos or 0
      if not top or (latest > 0 and latest <= top) then
        rows[#rows + 1] = position_row(call, keyword, positions)
      end
    end
    return { site_engine_id = engine.id, keywords = rows }
  end)
end

answers["sites.positions.set"] = function(call)
  local by_engine = call.keyword.positions
  by_engine[call.engine.id] = by_engine[call.engine.id] or {}
  by_engine[call.engine.id][call.args.date] = call.args.position
  return array {}
end

answers["sites.positions.recheck"] = function(call)
  local listed = call.args.keywords
  if listed then
    for _, pair in ipairs(listed) do
      local _, refusal = resolve.engine(call, pair.site_engine_id)
      if not refusal then
        _, refusal = resolve.keyword(call, pair.keyword_id)
      end
      if refusal then
        return nil, refusal
      end
    end
    return { total = #listed }
  end
  local total = 0
  for _, engine in ipairs(ranks.engines_of(call)) do
    total = total + #ranks.keywords_of(call, engine)
  end
  return { total = total }
end

local function round(value)
  return math.floor(value * 10 + 0.5) / 10
end

local function average(list)
  local sum = 0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return list[1] and round(sum / #list) or 0
end

local function count_within(list, top)
  local count = 0
  for _, value in ipairs(list) do
    count = count + (value <= top and 1 or 0)
  end
  return count
end

answers["sites.summary"] = function(call)
  local now, before, checked, up, down = {}, {}, 0, 0, 0
  for _, engine in ipairs(ranks.engines_of(call)) do
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      local dates, positions = ranks.dates_of(keyword, engine), keyword.positions[engine.id] or {}
      local pos, previous = positions[dates[#dates]] or 0, positions[dates[#dates - 1]] or 0
      local moved = ranks.change(previous, pos)
      checked = checked + 1
      now[#now + 1] = pos > 0 and pos or nil
      before[#before + 1] = previous > 0 and previous or nil
      up = up + (moved > 0 and 1 or 0)
      down = down + (moved < 0 and 1 or 0)
    end
  end
  local visibility = count_within(now, 10)
  return {
    site_id = call.site.id, process = 100, today_avg = average(now), yesterday_avg = average(before), total_up = up,
    total_down = down, top5 = count_within(now, 5), top10 = visibility, top30 = count_within(now, 30),
    visibility = visibility * 17, visibility_percent = checked > 0 and round(visibility * 100 / checked) or 0,
    index_google = "118", domain_trust = 21,
  }
end

return answers
