--- The operations of client.visible.brands.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

local FIELDS = [[
  id integer
  title string
  domain string
  is_primary boolean your own brand
  aliases[].title string?]]
local EXAMPLE = [=[
  {"id": 31, "title": "Mill", "domain": "https://mill.example.com", "is_primary": false,
    "aliases": [{"title": "The Mill"}]}]=]

local METRICS = { "visibility_score", "avg_position", "sentiment_score", "total_mentions", "rank", "total_response_count",
  "positive_pct", "neutral_pct", "negative_pct", "total_all_mentions", "unique_brands_count", "share_of_voice" }

return {
  about = "The brands of a project, and their figures in the answers of AI models.",
  {
    name = "visible.brands",
    id = "project_id",
    params = {
      project_id = shared.project,
      brand_id = shared.brand,
      title = { type = "string", max_length = 500, about = "the brand's name, unique in the project" },
      domain = shared.domain,
      aliases = shared.aliases,
      dimensions = { type = "string[]", min_items = 1, max_items = 3, enum = { "topic_id", "brand_id", "prompt_id" },
        sample = "brand_id",
        about = "what rows are about, in this order, none twice; of two or three the last makes columns, whose members are "
          .. "named <id>_<metric>" },
      metrics = { type = "string[]", min_items = 1, max_items = 5, enum = METRICS,
        sample = "share_of_voice", about = "figures of each row" },
      date_from = shared.date_from, date_to = shared.date_to,
      compare_from = shared.compare_from, compare_to = shared.compare_to,
      model_types = shared.model_types, country_codes = shared.country_codes, topic_ids = shared.topic_ids,
      sentiments = shared.sentiments, tracked_brand_ids = shared.tracked_brand_ids,
      sort = { type = "string", wire = "sort_field", sample = "share_of_voice",
        about = "a metric, or one of a column: visibility_score[brand_id=12]; default: the first of metrics" },
      sort_order = shared.sort_order, limit = shared.limit(50), offset = shared.offset,
    },
    operations = {
      { "list", visible = "GET /v1/se-visible/projects/{project_id}/brands", answer = "array", unwrap = shared.envelopes,
        source = "mcp n8n", confidence = "high", about = "Tracked brands; your own comes first.", fields = FIELDS,
        use = "the ids of your brand and its competitors", example = "[" .. EXAMPLE .. "]" },
      { "create", visible = "POST /v1/se-visible/projects/{project_id}/brands", body = "title* domain* aliases",
        answer = "object", success = { 200, 201 }, source = "mcp n8n", confidence = "medium", about = "Add a competitor.",
        fields = FIELDS, example = EXAMPLE, errors = { { 422, "The domain field must be a valid URL." } } },
      { "mentioned", visible = "GET /v1/se-visible/projects/{project_id}/brands/mentioned", answer = "array",
        unwrap = shared.envelopes, source = "mcp n8n third-party", confidence = "medium",
        about = "Brands that the models named, tracked or not. The list is not paged, and grows with every spelling.",
        use = "competitors that you don't track yet",
        fields = [[
          id integer??
          title string??]],
        example = '[{"id": 9001, "title": "Mill & Sons"}]' },
      { "metrics", visible = "GET /v1/se-visible/projects/{project_id}/brands/metrics",
        query = "dimensions* metrics* date_from* date_to* compare_from compare_to model_types country_codes topic_ids "
          .. "sentiments tracked_brand_ids sort sort_order limit offset",
        together = "compare_from compare_to", answer = "any",
        pages = { style = "offset", rows = shared.envelopes, size = 50 },
        source = "mcp n8n", confidence = "medium",
        about = "Figures by brand, topic or prompt. No value: no data. The call returns the answer as it is; each and all "
          .. "return the rows.",
        fields = [[
          meta.columns.dynamic[] integer?? ids of the columns, with two or three dimensions
          items[].brand_id integer?? the dimension
          items[].<metric> number?? with one dimension; <id>_<metric> with more]],
        example = [=[
          {"items": [{"brand_id": 30, "share_of_voice": 31.4}, {"brand_id": 31, "share_of_voice": 22.8}]}]=] },
      { "update", visible = "PATCH /v1/se-visible/projects/{project_id}/brands/{brand_id}", body = "domain aliases",
        params = { aliases = { type = "string[]", max_length = 500, wrap = "title", sample = "The Corner Bakery",
          about = "all other names of the brand: replaces the ones there, and {} removes them" } },
        row = { of = "list create", map = "id:brand_id" }, answer = "any", repeatable = true,
        source = "mcp n8n", confidence = "medium",
        about = "Change a brand's address, or its aliases, which are replaced as a whole.",
        fields = [[
          id integer??
          title string??
          domain string??
          is_primary boolean??
          aliases[].title string??]],
        example = EXAMPLE },
      { "delete", visible = "DELETE /v1/se-visible/projects/{project_id}/brands/{brand_id}", success = { 204 },
        source = "mcp n8n", confidence = "high", about = "Remove a competitor and its aliases.",
        errors = { { 422, "Cannot delete the primary brand" } } },
    },
  },
  {
    name = "visible.brands.aliases",
    about = "Other names of a brand.",
    id = "brand_id",
    params = {
      project_id = shared.project,
      brand_id = shared.brand,
      aliases = { type = "string[]", min_items = 1, max_length = 500, wrap = "title", sample = "The Corner Bakery",
        about = "names to add, unique in the project" },
    },
    operations = {
      { "add", visible = "POST /v1/se-visible/projects/{project_id}/brands/{brand_id}/aliases", body = "aliases*",
        envelope = "value", answer = "any", success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Add other names to a brand.", fields = "aliases[].title string??",
        example = '{"aliases": [{"title": "The Corner Bakery"}]}' },
    },
  },
}
