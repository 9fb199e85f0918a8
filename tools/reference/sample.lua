--- Arguments and calls for examples, as Lua source text.
-- SPDX-License-Identifier: MIT

local wording = require "seranking.wording"

local sample = {}

local literal = wording.literal

-- Values for parameters by name, if the type accepts them.
local BY_NAME = {
  site_id = 147696, site_ids = 147696, site_engine_id = 880001, site_engine_ids = 880001, search_engine_id = 200,
  keyword_id = 55120001, keywords_ids = 55120001, group_id = 70011, group_ids = 70011, site_group_id = 12,
  tag_id = 3301, tag_ids = 3301, competitor_id = 4401, audit_id = 810, user_id = 36001, llm_id = 1201,
  prompt_llm_id = 90001, prompt_llm_ids = 90001, task_id = 73500001, location_id = 2826, region_id = 1,
  url = "https://corner-bakery.example.com/rye", urls = "https://corner-bakery.example.com/rye",
  domain = "corner-bakery.example.com",
  domains = "corner-bakery.example.com", target = "corner-bakery.example.com", title = "Corner Bakery", name = "Seasonal",
  keyword = "rye bread", keywords = "rye bread", query = "rye bread", prompts = "where to buy good rye bread",
  brand = "Corner Bakery", text = "Write a page about rye", source = "us", compare = "mill.example.com",
  country_code = "de", language_code = "en", lang_code = "en", q = "Harw", account_email = "grace@example.com",
  account_first_name = "Grace", account_last_name = "Hopper", account_password = "long and secret",
  date_from = "2026-09-01", date_to = "2026-09-10", from = "2026-08", to = "2026-09", max_pages = 100, send_report = 0,
  before_id = 70012, from_group_id = 70011, to_group_id = 70012, region_name = "Boston, Massachusetts, United States",
  list = "spam.example.com", brand_id = 31, topic_id = 4101, prompt_id = 70001, prompt_ids = 70001, result_id = 880001,
  compare_from = "2026-08-01", compare_to = "2026-08-31",
  job_token = "6f1d2c", value = 404, limit = 50, code = "title_duplicate",
  access = "audit_settings",
}

-- Values for parameters by type.
local BY_TYPE = {
  id = 1, integer = 1, number = 1, string = "text", boolean = true, flag = 1, date = "2026-09-10", month = "2026-08",
  text = "text",
}

-- Object members to show: the first two of these that the object has, else its first member.
local TELLING = { "send_report", "max_pages", "volume", "keywords_count", "status", "position" }

-- Whether a type accepts a value.
local function fits(value, kind)
  if type(value) == "number" then
    return kind == "id" or kind == "integer" or kind == "number" or kind == "flag" or kind == "text"
  elseif kind == "month" then
    return value:find "^%d%d%d%d%-%d%d$" ~= nil
  elseif kind == "date" then
    return value:find "^%d%d%d%d%-%d%d%-%d%d$" ~= nil
  end
  return kind == "string" or kind == "text"
end

local value_of

