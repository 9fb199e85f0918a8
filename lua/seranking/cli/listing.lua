--- Rows: a page of a list, or a walk over its pages, into the output.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local interrupt = require "seranking.cli.interrupt"
local money = require "seranking.cli.money"
local operation = require "seranking.operation"
local problems = require "seranking.cli.problems"

local listing = {}

---@class seranking.cli.Listing
---@field context seranking.cli.Context
---@field client seranking.Client
---@field op any the operation
---@field plan seranking.Plan
---@field args table
---@field call? seranking.CallOptions
---@field walk? seranking.WalkOptions nil: one page
---@field output seranking.cli.Output
---@field what string for progress

-- Ends the command because a row could not be written. A reader who has gone is no failure.
local function not_written(run, problem, status)
  if problem == "closed" then
    exit.stop(exit.DONE)
  end
  run.context:fail(status or not run.output.has_rows and exit.USAGE or exit.OTHER, problem)
end

-- Calls a method of the output. If it raises, for want of memory say, nothing can be written any more.
local function put(run, method, ...)
  local ran, fine, problem = pcall(run.output[method], run.output, ...)
  if not ran then
    run.output.broken = tostring(fine)
    error(fine, 0)
  end
  return fine, problem
end

local function write(run, rows, first, last)
  local fine, problem = put(run, "rows", rows, first, last)
  if not fine then
    not_written(run, problem)
  end
  run.count = run.count + last - first + 1
end

-- The rows of one page: the answer's list.
local function one_page(run)
  local data = run.op(run.args, run.call)
  local about = run.plan.pages or {}
  local rows = data
  if about.rows then
    rows = type(data) == "table" and data[about.rows]
  end
  rows = type(rows) == "table" and rows or {}
  write(run, rows, 1, #rows)
  local total = about.total and type(data) == "table" and tonumber(data[about.total])
  local more = total and total > #rows or not total and run.args.limit == #rows
  if more then
    run.context:note(("%s%s rows; --max-rows N or --max-rows all gives more"):format(money.format(#rows),
      total and " of " .. money.format(total) or ""))
  end
end

-- The rows of the next request; false at the end. A function of its own: what it returns from leaves no page in memory while
-- the next one comes.
local function next_page(run)
  local rows, first, last = run.next_list()
  if rows then
    write(run, rows, first, last)
  end
  return rows ~= nil
end

local function all_pages(run)
  while next_page(run) do end
end

-- Shows how far a walk is, at each page and while a request is under way.
local function show_progress(run)
  local done, total, credits = 0, nil, nil
  local progress = run.context:progress(run.what, run.output.on_screen)
  function run.update(...)
    if select("#", ...) > 0 then
      done, total, credits = ...
    end
    progress:update(done, total, credits)
  end
end

--- Begins a walk: nothing is sent. Ends the command if it can't go on where --resume says.
---@param run seranking.cli.Listing
function listing.begin(run)
  run.walk.on_progress = function(...) run.update(...) end
  local fine, next_list, state = pcall(operation.lists, run.op, run.args, run.walk)
  if not fine and type(next_list) == "string" then
    run.context:fail(exit.USAGE, problems.mistake(next_list, run.op))
  elseif not fine then
    error(next_list, 0)
  end
  run.next_list, run.state = next_list, state
end

-- Before a request: what is there is written, and its end is where a walk goes on if a later write fails.
local function mark(run)
  local fine, problem = put(run, "mark")
  if not fine then
    not_written(run, problem)
  end
  run.marked, run.marked_token = run.count, run.state and run.state.resume
end

-- Says what is kept of a walk that did not end, and how to go on.
local function leave(run, token, count)
  local context = run.context
  local part = run.output:keep()
  if count == 0 and not (run.walk and run.walk.resume) then
    return
  end
  context:note(("%s row%s written%s"):format(money.format(count), count == 1 and "" or "s",
    not part and "" or count > 0 and ", kept in " .. part or "; those of earlier runs are in " .. part))
  if not token then
    return
  end
  local most = run.walk and run.walk.max_rows
  local rest = most and most < math.huge and ("%d"):format(most - count) or most and "all" or nil
  local holds = part and run.output:holds()
  if holds then
    context:note(("go on with another file, %s, and --resume %s%s"):format(
      holds == "--sort" and "without --sort" or "in a format that is no table", token, rest and " --max-rows " .. rest or ""))
  else
    context:note("go on with: " .. context:again { resume = token, ["max-rows"] = rest })
  end
end

--- Writes the rows. Ends the command if that fails.
---@param run seranking.cli.Listing
function listing.run(run)
  local context = run.context
  run.count, run.marked = 0, 0
  show_progress(run)
  local watch = { careful = money.is_paid(run.plan), before = function() mark(run) end, during = run.update }
  local fine, problem, interrupted = interrupt.guard(context, watch, function()
    (run.next_list and all_pages or one_page)(run)
  end)
  context:erase_progress()
  if fine then -- all rows that were wanted, even if Ctrl-C came during the last page
    local ran, closed, why = pcall(put, run, "close")
    if ran and closed then
      money.after(context, run.plan, run.client)
      return
    end
    problem, interrupted = ran and select(2, pcall(not_written, run, why, exit.OTHER)) or closed, false
  end
  local broken = run.output.broken or exit.is_stop(problem) and problem.status ~= exit.DONE
  local token, count = run.state and run.state.resume, run.count
  if broken then -- rows could not be written: the file is cut to the mark
    token, count = run.marked_token, run.marked
    if run.output:holds() then -- no row was written before
      token, count = nil, 0
    end
  end
  if exit.is_stop(problem) and problem.status == exit.DONE then
    run.output:keep()
    error(problem, 0)
  end
  local status
  if interrupted then
    status = exit.INTERRUPTED
    problems.write(context, status, "interrupted", { resume = token })
  else
    status = problems.report(context, problem)
    if type(problem) == "table" and problem.code == "cut" then
      token = nil -- there is nothing behind it
      local whole = run.plan.pages.whole
      if whole then
        context:note(("`seranking %s` walks over all rows"):format((whole:gsub("%.", " "))))
      end
    end
  end
  leave(run, token, count)
  money.after(context, run.plan, run.client)
  exit.stop(status)
end

return listing
