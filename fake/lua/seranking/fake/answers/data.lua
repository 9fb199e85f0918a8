--- What the fake API answers on the Data API: rows made of the descriptions' examples, as many as a page shall have.
-- SPDX-License-Identifier: MIT

local credits = require "seranking.fake.credits"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local sample = require "seranking.fake.sample"

local array, refuse = json.array, resolve.refuse

local data = {}

-- A cursor with the characters that a client must encode.
local CURSOR = "bmV4dA/+%d=="

--- The rows that a call asks for: the number of those before the first, and how many at most. nil and a refusal.
local function window(call)
  local args, operation = call.args, call.route.operation
  local pages = operation.pages or {}
  local limit = args.limit or pages.size or call.route.params.limit.default
  if pages.style == "page" then
    return ((args.page or 1) - 1) * limit, limit
  elseif pages.style ~= "cursor" then
    return args.offset or 0, limit
  elseif not args[pages.param] then
    return 0, limit
  end
  local before = args[pages.param]:match("^bmV4dA/%+(%d+)==$")
  if not before then
    return nil, refuse(400, "Bad Request", pages.param .. ": not a cursor that was given")
  end
  return tonumber(before), limit
end

--- Where an answer's rows are: the member, or nil for the answer itself.
local function member_of(operation)
  return (operation.pages or {}).rows
end

--- A list of numbered rows, cut to what was asked for.
local function listed(call, adapt)
  local operation = call.route.operation
  local pages, member = operation.pages or {}, member_of(operation)
  local before, limit = window(call)
  if not before then
    return nil, limit
  end
  local answer = sample.of(operation)
  local row = (member and answer[member] or answer)[1]
  local rows = array {}
  for number = before + 1, math.min(before + limit, call.rows) do
    rows[#rows + 1] = adapt(sample.row(row, number))
  end
  local refusal = credits.charge(call, credits.price(call, #rows))
  if refusal then
    return nil, refusal
  elseif not member then
    return rows
  end
  answer[member] = rows
  if pages.total then
    answer[pages.total] = call.rows
  end
  if pages.cursor then
    local last = before + #rows
    answer[pages.cursor] = last < call.rows and CURSOR:format(last) or json.null
  end
  return answer
end

--- A row for each of several things that were asked about, the argument `name`; each names its own.
local function answered_each(call, list, name)
  local rows = array {}
  for i, thing in ipairs(call.args[name]) do
    rows[i] = sample.copy(list[1])
    for _, member in ipairs { "target", "url", "keyword" } do
      if rows[i][member] then
        rows[i][member] = thing
        break
      end
    end
  end
  return rows
end

local function as_it_is(row) return row end

-- Months of searches come to those who ask for them.
local function without_history(row)
  if type(row) == "table" and row.history_trend then
    row.history_trend = json.null
  end
  return row
end

local function single(call)
  local operation = call.route.operation
  local answer = sample.of(operation)
  local member = member_of(operation)
  local refusal = credits.charge(call, credits.price(call, member and #answer[member] or 1))
  if refusal then
    return nil, refusal
  elseif operation.cost.per == "target" then
    local name, list = next(answer)
    answer[name] = answered_each(call, list, "target")
  elseif call.route.key == "data.keywords.export" then
    return answered_each(call, answer, "keywords")
  end
  return answer
end

local function takes(route, name)
  for _, fields in ipairs { route.query, route.body } do
    for _, field in ipairs(fields) do
      if field.name == name then
        return true
      end
    end
  end
  return false
end

--- The operations that have a state or a rule of their own, by key.
---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
data.has_state = {}

for _, family in ipairs {
  "data_ai_search", "data_backlinks", "data_domain", "data_jobs", "data_keywords", "data_serp", "data_site_audit",
} do
  for key, answer in pairs(require("seranking.fake.answers." .. family)) do
    data.has_state[key] = answer
  end
end

--- Answers a call.
---@param call seranking.fake.Call
---@return any value, seranking.fake.Refusal? refusal
function data.answer(call)
  local own = data.has_state[call.route.key]
  if own then
    return own(call)
  elseif takes(call.route, "limit") then
    return listed(call, call.args.history_trend and as_it_is or without_history)
  end
  return single(call)
end

return data
