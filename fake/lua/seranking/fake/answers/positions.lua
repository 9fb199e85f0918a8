--- What the fake API answers: positions, and a project in numbers.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local catalogue = require "seranking.fake.catalogue"
local chance = require "seranking.fake.chance"
local crawl = require "seranking.fake.web.crawl"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local links = require "seranking.fake.web.links"
local ranks = require "seranking.fake.ranks"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null = json.array, json.null
local map = tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local function positions_between(keyword, engine, first, last)
  local rows, before = array {}, nil
  for _, date in ipairs(ranks.dates_of(keyword, engine)) do
    local pos = keyword.positions[engine.id][date]
    if date >= first and date <= last then
      rows[#rows + 1] = {
        date = date, pos = pos, change = ranks.change(before, pos), price = 0, is_map = 0, map_position = 0,
        paid_position = 0,
      }
    end
    before = pos
  end
  return rows
end

local COUNTRY = "us" -- whose searches a project's keywords have

local function position_row(call, keyword, positions)
  local args = call.args
  local figures = keywords.figures(call.seed, COUNTRY, keyword.name)
  local row = {
    id = tostring(keyword.id), name = keyword.name, group_id = tostring(keyword.group_id), volume = figures.volume,
    competition = figures.competition, suggested_bid = figures.cpc, cpc = figures.cpc,
    results = ("%d"):format(1000 * chance.heavy(figures.key, 30, 5)), total_sum = 0, positions = positions,
  }
  if args.with_landing_pages == 1 then
    row.landing_pages = array {}
    if keyword.target_url then
      row.landing_pages[1] = { url = keyword.target_url, ascii_url = keyword.target_url, date = call.today }
    end
  end
  if args.with_serp_features == 1 then
    row.features = { featured_snippet = true }
  end
  if args.with_content_score == 1 then
    row.content_score, row.content_score_change = null, null
  end
  return row
end

