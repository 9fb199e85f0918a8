--- The fake's web: which keywords a site ranks for in a country, where, and what that brings.
-- SPDX-License-Identifier: MIT
--
-- Sites belong to a trade. Those of one trade rank for keywords of one pool, so that two of them share about half of theirs.

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local keywords = require "seranking.fake.web.keywords"

local key, unit, whole, wave, round = chance.key, chance.unit, chance.whole, chance.wave, chance.round
local floor = math.floor

local domains = {}

local TRADES = {
  "anchor", "bread", "boot", "bicycle", "camera", "curtain", "guitar", "kettle", "lamp", "rucksack", "sofa", "tent",
}
local PAGES = { "", "shop", "guide", "about", "sale", "blog", "help", "catalogue" }
local SUBDOMAINS = { "www", "shop", "blog", "help" }
-- Share of the searches that become visits, by position.
local CLICKS = { 0.28, 0.15, 0.1, 0.07, 0.055, 0.045, 0.037, 0.031, 0.027, 0.024 }

--- The host of an address: no scheme, no path, no "www.".
---@param text string
---@return string
function domains.host(text)
  return (text:gsub("^%a[%w+.-]*://", ""):match "^[^/?#]*":lower():gsub("^www%.", ""))
end

--- The domain that a host belongs to: its last two labels.
---@param host string
---@return string
function domains.base(host)
  return host:match "[^.]+%.[^.]+$" or host
end

---@param domain string
---@return string
function domains.trade(domain)
  return chance.pick(key("trade", domains.base(domain)), 0, TRADES)
end

-- How many keywords a site ranked for in a month: `rows` in `last`, fewer the longer ago, up and down on the way.
local function count(site, month)
  local ago = site.last - month
  if ago <= 0 then
    return site.rows
  end
  local share = 1 - ago / 90 + 0.04 * wave(site.key + 3, month)
  return math.max(1, floor(site.rows * math.max(share, 0.1)))
end

---@class seranking.fake.Site what a site is in a country's results
---@field host string
---@field key integer
---@field rows integer keywords that it ranks for in the last month
---@field last integer the last month that is known
---@field kind "organic"|"adv"
---@field cache table of the fake; keeps the rankings that were made last, for the pages that follow

--- A site as a country's results have it.
---@param call seranking.fake.Call
---@param source string
---@param target string host or address
---@param kind? "organic"|"adv"
---@return seranking.fake.Site
function domains.site(call, source, target, kind)
  local host = domains.host(target)
  local page = target:match "^%a[%w+.-]*://[^/]*(/.+)$"
  kind = kind or "organic"
  return {
    seed = call.seed, source = source, host = host, kind = kind, page = page,
    key = key(call.seed, source, host, page or "", kind),
    rows = call.rows, last = calendar.month(call.today) - 1, cache = call.cache,
  }
end

-- The place of a site's keyword in the pool of its trade: each number has two of its own, so sites of a trade that share a
-- keyword know it by the same number.
local function place(site, number)
  return 2 * number - floor(unit(site.key, number) * 2)
end

-- The keywords that bring a site visits and whose positions move. The rest stands still on its last positions and brings none:
-- so the totals of many months, or of many sites, take no longer with 10,000 keywords than with these.
local HEAD = 300

-- How high the numbers of positions get, and where those begin that the rest has.
local DEEPEST = { organic = 100, adv = 11 }
local REST = { organic = 51, adv = 9 }

-- The position of a keyword, by its number, in the middle of a month.
local function position(site, number, h, month)
  local base, most = unit(h, 1), DEEPEST[site.kind]
  if number > HEAD then
    return REST[site.kind] + floor(base * (most - REST[site.kind] + 1))
  end
  local at = base * base * most + 0.12 * most * wave(h + 1, month / 3) + 0.05 * most * wave(h + 2, month)
  return math.max(1, math.min(most, 1 + floor(at)))
end

--- The searches of a month that become visits at a position; 0 is "not ranking".
---@param volume integer
---@param pos integer
---@return integer
function domains.visits(volume, pos)
  return pos > 0 and floor(volume * (CLICKS[pos] or 0.2 / pos)) or 0
end

