--- The cost of a call in an nginx worker, compared with a hand-written GET on a cosocket. SPDX-License-Identifier: MIT
-- lua bench/nginx/run.lua: prints a table; exits with 1 if a ratio exceeds its bound. Needs nginx, wrk and luasocket. Run it
-- from the top folder with the LUA_PATH of the specs.
--
-- Both take turns within one run. The result is the median of the rounds' ratios. If it exceeds the bound after five rounds, up
-- to ten more rounds follow, and the median of all counts.

local nginx = require "spec.support.nginx"
local socket = require "socket"

local ROUNDS = tonumber(os.getenv "ROUNDS") or 5
local CALLS = tonumber(os.getenv "CALLS") or 4000
local TLS_CALLS = tonumber(os.getenv "TLS_CALLS") or 400

local certificates = nginx.certificates()

-- The API: an answer of 400 bytes. TLS uses a new connection each time.
local api = nginx.start {
  http = ([[
    keepalive_requests 1000000;
    server {
      listen 127.0.0.1:PORT backlog=4096;
      listen 127.0.0.1:PORT2 ssl backlog=4096;
      ssl_certificate %s;
      ssl_certificate_key %s;
      location / {
        content_by_lua_block {
          if ngx.var.uri:find "^/slow" then
            ngx.sleep(0.2)
          end
          if ngx.var.scheme == "https" then
            ngx.header.connection = "close"
          end
          ngx.header.content_type = "application/json"
          ngx.header.content_length = 400
          ngx.print('{"padding":"', ("x"):rep(386), '"}')
        }
      }
    }
  ]]):format(certificates.certificate, certificates.key),
}

local server = nginx.start {
  http = ([[
    lua_socket_pool_size 512;
    lua_ssl_trusted_certificate %s;
    init_by_lua_block {
      local seranking, cjson, ffi = require "seranking", require "cjson", require "ffi"
      local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
      local function new(base_url)
        return assert(seranking.new { token = KEY, base_url = base_url, share = "off", retries = 0, ca_file = %q })
      end
      local plain, slow, tls = new "http://127.0.0.1:%d", new "http://127.0.0.1:%d/slow", new "https://127.0.0.1:%d"

      ways = {}

      function ways.ours() return assert(plain.account:balance()) end

      function ways.ours_slow() return assert(slow.account:balance()) end

      function ways.ours_tls() return assert(tls.account:balance()) end

      local function by_hand(port, with_tls, path)
        local sock = ngx.socket.tcp()
        sock:settimeouts(5000, 5000, 65000)
        assert(sock:connect("127.0.0.1", port))
        if with_tls then
          assert(sock:sslhandshake(nil, "localhost", true))
        end
        assert(sock:send { "GET ", path, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n",
          "User-Agent: by-hand\r\nAuthorization: Token ", KEY, "\r\n\r\n" })
        assert(assert(sock:receive "*l"):match "^HTTP/1.1 200")
        local length, close
        while true do
          local line = assert(sock:receive "*l")
          if line == "" then
            break
          end
          local name, value = line:match "^([^:]+):%%s*(.*)$"
          name = name:lower()
          if name == "content-length" then
            length = tonumber(value)
          elseif name == "connection" then
            close = value == "close"
          end
        end
        local body = assert(sock:receive(length))
        if close then
          sock:close()
        else
          sock:setkeepalive()
        end
        return cjson.decode(body)
      end

      function ways.by_hand() return by_hand(%d, false, "/account/balance") end

      function ways.by_hand_slow() return by_hand(%d, false, "/slow/account/balance") end

      function ways.by_hand_tls() return by_hand(%d, true, "/account/balance") end

      -- The CPU time of this thread, which runs nginx's loop.
      ffi.cdef "struct bench_time { long s, ns; }; int clock_gettime(int clock, struct bench_time *time);"
      local time = ffi.new "struct bench_time"
      function cpu()
        ffi.C.clock_gettime(3, time) -- CLOCK_THREAD_CPUTIME_ID
        return tonumber(time.s) * 1e6 + tonumber(time.ns) / 1e3
      end
    }
    server {
      listen 127.0.0.1:PORT;
      location = /ping { content_by_lua_block { ngx.say "pong" } }
      # Calls by 50 light threads; the microseconds of CPU a call.
      location = /run {
        content_by_lua_block {
          local way, count, threads = ways[ngx.var.arg_way], tonumber(ngx.var.arg_count), {}
          local left = count
          local start = cpu()
          for i = 1, 50 do
            threads[i] = ngx.thread.spawn(function()
              while left > 0 do
                left = left - 1
                assert(#way().padding == 386)
              end
            end)
          end
          for i = 1, 50 do
            assert(ngx.thread.wait(threads[i]))
          end
          ngx.print((cpu() - start) / count)
        }
      }
    }
  ]]):format(certificates.ca, certificates.ca, api.port, api.port, api.port2, api.port, api.port,
    api.port2),
}

local function last_error()
  return server.log():match ".*(%[error%][^\n]*)"
end

local function cost(way, count)
  local status, body = server.get(("/run?way=%s&count=%d"):format(way, count))
  return assert(status == 200 and tonumber(body), last_error())
end

-- The 99th percentile of a ping, in milliseconds, with 50 calls of 200 ms constantly in flight.
local function ping(way)
  local busy = way and server.send(("/run?way=%s_slow&count=800"):format(way))
  socket.sleep(0.2)
  local said = nginx.shell(("wrk -t1 -c1 -d2s --latency %s/ping"):format(server.url))
  if busy then
    assert(server.receive(busy) == 200, last_error())
  end
  local number, unit = said:match "99%%%s+([%d.]+)(%a+)"
  return tonumber(number) * ({ us = 1e-3, ms = 1, s = 1e3 })[unit]
end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

local over, rows = 0, 0

-- One line of the table: both programs in turns.
local function row(name, unit, bound, floor, ours)
  local floors, all, ratios = {}, {}, {}
  local ratio
  for i = 1, 3 * ROUNDS do
    floors[i], all[i] = floor(), ours()
    ratios[i] = all[i] / floors[i]
    if i % ROUNDS == 0 then
      ratio = median(ratios)
      if ratio <= bound then
        break
      end
    end
  end
  rows = rows + 1
  over = over + (ratio <= bound and 0 or 1)
  print(("%-44s %10.2f %s %10.2f %s   %5.3f  (bound %s) %s"):format(name, median(floors), unit, median(all), unit, ratio,
    bound, ratio <= bound and "ok" or "OVER"))
end

local function all_of(way, count)
  return function() return cost(way, count) end
end

cost("ours", 500)
cost("by_hand", 500)
print(("%-44s %13s %13s   ratio"):format("in an nginx worker", "by hand", "seranking"))
row("p99 of /ping, 50 calls of 200 ms in flight", "ms", 1.5, function() return ping "by_hand" end,
  function() return ping "ours" end)
row("the loop's CPU for a call", "us", 1.1, all_of("by_hand", CALLS), all_of("ours", CALLS))
row("the same, new TLS connection each", "us", 0.3, all_of("by_hand_tls", TLS_CALLS), all_of("ours_tls", TLS_CALLS))
print(("%d successes / %d failures / 0 errors / 0 pending"):format(rows - over, over))
server.stop()
api.stop()
certificates.remove()
os.exit(over == 0 and 0 or 1)
