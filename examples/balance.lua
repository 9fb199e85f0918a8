--- The account's balance: the API page's first curl example. Only reads; either kind of key.
-- SPDX-License-Identifier: MIT
--
--   curl -X GET "https://api4.seranking.com/account/balance" -H "Authorization: Token …"

local client = require("seranking").new { raise = true }

if client.api == "v4" then
  local balance = client.account:balance()
  print(balance.currency, balance.value)
else -- v1 has no balance, but the plan's remaining units
  local plan = client.account:subscription().subscription_info
  print("units", plan.units_left)
end
