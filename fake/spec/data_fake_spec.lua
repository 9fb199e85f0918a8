--- The Data API's client and fake together: walks, jobs, files, and an account of credits that both keep.
-- SPDX-License-Identifier: MIT

local scene = require "support.scene"

local function new(options)
  local client, api, clock = scene.new { api = "v1", timeout = 60, fake = options }
  return client.data, api, clock
end

local function units_left(data)
  return assert(data.account:subscription()).subscription_info.units_left
end

--- How many rows a walk gives, and how many of them are different.
local function walked(operation, args, options, name)
  local count, different, seen = 0, 0, {}
  for row in operation:each(args, options) do
    local mark = name and row[name] or row
    count = count + 1
    different = different + (seen[mark] and 0 or 1)
    seen[mark] = true
  end
  return { count, different }
end

-- A site of the trade of a.b, so that the two share keywords.
local RIVAL = require("seranking.fake.web.domains").rival(require("seranking.fake.web.domains").trade "a.b", 1)

describe("a walk over the Data API", function()
  local walks = {
    { "keywords.similar", { source = "uk", keyword = "a" }, "keyword" },
    { "keywords.longtail", { source = "uk", keyword = "a" } },
    { "domain.keywords.list", { source = "uk", domain = "a.b", filter = { volume = { from = 10 } } }, "keyword" },
    { "domain.keywords.comparison", { source = "uk", domain = "a.b", compare = RIVAL }, "keyword", whole = true },
    { "domain.ads.by_keyword", { source = "uk", keyword = "a" }, "domain" },
    { "domain.pages.list", { source = "uk", target = "a.b", scope = "domain" }, "url", whole = true },
    { "domain.subdomains.list", { source = "uk", target = "a.b", scope = "domain", limit = 2 }, "url", whole = true },
    { "backlinks.raw", { target = "a.b", limit = 100 }, "url_from" },
    { "ai_search.prompts_by_target", { source = "uk", target = "a.b", engine = "gemini", limit = 100 }, "prompt",
      whole = true },
  }
  for _, walk in ipairs(walks) do
    it("gives each row of data." .. walk[1] .. " once, over more than one page, and counts what it costs", function()
      local data = new { rows = walk.whole and 900 or 1234, units = 1e6 }
      local before = units_left(data)
      local operation = data
      for name in walk[1]:gmatch "[^.]+" do
        operation = operation[name]
      end
      local count, free = 1234, 0
      if walk.whole then -- the data says how many there are: ask for all at once
        local args = { limit = 1000 }
        for name, value in pairs(walk[2]) do
          args[name] = name == "limit" and 1000 or value
        end
        count, free = #assert(operation:all(args)), data:spent().credits
        assert.is_true(count > (walk[2].limit or 100) and count < 1000)
        before = units_left(data)
      end
      assert.same({ count, count }, walked(operation, walk[2], nil, walk[3]))
      local spent = { credits = data:spent().credits - free }
      assert.equal(before - units_left(data), spent.credits)
      assert.is_true(spent.credits > 0)
    end)
  end

  it("asks for no more rows than are wanted where each costs", function()
    local data = new { rows = 1234, units = 1e6 }
    local args = { source = "uk", brand = "a", engine = "gemini" }
    assert.same({ 7, 7 }, walked(data.ai_search.prompts_by_brand, args, { max_rows = 7 }, "prompt"))
    assert.equal(1400, data:spent().credits)
  end)

  it("that is left after ten rows, with nothing said, has paid one page of the API's own size at most", function()
    local keyword, target = { source = "uk", keyword = "a" }, { source = "uk", target = "a.b", engine = "gemini" }
    for name, args in pairs {
      ["keywords.similar"] = keyword, ["keywords.longtail"] = keyword, ["ai_search.prompts_by_target"] = target,
      ["backlinks.raw"] = { target = "a.b" },
    } do
      local data = new { rows = 1234, units = 1e6 }
      local before, operation = units_left(data), data
      for part in name:gmatch "[^.]+" do
        operation = operation[part]
      end
      local count = 0
      for _ in operation:each(args) do
        count = count + 1
        if count == 10 then
          break
        end
      end
      assert.equal(100 * operation:describe("data").cost[1], before - units_left(data), name)
    end
  end)

  it("over pages of an audit needs its id bound once", function()
    local data, _, clock = new()
    local audit = data.site_audit.audits(assert(data.site_audit.audits:create_standard { domain = "a.b" }).id)
    clock:advance(70)
    local pages = audit:status().total_pages
    assert.same({ pages, pages }, walked(audit.pages, { limit = 10 }, nil, "id"))
    local short
    for _, section in ipairs(audit:report().sections) do
      short = section.props.title_short and section.props.title_short.value or short
    end
    assert.same({ short, short }, walked(audit.issue_pages, { code = "title_short", limit = 1 }))
  end)
end)

describe("a job of the Data API", function()
  it("that exports is waited for; its file is fetched without the key", function()
    local data, api = new { rows = 3 }
    local done = assert(data.backlinks.export.create:wait { target = "a.b" })
    assert.equal("complete", done.task_status)
    local file = assert(data:download(done.download_file))
    assert.equal("\31\139", file:sub(1, 2))
    assert.is_nil(api.log[#api.log].headers.authorization)
  end)

  it("that is rejected is an error", function()
    local data = new { exports = 0 }
    local done, problem = data.backlinks.export.create:wait { target = "a.b" }
    assert.is_nil(done)
    assert.is_truthy(tostring(problem):find("rejected", 1, true))
  end)

  it("that collects results pages gives those of all phrases, in their order", function()
    local data = new()
    local results = assert(data.serp.classic.add_tasks:wait {
      search_engine = "google", device = "desktop", language_code = "en", location_id = 1, query = { "boots", "anchors" },
    })
    assert.equal(2, #results)
    assert.same({ "boots", "anchors" }, { results[1].request_metadata.keyword, results[2].request_metadata.keyword })
    local zip = assert(data.serp.classic(73500001):task_html())
    assert.equal("PK\3\4", zip:sub(1, 4))
  end)

  it("that crawls a site is waited for, and so is its repetition, whose first looks see the old end", function()
    local data, _, clock = new()
    local first = assert(data.site_audit.audits.create_standard:wait { domain = "a.b", settings = { send_report = 0 } })
    assert.equal("finished", first.status)
    local before, id = clock:now(), assert(data.site_audit.audits:list()).items[1].id
    local again = assert(data.site_audit.audits(id).recheck_standard:wait(nil, { every = 1 }))
    assert.equal("finished", again.status)
    assert.not_equal(first.start_time, again.start_time)
    assert.is_true(clock:now() - before >= 70)
  end)
end)
