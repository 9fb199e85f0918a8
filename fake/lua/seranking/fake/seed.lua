--- Puts an account into the fake: what a test lists, or the demo account.
-- SPDX-License-Identifier: MIT

local answers = require "seranking.fake.answers"
local calendar = require "seranking.base.calendar"
local options = require "seranking.fake.options"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"
local values = require "seranking.fake.values"
local visible = require "seranking.fake.web.visible"

local seed = {}

---@class seranking.fake.Seed
---@field sites? seranking.fake.SeedSite[]
---@field visible? seranking.fake.SeedVisible[] projects of SE Visible

---@class seranking.fake.SeedVisible
---@field domain string with its scheme
---@field brand_names string[]
---@field country_code? string US
---@field lang_code? string en
---@field topics? table<string, string[]> prompts by the title of their topic
---@field competitors? { title: string, domain: string }[]
---@field days? integer how many days of results there are, up to today; 0

---@class seranking.fake.SeedSite
---@field url string
---@field title? string the url, when left out
---@field check_freq? string
---@field check_day? integer
---@field engines? integer[] search_engine_id of each; { 200 } when left out
---@field groups? table<string, (string|seranking.fake.SeedKeyword)[]> keywords by the name of their group
---@field keywords? (string|seranking.fake.SeedKeyword)[] keywords without a group
---@field tags? table<string, string[]> pages by the name of their tag
---@field competitors? string[] addresses
---@field days? integer how many days of positions there are, up to today; 0
---@field audits? integer how often the audit of its domain has run, once a week; 0: it has none
---@field backlinks? string[] pages that link to it
---@field brand? string its name in AI answers
---@field prompts? string[] what AI engines are asked about the brand

---@class seranking.fake.SeedKeyword
---@field keyword string
---@field target_url? string
---@field positions? table<string, integer> by date, for the first engine: these days stay as they are

local WEEK = 7 * 86400

local TYPES = { sites = "table", visible = "table" }
local VISIBLE_TYPES = { domain = "string", brand_names = "table", country_code = "string", lang_code = "string",
  topics = "table", competitors = "table", days = "number" }
local SITE_TYPES = {
  url = "string", title = "string", check_freq = "string", check_day = "number", engines = "table", groups = "table",
  keywords = "table", tags = "table", competitors = "table", days = "number", audits = "number", backlinks = "table",
  brand = "string", prompts = "table",
}
local KEYWORD_TYPES = { keyword = "string", target_url = "string", positions = "table" }

-- Carries out an operation as a request would, without key and limit, `ago` seconds before now. Raises what the API would
-- refuse.
local function run(new_call, key, args, ago)
  local call = new_call(key, args, ago)
  local refusal = resolve.rows(call)
  local value
  if not refusal then
    value, refusal = answers[key](call)
  end
  if refusal then
    error(("%s: %s (%s)"):format(key, refusal.message, refusal.reason), 0)
  end
  return value, call
end

-- ---- checks: nothing is added where one of them raises ----

local function check_strings(list, name)
  for key, value in pairs(list or {}) do
    if type(key) ~= "number" or type(value) ~= "string" then
      error(name .. " must be a list of strings", 0)
    end
  end
end

local function check_count(value, name)
  if value and (value < 0 or value % 1 ~= 0) then
    error(("%s must be a whole number, at least 0, got %s"):format(name, tostring(value)), 0)
  end
end

local function check_positions(positions, today)
  for date, position in pairs(positions or {}) do
    if type(date) ~= "string" or not values.is_date(date) then
      error(("positions: '%s' is not a day, YYYY-MM-DD"):format(tostring(date)), 0)
    elseif date > today then
      error(("positions: %s is after today, %s"):format(date, today), 0)
    elseif type(position) ~= "number" or position < 0 or position % 1 ~= 0 then
      error(("positions: the position of %s must be a whole number, at least 0 (not ranking), got %s"):format(date,
        type(position) == "string" and '"' .. position .. '"' or tostring(position)), 0)
    end
  end
end

local function check_keywords(list, name, today)
  for key, item in pairs(type(list) == "table" and list or { false }) do
    if type(key) ~= "number" or type(item) ~= "string" and type(item) ~= "table" then
      error(name .. " must be a list of keywords: strings, or { keyword = …, positions = … }", 0)
    elseif type(item) == "table" then
      options.check(item, KEYWORD_TYPES, -1)
      if not item.keyword then
        error(name .. ": a keyword to build needs the field keyword", 0)
      end
      check_positions(item.positions, today)
    end
  end
end

