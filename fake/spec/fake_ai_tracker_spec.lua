-- The AI results tracker on the fake: rankings, answers, statistics and sources are of the same answers, which move by the day.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local lists = require "support.rows"

local kept, assert_sorted = lists.kept, lists.assert_sorted

local DAY, TODAY, FIRST = 86400, "2026-11-24", "2026-10-26" -- FIRST: 30 days with today

local function percent(part, all)
  return all > 0 and math.floor(100 * part / all + 0.5) or 0
end

-- An account with a project whose prompts have been asked for 60 days.
local function account(options)
  options = options or {}
  local api = fake.new {
    today = TODAY, log = false, units = 10 ^ 9, limit = 10 ^ 6, data_limit = 10 ^ 6, seed = options.seed,
  }
  api:seed { sites = { {
    url = "https://shop.example.com", brand = "Anchor shop", days = 60, competitors = { "quay-supplies.com", "pier-shop.com" },
    prompts = { "where to buy an anchor", "which anchor holds in mud", "best shop for boat parts", "is a folding anchor safe" },
  } } }
  local client = api:client { api = options.api or "v1", raise = true }
  local site_id = client.sites:list()[1].id
  if options.overview then
    local llm = client.airt.llm:create { site_id = site_id, base_name = "google_ai_overview", country_code = "us" }
    client.airt.prompts:create { site_id = site_id, llm_id = llm.id, prompts = { "where to buy an anchor" } }
  end
  return api, client.airt, { site_id = site_id, llm_id = client.airt.llm:list({ site_id = site_id })[1].id }
end

local function with(ids, more)
  local args = {}
  for _, part in ipairs { ids, more or {} } do
    for name, value in pairs(part) do
      args[name] = value
    end
  end
  return args
end

