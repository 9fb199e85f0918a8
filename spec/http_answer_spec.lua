--- Valid and broken answers over real sockets.
-- SPDX-License-Identifier: MIT

local raw_server = require "spec.support.raw_server"
local wire = require "spec.support.wire"
local http = require "spec.support.http"
local system = require "spec.support.system"

local new_client, start, works, failed = wire.client, wire.start, wire.works, wire.failed
local answering = http.answering
local shell = system.output
local answer = raw_server.answer
local ANSWER = raw_server.ANSWER

local function with_file(text, use)
  local name = os.tmpname()
  system.write(name, text)
  local result = use(name)
  os.remove(name)
  return result
end

after_each(wire.finish)

describe("an answer", function()
  it("has a response that describes it", function()
    local server = answering(answer("201 Created",
      { "Content-Type: application/json", "X-Twice: a", "x-other:  b ", "X-TWICE: c", "X-Empty:" },
      '{"site_id":147696}'))
    local client = new_client(server)
    local data, response = client.sites:create { url = "u", title = "t" }
    assert.are.equal("147696", tostring(data.site_id))
    assert.are.equal(201, response.status)
    assert.are.equal("a, c", response.headers["x-twice"])
    assert.are.equal("a, c", response.headers["X-Twice"])
    assert.are.equal("b", (response.headers["X-Other"]:gsub("%s+$", "")))
    assert.are.equal("", response.headers["x-empty"])
    assert.is_nil(response.headers["x-none"])
    assert.are.equal(1, response.attempts)
    assert.is_true(response.elapsed > 0 and response.elapsed < 10)
    assert.is_true(response.waited < response.elapsed)
    assert.is_false(response.reused)
    assert.are.equal("1.1", response.http_version)
    assert.is_true(works(client).reused)
  end)

  it("has the time it waited for the limiter", function()
    local client = new_client(start {}, { share = "process", rate = { limit = 1, per = 0.6 } })
    local response = works(client)
    assert.is_true(response.waited < response.elapsed)
    response = works(client)
    assert.is_true(response.waited > 0.2)
    assert.is_true(response.elapsed >= response.waited)
  end)

  it("may be compressed", function()
    local text = '{"currency":"rur","value":2296380.85,"pad":"' .. ("x"):rep(5000) .. '"}'
    local gzip = with_file(text, function(name) return shell("gzip -c " .. name) end)
    local server = answering(answer("200 OK", { "Content-Type: application/json", "Content-Encoding: gzip" }, gzip))
    local client = new_client(server)
    local balance = assert(client.account:balance())
    assert.are.equal(2296380.85, balance.value)
    assert.are.equal(5000, #balance.pad)
    assert.is_true(works(client).reused)
  end)

  it("with invalid compression is an error", function()
    local client = new_client(answering(answer("200 OK", { "Content-Encoding: gzip" }, "this is no gzip")))
    failed("decode", "bad_encoding", client.account:balance())
    works(client)
  end)

  it("that decompresses to more than max_body is refused in bounded memory", function()
    local SIZE = 64 * 1024 * 1024
    local bomb = shell(("head -c %d /dev/zero | gzip -c"):format(SIZE))
    assert.is_true(#bomb < 200000)
    local server = answering(answer("200 OK", { "Content-Encoding: gzip" }, bomb))
    local client = new_client(server, { max_body = 1024 * 1024 })
    local function status(field)
      local file = assert(io.open "/proc/self/status")
      local text = file:read "*a"
      file:close()
      return 1024 * tonumber(text:match(field .. ":%s+(%d+)"))
    end
    local file = assert(io.open("/proc/self/clear_refs", "w"))
    file:write "5" -- the peak is counted from now on
    assert(file:close())
    local before = status "VmRSS"
    local err = failed("too_large", "body", client.account:balance())
    assert.is_true(status "VmHWM" - before < SIZE / 4)
    assert.is_truthy(err.hint:find "max_body")
    assert.is_true(err.sent)
    assert.is_false(err.retryable)
    works(client)
  end)

  it("may be as large as max_body, but not larger", function()
    local server = answering(answer("200 OK", {}, ("x"):rep(1000)), answer("200 OK", {}, ("x"):rep(1001)))
    local client = new_client(server, { max_body = 1000 })
    assert.are.equal(1000, #assert(client:request { path = "/x" }))
    failed("too_large", "body", client:request { path = "/x" })
    works(client)
  end)

  it("with ten thousand header lines is refused", function()
    local lines = {}
    for i = 1, 10000 do
      lines[i] = ("X-Header-%05d: value"):format(i)
    end
    local client = new_client(answering(answer("200 OK", lines, "{}")))
    local err = failed("too_large", "headers", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("with a header of a megabyte is refused", function()
    local client = new_client(answering(answer("200 OK", { "X-Long: " .. ("x"):rep(1024 * 1024) }, "{}")))
    local err = failed("too_large", "headers", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("with a NUL in a header is refused", function()
    local client = new_client(answering(answer("200 OK", { "X-Nul: a\0b" }, "{}")))
    local err = failed("protocol", "bad_answer", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("keeps every byte of a body that is not JSON", function()
    local client = new_client(answering(answer("200 OK", { "Content-Type: text/plain" }, http.EVERY_BYTE)))
    assert.is_true(http.EVERY_BYTE == client:request { path = "/x" })
    works(client)
  end)

  it("of JSON that is not UTF-8 has its strings' bytes unchanged", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":"caf\233 \255","value":1}')))
    assert.are.equal("caf\233 \255", client.account:balance().currency)
  end)

  it("of JSON may hold an escaped NUL, but no raw one", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":"a\\u0000b"}'),
      answer("200 OK", {}, '{"currency":"a\0b"}')))
    assert.are.equal("a\0b", client.account:balance().currency)
    failed("decode", "bad_json", client.account:balance())
    works(client)
  end)

  for type, body in pairs {
    ["application/json"] = '{"message":"caf\233 \255 fails"}',
    ["text/plain"] = "caf\233 \255 fails",
  } do
    it("that says in broken UTF-8 what is wrong (" .. type .. ") is told in valid", function()
      local client = new_client(answering(answer("400 Bad Request", { "Content-Type: " .. type }, body)))
      local err = failed("invalid", "bad_request", client.account:balance())
      assert.are.equal("caf\239\191\189 \239\191\189 fails", err.message)
      assert.is_nil(err.body:find "[\233\255]")
      assert.are.equal(400, err.status)
      works(client)
    end)
  end

  it("whose error message has a NUL is shown without it", function()
    local body = '{"message":"caf\0e","a":"\0\0"}\0'
    local client = new_client(answering(answer("400 Bad Request", {}, body), answer("500 Oh", {}, "a\0b\0")))
    local err = failed("invalid", "bad_request", client.account:balance())
    assert.is_nil((err.message .. err.body):find "%c")
    err = failed("server", "server_error", client.account:balance())
    assert.are.equal("ab", err.message)
    works(client)
  end)

  it("without a body is an error for an operation that has one, else a success", function()
    local empty = answer("200 OK", {}, "")
    local client = new_client(answering(empty, empty, empty, "HTTP/1.1 204 No Content\r\n\r\n"))
    local err = failed("decode", "empty_body", client.account:balance())
    assert.are.equal(200, err.status)
    assert.is_true(err.sent)
    assert.is_true(client.sites:delete { site_id = 1 })
    assert.is_true(client:request { method = "POST", path = "/x" })
    assert.is_true(client.sites.keywords:delete { site_id = 1, keywords_ids = { 2 } })
    works(client)
  end)

  it("with a colon in its status line and a folded header has the right headers", function()
    local client = new_client(answering(answer("200 it: works", { "X-A: one", "\ttwo", "X-B: 2" }, "[]")))
    local _, response = client.sites:list()
    assert.are.equal("one two", response.headers["X-A"])
    assert.are.equal("2", response.headers["x-b"])
    local names = 0
    for _ in pairs(response.headers) do
      names = names + 1
    end
    assert.are.equal(3, names) -- and Content-Length
    works(client)
  end)

  it("that is an HTML page of a proxy is reported as such", function()
    local page = "<html><head><title>502 Bad Gateway</title></head></html>"
    local client = new_client(answering(answer("502 Bad Gateway", { "Content-Type: text/html" }, page),
      answer("200 OK", { "Content-Type: text/html" }, page)))
    local err = failed("server", "bad_gateway", client.account:balance())
    assert.are.equal("Bad Gateway (the answer is an HTML page)", err.message)
    assert.are.equal(page, err.body)
    assert.are.equal(502, err.status)
    err = failed("decode", "bad_json", client.account:balance())
    assert.are.equal(page, err.body)
    works(client)
  end)

  it("of broken JSON is an error that shows it", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":')))
    local err = failed("decode", "bad_json", client.account:balance())
    assert.are.equal('{"currency":', err.body)
    assert.are.equal(200, err.status)
    works(client)
  end)

  it("may follow 1xx answers", function()
    local client = new_client(answering("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
      .. "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" .. ANSWER))
    local response = works(client)
    assert.are.equal(200, response.status)
    assert.is_nil(response.headers["x-early"])
    assert.is_nil(response.headers.link)
    assert.are.equal("application/json", response.headers["content-type"])
    assert.is_true(works(client).reused)
  end)

  it("may be chunked, with trailers", function()
    local client = new_client(answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      .. '5;extension=1\r\n{"ok"\r\n6\r\n:true}\r\n0\r\nX-Sum: 42\r\n\r\n'))
    assert.are.equal("42", works(client).headers["x-sum"])
    assert.is_true(works(client).reused)
  end)

  it("whose chunks are broken is an error", function()
    local client = new_client(answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"))
    local data, err = client.account:balance()
    assert.is_nil(data)
    assert.is_truthy(err.kind == "network" or err.kind == "protocol")
    assert.is_true(err.sent)
    works(client)
  end)

  it("of HTTP/1.0 ends with its connection", function()
    local server = start {
      { "request", { "send", 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"ok":true}' }, "close" },
    }
    local client = new_client(server)
    assert.are.equal("1.0", works(client).http_version)
    assert.is_false(works(client).reused)
  end)

  it("that is not HTTP is an error", function()
    local client = new_client(start { { "request", { "send", "SSH-2.0-OpenSSH_9.2\r\n" } } })
    local err = failed("protocol", "bad_answer", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  for name, head in pairs {
    ["Content-Length"] = "Content-Length: 1000\r\n\r\n",
    chunks = "Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
  } do
    it("cut off within its body (" .. name .. ") is an error", function()
      local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\n" .. head .. '{"currency":' }, "close" } }
      local client = new_client(server)
      local err = failed("network", "truncated", client.account:balance())
      assert.is_true(err.sent)
      assert.is_true(err.retryable)
      assert.is_nil(err.status)
      works(client)
    end)
  end

  it("cut off within its head is an error", function()
    local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\nContent-Le" }, "close" } }
    local client = new_client(server)
    local data, err = client.account:balance()
    assert.is_nil(data)
    assert.are.equal("network", err.kind)
    assert.is_true(err.sent)
    works(client)
  end)

  it("whose server is killed in the middle is an error, and the next server's arrives", function()
    local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{" }, "exit" } }
    local client = new_client(server)
    failed("network", "truncated", client.account:balance())
    server.stop() -- waits for its end
    failed("network", "connect", client.account:balance())
    start({}, { port = server.port })
    works(client)
  end)

  for _, status in ipairs { 301, 302, 307 } do
    it("that points to another host (" .. status .. ") is not followed", function()
      local other = start {}
      local where = other.url .. "/elsewhere"
      local redirect = answer(status .. " Moved", { "Location: " .. where }, "")
      local server = answering(redirect, redirect)
      local client = new_client(server, { retries = 3 })
      for _, call in ipairs {
        function() return client.account:balance() end,
        function() return client.sites:create { url = "u", title = "t" } end,
      } do
        local err = failed("protocol", "redirect", call())
        assert.are.equal(status, err.status)
        assert.is_truthy(err.message:find(where, 1, true))
        assert.are.equal(1, err.attempts)
      end
      works(client)
      assert.are.equal(0, #other.report())
      assert.are.equal(3, #server.requests())
    end)
  end
end)
