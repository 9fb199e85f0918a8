--- Connections and timeouts over real sockets, and the fake API over one.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local seranking = require "seranking"
local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"
local wire = require "spec.support.wire"
local http = require "spec.support.http"

local new_client, start, works, failed = wire.client, wire.start, wire.works, wire.failed
local answering, took = http.answering, http.took
local answer = raw_server.answer
local ANSWER = raw_server.ANSWER

after_each(wire.finish)

describe("a connection", function()
  it("is reused", function()
    local server = start {}
    local client = new_client(server)
    assert.is_false(works(client).reused)
    assert.is_true(works(client).reused)
    assert.is_true(works(client).reused)
    local connections = server.report()
    assert.are.equal(1, #connections)
    assert.are.equal(3, #connections[1].requests)
  end)

  it("is reused after an error that keeps it open", function()
    local server = answering(answer("404 Not Found", {}, "{}"), answer("500 Server Error", {}, ""))
    local client = new_client(server)
    failed("not_found", "not_found", client:request { path = "/x" })
    failed("server", "server_error", client:request { path = "/x" })
    assert.is_nil(server.report()[2])
  end)

  it("is closed by close and by the garbage collector", function()
    local server = start {}
    local client = new_client(server)
    works(client)
    client:close()
    assert.are.equal("client", server.report()[1].ended)
    assert.has_error(function() client.account:balance() end)

    works(assert(seranking.new { token = false, base_url = server.url, share = "off" }))
    collectgarbage()
    collectgarbage()
    assert.are.equal("client", server.report()[2].ended)
  end)

  it("closed by the server meanwhile is not used: a POST is sent once, on a new one", function()
    local server = start { { "request", { "send", ANSWER }, "close" } }
    local client = new_client(server)
    works(client)
    assert.are.equal("close", server.report()[1].ended)
    local data, response = client:request { method = "POST", path = "/x" }
    assert.are.same({ ok = true }, data)
    assert.is_false(response.reused)
    assert.are.equal(1, response.attempts)
    assert.are.equal(2, #server.requests())
  end)

  it("in flight is not shared: a second call uses another", function()
    local both = { "request", { "await", 2 }, { "send", ANSWER } }
    local server = start { both, both }
    http.two_at_once(new_client(server))
    assert.are.equal(2, #server.report())
  end)

  for _, ending in ipairs { "close", "reset" } do
    describe("that ends before the answer (" .. ending .. ")", function()
      it("when new, fails a POST, which was sent once", function()
        local server = start { { "request", ending } }
        local client = new_client(server, { retries = 3 })
        local err = failed("network", "connection_lost", client.sites:create { url = "u", title = "t" })
        assert.is_true(err.sent)
        assert.is_false(err.retryable)
        assert.are.equal(1, err.attempts)
        assert.are.equal(1, #server.requests())
        works(client)
      end)

      it("when new, has a GET retried", function()
        local server = start { { "request", ending }, { "request", ending } }
        local client = new_client(server, { retries = 2, clock = seranking.clock() })
        local response = works(client)
        assert.are.equal(3, response.attempts)
        assert.are.equal(3, #server.requests())
      end)

      it("when reused, fails a POST, which was sent once", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server, { retries = 3 })
        works(client)
        local err = failed("network", "connection_lost", client.sites:create { url = "u", title = "t" })
        assert.is_true(err.sent)
        assert.is_false(err.retryable)
        assert.are.equal(1, err.attempts)
        local posts = 0
        for _, request in ipairs(server.requests()) do
          posts = posts + (request.method == "POST" and 1 or 0)
        end
        assert.are.equal(1, posts)
        works(client)
      end)

      it("when reused, has a GET retried by the engine, not by libcurl", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server, { retries = 1, clock = seranking.clock() })
        works(client)
        assert.are.equal(2, works(client).attempts)
        assert.are.equal(3, #server.requests())
      end)

      it("when reused, fails a GET that may not be retried", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server)
        works(client)
        local err = failed("network", "connection_lost", client:request { path = "/x" })
        assert.is_true(err.sent)
        assert.is_true(err.retryable)
        assert.are.equal(2, #server.requests())
        works(client)
      end)
    end)
  end

  it("that is refused sends nothing: a POST may be retried", function()
    local server = start {}
    local client = new_client(server, { retries = 2, clock = seranking.clock() })
    server.stop()
    local err = failed("network", "connect", client.sites:create { url = "u", title = "t" })
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    assert.are.equal(3, err.attempts)
    assert.is_truthy(err.hint:find "base_url")
    server = start({}, { port = server.port })
    works(client)
    assert.are.equal(1, #server.requests())
  end)
end)

describe("a call", function()
  -- Under valgrind, libcurl's initialization takes longer than the timeouts here.
  before_each(function() works(new_client(start {})) end)

  it("ends at the deadline if nobody accepts, and the request counts as sent", function()
    local listener = assert(socket.bind("127.0.0.1", 0, 8))
    local _, port = listener:getsockname()
    local client = new_client { url = "http://127.0.0.1:" .. port }
    local err = failed("timeout", "no_answer", client.account:balance(nil, { timeout = 0.3, retries = 5 }))
    assert.is_true(err.sent)
    assert.are.equal(1, err.attempts)
    took(0.3, err.elapsed)
    listener:close()
  end)

  it("ends at connect_timeout without a connection, and nothing was sent", function()
    local listener = assert(socket.bind("127.0.0.1", 0, 0))
    local _, port = listener:getsockname()
    local fillers = {}
    for i = 1, 8 do -- with a full queue, the kernel drops further connections
      fillers[i] = socket.tcp()
      fillers[i]:settimeout(0)
      fillers[i]:connect("127.0.0.1", port)
    end
    local client = new_client { url = "http://127.0.0.1:" .. port }
    local data, err = client.sites:create({ url = "u", title = "t" }, { connect_timeout = 0.3, timeout = 20 })
    failed("timeout", "no_connection", data, err)
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    took(0.3, err.elapsed)
    for _, filler in ipairs(fillers) do
      filler:close()
    end
    listener:close()
  end)

  it("fails a POST at the deadline: once sent, never retried", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 5 })
    local err = failed("timeout", "no_answer", client.sites:create({ url = "u", title = "t" }, { timeout = 0.3 }))
    assert.is_true(err.sent)
    assert.is_false(err.retryable)
    assert.are.equal(1, err.attempts)
    local connections = server.report()
    assert.are.equal(1, #connections)
    assert.are.equal(1, #connections[1].requests)
    assert.are.equal("client", connections[1].ended)
    works(client)
  end)

  it("may have an attempt that expires, and another one within its timeout", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 1, attempt_timeout = 0.2 * process.patience(),
      clock = seranking.clock() })
    assert.are.equal(2, works(client).attempts)
    assert.are.equal(2, #server.requests())
  end)

  it("fails a POST whose attempt expires", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 5, attempt_timeout = 0.2 })
    local err = failed("timeout", "no_answer", client.sites:create { url = "u", title = "t" })
    assert.is_true(err.sent)
    assert.are.equal(1, err.attempts)
    took(0.2, err.elapsed)
    assert.are.equal(1, #server.requests())
    works(client)
  end)

  for name, head in pairs {
    body = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
    headers = "HTTP/1.1 200 OK\r\nX-Long: ",
    ["1xx answers"] = "HTTP/1.1 100 Continue\r\n\r\n",
  } do
    it("ends at the deadline although an answer's " .. name .. " never end", function()
      local bytes = name == "1xx answers" and head or "x"
      local server = start { { "request", { "send", head }, { "dribble", bytes, 0.01 } } }
      local client = new_client(server)
      local err = failed("timeout", "no_answer", client.account:balance(nil, { timeout = 0.4, retries = 5 }))
      assert.is_true(err.sent)
      took(0.4, err.elapsed)
      works(client)
    end)
  end

  it("does not end while an answer arrives slowly", function()
    local fake = process.fake { limit = 1000 }
    wire.keep(fake)
    fake.fail { fault = "slow", body = '{"a":1}' }
    assert.are.equal(1, assert(new_client(fake).account:balance()).a)
  end)
end)

describe("the fake API over a socket", function()
  local fake

  after_each(function()
    fake.stop()
  end)

  it("can break an answer in every way, and the next call works", function()
    fake = process.fake { limit = 1000 }
    local client = new_client(fake)
    for _, case in ipairs {
      { { kind = "html" }, "server bad_gateway" },
      { { kind = "bad_json" }, "decode bad_json" },
      { { kind = "nul" }, "decode bad_json" },
      { { kind = "empty" }, "decode empty_body" },
      { { status = 500 }, "server server_error" },
      { { status = 429 }, "rate_limit too_many_requests" },
      { { fault = "drop" }, "network connection_lost" },
      { { fault = "refuse" }, "network connection_lost" },
      { { fault = "truncate" }, "network truncated" },
      { { status = 301, headers = { Location = "http://127.0.0.1:1/" } }, "protocol redirect" },
    } do
      fake.fail(case[1])
      local data, err = client.account:balance()
      assert.is_nil(data)
      assert.are.equal(case[2], err.kind .. " " .. err.code)
      assert.is_true(err.sent)
      assert.are.equal("rur", assert(client.account:balance()).currency)
    end
    assert.are.equal(20, #fake.log())
  end)

  it("sees two clients of a process share the limit of one key", function()
    fake = process.fake { limit = 5, per = 1 }
    local both = {}
    for i = 1, 2 do
      both[i] = new_client(fake, { share = "process" })
    end
    local waited = 0
    for i = 1, 12 do
      local data, response = both[i % 3 % 2 + 1].account:balance()
      assert(data, response)
      assert.are.equal(1, response.attempts)
      waited = waited + response.waited
    end
    assert.is_true(waited > 1)
    local log = fake.log()
    assert.are.equal(12, #log)
    for _, record in ipairs(log) do
      assert.are.equal(200, record.status)
    end
  end)

  it("refuses requests over its limit, which are retried after a window", function()
    fake = process.fake { limit = 1, per = 0.5 }
    local client = new_client(fake, { retries = 1, rate = { limit = 1, per = 0.5 } })
    assert(client.account:balance())
    local data, response = client.account:balance()
    assert(data, response)
    assert.are.equal(2, response.attempts)
    assert.is_true(response.waited < response.elapsed / 2)
    took(0.5, response.elapsed)
    local statuses = {}
    for i, record in ipairs(fake.log()) do
      statuses[i] = record.status
    end
    assert.are.same({ 200, 429, 200 }, statuses)
  end)
end)
