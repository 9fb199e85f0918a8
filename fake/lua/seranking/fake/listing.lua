--- Lists of the fake: the rows that a call asks for, filtered, sorted and cut as its arguments say.
-- SPDX-License-Identifier: MIT

local credits = require "seranking.fake.credits"
local json = require "seranking.fake.json"
local resolve = require "seranking.fake.resolve"
local tools = require "seranking.fake.tools"

local array, null, refuse = json.array, json.null, resolve.refuse

local listing = {}

---@class seranking.fake.Source where the rows of a list come from
---@field count integer how many there are, without any filter
---@field row fun(number: integer): any the row with this number, from 1, with all figures that filters and sorts go by
---@field measure? table<string, fun(row: any): any> what a filter or sort goes by, where no member of the row has its name
---@field show? fun(row: any): any a row as it is answered; as it is, when left out
---@field members? table of json.members: all that is answered of a row
---@field stored? boolean the rows are of what is stored: the same question may have another answer the next time

-- ---- filters ----

local function value_of(row, name, measure)
  if measure and measure[name] then
    return measure[name](row)
  elseif type(row) == "table" then
    return row[name]
  end
end

local tests = {
  contains = function(text, value) return text:find(value, 1, true) ~= nil end,
  begins = function(text, value) return text:sub(1, #value) == value end,
  ends = function(text, value) return #value <= #text and text:sub(-#value) == value end,
  exact = function(text, value) return text == value end,
}

-- Alternatives, each a list of conditions that must all hold.
local function obeys(text, alternatives)
  for _, conditions in ipairs(alternatives) do
    local holds = true
    for _, condition in ipairs(conditions) do
      holds = holds and tests[condition.type](text, condition.value)
    end
    if holds then
      return true
    end
  end
  return false
end

local function in_range(number, range)
  return type(number) == "number" and (not range.from or number >= range.from) and (not range.to or number <= range.to)
end

local function has_any(list, wanted)
  for _, item in ipairs(list or {}) do
    for _, word in ipairs(wanted) do
      if item == word then
        return true
      end
    end
  end
  return false
end

-- Whether a value passes one member of `filter`, by what the description says that member is.
local function passes(value, wanted, param)
  if param.style == "json" then
    return type(value) == "string" and obeys(value, wanted)
  elseif param.fields and param.fields.mode then
    return has_any(value, wanted.value) == (wanted.mode == "with_link")
  elseif param.fields then
    return in_range(value, wanted)
  elseif param.type == "string[]" then
    return has_any(value, wanted)
  end
  return type(value) == "string" and value:find(wanted, 1, true) ~= nil
end

--- The check that a call's argument `filter` makes of a row; nil where nothing is filtered. Its members go by the row's
--- members, or measures, of the same name; "…_excluded" is turned around.
---@param call seranking.fake.Call
---@param measure? table<string, fun(row: any): any>
---@return (fun(row: any): boolean)?
function listing.filter(call, measure)
  local filter, param = call.args.filter, call.route.params.filter
  if not filter or next(filter) == nil then
    return nil
  end
  return function(row)
    for name, wanted in pairs(filter) do
      local fits = passes(value_of(row, name, measure), wanted, param.fields[name])
      if fits == (name:find "_excluded$" ~= nil) then
        return false
      end
    end
    return true
  end
end

-- ---- sorting ----

-- What a call sorts by, and whether the least comes first; nil where it does not say and the description has no default.
local function order_of(call)
  local args, params = call.args, call.route.params
  local function said(name)
    return args[name] ~= nil and args[name] or params[name] and params[name].default
  end
  for name, direction in pairs { sort = "sort_order", order_field = "order_type", order_by = false } do
    local takes = false
    for _, field in ipairs(call.route.query) do
      takes = takes or field.name == name
    end
    for _, place in ipairs { "body", "upload" } do
      for _, field in ipairs(call.route[place] or {}) do
        takes = takes or field.name == name
      end
    end
    local field = takes and said(name)
    if field then
      return field, direction and (said(direction) or "desc") == "asc"
    end
  end
end

-- Numbers before texts, the least first.
local function comes_first(a, b)
  if type(a) ~= type(b) then
    return type(a) == "number"
  end
  return a < b
end

-- The rows in order. Rows of equal value keep their order, whichever end comes first. Only the different values are sorted,
-- which are few.
local function sorted(rows, field, ascending, measure)
  local values, rows_of, numbers = {}, {}, true
  for _, row in ipairs(rows) do
    local value = value_of(row, field, measure)
    local kind = type(value)
    value = (kind == "number" or kind == "string") and value or 0
    local same = rows_of[value]
    if same then
      same[#same + 1] = row
    else
      rows_of[value], values[#values + 1] = { row }, value
      numbers = numbers and kind ~= "string"
    end
  end
  table.sort(values, not numbers and comes_first or nil)
  local texts = #values -- where texts begin: they come last, whichever way
  while texts > 0 and type(values[texts]) == "string" do
    texts = texts - 1
  end
  local made = {}
  local function take(first, last)
    for i = first, last, first <= last and 1 or -1 do
      for _, row in ipairs(rows_of[values[i]]) do
        made[#made + 1] = row
      end
    end
  end
  for _, part in ipairs { { 1, texts }, { texts + 1, #values } } do
    if part[1] <= part[2] then
      take(ascending and part[1] or part[2], ascending and part[2] or part[1])
    end
  end
  return made
end

-- ---- lists ----

-- Rows that were filtered or sorted are kept for the pages that follow: the text of the arguments without those of the page.
local PAGING = { page = true, offset = true, limit = true, next = true, cols = true }

local function identity(call)
  local parts = { call.route.key, call.today }
  for _, name in ipairs(tools.sorted_names(call.args)) do
    if not PAGING[name] then
      parts[#parts + 1] = name .. "=" .. json.encode(json.plain(call.args[name]))
    end
  end
  return table.concat(parts, "\n")
end

-- All rows of a list, filtered and sorted.
local function whole(call, source, keep, field, ascending)
  local cache, name = call.cache, identity(call)
  if cache.list_name == name and not source.stored then
    return cache.list
  end
  local rows = {}
  for number = 1, source.count do
    local row = source.row(number)
    if not keep or keep(row) then
      rows[#rows + 1] = row
    end
  end
  if field then
    rows = sorted(rows, field, ascending, source.measure)
  end
  cache.list_name, cache.list = name, rows
  return rows
end

-- A cursor with the characters that a client must encode.
local CURSOR = "bmV4dA/+%d=="

-- How many rows come before the page that a call asks for, and how many it has at most.
local function window(call)
  local args, operation = call.args, call.route.operation
  local pages = operation.pages or {}
  local limit = args.limit or pages.size or call.route.params.limit and call.route.params.limit.default or math.huge
  if pages.style == "page" then
    return ((args.page or 1) - 1) * limit, limit
  elseif pages.style ~= "cursor" then
    return args.offset or 0, limit
  elseif not args[pages.param] then
    return 0, limit
  end
  local before = args[pages.param]:match "^bmV4dA/%+(%d+)==$"
  if not before then
    return nil, refuse(400, "Bad Request", pages.param .. ": not a cursor that was given")
  end
  return tonumber(before), limit
end

--- A source of rows that are there already.
---@param found any[]
---@param measure? table<string, fun(row: any): any>
---@param show? fun(row: any): any
---@return seranking.fake.Source
function listing.of(found, measure, show)
  return { count = #found, row = function(number) return found[number] end, measure = measure, show = show }
end

--- The page of a list that a call asks for.
---@param call seranking.fake.Call
---@param source seranking.fake.Source
---@return any[]? rows nil: refused
---@return integer|seranking.fake.Refusal total how many rows pass the filter; or the refusal
---@return string? cursor where the next page begins; nil after the last
function listing.page(call, source)
  local before, limit = window(call)
  if not before then
    return nil, limit
  end
  local keep = listing.filter(call, source.measure)
  local field, ascending = order_of(call)
  local rows, total = {}, source.count
  if keep or field then
    local all = whole(call, source, keep, field, ascending)
    total = #all
    for number = before + 1, math.min(before + limit, total) do
      rows[#rows + 1] = all[number]
    end
  else
    for number = before + 1, math.min(before + limit, total) do
      rows[#rows + 1] = source.row(number)
    end
  end
  local last = before + #rows
  for i, row in ipairs(source.show and rows or {}) do
    rows[i] = source.show(row)
  end
  return rows, total, last < total and CURSOR:format(last) or nil
end

--- The answer of a list operation: the page that the call asks for, paid for, in the shape that the description gives it.
---@param call seranking.fake.Call
---@param source seranking.fake.Source
---@return any answer nil: refused
---@return seranking.fake.Refusal?
function listing.reply(call, source)
  local rows, total, cursor = listing.page(call, source)
  if not rows then
    return nil, total
  end
  local pages, answer = call.route.operation.pages or {}, source.members and json.rows(rows, source.members) or array(rows)
  if pages.rows then
    answer = { [pages.rows] = answer }
    if pages.total then
      answer[pages.total] = total
    end
    if pages.cursor then
      answer[pages.cursor] = cursor or null
    end
  end
  return credits.pay(call, #rows, answer)
end

--- A row with the members that `cols` names, all where the call has none.
---@param call seranking.fake.Call
---@param row table
---@return table
function listing.columns(call, row)
  if not call.args.cols then
    return row
  end
  local made = {}
  for _, name in ipairs(call.args.cols) do
    made[name] = row[name]
  end
  return made
end

return listing
