--- The operations of client.visible.prompts.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

return {
  about = "Prompts: what AI models are asked.",
  {
    name = "visible.prompts",
    id = "project_id",
    params = {
      project_id = shared.project,
      topic_id = shared.topic,
      prompt_id = shared.prompt,
      prompts = { type = "string[]", min_items = 1, about = "texts of the new prompts" },
      prompt_ids = { type = "id[]", min_items = 1, about = "the prompts" },
      topic_ids = shared.topic_ids,
      group_mode = { type = "string", enum = { "prompt", "topic" }, default = "prompt",
        about = "what rows are: prompts, or topics with the figures of theirs" },
      date_from = shared.date_from, date_to = shared.date_to,
      compare_from = shared.compare_from, compare_to = shared.compare_to,
      model_types = shared.model_types, country_codes = shared.country_codes, sentiments = shared.sentiments,
      tracked_brand_ids = shared.tracked_brand_ids,
      search_query = { type = "string", about = "only prompts with this in their text" },
      sort = { type = "string", wire = "sort_field", enum = { "visibility", "avg_position", "mentions", "sentiments" },
        about = "figure to sort by" },
      sort_order = shared.sort_order, limit = shared.limit(1000), offset = shared.offset,
    },
    operations = {
      { "list", visible = "GET /v1/se-visible/projects/{project_id}/prompts",
        query = "group_mode date_from* date_to* compare_from compare_to model_types country_codes topic_ids sentiments "
          .. "tracked_brand_ids search_query sort sort_order limit offset",
        together = "compare_from compare_to", answer = "array", unwrap = shared.envelopes,
        pages = { style = "offset", size = 1000 }, source = "mcp n8n", confidence = "medium",
        about = "Prompts with their visibility, or topics with the figures of their prompts.",
        fields = [[
          id integer
          text string??
          topic_id integer??
          visibility number|object??
          avg_position number|object??
          mentions number|object??
          sentiments number|object??]],
        example = [=[
          [{"id": 70001, "text": "where to buy good rye bread", "topic_id": 4101, "visibility": 41.5, "avg_position": 2.1,
            "mentions": 12, "sentiments": 78}]]=] },
      { "create", visible = "POST /v1/se-visible/projects/{project_id}/topics/{topic_id}/prompts", body = "prompts*",
        answer = "any", success = { 200, 201 }, source = "mcp n8n", confidence = "medium",
        about = "Add prompts to a topic. The models are asked soon after. Returns the ids, in a shape that no source shows.",
        fields = "ids[] integer??", example = '{"ids": [70002]}' },
      { "delete", visible = "DELETE /v1/se-visible/projects/{project_id}/prompts", body = "prompt_ids*",
        success = { 204 }, source = "mcp n8n", confidence = "high", about = "Delete prompts with their results." },
      { "move", visible = "POST /v1/se-visible/projects/{project_id}/prompts/move/{topic_id}",
        body = "prompt_ids topic_ids", any_of = "prompt_ids topic_ids", success = { 204 }, repeatable = true,
        params = {
          topic_id = { type = "id", about = "the topic that they go to" },
          prompt_ids = { type = "id[]", about = "prompts to move" },
          topic_ids = { type = "id[]", about = "topics whose prompts all move" },
        },
        source = "mcp n8n", confidence = "high", about = "Move prompts to a topic of the same project: all or none." },
      { "get", visible = "GET /v1/se-visible/projects/{project_id}/prompts/{prompt_id}", answer = "object",
        source = "mcp n8n", confidence = "high", about = "A prompt.",
        fields = [[
          id integer
          text string
          topic_id integer
          created_at time
          is_parsed boolean whether it has results]],
        example = [=[
          {"id": 70001, "text": "where to buy good rye bread", "topic_id": 4101, "created_at": "2026-09-01 08:00:00",
            "is_parsed": true}]=] },
    },
  },
}
