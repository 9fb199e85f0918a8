--- JSON Lines: a row a line.
-- SPDX-License-Identifier: MIT

local text = require "seranking.cli.text"

local jsonl = {}

--- See seranking.cli.output.
function jsonl.open(write, settings)
  local json_text = text.json_of(settings.columns)
  return {
    rows = function(_, list, first, last)
      local fine, problem = true, nil
      while fine and first <= last do
        fine, problem = write(json_text(list[first]) .. "\n")
        first = first + 1
      end
      return fine, problem
    end,
    close = function()
      return true
    end,
  }
end

return jsonl
