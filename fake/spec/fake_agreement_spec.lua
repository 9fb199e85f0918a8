--- Figures of one operation are those of another: trust, pages in Google's index, exports; an audit obeys its settings.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

local DOMAIN = "corner-bakery.com"

for _, generation in ipairs { "v4", "v1" } do
  describe("with a key of " .. generation .. ",", function()
    local api, client
    before_each(function()
      api = fake.new { today = "2026-11-24", rows = 40 }
      client = api:client { api = generation, raise = true }
    end)

    local function trust(domain)
      return client.data.backlinks.authority.domain:get({ target = domain }).pages[1].domain_inlink_rank
    end

    -- An audit with these settings that has ended.
    local function audited(settings)
      local id = client.audit:create({ domain = DOMAIN, settings = settings }).id
      api.clock:advance(100)
      return client.audit(id)
    end

    it("the trust of a project and of its rivals is that of their domains", function()
      local site = client.sites(client.sites:create({ url = "https://" .. DOMAIN, title = "a" }).site_id)
      client.competitors:create { site_id = client.sites:list()[1].id, url = "https://quay.com" }
      client.competitors:create { site_id = client.sites:list()[1].id, url = "pier-shop.com" }
      assert.equal(trust(DOMAIN), site:summary().domain_trust)
      local rivals = client.competitors:list { site_id = client.sites:list()[1].id }
      assert.equal(trust "quay.com", rivals[1].domain_trust)
      assert.equal(trust "pier-shop.com", rivals[2].domain_trust)
      assert.is_false(rivals[1].domain_trust == rivals[2].domain_trust)
    end)

    it("the pages in Google's index are those that an audit finds to be there", function()
      local site = client.sites(client.sites:create({ url = "https://" .. DOMAIN, title = "a" }).site_id)
      local audit, indexable = audited {}, 0
      for page in audit.pages:each { limit = 50 } do
        indexable = indexable + (tonumber(page.indexable) == 1 and 1 or 0)
      end
      assert.is_true(indexable > 10)
      assert.equal(indexable, site:summary().index_google)
      assert.equal(indexable, audit:report().domain_props.index_google)
    end)

    it("an export has the rows of data.backlinks.all", function()
      local target = "shop.com"
      local done = client.data.backlinks.export.create:wait { target = target }
      local file = client:download(done.download_file)
      local rows = client.data.backlinks:all { target = target, limit = 10000 }.backlinks
      local lines = {}
      for line in file:gmatch "https://[^\n]*" do
        lines[#lines + 1] = line
      end
      local wanted = {}
      for i, row in ipairs(rows) do
        assert.equal(1, select(2, row.title:gsub("[,\"\r\n]", ""))) -- a comma: the cell is in quotes
        wanted[i] = table.concat({ row.url_from, row.url_to, '"' .. row.title .. '"', row.anchor, row.alt,
          tostring(row.nofollow), tostring(row.image), row.image_source, ("%d"):format(row.inlink_rank),
          ("%d"):format(row.domain_inlink_rank), row.first_seen, row.last_visited }, ",")
      end
      table.sort(lines)
      table.sort(wanted)
      assert.is_true(#wanted >= 10)
      assert.same(wanted, lines)
    end)

    -- The paths of an audit's pages, and their depths by path.
    local function pages_of(audit)
      local paths, depths = {}, {}
      for page in audit.pages:each { limit = 50 } do
        paths[#paths + 1] = page.url:match "^https://[^/]+(/.*)$"
        depths[paths[#paths]] = tonumber(page.depth)
      end
      return paths, depths
    end

    local function kept(paths, fits)
      local list = {}
      for _, path in ipairs(paths) do
        list[#list + 1] = fits(path) and path or nil
      end
      return list
    end

    local function begins(path, prefix)
      return path:sub(1, #prefix) == prefix
    end

    it("a crawl goes where its settings allow", function()
      local all, depths = pages_of(audited {})
      assert.is_true(#all > 20)
      for _, case in ipairs {
        { { allow = { "/shop", "/blog" } }, function(path) return begins(path, "/shop") or begins(path, "/blog") end },
        { { disallow = { "/shop" } }, function(path) return not begins(path, "/shop") end },
        { { hide = { "/guide/" } }, function(path) return not begins(path, "/guide/") end },
        { { allow = { "/s" }, disallow = { "/sale" } }, function(path)
          return begins(path, "/s") and not begins(path, "/sale")
        end },
        { { max_depth = 1 }, function(path) return depths[path] <= 1 end },
      } do
        local wanted = kept(all, case[2])
        assert.is_true(#wanted > 0 and #wanted < #all)
        local audit = audited(case[1])
        assert.same(wanted, (pages_of(audit)))
        assert.equal(#wanted, audit:report().total_pages)
        assert.equal(#wanted, audit:status().total_pages)
      end
    end)

    it("pages that a report leaves out are crawled all the same", function()
      local hidden, away = audited { hide = { "/shop" } }, audited { disallow = { "/shop" } }
      local function inlinks(audit)
        local sum = 0
        for page in audit.pages:each { limit = 50 } do
          sum = sum + page.inlinks
        end
        return sum
      end
      assert.same((pages_of(hidden)), (pages_of(away)))
      assert.is_true(inlinks(hidden) > inlinks(away))
      for link in hidden.found_links:each { limit = 50 } do
        assert.is_nil(link.source_url:find("/shop", 1, true))
      end
    end)
  end)
end
