--- The decoder against lua-cjson, each in processes of its own that take turns. SPDX-License-Identifier: MIT
-- lua bench/decoder.lua [ROUNDS]: prints for each kind of text the medians of the CPU seconds of the first decoding in a
-- process ("cold") and of the fastest of five later ones ("warm"), how many times as fast as cjson ours is, and both peaks of
-- memory.
-- Then the milliseconds of CPU that one slice takes in an event loop, and one row of `each`.
-- lua bench/decoder.lua cjson|ours FILE [cold]: one process: decodes, prints "cold warm peak-KiB".

local core = require "lseranking" -- for both: libcurl's own pages stay out of the comparison
local decoders = { cjson = require("cjson").new().decode, ours = core.decode }

local function list(count, row)
  local rows = {}
  for i = 1, count do
    rows[i] = row(i)
  end
  return "[" .. table.concat(rows, ",") .. "]"
end

local function row_of_20(i)
  local format = [[{"id":%d,"keyword":"buy thing number %d online","volume":%d,"cpc":%.2f,"difficulty":%d,]]
    .. [["position":%d,"previous_position":%d,"url":"https://www.example.com/some/path/%d.html","traffic":%.4f,]]
    .. [["traffic_percent":%.6f,"price":%.2f,"serp_features":["sitelinks","images","video"],"competition":0.%d,]]
    .. [["results":%d,"intents":["I","C"],"history":{"2024-01":%d,"2024-02":%d,"2024-03":%d},"group_id":null,"is_new":%s,]]
    .. [["is_lost":false,"title":"Thing %d: price, reviews and more","first_seen":"2024-03-%02d","last_seen":"2024-05-%02d"}]]
  return format:format(i, i, i * 10 % 9999, i % 300 / 100, i % 101, i % 100, i % 97, i, i % 9999 / 7, i % 100 / 17,
    i % 999 / 100, i % 100, i * 1000, i % 50, i % 60, i % 70, i % 2 == 0 and "true" or "false", i, i % 28 + 1, i % 28 + 1)
end

local texts = {
  { "narrow rows", 1.9, function()
    return list(170000, function(i)
      return ('{"name":"Place number %d, Some Region, Country","region_id":%d}'):format(i, i)
    end)
  end },
  { "wide rows", 1.9, function() return list(25000, row_of_20) end },
  { "whole numbers", nil, function() return list(1000000, function(i) return ("%d"):format(i * 7919 % 100000000) end) end },
  { "fractions", nil, function() return list(700000, function(i) return ("%.4f"):format(i * 7919 % 100000000 / 7) end) end },
  { "17 digits", nil, function() return list(500000, function(i) return ("%.17g"):format(i / 7) end) end },
  { "long strings", nil, function()
    return list(20000, function(i) return ('"%d%s"'):format(i, ("lorem ipsum "):rep(40)) end)
  end },
  { "strings with escapes", nil, function()
    return list(200000, function(i) return ([["\u00e4 \"%d\" \u20ac https:\/\/example.com\/path\n"]]):format(i) end)
  end },
}

local function one_process(name, path, only_cold)
  local decode = decoders[name]
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  collectgarbage()
  local function seconds()
    local start = os.clock()
    local value = decode(text)
    local taken = os.clock() - start
    assert(type(value) == "table")
    return taken
  end
  local cold = seconds()
  local status = assert(io.open("/proc/self/status", "rb")):read "*a"
  local warm = math.huge
  for _ = 1, only_cold and 0 or 5 do
    warm = math.min(warm, seconds())
  end
  print(cold, only_cold and 0 or warm, status:match "VmHWM:%s*(%d+)")
end

local function median(values)
  table.sort(values)
  return values[math.floor((#values + 1) / 2)]
end

local function measure(name, path, rounds)
  local interpreter, i = arg[0], 0
  while arg[i - 1] do
    i = i - 1
    interpreter = arg[i]
  end
  local figures = { cjson = { {}, {}, {} }, ours = { {}, {}, {} } }
  for round = 1, rounds do
    for decoder, columns in pairs(figures) do
      local pipe = assert(io.popen(("%s %s %s %s"):format(interpreter, arg[0], decoder, path)))
      for column = 1, 3 do
        columns[column][round] = assert(pipe:read "*n", decoder .. " has failed")
      end
      pipe:close()
    end
  end
  local function of(column)
    local cjson, ours = median(figures.cjson[column]), median(figures.ours[column])
    return cjson, ours, cjson / ours
  end
  local cold_cjson, cold, cold_ratio = of(1)
  local _, warm, warm_ratio = of(2)
  local peak_cjson, peak = of(3)
  print(("%-22s %7.3f s %7.3f s %6.2f x %7.3f s %6.2f x %8d KiB %8d KiB"):format(name, cold_cjson, cold, cold_ratio, warm,
    warm_ratio, peak_cjson, peak))
end

-- Percentiles of the milliseconds of a step, in five decodings one after the other.
local function slices(name, text, row_lists)
  local client = assert(core.client { token = ("a"):rep(40), external = true, rate_limit = 0, clock = core.clock() })
  local all = {}
  local function timed(step)
    local start = os.clock()
    local over, value = step()
    all[#all + 1] = 1000 * (os.clock() - start)
    return over, value
  end
  for _ = 1, 5 do
    local call = client:call("GET", "/x", nil, nil, nil, true, nil)
    client:run(call, 0)
    call:answer(200, "", text)
    assert(client:run(call, 0))
    local decoding = assert(call:decoding(false, row_lists))
    local over, value
    repeat
      over, value = timed(function() return decoding:step() end)
    until over
    if core.is_rows(value) then
      call:give(value)
      for i = 1, #value, 100 do -- the others are passed over
        timed(function() return value[i] end)
      end
    end
  end
  table.sort(all)
  print(("%-38s p50 %.3f  p99 %.3f  p99.9 %.3f  most %.3f ms"):format(name, all[math.ceil(0.5 * #all)],
    all[math.ceil(0.99 * #all)], all[math.ceil(0.999 * #all)], all[#all]))
end

if decoders[arg[1]] then
  one_process(arg[1], arg[2], arg[3] ~= nil)
  return
end
local path = os.tmpname()
print(("%-22s %9s %9s %8s %9s %8s %12s %12s"):format("", "cjson", "cold", "", "warm", "", "cjson's peak", "peak"))
for _, about in ipairs(texts) do
  local file = assert(io.open(path, "wb"))
  file:write(about[3]())
  file:close()
  measure(about[1], path, tonumber(arg[1]) or 5)
end
os.remove(path)
local narrow = texts[1][3]()
slices(("a slice of %.0f MB of narrow rows"):format(#narrow / 1e6), narrow, nil)
slices("the same, and rows of each", narrow, ".")
