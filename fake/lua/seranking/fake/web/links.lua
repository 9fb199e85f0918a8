--- The fake's web: who links to a site, since when and until when.
-- SPDX-License-Identifier: MIT
--
-- On the day that the fake begins, a site has as many links as `rows` says. Some of them go later, others had gone before, and
-- new ones come every few days.

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local domains = require "seranking.fake.web.domains"
local keywords = require "seranking.fake.web.keywords"

local key, unit, units, whole = chance.key, chance.unit, chance.units, chance.whole
local similar = keywords.text.similar
local floor = math.floor

local links = {}

local NAMES = { "harbour", "meadow", "lantern", "orchard", "compass", "granite", "willow", "beacon", "thistle", "pebble" }
local ENDINGS = { "com", "com", "com", "org", "org", "net", "de", "nl", "fr", "info", "edu", "gov" } -- below .example
local COUNTRIES = { "us", "us", "us", "de", "nl", "fr", "gb", "pl" }
local PATHS = { "", "news", "blog", "links", "reviews", "shop", "forum", "wiki" }
local TEXTS = { "read more", "click here", "website", "source", "this shop", "here" }
local SUBDOMAINS = { "blog", "help", "shop" }
local REASONS = { "page_not_found", "link_removed", "redirect", "noindex" }

-- The members of a link that lists show.
links.MEMBERS = { "url_from", "url_to", "title", "anchor", "alt", "nofollow", "image", "image_source", "inlink_rank",
  "domain_inlink_rank", "first_seen", "last_visited" }

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
---@field image_source string
---@field inlink_rank integer
---@field domain_inlink_rank integer
---@field first_day integer
---@field first_seen? string of a link that lists show
---@field last_visited? string
---@field last_day integer? the day on which it was gone

-- The sites that link, by their number. What links say of them, they say by a metatable: lists have many links.
local function referrers(call)
  local beginning, known = chance.beginning(call.seed, "referrer"), {}
  return function(number)
    local from = known[number]
    if not from then
      local h = chance.key_of(beginning, number)
      local ending = chance.pick(h, 0, ENDINGS)
      from = { __index = {
        refdomain = ("%s-%d.%s.example"):format(chance.pick(h, 1, NAMES), number, ending), ending = ending,
        domain_inlink_rank = floor(100 * unit(h, 2) * unit(h, 3)), country = chance.pick(h, 4, COUNTRIES),
        ip = ("10.%d.%d.%d"):format(whole(h, 5, 0, 3), whole(h, 6, 0, 40), whole(h, 7, 1, 250)),
      } }
      known[number] = from
    end
    return from
  end
end

