--- Definitions shared by the resources of client.data.backlinks.
-- SPDX-License-Identifier: MIT

local shared = {}

shared.target = { type = "string", about = "domain, host or page whose backlinks to return" }
shared.targets = { type = "string[]", style = "repeat", max_items = 100,
  about = "domains, hosts or pages; each costs credits" }
shared.mode = { type = "string", enum = { "domain", "host", "url" }, default = "host",
  about = "domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host)" }
shared.first_day = { type = "date", about = "first day" }
shared.last_day = { type = "date", about = "last day" }

-- Prices that the vendor does not publish are from a third party.
shared.third = "from a third party's price list"

function shared.each_target(credits, note, confidence)
  return { credits, per = "target", of = "target", note = note or shared.third, confidence = confidence or "medium" }
end

shared.each_row = { 1, per = "row", note = shared.third, confidence = "medium" }

shared.usual = "openapi mcp n8n third-party"

return shared
