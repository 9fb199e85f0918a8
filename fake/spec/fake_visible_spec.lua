--- The fake's SE Visible: what is made stays, and its lists, results and metrics are counted from the same answers.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"
local fake = require "seranking.fake"

local TODAY = "2026-11-24"

--- A fake with a project of 10 days, a client of it, and the project's id.
local function new(options)
  local all = { today = TODAY, visible_limit = 1e6, limit = 1e6 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  local api = fake.new(all)
  api:seed { visible = { { domain = "https://corner-bakery.example.com", brand_names = { "Corner Bakery", "The Bakery" },
    topics = { Bread = { "where to buy rye bread", "best bakery near me" }, Cakes = { "who makes wedding cakes" } },
    competitors = { { title = "Mill", domain = "https://mill.example.com" },
      { title = "Oven", domain = "https://oven.example" } }, days = 10 } } }
  local client = api:client { raise = true, share = "off" }
  return client.visible, client.visible.projects:list()[1].id, api
end

local function period(id, more)
  local args = { project_id = id, date_from = "2026-11-15", date_to = "2026-11-20" }
  for name, value in pairs(more or {}) do
    args[name] = value
  end
  return args
end

--- The error of a call that fails.
local function refused(f, ...)
  local fine, err = pcall(f, ...)
  assert.is_false(fine)
  return err
end

describe("SE Visible in the fake", function()
  it("searches the texts of prompts, whatever their case, and the addresses of sources", function()
    local visible, id = new()
    for _, case in ipairs { { visible.prompts.list, "text", "RYE" }, { visible.sources.list, "domain" } } do
      local rows, name, expected = case[1]:all(period(id)), case[2], {}
      local word = case[3] or rows[1].domain:sub(1, 6)
      for _, row in ipairs(rows) do
        expected[#expected + 1] = row[name]:lower():find(word:lower(), 1, true) and row[name] or nil
      end
      assert.is_true(#expected > 0 and #expected < #rows)
      local found = {}
      for i, row in ipairs(case[1]:all(period(id, { search_query = word }))) do found[i] = row[name] end
      assert.same(expected, found)
    end
  end)

  it("keeps projects, whose first check takes a minute", function()
    local visible, _, api = new()
    local id = visible.projects:create({ domain = "https://a.example", country_code = "UK", lang_code = "en",
      brand_names = { "A", "Alpha" }, topics = { "One", "Two" } }).id
    assert.is_truthy(id:find "^%x+%-%x+%-4%x+%-8%x+%-%x+$")
    local function state()
      local project = visible.projects:get { project_id = id }
      return project.project.status, project.check.processed_percent
    end
    assert.same({ "queued", 0 }, { state() })
    api:advance(30)
    assert.same({ "processing", 50 }, { state() })
    api:advance(30)
    assert.same({ "success", 100 }, { state() })
    local brands = visible.brands:list { project_id = id }
    assert.same({ { "A", true, { { title = "Alpha" } } } },
      { { brands[1].title, brands[1].is_primary, brands[1].aliases } })
    visible.projects:delete { project_id = id }
    assert.equal(404, refused(visible.projects.get, visible.projects, { project_id = id }).status)
    assert.equal(1, #visible.projects:list())
  end)

  it("keeps brands and their aliases, each name once", function()
    local visible, id = new()
    local brands = visible.brands(id)
    local made = brands:create { title = "Loaf", domain = "https://loaf.example", aliases = { "The Loaf" } }
    assert.equal(4, #brands:list())
    for _, name in ipairs { "Loaf", "The Loaf", "Corner Bakery", "The Bakery" } do
      local err = refused(brands.create, brands, { title = name, domain = "https://b.example" })
      assert.same({ 422, { title = { "The title has already been taken." } } }, { err.status, err.fields })
    end
    brands.aliases(made.id):add { aliases = { "Loaf Ltd" } }
    brands:update { brand_id = made.id, domain = "https://new.example" }
    local now = brands:list()[4]
    assert.same({ "https://new.example", { { title = "The Loaf" }, { title = "Loaf Ltd" } } }, { now.domain, now.aliases })
    brands:update { brand_id = made.id, aliases = {} }
    assert.same({}, brands:list()[4].aliases)
    brands:delete { brand_id = made.id }
    assert.equal(3, #brands:list())
    assert.equal("Cannot delete the primary brand", refused(brands.delete, brands, { brand_id = brands:list()[1].id }).message)
  end)

  it("keeps topics and prompts: a topic goes with its prompts, prompts move all or none", function()
    local visible, id = new()
    local topics, prompts = visible.topics(id), visible.prompts(id)
    local function counts()
      local list = {}
      for i, topic in ipairs(visible.projects(id):get().topics) do
        list[i] = topic.title .. " " .. topic.prompts_count
      end
      return table.concat(list, ", ")
    end
    local pies = topics:create({ titles = { "Pies" } })[1]
    local ids = prompts:create({ topic_id = pies.id, prompts = { "apple pie?", "best pie?" } }).ids
    assert.equal("Bread 2, Cakes 1, Pies 2", counts())
    local bread = visible.projects(id):get().topics[1].id
    local err = refused(prompts.move, prompts, { topic_id = bread, prompt_ids = { ids[1], 1 } })
    assert.equal(422, err.status)
    assert.equal("Bread 2, Cakes 1, Pies 2", counts())
    prompts:move { topic_id = bread, prompt_ids = { ids[1] } }
    assert.equal("Bread 3, Cakes 1, Pies 1", counts())
    prompts:move { topic_id = bread, topic_ids = { pies.id } }
    prompts:delete { prompt_ids = { ids[1] } }
    topics:update { topic_id = pies.id, title = "Tarts" }
    assert.equal("Bread 3, Cakes 1, Tarts 0", counts())
    topics:delete { topic_id = bread }
    assert.equal("Cakes 1, Tarts 0", counts())
    assert.equal(404, refused(prompts.get, prompts, { prompt_id = ids[2] }).status)
  end)

  it("asks a new prompt within a minute, and then every day", function()
    local visible, id, api = new()
    local topic = visible.projects(id):get().topics[1].id
    local prompt = visible.prompts(id):create({ topic_id = topic, prompts = { "new?" } }).ids[1]
    local function results()
      return #visible.results.list:all { project_id = id, prompt_id = prompt, date_from = "2026-11-01",
        date_to = "2026-12-31" }
    end
    assert.equal(0, results())
    assert.is_false(visible.prompts(id):get({ prompt_id = prompt }).is_parsed)
    api:advance(60)
    assert.equal(5, results())
    assert.is_true(visible.prompts(id):get({ prompt_id = prompt }).is_parsed)
    api:advance(2 * 86400)
    assert.equal(15, results())
  end)

  it("counts metrics, prompts and sources from the results", function()
    local visible, id = new()
    local own = visible.brands:list({ project_id = id })[1].id
    local answers, mentions, all, cited = 0, 0, 0, {}
    for prompt in visible.prompts.list:each(period(id)) do
      local of_prompt = 0
      for result in visible.results.list:each(period(id, { prompt_id = prompt.id })) do
        answers = answers + 1
        for _, brand in ipairs(result.brands) do
          all = all + 1
          of_prompt = of_prompt + (brand.id == own and 1 or 0)
        end
        local seen = {}
        for _, url in ipairs(visible.results:get({ project_id = id, prompt_id = prompt.id, result_id = result.id }).urls) do
          local host = url:match "^https://([^/]+)"
          cited[host] = (cited[host] or 0) + (seen[host] and 0 or 1)
          seen[host] = true
        end
      end
      assert.equal(of_prompt, prompt.mentions)
      mentions = mentions + of_prompt
    end
    assert.equal(3 * 5 * 6, answers)
    local rows = visible.brands.metrics:all(period(id, { dimensions = "brand_id",
      metrics = { "total_response_count", "total_mentions", "total_all_mentions", "share_of_voice" } }))
    for _, row in ipairs(rows) do
      assert.same({ answers, all }, { row.total_response_count, row.total_all_mentions })
      if row.brand_id == own then
        assert.equal(mentions, row.total_mentions)
        assert.is_true(math.abs(row.share_of_voice - 100 * mentions / all) <= 0.05)
      end
    end
    local counted = {}
    for source in visible.sources.list:each(period(id)) do
      counted[source.domain] = source.ai_answers_count.values[1]
      assert.is_true(math.abs(source.coverage.values[1] - 100 * counted[source.domain] / answers) <= 0.05)
    end
    assert.same(cited, counted)
  end)

  it("applies filters, and adds up over models, topics and days", function()
    local visible, id = new()
    local function total(more)
      local args = period(id, more)
      args.dimensions, args.metrics = "brand_id", "total_response_count"
      return visible.brands:metrics(args).items[1].total_response_count
    end
    local sum = 0
    for _, model in ipairs { "chatgpt", "google_gemini", "perplexity", "google_ai_mode", "google_ai_overview" } do
      sum = sum + total { model_types = model }
    end
    assert.equal(total(), sum)
    sum = 0
    for _, topic in ipairs(visible.projects(id):get().topics) do
      sum = sum + total { topic_ids = topic.id }
    end
    assert.equal(total(), sum)
    sum = 0
    for _, mood in ipairs { "positive", "neutral", "negative" } do
      sum = sum + total { sentiments = mood }
    end
    assert.equal(total(), sum)
    assert.equal(total(), total { date_to = "2026-11-17" } + total { date_from = "2026-11-18" })
    assert.is_nil(visible.brands:metrics(period(id, { country_codes = "DE", dimensions = "brand_id", metrics = "rank" }))
      .items[1].rank)
  end)

  it("compares periods: two values and their difference", function()
    local visible, id = new()
    local function share(more)
      local args = period(id, more)
      args.dimensions, args.metrics, args.sort_order = "topic_id", "visibility_score", "asc"
      local by_topic = {}
      for _, row in ipairs(visible.brands:metrics(args).items) do
        by_topic[row.topic_id] = row.visibility_score
      end
      return by_topic
    end
    local now, before = share(), share { date_from = "2026-11-14", date_to = "2026-11-14" }
    local both = share { compare_from = "2026-11-14", compare_to = "2026-11-14" }
    for topic, figure in pairs(both) do
      assert.same({ now[topic], before[topic] }, figure.values)
      assert.is_true(math.abs(figure.delta - (now[topic] - before[topic])) < 0.06)
    end
  end)

  it("makes columns of the last of several dimensions, and sorts by one of them", function()
    local visible, id = new()
    local brands = visible.brands:list { project_id = id }
    local sort = ("visibility_score[brand_id=%d]"):format(brands[2].id)
    local answer = visible.brands:metrics(period(id, { dimensions = { "topic_id", "prompt_id", "brand_id" },
      metrics = { "visibility_score", "rank" }, sort = sort }))
    assert.same({ brands[1].id, brands[2].id, brands[3].id }, answer.meta.columns.dynamic)
    assert.equal(2 * 3, #answer.items) -- topics and prompts
    local last = math.huge
    for _, row in ipairs(answer.items) do
      local value = row[brands[2].id .. "_visibility_score"]
      if value then
        assert.is_true(value <= last)
        last = value
      else
        last = -1 -- rows without data come last
      end
    end
    assert.same({ "The dimensions field has a duplicate value." }, refused(visible.brands.metrics, visible.brands,
      period(id, { dimensions = { "topic_id", "topic_id" }, metrics = "rank" })).fields.dimensions)
  end)

  it("sorts and filters sources as asked", function()
    local visible, id = new()
    local list = visible.sources.list
    local last = math.huge
    for row in list:each(period(id, { sort = "pages" })) do
      assert.is_true(row.pages.values[1] <= last)
      last = row.pages.values[1]
    end
    local all, named = 0, 0
    for row in list:each(period(id, { source_type = "url" })) do
      all, named = all + 1, named + row.my_brand_mentions
    end
    assert.is_true(named > 0 and named < all)
    assert.equal(named, #list:all(period(id, { source_type = "url", is_my_brand_mentions = 1 })))
    assert.equal(all - named, #list:all(period(id, { source_type = "url", is_my_brand_mentions = 0 })))
    local one = list:all(period(id, { source_type = "url" }))[1]
    for row in list:each(period(id, { source_type = "url", domain_id = one.domain_id })) do
      assert.equal(one.domain, row.domain)
    end
    local two, one_more = list:all(period(id, { competitors_count_from = 2 })), list:all(period(id))
    for _, row in ipairs(two) do
      assert.is_true(row.competitors_count.values[1] >= 2)
    end
    assert.is_true(#two > 0 and #two < #one_more)
  end)

  it("gives the same answers to the same seed, and others to another", function()
    local function figures(options)
      local visible, id = new(options)
      local list = {}
      for _, row in ipairs(visible.brands:metrics(period(id, { dimensions = "brand_id", metrics = "total_mentions" })).items) do
        list[#list + 1] = row.brand_id .. ":" .. row.total_mentions
      end
      return table.concat(list, " ")
    end
    assert.equal(figures(), figures())
    assert.not_equal(figures(), figures { seed = 2 })
  end)

  it("refuses as the service does: 422, a message, and what is wrong by parameter", function()
    local _, id, api = new()
    local path = "/v1/se-visible/projects/" .. id
    local days = "date_range[0][from]=2026-11-01&date_range[0][to]=2026-11-02"
    local metrics = "&dimensions%5B%5D=brand_id&metrics%5B%5D=rank"
    for _, row in ipairs {
      { "POST", "/v1/se-visible/projects", nil,
        '{"domain":"a.example","country_code":"US","lang_code":"en","brand_names":["A"],"topics":["B"]}', "domain",
        "The domain field must be a valid URL." },
      { "POST", "/v1/se-visible/projects", nil,
        '{"domain":"https://a.example","country_code":"us","lang_code":"en","brand_names":["A"],"topics":["B"]}',
        "country_code",
        "The selected country code is invalid." },
      { "GET", path .. "/prompts", days .. "&model_types=chatgpt", nil, "model_types",
        "The model types field must be an array." },
      { "GET", path .. "/prompts", "date_range[0][to]=2026-11-02", nil, "date_range.0.from",
        "The date range.0.from field is required." },
      { "GET", path .. "/prompts", days .. "&date_range[1][from]=2026-13-01&date_range[1][to]=2026-10-02", nil,
        "date_range.1.from", "The date range.1.from field is invalid." },
      { "GET", path .. "/prompts", "date_range[0][from]=2026-11-03&date_range[0][to]=2026-11-02", nil, "date_range.0.from",
        "The selected date range.0.from is invalid." },
      { "GET", path .. "/sources", days .. "&source_sort_field=gap_score", nil, "source_sort_field",
        "The selected source sort field is invalid." },
      { "GET", path .. "/sources", days .. "&sort_field=pages", nil, "sort_field", "The sort field field is prohibited." },
      { "GET", path .. "/brands/metrics", days .. metrics .. "&sort_field=coverage", nil, "sort_field",
        "The selected sort field is invalid." },
      { "GET", path .. "/brands/metrics", days .. metrics .. "&sort_field=rank%5Btopic_id=1%5D", nil, "sort_field",
        "The selected sort field is invalid." },
      { "GET", path .. "/prompts", days .. "&country_codes%5B%5D=GB", nil, "country_codes",
        "The selected country codes is invalid." },
    } do
      local answer = ask.send(api, row[1], row[2], row[3], row[4])
      assert.same({ 422, ('{"errors":{"%s":["%s"]},"message":"%s"}'):format(row[5], row[6], row[6]) },
        { answer.status, answer.body })
    end
    local answer = ask.send(api, "POST", path .. "/brands", nil,
      '{"title":"a","domain":"https://a.example","aliases":["plain"]}')
    assert.equal(422, answer.status)
    answer = ask.send(api, "GET", path:gsub("%x$", "z") .. "/brands")
    assert.same({ 404, '{"message":"Not Found"}' }, { answer.status, answer.body })
  end)

  it("counts its own limit, one request a second", function()
    local visible, _, api = new { visible_limit = 1 }
    assert.is_table(visible)
    local statuses = {}
    for i = 1, 3 do
      statuses[i] = ask.send(api, "GET", "/v1/se-visible/subscription").status
      api:advance(i == 2 and 1 or 0)
    end
    assert.equal(429, statuses[2])
    assert.equal(200, ask.send(api, "GET", "/v1/account/credits").status)
  end)

  it("says which members of an answer are guesses", function()
    local _, id, api = new()
    local answer = ask.send(api, "GET", "/v1/se-visible/projects/" .. id)
    assert.equal("project.topics[].id, project.topics[].title, topics[].prompts_count, check_dates[], next_check, brands[].id, "
      .. "brands[].title", ask.header(answer, "X-Fake-Guess"))
    assert.is_nil(ask.header(ask.send(api, "GET", "/v1/se-visible/projects/" .. id .. "/brands"), "X-Fake-Guess"))
  end)
end)
