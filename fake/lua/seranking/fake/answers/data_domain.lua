--- What the fake API answers: sites in the search results of a country.
-- SPDX-License-Identifier: MIT

local addresses = require "seranking.fake.addresses"
local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local credits = require "seranking.fake.credits"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local listing = require "seranking.fake.listing"
local tools = require "seranking.fake.tools"

local array, null = json.array, json.null

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local COUNTRIES = {
  { "us", "United States" }, { "uk", "United Kingdom" }, { "de", "Germany" }, { "fr", "France" }, { "nl", "Netherlands" },
  { "es", "Spain" }, { "it", "Italy" }, { "pl", "Poland" }, { "ca", "Canada" }, { "au", "Australia" },
}

-- The site that a call is about: url beats domain.
local function site_of(call, kind, source)
  local args = call.args
  return domains.site(call, source or args.source, args.url or args.domain or args.target, kind or args.type)
end

-- ---- totals ----

local function with_tops(row, totals)
  for name, value in pairs(totals.tops) do
    row[name] = value
  end
  return row
end

answers["data.domain.overview.db"] = function(call)
  local made = {}
  for _, kind in ipairs { "organic", "adv" } do
    local site = site_of(call, kind)
    local totals = domains.totals(site)
    local year, month = calendar.year_and_month(site.last)
    made[kind] = with_tops({
      base_domain = domains.base(site.host), year = year, month = month, keywords_count = totals.keywords_count,
      traffic_sum = totals.traffic_sum, price_sum = totals.price_sum, keywords_new_count = totals.new,
      keywords_up_count = totals.up, keywords_down_count = totals.down, keywords_equal_count = totals.equal,
      keywords_lost_count = totals.lost,
    }, totals)
  end
  return credits.pay(call, 1, made)
end

-- The members of a worldwide row that each word of `fields` stands for.
local GROUPS = {
  keywords = { "keywords_count" }, traffic = { "traffic_sum" }, price = { "price_sum" },
  positions_diff = { "positions_new_count", "positions_up_count", "positions_down_count", "positions_equal_count",
    "positions_lost_count" },
  positions_tops = { "positions_tops" },
}

local function world_row(call, row)
  if not call.args.fields then
    return row
  end
  local made = { source = row.source, country = row.country }
  for _, group in ipairs(call.args.fields) do
    for _, name in ipairs(GROUPS[group]) do
      made[name] = row[name]
    end
  end
  return made
end

local SUMS = { "keywords_count", "traffic_sum", "price_sum", "positions_new_count", "positions_up_count",
  "positions_down_count", "positions_equal_count", "positions_lost_count" }

