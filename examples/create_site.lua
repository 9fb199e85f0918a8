--- A new site: the API page's third curl example. SPDX-License-Identifier: MIT
--
--   curl -X POST "https://api4.seranking.com/sites/" -H "Authorization: Token …"
--     -d "{\"url\":\"http://example.com\",\"title\":\"example1\"}"

local client = assert(require("seranking").new())
local made = assert(client.sites:create { url = "http://example.com", title = "example1" })
print("site_id", made.site_id)
