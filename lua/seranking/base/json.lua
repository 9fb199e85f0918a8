--- JSON: decoding in the core; encoding that keeps empty lists `[]` and writes whole numbers without a decimal point.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

local json = {}

-- Our own instance: the global configuration belongs to the program.
local shared_cjson = require "cjson"
local cjson = shared_cjson.new()
-- Only OpenResty's cjson has these.
local their_array_mt, their_empty_array = shared_cjson.array_mt, shared_cjson.empty_array
local encode_string = cjson.encode
local format, gsub = string.format, string.gsub
local math_type = math.type ---@diagnostic disable-line: deprecated

--- Between the elements of a list sent as one string, by the style of the parameter.
json.separators = { comma = ",", lines = "\n" }

--- The null of JSON, equal to cjson.null and ngx.null.
json.null = cjson.null

-- The metatable that marks a list; the decoder gives it to empty ones. OpenResty's, if there is one: its encoder then writes
-- [] for our lists too.
local array_mt = core.array_mt(shared_cjson.empty_array_mt)

-- Whether a metatable marks a list: ours, cjson's, or one with `__jsontype`.
local function marks_list(mt)
  return mt ~= nil and (mt == array_mt or mt == their_array_mt
    or type(mt) == "table" and (mt.__jsontype == "array"))
end

--- Marks a list, so that it is encoded as `[]` when it is empty. Decoded empty lists are marked. If the table has a metatable
--- of its own, returns a marked copy.
---@generic T
---@param list T[]
---@return T[]
function json.array(list)
  if type(list) ~= "table" then
    misuse.raise("seranking.array takes a list, got %s", type(list) == "string" and ("%q"):format(list) or proxy.show(list))
  end
  local mt = getmetatable(list)
  if marks_list(mt) then
    return list
  elseif mt ~= nil then
    local copy = {}
    for i = 1, #list do
      copy[i] = list[i]
    end
    list = copy
  end
  return setmetatable(list, array_mt)
end

--- Decodes a text. Null members of objects are dropped unless `keep_nulls`; nulls in lists become json.null. On Lua 5.3 and
--- later whole numbers become integers: of 64 bits, or up to 2^53 if written with a decimal point or an exponent. All other
--- numbers are floats. A number too large for a float is an error, and so is an unescaped control character. Strings are not
--- checked for UTF-8. Errors name the byte.
---@type fun(text: string, keep_nulls?: boolean): any, string? # value | nil, what is wrong
json.decode = core.decode

--- The shortest text that reads back as the same number, in any locale; whole numbers without a decimal point.
---@param number number finite
---@return string
function json.number(number)
  if math_type and math_type(number) == "integer" then
    return format("%d", number)
  end
  if number == 0 then
    return "0" -- not -0
  elseif number % 1 == 0 and number > -2 ^ 53 and number < 2 ^ 53 then
    return format("%.0f", number)
  end
  local text
  for digits = 15, 17 do
    text = gsub(format("%." .. digits .. "g", number), ",", ".")
    if tonumber(text) == number then
      break
    end
  end
  return text
end

local number_text = json.number

--- A string as a JSON string. Slashes are not escaped.
---@param text string
---@return string
function json.string(text)
  return (gsub(encode_string(text), "\\/", "/"))
end

local string_text = json.string
local encode_value

-- The number of elements of a list; nil if the table has other keys or holes.
local function list_length(value)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  for i = 1, count do
    if value[i] == nil then
      return nil
    end
  end
  return count
end

local function encode_table(value, where, depth)
  local mt = getmetatable(value)
  if mt and proxy.is(value) then
    error({ where = where, message = "is a " .. proxy.show(value) .. ", which is no data" }, 0)
  end
  local length = list_length(value)
  local parts = {}
  if length and (length > 0 or marks_list(mt)) then
    for i = 1, length do
      parts[i] = encode_value(value[i], format("%s[%d]", where, i), depth + 1)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names = {}
  for name in pairs(value) do
    if type(name) ~= "string" then
      error({ where = where, message = "has both names and numbers as keys, or a list with holes" }, 0)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = string_text(name) .. ":" .. encode_value(value[name], where .. "." .. name, depth + 1)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode_value(value, where, depth)
  local kind = type(value)
  if kind == "string" then
    local bad = core.utf8_error(value)
    if bad then
      error({ where = where, message = format("is not valid UTF-8 at byte %d", bad) }, 0)
    end
    return string_text(value)
  elseif kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then
      error({ where = where, message = "is not a finite number" }, 0)
    end
    return number_text(value)
  elseif kind == "boolean" then
    return tostring(value)
  elseif value == json.null then
    return "null"
  elseif value == their_empty_array and value ~= nil then
    return "[]"
  elseif kind == "table" then
    if depth > 100 then
      error({ where = where:sub(1, 40) .. "…", message = "is nested too deeply, or holds itself" }, 0)
    end
    return encode_table(value, where, depth)
  end
  error({ where = where, message = format("is a %s, which JSON does not have", kind) }, 0)
end

--- Encodes a value: a table with elements 1..n is a list, any other table an object; json.array marks an empty list.
---@param value any
---@param where string how to name it in an error: "body"
---@return string? text, string? error
function json.encode(value, where)
  local ok, text = pcall(encode_value, value, where, 0)
  if ok then
    return text
  elseif type(text) == "table" then
    return nil, text.where .. " " .. text.message
  end
  error(text, 0)
end

return json
