--- The command `brand-report`: a brand in the answers of AI models (SE Visible), compared with the time before, as text with
--- bars or as data.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local lazy = require "seranking.base.lazy"
local mask = require "seranking.base.mask"

local calendar, json, names = lazy "seranking.base.calendar", lazy "seranking.base.json", lazy "seranking.cli.chart.names"
local project, scale = lazy "seranking.cli.chart.project", lazy "seranking.cli.chart.scale"
local settings = lazy "seranking.cli.settings"

local brand_report = {
  about = "Report a brand's share of voice in the answers of AI models, and the sites cited, compared with the time before.",
}

local MOST_DAYS = 400
local MOST_SOURCES = 40
local ALL = "all models"

function brand_report.define(parser)
  parser:argument("project", "The project: id, or a part of the domain or brand; default: the only one."):args "?"
  parser:option("--brand", "A brand of the project, by name or id; default: your own."):argname "NAME"
  parser:option("--days", "How many days up to today; default: 30."):argname("N"):convert(flags.whole("--days", MOST_DAYS))
  parser:option("--date-from", "First day: 2026-09-01, yesterday, 30d."):argname "DATE"
  parser:option("--date-to", "Last day; default: today."):argname "DATE"
  parser:option("--compare-from", "First day to compare with; default: as many days, just before."):argname "DATE"
  parser:option("--compare-to", "Last day to compare with."):argname "DATE"
  parser:option("--sources", "How many sites are listed."):argname("N"):default("5")
    :convert(flags.whole("--sources", MOST_SOURCES))
  parser:option("-o", "Write data instead: table, json, jsonl, csv, tsv, or a file whose ending says it; .txt: this text.")
    :argname("TO"):target("output"):hidden_name "--output"
  settings.define(parser)
end

-- ---- days ----

-- The date that a flag names; nil if it is not given.
local function date(context, arguments, name)
  local text = arguments[name:gsub("-", "_")]
  if not text then
    return nil
  end
  local value, problem = require("seranking.cli.values").read(context, { definition = { type = "date" } }, { text })
  return not problem and value or context:fail(exit.USAGE, ("--%s %s"):format(name, problem))
end

local function check_order(context, names_of, first, last)
  if first > last then
    context:fail(exit.USAGE, ("--%s (%s) is after --%s (%s)"):format(names_of[1], first, names_of[2], last))
  end
end

-- The two periods: { date_from, date_to, compare_from, compare_to }.
local function period(context, arguments)
  local first, last = date(context, arguments, "date-from"), date(context, arguments, "date-to")
  if arguments.days and first then
    context:fail(exit.USAGE, "--days and --date-from exclude each other")
  end
  local _, today = project.range(context, 1)
  last = last or today
  first = first or calendar.add(last, 1 - (arguments.days or 30))
  check_order(context, { "date-from", "date-to" }, first, last)
  local before, until_then = date(context, arguments, "compare-from"), date(context, arguments, "compare-to")
  if (before == nil) ~= (until_then == nil) then
    context:fail(exit.USAGE, "--compare-from and --compare-to go together")
  end
  local days = calendar.day(last) - calendar.day(first) + 1
  before, until_then = before or calendar.add(first, -days), until_then or calendar.add(first, -1)
  check_order(context, { "compare-from", "compare-to" }, before, until_then)
  return { date_from = first, date_to = last, compare_from = before, compare_to = until_then }
end

-- ---- what is fetched ----

