--- The operations of client.data.backlinks.
-- SPDX-License-Identifier: MIT
--
-- Most lists are cut at `limit` and have no further pages. For a whole profile use raw (pages with a cursor) or export (a
-- file).

local common = require "seranking.api.shared"
local shared = require "seranking.api.data.backlinks_shared"

local TARGET = shared.target
local TARGETS = shared.targets
local MODE = shared.mode
local FIRST_DAY = shared.first_day
local LAST_DAY = shared.last_day
local each_target = shared.each_target
local EACH_ROW = shared.each_row
local USUAL = shared.usual
local LIMIT = { type = "integer", min = 1, max = 10000, default = 100, about = "most rows to return; each costs credits" }
local PER_DOMAIN = { type = "integer", min = 1, max = 100, about = "most rows for each referring domain" }
local BY_RANK = { type = "string", enum = { "date_found", "domain_inlink_rank", "inlink_rank" }, default = "date_found",
  about = "what to sort by, highest first" }
local BY_COUNT = { type = "string", enum = { "backlinks", "refdomains" }, default = "backlinks",
  about = "what to sort by, highest first" }
local BY_LOSS = { type = "string", enum = { "new_lost_date", "domain_inlink_rank", "inlink_rank" },
  default = "new_lost_date", about = "what to sort by, highest first" }
local CONTAINS = { type = "string", enum = { "contains", "does_not_contain" }, default = "contains",
  about = "whether the filter of the same name keeps or drops matches" }
local RANK = { type = "integer", min = 0, max = 100, about = "score of the linking page" }
local DOMAIN_RANK = { type = "integer", min = 0, max = 100, about = "score of the linking domain" }
local NEW_LOST = { type = "string", enum = { "new", "lost" }, about = "only new or only lost ones; by default both" }
local SINCE = { type = "date", about = "first day; default yesterday" }
local UNTIL = { type = "date", about = "last day; default today" }
local LINK_TYPE = { type = "string", enum = { "href", "redirect" }, about = "only links of this kind" }
local ANCHOR_TYPE = { type = "string", enum = { "text", "image", "undefined" }, about = "only links with such an anchor" }
local DOFOLLOW = { type = "string", enum = { "dofollow", "nofollow", "undefined" },
  about = "only links of this kind; the words differ from those of nofollow_filter" }
local URL_FROM = { type = "string", about = "only links from this page" }
local PER_CALL = { 100, per = "request", note = common.third_party, confidence = "medium" }

-- A list that has one page, cut at limit.
local function cut_list(rows, whole)
  return { rows = rows, size = 100, max = 10000, whole = whole }
end

-- ---- answers ----

local LINK_FIELDS = [[
  backlinks[].url_from string the linking page
  backlinks[].url_to string the page linked to
  backlinks[].title string title of the linking page
  backlinks[].anchor string text of the link
  backlinks[].alt string alt text of a linking image
  backlinks[].nofollow boolean
  backlinks[].image boolean true: the link is an image
  backlinks[].image_source string address of the image
  backlinks[].inlink_rank integer score of the linking page, 0-100
  backlinks[].domain_inlink_rank integer score of the linking domain, 0-100
  backlinks[].first_seen date
  backlinks[].last_visited date
]]
local LINK_EXAMPLE = [[{"url_from":"https://harbour.example/boats/12","url_to":"https://anchors.example/","title":"Boats",
  "anchor":"good anchors","alt":"","nofollow":false,"image":false,"image_source":"","inlink_rank":18,
  "domain_inlink_rank":36,"first_seen":"2026-02-11","last_visited":"2026-08-30"}]]

-- Totals of what links, by kind; `at` is the member that the row sits in.
local function link_totals(at)
  return (([[
  @.backlinks integer
  @.refdomains integer linking domains
  @.dofollow_backlinks integer
  @.nofollow_backlinks integer
  @.first_seen date
  @.last_visited date
]]):gsub("@", at))
end

