--- What the fake API answers: tasks that collect results pages, which are done by the clock.
-- SPDX-License-Identifier: MIT

local chance = require "seranking.fake.chance"
local credits = require "seranking.fake.credits"
local files = require "seranking.fake.files"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local resolve = require "seranking.fake.resolve"
local results = require "seranking.fake.web.results"
local tools = require "seranking.fake.tools"

local array, refuse = json.array, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local DAY = 86400
local TASK_ENDS = 8 -- seconds from its start
local PER_COUNTRY = 100000 -- ids of places; the country's number stands before them

answers["data.serp.classic.add_tasks"] = function(call)
  local args, made = call.args, array {}
  local refusal = credits.charge(call, credits.price(call, 0))
  if refusal then
    return nil, refusal
  end
  for i, query in ipairs(args.query) do
    local task = call.store.serp_tasks:add {
      query = query, location_id = args.location_id or 2826, device = args.device, language_code = args.language_code,
      tag = args.tag, made = call.now,
    }
    made[i] = { id = task.id, query = task.query, location_id = task.location_id }
  end
  return made
end

local function task_done(call, task)
  return call.now - task.made >= TASK_ENDS
end

answers["data.serp.classic.list_tasks"] = function(call)
  local rows = array {}
  for _, task in ipairs(call.store.serp_tasks.rows) do
    if call.now - task.made < DAY then
      local done = task_done(call, task)
      rows[#rows + 1] = {
        id = task.id, query = task.query, status = not done and "processing" or nil, is_completed = done, tag = task.tag,
      }
    end
  end
  return rows
end

local function task_of(call)
  local task = call.store.serp_tasks:get(call.args.task_id)
  if not task or call.now - task.made >= DAY then
    return nil, refuse(404, "Not Found", "task_id: no such task, or older than a day")
  end
  return task
end

-- The source, as the Data API names countries, of a place.
local function source_of(location_id)
  local code = math.floor(location_id / PER_COUNTRY) -- of locations' answers; other places are taken for American
  if code == 0 or code > 26 * 26 then
    return "us"
  end
  local country = string.char(97 + math.floor((code - 1) / 26), 97 + (code - 1) % 26)
  return country == "gb" and "uk" or country
end

-- The answer of a task's results; `more` adds to its items.
local function results_of(more)
  return function(call)
    local task, refusal = task_of(call)
    if not task then
      return nil, refusal
    elseif not task_done(call, task) then
      return { status = "processing" }
    end
    local source = source_of(task.location_id)
    local items = tools.map(results.list(call, source, task.query), function(result)
      return {
        type = "organic", position = "center", rank_absolute = result.rank, domain = result.domain, url = result.url,
        title = result.title, description = result.title .. ": what to look for, and where to buy.",
        breadcrumb = (result.url:gsub("^https://", ""):gsub("/", " > ")), highlighted_terms = array { task.query },
      }
    end)
    if more then
      more(task.query, items)
    end
    return {
      request_metadata = {
        keyword = task.query, search_engine = "google", device = task.device, location_id = task.location_id,
        language_code = task.language_code,
      },
      summary = { total_results = results.total(call, source, task.query) }, items = items,
    }
  end
end

answers["data.serp.classic.task_results"] = results_of()

answers["data.serp.classic.task_results_advanced"] = results_of(function(query, items)
  items[#items + 1] = { type = "related_searches", position = "center", links = tools.map({ 1, 2, 3 }, function(number)
    return { title = keywords.text.related(query, number) }
  end) }
end)

answers["data.serp.classic.task_html"] = function(call)
  local task, refusal = task_of(call)
  if not task then
    return nil, refusal
  elseif not task_done(call, task) then
    return nil, refuse(409, "Conflict", "the task is not done yet")
  end
  return files.new("application/zip", files.zip("page1.html", "<html><title>" .. task.id .. "</title></html>\n"))
end

local ENDINGS = { "ford", "ton", "bury", "wick", "ham" }

answers["data.serp.classic.locations"] = function(call)
  local args = call.args
  if #args.q < 2 then
    return nil, refuse(400, "Bad Request", "q: at least 2 characters")
  elseif not args.country_code:find "^%a%a$" then
    return nil, refuse(400, "Bad Request", "country_code: two letters")
  end
  local country, h = args.country_code:lower(), chance.key("place", args.q:lower())
  local code = (country:byte(1) - 97) * 26 + country:byte(2) - 96
  return { data = tools.map(ENDINGS, function(ending, i)
    local number = chance.whole(h, i, 1, PER_COUNTRY / 10 - 1) * 10 + i
    return {
      id = code * PER_COUNTRY + number, name = args.q .. ending, location_type = i == 1 and "Region" or "City",
      country_code = country:upper(), google_ads_location_id = args.include and 1000000 + number or nil,
    }
  end) }
end

return answers
