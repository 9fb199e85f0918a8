--- Read, change, write: a row of an answer as the arguments of the operation that writes it.
-- SPDX-License-Identifier: MIT

local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"

local rows = {}

local null = json.null

---@class seranking.RowForm
---@field marks string[] members that make a table a row: no parameter has their names
---@field map table<string, string> member to parameter, as in "settings.account_email"; "-": to none
---@field known table<string, true> members of answers
---@field names string[] of all parameters

--- How an operation takes rows; nil if it takes none.
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
  if not map[1] then
    notation.typo("row", "the row has no map of members to parameters")
  end
  form.marks = description.row.marks and notation.words(description.row.marks) or { map[1][1] }
  for _, entry in ipairs(map) do
    local member, name = entry[1], entry[2]
    if name ~= "-" and not definitions[name] then
      notation.typo(member .. ":" .. name, "the operation takes no parameter '%s'", name)
    end
    form.map[member] = name
    form.known[notation.path(member)[1].name or ""] = true
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

--- Whether a value that was read means "nothing" and can't be written: it is left out, so nothing changes.
---@param definition table
---@param value any
---@return boolean
function rows.is_blank(definition, value)
  return value == null and not definition.nullable or value == "" and not TEXT[definition.type]
end

-- Rights come as an object, by code or by number, and are written as a list of codes.
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
    return -- the caller's own argument wins
  elseif definition.type == "string[]" and type(value) == "table" and next(value) ~= nil and value[1] == nil then
    value = codes_of(value)
  end
  made[name] = value
end

-- Puts the members of `value` into `made`, as parameters. `path`: what precedes their names, such as "settings."
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
      made[name] = member -- a misspelt parameter: the check of names reports it
    end
  end
end

--- Arguments made of a row, without members that can't be written. Arguments that are no row are returned as they are.
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
          made[name] = null -- the answer had null, which is dropped
        end
      end
      return made
    end
  end
  return args
end

return rows
