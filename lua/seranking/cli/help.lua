--- `seranking help`: what a command, a resource or the whole has.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local exit = require "seranking.cli.exit"

local help = { about = "Show what a command does: its flags, answer and price." }

function help.define(parser)
  parser:argument("name", "A command, as `sites keywords list` or `sites.keywords.list`."):args "*"
end

--- Prints what is below a path.
---@param context seranking.cli.Context
---@param path string
function help.show(context, path)
  for _, name in ipairs(commands.below(path)) do
    context.terminal.stdout:write((path ~= "" and path:gsub("%.", " ") .. " " or "") .. name, "\n")
  end
end

function help.run(context, arguments)
  local words = {}
  for _, word in ipairs(arguments.name) do
    words[#words + 1] = word
  end
  words[#words + 1] = "--help"
  return require("seranking.cli.main").start(context, words) or exit.DONE
end

return help
