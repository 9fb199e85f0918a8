--- The limiter on Redis: the slots of many machines. Its C module is optional, built where hiredis is found.
-- SPDX-License-Identifier: MIT

local redis = {}

--- What the core needs to open the limiter.
---@return userdata? driver
---@return string? problem why there is none and what to do
function redis.driver()
  local loaded, driver = pcall(require, "lseranking_redis")
  if loaded then
    return driver
  end
  if not tostring(driver):find("module 'lseranking_redis' not found", 1, true) then
    return nil, (tostring(driver):gsub("%s+", " ")) -- it is there, but for another Lua, or libhiredis is missing
  end
  return nil, "the limiter on Redis is not installed: install hiredis (libhiredis-dev on Debian, hiredis-devel on Fedora), "
    .. "then build seranking again"
end

return redis
