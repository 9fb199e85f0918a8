--- Series and bars read from a file of rows: CSV, JSON, or JSON Lines, such as other commands write.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local exit = require "seranking.cli.exit"
local input = require "seranking.cli.input"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local rows_file = require "seranking.cli.rows_file"

local file = {}

-- A row: its members by name, and the line it is in, where the file has lines.
---@class seranking.cli.ChartRow
---@field line? integer
---@field values table<string, any>

-- Ends the command with the place of what is wrong.
local function fail(context, path, line, format, ...)
  local place = line and ("%s:%d"):format(path, line) or path
  context:fail(exit.USAGE, place .. ": " .. format:format(...))
end

local function from_csv(context, path, text)
  local records, problem, line = rows_file.records(text)
  if not records then
    fail(context, path, line, "%s", problem)
  end
  local header, rows = table.remove(records, 1) or {}, {}
  for i, record in ipairs(records) do
    if #record ~= #header then
      fail(context, path, record.line, "%d fields, but the first line has %d", #record, #header)
    end
    local values = {}
    for n, name in ipairs(header) do
      values[name] = record[n] ~= "" and record[n] or nil
    end
    rows[i] = { line = record.line, values = values }
  end
  return rows, header
end

-- The names of the members of rows: those of the first in alphabetical order.
local function header_of(rows)
  local names = {}
  for name in pairs(rows[1] and rows[1].values or {}) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  return names
end

-- JSON: a list of objects; or an object whose one list holds them.
local function rows_of(value)
  if type(value) == "table" and value[1] == nil then
    local list
    for _, member in pairs(value) do
      if type(member) == "table" and type(member[1]) == "table" then
        if list then
          return nil
        end
        list = member
      end
    end
    value = list or value
  end
  return type(value) == "table" and value or nil
end

local function from_json(context, path, text)
  local value, problem = json.decode(text)
  if value == nil then
    return nil, problem
  end
  local rows = {}
  for i, row in ipairs(rows_of(value) or fail(context, path, nil, "must be a list of objects")) do
    if type(row) ~= "table" then
      fail(context, path, nil, "element %d is no object", i)
    end
    rows[i] = { values = row }
  end
  return rows
end

local function read_rows(context, path)
  local text = input.read(context, "--from", path)
  local rows, header
  if text:find "^%s*[%[{]" then
    rows = from_json(context, path, text) or rows_file.json_lines(context, path, text)
    header = header_of(rows)
  else
    rows, header = from_csv(context, path, text)
  end
  if not rows[1] then
    fail(context, path, nil, "no rows")
  end
  return rows, header
end

local function day_of(value)
  local date = type(value) == "string" and value:match "^%d%d%d%d%-%d%d%-%d%d"
  local day = date and calendar.day(date)
  return day and calendar.date(day) == date and day or nil
end

-- A value as it is shown in a message.
local function shown(value)
  return type(value) == "table" and "a list or an object" or tostring(value)
end

local function number_of(value)
  return type(value) == "number" and value or type(value) == "string" and tonumber(value) or nil
end

-- The number of a row. Ends the command if it is outside of what an axis can count in steps of 1.
local MOST = 1e15
local function checked_number(context, path, row, column, least)
  local value = row.values[column]
  local number = number_of(value)
  if not (number and number >= least and number <= MOST) and value ~= nil and value ~= json.null then
    fail(context, path, row.line, "%s must be a number%s, got %s", column, least == 0 and " from 0"
      or number and (" from -%.0g to %.0g"):format(MOST, MOST) or "", shown(value))
  end
  return number
end

-- The first column in which every value that is there is of a kind.
local function find_column(rows, header, is_kind, other)
  for _, name in ipairs(header) do
    local found = name ~= other
    local some = false
    for _, row in ipairs(found and rows or {}) do
      local value = row.values[name]
      if value ~= nil and value ~= json.null then
        some = true
        if not is_kind(value) then
          found = false
          break
        end
      end
    end
    if found and some then
      return name
    end
  end
end

local function check_column(context, path, header, name)
  local known = {}
  for _, other in ipairs(header) do
    known[other] = true
  end
  if not known[name] then
    fail(context, path, nil, "there is no column '%s'%s", name, misuse.suggest(name, known))
  end
end

-- The columns that --columns names, which must be there.
local function named_columns(context, path, header, wanted)
  local names = {}
  for name in (wanted or ""):gmatch "[^,]+" do
    check_column(context, path, header, name)
    names[#names + 1] = name
  end
  return names
end

-- The columns of the date, the number and, if there is one, the name of the series.
local function choose_columns(context, path, rows, header, wanted)
  local names = named_columns(context, path, header, wanted)
  if wanted and not names[2] then
    context:fail(exit.USAGE, "--columns takes the columns of the date, the number and, if there are several series, their "
      .. "names: --columns date,position,keyword")
  elseif wanted then
    return names[1], names[2], names[3]
  end
  local date = find_column(rows, header, day_of)
  local number = date and find_column(rows, header, number_of, date)
  if not number then
    fail(context, path, nil, "no column has only %s: name both with --columns DATE,NUMBER (columns: %s)",
      date and "numbers" or "dates (YYYY-MM-DD)", table.concat(header, ", "))
  end
  return date, number
end

-- The columns of the bars' names and numbers: the first that is not all numbers, or the first, and the first of only numbers.
local function choose_bars(context, path, rows, header, wanted)
  local names = named_columns(context, path, header, wanted)
  if wanted and #names ~= 2 then
    context:fail(exit.USAGE, "--columns with --bars takes the columns of the names and the numbers: --columns domain,count")
  elseif wanted then
    return names[1], names[2]
  end
  local name = find_column(rows, header, function(value) return number_of(value) == nil end) or header[1]
  local number = find_column(rows, header, number_of, name)
  if not number then
    fail(context, path, nil, "no column has only numbers: name two with --columns NAME,NUMBER (columns: %s)",
      table.concat(header, ", "))
  end
  return name, number
end

local POSITION_NAMES = { pos = true, position = true, positions = true, rank = true, avg_pos = true }

--- Reads the series of a file. Ends the command at the first mistake.
---@param context seranking.cli.Context
---@param path string "-": stdin
---@param columns? string "DATE,NUMBER" or "DATE,NUMBER,NAME": names of columns; found by their values if left out
---@return seranking.cli.Series[] series, boolean positions whether the numbers are positions, by the column's name
function file.series(context, path, columns)
  local rows, header = read_rows(context, path)
  local date_name, number_name, series_name = choose_columns(context, path, rows, header, columns)
  local positions = POSITION_NAMES[number_name:lower()] or false
  local list, by_name = {}, {}
  for _, row in ipairs(rows) do
    local day = day_of(row.values[date_name])
    if not day then
      fail(context, path, row.line, "%s must be a date YYYY-MM-DD, got %s", date_name, shown(row.values[date_name]))
    end
    local number = checked_number(context, path, row, number_name, -MOST)
    local name = series_name and tostring(row.values[series_name] or "") or number_name
    if not by_name[name] then
      by_name[name] = { name = name, points = {} }
      list[#list + 1] = by_name[name]
    end
    table.insert(by_name[name].points, { day = day, value = not (positions and number and number < 1) and number or nil })
  end
  for _, one in ipairs(list) do
    table.sort(one.points, function(a, b) return a.day < b.day end)
  end
  return list, positions
end

--- Reads the bars of a file, one a row, in its order; rows without a number are left out. Ends the command at the first
--- mistake.
---@param context seranking.cli.Context
---@param path string "-": stdin
---@param columns? string "NAME,NUMBER": names of columns; found by their values if left out
---@return { name: string, value: number }[] items, string number the numbers' column
function file.items(context, path, columns)
  local rows, header = read_rows(context, path)
  local name_column, number_column = choose_bars(context, path, rows, header, columns)
  local items = {}
  for _, row in ipairs(rows) do
    local name, number = row.values[name_column], checked_number(context, path, row, number_column, 0)
    if number then
      items[#items + 1] = { name = name ~= nil and name ~= json.null and tostring(name) or "", value = number }
    end
  end
  return items, number_column
end

return file
