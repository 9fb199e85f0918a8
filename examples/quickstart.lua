--- A first walk through the API: the balance, an error, a site made, listed, and asked for in vain.
-- SPDX-License-Identifier: MIT
--
-- `make demo` runs it against the fake API. With your own key: SERANKING_TOKEN=… lua examples/quickstart.lua
-- (it creates a site there, as the third step says).

local seranking = require "seranking"

-- The key comes from SERANKING_TOKEN, the address, if it is another one, from SERANKING_BASE_URL.
local client = assert(seranking.new())
print(client)

local balance = assert(client.account:balance())
print(("Balance: %.2f %s"):format(balance.value, balance.currency))

-- Without a key the API answers 403. What depends on the world is returned, not raised.
local stranger = assert(seranking.new { token = false })
local none, err = stranger.sites:list()
assert(none == nil)
print(("Without a key: %s (kind %s, code %s, HTTP %d)"):format(err.message, err.kind, err.code, err.status))

local made, response = assert(client.sites:create { url = "http://example.com", title = "example1" })
print(("Created site %d (HTTP %d)"):format(made.site_id, response.status))

print "Sites:"
for _, site in ipairs(assert(client.sites:list())) do
  print(("  %d  %-12s %s"):format(site.id, site.title, site.name))
end

none, err = client.sites(1):summary()
assert(none == nil)
print("An unknown id: " .. tostring(err))

client:close()
