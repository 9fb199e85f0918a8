--- nginx with calls in flight: silent name servers, reloads, shutdown, lack of descriptors or connections.
-- SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local nginx_scene = require "spec.support.nginx_scene"
local socket = require "socket"

if not nginx.available() then
  describe("inside nginx", function()
    pending "needs nginx with its Lua module, and a module built for LuaJIT"
  end)
  return
end

local keep, eventually, ends_well = nginx_scene.keep, nginx_scene.eventually, nginx_scene.ends_well
local configuration, status = nginx_scene.configuration, nginx_scene.status

setup(nginx_scene.open)

after_each(nginx_scene.finish)

teardown(nginx_scene.close)

describe("a silent name server", function()
  local function start()
    return keep(nginx.start {
      preload = nginx.silent_dns,
      http = configuration([[
        location = /dead {
          content_by_lua_block {
            local _, err = dead:request { path = "/", timeout = tonumber(ngx.var.arg_timeout) }
            ngx.print(err.kind, " ", err.code)
          }
        }
      ]], [[
        init_worker_by_lua_block {
          dead = require("seranking").new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b",
            base_url = "https://name.silent", share = "off", retries = 0, timeout = 30 }
        }
      ]]),
    })
  end

  it("delays no other call, and its call ends at the deadline", function()
    local server = start()
    assert.are.equal("/first", select(2, server.get "/call?id=first"))
    for _ = 1, 10 do
      server.send "/dead"
    end
    eventually(function() return status(server).calls == 10 end)
    for i = 1, 20 do
      assert.are.equal("/" .. i, select(2, server.get("/call?id=" .. i)))
    end
    assert.are.equal(10, status(server).calls)
    local begin = socket.gettime()
    assert.are.equal("timeout no_connection", select(2, server.get "/dead?timeout=1"))
    local took = socket.gettime() - begin
    assert.is_true(took >= 0.99 and took < 11, "the dead call took " .. took)
  end)

  it("delays neither the cancelling of a call, nor other calls, nor the end of the worker", function()
    local server = start()
    local worker = server.workers()[1]
    local dead = {}
    for i = 1, 10 do
      dead[i] = server.send "/dead"
    end
    eventually(function() return status(server).calls == 10 end)
    for i = 1, 5 do
      dead[i]:close()
    end
    eventually(function() return status(server).cancelled == 5 end)
    assert.are.equal("/x", select(2, server.get "/call?id=x"))
    assert.are.equal(5, status(server).calls)
    server.signal "TERM"
    ends_well(server, worker)
  end)
end)

