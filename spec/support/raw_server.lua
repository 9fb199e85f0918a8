--- A server in another process that sends exactly the given bytes, well-formed or not, and reports what it received.
-- SPDX-License-Identifier: MIT
--
-- This file is both ends: specs require it, and it runs as the server, with the port of the spec's control socket.
--
-- The server runs a list of steps on each connection, { name, arguments… } or just the name:
--   "request"           reads a request with its body (of Content-Length) and records it
--   "head"              reads a request up to the empty line and records it, without a body
--   { "skip", n }       reads n bytes and discards them
--   { "send", bytes }   sends them
--   { "pieces", list, seconds }  sends the pieces at this interval
--   { "by_target", scripts }  goes on with the steps that are listed for the last request's target
--   "echo"              answers the last request with JSON that holds its method and target
--   { "dribble", bytes, seconds }  sends them at this interval until the client disconnects
--   { "await", n }      waits until n connections have been opened
--   { "ended", n }      waits until the n-th connection has ended
--   "idle"              waits until the client disconnects
--   "close"             closes the connection in an orderly way
--   "cut"               closes it without TLS's close_notify
--   "reset"             ends it with a TCP reset
--   "exit"              ends the whole server at once, like kill -9
--   { "again", n }      goes back to the n-th step (default: the first)
-- After the last step the connection idles.

local socket = require "socket"
local cjson = require("cjson").new()

local PATIENCE = 10 -- seconds that one end waits for the other
local LIFE = 600    -- seconds after which the server ends by itself
local SLICE = 65536 -- bytes per read

cjson.encode_sparse_array(true)

