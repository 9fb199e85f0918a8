--- JSON Lines: a row a line.
-- SPDX-License-Identifier: MIT

local text = require "seranking.cli.text"

local jsonl = {}

--- See seranking.cli.output.
function jsonl.open(write, settings)
  local json_text = text.json_of(settings.columns)
  return {
    row = function(_, value)
      return write(json_text(value) .. "\n")
    end,
    close = function()
      return true
    end,
  }
end

return jsonl
