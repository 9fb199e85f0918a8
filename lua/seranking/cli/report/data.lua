--- The positions of a report as JSON for the script of the page: a character for each keyword and day.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local json = require "seranking.base.json"
local series = require "seranking.cli.chart.series"
local text = require "seranking.cli.text"

local data = {}

local NONE = "–"
local MOST = 1000 -- positions that have a character; the API looks at 200 results at most

-- The characters, by what they stand for: 1 "not checked", 2 "not ranking", n + 2 position n. These are the code points from
-- 32 on but those that JSON or HTML writes differently and those that don't show. The script of the page has the same list.
local function characters()
  local list, code = {}, 32
  while #list < MOST + 2 do
    if code ~= 0x22 and code ~= 0x3C and code ~= 0x5C and (code < 0x7F or code > 0xA0) and code ~= 0xAD then
      list[#list + 1] = code < 0x80 and string.char(code)
        or string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
    end
    code = code + 1
  end
  return list
end

local CHARACTERS = characters()

-- The positions of a row at all dates.
local function line(row, dates)
  local parts = {}
  for i, date in ipairs(dates) do
    local position = row.positions[date]
    parts[i] = CHARACTERS[position == nil and 1 or math.min(position, MOST) + 2]
  end
  return table.concat(parts)
end

-- The series of a chart at all its dates.
local function chart_data(chart)
  local days, list = {}, {}
  for _, one in ipairs(chart.series) do
    for _, point in ipairs(one.points) do
      if not days[point.day] then
        days[point.day] = true
        list[#list + 1] = point.day
      end
    end
  end
  table.sort(list)
  local dates, lines = {}, {}
  for i, day in ipairs(list) do
    dates[i] = calendar.date(day)
  end
  for s, one in ipairs(chart.series) do
    local by_day, labels = {}, {}
    for _, point in ipairs(one.points) do
      by_day[point.day] = point.value
    end
    for i, day in ipairs(list) do
      labels[i] = by_day[day] and series.value_label(chart, by_day[day]) or NONE
    end
    lines[s] = { name = text.utf8(one.name), values = json.array(labels) }
  end
  return { dates = json.array(dates), series = json.array(lines) }
end

--- The data of a report: { dates, names, engines: [{ name, rows: [[place in names, volume, positions]] }], charts: { average,
--- visibility: { dates, series: [{ name, values as they are shown }] } } }.
---@param made seranking.cli.Figures
---@return string json fit to stand in a script element
function data.encode(made)
  local names, place, engines = {}, {}, {}
  for e, engine in ipairs(made.engines) do
    local rows = {}
    for i, row in ipairs(engine.rows) do
      local name = text.utf8(row.name)
      if not place[name] then
        place[name], names[#names + 1] = #names, name
      end
      rows[i] = { place[name], row.volume or json.null, line(row, made.dates) }
    end
    engines[e] = { name = text.utf8(engine.name), rows = json.array(rows) }
  end
  local encoded = assert(json.encode({
    dates = json.array(made.dates), names = json.array(names), engines = json.array(engines),
    charts = { average = chart_data(made.average), visibility = chart_data(made.visibility) },
  }, "the report's data"))
  -- "<" begins whatever HTML would take for the end of the script.
  return (encoded:gsub("<", "\\u003c"))
end

return data
