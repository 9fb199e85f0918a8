--- The figures of a report, from the answers of the API.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local distribution = require "seranking.cli.chart.distribution"
local project = require "seranking.cli.chart.project"

local figures = {}

local MOVERS = 10
local MOST_LINES = 6 -- of a chart

--- A keyword under an engine.
---@class seranking.cli.ReportRow
---@field name string
---@field engine string
---@field volume? integer
---@field positions table<string, integer> by date; 0: not ranking
---@field points seranking.cli.Point[]
---@field first integer at its first check of the period; 0: not ranking
---@field last integer
---@field best? integer
---@field gain integer places won from the first to the last check; "not ranking" counts as one place behind the depth

---@class seranking.cli.Figures
---@field site table of client.sites:list
---@field summary table of client.sites:summary
---@field engines { name: string, rows: seranking.cli.ReportRow[], counts: { first: integer[], last: integer[] } }[]
---@field dates string[] on which anything was checked, in order
---@field up seranking.cli.ReportRow[] that won most, the first first
---@field down seranking.cli.ReportRow[]
---@field moved { up: integer, down: integer, same: integer } rows
---@field checked integer rows with a check in the period
---@field average seranking.cli.Chart left_out: how many engines it does not show
---@field all_average? seranking.cli.Series
---@field visibility seranking.cli.Chart
---@field all_visibility? seranking.cli.Series

local function row_of(keyword, engine, depth, seen)
  local row = {
    name = keyword.name or ("%d"):format(keyword.id), engine = engine, volume = tonumber(keyword.volume),
    positions = {}, points = project.points(keyword.positions),
  }
  for _, point in ipairs(row.points) do
    local date = calendar.date(point.day)
    row.positions[date], seen[date] = point.value or 0, true
    if point.value then
      row.best = math.min(row.best or point.value, point.value)
    end
  end
  local first, last = row.points[1], row.points[#row.points]
  if first then
    row.first, row.last = first.value or 0, last.value or 0
    row.gain = (first.value or depth + 1) - (last.value or depth + 1)
  end
  return row
end

-- The rows that moved most: `sign` 1 up, -1 down.
local function movers(engines, sign)
  local list, count = {}, 0
  for _, engine in ipairs(engines) do
    for _, row in ipairs(engine.rows) do
      if row.gain and row.gain * sign > 0 then
        list[#list + 1], count = row, count + 1
      end
    end
  end
  table.sort(list, function(a, b)
    if a.gain ~= b.gain then
      return a.gain * sign > b.gain * sign
    elseif a.name ~= b.name then
      return a.name < b.name
    end
    return a.engine < b.engine
  end)
  for i = #list, MOVERS + 1, -1 do
    list[i] = nil
  end
  return list, count
end

--- The first and the last value of a series.
---@param one? seranking.cli.Series
---@return number? first, number? last
function figures.ends(one)
  local first, last
  for _, point in ipairs(one and one.points or {}) do
    first = first or point.value
    last = point.value or last
  end
  return first, last
end

local function sorted_keys(set)
  local list = {}
  for key in pairs(set) do
    list[#list + 1] = key
  end
  table.sort(list)
  return list
end

-- A chart of the first engines.
local function chart(title, list, positions, unit)
  local left_out = math.max(0, #list - MOST_LINES)
  for i = #list, MOST_LINES + 1, -1 do
    list[i] = nil
  end
  return { title = title, positions = positions, unit = unit, series = list, left_out = left_out }
end

--- Makes the figures.
---@param given { site: table, summary: table, names: table<integer, string>, ids: integer[], positions: table[],
---average: table[], visibility: table[] } names, ids: of the engines; positions: an answer of client.sites.positions:list for
---each of them; average, visibility: of client.sites.positions:history
---@return seranking.cli.Figures
function figures.make(given)
  local engines, seen, checked = {}, {}, 0
  local depth = tonumber(given.site.depth) or 100
  for i, id in ipairs(given.ids) do
    local engine = { name = given.names[id], rows = {} }
    local list, points = {}, {}
    for _, answer in ipairs(given.positions[i] or {}) do
      if answer.site_engine_id == id then
        list = answer.keywords
      end
    end
    for _, keyword in ipairs(list) do
      local row = row_of(keyword, engine.name, depth, seen)
      engine.rows[#engine.rows + 1], points[#points + 1] = row, row.points
      checked = checked + (row.gain and 1 or 0)
    end
    engine.counts = distribution.count(points)
    engines[i] = engine
  end
  local up, ups = movers(engines, 1)
  local down, downs = movers(engines, -1)
  local average, all_average = project.history(given.average, true)
  local visibility, all_visibility = project.history(given.visibility, false)
  return {
    site = given.site, summary = given.summary, engines = engines, dates = sorted_keys(seen), up = up, down = down,
    moved = { up = ups, down = downs, same = checked - ups - downs }, checked = checked,
    average = chart("Average position by engine", average, true), all_average = all_average,
    visibility = chart("Visibility by engine", visibility, false, "%"), all_visibility = all_visibility,
  }
end

return figures
