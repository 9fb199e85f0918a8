--- Calls inside luv: they suspend their coroutine. Only reads; either kind of key. SPDX-License-Identifier: MIT
-- SERANKING_TOKEN=… lua examples/luv.lua

local uv = require "luv"
local seranking = require "seranking"

-- The coroutine below starts before uv.run(), so tell the client about the loop.
local client = seranking.check(seranking.new { loop = "luv" })

local ticks = 0
local ticker = uv.new_timer()
ticker:start(10, 10, function() ticks = ticks + 1 end)

coroutine.wrap(function()
  local sites = seranking.check(client.sites:list())
  local results, errors = client:map(sites, function(site)
    return client.sites(site.id):summary()
  end)
  for i, site in ipairs(sites) do
    print(site.title, results[i] and "ok" or tostring(errors[i]))
  end
  print(("the loop went on: %d ticks"):format(ticks))
  ticker:close()
end)()

uv.run()
