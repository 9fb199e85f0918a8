--- Answers of odd servers and proxies, and the error that each must cause in every loop.
-- SPDX-License-Identifier: MIT

local odd = {}

local JSON = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
local CHUNKED = JSON .. "Transfer-Encoding: chunked\r\n\r\n"

-- "[]" in gzip.
local GZIP = "\31\139\8\0\0\0\0\0\0\3\1\2\0\253\255[]" .. "\41\187\76\13\2\0\0\0"

-- The beginning of a gzip body of blanks, and the part to repeat: 13 bytes decompress to 2,064 blanks.
local BLANKS, MORE_BLANKS
do
  -- A block of fixed codes: a blank, then copies of 258 blanks. The first bit is the lowest of a byte.
  local bits = "010" .. "01010000" .. ("11000101" .. "00000"):rep(9)
  local bytes = bits:sub(1, 15 * 8):gsub("........", function(byte)
    return string.char(tonumber(byte:reverse(), 2))
  end)
  BLANKS, MORE_BLANKS = "\31\139\8\0\0\0\0\0\0\3" .. bytes:sub(1, 2), bytes:sub(3)
end

-- The steps of a server that answers a request with these bytes.
local function says(...)
  return { "request", { "send", table.concat { ... } }, "close" }
end

-- As above, of a proxy, which receives only a head.
local function proxy_says(...)
  return { "head", { "send", table.concat { ... } } }
end

