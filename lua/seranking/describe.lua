--- The description of an operation as plain data, for programs, documentation and types.
-- SPDX-License-Identifier: MIT

local copy = require "seranking.base.copy"
local numbers = require "seranking.answer.numbers"
local notation = require "seranking.base.notation"
local planner = require "seranking.request.plan"
local proxy = require "seranking.base.proxy"

local describe = {}

-- Fields copied from a parameter's definition.
local PARAMETER = { "type", "style", "enum", "min", "max", "default", "max_items", "min_items", "max_length", "min_length",
  "nullable", "secret", "wrap", "always", "enum_by", "sample", "about" }

local parameter

-- The members of an object, in alphabetical order.
local function members(definition, place)
  local required, list = {}, {}
  for _, entry in ipairs(notation.names(definition.required)) do
    required[entry[1]] = true
  end
  for i, name in ipairs(proxy.sorted_names(definition.fields)) do
    list[i] = parameter(place, name, definition.fields[name], required[name] or false)
  end
  return list
end

---@class seranking.ParameterDescription
---@field name string
---@field place "path"|"query"|"body"|"items"|"upload"
---@field required boolean
---@field wire string its name in the request
---@field type string
---@field fields? seranking.ParameterDescription[] the members, of an object or a list of objects
---@field style? string
---@field enum? any[]
---@field min? number
---@field max? number
---@field default? any the server's, if you leave it out
---@field max_items? integer
---@field min_items? integer
---@field max_length? integer characters
---@field min_length? integer
---@field nullable? boolean
---@field secret? boolean
---@field wrap? string each element is sent as an object with this member
---@field always? boolean the default is sent if you leave it out
---@field enum_by? table the parameter that decides, and the accepted values by its values
---@field sample? any a value for examples
---@field about? string
function parameter(place, name, definition, required)
  local made = { name = name, place = place, required = required, wire = definition.wire or name }
  for _, field in ipairs(PARAMETER) do
    made[field] = copy.deep(definition[field])
  end
  made.fields = definition.fields and members(definition, place)
  return made
end

---@class seranking.FieldDescription a field of an answer
---@field path string "keywords[].id"; in an array, from its elements on
---@field type string "integer", "string|number" …
---@field optional boolean may be null or missing
---@field guessed? boolean no source shows its name
---@field text boolean may come as text; the library converts it to the number
---@field note? string

---@return seranking.FieldDescription[]
local function fields_of(text, rule, texts)
  local list = {}
  for i, field in ipairs(notation.fields(text)) do
    list[i] = {
      path = field.path, type = field.type, optional = field.optional, guessed = field.guessed or nil, note = field.note,
      text = (field.type:find "integer" or field.type:find "number") ~= nil and numbers.covers(rule, texts, field.path),
    }
  end
  return list
end

-- Pages as plain data. Of several places where the rows may be, `rows` is the one that the fields describe.
local function pages_of(plan)
  local pages = copy.deep(plan.pages)
  local places = notation.words(pages and pages.rows)
  if places[2] then
    pages.rows, pages.places = places[1], copy.deep(places)
    for _, name in ipairs(places) do
      pages.rows = (plan.fields or ""):find("%f[%w_]" .. name:gsub("%p", "%%%0") .. "%[%]") and name or pages.rows
    end
  end
  return pages
end

-- Where a template has an id: in the path or the query.
local function place_of(plan, id)
  return plan.template:match "^[^?]*":find("{" .. id .. "}", 1, true) and "path" or "query"
end

local function parameters_of(plan)
  local list = {}
  for _, id in ipairs(plan.ids) do
    list[#list + 1] = parameter(place_of(plan, id[1]), id[1], id[2], true)
    list[#list].wire = id[4]
  end
  for _, group in ipairs { { "query", plan.query }, { "body", plan.body }, { "upload", plan.upload } } do
    for _, entry in ipairs(group[2] or {}) do
      list[#list + 1] = parameter(group[1], entry[1], entry[2], entry[3])
    end
  end
  for _, member in ipairs(plan.items and members(plan.items, "items") or {}) do
    list[#list + 1] = member
  end
  return list
end

local function body_kind(plan)
  return plan.body and "object" or plan.items and "list" or plan.upload and "multipart" or nil
end

---@class seranking.Description
---@field name string "sites.keywords.list"
---@field about string
---@field use? string what to use it for, where other operations resemble it
---@field api seranking.Api the API that the rest is about
---@field method string
---@field path string with placeholders: {name} in the path, {?a,b} in the query
---@field v4? string method and path; nil: not in v4
---@field v1? string
---@field data? string
---@field visible? string
---@field instead? string the operation to use on the generation that lacks this one
---@field parameters seranking.ParameterDescription[]
---@field one_of? string[] exactly one of these is required
---@field row_of? string operations whose rows, or answers, it accepts as arguments: "list get"
---@field any_of? string[] at least one of these is required
---@field together? string[] all or none of these must be given
---@field fixed? table<string, string> what is always in the query
---@field post boolean large requests go by POST
---@field body? "object"|"list"|"multipart"
---@field envelope? "list"|"pairs"|"value"
---@field answer? "array"|"object"|"map"|"bytes"|"any" nil: the call returns true
---@field unwrap? string
---@field failed? string
---@field fields seranking.FieldDescription[]
---@field example? string JSON text
---@field success integer[] documented statuses
---@field errors { status: integer, message: string? }[] known error messages
---@field pages? table `rows` is the member that the fields describe; `places`: all members that may have the rows
---@field job? table
---@field cost? table
---@field repeatable boolean may be sent twice
---@field billed boolean costs money or counts against the plan
---@field source string[]
---@field confidence? "high"|"medium"|"low"
---@field deprecated boolean

--- Describes an operation on an API; if that lacks it, on another that has it.
---@param resource table
---@param description table
---@param api string
---@return seranking.Description
function describe.operation(resource, description, api)
  if not description[api] then
    api = planner.apis(description)[1]
  end
  local plan = planner.of(resource, description, api)
  local fixed, errors = nil, {}
  for i = 1, #(plan.fixed or {}), 2 do
    fixed = fixed or {}
    fixed[plan.fixed[i]] = plan.fixed[i + 1]
  end
  for i, known in ipairs(description.errors or {}) do
    errors[i] = { status = known[1], message = known[2] }
  end
  local made = {
    name = plan.name, about = description.about, use = description.use, api = api, method = plan.method,
    path = notation.line(description, api):match " (.+)$",
    parameters = parameters_of(plan), one_of = copy.deep(plan.one_of), any_of = copy.deep(plan.any_of),
    together = copy.deep(plan.together), fixed = fixed,
    row_of = description.row and description.row.of,
    post = plan.post, body = body_kind(plan),
    envelope = plan.envelope or nil, answer = plan.answer or nil, unwrap = plan.unwrap or nil, failed = plan.failed,
    fields = notation.within(resource.name, description[1], fields_of, plan.fields, plan.number_rule, plan.texts),
    example = notation.field(description, api, "example") or nil,
    success = copy.deep(description.success or { 200 }),
    errors = errors, pages = pages_of(plan), job = copy.deep(plan.job), cost = copy.deep(plan.cost),
    repeatable = plan.repeatable, billed = description.billed or false,
    source = copy.deep(notation.words(description.source)), confidence = description.confidence,
    deprecated = description.deprecated or false,
  }
  for _, other in ipairs(planner.apis(description)) do
    made[other] = notation.line(description, other)
  end
  made.instead = description.instead
  return made
end

return describe
