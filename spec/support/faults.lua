--- Faults of servers, proxies and connections, and the error that each must cause in every kind of program.
-- tools/faults.lua makes the table of docs/internals/faults.md of them.
-- SPDX-License-Identifier: MIT

local faults = {}

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
  return { "head", { "send", table.concat { ... } }, "close" }
end

-- The steps of a proxy that begins to answer like this, and goes on with these bytes for ever.
local function proxy_goes_on(text, bytes, seconds)
  return { "head", { "send", text }, { "dribble", bytes, seconds } }
end

-- A frame of HTTP/2.
local function frame(kind, flags, stream, payload)
  local size = #payload
  return string.char(0, math.floor(size / 256), size % 256, kind, flags, 0, 0, 0, stream) .. payload
end

local SETTINGS = frame(4, 0, 0, "") .. frame(4, 1, 0, "")

-- The steps of an HTTP/2 server that answers the first bytes of a client with these frames.
local function h2_says(frames)
  return { { "skip", #"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + 60 }, { "send", SETTINGS .. frames } }
end

-- Ends the first stream with an error.
local function h2_resets(code)
  return h2_says(frame(3, 0, 1, "\0\0\0" .. string.char(code)))
end

-- The steps of a gateway that answers a request with an error.
local function gateway_says(status)
  return says("HTTP/1.1 ", status, "\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n<html>", status:sub(1, 3),
    " sorry</html>")
end

---@class spec.Fault
---@field name string a clause for the table: what happens
---@field steps table? of the first connection, see raw_server; all others are sane
---@field error string? "kind code"; nil: the outcome depends on libcurl's version
---@field older string? then: the error of older versions, where newer ones accept the answer
---@field sent boolean? of the error
---@field retried "yes"|"safe"|"no" whether the error is retryable; "safe": if repeating does no harm
---@field says string? part of the error's text
---@field timeout number? seconds of the call, if the fault lasts that long
---@field connect_timeout number? the same
---@field busy boolean? it keeps the processor busy until then
---@field proxy boolean|"https"? whether it is a proxy's; "https": one addressed by https
---@field tls boolean? the client uses TLS, and the first connection is plain
---@field first table? the first connection uses TLS with these settings of raw_server
---@field certificate string? the first connection has this one of bad_certificates
---@field max_body integer? of the client
---@field host string? of base_url
---@field late boolean? the server starts after the fault

--- In the order of the table.
---@type { name: string, list: spec.Fault[] }[]
faults.groups = {
  { name = "Connections", list = {
    { name = "nobody listens at the address", late = true, error = "network connect", sent = false,
      retried = "yes" },
    { name = "the TLS handshake never ends", tls = true, steps = { "idle" }, timeout = 0.4,
      error = "timeout no_connection", sent = false, retried = "yes" },
    { name = "the TLS handshake outlasts connect_timeout", tls = true, steps = { "idle" },
      connect_timeout = 0.4, error = "timeout no_connection", sent = false, retried = "yes" },
    { name = "no answer comes", steps = { "request" }, timeout = 0.4, error = "timeout no_answer", sent = true,
      retried = "safe" },
    { name = "the connection ends before the answer", steps = { "request", "close" },
      error = "network connection_lost", sent = true, retried = "safe" },
    { name = "the connection is reset before the answer", steps = { "request", "reset" },
      error = "network connection_lost", sent = true, retried = "safe" },
    { name = "the connection ends within the headers", steps = says(JSON), error = "network truncated",
      sent = true, retried = "safe", says = "before the answer's headers were complete" },
    { name = "the connection ends within the body", steps = says(JSON, "Content-Length: 9\r\n\r\n["),
      error = "network truncated", sent = true, retried = "safe" },
    { name = "the connection ends within a chunked body", steps = says(CHUNKED, "9\r\n["),
      error = "network truncated", sent = true, retried = "safe" },
    { name = "HTTP/2: the server has not processed the request (REFUSED_STREAM)", first = { alpn = "h2" },
      steps = h2_resets(7), error = "network refused", sent = false, retried = "yes" },
    { name = "HTTP/2: the server wants HTTP/1.1 (HTTP_1_1_REQUIRED)", first = { alpn = "h2" },
      steps = h2_resets(13), error = "network refused", sent = false, retried = "yes" },
    { name = "HTTP/2: the server resets the request (INTERNAL_ERROR)", first = { alpn = "h2" },
      steps = h2_resets(2), error = "network connection_lost", sent = true, retried = "safe" },
    { name = "HTTP/2: the connection ends before the answer", first = { alpn = "h2" },
      steps = { h2_says("")[1], { "send", SETTINGS }, "close" }, error = "network connection_lost", sent = true,
      retried = "safe" },
  } },
  { name = "TLS", list = {
    { name = "the server does not speak TLS", tls = true, error = "tls handshake", sent = false, retried = "no",
      steps = { { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" } },
      says = "the server does not speak TLS (tls, handshake); check scheme and port" },
    { name = "the server requires a client certificate (TLS 1.2)", steps = { "request" },
      first = { verify = { "peer", "fail_if_no_peer_cert" }, protocol = "tlsv1_2" }, error = "tls handshake", sent = false,
      retried = "no" },
    { name = "the certificate has expired", certificate = "expired", says = "expired" },
    { name = "the certificate is not valid yet", certificate = "future", says = "not yet valid" },
    { name = "the certificate is for another host", certificate = "wrong_host", says = "for another address" },
    { name = "the certificate has the right common name, but another name", certificate = "other_common_name",
      says = "for another address" },
    { name = "the certificate has the address as a DNS name", certificate = "address_as_name",
      says = "for another address" },
    { name = "the certificate's name continues behind a NUL byte", certificate = "nul", host = "localhost",
      says = "for another address" },
    { name = "the certificate is self-signed", certificate = "self_signed", says = "ca_file" },
    { name = "the certificate is of an unknown authority", certificate = "unknown_authority", says = "ca_file" },
    { name = "the certificate of an authority in between is missing", certificate = "incomplete", says = "ca_file" },
    { name = "the certificate is for clients only", certificate = "for_clients", says = "made for another use" },
    { name = "the certificate's signature uses SHA-1", certificate = "sha1", says = "refuses SHA-1" },
    { name = "the certificate's key has 1,024 bits", certificate = "short_key", says = "short keys" },
  } },
  { name = "Proxies", list = {
    { name = "the proxy wants a password (407)", proxy = true, error = "network proxy", sent = false,
      steps = proxy_goes_on("HTTP/1.1 407 No\r\nContent-Length: 999999999\r\n\r\n", ("x"):rep(8192), 0),
      retried = "no", says = "the proxy answered 407 to CONNECT (network, proxy); the proxy wants user:password" },
    { name = "the proxy refuses (403)", proxy = true, error = "network proxy", sent = false, retried = "no",
      steps = proxy_says "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", says = "the proxy answered 403 to CONNECT" },
    { name = "the proxy can't reach the API (502)", proxy = true, error = "network proxy", sent = false,
      retried = "yes", steps = proxy_says "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n",
      says = "the proxy answered 502 to CONNECT" },
    { name = "the proxy's headers have no end", proxy = true, error = "network proxy", sent = false, retried = "no",
      steps = proxy_goes_on("HTTP/1.1 200 Yes\r\n", ("X-Y: z\r\n"):rep(999), 0), says = "did not end" },
    { name = "the proxy sends a byte now and then", proxy = true, error = "timeout no_connection", sent = false,
      steps = proxy_goes_on("HTTP/1.1 200 Yes\r\n", "x", 0.01), timeout = 0.4, retried = "yes" },
    { name = "the proxy does not answer", proxy = true, error = "timeout no_connection", sent = false,
      steps = { "head" }, timeout = 0.4, retried = "yes" },
    { name = "the proxy speaks another protocol", proxy = true, error = "network proxy", sent = false,
      retried = "yes", steps = { { "send", "SSH-2.0-OpenSSH_9.2\r\n" }, "close" },
      says = "check whether an HTTP proxy listens at the address in the option proxy" },
    { name = "the proxy's answer is not HTTP", proxy = true, error = "network proxy", sent = false, retried = "yes",
      steps = proxy_says "\0\255\23garbage\0\r\n\r\n", says = "at the address in the option proxy" },
    { name = "the proxy's address has https, but the proxy speaks no TLS", proxy = "https", error = "tls handshake",
      sent = false, retried = "no", steps = { { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" } },
      says = "no TLS with the proxy: the server does not speak TLS (tls, handshake); https:// in a proxy's address" },
    { name = "the server behind the proxy speaks no TLS", proxy = true, error = "tls handshake", sent = false,
      retried = "no", steps = { "head", { "send", "HTTP/1.1 200 Yes\r\n\r\n" }, { "skip", 1 },
        { "send", "HTTP/1.1 400 Bad\r\n\r\n" } }, says = "the server does not speak TLS" },
  } },
  { name = "Answers", list = {
    { name = "chunks are broken", steps = says(CHUNKED, "zz\r\n[]\r\n"), error = "protocol bad_answer", sent = true,
      retried = "no" },
    { name = "the status line is in small letters", error = "protocol bad_answer", sent = true, retried = "no",
      steps = says("http/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}") },
    { name = "the answer is of another protocol", steps = { "request", { "send", "SSH-2.0-OpenSSH_9.2\r\n" },
      "close" }, error = "protocol bad_answer", sent = true, retried = "no",
      says = "the answer is not HTTP (protocol, bad_answer); there is no HTTP server" },
    { name = "the first header line begins with a blank", steps = says(JSON:gsub("\r\n", "\r\n folded: b\r\n", 1),
      "Content-Length: 2\r\n\r\n[]"), older = "protocol bad_answer", sent = true, retried = "no" },
    { name = "a trailer has a NUL byte", older = "protocol bad_answer", sent = true, retried = "no",
      steps = says(CHUNKED, "2\r\n[]\r\n0\r\nX: a\0b\r\n\r\n") },
    { name = "a second gzip member follows the body", steps = says(JSON, "Content-Encoding: gzip\r\nContent-Length: ",
      tostring(2 * #GZIP), "\r\n\r\n", GZIP, GZIP), error = "decode bad_encoding", sent = true, retried = "no" },
    { name = "the body is compressed twice", steps = says(JSON,
      "Content-Encoding: gzip\r\ncontent-encoding:GZIP\r\n\r\n", GZIP), error = "decode bad_encoding", sent = true,
      retried = "no",
      says = "the body is compressed more than once" },
    { name = "the body is not gzip, although the headers say so",
      steps = says(JSON, "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]"), error = "decode bad_encoding", sent = true,
      retried = "no" },
    { name = "the body decompresses to blanks without an end", error = "timeout no_answer", timeout = 0.4,
      busy = true, sent = true, retried = "safe",
      steps = { "request", { "send", JSON .. "Content-Encoding: gzip\r\n\r\n" .. BLANKS },
        { "dribble", MORE_BLANKS:rep(5000), 0 } } },
    { name = "the body is not JSON, although the headers say so",
      steps = says(JSON, "Content-Length: 4\r\n\r\n[1,}"), error = "decode bad_json", sent = true, retried = "no" },
    { name = "the body is larger than max_body", max_body = 1000,
      steps = says(JSON, "Content-Length: 1001\r\n\r\n[", (" "):rep(999), "]"), error = "too_large body", sent = true,
      retried = "no" },
    { name = "the status line has no end", error = "too_large headers", sent = true, retried = "no",
      steps = { "request", { "send", "HTTP/1.1 200 " }, { "dribble", ("x"):rep(8192), 0 } } },
    { name = "the headers have no end", steps = { "request", { "send", JSON },
      { "dribble", ("X-Y: z\r\n"):rep(999), 0 } }, error = "too_large headers", sent = true, retried = "no" },
    { name = "1xx answers have no end", steps = { "request",
      { "dribble", ("HTTP/1.1 103 Hints\r\n\r\n"):rep(99), 0 } }, error = "too_large headers", sent = true, retried = "no" },
    { name = "a byte comes now and then", steps = { "request", { "send", "HTTP/1.1 200 " }, { "dribble", "x", 0.01 } },
      error = "timeout no_answer", timeout = 0.4, sent = true, retried = "safe" },
    { name = "the status is 304", steps = says("HTTP/1.1 304 Not Modified\r\n\r\n"),
      error = "protocol unexpected_status", sent = true, retried = "no",
      says = "the server answered 304 without data or another address" },
    { name = "the answer is a redirect", error = "protocol redirect", sent = true, retried = "no",
      steps = says("HTTP/1.1 302 Found\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n") },
    { name = "a gateway has no answer from the API (502)", steps = gateway_says "502 Bad Gateway",
      error = "server bad_gateway", sent = true, retried = "safe" },
    { name = "a gateway is overloaded (503)", steps = gateway_says "503 Service Unavailable",
      error = "server unavailable", sent = true, retried = "safe" },
    { name = "a gateway waits no longer (504)", steps = gateway_says "504 Gateway Timeout",
      error = "server gateway_timeout", sent = true, retried = "safe" },
  } },
}

--- All of them.
---@type spec.Fault[]
faults.list = {}
for _, group in ipairs(faults.groups) do
  for _, fault in ipairs(group.list) do
    faults.list[#faults.list + 1] = fault
    if fault.certificate then
      fault.error, fault.sent, fault.retried = "tls certificate", false, "no"
      fault.first, fault.steps = {}, {}
    end
  end
end

--- What the servers of faults need: certificates, good and bad.
---@param certificates spec.Certificates
---@return table
function faults.prepare(certificates)
  local prepared = { good = certificates }
  prepared.bad, prepared.environment = require("spec.support.bad_certificates").make(certificates)
  return prepared
end

-- TLS of a fault's server: the fault on the first connection, a good certificate on the others; nil: no TLS.
local function tls_of(fault, prepared)
  local good = prepared.good
  local tls = { certificate = good.certificate, key = good.key }
  if fault.first then
    local bad = fault.certificate and prepared.bad[fault.certificate] or tls
    tls.first = { certificate = bad.certificate, key = bad.key, cafile = good.ca }
    for name, value in pairs(fault.first) do
      tls.first[name] = value
    end
  elseif fault.tls or fault.proxy == "https" then
    tls.first = false
  elseif fault.proxy == true then
    tls.later = true
  else
    return nil
  end
  return tls
end

---@class spec.FaultScene
---@field options table of a client
---@field call { timeout: number?, connect_timeout: number? } options of the call that meets the fault
---@field busy boolean? see spec.Fault
---@field mend fun() lets the next call work

--- Starts a server whose first connection has the fault; all others are sane.
---@param fault spec.Fault
---@param prepared table
---@param keep fun(server: table): table registers what has to be stopped
---@return spec.FaultScene
function faults.open(fault, prepared, keep)
  local raw_server = require "spec.support.raw_server"
  local server, port
  local function start()
    server = keep(raw_server.start({ fault.steps }, {
      port = port, tls = tls_of(fault, prepared), environment = fault.certificate and prepared.environment,
      otherwise = fault.proxy == true and { "head", { "send", "HTTP/1.1 200 Yes\r\n\r\n" }, "tls", "request",
        { "send", raw_server.ANSWER }, { "again", 4 } } or nil,
    }))
    port = server.port
  end
  if fault.late then
    -- Holds the port, so that no other process listens there, and lets the server have it, too.
    local holder = assert(require("socket").tcp4())
    assert(holder:setoption("reuseaddr", true))
    assert(holder:bind("127.0.0.1", 0))
    keep { stop = function() holder:close() end }
    port = math.floor(select(2, holder:getsockname()))
  else
    start()
  end
  local tls = fault.proxy or tls_of(fault, prepared)
  return {
    options = {
      base_url = ("%s://%s:%d"):format(tls and "https" or "http", fault.host or "127.0.0.1", port),
      proxy = fault.proxy and ("%s://127.0.0.1:%d"):format(fault.proxy == "https" and "https" or "http", port) or nil,
      ca_file = prepared.good.ca, timeout = 10, max_body = fault.max_body or 2 ^ 30,
    },
    busy = fault.busy,
    call = { timeout = fault.timeout, connect_timeout = fault.connect_timeout },
    mend = function()
      if fault.late then
        start()
      else
        server.drop() -- nothing of the first connection meets the next call
      end
    end,
  }
end

--- What became of a call: "an answer" or "kind code".
---@return string
function faults.outcome(data, err)
  return data == nil and err.kind .. " " .. err.code or "an answer"
end

--- Whether a fault may have this outcome.
---@param fault spec.Fault
---@param outcome string
function faults.expects(fault, outcome)
  return outcome == (fault.error or fault.older) or not fault.error and outcome == "an answer"
end

return faults
