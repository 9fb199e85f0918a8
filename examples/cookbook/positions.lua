--- A week of positions of all projects as CSV, and the biggest movers. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT
-- lua positions.lua [FILE.csv]

local seranking = require "seranking"
local client = seranking.check(seranking.new { timeout = 300 })
local path = arg[1] or "positions.csv"
local WEEK = 7 * 24 * 60 * 60

local sites = seranking.check(client.sites:list())
local results, errors = client:map(sites, function(site)
  return client.sites(site.id).positions:list { date_from = os.time() - WEEK, date_to = os.time() }
end)

-- Write to a temporary name first, so nobody reads half a file.
local csv = seranking.csv(assert(io.open(path .. ".tmp", "wb")), "project,engine,keyword,date,position")
local count, movers = 0, {}
for i, site in ipairs(sites) do
  for _, engine in ipairs(results[i] or {}) do
    for _, keyword in ipairs(engine.keywords) do
      local days = keyword.positions
      for _, day in ipairs(days) do
        assert(csv:row { project = site.title, engine = engine.site_engine_id, keyword = keyword.name, date = day.date,
          position = day.pos })
        count = count + 1
      end
      local first, last = days[1], days[#days]
      if first and first.pos > 0 and last.pos > 0 and first.pos ~= last.pos then -- 0: not ranking
        movers[#movers + 1] = { gain = first.pos - last.pos, from = first.pos, to = last.pos, site = site, keyword = keyword }
      end
    end
  end
end

assert(csv:close())
assert(os.rename(path .. ".tmp", path))
print(("%d projects, %d rows in %s"):format(#sites, count, path))

table.sort(movers, function(a, b)
  return math.abs(a.gain) > math.abs(b.gain)
end)
for i = 1, math.min(5, #movers) do
  local mover = movers[i]
  print(("%+4d  %3d -> %3d  %s: %s"):format(mover.gain, mover.from, mover.to, mover.site.title, mover.keyword.name))
end

if errors then -- some projects failed; the others are in the file
  io.stderr:write(tostring(errors), "\n")
  os.exit(1)
end
