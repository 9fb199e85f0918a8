--- Values of parameters as query parameters or JSON, in the style that their definitions name.
-- SPDX-License-Identifier: MIT

local copy = require "seranking.base.copy"
local core = require "lseranking"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"
local params = require "seranking.request.params"
local rows = require "seranking.request.rows"

local encode = {}

local format, match = string.format, string.match
local scalar, wrong = params.scalar, params.wrong

--- The type of a list's elements: "id" for "id[]"; nil if the definition is no list.
---@param definition table
---@return string?
function encode.element(definition)
  return match(definition.type, "^(.*)%[%]$")
end

--- The length of a list; nil, what is wrong with it, and what was got.
---@param value any
---@return integer? length, string? problem, string? got
function encode.check_list(value)
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

-- Whether a value stands for a list of one: a scalar, or an object in place of a list of objects.
local function is_lone(definition, value)
  return type(value) ~= "table"
    or match(definition.type, "^object%[%]") ~= nil and value[1] == nil and type((next(value))) == "string"
end

-- The value of a list parameter as a list, and its length; nil, what is wrong, and what was got.
local function list_of(definition, value)
  if is_lone(definition, value) then
    value = { value }
  end
  local count, problem, got = encode.check_list(value)
  if not count then
    return nil, problem, got
  elseif definition.max_items and count > definition.max_items then
    return nil, format("must have at most %d elements", definition.max_items), tostring(count)
  elseif definition.min_items and count < definition.min_items then
    return nil, format("must have at least %d element%s", definition.min_items, definition.min_items == 1 and "" or "s"),
      tostring(count)
  end
  return value, count
end

-- Writes each element of a list by `write`.
local function write_list(definition, given, element, write)
  local value, count, got = list_of(definition, given)
  if not value then
    return nil, count, got
  end
  local problem
  local list = {}
  for i = 1, count do
    list[i], problem, got = write(definition, value[i], element)
    if not list[i] then
      return nil, value[1] == given and problem or format("element %d %s", i, problem), got
    end
  end
  return list
end

local json_of

-- An element of a list whose elements are sent as objects. It may be given as such an object, with other members.
local function wrapped(definition, value, kind)
  local inner = value
  if type(value) == "table" and value[definition.wrap] ~= nil then
    inner = value[definition.wrap]
  end
  local text, problem, got = params.scalar_json(definition, inner, kind)
  return text and format("{%s:%s}", json.string(definition.wrap), text), problem, got
end

local function element_json(definition, value, kind)
  if match(kind, "%[%]$") then -- a list of lists
    return json_of(setmetatable({ type = kind, max_items = false, min_items = false }, { __index = definition }), value)
  elseif kind == "object" then
    if definition.fields then
      return encode.object(definition, value)
    elseif type(value) ~= "table" then
      return wrong("a table", value)
    end
    return json.encode(value, "its value")
  end
  return params.scalar_json(definition, value, kind)
end

-- Between the elements of a list that is sent as one string.
local separators = json.separators

-- A list as one string. An element must not hold the separator.
local function joined(definition, value, element)
  local separator = separators[definition.style]
  local list, problem, got = write_list(definition, value, element, scalar)
  if not list then
    return nil, problem, got
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
  local element = encode.element(definition)
  if not element then
    return element_json(definition, value, definition.type)
  elseif separators[definition.style] then
    local text, problem, got = joined(definition, value, element)
    if not text then
      return nil, problem, got
    end
    return json.string(text)
  end
  if definition.wrap and type(value) == "table" and value[definition.wrap] ~= nil then
    value = { value }
  end
  local list, problem, got = write_list(definition, value, element, definition.wrap and wrapped or element_json)
  return list and "[" .. table.concat(list, ",") .. "]", problem, got
end

--- JSON of a value.
---@param definition table
---@param value any
---@return string? text, string? problem, string? got
function encode.json(definition, value)
  if value == json.null and definition.nullable then
    return "null"
  end
  local text, problem, got = json_of(definition, value)
  if text and definition.style == "json" then
    return json.string(text)
  end
  return text, problem, got
end

-- A problem of a member or an element as a problem of the value that holds it, and what was got, unless that is secret.
local function within(what, name, definition, problem, got)
  return format("%s %s %s", what, name, problem), not definition.secret and got or nil
end

-- The sorted keys of a table that is either a list or an object; nil and what is wrong.
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