local family = {
  about = "Backlinks of any site: totals, lists, history, scores, exports.",
  {
    name = "data.backlinks",
    params = {
      target = TARGET,
      mode = MODE,
      limit = LIMIT,
      per_domain = PER_DOMAIN,
      order_by = BY_RANK,
      url_from_filter = { type = "string", max_length = 2063, about = "text in the linking page's address, ASCII only" },
      url_from_filter_mode = CONTAINS,
      url_to_filter = { type = "string", max_length = 2063, about = "text in the linked page's address, ASCII only" },
      url_to_filter_mode = CONTAINS,
      anchor_filter = { type = "string", max_length = 2063, about = "text in the anchor, ASCII only" },
      anchor_filter_mode = CONTAINS,
      nofollow_filter = { type = "string", enum = { "nofollow_only", "dofollow_only" },
        about = "only nofollow or only dofollow links; by default both" },
      inlink_rank_from = RANK,
      inlink_rank_to = RANK,
      domain_inlink_rank_from = DOMAIN_RANK,
      domain_inlink_rank_to = DOMAIN_RANK,
      next = { type = "string", about = "where to continue: `next` of the answer before, unchanged" },
    },
    operations = {
      { "summary", data = "GET /v1/backlinks/summary", post = true, query = "target* mode",
        params = { target = TARGETS }, answer = "object", billed = true,
        cost = each_target(100, "the vendor's figure", "high"), source = "openapi mcp n8n docs third-party",
        confidence = "high",
        about = "A link profile in one row: totals, kinds of links, scores, top anchors, pages and countries.",
        use = "a first look at a link profile",
        fields = [[
          summary[].target string
          summary[].backlinks integer
          summary[].refdomains integer linking domains
          summary[].subnets integer class C networks that backlinks come from
          summary[].ips integer IP addresses that backlinks come from
          summary[].nofollow_backlinks integer
          summary[].dofollow_backlinks integer
          summary[].edu_backlinks integer from .edu
          summary[].gov_backlinks integer from .gov
          summary[].inlink_rank integer score of the page, 0-100
          summary[].domain_inlink_rank integer score of the domain, 0-100
          summary[].anchors integer number of different anchor texts
          summary[].dofollow_anchors integer
          summary[].text_backlinks integer links with text
          summary[].from_home_page_backlinks integer
          summary[].from_home_page_refdomains integer
          summary[].dofollow_from_home_page_backlinks integer
          summary[].dofollow_refdomains integer
          summary[].edu_refdomains integer
          summary[].gov_refdomains integer
          summary[].pages_with_backlinks integer pages of the target that have backlinks
          summary[].top_anchors_by_backlinks[].anchor string
          summary[].top_anchors_by_backlinks[].backlinks integer
          summary[].top_anchors_by_refdomains[].anchor string
          summary[].top_anchors_by_refdomains[].refdomains integer
          summary[].top_pages_by_backlinks[].url string
          summary[].top_pages_by_backlinks[].backlinks integer
          summary[].top_pages_by_refdomains[].url string
          summary[].top_pages_by_refdomains[].refdomains integer
          summary[].top_tlds[].tld string
          summary[].top_tlds[].count integer
          summary[].top_countries[].country string
          summary[].top_countries[].count integer
        ]],
        example = [[{"summary":[{"target":"anchors.example","backlinks":730,"refdomains":64,"subnets":51,"ips":58,
          "nofollow_backlinks":130,"dofollow_backlinks":600,"edu_backlinks":2,"gov_backlinks":0,"inlink_rank":22,
          "domain_inlink_rank":28,"anchors":91,"dofollow_anchors":77,"text_backlinks":640,"from_home_page_backlinks":12,
          "from_home_page_refdomains":9,"dofollow_from_home_page_backlinks":10,"dofollow_refdomains":55,"edu_refdomains":1,
          "gov_refdomains":0,"pages_with_backlinks":17,
          "top_anchors_by_backlinks":[{"anchor":"good anchors","backlinks":210}],
          "top_anchors_by_refdomains":[{"anchor":"anchors.example","refdomains":31}],
          "top_pages_by_backlinks":[{"url":"https://anchors.example/","backlinks":402}],
          "top_pages_by_refdomains":[{"url":"https://anchors.example/","refdomains":48}],
          "top_tlds":[{"tld":"org","count":19}],"top_countries":[{"country":"nl","count":23}]}]}]] },
      { "metrics", data = "GET /v1/backlinks/metrics", post = true, query = "target* mode",
        params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(100),
        source = "openapi mcp n8n docs third-party", confidence = "high",
        about = "The totals of summary, without the top anchors, pages and countries.",
        use = "comparing targets by their totals",
        fields = [[
          metrics[].target string
          metrics[].backlinks integer
          metrics[].refdomains integer linking domains
          metrics[].subnets integer class C networks that backlinks come from
          metrics[].ips integer IP addresses that backlinks come from
          metrics[].nofollow_backlinks integer
          metrics[].dofollow_backlinks integer
          metrics[].edu_backlinks integer from .edu
          metrics[].gov_backlinks integer from .gov
        ]],
        example = [[{"metrics":[{"target":"anchors.example","backlinks":730,"refdomains":64,"subnets":51,"ips":58,
          "nofollow_backlinks":130,"dofollow_backlinks":600,"edu_backlinks":2,"gov_backlinks":0}]}]] },
      { "all", data = "GET /v1/backlinks/all", post = true,
        query = "target* mode limit per_domain order_by url_from_filter url_from_filter_mode url_to_filter "
          .. "url_to_filter_mode anchor_filter anchor_filter_mode nofollow_filter inlink_rank_from inlink_rank_to "
          .. "domain_inlink_rank_from domain_inlink_rank_to",
        answer = "object", billed = true,
        pages = cut_list("backlinks", "data.backlinks.raw"), cost = EACH_ROW, source = USUAL, confidence = "high",
        about = "Backlinks one by one, with filters, at most 10,000. To walk this list, write "
          .. "client.data.backlinks.all:each or client.data.backlinks.all:all.",
        use = "a filtered sample",
        fields = LINK_FIELDS, example = '{"backlinks":[' .. LINK_EXAMPLE .. "]}" },
      { "raw", data = "GET /v1/backlinks/raw", query = "target* mode limit next per_domain order_by",
        params = { limit = { type = "integer", min = 1, max = 100000, default = 10000,
          about = "most rows of one answer; each costs credits" } },
        pages = { style = "cursor", rows = "backlinks", cursor = "next", param = "next", size = 10000, max = 100000 },
        answer = "object", billed = true, cost = EACH_ROW, source = "openapi mcp n8n third-party",
        confidence = "high",
        about = "Every backlink there is, in large batches, without filters. Keep all parameters but `next` the same.",
        use = "all backlinks of a target: a walk goes to the end, and can be resumed",
        fields = LINK_FIELDS .. "  next string? cursor of the next batch; missing, null or empty after the last\n",
        example = '{"backlinks":[' .. LINK_EXAMPLE .. '],"next":"c2Vjb25kIGJhdGNo/+8="}' },
      { "count", data = "GET /v1/backlinks/count", post = true, query = "target* mode",
        params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(10), source = USUAL,
        confidence = "high",
        about = "Number of backlinks of each target.",
        use = "the number alone: a tenth of the price of metrics",
        fields = [[
          metrics[].target string
          metrics[].backlinks integer
        ]],
        example = [[{"metrics":[{"target":"anchors.example","backlinks":730}]}]] },
    },
  },
  {
    name = "data.backlinks.export",
    about = "A whole link profile as a file.",
    params = {
      target = TARGET,
      mode = MODE,
      task_id = { type = "string", about = "task_id of create: a string such as 1_100200, not a number" },
    },
    operations = {
      -- A GET, but not one to repeat: each makes a job of its own, which is paid for.
      { "create", data = "GET /v1/backlinks/export", query = "target* mode", answer = "object",
        repeatable = false, billed = true,
        cost = { 1, per = "row", of = false, note = "links in the file; the vendor's figure", confidence = "high" },
        job = { status = "status", id = "task_id", param = "task_id", state = "task_status", bad = "rejected" },
        source = "openapi mcp n8n docs", confidence = "medium",
        about = "Write a whole link profile to a file. Rejected at once when the plan's exports are used up.",
        use = "a very large profile as one file, without filters",
        fields = [[
          task_id string? missing when rejected
          task_status string queued_for_processing, processing, complete or rejected
        ]],
        example = [[{"task_id":"1_400871","task_status":"queued_for_processing"}]] },
      { "status", data = "GET /v1/backlinks/export/status", query = "task_id*", answer = "object",
        cost = { 0, per = "request", note = "free, but counted by the limiter", confidence = "high" },
        job = { state = "task_status", pending = "queued_for_processing processing", good = "complete", bad = "rejected",
          result = "download_file", every = { 5, 60 } },
        source = "openapi mcp n8n third-party", confidence = "medium",
        about = "Progress of an export; when complete, the address of its file: gzipped CSV, on another host, for a "
          .. "short time.",
        fields = [[
          task_id string
          task_status string queued_for_processing, processing, complete or rejected
          download_file string? address of the file; the member is known from one source
        ]],
        example = [[{"task_id":"1_400871","task_status":"complete",
          "download_file":"https://files.example/exports/1_400871.csv.gz"}]] },
    },
  },
  {
    name = "data.backlinks.history",
    about = "New and lost backlinks.",
    params = {
      target = TARGET,
      mode = MODE,
      new_lost_type = NEW_LOST,
      date_from = SINCE,
      date_to = UNTIL,
      link_type = LINK_TYPE,
      anchor_type = ANCHOR_TYPE,
      dofollow = DOFOLLOW,
      url_from = URL_FROM,
      limit = LIMIT,
      order_by = BY_LOSS,
    },
    operations = {
      { "list", data = "GET /v1/backlinks/history", post = true,
        query = "target* mode new_lost_type date_from date_to link_type anchor_type dofollow url_from limit order_by",
        answer = "object", billed = true,
        pages = cut_list("new_lost_backlinks"), cost = EACH_ROW, source = USUAL, confidence = "high",
        about = "New and lost backlinks between two days. Cut at limit: ask for fewer days at a time.",
        use = "the links themselves",
        fields = [[
          new_lost_backlinks[].new_lost_date date
          new_lost_backlinks[].new_lost_type string new or lost
          new_lost_backlinks[].url_from string the linking page
          new_lost_backlinks[].url_to string the page linked to
          new_lost_backlinks[].title string title of the linking page
          new_lost_backlinks[].anchor string text of the link
          new_lost_backlinks[].nofollow boolean
          new_lost_backlinks[].image boolean true: the link is an image
          new_lost_backlinks[].link_type string href or redirect
          new_lost_backlinks[].redirect_chain boolean
          new_lost_backlinks[].redirect_chain_urls[] string
          new_lost_backlinks[].reason_lost string? page_not_found, link_removed, redirect, noindex, perhaps others
          new_lost_backlinks[].inlink_rank integer score of the linking page, 0-100
          new_lost_backlinks[].domain_inlink_rank integer score of the linking domain, 0-100
          new_lost_backlinks[].first_seen date
        ]],
        example = [[{"new_lost_backlinks":[{"new_lost_date":"2026-07-04","new_lost_type":"lost",
          "url_from":"https://harbour.example/boats/12","url_to":"https://anchors.example/","title":"Boats",
          "anchor":"good anchors","nofollow":false,"image":false,"link_type":"href","redirect_chain":false,
          "redirect_chain_urls":[],"reason_lost":"page_not_found","inlink_rank":18,"domain_inlink_rank":36,
          "first_seen":"2026-02-11"}]}]] },
      { "count", data = "GET /v1/backlinks/history/count", post = true,
        query = "target* mode new_lost_type date_from date_to link_type anchor_type dofollow url_from", answer = "object",
        billed = true, cost = PER_CALL, source = USUAL, confidence = "high",
        about = "New and lost backlinks, counted day by day.",
        use = "a chart of gains and losses",
        fields = [[
          new_lost_backlinks_count[].date date
          new_lost_backlinks_count[].new integer? perhaps missing with new_lost_type
          new_lost_backlinks_count[].lost integer? perhaps missing with new_lost_type
        ]],
        example = [[{"new_lost_backlinks_count":[{"date":"2026-07-04","new":6,"lost":2}]}]] },
      { "cumulative", data = "GET /v1/backlinks/history/cumulative", post = true,
        query = "target* mode date_from date_to", params = { date_from = FIRST_DAY, date_to = LAST_DAY }, answer = "object",
        billed = true, cost = PER_CALL, source = USUAL, confidence = "high",
        about = "Number of backlinks, day by day.",
        use = "a chart of the total",
        fields = [[
          backlinks_count[].date date
          backlinks_count[].backlinks integer
        ]],
        example = [[{"backlinks_count":[{"date":"2026-07-03","backlinks":726},{"date":"2026-07-04","backlinks":730}]}]] },
    },
  },
  {
    name = "data.backlinks.anchors",
    about = "Anchor texts of the backlinks.",
    params = { target = TARGET, mode = MODE, order_by = BY_COUNT, limit = LIMIT },
    operations = {
      { "list", data = "GET /v1/backlinks/anchors", post = true,
        query = "target* mode order_by limit", answer = "object", billed = true,
        pages = cut_list("anchors"), cost = EACH_ROW, source = USUAL,
        confidence = "high",
        about = "Anchor texts of the backlinks.",
        fields = "  anchors[].anchor string\n" .. link_totals "anchors[]",
        example = [[{"anchors":[{"anchor":"good anchors","backlinks":210,"refdomains":14,"dofollow_backlinks":190,
          "nofollow_backlinks":20,"first_seen":"2024-05-02","last_visited":"2026-08-30"}]}]] },
    },
  },
  {
    name = "data.backlinks.refdomains",
    about = "Domains that link to the target.",
    params = { target = TARGET, mode = MODE, order_by = BY_RANK, limit = LIMIT },
    operations = {
      { "list", data = "GET /v1/backlinks/refdomains", post = true,
        query = "target* mode order_by limit", answer = "object", billed = true,
        pages = cut_list("refdomains"), cost = EACH_ROW,
        source = "openapi mcp n8n skills", confidence = "high",
        about = "The domains that link to the target.",
        use = "the sites behind the links: fewer rows to pay than client.data.backlinks:all has",
        fields = [[
          refdomains[].refdomain string
          refdomains[].backlinks integer
          refdomains[].dofollow_backlinks integer
          refdomains[].first_seen date
          refdomains[].domain_inlink_rank integer score of the domain, 0-100
        ]],
        example = [[{"refdomains":[{"refdomain":"harbour.example","backlinks":9,"dofollow_backlinks":8,
          "first_seen":"2025-11-20","domain_inlink_rank":36}]}]] },
      { "count", data = "GET /v1/backlinks/refdomains/count", post = true, query = "target* mode",
        params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(10), source = USUAL,
        confidence = "high",
        about = "Number of referring domains of each target.",
        fields = [[
          metrics[].target string
          metrics[].refdomains integer
        ]],
        example = [[{"metrics":[{"target":"anchors.example","refdomains":64}]}]] },
    },
  },
  {
    name = "data.backlinks.refdomains.history",
    about = "New and lost linking domains.",
    params = {
      target = TARGET,
      mode = MODE,
      new_lost_type = NEW_LOST,
      date_from = SINCE,
      date_to = UNTIL,
      order_by = BY_LOSS,
      limit = LIMIT,
    },
    operations = {
      { "list", data = "GET /v1/backlinks/refdomains/history", post = true,
        query = "target* mode new_lost_type date_from date_to order_by limit", answer = "object", billed = true,
        pages = cut_list("new_lost_refdomains"), cost = EACH_ROW, source = USUAL, confidence = "high",
        about = "New and lost referring domains between two days. Cut at limit: ask for fewer days at a time.",
        use = "the domains themselves",
        fields = [[
          new_lost_refdomains[].new_lost_date date
          new_lost_refdomains[].new_lost_type string new or lost
          new_lost_refdomains[].refdomain string
          new_lost_refdomains[].backlinks integer
          new_lost_refdomains[].dofollow_backlinks integer
          new_lost_refdomains[].first_seen date
          new_lost_refdomains[].domain_inlink_rank integer score of the domain, 0-100
        ]],
        example = [[{"new_lost_refdomains":[{"new_lost_date":"2026-07-04","new_lost_type":"new",
          "refdomain":"ropes.example","backlinks":3,"dofollow_backlinks":1,"first_seen":"2026-07-04",
          "domain_inlink_rank":11}]}]] },
      { "count", data = "GET /v1/backlinks/refdomains/history/count", post = true,
        query = "target* mode new_lost_type date_from date_to", answer = "object", billed = true, cost = PER_CALL,
        source = USUAL, confidence = "high",
        about = "New and lost referring domains, counted day by day.",
        use = "a chart of gains and losses",
        fields = [[
          new_lost_refdomains_count[].date date
          new_lost_refdomains_count[].new integer? perhaps missing with new_lost_type
          new_lost_refdomains_count[].lost integer? perhaps missing with new_lost_type
        ]],
        example = [[{"new_lost_refdomains_count":[{"date":"2026-07-04","new":2,"lost":0}]}]] },
    },
  },
  {
    name = "data.backlinks.referring_ips",
    about = "IP addresses that backlinks come from.",
    params = { target = TARGET, mode = MODE, order_by = BY_COUNT, limit = LIMIT },
    operations = {
      { "list", data = "GET /v1/backlinks/referring-ips", post = true,
        query = "target* mode order_by limit", answer = "object", billed = true,
        pages = cut_list("ips"), cost = EACH_ROW, source = USUAL,
        confidence = "high",
        about = "The IP addresses that backlinks come from.",
        fields = "  ips[].ip string\n" .. link_totals "ips[]",
        example = [[{"ips":[{"ip":"198.51.100.23","backlinks":31,"refdomains":2,"dofollow_backlinks":30,
          "nofollow_backlinks":1,"first_seen":"2025-01-17","last_visited":"2026-08-29"}]}]] },
      { "count", data = "GET /v1/backlinks/referring-ips/count", post = true,
        query = "target* mode", params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(10),
        source = USUAL, confidence = "high",
        about = "Number of IP addresses that link to each target.",
        fields = [[
          metrics[].target string
          metrics[].ips integer
        ]],
        example = [[{"metrics":[{"target":"anchors.example","ips":58}]}]] },
    },
  },
  {
    name = "data.backlinks.referring_subnets",
    about = "Networks that backlinks come from.",
    params = { target = TARGETS, mode = MODE },
    operations = {
      { "count", data = "GET /v1/backlinks/referring-subnets/count", post = true,
        query = "target* mode", answer = "object", billed = true, cost = each_target(10), source = USUAL,
        confidence = "high",
        about = "Number of class C networks that link to each target. There is no list of them.",
        fields = [[
          metrics[].target string
          metrics[].subnets integer
        ]],
        example = [[{"metrics":[{"target":"anchors.example","subnets":51}]}]] },
    },
  },
  {
    name = "data.backlinks.indexed_pages",
    about = "The target's own pages that have backlinks.",
    params = { target = TARGET, mode = MODE, order_by = BY_COUNT, limit = LIMIT },
    operations = {
      { "list", data = "GET /v1/backlinks/indexed-pages", post = true,
        query = "target* mode order_by limit", answer = "object", billed = true,
        pages = cut_list("pages"), cost = EACH_ROW, source = USUAL,
        confidence = "high",
        about = "The target's own pages that have backlinks.",
        fields = "  pages[].url string\n" .. link_totals "pages[]",
        example = [[{"pages":[{"url":"https://anchors.example/","backlinks":402,"refdomains":48,
          "dofollow_backlinks":350,"nofollow_backlinks":52,"first_seen":"2021-09-08","last_visited":"2026-08-31"}]}]] },
    },
  },
}

for _, resource in ipairs(require "seranking.api.data.backlinks_authority") do
  family[#family + 1] = resource
end

-- These answer in JSON or XML.
for _, resource in ipairs(family) do
  for _, operation in ipairs(resource.operations) do
    operation.fixed = "output=json"
  end
end

return family
