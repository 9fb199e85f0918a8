--- The Data API's jobs, and what else it remembers: exports and credits.
-- SPDX-License-Identifier: MIT
--
-- Jobs move on by the clock alone.

local addresses = require "seranking.fake.addresses"
local credits = require "seranking.fake.credits"
local files = require "seranking.fake.files"
local links = require "seranking.fake.web.links"
local resolve = require "seranking.fake.resolve"

local refuse = resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local jobs = {}

-- Seconds from the start of a job to its next states.
local EXPORT_BEGINS, EXPORT_ENDS, FILE_LIVES = 5, 20, 3600

local function not_found(reason)
  return nil, refuse(404, "Not Found", reason)
end

-- ---- account ----

jobs["data.account.subscription"] = function(call)
  return {
    subscription_info = {
      status = "active", start_date = "2026-01-01 00:00:00", expiraton_date = "2027-01-01 00:00:00",
      units_limit = ("%d"):format(call.store.credits.limit), units_left = ("%d"):format(call.store.credits.left),
    },
  }
end

jobs["data.account.credit_balance"] = function(call)
  local account = call.store.credits
  return { limit = ("%d"):format(account.limit), used = ("%d"):format(account.limit - account.left) }
end

jobs["data.account.credits"] = function(call)
  local account = call.store.credits
  return {
    totals = {
      subscription = { remaining = account.left, total = account.limit, expire_at = "2027-01-01 00:00:00" },
      addon = { remaining = 0 }, wallet = { remaining = account.wallet },
    },
    access = {
      can_use_data_api = account.left + account.wallet > 0,
      primary_reason = account.left > 0 and "subscription" or account.wallet > 0 and "wallet" or "no_credits",
    },
    credit_expire_at = "2027-01-01 00:00:00",
  }
end

-- ---- exports ----

local function export_of(store, task_id)
  return store.exports:get(tonumber(task_id:match("^1_(%d+)$")))
end

local function export_state(call, export)
  local age = call.now - export.made
  return age < EXPORT_BEGINS and "queued_for_processing" or age < EXPORT_ENDS and "processing" or "complete"
end

local function cell(value)
  local text = tostring(value)
  return text:find '[,"\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

-- The links that data.backlinks.all has, as CSV.
local function csv_of(found)
  local lines = { table.concat(links.MEMBERS, ",") .. "\n" }
  for i, one in ipairs(found) do
    local cells = {}
    for place, name in ipairs(links.MEMBERS) do
      cells[place] = cell(one[name])
    end
    lines[i + 1] = table.concat(cells, ",") .. "\n"
  end
  return table.concat(lines)
end

jobs["data.backlinks.export.create"] = function(call)
  local exports = call.store.exports
  if #exports.rows >= call.max_exports then
    return { task_status = "rejected" }
  end
  local found = links.now(call, call.args.target, call.args.mode)
  local refusal = credits.charge(call, call.route.operation.cost[1] * #found)
  if refusal then
    return nil, refusal
  end
  local export = exports:add { made = call.now, text = csv_of(found) }
  return { task_id = "1_" .. export.id, task_status = export_state(call, export) }
end

jobs["data.backlinks.export.status"] = function(call)
  local export = export_of(call.store, call.args.task_id)
  if not export then
    return not_found("task_id: no such export")
  end
  local state = export_state(call, export)
  return {
    task_id = call.args.task_id, task_status = state,
    download_file = state == "complete" and call.files .. "/exports/" .. call.args.task_id .. ".csv.gz" or nil,
  }
end

addresses.checked(jobs)

--- The file of an export, by its path on the files' host.
---@param store seranking.fake.Store
---@param path string
---@param now number
---@return string? data, seranking.fake.Refusal? refusal
function jobs.file(store, path, now)
  local export = export_of(store, path:match("^/exports/([%w_]+)%.csv%.gz$") or "")
  local age = export and now - export.made - EXPORT_ENDS
  if not export or age < 0 or age >= FILE_LIVES then
    return not_found(not export and "no such file" or age < 0 and "the file is not there yet" or "the file is gone")
  end
  return files.gzip(export.text)
end

return jobs
