--- Checks a request against its operation's description, strictly: what the fake lets pass, the real API takes.
-- SPDX-License-Identifier: MIT
--
-- More than strict: where the vendor's servers guess (numbers as text, unknown members), this refuses, since a client
-- that is tested against it should send the one documented form.

local json = require "seranking.fake.json"
local Routes = require "seranking.fake.routes"
local url = require "seranking.fake.url"

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

--- Whether a text is a month, YYYY-MM.
---@param text string
---@return boolean
function check.is_month(text)
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
    if check.is_date(text) then
      return text
    end
    return nil, "not a date YYYY-MM-DD"
  end,
  month = function(text)
    if check.is_month(text) then
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
    if node.kind == "string" and check.is_date(node.value) then
      return node.value
    end
    return nil, "not a date YYYY-MM-DD"
  end,
  month = function(node)
    if node.kind == "string" and check.is_month(node.value) then
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
    if param.form and not value:find(param.form[1]) then
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

--- The Lua value of a node that may hold anything; null becomes json.null.
local function plain(node)
  if node.kind == "null" then
    return json.null
  elseif node.kind ~= "array" and node.kind ~= "object" then
    return node.value
  end
  local value = {}
  for name, member in pairs(node.value) do
    value[name] = plain(member)
  end
  return value
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
      local value, problem = read_node(item, inner_of(param, element), label .. "[" .. i - 1 .. "]")
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
    return plain(node)
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
  local values, known = {}, {}
  for _, field in ipairs(fields) do
    local member = node.value[field.wire]
    known[field.wire] = true
    local problem
    if member then
      values[field.name], problem = read_member(member, params[field.name], prefix .. field.wire)
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
  return values
end

