--- Days and months as numbers, without the time zone and range of os.time.
-- SPDX-License-Identifier: MIT

local floor = math.floor

local calendar = {}

--- The number of a day; the next day's is one more.
---@param date string YYYY-MM-DD; a time behind it is ignored
---@return integer
function calendar.day(date)
  local year, month, day = date:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)"
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  -- Years begin in March here, so that the leap day is the last.
  local shifted = month <= 2 and year - 1 or year
  local of_year = floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return 365 * shifted + floor(shifted / 4) - floor(shifted / 100) + floor(shifted / 400) + of_year
end

local function parts(number)
  local era = floor(number / 146097)
  local of_era = number - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * of_year + 2) / 153)
  local day = of_year - floor((153 * month + 2) / 5) + 1
  year = year + era * 400
  if month >= 10 then
    return year + 1, month - 9, day
  end
  return year, month + 3, day
end

local dates = {} -- by number: lists have few different days, and many rows

--- The date of a day's number, YYYY-MM-DD.
---@param number integer
---@return string
function calendar.date(number)
  local date = dates[number]
  if not date then
    date = ("%04d-%02d-%02d"):format(parts(number))
    dates[number] = date
  end
  return date
end

--- The day `days` after another.
---@param date string
---@param days integer negative: before
---@return string
function calendar.add(date, days)
  return calendar.date(calendar.day(date) + days)
end

--- The number of a month; the next month's is one more.
---@param date string YYYY-MM or longer
---@return integer
function calendar.month(date)
  local year, month = date:match "^(%d%d%d%d)%-(%d%d)"
  return tonumber(year) * 12 + tonumber(month) - 1
end

--- The year and the month, 1 to 12, of a month's number.
---@param number integer
---@return integer year
---@return integer month
function calendar.year_and_month(number)
  return floor(number / 12), number % 12 + 1
end

--- The first day of a month, YYYY-MM-01.
---@param number integer
---@return string
function calendar.first_of(number)
  return ("%04d-%02d-01"):format(calendar.year_and_month(number))
end

return calendar
