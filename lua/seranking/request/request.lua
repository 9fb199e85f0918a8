--- From arguments to the core's call: everything is checked here, and nothing sent.
-- SPDX-License-Identifier: MIT

local calls = require "seranking.base.calls"
local copy = require "seranking.base.copy"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local params = require "seranking.request.params"
local proxy = require "seranking.base.proxy"
local rows = require "seranking.request.rows"

local request = {}

local format = string.format
local empty = {}

-- What a mistaken name or value was meant to be. Only the layer above knows the options and all resources, so it sets them.
local hints = {}

--- Sets the functions that explain mistakes.
---@param option fun(who: string, name: any): string? how an option is given, where a parameter has its name
---@param call fun(plan: seranking.Plan, value: any): string? the call that was meant, where an id was given alone
function request.set_hints(option, call)
  hints.option, hints.call = option, call
end

-- Where the same parameters may go by GET or by POST, they go by POST when the address would have more bytes than this, …
local GET_BYTES = 2000
-- … or when a list has more elements than this.
local GET_ELEMENTS = 10

local function problem_with(plan, name, problem)
  local definition = plan.definitions[name]
  misuse.raise("%s: %s %s", plan.name, name, definition and params.discreet(definition, problem) or problem)
end

local function missing(plan, name)
  misuse.raise("%s: %s is required", plan.name, name)
end

local function has(names, name)
  for _, other in ipairs(names or empty) do
    if other == name then
      return true
    end
  end
  return false
end

