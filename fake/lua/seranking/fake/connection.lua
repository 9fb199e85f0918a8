--- One connection of the fake's server: a coroutine that reads and writes as if it could block.
-- SPDX-License-Identifier: MIT
--
-- Where it can't go on, it yields what it waits for ("read", "write" or "nothing") and until when; the server's `step`
-- resumes it. So a client that is slow, silent or served late holds up no other.

local socket = require "socket"
local cjson = require("cjson").new()

local requests = require "seranking.fake.requests"

local SLICE = 64 * 1024     -- bytes moved at once, before the other connections get their turn
local HANDSHAKE_TIME = 10   -- seconds a client has to agree on TLS
local LINGER = 1            -- seconds a client has to read the last answer and leave
local SLOW_BYTE = 0.05      -- seconds that the fault "slow" waits before each byte of the body

---@class seranking.fake.WireAnswer: seranking.fake.Answer what a handler may answer beyond what the fake API does
---@field raw? string exactly these bytes are sent instead of status, headers and body; then the connection is closed

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

---@class seranking.fake.Connection
---@field server seranking.fake.Server
---@field tcp table luasocket's object; has lost its descriptor to `sock` where TLS is spoken
---@field sock table what is read and written: `tcp`, or luasec's object on top of it
---@field buffer string what has come; used up to `from - 1`
---@field from integer
---@field eof boolean the client sends nothing more
---@field receive_on "read"|"write" what to wait for before the next receive (TLS may need to write first)
---@field thread thread
---@field want "read"|"write"|"nothing" what the coroutine waits for
---@field deadline number? resume at this time even if that has not come
local Connection = { clock = clock }
Connection.__index = Connection

--- Waits, while other connections are served.
---@param want "read"|"write"|"nothing"
---@param deadline number? by `clock`
---@return boolean ready false when the deadline came first
local function await(want, deadline)
  return coroutine.yield(want, deadline)
end

--- Ends the connection. Does not return: the coroutine is never resumed.
---@param how "close"|"abort"|"reset" orderly; without TLS's close_notify, as if the peer had died; with a TCP reset
function Connection.leave(_, how)
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
    self:leave "abort"
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
      self:leave "abort"
    end
  end
end

--- Waits until a time, or ends the connection as soon as the client has left: it will not read what comes then.
---@param due number by `clock`
function Connection:sleep(due)
  while clock() < due do
    if self.eof then
      self:leave "abort"
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
    self:leave(how)
  end
  if not tls then
    self.sock:shutdown "send"
  end
  self:discard(clock() + LINGER)
  self:leave(how)
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

--- Sends an answer, or does what its fault says.
---@param wire table
---@param answer seranking.fake.WireAnswer
function Connection:reply(wire, answer)
  local fault = answer.fault
  if (answer.delay or 0) > 0 then
    self:sleep(clock() + answer.delay)
  end
  if fault == "refuse" then
    self:leave "reset"
  elseif fault == "drop" then
    self:leave "abort"
  elseif fault == "hang" then
    self:discard(math.huge)
    self:leave "abort"
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
        self:leave "abort"
      end
    end
  end
  while true do
    local request, wire = requests.read(self)
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

--- A connection of `server`, about to begin.
---@param server seranking.fake.Server
---@param tcp table luasocket's object
---@param sock table what is read and written: `tcp`, or luasec's object on top of it
---@return seranking.fake.Connection
function Connection.new(server, tcp, sock)
  local self = setmetatable({
    server = server, tcp = tcp, sock = sock, buffer = "", from = 1, eof = false,
    receive_on = "read", want = "nothing", deadline = 0,
  }, Connection)
  self.thread = coroutine.create(function() self:live() end)
  return self
end

return Connection
