--- How a call waits. The engine says what it needs; the host does it. Here: on the calling thread.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"
local response = require "seranking.response"

local host = {}

-- The core hands the thread back this often, so that Lua's hooks run: Ctrl-C in the standalone interpreter is one.
local SLICE = 0.25

-- What a transport's faults mean to the core.
local faults = { refuse = "refused", drop = "closed", truncate = "truncated" }

-- Carries out an attempt on a transport that stands in for the wire (see seranking.fake).
local function deliver(core, call, transport)
  local method, target, headers, body = call:outgoing()
  local path, query = target:match "^([^?]*)%??(.*)$"
  local answer = transport:handle { method = method, path = path, query = query, headers = headers, body = body }
  local left = call:time_left()
  if answer.fault == "hang" or (answer.delay or 0) > left then
    core:sleep(left)
    return call:lost "timeout"
  end
  core:sleep(answer.delay or 0)
  if faults[answer.fault] then
    return call:lost(faults[answer.fault])
  end
  local lines = {}
  for i, header in ipairs(answer.headers or {}) do
    lines[i] = header[1] .. ": " .. header[2] .. "\r\n"
  end
  call:answer(answer.status, table.concat(lines), answer.body or "")
end

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

local function drive(core, call, transport)
  local done = core:run(call, SLICE)
  while not done do
    if done == nil then
      deliver(core, call, transport)
    end
    done = core:run(call, SLICE)
  end
end

--- Runs a call to its end.
---@param client table
---@param call userdata
---@return string? body, seranking.Response|seranking.Error
function host.run(client, call)
  if not client._blocking and inside_nginx() then
    return nil, errors.new("phase", "would_block", "a call would hold up this nginx worker",
      "call from a separate process, or accept it with the option blocking = true")
  end
  -- An error in here is the transport's or a hook's, Ctrl-C for one: the call must not go on without anybody.
  local ran, problem = pcall(drive, client._core, call, client._transport)
  if not ran then
    call:cancel()
    error(problem, 0)
  end
  local ok, body, status, head, attempts, elapsed, waited, reused, version = call:result()
  if not ok then
    return nil, errors.wrap(body)
  end
  return body, response.new(status, head, attempts, elapsed, waited, reused, version)
end

return host
