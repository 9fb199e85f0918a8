--- The fake API's site audits: they run on its clock, and what is written can be read again.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local function with_audit(options)
  local api = ask.new(options)
  ask.expect(201, '{"id":700101}', api, "POST", "/audit/create", nil, '{"domain":"example.com"}')
  return api
end

for _, generation in ipairs { "v4", "v1" } do
  local here = ask.of(generation)
  local expect, refused = here.expect, here.refused

  local function under(v4_path, v1_path, query)
    local id = "audit_id=700101"
    return { { "GET", "/audit/700101" .. v4_path, query },
      { "GET", "/audits" .. v1_path, query and id .. "&" .. query or id } }
  end

  local STATUS = under("/", "/status")
  local LIST = { { "GET", "/audit/list" }, { "GET", "/audits" } }
  local RECHECK = { { "POST", "/audit/700101/recheck" }, { "POST", "/audits/recheck", "audit_id=700101" } }
  local DELETE = { { "POST", "/audit/700101/delete" }, { "DELETE", "/audits", "audit_id=700101" } }

  local function state(api)
    return here.body(api, STATUS):match '"status":"(%l+)"'
  end

  describe("audits on " .. generation, function()
    it("wait five seconds, run, and have finished after sixty; the figures come at the end", function()
      local api = ask.new()
      expect(201, '{"id":700101}', api, { { "POST", "/audit/create" }, { "POST", "/audits" } },
        '{"domain":"example.com"}')
      expect(200, '{"audit_time":null,"start_time":null,"status":"queued","total_errors":0,"total_pages":0,'
        .. '"total_passed":0,"total_warnings":0}', api, STATUS)
      api:advance(4.9)
      assert.equal("queued", state(api))
      api:advance(0.1)
      expect(200, '{"audit_time":null,"start_time":"2026-09-10 00:00:05","status":"processing","total_errors":0,'
        .. '"total_pages":0,"total_passed":0,"total_warnings":0}', api, STATUS)
      api:advance(54.9)
      assert.equal("processing", state(api))
      api:advance(0.1)
      local report = here.body(api, under("/report", "/report"))
      local function total(name)
        return report:match('"total_' .. name .. '":%d+')
      end
      expect(200, '{"audit_time":"2026-09-10 00:01:00","start_time":"2026-09-10 00:00:05","status":"finished",'
        .. table.concat({ total "errors", total "pages", total "passed", total "warnings" }, ",") .. "}", api, STATUS)
    end)

    it("run again when they are told to, and tell the old state for a moment", function()
      local api = with_audit()
      api:advance(100)
      assert.equal("finished", state(api))
      expect(200, "[]", api, RECHECK)
      assert.equal("finished", state(api))
      assert.is_truthy(here.body(api, STATUS):find('"audit_time":"2026-09-10 00:01:00"', 1, true))
      api:advance(5)
      assert.equal("processing", state(api))
      api:advance(55)
      assert.equal("finished", state(api))
      assert.is_truthy(here.body(api, STATUS):find('"audit_time":"2026-09-10 00:02:40"', 1, true))
    end)

    it("have no body on recheck, reset and v4's delete, not even an empty object", function()
      local api = with_audit()
      refused(400, "Bad Request", api, RECHECK, "{}")
      refused(400, "Bad Request", api,
        { { "POST", "/audit/700101/settings/reset" }, { "POST", "/audits/settings/reset", "audit_id=700101" } }, "{}")
      assert.equal("this call has no body", refused(400, "Bad Request", api, DELETE, "{}"))
    end)

    it("come, get another title and go", function()
      local api = with_audit()
      local row = '{"group_id":0,"id":700101,"last_update":null,"prev_stats":null,"stats":null,"status":"queued",'
        .. '"title":"example.com","url":"https://example.com/"}'
      expect(200, '{"items":[' .. row .. '],"total":1}', api, LIST)
      local edit = { { "POST", "/audit/700101/edit" }, { "PATCH", "/audits", "audit_id=700101" } }
      expect(200, "[]", api, edit, '{"title":"Anchors"}')
      for _, body in ipairs { "{}", '{"title":""}', '{"title":"' .. ("x"):rep(301) .. '"}' } do
        refused(400, "Bad Request", api, edit, body)
      end
      expect(200, '{"items":[' .. row:gsub('"title":"example.com"', '"title":"Anchors"') .. '],"total":1}', api, LIST)
      expect(200, "[]", api, DELETE)
      expect(200, '{"items":[],"total":0}', api, LIST)
      for _, forms in ipairs { STATUS, DELETE, RECHECK, under("/report", "/report"), under("/settings", "/settings") } do
        refused(404, "Not Found", api, forms)
      end
    end)

    it("are listed in pages, by text and by day", function()
      local api = ask.new()
      for i = 1, 5 do
        ask.send(api, "POST", "/audit/create", nil, '{"domain":"shop' .. i .. '.com","title":"Shop ' .. i .. '"}')
      end
      local function ids(query)
        local list = {}
        for id in here.body(api, { { "GET", "/audit/list", query }, { "GET", "/audits", query } }):gmatch '"id":(%d+)' do
          list[#list + 1] = tonumber(id) - 700100
        end
        return table.concat(list, " ")
      end
      assert.equal("1 2 3 4 5", ids(nil))
      assert.equal("2 3", ids "limit=2&offset=1")
      assert.equal("5", ids "limit=2&offset=4")
      assert.equal("", ids "offset=5")
      assert.equal("3", ids "search=SHOP%203")
      assert.equal("4", ids "search=shop4.com")
      assert.equal("1 2 3 4 5", ids "date_start=2026-09-10&date_end=2026-09-10")
      assert.equal("", ids "date_start=2026-09-11")
      assert.equal("", ids "date_end=2026-09-09")
      assert.is_truthy(here.body(api, { { "GET", "/audit/list", "limit=2" }, { "GET", "/audits", "limit=2" } })
        :find('"total":5', 1, true))
    end)

    it("tell nothing but that they run, until they have", function()
      local api = with_audit()
      expect(200, '{"is_finished":false}', api, under("/report", "/report"))
      expect(200, '{"items":[],"total":0}', api, under("/pages", "/pages"))
      api:advance(60)
      local report = here.body(api, under("/report", "/report"))
      assert.is_truthy(report:find('"is_finished":true', 1, true))
      assert.is_truthy(report:find('"total_pages":%d'))
      assert.is_truthy(report:find('"domain":"example.com"', 1, true))
    end)

    -- How many addresses a list has, and its total.
    local function counted(body)
      local _, rows = body:gsub("[%[{,]\"url\":", "")
      local _, texts = body:gsub('[%[,]"https://', "")
      return rows + texts, tonumber(body:match '"total":(%d+)' or body:match '"total_urls":(%d+)')
    end

    it("give as many pages as their status says, a page of them at a time, all values text", function()
      local api = with_audit()
      api:advance(60)
      local total = tonumber(here.body(api, STATUS):match '"total_pages":(%d+)')
      assert.is_true(total > 20)
      for _, case in ipairs {
        { "limit=1000", total }, { "limit=20", 20 }, { "limit=20&offset=" .. total - 8, 8 }, { "offset=" .. total, 0 },
      } do
        assert.same({ case[2], total }, { counted(here.body(api, under("/pages", "/pages", case[1]))) })
      end
      local body = here.body(api, under("/pages", "/pages", "limit=1&offset=2"))
      assert.is_truthy(body:find('"id":"9003"', 1, true))
      assert.is_truthy(body:find('"status":"%d%d%d"'))
    end)

    it("give the pages of an issue, which has a code", function()
      local api = with_audit()
      api:advance(60)
      local function forms(query)
        return under("/links", "/issue-pages", query)
      end
      local report = here.body(api, under("/report", "/report"))
      local value = tonumber(report:match '"code":"title_short"[^}]*"value":(%d+)')
      assert.is_true(value > 1)
      assert.same({ value, value }, { counted(here.body(api, forms "code=title_short")) })
      assert.same({ 1, value }, { counted(here.body(api, forms("code=title_short&limit=2&offset=" .. value - 1))) })
      assert.same({ 0, 0 }, { counted(here.body(api, forms "code=no_such")) })
      refused(400, "Bad Request", api, forms(nil))
    end)

    it("give the issues of a page by its id or its address, and want one of them", function()
      local api = with_audit()
      local function forms(query)
        return under("/issues", "/issues", query)
      end
      refused(404, "Not Found", api, forms "url_id=9001")
      api:advance(60)
      local body = here.body(api, forms "url_id=9001")
      assert.is_truthy(body:find('"issues":[', 1, true))
      assert.equal(body, here.body(api, forms "url=https://example.com/"))
      refused(404, "Not Found", api, forms "url_id=9999")
      assert.equal("url_id: exactly one of url_id, url", refused(400, "Bad Request", api, forms(nil)))
      refused(400, "Bad Request", api, forms "url_id=9001&url=https://example.com/")
    end)

    it("give the links that meet a filter, joined by and and or", function()
      local api = with_audit()
      api:advance(60)
      local function count(query)
        local rows, total = counted(here.body(api, under("/foundlinks", "/found-links", query)))
        assert.equal(math.min(total, 100), rows)
        return total
      end
      local dead, outside = "filter[0][param]=status&filter[0][value]=404",
        "&filter[1][param]=type&filter[1][value]=external&filter[1][type]="
      assert.equal(count(nil), count "page_type=external" + count "page_type=internal")
      assert.equal(count(dead) + count "page_type=external", count(dead .. outside .. "and") + count(dead .. outside .. "or"))
      assert.equal(count(dead .. outside .. "and"), count("page_type=external&" .. dead))
      refused(400, "Bad Request", api, under("/foundlinks", "/found-links", "filter[0][value]=404"))
      refused(400, "Bad Request", api, under("/foundlinks", "/found-links", "filter[param]=status&filter[value]=404"))
    end)

    it("give an earlier run by its day", function()
      local api = with_audit()
      refused(404, "Not Found", api, under("/history", "/history", "date=2026-09-10"))
      api:advance(86400)
      here.body(api, RECHECK)
      assert.is_truthy(here.body(api, under("/history", "/history", "date=2026-09-10"))
        :find('"audit_time":"2026-09-10 00:01:00"', 1, true))
      refused(404, "Not Found", api, under("/history", "/history", "date=2026-09-11"))
      refused(400, "Invalid date", api, under("/history", "/history"))
    end)

    it("have settings that are changed one by one, whose lists are replaced, and that can be put back", function()
      local api = with_audit()
      local get = under("/settings", "/settings")
      local set = { { "POST", "/audit/700101/settings" }, { "PATCH", "/audits/settings", "audit_id=700101" } }
      local function setting(name)
        return here.body(api, get):match('"' .. name .. '":("?[^,"%]]*["%]]?)')
      end
      assert.equal("1000", setting "max_pages")
      assert.equal("[]", setting "disabled_issues")
      expect(200, "[]", api, set, '{"settings":{"max_pages":50,"disabled_issues":["a"],"allow":"/a\\n/b","csr":1}}')
      assert.equal("50", setting "max_pages")
      assert.equal("1", setting "csr")
      assert.equal("10", setting "max_depth")
      assert.equal('"/a\\n/b"', setting "allow")
      assert.is_truthy(here.body(api, get):find('"disabled_issues":["a"]', 1, true))
      expect(200, "[]", api, set, '{"settings":{"disabled_issues":["b"]}}')
      assert.is_truthy(here.body(api, get):find('"disabled_issues":["b"]', 1, true))
      assert.equal("50", setting "max_pages")
      for _, body in ipairs {
        '{"max_pages":50}', '{"settings":{"max_pages":0}}', '{"settings":{"max_pages":"50"}}', '{"settings":{"pages":1}}',
        '{"settings":{"allow":["/a"]}}', '{"settings":{"schedule_wdays":[8]}}',
      } do
        refused(400, "Bad Request", api, set, body)
      end
      expect(200, "", api, { { "POST", "/audit/700101/settings/reset" },
        { "POST", "/audits/settings/reset", "audit_id=700101" } })
      assert.equal("1000", setting "max_pages")
      assert.equal("[]", setting "disabled_issues")
    end)

    it("have sitemaps, which come and go", function()
      local api = with_audit()
      local list = under("/sitemaps", "/sitemaps")
      local create = { { "POST", "/audit/700101/sitemaps" }, { "POST", "/audits/sitemaps", "audit_id=700101" } }
      expect(200, "[]", api, list)
      expect(200, '{"id":4101}', api, create, '{"url":"https://example.com/sitemap.xml"}')
      refused(400, "Bad Request", api, create, '{"url":"sitemap"}')
      api:advance(60)
      local _, listed = here.body(api, under("/pages", "/pages", "limit=1000")):gsub('"sitemap":"1"', "")
      expect(200, '[{"id":4101,"pages_count":' .. listed .. ',"url":"https://example.com/sitemap.xml"}]', api, list)
      local delete = { { "DELETE", "/audit/700101/sitemaps/4101" },
        { "DELETE", "/audits/sitemaps", "audit_id=700101&sitemap_id=4101" } }
      expect(200, "", api, delete)
      expect(200, "[]", api, list)
      refused(404, "Not Found", api, delete)
    end)

    it("have lists of pages, which are uploaded", function()
      local api = with_audit()
      local list = under("/source-pages", "/source-pages")
      local create = { { "POST", "/audit/700101/source-pages" }, { "POST", "/audits/source-pages", "audit_id=700101" } }
      local form = '--x\r\nContent-Disposition: form-data; name="file"; filename="urls.txt"\r\nContent-Type: text/plain'
        .. "\r\n\r\nhttps://example.com/a\nhttps://example.com/b\r\n\n\r\n--x--\r\n"
      expect(200, '{"added":2}', api, create, form, "multipart/form-data; boundary=x")
      expect(200, '[{"id":4201,"pages_count":2}]', api, list)
      assert.is_truthy(here.body(api, under("/settings", "/settings")):find('"source_file":1', 1, true))
      refused(400, "Bad Request", api, create, '{"file":"https://example.com/a"}')
      refused(400, "Bad Request", api, create, (form:gsub('name="file"', 'name="files"')), "multipart/form-data; boundary=x")
      expect(200, "", api, { { "DELETE", "/audit/700101/source-pages/4201" },
        { "DELETE", "/audits/source-pages", "audit_id=700101&list_id=4201" } })
      expect(200, "[]", api, list)
    end)

    it("of another audit are out of reach", function()
      local api = with_audit()
      ask.send(api, "POST", "/audit/create", nil, '{"domain":"example.org"}')
      ask.send(api, "POST", "/audit/700102/sitemaps", nil, '{"url":"https://example.org/sitemap.xml"}')
      refused(404, "Not Found", api, { { "DELETE", "/audit/700101/sitemaps/4101" },
        { "DELETE", "/audits/sitemaps", "audit_id=700101&sitemap_id=4101" } })
    end)

    it("are of hosts only", function()
      local api = ask.new()
      for _, domain in ipairs { "", "shop.test", "not a host" } do
        refused(400, "Bad Request", api, { { "POST", "/audit/create" }, { "POST", "/audits" } },
          '{"domain":"' .. domain .. '"}')
      end
    end)
  end)
end

describe("the list of audits on v4", function()
  it("is told from an audit by its word, with and without the slash that a status has", function()
    local api = with_audit()
    assert.is_truthy(ask.send(api, "GET", "/audit/list").body:find('"items":[', 1, true))
    assert.is_truthy(ask.send(api, "GET", "/audit/700101").body:find('"status":', 1, true))
    assert.is_truthy(ask.send(api, "GET", "/audit/700101/").body:find('"status":', 1, true))
  end)
end)
