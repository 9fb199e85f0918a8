--- What the fake API answers: Local Marketing. Its locations are made up, as the service lets nobody make them by a call.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, map = json.array, json.null, tools.map
local key, unit, whole, wave, round = chance.key, chance.unit, chance.whole, chance.wave, chance.round

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local STREETS = { "Market Street", "Harbour Road", "Mill Lane", "Station Square" }
local FIRST_ID = 6101
local REVIEWS_A_WEEK = 2
local WEEKS = 60          -- of reviews before the day on which the fake began
local WITHHELD = 10       -- numbers below this are not told
local PAGE = 50           -- search terms a page

local SEARCHES = { "bakery", "bakery near me", "corner bakery", "rye bread", "bread delivery", "sourdough", "birthday cake" }
local WORDS = { "Best rye in town", "Friendly and quick", "Too long a queue", "Nothing special", "Closed, though it is Monday" }

-- ---- locations ----

local function locations(call)
  local list = {}
  for i, street in ipairs(STREETS) do
    list[i] = { id = FIRST_ID + i - 1, title = "Corner Bakery, " .. street, active = i < #STREETS,
      key = key(call.seed, "location", i) }
  end
  return list
end

-- An answer about the location that a call names.
local function of_location(answer)
  return function(call)
    for _, location in ipairs(locations(call)) do
      if location.id == call.args.location_id then
        return answer(call, location)
      end
    end
    return nil, resolve.refuse(404, "Not Found", "location_id: no such location")
  end
end

-- The reviews of a location, the newest first, from the day on which the fake began back.
local function reviews(call, location)
  local list = {}
  local newest = calendar.day(call.origin)
  for i = 0, WEEKS * REVIEWS_A_WEEK - 1 do
    local h = key(location.key, "review", i)
    local day = newest - math.floor(7 * i / REVIEWS_A_WEEK) - whole(h, 0, 0, 2)
    local rating = unit(h, 1) < 0.7 and 5 or whole(h, 2, 1, 5)
    local answered = unit(h, 3) < 0.6
    list[#list + 1] = {
      day = day, id = location.id * 1000 + i, source = unit(h, 4) < 0.9 and "gmb" or "facebook", rating = rating,
      review = unit(h, 5) < 0.3 and null or WORDS[6 - rating], reviewer_name = "Guest " .. whole(h, 6, 1, 999),
      created_at = calendar.date(day) .. " 12:00:00", is_answered = answered,
      replied_at = answered and calendar.date(day + 1) .. " 09:00:00" or null,
      review_url = "https://maps.example/review/" .. location.id * 1000 + i,
    }
  end
  return list
end

local function mean(list)
  local sum = 0
  for _, review in ipairs(list) do
    sum = sum + review.rating
  end
  return #list > 0 and round(sum / #list, 1) or null
end

answers["local_marketing.locations.list"] = function(call)
  local wanted = call.args.is_active
  local found = tools.kept(locations(call), function(location)
    return wanted == nil or location.active == wanted
  end)
  return { items = tools.page(call, map(found, function(location)
    local all = reviews(call, location)
    return {
      id = location.id, title = location.title, account_name = "Corner Bakery",
      connection_status = location.active and "connected" or "disconnected",
      statistics = { reviews_count = #all, average_rating = mean(all), audit_score_percent = whole(location.key, 1, 60, 98) },
    }
  end), 100) }
end

-- ---- figures of the profile ----

local FIGURES = {
  business_impressions_desktop_search = 40, business_impressions_mobile_search = 120, business_impressions_desktop_maps = 25,
  business_impressions_mobile_maps = 90, website_clicks = 12, call_clicks = 5, business_direction_requests = 9,
  business_conversations = 1,
}

-- The days from one to another, none after yesterday.
local function days(call)
  return calendar.day(call.args.from), math.min(calendar.day(call.args.to), calendar.day(call.today) - 1)
end

answers["local_marketing.gbp.metrics"] = of_location(function(call, location)
  local items = array {}
  local first, last = days(call)
  for day = first, last do
    local item = { date = calendar.date(day) }
    if unit(location.key, day) > 0.03 then -- a day that is not known has no figures
      item.metrics = {}
      for name, usual in pairs(FIGURES) do
        local h = key(location.key, name)
        item.metrics[name] = math.floor(usual * (0.6 + 0.8 * unit(h, day)) * (1 + 0.3 * wave(h, day / 30)))
      end
    end
    items[#items + 1] = item
  end
  return { items = items }
end)

local function told(number)
  return number >= WITHHELD and number or null
end

answers["local_marketing.gbp.searches"] = of_location(function(call, location)
  local items = array {}
  local first, last = days(call)
  for month = calendar.month(calendar.date(first)), calendar.month(calendar.date(last)) do
    local h = key(location.key, "searches", month)
    items[#items + 1] = {
      month = calendar.first_of(month), direct = told(whole(h, 0, 150, 400)), discovery = told(whole(h, 1, 300, 700)),
      branded = told(whole(h, 2, 0, 40)),
    }
  end
  return { items = items, last_updated_date = calendar.add(call.today, -3) }
end)

answers["local_marketing.gbp.keywords"] = of_location(function(call, location)
  local first = calendar.month(call.args.from)
  if first ~= calendar.month(call.args.to) then
    return nil, resolve.refuse(400, "Bad Request", "from and to: one calendar month")
  end
  local before = 0
  if call.args.page_token then
    before = tonumber(call.args.page_token:match "^bmV4dA/%+(%d+)==$")
    if not before then
      return nil, resolve.refuse(400, "Bad Request", "page_token: not one that was given")
    end
  end
  local items, total = array {}, 2 * PAGE + 20
  for i = before + 1, math.min(before + PAGE, total) do
    local h = key(location.key, "keyword", first, i)
    local word = SEARCHES[1 + (i - 1) % #SEARCHES]
    items[#items + 1] = {
      keyword = i <= #SEARCHES and word or ("%s %s %d"):format(word, STREETS[1 + i % #STREETS]:lower(), i),
      impressions = told(math.floor(400 / i) + whole(h, 0, 0, 12)), clicks = told(math.floor(60 / i) + whole(h, 1, 0, 4)),
    }
  end
  local last = before + #items
  return { items = items, next_page_token = last < total and ("bmV4dA/+%d=="):format(last) or null }
end)

-- ---- reviews ----

answers["local_marketing.reviews.overview"] = of_location(function(call, location)
  local from, to = call.args.from, call.args.to
  local found = tools.kept(reviews(call, location), function(review)
    return (not from or review.day >= calendar.day(from)) and (not to or review.day <= calendar.day(to))
  end)
  local answered, stars, sources = 0, {}, {}
  for _, review in ipairs(found) do
    answered = answered + (review.is_answered and 1 or 0)
    stars[tostring(review.rating)] = (stars[tostring(review.rating)] or 0) + 1
    sources[review.source] = (sources[review.source] or 0) + 1
  end
  return {
    total_reviews = #found, average_rating = mean(found), answered_reviews = answered, unanswered_reviews = #found - answered,
    rating_distribution = stars,
    items_by_source = map(tools.sorted_names(sources), function(name) return { reviews_count = sources[name] } end),
  }
end)

answers["local_marketing.reviews.list"] = of_location(function(call, location)
  return { items = tools.page(call, map(reviews(call, location), function(review)
    local row = {}
    for name, value in pairs(review) do
      row[name] = value
    end
    row.day = nil
    return row
  end), 100) }
end)

return answers
