--- The cost of Data API calls, estimated from their descriptions, as no answer includes the price.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"

local costs = {}

local format, max = string.format, math.max

---@class seranking.Spent
---@field credits number cost of the calls so far, by estimate
---@field estimate true
---@field calls integer calls that were billed or may have been: answered with a success, or sent without a clear answer
---@field unknown integer calls among these whose price is not known
---@field doubtful number most that the unknown calls may have cost, as far as it is known; a budget counts it as spent

-- The number of elements given for a parameter; a lone value is one.
local function count_given(args, name)
  local value = args[name]
  if type(value) == "table" then
    return #value
  end
  return 1
end

-- The most rows that an answer may have; nil if unknown.
local function most_rows(plan, args)
  if plan.cost.of == false then
    return nil -- the rows are in a file
  end
  local definition = plan.definitions.limit
  return tonumber(args.limit) or definition and definition.default or plan.pages and plan.pages.size
end

-- The most pages that a call may crawl; nil if unknown.
local function most_pages(plan, args)
  local outer, inner = (plan.cost.of or ""):match "^([^.]+)%.(.+)$"
  local definition = plan.definitions[outer or ""]
  if not definition then
    return nil
  end
  local given = type(args[outer]) == "table" and args[outer][inner]
  local field = definition.fields[inner]
  return tonumber(given) or field and field.default
end

--- The most credits that a call may cost; nil if unknown.
---@param plan seranking.Plan
---@param args table
---@return number?
function costs.most(plan, args)
  local cost = plan.cost
  if not cost or not cost[1] then
    return nil
  elseif cost[1] == 0 or cost.per == "request" then
    return cost[1]
  elseif cost.per == "target" or cost.per == "keyword" then
    return cost[1] * count_given(args, cost.of or cost.per)
  end
  local count
  if cost.per == "row" then
    count = most_rows(plan, args)
  else
    count = most_pages(plan, args)
  end
  return count and cost[1] * count
end

-- The number of rows in an answer; nil if they are not in it.
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

-- The credits that a call has cost; nil if unknown.
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
  return costs.most(plan, args)
end

--- The credits of a client's budget that are neither spent nor set aside; nil without a budget, or if the call has
--- budget = false.
---@param client table
---@param budget? number|false of the call
---@return number?
function costs.left(client, budget)
  local spent = client._spent
  if budget == false or not (spent and client._budget) then
    return nil
  end
  local set_aside, doubtful = spent.account:look()
  return client._budget - spent.credits - spent.doubtful - doubtful - set_aside
end

--- The error of a call whose price has no known bound, under an option that limits spending.
---@param plan seranking.Plan
---@param option "budget"|"max_cost"
---@return seranking.Error
function costs.unknown(plan, option)
  return errors.new("invalid", option, format("%s: its price has no known bound, so %s can't limit it", plan.name,
    option), option == "budget" and "pass budget = false in the options of this call to allow it"
    or "leave out max_cost to allow it")
end

--- Checks a call against the client's budget and its own, and sets the most it may cost aside until costs.settle. If the call
--- is cancelled or collected before that and may have been sent, this amount becomes doubtful.
---@param client table
---@param plan seranking.Plan
---@param args table
---@param budget? number|false of this call; false: no limit
---@param call userdata not begun yet
---@return true?, seranking.Error?
function costs.allow(client, plan, args, budget, call)
  local spent = client._spent
  local most = costs.most(plan, args)
  local bounded = budget ~= false and (budget or client._budget)
  if bounded and not most then
    return nil, costs.unknown(plan, "budget")
  elseif bounded then
    local left = costs.left(client)
    local whose, whole = "the client's", client._budget
    if budget and (not left or budget < left) then
      left, whose, whole = budget, "the call's", budget
    end
    if most > 0 and most > left then
      local waiting = whose == "the client's" and most <= left + spent.account:look()
      local err = errors.new("invalid", "budget",
        format("%s may cost %.15g credits, by estimate, and %.15g of %s budget = %.15g are left%s", plan.name, most,
          max(0, left), whose, whole, waiting and " beside calls in flight" or ""),
        waiting and "repeat it when they have ended, or raise the client's option budget"
        or format("raise %s option budget, or ask for less", whose))
      err.retryable = waiting
      return nil, err
    end
  end
  call:set_aside(spent.account, most or 0)
  return true
end

-- Kinds of errors after which a request that was sent may have been carried out and billed.
local unclear = { timeout = true, network = true, cancelled = true, too_large = true, protocol = true }

--- Counts what a call that was allowed has cost, or may have cost.
---@param client table
---@param plan seranking.Plan
---@param args table
---@param call userdata
---@param success boolean the server answered with a success
---@param data any the answer; nil if it could not be read
---@param result seranking.Response|seranking.Error
function costs.settle(client, plan, args, call, success, data, result)
  local spent = client._spent
  local most = call:settle()
  if not most then -- given up, and counted then
    return
  elseif not success and not (result.sent and unclear[result.kind]) then
    return
  end
  local price = success and costs.price(plan, args, data)
  spent.calls = spent.calls + 1
  if price then
    spent.credits = spent.credits + price
  else
    spent.unknown = spent.unknown + 1
    spent.doubtful = spent.doubtful + most
  end
end

--- The account of a client that has spent nothing.
function costs.new()
  return { credits = 0, doubtful = 0, calls = 0, unknown = 0, account = core.account() }
end

--- The result of client:spent().
---@param client table
---@return seranking.Spent
function costs.spent(client)
  local spent = client._spent
  local _, doubtful, given_up = spent.account:look()
  return { credits = spent.credits, estimate = true, calls = spent.calls + given_up, unknown = spent.unknown + given_up,
    doubtful = spent.doubtful + doubtful }
end

return costs
