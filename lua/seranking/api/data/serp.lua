--- The operations of client.data.serp.
-- SPDX-License-Identifier: MIT

local FREE = { 0, per = "request", note = "believed to be free", confidence = "medium" }

-- There is no word for the end: a waiting task has a status, a finished one has items. Some never finish.
local READ = { state = "status", pending = "processing", done = "items", every = { 5, 10 } }

local RESULT_FIELDS = [[
  status string? processing, alone, while the task waits
  request_metadata.keyword string what was asked for, as the next four
  request_metadata.search_engine string?
  request_metadata.device string
  request_metadata.location_id integer
  request_metadata.language_code string
  summary.total_results integer results that the search engine reports
  items[].type string organic, ads and so on; the other members go by it
  items[].position string where on the page it stands (center …): no rank
  items[].rank_absolute integer the rank
  items[].domain string
  items[].url string
  items[].title string
  items[].description string
  items[].breadcrumb string?
  items[].highlighted_terms[] string
]]

local function result_example(more)
  return [[{"request_metadata":{"keyword":"folding anchor","search_engine":"google","device":"desktop",
  "location_id":2826,"language_code":"en"},"summary":{"total_results":2300000},"items":[{"type":"organic",
  "position":"center","rank_absolute":1,"domain":"anchors.example","url":"https://anchors.example/folding",
  "title":"Folding anchors","description":"Anchors that fold","breadcrumb":"anchors.example > folding",
  "highlighted_terms":["folding anchor"]}]] .. more .. "]}"
end

return {
  about = "Results pages of a search engine, collected on demand.",
  {
    name = "data.serp.classic",
    about = "Tasks that collect results pages.",
    id = "task_id",
    params = {
      search_engine = { type = "string", enum = { "google" }, about = "google is the only one that is documented" },
      device = { type = "string", enum = { "desktop", "mobile" }, about = "whose results" },
      language_code = { type = "string", about = "language of the results page, two letters" },
      location_id = { type = "id", about = "place, from locations" },
      google_ads_location_id = { type = "id", about = "place as Google numbers it. Known from one source" },
      query = { type = "string[]", max_items = 1000,
        about = "phrases to search for, at most 1,000 of at most 255 characters; each makes a task and is paid for" },
      tag = { type = "string", about = "a label for the callback, at most 255 characters" },
      pingback_url = { type = "string", about = "address to call at the end of a task; $id and $tag in it are filled in" },
      task_id = { type = "id", about = "a task: id of add_tasks" },
      country_code = { type = "string", about = "country, two letters, ISO 3166 (so gb, not uk)" },
      q = { type = "string", about = "part of the place's name, at least 2 characters" },
      include = { type = "string", enum = { "google_ads_location_id" }, about = "add Google's number to each row" },
    },
    operations = {
      { "add_tasks", data = "POST /v1/serp/classic/tasks",
        body = "search_engine* device* language_code* location_id google_ads_location_id query* tag pingback_url",
        one_of = "location_id google_ads_location_id", answer = "array", billed = true,
        cost = { 10, per = "keyword", of = "query", note = "disputed: 3, 10 or 50, for a phrase or for a request",
          confidence = "low" },
        job = { status = "task_results", id = "[].id", param = "task_id" },
        source = "openapi mcp n8n docs third-party", confidence = "medium",
        about = "Have results pages collected: a task for each phrase. Usually done in a minute, kept for a day.",
        fields = [[
          id integer task_id of other calls
          query string
          location_id integer
        ]],
        example = [=[[{"id":73500001,"query":"folding anchor","location_id":2826}]]=] },
      -- Lists and results have one path; task_id in the query decides. An empty one must never get through.
      { "list_tasks", data = "GET /v1/serp/classic/tasks", answer = "array", cost = FREE,
        source = "openapi mcp n8n third-party", confidence = "medium", about = "Tasks of the last 24 hours.",
        fields = [[
          id integer
          query string?
          status string? processing, while it waits
          is_completed boolean?
          tag string?
        ]],
        example = [=[[{"id":73500001,"query":"folding anchor","status":"processing","is_completed":false,
          "tag":"harbour"}]]=] },
      { "task_results", data = "GET /v1/serp/classic/tasks{?task_id}", answer = "object", cost = FREE, job = READ,
        source = "openapi mcp n8n third-party", confidence = "medium",
        about = "What a task found: unpaid results, advertisements, featured snippet. While it waits only a status.",
        fields = RESULT_FIELDS, example = result_example "" },
      -- Not marked as billed: only a task's first reading may cost, and repeating it costs no more.
      { "task_results_advanced", data = "GET /v1/serp/classic/tasks/results_advanced{?task_id}", answer = "object",
        cost = { per = "request", note = "perhaps 10 for the first reading of a task, perhaps nothing", confidence = "low" },
        job = READ, source = "openapi mcp n8n third-party", confidence = "medium",
        about = "What a task found, with blocks of every kind: questions, related searches, AI overview, maps.",
        fields = RESULT_FIELDS .. [[
          items[].searches[] object? of people_also_ask
          items[].links[] object? of related_searches: title
        ]],
        example = result_example ',{"type":"related_searches","position":"center","links":[{"title":"boat anchor"}]}' },
      { "task_html", data = "GET /v1/serp/classic/tasks/html{?task_id}", answer = "bytes",
        cost = { 0, per = "request", confidence = "medium" }, source = "openapi mcp", confidence = "medium",
        about = "The results pages as they came, a ZIP. An error 409 while the task waits, 404 after a day." },
      { "locations", data = "GET /v1/serp/classic/locations", query = "country_code* q* include", answer = "array",
        unwrap = "data", cost = FREE, source = "openapi mcp n8n", confidence = "medium",
        about = "Places of a country by a part of their name; id is a location_id.",
        fields = [[
          id integer
          name string?
          location_type string?
          country_code string?
          google_ads_location_id integer? with include
        ]],
        example = [[{"data":[{"id":2826,"name":"Harwich","location_type":"City","country_code":"GB",
          "google_ads_location_id":1006500}]}]] },
    },
  },
}
