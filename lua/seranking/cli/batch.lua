--- --from FILE of an operation that takes no list: a call for each row of the file, whose columns are parameters. Calls go
--- through client:map; what they answer is written in the order of the file, as it comes.
-- SPDX-License-Identifier: MIT

local arguments = require "seranking.cli.arguments"
local copy = require "seranking.base.copy"
local elsewhere = require "seranking.cli.elsewhere"
local errors = require "seranking.answer.errors"
local exit = require "seranking.cli.exit"
local interrupt = require "seranking.cli.interrupt"
local money = require "seranking.cli.money"
local problems = require "seranking.cli.problems"
local rows_file = require "seranking.cli.rows_file"
local single = require "seranking.cli.single"

local batch = {}

-- Flags of an operation that are about a single call.
local SINGLE = { "wait", "to", "resume", "max-cost" }

-- Calls at once that cost credits or change something: after Ctrl-C, those that have begun are waited for.
local FEW = 4

---@class seranking.cli.BatchCall
---@field line integer of the file
---@field columns table<string, any> what the row has
---@field args table
---@field walk? seranking.WalkOptions
---@field state? "sent"|"done"|"failed"|"cut" cut: cancelled before it was sent
---@field answer? any
---@field problem? table

---@class seranking.cli.Batch
---@field context seranking.cli.Context
---@field found seranking.cli.Found
---@field shape seranking.cli.Shape
---@field parsed table
---@field path string the file
---@field args table parameters of all calls, from flags
---@field call? seranking.CallOptions
---@field client seranking.Client with the option raise = false
---@field op any the operation
---@field plan seranking.Plan
---@field lists boolean whether an answer is a list of rows
---@field preview? fun(request: table): string
---@field budget? number
---@field request_of fun(args: table, walk: seranking.WalkOptions?): table checks them; ends the command if they are wrong
---@field walk_of fun(args: table): seranking.WalkOptions?
---@field members table[] of a row
---@field deletes boolean

-- ---- the calls ----

-- Runs a check. What it says gets the file and the line.
local function at_line(self, line, check, ...)
  local fine, result = pcall(check, ...)
  if not fine and exit.is_stop(result) then
    exit.stop(result.status, ("%s:%d: %s"):format(self.path, line, result.message), result.error)
  elseif not fine then
    error(result, 0)
  end
  return result
end

-- The columns there may be: each parameter, a member of an object by its path.
local function fields_of(shape)
  local fields = {}
  for dotted, parameter in pairs(shape.by_path) do
    fields[dotted] = { definition = parameter.definition, element = parameter.element }
  end
  return fields
end

-- What a row has, as an answer would show it: ids from a CSV file are numbers, too.
local function shown(self, values)
  local columns = {}
  for name, value in pairs(values) do
    local is_id = self.shape.by_path[name].definition.type == "id" and type(value) == "string" and #value <= 15
    columns[name] = is_id and tonumber(value) or value
  end
  return columns
end

-- The calls of a file, all of them checked, and for a preview their requests.
local function calls_of(self)
  local calls, requests = {}, {}
  for i, item in ipairs(rows_file.read(self.context, self.path, fields_of(self.shape))) do
    local args = copy.deep(self.args)
    for dotted, value in pairs(item.values) do
      arguments.set(args, self.shape.by_path[dotted].path, value)
    end
    at_line(self, item.line, arguments.check, self.context, self.shape, self.plan, args)
    at_line(self, item.line, self.request_of, args)
    local walk = self.walk_of(args)
    requests[i] = self.preview and at_line(self, item.line, self.request_of, args, walk) or nil
    calls[i] = { line = item.line, columns = shown(self, item.values), args = args, walk = walk }
  end
  return calls, requests
end

