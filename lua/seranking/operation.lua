--- Operations as values: called, walked, waited for, previewed, described.
-- SPDX-License-Identifier: MIT

local answer = require "seranking.answer.answer"
local calls = require "seranking.base.calls"
local errors = require "seranking.answer.errors"
local exchange = require "seranking.exchange"
local headers = require "seranking.answer.headers"
local lazy = require "seranking.base.lazy"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local options = require "seranking.options"
local planner = require "seranking.request.plan"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"
local request = require "seranking.request.request"
local secrets = require "seranking.request.secrets"

local operation = {}

local format = string.format

---@module "seranking.describe"
local describe = lazy "seranking.describe"
---@module "seranking.export"
local export = lazy "seranking.export"
---@module "seranking.help"
local help = lazy "seranking.help"
---@module "seranking.walk.jobs"
local jobs = lazy "seranking.walk.jobs"
---@module "seranking.walk.lists"
local lists = lazy "seranking.walk.lists"
---@module "seranking.walk.pages"
local pages = lazy "seranking.walk.pages"
---@module "seranking.suggest"
local suggest = lazy "seranking.suggest"

-- The error of an operation that the client's generation does not have.
local function elsewhere(op)
  local api, description = op._client._api, op._description
  local hint = description.instead and "use client." .. description.instead:gsub("%.([^.]+)$", ":%1") .. " instead"
  if description.v1 then
    hint = (hint and hint .. ", or " or "") .. "a key for v1, which has it"
  end
  local err = errors.new("invalid", "not_in_" .. api, format("%s.%s does not exist in %s", op._resource.name,
    description[1], api), hint)
  err.instead = description.instead
  return err
end

local methods = {}

-- The state behind an operation. Calls of a state return `nil, err` even if the client has the option raise.
local operation_mt = {}

function operation_mt.__index(self, name)
  local method = methods[name]
  if method or type(name) == "string" and name:sub(1, 1) == "_" then -- inspectors probe such names
    return method
  end
  misuse.raise("%s", suggest.method(self, name, methods))
end

-- The operation's plan on its client's API, checked once against the bound ids; nil and an error if there is none.
local function plan_of(op)
  if op._plan then
    return op._plan
  end
  local client, description = op._client, op._description
  local plan = planner.of(op._resource, description, client._api)
  if not plan then
    return nil, elsewhere(op)
  elseif client._failed then
    return nil, errors.again(client._failed)
  elseif not client._closed then
    request.check_bound(plan, op._bound)
    op._plan = plan
  end
  return plan
end

-- Carries out an operation. `given`: checked options. `raw`: the body is wanted too, as the third result. `row_lists`: see
-- answer.read.
local function perform(op, args, given, raw, row_lists)
  local client, plan = op._client, op._plan
  if not plan then
    local missing
    plan, missing = plan_of(op)
    if not plan then
      return nil, missing
    end
  end
  local call, checked, own = request.prepare(op, plan, args, given)
  local data, result, body = exchange.run(client, plan, call, checked, own, answer.read, raw, row_lists)
  if not data and plan.secrets then
    secrets.hide(plan, checked, result)
  end
  return data, result, body
end

-- Checks the options of a call. A mistake in its arguments is reported first.
local function options_of(op, plan, args, given)
  if given == nil then
    return nil
  end
  request.check(op._client, plan, args)
  return options.call(plan.name, given)
end

operation_mt.__call = perform

-- The same with unchecked options.
local function perform_with(op, args, given)
  local plan, missing = plan_of(op)
  if not plan then
    return nil, missing
  end
  return perform(op, args, options_of(op, plan, args, given))
end

request.set_hints(options.usage, function(plan, value)
  return suggest.bound_call(plan, value)
end)

-- The results of a public call; with the option raise, errors are raised, as values.
local function deliver(op, value, second, third)
  if value == nil and op._client._raise then
    errors.raise(second)
  end
  return value, second, third
end

-- ---- the public side ----

local function line_of(op)
  return format("seranking operation %s.%s", op._resource.name, op._description[1])
end

local kind = proxy.kind("seranking.operation", {
  line = line_of,
  tostring = function(op)
    return mask.of_client(op._client, help.operation(op._resource, op._description, op._client._api, op._bound))
  end,
  names = function()
    return proxy.sorted_names(methods)
  end,
  refuse = function(op, name)
    return format("%s: %s can't be set", line_of(op), name)
  end,
})

-- The same operation of another resource of this kind, which was the first argument.
local function of_resource(op, resource)
  if resource._node.description ~= op._resource then
    misuse.raise("%s was called on client.%s: write client.%s:%s { … }", line_of(op), resource._path,
      op._resource.name, op._description[1])
  end
  return proxy.state(resource[op._description[1]], kind)
