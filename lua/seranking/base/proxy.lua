--- Read-only objects: an empty table in front of the one that holds the state, which is its metatable, too. Assignment is
--- refused always, since the empty table never gets a field, and `pairs` shows what is meant to be seen (Lua 5.2 and later) or
--- nothing.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"

local proxy = {}

--- What all proxies of a kind have in common: the metamethods that each state has among its fields. They are copied in the
--- state's constructor, where they cost least: a resource is made for each id that a program binds.
---@class seranking.ProxyKind
---@field name string `__name`: "seranking.client" …
---@field newindex function `__newindex`
---@field pairs function `__pairs`
---@field tostring fun(self: table): string `__tostring`: what `print` shows, of several lines
---@field line fun(state: table): string the same in a line, for messages

--- Puts a proxy in front of a state. Reading costs one more look-up in a table, and calls no function once the state has the
--- field.
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

--- A value for a message: of a client, a resource or an operation one line, of all else what tostring gives.
---@param value any
---@return string
function proxy.show(value)
  if proxy.is(value) then
    local state = getmetatable(value)
    return kinds[rawget(state, "__name")].line(state)
  end
  return tostring(value)
end

--- Makes a kind.
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

--- The keys of some tables, sorted, each once.
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
