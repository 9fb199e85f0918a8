--- Reads single values of a request by the types of the descriptions: from text (query, form) and from JSON.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local Routes = require "seranking.fake.routes"

local values = {}

---@class seranking.fake.Failure
---@field param? string the parameter it is about
---@field label? string where in the request
---@field problem "address"|"missing"|"brackets"|"repeated"|"unknown"|"type"|"range"|"body"|"query"
---@field reason string for the X-Fake-Reason header

--- Describes what is wrong with a value.
---@param problem string as in seranking.fake.Failure
---@param label? string where: "date", "keywords[0].keyword_id"; its last name is the parameter
---@param reason string
---@return seranking.fake.Failure
local function failure(problem, label, reason)
  return {
    problem = problem,
    param = label and label:match("([%a_][%w_]*)[%d%[%]]*$"), label = label,
    reason = (label and label .. ": " or "") .. reason,
  }
end

local month_days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- Whether a text is a day of the calendar, YYYY-MM-DD.
---@param text string
---@return boolean
function values.is_date(text)
  local year, month, day = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  if not year then
    return false
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local days = month_days[month]
  if month == 2 and (year % 400 == 0 or (year % 4 == 0 and year % 100 ~= 0)) then
    days = 29
  end
  return days ~= nil and day >= 1 and day <= days
end

--- Whether a text is a month, YYYY-MM.
---@param text string
---@return boolean
function values.is_month(text)
  local month = tonumber(text:match("^%d%d%d%d%-(%d%d)$"))
  return month ~= nil and month >= 1 and month <= 12
end

-- Both tables: type -> function that gives the value, or nil and what was expected instead.

local function whole(text, pattern, expected)
  if text:find(pattern) then
    return tonumber(text)
  end
  return nil, expected
end

local from_text = {
  id = function(text) return whole(text, "^%d+$", "not a whole number") end,
  integer = function(text) return whole(text, "^-?%d+$", "not a whole number") end,
  number = function(text) return whole(text, "^-?%d+%.?%d*$", "not a number") end,
  flag = function(text) return whole(text, "^[01]$", "neither 0 nor 1") end,
  string = function(text) return text end,
  text = function(text) return text end,
  date = function(text)
    if values.is_date(text) then
      return text
    end
    return nil, "not a date YYYY-MM-DD"
  end,
  month = function(text)
    if values.is_month(text) then
      return text
    end
    return nil, "not a month YYYY-MM"
  end,
  boolean = function(text)
    if text == "1" or text == "0" then
      return text == "1"
    end
    return nil, "neither 0 nor 1"
  end,
}

local function node_of(kind, expected)
  return function(node)
    if node.kind == kind then
      return node.value
    end
    return nil, expected
  end
end

local from_node = {
  id = function(node)
    if node.kind == "integer" and node.value >= 0 then
      return node.value
    end
    return nil, "not a whole number"
  end,
  integer = node_of("integer", "not a whole number"),
  string = node_of("string", "not a string"),
  text = node_of("string", "not a string"),
  boolean = node_of("boolean", "neither true nor false"),
  number = function(node)
    if node.kind == "integer" or node.kind == "number" then
      return node.value
    end
    return nil, "not a number"
  end,
  flag = function(node)
    if node.kind == "integer" and (node.value == 0 or node.value == 1) then
      return node.value
    end
    return nil, "neither 0 nor 1"
  end,
  date = function(node)
    if node.kind == "string" and values.is_date(node.value) then
      return node.value
    end
    return nil, "not a date YYYY-MM-DD"
  end,
  month = function(node)
    if node.kind == "string" and values.is_month(node.value) then
      return node.value
    end
    return nil, "not a month YYYY-MM"
  end,
}

local function out_of_range(value, param)
  if param.enum then
    for _, allowed in ipairs(param.enum) do
      if value == allowed then
        return nil
      end
    end
    return "not one of the allowed values"
  elseif type(value) == "string" then
    local length = select(2, value:gsub("[^\128-\191]", ""))
    if param.form and (not value:find(param.form[1]) or param.form.except == value) then
      return "not " .. param.form[2]
    elseif length < (param.min_length or 0) then
      return "shorter than " .. param.min_length .. " characters"
    elseif param.max_length and length > param.max_length then
      return "longer than " .. param.max_length .. " characters"
    end
  elseif param.min and value < param.min then
    return "less than " .. param.min
  elseif param.max and value > param.max then
    return "more than " .. param.max
  end
end

--- Reads one value, a list's element or a scalar. `raw` is text or a node, as `readers` want it.
local function read_one(readers, raw, kind, param, label)
  local reader = readers[kind]
  if not reader then
    return nil, failure("type", label, "the fake has no reader for the type " .. kind)
  end
  local value, expected = reader(raw)
  if value == nil then
    return nil, failure("type", label, expected)
  end
  local problem = out_of_range(value, param)
  if problem then
    return nil, failure("range", label, problem)
  end
  return value
