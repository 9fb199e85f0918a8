--- A made-up resource of the Data API: fixed parameters, prices of every kind, files.
-- SPDX-License-Identifier: MIT

local script = require "support.script"

local links = {}

local resource = {
  name = "data.links",
  params = {
    target = { type = "string[]", style = "repeat", max_items = 100 },
    one = { type = "string" },
    other = { type = "string" },
    cols = { type = "string[]", style = "comma" },
    mode = { type = "string", enum = { "host", "domain" } },
    exact = { type = "boolean" },
    rules = { type = "object[][]", style = "json" },
    limit = { type = "integer" },
    settings = { type = "object", fields = { max_pages = { type = "integer", default = 1000 } } },
  },
  operations = {
    { "count", data = "GET /v1/links/count", post = true, fixed = "output=json", query = "target* mode cols exact rules",
      answer = "object", billed = true, cost = { 10, per = "target", of = "target" } },
    { "list", data = "GET /v1/links", query = "one other limit", one_of = "one other", answer = "object",
      cost = { 2, per = "row", of = "rows" } },
    { "plain", data = "GET /v1/links/plain", answer = "array", cost = { 3, per = "row" } },
    { "summary", data = "GET /v1/links/summary", answer = "object", cost = { 100, per = "request" } },
    { "free", data = "GET /v1/links/free", answer = "object", cost = { 0, per = "request" } },
    { "odd", data = "GET /v1/links/odd", answer = "object", cost = { per = "row", note = "not known" } },
    { "unsaid", data = "GET /v1/links/unsaid", answer = "object" },
    { "crawl", data = "POST /v1/links/crawl", body = "settings", answer = "object", billed = true,
      cost = { 2, per = "page", of = "settings.max_pages" } },
    { "archive", data = "GET /v1/links/html", answer = "bytes" },
    { "view", data = "GET /v1/links/view", failed = "message", answer = "object" },
  },
}

function links.op(client, name)
  return script.operation(client.data, resource, name)
end

function links.constant(text)
  return function() return text end
end

return links
