--- What the fake API answers: the backlink monitor, its groups, disavow lists and imports.
-- SPDX-License-Identifier: MIT
--
-- A row's id and the backlink's in the dictionary are different numbers, so that one taken for the other is found out.

local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

local QUOTA = 2000
-- How far a backlink's id in the dictionary is from its row's.
local DICTIONARY = -100000
-- Seconds that an import takes.
local IMPORT = 15

local function all(call)
  return call.store.backlinks:where { site_id = call.site.id }
end

--- The project's backlinks with these ids, of rows or in the dictionary; others are passed over.
local function with_ids(call, ids, offset)
  local rows = {}
  for _, id in ipairs(ids or {}) do
    local row = call.store.backlinks:get(id - offset)
    rows[#rows + 1] = row and row.site_id == call.site.id and row or nil
  end
  return rows
end

-- ---- backlinks ----

local function flag(value)
  return value and 1 or 0
end

answers["backlinks.list"] = function(call)
  local rows = all(call)
  return tools.map(tools.page(call, rows, 100), function(row)
    local host = tools.host_of(row.url)
    return {
      id = row.id, backlink_id = row.id + DICTIONARY, from_url = row.url, to_url = "https://" .. call.site.name .. "/",
      anchor = call.site.name, domain = host, from_domainid = 7401, title = host, category = null, source = "manual",
      link_manager = row.manager or null, link_type = "text", notes = null, price = row.price or null,
      charge_period = row.charge_period or null, charge_start = row.charge_start or null, date_added = row.added,
      date_placement = null, date_lost = null, duration = 0, http_status = 200, is_nofollow = flag(row.id % 4 == 0),
      is_image = 0, is_redir = 0, is_disavow = 0, is_sponsored = 0, ugc = 0, is_blocked_meta = 0,
      is_blocked_robotstxt = 0, is_forced_status = 0, is_link_not_found = 0, gin_index = 1,
      gin_index_check_date = row.index_checked or null, last_crawler_visit = row.status_checked or null, mozda = 31,
      fb_likes = 0, num_links = 12, total_ext_links = 5, src_domain_country = "us", src_domain_region_id = null,
      src_domain_ip = null, src_domain_inlink_rank = 24,
    }
  end)
end

--- Takes backlinks into the monitor, all or none.
local function watch(call, urls)
  for _, url in ipairs(urls) do
    if not tools.host_of(url) then
      return nil, refuse(400, "Bad Request", "not an address: " .. url)
    end
  end
  if #all(call) + #urls > QUOTA then
    return nil, refuse(403, "Limit reached", "the plan allows " .. QUOTA .. " backlinks")
  end
  local made = {}
  for i, url in ipairs(urls) do
    local row = { site_id = call.site.id, url = url, added = call.today, group_id = call.args.group_id }
    tools.apply(row, call.args, "price currency manager charge_period charge_start")
    made[i] = call.store.backlinks:add(row)
  end
  return made
end

answers["backlinks.create"] = function(call)
  local made, refusal = watch(call, { call.args.url })
  return made and { id = made[1].id + DICTIONARY }, refusal
end

answers["backlinks.import"] = function(call)
  local made, refusal = watch(call, call.args.list)
  return made and array {}, refusal
end

answers["backlinks.delete"] = function(call)
  call.store.backlinks:remove(with_ids(call, call.args.backlink_ids, DICTIONARY))
end

answers["backlinks.recheck"] = function(call)
  local rows = with_ids(call, call.args.row_ids, 0)
  if not rows[1] then
    return nil, refuse(400, "Backlinks are non exists", "backlink_ids: none is the id of a row")
  end
  for _, row in ipairs(rows) do
    row[(call.args.recheck_type or "status") .. "_checked"] = call.today
  end
  return array {}
end

answers["backlinks.stats"] = function(call)
  local rows = all(call)
  local domains, domain_count, nofollow = {}, 0, 0
  for _, row in ipairs(rows) do
    local host = tools.host_of(row.url)
    domain_count = domain_count + flag(not domains[host])
    domains[host] = true
    nofollow = nofollow + flag(row.id % 4 == 0)
  end
  return {
    total = #rows, anchors = rows[1] and 1 or 0, ip = domain_count, domains = domain_count, dofollow = #rows - nofollow,
    nofollow = nofollow, limit = QUOTA,
  }
end

-- ---- Search Console ----

answers["backlinks.gsc.settings"] = function(call)
  call.site.gsc_autoimport = call.args.gsc_autoimport
  return array {}
end

answers["backlinks.gsc.import"] = function(call)
  return { token = "job-" .. call.store.imports:add({ site_id = call.site.id, made = call.now }).id }
end

answers["backlinks.gsc.status"] = function(call)
  local import = call.store.imports:get(tonumber(call.args.job_token:match("^job%-(%d+)$")))
  if not import or import.site_id ~= call.site.id then
    return nil, refuse(404, "Not Found", "token: no such import in the project")
  end
  return { status = call.now - import.made < IMPORT and "processing" or "finished" }
end

-- ---- disavow lists ----

answers["backlink_disavow.list"] = function(call)
  local rows = call.store.disavowed:where { site_id = call.site.id }
  return {
    count = #rows,
    list = tools.map(tools.page(call, rows, 100), function(row)
      return { id = row.id, url = row.url }
    end),
  }
end

answers["backlink_disavow.create"] = function(call)
  for _, url in ipairs(call.args.list) do
    if not tools.host_of(url) then
      return nil, refuse(400, "Bad Request", "not an address: " .. url)
    end
  end
  for _, url in ipairs(call.args.list) do
    call.store.disavowed:add { site_id = call.site.id, url = url }
  end
  return array {}
end

answers["backlink_disavow.delete"] = function(call)
  local entry = call.store.disavowed:get(call.args.disavow_id)
  if not entry or entry.site_id ~= call.site.id then
    return nil, refuse(404, "Not Found", "id: no such entry in the list")
  end
  call.store.disavowed:remove { entry }
end

-- ---- groups ----

local function members_of(call, group)
  return call.store.backlinks:where { site_id = call.site.id, group_id = group.id }
end

answers["backlink_groups.list"] = function(call)
  return tools.map(call.store.backlink_groups:where { site_id = call.site.id }, function(group)
    return { id = group.id, name = group.name, count = #members_of(call, group) }
  end)
end

answers["backlink_groups.create"] = function(call)
  if tools.blank(call.args.name) then
    return nil, refuse(400, "Bad Request", "name: empty")
  end
  return { id = call.store.backlink_groups:add({ site_id = call.site.id, name = call.args.name }).id }
end

answers["backlink_groups.update"] = function(call)
  if tools.blank(call.args.name) then
    return nil, refuse(400, "Bad Request", "name: empty")
  end
  call.group.name = call.args.name
  return array {}
end

answers["backlink_groups.delete"] = function(call)
  for _, row in ipairs(members_of(call, call.group)) do
    row.group_id = nil
  end
  call.store.backlink_groups:remove { call.group }
end

answers["backlink_groups.move"] = function(call)
  local rows = with_ids(call, call.args.row_ids, 0)
  for _, id in ipairs(call.args.group_ids or {}) do
    for _, row in ipairs(members_of(call, { id = id })) do
      rows[#rows + 1] = row
    end
  end
  for _, row in ipairs(rows) do
    row.group_id = call.group.id
  end
  return array {}
end

return answers
