--- The content of a request: ids of its path, query, body or parts, from checked arguments.
-- SPDX-License-Identifier: MIT

local encode = require "seranking.request.encode"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local params = require "seranking.request.params"

local content = {}

local format = string.format
local empty = {}

-- An operation that may go by GET or POST goes by POST above these.
local GET_BYTES = 2000  -- of the address
local GET_ELEMENTS = 10 -- of a list

--- Raises the problem of a value.
---@param plan seranking.Plan
---@param name string
---@param problem string
---@param got? string left out if the parameter is secret
function content.refuse(plan, name, problem, got)
  misuse.raise("%s: %s %s", plan.name, name, params.told(plan.definitions[name], problem, got))
end

local function missing(plan, name, call)
  misuse.raise("%s: %s is required%s", plan.name, name, call and "; write " .. call or "")
end

local function has(names, name)
  for _, other in ipairs(names or empty) do
    if other == name then
      return true
    end
  end
  return false
end

-- The value of a parameter: the argument, or the id that the resource is bound to. If both are there, they must agree.
local function value_of(plan, args, bound, name)
  local given, fixed = args[name], bound[name]
  if given ~= nil and fixed ~= nil and tostring(given) ~= tostring(fixed)
    and (params.id(given) == nil or params.id(given) ~= params.id(fixed)) then
    misuse.raise("%s: %s is bound to %s already, and given as %s", plan.name, name, tostring(fixed), tostring(given))
  end
  if given == nil then
    given = fixed
  end
  return given
end

-- The value of a parameter at its place. A required one must be there and must not be an empty string.
local function value_at(plan, place, args, bound)
  local name = place[1]
  local value = value_of(plan, args, bound, name)
  if value == nil and place[2].always then
    value = place[2].default
  elseif value == nil and place[3] then
    missing(plan, name)
  elseif value == "" and (place[3] or has(plan.one_of or plan.any_of, name)) then
    content.refuse(plan, name, "must not be empty")
  end
  return value
end

--- The ids of a path.
---@param explain fun(plan: seranking.Plan): string? the call to write if an id is missing
function content.ids(plan, args, bound, explain)
  if #plan.ids == 0 then
    return nil
  end
  local flat = {}
  for i, id in ipairs(plan.ids) do
    local name = id[1]
    local value = value_of(plan, args, bound, name)
    if value == nil then
      missing(plan, name, explain(plan))
    end
    local text, problem, got = params.text(id[2], value)
    if not text then
      content.refuse(plan, name, problem, got)
    end
    flat[2 * i - 1], flat[2 * i] = id[4], text
  end
  return flat
end

-- Appends the given parameters of `places` to a flat list { name, value, … }.
local function append_places(flat, plan, places, args, bound)
  for _, place in ipairs(places) do
    local name, definition, required, wire = place[1], place[2], place[3], place[4]
    local value = value_at(plan, place, args, bound)
    if value ~= nil then
      local before = #flat
      local fine, problem, got = encode.query(flat, wire, definition, value)
      if not fine then
        content.refuse(plan, name, problem, got)
      elseif required and #flat == before then
        content.refuse(plan, name, "must not be empty")
      elseif #flat == before and encode.element(definition) then -- an empty filter would select everything
        misuse.raise("%s: an empty list can't be sent in a query: leave %s out to ask for all", plan.name, name)
      end
    end
  end
  return flat
end

-- Makes a body of the members "name":value, in the form that the server wants.
local envelopes = {
  plain = function(members)
    return "{" .. table.concat(members, ",") .. "}"
  end,
  list = function(members)
    return "[{" .. table.concat(members, ",") .. "}]"
  end,
  pairs = function(members)
    return '[{"key":"data","value":[' .. (members[1] and "{" .. table.concat(members, "},{") .. "}" or "") .. "]}]"
  end,
  value = function(members)
    return members[1] and members[1]:match "^\"[^\"]*\":(.*)$" or "null"
  end,
}

local function nothing_to_change(plan)
  local names = {}
  for i, place in ipairs(plan.body) do
    names[i] = place[1]
  end
  misuse.raise("%s: nothing to change: give %s%s", plan.name, names[2] and "at least one of " or "", table.concat(names, ", "))
end

