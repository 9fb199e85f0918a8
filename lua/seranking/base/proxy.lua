--- Read-only objects: an empty table whose metatable is the state behind it. Assignment is always refused, since the empty
--- table never gets a field. `pairs` shows the public names on Lua 5.2 and later, and nothing before.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"

local proxy = {}

--- The metamethods of a kind of proxy. The constructor of each state copies them into its fields, which costs least: a
--- resource is made for each id that a program binds.
---@class seranking.ProxyKind
---@field name string `__name`: "seranking.client" …
---@field newindex function `__newindex`
---@field pairs function `__pairs`
---@field tostring fun(self: table): string `__tostring`: several lines, for `print`
---@field line fun(state: table): string one line, for messages

--- Makes the proxy of a state. Reading a field that the state has takes one table look-up more, and no function call.
---@param state table with the metamethods of its kind; its own metatable finds what it lacks
---@return table
function proxy.new(state)
  state.__index = state
  return setmetatable({}, state)
end

--- The state behind a proxy of a kind; nil for any other value.
---@param value any
---@param kind seranking.ProxyKind
---@return table?
function proxy.state(value, kind)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__newindex") == kind.newindex and rawget(meta, "__index") or nil
end

local kinds = {}

--- Whether a value is a client, a resource or an operation. On Lua 5.1 and LuaJIT these look like empty tables to `pairs`.
---@param value any
---@return boolean
function proxy.is(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and kinds[rawget(meta, "__name")] ~= nil
end

--- A value for a message: one line for a client, resource or operation, otherwise tostring.
---@param value any
---@return string
function proxy.show(value)
  if proxy.is(value) then
    local state = getmetatable(value)
    return kinds[rawget(state, "__name")].line(state)
  end
  return tostring(value)
end

--- Makes a kind of proxy.
---@param name string
---@param fields table tostring, line; names(state): what `pairs` shows; refuse(self, name): the message for an assignment
---@return seranking.ProxyKind
function proxy.kind(name, fields)
  local kind = { name = name, tostring = fields.tostring, line = fields.line }
  kinds[name] = kind
  function kind.newindex(self, field)
    misuse.raise("%s", fields.refuse(self, tostring(field)))
  end
  function kind.pairs(self)
    local names, at = fields.names(proxy.state(self, kind)), 0
    return function()
      at = at + 1
      if names[at] then
        return names[at], self[names[at]]
      end
    end
  end
  return kind
end

--- All keys of some tables, sorted, without duplicates.
---@param ... table<string, any>
---@return string[]
function proxy.sorted_names(...)
  local names, seen = {}, {}
  for i = 1, select("#", ...) do
    for name in pairs((select(i, ...))) do
      if not seen[name] then
        seen[name], names[#names + 1] = true, name
      end
    end
  end
  table.sort(names)
  return names
end

return proxy
