--- The fake's web: what AI models answer the prompts of SE Visible, day by day, and the figures that follow.
-- SPDX-License-Identifier: MIT
--
-- An answer is a function of the seed, the prompt, the model and the day. Everything else is counted from answers, so lists,
-- results and metrics agree with each other.

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local tools = require "seranking.fake.tools"

local key, unit, whole, wave, round = chance.key, chance.unit, chance.whole, chance.wave, chance.round

local visible = {}

visible.MODELS = { "chatgpt", "google_gemini", "perplexity", "google_ai_mode", "google_ai_overview" }

local MOODS = { "positive", "positive", "neutral", "neutral", "negative" }
local KINDS = { "blog", "news", "forum", "wiki", "product", "q&a" }
local STRANGERS = 6       -- brands that are named and not tracked
local SITES = 24          -- sites of the trade that are cited
local DAYS = 10000        -- more than there are days of a prompt
local ASKED_FOR = 60      -- seconds from a prompt's making to its first results

--- Seconds from the making of a project to the end of its check.
visible.CHECKED_FOR = 60

---@class seranking.fake.VisibleAnswer
---@field id integer
---@field prompt table
---@field model string
---@field day integer
---@field brands { brand: table, mood: string }[] in the order of naming; untracked brands have no id of a row
---@field cited { host: string, url: string, kind: string }[]

-- Brands that models name although nobody tracks them.
local function stranger(project, number)
  local trade = domains.trade(project.domain)
  local host = domains.rival(trade, number)
  return { id = 9000 + number, title = host:match "^[^.]+":gsub("^%l", string.upper), stranger = true }
end

-- How readily a model names a brand, 0 to 1, on a day.
local function standing(call, project, brand, model, day)
  local h = key(call.seed, "visible", project.domain, brand.title:lower(), model)
  return 0.15 + 0.5 * unit(h, 0) + 0.12 * wave(h + 1, day / 14) + (brand.is_primary and 0.1 or 0)
end