local function read_ids(route, captures, sent, args)
  for i, name in ipairs(route.path) do
    args[name] = captures[i]:find("^%d+$") and tonumber(captures[i]) or captures[i]
  end
  for _, id in ipairs(route.ids) do
    local values, param = sent[id.wire] or {}, route.params[id.name]
    if #values ~= 1 or values[1].index or values[1].value == "" then
      return failure("address", id.wire, #values > 1 and "more than once in the query" or "not in the query")
    end
    local problem
    args[id.name], problem = read_one(from_text, values[1].value, param.type, param, id.wire)
    if problem then
      return problem
    end
  end
end

-- ---- the query: a parameter's pairs, by style ----

local function read_list(values, param, label)
  local element = element_of(param)
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
  return list, check_length(#list, param, label)
end

--- The text of a parameter that comes once, under its bare name.
local function only_text(values, label, expected)
  if values[1].index then
    return nil, failure("brackets", label, expected)
  elseif #values > 1 then
    return nil, failure("repeated", label, "more than once")
  end
  return values[1].value
end

local function read_scalar(values, param, label)
  local text, problem = only_text(values, label, "not a list")
  if not text then
    return nil, problem
  end
  return read_one(from_text, text, param.type, param, label)
end

local function read_repeated(values, param, label)
  local list = {}
  for i, pair in ipairs(values) do
    if pair.index then
      return nil, failure("brackets", label, "a list is written name=value&name=value")
    end
    local problem
    list[i], problem = read_one(from_text, pair.value, element_of(param), param, label)
    if problem then
      return nil, problem
    end
  end
  return list, check_length(#list, param, label)
end

local function read_one_string(values, param, label)
  local text, problem = only_text(values, label, "a list is written as one value")
  if not text then
    return nil, problem
  end
  return read_joined(text, param, label)
end

local function read_json_text(values, param, label)
  local text, problem = only_text(values, label, "it is written as one JSON text")
  if not text then
    return nil, problem
  end
  return read_json_value(text, param, label)
end

--- Puts name[a][b]=value where it belongs. `tree` has the members by key, and the keys in order.
local function plant(tree, pair, label)
  local rest, keys = pair.name:sub(#pair.root + 1), {}
  for key in rest:gmatch("%[([^%[%]]+)%]") do
    keys[#keys + 1] = key
  end
  if #keys == 0 or "[" .. table.concat(keys, "][") .. "]" ~= rest then
    return failure("brackets", label, "it is written name[member]=value, lists numbered from 0")
  end
  for i = 1, #keys do
    local key, last = keys[i], i == #keys
    local member = tree.members[key]
    if member and (last or not member.members) then
      return failure("repeated", label, "a member twice")
    elseif not member then
      member = last and { text = pair.value } or { members = {}, keys = {} }
      tree.members[key] = member
      tree.keys[#tree.keys + 1] = key
    end
    tree = member
  end
end

--- Whether the branches of a tree are a list's, 0, 1, 2 … in this order; false and why for one that is neither a list
--- nor an object.
local function is_list(tree)
  local numbers = 0
  for _, key in ipairs(tree.keys) do
    numbers = numbers + (key:find("^%d+$") and 1 or 0)
  end
  if numbers == 0 then
    return false
  elseif numbers < #tree.keys then
    return false, "numbers and names side by side"
  end
  for i, key in ipairs(tree.keys) do
    if key ~= tostring(i - 1) then
      return false, "a list that is not numbered 0, 1, 2 and so on"
    end
  end
  return true
end

local read_tree

--- Reads the members of an object that is described, as read_object does.
local function read_members(tree, param, label)
  local values, known = {}, {}
  for _, field in ipairs(members_of(param)) do
    local member, where = tree.members[field.wire], label .. "." .. field.wire
    known[field.wire] = true
    local problem
    if member then
      values[field.name], problem = read_tree(member, param.fields[field.name], where)
    elseif field.required then
      problem = failure("missing", where, "required, not there")
    end
    if problem then
      return nil, problem
    end
  end
  for _, key in ipairs(tree.keys) do
    if not known[key] then
      return nil, failure("unknown", label .. "." .. key, "no such member")
    end
  end
  return values
end

--- Reads a tree, of the kind that `param` says or, without one, of any. A leaf is any text.
function read_tree(tree, param, label)
  local kind = param and param.type
  local element = param and element_of(param)
  if tree.text and param and separators[param.style] then
    return read_joined(tree.text, param, label)
  elseif tree.text and param and param.style == "json" then
    return read_json_value(tree.text, param, label)
  elseif tree.text then
    if element or kind == "object" then
      return nil, failure("type", label, element and "not a list" or "not an object")
    end
    if kind then
      return read_one(from_text, tree.text, kind, param, label)
    end
    return tree.text
  elseif param and (separators[param.style] or param.style == "json") then
    return nil, failure("type", label, "it is written as one text")
  end
  local list, problem = is_list(tree)
  if problem then
    return nil, failure("type", label, problem)
  elseif kind and list ~= (element ~= nil) or kind and not element and kind ~= "object" then
    return nil, failure("type", label, element and "not a list" or kind == "object" and "not an object"
      or "not a single value")
  elseif kind == "object" and param.fields then
    return read_members(tree, param, label)
  end
  local values, inner = {}, element and inner_of(param, element)
  for i, key in ipairs(tree.keys) do
    local value, wrong = read_tree(tree.members[key], inner, label .. "[" .. key .. "]")
    if wrong then
      return nil, wrong
    end
    values[list and i or key] = value
  end
  return values, element and check_length(#values, param, label)
end

local function read_branches(values, param, label)
  local tree = { members = {}, keys = {} }
  for _, pair in ipairs(values) do
    local problem = plant(tree, pair, label)
    if problem then
      return nil, problem
    end
  end
  return read_tree(tree, param, label)
end

local table_readers = { tree = read_branches, json = read_json_text }
local list_readers = {
  brackets = read_list, ["repeat"] = read_repeated, comma = read_one_string, lines = read_one_string,
}

local function query_reader(param)
  local described = (element_of(param) or param.type) == "object" and "json" or nil
  return table_readers[param.style or described] or element_of(param) and list_readers[param.style or "brackets"] or read_scalar
end

local function read_query(route, pairs_, sent, roots, key_name, args)
  local known, trees = {}, {}
  for _, id in ipairs(route.ids) do
    known[id.wire] = true
  end
  for _, field in ipairs(route.query) do
    local wire, param = field.wire, route.params[field.name]
    local values, problem
    if param.style == "tree" then
      trees[wire], values = true, roots[wire]
    else
      known[wire], values = true, sent[wire]
    end
    if values then
      args[field.name], problem = query_reader(param)(values, param, wire)
    elseif field.required then
      problem = failure("missing", wire, "required, not there")
    end
    if problem then
      return problem
    end
  end
  for _, pair in ipairs(pairs_) do
    if not known[pair.base] and not trees[pair.root] and pair.name ~= key_name then
      return failure("unknown", pair.base, "no such query parameter")
    end
  end
end

local function has_type(headers, wanted)
  local given = (headers["content-type"] or ""):match("^[^;]*"):lower():gsub("%s+$", "")
  return given == wanted
end

--- Reads the object of a body into the arguments.
local function read_fields(route, node, prefix, args)
  local values, problem = read_object(node, route.body, route.params, prefix)
  for name, value in pairs(values or {}) do
    args[name] = value
  end
  return problem
end

-- Envelopes: name -> what reads the body's parameters out of one.
local envelopes = {}

function envelopes.list(route, node, args)
  if node.kind ~= "array" or #node.value ~= 1 or node.value[1].kind ~= "object" then
    return failure("body", nil, "the body must be a JSON array of one object")
  end
  return read_fields(route, node.value[1], "[0].", args)
end

--- One object of the members of [{"key":"data","value":[{"a":1},{"b":2}]}]; nil for anything else.
local function unpaired(node)
  local outer = node.kind == "array" and #node.value == 1 and node.value[1]
  local key, list = outer and outer.value.key, outer and outer.value.value
  if not (outer and outer.kind == "object" and #outer.names == 2 and key and key.value == "data" and list
    and list.kind == "array") then
    return nil
  end
  local object = { kind = "object", value = {}, names = {} }
  for i, pair in ipairs(list.value) do
    local name = pair.kind == "object" and #pair.names == 1 and pair.names[1]
    if not name or object.value[name] then
      return nil
    end
    object.names[i], object.value[name] = name, pair.value[name]
  end
  return object
end

function envelopes.pairs(route, node, args)
  local object = unpaired(node)
  if not object then
    return failure("body", nil, 'the body must be [{"key":"data","value":[{"a":1},{"b":2}]}], each name once')
  end
  return read_fields(route, object, "", args)
end

function envelopes.value(route, node, args)
  local name = route.body[1].name
  local problem
  args[name], problem = read_member(node, route.params[name], route.body[1].wire)
  return problem
end

local function read_json(route, text, args)
  local node, reason = json.decode(text)
  if not node then
    return failure("body", nil, "the body is not JSON: " .. reason)
  elseif route.body and route.envelope then
    return envelopes[route.envelope](route, node, args)
  elseif route.body then
    if node.kind ~= "object" then
      return failure("body", nil, "the body must be a JSON object")
    end
    return read_fields(route, node, "", args)
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

--- Groups pairs by one of their members.
local function group(pairs_, member)
  local groups = {}
  for _, pair in ipairs(pairs_) do
    local key = pair[member]
    groups[key] = groups[key] or {}
    table.insert(groups[key], pair)
  end
  return groups
end

--- The name that the descriptions have for a parameter of a request.
local function own_name(route, wire)
  for _, place in ipairs { "ids", "query", "body", "items", "upload" } do
    for _, field in ipairs(route[place] or {}) do
      if field.wire == wire then
        return field.name
      end
    end
  end
  return wire
end

--- Takes a multipart body apart (RFC 7578).
---@return seranking.fake.Pair[]? parts in order, files with their `filename`
---@return string? reason
local function parts_of(body, boundary)
  local parts, at, opening = {}, 1, "--" .. boundary .. "\r\n"
  while body:sub(at, at + #opening - 1) == opening do
    local head, data_at = body:match("^(.-\r\n)\r\n()", at + #opening)
    local stop = head and body:find("\r\n--" .. boundary, data_at, true)
    local disposition = head and head:lower():find("content-disposition: form-data", 1, true) and head
    local name = disposition and disposition:match('[; ]name="([^"\r\n]*)"')
    if not stop or not name then
      return nil, "a part without an end or a name"
    end
    local part = url.pair(name, body:sub(data_at, stop - 1))
    part.filename = disposition:match('[; ]filename="([^"\r\n]*)"')
    parts[#parts + 1] = part
    at = stop + 2
  end
  if not body:sub(at):find("^%-%-" .. boundary:gsub("%W", "%%%0") .. "%-%-%s*$") then
    return nil, "no end"
  end
  return parts
end

local function read_file(values, _, label)
  if #values > 1 then
    return nil, failure("repeated", label, "more than once")
  elseif values[1].index or not values[1].filename then
    return nil, failure("type", label, "not a file")
  end
  return { filename = values[1].filename, data = values[1].value }
end

--- Reads a form: texts and lists as a query has them, and files.
local function read_upload(route, request, args)
  if not has_type(request.headers, "multipart/form-data") then
    return failure("body", nil, "Content-Type is not multipart/form-data")
  end
  local boundary = request.headers["content-type"]:match('boundary="?([^";]+)')
  local parts, reason
  if boundary then
    parts, reason = parts_of(request.body, boundary)
  end
  if not parts then
    return failure("body", nil, "the body is not multipart/form-data: " .. (reason or "no boundary"))
  end
  local sent, known = group(parts, "base"), {}
  for _, field in ipairs(route.upload) do
    local wire, param = field.wire, route.params[field.name]
    local values, problem = sent[wire], nil
    known[wire] = true
    if values then
      args[field.name], problem = (param.type == "file" and read_file or query_reader(param))(values, param, wire)
    elseif field.required then
      problem = failure("missing", wire, "required, not there")
    end
    if problem then
      return problem
    end
  end
  for _, part in ipairs(parts) do
    if not known[part.base] then
      return failure("unknown", part.base, "no such part")
    elseif part.filename and route.params[own_name(route, part.base)].type ~= "file" then
      return failure("type", part.base, "a file, not a text")
    end
  end
end

local function read_body(route, request, lenient, args)
  local text = request.body or ""
  if not (route.body or route.items or route.upload) then
    return text ~= "" and failure("body", nil, "this call has no body") or nil
  elseif text == "" then
    return failure("body", nil, "no body")
  elseif route.upload then
    return read_upload(route, request, args)
  elseif not lenient and not has_type(request.headers, "application/json") then
    return failure("body", nil, "Content-Type is not application/json")
  end
  return read_json(route, text, args)
end

--- Of some parameters one must be there, and of some of these no more than one.
local function check_choice(route, args)
  local one_of, any_of = route.operation.one_of, route.operation.any_of
  local names, given = {}, 0
  for name in (one_of or any_of or ""):gmatch("%S+") do
    names[#names + 1] = name
    given = given + (args[name] ~= nil and 1 or 0)
  end
  if names[1] and (given == 0 or one_of and given > 1) then
    return failure(given == 0 and "missing" or "repeated", names[1],
      (one_of and "exactly" or "at least") .. " one of " .. table.concat(names, ", "))
  end
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
  local args, sent = {}, group(pairs_, "base")
  local problem = read_ids(route, captures, sent, args)
    or read_query(route, pairs_, sent, group(pairs_, "root"), options.key_name, args)
    or read_body(route, request, options.lenient, args)
    or check_choice(route, args)
  if problem then
    problem.param = own_name(route, problem.param)
    return nil, problem
  end
  return args
end

return check
