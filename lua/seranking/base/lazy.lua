--- Modules that are loaded when something of them is first used: what a program does not need costs it no time to start.
-- SPDX-License-Identifier: MIT

--- A table that has the functions of a module.
---@param name string
---@return table
return function(name)
  return setmetatable({}, {
    __index = function(self, field)
      local value = require(name)[field]
      rawset(self, field, value)
      return value
    end,
  })
end
