-- Crawls on the fake: report, pages, issues and links agree, in both APIs; issues come and go between two runs.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local DAY, DOMAIN = 86400, "corner-bakery.com"

local function count(rows, fits)
  local sum = 0
  for _, row in ipairs(rows) do
    sum = sum + (fits(row) and 1 or 0)
  end
  return sum
end

-- The issues by code, with status and number, of a report.
local function by_code(report)
  local found = {}
  for _, section in ipairs(report.sections) do
    for code, issue in pairs(section.props) do
      assert.equal(code, issue.code)
      found[code] = issue
    end
  end
  return found
end

-- "code url" of every issue of an audit, as the pages of each issue tell.
local function issues_of(audit)
  local set = {}
  for code in pairs(by_code(audit:report())) do
    for url in audit.issue_pages:each { code = code, limit = 7 } do
      set[code .. " " .. url] = true
    end
  end
  return set
end

local function missing(set, from)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = not from[name] and name or nil
  end
  return list
end

-- The rules of a crawl, restated for the figures of a page that answered 200.
local RULES = {
  title_missing = function(page) return page.title == "" end,
  title_short = function(page) return page.title_len > 0 and page.title_len < 20 end,
  title_long = function(page) return page.title_len > 65 end,
  description_missing = function(page) return page.description == "" end,
  description_long = function(page) return page.description_len > 158 end,
  h1_missing = function(page) return page.h1 == "" end,
  h1_long = function(page) return page.h1_len > 100 end,
  size_large = function(page) return page.size > 3000 * 1024 end,
  load_slow = function(page) return page.load_ms > 2000 end,
  noindex = function(page) return page.noindex == 1 end,
  sitemap_missing = function(page) return page.sitemap == 0 end,
}

