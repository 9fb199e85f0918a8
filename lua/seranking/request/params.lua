--- One value of a parameter: what its type accepts, and its text in a path, a query or a JSON body.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"
local mask = require "seranking.base.mask"

local params = {}

local format, match = string.format, string.match
local math_type = math.type ---@diagnostic disable-line: deprecated
local MAX_EXACT = 2 ^ 53

--- A type's two functions return nil, a problem, and what they got for a value that does not fit. A problem continues a
--- sentence that begins with the parameter's name; `params.told` makes its end.
---@class seranking.ParameterType
---@field text fun(value: any): string?, string?, string? for a path or a query
---@field json fun(value: any): string?, string?, string? for a body

-- A value as a message shows it.
local function show(value)
  if type(value) == "string" then
    value = mask.keys(value) -- before it is cut, which would hide a part of the key from the mask
    if #value <= 40 then
      return format("%q", value)
    end
    local cut = 40
    while cut > 36 and value:find("^[\128-\191]", cut + 1) do -- inside a character of UTF-8
      cut = cut - 1
    end
    return format("%q…", value:sub(1, cut))
  elseif type(value) == "number" or type(value) == "boolean" then
    return tostring(value)
  elseif value == json.null then
    return "null"
  end
  return "a " .. type(value)
end

-- Whether a value is an exact whole number: an integer, or a float between -2^53 and 2^53.
local function whole(value)
  return math_type and math_type(value) == "integer"
    or type(value) == "number" and value % 1 == 0 and value > -MAX_EXACT and value < MAX_EXACT
end

local function wrong(wanted, value)
  return nil, "must be " .. wanted, show(value)
end
params.wrong = wrong

local function text_of(value)
  if type(value) ~= "string" then
    return wrong("a string", value)
  end
  local bad = core.utf8_error(value)
  if bad then
    return nil, format("is not valid UTF-8 at byte %d", bad)
  end
  return value
end

local function integer_of(value)
  if whole(value) then
    return json.number(value)
  end
  return wrong("a whole number", value)
end

-- Answers have ids as numbers and as strings; requests take digits only.
local function id_of(value)
  if whole(value) and value >= 0 then
    return json.number(value)
  elseif type(value) == "number" and value >= MAX_EXACT and value < math.huge then
    return nil, format("must be given as a string: the number %s is too large to be exact", show(value))
  elseif value == "" then
    return nil, "must not be empty"
  elseif type(value) == "string" and match(value, "^%d+$") then
    return match(value, "^0*(%d+)$")
  end
  return wrong("an id (digits, as a number or a string)", value)
end

local function number_of(value)
  if type(value) == "number" and value == value and value ~= math.huge and value ~= -math.huge then
    return json.number(value)
  end
  return wrong("a finite number", value)
end

-- 0 or 1 on the wire; true and false are accepted.
local function flag_of(value)
  if value == true or value == 1 then
    return "1"
  elseif value == false or value == 0 then
    return "0"
  end
  return wrong("0, 1, true or false", value)
end

-- A string that may be given as a whole number.
local function any_text(value)
  if whole(value) then
    return json.number(value)
  elseif type(value) ~= "string" then
    return wrong("a string or a whole number", value)
  end
  return text_of(value)
end

local function boolean_of(value)
  local flag = flag_of(value)
  if flag then
    return flag == "1" and "true" or "false"
  end
  return wrong("true or false", value)
end

local DAYS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- The range of os.time from 2001 to 5138. Smaller numbers may be dates such as 20260910, larger ones milliseconds.
local TIME_MIN, TIME_MAX = 1e9, 1e11

-- YYYY-MM-DD of a number of os.time, in local time, or of a table of os.date("*t"). Returns any other value as it is.
local function day_of(value)
  if type(value) == "number" and value >= TIME_MIN and value < TIME_MAX then
    return os.date("%Y-%m-%d", math.floor(value))
  elseif type(value) == "table" and whole(value.year) and whole(value.month) and whole(value.day) then
    return format("%04d-%02d-%02d", value.year, value.month, value.day)
  end
  return value
end

