--- Walks over lists that come in pages: row by row, with one page in memory.
-- SPDX-License-Identifier: MIT

local costs = require "seranking.walk.costs"
local copy = require "seranking.base.copy"
local errors = require "seranking.answer.errors"
local hook = require "seranking.walk.hook"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local page_size = require "seranking.walk.page_size"
local resume = require "seranking.walk.resume"
local row_lists = require "seranking.walk.rows"

local pages = {}

local format, max, min, huge = string.format, math.max, math.min, math.huge

-- Most pages in a row with one and the same row: different rows can be equal.
local SAME = 10

-- Most pages in a row without a row, while the cursor goes on.
local EMPTY = 100

-- The parameter that names the page, unless the description has another.
local position_names = { page = "page", offset = "offset", cursor = "cursor" }

--- The second result of `each`.
---@class seranking.WalkState
---@field resume? string the option `resume` of a later walk that continues with the first row not yet delivered; nil after the
--- last row

---@class seranking.Walk
---@field op table
---@field plan seranking.Plan
---@field args table<string, any> of the next request
---@field options? table of each request
---@field send fun(op: table, args: table, given: table?, raw: boolean): any, any, string?
---@field request string the request without page, offset or cursor, for resume tokens
---@field style? "page"|"offset"|"cursor" nil: there is one page
---@field position? string the parameter with page, offset or cursor
---@field sizing? "each"|"once" whether the limit is chosen for each page or once; nil: it stays as it is
---@field size? integer most rows to ask for in a page; nil: unknown
---@field implied boolean the API gives pages of this size if no limit is sent
---@field own_limit boolean the caller has given a limit
---@field kept_limit? boolean the limit is that of the walk that this one resumes
---@field row_price? number credits; nil: rows are free
---@field max_cost? number
---@field guard? "max_cost"|"budget" the option that set max_cost
---@field left number rows that may still be delivered
---@field seen integer rows received
---@field skip integer rows at the start of the next page that were delivered before
---@field skipped? integer rows before the first page; nil: unknown, so a total tells nothing
---@field longest integer rows in the longest page
---@field total? number rows in all, by the server
---@field rows? table the current page; or its rows, if it is read row by row
---@field row_lists? string reads it so: see answer.read
---@field convert? seranking.NumberPlaces of each row, if it is
---@field response? seranking.Response its response
---@field count integer rows in it
---@field at integer rows of it that were delivered
---@field page_at any page, offset or cursor that it was requested with
---@field page_limit? integer limit that it was requested with
---@field problem? seranking.Error ends the walk after the rows of the current page
---@field failure? seranking.Error has ended the walk
---@field on_progress? function
---@field told number rows that on_progress was told of
---@field stopped? boolean `problem` is that on_progress raised
---@field asking thread|string|false the coroutine whose request is in flight, or was interrupted
---@field ended boolean no page follows
---@field cursor_seen any the cursor that is remembered to detect a cycle
---@field cursor_steps integer cursors since then
---@field cursor_power integer after so many steps another is remembered
local Walk = {}
Walk.__index = Walk

local function is_nothing(value)
  return value == nil or value == json.null
end

local function protocol(walk, code, message)
  local err = errors.new("protocol", code, walk.plan.name .. ": " .. message)
  err.sent = true
  return err
end

-- Whether a cursor repeats an earlier one (Brent's algorithm: the cursor that is remembered is replaced after 1, 2, 4 …
-- steps).
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

-- Whether pages are compared: a server that ignores page or offset would return its first page forever.
local function compares(walk)
  return walk.style == "page" or walk.style == "offset"
end

-- Whether a page repeats the one before it. Pages whose rows are all equal prove it only after SAME of them.
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

