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

--- The pairs of a query, sorted.
---@param query? string
---@return string[]
function sent.pairs_of(query)
  local list = {}
  for pair in (query or ""):gmatch "[^&]+" do
    list[#list + 1] = sent.decoded(pair)
  end
  table.sort(list)
  return list
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

return sent
