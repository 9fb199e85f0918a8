--- Charts as SVG: light or dark as the reader has it, and readable without colour, by dashes, marks and names.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local names = require "seranking.cli.chart.names"
local scale = require "seranking.cli.chart.scale"
local series = require "seranking.cli.chart.series"
local text_width = require "seranking.cli.text_width"

local floor, max, min = math.floor, math.max, math.min
local escape = names.escape

local svg = {}

-- Sizes in pixels.
local SIZE = 12             -- of the letters at axes and lines
local COLUMN = 6.9          -- a column of such letters, at most on average
local WIDE = 560            -- width of a chart from which names stand at the ends of lines
local TICK_ROOM = 44        -- height for a step of the left axis
local DATE_ROOM = 76        -- width for a tick of the axis of days
local LABEL_GAP = 16        -- height of a line of labels
local BAR, BAR_GAP = 16, 12

-- Series take these in turn. Chosen to be told apart also by readers who don't see red, green or blue: in CIELAB at least
-- 17 from each other under each deficiency, and at least 3.5 : 1 against the ground.
svg.LIGHT = { "#0b57d0", "#a8430c", "#0e9484", "#6b2178", "#b07f00", "#3d434a" }
svg.DARK = { "#5b93ff", "#ff6a3d", "#2fd693", "#d08fe0", "#f0d03c", "#e2e4e9" }
local DASHES = { "", "7 4", "0.1 4.5", "11 4 0.1 4", "4 4", "14 6" }

--- Colours of all that is no series.
svg.INK = {
  light = { ground = "#ffffff", ink = "#1b1f24", muted = "#5c6670", grid = "#e6e8eb", axis = "#9aa3ad", bar = "#0b57d0" },
  dark = { ground = "#14171b", ink = "#e8eaed", muted = "#9aa4af", grid = "#2a3037", axis = "#5a646f", bar = "#5b93ff" },
}

svg.FONT = [[system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif]]

-- The rules that depend on the reader's choice of light and dark.
local function colours(ink, list)
  local rules = {
    (".c-ink{fill:%s}.c-muted{fill:%s}.c-ground{fill:%s}.c-grid{stroke:%s}.c-axis{stroke:%s}.c-bar{fill:%s}"):format(
      ink.ink, ink.muted, ink.ground, ink.grid, ink.axis, ink.bar),
  }
  for i, colour in ipairs(list) do
    rules[i + 1] = (".s%d{stroke:%s}.m%d{fill:%s;stroke:%s}"):format(i, colour, i, colour, ink.ground)
  end
  return table.concat(rules)
end

--- The style sheet of all charts. A page that has charts inside puts it into its own.
---@return string
function svg.style()
  local dashes = {}
  for i, dash in ipairs(DASHES) do
    dashes[i] = dash ~= "" and (".s%d{stroke-dasharray:%s}"):format(i, dash) or ""
  end
  return (".chart text{font:%dpx %s;font-variant-numeric:tabular-nums}.chart .c-title{font-size:17px;font-weight:600}"
    .. ".chart .c-strong{font-weight:600}.c-line{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}"
    .. ".c-mark{stroke-width:1.5}.c-grid,.c-axis{fill:none;stroke-width:1}"):format(SIZE, svg.FONT)
    .. table.concat(dashes) .. colours(svg.INK.light, svg.LIGHT)
    .. "@media screen and (prefers-color-scheme:dark){" .. colours(svg.INK.dark, svg.DARK) .. "}"
end

-- A number of the drawing, in every locale.
local function place(number)
  local text = ("%.1f"):format(number):gsub(",", "."):gsub("%.0$", "")
  return text == "-0" and "0" or text
end

local function style_index(index)
  return (index - 1) % #svg.LIGHT + 1
end

local function text(x, y, class, anchor, content)
  return ('<text x="%s" y="%s" class="%s"%s>%s</text>'):format(place(x), place(y), class,
    anchor and (' text-anchor="%s"'):format(anchor) or "", content)
