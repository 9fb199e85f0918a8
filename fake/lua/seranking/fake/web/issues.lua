--- The fake's web: what counts as an issue of a page, by the settings of an audit.
-- SPDX-License-Identifier: MIT

local defaults = require("seranking.api.audit_settings").all

local issues = {}

issues.SLOW = 2000 -- ms

-- Each rule: code, severity, group, name, and whether a page breaks it. `limit` reads a setting.
issues.RULES = {
  { "http_4xx", "error", "http", "Pages that answer 4xx", function(page) return page.status ~= 200 end },
  { "title_missing", "error", "titles", "Missing titles", function(page) return page.title_len == 0 end },
  { "title_duplicate", "error", "titles", "Duplicate titles", function(page) return page.title_duplicate == 1 end },
  { "title_short", "warning", "titles", "Titles too short", function(page, limit)
    return page.title_len > 0 and page.title_len < limit "min_title_len"
  end },
  { "title_long", "warning", "titles", "Titles too long", function(page, limit)
    return page.title_len > limit "max_title_len"
  end },
  { "description_missing", "warning", "content", "Missing descriptions", function(page, limit)
    return page.description_len < limit "min_description_len"
  end },
  { "description_long", "notice", "content", "Descriptions too long", function(page, limit)
    return page.description_len > limit "max_description_len"
  end },
  { "h1_missing", "warning", "content", "Missing H1", function(page) return page.h1_len == 0 end },
  { "h1_long", "notice", "content", "H1 too long", function(page, limit) return page.h1_len > limit "max_h1_len" end },
  { "words_few", "warning", "content", "Few words", function(page, limit) return page.words < limit "min_words" end },
  { "size_large", "warning", "speed", "Large pages", function(page, limit) return page.size > 1024 * limit "max_size" end },
  { "load_slow", "notice", "speed", "Slow pages", function(page) return page.load_ms > issues.SLOW end },
  { "noindex", "notice", "crawling", "Pages marked noindex", function(page) return page.noindex == 1 end },
  { "sitemap_missing", "notice", "crawling", "Pages outside the sitemap", function(page) return page.sitemap == 0 end },
}

issues.GROUPS = {
  { "http", "HTTP status" }, { "titles", "Titles" }, { "content", "Content" }, { "speed", "Speed" }, { "crawling", "Crawling" },
}
local SUMS = { error = "errors", warning = "warnings", notice = "notices" }

--- The rules that an audit with these settings checks.
---@param settings table
---@return table[]
function issues.rules(settings)
  local disabled, rules = {}, {}
  for _, code in ipairs(settings.disabled_issues or {}) do
    disabled[code] = true
  end
  for _, rule in ipairs(issues.RULES) do
    rules[#rules + 1] = not disabled[rule[1]] and rule or nil
  end
  return rules
end

--- Notes what is wrong with a page. Of one that answers no 200 nothing else is checked.
---@param page seranking.fake.Page
---@param rules table[]
---@param settings table
function issues.judge(page, rules, settings)
  local function limit(name)
    return tonumber(settings[name]) or defaults[name].default
  end
  page.codes, page.errors, page.warnings, page.notices = {}, 0, 0, 0
  for _, rule in ipairs(rules) do
    if (page.status == 200 or rule[1] == "http_4xx") and rule[5](page, limit) then
      page.codes[#page.codes + 1] = rule[1]
      page[SUMS[rule[2]]] = page[SUMS[rule[2]]] + 1
    end
  end
  page.issues = #page.codes
end

return issues
