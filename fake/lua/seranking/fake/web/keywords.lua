--- The fake's web: what people search for. Each keyword of a country has figures that are the same wherever it shows.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local json = require "seranking.fake.json"

local key, unit, whole, heavy, round = chance.key, chance.unit, chance.whole, chance.heavy, chance.round
local floor = math.floor

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

-- Words of `lists`, one of each, another combination for each number: the combinations in an order that jumps about. Numbers
-- past the last one get a number as a word.
local function words(number, lists)
  local combinations = 1
  for _, list in ipairs(lists) do
    combinations = combinations * #list
  end
  local round_trip = floor((number - 1) / combinations)
  local rest = (number - 1) % combinations * 7919 % combinations -- 7919 is prime, and no list has so many words
  local found = { more = round_trip > 0 and " " .. round_trip + 1 or "" }
  for i, list in ipairs(lists) do
    found[i] = list[rest % #list + 1]
    rest = floor(rest / #list)
  end
  return found
end

--- Texts of keywords around a keyword, by kind; each number gives another text.
---@type table<string, fun(keyword: string, number: integer): string>
keywords.text = {
  similar = function(keyword, number)
    local found = words(number, { QUALITIES, ENDINGS })
    return found[1] .. " " .. keyword .. " " .. found[2] .. found.more
  end,
  related = function(keyword, number)
    local found = words(number, { ENDINGS, QUALITIES, PURPOSES })
    return found[2] .. " " .. keyword:match "(%S+)%s*$" .. " " .. found[1] .. " " .. found[3] .. found.more
  end,
  questions = function(keyword, number)
    local found = words(number, { QUESTIONS, QUALITIES, PURPOSES })
    return found[1] .. " a " .. found[2] .. " " .. keyword .. " " .. found[3] .. found.more
  end,
  longtail = function(keyword, number)
    local found = words(number, { QUALITIES, PURPOSES, ENDINGS })
    return found[1] .. " " .. keyword .. " " .. found[2] .. " " .. found[3] .. found.more
  end,
}

local function some(of, h, first, share)
  local found = json.array {}
  for i, word in ipairs(of) do
    if unit(h, first + i) < share then
      found[#found + 1] = word
    end
  end
  return found
end

---@class seranking.fake.Keyword the figures of a keyword in a country
---@field key integer for chance
---@field keyword string
---@field volume integer searches a month
---@field cpc number
---@field competition number 0-1
---@field difficulty integer 0-100
---@field intents string[]
---@field serp_features string[]

--- The figures of a keyword.
---@param seed integer
---@param source string country
---@param text string
---@return seranking.fake.Keyword
function keywords.figures(seed, source, text)
  local h = key(seed, source, text)
  local intents = some(INTENTS, h, 10, 0.3)
  intents[1] = intents[1] or chance.pick(h, 10, INTENTS)
  return {
    key = h,
    keyword = text,
    volume = 10 * heavy(h, 0, 2),
    cpc = round(heavy(h, 1, 12) / 100, 2) % 50,
    competition = round(unit(h, 2), 2),
    difficulty = whole(h, 3, 0, 100),
    intents = intents,
    serp_features = some(FEATURES, h, 20, 0.25),
  }
end

--- The searches of a keyword in a month: around its volume, with a season.
---@param figures seranking.fake.Keyword
---@param month integer as calendar.month counts
---@return integer
function keywords.searches(figures, month)
  local season = chance.wave(figures.key + 1, month % 12 / 3) * 0.25 + chance.wave(figures.key + 2, month) * 0.1
  return 10 * floor(figures.volume * (1 + season) / 10 + 0.5)
end

--- Searches by month, YYYY-MM-01 to number.
---@param figures seranking.fake.Keyword
---@param first integer month
---@param last integer month
---@return table<string, integer>
function keywords.trend(figures, first, last)
  local trend = {}
  for month = first, last do
    trend[calendar.first_of(month)] = keywords.searches(figures, month)
  end
  return trend
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
