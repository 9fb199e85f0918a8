--- What the fake API answers: site audits, which run on the fake's clock.
-- SPDX-License-Identifier: MIT

local crawl = require "seranking.fake.web.crawl"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- Seconds from the start of a run to its next states.
local BEGINS, ENDS = 5, 60
-- A status read right after a recheck may still be the old one.
local OLD_STATUS = 5

local FIRST_PAGE = 9000 -- ids of pages begin behind it

-- ---- runs ----

--- The run that a status tells of: the last, but the one before it for a moment. And when that run ended, if it has.
local function run_of(call, audit)
  local runs = audit.runs
  local run, before = runs[#runs], runs[#runs - 1]
  if before and call.now - run.start < OLD_STATUS and call.now - before.start >= ENDS then
    run, before = before, runs[#runs - 2]
  end
  return run, call.now - run.start >= ENDS and run.start + ENDS or nil, before
end

local function state_of(call, audit)
  local run, ended = run_of(call, audit)
  return ended and "finished" or call.now - run.start < BEGINS and "queued" or "processing"
end

local function start(call, audit)
  local settings = {}
  for name, value in pairs(audit.settings) do
    settings[name] = value
  end
  local host = tools.host_of(audit.url)
  table.insert(audit.runs, {
    start = call.now, date = call.today, settings = settings, host = host,
    pages = crawl.count(call, host, call.today, settings),
  })
end

--- A time of the fake's clock on the day of a run.
local function stamp(run, at)
  return tools.time({ today = run.date }, at)
end

--- What a run found.
local function found(call, run)
  return crawl.of(call, run.host, run.date, run.settings)
end

--- What the call's audit found, and on how many pages; on none before its end.
local function found_so_far(call)
  local run, ended = run_of(call, call.audit)
  return found(call, run), ended and run.pages or 0
end

local function stats_of(call, run)
  local totals = crawl.totals(found(call, run), run.pages)
  return {
    score = totals.score, errors = totals.total_errors, warnings = totals.total_warnings, notices = totals.total_notices,
    crawled = run.pages,
  }
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
    settings = default_settings(), runs = {},
  }
  write_settings(call, audit)
  start(call, audit)
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
      local run, ended, before = run_of(call, audit)
      return {
        id = audit.id, url = audit.url, title = audit.title, status = state_of(call, audit), group_id = audit.group_id,
        last_update = ended and run.date or null, stats = ended and stats_of(call, run) or null,
        prev_stats = before and stats_of(call, before) or null,
      }
    end),
  }
end

local TOTALS = "total_pages total_errors total_warnings total_passed"

answers["audit.status"] = function(call)
  local run, ended = run_of(call, call.audit)
  local state = state_of(call, call.audit)
  local answer = {
    status = state, start_time = state ~= "queued" and stamp(run, run.start + BEGINS) or null,
    audit_time = ended and stamp(run, ended) or null,
  }
  local one, seen = found_so_far(call)
  tools.apply(answer, crawl.totals(one, seen), TOTALS)
  return answer
end

answers["audit.report"] = function(call)
  local run, ended = run_of(call, call.audit)
  if not ended then
    return { is_finished = false }
  end
  local one = found(call, run)
  local totals = crawl.totals(one, run.pages)
  local report = {
    is_finished = true, domain_props = crawl.domain(call, one, run.date), sections = array(crawl.sections(one, run.pages)),
    score_percent = totals.score, weighted_score_percent = totals.weighted_score, audit_time = stamp(run, ended),
  }
  report.domain_props.dt, report.domain_props.updated = tonumber(report.domain_props.dt), nil
  tools.apply(report, totals, TOTALS .. " total_notices")
  return report
end

local PAGE = "url url_len url_protocol type status size depth sitemap noindex nofollow blocked_robots robots first_ms load_ms "
  .. "title title_len title_duplicate description description_len h1 h1_len h2 h2_len words_count chars html_ratio "
  .. "canonical_url inlinks outlinks_internal issues errors warnings notices"

local function page_row(run, page)
  local indexable = page.status == 200 and page.noindex == 0
  local row = crawl.row(page, PAGE, FIRST_PAGE + page.number)
  row.words_count, row.indexable = ("%d"):format(page.words), indexable and "1" or "0"
  row.indexable_status = indexable and "indexable" or page.noindex == 1 and "noindex" or "status"
  row.time_check = stamp(run, run.start + BEGINS + page.number % (ENDS - BEGINS))
  return row
end

answers["audit.pages"] = function(call)
  local one, seen = found_so_far(call)
  local run = run_of(call, call.audit)
  local pages = {}
  for number = 1, seen do
    pages[number] = one.pages[number]
  end
  return { total = seen, items = tools.map(tools.page(call, pages, 100), function(page) return page_row(run, page) end) }
end

answers["audit.issue_pages"] = function(call)
  local one, seen = found_so_far(call)
  local pages = crawl.with_issue(one, call.args.code, seen)
  return {
    total_urls = #pages, urls_type = "simple_urls_array",
    urls = tools.map(tools.page(call, pages, 100), function(page) return page.url end),
  }
end

answers["audit.issues"] = function(call)
  local one, seen = found_so_far(call)
  local page = crawl.page(call, one, seen, FIRST_PAGE)
  if not page then
    return nil, refuse(404, "Not Found", "no such page, or the audit has not finished")
  end
  return {
    url = page.url, issues = array(crawl.issues(page)),
    page_data = { title = page.title, h1 = page.h1, words = page.words, inlinks = page.inlinks },
  }
end

answers["audit.found_links"] = function(call)
  local kept = crawl.links(call, found_so_far(call))
  return { total = #kept, items = tools.map(tools.page(call, kept, 100), function(link)
    return crawl.row(link, "url source_url status type anchor_type alt title nofollow source_noindex", link.number)
  end) }
end

answers["audit.history"] = function(call)
  for i = #call.audit.runs, 1, -1 do
    local run = call.audit.runs[i]
    if run.date == call.args.date and call.now - run.start >= ENDS then
      local one = found(call, run)
      local answer = {
        audit_time = stamp(run, run.start + ENDS), settings = run.settings, totals = {},
        pages_data = crawl.counts(one, run.pages),
      }
      tools.apply(answer.totals, crawl.totals(one, run.pages), TOTALS)
      return answer
    end
  end
  return nil, refuse(404, "Not Found", "date: no run on this day")
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
  start(call, call.audit)
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
  local run, listed = run_of(call, call.audit), 0
  for _, page in ipairs(found(call, run).pages) do
    listed = listed + page.sitemap
  end
  return tools.map(call.store.sitemaps:where { audit_id = call.audit.id }, function(sitemap)
    return { id = sitemap.id, url = sitemap.url, pages_count = listed }
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
