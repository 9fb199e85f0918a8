--- A small HTTP/1.1 server on luasocket: gives a fake API, or anything with `:handle`, a port on this machine.
-- SPDX-License-Identifier: MIT
--
-- One thread, one select loop, a coroutine for each connection (connection.lua).

local socket = require "socket"
local cjson = require("cjson").new()

local Connection = require "seranking.fake.connection"
local requests = require "seranking.fake.requests"

cjson.encode_sparse_array(true)
cjson.encode_invalid_numbers("null")

local BODY_LIMIT = 64 * 1024 * 1024 -- bytes, unless max_body says otherwise
local BACKLOG = 1024
local TURN = 0.25                   -- seconds `run` waits at most before it asks should_stop again

local FAULTS = { refuse = true, drop = true, truncate = true, hang = true, slow = true }

local clock = Connection.clock

---@class seranking.fake.Server
---@field host string
---@field port integer
---@field url string without a slash at the end
---@field max_body integer bytes
---@field api table
---@field listener table? nil once closed
---@field connections seranking.fake.Connection[] those open, the oldest first
---@field watched table<table, fun()>
---@field paused_until number accept nothing before this time
---@field context userdata? luasec's
---@field observe fun(request: seranking.fake.Request, answer: seranking.fake.WireAnswer)?
local Server = {}
Server.__index = Server

--- Refuses what the handler must never give, before a byte of it is sent.
local function check(answer)
  assert(type(answer) == "table", "the handler gave no answer")
  assert(answer.fault == nil or FAULTS[answer.fault], "unknown fault")
  assert(answer.delay == nil or type(answer.delay) == "number" and answer.delay >= 0, "malformed delay")
  assert(answer.raw == nil or type(answer.raw) == "string", "malformed raw answer")
  if answer.raw == nil and answer.fault ~= "refuse" and answer.fault ~= "drop" and answer.fault ~= "hang" then
    local status = answer.status
    assert(type(status) == "number" and status >= 200 and status <= 999 and status % 1 == 0, "malformed status")
    assert(answer.body == nil or type(answer.body) == "string", "malformed body")
    for _, header in ipairs(answer.headers or {}) do
      local name, value = tostring(header[1]), tostring(header[2])
      assert(name:find(requests.TOKEN) and not value:find "[%z\r\n]", "a header that can't be sent")
    end
  end
  return answer
end

local function json(status, value, ...)
  local headers = { { "Content-Type", "application/json" }, ... }
  return { status = status, headers = headers, body = type(value) == "string" and value or cjson.encode(value) }
end

--- What JSON said, as Lua would have said it: no null, and whole numbers as integers where there are any.
local function from_json(value)
  if type(value) == "table" then
    local copy = {}
    for key, member in pairs(value) do
      copy[key] = from_json(member)
    end
    return copy
  elseif type(value) == "number" then
    return math.tointeger and math.tointeger(value) or value
  elseif value ~= cjson.null then
    return value
  end
end

--- What of a value JSON can say.
local function to_json(value)
  local kind = type(value)
  if kind == "table" then
    local copy = {}
    for key, member in pairs(value) do
      if type(key) == "string" or type(key) == "number" then
        copy[key] = to_json(member)
      end
    end
    return copy
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    return value
  end
end

