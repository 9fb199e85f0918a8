--- The operations of client.backlinks.
-- SPDX-License-Identifier: MIT
--
-- There are three kinds of ids: a row's id (row_ids), the id of a backlink in the vendor's dictionary (backlink_ids), and a
-- group's. Ids of the wrong kind are silently ignored.

local SITE = require("seranking.api.shared").site

return {
  about = "A project's backlink monitor: the backlinks that it watches.",
  {
    name = "backlinks",
    id = "site_id",
    params = {
      site_id = SITE,
      limit = { type = "integer", max = 1000, about = "rows a page" },
      offset = { type = "integer", about = "rows to skip" },
      url = { type = "string", about = "page that contains the link" },
      list = { type = "string[]", min_items = 1, about = "pages that contain the links" },
      group_id = { type = "id", about = "backlink group for them: id of client.backlink_groups:list" },
      price = { type = "number", about = "price of the link" },
      currency = { type = "string", about = "currency of the price, ISO 4217" },
      manager = { type = "string", about = "person responsible for the links" },
      charge_period = { type = "string", enum = { "onetime", "monthly", "quarterly", "6months", "year" },
        about = "how often the price is due" },
      charge_start = { type = "date", about = "first day that the price is due" },
      backlink_ids = { type = "id[]", min_items = 1, about = "backlink_id of each, not the rows' id; create returns it" },
      row_ids = { type = "id[]", min_items = 1, wire = "backlink_ids", about = "the id of each row, not its backlink_id" },
      recheck_type = { type = "string", enum = { "status", "index" }, default = "status",
        about = "what to check: the link, or its page in Google's index" },
    },
    operations = {
      { "list", v4 = "GET /backlinks/{site_id}", v1 = "GET /v1/project-management/backlinks{?site_id}",
        query = "limit offset", answer = "array",
        numbers = "*",
        texts = "from_url to_url anchor domain title category source link_manager link_type notes charge_period "
          .. "charge_start date_added date_placement date_lost gin_index_check_date last_crawler_visit "
          .. "src_domain_country src_domain_ip",
        source = "docs mcp n8n", confidence = "medium",
        about = "The watched backlinks. Nothing says how many there are.",
        use = "every backlink with its state",
        pages = { style = "offset", max = 1000 },
        fields = [[
          id integer id of the row, for row_ids
          backlink_id integer id in the vendor's dictionary, for backlink_ids
          from_url string page that contains the link
          to_url string target of the link
          anchor string anchor text
          domain string
          from_domainid integer
          title string
          category string?
          source string
          link_manager string? called manager in create
          link_type string
          notes string?
          price number?
          charge_period string?
          charge_start date?
          date_added string
          date_placement string?
          date_lost string?
          duration integer
          http_status integer of from_url
          is_nofollow integer 0 or 1, like all that follow up to is_link_not_found
          is_image integer
          is_redir integer
          is_disavow integer
          is_sponsored integer
          ugc integer
          is_blocked_meta integer
          is_blocked_robotstxt integer
          is_forced_status integer
          is_link_not_found integer
          gin_index integer in Google's index
          gin_index_check_date string?
          last_crawler_visit string?
          mozda integer domain authority of Moz, 0-100
          fb_likes integer
          num_links integer
          total_ext_links integer links from the page to other sites
          src_domain_country string?
          src_domain_region_id integer?
          src_domain_ip string?
          src_domain_inlink_rank integer 0-100]],
        example = [=[
          [{"id": 610001, "backlink_id": 510001, "from_url": "https://flour-blog.example/best-bakeries",
            "to_url": "https://corner-bakery.example/", "anchor": "the bakery", "domain": "flour-blog.example",
            "http_status": 200, "is_nofollow": 0, "date_added": "2026-08-30"}]]=],
        errors = { { 403 } } },
      { "create", v4 = "POST /backlinks/{site_id}", v1 = "POST /v1/project-management/backlinks{?site_id}",
        body = "url* price currency charge_period charge_start", answer = "object", success = { 200, 201 },
        billed = true, source = "mcp n8n", confidence = "medium",
        about = "Watch a backlink. Counts against the plan.",
        fields = "id integer the backlink_id: for delete, not for recheck and move", example = '{"id": 510001}' },
      { "import", v4 = "POST /backlinks/{site_id}/list", v1 = "POST /v1/project-management/backlinks/import{?site_id}",
        body = "list* group_id price currency manager charge_period charge_start", answer = "any",
        success = { 200, 201 }, billed = true, source = "mcp n8n", confidence = "medium",
        about = "Watch many backlinks. Each counts against the plan.", example = "[]" },
      { "delete", v4 = "POST /backlinks/{site_id}/delete", v1 = "POST /v1/project-management/backlinks/delete{?site_id}",
        body = "backlink_ids*", success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Stop watching backlinks, by backlink_id." },
      { "recheck", v4 = "POST /backlinks/{site_id}/recheck",
        v1 = "POST /v1/project-management/backlinks/recheck{?site_id}", body = "row_ids* recheck_type", answer = "any",
        billed = true, source = "mcp n8n", confidence = "medium",
        about = "Check backlinks again, by row id. Counts against the plan.",
        example = "[]",
        errors = { { 400, "Backlinks are non exists" } } },
      { "stats", v4 = "GET /backlinks/{site_id}/stat", v1 = "GET /v1/project-management/backlinks/stats{?site_id}",
        answer = "object", source = "mcp n8n third-party", confidence = "high",
        about = "Totals of the backlink monitor.",
        use = "the totals alone",
        fields = [[
          total integer
          anchors integer
          ip integer IP addresses that link
          domains integer domains that link
          dofollow integer
          nofollow integer
          limit integer backlinks that the plan allows]],
        example = [=[
          {"total": 53, "anchors": 31, "ip": 27, "domains": 29, "dofollow": 40, "nofollow": 13, "limit": 2000}]=] },
    },
  },
  {
    name = "backlinks.gsc",
    about = "The import of backlinks from Search Console.",
    params = {
      site_id = SITE,
      gsc_autoimport = { type = "boolean", about = "true: import new backlinks automatically" },
      job_token = { type = "string", wire = "token", about = "token that import returned; not the API key" },
    },
    operations = {
      { "settings", v4 = "PUT /backlinks/{site_id}/settings",
        v1 = "PATCH /v1/project-management/backlinks/gsc/settings{?site_id}", body = "gsc_autoimport*", answer = "any",
        repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Switch the import from Search Console on or off.", example = "[]" },
      { "import", v4 = "POST /backlinks/{site_id}/import-gsc",
        v1 = "POST /v1/project-management/backlinks/gsc/import{?site_id}", answer = "object",
        billed = true, source = "mcp n8n", confidence = "medium",
        about = "Import backlinks from Search Console now. They count against the plan.",
        fields = "token string the job_token of status", example = '{"token": "job-7f3c"}', errors = { { 400 } } },
      { "status", v4 = "GET /backlinks/{site_id}/import-gsc",
        v1 = "GET /v1/project-management/backlinks/gsc/import{?site_id}", query = "job_token*", answer = "any",
        source = "mcp n8n", confidence = "low",
        about = "Progress of an import. On v4 the key must go in the header: the query has a token of its own.",
        fields = "status string? the member's name is assumed", example = '{"status": "processing"}' },
    },
  },
}
