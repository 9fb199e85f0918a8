--- A chart of lines as text: title, axes, the lines on a canvas, and their names.
-- SPDX-License-Identifier: MIT

local names = require "seranking.cli.chart.names"
local scale = require "seranking.cli.chart.scale"
local series = require "seranking.cli.chart.series"
local text_width = require "seranking.cli.text_width"

local floor, max, min = math.floor, math.max, math.min

local lines = {}

local HEIGHT = 12       -- rows of the canvas, if nothing else is said
local NARROW = 60       -- columns of a terminal below which names stand under the chart
local DATE_ROOM = 9     -- columns for a tick of the axis of days
local LEAST = 10        -- columns of the canvas

-- What the frame is drawn with: left edge, left edge at a tick, corner, bottom edge, bottom edge at a tick, mark of a cut.
local FRAMES = {
  unicode = { edge = "│", edge_tick = "┤", corner = "└", base = "─", base_tick = "┬", cut = "…" },
  ascii = { edge = "|", edge_tick = "+", corner = "+", base = "-", base_tick = "+", cut = "~" },
}

-- Colours of 256 that are told apart by most of those who don't see all colours, on black and on white.
local COLOURS = { 33, 208, 36, 170, 136, 245 }

local function painted(text, index, colour)
  if not colour or not index then
    return text
  end
  return ("\27[38;5;%dm%s\27[0m"):format(COLOURS[(index - 1) % #COLOURS + 1], text)
end

local function pad_left(text, columns)
  return (" "):rep(columns - text_width.width(text)) .. text
end

-- The label of each series: a sample, its name and its last value.
local function labels_of(chart, canvas_module, columns, cut, beside)
  local labels = {}
  for i, one in ipairs(chart.series) do
    local last = series.last(one.points)
    local value = last and series.value_label(chart, last.value) or "no value"
    if #chart.series == 1 and beside then
      labels[i] = { text = value, width = #value, last = last }
    else
      local sample = canvas_module.sample(i)
      local name, width = text_width.cut(names.clean(one.name), max(1, columns - #value - 5), cut)
      labels[i] = { sample = sample, text = name .. " " .. value, width = width + #value + 5, last = last }
    end
  end
  return labels
end

local function label_text(label, index, colour)
  return label.sample and painted(label.sample, index, colour) .. " " .. label.text or label.text
end

-- The dot of a day and a value.
local function dot_of(plot, point)
  local x_share = plot.last > plot.first and (point.day - plot.first) / (plot.last - plot.first) or 0.5
  return floor(x_share * (plot.canvas.columns * plot.canvas.across - 1) + 0.5),
    floor((1 - scale.share(plot.axis, point.value)) * (plot.canvas.rows * plot.canvas.down - 1) + 0.5)
end

local function draw_series(plot, chart)
  for i = #chart.series, 1, -1 do -- the first is drawn last, over the others
    for _, run in ipairs(series.runs(chart.series[i].points)) do
      local x, y = dot_of(plot, run[1])
      plot.canvas:dot(x, y, i)
      for n = 2, #run do
        local next_x, next_y = dot_of(plot, run[n])
        plot.canvas:line(x, y, next_x, next_y, i)
        x, y = next_x, next_y
      end
    end
  end
end

-- The labels of the left axis by row, from 1.
local function tick_rows(plot)
  local rows = {}
  for _, tick in ipairs(plot.axis.ticks) do
    local y = floor((1 - scale.share(plot.axis, tick.at)) * (plot.canvas.rows * plot.canvas.down - 1) + 0.5)
    local row = floor(y / plot.canvas.down) + 1
    rows[row] = rows[row] or tick.label
  end
  return rows
end

-- The labels at the right of the canvas by row: each as near to its line's end as the others allow.
local function end_rows(plot, labels)
  local wanted, whose = {}, {}
  for i, label in ipairs(labels) do
    if label.last then
      local _, y = dot_of(plot, label.last)
      wanted[#wanted + 1], whose[#whose + 1] = floor(y / plot.canvas.down) + 1, i
    end
  end
  local rows = {}
  for n, row in ipairs(scale.spread(wanted, 1, 1, plot.canvas.rows)) do
    rows[floor(row + 0.5)] = whose[n]
  end
  return rows
end

-- The two lines of the axis of days.
local function date_axis(plot, frame)
  local columns = plot.canvas.columns
  local base, line, filled = {}, {}, 0
  for column = 1, columns do
    base[column] = frame.base
  end
  for _, tick in ipairs(scale.dates(plot.first, plot.last, max(2, floor(columns / DATE_ROOM)))) do
    local x = dot_of(plot, { day = tick.at, value = plot.axis.low })
    local column = floor(x / plot.canvas.across) + 1
    local start = max(1, min(columns - #tick.label + 1, column - floor((#tick.label - 1) / 2)))
    if start > filled + 1 or filled == 0 then
      base[column] = frame.base_tick
      line[#line + 1] = (" "):rep(start - filled - 1) .. tick.label
      filled = start + #tick.label - 1
    end
  end
  return table.concat(base), table.concat(line)
end

local function canvas_row(plot, row, colour)
  local drawn = plot.canvas:row(row)
  for column, owner in pairs(drawn.owners) do
    drawn.texts[column] = painted(drawn.texts[column], owner, colour)
  end
  return table.concat(drawn.texts)
end

local function widest(labels)
  local width = 0
  for _, label in pairs(labels) do
    width = max(width, label.width or text_width.width(label))
  end
  return width
end

--- Draws a chart.
---@param chart seranking.cli.Chart with a value at least
---@param settings { width: integer, height?: integer, unicode: boolean, colour?: boolean } width: columns of the terminal
---@return string text its lines, each with a line break
function lines.draw(chart, settings)
  local canvas_module = require("seranking.cli.chart." .. (settings.unicode and "braille" or "ascii"))
  local frame = settings.unicode and FRAMES.unicode or FRAMES.ascii
  local rows = settings.height or HEIGHT
  local extent = assert(series.extent(chart), "a chart without a value")
  local axis = series.axis(chart, extent, max(1, min(5, floor((rows - 1) / 2))))
  local tick_labels = {}
  for i, tick in ipairs(axis.ticks) do
    tick_labels[i] = tick.label
  end
  local margin = widest(tick_labels)

  local beside = settings.width >= NARROW and #chart.series <= rows
  local labels = labels_of(chart, canvas_module, beside and floor(settings.width / 3) or settings.width - margin - 2, frame.cut,
    beside)
  local columns = max(LEAST, settings.width - margin - 2 - (beside and widest(labels) + 1 or 0))
  local plot = { axis = axis, first = extent.first, last = extent.last, canvas = canvas_module.new(columns, rows) }
  draw_series(plot, chart)

  local made = {}
  local function add(line)
    made[#made + 1] = line:gsub(" +$", "") .. "\n"
  end
  for _, line in ipairs { chart.title, chart.subtitle or false } do
    if line then
      add((text_width.cut(names.clean(line), settings.width, frame.cut)))
    end
  end
  add ""
  local left, right = tick_rows(plot), beside and end_rows(plot, labels) or {}
  for row = 1, rows do
    local label = right[row] and " " .. label_text(labels[right[row]], right[row], settings.colour) or ""
    add(pad_left(left[row] or "", margin) .. " " .. (left[row] and frame.edge_tick or frame.edge)
      .. canvas_row(plot, row, settings.colour) .. label)
  end
  local base, dates = date_axis(plot, frame)
  add((" "):rep(margin + 1) .. frame.corner .. base)
  add((" "):rep(margin + 2) .. dates)
  if not beside then
    for i, label in ipairs(labels) do
      add((" "):rep(margin + 2) .. label_text(label, i, settings.colour))
    end
  end
  return table.concat(made)
end

return lines
