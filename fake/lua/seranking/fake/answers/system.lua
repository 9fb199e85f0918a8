--- What the fake API answers: the account's plan, and the catalogues that all accounts share.
-- SPDX-License-Identifier: MIT

local catalogue = require "seranking.fake.catalogue"
local json = require "seranking.fake.json"
local sample = require "seranking.fake.sample"
local tools = require "seranking.fake.tools"

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

answers["account.subscription"] = function(call)
  if call.generation == "v4" then
    return sample.of(call.route.operation)
  end
  return {
    subscription_info = {
      status = "active", start_date = "2026-01-01 00:00:00", expiraton_date = "2027-01-01 00:00:00",
      units_limit = ("%d"):format(call.store.credits.limit), units_left = ("%d"):format(call.store.credits.left),
    },
  }
end

answers["system.search_engines"] = function()
  return tools.map(catalogue.search_engines, function(engine)
    return { id = engine[1], name = engine[2], region_id = engine[3], type = engine[4] }
  end)
end

answers["system.google_langs"] = function()
  return catalogue.google_langs
end

answers["system.volume_regions"] = function()
  return tools.map(catalogue.volume_regions, function(region) return region end)
end

answers["account.balance"] = function(call)
  return { currency = "rur", value = call.store.balance } -- as on the vendor's own page
end

-- The user that the key belongs to is always the same.
answers["account.profile"] = function(call)
  return sample.of(call.route.operation)
end

answers["system.google_regions"] = function(call)
  if not call.cache.regions then
    local rows = {}
    for i = 1, call.regions do
      rows[i] = ('{"name":"%s","region_id":%d}'):format(catalogue.region(i), i)
    end
    call.cache.regions = json.raw("[" .. table.concat(rows, ",") .. "]")
  end
  return call.cache.regions
end

return answers
