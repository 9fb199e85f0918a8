--- The operations of client.data.site_audit.
-- SPDX-License-Identifier: MIT

local settings = require "seranking.api.audit_settings"

local SETTINGS = { type = "object", about = "how to crawl", fields = settings.data }

local FREE = { 0, per = "request", note = "not published; believed to be free", confidence = "medium" }

local function each_page(credits, of)
  return { credits, per = "page", of = of, note = of and "pages crawled, at most max_pages; the vendor's figure"
    or "pages crawled; the settings of the audit tell the most", confidence = "high" }
end

-- A crawl's end, looked at by `status`. Both spellings of cancelled have been seen.
local CRAWL = { state = "status", pending = "queued processing", good = "finished", bad = "cancelled canceled expired",
  every = { 30, 60 } }
local STARTED = { status = "status", id = "id", param = "audit_id" }
local RESTARTED = { status = "status", param = "audit_id", fresh = "start_time" }

local function rows(member, total)
  return { style = "offset", rows = member, total = total, size = 100 }
end

local PAGE_FIELDS = [[
  items[].id integer url_id of issues
  items[].url string
  items[].url_len integer characters
  items[].type string html …
  items[].url_protocol string
  items[].sitemap integer 1: in the sitemap
  items[].status integer HTTP status
  items[].size integer bytes
  items[].depth integer clicks from the first page
  items[].noindex integer
  items[].first_ms integer milliseconds to the first byte
  items[].load_ms integer milliseconds to the last byte
  items[].robots string
  items[].nofollow integer
  items[].xrobots string?
  items[].title string
  items[].title_len integer characters
  items[].description string
  items[].description_len integer characters
  items[].chars integer characters of the page
  items[].h1 string
  items[].h1_len integer characters
  items[].h2 string
  items[].h2_len integer characters
  items[].html_ratio number
  items[].blocked_robots integer
  items[].canonical_url string
  items[].inlinks integer links to it within the site
  total integer pages in all
]]