-- The members of a row: the file's columns, then those of an answer.
local function members_of(self, calls)
  local seen, members, inputs = {}, {}, {}
  for _, member in ipairs(self.members) do
    seen[member.path] = true
  end
  for _, call in ipairs(calls) do
    for name in pairs(call.columns) do
      if not seen[name] then
        seen[name], inputs[#inputs + 1] = true, name
      end
    end
  end
  table.sort(inputs)
  for _, name in ipairs(inputs) do
    members[#members + 1] = { path = name, type = self.shape.by_path[name].definition.type }
  end
  for _, member in ipairs(self.members) do
    members[#members + 1] = member
  end
  return members
end

-- Says what it may cost, and asks before it deletes. Ends the command if the answer is no.
local function ask(self, calls)
  local most = 0
  for _, call in ipairs(calls) do
    local one = money.most(self.plan, call.args, call.walk)
    most = most and one and most + one
  end
  money.before(self.context, self.plan, most, self.budget)
  if self.deletes and not self.context:confirm(("%d calls of `seranking %s` can't be undone. Go on?"):format(#calls,
    self.found.name:gsub("%.", " "))) then
    self.context:fail(exit.OTHER, "nothing was sent")
  end
end

-- ---- what comes back ----

-- The rows of an answer, each with the columns of its call.
local function each_row(self, call, visit)
  local answer = call.answer
  local rows = self.lists and not call.walk and self.plan.pages and self.plan.pages.rows and type(answer) == "table"
    and answer[self.plan.pages.rows] or answer
  local list = self.lists and type(rows) == "table" and rows or { rows }
  for i = 1, math.max(#list, self.lists and 0 or 1) do
    local value, row = list[i], copy.shallow(call.columns)
    if type(value) == "table" and value[1] == nil then
      for name, member in pairs(value) do
        row[name] = member
      end
    elseif value ~= nil and value ~= true then
      row.value = value
    end
    local fine, problem = visit(row)
    if not fine then
      return nil, problem
    end
  end
  return true
end

-- Whether a call was sent and has ended.
local function has_ended(call)
  return call.state == "done" or call.state == "failed"
end

-- Writes what is there, in the order of the file: up to the first call that has not ended. At the end of the run: all there is.
local function write_ready(self, at_the_end)
  local calls, fine, problem = self.calls, true, nil
  while fine and calls[self.next] and (at_the_end or has_ended(calls[self.next])) do
    local call = calls[self.next]
    self.next = self.next + 1
    if call.state == "done" or call.answer then
      fine, problem = each_row(self, call, function(row)
        self.count = self.count + 1
        return self.output:row(row)
      end)
      call.answer = nil
    end
  end
  if fine then
    fine, problem = self.output:mark()
  end
  if not fine then
    self.broken = self.broken or problem
  end
end

-- Errors after which the other rows would fail as well.
local FATAL = { auth = true, blocked = true, rate_limit = true, network = true, tls = true }

local function is_fatal(err)
  local status = exit.of(err)
  return FATAL[err.kind] or status == exit.BUDGET or status == exit.USAGE or err.code == "product_not_enabled"
end

-- One call. What stops the others is kept in self.stopped and self.interrupted.
local function send(self, call)
  self.interrupted = self.interrupted or self.context.terminal.interrupted() > 0
  if self.stopped or self.broken or self.interrupted then
    return nil, errors.new("cancelled", "not_started", "not sent")
  end
  call.state = "sent"
  local answer, problem
  if call.walk then
    answer, problem = self.op:all(call.args, call.walk)
  else
    answer, problem = self.op(call.args, self.call)
  end
  if errors.is(problem) then
    local rows = problem.rows -- of a walk: they are paid for
    call.problem, call.answer = problem, rows
    call.state = problem.kind == "cancelled" and problem.sent == false and not (rows and rows[1]) and "cut" or "failed"
    self.stopped = self.stopped or is_fatal(problem)
  else
    call.state, call.answer = "done", answer
  end
  write_ready(self)
  return true
end

-- "3, 5 and from 8 on": the lines of calls that were not sent; nil if all were.
local function unsent_lines(calls)
  local lines, count, last = {}, 0, #calls
  while last > 0 and not has_ended(calls[last]) do
    last, count = last - 1, count + 1
  end
  for i = 1, last do
    if not has_ended(calls[i]) then
      lines[#lines + 1], count = ("%d"):format(calls[i].line), count + 1
    end
  end
  if last < #calls then
    lines[#lines + 1] = ("from %d on"):format(calls[last + 1].line)
  end
  return lines[1] and table.concat(lines, ", "), count
end

-- Whether a walk failed after some rows, and can go on.
local function has_rest(call)
  local err = call.problem
  return err and err.rows and err.rows[1] and err.resume ~= nil
end

-- Tells each row that failed. Returns the first error, and how many there are.
local function tell_failures(self, json)
  local first, count
  for _, call in ipairs(self.calls) do
    if call.state == "failed" then
      first, count = first or call, (count or 0) + 1
      if not json then
        local err = call.problem
        local rest = has_rest(call) and ("; %d of its rows are written, a command of its own gives "
          .. "the others with --resume %s"):format(#err.rows, err.resume)
        problems.write(self.context, exit.of(err), ("%s:%d: %s%s"):format(self.path, call.line,
          problems.line(self.context, err), rest or ""))
      end
    end
  end
  return first, count or 0
end

-- Says what is kept of a run in which not every row was done, and how to get the rest: a batch has no --resume.
local function tell_kept(self, part)
  local context = self.context
  context:note(("%s row%s written, kept in %s"):format(money.format(self.count), self.count == 1 and "" or "s", part))
  if self.broken then
    return
  end
  local resumed
  for _, call in ipairs(self.calls) do
    resumed = resumed or has_rest(call)
  end
  context:note(("to go on, put the rows named above%s into a file of their own and give it to --from, with another -o; this "
    .. "command again would send all %s rows"):format(resumed and ", but those with --resume," or "",
    money.format(#self.calls)))
end

-- Ends a run in which not every row was done, or not written.
local function leave(self, interrupted)
  local context = self.context
  local part = self.output:keep()
  local json = context.flags.error_format == "json"
  local first, count = tell_failures(self, json)
  local unsent, unsent_count = unsent_lines(self.calls)
  local words = { count > 0 and ("%d of %d rows failed"):format(count, #self.calls) or nil }
  if unsent then
    words[#words + 1] = ("%d row%s not sent: line%s %s"):format(unsent_count, unsent_count == 1 and " was" or "s were",
      unsent_count == 1 and unsent:find "^%d+$" and "" or "s", unsent)
  end
  local status = interrupted and exit.INTERRUPTED or first and not self.broken and exit.of(first.problem) or exit.OTHER
  if interrupted or self.broken then
    table.insert(words, 1, interrupted and "interrupted" or self.broken)
  end
  if self.broken and single.changes(self) then
    words[#words + 1] = "the other rows were carried out: don't repeat them"
  end
  local text, err = table.concat(words, "; "), json and first and first.problem
  problems.write(context, status, text, err and { kind = err.kind, code = err.code, status = err.status, sent = err.sent,
    retryable = err.retryable, message = ("%s; the first, %s:%d: %s"):format(text, self.path, first.line, err.message) } or nil)
  if self.count > 0 and part then
    tell_kept(self, part)
  end
  money.after(context, self.plan, self.client)
  exit.stop(status)
end

local function is_done(self)
  for _, call in ipairs(self.calls) do
    if call.state ~= "done" then
      return false
    end
  end
  return true
end

--- Makes a call for each row of a file. Ends the command if one fails, after the others.
---@param self seranking.cli.Batch
function batch.run(self)
  local context = self.context
  for _, name in ipairs(SINGLE) do
    if self.parsed[name:gsub("-", "_")] then
      context:fail(exit.USAGE, ("--%s is for a single call: it does not go with --from"):format(name))
    end
  end
  local requests
  self.calls, requests = calls_of(self)
  if self.preview then
    for i, request in ipairs(requests) do
      context.terminal.stdout:write(i > 1 and self.parsed.dry_run and "\n" or "", self.preview(request))
    end
    return
  end
  local members = members_of(self, self.calls)
  elsewhere.check(context, self.found, self.parsed, members)
  ask(self, self.calls)
  self.output = context:output(self.parsed, members)
  self.next, self.count = 1, 0
  local progress, done = context:progress(self.found.name:gsub("%.", " "), self.output.on_screen), 0
  local function update(...)
    done = ... or done
    progress:update(done, #self.calls)
  end
  local careful = money.is_paid(self.plan) or single.changes(self)
  local fine, problem, interrupted = interrupt.guard(context, { careful = careful, during = update }, function()
    return self.client:map(self.calls, function(call) return send(self, call) end, {
      on_progress = update, concurrency = careful and FEW or nil,
    })
  end)
  context:erase_progress()
  if fine and not self.broken then
    write_ready(self, true)
  end
  if self.broken == "closed" then
    self.output:keep()
    exit.stop(exit.DONE)
  elseif not fine then
    self.output:keep()
    error(problem, 0)
  elseif self.broken or not is_done(self) then
    leave(self, interrupted or self.interrupted)
  end
  fine, problem = self.output:close()
  if not fine and problem ~= "closed" then
    self.broken = problem
    leave(self, false)
  end
  money.after(context, self.plan, self.client)
end

return batch
