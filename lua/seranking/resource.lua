--- Resources: client.sites, client.sites.keywords, client.sites(147696). Their fields are operations and further resources,
--- made at first use.
-- SPDX-License-Identifier: MIT

local index = require "seranking.api"
local lazy = require "seranking.base.lazy"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

local help, operation = lazy "seranking.help", lazy "seranking.operation"
local params, suggest = lazy "seranking.request.params", lazy "seranking.suggest"

local resource = {}

-- ---- the descriptions as a tree ----

-- { description = the resource's or nil, about = a line or nil, operations = { name = description },
--   children = { name = node } }
local function new_node()
  return { operations = {}, children = {} }
end

local function insert(root, description)
  local node = root
  for name in description.name:gmatch "[^.]+" do
    node.children[name] = node.children[name] or new_node()
    node = node.children[name]
  end
  node.description, node.about = description, description.about
  for _, entry in ipairs(description.operations) do
    node.operations[entry[1]] = entry
  end
end

local root = new_node()
for _, api in ipairs(products) do
  if products[api] then
    root.children[api] = new_node()
    root.children[api].about = products[api].about
  end
end

-- The product that a family belongs to, and its name there: "data", "backlinks" for "data.backlinks"; nil, the name.
local function split(family)
  local product, inner = family:match "^([^.]+)%.(.+)$"
  if products[product] then
    return product, inner
  end
  return nil, family
end

--- The product that a resource belongs to; nil: the Project API.
---@param name string "data.backlinks"
---@return string?
function resource.product(name)
  return (split(name))
end

--- The Lua expression for a client: "client", "client.data".
---@param api string
---@return string
function resource.client(api)
  return products[api] and "client." .. api or "client"
end

-- The node of a family, "sites" or "data.backlinks", from its file; nil if there is no such family.
local function load_family(name)
  if not index[name] then
    return nil
  end
  local node = root
  for part in name:gmatch "[^.]+" do
    node = node and node.children[part]
  end
  if not node then
    local family = require(index[name])
    for _, description in ipairs(family) do
      insert(root, description)
    end
    node = load_family(name)
    node.about = family.about or node.about
  end
  return node
end

--- The product whose calls cost credits.
---@return string
function resource.paid()
  for _, api in ipairs(products) do
    if products[api] and products[api].paid then
      return api
    end
  end
  error "no product is paid"
end

--- The names of a client's resources: on a product those of its families, else all others and the products.
---@param api string
---@return table<string, true>
function resource.top_names(api)
  local names = {}
  for name in pairs(index) do
    local product, inner = split(name)
    if product == (products[api] and api) then
      names[inner] = true
    elseif product and not products[api] then
      names[product] = true
    end
  end
  return names
end

--- The top of the tree, by name, with all families loaded.
---@return table<string, table> nodes
function resource.root()
  for name in pairs(index) do
    load_family(name)
  end
  return root.children
end

--- All nodes of the tree, by their full names.
---@return table<string, table> nodes
function resource.all()
  local nodes = {}
  local function collect(node, path)
    nodes[path] = path ~= "" and node or nil
    for name, child in pairs(node.children) do
      collect(child, path == "" and name or path .. "." .. name)
    end
  end
  collect({ children = resource.root() }, "")
  return nodes
end

--- The Lua expression for a resource, with its bound ids: "client.sites(147696).keywords".
---@param path string "sites.keywords"
---@param bound table<string, any>
---@return string
function resource.path(path, bound)
  local made, node = "client", { children = resource.root() }
  for part in path:gmatch "[^.]+" do
    node = node.children[part]
    local id = node.description and node.description.id
    made = made .. "." .. part .. (id and bound[id] ~= nil and ("(%s)"):format(tostring(bound[id])) or "")
  end
  return made
end

-- ---- resources ----

local methods = {}

-- The metatable of a resource's state: makes operations and further resources at first use, and keeps them.
local resource_mt = {}

local kind -- of the proxies

local unbound = {}

local call_resource

local function new(client, node, path, bound)
  local state = setmetatable({
    _client = client, _node = node, _path = path, _bound = bound, _proxy = false,
    __index = false, __call = call_resource, __newindex = kind.newindex, __pairs = kind.pairs, __tostring = kind.tostring,
    __name = kind.name,
  }, resource_mt)
  local made = proxy.new(state)
  state._proxy = made
  return made
end

