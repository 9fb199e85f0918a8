--- A server in another process that sends exactly the given bytes, well-formed or not, and reports what it received.
-- SPDX-License-Identifier: MIT
--
-- It runs steps, which spec/support/raw_server_program.lua lists, on each connection.

local socket = require "socket"
local cjson = require("cjson").new()

local PATIENCE = 10 -- seconds that one end waits for the other

cjson.encode_sparse_array(true)

local raw_server = {}

--- An answer with a Content-Length.
---@param status string "200 OK"
---@param headers string[] lines
---@param body string
---@return string bytes
function raw_server.answer(status, headers, body)
  local lines = { "HTTP/1.1 " .. status }
  for _, line in ipairs(headers) do
    lines[#lines + 1] = line
  end
  lines[#lines + 1] = ("Content-Length: %d"):format(#body)
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

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
---@field drop fun()
---@field requests fun(): spec.RawRequest[]
---@field stop fun()

---@class spec.RawTls
---@field certificate string file, as are `key` and `cafile`
---@field key string
---@field protocol string?
---@field alpn string? "h2" negotiates HTTP/2
---@field verify string[]? as in luasec
---@field cafile string?
---@field first spec.RawTls|false|nil of the first connection; false: plain text
---@field later boolean? with the step "tls" only

---@class spec.RawOptions
---@field port integer? default: a free one
---@field tls spec.RawTls? default: plain text
---@field environment string? variables for the shell: "OPENSSL_CONF=…"
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
  local pipe = assert(io.popen(("%s exec '%s' spec/support/raw_server_program.lua %s"):format(
    options.environment or "", interpreter, control_port), "w"))
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

  --- Closes all connections.
  function server.drop()
    assert(ask { drop = true }, "the raw server has ended")
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

return raw_server
