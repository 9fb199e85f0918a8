--- Requests in a form that can be compared.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local lists = require "support.lists"

local sent = {}

--- Percent-encoded text as it is read.
---@param text string
---@return string
function sent.decoded(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The pairs of a query, in order.
---@param query? string
---@return string[]
function sent.in_order(query)
  local list = {}
  for pair in (query or ""):gmatch "[^&]+" do
    list[#list + 1] = sent.decoded(pair)
  end
  return list
end

--- The same, sorted.
---@param query? string
---@return string[]
function sent.pairs_of(query)
  return lists.sorted(sent.in_order(query))
end

--- Pairs "name=value" by name, each name's in order.
---@param list string[]
function sent.by_name(list)
  local found = {}
  for _, pair in ipairs(list) do
    local name, value = pair:match "^([^=]*)=(.*)$"
    found[name] = found[name] or {}
    table.insert(found[name], value)
  end
  return found
end

--- JSON text with its members sorted; [] and {}, 1 and 1.0 stay different. nil of nil.
---@param text? string
---@return string?
function sent.canonical(text)
  if text == nil then
    return nil
  end
  local function write(node)
    local parts = {}
    if node.kind == "array" then
      for i, item in ipairs(node.value) do
        parts[i] = write(item)
      end
      return "[" .. table.concat(parts, ",") .. "]"
    elseif node.kind == "object" then
      for i, name in ipairs(lists.sorted(node.names)) do
        parts[i] = name .. ":" .. write(node.value[name])
      end
      return "{" .. table.concat(parts, ",") .. "}"
    elseif node.kind == "number" then
      return ("%.14g (no integer)"):format(node.value)
    end
    return node.kind .. " " .. tostring(node.value)
  end
  local node, problem = json.decode(text)
  return write(node or error(problem, 0))
end

--- A request of a catalogue with $name replaced by what `stand_ins` has for it.
---@param request table
---@param stand_ins table<string, string|integer>
function sent.filled(request, stand_ins)
  local function fill(value)
    if type(value) == "table" then
      local made = {}
      for key, inner in pairs(value) do
        made[key] = fill(inner)
      end
      return made
    elseif type(value) ~= "string" then
      return value
    end
    local whole = value:match "^%$(%l+)$"
    if whole then
      return assert(stand_ins[whole], whole)
    end
    return (value:gsub('"%$(%l+)"', function(name) -- in JSON
      return type(stand_ins[name]) == "number" and ("%d"):format(stand_ins[name]) or ('"%s"'):format(stand_ins[name])
    end):gsub("%$(%l+)", function(name)
      return type(stand_ins[name]) == "number" and ("%d"):format(stand_ins[name]) or stand_ins[name]
    end))
  end
  return fill(request)
end

return sent
