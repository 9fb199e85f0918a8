--- The arguments of client:map that are not a list and a plain function: an operation as the function, and mistakes.
-- SPDX-License-Identifier: MIT

local concurrent = require "seranking.walk.concurrent"
local misuse = require "seranking.base.misuse"
local operation = require "seranking.operation"
local planner = require "seranking.request.plan"
local proxy = require "seranking.base.proxy"
local resource = require "seranking.resource"

local map_usage = {}

local format = string.format

local function path_of(op)
  return resource.path(op._resource.name, op._bound)
end

-- The operation's call, as a program writes it, with a variable as its last id; nil if it takes no id.
local function call_with(op, plan, variable)
  local place
  for _, id in ipairs(plan.ids) do
    place = op._bound[id[1]] == nil and id[1] or place
  end
  if not place then
    return nil
  end
  local bound = { [place] = variable(place) }
  for name, value in pairs(op._bound) do
    bound[name] = value
  end
  local path, name = resource.path(op._resource.name, bound), op._description[1]
  return path == path_of(op) and format("%s:%s { %s = %s }", path, name, place, bound[place]) or format("%s:%s()", path, name),
    place
end

local function map_of(parameter, call)
  return format("client:map(list, function(%s) return %s end)", parameter, call)
end

-- What to write for an item that is no argument of the operation; nil if it may be one.
local function explain(op, item)
  local plan = planner.of(op._resource, op._description, op._client._api)
  if not plan then
    return nil
  elseif type(item) == "table" then
    local call = item.id ~= nil and not plan.definitions.id and call_with(op, plan, function() return "row.id" end)
    return call and "; for the id of each row: " .. map_of("row", call) or nil
  end
  local call, place = call_with(op, plan, function(name) return name end)
  local is_id = type(item) == "number" or type(item) == "string" and item:find "^%d+$"
  if call and is_id then
    return "; for each item: " .. map_of(place, call)
  elseif next(plan.definitions) then
    return "; for each item: " .. map_of("item", format("%s:%s { … }", path_of(op), op._description[1]))
  end
end

-- An operation takes the item only: a second argument would be options.
local function of_item(op, fn)
  return function(item)
    return fn(item)
  end, {
    where = misuse.where(),
    explain = function(item) return explain(op, item) end,
  }
end

local function is_function(value)
  return type(value) == "function" or operation.of(value) ~= nil
end

-- Raises for a first argument that is no list.
local function no_list(list, fn)
  local op, got = operation.of(list), type(list) == "function" and "a function" or proxy.show(list)
  if is_function(list) and type(fn) == "table" and not proxy.is(fn) then
    misuse.raise("client:map takes a list and then a function, got %s first: client:map(list, fn)", got)
  end
  misuse.raise("client:map takes a list and a function, got %s%s", got,
    op and format(": call it first, %s:%s()", path_of(op), op._description[1])
      or type(list) == "function" and ": collect the rows of a walk with :all()"
      or list == nil and ": was there an error?" or "")
end

-- Raises for a second argument that is no function of an item.
local function no_function(fn)
  local method, got, hint = operation.method_name(fn), proxy.show(fn), ""
  if method then
    got, hint = format("the method '%s' of operations", method), format(": write function(item) return op:%s(…) end", method)
  elseif proxy.is(fn) and rawget(getmetatable(fn), "__name") == "seranking.resource" then
    hint = ": pass one of its operations"
  elseif type(fn) == "table" and not getmetatable(fn) then
    got, hint = "a table", ": pass a function, not its result"
  end
  misuse.raise("client:map: the second argument must be a function of an item, got %s%s", got, hint)
end

--- Checks the first two arguments of client:map, which are not a list and a plain function. Raises unless they can be used.
---@param list any
---@param fn any
---@return function f
---@return seranking.MapOf? of if `fn` is an operation
function map_usage.check(list, fn)
  local op = operation.of(fn)
  if type(list) ~= "table" or proxy.is(list) then
    no_list(list, fn)
  elseif op then
    return of_item(op, fn)
  elseif proxy.is(fn) or operation.method_name(fn) or not concurrent.callable(fn) then
    no_function(fn)
  end
  return fn
end

return map_usage
