--- From the API descriptions to a table of routes, and from a request's path to the operations that live there.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"
local tools = require "seranking.fake.tools"
local products = require "seranking.api.products"
local url = require "seranking.fake.url"

---@class seranking.fake.Route one operation in one generation
---@field key string "resource.operation"
---@field resource string
---@field family string "project", or the product: whose limit it counts against
---@field guesses? string members of its answer whose names are guesses
---@field operation table its description
---@field params table<string, table> descriptions of the resource's parameters, for this generation: `wire` is a string
---@field path string[] names of the path's ids, in order
---@field ids seranking.fake.Field[] the ids that stand in the query
---@field query seranking.fake.Field[] with what the operation always sends, as required fields
---@field fixed string[] names of the latter
---@field body? seranking.fake.Field[] members of an object body
---@field items? seranking.fake.Field[] members of the objects of an array body
---@field upload? seranking.fake.Field[]
---@field envelope? "list"|"pairs"|"value" what the object of the body stands in
---@field answer? string kind of the answer: "array", "object" …
---@field fields? string lines that describe it
---@field example? string an answer, as JSON text

---@class seranking.fake.Field
---@field name string in the descriptions
---@field wire string in the request
---@field required boolean

---@class seranking.fake.Operation
---@field key string "resource.operation"
---@field operation table its description
---@field routes table<string, seranking.fake.Route> by generation or product
---@field params table<string, true> names of the parameters that it takes in any generation

---@class seranking.fake.Routes
---@field operations table<string, seranking.fake.Operation> by key
local Routes = {}
Routes.__index = Routes

--- The parameters that a description lists: "date* top".
---@param text string?
---@param params table<string, table> descriptions of the parameters, for one generation
---@return seranking.fake.Field[]?
function Routes.fields(text, params)
  if not text then
    return nil
  end
  local fields = {}
  for i, entry in ipairs(notation.names(text)) do
    local name = entry[1]
    fields[i] = { name = name, wire = params[name] and params[name].wire or name, required = entry[2] }
  end
  return fields
end

local function new_node()
  return { literal = {}, methods = {} }
end

-- Descriptions of parameters as one generation has them.
local function params_of(params, generation)
  local own = {}
  for name, param in pairs(params) do
    own[name] = notation.on_api(param, generation)
  end
  return own
end

local function copy(list)
  local made = {}
  for i, item in ipairs(list) do
    made[i] = item
  end
  return made
end

