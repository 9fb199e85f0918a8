--- Series of days and numbers, as all charts take them.
-- SPDX-License-Identifier: MIT

local scale = require "seranking.cli.chart.scale"

local series = {}

--- A chart of lines.
---@class seranking.cli.Chart
---@field title string
---@field subtitle? string
---@field positions boolean 1 is the best and on top
---@field unit? string behind numbers, such as "%"
---@field series seranking.cli.Series[]

---@class seranking.cli.Series
---@field name string
---@field points seranking.cli.Point[] by day

---@class seranking.cli.Point
---@field day integer its number (seranking.base.calendar)
---@field value? number none: a gap

local HOLE = 2 -- a gap is where a day comes later than so many usual distances

-- The usual distance between the days of a series: their median.
local function usual_distance(points)
  local distances = {}
  for i = 2, #points do
    distances[i - 1] = points[i].day - points[i - 1].day
  end
  table.sort(distances)
  return distances[math.ceil(#distances / 2)] or 1
end

--- The parts of a series to draw as one line each: it is broken where a value is missing, and where days are.
---@param points seranking.cli.Point[]
---@return seranking.cli.Point[][]
function series.runs(points)
  local most = HOLE * usual_distance(points)
  local runs, run, last = {}, nil, nil
  for _, point in ipairs(points) do
    if not point.value then
      run = nil
    else
      if not run or point.day - last > most then
        run = {}
        runs[#runs + 1] = run
      end
      run[#run + 1], last = point, point.day
    end
  end
  return runs
end

--- The last point that has a value.
---@param points seranking.cli.Point[]
---@return seranking.cli.Point?
function series.last(points)
  for i = #points, 1, -1 do
    if points[i].value then
      return points[i]
    end
  end
end

--- What a chart covers; nil if it has no value at all.
---@param chart seranking.cli.Chart
---@return { first: integer, last: integer, low: number, high: number, whole: boolean }? whole: all numbers are
function series.extent(chart)
  local extent
  for _, one in ipairs(chart.series) do
    for _, point in ipairs(one.points) do
      if point.value then
        extent = extent or { first = point.day, last = point.day, low = point.value, high = point.value, whole = true }
        extent.low, extent.high = math.min(extent.low, point.value), math.max(extent.high, point.value)
        extent.whole = extent.whole and point.value % 1 == 0
      end
    end
  end
  -- Days without a value count as well: they show that there was none.
  for _, one in ipairs(extent and chart.series or {}) do
    for _, point in ipairs(one.points) do
      extent.first, extent.last = math.min(extent.first, point.day), math.max(extent.last, point.day)
    end
  end
  return extent
end

--- The axis of a chart's numbers.
---@param chart seranking.cli.Chart
---@param extent { low: number, high: number, whole: boolean }
---@param count integer the most steps between ticks
---@return seranking.cli.Axis
function series.axis(chart, extent, count)
  return (chart.positions and scale.positions or scale.numbers)(extent.low, extent.high, count, { whole = extent.whole })
end

--- A value as a reader writes it, with one decimal unless it is whole.
---@param chart seranking.cli.Chart
---@param value number
---@return string
function series.value_label(chart, value)
  local rounded = math.floor(value * 10 + 0.5) / 10
  return scale.number_label(rounded, rounded % 1 == 0 and 1 or 0.1) .. (chart.unit or "")
end

return series
