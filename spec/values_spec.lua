--- Values of parameters: what is taken, what is written, and what is said of the rest.
-- SPDX-License-Identifier: MIT

local scene = require "support.scene"
local script = require "support.script"

local raised = script.raised

-- The decoded query of what an operation would send.
local function query_of(op, args)
  return (op:dry_run(args).url:match "%?(.*)$" or ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
end

describe("the Data API's wire", function()
  local data = scene.new().data

  it("has history_trend as a word", function()
    for _, name in ipairs { "similar", "related", "questions" } do
      assert.equal("source=us&keyword=x&history_trend=true",
        (query_of(data.keywords[name], { source = "us", keyword = "x", history_trend = true })))
      assert.equal("source=us&keyword=x&history_trend=false",
        (query_of(data.keywords[name], { source = "us", keyword = "x", history_trend = 0 })))
    end
    assert.equal("source=us&domain=a.com&with_subdomains=0",
      (query_of(data.domain.overview.db, { source = "us", domain = "a.com", with_subdomains = false })))
  end)

  it("takes a domain, a url or both, and not neither", function()
    local both = { source = "us", domain = "a.com", url = "https://a.com/b", compare = nil }
    for _, op in ipairs { data.domain.overview.db, data.domain.overview.history, data.domain.keywords.list,
      data.domain.competitors.list } do
      assert.equal("source=us&domain=a.com&url=https://a.com/b", (query_of(op, both)))
      assert.equal("source=us&url=https://a.com/b", (query_of(op, { source = "us", url = "https://a.com/b" })))
      assert.is_truthy(raised(op, { source = "us" }):find "at least one of domain, url is required$")
    end
    both.compare = "b.com"
    assert.equal("source=us&domain=a.com&url=https://a.com/b&compare=b.com", (query_of(data.domain.keywords.comparison, both)))
  end)

  it("limits the characters of texts", function()
    local list, long = data.backlinks.all, ("é"):rep(2063)
    assert.is_truthy(list:dry_run({ target = "a.com", anchor_filter = long }).body:find(long, 1, true))
    assert.is_truthy(raised(list, { target = "a.com", anchor_filter = long .. "x" })
      :find "anchor_filter must have at most 2063 characters, got 2064$")
    assert.is_truthy(raised(data.domain.overview.worldwide, { domain = "a.com", currency = "EURO" })
      :find "currency must have 3 characters, got 4$")
  end)

  it("has no type in the first condition of a link filter", function()
    local condition = { param = "status", value = 404, type = "and" }
    local text = query_of(data.site_audit.audits(1).links, { filter = { condition, condition } })
    assert.equal("audit_id=1&filter[0][param]=status&filter[0][value]=404"
      .. "&filter[1][param]=status&filter[1][type]=and&filter[1][value]=404", text)
    assert.equal("and", condition.type)
  end)
end)
