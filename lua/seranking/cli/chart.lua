--- The command `chart`: positions of a project, or numbers of a file, as a chart in the terminal or as SVG.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local mask = require "seranking.base.mask"

local chart = { about = "Draw positions, visibility or any numbers by day, in the terminal or as SVG." }

local METRICS = {
  avg_pos = { title = "average position", positions = true },
  visibility = { title = "visibility" },
  visibility_percent = { title = "visibility", unit = "%" },
  top10 = { title = "keywords in the top 10" },
  top10_percent = { title = "keywords in the top 10", unit = "%" },
}
local METRIC_NAMES = { "avg_pos", "visibility", "visibility_percent", "top10", "top10_percent" }

local MOST_SERIES = 6     -- that one chart shows
local MOST_BARS = 40
local MOST_DAYS = 3660
local SVG = { width = 840, height = 380, bars = 600 }

function chart.define(parser)
  parser:argument("site_id", "The project: id of `seranking sites list`."):args "?"
  parser:option("--days", "How many days up to today."):argname("N"):default("30"):convert(flags.whole("--days", MOST_DAYS))
  parser:option("--metric", "What is drawn of the whole project; default: avg_pos."):choices(METRIC_NAMES)
  parser:option("--keyword", "Draw the positions of this keyword; may be repeated."):argname("TEXT"):count("*")
  parser:option("--group", "Only the keywords of this group."):argname("NAME")
  parser:option("--engine", "Only engines with this in their names."):argname("NAME")
  parser:flag("--distribution", "Draw bars: how many keywords are in the top 3, 10, 30, 100.")
  parser:option("--from", "Draw numbers of a file, or of stdin (-): CSV, JSON or JSON Lines."):argname("FILE")
  parser:flag("--bars", "With --from: draw a bar for each row.")
  parser:option("--columns", "With --from: the columns of the date, the number and the name of the series; with --bars those "
    .. "of the name and the number."):argname("DATE,NUMBER[,NAME]|NAME,NUMBER")
  parser:option("--title", "A title of your own."):argname("TEXT")
  parser:option("-o --output", "Write to this file: .svg, or .txt for text."):argname("FILE")
end

