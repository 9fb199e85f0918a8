--- Many small calls, 50 in flight, as a program makes them. SPDX-License-Identifier: MIT
-- lua bench/map.lua BASE_URL COUNT [post]: prints microseconds per call: CPU and wall clock. Each is a GET; with `post` each
-- creates a project.

local seranking = require "seranking"
local socket = require "socket"

local base_url, count = arg[1], tonumber(arg[2])
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, share = "off",
})

local function get()
  return assert(client.account:balance()).currency == "rur"
end

local function create()
  return assert(client.sites:create { title = "A new project", url = "https://example.com" }).site_id == 1
end

local call = arg[3] == "post" and create or get

local function run(times)
  local list = {}
  for i = 1, times do
    list[i] = i
  end
  local results, errors = client:map(list, call, { concurrency = 50 })
  assert(not errors, tostring(errors))
  assert(results[times] == true)
end

run(count / 10)
local start, wall = os.clock(), socket.gettime()
run(count)
print(("%.3f %.3f"):format((os.clock() - start) / count * 1e6, (socket.gettime() - wall) / count * 1e6))
