--- The fake's web: what a crawl of a site finds on a day. Pages stay; what is wrong with them comes and goes.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local issues = require "seranking.fake.web.issues"
local keywords = require "seranking.fake.web.keywords"
local links = require "seranking.fake.web.links"
local prompts = require "seranking.fake.web.prompts"

local key, unit, whole, round = chance.key, chance.unit, chance.whole, chance.round
local floor = math.floor

local defaults = require("seranking.api.audit_settings").all

local crawl = {}

local SECTIONS = { "shop", "guide", "about", "sale", "blog", "help", "catalogue" }
local PERIOD = 40 -- days that a trait of a page lasts

---@class seranking.fake.Page
---@field number integer its number on the site, from 1: the same in every crawl
---@field url string
---@field codes string[] issues, in the order of the rules
---@field issues integer
---@field errors integer
---@field warnings integer
---@field notices integer

---@class seranking.fake.Crawl
---@field host string
---@field pages seranking.fake.Page[]
---@field links table[] in the order of their source pages
---@field rules table[] those that are checked

-- ---- pages ----

-- The path of a page: the first page, a section's page, or one below a section.
local function path_of(number)
  if number == 1 then
    return ""
  end
  local section = SECTIONS[(number - 2) % #SECTIONS + 1]
  local below = floor((number - 2) / #SECTIONS)
  return below == 0 and section or section .. "/" .. below
end

-- How many clicks from the first page.
local function depth_of(number)
  return number == 1 and 0 or number <= #SECTIONS + 1 and 1 or 2
end

-- The prefixes of a setting: a list, or one text with a line for each.
local function prefixes(value)
  local list = {}
  for _, line in ipairs(type(value) == "table" and value or { value }) do
    for prefix in line:gmatch "[^\r\n]+" do
      list[#list + 1] = prefix:find "^/" and prefix or "/" .. prefix
    end
  end
  return list
end

local function begins(path, list)
  for _, prefix in ipairs(list) do
    if path:sub(1, #prefix) == prefix then
      return true
    end
  end
  return false
end

-- The numbers of the pages that a crawl of a site visits on a day, and which of these its report leaves out.
local function visited(call, host, date, settings)
  local h = key(call.seed, "crawl", host)
  local size = whole(h, 0, 30, 90) + floor(8 * chance.wave(h + 1, calendar.day(date) / 30))
  local allow, disallow, hide = prefixes(settings.allow), prefixes(settings.disallow), prefixes(settings.hide)
  local most = tonumber(settings.max_pages) or defaults.max_pages.default
  local deepest = tonumber(settings.max_depth) or defaults.max_depth.default
  local numbers, hidden = {}, {}
  for number = 1, size do
    local path = "/" .. path_of(number)
    if #numbers < most and depth_of(number) <= deepest and (not allow[1] or begins(path, allow)) and not begins(path, disallow)
    then
      numbers[#numbers + 1] = number
      hidden[number] = begins(path, hide) or nil
    end
  end
  return numbers, hidden
end

--- How many pages the report of a crawl has on a day.
---@param call seranking.fake.Call
---@param host string
---@param date string
---@param settings table of the audit
---@return integer
function crawl.count(call, host, date, settings)
  local numbers, hidden = visited(call, host, date, settings)
  local count = 0
  for _, number in ipairs(numbers) do
    count = count + (hidden[number] and 0 or 1)
  end
  return count
end

local function characters(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

local function capital(text)
  return (text:gsub("^%l", string.upper))
end

local function parent_of(number)
  return number <= #SECTIONS + 1 and 1 or (number - 2) % #SECTIONS + 2
end

local function new_page(call, host, number, day)
  local trade, brand = domains.trade(host), prompts.brand(host)
  local h = key(call.seed, "page", host, number)
  -- A trait keeps its value for a while, then it is drawn anew; each page and trait changes on a day of its own.
  local function trait(name)
    local t = key(h, name)
    return unit(t, floor((day + whole(t, 0, 0, PERIOD - 1)) / PERIOD)), t
  end
  local topic = capital(keywords.text.similar(trade, number))
  local page = {
    number = number, url = "https://" .. host .. "/" .. path_of(number), url_protocol = "https", type = "html",
    depth = depth_of(number), robots = "", blocked_robots = 0, nofollow = 0,
    status = number > 1 and trait "status" < 0.04 and 404 or 200,
    sitemap = trait "sitemap" < 0.08 and 0 or 1, noindex = number > 1 and trait "noindex" < 0.05 and 1 or 0,
  }
  local fate = trait "title"
  page.title = fate < 0.03 and "" or fate < 0.1 and capital(trade) .. " " .. number
    or fate < 0.15 and topic .. " and everything else that a beginner should know about it | " .. brand
    or fate < 0.23 and capital(trade) .. "s of all kinds | " .. brand or topic .. " from " .. brand
  fate = trait "description"
  page.description = fate < 0.1 and "" or topic .. ": what to look for, what it costs, and where to buy it."
    .. (fate < 0.17 and (" We compare sizes, prices and uses."):rep(4) or "")
  page.h1 = trait "h1" < 0.06 and "" or topic
  page.h2 = "Questions about " .. trade .. "s"
  local share, t = trait "words"
  page.words = share < 0.15 and whole(t, 1, 60, 249) or whole(t, 2, 250, 1800)
  share, t = trait "load"
  page.load_ms = share < 0.07 and whole(t, 1, issues.SLOW + 1, 6000) or whole(t, 2, 120, 900)
  page.first_ms = floor(page.load_ms / 3)
  page.chars = page.words * 6
  page.size = 9000 + page.chars * whole(h, 1, 2, 6)
  page.html_ratio = round(100 * page.chars / page.size, 1)
  page.canonical_url = page.url
  for _, name in ipairs { "url", "title", "description", "h1", "h2" } do
    page[name .. "_len"] = characters(page[name])
  end
  return page
end

local function mark_duplicates(pages)
  local times = {}
  for _, page in ipairs(pages) do
    local title = page.status == 200 and page.title or ""
    times[title] = (times[title] or 0) + 1
  end
  for _, page in ipairs(pages) do
    page.title_duplicate = page.status == 200 and page.title ~= "" and times[page.title] > 1 and 1 or 0
  end
end

-- ---- links ----

local function add_link(found, source, target, kind)
  local h = key(source.url, target.url, #found)
  local image = unit(h, 0) < 0.2
  local link = {
    number = #found + 1, source = source.number, source_url = source.url, url = target.url, status = target.status,
    type = kind, source_noindex = source.noindex, nofollow = unit(h, 1) < 0.1 and 1 or 0,
    anchor_type = image and "image" or "text", alt = image and "Picture" or "", title = target.title or "",
  }
  found[#found + 1] = link
  local sum = kind == "internal" and "outlinks_internal" or "outlinks_external"
  source[sum] = source[sum] + 1
  if kind == "internal" then
    target.inlinks = target.inlinks + 1
  end
end

-- Each page links to its parent and children and to some others; pages that answer no 200 have no links.
local function find_links(call, host, pages)
  local found, trade = {}, domains.trade(host)
  for _, page in ipairs(pages) do
    page.inlinks, page.outlinks_internal, page.outlinks_external = 0, 0, 0
  end
  for _, page in ipairs(pages) do
    local number = page.number
    local h = key(call.seed, "page links", host, number)
    for _, other in ipairs(page.status == 200 and pages or {}) do
      if other ~= page and (other.number == parent_of(number) or parent_of(other.number) == number) then
        add_link(found, page, other, "internal")
      end
    end
    for i = 1, page.status == 200 and whole(h, 0, 0, 3) or 0 do
      add_link(found, page, pages[whole(h, i, 1, #pages)], "internal")
    end
    for i = 1, page.status == 200 and whole(h, 5, 0, 2) or 0 do
      local url = "https://" .. domains.rival(trade, whole(h, 5 + i, 1, 20)) .. "/"
      add_link(found, page, { url = url, status = unit(h, 9 + i) < 0.1 and 404 or 200 }, "external")
    end
  end
  return found
end

-- ---- the crawl ----

local function signature(host, date, settings)
  local parts = { "crawl", host, date }
  for _, rule in ipairs(issues.rules(settings)) do
    parts[#parts + 1] = rule[1]
  end
  for _, name in ipairs {
    "min_title_len", "max_title_len", "min_description_len", "max_description_len", "max_h1_len", "min_words", "max_size",
    "max_pages", "max_depth",
  } do
    parts[#parts + 1] = tostring(settings[name])
  end
  for _, name in ipairs { "allow", "disallow", "hide" } do
    parts[#parts + 1] = table.concat(prefixes(settings[name]), " ")
  end
  return table.concat(parts, "\n")
end

-- What the report has of a crawl: neither the pages that are left out nor the links on them.
local function reported(pages, found, hidden)
  if not next(hidden) then
    return pages, found
  end
  local function kept(list, number_of)
    local made = {}
    for _, one in ipairs(list) do
      made[#made + 1] = not hidden[number_of(one)] and one or nil
    end
    return made
  end
  return kept(pages, function(page) return page.number end), kept(found, function(link) return link.source end)
end

--- What a crawl finds on a day.
---@param call seranking.fake.Call
---@param host string
---@param date string
---@param settings table of the audit
---@return seranking.fake.Crawl
function crawl.of(call, host, date, settings)
  local cache, name = call.cache, signature(host, date, settings)
  if cache.crawl_name ~= name then
    local numbers, hidden = visited(call, host, date, settings)
    local made, pages = { host = host, rules = issues.rules(settings) }, {}
    for i, number in ipairs(numbers) do
      pages[i] = new_page(call, host, number, calendar.day(date))
    end
    mark_duplicates(pages)
    made.pages, made.links = reported(pages, find_links(call, host, pages), hidden)
    made.places = {} -- of the pages, by their numbers
    for place, page in ipairs(made.pages) do
      made.places[page.number] = place
      issues.judge(page, made.rules, settings)
    end
    cache.crawl_name, cache.crawl = name, made
  end
  return cache.crawl
end

--- What a crawl without settings finds today.
---@param call seranking.fake.Call
---@param host string
---@return seranking.fake.Crawl
function crawl.now(call, host)
  return crawl.of(call, host, call.today, {})
end

--- The figures of its first `seen` pages.
---@param found seranking.fake.Crawl
---@param seen integer
---@return table # total_pages, total_errors …; score; weighted_score
function crawl.totals(found, seen)
  local made = { total_pages = seen, total_errors = 0, total_warnings = 0, total_notices = 0 }
  for number = 1, seen do
    local page = found.pages[number]
    made.total_errors = made.total_errors + page.errors
    made.total_warnings = made.total_warnings + page.warnings
    made.total_notices = made.total_notices + page.notices
  end
  local checks = seen * #found.rules
  made.total_passed = checks - made.total_errors - made.total_warnings - made.total_notices
  made.score = seen > 0 and math.max(0, round(100 - 100 * (3 * made.total_errors + made.total_warnings) / (3 * seen))) or 0
  made.weighted_score = checks > 0 and round(100 * made.total_passed / checks) or 0
  return made
end

local function has_issue(page, code)
  for _, one in ipairs(page.codes) do
    if one == code then
      return true
    end
  end
  return false
end

--- The first `seen` pages that have an issue.
---@param found seranking.fake.Crawl
---@param code string
---@param seen integer
---@return seranking.fake.Page[]
function crawl.with_issue(found, code, seen)
  local pages = {}
  for number = 1, seen do
    pages[#pages + 1] = has_issue(found.pages[number], code) and found.pages[number] or nil
  end
  return pages
end

--- How many pages have each issue; those that no page has are left out.
---@param found seranking.fake.Crawl
---@param seen integer
---@return table<string, integer>
function crawl.counts(found, seen)
  local counts = {}
  for number = 1, seen do
    for _, code in ipairs(found.pages[number].codes) do
      counts[code] = (counts[code] or 0) + 1
    end
  end
  return counts
end

--- The sections of a report: every rule that was checked, with the number of pages that break it.
---@param found seranking.fake.Crawl
---@param seen integer
---@return table[]
function crawl.sections(found, seen)
  local counts, sections = crawl.counts(found, seen), {}
  for i, group in ipairs(issues.GROUPS) do
    local props = {}
    for _, rule in ipairs(found.rules) do
      if rule[3] == group[1] then
        local value = counts[rule[1]] or 0
        props[rule[1]] = { code = rule[1], status = value > 0 and rule[2] or "passed", name = rule[4], value = value }
      end
    end
    sections[i] = { uid = group[1], name = group[2], props = props }
  end
  return sections
end

--- The issues of a page.
---@param page seranking.fake.Page
---@return table[]
function crawl.issues(page)
  local list = {}
  for _, rule in ipairs(issues.RULES) do
    if has_issue(page, rule[1]) then
      list[#list + 1] = {
        code = rule[1], type = rule[2], group = rule[3], snippet = { type = "text", value = page.title },
      }
    end
  end
  return list
end

--- The page that a call names by its id or its address; ids begin behind `before`.
---@param call seranking.fake.Call
---@param found seranking.fake.Crawl
---@param seen integer
---@param before integer
---@return seranking.fake.Page?
function crawl.page(call, found, seen, before)
  for place = 1, seen do
    local page = found.pages[place]
    if call.args.url_id == before + page.number or call.args.url == page.url then
      return page
    end
  end
end

-- Whether a link meets the conditions, each joined to those before it.
local function meets(link, filter)
  local fine = true
  for i, condition in ipairs(filter or {}) do
    local this = tostring(link[condition.param]) == tostring(condition.value)
    if i > 1 and condition.type == "or" then
      fine = fine or this
    else
      fine = fine and this
    end
  end
  return fine
end

--- The links on the first `seen` pages that a call asks for.
---@param call seranking.fake.Call
---@param found seranking.fake.Crawl
---@param seen integer
---@return table[]
function crawl.links(call, found, seen)
  local asked, kept = call.args.page_type or "all", {}
  for _, link in ipairs(found.links) do
    if found.places[link.source] <= seen and (asked == "all" or asked == link.type) and meets(link, call.args.filter) then
      kept[#kept + 1] = link
    end
  end
  return kept
end

--- A row of a list: members of `source` by name, with numbers as text as the service sends them.
---@param source table
---@param names string separated by blanks
---@param id integer
---@return table
function crawl.row(source, names, id)
  local made = { id = ("%d"):format(id) }
  for name in names:gmatch "%S+" do
    local value = source[name]
    made[name] = type(value) == "number" and (value % 1 == 0 and ("%d"):format(value) or ("%.1f"):format(value)) or value
  end
  return made
end

--- How many of its pages a search engine has.
---@param found seranking.fake.Crawl
---@return integer
function crawl.indexed(found)
  local indexed = 0
  for _, page in ipairs(found.pages) do
    indexed = indexed + (page.status == 200 and page.noindex == 0 and 1 or 0)
  end
  return indexed
end

--- What is known of a domain on a day besides its pages.
---@param call seranking.fake.Call
---@param found seranking.fake.Crawl
---@param date string
---@return table
function crawl.domain(call, found, date)
  local to_it = {}
  for _, one in ipairs(links.ever(call, found.host, "domain")) do
    to_it[#to_it + 1] = links.is_there(one, calendar.day(date)) and one or nil
  end
  local _, trust = links.scores(call, found.host, calendar.day(date))
  local h = key(call.seed, "registered", found.host)
  return {
    domain = found.host, dt = ("%d"):format(trust), backlinks = ("%d"):format(#to_it),
    domains = ("%d"):format(#links.sums(to_it, function(one) return one.refdomain end)),
    index_google = ("%d"):format(crawl.indexed(found)), updated = date,
    expdate = calendar.add(calendar.first_of(calendar.month(call.origin)), whole(h, 0, 30, 1500)),
  }
end

return crawl