end

-- Marks at the ends of lines, by series: paths around a centre.
local MARKS = {
  "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "m-3.6 -3.6h7.2v7.2h-7.2z", "m0 -4.8l4.8 8.4h-9.6z",
  "m0 -5.2l5.2 5.2l-5.2 5.2l-5.2 -5.2z",
  "m0 4.8l4.8 -8.4h-9.6z", "m-1.6 -4.6h3.2v3h3v3.2h-3v3h-3.2v-3h-3v-3.2h3z",
}

local function mark(x, y, index)
  local style = style_index(index)
  return ('<path d="M%s %s%s" class="c-mark m%d"/>'):format(place(x), place(y), MARKS[style], style)
end

-- ---- what a chart says to those who hear it ----

local function said_at(chart, point)
  return series.value_label(chart, point.value) .. " on " .. scale.date_label(calendar.date(point.day))
end

local function said(chart, one)
  local first, last, best, worst
  for _, point in ipairs(one.points) do
    if point.value then
      first, last = first or point, point
      best = (not best or point.value < best.value) and point or best
      worst = (not worst or point.value > worst.value) and point or worst
    end
  end
  if not first then
    return one.name .. ": no value."
  end
  return ("%s: %s, %s; %s %s, %s %s."):format(one.name, said_at(chart, first), said_at(chart, last),
    chart.positions and "best" or "least", said_at(chart, best), chart.positions and "worst" or "most", said_at(chart, worst))
end

--- A chart in words.
---@param chart seranking.cli.Chart
---@return string
function svg.describe(chart)
  local sentences = {}
  for i, one in ipairs(chart.series) do
    sentences[i] = said(chart, one)
  end
  return table.concat(sentences, " ")
end

-- Begins and ends the document. `settings` as for svg.lines.
local function wrap(chart, description, settings, height, parts)
  local id = settings.id or "chart"
  local size = ('xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" '):format(place(settings.width), place(height))
  local head = ('<svg class="chart" viewBox="0 0 %s %s" %srole="img" aria-labelledby="%s-title %s-desc"%s>'
    .. '<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>'):format(place(settings.width), place(height),
    settings.inline and "" or size, id, id, settings.plot or "", id, escape(chart.title), id, escape(description))
  if not settings.inline then
    head = head .. "<style>" .. svg.style() .. "</style>"
      .. '<rect class="c-ground" width="100%" height="100%"/>'
  end
  return head .. table.concat(parts) .. "</svg>" .. (settings.inline and "" or "\n")
end

