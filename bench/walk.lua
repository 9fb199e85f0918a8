--- A walk over a large answer, compared with downloading it and decoding it with lua-cjson. SPDX-License-Identifier: MIT
-- lua bench/walk.lua BASE_URL ROWS: prints the seconds of both, a line per round.

local cjson = require("cjson").new()
local core = require "lseranking"
local host = require "seranking.loop.host"
local seranking = require "seranking"

local ROUNDS = 9

local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = arg[1], share = "off",
})
local expected = tonumber(arg[2])

local function floor()
  local call = client._core:call("GET", "/system/google-regions", nil, nil, nil, true)
  assert(host.run(client._state, call))
  local body = call:body()
  call:trim()
  return #cjson.decode(body)
end

local function walk()
  local count = 0
  for row in client.system.google_regions:each() do
    count = count + (row.region_id and 1 or 0)
  end
  return count
end

local function time(f)
  collectgarbage()
  collectgarbage()
  local start = core.monotonic()
  assert(f() == expected)
  return core.monotonic() - start
end

for _ = 1, ROUNDS do
  print(("%.4f %.4f"):format(time(floor), time(walk)))
end
