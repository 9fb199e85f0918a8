--- The operations of client.backlink_disavow.
-- SPDX-License-Identifier: MIT

return {
  about = "A project's disavow list: the backlinks that Google should ignore.",
  {
    name = "backlink_disavow",
    id = "site_id",
    params = {
      site_id = require("seranking.api.shared").site,
      limit = { type = "integer", about = "rows a page" },
      offset = { type = "integer", about = "rows to skip" },
      list = { type = "string[]", about = "pages that contain the links" },
      disavow_id = { type = "id", wire = "id", about = "an entry: id of list" },
    },
    operations = {
      { "list", v4 = "GET /backlink-disavow/{site_id}",
        v1 = "GET /v1/project-management/backlinks/disavowed{?site_id}", query = "limit offset", answer = "any",
        numbers = "list[].id count",
        source = "mcp n8n", confidence = "low",
        about = "The entries of the disavow list.",
        pages = { style = "offset", rows = "list", total = "count" },
        fields = [[
          list array the member's name is assumed
          list[].id integer the disavow_id of delete; the member's name is assumed
          list[].url string the member's name is assumed
          count integer the member's name is assumed]],
        example = '{"list": [{"id": 7701, "url": "https://spam.example/links"}], "count": 1}' },
      { "create", v4 = "POST /backlink-disavow/{site_id}",
        v1 = "POST /v1/project-management/backlinks/disavowed{?site_id}", body = "list*", answer = "any",
        success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Add pages to the disavow list.",
        example = "[]" },
      { "delete", v4 = "DELETE /backlink-disavow/{site_id}",
        v1 = "DELETE /v1/project-management/backlinks/disavowed{?site_id}", query = "disavow_id*",
        success = { 200, 204 }, source = "mcp n8n", confidence = "medium",
        about = "Remove an entry from the disavow list." },
    },
  },
}