local function cite(call, project, h, prompt)
  local cited, seen = {}, {}
  local trade = domains.trade(project.domain)
  for i = 1, whole(h, 40, 1, 4) do
    local number = whole(h, 40 + i, 0, SITES)
    local host = number == 0 and domains.host(project.domain) or domains.rival(trade, number)
    local url = ("https://%s/%d"):format(host, whole(key(call.seed, prompt.text, host), 0, 1, 9))
    if not seen[url] then
      seen[url], cited[#cited + 1] = true, { host = host, url = url, kind = chance.pick(key(call.seed, url), 1, KINDS) }
    end
  end
  return cited
end

--- What a model answered a prompt on a day.
---@return seranking.fake.VisibleAnswer
function visible.answer(call, project, brands, prompt, model_number, day)
  local id = (prompt.id * DAYS + day - prompt.first_day) * 10 + model_number
  local known = call.cache.visible or {}
  call.cache.visible = known
  if known[id] then
    return known[id]
  end
  local model = visible.MODELS[model_number]
  local h = key(call.seed, "visible answer", project.domain, prompt.text, model, day)
  local named = {}
  local function name(brand, place)
    if unit(h, place) < standing(call, project, brand, model, day) then
      named[#named + 1] = { brand = brand, mood = chance.pick(h, 20 + place, MOODS), order = unit(h, 10 + place) }
    end
  end
  for place, brand in ipairs(brands) do
    name(brand, place)
  end
  for number = 1, STRANGERS do
    name(stranger(project, number), 60 + number)
  end
  table.sort(named, function(a, b) return a.order < b.order end)
  known[id] = {
    id = id, prompt = prompt, model = model, day = day, brands = named, cited = cite(call, project, h, prompt),
  }
  return known[id]
end

--- Forgets answers: the brands have changed.
function visible.forget(call)
  call.cache.visible = nil
end

--- The prompt, the model's number and the day of a result's id; nil for one that can't be.
function visible.parts_of(id, prompt)
  local model = id % 10
  local rest = (id - model) / 10
  local days = rest - prompt.id * DAYS
  if visible.MODELS[model] and days >= 0 and days < DAYS then
    return model, prompt.first_day + days
  end
end

--- The first day on which a prompt has results.
function visible.first_day(call, prompt)
  return call.now - prompt.made >= ASKED_FOR and prompt.first_day or math.huge
end

local function wanted(list, item)
  return not list or tools.has(list, item)
end

local function fits_brands(answer, ids)
  for _, id in ipairs(ids or {}) do
    for _, named in ipairs(answer.brands) do
      if named.brand.id == id then
        return true
      end
    end
  end
  return ids == nil
end

--- The answers of a period that a call's filters let pass.
---@param call seranking.fake.Call
---@param project table
---@param prompts table[]
---@param first string
---@param last string
---@return seranking.fake.VisibleAnswer[]
function visible.answers(call, project, prompts, first, last)
  local args, list = call.args, {}
  if not wanted(args.country_codes, project.country_code) then
    return list
  end
  local brands = visible.brands(call, project)
  for _, prompt in ipairs(prompts) do
    if wanted(args.topic_ids, prompt.topic_id) and wanted(args.prompt_ids, prompt.id) then
      local from = math.max(calendar.day(first), visible.first_day(call, prompt))
      for day = from, math.min(calendar.day(last), calendar.day(call.today)) do
        for number, model in ipairs(visible.MODELS) do
          local answer = wanted(args.model_types, model) and visible.answer(call, project, brands, prompt, number, day)
          if answer and wanted(args.sentiments, visible.mood(answer)) and fits_brands(answer, args.tracked_brand_ids) then
            list[#list + 1] = answer
          end
        end
      end
    end
  end
  return list
end

--- A project's brands, its own first.
function visible.brands(call, project)
  return call.store.visible_brands:where { project_id = project.id }
end

--- A project's prompts.
function visible.prompts(call, project)
  return call.store.visible_prompts:where { project_id = project.id }
end

--- The mood of an answer: that towards the own brand, else neutral.
function visible.mood(answer)
  for _, named in ipairs(answer.brands) do
    if named.brand.is_primary then
      return named.mood
    end
  end
  return "neutral"
end

local function percent(part, all)
  return all > 0 and round(100 * part / all, 1) or nil
end

-- What is counted of a brand in answers.
local function count(answers, brand)
  local sums = { answers = #answers, mentions = 0, places = 0, all = 0, brands = 0, positive = 0, neutral = 0, negative = 0,
    by_brand = {} }
  for _, answer in ipairs(answers) do
    for place, named in ipairs(answer.brands) do
      local id = named.brand.id
      sums.brands = sums.brands + (sums.by_brand[id] and 0 or 1)
      sums.by_brand[id] = (sums.by_brand[id] or 0) + 1
      sums.all = sums.all + 1
      if id == brand.id then
        sums.mentions, sums.places, sums[named.mood] = sums.mentions + 1, sums.places + place, sums[named.mood] + 1
      end
    end
  end
  return sums
end

local METRICS = {
  visibility_score = function(sums) return percent(sums.mentions, sums.answers) end,
  avg_position = function(sums) return sums.mentions > 0 and round(sums.places / sums.mentions, 1) or nil end,
  sentiment_score = function(sums) return percent(sums.positive + sums.neutral / 2, sums.mentions) end,
  total_mentions = function(sums) return sums.mentions end,
  rank = function(sums)
    local rank = 1
    for _, mentions in pairs(sums.by_brand) do
      rank = rank + (mentions > sums.mentions and 1 or 0)
    end
    return sums.mentions > 0 and rank or nil
  end,
  total_response_count = function(sums) return sums.answers end,
  positive_pct = function(sums) return percent(sums.positive, sums.mentions) end,
  neutral_pct = function(sums) return percent(sums.neutral, sums.mentions) end,
  negative_pct = function(sums) return percent(sums.negative, sums.mentions) end,
  total_all_mentions = function(sums) return sums.all end,
  unique_brands_count = function(sums) return sums.brands end,
  share_of_voice = function(sums) return percent(sums.mentions, sums.all) end,
}

--- Figures of a brand in answers; nil for one without data.
---@param answers seranking.fake.VisibleAnswer[]
---@param brand table
---@param metrics string[]
---@return table<string, number>
function visible.metrics(answers, brand, metrics)
  local sums, made = count(answers, brand), {}
  for _, name in ipairs(metrics) do
    made[name] = #answers > 0 and METRICS[name](sums) or nil
  end
  return made
end

return visible
