--- Definitions that several families of SE Visible have.
-- SPDX-License-Identifier: MIT
--
-- The service answers lists as an array, or as an object with the rows in `results` or `items`: no source shows which, so all
-- three are read. Members that no source shows by name are marked as guesses ("??").

local HEX = "%x"
local UUID = "^" .. HEX:rep(8) .. ("%-" .. HEX:rep(4)):rep(3) .. "%-" .. HEX:rep(12) .. "$"

local shared = {}

--- Where a list may stand in an answer that is no list.
shared.envelopes = "results items"

shared.project = { type = "string", about = "the project: id of client.visible.projects:list",
  form = { UUID, "a UUID, the id of a project of SE Visible (not a site_id)" },
  sample = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5" }
shared.brand = { type = "id", about = "the brand: id of client.visible.brands:list" }
shared.topic = { type = "id", about = "the topic: id of topics in client.visible.projects:get" }
shared.prompt = { type = "id", about = "the prompt: id of client.visible.prompts:list" }
shared.result = { type = "id", about = "the result: id of client.visible.results:list" }

shared.domain = { type = "string", max_length = 500, about = "address of the brand's site, with its scheme",
  form = { "^[Hh][Tt][Tt][Pp][Ss]?://[^%s/]", "an address with its scheme, as in https://example.com" },
  sample = "https://corner-bakery.example.com" }
shared.aliases = { type = "string[]", max_length = 500, wrap = "title", sample = "The Corner Bakery",
  about = "other names of the brand, unique in the project" }

shared.date_from = { type = "date", wire = "date_range[0][from]", about = "first day" }
shared.date_to = { type = "date", wire = "date_range[0][to]", about = "last day" }
shared.compare_from = { type = "date", wire = "date_range[1][from]",
  about = "first day to compare with: numbers become objects" }
shared.compare_to = { type = "date", wire = "date_range[1][to]", about = "last day to compare with" }
shared.model_types = { type = "string[]", about = "only these AI models",
  enum = { "chatgpt", "google_gemini", "perplexity", "google_ai_mode", "google_ai_overview" } }
shared.country_codes = { type = "string[]", form = { "^%u%u$", "two capital letters, as in US (the United Kingdom is UK)",
  except = "GB" }, about = "only these countries: US, UK (not GB) …", sample = "US" }
shared.topic_ids = { type = "id[]", about = "only these topics" }
shared.sentiments = { type = "string[]", enum = { "positive", "neutral", "negative" }, about = "only answers of these moods" }
shared.tracked_brand_ids = { type = "id[]", about = "only answers that name these brands" }
shared.sort_order = { type = "string", enum = { "asc", "desc" }, default = "desc", about = "order" }
shared.offset = { type = "integer", default = 0, min = 0, about = "rows to skip" }

--- A page's rows.
---@param default integer
---@param max? integer
function shared.limit(default, max)
  return { type = "integer", default = default, min = 1, max = max, about = "rows a page" }
end

return shared
