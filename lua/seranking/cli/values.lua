--- The text of a flag as the value of a parameter, checked by the library's own rules.
-- SPDX-License-Identifier: MIT

local flags = require "seranking.cli.flags"
local lazy = require "seranking.base.lazy"
local wording = require "seranking.wording"

-- Loaded when there is a value to read: help needs none of them, nor libcurl.
local json = lazy "seranking.base.json"
local encode, params = lazy "seranking.request.encode", lazy "seranking.request.params"
local input = lazy "seranking.cli.input"

local values = {}

local BOOLEANS = { ["true"] = true, yes = true, on = true, ["1"] = true, ["false"] = false, no = false, off = false,
  ["0"] = false }

--- The boolean that a word means; nil if it means none.
---@param word string
---@return boolean?
function values.boolean(word)
  return BOOLEANS[word:lower()]
end

--- Whether a flag may stand alone, for true.
---@param definition table
---@return boolean
function values.is_switch(definition)
  return definition.type == "boolean" or definition.type == "flag"
end

--- The name of a parameter that goes by position, as the help shows it: SITE_ID, KEYWORD….
---@param parameter seranking.cli.Parameter
---@return string
function values.word(parameter)
  return parameter.path[1]:upper() .. (parameter.element and "…" or "")
end

local ARGNAMES = { id = "ID", integer = "N", number = "N", date = "DATE", month = "YYYY-MM", file = "FILE", object = "JSON",
  boolean = "true|false", flag = "true|false" }

--- What stands for a flag's value in the help.
---@param parameter seranking.cli.Parameter
---@return string
function values.argname(parameter)
  local kind = parameter.element or parameter.definition.type
  local name = ARGNAMES[kind] or kind:find "[%[]" and "JSON" or "TEXT"
  return name .. (parameter.element and name ~= "JSON" and "," .. name or "")
end

--- A text of a description in the command's words: `sites list` for client.sites:list.
---@param text string
---@return string
function values.in_words(text)
  return (text:gsub("client%.([%w_.]*[%w_]):?([%w_]*)", function(path, name)
    return "`" .. (path .. (name ~= "" and "." .. name or "")):gsub("%.", " ") .. "`"
  end))
end

--- A line about a flag.
---@param parameter seranking.cli.Parameter
---@return string
function values.about(parameter)
  local definition = parameter.definition
  local text = values.in_words(definition.about or "")
  local own = setmetatable({ nullable = false, secret = false }, { __index = definition })
  local limits = wording.limits(own):gsub('"', "")
  if definition.secret then
    text = text .. "; other users can see a command line, so give it by --input"
  end
  if definition.nullable then
    text = text .. "; null clears it"
  end
  if parameter.required then
    text = text .. (text ~= "" and " " or "") .. "(required)"
  end
  return text .. (limits ~= "" and (text ~= "" and " " or "") .. "(" .. limits .. ")" or "")
end

-- ---- dates ----

local DAY = 86400
local DATE = "must be a date: YYYY-MM-DD, today, yesterday, or 30d for 30 days ago"

-- The day some days before now, in local time. Noon, since days with a change of clocks have 23 or 25 hours.
local function day_before(now, days)
  local today = os.date("*t", now)
  return os.date("%Y-%m-%d", os.time { year = today.year, month = today.month, day = today.day, hour = 12 } - days * DAY)
end

-- "2025-09-10" of "today", "yesterday", "30d"; any other text as it is.
local function date_of(context, text)
  local days = text == "today" and 0 or text == "yesterday" and 1 or tonumber(text:match "^(%d%d?%d?%d?)d$")
  return days and day_before(context.terminal.now(), days) or text
end

-- ---- one value ----

-- The elements of a text: split at commas; "\," is a comma.
local function split(text, list)
  local part, at = "", 1
  while at <= #text do
    local char = text:sub(at, at)
    if char == "\\" and text:sub(at + 1, at + 1) == "," then
      part, at = part .. ",", at + 1
    elseif char == "," then
      list[#list + 1], part = part, ""
    else
      part = part .. char
    end
    at = at + 1
  end
  list[#list + 1] = part
end

local function json_of(text)
  local value = json.decode(text, true)
  if type(value) ~= "table" then
    return nil, ("must be JSON, got %q"):format(#text > 40 and text:sub(1, 40) .. "…" or text)
  end
  return value
end

-- A file for an upload.
local function file_of(path)
  local data, problem = input.file(path)
  if not data then
    return nil, "can't be read: " .. problem
  end
  return { filename = path:match "[^/]*$", data = data }
end

--- Whether values of a type are written as JSON: objects, and lists.
---@param kind string
---@return boolean
function values.is_json(kind)
  return kind:find "^object" ~= nil or kind:find "%[%]$" ~= nil
end

local is_json = values.is_json

-- A text as a value of a type that is no list. A text that does not fit stays a text, which the check refuses.
local function scalar(context, kind, text)
  if kind == "integer" then
    return text:find "^[+-]?%d+$" and tonumber(text) or text
  elseif kind == "number" then
    return text:find "^[+-]?[%d.]+$" and tonumber(text) or text
  elseif kind == "flag" or kind == "boolean" then
    local value = BOOLEANS[text:lower()]
    if value == nil then
      return text
    end
    return value
  elseif kind == "date" then
    return date_of(context, text)
  elseif is_json(kind) then
    return json_of(text)
  elseif kind == "file" then
    return file_of(text)
  end
  return text
end

-- What is wrong with a value.
local function problem_of(definition, kind, value)
  local fine, problem, got
  if kind == "file" then
    return nil
  elseif is_json(kind) then
    fine, problem, got = encode.json(definition, value)
  elseif definition.type == kind then
    fine, problem, got = params.scalar(definition, value, kind)
  else
    fine, problem, got = encode.query({}, "x", definition, value)
  end
  if fine then
    return nil
  elseif kind == "date" then
    problem = DATE
  elseif kind == "month" then
    problem = "must be a month: YYYY-MM"
  end
  problem = problem:gsub(" %(digits, as a number or a string%)", " (digits)")
    :gsub("{ from =, to = }", "an object with from and to")
  return params.told(definition, problem, got)
    .. (kind == "integer" and type(value) == "string" and flags.without_separators(value) or "")
end

--- The value of texts, of which a list may have several.
---@param context seranking.cli.Context
---@param parameter { definition: table, element: string? }
---@param texts string[]
---@return any value, string? problem
function values.read(context, parameter, texts)
  local definition, element = parameter.definition, parameter.element
  local value, problem
  if definition.nullable and texts[1] == "null" and not texts[2] then
    return json.null
  elseif element and not is_json(element) then
    local parts = {}
    for _, text in ipairs(texts) do
      if text ~= "" then
        split(text, parts)
      end
    end
    value = {}
    for i, part in ipairs(parts) do
      value[i] = scalar(context, element, part)
    end
  elseif element and texts[2] then
    return nil, "is given twice"
  else
    value, problem = scalar(context, definition.type, texts[1])
  end
  return value, problem or problem_of(definition, element or definition.type, value)
end

return values
