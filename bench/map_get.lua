--- Many small GETs, 50 at once, as a program writes it. SPDX-License-Identifier: MIT
-- lua bench/map_get.lua BASE_URL COUNT: prints the microseconds of CPU a call.

local seranking = require "seranking"

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
local start = os.clock() -- what bounds the rate of one thread, whoever else is on the machine
run(count)
print(("%.3f"):format((os.clock() - start) / count * 1e6))
