--- The flags and positional words of an operation, made from its description, and the table of parameters they stand for.
-- SPDX-License-Identifier: MIT

local encode = require "seranking.request.encode"
local exit = require "seranking.cli.exit"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"
local planner = require "seranking.request.plan"
local proxy = require "seranking.base.proxy"
local values = require "seranking.cli.values"

local unpack = table.unpack or unpack ---@diagnostic disable-line: deprecated

local arguments = {}

-- Parameters that may go by position, besides the ids: the one that says what the call is about.
local TARGETS = { "domain", "keyword", "target", "url", "keywords" }

--- A parameter, or a member of one, as a flag.
---@class seranking.cli.Parameter
---@field flag string "--filter.volume.from"
---@field path string[] { "filter", "volume", "from" }
---@field definition table
---@field element? string the type of a list's elements
---@field place "id"|"query"|"body"|"upload"|"items"
---@field required boolean in every generation that has it

--- What an operation takes.
---@class seranking.cli.Shape
---@field name string "sites.keywords.list"
---@field plans table<string, seranking.Plan> by API
---@field list seranking.cli.Parameter[] in the order of the help
---@field by_path table<string, seranking.cli.Parameter> by the dotted path
---@field positional seranking.cli.Parameter[]
---@field choice? string[] parameters of which one is required
---@field changes? string[] those of an update, which must have one
---@field rows? seranking.cli.Parameter what the rows of --from are elements of; true: items of the body

local function flag_of(path)
  return "--" .. table.concat(path, "."):gsub("_", "-")
end

