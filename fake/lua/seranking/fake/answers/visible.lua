--- What the fake API answers: SE Visible's projects, brands, topics and prompts, and its subscription.
-- SPDX-License-Identifier: MIT
--
-- No source shows the answers of SE Visible whole: members that are guesses are named in the header X-Fake-Guess. Lists are
-- arrays here, but for metrics and sources, which come in `items`.

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local json = require "seranking.fake.json"
local laravel = require "seranking.fake.laravel"
local projects = require "seranking.fake.visible_projects"
local tools = require "seranking.fake.tools"
local visible = require "seranking.fake.web.visible"

local array, map = json.array, tools.map
local of_project, of_row = projects.of_project, projects.of_row

local unpack = table.unpack or unpack -- luacheck: ignore

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- What the plan has.
local PLAN = { projects = 5, prompts = 200, seats = 3 }

-- ---- projects ----

local function uuid_of(call, number)
  local h = chance.key(call.seed, "visible project", number)
  local function digits(index, count)
    return ("%0" .. count .. "x"):format(chance.whole(h, index, 0, 16 ^ count - 1))
  end
  return ("%s%s-%s-4%s-8%s-%s%s%s"):format(digits(0, 4), digits(1, 4), digits(2, 4), digits(3, 3), digits(4, 3), digits(5, 4),
    digits(6, 4), digits(7, 4))
end

-- State and progress of a project's first check.
local function state_of(call, project)
  local age = call.now - project.made
  if age >= visible.CHECKED_FOR then
    return "success", 100
  end
  return age < 5 and "queued" or "processing", math.floor(100 * age / visible.CHECKED_FOR)
end

local function titles_of(brand)
  return map(brand.aliases, function(title) return { title = title } end)
end

local function brand_row(brand)
  return {
    id = brand.id, title = brand.title, domain = brand.domain, is_primary = brand.is_primary, aliases = titles_of(brand),
  }
end

local function topic_row(topic)
  return { id = topic.id, title = topic.title }
end

local function add_topics(call, project, titles)
  return map(titles, function(title)
    return topic_row(call.store.visible_topics:add { project_id = project.id, title = title })
  end)
end

answers["visible.projects.list"] = function(call)
  return map(call.store.visible_projects.rows, function(project)
    return {
      id = project.uuid, domain = project.domain, status = state_of(call, project),
      brand_names = map(visible.brands(call, project), function(brand) return brand.title end),
    }
  end)
end

answers["visible.projects.create"] = function(call)
  local args, store = call.args, call.store
  if #store.visible_projects.rows >= PLAN.projects then
    return nil, laravel.about("projects", "The plan has no project left.")
  end
  local project = store.visible_projects:add {
    domain = args.domain, country_code = args.country_code, lang_code = args.lang_code, made = call.now,
  }
  project.uuid = uuid_of(call, project.id)
  store.visible_brands:add {
    project_id = project.id, title = args.brand_names[1], domain = args.domain, is_primary = true,
    aliases = { unpack(args.brand_names, 2) },
  }
  add_topics(call, project, args.topics)
  return { id = project.uuid }
end

