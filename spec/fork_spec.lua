--- A client can be used on both sides of a fork: the two sides share no connections and no answers, and end independently.
-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"

-- The beginning of this spec's programs. Each runs in its own process, so a child copies little.
local HEAD = [[
local FOLDER, URL, CA, HOW = %q, %q, %q, %q
local posix = require "posix_for_specs"
local seranking = require "seranking"
io.stdout:setvbuf "no"

local function finish(how)
  if how == "closing" then
    os.exit(0, true)
  elseif how == "raising" then
    error "the child's error"
  end
  os.exit(0)
end

local children = {}

-- Forks. The child runs `work`, writes its result to a file, and ends.
local function child(name, work)
  children[name] = posix.fork()
  if children[name] ~= 0 then
    return
  end
  local _, result = pcall(work)
  local file = io.open(FOLDER .. "/" .. name, "w")
  file:write(tostring(result))
  file:close()
  finish(HOW)
end

-- Waits for a child. Returns its exit status, or the signal that killed it, and its result.
local function join(name)
  local how, number = posix.wait(children[name])
  local file = assert(io.open(FOLDER .. "/" .. name))
  local text = file:read "*a"
  file:close()
  return ("%%s %%d: %%s"):format(how == "exit" and "status" or how, number, text)
end

local function new_client(options)
  local all = { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = URL, ca_file = CA ~= "" and CA or nil,
    share = "off", retries = 0, timeout = 10 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(seranking.new(all))
end

-- The path that the server received, and whether the connection was reused.
local function ask(client, path)
  local data, response = client:request { path = path }
  return data and data.target .. (response.reused and " again" or " new") or tostring(response)
end

local function ask_often(client, path, times)
  local list = {}
  for i = 1, times do
    list[i] = ask(client, path .. i)
  end
  return table.concat(list, ", ")
end
]]

-- Runs a program. SIGCHLD must not be ignored, or children can't be waited for. A child leaves libcurl's handles to its parent
-- on purpose, which is no leak.
local function command(name)
  return ("env --default-signal=CHLD ASAN_OPTIONS=detect_leaks=0 '%s' '%s' 2>&1"):format(process.interpreter(), name)
end

for _, scheme in ipairs { "http", "https" } do
  describe("a client (" .. scheme .. ") and a fork", function()
    local certificates, server

    setup(function()
      certificates = process.certificates()
    end)

    teardown(function()
      certificates.remove()
    end)

    local function start(connections)
      server = raw_server.start(connections, {
        otherwise = { "request", "echo", "again" },
        tls = scheme == "https" and { certificate = certificates.certificate, key = certificates.key } or nil,
      })
    end

    before_each(function()
      server = nil
    end)

    after_each(function()
      server.stop()
      collectgarbage()
      collectgarbage()
    end)

    --- Runs a program. Returns its lines, and for each connection the paths that the server received on it.
    local function run(code, how)
      if not server then
        start {}
      end
      local folder = certificates.folder
      local name = folder .. "/program.lua"
      os.execute(("rm -f '%s'/child*"):format(folder))
      local file = assert(io.open(name, "w"))
      file:write(HEAD:format(folder, server.url, scheme == "https" and certificates.ca or "", how or "exiting"), code)
      assert(file:close())
      local pipe = assert(io.popen(command(name), "r"))
      local lines = {}
      for line in pipe:lines() do
        lines[#lines + 1] = line
      end
      pipe:close()
      local connections = {}
      for i, connection in ipairs(server.report()) do
        local paths = {}
        for k, request in ipairs(connection.requests) do
          paths[k] = request.target
        end
        connections[i] = table.concat(paths, " ")
      end
      return lines, connections
    end

    it("after its first use: both sides get their own answers, on their own connections", function()
      local lines, connections = run [[
        local client = new_client()
        print(ask(client, "/before"))
        child("child", function() return ask_often(client, "/child/", 5) end)
        print(ask_often(client, "/parent/", 5))
        print(join "child")
        print(ask(client, "/after"))
      ]]
      assert.are.same({
        "/before new",
        "/parent/1 again, /parent/2 again, /parent/3 again, /parent/4 again, /parent/5 again",
        "status 0: /child/1 new, /child/2 again, /child/3 again, /child/4 again, /child/5 again",
        "/after again",
      }, lines)
      assert.are.same({
        "/before /parent/1 /parent/2 /parent/3 /parent/4 /parent/5 /after",
        "/child/1 /child/2 /child/3 /child/4 /child/5",
      }, connections)
    end)

    it("before its first use: both sides get their own answers, on their own connections", function()
      local lines, connections = run [[
        local client = new_client()
        child("child", function() return ask_often(client, "/child/", 3) end)
        print(join "child")
        print(ask_often(client, "/parent/", 3))
      ]]
      assert.are.same({ "status 0: /child/1 new, /child/2 again, /child/3 again",
        "/parent/1 new, /parent/2 again, /parent/3 again" }, lines)
      assert.are.same({ "/child/1 /child/2 /child/3", "/parent/1 /parent/2 /parent/3" }, connections)
    end)

    for how, status in pairs { exiting = 0, closing = 0, raising = 1 } do
      it("whose child ends by " .. how .. ": the parent's connection stays, used by the child or not", function()
        local lines, connections = run([[
          local client = new_client()
          print(ask(client, "/1"))
          child("child1", function() return "idle" end)
          print(join "child1")
          print(ask(client, "/2"))
          child("child2", function() return ask(client, "/child") end)
          print(join "child2")
          print(ask(client, "/3"))
        ]], how)
        local told = {}
        for _, line in ipairs(lines) do
          if line:find "^/%d %a+$" or line:find "^status" then -- not Lua's error messages
            told[#told + 1] = line
          end
        end
        assert.are.same({ "/1 new", ("status %d: idle"):format(status), "/2 again",
          ("status %d: /child new"):format(status), "/3 again" }, told)
        assert.are.same({ "/1 /2 /3", "/child" }, connections)
      end)
    end

    it("whose child closes it and collects garbage: the parent's connection stays", function()
      local lines, connections = run [[
        local client = new_client()
        print(ask(client, "/1"))
        child("child1", function()
          client:close()
          return select(2, pcall(ask, client, "/never")):match "closed"
        end)
        print(join "child1")
        print(ask(client, "/2"))
        child("child2", function()
          client = nil
          collectgarbage()
          collectgarbage()
          return "collected"
        end)
        print(join "child2")
        print(ask(client, "/3"))
        child("child3", function()
          local answer = ask(client, "/child")
          client:close()
          return answer
        end)
        print(join "child3")
        print(ask(client, "/4"))
      ]]
      assert.are.same({ "/1 new", "status 0: closed", "/2 again", "status 0: collected", "/3 again",
        "status 0: /child new", "/4 again" }, lines)
      assert.are.same({ "/1 /2 /3 /4", "/child" }, connections)
    end)

    it("whose child forks again: three processes, three connections", function()
      local lines, connections = run [[
        local client = new_client()
        print(ask(client, "/1"))
        child("child1", function()
          local first = ask(client, "/child/1")
          child("child2", function() return ask(client, "/grandchild") end)
          local second = join "child2"
          return first .. ", " .. second .. ", " .. ask(client, "/child/2")
        end)
        print(join "child1")
        print(ask(client, "/2"))
      ]]
      assert.are.same({ "/1 new", "status 0: /child/1 new, status 0: /grandchild new, /child/2 again", "/2 again" },
        lines)
      assert.are.same({ "/1 /2", "/child/1 /child/2", "/grandchild" }, connections)
    end)

    it("twenty times at once: each process has its own connection and answers", function()
      local lines, connections = run [[
        local client = new_client()
        print(ask(client, "/parent/0"))
        for i = 1, 20 do
          child("child" .. i, function() return ask_often(client, "/child" .. i .. "/", 3) end)
        end
        print(ask_often(client, "/parent/", 3))
        for i = 1, 20 do
          print(join("child" .. i))
        end
        print(ask(client, "/parent/4"))
      ]]
      assert.are.equal("/parent/1 again, /parent/2 again, /parent/3 again", lines[2])
      for i = 1, 20 do
        assert.are.equal(("status 0: /child%d/1 new, /child%d/2 again, /child%d/3 again"):format(i, i, i), lines[i + 2])
      end
      assert.are.equal("/parent/4 again", lines[23])
      assert.are.equal(21, #connections)
      assert.are.equal("/parent/0 /parent/1 /parent/2 /parent/3 /parent/4", table.remove(connections, 1))
      table.sort(connections)
      local expected = {}
      for i = 1, 20 do
        expected[i] = ("/child%d/1 /child%d/2 /child%d/3"):format(i, i, i)
      end
      table.sort(expected)
      assert.are.same(expected, connections)
    end)

    it("whose child lives on: the server sees the parent close its connections, including its thread's", function()
      start {
        { "request", "echo" },
        { "request", "echo", "request", { "await", 3 }, "echo", "request", { "ended", 1 }, "echo",
          "request", { "ended", 3 }, "echo" }, -- else delayed for the 10 s of a call
        { "request", "idle" },
      }
      local lines = run [[
        os.execute("mkfifo " .. FOLDER .. "/fifo")
        local client, on_thread, witness = new_client(), new_client(), new_client()
        print(ask(client, "/plain"), ask(witness, "/witness"))
        local call = on_thread._core:call("GET", "/thread", nil, nil, nil, true, nil)
        assert(call:begin())
        print(ask(witness, "/begun"))
        child("child", function() return assert(io.open(FOLDER .. "/fifo")):read "*l" end)
        client:close()
        print(ask(witness, "/closed"))
        call:cancel()
        print(ask(witness, "/cancelled"))
        local fifo = io.open(FOLDER .. "/fifo", "w")
        fifo:write "lived on\n"
        fifo:close()
        print(join "child")
      ]]
      assert.are.same({ "/plain new\t/witness new", "/begun again", "/closed again", "/cancelled again",
        "status 0: lived on" }, lines)
    end)

    it("whose parent has a client and a thread: the child holds none of their descriptors", function()
      start { { "request", "echo" }, { "request", "echo" } }
      local lines = run [[
        local function descriptors()
          local name = FOLDER .. "/descriptors"
          os.execute(("ls -l /proc/%d/fd | sed 's/.* \\([0-9]* ->\\)/\\1/' >%s"):format(posix.pid(), name))
          local file = assert(io.open(name))
          local text = file:read "*a"
          file:close()
          return text
        end
        local before = descriptors()
        local client = new_client()
        print(ask(client, "/plain"))
        local call = client._core:call("GET", "/thread", nil, nil, nil, true, nil)
        assert(call:begin())
        repeat until call:step()
        print(descriptors() == before)
        child("child", function() return descriptors() == before or before .. descriptors() end)
        print(join "child")
      ]]
      assert.are.same({ "/plain new", "false", "status 0: true" }, lines)
    end)

    for place, begin in pairs {
      ["on the calling thread"] = "assert(client._core:run(call, 0) == false)",
      ["on the worker thread"] = "assert(call:begin())",
    } do
      it("while calls wait for a slot " .. place .. ": they are counted in the parent, not in the child", function()
        start { { "request", "idle" } }
        local lines = run(([[
          local client = new_client { share = "process", rate = { limit = 1, per = 1 } }
          local calls = {}
          local function begin()
            local call = client._core:call("GET", "/", nil, nil, nil, true, nil)
            calls[#calls + 1] = call
            %s
          end
          local function waiting(count)
            local deadline = require("lseranking").monotonic() + 10
            repeat until client:limiter().waiting == count or require("lseranking").monotonic() > deadline
            return client:limiter().waiting
          end
          begin() begin() begin()
          print(waiting(2))
          child("child", function()
            local before = client:limiter().waiting
            begin()
            return before .. " " .. waiting(1) -- the slot is the parent's
          end)
          print(join "child")
          print(waiting(2))
        ]]):format(begin))
        assert.are.same({ "2", "status 0: 0 1", "2" }, lines)
      end)
    end

    it("in the middle of calls: they are answered in the parent and cancelled in the child", function()
      -- The child makes the third connection. Before that, only the first request is answered.
      start {
        { "request", "echo", "request", { "await", 3 }, "echo", "request", "echo", { "again", 6 } },
        { "request", { "await", 3 }, "echo", "request", "echo", { "again", 4 } },
      }
      local lines, connections = run [[
        local client = new_client()
        print(ask(client, "/1"))
        local handle = client._core
        local one = handle:call("GET", "/one", nil, nil, nil, true, nil)
        local two = handle:call("GET", "/two", nil, nil, nil, true, nil)
        print(handle:run(one, 0), handle:run(two, 0))
        child("child", function()
          assert(handle:run(one, 10))
          local err = one:error()
          one, two = nil, nil
          collectgarbage()
          return err.kind .. " " .. err.code .. ", " .. ask(client, "/child")
        end)
        print(join "child")
        for _, call in ipairs { two, one } do
          local state = handle:run(call, 10)
          print(state, (call:result()), (call:body():gsub("\\", "")):match '"target":"(.-)"')
        end
        print(ask(client, "/2"))
      ]]
      assert.are.same({ "/1 new", "false\tfalse", "status 0: cancelled forked, /child new", "true\t200\t/two",
        "true\t200\t/one", "/2 again" }, lines)
      assert.are.equal("/child", connections[3])
      assert.are.equal(3, #connections)
    end)
  end)
end

describe("back-offs after a fork", function()
  it("differ from process to process", function()
    local certificates = process.certificates()
    local server = raw_server.start({}, { otherwise = { "request", "close" } })
    local name = certificates.folder .. "/program.lua"
    local file = assert(io.open(name, "w"))
    file:write(HEAD:format(certificates.folder, server.url, "", "exiting"), [[
      local client = new_client { retries = 1, clock = seranking.clock() }
      local function back_off()
        return ("%.9f"):format(select(2, client:request { path = "/" }).elapsed)
      end
      child("child1", back_off)
      child("child2", back_off)
      print(back_off())
      print(join "child1")
      print(join "child2")
    ]])
    assert(file:close())
    local pipe = assert(io.popen(command(name), "r"))
    local seen = {}
    for line in pipe:lines() do
      local time = line:match "(0%.%d+)$"
      assert.is_truthy(time, line)
      assert.is_nil(seen[time])
      seen[time] = true
    end
    pipe:close()
    server.stop()
    certificates.remove()
  end)
end)
