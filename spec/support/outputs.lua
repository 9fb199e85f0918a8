--- Outputs of the command on a terminal of strings.
-- SPDX-License-Identifier: MIT

local output = require "seranking.cli.output"
local terminal = require "support.terminal"

local outputs = {}

--- Opens an output. Raises if that fails.
---@param given table of seranking.cli.output
---@param of_terminal? table of support.terminal
---@return seranking.cli.Output output, seranking.cli.Terminal screen, string[] notes
function outputs.open(given, of_terminal)
  local notes = {}
  given.terminal = terminal.new(of_terminal)
  given.note = function(text) notes[#notes + 1] = text end
  local made, problem = output.open(given)
  assert(problem == nil, problem)
  return made, given.terminal, notes
end

--- What is wrong with an output. Raises if it opens.
---@param given table of seranking.cli.output
---@return string
function outputs.problem_of(given)
  given.terminal = terminal.new()
  local made, problem = output.open(given)
  assert(made == nil, "the output is open")
  return problem
end

--- What rows make on stdout.
---@return string text, string[] notes
function outputs.text_of(given, rows, of_terminal)
  local made, screen, notes = outputs.open(given, of_terminal)
  for _, row in ipairs(rows) do
    assert(made:row(row))
  end
  assert(made:close())
  return screen.stdout.text(), notes
end

outputs.ROWS = {
  { id = 1, name = "ropes", volume = 20 }, { id = 2, name = "boats", volume = 100 }, { id = 3, name = "anchors" },
}

return outputs