local function check_site(site, today)
  options.check(site, SITE_TYPES, -1)
  if not site.url then
    error("a site to build needs a url", 0)
  end
  check_count(site.days, "days")
  check_count(site.audits, "audits")
  check_keywords(site.keywords or {}, "keywords", today)
  for name, list in pairs(site.groups or {}) do
    check_keywords(list, "groups." .. tostring(name), today)
  end
  for name, urls in pairs(site.tags or {}) do
    check_strings(type(urls) == "table" and urls or { false }, "tags." .. tostring(name))
  end
  check_strings(site.competitors, "competitors")
  check_strings(site.backlinks, "backlinks")
  check_strings(site.prompts, "prompts")
  if site.prompts and not site.brand then
    error("prompts go with a brand: its name in AI answers", 0)
  end
end

local function check_visible(project)
  options.check(project, VISIBLE_TYPES, -1)
  if not project.domain or not project.brand_names or not project.brand_names[1] then
    error('a project of SE Visible to build needs a domain and brand_names, such as { "Shop" }', 0)
  end
  check_strings(project.brand_names, "brand_names")
  check_count(project.days, "days")
  for title, prompts in pairs(project.topics or {}) do
    if type(title) ~= "string" then
      error('topics must be lists of prompts by title: { Bread = { "best rye bread?" } }', 0)
    end
    check_strings(type(prompts) == "table" and prompts or { false }, "topics." .. title)
  end
  for _, rival in ipairs(project.competitors or {}) do
    if type(rival) ~= "table" or type(rival.title) ~= "string" or type(rival.domain) ~= "string" then
      error("competitors of a project of SE Visible must be { title = …, domain = … }", 0)
    end
  end
end

-- ---- what is added ----

local function keyword_item(keyword, group_id)
  local item = type(keyword) == "table" and keyword or { keyword = keyword }
  return { keyword = item.keyword, target_url = item.target_url, group_id = group_id }, item.positions
end

local function add_keywords(new_call, site_id, list, group_id, engine_id)
  local items, positions = {}, {}
  for i, keyword in ipairs(list) do
    items[i], positions[i] = keyword_item(keyword, group_id)
  end
  if #items == 0 then
    return
  end
  local ids = run(new_call, "sites.keywords.create", { site_id = site_id, items = items }).ids
  for i, id in ipairs(ids) do
    for date, position in pairs(positions[i] or {}) do
      run(new_call, "sites.positions.set",
        { site_id = site_id, keyword_id = id, site_engine_id = engine_id, date = date, position = position })
    end
  end
end

-- Sets the days of a project, its keywords and prompts back, so that there are positions and answers of the days since then.
local function set_back(store, site, days)
  local day = site.first_day - days
  site.first_day, site.checked_day = day, day
  for _, keyword in ipairs(store.keywords:where { site_id = site.id }) do
    keyword.first_day = day
  end
  for _, prompt in ipairs(store.prompts:where { site_id = site.id }) do
    prompt.first_day, prompt.made = day, prompt.made - 86400 * days
  end
end

-- One audit, which has run once a week.
local function add_audit(new_call, site)
  local id
  for weeks = site.audits or 0, 1, -1 do
    if id then
      run(new_call, "audit.recheck", { audit_id = id }, weeks * WEEK)
    else
      local host = site.url:gsub("^%a+://", ""):gsub("/.*", "")
      id = run(new_call, "audit.create", { domain = host, title = site.title or site.url }, weeks * WEEK).id
    end
  end
end

local function add_site(new_call, store, site)
  local site_id = run(new_call, "sites.create", {
    url = site.url, title = site.title or site.url, check_freq = site.check_freq, check_day = site.check_day,
  }).site_id
  local first_engine
  for _, search_engine_id in ipairs(site.engines or { 200 }) do
    local engine = run(new_call, "sites.search_engines.create", { site_id = site_id, search_engine_id = search_engine_id })
    first_engine = first_engine or engine.site_engine_id
  end
  for _, name in ipairs(tools.sorted_names(site.groups or {})) do
    local group_id = run(new_call, "keyword_groups.create", { site_id = site_id, name = name }).group_id
    add_keywords(new_call, site_id, site.groups[name], group_id, first_engine)
  end
  add_keywords(new_call, site_id, site.keywords or {}, nil, first_engine)
  for _, name in ipairs(tools.sorted_names(site.tags or {})) do
    run(new_call, "sites.url_tags.create", { site_id = site_id, name = name, urls = site.tags[name] })
  end
  for _, url in ipairs(site.competitors or {}) do
    run(new_call, "competitors.create", { site_id = site_id, url = url })
  end
  add_audit(new_call, site)
  if site.backlinks then
    run(new_call, "backlinks.import", { site_id = site_id, list = site.backlinks })
  end
  if site.brand then
    run(new_call, "airt.brand.set", { site_id = site_id, brand = site.brand })
    local llm = run(new_call, "airt.llm.create", { site_id = site_id, base_name = "chatgpt", country_code = "US" })
    if site.prompts then
      run(new_call, "airt.prompts.create", { site_id = site_id, llm_id = llm.id, prompts = site.prompts })
    end
  end
  if site.days then
    set_back(store, store.sites:get(site_id), site.days)
  end
