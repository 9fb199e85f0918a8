--- Jobs: waiting for exports, audits and results pages that the server takes time for.
-- SPDX-License-Identifier: MIT

local copy = require "seranking.base.copy"
local errors = require "seranking.answer.errors"
local hook = require "seranking.walk.hook"
local host = require "seranking.loop.host"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"
local request = require "seranking.request.request"

local jobs = {}

local format, max, min = string.format, math.max, math.min

local USUAL_EVERY = { 5, 60 } -- first and longest pause between polls, seconds
local GROWTH = 1.5            -- of each pause
local SHORTEST = 0.001        -- timeout of a call, seconds

-- Whether a state is one of the description's words.
local function has_word(words, state)
  return state ~= nil and notation.set(words)[tostring(state)] or false
end

-- Joins two descriptions of a job: fields of the status operation, and where it has none, of the operation that makes the job.
local function merged(status_job, making_job)
  return setmetatable({}, { __index = function(_, name)
    local value = status_job and status_job[name]
    if value == nil then
      value = making_job and making_job[name]
    end
    return value
  end })
end

-- A member of an answer by its path, "project.status"; nil for null.
local function member_of(answer, path)
  local value = answer
  for name in path:gmatch "[^.]+" do
    value = type(value) == "table" and value[name] or nil
  end
  return value ~= json.null and value or nil
end

-- "pending", "good" or "bad", and the state in the answer.
local function outcome_of(about, answer)
  local state = about.state and member_of(answer, about.state)
  if about.done and answer[about.done] ~= nil and answer[about.done] ~= json.null then
    return "good", state
  elseif has_word(about.bad, state) then
    return "bad", state
  elseif about.full and tonumber(member_of(answer, about.full)) ~= 100 then
    return "pending", state
  elseif about.good or about.done then
    return has_word(about.good, state) and "good" or "pending", state
  end
  return has_word(about.pending, state) and "pending" or "good", state
end

-- ---- errors: each has the job's id, so the job is not lost ----

local function text_of(answer)
  local text = json.encode(answer, "answer")
  return text and text:sub(1, 500)
end

local function name_of(job)
  return job.param and format("%s = %s", job.param, tostring(job.id)) or job.plan.name
end

