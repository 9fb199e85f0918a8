-- One step of the limiter, run by the Redis server: docs/redis.md says what is kept and why.
-- SPDX-License-Identifier: MIT
-- luacheck: globals redis KEYS ARGV
--
-- Runs on Redis's Lua 5.1. Lines that hold a comment alone are left out of what is sent. Times are Redis's own clock in
-- microseconds: below 2^53, so a Lua number holds them exactly. Fields of the hash:
--   s0 .. s63    free from TIME on; "TIME:TOKEN" leased, "TIME~TOKEN" cooling down since it was taken, "TIME" cooling down
--   born, runs   when a server process first used the hash, and the last server processes that have used it
--   at           when it was last written
--   held         no slot is given before
--   block        "rate" or "key" while the circuit is open, until `until`; then `probe` is the end of the lease of the one
--                request that may go through, and `prober` its token
--   level, strikes, keys, struck, trouble: see docs/redis.md
--   unheard      requests in a row without an answer
--   hush, next   while hush is not 0 one request goes at a time, the next one from `next` on; `lone` is the end of the lease of
--                the one in flight, and `loner` its token
-- Arguments: step, id of the server process, slots, window, window and late count; then those of the step.
local key, step, run = KEYS[1], ARGV[1], ARGV[2]
local slots, window, cold = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local HOUR = 3600 * 1000000
local BAN, LEVEL_MAX, STRIKES, KEY_STRIKES = HOUR / 6, 8, 3, 2
local HELD_MAX = 24 * HOUR -- the longest window there can be
local SILENT, HUSH_MAX = 3, 7
local unit = math.min(window, 10 * 1000000)
local LEASE_MAX = 48 * HOUR + HOUR / 60 -- a deadline and a window of a day each, and some more
-- Longer than the longest ban (43 hours) and any lease.
local KEEP = 7 * 24 * HOUR / 1000
-- Codes of the answer.
local GRANTED, WAIT, BLOCKED = 0, 1, 2
local NOTHING, HAS_BLOCKED, HAS_UNBLOCKED = 0, 1, 2
local REASONS = { [""] = 0, rate = 1, key = 2 }

-- Redis before 5 would replicate the script, which reads a clock; this makes it replicate the writes.
pcall(redis.replicate_commands)
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]

-- ---- the hash ----

local fields, changes = {}, {}

