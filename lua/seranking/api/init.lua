--- The index of the API descriptions, and the format they are written in.
-- SPDX-License-Identifier: MIT
--
-- Everything that the client knows of the API is data in this folder: one file a family. To add an endpoint, add one entry to
-- `operations`, then run `make reference`. A file returns a list of resources:
--
--   return {
--     about = "Projects, and what …",     -- a line about the family
--     {
--       name = "sites.keywords",          -- its place: client.sites.keywords
--       about = "Keywords that …",        -- a line about the resource; none if the family's line is about it
--       id = "keyword_id",                -- what client.sites.keywords(5) binds; optional
--       params = { ... },                 -- the parameters of the resource, by name (below)
--       operations = {                    -- may be empty, if only resources below it use its id
--         { "list", v4 = "GET /sites/{site_id}/keywords", v1 = "GET /v1/project-management/keywords{?site_id}",
--           query = "site_engine_id", answer = "array", about = "Keywords of a project …" },
--       },
--     },
--   }
--
-- An operation:
--   [1]         its name in Lua.
--   v4, v1      method and path in each generation of the Project API; left out for a generation that lacks the operation.
--               `{name}` is an id in the path, `{?a,b}` at the end are ids in the query; all are required. Where a generation
--               differs in more, it is a table: v1 = { "POST /v1/…", body = "ids*" }. Besides method and path it may have its
--               own query, body, items, upload, envelope, answer, unwrap, fields and example; `body = false`: it has no body.
--   instead     the operation to use on a generation that lacks this one: "account.subscription", "data.keywords.export".
--               Left out if nothing takes its place.
--   data, visible  method and path on a product (see products.lua), which has no generations. Its resources are named "data.…".
--   post        true if the parameters may also go by POST, as one JSON object (`fixed` stays in the query). The
--               client does so when the address would exceed 2,000 bytes, or a list ten elements.
--   query       names of the query parameters, separated by blanks; a star marks a required one: "date* top".
--   body        the same for a JSON object as the body. Instead of it: `items` for a bare JSON array of such objects (callers
--               write them as the list part of the arguments), or `upload` for multipart/form-data: one file, or texts and
--               lists. Without any of the three the request has no body, not even `{}`.
--   params      parameters that only this operation has, or has in another form than its resource; by name.
--   one_of      parameters of which exactly one is required: "url_id url".
--   any_of      parameters of which at least one is required: "domain url".
--   together    parameters that are given all or not at all: "compare_from compare_to".
--   fixed       what is always in the query: "output=json".
--   envelope    how the body's object is wrapped; callers write plain fields. "list": as the only element of a list. "pairs":
--               as [{"key":"data","value":[{"a":1},{"b":2}]}], one object a parameter. "value": the body is the value of the
--               only parameter.
--   answer      "array", "object", "map" (an object whose keys are data), "bytes" (a file, returned as a string), or "any",
--               if no source shows it or it varies: returned as it is, true for an empty body, an empty table for null. Left
--               out if the API answers nothing of use: the call returns true.
--   unwrap      a member that may hold the answer: some servers send {"data": [...]} instead of the bare list. Several, if it
--               is not known which: "results items". The first that is there counts.
--   fields      the members of the answer, one a line: `path type note`. Paths have dots; `[]` stands for the elements of a
--               list, `<name>` for the keys of a map. For an "array", paths start at its elements; `[]` alone is an element
--               that is no object. Types: integer, number, string, boolean, date, month, time, object, array; `a|b` is
--               either; a `?` at the end: null or missing at times; `??`: a guess, since no source shows the member by name.
--               Documentation and types only.
--   numbers     paths of members that are numbers even if they come as text, separated by blanks. `rows[].*`: every member of
--               a row that looks like a number, described or not, except those in `texts`.
--   texts       members that stay text where `numbers` has a `*`: "url title".
--   joined      lists that come as one text, in the way that parameters of the same name send them: { fields = parameters,
--               at = the member of the answer that has them; left out: the answer itself }.
--   example     an answer as JSON text, with invented values. The fake API returns it where it keeps no state.
--   failed      a member that is an error message if it is alone in the answer, despite a status 200.
--   errors      known error messages of this endpoint: { { 404, "Tag not found" } }.
--   success     documented success statuses, if not 200 alone. The client accepts any 2xx.
--   pages       the answer is a page: { style = "page" | "offset" | "cursor", rows = member with the rows (left out: the answer
--               itself; several: the first that is there, or the answer itself), total = member with the number of all rows,
--               size = rows a page without `limit`, max = highest limit, cursor = member with the next cursor, param =
--               parameter for the start of a page, if not `page` or `offset` }. Without a style there is one page only; if it
--               has a `max`, `limit` cuts it. whole = operation that walks all rows.
--   job         it starts a job: { status = operation of the same resource that returns its state, param = the parameter of
--               `status` for the job, id = member of this answer with its value ("[].id": one job for each element; left out:
--               what was given as `param`), state and bad = member of this answer, and its values, for a job that was refused,
--               fresh = member of the status answer that differs between two runs: while it is unchanged, the end is that of
--               the run before }. The operation `status` has the rest: { state = member of its answer, pending = "queued
--               processing", good = "finished", bad = "cancelled canceled expired", done = member that exists only at the end,
--               full = member that must be 100 at the end as well, result = member with the address of the file, every =
--               { first, longest } seconds between two requests }.
--   cost        estimated credits of the Data API: { 100, per = "request" | "target" | "row" | "keyword" | "page", of = what
--               is counted: the list parameter, or the parameter for the most pages; false for rows outside this answer; left
--               out: the rows of `pages`; note = "…", confidence = "high" … }. Without a number: the price is unknown.
--   repeatable  only if it differs from the method's rule: GET, PUT and DELETE may be repeated, POST and PATCH may not. A
--               repeated request must leave the same state as a single one.
--   billed      true: costs money or counts against the plan. Retried only if nothing was sent.
--   row         it accepts what another operation of the resource returned: { of = "get list", map = "id:site_id name:url" }.
--               `map` renames members to parameters; "-" drops one. Its first member, or each of `marks`, distinguishes a row
--               from arguments. Members without a parameter are left out.
--   about       one line, in our own words.
--   use         where operations resemble each other, what to use this one for: ends a sentence that begins "Use it for".
--   source      where it is known from: "docs", "mcp", "n8n", "openapi", "skills", "third-party", separated by blanks.
--   confidence  "high", "medium" or "low": how sure the sources are.
--   deprecated  true if the vendor has withdrawn it.
--
-- A parameter:
--   type        "id" (a whole number, or a string of digits), "integer", "number", "string", "boolean" (true/false in a body
--               and with style "json", else 1/0), "flag" (0/1; true and false are accepted), "date" (YYYY-MM-DD), "month"
--               (YYYY-MM), "object", "file", "text" (a string or a whole number, sent as text), or a list of one of them:
--               "id[]", "string[]", "object[][]" … A single value is accepted as a list of one.
--   style       how a list is written in a query or form: "brackets" name[]=1&name[]=2 (the default), "repeat"
--               name=1&name=2, "comma" name=1,2, "lines" one text with a line for each. How a table ("object", "object[]") is:
--               "json" (the default), or "tree" name[a][b]=1, with lists numbered from 0 and each of `fields` in its own
--               style. In a body "comma", "lines" and "json" make one string; all others are plain JSON. A file is a part of
--               its own in a form.
--   wire        its name in the request, if different: a string, or { v4 = "…", v1 = "…" }.
--   wrap        of a list in a body: each element is sent as an object with this member. Callers write plain values, or such
--               objects, as they were read.
--   always      true: `default` is sent if the parameter is left out.
--   enum_by     accepted values that depend on another parameter: { of = "source_type", values = { domain = { "pages" },
--               url = { … } } }. If the other is left out, its default counts.
--   sample      a value for examples.
--   fields      for "object" and "object[]": the parameters of the members; `required`: names as in `query`.
--   max_items   most elements of a list; min_items: fewest.
--   max_length  most characters of a string; min_length: fewest.
--   form        { pattern, meaning }: strings must match: { "^%l%l$", "two small letters" }; except: one that must not be sent.
--   first_lacks a member that the first element of an "object[]" must not have.
--   as_read     true, of an object: members may be given as they were read; "" and null are left out unless the parameter is
--               a text.
--   nullable    true: seranking.null may be given, and clears the value.
--   secret      true: masked in dry_run, messages and events (passwords).
--   enum, min, max, default (documentation only, never sent), about.

