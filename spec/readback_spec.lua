--- Read, change, write: an operation that writes accepts what another one has read, and changes nothing else.
-- SPDX-License-Identifier: MIT

local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised

-- Creates one object of each kind in a fresh account.
local function fill(client)
  local site = assert(client.sites:create { url = "http://corner-bakery.com", title = "Bakery", check_freq = "check_weekly",
    check_day = 3, site_group_id = assert(client.site_groups:create { name = "Shops" }).group_id }).site_id
  local here = client.sites(site)
  local engine = assert(here.search_engines:create { search_engine_id = 200, merge_map = 1, phone = "007",
    region_name = "Boston, Massachusetts, United States" }).site_engine_id
  local group = assert(client.keyword_groups:create { name = "2024", site_id = site }).group_id
  assert(here.keywords:create { { keyword = "bread" }, { keyword = "2024", group_id = group, comment = "a note",
    target_url = "https://corner-bakery.com/x", site_engine_ids = engine } })
  assert(here.url_tags:create { name = "new", urls = "https://corner-bakery.com/a", domains = {} })
  local audit = assert(client.audit:create { domain = "corner-bakery.com", title = "Crawl", settings = {
    allow = { "/a", "/b" }, custom_params = "ref", disabled_issues = "title_short", schedule_wdays = { 1, 4 }, csr = true,
  } }).id
  local user = assert(client.users:create { account_email = "ada@example.com", account_first_name = "Ada",
    account_password = "secret word", access = { "add_website", "audit_settings" }, limit_balance_amount = 25 }).account_id
  assert(client.airt(site).brand:set { brand = "Corner" })
  local llm = assert(client.airt(site).llm:create { base_name = "perplexity", country_code = "de", lang_code = "de" }).id
  assert(client.airt(site).llm:create { base_name = "chatgpt", country_code = "de" })
  assert(client.airt(site).prompt_groups:create { name = "Breads" })
  assert(client.backlink_groups(site):create { name = "Blogs" })
  assert(client.checklist(site):create_task { title = "Bake", text = "bread" })
  assert(client.data.site_audit.audits:create_standard { domain = "corner-bakery.com", title = "Once" })
  return { site = site, audit = audit, user = user, llm = llm }
end

local function rows_of(answer)
  return answer.items or answer.list or answer
end

-- Each: the name, the function that reads all objects of a kind, the one that writes one back, whether it reads one object.
local function objects(client, ids)
  local here, airt, audit = client.sites(ids.site), client.airt(ids.site), client.audit(ids.audit)
  return {
    { "sites", client.sites.list, client.sites.update },
    { "search engines", here.search_engines.list, function(row)
      return here.search_engines(row.site_engine_id):update(row)
    end },
    { "keywords", here.keywords.list, here.keywords.update },
    { "landing-page tags", here.url_tags.list, here.url_tags.update },
    { "keyword groups", function() return client.keyword_groups:list { site_id = ids.site } end,
      client.keyword_groups.update },
    { "project groups", client.site_groups.list, client.site_groups.update },
    { "audits", client.audit.list, client.audit.update },
    { "audit settings", audit.settings.get, function(settings) return audit.settings:update { settings = settings } end, true },
    { "rows of sub-accounts", client.users.list, client.users.update },
    { "sub-accounts", client.users(ids.user).get, client.users(ids.user).update, true },
    { "AI engines", airt.llm.list, airt.llm.update },
    { "one AI engine", airt.llm(ids.llm).get, airt.llm.update, true },
    { "the brand", airt.brand.get, airt.brand.set, true },
    { "prompt groups", airt.prompt_groups.list, airt.prompt_groups.update },
    { "backlink groups", client.backlink_groups(ids.site).list, client.backlink_groups(ids.site).update },
    { "crawls", client.data.site_audit.audits.list, client.data.site_audit.audits.update },
    { "tasks", client.checklist(ids.site).list, function(section)
      for _, task in ipairs(section.items) do
        assert(client.checklist(ids.site):set_task_status(task))
      end
      return true
    end },
    { "shared projects", client.users(ids.user).sites.list_shared, function(site_ids)
      return client.users(ids.user).sites:share { site_ids = site_ids }
    end, true },
  }
end

