--- How a limit on Redis behaves with up to 1,000 hosts: the real script on a virtual clock, and an API that counts.
-- SPDX-License-Identifier: MIT
--
--   luajit bench/scale.lua [SECONDS]      of virtual time for each line, 300 by default
--
-- Only the network, the API and the waiting are simulated. The rules are those of src/limit/redis/sr_redis.lua, which runs here
-- as on a server, one step after the other. A process asks again as src/http/sr_engine.c does, with the constants of that file.
-- The API counts a request at a random moment between sending and answer, and refuses it if the window before has N already.
-- Prints a table; exits with 1 if the API refused a request. docs/internals/scale.md says what follows.

local SECONDS = tonumber(arg and arg[1]) or 300
local SLOTS, WINDOW = 5, 1e6 -- microseconds, as in the script
local LATENCY_LEAST, LATENCY_MOST = 5e4, 3.5e5 -- of the API
local ROUND_TRIP = 500 -- to Redis
local STEP = 50 -- of Redis's processor, by the CPU times in INFO while bench/redis.c ran

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- "#define NAME (3 * SR_MILLISECOND)" in microseconds.
local engine = read "src/http/sr_engine.c"
local function constant(name)
  local line = assert(engine:match("#define " .. name .. "%s+([^\n]*)"), name)
  local number, unit = line:match "^%(?(%d*)[%s*]*SR_(%u+)%)?$"
  return (tonumber(number) or 1) * assert(({ SECOND = 1e6, MILLISECOND = 1e3 })[unit], line)
end
local SPREAD, ASK_EVERY = constant "SPREAD", constant "ASK_EVERY"

-- ---- the server ----

local now = 0

