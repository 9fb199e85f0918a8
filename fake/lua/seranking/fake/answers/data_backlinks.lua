--- What the fake API answers: backlinks of any site.
-- SPDX-License-Identifier: MIT

local addresses = require "seranking.fake.addresses"
local calendar = require "seranking.base.calendar"
local credits = require "seranking.fake.credits"
local json = require "seranking.fake.json"
local links = require "seranking.fake.web.links"
local listing = require "seranking.fake.listing"
local tools = require "seranking.fake.tools"

local array = json.array

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- ---- links one by one ----

-- Whether a text passes one of the filters for text.
local function passes(call, name, text)
  local wanted = call.args[name]
  local holds = not wanted or text:find(wanted, 1, true) ~= nil
  return not wanted or holds == (call.args[name .. "_mode"] ~= "does_not_contain")
end

local function within(call, name, value)
  local from, to = call.args[name .. "_from"], call.args[name .. "_to"]
  return (not from or value >= from) and (not to or value <= to)
end

local FILTERS = { "url_from_filter", "url_to_filter", "anchor_filter", "inlink_rank_from", "inlink_rank_to",
  "domain_inlink_rank_from", "domain_inlink_rank_to", "nofollow_filter" }

-- The check that a call's filters make of a link; nil where it has none.
local function filter(call)
  local args, any = call.args, false
  for _, name in ipairs(FILTERS) do
    any = any or args[name] ~= nil
  end
  local nofollow = args.nofollow_filter
  return any and function(one)
    return passes(call, "url_from_filter", one.url_from) and passes(call, "url_to_filter", one.url_to)
      and passes(call, "anchor_filter", one.anchor) and within(call, "inlink_rank", one.inlink_rank)
      and within(call, "domain_inlink_rank", one.domain_inlink_rank)
      and (not nofollow or one.nofollow == (nofollow == "nofollow_only"))
  end or nil
end

local link_measure = { date_found = function(one) return one.first_day end }

