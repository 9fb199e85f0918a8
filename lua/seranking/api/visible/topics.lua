--- The operations of client.visible.topics.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

return {
  about = "Topics: groups of prompts. client.visible.projects:get lists them.",
  {
    name = "visible.topics",
    id = "project_id",
    params = {
      project_id = shared.project,
      topic_id = shared.topic,
      titles = { type = "string[]", min_items = 1, sample = "Cakes", about = "titles of the new topics" },
      title = { type = "string", max_length = 500, sample = "Cakes", about = "the new title" },
    },
    operations = {
      { "create", visible = "POST /v1/se-visible/projects/{project_id}/topics", body = "titles*", answer = "array",
        unwrap = shared.envelopes, success = { 200, 201 }, source = "mcp n8n", confidence = "medium", about = "Make topics.",
        fields = [[
          id integer
          title string]],
        example = '[{"id": 4102, "title": "Cakes"}]' },
      { "update", visible = "PUT /v1/se-visible/projects/{project_id}/topics/{topic_id}", body = "title*",
        answer = "object", row = { of = "create", map = "id:topic_id" }, source = "mcp n8n", confidence = "medium",
        about = "Rename a topic.",
        fields = [[
          id integer
          title string]],
        example = '{"id": 4102, "title": "Cakes"}' },
      { "delete", visible = "DELETE /v1/se-visible/projects/{project_id}/topics/{topic_id}", success = { 204 },
        source = "mcp n8n", confidence = "high", about = "Delete a topic with its prompts and their results." },
    },
  },
}
