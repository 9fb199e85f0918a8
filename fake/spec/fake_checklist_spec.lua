--- The fake API's marketing plans: what is given and what was made, ticked off and deleted.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"
local cjson = require "cjson"

for _, generation in ipairs { "v4", "v1" } do
  local here = ask.of(generation)
  local expect, refused = here.expect, here.refused

  local LIST = { { "GET", "/checklist/147696" }, { "GET", "/marketing-plan", "site_id=147696" } }
  local CREATE = { { "POST", "/checklist/147696/task" }, { "POST", "/marketing-plan/tasks", "site_id=147696" } }
  local WRITE = { { "PUT", "/checklist/147696/task/" }, { "PATCH", "/marketing-plan/tasks", "site_id=147696" } }

  local function delete(id)
    return { { "DELETE", "/checklist/147696/task/" .. id },
      { "DELETE", "/marketing-plan/tasks", "site_id=147696&task_id=" .. id } }
  end

  describe("the marketing plan on " .. generation, function()
    local api
    before_each(function()
      api = ask.new()
      ask.expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"https://example.com","title":"a"}')
    end)

    --- What the plan has before and in the section of tasks that were made.
    local function plan()
      local sections = cjson.decode(here.body(api, LIST))
      local last = sections[#sections]
      local own = last.title == "Own tasks" and table.remove(sections) or nil
      for number, section in ipairs(sections) do
        assert.equal(tostring(number), section.id)
        assert.is_true(#section.items >= 2)
        local checked = 0
        for place, item in ipairs(section.items) do
          assert.equal(number .. "" .. place, item.id)
          checked = checked + (item.checked and 1 or 0)
        end
        assert.same({ #section.items, checked }, { section.items_count, section.items_checked })
      end
      return sections, own
    end

    local function own_of(checked, title)
      return { id = tostring(#plan() + 1), title = "Own tasks", items_count = 1, items_checked = checked and 1 or 0,
        items = { { id = "8801", title = title, checked = checked } } }
    end

    it("has tasks that come, change, are ticked off and go", function()
      local given = plan()
      assert.is_nil(select(2, plan()))
      expect(200, '{"id":8801}', api, CREATE, '{"title":"Bake","text":"Rye"}')
      assert.same(given, (plan()))
      assert.same(own_of(false, "Bake"), select(2, plan()))
      expect(200, "[]", api, WRITE, '{"task_id":"8801","title":"Bake more","text":"Rye"}')
      expect(200, "[]", api, WRITE, '{"task_id":"8801","checked":true}')
      assert.same(own_of(true, "Bake more"), select(2, plan()))
      expect(204, "", api, delete(8801))
      assert.is_nil(select(2, plan()))
      refused(404, "Not Found", api, delete(8801))
      refused(404, "Not Found", api, WRITE, '{"task_id":"8801","checked":true}')
    end)

    it("is another one for another project, and the same again for the same", function()
      local first = plan()
      assert.same(first, (plan()))
      local others = 0
      for number, host in ipairs { "a-shop.com", "b-shop.com", "c-shop.com" } do
        ask.send(api, "POST", "/sites", nil, '{"url":"https://' .. host .. '","title":"b"}')
        local other = cjson.decode(ask.send(api, "GET", "/checklist/" .. 147696 + number).body)
        others = others + (pcall(assert.same, first, other) and 0 or 1)
      end
      assert.is_true(others >= 2)
    end)

    it("has given items that can be ticked off, and nothing else", function()
      expect(200, "[]", api, WRITE, '{"task_id":"11","checked":false}')
      expect(200, "[]", api, WRITE, '{"task_id":"12","checked":true}')
      assert.is_truthy(here.body(api, LIST):find('{"checked":false,"id":"11"', 1, true))
      assert.is_truthy(here.body(api, LIST):find('{"checked":true,"id":"12"', 1, true))
      refused(400, "Bad Request", api, delete(11))
      refused(400, "Bad Request", api, WRITE, '{"task_id":"11","title":"a","text":"b"}')
    end)

    it("wants title and text", function()
      refused(400, "Empty title", api, CREATE, "{}")
      refused(400, "Empty title", api, CREATE, '{"title":"","text":"b"}')
      refused(400, "Empty text", api, CREATE, '{"title":"a"}')
      refused(400, "Empty text", api, CREATE, '{"title":"a","text":" "}')
      expect(200, '{"id":8801}', api, CREATE, '{"title":"a","text":"b"}')
      refused(400, "Empty title", api, WRITE, '{"task_id":"8801","title":"","text":"b"}')
      refused(400, "Empty text", api, WRITE, '{"task_id":"8801","title":"a","text":""}')
      refused(400, "Empty title", api, WRITE, '{"task_id":"8801"}')
    end)

    it("of every project gets a task that is for all", function()
      ask.send(api, "POST", "/sites", nil, '{"url":"https://example.org","title":"b"}')
      expect(200, '{"id":8801}', api, CREATE, '{"title":"Bake","text":"Rye","for_all":true}')
      assert.is_truthy(here.body(api, LIST):find('"title":"Bake"', 1, true))
      assert.is_truthy(ask.send(api, "GET", "/checklist/147697").body:find('"title":"Bake"', 1, true))
      expect(200, '{"id":8803}', api, CREATE, '{"title":"Sell","text":"Rye"}')
      assert.is_nil(ask.send(api, "GET", "/checklist/147697").body:find('"title":"Sell"', 1, true))
    end)

    it("knows tasks of its own project only", function()
      ask.send(api, "POST", "/sites", nil, '{"url":"https://example.org","title":"b"}')
      ask.expect(200, '{"id":8801}', api, "POST", "/checklist/147697/task", nil, '{"title":"a","text":"b"}')
      refused(404, "Not Found", api, delete(8801))
    end)
  end)
end
