--- The fake API's backlink monitor: backlinks, groups, disavow lists and imports agree with each other.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local function with_project()
  local api = ask.new()
  ask.expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
  return api
end

for _, generation in ipairs { "v4", "v1" } do
  local here = ask.of(generation)
  local expect, refused = here.expect, here.refused

  --- The same thing of the project in both generations; what stands behind the path, and in the query.
  local function on(method, v4_path, v1_path, query, v1_method)
    local id = "site_id=147696"
    return { { method, "/" .. v4_path:gsub("ID", "147696"), query },
      { v1_method or method, v1_path, query and id .. "&" .. query or id } }
  end

  local LIST = on("GET", "backlinks/ID", "/backlinks")
  local CREATE = on("POST", "backlinks/ID", "/backlinks")
  local IMPORT = on("POST", "backlinks/ID/list", "/backlinks/import")
  local DELETE = on("POST", "backlinks/ID/delete", "/backlinks/delete")
  local RECHECK = on("POST", "backlinks/ID/recheck", "/backlinks/recheck")
  local STATS = on("GET", "backlinks/ID/stat", "/backlinks/stats")

  --- The row's and the dictionary's id and the address of each backlink that is listed.
  local function listed(api, query)
    local rows = {}
    for backlink_id, from, id in here.body(api, on("GET", "backlinks/ID", "/backlinks", query))
      :gmatch '"backlink_id":(%d+),.-"from_url":"(.-)",.-"id":(%d+),' do
      rows[#rows + 1] = ("%s %s %s"):format(id, backlink_id, from)
    end
    return rows
  end

  describe("backlinks on " .. generation, function()
    local api
    before_each(function()
      api = with_project()
    end)

    it("come one by one and by the list, and tell two ids apart", function()
      assert.same({}, listed(api))
      expect(200, '{"id":510001}', api, CREATE, '{"url":"https://a.com/post","price":12.5,"currency":"EUR",'
        .. '"charge_period":"monthly","charge_start":"2026-09-01"}')
      expect(200, "[]", api, IMPORT, '{"list":["https://b.com/1","https://b.com/2"],"manager":"Ada"}')
      assert.same({ "610001 510001 https://a.com/post", "610002 510002 https://b.com/1",
        "610003 510003 https://b.com/2" }, listed(api))
      local body = here.body(api, LIST)
      assert.is_truthy(body:find('"charge_period":"monthly","charge_start":"2026-09-01","date_added":"2026-09-10"', 1, true))
      assert.is_truthy(body:find('"link_manager":"Ada"', 1, true))
      assert.is_truthy(body:find('"price":12.5', 1, true))
      expect(200, '{"anchors":1,"dofollow":3,"domains":2,"ip":2,"limit":2000,"nofollow":0,"total":3}', api, STATS)
    end)

    it("come in pages without a total, at most a thousand a page", function()
      local urls = {}
      for i = 1, 7 do
        urls[i] = ('"https://a.com/%d"'):format(i)
      end
      expect(200, "[]", api, IMPORT, '{"list":[' .. table.concat(urls, ",") .. "]}")
      assert.equal(7, #listed(api))
      assert.equal("610004 510004 https://a.com/4", listed(api, "limit=3&offset=3")[1])
      assert.equal(3, #listed(api, "limit=3&offset=3"))
      assert.equal(1, #listed(api, "limit=3&offset=6"))
      assert.same({}, listed(api, "limit=3&offset=7"))
      refused(400, "Bad Request", api, on("GET", "backlinks/ID", "/backlinks", "limit=1001"))
    end)

    it("are deleted by the dictionary's id; others are passed over", function()
      expect(200, "[]", api, IMPORT, '{"list":["https://a.com/1","https://a.com/2"]}')
      expect(200, "", api, DELETE, '{"backlink_ids":[610001]}')
      assert.equal(2, #listed(api))
      expect(200, "", api, DELETE, '{"backlink_ids":[510001,7]}')
      assert.same({ "610002 510002 https://a.com/2" }, listed(api))
      refused(400, "Bad Request", api, DELETE, "{}")
    end)

    it("are looked at again by the row's id, and the API says so when it gets others", function()
      expect(200, "[]", api, IMPORT, '{"list":["https://a.com/1"]}')
      refused(400, "Backlinks are non exists", api, RECHECK, '{"backlink_ids":[510001]}')
      assert.is_truthy(here.body(api, LIST):find('"last_crawler_visit":null', 1, true))
      expect(200, "[]", api, RECHECK, '{"backlink_ids":[610001]}')
      assert.is_truthy(here.body(api, LIST):find('"last_crawler_visit":"2026-09-10"', 1, true))
      expect(200, "[]", api, RECHECK, '{"backlink_ids":[610001],"recheck_type":"index"}')
      assert.is_truthy(here.body(api, LIST):find('"gin_index_check_date":"2026-09-10"', 1, true))
      refused(400, "Bad Request", api, RECHECK, '{"backlink_ids":[610001],"recheck_type":"both"}')
    end)

    it("are addresses, all or none, and no more than the plan allows", function()
      refused(400, "Bad Request", api, CREATE, '{"url":"nowhere"}')
      refused(400, "Bad Request", api, IMPORT, '{"list":["https://a.com/1","nowhere"]}')
      assert.same({}, listed(api))
      local urls = {}
      for i = 1, 2001 do
        urls[i] = ('"https://a.com/%d"'):format(i)
      end
      refused(403, "Limit reached", api, IMPORT, '{"list":[' .. table.concat(urls, ",") .. "]}")
      assert.same({}, listed(api))
    end)

    it("of somebody else's project are forbidden, those of groups and the rest not found", function()
      refused(403, "Access denied", api, { { "GET", "/backlinks/1" }, { "GET", "/backlinks", "site_id=1" } })
      refused(404, "Not Found", api, { { "GET", "/backlinks/1/stat" }, { "GET", "/backlinks/stats", "site_id=1" } })
      refused(404, "Not Found", api, { { "GET", "/backlink-groups/1" }, { "GET", "/backlinks/groups", "site_id=1" } })
    end)

    it("stand in groups, which come, are renamed and go", function()
      local list = on("GET", "backlink-groups/ID", "/backlinks/groups")
      local create = on("POST", "backlink-groups/ID", "/backlinks/groups")
      expect(200, "[]", api, list)
      expect(200, '{"id":8101}', api, create, '{"name":"Blogs"}')
      expect(200, '{"id":8102}', api, create, '{"name":"News"}')
      refused(400, "Bad Request", api, create, '{"name":" "}')
      expect(200, "[]", api, on("PUT", "backlink-groups/ID", "/backlinks/groups", nil, "PATCH"),
        '{"id":8102,"name":"Papers"}')
      expect(200, "[]", api, IMPORT, '{"list":["https://a.com/1"],"group_id":8101}')
      expect(200, '[{"count":1,"id":8101,"name":"Blogs"},{"count":0,"id":8102,"name":"Papers"}]', api, list)
      local delete = on("DELETE", "backlink-groups/ID", "/backlinks/groups", "id=8101")
      expect(200, "", api, delete)
      expect(200, '[{"count":0,"id":8102,"name":"Papers"}]', api, list)
      refused(404, "Not Found", api, delete)
      assert.equal(1, #listed(api))
    end)

    it("are moved by the row's id or by the group; other ids are passed over silently", function()
      for _, name in ipairs { "a", "b", "c" } do
        ask.send(api, "POST", "/backlink-groups/147696", nil, '{"name":"' .. name .. '"}')
      end
      expect(200, "[]", api, IMPORT, '{"list":["https://a.com/1","https://a.com/2"],"group_id":8101}')
      local function counts()
        local list = {}
        for count in here.body(api, on("GET", "backlink-groups/ID", "/backlinks/groups")):gmatch '"count":(%d+)' do
          list[#list + 1] = count
        end
        return table.concat(list, " ")
      end
      local move = on("POST", "backlink-groups/ID/move", "/backlinks/groups/move")
      assert.equal("2 0 0", counts())
      expect(200, "[]", api, move, '{"id":8102,"backlink_ids":[610001]}')
      assert.equal("1 1 0", counts())
      expect(200, "[]", api, move, '{"id":8103,"backlink_ids":[510002]}')
      assert.equal("1 1 0", counts())
      expect(200, "[]", api, move, '{"id":8103,"group_ids":[8101,8102]}')
      assert.equal("0 0 2", counts())
      refused(404, "Not Found", api, move, '{"id":1,"backlink_ids":[610001]}')
    end)

    it("are disavowed by address, and taken back by the entry's id", function()
      local list = on("GET", "backlink-disavow/ID", "/backlinks/disavowed")
      expect(200, '{"count":0,"list":[]}', api, list)
      expect(200, "[]", api, on("POST", "backlink-disavow/ID", "/backlinks/disavowed"),
        '{"list":["https://spam.com/1","https://spam.com/2"]}')
      expect(200, '{"count":2,"list":[{"id":7702,"url":"https://spam.com/2"}]}', api,
        on("GET", "backlink-disavow/ID", "/backlinks/disavowed", "limit=1&offset=1"))
      local delete = on("DELETE", "backlink-disavow/ID", "/backlinks/disavowed", "id=7701")
      expect(200, "", api, delete)
      expect(200, '{"count":1,"list":[{"id":7702,"url":"https://spam.com/2"}]}', api, list)
      refused(404, "Not Found", api, delete)
      refused(400, "Bad Request", api, on("DELETE", "backlink-disavow/ID", "/backlinks/disavowed"))
    end)

    it("are imported from Search Console by a call without a body, which gives a ticket for its state", function()
      local import = on("POST", "backlinks/ID/import-gsc", "/backlinks/gsc/import")
      refused(400, "Bad Request", api, import, "{}")
      expect(200, '{"token":"job-1"}', api, import)
      local function status(token)
        return on("GET", "backlinks/ID/import-gsc", "/backlinks/gsc/import", "token=" .. token)
      end
      expect(200, '{"status":"processing"}', api, status "job-1")
      api:advance(15)
      expect(200, '{"status":"finished"}', api, status "job-1")
      refused(404, "Not Found", api, status "job-2")
      refused(404, "Not Found", api, status "x")
      expect(200, "[]", api, on("PUT", "backlinks/ID/settings", "/backlinks/gsc/settings", nil, "PATCH"),
        '{"gsc_autoimport":true}')
      refused(400, "Bad Request", api, on("PUT", "backlinks/ID/settings", "/backlinks/gsc/settings", nil, "PATCH"),
        '{"gsc_autoimport":1}')
    end)

    it("go with their project, and so do groups and entries", function()
      expect(200, "[]", api, IMPORT, '{"list":["https://a.com/1"]}')
      ask.send(api, "DELETE", "/sites/147696")
      ask.expect(201, '{"site_id":147697}', api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
      ask.expect(200, "[]", api, "GET", "/backlinks/147697")
      refused(403, "Access denied", api, LIST)
    end)
  end)
end
