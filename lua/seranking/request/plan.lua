--- Plans: an operation's description made ready for one API, once.
-- SPDX-License-Identifier: MIT

local notation = require "seranking.base.notation"
local rows = require "seranking.request.rows"

local plan = {}

-- Methods that the engine may send again when it does not know what became of the first time.
local REPEATABLE = { GET = true, PUT = true, DELETE = true }

--- A parameter's place in the requests of an API: { name, definition, required, name on the wire }.
---@class seranking.Place
---@field [1] string
---@field [2] table
---@field [3] boolean
---@field [4] string

---@class seranking.Plan
---@field name string "sites.keywords.list", for messages
---@field method string
---@field template string with names as they are on the wire
---@field definitions table<string, table> of all parameters that it takes
---@field ids seranking.Place[] what the template needs, always required
---@field id_names table<string, string> their names by those on the wire
---@field query seranking.Place[]
---@field fixed? string[] name, value, … of what is always in the query
---@field body? seranking.Place[] of a JSON object
---@field items? { fields: table, required: string } of a bare list
---@field upload? seranking.Place[]
---@field envelope? "list"|"pairs"|"value"
---@field post boolean the query may also go by POST, as a JSON object
---@field one_of? string[] names of which exactly one must be given
---@field any_of? string[] names of which at least one must be given
---@field row? seranking.RowForm rows that it takes as arguments
---@field changes? boolean it changes what is there, and has no parameter that it must be given
---@field spans? { [1]: string, [2]: string }[] parameters that are the first and the last day, or month, of a time
---@field secrets? boolean there is a secret among its parameters
---@field repeatable boolean it may be sent again when it is not known what became of the first time
---@field constant boolean every request of it is the same, so there is nothing to check
---@field billed? boolean
---@field answer? string
---@field unwrap? string
---@field fields? string
---@field number_rule? string
---@field texts? string
---@field joined? table
---@field numbers? seranking.NumberPlaces|false how answers are converted; nil: not looked for yet
---@field pages? table
---@field job? table
---@field cost? table
---@field failed? string

-- Whether the definition of an API needs to be another table than the description's.
local function differs(definition)
  if type(definition.wire) == "table" then
    return true
  end
  for _, field in pairs(definition.fields or {}) do
    if differs(field) then
      return true
    end
  end
  return false
end

local function localize(definition, api)
  if not differs(definition) then
    return definition
  end
  local own = {}
  for name, value in pairs(definition) do
    own[name] = value
  end
  if type(own.wire) == "table" then
    own.wire = own.wire[api]
  end
  if own.fields then
    local fields = {}
    for name, field in pairs(own.fields) do
      fields[name] = localize(field, api)
    end
    own.fields = fields
  end
  return own
end

--- The definition of an operation's parameter, as an API has it: names on the wire are strings, in members of objects, too.
---@param resource table
---@param description table
---@param name string
---@param api string
---@return table
function plan.definition(resource, description, name, api)
  local definition = description.params and description.params[name] or resource.params[name]
  if not definition then
    notation.typo(name, "no parameter '%s' is described", name)
  end
  return localize(definition, api)
end

--- A field of a description as an API has it: its own, or else the one for all APIs.
---@param description table
---@param api string
---@param name string
---@return any
function plan.field(description, api, name)
  local own = description[api]
  if type(own) == "table" and own[name] ~= nil then
    return own[name]
  end
  return description[name]
end

--- Method and path of an operation on an API: "GET /sites/{site_id}"; nil where the API lacks it.
---@param description table
---@param api string
---@return string?
function plan.line(description, api)
  local own = description[api]
  return type(own) == "table" and own[1] or own
end

-- Raises a typo in the names of the members that must be given.
local function check_members(definition)
  if not definition.fields then
    return
  end
  for _, entry in ipairs(notation.names(definition.required)) do
    if not definition.fields[entry[1]] then
      notation.typo(entry[1], "the required member '%s' is not described", entry[1])
    end
  end
  for _, field in pairs(definition.fields) do
    check_members(field)
  end
end

local function has_secret(definition)
  if definition.secret then
    return true
  end
  for _, field in pairs(definition.fields or {}) do
    if has_secret(field) then
      return true
    end
  end
  return false
end

-- The places of the parameters named in `names`. Adds their definitions to the plan.
local function collect(made, names)
  local list = {}
  for i, entry in ipairs(notation.names(names)) do
    local name, required = entry[1], entry[2]
    local definition = made.define(name)
    check_members(definition)
    made.definitions[name] = definition
    made.secrets = made.secrets or has_secret(definition)
    list[i] = { name, definition, required, definition.wire or name }
  end
  return list
