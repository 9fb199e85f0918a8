--- Operations whose answer is no list: one call, a file, or a job that is waited for.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local files = require "seranking.cli.files"
local interrupt = require "seranking.cli.interrupt"
local json = require "seranking.base.json"
local money = require "seranking.cli.money"
local preview = require "seranking.cli.preview"

local single = {}

--- Whether the operation may have changed something.
---@param run { plan: seranking.Plan }
---@return boolean
function single.changes(run)
  return run.plan.method ~= "GET" and not run.plan.post
end

local changes = single.changes

-- Runs `fn` with signals watched. Ends the command if it fails. Returns what fn returned.
local function guarded(run, fn)
  local careful = changes(run) or money.is_paid(run.plan)
  local fine, result, interrupted = interrupt.guard(run.context, { careful = careful }, fn)
  if not fine and run.output then
    run.output:keep(true)
  end
  if not fine and interrupted then
    local sent = type(result) == "table" and result.sent and changes(run) and not result.job
    exit.stop(exit.INTERRUPTED, sent and "interrupted: the request may have been carried out" or "interrupted",
      type(result) == "table" and result or nil)
  elseif not fine then
    error(result, 0)
  end
  return result
end

-- Prints an answer. One that could not be written does not make a call undone.
local function print_answer(run, answer)
  local fine, problem = run.output:document(answer)
  if fine then
    fine, problem = run.output:close()
  end
  if not fine and problem ~= "closed" then
    run.output:keep()
    money.after(run.context, run.plan, run.client)
    run.context:fail(exit.OTHER, problem .. (changes(run) and "; the request was carried out: don't repeat it" or ""))
  end
  money.after(run.context, run.plan, run.client)
end

-- The command that tells how a job is.
local function status_command(run, job)
  local status = run.plan.job.status
  local name = status and (status:find(".", 1, true) and status or run.found.resource.name .. "." .. status) or run.found.name
  local words = { "seranking " .. name:gsub("%.", " ") }
  for parameter, id in pairs(job) do
    words[#words + 1] = "--" .. parameter:gsub("_", "-") .. " " .. preview.quote(tostring(id))
  end
  return table.concat(words, " ")
end

-- The job that an answer names: { audit_id = 7 }; nil if it names none, or several.
local function job_of(run, answer)
  local about = run.plan.job
  if not about or not about.status or not about.param then
    return nil
  end
  local id = run.args[about.param]
  if about.id then
    id = type(answer) == "table" and answer[about.id]
  end
  return id ~= nil and id ~= json.null and type(id) ~= "table" and { [about.param] = id } or nil
end

--- Calls the operation and prints its answer.
---@param run seranking.cli.Listing
function single.call(run)
  local answer = guarded(run, function()
    return (run.op(run.args, run.call))
  end)
  local job = job_of(run, answer)
  if job then
    run.context:note(("the job has begun: `%s` tells its state, and waits with --wait"):format(status_command(run, job)))
  end
  print_answer(run, answer)
end

-- Runs `fn(options)`, which waits for a job. Ends the command if that fails, and names the job.
local function waited(run, timeout, more, fn)
  local options = { timeout = timeout }
  for name, value in pairs(run.call or {}) do
    options[name] = value
  end
  local state
  options.on_progress = function(_, look)
    if look.state and look.state ~= state then
      state = look.state
      run.context:note("the job is " .. tostring(state):gsub("_", " "))
    end
  end
  local fine, answer = pcall(guarded, run, function()
    return fn(options)
  end)
  if not fine then
    local job = type(answer) == "table" and (answer.job or answer.error and answer.error.job)
    if job and run.plan.job and exit.of(answer) ~= exit.JOB then
      run.context:note(("the job goes on: `%s %s` waits for it again"):format(status_command(run, job), more))
    end
    error(answer, 0)
  end
  return answer
end

--- Starts a job and waits for it, or waits for one that exists.
---@param run seranking.cli.Listing
---@param timeout? number seconds
function single.wait(run, timeout)
  print_answer(run, waited(run, timeout, "--wait", function(options)
    return (run.op:wait(run.args, options))
  end))
end

--- Starts a job that makes a file, waits for it and downloads the file.
---@param run seranking.cli.Listing
---@param to string
---@param timeout? number seconds
function single.file(run, to, timeout)
  waited(run, timeout, "--to " .. preview.quote(to), function(options)
    options.to = to
    return (run.op:export(run.args, options))
  end)
  run.context:note(to .. " is complete")
  money.after(run.context, run.plan, run.client)
end

--- Calls an operation that answers a file.
---@param run seranking.cli.Listing
---@param to? string a path; nil or "-": stdout
function single.bytes(run, to)
  local terminal = run.context.terminal
  to = to ~= "-" and to or nil
  if not to and terminal.is_terminal "stdout" then
    run.context:fail(exit.USAGE, "the answer is a file: name one with -o, or send it on with -o -")
  end
  local file, problem
  if to then
    file, problem = files.open(to)
  else
    file = files.stdout(terminal.stdout)
  end
  if not file then
    run.context:fail(exit.USAGE, problem)
  end
  local fine, result = pcall(guarded, run, function()
    return (run.op(run.args, run.call))
  end)
  if not fine then
    file:abandon()
    error(result, 0)
  end
  fine, problem = file:write(result)
  if fine then
    fine, problem = file:finish()
  end
  if not fine then
    file:abandon()
    if problem ~= "closed" then
      run.context:fail(exit.OTHER, problem)
    end
  end
end

return single