describe("nginx", function()
  it("reloads with 200 calls in flight, and all are answered", function()
    local server = keep(nginx.start { http = configuration() })
    local first = server.workers()[1]
    local socks = {}
    for i = 1, 200 do
      socks[i] = server.send("/call?wait=3&id=" .. i)
    end
    eventually(function() return status(server).calls == 200 end)
    server.signal "HUP"
    eventually(function()
      local workers = server.workers()
      return #workers == 2 or #workers == 1 and workers[1] ~= first
    end)
    assert.are.equal("/new", select(2, server.get "/call?id=new")) -- by the new worker
    for i = 1, 200 do
      assert.are.equal("/" .. i, select(2, server.receive(socks[i])))
    end
    ends_well(server, first)
    assert.are.equal(1, #server.workers())
  end)

  it("stops at TERM with 20 calls in flight, without waiting for them, with exit code 0", function()
    local server = keep(nginx.start { http = configuration() })
    local worker = server.workers()[1]
    for _ = 1, 20 do
      server.send "/call?wait=30&id=x"
    end
    eventually(function() return status(server).calls == 20 end)
    server.signal "TERM"
    ends_well(server, worker)
  end)

  it("finishes calls at QUIT", function()
    local server = keep(nginx.start { http = configuration() })
    local socks = {}
    for i = 1, 20 do
      socks[i] = server.send("/call?wait=3&id=" .. i)
    end
    eventually(function() return status(server).calls == 20 end)
    server.signal "QUIT"
    for i = 1, 20 do
      assert.are.equal("/" .. i, select(2, server.receive(socks[i])))
    end
  end)

  it("cancels calls when worker_shutdown_timeout is over", function()
    local server = keep(nginx.start { main = "worker_shutdown_timeout 300ms;", http = configuration() })
    local first = server.workers()[1]
    for _ = 1, 20 do
      server.send "/call?wait=30&id=x"
    end
    eventually(function() return status(server).calls == 20 end)
    server.signal "HUP"
    ends_well(server, first, 3)
    assert.are.equal("/after", select(2, server.get "/call?id=after"))
  end)

  it("leaves no file when a worker is killed, and the next worker works", function()
    local folder = nginx.shell("mktemp -d"):match "%S+"
    finally(function() nginx.shell("rm -rf '" .. folder .. "'") end)
    nginx.shell(("mkdir -m 1777 '%s/tmp'"):format(folder))
    local server = keep(nginx.start { main = "env TMPDIR;", environment = ("TMPDIR='%s/tmp'"):format(folder),
      http = configuration() })
    assert.are.equal("/1", select(2, server.get "/call?id=1"))
    local first = server.workers()[1]
    server.send "/call?wait=30&id=x"
    eventually(function() return status(server).calls == 1 end)
    assert.are.equal("", nginx.shell(("ls -A '%s/tmp'"):format(folder)))
    server.signal("KILL", first)
    eventually(function()
      local workers = server.workers()
      return workers[1] and workers[1] ~= first
    end)
    assert.are.equal("/2", select(2, server.get "/call?id=2"))
    assert.are.equal("", nginx.shell(("ls -A '%s/tmp'"):format(folder)))
  end)

  it("works as a daemon", function()
    local server = keep(nginx.start { daemon = true, leaks = false, http = configuration() })
    assert.are.equal("/1", select(2, server.get "/call?id=1"))
  end)

  local root = nginx.shell("id -u"):match "%d+" == "0";
  (root and it or pending)("works with workers of another user", function()
    local server = keep(nginx.start { main = "user www-data;", http = configuration() })
    assert.are.equal("/1", select(2, server.get "/call?id=1"))
  end)

  it("fails calls at once when it runs out of descriptors, and works again later", function()
    local inherited = select(2, nginx.shell("ls /proc/self/fd"):gsub("%d+", "")) -- from the process of the specs
    local outcomes = {}
    -- A call takes four, that of its client included. Four limits in a row: with one of them the last is not a client's.
    for more = 0, 3 do
      local server = keep(nginx.start { main = ("worker_rlimit_nofile %d;"):format(60 + inherited + more), connections = 512,
        http = configuration() })
      assert.are.equal("/before", select(2, server.get "/call?id=before"))
      local socks = {}
      for i = 1, 40 do
        socks[i] = server.send("/call?wait=1&id=" .. i)
      end
      for i = 1, 40 do
        local _, body = server.receive(socks[i])
        outcomes[body == "/" .. i and "answered" or body] = true
      end
      eventually(function()
        return select(2, server.get "/call?id=after") == "/after"
      end)
      assert.are.equal(0, status(server).calls)
    end
    outcomes.closed = nil -- nginx had no descriptor for this client
    assert.are.same({ answered = true, ["network no_descriptors"] = true }, outcomes)
  end)

  it("lets calls wait for a second when it runs out of connections, then fails them", function()
    local server = keep(nginx.start { connections = 40, http = configuration [[
      location = /many {
        content_by_lua_block {
          local list, seen = {}, {}
          require("seranking.loop.nginx").busy_tries = tonumber(ngx.var.arg_tries)
          for i = 1, 60 do
            list[i] = ("/%d?wait=%s"):format(i, ngx.var.arg_seconds)
          end
          client:map(list, function(path)
            local answer = ask(path)
            answer = answer:sub(1, 1) == "/" and "answered" or answer
            seen[answer] = (seen[answer] or 0) + 1
          end, { concurrency = 60 })
          for answer, count in pairs(seen) do
            ngx.say(answer, count == 60 and " by all" or "")
          end
        }
      }
    ]] })
    local function many(seconds, tries)
      local outcomes = {}
      for line in select(2, server.get(("/many?seconds=%s&tries=%d"):format(seconds, tries))):gmatch "[^\n]+" do
        outcomes[line] = true
      end
      return outcomes
    end
    assert.are.same({ ["answered by all"] = true }, many(0.1, 30000)) -- a busy machine needs more than a second for them
    assert.are.same({ answered = true, ["network no_descriptors"] = true }, many(4, 50)) -- tenths of a second
    assert.are.same({ ["answered by all"] = true }, many(0, 30000))
  end)

  it("survives calls, aborts and reloads (make soak: the same for 15 minutes)", function()
    local problems, report = require "spec.support.soak"(9)
    assert.are.same({}, problems, report)
  end)
end)
