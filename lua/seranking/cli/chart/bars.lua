--- Bars for a distribution, as text.
-- SPDX-License-Identifier: MIT

local names = require "seranking.cli.chart.names"
local scale = require "seranking.cli.chart.scale"
local text_width = require "seranking.cli.text_width"

local EIGHTHS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }
local LONGEST = 40 -- columns of a bar

-- A bar of so many eighths of a column. What is above 0 is never nothing.
local function bar(eighths, unicode)
  if not unicode then
    return ("#"):rep(math.max(1, math.floor(eighths / 8 + 0.5)))
  end
  eighths = math.max(1, eighths)
  return ("█"):rep(math.floor(eighths / 8)) .. (EIGHTHS[eighths % 8] or "")
end

--- Draws a line for each item: its name, a bar, its number, and, with `shares`, its share of all.
---@param chart { items: { name: string, value: number }[], shares?: boolean } values from 0
---@param settings { width: integer, unicode: boolean }
---@return string text lines, each with a line break
local function bars(chart, settings)
  local items, step = chart.items, scale.bar_step(chart.items)
  local most, total, name_columns, number_columns = 0, 0, 0, 0
  for _, item in ipairs(items) do
    most, total = math.max(most, item.value), total + item.value
    name_columns = math.max(name_columns, text_width.width(names.clean(item.name)))
    number_columns = math.max(number_columns, #scale.number_label(item.value, step))
  end
  name_columns = math.min(name_columns, math.floor(settings.width / 3))
  local room = math.max(1, math.min(LONGEST, settings.width - name_columns - number_columns - (chart.shares and 7 or 2)))
  local made = {}
  for i, item in ipairs(items) do
    local name, width = text_width.cut(names.clean(item.name), name_columns, settings.unicode and "…" or "~")
    local drawn = item.value > 0 and bar(math.floor(item.value / most * room * 8 + 0.5), settings.unicode) or ""
    local number = scale.number_label(item.value, step)
    made[i] = ("%s%s %s%s %s%s%s\n"):format(name, (" "):rep(name_columns - width), drawn,
      (" "):rep(room - text_width.width(drawn)), (" "):rep(number_columns - #number), number,
      chart.shares and (" %4s"):format(scale.share_label(item.value, total)) or "")
  end
  return table.concat(made)
end

return bars
