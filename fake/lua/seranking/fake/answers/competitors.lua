--- What the fake API answers: competitors.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local ranks = require "seranking.fake.ranks"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse
local map = tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

answers["competitors.list"] = function(call)
  return map(call.store.competitors:where { site_id = call.site.id }, function(competitor)
    return { id = competitor.id, name = competitor.name, url = competitor.url, domain_trust = 14 }
  end)
end

answers["competitors.create"] = function(call)
  local args = call.args
  if not tools.host_of(args.url) then
    return nil, refuse(400, "Invalid site url", "url: not a host name, or a reserved one")
  end
  local competitor = call.store.competitors:add {
    site_id = call.site.id, url = args.url, name = args.name or args.url, subdomain_match = args.subdomain_match or 0,
  }
  return { id = competitor.id }
end

answers["competitors.delete"] = function(call)
  call.store.competitors:remove { call.competitor }
end

answers["competitors.positions"] = function(call)
  local _, last = ranks.range_of(call)
  return map(ranks.engines_of(call), function(engine)
    return {
      site_engine_id = engine.id,
      keywords = map(ranks.keywords_of(call, engine), function(keyword)
        return {
          id = tostring(keyword.id), name = keyword.name, volume = null,
          features = call.args.with_serp_features == 1 and { featured_snippet = true } or nil,
          positions = array { { date = last, pos = 11, change = -2 } },
        }
      end),
    }
  end)
end

return answers