-- Whether the flags go together. Ends the command if not.
local function check(context, arguments)
  local function refuse(...)
    context:fail(exit.USAGE, (...):format(select(2, ...)))
  end
  if arguments.site_id and not require("seranking.cli.chart.project").id(arguments.site_id) then
    refuse("'%s' is no project id: `seranking sites list` shows the ids", mask.keys(arguments.site_id))
  elseif (arguments.site_id ~= nil) == (arguments.from ~= nil) then
    refuse "give a project's id, or --from FILE for numbers of your own"
  elseif arguments.columns and not arguments.from then
    refuse "--columns goes with --from"
  elseif arguments.bars and not arguments.from then
    refuse "--bars goes with --from; a project's bars are --distribution"
  end
  local kinds = {}
  for _, name in ipairs { "metric", "distribution", "keyword" } do
    local given = arguments[name]
    if given and (type(given) ~= "table" or given[1]) then
      kinds[#kinds + 1] = "--" .. name
    end
  end
  if kinds[2] then
    refuse("%s and %s are different charts: choose one", kinds[1], kinds[2])
  elseif arguments.from and (kinds[1] or arguments.group or arguments.engine) then
    refuse("%s does not go with --from", kinds[1] or arguments.group and "--group" or "--engine")
  elseif arguments.group and kinds[1] == "--keyword" then
    refuse "--keyword does not go with --group"
  end
  local output = arguments.output
  if output and output ~= "-" and not (output:find "%.svg$" or output:find "%.txt$") then
    refuse("-o %s: a chart is written as .svg or .txt", output)
  end
end

-- ---- what is drawn ----

-- Whether a name is meant by --engine.
local function is_wanted(name, wanted)
  local folded = require("seranking.cli.chart.project").folded
  return not wanted or folded(name):find(folded(wanted), 1, true) ~= nil
end

-- Ends the command if --engine means none of the engines.
local function check_engine(context, wanted, names, found)
  if wanted and next(names) and not found[1] then
    local misuse = require "seranking.base.misuse"
    context:fail(exit.INVALID, ("no engine of the project is called '%s'%s"):format(wanted, misuse.suggest(wanted, names)))
  end
end

-- The id of the group that is meant.
local function group_id(context, groups, wanted)
  local misuse = require "seranking.base.misuse"
  local folded = require("seranking.cli.chart.project").folded
  local names = {}
  for _, group in ipairs(groups) do
    if folded(group.name) == folded(wanted) then
      return group.id
    end
    names[group.name] = true
  end
  return context:fail(exit.INVALID, ("the project has no keyword group '%s'%s"):format(wanted, misuse.suggest(wanted, names)))
end

-- The project as a whole: a series for each engine.
local function of_project(context, arguments, made)
  local project = require "seranking.cli.chart.project"
  local id, metric = project.id(arguments.site_id), arguments.metric or "avg_pos"
  local group
  if arguments.group then
    local answers = project.fetch(context, id, {
      groups = function(client) return client.keyword_groups:list { site_id = id } end,
    })
    group = group_id(context, answers.groups, arguments.group)
  end
  local first, last = project.range(context, arguments.days)
  local answers = project.fetch(context, id, {
    sites = function(client) return client.sites:list() end,
    history = function(client)
      return client.sites(id).positions:history { type = metric, date_from = first, date_to = last, group_id = group }
    end,
  })
  made.title = ("%s: %s"):format(project.site(context, answers.sites, id).title, METRICS[metric].title)
  made.positions, made.unit = METRICS[metric].positions or false, METRICS[metric].unit
  if arguments.group then
    made.title = made.title .. ", group " .. arguments.group
  end
  local all = {}
  for _, one in ipairs((project.history(answers.history, made.positions))) do
    all[one.name] = true
    if is_wanted(one.name, arguments.engine) then
      made.series[#made.series + 1] = one
    end
  end
  check_engine(context, arguments.engine, all, made.series)
end

-- Positions of all keywords, with the engines that are wanted: { name, keywords } each.
local function positions_of(context, arguments)
  local project = require "seranking.cli.chart.project"
  local id = project.id(arguments.site_id)
  local first, last = project.range(context, arguments.days)
  local answers = project.fetch(context, id, {
    sites = function(client) return client.sites:list() end,
    engines = function(client) return client.sites(id).search_engines:list() end,
    catalogue = function(client) return client.system:search_engines() end,
    positions = function(client) return client.sites(id).positions:list { date_from = first, date_to = last } end,
    groups = arguments.group and function(client) return client.keyword_groups:list { site_id = id } end or nil,
  })
  local names, engines = project.engine_names(answers.engines, answers.catalogue), {}
  local group, all = arguments.group and group_id(context, answers.groups, arguments.group), {}
  for _, engine in ipairs(answers.positions) do
    local name = names[engine.site_engine_id] or ("engine %d"):format(engine.site_engine_id)
    all[name] = true
    if is_wanted(name, arguments.engine) then
      local keywords = {}
      for _, keyword in ipairs(engine.keywords) do
        if not group or keyword.group_id == group then
          keywords[#keywords + 1] = keyword
        end
      end
      engines[#engines + 1] = { name = name, keywords = keywords }
    end
  end
  check_engine(context, arguments.engine, all, engines)
  return engines, project.site(context, answers.sites, id)
end

-- Ends the command: no keyword is meant by a text. Perhaps a group is.
local function no_keyword(context, site_id, names, text)
  local misuse = require "seranking.base.misuse"
  local project = require "seranking.cli.chart.project"
  local answers = project.fetch(context, site_id, {
    groups = function(client) return client.keyword_groups:list { site_id = site_id } end,
  })
  local hint
  for _, group in ipairs(answers.groups) do
    if project.folded(group.name) == project.folded(text) then
      hint = ("a group is called so: --group %s"):format(group.name)
    end
  end
  local list = {}
  for name in pairs(names) do
    list[#list + 1] = name
  end
  table.sort(list)
  local near = misuse.nearest(text, list, 2)
  hint = hint or near and ("did you mean '%s'?"):format(near)
    or ("`seranking sites keywords list %d` shows its %d"):format(site_id, #list)
  context:fail(exit.INVALID, ("the project has no keyword '%s'; %s"):format(text, hint))
end

-- The keywords that a text means: those that are it, or else those that it is a part of. By name, in the order of the list.
local function find_keywords(context, site_id, engines, text)
  local folded = require("seranking.cli.chart.project").folded
  local equal, part, names = {}, {}, {}
  for _, engine in ipairs(engines) do
    for _, keyword in ipairs(engine.keywords) do
      local name = keyword.name or ("%d"):format(keyword.id)
      if not names[name] then
        names[name] = true
        if folded(name) == folded(text) or ("%d"):format(keyword.id) == text then
          equal[#equal + 1] = name
        elseif folded(name):find(folded(text), 1, true) then
          part[#part + 1] = name
        end
      end
    end
  end
  local found = equal[1] and equal or part
  if not found[1] then
    no_keyword(context, site_id, names, text)
  end
  return found
end

-- Single keywords: a series for each and engine.
local function of_keywords(context, arguments, made)
  local project = require "seranking.cli.chart.project"
  local engines, site = positions_of(context, arguments)
  local wanted, list = {}, {}
  for _, text in ipairs(arguments.keyword) do
    for _, name in ipairs(find_keywords(context, site.id, engines, text)) do
      if not wanted[name] then
        wanted[name], list[#list + 1] = true, name
      end
    end
  end
  made.title = ("%s: position%s"):format(site.title, #list == 1 and " for “" .. list[1] .. "”" or "s")
  made.positions = true
  for _, engine in ipairs(engines) do
    for _, keyword in ipairs(engine.keywords) do
      if wanted[keyword.name or ("%d"):format(keyword.id)] then
        local name = #list == 1 and engine.name or #engines == 1 and keyword.name or keyword.name .. ", " .. engine.name
        made.series[#made.series + 1] = { name = name, points = project.points(keyword.positions) }
      end
    end
  end
end

local function of_distribution(context, arguments, made)
  local distribution = require "seranking.cli.chart.distribution"
  local project = require "seranking.cli.chart.project"
  local engines, site = positions_of(context, arguments)
  local list = {}
  for _, engine in ipairs(engines) do
    for _, keyword in ipairs(engine.keywords) do
      list[#list + 1] = project.points(keyword.positions)
    end
  end
  made.title, made.shares = ("%s: where its keywords rank"):format(site.title), true
  made.items = distribution.items(distribution.count(list).last)
  made.subtitle = ("last check of the %d days, %s"):format(arguments.days, engines[2] and "a keyword counts once an engine"
    or engines[1] and engines[1].name or "no engine")
end

-- Bars, one for each row of a file.
local function of_rows(context, arguments, made)
  made.items, made.subtitle = require("seranking.cli.chart.file").items(context, arguments.from, arguments.columns)
  if not made.items[1] then
    context:fail(exit.INVALID, ("%s: no number in the file"):format(made.title))
  elseif #made.items > MOST_BARS then
    context:note(("%d rows, of which the first %d are drawn"):format(#made.items, MOST_BARS))
    for i = #made.items, MOST_BARS + 1, -1 do
      made.items[i] = nil
    end
  end
end

local function of_file(context, arguments, made)
  made.title = arguments.from == "-" and "stdin" or arguments.from:match "[^/]*$"
  if arguments.bars then
    return of_rows(context, arguments, made)
  end
  made.series, made.positions = require("seranking.cli.chart.file").series(context, arguments.from, arguments.columns)
  if #made.series == 1 then
    made.title = made.title .. ": " .. made.series[1].name
  end
end

-- ---- where it goes ----

local function range_label(extent)
  local calendar = require "seranking.base.calendar"
  local scale = require "seranking.cli.chart.scale"
  return scale.date_label(calendar.date(extent.first)) .. " – " .. scale.date_label(calendar.date(extent.last))
end

local function finish_lines(context, arguments, made)
  local series = require "seranking.cli.chart.series"
  local extent = series.extent(made)
  if not extent then
    context:fail(exit.INVALID, ("%s: no value in %s"):format(made.title, arguments.from and "the file"
      or ("the last %d days; try more --days"):format(arguments.days)))
  end
  if #made.series > MOST_SERIES then
    context:note(("%d lines, of which the first %d are drawn: choose with %s"):format(#made.series, MOST_SERIES,
      arguments.from and "--columns" or "--engine or --keyword"))
    for i = #made.series, MOST_SERIES + 1, -1 do
      made.series[i] = nil
    end
    extent = series.extent(made) or extent
  end
  made.subtitle = range_label(extent)
  if #made.series == 1 and not arguments.from then
    made.subtitle = made.subtitle .. ", " .. made.series[1].name
  end
end

local function svg_text(made)
  local svg = require "seranking.cli.chart.svg"
  if made.items then
    return svg.bars(made, { width = SVG.bars })
  end
  return svg.lines(made, { width = SVG.width, height = SVG.height })
end

local function plain_text(context, made, to_file)
  local terminal = context.terminal
  local settings = {
    width = terminal.width(), unicode = terminal.unicode, colour = not to_file and terminal.colour "stdout",
  }
  local text
  if made.items then
    local bars, names = require "seranking.cli.chart.bars", require "seranking.cli.chart.names"
    text = names.clean(made.title) .. "\n" .. made.subtitle .. "\n\n" .. bars(made, settings)
  else
    text = require("seranking.cli.chart.lines").draw(made, settings)
  end
  return settings.unicode and text or (text:gsub("–", "-"):gsub("“", '"'):gsub("”", '"'))
end

--- Draws the chart.
---@param context seranking.cli.Context
---@param arguments table
function chart.run(context, arguments)
  check(context, arguments)
  local path = arguments.output ~= "-" and arguments.output or nil
  local made = { series = {} }
  local draw = arguments.from and of_file or arguments.distribution and of_distribution
    or arguments.keyword[1] and of_keywords or of_project
  require "seranking.cli.chart.written"(context, path, function()
    draw(context, arguments, made)
    made.title = arguments.title or made.title
    if not made.items then
      finish_lines(context, arguments, made)
    end
    return path and path:find "%.svg$" and svg_text(made) or plain_text(context, made, path ~= nil)
  end)
end

return chart
