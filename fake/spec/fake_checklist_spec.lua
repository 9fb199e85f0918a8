--- The fake API's marketing plans: what is given and what was made, ticked off and deleted.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local GIVEN = '{"id":"1","items":[{"checked":true,"id":"11","title":"Describe every loaf"},'
  .. '{"checked":false,"id":"12","title":"Write about opening hours"}],"items_checked":1,"items_count":2,'
  .. '"title":"Content"}'

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

    --- What the plan has behind the section that is given.
    local function own(checked, title)
      return ',{"id":"2","items":[{"checked":' .. checked .. ',"id":"8801","title":"' .. title
        .. '"}],"items_checked":' .. (checked == "true" and 1 or 0) .. ',"items_count":1,"title":"Own tasks"}'
    end

    it("has tasks that come, change, are ticked off and go", function()
      expect(200, "[" .. GIVEN .. "]", api, LIST)
      expect(200, '{"id":8801}', api, CREATE, '{"title":"Bake","text":"Rye"}')
      expect(200, "[" .. GIVEN .. own("false", "Bake") .. "]", api, LIST)
      expect(200, "[]", api, WRITE, '{"task_id":"8801","title":"Bake more","text":"Rye"}')
      expect(200, "[]", api, WRITE, '{"task_id":"8801","checked":true}')
      expect(200, "[" .. GIVEN .. own("true", "Bake more") .. "]", api, LIST)
      expect(204, "", api, delete(8801))
      expect(200, "[" .. GIVEN .. "]", api, LIST)
      refused(404, "Not Found", api, delete(8801))
      refused(404, "Not Found", api, WRITE, '{"task_id":"8801","checked":true}')
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
