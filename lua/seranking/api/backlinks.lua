--- The operations of client.backlinks.
-- SPDX-License-Identifier: MIT
--
-- Three kinds of ids: a row's id (row_ids), the id that a backlink has in the vendor's dictionary (backlink_ids), and a
-- group's. Ids of the wrong kind are passed over without a word.

local SITE = require("seranking.api.shared").site

return {
  about = "A project's backlink monitor: the backlinks that it watches.",
  {
    name = "backlinks",
    id = "site_id",
    params = {
      site_id = SITE,
      limit = { type = "integer", max = 1000, about = "rows a page, at most 1000" },
      offset = { type = "integer", about = "rows to skip" },
      url = { type = "string", about = "page that has the link" },
      list = { type = "string[]", min_items = 1, about = "pages that have the links" },
      group_id = { type = "id", about = "backlink group to put them into, from backlink_groups" },
      price = { type = "number", about = "what the link costs" },
      currency = { type = "string", about = "of price, ISO 4217" },
      manager = { type = "string", about = "who looks after the links" },
      charge_period = { type = "string", enum = { "onetime", "monthly", "quarterly", "6months", "year" },
        about = "how often price is due" },
      charge_start = { type = "date", about = "since when it is" },
      backlink_ids = { type = "id[]", min_items = 1, about = "backlink_id of each, not the rows' id; what create gives" },
      row_ids = { type = "id[]", min_items = 1, wire = "backlink_ids", about = "id of each row, not its backlink_id" },
      recheck_type = { type = "string", enum = { "status", "index" }, default = "status",
        about = "whether the link is there, or whether Google has its page" },
    },
    operations = {
      { "list", v4 = "GET /backlinks/{site_id}", v1 = "GET /v1/project-management/backlinks{?site_id}",
        query = "limit offset", answer = "array",
        numbers = "*",
        texts = "from_url to_url anchor domain title category source link_manager link_type notes charge_period "
          .. "charge_start date_added date_placement date_lost gin_index_check_date last_crawler_visit "
          .. "src_domain_country src_domain_ip",
        source = "docs mcp n8n", confidence = "medium",
        about = "The backlinks that are watched, a page of them; nothing tells how many there are.",
        pages = { style = "offset", max = 1000 },
        fields = [[
          id integer of the row, for row_ids
          backlink_id integer in the dictionary, for backlink_ids
          from_url string page that has the link
          to_url string where it leads
          anchor string its words
          domain string
          from_domainid integer
          title string
          category string?
          source string
          link_manager string? manager when it is written
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
          is_nofollow integer 0 or 1, as all that follow up to is_link_not_found
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
        fields = "id integer its backlink_id: for delete, not for recheck and move", example = '{"id": 510001}' },
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
        about = "Look at backlinks again, by row id. Counts against the plan.", example = "[]",
        errors = { { 400, "Backlinks are non exists" } } },
      { "stats", v4 = "GET /backlinks/{site_id}/stat", v1 = "GET /v1/project-management/backlinks/stats{?site_id}",
        answer = "object", source = "mcp n8n third-party", confidence = "high",
        about = "The monitor in numbers.",
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
      gsc_autoimport = { type = "boolean", about = "true: new backlinks come by themselves" },
      job_token = { type = "string", wire = "token", about = "what import gave; not the API key" },
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
        about = "How far an import is. On v4 the key must go in the header: the query has a token of its own.",
        fields = "status string? name of this member assumed", example = '{"status": "processing"}' },
    },
  },
}
