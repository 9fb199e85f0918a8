--- What the fake API answers: sites and brands in the answers of AI engines.
-- SPDX-License-Identifier: MIT

local addresses = require "seranking.fake.addresses"
local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local credits = require "seranking.fake.credits"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local listing = require "seranking.fake.listing"
local prompts = require "seranking.fake.web.prompts"
local resolve = require "seranking.fake.resolve"

local array, null, round, refuse = json.array, json.null, chance.round, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local function total(list, of, month)
  local sum = 0
  for _, presence in ipairs(list) do
    sum = sum + of(presence, month)
  end
  return sum
end

-- A figure now and the month before.
local function compared(current, previous)
  local change = round(current - previous, 1)
  return {
    current = current, previous = previous > 0 and previous or null, change_absolute = change,
    change_percent = previous > 0 and round(100 * change / previous, 1) or 100,
  }
end

local MONTHS = 12

-- An overview over some engines.
local function overview(call, engines)
  local args, linked, named = call.args, {}, {}
  local brand = args.brand or prompts.brand(args.target)
  for i, engine in ipairs(engines) do
    linked[i] = prompts.presence(call, args.source, engine, args.target, false)
    named[i] = prompts.presence(call, args.source, engine, brand, true)
  end
  local site = domains.site(call, args.source, args.target)
  local last = site.last
  local function average(month)
    return round(total(linked, prompts.position, month) / #linked, 1)
  end
  local function series(of)
    local points = array {}
    for month = last - MONTHS + 1, last do
      points[#points + 1] = { date = calendar.first_of(month):sub(1, 7), value = of(month) }
    end
    return points
  end
  local history = domains.history(site, last - MONTHS + 1, last)
  local function both(list, of)
    return compared(total(list, of, last), total(list, of, last - 1))
  end
  return {
    brand = brand, brand_origin = args.brand and "request" or "auto", no_index = false,
    summary = {
      brand_presence = both(named, prompts.count), link_presence = both(linked, prompts.count),
      average_position = compared(average(last), average(last - 1)),
      ai_opportunity_traffic = both(linked, prompts.traffic),
    },
    time_series = {
      organic_traffic = series(function(month) return history[month].traffic_sum end),
      ai_traffic = series(function(month) return total(linked, prompts.traffic, month) end),
      overall_traffic = series(function(month) return history[month].traffic_sum + total(linked, prompts.traffic, month) end),
      link_presence = series(function(month) return total(linked, prompts.count, month) end),
      average_position = series(average),
    },
  }
end

answers["data.ai_search.overview_aggregated"] = function(call)
  return credits.pay(call, 1, overview(call, prompts.ENGINES))
end

answers["data.ai_search.overview_by_engine"] = function(call)
  return credits.pay(call, 1, overview(call, { call.args.engine }))
end

answers["data.ai_search.discover_brand"] = function(call)
  local name = prompts.brand(call.args.target)
  return credits.pay(call, 1, { brands = array { name, name .. " " .. domains.trade(call.args.target) .. "s" } })
end

answers["data.ai_search.leaderboard"] = function(call)
  local args, rows, results, sum = call.args, array {}, {}, 0
  local sites = { args.primary }
  for _, rival in ipairs(args.competitors) do
    sites[#sites + 1] = rival
  end
  for i, site in ipairs(sites) do
    local host = domains.host(site.target)
    local row = { domain = host, is_primary_target = i == 1, brand_presence = 0, link_presence = 0 }
    results[host] = {}
    for _, engine in ipairs(args.engines) do
      local linked = prompts.presence(call, args.source, engine, site.target, false)
      local named = prompts.presence(call, args.source, engine, site.brand or prompts.brand(site.target), true)
      results[host][engine] = { brand_presence = named.rows, link_presence = linked.rows }
      row.brand_presence, row.link_presence = row.brand_presence + named.rows, row.link_presence + linked.rows
    end
    sum = sum + row.brand_presence
    rows[i] = row
  end
  table.sort(rows, function(a, b)
    if a.brand_presence == b.brand_presence then
      return a.domain < b.domain
    end
    return a.brand_presence > b.brand_presence
  end)
  for i, row in ipairs(rows) do
    row.rank, row.share_of_voice = i, round(row.brand_presence / sum, 2)
  end
  return credits.pay(call, 1, {
    leaderboard = rows, results = results,
    request_metadata = {
      primary = args.primary, competitors = array(args.competitors), engines = array(args.engines), source = args.source,
    },
  })
end

local function list_of(name, is_brand)
  return function(call)
    local args = call.args
    local presence = prompts.presence(call, args.source, args.engine, args[name], is_brand)
    local answer, refusal = listing.reply(call, {
      count = presence.rows, measure = prompts.measure, row = prompts.maker(presence),
    })
    if answer then
      answer.date = call.today
    end
    return answer, refusal
  end
end

local by_target = list_of("target", false)
answers["data.ai_search.prompts_by_target"] = function(call)
  if not call.args.scope then
    return nil, refuse(500, "scope can't be empty")
  end
  return by_target(call)
end
answers["data.ai_search.prompts_by_brand"] = list_of("brand", true)

return addresses.checked(answers)
