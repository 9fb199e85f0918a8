--- The projects of several accounts, each with its own key. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT
-- lua accounts.lua [FILE]           FILE has lines "NAME KEY"; without it, the key of the environment.

local seranking = require "seranking"
local accounts = {}
if arg[1] then
  for line in io.lines(arg[1]) do
    local name, key = line:match "^(%S+)%s+(%S+)%s*$"
    if name and name:sub(1, 1) ~= "#" then
      accounts[#accounts + 1] = { name = name, client = seranking.check(seranking.new { token = key }) }
    end
  end
else
  accounts[1] = { name = "default", client = seranking.check(seranking.new()) }
end

-- Each key has its own rate limit. A refused key does not stop the other accounts.
local failed = 0
for _, account in ipairs(accounts) do
  local sites, err = account.client.sites:list()
  for _, site in ipairs(sites or {}) do
    print(("%-16s %9d  %s"):format(account.name, site.id, site.title))
  end
  if not sites then
    failed = failed + 1
    io.stderr:write(account.name, ": ", tostring(err), "\n")
  end
end
os.exit(failed == 0 and 0 or 1)
