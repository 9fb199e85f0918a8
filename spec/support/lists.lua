--- Helpers for lists.
-- SPDX-License-Identifier: MIT

local lists = {}

---@param set table<string, any>
---@return string[]
function lists.sorted_keys(set)
  local keys = {}
  for key in pairs(set) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

--- A sorted copy.
---@param list string[]
---@return string[]
function lists.sorted(list)
  local copy = {}
  for i, item in ipairs(list) do
    copy[i] = item
  end
  table.sort(copy)
  return copy
end

--- { 1, 2, … count }.
---@param count integer
---@return integer[]
function lists.numbers(count)
  local list = {}
  for i = 1, count do
    list[i] = i
  end
  return list
end

return lists
