--- Every parameter of an operation that reads is a filter or sort with a test, or is named here with what else it is. The
--- parameters come from the descriptions: a new one fails here. `filter` and the sorts of the Data API: fake_filters_spec.lua.
-- SPDX-License-Identifier: MIT
--
-- Operations that the fake answers with a fixed example have no rows to filter: api:canned() lists them.
-- The first test wants the name of each parameter in a spec of its family; whether that spec asks enough, it can't tell.

local fake = require "seranking.fake"
local lists = require "support.rows"

local TODAY = "2026-11-24"

-- What is no filter or sort of rows, wherever it is.
local NOT_ROWS = {}
for reason, names in pairs {
  ["which page of the list"] = "limit offset page next page_token top",
  ["whose rows"] = "source keyword domain url target brand engine compare scope with_subdomains audit_id region_id url_id "
    .. "job_token task_id country_code q prompt_llm_ids query",
  ["which members a row has"] = "cols fields include history_trend history_from history_to stats show_zones_list currency "
    .. "keys_count include_cached_copy_url compact with_landing_pages with_serp_features with_content_score",
  ["what the figures are of, or summed by"] = "dimensions metrics group_by group_mode source_type compare_from compare_to "
    .. "granularity histogramMode top_n lead_price conversion_rate keywords",
} do
  for name in names:gmatch "%S+" do
    NOT_ROWS[name] = reason
  end
end

-- The specs that ask for the rest of an operation's parameters, by the beginning of its name.
local SPECS = {
  { "data.backlinks.", "fake_links fake_filters fake_backlinks" }, { "data.domain.", "fake_domain fake_filters fake_data" },
  { "data.keywords.", "fake_keywords fake_filters" }, { "data.ai_search.", "fake_prompts fake_filters fake_data" },
  { "data.site_audit.", "fake_crawl fake_audit fake_filters" }, { "audit.", "fake_crawl fake_audit" },
  { "airt.", "fake_ai_tracker fake_airt" }, { "visible.", "fake_visible" }, { "competitors.", "fake_project fake_ranks" },
  { "sites.", "fake_project fake_ranks" }, { "local_marketing.", "fake_data fake_project" },
}

-- Those that are asked for below.
local HERE = {}
for key, names in pairs {
  ["data.backlinks.all"] = "domain_inlink_rank_to", ["data.backlinks.history.list"] = "link_type anchor_type",
  ["data.backlinks.history.count"] = "link_type anchor_type", ["sites.positions.history"] = "tags_ids",
  ["visible.brands.metrics"] = "tracked_brand_ids", ["visible.prompts.list"] = "tracked_brand_ids",
  ["visible.results.list"] = "tracked_brand_ids",
  ["visible.sources.list"] = "tracked_brand_ids brand_ids brand_match_mode competitors_count_to",
} do
  for name in names:gmatch "%S+" do
    HERE[key .. " " .. name] = true
  end
end

local function text_of(name)
  local file = assert(io.open("fake/spec/" .. name .. "_spec.lua"))
  local text = file:read "*a"
  file:close()
  return text
end

