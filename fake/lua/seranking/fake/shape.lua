--- Checks an answer that a test scripts against the members that the operation's description gives it.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local notation = require "seranking.base.notation"
local tools = require "seranking.fake.tools"

local shape = {}

---@class seranking.fake.Shape what a place of an answer may hold
---@field type? string of the description: "integer", "string|number", "object", …; nil for what only members describe
---@field optional boolean it may be null or missing
---@field members? table<string, seranking.fake.Shape>
---@field keys? seranking.fake.Shape of each value of a map
---@field elements? seranking.fake.Shape of each element of a list

local function new_node()
  return { optional = false }
end

local function inner(node, name)
  node[name] = node[name] or new_node()
  return node[name]
end

-- The tree that lines of `path type note` describe.
local function tree_of(fields)
  local root = new_node()
  for _, line in ipairs(notation.fields(fields)) do
    local node = root
    for _, step in ipairs(notation.path(line.path)) do
      if step.key then
        node = inner(node, "keys")
      elseif step.name then
        node.members = node.members or {}
        node = inner(node.members, step.name)
      end
      for _ = 1, step.lists do
        node = inner(node, "elements")
      end
    end
    node.type, node.optional = line.type, line.optional
  end
  return root
end

local function is_number_text(value)
  return type(value) == "string" and tonumber(value) ~= nil
end

local function is_whole(value)
  local number = tonumber(value)
  return number ~= nil and number % 1 == 0
end

-- Numbers may come as text, and flags as numbers, as the service sends them.
local accepts = {
  integer = function(value) return (type(value) == "number" or is_number_text(value)) and is_whole(value) end,
  number = function(value) return type(value) == "number" or is_number_text(value) end,
  string = function(value) return type(value) == "string" end,
  boolean = function(value) return type(value) == "boolean" or value == 0 or value == 1 end,
  date = function(value) return type(value) == "string" and value:find "^%d%d%d%d%-%d%d%-%d%d" ~= nil end,
  month = function(value) return type(value) == "string" and value:find "^%d%d%d%d%-%d%d" ~= nil end,
  time = function(value) return type(value) == "string" and value:find "%d:%d%d" ~= nil end,
  object = function(value) return type(value) == "table" end,
  array = function(value) return type(value) == "table" end,
}

local function has_type(value, types)
  for word in types:gmatch "[^|]+" do
    if accepts[word](value) then
      return true
    end
  end
  return false
end

local function shown(value)
  return type(value) == "string" and '"' .. value .. '"' or type(value) == "table" and "a table" or tostring(value)
end

local read

local function read_list(list, node, label)
  local made = {}
  for i = 1, #list do
    local problem
    made[i], problem = read(list[i], node.elements, label .. "[" .. i .. "]")
    if problem then
      return nil, problem
    end
  end
  for key in pairs(list) do
    if type(key) ~= "number" or key < 1 or key > #list then
      return nil, ("%s must be a list, but has the member '%s'"):format(label, tostring(key))
    end
  end
  return json.array(made)
end

local function read_members(object, node, label)
  local made, members = {}, node.members or {}
  for _, name in ipairs(tools.sorted_names(object)) do
    local member = members[name] or node.keys
    if not member then
      return nil, ("%s has no member '%s'; there are: %s"):format(label, tostring(name),
        tools.names(members))
    end
    local problem
    made[name], problem = read(object[name], member, label == "the answer" and tostring(name) or label .. "." .. tostring(name))
    if problem then
      return nil, problem
    end
  end
  for _, name in ipairs(tools.sorted_names(members)) do
    if object[name] == nil and not members[name].optional then
      return nil, ("%s lacks the member '%s'"):format(label, name)
    end
  end
  return made
end

function read(value, node, label)
  if value == json.null or type(value) == "userdata" then
    if node.optional then
      return json.null
    end
    return nil, label .. " must not be null"
  elseif type(value) == "table" then
    if node.elements then
      return read_list(value, node, label)
    elseif node.members or node.keys then
      return read_members(value, node, label)
    elseif node.type and not has_type(value, node.type) then
      return nil, ("%s must be %s, got a table"):format(label, node.type)
    end
    return json.plain(value, node.type == "array")
  elseif node.type and not has_type(value, node.type) or not node.type and (node.elements or node.members or node.keys) then
    return nil, ("%s must be %s, got %s"):format(label, node.type or node.elements and "a list" or "an object", shown(value))
  end
  return value
end

--- Checks an answer and makes it ready to be encoded.
---@param value any the answer as Lua values: lists are sequences; json.null is null
---@param fields? string the lines that describe it; nil: anything may be answered
---@param kind? string "array", "object", "map" …, as in the description
---@return any value nil when it does not fit
---@return string? problem
function shape.read(value, fields, kind)
  if not fields then
    return type(value) == "table" and json.plain(value, kind == "array") or value
  end
  local root = tree_of(fields)
  if kind == "array" then
    local lone = root.elements -- "[]": elements that are no objects
    root = { elements = lone and not root.members and lone or root, optional = false }
  end
  if type(value) ~= "table" then
    return nil, ("the answer must be %s, got %s"):format(kind == "array" and "a list" or "a table", shown(value))
  end
  return read(value, root, "the answer")
end

return shape