local function append_text(flat, name, text, problem, got)
  if not text then
    return nil, problem, got
  end
  flat[#flat + 1], flat[#flat + 2] = name, text
  return true
end

-- Appends name[a][b]=text for every leaf of a table. Elements are numbered from 0; names are in alphabetical order.
local function append_tree(flat, name, value, depth)
  local kind = type(value)
  if kind == "string" or kind == "number" or kind == "boolean" then
    return append_text(flat, name, params.free(value))
  elseif kind ~= "table" then
    return wrong("made of strings, numbers, booleans and tables", value)
  elseif depth > 20 then
    return nil, "is nested too deeply, or holds itself"
  end
  local keys, wrong_keys = keys_of(value)
  if not keys then
    return nil, wrong_keys
  end
  for _, key in ipairs(keys) do
    local inside = type(key) == "number" and json.number(key - 1) or key
    local fine, problem, got = append_tree(flat, format("%s[%s]", name, inside), value[key], depth + 1)
    if not fine then
      return nil, problem, got
    end
  end
  return true
end

-- The members of a table as { name, definition }, in alphabetical order; nil, what is wrong and what was got if one is not
-- described or a required one is missing.
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
  for _, entry in ipairs(notation.names(definition.required)) do
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

-- Appends the members of a described object, each in its own style.
local function append_members(flat, name, definition, value, depth)
  local members, problem, got = members_of(definition, value)
  if not members then
    return nil, problem, got
  end
  for _, member in ipairs(members) do
    local field, inner = member[2], value[member[1]]
    local fine
    fine, problem, got = append_branch(flat, format("%s[%s]", name, field.wire or member[1]), field, inner, depth + 1)
    if not fine then
      return nil, within("member", member[1], field, problem, got)
    end
  end
  return true
end

-- Appends a described part of a tree: lists are numbered, objects branch, unless they have another style.
function append_branch(flat, name, definition, value, depth)
  local element, style = encode.element(definition), definition.style
  if style and style ~= "tree" then
    return encode.query(flat, name, definition, value)
  elseif definition.type == "object" then
    if definition.fields then
      return append_members(flat, name, definition, value, depth)
    elseif type(value) ~= "table" then
      return wrong("a table", value)
    end
    return append_tree(flat, name, value, depth)
  elseif not element then
    return append_text(flat, name, scalar(definition, value, definition.type))
  end
  local list, count, got = list_of(definition, value)
  if not list then
    return nil, count, got
  end
  local inner = setmetatable({ type = element }, { __index = definition })
  for i = 1, count do
    local value_there = list[i]
    if i == 1 and definition.first_lacks and type(value_there) == "table" then
      value_there = copy.shallow(value_there)
      value_there[definition.first_lacks] = nil
    end
    local fine, problem
    fine, problem, got = append_branch(flat, format("%s[%d]", name, i - 1), inner, value_there, depth + 1)
    if not fine and list[1] == value then
      return nil, problem, got
    elseif not fine then
      return nil, within("element", i, definition, problem, got)
    end
  end
  return true
end

local function append_list(flat, name, definition, value, element)
  local list, problem, got = write_list(definition, value, element, scalar)
  if not list then
    return nil, problem, got
  end
  for _, text in ipairs(list) do
    flat[#flat + 1], flat[#flat + 2] = name, text
  end
  return true
end

--- Appends a value to a flat list of query parameters, { name, value, … }, in the style of its definition. An empty list adds
--- nothing.
---@param flat string[]
---@param name string on the wire
---@param definition table
---@param value any
---@return boolean? done, string? problem, string? got
function encode.query(flat, name, definition, value)
  local element, style = encode.element(definition), definition.style
  if style == "tree" then
    return append_branch(flat, name, definition, value, 0)
  elseif style == "json" or definition.type == "object" or element == "object" then
    return append_text(flat, name, json_of(definition, value))
  elseif not element then
    return append_text(flat, name, scalar(definition, value, definition.type))
  elseif separators[style] then
    local text, problem, got = joined(definition, value, element)
    if text == "" then
      return true
    end
    return append_text(flat, name, text, problem, got)
  end
  return append_list(flat, style == "repeat" and name or name .. "[]", definition, value, element)
end

--- Appends parameters without a description, in alphabetical order, lists as name[]=….
---@param flat string[] { name, value, … }
---@param query table<string, any>
---@return string? problem what is wrong, as the end of a sentence
function encode.free_query(flat, query)
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
      local problem
      count, problem = encode.check_list(value)
      if not count then
        return format("parameter %s %s", name, problem)
      elseif count == 0 then
        -- It would vanish: `DELETE /x?ids[]=…` without its ids is another request.
        return format("parameter %s is an empty list: leave it out to send nothing", name)
      end
      list, bracketed = value, name .. "[]"
    end
    for i = 1, count do
      local text, problem, got = params.free(list[i])
      if not text then
        return format("parameter %s %s", name, params.told(nil, problem, got))
      end
      flat[#flat + 1], flat[#flat + 2] = bracketed, text
    end
  end
end

--- JSON of a table with described members, in alphabetical order.
---@param definition { fields: table<string, table>, required?: string }
---@param value any
---@return string? text, string? problem, string? got
function encode.object(definition, value)
  local members, unfit, unfit_value = members_of(definition, value)
  if not members then
    return nil, unfit, unfit_value
  end
  local parts = {}
  for i, member in ipairs(members) do
    local name, field = member[1], member[2]
    local text, problem, got = encode.json(field, value[name])
    if not text then
      return nil, within("member", name, field, problem, got)
    end
    parts[i] = json.string(field.wire or name) .. ":" .. text
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return encode
