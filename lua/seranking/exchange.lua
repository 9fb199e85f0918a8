--- One request and its answer: allowed by the budget, carried out, read, accounted for.
-- SPDX-License-Identifier: MIT

local calls = require "seranking.base.calls"
local errors = require "seranking.answer.errors"
local host = require "seranking.loop.host"
local lazy = require "seranking.base.lazy"

---@module "seranking.walk.costs"
local costs = lazy "seranking.walk.costs"

local exchange = {}

--- Carries out a call that was prepared, and gives it back for reuse.
---@param client table its state
---@param plan seranking.Plan or, for a request without a description, a table with its name and whether it is repeatable
---@param call userdata not begun yet
---@param args table what its price depends on
---@param given? table the options of the call, as options.call returns them
---@param read fun(client: table, plan: seranking.Plan, call: userdata, response: seranking.Response, decode: function,
--- row_lists: string?): any, seranking.Error?
---@param raw? boolean the body is wanted too
---@param row_lists? string lists to be read row by row: see answer.read
---@return any data, seranking.Response|seranking.Error, string? body # data, response, body | nil, error
function exchange.run(client, plan, call, args, given, read, raw, row_lists)
  if client._unfit then
    calls.keep(client, call)
    return nil, errors.again(client._unfit)
  end
  local counted = client._spent
  if counted then
    local allowed, refused = costs.allow(client, plan, args, given and given.budget, call)
    if not allowed then
      calls.keep(client, call)
      return nil, refused
    end
  end
  local data, problem, body
  local answered, result = host.run(client, call)
  if client._recording then
    client._recording:add(client, plan, call, args, result)
  end
  if answered then
    data, problem = read(client, plan, call, result, host.decode, row_lists)
    result = problem or result
    body = raw and call:body()
  end
  if not data then
    errors.doubt(result, plan)
  end
  calls.keep(client, call)
  if counted then
    costs.settle(client, plan, args, call, answered, data, result)
  end
  return data, result, body
end

return exchange
