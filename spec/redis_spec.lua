--- The limiter on Redis is optional: seranking.redis returns a driver for the core, or a one-line message that says what to do.
-- SPDX-License-Identifier: MIT

describe("seranking.redis", function()
  local redis, preload, searchers

  before_each(function()
    package.loaded["seranking.redis"] = nil
    package.loaded["lseranking_redis"] = nil
    redis = require "seranking.redis"
    preload = package.preload["lseranking_redis"]
    searchers = package.cpath
  end)

  after_each(function()
    package.preload["lseranking_redis"] = preload
    package.cpath = searchers
    package.loaded["lseranking_redis"] = nil
    package.loaded["seranking.redis"] = nil
  end)

  it("returns a driver that Lua can neither read nor finalize", function()
    if not package.searchpath or not package.searchpath("lseranking_redis", package.cpath) then
      if not pcall(require, "lseranking_redis") then
        pending "built without hiredis"
        return
      end
    end
    local driver = assert(redis.driver())
    assert.equals("userdata", type(driver))
    assert.is_false(getmetatable(driver))
    assert.has_error(function() return driver.open end)
    driver = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.equals("userdata", type(redis.driver()))
  end)

  it("says what to install if the module is missing", function()
    package.cpath = "/nowhere/?.so"
    local driver, problem = redis.driver()
    assert.is_nil(driver)
    assert.matches("needs hiredis", problem, 1, true)
    assert.is_nil(problem:find("\n", 1, true))
  end)

  it("does not say what to install if the file exists but can't be loaded", function()
    local folder = os.tmpname()
    os.remove(folder)
    local file = assert(io.open(folder .. "lseranking_redis.so", "w"))
    file:write "no library"
    file:close()
    finally(function() os.remove(folder .. "lseranking_redis.so") end) -- luacheck: ignore
    package.cpath = folder .. "?.so"
    local driver, problem = redis.driver()
    assert.is_nil(driver)
    assert.is_nil(problem:find("hiredis, which", 1, true))
    assert.matches("^can't be used: ", problem)
  end)

  it("reports why the module can't be loaded", function()
    package.preload["lseranking_redis"] = function() error("libhiredis.so.0.14: cannot open shared object file", 0) end
    local driver, problem = redis.driver()
    assert.is_nil(driver)
    assert.matches("libhiredis", problem, 1, true)
  end)
end)
