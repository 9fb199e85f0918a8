--- Scripted answers: what the fake answers to an operation when it is called with certain arguments.
-- SPDX-License-Identifier: MIT

local arguments = require "seranking.fake.arguments"
local faults = require "seranking.fake.faults"
local json = require "seranking.fake.json"
local options = require "seranking.fake.options"
local shape = require "seranking.fake.shape"
local tools = require "seranking.fake.tools"

local script = {}

---@alias seranking.fake.Scripted table|string|boolean|fun(args: table): any, table? an answer as Lua values (a string
---  where the operation gives bytes, true where it gives nothing); or what went wrong (seranking.fake.Fault: status, message,
---  kind, fault, delay …); or a function that gets a copy of the arguments and returns an answer, or nil and what went wrong

---@class seranking.fake.Expectation
---@field operation string "sites.summary"
---@field args table the arguments that must be there, with these values
---@field answer seranking.fake.Scripted
---@field times? integer how often it answers; nil: always
---@field calls integer how often it has answered
---@field where string "file:line" of the call of `on`

local WHAT = {
  status = true, message = true, kind = true, headers = true, body = true, fault = true, delay = true,
}

--- Whether a scripted answer says what goes wrong: a table with members of a fault only, status, kind, fault or delay among
--- them.
---@param value any
---@return boolean
function script.is_fault(value)
  if type(value) ~= "table" then
    return false
  end
  for name in pairs(value) do
    if not WHAT[name] then
      return false
    end
  end
  return type(value.status) == "number" or value.fault ~= nil or value.kind ~= nil or type(value.delay) == "number"
end

-- Checks an answer against the members that an operation's answer has in one generation.
local function fit(value, route)
  if route.answer == "bytes" then
    return type(value) == "string" and value or nil, "the answer must be a string of bytes"
  elseif not route.answer then
    return value == true and value or nil, "the operation answers nothing: script true, or what goes wrong"
  elseif route.answer == "any" then
    return json.plain(value)
  end
  return shape.read(value, route.fields, route.answer)
end

--- Makes an expectation. Raises at the line of the user, who is three levels up: user, Api:on, this function.
---@param entry table the operation, as Routes:operation gives it
---@param args? table
---@param answer seranking.fake.Scripted
---@param more? { times?: integer }
---@return seranking.fake.Expectation
function script.new(entry, args, answer, more)
  arguments.check(entry, args, 3)
  more = more or {}
  options.check(more, { times = "number" }, 3)
  if more.times and (more.times < 1 or more.times % 1 ~= 0) then
    error("times must be a whole number, at least 1", 3)
  elseif answer == nil then
    error("api:on takes an operation, arguments (or nil) and an answer: a table, a function, or { status = 404 }", 3)
  elseif script.is_fault(answer) then
    faults.check(answer, 3)
  elseif type(answer) ~= "function" then
    local fitting, problem
    local generations = tools.sorted_names(entry.routes)
    for i = #generations, 1, -1 do -- v4 before v1
      local value, why = fit(answer, entry.routes[generations[i]])
      fitting, problem = fitting or value ~= nil, problem or why
    end
    if not fitting then
      error(entry.key .. ": " .. problem, 3)
    end
  end
  return {
    operation = entry.key, args = args or {}, answer = answer, times = more.times, calls = 0, where = tools.here(3),
  }
end

local function same_call(a, b)
  return a.operation == b.operation and arguments.equal(a.args, b.args)
end

--- The expectation that answers a request: the newest that fits. Of those for the same operation and arguments the ones with
--- `times` go first, in the order of their making.
---@param list seranking.fake.Expectation[] in the order of their making
---@param operation string
---@param args table
---@return seranking.fake.Expectation?
function script.find(list, operation, args)
  local chosen
  for i = #list, 1, -1 do
    local one = list[i]
    local usable = not one.times or one.calls < one.times
    if usable and one.operation == operation and arguments.match(one.args, args)
      and (not chosen or one.times and same_call(one, chosen)) then
      chosen = one
    end
  end
  return chosen
end

--- The fault that an expectation stands for, ready to be acted out; nil where it gives an answer.
---@param one seranking.fake.Expectation
---@return table?
function script.fault(one)
  if script.is_fault(one.answer) then
    one.calls = one.calls + 1
    return faults.new(one.answer)
  end
end

--- What an expectation answers to a request.
---@param one seranking.fake.Expectation
---@param route seranking.fake.Route
---@param args table
---@return any value to be encoded; nil where something goes wrong, or where the operation answers nothing
---@return table? fault as seranking.fake.faults makes them
function script.answer(one, route, args)
  one.calls = one.calls + 1
  local value, wrong = one.answer, nil
  if type(value) == "function" then
    value, wrong = value(json.plain(args))
    if value == nil and not script.is_fault(wrong) then
      error(("%s: the function for %s returned neither an answer nor nil, { status = … }"):format(one.where, one.operation), 0)
    end
  end
  if wrong then
    return nil, faults.new(wrong)
  end
  local fitting, problem = fit(value, route)
  if fitting == nil then
    error(("%s: %s: %s"):format(one.where, one.operation, problem), 0)
  end
  return fitting
end

--- The expectations that nobody has called, or less often than `times` says: a line each.
---@param list seranking.fake.Expectation[]
---@return string[]
function script.pending(list)
  local lines = {}
  for _, one in ipairs(list) do
    if one.calls < (one.times or 1) then
      lines[#lines + 1] = ("%s: %s %s"):format(one.where, one.operation, arguments.text(one.args))
        .. (one.calls > 0 and (" (called %d of %d times)"):format(one.calls, one.times) or "")
    end
  end
  return lines
end

return script
