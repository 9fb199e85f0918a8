--- Converts answers by the rules of the descriptions: numbers sent as strings, and lists sent as one string.
-- SPDX-License-Identifier: MIT

local json = require "seranking.base.json"
local notation = require "seranking.base.notation"

local numbers = {}

local find, gsub, match = string.find, string.gsub, string.match
local tointeger = math.tointeger ---@diagnostic disable-line: deprecated
local MAX_EXACT = 2 ^ 53 -- from here on different texts may read as one number

--- The conversions for a value of an answer.
---@class seranking.NumberPlaces
---@field fields? table<string, seranking.NumberPlaces> in its members, by name
---@field rest? table<string, true> every member that looks like a number, except these
---@field each? seranking.NumberPlaces in every element of a list or value of a map
---@field here? boolean the value itself is a number
---@field separator? string the value itself is a list, joined by this

local function child(node, key)
  if key == nil then
    node.each = node.each or {}
    return node.each
  end
  node.fields = node.fields or {}
  node.fields[key] = node.fields[key] or {}
  return node.fields[key]
end

-- Marks the end of a path that begins at `node`.
local function place(node, path, texts)
  for _, step in ipairs(notation.path(path)) do
    if step.all then
      node.rest = texts
      return
    elseif step.key then
      node = child(node)
    elseif step.name then
      node = child(node, step.name)
    end
    for _ = 1, step.lists do
      node = child(node)
    end
  end
  node.here = true
end

-- The path from the answer itself: paths of an array begin at its elements.
local function from_root(path, answer)
  return answer == "array" and not path:find "^%[%]" and "[]." .. path or path
end

--- The conversions of an answer; nil if there are none.
---@param rule? string paths of numbers, as in the descriptions
---@param texts? string names of members that stay strings where the rule has a "*"
---@param answer? string the kind of the answer; paths of an "array" begin at its elements
---@param joined? { at?: string, fields: table<string, table> } lists sent as one string, by their parameters
---@return seranking.NumberPlaces?
function numbers.places(rule, texts, answer, joined)
  local root, kept = {}, notation.set(texts)
  for _, path in ipairs(notation.paths(rule)) do
    place(root, from_root(path, answer), kept)
  end
  for name, definition in pairs(joined and joined.fields or {}) do
    local separator = json.separators[definition.style]
    if separator then
      child(joined.at and child(root, joined.at) or root, name).separator = separator
    end
  end
  return next(root) and root or nil
end

--- Whether the rule converts the member at a path.
---@param rule? string
---@param texts? string
---@param path string
---@return boolean
function numbers.covers(rule, texts, path)
  local parent, name = path:match "^(.-)([^.]+)$"
  local all = parent .. "*"
  for _, word in ipairs(notation.paths(rule)) do
    if word == path or word == all and not notation.set(texts)[name] and not name:find "[%[<]" then
      return true
    end
  end
  return false
end

-- The number in a text; the text itself if it holds none, or one that is inexact or infinite.
local function number_of(text)
  if not find(text, "^%-?%d+%.?%d*$") and not find(text, "^%-?%d+%.?%d*[eE][+-]?%d+$") then
    return text
  end
  local value = tonumber(text) or tonumber((gsub(text, "%.", ","))) -- some locales have a decimal comma
  if not value or value - value ~= 0 or value % 1 == 0 and (value >= MAX_EXACT or value <= -MAX_EXACT) then
    return text
  end
  return tointeger and tointeger(value) or value
end

-- The same for a member matched by "*": only if written as servers write numbers, neither 007 nor 12e5.
local function plain_number_of(text)
  if find(text, "^%-?0%d") or find(text, "[eE]") or find(text, "%.$") then
    return text
  end
  return number_of(text)
end

-- The elements of a list sent as one string, without surrounding blanks and without empty ones.
local function split(text, separator)
  local list = {}
  for piece in (text .. separator):gmatch("(.-)" .. separator) do
    piece = match(piece, "^%s*(.-)%s*$")
    if piece ~= "" then
      list[#list + 1] = piece
    end
  end
  return list[1] and list or json.array(list)
end

--- Converts a decoded answer; tables in place.
---@param value any
---@param node seranking.NumberPlaces
---@return any
function numbers.convert(value, node)
  local kind = type(value)
  if kind == "string" then
    return node.separator and split(value, node.separator) or node.here and number_of(value) or value
  elseif kind ~= "table" then
    return value
  end
  if node.fields then
    for name, inner in pairs(node.fields) do
      local member = value[name]
      if member ~= nil then
        value[name] = numbers.convert(member, inner)
      end
    end
  end
  if node.rest then
    local kept = node.rest
    for name, member in pairs(value) do
      if type(member) == "string" and not kept[name] then
        value[name] = plain_number_of(member)
      end
    end
  end
  if node.each then
    for key, member in pairs(value) do
      local made = numbers.convert(member, node.each)
      if made ~= member then
        value[key] = made
      end
    end
  end
  return value
end

return numbers
