--- Holds that the fake's HTTP server frames, waits, fails and ends as it says, and makes nobody wait for others.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local cjson = require("cjson").new()
local server = require "seranking.fake.server"
local process = require "spec.support.process"

local PATIENCE = 10 -- seconds until a condition is given up

-- A raw client that never blocks, so that one thread can be both ends ------------------------------------------------

local Client = {}
Client.__index = Client

--- Reads what has come.
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

--- Sends a little, which the kernel takes at once.
function Client:send(data)
  assert.are.equal(#data, (assert(self.sock:send(data))))
end

--- Sends a request with nothing but what is needed.
function Client:ask(method, path, body)
  self:send(("%s %s HTTP/1.1\r\nHost: here\r\n"):format(method, path)
    .. (body and ("Content-Length: %d\r\n\r\n"):format(#body) .. body or "\r\n"))
end

--- Takes the next answer from what has come, or nil where it isn't whole.
---@param bodiless boolean? it answers a HEAD
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

describe("the fake's HTTP server", function()
  local api, serving, clients

  --- Answers what `answers` has for the path, else says what was asked.
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

  local function start(options)
    options = options or {}
    options.api = api
    serving = assert(server.new(options))
    return serving
  end

  local function connect()
    local sock = assert(socket.tcp())
    sock:settimeout(5)
    assert(sock:connect("127.0.0.1", serving.port))  -- the kernel accepts before the server does
    sock:settimeout(0)
    local client = setmetatable({ sock = sock, buffer = "" }, Client)
    clients[#clients + 1] = client
    return client
  end

  --- Steps the server, and lets the clients read, until something is true; returns that.
  local function serve(condition, what)
    local deadline = socket.gettime() + PATIENCE
    while true do
      for _, client in ipairs(clients) do
        client:pump()
      end
      local result = condition()
      if result then
        return result
      end
      assert(socket.gettime() < deadline, "waited in vain for " .. (what or "it"))
      serving:step(0.01)
    end
  end

  local function answer_to(client, bodiless)
    return serve(function() return client:take(bodiless) end, "an answer")
  end

  local function closed(client)
    return serve(function() return client.closed end, "the end of the connection")
  end

  before_each(function()
    api, serving, clients = new_api(), nil, {}
  end)

  after_each(function()
    for _, client in ipairs(clients) do
      client.sock:close()
    end
    if serving then
      serving:close()
    end
  end)

  describe("port", function()
    it("is on the loopback interface and nowhere else", function()
      for _, host in ipairs { "0.0.0.0", "::", "*", "192.168.0.1", "example.com", "127.0.0.1.example.com", "" } do
        assert.has_error(function() server.new { api = api, host = host } end)
      end
      assert.are.equal("http://127.0.0.1:" .. start().port, serving.url)
      assert.are.equal("127.0.0.1", (serving.listener:getsockname()))
    end)

    it("can be named, and a taken one is an error to handle", function()
      start()
      local second, why = server.new { api = api, port = serving.port }
      assert.is_nil(second)
      assert.are.equal("string", type(why))
    end)

    it("is closed by close, with the connections, and a second close does nothing", function()
      start()
      local client = connect()
      client:ask("GET", "/a")
      answer_to(client)
      serving:close()
      serving:close()
      client:pump()
      assert.are.equal("closed", client.closed)
      assert.is_nil((socket.connect("127.0.0.1", serving.port)))
      assert.has_error(function() serving:step(0) end)
    end)

    it("is served by run until told to stop", function()
      start()
      local client, turns = connect(), 0
      client:ask("GET", "/run")
      serving:run(function()
        turns = turns + 1
        client:pump()
        return client.buffer ~= ""
      end)
      assert.are.equal("GET /run -", client:take().body)
      assert.is_true(turns > 0)
    end)
  end)

  describe("requests", function()
    it("reach the handler raw, with lower-case names and repeated headers joined", function()
      start()
      local client = connect()
      client:send("GET /a%20b/%2F?token=k&x[]=%41 HTTP/1.1\r\nHoSt: here\r\nX-One:  a \r\nx-one:b\r\nEmpty:\r\n\r\n")
      answer_to(client)
      assert.are.same({
        method = "GET", path = "/a%20b/%2F", query = "token=k&x[]=%41",
        headers = { host = "here", ["x-one"] = "a, b", empty = "" },
      }, api.seen[1])
    end)

    it("have no body where it is empty, and a query where there is a question mark", function()
      start()
      local client = connect()
      client:ask("POST", "/a?", "")
      answer_to(client)
      assert.is_nil(api.seen[1].body)
      assert.are.equal("", api.seen[1].query)
      assert.are.equal("/a", api.seen[1].path)
    end)

    it("follow each other on one connection", function()
      start()
      local client = connect()
      for index = 1, 5 do
        client:ask("PUT", "/" .. index, "body " .. index)
        assert.are.equal(("PUT /%d body %d"):format(index, index), answer_to(client).body)
      end
      assert.is_nil(client.closed)
      assert.are.equal(1, #serving.connections)
    end)

    it("may be sent all at once, and are answered in order though the first is late", function()
      start()
      local client = connect()
      api.answers["/1"] = { status = 200, body = "first", delay = 0.05 }
      client:send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        .. "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
        .. "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
        .. "\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n")
      local bodies = {}
      for index = 1, 4 do
        bodies[index] = answer_to(client).body
      end
      assert.are.same({ "first", "POST /2 abc", "POST /3 de", "GET /4 -" }, bodies)
      assert.are.equal("", client.buffer)
    end)

    it("may come byte by byte", function()
      start()
      local client = connect()
      local text = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
      for at = 1, #text do
        client:send(text:sub(at, at))
        repeat until not serving:step(0)
      end
      assert.are.equal("POST /a abcd", answer_to(client).body)
    end)

    it("may have a chunked body with extensions and trailers", function()
      start()
      local client = connect()
      client:send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
        .. "A;name=value\r\n0123456789\r\n0003 ; x\r\na\r\n\r\n0\r\nTrailer: yes\r\n\r\n")
      client:ask("GET", "/next")
      assert.are.equal("POST /a 0123456789a\r\n", answer_to(client).body)
      assert.are.equal("GET /next -", answer_to(client).body)
    end)

    it("may have a body of many pieces", function()
      start()
      local client = connect()
      local body = ("0123456789abcdef"):rep(2 ^ 16)
      local text = ("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"):format(#body) .. body
      api.answers["/big"] = function(request) return { status = 200, body = tostring(request.body == body) } end
      local sent = 0
      serve(function()
        local last, _, partial = client.sock:send(text, sent + 1)
        sent = last or partial
        return sent == #text
      end)
      assert.are.equal("true", answer_to(client).body)
    end)

    it("may name the target whole, as to a proxy", function()
      start()
      local client = connect()
      for target, body in pairs {
        ["http://here/a?b"] = "GET /a?b -", ["HTTP://here:80"] = "GET / -", ["https://here?c"] = "GET /?c -",
      } do
        client:ask("GET", target)
        assert.are.equal(body, answer_to(client).body)
      end
    end)

    it("with Expect get 100 before the body, and the answer after it", function()
      start()
      local client = connect()
      client:send "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n"
      serve(function() return client.buffer ~= "" end, "100")
      assert.are.equal("HTTP/1.1 100 Continue\r\n\r\n", client.buffer)
      assert.are.equal(0, #api.seen)
      client.buffer = ""
      client:send "body"
      assert.are.equal("PUT /a body", answer_to(client).body)
    end)

    it("with Expect get no 100 where the body came along", function()
      start()
      local client = connect()
      client:send "PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"
      assert.are.equal("PUT /a body", answer_to(client).body)
    end)

    local MALFORMED = {
      ["no version"] = { 400, "GET /\r\n\r\n" },
      ["no request"] = { 400, "hello\r\n\r\n" },
      ["two spaces"] = { 400, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n" },
      ["a method that is no token"] = { 400, "G@T / HTTP/1.1\r\nHost: h\r\n\r\n" },
      ["a target without a slash"] = { 400, "GET sites HTTP/1.1\r\nHost: h\r\n\r\n" },
      ["a fragment"] = { 400, "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n" },
      ["bytes beyond ASCII in the target"] = { 400, "GET /\195\188 HTTP/1.1\r\nHost: h\r\n\r\n" },
      ["HTTP/2"] = { 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" },
      ["lines without CR"] = { 400, "GET / HTTP/1.1\nHost: h\n\n" },
      ["a header without a colon"] = { 400, "GET / HTTP/1.1\r\nHost: h\r\nbroken\r\n\r\n" },
      ["a space before the colon"] = { 400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n" },
      ["a folded header"] = { 400, "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n" },
      ["a NUL in a header"] = { 400, "GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n" },
      ["no Host"] = { 400, "GET / HTTP/1.1\r\n\r\n" },
      ["two Hosts"] = { 400, "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n" },
      ["a negative length"] = { 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n" },
      ["two lengths"] = { 400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na" },
      ["a length and chunks"] = {
        400, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      },
      ["another coding"] = { 501, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" },
      ["another expectation"] = { 417, "POST / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n" },
      ["a chunk size that is no number"] = {
        400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      },
      ["a chunk longer than it said"] = {
        400, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
      },
    }
    for name, case in pairs(MALFORMED) do
      it("with " .. name .. " are answered with " .. case[1] .. ", and the connection is closed", function()
        start()
        local client = connect()
        client:send(case[2])
        local answer = answer_to(client)
        assert.are.equal(case[1], answer.status)
        assert.are.equal("close", answer.headers.connection)
        closed(client)
        assert.are.equal("", client.buffer)
        assert.are.equal(0, #api.seen)
      end)
    end

    it("may have 64 KiB of head, and one byte more is answered with 431", function()
      start()
      local function head(size)
        local start_line, finish = "GET /a HTTP/1.1\r\nHost: h\r\nX: ", "\r\n\r\n"
        return start_line .. ("x"):rep(size - #start_line - #finish) .. finish
      end
      local client = connect()
      client:send(head(64 * 1024))
      assert.are.equal(200, answer_to(client).status)
      client:send(head(64 * 1024 + 1))
      assert.are.equal(431, answer_to(client).status)
      closed(client)
      assert.are.equal(1, #api.seen)
    end)

    it("with endless headers are given up at once, not when they end", function()
      start()
      local client = connect()
      client:send "GET /a HTTP/1.1\r\nHost: h\r\n"
      local line = "X-Flood: " .. ("x"):rep(991) .. "\r\n"
      for _ = 1, 66 do
        client:send(line)
      end
      assert.are.equal(431, answer_to(client).status)
    end)

    it("with a body over max_body are answered with 413 while it is still being sent", function()
      start { max_body = 1000 }
      local client = connect()
      client:send(("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n") .. ("x"):rep(50000))
      assert.are.equal(413, answer_to(client).status)
      closed(client)

      local chunked = connect()
      chunked:send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n"
        .. ("x"):rep(1000) .. "\r\n1\r\n")
      assert.are.equal(413, answer_to(chunked).status)
      assert.are.equal(0, #api.seen)
    end)

    it("that end in the middle are not answered", function()
      start()
      local client = connect()
      client:send "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"
      client.sock:shutdown "send"
      closed(client)
      assert.are.equal("", client.buffer)
      assert.are.equal(0, #api.seen)
      serve(function() return #serving.connections == 0 end)
    end)

    it("are answered though the client has ended its side after them", function()
      start()
      local client = connect()
      client:ask("GET", "/a")
      client.sock:shutdown "send"
      assert.are.equal("GET /a -", answer_to(client).body)
      closed(client)
    end)
  end)

  describe("answers", function()
    it("carry their headers in order, repeated ones too, and a right length and date", function()
      start()
      local client = connect()
      api.answers["/a"] = {
        status = 429, body = "12345",
        headers = { { "X-A", "1" }, { "x-a", "2" }, { "Content-Length", "99" }, { "Transfer-Encoding", "chunked" } },
      }
      client:ask("GET", "/a")
      local answer = answer_to(client)
      assert.are.equal(429, answer.status)
      assert.are.equal("12345", answer.body)
      assert.truthy(answer.headers.date:find "^%a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT$")
      answer.headers.date = nil
      assert.are.same({ "x-a=1", "x-a=2", "content-length=5" },
        { answer.list[1], answer.list[2], answer.list[#answer.list] })
      assert.are.equal(4, #answer.list)
    end)

    it("have no body, but the length of it, on HEAD; and neither with 204 and 304", function()
      start()
      local client = connect()
      api.answers["/204"] = { status = 204, body = "not to be seen" }
      api.answers["/304"] = { status = 304 }
      client:ask("HEAD", "/a")
      assert.are.equal("9", answer_to(client, true).headers["content-length"])
      for _, status in ipairs { 204, 304 } do
        client:ask("GET", "/" .. status)
        local answer = answer_to(client)
        assert.are.equal(status, answer.status)
        assert.is_nil(answer.headers["content-length"])
      end
      client:ask("GET", "/after")
      assert.are.equal("GET /after -", answer_to(client).body)
    end)

    it("say Content-Length: 0 where there is no body", function()
      start()
      local client = connect()
      api.answers["/a"] = { status = 500 }
      client:ask("GET", "/a")
      assert.are.equal("0", answer_to(client).headers["content-length"])
    end)

    it("are the last where the client, its HTTP/1.0 or the handler wants it so", function()
      start()
      api.answers["/bye"] = { status = 200, headers = { { "Connection", "close" } }, body = "bye" }
      for _, request in ipairs {
        "GET /a HTTP/1.1\r\nHost: h\r\nConnection: Keep-Alive, Close\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a HTTP/1.0\r\n\r\n",
        "GET /bye HTTP/1.1\r\nHost: h\r\n\r\n",
      } do
        local client = connect()
        client:send(request)
        local answer = answer_to(client)
        assert.are.equal(200, answer.status)
        assert.are.equal("close", answer.headers.connection)
        closed(client)
        assert.are.equal("", client.buffer)
      end
      assert.are.equal(3, #api.seen)
    end)

    it("leave HTTP/1.0 connections open where they ask for it", function()
      start()
      local client = connect()
      for _ = 1, 2 do
        client:send "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
        assert.are.equal("keep-alive", answer_to(client).headers.connection)
      end
    end)

    it("that fail in the handler are told as 500, and the server goes on", function()
      start()
      local said, stderr = {}, io.stderr
      io.stderr = { write = function(_, ...) said[#said + 1] = table.concat { ... } end } -- luacheck: ignore 122
      finally(function() io.stderr = stderr end) -- luacheck: ignore 122
      local client = connect()
      local broken = {
        function() error "handler bug" end,
        function() return nil end,
        function() return { status = "200" } end,
        function() return { status = 200, headers = { { "X", "a\r\nb" } } } end,
        function() return { status = 200, fault = "unheard of" } end,
      }
      for index, answer in ipairs(broken) do
        api.answers["/a"] = answer
        client:ask("GET", "/a")
        assert.are.equal(500, answer_to(client).status)
        assert.are.equal(index, #said)
      end
      assert.truthy(said[1]:find("handler bug", 1, true))
      client:ask("GET", "/b")
      assert.are.equal(200, answer_to(client).status)
    end)

    it("are told to the observer, but for the administration's", function()
      local observed = {}
      start { observe = function(request, answer) observed[#observed + 1] = { request.path, answer.status } end }
      local client = connect()
      client:ask("GET", "/a")
      client:ask("GET", "/_fake/log")
      client:ask("GET", "/b")
      for _ = 1, 3 do
        answer_to(client)
      end
      assert.are.same({ { "/a", 200 }, { "/b", 200 } }, observed)
    end)
  end)

  describe("faults", function()
    it("drop: the connection ends without a byte", function()
      start()
      local client = connect()
      api.answers["/a"] = { fault = "drop" }
      client:ask("GET", "/a")
      assert.are.equal("closed", closed(client))
      assert.are.equal("", client.buffer)
    end)

    it("refuse: the connection is reset", function()
      start()
      local client = connect()
      api.answers["/a"] = { fault = "refuse" }
      client:ask("GET", "/a")
      closed(client)
      assert.are.equal("", client.buffer)
      -- A reset, unlike an orderly end, fails the next write at once.
      assert.is_nil((client.sock:send "x"))
    end)

    it("truncate: the whole length is announced, half the body comes", function()
      start()
      local client = connect()
      api.answers["/a"] = { status = 200, body = "0123456789", fault = "truncate" }
      client:ask("GET", "/a")
      closed(client)
      assert.truthy(client.buffer:find("Content-Length: 10\r\n", 1, true))
      assert.are.equal("01234", client.buffer:match "\r\n\r\n(.*)$")
    end)

    it("truncate: where there is no body, the head is cut", function()
      start()
      local client = connect()
      api.answers["/a"] = { status = 204, fault = "truncate" }
      client:ask("GET", "/a")
      closed(client)
      assert.truthy(client.buffer:find "^HTTP/1.1 204 ")
      assert.is_nil(client.buffer:find("\r\n\r\n", 1, true))
    end)

    it("hang: no answer comes, and the connection stays until the client leaves", function()
      start()
      local client, other = connect(), connect()
      api.answers["/a"] = { status = 200, fault = "hang" }
      client:ask("GET", "/a")
      client:send(("x"):rep(100000))                         -- what it says meanwhile does not stop the clean-up
      serve(function() return #api.seen == 1 end)
      for _ = 1, 20 do
        other:ask("GET", "/b")
        answer_to(other)
      end
      assert.is_nil(client.closed)
      assert.are.equal("", client.buffer)
      assert.are.equal(2, #serving.connections)
      client.sock:close()
      client.closed = "by us"
      serve(function() return #serving.connections == 1 end, "the server to notice")
    end)

    it("slow: the body comes a byte every 50 ms, whole, and the connection stays", function()
      start()
      local client = connect()
      api.answers["/a"] = { status = 200, body = "abcd", fault = "slow" }
      local began = socket.gettime()
      client:ask("GET", "/a")
      serve(function() return client.buffer:find "\r\n\r\na$" end, "the first byte alone")
      local answer = answer_to(client)
      local took = socket.gettime() - began
      assert.are.equal("abcd", answer.body)
      assert.is_true(took >= 0.2 and took < 5, "took " .. took)
      client:ask("GET", "/b")
      assert.are.equal(200, answer_to(client).status)
    end)

    it("raw: exactly these bytes are sent, and the connection ends", function()
      start()
      local client = connect()
      local flood = "HTTP/9.9 abc\r\n" .. ("X: y\r\n"):rep(50000) .. "\0\255"
      api.answers["/a"] = { raw = flood }
      client:ask("GET", "/a")
      closed(client)
      assert.is_true(client.buffer == flood)
    end)

    it("delay: the first byte is late, by the clock, and others are served meanwhile", function()
      start()
      local late, other = connect(), connect()
      api.answers["/late"] = { status = 200, body = "late", delay = 0.3 }
      local began = socket.gettime()
      late:ask("GET", "/late")
      serve(function() return #api.seen == 1 end)
      local between = 0
      other:ask("GET", "/b")
      local answer = serve(function()
        if other:take() then
          between = between + 1
          other:ask("GET", "/b")
        end
        return late:take()
      end)
      local took = socket.gettime() - began
      assert.are.equal("late", answer.body)
      assert.is_true(took >= 0.3 and took < 5, "took " .. took)
      assert.is_true(between > 2, "others served: " .. between)
    end)

    it("delay: comes before a fault too, and ends when the client leaves", function()
      start()
      api.answers["/drop"] = { fault = "drop", delay = 0.1 }
      api.answers["/long"] = { status = 200, delay = 1000 }
      local client, gone = connect(), connect()
      local began = socket.gettime()
      client:ask("GET", "/drop")
      closed(client)
      assert.is_true(socket.gettime() - began >= 0.1)
      gone:ask("GET", "/long")
      serve(function() return #api.seen == 2 end)
      gone.sock:close()
      gone.closed = "by us"
      serve(function() return #serving.connections == 0 end, "the server to notice")
    end)
  end)

  describe("many at once:", function()
    it("two slow connections don't hold up a fast one", function()
      start()
      local slow = { connect(), connect() }
      api.answers["/slow"] = { status = 200, body = ("s"):rep(10), fault = "slow" }
      for _, client in ipairs(slow) do
        client:ask("GET", "/slow")
      end
      local fast = connect()
      for _ = 1, 20 do
        fast:ask("GET", "/fast")
        assert.are.equal(200, answer_to(fast).status)
      end
      assert.is_nil(slow[1]:take())
      assert.is_nil(slow[2]:take())
      for _, client in ipairs(slow) do
        assert.are.equal(("s"):rep(10), answer_to(client).body)
      end
    end)

    it("a client that doesn't read its big answer holds up nobody, and gets it whole later", function()
      start()
      local deaf, other = connect(), connect()
      local big = ("0123456789abcdef"):rep(2 ^ 20)
      api.answers["/big"] = { status = 200, body = big }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function() return serving.connections[1] and serving.connections[1].want == "write" end, "a full pipe")
      other:ask("GET", "/b")
      assert.are.equal(200, answer_to(other).status)
      -- Collected piece by piece: 16 MiB are too much to be joined anew with each.
      local parts, size, head = {}, 0, nil
      serve(function()
        local data, _, partial = deaf.sock:receive(2 ^ 20)
        data = data or partial
        parts[#parts + 1], size = data, size + #data
        head = head or parts[1] ~= "" and #parts[1]:match "^.-\r\n\r\n"
        return head and size == head + #big
      end)
      assert.is_true(table.concat(parts):sub(head + 1) == big)
    end)

    it("hundreds of connections are served", function()
      start()
      local many = {}
      for index = 1, 300 do
        many[index] = connect()
        many[index]:ask("GET", "/" .. index)
      end
      local answered = 0
      serve(function()
        for index, client in ipairs(many) do
          local answer = client:take()
          if answer then
            assert.are.equal(("GET /%d -"):format(index), answer.body)
            answered = answered + 1
          end
        end
        return answered == 300
      end)
      assert.are.equal(300, #serving.connections)
    end)

    it("what watch is given is told of when readable", function()
      start()
      local pair = assert(socket.bind("127.0.0.1", 0))
      finally(function() pair:close() end)
      local told = 0
      serving:watch(pair, function()
        told = told + 1
        pair:accept():close()
      end)
      local client = connect()
      client:ask("GET", "/a")
      answer_to(client)
      assert.are.equal(0, told)
      local _, port = pair:getsockname()
      local visitor = assert(socket.connect("127.0.0.1", port))
      serve(function() return told == 1 end)
      visitor:close()
      serving:watch(pair, nil)
      local second = assert(socket.connect("127.0.0.1", port))
      client:ask("GET", "/a")
      answer_to(client)
      second:close()
      assert.are.equal(1, told)
    end)
  end)

  describe("administration", function()
    it("gives the log as a list, also when it is empty", function()
      start()
      local client = connect()
      client:ask("GET", "/_fake/log")
      assert.are.equal("[]", answer_to(client).body)
      api.log = { { path = "/a", status = 200, skipped = print, headers = { x = "y" } }, { path = "/b" } }
      client:ask("GET", "/_fake/log")
      assert.are.same({ { path = "/a", status = 200, headers = { x = "y" } }, { path = "/b" } },
        cjson.decode(answer_to(client).body))
      assert.are.equal(0, #api.seen)
    end)

    it("queues faults, and tells what is wrong with one", function()
      start()
      local client = connect()
      client:ask("POST", "/_fake/fail", '{"times":2,"delay":0.5,"status":null,"headers":[["Retry-After",3]]}')
      assert.are.equal(204, answer_to(client).status)
      assert.are.same({ times = 2, delay = 0.5, headers = { { "Retry-After", 3 } } }, api.failing)
      assert.are.equal("2", tostring(api.failing.times))
      for _, body in ipairs { "", "{", "3", "{}" } do
        client:ask("POST", "/_fake/fail", body)
        assert.are.equal(400, answer_to(client).status)
      end
      assert.are.equal(0, #api.seen)
    end)

    it("resets", function()
      start()
      local client = connect()
      client:ask("POST", "/_fake/reset")
      assert.are.equal(204, answer_to(client).status)
      assert.is_true(api.was_reset)
    end)

    it("knows its paths and methods only, and leaves the API the rest", function()
      start()
      local client = connect()
      client:ask("GET", "/_fake/reset")
      local answer = answer_to(client)
      assert.are.equal(405, answer.status)
      assert.are.equal("POST", answer.headers.allow)
      client:ask("GET", "/_fake/other")
      assert.are.equal(404, answer_to(client).status)
      assert.are.equal(0, #api.seen)
      client:ask("GET", "/_fake")
      assert.are.equal(200, answer_to(client).status)
      assert.are.equal(1, #api.seen)
    end)
  end)

  describe("TLS", function()
    local ssl = require "ssl"
    local certificates

    setup(function() certificates = process.certificates() end)
    teardown(function() certificates.remove() end)

    --- Agrees on TLS with the server; returns the client, or nil and why not.
    local function connect_tls(ca)
      local client = connect()
      client.sock = assert(ssl.wrap(client.sock, {
        mode = "client", protocol = "any", verify = { "peer", "fail_if_no_peer_cert" }, cafile = ca or certificates.ca,
        options = { "all", "no_sslv2", "no_sslv3", "no_tlsv1" },
      }))
      client.sock:settimeout(0)
      client.deaf = true
      local failed
      serve(function()
        local done, why = client.sock:dohandshake()
        failed = not done and why ~= "wantread" and why ~= "wantwrite" and why
        return done or failed
      end)
      client.deaf = false
      if failed then
        client.closed = failed
        return nil, failed
      end
      return client
    end

    it("is spoken to a client that verifies the authority and the names", function()
      start { tls = certificates }
      assert.are.equal("https://127.0.0.1:" .. serving.port, serving.url)
      local client = assert(connect_tls())
      local names = client.sock:getpeercertificate():extensions()["2.5.29.17"]
      assert.are.same({ "localhost" }, names.dNSName)
      assert.are.same({ "127.0.0.1" }, names.iPAddress)
      for index = 1, 3 do
        client:ask("POST", "/" .. index, "abc")
        assert.are.equal(("POST /%d abc"):format(index), answer_to(client).body)
      end
    end)

    it("is refused by a client that knows another authority, and goes on with the next", function()
      start { tls = certificates }
      local client, why = connect_tls(certificates.stranger)
      assert.is_nil(client)
      assert.truthy(why:find("certificate verify failed", 1, true))
      assert(connect_tls())
    end)

    it("can be had with a certificate for another name", function()
      start { tls = certificates.wrong }
      local client = assert(connect_tls())
      local names = client.sock:getpeercertificate():extensions()["2.5.29.17"]
      assert.are.same({ "wrong.invalid" }, names.dNSName)
      assert.is_nil(names.iPAddress)
    end)

    it("carries big answers piece by piece, and waits for a client that doesn't read", function()
      start { tls = certificates }
      local deaf, other = assert(connect_tls()), assert(connect_tls())
      local big = ("0123456789abcdef"):rep(2 ^ 19)
      api.answers["/big"] = { status = 200, body = big }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function() return serving.connections[1].want == "write" end, "a full pipe")
      other:ask("GET", "/b")
      assert.are.equal(200, answer_to(other).status)
      local parts, size, head = {}, 0, nil
      serve(function()
        local data, _, partial = deaf.sock:receive(2 ^ 20)
        data = data or partial
        parts[#parts + 1], size = data, size + #data
        head = head or parts[1] ~= "" and #parts[1]:match "^.-\r\n\r\n"
        return head and size == head + #big
      end)
      assert.is_true(table.concat(parts):sub(head + 1) == big)
    end)

    it("can be closed with a client that has stopped reading, without waiting for it", function()
      start { tls = certificates }
      local deaf = assert(connect_tls())
      api.answers["/big"] = { status = 200, body = ("x"):rep(2 ^ 23) }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function() return serving.connections[1].want == "write" end, "a full pipe")
      local began = socket.gettime()
      serving:close()
      assert.is_true(socket.gettime() - began < 5)
    end)

    it("has the same faults", function()
      start { tls = certificates }
      api.answers["/drop"] = { fault = "drop" }
      api.answers["/refuse"] = { fault = "refuse" }
      api.answers["/truncate"] = { status = 200, body = "0123456789", fault = "truncate" }
      api.answers["/raw"] = { raw = "no HTTP" }
      for path, body in pairs { ["/drop"] = "", ["/refuse"] = "", ["/truncate"] = "01234", ["/raw"] = "no HTTP" } do
        local client = assert(connect_tls())
        client:ask("GET", path)
        closed(client)
        assert.are.equal(body, client.buffer:match "\r\n\r\n(.*)$" or client.buffer)
      end
    end)

    it("isn't mistaken for something else: plain HTTP on its port just ends", function()
      start { tls = certificates }
      local client = connect()
      client:ask("GET", "/a")
      closed(client)
      assert.are.equal(0, #api.seen)
      assert(connect_tls())
    end)

    it("needs a certificate that can be read", function()
      local none, why = server.new { api = api, tls = { certificate = "/nonexistent", key = "/nonexistent" } }
      assert.is_nil(none)
      assert.are.equal("string", type(why))
    end)
  end)
end)

describe("bin/seranking-fake", function()
  local http = require "socket.http"
  local KEY = "0123456789abcdef0123456789abcdef01234567"
  local fake

  after_each(function()
    if fake then
      fake.stop()
    end
  end)

  --- Sends one request with the key in its header, or with another header.
  local function get(path, headers)
    local parts = {}
    local _, status = http.request {
      url = fake.url .. path, sink = require("ltn12").sink.table(parts),
      headers = headers or { Authorization = "Token " .. KEY },
    }
    return status, table.concat(parts)
  end

  it("serves the API until its stdin ends, and no longer", function()
    fake = process.fake { tokens = { KEY } }
    assert.are.equal("http://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
    local status, body = get "/account/balance"
    assert.are.equal(200, status)
    assert.truthy(cjson.decode(body))
    local log = fake.log()
    assert.are.equal(1, #log)
    assert.are.equal("/account/balance", log[1].path)

    local ended_with, said = fake.stop()
    assert.are.equal(0, ended_with)
    assert.are.equal("", said)
    assert.is_nil((socket.connect("127.0.0.1", fake.port)))
    assert.is_nil(fake.stop())
  end)

  it("takes faults and is reset from outside", function()
    fake = process.fake { tokens = { KEY } }
    fake.fail { times = 1, status = 500, body = '{"message":"Server error"}' }
    assert.are.equal(500, (get "/account/balance"))
    assert.are.equal(200, (get "/account/balance"))
    assert.are.equal(2, #fake.log())
    fake.fail { times = 1, status = 500 }
    fake.reset()
    assert.are.equal(0, #fake.log())
    assert.are.equal(200, (get "/account/balance"))
  end)

  it("counts by the limit and the window that it was given", function()
    fake = process.fake { tokens = { KEY }, limit = 2, per = 3600 }
    local statuses = {}
    for index = 1, 3 do
      statuses[index] = get "/account/balance"
    end
    assert.are.same({ 200, 200, 429 }, statuses)
  end)

  it("has the rows and the credits that it was told", function()
    local uuid = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
    local headers = { Authorization = "Token " .. uuid }
    fake = process.fake { tokens = { uuid }, rows = 7, units = 12 }
    local _, body = get("/v1/backlinks/all?target=a.b&output=json", headers)
    assert.are.equal(7, #cjson.decode(body).backlinks)
    _, body = get("/v1/account/subscription?output=json", headers)
    assert.are.equal("5", cjson.decode(body).subscription_info.units_left)
    assert.are.equal(403, (get("/v1/backlinks/export?target=a.b&output=json", headers)))
  end)

  it("logs a line a request, never with the key", function()
    fake = process.fake { tokens = { KEY }, logged = true }
    get "/account/balance"
    get("/account/balance?token=" .. KEY, {})
    get("/" .. KEY)
    fake.log()
    local _, said = fake.stop()
    assert.truthy(said:find "^GET /account/balance 200\nGET /account/balance%?token=%S+ 200\nGET /%S+ 404\n$", said)
    assert.is_nil(said:find(KEY, 1, true))
    assert.is_nil(said:find(KEY:sub(1, 20), 1, true))
  end)

  it("ends after its time though nobody has stopped it", function()
    fake = process.fake { life = 0.2 }
    local deadline = socket.gettime() + PATIENCE
    while true do
      local visitor = socket.connect("127.0.0.1", fake.port)
      if not visitor then
        break
      end
      visitor:close()
      assert(socket.gettime() < deadline, "still there")
    end
    assert.are.equal(0, (fake.stop()))
  end)

  it("speaks TLS with the certificate that it was given", function()
    local certificates = process.certificates()
    finally(certificates.remove)
    fake = process.fake { tls = certificates }
    assert.are.equal("https://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
  end)

  it("says at once why it can't start", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    finally(function() taken:close() end)
    local _, port = taken:getsockname()
    local ok, why = pcall(process.fake, { port = tonumber(port) })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("address already in use", 1, true), why)
    ok, why = pcall(process.fake, { limit = "many" })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("--limit: 'many' is not a whole number from 1 to 1000000000", 1, true), why)
  end)
end)