answers["visible.projects.get"] = of_project(function(call, project)
  local status, percent = state_of(call, project)
  return {
    project = { status = status }, check = { processed_percent = percent },
    topics = map(call.store.visible_topics:where { project_id = project.id }, function(topic)
      return { id = topic.id, title = topic.title, prompts_count = #call.store.visible_prompts:where { topic_id = topic.id } }
    end),
  }
end)

answers["visible.projects.delete"] = of_project(function(call, project)
  for _, name in ipairs { "visible_brands", "visible_topics", "visible_prompts" } do
    call.store[name]:remove(call.store[name]:where { project_id = project.id })
  end
  call.store.visible_projects:remove { project }
end)

-- ---- brands ----

-- Why names can't be added: each is the project's only one. nil: they can.
local function taken(call, project, names, field, but)
  local known = {}
  for _, brand in ipairs(visible.brands(call, project)) do
    for _, name in ipairs(brand ~= but and { brand.title, unpack(brand.aliases) } or {}) do
      known[name] = true
    end
  end
  for _, name in ipairs(names) do
    if known[name] then
      return laravel.about(field, ("The %s has already been taken."):format(field))
    end
    known[name] = true
  end
end

answers["visible.brands.list"] = of_project(function(call, project)
  return map(visible.brands(call, project), brand_row)
end)

answers["visible.brands.create"] = of_project(function(call, project)
  local args = call.args
  local refusal = taken(call, project, { args.title }, "title") or taken(call, project, args.aliases or {}, "aliases")
  if refusal then
    return nil, refusal
  end
  visible.forget(call)
  return brand_row(call.store.visible_brands:add {
    project_id = project.id, title = args.title, domain = args.domain, is_primary = false, aliases = args.aliases or {},
  })
end)

answers["visible.brands.update"] = of_row("brand_id", "visible_brands", function(call, project, brand)
  local refusal = taken(call, project, call.args.aliases or {}, "aliases", brand)
  if refusal then
    return nil, refusal
  end
  tools.apply(brand, call.args, "domain aliases")
  return brand_row(brand)
end)

answers["visible.brands.delete"] = of_row("brand_id", "visible_brands", function(call, _, brand)
  if brand.is_primary then
    return nil, laravel.about("brand", "Cannot delete the primary brand")
  end
  visible.forget(call)
  call.store.visible_brands:remove { brand }
end)

answers["visible.brands.aliases.add"] = of_row("brand_id", "visible_brands", function(call, project, brand)
  local refusal = taken(call, project, call.args.aliases, "aliases")
  if refusal then
    return nil, refusal
  end
  for _, title in ipairs(call.args.aliases) do
    brand.aliases[#brand.aliases + 1] = title
  end
  return { aliases = titles_of(brand) }
end)

answers["visible.brands.mentioned"] = of_project(function(call, project)
  local seen, list = {}, array {}
  local first = calendar.add(call.today, -30)
  for _, answer in ipairs(visible.answers(call, project, visible.prompts(call, project), first, call.today)) do
    for _, named in ipairs(answer.brands) do
      if not seen[named.brand.id] then
        seen[named.brand.id] = true
        list[#list + 1] = { id = named.brand.id, title = named.brand.title }
      end
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end)

-- ---- topics and prompts ----

answers["visible.topics.create"] = of_project(function(call, project)
  return add_topics(call, project, call.args.titles)
end)

answers["visible.topics.update"] = of_row("topic_id", "visible_topics", function(call, _, topic)
  topic.title = call.args.title
  return topic_row(topic)
end)

answers["visible.topics.delete"] = of_row("topic_id", "visible_topics", function(call, _, topic)
  call.store.visible_prompts:remove(call.store.visible_prompts:where { topic_id = topic.id })
  call.store.visible_topics:remove { topic }
end)

answers["visible.prompts.create"] = of_row("topic_id", "visible_topics", function(call, project, topic)
  local prompts = call.store.visible_prompts
  if #prompts.rows + #call.args.prompts > PLAN.prompts then
    return nil, laravel.about("prompts", "The plan has too few prompts left.")
  end
  return { ids = map(call.args.prompts, function(text)
    return prompts:add {
      project_id = project.id, topic_id = topic.id, text = text, made = call.now, first_day = calendar.day(call.today),
    }.id
  end) }
end)

answers["visible.prompts.get"] = of_row("prompt_id", "visible_prompts", function(call, _, prompt)
  return {
    id = prompt.id, text = prompt.text, topic_id = prompt.topic_id, created_at = calendar.date(prompt.first_day) .. " 00:00:00",
    is_parsed = visible.first_day(call, prompt) <= calendar.day(call.today),
  }
end)

answers["visible.prompts.delete"] = of_project(function(call, project)
  local rows, refusal = projects.rows(call, project, call.args.prompt_ids, "visible_prompts", "prompt_ids")
  if not rows then
    return nil, refusal
  end
  call.store.visible_prompts:remove(rows)
end)

answers["visible.prompts.move"] = of_row("topic_id", "visible_topics", function(call, project, topic)
  local args = call.args
  local rows, refusal = projects.rows(call, project, args.prompt_ids or {}, "visible_prompts", "prompt_ids")
  local topics
  if rows then
    topics, refusal = projects.rows(call, project, args.topic_ids or {}, "visible_topics", "topic_ids")
  end
  if not topics then
    return nil, refusal
  end
  for _, other in ipairs(topics) do
    for _, prompt in ipairs(call.store.visible_prompts:where { topic_id = other.id }) do
      rows[#rows + 1] = prompt
    end
  end
  for _, prompt in ipairs(rows) do
    prompt.topic_id = topic.id
  end
end)

-- ---- the plan ----

answers["visible.subscription.get"] = function(call)
  local used = { projects = #call.store.visible_projects.rows, prompts = #call.store.visible_prompts.rows, seats = 1 }
  local limits = {}
  for name, most in pairs(PLAN) do
    limits[name] = { max = most, used = used[name], available = most - used[name] }
  end
  return { plan = "core", status = "active", limits = limits }
end

return answers
