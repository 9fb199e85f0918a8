--- Parameters and filters that several families of the Data API share.
-- SPDX-License-Identifier: MIT

local filters = {}

--- The country database that most operations ask.
filters.source = { type = "string", form = { "^%l%l$", 'two small letters, such as "us"' },
  about = "country database, two small letters; the United Kingdom is uk" }

--- A range: filter[name][from] and filter[name][to]. One end is enough.
---@param kind "integer"|"number"
---@param about string
function filters.range(kind, about)
  return { type = "object", style = "tree", about = about, fields = {
    from = { type = kind, about = "smallest value" },
    to = { type = kind, about = "largest value" },
  } }
end

local condition = {
  type = { type = "string", enum = { "begins", "contains", "ends", "exact" }, about = "how the value must match" },
  value = { type = "string", about = "not empty" },
}

--- Rules in the API's form: a JSON text of alternatives, each a list of conditions that must all match.
---@param about string
function filters.rules(about)
  return { type = "object[][]", style = "json", required = "type value", fields = condition,
    about = about .. ": a list of alternatives, each a list of { type, value } that must all match" }
end

filters.included = filters.rules "keywords to keep"
filters.excluded = filters.rules "keywords to leave out"

filters.intents = { type = "string[]", style = "comma", enum = { "I", "N", "T", "C", "L" },
  about = "informational, navigational, transactional, commercial, local" }

filters.serp_features = { type = "string[]", style = "comma",
  about = "features of the results page, any of them; words that the API does not know are silently ignored" }

--- The object that holds a family's filters.
---@param fields table<string, table>
function filters.new(fields)
  return { type = "object", style = "tree", fields = fields, about = "which rows to keep" }
end

return filters