function resource_mt.__index(self, name)
  local node = self._node
  local value
  if node.operations[name] then
    value = operation.new(self._client, node.description, node.operations[name], self._bound, self._proxy)
  elseif node.children[name] then
    value = new(self._client, node.children[name], self._path .. "." .. name, self._bound)
  elseif methods[name] then
    value = methods[name]
  elseif type(name) == "string" and name:sub(1, 1) == "_" then -- inspectors ask for such names
    return nil
  else
    misuse.raise("%s", suggest.member(self, name))
  end
  rawset(self, name, value)
  return value
end

local function names_of(state)
  return proxy.sorted_names(state._node.operations, state._node.children)
end

--- Iterates over the operations and resources below this one, by name, as `pairs(client.sites)` does on Lua 5.2 and later.
---@return fun(): string?, any next_name
function methods.operations(self)
  if not proxy.state(self, kind) then
    misuse.raise("operations is a method of resources: call it with a colon, as in client.sites:operations()")
  end
  return (kind.pairs(self))
end

-- Raises for a table in place of an id.
local function no_id(self, id, name)
  local bindable = name and self._bound[name] == nil
  local other = proxy.state(id, kind)
  local parent = other and self._path:match "^(.*)%.[^.]*$"
  if other and other._path ~= parent then -- client.sites(1):positions { … } passes the parent
    misuse.raise("client.%s takes an id, got %s", self._path, proxy.show(id))
  elseif not other and bindable and id.id ~= nil then
    misuse.raise("client.%s takes an id, got a table: did you mean client.%s(row.id)?", self._path, self._path)
  end
  misuse.raise("%s", suggest.called(self, bindable and name, other and {} or id))
end

-- Raises for client:sites(id).
local function no_method(self, name, id)
  local path, ways = "client." .. self._path, {}
  if name then
    local is_id = type(id) == "number" or type(id) == "string"
    ways[1] = ("%s(%s)"):format(path, is_id and tostring(id) or name)
  end
  ways[#ways + 1] = suggest.example(self) or not name and path .. "." .. names_of(self)[1] or nil
  misuse.raise("%s is a resource, not a method: write %s", path, table.concat(ways, " or "))
end

-- client.sites(147696): a copy of the resource with site_id bound, for it and for all below it. Sends nothing.
function call_resource(self, id, second)
  local description = self._node.description
  local name = description and description.id
  local kind_of_id = type(id)
  if kind_of_id == "table" then
    if rawequal(id, self._client._proxy) then
      no_method(self, name, second)
    elseif next(self._node.operations) then
      no_id(self, id, name)
    end
  end
  if not name then
    misuse.raise("client.%s is not bound to an id: call one of its operations", self._path)
  elseif second ~= nil then
    misuse.raise("client.%s takes one id, got a second: %s", self._path, proxy.show(second))
  elseif id == nil then
    misuse.raise("client.%s takes an id, got nil", self._path)
  elseif self._bound[name] ~= nil then
    misuse.raise("client.%s is bound to %s = %s already", self._path, name, tostring(self._bound[name]))
  end
  local _, problem, got = params.text(description.params[name], id)
  if problem then
    misuse.raise("client.%s: %s %s", self._path, name, params.told(nil, problem, got))
  end
  local bound = { [name] = id }
  for other, value in pairs(self._bound) do
    bound[other] = bound[other] or value
  end
  return (new(self._client, self._node, self._path, bound))
end

local function line_of(self)
  local ids = {}
  for name, value in pairs(self._bound) do
    ids[#ids + 1] = name .. " = " .. tostring(value)
  end
  table.sort(ids)
  return mask.of_client(self._client, ("seranking resource %s%s"):format(self._path,
    ids[1] and " (" .. table.concat(ids, ", ") .. ")" or ""))
end

kind = proxy.kind("seranking.resource", {
  names = names_of,
  line = line_of,
  tostring = function(self)
    return line_of(self) .. "\n" .. mask.of_client(self._client, help.resource(self._node, self._path,
      self._client._api, self._bound))
  end,
  refuse = function(self, name)
    return ("client.%s.%s can't be set"):format(self._path, name)
  end,
})

--- A client's resource by its name; nil if there is none.
---@param client table
---@param name any
---@return table?
function resource.top(client, name)
  local prefix = products[client._api] and client._api .. "." or ""
  local node = type(name) == "string" and not name:find(".", 1, true) and load_family(prefix .. name)
  return node and new(client, node, prefix .. name, unbound) or nil
end

return resource
