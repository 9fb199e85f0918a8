--- What the fake API remembers.
-- SPDX-License-Identifier: MIT

---@class seranking.fake.Collection rows in the order of their making, each with a number as its `id`
local Collection = {}
Collection.__index = Collection

local function new_collection(first_id)
  return setmetatable({ rows = {}, by_id = {}, next_id = first_id }, Collection)
end

--- Takes a row in and gives it its id.
---@param row table
---@return table row the same
function Collection:add(row)
  row.id = self.next_id
  self.next_id = row.id + 1
  self.rows[#self.rows + 1] = row
  self.by_id[row.id] = row
  return row
end

---@param id any
---@return table? row
function Collection:get(id)
  return self.by_id[id]
end

--- The rows whose members have the given values, in order.
---@param filter table<string, any>
---@return table[]
function Collection:where(filter)
  local found = {}
  for _, row in ipairs(self.rows) do
    local fits = true
    for name, value in pairs(filter) do
      fits = fits and row[name] == value
    end
    if fits then
      found[#found + 1] = row
    end
  end
  return found
end

--- Takes rows out; those that are not there are no error.
---@param rows table[]
function Collection:remove(rows)
  for _, row in ipairs(rows) do
    self.by_id[row.id] = nil
  end
  local kept = {}
  for _, row in ipairs(self.rows) do
    if self.by_id[row.id] then
      kept[#kept + 1] = row
    end
  end
  self.rows = kept
end

local store = {}

---@class seranking.fake.Store
---@field sites seranking.fake.Collection
---@field engines seranking.fake.Collection attached search engines; site_id
---@field keywords seranking.fake.Collection site_id; positions[engine id][date] = position
---@field tags seranking.fake.Collection site_id
---@field keyword_groups seranking.fake.Collection site_id
---@field site_groups seranking.fake.Collection
---@field competitors seranking.fake.Collection site_id
---@field exports seranking.fake.Collection of backlinks
---@field serp_tasks seranking.fake.Collection
---@field audits seranking.fake.Collection of the Data API; runs[n].start
---@field project_audits seranking.fake.Collection of the Project API; runs[n] when it began
---@field sitemaps seranking.fake.Collection audit_id
---@field page_lists seranking.fake.Collection audit_id; those that were uploaded
---@field tasks seranking.fake.Collection of marketing plans; site_id
---@field ticks table<string, boolean> items of the marketing plan that are done, by project's and item's id
---@field users seranking.fake.Collection
---@field volume_tasks seranking.fake.Collection
---@field backlinks seranking.fake.Collection site_id
---@field backlink_groups seranking.fake.Collection site_id
---@field disavowed seranking.fake.Collection site_id
---@field imports seranking.fake.Collection from Search Console; site_id
---@field llms seranking.fake.Collection site_id
---@field prompts seranking.fake.Collection site_id, llm_id, group_id, prompt_id, first_day; the id is the prompt_llm_id
---@field prompt_groups seranking.fake.Collection site_id
---@field visible_projects seranking.fake.Collection of SE Visible; uuid
---@field visible_brands seranking.fake.Collection project_id: the project's id, a number
---@field visible_topics seranking.fake.Collection project_id
---@field visible_prompts seranking.fake.Collection project_id, topic_id
---@field of_sites string[] the collections whose rows go with their project
---@field credits seranking.fake.Credits
---@field balance number money; rechecks take from it

--- An empty store. The first project gets the id that the vendor's own page shows.
---@param units? number credits left of the plan; 48,211
---@param wallet? number credits that were bought; 0
---@return seranking.fake.Store
function store.new(units, wallet)
  local left = units or 48211
  return {
    sites = new_collection(147696),
    engines = new_collection(880001),
    keywords = new_collection(55120001),
    tags = new_collection(3301),
    keyword_groups = new_collection(70011),
    site_groups = new_collection(501),
    competitors = new_collection(91001),
    exports = new_collection(400871),
    serp_tasks = new_collection(73500001),
    audits = new_collection(810000017),
    project_audits = new_collection(700101),
    sitemaps = new_collection(4101),
    page_lists = new_collection(4201),
    tasks = new_collection(8801),
    ticks = {},
    users = new_collection(36001),
    volume_tasks = new_collection(5501),
    backlinks = new_collection(610001),
    backlink_groups = new_collection(8101),
    disavowed = new_collection(7701),
    imports = new_collection(1),
    llms = new_collection(1201),
    prompts = new_collection(90001),
    prompt_groups = new_collection(301),
    visible_projects = new_collection(1),
    visible_brands = new_collection(30),
    visible_topics = new_collection(4101),
    visible_prompts = new_collection(70001),
    of_sites = {
      "engines", "keywords", "tags", "keyword_groups", "competitors", "tasks", "backlinks", "backlink_groups",
      "disavowed", "imports", "llms", "prompts", "prompt_groups",
    },
    credits = { limit = math.max(left, 50000), left = left, wallet = wallet or 0 },
    balance = 2296380.85,
  }
end

return store