end

-- Whether a first argument is a resource. Raises if it is a client.
local function is_resource(op, first)
  local meta = type(first) == "table" and getmetatable(first)
  local name = type(meta) == "table" and rawget(meta, "__name")
  if name == "seranking.client" then
    misuse.raise("%s takes parameters, not the client: write client.%s:%s { … }", line_of(op), op._resource.name,
      op._description[1])
  end
  return name == "seranking.resource"
end

-- The mistake of more arguments than parameters and options.
local function no_third(op, value)
  misuse.raise("%s takes a table of parameters and a table of options, got a third argument: %s", line_of(op),
    proxy.show(value))
end

-- The operation and the arguments of a method, which is called as op:each(args, given) or op:each(resource, args, given).
local function target(op, method, first, second, third)
  local state = proxy.state(op, kind)
  if not state then
    misuse.raise("%s is a method of operations: call it with a colon, as in client.%s:%s(…)", method,
      method == "wait" and "audit.create" or "sites.list", method)
  elseif is_resource(state, first) then
    return of_resource(state, first), second, third
  elseif third ~= nil then
    no_third(state, third)
  end
  return state, first, second
end

-- A request as dry_run returns it. `given`: checked options.
local function preview(op, plan, args, given)
  local call, checked = request.prepare(op, plan, args, given)
  if plan.secrets then -- check the real values, show the masked ones
    calls.keep(op._client, call)
    call = request.prepare(op, plan, (secrets.redact(plan, checked)), given)
  end
  local method, url, list, body = call:preview()
  calls.keep(op._client, call)
  return { method = method, url = url, headers = headers.new(list), body = body }
end

--- Previews a request: method, url, headers and body, with the key masked. Sends nothing, needs no key.
---@param args? table<string, any>
---@param call_options? seranking.CallOptions
---@return { method: string, url: string, headers: table<string, string>, body: string? }? request
---@return seranking.Error? err if the client's generation does not have the operation
function methods.dry_run(op, args, call_options, more)
  op, args, call_options = target(op, "dry_run", args, call_options, more)
  local plan, missing = plan_of(op)
  if not plan then
    return deliver(op, nil, missing)
  end
  local shown = preview(op, plan, args, options_of(op, plan, args, call_options))
  return shown -- no tail call: the caller's line is looked for
end

-- The walk of an operation; nil and an error.
local function walk_of(op, args, given, send)
  local plan, missing = plan_of(op)
  if not plan then
    return nil, missing
  end
  return pages.new(op, plan, args, options.walk(plan.name, given), send or perform)
end

--- Walks over all rows, with one page in memory: `for row in op:each { … } do`. Raises errors, as values of this library, so
--- a loop never ends early unnoticed.
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return fun(): any, seranking.Response? next_row raises the error of a page that failed, and again at each later call
---@return seranking.WalkState walk its field `resume` is the option `resume` of a walk that continues this one
function methods.each(op, args, given, more)
  op, args, given = target(op, "each", args, given, more)
  local walk, missing = walk_of(op, args, given)
  if not walk then
    errors.raise(missing)
  end
  local next_row, state = pages.rows(walk)
  return next_row, state
end

--- All rows as a list; nil and an error whose field `rows` has those so far.
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return table? rows, seranking.Error? err, string? resume token of the first row not delivered, after max_rows
function methods.all(op, args, given, more)
  op, args, given = target(op, "all", args, given, more)
  local rows, problem, token
  local walk, missing = walk_of(op, args, given)
  if walk then
    rows, problem, token = pages.all(walk)
  end
  return deliver(op, rows, problem or missing, token)
end

-- State and plan of an operation of the same resource, or of any resource by its full name.
local function sibling(op, name)
  local of, last = name:match "^(.*)%.([^.]+)$"
  if not of or of == op._resource.name then
    for _, description in ipairs(op._resource.operations) do
      if description[1] == (last or name) then
        local found = operation.state(op._client, op._resource, description, {})
        return found, plan_of(found)
      end
    end
    return nil
  end
  local found = op._client
  for part in (products[of:match "^[^.]*"] and of:gsub("^[^.]*%.", "") or of):gmatch "[^.]+" do
    found = found[part]
  end
  found = proxy.state(found[last], kind)
  return found, plan_of(found)
end

--- Makes a job and waits until it is done. On a status operation, waits for a job that exists.
---@param args? table<string, any>
---@param given? seranking.WaitOptions
---@return any answer, seranking.Response|seranking.Error # final status, response with the id in its field job | nil, error
function methods.wait(op, args, given, more)
  op, args, given = target(op, "wait", args, given, more)
  local plan, missing = plan_of(op)
  local last, response = nil, missing
  if plan then
    last, response = jobs.wait(op, plan, args, options.wait(plan.name, given), function(name)
      return sibling(op, name)
    end)
  end
  return deliver(op, last, response)