-- JSON of the given parameters of `places`, followed by those of `extra`.
local function make_object(plan, places, args, bound, extra)
  local parts = {}
  for _, place in ipairs(places) do
    local name, definition, wire = place[1], place[2], place[4]
    local value = value_at(plan, place, args, bound)
    if value ~= nil then
      local text, problem, got = encode.json(definition, value)
      if not text then
        content.refuse(plan, name, problem, got)
      end
      if not plan.changes or text ~= "{}" then
        parts[#parts + 1] = json.string(wire) .. ":" .. text
      end
    end
  end
  for _, name in ipairs(extra and extra.names or {}) do
    local text, problem = json.encode(extra.values[name], "extra." .. name)
    if not text then
      misuse.raise("%s: %s", plan.name, problem)
    end
    parts[#parts + 1] = json.string(name) .. ":" .. text
  end
  if plan.changes and not parts[1] then
    nothing_to_change(plan)
  end
  return envelopes[plan.envelope or "plain"](parts)
end

local function make_list(plan, args)
  local parts = {}
  for i, item in ipairs(args) do
    local text, problem, got = encode.object(plan.items, item)
    if not text then
      content.refuse(plan, format("element %d", i), problem, got)
    end
    parts[i] = text
  end
  for name in pairs(args) do
    if type(name) == "number" and not parts[name] then
      content.refuse(plan, "the list", "must not have holes")
    end
  end
  if #parts == 0 then
    misuse.raise("%s: at least one element is required: { { … }, { … } }", plan.name)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- A file as a part of a multipart body.
local function make_file(plan, name, wire, file)
  if type(file) ~= "table" or type(file.data) ~= "string" or type(file.filename) ~= "string" then
    content.refuse(plan, name, "must be { filename = \"…\", data = \"…\" }, content_type optional")
  elseif file.filename == "" or file.filename:find "%z" then
    content.refuse(plan, name, "must have a filename that is not empty, without NUL")
  elseif file.content_type ~= nil and not (type(file.content_type) == "string" and file.content_type:find "^[ -~]+$") then
    content.refuse(plan, name, "must have a content_type of printable ASCII, or none")
  end
  return { name = wire, filename = file.filename, data = file.data, content_type = file.content_type }
end

-- The parts of a multipart body: one for each file, text and element of a list.
local function make_parts(plan, args, bound)
  local parts = {}
  for _, place in ipairs(plan.upload) do
    local name = place[1]
    if place[2].type == "file" then
      local file = value_of(plan, args, bound, name)
      if file ~= nil then
        parts[#parts + 1] = make_file(plan, name, place[4], file)
      elseif place[3] then
        missing(plan, name)
      end
    else
      local flat = append_places({}, plan, { place }, args, bound)
      for i = 1, #flat, 2 do
        parts[#parts + 1] = { name = flat[i], data = flat[i + 1] }
      end
    end
  end
  return parts
end

-- ---- GET or POST ----

local function escaped_length(text)
  local _, others = text:gsub("[^%w%-._~]", "")
  return #text + 2 * others
end

-- Whether a request that may go by GET or POST is too large for GET.
local function is_large(op, plan, args, flat)
  for _, place in ipairs(plan.query) do
    local value = args[place[1]]
    if encode.element(place[2]) and type(value) == "table" and #value > GET_ELEMENTS then
      return true
    end
  end
  local length = #op._client.base_url + #plan.template
  for _, list in ipairs { flat, plan.fixed or empty } do
    for _, text in ipairs(list) do
      length = length + escaped_length(text) + 1
    end
  end
  return length > GET_BYTES
end

-- ---- extra ----

-- Parameters that would be a second key.
local keys = { token = true, apikey = true }

-- The described parameter that has this name on the wire; nil when there is none. name[…] belongs to a list, and to an object
-- if the member is described.
function content.taken_name(plan, wire)
  local base, rest = wire:match "^([^%[]*)(.*)$"
  for name, definition in pairs(plan.definitions) do
    if (definition.wire or name) == base or definition.wire == wire or name == base then
      local member = rest:match "^%[([^%]]*)%]"
      if not member or not definition.fields or encode.element(definition) or definition.fields[member] then
        return name
      end
    end
  end
end

local function is_fixed(plan, wire)
  for i = 1, #(plan.fixed or empty), 2 do
    if plan.fixed[i] == wire:match "^[^%[]*" then
      return true
    end
  end
  return false
end

-- Checks the option extra. Returns its values, and its names in alphabetical order.
function content.check_extra(plan, values)
  local names = {}
  for name in pairs(values) do
    local taken = type(name) == "string" and content.taken_name(plan, name)
    if type(name) ~= "string" or name == "" then
      misuse.raise("%s: option extra must be a table of names and values", plan.name)
    elseif taken then
      misuse.raise("%s: extra.%s is no extra parameter: use the parameter %s", plan.name, name, taken)
    elseif is_fixed(plan, name) then
      misuse.raise("%s: extra.%s can't be set: the operation always sends its own %s", plan.name, name, name)
    elseif keys[name:lower():match "^[^%[]*"] then
      misuse.raise("%s: extra.%s would be a second key: the key is the option token of seranking.new", plan.name, name)
    elseif plan.envelope == "value" then
      misuse.raise("%s takes no extra: its body is the list %s alone", plan.name, plan.body[1][1])
    end
    names[#names + 1] = name
  end
  table.sort(names)
  return { names = names, values = values }
end

local function append_extra(flat, plan, extra)
  local problem = encode.free_query(flat, extra.values)
  if problem then
    misuse.raise("%s: extra %s", plan.name, problem)
  end
end

-- ---- all together ----

-- Query, body and parts of a request, and whether it goes by POST instead of GET.
function content.make(op, plan, args, extra)
  local bound = op._bound
  local query = (plan.query[1] or plan.fixed or extra) and append_places({}, plan, plan.query, args, bound)
  local body, parts, by_post
  if plan.body then
    body = make_object(plan, plan.body, args, bound, extra)
  elseif plan.items then
    body = make_list(plan, args)
  elseif plan.upload then
    parts = make_parts(plan, args, bound)
  elseif plan.post and query and is_large(op, plan, args, query) then
    query, body, by_post = {}, make_object(plan, plan.query, args, bound, extra), true
  end
  if extra and not plan.body and not by_post then
    append_extra(query, plan, extra)
  end
  if plan.fixed then
    for _, text in ipairs(plan.fixed) do
      query[#query + 1] = text
    end
  end
  return query and query[1] and query or nil, body, parts, by_post
end

return content
