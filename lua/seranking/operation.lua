--- Operations as values: made from a description, called, looked at, or asked what they would send.
-- SPDX-License-Identifier: MIT

local answer = require "seranking.answer"
local errors = require "seranking.errors"
local host = require "seranking.host"
local lazy = require "seranking.lazy"
local misuse = require "seranking.misuse"
local planner = require "seranking.plan"
local request = require "seranking.request"

local operation = {}

local format = string.format

local costs, describe, jobs = lazy "seranking.costs", lazy "seranking.describe", lazy "seranking.jobs"
local pages = lazy "seranking.pages"

local methods = setmetatable({}, { __index = function(methods, name)
  if type(name) == "string" then
    misuse.raise("an operation has no '%s'%s", name, misuse.suggest(name, methods))
  end
end })
local operation_mt = { __name = "seranking.operation", __index = methods }

function operation_mt.__newindex(op, name)
  misuse.raise("%s: %s can't be set", tostring(op), tostring(name))
end

-- Where an operation is that the client's generation lacks.
local function elsewhere(api)
  return api == "v4" and "v1" or "v4"
end

-- What the operation is on its client's API, found and checked against what it is bound to once.
local function plan_of(op)
  if op._plan then
    return op._plan
  end
  local api = op._client._api
  local plan = planner.of(op._resource, op._description, api)
  if not plan then
    misuse.raise("%s.%s does not exist in %s; %s has it (api = \"%s\")", op._resource.name, op._description[1], api,
      elsewhere(api), elsewhere(api))
  end
  if not op._client._closed then
    request.check_bound(plan, op._bound)
    op._plan = plan
  end
  return plan
end

-- Carries out an operation. `raw`: the answer's body is wanted, too.
local function perform(op, args, call_options, raw)
  local client, plan = op._client, plan_of(op)
  local call, checked, given = request.prepare(op, plan, args, call_options)
  local counted = client._spent
  local ticket, refused
  if counted then
    ticket, refused = costs.allow(client, plan, checked, given and given.budget)
    if not ticket then
      host.keep(client, call)
      return nil, refused
    end
  end
  local data, problem, body
  local answered, result = host.run(client, call)
  if answered then
    data, problem = answer.read(client, plan, call)
    result = problem or result
    body = raw and call:body()
  end
  if not data then
    errors.doubt(result, plan.repeatable)
  end
  host.keep(client, call)
  if counted then
    costs.settle(client, plan, checked, ticket, answered, data, result)
  end
  if not data and plan.secrets then
    request.hide_secrets(plan, checked, result)
  end
  if raw then
    return data, result, body
  end
  return data, result
end

--- Carries out the operation. client.sites:list(args) hands over the resource first, client.sites.list(args) does not.
---@param first? table<string, any> parameters by name
---@param second? seranking.CallOptions
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
function operation_mt.__call(op, first, second, third)
  if rawequal(first, op._owner) then
    return perform(op, second, third)
  end
  local kind = type(first) == "table" and getmetatable(first)
  if type(kind) == "table" and kind.__name == "seranking.resource" then
    if first._node.description ~= op._resource then
      misuse.raise("%s was called on client.%s: write client.%s:%s { … }", tostring(op), first._path, op._resource.name,
        op._description[1])
    end
    return perform(op, second, third)
  elseif type(kind) == "table" and kind.__name == "seranking.client" then
    misuse.raise("%s takes parameters, not the client: write client.%s:%s { … }", tostring(op), op._resource.name,
      op._description[1])
  end
  return perform(op, first, second)
end

function operation_mt.__tostring(op)
  return format("seranking operation %s.%s", op._resource.name, op._description[1])
end

local function must_be_operation(op, name)
  if getmetatable(op) ~= operation_mt then
    misuse.raise("%s is a method of operations: call it with a colon, as in client.%s:%s(…)", name,
      name == "wait" and "audit.create" or "sites.list", name)
  end
end

--- What would be sent: method, url, headers and body, with the key masked. Sends nothing, and needs no key.
---@param args? table<string, any>
---@param call_options? seranking.CallOptions
---@return { method: string, url: string, headers: table<string, string>, body: string? }
function methods.dry_run(op, args, call_options)
  must_be_operation(op, "dry_run")
  local plan = plan_of(op)
  local call, checked = request.prepare(op, plan, args, call_options)
  if plan.secrets then -- checked as they are, shown without them
    host.keep(op._client, call)
    call = request.prepare(op, plan, (request.redact(plan, checked)), call_options)
  end
  local method, url, headers, body = call:preview()
  host.keep(op._client, call)
  return { method = method, url = url, headers = headers, body = body }
end

local function send(op, args, call_options)
  return perform(op, args, call_options, true)
end

local function walk_of(op, args, given)
  return pages.new(op, plan_of(op), args, given, send)
end

--- Walks over all rows, page by page, with one page in memory: `for row in op:each { … } do`. What goes wrong on the way is
--- raised, as an error value of this library: a loop can't end early without anybody noticing.
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return fun(): any, seranking.Response? next_row
function methods.each(op, args, given)
  must_be_operation(op, "each")
  return pages.rows(walk_of(op, args, given))
end

--- All rows of all pages as one list; nil and the error, which has the rows so far in its field `rows`.
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return table? rows, seranking.Error? err
function methods.all(op, args, given)
  must_be_operation(op, "all")
  return pages.all(walk_of(op, args, given))
end

-- An operation of the same resource, or, by its whole name, of any that the client has.
local function sibling(op, name)
  local of, last = name:match "^(.*)%.([^.]+)$"
  if not of or of == op._resource.name then
    for _, description in ipairs(op._resource.operations) do
      if description[1] == (last or name) then
        local found = operation.new(op._client, op._resource, description, {})
        return found, plan_of(found)
      end
    end
    return nil
  end
  local found = op._client
  for part in of:gsub("^data%.", ""):gmatch "[^.]+" do
    found = found[part]
  end
  return found[last], plan_of(found[last])
end

--- Waits until a job is done: makes it, or, on the operation that tells its state, only looks.
---@param args? table<string, any>
---@param given? seranking.WaitOptions
---@return any answer, seranking.Response|seranking.Error # the last look, and a response with its id: job = { … } | nil, error
function methods.wait(op, args, given)
  must_be_operation(op, "wait")
  local plan = plan_of(op)
  return jobs.wait(op, plan, args, given, function(name)
    return sibling(op, name)
  end)
end

--- What the operation is, as plain values, made anew at each call.
---@param api? "v4"|"v1"|"data" of which API; the client's when left out
---@return seranking.Description
function methods.describe(op, api)
  must_be_operation(op, "describe")
  return describe.operation(op._resource, op._description, api or op._client._api)
end

--- Makes an operation of a resource.
---@param client table
---@param resource table the resource's description
---@param description table the operation's
---@param bound table<string, any> ids that the resource is bound to
---@param owner? table the resource itself
function operation.new(client, resource, description, bound, owner)
  return setmetatable({
    _client = client, _resource = resource, _description = description, _bound = bound, _owner = owner or false,
    _plan = false,
  }, operation_mt)
end

return operation
