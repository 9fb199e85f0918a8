--- Calls inside a real nginx: where they can wait, that they do not block requests, and what cancels them.
-- SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local nginx_scene = require "spec.support.nginx_scene"

if not nginx.available() then
  describe("inside nginx", function()
    pending "needs nginx with its Lua module, and a module built for LuaJIT"
  end)
  return
end

local keep, eventually = nginx_scene.keep, nginx_scene.eventually
local prelude, configuration, status = nginx_scene.prelude, nginx_scene.configuration, nginx_scene.status

setup(nginx_scene.open)

after_each(nginx_scene.finish)

teardown(nginx_scene.close)

describe("inside nginx, a call", function()
  it("waits in the phases that can wait, and fails with kind phase in all others", function()
    local certificates = nginx.certificates()
    finally(certificates.remove)
    local server = keep(nginx.start {
      http = ([[
        lua_shared_dict seen 1m;
        init_by_lua_block {
          %s
          function note(phase)
            ngx.shared.seen:set(phase, (ask("/" .. phase)))
          end
          note "init"
        }
        init_worker_by_lua_block {
          note "init_worker"
          ngx.timer.at(0, function() note "timer" end)
        }
        exit_worker_by_lua_block {
          local file = io.open("FOLDER/shared/exit_worker", "w")
          file:write((ask "/exit_worker"), ".")
          file:close()
        }
        ssl_session_store_by_lua_block { note "ssl_session_store" }
        ssl_session_fetch_by_lua_block { note "ssl_session_fetch" }
        upstream chosen {
          server 0.0.0.1;
          balancer_by_lua_block {
            note "balancer"
            require("ngx.balancer").set_current_peer("127.0.0.1", PORT)
          }
        }
        server {
          listen 127.0.0.1:PORT;
          server_rewrite_by_lua_block { note "server_rewrite" }
          location = /ping { return 200 pong; }
          location = /all {
            set_by_lua_block $unused { note "set" return "" }
            rewrite_by_lua_block { note "rewrite" }
            access_by_lua_block { note "access" }
            content_by_lua_block { note "content" ngx.say "done" }
            header_filter_by_lua_block { note "header_filter" }
            body_filter_by_lua_block { note "body_filter" }
            log_by_lua_block { note "log" }
          }
          location = /balanced { proxy_pass http://chosen/ping; }
          location = /seen {
            content_by_lua_block {
              for _, phase in ipairs(ngx.shared.seen:get_keys()) do
                ngx.say(phase, ": ", ngx.shared.seen:get(phase))
              end
            }
          }
        }
        server {
          listen 127.0.0.1:PORT2 ssl;
          ssl_protocols TLSv1.2;
          ssl_session_tickets off;
          ssl_certificate %s;
          ssl_certificate_key %s;
          ssl_client_hello_by_lua_block { note "ssl_client_hello" }
          ssl_certificate_by_lua_block { note "ssl_certificate" }
          location / { return 200 tls; }
        }
      ]]):format(prelude(), certificates.certificate, certificates.key),
    })
    assert.are.equal(200, (server.get "/all"))
    assert.are.equal(200, (server.get "/balanced"))
    assert.are.equal("tls", nginx.shell("curl -sk https://127.0.0.1:" .. server.port2))
    local sessions = server.folder .. "/session"
    for _, option in ipairs { "-sess_out", "-sess_in" } do
      nginx.shell(("openssl s_client -connect 127.0.0.1:%d %s '%s' </dev/null 2>&1"):format(server.port2, option, sessions))
    end
    local patched = nginx.shell("nginx -V 2>&1"):find("ngx_lua-", 1, true) ~= nil -- OpenResty's nginx
    local seen = {}
    eventually(function()
      for phase, outcome in select(2, server.get "/seen"):gmatch "([%w_]+): ([^\n]+)" do
        seen[phase] = outcome
      end
      return seen.timer and seen.log
    end)
    assert.are.same({
      init = "phase would_block", init_worker = "phase would_block", set = "phase would_block",
      rewrite = "/rewrite", access = "/access", content = "/content", timer = "/timer",
      header_filter = "phase would_block", body_filter = "phase would_block", log = "phase would_block",
      balancer = "phase would_block", ssl_certificate = "/ssl_certificate",
      ssl_session_store = "phase would_block", ssl_session_fetch = patched and "/ssl_session_fetch" or "phase would_block",
      server_rewrite = "/server_rewrite",
      ssl_client_hello = patched and "/ssl_client_hello" or "phase would_block",
    }, seen)
    local file = server.folder .. "/shared/exit_worker"
    server.signal "QUIT"
    assert.are.equal("phase would_block", eventually(function() return (nginx.read(file) or ""):match "^(.*)%.$" end))
  end)

  it("of a client with the option blocking blocks in every phase", function()
    local server = keep(nginx.start {
      leaks = false,
      http = ([[
        lua_shared_dict seen 1m;
        init_by_lua_block { %s ngx.shared.seen:set("init", (ask "/init")) }
        server {
          listen 127.0.0.1:PORT;
          location / {
            content_by_lua_block { ngx.print(ngx.shared.seen:get "init", " ", (ask "/content")) }
          }
        }
      ]]):format(prelude "blocking = true"),
    })
    assert.are.equal("/init /content", select(2, server.get "/"))
  end)

  it("does not block other requests", function()
    local server = keep(nginx.start { http = configuration() })
    local calls = {}
    for i = 1, 50 do
      calls[i] = server.send("/call?wait=30&id=" .. i)
    end
    eventually(function() return status(server).calls == 50 end)
    for _ = 1, 100 do
      assert.are.equal("pong\n", select(2, server.get "/ping"))
    end
    assert.are.equal(50, status(server).calls) -- a call that blocked would be over before the pong
    for i = 1, 50 do
      calls[i]:close()
    end
  end)

  it("that meets a fault fails with its error, and the next call works", function()
    local faults = require "spec.support.faults"
    local certificates = nginx.certificates()
    finally(certificates.remove)
    local prepared = faults.prepare(certificates)
    local lines, scenes = {}, {}
    for i, fault in ipairs(faults.list) do
      local scene = faults.open(fault, prepared, keep)
      local options = scene.options
      scenes[i] = scene
      lines[i] = ("{ { base_url = %q, proxy = %s, ca_file = %q, max_body = %d }, %s, %s },"):format(options.base_url,
        options.proxy and ("%q"):format(options.proxy) or "nil", options.ca_file, options.max_body,
        scene.call.timeout or "nil", scene.call.connect_timeout or "nil")
    end
    local server = keep(nginx.start { http = ([[
      init_by_lua_block {
        clients, limits = {}, {}
        for i, row in ipairs { %s } do
          local options = row[1]
          options.token, options.share, options.retries, options.timeout = false, "off", 0, 10
          clients[i], limits[i] = assert(require("seranking").new(options)), { timeout = row[2], connect_timeout = row[3] }
        end
      }
      server {
        listen 127.0.0.1:PORT;
        location = /fault {
          content_by_lua_block {
            for i, client in ipairs(clients) do
              local data, err = client:request { path = "/x", timeout = limits[i].timeout,
                connect_timeout = limits[i].connect_timeout }
              ngx.say(data == nil and err.kind .. " " .. err.code or "an answer")
            end
          }
        }
        location = /next {
          content_by_lua_block {
            for _, client in ipairs(clients) do
              local data, err = client:request { path = "/after", retries = 1 }
              ngx.say(data and data.ok and "works" or tostring(err))
            end
          }
        }
      }
    ]]):format(table.concat(lines, " ")) })

    --- The lines of an answer, one for each fault.
    local function ask(path)
      local list, _, body = {}, server.get(path)
      for line in body:gmatch "[^\n]+" do
        list[#list + 1] = line
      end
      assert.are.equal(#faults.list, #list, body)
      return list
    end

    local outcomes = ask "/fault"
    for i, fault in ipairs(faults.list) do
      assert.is_true(faults.expects(fault, outcomes[i]), fault.name .. ": " .. outcomes[i])
      scenes[i].mend()
    end
    for i, line in ipairs(ask "/next") do
      if faults.list[i].proxy ~= "https" then -- for its certificate's authority there is no option
        assert.are.equal("works", line, faults.list[i].name)
      end
    end
  end)

  it("waits in light threads, coroutines, pcall, metamethods and timers as well", function()
    local server = keep(nginx.start {
      http = configuration [[
        location = /ways {
          content_by_lua_block {
            local seen = {}
            local thread = ngx.thread.spawn(function() seen[1] = ask "/1?wait=0.05" end)
            seen[2] = coroutine.wrap(function() return (ask "/2") end)()
            seen[3] = select(2, pcall(ask, "/3"))
            seen[4] = setmetatable({}, { __index = function() return (ask "/4") end }).x
            for path in function(_, last) return not last and (ask "/5") or nil end do seen[5] = path end
            local list, problem = { 2, 1 }
            table.sort(list, function(a, b) problem = ask "/never" return a < b end)
            seen[6] = problem
            ngx.thread.wait(thread)
            ngx.print(table.concat(seen, ", "))
          }
        }
      ]],
    })
    assert.are.equal("/1, /2, /3, /4, /5, phase cant_yield", select(2, server.get "/ways"))
    assert.are.equal(0, status(server).calls)
  end)

  it("of client:map and client:gather runs on light threads, also if nested", function()
    local server = keep(nginx.start {
      http = configuration [[
        location = /map {
          content_by_lua_block {
            local results, errors = client:map({ 1, 2, 3, 4, 5, 6 }, function(i)
              if i == 5 then
                return false, "five"
              elseif i == 6 then
                error { code = "six" }
              end
              local inner = client:gather(
                function() return (ask("/" .. i .. "a?meet=map&of=8")) end,
                function() return (ask("/" .. i .. "b?meet=map&of=8")) end)
              return table.concat(inner, " ")
            end)
            ngx.print(table.concat(results, ", "), " | ", errors.count, " ", errors[5], " ", errors[6].code)
          }
        }
        location = /mistake {
          content_by_lua_block {
            local begun = 0
            local fine, problem = pcall(client.map, client, { 1, 2, 3, 4, 5, 6 }, function(i)
              begun = begun + 1
              ask("/" .. i)
              return i == 1 and client:request { path = "relative" } or i
            end, { concurrency = 2 })
            ngx.print(tostring(fine), " ", begun < 6 and "ended" or "went on", " ",
              problem:match "path must begin with a slash.*(stack traceback):\n" or problem)
          }
        }
      ]],
    })
    assert.are.equal("/1a /1b, /2a /2b, /3a /3b, /4a /4b | 2 five six", select(2, server.get "/map"))
    assert.are.equal("false ended stack traceback", select(2, server.get "/mistake"))
  end)

  it("with a large answer lets others run while it is decoded", function()
    local server = keep(nginx.start {
      http = configuration [[
        location = /large {
          content_by_lua_block {
            local host = require "seranking.loop.host"
            local decode, decoding, turns, over = host.decode, false, 0, false
            function host.decode(...)
              decoding = true
              local data, problem, late = decode(...)
              decoding = false
              return data, problem, late
            end
            local beside = ngx.thread.spawn(function()
              while not over do
                turns = turns + (decoding and 1 or 0)
                ngx.sleep(0.001)
              end
            end)
            local data = client:request { path = "/large?rows=20000" }
            over, host.decode = true, decode
            ngx.thread.wait(beside)
            ngx.print(#data, " ", data[20000].id, " ", data[20000].name, turns >= 5 and "" or ", turns: " .. turns)
          }
        }
      ]],
    })
    assert.are.equal("20000 20000 row 20000 of a large answer", select(2, server.get "/large"))
  end)

  it("is cancelled when its client leaves: 400 at once, and the memory is given back", function()
    local server = keep(nginx.start { http = configuration() })
    local function memory()
      local _ = status(server) -- collects garbage
      return tonumber(nginx.read("/proc/" .. server.workers()[1] .. "/status"):match "VmRSS:%s*(%d+)")
    end
    local function leave(count)
      local before = status(server).cancelled
      local socks = {}
      for i = 1, count do
        socks[i] = server.send "/call?id=x&wait=30"
      end
      eventually(function() return status(server).calls == count end)
      for i = 1, count do
        socks[i]:close()
      end
      eventually(function() return status(server).calls == 0 end)
      assert.are.equal(before + count, status(server).cancelled)
    end
    leave(400)
    assert.are.equal(400, status(server).cancelled)
    -- Memory that malloc keeps grows ever more slowly and then stops; a leak continues.
    local seen, flat = { memory() }, nginx.sanitized
    while not flat and #seen < 13 do
      for _ = 1, 4 do
        leave(400)
      end
      seen[#seen + 1] = memory()
      flat = seen[#seen] < seen[#seen - 1] * 1.01
    end
    assert.is_true(flat, table.concat(seen, ", ") .. " KiB")
    assert.are.equal("/well", select(2, server.get "/call?id=well"))
  end)

  it("is cancelled if its light thread is killed or its request ends; one that is done is not", function()
    local server = keep(nginx.start {
      http = configuration [[
        location = /kill {
          content_by_lua_block {
            local thread = ngx.thread.spawn(ask, "/x?wait=30")
            local done = ngx.thread.spawn(ask, "/done")
            local _, path = ngx.thread.wait(done)
            ngx.print(path, " ", ngx.thread.kill(thread) and "killed", " ", ngx.thread.kill(done) and "killed" or "ended")
          }
        }
        location = /exit {
          content_by_lua_block {
            ngx.thread.spawn(ask, "/x?wait=30")
            ngx.sleep(0.05)
            ngx.exit(204)
          }
        }
      ]],
    })
    for round = 1, 5 do
      assert.are.equal("/done killed ended", select(2, server.get "/kill"))
      assert.are.equal(204, (server.get "/exit"))
      eventually(function() return status(server).calls == 0 end)
      assert.are.equal(2 * round, status(server).cancelled)
      assert.are.equal("/next", select(2, server.get "/call?id=next"))
    end
  end)

  it("is counted while it waits for a slot, and ends when its client is closed, as a download does", function()
    local server = keep(nginx.start { http = configuration([[
      location = /close {
        content_by_lua_block {
          local mine = require("seranking").new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b",
            base_url = client.base_url, share = "process", rate = { limit = 1, per = 1 } }
          local function failure(_, err)
            return err.kind .. " " .. err.code
          end
          local threads = {}
          for i = 1, 3 do
            threads[i] = ngx.thread.spawn(function() return failure(mine:request { path = "/?wait=20" }) end)
          end
          threads[4] = ngx.thread.spawn(function() return failure(mine:download(client.base_url .. "/?wait=20")) end)
          local began = ngx.now()
          repeat
            ngx.sleep(0.002)
          until mine:limiter().waiting == 2 and require("lseranking").worker_status().calls == 4 or ngx.now() > began + 10
          ngx.say("waiting ", mine:limiter().waiting)
          mine:close()
          for i = 1, 4 do
            ngx.say(select(2, ngx.thread.wait(threads[i])))
          end
        }
      }
    ]]) })
    assert.are.equal("waiting 2\n" .. ("cancelled cancelled\n"):rep(4), (select(2, server.get "/close")))
    eventually(function() return status(server).calls == 0 end)
  end)

  it("is not carried out on the processor that its nginx worker is bound to", function()
    if tonumber(nginx.shell "nproc") < 2 then
      return pending "needs two processors"
    end
    local server = keep(nginx.start { main = "worker_cpu_affinity 01;", http = configuration([[
      location = /processors {
        content_by_lua_block {
          ask "/"
          for task in io.popen("grep -l . /proc/" .. ngx.worker.pid() .. "/task/*/status"):lines() do
            local text = io.open(task):read "*a"
            ngx.say(text:match "Name:%s*(%S+)", " ", text:match "Cpus_allowed_list:%s*(%S+)")
          end
        }
      }
    ]]) })
    local lines = select(2, server.get "/processors")
    assert.are.equal("0", lines:match "nginx (%S+)")
    assert.are.equal(nginx.shell("grep Cpus_allowed_list /proc/self/status"):match ":%s*(%S+)", lines:match "seranking (%S+)")
  end)

  it("returns its own answer, for each of 10,000 in two workers forked after require", function()
    local server = keep(nginx.start {
      workers = 2,
      http = configuration [[
        location = /many {
          content_by_lua_block {
            local list, wrong = {}, 0
            for i = 1, 100 do
              list[i] = "/" .. ngx.var.arg_id .. "/" .. i
            end
            local results, errors = client:map(list, function(path) return (ask(path)) end)
            for i = 1, 100 do
              if results[i] ~= list[i] then
                wrong = wrong + 1
              end
            end
            ngx.print(ngx.worker.pid(), " ", wrong, " ", errors and errors.count or 0)
          }
        }
      ]],
    })
    local socks, pids = {}, {}
    for i = 1, 100 do
      socks[i] = server.send("/many?id=" .. i)
    end
    for i = 1, 100 do
      local _, body = server.receive(socks[i])
      local pid, outcome = body:match "^(%d+) (.*)$"
      assert.are.equal("0 0", outcome)
      pids[pid] = true
    end
    assert.is_not_nil(next(pids, (next(pids))), "one worker had them all")
  end)

  it("works with the code cache off, 20 at once, repeatedly", function()
    local server = keep(nginx.start {
      http = "lua_code_cache off;\n" .. configuration(),
    })
    for round = 1, 5 do
      local socks = {}
      for i = 1, 20 do
        socks[i] = server.send(("/call?wait=0.1&id=%d-%d"):format(round, i))
      end
      for i = 1, 20 do
        assert.are.equal(("/%d-%d"):format(round, i), select(2, server.receive(socks[i])))
      end
    end
    server.stop()
    for line in server.errors:gmatch "[^\n]+" do
      assert.is_true(not line:find "%[alert%]" or line:find "lua_code_cache is off" ~= nil, line)
    end
  end)
end)
