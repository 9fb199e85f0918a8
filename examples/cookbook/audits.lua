--- Scores of all site audits, the worst first, and how they changed. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT

local client = require("seranking").new { raise = true }

local audits = client.audit.list:all()
table.sort(audits, function(a, b)
  return (a.stats and a.stats.score or 101) < (b.stats and b.stats.score or 101) -- those without a score last
end)

for _, audit in ipairs(audits) do
  local now, before = audit.stats, audit.prev_stats
  if now and now.score then
    local change = before and before.score and ("%+d"):format(now.score - before.score) or "new"
    print(("%3d  %5s  %-30s %d errors, %d warnings"):format(now.score, change, audit.title, now.errors, now.warnings))
  else
    print(("  -         %-30s %s"):format(audit.title, audit.status))
  end
end
print(#audits .. " audits")