--- The file of each family, by its name on the client. A file is loaded when its name is first used.
return {
  account = "seranking.api.account",
  airt = "seranking.api.airt",
  analytics = "seranking.api.analytics",
  audit = "seranking.api.audit",
  backlink_disavow = "seranking.api.backlink_disavow",
  backlink_groups = "seranking.api.backlink_groups",
  backlinks = "seranking.api.backlinks",
  checklist = "seranking.api.checklist",
  competitors = "seranking.api.competitors",
  ["data.account"] = "seranking.api.data.account",
  ["data.ai_search"] = "seranking.api.data.ai_search",
  ["data.backlinks"] = "seranking.api.data.backlinks",
  ["data.domain"] = "seranking.api.data.domain",
  ["data.keywords"] = "seranking.api.data.keywords",
  ["data.serp"] = "seranking.api.data.serp",
  ["data.site_audit"] = "seranking.api.data.site_audit",
  key_volume = "seranking.api.key_volume",
  keyword_groups = "seranking.api.keyword_groups",
  local_marketing = "seranking.api.local_marketing",
  site_groups = "seranking.api.site_groups",
  sites = "seranking.api.sites",
  system = "seranking.api.system",
  users = "seranking.api.users",
  ["visible.brands"] = "seranking.api.visible.brands",
  ["visible.projects"] = "seranking.api.visible.projects",
  ["visible.prompts"] = "seranking.api.visible.prompts",
  ["visible.results"] = "seranking.api.visible.results",
  ["visible.sources"] = "seranking.api.visible.sources",
  ["visible.subscription"] = "seranking.api.visible.subscription",
  ["visible.topics"] = "seranking.api.visible.topics",
}
