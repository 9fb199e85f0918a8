--- The fake's web: what people ask AI engines, and whose sites and brands the answers have.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"

local key, unit, whole, wave, round = chance.key, chance.unit, chance.whole, chance.wave, chance.round
local floor = math.floor

local prompts = {}

prompts.ENGINES = { "ai-overview", "ai-mode", "chatgpt", "perplexity", "gemini" }

--- The brand that a site is known by.
---@param target string
---@return string
function prompts.brand(target)
  local name = domains.base(domains.host(target)):match "^[^.]+":gsub("-", " ")
  return (name:gsub("^%l", string.upper))
end

---@class seranking.fake.Presence a site or a brand in the answers of an engine
---@field key integer
---@field name string host, or brand
---@field is_brand boolean
---@field rows integer prompts in the last month
---@field last integer month

--- A site or a brand in the answers of an engine.
---@param call seranking.fake.Call
---@param source string
---@param engine string
---@param name string host or brand
---@param is_brand boolean
---@return seranking.fake.Presence
function prompts.presence(call, source, engine, name, is_brand)
  name = is_brand and name or domains.host(name)
  local h = key(call.seed, "prompts", source, engine, name:lower(), is_brand and "brand" or "link")
  return {
    key = h, name = name, is_brand = is_brand, seed = call.seed, source = source,
    rows = math.max(1, floor(call.rows * (0.4 + 0.6 * unit(h, 0)))), last = calendar.month(call.today) - 1,
  }
end

--- How many prompts' answers had it in a month.
---@param presence seranking.fake.Presence
---@param month integer
---@return integer
function prompts.count(presence, month)
  local ago = presence.last - month
  if ago <= 0 then
    return presence.rows
  end
  return math.max(0, floor(presence.rows * (1 - ago / 15 + 0.06 * wave(presence.key + 1, month))))
end

--- Where in the answers it stood in a month, on average.
---@param presence seranking.fake.Presence
---@param month integer
---@return number
function prompts.position(presence, month)
  return round(2.5 + 2 * unit(presence.key, 1) + 0.5 * wave(presence.key + 2, month), 1)
end

--- Visits of a month that come by its prompts.
---@param presence seranking.fake.Presence
---@param month integer
---@return integer
function prompts.traffic(presence, month)
  return floor(prompts.count(presence, month) * (2 + 3 * unit(presence.key, 2)))
end

---@class seranking.fake.Prompt
---@field prompt string
---@field volume integer
---@field type "Link"|"Brand"|"Brand_Link"
---@field answer { text: string, links: string[] }

--- A maker of the prompts whose answers have it, by their numbers.
---@param presence seranking.fake.Presence
---@return fun(number: integer): seranking.fake.Prompt
function prompts.maker(presence)
  local trade, questions = domains.trade(presence.name), keywords.text.questions
  local beginning = chance.beginning(presence.seed, presence.source)
  local name, is_brand = presence.name, presence.is_brand
  local page = "https://" .. (is_brand and name:lower():gsub("%s+", "-") .. ".example" or name) .. "/guide/"
  local plain = ("That depends on the %s, and on what it is for."):format(trade)
  local naming = plain .. " " .. (is_brand and name or prompts.brand(name)) .. " is often named."
  return function(number)
    local text = questions(trade, 2 * number - floor(unit(presence.key, number + 10) * 2))
    local h = chance.key_of(beginning, text)
    local both = unit(h, 1) < 0.3
    local links = json.array { (both or not is_brand) and page .. number or nil }
    for i = 1, whole(h, 2, 0, 3) do
      links[#links + 1] = "https://" .. domains.rival(trade, whole(h, 2 + i, 1, 20)) .. "/"
    end
    return {
      prompt = text, volume = 10 * chance.heavy(h, 0, 1), type = both and "Brand_Link" or is_brand and "Brand" or "Link",
      answer = { text = (both or is_brand) and naming or plain, links = links },
    }
  end
end

--- What filters and sorts of prompt lists go by.
prompts.measure = {
  keyword_count = function(row) return select(2, row.prompt:gsub("%S+", "")) end,
  characters_count = function(row) return #row.prompt end,
  multi_keyword_included = function(row) return row.prompt end,
  multi_keyword_excluded = function(row) return row.prompt end,
  snippet_length = function(row) return #row.answer.text end,
}

return prompts
