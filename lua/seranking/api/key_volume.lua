--- The operations of client.key_volume.
-- SPDX-License-Identifier: MIT

return {
  about = "Paid lookups of search volumes. v4 only; client.data has them in v1.",
  {
    name = "key_volume",
    id = "task_id",
    params = {
      task_id = { type = "id", about = "the lookup: id of list" },
      query = { type = "string[]", min_items = 1, max_items = 700, about = "the words" },
      region_id = { type = "id", about = "region to count in, from client.system:volume_regions" },
      yandex_region_code = { type = "string", about = "Yandex region; known from old documentation only" },
      type = { type = "string", enum = { "broad", "phrase", "exact" },
        about = "how words match; known from old documentation only" },
    },
    operations = {
      { "create", v4 = "POST /key-volume/",
        instead = "data.keywords.export", body = "query* region_id yandex_region_code type", answer = "object",
        billed = true, source = "docs n8n", confidence = "medium",
        about = "Start a lookup. Costs money: about half a cent for one word, 20 cents for 2 to 700. v4 only.",
        fields = "id integer the task_id of other calls", example = '{"id": 5501}',
        errors = { { 400, "Invalid" }, { 400, "Invalid region id" } },
        job = { status = "get", id = "id", param = "task_id" } },
      { "list", v4 = "GET /key-volume/",
        instead = "data.keywords.export", answer = "array", source = "docs n8n", confidence = "medium",
        about = "Lookups and their progress. v4 only.",
        fields = [[
          id integer the task_id of other calls
          add_time time
          total_queries integer
          total_finished integer
          country string]],
        example = [=[
          [{"id": 5501, "add_time": "2026-09-10 08:00:00", "total_queries": 3, "total_finished": 1, "country": "us"}]]=] },
      { "get", v4 = "GET /key-volume/{task_id}", instead = "data.keywords.export", answer = "any",
        numbers = "[].volume",
        source = "docs n8n",
        confidence = "medium",
        about = "Results of a lookup: a list; while it runs, an object with its status. v4 only.",
        fields = [[
          status string? "processing" while it runs
          [].query string
          [].volume integer? searches a month]],
        example = '[{"query": "rye bread", "volume": 1900}, {"query": "bakery", "volume": 110000}]',
        job = { state = "status", pending = "processing", every = { 2, 30 } } },
      { "delete", v4 = "DELETE /key-volume/{task_id}",
        instead = "data.keywords.export", success = { 204 }, source = "docs n8n", confidence = "medium",
        about = "Delete a lookup. v4 only." },
    },
  },
}
