--- What the fake API answers: sub-accounts and what they see.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, refuse = json.array, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local FIELDS = "account_email account_first_name account_last_name account_lang account_type limit_balance_period "
  .. "limit_balance_amount access"

local function check_user(call)
  local email = call.args.account_email
  if email and not email:find("^[^@%s]+@[^@%s]+%.[^@%s]+$") then
    return refuse(400, "Bad Request", "account_email: not an address")
  end
  for _, user in ipairs(email and call.store.users.rows or {}) do
    if user ~= call.user and user.account_email == email then
      return refuse(400, "Bad Request", "account_email: there is a sub-account with it")
    end
  end
end

answers["users.list"] = function(call)
  local users = call.store.users.rows
  return {
    all_count = tostring(#users),
    list = tools.map(tools.page(call, users, 100), function(user)
      return {
        account_id = user.id, account_email = user.account_email, account_first_name = user.account_first_name,
        account_last_name = user.account_last_name, account_type = user.account_type, account_lang = user.account_lang,
        account_sites_count = #user.shared, is_blocked_by_limits = false,
      }
    end),
  }
end

answers["users.get"] = function(call)
  local user = call.user
  return {
    settings = {
      account_email = user.account_email, account_first_name = user.account_first_name,
      account_last_name = user.account_last_name, account_lang = user.account_lang, account_type = user.account_type,
    },
    access = user.access,
    limit = { balance = { period = user.limit_balance_period, amount = user.limit_balance_amount } },
  }
end

local function write(user, args)
  tools.apply(user, args, FIELDS)
  user.access = array(user.access)
  return user
end

answers["users.create"] = function(call)
  local refusal = check_user(call)
  if refusal then
    return nil, refusal
  end
  local user = call.store.users:add(write({
    account_last_name = "", account_lang = "en", account_type = "client", limit_balance_period = "month",
    limit_balance_amount = 0, access = {}, shared = array {},
  }, call.args))
  return { account_id = user.id }
end

answers["users.update"] = function(call)
  local refusal = check_user(call)
  if not refusal then
    write(call.user, call.args)
  end
  return array {}, refusal
end

answers["users.delete"] = function(call)
  call.store.users:remove { call.user }
end

answers["users.sites.list_shared"] = function(call)
  return call.user.shared
end

answers["users.sites.list_owned"] = function()
  return array {}
end

--- Replaces the set; accounts of type "user" take no shared projects, and say nothing.
answers["users.sites.share"] = function(call)
  local ids = tools.list_of(call.args.site_ids)
  for _, id in ipairs(ids) do
    if not call.store.sites:get(id) then
      return nil, refuse(404, "Not Found", "site_ids: no such project")
    end
  end
  if call.user.account_type == "client" then
    call.user.shared = ids
  end
  return array {}
end

return answers
