--- Odd answers on reused connections, from proxies, in headers and over HTTP/2. faults_spec has one of each kind.
-- SPDX-License-Identifier: MIT

local seranking = require "seranking"
local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local start, works, failed = wire.start, wire.works, wire.failed
local ANSWER = raw_server.ANSWER

after_each(wire.finish)

describe("a reused connection", function()
  local FOLDED = " folded: " .. ("b"):rep(100) .. "\r\nContent-Length: 2\r\n\r\n[]"

  for name, head in pairs {
    ["HTTP/1.1"] = "HTTP/1.1 200 OK\r\n",
    ["http/1.1"] = "http/1.1 200 OK\r\n",
    ["HTTP/1.0"] = "HTTP/1.0 200 OK\r\n",
    ["a 1xx answer"] = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n",
    ["a 1xx answer with two blanks before its status"] = "HTTP/1.1  103 Early\r\n\r\nHTTP/1.1 200 OK\r\n",
    ["a status line of 16 KB"] = "HTTP/1.1 200 " .. ("x"):rep(16400) .. "\r\n",
  } do
    it("survives first header lines that begin with a blank, after " .. name, function()
      local server = start({}, {
        otherwise = { "request", { "send", ANSWER }, "request", { "send", head .. FOLDED }, "close" },
      })
      local client = wire.client(server)
      for _ = 1, 4 do
        works(client)
        local data, err = client:request { path = "/odd" }
        if data == nil then -- newer versions of libcurl accept the line
          failed("protocol", "bad_answer", data, err)
        end
      end
    end)
  end

  it("takes the head of a 1xx answer with two blanks before its status for no answer", function()
    local server = start { { "request", { "send", "HTTP/1.1  103 Early\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n" }, "close" } }
    failed("network", "truncated", wire.client(server):request { path = "/x" })
  end)

  it("is kept, whichever handle the next call uses", function()
    local server = start {}
    local client = wire.client(server)
    works(client)
    for _ = 1, 3 do
      assert.is_true(works(client).reused)
    end
    assert.are.equal(1, #server.report())
  end)

  for _, ending in ipairs { "close", "reset" } do
    it("has a POST repeated that came after its end (" .. ending .. "): none of it was sent", function()
      local server = start { { "request", { "send", ANSWER }, ending } }
      local client = wire.client(server, { retries = 1, clock = seranking.clock() })
      works(client)
      assert.are.equal(ending, server.report()[1].ended)
      local data, response = client:request { method = "POST", path = "/x", body = { a = 1 } }
      assert.are.same({ ok = true }, data, tostring(response))
      local posts = 0
      for _, request in ipairs(server.requests()) do
        posts = posts + (request.method == "POST" and 1 or 0)
      end
      assert.are.equal(1, posts)
    end)
  end
end)

describe("a proxy", function()
  local SECRETS = { "s3cret", "Zebedee" }

  local function shows_none(text)
    for _, secret in ipairs(SECRETS) do
      assert.is_nil(text:find(secret, 1, true), text)
    end
  end

  it("that libcurl could not use is refused by new, which says why and does not show it", function()
    for address, why in pairs {
      ["http://Zebedee:s3cret@127.0.0.1:999999"] = "has a port that is not a number from 1 to 65535",
      ["http://Zebedee:s3@cret@host:1"] = "has a user or password that can't be read: write @ as %40",
      ["http://Zebedee:s3@cr:et@host:1"] = "has a user or password that can't be read: write @ as %40, : as %3A",
      ["http://Zebedee:s3/cret@host:1"] = "has a user or password that can't be read: write @ as %40",
      ["ftp://Zebedee:s3cret@host:1"] = "has a scheme that is none of http, https,",
      ["http://Zebedee:s3cret@"] = "write",
      ["http://Zebedee:s3cret@a host"] = "holds a blank or a control character",
      ["http://Zebedee:s3%00cret@host"] = "has a user or password that can't be read",
    } do
      local client, err = seranking.new { token = wire.KEY, proxy = address }
      assert.is_nil(client)
      assert.are.equal("invalid bad_option", err.kind .. " " .. err.code)
      assert.truthy(err.message:find(why == "write" and why or "proxy " .. why, 1, true), err.message)
      shows_none(tostring(err))
    end
  end)

  it("of the environment is checked as well, and its variable named", function()
    local program = [[print(select(2, require("seranking").new { token = "%s" }))]]
    local clean = "env -u https_proxy -u HTTPS_PROXY -u no_proxy -u NO_PROXY"
    for _, variable in ipairs { "HTTPS_PROXY", "all_proxy", "SERANKING_PROXY" } do
      local text = system.output(("%s %s=http://Zebedee:s3cret@h:999999 '%s' -e '%s' 2>&1")
        :format(clean, variable, process.interpreter(), program:format(wire.KEY)))
      assert.truthy(text:find(variable .. " has a port that is not a number", 1, true), text)
      shows_none(text)
    end
  end)

  it("survives trailers of its answers that begin with a blank", function()
    local function refuses(trailer)
      return { "head", { "send", "HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" .. trailer .. "\r\n\r\n" },
        "close" }
    end
    local server = start({ refuses("X-A: " .. ("a"):rep(40)) }, { otherwise = refuses(" folded: " .. ("b"):rep(100)) })
    local client = wire.client(server, { base_url = "https://127.0.0.1:9", proxy = server.url })
    for _ = 1, 4 do
      failed("network", "proxy", client:request { path = "/x" })
    end
  end)

  it("has its user and password masked in errors, in events and in what a client prints", function()
    local server = start({}, { otherwise = { "head", { "send", "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n" } } })
    local events = {}
    local client = wire.client(server, {
      base_url = "https://127.0.0.1:9", proxy = server.url:gsub("//", "//Zebedee:s3cret@"),
      on_event = function(event)
        for name, value in pairs(event) do
          events[#events + 1] = tostring(name) .. "=" .. tostring(value)
        end
      end,
    })
    local err = failed("network", "proxy", client:request { path = "/x" })
    shows_none(tostring(client))
    shows_none(table.concat(events, " "))
    for _, value in pairs(err) do
      shows_none(tostring(value))
    end
    for _, value in pairs(client.sites.list:dry_run {}) do
      shows_none(tostring(value))
    end
    local seen = server.requests()[1].head -- all that a proxy gets in clear
    assert.truthy(seen:find("Proxy-Authorization: Basic ", 1, true))
    assert.truthy(seen:find("^CONNECT 127%.0%.0%.1:9 "))
    assert.is_nil(seen:find(wire.KEY, 1, true))
  end)
end)

describe("headers", function()
  --- The headers of an answer with these lines between status line and Content-Length.
  local function headers_of(status_line, lines)
    local server = start { { "request", { "send", status_line .. "\r\n" .. lines
      .. "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]" } } }
    local data, response = wire.client(server):request { path = "/x" }
    assert.are.equal("table", type(data), tostring(response))
    return response.headers
  end

  it("that are folded are joined to the previous line", function()
    assert.are.equal("a b c", headers_of("HTTP/1.1 200 OK", "X-Long: a\r\n b\r\n\tc\r\n")["x-long"]:gsub("%s+", " "))
  end)

  it("have no name with a leading blank, although a folded line looks like a header", function()
    local headers = headers_of("HTTP/1.1 200 OK", "X-A: b\r\n\tX-C: d\r\nX-E: f\r\n")
    assert.are.equal("b X-C: d", headers["x-a"])
    assert.are.equal("f", headers["x-e"])
    for name in pairs(headers) do
      assert.is_nil(name:find "%s", name)
    end
  end)

  it("are not taken from the status line", function()
    local headers = headers_of("HTTP/1.1 200 it: works", "X-A: b\r\n")
    assert.are.equal("b", headers["x-a"])
    for name in pairs(headers) do
      assert.is_nil(name:find "http", name)
    end
  end)
end)

describe("a 429", function()
  for _, value in ipairs { "0", "Thu, 01 Jan 1970 00:00:00 GMT" } do
    it("has a retry_after as long as the limiter holds (" .. value .. ")", function()
      local server = start({}, { otherwise = {
        "request", { "send", raw_server.answer("429 Too Many Requests", { "Retry-After: " .. value }, "{}") }, "again",
      } })
      local client = wire.client(server, { share = "process", clock = seranking.clock() })
      local err = failed("rate_limit", "too_many_requests", client:request { path = "/x" })
      assert.are.equal(1, err.retry_after)
    end)
  end
end)

describe("HTTP/2", function()
  local certificates

  setup(function()
    certificates = process.certificates()
  end)

  teardown(function()
    certificates.remove()
  end)

  --- A frame; payload as it is.
  local function frame(kind, flags, stream, payload)
    local size = #payload
    local length = string.char(math.floor(size / 65536), math.floor(size / 256) % 256, size % 256)
    return length .. string.char(kind, flags, 0, 0, 0, stream) .. payload
  end

  local PREFACE = #"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
  local SETTINGS = frame(4, 0, 0, "") .. frame(4, 1, 0, "")

  --- Steps that end the first stream of a connection with this error.
  local function ends(code)
    return { { "skip", PREFACE + 60 }, { "send", SETTINGS .. frame(3, 0, 1, "\0\0\0" .. string.char(code)) } }
  end

  local function tls(alpn)
    return { certificate = certificates.certificate, key = certificates.key, alpn = alpn }
  end

  for name, code in pairs { REFUSED_STREAM = 7, HTTP_1_1_REQUIRED = 13 } do
    it("has a POST that was refused by " .. name .. " called unsent, and repeatable", function()
      local server = start({}, { tls = tls "h2", otherwise = ends(code) })
      local client = wire.client(server, { ca_file = certificates.ca })
      local err = failed("network", "refused", client:request { method = "POST", path = "/x", body = {} })
      assert.is_false(err.sent)
      assert.is_true(err.retryable)
    end)
  end

  it("has headers of 240 KB called too large", function()
    local once = "\64\1x\127\161\30" .. ("y"):rep(4000) -- stored in HPACK's table, and referred to by one byte afterwards
    local server = start({}, { tls = tls "h2", otherwise = {
      { "skip", PREFACE + 60 }, { "send", SETTINGS .. frame(1, 4, 1, "\136" .. once .. ("\190"):rep(60)) },
    } })
    local client = wire.client(server, { ca_file = certificates.ca })
    failed("too_large", "headers", client:request { path = "/x" })
  end)
end)
