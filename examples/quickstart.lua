--- A first tour of the API: the account, an error, the projects and their positions. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT
--
-- `make demo` runs it against the fake API. With your own key: SERANKING_TOKEN=… lua examples/quickstart.lua

local seranking = require "seranking"

-- The key comes from SERANKING_TOKEN. With the option raise, a failed call raises its error; otherwise it returns nil and the
-- error.
local client = seranking.new { raise = true }
print(client.api, client.base_url)

local profile = client.account:profile()
print(("User: %s %s, %s"):format(profile.first_name, profile.last_name, profile.email))

-- Without a key the API answers 401 or 403. An error is a table: kind and code for programs, tostring for people.
local stranger = seranking.new { token = false }
local none, err = stranger.sites:list()
assert(none == nil)
print(("Without a key: %s (kind %s, code %s, HTTP %d)"):format(err.message, err.kind, err.code, err.status))

local sites, response = client.sites:list()
print(("Projects: %d (HTTP %d)"):format(#sites, response.status))
for _, site in ipairs(sites) do
  local summary = client.sites(site.id):summary()
  print(("  %d  %-20s average position %s"):format(site.id, site.title, summary.today_avg or "not known"))
end

-- pcall returns the error that the call raised.
local _, problem = pcall(function() return client.sites(1):summary() end)
print("An unknown id: " .. tostring(problem))

client:close()
