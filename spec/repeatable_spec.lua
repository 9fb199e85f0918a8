-- The operations that may be retried after an attempt with an unknown outcome. Kept by hand beside the descriptions: a wrong
-- entry there makes a change twice, or loses one.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local seranking = require "seranking"

-- GET, PUT and DELETE may, POST and PATCH may not (RFC 9110, section 9.2.2), except these. Setting a value or deleting objects
-- twice has the same result as once.
local MAY = [[
  airt.brand.set airt.llm.update airt.prompt_groups.move airt.prompt_groups.order airt.prompt_groups.transfer
  airt.prompt_groups.update airt.prompts.delete audit.delete audit.settings.reset audit.settings.update audit.update
  backlink_groups.move backlink_groups.update backlinks.delete backlinks.gsc.settings checklist.set_task_status
  checklist.update_task keyword_groups.move keyword_groups.update site_groups.move site_groups.update sites.keywords.update
  sites.positions.set sites.search_engines.update sites.update users.sites.share users.update
  data.site_audit.audits.update visible.brands.update visible.prompts.move
]]
-- A change of tags that removes and adds; an export, each of which is a separate paid job.
local MAY_NOT = [[ sites.url_tags.update data.backlinks.export.create ]]

local UUID = "00000000-0000-0000-0000-000000000000"

local function set_of(text)
  local set = {}
  for name in text:gmatch "%S+" do
    set[name] = true
  end
  return set
end

local may, may_not = set_of(MAY), set_of(MAY_NOT)
local BY_METHOD = { GET = true, PUT = true, DELETE = true }

describe("an attempt whose outcome is unknown", function()
  local found = {}

  for _, generation in ipairs { "v4", "v1" } do
    it("is repeated only if a second request does no harm, " .. generation, function()
      local client = seranking.new { token = false, api = generation, data_token = UUID }
      descriptions.each_operation(function(name)
        local at = client
        for part in name:gmatch "[^.]+" do
          at = at[part]
        end
        local about = at:describe()
        if about.method and not about.billed then
          local expected = not may_not[name] and (may[name] or BY_METHOD[about.method] or false)
          assert.equal(expected, about.repeatable, name)
        end
        found[name] = true
      end)
    end)
  end

  it("has no entry for a missing operation", function()
    for name in pairs(may) do
      assert.is_true(found[name], name)
    end
    for name in pairs(may_not) do
      assert.is_true(found[name], name)
    end
  end)
end)
