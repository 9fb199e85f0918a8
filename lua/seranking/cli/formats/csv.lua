--- CSV by RFC 4180.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local csv = require "seranking.csv"

local format = {}

--- Begins lines of a style. The header comes with the first row, or, without one, at the end if the columns are known.
---@param style seranking.CsvStyle
function format.lines(style, write, settings)
  local of, put = settings.columns, nil
  local function begin()
    put = csv.row_writer(style, of, write)
    return settings.continues or csv.header(style, of, write, settings.bom)
  end
  return {
    row = function(_, value)
      if not put then
        of = of or columns.of_rows({ value }, settings.scalars, true)
        local fine, problem = begin()
        if not fine then
          return nil, problem
        end
      end
      return put(value)
    end,
    close = function()
      if not put and of then
        return begin()
      end
      return true
    end,
  }
end

-- More than any header has.
local HEADER_MAX = 65536

--- Goes on in a file of this style: its header says which columns it has.
---@param style seranking.CsvStyle
---@param file seranking.cli.File
---@param settings seranking.cli.Settings
---@return true? done, string? problem
function format.continue_lines(style, file, settings)
  local head = file:head(HEADER_MAX):gsub("^\239\187\191", "")
  local line = head:match("^(.-)" .. style.line_end)
  if not line or not file:ends_with(style.line_end) then
    return nil, "its last line is not complete: begin again without --resume"
  end
  local names = {}
  for name in (line .. style.separator):gmatch("([^" .. style.separator .. "]*)" .. style.separator) do
    names[#names + 1] = name
  end
  local asked = settings.columns
  if asked and table.concat(asked.names, ",") ~= table.concat(names, ",") then
    return nil, ("it has the columns %s: ask for the same ones"):format(table.concat(names, ","))
  end
  local problem
  settings.columns, problem = columns.parse(names)
  return settings.columns and true, problem
end

--- Goes on in a file.
function format.continue(file, settings)
  return format.continue_lines(csv.comma, file, settings)
end

--- See seranking.cli.output.
function format.open(write, settings)
  return format.lines(csv.comma, write, settings)
end

return format
