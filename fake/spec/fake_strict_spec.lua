--- Strictness about values that the types of the descriptions don't tell: countries and domains.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local function similar(source, lenient)
  local api = fake.new { lenient = lenient }
  local rows, err = api:client().data.keywords:similar { source = source, keyword = "anchor" }
  return rows, err
end

describe("a country of the Data API", function()
  it("is one of ISO 3166-1, and uk", function()
    for _, source in ipairs { "us", "uk", "de", "ua", "zw" } do
      assert.truthy(similar(source))
    end
  end)

  it("is refused if no such country is known, with the reason", function()
    for source, reason in pairs {
      gb = "source: no database 'gb'; the United Kingdom is uk",
      xx = "source: no database 'xx'",
      en = "source: no database 'en'",
    } do
      local rows, err = similar(source)
      assert.is_nil(rows)
      assert.equal(400, err.status)
      assert.truthy(err.message:find(reason, 1, true), err.message)
    end
  end)

  it("is refused before a scripted answer is given", function()
    local api = fake.new()
    api:on("data.keywords.similar", nil, { status = 503 })
    assert.equal(400, select(2, api:client({ retries = 0 }).data.keywords:similar { source = "gb", keyword = "a" }).status)
    assert.equal(1, #api:pending())
  end)

  it("is any two small letters on a lenient fake, which the server's is not", function()
    assert.truthy(similar("gb", true))
    assert.is_nil((similar("gb", "content_type")))
    local ok, problem = pcall(similar, "gb", "very")
    assert.is_false(ok)
    assert.truthy(problem:find("fake_strict_spec.lua:%d+: lenient must be true, false or \"content_type\""), problem)
  end)
end)

describe("a domain that can't exist", function()
  local REFUSED = { "http://shop", "http://shop.test", "http://shop.example", "http://shop.invalid", "http://a.localhost",
    "http://10.0.0.1", "http://-a.com", "ftp://shop.com" }

  for _, generation in ipairs { "v4", "v1" } do
    it("is refused for sites, competitors and audits, " .. generation, function()
      local api = fake.new { demo = true, limit = 1000 }
      local client = api:client { api = generation }
      local id = client.sites:list()[1].id
      for _, url in ipairs(REFUSED) do
        assert.equal(400, select(2, client.sites:create { url = url, title = "a" }).status)
        assert.equal(400, select(2, client.competitors:create { site_id = id, url = url }).status)
        assert.equal(400, select(2, client.audit:create { domain = url }).status)
      end
      assert.equal(3, #client.sites:list())
    end)
  end
end)

describe("a target of the Data API that is no domain", function()
  it("is refused, alone or among others, and nothing is paid", function()
    local api = fake.new { limit = 1000, data_limit = 1000 }
    local data = api:client({ retries = 0 }).data
    local before = data.account:subscription().subscription_info.units_left
    for _, target in ipairs { "shop", "not a domain", "https://", "-" } do
      for _, refused in ipairs {
        { data.backlinks:all { target = target } }, { data.backlinks:summary { target = { "shop.com", target } } },
        { data.backlinks.export:create { target = target } }, { data.domain.overview:db { source = "us", domain = target } },
        { data.ai_search:prompts_by_target { source = "us", target = target, engine = "gemini" } },
      } do
        assert.is_nil(refused[1])
        assert.equal(400, refused[2].status)
      end
    end
    assert.truthy(data.backlinks:all { target = "https://blog.shop.com/a?b=c" })
    assert.equal(before - 100, data.account:subscription().subscription_info.units_left)
  end)
end)
