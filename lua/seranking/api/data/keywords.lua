--- The operations of client.data.keywords.
-- SPDX-License-Identifier: MIT

local filters = require "seranking.api.data.filters"
local shared = require "seranking.api.shared"

local range = filters.range

local THIRD = shared.third_party
local TEN_A_ROW = { 10, per = "row", note = THIRD, confidence = "medium" }
local ONE_A_ROW = { 1, per = "row", note = THIRD, confidence = "medium" }

local QUERY = "source* keyword* limit offset sort sort_order history_trend filter"
local PAGES = { style = "offset", rows = "keywords", total = "total", size = 100 }

local FIELDS = [[
  total integer keywords in all
  keywords[].keyword string
  keywords[].cpc number price of a click
  keywords[].difficulty integer 0-100
  keywords[].volume integer searches a month
  keywords[].competition number 0-1
  keywords[].serp_features[] string
  keywords[].intents[] string letters: I, N, T, C, L
  keywords[].history_trend object? month (YYYY-MM-01) to searches; with history_trend only
  keywords[].history_trend.<month> integer
]]
local EXAMPLE = [[{"total":212,"keywords":[{"keyword":"folding anchor small","cpc":0.38,"difficulty":14,"volume":140,
  "competition":0.7,"serp_features":["images"],"intents":["C","T"],"history_trend":{"2026-07-01":170}@}]}]]

return {
  about = "Keyword metrics, and keyword ideas from a seed keyword.",
  {
    name = "data.keywords",
    params = {
      source = filters.source,
      keyword = { type = "string", about = "seed keyword" },
      keywords = { type = "string[]", min_items = 1, max_items = 5000, about = "the keywords" },
      limit = { type = "integer", min = 1, default = 100, about = "most rows to return; each costs credits" },
      offset = { type = "integer", min = 0, default = 0, about = "rows to skip" },
      sort = { type = "string", enum = { "keyword", "volume", "cpc", "difficulty", "competition" },
        about = "what to sort by" },
      sort_order = { type = "string", enum = { "asc", "desc" }, default = "desc", about = "order" },
      history_trend = { type = "boolean", style = "json", default = false, about = "true: add searches by month" },
      cols = { type = "string[]", style = "comma", about = "columns to return",
        enum = { "keyword", "volume", "cpc", "competition", "difficulty", "history_trend" } },
      history_from = { type = "date", about = "first month of the history; the day is ignored. Known from one source" },
      history_to = { type = "date", about = "last month of the history, at most 12 in all. Known from one source" },
      filter = filters.new {
        volume = range("integer", "searches a month"),
        difficulty = range("integer", "0-100"),
        cpc = range("number", "price of a click"),
        competition = range("number", "0-1"),
        keyword_count = range("integer", "words of the keyword"),
        characters_count = range("integer", "characters of the keyword"),
        serp_features = filters.serp_features,
        intents = filters.intents,
        multi_keyword_included = filters.included,
        multi_keyword_excluded = filters.excluded,
      },
    },
    operations = {
      { "export", data = "POST /v1/keywords/export", query = "source*",
        upload = "keywords* sort sort_order cols history_from history_to",
        params = { sort = { type = "string", enum = { "volume", "cpc", "difficulty", "competition", "history_trend" },
          default = "cpc", about = "what to sort by" } },
        answer = "array", billed = true,
        cost = { 100, per = "request", note = "the newest docs; older ones say 10 a keyword: measure first",
          confidence = "low" },
        source = "openapi mcp n8n docs third-party", confidence = "medium",
        about = "Metrics of up to 5,000 keywords, answered at once: no job and no file, despite the name.",
        use = "the metrics of keywords that you have",
        fields = [[
          is_data_found boolean false: unknown keyword, without metrics
          keyword string
          volume integer? searches a month
          cpc number? price of a click
          competition number? 0-1
          difficulty integer? 0-100
          history_trend object? month (YYYY-MM-01) to searches
          history_trend.<month> integer
          intents array? missing with cols
          intents[] string
        ]],
        example = [=[[{"is_data_found":true,"keyword":"folding anchor","volume":880,"cpc":0.41,"competition":0.73,
          "difficulty":19,"history_trend":{"2026-07-01":900,"2026-08-01":880},"intents":["C"]}]]=] },
      { "similar", data = "GET /v1/keywords/similar", query = QUERY, pages = PAGES, answer = "object", billed = true,
        cost = TEN_A_ROW, source = "openapi mcp n8n", confidence = "high",
        about = "Keywords that contain a keyword, or nearly.",
        use = "variants of a keyword",
        fields = FIELDS, example = (EXAMPLE:gsub("@", "")) },
      { "related", data = "GET /v1/keywords/related", query = QUERY, pages = PAGES, answer = "object", billed = true,
        cost = TEN_A_ROW, source = "openapi mcp n8n", confidence = "high",
        about = "Keywords with a similar meaning, judged by the results that they share.",
        use = "other words for the same subject",
        fields = FIELDS .. "  keywords[].relevance number how near it is\n",
        example = (EXAMPLE:gsub("@", ',"relevance":64')) },
      { "questions", data = "GET /v1/keywords/questions", query = QUERY, pages = PAGES, answer = "object", billed = true,
        cost = TEN_A_ROW, source = "openapi mcp n8n", confidence = "high",
        about = "Questions around a keyword.",
        use = "headings and FAQs",
        fields = FIELDS,
        example = (EXAMPLE:gsub("@", ""):gsub("folding anchor small", "how to fold an anchor")) },
      { "longtail", data = "GET /v1/keywords/longtail", query = "source* keyword* limit offset sort sort_order filter",
        pages = PAGES, answer = "object", billed = true, cost = ONE_A_ROW, source = "openapi mcp n8n", confidence = "high",
        about = "Longer forms of a keyword, as text only.",
        use = "many cheap ideas; export has their metrics",
        fields = [[
          total integer keywords in all
          keywords[] string
        ]],
        example = [[{"total":31,"keywords":["folding anchor for a small rowing boat"]}]] },
    },
  },
}
