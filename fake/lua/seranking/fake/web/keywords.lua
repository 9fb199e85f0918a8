--- The fake's web: what people search for. Each keyword of a country has figures that are the same wherever it shows.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local json = require "seranking.fake.json"

local key, unit, whole, heavy, round = chance.key, chance.unit, chance.whole, chance.heavy, chance.round
local floor = math.floor
local unpack = table.unpack or unpack

local keywords = {}

local QUALITIES = {
  "best", "cheap", "small", "large", "used", "new", "folding", "light", "heavy", "strong", "simple", "modern", "classic",
  "waterproof", "portable", "custom", "handmade", "organic", "local", "online", "professional", "beginner", "vintage",
  "electric",
}
local ENDINGS = {
  "price", "review", "shop", "near me", "for sale", "guide", "repair", "parts", "sizes", "ideas", "delivery", "rental",
  "comparison", "manual", "kit", "set", "cover", "storage", "safety", "test", "discount", "supplier", "warranty", "accessories",
}
local PURPOSES = {
  "for beginners", "for children", "for the garden", "for a small flat", "for the kitchen", "for travel", "for work",
  "for the weekend", "for two", "for the office", "for winter", "for summer", "for the boat", "for the workshop",
}
local QUESTIONS = {
  "how to choose", "how to clean", "how to use", "how to store", "what is", "where to buy", "why buy", "which is the best",
  "how much is", "how long lasts", "who repairs", "when to replace",
}
local FEATURES = { "images", "reviews", "videos", "people_also_ask", "featured_snippet", "local_pack", "shopping", "sitelinks" }
local INTENTS = { "I", "N", "T", "C", "L" }

-- Kinds of texts: the lists that a word of each is taken from, and how many combinations they have.
local function combined(...)
  local lists = { count = 1, ... }
  for _, list in ipairs(lists) do
    lists.count = lists.count * #list
  end
  return lists
end

local SIMILAR = combined(QUALITIES, ENDINGS)
local RELATED = combined(ENDINGS, QUALITIES, PURPOSES)
local QUESTIONED = combined(QUESTIONS, QUALITIES, PURPOSES)
local LONG = combined(QUALITIES, PURPOSES, ENDINGS)