end

-- The ids of a route, their names by those on the wire, and the template with the latter where they are seen: in the query.
local function collect_ids(made, route)
  local ids, wires, names = collect(made, table.concat(route.in_path, " ")), {}, {}
  for _, id in ipairs(ids) do
    id[4] = id[1]
  end
  for i, id in ipairs(collect(made, table.concat(route.in_query, " "))) do
    ids[#ids + 1] = id
    wires[i] = id[4]
  end
  for _, id in ipairs(ids) do
    names[id[4]] = id[1]
  end
  return ids, names, wires[1] and ("%s{?%s}"):format(route.path, table.concat(wires, ",")) or route.path
end

local function make_items(made, names)
  local fields, required = {}, {}
  for _, entry in ipairs(notation.names(names)) do
    fields[entry[1]] = made.define(entry[1])
    made.secrets = made.secrets or has_secret(fields[entry[1]])
    if entry[2] then
      required[#required + 1] = entry[1]
    end
  end
  return { fields = fields, required = table.concat(required, " ") }
end

-- The names of parameters among which the caller must choose; nil when there is no such rule.
local function choice_of(made, text)
  if not text then
    return nil
  end
  local names = notation.words(text)
  for _, name in ipairs(names) do
    if not made.definitions[name] then
      notation.typo(name, "the operation takes no parameter '%s'", name)
    end
  end
  return names
end

local function changes_what_is_there(made, repeatable)
  if not (made.body and (repeatable or made.method == "PUT" or made.method == "PATCH")) then
    return false
  end
  for _, place in ipairs(made.body) do
    if place[3] then
      return false
    end
  end
  return not made.one_of
end

local LAST = { from = "to", start = "end" }

-- The pairs of parameters that are the ends of a time: date_from and date_to, date_start and date_end. nil: there are none.
local function spans_of(definitions)
  local spans
  for first, definition in pairs(definitions) do
    local base, word = first:match "^(.-)(%l+)$"
    local last = LAST[word] and base .. LAST[word]
    if definitions[last] and (definition.type == "date" or definition.type == "month") then
      spans = spans or {}
      spans[#spans + 1] = { first, last }
    end
  end
  return spans
end

local function make(resource, description, api)
  local function field(name)
    return plan.field(description, api, name)
  end
  local route = notation.route(plan.line(description, api))
  local made = {
    name = resource.name .. "." .. description[1],
    method = route.method,
    definitions = {},
    define = function(name)
      return plan.definition(resource, description, name, api)
    end,
    billed = description.billed,
    answer = field "answer",
    unwrap = field "unwrap",
    envelope = field "envelope",
    fields = field "fields",
    number_rule = field "numbers",
    texts = field "texts",
    joined = description.joined,
    fixed = field "fixed" and notation.pairs(field "fixed"),
    post = description.post or false,
    pages = field "pages",
    job = field "job",
    cost = field "cost",
    failed = field "failed",
  }
  made.ids, made.id_names, made.template = collect_ids(made, route)
  made.query = collect(made, field "query")
  made.body = field "body" and collect(made, field "body")
  made.items = field "items" and make_items(made, field "items")
  made.upload = field "upload" and collect(made, field "upload")
  made.define = nil
  made.one_of, made.any_of = choice_of(made, field "one_of"), choice_of(made, field "any_of")
  made.spans = spans_of(made.definitions)
  made.row = rows.form(resource, description, made.definitions)
  made.changes = changes_what_is_there(made, description.repeatable)
  made.repeatable = description.repeatable
  if made.repeatable == nil then
    made.repeatable = REPEATABLE[route.method] or false
  end
  made.repeatable = made.repeatable and not made.billed -- twice is paid for twice
  made.constant = not (made.ids[1] or made.query[1] or made.fixed or made.body or made.items or made.upload or made.billed)
  return made
end

-- Shared by all clients of an API; made when an operation is first used.
local plans = { v4 = setmetatable({}, { __mode = "k" }), v1 = setmetatable({}, { __mode = "k" }),
  data = setmetatable({}, { __mode = "k" }) }

--- The plan of an operation on an API: "v4", "v1" or "data". nil where that lacks it. A typo in its description is raised, with
--- file and line.
---@param resource table
---@param description table
---@param api string
---@return seranking.Plan?
function plan.of(resource, description, api)
  local known = plans[api][description]
  if not known and description[api] then
    known = notation.within(resource.name, description[1], make, resource, description, api)
    plans[api][description] = known
  end
  return known
end

return plan
