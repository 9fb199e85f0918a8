-- The time and memory that a fake takes: the demo account, and lists of 10,000 rows. Medians of nine runs.
-- SPDX-License-Identifier: MIT
-- lua bench/fake.lua

local fake = require "seranking.fake"

local function median(work)
  local times = {}
  for i = 1, 9 do
    collectgarbage()
    local began = os.clock()
    work()
    times[i] = (os.clock() - began) * 1000
  end
  table.sort(times)
  return times[5]
end

local function account(options)
  options.today, options.limit, options.data_limit, options.units, options.rows = "2026-11-24", 1e9, 1e9, 1e12, 10000
  return fake.new(options)
end

local function get(api, path, query)
  local headers = { authorization = "Token " .. api.data_token }
  local answer = api:handle { method = "GET", path = path, query = query, headers = headers }
  assert(answer.status == 200, path)
end

account {} -- loads the descriptions
print(("fake: demo account               %7.1f ms"):format(median(function() account { demo = true } end)))
for _, list in ipairs {
  { "backlinks.all", "/v1/backlinks/all", "target=shop.com&mode=domain&limit=10000&output=json" },
  { "keywords.similar", "/v1/keywords/similar", "source=us&keyword=anchor&limit=10000" },
} do
  local api = account {}
  get(api, list[2], list[3])
  local again = median(function() get(api, list[2], list[3]) end)
  print(("fake: 10,000 %-18s  %7.1f ms the first time, %7.1f ms again"):format(list[1],
    median(function() get(account {}, list[2], list[3]) end), again))
end

collectgarbage()
collectgarbage()
print(("fake: memory after that          %7.1f MiB"):format(collectgarbage "count" / 1024))
