-- A rank tracker on the fake: positions come by the days and by recheck, move, and agree with summary, history and rivals.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local DAY = 86400

for _, generation in ipairs { "v4", "v1" } do
  describe("positions, " .. generation, function()
    local api, client, site, engine, ids

    local function set_up(more)
      api = fake.new { today = "2026-11-01", log = false }
      client = api:client { api = generation, raise = true }
      local args = { url = "https://corner-bakery.com", title = "Bakery" }
      for name, value in pairs(more or {}) do
        args[name] = value
      end
      site = client.sites(client.sites:create(args).site_id)
      engine = site.search_engines:create({ search_engine_id = 200 }).site_engine_id
      ids = site.keywords:create({ { keyword = "rye bread" }, { keyword = "rolls" }, { keyword = "cake" } }).ids
    end

    local function keywords(args)
      return site.positions:list(args)[1].keywords
    end

    it("are empty on the day of the making, and come a day later; they move", function()
      set_up()
      assert.same({}, keywords()[1].positions)
      api:advance(30 * DAY)
      local changed = 0
      for _, keyword in ipairs(keywords { date_from = "2026-11-01", date_to = "2026-12-01" }) do
        assert.equal(30, #keyword.positions)
        assert.equal("2026-11-02", keyword.positions[1].date)
        assert.equal("2026-12-01", keyword.positions[30].date)
        for i = 2, 30 do
          local before, now = keyword.positions[i - 1].pos, keyword.positions[i].pos
          changed = changed + (before ~= now and 1 or 0)
          if before > 0 and now > 0 then
            assert.equal(before - now, keyword.positions[i].change)
          end
        end
      end
      assert.is_true(changed > 10)
    end)

    it("come by a recheck half a minute later, for what was asked", function()
      set_up()
      assert.equal(1, site.positions:recheck({ keywords = { { site_engine_id = engine, keyword_id = ids[2] } } }).total)
      assert.same({}, keywords()[2].positions)
      api:advance(31)
      assert.equal("2026-11-01", keywords()[2].positions[1].date)
      assert.same({}, keywords()[1].positions)
      assert.equal(3, site.positions:recheck({}).total)
      api:advance(31)
      assert.equal(1, #keywords()[1].positions)
    end)

    it("that were set by hand stay", function()
      set_up()
      site.positions:set { keyword_id = ids[1], site_engine_id = engine, date = "2026-11-02", position = 77 }
      api:advance(2 * DAY)
      assert.equal(77, keywords()[1].positions[1].pos)
    end)

    for freq, days in pairs { check_daily = 28, check_1in3 = 9, check_weekly = 4, check_monthly = 1, manual = 0 } do
      it("are checked as often as the project says: " .. freq, function()
        set_up { check_freq = freq, check_day = (freq == "check_weekly" or freq == "check_monthly") and 3 or nil }
        api:advance(28 * DAY)
        assert.equal(days, #site.positions:check_dates())
      end)
    end

    it("make up the summary and the last point of each history", function()
      set_up()
      api:advance(20 * DAY)
      local summary = site:summary()
      local sum, ranking, top10 = 0, 0, 0
      for _, keyword in ipairs(keywords()) do
        local pos = keyword.positions[#keyword.positions].pos
        sum, ranking = sum + pos, ranking + (pos > 0 and 1 or 0)
        top10 = top10 + (pos > 0 and pos <= 10 and 1 or 0)
      end
      assert.equal(math.floor(sum / ranking * 10 + 0.5) / 10, summary.today_avg)
      assert.equal(top10, summary.top10)
      for metric, value in pairs { avg_pos = summary.today_avg, top10 = summary.top10, visibility = summary.visibility,
        visibility_percent = summary.visibility_percent } do
        local series = site.positions:history { type = metric, date_from = "2026-11-05", date_to = "2026-11-21" }
        assert.equal("avg", series[1].type)
        assert.equal(17, #series[1].data)
        assert.equal(value, series[1].data[17].value)
        assert.equal("Google USA", series[2].name)
      end
      local alone = site.positions:history { keywords_ids = { ids[1] } }[1].data
      local first = keywords()[1].positions
      assert.equal(first[#first].pos, alone[#alone].value)
    end)

    it("have days to compare with", function()
      set_up()
      api:advance(31 * DAY)
      assert.same({ current = "2026-12-02", yesterday = "2026-12-01", ["7days"] = "2026-11-25", ["30days"] = "2026-11-02" },
        site.positions:checkpoints())
    end)

    it("are a competitor's too, on the same days; the top ten has both where they rank", function()
      set_up()
      local rival = client.competitors:create({ site_id = site:summary().site_id, url = "mill-lane.com" }).id
      api:advance(10 * DAY)
      local rows = client.competitors(rival):positions()[1].keywords
      assert.equal(3, #rows)
      local own = keywords()
      for i, row in ipairs(rows) do
        assert.equal(#own[i].positions, #row.positions)
        assert.equal(own[i].volume, row.volume)
      end
      local by_domain = {}
      for _, row in ipairs(client.competitors:metrics { site_id = site:summary().site_id, site_engine_id = engine,
        date = "2026-11-11" }) do
        by_domain[row.domain] = row.visibility
      end
      local expected = 0
      for _, row in ipairs(rows) do
        local pos = row.positions[#row.positions].pos
        expected = expected + (pos > 0 and pos <= 10 and 11 - pos or 0)
      end
      assert.equal(expected > 0 and expected or nil, by_domain["mill-lane.com"])
    end)

    it("are worth visits", function()
      set_up()
      local potential = client.analytics(site:summary().site_id):seo_potential { top_n = 1 }
      local less = client.analytics(site:summary().site_id):seo_potential { top_n = 30 }
      assert.equal(engine, potential[1].site_engine_id)
      assert.is_true(potential[1].traffic > less[1].traffic)
      for _, row in ipairs(client.analytics(site:summary().site_id):gsc_queries()) do
        assert.is_true(row.clicks <= row.impressions)
      end
    end)
  end)
end
