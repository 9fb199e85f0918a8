--- The operations of client.users.
-- SPDX-License-Identifier: MIT

local USER = { type = "id", about = "the sub-account: account_id of list" }

-- The servers want every field in an object of its own, under a name with dots.
local FIELDS = "account_email account_first_name account_last_name account_password account_lang account_type "
  .. "limit_balance_period limit_balance_amount access"
local NEW_FIELDS = FIELDS:gsub("account_email", "%0*"):gsub("account_first_name", "%0*"):gsub("account_password", "%0*")

return {
  about = "Sub-accounts: the people with access to the account, and the projects they see.",
  {
    name = "users",
    id = "user_id",
    params = {
      user_id = USER,
      limit = { type = "integer", default = 100, about = "rows a page" },
      offset = { type = "integer", default = 0, about = "rows to skip" },
      account_email = { type = "string", wire = "setting.account_email", about = "address for its login details" },
      account_first_name = { type = "string", wire = "setting.account_first_name", about = "first name" },
      account_last_name = { type = "string", wire = "setting.account_last_name", about = "last name" },
      account_password = { type = "string", wire = "setting.account_password", secret = true, about = "password" },
      account_lang = { type = "string", wire = "setting.account_lang", about = "language of the panel, two letters" },
      account_type = { type = "string", wire = "setting.account_type", enum = { "client", "user" },
        about = "type; you can share projects with a client only" },
      limit_balance_period = { type = "string", wire = "limit.balance.period", enum = { "day", "week", "month" },
        about = "period of limit_balance_amount" },
      limit_balance_amount = { type = "integer", wire = "limit.balance.amount",
        about = "amount it may spend in a limit_balance_period" },
      access = { type = "string[]",
        about = "all its rights, by code, such as audit_settings and add_website; unknown codes are silently ignored" },
    },
    operations = {
      { "list", v4 = "GET /users", v1 = "GET /v1/project-management/users", query = "limit offset", answer = "object",
        numbers = "all_count",
        source = "docs mcp n8n", confidence = "high",
        about = "The sub-accounts.",
        pages = { style = "offset", rows = "list", total = "all_count", size = 100 },
        fields = [[
          list array
          list[].account_id integer the user_id of other calls
          list[].account_email string
          list[].account_first_name string
          list[].account_last_name string
          list[].account_type string "user" or "client"
          list[].account_lang string
          list[].account_sites_count integer projects
          list[].is_blocked_by_limits boolean
          all_count integer number of sub-accounts]],
        example = [=[
          {"list": [{"account_id": 36001, "account_email": "grace@example.com", "account_first_name": "Grace",
            "account_last_name": "Hopper", "account_type": "client", "account_lang": "en", "account_sites_count": 2,
            "is_blocked_by_limits": false}], "all_count": "1"}]=] },
      { "get", v4 = "GET /users/{user_id}", v1 = "GET /v1/project-management/users{?user_id}", answer = "object",
        source = "docs mcp n8n", confidence = "medium",
        about = "A sub-account: its fields, rights and spending limit.",
        fields = [[
          settings object the account_ members
          settings.account_email string? the member's name is assumed
          access object|array its rights: audit_website, competitors_visibility_ranking, report_manual …
          limit object? spending limit: period and amount]],
        example = [=[
          {"settings": {"account_email": "grace@example.com"}, "access": ["audit_website", "audit_settings"],
            "limit": {"balance": {"period": "month", "amount": 25}}}]=] },
      { "create", v4 = "POST /users", v1 = "POST /v1/project-management/users", body = NEW_FIELDS, envelope = "pairs",
        answer = "any",
        numbers = "account_id",
        success = { 201, 200 }, source = "docs mcp n8n", confidence = "medium",
        about = "Create a sub-account, which gets a mail. Give plain fields: the library writes the form that the "
          .. "servers want.",
        fields = "account_id integer? the member's name is assumed", example = '{"account_id": 36001}' },
      { "update", v4 = "PATCH /users/{user_id}", v1 = "PATCH /v1/project-management/users{?user_id}", body = FIELDS,
        row = { of = "list get", marks = "account_id settings", map = "account_id:user_id settings.account_email:account_email "
          .. "settings.account_first_name:account_first_name settings.account_last_name:account_last_name "
          .. "settings.account_lang:account_lang settings.account_type:account_type "
          .. "limit.balance.period:limit_balance_period limit.balance.amount:limit_balance_amount" },
        envelope = "pairs", answer = "any", repeatable = true, source = "docs mcp n8n",
        confidence = "medium",
        about = "Change a sub-account. What you leave out stays, but access replaces all its rights.",
        example = "[]" },
      { "delete", v4 = "DELETE /users/{user_id}", v1 = "DELETE /v1/project-management/users{?user_id}",
        success = { 204, 200 }, source = "mcp n8n", confidence = "medium", about = "Delete a sub-account." },
    },
  },
  {
    name = "users.sites",
    about = "The projects that a sub-account sees.",
    params = {
      user_id = USER,
      site_ids = { type = "id[]", about = "all projects that it may see" },
    },
    operations = {
      { "list_shared", v4 = "GET /users/{user_id}/shared-sites",
        v1 = "GET /v1/project-management/users/shared-sites{?user_id}", answer = "array",
        numbers = "[]",
        source = "docs mcp n8n", confidence = "high",
        about = "Ids of the projects that are shared with the sub-account.",
        fields = "[] integer a site_id", example = "[147696, 147701]" },
      { "list_owned", v4 = "GET /users/{user_id}/own-sites",
        v1 = "GET /v1/project-management/users/owned-sites{?user_id}", answer = "array",
        numbers = "[]",
        source = "docs mcp n8n", confidence = "high",
        about = "Ids of the projects that the sub-account created.",
        fields = "[] integer a site_id", example = "[147702]" },
      { "share", v4 = { "POST /users/{user_id}/shared-sites", envelope = "value" },
        v1 = "POST /v1/project-management/users/shared-sites{?user_id}", body = "site_ids*", answer = "any",
        success = { 200, 201, 204 }, repeatable = true, source = "docs mcp n8n", confidence = "low",
        about = "Share projects with a client. Replaces the whole set; v1 may refuse a list: read list_shared afterwards.",
        example = "[]", errors = { { 400, "site_ids: This value should be of type integer" } } },
    },
  },
}
