--- What the fake API answers: site audits, which run on the fake's clock.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local sample = require "seranking.fake.sample"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- Seconds from the start of a run to its next states.
local BEGINS, ENDS = 5, 60
-- A status read right after a recheck may still be the old one.
local OLD_STATUS = 5

-- What every audit finds.
local PAGES, LINKS, PAGES_WITH_ISSUE = 48, 30, 3
local TOTALS = { total_pages = PAGES, total_warnings = 6, total_errors = 1, total_passed = 402 }
local STATS = { score = 91, errors = 1, warnings = 6, notices = 22, crawled = PAGES }

-- ---- runs ----

--- The run that a status tells of: the last, but the one before it for a moment. And when that run ended, if it has.
local function run_of(call, audit)
  local runs = audit.runs
  local run = runs[#runs]
  if runs[2] and call.now - run < OLD_STATUS and call.now - runs[#runs - 1] >= ENDS then
    run = runs[#runs - 1]
  end
  return run, call.now - run >= ENDS and run + ENDS or nil
end

local function state_of(call, audit)
  local run, ended = run_of(call, audit)
  return ended and "finished" or call.now - run < BEGINS and "queued" or "processing"
end

--- The example of an operation, for what an audit tells when it has run.
local function found(call)
  return sample.of(call.route.operation, call.route.example)
end

--- Numbered rows like the example's one.
local function rows_like(row, count)
  local rows = {}
  for number = 1, count do
    rows[number] = sample.row(row, number)
    if type(row) == "table" then
      rows[number].id = tostring(tonumber(row.id) + number - 1)
    end
  end
  return rows
end

-- ---- audits ----

local function check_audit(args)
  if args.domain and not tools.host_of(args.domain) then
    return refuse(400, "Bad Request", "domain: not a host name, or a reserved one")
  elseif args.title and (tools.blank(args.title) or tools.characters(args.title) > 300) then
    return refuse(400, "Bad Request", "title: 1-300 characters")
  end
end

--- What a setting is when nobody has said anything.
local function default_of(definition)
  if definition.default ~= nil then
    return definition.default
  elseif definition.type:find("%[%]$") and not definition.style then
    return array {}
  end
  return ""
end

--- A setting as an answer has it: lists that are written as one text are one.
local function written(definition, value)
  if definition.style == "comma" then
    return table.concat(value, ",")
  elseif definition.style == "lines" then
    return table.concat(value, "\n")
  end
  return type(value) == "table" and array(value) or value
end

local function write_settings(call, audit)
  local fields = call.route.params.settings.fields
  for name, value in pairs(call.args.settings or {}) do
    audit.settings[name] = written(fields[name], value)
  end
end

local function default_settings()
  local settings = {}
  for name, definition in pairs(require("seranking.api.audit")[1].params.settings.fields) do
    settings[name] = default_of(definition)
  end
  return settings
end

answers["audit.create"] = function(call)
  local args = call.args
  local refusal = check_audit(args)
  if refusal then
    return nil, refusal
  end
  local audit = {
    url = "https://" .. tools.host_of(args.domain) .. "/", title = args.title or args.domain, group_id = args.group_id or 0,
    settings = default_settings(), runs = { call.now },
  }
  write_settings(call, audit)
  return { id = call.store.project_audits:add(audit).id }
end

local function is_listed(call, audit)
  local search, first, last = call.args.search, call.args.date_start, call.args.date_end
  local text = (audit.title .. "\n" .. audit.url):lower()
  return not (search and not text:find(search:lower(), 1, true) or first and call.today < first
    or last and call.today > last)
end

answers["audit.list"] = function(call)
  local rows = {}
  for _, audit in ipairs(call.store.project_audits.rows) do
    rows[#rows + 1] = is_listed(call, audit) and audit or nil
  end
  return {
    total = #rows,
    items = tools.map(tools.page(call, rows, 100), function(audit)
      local _, ended = run_of(call, audit)
      return {
        id = audit.id, url = audit.url, title = audit.title, status = state_of(call, audit), group_id = audit.group_id,
        last_update = ended and call.today or null, stats = ended and STATS or null,
        prev_stats = #audit.runs > 1 and STATS or null,
      }
    end),
  }
end

answers["audit.status"] = function(call)
  local run, ended = run_of(call, call.audit)
  local state = state_of(call, call.audit)
  local answer = {
    status = state, start_time = state ~= "queued" and tools.time(call, run + BEGINS) or null,
    audit_time = ended and tools.time(call, ended) or null,
  }
  for name, value in pairs(TOTALS) do
    answer[name] = ended and value or 0
  end
  return answer
end

answers["audit.report"] = function(call)
  local _, ended = run_of(call, call.audit)
  if not ended then
    return { is_finished = false }
  end
  local report = found(call)
  tools.apply(report, TOTALS, "total_pages total_warnings total_errors total_passed")
  report.domain_props.domain = tools.host_of(call.audit.url)
  report.audit_time = tools.time(call, ended)
  return report
end

--- A page of what a finished audit found, `count` rows in all; none of it before.
local function listed(call, member, total_name, count)
  local answer = found(call)
  local _, ended = run_of(call, call.audit)
  local rows = rows_like(answer[member][1], ended and count or 0)
  answer[member], answer[total_name] = tools.page(call, rows, 100), #rows
  return answer
end

answers["audit.pages"] = function(call)
  return listed(call, "items", "total", PAGES)
end

answers["audit.issue_pages"] = function(call)
  return listed(call, "urls", "total_urls", PAGES_WITH_ISSUE)
end

--- Whether a link meets the conditions, each joined to those before it.
local function meets(link, filter)
  local fine = true
  for i, condition in ipairs(filter or {}) do
    local this = tostring(link[condition.param]) == tostring(condition.value)
    if i > 1 and condition.type == "or" then
      fine = fine or this
    else
      fine = fine and this
    end
  end
  return fine
end

--- Every third link is an outside one; all but the first two answer 200.
answers["audit.found_links"] = function(call)
  local answer = found(call)
  local _, ended = run_of(call, call.audit)
  local kept = {}
  for number, link in ipairs(rows_like(answer.items[1], ended and LINKS or 0)) do
    link.type = number % 3 == 0 and "external" or "internal"
    link.status = number <= 2 and "404" or "200"
    local asked = call.args.page_type or "all"
    if (asked == "all" or asked == link.type) and meets(link, call.args.filter) then
      kept[#kept + 1] = link
    end
  end
  answer.items, answer.total = tools.page(call, kept, 100), #kept
  return answer
end

answers["audit.history"] = function(call)
  local answer = found(call)
  answer.audit_time = call.args.date .. " 00:01:00"
  return answer
end

answers["audit.update"] = function(call)
  local refusal = check_audit(call.args)
  if not refusal then
    call.audit.title = call.args.title
  end
  return array {}, refusal
end

answers["audit.delete"] = function(call)
  local store, under = call.store, { audit_id = call.audit.id }
  store.sitemaps:remove(store.sitemaps:where(under))
  store.page_lists:remove(store.page_lists:where(under))
  store.project_audits:remove { call.audit }
  return array {}
end

answers["audit.recheck"] = function(call)
  table.insert(call.audit.runs, call.now)
  return array {}
end

-- ---- settings, sitemaps and lists of pages ----

answers["audit.settings.get"] = function(call)
  return call.audit.settings
end

answers["audit.settings.update"] = function(call)
  write_settings(call, call.audit)
  return array {}
end

answers["audit.settings.reset"] = function(call)
  call.audit.settings = default_settings()
end

answers["audit.sitemaps.list"] = function(call)
  return tools.map(call.store.sitemaps:where { audit_id = call.audit.id }, function(sitemap)
    return { id = sitemap.id, url = sitemap.url, pages_count = PAGES }
  end)
end

answers["audit.sitemaps.create"] = function(call)
  if not tools.host_of(call.args.url) then
    return nil, refuse(400, "Bad Request", "url: not an address")
  end
  call.audit.settings.source_sitemap = 1
  return { id = call.store.sitemaps:add({ audit_id = call.audit.id, url = call.args.url }).id }
end

answers["audit.sitemaps.delete"] = function(call)
  call.store.sitemaps:remove { call.sitemap }
end

answers["audit.source_pages.list"] = function(call)
  return tools.map(call.store.page_lists:where { audit_id = call.audit.id }, function(list)
    return { id = list.id, pages_count = list.pages }
  end)
end

answers["audit.source_pages.create"] = function(call)
  local _, pages = call.args.file.data:gsub("[^\r\n]*%S[^\r\n]*", "")
  call.audit.settings.source_file = 1
  call.store.page_lists:add { audit_id = call.audit.id, pages = pages }
  return { added = pages }
end

answers["audit.source_pages.delete"] = function(call)
  call.store.page_lists:remove { call.page_list }
end

return answers
