--- Walking over an answer that comes in pages, row by row, with one page in memory.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.costs"
local errors = require "seranking.errors"
local json = require "seranking.json"
local misuse = require "seranking.misuse"
local options = require "seranking.options"

local pages = {}

local format, min, max, floor, ceil, huge = string.format, math.min, math.max, math.floor, math.ceil, math.huge

-- Rows a page are asked for up to this many, where the caller says nothing: fewer requests, and a page still is small.
local USUAL = 1000

-- Where rows are paid for and nothing says how many are wanted, a page has the API's own size, but no more than this.
local PAID = 100

-- So many pages of one and the same row may follow each other: different rows can be equal.
local SAME = 10

-- The parameter that says where a page begins, unless the description names another.
local position_names = { page = "page", offset = "offset", cursor = "cursor" }

local function positive(value)
  if type(value) == "number" and value >= 0 and value == value then
    return value
  end
  return nil, "must be a number, at least 0"
end

local function count(value)
  if type(value) == "number" and value >= 1 and value % 1 == 0 then
    return value
  end
  return nil, "must be a whole number, at least 1"
end

--- Options of `each` and `all`, besides those of a call, which hold for each page.
---@class seranking.WalkOptions: seranking.CallOptions
---@field max_rows? integer end after so many rows
---@field max_cost? number credits, by estimate: a page that might cost more ends the walk with an error; budget does the same
local walk_options = { max_rows = { count }, max_cost = { positive } }

---@class seranking.Walk
---@field op table
---@field plan seranking.Plan
---@field args table<string, any> of the next request
---@field options? table of each request
---@field style? "page"|"offset"|"cursor" nil: all comes at once
---@field sizing? "each"|"once" when the limit is chosen: for each page, or for all; nil: it is left as it is
---@field size? integer most rows that a page is asked for; nil: not known
---@field unsaid boolean pages of this size come where no limit is sent
---@field row_price? number where rows are paid for
---@field max_cost? number
---@field guard? "max_cost"|"budget" the option that max_cost is from
---@field left number rows that may still be given
---@field seen integer rows that came
---@field skipped integer rows before the first
---@field total? number rows in all, as the server tells
---@field cursor_seen any, cursor_steps, cursor_power: for the detection of cursors that come again
local Walk = {}
Walk.__index = Walk

local function is_nothing(value)
  return value == nil or value == json.null
end

-- Whether an answer without its rows may mean that there are none: it is empty, or its total or cursor promises no more.
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

-- The rows of an answer; nil when they are not there.
local function rows_of(walk, data)
  local name = walk.plan.pages and walk.plan.pages.rows
  local rows = data
  if name then
    rows = type(data) == "table" and data[name]
    if not rows or rows == json.null then
      return may_be_none(walk, data) and {} or nil
    end
  end
  return type(rows) == "table" and type(next(rows)) ~= "string" and rows or nil
end

local function protocol(walk, code, message)
  local err = errors.new("protocol", code, walk.plan.name .. ": " .. message)
  err.sent = true
  return err
end

-- Whether a cursor was here before. Brent's way: one is remembered, each time for twice as many steps.
local function comes_again(walk, cursor)
  if cursor == walk.cursor_seen then
    return true
  end
  walk.cursor_steps = walk.cursor_steps + 1
  if walk.cursor_steps == walk.cursor_power then
    walk.cursor_seen, walk.cursor_steps, walk.cursor_power = cursor, 0, walk.cursor_power * 2
  end
  return false
end

local function same(one, other)
  if type(one) ~= "table" or type(other) ~= "table" then
    return one == other
  end
  for key, value in pairs(one) do
    if not same(value, other[key]) then
      return false
    end
  end
  for key in pairs(other) do
    if one[key] == nil then
      return false
    end
  end
  return true
end

-- Whether a page is the one before it once more. Equal pages are no proof while all their rows are equal.
local function repeats(walk, body, rows)
  if body ~= walk.last_body then
    walk.last_body, walk.equal = body, 0
    return false
  end
  walk.equal = walk.equal + 1
  for i = 2, #rows do
    if not same(rows[i], rows[1]) then
      return true
    end
  end
  return walk.equal >= SAME
end

