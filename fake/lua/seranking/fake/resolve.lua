--- The API's own complaints: which message a failed check becomes, and which ids must be known.
-- SPDX-License-Identifier: MIT

local laravel = require "seranking.fake.laravel"

local resolve = {}

---@class seranking.fake.Refusal
---@field status integer
---@field message string
---@field reason string for the X-Fake-Reason header
---@field allow? string for the Allow header
---@field fields? table<string, string[]> what is wrong, by parameter

--- Makes a refusal.
---@param status integer
---@param message string
---@param reason? string the message, when left out
---@return seranking.fake.Refusal
function resolve.refuse(status, message, reason)
  return { status = status, message = message, reason = reason or message }
end

local refuse = resolve.refuse

-- What a parameter's failure is called: the problems that it covers, status, message. By operation, then for all.
local own_messages = {
  ["keyword_groups.create"] = {
    name = { "missing", 400, "Empty name" },
    site_id = { "missing", 400, "Empty site_id" },
  },
  ["keyword_groups.update"] = { name = { "missing", 404, "Empty name" } },
  ["keyword_groups.move"] = { keywords_ids = { "missing range", 400, "No keywords ids in request" } },
  ["site_groups.create"] = { name = { "missing", 400, "Empty name" } },
  ["site_groups.update"] = { name = { "missing", 400, "Empty name" } },
  ["sites.keywords.delete"] = { keywords_ids = { "missing brackets", 400, "No ids in request" } },
  ["competitors.delete"] = { competitor_id = { "type", 400, "Incorrect competitor id" } },
  ["checklist.create_task"] = {
    title = { "missing", 400, "Empty title" },
    text = { "missing", 400, "Empty text" },
  },
  ["checklist.update_task"] = {
    title = { "missing", 400, "Empty title" },
    text = { "missing", 400, "Empty text" },
  },
  ["users.sites.share"] = {
    site_ids = { "type", 400, "site_ids: This value should be of type integer" },
  },
  ["key_volume.create"] = {
    query = { "missing type range", 400, "Invalid" },
    region_id = { "type range", 400, "Invalid region id" },
  },
}
local shared_messages = {
  keyword_id = { "missing type range", 400, "Invalid keyword_id" },
  site_engine_id = { "missing type range", 400, "Invalid site_engine_id" },
  site_engine_ids = { "type range", 400, "Invalid site_engine_id" },
  date = { "missing type", 400, "Invalid date" },
  date_from = { "missing type", 400, "Invalid date" },
  date_to = { "missing type", 400, "Invalid date" },
}

--- Gives a failed check the message that the API documents for it, or the general one.
---@param route seranking.fake.Route
---@param failure seranking.fake.Failure
---@return seranking.fake.Refusal
function resolve.failure(route, failure)
  if laravel.speaks(route) then
    return laravel.refusal(route, failure)
  end
  local own = own_messages[route.key] and own_messages[route.key][failure.param]
  for _, known in ipairs { own or false, shared_messages[failure.param] or false } do
    if known and known[1]:find(failure.problem, 1, true) then
      return refuse(known[2], known[3], failure.reason)
    end
  end
  return refuse(400, "Bad Request", failure.reason)
end

--- A row of one project; with no project at hand, any row.
local function of_site(call, row)
  return row and (not call.site or row.site_id == call.site.id) and row or nil
end

--- An engine of the call's project.
---@param call seranking.fake.Call
---@param id any
---@return table? engine
---@return seranking.fake.Refusal?
function resolve.engine(call, id)
  if type(id) ~= "number" then
    return nil, refuse(400, "Invalid site_engine_id", "site_engine_id: not a whole number")
  end
  local engine = of_site(call, call.store.engines:get(id))
  return engine, not engine and refuse(404, "Unknown site_engine_id") or nil
end

--- A keyword of the call's project.
---@param call seranking.fake.Call
---@param id any
---@return table? keyword
---@return seranking.fake.Refusal?
function resolve.keyword(call, id)
  local keyword = of_site(call, call.store.keywords:get(id))
  return keyword, not keyword and refuse(400, "Invalid keyword_id", "no such keyword in the project") or nil
end

--- A keyword group of the call's project; 0 is none, and gives nil without a refusal.
---@param call seranking.fake.Call
---@param id any
---@return table? group
---@return seranking.fake.Refusal?
function resolve.keyword_group(call, id)
  if id == 0 then
    return nil
  end
  local group = of_site(call, call.store.keyword_groups:get(id))
  return group, not group and refuse(404, "Group not found") or nil
end

--- A project group; 0 is none, and gives nil without a refusal.
---@param call seranking.fake.Call
---@param id any
---@return table? group
---@return seranking.fake.Refusal?
function resolve.site_group(call, id)
  if id == 0 then
    return nil
  end
  local group = call.store.site_groups:get(id)
  return group, not group and refuse(404, "Group not found") or nil
end

--- Looks a list of ids up, all or none.
---@param call seranking.fake.Call
---@param ids any[]
---@param lookup fun(call: seranking.fake.Call, id: any): table?, seranking.fake.Refusal?
---@return table[]? rows
---@return seranking.fake.Refusal?
function resolve.each(call, ids, lookup)
  local rows = {}
  for i, id in ipairs(ids) do
    local row, refusal = lookup(call, id)
    if refusal then
      return nil, refusal
    end
    rows[i] = row
  end
  return rows
end

--- A row of a collection, whatever it hangs under.
---@param collection string
---@return fun(call: seranking.fake.Call, id: any): table?, seranking.fake.Refusal?
local function row_of(collection)
  return function(call, id)
    local row = of_site(call, call.store[collection]:get(id))
    return row, not row and refuse(404, "Not Found", "no such row in " .. collection) or nil
  end
