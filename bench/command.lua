--- What the command adds to a walk: `seranking data backlinks raw … -o FILE.csv`, compared with the walk alone.
-- SPDX-License-Identifier: MIT
--
-- lua bench/command.lua page                        prints the body that bench/server is to give
-- lua bench/command.lua BASE_URL ROWS [ROUNDS]      prints the seconds of both, a line per round, and on stderr the most memory

local core = require "lseranking"
local main = require "seranking.cli.main"
local seranking = require "seranking"

local PAGE = 1000

-- A page of rows like those of the API: quotes, commas, non-ASCII, numbers, flags.
local function page()
  local list = {}
  for i = 1, PAGE do
    list[i] = ('{"url_from":"https://harbour%d.example/boats/%d?a=1,2","url_to":"https://anchors.example/shop","title":'
      .. '"Boats, \\"big\\" and small – %d","anchor":"Anker für Boote","nofollow":%s,"image":false,"image_source":"",'
      .. '"inlink_rank":%d,"domain_inlink_rank":44,"first_seen":"2025-11-02","last_visited":"2026-11-20"}')
      :format(i % 97, i, i, i % 3 == 0 and "true" or "false", i % 100)
  end
  return '{"backlinks":[' .. table.concat(list, ",") .. '],"next":"0000000"}'
end

if arg[1] == "page" then
  io.write(page())
  os.exit(0)
end

local total = tonumber(arg[2])
local options = {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", data_token = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6", share = "off",
  base_url = arg[1],
}
local client = assert(seranking.new(options))

-- As in a cron job: nobody sees stdout or stderr.
local terminal = {
  stdout = io.stdout, stderr = io.stderr,
  getenv = function(name) return name == "SERANKING_TOKEN" and options.token or nil end,
  is_terminal = function() return false end, width = function() return 80 end, colour = function() return false end,
  unicode = true, now = os.time, on_interrupt = function() end, interrupted = function() return 0 end,
}

local function walk()
  local count = 0
  for _ in client.data.backlinks.raw:each({ target = "anchors.example", mode = "domain", limit = PAGE },
    { max_rows = total }) do
    count = count + 1
  end
  assert(count == total)
end

local path = os.tmpname() .. ".csv"

local function export()
  local status = main.run({ "data", "backlinks", "raw", "anchors.example", "--mode", "domain", "--limit", tostring(PAGE),
    "--max-rows", tostring(total), "--quiet", "-o", path }, terminal, options)
  assert(status == 0)
end

local function time(f)
  collectgarbage()
  collectgarbage()
  local start = core.monotonic()
  f()
  return core.monotonic() - start
end

for _ = 1, tonumber(arg[3] or 9) do
  print(("%.4f %.4f"):format(time(walk), time(export)))
  local lines = 0
  for _ in io.lines(path) do
    lines = lines + 1
  end
  assert(lines == total + 1)
  os.remove(path) -- each round writes a file that is not there
end
os.remove((path:gsub("%.csv$", "")))
local status = io.open "/proc/self/status"
if status then
  io.stderr:write(status:read "*a":match "VmHWM:%s*(%d+)", " KiB at most in memory\n")
end
