--- Walks over every list of both generations and the Data API: with servers that clamp `limit`, with and without totals, over
--- lists that stay the same and lists that change between pages.
-- SPDX-License-Identifier: MIT
--
-- Guarantees for a list that changes, by paging style. "Kept" rows are in the list from the first request to the last.
--   cursor         every kept row once, if the server's cursor names a row
--   offset, page   while rows appear: every kept row at least once; while rows vanish: no row twice, and at most as many kept
--                  rows are missed as have vanished, because the rest moves up
-- A walk never ends without an error before the server says that the list ends.

local planner = require "seranking.request.plan"
local script = require "support.script"

local floor, min, max = math.floor, math.min, math.max

local preload = os.getenv "LD_PRELOAD" or ""
local ROUNDS = tonumber(os.getenv "WALK_ROUNDS") -- more rounds
  or _VERSION == "Lua 5.4" and not preload:find "asan" and not preload:find "valgrind" and 4 or 1

-- Returns a random generator that is the same on every Lua: chance() is from 0 to 1, chance(most) from 1 to `most`.
local function chances(seed)
  local state = seed * 7919 % 2147483646 + 1
  return function(most)
    state = (state * 16807) % 2147483647
    local part = state / 2147483647
    return most and 1 + floor(part * most) or part
  end
end

-- ---- every walkable operation ----

local samples = {
  id = 7, integer = 5, number = 5, string = "us", text = "us", date = "2026-01-01", month = "2026-01", boolean = true, flag = 1,
}

local function sample(definition)
  local element = definition.type:match "^(.-)%[%]$"
  local value = definition.enum and definition.enum[1] or samples[element or definition.type]
  return element and { value } or value
end

-- The required arguments.
local function arguments(plan)
  local args = {}
  for _, places in ipairs { plan.ids, plan.query, plan.body or {} } do
    for _, place in ipairs(places) do
      if place[3] or places == plan.ids then
        args[place[1]] = sample(place[2])
      end
    end
  end
  local choice = plan.one_of or plan.any_of
  if choice then
    args[choice[1]] = sample(plan.definitions[choice[1]])
  end
  return args
end

local lists = {}