-- The Lua code that waits for an existing job.
local function call_of(job)
  local op, names, ids = job.status, {}, {}
  for _, from in ipairs { op._bound, job.args or {} } do
    for name, value in pairs(from) do
      names[#names + 1] = ids[name] == nil and name or nil
      ids[name] = type(value) == "string" and format("%q", value) or tostring(value)
    end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = format("%s = %s", name, ids[name])
  end
  return format("client.%s.%s:wait { %s }", op._resource.name, op._description[1], table.concat(names, ", "))
end

local function with_job(err, job)
  if job.param then
    err.job = { [job.param] = job.id }
    if err.kind ~= "not_found" then
      local more = "the job may still be running: wait for it again with " .. call_of(job)
      err.hint = err.hint and err.hint .. "; " .. more or more
    end
  end
  return err
end

local function ended_badly(job, state, answer)
  local err = errors.new("invalid", "job_" .. tostring(state):lower():gsub("[^%w]+", "_"),
    format("%s: the job%s ended as %s", job.plan.name, job.param and " (" .. name_of(job) .. ")" or "", tostring(state)))
  err.sent, err.answer, err.body = true, answer, text_of(answer)
  err.job = job.param and { [job.param] = job.id } or nil
  return err
end

local function too_long(job, timeout)
  local err = errors.new("timeout", "job_timeout", format("%s: the job (%s) is not done after %.15g s%s", job.plan.name,
    name_of(job), timeout, job.state and ", its state is " .. tostring(job.state) or ""))
  err.sent, err.retryable = true, true
  return with_job(err, job)
end

local function closed(job)
  local err = errors.new("cancelled", "closed", format("%s: the client was closed while it waited for the job (%s)",
    job.plan.name, name_of(job)))
  err.sent = true
  return with_job(err, job)
end

-- ---- one job ----

local passing = { timeout = true, network = true, server = true, rate_limit = true }

-- Whether a later poll may succeed after this error.
local function may_pass(err)
  if err.code == "budget" or err.code == "limiter" and not err.retryable then -- nothing changes by itself
    return false
  end
  return err.retryable or passing[err.kind] or false
end

-- Options of a call that ends with the wait, at the latest.
local function within(wait, client, given)
  local made = copy.shallow(given)
  made.timeout = max(SHORTEST, min(client._timeout, wait.deadline - client._core:now()))
  return made
end

-- Polls a job to its end. The final answer and its response; nil and an error.
local function watch(job, wait)
  local pause = job.every[1]
  local core = job.client._core
  while true do
    local left = wait.deadline - core:now()
    if left < SHORTEST then
      return nil, job.problem or too_long(job, wait.timeout)
    end
    local given = within(wait, job.client, wait.each)
    local answer, response = job.status(job.args, given)
    if answer then
      job.problem = nil
      local outcome
      outcome, job.state = outcome_of(job.about, type(answer) == "table" and answer or {})
      wait.polls = wait.polls + 1
      if wait.on_progress then
        local raised = hook.call(job.client, job.plan.name, wait.on_progress, answer,
          { count = wait.polls, elapsed = core:now() - wait.started, state = job.state })
        if raised then -- ends the wait, not the job
          return nil, with_job(raised, job)
        end
      end
      local stale = job.old ~= nil and answer[job.about.fresh] == job.old
      if outcome == "bad" and not stale then
        return nil, ended_badly(job, job.state, answer)
      elseif outcome == "good" and not stale then
        return answer, response
      end
    elseif not may_pass(response) then
      return nil, with_job(response, job)
    elseif not (response.code == "no_slot" and left <= job.client._timeout) then -- no slot until the wait ends: a timeout
      job.problem = with_job(response, job) -- a failed poll does not end the job
    end
    if job.client._closed then
      return nil, closed(job)
    end
    left = wait.deadline - core:now()
    if left >= SHORTEST then
      local problem = host.sleep(job.client, min(pause, left))
      if problem then
        return nil, with_job(problem, job)
      elseif job.client._closed then
        return nil, closed(job)
      end
    end
    pause = min(pause * GROWTH, job.every[2])
  end
end

-- The ids of the status operation that the making operation was given or is bound to.
local function ids_for(status_plan, op, args)
  local made = {}
  for _, id in ipairs(status_plan.ids) do
    local name = id[1]
    local value = args[name]
    if value == nil then
      value = op._bound[name]
    end
    made[name] = value
  end
  return made
end

-- The ids of the jobs that an answer names, and whether there may be several; nil if one is missing, with those found as the
-- third result.
local function ids_of(about, answer, args, op)
  if not about.id then
    local value = args[about.param]
    if value == nil then
      value = op._bound[about.param]
    end
    return { value }, false
  end
  local inner = about.id:match "^%[%]%.(.+)$"
  if not inner then
    local id = type(answer) == "table" and answer[about.id]
    return id ~= nil and id ~= json.null and { id } or nil, false
  end
  local ids, lost = {}, false
  for _, element in ipairs(type(answer) == "table" and answer or {}) do
    local id = type(element) == "table" and element[inner]
    if type(element) == "table" and id ~= nil and id ~= json.null then
      ids[#ids + 1] = id
    else
      lost = true
    end
  end
  return ids[1] and not lost and ids or nil, true, ids[1] and ids
end

-- ---- from the status operation, or from the one that makes the job ----

-- The options of a wait, and those for each of its calls.
local function split(given)
  local each = copy.shallow(given)
  each.every, each.on_progress, each.timeout = nil, nil, nil
  return given, each
end

local function new_wait(op, checked, each)
  local core = op._client._core
  local timeout = checked.timeout
  local now = core:now()
  return {
    timeout = timeout, deadline = now + timeout, started = now, each = each, on_progress = checked.on_progress, polls = 0,
  }
end

local function wait_for_status(op, plan, args, given)
  local checked, each = split(given)
  local about, id = plan.job, plan.ids[1] and plan.ids[1][1]
  local value
  if id then
    value = args and args[id]
    if value == nil then
      value = op._bound[id]
    end
  else
    for _, place in ipairs(plan.query) do
      if place[3] and args and args[place[1]] ~= nil then
        id, value = place[1], args[place[1]]
        break
      end
    end
  end
  return watch({
    client = op._client, plan = plan, status = op, args = args, about = about, param = id, id = value,
    every = checked.every or about.every or USUAL_EVERY,
  }, new_wait(op, checked, each))
end

-- Makes a job, or several, and waits for each.
local function make_and_wait(op, plan, args, given, status, status_plan)
  local checked, each = split(given)
  local wait = new_wait(op, checked, each)
  local about = merged(status_plan.job, plan.job)
  local ids_given = ids_for(status_plan, op, args or {})
  local making = copy.shallow(each)
  each.extra = nil -- belongs to the call that makes the job
  local old
  if about.fresh then -- the answer may still be that of an earlier run
    local before, problem = status(ids_given, within(wait, op._client, each))
    if not before and problem.kind ~= "not_found" then
      return nil, problem -- begin nothing: the end of the new run could not be recognised
    end
    old = type(before) == "table" and before[about.fresh] or nil
  end
  local answer, response = op(args, within(wait, op._client, making))
  if not answer then
    return nil, response
  end
  local job = {
    client = op._client, plan = plan, status = status, about = about, param = about.param, old = old,
    every = checked.every or about.every or USUAL_EVERY,
  }
  local state = plan.job.state and type(answer) == "table" and answer[plan.job.state]
  if has_word(plan.job.bad, state) then
    job.param = nil
    return nil, ended_badly(job, state, answer)
  end
  local ids, several, found = ids_of(about, answer, args or {}, op)
  if not ids then
    local err = errors.new("decode", "no_job", format("%s: the answer names no job (%s)", plan.name, about.id))
    err.sent, err.answer, err.body = true, answer, text_of(answer)
    err.job = found and { [about.param] = found } or nil
    errors.doubt(err, plan)
    return nil, err
  end
  each.budget = each.budget == false and false or nil -- a number was for the call that makes the job
  local results = {}
  for i, id in ipairs(ids) do
    job.id, job.state, job.problem = id, nil, nil
    job.args = copy.shallow(ids_given)
    if about.param then
      job.args[about.param] = id
    end
    results[i], response = watch(job, wait)
    if not results[i] then
      if several then
        response.job = { [about.param] = ids }
        response.results = results
      end
      return nil, response
    end
  end
  response.job = about.param and { [about.param] = several and ids or ids[1] } or nil
  return several and results or results[1], response
end

--- Waits for a job. Called on the operation that makes it, it makes it first; on its status operation, it only polls.
---@param op table
---@param plan seranking.Plan
---@param args? table
---@param given? seranking.WaitOptions
---@param sibling fun(name: string): table?, seranking.Plan? an operation of the same resource, or of any by its whole name
---@return any answer the final one; a list of these if several jobs were made
---@return seranking.Response|seranking.Error # a response has the job's id in its field `job`: { audit_id = 7 }
function jobs.wait(op, plan, args, given, sibling)
  local about = plan.job
  if not about then
    misuse.raise("%s makes no job that could be waited for", plan.name)
  end
  request.check(op._client, plan, args)
  args, given = copy.deep(args), copy.deep(given) -- later changes by the caller must not change the wait
  if not about.status then
    return wait_for_status(op, plan, args, given)
  end
  local status, status_plan = sibling(about.status)
  if not status then
    error(format("%s: the description names no operation '%s'", plan.name, about.status), 0)
  end
  return make_and_wait(op, plan, args, given, status, status_plan)
end

return jobs
