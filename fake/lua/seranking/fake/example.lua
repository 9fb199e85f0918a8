--- The answer to an operation that has no rule: the example of its description, with as many rows as a page shall have.
-- SPDX-License-Identifier: MIT

local credits = require "seranking.fake.credits"
local listing = require "seranking.fake.listing"
local sample = require "seranking.fake.sample"

local example = {}

local function has_pages(route)
  for _, field in ipairs(route.query) do
    if field.name == "limit" then
      return route.family == "data"
    end
  end
  return false
end

-- Numbered rows like the example's first.
local function listed(call, answer, member)
  local first = (member and answer[member] or answer)[1]
  local page, refusal = listing.reply(call, { count = call.rows, row = function(number) return sample.row(first, number) end })
  if not page or not member then
    return page, refusal
  end
  for name, value in pairs(page) do
    answer[name] = value
  end
  return answer
end

--- Answers a call.
---@param call seranking.fake.Call
---@return any value nil: an empty body, or refused
---@return seranking.fake.Refusal?
function example.answer(call)
  local route = call.route
  local answer = sample.of(route.operation, route.example)
  local member = route.operation.pages and route.operation.pages.rows
  if has_pages(route) then
    return listed(call, answer, member)
  end
  return credits.pay(call, member and #(answer[member] or {}) or 1, answer)
end

return example
