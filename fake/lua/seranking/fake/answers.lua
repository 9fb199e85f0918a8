--- What the fake API does and answers, one function an operation, one file a family.
-- SPDX-License-Identifier: MIT
--
-- A function gets a call whose arguments are checked and whose rows are looked up. It returns the answer as
-- seranking.fake.json writes it (nil: an empty body), or nil and a refusal. An operation without a function answers
-- with the example of its description. Rows have the members and types that the real answers have: ids of keywords, groups
-- and tags are text in lists, and numbers in the answer to their making.

---@class seranking.fake.Call
---@field route seranking.fake.Route
---@field generation "v4"|"v1"
---@field args table<string, any>
---@field store seranking.fake.Store
---@field today string YYYY-MM-DD
---@field regions integer rows of system.google_regions
---@field now number seconds
---@field rows integer rows of a list of the Data API
---@field max_exports number backlink exports that the plan has
---@field files string address of the host that has the files
---@field cache table lives as long as the fake
---@field seed integer
---@field origin string the day of the first request, YYYY-MM-DD
---@field site? table the rows that the arguments name
---@field engine? table
---@field engines? table[]
---@field keyword? table
---@field group? table of keywords, projects, backlinks or prompts, as the resource has them
---@field site_group? table
---@field competitor? table
---@field tag? table
---@field task? table of the marketing plan, or a volume look-up
---@field user? table
---@field audit? table
---@field sitemap? table
---@field page_list? table
---@field llm? table
---@field prompt? table

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

for _, family in ipairs {
  "airt", "airt_results", "audit", "backlinks", "checklist", "competitors", "groups", "key_volume", "positions", "sites",
  "system", "users", "data_ai_search", "data_backlinks", "data_domain", "data_jobs", "data_keywords", "data_serp",
  "data_site_audit", "local_marketing", "visible", "visible_figures",
} do
  for key, answer in pairs(require("seranking.fake.answers." .. family)) do
    answers[key] = answer
  end
end

return answers
