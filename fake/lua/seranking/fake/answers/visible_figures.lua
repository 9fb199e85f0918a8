--- What the fake API answers: the figures of SE Visible, which are counted from the answers of its web.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local files = require "seranking.fake.files"
local json = require "seranking.fake.json"
local laravel = require "seranking.fake.laravel"
local projects = require "seranking.fake.visible_projects"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"
local visible = require "seranking.fake.web.visible"

local array, null, map, round = json.array, json.null, tools.map, chance.round
local of_project, of_row = projects.of_project, projects.of_row

local unpack = table.unpack or unpack -- luacheck: ignore

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- The periods that a call asks for, each as a list of answers: one, or two to compare.
local function periods_of(call, project, prompts)
  local args = call.args
  local list = { visible.answers(call, project, prompts, args.date_from, args.date_to) }
  if args.compare_from then
    list[2] = visible.answers(call, project, prompts, args.compare_from, args.compare_to)
  end
  return list
end

-- A figure of one period, or of two: an object.
local function shown(call, first, second)
  if not call.args.compare_from then
    return first == nil and null or first
  end
  return {
    values = array { first == nil and null or first, second == nil and null or second },
    delta = first and second and round(first - second, 1) or null,
  }
end

-- The answers of each period that pass.
local function kept(periods, fits)
  return map(periods, function(list) return tools.kept(list, fits) end)
end

-- Rows sorted by a member, which may be an object of two values; rows without it come last.
local function sorted(rows, name, order)
  local function value(row)
    local found = row[name]
    if type(found) == "table" and found.values then
      found = found.values[1]
    end
    return (type(found) == "number" or type(found) == "string") and found or nil
  end
  local places = {}
  for i, row in ipairs(rows) do
    places[row] = i
  end
  table.sort(rows, function(a, b)
    local x, y = value(a), value(b)
    if x == y then
      return places[a] < places[b]
    elseif x == nil or y == nil then
      return y == nil
    elseif order == "asc" then
      return x < y
    end
    return x > y
  end)
  return rows
end

-- ---- metrics ----

-- The values of a dimension: ids, in order.
local function values_of(call, project, dimension)
  local collection = ({ brand_id = "visible_brands", topic_id = "visible_topics", prompt_id = "visible_prompts" })[dimension]
  return tools.ids_of(call.store[collection]:where { project_id = project.id })
end

-- Figures of one place: { brand_id =, topic_id =, prompt_id = }; what it lacks is not asked for.
local function figures(call, project, periods, place)
  local brand = place.brand_id and call.store.visible_brands:get(place.brand_id) or visible.brands(call, project)[1]
  local there = kept(periods, function(answer)
    return (not place.topic_id or answer.prompt.topic_id == place.topic_id)
      and (not place.prompt_id or answer.prompt.id == place.prompt_id)
  end)
  local first = visible.metrics(there[1], brand, call.args.metrics)
  local second = there[2] and visible.metrics(there[2], brand, call.args.metrics) or {}
  local made = {}
  for _, name in ipairs(call.args.metrics) do
    made[name] = shown(call, first[name], second[name])
  end
  return made
end

