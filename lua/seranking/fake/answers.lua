--- What the fake API does and answers, one function an operation.
-- SPDX-License-Identifier: MIT
--
-- A function gets a call whose arguments are checked and whose rows are looked up. It returns the answer as
-- seranking.fake.json writes it (nil: an empty body), or nil and a refusal. An operation without a function here
-- answers by its description alone. Rows have the members and types that the real answers have: ids of keywords, groups
-- and tags are text in lists, and numbers in the answer to their making.

local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"

local array, null, refuse = json.array, json.null, resolve.refuse

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
---@field site? table the rows that the arguments name
---@field engine? table
---@field engines? table[]
---@field keyword? table
---@field group? table
---@field site_group? table
---@field competitor? table
---@field tag? table

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local function map(list, make)
  local made = array {}
  for i, item in ipairs(list) do
    made[i] = make(item)
  end
  return made
end

local function has(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then
      return true
    end
  end
  return false
end

local function blank(text)
  return text ~= nil and not text:find("%S")
end

local function ids_of(rows)
  return map(rows, function(row) return row.id end)
end

--- A list as it was sent, or an empty one.
local function list_of(items)
  return array(items or {})
end

--- Writes the arguments that were sent over a row's members of the same name.
local function apply(row, args, names)
  for name in names:gmatch("%S+") do
    if args[name] ~= nil then
      row[name] = args[name]
    end
  end
end

-- ---- hosts ----

local reserved = { test = true, invalid = true, localhost = true, example = true }

--- The host of a URL or of a bare host name; nil where there is none that could be a public one.
local function host_of(text)
  local scheme, rest = text:match("^(%a[%w+.-]*)://(.*)$")
  if scheme and scheme:lower() ~= "http" and scheme:lower() ~= "https" then
    return nil
  end
  local host = (rest or text):match("^[^/?#]*"):gsub(":%d+$", ""):lower()
  local labels = 0
  for label in (host .. "."):gmatch("([^.]*)%.") do
    labels = labels + 1
    if #label < 1 or #label > 63 or not label:find("^[%w\128-\255-]+$") or label:find("^%-") or label:find("%-$") then
      return nil
    end
  end
  local top = host:match("[^.]*$")
  if labels < 2 or #host > 253 or top:find("^%d+$") or reserved[top] then
    return nil
  end
  return host
end

-- ---- account ----

answers["account.balance"] = function()
  return { currency = "rur", value = 2296380.85 }
end

answers["account.profile"] = function()
  return {
    email = "ada@example.com", email_verified = true, first_name = "Ada", last_name = "Byron", lang = "en",
    picture = null,
  }
end

answers["account.subscription"] = function(call)
  if call.generation == "v4" then
    return { type = "subscription", balance = { currency = "EUR", amount = "120.00" }, is_expired = false }
  end
  return {
    subscription_info = {
      status = "active", start_date = "2026-01-01 00:00:00", expiraton_date = "2027-01-01 00:00:00",
      units_limit = ("%d"):format(call.store.credits.limit), units_left = ("%d"):format(call.store.credits.left),
    },
  }
end

-- ---- system ----

local search_engines = {
  { 200, "Google USA", 1, "google" },
  { 201, "Google USA mobile", 1, "google mobile" },
  { 202, "Google United Kingdom", 2, "google" },
  { 203, "Google Germany", 3, "google" },
  { 204, "Google France", 4, "google" },
  { 300, "Bing USA", 1, "bing" },
  { 400, "Yahoo! USA", 1, "yahoo" },
  { 500, "YouTube USA", 1, "youtube" },
}

answers["system.search_engines"] = function()
  return map(search_engines, function(engine)
    return { id = engine[1], name = engine[2], region_id = engine[3], type = engine[4] }
  end)
end

answers["system.google_langs"] = function()
  return { de = "Deutsch", en = "English", fr = "fran\195\167ais", ["pt-BR"] = "portugu\195\170s (Brasil)" }
end

local towns = {
  "Springfield", "Riverside", "Georgetown", "Salem", "Ashland", "Dover", "Clayton", "Milton", "Auburn", "Dayton",
}
local states = {
  "Massachusetts, United States", "Ohio, United States", "Kent, United Kingdom", "Bavaria, Germany",
  "\195\142le-de-France, France",
}

answers["system.google_regions"] = function(call)
  if not call.cache.regions then
    local rows = {}
    for i = 1, call.regions do
      local town = i == 1 and "Boston" or towns[i % #towns + 1] .. " " .. i
      rows[i] = string.format('{"name":"%s, %s","region_id":%d}', town, states[(i - 1) % #states + 1], i)
    end
    call.cache.regions = json.raw("[" .. table.concat(rows, ",") .. "]")
  end
  return call.cache.regions
end

answers["system.volume"] = function(call)
  if #call.args.keyword > 10 then
    return nil, refuse(400, "Bad Request", "keyword: more than 10")
  end
  return array {} -- no source shows a row
end

-- ---- sites ----

local SITE_FIELDS = "title depth subdomain_match exact_url check_freq check_day is_active auto_reports disable_audit"

local function check_site(call, site)
  local args = call.args
  local _, characters = (args.title or "x"):gsub("[^\128-\191]", "")
  if args.url and not host_of(args.url) then
    return refuse(400, "Incorrect website URL", "url: not a host name, or a reserved one")
  elseif characters < 1 or characters > 255 then
    return refuse(400, "Bad Request", "title: 1-255 characters")
  end
  local weekly = (args.check_freq or site.check_freq) == "check_weekly"
  if weekly and (args.check_day or 1) > 7 then
    return refuse(400, "Bad Request", "check_day: 1-7 with check_weekly")
  end
end

local function write_site(call, site)
  apply(site, call.args, SITE_FIELDS)
  if call.args.url then
    site.name = call.args.url:gsub("^%a+://", ""):gsub("/$", "")
  end
  if call.args.site_group_id then
    site.group_id = call.args.site_group_id
  end
end

answers["sites.list"] = function(call)
  return map(call.store.sites.rows, function(site)
    return {
      id = site.id, title = site.title, name = site.name, group_id = site.group_id, is_active = site.is_active,
      exact_url = site.exact_url, subdomain_match = site.subdomain_match, depth = site.depth,
      check_freq = site.check_freq, check_day = site.check_day or null,
      guest_link = "https://online.seranking.test/guest/" .. site.id,
      keyword_count = #call.store.keywords:where { site_id = site.id },
    }
  end)
end

answers["sites.create"] = function(call)
  local site = {
    group_id = 0, is_active = 1, exact_url = 0, subdomain_match = 0, depth = 100, check_freq = "check_daily",
    auto_reports = 1, disable_audit = 0,
  }
  local refusal = check_site(call, site)
  if refusal then
    return nil, refusal
  end
  write_site(call, site)
  return { site_id = call.store.sites:add(site).id }
end

answers["sites.update"] = function(call)
  local refusal = check_site(call, call.site)
  if refusal then
    return nil, refusal
  end
  write_site(call, call.site)
  return array {}
end

answers["sites.delete"] = function(call)
  local store, under = call.store, { site_id = call.site.id }
  for _, name in ipairs { "engines", "keywords", "tags", "keyword_groups", "competitors" } do
    store[name]:remove(store[name]:where(under))
  end
  store.sites:remove { call.site }
end

-- ---- sites.positions ----

--- The dates that a keyword has positions for under an engine, in order.
local function dates_of(keyword, engine)
  local dates = {}
  for date in pairs(keyword.positions[engine.id] or {}) do
    dates[#dates + 1] = date
  end
  table.sort(dates)
  return dates
end

--- How far a position moved since the one before; up is positive, and 0 where either is "not ranking".
local function change(before, now)
  return before and before > 0 and now > 0 and before - now or 0
end

--- The days that a call covers: a week up to today, where it doesn't say.
local function range_of(call)
  local last = call.args.date_to or call.today
  if call.args.date_from then
    return call.args.date_from, last
  end
  local year, month, day = last:match("(%d+)-(%d+)-(%d+)")
  local noon = os.time { year = tonumber(year), month = tonumber(month), day = tonumber(day) - 7, hour = 12 }
  return os.date("%Y-%m-%d", noon), last
end

--- The engines that a call is about: the one that it names or all of the project.
local function engines_of(call)
  return call.engine and { call.engine } or call.store.engines:where { site_id = call.site.id }
end

--- The keywords that an engine checks or has positions of.
local function keywords_of(call, engine)
  local found = {}
  for _, keyword in ipairs(call.store.keywords:where { site_id = call.site.id }) do
    if has(keyword.site_engine_ids, engine.id) or keyword.positions[engine.id] then
      found[#found + 1] = keyword
    end
  end
  return found
end

local function positions_between(keyword, engine, first, last)
  local rows, before = array {}, nil
  for _, date in ipairs(dates_of(keyword, engine)) do
    local pos = keyword.positions[engine.id][date]
    if date >= first and date <= last then
      rows[#rows + 1] = {
        date = date, pos = pos, change = change(before, pos), price = 0, is_map = 0, map_position = 0,
        paid_position = 0,
      }
    end
    before = pos
  end
  return rows
end

local function position_row(call, keyword, positions)
  local args = call.args
  local row = {
    id = tostring(keyword.id), name = keyword.name, group_id = tostring(keyword.group_id), volume = 170,
    competition = 0.4, suggested_bid = 1.2, cpc = 1.2, results = "0", total_sum = 0, positions = positions,
  }
  if args.with_landing_pages == 1 then
    row.landing_pages = array {}
    if keyword.target_url then
      row.landing_pages[1] = { url = keyword.target_url, ascii_url = keyword.target_url, date = call.today }
    end
  end
  if args.with_serp_features == 1 then
    row.features = { featured_snippet = true }
  end
  if args.with_content_score == 1 then
    row.content_score, row.content_score_change = null, null
  end
  return row
end

answers["sites.positions.list"] = function(call)
  local first, last = range_of(call)
  local top = call.args.in_top
  return map(engines_of(call), function(engine)
    local rows = array {}
    for _, keyword in ipairs(keywords_of(call, engine)) do
      local positions = positions_between(keyword, engine, first, last)
      local latest = positions[#positions] and positions[#positions].pos or 0
      if not top or (latest > 0 and latest <= top) then
        rows[#rows + 1] = position_row(call, keyword, positions)
      end
    end
    return { site_engine_id = engine.id, keywords = rows }
  end)
end

answers["sites.positions.set"] = function(call)
  local by_engine = call.keyword.positions
  by_engine[call.engine.id] = by_engine[call.engine.id] or {}
  by_engine[call.engine.id][call.args.date] = call.args.position
  return array {}
end

answers["sites.positions.recheck"] = function(call)
  local listed = call.args.keywords
  if listed then
    for _, pair in ipairs(listed) do
      local _, refusal = resolve.engine(call, pair.site_engine_id)
      if not refusal then
        _, refusal = resolve.keyword(call, pair.keyword_id)
      end
      if refusal then
        return nil, refusal
      end
    end
    return { total = #listed }
  end
  local total = 0
  for _, engine in ipairs(engines_of(call)) do
    total = total + #keywords_of(call, engine)
  end
  return { total = total }
end

answers["sites.positions.check_dates"] = function()
  return array { "2026-09-01", "2026-09-02" }
end

--- A bare list on v4 and an envelope on v1, since sources have seen both.
answers["sites.positions.history"] = function(call)
  local series = map({ { "avg", "Average" }, { "search_engine", "Google USA" } }, function(one)
    return {
      type = one[1], name = one[2],
      data = array { { date = "2026-09-01", value = 18.5 }, { date = "2026-09-02", value = 17 } },
    }
  end)
  return call.generation == "v1" and { data = series } or series
end

answers["sites.positions.checkpoints"] = function()
  return { current = "2026-09-02", yesterday = "2026-09-01", ["7days"] = null }
end

local function round(value)
  return math.floor(value * 10 + 0.5) / 10
end

local function average(list)
  local sum = 0
  for _, value in ipairs(list) do
    sum = sum + value
  end
  return list[1] and round(sum / #list) or 0
end

local function count_within(list, top)
  local count = 0
  for _, value in ipairs(list) do
    count = count + (value <= top and 1 or 0)
  end
  return count
end

answers["sites.summary"] = function(call)
  local now, before, checked, up, down = {}, {}, 0, 0, 0
  for _, engine in ipairs(engines_of(call)) do
    for _, keyword in ipairs(keywords_of(call, engine)) do
      local dates, positions = dates_of(keyword, engine), keyword.positions[engine.id] or {}
      local pos, previous = positions[dates[#dates]] or 0, positions[dates[#dates - 1]] or 0
      local moved = change(previous, pos)
      checked = checked + 1
      now[#now + 1] = pos > 0 and pos or nil
      before[#before + 1] = previous > 0 and previous or nil
      up = up + (moved > 0 and 1 or 0)
      down = down + (moved < 0 and 1 or 0)
    end
  end
  local visibility = count_within(now, 10)
  return {
    site_id = call.site.id, process = 100, today_avg = average(now), yesterday_avg = average(before), total_up = up,
    total_down = down, top5 = count_within(now, 5), top10 = visibility, top30 = count_within(now, 30),
    visibility = visibility * 17, visibility_percent = checked > 0 and round(visibility * 100 / checked) or 0,
    index_google = "118", domain_trust = 21,
  }
end

-- ---- sites.search_engines ----

local ENGINE_FIELDS = "region_id region_name lang_code merge_map business_name phone paid_results featured_snippet"

answers["sites.search_engines.list"] = function(call)
  return map(call.store.engines:where { site_id = call.site.id }, function(engine)
    return {
      site_engine_id = engine.id, search_engine_id = engine.search_engine_id, region_id = engine.region_id,
      region_name = engine.region_name or null, lang_code = engine.lang_code, merge_map = engine.merge_map,
      business_name = engine.business_name or null, phone = engine.phone or null, paid_results = engine.paid_results,
      featured_snippet = engine.featured_snippet, keyword_count = #keywords_of(call, engine),
    }
  end)
end

answers["sites.search_engines.create"] = function(call)
  local known = false
  for _, engine in ipairs(search_engines) do
    known = known or engine[1] == call.args.search_engine_id
  end
  if not known then
    return nil, refuse(404, "Unknown search_engine_id", "search_engine_id: not in system.search_engines")
  end
  local engine = {
    site_id = call.site.id, search_engine_id = call.args.search_engine_id, region_id = 0, lang_code = "en",
    merge_map = 0, paid_results = 0, featured_snippet = 0,
  }
  apply(engine, call.args, ENGINE_FIELDS)
  return { site_engine_id = call.store.engines:add(engine).id }
end

answers["sites.search_engines.update"] = function(call)
  apply(call.engine, call.args, ENGINE_FIELDS)
  return array {}
end

answers["sites.search_engines.delete"] = function(call)
  for _, keyword in ipairs(call.store.keywords:where { site_id = call.site.id }) do
    for i = #keyword.site_engine_ids, 1, -1 do
      if keyword.site_engine_ids[i] == call.engine.id then
        table.remove(keyword.site_engine_ids, i)
      end
    end
  end
  call.store.engines:remove { call.engine }
end

-- ---- sites.keywords ----

local KEYWORD_FIELDS = "group_id target_url is_strict comment"

answers["sites.keywords.list"] = function(call)
  return map(call.store.keywords:where { site_id = call.site.id }, function(keyword)
    return {
      id = tostring(keyword.id), name = keyword.name, group_id = tostring(keyword.group_id),
      link = keyword.target_url or null, tags = array {}, site_engine_ids = keyword.site_engine_ids,
      first_check_date = call.engine and dates_of(keyword, call.engine)[1] or null,
    }
  end)
end

--- What is wrong with one keyword to be written, if anything.
local function check_keyword(call, item)
  local _, refusal
  if blank(item.keyword) then
    return refuse(400, "empty_field", "keyword: empty")
  end
  _, refusal = resolve.each(call, item.site_engine_ids or {}, resolve.engine)
  if not refusal and item.group_id then
    _, refusal = resolve.keyword_group(call, item.group_id)
  end
  return refusal
end

answers["sites.keywords.create"] = function(call)
  for _, item in ipairs(call.args.items) do
    local refusal = check_keyword(call, item)
    if refusal then
      return nil, refusal -- before any is stored
    end
  end
  local all = call.store.engines:where { site_id = call.site.id }
  local made = map(call.args.items, function(item)
    local keyword = {
      site_id = call.site.id, name = item.keyword, group_id = 0, positions = {},
      site_engine_ids = item.site_engine_ids and list_of(item.site_engine_ids) or ids_of(all),
    }
    apply(keyword, item, KEYWORD_FIELDS)
    return call.store.keywords:add(keyword)
  end)
  return { added = #made, ids = ids_of(made) }
end

answers["sites.keywords.update"] = function(call)
  local args, keyword = call.args, call.keyword
  if not args.keyword and (args.comment or args.target_url or args.site_engine_ids) then
    return nil, refuse(400, "empty_field", "keyword: wanted with comment, target_url and site_engine_ids")
  elseif blank(args.keyword) then
    return nil, refuse(400, "empty_field", "keyword: empty")
  end
  apply(keyword, args, KEYWORD_FIELDS)
  keyword.name = args.keyword or keyword.name
  if args.site_engine_ids then
    keyword.site_engine_ids = list_of(args.site_engine_ids)
  end
end

--- Ids of no keyword are passed over: deleting twice answers twice the same.
answers["sites.keywords.delete"] = function(call)
  local doomed = {}
  for _, id in ipairs(call.args.keywords_ids) do
    doomed[#doomed + 1] = resolve.keyword(call, id)
  end
  call.store.keywords:remove(doomed)
end

-- ---- sites.url_tags ----

local MAX_TAGS = 20

answers["sites.url_tags.list"] = function(call)
  return map(call.store.tags:where { site_id = call.site.id }, function(tag)
    return { id = tostring(tag.id), name = tag.name, url = tag.url, domain = tag.domain }
  end)
end

answers["sites.url_tags.create"] = function(call)
  if blank(call.args.name) then
    return nil, refuse(400, "Bad Request", "name: empty")
  elseif #call.store.tags:where { site_id = call.site.id } >= MAX_TAGS then
    return nil, refuse(400, "Bad Request", "a project holds " .. MAX_TAGS .. " tags")
  end
  local tag = call.store.tags:add {
    site_id = call.site.id, name = call.args.name, url = list_of(call.args.urls), domain = list_of(call.args.domains),
  }
  return { tag_id = tag.id }
end

--- Gives the listed pages and domains exactly the listed tags, as the older of two readings has it.
answers["sites.url_tags.update"] = function(call)
  local tags, refusal = resolve.each(call, call.args.tag_ids or {}, function(_, id)
    local tag = call.store.tags:get(id)
    local known = tag and tag.site_id == call.site.id
    return tag, not known and refuse(404, "Tag not found") or nil
  end)
  if not tags then
    return nil, refusal
  end
  for member, targets in pairs { url = call.args.urls or {}, domain = call.args.domains or {} } do
    for _, tag in ipairs(call.store.tags:where { site_id = call.site.id }) do
      local kept = array {}
      for _, target in ipairs(tag[member]) do
        kept[#kept + 1] = not has(targets, target) and target or nil
      end
      for _, target in ipairs(has(tags, tag) and targets or {}) do
        kept[#kept + 1] = target
      end
      tag[member] = kept
    end
  end
end

answers["sites.url_tags.delete"] = function(call)
  call.store.tags:remove { call.tag }
end

-- ---- keyword_groups and site_groups ----

local function group_row(group)
  return { id = tostring(group.id), name = group.name, creation_date = group.creation_date }
end

local function rename(call, status)
  if blank(call.args.name) then
    return refuse(status, "Empty name")
  end
  call.group.name = call.args.name
end

answers["keyword_groups.list"] = function(call)
  return map(call.store.keyword_groups:where { site_id = call.site.id }, group_row)
end

answers["keyword_groups.create"] = function(call)
  if blank(call.args.name) then
    return nil, refuse(400, "Empty name")
  end
  local group = call.store.keyword_groups:add {
    site_id = call.site.id, name = call.args.name, creation_date = call.today .. " 00:00:00",
  }
  return { group_id = group.id }
end

answers["keyword_groups.update"] = function(call)
  return nil, rename(call, 404)
end

answers["keyword_groups.delete"] = function(call)
  for _, keyword in ipairs(call.store.keywords:where { group_id = call.group.id }) do
    keyword.group_id = 0
  end
  call.store.keyword_groups:remove { call.group }
end

answers["keyword_groups.move"] = function(call)
  if not call.args.keywords_ids[1] then
    return nil, refuse(400, "No keywords ids in request")
  end
  call.site = call.store.sites:get(call.group.site_id)
  local keywords, refusal = resolve.each(call, call.args.keywords_ids, resolve.keyword)
  for _, keyword in ipairs(keywords or {}) do
    keyword.group_id = call.group.id
  end
  return nil, refusal
end

answers["site_groups.list"] = function(call)
  return map(call.store.site_groups.rows, group_row)
end

answers["site_groups.create"] = function(call)
  if blank(call.args.name) then
    return nil, refuse(400, "Empty name")
  end
  return { group_id = call.store.site_groups:add({ name = call.args.name }).id }
end

answers["site_groups.update"] = function(call)
  return nil, rename(call, 400)
end

answers["site_groups.delete"] = function(call)
  for _, site in ipairs(call.store.sites:where { group_id = call.group.id }) do
    site.group_id = 0
  end
  call.store.site_groups:remove { call.group }
end

answers["site_groups.move"] = function(call)
  local sites, refusal = resolve.each(call, call.args.site_ids, function(_, id)
    local site = call.store.sites:get(id)
    return site, not site and refuse(404, "Not Found", "site_ids: no such project") or nil
  end)
  for _, site in ipairs(sites or {}) do
    site.group_id = call.group.id
  end
  return nil, refusal
end

-- ---- competitors ----

answers["competitors.list"] = function(call)
  return map(call.store.competitors:where { site_id = call.site.id }, function(competitor)
    return { id = competitor.id, name = competitor.name, url = competitor.url, domain_trust = 14 }
  end)
end

answers["competitors.create"] = function(call)
  local args = call.args
  if not host_of(args.url) then
    return nil, refuse(400, "Invalid site url", "url: not a host name, or a reserved one")
  end
  local competitor = call.store.competitors:add {
    site_id = call.site.id, url = args.url, name = args.name or args.url, subdomain_match = args.subdomain_match or 0,
  }
  return { id = competitor.id }
end

answers["competitors.delete"] = function(call)
  call.store.competitors:remove { call.competitor }
end

answers["competitors.positions"] = function(call)
  local _, last = range_of(call)
  return map(engines_of(call), function(engine)
    return {
      site_engine_id = engine.id,
      keywords = map(keywords_of(call, engine), function(keyword)
        return {
          id = tostring(keyword.id), name = keyword.name, volume = null,
          features = call.args.with_serp_features == 1 and { featured_snippet = true } or nil,
          positions = array { { date = last, pos = 11, change = -2 } },
        }
      end),
    }
  end)
end

answers["competitors.metrics"] = function()
  return array { { domain_id = 7301, domain = "example.org", visibility = 12, backlinks = "940", domains = "61" } }
end

return answers
