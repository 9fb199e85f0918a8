--- Makes calls, twelve in flight, until it is killed; ignores their results. SPDX-License-Identifier: MIT
-- lua bench/limiter_outage.lua BASE_URL LIMIT PER: attempts time out after PER and are retried.

local seranking = require "seranking"

local base_url, limit, per = arg[1], tonumber(arg[2]), tonumber(arg[3])
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, timeout = 60, attempt_timeout = per, retries = 2,
  rate = { limit = limit, per = per },
})

local items = {}
for i = 1, 100000 do
  items[i] = i
end
client:map(items, function()
  return client.account:balance()
end, { concurrency = 12 })
