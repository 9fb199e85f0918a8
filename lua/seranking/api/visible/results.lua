--- The operations of client.visible.results.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

return {
  about = "Results: the answers of AI models to a prompt.",
  {
    name = "visible.results",
    id = "project_id",
    params = {
      project_id = shared.project,
      prompt_id = shared.prompt,
      result_id = shared.result,
      date_from = shared.date_from, date_to = shared.date_to,
      compare_from = shared.compare_from, compare_to = shared.compare_to,
      model_types = shared.model_types, topic_ids = shared.topic_ids, sentiments = shared.sentiments,
      tracked_brand_ids = shared.tracked_brand_ids,
      limit = shared.limit(1000), offset = shared.offset,
    },
    operations = {
      { "list", visible = "GET /v1/se-visible/projects/{project_id}/prompts/{prompt_id}/results",
        query = "date_from* date_to* compare_from compare_to model_types topic_ids sentiments tracked_brand_ids limit offset",
        together = "compare_from compare_to", answer = "array", unwrap = shared.envelopes,
        pages = { style = "offset", size = 1000 }, source = "mcp n8n", confidence = "medium",
        about = "Results of a prompt, one for each run of a model. The service's metrics may count a few less.",
        fields = [[
          id integer
          text string??
          brands[].id integer??
          brands[].title string??
          sentiment string??
          avg_position number??
          model_type string??
          has_urls boolean??]],
        example = [=[
          [{"id": 880001, "text": "Try Corner Bakery …", "brands": [{"id": 30, "title": "Corner Bakery"}],
            "sentiment": "positive", "avg_position": 1, "model_type": "chatgpt", "has_urls": true}]]=] },
      { "get", visible = "GET /v1/se-visible/projects/{project_id}/prompts/{prompt_id}/results/{result_id}",
        answer = "object", source = "mcp n8n", confidence = "medium",
        about = "A result: the whole text, cited pages, brands.",
        fields = [[
          id integer
          text string
          urls[] string??
          brands[].id integer??
          brands[].title string??
          sentiment string??
          avg_position number??
          model_type string??]],
        example = [=[
          {"id": 880001, "text": "Try Corner Bakery, which bakes rye bread every day.",
            "urls": ["https://corner-bakery.example.com/rye"], "brands": [{"id": 30, "title": "Corner Bakery"}],
            "sentiment": "positive", "avg_position": 1, "model_type": "chatgpt"}]=] },
      { "dump", visible = "GET /v1/se-visible/projects/{project_id}/prompts/{prompt_id}/results/{result_id}/dump",
        answer = "bytes", source = "mcp n8n", confidence = "high",
        about = "The model's answer as its provider gave it: HTML, returned as a string." },
    },
  },
}
