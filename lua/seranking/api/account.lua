--- The account behind the key: money, user, plan.
-- SPDX-License-Identifier: MIT

return {
  {
    name = "account",
    params = {},
    operations = {
      { "balance", v4 = "GET /account/balance", answer = "object", success = { 200 }, confidence = "high",
        about = "Money left on the account. v4 only: v1 has subscription instead." },
      { "profile", v4 = "GET /account/profile", v1 = "GET /v1/project-management/users/me", answer = "object",
        success = { 200 }, confidence = "high", about = "The user that the key belongs to." },
      { "subscription", v4 = "GET /account/subscription", v1 = "GET /v1/account/subscription", answer = "object",
        success = { 200 }, confidence = "high",
        about = "State of the plan. The generations answer differently; v1 spells one member expiraton_date." },
    },
  },
}
