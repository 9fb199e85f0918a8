--- Text that holds a number, made the number: where the description of an answer's fields says that this occurs.
-- SPDX-License-Identifier: MIT

local numbers = {}

local find, gsub = string.find, string.gsub
local tointeger = math.tointeger ---@diagnostic disable-line: deprecated
local MAX_EXACT = 2 ^ 53 -- from here on texts of different numbers may be one number

-- Where numbers may be text: the members of an object by name, all elements of a list or values of a map, the value itself.
---@class seranking.NumberPlaces
---@field fields? table<string, seranking.NumberPlaces>
---@field each? seranking.NumberPlaces
---@field here? boolean

local function child(node, key)
  if key == nil then
    node.each = node.each or {}
    return node.each
  end
  node.fields = node.fields or {}
  node.fields[key] = node.fields[key] or {}
  return node.fields[key]
end

-- "a.<key>.b[].c" from `node` on.
local function place(node, path)
  for step in path:gmatch "[^.]+" do
    local name, lists = step:match "^([^%[]*)(.*)$"
    if name:find "^<" then
      node = child(node)
    elseif name ~= "" then
      node = child(node, name)
    end
    for _ in lists:gmatch "%[%]" do
      node = child(node)
    end
  end
  node.here = true
end

--- The places of an answer where numbers may come as text. nil: there are none.
---@param fields? string as in the descriptions
---@param answer? string the kind of the answer: of an "array" the fields are seen from its elements
---@return seranking.NumberPlaces?
function numbers.places(fields, answer)
  if not fields or not fields:find("~", 1, true) then
    return nil
  end
  local root, found = {}, false
  local from = answer == "array" and child(root) or root
  for line in fields:gmatch "[^\n]+" do
    local path, kind = line:match "^%s*(%S+)%s+(%S+)"
    if kind and kind:find("~", 1, true) then
      found = true
      if answer == "array" and path:find "^%[%]" then -- such an element itself
        path = path:gsub("^%[%]%.?", "")
      end
      place(from, path)
    end
  end
  return found and root or nil
end

-- The number that a text holds; the text when it holds none, or one that is too large to be exact, or to be one.
local function number_of(text)
  if not find(text, "^%-?%d+%.?%d*$") and not find(text, "^%-?%d+%.?%d*[eE][+-]?%d+$") then
    return text
  end
  local value = tonumber(text) or tonumber((gsub(text, "%.", ","))) -- some locales want a comma
  if not value or value - value ~= 0 or value % 1 == 0 and (value >= MAX_EXACT or value <= -MAX_EXACT) then
    return text
  end
  return tointeger and tointeger(value) or value
end

--- A decoded answer with these numbers as numbers; tables are changed in place.
---@param value any
---@param node seranking.NumberPlaces
---@return any
function numbers.convert(value, node)
  local kind = type(value)
  if kind == "string" then
    return node.here and number_of(value) or value
  elseif kind ~= "table" then
    return value
  end
  for name, inner in pairs(node.fields or {}) do
    local member = value[name]
    if member ~= nil then
      value[name] = numbers.convert(member, inner)
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
