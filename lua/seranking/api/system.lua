--- The operations of client.system.
-- SPDX-License-Identifier: MIT

return {
  about = "Catalogues shared by all accounts: search engines, languages, regions; and v4's search volumes.",
  {
    name = "system",
    params = {
      region_id = { type = "id", about = "region to count in, from client.system:volume_regions" },
      keyword = { type = "string[]", max_items = 10, about = "the keywords, at most 10" },
    },
    operations = {
      { "search_engines", v4 = "GET /system/search-engines", v1 = "GET /v1/project-management/system/search-engines",
        answer = "array", source = "mcp n8n third-party", confidence = "high",
        about = "All search engines that a project can track, about 690 rows; id is the search_engine_id of other calls.",
        fields = [[
          id integer the search_engine_id of other calls
          name string
          region_id integer
          type string google, google mobile, bing, yahoo, youtube …]],
        example = '[{"id": 200, "name": "Google USA", "region_id": 1, "type": "google"}]' },
      { "google_langs", v4 = "GET /system/google-langs", v1 = "GET /v1/project-management/system/google/languages",
        answer = "map", source = "mcp n8n", confidence = "high",
        about = "Languages for Google: code to the language's own name.",
        fields = "<code> string the language's own name; codes are like de and pt-BR",
        example = '{"de": "Deutsch", "en": "English", "fr": "français", "pt-BR": "português (Brasil)"}' },
      { "google_regions", v4 = "GET /system/google-regions", v1 = "GET /v1/project-management/system/google/regions",
        answer = "array", source = "mcp n8n", confidence = "medium",
        about = "Cities and regions for Google, about 228,800 rows in one answer: keep them. name is the region_name "
          .. "of other calls.",
        fields = [[
          name string the region_name of other calls
          region_id integer]],
        example = '[{"name": "Boston, Massachusetts, United States", "region_id": 1}]' },
      { "volume_regions", v4 = "GET /system/volume-regions", instead = "system.google_regions", answer = "array",
        numbers = "id",
        source = "mcp n8n", confidence = "low",
        about = "Regions that client.system:volume knows. v4 only.",
        fields = [[
          id integer the member's name is assumed
          name string? the member's name is assumed]],
        example = '[{"id": 1, "name": "United States"}]' },
      { "volume", v4 = "GET /system/volume",
        instead = "data.keywords.export", query = "region_id* keyword*", answer = "any",
        source = "mcp n8n", confidence = "medium",
        about = "Monthly searches of up to ten keywords in a region. v4 only; no source shows an answer.",
        example = "[]" },
      { "yandex_regions", v4 = "GET /system/yandex-regions",
        instead = "system.search_engines", answer = "any",
        source = "docs third-party", confidence = "low", deprecated = true,
        about = "Yandex regions. Known from old clients only; no source shows an answer.",
        example = "{}" },
    },
  },
}
