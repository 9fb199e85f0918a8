--- The life of projects, keywords, engines, groups and tags on the fake API, in both generations.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"
local P = "/v1/project-management"
local new, send, expect, refused = ask.new, ask.send, ask.expect, ask.refused
local with_project = ask.with_project

-- Each test runs the same life in both generations: what differs is where the ids stand, and PUT against PATCH.
for _, generation in ipairs { "v4", "v1" } do
  local v4 = generation == "v4"

  --- Picks the form of this generation: { method, path, query } each; the body is the same.
  local function form(v4_form, v1_form)
    local chosen = v4 and v4_form or v1_form
    return chosen[1], v4 and chosen[2] or P .. chosen[2], chosen[3]
  end

  --- Sends a form with a body, and wants this.
  local function wants(status, answer_body, api, v4_form, v1_form, body)
    local method, path, query = form(v4_form, v1_form)
    return expect(status, answer_body, api, method, path, query, body)
  end

  describe("on " .. generation, function()
    local api
    before_each(function()
      api = new()
    end)

    it("projects come, change and go", function()
      local list = { { "GET", "/sites" }, { "GET", "/sites" } }
      local create = { { "POST", "/sites" }, { "POST", "/sites" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"site_id":147696}', api, create[1], create[2], '{"url":"http://example.com","title":"example1"}')
      wants(201, '{"site_id":147697}', api, create[1], create[2], '{"url":"https://example.org/shop/","title":"two",'
        .. '"depth":200,"subdomain_match":1,"exact_url":1,"check_freq":"check_weekly","check_day":7,"is_active":0,'
        .. '"auto_reports":0,"disable_audit":1}')
      local first = '{"check_day":null,"check_freq":"check_daily","depth":100,"exact_url":0,"group_id":0,'
        .. '"guest_link":"https://online.seranking.test/guest/147696","id":147696,"is_active":1,"keyword_count":0,'
        .. '"name":"example.com","subdomain_match":0,"title":"example1"}'
      local second = '{"check_day":7,"check_freq":"check_weekly","depth":200,"exact_url":1,"group_id":0,'
        .. '"guest_link":"https://online.seranking.test/guest/147697","id":147697,"is_active":0,"keyword_count":0,'
        .. '"name":"example.org/shop","subdomain_match":1,"title":"two"}'
      wants(200, "[" .. first .. "," .. second .. "]", api, list[1], list[2])
      wants(200, "[]", api, { "PUT", "/sites/147697" }, { "PATCH", "/sites", "site_id=147697" },
        '{"title":"zwei","url":"example.net"}')
      second = second:gsub('"two"', '"zwei"'):gsub("example.org/shop", "example.net")
      wants(200, "[" .. first .. "," .. second .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      wants(200, "[" .. second .. "]", api, list[1], list[2])
      local method, path, query = form({ "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      refused(404, "Not Found", api, method, path, query)
    end)

    it("projects have titles and check days within bounds", function()
      local method, path = form({ "POST", "/sites" }, { "POST", "/sites" })
      local function create(rest)
        return send(api, method, path, nil, '{"url":"example.com",' .. rest .. "}").status
      end
      assert.equal(400, create('"title":""'))
      assert.equal(201, create('"title":"' .. ("\195\188"):rep(255) .. '"'))
      assert.equal(400, create('"title":"' .. ("x"):rep(256) .. '"'))
      assert.equal(400, create('"title":"a","check_freq":"check_weekly","check_day":8'))
      assert.equal(201, create('"title":"a","check_freq":"check_monthly","check_day":31'))
    end)

    it("engines come, change and go", function()
      send(api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
      local list = { { "GET", "/sites/147696/search-engines" }, { "GET", "/sites/search-engines", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"site_engine_id":880001}', api, { "POST", "/sites/147696/search-engines" },
        { "POST", "/sites/search-engines", "site_id=147696" },
        '{"search_engine_id":200,"merge_map":2,"region_name":"Boston, Massachusetts, United States","lang_code":"de"}')
      local row = '{"business_name":null,"featured_snippet":0,"keyword_count":0,"lang_code":"de","merge_map":2,'
        .. '"paid_results":0,"phone":null,"region_id":0,"region_name":"Boston, Massachusetts, United States",'
        .. '"search_engine_id":200,"site_engine_id":880001}'
      wants(200, "[" .. row .. "]", api, list[1], list[2])
      wants(200, "[]", api, { "PUT", "/sites/147696/search-engines/880001" },
        { "PATCH", "/sites/search-engines", "site_id=147696&site_engine_id=880001" },
        '{"merge_map":0,"phone":"+1","paid_results":1}')
      row = row:gsub('"merge_map":2', '"merge_map":0'):gsub('"phone":null', '"phone":"+1"')
        :gsub('"paid_results":0', '"paid_results":1')
      wants(200, "[" .. row .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/search-engines/880001" },
        { "DELETE", "/sites/search-engines", "site_id=147696&site_engine_id=880001" })
      wants(200, "[]", api, list[1], list[2])
    end)

    it("keywords come, change and go", function()
      api = with_project()
      local list = { { "GET", "/sites/147696/keywords" }, { "GET", "/keywords", "site_id=147696" } }
      local boots = '{"first_check_date":null,"group_id":"0","id":"55120001","link":null,"name":"boots",'
        .. '"site_engine_ids":[880001],"tags":[]}'
      local anchors = '{"first_check_date":null,"group_id":"0","id":"55120002","link":null,"name":"anchors",'
        .. '"site_engine_ids":[880001],"tags":[]}'
      wants(200, "[" .. boots .. "," .. anchors .. "]", api, list[1], list[2])
      wants(201, '{"added":1,"ids":[55120003]}', api, { "POST", "/sites/147696/keywords" },
        { "POST", "/keywords", "site_id=147696" },
        '[{"keyword":"caf\195\169","target_url":"https://example.com/caf\195\169","site_engine_ids":[]}]')
      local cafe = '{"first_check_date":null,"group_id":"0","id":"55120003","link":"https://example.com/caf\195\169",'
        .. '"name":"caf\195\169","site_engine_ids":[],"tags":[]}'
      wants(200, "[" .. boots .. "," .. anchors .. "," .. cafe .. "]", api, list[1], list[2])
      wants(200, "", api, { "PATCH", "/sites/147696/keywords/55120001" },
        { "PATCH", "/keywords", "site_id=147696&keyword_id=55120001" },
        '{"keyword":"red boots","target_url":"https://example.com/boots","site_engine_ids":[]}')
      boots = boots:gsub('"boots"', '"red boots"'):gsub('"link":null', '"link":"https://example.com/boots"')
        :gsub("%[880001%]", "[]")
      wants(200, "[" .. boots .. "," .. anchors .. "," .. cafe .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/keywords", "keywords_ids%5B%5D=55120001&keywords_ids[]=55120003" },
        { "DELETE", "/keywords", "site_id=147696&keywords_ids[0]=55120001&keywords_ids[1]=55120003" })
      wants(200, "[" .. anchors .. "]", api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/keywords", "keywords_ids[]=55120001" }, -- again
        { "DELETE", "/keywords", "site_id=147696&keywords_ids[]=55120001" })
      wants(200, "[" .. anchors .. "]", api, list[1], list[2])
    end)

    it("keywords of another project are out of reach", function()
      api = with_project()
      send(api, "POST", "/sites", nil, '{"url":"example.org","title":"b"}')
      local method, path, query = form({ "PATCH", "/sites/147697/keywords/55120001" },
        { "PATCH", "/keywords", "site_id=147697&keyword_id=55120001" })
      refused(400, "Invalid keyword_id", api, method, path, query, '{"keyword":"x"}')
      wants(204, "", api, { "DELETE", "/sites/147697/keywords", "keywords_ids[]=55120001" },
        { "DELETE", "/keywords", "site_id=147697&keywords_ids[]=55120001" })
      local _, rows = send(api, "GET", "/sites/147696/keywords").body:gsub('"name"', "")
      assert.equal(2, rows)
    end)

    it("a position that is set is listed, and counted", function()
      api = with_project()
      local function set(date, position, keyword)
        wants(200, "[]", api, { "PUT", "/sites/147696/position" }, { "PATCH", "/sites/positions", "site_id=147696" },
          '{"keyword_id":' .. (keyword or 55120001) .. ',"date":"' .. date .. '","site_engine_id":880001,"position":'
            .. position .. "}")
      end
      local function block(first, second)
        local function row(id, name, positions)
          return '{"competition":N,"cpc":N,"group_id":"0","id":"' .. id .. '","name":"' .. name .. '","positions":['
            .. positions .. '],"results":"N","suggested_bid":N,"total_sum":0,"volume":N}'
        end
        return '[{"keywords":[' .. row("55120001", "boots", first) .. "," .. row("55120002", "anchors", second)
          .. '],"site_engine_id":880001}]'
      end
      local function position(date, pos, change)
        return '{"change":' .. change .. ',"date":"' .. date .. '","is_map":0,"map_position":0,"paid_position":0,"pos":'
          .. pos .. ',"price":0}'
      end
      -- The figures of the keywords are made up, and left out here.
      local function list(query, wanted)
        local method, path, parameters = form({ "GET", "/sites/147696/positions", query },
          { "GET", "/sites/positions", "site_id=147696" .. (query and "&" .. query or "") })
        local body = send(api, method, path, parameters).body
        for _, member in ipairs { "competition", "cpc", "suggested_bid", "volume" } do
          body = body:gsub('"' .. member .. '":[%d.]+', '"' .. member .. '":N')
        end
        assert.equal(wanted, (body:gsub('"results":"%d+"', '"results":"N"')))
      end

      list(nil, block("", ""))
      set("2026-09-02", 12) -- more than a week before today, which is the 10th
      set("2026-09-09", 7)
      set("2026-09-10", 9)
      set("2026-09-10", 0, 55120002)
      list(nil, block(position("2026-09-09", 7, 5) .. "," .. position("2026-09-10", 9, -2),
        position("2026-09-10", 0, 0)))
      list("date_from=2026-09-01&date_to=2026-09-09&site_engine_id=880001",
        block(position("2026-09-02", 12, 0) .. "," .. position("2026-09-09", 7, 5), ""))
      set("2026-09-10", 8) -- over the 9
      list("date_from=2026-09-10", block(position("2026-09-10", 8, -1), position("2026-09-10", 0, 0)))
      local method, path, query = form({ "GET", "/sites/147696/stat" },
        { "GET", "/sites/summary", "site_id=147696&site_engine_id=880001" })
      assert.equal('{"domain_trust":N,"index_google":"N","process":100,"site_id":147696,"today_avg":8,"top10":1,'
        .. '"top30":1,"top5":0,"total_down":1,"total_up":0,"visibility":17,"visibility_percent":50,"yesterday_avg":7}',
        (send(api, method, path, query).body:gsub('"domain_trust":%d+', '"domain_trust":N')
          :gsub('"index_google":"%d+"', '"index_google":"N"'))) -- made up
      method, path, query = form({ "GET", "/sites/147696/keywords", "site_engine_id=880001" },
        { "GET", "/keywords", "site_id=147696&site_engine_id=880001" })
      local body = send(api, method, path, query).body
      assert.is_truthy(body:find('"first_check_date":"2026-09-02","group_id":"0","id":"55120001"', 1, true))
    end)

    it("positions tell more when asked", function()
      api = with_project()
      send(api, "PATCH", "/sites/147696/keywords/55120001", nil,
        '{"keyword":"boots","target_url":"https://example.com/b"}')
      local method, path, query = form({ "GET", "/sites/147696/positions", "" },
        { "GET", "/sites/positions", "site_id=147696&" })
      local plain = send(api, method, path, query).body
      assert.is_nil(plain:find("landing_pages") or plain:find("features") or plain:find("content_score"))
      local full = send(api, method, path, query
        .. "&with_landing_pages=1&with_serp_features=1&with_content_score=1").body
      assert.is_truthy(full:find('"landing_pages":[{"ascii_url":"https://example.com/b","date":"2026-09-10",'
        .. '"url":"https://example.com/b"}]', 1, true))
      assert.is_truthy(full:find('"landing_pages":[]', 1, true))
      assert.is_truthy(full:find('"features":{"featured_snippet":true}', 1, true))
      assert.is_truthy(full:find('"content_score":null,"content_score_change":null', 1, true))
      send(api, "PUT", "/sites/147696/position", nil,
        '{"keyword_id":55120002,"date":"2026-09-10","site_engine_id":880001,"position":3}')
      local _, within = send(api, method, path, query .. "&in_top=3").body:gsub('"name"', "")
      assert.equal(1, within)
      _, within = send(api, method, path, query .. "&in_top=2").body:gsub('"name"', "")
      assert.equal(0, within)
    end)

    it("a check is started for pairs, an engine or all", function()
      api = with_project()
      local forms = { { "POST", "/sites/147696/recheck" }, { "POST", "/sites/positions/recheck", "site_id=147696" } }
      wants(200, '{"total":2}', api, forms[1], forms[2], "{}")
      wants(200, '{"total":2}', api, forms[1], forms[2], '{"site_engine_id":880001}')
      wants(200, '{"total":1}', api, forms[1], forms[2],
        '{"keywords":[{"site_engine_id":880001,"keyword_id":55120002}]}')
      local method, path, query = form(forms[1], forms[2])
      refused(400, "Invalid keyword_id", api, method, path, query,
        '{"keywords":[{"site_engine_id":880001,"keyword_id":1}]}')
      refused(404, "Unknown site_engine_id", api, method, path, query,
        '{"keywords":[{"site_engine_id":1,"keyword_id":55120001}]}')
    end)

    it("keyword groups come, change, take keywords and go", function()
      api = with_project()
      local list = { { "GET", "/keyword-groups/147696" }, { "GET", "/keywords/groups", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"group_id":70011}', api, { "POST", "/keyword-groups" }, { "POST", "/keywords/groups" },
        '{"name":"Boots","site_id":147696}')
      wants(200, '[{"creation_date":"2026-09-10 00:00:00","id":"70011","name":"Boots"}]', api, list[1], list[2])
      wants(204, "", api, { "PUT", "/keyword-groups/70011" }, { "PATCH", "/keywords/groups", "group_id=70011" },
        '{"name":"Shoes"}')
      wants(200, '[{"creation_date":"2026-09-10 00:00:00","id":"70011","name":"Shoes"}]', api, list[1], list[2])
      wants(204, "", api, { "POST", "/keyword-groups/70011/keywords" },
        { "POST", "/keywords/groups/move", "group_id=70011" }, '{"keywords_ids":[55120002]}')
      local body = send(api, "GET", "/sites/147696/keywords").body
      assert.is_truthy(body:find('"group_id":"70011","id":"55120002"', 1, true))
      assert.is_truthy(body:find('"group_id":"0","id":"55120001"', 1, true))
      local method, path, query = form({ "POST", "/keyword-groups/70011/keywords" },
        { "POST", "/keywords/groups/move", "group_id=70011" })
      refused(400, "Invalid keyword_id", api, method, path, query, '{"keywords_ids":[55120001,1]}')
      assert.is_truthy(send(api, "GET", "/sites/147696/keywords").body:find('"group_id":"0","id":"55120001"', 1, true))
      wants(204, "", api, { "DELETE", "/keyword-groups/70011" }, { "DELETE", "/keywords/groups", "group_id=70011" })
      wants(200, "[]", api, list[1], list[2])
      assert.is_truthy(send(api, "GET", "/sites/147696/keywords").body:find('"group_id":"0","id":"55120002"', 1, true))
    end)

    it("project groups come, change, take projects and go", function()
      api = with_project()
      local list = { { "GET", "/site-groups" }, { "GET", "/sites/groups" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"group_id":501}', api, { "POST", "/site-groups" }, { "POST", "/sites/groups" }, '{"name":"Retail"}')
      wants(200, '[{"id":"501","name":"Retail"}]', api, list[1], list[2])
      wants(200, "", api, { "PUT", "/site-groups/501" }, { "PATCH", "/sites/groups", "group_id=501" }, '{"name":"B2C"}')
      wants(200, '[{"id":"501","name":"B2C"}]', api, list[1], list[2])
      wants(204, "", api, { "POST", "/site-groups/501/sites" }, { "POST", "/sites/groups/move", "group_id=501" },
        '{"site_ids":[147696]}')
      assert.is_truthy(send(api, "GET", "/sites").body:find('"group_id":501', 1, true))
      local method, path, query = form({ "POST", "/site-groups/501/sites" },
        { "POST", "/sites/groups/move", "group_id=501" })
      refused(404, "Not Found", api, method, path, query, '{"site_ids":[147696,1]}')
      wants(204, "", api, { "DELETE", "/site-groups/501" }, { "DELETE", "/sites/groups", "group_id=501" })
      wants(200, "[]", api, list[1], list[2])
      assert.is_truthy(send(api, "GET", "/sites").body:find('"group_id":0', 1, true))
    end)

    it("tags come, change and go", function()
      api = with_project()
      local list = { { "GET", "/sites/147696/url-tags" }, { "GET", "/sites/url-tags", "site_id=147696" } }
      local create = { { "POST", "/sites/147696/url-tags" }, { "POST", "/sites/url-tags", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(200, '{"tag_id":3301}', api, create[1], create[2], '{"name":"spring","urls":["https://example.com/a"]}')
      wants(200, '{"tag_id":3302}', api, create[1], create[2], '{"name":"autumn","domains":["example.com"]}')
      wants(200, '[{"domain":[],"id":"3301","name":"spring","url":["https://example.com/a"]},'
        .. '{"domain":["example.com"],"id":"3302","name":"autumn","url":[]}]', api, list[1], list[2])
      wants(204, "", api, { "PUT", "/sites/147696/url-tags" }, { "PATCH", "/sites/url-tags", "site_id=147696" },
        '{"tag_ids":[3302],"urls":["https://example.com/a"]}')
      wants(200, '[{"domain":[],"id":"3301","name":"spring","url":[]},'
        .. '{"domain":["example.com"],"id":"3302","name":"autumn","url":["https://example.com/a"]}]',
        api, list[1], list[2])
      wants(204, "", api, { "DELETE", "/sites/147696/url-tags/3301" },
        { "DELETE", "/sites/url-tags", "site_id=147696&tag_id=3301" })
      wants(200, '[{"domain":["example.com"],"id":"3302","name":"autumn","url":["https://example.com/a"]}]', api,
        list[1], list[2])
    end)

    it("competitors come, rank and go", function()
      api = with_project()
      local list = { { "GET", "/competitors/site/147696" }, { "GET", "/competitors", "site_id=147696" } }
      wants(200, "[]", api, list[1], list[2])
      wants(201, '{"id":91001}', api, { "POST", "/competitors" }, { "POST", "/competitors" },
        '{"site_id":147696,"url":"pier-shop.com"}')
      wants(201, '{"id":91002}', api, { "POST", "/competitors" }, { "POST", "/competitors" },
        '{"site_id":147696,"url":"https://quay.com","name":"Quay","subdomain_match":1}')
      local function listed()
        local method, path, parameters = form(list[1], list[2])
        return (send(api, method, path, parameters).body:gsub('"domain_trust":%d+', '"domain_trust":N')) -- is made up
      end
      assert.equal('[{"domain_trust":N,"id":91001,"name":"pier-shop.com","url":"pier-shop.com"},'
        .. '{"domain_trust":N,"id":91002,"name":"Quay","url":"https://quay.com"}]', listed())
      local method, path, parameters = form({ "GET", "/competitors/91001/positions" },
        { "GET", "/competitors/positions", "competitor_id=91001" })
      local body = send(api, method, path, parameters).body:gsub('"volume":%d+', '"volume":N') -- is made up
      local ranks = '"positions":[],"volume":N}'
      assert.equal('[{"keywords":[{"id":"55120001","name":"boots",' .. ranks .. ',{"id":"55120002","name":"anchors",'
        .. ranks .. '],"site_engine_id":880001}]', body)
      local query = "date=2026-09-01&site_engine_id=880001&group_id=0&tags[]=1"
      method, path, parameters = form({ "GET", "/competitors/all/147696", query },
        { "GET", "/competitors/metrics", "site_id=147696&" .. query })
      assert.equal(200, send(api, method, path, parameters).status)
      query = "date=2026-09-01&site_engine_id=880001&keyword_id=55120001"
      wants(200, "[]", api, { "GET", "/competitors/top10/147696", query },
        { "GET", "/competitors/serp10", "site_id=147696&" .. query })
      wants(200, "[]", api, { "GET", "/competitors/top100/147696", query .. "&top=50" },
        { "GET", "/competitors/serp100", "site_id=147696&top=50&" .. query })
      wants(204, "", api, { "DELETE", "/competitors/91001" }, { "DELETE", "/competitors", "competitor_id=91001" })
      assert.equal('[{"domain_trust":N,"id":91002,"name":"Quay","url":"https://quay.com"}]', listed())
    end)

    it("a project takes with it all that it holds", function()
      api = with_project()
      send(api, "POST", "/keyword-groups", nil, '{"name":"a","site_id":147696}')
      send(api, "POST", "/competitors", nil, '{"site_id":147696,"url":"pier-shop.com"}')
      wants(204, "", api, { "DELETE", "/sites/147696" }, { "DELETE", "/sites", "site_id=147696" })
      local method, path, query = form({ "DELETE", "/keyword-groups/70011" },
        { "DELETE", "/keywords/groups", "group_id=70011" })
      refused(404, "Group not found", api, method, path, query)
      method, path, query = form({ "DELETE", "/competitors/91001" },
        { "DELETE", "/competitors", "competitor_id=91001" })
      refused(400, "Incorrect competitor id", api, method, path, query)
    end)

    it("an engine that goes leaves the keywords, without its positions", function()
      api = with_project()
      send(api, "PUT", "/sites/147696/position", nil,
        '{"keyword_id":55120001,"date":"2026-09-10","site_engine_id":880001,"position":3}')
      wants(204, "", api, { "DELETE", "/sites/147696/search-engines/880001" },
        { "DELETE", "/sites/search-engines", "site_id=147696&site_engine_id=880001" })
      wants(200, "[]", api, { "GET", "/sites/147696/positions" }, { "GET", "/sites/positions", "site_id=147696" })
      local _, bare = send(api, "GET", "/sites/147696/keywords").body:gsub('"site_engine_ids":%[%]', "")
      assert.equal(2, bare)
    end)

    it("has no history before the first check; advertisements are never seen", function()
      api = with_project()
      wants(200, "[]", api, { "GET", "/sites/147696/check-dates" },
        { "GET", "/sites/check-dates", "site_id=147696&date_from=2026-09-01" })
      wants(200, '{"30days":null,"7days":null,"90days":null,"current":null,"yesterday":null}', api,
        { "GET", "/sites/147696/historicalDates" }, { "GET", "/sites/positions/checkpoints", "site_id=147696" })
      wants(200, "[]", api, { "GET", "/sites/147696/ads", "site_engine_ids[]=880001&keywords_ids[0]=1" },
        { "GET", "/sites/ads-stats", "site_id=147696" })
      local series = '[{"data":[],"name":"Average","type":"avg"},{"data":[],"name":"Google USA","type":"search_engine"}]'
      wants(200, v4 and series or '{"data":' .. series .. "}", api, { "GET", "/sites/147696/chart" },
        { "GET", "/sites/positions/history", "site_id=147696" })
    end)

    it("shares its catalogues and the key's user with all accounts", function()
      api = with_project()
      wants(200, '{"de":"Deutsch","en":"English","fr":"fran\195\167ais","pt-BR":"portugu\195\170s (Brasil)"}', api,
        { "GET", "/system/google-langs" }, { "GET", "/system/google/languages" })
      wants(200, '{"email":"ada@example.com","email_verified":true,"first_name":"Ada","lang":"en","last_name":"Byron",'
        .. '"picture":null}', api, { "GET", "/account/profile" }, { "GET", "/users/me" })
      local method, path = form({ "GET", "/system/search-engines" }, { "GET", "/system/search-engines" })
      assert.is_truthy(send(api, method, path).body
        :find('^%[{"id":200,"name":"Google USA","region_id":1,"type":"google"},'))
    end)
  end)
end
