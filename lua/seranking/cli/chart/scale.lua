--- Axes: which numbers and dates are written beside a chart, and where a value lies on it.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"

local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min

local scale = {}

--- A mark on an axis.
---@class seranking.cli.Tick
---@field at number the value; of dates, the day's number
---@field label string

--- The smallest of 1, 2, 5, 10, 20, 50 … (or a tenth of these, and so on) that is not below a step.
---@param step number above 0
---@return number
local function nice(step)
  local power = 10 ^ floor(math.log(step) / math.log(10) + 1e-9)
  for _, factor in ipairs { 1, 2, 5 } do
    if factor * power >= step * (1 - 1e-9) then
      return factor * power
    end
  end
  return 10 * power
end

-- A number as short as the step between ticks allows, with thousands apart.
local function number_label(value, step)
  local decimals = step < 1 and ceil(-math.log(step) / math.log(10) - 1e-9) or 0
  local text = ("%." .. decimals .. "f"):format(value)
  if text:find "^%-0%.?0*$" then
    text = text:sub(2)
  end
  local sign, whole, rest = text:match "^(%-?)(%d+)(.*)$"
  whole = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return sign .. whole .. rest
end

scale.number_label = number_label

--- The step by which the numbers of bars are written: 1 if all are whole, else a tenth, or less if all are small.
---@param items { value: number? }[]
---@return number
function scale.bar_step(items)
  local most, whole = 0, true
  for _, item in ipairs(items) do
    local value = item.value or 0
    most, whole = max(most, value), whole and value % 1 == 0
  end
  return whole and 1 or min(0.1, 10 ^ (floor(math.log(most) / math.log(10) + 1e-9) - 1))
end

--- A part of a whole in percent; "<1%" for what is more than nothing.
---@param part number
---@param whole number
---@return string
function scale.share_label(part, whole)
  local percent = whole > 0 and part / whole * 100 or 0
  return percent > 0 and percent < 0.5 and "<1%" or ("%.0f%%"):format(percent)
end

--- An axis of numbers that begins and ends at a tick.
---@class seranking.cli.Axis
---@field low number
---@field high number
---@field reversed boolean low is on top
---@field ticks seranking.cli.Tick[] from low to high

