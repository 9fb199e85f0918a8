--- What the fake API answers: brand, engines, prompts and their groups of the AI results tracker.
-- SPDX-License-Identifier: MIT
--
-- A prompt's id at its engine and its own are different numbers, so that one taken for the other is found out.

local calendar = require "seranking.base.calendar"
local catalogue = require "seranking.fake.catalogue"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- How far a prompt's own id is from the one that it has at its engine.
local OWN_ID = -9000

local function is_name(text)
  return not tools.blank(text) and tools.characters(text) <= 255
end

-- ---- the brand ----

local function brand_of(call)
  return { site_id = call.site.id, brand = call.site.brand or null }
end

answers["airt.brand.get"] = brand_of

answers["airt.brand.set"] = function(call)
  if not is_name(call.args.brand) then
    return nil, refuse(400, "Bad Request", "brand: 1-255 characters")
  end
  call.site.brand = call.args.brand
  return brand_of(call)
end

-- ---- engines ----

local CANONICAL = { google_ai_overview = true, google_ai_mode = true, gemini = true }

local function llm_row(llm)
  return {
    id = llm.id, base_name = llm.base_name, country_code = llm.country_code, region_name = llm.region_name,
    lang_code = llm.lang_code,
  }
end

--- Writes place and language; null takes one away. Engines that are not Google's pass over a place that isn't one.
local function write_llm(call, llm)
  local region = call.args.region_name
  local known = region == nil or region == null or catalogue.is_region(region, call.regions)
  if not known and CANONICAL[llm.base_name] then
    return refuse(400, "Invalid region name. Please use a valid canonical location name.",
      "region_name: not in system.google_regions")
  end
  if region ~= nil then
    llm.region_name = known and region or null
  end
  tools.apply(llm, call.args, "lang_code")
end

answers["airt.llm.list"] = function(call)
  return tools.map(call.store.llms:where { site_id = call.site.id }, llm_row)
end

answers["airt.llm.get"] = function(call)
  return llm_row(call.llm)
end

answers["airt.llm.create"] = function(call)
  if not call.site.brand then
    return nil, refuse(400, "Bad Request", "the project has no brand")
  end
  local llm = {
    site_id = call.site.id, base_name = call.args.base_name, country_code = call.args.country_code, region_name = null,
    lang_code = null,
  }
  local refusal = write_llm(call, llm)
  return not refusal and llm_row(call.store.llms:add(llm)) or nil, refusal
end

answers["airt.llm.update"] = function(call)
  local refusal = write_llm(call, call.llm)
  return not refusal and llm_row(call.llm) or nil, refusal
end

local function prompts_of(call, llm)
  return call.store.prompts:where { llm_id = llm.id }
end

answers["airt.llm.delete"] = function(call)
  call.store.prompts:remove(prompts_of(call, call.llm))
  call.store.llms:remove { call.llm }
end

-- ---- groups of prompts ----

--- A project's groups in order. Every project has the default one.
local function groups_of(call)
  local store, under = call.store.prompt_groups, { site_id = call.site.id }
  local groups = store:where(under)
  if not groups[1] then
    groups[1] = store:add {
      site_id = call.site.id, name = "General", position = 0, is_default = true, made = tools.time(call, call.now),
    }
  end
  table.sort(groups, function(a, b) return a.position < b.position end)
  return groups
end

local function default_group(call)
  for _, group in ipairs(groups_of(call)) do
    if group.is_default then
      return group
    end
  end
end

local function number(groups)
  for i, group in ipairs(groups) do
    group.position = i - 1
  end
end

local function check_name(call)
  if not is_name(call.args.name) then
    return refuse(400, "Bad Request", "name: 1-255 characters")
  end
  for _, group in ipairs(groups_of(call)) do
    if group.name == call.args.name and group ~= call.group then
      return refuse(400, "Bad Request", "name: taken")
    end
  end
end

answers["airt.prompt_groups.list"] = function(call)
  local engines = call.args.site_llm_ids
  return tools.map(groups_of(call), function(group)
    local row = {
      id = tostring(group.id), name = group.name, position = tostring(group.position),
      is_default = group.is_default and "1" or "0", creation_date = group.made,
    }
    if call.args.keys_count == 1 then
      local count = 0
      for _, prompt in ipairs(call.store.prompts:where { group_id = group.id }) do
        count = count + ((not engines or tools.has(engines, prompt.llm_id)) and 1 or 0)
      end
      row.keys_count = tostring(count)
    end
    return row
  end)
