--- The command brand-report: which figures it asks for, what it prints of them, and what it says where there is nothing.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local folder = require "support.folder"
local system = require "support.system"
local terminal = require "support.terminal"
local text_width = require "seranking.cli.text_width"

local PROJECT, OTHER = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", "0c1d2e3f-7d1a-4c83-9a46-3e2f10d7b6c5"

-- Share of voice of the brand Mill at each model: now and before. cjson.null: no data.
local SHARES = {
  chatgpt = { 31.5, 29 }, google_gemini = { 10, 12.5 }, perplexity = { 8, cjson.null }, google_ai_mode = { 0, 0 },
  google_ai_overview = { cjson.null, cjson.null }, [""] = { 20, 20 },
}

local function project(id, name)
  return { id = id, domain = "https://" .. name .. ".example.com", brand_names = { name }, status = "success",
    title = name, models = {}, created_at = "2026-01-01 00:00:00", last_checked_at = "2026-11-30 00:00:00" }
end

local function brand(id, title, own)
  return { id = id, title = title, domain = "https://b.example.com", is_primary = own or false, aliases = {} }
end

local function source(id, domain, answers)
  local none = { values = { 0, 0 } }
  return { domain_id = id, domain = domain, url = domain, ai_answers_count = answers, coverage = none, prompts_count = none,
    competitors_count = none, pages = none, mention_rate = none, my_brand_mentions_count = none, gap_score = none,
    my_brand_mentions = 0, first_seen = "2026-11-01", last_seen = "2026-11-30", last_check_date = "2026-11-30" }
end

-- Scripts the answers: two brands, shares of SHARES or none at all, two sources.
local function scripted(given)
  given = given or {}
  return function(api)
    api:on("visible.projects.list", nil, given.projects or { project(PROJECT, "mill") })
    api:on("visible.brands.list", { project_id = PROJECT }, given.brands or { brand(31, "Bakery"), brand(30, "Mill", true) })
    api:on("visible.brands.metrics", { project_id = PROJECT }, function(args)
      local share = given.empty and { cjson.null, cjson.null } or SHARES[args.model_types and args.model_types[1] or ""]
      return { items = { { brand_id = 31, share_of_voice = { values = { 77, 66 }, delta = 11 } },
        { brand_id = 30, share_of_voice = { values = share } } } }
    end)
    api:on("visible.sources.list", { project_id = PROJECT }, given.sources or given.empty and {} or {
      source(1, "food.example.org", { values = { 1800, 1750 }, delta = 50 }),
      source(2, "new.example.org", { values = { 900, 0 }, delta = 900 }),
    })
  end
end

local function report(words, given)
  given = given or {}
  given.api, given.prepare = given.api or "v1", given.prepare or scripted()
  return terminal.demo("brand-report", words, given)
end