for _, generation in ipairs { "v4", "v1" } do
  describe("the AI tracker, " .. generation, function()
    local api, airt, ids

    before_each(function()
      api, airt, ids = account { api = generation }
    end)

    local function rankings(more)
      return airt.prompts:rankings(with(ids, with({ date_from = FIRST, date_to = TODAY }, more))).items
    end

    it("has a row a day for each prompt, and the brand's visibility moves", function()
      local changed, named = 0, 0
      for _, row in ipairs(rankings()) do
        assert.equal(30, #row.positions)
        assert.equal(FIRST, row.positions[1].date)
        for i = 2, 30 do
          local before, now = row.positions[i - 1], row.positions[i]
          changed = changed + (before.mention_position ~= now.mention_position and 1 or 0)
          named = named + (now.mention_position > 0 and 1 or 0)
        end
      end
      assert.is_true(changed > 5)
      assert.is_true(named > 0 and named < 4 * 29)
      assert.same(rankings(), rankings())
    end)

    it("ranks as the answer of the day says", function()
      local rows = airt.prompts:list(with(ids)).items
      for _, row in ipairs(rankings { date_from = "2026-11-20" }) do
        local prompt = kept(rows, function(one) return (one.prompt_id or one.keyword_id) == row.prompt_id end)[1]
        for _, day in ipairs(row.positions) do
          local answer = airt.prompts:answer(with({ site_id = ids.site_id, llm_id = ids.llm_id },
            { prompt_llm_id = prompt.prompt_llm_id or prompt.k2site_llm_id, date = day.date }))
          local linked, named = 0, 0
          for i, source in ipairs(answer.sources) do
            assert.equal(i, source.position)
            linked = source.url:find("://shop.example.com/", 1, true) and i or linked
          end
          for i, brand in ipairs(answer.brands) do
            assert.truthy(answer.text:find(brand.name, 1, true))
            named = brand.name == "Anchor shop" and i or named
          end
          assert.same({ day.url_position, day.mention_position, day.urls_count, day.mentions_count },
            { linked, named, #answer.sources, #answer.brands })
        end
      end
    end)

    it("has statistics that are counted from the rankings, top and change too", function()
      local function counted(from, to, top)
        local asked, linked, named = 0, 0, 0
        local function within(position) return position > 0 and (top == 0 or position <= top) and 1 or 0 end
        for _, row in ipairs(rankings { date_from = from, date_to = to }) do
          for _, day in ipairs(row.positions) do
            asked, linked = asked + 1, linked + within(day.url_position)
            named = named + within(day.mention_position)
          end
        end
        return percent(linked, asked), percent(named, asked)
      end
      for _, top in ipairs { 0, 1, 3 } do
        local found = airt.llm:statistics(with(ids, { from = "2026-11-15", to = TODAY, top = top }))
        local linked, named = counted("2026-11-15", TODAY, top)
        local linked_before, named_before = counted("2026-11-05", "2026-11-14", top)
        assert.same({
          link_percent_in_top = linked, link_diff = linked - linked_before, mention_percent_in_top = named,
          mention_diff = named - named_before,
        }, found.presence)
      end
    end)

    it("has groups whose shares are counted from their prompts", function()
      local rows, group = rankings(), rankings({ mode = "groups" })[1]
      assert.equal(#rows, group.prompts_count)
      for i, day in ipairs(group.positions) do
        local linked, named = 0, 0
        for _, row in ipairs(rows) do
          assert.equal(day.date, row.positions[i].date)
          linked = linked + (row.positions[i].url_position > 0 and 1 or 0)
          named = named + (row.positions[i].mention_position > 0 and 1 or 0)
        end
        assert.same({ percent(linked, #rows), percent(named, #rows) }, { day.link_presence, day.mention_presence })
      end
      assert.same({}, rankings { group_ids = { 1 } })
    end)

    it("gives the rows a page asks for", function()
      local rows = rankings()
      assert.same({ rows[2], rows[3] }, rankings { offset = 1, limit = 2 })
    end)

    it("asks a new prompt within 20 seconds", function()
      airt.prompts:create(with(ids, { prompts = { "what is an anchor" } }))
      local new = 5 -- its place
      assert.same({}, rankings()[new].positions)
      api:advance(10)
      local progress = airt.llm:status(ids).progress
      assert.is_true(progress > 80 and progress < 100)
      api:advance(11)
      assert.equal(100, airt.llm:status(ids).progress)
      assert.equal(1, #rankings()[new].positions)
      api:advance(3 * DAY)
      assert.equal(4, #rankings({ date_to = "2026-11-27" })[new].positions)
    end)
  end)
end

describe("Google's AI Overview", function()
  it("is missing on some days: null in the rankings, no date among those with answers, 404 for the answer", function()
    local api, airt, ids = account { overview = true }
    api:advance(60 * DAY)
    local days = { date_from = "2026-11-25", date_to = "2027-01-20" }
    local llm = airt.llm:list({ site_id = ids.site_id })[2]
    local here = { site_id = ids.site_id, llm_id = llm.id }
    local prompt = airt.prompts:list(here).items[1]
    local dates, missing = {}, 0
    for _, date in ipairs(airt.competitors:dates(with(here, with(days, { prompt_llm_id = prompt.prompt_llm_id }))).dates) do
      dates[date] = true
    end
    for _, day in ipairs(airt.prompts:rankings(with(here, days)).items[1].positions) do
      local there = type(day.mention_position) == "number"
      assert.equal(there, dates[day.date] == true)
      missing = missing + (there and 0 or 1)
      local answer = { site_id = ids.site_id, llm_id = llm.id, prompt_llm_id = prompt.prompt_llm_id, date = day.date }
      if not there then
        local fine, problem = pcall(airt.prompts.answer, airt.prompts, answer)
        assert.is_false(fine)
        assert.equal(404, problem.status)
      else
        local found = airt.prompts:answer(answer)
        local organic, both = {}, 0
        for _, url in ipairs(found.organic_urls) do
          organic[url:match "://([^/]+)"] = true
        end
        for _, source in ipairs(found.sources) do
          both = both + (organic[source.url:match "://([^/]+)"] and 1 or 0)
        end
        assert.equal(percent(both, #found.sources), day.organic_overlap_percent)
      end
    end
    assert.is_true(missing > 0 and missing < 20)
  end)
end)

describe("the sources of AI answers", function()
  local api, airt, ids, site
  local DAYS = { date_from = "2026-11-10", date_to = TODAY }

  before_each(function()
    api, airt, ids = account { overview = true }
    api:advance(30)
    site = with({ site_id = ids.site_id }, DAYS)
  end)

  -- Every citation of the days: { url, domain, prompt_id }.
  local function citations(llms)
    local list, answers = {}, 0
    for _, llm in ipairs(airt.llm:list { site_id = ids.site_id }) do
      for _, prompt in ipairs((not llms or llms[llm.id]) and airt.prompts:list({ site_id = ids.site_id, llm_id = llm.id }).items
        or {}) do
        local of = { site_id = ids.site_id, llm_id = llm.id, prompt_llm_id = prompt.prompt_llm_id }
        for _, date in ipairs(airt.competitors:dates(with(of, DAYS)).dates) do
          answers = answers + 1
          for _, source in ipairs(airt.prompts:answer(with(of, { date = date })).sources) do
            list[#list + 1] = { url = source.url, domain = source.url:match "://([^/]+)", prompt = prompt.prompt_id,
              llm_prompt = prompt.prompt_llm_id }
          end
        end
      end
    end
    return list, answers
  end

  local function sums(list, by)
    local found, seen = {}, {}
    for _, one in ipairs(list) do
      local sum = found[one[by]] or { uses = 0, prompts = 0, pages = 0 }
      found[one[by]], sum.uses = sum, sum.uses + 1
      for what, name in pairs { prompts = one.llm_prompt, pages = one.url } do
        local mark = one[by] .. "\n" .. what .. "\n" .. name
        sum[what] = sum[what] + (seen[mark] and 0 or 1)
        seen[mark] = true
      end
    end
    return found
  end

  it("are counted from the answers", function()
    local list, answers = citations()
    local of_page, of_domain = sums(list, "url"), sums(list, "domain")
    for _, row in ipairs(airt.sources.pages:all(site)) do
      assert.equal(of_page[row.url].uses, row.count_usage)
      of_page[row.url] = nil
    end
    assert.is_nil(next(of_page))
    for _, row in ipairs(airt.sources.domains:all(site)) do
      local sum = of_domain[row.domain]
      assert.same({ sum.uses, sum.prompts, sum.pages, percent(sum.uses, answers) },
        { row.ai_answers_total, row.prompts_total, row.pages_total, row.coverage_percent })
      assert.equal(percent(row.brand_mentions_total, row.ai_answers_total), row.mention_rate_percent)
      of_domain[row.domain] = nil
    end
    assert.is_nil(next(of_domain))
  end)

  it("are those of some engines, prompts and groups only", function()
    local list = citations { [ids.llm_id] = true }
    local prompt_id = list[1].prompt
    local function uses(more)
      local sum = 0
      for _, row in ipairs(airt.sources.pages:all(with(site, more))) do
        sum = sum + row.count_usage
      end
      return sum
    end
    assert.equal(#list, uses { site_llm_ids = { ids.llm_id } })
    assert.equal(#kept(list, function(one) return one.prompt == prompt_id end), uses { prompt_ids = { prompt_id } })
    assert.equal(uses(), uses { group_ids = { airt.prompt_groups:list({ site_id = ids.site_id })[1].id } })
    assert.equal(0, uses { group_ids = { 1 } })
  end)

  it("are filtered by what they name and link to, by text and by domain, in parts that make up the whole", function()
    local pages, domains = airt.sources.pages:all(site), airt.sources.domains:all(site)
    local function total(list, more)
      return airt.sources[list](airt.sources, with(site, more)).total
    end
    for _, list in ipairs { "pages", "domains" } do
      for _, filter in ipairs { "is_brand_mentioned", "has_link" } do
        local yes, no = total(list, { [filter] = true }), total(list, { [filter] = false })
        assert.is_true(yes > 0 and no > 0, list .. " " .. filter)
        assert.equal(total(list), yes + no)
      end
      assert.equal(0, total(list, { is_brand_mentioned = false, has_link = true }))
    end
    assert.equal(#kept(domains, function(row) return row.brand_mentions_total > 0 end),
      total("domains", { is_brand_mentioned = true }))
    assert.equal(#kept(pages, function(row) return row.url:find("/guide/3", 1, true) end),
      total("pages", { search = "/guide/3" }))
    assert.equal(#kept(domains, function(row) return row.domain:find("rival", 1, true) end),
      total("domains", { search = "rival" }))
    for _, row in ipairs(domains) do
      assert.equal(row.pages_total, total("pages", { domain_id = row.domain_id }))
    end
  end)

  it("are sorted by each figure, either way", function()
    api:advance(20 * DAY) -- until links have come and gone
    local client = api:client { raise = true }
    local backlinks = function(name)
      return function(row)
        return client.data.backlinks:summary({ target = { row.domain }, mode = "domain" }).summary[1][name]
      end
    end
    local of_page = sums(citations(), "url")
    for list, measures in pairs {
      domains = {
        backlinks_total = backlinks "backlinks", referring_domains_total = backlinks "refdomains",
        prompts = function(row) return row.prompts_total end,
        domain = false, pages_total = false, ai_answers_total = false, prompts_total = false, coverage_percent = false,
        brand_mentions_total = false, mention_rate_percent = false, dt = false,
      },
      pages = {
        url = false, dt = false, count_usage = false, answers_coverage = function(row) return row.count_usage end,
        prompts = function(row) return of_page[row.url].prompts end,
        prompt_coverage = function(row) return of_page[row.url].prompts end,
      },
    } do
      local all = airt.sources[list]:all(site)
      for sort, measure in pairs(measures) do
        local of = measure or function(row) return row[sort] end
        for _, direction in ipairs { "asc", "desc" } do
          local rows, distinct = airt.sources[list]:all(with(site, { sort = sort, sort_order = direction })), 0
          assert.equal(#all, #rows)
          assert_sorted(rows, of, direction, sort)
          for i = 2, #rows do
            distinct = distinct + (of(rows[i - 1]) == of(rows[i]) and 0 or 1)
          end
          assert.is_true(distinct > 0, sort)
        end
      end
    end
    -- Flags and numbers that rows do not show: sorting brings those that pass the filter to the front.
    for sort, filter in pairs { mention = "is_brand_mentioned", link = "has_link" } do
      local front = airt.sources.pages(airt.sources, with(site, { [filter] = true })).total
      local chosen = {}
      for _, row in ipairs(airt.sources.pages:all(with(site, { [filter] = true }))) do
        chosen[row.url] = true
      end
      for i, row in ipairs(airt.sources.pages:all(with(site, { sort = sort }))) do
        assert.equal(i <= front, chosen[row.url] == true)
      end
    end
  end)

  it("make up the summary", function()
    local client = api:client { raise = true }
    local competitors, ids_of = client.competitors:list { site_id = ids.site_id }, {}
    for i, one in ipairs(competitors) do
      ids_of[i] = one.id
    end
    local function total(more)
      return airt.sources:pages(with(site, more)).total
    end
    local found = airt.sources:summary(site)
    assert.equal(total { is_brand_mentioned = false }, found.summary.mention_opportunities)
    assert.equal(total { is_brand_mentioned = true, has_link = false }, found.summary.mentions_without_backlinks)
    assert.equal(total { is_brand_mentioned = false, competitor_ids = ids_of }, found.summary.competitor_only_mentions)
    local before = {}
    for _, row in ipairs(airt.sources.pages:all { site_id = ids.site_id, date_from = "2026-10-26", date_to = "2026-11-09" }) do
      before[row.url] = true
    end
    local new = kept(airt.sources.pages:all(with(site, { is_brand_mentioned = false })), function(row)
      return not before[row.url]
    end)
    assert.equal(#new, found.summary.new_opportunities)
    assert.equal(2, #found.competitors)
    for i, one in ipairs(found.competitors) do
      assert.equal(competitors[i].name, one.name)
      assert.equal(total { competitor_ids = { competitors[i].id } }, one.count_in_sources)
    end
  end)

  it("have metrics that the Data API has too", function()
    local client = api:client { raise = true }
    local prompt = airt.prompts:list(ids).items[1]
    local of = with(ids, { prompt_llm_id = prompt.prompt_llm_id, date = "2026-11-20" })
    local answer, rows = airt.prompts:answer(of), airt.competitors:source_metrics(of).items
    local by_page = airt.competitors:source_metrics(with(of, { mode = "url" })).items
    assert.is_true(#rows > 0)
    for i, row in ipairs(rows) do
      assert.equal(answer.sources[i].url, by_page[i].url)
      assert.equal(answer.sources[i].url:match "://([^/]+)", row.domain)
      local summary = client.data.backlinks:summary({ target = { row.domain }, mode = "domain" }).summary[1]
      assert.equal(summary.refdomains, row.ref_domains)
      assert.equal(summary.domain_inlink_rank, row.domain_trust)
      assert.equal(#client.data.domain.keywords.list:all { source = "us", domain = row.domain, type = "organic" },
        row.organic_keywords)
    end
  end)

  it("are others with another seed", function()
    local _, other, its = account { seed = 2 }
    assert.not_same(airt.prompts:rankings(with(ids)).items, other.prompts:rankings(with(its)).items)
  end)
end)
