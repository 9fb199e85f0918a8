--- The little languages inside the API descriptions (see seranking.api): one parser for each.
-- SPDX-License-Identifier: MIT
--
-- A text is parsed once; its result is shared, so nobody may change it. A typo is raised as a value of its own. Where the entry
-- is known, `notation.within` turns it into a message that names the file and the line.

local notation = {}

local find, format, gmatch, match = string.find, string.format, string.gmatch, string.match

---@class seranking.Typo what is wrong with a text of a description
---@field word string the part of the text to look for in the file
---@field problem string
local Typo = { __name = "seranking.typo" }

function Typo:__tostring()
  return self.problem
end

--- Raises a typo.
---@param word string
---@param problem string as for string.format
---@param ... any
function notation.typo(word, problem, ...)
  error(setmetatable({ word = word, problem = format(problem, ...) }, Typo), 0)
end

local typo = notation.typo

local nothing = {}

-- A parser that remembers what it has parsed. Nothing (nil or false) has no elements.
local function once(parse)
  local known = {}
  return function(text)
    if not text then
      return nothing
    end
    local made = known[text]
    if not made then
      made = parse(text)
      known[text] = made
    end
    return made
  end
end

local NAME = "^[%a_][%w_]*$"

---@class seranking.Name
---@field [1] string
---@field [2] boolean required

