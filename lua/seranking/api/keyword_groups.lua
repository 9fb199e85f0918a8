--- The operations of client.keyword_groups.
-- SPDX-License-Identifier: MIT

local NOT_FOUND = { 404, "Group not found" }

return {
  about = "Groups of keywords in a project.",
  {
    name = "keyword_groups",
    id = "group_id",
    params = {
      site_id = require("seranking.api.shared").site,
      group_id = { type = "id", about = "the keyword group: id of list" },
      name = { type = "string", about = "name of the group, not empty" },
      keywords_ids = { type = "id[]", min_items = 1, about = "keywords to move (the API's name has two plurals)" },
    },
    operations = {
      { "list", v4 = "GET /keyword-groups/{site_id}", v1 = "GET /v1/project-management/keywords/groups{?site_id}",
        answer = "array",
        numbers = "id",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "A project's keyword groups.",
        fields = [[
          id integer the group_id of other calls
          name string
          creation_date time? not documented]],
        example = '[{"id": "70011", "name": "Bread", "creation_date": "2026-08-30 11:20:05"}]' },
      { "create", v4 = "POST /keyword-groups", v1 = "POST /v1/project-management/keywords/groups",
        body = "name* site_id*", answer = "object", success = { 201 },
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Create a keyword group.",
        fields = "group_id integer",
        example = '{"group_id": 70011}', errors = { { 400, "Empty name" }, { 400, "Empty site_id" } } },
      { "update", v4 = "PUT /keyword-groups/{group_id}", v1 = "PATCH /v1/project-management/keywords/groups{?group_id}",
        row = { of = "list", map = "id:group_id" },
        body = "name*", success = { 204 }, repeatable = true, source = "docs mcp n8n third-party", confidence = "high",
        about = "Rename a keyword group.",
        errors = { { 404, "Empty name" }, NOT_FOUND } },
      { "delete", v4 = "DELETE /keyword-groups/{group_id}",
        v1 = "DELETE /v1/project-management/keywords/groups{?group_id}", success = { 204 },
        source = "docs mcp n8n", confidence = "high",
        about = "Delete a keyword group.",
        errors = { NOT_FOUND } },
      { "move", v4 = "POST /keyword-groups/{group_id}/keywords",
        v1 = "POST /v1/project-management/keywords/groups/move{?group_id}", body = "keywords_ids*",
        success = { 204 }, repeatable = true, source = "docs mcp n8n", confidence = "high",
        about = "Move keywords into a group.",
        errors = { NOT_FOUND, { 400, "No keywords ids in request" } } },
    },
  },
}
