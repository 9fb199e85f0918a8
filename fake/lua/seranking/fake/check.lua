--- Checks a request against its operation's description, strictly: what the fake lets pass, the real API takes.
-- SPDX-License-Identifier: MIT
--
-- Where the vendor's servers guess (numbers as text, unknown members), the fake refuses: a client that is tested against
-- it should send the one documented form.

local countries = require "seranking.fake.countries"
local json = require "seranking.fake.json"
local query = require "seranking.fake.query"
local tools = require "seranking.fake.tools"
local url = require "seranking.fake.url"
local values = require "seranking.fake.values"

local failure, from_text, read_one = values.failure, values.from_text, values.read_one
local read_member, read_object = values.read_member, values.read_object

local check = {}

local function read_ids(route, captures, sent, args)
  for i, name in ipairs(route.path) do
    args[name] = captures[i]:find("^%d+$") and tonumber(captures[i]) or captures[i]
  end
  for _, id in ipairs(route.ids) do
    local found, param = sent[id.wire] or {}, route.params[id.name]
    if #found ~= 1 or found[1].index or found[1].value == "" then
      return failure("address", id.wire, #found > 1 and "more than once in the query" or "not in the query")
    end
    local problem
    args[id.name], problem = read_one(from_text, found[1].value, param.type, param, id.wire)
    if problem then
      return problem
    end
  end
end

local function has_type(headers, wanted)
  local given = (headers["content-type"] or ""):match("^[^;]*"):lower():gsub("%s+$", "")
  return given == wanted
end

--- Reads the object of a body into the arguments.
local function read_fields(route, node, prefix, args)
  local object, problem = read_object(node, route.body, route.params, prefix)
  for name, value in pairs(object or {}) do
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
    local object, problem = read_object(item, route.items, route.params, "[" .. i - 1 .. "].")
    if problem then
      return problem
    end
    args.items[i] = object
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

local function read_file(found, _, label)
  if #found > 1 then
    return nil, failure("repeated", label, "more than once")
  elseif found[1].index or not found[1].filename then
    return nil, failure("type", label, "not a file")
  end
  return { filename = found[1].filename, data = found[1].value }
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
    local found, problem = sent[wire], nil
    known[wire] = true
    if found then
      args[field.name], problem = (param.type == "file" and read_file or query.reader(param))(found, param, wire)
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

--- Of some parameters all must be there, or none.
local function check_together(route, args)
  local given, missing
  for name in (route.operation.together or ""):gmatch("%S+") do
    if args[name] ~= nil then
      given = name
    else
      missing = missing or name
    end
  end
  return given and missing and failure("missing", missing, "goes with " .. given) or nil
end

--- Some values depend on another parameter.
local function check_dependent(route, args)
  for _, field in ipairs(route.query) do
    local by = route.params[field.name].enum_by
    local decides = by and (args[by.of] or route.params[by.of].default)
    if decides and args[field.name] ~= nil and not tools.has(by.values[decides], args[field.name]) then
      return failure("range", field.wire, ("not for %s = %s"):format(by.of, decides))
    end
  end
end

--- The databases of the Data API are those of known countries.
local function check_source(route, args)
  local source = args.source
  if route.family == "data" and type(source) == "string" and source:find "^%l%l$" and not countries[source] then
    local hint = source == "gb" and "; the United Kingdom is uk" or ""
    return failure("range", "source", ("no database '%s'%s"):format(source, hint))
  end
end

---@class seranking.fake.CheckOptions
---@field key_name? string the query parameter that carried the key, to be left alone
---@field lenient? boolean|"content_type" as in seranking.fake.Options

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
    or query.read(route, pairs_, sent, group(pairs_, "root"), options.key_name, args)
    or read_body(route, request, options.lenient, args)
    or check_choice(route, args)
    or check_together(route, args)
    or check_dependent(route, args)
    or options.lenient ~= true and check_source(route, args)
  if problem then
    local whole = problem.label and own_name(route, problem.label) -- the name of a[0][b]
    problem.param = route.params[whole] and whole or own_name(route, problem.param)
    return nil, problem
  end
  return args
end

return check
