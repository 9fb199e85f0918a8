--- What the fake API answers: projects, their engines, keywords and landing-page tags.
-- SPDX-License-Identifier: MIT

local catalogue = require "seranking.fake.catalogue"
local calendar = require "seranking.base.calendar"
local json = require "seranking.fake.json"
local ranks = require "seranking.fake.ranks"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse
local apply, blank, has, list_of, map = tools.apply, tools.blank, tools.has, tools.list_of, tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- ---- sites ----

local SITE_FIELDS = "title depth subdomain_match exact_url check_freq check_day is_active auto_reports disable_audit"

local function check_site(call, site)
  local args = call.args
  local characters = tools.characters(args.title or "x")
  if args.url and not tools.host_of(args.url) then
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
    auto_reports = 1, disable_audit = 0, rechecks = {},
    first_day = calendar.day(call.today), checked_day = calendar.day(call.today),
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
  for _, name in ipairs(store.of_sites) do
    store[name]:remove(store[name]:where(under))
  end
  store.sites:remove { call.site }
end

-- ---- sites.search_engines ----

local ENGINE_FIELDS = "region_id region_name lang_code merge_map business_name phone paid_results featured_snippet"

answers["sites.search_engines.list"] = function(call)
  return map(call.store.engines:where { site_id = call.site.id }, function(engine)
    return {
      site_engine_id = engine.id, search_engine_id = engine.search_engine_id, region_id = engine.region_id,
      region_name = engine.region_name or null, lang_code = engine.lang_code, merge_map = engine.merge_map,
      business_name = engine.business_name or null, phone = engine.phone or null, paid_results = engine.paid_results,
      featured_snippet = engine.featured_snippet, keyword_count = #ranks.keywords_of(call, engine),
    }
  end)
end

answers["sites.search_engines.create"] = function(call)
  if not catalogue.has_engine(call.args.search_engine_id) then
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
      first_check_date = call.engine and ranks.dates_of(keyword, call.engine)[1] or null,
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
      site_id = call.site.id, name = item.keyword, group_id = 0, positions = {}, first_day = calendar.day(call.today),
      site_engine_ids = item.site_engine_ids and list_of(item.site_engine_ids) or tools.ids_of(all),
    }
    apply(keyword, item, KEYWORD_FIELDS)
    return call.store.keywords:add(keyword)
  end)
  return { added = #made, ids = tools.ids_of(made) }
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

return answers
