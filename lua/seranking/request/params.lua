--- Parameter types: checking a value and writing it into a path, a query or a JSON body.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local rows = require "seranking.request.rows"

local params = {}

local format, match = string.format, string.match
local math_type = math.type ---@diagnostic disable-line: deprecated
local MAX_EXACT = 2 ^ 53

--- Both functions of a type give nil and what is wrong, as the end of a sentence that begins with the parameter's name.
---@class seranking.ParameterType
---@field text fun(value: any): string?, string? for a path or a query
---@field json fun(value: any): string?, string? for a body

-- A value as it is shown in an error.
local function show(value)
  if type(value) == "string" then
    value = mask.keys(value) -- before it is cut
    return #value > 40 and format("%q…", value:sub(1, 40)) or format("%q", value)
  elseif type(value) == "number" or type(value) == "boolean" then
    return tostring(value)
  elseif value == json.null then
    return "null"
  end
  return "a " .. type(value)
end

-- A whole number that is exact: an integer of Lua 5.3 and later, or a float below 2^53.
local function whole(value)
  return math_type and math_type(value) == "integer"
    or type(value) == "number" and value % 1 == 0 and value > -MAX_EXACT and value < MAX_EXACT
end

local function wrong(wanted, value)
  return nil, format("must be %s, got %s", wanted, show(value))
end

local function text_of(value)
  if type(value) ~= "string" then
    return wrong("a string", value)
  end
  local bad = core.utf8_error(value)
  if bad then
    return nil, format("is not valid UTF-8 at byte %d", bad)
  end
  return value
end

local function quoted(value)
  local text, problem = text_of(value)
  return text and json.string(text), problem
end

local function integer_of(value)
  if whole(value) then
    return json.number(value)
  end
  return wrong("a whole number", value)
end

-- The API gives ids both as numbers and as text, and takes digits alone.
local function id_of(value)
  if whole(value) and value >= 0 then
    return json.number(value)
  elseif type(value) == "number" and value >= MAX_EXACT and value < math.huge then
    return nil, format("must be given as a string: the number %s is too large to be exact", show(value))
  elseif value == "" then
    return nil, "must not be empty"
  elseif type(value) == "string" and match(value, "^%d+$") then
    return match(value, "^0*(%d+)$")
  end
  return wrong("an id (digits, as a number or a string)", value)
end

local function number_of(value)
  if type(value) == "number" and value == value and value ~= math.huge and value ~= -math.huge then
    return json.number(value)
  end
  return wrong("a finite number", value)
end

-- 0/1 on the wire; true and false are taken too.
local function flag_of(value)
  if value == true or value == 1 then
    return "1"
  elseif value == false or value == 0 then
    return "0"
  end
  return wrong("0, 1, true or false", value)
end

-- Text that may be given as a whole number.
local function any_text(value)
  if whole(value) then
    return json.number(value)
  elseif type(value) ~= "string" then
    return wrong("a string or a whole number", value)
  end
  return text_of(value)
end

local function boolean_of(value)
  local flag = flag_of(value)
  if flag then
    return flag == "1" and "true" or "false"
  end
  return wrong("true or false", value)
end

local DAYS = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- What os.time gives from 2001 to 5138. Smaller numbers are dates like 20260910, larger ones are milliseconds.
local TIME_MIN, TIME_MAX = 1e9, 1e11

-- A day as text: of what os.time gives, in local time, or of a table like that of os.date("*t"). Anything else as it is.
local function day_of(value)
  if type(value) == "number" and value >= TIME_MIN and value < TIME_MAX then
    return os.date("%Y-%m-%d", math.floor(value))
  elseif type(value) == "table" and whole(value.year) and whole(value.month) and whole(value.day) then
    return format("%04d-%02d-%02d", value.year, value.month, value.day)
  end
  return value
end

