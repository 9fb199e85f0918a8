--- The fake's web: the results page of a query. Sites of its trade stand where their own keywords say that they rank.
-- SPDX-License-Identifier: MIT

local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"

local results = {}

local MOST = 100
local RIVALS = 20 -- sites of the trade that are looked at

local function slug(text)
  return (text:lower():gsub("[^%w]+", "-"):gsub("^%-+", ""):gsub("%-+$", ""))
end

---@class seranking.fake.Result
---@field rank integer
---@field domain string
---@field url string
---@field title string

-- The sites of the query's trade that rank for it, by their rank. Of two at one rank the first is shown.
local function ranked(call, source, query)
  local by_rank, trade = {}, domains.trade_of(query)
  local pooled = trade and domains.pooled(trade, query, 2 * call.rows)
  for number = 1, pooled and RIVALS or 0 do
    local site = domains.site(call, source, domains.rival(trade, number))
    local found = domains.ranking(site, pooled)
    if found and not by_rank[found.position] then
      by_rank[found.position] = { domain = site.host, url = found.url }
    end
  end
  return by_rank
end

--- The organic results of a query, in order. Places that no site of the trade has are filled with sites of no trade.
---@param call seranking.fake.Call
---@param source string country
---@param query string
---@return seranking.fake.Result[]
function results.list(call, source, query)
  local by_rank, list = ranked(call, source, query), {}
  local title, path = query:gsub("^%l", string.upper), slug(query)
  for rank = 1, MOST do
    local h = chance.key(call.seed, "result", source, query, rank)
    local other = ("results-%d.example"):format(chance.whole(h, 0, 1, 999) * MOST + rank)
    local site = by_rank[rank] or { domain = other, url = "https://" .. other .. "/" .. path }
    list[rank] = { rank = rank, domain = site.domain, url = site.url, title = title .. ", number " .. rank }
  end
  return list
end

--- How many results a search engine reports.
---@param call seranking.fake.Call
---@param source string
---@param query string
---@return integer
function results.total(call, source, query)
  return 1000 * chance.heavy(chance.key(call.seed, "results", source, query), 0, 50)
end

return results
