--- Modules that are loaded when something in them is first used. Loading all of them would double what `require` and
--- `seranking.new` take.
-- SPDX-License-Identifier: MIT

local lazy = {}

local names = {} -- of all modules that are, or were, to be loaded later

local lazy_mt = {}

--- A table that has the functions of a module.
---@param name string
---@return table
function lazy_mt.__call(_, name)
  names[#names + 1] = name
  return setmetatable({}, {
    __index = function(self, field)
      local value = require(name)[field]
      rawset(self, field, value)
      return value
    end,
  })
end

--- A function that returns a module which is no table of functions.
---@param name string
---@return fun(): any
function lazy.value(name)
  names[#names + 1] = name
  return function()
    return require(name)
  end
end

--- Loads them all, and those that they in turn would load later.
function lazy.load_all()
  local at = 1
  while names[at] do
    require(names[at])
    at = at + 1
  end
end

return setmetatable(lazy, lazy_mt)
