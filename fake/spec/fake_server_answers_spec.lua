--- The fake's HTTP server: answers, faults, many connections at once, administration.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local cjson = require("cjson").new()
local served = require "spec.support.served"

local start, connect, serve, answer_to, closed = served.start, served.connect, served.serve, served.answer_to, served.closed

describe("the fake's HTTP server", function()
  before_each(served.begin)
  after_each(served.finish)

  describe("answers", function()
    it("carry their headers in order, repeated ones too, and a right length and date", function()
      start()
      local client = connect()
      served.api.answers["/a"] = {
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
      served.api.answers["/204"] = { status = 204, body = "not to be seen" }
      served.api.answers["/304"] = { status = 304 }
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
      served.api.answers["/a"] = { status = 500 }
      client:ask("GET", "/a")
      assert.are.equal("0", answer_to(client).headers["content-length"])
    end)

    it("are the last where the client, its HTTP/1.0 or the handler wants it so", function()
      start()
      served.api.answers["/bye"] = { status = 200, headers = { { "Connection", "close" } }, body = "bye" }
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
      assert.are.equal(3, #served.api.seen)
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
        served.api.answers["/a"] = answer
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
      served.api.answers["/a"] = { fault = "drop" }
      client:ask("GET", "/a")
      assert.are.equal("closed", closed(client))
      assert.are.equal("", client.buffer)
    end)

    it("refuse: the connection is reset", function()
      start()
      local client = connect()
      served.api.answers["/a"] = { fault = "refuse" }
      client:ask("GET", "/a")
      closed(client)
      assert.are.equal("", client.buffer)
      -- A reset, unlike an orderly end, fails the next write at once.
      assert.is_nil((client.sock:send "x"))
    end)

    it("truncate: the whole length is announced, half the body comes", function()
      start()
      local client = connect()
      served.api.answers["/a"] = { status = 200, body = "0123456789", fault = "truncate" }
      client:ask("GET", "/a")
      closed(client)
      assert.truthy(client.buffer:find("Content-Length: 10\r\n", 1, true))
      assert.are.equal("01234", client.buffer:match "\r\n\r\n(.*)$")
    end)

    it("truncate: where there is no body, the head is cut", function()
      start()
      local client = connect()
      served.api.answers["/a"] = { status = 204, fault = "truncate" }
      client:ask("GET", "/a")
      closed(client)
      assert.truthy(client.buffer:find "^HTTP/1.1 204 ")
      assert.is_nil(client.buffer:find("\r\n\r\n", 1, true))
    end)

    it("hang: no answer comes, and the connection stays until the client leaves", function()
      start()
      local client, other = connect(), connect()
      served.api.answers["/a"] = { status = 200, fault = "hang" }
      client:ask("GET", "/a")
      client:send(("x"):rep(100000))                         -- what it says meanwhile does not stop the clean-up
      serve(function() return #served.api.seen == 1 end)
      for _ = 1, 20 do
        other:ask("GET", "/b")
        answer_to(other)
      end
      assert.is_nil(client.closed)
      assert.are.equal("", client.buffer)
      assert.are.equal(2, #served.serving.connections)
      client.sock:close()
      client.closed = "by us"
      serve(function() return #served.serving.connections == 1 end, "the server to notice")
    end)

    it("slow: the body comes a byte every 50 ms, whole, and the connection stays", function()
      start()
      local client = connect()
      served.api.answers["/a"] = { status = 200, body = "abcd", fault = "slow" }
      local began = socket.gettime()
      client:ask("GET", "/a")
      serve(function() return client.buffer:find "\r\n\r\na$" end, "the first byte alone")
      local answer = answer_to(client)
      local took = socket.gettime() - began
      assert.are.equal("abcd", answer.body)
      assert.is_true(took >= 0.2 and took < 10, "took " .. took)
      client:ask("GET", "/b")
      assert.are.equal(200, answer_to(client).status)
    end)

    it("raw: exactly these bytes are sent, and the connection ends", function()
      start()
      local client = connect()
      local flood = "HTTP/9.9 abc\r\n" .. ("X: y\r\n"):rep(50000) .. "\0\255"
      served.api.answers["/a"] = { raw = flood }
      client:ask("GET", "/a")
      closed(client)
      assert.is_true(client.buffer == flood)
    end)

    it("delay: the first byte is late, by the clock, and others are served meanwhile", function()
      start()
      local late, other = connect(), connect()
      served.api.answers["/late"] = { status = 200, body = "late", delay = 0.3 }
      local began = socket.gettime()
      late:ask("GET", "/late")
      serve(function() return #served.api.seen == 1 end)
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
      assert.is_true(took >= 0.3 and took < 10, "took " .. took)
      assert.is_true(between > 2, "others served: " .. between)
    end)

    it("delay: comes before a fault too, and ends when the client leaves", function()
      start()
      served.api.answers["/drop"] = { fault = "drop", delay = 0.1 }
      served.api.answers["/long"] = { status = 200, delay = 1000 }
      local client, gone = connect(), connect()
      local began = socket.gettime()
      client:ask("GET", "/drop")
      closed(client)
      assert.is_true(socket.gettime() - began >= 0.1)
      gone:ask("GET", "/long")
      serve(function() return #served.api.seen == 2 end)
      gone.sock:close()
      gone.closed = "by us"
      serve(function() return #served.serving.connections == 0 end, "the server to notice")
    end)
  end)

  describe("many at once:", function()
    it("two slow connections don't hold up a fast one", function()
      start()
      local slow = { connect(), connect() }
      served.api.answers["/slow"] = { status = 200, body = ("s"):rep(10), fault = "slow" }
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
      served.api.answers["/big"] = { status = 200, body = big }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function()
        local connection = served.serving.connections[1]
        return connection and connection.want == "write"
      end, "a full pipe")
      other:ask("GET", "/b")
      assert.are.equal(200, answer_to(other).status)
      assert.is_true(served.body_of(deaf, #big) == big)
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
      assert.are.equal(300, #served.serving.connections)
    end)

    it("what watch is given is told of when readable", function()
      start()
      local pair = assert(socket.bind("127.0.0.1", 0))
      finally(function() pair:close() end)
      local told = 0
      served.serving:watch(pair, function()
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
      served.serving:watch(pair, nil)
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
      served.api.log = { { path = "/a", status = 200, skipped = print, headers = { x = "y" } }, { path = "/b" } }
      client:ask("GET", "/_fake/log")
      assert.are.same({ { path = "/a", status = 200, headers = { x = "y" } }, { path = "/b" } },
        cjson.decode(answer_to(client).body))
      assert.are.equal(0, #served.api.seen)
    end)

    it("queues faults, and tells what is wrong with one", function()
      start()
      local client = connect()
      client:ask("POST", "/_fake/fail", '{"times":2,"delay":0.5,"status":null,"headers":[["Retry-After",3]]}')
      assert.are.equal(204, answer_to(client).status)
      assert.are.same({ times = 2, delay = 0.5, headers = { { "Retry-After", 3 } } }, served.api.failing)
      assert.are.equal("2", tostring(served.api.failing.times))
      for _, body in ipairs { "", "{", "3", "{}" } do
        client:ask("POST", "/_fake/fail", body)
        assert.are.equal(400, answer_to(client).status)
      end
      assert.are.equal(0, #served.api.seen)
    end)

    it("resets", function()
      start()
      local client = connect()
      client:ask("POST", "/_fake/reset")
      assert.are.equal(204, answer_to(client).status)
      assert.is_true(served.api.was_reset)
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
      assert.are.equal(0, #served.api.seen)
      client:ask("GET", "/_fake")
      assert.are.equal(200, answer_to(client).status)
      assert.are.equal(1, #served.api.seen)
    end)
  end)
end)
