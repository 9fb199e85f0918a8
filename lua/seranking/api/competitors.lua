--- The operations of client.competitors.
-- SPDX-License-Identifier: MIT

return {
  about = "A project's competitors, and the results pages they appear on.",
  {
    name = "competitors",
    id = "competitor_id",
    params = {
      site_id = require("seranking.api.shared").site,
      competitor_id = { type = "id", about = "the competitor: id of list" },
      url = { type = "string", about = "the competitor's site" },
      name = { type = "string", about = "name to show; by default the URL" },
      subdomain_match = { type = "flag", about = "1: include subdomains" },
      date_from = { type = "date", about = "first day; default a week ago" },
      date_to = { type = "date", about = "last day; default today" },
      date = { type = "date", about = "a day of client.sites.positions:check_dates; metrics keeps 14 days" },
      site_engine_id = { type = "id",
        about = "engine of the project (site_engine_id, not search_engine_id); for positions by default all" },
      with_serp_features = { type = "flag", about = "1: add the features of the results page" },
      keyword_id = { type = "id", about = "a keyword of the project" },
      top = { type = "integer", min = 0, max = 100, default = 100, about = "number of results; whether 0 works is unclear" },
      group_id = { type = "id", about = "only keywords of this keyword group" },
      tags = { type = "id[]", about = "only keywords with these tags: ids of client.sites.url_tags:list" },
    },
    operations = {
      { "create", v4 = "POST /competitors", v1 = "POST /v1/project-management/competitors",
        body = "site_id* url* name subdomain_match", answer = "object", success = { 201 },
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Add a competitor to a project.",
        fields = "id integer the competitor_id of other calls", example = '{"id": 91001}',
        errors = { { 400, "Invalid site url" } } },
      { "list", v4 = "GET /competitors/site/{site_id}", v1 = "GET /v1/project-management/competitors{?site_id}",
        answer = "array", source = "docs mcp n8n third-party", confidence = "high",
        about = "A project's competitors.",
        fields = [[
          id integer the competitor_id of other calls
          name string
          url string with or without http://
          domain_trust integer 0-100]],
        example = '[{"id": 91001, "name": "Mill Lane Bakery", "url": "mill-lane.example", "domain_trust": 22}]' },
      { "positions", v4 = "GET /competitors/{competitor_id}/positions",
        v1 = "GET /v1/project-management/competitors/positions{?competitor_id}",
        query = "date_from date_to site_engine_id with_serp_features", answer = "array",
        numbers = "keywords[].id keywords[].positions[].pos keywords[].positions[].change",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "A competitor's positions for the project's keywords; pos 0 means not ranking.",
        use = "comparing one added competitor with the project",
        fields = [[
          site_engine_id integer
          keywords array
          keywords[].id integer
          keywords[].name string?
          keywords[].volume integer? searches a month
          keywords[].positions array
          keywords[].positions[].date date
          keywords[].positions[].pos integer 0: not ranking
          keywords[].positions[].change integer places gained since the date before
          keywords[].features object? with with_serp_features
          keywords[].features.<feature> boolean|integer true or 1]],
        example = [=[
          [{"site_engine_id": 880001, "keywords": [{"id": "55120001", "name": "rye bread", "volume": 260,
            "positions": [{"date": "2026-09-10", "pos": 3, "change": 1}]}]}]]=] },
      { "delete", v4 = "DELETE /competitors/{competitor_id}",
        v1 = "DELETE /v1/project-management/competitors{?competitor_id}", success = { 204 },
        source = "mcp n8n third-party", confidence = "high",
        about = "Remove a competitor from a project.",
        errors = { { 400, "Incorrect competitor id" } } },
      { "top10", v4 = "GET /competitors/top10/{site_id}",
        v1 = "GET /v1/project-management/competitors/serp10{?site_id}",
        query = "date* site_engine_id* keyword_id*", answer = "array",
        source = "docs mcp n8n third-party", confidence = "medium",
        about = "The first ten results for a keyword on a day. No source shows a row.",
        example = "[]" },
      { "top100", v4 = "GET /competitors/top100/{site_id}",
        v1 = "GET /v1/project-management/competitors/serp100{?site_id}",
        query = "date* site_engine_id* keyword_id* top", answer = "array",
        source = "docs mcp n8n third-party", confidence = "medium",
        about = "The first 100 results for a keyword on a day. No source shows a row.",
        example = "[]" },
      { "metrics", v4 = "GET /competitors/all/{site_id}",
        v1 = "GET /v1/project-management/competitors/metrics{?site_id}",
        query = "date* site_engine_id* group_id tags", answer = "array",
        numbers = "backlinks domains",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Every domain in the top 10 for the project's keywords on a day.",
        use = "finding competitors that you have not added",
        fields = [[
          domain_id integer
          domain string
          visibility number
          backlinks integer
          domains integer domains that link to it]],
        example = '[{"domain_id": 7301, "domain": "example.org", "visibility": 12, "backlinks": "940", "domains": "61"}]' },
    },
  },
}
