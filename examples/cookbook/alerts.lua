--- Alerts: keywords that dropped since yesterday, and credits that run low. Only reads; either kind of key.
-- Prints nothing when all is well, so cron sends mail only for an alert.
-- SPDX-License-Identifier: MIT

local seranking = require "seranking"
local client = seranking.new { raise = true }
local DAY, DROP, CREDITS = 24 * 60 * 60, 5, 50000
local alerts = 0

local function alert(...)
  alerts = alerts + 1
  print((...):format(select(2, ...)))
end

for _, site in ipairs(client.sites:list()) do
  local engines = client.sites(site.id).positions:list { date_from = os.time() - DAY, date_to = os.time() }
  for _, engine in ipairs(engines) do
    for _, keyword in ipairs(engine.keywords) do
      local before, now = keyword.positions[1], keyword.positions[2]
      if before and now and before.pos > 0 then
        if now.pos == 0 or before.pos <= 10 and now.pos > 10 or now.pos - before.pos >= DROP then
          alert("%s: %s fell from %d to %s", site.title, keyword.name, before.pos, now.pos == 0 and "nowhere" or now.pos)
        end
      end
    end
  end
end

local credits = client.data:credits().available -- this call is free
if credits < CREDITS then
  alert("%d credits left", credits)
end
os.exit(alerts == 0 and 0 or 1)
