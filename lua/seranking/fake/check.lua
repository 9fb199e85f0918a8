--- Checks a request against its operation's description, strictly: what the fake lets pass, the real API takes.
-- SPDX-License-Identifier: MIT
--
-- More than strict: where the vendor's servers guess (numbers as text, unknown members), this refuses, since a client
-- that is tested against it should send the one documented form.

local json = require "seranking.fake.json"
local Routes = require "seranking.fake.routes"

local check = {}

---@class seranking.fake.Failure
---@field param? string the parameter it is about
---@field problem "address"|"missing"|"brackets"|"repeated"|"unknown"|"type"|"range"|"body"|"query"
---@field reason string for the X-Fake-Reason header

--- `label` says where: "date", "keywords[0].keyword_id"; the parameter is its last name.
local function failure(problem, label, reason)
  return {
    problem = problem,
    param = label and label:match("([%a_][%w_]*)[%d%[%]]*$"),
    reason = (label and label .. ": " or "") .. reason,
  }
end

local month_days = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- Whether a text is a day of the calendar, YYYY-MM-DD.
---@param text string
---@return boolean
function check.is_date(text)
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
  date = function(text)
    if check.is_date(text) then
      return text
    end
    return nil, "not a date YYYY-MM-DD"
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
    if node.kind == "string" and check.is_date(node.value) then
      return node.value
    end
    return nil, "not a date YYYY-MM-DD"
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

local read_object