for _, generation in ipairs { "v4", "v1", "data" } do
  describe("a crawl, " .. generation, function()
    local api, audit, create, recheck, links

    before_each(function()
      api = fake.new { today = "2026-11-02", log = false, units = 10 ^ 9, limit = 10 ^ 6, data_limit = 10 ^ 6 }
      local client = api:client { api = generation == "v4" and "v4" or "v1", raise = true }
      local audits = generation == "data" and client.data.site_audit.audits or client.audit
      function create(settings)
        local made = generation == "data" and audits.create_standard or audits.create
        audit = audits(made { domain = DOMAIN, settings = settings }.id)
        links = generation == "data" and audit.links or audit.found_links
        api:advance(100)
      end
      function recheck()
        (generation == "data" and audit.recheck_standard or audit.recheck)()
        api:advance(100)
      end
    end)

    it("reports as many issues as there are pages that have them; totals and score follow", function()
      create()
      local report, pages = audit:report(), audit.pages:all { limit = 100 }
      assert.equal(report.total_pages, #pages)
      local sums = { error = 0, warning = 0, notice = 0 }
      for code, issue in pairs(by_code(report)) do
        local listed = audit.issue_pages:all { code = code }
        assert.equal(issue.value, #listed, code)
        assert.equal(issue.value == 0, issue.status == "passed")
        if issue.value > 0 then
          sums[issue.status] = sums[issue.status] + issue.value
        end
      end
      assert.same(sums, { error = report.total_errors, warning = report.total_warnings, notice = report.total_notices })
      local score = 100 - 100 * (3 * sums.error + sums.warning) / (3 * #pages)
      assert.is_true(math.abs(report.score_percent - score) <= 0.5)
      local status = audit:status()
      for _, name in ipairs { "total_pages", "total_errors", "total_warnings", "total_passed" } do
        assert.equal(report[name], status[name])
      end
    end)

    it("finds the issues that the figures of the pages show", function()
      create()
      local pages, titles = audit.pages:all { limit = 100 }, {}
      for _, page in ipairs(pages) do
        if page.status == 200 and page.title ~= "" then
          titles[page.title] = (titles[page.title] or 0) + 1
        end
      end
      local found = issues_of(audit)
      for _, page in ipairs(pages) do
        local fine = page.status == 200
        assert.equal(not fine, found["http_4xx " .. page.url] == true)
        assert.equal(fine and (titles[page.title] or 0) > 1, found["title_duplicate " .. page.url] == true)
        for code, broken in pairs(RULES) do
          assert.equal(fine and broken(page), found[code .. " " .. page.url] == true, code)
        end
      end
    end)

    it("tells a page's issues by its id and by its address", function()
      create()
      local found = issues_of(audit)
      for _, page in ipairs(audit.pages:all { limit = 100 }) do
        local by_id, by_url = audit:issues { url_id = page.id }, audit:issues { url = page.url }
        assert.same(by_id, by_url)
        for _, issue in ipairs(by_id.issues) do
          assert.is_true(found[issue.code .. " " .. page.url])
          found[issue.code .. " " .. page.url] = nil
        end
        assert.equal(page.title, by_id.page_data.title)
      end
      assert.is_nil(next(found))
    end)

    it("has links that agree with the pages, and whose filters do what they say", function()
      create()
      local all, pages = links:all { limit = 100 }, audit.pages:all { limit = 100 }
      for _, page in ipairs(pages) do
        local to_it = function(link) return link.type == "internal" and link.url == page.url end
        assert.equal(page.inlinks, count(all, to_it))
        for _, link in ipairs(all) do
          assert.is_true(not to_it(link) or link.status == page.status)
          assert.is_true(link.source_url ~= page.url or link.source_noindex == page.noindex)
        end
      end
      for i, case in ipairs {
        { { page_type = "internal" }, function(link) return link.type == "internal" end },
        { { page_type = "external" }, function(link) return link.type == "external" end },
        { { filter = { { param = "status", value = "404" } } }, function(link) return link.status == 404 end },
        { { filter = { { param = "nofollow", value = 1 } } }, function(link) return link.nofollow == 1 end },
        { { filter = { { param = "source_noindex", value = 1 } } }, function(link) return link.source_noindex == 1 end },
        { { filter = { { param = "anchor_type", value = "image" }, { param = "status", value = 404, type = "and" } } },
          function(link) return link.anchor_type == "image" and link.status == 404 end },
        { { filter = { { param = "type", value = "external" }, { param = "status", value = 404, type = "or" } } },
          function(link) return link.type == "external" or link.status == 404 end },
      } do
        local expected = {}
        for _, link in ipairs(all) do
          expected[#expected + 1] = case[2](link) and link or nil
        end
        assert.is_true(#expected > 0 and #expected < #all, "case " .. i .. " is no test")
        assert.same(expected, links:all(case[1]))
        assert.equal(#expected, links(case[1]).total)
      end
    end)

    it("finds and loses issues from run to run, a few a day; on the same day it finds the same", function()
      create()
      local first = issues_of(audit)
      recheck()
      assert.same(first, issues_of(audit))
      local report = audit:report()
      api:advance(7 * DAY)
      assert.same(report, audit:report())
      recheck()
      local second = issues_of(audit)
      local new, fixed, all = missing(second, first), missing(first, second), 0
      for _ in pairs(first) do
        all = all + 1
      end
      assert.is_true(#new > 0 and #fixed > 0 and #fixed < all / 2)
      local earlier = audit:history { date = "2026-11-02" }
      for code, issue in pairs(by_code(report)) do
        assert.equal(issue.value, earlier.pages_data[code] or 0, code)
      end
      assert.equal(report.total_errors, earlier.totals.total_errors)
      assert.equal(report.audit_time, earlier.audit_time)
    end)

    it("obeys max_pages, lengths and disabled issues", function()
      create()
      local usual = by_code(audit:report())
      create { max_pages = 9 }
      assert.equal(9, audit:status().total_pages)
      create { min_title_len = 40, disabled_issues = { "noindex" } }
      local strict = by_code(audit:report())
      assert.is_nil(strict.noindex)
      local short = count(audit.pages:all { limit = 100 }, function(page)
        return page.status == 200 and page.title_len > 0 and page.title_len < 40
      end)
      assert.equal(short, strict.title_short.value)
      assert.is_true(short > usual.title_short.value)
    end)
  end)
end

describe("a site", function()
  local function new(seed)
    local api = fake.new { today = "2026-11-02", log = false, units = 10 ^ 9, seed = seed }
    return api, api:client { api = "v1", raise = true }
  end

  it("is the same to the crawlers of both APIs", function()
    local api, client = new()
    local project = client.audit(client.audit:create({ domain = DOMAIN }).id)
    local data = client.data.site_audit.audits(client.data.site_audit.audits:create_standard({ domain = DOMAIN }).id)
    api:advance(100)
    assert.same(issues_of(project), issues_of(data))
    local one, other = project:report(), data:report()
    assert.equal(one.score_percent, other.score_percent)
    local summary = client.data.backlinks:summary({ target = { DOMAIN }, mode = "domain" }).summary[1]
    assert.same({ summary.backlinks, summary.refdomains }, { other.domain_props.backlinks, other.domain_props.domains })
  end)

  it("is another one with another seed or name", function()
    local sets = {}
    for i, case in ipairs { { 1, DOMAIN }, { 2, DOMAIN }, { 1, "mill-lane.com" } } do
      local api, client = new(case[1])
      local audit = client.audit(client.audit:create({ domain = case[2] }).id)
      api:advance(100)
      sets[i] = audit:status()
    end
    assert.not_same(sets[1], sets[2])
    assert.not_same(sets[1], sets[3])
  end)

  it("is listed with the figures of its last two runs", function()
    local api, client = new()
    local audit = client.audit(client.audit:create({ domain = DOMAIN }).id)
    api:advance(10 * DAY)
    local before = audit:report()
    audit:recheck()
    api:advance(100)
    local now, row = audit:report(), client.audit:list().items[1]
    local function stats(report)
      return {
        score = report.score_percent, errors = report.total_errors, warnings = report.total_warnings,
        notices = report.total_notices, crawled = report.total_pages,
      }
    end
    assert.same(stats(now), row.stats)
    assert.same(stats(before), row.prev_stats)
  end)
end)
