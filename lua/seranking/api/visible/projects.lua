--- The operations of client.visible.projects.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.visible.shared"

return {
  about = "Projects of SE Visible: a brand, its competitors, topics and prompts.",
  {
    name = "visible.projects",
    id = "project_id",
    params = {
      project_id = shared.project,
      domain = { type = "string", form = shared.domain.form, sample = shared.domain.sample,
        about = "address of the brand's site, with its scheme" },
      country_code = { type = "string", about = "country to ask from, two capital letters; the United Kingdom is UK",
        sample = "DE",
        enum = { "US", "UK", "CA", "FR", "DE", "NL", "ES", "AT", "BE", "AU", "NZ", "IT", "JP", "KR", "SG", "IN", "AE", "BR",
          "MX", "CH", "DK", "SE", "NO", "FI", "IE", "IS", "LU", "PT", "HK", "TH", "MY", "ID", "PH", "IL", "AR", "CL", "CO",
          "ZA", "CZ", "GR", "TR", "PL" } },
      lang_code = { type = "string", about = "language to ask in, two small letters", sample = "de",
        enum = { "en", "fr", "de", "nl", "es", "it", "ja", "ko", "hi", "ar", "pt", "da", "sv", "nb", "fi", "ga", "is", "lb",
          "zh", "th", "ms", "id", "tl", "he", "af", "cs", "el", "tr", "pl" } },
      brand_names = { type = "string[]", min_items = 1, max_length = 2000, sample = "Corner Bakery",
        about = "names of your brand; the first becomes the primary brand (assumed)" },
      topics = { type = "string[]", min_items = 1, max_length = 2000, sample = "Bread", about = "titles of topics" },
    },
    operations = {
      { "list", visible = "GET /v1/se-visible/projects", answer = "array", unwrap = shared.envelopes,
        source = "mcp n8n", confidence = "medium", about = "Projects of the organisation.",
        fields = [[
          id string a UUID
          domain string
          title string??
          brand_names[] string??
          status string queued, processing, success or error
          created_at time??
          last_checked_at time??
          models[] string??]],
        example = [=[
          [{"id": "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", "domain": "https://corner-bakery.example.com",
            "brand_names": ["Corner Bakery"], "status": "success"}]]=] },
      { "create", visible = "POST /v1/se-visible/projects", body = "domain* country_code* lang_code* brand_names* topics*",
        answer = "object", success = { 200, 201 }, source = "mcp n8n", confidence = "high",
        job = { status = "get", param = "project_id", id = "id" },
        about = "Start tracking a brand. The service makes prompts for the topics and asks them; wait ends when it has.",
        fields = "id string of the new project, a UUID",
        example = '{"id": "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5"}',
        errors = { { 422, "The domain field must be a valid URL." }, { 422, "The selected country code is invalid." } } },
      { "get", visible = "GET /v1/se-visible/projects/{project_id}", answer = "object",
        source = "mcp n8n third-party", confidence = "medium",
        job = { state = "project.status", pending = "queued processing", good = "success", bad = "error",
          full = "check.processed_percent", every = { 10, 60 } },
        about = "A project: state of its check, topics, dates, competitors.",
        fields = [[
          project.status string queued, processing, success or error
          project.topics[].id integer?? where topics are not at the top
          project.topics[].title string??
          check.processed_percent number of the prompts
          topics[].id integer? at the top, or in project
          topics[].title string?
          topics[].prompts_count integer??
          check_dates[] date??
          next_check time??
          brands[].id integer??
          brands[].title string??]],
        example = [=[
          {"project": {"status": "success"}, "check": {"processed_percent": 100},
            "topics": [{"id": 4101, "title": "Bread"}]}]=] },
      { "delete", visible = "DELETE /v1/se-visible/projects/{project_id}", success = { 204 }, source = "mcp n8n",
        confidence = "high", about = "Delete a project. The service can restore it, but no call that does is known." },
    },
  },
}