-- Ends the command: a text means none, or several, of a list. context:fail would hide the ids, which look like keys.
local function choose(what, wanted, found, all)
  local list = {}
  for i, one in ipairs(found[1] and found or all) do
    list[i] = names.clean(one.shown)
  end
  local known = table.concat(list, ", ")
  if not wanted then
    exit.stop(exit.USAGE, ("the account has %d projects, name one: %s"):format(#all, known))
  end
  wanted = mask.keys(wanted)
  if found[1] then
    exit.stop(exit.USAGE, ("'%s' means %d %ss: %s"):format(wanted, #found, what, known))
  end
  exit.stop(exit.INVALID, ("there is no %s '%s'; there are: %s"):format(what, wanted, known))
end

-- Of a list of { texts, shown, value }, the one that a text means: one of its texts, or else a part of one.
local function meant(what, wanted, all)
  local folded = project.folded
  for _, whole in ipairs { true, false } do
    local found = {}
    for _, one in ipairs(all) do
      for _, text in ipairs(one.texts) do
        local known = folded(text)
        if whole and known == folded(wanted) or not whole and known:find(folded(wanted), 1, true) then
          found[#found + 1] = one
          break
        end
      end
    end
    if #found == 1 then
      return found[1].value
    elseif found[1] then
      choose(what, wanted, found, all)
    end
  end
  return choose(what, wanted, {}, all)
end

local function choose_project(context, list, wanted)
  local all = {}
  for i, row in ipairs(list) do
    local domain = tostring(row.domain or ""):gsub("^%a+://", "")
    all[i] = { value = row, texts = { row.id, domain, row.title }, shown = ("%s (%s)"):format(row.id, domain) }
    for _, name in ipairs(type(row.brand_names) == "table" and row.brand_names or {}) do
      table.insert(all[i].texts, tostring(name))
    end
  end
  if not all[1] then
    context:fail(exit.INVALID, "SE Visible has no project of this account: `seranking visible projects create` makes one")
  elseif wanted then
    return meant("project", wanted, all)
  end
  return all[2] and choose("project", nil, {}, all) or all[1].value
end

local function choose_brand(context, list, wanted)
  local all, own = {}, list[1]
  for i, row in ipairs(list) do
    own = row.is_primary == true and not (own and own.is_primary) and row or own
    all[i] = { value = row, texts = { ("%d"):format(row.id), row.title }, shown = row.title }
  end
  if not own then
    context:fail(exit.INVALID, "the project has no brand: `seranking visible brands create` adds one")
  end
  return wanted and meant("brand", wanted, all) or own
end

-- The AI models that figures can be asked of.
local function models_of(client)
  for _, parameter in ipairs(client.visible.brands.metrics:describe().parameters) do
    if parameter.name == "model_types" then
      return parameter.enum
    end
  end
end

-- A figure of two periods: now, before, and the change; nil where there is no data.
local function figure(value)
  local values = type(value) == "table" and (value.values or {}) or { value }
  local now, before = tonumber(values[1]), tonumber(values[2])
  return now, before, now and before and tonumber(("%.6g"):format(now - before))
end

-- Rows as they are written as data, and whether any has a number.
local function rows_of(brand, models, answers, days)
  local rows, some = {}, false
  local function add(name_of_figure, name, value)
    local now, before, change = figure(value)
    some = some or now ~= nil or before ~= nil
    rows[#rows + 1] = {
      brand = brand.title, figure = name_of_figure, name = name, value = now, before = before, change = change,
      date_from = days.date_from, date_to = days.date_to, compare_from = days.compare_from, compare_to = days.compare_to,
    }
  end
  for _, model in ipairs(models) do
    add("share_of_voice", model, answers[model])
  end
  for _, source in ipairs(answers.sources) do
    add("ai_answers_count", source.domain or tostring(source.domain_id), source.ai_answers_count)
  end
  return rows, some
end

-- Everything that the report shows.
local function fetch(context, arguments, days)
  local client = context:client(settings.client(context, arguments))
  local answers = project.fetch(context, nil, { projects = function() return client.visible.projects:list() end })
  local chosen = choose_project(context, answers.projects, arguments.project)
  answers = project.fetch(context, nil, {
    brands = function() return client.visible.brands:list { project_id = chosen.id } end,
  })
  local brand = choose_brand(context, answers.brands, arguments.brand)
  local function args(more)
    more.project_id = chosen.id
    for name, day in pairs(days) do
      more[name] = day
    end
    return more
  end
  local function share(model)
    return function()
      local wanted = args { dimensions = "brand_id", metrics = "share_of_voice", model_types = model }
      for row in client.visible.brands.metrics:each(wanted) do -- a page more only where the brand is not on the first
        if row.brand_id == brand.id then
          return row.share_of_voice
        end
      end
    end
  end
  local requests, models = { sources = function()
    return client.visible.sources:list(args { sort = "ai_answers_count", limit = arguments.sources })
  end, [ALL] = share() }, {}
  for i, model in ipairs(models_of(client)) do
    requests[model], models[i] = share(model), model
  end
  models[#models + 1] = ALL
  local rows, some = rows_of(brand, models, project.fetch(context, nil, requests), days)
  if not some then
    context:fail(exit.INVALID, ("%s: no answers of AI models from %s to %s%s"):format(names.clean(brand.title), days.date_from,
      days.date_to, chosen.status ~= "success" and chosen.status
        and ("; the project's check has the status '%s'"):format(names.clean(tostring(chosen.status)))
        or "; try other days with --date-from and --date-to"))
  end
  return rows
end

-- ---- what is printed ----

local function days_text(first, last, unicode)
  return scale.date_label(first) .. (unicode and " – " or " - ") .. scale.date_label(last)
end

-- The bars of one figure.
local function bars_of(rows, name, settings_of, unit)
  local items = {}
  for _, row in ipairs(rows) do
    if row.figure == name then
      items[#items + 1] = { name = row.name, value = row.value }
    end
  end
  local step, at = scale.bar_step(items), 0
  for _, row in ipairs(rows) do
    if row.figure == name then
      at = at + 1
      local change = row.change and scale.number_label(row.change, step)
      items[at].note = change and (row.change > 0 and change:find "[1-9]" and "+" or "") .. change or nil
    end
  end
  return require "seranking.cli.chart.bars"({ items = items, unit = unit }, settings_of)
end

local function text_of(context, rows)
  local terminal, first = context.terminal, rows[1]
  local settings_of = { width = terminal.width(), unicode = terminal.unicode }
  local text = { names.clean(first.brand), "\n", days_text(first.date_from, first.date_to, terminal.unicode),
    "\ncompared with ", days_text(first.compare_from, first.compare_to, terminal.unicode),
    "\n\nshare of voice, and change in points\n", bars_of(rows, "share_of_voice", settings_of, "%") }
  if rows[#rows].figure ~= first.figure then
    text[#text + 1] = "\nsites cited most: answers, and change\n"
    text[#text + 1] = bars_of(rows, "ai_answers_count", settings_of)
  end
  return table.concat(text)
end

local MEMBERS = {
  { path = "brand", type = "string" }, { path = "figure", type = "string" }, { path = "name", type = "string" },
  { path = "value", type = "number" }, { path = "before", type = "number" }, { path = "change", type = "number" },
  { path = "date_from", type = "date" }, { path = "date_to", type = "date" },
  { path = "compare_from", type = "date" }, { path = "compare_to", type = "date" },
}

-- Writes the rows as data.
local function write_rows(output, context, arguments, days)
  local fine, rows = pcall(fetch, context, arguments, days)
  if not fine then
    output:keep()
    error(rows, 0)
  end
  local problem
  for _, row in ipairs(rows) do
    for _, name in ipairs { "value", "before", "change" } do
      row[name] = row[name] or json.null
    end
    fine, problem = output:row(row)
    if not fine then
      break
    end
  end
  if fine then
    fine, problem = output:close()
  end
  if not fine and problem ~= "closed" then
    output:keep()
    context:fail(exit.OTHER, problem)
  end
end

--- Prints the report.
---@param context seranking.cli.Context
---@param arguments table
function brand_report.run(context, arguments)
  local days, to = period(context, arguments), arguments.output
  if not to or to == "-" or to:find "%.txt$" then
    require "seranking.cli.chart.written"(context, to ~= "-" and to or nil, function()
      return text_of(context, fetch(context, arguments, days))
    end)
  else
    write_rows(context:output(arguments, MEMBERS), context, arguments, days)
  end
end

return brand_report
