--- Many concurrent calls in an event loop, each answered after 200 ms. SPDX-License-Identifier: MIT
-- lua bench/loops.lua BASE_URL COUNT: prints a line for each installed loop: its name and the seconds it took.

local seranking = require "seranking"
local socket = require "socket"

local base_url, count = arg[1], tonumber(arg[2])

-- `spawn(f)` starts f in a coroutine of the loop; `run()` returns when the loop is done.
local function measure(name, options, spawn, run)
  options.token, options.base_url, options.share = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url, "off"
  local client = assert(seranking.new(options))
  local answered = 0
  local function all()
    for _ = 1, count do
      spawn(function()
        assert(client.account:balance())
        answered = answered + 1
      end)
    end
    run()
  end
  all() -- opens the connections
  local start = socket.gettime()
  all()
  local took = socket.gettime() - start
  assert(answered == 2 * count)
  client:close()
  print(("%s %.3f"):format(name, took))
end

local found, cqueues = pcall(require, "cqueues")
if found then
  local loop = cqueues.new()
  measure("cqueues", {}, function(f) loop:wrap(f) end, function() assert(loop:loop(60)) end)
end
local uv_found, uv = pcall(require, "luv")
if uv_found then
  measure("luv", { loop = "luv" }, function(f) coroutine.wrap(f)() end, function() uv.run() end)
end