-- Makes the next request of the page that came; true when it was the last; nil and an error.
local function advance(walk, data, got)
  local about, args = walk.plan.pages, walk.args
  if not walk.style then
    return true
  elseif got == 0 then
    if walk.total and walk.skipped + walk.seen < walk.total then
      return nil, protocol(walk, "short", format("the rows end after %.15g of the %.15g that the server tells of",
        walk.skipped + walk.seen, walk.total))
    end
    return true
  elseif walk.style == "cursor" then
    local cursor = data[about.cursor]
    if is_nothing(cursor) or cursor == "" then
      return true
    elseif comes_again(walk, cursor) then
      return nil, protocol(walk, "cursor_repeats", format("the server gives the same cursor again (%s)", about.cursor))
    end
    args[walk.position] = cursor
    return false
  end
  if walk.total then
    if walk.skipped + walk.seen >= walk.total then
      return true
    end
  else
    local asked, most = args.limit or about.size, about.max or about.size
    if asked and most and asked <= most and got < asked then
      return true -- where it is not known that a page may have as many, a shorter one need not be the last
    end
  end
  args[walk.position] = args[walk.position] + (walk.style == "page" and 1 or got)
  return false
end

-- How many rows can be paid for; nil: they are not what is paid for.
local function affordable(walk)
  local price = walk.row_price
  if not price then
    return huge
  end
  local rows = min(walk.size, walk.left)
  local credits = min(costs.left_for(walk.op._client, rows * price, walk.options.budget) or huge,
    walk.max_cost and walk.max_cost - walk.cost or huge)
  return floor(credits / price)
end

-- The size of pages of which all have the same: together they have the rows wanted, and hardly more, and can be paid. Where no
-- size does that, a bit less is had for what there is.
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

-- Sets how many rows the next page is asked for: no more than are wanted or can be paid, but one at least, to be refused.
local function set_limit(walk)
  local wanted, size = max(1, min(walk.left, affordable(walk))), walk.size
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

-- An error when the next page may cost more than is left.
local function too_dear(walk)
  local counted = walk.op._client._spent -- the Data API's calls
  if not walk.max_cost or not counted then
    return nil
  end
  local most = costs.most(walk.plan, walk.args)
  if not most then
    return costs.unknown(walk.plan, walk.guard)
  elseif walk.cost + most > walk.max_cost then
    return errors.new("invalid", walk.guard, format("%s: the next page may cost %.15g credits, by estimate, and %.15g of "
      .. "%s%s = %.15g are left", walk.plan.name, most, walk.max_cost - walk.cost,
      walk.guard == "budget" and "the walk's " or "", walk.guard, walk.max_cost),
      "raise the option " .. walk.guard .. " of this walk, or go on from where it ended")
  end
end

--- The next page: its rows and the response; nothing at the end; nil, nil, error.
---@return table? rows, seranking.Response? response, seranking.Error? err
function Walk:fetch()
  if self.ended or self.left <= 0 then
    return nil
  end
  if self.sizing then
    set_limit(self)
  end
  local dear = too_dear(self)
  if dear then
    return nil, nil, dear
  end
  local data, response, body = self.send(self.op, self.args, self.options)
  if not data then
    return nil, nil, response
  end
  self.cost = self.cost + (costs.price(self.plan, self.args, data) or 0)
  local about = self.plan.pages
  if about and about.total and type(data) == "table" then
    self.total = tonumber(data[about.total]) or self.total
  end
  local rows = rows_of(self, data)
  if not rows then
    local err = protocol(self, "no_rows", format("the answer has no list '%s'; err.answer has what it is", about.rows or ""))
    err.answer = data
    return nil, nil, err
  end
  local got = #rows
  if got > 0 and self.style and self.style ~= "cursor" and repeats(self, body, rows) then
    return nil, nil, protocol(self, "page_repeats", "the server gives the same page again")
  end
  self.seen = self.seen + got
  local last, problem = advance(self, data, got)
  if last == nil then
    self.problem = problem -- told after the rows of this page
  end
  self.ended = last ~= false
  if got == 0 then
    return nil, nil, problem
  end
  return rows, response
end

