--- A small HTTP/1.1 server on luasocket: gives a fake API, or anything with `:handle`, a port on this machine.
-- SPDX-License-Identifier: MIT
--
-- One thread, one select loop. Each connection is a coroutine that reads and writes as if it could block; where it
-- can't go on it yields what it waits for ("read", "write" or "nothing") and until when, and `step` resumes it. So a
-- client that is slow, silent or served late holds up nobody else.
--
-- The server is strict on purpose: it exists to test clients, so what RFC 9112 forbids them is answered with 400.

local socket = require "socket"
local cjson = require("cjson").new()

cjson.encode_sparse_array(true)
cjson.encode_invalid_numbers("null")

local HEAD_LIMIT = 64 * 1024           -- bytes: the request line and all header lines; trailers have as much again
local CHUNK_LINE_LIMIT = 4 * 1024      -- bytes: the size line of a chunk
local BODY_LIMIT = 64 * 1024 * 1024    -- bytes: unless max_body says otherwise
local SLICE = 64 * 1024                -- bytes: moved at once, before the other connections get their turn
local BACKLOG = 1024
local HANDSHAKE_TIME = 10              -- seconds a client has to agree on TLS
local LINGER = 1                       -- seconds a client has to read the last answer and go
local SLOW_BYTE = 0.05                 -- seconds: what the fault "slow" puts before each byte of the body
local TURN = 0.25                      -- seconds: how long `run` waits at most before it asks should_stop again

local REASONS = {
  [200] = "OK", [201] = "Created", [202] = "Accepted", [204] = "No Content", [301] = "Moved Permanently",
  [302] = "Found", [304] = "Not Modified", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed", [409] = "Conflict", [413] = "Content Too Large",
  [417] = "Expectation Failed", [422] = "Unprocessable Content", [429] = "Too Many Requests",
  [431] = "Request Header Fields Too Large", [500] = "Internal Server Error", [501] = "Not Implemented",
  [502] = "Bad Gateway", [503] = "Service Unavailable", [504] = "Gateway Timeout",
  [505] = "HTTP Version Not Supported",
}

local FAULTS = { refuse = true, drop = true, truncate = true, hang = true, slow = true }

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$"                             -- RFC 9110, section 5.6.2

---@class seranking.fake.WireAnswer: seranking.fake.Answer what a handler may answer, beyond what the fake API does
---@field raw? string exactly these bytes are sent instead of status, headers and body; then the connection is closed

-- Time -------------------------------------------------------------------------------------------------------------

local last_time, offset = socket.gettime(), 0

--- Seconds from an unnamed start. The wall clock is the only one that luasocket has; when that is set back, this one
--- goes on from where it was, so that no timer is stretched by it.
---@return number
local function clock()
  local time = socket.gettime() + offset
  if time < last_time then
    offset = offset + last_time - time
    time = last_time
  end
  last_time = time
  return time
end

-- Answers as bytes ------------------------------------------------------------------------------------------------

