--- A series as one line of text, for a cell of a table.
-- SPDX-License-Identifier: MIT

local BLOCKS = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
local ASCII = { "_", ".", "-", "^" }

-- The numbers of a list by place; false: a gap. Positions below 1 mean "not ranking".
local function numbers_of(values, reversed)
  local numbers = {}
  for i = 1, values.n or #values do
    local value = values[i]
    numbers[i] = type(value) == "number" and value == value and not (reversed and value < 1) and value or false
  end
  return numbers
end

-- Joins neighbours to `width` means. A place whose values are all gaps is a gap.
local function narrowed(numbers, width)
  local made, count = {}, #numbers
  for column = 1, width do
    local sum, found = 0, 0
    for i = math.floor((column - 1) * count / width) + 1, math.floor(column * count / width) do
      if numbers[i] then
        sum, found = sum + numbers[i], found + 1
      end
    end
    made[column] = found > 0 and sum / found or false
  end
  return made
end

local function extremes(numbers)
  local low, high
  for _, number in ipairs(numbers) do
    if number then
      low = low and math.min(low, number) or number
      high = high and math.max(high, number) or number
    end
  end
  return low, high
end

--- Draws a series: a character for each value, a blank for what is no number. Equal values are drawn in the middle.
---@param values any[] may have holes if its field n is the number of values
---@param settings { reversed?: boolean, unicode?: boolean, width?: integer } reversed: positions, the smaller the higher, and
---a blank below 1; width: the most columns, in which neighbours share their mean
---@return string
local function spark(values, settings)
  local numbers = numbers_of(values, settings.reversed)
  if settings.width and #numbers > settings.width then
    numbers = narrowed(numbers, settings.width)
  end
  local low, high = extremes(numbers)
  local steps = settings.unicode and BLOCKS or ASCII
  local drawn = {}
  for i, number in ipairs(numbers) do
    if not number then
      drawn[i] = " "
    else
      local share = high > low and (number - low) / (high - low) or 0.5
      share = settings.reversed and 1 - share or share
      drawn[i] = steps[math.min(#steps, math.floor(share * #steps) + 1)]
    end
  end
  return table.concat(drawn)
end

return spark
