--- What the fake API answers: competitors.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local links = require "seranking.fake.web.links"
local ranks = require "seranking.fake.ranks"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, refuse = json.array, resolve.refuse
local map = tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

answers["competitors.list"] = function(call)
  return map(call.store.competitors:where { site_id = call.site.id }, function(competitor)
    local _, trust = links.scores(call, domains.host(competitor.url), calendar.day(call.today))
    return { id = competitor.id, name = competitor.name, url = competitor.url, domain_trust = trust }
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

-- The days between two on which an engine has checked a keyword.
local function days_of(keyword, engine, first, last)
  local days = {}
  for _, date in ipairs(ranks.dates_of(keyword, engine)) do
    days[#days + 1] = date >= first and date <= last and date or nil
  end
  return days
end

answers["competitors.positions"] = function(call)
  local first, last = ranks.range_of(call)
  local host = tools.host_of(call.competitor.url)
  return map(ranks.engines_of(call), function(engine)
    return {
      site_engine_id = engine.id,
      keywords = map(ranks.keywords_of(call, engine), function(keyword)
        local before
        return {
          id = tostring(keyword.id), name = keyword.name,
          volume = keywords.figures(call.seed, "us", keyword.name).volume,
          features = call.args.with_serp_features == 1 and { featured_snippet = true } or nil,
          positions = map(days_of(keyword, engine, first, last), function(date)
            local pos = ranks.position(call, host, keyword.name, engine, calendar.day(date))
            local row = { date = date, pos = pos, change = ranks.change(before, pos) }
            before = pos
            return row
          end),
        }
      end),
    }
  end)
end

local OTHERS = 12 -- sites that rank for a trade's keywords besides those of the project

-- Every site in the top 10 for the project's keywords on a day, with the places that it has.
answers["competitors.metrics"] = function(call)
  local args, day = call.args, calendar.day(call.args.date)
  local trade = domains.trade(call.site.name)
  local hosts = { domains.host(call.site.name) }
  for _, competitor in ipairs(call.store.competitors:where { site_id = call.site.id }) do
    hosts[#hosts + 1] = tools.host_of(competitor.url)
  end
  for number = 1, OTHERS do
    hosts[#hosts + 1] = domains.rival(trade, number)
  end
  local rows = array {}
  for _, host in ipairs(hosts) do
    local seen = 0
    for _, keyword in ipairs(ranks.keywords_of(call, call.engine)) do
      local pos = ranks.position(call, host, keyword.name, call.engine, day)
      if pos > 0 and pos <= 10 and (not args.group_id or tonumber(keyword.group_id) == args.group_id) then
        seen = seen + 11 - pos
      end
    end
    if seen > 0 then
      local h = chance.key(call.seed, "metrics", host)
      rows[#rows + 1] = {
        domain_id = domains.id(call.seed, host), domain = host, visibility = seen,
        backlinks = ("%d"):format(chance.heavy(h, 1, 50)), domains = ("%d"):format(chance.heavy(h, 2, 10)),
      }
    end
  end
  return rows
end

return answers
