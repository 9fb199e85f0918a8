--- Rows of lists, for specs that compare a list with a plain reimplementation of its filters, sums and sorts.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"

local rows = {}

--- The rows that pass a check, in order.
---@param list table[]
---@param fits fun(row: table): any
---@return table[]
function rows.kept(list, fits)
  local found = {}
  for _, row in ipairs(list) do
    found[#found + 1] = fits(row) and row or nil
  end
  return found
end

--- The sum of a member.
---@param list table[]
---@param member string
---@return number
function rows.sum(list, member)
  local total = 0
  for _, row in ipairs(list) do
    total = total + row[member]
  end
  return total
end

--- Fails unless rows are in the order of a value.
---@param list table[]
---@param of string|fun(row: table): number|string a member, or a function that returns the value
---@param direction "asc"|"desc"
---@param message? string
function rows.assert_sorted(list, of, direction, message)
  for i = 2, #list do
    local before, after = list[i - 1], list[i]
    if type(of) == "string" then
      before, after = before[of], after[of]
    else
      before, after = of(before), of(after)
    end
    assert.is_true(before == after or (before < after) == (direction == "asc"), message)
  end
end

return rows
