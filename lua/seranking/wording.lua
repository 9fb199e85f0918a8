--- What types, limits and prices are called in English: for the help in a program and for the reference.
-- SPDX-License-Identifier: MIT

local proxy = require "seranking.base.proxy"

local wording = {}

local format = string.format

local PLURALS = { id = "ids", integer = "integers", number = "numbers", string = "strings", object = "objects", text = "texts",
  date = "dates", month = "months", boolean = "booleans", flag = "flags" }

local function plain(text)
  return text
end

--- A value as Lua source text.
---@param value any
---@return string
function wording.literal(value)
  if type(value) == "string" then
    return '"' .. value:gsub('[\\"]', "\\%0") .. '"'
  elseif type(value) == "number" then
    return format("%.14g", value)
  end
  return tostring(value)
end

--- Whether a parameter is an object of two ends: { from = 1, to = 9 }.
---@param parameter seranking.ParameterDescription
---@return boolean
function wording.is_range(parameter)
  local fields = parameter.fields
  return fields ~= nil and #fields == 2 and fields[1].name == "from" and fields[2].name == "to" and not fields[1].fields
end

--- "list of ids", "range of numbers", "date".
---@param parameter seranking.ParameterDescription
---@return string
function wording.type(parameter)
  if wording.is_range(parameter) then
    return "range of " .. PLURALS[parameter.fields[1].type]
  end
  local base, lists = parameter.type:match "^([^%[]*)(.*)$"
  if lists == "" then
    return base
  end
  return "list of " .. ("lists of "):rep(#lists / 2 - 1) .. PLURALS[base]
end

-- "at least 2 elements", "1 to 100 elements".
local function count(least, most, unit)
  if least and least == most then
    return least .. " " .. unit
  elseif least and most then
    return least .. " to " .. most .. " " .. unit
  elseif most then
    return "at most " .. most .. " " .. unit
  end
  return least and (least == 1 and unit == "elements" and "not empty" or "at least " .. least .. " " .. unit) or nil
end

--- A parameter's limits and default: "1 to 100; default 10". Empty if it has none.
---@param parameter seranking.ParameterDescription
---@param code? fun(text: string): string marks values as source text; left out: they stay as they are
---@return string
function wording.limits(parameter, code)
  code = code or plain
  local parts = {}
  local function add(text)
    parts[#parts + 1] = text
  end
  local function value(of)
    return code(wording.literal(of))
  end
  if parameter.enum then
    local values = {}
    for i, of in ipairs(parameter.enum) do
      values[i] = value(of)
    end
    add((values[2] and "one of " or "only ") .. table.concat(values, code == plain and ", " or " "))
  elseif parameter.min and parameter.max then
    add(value(parameter.min) .. " to " .. value(parameter.max))
  elseif parameter.min then
    add("at least " .. value(parameter.min))
  elseif parameter.max then
    add("at most " .. value(parameter.max))
  end
  if parameter.enum_by then
    local by = parameter.enum_by
    for _, decides in ipairs(proxy.sorted_names(by.values)) do
      local words = {}
      for i, word in ipairs(by.values[decides]) do
        words[i] = value(word)
      end
      add(format("with %s: %s", code(format("%s = %s", by.of, wording.literal(decides))),
        table.concat(words, code == plain and ", " or " ")))
    end
  end
  add(count(parameter.min_items, parameter.max_items, "elements"))
  add(count(parameter.min_length, parameter.max_length, "characters"))
  if parameter.default ~= nil then
    add((parameter.always and "if left out, sent as " or "default ") .. value(parameter.default))
  end
  if parameter.nullable then
    add(code "seranking.null" .. " clears it")
  end
  if parameter.secret then
    add "never shown"
  end
  return table.concat(parts, "; ")
end

--- The price of an operation: "1 credit a row", "free", "unknown"; nil if it costs no credits.
---@param description seranking.Description
---@return string?
function wording.price(description)
  local cost = description.cost
  if not cost then
    return nil
  elseif not cost[1] then
    return "unknown"
  elseif cost[1] == 0 then
    return "free"
  end
  return format("%.14g credit%s a %s", cost[1], cost[1] == 1 and "" or "s", cost.per)
end

-- Names that must be given, and "…" where others may be.
local function names_of(list, skip)
  local names, more = {}, false
  for _, parameter in ipairs(list) do
    if not skip[parameter.name] then
      if parameter.required then
        names[#names + 1] = parameter.name
      else
        more = true
      end
    end
  end
  return names, more
end

--- The arguments of an operation: "{ site_id, … }", "()".
---@param description seranking.Description
---@param bound? table<string, any> ids that need not be given
---@return string
function wording.arguments(description, bound)
  local skip, own, items = {}, {}, {}
  for name in pairs(bound or {}) do
    skip[name] = true
  end
  local choice = description.one_of or description.any_of
  for _, name in ipairs(choice or {}) do
    skip[name] = true
  end
  for _, parameter in ipairs(description.parameters) do
    local list = parameter.place == "items" and items or own
    list[#list + 1] = parameter
  end
  local names, more = names_of(own, skip)
  if choice then
    names[#names + 1] = table.concat(choice, "|")
  end
  if items[1] then
    local members, others = names_of(items, {})
    members[#members + 1] = others and "…" or nil
    names[#names + 1] = "{ " .. table.concat(members, ", ") .. " }, …"
  elseif more then
    names[#names + 1] = "…"
  end
  return names[1] and "{ " .. table.concat(names, ", ") .. " }" or "()"
end

return wording
