--- Writes: creates a project in your account. The API page's third curl example; either kind of key.
-- SPDX-License-Identifier: MIT
--
--   curl -X POST "https://api4.seranking.com/sites/" -H "Authorization: Token …"
--     -d "{\"url\":\"http://example.com\",\"title\":\"example1\"}"

local client = require("seranking").new { raise = true }
local made = client.sites:create { url = "http://example.com", title = "example1" }
print("site_id", made.site_id)
