--- Tables for eyes: columns as wide as the terminal allows. Cells are cut, never wrapped; numbers are never cut.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local csv = require "seranking.cli.formats.csv"
local json = require "seranking.base.json"
local text = require "seranking.cli.text"
local text_width = require "seranking.cli.text_width"

local table_format = {}

local GAP = "  "
local NARROWEST = 10 -- columns that a text is cut to before columns are left out

local null = json.null
local rep = string.rep

-- A value as one line without control characters: an answer must not command the terminal.
local function shown(value, unicode)
  local kind = type(value)
  if value == nil or value == null then
    return ""
  elseif kind == "number" then
    return json.number(value)
  elseif kind == "boolean" then
    return tostring(value)
  end
  local line = kind == "table" and text.json(value) or text.utf8(value)
  line = line:gsub("%s+", " "):gsub("%c", "?")
  if line:find("\194[\128-\159]") then
    line = line:gsub("\194[\128-\159]", "?") -- control characters too, to some terminals
  end
  if line:find("\226[\128\129][\166-\174]") then -- line separators, and what reorders the cells beside it
    line = line:gsub("\226\128[\168-\174]", "?"):gsub("\226\129[\166-\169]", "?")
  end
  return unicode and line or (line:gsub("[\192-\255][\128-\191]*", "?"):gsub("[\128-\255]", "?"))
end

-- ---- widths ----

-- The width of each column, of those that fit. Texts are cut first, to an equal width; then columns on the right are left out.
local function fit(widths, numeric, most)
  local count = #widths
  local function total(cap)
    local sum = (count - 1) * #GAP
    for i = 1, count do
      sum = sum + (numeric[i] and widths[i] or math.min(widths[i], cap))
    end
    return sum
  end
  while count > 1 and total(NARROWEST) > most do
    count = count - 1
  end
  local cap = NARROWEST
  while cap < most and total(cap + 1) <= most do
    cap = cap + 1
  end
  local made, left = {}, most - total(cap)
  for i = 1, count do
    local more = not numeric[i] and widths[i] > cap and left > 0 and 1 or 0 -- what can't be shared out equally
    left = left - more
    made[i] = math.min(widths[i], count == 1 and most or numeric[i] and widths[i] or cap + more)
  end
  return made
end

local function line_of(cells, widths, numeric, mark)
  local parts = {}
  for i, width in ipairs(widths) do
    local cell, own = text_width.cut(cells[i] or "", width, mark)
    local blank = rep(" ", width - own)
    parts[i] = numeric[i] and blank .. cell or i == #widths and cell or cell .. blank
  end
  return (table.concat(parts, GAP):gsub(" +$", ""))
end

-- Writes the lines of a table. `numeric`: columns that are aligned to the right.
local function write_table(write, settings, names, lines, numeric)
  local widths, unicode, mark = {}, settings.terminal.unicode, settings.terminal.unicode and "…" or "~"
  local header = {}
  for i, name in ipairs(names) do
    header[i] = shown(name, unicode)
    widths[i] = text_width.width(header[i])
  end
  for _, cells in ipairs(lines) do
    for i = 1, #names do
      widths[i] = math.max(widths[i], cells[i] and text_width.width(cells[i]) or 0)
    end
  end
  local fitted = settings.width and fit(widths, numeric, settings.width) or widths
  local missing = #names - #fitted
  local head = line_of(header, fitted, numeric, mark)
  local fine, problem = write((settings.colour and "\27[1m" .. head .. "\27[0m" or head) .. "\n")
  for _, cells in ipairs(lines) do
    if not fine then
      return nil, problem
    end
    fine, problem = write(line_of(cells, fitted, numeric, mark) .. "\n")
  end
  if missing > 0 and settings.note then
    settings.note(("%d of %d columns fit: choose some with --columns, or -o csv for all"):format(#fitted, #names))
  end
  return fine, problem
end

-- ---- rows ----

local SPARK_WIDTH = 30 -- columns at most: a cell that is cut would lose the newest numbers

-- The text of a row's list of numbers as a small chart.
local function spark_of(row, settings)
  local values, reversed = { n = 0 }, settings.spark:find "pos" ~= nil -- position 1 is the best: on top
  settings.spark_columns:lines(row, function(cells)
    values.n = values.n + 1
    values[values.n] = tonumber(cells[1])
    return true
  end)
  return require "seranking.cli.chart.spark"(values, {
    reversed = reversed, unicode = settings.terminal.unicode, width = SPARK_WIDTH,
  })
end

-- Takes the cells of a row as texts. A column is numeric as long as all its cells are numbers.
local function add_line(state, cells, settings)
  local line = {}
  for i = 1, #state.names do
    local value = cells[i]
    if value ~= nil then
      if type(value) ~= "number" then
        state.texts[i] = true
      elseif not state.texts[i] then
        state.numeric[i] = true
      end
      line[i] = shown(value, settings.terminal.unicode)
    end
  end
  state.lines[#state.lines + 1] = line
  return line
end

local function close_rows(rows, write, settings)
  local of = settings.columns or columns.of_rows(rows, settings.scalars)
  if not settings.columns and not rows[1] then
    if settings.note then
      settings.note "no rows"
    end
    return true
  end
  if not settings.columns then
    csv.tell(settings, rows[1])
  end
  local state = { names = {}, lines = {}, numeric = {}, texts = {} }
  for i, name in ipairs(of.names) do
    state.names[i] = name
  end
  for _, row in ipairs(rows) do
    local line
    of:lines(row, function(cells)
      line = add_line(state, cells, settings)
      return true
    end)
    if settings.spark then
      line[#of.names + 1] = spark_of(row, settings)
    end
  end
  if settings.spark then
    state.names[#of.names + 1] = settings.spark
  end
  for i in pairs(state.texts) do
    state.numeric[i] = nil
  end
  return write_table(write, settings, state.names, state.lines, state.numeric)
end

-- ---- documents ----

-- Members of an object as lines of two cells, nested ones as "a.b".
local function add_members(lines, value, before, unicode)
  local names = {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local member, path = value[name], before .. tostring(name)
    if type(member) ~= "table" or member == null then
      lines[#lines + 1] = { shown(path, unicode), shown(member, unicode) }
    elseif type(member[1]) == "table" then
      lines[#lines + 1] = { shown(path, unicode), ("%d elements: --columns %s[].…"):format(#member, path) }
    elseif next(member) == nil or member[1] ~= nil then
      lines[#lines + 1] = { shown(path, unicode), shown(member, unicode) }
    else
      add_members(lines, member, path .. ".", unicode)
    end
  end
end

--- See seranking.cli.output.
function table_format.open(write, settings)
  local rows, done = {}, false
  local made = {}
  function made.rows(_, list, first, last)
    for i = first, last do
      rows[#rows + 1] = list[i]
    end
    return true
  end
  function made.document(_, value)
    done = true
    if settings.columns then
      return close_rows({ value }, write, settings)
    end
    if type(value) ~= "table" or value == null then
      return write(shown(value, settings.terminal.unicode) .. "\n")
    end
    local lines = {}
    add_members(lines, value, "", settings.terminal.unicode)
    return write_table(write, settings, { "member", "value" }, lines, {})
  end
  function made.close()
    return done or close_rows(rows, write, settings)
  end
  return made
end

return table_format
