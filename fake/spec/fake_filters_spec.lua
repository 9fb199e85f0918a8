--- Every filter and sort that the descriptions give to a list of the Data API changes the rows as its words say, compared with
--- a plain reimplementation on the unfiltered list. The lists come from the descriptions: a new one needs arguments here.
-- SPDX-License-Identifier: MIT

local domains = require "seranking.fake.web.domains"
local fake = require "seranking.fake"
local lists = require "support.rows"

local DOMAIN, TODAY = "shop.com", "2026-11-24"
local YEAR = { target = DOMAIN, date_from = "2026-01-01", date_to = TODAY }
local BELOW = { source = "us", target = DOMAIN, scope = "domain" }
local LINKS = { target = DOMAIN }
local WORDS = { source = "us", keyword = "anchor" }

-- The arguments to ask each list with.
local ARGS = {
  ["data.keywords.similar"] = WORDS, ["data.keywords.related"] = WORDS, ["data.keywords.questions"] = WORDS,
  ["data.keywords.longtail"] = WORDS,
  ["data.domain.keywords.list"] = { source = "us", domain = DOMAIN },
  ["data.domain.keywords.comparison"] = { source = "us", domain = DOMAIN, compare = domains.rival(domains.trade(DOMAIN), 1) },
  ["data.domain.pages.list"] = BELOW, ["data.domain.subdomains.list"] = BELOW,
  ["data.ai_search.prompts_by_target"] = { source = "us", target = DOMAIN, engine = "gemini" },
  ["data.ai_search.prompts_by_brand"] = { source = "us", brand = "Shop", engine = "gemini" },
  ["data.backlinks.all"] = LINKS, ["data.backlinks.raw"] = LINKS, ["data.backlinks.anchors.list"] = LINKS,
  ["data.backlinks.refdomains.list"] = LINKS, ["data.backlinks.referring_ips.list"] = LINKS,
  ["data.backlinks.indexed_pages.list"] = LINKS, ["data.backlinks.history.list"] = YEAR,
  ["data.backlinks.refdomains.history.list"] = YEAR,
}

-- Filters and sorts by what no row and no other operation shows.
local UNSEEN = {
  ["data.keywords.longtail serp_features"] = true, ["data.domain.keywords.list kei"] = true,
  ["data.backlinks.refdomains.list inlink_rank"] = true, ["data.backlinks.refdomains.history.list inlink_rank"] = true,
}

-- Lists that fake_crawl_spec.lua asks: their filter is a list of conditions.
local ELSEWHERE = { ["data.site_audit.audits.links"] = true }

-- Members of rows that filters and sorts call otherwise.
local MEMBERS = { domain_traffic_percent = "traffic_percent", domain_url = "url", date_found = "first_seen",
  multi_keyword_included = "keyword", multi_keyword_excluded = "keyword" }

local api = fake.new { rows = 300, units = 1e12, log = false, today = TODAY, limit = 1e9, data_limit = 1e9 }
local client = api:client { raise = true, share = "off" }

local function merged(first, more)
  local made = {}
  for _, part in ipairs { first, more } do
    for name, value in pairs(part) do made[name] = value end
  end
  return made
end

local operations = {}
for family, module in pairs(require "seranking.api") do
  for _, resource in ipairs(family:find "^data%." and require(module) or {}) do
    for _, operation in ipairs(resource.operations) do
      local params = setmetatable({}, { __index = function(_, name)
        return operation.params and operation.params[name] or (resource.params or {})[name]
      end })
      local takes = " " .. (operation.query or ""):gsub("%*", "") .. " " .. (operation.body or ""):gsub("%*", "") .. " "
      local key = resource.name .. "." .. operation[1]
      if (operation.answer == "array" or operation.pages) and takes:find " [%w_]*order[%w_]* "
        or takes:find " filter " or takes:find " sort " then
        operations[key] = { params = params, takes = function(name)
          return takes:find(" " .. name .. " ", 1, true) and params[name]
        end }
      end
    end
  end
end

-- All rows of a list.
local function all(key, more)
  local op = client
  for name in key:gmatch "[^.]+" do op = op[name] end
  return op:all(merged(ARGS[key], more or {}), { max_rows = math.huge })
end

