--- Numbers that look random and are the same on every machine and Lua: Park and Miller's generator, exact in a double.
-- SPDX-License-Identifier: MIT

--- Returns a function that returns a whole number from 1 to `count`.
---@param seed integer at least 1
---@return fun(count: integer): integer
return function(seed)
  local state = seed % 2147483647
  return function(count)
    state = state * 16807 % 2147483647
    return state % count + 1
  end
end
