--- What an unknown name was meant to be: searched for among the names at its place, then in the whole tree. Loaded with the
--- first mistake.
-- SPDX-License-Identifier: MIT

local help = require "seranking.help"
local misuse = require "seranking.base.misuse"
local params = require "seranking.request.params"
local notation = require "seranking.base.notation"
local planner = require "seranking.request.plan"
local proxy = require "seranking.base.proxy"
local resource = require "seranking.resource"

local suggest = {}

local format = string.format
local unpack = table.unpack or unpack -- luacheck: ignore

-- What other clients call things, and what they are called here: the first that exists where the name was looked for.
local SYNONYMS = {
  get = { "summary", "list", "request" }, show = { "get", "summary", "list" }, fetch = { "get", "list", "request" },
  index = { "list" }, find = { "list" }, search = { "list" }, read = { "get", "list" }, query = { "list", "request" },
  add = { "create" }, new = { "create" }, insert = { "create" }, make = { "create" },
  remove = { "delete" }, destroy = { "delete" }, drop = { "delete" },
  edit = { "update" }, change = { "update" }, save = { "update" }, modify = { "update" }, rename = { "update" },
  start = { "create", "add_tasks", "recheck" }, run = { "create", "recheck" }, launch = { "create" },
  refresh = { "recheck" }, rerun = { "recheck" },
  poll = { "status" }, progress = { "status" }, state = { "status" },
  result = { "report", "task_results", "status" }, results = { "report", "task_results", "status" },
  post = { "request" }, put = { "request" }, send = { "request" }, call = { "request" },
  stop = { "close" }, shutdown = { "close" }, disconnect = { "close" },
  parallel = { "map" }, batch = { "map" }, concurrent = { "map" },
}

-- The same of resources.
local NOUNS = {
  project = { "sites" }, projects = { "sites" }, website = { "sites" }, websites = { "sites" },
  rank = { "positions" }, ranks = { "positions" }, ranking = { "positions" }, rankings = { "positions" },
  tags = { "url_tags" }, engines = { "search_engines" }, rivals = { "competitors" }, accounts = { "users" },
  groups = { "keyword_groups", "site_groups" }, serps = { "serp" },
}
for name, list in pairs(NOUNS) do
  SYNONYMS[name] = list
end

-- Names that ask for something: an operation that writes is never meant.
local READING = { get = true, show = true, fetch = true, all = true, index = true, find = true, search = true, read = true,
  query = true, list = true, each = true, status = true, poll = true, progress = true, state = true, result = true,
  results = true }

-- Names of a call, for which somebody looks in an operation.
local CALLING = { call = true, get = true, list = true, run = true, fetch = true, request = true, send = true, post = true }

-- Names of an operation's methods elsewhere.
local METHOD_SYNONYMS = {
  iter = "each", iterate = "each", rows = "each", pages = "each", walk = "each", next = "each", pairs = "each",
  collect = "all", fetch_all = "all", list_all = "all",
  await = "wait", poll = "wait", join = "wait",
  preview = "dry_run", explain = "dry_run",
  doc = "describe", info = "describe", schema = "describe",
}

-- An operation that writes is only meant by a name that differs in one letter.
local SURE = 1

local function writes(entry)
  for _, api in ipairs(planner.apis(entry)) do
    if not notation.line(entry, api):find "^GET " then
      return not entry.post
    end
  end
  return false
end

local function reads(name)
  return READING[name:lower()] or false
end

-- The first synonym of a name that `exists` has.
local function synonym(name, exists)
  for _, other in ipairs(SYNONYMS[name:lower()] or {}) do
    if exists[other] then
      return other
    end
  end
end

