--- The fake API's AI results tracker: brand, engines, prompts and their groups agree with each other.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

for _, generation in ipairs { "v4", "v1" } do
  local here = ask.of(generation)
  local expect, refused = here.expect, here.refused
  local v4 = generation == "v4"

  --- What hangs under the project; `ids` stand in the query on v1.
  local function under(method, v4_path, v1_path, ids, query, v1_method)
    local all = "site_id=147696" .. (ids and "&" .. ids or "") .. (query and "&" .. query or "")
    return { { method, "/sites/147696/airt/" .. v4_path, query }, { v1_method or method, "/airt/" .. v1_path, all } }
  end

  local BRAND = under("GET", "brands", "brand")
  local SET_BRAND = under("POST", "brands", "brand")
  local LLMS = under("GET", "llm", "llm")
  local ADD_LLM = under("POST", "llm", "llm")
  local GROUPS = under("GET", "prompt-groups", "prompts/groups", nil, "keys_count=1")
  local ADD_GROUP = under("POST", "prompt-groups", "prompts/groups")

  local function llm(method, v4_tail, v1_tail, query)
    return under(method, "llm/1201" .. v4_tail, "llm" .. v1_tail, "llm_id=1201", query)
  end

  local function prompts(method, v4_tail, v1_tail, query, v1_method)
    return under(method, "llm/1201/prompts" .. v4_tail, "prompts" .. v1_tail, "llm_id=1201", query, v1_method)
  end

  local ADD = prompts("POST", "", "")
  local DELETE = prompts("DELETE", "", "/delete", nil, "POST")

  local function group(method, id, v4_tail, v1_tail)
    return under(method, "prompt-groups/" .. id .. v4_tail, "prompts/groups" .. v1_tail, "group_id=" .. id)
  end

  describe("the AI tracker on " .. generation, function()
    local api
    before_each(function()
      api = ask.new()
      ask.expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
    end)

    --- A brand, an engine and three prompts (90001 to 90003) in the default group (301).
    local function set_up()
      expect(200, '{"brand":"Corner","site_id":147696}', api, SET_BRAND, '{"brand":"Corner"}')
      ask.send(api, "POST", "/sites/147696/airt/llm", nil, '{"base_name":"perplexity","country_code":"us"}')
      expect(200, '{"added":3}', api, ADD, '{"prompts":["one","two","three"]}')
    end

    --- "id position name count" of each group.
    local function groups()
      local list = {}
      for id, is_default, count, name, position in here.body(api, GROUPS)
        :gmatch '"id":"(%d+)","is_default":"(%d)","keys_count":"(%d+)","name":"(.-)","position":"(%d+)"' do
        list[#list + 1] = table.concat({ id, position, name, count, is_default == "1" and "default" or nil }, " ")
      end
      return list
    end

    it("has a brand, which replaces the one before", function()
      expect(200, '{"brand":null,"site_id":147696}', api, BRAND)
      expect(200, '{"brand":"A","site_id":147696}', api, SET_BRAND, '{"brand":"A"}')
      expect(200, '{"brand":"B","site_id":147696}', api, SET_BRAND, '{"brand":"B"}')
      expect(200, '{"brand":"B","site_id":147696}', api, BRAND)
      refused(400, "Bad Request", api, SET_BRAND, '{"brand":""}')
      refused(400, "Bad Request", api, SET_BRAND, '{"brand":"' .. ("x"):rep(256) .. '"}')
      refused(404, "Not Found", api, { { "GET", "/sites/1/airt/brands" }, { "GET", "/airt/brand", "site_id=1" } })
    end)

    it("has engines, which come once there is a brand, change and go", function()
      local body = '{"base_name":"perplexity","country_code":"us","lang_code":"en"}'
      refused(400, "Bad Request", api, ADD_LLM, body)
      expect(200, '{"brand":"A","site_id":147696}', api, SET_BRAND, '{"brand":"A"}')
      local row = '{"base_name":"perplexity","country_code":"us","id":1201,"lang_code":"en","region_name":null}'
      expect(200, row, api, ADD_LLM, body)
      expect(200, "[" .. row .. "]", api, LLMS)
      expect(200, row, api, llm("GET", "", ""))
      row = row:gsub('"lang_code":"en"', '"lang_code":"de"')
      expect(200, row, api, llm("PATCH", "", ""), '{"lang_code":"de"}')
      row = row:gsub('"lang_code":"de"', '"lang_code":null')
      expect(200, row, api, llm("PATCH", "", ""), '{"lang_code":null}')
      refused(400, "Bad Request", api, llm("PATCH", "", ""), '{"country_code":"de"}')
      expect(204, "", api, llm("DELETE", "", ""))
      expect(200, "[]", api, LLMS)
      refused(404, "Not Found", api, llm("GET", "", ""))
      refused(400, "Bad Request", api, ADD_LLM, '{"base_name":"bing","country_code":"us"}')
    end)

    it("takes canonical places: Google's engines refuse others, the rest pass over them", function()
      expect(200, '{"brand":"A","site_id":147696}', api, SET_BRAND, '{"brand":"A"}')
      local function body(engine, place)
        return '{"base_name":"' .. engine .. '","country_code":"us","region_name":"' .. place .. '"}'
      end
      local text = "Invalid region name. Please use a valid canonical location name."
      for _, engine in ipairs { "google_ai_overview", "google_ai_mode", "gemini" } do
        refused(400, text, api, ADD_LLM, body(engine, "Boston"))
      end
      expect(200, "[]", api, LLMS)
      expect(200, '{"base_name":"chatgpt","country_code":"us","id":1201,"lang_code":null,"region_name":null}', api,
        ADD_LLM, body("chatgpt", "Boston"))
      expect(200, '{"base_name":"gemini","country_code":"us","id":1202,"lang_code":null,'
        .. '"region_name":"Boston, Massachusetts, United States"}', api, ADD_LLM,
        body("gemini", "Boston, Massachusetts, United States"))
      refused(400, text, api, under("PATCH", "llm/1202", "llm", "llm_id=1202"), '{"region_name":"Boston"}')
    end)

    it("has prompts, once each, with two ids under each generation's names", function()
      set_up()
      expect(200, '{"added":1}', api, ADD, '{"prompts":["two","four","four"]}')
      local row = v4 and '{"group_id":301,"k2site_llm_id":90001,"keyword":"one","keyword_id":81001}'
        or '{"group_id":"301","prompt":"one","prompt_id":"81001","prompt_llm_id":"90001"}'
      expect(200, '{"items":[' .. row .. '],"total":4}', api, prompts("GET", "", "", "limit=1"))
      expect(200, '{"items":[],"total":4}', api, prompts("GET", "", "", "offset=4"))
      for _, body in ipairs {
        '{"prompts":"five"}', '{"prompts":[""]}', '{"prompts":["' .. ("x"):rep(256) .. '"]}',
        '{"prompts":["five"],"group_id":0}', "{}",
      } do
        refused(400, "Bad Request", api, ADD, body)
      end
      refused(404, "Not Found", api, ADD, '{"prompts":["five"],"group_id":1}')
      refused(400, "Bad Request", api, prompts("GET", "", "", "limit=1001"))
    end)

    it("loses prompts by the id that they have at the engine: a DELETE with a body on v4", function()
      set_up()
      expect(200, "[]", api, DELETE, '{"k2site_llm_ids":[81001]}')
      assert.is_truthy(here.body(api, prompts("GET", "", "")):find('"total":3', 1, true))
      expect(200, "[]", api, DELETE, '{"k2site_llm_ids":[90001,90003]}')
      local body = here.body(api, prompts("GET", "", ""))
      assert.is_truthy(body:find('"two"', 1, true))
      assert.is_truthy(body:find('"total":1', 1, true))
      refused(400, "Bad Request", api, DELETE)
      refused(400, "Bad Request", api, DELETE, '{"prompt_llm_ids":[90002]}')
    end)

    it("gives the answer to a prompt by that id, for days that have been", function()
      set_up()
      local function answer(id, query)
        return under("GET", "llm/1201/prompts/" .. id .. "/answer", "prompts/answer",
          "llm_id=1201&prompt_llm_id=" .. id, query)
      end
      refused(404, "Not Found", api, answer(90002))
      api:advance(86400)
      local body = here.body(api, answer(90002))
      assert.is_truthy(body:find('"date":"2026-09-11","prompt_llm_id":"90002"', 1, true))
      assert.is_truthy(here.body(api, answer(90002, "date=2026-09-10")):find('"date":"2026-09-10"', 1, true))
      refused(404, "Not Found", api, answer(90002, "date=2026-09-09"))
      refused(404, "Not Found", api, answer(81002))
      refused(400, "Bad Request", api, answer(90002, "date=2026-09-12"))
    end)

    it("ranks prompts and groups", function()
      set_up()
      api:advance(86400)
      local rankings = here.body(api, prompts("GET", "/rankings", "/rankings", "date_to=2026-09-10&limit=2"))
      assert.is_truthy(rankings:find(v4 and '"keyword":"one"' or '"prompt":"one"', 1, true))
      assert.is_truthy(rankings:find('"date":"2026-09-10"', 1, true))
      assert.is_truthy(rankings:find('"total":3', 1, true))
      assert.is_truthy(here.body(api, prompts("GET", "/rankings", "/rankings", "mode=groups"))
        :find('^{"items":%[{"group_id":301,"group_name":"General","organic_overlap":%d+,"positions":%[{'
          .. '"date":"2026%-09%-11","link_presence":%d+,"mention_presence":%d+}%],"prompts_count":3}%],"total":1}$'))
      refused(400, "Bad Request", api, prompts("GET", "/rankings", "/rankings", "mode=prompts"))
      refused(400, "Invalid date", api,
        prompts("GET", "/rankings", "/rankings", "date_from=2026-09-02&date_to=2026-09-01"))
    end)

    it("counts an engine's prompts, over a time that has names of its own", function()
      set_up()
      api:advance(20)
      assert.is_truthy(here.body(api, llm("GET", "/statistics", "/statistics", "from=2026-09-01&to=2026-09-10&top=0"))
        :find('"stats":{"last_update":"2026-09-10","prompts_count":3}', 1, true))
      refused(400, "Bad Request", api, llm("GET", "/statistics", "/statistics", "date_from=2026-09-01"))
      refused(400, "Invalid date", api, llm("GET", "/statistics", "/statistics", "from=2026-09-02&to=2026-09-01"))
      expect(200, '{"progress":100}', api, llm("GET", "/status", "/status"))
    end)

    it("has groups in an order, a default one among them", function()
      set_up()
      assert.same({ "301 0 General 3 default" }, groups())
      expect(200, '{"id":302}', api, ADD_GROUP, '{"name":"Bread"}')
      expect(200, '{"id":303}', api, ADD_GROUP, '{"name":"Cake"}')
      assert.equal("name: taken", refused(400, "Bad Request", api, ADD_GROUP, '{"name":"Cake"}'))
      refused(400, "Bad Request", api, ADD_GROUP, '{"name":""}')
      expect(200, "[]", api, group("PATCH", 303, "", ""), '{"name":"Pies"}')
      assert.same({ "301 0 General 3 default", "302 1 Bread 0", "303 2 Pies 0" }, groups())
      expect(200, "[]", api, group("POST", 303, "/order", "/order"), '{"before_id":301}')
      assert.same({ "303 0 Pies 0", "301 1 General 3 default", "302 2 Bread 0" }, groups())
      expect(200, "[]", api, group("POST", 303, "/order", "/order"), '{"after_id":302}')
      assert.same({ "301 0 General 3 default", "302 1 Bread 0", "303 2 Pies 0" }, groups())
      refused(400, "Bad Request", api, group("POST", 303, "/order", "/order"), "{}")
      refused(400, "Bad Request", api, group("POST", 303, "/order", "/order"), '{"before_id":301,"after_id":302}')
      refused(404, "Not Found", api, group("POST", 303, "/order", "/order"), '{"before_id":303}')
    end)

    it("moves prompts between groups, empties and deletes them", function()
      set_up()
      expect(200, '{"id":302}', api, ADD_GROUP, '{"name":"Bread"}')
      expect(200, '{"id":303}', api, ADD_GROUP, '{"name":"Cake"}')
      expect(200, "[]", api, group("POST", 302, "/moveKeywords", "/move"), '{"k2site_llm_ids":[90001,90002,81003]}')
      assert.same({ "301 0 General 1 default", "302 1 Bread 2", "303 2 Cake 0" }, groups())
      assert.is_truthy(here.body(api, prompts("GET", "", "", "group_ids[]=302")):find('"total":2', 1, true))
      local transfer = under("POST", "prompt-groups/moveGroupKeywords", "prompts/groups/transfer")
      expect(200, "[]", api, transfer, '{"from_group_id":302,"to_group_id":303}')
      assert.same({ "301 0 General 1 default", "302 1 Bread 0", "303 2 Cake 2" }, groups())
      refused(404, "Not Found", api, transfer, '{"from_group_id":302,"to_group_id":1}')
      expect(200, "[]", api, group("DELETE", 303, "", ""))
      assert.same({ "301 0 General 3 default", "302 1 Bread 0" }, groups())
      refused(400, "Bad Request", api, group("DELETE", 301, "", ""))
      expect(200, "[]", api, group("DELETE", 301, "/keywords", "/prompts"))
      assert.same({ "301 0 General 0 default", "302 1 Bread 0" }, groups())
      assert.is_truthy(here.body(api, prompts("GET", "", "")):find('"total":0', 1, true))
    end)

    it("says how many prompts are in a group only when it is asked, and at which engines", function()
      set_up()
      local function forms(query)
        return under("GET", "prompt-groups", "prompts/groups", nil, query)
      end
      assert.is_nil(here.body(api, forms(nil)):find("keys_count", 1, true))
      assert.is_truthy(here.body(api, forms "keys_count=1&site_llm_ids[]=1201"):find('"keys_count":"3"', 1, true))
      assert.is_truthy(here.body(api, forms "keys_count=1&site_llm_ids[]=1"):find('"keys_count":"0"', 1, true))
    end)

    it("takes an engine's prompts with it, and all with the project", function()
      set_up()
      expect(204, "", api, llm("DELETE", "", ""))
      assert.same({ "301 0 General 0 default" }, groups())
      ask.send(api, "DELETE", "/sites/147696")
      refused(404, "Not Found", api, LLMS)
    end)
  end)
end

describe("what v1 alone has of the AI tracker", function()
  local P = "/v1/project-management/airt"
  local api
  before_each(function()
    api = ask.new()
    ask.send(api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
    ask.send(api, "POST", "/sites/147696/airt/brands", nil, '{"brand":"A"}')
    ask.send(api, "POST", "/sites/147696/airt/llm", nil, '{"base_name":"perplexity","country_code":"us"}')
    ask.send(api, "POST", "/sites/147696/airt/llm/1201/prompts", nil, '{"prompts":["one"]}')
  end)

  it("answers for projects, engines and prompts that there are", function()
    api:advance(86400)
    ask.expect(200, '{"dates":["2026-09-10","2026-09-11"]}', api, "GET", P .. "/competitors/dates",
      "site_id=147696&llm_id=1201&prompt_llm_id=90001")
    ask.expect(200, "[]", api, "GET", P .. "/competitors",
      "site_id=147696&llm_id=1201&prompt_llm_ids[]=90001&compact=1&include_cached_copy_url=0")
    for _, query in ipairs {
      "site_id=147696&llm_id=1201&prompt_llm_id=81001", "site_id=147696&llm_id=1&prompt_llm_id=90001",
      "site_id=1&llm_id=1201&prompt_llm_id=90001",
    } do
      ask.refused(404, "Not Found", api, "GET", P .. "/competitors/dates", query)
    end
    ask.refused(400, "Bad Request", api, "GET", P .. "/competitors", "site_id=147696&llm_id=1201")
  end)

  it("sorts domains and pages by figures of their own, at most 100 a page", function()
    assert.equal(200, ask.send(api, "GET", P .. "/sources/domains", "site_id=147696&sort=dt&is_brand_mentioned=1").status)
    assert.equal(200, ask.send(api, "GET", P .. "/sources/domains", "site_id=147696&sort=pages_total").status)
    assert.equal(200, ask.send(api, "GET", P .. "/sources/pages", "site_id=147696&sort=count_usage&domain_id=1").status)
    ask.refused(400, "Bad Request", api, "GET", P .. "/sources/pages", "site_id=147696&sort=pages_total")
    ask.refused(400, "Bad Request", api, "GET", P .. "/sources/domains", "site_id=147696&sort=count_usage")
    ask.refused(400, "Bad Request", api, "GET", P .. "/sources/domains", "site_id=147696&limit=101")
    ask.refused(400, "Bad Request", api, "GET", P .. "/sources/summary", "site_id=147696&search=a")
  end)
end)
