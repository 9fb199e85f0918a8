--- Where an answer goes, and in which format: stdout, or a file that has its name only when it is complete.
-- SPDX-License-Identifier: MIT
--
-- A format is a module with open(write, settings) → { rows = function(self, list, first, last), close = function(self) }. It
-- may have document(self, value), if an answer that is no list looks different from a row, and flush(self), if it holds lines
-- back. The module may have continue(file, settings), which prepares a part for more rows, and mend(file), which ends one that
-- was cut. `write(text)` returns true, or nil and a message. Settings: see seranking.cli.Settings.

local columns = require "seranking.columns"
local files = require "seranking.cli.files"
local json = require "seranking.base.json"
local money = require "seranking.cli.money"

local output = {}

local format = string.format

--- What formats are told.
---@class seranking.cli.Settings
---@field columns? seranking.Columns
---@field scalars string[] members of a row that a description knows, except lists and objects, in its order
---@field bom boolean begin CSV with a byte order mark
---@field continues boolean rows are written already: no header
---@field terminal seranking.cli.Terminal
---@field width? integer columns of the terminal that the output goes to; nil: as wide as it comes
---@field colour boolean
---@field spark? string
---@field note? fun(text: string) tells the user something, on stderr

local FORMATS = { "table", "json", "jsonl", "csv", "tsv" }

-- Endings of file names.
local BY_ENDING = { json = "json", jsonl = "jsonl", ndjson = "jsonl", csv = "csv", tsv = "tsv", txt = "table" }

local BUFFER = 65536 -- bytes that are collected before they are written

---@class seranking.cli.Output
---@field on_screen boolean rows are written to a terminal as they come
---@field broken? string why nothing can be written any more
local Output = {}
Output.__index = Output

-- Writes what was collected.
local function drain(self)
  if self.broken then
    return nil, self.broken
  elseif self.count == 0 then
    return true
  end
  local text = self.count == 1 and self.pieces[1] or table.concat(self.pieces, "", 1, self.count)
  self.pieces, self.count, self.size = {}, 0, 0
  local fine, problem = self.file:write(text)
  if not fine then
    self.broken = problem
  end
  return fine, problem
end

-- Collects text, and writes it when there is enough.
local function collect(self, text)
  local count = self.count + 1
  self.pieces[count], self.count = text, count
  self.size = self.size + #text
  if self.size >= BUFFER then
    return drain(self)
  end
  return true
end

-- ---- opening ----

local function is_format(name)
  for _, known in ipairs(FORMATS) do
    if name == known then
      return true
    end
  end
  return false
end

--- Reads what -o was given: a format, or a file name.
---@param word string
---@return { to: string?, format: string? }
function output.parse(word)
  if is_format(word) then
    return { format = word }
  end
  return { to = word }
end

-- The format: as given, by the file's ending, or by what stdout is. nil and what is wrong.
local function format_of(given)
  if given.format then
    if is_format(given.format) then
      return given.format
    end
    return nil, format("there is no format '%s': choose %s", given.format, table.concat(FORMATS, ", "))
  elseif not given.to or given.to == "-" then
    return given.terminal.is_terminal "stdout" and "table" or "json"
  end
  local ending = given.to:match "%.(%w+)$"
  if ending and BY_ENDING[ending:lower()] then
    return BY_ENDING[ending:lower()]
  end
  return nil, files.directory(given.to)
    or files.special(given.to) and format("the name %s does not tell the format: choose one and redirect stdout, as in "
      .. "-o csv > %s", given.to, given.to)
    or format("the name %s does not tell the format: end it in .csv, .tsv, .json, .jsonl or .txt", given.to)
end

