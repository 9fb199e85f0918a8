--- The catalogues that all accounts share: search engines, languages, regions; and the old volume call.
-- SPDX-License-Identifier: MIT

return {
  {
    name = "system",
    params = {
      region_id = { type = "id", about = "region to count in, from system.volume_regions" },
      keyword = { type = "string[]", about = "the keywords, at most 10" },
    },
    operations = {
      { "search_engines", v4 = "GET /system/search-engines", v1 = "GET /v1/project-management/system/search-engines",
        answer = "array", success = { 200 }, confidence = "high",
        about = "Every search engine that a project can track, about 690 rows; its id is search_engine_id elsewhere." },
      { "google_langs", v4 = "GET /system/google-langs", v1 = "GET /v1/project-management/system/google/languages",
        answer = "map", success = { 200 }, confidence = "high",
        about = "Languages for Google: code to the language's own name." },
      { "google_regions", v4 = "GET /system/google-regions", v1 = "GET /v1/project-management/system/google/regions",
        answer = "array", success = { 200 }, confidence = "medium",
        about = "Cities and regions for Google, about 228,800 rows in one answer: keep it; name is a region_name." },
      { "volume_regions", v4 = "GET /system/volume-regions", answer = "array", success = { 200 }, confidence = "low",
        about = "Regions that system.volume knows. v4 only." },
      { "volume", v4 = "GET /system/volume", query = "region_id* keyword*", answer = "array", success = { 200 },
        confidence = "medium", about = "Monthly searches for up to ten keywords in a region. v4 only." },
      { "yandex_regions", v4 = "GET /system/yandex-regions", answer = "map", success = { 200 }, confidence = "low",
        deprecated = true, about = "Regions of Yandex: id to name. Known from old clients only." },
    },
  },
}
