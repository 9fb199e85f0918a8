--- Reads HTTP/1.1 requests from a connection of the fake's server.
-- SPDX-License-Identifier: MIT
--
-- Strict on purpose: the server exists to test clients, so what RFC 9112 forbids them is answered with 400.

local HEAD_LIMIT = 64 * 1024       -- bytes of the request line and all header lines; trailers have as many again
local CHUNK_LINE_LIMIT = 4 * 1024  -- bytes of a chunk's size line

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~]+$" -- RFC 9110, section 5.6.2

local requests = { TOKEN = TOKEN }

--- Reads header lines up to the empty one.
---@param conn seranking.fake.Connection
---@param limit integer bytes left of the head's limit
---@return table<string, string> headers by lower-case name
---@return table<string, integer> times how often each came
local function read_headers(conn, limit)
  local headers, times = {}, {}
  while true do
    local line, size = conn:line(limit, 431)
    limit = limit - size
    if line == "" then
      return headers, times
    end
    local name, value = line:match "^([^:%s]+):[ \t]*(.-)[ \t]*$"
    if not name or not name:find(TOKEN) or value:find "[%z\1-\8\10-\31\127]" then
      conn:refuse(400, "malformed header line")
    end
    name = name:lower()
    times[name] = (times[name] or 0) + 1
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
end

---@return string body
local function read_chunks(conn)
  local parts, total = {}, 0
  while true do
    local line = conn:line(CHUNK_LINE_LIMIT, 400)
    local digits, extension = line:match "^(%x+)[ \t]*(.*)$"
    if not digits or #digits > 12 or extension ~= "" and extension:sub(1, 1) ~= ";" then
      conn:refuse(400, "malformed chunk size")
    end
    local size = tonumber(digits, 16)
    total = total + size
    if total > conn.server.max_body then
      conn:refuse(413, "body too large")
    elseif size == 0 then
      read_headers(conn, HEAD_LIMIT)
      return table.concat(parts)
    end
    parts[#parts + 1] = conn:exactly(size)
    if conn:exactly(2) ~= "\r\n" then
      conn:refuse(400, "chunk without CRLF")
    end
  end
end

--- Checks how the body is framed, and asks for it where the client waits to be asked.
---@return integer|"chunked"|nil length
local function framing(conn, version, headers, times)
  local coding, length = headers["transfer-encoding"], headers["content-length"]
  if coding and (length or version == "1.0") then
    conn:refuse(400, "Transfer-Encoding with Content-Length or HTTP/1.0")
  elseif coding and coding:lower() ~= "chunked" then
    conn:refuse(501, "unknown transfer coding")
  elseif length then
    if times["content-length"] > 1 or not length:find "^%d+$" then
      conn:refuse(400, "malformed Content-Length")
    end
    length = tonumber(length)
    if length > conn.server.max_body then
      conn:refuse(413, "body too large")
    end
  end
  local expect = version == "1.1" and headers.expect
  if expect and expect:lower() ~= "100-continue" then
    conn:refuse(417, "unknown expectation")
  elseif expect and (coding or length and length > 0) and conn:pending() == 0 then
    conn:send "HTTP/1.1 100 Continue\r\n\r\n"
  end
  return coding and "chunked" or length
end

--- Reads one whole request. Ends the connection when the client has left or sends something else.
---@return seranking.fake.Request request headers: repeated ones joined with ", "; query: "" where the target ends with
---  "?"; body: nil where it is empty
---@return table wire what the answer's framing depends on: method, version, close
function requests.read(conn)
  while conn:pending() == 0 and not conn.eof do
    conn:fill()
  end
  if conn:pending() == 0 then
    conn:leave "close"
  end
  local line, size = conn:line(HEAD_LIMIT, 431)
  if line == "" then                                     -- RFC 9112, section 2.2: one empty line is to be skipped
    line, size = conn:line(HEAD_LIMIT, 431)
  end
  local method, target, version = line:match "^(%S+) (%S+) HTTP/(%d%.%d)$"
  if not method or not method:find(TOKEN) or target:find "[^\33-\126]" or target:find("#", 1, true) then
    conn:refuse(400, "malformed request line")
  elseif version ~= "1.0" and version ~= "1.1" then
    conn:refuse(505, "HTTP/1.1 is spoken here")
  end
  local rest = target:match "^[hH][tT][tT][pP][sS]?://[^/?]+(.*)$"         -- the form meant for proxies
  if rest then
    target = rest:sub(1, 1) == "/" and rest or "/" .. rest
  elseif target:sub(1, 1) ~= "/" and not (target == "*" and method == "OPTIONS") then
    conn:refuse(400, "malformed request target")
  end
  local headers, times = read_headers(conn, HEAD_LIMIT - size)
  if version == "1.1" and times.host ~= 1 then
    conn:refuse(400, "one Host header is needed")
  end

  local length, body = framing(conn, version, headers, times), nil
  if length == "chunked" then
    body = read_chunks(conn)
  elseif length then
    body = conn:exactly(length)
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
    tls = conn.sock ~= conn.tcp or nil,
  }, { method = method, version = version, close = close }
end

return requests
