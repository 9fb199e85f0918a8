--- A catalogue's requests and the client's as values that can be compared.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local json = require "seranking.fake.json"

local wire_form = {}

--- A request of a catalogue with $name replaced by what `stand_ins` has for it.
---@param request table
---@param stand_ins table<string, string|integer>
function wire_form.filled(request, stand_ins)
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

--- Pairs "name=value" by name, each name's in order.
---@param list string[]
function wire_form.by_name(list)
  local found = {}
  for _, pair in ipairs(list) do
    local name, value = pair:match "^([^=]*)=(.*)$"
    found[name] = found[name] or {}
    table.insert(found[name], value)
  end
  return found
end

local function decoded(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- The pairs of a query, decoded.
---@param query string?
---@return string[]
function wire_form.pairs_of(query)
  local list = {}
  for pair in (query or ""):gmatch "[^&]+" do
    list[#list + 1] = decoded(pair)
  end
  return list
end

--- JSON as plain tables that can be compared; [] and {} stay different.
---@param text string
function wire_form.value_of(text)
  local function plain(node)
    if node.kind ~= "array" and node.kind ~= "object" then
      return { node.kind, tostring(node.value) }
    end
    local made = { node.kind }
    for name, inner in pairs(node.value) do
      made["." .. name] = plain(inner)
    end
    return made
  end
  local node, problem = json.decode(text)
  assert.is_truthy(node, problem)
  return plain(node)
end

return wire_form
