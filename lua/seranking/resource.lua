--- Resources: client.sites, client.sites.keywords, client.sites(147696); tables whose fields are operations and further
--- resources, made when they are first looked at.
-- SPDX-License-Identifier: MIT

local index = require "seranking.api"
local lazy = require "seranking.lazy"
local misuse = require "seranking.misuse"

local operation = lazy "seranking.operation"

local resource = {}

-- ---- the descriptions as a tree ----

-- { description = the resource's or nil, operations = { name = description }, children = { name = node } }
local function new_node()
  return { operations = {}, children = {} }
end

local function insert(root, description)
  local node = root
  for name in description.name:gmatch "[^.]+" do
    node.children[name] = node.children[name] or new_node()
    node = node.children[name]
  end
  node.description = description
  for _, entry in ipairs(description.operations) do
    node.operations[entry[1]] = entry
  end
end

local root = new_node()

-- Loads the file that describes a name: "sites", "data.backlinks". nil when there is none of this name.
local function load_family(name)
  if not index[name] then
    return nil
  end
  local node = root
  for part in name:gmatch "[^.]+" do
    node = node and node.children[part]
  end
  if not node then
    for _, description in ipairs(require(index[name])) do
      insert(root, description)
    end
    return load_family(name)
  end
  return node
end

-- The names that a client has at its top: of the Data API's those below "data.", of the others all else.
local function top_names(prefix)
  local names = {}
  for name in pairs(index) do
    local inner = name:match "^data%.(.+)$"
    if (prefix ~= "") == (inner ~= nil) then
      names[inner or name] = true
    end
  end
  if prefix == "" then
    names.data = true
  end
  return names
end

-- ---- resources ----

local resource_mt = { __name = "seranking.resource" }

local unbound = {}

local function new(client, node, path, bound)
  return setmetatable({ _client = client, _node = node, _path = path, _bound = bound }, resource_mt)
end

function resource_mt.__index(self, name)
  local node = self._node
  local value
  if node.operations[name] then
    value = operation.new(self._client, node.description, node.operations[name], self._bound, self)
  elseif node.children[name] then
    value = new(self._client, node.children[name], self._path .. "." .. name, self._bound)
  else
    local names = {}
    for other in pairs(node.operations) do
      names[other] = true
    end
    for other in pairs(node.children) do
      names[other] = true
    end
    misuse.raise("client.%s has no '%s'%s", self._path, tostring(name), misuse.suggest(name, names))
  end
  rawset(self, name, value)
  return value
end

-- What a resource that is not bound yet takes, for messages.
local function id_usage(self, name)
  return name and self._bound[name] == nil and (", but an id: client.%s(%s)"):format(self._path, name) or ""
end

--- client.sites(147696) binds site_id for this resource and all below it. Sends nothing.
function resource_mt.__call(self, id, second)
  local description = self._node.description
  local name = description and description.id
  if id ~= nil and id == self._client then
    misuse.raise("client.%s is reached with a point, not a colon, and is a resource, which takes no parameters%s", self._path,
      id_usage(self, name))
  elseif type(id) == "table" and next(self._node.operations) then
    local names = {}
    for operation_name in pairs(self._node.operations) do
      names[#names + 1] = operation_name
    end
    table.sort(names)
    misuse.raise("client.%s is a resource, which takes no parameters%s; or call one of its operations with a colon, as in "
      .. "client.%s:%s { … }: %s", self._path, id_usage(self, name), self._path, names[1], table.concat(names, ", "))
  end
  if not name then
    misuse.raise("client.%s is not bound to an id: call one of its operations", self._path)
  end
  local kind = type(id)
  if second ~= nil then
    misuse.raise("client.%s takes one id, got a second: %s", self._path, tostring(second))
  elseif id == "" or (kind ~= "number" and kind ~= "string") then
    misuse.raise("client.%s(%s): %s must be a number or a string that is not empty", self._path,
      kind == "string" and '""' or tostring(id), name)
  end
  if self._bound[name] ~= nil then
    misuse.raise("client.%s is bound to %s = %s already", self._path, name, tostring(self._bound[name]))
  end
  local bound = { [name] = id }
  for other, value in pairs(self._bound) do
    bound[other] = bound[other] or value
  end
  return new(self._client, self._node, self._path, bound)
end

function resource_mt.__newindex(self, name)
  misuse.raise("client.%s.%s can't be set", self._path, tostring(name))
end

function resource_mt.__tostring(self)
  local ids = {}
  for name, value in pairs(self._bound) do
    ids[#ids + 1] = name .. " = " .. tostring(value)
  end
  table.sort(ids)
  return ("seranking resource %s%s"):format(self._path, ids[1] and " (" .. table.concat(ids, ", ") .. ")" or "")
end

--- The top-level resource `name` of a client; raises when there is none.
---@param client table
---@param name string
function resource.top(client, name)
  local prefix = client._api == "data" and "data." or ""
  local node = not tostring(name):find(".", 1, true) and load_family(prefix .. tostring(name))
  if not node then
    misuse.raise("client%s has no '%s'%s", prefix == "" and "" or ".data", tostring(name),
      misuse.suggest(name, top_names(prefix)))
  end
  return new(client, node, prefix .. name, unbound)
end

return resource
