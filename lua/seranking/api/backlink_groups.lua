--- The operations of client.backlink_groups.
-- SPDX-License-Identifier: MIT

return {
  about = "Groups in a project's backlink monitor.",
  {
    name = "backlink_groups",
    id = "site_id",
    params = {
      site_id = require("seranking.api.shared").site,
      group_id = { type = "id", wire = "id", about = "the backlink group" },
      name = { type = "string", about = "name of the group" },
      row_ids = { type = "id[]", min_items = 1, wire = "backlink_ids",
        about = "backlinks to move: the id of each row, not its backlink_id" },
      group_ids = { type = "id[]", min_items = 1, about = "groups whose backlinks to move" },
    },
    operations = {
      { "list", v4 = "GET /backlink-groups/{site_id}", v1 = "GET /v1/project-management/backlinks/groups{?site_id}",
        answer = "any",
        numbers = "[].id [].count",
        source = "mcp n8n", confidence = "low",
        about = "A project's backlink groups, with the number of backlinks in each.",
        fields = [[
          [].id integer the group_id of other calls; the member's name is assumed
          [].name string the member's name is assumed
          [].count integer? the member's name is assumed]],
        example = '[{"id": 8101, "name": "Blogs", "count": 12}]' },
      { "create", v4 = "POST /backlink-groups/{site_id}",
        v1 = "POST /v1/project-management/backlinks/groups{?site_id}", body = "name*", answer = "any",
        numbers = "id",
        success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Create a backlink group.",
        fields = "id integer? the group_id of other calls; the member's name is assumed", example = '{"id": 8101}' },
      { "update", v4 = "PUT /backlink-groups/{site_id}", v1 = "PATCH /v1/project-management/backlinks/groups{?site_id}",
        row = { of = "list", map = "id:group_id" },
        body = "group_id* name*", success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Rename a backlink group." },
      { "delete", v4 = "DELETE /backlink-groups/{site_id}",
        v1 = "DELETE /v1/project-management/backlinks/groups{?site_id}", query = "group_id*", success = { 200, 204 },
        source = "mcp n8n", confidence = "medium", about = "Delete a backlink group." },
      { "move", v4 = "POST /backlink-groups/{site_id}/move",
        v1 = "POST /v1/project-management/backlinks/groups/move{?site_id}", body = "group_id* row_ids group_ids",
        success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Move backlinks, or all backlinks of other groups, into a group. Ids of another kind are silently ignored." },
    },
  },
}
