--- Prints the answers of a fake with a demo account to a walk over many operations, for comparing interpreters.
-- SPDX-License-Identifier: MIT
-- Needs no C module: lua fake_walk.lua [SEED]

package.loaded.lseranking = nil
package.preload.lseranking = function() error "this walk does without the core" end

local fake = require "seranking.fake"

local time = 0
local api = fake.new {
  demo = true, seed = tonumber(arg[1] or 1), today = "2026-11-24", now = function() return time end,
  limit = 1e9, data_limit = 1e9, rows = 300, units = 1e9, faults = { rate = 0.05 }, latency = { 0.05, 0.4 },
}

local function get(path, query)
  time = time + 3600
  local headers = { authorization = "Token " .. api.data_token }
  local answer = api:handle { method = "GET", path = path, query = query, headers = headers }
  print(path, query, answer.status, answer.fault, answer.delay and ("%.9f"):format(answer.delay))
  print(answer.body)
end

local PROJECT = "/v1/project-management/"
for day = 1, 2 do
  get(PROJECT .. "sites")
  for id = 147696, 147698 do
    local site = "site_id=" .. id
    get(PROJECT .. "sites/summary", site)
    get(PROJECT .. "keywords", site)
    get(PROJECT .. "sites/positions", site .. "&date_from=2026-09-01&date_to=2026-11-30")
    get(PROJECT .. "competitors", site)
  end
  get(PROJECT .. "audits")
  get("/v1/domain/overview/db", "source=us&domain=shop.com")
  get("/v1/domain/overview/history", "source=us&domain=shop.com")
  get("/v1/domain/keywords", "source=us&domain=shop.com&limit=200&order_field=traffic&order_type=desc")
  get("/v1/domain/competitors", "source=us&domain=shop.com")
  get("/v1/keywords/similar", "source=us&keyword=anchor&limit=200&sort=volume&history_trend=true")
  get("/v1/keywords/questions", "source=de&keyword=brot&limit=50")
  get("/v1/backlinks/all", "target=shop.com&mode=domain&limit=200&output=json")
  get("/v1/backlinks/refdomains", "target=shop.com&mode=domain&limit=100&output=json")
  get("/v1/backlinks/history", "target=shop.com&mode=domain&date_from=2026-10-01&date_to=2026-11-20&output=json")
  get("/v1/ai-search/overview/by-engine/time-series", "target=shop.com&source=us&engine=gemini")
  get("/v1/ai-search/prompts-by-target", "target=shop.com&source=us&engine=gemini&limit=50")
  time = time + day * 86400
end
