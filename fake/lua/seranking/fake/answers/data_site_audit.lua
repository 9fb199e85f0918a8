--- What the fake API answers: the Data API's site audits, which run on the fake's clock.
-- SPDX-License-Identifier: MIT

local crawl = require "seranking.fake.web.crawl"
local credits = require "seranking.fake.credits"
local domains = require "seranking.fake.web.domains"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- Seconds from the start of a run to its next states.
local BEGINS, ENDS = 10, 70
-- A status read right after a recheck may still be the old one.
local OLD_STATUS = 5

local FIRST_PAGE, FIRST_LINK = 61000000, 3300 -- ids of pages and links begin behind these

-- ---- runs ----

--- A time of the fake's clock on the day of a run.
local function stamp(run, at)
  return tools.time({ today = run.date }, at)
end

-- `ended` tells it of runs that a recheck came after.
local function run_ended(call, run)
  if run.ended ~= nil then
    return run.ended
  end
  return call.now - run.start >= ENDS
end

--- Starts a run, and charges its pages. A refusal if there are too few credits.
local function start(call, audit)
  local pages = crawl.count(call, audit.host, call.today, audit.settings)
  local refusal = credits.charge(call, call.route.operation.cost[1] * pages)
  if not refusal then
    audit.runs[#audit.runs + 1] = { start = call.now, date = call.today, pages = pages }
  end
  return refusal
end

--- The run whose state is shown, its state, and how many pages it has seen.
local function look(call, audit)
  local run, before = audit.runs[#audit.runs], audit.runs[#audit.runs - 1]
  if before and before.ended and call.now - run.start < OLD_STATUS then
    return before, "finished", before.pages
  end
  local age = call.now - run.start
  if age < BEGINS then
    return run, "queued", 0
  elseif age < ENDS then
    return run, "processing", math.floor(run.pages * (age - BEGINS) / (ENDS - BEGINS))
  end
  return run, "finished", run.pages
end

local function found(call, audit, run)
  return crawl.of(call, audit.host, run.date, audit.settings)
end

--- An operation that answers for an audit: `answer` gets the call, the audit, the run, what it found and on how many pages.
local function of_audit(answer)
  return function(call)
    local audit = call.store.audits:get(call.args.audit_id)
    if not audit then
      return nil, refuse(404, "Not Found", "audit_id: no such audit")
    end
    local run, state, seen = look(call, audit)
    return answer(call, audit, { run = run, state = state, seen = seen, crawl = found(call, audit, run) })
  end
end

local TOTALS = "total_pages total_errors total_warnings total_passed"

-- ---- audits ----

local function create(call)
  local args = call.args
  local audit = {
    domain = args.domain, host = domains.host(args.domain), title = args.title or args.domain, settings = args.settings or {},
    runs = {},
  }
  local refusal = start(call, audit)
  if refusal then
    return nil, refusal
  end
  return { id = call.store.audits:add(audit).id }
end

local recheck = of_audit(function(call, audit)
  local last = audit.runs[#audit.runs]
  local ended = run_ended(call, last)
  local refusal = start(call, audit)
  if refusal then
    return nil, refusal
  end
  last.ended = ended
  return array {}
end)

answers["data.site_audit.audits.create_standard"] = create
answers["data.site_audit.audits.create_advanced"] = create
answers["data.site_audit.audits.recheck_standard"] = recheck
answers["data.site_audit.audits.recheck_advanced"] = recheck

local function is_listed(args, audit)
  local date = audit.runs[#audit.runs].date
  return (not args.search or audit.title:find(args.search, 1, true) or audit.domain:find(args.search, 1, true))
    and (not args.date_start or date >= args.date_start) and (not args.date_end or date <= args.date_end)
end

answers["data.site_audit.audits.list"] = function(call)
  local rows = {}
  for _, audit in ipairs(call.store.audits.rows) do
    rows[#rows + 1] = is_listed(call.args, audit) and audit or nil
  end
  return { total = #rows, items = tools.map(tools.page(call, rows, 100), function(audit)
    local run, status, seen = look(call, audit)
    local totals = crawl.totals(found(call, audit, run), seen)
    return {
      id = audit.id, group_id = 0, url = audit.domain, title = audit.title, has_project = false, site_id = null,
      last_update = stamp(run, call.now), status = status, error = null, error_params = null,
      stats = {
        crawled = seen, errors = totals.total_errors, warnings = totals.total_warnings, notices = totals.total_notices,
        score = totals.score,
      },
      is_new = false, owner_account_id = 40711, version = 2,
    }
  end) }
end

answers["data.site_audit.audits.update"] = of_audit(function(call, audit)
  audit.title = call.args.title
  return array {}
end)

answers["data.site_audit.audits.delete"] = of_audit(function(call, audit)
  call.store.audits:remove { audit }
  return array {}
end)

-- ---- what a run found ----

answers["data.site_audit.audits.status"] = of_audit(function(_, _, at)
  local answer = {
    status = at.state, start_time = stamp(at.run, at.run.start),
    audit_time = at.state == "finished" and stamp(at.run, at.run.start + ENDS) or null,
  }
  tools.apply(answer, crawl.totals(at.crawl, at.seen), TOTALS)
  return answer
end)

answers["data.site_audit.audits.report"] = of_audit(function(call, _, at)
  if at.state ~= "finished" then
    return { is_finished = false }
  end
  local totals = crawl.totals(at.crawl, at.seen)
  local answer = {
    is_finished = true, version = 2, screenshot = null, chromeux = { mobile = null, desktop = null },
    domain_props = crawl.domain(call, at.crawl, at.run.date), sections = array(crawl.sections(at.crawl, at.seen)),
    score_percent = totals.score, weighted_score_percent = totals.weighted_score,
    audit_time = stamp(at.run, at.run.start + ENDS),
  }
  tools.apply(answer, totals, TOTALS .. " total_notices")
  return answer
end)

local PAGE = "url url_len type url_protocol sitemap status size depth noindex first_ms load_ms robots nofollow title title_len "
  .. "description description_len chars h1 h1_len h2 h2_len html_ratio blocked_robots canonical_url inlinks"

answers["data.site_audit.audits.pages"] = of_audit(function(call, _, at)
  local pages = {}
  for number = 1, at.seen do
    pages[number] = at.crawl.pages[number]
  end
  return { total = at.seen, items = tools.map(tools.page(call, pages, 100), function(page)
    local row = crawl.row(page, PAGE, FIRST_PAGE + page.number)
    row.xrobots = null
    return row
  end) }
end)

answers["data.site_audit.audits.issue_pages"] = of_audit(function(call, _, at)
  local pages = crawl.with_issue(at.crawl, call.args.code, at.seen)
  return {
    total_urls = #pages, urls_type = "simple_urls_array",
    urls = tools.map(tools.page(call, pages, 100), function(page) return page.url end),
  }
end)

answers["data.site_audit.audits.issues"] = of_audit(function(call, _, at)
  local page = crawl.page(call, at.crawl, at.seen, FIRST_PAGE)
  if not page then
    return nil, refuse(404, "Not Found", "no such page")
  end
  local figures = {}
  for name in PAGE:gmatch "%S+" do
    figures[name] = page[name]
  end
  return { url = page.url, page_data = figures, issues = tools.page(call, crawl.issues(page), 100) }
end)

answers["data.site_audit.audits.links"] = of_audit(function(call, _, at)
  local kept = crawl.links(call, at.crawl, at.seen)
  return { total = #kept, items = tools.map(tools.page(call, kept, 100), function(link)
    return crawl.row(link, "url status type source_url source_noindex nofollow alt anchor_type title",
      FIRST_LINK + link.number)
  end) }
end)

local function written(settings)
  local made = {}
  for name, value in pairs(settings) do
    made[name] = type(value) == "table" and table.concat(value, "\n") or value
  end
  return made
end

answers["data.site_audit.audits.history"] = of_audit(function(call, audit)
  for i = #audit.runs, 1, -1 do
    local run = audit.runs[i]
    if run.date == call.args.date and run_ended(call, run) then
      local one = found(call, audit, run)
      local answer = {
        audit_time = stamp(run, run.start + ENDS), version = 2, domain_data = {}, settings = written(audit.settings),
        pages_data = crawl.counts(one, run.pages), totals = {},
      }
      tools.apply(answer.totals, crawl.totals(one, run.pages), TOTALS)
      return answer
    end
  end
  return nil, refuse(404, "Not Found", "date: no run on this day")
end)

return answers
