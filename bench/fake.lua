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

local LINKS, WORDS = "target=shop.com&limit=10000&output=json", "source=us&keyword=anchor&limit=10000"
local YEAR = LINKS .. "&date_from=2025-11-25&date_to=2026-11-24"
local SITE = "source=us&domain=shop.com&type=organic"
local LISTS = {
  { "backlinks.all", "/v1/backlinks/all", LINKS }, { "keywords.similar", "/v1/keywords/similar", WORDS },
  { "keywords.similar, trend", "/v1/keywords/similar", WORDS .. "&history_trend=true" },
  { "keywords.similar, sorted", "/v1/keywords/similar", WORDS .. "&sort=volume&filter%5Bvolume%5D%5Bfrom%5D=30" },
  { "keywords.related", "/v1/keywords/related", WORDS }, { "keywords.questions", "/v1/keywords/questions", WORDS },
  { "keywords.longtail", "/v1/keywords/longtail", WORDS }, { "backlinks.raw", "/v1/backlinks/raw", LINKS },
  { "backlinks.anchors", "/v1/backlinks/anchors", LINKS }, { "backlinks.refdomains", "/v1/backlinks/refdomains", LINKS },
  { "backlinks.referring_ips", "/v1/backlinks/referring-ips", LINKS },
  { "backlinks.indexed_pages", "/v1/backlinks/indexed-pages", LINKS },
  { "backlinks.history", "/v1/backlinks/history", YEAR }, { "refdomains.history", "/v1/backlinks/refdomains/history", YEAR },
  { "domain.keywords", "/v1/domain/keywords", SITE .. "&limit=1000" },
  { "domain.competitors", "/v1/domain/competitors", SITE .. "&stats=1" },
  { "domain.overview.history", "/v1/domain/overview/history", SITE },
  { "ai_search.prompts", "/v1/ai-search/prompts-by-brand", "source=us&engine=gemini&brand=Shop&limit=1000" },
}
local worst, worst_name = 0, nil
for i, list in ipairs(LISTS) do
  local first = median(function() get(account {}, list[2], list[3]) end)
  if i <= 2 then
    local api = account {}
    get(api, list[2], list[3])
    local again = median(function() get(api, list[2], list[3]) end)
    print(("fake: 10,000 %-18s  %7.1f ms the first time, %7.1f ms again"):format(list[1], first, again))
  end
  if first > worst then
    worst, worst_name = first, list[1]
  end
end
print(("fake: slowest of %d such lists   %7.1f ms the first time, %s"):format(#LISTS, worst, worst_name))

collectgarbage()
collectgarbage()
print(("fake: memory after that          %7.1f MiB"):format(collectgarbage "count" / 1024))
