--- Lines with tabs, for cut and awk: tab, line break and backslash in a text are escaped.
-- SPDX-License-Identifier: MIT

local csv = require "seranking.csv"
local format = require "seranking.cli.formats.csv"

local tsv = {}

--- Goes on in a file.
function tsv.continue(file, settings)
  return format.continue_lines(csv.tab, file, settings)
end

--- See seranking.cli.output.
function tsv.open(write, settings)
  return format.lines(csv.tab, write, settings)
end

return tsv
