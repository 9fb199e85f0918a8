--- Many small GETs, 50 in flight, as a program makes them. SPDX-License-Identifier: MIT
-- lua bench/map_get.lua BASE_URL COUNT: prints microseconds per call: CPU and wall clock.

local seranking = require "seranking"
local socket = require "socket"

local base_url, count = arg[1], tonumber(arg[2])
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, share = "off",
})

local function run(times)
  local list = {}
  for i = 1, times do
    list[i] = i
  end
  local results, errors = client:map(list, function()
    return assert(client.account:balance()).currency
  end, { concurrency = 50 })
  assert(not errors, tostring(errors))
  assert(results[times] == "rur")
end

run(count / 10)
local start, wall = os.clock(), socket.gettime()
run(count)
print(("%.3f %.3f"):format((os.clock() - start) / count * 1e6, (socket.gettime() - wall) / count * 1e6))