-- A row for each country, and one for all of them before these.
local function world(call, kind)
  local all = { source = "worldwide", country = "Worldwide", positions_tops = {} }
  local rows = { all }
  for _, country in ipairs(COUNTRIES) do
    local totals = domains.totals(site_of(call, kind, country[1]))
    local row = {
      source = country[1], country = country[2], keywords_count = totals.keywords_count, traffic_sum = totals.traffic_sum,
      price_sum = totals.price_sum, positions_new_count = totals.new, positions_up_count = totals.up,
      positions_down_count = totals.down, positions_equal_count = totals.equal, positions_lost_count = totals.lost,
      positions_tops = totals.tops,
    }
    for _, name in ipairs(SUMS) do
      all[name] = chance.round((all[name] or 0) + row[name], 2)
    end
    for name, value in pairs(totals.tops) do
      all.positions_tops[name] = (all.positions_tops[name] or 0) + value
    end
    rows[#rows + 1] = row
  end
  return rows
end

answers["data.domain.overview.worldwide"] = function(call)
  local made = {}
  for _, kind in ipairs { "organic", "adv" } do
    local rows = world(call, kind)
    made[kind] = array {}
    for i = 1, call.args.show_zones_list == 1 and #rows or 1 do
      made[kind][i] = world_row(call, rows[i])
    end
  end
  return credits.pay(call, 1, made)
end

answers["data.domain.overview.worldwide_url"] = function(call)
  local made = {}
  for _, kind in ipairs { "organic", "adv" } do
    local row = world(call, kind)[1]
    row = world_row(call, { source = row.source, keywords_count = row.keywords_count, traffic_sum = row.traffic_sum,
      price_sum = row.price_sum })
    made[kind] = array { row }
  end
  return credits.pay(call, 1, made)
end

local MONTHS = 24 -- of history

answers["data.domain.overview.history"] = function(call)
  local site = site_of(call)
  local rows, first = array {}, site.last - MONTHS + 1
  local history = domains.history(site, first, site.last)
  for month = first, site.last do
    local totals = history[month]
    local year, number = calendar.year_and_month(month)
    rows[#rows + 1] = with_tops({
      year = year, month = number, keywords_count = totals.keywords_count, traffic_sum = totals.traffic_sum,
      price_sum = totals.price_sum,
    }, totals)
  end
  return credits.pay(call, #rows, rows)
end

-- ---- keywords ----

local MOVED = {
  new = function(row) return row.prev_pos == 0 end,
  up = function(row) return row.prev_pos > 0 and row.position < row.prev_pos end,
  down = function(row) return row.prev_pos > 0 and row.position > row.prev_pos end,
  same = function(row) return row.position == row.prev_pos end,
  diff = function(row) return row.position ~= row.prev_pos end,
}

local measure = setmetatable({
  keyword = function(row) return row.keyword end,
  -- The features in which the site's own page shows.
  serp_features_2 = function(row)
    local own = {}
    for i, feature in ipairs(row.serp_features) do
      own[#own + 1] = chance.unit(row.key, 40 + i) < 0.3 and feature or nil
    end
    return own
  end,
}, { __index = keywords.measure })

-- The month that a call asks for.
local function month_of(call, site)
  if call.args.year and call.args.month then
    return math.min(site.last, call.args.year * 12 + call.args.month - 1)
  end
  return site.last
end

-- What a row of a list shows.
local function shown(call, site, row)
  local made = {
    block_type = site.kind, block_position = row.position, keyword = row.keyword, position = row.position,
    prev_pos = row.prev_pos > 0 and row.prev_pos or null, volume = row.volume, cpc = row.cpc, competition = row.competition,
    url = row.url, difficulty = row.difficulty, total_sites = row.total_sites, kei = call.args.cols and row.kei or nil,
    traffic = row.traffic, traffic_percent = row.traffic_percent, price = row.price,
  }
  if site.kind == "adv" then
    made.block, made.snippet_num, made.snippets_count = row.position <= 4 and "top" or "bottom", 1, 1
    made.snippet_title = row.keyword:gsub("^%l", string.upper)
    made.snippet_description = "All about " .. row.keyword .. "."
    made.snippet_display_url = site.host
  else
    made.intents, made.serp_features = row.intents, row.serp_features
  end
  if call.args.month and call.args.year then
    made.prev_pos, made.previous_position = nil, row.prev_pos
    made.total_sites, made.volume, made.traffic = nil, tostring(row.volume), tostring(row.traffic)
  end
  return listing.columns(call, made)
end

answers["data.domain.keywords.list"] = function(call)
  local site, moved = site_of(call), call.args.pos_change
  local month = month_of(call, site)
  local found = moved == "lost" and domains.lost(site, month) or domains.rankings(site, month)
  if MOVED[moved] then
    found = tools.kept(found, MOVED[moved])
  end
  return listing.reply(call, listing.of(found, measure, function(row) return shown(call, site, row) end))
end

answers["data.domain.keywords.comparison"] = function(call)
  local args = call.args
  local site = site_of(call)
  local other = domains.site(call, args.source, args.compare, args.type)
  local shared, alone = domains.compare(site, other)
  local first, second_of = domains.maker(site), args.diff ~= 1 and domains.maker(other)
  local found = {}
  for i, number in ipairs(args.diff == 1 and alone or shared) do
    local row, second = first(number), second_of and second_of(number) or {}
    found[i] = {
      key = row.key, keyword = row.keyword, volume = row.volume, cpc = row.cpc, competition = row.competition,
      difficulty = row.difficulty, total_sites = row.total_sites, kei = row.kei, intents = row.intents,
      serp_features = row.serp_features, position = row.position, url = row.url, price = row.price, traffic = row.traffic,
      compare_position = second.position, compare_url = second.url, compare_price = second.price,
      compare_traffic = second.traffic,
    }
  end
  return listing.reply(call, listing.of(found, measure, function(row)
    local made = {}
    for name, value in pairs(row) do
      made[name] = value
    end
    made.key, made.intents, made.serp_features, made.kei = nil, nil, nil, args.cols and row.kei or nil
    return listing.columns(call, made)
  end))
end

-- ---- pages and subdomains ----

-- The rankings of a site summed by what `of` makes of each.
local function grouped(site, of)
  local sums, list, traffic = {}, {}, 0
  for _, row in ipairs(domains.rankings(site)) do
    local name = of(row)
    local sum = sums[name]
    if not sum then
      sum = { url = name, keywords_count = 0, traffic_sum = 0, price_sum = 0, by_intent = {} }
      sums[name], list[#list + 1] = sum, sum
    end
    sum.keywords_count = sum.keywords_count + 1
    sum.traffic_sum = sum.traffic_sum + row.traffic
    sum.price_sum = chance.round(sum.price_sum + row.price, 2)
    for _, letter in ipairs(row.intents) do
      local intent = sum.by_intent[letter:lower()] or { count = 0, traffic = 0 }
      sum.by_intent[letter:lower()] = intent
      intent.count, intent.traffic = intent.count + 1, intent.traffic + row.traffic
    end
    traffic = traffic + row.traffic
  end
  for _, sum in ipairs(list) do
    sum.traffic_percent = traffic > 0 and chance.round(100 * sum.traffic_sum / traffic, 2) or 0
    for _, intent in pairs(sum.by_intent) do
      intent.percents = chance.round(100 * intent.count / sum.keywords_count, 1)
    end
  end
  return list
end

local sum_measure = {
  domain_url = function(row) return row.url end,
  domain_traffic_percent = function(row) return row.traffic_percent end,
}

local function sums(call, of, show)
  return listing.reply(call, listing.of(grouped(site_of(call), of), sum_measure, show))
end

local function plain_sum(row)
  return {
    url = row.url, keywords_count = row.keywords_count, traffic_sum = row.traffic_sum, traffic_percent = row.traffic_percent,
    price_sum = row.price_sum,
  }
end

answers["data.domain.pages.list"] = function(call)
  return sums(call, function(row) return row.url end, function(row)
    local made = plain_sum(row)
    made.title, made.intents = "Page " .. row.url:match "[^/]*$", row.by_intent
    return made
  end)
end

answers["data.domain.subdomains.list"] = function(call)
  return sums(call, function(row) return row.url:match "^%a+://([^/]+)" end, plain_sum)
end

-- ---- rivals and advertisements ----

local RIVALS = 20

answers["data.domain.competitors.list"] = function(call)
  local site = site_of(call)
  local trade = domains.trade(site.host)
  local rows = array {}
  for number = 1, RIVALS do
    local name = domains.rival(trade, number)
    if name ~= site.host then
      local theirs = domains.site(call, site.source, name, site.kind)
      local common = #domains.compare(site, theirs)
      local row = { domain = name, common_keywords = common }
      if call.args.stats == 1 then
        local totals = domains.totals(theirs)
        row.total_keywords, row.missing_keywords = totals.keywords_count, totals.keywords_count - common
        row.traffic_sum, row.price_sum = totals.traffic_sum, totals.price_sum
        row.domain_relevance = chance.round(100 * common / math.max(1, totals.keywords_count), 1)
      end
      rows[#rows + 1] = row
    end
  end
  return credits.pay(call, #rows, rows)
end

-- The advertisements of the months that a call asks for, the last six when it does not say.
local function snippets(call, h, position, host, text, last)
  local first = call.args.from and calendar.month(call.args.from) or last - 5
  local to = call.args.to and math.min(last, calendar.month(call.args.to)) or last
  local found, count = {}, 0
  for month = first, to do
    if chance.unit(h, 100 + month) < 0.7 then
      count = count + 1
      found[calendar.first_of(month):sub(1, 7)] = {
        position = math.max(1, math.min(11, position + chance.whole(h, 200 + month, -1, 1))), snippet_title = text,
        snippet_description = "All about " .. text .. ".", snippet_display_url = host, snippet_count = 1,
        url = "https://" .. host .. "/sale",
      }
    end
  end
  return found, count, math.max(1, to - first + 1)
end

answers["data.domain.ads.by_domain"] = function(call)
  local site = site_of(call, "adv")
  return listing.reply(call, listing.of(domains.rankings(site), nil, function(row)
    local ads, count, months = snippets(call, row.key, row.position, site.host, row.keyword, site.last)
    return {
      keyword = row.keyword, ads_count = count, coverage = chance.round(100 * count / months, 1), competition = row.competition,
      cpc = row.cpc, volume = row.volume, traffic = row.traffic, snippets = ads,
    }
  end))
end

answers["data.domain.ads.by_keyword"] = function(call)
  local args = call.args
  local trade = domains.trade(args.keyword)
  local figures = keywords.figures(call.seed, args.source, args.keyword)
  local last = calendar.month(call.today) - 1
  return listing.reply(call, { count = call.rows, row = function(number)
    local name = domains.rival(trade, number)
    local h = chance.key(call.seed, args.source, name, args.keyword)
    local ads, count = snippets(call, h, chance.whole(h, 1, 1, 11), name, args.keyword, last)
    local bought = chance.whole(h, 2, 1, 40)
    local visits = chance.whole(h, 3, 0, math.floor(figures.volume / 20))
    return {
      domain = name, ads_count = count, keywords_count = bought, traffic_sum = visits,
      price_sum = chance.round(visits * figures.cpc, 2), snippets = ads,
    }
  end })
end

return addresses.checked(answers)
