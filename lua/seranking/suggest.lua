--- What a name that does not exist was meant to be: looked for among the names there are here, and in the whole tree. Loaded
--- with the first mistake.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"
local resource = require "seranking.resource"

local suggest = {}

local format = string.format

-- What other clients call things, and what they are called here: the first that exists where the name was looked for.
local synonyms = {
  get = { "summary", "list", "request" }, show = { "get", "summary", "list" }, fetch = { "get", "list", "request" },
  all = { "list" }, index = { "list" }, find = { "list" },
  add = { "create" }, new = { "create" }, insert = { "create" }, make = { "create" },
  remove = { "delete" }, destroy = { "delete" }, edit = { "update" }, change = { "update" }, save = { "update" },
  project = { "sites" }, projects = { "sites" }, websites = { "sites" },
  post = { "request" }, put = { "request" }, send = { "request" },
}

-- Names that ask for something: an operation that writes is never meant.
local reading = { get = true, show = true, fetch = true, all = true, index = true, find = true, read = true, list = true }

-- Names of an operation's kind, for which somebody looks in an operation.
local calling = { call = true, get = true, list = true, run = true, fetch = true, request = true, send = true, post = true }

-- An operation that writes is only meant by a name that differs in one letter.
local SURE = 1

local function writes(entry)
  for _, api in ipairs { "v4", "v1", "data" } do
    local line = type(entry[api]) == "table" and entry[api][1] or entry[api]
    if line and not line:find "^GET " then
      return not entry.post
    end
  end
  return false
end

local function synonym(name, exists)
  for _, other in ipairs(synonyms[name:lower()] or {}) do
    if exists[other] then
      return other
    end
  end
end

-- "client.sites.keywords, client.data.keywords": the resources of this name that are nearest to the top, or else operations.
local function elsewhere(name)
  local resources, operations, nearest = {}, {}, math.huge
  for path, node in pairs(resource.all()) do
    if path:match "([^.]+)$" == name then
      local depth = select(2, path:gsub("%.", ""))
      if depth < nearest then
        resources, nearest = {}, depth
      end
      resources[#resources + 1] = depth == nearest and "client." .. path or nil
    elseif node.operations[name] then
      operations[#operations + 1] = format("client.%s:%s", path, name)
    end
  end
  local found = resources[1] and resources or operations
  table.sort(found)
  return found[1] and #found <= 3 and table.concat(found, ", ") or nil
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do
    set[name] = true
  end
  return set
end

--- The message for a name that an operation does not have.
---@param op table the operation's state
---@param name any
---@param methods table<string, function>
---@return string
function suggest.method(op, name, methods)
  local text = format("an operation has no '%s'", tostring(name))
  if calling[name] then
    return format("%s: call it, client.%s:%s { … }", text, op._resource.name, op._description[1])
  end
  return text .. misuse.suggest(name, methods)
end

--- The message for a name that a client does not have at its top.
---@param client table its state
---@param name any
---@param methods table<string, function>
---@return string
function suggest.top(client, name, methods)
  local own = client._api == "data" and "client.data" or "client"
  local text = format("%s has no '%s'", own, tostring(name))
  local names = resource.top_names(client._api)
  local all = proxy.sorted_names(names, methods)
  if type(name) == "string" then
    local meant = synonym(name, set_of(all))
    local others = not meant and elsewhere(name)
    if others then
      return format("%s; did you mean %s?", text, others)
    end
    meant = meant or misuse.nearest(name, all)
    if meant then
      return methods[meant] and format("%s; did you mean %s:%s?", text, own, meant)
        or format("%s; did you mean '%s'?", text, meant)
    end
  end
  return format("%s; there are: %s, and the methods %s", text, table.concat(proxy.sorted_names(names), ", "),
    table.concat(proxy.sorted_names(methods), ", "))
end

-- A family at the client's top that takes the id as a parameter: client.sites(7).backlinks is client.backlinks.
local function at_top(name, id)
  local node = resource.top_names("v4")[name] and resource.all()[name]
  if not node then
    return nil
  end
  local takes = id and node.description.params[id] and format(" { %s = … }", id)
  return "client." .. name .. (takes and node.operations.list and ":list" .. takes or "")
end

--- The message for a name that a resource does not have.
---@param self table the resource's state
---@param name any
---@return string
function suggest.member(self, name)
  local node, own = self._node, "client." .. self._path
  local id = node.description and node.description.id
  local text = format("%s has no '%s'", own, tostring(name))
  local all = proxy.sorted_names(node.operations, node.children)
  if type(name) == "number" and id then
    return format("%s: an id goes into round brackets, %s(%s)", text, own, tostring(name))
  elseif type(name) == "string" then
    local safe, unsafe = {}, {}
    for _, other in ipairs(all) do
      local list = node.operations[other] and writes(node.operations[other]) and unsafe or safe
      list[#list + 1] = other
    end
    local meant = synonym(name, set_of(all))
    local beside = not meant and at_top(name, id)
    if beside then
      return format("%s; did you mean %s?", text, beside)
    end
    meant = meant or not reading[name:lower()] and misuse.nearest(name, unsafe, SURE) or misuse.nearest(name, safe)
    if meant then
      return format("%s; did you mean '%s'?", text, meant)
    end
    local others = elsewhere(name)
    if others then
      return format("%s; did you mean %s?", text, others)
    end
  end
  return format("%s; there are: %s", text, table.concat(all, ", "))
end

--- "client.sites(147696):summary()" for an id that was given instead of a table of parameters; nil where none is meant.
---@param plan seranking.Plan
---@param value any
---@return string?
function suggest.bound_call(plan, value)
  local place = plan.ids[1]
  if not place or #plan.ids > 1 or not (type(value) == "number" or type(value) == "string" and value:find "^%d+$") then
    return nil
  end
  local of, last = plan.name:match "^(.*)%.([^.]+)$"
  local path, nodes, bound = "client", resource.all(), false
  local so_far
  for part in of:gmatch "[^.]+" do
    so_far = so_far and so_far .. "." .. part or part
    path = path .. "." .. part
    local description = nodes[so_far] and nodes[so_far].description
    if description and description.id == place[1] then
      path, bound = format("%s(%s)", path, tostring(value)), true
    end
  end
  return bound and format("%s:%s()", path, last) or format("%s:%s { %s = %s }", path, last, place[1], tostring(value))
end

return suggest
