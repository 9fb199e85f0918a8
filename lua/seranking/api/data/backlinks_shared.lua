--- Definitions shared by the resources of client.data.backlinks.
-- SPDX-License-Identifier: MIT

local third_party = require("seranking.api.shared").third_party

local shared = {}

shared.target = { type = "string", about = "domain, host or page whose backlinks to return" }
shared.targets = { type = "string[]", style = "repeat", max_items = 100,
  about = "domains, hosts or pages; each costs credits" }
shared.mode = { type = "string", enum = { "domain", "host", "url" }, default = "host",
  about = "domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host)" }
shared.first_day = { type = "date", about = "first day" }
shared.last_day = { type = "date", about = "last day" }

function shared.each_target(credits, note, confidence)
  return { credits, per = "target", of = "target", note = note or third_party, confidence = confidence or "medium" }
end

shared.each_row = { 1, per = "row", note = third_party, confidence = "medium" }

shared.usual = "openapi mcp n8n third-party"

return shared