local function date_of(value)
  local text = day_of(value)
  local year, month, day = match(type(text) == "string" and text or "", "^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  month, day = tonumber(month), tonumber(day)
  local leap = year and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  if year and DAYS[month] and day >= 1 and day <= DAYS[month] and (leap or month ~= 2 or day ~= 29) then
    return text
  end
  return wrong("a date (YYYY-MM-DD, a number of os.time, or a table like os.date(\"*t\"))", text)
end

local function month_of(value)
  local text = day_of(value)
  text = text ~= value and text:sub(1, 7) or value
  local month = tonumber(match(type(text) == "string" and text or "", "^%d%d%d%d%-(%d%d)$"))
  if month and month >= 1 and month <= 12 then
    return text
  end
  return wrong("a month (YYYY-MM, a number of os.time, or a table like os.date(\"*t\"))", value)
end

---@type table<string, seranking.ParameterType>
local types = {
  id = { text = id_of, json = id_of },
  integer = { text = integer_of, json = integer_of },
  number = { text = number_of, json = number_of },
  string = { text = text_of, json = quoted },
  text = {
    text = any_text,
    json = function(value)
      local text, problem = any_text(value)
      return text and json.string(text), problem
    end,
  },
  flag = { text = flag_of, json = flag_of },
  boolean = { text = flag_of, json = boolean_of },
  month = {
    text = month_of,
    json = function(value)
      local text, problem = month_of(value)
      return text and json.string(text), problem
    end,
  },
  date = {
    text = date_of,
    json = function(value)
      local text, problem = date_of(value)
      return text and json.string(text), problem
    end,
  },
}

-- What min, max and enum allow. Values are compared as they are written: 200 and 200.0 are the same.
local function limits(definition, value, text)
  if definition.enum then
    local words = {}
    for i, allowed in ipairs(definition.enum) do
      local word = type(allowed) == "number" and json.number(allowed) or tostring(allowed)
      if word == text then
        return true
      end
      words[i] = word
    end
    return nil, format("must be one of %s, got %s", table.concat(words, ", "), show(value))
  end
  if definition.max_length or definition.min_length then
    local length = select(2, tostring(value):gsub("[^\128-\191]", ""))
    local least, most = definition.min_length or 0, definition.max_length or math.huge
    if length < least or length > most then
      return nil, least == most and format("must have %d characters, got %d", least, length)
        or length < least and format("must have at least %d characters, got %d", least, length)
        or format("must have at most %d characters, got %d", most, length)
    end
  end
  if definition.form and not match(tostring(value), definition.form[1]) then
    return wrong(definition.form[2], value)
  end
  local number = tonumber(text)
  if number and (definition.min and number < definition.min or definition.max and number > definition.max) then
    if definition.min and definition.max then
      return nil, format("must be from %s to %s, got %s", definition.min, definition.max, text)
    end
    return nil, format(definition.min and "must be at least %s, got %s" or "must be at most %s, got %s",
      definition.min or definition.max, text)
  end
  return true
end

local function scalar_text(definition, value, kind)
  local text, problem = types[kind].text(value)
  if not text then
    return nil, problem
  end
  local fine
  fine, problem = limits(definition, value, text)
  return fine and text or nil, problem
end

--- The type of a list's elements: "id" for "id[]"; nil for what is no list.
---@param definition table
---@return string?
function params.element(definition)
  return match(definition.type, "^(.*)%[%]$")
end

--- A list's length; nil and what is wrong with it.
---@param value any
---@return integer? length, string? problem
function params.check_list(value)
  if type(value) ~= "table" then
    return wrong("a list", value)
  end
  local count = 0
  for key in pairs(value) do
    count = count + 1
    if type(key) ~= "number" then
      return nil, format("must be a list, but has the name '%s'", tostring(key))
    end
  end
  if count ~= #value then
    return nil, "must be a list without holes"
  end
  return count
end

-- Whether a value is no list, but stands for a list of one: a scalar, or an object where objects are wanted.
local function is_lone(definition, value)
  return type(value) ~= "table"
    or match(definition.type, "^object%[%]") ~= nil and value[1] == nil and type((next(value))) == "string"
end

-- The list that a list parameter was given, and its length. nil and what is wrong.
local function list_of(definition, value)
  if is_lone(definition, value) then
    value = { value }
  end
  local count, problem = params.check_list(value)
  if not count then
    return nil, problem
  elseif definition.max_items and count > definition.max_items then
    return nil, format("must have at most %d elements, got %d", definition.max_items, count)
  elseif definition.min_items and count < definition.min_items then
    return nil, format("must have at least %d element%s, got %d", definition.min_items,
      definition.min_items == 1 and "" or "s", count)
  end
  return value, count
end

-- Writes each element of a list by `write`.
local function write_list(definition, given, element, write)
  local value, count = list_of(definition, given)
  if not value then
    return nil, count
  end
  local problem
  local list = {}
  for i = 1, count do
    list[i], problem = write(definition, value[i], element)
    if not list[i] then
      return nil, value[1] == given and problem or format("element %d %s", i, problem)
    end
  end
  return list
end

--- An id as it is sent: digits alone; nil when it is none.
---@param value any
---@return string?
function params.id(value)
  return (id_of(value))
end

--- Writes a value for a path segment.
---@param definition table
---@param value any
---@return string? text, string? problem
function params.text(definition, value)
  return scalar_text(definition, value, definition.type)
end

local json_of

local function element_json(definition, value, kind)
  if match(kind, "%[%]$") then -- a list of lists
    return json_of(setmetatable({ type = kind, max_items = false, min_items = false }, { __index = definition }), value)
  elseif kind == "object" then
    if definition.fields then
      return params.object(definition, value)
    elseif type(value) ~= "table" then
      return wrong("a table", value)
    end
    return json.encode(value, "its value")
  end
  local text, problem = types[kind].json(value)
  if not text then
    return nil, problem
  end
  local fine
  fine, problem = limits(definition, value, type(value) == "string" and kind ~= "id" and value or text)
  return fine and text or nil, problem
end

-- Lists that are one string: what stands between the elements.
local separators = json.separators

-- A list as one string. An element must not hold what separates it from the next.
local function joined(definition, value, element)
  local separator = separators[definition.style]
  local list, problem = write_list(definition, value, element, scalar_text)
  if not list then
    return nil, problem
  end
  for i, text in ipairs(list) do
    if text == "" or text:find(separator, 1, true) then
      return nil, format("%smust not %s", type(value) == "table" and format("element %d ", i) or "", text == "" and "be empty"
        or definition.style == "comma" and "hold a comma" or "hold a line break")
    end
  end
  return table.concat(list, separator), #list
end

-- A value as JSON.
function json_of(definition, value)
  local element = params.element(definition)
  if not element then
    return element_json(definition, value, definition.type)
  elseif separators[definition.style] then
    local text, problem = joined(definition, value, element)
    if not text then
      return nil, problem
    end
    return json.string(text)
  end
  local list, problem = write_list(definition, value, element, element_json)
  return list and "[" .. table.concat(list, ",") .. "]", problem
end

--- Writes a value into a JSON body.
---@param definition table
---@param value any
---@return string? text, string? problem
function params.json(definition, value)
  if value == json.null and definition.nullable then
    return "null"
  end
  local text, problem = json_of(definition, value)
  if text and definition.style == "json" then
    return json.string(text)
  end
  return text, problem
end

-- What is wrong with a secret, without the secret.
local function discreet(definition, problem)
  return definition.secret and problem:gsub(", got .*$", "") or problem
end

-- What is wrong with a member or an element, as a problem of the whole.
local function within(what, name, definition, problem)
  return format("%s %s %s", what, name, discreet(definition, problem))
end

-- The keys of a table, in order: of a list all its places, of an object its names. nil and what is wrong otherwise.
local function keys_of(value)
  local keys, numbers = {}, 0
  for key in pairs(value) do
    keys[#keys + 1] = key
    if type(key) == "number" then
      numbers = numbers + 1
    elseif type(key) ~= "string" then
      return nil, format("has a %s as a key", type(key))
    end
  end
  if numbers > 0 and numbers < #keys then
    return nil, "has both names and numbers as keys"
  elseif numbers > 0 and numbers ~= #value then
    return nil, "must be a list without holes"
  end
  table.sort(keys)
  return keys
end

local function append_text(flat, name, text, problem)
  if not text then
    return nil, problem
  end
  flat[#flat + 1], flat[#flat + 2] = name, text
  return true
end

-- Appends name[a][b]=text for every leaf of a table. Lists are numbered from 0, names come in alphabetical order.
local function append_tree(flat, name, value, depth)
  if type(value) ~= "table" then
    local kind = type(value)
    if kind ~= "string" and kind ~= "boolean" and not (kind == "number" and number_of(value)) then
      return wrong("made of strings, numbers, booleans and tables", value)
    end
    flat[#flat + 1] = name
    flat[#flat + 1] = kind == "number" and json.number(value) or kind == "boolean" and flag_of(value) or value
    return true
  elseif depth > 20 then
    return nil, "is nested too deeply, or holds itself"
  end
  local keys, wrong_keys = keys_of(value)
  if not keys then
    return nil, wrong_keys
  end
  for _, key in ipairs(keys) do
    local inside = type(key) == "number" and json.number(key - 1) or key
    local fine, problem = append_tree(flat, format("%s[%s]", name, inside), value[key], depth + 1)
    if not fine then
      return nil, problem
    end
  end
  return true
end

-- The members that a table has of those that are described, as { name, definition }, in alphabetical order; nil and what is
-- wrong when it has others, or lacks one that is required.
local function members_of(definition, value)
  if type(value) ~= "table" then
    return wrong(definition.fields.from and definition.fields.to and "{ from =, to = }" or "a table", value)
  end
  local members = {}
  for name in pairs(value) do
    if type(name) == "number" and definition.fields.from and definition.fields.to then
      return nil, "must be { from =, to = }, not a list"
    end
    local field = definition.fields[name]
    if not field then
      return nil, format("has an unknown member '%s'%s", tostring(name), misuse.suggest(name, definition.fields))
    end
    if not (definition.as_read and rows.is_blank(field, value[name])) then
      members[#members + 1] = { name, field }
    end
  end
  for _, entry in ipairs(params.names(definition.required)) do
    if value[entry[1]] == nil then
      return nil, format("lacks the member '%s'", entry[1])
    elseif value[entry[1]] == "" then
      return nil, format("member %s must not be empty", entry[1])
    end
  end
  table.sort(members, function(a, b)
    return a[1] < b[1]
  end)
  return members
end

local append_branch

-- The members of a described object, each in its own style.
local function append_members(flat, name, definition, value, depth)
  local members, problem = members_of(definition, value)
  if not members then
    return nil, problem
  end
  for _, member in ipairs(members) do
    local field, inner = member[2], value[member[1]]
    local fine, unfit = append_branch(flat, format("%s[%s]", name, field.wire or member[1]), field, inner, depth + 1)
    if not fine then
      return nil, within("member", member[1], field, unfit)
    end
  end
  return true
end

local function without(object, name)
  local copy = {}
  for key, value in pairs(object) do
    copy[key] = value
  end
  copy[name] = nil
  return copy
end

-- A part of a tree that is described: lists are numbered and objects are branches, unless their style is another.
function append_branch(flat, name, definition, value, depth)
  local element, style = params.element(definition), definition.style
  if style and style ~= "tree" then
    return params.query(flat, name, definition, value)
  elseif definition.type == "object" then
    if definition.fields then
      return append_members(flat, name, definition, value, depth)
    elseif type(value) ~= "table" then
      return wrong("a table", value)
    end
    return append_tree(flat, name, value, depth)
  elseif not element then
    return append_text(flat, name, scalar_text(definition, value, definition.type))
  end
  local list, count = list_of(definition, value)
  if not list then
    return nil, count
  end
  local inner = setmetatable({ type = element }, { __index = definition })
  for i = 1, count do
    local value_there = list[i]
    if i == 1 and definition.first_lacks and type(value_there) == "table" then
      value_there = without(value_there, definition.first_lacks)
    end
    local fine, problem = append_branch(flat, format("%s[%d]", name, i - 1), inner, value_there, depth + 1)
    if not fine then
      return nil, list[1] == value and problem or within("element", i, definition, problem)
    end
  end
  return true
end

local function append_list(flat, name, definition, value, element)
  local list, problem = write_list(definition, value, element, scalar_text)
  if not list then
    return nil, problem
  end
  for _, text in ipairs(list) do
    flat[#flat + 1], flat[#flat + 2] = name, text
  end
  return true
end

--- Appends a value to a flat list of query parameters, { name, value, … }, as the definition's style says. A list without
--- elements adds nothing.
---@param flat string[]
---@param name string on the wire
---@param definition table
---@param value any
---@return boolean? done, string? problem
function params.query(flat, name, definition, value)
  local element, style = params.element(definition), definition.style
  if style == "tree" then
    return append_branch(flat, name, definition, value, 0)
  elseif style == "json" or definition.type == "object" or element == "object" then
    return append_text(flat, name, json_of(definition, value))
  elseif not element then
    return append_text(flat, name, scalar_text(definition, value, definition.type))
  elseif separators[style] then
    local text, problem = joined(definition, value, element)
    if text == "" then
      return true
    end
    return append_text(flat, name, text, problem)
  end
  return append_list(flat, style == "repeat" and name or name .. "[]", definition, value, element)
end

local function free_text(value)
  if type(value) == "string" then
    return text_of(value)
  elseif type(value) == "number" then
    return number_of(value)
  elseif type(value) == "boolean" then
    return value and "1" or "0"
  end
  return nil, "must be a string, number, boolean or a list of them"
end

--- Appends parameters that no description knows: in alphabetical order, lists in brackets as the API wants them.
---@param flat string[] { name, value, … }
---@param query table<string, any>
---@return string? problem what is wrong, as the end of a sentence
function params.free_query(flat, query)
  local names = {}
  for name in pairs(query) do
    if type(name) ~= "string" then
      return "must be a table of names and values"
    elseif core.utf8_error(name) then
      return "has a name that is not valid UTF-8"
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value, bracketed = query[name], name
    local list, count = { value }, 1
    if type(value) == "table" then
      count = params.check_list(value)
      if not count then
        return format("parameter %s %s", name, select(2, params.check_list(value)))
      elseif count == 0 then
        -- Nothing would be sent of it: `DELETE /x?ids[]=…` without its ids is another request.
        return format("parameter %s is an empty list: leave it out if that is meant", name)
      end
      list, bracketed = value, name .. "[]"
    end
    for i = 1, count do
      local text, problem = free_text(list[i])
      if not text then
        return format("parameter %s %s", name, problem)
      end
      flat[#flat + 1], flat[#flat + 2] = bracketed, text
    end
  end
end

--- What is wrong with a parameter, as it may be said: not the value of a secret.
---@param definition table
---@param problem string
---@return string
params.discreet = discreet

-- Splits "date* top" into { {"date", true}, {"top", false} }.
---@param names string?
---@return { [1]: string, [2]: boolean }[]
function params.names(names)
  local list = {}
  for name, star in (names or ""):gmatch "([%w_]+)(%*?)" do
    list[#list + 1] = { name, star == "*" }
  end
  return list
end

--- Writes a table of described members as a JSON object, in the order of the description.
---@param definition { fields: table<string, table>, required?: string }
---@param value any
---@return string? text, string? problem
function params.object(definition, value)
  local members, unfit = members_of(definition, value)
  if not members then
    return nil, unfit
  end
  local parts = {}
  for i, member in ipairs(members) do
    local name, field = member[1], member[2]
    local text, problem = params.json(field, value[name])
    if not text then
      return nil, within("member", name, field, problem)
    end
    parts[i] = json.string(field.wire or name) .. ":" .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return params
