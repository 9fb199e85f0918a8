--- Data API: what the filters of several families are made of.
-- SPDX-License-Identifier: MIT

local filters = {}

--- The country database that most operations ask.
filters.source = { type = "string", form = { "^%l%l$", 'two small letters, such as "us"' },
  about = "country database, two small letters; the United Kingdom is uk" }

--- A range, filter[name][from] and filter[name][to]; one end alone will do.
---@param kind "integer"|"number"
---@param about string
function filters.range(kind, about)
  return { type = "object", style = "tree", about = about, fields = {
    from = { type = kind, about = "least" },
    to = { type = kind, about = "most" },
  } }
end

local condition = {
  type = { type = "string", enum = { "begins", "contains", "ends", "exact" }, about = "how the value is looked for" },
  value = { type = "string", about = "not empty" },
}

--- Rules as the API wants them: a JSON text of alternatives, each a list of conditions that must all hold.
---@param about string
function filters.rules(about)
  return { type = "object[][]", style = "json", required = "type value", fields = condition,
    about = about .. ": alternatives, each a list of { type, value } that must all hold" }
end

filters.included = filters.rules "keywords to keep"
filters.excluded = filters.rules "keywords to drop"

filters.intents = { type = "string[]", style = "comma", enum = { "I", "N", "T", "C", "L" },
  about = "informational, navigational, transactional, commercial, local" }

filters.serp_features = { type = "string[]", style = "comma",
  about = "features of the results page, any of them; a word that the API does not know is passed over without a complaint" }

--- The object that holds a family's filters.
---@param fields table<string, table>
function filters.new(fields)
  return { type = "object", style = "tree", fields = fields, about = "which rows to keep" }
end

return filters