-- What an operation always sends ("output=json"): fields that are required and can have one value only.
local function fix(fixed, params)
  local names, fields = {}, {}
  local flat = notation.pairs(fixed)
  for i = 1, #flat, 2 do
    local name = flat[i]
    names[#names + 1] = name
    fields[#fields + 1] = { name = name, wire = name, required = true }
    params[name] = { type = "string", enum = { flat[i + 1] } }
  end
  return names, fields
end

-- The operations that are told from others of their path by more of their query come first.
local function weight(route)
  return #route.ids + #route.fixed
end

local function insert(routes, route)
  local place = 1
  while routes[place] and weight(routes[place]) >= weight(route) do
    place = place + 1
  end
  table.insert(routes, place, route)
end

local function add(root, resource, operation, generation, params)
  local line = notation.route(notation.line(operation, generation))
  local method, node = line.method, root
  for segment in line.path:gmatch("[^/]+") do
    if segment:find("^{") then
      node.any = node.any or new_node()
      node = node.any
    else
      node.literal[segment] = node.literal[segment] or new_node()
      node = node.literal[segment]
    end
  end
  local fixed, fixed_fields = fix(operation.fixed, params)
  local route = {
    key = resource.name .. "." .. operation[1],
    resource = resource.name,
    family = products[generation] and generation or "project",
    fixed = fixed,
    operation = operation,
    params = params,
    path = line.in_path,
    ids = Routes.fields(table.concat(line.in_query, " "), params),
    query = Routes.fields(notation.field(operation, generation, "query"), params) or {},
    body = Routes.fields(notation.field(operation, generation, "body"), params),
    items = Routes.fields(notation.field(operation, generation, "items"), params),
    upload = Routes.fields(notation.field(operation, generation, "upload"), params),
    envelope = notation.field(operation, generation, "envelope"),
    answer = notation.field(operation, generation, "answer"),
    fields = notation.field(operation, generation, "fields"),
    example = notation.field(operation, generation, "example"),
  }
  local guesses = {}
  for _, field in ipairs(notation.fields(route.fields)) do
    guesses[#guesses + 1] = field.guessed and field.path or nil
  end
  route.guesses = guesses[1] and table.concat(guesses, ", ")
  local methods = node.methods
  if operation.post then -- the same by POST, as an object
    methods.POST = methods.POST or {}
    insert(methods.POST, setmetatable({ body = copy(route.query), query = fixed_fields }, { __index = route }))
  end
  for _, field in ipairs(fixed_fields) do
    route.query[#route.query + 1] = field
  end
  methods[method] = methods[method] or {}
  insert(methods[method], route)
  return route
end

-- Notes an operation and the names of the parameters that it takes in any of its forms.
local function note(operations, route, generation)
  local entry = operations[route.key] or { key = route.key, operation = route.operation, params = {}, routes = {} }
  operations[route.key] = entry
  entry.routes[generation] = route
  for _, name in ipairs(route.path) do
    entry.params[name] = true
  end
  for _, place in ipairs { "ids", "query", "body", "items", "upload" } do
    for _, field in ipairs(route[place] or {}) do
      entry.params[place == "items" and "items" or field.name] = true
    end
  end
end

--- Compiles descriptions.
---@param resources table[] as in seranking.api
---@return seranking.fake.Routes
function Routes.new(resources)
  local self = setmetatable({ v4 = new_node(), v1 = new_node(), operations = {} }, Routes)
  local roots = {}
  for _, api in ipairs(products) do
    roots[api] = products[api] and self.v1 or self[api] -- products live on v1's host
  end
  for _, resource in ipairs(resources) do
    for generation, root in pairs(roots) do
      local params = params_of(resource.params or {}, generation)
      for _, operation in ipairs(resource.operations) do
        if operation[generation] then
          local own = params_of(operation.params or {}, generation)
          note(self.operations, add(root, resource, operation, generation, setmetatable(own, { __index = params })), generation)
        end
      end
    end
  end
  return self
end

--- An operation by its name. Raises for one that is not there.
---@param key string "sites.summary"
---@param level integer as for `error`, counted from the caller
---@return seranking.fake.Operation
function Routes:operation(key, level)
  local entry = self.operations[key]
  if not entry then
    local names = tools.sorted_names(self.operations)
    local inner = tostring(key):match "^client%.(.*)$" -- as the program writes it
    local near = self.operations[inner] and inner or misuse.nearest(tostring(key), names)
    local same = near and {} or tools.kept(names, function(name)
      return name:match "[%w_]+$" == tostring(key):match "[%w_]+$"
    end)
    error(("no operation '%s'%s"):format(tostring(key), near and "; did you mean '" .. near .. "'?"
      or #same > 0 and "; there are: " .. table.concat(same, ", ") or "; docs/reference lists them"), level + 1)
  end
  return entry
end

local function walk(node, segments, place, ids)
  local segment = segments[place]
  if not segment then
    return next(node.methods) and node
  end
  local found = node.literal[segment] and walk(node.literal[segment], segments, place + 1, ids)
  if found or not node.any or segment == "" then
    return found
  end
  ids[#ids + 1] = segment
  found = walk(node.any, segments, place + 1, ids)
  if not found then
    ids[#ids] = nil
  end
  return found
end

---@class seranking.fake.Place what lives at a path
---@field methods table<string, seranking.fake.Route[]>
---@field ids string[] the path's ids, in order

--- Finds a path. Literal segments win over ids. One slash at the end is taken on v4, as on the vendor's own page.
---@param generation "v4"|"v1"
---@param path string raw
---@return seranking.fake.Place?
---@return string? reason
function Routes:find(generation, path)
  local segments = url.segments(path)
  if not segments then
    return nil, "malformed percent-encoding in the path"
  end
  if generation == "v4" and #segments > 1 and segments[#segments] == "" then
    segments[#segments] = nil
  end
  local ids = {}
  local node = walk(self[generation], segments, 1, ids)
  if not node then
    return nil, "no such path"
  end
  return { methods = node.methods, ids = ids }
end

--- The operations of a path and a method whose ids, and what they always send, all stand in the query. Lists and single
--- rows share a path on v1, so do two updates of the same thing.
---@param routes seranking.fake.Route[]
---@param pairs_ seranking.fake.Pair[]
---@return seranking.fake.Route[] # at least one
function Routes.candidates(routes, pairs_)
  local present = {}
  for _, pair in ipairs(pairs_) do
    present[pair.base] = true
  end
  local fitting = {}
  for _, route in ipairs(routes) do
    local fits = true
    for _, id in ipairs(route.ids) do
      fits = fits and present[id.wire]
    end
    for _, name in ipairs(route.fixed) do
      fits = fits and present[name]
    end
    if fits then
      fitting[#fitting + 1] = route
    end
  end
  return fitting[1] and fitting or { routes[#routes] }
end

return Routes
