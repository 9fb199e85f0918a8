--- The operations of client.data.serp.
-- SPDX-License-Identifier: MIT

local FREE = { 0, per = "request", note = "believed to be free", confidence = "medium" }

-- There is no word for the end: a waiting task has a status, a finished one has items. Some never finish.
local READ = { state = "status", pending = "processing", done = "items", every = { 5, 10 } }

local RESULT_FIELDS = [[
  status string? processing while the task waits, then no other member is there
  request_metadata.keyword string the request, like the next four
  request_metadata.search_engine string?
  request_metadata.device string
  request_metadata.location_id integer
  request_metadata.language_code string
  summary.total_results integer results that the search engine reports
  items[].type string organic, ads …; the other members depend on it
  items[].position string place on the page (center …), not the rank
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
      search_engine = { type = "string", enum = { "google" }, about = "google is the only documented one" },
      device = { type = "string", enum = { "desktop", "mobile" }, about = "device of the results" },
      language_code = { type = "string", about = "language of the results page, two letters" },
      location_id = { type = "id", about = "the place: id of locations" },
      google_ads_location_id = { type = "id", about = "Google's number of the place. Known from one source" },
      query = { type = "string[]", max_items = 1000,
        about = "phrases to search for, at most 255 characters each; each makes a task and costs credits" },
      tag = { type = "string", about = "a label for the callback, at most 255 characters" },
      pingback_url = { type = "string", about = "address to call when a task is done; $id and $tag in it are replaced" },
      task_id = { type = "id", about = "the task: id of add_tasks" },
      country_code = { type = "string", about = "country, two letters, ISO 3166 (so gb, not uk)" },
      q = { type = "string", about = "part of the place's name, at least 2 characters" },
      include = { type = "string", enum = { "google_ads_location_id" }, about = "add Google's number of each place" },
    },
    operations = {
      { "add_tasks", data = "POST /v1/serp/classic/tasks",
        body = "search_engine* device* language_code* location_id google_ads_location_id query* tag pingback_url",
        one_of = "location_id google_ads_location_id", answer = "array", billed = true,
        cost = { 10, per = "keyword", of = "query", note = "disputed: 3, 10 or 50, for a phrase or for a request",
          confidence = "low" },
        job = { status = "task_results", id = "[].id", param = "task_id" },
        source = "openapi mcp n8n docs third-party", confidence = "medium",
        about = "Collect results pages: a task for each phrase. Usually done within a minute, kept for a day.",
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
          status string? processing while the task waits
          is_completed boolean?
          tag string?
        ]],
        example = [=[[{"id":73500001,"query":"folding anchor","status":"processing","is_completed":false,
          "tag":"harbour"}]]=] },
      { "task_results", data = "GET /v1/serp/classic/tasks{?task_id}", answer = "object", cost = FREE, job = READ,
        source = "openapi mcp n8n third-party", confidence = "medium",
        about = "Results of a task: organic results, ads, featured snippet. While the task waits, only a status.",
        use = "rankings",
        fields = RESULT_FIELDS, example = result_example "" },
      -- Not marked as billed: only a task's first reading may cost, and repeating it costs no more.
      { "task_results_advanced", data = "GET /v1/serp/classic/tasks/results_advanced{?task_id}", answer = "object",
        cost = { per = "request", note = "perhaps 10 for the first reading of a task, perhaps nothing", confidence = "low" },
        job = READ, source = "openapi mcp n8n third-party", confidence = "medium",
        about = "Results of a task, with blocks of every kind: questions, related searches, AI overview, maps.",
        use = "everything on the results page",
        fields = RESULT_FIELDS .. [[
          items[].searches[] object? in people_also_ask
          items[].links[] object? title, in related_searches
        ]],
        example = result_example ',{"type":"related_searches","position":"center","links":[{"title":"boat anchor"}]}' },
      { "task_html", data = "GET /v1/serp/classic/tasks/html{?task_id}", answer = "bytes",
        cost = { 0, per = "request", confidence = "medium" }, source = "openapi mcp", confidence = "medium",
        about = "The results pages as HTML, in a ZIP file. Error 409 while the task waits, 404 after a day.",
        use = "the page as it came" },
      { "locations", data = "GET /v1/serp/classic/locations", query = "country_code* q* include", answer = "array",
        unwrap = "data", cost = FREE, source = "openapi mcp n8n", confidence = "medium",
        about = "Places in a country, by part of their name; id is the location_id of other calls.",
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
