--- `seranking status`: which key is used, where it comes from, and what the API says about it.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local lazy = require "seranking.base.lazy"
local proxy = require "seranking.base.proxy"

local config, keys, limits = lazy "seranking.cli.config", lazy "seranking.cli.keys", lazy "seranking.cli.limits"

local status = { about = "Show which key is used, where it comes from, its rate limit, and what is left on the account." }

function status.define(parser)
  flags.add_output(parser)
end

local NO_KEY = "none" -- as a limiter says it

-- What is left on the account. Free.
local function add_balance(shown, client)
  if shown.key == NO_KEY then -- the profile may have keys of products only
    return
  end
  local answer = client.account:subscription()
  local units = answer.subscription_info
  if units then
    shown.credits = units.units_left
  elseif answer.balance then
    shown.balance, shown.currency = answer.balance.amount, answer.balance.currency
  end
end

-- The Data API's part. A key that it refuses is no failure: many keys open the Project API only. The Data API does not take
-- v4 keys, and blocks a key that it refuses twice.
local function data_status(context, client)
  local data = client.data
  local limiter = data:limiter()
  local shown = { key = limiter.key, limit = limits.describe(limiter) }
  if limiter.key == NO_KEY then
    return nil
  elseif client.api == "v4" and limiter.key == client:limiter().key then
    shown.refused = ("it takes v1 keys: %s --product data"):format(keys.login(context))
    return shown
  end
  local fine, credits = pcall(data.credits, data)
  if fine then
    shown.credits = credits.available
  elseif keys.is_refused(credits) then
    shown.refused = credits.message
  else
    error(credits, 0)
  end
  return shown
end

-- SE Visible's part, if it has a key of its own.
local function visible_status(client)
  local limiter = client.visible:limiter()
  return limiter.key ~= client:limiter().key and { key = limiter.key, limit = limits.describe(limiter) } or nil
end

function status.run(context, arguments)
  local client = context:client()
  local source = keys.source(context)
  local shown = {
    from = source.from, profile = source.profile, place = source.place, key = client:limiter().key, api = client.api,
    base_url = client.base_url, limit = limits.describe(client:limiter()),
    profiles = source.profile and proxy.sorted_names(config.read(context).profiles) or nil, visible = visible_status(client),
  }
  local fine, problem = pcall(add_balance, shown, client)
  if fine then
    fine, shown.data = pcall(data_status, context, client)
    problem, shown.data = not fine and shown.data, fine and shown.data or nil
  end
  local output = context:output(arguments)
  local written, unwritten = output:document(shown)
  if written then
    written, unwritten = output:close()
  else
    output:keep(true)
  end
  if not fine then
    error(problem, 0)
  elseif not written and unwritten ~= "closed" then
    context:fail(output.has_rows and exit.OTHER or exit.USAGE, unwritten)
  end
end

return status
