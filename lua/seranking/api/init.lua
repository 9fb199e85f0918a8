--- The index of the API descriptions, and the format they are written in.
-- SPDX-License-Identifier: MIT
--
-- Everything that the client knows of the API is data in this folder, one file a resource family. A file returns a list
-- of resources:
--
--   return {
--     about = "Projects, and what …",     -- a line for the whole family
--     {
--       name = "sites.keywords",          -- where it hangs: client.sites.keywords
--       about = "Keywords that …",        -- a line; left out where the family's line says it
--       id = "keyword_id",                -- what client.sites.keywords(5) binds; left out where there is none
--       params = { ... },                 -- every parameter of the resource, by name (below)
--       operations = {                    -- may be empty: then it is there for the id, which those below it take
--         { "list", v4 = "GET /sites/{site_id}/keywords", v1 = "GET /v1/project-management/keywords{?site_id}",
--           query = "site_engine_id", answer = "array", about = "Keywords of a project …" },
--       },
--     },
--   }
--
-- An operation:
--   [1]         its name in Lua.
--   v4, v1      method and path of each generation of the Project API; a generation that lacks the operation is left out.
--               `{name}` is a path segment, `{?a,b}` are ids that this generation wants in the query. Both are always
--               required. Where a generation differs in more, it is a table: v1 = { "POST /v1/…", body = "ids*" }: method
--               and path first, then any of query, body, items, upload, envelope, answer, unwrap, fields and example as that
--               generation has it; `body = false` says that it has none where the other has one.
--   instead     the operation to use on the generation that lacks this one: "account.subscription", "data.keywords.export".
--               Every operation of one generation only has one.
--   data        method and path on the Data API, which has no generations; its resources are named "data.…".
--   post        Data API: true where the same parameters may also go by POST as one JSON object (what is `fixed` stays in the
--               query). They do when the address would have more than 2,000 bytes, or a list more than ten elements.
--   query       names of the query parameters, separated by blanks; a star marks a required one: "date* top".
--   body        the same for a JSON object as the body; `items` for a body that is a bare JSON array of such objects (the
--               caller writes them as the list part of the arguments); `upload` for multipart/form-data, of one file, or of
--               texts and lists. With none of the three the request has no body at all, not even `{}`.
--   params      parameters that this operation has otherwise than its resource, by name.
--   one_of      names of parameters of which exactly one must be given: "url_id url".
--   any_of      names of parameters of which at least one must be given: "domain url".
--   fixed       what is always sent in the query: "output=json".
--   envelope    what the body's object is put into; the caller writes plain fields. "list": it is the only element of a
--               list. "pairs": [{"key":"data","value":[{"a":1},{"b":2}]}], one object a parameter. "value": nothing, the
--               body is the value of its only parameter.
--   answer      "array", "object" or "map" (an object whose keys are data), "bytes" for files (given as a string), "any"
--               where no source shows it or it is now this, now that: given as it is, true when no body comes, an empty
--               table for null; left out where the API answers nothing of use: the call then returns true.
--   unwrap      a member that may hold the answer: some servers send {"data": [...]} where others send the bare list.
--   fields      what the answer holds, a line a field: `path type note`. Paths are dotted, `[]` is a list's elements and
--               `<name>` a map's keys; those of an "array" are seen from its elements, and `[]` alone is such an element
--               that is no object. Types: integer, number, string, boolean, date, month, time, object, array; `a|b`
--               either; a `?` at the end: may be null or missing. Documentation only.
--   numbers     what is a number even where it comes as text: paths like those of `fields`, separated by blanks. `rows[].*`
--               is every member of a row that looks like a number, documented or not, without those that `texts` names.
--   texts       names of members that stay text where `numbers` has a `*`: "url title".
--   joined      lists that come as one text, as the parameters of the same name send them: { fields = parameters, at = the
--               member of the answer that has them; left out: the answer itself }.
--   example     an answer, as JSON text, with invented figures. What the fake API says where it keeps no state.
--   failed      a member that, where the answer holds nothing else, says what went wrong in spite of a status 200.
--   errors      the complaints of this endpoint that are known: { { 404, "Tag not found" } }.
--   success     documented success statuses, if not 200 alone; the client takes any 2xx.
--   pages       the answer comes in pages: { style = "page" | "offset" | "cursor", rows = member that holds the rows (left
--               out: the answer itself), total = member that tells how many there are, size = rows a page when `limit` is
--               not given, max = highest limit, cursor = member that holds the next cursor, param = the parameter that says
--               where a page begins, if it is not called `page` or `offset` }. The size is asked for by `limit`. Without a
--               style there is one page, which `each` walks: all there is, or where there is a `max`, what `limit` cuts it to;
--               whole = name of the operation that walks all of it.
--   job         it starts something that takes time: { status = operation of the same resource that tells the state, id =
--               member of this answer that names the job ("[].id": a job for each element; left out: what was given as
--               `param`), param = the parameter of `status` that takes it, state and bad = member of this answer that tells
--               of a job that was refused, and its words, fresh = member of the status answer that a new run changes: an
--               end with its old value is the end of the run before }. The status operation carries the rest: { state =
--               member of its answer that is looked at, pending = "queued processing", good = "finished", bad = "cancelled
--               canceled expired", done = a member whose presence alone means the end, result = member with the address of
--               the file, every = { first, longest } seconds between looks }.
--   cost        credits of the Data API, estimated: { 100, per = "request" | "target" | "row" | "keyword" | "page", of = what
--               is counted: the list parameter, or the parameter that sets the most pages; false for rows that are not in this
--               answer; left out: the rows of `pages`; note = "…", confidence = "high" … }. The number is left out where it is
--               not known.
--   repeatable  true or false where it differs from the method's rule (GET, PUT and DELETE may be sent again by the
--               engine, POST and PATCH may not). Repeating must leave the server as one sending would.
--   billed      true: costs money or plan limits; retried only where nothing was sent.
--   row         it takes what another operation of the resource gave: { of = "get list", map = "id:site_id name:url" }. The
--               map has the parameter that a member is written as, where their names differ; "-": none. Its first member, or
--               each of `marks`, tells a row from arguments. Members that no parameter has are left out.
--   about       one line, in our own words.
--   use         what to use it for, where other operations resemble it: "Use it for" begins the sentence.
--   source      where it is known from: "docs", "mcp", "n8n", "openapi", "skills", "third-party", separated by blanks.
--   confidence  "high", "medium" or "low": how sure the sources are.
--   deprecated  true where the vendor has withdrawn it.
--
-- A parameter:
--   type        "id" (a whole number, or text that holds one; in a path any non-empty text), "integer", "number",
--               "string", "boolean" (true/false in a body and with style "json", else 1/0 in a query), "flag" (0/1 on
--               the wire; true and false are taken too), "date" (YYYY-MM-DD), "month" (YYYY-MM), "object", "file", "text" (a
--               string or a whole number, written as text), or a list of one of them: "id[]", "string[]", "object[][]" … A
--               lone value is taken for a list of one.
--   style       how a list goes into a query: "brackets" name[]=1&name[]=2 (what it is when left out), "repeat"
--               name=1&name=2, "comma" name=1,2, "lines" one text with a line for each; and a table ("object", "object[]"):
--               "tree" name[a][b]=1 with lists numbered from 0, where each of `fields` is written in its own style (lists
--               and tables without one are branches), or "json" a JSON text (what it is when left out). In a form they go as
--               in a query; a file is a part of its own, and there is at least one part. In a body "comma", "lines" and
--               "json" make one string, too;
--               all others are plain JSON there.
--   wire        its name in the request, where that is not its own: a string, or { v4 = "…", v1 = "…" }.
--   fields      for "object" and "object[]": the parameters of the members, and `required`, names as in `query`.
--   max_items   most elements of a list; min_items fewest.
--   max_length  most characters of a string; min_length fewest.
--   form        { pattern, what it means }: strings must match the pattern: { "^%l%l$", "two small letters" }.
--   first_lacks a member that the first element of an "object[]" must not have: it is left out there.
--   as_read     true, of an object: its members may be as they were read: "" and null, where the parameter is no text, change
--               nothing and are left out.
--   nullable    true: seranking.null may be given, and clears what the API has.
--   secret      true: masked in dry_run, messages and events (passwords).
--   enum, min, max, default (documentation only: never sent), about.

--- Which file describes which top-level name of the client, and which name below `data`: each is loaded when it is first
--- looked at.
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
  site_groups = "seranking.api.site_groups",
  sites = "seranking.api.sites",
  system = "seranking.api.system",
  users = "seranking.api.users",
}
