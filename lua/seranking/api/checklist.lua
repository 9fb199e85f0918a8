--- The operations of client.checklist.
-- SPDX-License-Identifier: MIT

local EMPTY = { { 400, "Empty title" }, { 400, "Empty text" } }

return {
  about = "A project's marketing plan: sections with tasks to tick off.",
  {
    name = "checklist",
    id = "site_id",
    params = {
      site_id = require("seranking.api.shared").site,
      task_id = { type = "text", about = "the task: id of an item of list, or what create_task returned" },
      title = { type = "string", about = "headline, not empty" },
      text = { type = "string", about = "what to do, not empty" },
      for_all = { type = "boolean", about = "true: add the task to every project" },
      checked = { type = "boolean", about = "whether the task is done" },
    },
    operations = {
      { "list", v4 = "GET /checklist/{site_id}", v1 = "GET /v1/project-management/marketing-plan{?site_id}",
        answer = "array",
        numbers = "id",
        source = "docs mcp n8n", confidence = "high",
        about = "The plan: its sections, their progress and their items.",
        fields = [[
          id integer of the section
          title string
          items_count integer
          items_checked integer
          items array
          items[].id string the task_id of other calls
          items[].title string
          items[].checked boolean]],
        example = [=[
          [{"id": "1", "title": "Content", "items_count": 2, "items_checked": 1, "items": [
            {"id": "11", "title": "Describe every loaf", "checked": true},
            {"id": "12", "title": "Write about opening hours", "checked": false}]}]]=] },
      { "create_task", v4 = "POST /checklist/{site_id}/task",
        v1 = "POST /v1/project-management/marketing-plan/tasks{?site_id}", body = "title* text* for_all",
        answer = "object", success = { 200, 201 }, source = "docs mcp n8n", confidence = "high",
        about = "Add a task of your own to the plan.",
        fields = "id integer the task_id of other calls",
        example = '{"id": 8801}', errors = EMPTY },
      { "update_task", v4 = "PUT /checklist/{site_id}/task/",
        row = { of = "list", map = "id:task_id" },
        v1 = "PATCH /v1/project-management/marketing-plan/tasks{?site_id}", body = "task_id* title* text*",
        repeatable = true, source = "docs mcp n8n", confidence = "high",
        about = "Rewrite a task. The list does not have its text.",
        errors = EMPTY },
      { "set_task_status", v4 = "PUT /checklist/{site_id}/task/",
        row = { of = "list", map = "id:task_id" },
        v1 = "PATCH /v1/project-management/marketing-plan/tasks{?site_id}", body = "task_id* checked*",
        repeatable = true, source = "docs mcp n8n", confidence = "high",
        about = "Mark a task as done, or as not done." },
      { "delete_task", v4 = "DELETE /checklist/{site_id}/task/{task_id}",
        v1 = "DELETE /v1/project-management/marketing-plan/tasks{?site_id,task_id}", success = { 204 },
        source = "docs mcp n8n", confidence = "high",
        about = "Delete a task. Only tasks made by create_task can be deleted." },
    },
  },
}
