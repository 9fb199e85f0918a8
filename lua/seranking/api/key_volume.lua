--- The operations of client.key_volume.
-- SPDX-License-Identifier: MIT

return {
  about = "Paid lookups of search volumes. v4 only; client.data has them in v1.",
  {
    name = "key_volume",
    id = "task_id",
    params = {
      task_id = { type = "id", about = "a look-up: id in the list" },
      query = { type = "string[]", min_items = 1, max_items = 700, about = "the words, up to 700" },
      region_id = { type = "id", about = "region to count in, from system.volume_regions" },
      yandex_region_code = { type = "string", about = "region of Yandex; old pages only" },
      type = { type = "string", enum = { "broad", "phrase", "exact" }, about = "how words match; old pages only" },
    },
    operations = {
      { "create", v4 = "POST /key-volume/",
        instead = "data.keywords.export", body = "query* region_id yandex_region_code type", answer = "object",
        billed = true, source = "docs n8n", confidence = "medium",
        about = "Start a look-up. Costs money: about half a cent for one word, 20 cents for 2-700. v4 only.",
        fields = "id integer the task_id of other calls", example = '{"id": 5501}',
        errors = { { 400, "Invalid" }, { 400, "Invalid region id" } },
        job = { status = "get", id = "id", param = "task_id" } },
      { "list", v4 = "GET /key-volume/",
        instead = "data.keywords.export", answer = "array", source = "docs n8n", confidence = "medium",
        about = "Look-ups and how far they are. v4 only.",
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
        about = "What a look-up found: a list; while it runs, an object with its status. v4 only.",
        fields = [[
          status string? "processing" while it runs
          [].query string
          [].volume integer? searches a month]],
        example = '[{"query": "rye bread", "volume": 1900}, {"query": "bakery", "volume": 110000}]',
        job = { state = "status", pending = "processing", every = { 2, 30 } } },
      { "delete", v4 = "DELETE /key-volume/{task_id}",
        instead = "data.keywords.export", success = { 204 }, source = "docs n8n", confidence = "medium",
        about = "Delete a look-up. v4 only." },
    },
  },
}