-- The resources of this name that are nearest to the top, or else the operations.
local function named(name, reading)
  local resources, operations, nearest = {}, {}, math.huge
  for path, node in pairs(resource.all()) do
    if path:match "([^.]+)$" == name then
      local depth = select(2, path:gsub("%.", ""))
      if depth < nearest then
        resources, nearest = {}, depth
      end
      resources[#resources + 1] = depth == nearest and "client." .. path or nil
    elseif node.operations[name] and not (reading and writes(node.operations[name])) then
      operations[#operations + 1] = format("client.%s:%s", path, name)
    end
  end
  return resources[1] and resources or operations
end

-- "client.sites.keywords, client.data.keywords": where in the tree a name is.
local function elsewhere(name)
  local found = named(name, reads(name))
  for _, noun in ipairs(NOUNS[name:lower()] or {}) do
    for _, path in ipairs(named(noun, reads(name))) do
      found[#found + 1] = path
    end
  end
  table.sort(found)
  return found[1] and #found <= 3 and table.concat(found, ", ") or nil
end

-- The same for a name that is only nearly right.
local function nearly_elsewhere(name)
  local names = {}
  for path, node in pairs(resource.all()) do
    names[path:match "([^.]+)$"] = true
    for other, entry in pairs(node.operations) do
      names[other] = not writes(entry) or names[other]
    end
  end
  local meant = misuse.nearest(name, proxy.sorted_names(names))
  return meant and elsewhere(meant)
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

local function did_you_mean(text, what)
  return format("%s; did you mean %s?", text, what)
end

-- Whether an operation with this plan has a use for a method: there are rows to walk over, or a job to wait for.
local function can(plan, method)
  if method == "wait" or method == "export" then
    return plan.job ~= nil
  elseif method == "each" or method == "all" then
    return plan.pages ~= nil or plan.answer == "array"
  end
  return true
end

--- The message for a name that an operation does not have.
---@param op table the operation's state
---@param name any
---@param methods table<string, function>
---@return string
function suggest.method(op, name, methods)
  local text = format("an operation has no '%s'", tostring(name))
  local path = resource.path(op._resource.name, op._bound)
  local plan = planner.of(op._resource, op._description, op._client._api)
  local useful = {}
  for method, f in pairs(methods) do
    useful[method] = (not plan or can(plan, method)) and f or nil
  end
  if name == "help" then
    return format("%s: print(%s.%s) describes it", text, path, op._description[1])
  elseif useful[METHOD_SYNONYMS[name]] then
    return did_you_mean(text, format("'%s'", METHOD_SYNONYMS[name]))
  elseif CALLING[name] or type(name) == "number" then
    return format("%s: call it, %s:%s { … }", text, path, op._description[1])
  end
  return text .. misuse.suggest(name, useful)
end

--- The message for a name that a client does not have at its top.
---@param client table its state
---@param name any
---@param methods table<string, function>
---@return string
function suggest.top(client, name, methods)
  local own = resource.client(client._api)
  local text = format("%s has no '%s'", own, tostring(name))
  local names = resource.top_names(client._api)
  local all = proxy.sorted_names(names, methods)
  if name == "help" then
    return format('%s: print(%s) lists what there is, seranking.help "word" searches', text, own)
  elseif type(name) == "string" then
    local meant = synonym(name, set_of(all))
    local others = not meant and elsewhere(name)
    if others then
      return did_you_mean(text, others)
    end
    meant = meant or misuse.nearest(name, all)
    if meant then
      local has = not methods[meant] or help.methods(client._api, { meant })[1]
      return did_you_mean(text, methods[meant] and (has and own or resource.client(resource.paid())) .. ":" .. meant
        or format("'%s'", meant))
    end
    others = nearly_elsewhere(name)
    if others then
      return did_you_mean(text, others)
    end
  end
  return format("%s; there are: %s, and the methods %s", text, table.concat(proxy.sorted_names(names), ", "),
    table.concat(help.methods(client._api, proxy.sorted_names(methods)), ", "))
end

-- A family at the client's top that takes the id of a resource: for client.sites(7).backlinks it is client.backlinks(7).
local function at_top(name, id, value)
  local node = resource.top_names("v4")[name] and resource.root()[name]
  if not node then
    return nil
  elseif not id or value == nil then
    return "client." .. name
  elseif node.description and node.description.id == id then
    return format("client.%s(%s)", name, tostring(value))
  end
  local takes = node.description and node.description.params[id] and node.operations.list
  return "client." .. name .. (takes and format(":list { %s = %s }", id, tostring(value)) or "")
end

-- Whether an operation with this plan takes all these ids.
local function takes(plan, bound)
  for name in pairs(bound) do
    if not plan.definitions[name] then
      return false
    end
  end
  return true
end

-- What a method of operations is meant of, where it was looked for in a resource: client.sites:all is client.sites.list:all.
local function of_operation(self, own, method)
  local description, best = self._node.description, nil
  for _, entry in ipairs(description and description.operations or {}) do
    local plan = planner.of(description, entry, self._client._api)
    local fits = plan and takes(plan, self._bound) and can(plan, method) and (method == "wait" or not writes(entry))
    best = fits and (not best or entry[1] == "list") and entry[1] or best
  end
  return best and format("%s.%s:%s", own, best, method)
end

local METHODS = { each = true, all = true, wait = true, dry_run = true, describe = true }

--- The message for a name that a resource does not have.
---@param self table the resource's state
---@param name any
---@return string
function suggest.member(self, name)
  local node, own = self._node, resource.path(self._path, self._bound)
  local id = node.description and node.description.id
  local text = format("%s has no '%s'", own, tostring(name))
  local all = proxy.sorted_names(node.operations, node.children)
  if type(name) == "number" and id and self._bound[id] == nil then
    return format("%s: an id goes into round brackets, %s(%s)", text, own, tostring(name))
  elseif name == "help" then
    return format("%s: print(%s) lists what there is", text, own)
  elseif type(name) == "string" then
    local safe, unsafe = {}, {}
    for _, other in ipairs(all) do
      local list = node.operations[other] and writes(node.operations[other]) and unsafe or safe
      list[#list + 1] = other
    end
    local meant = METHODS[name] and of_operation(self, own, name)
    meant = meant or not synonym(name, set_of(reads(name) and safe or all)) and at_top(name, id, self._bound[id])
    if meant then
      return did_you_mean(text, meant)
    end
    meant = synonym(name, set_of(reads(name) and safe or all)) or not reads(name) and misuse.nearest(name, unsafe, SURE)
      or misuse.nearest(name, safe)
    if meant then
      return did_you_mean(text, format("'%s'", meant))
    end
    local others = elsewhere(name) or nearly_elsewhere(name)
    if others then
      return did_you_mean(text, others)
    end
  end
  return format("%s; there are: %s", text, table.concat(all, ", "))
end

-- The operations of a resource whose parameters include all these, and whether some are given.
local function with_parameters(self, args)
  local found, names = {}, {}
  for name in pairs(args) do
    names[#names + 1] = name
  end
  for _, operation in ipairs(proxy.sorted_names(self._node.operations)) do
    local plan = planner.of(self._node.description, self._node.operations[operation], self._client._api)
    local fits = true
    for _, name in ipairs(names) do
      fits = fits and plan ~= nil and plan.definitions[name] ~= nil
    end
    found[#found + 1] = fits and operation or nil
  end
  return found, names[1] ~= nil
end

--- An operation's call as an example: one that reads, or nil.
---@param self table the resource's state
---@param operations? string[] the names to choose from; default: all
---@return string?
function suggest.example(self, operations)
  operations = operations or proxy.sorted_names(self._node.operations)
  local set = set_of(operations)
  for _, name in ipairs { "list", "get", "summary", unpack(operations) } do
    local entry = set[name] and self._node.operations[name]
    if entry and not writes(entry) then
      local plan = planner.of(self._node.description, entry, self._client._api)
      local arguments = plan and "()" or " { … }"
      for parameter in pairs(plan and plan.definitions or {}) do
        arguments = self._bound[parameter] == nil and " { … }" or arguments
      end
      return format("client.%s:%s%s", self._path, name, arguments)
    end
  end
end

--- The message for a resource that is called with parameters.
---@param self table the resource's state
---@param id? string|false the name of the id that it can be bound to
---@param args table
---@return string
function suggest.called(self, id, args)
  local operations, given = with_parameters(self, args)
  if not operations[1] then
    operations, given = with_parameters(self, {})
  end
  local ways = { id and format("client.%s(%s)", self._path, id) or nil }
  ways[#ways + 1] = suggest.example(self, operations)
  return format("client.%s is a resource%s; %s: %s", self._path, ways[1] and ": write " .. table.concat(ways, " or ") or "",
    given and "operations with these parameters" or "its operations", table.concat(operations, ", "))
end

--- "client.sites(147696):summary()" for an id that was given instead of a table of parameters, and
--- "client.sites(site_id):summary { … }" for an id that is missing; nil where none is meant.
---@param plan seranking.Plan
---@param value? any
---@return string?
function suggest.bound_call(plan, value)
  local place = plan.ids[1]
  local is_id = type(value) == "number" or type(value) == "string" and value:find "^%d+$"
  local fits = is_id or value ~= nil and place and params.text(place[2], value) ~= nil
  if not place or #plan.ids > 1 or not (fits or value == nil) then
    return nil
  end
  local of, last = plan.name:match "^(.*)%.([^.]+)$"
  local path = resource.path(of, { [place[1]] = is_id and value or place[1] })
  if path:find("(", 1, true) then
    return format(fits and "%s:%s()" or "%s:%s { … }", path, last)
  end
  return format("%s:%s { %s = %s }", path, last, place[1], is_id and tostring(value) or "…")
end

return suggest
