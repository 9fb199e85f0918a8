--- The account's balance: the API page's first curl example.
-- SPDX-License-Identifier: MIT
--
--   curl -X GET "https://api4.seranking.com/account/balance" -H "Authorization: Token …"

local client = assert(require("seranking").new())
local balance = assert(client.account:balance())
print(balance.currency, balance.value)
