--- The operations of client.sites.
-- SPDX-License-Identifier: MIT

local SITE = require("seranking.api.shared").site
local SITE_ENGINE = { type = "id", about = "engine of the project (site_engine_id, not search_engine_id)" }

return {
  about = "Projects, and what each has: positions, keywords, search engines, ads, landing-page tags.",
  {
    name = "sites",
    id = "site_id",
    params = {
      site_id = SITE,
      url = { type = "string", about = "domain or page to track; it must resolve, and reserved test domains are refused" },
      title = { type = "string", about = "name of the project, 1-255 characters" },
      depth = { type = "integer", enum = { 100, 200 }, default = 100, about = "number of results that a check looks at" },
      subdomain_match = { type = "flag", default = 0, about = "1: include subdomains" },
      exact_url = { type = "flag", default = 0, about = "1: count this page only" },
      check_freq = { type = "string", default = "check_daily", about = "how often positions are checked",
        enum = { "check_daily", "check_1in3", "check_weekly", "check_monthly", "manual" } },
      check_day = { type = "integer", min = 1, max = 31,
        about = "1-7 (Monday is 1) with check_weekly, 1-31 with check_monthly" },
      site_group_id = { type = "id", about = "project group: id of client.site_groups:list" },
      is_active = { type = "flag", about = "1: active, 0: paused" },
      auto_reports = { type = "flag", default = 1, about = "1: mail a report every week" },
      disable_audit = { type = "flag", default = 0, about = "1: no automatic site audit" },
      site_engine_id = { type = "id", about = "engine of the project; uncertain, seen in one client only" },
    },
    operations = {
      { "list", v4 = "GET /sites", v1 = "GET /v1/project-management/sites", answer = "array",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "All projects, in one answer; id is the site_id of other calls.",
        use = "finding projects and their ids",
        fields = [[
          id integer the site_id of other calls
          title string
          name string the domain or page that is tracked
          group_id integer project group; 0: none
          is_active integer 0 or 1
          exact_url integer 0 or 1
          subdomain_match integer 0 or 1
          depth integer results that a check looks at, 100 or 200
          check_freq string
          check_day integer? day of the week or month
          guest_link string? address of a report that anybody can read
          keyword_count integer?
          match_mode string? not documented, seen in answers]],
        example = [=[
          [{"id": 147696, "title": "Corner Bakery", "name": "corner-bakery.example", "group_id": 0, "is_active": 1,
            "exact_url": 0, "subdomain_match": 1, "depth": 100, "check_freq": "check_weekly", "check_day": 1,
            "guest_link": "https://online.seranking.example/guest/147696", "keyword_count": 24}]]=] },
      { "create", v4 = "POST /sites", v1 = "POST /v1/project-management/sites", answer = "object", success = { 201 },
        body = "url* title* depth subdomain_match exact_url check_freq check_day site_group_id is_active auto_reports "
          .. "disable_audit",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Create a project. The vendor's panel hides it until it has engines and keywords.",
        fields = "site_id integer", example = '{"site_id": 147696}', errors = { { 400, "Incorrect website URL" } } },
      { "update", v4 = "PUT /sites/{site_id}", v1 = "PATCH /v1/project-management/sites{?site_id}",
        row = { of = "list", map = "id:site_id name:url group_id:site_group_id" },
        body = "url title depth subdomain_match exact_url check_freq check_day site_group_id is_active",
        repeatable = true, source = "mcp n8n third-party", confidence = "high",
        about = "Change a project. What you leave out stays." },
      { "delete", v4 = "DELETE /sites/{site_id}", v1 = "DELETE /v1/project-management/sites{?site_id}",
        success = { 204, 200 }, source = "mcp n8n third-party", confidence = "high",
        about = "Delete a project and everything in it." },
      { "summary", v4 = "GET /sites/{site_id}/stat", v1 = "GET /v1/project-management/sites/summary{?site_id}",
        query = "site_engine_id", answer = "object",
        numbers = "index_google",
        source = "mcp n8n third-party", confidence = "high",
        about = "A project's totals: average position, gains and losses, top 5/10/30, visibility.",
        use = "the state of one project",
        fields = [[
          site_id integer
          title string? known from one client
          name string? known from one client
          process integer progress of the running check, percent
          today_avg number average position now
          yesterday_avg number
          total_up integer keywords that rose
          total_down integer
          top5 integer keywords within the first 5 results
          top10 integer
          top30 integer
          visibility number
          visibility_percent number percent
          index_google integer pages in Google's index
          domain_trust integer? 0-100; old pages call it da]],
        example = [=[
          {"site_id": 147696, "process": 100, "today_avg": 14.5, "yesterday_avg": 16, "total_up": 6, "total_down": 2,
            "top5": 4, "top10": 9, "top30": 17, "visibility": 153, "visibility_percent": 37.5, "index_google": "84",
            "domain_trust": 19}]=] },
    },
  },
  {
    name = "sites.positions",
    about = "Where a project ranks for its keywords.",
    params = {
      site_id = SITE,
      site_engine_id = SITE_ENGINE,
      keyword_id = { type = "id", about = "a keyword of the project" },
      date = { type = "date", about = "day of the position" },
      date_from = { type = "date", about = "first day; default about a week ago" },
      date_to = { type = "date", about = "last day; default today" },
      in_top = { type = "integer", about = "only keywords within the top N" },
      with_landing_pages = { type = "flag", default = 0, about = "1: add the pages that rank" },
      with_serp_features = { type = "flag", default = 0, about = "1: add the features of the results page" },
      with_content_score = { type = "flag", default = 0, about = "1: add content scores; seen in v1 only" },
      position = { type = "integer", min = 0, max = 200, about = "the position; 0 means not found" },
      keywords = { type = "object[]", about = "pairs to check; then site_engine_id of the call is ignored",
        required = "site_engine_id keyword_id",
        fields = {
          site_engine_id = SITE_ENGINE,
          keyword_id = { type = "id", about = "a keyword of the project" },
        } },
      type = { type = "string", default = "avg_pos", about = "the metric",
        enum = { "avg_pos", "visibility", "visibility_percent", "top10", "top10_percent" } },
      group_id = { type = "id", about = "only keywords of this keyword group" },
      keywords_ids = { type = "id[]", about = "only these keywords (the API's name has two plurals)" },
      tags_ids = { type = "id[]", about = "only keywords with these tags" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/positions", v1 = "GET /v1/project-management/sites/positions{?site_id}",
        query = "date_from date_to site_engine_id in_top with_landing_pages with_serp_features with_content_score",
        answer = "array",
        numbers = "keywords[].id keywords[].group_id keywords[].results keywords[].positions[].pos "
          .. "keywords[].positions[].change",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Positions by day, grouped by engine; pos 0 means not ranking.",
        use = "the positions of single keywords",
        fields = [[
          site_engine_id integer
          keywords array
          keywords[].id integer
          keywords[].name string?
          keywords[].group_id integer
          keywords[].volume integer? searches a month; 0 may mean too few to tell
          keywords[].competition number?
          keywords[].suggested_bid number?
          keywords[].cpc number? price of a click
          keywords[].results integer pages found
          keywords[].total_sum number cost
          keywords[].kei number? old answers only
          keywords[].positions array
          keywords[].positions[].date date
          keywords[].positions[].pos integer 0: not ranking
          keywords[].positions[].change integer places gained since the date before
          keywords[].positions[].price number
          keywords[].positions[].is_map integer 0 or 1
          keywords[].positions[].map_position integer
          keywords[].positions[].paid_position integer
          keywords[].positions[].depth integer?
          keywords[].landing_pages array? with with_landing_pages
          keywords[].landing_pages[].url string
          keywords[].landing_pages[].ascii_url string?
          keywords[].landing_pages[].date date when it was first seen
          keywords[].features object? with with_serp_features
          keywords[].features.<feature> boolean|integer true or 1
          keywords[].content_score integer? with with_content_score
          keywords[].content_score_change integer?]],
        example = [=[
          [{"site_engine_id": 880001, "keywords": [{"id": "55120001", "name": "rye bread", "group_id": "70011",
            "volume": 260, "competition": 0.3, "suggested_bid": 0.9, "cpc": 0.9, "results": "41000", "total_sum": 0,
            "positions": [{"date": "2026-09-09", "pos": 6, "change": 0, "price": 0, "is_map": 0, "map_position": 0,
              "paid_position": 0},
              {"date": "2026-09-10", "pos": 4, "change": 2, "price": 0, "is_map": 0, "map_position": 0,
              "paid_position": 0}]}]}]]=] },
      { "set", v4 = "PUT /sites/{site_id}/position", v1 = "PATCH /v1/project-management/sites/positions{?site_id}",
        body = "keyword_id* date* site_engine_id* position*", repeatable = true,
        source = "mcp n8n third-party", confidence = "high",
        about = "Set one position by hand." },
      { "recheck", v4 = "POST /sites/{site_id}/recheck",
        v1 = "POST /v1/project-management/sites/positions/recheck{?site_id}", body = "site_engine_id keywords",
        answer = "object", billed = true, source = "docs mcp n8n third-party", confidence = "medium",
        about = "Check positions now: pairs of keyword and engine, one engine, or everything. total says how many.",
        fields = "total integer number of checks that wait", example = '{"total": 8}' },
      { "check_dates", v4 = "GET /sites/{site_id}/check-dates",
        v1 = "GET /v1/project-management/sites/check-dates{?site_id}", query = "site_engine_id date_from date_to",
        answer = "array", source = "mcp n8n third-party", confidence = "medium",
        about = "Days on which positions were checked.",
        use = "the days that client.sites.positions:list can show",
        fields = "[] date",
        example = '["2026-09-01", "2026-09-02"]' },
      { "history", v4 = "GET /sites/{site_id}/chart",
        v1 = { "GET /v1/project-management/sites/positions/history{?site_id}", example = [=[
          {"data": [
            {"type": "avg", "name": "Average",
              "data": [{"date": "2026-09-01", "value": 18.5}, {"date": "2026-09-02", "value": 17}]},
            {"type": "search_engine", "name": "Google USA",
              "data": [{"date": "2026-09-01", "value": 18.5}, {"date": "2026-09-02", "value": 17}]}]}]=] },
        query = "site_engine_id date_from date_to type group_id keywords_ids tags_ids", answer = "array",
        unwrap = "data", source = "mcp n8n third-party", confidence = "medium",
        about = "One metric over time: a series for each engine, and one for the average.",
        use = "a chart of the whole project",
        fields = [[
          type string "avg" or "search_engine"
          name string
          data array
          data[].date date
          data[].value number in the metric's unit]],
        example = [=[
          [{"type": "avg", "name": "Average",
            "data": [{"date": "2026-09-01", "value": 18.5}, {"date": "2026-09-02", "value": 17}]},
          {"type": "search_engine", "name": "Google USA",
            "data": [{"date": "2026-09-01", "value": 18.5}, {"date": "2026-09-02", "value": 17}]}]]=] },
      { "checkpoints", v4 = "GET /sites/{site_id}/historicalDates",
        v1 = "GET /v1/project-management/sites/positions/checkpoints{?site_id}", query = "site_engine_id",
        answer = "map", source = "mcp n8n third-party", confidence = "medium",
        about = "Days to compare with that have data: label (yesterday, 7days …) to date.",
        use = "comparing today with a usual day before",
        fields = [[
          current date?
          <label> date? yesterday, 7days, 30days, 90days and the like]],
        example = '{"current": "2026-09-02", "yesterday": "2026-09-01", "7days": null}' },
    },
  },
  {
    name = "sites.ads",
    about = "Search ads on the results pages of a project's keywords.",
    params = {
      site_id = SITE,
      date_from = { type = "date", about = "first day; send it always, one source says it is required" },
      date_to = { type = "date", about = "last day; send it always, one source says it is required" },
      site_engine_ids = { type = "id[]", about = "only these engines of the project" },
      keywords_ids = { type = "id[]", about = "only these keywords (the API's name has two plurals)" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/ads", v1 = "GET /v1/project-management/sites/ads-stats{?site_id}",
        query = "date_from date_to site_engine_ids keywords_ids", answer = "array",
        source = "mcp n8n third-party", confidence = "low",
        about = "Ads above and below the results, counted by day. No source shows a row.",
        example = "[]" },
    },
  },
  {
    name = "sites.search_engines",
    about = "Search engines that a project tracks.",
    id = "site_engine_id",
    params = {
      site_id = SITE,
      site_engine_id = SITE_ENGINE,
      search_engine_id = { type = "id", about = "engine to add: id of client.system:search_engines" },
      region_id = { type = "id", about = "region of the engine, by number" },
      region_name = { type = "string", about = "full place name from client.system:google_regions; Google only" },
      lang_code = { type = "string", about = "language of the results, ISO 639-1" },
      merge_map = { type = "integer", enum = { 0, 1, 2 },
        about = "map results: 0 ignore, 1 count, 2 count and show separately" },
      business_name = { type = "string", about = "business name to find on the map" },
      phone = { type = "string", about = "telephone number to find on the map" },
      paid_results = { type = "flag", about = "1: track Google Ads as well" },
      featured_snippet = { type = "flag", about = "1: count featured snippets" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/search-engines",
        v1 = "GET /v1/project-management/sites/search-engines{?site_id}", answer = "array",
        source = "mcp n8n third-party", confidence = "high",
        about = "A project's engines. Positions and keywords take their site_engine_id.",
        fields = [[
          site_engine_id integer the site_engine_id of other calls
          search_engine_id integer id in client.system:search_engines
          region_id integer
          region_name string?
          lang_code string
          merge_map integer 0 maps ignored, 1 counted, 2 counted and shown apart
          business_name string?
          phone string?
          paid_results integer 0 or 1
          featured_snippet integer? 0 or 1
          keyword_count integer]],
        example = [=[
          [{"site_engine_id": 880001, "search_engine_id": 200, "region_id": 0, "region_name": null, "lang_code": "en",
            "merge_map": 1, "business_name": "Corner Bakery", "phone": null, "paid_results": 0, "featured_snippet": 1,
            "keyword_count": 24}]]=] },
      { "create", v4 = "POST /sites/{site_id}/search-engines",
        v1 = "POST /v1/project-management/sites/search-engines{?site_id}",
        body = "search_engine_id* region_id region_name lang_code merge_map business_name phone paid_results "
          .. "featured_snippet",
        answer = "object", success = { 201, 200 }, source = "mcp n8n third-party", confidence = "high",
        about = "Add an engine to a project.",
        fields = "site_engine_id integer",
        example = '{"site_engine_id": 880001}' },
      { "update", v4 = "PUT /sites/{site_id}/search-engines/{site_engine_id}",
        row = { of = "list", map = "search_engine_id:-" },
        v1 = "PATCH /v1/project-management/sites/search-engines{?site_id,site_engine_id}",
        body = "region_id region_name lang_code merge_map business_name phone paid_results featured_snippet",
        repeatable = true, source = "mcp n8n third-party", confidence = "high",
        about = "Change an engine. What you leave out stays." },
      { "delete", v4 = "DELETE /sites/{site_id}/search-engines/{site_engine_id}",
        v1 = "DELETE /v1/project-management/sites/search-engines{?site_id,site_engine_id}", success = { 204 },
        source = "mcp n8n third-party", confidence = "high",
        about = "Remove an engine and its positions." },
    },
  },
  {
    name = "sites.keywords",
    about = "Keywords that a project tracks.",
    id = "keyword_id",
    params = {
      site_id = SITE,
      keyword_id = { type = "id", about = "a keyword of the project" },
      site_engine_id = { type = "id", about = "engine of the project whose first check is first_check_date" },
      keyword = { type = "string", about = "the words; required by update unless only is_strict or group_id changes" },
      group_id = { type = "id", about = "keyword group of the project" },
      target_url = { type = "string", about = "page that should rank; list calls it link" },
      is_strict = { type = "boolean", about = "true: count target_url only" },
      comment = { type = "string", about = "a note" },
      site_engine_ids = { type = "id[]",
        about = "engines that check it, by default all; update replaces the whole set" },
      keywords_ids = { type = "id[]", about = "keywords to delete (the API's name has two plurals)" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/keywords", v1 = "GET /v1/project-management/keywords{?site_id}",
        query = "site_engine_id", answer = "array",
        numbers = "id group_id",
        source = "mcp n8n third-party", confidence = "high",
        about = "A project's keywords: words, target page, tags, engines.",
        fields = [[
          id integer the keyword_id of other calls
          name string words of the keyword
          group_id integer keyword group
          link string? page that should rank; called target_url in create and update
          first_check_date date? with site_engine_id
          tags array
          site_engine_ids array engines that check it
          site_engine_ids[] integer]],
        example = [=[
          [{"id": "55120001", "name": "rye bread", "group_id": "70011", "link": "https://corner-bakery.example/rye",
            "first_check_date": "2026-08-30", "tags": [], "site_engine_ids": [880001]}]]=] },
      { "create", v4 = "POST /sites/{site_id}/keywords", v1 = "POST /v1/project-management/keywords{?site_id}",
        items = "keyword* group_id target_url is_strict comment site_engine_ids", answer = "object",
        success = { 201, 200 }, source = "mcp n8n third-party", confidence = "high",
        about = "Add keywords, as a list. The ids come back in the same order.",
        fields = [[
          added integer
          ids array ids of the new keywords, in the order of the request
          ids[] integer]],
        example = '{"added": 2, "ids": [55120001, 55120002]}' },
      { "update", v4 = "PATCH /sites/{site_id}/keywords/{keyword_id}",
        row = { of = "list", map = "id:keyword_id name:keyword link:target_url" },
        v1 = "PATCH /v1/project-management/keywords{?site_id,keyword_id}",
        body = "keyword group_id target_url is_strict comment site_engine_ids", repeatable = true,
        source = "mcp n8n third-party", confidence = "medium",
        about = "Change a keyword. What you leave out stays; site_engine_ids replaces the whole set.",
        errors = { { 400, "empty_field" } } },
      { "delete", v4 = "DELETE /sites/{site_id}/keywords", v1 = "DELETE /v1/project-management/keywords{?site_id}",
        query = "keywords_ids*", success = { 204 }, source = "mcp n8n third-party", confidence = "high",
        about = "Stop tracking keywords.", errors = { { 400 } } },
    },
  },
  {
    name = "sites.url_tags",
    about = "Tags on a project's landing pages.",
    id = "tag_id",
    params = {
      site_id = SITE,
      tag_id = { type = "id", about = "the tag: id of list" },
      tag_ids = { type = "id[]", about = "tags for these pages and domains" },
      name = { type = "string", about = "text of the tag" },
      urls = { type = "string[]", about = "pages; list calls them url" },
      domains = { type = "string[]", about = "domains; list calls them domain" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/url-tags", v1 = "GET /v1/project-management/sites/url-tags{?site_id}",
        answer = "array",
        numbers = "id",
        source = "docs mcp n8n", confidence = "high",
        about = "A project's landing-page tags.",
        fields = [[
          id integer the tag_id of other calls
          name string
          url array pages with this tag; called urls in create and update
          url[] string
          domain array domains with this tag; called domains in create and update
          domain[] string]],
        example = '[{"id": "3301", "name": "seasonal", "url": ["https://corner-bakery.example/stollen"], "domain": []}]' },
      { "create", v4 = "POST /sites/{site_id}/url-tags", v1 = "POST /v1/project-management/sites/url-tags{?site_id}",
        body = "name* urls domains", answer = "object", source = "docs mcp n8n", confidence = "high",
        about = "Create a tag and put it on pages and domains. A project holds 20 tags.",
        fields = "tag_id integer",
        example = '{"tag_id": 3301}', errors = { { 400 } } },
      { "update", v4 = "PUT /sites/{site_id}/url-tags", v1 = "PATCH /v1/project-management/sites/url-tags{?site_id}",
        row = { of = "list", map = "id:tag_ids url:urls domain:domains" },
        body = "tag_ids urls domains", success = { 204 }, repeatable = false, source = "docs mcp n8n",
        confidence = "medium",
        about = "Set the tags of pages and domains. Replaces theirs, and may remove tags: read them again afterwards." },
      { "delete", v4 = "DELETE /sites/{site_id}/url-tags/{tag_id}",
        v1 = "DELETE /v1/project-management/sites/url-tags{?site_id,tag_id}", success = { 204, 200 },
        source = "docs mcp n8n", confidence = "high",
        about = "Delete a tag from all pages and domains.",
        errors = { { 404, "Tag not found" } } },
    },
  },
}