local function add_list(resource, description, api)
  local plan = planner.of(resource, description, api)
  if plan and plan.pages and plan.pages.style then
    lists[#lists + 1] = { resource = resource, name = description[1], api = api, plan = plan, args = arguments(plan) }
  end
end

local function add_lists()
  for _, file in pairs(require "seranking.api") do
    for _, resource in ipairs(require(file)) do
      for _, description in ipairs(resource.operations) do
        for _, api in ipairs { "v4", "v1", "data" } do
          add_list(resource, description, api)
        end
      end
    end
  end
end

local compiler = rawget(_G, "jit")
if compiler then -- LuaJIT 2.1.0-beta3 loses one of the lists when it compiles these loops
  compiler.off(add_list)
  compiler.off(add_lists)
end
add_lists()
table.sort(lists, function(a, b) return a.api .. a.plan.name < b.api .. b.plan.name end)

-- ---- servers ----

-- The value of a query parameter.
local function value(request, name)
  return ("&" .. (request.query or "")):match("&" .. name .. "=([^&]*)")
end

-- A server of the list `rows`, numbers in ascending order, which calls `change` before each request but the first.
local function server(list, rows, chance, change)
  local about = list.plan.pages
  local limit_name = (list.plan.definitions.limit or {}).wire or "limit"
  local position = about.param or about.style
  local clamp = max(1, floor(1000 ^ chance()))
  local usual = min(clamp, about.size or 100)
  local with_total, by_request = about.total and chance() < 0.5, chance() < 0.5
  return function(request, number)
    if change and number > 1 then
      change(rows)
    end
    local asked = tonumber(value(request, limit_name)) or usual
    local size, at = min(asked, clamp), value(request, position)
    local before = 0
    if about.style == "offset" then
      before = tonumber(at)
    elseif about.style == "page" then
      before = (tonumber(at) - 1) * (by_request and asked or size)
    elseif at then
      while rows[before + 1] and rows[before + 1] <= tonumber(at) do
        before = before + 1
      end
    end
    local found = {}
    for i = before + 1, min(before + size, #rows) do
      found[#found + 1] = ('{"id":%d}'):format(rows[i])
    end
    local text = "[" .. table.concat(found, ",") .. "]"
    if list.plan.answer == "array" then
      return text
    end
    text = ('{"%s":%s'):format(about.rows, text)
    if with_total then
      text = ('%s,"%s":%d'):format(text, about.total, #rows)
    end
    if about.cursor and before + #found < #rows then
      text = ('%s,"%s":"%d"'):format(text, about.cursor, rows[before + #found])
    end
    return text .. "}"
  end, clamp
end

-- Walks to the end, resuming where it was interrupted. Returns how often each row came, and the rows in their order.
local function walk(op, list, args, chance, interrupted)
  local counts, order, token = {}, {}, nil
  for _ = 1, 1000 do
    local next_row, state = op:each(args, { max_rows = chance() < 0.5 and math.huge or nil, resume = token })
    local left = interrupted and chance(40)
    for row in next_row do
      counts[row.id] = (counts[row.id] or 0) + 1
      order[#order + 1] = row.id
      left = left and left - 1
      if left == 0 then
        break
      end
    end
    token = state.resume
    if not token then
      return counts, order
    end
  end
  error(list.plan.name .. ": the walk has no end")
end

local function numbers(count)
  local rows = {}
  for i = 1, count do
    rows[i] = i * 1000
  end
  return rows
end

local function each_round(list, seed, run)
  for round = 1, ROUNDS do
    local chance = chances(seed * 100 + round)
    local respond, args = nil, {}
    for name, argument in pairs(list.args) do
      args[name] = argument
    end
    if chance() < 0.5 then
      args.limit = list.plan.definitions.limit and min(chance(120), list.plan.pages.max or 120) or nil
    end
    local client = script.new(function(request, number) return respond(request, number) end,
      { share = "off", api = list.api ~= "data" and list.api or nil })
    local op = script.operation(list.api == "data" and client.data or client, list.resource, list.name)
    run(op, args, chance, function(rows, change)
      local clamp
      respond, clamp = server(list, rows, chance, change)
      return clamp
    end)
  end
end

describe("a walk over", function()
  it("the lists with pages covers all generations", function()
    local count = {}
    for _, list in ipairs(lists) do
      count[list.api] = (count[list.api] or 0) + 1
    end
    assert.is_true(count.v4 >= 8 and count.v1 >= 10 and count.data >= 18)
  end)

  for seed, list in ipairs(lists) do
    local named = list.plan.name .. " on " .. list.api

    it(named .. " delivers every row once, however the server clamps limit", function()
      each_round(list, seed, function(op, args, chance, serve)
        local rows = numbers(floor(chance() * 300))
        if chance() < 0.2 then
          rows = numbers(1000 + chance(300))
        end
        serve(rows)
        local _, order = walk(op, list, args, chance, chance() < 0.3)
        assert.same(rows, order)
      end)
    end)

    it(named .. " keeps the guarantee while rows appear", function()
      each_round(list, seed + 1000, function(op, args, chance, serve)
        local kept = numbers(floor(chance() * 200))
        local rows = numbers(#kept)
        serve(rows, function(changing)
          if chance() < 0.3 and #changing < 2 * #kept then
            local key = chance((#kept + 1) * 1000)
            for i = 1, #changing + 1 do
              if not changing[i] or changing[i] > key then
                table.insert(changing, i, key)
                break
              elseif changing[i] == key then
                break
              end
            end
          end
        end)
        local counts = walk(op, list, args, chance)
        for _, id in ipairs(kept) do
          assert.is_true(counts[id] == 1 or counts[id] and list.plan.pages.style ~= "cursor", id .. " is missing")
        end
      end)
    end)

    it(named .. " keeps the guarantee while rows vanish", function()
      each_round(list, seed + 2000, function(op, args, chance, serve)
        local rows, gone = numbers(floor(chance() * 200)), 0
        serve(rows, function(changing)
          if chance() < 0.3 and #changing > 0 then
            table.remove(changing, chance(#changing))
            gone = gone + 1
          end
        end)
        local counts = walk(op, list, args, chance)
        local missed = 0
        for _, id in ipairs(rows) do
          missed = missed + (counts[id] and 0 or 1)
        end
        for id, count in pairs(counts) do
          assert.equal(1, count, id)
        end
        assert.is_true(missed == 0 or list.plan.pages.style ~= "cursor" and missed <= gone,
          missed .. " missed, " .. gone .. " gone")
      end)
    end)
  end
end)