--- Reads a value of a JSON body.
local function read_node(node, param, label)
  local element = param.type:match("^(.-)%[%]$")
  if element then
    if node.kind ~= "array" then
      return nil, failure("type", label, "not an array")
    end
    local list = {}
    for i, item in ipairs(node.value) do
      local value, problem = read_node(item, setmetatable({ type = element }, { __index = param }),
        label .. "[" .. i - 1 .. "]")
      if problem then
        return nil, problem
      end
      list[i] = value
    end
    return list
  elseif param.type ~= "object" then
    return read_one(from_node, node, param.type, param, label)
  elseif node.kind ~= "object" then
    return nil, failure("type", label, "not an object")
  end
  local required, fields = {}, {}
  for _, field in ipairs(Routes.fields(param.required) or {}) do
    required[field.name] = true
  end
  for name in pairs(param.fields or {}) do
    fields[#fields + 1] = { name = name, required = required[name] }
  end
  table.sort(fields, function(a, b) return a.name < b.name end)
  return read_object(node, fields, param.fields or {}, label .. ".")
end

--- Reads the members of an object. First what is wanted, then what else came: a misspelt member is also a missing one,
--- and that is what the API complains of.
function read_object(node, fields, params, prefix)
  local values, known = {}, {}
  for _, field in ipairs(fields) do
    local member = node.value[field.name]
    known[field.name] = true
    local problem
    if member then
      values[field.name], problem = read_node(member, params[field.name], prefix .. field.name)
    elseif field.required then
      problem = failure("missing", prefix .. field.name, "required, not there")
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
  return values
end

local function read_ids(route, captures, sent, args)
  for i, name in ipairs(route.path) do
    args[name] = captures[i]:find("^%d+$") and tonumber(captures[i]) or captures[i]
  end
  for _, name in ipairs(route.ids) do
    local values = sent[name] or {}
    if #values ~= 1 or values[1].index or values[1].value == "" then
      return failure("address", name, #values > 1 and "more than once in the query" or "not in the query")
    end
    local problem
    args[name], problem = read_one(from_text, values[1].value, route.params[name].type, route.params[name], name)
    if problem then
      return problem
    end
  end
end

local function read_list(values, param, label)
  local element = param.type:match("^(.-)%[%]$")
  local list, taken = {}, {}
  for i, pair in ipairs(values) do
    if not pair.index then
      return nil, failure("brackets", label, "a list is written name[]=value")
    elseif pair.index ~= "" and taken[pair.index] then
      return nil, failure("repeated", label, "an index twice")
    end
    taken[pair.index] = true
    local problem
    list[i], problem = read_one(from_text, pair.value, element, param, label)
    if problem then
      return nil, problem
    end
  end
  return list
end

local function read_scalar(values, param, label)
  if values[1].index then
    return nil, failure("brackets", label, "not a list")
  elseif #values > 1 then
    return nil, failure("repeated", label, "more than once")
  end
  return read_one(from_text, values[1].value, param.type, param, label)
end

local function read_query(route, pairs_, sent, key_name, args)
  local known = {}
  for _, id in ipairs(route.ids) do
    known[id] = true
  end
  for _, field in ipairs(route.query) do
    local name, param = field.name, route.params[field.name]
    local problem
    known[name] = true
    if sent[name] then
      local read = param.type:find("[]", 1, true) and read_list or read_scalar
      args[name], problem = read(sent[name], param, name)
    elseif field.required then
      problem = failure("missing", name, "required, not there")
    end
    if problem then
      return problem
    end
  end
  for _, pair in ipairs(pairs_) do
    if not known[pair.base] and pair.name ~= key_name then
      return failure("unknown", pair.base, "no such query parameter")
    end
  end
end

local function has_type(headers, wanted)
  local given = (headers["content-type"] or ""):match("^[^;]*"):lower():gsub("%s+$", "")
  return given == wanted
end

local function read_json(route, text, args)
  local node, reason = json.decode(text)
  if not node then
    return failure("body", nil, "the body is not JSON: " .. reason)
  elseif route.body then
    if node.kind ~= "object" then
      return failure("body", nil, "the body must be a JSON object")
    end
    local values, problem = read_object(node, route.body, route.params, "")
    for name, value in pairs(values or {}) do
      args[name] = value
    end
    return problem
  elseif node.kind ~= "array" then
    return failure("body", nil, "the body must be a JSON array")
  end
  args.items = {}
  for i, item in ipairs(node.value) do
    if item.kind ~= "object" then
      return failure("body", nil, "[" .. i - 1 .. "]: not an object")
    end
    local values, problem = read_object(item, route.items, route.params, "[" .. i - 1 .. "].")
    if problem then
      return problem
    end
    args.items[i] = values
  end
end

local function read_body(route, request, lenient, args)
  local text = request.body or ""
  if not (route.body or route.items or route.upload) then
    return text ~= "" and failure("body", nil, "this call has no body") or nil
  elseif text == "" then
    return failure("body", nil, "no body")
  elseif route.upload then
    return not has_type(request.headers, "multipart/form-data")
        and failure("body", nil, "Content-Type is not multipart/form-data") or nil
  elseif not lenient and not has_type(request.headers, "application/json") then
    return failure("body", nil, "Content-Type is not application/json")
  end
  return read_json(route, text, args)
end

---@class seranking.fake.CheckOptions
---@field key_name? string the query parameter that carried the key, to be left alone
---@field lenient? boolean any Content-Type will do

--- Checks a request and collects its arguments.
---@param route seranking.fake.Route
---@param captures string[] the path's ids
---@param pairs_ seranking.fake.Pair[]
---@param request seranking.fake.Request
---@param options seranking.fake.CheckOptions
---@return table<string, any>? args by name, wherever they stood; an array body's objects as `items`. Ids are numbers,
---  but an id in the path that isn't one stays text.
---@return seranking.fake.Failure?
function check.request(route, captures, pairs_, request, options)
  local args, sent = {}, {}
  for _, pair in ipairs(pairs_) do
    sent[pair.base] = sent[pair.base] or {}
    table.insert(sent[pair.base], pair)
  end
  local problem = read_ids(route, captures, sent, args)
    or read_query(route, pairs_, sent, options.key_name, args)
    or read_body(route, request, options.lenient, args)
  if problem then
    return nil, problem
  end
  return args
end

return check
