--- The Data API's jobs, and what else it remembers: exports, tasks of results pages, site audits, credits.
-- SPDX-License-Identifier: MIT
--
-- Jobs move on by the clock alone.

local credits = require "seranking.fake.credits"
local files = require "seranking.fake.files"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local sample = require "seranking.fake.sample"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local jobs = {}

local DAY = 86400

-- Seconds from the start of a job to its next states.
local EXPORT_BEGINS, EXPORT_ENDS, FILE_LIVES = 5, 20, 3600
local TASK_ENDS = 8
local CRAWL_BEGINS, CRAWL_ENDS = 10, 70
-- A status read right after a recheck may still be the old one.
local OLD_STATUS = 5

local CRAWLED = 48 -- pages of every site

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
      addon = { remaining = 0 }, wallet = { remaining = 0 },
    },
    access = { can_use_data_api = account.left > 0, primary_reason = account.left > 0 and "subscription" or "no_credits" },
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

jobs["data.backlinks.export.create"] = function(call)
  local exports = call.store.exports
  if #exports.rows >= call.max_exports then
    return { task_status = "rejected" }
  end
  local refusal = credits.charge(call, call.route.operation.cost[1] * call.rows)
  if refusal then
    return nil, refusal
  end
  local export = exports:add { target = call.args.target, rows = call.rows, made = call.now }
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
  local lines = { "url_from,url_to,anchor\n" }
  for i = 1, export.rows do
    lines[i + 1] = ("https://harbour.example/boats?n=%d,https://%s/,anchor %d\n"):format(i, export.target, i)
  end
  return files.gzip(table.concat(lines))
end

-- ---- results pages ----

jobs["data.serp.classic.add_tasks"] = function(call)
  local args, made = call.args, array {}
  local refusal = credits.charge(call, credits.price(call, 0))
  if refusal then
    return nil, refusal
  end
  for i, query in ipairs(args.query) do
    local task = call.store.serp_tasks:add {
      query = query, location_id = args.location_id or 2826, device = args.device, language_code = args.language_code,
      tag = args.tag, made = call.now,
    }
    made[i] = { id = task.id, query = task.query, location_id = task.location_id }
  end
  return made
end

local function task_done(call, task)
  return call.now - task.made >= TASK_ENDS
end

jobs["data.serp.classic.list_tasks"] = function(call)
  local rows = array {}
  for _, task in ipairs(call.store.serp_tasks.rows) do
    if call.now - task.made < DAY then
      local done = task_done(call, task)
      rows[#rows + 1] = {
        id = task.id, query = task.query, status = not done and "processing" or nil, is_completed = done, tag = task.tag,
      }
    end
  end
  return rows
end

local function task_of(call)
  local task = call.store.serp_tasks:get(call.args.task_id)
  if not task or call.now - task.made >= DAY then
    return not_found("task_id: no such task, or older than a day")
  end
  return task
end

local function task_results(call)
  local task, refusal = task_of(call)
  if not task then
    return nil, refusal
  elseif not task_done(call, task) then
    return { status = "processing" }
  end
  local answer = sample.of(call.route.operation)
  local asked = answer.request_metadata
  asked.keyword, asked.device, asked.location_id = task.query, task.device, task.location_id
  asked.language_code = task.language_code
  return answer
end

jobs["data.serp.classic.task_results"] = task_results
jobs["data.serp.classic.task_results_advanced"] = task_results

jobs["data.serp.classic.task_html"] = function(call)
  local task, refusal = task_of(call)
  if not task then
    return nil, refusal
  elseif not task_done(call, task) then
    return nil, refuse(409, "Conflict", "the task is not done yet")
  end
  return files.new("application/zip", files.zip("page1.html", "<html><title>" .. task.id .. "</title></html>\n"))
end

jobs["data.serp.classic.locations"] = function(call)
  local args = call.args
  if #args.q < 2 then
    return nil, refuse(400, "Bad Request", "q: at least 2 characters")
  end
  local answer = sample.of(call.route.operation)
  for _, row in ipairs(answer.data) do
    row.country_code = args.country_code:upper()
    row.google_ads_location_id = args.include and row.google_ads_location_id
  end
  return answer
end

-- ---- site audits ----

--- A time of the fake's clock as the API writes times.
local function stamp(run, at)
  return ("%s %02d:%02d:%02d"):format(run.date, math.floor(at / 3600) % 24, math.floor(at / 60) % 60, math.floor(at) % 60)
end

local function audit_of(call)
  local audit = call.store.audits:get(call.args.audit_id)
  if not audit then
    return not_found("audit_id: no such audit")
  end
  return audit
end

-- `ended` tells it of runs that a recheck came after.
local function run_ended(call, run)
  if run.ended ~= nil then
    return run.ended
  end
  return call.now - run.start >= CRAWL_ENDS
end