local function object(parameter)
  local parts, chosen, by_name = {}, {}, {}
  if wording.is_range(parameter) then
    return "{ from = 10 }"
  end
  for _, field in ipairs(parameter.fields or {}) do
    by_name[field.name] = field
    chosen[#chosen + 1] = field.required and field or nil
  end
  if not parameter.fields then
    return "{}"
  end
  for _, name in ipairs(#chosen == 0 and TELLING or {}) do
    if by_name[name] and #chosen < 2 then
      chosen[#chosen + 1] = by_name[name]
    end
  end
  if #chosen == 0 then
    chosen[1] = parameter.fields[1]
  end
  for i, field in ipairs(chosen) do
    parts[i] = field.name .. " = " .. value_of(field)
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Source text for a value of a type: "id[]", "object[][]" …
local function of_type(parameter, kind)
  local element = kind:match "^(.*)%[%]$"
  if element then
    return "{ " .. of_type(parameter, element) .. " }"
  elseif kind == "object" then
    return object(parameter)
  elseif kind == "file" then
    return '{ filename = "pages.txt", data = "https://corner-bakery.example.com/rye\\n" }'
  elseif parameter.sample ~= nil or parameter.enum then
    return literal(parameter.sample ~= nil and parameter.sample or parameter.enum[1])
  end
  local value = BY_NAME[parameter.name]
  if type(value) == "number" and kind == "string" then
    value = tostring(value)
  end
  if value == nil or not fits(value, kind) then
    value = BY_TYPE[kind]
  end
  if type(value) == "number" and kind ~= "id" then
    value = math.max(parameter.min or value, math.min(parameter.max or value, value))
  end
  return literal(value)
end

function value_of(parameter)
  return of_type(parameter, parameter.type)
end

-- The parameters to show: the required ones, plus a few that make the example useful.
local function chosen_of(operation)
  local list, with_body, only_ids, given_one_of = {}, false, true, false
  local one_of = {}
  for _, name in ipairs(operation.any.one_of or operation.any.any_of or {}) do
    one_of[name] = true
  end
  local function choose(parameter)
    list[#list + 1] = parameter
    if parameter.first.place == "body" or parameter.first.place == "upload" then
      with_body, only_ids = true, only_ids and parameter.first.type == "id"
    end
  end
  for _, parameter in ipairs(operation.parameters) do
    local required = false
    for _, own in pairs(parameter.by) do
      required = required or own.required
    end
    if not parameter.items then
      if required then
        choose(parameter)
      elseif one_of[parameter.name] and not given_one_of then
        given_one_of = true
        choose(parameter)
      elseif parameter.name == "settings" or parameter.name == "filter"
        or parameter.name == "limit" and operation.any.pages then
        choose(parameter)
      end
    end
  end
  local is_list = with_body and only_ids and "%[%]$" or ""
  if not with_body or only_ids then
    for _, parameter in ipairs(operation.parameters) do
      local place = parameter.first.place
      if (place == "body" or place == "upload") and not one_of[parameter.name] and not parameter.required
        and parameter.first.type:find(is_list) then
        choose(parameter)
        break
      end
    end
  end
  return list
end

-- The elements of a list body.
local function elements(operation)
  local function element(i)
    local parts = {}
    for _, parameter in ipairs(operation.parameters) do
      if parameter.items and parameter.required then
        local text = value_of(parameter.first)
        parts[#parts + 1] = parameter.name .. " = " .. (i == 2 and parameter.name == "keyword" and '"sourdough"' or text)
      end
    end
    if #parts == 0 then
      for _, parameter in ipairs(operation.parameters) do
        if parameter.items then
          parts[1] = parameter.name .. " = " .. value_of(parameter.first)
          break
        end
      end
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  return operation.any.body == "list" and { element(1), element(2) } or {}
end

local WIDTH = 110

-- A table constructor, split into lines if it is long.
local function braces(before, parts, after)
  if #parts == 0 then
    return before .. after
  end
  local line = before .. "{ " .. table.concat(parts, ", ") .. " }" .. after
  if #line <= WIDTH then
    return line
  end
  return before .. "{\n  " .. table.concat(parts, ",\n  ") .. ",\n}" .. after
end

--- Source text that calls an operation.
---@param operation reference.Operation
---@return string
function sample.call(operation)
  local parts = {}
  for _, parameter in ipairs(chosen_of(operation)) do
    parts[#parts + 1] = parameter.name .. " = " .. value_of(parameter.first)
  end
  for _, element in ipairs(elements(operation)) do
    parts[#parts + 1] = element
  end
  local result = operation.any.answer == "array" and "rows" or operation.any.answer and "answer" or "done"
  if #parts == 0 then
    return ("local %s = %s()"):format(result, operation.call)
  end
  return braces(("local %s = %s "):format(result, operation.call), parts, "")
end

--- Source text that walks its rows, with a limit if they cost credits; nil if it has no pages.
---@param operation reference.Operation
---@param row? string the member of a row to print
---@return string?
function sample.walk(operation, row)
  if not operation.any.pages then
    return nil
  end
  local parts = {}
  for _, parameter in ipairs(chosen_of(operation)) do
    if parameter.name ~= "limit" then
      parts[#parts + 1] = parameter.name .. " = " .. value_of(parameter.first)
    end
  end
  local call = ("for row in %s:each"):format(operation.value)
  local cost = operation.any.cost
  local head
  if cost and cost[1] ~= 0 then
    head = braces(call .. (#parts == 0 and "(nil" or "("), parts, ", { max_rows = 200 }) do")
  else
    head = #parts == 0 and call .. "() do" or braces(call .. " ", parts, " do")
  end
  return head .. "\n  print(row" .. (row and "." .. row or "") .. ")\nend"
end

return sample
