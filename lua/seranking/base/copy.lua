--- Copies of tables.
-- SPDX-License-Identifier: MIT

local copy = {}

--- A copy of the table itself: its members are shared with the original. Of nil, an empty table.
---@param given? table
---@return table
function copy.shallow(given)
  local made = {}
  for name, value in pairs(given or {}) do
    made[name] = value
  end
  return made
end

local function deep(value, known)
  if type(value) ~= "table" or known[value] then
    return known[value] or value
  end
  local made = {}
  known[value] = made
  for name, inner in next, value do
    made[name] = deep(inner, known)
  end
  local metatable = getmetatable(value) -- an array's marks it as one
  return type(metatable) == "table" and setmetatable(made, metatable) or made
end

--- A copy that shares no table with the original, except metatables. A value that is no table is returned as it is.
---@generic T
---@param value T
---@return T
function copy.deep(value)
  return deep(value, {})
end

return copy
