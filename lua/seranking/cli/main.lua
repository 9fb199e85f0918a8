--- The command: finds what is to be done, does it, and turns what went wrong into one line and an exit status.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local contexts = require "seranking.cli.context"
local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"

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

-- Takes the global flags out of what was parsed.
local function take_flags(context, parsed)
  for _, flag in ipairs(flags.GLOBAL) do
    local name = flag[1]:gsub("-", "_")
    context.flags[name], parsed[name] = parsed[name], nil
  end
end

local function parse(context, parser, words)
  local fine, parsed = parser:pparse(words)
  if not fine then
    context:fail(exit.USAGE, ("%s (`%s --help`)"):format(tostring(parsed):gsub("\n", " "), parser._name))
  end
  take_flags(context, parsed)
  return parsed
end

local function new_parser(name, about)
  local parser = require "argparse"(name, about):add_help(false)
  parser:flag("-h --help", "Show this help.")
  return parser
end

local function concat(...)
  local all = {}
  for i = 1, select("#", ...) do
    for _, word in ipairs((select(i, ...))) do
      all[#all + 1] = word
    end
  end
  return all
end

local function after(words, count)
  local rest = {}
  for i = count + 1, #words do
    rest[#rest + 1] = words[i]
  end
  return rest
end

-- Runs a command: `define(parser)`, then `run(context, arguments)`.
local function run(context, name, command, words)
  local parser = new_parser("seranking " .. name, command.about)
  command.define(parser)
  flags.add_global(parser)
  if wants_help(words) then
    context.terminal.stdout:write(parser:get_help(), "\n")
    return exit.DONE
  end
  return command.run(context, parse(context, parser, words))
end

function main.start(context, arguments)
  local leading, words = flags.split(arguments)
  local command = words[1] and commands.built_in(words[1])
  if command then
    return run(context, words[1], command, concat(leading, after(words, 1)))
  end
  local found = commands.operation(words)
  if found and found.description then
    local operation = require "seranking.cli.operation"
    return run(context, found.name:gsub("%.", " "), operation.command(found), concat(leading, after(words, found.words)))
  end
  local next_word = words[(found and found.words or 0) + 1]
  if next_word and not next_word:find "^%-" then
    context:fail(exit.USAGE, commands.unknown(found and found.name or "", next_word))
  end
  return require("seranking.cli.help").show(context, found and found.name or "")
end

-- Writes what ended the command. Returns the exit status.
local function report(context, problem)
  local stderr = context.terminal.stderr
  if exit.is_stop(problem) then
    if problem.message then
      stderr:write("seranking: ", problem.message, "\n")
    end
    return problem.status
  elseif require("seranking").is_error(problem) then
    stderr:write("seranking: ", tostring(problem), "\n")
    return exit.of(problem)
  elseif tostring(problem):find "interrupted!$" then -- the interpreter's own, for Ctrl-C
    return exit.INTERRUPTED
  end
  stderr:write("seranking: ", tostring(problem), "\n")
  return exit.OTHER
end

--- Runs the command.
---@param arguments string[]
---@param terminal seranking.cli.Terminal
---@param options? seranking.Options for the client, as specs need them
---@return integer status
function main.run(arguments, terminal, options)
  local context = contexts.new(terminal, options)
  local fine, status = pcall(main.start, context, arguments)
  if not fine then
    status = report(context, status)
  end
  terminal.stdout:flush()
  return status or exit.DONE
end

return main
