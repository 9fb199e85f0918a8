--- HTTP/2 over a real socket.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local process = require "spec.support.process"
local wire = require "spec.support.wire"
local http = require "spec.support.http"
local system = require "spec.support.system"

local KEY = wire.KEY
local new_client, failed = wire.client, wire.failed
local shell = system.output

after_each(wire.finish)

describe("HTTP/2", function()
  local certificates

  setup(function()
    certificates = process.certificates()
  end)

  teardown(function()
    certificates.remove()
  end)

  --- Starts nghttpd on a folder; it ends with stop() or with this process.
  local function nghttpd(folder)
    for _ = 1, 5 do -- it can't choose a free port, so another process may take this one
      local probe = assert(socket.bind("127.0.0.1", 0))
      local _, port = probe:getsockname()
      probe:close()
      local log = folder .. "/log"
      local pipe = assert(io.popen(("nghttpd -v -a 127.0.0.1 --echo-upload -d %s/www %s %s %s >%s 2>&1 & "
        .. "read end; kill $!; wait"):format(folder, port, certificates.key, certificates.certificate, log), "w"))
      local function said()
        local file = io.open(log)
        local text = file and file:read "*a" or ""
        return text, file and file:close()
      end
      local deadline = socket.gettime() + 10
      while socket.gettime() < deadline and not said():find("listen", 1, true) do
        socket.sleep(0.005)
      end
      if said():find("listen 127.0.0.1:" .. port, 1, true) then
        return { url = "https://127.0.0.1:" .. port, said = said, stop = function() pipe:close() end }
      end
      pipe:close()
    end
    error "nghttpd does not start"
  end

  it("is used over TLS with a server that offers it", function()
    local folder = shell("mktemp -d"):match "%S+"
    shell(("mkdir -p %s/www/account && printf '{\"currency\":\"rur\"}' >%s/www/account/balance"):format(folder, folder))
    local server = nghttpd(folder)
    local client = new_client(server, { ca_file = certificates.ca })
    local data, response = client.account:balance()
    assert(data, response)
    assert.are.equal("rur", data.currency)
    assert.are.equal("2", response.http_version)
    assert.are.equal(200, response.status)
    assert.are.equal("18", response.headers["Content-Length"])
    assert.is_false(response.reused)

    data, response = client:request { method = "POST", path = "/x", body = http.EVERY_BYTE }
    assert.is_true(data == http.EVERY_BYTE)
    assert.are.equal("2", response.http_version)
    assert.is_true(response.reused)

    local err = failed("not_found", "not_found", client.sites:list())
    assert.are.equal(404, err.status)
    assert.is_true(select(2, client.account:balance()).reused)
    assert.is_truthy(server.said():find("authorization: Token " .. KEY, 1, true))
    assert.is_nil(server.said():find("expect:", 1, true))
    client:close()
    server.stop()
    shell("rm -rf " .. folder)
  end)

  it("carries all calls of a map over one connection", function()
    local folder = shell("mktemp -d"):match "%S+"
    shell(("mkdir -p %s/www/account && printf '{\"currency\":\"rur\"}' >%s/www/account/balance"):format(folder, folder))
    local server = nghttpd(folder)
    local client = new_client(server, { ca_file = certificates.ca })
    local list, new = {}, 0
    for i = 1, 30 do
      list[i] = i
    end
    local results, errors = client:map(list, function()
      local _, response = assert(client.account:balance())
      return response
    end, { concurrency = 30 })
    assert.is_nil(errors)
    for i = 1, 30 do
      assert.are.equal("2", results[i].http_version)
      new = new + (results[i].reused and 0 or 1)
    end
    assert.are.equal(1, new)
    client:close()
    server.stop()
    shell("rm -rf " .. folder)
  end)
end)
