--- What charts and the report fetch of a project, in as few requests as there can be.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local exit = require "seranking.cli.exit"
local interrupt = require "seranking.cli.interrupt"

local project = {}

--- The project that a text names by its id.
---@param text string
---@return integer? id nil: it is none
function project.id(text)
  return text:find "^%d+$" and #text <= 15 and tonumber(text) or nil --[[@as integer]]
end

--- The last `days` days, today among them.
---@param context seranking.cli.Context
---@param days integer
---@return string date_from, string date_to YYYY-MM-DD
function project.range(context, days)
  local today = os.date("%Y-%m-%d", math.floor(context.terminal.now())) --[[@as string]]
  return calendar.add(today, 1 - days), today
end

-- Ends the command with what ended the requests.
local function fail(context, problem, site_id, interrupted)
  if type(problem) == "table" and problem.first then -- of a map
    problem = problem[problem.first]
  end
  if interrupted then
    exit.stop(exit.INTERRUPTED, "interrupted")
  elseif site_id and type(problem) == "table" and problem.kind == "not_found" then
    context:fail(exit.INVALID, ("the account has no project %d: `seranking sites list` shows those it has"):format(site_id))
  end
  error(problem, 0)
end

--- Sends requests at once, with progress, and ends the command if one fails.
---@param context seranking.cli.Context
---@param site_id? integer the project they are about
---@param requests table<string, fun(client: seranking.Client): any> by name
---@return table<string, any> answers by name
---@return integer count
function project.fetch(context, site_id, requests)
  local client, names = context:client(), {}
  for name in pairs(requests) do
    names[#names + 1] = name
  end
  table.sort(names)
  local progress = context:progress "requests"
  local options = { stop_on_error = true, on_progress = function(done, total) progress:update(done, total) end }
  local fine, results, interrupted = interrupt.guard(context, { careful = false }, function()
    return (client:map(names, function(name) return requests[name](client) end, options))
  end)
  progress:close()
  if not fine then
    fail(context, results, site_id, interrupted)
  end
  local answers = {}
  for i, name in ipairs(names) do
    answers[name] = results[i]
  end
  return answers, #names
end

--- The project of a list. Ends the command if it isn't there.
---@param context seranking.cli.Context
---@param sites table[] of client.sites:list
---@param id integer
---@return table
function project.site(context, sites, id)
  for _, site in ipairs(sites) do
    if site.id == id then
      return site
    end
  end
  return fail(context, { kind = "not_found" }, id)
end

--- Names of a project's engines by site_engine_id, and their ids in order. Engines of one name get their region or language
--- with it, or else their id.
---@param engines table[] of client.sites.search_engines:list
---@param catalogue table[] of client.system:search_engines
---@return table<integer, string> names, integer[] ids
function project.engine_names(engines, catalogue)
  local known = {}
  for _, row in ipairs(catalogue) do
    known[row.id] = row.name
  end
  local names, ids, count = {}, {}, {}
  local function name_all(name_of)
    local before = names
    names, count = {}, {}
    for _, engine in ipairs(engines) do
      local id = engine.site_engine_id
      names[id] = name_of(engine, before[id])
      count[names[id]] = (count[names[id]] or 0) + 1
    end
  end
  local function unless_unique(word_of)
    local before = count
    name_all(function(engine, name)
      local word = before[name] > 1 and word_of(engine)
      return word and word ~= "" and ("%s (%s)"):format(name, word) or name
    end)
  end
  name_all(function(engine) return known[engine.search_engine_id] or "engine " .. engine.search_engine_id end)
  unless_unique(function(engine) return engine.region_name end)
  unless_unique(function(engine) return engine.lang_code end)
  unless_unique(function(engine) return ("%d"):format(engine.site_engine_id) end)
  for i, engine in ipairs(engines) do
    ids[i] = engine.site_engine_id
  end
  return names, ids
end

--- The points of a keyword's positions, by day; where it did not rank they have no value.
---@param positions? table[] of client.sites.positions:list
---@return seranking.cli.Point[]
function project.points(positions)
  local points = {}
  for i, position in ipairs(positions or {}) do
    local place = tonumber(position.pos) or 0
    points[i] = { day = calendar.day(position.date), value = place > 0 and place or nil }
  end
  table.sort(points, function(a, b) return a.day < b.day end)
  return points
end

--- A metric's history as a series for each engine and, apart from them, that of all engines.
---@param history table[] of client.sites.positions:history
---@param positions boolean whether the metric is a position; 0 then means that nothing ranked
---@return seranking.cli.Series[] series, seranking.cli.Series? all
function project.history(history, positions)
  local list, all = {}, nil
  for _, row in ipairs(history) do
    local one = { name = row.name, points = {} }
    for i, point in ipairs(row.data) do
      local value = tonumber(point.value)
      one.points[i] = { day = calendar.day(point.date), value = not (positions and value and value < 1) and value or nil }
    end
    if row.type == "avg" then
      all = one
    else
      list[#list + 1] = one
    end
  end
  return list, all
end

--- A text without what readers don't count as a difference: case and blanks.
---@param text string
---@return string
function project.folded(text)
  return (text:lower():gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

return project
