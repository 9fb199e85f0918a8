--- The command `report`: a project's positions as one page of HTML, which opens in any browser without a network.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local mask = require "seranking.base.mask"

local report = { about = "Write a report of a project's positions: one HTML file, no network needed." }

local MOST_DAYS = 400

function report.define(parser)
  parser:argument("site_id", "The project: id of `seranking sites list`.")
  parser:option("--days", "How many days up to today."):argname("N"):default("90"):convert(flags.whole("--days", MOST_DAYS))
  parser:option("-o --output", "Write to this file (.html); - or nothing: to stdout, if that is no terminal."):argname("FILE")
end

local function check(context, arguments)
  local output = arguments.output
  if not require("seranking.cli.chart.project").id(arguments.site_id) then
    context:fail(exit.USAGE, ("'%s' is no project id: `seranking sites list` shows the ids"):format(
      mask.keys(arguments.site_id)))
  elseif output and output ~= "-" and not output:find "%.html?$" then
    context:fail(exit.USAGE, ("-o %s: a report is written as .html"):format(output))
  elseif (not output or output == "-") and context.terminal.is_terminal "stdout" then
    context:fail(exit.USAGE, ("a report is HTML: write it to a file with -o report-%s.html"):format(arguments.site_id))
  end
end

-- Fetches everything: first what is small, then the positions, a request for each engine. Returns figures and how many
-- requests that took.
local function fetch(context, id, first, last)
  local figures = require "seranking.cli.report.figures"
  local project = require "seranking.cli.chart.project"
  local function history(metric)
    return function(client)
      return client.sites(id).positions:history { type = metric, date_from = first, date_to = last }
    end
  end
  local answers, count = project.fetch(context, id, {
    sites = function(client) return client.sites:list() end,
    summary = function(client) return client.sites(id):summary() end,
    engines = function(client) return client.sites(id).search_engines:list() end,
    catalogue = function(client) return client.system:search_engines() end,
    average = history "avg_pos",
    visibility = history "visibility_percent",
  })
  local names, ids = project.engine_names(answers.engines, answers.catalogue)
  local requests = {}
  for i, engine_id in ipairs(ids) do
    requests[i] = function(client)
      return client.sites(id).positions:list { date_from = first, date_to = last, site_engine_id = engine_id }
    end
  end
  local positions, more = project.fetch(context, id, requests)
  return figures.make {
    site = project.site(context, answers.sites, id), summary = answers.summary, names = names, ids = ids,
    positions = positions, average = answers.average, visibility = answers.visibility,
  }, count + more
end

local function size_label(bytes)
  return bytes < 1000000 and ("%d kB"):format(math.ceil(bytes / 1000)) or ("%.1f MB"):format(bytes / 1000000)
end

--- Writes the report.
---@param context seranking.cli.Context
---@param arguments table
function report.run(context, arguments)
  check(context, arguments)
  local path = arguments.output ~= "-" and arguments.output or nil
  local requests, rows, size
  require "seranking.cli.chart.written"(context, path, function()
    local project = require "seranking.cli.chart.project"
    local id = project.id(arguments.site_id)
    local first, last = project.range(context, arguments.days)
    local made
    made, requests = fetch(context, id, first, last)
    if not made.dates[1] then
      context:fail(exit.INVALID, ("%s: no position in the last %d days; try more --days"):format(made.site.title,
        arguments.days))
    end
    rows = 0
    for _, engine in ipairs(made.engines) do
      rows = rows + #engine.rows
    end
    local html = require("seranking.cli.report.page").html(made, last)
    size = #html
    return html
  end)
  context:note(("%s: %s, %d rows, %d requests"):format(path or "stdout", size_label(size), rows, requests))
end

return report
