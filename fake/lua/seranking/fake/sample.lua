--- Example answers of the descriptions as values, and lists made of their rows.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"

local sample = {}

--- An operation's example answer, made anew at each call; an empty answer where the description has none.
---@param operation table its description
---@param text? string the example, where it isn't the description's
---@return any
function sample.of(operation, text)
  text = text or operation.example
  if not text then
    return operation.answer == "array" and json.array {} or operation.answer and {} or nil
  end
  local node, reason = json.decode(text)
  if not node then
    error("the example of " .. operation[1] .. " is not JSON: " .. reason)
  end
  return json.value(node)
end

local function worded(text, i) return text .. " " .. i end
local function addressed(text, i) return text .. "?n=" .. i end
local function named(text, i) return "n" .. i .. "." .. text end

-- What tells one row from the next.
local marks = {
  anchor = worded, keyword = worded, prompt = worded, title = worded,
  url = function(text, i) return (text:find("://", 1, true) and addressed or named)(text, i) end,
  url_from = addressed,
  domain = named, refdomain = named,
  ip = function(_, i) return ("10.%d.%d.%d"):format(math.floor(i / 65536) % 256, math.floor(i / 256) % 256, i % 256) end,
}

--- Another row with the same members.
---@param row table
---@return table
function sample.copy(row)
  local made = {}
  for name, value in pairs(row) do
    made[name] = value
  end
  return made
end

--- The row `number` of a list whose rows are like `row`.
---@param row any
---@param number integer from 1
function sample.row(row, number)
  if type(row) == "string" then
    return (row:find("://", 1, true) and addressed or worded)(row, number)
  end
  local made = {}
  for name, value in pairs(row) do
    made[name] = type(value) == "string" and marks[name] and marks[name](value, number) or value
  end
  return made
end

return sample