for _, generation in ipairs { "v4", "v1" } do
  for _, nulls in ipairs { "drop", "keep" } do
    describe("on " .. generation .. " with nulls = \"" .. nulls .. "\",", function()
      local client, api = scene.new { api = generation, nulls = nulls, data_token = scene.V1_KEY, fake = { limit = 1e6 } }
      local ids = fill(client)

      for _, object in ipairs(objects(client, ids)) do
        it(object[1] .. " can be written back as read, which changes nothing", function()
          local name, read, write, is_one = object[1], object[2], object[3], object[4]
          local before, written = assert(read()), 0
          local copy = assert(read())
          for _, row in ipairs(is_one and { copy } or rows_of(copy)) do
            local requests = #api.log
            local done, err = write(row)
            assert.is_truthy(done, name .. ": " .. tostring(err))
            assert.is_true(#api.log > requests)
            written = written + 1
          end
          assert.is_true(written > 0, name)
          assert.same(before, (assert(read())))
        end)
      end
    end)
  end
end

describe("a row", function()
  local client, api = scene.new { data_token = scene.V1_KEY, fake = { limit = 1e6 } }
  local ids = fill(client)

  it("can be changed by its members' names or the parameters' before it is written", function()
    local row = assert(client.sites:list())[1]
    row.title, row.name = "Other", "other-bakery.com"
    assert(client.sites:update(row))
    row.url = "http://third-bakery.com"
    assert(client.sites:update(row))
    local after = assert(client.sites:list())[1]
    assert.same({ "Other", "third-bakery.com", row.group_id }, { after.title, after.name, after.group_id })
  end)

  it("needs members that the list leaves out, such as a task's text", function()
    local plan = client.checklist(ids.site)
    local sections = assert(plan:list())
    local task = sections[#sections].items[1]
    task.title = "Bake more"
    assert.equal("checklist.update_task: text is required", (raised(plan.update_task, plan, task)))
    task.text = "rye bread"
    assert.is_true((assert(plan:update_task(task))))
    sections = assert(plan:list())
    assert.equal("Bake more", sections[#sections].items[1].title)
  end)

  it("is not changed when it is written", function()
    local row, same = assert(client.sites:list())[1], assert(client.sites:list())[1]
    assert(client.sites:update(row))
    assert.same(same, row)
  end)

  it("of an object other than the bound one is refused", function()
    local row = assert(client.sites:list())[1]
    assert.is_truthy(raised(client.sites(row.id + 1).update, row):find("site_id is bound to", 1, true))
  end)

  it("may have unknown members, but no misspelled ones", function()
    local row = assert(client.sites:list())[1]
    row.new_member = 5
    assert(client.sites:update(row))
    row.titel = "x"
    assert.is_truthy(raised(client.sites.update, row):find("unknown parameter 'titel'; did you mean 'title'?", 1, true))
  end)

  it("differs from arguments, which are checked strictly", function()
    for _, args in ipairs { { name = "x.com" }, { guest_link = "x" } } do
      assert.is_truthy(raised(client.sites(ids.site).update, args):find("unknown parameter", 1, true))
    end
  end)

  it("clears a member that is left out, if it can be cleared", function()
    local engine = assert(client.airt(ids.site).llm(ids.llm):get())
    engine.lang_code = nil
    assert(client.airt(ids.site).llm:update(engine))
    assert.is_nil(assert(client.airt(ids.site).llm(ids.llm):get()).lang_code)
  end)

  it("may have rights as an object, of which the codes are sent", function()
    local user = assert(client.users(ids.user):get())
    user.access = { audit_settings = true, add_website = 1, report_manual = false, ["audit_website"] = 0 }
    assert(client.users(ids.user):update(user))
    assert.same({ "add_website", "audit_settings" }, assert(client.users(ids.user):get()).access)
    user.access = { ["1"] = "report_manual", ["3"] = "add_website" }
    assert(client.users(ids.user):update(user))
    assert.same({ "add_website", "report_manual" }, assert(client.users(ids.user):get()).access)
  end)

  it("of settings has lists, which can be changed", function()
    local settings = assert(client.audit(ids.audit).settings:get())
    assert.same({ { "/a", "/b" }, { "ref" }, {}, { 1, 4 } }, { settings.allow, settings.custom_params, settings.hide,
      settings.schedule_wdays })
    table.insert(settings.hide, "/c")
    table.remove(settings.allow)
    table.remove(settings.custom_params)
    assert(client.audit(ids.audit).settings:update { settings = settings })
    local after = assert(client.audit(ids.audit).settings:get())
    assert.same({ { "/a" }, {}, { "/c" } }, { after.allow, after.custom_params, after.hide })
  end)

  it("does not send blank members that can't be blank", function()
    local before = #api.log
    local settings = { schedule_wday = "", max_pages = seranking.null, max_depth = 7, login = "" }
    assert(client.audit(ids.audit).settings:update { settings = settings })
    assert.is_truthy(api.log[before + 1].body:find('{"settings":{"login":"","max_depth":7}}', 1, true))
  end)
end)

describe("an update with nothing to change", function()
  it("is refused, and nothing is sent", function()
    local client, api = scene.new()
    for message, call in pairs {
      ["sites.update: nothing to change: give at least one of url, title, depth, subdomain_match, exact_url, check_freq, "
        .. "check_day, site_group_id, is_active"] = function() return client.sites(1):update() end,
      ["airt.llm.update: nothing to change: give at least one of region_name, lang_code"] = function()
        return client.airt(1).llm(2):update {}
      end,
      ["audit.settings.update: nothing to change: give settings"] = function()
        return client.audit(1).settings:update { settings = {} }
      end,
    } do
      assert.equal(message, (raised(call):gsub("^.-:%d+: ", ""):gsub(" %(called by.*", "")))
    end
    for _, call in ipairs { function() return client.sites:update { id = 5 } end,
      function() return client.audit(1).settings:update() end, function() return client.users(1):update {} end } do
      assert.is_truthy(raised(call):find("nothing to change", 1, true))
    end
    assert.equal(0, #api.log)
  end)

  it("is accepted if extra has changes, or if no arguments mean everything", function()
    local client = scene.new()
    assert.equal('{"colour":"red"}', client.sites(1).update:dry_run({}, { extra = { colour = "red" } }).body)
    assert.equal("{}", client.sites(1).positions.recheck:dry_run({}).body)
  end)
end)
