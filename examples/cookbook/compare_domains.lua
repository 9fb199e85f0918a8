--- Organic traffic of several domains, fetched concurrently. Only reads. Costs credits: 100 a domain, by estimate.
-- SPDX-License-Identifier: MIT
-- lua compare_domains.lua [DOMAIN...]

local seranking = require "seranking"
local client = seranking.check(seranking.new())
local domains = #arg > 0 and arg or { "example.com", "example.org", "example.net" }

local results, errors = client:map(domains, function(domain)
  return client.data.domain.overview:worldwide { domain = domain }
end)

print(("%-24s %10s %10s %8s"):format("domain", "keywords", "visits", "top 5"))
for i, domain in ipairs(domains) do
  local total = results[i] and results[i].organic[1] -- the first row is the whole world
  if total then
    print(("%-24s %10d %10d %8d"):format(domain, total.keywords_count, total.traffic_sum, total.positions_tops.top1_5))
  else
    print(("%-24s %s"):format(domain, tostring(errors and errors[i] or "nothing known")))
  end
end
print(("%d credits by estimate"):format(client.data:spent().credits))
