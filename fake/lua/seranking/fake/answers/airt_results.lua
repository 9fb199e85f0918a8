--- What the fake API answers: rankings, answers, sources and statistics of the AI results tracker.
-- SPDX-License-Identifier: MIT

local ai = require "seranking.fake.web.ai_answers"
local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local links = require "seranking.fake.web.links"
local listing = require "seranking.fake.listing"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse
local map, round = tools.map, chance.round

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local function percent(part, whole)
  return whole > 0 and round(100 * part / whole) or 0
end

local function text_of(number)
  return ("%d"):format(number)
end

local function prompts_of(call, llm)
  local kept = {}
  for _, prompt in ipairs(call.store.prompts:where { llm_id = llm.id }) do
    kept[#kept + 1] = ai.wanted(call.args.group_ids, prompt.group_id) and prompt or nil
  end
  return kept
end

-- ---- rankings ----

-- Calls `each` for every day from `first` to `last` on which the prompt was asked: the day, and the answer, if there was one.
local function by_day(call, prompt, parties, first, last, each)
  for day = math.max(first, ai.first_day(call, prompt)), math.min(last, calendar.day(call.today)) do
    each(day, ai.of(call, call.llm, prompt, day, parties))
  end
end

local function prompt_rankings(call, first, last)
  local parties = ai.parties(call)
  return map(tools.page(call, prompts_of(call, call.llm), 100), function(prompt)
    local positions = array {}
    by_day(call, prompt, parties, first, last, function(day, answer)
      positions[#positions + 1] = {
        date = calendar.date(day), url_position = answer and answer.url_position or null,
        mention_position = answer and answer.mention_position or null, urls_count = answer and #answer.sources or null,
        mentions_count = answer and #answer.brands or null, organic_overlap_percent = answer and answer.overlap or null,
      }
    end)
    local figures = keywords.figures(call.seed, call.llm.country_code:lower(), prompt.text)
    return {
      prompt_id = text_of(prompt.prompt_id), [call.generation == "v4" and "keyword" or "prompt"] = prompt.text,
      search_volume = figures.volume, search_intent = figures.intents, positions = positions,
    }
  end)
end

local function group_row(call, group, prompts, first, last)
  local parties, sums, overlap, answered = ai.parties(call), {}, 0, 0
  for _, prompt in ipairs(prompts) do
    by_day(call, prompt, parties, first, last, function(day, answer)
      local sum = sums[day] or { asked = 0, named = 0, linked = 0 }
      sums[day], sum.asked = sum, sum.asked + 1
      if answer then
        sum.named = sum.named + (answer.mention_position > 0 and 1 or 0)
        sum.linked = sum.linked + (answer.url_position > 0 and 1 or 0)
        overlap, answered = overlap + answer.overlap, answered + 1
      end
    end)
  end
  local positions = array {}
  for day = first, last do
    local sum = sums[day]
    positions[#positions + 1] = sum and {
      date = calendar.date(day), mention_presence = percent(sum.named, sum.asked),
      link_presence = percent(sum.linked, sum.asked),
    } or nil
  end
  return {
    group_id = group.id, group_name = group.name, prompts_count = #prompts, positions = positions,
    organic_overlap = answered > 0 and round(overlap / answered) or 0,
  }
end

-- A row for each group that has prompts at the engine.
local function group_rankings(call, first, last)
  local groups, rows = call.store.prompt_groups:where { site_id = call.site.id }, {}
  table.sort(groups, function(a, b) return a.position < b.position end)
  for _, group in ipairs(groups) do
    local prompts = call.store.prompts:where { llm_id = call.llm.id, group_id = group.id }
    if #prompts > 0 and ai.wanted(call.args.group_ids, group.id) then
      rows[#rows + 1] = group_row(call, group, prompts, first, last)
    end
  end
  return rows
end

answers["airt.prompts.rankings"] = function(call)
  local first, last = ai.days(call, 0)
  if call.args.mode == "groups" then
    local rows = group_rankings(call, first, last)
    return { total = #rows, items = tools.page(call, rows, 100) }
  end
  return { total = #prompts_of(call, call.llm), items = prompt_rankings(call, first, last) }
end

-- ---- one answer ----

-- The answer that a call asks for, by prompt and day.
local function answer_of(call)
  local date = call.args.date or call.today
  if date > call.today then
    return nil, refuse(400, "Bad Request", "date: not come yet")
  end
  local answer = ai.of(call, call.llm, call.prompt, calendar.day(date), ai.parties(call))
  if not answer then
    return nil, refuse(404, "Not Found", "no answer to this prompt on " .. date)
  end
  return answer
end

answers["airt.prompts.answer"] = function(call)
  local answer, refusal = answer_of(call)
  if not answer then
    return nil, refusal
  end
  return {
    prompt_llm_id = text_of(call.prompt.id), date = call.args.date or call.today, text = answer.text,
    sources = map(answer.sources, function(cited, i) return { url = cited.url, position = i } end),
    brands = map(answer.brands, function(party, i) return { name = party.brand, position = i } end),
    organic_urls = call.llm.base_name == "google_ai_overview" and array(answer.organic) or nil,
  }
end

answers["airt.competitors.dates"] = function(call)
  local first, last = ai.days(call, 30)
  local dates, parties = array {}, ai.parties(call)
  by_day(call, call.prompt, parties, first, last, function(day, answer)
    dates[#dates + 1] = answer and calendar.date(day) or nil
  end)
  return { dates = dates }
end

answers["airt.competitors.source_metrics"] = function(call)
  local answer, refusal = answer_of(call)
  if not answer then
    return nil, refusal
  end
  local member = call.args.mode == "url" and "url" or "domain"
  return { items = map(answer.sources, function(cited)
    local to_it = links.now(call, cited.domain, "domain")
    return {
      [member] = cited[member], domain_trust = (select(2, links.scores(call, cited.domain, calendar.day(call.today)))),
      ref_domains = text_of(#links.sums(to_it, function(one) return one.refdomain end)),
      organic_keywords = domains.totals(domains.site(call, call.llm.country_code:lower(), cited.domain)).keywords_count,
    }
  end) }
end

-- ---- an engine ----

answers["airt.llm.status"] = function(call)
  local prompts, sum = prompts_of(call, call.llm), 0
  for _, prompt in ipairs(prompts) do
    sum = sum + ai.progress(call, prompt)
  end
  return { progress = #prompts > 0 and math.floor(100 * sum / #prompts) or 100 }
end

-- The share of a period's prompts whose answers link to the site and name the brand, in percent.
local function presence(call, prompts, first, last)
  local asked, linked, named, parties = 0, 0, 0, ai.parties(call)
  local top = call.args.top and call.args.top > 0 and call.args.top or math.huge
  for _, prompt in ipairs(prompts) do
    by_day(call, prompt, parties, first, last, function(_, answer)
      asked = asked + 1
      if answer then
        linked = linked + (answer.url_position > 0 and answer.url_position <= top and 1 or 0)
        named = named + (answer.mention_position > 0 and answer.mention_position <= top and 1 or 0)
      end
    end)
  end
  return percent(linked, asked), percent(named, asked)
end

answers["airt.llm.statistics"] = function(call)
  local prompts, today = prompts_of(call, call.llm), calendar.day(call.today)
  local last = call.args.to and calendar.day(call.args.to) or today
  local first = call.args.from and calendar.day(call.args.from) or last
  local linked, named = presence(call, prompts, first, last)
  local linked_before, named_before = presence(call, prompts, 2 * first - last - 1, first - 1)
  local asked = false
  for _, prompt in ipairs(prompts) do
    asked = asked or ai.first_day(call, prompt) <= today
  end
  return {
    stats = { prompts_count = #prompts, last_update = asked and call.today or null },
    presence = {
      link_percent_in_top = linked, link_diff = text_of(linked - linked_before),
      mention_percent_in_top = named, mention_diff = text_of(named - named_before),
    },
  }
end

-- ---- sources ----

-- The prompts that a call is about, with their engines.
local function asked_for(call)
  local list, args = {}, call.args
  for _, llm in ipairs(call.store.llms:where { site_id = call.site.id }) do
    for _, prompt in ipairs(ai.wanted(args.site_llm_ids, llm.id) and prompts_of(call, llm) or {}) do
      if ai.wanted(args.prompt_ids, prompt.prompt_id) then
        list[#list + 1] = { llm = llm, prompt = prompt }
      end
    end
  end
  return list
end

local function has_any(set, wanted)
  for _, id in ipairs(wanted or {}) do
    if set[id] then
      return true
    end
  end
  return not wanted
end

-- Whether a source passes a call's filters: by `address`, and what its pages name and link to.
local function passes(call, source, address)
  local args = call.args
  return (args.is_brand_mentioned == nil or args.is_brand_mentioned == source.names)
    and (args.has_link == nil or args.has_link == source.links) and has_any(source.competitors, args.competitor_ids)
    and (not args.search or address:find(args.search, 1, true) ~= nil)
end

local function trust(call, host)
  return (select(2, links.scores(call, host, calendar.day(call.today))))
end

-- A page of rows, filtered already; sorted by the call.
local function listed(call, rows, measure, shown)
  local source = listing.of(rows, measure, shown)
  source.stored = true
  local page, total = listing.page(call, source)
  return { items = array(page), total = total }
end

-- Pages added up by domain.
local function by_domain(call, found)
  local sums, by_name = {}, {}
  for _, page in ipairs(found.pages) do
    local sum = by_name[page.domain]
    if not sum then
      sum = {
        domain = page.domain, domain_id = domains.id(call.seed, page.domain), pages_total = 0, ai_answers_total = 0,
        brand_mentions_total = 0, prompts_total = 0, prompts = {}, names = false, links = false, competitors = {},
        dt = trust(call, page.domain),
      }
      by_name[page.domain], sums[#sums + 1] = sum, sum
    end
    sum.pages_total, sum.ai_answers_total = sum.pages_total + 1, sum.ai_answers_total + page.usage
    sum.brand_mentions_total = sum.brand_mentions_total + (page.names and page.usage or 0)
    sum.names, sum.links = sum.names or page.names, sum.links or page.links
    for id in pairs(page.competitors) do
      sum.competitors[id] = true
    end
    for id in pairs(page.prompts) do
      sum.prompts_total = sum.prompts_total + (sum.prompts[id] and 0 or 1)
      sum.prompts[id] = true
    end
  end
  for _, sum in ipairs(sums) do
    sum.coverage_percent = percent(sum.ai_answers_total, found.answers)
    sum.mention_rate_percent = percent(sum.brand_mentions_total, sum.ai_answers_total)
  end
  return sums
end

answers["airt.sources.domains"] = function(call)
  local rows, first, last = {}, ai.days(call, 30)
  for _, sum in ipairs(by_domain(call, ai.sources(call, asked_for(call), first, last))) do
    rows[#rows + 1] = passes(call, sum, sum.domain) and sum or nil
  end
  local measure = {
    prompts = function(row) return row.prompts_total end,
    backlinks_total = function(row) return #links.now(call, row.domain, "domain") end,
    referring_domains_total = function(row)
      return #links.sums(links.now(call, row.domain, "domain"), function(one) return one.refdomain end)
    end,
  }
  return listed(call, rows, measure, function(row)
    local shown = { domain = row.domain }
    for _, name in ipairs {
      "domain_id", "pages_total", "ai_answers_total", "prompts_total", "coverage_percent", "brand_mentions_total",
      "mention_rate_percent", "dt",
    } do
      shown[name] = text_of(row[name])
    end
    return shown
  end)
end

answers["airt.sources.pages"] = function(call)
  local rows, first, last = {}, ai.days(call, 30)
  local found = ai.sources(call, asked_for(call), first, last)
  for _, page in ipairs(found.pages) do
    local of_domain = not call.args.domain_id or domains.id(call.seed, page.domain) == call.args.domain_id
    rows[#rows + 1] = of_domain and passes(call, page, page.url) and page or nil
  end
  local measure = {
    dt = function(row) return trust(call, row.domain) end,
    count_usage = function(row) return row.usage end, answers_coverage = function(row) return row.usage end,
    prompts = function(row) return row.prompts_num end, prompt_coverage = function(row) return row.prompts_num end,
    mention = function(row) return row.names and 1 or 0 end, link = function(row) return row.links and 1 or 0 end,
  }
  return listed(call, rows, measure, function(row)
    return {
      url = row.url, domain = row.domain, count_usage = text_of(row.usage), dt = text_of(trust(call, row.domain)),
    }
  end)
end

answers["airt.sources.summary"] = function(call)
  local first, last = ai.days(call, 30)
  local asked = asked_for(call)
  local found = ai.sources(call, asked, first, last)
  local known, in_sources = {}, {}
  for _, page in ipairs(ai.sources(call, asked, 2 * first - last - 1, first - 1).pages) do
    known[page.url] = true
  end
  local sums = {
    mention_opportunities = 0, competitor_only_mentions = 0, new_opportunities = 0, mentions_without_backlinks = 0,
  }
  local function add(name, applies)
    sums[name] = sums[name] + (applies and 1 or 0)
  end
  for _, page in ipairs(found.pages) do
    add("mention_opportunities", not page.names)
    add("competitor_only_mentions", not page.names and page.competitors_num > 0)
    add("new_opportunities", not page.names and not known[page.url])
    add("mentions_without_backlinks", page.names and not page.links)
    for id in pairs(page.competitors) do
      in_sources[id] = (in_sources[id] or 0) + 1
    end
  end
  return {
    summary = sums,
    competitors = map(call.store.competitors:where { site_id = call.site.id }, function(competitor)
      return {
        name = competitor.name, count_in_ai_answers = found.named[competitor.id] or 0,
        count_in_sources = in_sources[competitor.id] or 0,
      }
    end),
  }
end

return answers
