--- One of the programs that share a key: makes calls and counts those that succeed. SPDX-License-Identifier: MIT
-- lua bench/limiter_client.lua BASE_URL CALLS AT_ONCE LIMIT PER PROGRESS [REDIS]: appends a byte to PROGRESS for each success,
-- which tells a restart after a kill how many are left. Retries only after a 429. Exits with 1 if a call failed, with its error
-- on stderr.

local seranking = require "seranking"

local base_url, calls, at_once, limit, per, progress, redis = arg[1], arg[2], arg[3], arg[4], arg[5], arg[6], arg[7]
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, timeout = 10, retries = 1,
  rate = { limit = tonumber(limit), per = tonumber(per) }, limiter = redis and { redis = redis },
  on_event = function(event)
    if event.type == "limiter_fallback" then
      io.stderr:write("no shared limit: ", tostring(event.problem), "\n")
      os.exit(1)
    end
  end,
})

local file = assert(io.open(progress, "a"))
file:setvbuf("no")

local items = {}
for i = 1, tonumber(calls) do
  items[i] = i
end
local _, errors = client:map(items, function()
  local balance, err = client.account:balance()
  if not balance then
    return nil, err
  end
  file:write("x")
  return balance
end, { concurrency = tonumber(at_once) })
if errors then
  io.stderr:write(tostring(errors), "\n")
  os.exit(1)
end