-- True if a list without pages is complete; false if it was cut, but after the rows wanted; nil and an error if it was cut
-- before.
local function is_whole(walk, got)
  local about, asked = walk.plan.pages, walk.args.limit or walk.plan.pages and walk.plan.pages.size
  if not about or not asked or walk.own_limit or got < asked then
    return true
  elseif walk.left <= got - walk.at then
    return false
  end
  local err = errors.new("invalid", "cut", format("%s: the list was cut after %d rows, and has no next page", walk.plan.name,
    got), about.whole and format("%s walks over all: client.%s:each { … }", about.whole, about.whole)
    or asked < about.max and format("ask for more rows at once with max_rows or limit, %d at most", about.max)
    or format("the API gives no more than %d rows of it", about.max))
  err.sent = true
  return nil, err
end

-- Whether a page with fewer rows than asked for is the last. Only if a page that long was seen: the server may cap the limit.
local function is_last(walk, got)
  local asked = walk.args.limit or walk.plan.pages.size
  return asked and got < asked and walk.longest >= asked
end

-- Prepares the next request. True if the page was the last one; nil and an error.
local function advance(walk, data, got)
  local about, args = walk.plan.pages, walk.args
  if not walk.style then
    return is_whole(walk, got)
  elseif walk.style == "cursor" then
    local cursor = data[about.cursor]
    walk.empty = got == 0 and walk.empty + 1 or 0
    if is_nothing(cursor) or cursor == "" then
      return true
    elseif comes_again(walk, cursor) then
      return nil, protocol(walk, "cursor_repeats", format("the server gives the same cursor again (%s)", about.cursor))
    elseif walk.empty > EMPTY then
      return nil, protocol(walk, "empty_pages", format("more than %d pages without a row", EMPTY))
    end
    args[walk.position] = cursor
    return false
  elseif got == 0 then
    if walk.total and walk.skipped + walk.seen < walk.total then
      return nil, protocol(walk, "short", format("the rows end after %.15g of the %.15g that the server announced",
        walk.skipped + walk.seen, walk.total))
    end
    return true
  elseif walk.total then
    if walk.skipped + walk.seen >= walk.total then
      return true
    end
  elseif is_last(walk, got) then
    return true
  end
  if walk.style == "offset" then
    args[walk.position] = args[walk.position] + got
    return false
  end
  if args[walk.position] == 1 and args.limit and got < args.limit then
    args.limit = got -- of a server that caps the limit it is unknown whether page 2 starts at the cap or at the limit
  end
  args[walk.position] = args[walk.position] + 1
  return false
end

-- The error if the next page may cost more than is left.
local function too_dear(walk)
  local counted = walk.op._client._spent -- nil: not the Data API
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
      "raise the option " .. walk.guard .. " of this walk")
  end
end

-- Takes the rows of an answer. Returns an error if it can't.
local function take(walk, data, response, body)
  walk.cost = walk.cost + (costs.price(walk.plan, walk.args, data) or 0)
  local about, args = walk.plan.pages, walk.args
  if about and about.total and walk.skipped and type(data) == "table" then
    walk.total = tonumber(data[about.total]) or walk.total
  end
  local rows = row_lists.of(walk, data)
  if not rows then
    local err = protocol(walk, "no_rows", format("the answer has no list '%s'; err.answer has what it is",
      about.rows and about.rows:gsub(" ", "' or '") or ""))
    err.answer = data
    return err
  end
  local got = #rows
  if got > 0 and compares(walk) and repeats(walk, body, rows) then
    return protocol(walk, "page_repeats", "the server gives the same page again")
  end
  walk.seen = walk.seen + got
  walk.longest = walk.longest < got and got or walk.longest
  walk.rows, walk.response, walk.count, walk.at = rows, response, got, min(walk.skip, got)
  walk.page_at, walk.page_limit = args[walk.position], args.limit
  local last
  last, walk.problem = advance(walk, data, got)
  walk.ended, walk.skip = last ~= false, not walk.style and got or 0
end

