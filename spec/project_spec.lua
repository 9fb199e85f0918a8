--- The Project API through the client: the life of its objects, pages, jobs, ids and numbers.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local scene = require "support.scene"
local seranking = require "seranking"

for _, generation in ipairs { "v4", "v1" } do
  local function new()
    return scene.new { api = generation, fake = { limit = 1e6, today = "2026-09-10" } }
  end

  --- A client with a project that has a brand and an AI engine.
  local function with_engine()
    local client, api = new()
    local site_id = assert(client.sites:create { url = "https://example.com", title = "a" }).site_id
    assert(client.airt.brand:set { site_id = site_id, brand = "Corner" })
    local llm = assert(client.airt.llm:create {
      site_id = site_id, base_name = "perplexity", country_code = "us", lang_code = "en",
    })
    return client, site_id, llm, api
  end

  describe("on " .. generation, function()
    it("wait returns when an audit, and its next run, has finished", function()
      local client, _, clock = new()
      local status = assert(client.audit.create:wait { domain = "example.com" })
      assert.equal("finished", status.status)
      assert.is_true(status.total_pages > 0)
      assert.is_true(clock:now() >= 60)

      local audit = client.audit(assert(client.audit:list()).items[1].id)
      local first = status.audit_time
      status = assert(audit.recheck:wait())
      assert.equal("finished", status.status)
      assert.not_equal(first, status.audit_time)
    end)

    it("a deleted audit ends a wait with an error", function()
      local client = new()
      local made = assert(client.audit:create { domain = "example.com" })
      assert(client.audit(made.id):delete())
      local done, err = client.audit.status:wait { audit_id = made.id }
      assert.is_nil(done)
      assert.equal("not_found", err.kind)
    end)

    it("an audit's pages come one by one, over all pages of the list, with numbers as numbers", function()
      local client, api = new()
      local made = assert(client.audit:create { domain = "example.com" })
      api:advance(60)
      local seen = {}
      for page in client.audit(made.id).pages:each { limit = 20 } do
        seen[#seen + 1] = page.id
        assert.equal("number", type(page.status))
      end
      local pages = client.audit(made.id):status().total_pages
      assert.equal(pages, #seen)
      assert.same({ 9001, 9000 + pages }, { seen[1], seen[pages] })
    end)

    it("settings of an audit are a table, with lists as lists", function()
      local client = new()
      local audit = client.audit(assert(client.audit:create { domain = "example.com", settings = { csr = true } }).id)
      assert(audit.settings:update { settings = { allow = { "/a", "/b" }, disabled_issues = { "title_short" }, login = "x" } })
      local settings = assert(audit.settings:get())
      assert.same({ "/a", "/b" }, settings.allow)
      assert.same({ "title_short" }, settings.disabled_issues)
      assert.equal(1, settings.csr)
      assert(audit.settings:reset())
      assert.equal(0, assert(audit.settings:get()).csr)
    end)

    it("backlinks have pages without a total; ids of rows and of the dictionary have different names", function()
      local client = new()
      local site_id = assert(client.sites:create { url = "https://example.com", title = "a" }).site_id
      local backlinks = client.backlinks(site_id)
      local urls = {}
      for i = 1, 5 do
        urls[i] = "https://a.com/" .. i
      end
      assert(backlinks:import { list = urls })
      local rows = {}
      for row in backlinks.list:each { limit = 2 } do
        rows[#rows + 1] = row
      end
      assert.equal(5, #rows)
      local _, err = backlinks:recheck { row_ids = { rows[1].backlink_id } }
      assert.is_truthy(err.message:find("Backlinks are non exists", 1, true))
      assert(backlinks:recheck { row_ids = { rows[1].id } })
      assert(backlinks:delete { backlink_ids = { rows[1].backlink_id } })
      assert.equal(4, assert(backlinks:stats()).total)
      local ok, problem = pcall(backlinks.recheck, { backlink_ids = { 1 } })
      assert.is_false(ok)
      assert.is_truthy(tostring(problem):find("backlink_ids", 1, true))
    end)

    it("sub-accounts have plain fields, and the password is not shown", function()
      local client = new()
      local given = { account_email = "grace@example.com", account_first_name = "Grace", account_password = "correct horse" }
      assert.is_nil(client.users.create:dry_run(given).body:find("correct horse", 1, true))
      local made = assert(client.users:create(given))
      assert(client.users(made.account_id):update { access = { "add_website" }, limit_balance_amount = 5 })
      local user = assert(client.users(made.account_id):get())
      assert.same({ "add_website" }, user.access)
      assert.equal(5, user.limit.balance.amount)
      assert.equal(1, assert(client.users:list()).all_count)
      local site_id = assert(client.sites:create { url = "https://example.com", title = "a" }).site_id
      assert(client.users(made.account_id).sites:share { site_ids = { site_id } })
      assert.same({ site_id }, assert(client.users(made.account_id).sites:list_shared()))
    end)

    it("an AI engine's language is cleared by null, and kept if not given", function()
      local client, site_id, llm = with_engine()
      local engine = client.airt(site_id).llm(llm.id)
      assert.equal("en", assert(engine:update { region_name = "Boston" }).lang_code)
      assert.is_nil(assert(engine:update { lang_code = seranking.null }).lang_code)
    end)

    it("prompts are created, moved and deleted by one kind of id", function()
      local client, site_id, llm, api = with_engine()
      local airt = client.airt(site_id)
      assert.equal(2, assert(airt.prompts:create { llm_id = llm.id, prompts = { "one", "two" } }).added)
      api:advance(20)
      local first = assert(airt.prompts:list { llm_id = llm.id }).items[1]
      local id = generation == "v4" and first.k2site_llm_id or first.prompt_llm_id
      assert.equal(90001, id)
      local group = assert(airt.prompt_groups:create { name = "Bread" })
      assert(airt.prompt_groups(group.id):move { prompt_llm_ids = { id } })
      assert.equal(1, assert(airt.prompts:list { llm_id = llm.id, group_ids = { group.id } }).total)
      assert.equal(id, assert(airt.prompts(id):answer { llm_id = llm.id }).prompt_llm_id)
      assert(airt.prompts:delete { llm_id = llm.id, prompt_llm_ids = { id } })
      assert.equal(1, assert(airt.prompts:list { llm_id = llm.id }).total)
      local groups = assert(airt.prompt_groups:list { keys_count = true })
      assert.same({ 301, 1 }, { groups[1].id, groups[1].keys_count })
    end)

    it("a task of the marketing plan has a number or a text as its id", function()
      local client = new()
      local site_id = assert(client.sites:create { url = "https://example.com", title = "a" }).site_id
      local plan = client.checklist(site_id)
      local given = #assert(plan:list())
      local task = assert(plan:create_task { title = "Bake", text = "Rye" })
      assert(plan:set_task_status { task_id = task.id, checked = true })
      assert(plan:set_task_status { task_id = "12", checked = true })
      local sections = assert(plan:list())
      assert.is_true(sections[1].items[2].checked)
      assert.is_true(sections[given + 1].items[1].checked)
      assert(plan:delete_task { task_id = task.id })
      assert.equal(given, #assert(plan:list()))
    end)

    it("a history of positions is a list, with or without an envelope", function()
      local client = new()
      local site_id = assert(client.sites:create { url = "https://example.com", title = "a" }).site_id
      assert(client.sites(site_id).search_engines:create { search_engine_id = 200 })
      assert.equal("avg", assert(client.sites(site_id).positions:history())[1].type)
      assert.equal(880001, assert(client.analytics(site_id):seo_potential())[1].site_engine_id)
    end)
  end)
end

describe("a volume lookup", function()
  it("can be waited for: an object while it runs, a list when done", function()
    local client, _, clock = scene.new { fake = { limit = 1e6 } }
    local words = assert(client.key_volume.create:wait { query = "boots" })
    assert.equal("boots", words[1].query)
    assert.is_true(clock:now() >= 10)
    assert.same({ "boots" }, { assert(client.key_volume:get { task_id = 5501 })[1].query })
  end)
end)

describe("an operation missing in one generation", function()
  -- Arguments of the operations named in `instead`.
  local arguments = {
    ["account.subscription"] = {},
    ["airt.llm.statistics"] = { site_id = 147696, llm_id = 1201 },
    ["airt.prompts.answer"] = { site_id = 147696, llm_id = 1201, prompt_llm_id = 90001, date = "2026-09-10" },
    ["airt.prompts.rankings"] = { site_id = 147696, llm_id = 1201 },
    ["data.keywords.export"] = { source = "us", keywords = { "boots" } },
    ["system.google_regions"] = {},
    ["system.search_engines"] = {},
  }

  local function at(client, name)
    local found = client
    for part in name:gmatch "[^.]+" do
      found = found[part]
    end
    return found
  end

  -- A client of a generation whose project has a brand, an AI engine and a prompt.
  local function new_account(generation)
    local client, api = scene.new { api = generation, data_token = scene.V1_KEY,
      fake = { limit = 1e6, data_limit = 1e6, today = "2026-09-10" } }
    assert(client.sites:create { url = "http://example.com", title = "a" })
    local airt = client.airt
    assert(airt.brand:set { site_id = 147696, brand = "Corner" })
    assert(airt.llm:create { site_id = 147696, base_name = "perplexity", country_code = "us" })
    assert(airt.prompts:create { site_id = 147696, llm_id = 1201, prompts = { "one" } })
    api:advance(20)
    return client
  end

  for lacking, having in pairs { v4 = "v1", v1 = "v4" } do
    it("is reported with an operation to use instead, which works: " .. lacking, function()
      local client, count = new_account(lacking), 0
      descriptions.each_operation(function(full, entry)
        if entry[having] and not entry[lacking] then
          local none, err = at(client, full)()
          assert.is_nil(none)
          assert.equal("not_in_" .. lacking, err.code)
          if not entry.instead then -- there is no substitute
            assert.equal("a key for " .. having .. ", which has it", err.hint)
            return
          end
          count = count + 1
          local path = err.hint:match "use client%.([%w_.:]+) instead"
          local instead = path:gsub(":", ".")
          assert.equal(instead, err.instead)
          local data, problem = at(client, instead)(arguments[instead])
          assert.truthy(data, full .. ": " .. instead .. ": " .. tostring(problem))
        end
      end)
      assert.is_true(count > 0)
    end)
  end
end)
