--- The Data API's credits: what a call costs, and who has none left.
-- SPDX-License-Identifier: MIT

local resolve = require "seranking.fake.resolve"

local credits = {}

---@class seranking.fake.Credits
---@field limit number of the plan
---@field left number of the plan
---@field wallet number bought, and charged when the plan has none left

--- Takes credits, all or none.
---@param call seranking.fake.Call
---@param amount number
---@return seranking.fake.Refusal? # when there are too few
function credits.charge(call, amount)
  local account = call.store.credits
  if amount > account.left + account.wallet then
    return resolve.refuse(403, "Insufficient funds",
      ("costs %d, left are %d"):format(amount, account.left + account.wallet))
  end
  local of_plan = math.min(amount, account.left)
  account.left, account.wallet = account.left - of_plan, account.wallet - (amount - of_plan)
end

local function length(value)
  return type(value) == "table" and #value or value ~= nil and 1 or 0
end

--- What a call costs by its description, where nothing but its arguments and the rows of its answer count.
---@param call seranking.fake.Call
---@param rows integer rows that come back
---@return number
function credits.price(call, rows)
  local cost = call.route.operation.cost
  local each = cost and cost[1] or 0
  if each == 0 or cost.per == "request" then
    return each
  elseif cost.per == "row" then
    return each * rows
  end
  return each * length(call.args[cost.of])
end

--- Takes what a call costs, and gives its answer.
---@param call seranking.fake.Call
---@param rows integer rows that come back
---@param answer any
---@return any answer nil: refused
---@return seranking.fake.Refusal?
function credits.pay(call, rows, answer)
  local refusal = credits.charge(call, credits.price(call, rows))
  if refusal then
    return nil, refusal
  end
  return answer
end

return credits
