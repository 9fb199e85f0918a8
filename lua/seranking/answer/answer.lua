--- Reads the body of an answer: the data that the operation's description promises, or an error.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local json = require "seranking.base.json"
local notation = require "seranking.base.notation"
local numbers = require "seranking.answer.numbers"

local answer = {}

local is_rows = core.is_rows

-- An answer that came and can't be used.
local function unusable(call, kind, code, message, ...)
  local fields = call:failure(code, message:format(...))
  fields.kind = kind
  return nil, errors.wrap(fields)
end

-- How a plan's answers are converted; computed with the first answer.
local function places_of(plan)
  plan.numbers = numbers.places(plan.number_rule, plan.texts, plan.answer, plan.joined) or false
  return plan.numbers
end

-- The message of a failure that came with a success status: its member, which the description names, is the only one.
local function failure_in(plan, data)
  local text = type(data) == "table" and data[plan.failed]
  return type(text) == "string" and next(data, next(data)) == nil and text or nil
end

-- The member that the description names, of an answer that has it; else the answer.
local function unwrapped(plan, data)
  for _, name in ipairs(notation.words(plan.unwrap)) do
    if data[name] ~= nil and data[name] ~= json.null then
      return data[name]
    end
  end
  return data
end

--- The error of an answer that is not JSON, or could not be decoded in time.
---@param call userdata
---@param problem? string what the decoder says, if it was asked
---@param late? boolean the deadline came first
---@return nil, seranking.Error
function answer.not_json(call, problem, late)
  local look = call:look()
  if late then
    return unusable(call, "timeout", "decoding", "the answer came in time, but decoding it took longer: %s", problem)
  elseif look == "binary" then
    return unusable(call, "decode", "bad_json", "the answer is not JSON, but binary data")
  elseif look ~= "html" then
    return unusable(call, "decode", "bad_json", "the answer is not JSON: %s", problem)
  end
  local _, err = unusable(call, "decode", "bad_json", "the answer is not JSON, but an HTML page")
  err.hint = "check base_url; a proxy may have answered instead of the API, with its login page for one"
  return nil, err
end

-- The data or the error of a body that is not JSON.
local function undecodable(plan, call, problem, late)
  if call:look() ~= "empty" then
    return answer.not_json(call, problem, late)
  elseif plan.answer == "any" then
    return true
  end
  return unusable(call, "decode", "empty_body", "the answer has no body where %s has one", plan.name)
end

-- Gives the rows in an answer the body that they are read from, before the call is used again.
local function give_body(call, data, row_lists)
  if is_rows(data) then
    return call:give(data)
  end
  for _, name in ipairs(notation.words(row_lists)) do
    if is_rows(data[name]) then
      call:give(data[name])
    end
  end
end

--- The data of an answer's body; nil and an error.
---@param client table
---@param plan seranking.Plan
---@param call userdata
---@param _ seranking.Response
---@param decode fun(client: table, call: userdata, row_lists: string?): any, string?, boolean?
---@param row_lists? string names of members. The first list of a large answer with such a name, or for "." the answer itself,
--- is returned as rows (core.is_rows): they have a length, and are read in order, each once. Their numbers are not converted.
---@return any data, seranking.Error?
function answer.read(client, plan, call, _, decode, row_lists)
  local kind = plan.answer
  if not kind then -- no data is promised, but an HTML page is not the API's
    if call:look() == "html" then
      return answer.not_json(call)
    end
    return true
  elseif kind == "bytes" then
    return call:body()
  end
  local data, problem, late = decode(client, call, row_lists)
  if problem then
    return undecodable(plan, call, problem, late)
  end
  if plan.unwrap and type(data) == "table" then
    data = unwrapped(plan, data)
  end
  local said = plan.failed and failure_in(plan, data)
  if said then
    return unusable(call, "invalid", "failed", "%s", said)
  end
  local places = plan.numbers
  if places == nil then
    places = places_of(plan)
  end
  if places then
    data = numbers.convert(data, places)
  end
  if kind == "any" then
    if data == false then
      return unusable(call, "decode", "unexpected", "the answer is the JSON value false")
    elseif data == json.null and not client._keep_nulls then
      return {} -- so that it can be indexed
    end
    return data
  end
  -- An empty table fits both: PHP writes an empty map as [].
  local rows = row_lists and kind == "array" and is_rows(data)
  if not rows and (type(data) ~= "table" or kind == "array" and type(next(data)) == "string"
    or kind == "object" and data[1] ~= nil) then
    return unusable(call, "decode", "unexpected", "the answer is not the %s that %s has%s",
      kind == "array" and "list" or "object", plan.name, data ~= false and "; client:request takes it as it is" or "")
  end
  if row_lists then
    give_body(call, data, row_lists)
  end
  return data
end

return answer
