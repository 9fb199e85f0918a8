--- Prices: the estimate before, the question above 1,000 credits, what was spent after.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.walk.costs"
local exit = require "seranking.cli.exit"
local resource = require "seranking.resource"

local money = {}

local ASK_ABOVE = 1000 -- credits

--- 12,345.
---@param number number
---@return string
function money.format(number)
  local text = ("%.0f"):format(number)
  local done
  repeat
    text, done = text:gsub("^(%d+)(%d%d%d)", "%1,%2")
  until done == 0
  return text
end

--- Whether an operation costs credits, as far as it is known.
---@param plan seranking.Plan
---@return boolean
function money.is_paid(plan)
  return plan.cost ~= nil and plan.cost[1] ~= 0
end

--- The most credits that a call or a walk may cost: nil if the price is unknown, math.huge if nothing bounds it.
---@param plan seranking.Plan
---@param args table
---@param walk? { max_rows: number?, max_cost: number? } options of a walk
---@return number?
function money.most(plan, args, walk)
  if not money.is_paid(plan) then
    return 0
  elseif not walk then
    return costs.most(plan, args)
  end
  local price, rows = plan.cost[1], walk.max_rows or math.huge
  if not price then
    return nil
  end
  local most
  if plan.cost.per == "row" then
    most = price * rows
  else
    local size = plan.pages and (args.limit or plan.pages.max or plan.pages.size) or math.huge
    local pages = rows / size
    most = price * (pages == pages and math.max(1, math.ceil(pages)) or 1)
  end
  return math.min(most, walk.max_cost or math.huge)
end

--- Says what a call may cost, and asks if that is much.
---@param context seranking.cli.Context
---@param plan seranking.Plan
---@param most? number
---@param budget? number
function money.before(context, plan, most, budget)
  if not money.is_paid(plan) then
    return
  end
  most = most and budget and math.min(most, budget) or most
  local text = not most and "the price of this call is not known"
    or most == math.huge and "this may cost any number of credits: --max-rows and --max-cost limit it"
    or ("this may cost up to %s credit%s"):format(money.format(most), most == 1 and "" or "s")
  context:note(text)
  if (not most or most > ASK_ABOVE) and not context:confirm("Go on?") then
    context:fail(exit.OTHER, "nothing was sent")
  end
end

--- Says what was spent.
---@param context seranking.cli.Context
---@param plan seranking.Plan
---@param client seranking.Client
function money.after(context, plan, client)
  if not money.is_paid(plan) then
    return
  end
  local spent = client[resource.paid()]:spent()
  if spent.calls == 0 then
    return
  end
  local text = ("spent %s credit%s, by estimate"):format(money.format(spent.credits), spent.credits == 1 and "" or "s")
  if spent.unknown > 0 then
    text = text .. ("; %d call%s of unknown price"):format(spent.unknown, spent.unknown == 1 and "" or "s")
      .. (spent.doubtful > 0 and (", %s credits at most"):format(money.format(spent.doubtful)) or "")
  end
  context:note(text)
end

return money
