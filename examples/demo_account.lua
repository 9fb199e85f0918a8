--- Writes: fills the account of a fake API with two projects, a week of positions and two audits. Refuses any other server.
-- SPDX-License-Identifier: MIT
-- examples/demo.sh runs it before your own script.

local client = require("seranking").new { raise = true, share = "off" }
assert(client.base_url:find "^http://127%.0%.0%.1:", "this fills a fake API on this machine, not " .. client.base_url)

local KEYWORDS = { "anchor", "anchor chain", "folding anchor", "buy anchor", "anchor size" }
local DAY = 24 * 60 * 60

for number = 1, 2 do
  local site_id = client.sites:create { url = ("http://example%d.com"):format(number), title = "example" .. number }.site_id
  local site = client.sites(site_id)
  local engine = site.search_engines:create({ search_engine_id = 200 }).site_engine_id
  local rows = {}
  for i, keyword in ipairs(KEYWORDS) do
    rows[i] = { keyword = keyword }
  end
  for i, keyword_id in ipairs(site.keywords:create(rows).ids) do
    for days_ago = 7, 0, -1 do
      site.positions:set { keyword_id = keyword_id, site_engine_id = engine,
        date = os.time() - days_ago * DAY, position = 4 + i * 3 + ((days_ago + 3) * i * (number == 1 and 5 or 7)) % 11 }
    end
  end
  client.audit:create { domain = ("example%d.com"):format(number), settings = { send_report = 0 } }
end
