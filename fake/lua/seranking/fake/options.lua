--- Checks tables of options.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"
local tools = require "seranking.fake.tools"

local options = {}

--- Raises for an option that is unknown or of the wrong type.
---@param given table
---@param types table<string, string> by name: the types it may have, with blanks between
---@param level integer whose line is named, as for `error`, counted from the caller
function options.check(given, types, level)
  for name, value in pairs(given) do
    local allowed = types[name]
    if not allowed then
      local near = misuse.nearest(tostring(name), tools.sorted_names(types))
      error(("unknown option: %s; %s"):format(tostring(name), near and ("did you mean '%s'?"):format(near)
        or "there are: " .. tools.names(types)), level + 1)
    elseif not allowed:find(type(value), 1, true) then
      error(name .. " must be a " .. allowed:gsub(" ", " or a ") .. ", not a " .. type(value), level + 1)
    end
  end
end

return options
