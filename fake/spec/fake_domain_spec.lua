-- Sites in the fake's search results: lists, totals and histories are of the same rows; filters and sorts do what they say.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local lists = require "support.rows"

local kept, sum, assert_sorted = lists.kept, lists.sum, lists.assert_sorted

local SITE = { source = "us", domain = "shop.example" }

local function with(more)
  local args = {}
  for name, value in pairs(SITE) do
    args[name] = value
  end
  for name, value in pairs(more or {}) do
    args[name] = value
  end
  return args
end

local FILTERS = {
  { { volume = { from = 100 } }, function(row) return row.volume >= 100 end },
  { { difficulty = { from = 20, to = 60 } }, function(row) return row.difficulty >= 20 and row.difficulty <= 60 end },
  { { position = { to = 10 } }, function(row) return row.position <= 10 end },
  { { competition = { from = 0.5 } }, function(row) return row.competition >= 0.5 end },
  { { cpc = { to = 0.3 } }, function(row) return row.cpc <= 0.3 end },
  { { traffic = { from = 5 } }, function(row) return row.traffic >= 5 end },
  { { traffic_percent = { from = 0.1 } }, function(row) return row.traffic_percent >= 0.1 end },
  { { price = { from = 1 } }, function(row) return row.price >= 1 end },
  { { keyword_count = { to = 3 } }, function(row) return select(2, row.keyword:gsub("%S+", "")) <= 3 end },
  { { characters_count = { from = 20 } }, function(row) return #row.keyword >= 20 end },
  { { keyword = "sale" }, function(row) return row.keyword:find("sale", 1, true) ~= nil end },
  { { url = { { { type = "contains", value = "blog." } } } }, function(row) return row.url:find("blog.", 1, true) ~= nil end },
  { { multi_keyword_included = { { { type = "begins", value = "best" } }, { { type = "ends", value = "shop" } } } },
    function(row) return row.keyword:find "^best" ~= nil or row.keyword:find "shop$" ~= nil end },
  { { multi_keyword_excluded = { { { type = "contains", value = "e" } } } },
    function(row) return not row.keyword:find "e" end },
  { { intents = { "I" } }, function(row) return table.concat(row.intents):find "I" ~= nil end },
  { { serp_features = { "videos", "reviews" } }, function(row)
    local features = table.concat(row.serp_features, " ")
    return features:find "videos" ~= nil or features:find "reviews" ~= nil
  end },
}

describe("a site's keywords", function()
  local api, data

  before_each(function()
    api = fake.new { rows = 300, units = 10 ^ 9, log = false, today = "2026-11-24" }
    data = api:client({ raise = true }).data
  end)

  it("are as many as `rows` says, and the same for the same question", function()
    local rows = data.domain.keywords.list:all(SITE)
    assert.equal(300, #rows)
    assert.same(rows, data.domain.keywords.list:all(SITE))
    assert.not_same(rows, data.domain.keywords.list:all(with { source = "de" }))
    assert.not_same(rows, data.domain.keywords.list:all(with { domain = "other.example" }))
    assert.is_true(math.abs(sum(rows, "traffic_percent") - 100) < 2)
  end)

  it("add up to the totals of their month where there are many of them", function()
    local many = fake.new({ rows = 1500, units = 10 ^ 9, log = false, today = "2026-11-24" }):client { raise = true }.data
    for _, kind in ipairs { "organic", "adv" } do
      local history = many.domain.overview.history(with { type = kind })
      local past, totals = history[#history - 3], history[#history]
      assert.is_true(past.keywords_count > 500 and past.keywords_count ~= totals.keywords_count)
      for _, month in ipairs { past, totals } do
        local rows = many.domain.keywords.list:all(with { type = kind, year = month.year, month = month.month },
          { max_rows = 5000 })
        assert.equal(month.keywords_count, #rows)
        assert.equal(month.traffic_sum, sum(rows, "traffic"))
        assert.near(month.price_sum, sum(rows, "price"), 0.01)
        for first, last in pairs(kind == "adv" and { [1] = 2, [3] = 5, [6] = 8, [9] = 11 }
          or { [1] = 5, [6] = 10, [11] = 20, [21] = 50, [51] = 100 }) do
          local there = kept(rows, function(row) return row.position >= first and row.position <= last end)
          assert.equal(month["top" .. first .. "_" .. last], #there)
        end
      end
      local rows = many.domain.keywords.list:all(with { type = kind }, { max_rows = 5000 })
      local moves = { up = 0, new = 0, same = 0 }
      for _, row in ipairs(rows) do
        local before = row.prev_pos or 0
        local move = before == 0 and "new" or row.position < before and "up" or row.position == before and "same"
        moves[move or "down"] = (moves[move or "down"] or 0) + 1
      end
      local db = many.domain.overview.db(SITE)[kind]
      assert.same({ db.keywords_new_count, db.keywords_up_count, db.keywords_down_count, db.keywords_equal_count },
        { moves.new, moves.up, moves.down, moves.same })
    end
  end)

  for i, case in ipairs(FILTERS) do
    it("pass filter " .. i .. " as its words say: " .. next(case[1]), function()
      local rows = data.domain.keywords.list:all(SITE)
      local expected = kept(rows, case[2])
      assert.is_true(#expected > 0 and #expected < #rows, #expected .. " of " .. #rows .. " is no test")
      assert.same(expected, data.domain.keywords.list:all(with { filter = case[1] }))
    end)
  end

  it("pass serp_features_2 either with the site's link or without", function()
    local function count(mode)
      return #data.domain.keywords.list:all(with { filter = { serp_features_2 = { mode = mode, value = { "images" } } } })
    end
    local without = count "without_link"
    assert.is_true(without > 0 and without < 300)
    assert.equal(300, without + count "with_link")
  end)

  for _, field in ipairs { "traffic", "volume", "position", "cpc", "competition", "difficulty", "traffic_percent", "price" } do
    it("are sorted by " .. field .. ", both ways", function()
      for _, direction in ipairs { "asc", "desc" } do
        local rows = data.domain.keywords.list:all(with { order_field = field, order_type = direction })
        assert.equal(300, #rows)
        assert_sorted(rows, field, direction)
      end
    end)
  end

  it("moved since the month before, by pos_change; totals count the same", function()
    local totals = data.domain.overview:db(SITE).organic
    local rows = data.domain.keywords.list:all(SITE)
    local function moved(change)
      return data.domain.keywords.list:all(with { pos_change = change })
    end
    assert.equal(totals.keywords_new_count, #moved "new")
    assert.equal(totals.keywords_up_count, #moved "up")
    assert.equal(totals.keywords_down_count, #moved "down")
    assert.equal(totals.keywords_equal_count, #moved "same")
    assert.equal(totals.keywords_lost_count, #moved "lost")
    assert.equal(#kept(rows, function(row) return row.prev_pos ~= row.position end), #moved "diff")
    assert.same(kept(rows, function(row) return row.prev_pos and row.position < row.prev_pos end), moved "up")
  end)

  it("add up to the totals, whose months are the history", function()
    local rows = data.domain.keywords.list:all(SITE)
    local totals = data.domain.overview:db(SITE).organic
    assert.equal(#rows, totals.keywords_count)
    assert.equal(sum(rows, "traffic"), totals.traffic_sum)
    assert.is_true(math.abs(sum(rows, "price") - totals.price_sum) < 0.01)
    assert.equal(#kept(rows, function(row) return row.position <= 5 end), totals.top1_5)
    assert.equal(#kept(rows, function(row) return row.position > 50 end), totals.top51_100)
    local history = data.domain.overview:history(SITE)
    local last, before = history[#history], history[#history - 1]
    assert.equal("2026 10", last.year .. " " .. last.month)
    assert.equal(totals.traffic_sum, last.traffic_sum)
    assert.equal(totals.top6_10, last.top6_10)
    assert.equal(last.keywords_count, before.keywords_count + totals.keywords_new_count - totals.keywords_lost_count)
    local old = data.domain.keywords.list:all(with { year = before.year, month = before.month })
    assert.equal(before.keywords_count, #old)
    assert.equal(before.traffic_sum, sum(old, "traffic"))
  end)

  it("are worldwide the sum of the countries", function()
    local rows = data.domain.overview:worldwide({ domain = SITE.domain, show_zones_list = 1 }).organic
    local all = table.remove(rows, 1)
    assert.equal("worldwide", all.source)
    assert.equal(all.keywords_count, sum(rows, "keywords_count"))
    assert.equal(all.traffic_sum, sum(rows, "traffic_sum"))
    assert.equal(data.domain.overview:db(SITE).organic.traffic_sum, rows[1].traffic_sum)
    local cut = data.domain.overview:worldwide({ domain = SITE.domain, fields = { "traffic" } }).organic
    assert.equal(1, #cut)
    assert.equal(all.traffic_sum, cut[1].traffic_sum)
    assert.is_nil(cut[1].keywords_count)
  end)

  it("are shared with a rival as often as its row says", function()
    local rivals = data.domain.competitors:list(with { stats = 1 })
    local rival = rivals[1]
    local shared = data.domain.keywords.comparison:all(with { compare = rival.domain })
    assert.equal(rival.common_keywords, #shared)
    local mine, theirs = {}, {}
    for _, row in ipairs(data.domain.keywords.list:all(SITE)) do
      mine[row.keyword] = row
    end
    for _, row in ipairs(data.domain.keywords.list:all(with { domain = rival.domain })) do
      theirs[row.keyword] = row
    end
    for _, row in ipairs(shared) do
      assert.equal(mine[row.keyword].position, row.position)
      assert.equal(theirs[row.keyword].position, row.compare_position)
    end
    local missing = data.domain.keywords.comparison:all(with { domain = rival.domain, compare = SITE.domain, diff = 1 })
    assert.equal(rival.missing_keywords, #missing)
    for _, row in ipairs(missing) do
      assert.is_nil(mine[row.keyword])
    end
  end)

  it("make up its pages and subdomains", function()
    local rows = data.domain.keywords.list:all(SITE)
    local args = { source = "us", target = SITE.domain, scope = "base_domain" }
    local pages = data.domain.pages.list:all(args)
    assert.equal(#rows, sum(pages, "keywords_count"))
    assert.equal(sum(rows, "traffic"), sum(pages, "traffic_sum"))
    assert_sorted(pages, "keywords_count", "desc")
    args.filter = { keywords_count = { from = 3 }, domain_url = { { { type = "contains", value = "/blog" } } } }
    assert.same(kept(pages, function(page)
      return page.keywords_count >= 3 and page.url:find("/blog", 1, true) ~= nil
    end), data.domain.pages.list:all(args))
    args.filter = nil
    assert.equal(#rows, sum(data.domain.subdomains.list:all(args), "keywords_count"))
  end)

  it("show the advertisements of the months that were asked for", function()
    local rows = data.domain.ads.by_domain:all { source = "us", domain = SITE.domain, from = "2026-07", to = "2026-08" }
    assert.equal(300, #rows)
    for _, row in ipairs(rows) do
      local count = 0
      for month in pairs(row.snippets) do
        assert.truthy(month == "2026-07" or month == "2026-08")
        count = count + 1
      end
      assert.equal(row.ads_count, count)
    end
  end)

  it("are of a domain: other text is refused, and nothing is paid", function()
    local client = api:client()
    local before = client.data.account:credit_balance().used
    local _, err = client.data.domain.overview:db { source = "us", domain = "no domain" }
    assert.equal(400, err.status)
    assert.equal(before, client.data.account:credit_balance().used)
  end)

  it("are the same whatever was asked before", function()
    local questions = {}
    for _, more in ipairs { {}, { page = 2 }, { source = "de" }, { type = "adv" }, { domain = "other.example" },
      { year = 2026, month = 6 }, { pos_change = "lost" }, { order_field = "volume", order_type = "asc" } } do
      questions[#questions + 1] = with(more)
    end
    local alone = {}
    for i, args in ipairs(questions) do
      local client = fake.new({ rows = 300, today = "2026-11-24" }):client { raise = true }
      alone[i] = client.data.domain.keywords:list(args)
      assert.is_true(#alone[i] > 0 or args.pos_change ~= nil)
    end
    for i = 1, #questions do
      for j = 1, #questions do
        assert.same(alone[i], data.domain.keywords:list(questions[i]))
        assert.same(alone[j], data.domain.keywords:list(questions[j]))
      end
    end
    api.clock:advance(31 * 86400)                -- another month: other positions
    local later = data.domain.keywords:list(SITE)
    assert.are_not.same(alone[1], later)
    local fresh = fake.new({ rows = 300, today = "2026-12-25" }):client { raise = true }
    assert.same(fresh.data.domain.keywords:list(SITE), later)
  end)
end)