-- Words of the lists, one of each, another combination for each number: the combinations in an order that jumps about. Numbers
-- past the last one get a number as a word, which comes first here: "" or " 2".
local function words(number, lists)
  local round_trip = floor((number - 1) / lists.count)
  local rest = (number - 1) % lists.count * 7919 % lists.count -- 7919 is prime, and no list has so many words
  local more = round_trip > 0 and " " .. round_trip + 1 or ""
  local first, second, third = lists[1], lists[2], lists[3]
  local a = first[rest % #first + 1]
  rest = floor(rest / #first)
  local b = second[rest % #second + 1]
  return more, a, b, third and third[floor(rest / #second) % #third + 1]
end

--- Texts of keywords around a keyword, by kind; each number gives another text.
---@type table<string, fun(keyword: string, number: integer): string>
keywords.text = {
  similar = function(keyword, number)
    local more, quality, ending = words(number, SIMILAR)
    return quality .. " " .. keyword .. " " .. ending .. more
  end,
  related = function(keyword, number)
    local more, ending, quality, purpose = words(number, RELATED)
    return quality .. " " .. keyword:match "(%S+)%s*$" .. " " .. ending .. " " .. purpose .. more
  end,
  questions = function(keyword, number)
    local more, question, quality, purpose = words(number, QUESTIONED)
    return question .. " a " .. quality .. " " .. keyword .. " " .. purpose .. more
  end,
  longtail = function(keyword, number)
    local more, quality, purpose, ending = words(number, LONG)
    return quality .. " " .. keyword .. " " .. purpose .. " " .. ending .. more
  end,
}

---@class seranking.fake.Keyword the figures of a keyword in a country
---@field key integer for chance
---@field keyword string
---@field volume integer searches a month
---@field cpc number
---@field competition number 0-1
---@field difficulty integer 0-100
---@field intents string[]
---@field serp_features string[]

local function volume_of(h)
  return 10 * heavy(h, 0, 2)
end

local function cpc_of(h)
  return round(heavy(h, 1, 12) / 100, 2) % 50
end

-- The figures of a keyword by its key.
local function figures_of(h, text)
  local intents = json.array(chance.some(h, 10, 0.3, INTENTS))
  intents[1] = intents[1] or chance.pick(h, 10, INTENTS)
  return {
    key = h,
    keyword = text,
    volume = volume_of(h),
    cpc = cpc_of(h),
    competition = round(unit(h, 2), 2),
    difficulty = whole(h, 3, 0, 100),
    intents = intents,
    serp_features = json.array(chance.some(h, 20, 0.25, FEATURES)),
  }
end

--- The figures of a keyword.
---@param seed integer
---@param source string country
---@param text string
---@return seranking.fake.Keyword
function keywords.figures(seed, source, text)
  return figures_of(key(seed, source, text), text)
end

--- The same for many keywords of one country.
---@param seed integer
---@param source string
---@return fun(text: string): seranking.fake.Keyword
function keywords.of_country(seed, source)
  local beginning = chance.beginning(seed, source)
  return function(text)
    return figures_of(chance.key_of(beginning, text), text)
  end
end

--- Volume and cpc alone of many keywords of one country, each as `keywords.figures` has it.
---@param seed integer
---@param source string
---@return fun(text: string): integer, number
function keywords.worth(seed, source)
  local beginning = chance.beginning(seed, source)
  return function(text)
    local h = chance.key_of(beginning, text)
    return volume_of(h), cpc_of(h)
  end
end

-- The searches of a month by two waves: a season, and what a month has of its own.
local function searches(volume, season, of_month)
  return 10 * floor(volume * (1 + (season * 0.25 + of_month * 0.1)) / 10 + 0.5)
end

--- The searches of a keyword in a month: around its volume, with a season.
---@param figures seranking.fake.Keyword
---@param month integer as calendar.month counts
---@return integer
function keywords.searches(figures, month)
  return searches(figures.volume, chance.wave(figures.key + 1, month % 12 / 3), chance.wave(figures.key + 2, month))
end

local STEP, WRAP = chance.STEP, chance.PRIME

--- A maker of searches by month, YYYY-MM-01 to number, as a piece of JSON: each number as `keywords.searches` has it, with the
--- knots of the season's wave, of which a year has five, made once. Lists have few months and many rows: the text around the
--- numbers is made once, and chance.unit is written out.
---@param first integer month
---@param last integer month, at most 11 later
---@return fun(figures: seranking.fake.Keyword): table
function keywords.trend(first, last)
  local dates, befores, shares = {}, {}, {}
  for month = first, last do
    local quarter, i = month % 12 / 3, month - first + 1
    dates[i], befores[i], shares[i] = ('"%s":%%d'):format(calendar.first_of(month)), floor(quarter), quarter - floor(quarter)
  end
  local count, pattern, numbers = #dates, "{" .. table.concat(dates, ",") .. "}", {}
  return function(figures)
    local volume, h = figures.volume, figures.key + 2 + first * STEP
    local a, b, c, d = chance.units(figures.key + 1, 0) -- LuaJIT is slow where a table takes all of a call's values
    local knots = { [0] = a, b, c, d, unit(figures.key + 1, 4) }
    for i = 1, count do
      local of_month = h % WRAP
      of_month = (of_month * of_month + 29) % WRAP
      of_month = (of_month * 40503 + 12289) % WRAP
      of_month = (of_month * of_month + 7919) % WRAP / WRAP
      local from = knots[befores[i]]
      local season = 2 * (from + (knots[befores[i] + 1] - from) * shares[i]) - 1
      numbers[i] = searches(volume, season, 2 * of_month - 1)
      h = h + STEP
    end
    return json.raw(pattern:format(unpack(numbers, 1, count)))
  end
end

local function character_count(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

--- What filters of keyword lists go by, where it is no member of the row.
keywords.measure = {
  keyword_count = function(row) return select(2, row.keyword:gsub("%S+", "")) end,
  characters_count = function(row) return character_count(row.keyword) end,
  multi_keyword_included = function(row) return row.keyword end,
  multi_keyword_excluded = function(row) return row.keyword end,
}

return keywords
