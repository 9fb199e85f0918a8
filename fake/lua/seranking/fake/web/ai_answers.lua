--- The fake's web: what AI engines answer a project's prompts, day by day: the pages they cite and the brands they name.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local prompts = require "seranking.fake.web.prompts"
local tools = require "seranking.fake.tools"

local key, unit, whole, wave, round = chance.key, chance.unit, chance.whole, chance.wave, chance.round
local floor = math.floor

local answers = {}

local ASKED_FOR = 20    -- seconds that an engine takes to answer a new prompt
local RIVALS = 8        -- sites of the trade that are cited, besides those of the project
local CITED, NAMED = 0.4, 0.45 -- scores from which on a site is cited and a brand named
local MOST_SOURCES = 8
local NO_OVERVIEW = 0.1 -- share of the days on which Google has no AI Overview for a prompt

---@class seranking.fake.Party a site that may be cited, with its brand
---@field host string
---@field brand string
---@field competitor? table the row of the project's competitor
---@field own? boolean the project's own site

--- The sites that engines may cite in answers to a project's prompts.
---@param call seranking.fake.Call
---@return seranking.fake.Party[]
function answers.parties(call)
  local host = domains.host(call.site.name)
  local list, seen = { { host = host, brand = call.site.brand or prompts.brand(host), own = true } }, { [host] = true }
  local function add(party)
    if not seen[party.host] then
      seen[party.host], list[#list + 1] = true, party
    end
  end
  for _, competitor in ipairs(call.store.competitors:where { site_id = call.site.id }) do
    add { host = domains.host(competitor.url), brand = competitor.name, competitor = competitor }
  end
  for number = 1, RIVALS do
    local rival = domains.rival(domains.trade(host), number)
    add { host = rival, brand = prompts.brand(rival) }
  end
  return list
end

--- The first day on which an engine has answered a prompt.
---@param call seranking.fake.Call
---@param prompt table
---@return integer
function answers.first_day(call, prompt)
  return call.now - prompt.made >= ASKED_FOR and prompt.first_day or math.huge
end

--- How much of its first answer a prompt has, 0 to 1.
---@param call seranking.fake.Call
---@param prompt table
---@return number
function answers.progress(call, prompt)
  return math.min(1, (call.now - prompt.made) / ASKED_FOR)
end

local OWN = 0.15 -- the project's own score is higher: its prompts are chosen for it

-- A score that drifts: a month's trend, a week's, and a day's.
local function score(h, day)
  return 0.7 * unit(h, 0) + 0.25 * wave(h + 1, day / 30) + 0.15 * wave(h + 2, day / 7) + 0.08 * wave(h + 3, day)
end

-- The parties that pass a score on a day, the best first.
local function ranked(call, kind, llm, prompt, parties, day, least)
  local found = {}
  for _, party in ipairs(parties) do
    local name = kind == "name" and party.brand or party.host
    local h = key(call.seed, "answer", kind, llm.base_name, llm.country_code, prompt.text, name)
    local at = score(h, day) + (party.own and OWN or 0)
    if at >= least then
      found[#found + 1] = { party = party, score = at, key = h }
    end
  end
  table.sort(found, function(a, b)
    if a.score == b.score then
      return a.party.host < b.party.host
    end
    return a.score > b.score
  end)
  return found
end

---@class seranking.fake.Cited
---@field url string
---@field domain string
---@field party seranking.fake.Party

---@class seranking.fake.AiAnswer
---@field text string
---@field sources seranking.fake.Cited[] in order
---@field brands seranking.fake.Party[] in order
---@field organic string[] addresses of the ordinary results
---@field url_position integer of the project's own site; 0: not cited
---@field mention_position integer of the project's brand; 0: not named
---@field overlap integer percent of the sources that are ordinary results too

local function url_of(one, day)
  local page = whole(one.key, 10 + floor(day / 60), 1, 6)
  return ("https://%s/guide/%d"):format(one.party.host, page)
end

local function own_place(list)
  for i, one in ipairs(list) do
    if one.own or one.party and one.party.own then
      return i
    end
  end
  return 0
end

local function text_of(prompt, trade, brands)
  local names = {}
  for i, party in ipairs(brands) do
    names[i] = party.brand
  end
  local named = #names > 0 and ("People often name %s."):format(table.concat(names, ", ")) or "No brand stands out."
  return ("%s: that depends on the %s, and on what it is for. %s"):format(prompt.text, trade, named)
end

--- What an engine answered a prompt on a day; nil where there is no answer.
---@param call seranking.fake.Call
---@param llm table
---@param prompt table
---@param day integer
---@param parties seranking.fake.Party[]
---@return seranking.fake.AiAnswer?
function answers.of(call, llm, prompt, day, parties)
  if day < answers.first_day(call, prompt) or day > calendar.day(call.today)
    or llm.base_name == "google_ai_overview" and unit(key(call.seed, "overview", prompt.text), day) < NO_OVERVIEW then
    return nil
  end
  local made = { sources = {}, brands = {}, organic = {} }
  local is_organic, both = {}, 0
  for i, one in ipairs(ranked(call, "organic", llm, prompt, parties, day, CITED)) do
    made.organic[i], is_organic[one.party.host] = url_of(one, day), true
  end
  for i, one in ipairs(ranked(call, "cite", llm, prompt, parties, day, CITED)) do
    if i <= MOST_SOURCES then
      made.sources[i] = { url = url_of(one, day), domain = one.party.host, party = one.party }
      both = both + (is_organic[one.party.host] and 1 or 0)
    end
  end
  for i, one in ipairs(ranked(call, "name", llm, prompt, parties, day, NAMED)) do
    made.brands[i] = one.party
  end
  made.url_position, made.mention_position = own_place(made.sources), own_place(made.brands)
  made.overlap = #made.sources > 0 and round(100 * both / #made.sources) or 0
  made.text = text_of(prompt, domains.trade(call.site.name), made.brands)
  return made
end

--- Whether a page names a brand, and whether it links to the brand's site.
---@param call seranking.fake.Call
---@param cited seranking.fake.Cited
---@param party seranking.fake.Party
---@return boolean names
---@return boolean links
function answers.names(call, cited, party)
  if cited.domain == party.host then
    return true, true
  end
  local h = key(call.seed, "page names", cited.url, party.brand)
  local names = unit(h, 0) < 0.35
  return names, names and unit(h, 1) < 0.5
end

-- ---- sources: the pages that answers cite, over some days ----

---@class seranking.fake.AiSource a page that answers cite
---@field url string
---@field domain string
---@field usage integer answers that cite it
---@field prompts table<integer, true> by the prompt's id
---@field prompts_num integer
---@field names boolean it names the project's brand
---@field links boolean it links to the project's site
---@field brands_num integer brands that it names
---@field competitors table<integer, true> competitors that it names, by id
---@field competitors_num integer

local function new_source(call, cited, parties)
  local source = {
    url = cited.url, domain = cited.domain, usage = 0, prompts = {}, prompts_num = 0, brands_num = 0, competitors = {},
    competitors_num = 0,
  }
  for _, party in ipairs(parties) do
    local names, links = answers.names(call, cited, party)
    source.brands_num = source.brands_num + (names and 1 or 0)
    if party.own then
      source.names, source.links = names, links
    elseif party.competitor and names then
      source.competitors[party.competitor.id] = true
      source.competitors_num = source.competitors_num + 1
    end
  end
  return source
end

---@class seranking.fake.AiSources
---@field pages seranking.fake.AiSource[] in the order of their first use
---@field answers integer
---@field prompts integer that have answers
---@field named table<integer, integer> answers that name a competitor, by its id

--- The pages that answers cite, from a day to another.
---@param call seranking.fake.Call
---@param asked { llm: table, prompt: table }[]
---@param first integer
---@param last integer
---@return seranking.fake.AiSources
function answers.sources(call, asked, first, last)
  local parties, by_url = answers.parties(call), {}
  local made = { pages = {}, answers = 0, prompts = 0, named = {} }
  for _, one in ipairs(asked) do
    local before = made.answers
    for day = first, last do
      local answer = answers.of(call, one.llm, one.prompt, day, parties)
      made.answers = made.answers + (answer and 1 or 0)
      for _, cited in ipairs(answer and answer.sources or {}) do
        local source = by_url[cited.url]
        if not source then
          source = new_source(call, cited, parties)
          by_url[cited.url], made.pages[#made.pages + 1] = source, source
        end
        source.usage = source.usage + 1
        if not source.prompts[one.prompt.id] then
          source.prompts[one.prompt.id], source.prompts_num = true, source.prompts_num + 1
        end
      end
      for _, party in ipairs(answer and answer.brands or {}) do
        if party.competitor then
          made.named[party.competitor.id] = (made.named[party.competitor.id] or 0) + 1
        end
      end
    end
    made.prompts = made.prompts + (made.answers > before and 1 or 0)
  end
  return made
end

--- The days of a call, `ago` days up to today where it does not say.
---@param call seranking.fake.Call
---@param ago integer
---@return integer first
---@return integer last
function answers.days(call, ago)
  local last = calendar.day(call.args.date_to or call.today)
  return call.args.date_from and calendar.day(call.args.date_from) or last - ago, last
end

--- Whether a list that a call may have holds a value: all do where it has none.
---@param list any[]?
---@param value any
---@return boolean
function answers.wanted(list, value)
  return not list or tools.has(list, value)
end

return answers
