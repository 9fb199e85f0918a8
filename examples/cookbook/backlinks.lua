--- Backlinks of a domain as CSV. Only reads. Costs credits: 1 a backlink, by estimate; 500 at most.
-- SPDX-License-Identifier: MIT
-- lua backlinks.lua [DOMAIN [FILE.csv]]

local seranking = require "seranking"
local client = seranking.new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "backlinks.csv"

local csv = seranking.csv(assert(io.open(path, "wb")), "url_from,url_to,anchor,nofollow,domain_inlink_rank,first_seen")
local rows = 0
-- Pages are fetched and written one at a time, so memory use does not grow with the list.
for row in client.data.backlinks.raw:each({ target = domain }, { max_rows = 500 }) do
  assert(csv:row(row))
  rows = rows + 1
end
assert(csv:close())
print(("%d backlinks of %s in %s"):format(rows, domain, path))
print(("%d credits by estimate"):format(client.data:spent().credits))
