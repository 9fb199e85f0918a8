--- A client whose requests are answered by a function, with a manual clock and without sockets.
-- SPDX-License-Identifier: MIT

local seranking = require "seranking"
local operation = require "seranking.operation"

local script = {}

--- An answer with a JSON body.
function script.json(text, status, headers)
  local list = { { "Content-Type", "application/json" } }
  for _, header in ipairs(headers or {}) do
    list[#list + 1] = header
  end
  return { status = status or 200, headers = list, body = text }
end

--- Returns a client, the list of its requests, and its clock. `respond(request, number)` returns an answer or its JSON body.
---@param respond fun(request: table, number: integer): table|string
---@param options? table
function script.new(respond, options)
  local log, clock = {}, seranking.clock()
  local all = {
    token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", clock = clock,
    transport = {
      handle = function(_, request)
        request.at = clock:now()
        log[#log + 1] = request
        local answer = respond(request, #log)
        return type(answer) == "string" and script.json(answer) or answer
      end,
    },
  }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(seranking.new(all)), log, clock
end

--- Returns an operation of a made-up resource.
---@param client table
---@param resource table
---@param name string
---@param bound? table
function script.operation(client, resource, name, bound)
  for _, description in ipairs(resource.operations) do
    if description[1] == name then
      return operation.new(client, resource, description, bound or {})
    end
  end
  error("no such operation: " .. name)
end

--- Returns the message that a function raises, without its position.
function script.raised(f, ...)
  local ok, problem = pcall(f, ...)
  assert(not ok, "nothing was raised")
  return type(problem) == "string" and problem:gsub("^[^\n]-:%d+: ", "", 1) or problem
end

--- Returns the message that a function raises, with its position.
function script.located(f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "nothing was raised")
  return message
end

--- As above, without the position, which must be in a spec.
function script.misuse_of(f)
  local message = script.located(f)
  assert(message:match "_spec%.lua:%d+: ", "no position of the caller in: " .. message)
  return (message:gsub("^.-_spec%.lua:%d+: ", ""))
end

return script
