--- `seranking ops WORD`: searches the operations, and the built-in commands, by name and summary.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local exit = require "seranking.cli.exit"
local mask = require "seranking.base.mask"
local values = require "seranking.cli.values"

local ops = { about = "Search the commands by words of their names and summaries; without a word, list the API's operations." }

function ops.define(parser)
  parser:argument("word", "Words that must all occur."):args "*"
end

local function matches(name, about, words)
  local text = (name:gsub("[._]", " ") .. " " .. name .. " " .. about):lower()
  for _, word in ipairs(words) do
    if not text:find(word:lower(), 1, true) then
      return false
    end
  end
  return true
end

function ops.run(context, parsed)
  local rows = {}
  for _, name in ipairs(parsed.word[1] and commands.BUILT_IN or {}) do
    local about = commands.built_in(name).about
    if matches(name, about, parsed.word) then
      rows[#rows + 1] = { name, values.in_words(about) }
    end
  end
  for _, found in ipairs(commands.operations()) do
    if matches(found.name, found.description.about, parsed.word) then
      rows[#rows + 1] = { found.name:gsub("%.", " "), values.in_words(found.description.about) }
    end
  end
  if not rows[1] then
    context:fail(exit.OTHER, ("no operation has '%s' in its name or summary"):format(mask.keys(table.concat(parsed.word, " "))))
  end
  require("seranking.cli.help").write_rows(context, rows)
end

return ops