-- Joins lists of steps.
local function with(steps, ...)
  for _, step in ipairs { ... } do
    steps[#steps + 1] = step
  end
  return steps
end

---@class spec.Odd
---@field name string
---@field steps table of each connection, see raw_server
---@field proxy boolean|"https"? whether it is a proxy; "https": addressed by https
---@field tls boolean? whether the client uses TLS
---@field error string? "kind code"; nil: the outcome depends on libcurl's version
---@field older string? then: the error of older versions, where newer ones accept the answer
---@field timeout number? seconds; default: so long that only a hang reaches it
---@field sent boolean? of the error
---@field retryable boolean? of the error of a GET
---@field says string? part of the error's text

--- Servers that cause an error in every kind of program.
---@type spec.Odd[]
odd.servers = {
  { name = "a first header line that begins with a blank", steps = says(JSON:gsub("\r\n", "\r\n folded: b\r\n", 1),
    "Content-Length: 2\r\n\r\n[]"), older = "protocol bad_answer" },
  { name = "a trailer with a NUL", older = "protocol bad_answer",
    steps = says(CHUNKED, "2\r\n[]\r\n0\r\nX: a\0b\r\n\r\n") },
  { name = "chunks that are none", steps = says(CHUNKED, "zz\r\n[]\r\n"), error = "protocol bad_answer", sent = true,
    retryable = false },
  { name = "a second member behind the gzip body", steps = says(JSON, "Content-Encoding: gzip\r\nContent-Length: ",
    tostring(2 * #GZIP), "\r\n\r\n", GZIP, GZIP), error = "decode bad_encoding", sent = true, retryable = false },
  { name = "a body that is compressed twice", steps = says(JSON, "Content-Encoding: gzip\r\ncontent-encoding:GZIP\r\n\r\n",
    GZIP), error = "decode bad_encoding", sent = true, retryable = false, says = "the body is compressed more than once" },
  { name = "a body of blanks without an end, compressed", error = "timeout no_answer", timeout = 0.5, sent = true,
    steps = { "request", { "send", JSON .. "Content-Encoding: gzip\r\n\r\n" .. BLANKS },
      { "dribble", MORE_BLANKS:rep(5000), 0 } } },
  { name = "a status line without an end", error = "too_large headers", sent = true, retryable = false,
    steps = { "request", { "send", "HTTP/1.1 200 " }, { "dribble", ("x"):rep(8192), 0 } } },
  { name = "headers without an end", steps = { "request", { "send", JSON }, { "dribble", ("X-Y: z\r\n"):rep(999), 0 } },
    error = "too_large headers", sent = true, retryable = false },
  { name = "1xx answers without an end", steps = { "request", { "dribble", ("HTTP/1.1 103 Hints\r\n\r\n"):rep(99), 0 } },
    error = "too_large headers", sent = true, retryable = false },
  { name = "an error whose status line is in small letters", error = "protocol bad_answer", sent = true, retryable = false,
    steps = says("http/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}") },
  { name = "a byte now and then", steps = { "request", { "send", "HTTP/1.1 200 " }, { "dribble", "x", 0.01 } },
    error = "timeout no_answer", timeout = 0.5, sent = true, retryable = true },
  { name = "a head that is cut off", steps = says(JSON), error = "network truncated", sent = true, retryable = true,
    says = "before the answer's headers were complete" },
  { name = "another protocol", steps = { "request", { "send", "SSH-2.0-OpenSSH_9.2\r\n" } }, error = "protocol bad_answer",
    sent = true, retryable = false, says = "the answer is not HTTP (protocol, bad_answer); there is no HTTP server" },
  { name = "304", steps = says("HTTP/1.1 304 Not Modified\r\n\r\n"), error = "protocol unexpected_status", sent = true,
    retryable = false, says = "the server answered 304 without data or another address" },
  { name = "a proxy that wants a password, in a text without an end", proxy = true, error = "network proxy", sent = false,
    steps = with(proxy_says "HTTP/1.1 407 No\r\nContent-Length: 999999999\r\n\r\n", { "dribble", ("x"):rep(8192), 0 }),
    retryable = false, says = "the proxy answered 407 to CONNECT (network, proxy); the proxy wants user:password" },
  { name = "a proxy whose headers have no end", proxy = true, error = "network proxy", sent = false, retryable = false,
    steps = with(proxy_says "HTTP/1.1 200 Yes\r\n", { "dribble", ("X-Y: z\r\n"):rep(999), 0 }), says = "did not end" },
  { name = "a proxy that sends a byte now and then", proxy = true, error = "timeout no_connection", sent = false,
    steps = with(proxy_says "HTTP/1.1 200 Yes\r\n", { "dribble", "x", 0.01 }), timeout = 0.5, retryable = true },
  { name = "a proxy that lets nobody through", proxy = true, error = "network proxy", sent = false, retryable = false,
    steps = proxy_says "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", says = "the proxy answered 403 to CONNECT" },
  { name = "a proxy that reaches nobody", proxy = true, error = "network proxy", sent = false, retryable = true,
    steps = proxy_says "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", says = "the proxy answered 502 to CONNECT" },
  { name = "a proxy that speaks another protocol", proxy = true, error = "network proxy", sent = false, retryable = true,
    steps = { { "send", "SSH-2.0-OpenSSH_9.2\r\n" }, "close" },
    says = "check whether an HTTP proxy listens at the address in the option proxy" },
  { name = "a proxy that answers in no words of HTTP", proxy = true, error = "network proxy", sent = false, retryable = true,
    steps = proxy_says "\0\255\23garbage\0\r\n\r\n", says = "at the address in the option proxy" },
  { name = "a proxy without TLS that is asked for it", proxy = "https", error = "tls handshake", sent = false,
    retryable = false, steps = { { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" } },
    says = "no TLS with the proxy: the server does not speak TLS (tls, handshake); https:// in a proxy's address" },
  { name = "a server without TLS", tls = true, error = "tls handshake", sent = false, retryable = false,
    steps = { { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" } },
    says = "the server does not speak TLS (tls, handshake); check scheme and port" },
  { name = "a proxy that starts no TLS", proxy = true, error = "tls handshake", sent = false, retryable = false,
    steps = with(proxy_says "HTTP/1.1 200 Yes\r\n\r\n", { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" }),
    says = "the server does not speak TLS" },
}

--- A client's options for a raw server with these steps on every connection.
---@param entry spec.Odd
---@param url string of the raw server
function odd.options(entry, url)
  return {
    base_url = entry.proxy and "https://127.0.0.1:9" or entry.tls and url:gsub("^http:", "https:") or url,
    proxy = entry.proxy and (entry.proxy == "https" and url:gsub("^http:", "https:") or url) or nil,
    timeout = entry.timeout or 10, max_body = 2 ^ 30,
  }
end

return odd
