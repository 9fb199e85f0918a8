--- Arguments of operations, as expectations and faults name them.
-- SPDX-License-Identifier: MIT

local tools = require "seranking.fake.tools"
local values = require "seranking.fake.values"

local arguments = {}

--- Whether two values are the same; "5" and 5 are.
---@param a any
---@param b any
---@return boolean
function arguments.equal(a, b)
  if type(a) == "table" and type(b) == "table" then
    for key, value in pairs(a) do
      if not arguments.equal(value, b[key]) then
        return false
      end
    end
    for key in pairs(b) do
      if a[key] == nil then
        return false
      end
    end
    return true
  end
  return a == b or tostring(a) == tostring(b) and type(a) ~= "table" and type(b) ~= "table"
end

--- Whether the arguments of a request have all those that are wanted.
---@param wanted table
---@param args table
---@return boolean
function arguments.match(wanted, args)
  for name, value in pairs(wanted) do
    local given = args[name]
    if type(given) == "table" and type(value) ~= "table" then
      value = { value } -- a lone value is a list of one, as for the client
    end
    if given == nil or not arguments.equal(value, given) then
      return false
    end
  end
  return true
end

--- The text of arguments: { site_id = 5, limit = 10 }.
---@param args table
---@return string
function arguments.text(args)
  local names = tools.sorted_names(args)
  for i, name in ipairs(names) do
    local value = args[name]
    names[i] = tostring(name) .. " = " .. (type(value) == "string" and '"' .. value .. '"' or type(value) == "table" and "{ … }"
      or tostring(value))
  end
  return #names > 0 and "{ " .. table.concat(names, ", ") .. " }" or "{}"
end

-- Why no generation's request can have a value for a parameter; nil where one can.
local function unlike(entry, name, text)
  local problem
  for _, route in pairs(entry.routes) do
    local param = route.params[name]
    local kind = param and param.type:match "^%a+"
    if not values.from_text[kind] or kind == "boolean" then
      return nil
    end
    local _, failure = values.read_one(values.from_text, text, kind, param)
    if not failure then
      return nil
    end
    problem = failure.reason
  end
  return problem
end

--- Checks the arguments that an expectation or a fault names. Raises at the user's line.
---@param entry table as Routes:operation gives it
---@param args any
---@param level integer as for `error`, counted from the caller
function arguments.check(entry, args, level)
  if args ~= nil and type(args) ~= "table" then
    error("the arguments must be a table, such as { site_id = 5 }, not a " .. type(args), level + 1)
  end
  for name in pairs(args or {}) do
    if not entry.params[name] then
      error(("%s has no parameter '%s'; there are: %s"):format(entry.key, tostring(name), tools.names(entry.params)),
        level + 1)
    end
  end
  for name, value in pairs(args or {}) do
    local problem = type(value) ~= "table" and unlike(entry, name, tostring(value))
    if problem then
      error(("%s: no request has %s = '%s': %s"):format(entry.key, name, tostring(value), problem), level + 1)
    end
  end
end

return arguments