--- An answer with a Content-Length.
---@param status string "200 OK"
---@param headers string[] lines
---@param body string
---@return string bytes
local function answer(status, headers, body)
  local lines = { "HTTP/1.1 " .. status }
  for _, line in ipairs(headers) do
    lines[#lines + 1] = line
  end
  lines[#lines + 1] = ("Content-Length: %d"):format(#body)
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

-- ---- the server's side: each connection is a coroutine that yields what it waits for ----

---@param want "read"|"write"|"nothing"
---@param due? number resume at this time at the latest
local function await(want, due)
  return coroutine.yield(want, due)
end

local Connection = {}
Connection.__index = Connection

--- Ends the coroutine; `how` is for the report.
local function leave(how)
  coroutine.yield("leave", how)
end

function Connection:fill()
  await(self.receive_on)
  local data, why, partial = self.sock:receive(SLICE)
  self.buffer = self.buffer .. (data or partial or "")
  self.receive_on = why == "wantwrite" and "write" or "read"
  if why and why ~= "timeout" and why ~= "wantread" and why ~= "wantwrite" then
    leave "client"
  end
end

function Connection:take(size)
  local parts = {}
  while size > 0 do
    if self.buffer == "" then
      self:fill()
    end
    local part = self.buffer:sub(1, size)
    self.buffer = self.buffer:sub(#part + 1)
    size = size - #part
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

--- Reads and records a head: method, target, version, names (in order), headers (repeated ones joined), head.
function Connection:read_head()
  while not self.buffer:find("\r\n\r\n", 1, true) do
    self:fill()
  end
  local _, finish = self.buffer:find("\r\n\r\n", 1, true)
  local head = self:take(finish)
  local request = { head = head, names = {}, headers = {} }
  request.method, request.target, request.version = head:match "^(%S+) (%S+) HTTP/(%S+)\r\n"
  for name, value in head:gmatch "\n([^:\r\n]+):[ \t]*([^\r\n]*)" do
    local key = name:lower()
    request.names[#request.names + 1] = name
    request.headers[key] = request.headers[key] and request.headers[key] .. ", " .. value or value
  end
  table.insert(self.report.requests, request)
  return request
end

function Connection:last_request()
  local requests = self.report.requests
  return requests[#requests]
end

function Connection:send(bytes)
  local sent = 0
  while sent < #bytes do
    local last, why, partial = self.sock:send(bytes, sent + 1)
    sent = last or partial or sent
    if why == "wantread" then
      await "read"
    elseif why == "timeout" or why == "wantwrite" then
      await "write"
    elseif why then
      leave "client"
    end
  end
end

local steps = {}

function steps.request(conn)
  local request = conn:read_head()
  request.body = conn:take(tonumber(request.headers["content-length"]) or 0)
end

function steps.head(conn)
  conn:read_head()
end

function steps.skip(conn, size)
  conn:take(math.floor(size))
end

function steps.send(conn, bytes)
  conn:send(bytes)
end

function steps.pieces(conn, list, seconds)
  for i, bytes in ipairs(list) do
    if i > 1 then
      await("nothing", socket.gettime() + seconds)
    end
    conn:send(bytes)
  end
end

function steps.by_target(conn, scripts)
  conn:run(assert(scripts[conn:last_request().target], "no steps for this target"))
end

function steps.echo(conn)
  local request = conn:last_request()
  conn:send(answer("200 OK", { "Content-Type: application/json" },
    cjson.encode { method = request.method, target = request.target }))
end

function steps.dribble(conn, bytes, seconds)
  while true do
    conn:send(bytes)
    await("nothing", socket.gettime() + seconds)
  end
end

function steps.await(conn, count)
  while #conn.server.reports < count do
    await("nothing", socket.gettime() + 0.002)
  end
end

function steps.ended(conn, number)
  local report = conn.server.reports[math.floor(number)]
  while not report.ended do
    await("nothing", socket.gettime() + 0.002)
  end
end

function steps.idle(conn)
  while true do
    conn:fill()
  end
end

function steps.close()
  leave "close"
end

function steps.cut()
  leave "cut"
end

function steps.reset()
  leave "reset"
end

function steps.exit()
  os.exit(0)
end

function Connection:handshake()
  while true do
    local done, why = self.sock:dohandshake()
    if done then
      return
    elseif why ~= "wantread" and why ~= "timeout" and why ~= "wantwrite" then
      leave("handshake: " .. tostring(why))
    end
    await(why == "wantwrite" and "write" or "read")
  end
end

function Connection:live()
  if self.sock ~= self.tcp then
    self:handshake()
  end
  self:run(self.script)
  steps.idle(self)
end

--- Runs steps to the last one.
function Connection:run(script)
  local at = 1
  while script[at] do
    local step = script[at]
    at = at + 1
    if type(step) == "string" then
      step = { step }
    end
    if step[1] == "again" then
      at = math.floor(step[2] or 1)
    else
      assert(steps[step[1]], "no such step")(self, step[2], step[3])
    end
  end
end

--- Closes the descriptor.
---@param how string
function Connection:shut(how)
  local tcp, sock = self.tcp, self.sock
  self.report.ended = how
  if sock ~= tcp then
    tcp:setfd(sock:getfd()) -- for operations that luasec lacks
  end
  if how == "reset" then
    tcp:setoption("linger", { on = true, timeout = 0 })
  end
  if sock ~= tcp then
    if how ~= "close" then
      tcp:shutdown "both"   -- makes TLS's close_notify fail at once: it would wait for a client that doesn't read
    end
    tcp:setfd(require("ssl.core").SOCKET_INVALID)
  end
  sock:close()
end

--- Resumes a connection. Returns false when it has ended.
local function resume(conn)
  local ok, want, detail = coroutine.resume(conn.thread)
  if not ok then
    error(debug.traceback(conn.thread, want), 0)
  elseif want == "leave" then
    conn:shut(detail)
    return false
  end
  conn.want, conn.due = want, detail
  return true
end

local Server = {}
Server.__index = Server

--- Accepts a connection, and runs it until it has to wait.
function Server:accept()
  local tcp = self.listener:accept()
  if not tcp then
    return
  end
  tcp:settimeout(0)
  tcp:setoption("tcp-nodelay", true)
  local sock = tcp
  if self.context then
    sock = assert(require("ssl").wrap(tcp, self.context))
    sock:settimeout(0)
  end
  local report = { requests = {} }
  table.insert(self.reports, report)
  local conn = setmetatable({
    server = self, tcp = tcp, sock = sock, buffer = "", receive_on = "read", report = report,
    script = self.connections[#self.reports] or self.otherwise,
  }, Connection)
  conn.thread = coroutine.create(function() conn:live() end)
  if resume(conn) then
    table.insert(self.live, conn)
  end
end

--- Runs the connections that are ready, or waits up to `timeout` seconds for one.
---@return boolean worked whether a client was active; timers don't count
---@return table readable
function Server:step(timeout)
  local readers, writers, due = { self.listener, self.control, self.stdin }, {}, socket.gettime() + timeout
  for _, conn in ipairs(self.live) do
    if conn.want == "read" then
      readers[#readers + 1] = conn.sock
    elseif conn.want == "write" then
      writers[#writers + 1] = conn.sock
    end
    due = math.min(due, conn.due or due)
  end
  local readable, writable = socket.select(readers, writers, math.max(0, due - socket.gettime()))
  local now, live, worked = socket.gettime(), self.live, false
  self.live = {}
  for _, conn in ipairs(live) do
    local ready = conn.want == "read" and readable[conn.sock] or conn.want == "write" and writable[conn.sock]
    worked = worked or ready and true
    if not ready and not (conn.due and conn.due <= now) or resume(conn) then
      table.insert(self.live, conn)
    end
  end
  if readable[self.listener] then
    worked = true
    self:accept()
  end
  return worked, readable
end

--- Whether a connection has something to do, or to wait for, that is not its client's.
function Server:busy()
  for _, conn in ipairs(self.live) do
    if conn.want ~= "read" then
      return true
    end
  end
end

--- The program.
---@param control_port integer
local function serve(control_port)
  local control = assert(socket.connect("127.0.0.1", control_port))
  local script = cjson.decode((assert(control:receive "*l")))
  local listener = assert(socket.bind("127.0.0.1", math.floor(script.port), 64))
  listener:settimeout(0)
  local _, port = listener:getsockname()
  local self = setmetatable({
    listener = listener, control = control, stdin = { getfd = function() return 0 end },
    connections = script.connections, otherwise = script.otherwise, reports = {}, live = {},
  }, Server)
  if script.tls then
    self.context = assert(require("ssl").newcontext {
      mode = "server", protocol = script.tls.protocol or "any", certificate = script.tls.certificate,
      key = script.tls.key, cafile = script.tls.cafile, verify = script.tls.verify or "none",
      alpn = script.tls.alpn and function() return script.tls.alpn end,
    })
  end
  assert(control:send(cjson.encode { port = tonumber(port) } .. "\n"))
  local ends = socket.gettime() + LIFE
  while socket.gettime() < ends do
    local _, readable = self:step(1)
    if readable[self.stdin] then       -- nothing is sent there, so it has ended
      return
    elseif readable[control] then
      local line = control:receive "*l"
      if not line then
        return
      end
      local question = cjson.decode(line)
      while self:step(0) do end        -- the answer includes what clients did before the question
      while question.settle and self:busy() do
        self:step(0.01)
      end
      assert(control:send(cjson.encode(question.settle and {} or self.reports) .. "\n"))
    end
  end
end

-- ---- the specs' side ----

local raw_server = { answer = answer }

---@class spec.RawRequest
---@field method string
---@field target string
---@field version string
---@field names string[] of the headers, as received
---@field headers table<string, string> by lower-case name
---@field head string the whole head, as received
---@field body string?

---@class spec.RawConnection
---@field requests spec.RawRequest[]
---@field ended string? "client", "close", "cut" or "reset": who ended it, and how; nil while it is open

---@class spec.RawServer its functions take no self
---@field url string
---@field port integer
---@field report fun(): spec.RawConnection[]
---@field settle fun()
---@field requests fun(): spec.RawRequest[]
---@field stop fun()

---@class spec.RawOptions
---@field port integer? default: a free one
---@field tls { certificate: string, key: string, protocol: string?, alpn: string?, verify: string[]?, cafile: string? }?
--- files; `alpn` "h2" negotiates HTTP/2; `verify` and `cafile` as in luasec; default: plain text
---@field otherwise table? the steps of connections after those listed; default: ANSWER to each request

--- The answer to every request on connections without steps of their own.
raw_server.ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}"

--- Starts a server and waits until it accepts connections. It ends with stop(), with this process, or after ten minutes.
--- Its process inherits luasocket's open sockets: open those that it must not hold afterwards.
---@param connections table[] the steps of the first connection, of the second …
---@param options spec.RawOptions?
---@return spec.RawServer
function raw_server.start(connections, options)
  options = options or {}
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, control_port = listener:getsockname()
  local interpreter = require("spec.support.process").interpreter()
  local pipe = assert(io.popen(("exec '%s' spec/support/raw_server.lua %s"):format(interpreter, control_port), "w"))
  listener:settimeout(PATIENCE)
  local control = listener:accept()
  listener:close()
  if not control then
    pipe:close()
    error("the raw server did not start", 2)
  end
  control:settimeout(PATIENCE)

  --- Sends the server a question. Returns nil if it has ended.
  local function ask(question)
    if control:send(cjson.encode(question) .. "\n") then
      local line = control:receive "*l"
      return line and cjson.decode(line)
    end
  end

  local started = ask {
    connections = connections, port = options.port or 0, tls = options.tls,
    otherwise = options.otherwise or { "request", { "send", raw_server.ANSWER }, "again" },
  }
  if not started then
    control:close()
    pipe:close()
    error("the raw server has no port", 2)
  end
  local port = math.floor(started.port)
  local server = { port = port, url = ("%s://127.0.0.1:%d"):format(options.tls and "https" or "http", port) }

  --- All connections so far, with their clients' actions until now.
  function server.report()
    return assert(ask { report = true }, "the raw server has ended")
  end

  --- Waits until each connection has ended, or waits for its client.
  function server.settle()
    assert(ask { settle = true }, "the raw server has ended, or is busy")
  end

  --- The requests of all connections.
  function server.requests()
    local list = {}
    for _, connection in ipairs(server.report()) do
      for _, request in ipairs(connection.requests) do
        list[#list + 1] = request
      end
    end
    return list
  end

  --- Stops the process and waits until it has ended. May be called again.
  function server.stop()
    if pipe then
      control:close()
      pipe:close()
      pipe = nil
    end
  end

  return server
end

local name = ...
if name ~= "spec.support.raw_server" then
  return serve(name)
end
return raw_server