--- "date* top": names of parameters, the required ones with a star.
---@type fun(text: string?): seranking.Name[]
notation.names = once(function(text)
  local list, seen = {}, {}
  for word in gmatch(text, "%S+") do
    local name, star = match(word, "^([^*]+)(%*?)$")
    if not name or not find(name, NAME) then
      typo(word, "'%s' is no parameter: write names separated by blanks, a required one with a star, as in \"date* top\"", word)
    elseif seen[name] then
      typo(word, "'%s' is named twice", name)
    end
    seen[name] = true
    list[#list + 1] = { name, star == "*" }
  end
  return list
end)

--- "queued processing": words separated by blanks.
---@type fun(text: string?): string[]
notation.words = once(function(text)
  local list = {}
  for word in gmatch(text, "%S+") do
    list[#list + 1] = word
  end
  return list
end)

--- The same as a set.
---@type fun(text: string?): table<string, true>
notation.set = once(function(text)
  local set = {}
  for word in gmatch(text, "%S+") do
    set[word] = true
  end
  return set
end)

--- "output=json a=b" as { "output", "json", "a", "b" }.
---@type fun(text: string?): string[]
notation.pairs = once(function(text)
  local flat = {}
  for word in gmatch(text, "%S+") do
    local name, value = match(word, "^([^=]+)=(.+)$")
    if not name then
      typo(word, "'%s' is no name=value", word)
    end
    flat[#flat + 1], flat[#flat + 2] = name, value
  end
  return flat
end)

--- "id:site_id name:url" as { { "id", "site_id" }, { "name", "url" } }.
---@type fun(text: string?): { [1]: string, [2]: string }[]
notation.map = once(function(text)
  local list = {}
  for word in gmatch(text, "%S+") do
    local from, to = match(word, "^([^:]+):([^:]+)$")
    if not from then
      typo(word, "'%s' is no member:parameter", word)
    end
    list[#list + 1] = { from, to }
  end
  return list
end)

local METHODS = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }

---@class seranking.Route
---@field method string
---@field template string "/sites/{site_id}/x{?a,b}"
---@field path string "/sites/{site_id}/x"
---@field in_path string[] names of the ids in the path, in order
---@field in_query string[] names of the ids that go into the query

--- "GET /sites/{site_id}/x{?a,b}".
---@type fun(text: string): seranking.Route
notation.route = once(function(text)
  local method, template = match(text, "^(%u+) (/%S*)$")
  if not METHODS[method] then
    typo(text, "'%s' is no method and path, as in \"GET /sites/{site_id}\"", text)
  end
  local path, query = match(template, "^(.-){%?([^{}]*)}$")
  local made = { method = method, template = template, path = path or template, in_path = {}, in_query = {} }
  local rest = made.path:gsub("{([^{}]*)}", function(name)
    if not find(name, NAME) then
      typo(template, "'{%s}' in '%s' is no id: write {name} for a segment, and {?a,b} at the end for ids in the query", name,
        template)
    end
    made.in_path[#made.in_path + 1] = name
    return ""
  end)
  if find(rest, "[{}?]") then
    typo(template, "'%s' has a brace without its partner, or a query that is not at its end: write {?a,b} there", template)
  end
  for name in gmatch(query and query .. "," or "", "([^,]*),") do
    if not find(name, NAME) then
      typo(template, "'%s' in '%s' is no id: write {?a,b}", name, template)
    end
    made.in_query[#made.in_query + 1] = name
  end
  return made
end)

---@class seranking.PathStep
---@field name? string of a member; nil: an element alone ("[]"), or one of the others below
---@field key? boolean each value of a map: "<keyword>"
---@field all? boolean every member: "*", at the end only
---@field lists integer how many "[]" follow

--- "rows[].<date>.price", "rows[].*": a path into an answer, step by step.
---@type fun(text: string): seranking.PathStep[]
notation.path = once(function(text)
  local steps = {}
  for part in gmatch(text .. ".", "([^.]*)%.") do
    local last = steps[#steps]
    local name, lists = match(part, "^([^%[%]]*)([%[%]]*)$")
    if not name or lists:gsub("%[%]", "") ~= "" or part == "" or last and last.all then
      typo(text, "'%s' is no path: write steps with dots between them, as in rows[].<date>.price", text)
    end
    local step = { lists = #lists / 2 }
    if name == "*" then
      step.all = true
    elseif find(name, "^<[^<>]+>$") then
      step.key = true
    elseif find(name, "^[^<>*]+$") then
      step.name = name
    elseif name ~= "" or last then
      typo(text, "'%s' is no path: '%s' is no member", text, part)
    end
    steps[#steps + 1] = step
  end
  return steps
end)

--- Paths separated by blanks.
---@type fun(text: string?): string[]
notation.paths = once(function(text)
  local list = {}
  for word in gmatch(text, "%S+") do
    notation.path(word)
    list[#list + 1] = word
  end
  return list
end)

local TYPES = { integer = true, number = true, string = true, boolean = true, date = true, month = true, time = true,
  object = true, array = true }

---@class seranking.FieldLine
---@field path string
---@field type string "integer", "string|number"
---@field optional boolean it may be null or missing
---@field guessed boolean no source shows its name
---@field note? string

--- Lines of `path type note`, where a type that ends in "?" is optional, and in "??" a guess, too.
---@type fun(text: string?): seranking.FieldLine[]
notation.fields = once(function(text)
  local list, seen = {}, {}
  for line in gmatch(text, "[^\n]+") do
    if find(line, "%S") then
      local path, kind, note = match(line, "^%s*(%S+)%s+(%S+)%s*(.-)%s*$")
      local bare, mark = match(kind or "", "^(.-)(%??%??)$")
      if not path then
        typo(line, "the field '%s' has no type", match(line, "^%s*(.-)%s*$"))
      end
      for word in gmatch(bare .. "|", "([^|]*)|") do
        if not TYPES[word] then
          typo(line, "the field %s has the unknown type '%s'", path, kind)
        end
      end
      notation.path(path)
      if seen[path] then
        typo(line, "the field %s is described twice", path)
      end
      seen[path] = true
      list[#list + 1] = { path = path, type = bare, optional = mark ~= "", guessed = mark == "??",
        note = note ~= "" and note or nil }
    end
  end
  return list
end)

-- ---- where a typo is ----

-- The file of the family that describes a resource; nil when none does, as in tests.
local function file_of(resource_name)
  local index = require "seranking.api"
  local name = resource_name
  while name and not index[name] do
    name = match(name, "^(.*)%.[^.]*$")
  end
  for template in gmatch(name and package.path or "", "[^;]+") do
    local path = template:gsub("%?", (index[name]:gsub("%.", "/")))
    local file = io.open(path)
    if file then
      return file, path
    end
  end
end

-- "lua/seranking/api/sites.lua:31": the first line from the operation's on that holds the word, else the operation's, else the
-- file alone. Files are read only to report a typo, so plain tables need not carry their lines.
local function position(resource_name, operation_name, word)
  local file, path = file_of(resource_name)
  if not file then
    return nil
  end
  local in_resource, at, number = false, nil, 0
  word = match(word, "^%s*(.-)%s*$")
  for line in file:lines() do
    number = number + 1
    in_resource = in_resource or find(line, 'name = "' .. resource_name .. '"', 1, true) ~= nil
    if in_resource and not at and find(line, '{ "' .. operation_name .. '"', 1, true) then
      at = number
    end
    if at and find(line, word, 1, true) then
      at = number
      break
    end
  end
  file:close()
  return at and path .. ":" .. at or path
end

--- A field of an operation on one API: its own, or else the one for all APIs.
---@param operation table
---@param api string
---@param name string
---@return any
function notation.field(operation, api, name)
  local own = operation[api]
  if type(own) == "table" and own[name] ~= nil then
    return own[name]
  end
  return operation[name]
end

--- Method and path of an operation on an API: "GET /sites/{site_id}"; nil where the API lacks it.
---@param operation table
---@param api string
---@return string?
function notation.line(operation, api)
  local own = operation[api]
  return type(own) == "table" and own[1] or own
end

-- Whether a name on the wire, of a parameter or a member of it, depends on the API.
local function differs(definition)
  if type(definition.wire) == "table" then
    return true
  end
  for _, member in pairs(definition.fields or {}) do
    if differs(member) then
      return true
    end
  end
  return false
end

--- A parameter as it is on one API: `wire` is a string, also in members of objects.
---@param definition table
---@param api string
---@return table
function notation.on_api(definition, api)
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
    for name, member in pairs(own.fields) do
      fields[name] = notation.on_api(member, api)
    end
    own.fields = fields
  end
  return own
end

--- Calls `f` with the rest of the arguments. A typo that it raises becomes an error message with file, line and operation.
---@param resource_name string "sites.keywords"
---@param operation_name string
---@param f function
---@param ... any
---@return any
function notation.within(resource_name, operation_name, f, ...)
  local fine, result = pcall(f, ...)
  if fine then
    return result
  elseif getmetatable(result) == Typo then
    local place = position(resource_name, operation_name, result.word)
    error(format("%s%s.%s: %s", place and place .. ": " or "", resource_name, operation_name, result.problem), 0)
  end
  error(result, 0)
end

return notation
