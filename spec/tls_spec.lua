--- TLS: nothing is sent to a server that can't prove its identity, and a closed connection does not kill the process.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local process = require "spec.support.process"
local http = require "spec.support.http"
local raw_server = require "spec.support.raw_server"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local ANSWER = raw_server.ANSWER

local start, works, failed = wire.start, wire.works, wire.failed

--- A client that trusts only `ca_file`, or else the system's authorities, with retries.
local function new_client(server, ca_file, options)
  local all = { retries = 3, ca_file = ca_file }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return wire.client(server, all)
end

local shell, write = system.output, system.write

--- A certificate of the trusted authority for this machine, valid on one day of 2020.
local function expired(certificates)
  local folder = certificates.folder
  write(folder .. "/past.conf", "[ca]\ndefault_ca=past\n[past]\ndatabase=past.index\nnew_certs_dir=.\n"
    .. "rand_serial=yes\ndefault_md=sha256\npolicy=names\n[names]\ncommonName=supplied\n")
  write(folder .. "/past.index", "")
  shell(("cd '%s' && openssl ca -batch -notext -config past.conf -cert authority.pem -keyfile authority.key "
    .. "-in right.csr -extfile right.ext -startdate 20200101000000Z -enddate 20200102000000Z -out past.pem 2>&1")
    :format(folder))
  return { certificate = folder .. "/past.pem", key = certificates.key }
end

