--- What the fake API answers: paid look-ups of search volumes.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, refuse = json.array, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- Seconds that a look-up takes.
local DURATION = 10
local COUNTRY = "us" -- of the only region in system.volume_regions

answers["key_volume.create"] = function(call)
  for _, query in ipairs(call.args.query) do
    if tools.blank(query) then
      return nil, refuse(400, "Invalid", "query: empty")
    end
  end
  if call.args.region_id and (call.args.region_id < 1 or call.args.region_id > call.regions) then
    return nil, refuse(400, "Invalid region id", "region_id: not known")
  end
  return { id = call.store.volume_tasks:add({ query = array(call.args.query), made = call.now }).id }
end

local function is_done(call, task)
  return call.now - task.made >= DURATION
end

answers["key_volume.list"] = function(call)
  return tools.map(call.store.volume_tasks.rows, function(task)
    return {
      id = task.id, add_time = tools.time(call, task.made), total_queries = #task.query,
      total_finished = is_done(call, task) and #task.query or 0, country = COUNTRY,
    }
  end)
end

answers["key_volume.get"] = function(call)
  if not is_done(call, call.task) then
    return { status = "processing" }
  end
  return tools.map(call.task.query, function(query)
    return { query = query, volume = keywords.figures(call.seed, COUNTRY, query).volume }
  end)
end

answers["key_volume.delete"] = function(call)
  call.store.volume_tasks:remove { call.task }
end

return answers