--- The bytes of an answer.
---@param wire table the request's method, version and close; close is set where the answer asks for it
---@param answer seranking.fake.WireAnswer
---@return string head
---@return string body "" where none may follow
local function encode(wire, answer)
  local status = answer.status
  local lines = { ("HTTP/1.1 %d %s"):format(status, REASONS[status] or "Unknown") }
  local dated, body = false, answer.body or ""
  for _, header in ipairs(answer.headers or {}) do
    local name, value = tostring(header[1]), tostring(header[2])
    local key = name:lower()
    if key == "connection" then
      wire.close = wire.close or value:lower():find("close", 1, true) ~= nil
    elseif key ~= "content-length" and key ~= "transfer-encoding" then
      dated = dated or key == "date"
      lines[#lines + 1] = name .. ": " .. value
    end
  end
  if not dated then
    lines[#lines + 1] = "Date: " .. os.date "!%a, %d %b %Y %H:%M:%S GMT"
  end
  if status == 204 or status == 304 then
    body = ""
  else
    lines[#lines + 1] = ("Content-Length: %d"):format(#body)
  end
  if wire.close then
    lines[#lines + 1] = "Connection: close"
  elseif wire.version == "1.0" then
    lines[#lines + 1] = "Connection: keep-alive"
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n", wire.method == "HEAD" and "" or body
end

-- A connection -----------------------------------------------------------------------------------------------------

---@class seranking.fake.Connection
---@field server seranking.fake.Server
---@field tcp table luasocket's object; has lost its descriptor to `sock` where TLS is spoken
---@field sock table what is read and written: `tcp`, or luasec's object on top of it
---@field buffer string what has come; used up to `from - 1`
---@field from integer
---@field eof boolean the client sends nothing more
---@field receive_on "read"|"write" what to wait for before the next receive (TLS may need to write first)
---@field thread thread
---@field want "read"|"write"|"nothing"
---@field deadline number? resume at this time though what it wants has not come
local Connection = {}
Connection.__index = Connection

--- Waits, while other connections are served.
---@param want "read"|"write"|"nothing"
---@param deadline number? by `clock`
---@return boolean ready false when the deadline came first
local function await(want, deadline)
  return coroutine.yield(want, deadline)
end

--- Ends the connection; does not return, so whatever was under way is abandoned here.
---@param how "close"|"abort"|"reset" orderly; without TLS's good-bye, as if the peer had died; with a TCP reset
local function leave(how)
  coroutine.yield("leave", how)
  error "an ended connection was resumed"
end

--- Waits until something has come or the client has ended its side (`eof`).
---@param deadline number?
---@return boolean ready false when the deadline came first
function Connection:fill(deadline)
  if not await(self.receive_on, deadline) then
    return false
  end
  local data, why, partial = self.sock:receive(SLICE)
  data = data or partial or ""
  if data ~= "" then
    self.buffer = self.buffer:sub(self.from) .. data
    self.from = 1
  end
  self.receive_on = why == "wantwrite" and "write" or "read"
  if why and why ~= "timeout" and why ~= "wantread" and why ~= "wantwrite" then
    self.eof = true
  end
  return true
end

--- Waits for more of a request that has begun; a client that leaves in the middle of one gets no answer.
function Connection:more()
  if self.eof then
    leave "abort"
  end
  self:fill()
end

--- Bytes come but not used.
function Connection:pending()
  return #self.buffer - self.from + 1
end

--- Sends all of it, as far as the client takes it, in turns with the other connections.
---@param data string
function Connection:send(data)
  local sent, size = 0, #data
  while sent < size do
    -- On a second try OpenSSL insists on the same bytes at the same place: so no copy of the rest is made.
    local last, why, partial = self.sock:send(data, sent + 1, math.min(sent + SLICE, size))
    sent = last or partial or sent
    if last then
      if sent < size then
        await("nothing", 0)
      end
    elseif why == "wantread" then
      await "read"
    elseif why == "timeout" or why == "wantwrite" then
      await "write"
    else
      leave "abort"
    end
  end
end

--- Waits until a time, or ends the connection as soon as the client has left: it will not read what comes then.
---@param due number by `clock`
function Connection:sleep(due)
  while clock() < due do
    if self.eof then
      leave "abort"
    elseif self:pending() >= SLICE then
      await("nothing", due)
    else
      self:fill(due)
    end
  end
end

--- Throws away what comes, until the client has left or it is time.
---@param deadline number by `clock`
function Connection:discard(deadline)
  while not self.eof and clock() < deadline do
    self.from = #self.buffer + 1
    self:fill(deadline)
  end
end

--- The next line, without its CRLF, and how many bytes it took.
---@param limit integer bytes, CRLF included
---@param too_long integer the status for a longer one
---@return string line
---@return integer size
function Connection:line(limit, too_long)
  local looked = 0
  while true do
    local finish = self.buffer:find("\n", self.from + looked, true)
    local size = finish and finish - self.from + 1 or self:pending()
    if size > limit then
      self:refuse(too_long, "line or head too long")
    elseif finish then
      local line = self.buffer:sub(self.from, finish - 1)
      self.from = finish + 1
      if line:sub(-1) ~= "\r" then
        self:refuse(400, "line without CRLF")
      end
      return line:sub(1, -2), size
    end
    looked = size
    self:more()
  end
end

--- The next `size` bytes.
---@param size integer
---@return string
function Connection:exactly(size)
  local parts, have = {}, 0
  while true do
    local take = math.min(size - have, self:pending())
    if take > 0 then
      parts[#parts + 1] = self.buffer:sub(self.from, self.from + take - 1)
      self.from = self.from + take
      have = have + take
    end
    if have == size then
      return table.concat(parts)
    end
    self:more()
  end
end

--- Ends a connection after its last answer so that the client can read it. Closing with bytes unread makes TCP send
--- a reset, which may overtake the answer: so the rest is read first, for a while.
---@param how "close"|"abort"
---@param unread boolean? the client is still sending
function Connection:finish(how, unread)
  local tls = self.sock ~= self.tcp
  if tls and not unread then
    leave(how)
  end
  if not tls then
    self.sock:shutdown "send"
  end
  self:discard(clock() + LINGER)
  leave(how)
end

--- Answers a request that can't be understood, and ends the connection. The API never sees it.
---@param status integer
---@param message string
function Connection:refuse(status, message)
  local answer = {
    status = status,
    headers = { { "Content-Type", "application/json" }, { "Connection", "close" } },
    body = cjson.encode { message = message },
  }
  local head, body = encode({ method = "GET", version = "1.1", close = true }, answer)
  self:send(head .. body)
  self:finish("close", true)
end

-- Requests ---------------------------------------------------------------------------------------------------------

--- Reads header lines up to the empty one.
---@param limit integer bytes left of the head's limit
---@return table<string, string> headers by lower-case name
---@return table<string, integer> times how often each came
function Connection:read_headers(limit)
  local headers, times = {}, {}
  while true do
    local line, size = self:line(limit, 431)
    limit = limit - size
    if line == "" then
      return headers, times
    end
    local name, value = line:match "^([^:%s]+):[ \t]*(.-)[ \t]*$"
    if not name or not name:find(TOKEN) or value:find "[%z\1-\8\10-\31\127]" then
      self:refuse(400, "malformed header line")
    end
    name = name:lower()
    times[name] = (times[name] or 0) + 1
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
end

---@return string body
function Connection:read_chunks()
  local parts, total = {}, 0
  while true do
    local line = self:line(CHUNK_LINE_LIMIT, 400)
    local digits, extension = line:match "^(%x+)[ \t]*(.*)$"
    if not digits or #digits > 12 or extension ~= "" and extension:sub(1, 1) ~= ";" then
      self:refuse(400, "malformed chunk size")
    end
    local size = tonumber(digits, 16)
    total = total + size
    if total > self.server.max_body then
      self:refuse(413, "body too large")
    elseif size == 0 then
      self:read_headers(HEAD_LIMIT)
      return table.concat(parts)
    end
    parts[#parts + 1] = self:exactly(size)
    if self:exactly(2) ~= "\r\n" then
      self:refuse(400, "chunk without CRLF")
    end
  end
end

--- Checks how the body is framed, and asks for it where the client waits to be asked.
---@return integer|"chunked"|nil length
function Connection:framing(version, headers, times)
  local coding, length = headers["transfer-encoding"], headers["content-length"]
  if coding and (length or version == "1.0") then
    self:refuse(400, "Transfer-Encoding with Content-Length or HTTP/1.0")
  elseif coding and coding:lower() ~= "chunked" then
    self:refuse(501, "unknown transfer coding")
  elseif length then
    if times["content-length"] > 1 or not length:find "^%d+$" then
      self:refuse(400, "malformed Content-Length")
    end
    length = tonumber(length)
    if length > self.server.max_body then
      self:refuse(413, "body too large")
    end
  end
  local expect = version == "1.1" and headers.expect
  if expect and expect:lower() ~= "100-continue" then
    self:refuse(417, "unknown expectation")
  elseif expect and (coding or length and length > 0) and self:pending() == 0 then
    self:send "HTTP/1.1 100 Continue\r\n\r\n"
  end
  return coding and "chunked" or length
end

--- Reads one request, whole. Ends the connection when the client has left, or sends what is no request.
---@return seranking.fake.Request request headers: repeated ones joined with ", "; query: "" where the target ends with
---  "?"; body: nil where it is empty
---@return table wire what the answer's framing depends on: method, version, close
function Connection:read_request()
  while self:pending() == 0 and not self.eof do
    self:fill()
  end
  if self:pending() == 0 then
    leave "close"
  end
  local line, size = self:line(HEAD_LIMIT, 431)
  if line == "" then                                     -- RFC 9112, section 2.2: one empty line is to be skipped
    line, size = self:line(HEAD_LIMIT, 431)
  end
  local method, target, version = line:match "^(%S+) (%S+) HTTP/(%d%.%d)$"
  if not method or not method:find(TOKEN) or target:find "[^\33-\126]" or target:find("#", 1, true) then
    self:refuse(400, "malformed request line")
  elseif version ~= "1.0" and version ~= "1.1" then
    self:refuse(505, "HTTP/1.1 is spoken here")
  end
  local rest = target:match "^[hH][tT][tT][pP][sS]?://[^/?]+(.*)$"         -- the form meant for proxies
  if rest then
    target = rest:sub(1, 1) == "/" and rest or "/" .. rest
  elseif target:sub(1, 1) ~= "/" and not (target == "*" and method == "OPTIONS") then
    self:refuse(400, "malformed request target")
  end
  local headers, times = self:read_headers(HEAD_LIMIT - size)
  if version == "1.1" and times.host ~= 1 then
    self:refuse(400, "one Host header is needed")
  end

  local length, body = self:framing(version, headers, times), nil
  if length == "chunked" then
    body = self:read_chunks()
  elseif length then
    body = self:exactly(length)
  end

  local path, query = target:match "^([^?]*)%??(.*)$"
  local options = "," .. (headers.connection or ""):lower():gsub("%s", "") .. ","
  local close = options:find(",close,", 1, true) ~= nil
  if version == "1.0" and not options:find(",keep-alive,", 1, true) then
    close = true
  end
  return {
    method = method,
    path = path,
    query = target:find("?", 1, true) and query or nil,
    headers = headers,
    body = body ~= "" and body or nil,
    tls = self.sock ~= self.tcp or nil,
  }, { method = method, version = version, close = close }
end

-- Answers ----------------------------------------------------------------------------------------------------------

--- Sends an answer, or does what its fault says.
---@param wire table
---@param answer seranking.fake.WireAnswer
function Connection:reply(wire, answer)
  local fault = answer.fault
  if (answer.delay or 0) > 0 then
    self:sleep(clock() + answer.delay)
  end
  if fault == "refuse" then
    leave "reset"
  elseif fault == "drop" then
    leave "abort"
  elseif fault == "hang" then
    self:discard(math.huge)
    leave "abort"
  end

  local head, body = "", answer.raw
  if not body then
    head, body = encode(wire, answer)
  end
  if fault == "truncate" then
    -- Where there is no body to cut, the head is cut: something always is missing.
    if body == "" then
      head = head:sub(1, math.floor(#head / 2))
    end
    self:send(head)
    self:send(body:sub(1, math.floor(#body / 2)))
    self:finish "abort"
  elseif fault == "slow" then
    self:send(head)
    for at = 1, #body do
      self:sleep(clock() + SLOW_BYTE)
      self:send(body:sub(at, at))
    end
  elseif #body < SLICE then
    self:send(head .. body)
  else
    self:send(head)
    self:send(body)
  end
  if answer.raw or wire.close then
    self:finish "close"
  end
end

--- The life of a connection, as the body of its coroutine.
function Connection:live()
  if self.sock ~= self.tcp then
    local deadline = clock() + HANDSHAKE_TIME
    while true do
      local done, why = self.sock:dohandshake()
      if done then
        break
      end
      local want = (why == "wantread" or why == "timeout") and "read" or why == "wantwrite" and "write" or nil
      if not want or not await(want, deadline) then
        leave "abort"
      end
    end
  end
  while true do
    local request, wire = self:read_request()
    self:reply(wire, self.server:answer(request))
    if self:pending() > 0 then
      await("nothing", 0)                                -- somebody who sends many at once takes turns as well
    end
  end
end

--- Gives the descriptor back.
---@param how "close"|"abort"|"reset"
function Connection:shut(how)
  local tcp, sock = self.tcp, self.sock
  local tls = sock ~= tcp
  if tls then
    tcp:setfd(sock:getfd())                              -- lent, for what luasec has no method for
  end
  if how == "reset" then
    tcp:setoption("linger", { on = true, timeout = 0 })
  end
  if tls then
    -- luasec says good-bye in blocking mode. Where none is wanted, or the client's buffer is full, TCP is ended
    -- first: then the good-bye fails at once.
    local _, writable = socket.select(nil, { sock }, 0)
    if how ~= "close" or not writable[sock] then
      tcp:shutdown "both"
    end
    tcp:setfd(require("ssl.core").SOCKET_INVALID)
  end
  sock:close()
end

-- The server -------------------------------------------------------------------------------------------------------

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
      assert(name:find(TOKEN) and not value:find "[%z\r\n]", "a header that can't be sent")
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
      local conn = setmetatable({
        server = self, tcp = tcp, sock = sock, buffer = "", from = 1, eof = false,
        receive_on = "read", want = "nothing", deadline = 0,
      }, Connection)
      conn.thread = coroutine.create(function() conn:live() end)
      self.connections[#self.connections + 1] = conn
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
