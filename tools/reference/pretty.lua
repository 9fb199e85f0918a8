--- JSON texts laid out for readers: what fits in a line is one.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"

local WIDTH = 110

local function scalar(node)
  if node.kind == "null" then
    return "null"
  elseif node.kind == "integer" or node.kind == "number" then
    return ("%.14g"):format(node.value)
  end
  return json.encode(node.value)
end

-- The members of an object, or the elements of a list, as { prefix, node }.
local function children(node)
  local list = {}
  if node.kind == "array" then
    for i, element in ipairs(node.value) do
      list[i] = { "", element }
    end
  else
    for i, name in ipairs(node.names) do
      list[i] = { json.encode(name) .. ": ", node.value[name] }
    end
  end
  return list
end

local function write(node, indent, room)
  if node.kind ~= "array" and node.kind ~= "object" then
    return scalar(node)
  end
  local open, close = "[", "]"
  if node.kind == "object" then
    open, close = "{", "}"
  end
  local flat, broken, inner = {}, {}, indent .. "  "
  for i, entry in ipairs(children(node)) do
    flat[i] = entry[1] .. write(entry[2], "", math.huge)
  end
  local line = open .. table.concat(flat, ", ") .. close
  if #line <= room then
    return line
  end
  for i, entry in ipairs(children(node)) do
    broken[i] = inner .. entry[1] .. write(entry[2], inner, WIDTH - #inner - #entry[1])
  end
  return open .. "\n" .. table.concat(broken, ",\n") .. "\n" .. indent .. close
end

--- Lays a JSON text out anew.
---@param text string
---@return string
return function(text)
  return write(assert(json.decode(text)), "", WIDTH)
end