end

--- Makes a job, waits until it is done, and downloads its file. On a status operation, waits for a job that exists. The file is
--- tried before the job is made, so a path that can't be written costs nothing.
---@param args? table<string, any>
---@param given seranking.ExportOptions to = the file; those of wait
---@return string? to, seranking.Response|seranking.Error # name of the file, response with the id in its field job | nil, error
function methods.export(op, args, given, more)
  op, args, given = target(op, "export", args, given, more)
  local plan, missing = plan_of(op)
  local file, response = nil, missing
  if plan then
    file, response = export.run(op, plan, args, options.export(plan.name, given), function(name)
      return sibling(op, name)
    end)
  end
  return deliver(op, file, response)
end

--- Describes the operation as plain data, a new table at each call.
---@param api? seranking.Api default: the client's
---@return seranking.Description
function methods.describe(op, api)
  op, api = target(op, "describe", api)
  if api ~= nil and not planner.is_api(api) then
    misuse.raise("%s: describe takes %s, got %s", op._resource.name .. "." .. op._description[1],
      ('"%s"'):format(table.concat(products, '", "')):gsub(", (%S+)$", " or %1"), proxy.show(api))
  end
  return (describe.operation(op._resource, op._description, api or op._client._api))
end

--- Makes the state of an operation, for use inside the library.
---@param client table
---@param resource table the resource's description
---@param description table the operation's
---@param bound table<string, any> ids that the resource is bound to
function operation.state(client, resource, description, bound)
  return setmetatable({
    _client = client, _resource = resource, _description = description, _bound = bound, _plan = false,
  }, operation_mt)
end

--- Calls the operation: client.sites:list(args) passes the resource first, client.sites.list(args) does not. With another
--- resource of the same kind, calls the operation of that resource, with its client and ids.
---@param first? table<string, any> parameters by name
---@param second? seranking.CallOptions
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
local function call(self, first, second, third, fourth)
  local op = self.__index
  if rawequal(first, op._owner) then
    first, second, third = second, third, fourth
  elseif is_resource(op, first) then
    op, first, second, third = of_resource(op, first), second, third, fourth
  end
  if third ~= nil then
    no_third(op, third)
  end
  local data, response
  if second == nil then
    data, response = perform(op, first)
  else
    data, response = perform_with(op, first, second)
  end
  if data == nil and op._client._raise then
    errors.raise(response)
  end
  return data, response
end

--- Makes an operation as programs get it.
---@param client table its state, or the client itself
---@param resource table the resource's description
---@param description table the operation's
---@param bound table<string, any> ids that the resource is bound to
---@param owner? table the resource itself
function operation.new(client, resource, description, bound, owner)
  return proxy.new(setmetatable({
    _client = client._state, _resource = resource, _description = description, _bound = bound, _plan = false,
    _owner = owner or false,
    __index = false, __call = call, __newindex = kind.newindex, __pairs = kind.pairs, __tostring = kind.tostring,
    __name = kind.name,
  }, operation_mt))
end

--- The state of an operation; nil for any other value.
---@param value any
---@return table?
function operation.of(value)
  return proxy.state(value, kind)
end

--- The same as op:each, by lists of rows. For use inside the library.
---@param op table
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return fun(): table?, integer, integer next_list see seranking.walk.lists
---@return seranking.WalkState
function operation.lists(op, args, given)
  local walk, missing = walk_of(proxy.state(op, kind), args, given)
  if not walk then
    errors.raise(missing)
  end
  local next_list, state = lists.of(walk)
  return next_list, state
end

--- The request that op:each sends first, as dry_run returns it; nothing is sent. For use inside the library.
---@param op table
---@param args? table<string, any>
---@param given? seranking.WalkOptions
---@return { method: string, url: string, headers: table<string, string>, body: string? } request
function operation.first_page(op, args, given)
  local state, first = proxy.state(op, kind), nil
  local walk, problem = walk_of(state, args, given, function(_, page_args, page_options)
    first = preview(state, state._plan, page_args, page_options)
    return nil, errors.new("cancelled", "cancelled", "a preview sends nothing")
  end)
  if walk then
    problem = select(2, pages.all(walk))
  end
  return first or errors.raise(problem)
end

--- The name of a method of operations; nil for any other value.
---@param value any
---@return string?
function operation.method_name(value)
  for name, method in pairs(methods) do
    if method == value then
      return name
    end
  end
end

return operation
