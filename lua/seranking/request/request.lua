--- From arguments to a call of the core. Checks everything, sends nothing.
-- SPDX-License-Identifier: MIT

local calls = require "seranking.base.calls"
local content = require "seranking.request.content"
local copy = require "seranking.base.copy"
local misuse = require "seranking.base.misuse"
local params = require "seranking.request.params"
local proxy = require "seranking.base.proxy"
local rows = require "seranking.request.rows"

local request = {}

local format = string.format
local empty = {}

-- Explain mistakes. Set from above, where options and resources are known.
local hints = {}

--- Sets the functions that explain mistakes.
---@param option fun(who: string, name: any): string? how to give an option that was given as a parameter
---@param call fun(plan: seranking.Plan, value?: any): string? the call that was meant by a lone id, or without its id
function request.set_hints(option, call)
  hints.option, hints.call = option, call
end

-- "{ { keyword = … }, … }" of an operation whose body is a list.
local function list_form(plan)
  local name = plan.items.required:match "^%S+"
  return name and format("{ { %s = … }, … }", name) or "{ { … }, … }"
end

-- Raises for a name that is no parameter.
local function refuse_name(plan, name)
  local definitions = plan.definitions
  if plan.items and plan.items.fields[name] then
    misuse.raise("%s takes a list: { { %s = … }, … }", plan.name, name)
  elseif hints.option(plan.name, name) then
    misuse.raise("%s: %s", plan.name, hints.option(plan.name, name))
  elseif type(name) == "number" and next(definitions) ~= nil then
    misuse.raise("%s takes parameters by name, { name = value }, and element %s has none%s", plan.name, tostring(name),
      misuse.suggest(name, definitions))
  end
  local id = name == "id" and plan.ids[#plan.ids]
  if plan.items and not id and not misuse.nearest(tostring(name), proxy.sorted_names(definitions)) then
    misuse.raise("%s: unknown parameter '%s'; it takes a list: %s", plan.name, tostring(name), list_form(plan))
  end
  local ours = id and id[1] or type(name) == "string" and content.taken_name(plan, name) -- the API's own name, or ours
  misuse.raise("%s: unknown parameter '%s'%s", plan.name, tostring(name),
    ours and ("; did you mean '%s'?"):format(ours) or misuse.suggest(name, definitions))
end

-- Raises on unknown names, the first of them in order. Only an operation whose body is a list takes list elements.
local function check_names(plan, args)
  local definitions = plan.definitions
  local unknown
  for name in pairs(args) do
    if not definitions[name] and not (plan.items and type(name) == "number")
      and (unknown == nil or tostring(name) < tostring(unknown)) then
      unknown = name
    end
  end
  if unknown ~= nil then
    refuse_name(plan, unknown)
  end
end

-- Raises unless exactly one of plan.one_of is given, and at least one of plan.any_of.
local function check_choice(plan, args, bound)
  local given = {}
  for _, name in ipairs(plan.one_of or plan.any_of) do
    if args[name] ~= nil or bound[name] ~= nil then
      given[#given + 1] = name
    end
  end
  if plan.any_of and not given[1] then
    misuse.raise("%s: at least one of %s is required", plan.name, table.concat(plan.any_of, ", "))
  elseif plan.one_of and #given ~= 1 then
    misuse.raise("%s: exactly one of %s is required, got %s", plan.name, table.concat(plan.one_of, ", "),
      given[1] and table.concat(given, " and ") or "none")
  end
end

-- Raises unless all of plan.together are given, or none.
local function check_together(plan, args)
  local given, missing
  for _, name in ipairs(plan.together) do
    if args[name] ~= nil then
      given = given or name
    else
      missing = missing or name
    end
  end
  if given and missing then
    misuse.raise("%s: %s needs %s: give both, or neither", plan.name, given, missing)
  end
end

-- Raises on a value that the value of another parameter excludes.
local function check_dependent(plan, args)
  for _, name in ipairs(plan.dependent) do
    local by = plan.definitions[name].enum_by
    local other = by.of
    local decided = args[other]
    if decided == nil then
      decided = plan.definitions[other].default
    end
    local allowed = by.values[decided]
    if allowed and args[name] ~= nil then
      local _, problem, got = params.scalar({ enum = allowed }, args[name], plan.definitions[name].type)
      if problem then
        misuse.raise("%s: %s %s (with %s = %s)", plan.name, name, params.told(nil, problem, got), other, tostring(decided))
      end
    end
  end
end

-- Raises on a period that ends before it begins. Values that are no dates are reported elsewhere.
local function check_spans(plan, args)
  for _, span in ipairs(plan.spans) do
    local first, last = args[span[1]], args[span[2]]
    -- The usual case first: strings in order.
    if first ~= nil and last ~= nil and not (type(first) == "string" and type(last) == "string" and first <= last) then
      first, last = params.text(plan.definitions[span[1]], first), params.text(plan.definitions[span[2]], last)
      if first and last and first > last then
        misuse.raise("%s: %s (%s) is after %s (%s)", plan.name, span[1], first, span[2], last)
      end
    end
  end
end

-- With the key in the query, a parameter of the same name would be a second key.
local function no_second_key(client, plan)
  for _, place in ipairs(plan.query) do
    if place[4] == client._key_param then
      misuse.raise("%s: %s is named %s in the address, as the key is with auth = \"query\": make a client with "
        .. "auth = \"header\" for it", plan.name, place[1], place[4])
    end
  end
end

--- Raises on a closed client and on arguments that are no table.
---@param client table
---@param plan seranking.Plan
---@param args any
function request.check(client, plan, args)
  if client._closed then
    misuse.raise("%s: the client is closed", plan.name)
  elseif args ~= nil and type(args) ~= "table" then
    local got = type(args) == "string" and format("%q", args) or proxy.show(args)
    if next(plan.definitions) == nil then
      misuse.raise("%s takes no parameters, got %s", plan.name, got)
    end
    if plan.items then
      misuse.raise("%s takes a list, %s, got %s", plan.name, list_form(plan), got)
    end
    local call = hints.call(plan, args)
    misuse.raise("%s takes a table of parameters, { name = value }, got %s%s", plan.name, got,
      call and "; write " .. call or misuse.suggest(1, plan.definitions))
  end
end

--- Raises if a resource is bound to an id that the operation does not take.
---@param plan seranking.Plan
---@param bound table<string, any>
function request.check_bound(plan, bound)
  for name, value in pairs(bound) do
    if not plan.definitions[name] then
      misuse.raise("%s takes no %s, but %s is bound", plan.name, name, tostring(value))
    end
  end
end

--- Checks arguments and makes the call of the core.
---@param op table the operation, its bound ids checked
---@param plan seranking.Plan
---@param args? table
---@param given? table options, as options.call returns them
---@return userdata call, table args, table? options # as checked
function request.prepare(op, plan, args, given)
  local client = op._client
  if plan.constant and args == nil and given == nil and not client._closed then -- nothing to check
    return client._core:call(plan.method, plan.template, nil, nil, nil, plan.repeatable, nil, calls.spare(client)), empty
  end
  request.check(client, plan, args)
  if args == nil then
    args = empty
  elseif next(args) ~= nil then
    args = plan.row and rows.arguments(plan, args) or args
    check_names(plan, args)
  elseif proxy.is(args) then -- a resource looks like an empty table
    misuse.raise("%s takes a table of parameters, { name = value }, got %s", plan.name, proxy.show(args))
  end
  if client._key_param then
    no_second_key(client, plan)
  end
  if plan.one_of or plan.any_of then
    check_choice(plan, args, op._bound)
  end
  if plan.together then
    check_together(plan, args)
  end
  if plan.dependent then
    check_dependent(plan, args)
  end
  if plan.spans then
    check_spans(plan, args)
  end
  local extra = given and given.extra and content.check_extra(plan, given.extra)
  local ids = content.ids(plan, args, op._bound, hints.call)
  local query, body, parts, by_post = content.make(op, plan, args, extra)
  if parts or plan.billed then
    given = copy.shallow(given)
    given.parts = parts
    given.paid = plan.billed
  end
  local call, problem, name = client._core:call(by_post and "POST" or plan.method, plan.template, ids, query, body,
    plan.repeatable, given, calls.spare(client))
  if not call then
    if problem == "long" then
      misuse.raise("%s: the address would be longer than servers take (%s bytes): send fewer at once", plan.name, name)
    end
    content.refuse(plan, plan.id_names[name] or name, problem == "dots" and "must not be \".\" or \"..\"" or "is " .. problem)
  end
  return call, args, given
end

return request
