--- The program of spec.support.raw_server: a server that runs a list of steps on each connection.
-- SPDX-License-Identifier: MIT
--
--   lua spec/support/raw_server_program.lua PORT      of the control socket of the spec, which sends the steps
--
-- A step is { name, arguments… } or just the name:
--   "request"           reads a request with its body (of Content-Length) and records it
--   "head"              reads a request up to the empty line and records it, without a body
--   { "skip", n }       reads n bytes and discards them
--   { "send", bytes }   sends them
--   { "pieces", list, seconds }  sends the pieces at this interval
--   { "by_target", scripts }  goes on with the steps that are listed for the last request's target
--   "tls"               begins TLS
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

local cjson = require("cjson").new()
local raw_server = require "spec.support.raw_server"
local socket = require "socket"

local LIFE = 600    -- seconds after which the server ends by itself
local SLICE = 65536 -- bytes per read

cjson.encode_sparse_array(true)

-- Each connection is a coroutine that yields what it waits for.

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

function steps.tls(conn)
  conn:handshake()
end

function steps.echo(conn)
  local request = conn:last_request()
  conn:send(raw_server.answer("200 OK", { "Content-Type: application/json" },
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
  self.sock = assert(require("ssl").wrap(self.tcp, self.context))
  self.sock:settimeout(0)
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
  if self.context and not self.server.tls_later then
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
  local report = { requests = {} }
  table.insert(self.reports, report)
  local conn = setmetatable({
    server = self, tcp = tcp, sock = tcp, buffer = "", receive_on = "read", report = report,
    script = self.connections[#self.reports] or self.otherwise,
    context = self.context,
  }, Connection)
  if #self.reports == 1 and self.first_context ~= nil then
    conn.context = self.first_context
  end
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

function Server:drop()
  for _, conn in ipairs(self.live) do
    conn:shut "close"
  end
  self.live = {}
end

--- Whether a connection has something to do, or to wait for, that is not its client's.
function Server:busy()
  for _, conn in ipairs(self.live) do
    if conn.want ~= "read" then
      return true
    end
  end
end

--- luasec's context.
---@param tls spec.RawTls
local function context_of(tls)
  return assert(require("ssl").newcontext {
    mode = "server", protocol = tls.protocol or "any", certificate = tls.certificate, key = tls.key, cafile = tls.cafile,
    verify = tls.verify or "none", alpn = tls.alpn and function() return tls.alpn end,
  })
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
    local first = script.tls.first
    self.context, self.tls_later = context_of(script.tls), script.tls.later
    self.first_context = first and context_of(first)
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
      if question.drop then
        self:drop()
      end
      assert(control:send(cjson.encode(question.report and self.reports or {}) .. "\n"))
    end
  end
end

serve(...)
