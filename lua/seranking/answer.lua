--- What an answer's body means: the data that an operation's description promises, or an error.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"
local json = require "seranking.json"
local numbers = require "seranking.numbers"

local answer = {}

local function unusable(call, code, body, message, ...)
  return nil, errors.wrap(call:failure(code, message:format(...), body))
end

-- Where numbers may be text, of a plan: found once.
local function places_of(plan)
  if plan.numbers == nil then
    plan.numbers = numbers.places(plan.fields, plan.answer) or false
  end
  return plan.numbers
end

-- What the server says instead of an answer, in spite of a success: the member that the description names is all there is.
local function failure_in(plan, data)
  local text = plan.failed and type(data) == "table" and data[plan.failed]
  return type(text) == "string" and next(data, next(data)) == nil and text or nil
end

--- The data of an answer's body; nil and an error.
---@param client table
---@param plan seranking.Plan
---@param call userdata
---@param body string
---@return any data, seranking.Error?
function answer.read(client, plan, call, body)
  if not plan.answer then
    return true
  elseif plan.answer == "bytes" then
    return body
  elseif body == "" and plan.answer == "any" then
    return true
  elseif body == "" then
    return unusable(call, "empty_body", body, "the answer has no body where %s has one", plan.name)
  end
  local data, problem = json.decode(body, client._keep_nulls)
  if problem then
    return unusable(call, "bad_json", body, "the answer is not JSON: %s", problem)
  end
  if plan.unwrap and type(data) == "table" and data[plan.unwrap] ~= nil then
    data = data[plan.unwrap]
  end
  local said = failure_in(plan, data)
  if said then
    local _, err = unusable(call, "failed", body, "%s", said)
    err.kind = "invalid"
    return nil, err
  end
  local places = places_of(plan)
  if places then
    data = numbers.convert(data, places)
  end
  if plan.answer == "any" then
    if data == false then
      return unusable(call, "unexpected", body, "the answer is the JSON value false")
    end
    return data
  end
  -- PHP writes an empty map as [], so an empty table is both.
  if type(data) ~= "table" or plan.answer == "array" and type(next(data)) == "string" then
    return unusable(call, "unexpected", body, "the answer is not the %s that %s has; client:request takes it as it is",
      plan.answer == "array" and "list" or "object", plan.name)
  end
  return data
end

return answer