answers["sites.positions.list"] = function(call)
  local first, last = ranks.range_of(call)
  local top = call.args.in_top
  return map(ranks.engines_of(call), function(engine)
    local rows = array {}
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      local positions = positions_between(keyword, engine, first, last)
      local latest = positions[#positions] and positions[#positions].pos or 0
      if not top or (latest > 0 and latest <= top) then
        rows[#rows + 1] = position_row(call, keyword, positions)
      end
    end
    return { site_engine_id = engine.id, keywords = rows }
  end)
end

answers["sites.positions.set"] = function(call)
  local by_engine = call.keyword.positions
  by_engine[call.engine.id] = by_engine[call.engine.id] or {}
  by_engine[call.engine.id][call.args.date] = call.args.position
  return array {}
end

answers["sites.positions.recheck"] = function(call)
  local listed = call.args.keywords
  if listed then
    for _, pair in ipairs(listed) do
      local _, refusal = resolve.engine(call, pair.site_engine_id)
      if not refusal then
        _, refusal = resolve.keyword(call, pair.keyword_id)
      end
      if refusal then
        return nil, refusal
      end
    end
    for _, pair in ipairs(listed) do
      ranks.recheck(call, resolve.keyword(call, pair.keyword_id), resolve.engine(call, pair.site_engine_id))
    end
    return { total = #listed }
  end
  local total = 0
  for _, engine in ipairs(ranks.engines_of(call)) do
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      ranks.recheck(call, keyword, engine)
      call.store.balance = call.store.balance - 0.01
      total = total + 1
    end
  end
  return { total = total }
end

-- ---- a project in numbers ----

local function average(list)
  local sum = 0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return list[1] and chance.round(sum / #list, 1) or 0
end

local function count_within(list, top)
  local count = 0
  for _, value in ipairs(list) do
    count = count + (value <= top and 1 or 0)
  end
  return count
end

local function percent(part, of)
  return of > 0 and chance.round(part * 100 / of, 1) or 0
end

-- The metrics of positions on a day: `ranking` those that rank, `checked` how many there are.
local metrics = {
  avg_pos = function(ranking) return average(ranking) end,
  visibility = function(ranking) return 17 * count_within(ranking, 10) end,
  visibility_percent = function(ranking, checked) return percent(count_within(ranking, 10), checked) end,
  top10 = function(ranking) return count_within(ranking, 10) end,
  top10_percent = function(ranking, checked) return percent(count_within(ranking, 10), checked) end,
}

answers["sites.summary"] = function(call)
  local now, before, checked, up, down = {}, {}, 0, 0, 0
  local host = domains.host(call.site.name)
  for _, engine in ipairs(ranks.engines_of(call)) do
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      local dates, positions = ranks.dates_of(keyword, engine), keyword.positions[engine.id] or {}
      local pos, previous = positions[dates[#dates]] or 0, positions[dates[#dates - 1]] or 0
      local moved = ranks.change(previous, pos)
      checked = checked + 1
      now[#now + 1] = pos > 0 and pos or nil
      before[#before + 1] = previous > 0 and previous or nil
      up = up + (moved > 0 and 1 or 0)
      down = down + (moved < 0 and 1 or 0)
    end
  end
  return {
    site_id = call.site.id, process = 100, today_avg = average(now), yesterday_avg = average(before), total_up = up,
    total_down = down, top5 = count_within(now, 5), top10 = count_within(now, 10), top30 = count_within(now, 30),
    visibility = metrics.visibility(now), visibility_percent = metrics.visibility_percent(now, checked),
    index_google = ("%d"):format(crawl.indexed(crawl.now(call, host))),
    domain_trust = (select(2, links.scores(call, host, calendar.day(call.today)))),
  }
end

-- ---- days ----

-- The days between two that an engine, or one of several, has positions of, in order.
local function checked_days(call, engines, first, last)
  local seen, days = {}, array {}
  for _, engine in ipairs(engines) do
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      for date in pairs(keyword.positions[engine.id] or {}) do
        if date >= first and date <= last and not seen[date] then
          seen[date], days[#days + 1] = true, date
        end
      end
    end
  end
  table.sort(days)
  return days
end

local FIRST, LAST = "0000-01-01", "9999-12-31"

answers["sites.positions.check_dates"] = function(call)
  return checked_days(call, ranks.engines_of(call), call.args.date_from or FIRST, call.args.date_to or LAST)
end

local LABELS = { yesterday = 1, ["7days"] = 7, ["30days"] = 30, ["90days"] = 90 }

answers["sites.positions.checkpoints"] = function(call)
  local days = checked_days(call, ranks.engines_of(call), FIRST, LAST)
  local current = days[#days]
  local made = { current = current or null }
  for label, ago in pairs(LABELS) do
    local day = current and calendar.add(current, -ago)
    made[label] = tools.has(days, day) and day or null
  end
  return made
end

-- Whether a keyword is one of those that the call is about.
local function is_meant(call, keyword)
  local args = call.args
  if args.group_id and tonumber(keyword.group_id) ~= args.group_id
    or args.keywords_ids and not tools.has(args.keywords_ids, keyword.id) then
    return false
  end
  for _, tag_id in ipairs(args.tags_ids or {}) do
    local tag = call.store.tags:get(tag_id)
    if not tag or not tools.has(tag.url, keyword.target_url) then
      return false
    end
  end
  return true
end

answers["sites.positions.history"] = function(call)
  local first, last = ranks.range_of(call)
  local metric, engines = metrics[call.args.type or "avg_pos"], ranks.engines_of(call)
  local days = checked_days(call, engines, first, last)
  local all = { type = "avg", name = "Average", data = array {} }
  local series = array { all }
  local function point(day, of)
    local ranking, checked = {}, 0
    for _, engine in ipairs(of) do
      for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
        local pos = is_meant(call, keyword) and (keyword.positions[engine.id] or {})[day]
        checked = checked + (pos and 1 or 0)
        ranking[#ranking + 1] = pos and pos > 0 and pos or nil
      end
    end
    return { date = day, value = metric(ranking, checked) }
  end
  for i, day in ipairs(days) do
    all.data[i] = point(day, engines)
  end
  for _, engine in ipairs(engines) do
    series[#series + 1] = {
      type = "search_engine", name = catalogue.name_of(engine.search_engine_id),
      data = map(checked_days(call, { engine }, first, last), function(day) return point(day, { engine }) end),
    }
  end
  return call.generation == "v1" and { data = series } or series
end

-- ---- traffic ----

answers["analytics.gsc_queries"] = function(call)
  local rows = array {}
  for _, keyword in ipairs(call.store.keywords:where { site_id = call.site.id }) do
    local figures = keywords.figures(call.seed, COUNTRY, keyword.name)
    local pos = ranks.position(call, call.site.name, keyword.name, { search_engine_id = 0 }, calendar.day(call.today))
    if pos > 0 then
      local shown = math.floor(figures.volume * 0.8)
      local clicked = math.min(shown, domains.visits(figures.volume, pos))
      rows[#rows + 1] = {
        query = keyword.name, clicks = clicked, impressions = shown, ctr = percent(clicked, shown), avg = pos,
      }
    end
  end
  return rows
end

answers["analytics.seo_potential"] = function(call)
  local args = call.args
  local top = args.top_n or 10
  local rows = map(call.store.engines:where { site_id = call.site.id }, function(engine)
    local visits, worth = 0, 0
    for _, keyword in ipairs(ranks.keywords_of(call, engine)) do
      local figures = keywords.figures(call.seed, COUNTRY, keyword.name)
      local come = domains.visits(figures.volume, math.max(1, math.floor((top + 1) / 2)))
      visits, worth = visits + come, worth + come * figures.cpc
    end
    local leads = chance.round(visits * (args.conversion_rate or 2) / 100, 1)
    return {
      site_engine_id = engine.id, traffic = visits, traffic_value = chance.round(worth, 2), leads_qty = leads,
      leads_price = chance.round(leads * (args.lead_price or 20), 2),
    }
  end)
  return call.generation == "v1" and { data = rows } or rows
end

return answers
