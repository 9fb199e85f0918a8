--- The API descriptions as the files of lua/seranking/api have them, not as the library reads them.
-- SPDX-License-Identifier: MIT

local api = require "seranking.api"

local descriptions = { GENERATIONS = { "v4", "v1", "data", "visible" } }

--- The resources of all families.
---@return table[]
function descriptions.resources()
  local list = {}
  for _, module in pairs(api) do
    for _, resource in ipairs(require(module)) do
      list[#list + 1] = resource
    end
  end
  return list
end

--- Calls visit(key, operation, resource, family) for every operation. Returns their number, which must not be 0.
---@param visit fun(key: string, operation: table, resource: table, family: string)
---@return integer count
function descriptions.each_operation(visit)
  local count = 0
  for family, module in pairs(api) do
    for _, resource in ipairs(require(module)) do
      for _, operation in ipairs(resource.operations) do
        count = count + 1
        visit(resource.name .. "." .. tostring(operation[1]), operation, resource, family)
      end
    end
  end
  assert(count > 0, "no operation is described")
  return count
end

--- A field of an operation in a generation: the generation's own, or else the operation's.
---@param operation table
---@param generation string
---@param member string
function descriptions.said(operation, generation, member)
  local own = operation[generation]
  if type(own) == "table" and own[member] ~= nil then
    return own[member]
  end
  return operation[member]
end

--- Method and path in a generation; nil if it lacks the operation.
---@param operation table
---@param generation string
---@return string?
function descriptions.line_of(operation, generation)
  local own = operation[generation]
  return type(own) == "table" and own[1] or own
end

return descriptions