--- The axis of numbers from `low` to `high`.
---@param low number
---@param high number
---@param count integer the most steps between ticks
---@param settings? { whole?: boolean, zero?: boolean } whole: whole numbers only; zero: it begins at 0 if nothing is below
---@return seranking.cli.Axis
function scale.numbers(low, high, count, settings)
  settings = settings or {}
  if settings.zero and low > 0 then
    low = 0
  end
  if low == high then
    low, high = low - (low > 0 and min(low, 1) or low == 0 and 0 or 1), high + 1
  end
  local step = nice((high - low) / count)
  if settings.whole then
    step = max(1, step)
  end
  -- Ends at ticks make the axis longer, by which it may take a step too many.
  while ceil(high / step - 1e-9) - floor(low / step + 1e-9) > count do
    step = nice(step * 1.01)
  end
  local first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
  local ticks = {}
  for i = first, last do
    ticks[#ticks + 1] = { at = i * step, label = number_label(i * step, step) }
  end
  return { low = first * step, high = last * step, reversed = false, ticks = ticks }
end

--- The axis of positions: the best is on top. Where it would begin at 0, which is no position, it begins at 1.
---@param low number the best
---@param high number the worst
---@param count integer the most steps between ticks
---@param settings? { whole?: boolean } whole: no ticks between whole numbers
---@return seranking.cli.Axis
function scale.positions(low, high, count, settings)
  local axis = scale.numbers(max(low, 1), max(high, 1), count, settings)
  axis.reversed = true
  local ticks = axis.ticks
  if ticks[1].at < 1 then
    while ticks[2].at <= 1 do
      table.remove(ticks, 1)
    end
    axis.low, ticks[1] = 1, { at = 1, label = "1" }
    if ticks[2].at == 2 and ticks[3] and ticks[3].at == 4 then
      table.remove(ticks, 2) -- too near to 1
    end
  end
  return axis
end

--- Where a value lies on an axis: 0 at the bottom, 1 at the top.
---@param axis seranking.cli.Axis
---@param value number
---@return number
function scale.share(axis, value)
  local share = (value - axis.low) / (axis.high - axis.low)
  return axis.reversed and 1 - share or share
end

--- Moves places apart that are nearer than `gap`, each as little as the others allow, within `low` and `high`. Keeps their
--- order.
---@param places number[]
---@param gap number
---@param low number
---@param high number
---@return number[] moved in the order of `places`
function scale.spread(places, gap, low, high)
  local order = {}
  for i = 1, #places do
    order[i] = i
  end
  table.sort(order, function(a, b)
    return places[a] < places[b] or places[a] == places[b] and a < b
  end)
  -- Neighbours that would overlap form a block, centred on the mean of what its members want.
  local blocks = {}
  for _, i in ipairs(order) do
    local block = { sum = places[i], members = { i } }
    local function first()
      local length = (#block.members - 1) * gap
      return max(low, min(block.sum / #block.members - length / 2, high - length))
    end
    block.first = first()
    while blocks[1] and blocks[#blocks].first + #blocks[#blocks].members * gap > block.first do
      local before = table.remove(blocks)
      block.sum = block.sum + before.sum
      for _, member in ipairs(block.members) do
        table.insert(before.members, member)
      end
      block.members = before.members
      block.first = first()
    end
    blocks[#blocks + 1] = block
  end
  local moved = {}
  for _, block in ipairs(blocks) do
    for i, member in ipairs(block.members) do
      moved[member] = block.first + (i - 1) * gap
    end
  end
  return moved
end

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
local MONDAY = calendar.day "2024-01-01"

-- Year, month and day of a date.
local function parts(date)
  local year, month, day = date:match "^(%d+)%-(%d+)%-(%d+)"
  return tonumber(year), tonumber(month), tonumber(day)
end

--- A date as a reader writes it: 3 Nov 2026.
---@param date string YYYY-MM-DD
---@return string
function scale.date_label(date)
  local year, month, day = parts(date)
  return ("%d %s %d"):format(day, MONTHS[month], year)
end

-- Ticks every `step` days, from a Monday on if these are weeks.
local function day_ticks(first, last, step)
  local origin = step % 7 == 0 and MONDAY or first
  local ticks = {}
  for day = origin + ceil((first - origin) / step) * step, last, step do
    local _, month, number = parts(calendar.date(day))
    ticks[#ticks + 1] = { at = day, label = ("%d %s"):format(number, MONTHS[month]) }
  end
  return ticks
end

-- Ticks at the first day of every `step`-th month; January shows its year.
local function month_ticks(first, last, step)
  local ticks = {}
  local month = calendar.month(calendar.date(first))
  for number = ceil(month / step) * step, calendar.month(calendar.date(last)), step do
    local day = calendar.day(calendar.first_of(number))
    if day >= first then
      local year, of_year = calendar.year_and_month(number)
      ticks[#ticks + 1] = { at = day, label = (of_year == 1 or step >= 12) and ("%d"):format(year) or MONTHS[of_year] }
    end
  end
  return ticks
end

--- The ticks of an axis of days: days, Mondays, or firsts of months, at most `count`.
---@param first integer a day's number
---@param last integer
---@param count integer 2 or more
---@return seranking.cli.Tick[]
function scale.dates(first, last, count)
  local days = last - first + 1
  for _, step in ipairs { 1, 2, 7, 14 } do
    if ceil(days / step) <= count then
      return day_ticks(first, last, step)
    end
  end
  if #month_ticks(first, last, 1) < 3 and ceil(days / 28) <= count then
    return day_ticks(first, last, 28) -- of two months alone one does not see how far apart days are
  end
  for _, step in ipairs { 1, 2, 3, 6, 12, 24, 60, 120 } do
    local ticks = month_ticks(first, last, step)
    if #ticks <= count then
      return ticks
    end
  end
  return month_ticks(first, last, 1200)
end

return scale