describe("TLS", function()
  local certificates, right

  setup(function()
    certificates = process.certificates()
    right = { certificate = certificates.certificate, key = certificates.key }
  end)

  teardown(function()
    certificates.remove()
  end)

  after_each(wire.finish)

  --- Checks that a server is refused before it is told anything. Returns the error.
  local function refused(tls, ca_file)
    local server, err = start({}, { tls = tls }), nil
    for _, call in ipairs {
      function(client) return client.account:balance() end,
      function(client) return client.sites:create { url = "u", title = "t" } end,
    } do
      err = failed("tls", "certificate", call(new_client(server, ca_file)))
      assert.is_false(err.sent)
      assert.is_false(err.retryable)
      assert.are.equal(1, err.attempts)
      assert.is_nil(err.status)
    end
    assert.are.equal(2, #server.report())
    assert.are.equal(0, #server.requests())
    return err
  end

  describe("refuses a certificate", function()
    it("of an unknown authority, and says how to add it", function()
      local err = refused(right, nil)
      assert.is_truthy(err.hint:find("ca_file", 1, true))
      assert.is_truthy(tostring(err):find("ca_file", 1, true))
    end)

    it("of an authority other than that of ca_file", function()
      refused(right, certificates.stranger)
    end)

    it("for another host, and does not suggest a ca_file", function()
      local err = refused(certificates.wrong, certificates.ca)
      assert.is_nil((err.hint or ""):find("ca_file", 1, true))
    end)

    it("that has expired, and does not suggest a ca_file", function()
      local err = refused(expired(certificates), certificates.ca)
      assert.is_nil((err.hint or ""):find("ca_file", 1, true))
    end)

    it("that is self-signed", function()
      local own = { certificate = certificates.stranger, key = certificates.folder .. "/stranger.key" }
      refused(own, certificates.ca)
      refused(own, nil)
    end)
  end)

  it("accepts a certificate of the authority in ca_file", function()
    local fake = process.fake { tls = { certificate = right.certificate, key = right.key, ca = certificates.ca } }
    wire.keep(fake)
    local client = new_client(fake, certificates.ca)
    local data, response = client.account:balance()
    assert(data, response)
    assert.are.equal("rur", data.currency)
    assert.is_false(response.reused)
    assert.are.equal("1.1", response.http_version)
    assert.is_true(select(2, client.account:balance()).reused)
    assert.are.equal(2, #fake.log())
  end)

  it("accepts the common name of a certificate without other names", function()
    shell(("cd '%s' && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=127.0.0.1 "
      .. "-keyout common.key -out common.csr 2>&1 && openssl x509 -req -in common.csr -CA authority.pem "
      .. "-CAkey authority.key -CAcreateserial -days 2 -out common.pem 2>&1"):format(certificates.folder))
    local folder = certificates.folder
    local server = start({}, { tls = { certificate = folder .. "/common.pem", key = folder .. "/common.key" } })
    works(new_client(server, certificates.ca))
  end)

  it("accepts a name of the certificate as well as an address", function()
    local server = start({}, { tls = right })
    works(new_client({ url = "https://localhost:" .. server.port }, certificates.ca))
  end)

  it("undoes chunks, on a new connection and on a reused one", function()
    local head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    local chunked = head .. "b\r\n{\"ok\":true}\r\n0\r\nX-Sum: 1\r\n\r\n"
    local server = start({}, { tls = right, otherwise = { "request", { "send", chunked }, "again" } })
    local client = new_client(server, certificates.ca)
    assert.is_false(works(client).reused)
    assert.is_true(works(client).reused)
  end)

  it("keeps clients apart: a ca_file of one is not trusted by another", function()
    local server = start({}, { tls = right })
    local one, other = new_client(server, certificates.ca), new_client(server)
    works(one)
    failed("tls", "certificate", other.account:balance())
    works(one)
    failed("tls", "certificate", other.account:balance())
  end)

  it("needs a ca_file that can be read and holds certificates", function()
    local server = start({}, { tls = right })
    write(certificates.folder .. "/no.pem", "this is no certificate\n")
    for _, name in ipairs { "/none.pem", "/no.pem" } do
      local err = failed("tls", "ca_file", new_client(server, certificates.folder .. name).account:balance())
      assert.is_false(err.sent)
      assert.are.equal(1, err.attempts)
      assert.is_truthy(err.hint:find("ca_file", 1, true))
    end
    works(new_client(server, certificates.ca))
  end)

  it("is required although the server has none", function()
    local server = start { { "idle" }, { { "send", "HTTP/1.1 400 Bad Request\r\n\r\n" }, "close" } }
    local client = new_client({ url = "https://127.0.0.1:" .. server.port }, certificates.ca)
    failed("timeout", "no_connection", client.account:balance(nil, { timeout = 0.3 }))
    local err = failed("tls", "handshake", client.account:balance())
    assert.is_false(err.sent)
    assert.are.equal(1, err.attempts)
    assert.are.equal(0, #server.requests())
  end)

  it("in HTTP to a server that expects it is an error", function()
    local server = start({}, { tls = right })
    local client = new_client({ url = "http://127.0.0.1:" .. server.port }, nil, { retries = 0 })
    local data, err = client.account:balance()
    assert.is_nil(data)
    assert.is_truthy(err.kind == "protocol" or err.kind == "network")
    assert.are.equal(0, #server.requests())
  end)

  it("whose handshake never ends, ends at the deadline; nothing was sent", function()
    local server = start({}, { otherwise = { "idle" } })
    local client = new_client({ url = "https://127.0.0.1:" .. server.port }, certificates.ca, { retries = 0 })
    for _, times in ipairs { { timeout = 0.3 }, { timeout = 20, connect_timeout = 0.3 } } do
      local err = failed("timeout", "no_connection", client.sites:create({ url = "u", title = "t" }, times))
      assert.is_false(err.sent)
      assert.is_true(err.retryable)
      assert.is_true(err.elapsed >= 0.27 and err.elapsed < 10.3, ("took %.2f s instead of 0.3 s"):format(err.elapsed))
    end
    assert.are.equal(2, #server.report())
  end)

  it("whose handshake breaks off is an error, and the next call works", function()
    local server = start { { { "skip", 100 }, "reset" } }
    local client = new_client({ url = "https://127.0.0.1:" .. server.port }, certificates.ca, { retries = 0 })
    local data, err = client.sites:create { url = "u", title = "t" }
    assert.is_nil(data)
    assert.is_truthy(err.kind == "tls" or err.kind == "network")
    assert.is_false(err.sent)
    server.stop()
    start({}, { port = server.port, tls = right })
    works(client)
  end)

  it("that ends without close_notify gives a truncated answer", function()
    local head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    for _, ending in ipairs { "close", "cut", "reset" } do
      local server = start({ { "request", { "send", head }, ending } }, { tls = right })
      local client = new_client(server, certificates.ca, { retries = 0 })
      local data, err = client.account:balance()
      assert.is_nil(data)
      assert.are.equal("network", err.kind)
      assert.is_true(err.sent)
      works(client)
    end
  end)

  it("does not make a second call wait for the first", function()
    local both = { "request", { "await", 2 }, { "send", ANSWER } }
    local server = start({ both, both }, { tls = right })
    http.two_at_once(new_client(server, certificates.ca))
    assert.are.equal(2, #server.report())
  end)

  for _, ending in ipairs { "close", "cut", "reset" } do
    it("has a POST sent once when a connection used again ends before the answer (" .. ending .. ")", function()
      local server = start({ { "request", { "send", ANSWER }, "request", ending } }, { tls = right })
      local client = new_client(server, certificates.ca)
      works(client)
      local data, err = client.sites:create { url = "u", title = "t" }
      assert.is_nil(data)
      assert.are.equal("network", err.kind)
      assert.is_true(err.sent)
      assert.are.equal(1, err.attempts)
      assert.are.equal(2, #server.requests())
      works(client)
    end)
  end

  --- OpenSSL's own server; give the pipe a close(), which ends it.
  local function openssl_server(arguments)
    local log = certificates.folder .. "/s_server.log"
    os.remove(log)
    local pipe = assert(io.popen(("openssl s_server -www -accept 127.0.0.1:0 -cert '%s' -key '%s' %s >'%s' 2>&1 & "
      .. "read end; kill $!; wait"):format(right.certificate, right.key, arguments, log), "w"))
    local deadline, port = socket.gettime() + 10, nil
    while not port and socket.gettime() < deadline do
      local file = io.open(log)
      port = file and file:read("*a"):match "ACCEPT %S+:(%d+)\n"
      if file then
        file:close()
      end
      socket.sleep(0.005)
    end
    return pipe, "https://127.0.0.1:" .. assert(port, "openssl s_server does not start")
  end

  it("older than 1.2 is refused, even where the system's settings allow it", function()
    local settings, program = certificates.folder .. "/old.cnf", certificates.folder .. "/old.lua"
    write(settings, "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = old\n[old]\n"
      .. "MinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n")
    write(program, [[
      local url, ca_file = ...
      local options = { token = false, base_url = url, ca_file = ca_file, share = "off", retries = 0 }
      local page, err = require("seranking").new(options):request { path = "/" }
      print(page and "an answer" or err.kind .. " " .. err.code .. " " .. tostring(err.sent))]])
    local old = "OPENSSL_CONF='" .. settings .. "' "
    for version, expected in pairs { ["tls1_1 -cipher DEFAULT@SECLEVEL=0"] = "tls handshake false", tls1_2 = "an answer" } do
      local pipe, url = openssl_server("-" .. version)
      -- Another client with the same settings gets through to either.
      assert.truthy(shell(old .. "openssl s_client -brief -connect " .. url:match "//(.*)" .. " </dev/null 2>&1")
        :find "Protocol version: TLSv1%.%d")
      assert.are.equal(expected, shell(("%s '%s' '%s' '%s' '%s' 2>&1"):format(old, process.interpreter(), program, url,
        certificates.ca)):match "^[^\n]*")
      pipe:close()
    end
  end)

  for _, version in ipairs { "tls1_3", "tls1_2" } do
    it("resumes a session on the second connection (" .. version .. ")", function()
      local pipe, url = openssl_server("-" .. version)
      local client = new_client({ url = url }, certificates.ca)
      local seen = {}
      for i = 1, 3 do
        local page, response = client:request { path = "/" }
        assert(page, response)
        assert.is_false(response.reused)
        seen[i] = page:match "\n(%a+), TLSv1"
      end
      local page = assert(new_client({ url = client.base_url }, certificates.ca):request { path = "/" })
      seen[4] = page:match "\n(%a+), TLSv1"
      pipe:close()
      assert.are.same({ "New", "Reused", "Reused", "New" }, seen)
    end)

    it("reports that the server requires a client certificate (" .. version .. ")", function()
      local pipe, url = openssl_server("-" .. version .. " -Verify 1 -verify_return_error")
      for _, method in ipairs { "GET", "POST" } do
        local _, err = new_client({ url = url }, certificates.ca):request { method = method, path = "/" }
        assert.is_false(err.retryable)
        assert.are.equal(1, err.attempts, tostring(err))
        assert.are.equal("tls", err.kind, tostring(err))
        if version == "tls1_3" then -- 1.2 knows no word for it but "handshake failure"
          assert.are.equal("client_certificate", err.code, tostring(err))
          assert.are.equal("client certificates are not supported: check base_url", err.hint)
        end
        assert.is_false(err.sent)
      end
      pipe:close()
    end)
  end

  describe("on a closed connection", function()
    -- Runs Lua code in a process in which SIGPIPE kills; returns what it printed and its exit status. The code must not
    -- load luasocket, which has the signal ignored.
    local function run(server, code)
      local name = certificates.folder .. "/script.lua"
      write(name, ([[
        local seranking, core = require "seranking", require "lseranking"
        local URL, CA, KEY = %q, %q, %q
        local function new_client()
          return assert(seranking.new {
            token = KEY, base_url = URL, ca_file = CA, share = "off", retries = 0, timeout = 10,
          })
        end
        local large = ("x"):rep(8 * 1024 * 1024)
        io.stdout:setvbuf "no"
      ]]):format(server.url, certificates.ca, wire.KEY) .. code)
      local said = shell(("env --default-signal=PIPE '%s' '%s' 2>&1; echo status $?")
        :format(process.interpreter(), name))
      return said:match "^(.*)status (%d+)\n$"
    end

    it("sending a large body does not kill the process", function()
      local server = start({}, { tls = right, otherwise = { "head", { "skip", 100000 }, "reset" } })
      local said, status = run(server, [[
        local client = new_client()
        for i = 1, 10 do
          local data, err = client:request { method = "POST", path = "/x", body = large }
          print(data, err.kind, err.sent)
        end
      ]])
      assert.are.equal(("nil\tnetwork\ttrue\n"):rep(10), said)
      assert.are.equal("0", status)
    end)

    for _, ending in ipairs { "cancel", "close", "collect" } do
      it("an abandoned call does not kill the process (" .. ending .. ")", function()
        local server = start({}, { tls = right, otherwise = { "head", "reset" } })
        local said, status = run(server, ([[
          local ENDING, PORT = %q, %d
          local function connected()
            for line in io.lines "/proc/net/tcp" do
              local port, state = line:match "^ *%%d+: %%x+:%%x+ %%x+:(%%x+) (%%x+)"
              if port and tonumber(port, 16) == PORT and (state == "01" or state == "08") then
                return true
              end
            end
          end
          for round = 1, 3 do
            local client = new_client()._core
            local function wait_for_reset()
              for turn = 1, 20 do
                if not connected() then
                  return true
                end
                client:sleep(0.002)
              end
            end
            local call = client:call("POST", "/x", nil, nil, large, false, nil)
            client:run(call, 0)
            -- The server resets once it has the head. Waits for that outside libcurl.
            repeat
              local done = client:run(call, 0)
            until done or wait_for_reset()
            if ENDING == "cancel" then
              call:cancel()
            elseif ENDING == "close" then
              client:close()
            end
            client, call = nil, nil
            collectgarbage()
            collectgarbage()
          end
          print "alive"
        ]]):format(ending, server.port))
        assert.are.equal("alive\n", said)
        assert.are.equal("0", status)
        assert.are.equal(3, #server.report())
      end)
    end

    it("the program's own SIGPIPE handling is unchanged", function()
      local server = start({}, { tls = right, otherwise = { "head", "reset" } })
      local said, status = run(server, [[
        print((new_client():request { method = "POST", path = "/x", body = large }))
        local pipe = io.popen("exec 0<&-", "w")
        for i = 1, 1000 do
          pipe:write(large:sub(1, 100000))
        end
        print "not reached"
      ]])
      assert.are.equal("nil\n", said)
      assert.are.equal("141", status) -- 128 + SIGPIPE
    end)
  end)
end)
