--- Plans: the description of an operation, prepared for one API.
-- SPDX-License-Identifier: MIT

local notation = require "seranking.base.notation"
local products = require "seranking.api.products"
local rows = require "seranking.request.rows"

local plan = {}

-- Methods that may be sent twice: the engine repeats them after an attempt with an unknown outcome.
local REPEATABLE = { GET = true, PUT = true, DELETE = true }

--- A parameter in the requests of one API.
---@class seranking.Place
---@field [1] string name
---@field [2] table definition
---@field [3] boolean required
---@field [4] string name on the wire

---@class seranking.Plan
---@field name string "sites.keywords.list", for messages
---@field method string
---@field template string the path, with names as they are on the wire
---@field definitions table<string, table> of all its parameters
---@field ids seranking.Place[] of the template, all required
---@field id_names table<string, string> names of the ids by their names on the wire
---@field query seranking.Place[]
---@field fixed? string[] { name, value, … } that every request has in its query
---@field body? seranking.Place[] of a JSON object
---@field items? { fields: table, required: string } of the objects in a body that is a list
---@field upload? seranking.Place[]
---@field envelope? "list"|"pairs"|"value"
---@field post boolean a large query goes by POST, as a JSON object
---@field one_of? string[] exactly one of these must be given
---@field any_of? string[] at least one of these must be given
---@field together? string[] all of these must be given, or none
---@field dependent? string[] parameters whose values depend on another
---@field row? seranking.RowForm how it takes a row as its arguments
---@field changes? boolean an update without a required parameter: an empty one is refused
---@field spans? { [1]: string, [2]: string }[] pairs of parameters: first and last day, or month
---@field secrets? boolean one of its parameters is secret
---@field repeatable boolean it may be sent again after an attempt with an unknown outcome
---@field constant boolean it takes no parameters and is not billed: its requests need no checks
---@field billed? boolean
---@field answer? string
---@field unwrap? string members that may hold the answer, separated by blanks
---@field fields? string
---@field number_rule? string
---@field texts? string
---@field joined? table
---@field numbers? seranking.NumberPlaces|false how answers are converted; nil: not yet computed
---@field pages? table
---@field job? table
---@field cost? table
---@field failed? string

-- Whether a condition holds for a definition, or for a member of its objects.
local function any_part(definition, holds)
  if holds(definition) then
    return true
  end
  for _, field in pairs(definition.fields or {}) do
    if any_part(field, holds) then
      return true
    end
  end
  return false
end

local function is_secret(definition)
  return definition.secret
end

--- The definition of a parameter on one API: `wire` is a string, also in members of objects.
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
  return notation.on_api(definition, api)
end

-- Raises a typo in the names of required members.
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

-- The parameters named in `names`. Adds their definitions to the plan.
local function collect(made, names)
  local list = {}
  for i, entry in ipairs(notation.names(names)) do
    local name, required = entry[1], entry[2]
    local definition = made.define(name)
    check_members(definition)
    made.definitions[name] = definition
    made.secrets = made.secrets or any_part(definition, is_secret)
    list[i] = { name, definition, required, definition.wire or name }
  end
  return list
end

-- The ids of a route, their names by those on the wire, and the template with the latter in its query.
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
    made.secrets = made.secrets or any_part(fields[entry[1]], is_secret)
    if entry[2] then
      required[#required + 1] = entry[1]
    end
  end
  return { fields = fields, required = table.concat(required, " ") }
end

-- The parameters among which the caller must choose; nil without such a rule.
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

-- Pairs of parameters that begin and end a period: date_from and date_to, date_start and date_end. nil: none.
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

-- The parameters whose accepted values depend on another parameter; nil: none.
local function dependent_of(definitions)
  local names
  for name, definition in pairs(definitions) do
    if definition.enum_by then
      names = names or {}
      names[#names + 1] = name
    end
  end
  return names
end

local function make(resource, description, api)
  local function field(name)
    return notation.field(description, api, name)
  end
  local route = notation.route(notation.line(description, api))
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
  notation.paths(made.number_rule) -- later they are parsed with an answer at hand
  made.one_of, made.any_of = choice_of(made, field "one_of"), choice_of(made, field "any_of")
  made.together = choice_of(made, field "together")
  made.dependent = dependent_of(made.definitions)
  made.spans = spans_of(made.definitions)
  made.row = rows.form(resource, description, made.definitions)
  made.changes = changes_what_is_there(made, description.repeatable)
  made.repeatable = description.repeatable
  if made.repeatable == nil then
    made.repeatable = REPEATABLE[route.method] or false
  end
  made.repeatable = made.repeatable and not made.billed -- repeating it costs twice
  made.constant = not (made.ids[1] or made.query[1] or made.fixed or made.body or made.items or made.upload or made.billed)
  return made
end

-- By API and description. Shared by all clients, made when an operation is first used.
local plans = {}
for _, api in ipairs(products) do
  plans[api] = setmetatable({}, { __mode = "k" })
end

--- Whether a value names an API.
---@param api any
---@return boolean
function plan.is_api(api)
  return plans[api] ~= nil
end

--- The APIs that have an operation, in the order in which they are shown.
---@param description table
---@return string[]
function plan.apis(description)
  local list = {}
  for _, api in ipairs(products) do
    list[#list + 1] = description[api] and api or nil
  end
  return list
end

--- The plan of an operation on an API: "v4", "v1" or a product. nil if the API lacks it. Raises a typo in the description, with
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