end

--- A row of a collection whose rows belong to the call's audit.
local function row_of_audit(collection)
  return function(call, id)
    local row = call.store[collection]:get(id)
    local known = row and row.audit_id == call.audit.id
    return known and row or nil, not known and refuse(404, "Not Found", "no such row in " .. collection) or nil
  end
end

--- A prompt of the call's engine, by its prompt_llm_id.
---@param call seranking.fake.Call
---@param id any
---@return table? prompt
---@return seranking.fake.Refusal?
function resolve.prompt(call, id)
  local prompt = of_site(call, call.store.prompts:get(id))
  local known = prompt and (not call.llm or prompt.llm_id == call.llm.id)
  return known and prompt or nil, not known and refuse(404, "Not Found", "no such prompt_llm_id at the engine") or nil
end

--- A prompt group of the call's project.
resolve.prompt_group = row_of "prompt_groups"
--- A backlink group of the call's project.
resolve.backlink_group = row_of "backlink_groups"

-- Whose ids a name means, by resource: other families have groups and keywords of their own.
local function belongs(...)
  local set = {}
  for _, name in ipairs { ... } do
    set[name] = true
  end
  return set
end

local keyword_owners = belongs("sites.positions", "sites.keywords", "competitors")

-- In this order, since a site must be known before what hangs under it. Each: the argument, the member of the call that
-- it fills, the look-up, the resources (all when left out).
local steps = {
  { "site_id", "site", function(call, id)
    if id == 0 and call.route.key == "keyword_groups.create" then
      return nil, refuse(400, "Empty site_id")
    end
    local site = call.store.sites:get(id)
    if not site and call.route.key == "backlinks.list" then
      return nil, refuse(403, "Access denied", "site_id: no project of this account")
    end
    return site, not site and refuse(404, "Not Found", "site_id: no such project") or nil
  end },
  { "competitor_id", "competitor", function(call, id)
    local competitor = call.store.competitors:get(id)
    if not competitor and call.route.key == "competitors.delete" then
      return nil, refuse(400, "Incorrect competitor id", "no such competitor")
    end
    return competitor, not competitor and refuse(404, "Not Found", "competitor_id: no such competitor") or nil
  end, belongs("competitors") },
  { "site_engine_id", "engine", resolve.engine },
  { "site_engine_ids", "engines", function(call, ids) return resolve.each(call, ids, resolve.engine) end },
  { "keyword_id", "keyword", resolve.keyword, keyword_owners },
  { "group_id", "group", resolve.keyword_group, keyword_owners },
  { "group_id", "group", function(call, id)
    local group = call.store.keyword_groups:get(id)
    return group, not group and refuse(404, "Group not found") or nil
  end, belongs("keyword_groups") },
  { "group_id", "group", function(call, id)
    local group = call.store.site_groups:get(id)
    return group, not group and refuse(404, "Group not found") or nil
  end, belongs("site_groups") },
  { "site_group_id", "site_group", resolve.site_group },
  { "audit_id", "audit", row_of "project_audits", belongs("audit", "audit.settings", "audit.sitemaps", "audit.source_pages") },
  { "sitemap_id", "sitemap", row_of_audit "sitemaps" },
  { "list_id", "page_list", row_of_audit "page_lists", belongs("audit.source_pages") },
  { "user_id", "user", row_of "users", belongs("users", "users.sites") },
  { "task_id", "task", row_of "volume_tasks", belongs("key_volume") },
  { "llm_id", "llm", row_of "llms", belongs("airt.llm", "airt.prompts", "airt.competitors") },
  { "prompt_llm_id", "prompt", resolve.prompt, belongs("airt.prompts", "airt.competitors") },
  { "prompt_llm_ids", "prompts", function(call, ids) return resolve.each(call, ids, resolve.prompt) end,
    belongs("airt.competitors") },
  { "group_id", "group", resolve.backlink_group, belongs("backlinks", "backlink_groups") },
  { "group_id", "group", resolve.prompt_group, belongs("airt.prompts", "airt.prompt_groups") },
  { "tag_id", "tag", function(call, id)
    local tag = of_site(call, call.store.tags:get(id))
    return tag, not tag and refuse(404, "Tag not found") or nil
  end, belongs("sites.url_tags") },
}

-- Parameters that are the first and the last day of a range.
local RANGES = {
  { "date_from", "date_to" }, { "compare_from", "compare_to" }, { "date_start", "date_end" }, { "from", "to" },
}

--- Looks up the rows that a call's arguments name and puts them into the call.
---@param call seranking.fake.Call
---@return seranking.fake.Refusal? # when one is not known, or the dates are the wrong way round
function resolve.rows(call)
  local args = call.args
  for _, step in ipairs(steps) do
    local name, member, lookup, owners = step[1], step[2], step[3], step[4]
    if args[name] ~= nil and (not owners or owners[call.route.resource]) then
      local row, refusal = lookup(call, args[name])
      if refusal then
        return refusal
      end
      call[member] = row
      if member == "competitor" then
        call.site = call.store.sites:get(row.site_id)
      end
    end
  end
  for _, range in ipairs(RANGES) do
    local first, last = range[1], range[2]
    if type(args[first]) == "string" and args[last] and args[first] > args[last] then
      local reason = ("%s is after %s"):format(first, last)
      if laravel.speaks(call.route) then
        return laravel.refusal(call.route, { param = first, problem = "range", reason = reason })
      end
      return refuse(400, "Invalid date", reason)
    end
  end
end

return resolve
