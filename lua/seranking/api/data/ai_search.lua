--- The operations of client.data.ai_search.
-- SPDX-License-Identifier: MIT

local filters = require "seranking.api.data.filters"
local shared = require "seranking.api.shared"

local ENGINES = { "ai-overview", "ai-mode", "chatgpt", "perplexity", "gemini" }
local SCOPES = { "domain", "base_domain", "url" }
local SCOPE_ABOUT = "base_domain: with all subdomains; domain: that host alone; url: that page"

local THIRD = shared.third_party
local A_PROMPT = { 200, per = "row", note = "100 rows cost 20,000; " .. THIRD,
  confidence = "medium" }

-- ---- answers ----

local function overview_fields()
  local lines = { [[
  brand string
  brand_origin string? origin of the brand's name; known from few sources
  no_index boolean? true: the site is not tracked, and all figures are missing
]] }
  for _, figure in ipairs { "brand_presence", "link_presence", "average_position", "ai_opportunity_traffic" } do
    lines[#lines + 1] = (([[
  summary.@.current number?
  summary.@.previous number? the month before
  summary.@.change_absolute number?
  summary.@.change_percent number? 100 if there was nothing before
]]):gsub("@", figure))
  end
  for _, series in ipairs { "overall_traffic", "organic_traffic", "ai_traffic", "link_presence", "average_position" } do
    lines[#lines + 1] = (([[
  time_series.@[].date month
  time_series.@[].value number?
]]):gsub("@", series))
  end
  return table.concat(lines) .. "  message string? alone: a failure in spite of the status 200\n"
end

local OVERVIEW_FIELDS = overview_fields()
local OVERVIEW_EXAMPLE = [[{"brand":"Anchors & Co","brand_origin":"auto","no_index":false,"summary":{
  "brand_presence":{"current":14,"previous":10,"change_absolute":4,"change_percent":40},
  "link_presence":{"current":6,"previous":null,"change_absolute":6,"change_percent":100},
  "average_position":{"current":3.5,"previous":4,"change_absolute":-0.5,"change_percent":-12.5},
  "ai_opportunity_traffic":{"current":80,"previous":75,"change_absolute":5,"change_percent":6.7}},
  "time_series":{"overall_traffic":[{"date":"2026-08","value":610}],"organic_traffic":[{"date":"2026-08","value":530}],
  "ai_traffic":[{"date":"2026-08","value":80}],"link_presence":[{"date":"2026-07","value":null},
  {"date":"2026-08","value":6}],"average_position":[{"date":"2026-08","value":3.5}]}}]]

local PROMPT_FIELDS = [[
  total integer prompts in all
  date string?
  prompts[].prompt string
  prompts[].volume integer times it is asked a month
  prompts[].type string Link, Brand or Brand_Link: what of the site is in the answer
  prompts[].answer.text string
  prompts[].answer.links[] string
]]
local PROMPT_EXAMPLE = [[{"total":9,"date":"2026-08-28","prompts":[{"prompt":"what anchor holds in mud","volume":70,
  "type":"Brand_Link","answer":{"text":"One that digs itself in","links":["https://anchors.example/folding"]}}]}]]

local BY_OFFSET = { style = "offset", rows = "prompts", total = "total", size = 100, max = 1000 }

