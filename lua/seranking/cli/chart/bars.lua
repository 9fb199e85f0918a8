--- Bars for a distribution, as text.
-- SPDX-License-Identifier: MIT

local names = require "seranking.cli.chart.names"
local scale = require "seranking.cli.chart.scale"
local text_width = require "seranking.cli.text_width"

local EIGHTHS = { "▏", "▎", "▍", "▌", "▋", "▊", "▉" }
local LONGEST = 40 -- columns of a bar
local WHOLE = 24   -- columns of a name that get up to half of the width; longer names get up to a third

-- A bar of so many eighths of a column. A value above 0 always shows.
local function bar(eighths, unicode)
  if not unicode then
    return ("#"):rep(math.max(1, math.floor(eighths / 8 + 0.5)))
  end
  eighths = math.max(1, eighths)
  return ("█"):rep(math.floor(eighths / 8)) .. (EIGHTHS[eighths % 8] or "")
end

--- Draws a line for each item: its name, a bar, its number, its note and, with `shares`, its share of all.
---@param chart { items: { name: string, value: number?, note: string? }[], shares?: boolean, unit?: string } values from 0;
--- none: not known
---@param settings { width: integer, unicode: boolean }
---@return string text lines, each with a line break
local function bars(chart, settings)
  local items, step = chart.items, scale.bar_step(chart.items)
  local most, total, name_columns, number_columns, note_columns = 0, 0, 0, 0, 0
  local numbers = {}
  for i, item in ipairs(items) do
    numbers[i] = item.value and scale.number_label(item.value, step) .. (chart.unit or "") or "-"
    most, total = math.max(most, item.value or 0), total + (item.value or 0)
    name_columns = math.max(name_columns, text_width.width(names.clean(item.name)))
    number_columns = math.max(number_columns, #numbers[i])
    note_columns = math.max(note_columns, item.note and #item.note + 2 or 0)
  end
  name_columns = math.min(name_columns, math.max(math.floor(settings.width / 3),
    math.min(WHOLE, math.floor(settings.width / 2))))
  local room = math.max(1, math.min(LONGEST, settings.width - name_columns - number_columns - note_columns
    - (chart.shares and 7 or 2)))
  local made = {}
  for i, item in ipairs(items) do
    local name, width = text_width.cut(names.clean(item.name), name_columns, settings.unicode and "…" or "~")
    local value = item.value or 0
    local drawn = value > 0 and bar(math.floor(value / most * room * 8 + 0.5), settings.unicode) or ""
    local line = ("%s%s %s%s %s%s%s%s"):format(name, (" "):rep(name_columns - width), drawn,
      (" "):rep(room - text_width.width(drawn)), (" "):rep(number_columns - #numbers[i]), numbers[i],
      note_columns > 0 and (" "):rep(note_columns - #(item.note or "")) .. (item.note or "") or "",
      chart.shares and (" %4s"):format(scale.share_label(value, total)) or "")
    made[i] = line:gsub(" +$", "") .. "\n"
  end
  return table.concat(made)
end

return bars