local function start(call, audit)
  audit.runs[#audit.runs + 1] = { start = call.now, date = call.today }
end

--- The run whose state is shown, its state, and how many pages it has seen.
local function look(call, audit)
  local run, before = audit.runs[#audit.runs], audit.runs[#audit.runs - 1]
  if before and before.ended and call.now - run.start < OLD_STATUS then
    return before, "finished", audit.pages
  end
  local age = call.now - run.start
  if age < CRAWL_BEGINS then
    return run, "queued", 0
  elseif age < CRAWL_ENDS then
    return run, "processing", math.floor(audit.pages * (age - CRAWL_BEGINS) / (CRAWL_ENDS - CRAWL_BEGINS))
  end
  return run, "finished", audit.pages
end

local function counted(pages)
  return {
    total_pages = pages, total_warnings = math.floor(pages / 4), total_errors = math.floor(pages / 16),
    total_passed = pages * 2,
  }
end

local function create(call)
  local args = call.args
  local settings = args.settings or {}
  local pages = math.min(settings.max_pages or 1000, CRAWLED)
  local refusal = credits.charge(call, call.route.operation.cost[1] * pages)
  if refusal then
    return nil, refusal
  end
  local audit = call.store.audits:add {
    domain = args.domain, title = args.title or args.domain, settings = settings, pages = pages, runs = {},
  }
  start(call, audit)
  return { id = audit.id }
end

local function recheck(call)
  local audit, refusal = audit_of(call)
  refusal = refusal or credits.charge(call, call.route.operation.cost[1] * audit.pages)
  if refusal then
    return nil, refusal
  end
  local last = audit.runs[#audit.runs]
  last.ended = run_ended(call, last)
  start(call, audit)
  return array {}
end

--- The rows first to last of `count`, by the call's offset and limit.
local function rows_of(call, count, make)
  local rows = array {}
  local before = call.args.offset or 0
  for number = before + 1, math.min(before + (call.args.limit or 100), count) do
    rows[#rows + 1] = make(number)
  end
  return rows
end

local function page_url(audit, number)
  return "https://" .. audit.domain .. "/p" .. number
end

local FIRST_PAGE = 61000000

jobs["data.site_audit.audits.create_standard"] = create
jobs["data.site_audit.audits.create_advanced"] = create
jobs["data.site_audit.audits.recheck_standard"] = recheck
jobs["data.site_audit.audits.recheck_advanced"] = recheck

jobs["data.site_audit.audits.list"] = function(call)
  local args, found = call.args, {}
  for _, audit in ipairs(call.store.audits.rows) do
    local date = audit.runs[#audit.runs].date
    if (not args.search or audit.title:find(args.search, 1, true) or audit.domain:find(args.search, 1, true))
      and (not args.date_start or date >= args.date_start) and (not args.date_end or date <= args.date_end) then
      found[#found + 1] = audit
    end
  end
  local row = sample.of(call.route.operation).items[1]
  local items = rows_of(call, #found, function(number)
    local audit = found[number]
    local run, status, pages = look(call, audit)
    local totals = counted(pages)
    local made = sample.copy(row)
    made.id, made.url, made.title, made.status = audit.id, audit.domain, audit.title, status
    made.last_update = stamp(run, call.now)
    made.stats = {
      crawled = pages, errors = totals.total_errors, warnings = totals.total_warnings, notices = 0,
      score = pages > 0 and 77 or 0,
    }
    return made
  end)
  return { items = items, total = #found }
end

jobs["data.site_audit.audits.update"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  audit.title = call.args.title
  return array {}
end

jobs["data.site_audit.audits.delete"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  call.store.audits:remove { audit }
  return array {}
end

jobs["data.site_audit.audits.status"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local run, status, pages = look(call, audit)
  local answer = counted(pages)
  answer.status, answer.start_time = status, stamp(run, run.start)
  answer.audit_time = status == "finished" and stamp(run, run.start + CRAWL_ENDS) or null
  return answer
end

jobs["data.site_audit.audits.report"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local run, status, pages = look(call, audit)
  if status ~= "finished" then
    return { is_finished = false }
  end
  local answer = sample.of(call.route.operation)
  for name, value in pairs(counted(pages)) do
    answer[name] = value
  end
  answer.audit_time, answer.domain_props.domain = stamp(run, run.start + CRAWL_ENDS), audit.domain
  return answer
end

jobs["data.site_audit.audits.pages"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local _, _, pages = look(call, audit)
  local row = sample.of(call.route.operation).items[1]
  return { total = pages, items = rows_of(call, pages, function(number)
    local made = sample.copy(row)
    made.id, made.url = tostring(FIRST_PAGE + number), page_url(audit, number)
    made.url_len, made.canonical_url = tostring(#made.url), made.url
    return made
  end) }
end

--- The first two pages share a title.
jobs["data.site_audit.audits.issue_pages"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local _, _, pages = look(call, audit)
  local count = call.args.code == "title_duplicate" and math.min(pages, 2) or 0
  return {
    total_urls = count, urls_type = "simple_urls_array",
    urls = rows_of(call, count, function(number) return page_url(audit, number) end),
  }
end

jobs["data.site_audit.audits.issues"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local _, _, pages = look(call, audit)
  local args = call.args
  local number = args.url_id and args.url_id - FIRST_PAGE or tonumber((args.url:match("/p(%d+)$")))
  if not number or number < 1 or number > pages or args.url and args.url ~= page_url(audit, number) then
    return not_found("no such page")
  end
  local answer = sample.of(call.route.operation)
  answer.url = page_url(audit, number)
  answer.issues = rows_of(call, number <= 2 and 1 or 0, function() return answer.issues[1] end)
  return answer
end

jobs["data.site_audit.audits.links"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  local _, _, pages = look(call, audit)
  local row = sample.of(call.route.operation).items[1]
  return { total = pages, items = rows_of(call, pages, function(number)
    local made = sample.copy(row)
    made.id, made.url, made.source_url = tostring(3300 + number), page_url(audit, number), page_url(audit, 1)
    return made
  end) }
end

jobs["data.site_audit.audits.history"] = function(call)
  local audit, refusal = audit_of(call)
  if refusal then
    return nil, refusal
  end
  for _, run in ipairs(audit.runs) do
    if run.date == call.args.date and run_ended(call, run) then
      local answer = sample.of(call.route.operation)
      answer.audit_time, answer.settings = stamp(run, run.start + CRAWL_ENDS), {}
      for name, value in pairs(audit.settings) do
        answer.settings[name] = type(value) == "table" and table.concat(value, "\n") or value
      end
      answer.totals = counted(audit.pages)
      return answer
    end
  end
  return not_found("date: no run on this day")
end

return jobs
