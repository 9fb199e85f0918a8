-- Accounts that a test lists, and the demo account.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local function problem_of(...)
  local fine, problem = pcall(...)
  assert.is_false(fine)
  return problem
end

describe("api:seed", function()
  it("adds projects with engines, keywords in groups, tags, rivals, positions, audits, backlinks and prompts", function()
    for _, generation in ipairs { "v4", "v1" } do
      local api = fake.new { today = "2026-11-24" }
      api:seed { sites = { {
        url = "https://shop.com", title = "Shop", engines = { 200, 300 }, groups = { anchors = { "anchor", "chain" } },
        keywords = { { keyword = "boots", target_url = "https://shop.com/boots", positions = { ["2026-11-20"] = 3 } } },
        tags = { sale = { "https://shop.com/sale" } }, competitors = { "rival.com" }, days = 10, audits = 2,
        backlinks = { "https://blog.net/a" }, brand = "Shop", prompts = { "where to buy boots" },
      } } }
      local client = api:client { api = generation, raise = true }
      local row = client.sites:list()[1]
      assert.equal("Shop 3", row.title .. " " .. row.keyword_count)
      local site = client.sites(row.id)
      assert.equal(2, #site.search_engines:list())
      local keywords = site.keywords:list()
      assert.same({ "anchor", "chain", "boots" }, { keywords[1].name, keywords[2].name, keywords[3].name })
      assert.equal(client.keyword_groups:list({ site_id = row.id })[1].id, keywords[1].group_id)
      assert.equal("https://shop.com/boots", keywords[3].link)
      assert.equal("sale", site.url_tags:list()[1].name)
      assert.equal("rival.com", client.competitors:list({ site_id = row.id })[1].url)
      local positions = site.positions:list { date_from = "2026-11-01", date_to = "2026-11-24" }[1].keywords[3].positions
      assert.equal(10, #positions)
      for _, day in ipairs(positions) do
        assert.is_true(day.date ~= "2026-11-20" or day.pos == 3)
      end
      local audits = client.audit:list()
      assert.equal(1, audits.total)
      assert.equal("finished", audits.items[1].status)
      assert.truthy(audits.items[1].prev_stats)
      assert.equal(1, client.backlinks:stats({ site_id = row.id }).total)
      assert.equal("Shop", client.airt.brand:get({ site_id = row.id }).brand)
      assert.equal(0, api.log[1].at) -- seeding is no request
      assert.equal("GET", api.log[1].method)
    end
  end)

  it("refuses what the API would refuse, and what it does not know, at the caller's line", function()
    local api = fake.new { today = "2026-11-24" }
    local client = api:client()
    local function with(field, value)
      return { sites = { { url = "https://good.com" }, { url = "https://a.com", [field] = value } } }
    end
    local function ranked(positions)
      return with("keywords", { { keyword = "boots", positions = positions } })
    end
    for want, account in pairs {
      ["days must be a whole number, at least 0, got -1"] = with("days", -1),
      ["audits must be a whole number, at least 0, got 0.5"] = with("audits", 0.5),
      ["positions: '2026-02-30' is not a day, YYYY-MM-DD"] = ranked { ["2026-02-30"] = 3 },
      ["positions: '1' is not a day, YYYY-MM-DD"] = ranked { 3 },
      ["positions: 2026-11-25 is after today, 2026-11-24"] = ranked { ["2026-11-25"] = 3 },
      ['of 2026-11-23 must be a whole number, at least 0 (not ranking), got "3"'] = ranked { ["2026-11-23"] = "3" },
      ["keywords: a keyword to build needs the field keyword"] = with("keywords", { { target_url = "https://a.com/b" } }),
      ["keywords must be a list of keywords"] = with("keywords", { boots = 3 }),
      ["groups.anchors must be a list of keywords"] = with("groups", { anchors = "anchor" }),
      ["tags.sale must be a list of strings"] = with("tags", { sale = "https://a.com/sale" }),
      ["competitors must be a list of strings"] = with("competitors", { { url = "rival.com" } }),
      ["prompts go with a brand"] = with("prompts", { "where to buy boots" }),
      ["needs a domain and brand_names, such as"] = { visible = { { domain = "https://shop.com" } } },
      ["brand_names must be a list of strings"] = { visible = { { domain = "https://shop.com", brand_names = { 5 } } } },
      ["topics must be lists of prompts by title"] = { visible = { { domain = "https://shop.com", brand_names = { "Shop" },
        topics = { "best rye bread?" } } } },
      ["topics.Bread must be a list of strings"] = { visible = { { domain = "https://shop.com", brand_names = { "Shop" },
        topics = { Bread = "best rye bread?" } } } },
      ["must be { title = …, domain = … }"] = { visible = { { domain = "https://shop.com", brand_names = { "Shop" },
        competitors = { "rival.com" } } } },
      ["unknown option: site; did you mean 'sites'?"] = { site = {} },
      ["unknown option: keyword; did you mean 'keywords'?"] = { sites = { { url = "https://a.com", keyword = "x" } } },
      ["url must be a string, not a number"] = { sites = { { url = 5 } } },
      ["sites.create: Incorrect website URL"] = { sites = { { url = "https://shop.example", title = "a" } } },
    } do
      local problem = problem_of(function() api:seed(account) end)
      assert.truthy(problem:find("^fake/spec/fake_seed_spec.lua:%d+: "), problem)
      assert.truthy(problem:find(want, 1, true), problem)
      assert.equal(0, #assert(client.sites:list())) -- nothing of the account is there
    end
  end)
end)

describe("the demo account", function()
  it("has three projects, sixty keywords and ninety days of positions that move, and is there again after reset", function()
    local api = fake.new { demo = true, today = "2026-11-24", log = false }
    local function look()
      local client = api:client { raise = true }
      local keywords, texts = 0, {}
      for _, row in ipairs(client.sites:list()) do
        keywords = keywords + row.keyword_count
        local blocks = client.sites(row.id).positions:list { date_from = "2026-08-01", date_to = "2026-11-24" }
        for _, keyword in ipairs(blocks[1].keywords) do
          local days = keyword.positions
          assert.is_true(#days == 90 or row.title == "Sailing blog" and #days == 13)
          local text = {}
          for i, day in ipairs(days) do
            text[i] = day.pos
          end
          texts[#texts + 1] = keyword.name .. " " .. table.concat(text, " ")
        end
      end
      assert.equal(60, keywords)
      return table.concat(texts, "\n")
    end
    local first = look()
    api:reset()
    assert.equal(first, look())
  end)

  it("is another one with another seed", function()
    local function average(number)
      local client = fake.new({ demo = true, today = "2026-11-24", seed = number }):client { raise = true }
      return client.sites(client.sites:list()[1].id):summary().today_avg
    end
    assert.equal(average(1), average(1))
    assert.not_equal(average(1), average(2))
  end)
end)