local function sort_keys(text)
  local keys = {}
  for word in (text .. ","):gmatch "([^,]*)," do
    local sign, name = word:match "^%s*(%-?)(.-)%s*$"
    local parsed, problem = columns.parse { name }
    if not parsed then
      return nil, problem
    elseif name:find("[]", 1, true) then
      return nil, format("--sort %s: rows can't be sorted by a list; choose a member of the row, or make the list's elements "
        .. "the rows with --rows %s", name, name:match "^(.-)%[%]")
    end
    keys[#keys + 1] = { name = name, descending = sign == "-", columns = parsed }
  end
  return keys
end

-- Whether columns, sort keys and the sparkline go together, and name what the rows are known to have.
local function check_columns(self, given)
  local names = {}
  for _, name in ipairs(self.settings.columns and self.settings.columns.names or {}) do
    names[#names + 1] = name
  end
  for _, key in ipairs(self.sort or {}) do
    names[#names + 1] = key.name
  end
  names[#names + 1] = given.spark
  self.named = names
  if given.members and given.members[1] and names[1] then
    return columns.check(names, given.members)
  end
  return true
end

local function read_columns(self, given)
  local settings = self.settings
  local problem
  if given.columns then
    settings.columns, problem = columns.parse(given.columns)
    if not settings.columns then
      return nil, problem
    end
  end
  if given.sort then
    self.sort, problem = sort_keys(given.sort)
    if not self.sort then
      return nil, problem
    end
  end
  if given.spark then
    settings.spark_columns, problem = columns.parse { given.spark }
    if not settings.spark_columns then
      return nil, problem
    elseif self.format_name ~= "table" then
      return nil, "--spark is for -o table: other formats have the numbers themselves"
    elseif settings.columns and settings.columns:unfolds() then
      return nil, "--spark draws a list as one cell: take the columns with [] out of --columns"
    end
  end
  return check_columns(self, given)
end

---@class seranking.cli.OutputOptions
---@field to? string a file; "-" or nil: stdout
---@field format? string default: by the file's ending; on stdout, table on a terminal, else json
---@field columns? string|string[] see seranking.columns
---@field sort? string members of a row: "-volume,name"
---@field bom? boolean
---@field spark? string a list of numbers to draw, "positions[].pos"
---@field resume? boolean go on in the part of an earlier run
---@field members? { path: string, type?: string }[] of a row, as far as the description knows them
---@field terminal seranking.cli.Terminal
---@field note? fun(text: string)

--- Opens an output. Checks everything that can be checked before a request is sent.
---@param given seranking.cli.OutputOptions
---@return seranking.cli.Output? output, string? problem
function output.open(given)
  local name, problem = format_of(given)
  if not name then
    return nil, problem
  end
  local terminal, to_stdout = given.terminal, not given.to or given.to == "-"
  local on_screen = to_stdout and terminal.is_terminal "stdout"
  local self = setmetatable({ format_name = name, known = given.members, pieces = {}, size = 0, count = 0,
    taken = 0 }, Output)
  self.on_screen = on_screen and name ~= "table"
  self.settings = {
    scalars = columns.scalars(given.members or {}), bom = given.bom or false, continues = false, terminal = terminal,
    note = given.note,
    width = (on_screen or to_stdout and terminal.getenv "COLUMNS") and terminal.width() or nil,
    colour = to_stdout and terminal.colour "stdout" or false, spark = given.spark,
  }
  local fine
  fine, problem = read_columns(self, given)
  if not fine then
    return nil, problem
  end
  local format_module = require("seranking.cli.formats." .. name)
  if to_stdout then
    self.file = files.stdout(terminal.stdout)
  else
    if given.resume and self:holds() then
      return nil, format("%s can't be resumed: its rows are written when all are there", self:holds())
    end
    self.file, problem = files.open(given.to, given.resume, given.note)
    if not self.file then
      return nil, problem
    end
    fine, problem = self:continue(format_module)
    if not fine then
      self.file:abandon()
      return nil, problem
    end
  end
  self.mend = format_module.mend
  self.writer = format_module.open(function(text)
    return collect(self, text)
  end, self.settings)
  return self
end

--- What holds all rows back until the end; nil: they are written as they come.
---@return "--sort"|"a table"|nil
function Output:holds()
  return self.sort and "--sort" or self.format_name == "table" and "a table" or nil
end

-- Prepares a part that has rows already for more.
function Output:continue(format_module)
  if self.file.size == 0 then
    return true
  end
  local fine, problem
  self.settings.continues = true
  if format_module.continue then
    fine, problem = format_module.continue(self.file, self.settings)
  else
    fine, problem = self.file:ends_with "\n", "its last line is not complete: begin again without --resume"
  end
  if not fine then
    return nil, format("can't go on in %s: %s", self.file.part, problem)
  end
  return true
end

-- ---- writing ----

--- Writes what was collected.
---@return true? done, string? problem
function Output:flush()
  if self.writer.flush and not self.broken then
    self.writer:flush()
  end
  return drain(self)
end

--- Writes what was collected, and marks the place: if a later write fails, a file is cut to its last mark. Mark it where a
--- token of the walk belongs to the rows so far.
---@return true? done, string? problem
function Output:mark()
  local fine, problem = self:flush()
  if fine then
    self.file:mark()
  end
  return fine, problem
end

-- The check that the first row allows.
local function check_first(self, value)
  self.checked = true
  if self.named[1] then
    return columns.check_row(self.named, value, self.known)
  end
  return true
end

--- Takes the rows list[first] to list[last].
---@param list table
---@param first? integer default: 1
---@param last? integer default: the last of the list
---@return true? done, string? problem "closed": the reader of the pipe has gone
function Output:rows(list, first, last)
  first, last = first or 1, last or #list
  self.taken = self.taken + math.max(0, last - first + 1)
  if self.broken then
    return nil, self.broken
  elseif first > last then
    return true
  elseif not self.checked then
    local fine, problem = check_first(self, list[first])
    if not fine then
      return nil, problem
    end
    self.has_rows = true
  end
  if not self.sort then
    return self.writer:rows(list, first, last)
  end
  self.held = self.held or {}
  for i = first, last do
    self.held[#self.held + 1] = list[i]
  end
  return true
end

--- Takes a row.
---@param value any
---@return true? done, string? problem
function Output:row(value)
  return self:rows({ value }, 1, 1)
end

--- Takes an answer that is no list of rows.
---@param value any
---@return true? done, string? problem
function Output:document(value)
  if self.writer.document and not (type(value) == "table" and value[1] ~= nil and self.format_name == "table") then
    self.has_document, self.has_rows = true, true
    return self.writer:document(value)
  elseif type(value) ~= "table" or value[1] == nil then
    return self:row(value)
  end
  return self:rows(value)
end

-- ---- the end ----

local RANK = { number = 1, string = 2, boolean = 3 }

-- Whether a value comes before another: numbers, texts, then the rest. nil: they are equal. Missing ones are always last.
local function before(a, b, descending)
  if a == b then
    return nil
  elseif a == nil or b == nil then
    return b == nil
  end
  local first, second = RANK[type(a)] or 4, RANK[type(b)] or 4
  if first ~= second then
    return first < second
  elseif first > 2 then
    a, b = tostring(a), tostring(b)
    if a == b then
      return nil
    end
  end
  if descending then
    return a > b
  end
  return a < b
end

-- Gives the rows to the format in their order. Equal ones stay as they came.
local function write_sorted(self)
  local list, keys = {}, self.sort
  for i, row in ipairs(self.held) do
    list[i] = { row = row, at = i }
    for k, key in ipairs(keys) do
      key.columns:lines(row, function(cells)
        list[i][k] = cells[1]
        return true
      end)
    end
  end
  table.sort(list, function(a, b)
    for k, key in ipairs(keys) do
      local first = before(a[k], b[k], key.descending)
      if first ~= nil then
        return first
      end
    end
    return a.at < b.at
  end)
  self.held = nil
  for i, entry in ipairs(list) do
    list[i] = entry.row
  end
  return self.writer:rows(list, 1, #list)
end

-- Writes what is left, so that the output is valid.
local function complete(self)
  if self.completed or self.broken then
    return nil, self.broken
  end
  self.completed = true
  local fine, problem = true, nil
  if self.held then
    fine, problem = write_sorted(self)
  end
  if fine and not self.has_document then
    fine, problem = self.writer:close()
  end
  if fine then
    fine, problem = self:flush()
  end
  return fine, problem
end

-- Tells a person what is in the file.
local function tell(self)
  local file, settings = self.file, self.settings
  if file.path and settings.note and settings.terminal.is_terminal "stderr" then
    local rows = format("%s%s row%s", money.format(self.taken), file.begun > 0 and " more" or "", self.taken == 1 and "" or "s")
    settings.note(format("%s in %s", self.has_document and "the answer is" or rows, file.path))
  end
end

--- Completes the output. A file gets its name. If that fails, call keep.
---@return true? done, string? problem
function Output:close()
  local fine, problem = complete(self)
  if fine then
    fine, problem = self.file:finish()
  end
  if fine then
    tell(self)
  end
  return fine, problem
end

--- Ends an output that is not complete: what was written is made valid, and a file is kept under the name of its part.
---@param document? boolean the answer that did not come is no list: null as JSON, not []
---@return string? part the path of the part; nil: stdout, or nothing is kept
---@return string? problem
function Output:keep(document)
  local fine, problem = true, nil
  if document and not self.has_document and self.format_name == "json" then
    self.has_document = true
    self.writer:document(json.null)
  end
  if self.has_rows or self.file.begun > 0 or self.format_name == "json" then
    fine, problem = complete(self)
  end
  if not fine and self.broken and self.file:cut() and self.mend then
    self.mend(self.file)
  end
  return self.file:keep(self.has_rows or self.file.begun > 0), problem
end

return output
