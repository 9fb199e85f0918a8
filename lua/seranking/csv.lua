--- CSV by RFC 4180, and its relative with tabs: rows to lines.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

local csv = {}

local concat, find, gsub = table.concat, string.find, string.gsub
local null, number_text = json.null, json.number

-- The text of a value that is no string.
local function other_text(value)
  local kind = type(value)
  if kind == "number" then
    return number_text(value)
  elseif value == nil or value == null then
    return ""
  elseif kind == "boolean" then
    return value and "true" or "false"
  end
  local text, problem = json.encode(value, "the cell")
  if not text then
    misuse.raise("seranking.csv: %s", problem)
  end
  return text
end

-- Spreadsheets take texts that begin like this for formulas, and run them. A number is none.
local FORMULA, NUMBER = "^[=+%-@\t\r]", "^[+-]?%d+%.?%d*$"

local function defused(text)
  if find(text, FORMULA) and not find(text, NUMBER) then
    return "'" .. text
  end
  return text
end

local function quoted_cell(value)
  local text = type(value) == "string" and defused(value) or other_text(value)
  if find(text, '[",\r\n]') then
    return '"' .. gsub(text, '"', '""') .. '"'
  end
  return text
end

local ESCAPES = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r", ["\\"] = "\\\\" }

local function escaped_cell(value)
  local text = type(value) == "string" and defused(value) or other_text(value)
  if find(text, "[\t\r\n\\]") then
    return (gsub(text, "[\t\r\n\\]", ESCAPES))
  end
  return text
end

---@class seranking.CsvStyle
---@field cell fun(value: any): string
---@field separator string
---@field line_end string
---@field blank? string a line with one empty cell

--- CSV. An empty line would be no record, so one empty cell is quoted.
csv.comma = { cell = quoted_cell, separator = ",", line_end = "\r\n", blank = '""' }

--- One line a row: tab, line break and backslash are escaped as \t, \n, \r and \\.
csv.tab = { cell = escaped_cell, separator = "\t", line_end = "\n" }

--- A function that makes the line of a list of cells.
---@param style seranking.CsvStyle
---@param count integer
---@return fun(cells: table): string
function csv.joiner(style, count)
  local cell, separator, line_end, blank = style.cell, style.separator, style.line_end, style.blank
  local parts = {}
  return function(cells)
    for i = 1, count do
      parts[i] = cell(cells[i])
    end
    local line = concat(parts, separator, 1, count)
    if line == "" and blank and count == 1 then
      line = blank
    end
    return line .. line_end
  end
end

--- A function that writes the lines of a row.
---@param style seranking.CsvStyle
---@param of seranking.Columns
---@param write fun(text: string): true?, any
---@return fun(row: any): true?, any
function csv.row_writer(style, of, write)
  local join, flat = csv.joiner(style, #of.names), of.flat
  if flat then
    local cells = {}
    return function(row)
      for i = 1, #flat do
        cells[i] = row[flat[i]]
      end
      return write(join(cells))
    end
  end
  local function emit(cells)
    return write(join(cells))
  end
  return function(row)
    return of:lines(row, emit)
  end
end

--- Begins CSV: writes the header, and, for Excel, a byte order mark before it.
---@param style seranking.CsvStyle
---@param of seranking.Columns
---@param write fun(text: string): true?, any
---@param bom? boolean
function csv.header(style, of, write, bom)
  return write((bom and "\239\187\191" or "") .. csv.joiner(style, #of.names)(of.names))
end

-- ---- seranking.csv ----

---@class seranking.CsvWriter
local Writer = {}
Writer.__index = Writer

-- Writes the header before the first row.
local function begin(self)
  self.put = csv.row_writer(csv.comma, self.columns, self.write)
  return csv.header(csv.comma, self.columns, self.write, self.bom)
end

--- Writes a row: one line, or one for each element of the list that the columns unfold.
---@param row table
---@return true? done, string? problem what the file's write returned
function Writer:row(row)
  if getmetatable(self) ~= Writer or type(row) ~= "table" then
    misuse.raise("writer:row takes a row, got %s", proxy.show(row))
  elseif not self.put then
    self.columns = self.columns or columns.of_rows { row }
    local fine, problem = begin(self)
    if not fine then
      return nil, problem
    end
  end
  return self.put(row)
end

--- Closes the file. Without a row, it has the header.
---@return true? done, string? problem
function Writer:close()
  local written, unwritten = true, nil
  if not self.put and self.columns then
    written, unwritten = begin(self)
  end
  local closed, problem = self.file:close()
  if not (written and closed) then
    return nil, unwritten or problem
  end
  return true
end

--- Writes CSV to a file: RFC 4180, with a header. Texts that a spreadsheet would run as a formula get a quote before them.
---@param file table|userdata with write and close, as io.open returns it
---@param names? string|string[] paths: "id", "settings.limit", or "positions[].date", which makes a line of each element;
--- left out: the members of the first row that are no lists and objects
---@param given? { bom?: boolean } bom: begin with a byte order mark, as Excel wants it
---@return seranking.CsvWriter
function csv.new(file, names, given)
  if type(file) ~= "userdata" and type(file) ~= "table" then
    misuse.raise("seranking.csv takes an open file and columns, got %s", proxy.show(file))
  end
  local made = setmetatable({ file = file, bom = given and given.bom or false }, Writer)
  function made.write(text)
    local fine, problem = file:write(text)
    return fine and true or nil, problem
  end
  if names ~= nil then
    local parsed, problem = columns.parse(names)
    if not parsed then
      misuse.raise("seranking.csv: %s", problem)
    end
    made.columns = parsed
  end
  return made
end

return csv
