--- A made-up resource of the Data API, with lists in pages of every style, and its server.
-- SPDX-License-Identifier: MIT

local script = require "support.script"

local books = {}

local resource = {
  name = "data.books",
  params = {
    page = { type = "integer", min = 1 }, offset = { type = "integer", min = 0 }, limit = { type = "integer", min = 1 },
    rules = { type = "object[][]", style = "json" }, next = { type = "string" },
    after = { type = "string" }, author = { type = "string" },
  },
  operations = {
    { "by_page", data = "GET /v1/page", query = "author page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 },
      cost = { 100, per = "request" } },
    { "by_offset", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3, max = 50 }, cost = { 5, per = "row" } },
    { "unbounded", data = "GET /v1/offset", query = "offset limit", answer = "array", pages = { style = "offset", size = 3 } },
    { "free", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3, max = 50 }, cost = { 0 } },
    { "uncapped", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", total = "total", size = 3 }, cost = { 10, per = "row", of = "items" } },
    { "unsized", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items" } },
    { "capped", data = "GET /v1/offset", query = "offset limit", answer = "object",
      pages = { style = "offset", rows = "items", size = 3, max = 50 } },
    { "rows_by_page", data = "GET /v1/page", query = "page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 }, cost = { 2, per = "row" } },
    { "dear", data = "GET /v1/cursor", query = "next limit", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "next", size = 10000, max = 100000 },
      cost = { 1, per = "row", of = "rows" } },
    { "counted_pages", data = "GET /v1/page", query = "page", answer = "object",
      pages = { style = "page", rows = "items", total = "total", size = 6 } },
    { "unpriced", data = "GET /v1/page", query = "page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 }, cost = { note = "not known" } },
    { "by_cursor", data = "GET /v1/cursor", query = "next limit", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "next", size = 3, max = 1000 },
      cost = { 1, per = "row", of = "rows" } },
    { "named", data = "GET /v1/cursor", query = "after", answer = "object",
      pages = { style = "cursor", rows = "rows", cursor = "next", param = "after" } },
    { "filtered", data = "GET /v1/offset", query = "offset limit rules", answer = "object",
      pages = { style = "offset", rows = "items", total = "total" } },
    { "one_page", data = "GET /v1/offset", query = "limit", answer = "object",
      pages = { rows = "items", size = 3, max = 10, whole = "data.books.by_cursor" }, cost = { 1, per = "row", of = "items" } },
    { "whole", data = "GET /v1/whole", query = "author", answer = "array" },
    { "limited", data = "GET /v1/limited", query = "limit", answer = "array" },
    { "wrapped", data = "GET /v1/wrapped", answer = "object", pages = { rows = "rows" } },
    { "single", data = "GET /v1/single", answer = "object" },
  },
}

-- The value of a query parameter.
function books.value(request, name)
  return ("&" .. request.query):match("&" .. name .. "=([^&]*)")
end

function books.list(first, last)
  local rows = {}
  for i = first, last do
    rows[#rows + 1] = ('{"id":%d}'):format(i)
  end
  return "[" .. table.concat(rows, ",") .. "]"
end

-- A server of rows 1 .. count that honours page, offset, cursor and limit.
function books.server(count)
  return function(request)
    local limit = tonumber(books.value(request, "limit") or 3)
    if request.path == "/v1/page" then
      local page = tonumber(books.value(request, "page"))
      return books.list((page - 1) * limit + 1, math.min(page * limit, count))
    elseif request.path == "/v1/offset" then
      local offset = tonumber(books.value(request, "offset") or 0)
      return ('{"items":%s,"total":%d}'):format(books.list(offset + 1, math.min(offset + limit, count)), count)
    end
    local first = tonumber((books.value(request, "next") or books.value(request, "after") or "c0"):match "%d+")
    local last = math.min(first + limit, count)
    return ('{"rows":%s,"next":%s}'):format(books.list(first + 1, last), last < count and '"c' .. last .. '"' or "null")
  end
end

function books.ids(op, args, options)
  local found = {}
  for row in op:each(args, options) do
    found[#found + 1] = row.id
  end
  return table.concat(found, " ")
end

function books.scene(respond, name, options)
  local client, log, clock = script.new(respond, options)
  return script.operation(client.data, resource, name), log, client, clock
end

function books.queries(log)
  local found = {}
  for i, request in ipairs(log) do
    found[i] = request.query
  end
  return found
end
return books
