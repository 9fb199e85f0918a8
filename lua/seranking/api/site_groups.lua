--- The operations of client.site_groups.
-- SPDX-License-Identifier: MIT

local EMPTY_NAME = { 400, "Empty name" }
local NOT_FOUND = { 404, "Group not found" }

return {
  about = "Groups of projects.",
  {
    name = "site_groups",
    id = "group_id",
    params = {
      group_id = { type = "id", about = "the project group: id of list" },
      name = { type = "string", about = "name of the group, not empty" },
      site_ids = { type = "id[]", min_items = 1, about = "projects to move" },
    },
    operations = {
      { "list", v4 = "GET /site-groups", v1 = "GET /v1/project-management/sites/groups", answer = "array",
        numbers = "id",
        source = "docs mcp n8n", confidence = "high", about = "The account's project groups.",
        fields = [[
          id integer the group_id of other calls
          name string]],
        example = '[{"id": "501", "name": "Bakeries"}]' },
      { "create", v4 = "POST /site-groups", v1 = "POST /v1/project-management/sites/groups", body = "name*",
        answer = "object", success = { 201, 200 }, source = "docs mcp n8n", confidence = "high",
        about = "Create a project group.",
        fields = "group_id integer", example = '{"group_id": 501}',
        errors = { EMPTY_NAME } },
      { "update", v4 = "PUT /site-groups/{group_id}", v1 = "PATCH /v1/project-management/sites/groups{?group_id}",
        row = { of = "list", map = "id:group_id" },
        body = "name*", repeatable = true, source = "docs mcp n8n", confidence = "high",
        about = "Rename a project group.",
        errors = { EMPTY_NAME, NOT_FOUND } },
      { "delete", v4 = "DELETE /site-groups/{group_id}", v1 = "DELETE /v1/project-management/sites/groups{?group_id}",
        success = { 204 }, source = "docs mcp n8n", confidence = "high",
        about = "Delete a project group; its projects stay.", errors = { NOT_FOUND } },
      { "move", v4 = "POST /site-groups/{group_id}/sites",
        v1 = "POST /v1/project-management/sites/groups/move{?group_id}", body = "site_ids*", success = { 204 },
        repeatable = true, source = "docs mcp n8n", confidence = "high",
        about = "Move projects into a group.",
        errors = { NOT_FOUND } },
    },
  },
}