describe("brand-report", function()
  after_each(folder.finish)

  it("prints the share of voice by model with bars, the change, and the sites cited most", function()
    local status, out, err = report({}, { width = 64 })
    assert.same({ 0, "" }, { status, err })
    -- 64 columns less the longest name, number and change leave 33 for 31.5 %, and 35 for 1,800 answers.
    assert.equal([[
Mill
1 Nov 2026 – 30 Nov 2026
compared with 2 Oct 2026 – 31 Oct 2026

share of voice, and change in points
chatgpt            █████████████████████████████████ 31.5%  +2.5
google_gemini      ██████████▌                       10.0%  -2.5
perplexity         ████████▍                          8.0%
google_ai_mode                                        0.0%   0.0
google_ai_overview                                       -
all models         █████████████████████             20.0%   0.0

sites cited most: answers, and change
food.example.org ███████████████████████████████████ 1,800   +50
new.example.org  █████████████████▌                    900  +900
]], out)
  end)

  it("is ASCII where the terminal has no more, without escapes, and never wider than the terminal", function()
    for _, width in ipairs { 40, 60, 200 } do
      local _, out = report({}, { width = width, unicode = false, colour = true })
      assert.is_nil(out:find "[\128-\255\27]")
      for line in out:gmatch "[^\n]+" do
        assert.is_true(text_width.width(line) <= width, line)
      end
    end
  end)

  it("asks for the days that are wanted, and for as many days before them", function()
    local function days_of(words)
      local _, _, err, api = report(words)
      local seen = {}
      for _, record in ipairs(api.log) do
        local query = record.query and record.query:gsub("%%5B", "["):gsub("%%5D", "]") or ""
        local days = {}
        for _, name in ipairs { "0][from", "0][to", "1][from", "1][to" } do
          days[#days + 1] = query:match("date_range%[" .. name:gsub("[%]%[]", "%%%0") .. "%]=([%d-]+)")
        end
        if days[1] then
          seen[table.concat(days, " ")] = true
        end
      end
      assert.equal("", err)
      local list = {}
      for text in pairs(seen) do
        list[#list + 1] = text
      end
      return list
    end
    assert.same({ "2026-11-01 2026-11-30 2026-10-02 2026-10-31" }, days_of {})
    assert.same({ "2026-11-24 2026-11-30 2026-11-17 2026-11-23" }, days_of { "--days", "7" })
    assert.same({ "2026-11-01 2026-11-10 2026-10-22 2026-10-31" },
      days_of { "--date-from", "2026-11-01", "--date-to", "2026-11-10" })
    assert.same({ "2026-11-29 2026-11-29 2026-11-28 2026-11-28" }, days_of { "--days", "1", "--date-to", "yesterday" })
    assert.same({ "2026-11-24 2026-11-30 2025-11-24 2025-11-30" },
      days_of { "--days", "7", "--compare-from", "2025-11-24", "--compare-to", "2025-11-30" })
  end)

  it("takes nine requests: projects, brands, sources, each of five models, and all models", function()
    local _, _, _, api = report { "--sources", "3" }
    local count, models, limit = 0, {}, nil
    for _, record in ipairs(api.log) do
      count = count + 1
      models[#models + 1] = record.query and record.query:match "model_types[^=]*=([%w_]+)"
      limit = limit or record.path:find "/sources$" and record.query:match "limit=(%d+)"
    end
    table.sort(models)
    assert.equal(9, count)
    assert.same({ "chatgpt", "google_ai_mode", "google_ai_overview", "google_gemini", "perplexity" }, models)
    assert.equal("3", limit)
  end)

  it("gives the same figures as JSON and CSV, null or nothing where there is no data", function()
    local status, out, err = report { "-o", "json" }
    assert.same({ 0, "" }, { status, err })
    local rows = cjson.decode(out)
    assert.equal(8, #rows)
    assert.same({ brand = "Mill", figure = "share_of_voice", name = "chatgpt", value = 31.5, before = 29, change = 2.5,
      date_from = "2026-11-01", date_to = "2026-11-30", compare_from = "2026-10-02", compare_to = "2026-10-31" }, rows[1])
    assert.same({ "perplexity", 8 }, { rows[3].name, rows[3].value })
    assert.same({ cjson.null, cjson.null }, { rows[3].before, rows[3].change })
    assert.same({ "all models", 20, 0 }, { rows[6].name, rows[6].value, rows[6].change })
    assert.same({ "ai_answers_count", "new.example.org", 900, 0, 900 },
      { rows[8].figure, rows[8].name, rows[8].value, rows[8].before, rows[8].change })
    local _, csv = report { "-o", "csv" }
    assert.truthy(csv:find("\nMill,share_of_voice,perplexity,8,,,2026-11-01,", 1, true), csv)
    assert.truthy(csv:find("\nMill,share_of_voice,google_ai_overview,,,,2026-11-01,", 1, true), csv)
  end)

  it("writes text and data to files, which have their names only when they are complete", function()
    local path = folder.new()
    local status, out, err = report { "-o", path .. "/brand.txt" }
    assert.same({ 0, "", "" }, { status, out, err })
    assert.truthy(system.read(path .. "/brand.txt"):find "^Mill\n1 Nov 2026")
    assert.same(0, (report { "-o", path .. "/brand.csv" }))
    assert.truthy(system.read(path .. "/brand.csv"):find "^brand,figure,name,value,before,change,")
    for _, name in ipairs { "other.txt", "other.csv" } do
      assert.equal(4, (report({ "-o", path .. "/" .. name }, {
        prepare = function(api) api:fail { times = 99, status = 403 } end })))
    end
    assert.same({ "brand.csv", "brand.txt" }, folder.names(path))
  end)

  it("finds a project by its id, domain or brand, and a brand by its name or id", function()
    local given = { prepare = scripted { projects = { project(PROJECT, "mill"), project(OTHER, "windmill") } } }
    for _, text in ipairs { PROJECT, "mill.example.com", "MILL" } do
      assert.equal(0, (report({ text }, { prepare = given.prepare })), text)
    end
    for _, text in ipairs { "31", "bakery", "Bak" } do
      local _, out = report { "--brand", text }
      assert.truthy(out:find "^Bakery\n.*\nchatgpt +.* 77%% +%+11\n", out)
    end
  end)

  local TWO = scripted { projects = { project(PROJECT, "mill"), project(OTHER, "mill-lane") } }
  local PENDING = project(PROJECT, "mill")
  PENDING.status = "processing"

  for _, case in ipairs {
    { "two projects and none named", 2, {}, "the account has 2 projects, name one: 5b0c2f9e%-.* %(mill.example.com%), 0c1d",
      TWO },
    { "a text that means two", 2, { "example" }, "'example' means 2 projects: 5b0c2f9e%-.*, 0c1d", TWO },
    { "a project that is not there", 3, { "shop" }, "there is no project 'shop'; there are: 5b0c2f9e%-.*%(mill.example.com%)" },
    { "no project", 3, {}, "SE Visible has no project of this account: `seranking visible projects create` makes one",
      scripted { projects = {} } },
    { "an unknown brand", 3, { "--brand", "shop" }, "there is no brand 'shop'; there are: Bakery, Mill" },
    { "a text that means two brands", 2, { "--brand", "l" }, "'l' means 2 brands: Mill, Mill Lane",
      scripted { brands = { brand(30, "Mill"), brand(31, "Mill Lane") } } },
    { "no brand", 3, {}, "the project has no brand: `seranking visible brands create` adds one", scripted { brands = {} } },
    { "days without data", 3, {}, "Mill: no answers of AI models from 2026%-11%-01 to 2026%-11%-30; try other days",
      scripted { empty = true } },
    { "a project that is still checked", 3, {}, "no answers.*; the project's check has the status 'processing'",
      scripted { empty = true, projects = { PENDING } } },
    { "a wrong date", 2, { "--date-from", "1.9.2026" }, "%-%-date%-from must be a date: YYYY%-MM%-DD, today, yesterday" },
    { "days in the wrong order", 2, { "--date-from", "2026-11-02", "--date-to", "2026-11-01" },
      "%-%-date%-from %(2026%-11%-02%) is after %-%-date%-to %(2026%-11%-01%)" },
    { "days and a first day", 2, { "--days", "3", "--date-from", "30d" }, "%-%-days and %-%-date%-from exclude each other" },
    { "half a period to compare with", 2, { "--compare-from", "90d" }, "%-%-compare%-from and %-%-compare%-to go together" },
    { "no number", 2, { "--sources", "0" }, "%-%-sources: '0' is not a whole number from 1 to 40" },
    { "a picture", 2, { "-o", "brand.svg" }, "the name brand.svg does not tell the format" },
  } do
    it("says in one line about " .. case[1] .. ", with exit status " .. case[2], function()
      local status, out, err = report(case[3], { prepare = case[5] })
      assert.equal(case[2], status, err)
      assert.equal("", out)
      assert.truthy(err:find("^seranking: [^\n]*" .. case[4]), err)
      assert.equal(1, select(2, err:gsub("\n", "")))
    end)
  end

  it("prints [] as JSON where there is no data, and the same error", function()
    local status, out = report({ "-o", "json" }, { prepare = scripted { empty = true } })
    assert.equal(3, status)
    assert.same({}, cjson.decode(out))
  end)

  it("says which key is needed to one with 40 digits, and that an account lacks the product", function()
    local fake = { demo = true }
    local client = terminal.fake { api = "v4", fake = fake }
    client.data_token = nil
    local status, _, err = terminal.run({ "brand-report" }, { client = client, now = terminal.NOON })
    assert.equal(4, status)
    assert.truthy(err:find "^seranking: this takes a v1 key %(a UUID%), and the key has 40 digits: .*`seranking login` with ")
    local lacking
    lacking, _, err = report({}, { fake = { without = { "visible" } }, prepare = function() end })
    assert.equal(4, lacking)
    assert.truthy(err:find "HTTP 401.*; the account's plan may lack this product", err)
  end)

  it("draws the demo account, as an account would answer", function()
    local status, out = report({}, { prepare = function() end, width = 90 })
    assert.equal(0, status)
    local models = 0
    for number in out:gmatch " (%d+%.%d)%%  [+-]?%d" do
      models = models + (tonumber(number) <= 100 and 1 or 0)
    end
    assert.equal(6, models)
    assert.truthy(out:find "^Anchor shop\n")
    assert.equal(5, select(2, out:gsub("%.example +[█▏▎▍▌▋▊▉]+ +%d+ +[+-]?%d+\n", "")))
  end)
end)