-- Tells on_progress of the page that has come. If it raises, the walk ends after the rows of this page.
local function tell(walk)
  local most = walk.told + walk.left
  walk.told = walk.told + min(walk.count - walk.at, walk.left)
  if walk.total and walk.skipped then
    most = min(most, walk.told + max(0, walk.total - walk.skipped - walk.seen))
  end
  local raised = hook.call(walk.op._client, walk.plan.name, walk.on_progress, walk.told, most < huge and most or nil, walk.cost)
  if raised and not walk.problem then
    walk.problem, walk.stopped = raised, true
  end
end

local MAIN = "the main coroutine" -- without a name on Lua 5.1

-- The error of a coroutine that uses a walk while another waits for a page of it, or was interrupted in that by an error. It
-- ends nothing: the page is delivered, or the other coroutine gets the error that ends the walk.
local function in_use(walk)
  local asking = walk.asking
  if asking and asking ~= (coroutine.running() or MAIN) and (asking == MAIN or coroutine.status(asking) ~= "dead") then
    return errors.new("cancelled", "interrupted", walk.plan.name
      .. ": the request of another coroutine for a page of this walk has not ended")
  end
end

-- Requests the next page. Returns an error if that fails.
local function fetch(walk)
  if walk.op._client._closed then
    local err = errors.new("cancelled", "cancelled", walk.plan.name .. ": the client was closed before the next page")
    err.sent = false
    return err
  elseif walk.asking then
    return errors.new("cancelled", "interrupted", walk.plan.name .. ": an error raised inside the request for a page "
      .. "has interrupted it")
  end
  page_size.set(walk)
  local problem = too_dear(walk)
  if problem then
    return problem
  end
  walk.asking = coroutine.running() or MAIN
  local data, response, body = walk.send(walk.op, walk.args, walk.options, compares(walk), walk.row_lists)
  walk.asking = false
  if not data then
    return response
  end
  problem = take(walk, data, response, body)
  if walk.on_progress and not problem then
    tell(walk)
  end
  return problem
end

-- Ends the walk with an error: every later step returns it again.
local function fail(walk, problem)
  walk.failure = problem
  problem.resume = resume.token(walk)
  walk.rows = nil
  if problem.resume then
    local hint = "a walk with the option resume = err.resume continues here"
    problem.hint = problem.hint and problem.hint .. "; " .. hint or hint
  end
  return problem
end

-- True if there is a row to deliver, after requests if necessary; false at the end; nil and the error that ended the walk.
local function has_row(walk)
  while true do
    if walk.failure then
      return nil, walk.failure
    elseif walk.left <= 0 then -- a problem after the last row wanted is none
      if walk.stopped then
        return nil, fail(walk, walk.problem)
      end
      walk.rows, walk.response = walk.rows and {}, nil -- only the place is needed, for resume
      return false
    elseif walk.rows and walk.at < walk.count then
      return true
    elseif walk.problem then
      return nil, fail(walk, walk.problem)
    end
    local used = in_use(walk)
    if used then
      return nil, used
    end
    walk.rows, walk.response, walk.count, walk.at = nil, nil, 0, 0 -- one page in memory
    if walk.ended then
      return false
    end
    local problem = fetch(walk)
    if problem then
      return nil, fail(walk, problem)
    end
  end
end

-- A copy of the arguments: later changes of the caller's tables must not change later pages.
local function fixed(plan, args)
  local own = copy.deep(args) or {}
  for name in pairs(plan.definitions) do
    if args and own[name] == nil then
      own[name] = copy.deep(args[name]) -- inherited
    end
  end
  return own
end

-- The description of a list without pages.
local WHOLE = {}

-- Sets position and page size of the first request.
local function begin(walk, token_given, guarded)
  local about, args = walk.plan.pages or WHOLE, walk.args
  walk.position = about.param or position_names[walk.style]
  resume.prepare(walk)
  if token_given then
    resume.go_on(walk, token_given)
  end
  local at = walk.position and args[walk.position]
  if walk.style or about.max then
    page_size.plan(walk, at ~= nil, guarded)
  end
  if walk.style == "page" then
    local page, size = at or 1, args.limit or about.size
    args[walk.position] = page
    -- Rows before page n are known only from a server that is known to give pages of this size.
    walk.skipped = (page == 1 or walk.longest == size) and (page - 1) * (size or 0) or nil
  elseif walk.style == "offset" then
    args[walk.position] = at or 0
    walk.skipped = args[walk.position]
  elseif at then
    walk.skipped = nil
  end
