--- The operations of client.analytics.
-- SPDX-License-Identifier: MIT

return {
  about = "A project's search traffic: Search Console queries and SEO potential.",
  {
    name = "analytics",
    id = "site_id",
    params = {
      site_id = require("seranking.api.shared").site,
      top_n = { type = "integer", about = "assume that every keyword ranks within the first N results" },
      lead_price = { type = "number", about = "value of a lead" },
      conversion_rate = { type = "number", about = "share of visits that become a lead; unit not documented" },
    },
    operations = {
      { "gsc_queries", v4 = "GET /analytics/{site_id}/google/",
        v1 = "GET /v1/project-management/analytics/gsc/queries{?site_id}", answer = "array",
        source = "mcp n8n third-party", confidence = "medium",
        about = "Queries that showed the site in Google, from the project's Search Console.",
        fields = [[
          query string
          clicks number
          impressions number
          ctr number percent of impressions that were clicked
          avg number average position]],
        example = '[{"query": "rye bread near me", "clicks": 31, "impressions": 620, "ctr": 5, "avg": 4.7}]' },
      { "seo_potential", v4 = "GET /analytics/{site_id}/potential/",
        v1 = { "GET /v1/project-management/analytics/seo-potential{?site_id}", example = [=[
          {"data": [{"site_engine_id": 880001, "traffic": 350, "traffic_value": 287.5, "leads_qty": 7,
            "leads_price": 140}]}]=] },
        query = "top_n lead_price conversion_rate", answer = "array", unwrap = "data",
        source = "mcp n8n third-party", confidence = "medium",
        about = "Visits, their value and leads by engine, if every keyword ranked within the first top_n results.",
        fields = [[
          site_engine_id integer
          traffic number visits
          traffic_value number value of these visits
          leads_qty number
          leads_price number value of these visits]],
        example = [=[
          [{"site_engine_id": 880001, "traffic": 350, "traffic_value": 287.5, "leads_qty": 7, "leads_price": 140}]]=] },
    },
  },
}
