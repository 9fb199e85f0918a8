--- Finds the list of rows in an answer. Large ones `each` reads row by row: memory holds the text and one row.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"
local notation = require "seranking.base.notation"
local numbers = require "seranking.answer.numbers"

local rows = {}

local function is_nothing(value)
  return value == nil or value == json.null
end

--- Whether a value of an answer is a list that is read so: see answer.read.
rows.is = core.is_rows

--- The names of the lists, for answer.read: of an operation without pages, whose answers can be large. Not where the price is
--- counted by rows. nil: it is read as a whole.
---@param plan seranking.Plan
---@return string?
function rows.lists(plan)
  local about = plan.pages
  if about and about.style or plan.answer == "any" or plan.cost and plan.cost.per == "row" then
    return nil
  end
  local names = about and about.rows
  if names and not notation.words(names)[2] then
    return names
  end
  names = names or plan.unwrap
  return names and ". " .. names or "."
end

-- The conversions of each row, where the list is the answer itself or its member `name`.
local function conversions(plan, name)
  local places = plan.numbers or nil
  if name then
    places = places and places.fields and places.fields[name]
  end
  return places and places.each
end

-- Whether an answer without its list of rows may mean "no rows": it is empty, or total or cursor announce no more.
local function may_be_none(walk, data)
  local about = walk.plan.pages
  if type(data) ~= "table" then
    return false
  elseif walk.total then
    return walk.total <= walk.skipped + walk.seen
  elseif about.cursor and not is_nothing(data[about.cursor]) and data[about.cursor] ~= "" then
    return false
  end
  local others = false
  for _, value in pairs(data) do
    others = others or value ~= json.null
  end
  return not others or not about.total and is_nothing(data.message) and is_nothing(data.error)
end

--- The rows of an answer; nil if it has no list of them.
---@param walk seranking.Walk
---@param data any
---@return table?
function rows.of(walk, data)
  local names = notation.words(walk.plan.pages and walk.plan.pages.rows)
  local found, name = data, nil
  if names[1] and not rows.is(data) then
    found = nil
    for _, one in ipairs(type(data) == "table" and names or {}) do
      if not found and not is_nothing(data[one]) then
        found, name = data[one] or nil, one
      end
    end
    if not found and names[2] and type(data) == "table" and type(next(data)) ~= "string" then
      found = data -- one of the places is the answer itself
    elseif not found then
      return may_be_none(walk, data) and {} or nil
    end
  end
  if rows.is(found) then
    walk.convert = conversions(walk.plan, name)
    return found
  end
  return type(found) == "table" and type(next(found)) ~= "string" and found or nil
end

--- Converts a row.
rows.convert = numbers.convert

return rows
