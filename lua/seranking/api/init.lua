--- The index of the API descriptions, and the format they are written in.
-- SPDX-License-Identifier: MIT
--
-- Everything that the client knows of the API is data in this folder, one file a resource family. A file returns a list
-- of resources:
--
--   return {
--     {
--       name = "sites.keywords",          -- where it hangs: client.sites.keywords
--       id = "keyword_id",                -- what client.sites.keywords(5) binds; left out where there is none
--       params = { ... },                 -- every parameter of the resource, by name (below)
--       operations = {
--         { "list", v4 = "GET /sites/{site_id}/keywords", v1 = "GET /v1/project-management/keywords{?site_id}",
--           query = "site_engine_id", answer = "array", about = "Keywords of a project …" },
--       },
--     },
--   }
--
-- An operation:
--   [1]         its name in Lua.
--   v4, v1      method and path of each generation; a generation that lacks the operation is left out. `{name}` is a path
--               segment, `{?a,b}` are ids that this generation wants in the query. Both are always required.
--               Where a generation differs in more, it is a table: v1 = { "POST /v1/…", body = "ids*" }: method and path
--               first, then any of query, body, items, upload and envelope as that generation has it.
--   query       names of the query parameters, separated by blanks; a star marks a required one: "date* top".
--   body        the same for a JSON object as the body; `items` for a body that is a bare JSON array of such objects (the
--               caller writes them as the list part of the arguments); `upload` for multipart/form-data. With none of the
--               three the request has no body at all, not even `{}`.
--   envelope    "list": the body's object goes out as the only element of a list; the caller writes plain fields.
--   answer      "array", "object" or "map" (an object whose keys are data); left out where the API answers nothing of
--               use: the call then returns true.
--   unwrap      a member that may hold the answer: some servers send {"data": [...]} where others send the bare list.
--   success     documented success statuses; the client takes any 2xx.
--   repeatable  true or false where it differs from the method's rule (GET, PUT and DELETE may be sent again by the
--               engine, POST and PATCH may not). Repeating must leave the server as one sending would.
--   billed      true: costs money or plan limits; never sent again by the engine.
--   about       one line, in our own words.
--   confidence  "high", "medium" or "low": how sure the sources are.
--   deprecated  true where the vendor has withdrawn it.
--
-- A parameter:
--   type        "id" (a whole number, or text that holds one; in a path any non-empty text), "integer", "number",
--               "string", "boolean" (true/false in a body, 1/0 in a query), "flag" (0/1 on the wire; true and false are
--               taken too), "date" (YYYY-MM-DD), "object", "file", or a list of one of them: "id[]", "string[]" …
--               "month" is YYYY-MM.
--   style       how a list goes into a query: "brackets" name[]=1&name[]=2 (what it is when left out), "repeat"
--               name=1&name=2, "comma" name=1,2, "lines" one text with a line for each; and a table ("object", "object[]"):
--               "tree" name[a][b]=1 with lists numbered from 0, or "json" a JSON text. In a body "comma" and "lines" make a
--               list one string, too; all others are plain JSON there.
--   wire        its name in the request, where that is not its own: a string, or { v4 = "…", v1 = "…" }.
--   fields      for "object" and "object[]": the parameters of the members, and `required`, names as in `query`.
--   enum, min, max, default (documentation only: never sent), about.

--- Which file describes which top-level name of the client.
return {
  account = "seranking.api.account",
  competitors = "seranking.api.competitors",
  keyword_groups = "seranking.api.keyword_groups",
  site_groups = "seranking.api.site_groups",
  sites = "seranking.api.sites",
  system = "seranking.api.system",
}
