--- The operations of client.account.
-- SPDX-License-Identifier: MIT

return {
  about = "The account behind the key: user, plan, balance.",
  {
    name = "account",
    params = {},
    operations = {
      { "balance", v4 = "GET /account/balance", instead = "account.subscription", answer = "object",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Money left on the account. v4 only.",
        fields = [[
          currency string a sign or a short name; prefer currency_code
          currency_code string? ISO 4217
          value number]],
        example = '{"currency": "rur", "value": 2296380.85}' },
      { "profile", v4 = "GET /account/profile", v1 = "GET /v1/project-management/users/me", answer = "object",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "The user that the key belongs to.",
        fields = [[
          email string
          email_verified boolean
          first_name string
          last_name string
          lang string
          picture string? address of the picture]],
        example = [=[
          {"email": "ada@example.com", "email_verified": true, "first_name": "Ada", "last_name": "Byron", "lang": "en",
            "picture": null}]=] },
      { "subscription", v4 = "GET /account/subscription",
        v1 = { "GET /v1/account/subscription",
          fields = [[
            subscription_info object
            subscription_info.status string
            subscription_info.start_date time
            subscription_info.expiraton_date time? the server's spelling; may become expiration_date one day
            subscription_info.expiration_date time?
            subscription_info.units_limit integer credits of the plan
            subscription_info.units_left integer]],
          example = [=[
            {"subscription_info": {"status": "active", "start_date": "2026-01-01 00:00:00",
              "expiraton_date": "2027-01-01 00:00:00", "units_limit": "50000", "units_left": "48211"}}]=] },
        answer = "object",
        numbers = "balance.amount subscription_info.units_limit subscription_info.units_left",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "The plan and its state. The generations answer differently; v1 spells one member expiraton_date.",
        fields = [[
          type string "manual", "trial" or "subscription"
          balance object
          balance.currency string
          balance.amount number
          is_expired boolean]],
        example = '{"type": "subscription", "balance": {"currency": "EUR", "amount": "120.00"}, "is_expired": false}' },
    },
  },
}
