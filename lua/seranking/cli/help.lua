--- `seranking help`, and --help of every command: how it is called, its flags, answer and price.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local flags = require "seranking.cli.flags"
local index = require "seranking.api"
local products = require "seranking.api.products"
local text_width = require "seranking.cli.text_width"
local values = require "seranking.cli.values"
local wording = require "seranking.wording"

local help = { about = "Show what a command does: its flags, answer and price." }

local format = string.format

local LEFT = 34   -- columns of the flags
local WIDEST = 100

-- ---- one command ----

local function usage_of(name, command)
  local words = { "seranking " .. name }
  for _, parameter in ipairs(command.shape and command.shape.positional or {}) do
    words[#words + 1] = parameter.required and values.word(parameter) or "[" .. values.word(parameter) .. "]"
  end
  return "Usage: " .. table.concat(words, " ") .. " [FLAGS]"
end

-- The members of an answer: "id integer, title string".
local function answer_of(plan)
  local notation = require "seranking.base.notation"
  local names = {}
  for _, field in ipairs(notation.fields(plan.fields)) do
    names[#names + 1] = field.path .. " " .. field.type
  end
  return names[1] and "Answer: " .. table.concat(names, ", ")
end

-- What the flags do not say: columns, price, generations, example.
local function notes_of(shape)
  local notes = {}
  local apis = {}
  for api in pairs(shape.plans) do
    apis[#apis + 1] = api
  end
  table.sort(apis)
  local plan = shape.plans[apis[#apis]]
  notes[1] = answer_of(plan)
  local price = plan.cost and wording.price { cost = plan.cost }
  notes[#notes + 1] = price and "Price: " .. price .. (plan.cost.note and " (" .. plan.cost.note .. ")" or "")
  if apis[2] == nil and not products[apis[1]] then
    notes[#notes + 1] = format("Only in %s of the API.", apis[1])
  end
  notes[#notes + 1] = "Every command takes --profile, --api, -q, -v and others: `seranking help flags`."
  return table.concat(notes, "\n\n")
end

local EXAMPLES = { id = "147696", date = "30d", month = "2026-09", integer = "1", number = "1", boolean = "true", flag = "true",
  file = "FILE", object = "JSON" }
local BY_NAME = { domain = "example.com", target = "example.com", url = "https://example.com", keyword = "'buy boots'",
  keywords = "'buy boots'", source = "us", country_code = "us", date_to = "today" }

-- Texts of which one fits, where a text must have a form.
local FORMS = { "us", "US", "en-US", "https://example.com", "00000000-0000-4000-8000-000000000000", "2026-09-01", "1" }

-- A text that fits a definition: the usual one, or another; nil if none does.
local function fitting(definition, usual)
  local first
  for _, allowed in ipairs(definition.enum or {}) do
    first = first or tostring(allowed)
    if allowed == usual then
      return usual
    end
  end
  if first then
    return first
  elseif not definition.form or usual and usual:find(definition.form[1]) then
    return usual
  end
  for _, text in ipairs(FORMS) do
    if text:find(definition.form[1]) then
      return text
    end
  end
end

--- A value for an example.
---@param parameter seranking.cli.Parameter
---@return string
function help.example(parameter)
  local definition = parameter.definition
  return fitting(definition, BY_NAME[parameter.path[#parameter.path]])
    or EXAMPLES[parameter.element or definition.type] or "TEXT"
end

-- Whether a parameter is in a list of parameters.
local function is_among(list, parameter)
  for _, other in ipairs(list) do
    if other == parameter then
      return true
    end
  end
  return false
end

-- A command line with what is required, of a choice the first. Never wrapped: it is there to be copied.
local function example_of(name, shape)
  local words = { "seranking " .. name }
  local choice, chosen = shape.choice or shape.changes, false
  for _, parameter in ipairs(shape.positional) do
    local by_choice = not parameter.required and choice ~= nil
    chosen = chosen or by_choice
    words[#words + 1] = (parameter.required or by_choice) and help.example(parameter) or nil
  end
  for _, parameter in ipairs(shape.list) do
    local first = choice and not chosen and parameter.path[1] == choice[1] and not parameter.path[2]
    if (parameter.required or first) and not is_among(shape.positional, parameter) then
      words[#words + 1] = parameter.flag .. " " .. help.example(parameter)
    end
  end
  return "Example: " .. table.concat(words, " ")
end

--- The help of a command.
---@param context seranking.cli.Context
---@param name string "sites list"
---@param command seranking.cli.Command
---@param parser table of argparse
---@return string
function help.text(context, name, command, parser)
  local width = math.min(WIDEST, context.terminal.width())
  parser:help_max_width(width):help_description_margin(math.min(LEFT, math.floor(width / 2)))
  if command.shape then
    parser:usage(usage_of(name, command)):epilog(notes_of(command.shape))
  end
  return parser:get_help() .. "\n" .. (command.shape and "\n" .. example_of(name, command.shape) .. "\n" or "")
end

-- ---- lists ----

-- Two columns, each row one line that is cut at the width.
local function write_rows(context, rows)
  local left, width = 0, context.terminal.is_terminal "stdout" and context.terminal.width() or math.huge
  for _, row in ipairs(rows) do
    left = math.max(left, #row[1])
  end
  for _, row in ipairs(rows) do
    local text = row[2]
    text = text_width.cut(text, math.max(11, width - left - 4), context.terminal.unicode and "…" or "~")
    context.terminal.stdout:write("  ", row[1], (" "):rep(left - #row[1] + 2), text, "\n")
  end
end

local function show_top(context)
  local out = context.terminal.stdout
  out:write("The SE Ranking API at the terminal.\n\nUsage: seranking COMMAND [FLAGS]\n\nCommands:\n")
  local rows = {}
  for _, name in ipairs(commands.BUILT_IN) do
    local command = commands.built_in(name)
    rows[#rows + 1] = command and command.listed ~= false and { name, command.about } or nil
  end
  write_rows(context, rows)
  out:write "\nThe API (`seranking sites` lists what is below):\n"
  local families, seen = {}, {}
  for name, module in pairs(index) do
    local product = name:match "^[^.]+"
    if products[product] and not seen[product] then
      seen[product] = true
      families[#families + 1] = { product, values.in_words(products[product].about) }
    elseif not products[product] then
      local family = require(module)
      families[#families + 1] = { name, values.in_words(family.about or family[1].about or "") }
    end
  end
  table.sort(families, function(a, b) return a[1] < b[1] end)
  write_rows(context, families)
  out:write "\n`seranking ops WORD` searches; `seranking COMMAND --help` has flags, answer, price and an example.\n"
end

--- Prints the operations below a path, or everything there is.
---@param context seranking.cli.Context
---@param path string "sites.keywords"; "": the top
function help.show(context, path)
  if path == "" then
    return show_top(context)
  end
  local rows = {}
  for _, found in ipairs(commands.operations()) do
    if found.name:sub(1, #path + 1) == path .. "." then
      rows[#rows + 1] = { found.name:gsub("%.", " "), values.in_words(found.description.about) }
    end
  end
  context.terminal.stdout:write(format("Usage: seranking %s COMMAND [FLAGS]\n\n", (path:gsub("%.", " "))))
  write_rows(context, rows)
end

-- Prints the flags that are not in the help of each command.
local function show_flags(context)
  local rows = {}
  for _, flag in ipairs(flags.GLOBAL) do
    rows[#rows + 1] = { (flag.short and flag.short .. ", " or "") .. "--" .. flag[1]
      .. (flag.argument and " " .. flag.argument or ""), flag.about }
  end
  context.terminal.stdout:write "Flags of every command:\n"
  write_rows(context, rows)
  context.terminal.stdout:write "\nOptions of the client, for commands that send requests:\n"
  write_rows(context, require("seranking.cli.settings").rows())
end

--- Prints rows of two columns.
help.write_rows = write_rows

-- ---- the command ----

function help.define(parser)
  parser:argument("name", "A command: sites keywords list, or sites.keywords.list."):args "*"
end

function help.run(context, parsed)
  if parsed.name[1] == "flags" and not parsed.name[2] then
    return show_flags(context)
  end
  local words = {}
  for i, word in ipairs(parsed.name) do
    words[i] = word
  end
  words[#words + 1] = "--help"
  return require("seranking.cli.main").start(context, words)
end

return help