-- The links of today that pass the call's filters, no more of one domain than `per_domain`; the best come first.
local function chosen(call)
  local all, keep, most = links.now(call, call.args.target, call.args.mode), filter(call), call.args.per_domain
  if not keep and not most then
    return all
  end
  local found, of_domain = {}, {}
  most = most or math.huge
  for _, one in ipairs(all) do
    if (not keep or keep(one)) and (of_domain[one.refdomain] or 0) < most then
      of_domain[one.refdomain] = (of_domain[one.refdomain] or 0) + 1
      found[#found + 1] = one
    end
  end
  return found
end

local MEMBERS = json.members(links.MEMBERS)

local function list(call)
  local source = listing.of(chosen(call), link_measure)
  source.members = MEMBERS
  return listing.reply(call, source)
end

answers["data.backlinks.all"] = list
answers["data.backlinks.raw"] = list

-- ---- links added up ----

local function by_anchor(one) return one.anchor ~= "" and one.anchor or one.alt end
local function by_page(one) return one.url_to end
local function by_domain(one) return one.refdomain end
local function by_ip(one) return one.ip end
local function by_subnet(one) return links.subnet(one.ip) end
local function by_ending(one) return one.ending end
local function by_country(one) return one.country end

local function sum_shown(name)
  return function(sum, today)
    return {
      [name] = sum.name, backlinks = sum.backlinks, refdomains = sum.refdomains,
      dofollow_backlinks = sum.dofollow_backlinks, nofollow_backlinks = sum.nofollow_backlinks,
      first_seen = calendar.date(sum.first_day), last_visited = today,
    }
  end
end

local function refdomain_shown(sum)
  return {
    refdomain = sum.name, backlinks = sum.backlinks, dofollow_backlinks = sum.dofollow_backlinks,
    first_seen = calendar.date(sum.first_day), domain_inlink_rank = sum.rank,
  }
end

local sum_measure = {
  date_found = function(sum) return sum.first_day end,
  domain_inlink_rank = function(sum) return sum.rank end,
  inlink_rank = function(sum) return sum.rank end,
}

local function sums_of(of, adapt)
  return function(call)
    local found = links.sums(links.now(call, call.args.target, call.args.mode), of)
    return listing.reply(call, listing.of(found, sum_measure, function(sum) return adapt(sum, call.today) end))
  end
end

answers["data.backlinks.anchors.list"] = sums_of(by_anchor, sum_shown "anchor")
answers["data.backlinks.indexed_pages.list"] = sums_of(by_page, sum_shown "url")
answers["data.backlinks.referring_ips.list"] = sums_of(by_ip, sum_shown "ip")
answers["data.backlinks.refdomains.list"] = sums_of(by_domain, refdomain_shown)

-- ---- totals ----

local function count(found, fits)
  local number = 0
  for _, one in ipairs(found) do
    number = number + (fits(one) and 1 or 0)
  end
  return number
end

local function kinds(found, of)
  return #links.sums(found, of)
end

local function follows(one) return not one.nofollow end
local function ends_in(ending)
  return function(one) return one.ending == ending end
end

local function metrics(target, found)
  local dofollow = count(found, follows)
  return {
    target = target, backlinks = #found, refdomains = kinds(found, by_domain), subnets = kinds(found, by_subnet),
    ips = kinds(found, by_ip), nofollow_backlinks = #found - dofollow, dofollow_backlinks = dofollow,
    edu_backlinks = count(found, ends_in "edu"), gov_backlinks = count(found, ends_in "gov"),
  }
end

local MOST = 5 -- rows of what comes most often

-- What comes most often: rows of { [name] = …, [member] = … }.
local function top(found, of, name, member, as)
  local sums = links.sums(found, of)
  table.sort(sums, function(a, b)
    if a[member] == b[member] then
      return a.name < b.name
    end
    return a[member] > b[member]
  end)
  local rows = array {}
  for i = 1, math.min(MOST, #sums) do
    rows[i] = { [name] = sums[i].name, [as or member] = sums[i][member] }
  end
  return rows
end

local function summary(call, target, found)
  local made = metrics(target, found)
  made.inlink_rank, made.domain_inlink_rank = links.scores(call, target, calendar.day(call.today))
  local dofollow, home = tools.kept(found, follows), tools.kept(found, function(one) return one.home end)
  made.anchors, made.dofollow_anchors = kinds(found, by_anchor), kinds(dofollow, by_anchor)
  made.text_backlinks = count(found, function(one) return not one.image end)
  made.from_home_page_backlinks, made.from_home_page_refdomains = #home, kinds(home, by_domain)
  made.dofollow_from_home_page_backlinks = count(home, follows)
  made.dofollow_refdomains = kinds(dofollow, by_domain)
  made.edu_refdomains = kinds(tools.kept(found, ends_in "edu"), by_domain)
  made.gov_refdomains = kinds(tools.kept(found, ends_in "gov"), by_domain)
  made.pages_with_backlinks = kinds(found, by_page)
  made.top_anchors_by_backlinks = top(found, by_anchor, "anchor", "backlinks")
  made.top_anchors_by_refdomains = top(found, by_anchor, "anchor", "refdomains")
  made.top_pages_by_backlinks = top(found, by_page, "url", "backlinks")
  made.top_pages_by_refdomains = top(found, by_page, "url", "refdomains")
  made.top_tlds = top(found, by_ending, "tld", "refdomains", "count")
  made.top_countries = top(found, by_country, "country", "refdomains", "count")
  return made
end

-- An answer with a row for each target of the call.
local function each_target(member, make)
  return function(call)
    local rows = array {}
    for i, target in ipairs(call.args.target) do
      rows[i] = make(call, target)
    end
    return credits.pay(call, #rows, { [member] = rows })
  end
end

local function now(call, target)
  return links.now(call, target, call.args.mode)
end

answers["data.backlinks.summary"] = each_target("summary", function(call, target)
  return summary(call, target, now(call, target))
end)
answers["data.backlinks.metrics"] = each_target("metrics", function(call, target)
  return metrics(target, now(call, target))
end)

for key, member in pairs {
  ["data.backlinks.count"] = "backlinks", ["data.backlinks.refdomains.count"] = "refdomains",
  ["data.backlinks.referring_ips.count"] = "ips", ["data.backlinks.referring_subnets.count"] = "subnets",
} do
  answers[key] = each_target("metrics", function(call, target)
    return { target = target, [member] = metrics(target, now(call, target))[member] }
  end)
end

-- ---- what came and went ----

-- The days that a call asks for: yesterday and today, where it does not say.
local function days_of(call)
  local today = calendar.day(call.today)
  return call.args.date_from and calendar.day(call.args.date_from) or today - 1,
    math.min(today, call.args.date_to and calendar.day(call.args.date_to) or today)
end

-- Calls visit(link, day, "new" or "lost") for each change between two days that the call wants.
local function each_change(call, found, visit)
  local first, last = days_of(call)
  local args = call.args
  for _, one in ipairs(found) do
    local kind = one.image and "image" or "text"
    local follow = one.nofollow and "nofollow" or "dofollow"
    if (not args.link_type or args.link_type == links.type_of(one)) and (not args.anchor_type or args.anchor_type == kind)
      and (not args.dofollow or args.dofollow == follow) and (not args.url_from or args.url_from == one.url_from) then
      if args.new_lost_type ~= "lost" and one.first_day >= first and one.first_day <= last then
        visit(one, one.first_day, "new")
      end
      if args.new_lost_type ~= "new" and one.last_day and one.last_day >= first and one.last_day <= last then
        visit(one, one.last_day, "lost")
      end
    end
  end
end

local change_measure = {
  new_lost_date = function(change) return change.day end,
  inlink_rank = function(change) return change.one.inlink_rank or change.one.domain_inlink_rank end,
  domain_inlink_rank = function(change) return change.one.domain_inlink_rank end,
}

local function changes(call, found)
  local made = {}
  each_change(call, found, function(one, day, what)
    made[#made + 1] = { one = one, day = day, what = what }
  end)
  return made
end

answers["data.backlinks.history.list"] = function(call)
  local found = changes(call, links.ever(call, call.args.target, call.args.mode))
  return listing.reply(call, listing.of(found, change_measure, function(change)
    local one = change.one
    return {
      new_lost_date = calendar.date(change.day), new_lost_type = change.what, url_from = one.url_from, url_to = one.url_to,
      title = one.title, anchor = one.anchor, nofollow = one.nofollow, image = one.image, link_type = links.type_of(one),
      redirect_chain = false, redirect_chain_urls = array {},
      reason_lost = change.what == "lost" and links.reason_lost(one) or nil,
      inlink_rank = one.inlink_rank, domain_inlink_rank = one.domain_inlink_rank, first_seen = calendar.date(one.first_day),
    }
  end))
end

-- A row for each day, counted by `each_change`.
local function counts(call, found, member)
  local first, last = days_of(call)
  local by_day, rows = {}, array {}
  for day = first, last do
    local row = { date = calendar.date(day), new = 0, lost = 0 }
    by_day[day], rows[#rows + 1] = row, row
  end
  each_change(call, found, function(_, day, what)
    by_day[day][what] = by_day[day][what] + 1
  end)
  if call.args.new_lost_type then
    for _, row in ipairs(rows) do
      row[call.args.new_lost_type == "new" and "lost" or "new"] = nil
    end
  end
  return credits.pay(call, #rows, { [member] = rows })
end

answers["data.backlinks.history.count"] = function(call)
  return counts(call, links.ever(call, call.args.target, call.args.mode), "new_lost_backlinks_count")
end

answers["data.backlinks.history.cumulative"] = function(call)
  local first, last = days_of(call)
  local there, changes_on, rows = 0, {}, array {}
  local function note(day, change)
    if day <= first then
      there = there + change
    else
      changes_on[day] = (changes_on[day] or 0) + change
    end
  end
  for _, one in ipairs(links.ever(call, call.args.target, call.args.mode)) do
    note(one.first_day, 1)
    note(one.last_day or math.huge, -1)
  end
  for day = first, last do
    there = there + (changes_on[day] or 0)
    rows[#rows + 1] = { date = calendar.date(day), backlinks = there }
  end
  return credits.pay(call, #rows, { backlinks_count = rows })
end

-- Linking domains as links are: there from their first link on, until the last of them has gone.
local function refdomains_ever(call)
  local by_name, found = {}, {}
  for _, one in ipairs(links.ever(call, call.args.target, call.args.mode)) do
    local made = by_name[one.refdomain]
    if not made then
      made = { refdomain = one.refdomain, domain_inlink_rank = one.domain_inlink_rank, first_day = one.first_day,
        last_day = one.last_day or math.huge, backlinks = 0, dofollow_backlinks = 0 }
      by_name[one.refdomain], found[#found + 1] = made, made
    end
    made.backlinks = made.backlinks + 1
    made.dofollow_backlinks = made.dofollow_backlinks + (one.nofollow and 0 or 1)
    made.first_day = math.min(made.first_day, one.first_day)
    made.last_day = math.max(made.last_day, one.last_day or math.huge)
  end
  for _, made in ipairs(found) do
    made.last_day = made.last_day < math.huge and made.last_day or nil
  end
  return found
end

answers["data.backlinks.refdomains.history.list"] = function(call)
  return listing.reply(call, listing.of(changes(call, refdomains_ever(call)), change_measure, function(change)
    local one = change.one
    return {
      new_lost_date = calendar.date(change.day), new_lost_type = change.what, refdomain = one.refdomain,
      backlinks = one.backlinks, dofollow_backlinks = one.dofollow_backlinks, first_seen = calendar.date(one.first_day),
      domain_inlink_rank = one.domain_inlink_rank,
    }
  end))
end

answers["data.backlinks.refdomains.history.count"] = function(call)
  return counts(call, refdomains_ever(call), "new_lost_refdomains_count")
end

-- ---- scores ----

local function scored(with_page, with_domain)
  return each_target("pages", function(call, target)
    local page_score, domain_score = links.scores(call, target, calendar.day(call.today))
    return { url = target, inlink_rank = with_page and page_score or nil,
      domain_inlink_rank = with_domain and domain_score or nil }
  end)
end

answers["data.backlinks.authority.get"] = scored(true, true)
answers["data.backlinks.authority.domain.get"] = scored(false, true)
answers["data.backlinks.authority.page.get"] = scored(true, false)

answers["data.backlinks.authority.domain.distribution"] = function(call)
  local by_rank, rows = {}, array {}
  for _, sum in ipairs(links.sums(links.now(call, call.args.target, call.args.mode), by_domain)) do
    by_rank[sum.rank] = (by_rank[sum.rank] or 0) + 1
  end
  for rank = 0, 100 do
    if by_rank[rank] then
      rows[#rows + 1] = { domain_inlink_rank = rank, refdomains = by_rank[rank] }
    end
  end
  return credits.pay(call, #rows, { histogram = rows })
end

-- The days of a score's history: a month up to today, where the call does not say.
local function points(call)
  local today = calendar.day(call.today)
  local first = call.args.date_from and calendar.day(call.args.date_from) or today - 30
  local last = math.min(today, call.args.date_to and calendar.day(call.args.date_to) or today)
  local found, month = {}, nil
  for day = first, last do
    local granularity = call.args.granularity or "by_day"
    local of_month = calendar.month(calendar.date(day))
    if granularity == "by_day" or granularity == "by_week" and (day - first) % 7 == 0
      or granularity == "by_month" and of_month ~= month then
      found[#found + 1] = day
    end
    month = of_month
  end
  return found
end

local function score_history(member, place)
  return function(call)
    local rows = array {}
    for i, day in ipairs(points(call)) do
      rows[i] = { date = calendar.date(day), [member] = (select(place, links.scores(call, call.args.target, day))) }
    end
    return credits.pay(call, #rows, { ranks = rows })
  end
end

answers["data.backlinks.authority.page.history"] = score_history("inlink_rank", 1)
answers["data.backlinks.authority.domain.history"] = score_history("domain_inlink_rank", 2)

return addresses.checked(answers)
