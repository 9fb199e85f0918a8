--- Header tables: names in lower case, reading is case-insensitive.
-- SPDX-License-Identifier: MIT

local headers = {}

local headers_mt = {
  __index = function(list, name)
    return type(name) == "string" and rawget(list, name:lower()) or nil
  end,
}

--- Makes reading a table case-insensitive.
---@param list table<string, string> by names in lower case
---@return table<string, string>
function headers.new(list)
  return setmetatable(list, headers_mt)
end

return headers
