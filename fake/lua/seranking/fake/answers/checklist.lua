--- What the fake API answers: marketing plans.
-- SPDX-License-Identifier: MIT
--
-- A plan has sections that depend on the project, whose items can be ticked off, and one with the tasks that were made.

local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, refuse = json.array, resolve.refuse
local key, whole = chance.key, chance.whole

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- What a plan may begin with: sections, and what is to be done in each; %s is what the site is about.
local SECTIONS = {
  { "Content", { "Write a guide to choosing a %s", "Describe every %s", "Answer what people ask about a %s",
    "Add opening hours" } },
  { "Pages", { "Give every page a title", "Shorten long descriptions", "Link the guides to the shop",
    "Name the %s in headings" } },
  { "Links", { "Get listed in directories", "Ask partners for a link", "Find who links to other %s shops" } },
  { "Speed", { "Make pictures smaller", "Remove scripts that nothing uses", "Test on a slow telephone" } },
}

--- The sections that every plan has. A project's plan has two to four, with two or more things in each.
local function given_sections(call)
  local host = domains.host(call.site.name)
  local h, trade, sections = key(call.seed, "plan", host), domains.trade(host), {}
  for number = 1, whole(h, 0, 2, #SECTIONS) do
    local items, titles = {}, SECTIONS[number][2]
    for place = 1, whole(h, number, 2, #titles) do
      items[place] = {
        id = ("%d%d"):format(number, place), title = (titles[place]:gsub("%%s", trade)),
        checked = chance.unit(h, 10 * number + place) < 0.3,
      }
    end
    sections[number] = { id = ("%d"):format(number), title = SECTIONS[number][1], items = items }
  end
  return sections
end

local function tick_name(call, item)
  return call.site.id .. "/" .. item
end

local function is_given(call, id)
  for _, section in ipairs(given_sections(call)) do
    for _, item in ipairs(section.items) do
      if item.id == id then
        return true
      end
    end
  end
  return false
end

--- The task or item that a call names: a row, or nil and the id of an item; a refusal for neither.
local function named(call)
  local id = call.args.task_id
  local task = call.store.tasks:get(tonumber(id))
  if task and task.site_id == call.site.id then
    return task
  elseif is_given(call, tostring(id)) then
    return nil, tostring(id)
  end
  return nil, nil, refuse(404, "Not Found", "task_id: no such task in the plan")
end

local function write(task, args)
  tools.apply(task, args, "title text checked")
  return task
end

answers["checklist.list"] = function(call)
  local plan = tools.map(given_sections(call), function(section)
    local items = tools.map(section.items, function(item)
      local ticked = call.store.ticks[tick_name(call, item.id)]
      return { id = item.id, title = item.title, checked = ticked == nil and item.checked or ticked or false }
    end)
    return { id = section.id, title = section.title, items = items }
  end)
  local own = call.store.tasks:where { site_id = call.site.id }
  if own[1] then
    plan[#plan + 1] = {
      id = tostring(#plan + 1), title = "Own tasks", items = tools.map(own, function(task)
        return { id = tostring(task.id), title = task.title, checked = task.checked }
      end),
    }
  end
  for _, section in ipairs(plan) do
    section.items_count, section.items_checked = #section.items, 0
    for _, item in ipairs(section.items) do
      section.items_checked = section.items_checked + (item.checked and 1 or 0)
    end
  end
  return plan
end

local function check_texts(args)
  return tools.blank(args.title) and refuse(400, "Empty title") or tools.blank(args.text) and refuse(400, "Empty text")
    or nil
end

answers["checklist.create_task"] = function(call)
  local refusal = check_texts(call.args)
  if refusal then
    return nil, refusal
  end
  local made
  for _, site in ipairs(call.args.for_all and call.store.sites.rows or { call.site }) do
    local task = call.store.tasks:add(write({ site_id = site.id, checked = false }, call.args))
    made = site == call.site and task or made
  end
  return { id = made.id }
end

answers["checklist.update_task"] = function(call)
  local task, item, refusal = named(call)
  if item then
    return nil, refuse(400, "Bad Request", "task_id: only tasks that were made can be written anew")
  end
  refusal = refusal or check_texts(call.args)
  if task and not refusal then
    write(task, call.args)
  end
  return array {}, refusal
end

answers["checklist.set_task_status"] = function(call)
  local task, item, refusal = named(call)
  if task then
    write(task, call.args)
  elseif item then
    call.store.ticks[tick_name(call, item)] = call.args.checked
  end
  return array {}, refusal
end

answers["checklist.delete_task"] = function(call)
  local task, item, refusal = named(call)
  if item then
    return nil, refuse(400, "Bad Request", "task_id: only tasks that were made can be deleted")
  elseif task then
    call.store.tasks:remove { task }
  end
  return nil, refusal
end

return answers
