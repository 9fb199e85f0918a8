--- Read, change, write: what an operation gave, as the arguments of the one that writes it.
-- SPDX-License-Identifier: MIT

local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"

local rows = {}

local null = json.null

---@class seranking.RowForm
---@field marks string[] members that tell a row from arguments: no parameter has their names
---@field map table<string, string> parameters by the members that have them, "settings.account_email" among them; "-": none
---@field known table<string, true> members that answers have
---@field names string[] of the parameters

--- The form of the rows that an operation takes. nil: it takes none.
---@param resource table
---@param description table
---@param definitions table<string, table> of its parameters
---@return seranking.RowForm?
function rows.form(resource, description, definitions)
  if not description.row then
    return nil
  end
  local form = { map = {}, known = {}, names = {} }
  local map = notation.map(description.row.map)
  form.marks = description.row.marks and notation.words(description.row.marks) or { map[1][1] }
  for _, entry in ipairs(map) do
    local member, name = entry[1], entry[2]
    if name ~= "-" and not definitions[name] then
      notation.typo(member .. ":" .. name, "the operation takes no parameter '%s'", name)
    end
    form.map[member] = name
    form.known[member:match "^[^.]+"] = true
  end
  for name in pairs(definitions) do
    form.names[#form.names + 1] = name
  end
  local sources = notation.set(description.row.of)
  for _, operation in ipairs(resource.operations) do
    for _, field in ipairs(sources[operation[1]] and notation.fields(operation.fields) or {}) do
      for _, step in ipairs(notation.path(field.path)) do
        form.known[step.name or ""] = true
      end
    end
  end
  return form
end

local TEXT = { string = true, text = true }

--- Whether a value that was read says that there is none: it is left out, and nothing changes.
---@param definition table
---@param value any
---@return boolean
function rows.is_blank(definition, value)
  return value == null and not definition.nullable or value == "" and not TEXT[definition.type]
end

-- Rights as a list of their codes: they may come as an object, by code or by number.
local function codes_of(value)
  local list = {}
  for key, member in pairs(value) do
    if type(member) == "string" and tonumber(key) then
      list[#list + 1] = member
    elseif type(key) == "string" and member and member ~= 0 and member ~= null then
      list[#list + 1] = key
    end
  end
  table.sort(list)
  return list
end

local function put(made, given, definitions, name, value)
  local definition = definitions[name]
  if given[name] ~= nil and value ~= given[name] or rows.is_blank(definition, value) then
    return -- the caller's own argument counts
  elseif definition.type == "string[]" and type(value) == "table" and next(value) ~= nil and value[1] == nil then
    value = codes_of(value)
  end
  made[name] = value
end

-- Puts what the members of `value` stand for into `made`; they are known by `path`, "settings." for one.
local function take_members(plan, made, given, value, path)
  local form, definitions = plan.row, plan.definitions
  for name, member in pairs(value) do
    local full = path .. tostring(name)
    local target = form.map[full]
    if target and target ~= "-" then
      put(made, given, definitions, target, member)
    elseif path == "" and definitions[name] then
      put(made, {}, definitions, name, member)
    elseif type(member) == "table" and form.known[full:match "^[^.]+"] then
      take_members(plan, made, given, member, full .. ".")
    elseif path == "" and not target and not form.known[name] and misuse.nearest(full, form.names) then
      made[name] = member -- a slip of the pen, which the check of names tells
    end
  end
end

--- The arguments that a row stands for. Members that can't be written are left out. Arguments that are no row stay as they are.
---@param plan seranking.Plan of an operation that takes rows
---@param args table
---@return table
function rows.arguments(plan, args)
  for _, mark in ipairs(plan.row.marks) do
    if args[mark] ~= nil then
      local made = {}
      take_members(plan, made, args, args, "")
      for name, definition in pairs(plan.definitions) do
        if definition.nullable and made[name] == nil and plan.row.known[name] then
          made[name] = null -- left out of the answer, since it was null
        end
      end
      return made
    end
  end
  return args
end

return rows
