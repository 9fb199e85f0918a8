--- Backlinks of a domain as CSV. Only reads. Costs credits: 1 a backlink, by estimate; 500 at most.
-- SPDX-License-Identifier: MIT
-- lua backlinks.lua [DOMAIN [FILE.csv]]

local client = require("seranking").new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "backlinks.csv"
local COLUMNS = { "url_from", "url_to", "anchor", "nofollow", "domain_inlink_rank", "first_seen" }

local function csv(row)
  local fields = {}
  for i, name in ipairs(COLUMNS) do
    local value = row[name]
    fields[i] = '"' .. tostring(value == nil and "" or value):gsub('"', '""') .. '"'
  end
  return table.concat(fields, ",") .. "\r\n"
end

local file = assert(io.open(path, "wb"))
file:write(table.concat(COLUMNS, ","), "\r\n")
local rows = 0
-- Pages are fetched and written one at a time, so memory use does not grow with the list.
for row in client.data.backlinks.raw:each({ target = domain }, { max_rows = 500 }) do
  file:write(csv(row))
  rows = rows + 1
end
assert(file:close())
print(("%d backlinks of %s in %s"):format(rows, domain, path))
print(("%d credits by estimate"):format(client.data:spent().credits))
