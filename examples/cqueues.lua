--- Calls inside cqueues: they suspend their coroutine. Only reads; either kind of key. SPDX-License-Identifier: MIT
-- SERANKING_TOKEN=… lua examples/cqueues.lua

local cqueues = require "cqueues"
local seranking = require "seranking"

local client = seranking.check(seranking.new())
local loop = cqueues.new()
local done = false

loop:wrap(function()
  local sites = seranking.check(client.sites:list())
  local results, errors = client:map(sites, function(site)
    return client.sites(site.id):summary()
  end)
  for i, site in ipairs(sites) do
    print(site.title, results[i] and "ok" or tostring(errors[i]))
  end
  done = true
end)

-- Other work that runs meanwhile.
loop:wrap(function()
  local ticks = 0
  while not done do
    cqueues.sleep(0.01)
    ticks = ticks + 1
  end
  print(("the loop went on: %d ticks"):format(ticks))
end)

assert(loop:loop())
