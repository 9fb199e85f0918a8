--- What calls of the Data API cost, as far as their descriptions tell: estimates, since no answer says it.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"

local costs = {}

local format = string.format

---@class seranking.Spent
---@field credits number what the calls so far have cost, by estimate
---@field estimate true
---@field calls integer that were billed: those with a success
---@field unknown integer of these, calls whose price can't be told

-- How many elements were given for a parameter. A lone value is one.
local function count_given(args, name)
  local value = args[name]
  if type(value) == "table" then
    return #value
  end
  return 1
end

-- What a call costs at least. nil: not known.
---@param plan seranking.Plan
---@param args table
---@return number?
function costs.lowest(plan, args)
  local cost = plan.cost
  if not cost or not cost[1] then
    return nil
  elseif cost.per == "target" or cost.per == "keyword" then
    return cost[1] * count_given(args, cost.of or cost.per)
  end
  return cost[1] -- for the request, or for one row or page
end

-- The rows that an answer holds; nil when they can't be counted there.
local function rows_of(plan, data)
  local of = plan.cost.of
  if of == false or type(data) ~= "table" then
    return nil
  elseif of == nil then
    of = plan.pages and plan.pages.rows
  end
  local rows = data
  if of then
    rows = data[of]
  end
  return type(rows) == "table" and #rows or rows == nil and of and 0 or nil
end

-- What a call has cost. nil: not known.
---@param plan seranking.Plan
---@param args table
---@param data any the answer
---@return number?
function costs.price(plan, args, data)
  local cost = plan.cost
  if not cost or not cost[1] or cost[1] > 0 and cost.per == "page" then
    return nil
  elseif cost.per == "row" then
    local rows = rows_of(plan, data)
    return rows and cost[1] * rows
  end
  return costs.lowest(plan, args)
end

--- Whether a call may be made within the client's budget and its own. Sets its lowest price aside until costs.settle.
---@param client table
---@param plan seranking.Plan
---@param args table
---@param budget? number of this call
---@return boolean? allowed, seranking.Error?
function costs.allow(client, plan, args, budget)
  local lowest = costs.lowest(plan, args) or 0
  local spent = client._spent
  local left = client._budget and client._budget - spent.credits - spent.aside
  if budget and (not left or budget < left) then
    left = budget
  end
  if left and lowest > left then
    return nil, errors.new("invalid", "budget",
      format("%s costs at least %.15g credits, by estimate, and %.15g of the budget are left", plan.name, lowest,
        left > 0 and left or 0), "raise the option budget if that is meant")
  end
  spent.aside = spent.aside + lowest
  return true
end

--- After a call that was allowed: counts what it has cost.
---@param client table
---@param plan seranking.Plan
---@param args table
---@param billed boolean it was answered with a success
---@param data any
function costs.settle(client, plan, args, billed, data)
  local spent = client._spent
  spent.aside = spent.aside - (costs.lowest(plan, args) or 0)
  if not billed then
    return
  end
  local price = costs.price(plan, args, data)
  spent.calls = spent.calls + 1
  if price then
    spent.credits = spent.credits + price
  else
    spent.unknown = spent.unknown + 1
  end
end

--- A client's account, empty.
function costs.new()
  return { credits = 0, aside = 0, calls = 0, unknown = 0 }
end

--- What a client has spent, as users see it.
---@param client table
---@return seranking.Spent
function costs.spent(client)
  local spent = client._spent
  return { credits = spent.credits, estimate = true, calls = spent.calls, unknown = spent.unknown }
end

return costs
