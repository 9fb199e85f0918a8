--- Groups of keywords inside a project.
-- SPDX-License-Identifier: MIT

return {
  {
    name = "keyword_groups",
    id = "group_id",
    params = {
      site_id = { type = "id", about = "the project" },
      group_id = { type = "id", about = "the keyword group; move puts keywords into it" },
      name = { type = "string", about = "name of the group, not empty" },
      keywords_ids = { type = "id[]", about = "keywords to move (the name has two plurals)" },
    },
    operations = {
      { "list", v4 = "GET /keyword-groups/{site_id}", v1 = "GET /v1/project-management/keywords/groups{?site_id}",
        answer = "array", success = { 200 }, confidence = "high", about = "A project's keyword groups; ids are text." },
      { "create", v4 = "POST /keyword-groups", v1 = "POST /v1/project-management/keywords/groups",
        body = "name* site_id*", answer = "object", success = { 201 }, confidence = "high",
        about = "Make a keyword group; site_id goes into the body in both generations." },
      { "update", v4 = "PUT /keyword-groups/{group_id}", v1 = "PATCH /v1/project-management/keywords/groups{?group_id}",
        body = "name*", success = { 204 }, repeatable = true, confidence = "high",
        about = "Give a keyword group another name." },
      { "delete", v4 = "DELETE /keyword-groups/{group_id}",
        v1 = "DELETE /v1/project-management/keywords/groups{?group_id}", success = { 204 }, confidence = "high",
        about = "Delete a group of keywords." },
      { "move", v4 = "POST /keyword-groups/{group_id}/keywords",
        v1 = "POST /v1/project-management/keywords/groups/move{?group_id}", body = "keywords_ids*",
        success = { 204 }, confidence = "high", about = "Move keywords into the group." },
    },
  },
}
