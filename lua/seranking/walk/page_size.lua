--- The page size of a walk: as few requests as possible, few unwanted rows, within the budget.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.walk.costs"

local page_size = {}

local min, max, floor, ceil, huge = math.min, math.max, math.floor, math.ceil, math.huge

-- Rows of a page, if rows are free and the caller sets no limit.
local USUAL = 1000

-- Rows of a page, if rows are paid for and the caller does not say how many are wanted.
local CAREFUL = 100

-- Estimated bytes of a row, to keep a page below the largest answer that the client accepts.
local ROW_BYTES = 1024

-- Rows that the budget allows; infinite if rows are not what is paid for.
local function affordable(walk)
  local price = walk.row_price
  if not price then
    return huge
  end
  local credits = min(costs.left(walk.op._client, walk.options.budget) or huge,
    walk.max_cost and walk.max_cost - walk.cost or huge)
  return floor(credits / price)
end

-- Chooses one page size for the whole walk: enough rows, little overshoot, within the budget. If no size fits, all pages
-- together have slightly fewer rows than wanted.
local function one_size(wanted, most, payable)
  local fewest = ceil(wanted / most)
  for number = fewest, min(wanted, fewest + 100) do
    local size = ceil(wanted / number)
    if ceil(wanted / size) * size <= payable then
      return size
    end
  end
  return max(1, floor(wanted / fewest))
end

--- Sets the limit of the next page: no more rows than are wanted or affordable, but at least one, which the budget then
--- refuses.
---@param walk seranking.Walk
function page_size.set(walk)
  if not walk.sizing then
    return
  end
  local wanted, size = max(1, min(walk.left + walk.skip, affordable(walk))), walk.size
  if walk.sizing == "once" then
    walk.sizing = nil
    if wanted < huge then
      size = one_size(wanted, size, affordable(walk))
    end
  else
    size = min(size, wanted)
  end
  walk.args.limit = not (walk.implied and size == walk.size) and size or nil
end

-- The largest page, if the caller says how many rows are wanted: what the API gives, and what fits into one answer.
local function largest(walk)
  local about = walk.plan.pages
  if not walk.row_price then
    return min(about.max, max(USUAL, about.size or 0))
  end
  return min(about.max, max(about.size or 1, floor(walk.op._client._max_body / ROW_BYTES)))
end

--- Decides how the limit of each page is chosen.
---@param walk seranking.Walk
---@param placed boolean the caller has given the first page, offset or cursor
---@param guarded boolean the caller has given max_rows or max_cost
function page_size.plan(walk, placed, guarded)
  local about, given = walk.plan.pages, walk.args.limit
  local cost = walk.plan.cost
  local price = cost and cost.per == "row" and cost[1] or 0
  walk.row_price = price > 0 and price or nil
  walk.implied = false
  walk.own_limit = given ~= nil
  if given or walk.kept_limit then
    walk.size = given or about.size
  elseif not walk.plan.definitions.limit then
    walk.size = about.size
    return
  elseif walk.row_price and not guarded then
    walk.size = min(about.size or CAREFUL, CAREFUL)
    walk.implied = walk.size == about.size and walk.skip == 0
    if not walk.style then
      walk.size = min(walk.size + walk.skip, about.max)
    end
  elseif about.max then
    walk.size = largest(walk)
  else
    walk.size, walk.implied = about.size, not guarded
  end
  if not walk.size or walk.kept_limit then
    return
  elseif walk.style == "offset" or not walk.style and not given then
    walk.sizing = "each"
  elseif walk.style == "cursor" and not (given and placed) or walk.style == "page" and not (given or placed) then
    walk.sizing = "once" -- another limit would move the next page
  end
end

return page_size