return {
  about = "How a site and a brand appear in the answers of AI search engines.",
  {
    name = "data.ai_search",
    params = {
      target = { type = "string", about = "domain, host or page" },
      source = filters.source,
      brand = { type = "string", about = "name of the brand; by default guessed from the target" },
      scope = { type = "string", enum = SCOPES, default = "base_domain", about = SCOPE_ABOUT },
      engine = { type = "string", enum = ENGINES, about = "one engine" },
      engines = { type = "string[]", enum = ENGINES, min_items = 1, about = "engines to compare" },
      primary = { type = "object", required = "target", about = "your own site", fields = {
        target = { type = "string", about = "domain, host or page" },
        brand = { type = "string", about = "name of its brand" },
      } },
      competitors = { type = "object[]", min_items = 1, max_items = 10, required = "target", about = "its competitors",
        fields = {
          target = { type = "string", about = "domain, host or page" },
          brand = { type = "string", about = "name of its brand" },
        } },
      sort = { type = "string", enum = { "volume", "type", "snippet_length" }, default = "volume",
        about = "what to sort by" },
      sort_order = { type = "string", enum = { "asc", "desc" }, default = "desc", about = "order" },
      limit = { type = "integer", min = 1, max = 1000, default = 100,
        about = "most rows to return; each costs 200 credits" },
      offset = { type = "integer", min = 0, default = 0, about = "rows to skip" },
      filter = filters.new {
        multi_keyword_included = filters.rules "prompts to keep",
        multi_keyword_excluded = filters.rules "prompts to leave out",
        volume = filters.range("integer", "times it is asked a month"),
        keyword_count = filters.range("integer", "words of the prompt"),
        characters_count = filters.range("integer", "characters of the prompt"),
      },
    },
    operations = {
      { "overview_aggregated", data = "GET /v1/ai-search/overview/aggregated/time-series",
        query = "target* source* brand scope", failed = "message", answer = "object", billed = true,
        cost = { 800, per = "request", note = THIRD .. "; an older one says 1,800", confidence = "medium" },
        source = "openapi mcp third-party", confidence = "medium",
        about = "A site in the answers of all AI engines together, month by month. The newest month may be incomplete.",
        use = "one trend over all engines",
        fields = OVERVIEW_FIELDS, example = OVERVIEW_EXAMPLE },
      { "overview_by_engine", data = "GET /v1/ai-search/overview/by-engine/time-series",
        query = "target* source* engine* brand scope", failed = "message", answer = "object", billed = true,
        cost = { 800, per = "request", note = "the vendor's figure", confidence = "high" },
        source = "openapi mcp n8n skills third-party", confidence = "high",
        about = "A site in the answers of one AI engine, month by month. The newest month may be incomplete.",
        use = "the trend at one engine",
        fields = OVERVIEW_FIELDS, example = OVERVIEW_EXAMPLE },
      { "leaderboard", data = "POST /v1/ai-search/overview/leaderboard",
        body = "primary* competitors* source* engines* scope",
        params = { scope = { type = "string", enum = SCOPES, about = SCOPE_ABOUT } }, answer = "object", billed = true,
        cost = { 7500, per = "request", note = "about; " .. THIRD, confidence = "low" },
        source = "openapi mcp skills third-party", confidence = "medium",
        about = "A site and its competitors in the answers of AI engines. Expensive and slow: allow a long timeout.",
        use = "share of voice among competitors that you name",
        fields = [[
          leaderboard[].rank integer
          leaderboard[].domain string
          leaderboard[].is_primary_target boolean
          leaderboard[].brand_presence number
          leaderboard[].link_presence number
          leaderboard[].share_of_voice number a fraction, 0-1
          results object domain (with its dots) to engine to metrics
          results.<domain>.<engine>.brand_presence number
          results.<domain>.<engine>.link_presence number
          request_metadata.primary object the request, like the next three
          request_metadata.competitors[] object
          request_metadata.engines[] string
          request_metadata.source string
        ]],
        example = [[{"leaderboard":[{"rank":1,"domain":"anchors.example","is_primary_target":true,"brand_presence":14,
          "link_presence":6,"share_of_voice":0.58},{"rank":2,"domain":"ropes.example","is_primary_target":false,
          "brand_presence":10,"link_presence":4,"share_of_voice":0.42}],
          "results":{"anchors.example":{"gemini":{"brand_presence":14,"link_presence":6}},
          "ropes.example":{"gemini":{"brand_presence":10,"link_presence":4}}},
          "request_metadata":{"primary":{"target":"anchors.example","brand":"Anchors & Co"},
          "competitors":[{"target":"ropes.example","brand":"Ropes"}],"engines":["gemini"],"source":"uk"}}]] },
      { "discover_brand", data = "GET /v1/ai-search/discover-brand", query = "target* source* scope",
        params = { scope = { type = "string", enum = SCOPES, default = "domain",
          about = SCOPE_ABOUT .. ". Set it always: the default differs from that of other calls" } },
        answer = "object", billed = true, cost = { 100, per = "request", note = THIRD, confidence = "medium" },
        source = "openapi mcp n8n skills", confidence = "high",
        about = "Brand names that belong to a site.",
        fields = "  brands[] string\n", example = [[{"brands":["Anchors & Co"]}]] },
      { "prompts_by_target", data = "GET /v1/ai-search/prompts-by-target",
        query = "target* source* engine* scope sort sort_order limit offset filter",
        params = { scope = { type = "string", enum = SCOPES, default = "base_domain", always = true,
          about = SCOPE_ABOUT .. ". Always sent: without it the server answers 500" } },
        pages = BY_OFFSET, answer = "object", billed = true, cost = A_PROMPT, source = "openapi mcp n8n third-party",
        confidence = "high",
        about = "Prompts whose answers link to a site. Always set limit: each row costs 200 credits.",
        fields = PROMPT_FIELDS, example = PROMPT_EXAMPLE },
      { "prompts_by_brand", data = "GET /v1/ai-search/prompts-by-brand",
        query = "brand* source* engine* sort sort_order limit offset filter",
        params = { brand = { type = "string", about = "name of the brand" } }, pages = BY_OFFSET, answer = "object",
        billed = true, cost = A_PROMPT, source = "openapi mcp n8n third-party", confidence = "high",
        about = "Prompts whose answers name a brand. Always set limit: each row costs 200 credits.",
        fields = PROMPT_FIELDS, example = PROMPT_EXAMPLE },
    },
  },
}
