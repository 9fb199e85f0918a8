-- Keyword research on the fake: the same question has the same answer, and filters and sorts do what their words say.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local lists = require "support.rows"

local kept, assert_sorted = lists.kept, lists.assert_sorted

local function words(text)
  return select(2, text:gsub("%S+", ""))
end

local LISTS = { "similar", "related", "questions" }

-- What each filter says, written out once more: `first` is the first row of the list.
local function filters(first)
  local count, length = words(first.keyword), #first.keyword
  return {
    { { volume = { from = 1000 } }, function(row) return row.volume >= 1000 end },
    { { volume = { from = 50, to = 200 } }, function(row) return row.volume >= 50 and row.volume <= 200 end },
    { { difficulty = { to = 30 } }, function(row) return row.difficulty <= 30 end },
    { { cpc = { from = 0.5 } }, function(row) return row.cpc >= 0.5 end },
    { { competition = { from = 0.25, to = 0.75 } }, function(row)
      return row.competition >= 0.25 and row.competition <= 0.75
    end },
    { { keyword_count = { from = count, to = count } }, function(row) return words(row.keyword) == count end },
    { { characters_count = { to = length } }, function(row) return #row.keyword <= length end },
    { { intents = { "T", "L" } }, function(row) return table.concat(row.intents, ","):find "[TL]" ~= nil end },
    { { serp_features = { "images" } }, function(row)
      return ("," .. table.concat(row.serp_features, ",") .. ","):find(",images,", 1, true) ~= nil
    end },
    { { multi_keyword_included = { { { type = "contains", value = "small" }, { type = "contains", value = "an" } } } },
      function(row) return row.keyword:find("small", 1, true) ~= nil and row.keyword:find("an", 1, true) ~= nil end },
    { { multi_keyword_excluded = { { { type = "contains", value = "small" } }, { { type = "ends", value = "s" } } } },
      function(row) return not row.keyword:find("small", 1, true) and row.keyword:sub(-1) ~= "s" end },
    { { volume = { from = 100 }, difficulty = { from = 50 } }, function(row)
      return row.volume >= 100 and row.difficulty >= 50
    end },
  }
end

describe("keyword lists", function()
  local api, client

  before_each(function()
    api = fake.new { rows = 400, units = 10 ^ 9, log = false }
    client = api:client { raise = true }
  end)

  local function all(list, more)
    local args = { source = "us", keyword = "anchor" }
    for name, value in pairs(more or {}) do
      args[name] = value
    end
    return client.data.keywords[list]:all(args)
  end

  it("are the same for the same question, and differ by keyword, country and seed", function()
    local first = all "similar"
    assert.equal(400, #first)
    assert.same(first, all "similar")
    local seen = {}
    for _, row in ipairs(first) do
      assert.is_nil(seen[row.keyword])
      seen[row.keyword] = true
    end
    assert.not_same(first, all("similar", { source = "de" }))
    assert.not_equal(first[1].keyword, all("similar", { keyword = "boot" })[1].keyword)
    local other = fake.new { rows = 400, units = 10 ^ 9, seed = 2 }:client { raise = true }
    assert.not_same(first, other.data.keywords.similar:all { source = "us", keyword = "anchor" })
  end)

  it("have the figures that export has for the same keywords", function()
    local rows = client.data.keywords:similar({ source = "us", keyword = "anchor", limit = 5 }).keywords
    local names = {}
    for i, row in ipairs(rows) do
      names[i] = row.keyword
    end
    local figures = {}
    for _, row in ipairs(client.data.keywords:export { source = "us", keywords = names }) do
      figures[row.keyword] = row
    end
    for _, row in ipairs(rows) do
      for _, member in ipairs { "volume", "cpc", "difficulty", "competition" } do
        assert.equal(row[member], figures[row.keyword][member])
      end
    end
  end)

  for _, list in ipairs(LISTS) do
    it(list .. ": each filter keeps the rows that its words say, and total counts them", function()
      local rows = all(list)
      for i, case in ipairs(filters(rows[1])) do
        local expected = kept(rows, case[2])
        assert.is_true(#expected > 0 and #expected < #rows, list .. ": filter " .. i .. " is no test")
        assert.same(expected, all(list, { filter = case[1] }))
        local page = client.data.keywords[list] { source = "us", keyword = "anchor", limit = 3, filter = case[1] }
        assert.equal(#expected, page.total)
      end
    end)

    it(list .. ": each sort orders the rows, both ways", function()
      local rows = all(list)
      for _, field in ipairs { "keyword", "volume", "cpc", "difficulty", "competition" } do
        for _, direction in ipairs { "asc", "desc" } do
          local sorted = all(list, { sort = field, sort_order = direction })
          assert.equal(#rows, #sorted)
          assert_sorted(sorted, field, direction, list .. " by " .. field)
        end
      end
    end)
  end

  it("have a year of searches by month when history_trend asks for it", function()
    api.today = "2026-11-24"
    local row = client.data.keywords:similar({ source = "us", keyword = "anchor", limit = 1, history_trend = true }).keywords[1]
    local months = {}
    for month in pairs(row.history_trend) do
      months[#months + 1] = month
    end
    table.sort(months)
    assert.equal(12, #months)
    assert.equal("2025-11-01", months[1])
    assert.equal("2026-10-01", months[12])
    assert.is_nil(client.data.keywords:similar({ source = "us", keyword = "anchor", limit = 1 }).keywords[1].history_trend)
  end)

  it("longtail: bare texts that hold the keyword", function()
    local rows = all "longtail"
    assert.equal(400, #rows)
    for _, text in ipairs(rows) do
      assert.truthy(text:find("anchor", 1, true))
    end
  end)

  it("export: sorted, cut to the columns and months that were asked for", function()
    local rows = client.data.keywords:export { source = "us", keywords = { "anchor", "boot", "sail" },
      sort = "volume", sort_order = "asc", cols = { "keyword", "volume", "history_trend" },
      history_from = "2026-03-15", history_to = "2026-05-01" }
    assert.equal(3, #rows)
    assert.is_true(rows[1].volume <= rows[2].volume and rows[2].volume <= rows[3].volume)
    assert.is_nil(rows[1].cpc)
    local months = 0
    for _ in pairs(rows[1].history_trend) do
      months = months + 1
    end
    assert.equal(3, months)
    assert.is_number(rows[1].history_trend["2026-04-01"])
  end)
end)
