--- One value of a parameter: what its type accepts, and its text in a path, a query or a JSON body.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"
local mask = require "seranking.base.mask"

local params = {}

local format, match = string.format, string.match
local math_type = math.type ---@diagnostic disable-line: deprecated
local MAX_EXACT = 2 ^ 53

--- A type's two functions return nil and a problem for a value that does not fit. A problem continues a sentence that begins
--- with the parameter's name.
---@class seranking.ParameterType
---@field text fun(value: any): string?, string? for a path or a query
---@field json fun(value: any): string?, string? for a body

-- A value as a message shows it.
local function show(value)
  if type(value) == "string" then
    value = mask.keys(value) -- before it is cut, which would hide a part of the key from the mask
    return #value > 40 and format("%q…", value:sub(1, 40)) or format("%q", value)
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
  return nil, format("must be %s, got %s", wanted, show(value))
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

local function quoted(value)
  local text, problem = text_of(value)
  return text and json.string(text), problem
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
  text = text ~= value and text:sub(1, 7) or value
  local month = tonumber(match(type(text) == "string" and text or "", "^%d%d%d%d%-(%d%d)$"))
  if month and month >= 1 and month <= 12 then
    return text
  end
  return wrong("a month (YYYY-MM, a number of os.time, or a table like os.date(\"*t\"))", value)
end

---@type table<string, seranking.ParameterType>
local types = {
  id = { text = id_of, json = id_of },
  integer = { text = integer_of, json = integer_of },
  number = { text = number_of, json = number_of },
  string = { text = text_of, json = quoted },
  text = {
    text = any_text,
    json = function(value)
      local text, problem = any_text(value)
      return text and json.string(text), problem
    end,
  },
  flag = { text = flag_of, json = flag_of },
  boolean = { text = flag_of, json = boolean_of },
  month = {
    text = month_of,
    json = function(value)
      local text, problem = month_of(value)
      return text and json.string(text), problem
    end,
  },
  date = {
    text = date_of,
    json = function(value)
      local text, problem = date_of(value)
      return text and json.string(text), problem
    end,
  },
}

-- Checks enum, lengths, form, min and max. Values are compared as they are written: 200 equals 200.0.
local function limits(definition, value, text)
  if definition.enum then
    local words = {}
    for i, allowed in ipairs(definition.enum) do
      local word = type(allowed) == "number" and json.number(allowed) or tostring(allowed)
      if word == text then
        return true
      end
      words[i] = word
    end
    return nil, format("must be one of %s, got %s", table.concat(words, ", "), show(value))
  end
  if definition.max_length or definition.min_length then
    local length = select(2, tostring(value):gsub("[^\128-\191]", ""))
    local least, most = definition.min_length or 0, definition.max_length or math.huge
    if length < least or length > most then
      return nil, least == most and format("must have %d characters, got %d", least, length)
        or length < least and format("must have at least %d characters, got %d", least, length)
        or format("must have at most %d characters, got %d", most, length)
    end
  end
  if definition.form and not match(tostring(value), definition.form[1]) then
    return wrong(definition.form[2], value)
  end
  local least, most = definition.min, definition.max
  local number = (least or most) and tonumber(text)
  if number and (least and number < least or most and number > most) then
    if least and most then
      return nil, format("must be from %s to %s, got %s", least, most, text)
    end
    return nil, format(least and "must be at least %s, got %s" or "must be at most %s, got %s", least or most, text)
  end
  return true
end

--- Text of a value for a path, a query or a form.
---@param definition table
---@param value any
---@param kind string its type: the definition's, or that of a list's elements
---@return string? text, string? problem
function params.scalar(definition, value, kind)
  local text, problem = types[kind].text(value)
  if not text then
    return nil, problem
  end
  local fine
  fine, problem = limits(definition, value, text)
  return fine and text or nil, problem
end

--- JSON of a value.
---@param definition table
---@param value any
---@param kind string its type: the definition's, or that of a list's elements
---@return string? text, string? problem
function params.scalar_json(definition, value, kind)
  local text, problem = types[kind].json(value)
  if not text then
    return nil, problem
  end
  local fine
  fine, problem = limits(definition, value, type(value) == "string" and kind ~= "id" and value or text)
  return fine and text or nil, problem
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
---@return string? text, string? problem
function params.text(definition, value)
  return params.scalar(definition, value, definition.type)
end

--- Text of a value without a description: a string, a finite number, or a boolean as 1 or 0.
---@param value any
---@return string? text, string? problem
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

--- A problem as it may be shown: without the value if the parameter is secret.
---@param definition table
---@param problem string
---@return string
function params.discreet(definition, problem)
  return definition.secret and problem:gsub(", got .*$", "") or problem
end

return params
