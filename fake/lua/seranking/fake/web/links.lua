--- The fake's web: who links to a site, since when and until when.
-- SPDX-License-Identifier: MIT
--
-- On the day that the fake begins, a site has as many links as `rows` says. Some of them go later, others had gone before, and
-- new ones come every few days.

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local keywords = require "seranking.fake.web.keywords"
local tools = require "seranking.fake.tools"

local key, unit, whole = chance.key, chance.unit, chance.whole
local floor = math.floor

local links = {}

local NAMES = { "harbour", "meadow", "lantern", "orchard", "compass", "granite", "willow", "beacon", "thistle", "pebble" }
local ENDINGS = { "com", "com", "com", "org", "org", "net", "de", "nl", "fr", "info", "edu", "gov" } -- below .example
local COUNTRIES = { "us", "us", "us", "de", "nl", "fr", "gb", "pl" }
local PATHS = { "", "news", "blog", "links", "reviews", "shop", "forum", "wiki" }
local TEXTS = { "read more", "click here", "website", "source", "this shop", "here" }
local REASONS = { "page_not_found", "link_removed", "redirect", "noindex" }

---@class seranking.fake.Link
---@field url_from string
---@field url_to string
---@field refdomain string
---@field ip string
---@field country string
---@field ending string "edu"
---@field home boolean from the home page of its site
---@field title string
---@field anchor string
---@field alt string
---@field nofollow boolean
---@field image boolean
---@field link_type "href"|"redirect"
---@field inlink_rank integer
---@field domain_inlink_rank integer
---@field first_day integer
---@field last_day integer? the day on which it was gone
---@field reason_lost string?

-- The site with this number among those that link.
local function referrer(call, number)
  local h = key(call.seed, "referrer", number)
  local ending = chance.pick(h, 0, ENDINGS)
  return {
    name = ("%s-%d.%s.example"):format(chance.pick(h, 1, NAMES), number, ending), ending = ending,
    rank = floor(100 * unit(h, 2) * unit(h, 3)), country = chance.pick(h, 4, COUNTRIES),
    ip = ("10.%d.%d.%d"):format(whole(h, 5, 0, 3), whole(h, 6, 0, 40), whole(h, 7, 1, 250)),
  }
end

local function link(call, host, kind, number)
  local h = key(call.seed, host, kind, number)
  -- A few sites link often.
  local from = referrer(call, 1 + floor(unit(h, 0) * unit(h, 1) * math.max(2, call.rows / 4)))
  local path = chance.pick(h, 2, PATHS)
  local page = chance.pick(h, 3, PATHS)
  page = page == "" and page or unit(h, 11) < 0.5 and page or page .. "/" .. whole(h, 12, 1, math.max(1, floor(call.rows / 8)))
  local image = unit(h, 4) < 0.1
  local anchor = unit(h, 5) < 0.4 and host or unit(h, 6) < 0.3 and chance.pick(h, 7, TEXTS)
    or keywords.text.similar(domains.trade(host), 1 + floor(unit(h, 13) * call.rows))
  local made = {
    key = h,
    url_from = "https://" .. from.name .. "/" .. path .. (path == "" and "" or "/" .. number),
    url_to = "https://" .. host .. "/" .. page, refdomain = from.name, ip = from.ip, country = from.country,
    ending = from.ending, home = path == "", title = "About " .. domains.trade(host) .. "s, part " .. number,
    anchor = image and "" or anchor, alt = image and anchor or "", nofollow = unit(h, 8) < 0.25, image = image,
    link_type = unit(h, 9) < 0.05 and "redirect" or "href", domain_inlink_rank = from.rank,
    inlink_rank = floor(from.rank * unit(h, 10)),
  }
  if made.home then -- a page links once; the home pages are told apart by what they link from
    made.url_from = made.url_from .. "?from=" .. kind .. number
  end
  return made
end

