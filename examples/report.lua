--- Summaries of all projects, fetched concurrently within the rate limit. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT
-- SERANKING_TOKEN=… lua examples/report.lua

local seranking = require "seranking"
local client = seranking.check(seranking.new())

local sites = seranking.check(client.sites:list())

-- While one call waits, the others go on.
local results, errors = client:map(sites, function(site)
  return client.sites(site.id):summary()
end)

for i, site in ipairs(sites) do
  local summary = results[i]
  if summary then
    print(("%-30s average position %s, %s in the top ten"):format(site.title, summary.today_avg or "?",
      summary.top10 or "?"))
  else
    print(("%-30s %s"):format(site.title, tostring(errors[i])))
  end
end

if errors then
  io.stderr:write(tostring(errors), "\n")
  os.exit(1)
end
