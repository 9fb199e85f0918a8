--- Walking over an answer that comes in pages, row by row, with one page in memory.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.costs"
local errors = require "seranking.errors"
local json = require "seranking.json"
local misuse = require "seranking.misuse"
local options = require "seranking.options"

local pages = {}

local format, min, max = string.format, math.min, math.max

-- Rows a page are asked for up to this many, where the caller says nothing: fewer requests, and a page still is small.
local USUAL = 1000

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
---@field max_cost? number credits, by estimate: a page that might cost more ends the walk with an error
local walk_options = { max_rows = { count }, max_cost = { positive } }

---@class seranking.Walk
---@field op table
---@field plan seranking.Plan
---@field args table<string, any> of the next request
---@field options? table of each request
---@field style? "page"|"offset"|"cursor" nil: all comes at once
---@field limit? integer rows that each page is asked for, or has by itself; nil: not known
---@field own_limit boolean the limit is ours, not the caller's
---@field left number rows that may still be given
---@field seen integer rows that came
---@field cursor_seen any, cursor_steps, cursor_power: for the detection of cursors that come again
local Walk = {}
Walk.__index = Walk

-- The rows of an answer; nil when they are not there.
local function rows_of(plan, data)
  local name = plan.pages and plan.pages.rows
  local rows = data
  if name then
    rows = data[name]
    if rows == nil or rows == json.null then
      return {}
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

-- What tells a page from others without keeping it.
local function mark_of(body)
  return #body .. body:sub(1, 400) .. body:sub(-400)
end

-- Makes the next request of the page that came; true when it was the last.
local function advance(walk, data, got)
  local about, args = walk.plan.pages, walk.args
  if not walk.style or got == 0 then
    return true
  elseif walk.style == "cursor" then
    local cursor = data[about.cursor]
    if cursor == nil or cursor == json.null or cursor == "" then
      return true
    elseif comes_again(walk, cursor) then
      return nil, protocol(walk, "cursor_repeats", format("the server gives the same cursor again (%s)", about.cursor))
    end
    args[walk.position] = cursor
    return false
  end
  local total = about.total and tonumber(data[about.total])
  if total then
    if walk.skipped + walk.seen >= total then
      return true
    end
  elseif walk.limit and got < walk.limit then
    return true
  end
  if walk.style == "page" then
    args[walk.position] = args[walk.position] + 1
  else
    args[walk.position] = args[walk.position] + got
  end
  return false
end

-- Sets how many rows the next page is asked for.
local function set_limit(walk)
  if walk.own_limit and walk.style == "offset" then
    walk.args.limit = max(1, min(walk.limit, walk.left))
  end
end

-- An error when the next page may cost more than is left.
local function too_dear(walk)
  if not walk.max_cost then
    return nil
  end
  local cost = walk.plan.cost
  local lowest = costs.most(walk.plan, walk.args) or 0
  if cost and cost.per == "row" and cost[1] and walk.args.limit then
    local affordable = math.floor((walk.max_cost - walk.cost) / max(cost[1], 1e-9))
    if walk.own_limit and walk.style == "offset" and affordable >= 1 and affordable < walk.args.limit then
      walk.args.limit = affordable
    end
    lowest = cost[1] * walk.args.limit
  end
  if walk.cost + lowest > walk.max_cost then
    return errors.new("invalid", "max_cost", format("%s: the next page may cost %.15g credits, by estimate, and %.15g of "
      .. "max_cost = %.15g are left", walk.plan.name, lowest, walk.max_cost - walk.cost, walk.max_cost),
      "allow a higher max_cost, or go on from where it ended")
  end
end

--- The next page: its rows and the response; nothing at the end; nil, nil, error.
---@return table? rows, seranking.Response? response, seranking.Error? err
function Walk:fetch()
  if self.ended or self.left <= 0 then
    return nil
  end
  set_limit(self)
  local dear = too_dear(self)
  if dear then
    return nil, nil, dear
  end
  local data, response, body = self.send(self.op, self.args, self.options)
  if not data then
    return nil, nil, response
  end
  self.cost = self.cost + (costs.price(self.plan, self.args, data) or 0)
  local rows = rows_of(self.plan, data)
  if not rows then
    return nil, nil, protocol(self, "no_rows", format("the answer has no list '%s'", self.plan.pages.rows or ""))
  end
  local got = #rows
  local mark = self.style and self.style ~= "cursor" and got > 0 and mark_of(body)
  if mark and mark == self.last_mark then
    return nil, nil, protocol(self, "page_repeats", "the server gives the same page again")
  end
  self.last_mark, self.seen = mark, self.seen + got
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

-- How many rows a page are asked for where the caller does not say: many, but no more than are wanted or can be paid.
local function first_limit(walk)
  local about, cost = walk.plan.pages, walk.plan.cost
  local limit = min(about.max, max(USUAL, about.size or 0), walk.left)
  if walk.max_cost and cost and cost.per == "row" and cost[1] and cost[1] > 0 then
    limit = min(limit, math.floor(walk.max_cost / cost[1]))
  end
  return max(1, limit)
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
  of_call.max_rows, of_call.max_cost, of_call.budget = nil, nil, nil
  prepare(op, args, of_call)
  local own = options.copy(args)
  local walk = setmetatable({
    op = op, plan = plan, args = own, options = of_call, send = send, style = about and about.style,
    left = checked.max_rows or math.huge, seen = 0, skipped = 0, cost = 0, ended = false,
    max_cost = checked.max_cost and min(checked.max_cost, checked.budget or math.huge) or checked.budget,
    cursor_steps = 0, cursor_power = 1,
  }, Walk)
  if walk.style then
    walk.position = about.param or position_names[walk.style]
    if walk.style == "page" then
      own[walk.position] = own[walk.position] or 1
    elseif walk.style == "offset" then
      own[walk.position] = own[walk.position] or 0
      walk.skipped = own[walk.position]
    end
    walk.own_limit = own.limit == nil and plan.definitions.limit ~= nil and about.max ~= nil
    if walk.own_limit then
      own.limit = first_limit(walk)
    end
    walk.limit = own.limit or about.size
    if walk.style == "page" then
      walk.skipped = (own[walk.position] - 1) * (walk.limit or 0)
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
    if walk.left <= 0 then
      over, rows = true, nil
      return nil
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
    if problem then
      problem.rows = all
      return nil, problem
    elseif not rows then
      return all
    end
  end
end

return pages
