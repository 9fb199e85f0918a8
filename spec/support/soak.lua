--- Calls, aborts, reloads and killed workers in a real nginx. Memory must not grow, and the error log must stay empty.
-- SPDX-License-Identifier: MIT
--
-- `require` returns soak(seconds). As a program (make soak): lua spec/support/soak.lua SECONDS, in the top folder of the
-- repository with the LUA_PATH of the specs; prints the report and exits with 1 if a check failed.

local nginx = require "spec.support.nginx"
local socket = require "socket"

-- Seconds between two reloads.
local GENERATION = 15

-- By how much a worker's memory may grow from the first generations to the last, at the same age and after the same work.
local GROWTH = 1.05

local CONFIGURATION = [[
  init_by_lua_block {
    local seranking = require "seranking"
    local function new(base_url, timeout)
      return assert(seranking.new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = base_url, share = "off",
        retries = 0, timeout = timeout, ca_file = %q })
    end
    client, tls, dead = new(%q, 20), new(%q, 20), new("https://name.silent", 0.2)
  }
  server {
    listen 127.0.0.1:PORT backlog=4096;
    lua_check_client_abort on;
    location = /status {
      content_by_lua_block { ngx.print(require("lseranking").worker_status().calls) }
    }
    # Its own answer, or an error.
    location = /call {
      content_by_lua_block {
        local path = "/" .. ngx.var.arg_id
        local data, err = (ngx.var.arg_tls and tls or client):request { path = path .. "?wait=" .. ngx.var.arg_wait }
        ngx.print(data and (data.path == path and "right" or "wrong") or err.kind)
      }
    }
    location = /map {
      content_by_lua_block {
        local list = {}
        for i = 1, 40 do
          list[i] = "/" .. ngx.var.arg_id .. "/" .. i
        end
        local results, errors = client:map(list, function(path)
          return assert(client:request { path = path .. "?wait=0.01" }).path
        end)
        local right = not errors
        for i = 1, 40 do
          right = right and results[i] == list[i]
        end
        ngx.print(right and "right" or "wrong")
      }
    }
    location = /dead {
      content_by_lua_block {
        local data, err = dead:request { path = "/" }
        ngx.print(not data and err.kind == "timeout" and "right" or "wrong")
      }
    }
  }
]]

local function memory(pid)
  return tonumber((nginx.read("/proc/" .. pid .. "/status") or ""):match "VmRSS:%s*(%d+)")
end

-- One second of work: requests, some of which are abandoned. Counts outcomes.
local function work(server, outcomes, id)
  local waiting, leaving = {}, {}
  for i = 1, 40 do
    local path = i % 10 == 0 and "/dead" or i % 5 == 0 and ("/map?id=%s-%d"):format(id, i)
      or ("/call?id=%s-%d&wait=%.2f%s"):format(id, i, (i % 7) / 20, i % 4 == 0 and "&tls=1" or "")
    waiting[i] = server.send(path)
    leaving[i] = server.send(("/call?id=%s-x&wait=5"):format(id))
  end
  socket.sleep(0.05)
  for _, sock in ipairs(leaving) do
    sock:close()
  end
  for _, sock in ipairs(waiting) do
    local status, body = server.receive(sock)
    local outcome = status == 200 and body or "HTTP " .. tostring(status)
    outcomes[outcome] = (outcomes[outcome] or 0) + 1
  end
end

local function median(list)
  local sorted = {}
  for i, value in ipairs(list) do
    sorted[i] = value
  end
  table.sort(sorted)
  return sorted[math.ceil(#sorted / 2)]
end

local function part(list, from, to)
  local some = {}
  for i = from, to do
    some[#some + 1] = list[i]
  end
  return some
end

--- Runs for this many seconds.
---@param seconds number
---@return string[] problems failed checks
---@return string report one line
local function soak(seconds)
  local certificates = nginx.certificates()
  local api = nginx.api(certificates)
  local server = nginx.start {
    preload = nginx.silent_dns,
    http = CONFIGURATION:format(certificates.ca, api.url, api.tls_url),
  }
  local outcomes, sizes, problems, generations, killed = {}, {}, {}, 0, 0
  local stop = socket.gettime() + seconds
  local master_before = memory(server.master())
  while socket.gettime() < stop do
    generations = generations + 1
    local worker = assert(server.workers()[1], "no worker")
    local turn = socket.gettime() + math.min(GENERATION, seconds / 3)
    local id = 0
    while socket.gettime() < turn do
      id = id + 1
      work(server, outcomes, generations .. "-" .. id)
    end
    local deadline = socket.gettime() + 5
    while tonumber(select(2, server.get "/status")) ~= 0 and socket.gettime() < deadline do
      socket.sleep(0.01)
    end
    if tonumber(select(2, server.get "/status")) ~= 0 then
      problems[#problems + 1] = "calls are left in flight"
    end
    sizes[#sizes + 1] = memory(worker)
    if generations % 8 == 7 then
      killed = killed + 1
      server.signal("KILL", worker)
    else
      server.signal "HUP"
    end
    deadline = socket.gettime() + 10
    repeat
      socket.sleep(0.02)
      local workers = server.workers()
    until #workers == 1 and workers[1] ~= worker and server.get "/status" == 200 or socket.gettime() > deadline
    if memory(worker) then
      problems[#problems + 1] = ("worker %d does not end"):format(worker)
    end
  end
  local master_after = memory(server.master())
  local status = server.stop()
  api.stop()
  certificates.remove()

  for outcome, count in pairs(outcomes) do
    if outcome ~= "right" then
      problems[#problems + 1] = ("%d × %s"):format(count, outcome)
    end
  end
  local third = math.max(1, math.floor(#sizes / 3))
  local first, last = median(part(sizes, 1, third)), median(part(sizes, #sizes - third + 1, #sizes))
  if last > first * GROWTH + 512 and not nginx.sanitized then
    problems[#problems + 1] = ("a worker's memory grew from %d to %d KiB"):format(first, last)
  end
  for line in server.errors:gmatch "[^\n]+" do
    local killed_by_us = line:find "exited on signal 9" and killed > 0
    if line:find "%[alert%]" and not killed_by_us or line:find "%[crit%]" or line:find "%[emerg%]" then
      problems[#problems + 1] = line
    end
  end
  if status ~= 0 then
    problems[#problems + 1] = "nginx ended with status " .. tostring(status)
  end
  return problems, ("%d right answers in %d s; %d generations of workers, %d of them killed; a worker's memory: %d KiB at "
    .. "first, %d at last; the master's: %d, %d"):format(outcomes.right or 0, seconds, generations, killed, first, last,
    master_before, master_after)
end

if ... == "spec.support.soak" then
  return soak
end

local problems, report = soak(tonumber((...)) or 900)
print(report)
for _, problem in ipairs(problems) do
  print("DID NOT HOLD: " .. problem)
end
print(("%d successes / %d failures / 0 errors / 0 pending"):format(#problems == 0 and 1 or 0, #problems))
os.exit(#problems == 0 and 0 or 1)
