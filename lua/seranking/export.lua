--- Files that jobs make: the job, the wait and the download as one call.
-- SPDX-License-Identifier: MIT

local copy = require "seranking.base.copy"
local direct = require "seranking.direct"
local errors = require "seranking.answer.errors"
local jobs = require "seranking.walk.jobs"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"

local export = {}

local format, max = string.format, math.max

-- The operation that tells the job's state, and the member of its answer that has the file's address. Raises if there is none.
local function status_of(op, plan, sibling)
  local status, status_plan = op, plan
  if plan.job and plan.job.status then
    status, status_plan = sibling(plan.job.status)
  end
  local member = status_plan and status_plan.job and status_plan.job.result
  if not member then
    misuse.raise("%s makes no file: call it, or %s:each { … } where it returns a list", plan.name, plan.name)
  end
  return status, member
end

-- The file exists at the vendor's, so another try needs no new job.
local function with_job(err, status, job)
  if job then
    local name, id = next(job)
    err.job = job
    local more = format("the job is done: client.%s.%s:export({ %s = %q }, { to = … }) downloads its file",
      status._resource.name, status._description[1], name, tostring(id))
    err.hint = err.hint and err.hint .. "; " .. more or more
  end
  return err
end

local function no_file(plan, member, answer)
  local err = errors.new("decode", "no_file", format("%s: the job is done, but its answer has no %s", plan.name, member))
  err.sent, err.answer = true, answer
  return err
end

-- The job that a status operation was asked about.
local function job_asked(status, op, args)
  local param = status._plan and status._plan.job and status == op and next(args or {})
  return param and { [param] = args[param] } or nil
end

--- Makes the job, waits until it is done and downloads its file. On the status operation, waits for the job that exists.
---@param op table
---@param plan seranking.Plan
---@param args? table
---@param checked table options.export's
---@param sibling fun(name: string): table?, seranking.Plan? as for jobs.wait
---@return string? to, seranking.Response|seranking.Error # name of the file, response with the job's id | nil, error
function export.run(op, plan, args, checked, sibling)
  local status, member = status_of(op, plan, sibling)
  local client, to, gunzip = op._client, checked.to, checked.gunzip
  local writable, problem = client._core:check_file(to) -- before a job is paid for
  if not writable then
    return nil, errors.wrap(problem)
  end
  local waiting = copy.shallow(checked)
  waiting.to, waiting.gunzip = nil, nil
  local deadline = client._core:now() + checked.timeout
  local answer, response = jobs.wait(op, plan, args, waiting, sibling)
  if not answer then
    return nil, response
  end
  local job = response.job or job_asked(status, op, args)
  local url = type(answer) == "table" and answer[member]
  if type(url) ~= "string" or url == json.null then
    return nil, with_job(no_file(plan, member, answer), status, job)
  end
  local file, result = direct.download(client, url, {
    to = to, gunzip = gunzip, timeout = max(1, deadline - client._core:now()),
    retries = checked.retries, connect_timeout = checked.connect_timeout, attempt_timeout = checked.attempt_timeout,
  })
  if not file then
    return nil, with_job(result, status, job)
  end
  result.job = job
  return file, result
end

return export
