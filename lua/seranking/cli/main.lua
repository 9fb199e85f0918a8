--- The command: finds what is to be done, does it, and turns what went wrong into one line and an exit status.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local contexts = require "seranking.cli.context"
local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local mask = require "seranking.base.mask"

local main = {}

-- Whether help is asked for: --help or -h before a "--".
local function wants_help(words)
  for _, word in ipairs(words) do
    if word == "--" then
      return false
    elseif word == "--help" or word == "-h" then
      return true
    end
  end
  return false
end

local function concat(one, other, from)
  local all = {}
  for i, word in ipairs(one) do
    all[i] = word
  end
  for i = from, #other do
    all[#all + 1] = other[i]
  end
  return all
end

local function parse(context, parser, command, words)
  local arguments = require "seranking.cli.arguments"
  local fine, parsed = parser:pparse(arguments.prepare(parser, command.shape, words))
  if not fine then
    context:fail(exit.USAGE, mask.keys((tostring(parsed):gsub("\nDid", "; did"):gsub("\n", " "))))
  end
  for _, flag in ipairs(flags.GLOBAL) do
    local name = flag[1]:gsub("-", "_")
    context.flags[name], parsed[name] = parsed[name], nil
  end
  return parsed
end

-- Runs a command: `define(parser)`, then `run(context, arguments)`.
local function run(context, name, command, words)
  local parser = commands.parser(name, command)
  if wants_help(words) then
    context.terminal.stdout:write(require("seranking.cli.help").text(context, name, command, parser))
    return exit.DONE
  end
  return command.run(context, parse(context, parser, command, words))
end

--- Runs a command line.
---@param context seranking.cli.Context
---@param arguments string[]
---@return integer? status
function main.start(context, arguments)
  if arguments[1] == "__complete" then
    return require("seranking.cli.complete").run(context, concat({}, arguments, 2))
  end
  local leading, words = flags.split(arguments)
  local command = words[1] and commands.built_in(words[1])
  if command and command.takes_words then
    return command.run(context, concat({}, words, 2))
  elseif context.terminal.begin then
    context.terminal.begin()
  end
  if command then
    return run(context, words[1], command, concat(leading, words, 2))
  end
  local found = commands.operation(words)
  if found and found.description then
    local operation = require "seranking.cli.operation"
    return run(context, found.name:gsub("%.", " "), operation.command(found), concat(leading, words, found.words + 1))
  end
  local next_word = words[(found and found.words or 0) + 1]
  if leading.unknown and not (found and next_word) then
    context:fail(exit.USAGE, ("unknown option '%s' before a command; %s"):format(mask.keys(leading.unknown),
      (leading.unknown:find "token" or leading.unknown:find "key")
      and "the key is never a flag: run `seranking login`, or set SERANKING_TOKEN"
      or "options of an operation go after its name, and `seranking --help` lists the commands"))
  elseif next_word and not next_word:find "^%-" then
    context:fail(exit.USAGE, commands.unknown(found and found.name or "", next_word))
  end
  for _, word in ipairs(leading) do
    if word == "--version" then
      context.terminal.stdout:write("seranking ", require("seranking").version, "\n")
      return exit.DONE
    end
  end
  return require("seranking.cli.help").show(context, found and found.name or "")
end

--- Runs the command.
---@param arguments string[]
---@param terminal seranking.cli.Terminal
---@param options? seranking.Options for the client, as specs need them
---@return integer status
function main.run(arguments, terminal, options)
  local context = contexts.new(arguments, terminal, options)
  local fine, status = pcall(main.start, context, arguments)
  if not fine then
    status = require("seranking.cli.problems").report(context, status)
  end
  if context._client then
    context._client:close()
  end
  local flushed, problem = require("seranking.cli.files").stdout(terminal.stdout):flush()
  if not flushed and problem ~= "closed" and (status or exit.DONE) == exit.DONE then
    status = exit.OTHER
    require("seranking.cli.problems").write(context, status, problem)
  end
  return status or exit.DONE
end

return main
