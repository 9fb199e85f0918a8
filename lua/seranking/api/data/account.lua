--- The operations of client.data.account.
-- SPDX-License-Identifier: MIT

local FREE = { 0, per = "request", confidence = "high" }

return {
  about = "The plan behind the key, and its credits.",
  {
    name = "data.account",
    params = {},
    operations = {
      { "subscription", data = "GET /v1/account/subscription", fixed = "output=json", answer = "object",
        numbers = "subscription_info.units_limit subscription_info.units_left",
        cost = FREE,
        source = "openapi mcp skills third-party", confidence = "high",
        about = "State of the plan and its credits; go by units_left.",
        use = "the plan's dates and state",
        fields = [[
          subscription_info.status string active, inactive, expired or disabled
          subscription_info.start_date string
          subscription_info.expiraton_date string? end of the plan; the server's spelling
          subscription_info.expiration_date string? the documented spelling; read both
          subscription_info.units_limit number credits of the plan
          subscription_info.units_left number credits left
        ]],
        example = [[{"subscription_info":{"status":"active","start_date":"2026-03-01 00:00:00",
          "expiraton_date":"2027-03-01 00:00:00","units_limit":"200000.00","units_left":"183250.00"}}]] },
      { "credit_balance", data = "GET /v1/account/credit-balance", fixed = "output=json", answer = "object",
        numbers = "limit used",
        cost = FREE,
        source = "openapi skills docs", confidence = "medium",
        about = "Credits of the plan, and credits used. Their difference need not be units_left of subscription.",
        fields = [[
          limit number
          used number
        ]],
        example = [[{"limit":"200000","used":"16750"}]] },
      { "credits", data = "GET /v1/account/credits", answer = "object", cost = FREE, source = "third-party",
        confidence = "high", numbers = "totals.subscription.remaining totals.subscription.total totals.addon.remaining "
          .. "totals.wallet.remaining",
        about = "Credits left in each pool: plan, add-ons and wallet. The other two operations see the plan's alone. "
          .. "client.data:credits() adds up the pools.",
        use = "what the key may still spend",
        fields = [[
          totals.subscription.remaining number credits of the plan that are left
          totals.subscription.total number credits of the plan
          totals.subscription.expire_at string?
          totals.addon.remaining number credits that were bought
          totals.wallet.remaining number credits that don't expire
          access.can_use_data_api boolean false: the key can't spend any
          access.primary_reason string? the pool that is charged, or why none is
          credit_expire_at string?
        ]],
        example = [[{"totals":{"subscription":{"remaining":48211,"total":50000,"expire_at":"2027-01-01 00:00:00"},
          "addon":{"remaining":2000},"wallet":{"remaining":10000}},"access":{"can_use_data_api":true,
          "primary_reason":"subscription"},"credit_expire_at":"2027-01-01 00:00:00"}]] },
    },
  },
}
