--- Operations as values: made from a description, called, looked at, or asked what they would send.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"
local host = require "seranking.host"
local json = require "seranking.json"
local misuse = require "seranking.misuse"
local options = require "seranking.options"
local params = require "seranking.params"

local operation = {}

local format = string.format

-- ---- plans: a description made ready for one generation, once ----

-- Methods that the engine may send again when it does not know what became of the first time.
local REPEATABLE = { GET = true, PUT = true, DELETE = true }

-- The names in the braces of a template.
local function placeholders(template)
  local names = {}
  for inside in template:gmatch "{%??([^}]*)}" do
    for name in inside:gmatch "[%w_]+" do
      names[#names + 1] = name
    end
  end
  return names
end

---@class seranking.Plan
---@field name string "sites.keywords.list", for messages
---@field method string
---@field template string
---@field definitions table<string, table> of all parameters that it takes
---@field ids table[] { name, definition } of what the template needs, always required
---@field query table[] { name, definition, required, name on the wire }
---@field body? table[] the same, of a JSON object
---@field items? { fields: table, required: string } of a bare list
---@field upload? table[]

-- A parameter's name in the requests of a generation.
local function wire_name(definition, name, api)
  local wire = definition.wire
  return type(wire) == "table" and wire[api] or type(wire) == "string" and wire or name
end

-- The parameters named in `names`, as { name, definition, required, name on the wire }. Adds them to the plan's definitions.
local function collect(plan, resource, names, api)
  local list = {}
  for i, entry in ipairs(params.names(names)) do
    local name, required = entry[1], entry[2]
    local definition = resource.params[name]
    plan.definitions[name] = definition
    list[i] = { name, definition, required, wire_name(definition, name, api) }
  end
  return list
end

local function make_items(resource, names)
  local fields, required = {}, {}
  for _, entry in ipairs(params.names(names)) do
    fields[entry[1]] = resource.params[entry[1]]
    if entry[2] then
      required[#required + 1] = entry[1]
    end
  end
  return { fields = fields, required = table.concat(required, " ") }
end

-- What a description says of a generation: what it says of this one alone, or else of both.
local function said_of(description, api)
  local own = description[api]
  return function(name)
    if type(own) == "table" and own[name] ~= nil then
      return own[name]
    end
    return description[name]
  end, type(own) == "table" and own[1] or own
end

local function make_plan(resource, description, api)
  local said, line = said_of(description, api)
  local method, template = line:match "^(%u+) (.+)$"
  local plan = {
    name = resource.name .. "." .. description[1],
    method = method,
    template = template,
    definitions = {},
    repeatable = REPEATABLE[method] or false,
    billed = description.billed,
    answer = description.answer,
    unwrap = description.unwrap,
    envelope = said "envelope",
  }
  plan.ids = collect(plan, resource, table.concat(placeholders(template), " "), api)
  plan.query = collect(plan, resource, said "query", api)
  plan.body = said "body" and collect(plan, resource, said "body", api)
  plan.items = said "items" and make_items(resource, said "items")
  plan.upload = said "upload" and collect(plan, resource, said "upload", api)
  if description.repeatable ~= nil then
    plan.repeatable = description.repeatable
  end
  return plan
end

-- ---- arguments ----

local function problem_with(plan, name, problem)
  misuse.raise("%s: %s %s", plan.name, name, problem)
end

-- Refuses names that the operation does not take. List elements belong to operations whose body is a list.
local function check_names(plan, args)
  local definitions = plan.definitions
  for name in pairs(args) do
    if not definitions[name] and not (plan.items and type(name) == "number") then
      if plan.items and plan.items.fields[name] then
        misuse.raise("%s takes a list: { { %s = … }, … }", plan.name, name)
      elseif options.is_call_option(name) then
        misuse.raise("%s: %s is an option: %s({ … }, { %s = … })", plan.name, name, plan.name, name)
      end
      misuse.raise("%s: unknown parameter '%s'%s", plan.name, tostring(name), misuse.suggest(name, definitions))
    end
  end
end

-- The value of an id: an argument, or what the resource is bound to. Both at once must agree.
local function id_value(plan, args, bound, name)
  local given, fixed = args[name], bound[name]
  if given ~= nil and fixed ~= nil and tostring(given) ~= tostring(fixed)
    and (tonumber(given) == nil or tonumber(given) ~= tonumber(fixed)) then
    misuse.raise("%s: %s is bound to %s already, and given as %s", plan.name, name, tostring(fixed), tostring(given))
  end
  if given == nil then
    given = fixed
  end
  return given
end

local function missing(plan, name)
  misuse.raise("%s: %s is required", plan.name, name)
end

local function make_ids(plan, args, bound)
  if #plan.ids == 0 then
    return nil
  end
  local flat = {}
  for i, id in ipairs(plan.ids) do
    local name = id[1]
    local value = id_value(plan, args, bound, name)
    if value == nil then
      missing(plan, name)
    end
    local text, problem = params.text(id[2], value)
    if not text then
      problem_with(plan, name, problem)
    end
    flat[2 * i - 1], flat[2 * i] = name, text
  end
  return flat
end

local function make_query(plan, args, bound)
  local flat
  for _, entry in ipairs(plan.query) do
    local name, definition, required, wire = entry[1], entry[2], entry[3], entry[4]
    local value = id_value(plan, args, bound, name)
    if value ~= nil then
      flat = flat or {}
      local before = #flat
      local fine, problem = params.query(flat, wire, definition, value)
      if not fine then
        problem_with(plan, name, problem)
      elseif required and #flat == before then
        problem_with(plan, name, "must not be empty")
      end
    elseif required then
      missing(plan, name)
    end
  end
  return flat
end

local function make_object(plan, args, bound)
  local parts = {}
  for _, entry in ipairs(plan.body) do
    local name, definition, required, wire = entry[1], entry[2], entry[3], entry[4]
    local value = id_value(plan, args, bound, name)
    if value ~= nil then
      local text, problem = params.json(definition, value)
      if not text then
        problem_with(plan, name, problem)
      end
      parts[#parts + 1] = json.string(wire) .. ":" .. text
    elseif required then
      missing(plan, name)
    end
  end
  local object = "{" .. table.concat(parts, ",") .. "}"
  return plan.envelope == "list" and "[" .. object .. "]" or object
end

local function make_list(plan, args)
  local parts = {}
  for i, item in ipairs(args) do
    local text, problem = params.object(plan.items, item)
    if not text then
      problem_with(plan, format("element %d", i), problem)
    end
    parts[i] = text
  end
  for name in pairs(args) do
    if type(name) == "number" and not parts[name] then
      problem_with(plan, "the list", "must not have holes")
    end
  end
  if #parts == 0 then
    misuse.raise("%s: at least one element is required: { { … }, { … } }", plan.name)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- The part of a file.
local function make_file(plan, name, wire, file)
  if type(file) ~= "table" or type(file.data) ~= "string" or type(file.filename) ~= "string" then
    problem_with(plan, name, "must be { filename = \"…\", data = \"…\" }, content_type optional")
  elseif file.filename == "" or file.filename:find "%z" then
    problem_with(plan, name, "must have a filename that is not empty, without NUL")
  elseif file.content_type ~= nil and not (type(file.content_type) == "string" and file.content_type:find "^[ -~]+$") then
    problem_with(plan, name, "must have a content_type of printable ASCII, or none")
  end
  return { name = wire, filename = file.filename, data = file.data, content_type = file.content_type }
end

-- The parts of a multipart body: a file is one, a text is one, a list is as many as it has elements.
local function make_parts(plan, args, bound)
  local parts = {}
  for _, entry in ipairs(plan.upload) do
    local name, definition, required, wire = entry[1], entry[2], entry[3], entry[4]
    local value = id_value(plan, args, bound, name)
    if value == nil then
      if required then
        missing(plan, name)
      end
    elseif definition.type == "file" then
      parts[#parts + 1] = make_file(plan, name, wire, value)
    else
      local flat = {}
      local fine, problem = params.query(flat, wire, definition, value)
      if not fine then
        problem_with(plan, name, problem)
      elseif required and #flat == 0 then
        problem_with(plan, name, "must not be empty")
      end
      for i = 1, #flat, 2 do
        parts[#parts + 1] = { name = flat[i], data = flat[i + 1] }
      end
    end
  end
  return parts
end

-- ---- the operation itself ----

local methods = {}
local operation_mt = { __name = "seranking.operation", __index = methods }

-- Plans are shared by all clients of a generation; made when an operation is first used.
local plans = { v4 = setmetatable({}, { __mode = "k" }), v1 = setmetatable({}, { __mode = "k" }) }

local function plan_of(op)
  local api = op._client.api
  local description = op._description
  local plan = plans[api][description]
  if not plan then
    if not description[api] then
      misuse.raise("%s.%s does not exist in %s; %s has it (api = \"%s\")", op._resource.name, description[1], api,
        api == "v4" and "v1" or "v4", api == "v4" and "v1" or "v4")
    end
    plan = make_plan(op._resource, description, api)
    plans[api][description] = plan
  end
  return plan
end

local empty = {}

-- Checks everything and makes the core's call; nothing is sent.
local function prepare(op, args, call_options)
  local plan = plan_of(op)
  if op._client._closed then
    misuse.raise("%s: the client is closed", plan.name)
  end
  if args == nil then
    args = empty
  elseif type(args) ~= "table" then
    misuse.raise("%s takes a table of parameters, got %s; ids can be bound: client.sites(147696)", plan.name,
      type(args) == "string" and format("%q", args) or tostring(args))
  end
  if next(args) ~= nil then
    check_names(plan, args)
  end
  local bound = op._bound
  for name, value in pairs(bound) do
    if not plan.definitions[name] then
      misuse.raise("%s takes no %s, but %s is bound", plan.name, name, tostring(value))
    end
  end
  local ids = make_ids(plan, args, bound)
  local query = make_query(plan, args, bound)
  local body
  if plan.body then
    body = make_object(plan, args, bound)
  elseif plan.items then
    body = make_list(plan, args)
  end
  local given = options.call(plan.name, call_options)
  if plan.upload or plan.billed then
    given = options.copy(given)
    given.parts = plan.upload and make_parts(plan, args, bound)
    given.retries = plan.billed and 0 or given.retries
  end
  local core = op._client._core
  local call, problem, name = core:call(plan.method, plan.template, ids, query, body, plan.repeatable, given,
    host.spare(op._client))
  if not call then
    if problem == "long" then
      misuse.raise("%s: the address would be longer than servers take (%s bytes): send fewer at once", plan.name, name)
    end
    problem_with(plan, name, problem == "dots" and "must not be \".\" or \"..\"" or "is " .. problem)
  end
  return plan, call
end

local function unusable(call, code, body, message, ...)
  return nil, errors.wrap(call:failure(code, format(message, ...), body))
end

-- The data of an answer's body, as the description says; nil and an error.
local function read(client, plan, call, body)
  if not plan.answer then
    return true
  elseif body == "" then
    return unusable(call, "empty_body", body, "the answer has no body where %s has one", plan.name)
  end
  local data, problem = json.decode(body, client._keep_nulls)
  if problem then
    return unusable(call, "bad_json", body, "the answer is not JSON: %s", problem)
  end
  if plan.unwrap and type(data) == "table" and data[plan.unwrap] ~= nil then
    data = data[plan.unwrap]
  end
  -- PHP writes an empty map as [], so an empty table is both.
  if type(data) ~= "table" or plan.answer == "array" and type(next(data)) == "string" then
    return unusable(call, "unexpected", body, "the answer is not the %s that %s has; client:request takes it as it is",
      plan.answer == "array" and "list" or "object", plan.name)
  end
  return data
end

--- Carries out the operation.
---@param args? table<string, any> parameters by name
---@param call_options? seranking.CallOptions
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
local function perform(op, args, call_options)
  local plan, call = prepare(op, args, call_options)
  local client = op._client
  local data
  local body, result = host.run(client, call)
  if body then
    local problem
    data, problem = read(client, plan, call, body)
    result = problem or result
  end
  client._spare = call
  return data, result
end

-- client.sites:list(args) hands over the resource first, client.sites.list(args) does not.
function operation_mt.__call(op, first, second, third)
  if type(first) == "table" and getmetatable(first) == operation.resource_mt then
    return perform(op, second, third)
  end
  return perform(op, first, second)
end

function operation_mt.__tostring(op)
  return format("seranking operation %s.%s", op._resource.name, op._description[1])
end

local function must_be_operation(op, name)
  if getmetatable(op) ~= operation_mt then
    misuse.raise("call it with a colon: client.sites.list:%s(…)", name)
  end
end

--- What would be sent: method, url, headers and body, with the key masked. Sends nothing, and needs no key.
---@param args? table<string, any>
---@param call_options? seranking.CallOptions
---@return { method: string, url: string, headers: table<string, string>, body: string? }
function methods.dry_run(op, args, call_options)
  must_be_operation(op, "dry_run")
  local _, call = prepare(op, args, call_options)
  local method, url, headers, body = call:preview()
  return { method = method, url = url, headers = headers, body = body }
end

local function describe_parameter(list, place, name, definition, required)
  list[#list + 1] = {
    name = name, place = place, type = definition.type, required = required, enum = definition.enum,
    min = definition.min, max = definition.max, default = definition.default, about = definition.about,
  }
end

--- What the operation is: a table of plain values, made anew at each call.
---@return table description { name, about, v4, v1, parameters, answer, repeatable, billed, confidence }
function methods.describe(op)
  must_be_operation(op, "describe")
  local description, resource = op._description, op._resource
  local api = description[op._client.api] and op._client.api or (description.v4 and "v4" or "v1")
  local plan = make_plan(resource, description, api)
  local list = {}
  for _, id in ipairs(plan.ids) do
    describe_parameter(list, "path", id[1], id[2], true)
  end
  for _, entry in ipairs(plan.query) do
    describe_parameter(list, "query", entry[1], entry[2], entry[3])
  end
  for _, entry in ipairs(plan.body or plan.upload or {}) do
    describe_parameter(list, "body", entry[1], entry[2], entry[3])
  end
  for _, entry in ipairs(params.names(said_of(description, api) "items" or nil)) do
    describe_parameter(list, "items", entry[1], resource.params[entry[1]], entry[2])
  end
  return {
    name = plan.name, about = description.about, v4 = select(2, said_of(description, "v4")),
    v1 = select(2, said_of(description, "v1")), parameters = list,
    answer = description.answer, repeatable = plan.repeatable and not description.billed,
    billed = description.billed or false, confidence = description.confidence, deprecated = description.deprecated,
  }
end

--- Makes an operation of a resource.
---@param client table
---@param resource table the resource's description
---@param description table the operation's
---@param bound table<string, any> ids that the resource is bound to
function operation.new(client, resource, description, bound)
  return setmetatable({ _client = client, _resource = resource, _description = description, _bound = bound },
    operation_mt)
end

--- Set by seranking.resource: how a resource is told from arguments.
operation.resource_mt = nil

return operation