-- Decides how the limit of each page is found.
---@param walk seranking.Walk
---@param placed boolean the caller says where to begin
---@param guarded boolean the caller says how many rows are wanted, or what they may cost
local function plan_sizes(walk, placed, guarded)
  local about, given = walk.plan.pages, walk.args.limit
  local cost = walk.plan.cost
  local price = cost and cost.per == "row" and cost[1] or 0
  walk.row_price = price > 0 and price or nil
  walk.unsaid = false
  if given then
    walk.size = given
  elseif not walk.plan.definitions.limit then
    walk.size = about.size
    return
  elseif walk.row_price and not guarded then
    walk.size = min(about.size or PAID, PAID)
    walk.unsaid = walk.size == about.size
  elseif about.max then
    walk.size = min(about.max, max(USUAL, about.size or 0))
  else
    walk.size, walk.unsaid = about.size, not guarded
  end
  if not walk.size then
    return
  elseif walk.style == "offset" then
    walk.sizing = "each"
  elseif walk.style == "cursor" and not (given and placed) or walk.style == "page" and not (given or placed) then
    walk.sizing = "once" -- with another limit, the next page or cursor may begin elsewhere
  end
end

-- The walk of an operation. Checks everything, sends nothing.
---@param op table
---@param plan seranking.Plan
---@param args? table
---@param given? table
---@param prepare fun(op: table, args: table?, given: table?) raises for what is wrong
---@param send fun(op: table, args: table, given: table?): any, any, string
---@return seranking.Walk
function pages.new(op, plan, args, given, prepare, send)
  local about = plan.pages
  if not about and plan.answer ~= "array" then
    misuse.raise("%s: the answer is no list that could be walked over", plan.name)
  end
  local checked = options.call(plan.name, given, walk_options) or {}
  local of_call = options.copy(given)
  of_call.max_rows, of_call.max_cost = nil, nil
  if checked.budget then
    of_call.budget = nil -- it holds for the walk; false is for each call
  end
  prepare(op, args, of_call)
  local own = options.copy(args)
  local max_cost, guard = checked.max_cost, "max_cost"
  if checked.budget and checked.budget < (max_cost or huge) then
    max_cost, guard = checked.budget, "budget"
  end
  local walk = setmetatable({
    op = op, plan = plan, args = own, options = of_call, send = send, style = about and about.style,
    left = checked.max_rows or huge, seen = 0, skipped = 0, cost = 0, ended = false, max_cost = max_cost, guard = guard,
    cursor_steps = 0, cursor_power = 1, equal = 0,
  }, Walk)
  if walk.style then
    walk.position = about.param or position_names[walk.style]
    local place = own[walk.position]
    plan_sizes(walk, place ~= nil, (checked.max_rows or max_cost) ~= nil)
    if walk.style == "page" then
      own[walk.position] = place or 1
      walk.skipped = (own[walk.position] - 1) * (own.limit or about.size or 0)
    elseif walk.style == "offset" then
      own[walk.position] = place or 0
      walk.skipped = own[walk.position]
    end
  end
  return walk
end

--- Walks row by row.
---@param walk seranking.Walk
---@return fun(): any, seranking.Response? next_row raises the error of a page that failed
function pages.rows(walk)
  local rows, response, at, over = nil, nil, 0, false
  return function()
    if over then
      return nil
    end
    at = at + 1
    if walk.left <= 0 then -- before any problem: nobody wants what comes after
      over, rows = true, nil
      return nil
    end
    while not rows or rows[at] == nil do
      local problem = walk.problem
      rows = nil -- one page in memory
      if not problem then
        rows, response, problem = walk:fetch()
      end
      if not rows then
        over = true
        if problem then
          error(problem, 0)
        end
        return nil
      end
      at = 1
    end
    walk.left = walk.left - 1
    return rows[at], response
  end
end

--- All rows in one list; nil and the error, with the rows so far in its field `rows`.
---@param walk seranking.Walk
---@return table? rows, seranking.Error? err
function pages.all(walk)
  local all = {}
  while true do
    local rows, _, problem = walk:fetch()
    problem = problem or not rows and walk.problem
    for i = 1, min(rows and #rows or 0, walk.left) do
      all[#all + 1] = rows[i]
    end
    walk.left = walk.left - (rows and #rows or 0)
    if walk.left <= 0 then
      return all
    elseif problem then
      problem.rows = all
      return nil, problem
    elseif not rows then
      return all
    end
  end
end

return pages
