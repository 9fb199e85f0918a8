--- A call without a key: the API page's second curl example. Only reads; needs no key. SPDX-License-Identifier: MIT
--
--   curl -X GET "https://api4.seranking.com/sites"

-- token = false sends no key. Without it, a missing key is an error before anything is sent.
local seranking = require "seranking"
local client = seranking.check(seranking.new { token = false })
local sites, err = client.sites:list()
assert(sites == nil and err.code == "no_token")
print(err.status, err.message)
