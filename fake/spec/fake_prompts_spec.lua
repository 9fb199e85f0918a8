-- AI search on the fake: overviews, boards and prompts are of the same answers; filters and sorts do what they say.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local lists = require "support.rows"

local kept, assert_sorted = lists.kept, lists.assert_sorted

local ENGINES = { "ai-overview", "ai-mode", "chatgpt", "perplexity", "gemini" }

describe("AI search", function()
  local ai

  before_each(function()
    local api = fake.new { rows = 200, units = 10 ^ 9, log = false, today = "2026-11-24" }
    ai = api:client({ raise = true }).data.ai_search
  end)

  local SITE = { source = "us", target = "corner-shop.example", engine = "gemini" }

  local function prompts(list, more)
    local args = { source = "us", engine = "gemini", limit = 1000 }
    args[list == "prompts_by_brand" and "brand" or "target"] = list == "prompts_by_brand" and "Corner shop" or SITE.target
    for name, value in pairs(more or {}) do
      args[name] = value
    end
    return ai[list](args)
  end

  it("counts the same prompts in overview, board and list", function()
    local overview = ai:overview_by_engine(SITE)
    assert.equal("Corner shop", overview.brand)
    assert.equal(overview.summary.link_presence.current, prompts("prompts_by_target").total)
    assert.equal(overview.summary.brand_presence.current, prompts("prompts_by_brand").total)
    local board = ai:leaderboard { source = "us", engines = ENGINES, primary = { target = SITE.target },
      competitors = { { target = "rival.example" }, { target = "third.example", brand = "Third" } } }
    local own = board.results[SITE.target]
    assert.equal(overview.summary.link_presence.current, own.gemini.link_presence)
    local sum, share = 0, 0
    for i, row in ipairs(board.leaderboard) do
      assert.equal(i, row.rank)
      share = share + row.share_of_voice
      if row.is_primary_target then
        for _, engine in ipairs(ENGINES) do
          sum = sum + own[engine].brand_presence
        end
        assert.equal(sum, row.brand_presence)
      end
    end
    assert.is_true(math.abs(share - 1) < 0.02)
    local all = ai:overview_aggregated { source = "us", target = SITE.target }
    assert.equal(sum, all.summary.brand_presence.current)
  end)

  it("has a year of months, whose last two are the summary's", function()
    local overview = ai:overview_by_engine(SITE)
    local months = overview.time_series.link_presence
    assert.equal(12, #months)
    assert.equal("2026-10", months[12].date)
    assert.equal(overview.summary.link_presence.current, months[12].value)
    assert.equal(overview.summary.link_presence.previous, months[11].value)
    assert.equal(overview.summary.link_presence.change_absolute, months[12].value - months[11].value)
    local series = overview.time_series
    assert.equal(series.overall_traffic[5].value, series.organic_traffic[5].value + series.ai_traffic[5].value)
  end)

  for _, list in ipairs { "prompts_by_target", "prompts_by_brand" } do
    it(list .. ": has what was asked for, and is the same each time", function()
      local rows = prompts(list).prompts
      assert.same(rows, prompts(list).prompts)
      for _, row in ipairs(rows) do
        if list == "prompts_by_target" then
          assert.truthy(row.type == "Link" or row.type == "Brand_Link")
          assert.truthy(row.answer.links[1]:find(SITE.target, 1, true))
        else
          assert.truthy(row.type == "Brand" or row.type == "Brand_Link")
          assert.truthy(row.answer.text:find("Corner shop", 1, true))
        end
      end
    end)

    it(list .. ": each filter and sort does what it says", function()
      local rows = prompts(list).prompts
      local length = #rows[1].prompt
      for i, case in ipairs {
        { { volume = { from = 20, to = 100 } }, function(row) return row.volume >= 20 and row.volume <= 100 end },
        { { keyword_count = { to = 8 } }, function(row) return select(2, row.prompt:gsub("%S+", "")) <= 8 end },
        { { characters_count = { from = length } }, function(row) return #row.prompt >= length end },
        { { multi_keyword_included = { { { type = "begins", value = "how" } } } }, function(row)
          return row.prompt:sub(1, 3) == "how"
        end },
        { { multi_keyword_excluded = { { { type = "contains", value = "best" } } } }, function(row)
          return not row.prompt:find("best", 1, true)
        end },
      } do
        local sorted = {}
        for _, row in ipairs(kept(rows, case[2])) do
          sorted[#sorted + 1] = row
        end
        assert.is_true(#sorted > 0 and #sorted < #rows, "case " .. i .. " is no test")
        assert.same(sorted, prompts(list, { filter = case[1] }).prompts)
        assert.equal(#sorted, prompts(list, { filter = case[1], limit = 1 }).total)
      end
      local measure = { volume = function(row) return row.volume end, type = function(row) return row.type end,
        snippet_length = function(row) return #row.answer.text end }
      for field, of in pairs(measure) do
        for _, direction in ipairs { "asc", "desc" } do
          local sorted = prompts(list, { sort = field, sort_order = direction }).prompts
          assert.equal(#rows, #sorted)
          assert_sorted(sorted, of, direction)
        end
      end
    end)
  end
end)
