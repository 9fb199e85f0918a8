--- JSON Lines: a row a line.
-- SPDX-License-Identifier: MIT

local text = require "seranking.cli.text"

local jsonl = {}

--- See seranking.cli.output.
function jsonl.open(write)
  return {
    row = function(_, value)
      return write(text.json(value) .. "\n")
    end,
    close = function()
      return true
    end,
  }
end

return jsonl
