--- The fake's HTTP server and raw clients of it, both in this thread.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local server = require "seranking.fake.server"
local socket = require "socket"

local served = {}

local PATIENCE = 10 -- seconds that a condition may take

-- A non-blocking raw client, so that one thread can be both ends ------------------------------------------------------

local Client = {}
Client.__index = Client

--- Reads what has arrived.
function Client:pump()
  if self.closed or self.deaf then
    return
  end
  local data, why, partial = self.sock:receive(65536)
  self.buffer = self.buffer .. (data or partial or "")
  if why and why ~= "timeout" and why ~= "wantread" and why ~= "wantwrite" then
    self.closed = why
  end
end

--- Sends a short text, which the kernel accepts at once.
function Client:send(data)
  assert.are.equal(#data, (assert(self.sock:send(data))))
end

--- Sends a minimal request.
function Client:ask(method, path, body)
  self:send(("%s %s HTTP/1.1\r\nHost: here\r\n"):format(method, path)
    .. (body and ("Content-Length: %d\r\n\r\n"):format(#body) .. body or "\r\n"))
end

--- Removes the next answer from the received bytes. Returns nil if it is incomplete.
---@param bodiless boolean? an answer to HEAD
function Client:take(bodiless)
  local head, rest = self.buffer:match "^(.-\r\n)\r\n()"
  if not head then
    return nil
  end
  local answer = { status = tonumber(head:match "^HTTP/1%.1 (%d%d%d) [%w ]+\r\n"), headers = {}, list = {} }
  for name, value in head:gmatch "\n([^:\r\n]+): ([^\r\n]*)\r" do
    answer.headers[name:lower()] = value
    answer.list[#answer.list + 1] = name:lower() .. "=" .. value
  end
  local length = bodiless and 0 or tonumber(answer.headers["content-length"]) or 0
  if #self.buffer - rest + 1 < length then
    return nil
  end
  answer.body = self.buffer:sub(rest, rest + length - 1)
  self.buffer = self.buffer:sub(rest + length)
  return answer
end


--- Answers with the path's entry in `answers`, else with the request itself.
local function new_api()
  return {
    seen = {}, answers = {}, log = {},
    handle = function(self, request)
      self.seen[#self.seen + 1] = request
      local answer = self.answers[request.path]
      if type(answer) == "function" then
        return answer(request)
      end
      return answer or {
        status = 200,
        headers = { { "Content-Type", "text/plain" } },
        body = ("%s %s%s %s"):format(
          request.method, request.path, request.query and "?" .. request.query or "", request.body or "-"),
      }
    end,
    fail = function(self, fault)
      self.failing = assert(fault.times and fault, "times is needed")
    end,
    reset = function(self)
      self.log, self.was_reset = {}, true
    end,
  }
end

function served.start(options)
  options = options or {}
  options.api = served.api
  served.serving = assert(server.new(options))
  return served.serving
end

function served.connect()
  local sock = assert(socket.tcp())
  sock:settimeout(5)
  assert(sock:connect("127.0.0.1", served.serving.port))  -- the kernel accepts before the server does
  sock:settimeout(0)
  local client = setmetatable({ sock = sock, buffer = "" }, Client)
  served.clients[#served.clients + 1] = client
  return client
end

--- Steps the server and lets the clients read until a function returns a true value. Returns that value.
function served.serve(condition, what)
  local deadline = socket.gettime() + PATIENCE
  while true do
    for _, client in ipairs(served.clients) do
      client:pump()
    end
    local result = condition()
    if result then
      return result
    end
    assert(socket.gettime() < deadline, "waited in vain for " .. (what or "it"))
    served.serving:step(0.01)
  end
end

function served.answer_to(client, bodiless)
  return served.serve(function() return client:take(bodiless) end, "an answer")
end

function served.closed(client)
  return served.serve(function() return client.closed end, "the end of the connection")
end

--- For before_each.
function served.begin()
  served.api, served.serving, served.clients = new_api(), nil, {}
end

--- For after_each: closes everything.
function served.finish()
  for _, client in ipairs(served.clients) do
    client.sock:close()
  end
  if served.serving then
    served.serving:close()
  end
end

--- Steps the server and reads an answer with a body of `length` bytes. Returns the body. The pieces of a large body are joined
--- once: joining them one by one would take too long.
function served.body_of(client, length)
  local parts, size, head = {}, 0, nil
  served.serve(function()
    local data, _, partial = client.sock:receive(2 ^ 20)
    data = data or partial
    parts[#parts + 1], size = data, size + #data
    head = head or parts[1] ~= "" and #parts[1]:match "^.-\r\n\r\n"
    return head and size == head + length
  end)
  return table.concat(parts):sub(head + 1)
end

return served