local function date_of(value)
  local text = day_of(value)
  local year, month, day = match(type(text) == "string" and text or "", "^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  month, day = tonumber(month), tonumber(day)
  local leap = year and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if year and DAYS[month] and day >= 1 and day <= DAYS[month] and (leap or month ~= 2 or day ~= 29) then
    return text
  end
  return wrong("a date (YYYY-MM-DD, a number of os.time, or a table like os.date(\"*t\"))", text)
end

local function month_of(value)
  local text = day_of(value)
  if type(value) ~= "string" and type(text) == "string" then
    text = text:sub(1, 7)
  end
  local month = tonumber(match(type(text) == "string" and text or "", "^%d%d%d%d%-(%d%d)$"))
  if month and month >= 1 and month <= 12 then
    return text
  end
  return wrong("a month (YYYY-MM, a number of os.time, or a table like os.date(\"*t\"))", value)
end

-- A type that is a string in JSON.
local function quoted(text)
  return {
    text = text,
    json = function(value)
      local plain, problem, got = text(value)
      return plain and json.string(plain), problem, got
    end,
  }
end

---@type table<string, seranking.ParameterType>
local types = {
  id = { text = id_of, json = id_of },
  integer = { text = integer_of, json = integer_of },
  number = { text = number_of, json = number_of },
  string = quoted(text_of),
  text = quoted(any_text),
  flag = { text = flag_of, json = flag_of },
  boolean = { text = flag_of, json = boolean_of },
  month = quoted(month_of),
  date = quoted(date_of),
}

-- What is wrong with a value by enum, lengths, form, min and max, and what was got; nil: nothing. Values are compared as they
-- are written: 200 equals 200.0.
local function beyond_limits(definition, value, text)
  if definition.enum then
    local words = {}
    for i, allowed in ipairs(definition.enum) do
      local word = type(allowed) == "number" and json.number(allowed) or tostring(allowed)
      if word == text then
        return nil
      end
      words[i] = word
    end
    return "must be one of " .. table.concat(words, ", "), show(value)
  end
  if definition.max_length or definition.min_length then
    local length = select(2, tostring(value):gsub("[^\128-\191]", ""))
    local least, most = definition.min_length or 0, definition.max_length or math.huge
    if length < least or length > most then
      return least == most and format("must have %d characters", least)
        or length < least and format("must have at least %d characters", least)
        or format("must have at most %d characters", most), tostring(length)
    end
  end
  if definition.form and (not match(tostring(value), definition.form[1]) or definition.form.except == value) then
    return "must be " .. definition.form[2], show(value)
  end
  local least, most = definition.min, definition.max
  local number = (least or most) and tonumber(text)
  if number and (least and number < least or most and number > most) then
    if least and most then
      return format("must be from %s to %s", least, most), text
    end
    return format(least and "must be at least %s" or "must be at most %s", least or most), text
  end
end

--- Text of a value for a path, a query or a form.
---@param definition table
---@param value any
---@param kind string its type: the definition's, or that of a list's elements
---@return string? text, string? problem, string? got
function params.scalar(definition, value, kind)
  local text, problem, got = types[kind].text(value)
  if text then
    problem, got = beyond_limits(definition, value, text)
  elseif got and definition.form then
    problem = "must be " .. definition.form[2]
  end
  return not problem and text or nil, problem, got
end

--- JSON of a value.
---@param definition table
---@param value any
---@param kind string its type: the definition's, or that of a list's elements
---@return string? text, string? problem, string? got
function params.scalar_json(definition, value, kind)
  local text, problem, got = types[kind].json(value)
  if text then
    problem, got = beyond_limits(definition, value, type(value) == "string" and kind ~= "id" and value or text)
  elseif got and definition.form then
    problem = "must be " .. definition.form[2]
  end
  return not problem and text or nil, problem, got
end

--- An id as it is sent, digits only; nil for any other value.
---@param value any
---@return string?
function params.id(value)
  return (id_of(value))
end

--- Text of a value for a path segment.
---@param definition table
---@param value any
---@return string? text, string? problem, string? got
function params.text(definition, value)
  return params.scalar(definition, value, definition.type)
end

--- Text of a value without a description: a string, a finite number, or a boolean as 1 or 0.
---@param value any
---@return string? text, string? problem, string? got
function params.free(value)
  if type(value) == "string" then
    return text_of(value)
  elseif type(value) == "number" then
    return number_of(value)
  elseif type(value) == "boolean" then
    return flag_of(value)
  end
  return nil, "must be a string, number, boolean or a list of them"
end

--- A problem with what was got, which a secret parameter does not show.
---@param definition? table
---@param problem string
---@param got? string
---@return string
function params.told(definition, problem, got)
  return got and not (definition and definition.secret) and format("%s, got %s", problem, got) or problem
end

return params