end

local function add_visible(new_call, store, project)
  local ago = 86400 * (project.days or 0) + visible.CHECKED_FOR -- so that its check is done today
  local titles = tools.sorted_names(project.topics or {})
  local id = run(new_call, "visible.projects.create", {
    domain = project.domain, brand_names = project.brand_names, country_code = project.country_code or "US",
    lang_code = project.lang_code or "en", topics = titles,
  }, ago).id
  local made, call = run(new_call, "visible.projects.get", { project_id = id })
  for i, topic in ipairs(made.topics) do
    local prompts = project.topics[titles[i]]
    for _, number in ipairs(run(new_call, "visible.prompts.create",
      { project_id = id, topic_id = topic.id, prompts = prompts }, ago).ids) do
      store.visible_prompts:get(number).first_day = calendar.day(call.today) - (project.days or 0)
    end
  end
  for _, rival in ipairs(project.competitors or {}) do
    run(new_call, "visible.brands.create", { project_id = id, title = rival.title, domain = rival.domain })
  end
end

--- Adds to an account.
---@param new_call fun(key: string, args: table, ago?: number): seranking.fake.Call
---@param store seranking.fake.Store
---@param account seranking.fake.Seed
---@param today string
function seed.add(new_call, store, account, today)
  options.check(account, TYPES, -1)
  for _, site in ipairs(account.sites or {}) do
    check_site(site, today)
  end
  for _, project in ipairs(account.visible or {}) do
    check_visible(project)
  end
  for _, site in ipairs(account.sites or {}) do
    add_site(new_call, store, site)
  end
  for _, project in ipairs(account.visible or {}) do
    add_visible(new_call, store, project)
  end
end

-- ---- the demo account ----

local function around(words, kinds)
  local list = {}
  for _, word in ipairs(words) do
    for _, kind in ipairs(kinds) do
      list[#list + 1] = kind:format(word)
    end
  end
  return list
end

--- The demo account: a shop, a bakery and a blog, with 60 keywords, four engines and 90 days of positions.
---@param today string
---@return seranking.fake.Seed
function seed.demo(today)
  local month = calendar.date(calendar.day(today) - 30)
  return {
    sites = {
      {
        url = "https://shop.example.com", title = "Anchor shop", engines = { 200, 201 }, days = 90, audits = 2,
        groups = {
          anchors = around({ "anchor", "folding anchor", "anchor chain" }, { "%s", "buy %s", "%s price", "best %s" }),
          ropes = around({ "mooring rope", "dock line" }, { "%s", "buy %s", "%s price", "%s length" }),
        },
        keywords = { "boat fender", "boat shop", "boat accessories", "marine shop" },
        tags = { sale = { "https://shop.example.com/sale" } },
        competitors = { "quay-supplies.com", "pier-shop.com" },
        backlinks = { "https://harbour.example.org/links", "https://sailing.example.net/shops" },
        brand = "Anchor shop",
        prompts = { "where to buy a small anchor", "which anchor holds in mud", "best shop for boat parts" },
      },
      {
        url = "https://bakery.example.org", title = "Corner bakery", engines = { 203 }, days = 90, audits = 2,
        groups = { bread = around({ "rye bread", "sourdough", "rolls" }, { "%s", "%s near me", "fresh %s", "%s recipe" }) },
        keywords = { "bakery", "bakery near me", "birthday cake", { keyword = "corner bakery", positions = { [month] = 1 } } },
        competitors = { "mill-lane.com" },
      },
      {
        url = "https://blog.example.net", title = "Sailing blog", engines = { 300 }, days = 90, check_freq = "check_weekly",
        keywords = around({ "sailing", "knots", "first boat", "navigation" }, { "%s for beginners", "learn %s", "%s tips",
          "%s guide", "what is %s" }),
      },
    },
    visible = {
      {
        domain = "https://shop.example.com", brand_names = { "Anchor shop", "The Anchor Shop" }, days = 90,
        topics = {
          Anchors = { "where to buy a small anchor", "which anchor holds in mud", "best folding anchor" },
          Ropes = { "which rope for mooring", "best shop for boat parts" },
        },
        competitors = { { title = "Quay Supplies", domain = "https://quay-supplies.com" },
          { title = "Pier Shop", domain = "https://pier-shop.com" } },
      },
    },
  }
end

return seed
