--- What is odd about SE Visible, and what the client makes of it: one test for each trap.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local scene = require "support.scene"
local sent = require "support.sent"
local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised
local PROJECT = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5"
local DAYS = { date_from = "2026-09-01", date_to = "2026-09-10" }

--- Arguments about the project, with its days.
local function period(more)
  local args = { project_id = PROJECT, date_from = DAYS.date_from, date_to = DAYS.date_to }
  for name, value in pairs(more or {}) do
    args[name] = value
  end
  return args
end

--- A client with a v1 key whose requests `respond` answers, and their list.
local function new(respond, options)
  local all = { token = scene.V1_KEY }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return script.new(type(respond) == "function" and respond or function() return respond or "[]" end, all)
end

local function sent_pairs(request)
  return sent.by_name(sent.in_order(request.query))
end

describe("SE Visible", function()
  it("gets lists with brackets, and dates as date_range[0] and date_range[1] (trap 1)", function()
    local client, log = new()
    assert(client.visible.prompts:list(period { model_types = { "chatgpt", "perplexity" }, compare_from = "2026-08-01",
      compare_to = "2026-08-31" }))
    assert.same({
      ["model_types[]"] = { "chatgpt", "perplexity" }, ["date_range[0][from]"] = { "2026-09-01" },
      ["date_range[0][to]"] = { "2026-09-10" }, ["date_range[1][from]"] = { "2026-08-01" },
      ["date_range[1][to]"] = { "2026-08-31" },
    }, sent_pairs(log[1]))
    assert.equal("visible.prompts.list: compare_from needs compare_to: give both, or neither",
      raised(function() client.visible.prompts:list(period { compare_from = "2026-08-01" }) end))
    assert.equal("visible.prompts.list: compare_to needs compare_from: give both, or neither",
      raised(function() client.visible.prompts:list(period { compare_to = "2026-08-01" }) end))
    assert.equal("visible.prompts.list: compare_from (2026-08-31) is after compare_to (2026-08-01)",
      raised(function() client.visible.prompts:list(period { compare_from = "2026-08-31", compare_to = "2026-08-01" }) end))
    assert.equal("visible.prompts.list: extra.date_range[0][from] is no extra parameter: use the parameter date_from",
      raised(function() client.visible.prompts:list(period(), { extra = { ["date_range[0][from]"] = "x" } }) end))
    for wire, ours in pairs { ["date_range[1][to]"] = "compare_to", ["topic_ids[]"] = "topic_ids", sort_field = "sort" } do
      assert.equal(("visible.prompts.list: unknown parameter '%s'; did you mean '%s'?"):format(wire, ours),
        raised(function() client.visible.prompts:list(period { [wire] = "x" }) end))
    end
  end)

  it("gets aliases as objects, from plain strings and from aliases as they were read (trap 2)", function()
    local client, log = new "{}"
    local create = { project_id = PROJECT, title = "Mill", domain = "https://mill.example.com" }
    for _, aliases in ipairs { "The Mill", { "The Mill" }, { { id = 4, title = "The Mill" } }, { title = "The Mill" } } do
      create.aliases = aliases
      assert(client.visible.brands:create(create))
      assert.same(sent.canonical '{"title":"Mill","domain":"https://mill.example.com","aliases":[{"title":"The Mill"}]}',
        sent.canonical(log[#log].body))
    end
    create.aliases = { "ok", 5 }
    assert.equal("visible.brands.create: aliases element 2 must be a string, got 5",
      raised(function() client.visible.brands:create(create) end))
    create.aliases = { ("x"):rep(501) }
    assert.equal("visible.brands.create: aliases element 1 must have at most 500 characters, got 501",
      raised(function() client.visible.brands:create(create) end))
  end)

  it("gets a bare array, a DELETE with a body, a PATCH and a PUT (trap 3)", function()
    local client, log = new "{}"
    local brands, topics = client.visible.brands(PROJECT), client.visible.topics(PROJECT)
    assert(brands.aliases(31):add { aliases = { "One", "Two" } })
    assert(client.visible.prompts(PROJECT):delete { prompt_ids = { 70001, 70002 } })
    assert(brands:update { brand_id = 31, domain = "https://mill.example.com" })
    assert(topics:update { topic_id = 4101, title = "Cakes" })
    local P = "/v1/se-visible/projects/" .. PROJECT
    local forms = {}
    for i, request in ipairs(log) do
      forms[i] = request.method .. " " .. request.path .. " " .. request.body
      assert.equal("application/json", request.headers["content-type"])
    end
    assert.same({
      "POST " .. P .. '/brands/31/aliases [{"title":"One"},{"title":"Two"}]',
      "DELETE " .. P .. '/prompts {"prompt_ids":[70001,70002]}',
      "PATCH " .. P .. '/brands/31 {"domain":"https://mill.example.com"}',
      "PUT " .. P .. '/topics/4101 {"title":"Cakes"}',
    }, forms)
  end)

  it("wants UK, capitals for countries, small letters for languages, and a scheme: said before anything is sent (trap 4)",
    function()
      local client, log = new '{"id":"x"}'
      local function create(more)
        local args = { domain = "https://mill.example.com", country_code = "UK", lang_code = "en", brand_names = { "Mill" },
          topics = { "Bread" } }
        for name, value in pairs(more) do
          args[name] = value
        end
        return client.visible.projects:create(args)
      end
      assert(create {})
      for name, wrong in pairs { country_code = "us", lang_code = "EN" } do
        local message = raised(create, { [name] = wrong })
        assert.is_truthy(message:find(("%s must be one of .*, got %q"):format(name, wrong)), message)
      end
      local message = raised(create, { country_code = "GB" })
      assert.is_truthy(message:find("US, UK, CA", 1, true) and message:find('got "GB"', 1, true), message)
      assert.equal("visible.projects.create: domain must be an address with its scheme, as in https://example.com, got "
        .. '"mill.example.com"', raised(create, { domain = "mill.example.com" }))
      assert.equal("visible.projects.create: brand_names must have at least 1 element, got 0",
        raised(create, { brand_names = {} }))
      for _, wrong in ipairs { "us", "GB" } do
        assert.equal('visible.prompts.list: country_codes element 1 must be two capital letters, as in US (the United Kingdom '
          .. 'is UK), got "' .. wrong .. '"',
          raised(function() client.visible.prompts:list(period { country_codes = { wrong } }) end))
      end
      assert.equal(1, #log)
    end)

  it("sorts sources by another parameter than the rest, and by what the kind of rows has (trap 5)", function()
    local client, log = new()
    local visible = client.visible
    assert(visible.sources:list(period { sort = "pages", types = { "q&a" }, is_my_brand_mentions = -1 }))
    assert(visible.sources:list(period { sort = "gap_score", source_type = "url" }))
    assert(visible.prompts:list(period { sort = "mentions" }))
    assert.same({ "pages" }, sent_pairs(log[1])["source_sort_field"])
    assert.same({ "-1" }, sent_pairs(log[1])["is_my_brand_mentions"])
    assert.is_truthy(log[1].query:find("q%26a", 1, true))
    assert.same({ "gap_score" }, sent_pairs(log[2])["source_sort_field"])
    assert.same({ "mentions" }, sent_pairs(log[3])["sort_field"])
    local message = raised(function() visible.sources:list(period { sort = "gap_score" }) end)
    assert.is_truthy(message:find 'sort must be one of ai_answers_count, .*, got "gap_score" %(with source_type = domain%)',
      message)
    message = raised(function() visible.sources:list(period { sort = "pages", source_type = "url" }) end)
    assert.is_truthy(message:find("(with source_type = url)", 1, true), message)
    assert.is_truthy(raised(function() visible.sources:list(period { is_my_brand_mentions = true }) end)
      :find("must be a whole number", 1, true))
  end)

  it("keeps the order of dimensions, and gives rows whose members are made of ids, without those that have no data (trap 6)",
    function()
      local client, log = new '{"items":[{"topic_id":4101,"30_share_of_voice":41.5,"31_share_of_voice":null}]}'
      local args = period { dimensions = { "topic_id", "brand_id" }, metrics = "share_of_voice" }
      local rows = assert(client.visible.brands.metrics:all(args, { max_rows = 1 }))
      assert.same({ "topic_id", "brand_id" }, sent_pairs(log[1])["dimensions[]"])
      assert.same({ { topic_id = 4101, ["30_share_of_voice"] = 41.5 } }, rows)
    end)

  it("gives figures of compared periods as objects, as they come (trap 7)", function()
    local client = new '[{"domain_id":5,"coverage":{"values":[3.5,2],"delta":1.5},"first_seen":"2026-09-01"}]'
    local rows = assert(client.visible.sources:list(period { compare_from = "2026-08-01", compare_to = "2026-08-31" }))
    assert.same({ values = { 3.5, 2 }, delta = 1.5 }, rows[1].coverage)
  end)

  it("is done with a new project when its status is success and all of it is checked (trap 8)", function()
    local states = {
      { "queued", 0 }, { "processing", 40 }, { "success", 99 }, { "success", 100 }, { "success", 100 },
    }
    local asked, seen = 0, {}
    local client, log = new(function(request)
      if request.method == "POST" then
        return script.json('{"id":"' .. PROJECT .. '"}', 201)
      end
      asked = asked + 1
      return ('{"project":{"status":"%s"},"check":{"processed_percent":%d}}'):format(states[asked][1], states[asked][2])
    end)
    local made, response = client.visible.projects.create:wait({ domain = "https://mill.example.com", country_code = "US",
      lang_code = "en", brand_names = { "Mill" }, topics = { "Bread" } },
      { on_progress = function(_, look) seen[#seen + 1] = look.state end })
    assert.equal(100, assert(made, tostring(response)).check.processed_percent)
    assert.same({ project_id = PROJECT }, response.job)
    assert.equal(4, asked)
    assert.same({ "queued", "processing", "success", "success" }, seen)
    assert.equal("/v1/se-visible/projects/" .. PROJECT, log[#log].path)
  end)

  it("fails with a new project whose status is error, and names it", function()
    local client = new(function(request)
      return request.method == "POST" and '{"id":"' .. PROJECT .. '"}'
        or '{"project":{"status":"error"},"check":{"processed_percent":100}}'
    end)
    local made, err = client.visible.projects.create:wait { domain = "https://mill.example.com", country_code = "US",
      lang_code = "en", brand_names = { "Mill" }, topics = { "Bread" } }
    assert.is_nil(made)
    assert.same({ "invalid", "job_error" }, { err.kind, err.code })
    assert.same({ project_id = PROJECT }, err.job)
  end)

  it("says that a project may have been made if the answer does not name it, and keeps the answer", function()
    local client, log = new('{"project":{"id":"' .. PROJECT .. '"}}')
    local made, err = client.visible.projects.create:wait { domain = "https://mill.example.com", country_code = "US",
      lang_code = "en", brand_names = { "Mill" }, topics = { "Bread" } }
    assert.is_nil(made)
    assert.same({ "no_job", true, 1 }, { err.code, err.sent, #log })
    assert.equal(PROJECT, err.answer.project.id)
    assert.is_truthy(tostring(err.hint):find("it may have been carried out: look before you repeat it", 1, true))
  end)

  it("replaces aliases by an empty list, and leaves them where none are given (trap 9)", function()
    local client, log = new "{}"
    local brands = client.visible.brands(PROJECT)
    assert(brands:update { brand_id = 31, aliases = {} })
    assert(brands:update { brand_id = 31, domain = "https://mill.example.com" })
    assert.equal('{"aliases":[]}', log[1].body)
    assert.equal('{"domain":"https://mill.example.com"}', log[2].body)
    assert.is_truthy(raised(function() brands:update { brand_id = 31 } end):find("nothing to change", 1, true))
    assert(brands:update { id = 31, title = "Mill", domain = "https://mill.example.com", is_primary = false,
      aliases = { { title = "The Mill" } } }) -- a brand as it was read
    assert.same(sent.canonical '{"domain":"https://mill.example.com","aliases":[{"title":"The Mill"}]}',
      sent.canonical(log[3].body))
  end)

  it("gives a dump as bytes, whatever they are (trap 10)", function()
    for _, body in ipairs { "<!DOCTYPE html><p>r\xc3\xa9", '{"not":"decoded"}', "\0\1\255", "" } do
      local client = new(function()
        return { status = 200, headers = { { "Content-Type", "text/html; charset=UTF-8" } }, body = body }
      end)
      assert.equal(body, client.visible.results:dump { project_id = PROJECT, prompt_id = 7, result_id = 8 })
    end
  end)

  it("ends a walk where the rows end, whatever another count of them says (trap 11)", function()
    local client, log = new(function(request)
      local at = tonumber(request.query:match "offset=(%d+)")
      return at == 0 and '{"results":[{"id":1},{"id":2},{"id":3}],"total":2,"count":77}' or '{"results":[],"total":2}'
    end)
    assert.equal(3, #assert(client.visible.results.list:all(period { prompt_id = 7 })))
    assert.equal(3, #assert(client.visible.brands.metrics:all(period { dimensions = "brand_id", metrics = "rank" })))
    assert.equal(4, #log)
  end)

  for name, form in pairs { ["an array"] = "%s", results = '{"results":%s}', items = '{"items":%s,"results":null}' } do
    it("reads and walks lists that come as " .. name .. " (trap 12)", function()
      local client = new(function(request)
        local at = tonumber((request.query or ""):match "offset=(%d+)")
        return form:format(at and at > 0 and "[]" or '[{"id":1,"title":"a"},{"id":2,"title":"b"}]')
      end)
      local visible, expected = client.visible, { { id = 1, title = "a" }, { id = 2, title = "b" } }
      assert.same(expected, visible.brands:list { project_id = PROJECT })
      assert.same(expected, visible.projects:list())
      local topics = visible.topics:create { project_id = PROJECT, titles = { "a", "b" } }
      assert.same(expected, topics)
      for _, op in ipairs { visible.prompts.list, visible.sources.list, visible.brands.metrics } do
        local args = period(op == visible.brands.metrics and { dimensions = "brand_id", metrics = "rank" } or nil)
        local rows = {}
        for row in op:each(args) do
          rows[#rows + 1] = row
        end
        assert.same(expected, rows)
        assert.same(expected, op:all(args))
      end
    end)
  end

  it("takes no null for a list, even where nulls are kept", function()
    local client = new('{"results":null,"items":[{"id":1}]}', { nulls = "keep" })
    assert.same({ { id = 1 } }, client.visible.brands:list { project_id = PROJECT })
  end)

  it("says what is wrong with an answer that has no list in any place", function()
    local client = new '{"rows":[{"id":1}],"message":"odd"}'
    local rows, err = client.visible.brands.metrics:all(period { dimensions = "brand_id", metrics = "rank" })
    assert.is_nil(rows)
    assert.same({ "protocol", "no_rows" }, { err.kind, err.code })
    assert.is_truthy(err.message:find("no list 'results' or 'items'", 1, true), err.message)
  end)

  it("takes the UUID of a project, and says so of anything else", function()
    local client, log = new()
    local wanted = "must be a UUID, the id of a project of SE Visible (not a site_id), got "
    assert.equal("visible.brands.list: project_id " .. wanted .. "147696",
      raised(function() client.visible.brands:list { project_id = 147696 } end))
    assert.equal("visible.brands.list: project_id " .. wanted .. '"147696"',
      raised(function() client.visible.brands:list { project_id = "147696" } end))
    assert.equal("client.visible.brands: project_id " .. wanted .. "147696",
      raised(function() client.visible.brands(147696) end))
    assert(client.visible.brands(PROJECT:upper()):list())
    assert.equal(1, #log)
  end)

  it("is told by one message what to write for a lone id", function()
    local client = new()
    local message = raised(function() client.visible.brands:list(PROJECT) end)
    assert.is_truthy(message:find("; write client.visible.brands(project_id):list()", 1, true), message)
  end)
end)

describe("the key of SE Visible", function()
  it("is the client's, if that is a v1 key, or one of its own", function()
    local client, log = new()
    assert(client.visible.projects:list())
    client.visible:close()
    local other, second = script.new(function() return "[]" end, { visible_token = scene.V1_KEY, visible_base_url = nil })
    assert(other.visible.projects:list())
    assert.equal("Token " .. scene.V1_KEY, log[1].headers.authorization)
    assert.equal("Token " .. scene.V1_KEY, second[1].headers.authorization)
    assert.equal("https://api.seranking.com", second[1].origin)
  end)

  it("is that of client.data, if the client has a v4 key", function()
    local client, log = script.new(function() return "[]" end, { data_token = scene.V1_KEY })
    assert(client.visible.projects:list())
    assert.equal("Token " .. scene.V1_KEY, log[1].headers.authorization)
  end)

  it("is never a v4 key: the call says what is needed, and sends nothing", function()
    local client, log = script.new(function() return "[]" end)
    local rows, err = client.visible.projects:list()
    assert.is_nil(rows)
    assert.same({ "auth", "wrong_key", false, 0 }, { err.kind, err.code, err.sent, #log })
    assert.equal("SE Visible takes a v1 key, and client.visible has a v4 key", err.message)
    assert.is_truthy(err.hint:find("visible_token", 1, true) and err.hint:find("SERANKING_VISIBLE_TOKEN", 1, true))
    assert.equal("wrong_key", select(2, client.visible:request { path = "/v1/x" }).code)
    assert.equal("wrong_key", select(2, client.visible.brands.list:all { project_id = PROJECT }).code)
    assert.equal("GET", client.visible.projects.list:dry_run().method)
  end)
end)

describe("a product that the account lacks", function()
  it("is said as access, and never blocks the key", function()
    local api = fake.new { without = { "visible", "local_marketing" } }
    local client = api:client { api = "v1" }
    for _ = 1, 5 do
      local rows, err = client.visible.projects:list()
      assert.is_nil(rows)
      assert.same({ "access", "product_not_enabled", 401 }, { err.kind, err.code, err.status })
      assert.is_truthy(err.hint:find("plan", 1, true))
      rows, err = client.local_marketing.locations:list()
      assert.is_nil(rows)
      assert.same({ "access", "product_not_enabled", 401 }, { err.kind, err.code, err.status })
      assert(client.sites:list())
    end
    assert.is_nil(client.visible:limiter().blocked)
    client:close()
  end)

  it("does not lift the strikes of a bad key either", function()
    local answers = { { 401, "Unauthorized" }, { 401, "Unauthenticated." }, { 401, "Unauthorized" } }
    local client, log = new(function(_, number)
      return script.json(('{"message":"%s"}'):format(answers[number][2]), answers[number][1])
    end)
    for _ = 1, 3 do
      client.visible.projects:list()
    end
    assert.equal("bad_key", select(2, client.visible.projects:list()).code)
    assert.equal(3, #log)
  end)
end)

describe("a refusal by parameter", function()
  it("has the server's words for each parameter in err.fields", function()
    local client = new(function()
      return script.json('{"message":"The domain field must be a valid URL. (and 1 more error)","errors":{"domain":["The '
        .. 'domain field must be a valid URL."],"title":["Too long.","Taken."],"odd":7}}', 422)
    end)
    local made, err = client.visible.brands:create { project_id = PROJECT, title = "a", domain = "https://a.example" }
    assert.is_nil(made)
    assert.same({ "invalid", "unprocessable" }, { err.kind, err.code })
    assert.same({ domain = { "The domain field must be a valid URL." }, title = { "Too long.", "Taken." } }, err.fields)
    assert.equal("The domain field must be a valid URL. (and 1 more error)", err.message)
  end)

  it("is told in the error's line, as far as the message does not say it", function()
    local function line(answer)
      local client = new(function() return script.json(answer, 422) end)
      return tostring(select(2, client.visible.topics:create { project_id = PROJECT, titles = { "a" } })):match "topics: (.*)$"
    end
    assert.equal("Invalid. (title: Too long.; titles: In use. Twice.; titles: Taken.) (invalid, unprocessable, HTTP 422)",
      line '{"message":"Invalid.","errors":{"titles":["Taken.","In use.\\nTwice."],"title":["Too long."]}}')
    assert.equal("Taken. (and 1 more error) (title: Too long.) (invalid, unprocessable, HTTP 422)",
      line '{"message":"Taken. (and 1 more error)","errors":{"titles":["Taken."],"title":["Too long."]}}')
    assert.equal("Invalid. (a: 1; b: 2; c: 3; …) (invalid, unprocessable, HTTP 422)",
      line '{"message":"Invalid.","errors":{"d":["4"],"c":["3"],"b":["2"],"a":["1"]}}')
    assert.equal("Taken. (invalid, unprocessable, HTTP 422)", line '{"message":"Taken.","errors":{"titles":["Taken."]}}')
  end)

  it("has none where the answer has none, or is no JSON", function()
    for _, body in ipairs { '{"message":"x"}', '{"message":"x","errors":[]}', '{"errors":"x"}', "<html>", "",
      '{"errors":{"a":[]}}' } do
      local client = new(function() return script.json(body, 422) end)
      local _, err = client.visible.topics:create { project_id = PROJECT, titles = { "a" } }
      assert.equal("unprocessable", err.code)
      assert.is_nil(err.fields, body)
    end
  end)

  it("never shows the key in it", function()
    local client = new(function()
      return script.json('{"message":"x","errors":{"token":["bad ' .. scene.V1_KEY .. '"]}}', 422)
    end)
    local _, err = client.visible.topics:create { project_id = PROJECT, titles = { "a" } }
    assert.is_nil(err.fields.token[1]:find(scene.V1_KEY, 1, true))
    assert.is_truthy(err.fields.token[1]:find("e5f6", 1, true))
  end)
end)

describe("the products of one program", function()
  local function new_account()
    local clock = seranking.clock()
    local api = fake.new { clock = clock, demo = true, today = "2026-11-24" }
    return api:client { api = "v1", raise = true }, api, clock
  end

  it("each keep a limit of their own: 5, 10 and 1 a second", function()
    local client, api, clock = new_account()
    local calls = {
      { 5, function() return client.sites:list() end },
      { 10, function() return client.data.account:credit_balance() end },
      { 1, function() return client.visible.projects:list() end },
    }
    local began = clock:now()
    for _, entry in ipairs(calls) do
      for _ = 1, entry[1] do
        entry[2]()
      end
    end
    assert.equal(began, clock:now()) -- no product waited for another
    for _, entry in ipairs(calls) do
      local before = clock:now()
      entry[2]()
      assert.is_true(entry == calls[1] and clock:now() >= began + 1 or clock:now() == before) -- a second later all are free
    end
    for _, entry in ipairs(api.log) do
      assert.is_true(entry.status < 400, entry.path)
    end
    assert.equal(19, #api.log)
    assert.same({ 5, 10, 1 }, { client:limiter().limit, client.data:limiter().limit, client.visible:limiter().limit })
  end)

  it("are blocked each by itself: no source says that a ban of one is a ban of all", function()
    local client, api = new_account()
    api:fail { times = 3, status = 429, path = "/v1/se-visible/projects" }
    local fine, err = pcall(function() return client.visible.projects:list() end)
    assert.is_false(fine)
    assert.equal("blocked", err.kind)
    assert(client.sites:list())
    assert(client.data.account:credit_balance())
    assert.is_false((pcall(function() return client.visible.subscription:get() end)))
    client.visible:limiter():reset()
    assert(client.visible.subscription:get())
  end)
end)

describe("prompts by target", function()
  it("always send their scope: without it the server answers 500", function()
    local client, log = new '{"prompts":[],"total":0}'
    local args = { target = "a.example", source = "us", engine = "chatgpt" }
    assert(client.data.ai_search:prompts_by_target(args))
    args.scope = "url"
    assert(client.data.ai_search:prompts_by_target(args))
    assert.same({ "base_domain" }, sent_pairs(log[1]).scope)
    assert.same({ "url" }, sent_pairs(log[2]).scope)
    local answer = fake.new():handle { method = "GET", path = "/v1/ai-search/prompts-by-target",
      query = "target=a.example&source=us&engine=chatgpt", headers = { authorization = "Token " .. scene.V1_KEY } }
    assert.equal(500, answer.status)
    assert.is_truthy(answer.body:find("scope can't be empty", 1, true))
  end)
end)
