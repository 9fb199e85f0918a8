--- What the fake API answers: groups of keywords and of projects.
-- SPDX-License-Identifier: MIT

local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local refuse = resolve.refuse
local blank, map = tools.blank, tools.map

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

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

return answers