end

--- The type of a list's elements; nil for what is no list.
local function element_of(param)
  return param.type:match("^(.-)%[%]$")
end

--- The members of an object that is described, in the order of their names; nil for one that may hold anything.
local function members_of(param)
  if not param.fields then
    return nil
  end
  local required, fields = {}, {}
  for _, field in ipairs(Routes.fields(param.required, param.fields) or {}) do
    required[field.name] = true
  end
  for name, member in pairs(param.fields) do
    fields[#fields + 1] = { name = name, wire = member.wire or name, required = required[name] }
  end
  table.sort(fields, function(a, b) return a.name < b.name end)
  return fields
end

--- What is wrong with a list's length.
local function check_length(count, param, label)
  if param.max_items and count > param.max_items then
    return failure("range", label, "more than " .. param.max_items .. " elements")
  elseif param.min_items and count < param.min_items then
    return failure("range", label, "fewer than " .. param.min_items .. " elements")
  end
end

-- Styles that make one string of a list, and what stands between its elements.
local separators = { comma = ",", lines = "\n" }

--- Reads a list that is one string.
local function read_joined(text, param, label)
  local separator, list = separators[param.style], {}
  for piece in (text .. separator):gmatch("([^" .. separator .. "]*)" .. separator) do
    local place = #list
    local where = label .. "[" .. place .. "]"
    if piece == "" then
      return nil, failure("type", where, "empty")
    end
    local problem
    list[place + 1], problem = read_one(from_text, piece, element_of(param), param, where)
    if problem then
      return nil, problem
    end
  end
  return list, check_length(#list, param, label)
end

local read_object, read_node

--- The parameter that the elements of a list parameter are.
local function inner_of(param, element)
  return setmetatable({ type = element, style = false, max_items = false, min_items = false }, { __index = param })
end

--- Reads a value of JSON.
function read_node(node, param, label)
  local element = element_of(param)
  if element and separators[param.style] then
    if node.kind ~= "string" then
      return nil, failure("type", label, "not a list as one string")
    elseif node.value == "" then
      return {}
    end
    return read_joined(node.value, param, label)
  elseif element then
    if node.kind ~= "array" then
      return nil, failure("type", label, "not an array")
    end
    local list = {}
    for i, item in ipairs(node.value) do
      local where = label .. "[" .. i - 1 .. "]"
      if param.wrap then -- { "title": … }
        if item.kind ~= "object" or #item.names ~= 1 or not item.value[param.wrap] then
          return nil, failure("type", where, "not an object with the member " .. param.wrap .. " alone")
        end
        item = item.value[param.wrap]
      end
      local value, problem = read_node(item, inner_of(param, element), where)
      if problem then
        return nil, problem
      end
      list[i] = value
    end
    return list, check_length(#list, param, label)
  elseif param.type ~= "object" then
    return read_one(from_node, node, param.type, param, label)
  elseif node.kind ~= "object" then
    return nil, failure("type", label, "not an object")
  end
  local fields = members_of(param)
  if not fields then
    return json.value(node)
  end
  return read_object(node, fields, param.fields, label .. ".")
end

local function read_json_value(text, param, label)
  local node, reason = json.decode(text)
  if not node then
    return nil, failure("type", label, "not JSON: " .. reason)
  end
  return read_node(node, param, label)
end

--- Reads a member of a body: JSON, or JSON as a text.
local function read_member(node, param, label)
  if param.nullable and node.kind == "null" then
    return json.null
  elseif param.style ~= "json" then
    return read_node(node, param, label)
  elseif node.kind ~= "string" then
    return nil, failure("type", label, "not a JSON text")
  end
  return read_json_value(node.value, param, label)
end

--- Reads the members of an object. First what is wanted, then what else came: a misspelt member is also a missing one,
--- and that is what the API complains of.
function read_object(node, fields, params, prefix)
  local object, known = {}, {}
  for _, field in ipairs(fields) do
    local member = node.value[field.wire]
    known[field.wire] = true
    local problem
    if member then
      object[field.name], problem = read_member(member, params[field.name], prefix .. field.wire)
    elseif field.required then
      problem = failure("missing", prefix .. field.wire, "required, not there")
    end
    if problem then
      return nil, problem
    end
  end
  for _, name in ipairs(node.names) do
    if not known[name] then
      return nil, failure("unknown", prefix .. name, "no such member")
    end
  end
  return object
end

values.failure = failure
values.from_text, values.read_one = from_text, read_one
values.element_of, values.members_of, values.inner_of = element_of, members_of, inner_of
values.check_length, values.separators = check_length, separators
values.read_joined, values.read_json_value = read_joined, read_json_value
values.read_member, values.read_object = read_member, read_object

return values
