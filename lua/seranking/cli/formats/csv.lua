--- CSV by RFC 4180.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local csv = require "seranking.csv"

local format = {}

--- Tells of the members of the first row that have no column.
---@param settings seranking.cli.Settings
---@param row any
function format.tell(settings, row)
  local text = settings.note and columns.left_out(row)
  if text then
    settings.note(text)
  end
end

-- Bytes of lines that are held before they are written: a page at once, as a rule.
local HELD = 262144

--- Begins lines of a style. The header comes with the first row, or, without one, at the end if the columns are known.
---@param style seranking.CsvStyle
function format.lines(style, write, settings)
  local of, lines = settings.columns, nil
  local function begin(row)
    if not of then
      of = columns.of_rows({ row }, settings.scalars, true)
      format.tell(settings, row)
    end
    lines = csv.lines(style, of)
    return settings.continues or write(csv.header(style, of, settings.bom))
  end
  local made = {}
  function made.rows(_, list, first, last)
    local fine, problem = true, nil
    if not lines then
      fine, problem = begin(list[first])
    end
    while fine and first <= last do
      local held
      first, held = lines.add_rows(list, first, last, HELD)
      if held >= HELD then
        fine, problem = write(lines.take())
      end
    end
    return fine, problem
  end
  function made.flush()
    return not lines or write(lines.take())
  end
  function made.close()
    if not lines and of then
      return begin()
    end
    return true
  end
  return made
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
