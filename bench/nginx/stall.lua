--- The latency of an nginx worker while it decodes answers of 12 MB, one after the other. SPDX-License-Identifier: MIT
-- lua bench/nginx/stall.lua PING: prints percentiles of /ping, which is asked for each millisecond by the program PING
-- (bench/ping.c); exits with 1 if one is beyond twice the stated one. Run it as run.lua.

local nginx = require "spec.support.nginx"
local socket = require "socket"

local PING = assert(arg[1], "the pinging program is missing")
local SECONDS = tonumber(os.getenv "SECONDS") or 4
local BOUND = 2 -- milliseconds

-- 170,000 narrow rows are what holds a worker up most: each row is two objects of the collector.
local API = [[
  init_by_lua_block {
    local rows = {}
    for i = 1, 170000 do
      rows[i] = ('{"name":"Place number %d, Some Region, Country","region_id":%d}'):format(i, i)
    end
    local file = assert(io.open("FOLDER/shared/rows.json", "w"))
    file:write("[", table.concat(rows, ","), "]")
    file:close()
  }
  server {
    listen 127.0.0.1:PORT;
    location / {
      default_type application/json;
      root FOLDER/shared;
      rewrite ^ /rows.json break;
    }
  }
]]

local api = nginx.start { http = API }

local server = nginx.start {
  http = ([[
    keepalive_requests 1000000;
    init_by_lua_block {
      local seranking, cjson, ffi = require "seranking", require "cjson", require "ffi"
      local client = assert(seranking.new {
        token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = "http://127.0.0.1:%d", share = "off", retries = 0,
      })

      -- The nanoseconds of CPU time of this process.
      ffi.cdef "struct bench_time { long s, ns; }; int clock_gettime(int clock, struct bench_time *time);"
      local time = ffi.new "struct bench_time"
      function cpu()
        ffi.C.clock_gettime(2, time) -- CLOCK_PROCESS_CPUTIME_ID
        return tonumber(time.s) * 1e9 + tonumber(time.ns)
      end

      ways = {}

      function ways.decoded()
        local rows, err = client.system:google_regions()
        return rows and #rows or error(tostring(err))
      end

      function ways.each()
        local count = 0
        for _ in client.system.google_regions:each() do
          count = count + 1
          if count %% 500 == 0 then
            ngx.sleep(0.001)
          end
        end
        return count
      end

      function ways.cjson()
        local sock = ngx.socket.tcp()
        assert(sock:connect("127.0.0.1", %d))
        assert(sock:send "GET / HTTP/1.0\r\n\r\n")
        local answer = assert(sock:receive "*a")
        return #cjson.decode(answer:match "\r\n\r\n(.*)")
      end
    }
    server {
      listen 127.0.0.1:PORT;
      location = /ping {
        content_by_lua_block {
          ngx.header.content_length = 20
          ngx.print(("%%020.0f"):format(cpu()))
        }
      }
      # Answers, one after the other, for some seconds; how many there were.
      location = /run {
        content_by_lua_block {
          local count, over = 0, ngx.now() + tonumber(ngx.var.arg_seconds)
          repeat
            assert(ways[ngx.var.arg_way]() == 170000)
            count = count + 1
          until ngx.now() > over
          ngx.print(count)
        }
      }
    }
  ]]):format(api.port, api.port),
}

local failures = 0

local function run(way, seconds)
  return server.send(("/run?way=%s&seconds=%s"):format(way, seconds))
end

local function finish(busy)
  local status, count = server.receive(busy)
  return assert(status == 200 and count, server.log():match ".*(%[error%][^\n]*)")
end

-- Percentiles of /ping while a way of decoding is under way: of the latency, and of the worker's processor time in it.
local function measure(way)
  local busy
  if way then
    finish(run(way, 0)) -- what happens once in a process
    busy = run(way, SECONDS + 0.2)
    socket.sleep(0.1)
  end
  local said = nginx.shell(("%s %d /ping %d %d"):format(PING, server.port, SECONDS, server.workers()[1]))
  local answers, figures = busy and finish(busy) or "", {}
  for figure in said:gmatch "%S+" do
    figures[#figures + 1] = tonumber(figure)
  end
  assert(#figures == 8, said)
  return answers, figures
end

-- One line of the table. The bound is on the processor time: the latency is that of a busy machine, too.
local function row(name, way, bound)
  local answers, f = measure(way)
  local verdict = ""
  if bound then
    verdict = ("  stated: %g ms %s"):format(bound, f[7] > 2 * bound and "FAILED" or f[7] > bound and "above" or "ok")
    failures = failures + (f[7] > 2 * bound and 1 or 0)
  end
  print(("%-28s %7s  %8.2f %7.2f %7.2f %7.2f  %8.2f %7.2f %7.2f %7.2f%s"):format(name, answers, f[1], f[2], f[3], f[4], f[5],
    f[6], f[7], f[8], verdict))
end

print(("%-28s %7s  %8s %7s %7s %7s  %8s %7s %7s %7s"):format("ms of /ping, while 12 MB are", "answers", "p50", "p99", "p99.9",
  "most", "CPU: p50", "p99", "p99.9", "most"))
row "not there"
row("read by each", "each")
row("decoded", "decoded", BOUND)
row("decoded at one go by cjson", "cjson")
print(("%d successes / %d failures / 0 errors / 0 pending"):format(1 - failures, failures))
server.stop()
api.stop()
os.exit(failures == 0 and 0 or 1)
