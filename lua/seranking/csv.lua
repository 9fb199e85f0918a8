--- CSV by RFC 4180, and its relative with tabs: rows to lines.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local core = require "lseranking"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

local csv = {}

---@class seranking.CsvStyle
---@field separator string
---@field line_end string

--- Texts with a comma, a quote or a line break are quoted.
csv.comma = { separator = ",", line_end = "\r\n" }

--- One line a row: tab, line break and backslash are escaped as \t, \n, \r and \\.
csv.tab = { separator = "\t", line_end = "\n" }

local BOM = "\239\187\191"

-- The cells of a line as values that the core writes: tables as JSON.
local function plain(row, keys)
  local cells = {}
  for i, key in ipairs(keys) do
    local value = row[key]
    if type(value) == "table" or type(value) == "function" or type(value) == "thread" or value ~= json.null
      and type(value) == "userdata" then
      local problem
      value, problem = json.encode(value, "the cell")
      if problem then
        misuse.raise("seranking.csv: %s", problem)
      end
    end
    cells[i] = value
  end
  return cells
end

---@class seranking.CsvLines
---@field add fun(row: any): integer adds the lines of a row; returns the bytes that are held
---@field add_rows fun(rows: table, first: integer, last: integer, most: integer): integer, integer adds the lines of rows until
--- `most` bytes are held; returns the place of the next row, and the bytes
---@field take fun(): string the lines since the last time

--- Makes the lines of rows. Lines are held until they are taken.
---@param style seranking.CsvStyle
---@param of seranking.Columns
---@return seranking.CsvLines
function csv.lines(style, of)
  local put, take, put_rows = core.csv_encoder(style.separator)
  local keys, indices, held = of.flat, {}, 0
  for i = 1, #of.names do
    indices[i] = i
  end
  local function emit(cells)
    held = put(cells, indices) or put(plain(cells, indices), indices)
    return true
  end
  local function unfold(row)
    of:lines(row, emit)
    return held
  end
  local function add(row)
    return put(row, keys) or unfold(row)
  end
  local function add_rows(rows, first, last, most)
    local at, size = first, 0
    while at <= last and size < most do
      if keys then
        at, size = put_rows(rows, keys, at, last, most)
      end
      if at <= last and size < most then
        at, size = at + 1, unfold(rows[at])
      end
    end
    return at, size
  end
  return { add = keys and add or unfold, add_rows = add_rows, take = take }
end

--- The header; for Excel, with a byte order mark before it.
---@param style seranking.CsvStyle
---@param of seranking.Columns
---@param bom? boolean
---@return string
function csv.header(style, of, bom)
  local put, take = core.csv_encoder(style.separator)
  local indices = {}
  for i = 1, #of.names do
    indices[i] = i
  end
  put(of.names, indices)
  return (bom and BOM or "") .. take()
end

-- ---- seranking.csv ----

---@class seranking.CsvWriter
local Writer = {}
Writer.__index = Writer

-- Writes text. A failure is remembered: file:close does not report one that write has reported.
local function put(self, text)
  if not self.problem then
    local fine, problem = self.file:write(text)
    self.problem = not fine and (problem or "the file can't be written") or nil
  end
  return self.problem == nil or nil, self.problem
end

-- Writes the header before the first row.
local function begin(self)
  self.lines = csv.lines(csv.comma, self.columns)
  put(self, csv.header(csv.comma, self.columns, self.bom))
end

--- Writes a row: one line, or one for each element of the list that the columns unfold.
---@param row table
---@return true? done, string? problem what the file's write returned
function Writer:row(row)
  if getmetatable(self) ~= Writer or type(row) ~= "table" then
    misuse.raise("writer:row takes a row, got %s", proxy.show(row))
  elseif not self.lines then
    self.columns = self.columns or columns.of_rows { row }
    begin(self)
  end
  self.lines.add(row)
  local fine, problem = put(self, self.lines.take())
  return fine, problem
end

--- Closes the file. Without a row, it has the header.
---@return true? done, string? problem the first one: of row, or of the file's close
function Writer:close()
  if not self.lines and self.columns then
    begin(self)
  end
  local closed, problem = self.file:close()
  if not closed or self.problem then
    return nil, self.problem or problem
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