local function put(name, value)
  if type(value) == "number" then
    value = string.format("%.0f", value)
  end
  fields[name] = value
  changes[#changes + 1] = name
  changes[#changes + 1] = value
end

local function text(name)
  return fields[name] or ""
end

local function number(name)
  return tonumber(fields[name]) or 0
end

-- The clock was set back, or a server with another clock took over: everything keeps the time that it had left.
local function set_back(by)
  for name, value in pairs(fields) do
    local at, rest = string.match(value, "^(%d+)(.*)$")
    if at and (string.find(name, "^s%d+$") or name == "born" or name == "held" or name == "until" or name == "probe"
        or name == "trouble" or name == "next" or name == "lone") then
      put(name, string.format("%.0f", math.max(0, at - by)) .. rest)
    end
  end
end

-- Repairs impossible values (another clock, another program) for good: they can't stop a key for years.
local function put_right()
  for name, value in pairs(fields) do
    if string.find(name, "^s%d+$") and (tonumber(string.match(value, "^%d+")) or 0) > now + LEASE_MAX then
      put(name, now + cold)
    end
  end
  if number "held" > now + HELD_MAX then
    put("held", now + math.min(BAN, window))
  end
  if number "probe" > now + LEASE_MAX then
    put("probe", 0)
  end
  if number "lone" > now + LEASE_MAX then
    put("lone", 0)
  end
  if number "hush" ~= 0 and (number "hush" < 0 or number "hush" > HUSH_MAX or number "next" > now + 640 * 1000000
      or number "next" < now - HOUR) then -- also when it was an hour ago
    put("hush", 0)
    put("unheard", 0)
  end
  if number "level" > LEVEL_MAX then
    put("level", LEVEL_MAX)
  end
  if number "trouble" > now then
    put("trouble", now)
  end
  if text "block" ~= "" and number "until" > now + BAN * 2 ^ LEVEL_MAX then
    put("until", now + BAN)
    put("level", 1)
  end
end

local function read()
  local flat = redis.call("HGETALL", key)
  for i = 1, #flat, 2 do
    fields[flat[i]] = flat[i + 1]
  end
  if number "at" > now then
    set_back(number "at" - now)
  end
  put_right()
  if not fields.born or run ~= "" and not string.find(text "runs", run, 1, true) then
    put("born", now)
    put("runs", string.sub(run .. " " .. text "runs", 1, 67))
  end
end

local function save()
  if #changes == 0 then
    return
  end
  put("at", now)
  redis.call("HSET", key, unpack(changes))
  redis.call("PEXPIRE", key, KEEP)
end

-- ---- what it says ----

-- When slot `i` is free, its mark (":" if it is leased), and the token of its owner.
local function slot(i)
  local at, mark, owner = string.match(text("s" .. i), "^(%d+)([:~]?)(.*)$")
  return math.max(tonumber(at) or 0, number "born" + cold), mark or "", owner or ""
end

local function level()
  if text "block" ~= "" then
    return number "level"
  end
  return math.max(0, number "level" - math.floor((now - number "trouble") / HOUR))
end

-- ---- the circuit ----

local function open(reason)
  local n = level()
  put("block", reason)
  put("until", now + BAN * 2 ^ n)
  put("level", math.min(n + 1, LEVEL_MAX))
  put("probe", 0)
  put("prober", "")
  put("strikes", 0)
  put("keys", 0)
  return HAS_BLOCKED
end

local function close()
  put("block", "")
  put("until", 0)
  put("probe", 0)
  put("prober", "")
  put("strikes", 0)
  put("keys", 0)
  put("trouble", now)
  return HAS_UNBLOCKED
end

local function after_probe(outcome)
  if outcome == "fine" then
    return close()
  elseif outcome == "refused" then
    return open "rate"
  elseif outcome == "bad_key" then
    return open "key"
  end
  put("probe", 0)
  put("prober", "")
  return NOTHING
end

-- Counts one more of `kind` in a row. A request that is given back again, because an answer was lost, counts once.
local function strike(token, kind, most, reason)
  if string.find(text "struck", token .. " ", 1, true) then
    return NOTHING
  end
  put("struck", string.sub(token .. " " .. text "struck", 1, 160))
  put("level", level())
  put("trouble", now)
  put(kind, number(kind) + 1)
  return number(kind) >= most and open(reason) or NOTHING
end

-- One more request without an answer: one is sent at a time, a window later, then two, four …
local function fall_silent(token)
  local n = number "hush"
  if n == 0 then
    put("unheard", number "unheard" + 1)
    n = number "unheard" >= math.min(slots, SILENT) and 1 or 0
  elseif text "loner" == token then
    n = math.min(n + 1, HUSH_MAX)
  else
    return
  end
  if n > 0 then
    put("hush", n)
    put("next", math.max(number "next", now + unit * 2 ^ (n - 1)))
  end
end

-- The first answer ends it. All wait for a window, because the server may be counting earlier requests now.
local function end_silence()
  if number "hush" > 0 and now + unit > number "held" then
    put("held", now + unit)
  end
  if number "hush" > 0 or number "unheard" > 0 then
    put("hush", 0)
    put("unheard", 0)
    put("next", 0)
  end
end

local function listen(token, outcome)
  if outcome == "silent" then
    if not string.find(text "lost", token .. " ", 1, true) then -- told once more, because the answer was lost
      put("lost", string.sub(token .. " " .. text "lost", 1, 160))
      fall_silent(token)
    end
  elseif outcome ~= "unsent" then
    end_silence()
  end
  if text "loner" == token then
    put("lone", 0)
    put("loner", "")
  end
end

local function judge(token, outcome, hold)
  listen(token, outcome)
  if outcome == "refused" and now + hold > number "held" then
    put("held", now + hold)
  end
  if text "block" ~= "" then
    return text "prober" == token and after_probe(outcome) or NOTHING
  elseif outcome == "refused" then
    return strike(token, "strikes", STRIKES, "rate")
  elseif outcome == "bad_key" then
    return strike(token, "keys", KEY_STRIKES, "key")
  elseif outcome == "fine" and (number "strikes" > 0 or number "keys" > 0) then
    put("strikes", 0)
    put("keys", 0)
  end
  return NOTHING
end

-- ---- the steps: each returns a code, a time, a slot, and whether it is the probe ----

local function take(token, low, send_time, lease)
  local block = text "block"
  if block ~= "" and now < number "until" then
    return BLOCKED, number "until", -1, 0
  end
  if block ~= "" and now < number "probe" then
    return BLOCKED, math.min(number "probe", now + window), -1, 0
  end
  local hush = number "hush" > 0
  if hush and now < number "next" then
    return WAIT, number "next", -1, 0
  end
  if hush and now < number "lone" then
    return WAIT, math.min(number "lone", now + window), -1, 0
  end
  if now < number "held" then
    return WAIT, number "held", -1, 0
  end
  local earliest = now + window
  for i = 0, slots - (low and slots > 1 and 2 or 1) do
    local at = slot(i)
    if at <= now then
      put("s" .. i, string.format(send_time and "%.0f~%s" or "%.0f:%s", now + (send_time and window or lease), token))
      if block ~= "" then
        put("probe", now + lease)
        put("prober", token)
      end
      if hush then
        put("lone", now + lease)
        put("loner", token)
      end
      return GRANTED, now, i, block ~= "" and 1 or 0
    end
    earliest = math.min(earliest, at)
  end
  return WAIT, earliest, -1, 0
end

-- If the answer to a take was lost, its client does not know the slot.
local function find(token)
  for i = 0, 63 do
    local _, _, owner = slot(i)
    if owner == token then
      return i
    end
  end
  return -1
end

local function give(token, i, send_time, outcome, cool, hold)
  if i < 0 then
    i = find(token)
  end
  if i >= 0 then
    local at, mark, owner = slot(i)
    if owner == token then
      if outcome == "unsent" or mark == ":" then
        put("s" .. i, now + (outcome == "unsent" and 0 or cool))
      end
    elseif mark ~= ":" and outcome ~= "unsent" and not send_time and at < now + cool then
      -- Redis has lost its memory since the take: the API may count this request all the same.
      put("s" .. i, now + cool)
    end
  end
  return judge(token, outcome, hold), now, i, 0
end

local function reset()
  put("block", "")
  put("until", 0)
  put("held", 0)
  put("probe", 0)
  put("prober", "")
  put("strikes", 0)
  put("keys", 0)
  put("level", 0)
  put("unheard", 0)
  put("hush", 0)
  put("next", 0)
  put("lone", 0)
  put("loner", "")
  return NOTHING, now, -1, 0
end

-- ---- all in all ----

read()
local code, at, index, probe = NOTHING, now, -1, 0
if step == "take" then
  code, at, index, probe = take(ARGV[6], ARGV[7] == "1", ARGV[8] == "1", tonumber(ARGV[9]))
elseif step == "give" then
  code, at, index, probe = give(ARGV[6], tonumber(ARGV[7]), ARGV[8] == "1", ARGV[9], tonumber(ARGV[10]), tonumber(ARGV[11]))
elseif step == "reset" then
  code, at, index, probe = reset()
end
if step ~= "view" then
  save()
end
local answer = { code, at, index, probe, now, number "held", REASONS[text "block"] or 1, number "until", number "probe",
  level(), number "strikes", number "hush" > 0 and number "next" or 0 }
for i = 0, slots - 1 do
  local free_at, mark = slot(i)
  answer[#answer + 1] = free_at * 2 + (mark == ":" and 1 or 0)
end
return answer