local ADMINISTRATION = {
  ["/_fake/fail"] = {
    method = "POST",
    run = function(api, request)
      local ok, fault = pcall(cjson.decode, request.body or "")
      if not ok or type(fault) ~= "table" then
        return json(400, { message = "a JSON object is needed" })
      end
      local taken, why = pcall(api.fail, api, from_json(fault))
      if not taken then
        return json(400, { message = tostring(why) })
      end
      return { status = 204 }
    end,
  },
  ["/_fake/reset"] = {
    method = "POST",
    run = function(api)
      api:reset()
      return { status = 204 }
    end,
  },
  ["/_fake/log"] = {
    method = "GET",
    run = function(api)
      local log = to_json(api.log or {})
      return json(200, #log == 0 and "[]" or log)
    end,
  },
}

--- Finds the answer: the server's own for its administration paths, else the API's. A handler that raises is a bug
--- of the handler: told on stderr and to the client.
---@param request seranking.fake.Request
---@return seranking.fake.WireAnswer
function Server:answer(request)
  local own = request.path:sub(1, 7) == "/_fake/"
  local page = ADMINISTRATION[request.path]
  local ok, answer = xpcall(function()
    if page and page.method == request.method then
      return check(page.run(self.api, request))
    elseif page then
      return json(405, { message = "Method Not Allowed" }, { "Allow", page.method })
    elseif own then
      return json(404, { message = "Not Found" })
    end
    return check(self.api:handle(request))
  end, debug.traceback)
  if not ok then
    io.stderr:write("seranking.fake.server: the handler failed: ", tostring(answer), "\n")
    answer = json(500, { message = "the fake API failed: " .. tostring(answer):match "^[^\n]*" })
  end
  if self.observe and not own then
    self.observe(request, answer)
  end
  return answer
end

--- Lets a connection go on until it waits again.
---@param conn seranking.fake.Connection
---@param ready boolean
---@return boolean alive
local function resume(conn, ready)
  local ok, want, detail = coroutine.resume(conn.thread, ready)
  if not ok then
    local trace = debug.traceback(conn.thread, want)
    conn:shut "abort"
    error(trace, 0)
  elseif want == "leave" then
    conn:shut(detail)
    return false
  end
  conn.want, conn.deadline = want, detail
  return true
end

--- Takes the connections that wait to be accepted.
function Server:accept()
  for _ = 1, BACKLOG do
    local tcp, why = self.listener:accept()
    if not tcp then
      if why ~= "timeout" then
        self.paused_until = clock() + 0.05               -- out of descriptors: the listener stays ready meanwhile
      end
      return
    end
    local sock = tcp
    if tcp:getfd() >= socket._SETSIZE then
      io.stderr:write("seranking.fake.server: connection dropped: more descriptors are open than select can watch\n")
      sock = nil
    else
      tcp:settimeout(0)
      tcp:setoption("tcp-nodelay", true)
      if self.context then
        sock = require("ssl").wrap(tcp, self.context)
        if sock then
          sock:settimeout(0)
        end
      end
    end
    if sock then
      self.connections[#self.connections + 1] = Connection.new(self, tcp, sock)
    else
      tcp:close()
    end
  end
end

--- Does what can be done now; waits for something to do where there is nothing.
---@param timeout number? seconds to wait at most; 0 when left out
---@return boolean worked whether anything was done
function Server:step(timeout)
  assert(self.listener, "the server is closed")
  local readers, writers = {}, {}
  local due = clock() + (timeout or 0)
  if clock() >= self.paused_until then
    readers[1] = self.listener
  else
    due = math.min(due, self.paused_until)
  end
  for source in pairs(self.watched) do
    readers[#readers + 1] = source
  end
  for _, conn in ipairs(self.connections) do
    if conn.want == "read" then
      readers[#readers + 1] = conn.sock
    elseif conn.want == "write" then
      writers[#writers + 1] = conn.sock
    end
    due = math.min(due, conn.deadline or due)
  end

  local readable, writable = socket.select(readers, writers, math.max(0, due - clock()))
  local worked, now = false, clock()
  local before = self.connections
  self.connections = {}
  for index, conn in ipairs(before) do
    local ready = conn.want == "read" and readable[conn.sock] or conn.want == "write" and writable[conn.sock]
    local alive = true
    if ready or conn.deadline and conn.deadline <= now then
      worked = true
      local ok, result = pcall(resume, conn, ready and true or false)
      if not ok then                                     -- a bug of this file: keep the others, and tell the caller
        for rest = index + 1, #before do
          self.connections[#self.connections + 1] = before[rest]
        end
        error(result, 0)
      end
      alive = result
    end
    if alive then
      self.connections[#self.connections + 1] = conn
    end
  end
  if readable[self.listener] then
    worked = true
    self:accept()
  end
  for source, on_readable in pairs(self.watched) do
    if readable[source] then
      worked = true
      on_readable()
    end
  end
  return worked
end

--- Serves until told to stop, or closed.
---@param should_stop (fun(): boolean)? asked after each step, at least four times a second
function Server:run(should_stop)
  while self.listener and not (should_stop and should_stop()) do
    self:step(TURN)
  end
end

--- Has `step` watch something else too, such as a pipe.
---@param source table with a method getfd, as socket.select wants it
---@param on_readable fun()? must take what there is to read; nil ends the watch
function Server:watch(source, on_readable)
  self.watched[source] = on_readable
end

--- Closes the port and all connections. May be called again.
function Server:close()
  if self.listener then
    self.listener:close()
    self.listener = nil
    for _, conn in ipairs(self.connections) do
      conn:shut "close"
    end
    self.connections = {}
  end
end

local server = {}

---@class seranking.fake.ServerOptions
---@field api table has :handle(request) -> answer; for the administration paths also :fail, :reset and .log
---@field host string? "127.0.0.1" (the default), another address in 127/8, "::1" or "localhost"; nothing else
---@field port integer? 0, the default, takes any that is free
---@field tls { certificate: string, key: string }? PEM files; needs luasec
---@field max_body integer? bytes; 64 MiB when left out
---@field observe fun(request: seranking.fake.Request, answer: seranking.fake.WireAnswer)? told of each answer of the
---  API, before it is sent

--- Opens a port. Nothing is served until `step` or `run` is called.
---@param options seranking.fake.ServerOptions
---@return seranking.fake.Server? server
---@return string? message why the port or the certificate can't be had
function server.new(options)
  local host = options.host or "127.0.0.1"
  if host == "localhost" then
    host = "127.0.0.1"
  end
  if host ~= "::1" and not host:find "^127%.%d+%.%d+%.%d+$" then
    error("the fake API serves this machine only: host must be a loopback address", 2)
  elseif type(options.api) ~= "table" then
    error("api: an object with a method handle is needed", 2)
  end

  local context, why
  if options.tls then
    context, why = require("ssl").newcontext {
      mode = "server", protocol = "any", options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1", "no_tlsv1_1" },
      certificate = options.tls.certificate, key = options.tls.key,
    }
    if not context then
      return nil, why
    end
  end
  local listener
  listener, why = socket.bind(host, options.port or 0, BACKLOG)
  if not listener then
    return nil, why
  end
  if listener:getfd() >= socket._SETSIZE then
    listener:close()
    return nil, "more descriptors are open than select can watch"
  end
  listener:settimeout(0)
  local _, port = listener:getsockname()
  port = math.floor(tonumber(port))
  local scheme = context and "https" or "http"
  return setmetatable({
    host = host,
    port = port,
    url = ("%s://%s:%d"):format(scheme, host == "::1" and "[::1]" or host, port),
    api = options.api,
    max_body = options.max_body or BODY_LIMIT,
    observe = options.observe,
    context = context,
    listener = listener,
    connections = {},
    watched = {},
    paused_until = 0,
  }, Server)
end

return server
