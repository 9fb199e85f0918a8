--- The fake API's sub-accounts: plain fields in an odd form, rights and shared projects that are replaced.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

--- The body of create and update.
local function envelope(...)
  return '[{"key":"data","value":[' .. table.concat({ ... }, ",") .. "]}]"
end

local GRACE = envelope('{"setting.account_email":"grace@example.com"}', '{"setting.account_first_name":"Grace"}',
  '{"setting.account_password":"correct horse"}')

for _, generation in ipairs { "v4", "v1" } do
  local here = ask.of(generation)
  local expect, refused = here.expect, here.refused

  local LIST = { { "GET", "/users" }, { "GET", "/users" } }
  local CREATE = { { "POST", "/users" }, { "POST", "/users" } }
  local GET = { { "GET", "/users/36001" }, { "GET", "/users", "user_id=36001" } }
  local UPDATE = { { "PATCH", "/users/36001" }, { "PATCH", "/users", "user_id=36001" } }
  local DELETE = { { "DELETE", "/users/36001" }, { "DELETE", "/users", "user_id=36001" } }

  describe("sub-accounts on " .. generation, function()
    local api
    before_each(function()
      api = ask.new()
    end)

    it("come, change and go; the password is told to nobody", function()
      expect(200, '{"all_count":"0","list":[]}', api, LIST)
      expect(201, '{"account_id":36001}', api, CREATE, GRACE)
      expect(200, '{"all_count":"1","list":[{"account_email":"grace@example.com","account_first_name":"Grace",'
        .. '"account_id":36001,"account_lang":"en","account_last_name":"","account_sites_count":0,'
        .. '"account_type":"client","is_blocked_by_limits":false}]}', api, LIST)
      expect(200, "[]", api, UPDATE, envelope('{"setting.account_last_name":"Hopper"}',
        '{"limit.balance.period":"day"}', '{"limit.balance.amount":5}', '{"access":["add_website"]}'))
      expect(200, '{"access":["add_website"],"limit":{"balance":{"amount":5,"period":"day"}},"settings":{'
        .. '"account_email":"grace@example.com","account_first_name":"Grace","account_lang":"en",'
        .. '"account_last_name":"Hopper","account_type":"client"}}', api, GET)
      expect(200, "[]", api, UPDATE, envelope '{"access":["audit_settings"]}')
      assert.is_truthy(here.body(api, GET):find('"access":["audit_settings"]', 1, true))
      expect(204, "", api, DELETE)
      expect(200, '{"all_count":"0","list":[]}', api, LIST)
      refused(404, "Not Found", api, GET)
      refused(404, "Not Found", api, DELETE)
    end)

    it("want the form, each name once and as the servers call it", function()
      local why = 'the body must be [{"key":"data","value":[{"a":1},{"b":2}]}], each name once'
      for _, body in ipairs {
        '{"account_email":"grace@example.com"}', "[]", "[{}]", '[{"key":"data"}]', '[{"key":"data","value":{}}]',
        '[{"key":"date","value":[]}]', '[{"key":"data","value":["a"]}]', '[{"key":"data","value":[{"a":1,"b":2}]}]',
        '[{"key":"data","value":[],"more":1}]', "null",
        envelope('{"setting.account_email":"a@example.com"}', '{"setting.account_email":"b@example.com"}'),
      } do
        assert.equal(why, refused(400, "Bad Request", api, CREATE, body))
      end
      assert.equal("setting.account_password: required, not there", refused(400, "Bad Request", api, CREATE,
        envelope('{"setting.account_email":"grace@example.com"}', '{"setting.account_first_name":"Grace"}')))
      expect(201, '{"account_id":36001}', api, CREATE, GRACE)
      assert.equal("account_last_name: no such member",
        refused(400, "Bad Request", api, UPDATE, envelope '{"account_last_name":"Hopper"}'))
      refused(400, "Bad Request", api, UPDATE, envelope '{"setting.account_type":"owner"}')
      expect(200, "[]", api, UPDATE, envelope())
    end)

    it("have addresses, each its own", function()
      refused(400, "Bad Request", api, CREATE, (GRACE:gsub("grace@example.com", "grace")))
      expect(201, '{"account_id":36001}', api, CREATE, GRACE)
      refused(400, "Bad Request", api, CREATE, GRACE)
      expect(201, '{"account_id":36002}', api, CREATE, (GRACE:gsub("grace@", "ada@")))
      refused(400, "Bad Request", api, UPDATE, envelope '{"setting.account_email":"ada@example.com"}')
      expect(200, "[]", api, UPDATE, envelope '{"setting.account_email":"grace@example.com"}')
    end)

    it("are listed in pages, with a total as text", function()
      for i = 1, 5 do
        ask.send(api, "POST", "/users", nil, (GRACE:gsub("grace@", i .. "@")))
      end
      local function page(query)
        local body = here.body(api, { { "GET", "/users", query }, { "GET", "/users", query } })
        local _, rows = body:gsub('"account_id"', "")
        return rows, body:match '"all_count":("%d+")'
      end
      assert.same({ 5, '"5"' }, { page(nil) })
      assert.same({ 2, '"5"' }, { page "limit=2&offset=2" })
      assert.same({ 1, '"5"' }, { page "limit=2&offset=4" })
      assert.same({ 0, '"5"' }, { page "offset=5" })
    end)

    local SHARED = { { "GET", "/users/36001/shared-sites" }, { "GET", "/users/shared-sites", "user_id=36001" } }
    local SHARE = { { "POST", "/users/36001/shared-sites" }, { "POST", "/users/shared-sites", "user_id=36001" } }

    --- The body that shares projects: a bare list on v4.
    local function ids(list)
      return generation == "v4" and list or '{"site_ids":' .. list .. "}"
    end

    it("see the projects that are shared with them, which replace those before", function()
      ask.send(api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
      ask.send(api, "POST", "/sites", nil, '{"url":"https://example.org","title":"b"}')
      expect(201, '{"account_id":36001}', api, CREATE, GRACE)
      expect(200, "[]", api, SHARED)
      expect(200, "[]", api, SHARE, ids "[147696]")
      expect(200, "[147696]", api, SHARED)
      expect(200, "[]", api, SHARE, ids "[147697]")
      expect(200, "[147697]", api, SHARED)
      assert.is_truthy(here.body(api, LIST):find('"account_sites_count":1', 1, true))
      refused(404, "Not Found", api, SHARE, ids "[147697,1]")
      refused(400, "site_ids: This value should be of type integer", api, SHARE, ids '["147696"]')
      refused(400, "site_ids: This value should be of type integer", api, SHARE, ids "147696")
      expect(200, "[147697]", api, SHARED)
      expect(200, "[]", api, { { "GET", "/users/36001/own-sites" }, { "GET", "/users/owned-sites", "user_id=36001" } })
    end)

    it("of the type user take no shared projects, and say nothing", function()
      ask.send(api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
      expect(201, '{"account_id":36001}', api, CREATE, GRACE)
      expect(200, "[]", api, UPDATE, envelope '{"setting.account_type":"user"}')
      expect(200, "[]", api, SHARE, ids "[147696]")
      expect(200, "[]", api, SHARED)
    end)
  end)
end

describe("the list of sub-accounts on v1", function()
  it("is told from one of them by the id in the query, which must not be empty", function()
    local api = ask.new()
    ask.send(api, "POST", "/users", nil, GRACE)
    local path = "/v1/project-management/users"
    assert.is_truthy(ask.send(api, "GET", path).body:find('"all_count"', 1, true))
    assert.is_truthy(ask.send(api, "GET", path, "user_id=36001").body:find('"settings"', 1, true))
    ask.refused(400, "Bad Request", api, "GET", path, "user_id=")
    ask.refused(400, "Bad Request", api, "DELETE", path)
  end)
end)
