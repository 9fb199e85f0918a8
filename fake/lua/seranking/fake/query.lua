--- Reads the parameters of a query or form, in every style that the descriptions know.
-- SPDX-License-Identifier: MIT

local values = require "seranking.fake.values"

local failure, from_text, read_one, element_of = values.failure, values.from_text, values.read_one, values.element_of
local members_of, inner_of, check_length = values.members_of, values.inner_of, values.check_length
local separators, read_joined, read_json_value = values.separators, values.read_joined, values.read_json_value

local query = {}

local function read_list(found, param, label)
  local element = element_of(param)
  local list, taken = {}, {}
  for i, pair in ipairs(found) do
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

-- A reader of a parameter that comes once, under its bare name: read(text, param, label).
local function once(expected, read)
  return function(found, param, label)
    if found[1].index then
      return nil, failure("brackets", label, expected)
    elseif #found > 1 then
      return nil, failure("repeated", label, "more than once")
    end
    return read(found[1].value, param, label)
  end
end

local read_scalar = once("not a list", function(text, param, label)
  return read_one(from_text, text, param.type, param, label)
end)
local read_one_string = once("a list is written as one value", read_joined)
local read_json_text = once("it is written as one JSON text", read_json_value)

local function read_repeated(found, param, label)
  local list = {}
  for i, pair in ipairs(found) do
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
  local found, known = {}, {}
  for _, field in ipairs(members_of(param)) do
    local member, where = tree.members[field.wire], label .. "." .. field.wire
    known[field.wire] = true
    local problem
    if member then
      found[field.name], problem = read_tree(member, param.fields[field.name], where)
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
  return found
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
  local found, inner = {}, element and inner_of(param, element)
  for i, key in ipairs(tree.keys) do
    local value, wrong = read_tree(tree.members[key], inner, label .. "[" .. key .. "]")
    if wrong then
      return nil, wrong
    end
    found[list and i or key] = value
  end
  return found, element and check_length(#found, param, label)
end

local function read_branches(found, param, label)
  local tree = { members = {}, keys = {} }
  for _, pair in ipairs(found) do
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

--- The function that reads a parameter: reader(pairs, param, label) -> value, or nil and a failure.
---@param param table
---@return fun(pairs: seranking.fake.Pair[], param: table, label: string): any, seranking.fake.Failure?
function query.reader(param)
  local described = (element_of(param) or param.type) == "object" and "json" or nil
  return table_readers[param.style or described] or element_of(param) and list_readers[param.style or "brackets"] or read_scalar
end

--- Reads the query of a request into `args`.
---@param route seranking.fake.Route
---@param pairs_ seranking.fake.Pair[] all of them
---@param sent table<string, seranking.fake.Pair[]> by base name
---@param roots table<string, seranking.fake.Pair[]> by the name before the first bracket
---@param key_name? string the query parameter that carried the key, which is left alone
---@param args table<string, any>
---@return seranking.fake.Failure?
function query.read(route, pairs_, sent, roots, key_name, args)
  local known, trees = {}, {}
  for _, id in ipairs(route.ids) do
    known[id.wire] = true
  end
  for _, field in ipairs(route.query) do
    local wire, param = field.wire, route.params[field.name]
    local found, problem
    if param.style == "tree" then
      trees[wire], found = true, roots[wire]
    else
      known[wire], found = true, sent[wire]
    end
    if found then
      args[field.name], problem = query.reader(param)(found, param, wire)
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

return query
