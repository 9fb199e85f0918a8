--- `seranking __complete WORDS`: what may follow in a command line, for the scripts of `seranking completion`.
-- SPDX-License-Identifier: MIT
--
-- The last word is the one under the cursor. Prints a candidate a line, "--columns<tab>what it is"; the line ":files" asks the
-- shell for names of files. Works without a network and a key; a broken configuration only hides the names of profiles.

local commands = require "seranking.cli.commands"
local flags = require "seranking.cli.flags"
local index = require "seranking.api"
local products = require "seranking.api.products"

local complete = {}

local FILES = { files = true }
local DATES = { "today", "yesterday", "7d", "30d", "90d" }
local FORMATS = { "table", "json", "jsonl", "csv", "tsv", files = true }

-- ---- command names ----

local function first_sentence(text)
  return text and text:match "^(.-%.)%s" or text
end

-- The first words: built-in commands, and families of the API.
local function top_names()
  local found = {}
  for _, name in ipairs(commands.BUILT_IN) do
    local command = commands.built_in(name)
    found[#found + 1] = command and { name, command.about }
  end
  for name, module in pairs(index) do
    local product = name:match "^([^.]+)%."
    found[#found + 1] = product and { product, products[product].about } or { name, require(module).about }
  end
  return found
end

-- What is below the path of a resource, such as "sites.keywords".
local function names_below(path)
  local found, prefix = {}, path .. "."
  local function add(name, about)
    if name:sub(1, #prefix) == prefix then
      local rest = name:sub(#prefix + 1)
      local first = rest:match "^[^.]+"
      found[#found + 1] = { first, first == rest and about or nil }
    end
  end
  for name, module in pairs(index) do
    if (name .. "."):sub(1, #prefix) == prefix or prefix:sub(1, #name + 1) == name .. "." then
      local family = require(module)
      add(name, family.about)
      for _, resource in ipairs(family) do
        add(resource.name, resource.about)
        for _, operation in ipairs(resource.operations) do
          add(resource.name .. "." .. operation[1], operation.about)
        end
      end
    end
  end
  return found
end

-- Names that may follow words that name no operation yet. With dots: the last part is the one under the cursor.
local function command_names(words, current)
  local before = current:match "^(.*)%.[^.]*$"
  local path = table.concat(words, ".") .. (before and (words[1] and "." or "") .. before or "")
  local found = path == "" and top_names() or names_below(path)
  for _, name in ipairs(before and found or {}) do
    name[1] = before .. "." .. name[1]
  end
  return found
end

-- ---- values ----

local function profile_names()
  local config = require "seranking.profiles".read()
  local names = {}
  for name in pairs(config and config.profiles or {}) do
    names[#names + 1] = name
  end
  return names
end

-- Paths of the members of a row.
local function columns(shape)
  local _, plan = next(shape.plans)
  local names = {}
  for _, field in ipairs(require "seranking.base.notation".fields(plan.fields)) do
    if field.type ~= "object" and field.type ~= "array" then
      names[#names + 1] = { field.path, field.note }
    end
  end
  return names
end

-- Candidates for the last element of a list with commas.
local function in_list(candidates, current, sign)
  local before = current:match "^.*," or ""
  local found = {}
  local prefix = before .. (sign and current:sub(#before + 1):match "^%-" or "")
  for i, candidate in ipairs(candidates) do
    local name = type(candidate) == "table" and candidate[1] or candidate
    found[i] = { prefix .. name, type(candidate) == "table" and candidate[2] or nil }
  end
  return found
end

-- Values of a parameter of the API.
local function parameter_values(parameter, current)
  local definition, kind = parameter.definition, parameter.element or parameter.definition.type
  local found = definition.enum
  if kind == "file" then
    return FILES
  elseif not found then
    found = (kind == "date" and DATES) or ((kind == "boolean" or kind == "flag") and { "true", "false" }) or {}
  end
  return parameter.element and in_list(found, current) or found
end

local function values_of(option, shape, current)
  local target, argname = option._target, option._argname
  local parameter = shape and target and shape.by_path[target:match "^parameter (.*)$" or ""]
  if parameter then
    return parameter_values(parameter, current)
  elseif target == "profile" then
    return profile_names()
  elseif target == "output" then
    return argname == "TO" and FORMATS or FILES
  elseif shape and (target == "columns" or target == "spark" or option._name == "--sort") then
    return in_list(columns(shape), current, option._name == "--sort")
  elseif option._choices then
    return option._choices
  end
  return (argname == "FILE" or argname == "DIR") and FILES or {}
end

-- ---- one command ----

-- Options of a parser, and of the subcommand of argparse that the words name.
local function options_of(parser, words)
  local by_name, list, at = {}, {}, parser
  local function add(from)
    for _, option in ipairs(from._options) do
      list[#list + 1] = option
      for _, name in ipairs(option._aliases) do
        by_name[name] = option
      end
    end
  end
  add(parser)
  for _, word in ipairs(words) do
    for _, command in ipairs(at._commands) do
      if command._name == word then
        at = command
        add(command)
      end
    end
  end
  return by_name, list, at
end

local function flag_names(list, current)
  local found = {}
  for _, option in ipairs(list) do
    local setting = type(option._target) == "string" and option._target:find "^setting " or option._target == "header"
      or option._target == "extra"
    for _, name in ipairs(option._aliases) do
      if (not setting or #current > 2) and (not name:find "_" or name == option._name) then
        found[#found + 1] = { name, first_sentence(option._description) }
      end
    end
  end
  return found
end

-- What may be at the cursor in a command that has a parser.
local function of_command(parser, shape, words, current)
  local by_name, list, at = options_of(parser, words)
  local last = words[#words]
  local flag, value = current:match "^(%-%-[^=]+)=(.*)$"
  if last == "=" or current == "=" then -- bash makes words of their own of "--flag", "=" and the value
    last = words[#words - (current == "=" and 0 or 1)]
    current = current == "=" and "" or current
  elseif flag and by_name[flag] then
    local found = {}
    for i, candidate in ipairs(values_of(by_name[flag], shape, value)) do
      found[i] = flag .. "=" .. (type(candidate) == "table" and candidate[1] or candidate)
    end
    return found
  end
  local option = by_name[last]
  if option and option._maxargs > 0 then
    return values_of(option, shape, current), current
  elseif current:find "^%-" then
    return flag_names(list, current)
  end
  local found = {}
  for _, command in ipairs(at._commands) do
    found[#found + 1] = { command._name, command._description }
  end
  for _, argument in ipairs(at._arguments) do
    for _, choice in ipairs(argument._choices or {}) do
      found[#found + 1] = choice
    end
  end
  return (found[1] or current ~= "") and found or flag_names(list, current)
end

-- What may be at the cursor after `fake`.
local function of_fake(words, current)
  local server, run = require "seranking.cli.fake".parsers()
  if not server then
    return {}
  elseif words[1] ~= "run" then
    local found = of_command(server, nil, words, current)
    if not words[1] and current == "" or ("run"):sub(1, #current) == current and not words[1] then
      found[#found + 1] = { "run", "run a Lua script against a server of its own" }
    end
    return found
  end
  return current:find "^%-" and of_command(run, nil, words, current) or FILES
end

--- The candidates for the last of some words, not yet cut to those that begin like it.
---@param words string[]
---@return table candidates each a text or { text, about? }; its field `files` asks for names of files
---@return string current
local function candidates(words)
  local before = {}
  for i = 1, #words - 1 do
    before[i] = words[i]
  end
  local current = words[#words] or ""
  local leading, rest = flags.split(before)
  local name = rest[1]
  if not name then
    local parser = require "argparse" "seranking"
    flags.add_global(parser)
    local option = options_of(parser, {})[leading[#leading]]
    if current:find "^%-" or option and option._maxargs > 0 then
      return of_command(parser, nil, leading, current), current
    end
    return command_names({}, current), current
  end
  table.remove(rest, 1)
  if name == "fake" then
    return of_fake(rest, current), current
  elseif name == "help" then
    return command_names(rest, current), current
  end
  local command = commands.built_in(name)
  if command then
    return of_command(commands.parser(name, command), command.shape, rest, current)
  end
  table.insert(rest, 1, name)
  local found = commands.operation(rest)
  if found and found.description then
    local made = require "seranking.cli.operation".command(found)
    local after = {}
    for i = found.words + 1, #rest do
      after[#after + 1] = rest[i]
    end
    return of_command(commands.parser(found.name, made), made.shape, after, current)
  end
  return command_names(rest, current), current
end

--- Prints the candidates for the last word.
---@param context seranking.cli.Context
---@param words string[]
function complete.run(context, words)
  local found, current = candidates(words)
  current = current or words[#words] or ""
  if current == "=" then
    current = ""
  end
  local about, names = {}, {}
  for _, candidate in ipairs(found) do
    local name, text = candidate, nil
    if type(candidate) == "table" then
      name, text = candidate[1], candidate[2]
    end
    name = tostring(name)
    if name:sub(1, #current) == current then
      if about[name] == nil then
        names[#names + 1] = name
      end
      about[name] = text or about[name] or false
    end
  end
  table.sort(names)
  local stdout = context.terminal.stdout
  for _, name in ipairs(names) do
    stdout:write(name, about[name] and "\t" .. about[name]:gsub("%s+", " ") or "", "\n")
  end
  if found.files then
    stdout:write ":files\n"
  end
end

return complete
