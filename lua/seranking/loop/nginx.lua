--- Waiting inside nginx (OpenResty, lua-nginx-module): on a cosocket, for one byte from the core's worker thread.
-- SPDX-License-Identifier: MIT
--
-- nginx's Lua can only wait for sockets of its own. So the worker thread listens on a private unix socket: the token of a call
-- is sent there, and one byte comes back when the call is done. If the connection is closed before that (the request was
-- aborted, the nginx worker ends), the call is cancelled.

local adapter = require "seranking.loop.adapter"
local core = require "lseranking"
local errors = require "seranking.answer.errors"
local yieldable = require "seranking.loop.yield"

local nginx = { name = "nginx" }

-- The phases where cosockets work.
local phases = {
  rewrite = true, access = true, content = true, timer = true, ssl_cert = true, ssl_client_hello = true,
  ssl_session_fetch = true, server_rewrite = true, precontent = true, preread = true,
}

local CONNECT_TIME = 5000   -- milliseconds
local IDLE_TIME = 60000     -- milliseconds that an idle connection to the thread is kept
local POOL_SIZE = 512       -- idle connections kept
local BUSY_TIME = 0.002     -- seconds between tries to connect

--- How often a call tries to connect while there is no room: in the thread's backlog, or in nginx's connections.
nginx.busy_tries = 500

local loaded = package.loaded -- nginx puts its `ngx` there

local function here()
  local ngx = loaded.ngx
  -- nginx's worker threads (ngx.run_worker_thread) have an `ngx` without sockets and phases; they may block.
  return type(ngx) == "table" and ngx.socket ~= nil and ngx.get_phase ~= nil and ngx or nil
end

--- Whether the caller runs inside an nginx worker, or its master.
---@return boolean
function nginx.inside()
  return here() ~= nil
end

-- Only OpenResty, whose nginx and TLS library are patched, can suspend a handshake in these phases. Elsewhere the handshake
-- would fail, or go on without the session.
local patched_only = { ssl_client_hello = true, ssl_session_fetch = true }

local function can_wait(ngx, phase)
  return phases[phase] and (not patched_only[phase] or ngx.config.nginx_configure():find("ngx_lua-", 1, true) ~= nil)
end

local function check_phase(ngx)
  local phase = ngx.get_phase()
  if not can_wait(ngx, phase) then
    return errors.new("phase", "would_block", ("no call can wait in nginx's phase %s"):format(phase))
  elseif not yieldable.possible() then
    return yieldable.error()
  end
end

-- nginx tells what failed by the operating system's text alone, so the core looks for the errno that has this text.
local no_room = { EMFILE = true, ENFILE = true, ENOMEM = true }

local function no_connection(why)
  if no_room[core.errno_name(why)] then
    return errors.new("network", "no_descriptors", "nginx has no connection left for a call: " .. why)
  end
  return errors.new("network", "no_thread", "the thread that carries out calls can't be reached: " .. why)
end

-- The thread's address and the name of the pool of connections to it, for the generation that is known.
local known, address, pool = 0, nil, nil

-- Brings them up to date. nil, or an error.
local function find_thread()
  local path, generation = core.worker_address(known)
  if path then
    -- Descriptor numbers are reused: without the generation, connections to an earlier thread could be taken for this one's.
    known, address, pool = generation, "unix:" .. path, { pool = ("seranking %d"):format(generation) }
  elseif generation then
    return errors.wrap(generation)
  end
end

-- A connection to the thread, from the pool if there is one.
local function connect(ngx, timeout)
  local problem = find_thread()
  if problem then
    return nil, problem
  end
  for _ = 1, nginx.busy_tries do
    local sock, why = ngx.socket.tcp()
    if not sock then
      return nil, no_connection(why)
    end
    sock:settimeouts(CONNECT_TIME, CONNECT_TIME, timeout)
    local connected
    connected, why = sock:connect(address, pool)
    if connected then
      return sock
    elseif core.errno_name(why) ~= "EAGAIN" then -- nginx says that of worker_connections, too
      return nil, no_connection(why)
    end
    ngx.sleep(BUSY_TIME)
  end
  return nil, errors.new("network", "no_descriptors", ("nginx had no connection left for a call within %d s")
    :format(nginx.busy_tries * BUSY_TIME))
end

-- Errors by the thread's reply, or by why there was none.
local replies = {
  E = { "protocol", "unknown_call", "the thread that carries out calls doesn't know this one" },
  F = { "network", "no_descriptors", "no file descriptor was left for a call" },
  closed = { "cancelled", "stopped", "the thread that carries out calls has stopped" },
  timeout = { "timeout", "no_answer", "no answer before the deadline" },
}

-- Submits a call, subscribes to its end and waits for that. nil, or an error.
local function carry_out(ngx, client, call)
  local sock, problem = connect(ngx, call:timeout() * 1000)
  if not sock then
    return problem
  elseif client._closed then -- while it connected: close() has cancelled all calls but this one
    sock:close()
    return errors.new("cancelled", "cancelled", "the client was closed")
  end
  local token, failure = call:begin_with_token()
  if not token then
    sock:close()
    return errors.wrap(failure)
  end
  local sent, why = sock:send(token) -- at once: from here on, closing the connection cancels the call
  local byte, silence = sock:receive(1) -- even if the token was not sent: the thread may have refused the connection
  if byte == "D" then
    sock:setkeepalive(IDLE_TIME, POOL_SIZE) -- before anything suspends, or another call could read from it
    return nil
  end
  sock:close()
  call:cancel()
  local words = replies[byte or sent and silence]
  return words and errors.new(words[1], words[2], words[3]) or no_connection(tostring(why or silence))
end

--- Waits until a call is done, while the worker does other things.
---@param client table
---@param call userdata
---@return seranking.Error? error nil: the call has its own outcome
function nginx.wait(client, call)
  local ngx = here()
  local problem = check_phase(ngx)
  if problem then
    return problem
  end
  problem = carry_out(ngx, client, call)
  if not problem and not call:step() then
    return errors.new("protocol", "not_done", "the thread reported the call as done, but it is not")
  end
  return problem
end

--- Runs the items of a batch on light threads. Where nothing can wait they run one after another, and their calls return the
--- reason.
---@param batch seranking.Batch
function nginx.run_batch(_, batch)
  local ngx = here()
  if check_phase(ngx) then
    return adapter.work(batch)
  end
  local threads = {}
  for i = 1, math.min(batch.width, batch.count) do
    threads[i] = ngx.thread.spawn(adapter.work, batch)
  end
  for i = 1, #threads do
    ngx.thread.wait(threads[i])
  end
end

-- nginx without OpenResty's changes runs timers of no time, and those that they start, before anything else: whoever slept for
-- 0 seconds again and again would hold it up.
local SHORTEST_SLEEP = 0.001

--- Suspends the running coroutine; others run meanwhile.
---@param seconds number
---@return seranking.Error?
function nginx.sleep(seconds)
  local ngx = here()
  local problem = check_phase(ngx)
  if problem then
    return problem
  end
  ngx.sleep(math.max(seconds, SHORTEST_SLEEP))
end

return nginx
