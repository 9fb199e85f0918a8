--- The operations of client.data.domain.
-- SPDX-License-Identifier: MIT
--
-- Lists have no total: a short page is the last one.

local filters = require "seranking.api.data.filters"
local shared = require "seranking.api.shared"

local range = filters.range

local SOURCE = filters.source
local DOMAIN = { type = "string", about = "domain or host, without a scheme" }
local URL = { type = "string", about = "one page instead of a domain; takes precedence over domain" }
local KIND = { type = "string", enum = { "organic", "adv" }, default = "organic", about = "organic or paid results" }
local SUBDOMAINS = { type = "flag", default = 1, about = "0: without subdomains" }
local DIRECTION = { type = "string", enum = { "asc", "desc" }, default = "desc", about = "order" }
local PAGE = { type = "integer", min = 1, default = 1, about = "page, from 1" }
local LIMIT = { type = "integer", min = 1, max = 1000, default = 100, about = "rows a page" }

local OFFICIAL = { 100, per = "request", note = "the vendor's figure", confidence = "high" }
local PER_CALL = { 100, per = "request", note = shared.third_party, confidence = "medium" }

-- ---- answers ----

-- Totals of a domain, at the member `at`; `tops` are the ranges of positions that are counted.
local function totals(at, tops)
  local lines = { (([[
  @.base_domain string
  @.year integer month that the figures are of
  @.month integer
  @.keywords_count integer keywords that it ranks for
  @.traffic_sum integer visits a month, estimated
  @.price_sum number cost of these visits as ads
  @.keywords_new_count integer since the month before
  @.keywords_up_count integer
  @.keywords_down_count integer
  @.keywords_equal_count integer
  @.keywords_lost_count integer
]]):gsub("@", at)) }
  for top in tops:gmatch "%S+" do
    lines[#lines + 1] = ("  %s.top%s integer keywords in these positions\n"):format(at, top)
  end
  return table.concat(lines)
end

-- The same over countries, a row each.
local function world_totals(at, tops)
  local lines = { (([[
  @[].source string worldwide in the first row, then country databases
  @[].country string
  @[].keywords_count integer keywords that it ranks for
  @[].traffic_sum integer visits a month, estimated
  @[].price_sum number cost of these visits as ads
  @[].positions_new_count integer since the month before
  @[].positions_up_count integer
  @[].positions_down_count integer
  @[].positions_equal_count integer
  @[].positions_lost_count integer
]]):gsub("@", at)) }
  for top in tops:gmatch "%S+" do
    lines[#lines + 1] = ("  %s[].positions_tops.top%s integer keywords in these positions\n"):format(at, top)
  end
  return table.concat(lines)
end

local TOPS = "1_5 6_10 11_20 21_50 51_100"
local PAID_TOPS = "1_2 3_5 6_8 9_11"

local SNIPPETS = [[
  snippets object month (YYYY-MM) to the ad of that month
  snippets.<month>.position integer
  snippets.<month>.snippet_title string
  snippets.<month>.snippet_description string
  snippets.<month>.snippet_display_url string
  snippets.<month>.snippet_count integer other sources call it snippet_num or snippets_count
  snippets.<month>.url string target of the link
]]
local SNIPPET_EXAMPLE = [["snippets":{"2026-07":{"position":1,"snippet_title":"Anchors","snippet_description":"Hold fast",
  "snippet_display_url":"anchors.example","snippet_count":2,"url":"https://anchors.example/sale"}}]]

local PAGES_QUERY = "target* scope* source* type order_field order_type offset limit filter"
local PAGES_PARAMS = {
  target = DOMAIN,
  scope = { type = "string", enum = { "base_domain", "domain", "url" },
    about = "base_domain: with all subdomains; domain: that host alone (mode = domain of data.backlinks includes subdomains)" },
  source = SOURCE,
  type = KIND,
  order_field = { type = "string", enum = { "keywords_count", "traffic_sum", "traffic_percent", "price_sum" },
    default = "keywords_count", about = "what to sort by" },
  order_type = DIRECTION,
  offset = { type = "integer", min = 0, default = 0, about = "rows to skip" },
  limit = { type = "integer", min = 1, max = 1000, default = 100, about = "most rows to return" },
  filter = filters.new {
    domain_url = filters.rules "addresses to keep",
    domain_traffic_percent = range("number", "share of the domain's traffic, %"),
    keywords_count = range("integer", "number of keywords that it ranks for"),
    traffic_sum = range("integer", "visits a month"),
    price_sum = range("number", "value of the traffic"),
  },
}
local BY_OFFSET = { style = "offset", size = 100, max = 1000 }

return {
  about = "Any site in the search results of a country: totals, keywords, pages, ads, competitors.",
  {
    name = "data.domain.overview",
    about = "Totals of a site, in a country or worldwide.",
    params = {
      source = SOURCE,
      domain = DOMAIN,
      url = URL,
      type = KIND,
      with_subdomains = SUBDOMAINS,
      fields = { type = "string[]", style = "comma", about = "groups of figures to return",
        enum = { "price", "traffic", "keywords", "positions_diff", "positions_tops" } },
      show_zones_list = { type = "flag", default = 0, about = "1: add a row for each country" },
      currency = { type = "string", min_length = 3, max_length = 3, default = "USD", about = "currency of prices, ISO 4217" },
    },
    operations = {
      { "db", data = "GET /v1/domain/overview/db", query = "source* domain url with_subdomains", any_of = "domain url",
        answer = "object", billed = true, cost = OFFICIAL, source = "openapi mcp n8n skills", confidence = "high",
        about = "Totals of a domain or a page in one country. url takes precedence over domain.",
        use = "one country, with changes since last month",
        fields = totals("organic", TOPS) .. totals("adv", PAID_TOPS),
        example = [[{"organic":{"base_domain":"anchors.example","year":2026,"month":8,"keywords_count":214,
          "traffic_sum":530,"price_sum":212.4,"keywords_new_count":12,"keywords_up_count":41,"keywords_down_count":33,
          "keywords_equal_count":128,"keywords_lost_count":9,"top1_5":18,"top6_10":22,"top11_20":37,"top21_50":81,
          "top51_100":56},"adv":{"base_domain":"anchors.example","year":2026,"month":8,"keywords_count":3,"traffic_sum":7,
          "price_sum":4.1,"keywords_new_count":1,"keywords_up_count":0,"keywords_down_count":1,"keywords_equal_count":1,
          "keywords_lost_count":0,"top1_2":1,"top3_5":2,"top6_8":0,"top9_11":0}}]] },
      { "worldwide", data = "GET /v1/domain/overview/worldwide",
        query = "domain* fields show_zones_list currency with_subdomains", answer = "object", billed = true,
        cost = OFFICIAL, source = "openapi mcp n8n", confidence = "high",
        about = "Totals of a domain over all countries. Gains and losses are called positions_… here, keywords_… in db.",
        use = "the countries of a domain",
        fields = world_totals("organic", TOPS) .. world_totals("adv", PAID_TOPS),
        example = [[{"organic":[{"source":"worldwide","country":"Worldwide","keywords_count":640,"traffic_sum":1490,
          "price_sum":588.7,"positions_new_count":30,"positions_up_count":101,"positions_down_count":90,
          "positions_equal_count":419,"positions_lost_count":25,"positions_tops":{"top1_5":44,"top6_10":61,"top11_20":120,
          "top21_50":250,"top51_100":165}}],"adv":[{"source":"worldwide","country":"Worldwide","keywords_count":5,
          "traffic_sum":11,"price_sum":6.3,"positions_new_count":1,"positions_up_count":1,"positions_down_count":1,
          "positions_equal_count":2,"positions_lost_count":0,"positions_tops":{"top1_2":2,"top3_5":3,"top6_8":0,
          "top9_11":0}}]}]] },
      { "worldwide_url", data = "GET /v1/domain/overview/worldwide/url", query = "url* fields",
        params = {
          url = { type = "string", about = "address of a page, with its scheme" },
          fields = { type = "string[]", style = "comma", enum = { "keywords", "traffic", "price" },
            about = "groups of figures to return" },
        },
        answer = "object", billed = true, cost = PER_CALL, source = "openapi mcp n8n third-party", confidence = "high",
        about = "Totals of one page over all countries.",
        use = "the same for one page",
        fields = [[
          organic[].source string worldwide
          organic[].keywords_count integer keywords that it ranks for
          organic[].traffic_sum integer visits a month, estimated
          organic[].price_sum number cost of these visits as ads
          adv[].source string
          adv[].keywords_count integer
          adv[].traffic_sum integer
          adv[].price_sum number
        ]],
        example = [[{"organic":[{"source":"worldwide","keywords_count":37,"traffic_sum":96,"price_sum":30.2}],
          "adv":[{"source":"worldwide","keywords_count":1,"traffic_sum":2,"price_sum":0.9}]}]] },
      { "history", data = "GET /v1/domain/overview/history", query = "source* domain url type with_subdomains",
        any_of = "domain url", answer = "array", billed = true, cost = PER_CALL, source = "openapi mcp n8n skills",
        confidence = "high",
        about = "Totals month by month, for as long as the site is known. url takes precedence over domain.",
        use = "a chart over months",
        fields = [[
          year integer
          month integer
          keywords_count integer keywords that it ranked for
          traffic_sum integer visits in the month, estimated
          price_sum number cost of these visits as ads
          top1_5 integer? organic results only, like the next four
          top6_10 integer?
          top11_20 integer?
          top21_50 integer?
          top51_100 integer?
          top1_2 integer? paid results only, like the next three
          top3_5 integer?
          top6_8 integer?
          top9_11 integer?
        ]],
        example = [=[[{"year":2026,"month":7,"keywords_count":209,"traffic_sum":511,"price_sum":204.9,"top1_5":17,
          "top6_10":20,"top11_20":36,"top21_50":80,"top51_100":56},{"year":2026,"month":8,"keywords_count":214,
          "traffic_sum":530,"price_sum":212.4,"top1_5":18,"top6_10":22,"top11_20":37,"top21_50":81,"top51_100":56}]]=] },
    },
  },
  {
    name = "data.domain.keywords",
    about = "Keywords that a site ranks for.",
    params = {
      source = SOURCE,
      domain = DOMAIN,
      url = { type = "string", about = "one exact page instead of a domain; for patterns use filter.url" },
      type = KIND,
      with_subdomains = SUBDOMAINS,
      order_field = { type = "string", default = "traffic", about = "what to sort by; the last two are uncertain",
        enum = { "traffic", "volume", "position", "cpc", "competition", "kei", "difficulty", "traffic_percent", "price" } },
      order_type = DIRECTION,
      page = PAGE,
      limit = LIMIT,
      cols = { type = "string[]", style = "comma", about = "columns to return",
        enum = { "keyword", "position", "prev_pos", "volume", "cpc", "competition", "url", "kei", "total_sites", "traffic",
          "traffic_percent", "price", "block", "snippet_num", "snippets_count", "snippet_title", "snippet_description",
          "snippet_display_url" } },
      pos_change = { type = "string", enum = { "up", "down", "new", "lost", "diff", "same" },
        about = "only rows with this change since the month before" },
      year = { type = "integer", about = "with month: a past month; its rows have other members. Known from one source" },
      month = { type = "integer", min = 1, max = 12, about = "with year" },
      compare = { type = "string", about = "the second site or page, of the same kind as the first" },
      diff = { type = "flag", default = 0,
        about = "0: keywords of both sites; 1: those of the first that the second lacks, so put the competitor first" },
      filter = filters.new {
        volume = range("integer", "searches a month"),
        difficulty = range("integer", "0-100"),
        characters_count = range("integer", "characters of the keyword"),
        keyword_count = range("integer", "words of the keyword"),
        position = range("integer", "position"),
        competition = range("number", "0-1 in rows; the filter may want 0-100"),
        cpc = range("number", "price of a click"),
        traffic = range("integer", "visits a month"),
        traffic_percent = range("number", "share of the site's traffic, %"),
        price = range("number", "value of the traffic"),
        url = filters.rules "pages to keep",
        keyword = { type = "string", about = "text in the keyword, case-sensitive" },
        multi_keyword_included = filters.included,
        multi_keyword_excluded = filters.excluded,
        serp_features = filters.serp_features,
        intents = filters.intents,
        serp_features_2 = { type = "object", style = "tree", required = "mode value",
          about = "features of the results page that the site does, or does not, appear in", fields = {
            mode = { type = "string", enum = { "with_link", "without_link" }, about = "whether the site appears in them" },
            value = { type = "string[]", style = "tree", about = "the features" },
          } },
      },
    },
    operations = {
      { "list", data = "GET /v1/domain/keywords", any_of = "domain url",
        query = "source* domain url type with_subdomains order_field order_type page limit cols pos_change year month filter",
        pages = { style = "page", size = 100, max = 1000 }, answer = "array",
        numbers = "volume traffic",
        billed = true, cost = PER_CALL,
        source = "openapi mcp n8n skills third-party", confidence = "high",
        about = "Keywords that a domain or a page ranks for. url takes precedence over domain.",
        use = "all keywords of one site",
        fields = [[
          block_type string? kind of result: organic …
          block_position integer? place of the block on the results page
          keyword string
          position integer
          prev_pos integer? the month before; 0 or missing for new keywords
          previous_position integer? with year and month, instead of prev_pos
          volume integer searches a month; text with year and month
          cpc number price of a click
          competition number 0-1
          url string page that ranks
          difficulty integer 0-100
          total_sites integer? results that the search engine reports; missing with year and month
          traffic integer visits a month, estimated; text with year and month
          traffic_percent number share of the site's traffic
          price number value of the traffic
          intents array? missing with type = adv
          intents[] string letters; long names with year and month
          serp_features array? missing with type = adv
          serp_features[] string
          block string|integer? paid rows only, like the next five: place of the ad
          snippet_num integer?
          snippets_count integer?
          snippet_title string?
          snippet_description string?
          snippet_display_url string?
        ]],
        example = [=[[{"block_type":"organic","block_position":2,"keyword":"folding anchor","position":3,"prev_pos":5,
          "volume":880,"cpc":0.41,"competition":0.73,"url":"https://anchors.example/folding","difficulty":19,
          "total_sites":2300000,"traffic":61,"traffic_percent":11.5,"price":25.01,"intents":["C"],
          "serp_features":["images","reviews"]}]]=] },
      { "comparison", data = "GET /v1/domain/keywords/comparison", any_of = "domain url",
        query = "source* domain url compare* type diff page limit cols order_field order_type filter",
        params = {
          order_field = { type = "string", default = "keyword", about = "what to sort by",
            enum = { "keyword", "volume", "cpc", "competition", "difficulty", "position" } },
          order_type = { type = "string", enum = { "asc", "desc" }, default = "asc", about = "order" },
          cols = { type = "string[]", style = "comma", about = "columns to return",
            enum = { "keyword", "volume", "cpc", "competition", "kei", "total_sites", "position", "url", "price", "traffic",
              "compare_position", "compare_url", "compare_price", "compare_traffic" } },
          -- Known from the vendor's hosted tools alone.
          filter = filters.new {
            volume = range("integer", "searches a month"),
            difficulty = range("integer", "0-100"),
            cpc = range("number", "price of a click"),
            competition = range("number", "0-1"),
            intents = filters.intents,
            serp_features = filters.serp_features,
            keyword = { type = "string", about = "text in the keyword, case-sensitive" },
            multi_keyword_included = filters.included,
            multi_keyword_excluded = filters.excluded,
          },
        },
        pages = { style = "page", size = 100, max = 1000 }, answer = "array", billed = true, cost = PER_CALL,
        source = "openapi mcp n8n", confidence = "high",
        about = "Keywords that two sites share or, with diff, that only the first has.",
        use = "keyword gaps between two sites",
        fields = [[
          keyword string
          volume integer searches a month
          cpc number price of a click
          competition number 0-1
          difficulty integer 0-100
          total_sites integer results that the search engine reports
          position integer position of the first site, like the next three
          url string
          price number value of the traffic
          traffic integer visits a month, estimated
          compare_position integer? position of the second site, like the next three; missing or empty with diff
          compare_url string?
          compare_price number?
          compare_traffic integer?
        ]],
        example = [=[[{"keyword":"folding anchor","volume":880,"cpc":0.41,"competition":0.73,"difficulty":19,
          "total_sites":2300000,"position":3,"url":"https://anchors.example/folding","price":25.01,"traffic":61,
          "compare_position":8,"compare_url":"https://ropes.example/anchors","compare_price":6.5,
          "compare_traffic":16}]]=] },
    },
  },
  {
    name = "data.domain.pages",
    about = "Pages of a site that rank.",
    params = PAGES_PARAMS,
    operations = {
      { "list", data = "GET /v1/domain/pages", query = PAGES_QUERY, pages = BY_OFFSET, answer = "array", billed = true,
        cost = PER_CALL, source = "openapi mcp n8n skills third-party", confidence = "medium",
        about = "Pages of a site that rank, with their totals.",
        fields = [[
          url string
          title string?
          keywords_count integer keywords that it ranks for
          traffic_sum integer visits a month, estimated
          traffic_percent number share of the site's traffic
          price_sum number value of the traffic
          intents object? by letter of the intent, perhaps lower case
          intents.<letter>.count integer keywords
          intents.<letter>.percents number share of the page's keywords
          intents.<letter>.traffic number
        ]],
        example = [=[[{"url":"https://anchors.example/folding","title":"Folding anchors","keywords_count":29,
          "traffic_sum":118,"traffic_percent":22.3,"price_sum":48.6,
          "intents":{"c":{"count":21,"percents":72.4,"traffic":96}}}]]=] },
    },
  },
  {
    name = "data.domain.subdomains",
    about = "Subdomains of a site that rank.",
    params = PAGES_PARAMS,
    operations = {
      { "list", data = "GET /v1/domain/subdomains", query = PAGES_QUERY,
        params = { scope = { type = "string", enum = { "base_domain", "domain" },
          about = "base_domain: with all subdomains; domain: that host alone; the results may be the same" } },
        pages = BY_OFFSET, answer = "array", billed = true, cost = PER_CALL,
        source = "openapi mcp n8n skills third-party", confidence = "medium",
        about = "Subdomains of a site that rank. Give the main domain: a subdomain has none.",
        fields = [[
          url string the subdomain
          keywords_count integer keywords that it ranks for
          traffic_sum integer visits a month, estimated
          traffic_percent number share of the site's traffic
          price_sum number value of the traffic
        ]],
        example = [=[[{"url":"log.anchors.example","keywords_count":40,"traffic_sum":75,"traffic_percent":14.2,
          "price_sum":19.8}]]=] },
    },
  },
  {
    name = "data.domain.ads",
    about = "Search ads, by advertiser and by keyword.",
    params = {
      source = SOURCE,
      domain = { type = "string", about = "the advertiser's domain" },
      keyword = { type = "string", about = "the keyword of the ads" },
      from = { type = "month", about = "first month" },
      to = { type = "month", about = "last month" },
      page = PAGE,
      limit = { type = "integer", min = 1, max = 100, default = 100, about = "rows a page" },
    },
    operations = {
      -- One path; domain or keyword in the query decides what it answers.
      { "by_domain", data = "GET /v1/domain/ads{?domain}", query = "source* from to page limit",
        pages = { style = "page", size = 100, max = 100 }, answer = "array",
        numbers = "* snippets.<month>.*",
        texts = "keyword snippet_title snippet_description snippet_display_url url",
        billed = true, cost = PER_CALL,
        source = "openapi mcp n8n", confidence = "medium",
        about = "Keywords that a site advertised on, with its ads, by month.",
        use = "the ads of one site",
        fields = [[
          keyword string
          ads_count integer
          coverage number
          competition number 0-1
          cpc number price of a click
          volume integer searches a month
          traffic integer visits a month, estimated
        ]] .. SNIPPETS,
        example = '[{"keyword":"buy anchors","ads_count":2,"coverage":50,"competition":0.8,"cpc":0.95,"volume":320,'
          .. '"traffic":4,' .. SNIPPET_EXAMPLE .. "}]" },
      { "by_keyword", data = "GET /v1/domain/ads{?keyword}", query = "source* from to page limit",
        pages = { style = "page", size = 100, max = 100 }, answer = "array",
        numbers = "* snippets.<month>.*",
        texts = "domain snippet_title snippet_description snippet_display_url url",
        billed = true, cost = PER_CALL,
        source = "openapi mcp n8n", confidence = "medium",
        about = "Sites that advertised on a keyword, with their ads, by month.",
        use = "the advertisers on one keyword",
        fields = [[
          domain string
          ads_count integer
          keywords_count integer keywords that it advertises on
          traffic_sum integer visits a month, estimated
          price_sum number value of the traffic
        ]] .. SNIPPETS,
        example = '[{"domain":"anchors.example","ads_count":2,"keywords_count":3,"traffic_sum":7,"price_sum":4.1,'
          .. SNIPPET_EXAMPLE .. "}]" },
    },
  },
  {
    name = "data.domain.competitors",
    about = "Sites that rank for the same keywords.",
    params = {
      source = SOURCE,
      domain = DOMAIN,
      url = URL,
      type = KIND,
      stats = { type = "flag", default = 0, about = "1: add each competitor's totals" },
    },
    operations = {
      { "list", data = "GET /v1/domain/competitors", query = "source* domain url type stats", any_of = "domain url",
        answer = "array", billed = true, cost = OFFICIAL, source = "openapi mcp n8n skills", confidence = "high",
        about = "Sites that rank for the same keywords: about 500 at most, in no order. url takes precedence over domain.",
        fields = [[
          domain string
          common_keywords integer
          total_keywords integer? with stats only, like the rest
          missing_keywords integer? keywords that the competitor has and the site lacks
          traffic_sum integer? visits a month, estimated
          price_sum number? value of the traffic
          domain_relevance number?
        ]],
        example = [=[[{"domain":"ropes.example","common_keywords":58,"total_keywords":390,"missing_keywords":332,
          "traffic_sum":870,"price_sum":301.6,"domain_relevance":14.9}]]=] },
    },
  },
}
