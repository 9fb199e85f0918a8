--- Through real proxies: calls pass, and what a proxy refuses or can't do is an error that says so.
-- SPDX-License-Identifier: MIT

local daemon = require "spec.support.daemon"
local process = require "spec.support.process"
local socket = require "socket"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local works, failed = wire.works, wire.failed

local TINYPROXY = [[
Port PORT
Listen 127.0.0.1
Timeout 600
Allow 127.0.0.1
LogLevel Critical
LogFile "FOLDER/log"
]]

-- It must not look for names of this machine, nor at other files.
local SQUID = [[
http_port 127.0.0.1:PORT
pid_filename FOLDER/squid.pid
cache_log FOLDER/log
access_log none
cache deny all
coredump_dir FOLDER
visible_hostname here
dns_nameservers 127.0.0.1
hosts_file none
shutdown_lifetime 0 seconds
connect_retries 0
forward_max_tries 1
]]

local PROXIES = {
  tinyproxy = {
    start = function(more)
      return daemon.start("exec tinyproxy -d -c FOLDER/conf", { conf = TINYPROXY .. more })
    end,
    open = "",
    password = function() return "BasicAuth me secret\n" end,
    only_port = "ConnectPort %d\n",
  },
  squid = {
    start = function(more)
      return daemon.start("exec squid -N -f FOLDER/conf", {
        conf = SQUID .. more, users = "me:" .. system.output("openssl passwd -apr1 secret"),
      })
    end,
    open = "http_access allow all\n",
    password = function()
      local helper = system.output("ls /usr/lib/squid/basic_ncsa_auth /usr/lib64/squid/basic_ncsa_auth 2>/dev/null"):match "%S+"
      return ("auth_param basic program %s FOLDER/users\nauth_param basic children 1\nacl known proxy_auth REQUIRED\n"
        .. "http_access allow known\nhttp_access deny all\n"):format(helper)
    end,
    only_port = "acl only port %d\nhttp_access allow only\nhttp_access deny all\n",
  },
}

for name, proxy in pairs(PROXIES) do
  describe(name, function()
    if not daemon.installed(name) then
      pending(name .. " is not installed")
      return
    end

    local certificates, tls

    setup(function()
      certificates = process.certificates()
      tls = { certificate = certificates.certificate, key = certificates.key }
    end)

    teardown(function()
      certificates.remove()
    end)

    after_each(wire.finish)

    -- A proxy with these lines in its configuration.
    local function start(more)
      return wire.keep(proxy.start(more))
    end

    local function client_of(server, through, user)
      return wire.client({ url = server.url }, {
        ca_file = certificates.ca, proxy = through.url:gsub("//", "//" .. (user or "")), timeout = 30,
      })
    end

    it("passes calls in a tunnel, which is used again", function()
      local through = start(proxy.open)
      local tunnel = client_of(wire.start({}, { tls = tls }), through)
      assert.is_false(works(tunnel).reused)
      assert.is_true(works(tunnel).reused)
    end)

    it("that wants a password gets it, or causes an error that says so", function()
      local through, server = start(proxy.password()), wire.start({}, { tls = tls })
      for _, user in ipairs { "", "me:wrong@" } do
        local client = client_of(server, through, user)
        local err = failed("network", "proxy", client:request { method = "POST", path = "/x", body = {} })
        assert.is_false(err.sent)
        assert.is_false(err.retryable)
        assert.truthy(tostring(err):find("the proxy answered 40[17] to CONNECT"), tostring(err)) -- tinyproxy 1.11 says 401
        assert.truthy(err.hint:find("user:password", 1, true))
      end
      assert.are.equal(0, #server.requests())
      works(client_of(server, through, "me:secret@"))
    end)

    it("that refuses a port is told as such, and others pass", function()
      local allowed, refused = wire.start({}, { tls = tls }), wire.start({}, { tls = tls })
      local through = start(proxy.only_port:format(allowed.port))
      local err = failed("network", "proxy", client_of(refused, through):request { path = "/x" })
      assert.is_false(err.sent)
      assert.is_false(err.retryable)
      assert.truthy(tostring(err):find("the proxy answered 403 to CONNECT", 1, true), tostring(err))
      works(client_of(allowed, through))
    end)

    it("that can't reach the API is told as such, and may be tried again", function()
      local through = start(proxy.open)
      local unused = assert(socket.tcp4()) -- bound but not listening: it refuses connections, and nobody else takes the port
      finally(function() unused:close() end)
      assert(unused:setoption("reuseaddr", true))
      assert(unused:bind("127.0.0.1", 0))
      local _, port = unused:getsockname()
      local client = client_of({ url = "https://127.0.0.1:" .. port }, through)
      local err = failed("network", "proxy", client:request { method = "POST", path = "/x", body = {} })
      assert.is_false(err.sent)
      assert.is_true(err.retryable)
      assert.truthy(tostring(err):find "the proxy answered 50%d to CONNECT", tostring(err))
      wire.start({}, { port = port, tls = tls })
      works(client)
    end)

    it("does not hide that the API speaks no TLS, or nothing at all", function()
      local through = start(proxy.open)
      local garbage = wire.start({ { { "skip", 1 }, { "send", "HTTP/1.1 400 Bad\r\n\r\n" }, "close" } },
        { tls = { certificate = tls.certificate, key = tls.key, first = false } })
      local client = client_of(garbage, through)
      local err = failed("tls", "handshake", client:request { path = "/x" })
      assert.is_false(err.sent)
      works(client)
      local silent = wire.start({ { "idle" } }, { tls = { certificate = tls.certificate, key = tls.key, first = false } })
      client = client_of(silent, through)
      err = failed("timeout", "no_connection", client:request { path = "/x", timeout = 1 })
      assert.is_false(err.sent)
      silent.drop()
      works(client)
    end)
  end)
end