end

answers["airt.prompt_groups.create"] = function(call)
  local refusal = check_name(call)
  if refusal then
    return nil, refusal
  end
  return {
    id = call.store.prompt_groups:add({
      site_id = call.site.id, name = call.args.name, position = #groups_of(call), is_default = false,
      made = tools.time(call, call.now),
    }).id,
  }
end

answers["airt.prompt_groups.update"] = function(call)
  local refusal = check_name(call)
  if not refusal then
    call.group.name = call.args.name
  end
  return array {}, refusal
end

local function regroup(prompts, group)
  for _, prompt in ipairs(prompts) do
    prompt.group_id = group.id
  end
end

answers["airt.prompt_groups.delete"] = function(call)
  if call.group.is_default then
    return nil, refuse(400, "Bad Request", "group_id: the default group stays")
  end
  regroup(call.store.prompts:where { group_id = call.group.id }, default_group(call))
  call.store.prompt_groups:remove { call.group }
  number(groups_of(call))
  return array {}
end

answers["airt.prompt_groups.order"] = function(call)
  local groups, others, place = groups_of(call), {}, nil
  for _, group in ipairs(groups) do
    if group ~= call.group then
      others[#others + 1] = group
      place = group.id == call.args.before_id and #others or group.id == call.args.after_id and #others + 1 or place
    end
  end
  if not place then
    return nil, refuse(404, "Not Found", "before_id, after_id: no such other group in the project")
  end
  table.insert(others, place, call.group)
  number(others)
  return array {}
end

answers["airt.prompt_groups.clear"] = function(call)
  call.store.prompts:remove(call.store.prompts:where { group_id = call.group.id })
  return array {}
end

--- The project's prompts with these ids; others are passed over.
local function with_ids(call, ids)
  local prompts = {}
  for _, id in ipairs(ids) do
    prompts[#prompts + 1] = resolve.prompt(call, id)
  end
  return prompts
end

answers["airt.prompt_groups.move"] = function(call)
  regroup(with_ids(call, call.args.prompt_llm_ids), call.group)
  return array {}
end

answers["airt.prompt_groups.transfer"] = function(call)
  local from, refusal = resolve.prompt_group(call, call.args.from_group_id)
  local to
  if not refusal then
    to, refusal = resolve.prompt_group(call, call.args.to_group_id)
  end
  if not refusal then
    regroup(call.store.prompts:where { group_id = from.id }, to)
  end
  return array {}, refusal
end

-- ---- prompts ----

--- The engine's prompts, those of the groups that a call names.
local function asked_for(call)
  local kept = {}
  for _, prompt in ipairs(prompts_of(call, call.llm)) do
    if not call.args.group_ids or tools.has(call.args.group_ids, prompt.group_id) then
      kept[#kept + 1] = prompt
    end
  end
  return kept
end

answers["airt.prompts.list"] = function(call)
  local prompts = asked_for(call)
  return {
    total = #prompts,
    items = tools.map(tools.page(call, prompts, 100), function(prompt)
      if call.generation == "v4" then
        return {
          k2site_llm_id = prompt.id, keyword_id = prompt.prompt_id, keyword = prompt.text, group_id = prompt.group_id,
        }
      end
      return {
        prompt_llm_id = tostring(prompt.id), prompt_id = tostring(prompt.prompt_id), prompt = prompt.text,
        group_id = tostring(prompt.group_id),
      }
    end),
  }
end

answers["airt.prompts.create"] = function(call)
  local known, new = {}, {}
  for _, prompt in ipairs(prompts_of(call, call.llm)) do
    known[prompt.text] = true
  end
  for _, text in ipairs(call.args.prompts) do
    if not is_name(text) then
      return nil, refuse(400, "Bad Request", "prompts: each has 1-255 characters")
    elseif not known[text] then
      known[text], new[#new + 1] = true, text
    end
  end
  local group = call.group or default_group(call)
  for _, text in ipairs(new) do
    local prompt = call.store.prompts:add {
      site_id = call.site.id, llm_id = call.llm.id, text = text, group_id = group.id, made = call.now,
      first_day = calendar.day(call.today),
    }
    prompt.prompt_id = prompt.id + OWN_ID
  end
  return { added = #new }
end

answers["airt.prompts.delete"] = function(call)
  call.store.prompts:remove(with_ids(call, call.args.prompt_llm_ids))
  return array {}
end

return answers
