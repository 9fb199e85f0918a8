--- The collector, which is held while a large text is decoded, runs again when memory ran out. A file of its own: whether it is
--- held depends on what was decoded before in the process. SPDX-License-Identifier: MIT

local core = require "lseranking"
local torture = require "support.torture"

if not torture.is_possible() then
  return pending "allocations fail only in the suite torture"
end

local TEXT = "[" .. ('"' .. ("x"):rep(9000) .. '",{"a":[1]},'):rep(10) .. "{}]"
local LARGE = "[" .. ("{},"):rep(200000) .. "{}]"

-- It is held if Lua has at most half of what it had after the hold before.
local function let_hold()
  assert(core.decode(LARGE))
  collectgarbage()
  collectgarbage()
end

it("that was held runs again when memory ran out", function()
  let_hold()
  torture.survive { least = 30, runs = { 2 }, scenario = function() -- Lua tries an allocation again
    local value, problem = core.decode(TEXT)
    return value and true, problem
  end, check = function()
    assert(collectgarbage "isrunning", "it is still held")
    let_hold()
  end }
end)