return {
  about = "Crawls of any site, and the issues they found.",
  {
    name = "data.site_audit.audits",
    about = "Audits of any site: crawl, status, report, pages, issues.",
    id = "audit_id",
    params = {
      audit_id = { type = "id", about = "the audit: id of create_standard, create_advanced and list" },
      domain = { type = "string", about = "site to crawl" },
      title = { type = "string", about = "name of the report, at most 300 characters; by default the domain" },
      settings = SETTINGS,
      limit = { type = "integer", min = 1, default = 100, about = "most rows to return" },
      offset = { type = "integer", min = 0, default = 0, about = "rows to skip" },
      search = { type = "string", about = "text in the title or the address" },
      date_start = { type = "date", about = "only audits from this day on" },
      date_end = { type = "date", about = "only audits up to this day" },
      code = { type = "string", about = "code of an issue, from report: title_duplicate …" },
      url_id = { type = "id", about = "the page: id of pages" },
      url = { type = "string", about = "the page, by its address" },
      page_type = { type = "string", enum = { "all", "internal", "external" }, default = "all",
        about = "target of the links" },
      filter = { type = "object[]", style = "tree", required = "param value", first_lacks = "type",
        about = "conditions, in order", fields = {
        param = { type = "string", enum = { "status", "type", "source_noindex", "nofollow", "anchor_type" },
          about = "what to look at" },
        value = { type = "text", about = "value to compare with" },
        type = { type = "string", enum = { "and", "or" },
          about = "how it combines with the conditions before; not in the first" },
      } },
      date = { type = "date", about = "day of the run" },
    },
    operations = {
      { "create_standard", data = "POST /v1/site-audit/audits/standard", body = "domain* title settings",
        answer = "object", billed = true, cost = each_page(2, "settings.max_pages"), job = STARTED,
        source = "openapi mcp n8n docs", confidence = "high",
        about = "Start a crawl. Mails a report at its end unless settings.send_report = 0.",
        use = "sites that work without JavaScript",
        fields = "  id integer audit_id of other calls\n", example = [[{"id":810000017}]] },
      { "create_advanced", data = "POST /v1/site-audit/audits/advanced", body = "domain* title settings",
        answer = "object", billed = true, cost = each_page(20, "settings.max_pages"), job = STARTED,
        source = "openapi mcp n8n docs", confidence = "high",
        about = "Start a crawl that runs the pages' JavaScript. Mails a report at its end unless settings.send_report = 0.",
        use = "sites that need JavaScript, at ten times the price",
        fields = "  id integer audit_id of other calls\n", example = [[{"id":810000018}]] },
      { "list", data = "GET /v1/site-audit/audits", query = "limit offset search date_start date_end",
        pages = rows("items", "total"), answer = "object", cost = FREE, source = "openapi mcp n8n skills",
        confidence = "high",
        about = "The account's audits.",
        fields = [[
          items[].id integer audit_id of other calls
          items[].group_id integer
          items[].url string
          items[].title string
          items[].has_project boolean
          items[].site_id integer? the project
          items[].last_update time
          items[].status string queued, processing, finished, cancelled, canceled or expired
          items[].error string?
          items[].error_params object?
          items[].stats.crawled integer pages
          items[].stats.errors integer
          items[].stats.warnings integer
          items[].stats.notices integer
          items[].stats.score integer 0-100
          items[].is_new boolean
          items[].owner_account_id integer
          items[].version integer
          total integer audits in all
        ]],
        example = [[{"items":[{"id":810000017,"group_id":0,"url":"anchors.example","title":"Anchors","has_project":false,
          "site_id":null,"last_update":"2026-08-12 09:41:07","status":"finished","error":null,"error_params":null,
          "stats":{"crawled":48,"errors":3,"warnings":11,"notices":19,"score":77},"is_new":false,
          "owner_account_id":40711,"version":2}],"total":1}]] },
      { "update", data = "PATCH /v1/site-audit/audits{?audit_id}", body = "title*", repeatable = true, cost = FREE,
        row = { of = "list", map = "id:audit_id" },
        params = { title = { type = "string", about = "new name of the report, at most 300 characters" } },
        source = "openapi mcp n8n", confidence = "high",
        about = "Rename an audit." },
      { "delete", data = "DELETE /v1/site-audit/audits{?audit_id}", cost = FREE, source = "openapi mcp n8n",
        confidence = "high",
        about = "Delete an audit for good." },
      { "status", data = "GET /v1/site-audit/audits/status{?audit_id}", answer = "object", cost = FREE, job = CRAWL,
        source = "openapi mcp n8n", confidence = "high",
        about = "Progress and totals of a crawl.",
        use = "the totals, or to see whether a crawl is done",
        fields = [[
          status string queued, processing, finished, cancelled, canceled or expired
          total_pages integer
          total_warnings integer
          total_errors integer
          total_passed integer
          start_time time
          audit_time time? end of the crawl
        ]],
        example = [[{"status":"processing","total_pages":22,"total_warnings":6,"total_errors":1,"total_passed":40,
          "start_time":"2026-08-12 09:30:00","audit_time":null}]] },
      { "report", data = "GET /v1/site-audit/audits/report{?audit_id}", answer = "object",
        numbers = "domain_props.dt domain_props.domains domain_props.backlinks domain_props.index_google",
        cost = FREE,
        source = "openapi mcp n8n skills", confidence = "high",
        about = "What a crawl found, by section; before its end only is_finished = false.",
        use = "all issues, with how often each occurs",
        fields = [[
          is_finished boolean
          score_percent integer 0-100
          weighted_score_percent integer 0-100
          total_pages integer
          total_errors integer
          total_warnings integer
          total_notices integer
          total_passed integer
          audit_time time
          version integer
          screenshot string?
          domain_props.domain string
          domain_props.dt integer domain trust
          domain_props.domains integer linking domains
          domain_props.expdate string
          domain_props.updated string
          domain_props.backlinks integer
          domain_props.index_google integer pages in Google's index
          chromeux.mobile object?
          chromeux.desktop object?
          sections[].uid string
          sections[].name string
          sections[].props object issues by code; a list in older docs
          sections[].props.<code>.code string
          sections[].props.<code>.status string error, warning, notice or passed
          sections[].props.<code>.name string
          sections[].props.<code>.value number pages
        ]],
        example = [[{"is_finished":true,"score_percent":77,"weighted_score_percent":74,"total_pages":48,"total_errors":3,
          "total_warnings":11,"total_notices":19,"total_passed":62,"audit_time":"2026-08-12 09:41:07","version":2,
          "screenshot":null,"domain_props":{"domain":"anchors.example","dt":"28","domains":"64","expdate":"2028-01-15",
          "updated":"2026-08-12","backlinks":"730","index_google":"51"},"chromeux":{"mobile":null,"desktop":null},
          "sections":[{"uid":"titles","name":"Titles","props":{"title_duplicate":{"code":"title_duplicate",
          "status":"error","name":"Duplicate titles","value":2}}}]}]] },
      { "pages", data = "GET /v1/site-audit/audits/pages{?audit_id}", query = "limit offset",
        pages = rows("items", "total"), answer = "object",
        numbers = "items[].*",
        texts = "url title description h1 h2 canonical_url indexable_status time_check type url_protocol robots "
          .. "xrobots",
        cost = FREE, source = "openapi mcp n8n skills third-party",
        confidence = "high",
        about = "The crawled pages, with about 60 members each; those named here are certain.",
        use = "the figures of every page",
        fields = PAGE_FIELDS,
        example = [[{"items":[{"id":"61000004","url":"https://anchors.example/folding","url_len":"31","type":"html",
          "url_protocol":"https","sitemap":"1","status":"200","size":"30144","depth":"1","noindex":"0","first_ms":"120",
          "load_ms":"260","robots":"","nofollow":"0","xrobots":null,"title":"Folding anchors","title_len":"15",
          "description":"Anchors that fold","description_len":"17","chars":"5120","h1":"Folding anchors","h1_len":"15",
          "h2":"Sizes","h2_len":"5","html_ratio":"17.4","blocked_robots":"0",
          "canonical_url":"https://anchors.example/folding","inlinks":"14"}],"total":48}]] },
      { "issue_pages", data = "GET /v1/site-audit/audits/issue-pages{?audit_id}", query = "code* limit offset",
        pages = rows("urls", "total_urls"), answer = "object", cost = FREE, source = "openapi mcp n8n",
        confidence = "high",
        about = "Pages that have an issue; urls_type says what the rows are.",
        use = "the pages behind one issue of the report",
        fields = [[
          total_urls integer pages in all
          urls[] string|object addresses with simple_urls_array, else objects or groups
          urls_type string
        ]],
        example = [[{"total_urls":2,"urls":["https://anchors.example/a","https://anchors.example/b"],
          "urls_type":"simple_urls_array"}]] },
      { "issues", data = "GET /v1/site-audit/audits/issues{?audit_id}", query = "url_id url limit offset",
        one_of = "url_id url", pages = { style = "offset", rows = "issues", size = 100 }, answer = "object", cost = FREE,
        source = "openapi mcp n8n", confidence = "high",
        about = "Issues of one page.",
        use = "everything that is wrong with one page",
        fields = [[
          url string
          page_data object members of pages, as numbers here
          issues[].code string
          issues[].type string error, warning or notice
          issues[].group string
          issues[].snippet.type string
          issues[].snippet.value string
        ]],
        example = [[{"url":"https://anchors.example/folding","page_data":{"status":200,"title":"Folding anchors",
          "depth":1},"issues":[{"code":"title_duplicate","type":"error","group":"titles",
          "snippet":{"type":"text","value":"Folding anchors"}}]}]] },
      { "links", data = "GET /v1/site-audit/audits/links{?audit_id}", query = "page_type limit offset filter",
        pages = rows("items", "total"), answer = "object",
        numbers = "items[].*",
        texts = "url source_url type anchor_type alt title",
        cost = FREE, source = "openapi mcp n8n", confidence = "high",
        about = "The links that the crawl found.",
        fields = [[
          items[].url string target of the link
          items[].id integer
          items[].status integer HTTP status
          items[].type string internal or external
          items[].source_url string page that contains the link
          items[].source_noindex integer
          items[].nofollow integer
          items[].alt string?
          items[].anchor_type string
          items[].title string?
          total integer links in all
        ]],
        example = [[{"items":[{"url":"https://anchors.example/gone","id":"3307","status":"404","type":"internal",
          "source_url":"https://anchors.example/folding","source_noindex":"0","nofollow":"0","alt":"","anchor_type":"text",
          "title":"Old sizes"}],"total":1}]] },
      { "history", data = "GET /v1/site-audit/audits/history{?audit_id}", query = "date*", answer = "object", cost = FREE,
        source = "openapi mcp n8n", confidence = "high",
        joined = { at = "settings", fields = settings.data },
        about = "An earlier run of the audit. settings may hold a login and password: keep them out of logs.",
        fields = [[
          audit_time time
          version integer
          domain_data object
          settings object as in create_standard
          pages_data.<code> integer pages with this issue
          totals.total_pages integer
          totals.total_warnings integer
          totals.total_errors integer
          totals.total_passed integer
        ]],
        example = [[{"audit_time":"2026-05-12 09:40:10","version":2,"domain_data":{},"settings":{"max_pages":200},
          "pages_data":{"title_duplicate":5},"totals":{"total_pages":45,"total_warnings":14,"total_errors":6,
          "total_passed":55}}]] },
      { "recheck_standard", data = "POST /v1/site-audit/audits/recheck/standard{?audit_id}", billed = true,
        cost = each_page(2), job = RESTARTED, source = "openapi mcp n8n", confidence = "high",
        about = "Crawl again with the same settings. During a crawl the call is accepted and charged as well." },
      { "recheck_advanced", data = "POST /v1/site-audit/audits/recheck/advanced{?audit_id}", billed = true,
        cost = each_page(20), job = RESTARTED, source = "openapi mcp n8n", confidence = "high",
        about = "Crawl again with JavaScript and the same settings. During a crawl the call is accepted and charged "
          .. "as well." },
    },
  },
}