-- Every combination of the values of dimensions.
local function places_of(call, project, dimensions)
  local places = { {} }
  for _, dimension in ipairs(dimensions) do
    local longer = {}
    for _, place in ipairs(places) do
      for _, value in ipairs(values_of(call, project, dimension)) do
        local made = { [dimension] = value }
        for name, other in pairs(place) do
          made[name] = other
        end
        longer[#longer + 1] = made
      end
    end
    places = longer
  end
  return places
end

-- The member that a sort field names: "rank", "rank[brand_id=12]"; nil if there is no such metric or dimension.
local function member_of(call)
  local args = call.args
  local field = args.sort or args.metrics[1]
  local metric, dimension, id = field:match "^([%w_]+)%[([%w_]+)=(%d+)%]$"
  if not tools.has(call.route.params.metrics.enum, metric or field)
    or metric and not tools.has(args.dimensions, dimension) then
    return nil
  end
  return metric and id .. "_" .. metric or field
end

answers["visible.brands.metrics"] = of_project(function(call, project)
  local args, seen = call.args, {}
  for _, dimension in ipairs(args.dimensions) do
    if seen[dimension] then
      return nil, laravel.about("dimensions", "The dimensions field has a duplicate value.")
    end
    seen[dimension] = true
  end
  local fixed = { unpack(args.dimensions) }
  local pivot = fixed[2] and table.remove(fixed)
  local member = member_of(call)
  if not member then
    return nil, laravel.about("sort_field", "The selected sort field is invalid.")
  end
  local periods = periods_of(call, project, visible.prompts(call, project))
  local columns = pivot and values_of(call, project, pivot) or nil
  local rows = map(places_of(call, project, fixed), function(place)
    local row = {}
    for _, id in ipairs(columns or {}) do
      local there = { [pivot] = id }
      for name, value in pairs(place) do
        there[name] = value
      end
      for name, value in pairs(figures(call, project, periods, there)) do
        row[("%d_%s"):format(id, name)] = value
      end
    end
    for name, value in pairs(columns and {} or figures(call, project, periods, place)) do
      row[name] = value
    end
    for name, value in pairs(place) do
      row[name] = value
    end
    return row
  end)
  sorted(rows, member, args.sort_order)
  return { items = tools.page(call, rows, 50), meta = columns and { columns = { dynamic = columns } } or nil }
end)

-- ---- prompts ----

local PROMPT_FIGURES = { visibility = "visibility_score", avg_position = "avg_position", mentions = "total_mentions",
  sentiments = "sentiment_score" }

answers["visible.prompts.list"] = of_project(function(call, project)
  local args, prompts = call.args, visible.prompts(call, project)
  local by_topic = args.group_mode == "topic"
  local periods = periods_of(call, project, prompts)
  local list = by_topic and call.store.visible_topics:where { project_id = project.id } or prompts
  local own, metrics = visible.brands(call, project)[1], {}
  for _, metric in pairs(PROMPT_FIGURES) do
    metrics[#metrics + 1] = metric
  end
  local rows = {}
  for _, item in ipairs(list) do
    local text = by_topic and item.title or item.text
    if not args.search_query or text:lower():find(args.search_query:lower(), 1, true) then
      local there = kept(periods, function(answer)
        return by_topic and answer.prompt.topic_id == item.id or answer.prompt.id == item.id
      end)
      local first = visible.metrics(there[1], own, metrics)
      local second = there[2] and visible.metrics(there[2], own, metrics) or {}
      local row = { id = item.id, text = text, topic_id = not by_topic and item.topic_id or nil }
      for name, metric in pairs(PROMPT_FIGURES) do
        row[name] = shown(call, first[metric], second[metric])
      end
      rows[#rows + 1] = row
    end
  end
  if args.sort then
    sorted(rows, args.sort, args.sort_order)
  end
  return tools.page(call, rows, 1000)
end)

-- ---- results ----

local function text_of(answer)
  local names = {}
  for i, named in ipairs(answer.brands) do
    names[i] = named.brand.title
  end
  return ("%s That depends on what matters to you. %s"):format(answer.prompt.text, names[1]
    and "Often named: " .. table.concat(names, ", ") .. "." or "No brand stands out.")
end

local function result_row(answer)
  local place
  for i, named in ipairs(answer.brands) do
    place = place or named.brand.is_primary and i or nil
  end
  return {
    id = answer.id, text = text_of(answer), model_type = answer.model, sentiment = visible.mood(answer),
    avg_position = place or null,
    brands = map(answer.brands, function(named) return { id = named.brand.id, title = named.brand.title } end),
  }
end

answers["visible.results.list"] = of_row("prompt_id", "visible_prompts", function(call, project, prompt)
  local args = call.args
  local found = visible.answers(call, project, { prompt }, args.date_from, args.date_to)
  return tools.page(call, map(found, function(answer)
    local row = result_row(answer)
    row.text, row.has_urls = row.text:sub(1, 200), #answer.cited > 0
    return row
  end), 1000)
end)

-- An answer about the result that a call names.
local function of_result(answer)
  return of_row("prompt_id", "visible_prompts", function(call, project, prompt)
    local id = call.args.result_id
    local model, day = visible.parts_of(type(id) == "number" and id or 0, prompt)
    if not model or day < visible.first_day(call, prompt) or day > calendar.day(call.today) then
      return nil, resolve.refuse(404, "Not Found", "result_id: no such result of the prompt")
    end
    return answer(visible.answer(call, project, visible.brands(call, project), prompt, model, day))
  end)
end

answers["visible.results.get"] = of_result(function(answer)
  local row = result_row(answer)
  row.urls = map(answer.cited, function(cited) return cited.url end)
  return row
end)

answers["visible.results.dump"] = of_result(function(answer)
  local text = text_of(answer):gsub("&", "&amp;"):gsub("<", "&lt;")
  return files.new("text/html; charset=UTF-8", "<!DOCTYPE html><p>" .. text .. "</p>\n")
end)

-- ---- sources ----

-- What is counted of each source, by its address: the answers, prompts and brands that go with it, and its days.
local function count(list, by_url)
  local counted, order = {}, {}
  for _, answer in ipairs(list) do
    local seen = {}
    for _, cited in ipairs(answer.cited) do
      local address = by_url and cited.url or cited.host
      local one = counted[address]
      if not one then
        one = { host = cited.host, url = cited.url, kind = cited.kind, answers = 0, own = 0, pages = {}, prompts = {},
          rivals = {}, brands = {}, first = answer.day, last = answer.day }
        counted[address], order[#order + 1] = one, address
      end
      one.pages[cited.url] = true
      if not seen[address] then
        seen[address], one.answers = true, one.answers + 1
        one.prompts[answer.prompt.id] = true
        one.first, one.last = math.min(one.first, answer.day), math.max(one.last, answer.day)
        for _, named in ipairs(answer.brands) do
          one.brands[named.brand.id] = true
          if named.brand.is_primary then
            one.own = one.own + 1
          elseif not named.brand.stranger then
            one.rivals[named.brand.id] = true
          end
        end
      end
    end
  end
  return counted, order
end

local function size(set)
  local number = 0
  for _ in pairs(set) do
    number = number + 1
  end
  return number
end

local function passes(call, one, address)
  local args, rivals = call.args, size(one.rivals)
  local function names_brands()
    local named = 0
    for _, id in ipairs(args.brand_ids) do
      named = named + (one.brands[id] and 1 or 0)
    end
    return named == #args.brand_ids or named > 0 and args.brand_match_mode ~= "all"
  end
  return (not args.search_query or address:find(args.search_query, 1, true) ~= nil)
    and (not args.types or tools.has(args.types, one.kind))
    and (not args.domain_id or domains.id(call.seed, one.host) == args.domain_id)
    and (not args.is_my_brand_mentions or args.is_my_brand_mentions == (one.own > 0 and 1 or 0))
    and rivals >= (args.competitors_count_from or 0) and rivals <= (args.competitors_count_to or math.huge)
    and (not args.brand_ids or names_brands())
end

answers["visible.sources.list"] = of_project(function(call, project)
  local args = call.args
  local by_url = args.source_type == "url"
  local prompts = visible.prompts(call, project)
  local periods = periods_of(call, project, prompts)
  local now, order = count(periods[1], by_url)
  local before = periods[2] and count(periods[2], by_url) or {}
  local function both(of, address)
    local first, second = of(now[address], #periods[1]), before[address] and of(before[address], #periods[2])
    local values = array { first }
    if periods[2] then
      values[2] = second or 0
    end
    return { values = values, delta = periods[2] and round(first - (second or 0), 1) or nil }
  end
  local function share(part, whole)
    return whole > 0 and round(100 * part / whole, 1) or 0
  end
  local rows = {}
  for _, address in ipairs(order) do
    local one = now[address]
    if passes(call, one, address) then
      local row = {
        domain_id = domains.id(call.seed, one.host), domain = one.host, url = by_url and one.url or nil,
        ai_answers_count = both(function(it) return it.answers end, address),
        coverage = both(function(it, all) return share(it.answers, all) end, address),
        prompts_count = both(function(it) return size(it.prompts) end, address),
        competitors_count = both(function(it) return size(it.rivals) end, address),
        first_seen = calendar.date(one.first), last_seen = calendar.date(one.last),
      }
      if by_url then
        row.my_brand_mentions, row.last_check_date = one.own > 0 and 1 or 0, calendar.date(one.last)
        row.gap_score = both(function(it) return math.max(0, size(it.rivals) - it.own) end, address)
      else
        row.pages = both(function(it) return size(it.pages) end, address)
        row.mention_rate = both(function(it) return share(it.own, it.answers) end, address)
        row.my_brand_mentions_count = both(function(it) return it.own end, address)
      end
      rows[#rows + 1] = row
    end
  end
  sorted(rows, args.sort or "ai_answers_count", args.sort_order)
  return { items = tools.page(call, rows, 1000) }
end)

return answers
