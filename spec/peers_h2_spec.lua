--- HTTP/2 with servers that others wrote: nghttpd, h2o and caddy. SPDX-License-Identifier: MIT

local daemon = require "spec.support.daemon"
local process = require "spec.support.process"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local failed = wire.failed

local LARGE = 12 * 1024 * 1024 -- bytes of a body
local CALLS = 200

-- Each: command; files; what it answers to a POST: the body, the file, or 405; error: in the text of a 404.
local PEERS = {
  nghttpd = {
    command = "exec nghttpd -a 127.0.0.1 --echo-upload -d WWW PORT KEY CERTIFICATE", post = "echo",
  },
  h2o = {
    command = "exec h2o -m worker -c FOLDER/conf",
    files = { conf = [[
listen:
  host: 127.0.0.1
  port: PORT
  ssl:
    certificate-file: CERTIFICATE
    key-file: KEY
user: root
pid-file: FOLDER/pid
error-log: FOLDER/errors
file.mime.addtypes:
  application/json: .json
hosts:
  default:
    paths:
      /:
        file.dir: WWW
]] },
  },
  caddy = {
    command = "exec caddy run --adapter caddyfile --config FOLDER/conf",
    files = { conf = [[
{
  admin off
  auto_https off
  storage file_system FOLDER
}
https://127.0.0.1:PORT {
  bind 127.0.0.1
  tls CERTIFICATE KEY
  root * WWW
  file_server
  handle_errors {
    header Content-Type application/json
    respond `{"message":"nothing there"}` 404
  }
}
]] },
    post = "file", error = "nothing there",
  },
}

for name, peer in pairs(PEERS) do
  describe(name, function()
    if not daemon.installed(name) then
      pending(name .. " is not installed")
      return
    end

    local certificates, www, remove, server, client

    local function start(port)
      local function filled(text)
        return (text:gsub("CERTIFICATE", certificates.certificate):gsub("KEY", certificates.key):gsub("WWW", www))
      end
      local files = {}
      for file, text in pairs(peer.files or {}) do
        files[file] = filled(text)
      end
      server = daemon.start(filled(peer.command), files, { port = port })
    end

    setup(function()
      certificates = process.certificates()
      www, remove = process.folder()
      system.output(("chmod 755 %s %s; chmod 644 %s"):format(www, certificates.folder, certificates.key))
      system.write(www .. "/small.json", '{"ok":true}')
      system.write(www .. "/large.json", '["' .. ("x"):rep(LARGE - 4) .. '"]')
      start()
    end)

    teardown(function()
      server.stop()
      remove()
      certificates.remove()
    end)

    before_each(function()
      client = wire.client({ url = "https://127.0.0.1:" .. server.port }, { ca_file = certificates.ca, timeout = 60 })
    end)

    after_each(wire.finish)

    local function small(options)
      local request = { path = "/small.json" }
      for option, value in pairs(options or {}) do
        request[option] = value
      end
      local data, response = client:request(request)
      assert.is_nil(data == nil and tostring(response) or nil)
      assert.is_true(data == '{"ok":true}' or data.ok)
      assert.are.equal("2", response.http_version)
      return response
    end

    it("answers a GET, on a connection that is used again", function()
      assert.is_false(small().reused)
      assert.is_true(small().reused)
    end)

    it("answers a POST with a body", function()
      for _, size in ipairs { 10, 1000000 } do
        local body = ("b"):rep(size)
        local data, err = client:request { method = "POST", path = "/small.json", body = body }
        if peer.post == "echo" then
          assert.is_true(data == body, tostring(err))
        elseif peer.post == "file" and data == nil then -- it stops a body that it does not read: see faults.md
          assert.is_true(failed("network", "connection_lost", data, err).sent)
        elseif peer.post == "file" then
          assert.are.same({ ok = true }, data)
        else
          failed("invalid", "method_not_allowed", data, err)
        end
        small()
      end
    end)

    it("answers 404, and the connection stays", function()
      small()
      local err = failed("not_found", "not_found", client:request { path = "/nothing" })
      assert.are.equal(404, err.status)
      assert.truthy(tostring(err):find(peer.error or "", 1, true), tostring(err))
      assert.is_true(small().reused)
    end)

    it("sends a large body whole, or max_body is told", function()
      local data = assert(client:request { path = "/large.json" })
      assert.are.equal(LARGE - 4, #(type(data) == "table" and data[1] or data:sub(3, -3)))
      failed("too_large", "body", wire.client({ url = client.base_url }, { ca_file = certificates.ca, max_body = LARGE - 1 })
        :request { path = "/large.json" })
      small()
    end)

    it("carries many calls at once over one connection", function()
      local list = {}
      for i = 1, CALLS do
        list[i] = i
      end
      local new = 0
      local results, errors = client:map(list, function(i)
        if i % 10 == 0 then
          local data, err = client:request { path = "/nothing" }
          return data == nil and { err = err }
        end
        return small()
      end, { concurrency = 100 })
      assert.is_nil(errors)
      for i = 1, CALLS do
        if i % 10 == 0 then
          assert.are.equal("not_found", results[i].err.kind)
        else
          new = new + (results[i].reused and 0 or 1)
        end
      end
      assert.is_true(new <= 1, new .. " connections")
    end)

    it("is restarted while calls are made: repeatable ones get through", function()
      local port, failures = server.port, {}
      local list = {}
      for i = 1, CALLS do
        list[i] = i
      end
      local done = 0
      client:map(list, function()
        done = done + 1
        if done == CALLS / 2 then
          server.stop()
          start(port)
        end
        local data, err = client:request { path = "/small.json", retries = 5 }
        if data == nil then
          failures[#failures + 1] = tostring(err)
        end
      end, { concurrency = 20 })
      assert.are.same({}, failures)
      small()
    end)
  end)
end
