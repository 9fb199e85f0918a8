--- One small GET, as a program makes it. SPDX-License-Identifier: MIT
-- lua bench/small_get.lua BASE_URL COUNT: prints the microseconds per call.

local core = require "lseranking"
local seranking = require "seranking"

local base_url, count = arg[1], tonumber(arg[2])
-- The server has no rate limit. A limit this high measures the limiter without its waiting.
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, rate = { limit = 64, per = 0.001 },
})

local function once()
  local balance = assert(client.account:balance())
  assert(balance.currency == "rur")
end

for _ = 1, count / 10 do
  once()
end
local start = core.monotonic()
for _ = 1, count do
  once()
end
print(("%.3f"):format((core.monotonic() - start) / count * 1e6))
