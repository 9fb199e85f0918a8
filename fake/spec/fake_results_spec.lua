-- Results pages on the fake: sites stand where their keywords say; and what the fake still answers with a fixed example.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

describe("a results page", function()
  local api, data

  before_each(function()
    api = fake.new { today = "2026-11-24", log = false, units = 10 ^ 9, data_limit = 10 ^ 6 }
    data = api:client({ raise = true }).data
  end)

  local function page(query, location_id, operation)
    local task = data.serp.classic:add_tasks({
      search_engine = "google", device = "desktop", language_code = "en", location_id = location_id, query = { query },
    })[1]
    api:advance(10)
    return data.serp.classic[operation or "task_results"](data.serp.classic, { task_id = task.id })
  end

  for _, case in ipairs { { "us", "us" }, { "de", "de" }, { "gb", "uk" } } do
    it("has the rivals of a trade at the positions of their keywords, in " .. case[1], function()
      local place = data.serp.classic:locations({ country_code = case[1], q = "Har" })[2]
      local own = data.domain.keywords.list:all { source = case[2], domain = "corner-shop.example", type = "organic" }
      local rivals = data.domain.competitors:list { source = case[2], domain = "corner-shop.example", type = "organic" }
      local position, seen = {}, 0
      for _, rival in ipairs(rivals) do
        position[rival.domain] = {}
        for _, row in ipairs(data.domain.keywords.list:all { source = case[2], domain = rival.domain, type = "organic" }) do
          position[rival.domain][row.keyword] = row
        end
      end
      for i = 1, 3 do
        local query = own[i].keyword
        local items, ranks = page(query, place.id).items, {}
        for rank, item in ipairs(items) do
          assert.equal(rank, item.rank_absolute)
          assert.equal(item.domain, item.url:match("://([^/]+)"):sub(-#item.domain))
          local row = position[item.domain] and position[item.domain][query]
          assert.equal(position[item.domain] ~= nil, row ~= nil)
          if row then
            seen = seen + 1
            assert.same({ row.position, row.url }, { item.rank_absolute, item.url })
          end
          ranks[rank] = row
        end
        for _, rows in pairs(position) do -- each that ranks is there, or another of the same rank is
          assert.is_true(not rows[query] or ranks[rows[query].position] ~= nil)
        end
      end
      assert.is_true(seen > 10)
    end)
  end

  it("is the same each time, another one for another query, and has its parts in the order of the page", function()
    local query = "best boot price"
    assert.same(page(query, 2826).items, page(query, 2826).items)
    assert.not_same(page(query, 2826).items, page("best tent price", 2826).items)
    local plain, all = page(query, 2826).items, page(query, 2826, "task_results_advanced").items
    for i, item in ipairs(plain) do
      assert.same(item, all[i])
    end
    assert.equal("related_searches", all[#plain + 1].type)
  end)

  it("is of a place whose name has the text", function()
    for _, place in ipairs(data.serp.classic:locations { country_code = "nl", q = "Ha", include = "google_ads_location_id" }) do
      assert.equal("NL", place.country_code)
      assert.truthy(place.name:find("Ha", 1, true))
      assert.is_number(place.google_ads_location_id)
    end
  end)
end)

describe("the operations whose answer is a fixed example", function()
  it("are those of which no source shows an answer, and say so", function()
    local api, about = fake.new { log = false }, {}
    for _, file in pairs(require "seranking.api") do
      for _, resource in ipairs(require(file)) do
        for _, operation in ipairs(resource.operations) do
          about[resource.name .. "." .. operation[1]] = operation.about
        end
      end
    end
    local canned = api:canned()
    for _, key in ipairs(canned) do
      assert.truthy(about[key]:lower():find("no source shows an? %a+"), key .. ": " .. about[key])
    end
    assert.same({
      "airt.competitors.list", "airt.sources.recommendations", "competitors.top10", "competitors.top100", "sites.ads.list",
      "system.volume", "system.yandex_regions",
    }, canned)
  end)
end)