-- Title and subtitle. Returns the height that they take.
local function add_heading(parts, chart, settings)
  if settings.inline then
    return 0
  end
  local columns = floor((settings.width - 40) / COLUMN)
  local title = text_width.cut(names.clean(chart.title), floor(columns * 0.7), "…")
  parts[#parts + 1] = text(20, 32, "c-title c-ink", nil, escape(title))
  if not chart.subtitle then
    return 44
  end
  parts[#parts + 1] = text(20, 52, "c-muted", nil, escape((text_width.cut(names.clean(chart.subtitle), columns, "…"))))
  return 64
end

-- ---- lines ----

local function name_and_value(name, value)
  return ('<tspan class="c-ink">%s</tspan> <tspan class="c-ink c-strong">%s</tspan>'):format(escape(name), escape(value))
end

-- The label of each series: its name, cut to `columns`, and its last value.
local function labels_of(chart, columns)
  local labels = {}
  for i, one in ipairs(chart.series) do
    local last = series.last(one.points)
    local value = last and series.value_label(chart, last.value) or "no value"
    local name, width = text_width.cut(names.clean(one.name), columns, "…")
    labels[i] = { name = name, value = value, last = last, width = (width + 1 + #value) * COLUMN }
  end
  return labels
end

-- Names above the chart, for a narrow one. Returns the height that they take.
local function add_legend(parts, labels, left, top, right)
  local x, y = left, top + 12
  for i, label in ipairs(labels) do
    local width = 32 + label.width + 14
    if x > left and x + width > right then
      x, y = left, y + LABEL_GAP + 2
    end
    local style = style_index(i)
    parts[#parts + 1] = ('<path class="c-line s%d" d="M%s %sh22"/>'):format(style, place(x), place(y - 4))
      .. mark(x + 22, y - 4, i) .. text(x + 32, y, "c-ink", nil, name_and_value(label.name, label.value))
    x = x + width
  end
  return y + 12 - top
end

-- The frame: grid, ticks and their labels.
local function add_axes(parts, plot)
  local path = {}
  for _, tick in ipairs(plot.axis.ticks) do
    local y = plot.y(tick.at)
    path[#path + 1] = ("M%s %sH%s"):format(place(plot.left), place(y), place(plot.right))
    parts[#parts + 1] = text(plot.left - 10, y + 4, "c-muted", "end", tick.label)
  end
  parts[#parts + 1] = ('<path class="c-grid" d="%s"/>'):format(table.concat(path))
  local ticks, filled = { ("M%s %sH%s"):format(place(plot.left), place(plot.bottom), place(plot.right)) }, -1e9
  for _, tick in ipairs(scale.dates(plot.first, plot.last, max(2, floor((plot.right - plot.left) / DATE_ROOM)))) do
    local x, half = plot.x(tick.at), #tick.label * COLUMN / 2
    if x - half > filled then
      ticks[#ticks + 1] = ("M%s %sv5"):format(place(x), place(plot.bottom))
      parts[#parts + 1] = text(x, plot.bottom + 20, "c-muted", "middle", tick.label)
      filled = x + half
    end
  end
  parts[#parts + 1] = ('<path class="c-axis" d="%s"/>'):format(table.concat(ticks))
end

local function add_line(parts, plot, one, index)
  local path = {}
  for _, run in ipairs(series.runs(one.points)) do
    if #run == 1 then
      parts[#parts + 1] = mark(plot.x(run[1].day), plot.y(run[1].value), index)
    else
      for i, point in ipairs(run) do
        path[#path + 1] = (i == 1 and "M" or "L") .. place(plot.x(point.day)) .. " " .. place(plot.y(point.value))
      end
    end
  end
  if path[1] then
    parts[#parts + 1] = ('<path class="c-line s%d" d="%s"/>'):format(style_index(index), table.concat(path))
  end
end

-- Marks where the lines end, and names beside them if `labels` are given.
local function add_ends(parts, plot, chart, labels)
  local wanted, whose = {}, {}
  for i, one in ipairs(chart.series) do
    local last = series.last(one.points)
    if last then
      wanted[#wanted + 1], whose[#whose + 1] = plot.y(last.value), i
    end
  end
  local moved = labels and scale.spread(wanted, LABEL_GAP, plot.top, plot.bottom)
  for n = #whose, 1, -1 do
    local i = whose[n]
    local x, y = plot.x(series.last(chart.series[i].points).day), wanted[n]
    if labels then
      if math.abs(moved[n] - y) > 3 or x < plot.right - 1 then
        parts[#parts + 1] = ('<path class="c-axis" d="M%s %sL%s %s"/>'):format(place(x + 6), place(y), place(plot.right + 10),
          place(moved[n]))
      end
      parts[#parts + 1] = text(plot.right + 14, moved[n] + 4, "c-ink", nil, name_and_value(labels[i].name, labels[i].value))
    end
    parts[#parts + 1] = mark(x, y, i)
  end
end

--- Draws a chart of lines.
---@param chart seranking.cli.Chart with a value at least
---@param settings { width: number, height: number, id?: string, inline?: boolean } id: begins the ids inside; inline: for a
---page that has svg.style() and its own heading, without a ground, and with two things for a script: the edges of the plot
---(data-plot: left, right, top, bottom), and an empty path to mark a day with (.rule)
---@return string
function svg.lines(chart, settings)
  local extent = assert(series.extent(chart), "a chart without a value")
  local parts = {}
  local top = add_heading(parts, chart, settings)
  local left_edge, right_edge = settings.inline and 0 or 20, settings.width - (settings.inline and 0 or 20)
  local beside = settings.width >= WIDE
  local labels = labels_of(chart, beside and 26 or 30)
  if not beside then
    top = top + add_legend(parts, labels, left_edge, top, right_edge)
  end
  local plot = { top = top + 8, bottom = settings.height - (settings.inline and 26 or 40) }
  plot.first, plot.last = extent.first, extent.last
  plot.axis = series.axis(chart, extent, max(2, min(6, floor((plot.bottom - plot.top) / TICK_ROOM))))
  local ticks_width, labels_width = 0, 8
  for _, tick in ipairs(plot.axis.ticks) do
    ticks_width = max(ticks_width, #tick.label * COLUMN)
  end
  for _, label in ipairs(beside and labels or {}) do
    labels_width = max(labels_width, label.width + 14)
  end
  plot.left, plot.right = left_edge + ticks_width + 10, right_edge - labels_width
  function plot.x(day)
    local share = plot.last > plot.first and (day - plot.first) / (plot.last - plot.first) or 0.5
    return plot.left + share * (plot.right - plot.left)
  end
  function plot.y(value)
    return plot.bottom - scale.share(plot.axis, value) * (plot.bottom - plot.top)
  end
  add_axes(parts, plot)
  for i = #chart.series, 1, -1 do -- the first is drawn last, over the others
    add_line(parts, plot, chart.series[i], i)
  end
  add_ends(parts, plot, chart, beside and labels or nil)
  parts[#parts + 1] = settings.inline and '<path class="c-axis rule"/>' or nil
  return wrap(chart, svg.describe(chart), {
    width = settings.width, id = settings.id, inline = settings.inline,
    plot = settings.inline and (' data-plot="%s %s %s %s"'):format(place(plot.left), place(plot.right), place(plot.top),
      place(plot.bottom)) or nil,
  }, settings.height, parts)
end

-- ---- bars ----

--- Draws bars, one below the other; with `shares` each has its share of all.
---@param chart { title: string, subtitle?: string, items: { name: string, value: number }[], shares?: boolean } values from 0
---@param settings { width: number, id?: string, inline?: boolean }
---@return string
function svg.bars(chart, settings)
  local parts = {}
  local top = add_heading(parts, chart, settings) + 8
  local edge = settings.inline and 0 or 20
  local step = scale.bar_step(chart.items)
  local most, total, columns, words = 0, 0, 0, {}
  for _, item in ipairs(chart.items) do
    most, total = max(most, item.value), total + item.value
    columns = max(columns, text_width.width(names.clean(item.name)))
  end
  columns = min(columns, 24)
  local left, right = edge + columns * COLUMN + 12, settings.width - edge - 96
  for i, item in ipairs(chart.items) do
    local y = top + (i - 1) * (BAR + BAR_GAP)
    local length = most > 0 and item.value / most * (right - left) or 0
    local share = chart.shares and scale.share_label(item.value, total)
    local number = scale.number_label(item.value, step)
    parts[#parts + 1] = text(left - 12, y + 12, "c-ink", "end", escape((text_width.cut(names.clean(item.name), columns, "…"))))
      .. ('<rect class="c-bar" x="%s" y="%s" width="%s" height="%d" rx="2"/>'):format(place(left), place(y),
        place(item.value > 0 and max(length, 1) or 0), BAR)
      .. text(left + length + 8, y + 12, "c-muted", nil, ('<tspan class="c-ink c-strong">%s</tspan>%s'):format(number,
        share and "  " .. share or ""))
    words[i] = ("%s: %s%s."):format(item.name, number, share and ", " .. share or "")
  end
  local height = top + #chart.items * (BAR + BAR_GAP) - BAR_GAP + edge
  return wrap(chart, table.concat(words, " "), settings, height, parts)
end

return svg