local function specs_of(key)
  for _, pair in ipairs(SPECS) do
    if key:sub(1, #pair[1]) == pair[1] then
      return pair[2]
    end
  end
  return ""
end

local function is_asked(key, name)
  for spec in specs_of(key):gmatch "%S+" do
    if (" " .. text_of(spec) .. " "):find("[^%w_]" .. name .. "[^%w_]") then
      return true
    end
  end
  return false
end

-- The operations that read rows, with the names of their parameters.
local function each_parameter(visit)
  local canned = {}
  for _, key in ipairs(fake.new({}):canned()) do
    canned[key] = true
  end
  for _, module in pairs(require "seranking.api") do
    for _, resource in ipairs(require(module)) do
      for _, operation in ipairs(resource.operations) do
        local names, reads = {}, operation.post or operation.answer == "array" or operation.pages
        for _, name in ipairs { "v4", "v1", "data", "visible" } do
          local generation = operation[name]
          local form = type(generation) == "table" and generation or operation
          reads = reads or tostring(type(generation) == "table" and generation[1] or generation):find "^GET "
          names[#names + 1] = form.query or operation.query
          names[#names + 1] = form.upload or operation.upload
        end
        if reads and operation.answer ~= nil and not canned[resource.name .. "." .. operation[1]] then
          for name in table.concat(names, " "):gmatch "[%w_]+" do
            visit(resource.name .. "." .. operation[1], name)
          end
        end
      end
    end
  end
end

describe("a list of the fake", function()
  it("has a test for each parameter that filters or sorts its rows", function()
    local count, missing = 0, {}
    each_parameter(function(key, name)
      if not NOT_ROWS[name] then
        count = count + 1
        if not HERE[key .. " " .. name] and not is_asked(key, name) then
          missing[key .. " " .. name] = true
        end
      end
    end)
    assert.same({}, missing)
    assert.is_true(count > 100, count)
  end)
end)

local function account(options)
  options.today, options.units, options.log = TODAY, 1e9, false
  options.limit, options.data_limit, options.visible_limit = 1e6, 1e6, 1e6
  local api = fake.new(options)
  return api:client { raise = true, share = "off" }, api
end

local function with(args, more)
  local made = {}
  for _, part in ipairs { args, more or {} } do
    for name, value in pairs(part) do
      made[name] = value
    end
  end
  return made
end

-- Compares a list with what is kept of the unfiltered one; some pass, and some don't.
local function assert_keeps(op, args, more, fits)
  local rows = op:all(args, { max_rows = 1e5 })
  local expected = lists.kept(rows, fits)
  assert.is_true(#expected > 0 and #expected < #rows, #expected .. " of " .. #rows .. " is no test")
  assert.same(expected, op:all(with(args, more), { max_rows = 1e5 }))
end

describe("backlinks in the fake", function()
  local data = account({ rows = 300 }).data
  local YEAR = { target = "shop.com", date_from = "2026-01-01", date_to = TODAY }

  it("have domains of a rank of at most domain_inlink_rank_to", function()
    assert_keeps(data.backlinks.all, { target = "shop.com" }, { domain_inlink_rank_to = 30 }, function(row)
      return row.domain_inlink_rank <= 30
    end)
  end)

  it("came and went by kinds of links and anchors, in the list and in the count", function()
    for name, values in pairs {
      link_type = { href = function(row) return row.link_type == "href" end,
        redirect = function(row) return row.link_type == "redirect" end },
      anchor_type = { text = function(row) return not row.image end, image = function(row) return row.image end },
    } do
      for value, fits in pairs(values) do
        assert_keeps(data.backlinks.history.list, YEAR, { [name] = value }, fits)
        local days = data.backlinks.history.count(with(YEAR, { [name] = value })).new_lost_backlinks_count
        local there = lists.kept(data.backlinks.history.list:all(YEAR, { max_rows = 1e5 }), fits)
        assert.equal(#there, lists.sum(days, "new") + lists.sum(days, "lost"))
      end
    end
  end)
end)

describe("a project's history in the fake", function()
  for _, generation in ipairs { "v4", "v1" } do
    it("is of the keywords with a tag, and of all of several: " .. generation, function()
      local _, api = account {}
      local URL, OTHER = "https://shop.com/sale", "https://shop.com/new"
      api:seed { sites = { { url = "https://shop.com", days = 5, tags = { sale = { URL, OTHER }, new = { OTHER } },
        keywords = { "boots", "shoes", { keyword = "cheap boots", target_url = URL },
          { keyword = "new boots", target_url = OTHER }, { keyword = "cheap shoes", target_url = URL } } } } }
      local client = api:client { api = generation, raise = true, share = "off" }
      local site = client.sites(client.sites:list()[1].id)
      local ids, day = {}, { date_from = TODAY, date_to = TODAY }
      for _, tag in ipairs(site.url_tags:list()) do
        ids[tag.name] = tag.id
      end
      local function expected(...)
        local wanted = {}
        for _, name in ipairs { ... } do
          wanted[name] = true
        end
        local sum, count = 0, 0
        for _, keyword in ipairs(site.positions:list(day)[1].keywords) do
          local pos = keyword.positions[1].pos
          if pos > 0 and wanted[keyword.name] then
            sum, count = sum + pos, count + 1
          end
        end
        assert.is_true(count > 0)
        return sum / count
      end
      local function average(tags)
        return site.positions:history(with(day, { tags_ids = tags }))[1].data[1].value
      end
      assert.near(expected("boots", "shoes", "cheap boots", "new boots", "cheap shoes"), average(nil), 0.051)
      assert.near(expected("cheap boots", "new boots", "cheap shoes"), average { ids.sale }, 0.051)
      assert.near(expected("new boots"), average { ids.new }, 0.051)
      assert.near(expected("new boots"), average { ids.sale, ids.new }, 0.051)
    end)
  end
end)

describe("SE Visible's lists in the fake", function()
  local client, api = account {}
  api:seed { visible = { { domain = "https://corner-bakery.example.com", brand_names = { "Corner Bakery" }, days = 10,
    topics = { Bread = { "where to buy rye bread", "best bakery near me" }, Cakes = { "who makes wedding cakes" } },
    competitors = { { title = "Mill", domain = "https://mill.example.com" },
      { title = "Oven", domain = "https://oven.example.com" } } } } }
  local visible = client.visible
  local PERIOD = { project_id = visible.projects:list()[1].id, date_from = "2026-11-15", date_to = "2026-11-20" }
  local own, mill, oven
  for _, brand in ipairs(visible.brands:list { project_id = PERIOD.project_id }) do
    if brand.is_primary then
      own = brand.id
    elseif brand.title == "Mill" then
      mill = brand.id
    else
      oven = brand.id
    end
  end

  local function names(answer, ...)
    local found = 0
    for _, id in ipairs { ... } do
      for _, brand in ipairs(answer.brands) do
        found = found + (brand.id == id and 1 or 0)
      end
    end
    return found
  end

  -- All answers of the period, each with its prompt and the addresses that it cites.
  local answers = {}
  for _, prompt in ipairs(visible.prompts.list:all(PERIOD)) do
    local of_prompt = { project_id = PERIOD.project_id, prompt_id = prompt.id }
    for _, row in ipairs(visible.results.list:all(with(PERIOD, of_prompt))) do
      local answer = visible.results:get(with(of_prompt, { result_id = row.id }))
      answer.prompt = prompt.id
      answers[#answers + 1] = answer
    end
  end

  it("have only answers that name a brand of tracked_brand_ids", function()
    local prompt, count = answers[1].prompt, 0
    assert_keeps(visible.results.list, with(PERIOD, { prompt_id = prompt }), { tracked_brand_ids = { mill, oven } },
      function(row) return names(row, mill, oven) > 0 end)
    local mentions, cited = {}, {}
    for _, answer in ipairs(answers) do
      if names(answer, mill) > 0 then
        count = count + 1
        mentions[answer.prompt] = (mentions[answer.prompt] or 0) + names(answer, own)
        for _, url in ipairs(answer.urls) do
          cited[url] = (cited[url] or 0) + 1
        end
      end
    end
    assert.is_true(count > 0 and count < #answers)
    local tracked = with(PERIOD, { tracked_brand_ids = { mill } })
    local metrics = visible.brands:metrics(with(tracked, { dimensions = "brand_id", metrics = "total_response_count" }))
    assert.equal(count, metrics.items[1].total_response_count)
    for _, row in ipairs(visible.prompts.list:all(tracked)) do
      assert.equal(mentions[row.id], row.mentions)
    end
    local found = {}
    for _, row in ipairs(visible.sources.list:all(with(tracked, { source_type = "url" }))) do
      found[row.url] = row.ai_answers_count and row.ai_answers_count.values[1] or cited[row.url]
    end
    assert.same(cited, found)
  end)

  it("have only sources whose answers name any or all of brand_ids", function()
    local named = {} -- by address: which brands the answers that cite it name
    for _, answer in ipairs(answers) do
      for _, url in ipairs(answer.urls) do
        named[url] = named[url] or {}
        for _, id in ipairs { own, mill, oven } do
          named[url][id] = named[url][id] or names(answer, id) > 0
        end
      end
    end
    local pages = with(PERIOD, { source_type = "url" })
    local tested = 0
    for _, ids in ipairs { { own }, { mill }, { own, mill }, { mill, oven }, { own, mill, oven } } do
      for _, mode in ipairs { false, "any", "all" } do
        local rows = visible.sources.list:all(pages)
        local expected = lists.kept(rows, function(row)
          local count = 0
          for _, id in ipairs(ids) do
            count = count + (named[row.url][id] and 1 or 0)
          end
          return mode == "all" and count == #ids or mode ~= "all" and count > 0
        end)
        tested = tested + (#expected > 0 and #expected < #rows and 1 or 0)
        assert.same(expected, visible.sources.list:all(with(pages, { brand_ids = ids, brand_match_mode = mode or nil })))
      end
    end
    assert.is_true(tested > 3, tested)
  end)

  it("have only sources that name so many competitors at most", function()
    for most = 0, 1 do
      local day = with(PERIOD, { date_to = PERIOD.date_from })
      assert_keeps(visible.sources.list, day, { competitors_count_to = most }, function(row)
        return row.competitors_count.values[1] <= most
      end)
    end
  end)
end)
