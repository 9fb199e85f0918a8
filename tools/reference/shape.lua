--- The shape of an answer as a tree, from the description of its fields.
-- SPDX-License-Identifier: MIT

local notation = require "seranking.base.notation"

local shape = {}

--- A place in an answer: the answer itself, a member, an element, or the values of a map.
---@class reference.Shape
---@field type? string as described: "integer", "object|array"; nil: inferred from its children
---@field optional boolean may be null or missing
---@field text boolean a number that may be sent as text
---@field note? string
---@field names string[] of the members, in the order of the description
---@field members table<string, reference.Shape>
---@field element? reference.Shape of a list
---@field map? reference.Shape the values of a map
---@field seen? table<string, true> for a member: the generations that have it
---@field only? string the generation that has it, if the other lacks it

---@return reference.Shape
local function new()
  return { optional = false, text = false, names = {}, members = {} }
end

-- A child of `node`, created if missing. Marks members as known to the API.
local function child(node, step, api)
  local name = step.name
  if step.key then
    node.map = node.map or new()
    node = node.map
  elseif name then
    if not node.members[name] then
      node.members[name] = new()
      node.names[#node.names + 1] = name
    end
    node = node.members[name]
    node.seen = node.seen or {}
    node.seen[api] = true
  end
  for _ = 1, step.lists do
    node.element = node.element or new()
    node = node.element
  end
  return node
end

-- Adds the fields of a generation.
local function add(root, description)
  local from = root
  if description.answer == "array" then
    root.element = root.element or new()
    from = root.element
  end
  for _, field in ipairs(description.fields) do
    local node, path = from, field.path
    if description.answer == "array" then -- the element itself
      path = path:gsub("^%[%]%.?", "")
    end
    for _, step in ipairs(path ~= "" and notation.path(path) or {}) do
      node = child(node, step, description.api)
    end
    node.type = node.type or field.type
    node.optional = node.optional or field.optional
    node.text = node.text or field.text
    node.note = node.note or field.note
  end
end

-- Marks members that a generation lacks as optional.
local function mark(node, apis)
  for _, name in ipairs(node.names) do
    local member = node.members[name]
    for _, api in ipairs(apis) do
      if not member.seen[api] then
        member.only, member.optional = next(member.seen), true
      end
    end
    mark(member, apis)
  end
  for _, inner in ipairs { node.element or false, node.map or false } do
    if inner then
      mark(inner, apis)
    end
  end
end

--- The shape of an operation's answer, in all generations.
---@param operation reference.Operation
---@return reference.Shape
function shape.of(operation)
  local root = new()
  for _, api in ipairs(operation.apis) do
    add(root, operation.by[api])
  end
  mark(root, operation.apis)
  return root
end

--- Whether the node's contents are unknown.
---@param node reference.Shape
function shape.is_leaf(node)
  return #node.names == 0 and not node.element and not node.map
end

return shape
