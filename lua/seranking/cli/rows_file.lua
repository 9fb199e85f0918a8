--- Files of rows for --from: CSV or JSON Lines. Mistakes are told with file and line, before anything is sent.
-- SPDX-License-Identifier: MIT

local encode = require "seranking.request.encode"
local exit = require "seranking.cli.exit"
local input = require "seranking.cli.input"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local params = require "seranking.request.params"
local proxy = require "seranking.base.proxy"
local values = require "seranking.cli.values"

local rows_file = {}

-- ---- CSV, by RFC 4180; tabs if the first line has them and no comma ----

-- The next field from `at`: its text, the position behind it, and the line breaks inside; nil if a quote is not closed.
local function field(text, at, separator)
  if text:sub(at, at) ~= '"' then
    local value, behind = text:match("^([^\r\n" .. separator .. "]*)()", at)
    return value, behind, 0
  end
  local parts, from = {}, at + 1
  while true do
    local stop = text:find('"', from, true)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop + 1, stop + 1) ~= '"' then
      local value = table.concat(parts, '"')
      return value, stop + 1, select(2, value:gsub("\n", ""))
    end
    from = stop + 2
  end
end

--- The records of a CSV text, each with its line; nil, what is wrong, and the line.
---@param text string
---@return { line: integer, [integer]: string }[]? records, string? problem, integer? line
function rows_file.records(text)
  text = text:gsub("^\239\187\191", "")
  local first = text:match "^[^\r\n]*"
  local separator = first:find "\t" and not first:find "," and "\t" or first:find ";" and not first:find "," and ";" or ","
  local records, at, line = {}, 1, 1
  while at <= #text do
    local record = { line = line }
    repeat
      local value, behind, breaks = field(text, at, separator)
      if not value then
        return nil, "a quoted field does not end", line
      end
      record[#record + 1], line = value, line + breaks
      local char = text:sub(behind, behind)
      if char ~= "" and char ~= separator and not char:find "[\r\n]" then
        return nil, "text after a quoted field", line
      end
      at = behind + 1
    until char ~= separator
    at = text:sub(at - 1, at) == "\r\n" and at + 1 or at
    line = line + 1
    if record[2] or record[1] ~= "" then -- no empty line
      records[#records + 1] = record
    end
  end
  return records
end

-- ---- items ----

local function fail(context, path, line, format, ...)
  context:fail(exit.USAGE, ("%s:%d: %s"):format(path, line, format:format(...)))
end

-- "; did you mean …", or the columns there may be: not all members of objects, of which there may be dozens.
local function suggest(name, fields)
  local top = {}
  for one in pairs(fields) do
    top[one] = not one:find(".", 1, true) or nil
  end
  return misuse.nearest(name, proxy.sorted_names(fields)) and misuse.suggest(name, fields) or misuse.suggest(name, top)
end

local function from_csv(context, path, text, fields)
  local records, problem, line = rows_file.records(text)
  if not records then
    fail(context, path, line, "%s", problem)
  elseif not records[1] then
    return {}
  end
  local header = records[1]
  for _, name in ipairs(header) do
    if not fields[name] then
      fail(context, path, 1, "unknown column '%s'%s", name, suggest(name, fields))
    end
  end
  local items = {}
  for i = 2, #records do
    local record, item = records[i], { line = records[i].line, values = {} }
    if #record ~= #header then
      fail(context, path, record.line, "%d fields, but the first line has %d", #record, #header)
    end
    for n, name in ipairs(header) do
      if record[n] ~= "" then
        local value, wrong = values.read(context, fields[name], { record[n] })
        if wrong then
          fail(context, path, record.line, "%s %s", name, wrong)
        end
        item.values[name] = value
      end
    end
    items[#items + 1] = item
  end
  return items
end

--- The objects of a text of JSON Lines. Ends the command at the first mistake.
---@param context seranking.cli.Context
---@param path string for messages
---@param text string
---@return { line: integer, values: table<string, any> }[]
function rows_file.json_lines(context, path, text)
  local items, line = {}, 0
  for row in (text:gsub("\r?\n$", "") .. "\n"):gmatch "(.-)\r?\n" do
    line = line + 1
    if row:find "%S" then
      local value, problem = json.decode(row, true)
      if type(value) ~= "table" then
        fail(context, path, line, "%s", problem or "must be a JSON object")
      end
      items[#items + 1] = { line = line, values = value }
    end
  end
  return items
end

local function from_json_lines(context, path, text, fields)
  local items = rows_file.json_lines(context, path, text)
  for _, item in ipairs(items) do
    for name, member in pairs(item.values) do
      if not fields[name] then
        fail(context, path, item.line, "unknown member '%s'%s", tostring(name), suggest(tostring(name), fields))
      end
      local fine, wrong, got = encode.json(fields[name].definition, member)
      if not fine then
        fail(context, path, item.line, "%s %s", name, params.told(fields[name].definition, wrong, got))
      end
    end
  end
  return items
end

--- The rows of a file as tables of values, each with its line. Ends the command at the first mistake.
---@param context seranking.cli.Context
---@param path string "-": stdin
---@param fields table<string, seranking.cli.Parameter> the columns there may be
---@return { line: integer, values: table<string, any> }[]
function rows_file.read(context, path, fields)
  local text = input.read(context, "--from", path)
  local lines = path:find "%.jsonl$" or path:find "%.ndjson$" or text:find "^%s*{"
  local items = (lines and from_json_lines or from_csv)(context, path, text, fields)
  if not items[1] then
    context:fail(exit.USAGE, path .. ": no rows")
  end
  for _, item in ipairs(items) do
    for name, parameter in pairs(fields) do
      if parameter.required and (item.values[name] == nil or item.values[name] == "") then
        fail(context, path, item.line, "%s is missing", name)
      end
    end
  end
  return items
end

return rows_file
