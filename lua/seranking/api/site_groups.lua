--- Groups of projects.
-- SPDX-License-Identifier: MIT

return {
  {
    name = "site_groups",
    id = "group_id",
    params = {
      group_id = { type = "id", about = "the project group; move puts projects into it" },
      name = { type = "string", about = "name of the group, not empty" },
      site_ids = { type = "id[]", about = "projects to move" },
    },
    operations = {
      { "list", v4 = "GET /site-groups", v1 = "GET /v1/project-management/sites/groups", answer = "array",
        success = { 200 }, confidence = "high", about = "The account's project groups; ids are text." },
      { "create", v4 = "POST /site-groups", v1 = "POST /v1/project-management/sites/groups", body = "name*",
        answer = "object", success = { 201, 200 }, confidence = "high", about = "Make a project group." },
      { "update", v4 = "PUT /site-groups/{group_id}", v1 = "PATCH /v1/project-management/sites/groups{?group_id}",
        body = "name*", success = { 200 }, repeatable = true, confidence = "high",
        about = "Give a project group another name." },
      { "delete", v4 = "DELETE /site-groups/{group_id}", v1 = "DELETE /v1/project-management/sites/groups{?group_id}",
        success = { 204 }, confidence = "high", about = "Delete a project group; its projects stay." },
      { "move", v4 = "POST /site-groups/{group_id}/sites",
        v1 = "POST /v1/project-management/sites/groups/move{?group_id}", body = "site_ids*", success = { 204 },
        confidence = "high", about = "Move projects into the group." },
    },
  },
}
