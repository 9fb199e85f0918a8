--- Columns that an operation lacks: which operation of its family has them.
-- SPDX-License-Identifier: MIT

local columns = require "seranking.columns"
local commands = require "seranking.cli.commands"
local exit = require "seranking.cli.exit"
local notation = require "seranking.base.notation"
local planner = require "seranking.request.plan"

local elsewhere = {}

local MOST = 2 -- operations that are named

--- The members of a row, or of an answer that is no list, as the description has them.
---@param plan seranking.Plan
---@return { path: string, type?: string }[]
function elsewhere.members(plan)
  local prefix = plan.pages and plan.pages.rows and plan.pages.rows .. "[]." or ""
  local members = {}
  for _, field in ipairs(notation.fields(plan.fields)) do
    if field.path:sub(1, #prefix) == prefix then
      members[#members + 1] = { path = field.path:sub(#prefix + 1), type = field.type }
    end
  end
  return members
end

-- The list in which a plan's rows have a member: "" for the rows themselves, "keywords"; nil if they don't.
local function list_with(plan, name)
  for _, member in ipairs(elsewhere.members(plan)) do
    local list = member.path == name and "" or member.path:match("^(.*)%[%]%." .. name .. "$")
    if list and not list:find("<", 1, true) then
      return list
    end
  end
end

-- Where lists of a row have a member: the shortest path, and the list. nil if none has it.
local function nested(members, name)
  local path, list
  for _, member in ipairs(members) do
    local before = member.path:sub(-#name - 3) == "[]." .. name and member.path:sub(1, -#name - 4)
    if before and (not path or #member.path < #path) and not before:find("<", 1, true) then
      path, list = member.path, before
    end
  end
  return path, list
end

-- Words that name operations of the same family whose rows have a member that `found` lacks; "" if there is none.
local function hint(found, name)
  if not name:find "^[%w_]+$" then
    return ""
  end
  local family, commands_with = found.name:match "^[^.]+", {}
  for _, other in ipairs(commands.operations()) do
    if other.name:match "^[^.]+" == family and other.name ~= found.name and #commands_with < MOST then
      local plan
      for _, api in ipairs(planner.apis(other.description)) do
        plan = plan or planner.of(other.resource, other.description, api)
      end
      local list = plan and plan.method == "GET" and plan.answer == "array" and list_with(plan, name)
      if list then
        commands_with[#commands_with + 1] = ("`seranking %s%s`"):format(other.name:gsub("%.", " "),
          list ~= "" and " … --rows " .. (list:find("[", 1, true) and "'" .. list .. "'" or list) or "")
      end
    end
  end
  return commands_with[1] and ("; '%s' is in %s"):format(name, table.concat(commands_with, " and ")) or ""
end

--- Ends the command if --columns, --sort or --spark name what a row does not have, and says where it is.
---@param context seranking.cli.Context
---@param found seranking.cli.Found
---@param parsed table
---@param members { path: string, type?: string }[] of a row
function elsewhere.check(context, found, parsed, members)
  if parsed.rows or not members[1] then
    return
  end
  for name in table.concat({ parsed.columns or "", parsed.sort or "", parsed.spark or "" }, ","):gmatch "[^,]+" do
    name = name:match "^%s*%-?(.-)%s*$"
    local fine, problem = columns.check({ name }, members)
    local path, list = nested(members, name)
    if not fine and path then
      context:fail(exit.USAGE, ("unknown column '%s'; did you mean %s, or --rows %s?"):format(name, path, list))
    elseif not fine then
      context:fail(exit.USAGE, problem .. hint(found, name))
    end
  end
end

return elsewhere