-- The links of a kind to a host, by their number.
local function links_of(call, host, kind, referrer)
  local beginning, trade, rows = chance.beginning(call.seed, host, kind), domains.trade(host), call.rows
  local sites, pages, title = math.max(2, rows / 4), math.max(1, floor(rows / 8)), "About " .. trade .. "s, part "
  local root, is_below = "https://" .. host .. "/", kind == "below"
  return function(number)
    if is_below then
      root = "https://" .. SUBDOMAINS[1 + number % #SUBDOMAINS] .. "." .. host .. "/"
    end
    local digits = ("%d"):format(number)
    local h = chance.key_of(beginning, digits)
    local first, second, of_path, of_page = units(h, 0)
    local of_image, of_anchor, of_kind, of_text = units(h, 4)
    local of_nofollow, _, of_rank, of_depth = units(h, 8)
    local meta = referrer(1 + floor(first * second * sites)) -- a few sites link often
    local from = meta.__index
    local path, page = PATHS[1 + floor(of_path * #PATHS)], PATHS[1 + floor(of_page * #PATHS)]
    page = page == "" and page or of_depth < 0.5 and page or page .. "/" .. whole(h, 12, 1, pages)
    local image = of_image < 0.1
    local anchor = of_anchor < 0.4 and host or of_kind < 0.3 and TEXTS[1 + floor(of_text * #TEXTS)]
      or similar(trade, 1 + floor(unit(h, 13) * rows))
    local home = path == ""
    return setmetatable({
      key = h,
      -- A page links once; the home pages are told apart by what they link from.
      url_from = home and "https://" .. from.refdomain .. "/?from=" .. kind .. digits
        or "https://" .. from.refdomain .. "/" .. path .. "/" .. digits,
      url_to = root .. page, home = home, title = title .. digits,
      anchor = image and "" or anchor, alt = image and anchor or "", nofollow = of_nofollow < 0.25, image = image,
      image_source = image and root .. page .. "picture.png" or "", inlink_rank = floor(from.domain_inlink_rank * of_rank),
    }, meta)
  end
end

--- Whether a link is a redirect.
---@param one seranking.fake.Link
---@return "href"|"redirect"
function links.type_of(one)
  return unit(one.key, 9) < 0.05 and "redirect" or "href"
end

--- Why a link is gone.
---@param one seranking.fake.Link
---@return string
function links.reason_lost(one)
  return chance.pick(one.key, 23, REASONS)
end

-- Notes when a link came, and when it was last seen.
local function seen(one, first_day, today)
  one.first_day, one.first_seen = first_day, calendar.date(first_day)
  one.last_visited = calendar.date(today - one.key % 5)
end

-- The links of the first day.
local function of_first_day(make, rows, origin, today)
  local list = {}
  for number = 1, rows do
    local one = make(number)
    local of_age, of_end, of_last = units(one.key, 20)
    seen(one, origin - chance.heavy_of(of_age, 5) % 1500, today)
    if of_end < 0.5 then
      one.last_day = origin + 1 + floor(of_last * 3000)
    end
    list[number] = one
  end
  return list
end

-- Those that had gone before.
local function gone_before(make, rows, origin)
  local list = {}
  for number = 1, math.ceil(rows / 3) do
    local one = make(number)
    one.last_day = origin - whole(one.key, 20, 0, 365)
    one.first_day = one.last_day - whole(one.key, 21, 10, 700)
    list[number] = one
  end
  return list
end

-- Those that have come since.
local function come_since(make, call, host, origin, today)
  local list, beginning = {}, chance.beginning(call.seed, host, "day")
  for day = origin + 1, today do
    for _ = 1, floor(call.rows / 300 + unit(chance.key_of(beginning, day), 0)) do
      local one = make(#list + 1)
      seen(one, day, today)
      list[#list + 1] = one
    end
  end
  return list
end

-- The links of a host by when they came, as far as they have been asked for.
local function known(call, host)
  local cache, name = call.cache, "links of " .. host .. call.today
  if cache.links_name ~= name then
    local origin, today, referrer = calendar.day(call.origin), calendar.day(call.today), referrers(call)
    cache.links_name = name
    cache.links = {
      first = of_first_day(links_of(call, host, "link", referrer), call.rows, origin, today),
      since = come_since(links_of(call, host, "new", referrer), call, host, origin, today),
      below = function() -- to subdomains
        return of_first_day(links_of(call, host, "below", referrer), math.ceil(call.rows / 20), origin, today)
      end,
      gone = function() return gone_before(links_of(call, host, "gone", referrer), call.rows, origin) end,
    }
  end
  return cache.links
end

-- A part of the links that is made when it is first asked for.
local function made(parts, name)
  if type(parts[name]) == "function" then
    parts[name] = parts[name]()
  end
  return parts[name]
end

-- Whether a link goes to a target; nil where all links of its host do.
local function goes_to(target, mode)
  if mode ~= "url" then
    return nil
  end
  local url = target:find("://", 1, true) and target or "https://" .. target .. (target:find("/", 1, true) and "" or "/")
  return function(one) return one.url_to == url end
end

local function add(list, more, fits)
  for _, one in ipairs(more) do
    if not fits or fits(one) then
      list[#list + 1] = one
    end
  end
end

--- The links to a target that ever were, gone ones too.
---@param call seranking.fake.Call
---@param target string
---@param mode? "domain"|"host"|"url" with its subdomains; the host, when left out; one page
---@return seranking.fake.Link[]
function links.ever(call, target, mode)
  local parts, fits, list = known(call, domains.host(target)), goes_to(target, mode), {}
  add(list, parts.first, fits)
  add(list, made(parts, "gone"), fits)
  add(list, parts.since, fits)
  add(list, mode == "domain" and made(parts, "below") or {})
  return list
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
---@param mode? "domain"|"host"|"url" with its subdomains; the host, when left out; one page
---@return seranking.fake.Link[]
function links.now(call, target, mode)
  local parts, fits, list = known(call, domains.host(target)), goes_to(target, mode), {}
  local today, count = calendar.day(call.today), 0
  for _, part in ipairs { parts.first, parts.since, mode == "domain" and made(parts, "below") or nil } do
    for _, one in ipairs(part) do
      local last = one.last_day
      if one.first_day <= today and (not last or last > today) and (not fits or fits(one)) then
        count = count + 1
        list[count] = one
      end
    end
  end
  return list
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