-- Refuses names that the operation does not take. List elements belong to operations whose body is a list.
local function check_names(plan, args)
  local definitions = plan.definitions
  for name in pairs(args) do
    if not definitions[name] and not (plan.items and type(name) == "number") then
      if plan.items and plan.items.fields[name] then
        misuse.raise("%s takes a list: { { %s = … }, … }", plan.name, name)
      elseif hints.option(plan.name, name) then
        misuse.raise("%s: %s", plan.name, hints.option(plan.name, name))
      elseif type(name) == "number" and next(definitions) ~= nil then
        misuse.raise("%s takes parameters by name, { name = value }, and element %s has none%s", plan.name, tostring(name),
          misuse.suggest(name, definitions))
      end
      local id = name == "id" and plan.ids[#plan.ids]
      misuse.raise("%s: unknown parameter '%s'%s", plan.name, tostring(name),
        id and ("; did you mean '%s'?"):format(id[1]) or misuse.suggest(name, definitions))
    end
  end
end

-- Raises unless exactly one of plan.one_of is given, and at least one of plan.any_of.
local function check_choice(plan, args, bound)
  local given = {}
  for _, name in ipairs(plan.one_of or plan.any_of) do
    if args[name] ~= nil or bound[name] ~= nil then
      given[#given + 1] = name
    end
  end
  if plan.any_of and not given[1] then
    misuse.raise("%s: at least one of %s is required", plan.name, table.concat(plan.any_of, ", "))
  elseif plan.one_of and #given ~= 1 then
    misuse.raise("%s: exactly one of %s is required, got %s", plan.name, table.concat(plan.one_of, ", "),
      given[1] and table.concat(given, " and ") or "none")
  end
end

-- The value of a parameter: an argument, or what the resource is bound to. Both at once must agree.
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

-- The value of a parameter's place. What must be there must not be an empty text.
local function value_at(plan, place, args, bound)
  local name = place[1]
  local value = value_of(plan, args, bound, name)
  if value == nil and place[3] then
    missing(plan, name)
  elseif value == "" and (place[3] or has(plan.one_of or plan.any_of, name)) then
    problem_with(plan, name, "must not be empty")
  end
  return value
end

-- A time must not end before it begins. What is no date is told elsewhere.
local function check_spans(plan, args)
  for _, span in ipairs(plan.spans) do
    local first, last = args[span[1]], args[span[2]]
    -- Dates as text that are in order need no closer look.
    if first ~= nil and last ~= nil and not (type(first) == "string" and type(last) == "string" and first <= last) then
      first, last = params.text(plan.definitions[span[1]], first), params.text(plan.definitions[span[2]], last)
      if first and last and first > last then
        misuse.raise("%s: %s (%s) is after %s (%s)", plan.name, span[1], first, span[2], last)
      end
    end
  end
end

local function make_ids(plan, args, bound)
  if #plan.ids == 0 then
    return nil
  end
  local flat = {}
  for i, id in ipairs(plan.ids) do
    local name = id[1]
    local value = value_of(plan, args, bound, name)
    if value == nil then
      missing(plan, name)
    end
    local text, problem = params.text(id[2], value)
    if not text then
      problem_with(plan, name, problem)
    end
    flat[2 * i - 1], flat[2 * i] = id[4], text
  end
  return flat
end

-- Appends what is given of `places` to a flat list { name, value, … }.
local function append_places(flat, plan, places, args, bound)
  for _, place in ipairs(places) do
    local name, definition, required, wire = place[1], place[2], place[3], place[4]
    local value = value_at(plan, place, args, bound)
    if value ~= nil then
      local before = #flat
      local fine, problem = params.query(flat, wire, definition, value)
      if not fine then
        problem_with(plan, name, problem)
      elseif required and #flat == before then
        problem_with(plan, name, "must not be empty")
      elseif #flat == before and params.element(definition) then -- a list of what to keep would become one of all there is
        misuse.raise("%s: an empty list can't be sent in a query: leave %s out to ask for all", plan.name, name)
      end
    end
  end
  return flat
end

-- Members of a JSON object, "name":value, in the form that the servers want.
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

-- What is given of `places` as a JSON object, and `extra` behind it.
local function make_object(plan, places, args, bound, extra)
  local parts = {}
  for _, place in ipairs(places) do
    local name, definition, wire = place[1], place[2], place[4]
    local value = value_at(plan, place, args, bound)
    if value ~= nil then
      local text, problem = params.json(definition, value)
      if not text then
        problem_with(plan, name, problem)
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

-- Whether what could go by GET goes by POST.
local function is_large(op, plan, args, flat)
  for _, place in ipairs(plan.query) do
    local value = args[place[1]]
    if params.element(place[2]) and type(value) == "table" and #value > GET_ELEMENTS then
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

-- What would be a second key beside the client's own.
local keys = { token = true, apikey = true }

-- The parameter that goes by this name on the wire; nil when there is none. Of a list every name[…] is the list, of an object
-- only its members that are described: others are what extra is for.
local function taken_name(plan, wire)
  local base, rest = wire:match "^([^%[]*)(.*)$"
  for name, definition in pairs(plan.definitions) do
    if (definition.wire or name) == base or name == base then
      local member = rest:match "^%[([^%]]*)%]"
      if not member or not definition.fields or params.element(definition) or definition.fields[member] then
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

-- Parameters that no description knows, in alphabetical order.
local function check_extra(plan, values)
  local names = {}
  for name in pairs(values) do
    local taken = type(name) == "string" and taken_name(plan, name)
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
  local problem = params.free_query(flat, extra.values)
  if problem then
    misuse.raise("%s: extra %s", plan.name, problem)
  end
end

-- ---- all together ----

-- The address' query, the body and the parts of a request; and whether it goes by POST instead of GET.
local function make_content(op, plan, args, extra)
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

-- Where the key goes into the address, a parameter of its name would be a second one, and which of them counts nobody knows.
local function no_second_key(client, plan)
  for _, place in ipairs(plan.query) do
    if place[4] == client._key_param then
      misuse.raise("%s: %s is named %s in the address, as the key is with auth = \"query\": make a client with "
        .. "auth = \"header\" for it", plan.name, place[1], place[4])
    end
  end
end

--- Raises what is wrong with the arguments before any of them is looked at.
---@param client table
---@param plan seranking.Plan
---@param args any
function request.check(client, plan, args)
  if client._closed then
    misuse.raise("%s: the client is closed", plan.name)
  elseif args ~= nil and type(args) ~= "table" then
    local got = type(args) == "string" and format("%q", args) or tostring(args)
    if next(plan.definitions) == nil then
      misuse.raise("%s takes no parameters, got %s", plan.name, got)
    end
    local call = hints.call(plan, args)
    misuse.raise("%s takes a table of parameters, { name = value }, got %s%s", plan.name, got,
      call and "; write " .. call or misuse.suggest(1, plan.definitions))
  end
end

--- Raises when a resource is bound to what its operation does not take.
---@param plan seranking.Plan
---@param bound table<string, any>
function request.check_bound(plan, bound)
  for name, value in pairs(bound) do
    if not plan.definitions[name] then
      misuse.raise("%s takes no %s, but %s is bound", plan.name, name, tostring(value))
    end
  end
end

--- Checks everything and makes the core's call.
---@param op table the operation, its bound ids checked
---@param plan seranking.Plan
---@param args? table
---@param given? table options, as options.call returns them
---@return userdata call, table args, table? options # as checked
function request.prepare(op, plan, args, given)
  local client = op._client
  if plan.constant and args == nil and given == nil and not client._closed then -- there is nothing to check
    return client._core:call(plan.method, plan.template, nil, nil, nil, plan.repeatable, nil, calls.spare(client)), empty
  end
  request.check(client, plan, args)
  if args == nil then
    args = empty
  elseif next(args) ~= nil then
    args = plan.row and rows.arguments(plan, args) or args
    check_names(plan, args)
  elseif proxy.is(args) then -- it would pass for no parameters at all
    misuse.raise("%s takes a table of parameters, { name = value }, got %s", plan.name, tostring(args))
  end
  if client._key_param then
    no_second_key(client, plan)
  end
  if plan.one_of or plan.any_of then
    check_choice(plan, args, op._bound)
  end
  if plan.spans then
    check_spans(plan, args)
  end
  local extra = given and given.extra and check_extra(plan, given.extra)
  local ids = make_ids(plan, args, op._bound)
  local query, body, parts, by_post = make_content(op, plan, args, extra)
  if parts or plan.billed then
    given = copy.shallow(given)
    given.parts = parts
    given.paid = plan.billed
  end
  local call, problem, name = client._core:call(by_post and "POST" or plan.method, plan.template, ids, query, body,
    plan.repeatable, given, calls.spare(client))
  if not call then
    if problem == "long" then
      misuse.raise("%s: the address would be longer than servers take (%s bytes): send fewer at once", plan.name, name)
    end
    problem_with(plan, plan.id_names[name] or name, problem == "dots" and "must not be \".\" or \"..\"" or "is " .. problem)
  end
  return call, args, given
end

-- ---- secrets ----

-- A value with its secrets replaced, and those in `found`. What is no secret is shared with the value.
local function redact(definition, value, found)
  if definition.secret and type(value) == "string" then
    found[#found + 1] = value
    return "…"
  elseif not definition.fields or type(value) ~= "table" then
    return value
  end
  local made = copy.shallow(value)
  for name, inner in pairs(made) do
    if type(name) == "number" then
      made[name] = redact(definition, inner, found)
    elseif definition.fields[name] then
      made[name] = redact(definition.fields[name], inner, found)
    end
  end
  return made
end

--- Parameters with every secret replaced by "…", for what is shown; they are valid where the secrets are.
---@param plan seranking.Plan
---@param args table
---@return table args, string[] secrets
function request.redact(plan, args)
  local made, found = copy.shallow(args), {}
  for name, value in pairs(made) do
    local definition = plan.definitions[name] or type(name) == "number" and plan.items
    made[name] = definition and redact(definition, value, found) or value
  end
  return made, found
end

local function percent(text, hex)
  return (text:gsub("[^%w%-._~]", function(char)
    return format(hex, char:byte())
  end))
end

-- JSON text with its characters beyond ASCII as \u….
local function ascii(text, hex)
  return (text:gsub("[\194-\244][\128-\191]+", function(char)
    local first = char:byte()
    local code = first % (first < 0xE0 and 0x20 or first < 0xF0 and 0x10 or 0x08)
    for i = 2, #char do
      code = code * 64 + char:byte(i) % 64
    end
    if code < 0x10000 then
      return format(hex, code)
    end
    code = code - 0x10000
    return format(hex, 0xD800 + math.floor(code / 1024)) .. format(hex, 0xDC00 + code % 1024)
  end))
end

-- The forms in which a server may repeat a text: as it is, in an address, in a form, and as JSON with more or fewer escapes.
local function forms_of(text)
  local forms = { text }
  for _, hex in ipairs { "%%%02X", "%%%02x" } do
    local form = percent(text, hex)
    forms[#forms + 1] = form
    forms[#forms + 1] = form:gsub("%%20", "+")
  end
  local plain = json.string(text):sub(2, -2)
  for _, form in ipairs { plain, (plain:gsub("/", "\\/")) } do
    forms[#forms + 1] = form
    forms[#forms + 1] = ascii(form, "\\u%04x")
    forms[#forms + 1] = ascii(form, "\\u%04X")
  end
  return forms
end

-- Fewer bytes are found in any text.
local FINDABLE = 3

--- Leaves a call's secrets out of the error that it met with: the body goes as a whole, the secrets in other texts by form. One
--- that is too short to be looked for takes all that the server said with it.
---@param plan seranking.Plan
---@param args table
---@param err seranking.Error
function request.hide_secrets(plan, args, err)
  local _, found = request.redact(plan, args)
  if not found[1] then
    return
  end
  err.body = nil
  local forms = {}
  for _, secret in ipairs(found) do
    if #secret >= FINDABLE then
      for _, form in ipairs(forms_of(secret)) do
        forms[#forms + 1] = (form:gsub("[^%w\128-\255]", "%%%0"))
      end
    elseif secret ~= "" then
      err.message = err.status and format("the server answered HTTP %d", err.status) or err.message
      err.path = err.path and err.path:match "^[^?]*"
    end
  end
  table.sort(forms, function(a, b)
    return #a > #b
  end)
  for _, field in ipairs { "message", "path" } do
    for _, form in ipairs(err[field] and forms or empty) do
      err[field] = err[field]:gsub(form, "…")
    end
  end
end

return request