-- What is known of a keyword beyond its row.
local known = {}
local function of_keyword(text)
  if not next(known) then
    for _, row in ipairs(all "data.domain.keywords.list") do known[row.keyword] = row end
    local texts = all "data.keywords.longtail"
    for first = 1, #texts, 100 do
      local some = {}
      for i = first, math.min(first + 99, #texts) do some[#some + 1] = texts[i] end
      for _, row in ipairs(client.data.keywords:export { source = "us", keywords = some }) do known[row.keyword] = row end
    end
  end
  return known[text] or {}
end

-- What a filter or sort goes by.
local function value_of(row, name)
  local text = type(row) == "string" and row or row.keyword or row.prompt
  name = MEMBERS[name] or name
  if name == "keyword_count" then
    return select(2, text:gsub("%S+", ""))
  elseif name == "characters_count" then
    return #text
  elseif name == "keyword" then
    return text
  elseif name == "snippet_length" then
    return #row.answer.text
  elseif type(row) == "table" and row[name] ~= nil then
    return row[name]
  end
  return of_keyword(text)[name]
end

local function holds(text, condition)
  local value = condition.value
  return condition.type == "contains" and text:find(value, 1, true) ~= nil or condition.type == "exact" and text == value
    or condition.type == "begins" and text:sub(1, #value) == value
    or condition.type == "ends" and text:sub(-#value) == value
end

-- Values for a filter, each with the check that its words are.
local function cases_of(name, param, rows)
  if param.type:find "^object" and param.style ~= "json" then
    local values, seen = {}, {}
    for _, row in ipairs(rows) do
      local value = value_of(row, name)
      if not seen[value] then seen[value], values[#values + 1] = true, value end
    end
    table.sort(values)
    local low = values[math.ceil(#values / 3) + (#values > 1 and 1 or 0)]
    local high = values[math.max(1, #values - math.ceil(#values / 4))]
    return {
      { { from = low }, function(row) return value_of(row, name) >= low end },
      { { to = high }, function(row) return value_of(row, name) <= high end },
      { { from = math.min(low, high), to = high }, function(row)
        return value_of(row, name) >= math.min(low, high) and value_of(row, name) <= high
      end },
    }
  elseif param.type == "string[]" then
    local wanted = value_of(rows[1], name)[1] or value_of(rows[2], name)[1] or value_of(rows[3], name)[1]
    return { { { wanted }, function(row)
      return ("," .. table.concat(value_of(row, name), ",") .. ","):find("," .. wanted .. ",", 1, true) ~= nil
    end } }
  elseif param.type == "string" then
    local word = value_of(rows[1], name):match "%S+$"
    return { { word, function(row) return value_of(row, name):find(word, 1, true) ~= nil end } }
  end
  local text, other = value_of(rows[2], name), value_of(rows[#rows], name)
  local last, first = text:match "[^%s/]+/?$", other:match "^%S%S%S%S%S%S%S%S%S%S" or other
  local function case(alternatives)
    return { alternatives, function(row)
      local fits = false
      for _, conditions in ipairs(alternatives) do
        local fine = true
        for _, condition in ipairs(conditions) do fine = fine and holds(value_of(row, name), condition) end
        fits = fits or fine
      end
      return fits ~= (name:find "_excluded$" ~= nil)
    end }
  end
  return { case { { { type = "exact", value = text } } }, case { { { type = "ends", value = last } } },
    case { { { type = "contains", value = last }, { type = "begins", value = text:sub(1, 3) } },
      { { type = "exact", value = other }, { type = "begins", value = first } } } }
end

describe("on the Data API", function()
  it("every list with a filter or a sort is asked here", function()
    local count = 0
    for key in pairs(operations) do
      assert.is_truthy(ARGS[key] or ELSEWHERE[key], key)
      count = count + 1
    end
    assert.is_true(count >= 18, count)
  end)

  for key, args in pairs(ARGS) do
    local operation = operations[key]
    local filter = operation.takes "filter"
    for name, param in pairs(filter and filter.fields or {}) do
      if not (param.fields and param.fields.mode or UNSEEN[key .. " " .. name]) then -- modes: fake_domain_spec.lua
        it(key .. " keeps the rows that filter " .. name .. " says", function()
          local rows, tested = all(key), 0
          for _, case in ipairs(cases_of(name, param, rows)) do
            local expected = lists.kept(rows, case[2])
            assert.same(expected, all(key, { filter = { [name] = case[1] } }))
            tested = tested + (#expected > 0 and #expected < #rows and 1 or 0)
          end
          assert.is_true(tested > 0, "no test")
        end)
      end
    end
    for sort, direction in pairs { sort = "sort_order", order_field = "order_type", order_by = false } do
      local by = operation.takes(sort)
      for _, field in ipairs(by and by.enum or {}) do
        if not UNSEEN[key .. " " .. field] then
          it(key .. " is sorted by " .. field, function()
            local rows = all(key)
            for _, way in ipairs(direction and { "asc", "desc" } or { "desc" }) do
              local sorted = all(key, merged(args, { [sort] = field, [direction or sort] = direction and way or field }))
              assert.equal(#rows, #sorted)
              lists.assert_sorted(sorted, function(row) return value_of(row, field) end, way)
            end
          end)
        end
      end
    end
  end
end)
