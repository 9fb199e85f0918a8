--- The operations of client.visible.sources.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

-- What each kind of rows can be sorted by. The service refuses the fields of the other kind.
local BY_DOMAIN = { "ai_answers_count", "pages", "coverage", "prompts_count", "mention_rate", "my_brand_mentions_count",
  "competitors_count", "first_seen", "last_seen" }
local BY_URL = { "ai_answers_count", "coverage", "prompts_count", "competitors_count", "my_brand_mentions", "gap_score",
  "first_seen", "last_seen", "last_check_date" }

return {
  about = "Sources: the sites and pages that AI models cite.",
  {
    name = "visible.sources",
    id = "project_id",
    params = {
      project_id = shared.project,
      date_from = shared.date_from, date_to = shared.date_to,
      compare_from = shared.compare_from, compare_to = shared.compare_to,
      source_type = { type = "string", enum = { "domain", "url" }, default = "domain",
        about = "what rows are: sites or pages" },
      model_types = shared.model_types, country_codes = shared.country_codes, topic_ids = shared.topic_ids,
      sentiments = shared.sentiments, tracked_brand_ids = shared.tracked_brand_ids,
      prompt_ids = { type = "id[]", about = "only answers to these prompts" },
      search_query = { type = "string", about = "only sources with this in their address" },
      domain_id = { type = "id", about = "only pages of this site: domain_id of a row" },
      types = { type = "string[]", about = "only pages of these kinds",
        enum = { "file", "video", "social", "forum", "q&a", "documentation", "wiki", "news", "blog", "product", "job",
          "educational", "local", "app", "search", "homepage", "other" } },
      is_my_brand_mentions = { type = "integer", enum = { 1, 0, -1 },
        about = "names your brand: 1 yes, 0 no, -1 not known" },
      competitors_count_from = { type = "integer", min = 0, about = "fewest competitors that it names" },
      competitors_count_to = { type = "integer", min = 0, about = "most competitors that it names" },
      brand_ids = { type = "id[]", about = "only sources that name these brands" },
      brand_match_mode = { type = "string", enum = { "any", "all" }, default = "any",
        about = "whether it must name any or all of brand_ids" },
      sort = { type = "string", wire = "source_sort_field", sample = "coverage",
        about = "figure to sort by; sites and pages have different ones",
        enum_by = { of = "source_type", values = { domain = BY_DOMAIN, url = BY_URL } } },
      sort_order = shared.sort_order, limit = shared.limit(1000, 10000), offset = shared.offset,
    },
    operations = {
      { "list", visible = "GET /v1/se-visible/projects/{project_id}/sources",
        query = "date_from* date_to* compare_from compare_to source_type model_types country_codes topic_ids sentiments "
          .. "tracked_brand_ids prompt_ids search_query domain_id types is_my_brand_mentions competitors_count_from "
          .. "competitors_count_to brand_ids brand_match_mode sort sort_order limit offset",
        together = "compare_from compare_to", answer = "array", unwrap = shared.envelopes,
        pages = { style = "offset", size = 1000, max = 10000 }, source = "mcp n8n third-party", confidence = "medium",
        about = "Sites or pages that the models cited. Figures have `values`: one, or two and a `delta` if you compare.",
        fields = [[
          domain_id integer
          domain string??
          url string??
          ai_answers_count.values[] number
          ai_answers_count.delta number??
          coverage.values[] number
          prompts_count.values[] number
          pages.values[] number? of a site
          mention_rate.values[] number? of a site
          my_brand_mentions_count.values[] number? of a site
          my_brand_mentions integer? of a page: 1, 0 or -1
          competitors_count.values[] number
          gap_score.values[] number? of a page
          first_seen date
          last_seen date
          last_check_date date? of a page]],
        example = [=[
          [{"domain_id": 5501, "domain": "food.example.org", "ai_answers_count": {"values": [18]},
            "coverage": {"values": [23.4]}, "prompts_count": {"values": [7]}, "pages": {"values": [4]},
            "mention_rate": {"values": [55.6]}, "my_brand_mentions_count": {"values": [10]},
            "competitors_count": {"values": [2]}, "first_seen": "2026-08-02", "last_seen": "2026-09-09"}]]=] },
    },
  },
}