--- A Redis with one hash, as far as the script needs it.
local function redis_server()
  local hash, server = {}, { steps = 0, bytes = 0, busy_until = 0 }
  local commands = {
    TIME = function() return { ("%.0f"):format(math.floor(now / 1e6)), ("%.0f"):format(math.floor(now % 1e6)) } end,
    HGETALL = function()
      local flat = {}
      for name, value in pairs(hash) do
        flat[#flat + 1] = name
        flat[#flat + 1] = value
      end
      return flat
    end,
    HSET = function(_, ...)
      for i = 1, select("#", ...), 2 do
        hash[(select(i, ...))] = tostring((select(i + 1, ...)))
      end
    end,
    PEXPIRE = function() end,
  }
  local environment = setmetatable({
    redis = { call = function(name, ...) return commands[name](...) end, replicate_commands = function() end },
    KEYS = { "seranking:0123456789abcdef" }, unpack = unpack or table.unpack, -- luacheck: ignore
  }, { __index = _G })
  local text = read "src/limit/redis/sr_redis.lua"
  local script
  if setfenv then
    script = setfenv(assert(loadstring(text)), environment) -- luacheck: ignore
  else
    script = assert(load(text, "=sr_redis.lua", "t", environment))
  end

  --- Runs one step. Counts the bytes that a client sends for it.
  function server.step(...)
    local words = { ... }
    for i = 1, #words do
      words[i] = type(words[i]) == "number" and ("%.0f"):format(words[i]) or words[i]
    end
    environment.ARGV = words
    server.steps = server.steps + 1
    server.bytes = server.bytes + #"EVALSHA" + 40 + 1 + 27 + 4 * 8 -- command, SHA-1, number of keys, key, their lengths
    for i = 1, #words do
      server.bytes = server.bytes + #words[i] + 7
    end
    return script()
  end
  return server
end

-- ---- events in the order of their times ----

local heap, size = {}, 0

local function at(time, what)
  size = size + 1
  local i = size
  while i > 1 and heap[math.floor(i / 2)].time > time do
    heap[i] = heap[math.floor(i / 2)]
    i = math.floor(i / 2)
  end
  heap[i] = { time = time, what = what }
end

local function next_event()
  local first, last = heap[1], heap[size]
  heap[size] = nil
  size = size - 1
  local i = 1
  while size > 0 do
    local child = 2 * i
    if child < size and heap[child + 1].time < heap[child].time then
      child = child + 1
    end
    if child > size or heap[child].time >= last.time then
      heap[i] = last
      break
    end
    heap[i] = heap[child]
    i = child
  end
  return first
end

-- ---- one run ----

--- `load`: calls that arrive, as a part of what the limit allows; nil: each process always has a call that waits.
local function run(processes, load)
  math.randomseed(1)
  heap, size, now = {}, 0, 1e9
  local server = redis_server()
  local begun, over = now + 2 * WINDOW, now + 2 * WINDOW + SECONDS * 1e6
  local counted, refused, most = {}, 0, 0
  local waits, grants, tokens = {}, {}, 0
  local sum_of_latencies = 0

  local function count()
    local in_window = 1
    for i = #counted, 1, -1 do
      if counted[i] <= now - WINDOW then
        break
      end
      in_window = in_window + 1
    end
    counted[#counted + 1] = now
    most = math.max(most, in_window)
    refused = refused + (in_window > SLOTS and 1 or 0)
  end

  -- When a step that is sent now runs: half a round trip later, and after those that came before.
  local function on_server(what)
    at(now + ROUND_TRIP / 2, function()
      server.busy_until = math.max(now, server.busy_until) + STEP
      at(server.busy_until, what)
    end)
  end

  local ask

  local function granted(process, token, slot)
    local latency = LATENCY_LEAST + math.random() * (LATENCY_MOST - LATENCY_LEAST)
    if now >= begun then
      waits[#waits + 1] = (now - process.since) / 1e6
      grants[process] = (grants[process] or 0) + 1
      sum_of_latencies = sum_of_latencies + latency
    end
    at(now + math.random() * latency, count)
    at(now + latency, function()
      on_server(function()
        server.step("give", "run", SLOTS, WINDOW, WINDOW + 2e5, token, slot, "0", "fine", WINDOW, 0)
      end)
      process.waiting = process.waiting - 1
      if not load then
        process.waiting, process.since = 1, now
      end
      if process.waiting > 0 then
        process.since = process.arrivals and table.remove(process.arrivals, 1) or process.since
        ask(process)
      end
    end)
  end

  function ask(process)
    on_server(function()
      tokens = tokens + 1
      local token = ("%016x-%d"):format(process.id, tokens)
      local answer = server.step("take", "run", SLOTS, WINDOW, WINDOW + 2e5, token, "0", "0", 61 * 1e6)
      at(now + ROUND_TRIP / 2, function()
        if answer[1] == 0 then
          granted(process, token, answer[3])
        else
          at(math.max(now, math.min(answer[2], now + ASK_EVERY)) + math.random() * SPREAD, function() ask(process) end)
        end
      end)
    end)
  end

  local all = {}
  for i = 1, processes do
    local process = { id = i, waiting = 0, since = now }
    all[i] = process
    if not load then
      process.waiting = 1
      at(now + math.random() * WINDOW, function()
        process.since = now
        ask(process)
      end)
    end
  end
  if load then
    local every = (WINDOW + (LATENCY_LEAST + LATENCY_MOST) / 2) / SLOTS / load
    local function arrive()
      local process = all[math.random(processes)]
      process.waiting = process.waiting + 1
      if process.waiting == 1 then
        process.since, process.arrivals = now, {}
        ask(process)
      else
        table.insert(process.arrivals, now)
      end
      at(now - math.log(1 - math.random()) * every, arrive)
    end
    at(now + WINDOW, arrive)
  end

  while heap[1] and heap[1].time < over do
    local event = next_event()
    now = event.time
    event.what()
  end

  local longest = 0 -- also of those that still wait
  for _, process in ipairs(all) do
    if process.waiting > 0 and not load then
      longest = math.max(longest, (over - process.since) / 1e6)
    end
  end
  table.sort(waits)
  longest = math.max(longest, waits[#waits] or 0)
  local least, greatest = math.huge, 0
  for _, process in ipairs(all) do
    least, greatest = math.min(least, grants[process] or 0), math.max(greatest, grants[process] or 0)
  end
  local ideal = SLOTS / (WINDOW + sum_of_latencies / #waits) * 1e6
  print(("%9d  %-9s %8.2f %6.0f %% %8.2f %8.2f %9.2f %7d-%-5d %7.1f %8.0f %6.0f %6d %8d"):format(processes,
    load and ("%g %%"):format(load * 100) or "always", #waits / SECONDS, #waits / SECONDS / ideal * 100,
    waits[math.ceil(#waits / 2)], waits[math.ceil(#waits * 0.99)], longest, least, greatest, server.steps / #waits,
    server.steps / SECONDS, server.bytes / server.steps, most, refused))
  io.stdout:flush()
  return refused
end

print(("limit %d in 1 s; answers in %.2f to %.2f s, %g ms to Redis, %g us of its CPU a step, %d s of virtual time"):format(
  SLOTS, LATENCY_LEAST / 1e6, LATENCY_MOST / 1e6, ROUND_TRIP / 1e3, STEP, SECONDS))
print "                    requests  of the    wait for a slot, s           requests      Redis steps     bytes  in a  refused"
print "processes  waiting  a second   ideal   median      p99    longest  of a process a request a second a step window"
local refused = 0
for _, case in ipairs { { 0.8, 1 }, { 0.8, 10 }, { 0.8, 100 }, { 0.8, 1000 }, { 0.8, 8000 },
  { nil, 1 }, { nil, 10 }, { nil, 100 }, { nil, 1000 }, { nil, 8000 } } do
  refused = refused + run(case[2], case[1])
end
os.exit(refused == 0 and 0 or 1)
