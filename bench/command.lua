--- What writing CSV adds to a walk: rows of backlinks into a file, compared with the walk alone.
-- SPDX-License-Identifier: MIT
--
-- lua bench/command.lua page                        prints the body that bench/server is to give
-- lua bench/command.lua BASE_URL ROWS [ROUNDS]      prints the seconds of both, a line per round, and on stderr the most memory

local core = require "lseranking"
local output = require "seranking.cli.output"
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
local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", data_token = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6", share = "off",
  base_url = arg[1],
})

local terminal = {
  is_terminal = function() return false end, getenv = function() end, width = function() return 80 end,
  colour = function() return false end, unicode = true, now = os.time,
}

local function rows()
  return client.data.backlinks.raw:each({ target = "anchors.example", mode = "domain", limit = PAGE }, { max_rows = total })
end

local function walk()
  local count = 0
  for _ in rows() do
    count = count + 1
  end
  return count
end

local function export()
  local path, count = os.tmpname(), 0
  local out = assert(output.open { to = path, format = "csv", terminal = terminal })
  for row in rows() do
    if not out:row(row) then
      break
    end
    count = count + 1
  end
  assert(out:close())
  os.remove(path)
  return count
end

local function time(f)
  collectgarbage()
  collectgarbage()
  local start = core.monotonic()
  assert(f() == total)
  return core.monotonic() - start
end

for _ = 1, tonumber(arg[3] or 9) do
  print(("%.4f %.4f"):format(time(walk), time(export)))
end
local status = io.open "/proc/self/status"
if status then
  io.stderr:write(status:read "*a":match "VmHWM:%s*(%d+)", " KiB at most in memory\n")
end