-- The page that ranks: one of a few main pages, or one of the many below them.
local function address(site, h)
  if site.page then
    return "https://" .. site.host .. site.page
  end
  local subdomain = unit(h, 5) < 0.8 and "" or chance.pick(h, 6, SUBDOMAINS) .. "."
  local page = PAGES[whole(h, 7, 1, #PAGES)]
  local is_main = page == "" or unit(h, 8) < 0.5
  local below = is_main and "" or "/" .. whole(h, 9, 1, math.max(1, floor(site.rows / 8)))
  return "https://" .. subdomain .. site.host .. "/" .. page .. below
end

---@class seranking.fake.Ranking: seranking.fake.Keyword a keyword of a site
---@field position integer of the month
---@field prev_pos integer the month before; 0: did not rank
---@field url string
---@field traffic integer visits a month
---@field price number worth of the traffic
---@field traffic_percent number share of the site's traffic; filled in by domains.rankings

--- A maker of the keywords that a site ranks for in a month, by their numbers: all of each but `traffic_percent`.
---@param site seranking.fake.Site
---@param month? integer the last, when left out
---@return fun(number: integer): seranking.fake.Ranking
function domains.maker(site, month)
  month = month or site.last
  local trade, of_country = domains.trade(site.host), keywords.of_country(site.seed, site.source)
  local beginning, before = chance.beginning(site.key), count(site, month - 1)
  local similar = keywords.text.similar
  return function(number)
    local pooled = place(site, number)
    local row, h = of_country(similar(trade, pooled)), chance.key_of(beginning, pooled)
    local at = position(site, number, h, month)
    row.number, row.pooled, row.position, row.url = number, pooled, at, address(site, h)
    if number > HEAD then
      row.prev_pos, row.traffic, row.price = number <= before and at or 0, 0, 0
    else
      row.prev_pos = number <= before and position(site, number, h, month - 1) or 0
      row.traffic = domains.visits(row.volume, at)
      row.price = round(row.traffic * row.cpc, 2)
    end
    row.total_sites = 1000 * chance.heavy(h, 10, 50)
    row.kei = round(row.volume / (1 + row.difficulty), 2)
    return row
  end
end

--- The trade whose word a text has; nil where it has none.
---@param text string
---@return string?
function domains.trade_of(text)
  for _, trade in ipairs(TRADES) do
    if (" " .. text:lower() .. " "):find(" " .. trade .. " ", 1, true) then
      return trade
    end
  end
end

--- The number of a keyword in a trade's pool, if it is among the first `most`.
---@param trade string
---@param text string
---@param most integer
---@return integer?
function domains.pooled(trade, text, most)
  for number = 1, most do
    if keywords.text.similar(trade, number) == text then
      return number
    end
  end
end

--- The ranking of a site for a keyword of its trade's pool in the last month; nil where it does not rank.
---@param site seranking.fake.Site
---@param pooled integer
---@return seranking.fake.Ranking?
function domains.ranking(site, pooled)
  local number = floor((pooled + 1) / 2)
  if number <= count(site, site.last) and place(site, number) == pooled then
    return domains.maker(site)(number)
  end
end

--- The keywords that a site ranks for in a month. The rows are shared: don't change them.
---@param site seranking.fake.Site
---@param month? integer the last, when left out
---@return seranking.fake.Ranking[]
function domains.rankings(site, month)
  month = month or site.last
  local cache = site.cache
  local name = ("%s %s%s %s %d %d %d"):format(site.source, site.host, site.page or "", site.kind, site.rows, site.last, month)
  if cache.rankings_name == name then
    return cache.rankings
  end
  local rows, traffic, ranking = {}, 0, domains.maker(site, month)
  for number = 1, count(site, month) do
    local row = ranking(number)
    rows[number], traffic = row, traffic + row.traffic
  end
  for _, row in ipairs(rows) do
    row.traffic_percent = traffic > 0 and round(100 * row.traffic / traffic, 2) or 0
  end
  cache.rankings_name, cache.rankings = name, rows
  return rows
end

--- The keywords that a site ranked for in the month before and no longer does, with the position that they had.
---@param site seranking.fake.Site
---@param month integer
---@return seranking.fake.Ranking[]
function domains.lost(site, month)
  local rows, ranking = {}, domains.maker(site, month - 1)
  for number = count(site, month) + 1, count(site, month - 1) do
    local row = ranking(number)
    row.prev_pos, row.position, row.traffic, row.price, row.traffic_percent = row.position, 0, 0, 0, 0
    rows[#rows + 1] = row
  end
  return rows
end

local TOPS = {
  organic = { { "top1_5", 1, 5 }, { "top6_10", 6, 10 }, { "top11_20", 11, 20 }, { "top21_50", 21, 50 },
    { "top51_100", 51, 100 } },
  adv = { { "top1_2", 1, 2 }, { "top3_5", 3, 5 }, { "top6_8", 6, 8 }, { "top9_11", 9, 11 } },
}

--- The number that the service knows a domain by.
---@param seed integer
---@param host string
---@return integer
function domains.id(seed, host)
  return whole(key(seed, "metrics", host), 0, 1000, 999999)
end

---@class seranking.fake.SiteTotals
---@field keywords_count integer
---@field traffic_sum integer
---@field price_sum number
---@field new integer
---@field up integer
---@field down integer
---@field equal integer
---@field lost integer
---@field tops table<string, integer>

-- The totals of so many keywords, before they are looked at.
local function no_totals(kind, keywords_count)
  local made = {
    keywords_count = keywords_count, traffic_sum = 0, price_sum = 0, new = 0, up = 0, down = 0, equal = 0, tops = {},
  }
  for _, top in ipairs(TOPS[kind]) do
    made.tops[top[1]] = 0
  end
  return made
end

-- Adds keywords that bring visits: what its rows would say of each.
local function add_head(sums, site, first, last)
  local text, of_country = keywords.text.similar, keywords.worth(site.seed, site.source)
  local trade, beginning = domains.trade(site.host), chance.beginning(site.key)
  local tops, most = TOPS[site.kind], 0
  for month = first - 1, last do
    most = math.max(most, sums[month].keywords_count)
  end
  for number = 1, math.min(HEAD, most) do
    local pooled = place(site, number)
    local volume, cpc = of_country(text(trade, pooled))
    local h = chance.key_of(beginning, pooled)
    local before = number <= sums[first - 1].keywords_count and position(site, number, h, first - 1) or 0
    for month = first, last do
      local sum, at = sums[month], 0
      if number <= sum.keywords_count then
        at = position(site, number, h, month)
        local traffic = domains.visits(volume, at)
        local change = before == 0 and "new" or at < before and "up" or at > before and "down" or "equal"
        sum[change] = sum[change] + 1
        sum.traffic_sum = sum.traffic_sum + traffic
        sum.price_sum = sum.price_sum + round(traffic * cpc, 2)
        for i = 1, #tops do
          local top = tops[i]
          if at >= top[2] and at <= top[3] then
            sum.tops[top[1]] = sum.tops[top[1]] + 1
          end
        end
      end
      before = at
    end
  end
end

--- The totals of a site in some months: what its keywords add up to.
---@param site seranking.fake.Site
---@param first integer month
---@param last integer month
---@return table<integer, seranking.fake.SiteTotals> by month
function domains.history(site, first, last)
  local sums = {}
  for month = first - 1, last do
    sums[month] = no_totals(site.kind, count(site, month))
  end
  add_head(sums, site, first, last)
  local deepest = TOPS[site.kind][#TOPS[site.kind]][1]
  for month = first, last do
    local sum, before = sums[month], sums[month - 1].keywords_count
    local rest = math.max(0, sum.keywords_count - HEAD)
    local new = math.max(0, sum.keywords_count - math.max(before, HEAD))
    sum.new, sum.equal, sum.tops[deepest] = sum.new + new, sum.equal + rest - new, sum.tops[deepest] + rest
    sum.price_sum, sum.lost = round(sum.price_sum, 2), math.max(0, before - sum.keywords_count)
  end
  return sums
end

--- The totals of a site in its last month.
---@param site seranking.fake.Site
---@return seranking.fake.SiteTotals
function domains.totals(site)
  return domains.history(site, site.last, site.last)[site.last]
end

local function find_rival(trade, number)
  for try = number * 200, number * 200 + 199 do
    local name = ("%s-rival-%d.example"):format(trade, try)
    if domains.trade(name) == trade then
      return name
    end
  end
  return ("%s-rival-%d.example"):format(trade, number * 200)
end

local found_rivals = {} -- by trade and number: the first of each, which lists name again and again

--- A rival's domain in a trade, by its number.
---@param trade string
---@param number integer
---@return string
function domains.rival(trade, number)
  local of_trade = found_rivals[trade] or {}
  found_rivals[trade] = of_trade
  local name = of_trade[number] or find_rival(trade, number)
  if number <= 100 then
    of_trade[number] = name
  end
  return name
end

--- The keywords that the first of two sites of a trade shares with the second, and those that it has alone.
---@param first seranking.fake.Site
---@param second seranking.fake.Site
---@return integer[] shared numbers, by which both sites know a keyword
---@return integer[] alone
function domains.compare(first, second)
  local shared, alone, of_trade = {}, {}, domains.trade(first.host) == domains.trade(second.host)
  local both = math.min(first.rows, second.rows)
  for number = 1, first.rows do
    local is_shared = of_trade and number <= both and place(first, number) == place(second, number)
    local list = is_shared and shared or alone
    list[#list + 1] = number
  end
  return shared, alone
end

return domains
