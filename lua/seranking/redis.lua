--- The limiter on Redis: the slots of many machines. Its C module is optional, built where hiredis is found.
-- SPDX-License-Identifier: MIT

local redis = {}

local NAME = "lseranking_redis"

-- Whether this Lua can find the module's file. The messages of require differ between versions.
local function is_installed()
  for template in package.cpath:gmatch "[^;]+" do
    local file = io.open((template:gsub("%?", NAME)))
    if file then
      file:close()
      return true
    end
  end
  return package.preload[NAME] ~= nil
end

--- The arguments that the core needs to open the limiter.
---@return userdata? driver
---@return string? problem why there is none and what to do
function redis.driver()
  local loaded, driver = pcall(require, NAME)
  if loaded then
    return driver
  elseif is_installed() then -- for another Lua, or libhiredis is missing
    return nil, "can't be used: " .. tostring(driver):gsub("%s+", " ")
  end
  return nil, "needs hiredis, which is not installed: install it (libhiredis-dev on Debian, hiredis-devel on Fedora), then "
    .. "build seranking again"
end

return redis