end

--- Makes the walk of an operation. Checks everything, sends nothing.
---@param op table
---@param plan seranking.Plan
---@param args? table
---@param given? table
---@param send fun(op: table, args: table, given: table?, raw: boolean): any, any, string?
---@return seranking.Walk
function pages.new(op, plan, args, given, send)
  if not plan.pages and plan.answer ~= "array" then
    misuse.raise("%s returns no list of rows: call it, client.%s { … }", plan.name, plan.name:gsub("%.([^.]+)$", ":%1"))
  end
  local checked = given or {}
  local of_call = copy.shallow(given)
  of_call.max_rows, of_call.max_cost, of_call.resume, of_call.on_progress = nil, nil, nil, nil
  if checked.budget then
    of_call.budget = nil -- a number limits the walk as a whole
  end
  resume.request(op, plan, args, of_call)
  local max_cost, guard = checked.max_cost, "max_cost"
  if checked.budget and checked.budget < (max_cost or huge) then
    max_cost, guard = checked.budget, "budget"
  end
  local walk = setmetatable({
    op = op, plan = plan, args = fixed(plan, args), options = copy.deep(of_call), send = send,
    style = plan.pages and plan.pages.style,
    left = checked.max_rows or huge, seen = 0, skip = 0, skipped = 0, longest = 0, cost = 0, max_cost = max_cost,
    guard = guard, on_progress = checked.on_progress, told = 0,
    count = 0, at = 0, asking = false, ended = false, cursor_steps = 0, cursor_power = 1, equal = 0, empty = 0,
  }, Walk)
  begin(walk, checked.resume, (checked.max_rows or max_cost) ~= nil)
  return walk
end

-- The public interface of a walk.
local function state_of(walk)
  return setmetatable({}, {
    __name = "seranking.walk",
    __index = function(_, name)
      return name == "resume" and resume.token(walk) or nil
    end,
    __newindex = function(_, name)
      misuse.raise("a walk's %s can't be set", tostring(name))
    end,
  })
end

--- The iterator of a walk.
---@param walk seranking.Walk
---@return fun(): any, seranking.Response? next_row raises the error of a page that failed, and again at each later call
---@return seranking.WalkState
function pages.rows(walk)
  local rows, response, length = nil, nil, 0
  walk.row_lists = row_lists.lists(walk.plan)
  return function()
    local at = walk.at + 1
    if at > length or walk.left <= 0 then
      rows, response, length = nil, nil, 0 -- one page in memory
      local there, problem = has_row(walk)
      if there == nil then
        errors.raise(problem)
      elseif not there then
        return nil
      end
      at, rows, response, length = walk.at + 1, walk.rows, walk.response, walk.count
    end
    local row = rows[at]
    if walk.convert then
      row = row_lists.convert(row, walk.convert)
    end
    walk.at, walk.left = at, walk.left - 1
    return row, response
  end, state_of(walk)
end

--- All rows as a list; nil and an error whose field `rows` has those so far.
---@param walk seranking.Walk
---@return table? rows, seranking.Error? err, string? resume token of the first row not delivered, after max_rows
function pages.all(walk)
  local all, size = {}, 0
  while true do
    local there, problem = has_row(walk)
    if there == nil then
      problem.rows = all
      return nil, problem
    elseif not there then
      return all, nil, resume.token(walk)
    end
    local rows, at = walk.rows, walk.at
    local number = min(walk.count - at, walk.left)
    for i = 1, number do
      all[size + i] = rows[at + i]
    end
    size, walk.at, walk.left = size + number, at + number, walk.left - number
  end
end

return pages