-- The links of a host: { [1] = those of the first day, gone before, come since }.
local function all(call, host)
  local rows, origin, list = call.rows, calendar.day(call.origin), {}
  for number = 1, rows do
    local one = link(call, host, "link", number)
    one.first_day = origin - chance.heavy(one.key, 20, 5) % 1500
    if unit(one.key, 21) < 0.5 then
      one.last_day = origin + whole(one.key, 22, 1, 3000)
    end
    list[#list + 1] = one
  end
  for number = 1, math.ceil(rows / 3) do
    local one = link(call, host, "gone", number)
    one.last_day = origin - whole(one.key, 20, 0, 365)
    one.first_day = one.last_day - whole(one.key, 21, 10, 700)
    list[#list + 1] = one
  end
  local number = 0
  for day = origin + 1, calendar.day(call.today) do
    for _ = 1, floor(rows / 300 + unit(key(call.seed, host, "day", day), 0)) do
      number = number + 1
      local one = link(call, host, "new", number)
      one.first_day = day
      list[#list + 1] = one
    end
  end
  for _, one in ipairs(list) do
    one.reason_lost = one.last_day and chance.pick(one.key, 23, REASONS) or nil
  end
  return list
end

--- The links to a target that ever were, gone ones too.
---@param call seranking.fake.Call
---@param target string
---@param mode? "domain"|"host"|"url"
---@return seranking.fake.Link[]
function links.ever(call, target, mode)
  local host = domains.host(target)
  local name = "links of " .. host .. call.today
  if call.cache.links_name ~= name then
    call.cache.links_name, call.cache.links = name, all(call, host)
  end
  if mode ~= "url" then
    return call.cache.links
  end
  local url = target:find("://", 1, true) and target or "https://" .. target .. (target:find("/", 1, true) and "" or "/")
  return tools.kept(call.cache.links, function(one) return one.url_to == url end)
end

--- Whether a link is there on a day.
---@param one seranking.fake.Link
---@param day integer
---@return boolean
function links.is_there(one, day)
  return one.first_day <= day and (not one.last_day or one.last_day > day)
end

--- The links that are there today.
---@param call seranking.fake.Call
---@param target string
---@param mode? "domain"|"host"|"url"
---@return seranking.fake.Link[]
function links.now(call, target, mode)
  local today = calendar.day(call.today)
  return tools.kept(links.ever(call, target, mode), function(one) return links.is_there(one, today) end)
end

---@class seranking.fake.LinkSum links of one kind, added up
---@field name string
---@field backlinks integer
---@field refdomains integer
---@field dofollow_backlinks integer
---@field nofollow_backlinks integer
---@field first_day integer
---@field rank integer of the domain of the first

--- Links added up by what `of` makes of each, in the order of their first coming.
---@param list seranking.fake.Link[]
---@param of fun(one: seranking.fake.Link): string?
---@return seranking.fake.LinkSum[]
function links.sums(list, of)
  local by_name, sums = {}, {}
  for _, one in ipairs(list) do
    local name = of(one)
    local sum = name and by_name[name]
    if name and not sum then
      sum = { name = name, backlinks = 0, refdomains = 0, dofollow_backlinks = 0, nofollow_backlinks = 0,
        first_day = one.first_day, rank = one.domain_inlink_rank, seen = {} }
      by_name[name], sums[#sums + 1] = sum, sum
    end
    if name then
      local kind = one.nofollow and "nofollow_backlinks" or "dofollow_backlinks"
      sum.backlinks, sum[kind] = sum.backlinks + 1, sum[kind] + 1
      sum.first_day = math.min(sum.first_day, one.first_day)
      if not sum.seen[one.refdomain] then
        sum.seen[one.refdomain], sum.refdomains = true, sum.refdomains + 1
      end
    end
  end
  return sums
end

--- The network of an address: its first three numbers.
---@param ip string
---@return string
function links.subnet(ip)
  return (ip:match "^%d+%.%d+%.%d+")
end

--- The scores of a target: of the page and of its domain, 0 to 100.
---@param call seranking.fake.Call
---@param target string
---@param day integer
---@return integer page
---@return integer domain
function links.scores(call, target, day)
  local h = key(call.seed, "score", domains.host(target))
  local at = 15 + 60 * unit(h, 0) + 6 * chance.wave(h + 1, day / 60)
  local page = key(call.seed, "score", target)
  return floor(at * (0.4 + 0.5 * unit(page, 1))), floor(at)
end

return links
