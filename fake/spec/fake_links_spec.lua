-- Backlinks on the fake: lists, sums, counts and histories are of the same links; filters and orders do what they say.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local lists = require "support.rows"

local kept, sum, assert_sorted = lists.kept, lists.sum, lists.assert_sorted

local T = { target = "shop.example" }

local function with(more)
  local args = { target = T.target, limit = 10000 }
  for name, value in pairs(more or {}) do
    args[name] = value
  end
  return args
end

local function different(rows, of)
  local seen, count = {}, 0
  for _, row in ipairs(rows) do
    local name = of(row)
    count = count + (seen[name] and 0 or 1)
    seen[name] = true
  end
  return count
end

local function host(row)
  return row.url_from:match "^https://([^/]+)"
end

describe("backlinks", function()
  local today, data

  before_each(function()
    today = "2026-11-24"
    local api = fake.new { rows = 400, units = 10 ^ 9, log = false, today = function() return today end }
    data = api:client({ raise = true }).data
  end)

  local function all(more)
    return data.backlinks:all(with(more)).backlinks
  end

  it("are as many as `rows` says, the newest first, and the same for the same question", function()
    local rows = all()
    assert.equal(400, #rows)
    assert.same(rows, all())
    assert_sorted(rows, "first_seen", "desc")
    assert.same(rows, data.backlinks.raw:all(T, { max_rows = 1000 }))
  end)

  it("of a page are some of its host's, and those of a host some of its domain's, in lists, sums and histories", function()
    local function keys(rows)
      local found = {}
      for _, row in ipairs(rows) do found[row.url_from .. " " .. row.url_to] = true end
      return found
    end
    local of_host, of_domain = all { mode = "host" }, all { mode = "domain" }
    local of_page = all { mode = "url", target = of_host[1].url_to }
    local wider = { keys(of_host), keys(of_domain) }
    for i, rows in ipairs { of_page, of_host } do
      for name in pairs(keys(rows)) do
        assert.is_true(wider[i][name], name)
      end
    end
    assert.is_true(#of_page > 0 and #of_page < #of_host and #of_host < #of_domain)
    for _, row in ipairs(of_domain) do
      assert.equal(row.url_to:find "^https://shop%.example/" ~= nil, wider[1][row.url_from .. " " .. row.url_to] == true)
      assert.is_truthy(row.url_to:find "^https://[%w.]*shop%.example/")
    end
    assert.equal(#of_domain, data.backlinks:summary({ target = { T.target }, mode = "domain" }).summary[1].backlinks)
    local function refdomains(mode) return #data.backlinks.refdomains:list(with { mode = mode }).refdomains end
    assert.equal(different(of_domain, function(row) return row.url_from:match "^https://([^/]+)" end), refdomains "domain")
    local function there(mode)
      local days = data.backlinks.history:cumulative { target = T.target, mode = mode, date_from = today, date_to = today }
      return days.backlinks_count[1].backlinks
    end
    assert.equal(#of_domain, there "domain")
    assert.equal(#of_host, there "host")
  end)

  local FILTERS = {
    { { nofollow_filter = "nofollow_only" }, function(row) return row.nofollow end },
    { { nofollow_filter = "dofollow_only" }, function(row) return not row.nofollow end },
    { { url_from_filter = "/blog/" }, function(row) return row.url_from:find("/blog/", 1, true) ~= nil end },
    { { url_from_filter = "/blog/", url_from_filter_mode = "does_not_contain" },
      function(row) return not row.url_from:find("/blog/", 1, true) end },
    { { url_to_filter = "/news" }, function(row) return row.url_to:find("/news", 1, true) ~= nil end },
    { { url_to_filter = "/news", url_to_filter_mode = "does_not_contain" },
      function(row) return not row.url_to:find("/news", 1, true) end },
    { { anchor_filter = "shop" }, function(row) return row.anchor:find("shop", 1, true) ~= nil end },
    { { anchor_filter = "shop", anchor_filter_mode = "does_not_contain" },
      function(row) return not row.anchor:find("shop", 1, true) end },
    { { inlink_rank_from = 5, inlink_rank_to = 20 }, function(row) return row.inlink_rank >= 5 and row.inlink_rank <= 20 end },
    { { domain_inlink_rank_from = 30 }, function(row) return row.domain_inlink_rank >= 30 end },
  }
  for i, case in ipairs(FILTERS) do
    it("pass filter " .. i .. " as its words say", function()
      local rows = all()
      local expected = kept(rows, case[2])
      assert.is_true(#expected > 0 and #expected < #rows, #expected .. " is no test")
      assert.same(expected, all(case[1]))
    end)
  end

  for _, field in ipairs { "inlink_rank", "domain_inlink_rank" } do
    it("are ordered by " .. field .. ", the highest first", function()
      local rows = all { order_by = field }
      assert_sorted(rows, field, "desc")
    end)
  end

  it("are no more of one domain than per_domain", function()
    local of_domain = {}
    for _, row in ipairs(all { per_domain = 2 }) do
      of_domain[host(row)] = (of_domain[host(row)] or 0) + 1
    end
    for _, count in pairs(of_domain) do
      assert.is_true(count <= 2)
    end
    assert.is_true(#all { per_domain = 2 } < 400)
  end)

  it("add up to the summary, the counts and the sums", function()
    local rows = all()
    local summary = data.backlinks:summary(T).summary[1]
    assert.equal(#rows, summary.backlinks)
    assert.equal(different(rows, host), summary.refdomains)
    assert.equal(#kept(rows, function(row) return row.nofollow end), summary.nofollow_backlinks)
    assert.equal(summary.backlinks, summary.nofollow_backlinks + summary.dofollow_backlinks)
    assert.equal(#kept(rows, function(row) return host(row):find "%.edu%.example$" ~= nil end), summary.edu_backlinks)
    assert.equal(#kept(rows, function(row) return not row.image end), summary.text_backlinks)
    assert.equal(different(rows, function(row) return row.url_to end), summary.pages_with_backlinks)
    assert.equal(summary.backlinks, data.backlinks:count(T).metrics[1].backlinks)
    assert.equal(summary.ips, data.backlinks.referring_ips:count(T).metrics[1].ips)
    assert.equal(summary.subnets, data.backlinks.referring_subnets:count(T).metrics[1].subnets)
    assert.equal(summary.refdomains, data.backlinks.refdomains:count(T).metrics[1].refdomains)

    local refdomains = data.backlinks.refdomains:list(with()).refdomains
    assert.equal(summary.refdomains, #refdomains)
    assert.equal(#rows, sum(refdomains, "backlinks"))
    assert.equal(summary.ips, #data.backlinks.referring_ips:list(with()).ips)
    local anchors = data.backlinks.anchors:list(with()).anchors
    assert.equal(summary.anchors, #anchors)
    assert.equal(#rows, sum(anchors, "backlinks"))
    assert.same({ anchors[1].anchor, anchors[1].backlinks },
      { summary.top_anchors_by_backlinks[1].anchor, summary.top_anchors_by_backlinks[1].backlinks })
    assert_sorted(anchors, "backlinks", "desc")
    assert.equal(summary.pages_with_backlinks, #data.backlinks.indexed_pages:list(with()).pages)
    local histogram = data.backlinks.authority.domain:distribution(T).histogram
    assert.equal(summary.refdomains, sum(histogram, "refdomains"))
  end)

  it("come and go with the days: list, count and cumulative agree", function()
    today = "2026-11-25" -- the second day: links have come since the first
    data.backlinks:count(T)
    today = "2027-01-24"
    local span = { date_from = "2026-11-24", date_to = "2027-01-24" }
    local changes = data.backlinks.history:list(with(span)).new_lost_backlinks
    local counts = data.backlinks.history:count { target = T.target, date_from = span.date_from, date_to = span.date_to }
    local days = counts.new_lost_backlinks_count
    assert.equal(62, #days)
    local new = kept(changes, function(change) return change.new_lost_type == "new" end)
    assert.is_true(#new > 0 and #new < #changes)
    assert.equal(#new, sum(days, "new"))
    assert.equal(#changes - #new, sum(days, "lost"))
    local totals = data.backlinks.history:cumulative { target = T.target, date_from = span.date_from, date_to = span.date_to }
    totals = totals.backlinks_count
    for i = 2, #totals do
      assert.equal(totals[i].backlinks, totals[i - 1].backlinks + days[i].new - days[i].lost)
    end
    assert.equal(totals[#totals].backlinks, #all())
    span.new_lost_type, span.dofollow = "lost", "nofollow"
    assert.same(kept(changes, function(change) return change.new_lost_type == "lost" and change.nofollow end),
      data.backlinks.history:list(with(span)).new_lost_backlinks)
    assert.equal(0, #kept(changes, function(change) return change.new_lost_type == "lost" and not change.reason_lost end))
  end)

  it("are of domains that come and go", function()
    local span = { date_from = "2025-01-01", date_to = "2026-11-24" }
    local changes = data.backlinks.refdomains.history:list(with(span)).new_lost_refdomains
    local counts = data.backlinks.refdomains.history:count { target = T.target, date_from = span.date_from,
      date_to = span.date_to, new_lost_type = "new" }
    assert.equal(#kept(changes, function(change) return change.new_lost_type == "new" end),
      sum(counts.new_lost_refdomains_count, "new"))
    assert.is_nil(counts.new_lost_refdomains_count[1].lost)
  end)

  it("have scores whose history ends with today's", function()
    local now = data.backlinks.authority:get { target = { "shop.example", "other.example" } }.pages
    assert.equal(2, #now)
    local ranks = data.backlinks.authority.domain:history { target = T.target, date_from = "2026-01-01",
      date_to = "2026-11-24", granularity = "by_month" }.ranks
    assert.equal(11, #ranks)
    ranks = data.backlinks.authority.domain:history({ target = T.target, date_from = "2026-11-01" }).ranks
    assert.equal(24, #ranks)
    assert.equal(now[1].domain_inlink_rank, ranks[24].domain_inlink_rank)
  end)
end)
