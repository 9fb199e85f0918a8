--- The fake's HTTP server: its port, requests good and broken, TLS.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local server = require "seranking.fake.server"
local process = require "spec.support.process"
local served = require "spec.support.served"

local start, connect, serve, answer_to, closed = served.start, served.connect, served.serve, served.answer_to, served.closed

describe("the fake's HTTP server", function()
  before_each(served.begin)
  after_each(served.finish)

  describe("port", function()
    it("is on the loopback interface and nowhere else", function()
      for _, host in ipairs { "0.0.0.0", "::", "*", "192.168.0.1", "example.com", "127.0.0.1.example.com", "" } do
        assert.has_error(function() server.new { api = served.api, host = host } end)
      end
      assert.are.equal("http://127.0.0.1:" .. start().port, served.serving.url)
      assert.are.equal("127.0.0.1", (served.serving.listener:getsockname()))
    end)

    it("can be named, and a taken one is an error to handle", function()
      start()
      local second, why = server.new { api = served.api, port = served.serving.port }
      assert.is_nil(second)
      assert.are.equal("string", type(why))
    end)

    it("is closed by close, with the connections, and a second close does nothing", function()
      start()
      local client = connect()
      client:ask("GET", "/a")
      answer_to(client)
      served.serving:close()
      served.serving:close()
      client:pump()
      assert.are.equal("closed", client.closed)
      assert.is_nil((socket.connect("127.0.0.1", served.serving.port)))
      assert.has_error(function() served.serving:step(0) end)
    end)

    it("is served by run until told to stop", function()
      start()
      local client, turns = connect(), 0
      client:ask("GET", "/run")
      served.serving:run(function()
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
      }, served.api.seen[1])
    end)

    it("have no body where it is empty, and a query where there is a question mark", function()
      start()
      local client = connect()
      client:ask("POST", "/a?", "")
      answer_to(client)
      assert.is_nil(served.api.seen[1].body)
      assert.are.equal("", served.api.seen[1].query)
      assert.are.equal("/a", served.api.seen[1].path)
    end)

    it("follow each other on one connection", function()
      start()
      local client = connect()
      for index = 1, 5 do
        client:ask("PUT", "/" .. index, "body " .. index)
        assert.are.equal(("PUT /%d body %d"):format(index, index), answer_to(client).body)
      end
      assert.is_nil(client.closed)
      assert.are.equal(1, #served.serving.connections)
    end)

    it("may be sent all at once, and are answered in order though the first is late", function()
      start()
      local client = connect()
      served.api.answers["/1"] = { status = 200, body = "first", delay = 0.05 }
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
        repeat until not served.serving:step(0)
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
      served.api.answers["/big"] = function(request) return { status = 200, body = tostring(request.body == body) } end
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
      assert.are.equal(0, #served.api.seen)
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
        assert.are.equal(0, #served.api.seen)
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
      assert.are.equal(1, #served.api.seen)
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
      assert.are.equal(0, #served.api.seen)
    end)

    it("that end in the middle are not answered", function()
      start()
      local client = connect()
      client:send "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"
      client.sock:shutdown "send"
      closed(client)
      assert.are.equal("", client.buffer)
      assert.are.equal(0, #served.api.seen)
      serve(function() return #served.serving.connections == 0 end)
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
      assert.are.equal("https://127.0.0.1:" .. served.serving.port, served.serving.url)
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
      served.api.answers["/big"] = { status = 200, body = big }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function() return served.serving.connections[1].want == "write" end, "a full pipe")
      other:ask("GET", "/b")
      assert.are.equal(200, answer_to(other).status)
      assert.is_true(served.body_of(deaf, #big) == big)
    end)

    it("can be closed with a client that has stopped reading, without waiting for it", function()
      start { tls = certificates }
      local deaf = assert(connect_tls())
      served.api.answers["/big"] = { status = 200, body = ("x"):rep(2 ^ 23) }
      deaf.deaf = true
      deaf:ask("GET", "/big")
      serve(function() return served.serving.connections[1].want == "write" end, "a full pipe")
      local began = socket.gettime()
      served.serving:close()
      assert.is_true(socket.gettime() - began < 10)
    end)

    it("has the same faults", function()
      start { tls = certificates }
      served.api.answers["/drop"] = { fault = "drop" }
      served.api.answers["/refuse"] = { fault = "refuse" }
      served.api.answers["/truncate"] = { status = 200, body = "0123456789", fault = "truncate" }
      served.api.answers["/raw"] = { raw = "no HTTP" }
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
      assert.are.equal(0, #served.api.seen)
      assert(connect_tls())
    end)

    it("needs a certificate that can be read", function()
      local none, why = server.new { api = served.api, tls = { certificate = "/nonexistent", key = "/nonexistent" } }
      assert.is_nil(none)
      assert.are.equal("string", type(why))
    end)
  end)
end)
