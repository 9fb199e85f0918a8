--- The commands there are: those built in, and each operation of the API, found from the descriptions.
-- SPDX-License-Identifier: MIT

local flags = require "seranking.cli.flags"
local index = require "seranking.api"
local mask = require "seranking.base.mask" -- a word of the command line may be a misplaced key
local misuse = require "seranking.base.misuse"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

local commands = {}

--- A built-in command: the module seranking.cli.NAME, with "_" for "-".
---@class seranking.cli.Command
---@field about string one sentence
---@field define fun(parser: table) adds arguments and options to its argparse command
---@field run fun(context: seranking.cli.Context, arguments: table): integer? exit status, 0 if left out
---@field shape? seranking.cli.Shape of an operation: what it takes
---@field takes_words? boolean run gets the words behind the command's name as they are, --help too; there is no define
---@field listed? boolean false: the help does not list it

--- Names of the built-in commands, in the order of the help.
commands.BUILT_IN = { "login", "logout", "status", "ops", "help", "raw", "chart", "report", "brand-report", "limits", "fake",
  "completion" }

--- The module of a built-in command; nil if there is none of this name.
---@param name string
---@return seranking.cli.Command?
function commands.built_in(name)
  for _, other in ipairs(commands.BUILT_IN) do
    if other == name then
      return require("seranking.cli." .. name:gsub("-", "_"))
    end
  end
end

-- "sites.list" "x" as { "sites", "list", "x" }: names may be joined by dots. The words of a flag, and all after it, stay.
local function parts_of(words)
  local parts, counts = {}, {} -- counts[n]: how many words have the first n parts
  for i, word in ipairs(words) do
    if not word:find "^[%a_][%w_.]*$" then
      break
    end
    for part in word:gmatch "[^.]+" do
      parts[#parts + 1], counts[#parts + 1] = part, i
    end
  end
  return parts, counts
end

-- The resources of a family, and how many parts its name has; nil if there is no such family.
local function family_of(parts)
  local name, count = parts[1], 1
  if products[name] then
    name, count = name .. "." .. tostring(parts[2]), 2
  end
  return index[name] and require(index[name]), count
end

--- What words name.
---@class seranking.cli.Found
---@field name string full name, "sites.keywords.list"
---@field words integer how many words name it
---@field resource? table of an operation: its resource's description
---@field description? table of an operation: its description

--- The operation that words name, or the longest resource; nil if the first word names neither.
---@param words string[]
---@return seranking.cli.Found?
function commands.operation(words)
  local parts, counts = parts_of(words)
  if products[parts[1]] and not index[parts[1] .. "." .. tostring(parts[2])] then
    return { name = parts[1], words = counts[1] }
  end
  local family, least = family_of(parts)
  if not family then
    return nil
  end
  local best = { name = table.concat(parts, ".", 1, least), words = counts[least] }
  for _, resource in ipairs(family) do
    local count = select(2, resource.name:gsub("[^.]+", ""))
    if resource.name == table.concat(parts, ".", 1, math.min(count, #parts)) then
      for _, description in ipairs(resource.operations) do
        if description[1] == parts[count + 1] then
          return { name = resource.name .. "." .. description[1], words = counts[count + 1], resource = resource,
            description = description }
        end
      end
      if counts[count] and #resource.name > #best.name then
        best = { name = resource.name, words = counts[count] }
      end
    end
  end
  return best
end

--- All operations, sorted by name.
---@return seranking.cli.Found[]
function commands.operations()
  local list = {}
  for _, module in pairs(index) do
    for _, resource in ipairs(require(module)) do
      for _, description in ipairs(resource.operations) do
        list[#list + 1] = { name = resource.name .. "." .. description[1], resource = resource, description = description }
      end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

--- The names that may follow a resource's name; those of the top if it is "".
---@param path string
---@return string[]
function commands.below(path)
  local names = {}
  if path == "" then
    for _, name in ipairs(commands.BUILT_IN) do
      names[name] = true
    end
  end
  local prefix = path == "" and "" or path .. "."
  for _, operation in ipairs(commands.operations()) do
    if operation.name:sub(1, #prefix) == prefix then
      names[operation.name:sub(#prefix + 1):match "^[^.]+"] = true
    end
  end
  return proxy.sorted_names(names)
end

--- The argparse parser of a command.
---@param name string "sites list"
---@param command seranking.cli.Command
---@return table parser
function commands.parser(name, command)
  local parser = require "argparse"("seranking " .. name, command.about):add_help(false)
  command.define(parser)
  flags.add_global(parser)
  return parser
end

--- The message for a word that names nothing below a path.
---@param path string
---@param word string
---@return string
function commands.unknown(path, word)
  local names = commands.below(path)
  local text = ("there is no command '%s'"):format((path ~= "" and path:gsub("%.", " ") .. " " or "") .. mask.keys(word))
  local meant = misuse.nearest(word, names)
  for _, name in ipairs(names) do
    meant = meant or name:sub(1, #word + 1) == word .. "-" and name
  end
  if meant then
    return ("%s; did you mean '%s'?"):format(text, (path ~= "" and path:gsub("%.", " ") .. " " or "") .. meant)
  elseif path == "" then
    return text .. "; `seranking ops WORD` searches, `seranking --help` lists"
  end
  return ("%s; there are: %s"):format(text, table.concat(names, ", "))
end

return commands