local function add(shape, place, path, definition, required)
  local dotted = table.concat(path, ".")
  local known = shape.by_path[dotted]
  if known then
    known.required = known.required and required
    return
  end
  local made = { flag = flag_of(path), path = path, definition = definition, element = encode.element(definition),
    place = place, required = required or false }
  shape.list[#shape.list + 1], shape.by_path[dotted] = made, made
  if definition.type == "object" and definition.fields then
    for _, name in ipairs(proxy.sorted_names(definition.fields)) do
      local inner = {}
      for i, part in ipairs(path) do
        inner[i] = part
      end
      inner[#inner + 1] = name
      add(shape, place, inner, definition.fields[name], false)
    end
  end
end

local function add_plan(shape, plan)
  for _, id in ipairs(plan.ids) do
    add(shape, "id", { id[1] }, id[2], true)
  end
  for _, place in ipairs { "query", "body", "upload" } do
    for _, entry in ipairs(plan[place] or {}) do
      add(shape, place, { entry[1] }, entry[2], entry[3])
    end
  end
  if plan.items then
    local required = {}
    for _, entry in ipairs(notation.names(plan.items.required)) do
      required[entry[1]] = true
      add(shape, "items", { entry[1] }, plan.items.fields[entry[1]], true)
    end
    for _, name in ipairs(proxy.sorted_names(plan.items.fields)) do
      add(shape, "items", { name }, plan.items.fields[name], required[name])
    end
  end
end

local function has(list, name)
  for _, other in ipairs(list or {}) do
    if other == name then
      return true
    end
  end
  return false
end

-- The parameters that may go by position: the ids in order, then the target.
local function positional_of(shape, plan)
  local list = {}
  for _, parameter in ipairs(shape.list) do
    if parameter.place == "id" then
      list[#list + 1] = parameter
    end
  end
  for _, name in ipairs(TARGETS) do
    local parameter = shape.by_path[name]
    if parameter and parameter.place ~= "id" and (parameter.required or has(plan.one_of or plan.any_of, name)) then
      list[#list + 1] = parameter
      break
    end
  end
  return list
end

-- What the rows of --from become: items of the body, or elements of the one list that the operation needs.
local function rows_of(shape, plan)
  if plan.items then
    return true
  end
  local found
  for _, parameter in ipairs(shape.list) do
    if parameter.element and parameter.required and not values.is_json(parameter.element) then
      if found then
        return nil
      end
      found = parameter
    end
  end
  return found
end

-- The parameters of an update, of which one must be given.
local function changes_of(plan)
  local names = {}
  for i, place in ipairs(plan.changes and plan.body or {}) do
    names[i] = place[1]
  end
  return names[1] and names or nil
end

--- What an operation takes, in all generations of the API together.
---@param found seranking.cli.Found
---@return seranking.cli.Shape
function arguments.shape(found)
  local shape = { name = found.name, plans = {}, list = {}, by_path = {} }
  local first
  for _, api in ipairs(planner.apis(found.description)) do
    local plan = planner.of(found.resource, found.description, api)
    if plan then
      shape.plans[api], first = plan, first or plan
      add_plan(shape, plan)
    end
  end
  shape.choice, shape.changes = first.one_of or first.any_of, changes_of(first)
  shape.positional = positional_of(shape, first)
  shape.rows = rows_of(shape, first)
  return shape
end

-- Whether a flag may be given more than once.
local function repeats(parameter)
  return parameter.element ~= nil or parameter.place == "items" and parameter.required
end

--- Adds the flags of an operation to its parser.
---@param parser table of argparse
---@param shape seranking.cli.Shape
function arguments.define(parser, shape)
  local made = {}
  parser:argument("words"):args "*":hidden(true)
  for _, parameter in ipairs(shape.list) do
    local option = parser:option(parameter.flag, values.about(parameter)):argname(values.argname(parameter))
      :target("parameter " .. table.concat(parameter.path, "."))
    if parameter.flag:find "%-." then
      option:hidden_name((parameter.flag:gsub("(%w)%-", "%1_")))
    end
    if repeats(parameter) then
      option:count "*"
    end
    made[#made + 1] = option
  end
  if made[1] then
    parser:group("Parameters", unpack(made))
  end
end

--- The words of a command line in the form that argparse takes: a flag that is true or false may stand alone, and a value may
--- begin with a dash.
---@param parser table of argparse
---@param shape? seranking.cli.Shape
---@param words string[]
---@return string[]
function arguments.prepare(parser, shape, words)
  local options, switches, made = {}, {}, {}
  for _, option in ipairs(parser._options) do
    for _, alias in ipairs(option._aliases) do
      options[alias] = option
    end
  end
  for _, parameter in ipairs(shape and shape.list or {}) do
    switches[parameter.flag] = values.is_switch(parameter.definition) or nil
  end
  local i, plain = 1, false
  while i <= #words do
    local word, following = words[i], words[i + 1]
    local option = not plain and options[word]
    plain = plain or word == "--"
    if option and switches[option._name] then
      local given = following and values.boolean(following) ~= nil
      word = word .. "=" .. (given and following or "true")
      i = given and i + 1 or i
    elseif option and option._maxargs > 0 and following and following:find "^%-." and not options[following]
      and not following:find "^%-%-" and word:find "^%-%-" then
      word, i = word .. "=" .. following, i + 1
    end
    made[#made + 1], i = word, i + 1
  end
  return made
end

-- What to do about more words than fit: quote a phrase, or the words that go by position.
local function place_hint(shape, free, words)
  local phrase = free[1] and free[#free].path[1] == "keyword" and table.concat(words, " ", #free)
  if phrase and not phrase:find "'" then
    return ("; quote it: '%s'"):format(phrase)
  end
  local names = {}
  for i, parameter in ipairs(shape.positional) do
    names[i] = values.word(parameter)
  end
  return names[1] and "; by position go " .. table.concat(names, " ") or ""
end

-- Gives the positional words to the parameters that have no flag.
local function place_words(context, shape, given, words)
  local free = {}
  for _, parameter in ipairs(shape.positional) do
    if not given[parameter] then
      free[#free + 1] = parameter
    end
  end
  for i, word in ipairs(words) do
    local parameter = free[math.min(i, #free)]
    if not parameter or i > #free and not repeats(parameter) then
      context:fail(exit.USAGE, mask.keys(("unexpected argument '%s'%s"):format(word, place_hint(shape, free, words))))
    end
    given[parameter] = given[parameter] or {}
    table.insert(given[parameter], word)
  end
end

--- Sets the member of a table at a path; makes the tables on the way.
---@param args table
---@param path string[]
---@param value any
function arguments.set(args, path, value)
  for i = 1, #path - 1 do
    if type(args[path[i]]) ~= "table" then
      args[path[i]] = {}
    end
    args = args[path[i]]
  end
  args[path[#path]] = value
end

-- The items of a body that is a list, from flags: one for each value of a flag that may be repeated.
local function items_of(shape, given, convert)
  local common, several = {}, nil
  for _, parameter in ipairs(shape.list) do
    local texts = parameter.place == "items" and given[parameter]
    if texts and parameter.required and not parameter.element then
      several = { name = parameter.path[1], parameter = parameter, texts = texts }
    elseif texts then
      common[parameter.path[1]] = convert(parameter, texts)
    end
  end
  if not several then
    return next(common) and { common } or {}
  end
  local items = {}
  for i, text in ipairs(several.texts) do
    items[i] = { [several.name] = convert(several.parameter, { text }) }
    for name, value in pairs(common) do
      items[i][name] = value
    end
  end
  return items
end

-- "-volume" of the API's own --sort as "volume" and --sort-order desc.
local function split_sort(shape, given)
  local sort, order = shape.by_path.sort, shape.by_path.sort_order
  local name = order and given[sort] and given[sort][1]:match "^%-(.+)$"
  if name then
    given[sort] = { name }
    given[order] = given[order] or { "desc" }
  end
end

--- The table of parameters that a command line stands for. Ends the command on a value that does not fit.
---@param context seranking.cli.Context
---@param shape seranking.cli.Shape
---@param parsed table what argparse made of the command line
---@param base? table parameters of --input, which flags add to
---@return table args
function arguments.read(context, shape, parsed, base)
  local given = {}
  for _, parameter in ipairs(shape.list) do
    local texts = parsed["parameter " .. table.concat(parameter.path, ".")]
    if type(texts) == "table" then
      given[parameter] = texts[1] and texts or nil
    else
      given[parameter] = texts and { texts }
    end
  end
  place_words(context, shape, given, parsed.words or {})
  split_sort(shape, given)
  local args = base or {}
  local function convert(parameter, texts)
    local value, problem = values.read(context, parameter, texts)
    if problem then
      context:fail(exit.USAGE, parameter.flag .. " " .. problem)
    end
    return value
  end
  for _, parameter in ipairs(shape.list) do
    if given[parameter] and parameter.place ~= "items" then
      arguments.set(args, parameter.path, convert(parameter, given[parameter]))
    end
  end
  for _, item in ipairs(items_of(shape, given, convert)) do
    args[#args + 1] = item
  end
  return args
end

-- "--site-id" of a parameter's name; the name itself where there is no flag.
local function flag_named(shape, name)
  local parameter = shape.by_path[name]
  return parameter and parameter.flag or name
end

local function flags_named(shape, names)
  local list = {}
  for i, name in ipairs(names) do
    list[i] = flag_named(shape, name)
  end
  return table.concat(list, ", ")
end

-- An update that changes nothing is a mistake.
local function check_changes(context, shape, plan, args)
  local names = changes_of(plan)
  for _, name in ipairs(names or {}) do
    if args[name] ~= nil then
      return
    end
  end
  if names then
    context:fail(exit.USAGE, ("nothing to change: give %s%s"):format(names[2] and "at least one of " or "",
      flags_named(shape, names)))
  end
end

--- Ends the command if what an API needs is missing, or if flags contradict each other.
---@param context seranking.cli.Context
---@param shape seranking.cli.Shape
---@param plan seranking.Plan of the API that is asked
---@param args table
function arguments.check(context, shape, plan, args)
  local missing = {}
  for _, group in ipairs { plan.ids, plan.query, plan.body or {}, plan.upload or {} } do
    for _, place in ipairs(group) do
      if args[place[1]] == nil and (place[3] or group == plan.ids) then
        missing[#missing + 1] = flag_named(shape, place[1])
      end
    end
  end
  if plan.items and #args == 0 then
    missing[#missing + 1] = flag_named(shape, notation.names(plan.items.required)[1][1]) .. " (or --from FILE)"
  end
  if missing[1] then
    context:fail(exit.USAGE, ("%s %s required"):format(table.concat(missing, ", "), missing[2] and "are" or "is"))
  end
  for name in pairs(args) do
    if not plan.definitions[name] and not (plan.items and type(name) == "number") then
      context:fail(exit.USAGE, type(name) ~= "number" and shape.by_path[name]
        and ("%s does not exist in this generation of the API"):format(flag_named(shape, name))
        or ("--input: unknown parameter '%s'%s"):format(tostring(name), misuse.suggest(name, plan.definitions)))
    end
  end
  check_changes(context, shape, plan, args)
  local choice, count = plan.one_of or plan.any_of, 0
  for _, name in ipairs(choice or {}) do
    count = count + (args[name] ~= nil and 1 or 0)
  end
  if choice and (count == 0 or plan.one_of and count > 1) then
    context:fail(exit.USAGE, ("%s one of %s is required"):format(plan.one_of and "exactly" or "at least",
      flags_named(shape, choice)))
  end
  for _, span in ipairs(plan.spans or {}) do
    local first, last = args[span[1]], args[span[2]]
    if type(first) == "string" and type(last) == "string" and first > last then
      context:fail(exit.USAGE, ("%s (%s) is after %s (%s)"):format(flag_named(shape, span[1]), first,
        flag_named(shape, span[2]), last))
    end
  end
end

return arguments
