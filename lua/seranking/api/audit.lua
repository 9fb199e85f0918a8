--- The operations of client.audit.
-- SPDX-License-Identifier: MIT

local AUDIT = { type = "id", about = "the audit: id of list" }
local LIMIT = { type = "integer", default = 100, about = "rows a page" }
local OFFSET = { type = "integer", default = 0, about = "rows to skip" }

local settings = require "seranking.api.audit_settings"

return {
  about = "Site audits: crawls of a site, the issues they found, and their settings.",
  {
    name = "audit",
    id = "audit_id",
    params = {
      audit_id = AUDIT,
      domain = { type = "string", about = "the site to crawl" },
      title = { type = "string", about = "name of the audit, at most 300 characters; by default the domain" },
      settings = { type = "object", fields = settings.all, about = "settings that differ from the defaults" },
      group_id = { type = "id", default = 0, about = "group of audits; known from old documentation only" },
      limit = LIMIT,
      offset = OFFSET,
      search = { type = "string", about = "only audits with this in title or address" },
      date_start = { type = "date", about = "only audits from this day on" },
      date_end = { type = "date", about = "only audits up to this day" },
      code = { type = "string", about = "code of an issue, from report" },
      url_id = { type = "id", about = "the page, by its id in pages" },
      url = { type = "string", about = "the page, by its address" },
      page_type = { type = "string", enum = { "internal", "external", "all" }, default = "all",
        about = "target of the links" },
      filter = { type = "object[]", style = "tree", about = "conditions for the links", required = "param value",
        first_lacks = "type",
        fields = {
          param = { type = "string", about = "what is compared",
            enum = { "status", "type", "source_noindex", "nofollow", "anchor_type" } },
          value = { type = "text", about = "value to compare with" },
          type = { type = "string", enum = { "and", "or" },
            about = "how it combines with the conditions before; not in the first" },
        } },
      date = { type = "date", about = "day of an earlier run" },
    },
    operations = {
      { "create", v4 = "POST /audit/create", v1 = "POST /v1/project-management/audits",
        body = "domain* title settings group_id", answer = "object", success = { 201, 200 }, billed = true,
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Start an audit. Crawled pages count against the plan.",
        fields = "id integer the audit_id of other calls", example = '{"id": 700101}',
        job = { status = "status", id = "id", param = "audit_id" } },
      { "list", v4 = "GET /audit/list", v1 = "GET /v1/project-management/audits",
        query = "limit offset search date_start date_end", answer = "object",
        source = "mcp n8n third-party", confidence = "high",
        about = "The account's audits.",
        pages = { style = "offset", rows = "items", total = "total", size = 100 },
        fields = [[
          items array
          items[].id integer the audit_id of other calls
          items[].url string
          items[].title string
          items[].status string queued, processing, finished, canceled (or cancelled), expired
          items[].last_update string? a day or a time
          items[].stats object?
          items[].stats.score number? 0-100
          items[].stats.errors integer?
          items[].stats.warnings integer?
          items[].stats.notices integer?
          items[].stats.crawled integer? pages
          items[].prev_stats object? the same for the run before
          items[].group_id integer?
          items[].has_project boolean?
          items[].is_new integer? 0 or 1
          items[].owner_account_id integer?
          items[].version string?
          total integer audits in all]],
        example = [=[
          {"items": [{"id": 700101, "url": "https://corner-bakery.example/", "title": "Bakery", "status": "finished",
            "last_update": "2026-09-10", "stats": {"score": 91, "errors": 1, "warnings": 6, "notices": 22, "crawled": 48},
            "prev_stats": null}], "total": 1}]=] },
      { "status", v4 = "GET /audit/{audit_id}/", v1 = "GET /v1/project-management/audits/status{?audit_id}",
        answer = "object", source = "docs mcp n8n third-party", confidence = "high",
        about = "Progress and totals of an audit.",
        use = "the totals, or to see whether an audit is done",
        fields = [[
          status string queued, processing, finished, canceled (or cancelled), expired
          start_time time?
          audit_time time? end of the crawl
          total_pages integer
          total_warnings integer
          total_errors integer
          total_passed integer]],
        example = [=[
          {"status": "finished", "start_time": "2026-09-10 06:00:00", "audit_time": "2026-09-10 06:04:30",
            "total_pages": 48, "total_warnings": 6, "total_errors": 1, "total_passed": 402}]=],
        errors = { { 404 } }, -- both spellings have been seen
        job = { state = "status", pending = "queued processing", good = "finished", bad = "cancelled canceled expired",
          every = { 5, 60 } } },
      { "report", v4 = "GET /audit/{audit_id}/report", v1 = "GET /v1/project-management/audits/report{?audit_id}",
        answer = "object",
        numbers = "domain_props.domains domain_props.backlinks domain_props.index_google sections[].props.<code>.value",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Everything that an audit found, by section; while it runs only is_finished.",
        use = "all issues, with how often each occurs",
        fields = [[
          is_finished boolean
          domain_props object?
          domain_props.domain string?
          domain_props.dt integer? trust, 0-100
          domain_props.domains integer? domains that link to it
          domain_props.backlinks integer?
          domain_props.expdate string? expiry of the domain name
          domain_props.index_google integer? pages in Google's index
          domain_props.archiveOrg string?
          sections array?
          sections[].uid string
          sections[].name string
          sections[].props object|array issues by code; a list of them in old answers
          sections[].props.<code> object
          sections[].props.<code>.code string the code of audit.issue_pages
          sections[].props.<code>.status string
          sections[].props.<code>.name string
          sections[].props.<code>.value integer number of occurrences
          chromeux array|object?
          score_percent number? 0-100
          weighted_score_percent number? 0-100
          total_pages integer?
          total_errors integer?
          total_warnings integer?
          total_passed integer?
          total_notices integer?
          screenshot string?
          audit_time time?
          version string?]],
        example = [=[
          {"is_finished": true, "domain_props": {"domain": "corner-bakery.example", "dt": 19, "backlinks": "153"},
            "sections": [{"uid": "content", "name": "Content", "props": {"title_short": {"code": "title_short",
              "status": "warning", "name": "Title too short", "value": 2}}}],
            "score_percent": 91, "total_pages": 48, "total_errors": 1, "total_warnings": 6, "total_passed": 402,
            "audit_time": "2026-09-10 06:04:30"}]=] },
      { "pages", v4 = "GET /audit/{audit_id}/pages", v1 = "GET /v1/project-management/audits/pages{?audit_id}",
        query = "limit offset", answer = "object",
        numbers = "items[].*",
        texts = "url title description h1 h2 canonical_url indexable_status time_check type url_protocol robots "
          .. "xrobots",
        source = "mcp n8n third-party", confidence = "high",
        about = "The crawled pages, with about 60 figures each.",
        use = "the figures of every page",
        pages = { style = "offset", rows = "items", total = "total", size = 100 },
        fields = [[
          total integer
          items array
          items[].id integer the url_id of audit.issues
          items[].url string
          items[].status integer HTTP status
          items[].title string?
          items[].title_len integer? characters
          items[].title_duplicate integer? 0 or 1
          items[].description string?
          items[].h1 string?
          items[].words_count integer?
          items[].issues integer?
          items[].errors integer?
          items[].warnings integer?
          items[].notices integer?
          items[].load_ms integer? ms
          items[].indexable integer? 0 or 1
          items[].indexable_status string?
          items[].canonical_url string?
          items[].inlinks integer?
          items[].outlinks_internal integer?
          items[].depth integer? links away from the first page
          items[].size integer? bytes
          items[].url_len integer? characters; from here to html_ratio known from the Data API's pages
          items[].sitemap integer? 1: in the sitemap
          items[].noindex integer?
          items[].nofollow integer?
          items[].blocked_robots integer?
          items[].first_ms integer? ms to the first byte
          items[].description_len integer? characters
          items[].chars integer? characters of the page
          items[].h1_len integer? characters
          items[].h2_len integer? characters
          items[].html_ratio number?
          items[].time_check string?]],
        example = [=[
          {"total": 1, "items": [{"id": "9001", "url": "https://corner-bakery.example/", "status": "200",
            "title": "Bread", "title_len": "5", "title_duplicate": "0", "words_count": "312", "issues": "2"}]}]=] },
      { "issue_pages", v4 = "GET /audit/{audit_id}/links",
        v1 = "GET /v1/project-management/audits/issue-pages{?audit_id}", query = "code* limit offset",
        answer = "object",
        numbers = "total_urls",
        source = "mcp n8n third-party", confidence = "medium",
        about = "The pages that have an issue, by its code.",
        use = "the pages behind one issue of the report",
        pages = { style = "offset", rows = "urls", total = "total_urls", size = 100 },
        fields = [[
          total_urls integer
          urls_type string kind of the rows in urls; simple_urls_array: addresses
          urls array
          urls[] string|object]],
        example = [=[
          {"total_urls": 1, "urls_type": "simple_urls_array", "urls": ["https://corner-bakery.example/rye"]}]=] },
      { "issues", v4 = "GET /audit/{audit_id}/issues", v1 = "GET /v1/project-management/audits/issues{?audit_id}",
        query = "url_id url", one_of = "url_id url", answer = "object",
        source = "mcp n8n third-party", confidence = "medium",
        about = "The issues of one page.",
        use = "everything that is wrong with one page",
        fields = [[
          url string
          issues array
          issues[].code string
          issues[].group string
          issues[].type string error, warning …
          issues[].snippet object? place of the issue
          issues[].snippet.type string?
          issues[].snippet.value string?
          page_data object figures of the page
          page_data.title string?
          page_data.h1 string?
          page_data.words integer?
          page_data.inlinks integer?]],
        example = [=[
          {"url": "https://corner-bakery.example/", "issues": [{"code": "title_short", "group": "content",
            "type": "warning"}], "page_data": {"title": "Bread", "words": 312}}]=] },
      { "found_links", v4 = "GET /audit/{audit_id}/foundlinks",
        v1 = "GET /v1/project-management/audits/found-links{?audit_id}", query = "page_type limit offset filter",
        answer = "object",
        numbers = "items[].*",
        texts = "url source_url type anchor_type alt title",
        source = "mcp n8n third-party", confidence = "medium",
        about = "The links that the crawl found, filtered.",
        pages = { style = "offset", rows = "items", total = "total" },
        fields = [[
          total integer
          items array
          items[].id integer
          items[].url string target of the link
          items[].source_url string page that contains the link
          items[].status integer HTTP status
          items[].type string "internal" or "external"
          items[].anchor_type string?
          items[].alt string?
          items[].title string?
          items[].nofollow integer? 0 or 1
          items[].source_noindex integer? 0 or 1]],
        example = [=[
          {"total": 1, "items": [{"id": "1", "url": "https://corner-bakery.example/stollen", "status": "404",
            "source_url": "https://corner-bakery.example/", "type": "internal", "nofollow": "0"}]}]=] },
      { "history", v4 = "GET /audit/{audit_id}/history", v1 = "GET /v1/project-management/audits/history{?audit_id}",
        query = "date*", answer = "object", source = "mcp n8n third-party", confidence = "medium",
        about = "Summary of an earlier run.",
        joined = { at = "settings", fields = settings.all },
        fields = [[
          audit_time time
          version string?
          settings object as in audit.settings
          domain_data object?
          pages_data object
          pages_data.<code> integer pages that had the issue
          totals object
          totals.total_pages integer
          totals.total_errors integer
          totals.total_warnings integer
          totals.total_passed integer]],
        example = [=[
          {"audit_time": "2026-08-10 06:03:10", "settings": {"max_pages": 500}, "pages_data": {"title_short": 3},
            "totals": {"total_pages": 45, "total_errors": 2, "total_warnings": 8, "total_passed": 380}}]=] },
      { "update", v4 = "POST /audit/{audit_id}/edit", v1 = "PATCH /v1/project-management/audits{?audit_id}",
        row = { of = "list", map = "id:audit_id" },
        body = "title*", repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Rename an audit.",
        errors = { { 400 } } },
      { "delete", v4 = "POST /audit/{audit_id}/delete", v1 = "DELETE /v1/project-management/audits{?audit_id}",
        repeatable = true, source = "mcp n8n", confidence = "high",
        about = "Delete an audit for good.",
        errors = { { 400 } } },
      { "recheck", v4 = "POST /audit/{audit_id}/recheck",
        v1 = "POST /v1/project-management/audits/recheck{?audit_id}", answer = "any", billed = true,
        source = "docs mcp n8n", confidence = "high",
        about = "Run an audit again. Crawled pages count against the plan again.",
        example = "[]", errors = { { 400 } },
        job = { status = "status", param = "audit_id", fresh = "audit_time" } },
    },
  },
  {
    name = "audit.settings",
    about = "How an audit crawls, and what counts as an issue.",
    params = {
      audit_id = AUDIT,
      settings = { type = "object", fields = settings.all, as_read = true,
        about = "settings to change, or all that get returned" },
    },
    operations = {
      { "get", v4 = "GET /audit/{audit_id}/settings", v1 = "GET /v1/project-management/audits/settings{?audit_id}",
        answer = "object", source = "mcp n8n", confidence = "medium",
        about = "An audit's settings. Their meaning is that of the parameter settings of client.audit:create.",
        joined = { fields = settings.all }, fields = settings.answer(),
        example = [=[
          {"source_site": 1, "source_sitemap": 1, "max_pages": 500, "max_depth": 10, "schedule_type": "week",
            "schedule_wdays": [1, 4], "schedule_hour": 5, "disabled_issues": []}]=] },
      { "update", v4 = "POST /audit/{audit_id}/settings",
        v1 = "PATCH /v1/project-management/audits/settings{?audit_id}", body = "settings", answer = "any",
        repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Change settings. disabled_issues and schedule_wdays are replaced, not merged.",
        example = "[]" },
      { "reset", v4 = "POST /audit/{audit_id}/settings/reset",
        v1 = "POST /v1/project-management/audits/settings/reset{?audit_id}", repeatable = true,
        source = "mcp n8n", confidence = "medium",
        about = "Reset all settings to their defaults.",
        errors = { { 400 } } },
    },
  },
  {
    name = "audit.sitemaps",
    about = "Sitemaps that an audit reads.",
    id = "sitemap_id",
    params = {
      audit_id = AUDIT,
      sitemap_id = { type = "id", about = "a sitemap of the audit: id of list" },
      url = { type = "string", about = "address of the sitemap" },
    },
    operations = {
      { "list", v4 = "GET /audit/{audit_id}/sitemaps", v1 = "GET /v1/project-management/audits/sitemaps{?audit_id}",
        answer = "array",
        numbers = "id pages_count",
        source = "mcp n8n", confidence = "low",
        about = "The sitemaps that an audit reads.",
        fields = [[
          id integer the sitemap_id of other calls; the member's name is assumed
          url string the member's name is assumed
          pages_count integer? the member's name is assumed]],
        example = '[{"id": 4101, "url": "https://corner-bakery.example/sitemap.xml", "pages_count": 48}]' },
      { "create", v4 = "POST /audit/{audit_id}/sitemaps", v1 = "POST /v1/project-management/audits/sitemaps{?audit_id}",
        body = "url*", answer = "any",
        numbers = "id",
        success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Add a sitemap, and switch source_sitemap on.",
        fields = "id integer? the member's name is assumed",
        example = '{"id": 4101}' },
      { "delete", v4 = "DELETE /audit/{audit_id}/sitemaps/{sitemap_id}",
        v1 = "DELETE /v1/project-management/audits/sitemaps{?audit_id,sitemap_id}", success = { 200, 204 },
        source = "mcp n8n", confidence = "medium",
        about = "Remove a sitemap." },
    },
  },
  {
    name = "audit.source_pages",
    about = "Uploaded lists of pages to crawl.",
    id = "list_id",
    params = {
      audit_id = AUDIT,
      list_id = { type = "id", about = "a list of pages of the audit: id of list" },
      file = { type = "file", about = "text file with one address a line, with any name" },
    },
    operations = {
      { "list", v4 = "GET /audit/{audit_id}/source-pages",
        v1 = "GET /v1/project-management/audits/source-pages{?audit_id}", answer = "array",
        numbers = "id pages_count",
        source = "mcp n8n", confidence = "low",
        about = "The uploaded lists of pages of an audit.",
        fields = [[
          id integer the list_id of other calls; the member's name is assumed
          pages_count integer? the member's name is assumed]],
        example = '[{"id": 4201, "pages_count": 25}]' },
      { "create", v4 = "POST /audit/{audit_id}/source-pages",
        v1 = "POST /v1/project-management/audits/source-pages{?audit_id}", upload = "file*", answer = "object",
        success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Upload a list of pages to crawl, and switch source_file on.",
        fields = "added integer pages",
        example = '{"added": 25}' },
      { "delete", v4 = "DELETE /audit/{audit_id}/source-pages/{list_id}",
        v1 = "DELETE /v1/project-management/audits/source-pages{?audit_id,list_id}", success = { 200, 204 },
        source = "mcp n8n", confidence = "medium",
        about = "Remove a list of pages." },
    },
  },
}
