--- Calls in coroutines, with Ctrl-C, in nginx, and with child programs.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local seranking = require "seranking"
local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local KEY = wire.KEY
local ANSWER = raw_server.ANSWER
local PATIENCE = 10 -- seconds that a condition may take

describe("a call", function()
  local new_client, start, works = wire.client, wire.start, wire.works

  --- Waits until a condition holds.
  local function await(condition)
    local deadline = socket.gettime() + PATIENCE
    while not condition() do
      assert(socket.gettime() < deadline, "waited in vain")
      socket.sleep(0.002)
    end
  end

  after_each(wire.finish)

  describe("in a coroutine", function()
    it("returns its results and errors there", function()
      local server = start { {
        "request", { "send", ANSWER }, "request", { "send", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" },
        { "again" },
      } }
      local client = new_client(server)
      local step = coroutine.wrap(function()
        local data = client:request { path = "/1" }
        coroutine.yield(data.ok)
        local nothing, err = client:request { path = "/2" }
        coroutine.yield(nothing == nil and err.kind)
        client:request {}
      end)
      assert.is_true(step())
      assert.are.equal("not_found", step())
      local ok, message = pcall(step)
      assert.is_false(ok)
      assert.is_truthy(message:find("host_spec.lua:%d+: client:request: path"))
      works(client)
    end)

    it("shares connections with the main coroutine and with other coroutines", function()
      local server = start {}
      local client = new_client(server)
      local threads = {}
      for i = 1, 3 do
        threads[i] = coroutine.create(function()
          for _ = 1, 2 do
            coroutine.yield(client:request { path = "/" .. i })
          end
        end)
      end
      works(client)
      for _ = 1, 2 do
        for _, thread in ipairs(threads) do
          local ok, data, response = coroutine.resume(thread)
          assert(ok, data)
          assert.is_true(data.ok)
          assert.is_true(response.reused)
        end
      end
      assert.are.equal(1, #server.report())
    end)

    it("leaves nothing behind when the coroutine is collected", function()
      local server = start {}
      do
        local thread = coroutine.create(function()
          local client = assert(seranking.new { token = false, base_url = server.url, share = "off" })
          coroutine.yield(client:request { path = "/" })
          return client
        end)
        assert(select(3, coroutine.resume(thread)))
      end
      collectgarbage()
      collectgarbage()
      assert.are.equal("client", server.report()[1].ended)
    end)
  end)

  describe("and Ctrl-C", function()
    local DEADLINE = 60 -- seconds, of the calls that are interrupted
    local folder

    before_each(function()
      local pipe = assert(io.popen("mktemp -d", "r"))
      folder = assert(pipe:read "*l")
      pipe:close()
    end)

    after_each(function()
      os.execute("rm -rf '" .. folder .. "'")
    end)

    local function read(name)
      local file = io.open(folder .. "/" .. name, "r")
      local text = file and file:read "*a" or ""
      return text, file and file:close()
    end

    --- Runs a program against the server and interrupts it once `ready`. Returns its output, its exit status and how long it
    --- took to end.
    local function interrupt(server, code, ready)
      local file = assert(io.open(folder .. "/program.lua", "w"))
      file:write(([[
        io.stdout:setvbuf "no"
        local stat, file = io.open("/proc/self/stat"), io.open(%q, "w")
        file:write(stat:read("*a"):match "^%%d+")
        file:close()
        stat:close()
        local seranking = require "seranking"
        local function new_client(options)
          options.token, options.base_url, options.timeout = %q, %q, %d
          options.share = options.share or "off"
          return assert(seranking.new(options))
        end
      ]]):format(folder .. "/pid", KEY, server.url, DEADLINE), code)
      assert(file:close())
      local pipe = assert(io.popen(("'%s' '%s/program.lua' >'%s/said' 2>&1; echo $? >'%s/status'")
        :format(process.interpreter(), folder, folder, folder), "w"))
      await(ready)
      local began = socket.gettime()
      os.execute("kill -INT " .. assert(read("pid"):match "^%d+$"))
      pipe:close() -- waits for its end
      return read "said", tonumber((read "status")), socket.gettime() - began
    end

    local function asked(server, count)
      return function()
        return #server.requests() == count
      end
    end

    for name, case in pairs {
      ["an answer"] = { "new_client {}.account:balance()", 1 },
      ["a slot of the limiter"] = {
        [[
          local client = new_client { share = "process", rate = { limit = 1, per = 50 } }
          client:request { path = "/", method = "POST" }
          client:request { path = "/", method = "POST" }
        ]], 1, { { "request", { "send", ANSWER } } },
      },
      ["the next attempt"] = {
        "new_client {}.account:balance()", 1,
        { { "request", { "send", "HTTP/1.1 503 Busy\r\nRetry-After: 50\r\nContent-Length: 0\r\n\r\n" } } },
      },
    } do
      it("while waiting for " .. name .. " ends the call soon, not at its deadline", function()
        local server = start(case[3] or { { "request" } })
        local said, status, seconds = interrupt(server, case[1] .. "\nprint 'not reached'", asked(server, case[2]))
        assert.is_truthy(said:find("interrupted!", 1, true), said)
        assert.is_nil(said:find "not reached")
        assert.are.equal(1, status)
        assert.is_true(seconds < PATIENCE, seconds .. " seconds")
        assert.are.equal("client", server.report()[1].ended)
      end)
    end

    it("can be caught, and the client still works", function()
      local server = start { { "request" } }
      local said, status = interrupt(server, [[
        local client = new_client {}
        local ok, message = pcall(client.account.balance)
        print(ok, message:match "interrupted!")
        for i = 1, 2 do
          local data, response = client:request { path = "/after", timeout = 5 }
          print(data and data.ok or response)
          collectgarbage()
          collectgarbage()
        end
      ]], asked(server, 1))
      assert.are.equal("false\tinterrupted!\ntrue\ntrue\n", said)
      assert.are.equal(0, status)
      local connections = server.report()
      assert.are.equal("client", connections[1].ended)
      assert.are.equal(1, #connections[1].requests)
      assert.are.equal(2, #connections)
    end)
  end)

  describe("inside nginx", function()
    local function nginx(fields)
      package.loaded.ngx = fields
    end

    after_each(function()
      nginx(nil)
    end)

    it("fails in phases that can't wait, and sends nothing", function()
      local server = start {}
      local client = new_client(server)
      nginx { socket = {}, get_phase = function() return "log" end }
      for _, call in ipairs {
        function() return client.account:balance() end,
        function() return client:request { method = "POST", path = "/x", body = { 1 } } end,
        function() return client.sites(1).keywords:list() end,
      } do
        local data, err = call()
        assert.is_nil(data)
        assert.is_true(seranking.is_error(err))
        assert.are.equal("phase", err.kind)
        assert.is_false(err.sent)
        assert.are.equal(0, err.attempts)
        assert.is_truthy(err.hint:find "blocking")
      end
      assert.are.equal(0, #server.report())
      nginx(nil)
      works(client)
    end)

    it("is sent if the client has the option blocking", function()
      local server = start {}
      local client = new_client(server, { blocking = true })
      nginx { socket = {}, get_phase = function() return "content" end }
      works(client)
      assert.are.equal(1, #server.report())
    end)

    it("is sent in nginx's worker threads, which have neither sockets nor phases", function()
      local server = start {}
      nginx { null = seranking.null }
      works(new_client(server))
      nginx { socket = {} }
      works(new_client(server))
    end)

    it("can be prepared in any phase: new, resources and dry_run send nothing", function()
      local server = start {}
      nginx { socket = {}, get_phase = function() return "init" end }
      local client = new_client(server)
      assert.are.equal("GET", client.sites(1).keywords.list:dry_run().method)
      assert.are.equal(0, #server.report())
    end)
  end)

  describe("and a program that is started while its connection is open", function()
    --- The inode of the socket of a connection to `port`.
    local function inode(port)
      for line in io.lines "/proc/net/tcp" do
        local fields = {}
        for field in line:gmatch "%S+" do
          fields[#fields + 1] = field
        end
        if fields[3]:match ":(%x+)$" == ("%04X"):format(port) and fields[4] == "01" then
          return fields[10]
        end
      end
    end

    local function open_in(pid)
      return system.output(("ls -l /proc/%s/fd 2>&1"):format(pid))
    end

    for _, scheme in ipairs { "http", "https" } do
      it("does not inherit it (" .. scheme .. ")", function()
        local certificates = process.certificates()
        local tls = scheme == "https" and { certificate = certificates.certificate, key = certificates.key } or nil
        local server = start({}, { tls = tls })
        local client = new_client(server, { ca_file = certificates.ca })
        works(client)
        local connection = "socket:[" .. assert(inode(server.port)) .. "]"
        local own = assert(io.open "/proc/self/stat")
        local pid = own:read("*a"):match "^%d+"
        own:close()
        assert.is_truthy(open_in(pid):find(connection, 1, true))
        assert.is_nil(open_in("self"):find(connection, 1, true))
        assert.is_true(works(client).reused)

        -- The server sees the end of the connection although the program is still running.
        -- (Waits, since under valgrind popen returns before the child has executed the other program.)
        local started = certificates.folder .. "/started"
        local pipe = assert(io.popen(("touch '%s'; cat >/dev/null"):format(started), "w"))
        await(function()
          local file = io.open(started)
          return file and file:close()
        end)
        client:close()
        assert.are.equal("client", server.report()[1].ended)
        pipe:close()
        certificates.remove()
      end)
    end
  end)
end)
