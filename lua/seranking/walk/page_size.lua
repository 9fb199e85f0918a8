--- How many rows a walk asks for in a page.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.walk.costs"

local page_size = {}

local min, max, floor, ceil, huge = math.min, math.max, math.floor, math.ceil, math.huge

-- Rows of a page that are asked for where rows are free and the caller says nothing.
local USUAL = 1000

-- Rows of a page that are asked for where rows are paid for and nothing says how many are wanted.
local CAREFUL = 100

-- Bytes that a row may have, for a guess whether a page fits into the largest answer that the client takes.
local ROW_BYTES = 1024

-- How many rows can be paid for; infinite where rows are not what is paid for.
local function affordable(walk)
  local price = walk.row_price
  if not price then
    return huge
  end
  local credits = min(costs.left(walk.op._client, walk.options.budget) or huge,
    walk.max_cost and walk.max_cost - walk.cost or huge)
  return floor(credits / price)
end

-- One size for all pages of a walk: in the fewest pages that have all the rows wanted, with few rows more, and within what
-- can be paid. Where no size does that, the pages have somewhat fewer rows than are wanted.
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

--- Sets how many rows the next page is asked for: no more than are wanted or can be paid, but at least one, which is refused
--- then.
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
  walk.args.limit = not (walk.unsaid and size == walk.size) and size or nil
end

-- The most rows that a page may be asked for where the caller has said how many are wanted: as many as the API gives, and as
-- the client takes in one answer.
local function largest(walk)
  local about = walk.plan.pages
  if not walk.row_price then
    return min(about.max, max(USUAL, about.size or 0))
  end
  return min(about.max, max(about.size or 1, floor(walk.op._client._max_body / ROW_BYTES)))
end

--- Decides how the limit of each page is found.
---@param walk seranking.Walk
---@param placed boolean the caller says where to begin
---@param guarded boolean the caller says how many rows are wanted, or what they may cost
function page_size.plan(walk, placed, guarded)
  local about, given = walk.plan.pages, walk.args.limit
  local cost = walk.plan.cost
  local price = cost and cost.per == "row" and cost[1] or 0
  walk.row_price = price > 0 and price or nil
  walk.unsaid = false
  walk.own_limit = given ~= nil
  if given or walk.kept_limit then
    walk.size = given or about.size
  elseif not walk.plan.definitions.limit then
    walk.size = about.size
    return
  elseif walk.row_price and not guarded then
    walk.size = min(about.size or CAREFUL, CAREFUL)
    walk.unsaid = walk.size == about.size and walk.skip == 0
    if not walk.style then
      walk.size = min(walk.size + walk.skip, about.max)
    end
  elseif about.max then
    walk.size = largest(walk)
  else
    walk.size, walk.unsaid = about.size, not guarded
  end
  if not walk.size or walk.kept_limit then
    return
  elseif walk.style == "offset" or not walk.style and not given then
    walk.sizing = "each"
  elseif walk.style == "cursor" and not (given and placed) or walk.style == "page" and not (given or placed) then
    walk.sizing = "once" -- with another limit, the next page or cursor may begin elsewhere
  end
end

return page_size
