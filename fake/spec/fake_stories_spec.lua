--- Ten programs that a rank tracker's user tests on the fake, each in at most 15 lines, with both kinds of key.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local system = require "support.system"

local DAY = 86400
local TODAY = "2026-11-24"

for _, generation in ipairs { "v4", "v1" } do
  describe("with a key of " .. generation .. ", a program", function()
    -- A fake and a client of it.
    local function account(options, client_options)
      options.today = TODAY
      local api = fake.new(options)
      local all = { api = generation }
      for name, value in pairs(client_options or {}) do
        all[name] = value
      end
      return api, api:client(all)
    end

    it("reports ranks with the keywords that moved most", function()
      local _, client = account({ demo = true }, { raise = true })
      local movers, sites = {}, client.sites:list()
      for _, site in ipairs(sites) do
        for _, engine in ipairs(client.sites(site.id).positions:list { date_from = "2026-11-17", date_to = TODAY }) do
          for _, keyword in ipairs(engine.keywords) do
            local first, last = keyword.positions[1].pos, keyword.positions[#keyword.positions].pos
            movers[#movers + 1] = first > 0 and last > 0 and { name = keyword.name, gain = first - last } or nil
          end
        end
      end
      table.sort(movers, function(a, b) return a.gain > b.gain end)
      assert.equal(3, #sites)
      assert.is_true(movers[1].gain > 0 and movers[#movers].gain < 0)
    end)

    it("rechecks, and then reads the positions", function()
      local api, client = account({}, { raise = true })
      local site = client.sites(client.sites:create({ url = "https://shop.com", title = "Shop" }).site_id)
      site.search_engines:create { search_engine_id = 200 }
      site.keywords:create { { keyword = "anchor" }, { keyword = "boots" } }
      assert.equal(0, #site.positions:list()[1].keywords[1].positions)
      assert.equal(2, site.positions:recheck({}).total)
      api.clock:advance(60)
      assert.equal(TODAY, site.positions:list()[1].keywords[1].positions[1].date)
    end)

    it("stops at its budget, with the rows that it has paid for", function()
      local _, client = account({ units = 10000 }, { budget = 500 })
      local rows, err = client.data.keywords.similar:all { source = "us", keyword = "anchor", limit = 20 }
      assert.is_nil(rows)
      assert.equal("budget", err.code)
      assert.equal(50, #err.rows)
      local left = client.data.account:subscription(nil, { budget = false }).subscription_info.units_left
      assert.equal(10000 - 500, tonumber(left))
    end)

    it("waits out a ban, and goes on", function()
      local api, client = account { demo = true }
      api:fail { times = 3, status = 429 }
      local none, err = client.sites:list()
      assert.is_nil(none)
      assert.equal("blocked", err.kind)
      local sent = #api.log
      assert.equal("blocked", select(2, client.sites:list()).kind)
      assert.equal(sent, #api.log)               -- nothing is sent during a ban
      api.clock:advance(err.retry_after)
      assert.equal(3, #client.sites:list())
    end)

    it("reports two of three sites when one fails", function()
      local api, client = account { demo = true }
      local sites = client.sites:list()
      api:fail { operation = "sites.summary", args = { site_id = sites[2].id }, status = 404, times = 10 }
      local results, errors = client:map(sites, function(site) return client.sites(site.id):summary() end)
      assert.is_number(results[1].today_avg)
      assert.is_nil(results[2])
      assert.equal("not_found", errors[2].kind)
      assert.is_number(results[3].today_avg)
    end)

    it("goes on after page 3 has failed, and has every row once", function()
      local api, client = account({ rows = 250 }, { raise = true })
      local args, seen, count = { source = "us", domain = "shop.com", limit = 50 }, {}, 0
      api:fail { operation = "data.domain.keywords.list", args = { page = 3 }, status = 500 }
      local next_row, walk = client.data.domain.keywords.list:each(args, { retries = 0 })
      local function read()
        for row in next_row do count, seen[row.keyword] = count + 1, true end
      end
      assert.is_false(pcall(read))
      assert.equal(100, count)
      next_row = client.data.domain.keywords.list:each(args, { resume = walk.resume })
      read()
      local total = 0
      for _ in pairs(seen) do total = total + 1 end
      assert.is_true(total == count and count > 200)
    end)

    it("is told that its export was rejected", function()
      local _, client = account { exports = 0 }
      local export, err = client.data.backlinks.export.create:wait { target = "shop.com" }
      assert.is_nil(export)
      assert.equal("job_rejected", err.code)
      assert.is_false(err.retryable)
    end)

    it("compares an audit with the one before", function()
      local api, client = account({ demo = true }, { raise = true })
      local audit = client.audit:list().items[1]
      client.audit:recheck { audit_id = audit.id }
      api.clock:advance(120)
      local after = client.audit:list().items[1]
      assert.are.same(audit.stats, after.prev_stats)
      assert.are_not.same(after.stats, after.prev_stats)
    end)

    it("researches keywords with filters", function()
      local _, client = account({}, { raise = true })
      local rows = client.data.keywords.similar:all { source = "us", keyword = "anchor", sort = "volume", sort_order = "desc",
        filter = { volume = { from = 300 }, difficulty = { to = 40 } } }
      assert.is_true(#rows > 3)
      for i, row in ipairs(rows) do
        assert.is_true(row.volume >= 300 and row.difficulty <= 40)
        assert.is_true(i == 1 or row.volume <= rows[i - 1].volume)
      end
    end)

    it("follows a brand's visibility over 30 days", function()
      local api, client = account({ demo = true }, { raise = true })
      local airt = client.airt(client.sites:list()[1].id)
      api.clock:advance(2 * DAY)
      local named = {}
      for _, prompt in ipairs(airt.prompts:rankings({ llm_id = airt.llm:list()[1].id, date_from = "2026-10-28" }).items) do
        for _, day in ipairs(prompt.positions) do
          named[day.date] = (named[day.date] or 0) + (day.mention_position > 0 and 1 or 0)
        end
      end
      local days = {}
      for date, count in pairs(named) do days[#days + 1] = { date = date, count = count } end
      table.sort(days, function(a, b) return a.count > b.count end)
      assert.equal(30, #days)
      assert.is_true(days[1].count > days[30].count)
    end)
  end)
end

describe("the stories above", function()
  it("are ten, each of at most 15 lines", function()
    local text, count = system.read "fake/spec/fake_stories_spec.lua", 0
    for name, body in text:gmatch '\n    it%("([^"]*)", function%(%)\n(.-)\n    end%)' do
      local lines = select(2, body:gsub("\n", "")) + 1
      assert.is_true(lines <= 15, name .. ": " .. lines)
      count = count + 1
    end
    assert.equal(10, count)
  end)
end)
