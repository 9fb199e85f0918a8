--- How a call waits, and many at once: chosen by where the caller runs.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"
local events = require "seranking.events"
local plain = require "seranking.loop.plain"
local response = require "seranking.response"

local host = {}

-- nginx stops when its one thread waits. Its worker threads have an `ngx` too, but neither sockets nor phases.
local function inside_nginx()
  local ngx = rawget(_G, "ngx")
  return type(ngx) == "table" and ngx.socket ~= nil and ngx.get_phase ~= nil
end

--- A call that is over, for the core to use again: it saves what making one costs. nil when there is none.
---@param client table
function host.spare(client)
  local spare = client._spare
  client._spare = false
  return spare or nil
end

local function would_block()
  return errors.new("phase", "would_block", "a call would hold up this nginx worker",
    "call from a separate process, or accept it with the option blocking = true")
end

--- Runs a call to its end.
---@param client table
---@param call userdata
---@return string? body, seranking.Response|seranking.Error
function host.run(client, call)
  if not client._blocking and inside_nginx() then
    return nil, would_block()
  end
  plain.wait(client, call)
  events.tell(client, call)
  local ok, body, status, head, attempts, elapsed, waited, reused, version = call:result()
  if not ok then
    return nil, errors.wrap(body)
  end
  return body, response.new(status, head, attempts, elapsed, waited, reused, version)
end

--- Waits, as calls wait here; an injected clock jumps. nil and an error where that is not possible.
---@param client table
---@param seconds number
---@return boolean? slept, seranking.Error?
function host.sleep(client, seconds)
  if not client._blocking and inside_nginx() then
    return nil, would_block()
  end
  plain.sleep(client, seconds)
  return true
end

--- What the caller's host has to offer for many calls at once.
---@param client table
---@return table loop
function host.loop(_)
  return plain
end

return host
