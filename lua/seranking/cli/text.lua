--- Values as text, for all formats.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"

local text = {}

local REPLACEMENT = "\239\191\189" -- U+FFFD

--- A text in which each byte that is not UTF-8 is replaced by U+FFFD.
---@param value string
---@return string
function text.utf8(value)
  local bad = core.utf8_error(value)
  if not bad then
    return value
  end
  local parts = {}
  repeat
    parts[#parts + 1] = value:sub(1, bad - 1) .. REPLACEMENT
    value = value:sub(bad + 1)
    bad = core.utf8_error(value)
  until not bad
  return table.concat(parts) .. value
end

-- A copy of a decoded value with texts of valid UTF-8.
local function cleaned(value)
  if type(value) == "string" then
    return text.utf8(value)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = setmetatable({}, getmetatable(value))
  for key, member in pairs(value) do
    copy[cleaned(key)] = cleaned(member)
  end
  return copy
end

--- A decoded value as JSON. Answers may hold texts that are not UTF-8: a row that was paid for must not be lost for that.
---@param value any
---@return string
function text.json(value)
  local made = json.encode(value, "the row")
  return made or assert(json.encode(cleaned(value), "the row"))
end

--- A function that makes a row's JSON: of the members that columns name, if there are any.
---@param columns? seranking.Columns
---@return fun(value: any): string
function text.json_of(columns)
  if not columns then
    return text.json
  end
  return function(value)
    return (text.json(columns:project(value)))
  end
end

return text
