--- The settings of site audits. Both APIs have the same crawler.
-- SPDX-License-Identifier: MIT

local function flag(default, about)
  return { type = "flag", default = default, about = about }
end

local function whole(default, min, max, about)
  return { type = "integer", default = default, min = min, max = max, about = about }
end

local function lines(about)
  return { type = "string[]", style = "lines", about = about }
end

local function commas(about)
  return { type = "string[]", style = "comma", about = about }
end

local settings = {}

settings.all = {
  -- where pages come from
  source_site = flag(1, "1: follow the site's links"),
  source_sitemap = flag(1, "1: crawl the pages of the sitemap"),
  source_subdomain = flag(0, "1: crawl subdomains"),
  source_file = flag(0, "1: crawl the pages of client.audit.source_pages; the Data API can't upload them"),
  allow = lines("path prefixes: crawl nothing else"),
  disallow = lines("path prefixes not to crawl"),
  disallow_ext = lines("external addresses not to check"),
  hide = lines("path prefixes to leave out of the report"),
  -- how the crawler behaves
  check_robots = flag(1, "1: obey robots.txt"),
  ignore_noindex = flag(0, "1: skip pages marked noindex"),
  ignore_nofollow = flag(0, "1: skip links marked nofollow"),
  ignore_params = { type = "integer", enum = { 0, 1, 2 }, default = 0,
    about = "query parameters: 0 keep, 1 drop, 2 drop those in custom_params" },
  custom_params = commas("names of parameters for ignore_params = 2"),
  user_agent = whole(0, 0, 13, "the crawler or browser to identify as, by number"),
  csr = flag(0, "1: run the pages' JavaScript"),
  csr_delay = whole(0, 0, 6000, "milliseconds to wait for JavaScript"),
  login = { type = "string", about = "user name for HTTP basic authentication" },
  password = { type = "string", secret = true, about = "password for HTTP basic authentication" },
  max_pages = whole(1000, 1, 300000, "most pages to crawl; each counts against the plan"),
  max_depth = whole(10, 1, 100, "most clicks from the first page"),
  max_req = whole(500, 1, 500, "most requests a second"),
  max_redirects = whole(5, 1, 50, "most redirects in a row"),
  -- what counts as an issue
  max_size = whole(3000, 1, 100000, "largest acceptable page, in KB"),
  min_title_len = whole(20, 1, 10000, "shortest acceptable title, in characters"),
  max_title_len = whole(65, 1, 10000, "longest acceptable one, in characters"),
  min_description_len = whole(1, 1, 10000, "shortest acceptable description, in characters"),
  max_description_len = whole(158, 1, 10000, "longest acceptable one, in characters"),
  min_words = whole(250, 1, 10000, "fewest acceptable words of a page"),
  max_h1_len = whole(100, 1, 10000, "longest acceptable H1, in characters"),
  max_h2_len = whole(100, 1, 10000, "longest acceptable H2, in characters"),
  disabled_issues = { type = "string[]", about = "codes of issues not to look for; replaces the list" },
  -- when it runs again, and who is told
  schedule_type = { type = "string", enum = { "manual", "week", "month" }, default = "manual", about = "how often" },
  schedule_day = whole(1, 1, 31, "day of the month"),
  schedule_wday = whole(nil, 1, 7, "day of the week; old: use schedule_wdays"),
  schedule_wdays = { type = "integer[]", min = 1, max = 7, about = "days of the week; replaces the list" },
  schedule_hour = whole(0, 0, 23, "hour, UTC"),
  schedule_repeat = flag(0, "1: every schedule_repeat_interval weeks"),
  schedule_repeat_interval = whole(2, nil, nil, "weeks"),
  send_report = flag(1, "1, the default: mail a report after the run. Set 0 in tests"),
  report_email = { type = "string", about = "recipient; old: use report_emails" },
  report_emails = commas("recipients"),
  version = { type = "string", about = "generation of the crawler" },
}

-- Audits of the Data API run once, and have operations of their own for JavaScript.
local NOT_OF_DATA = { csr = true, csr_delay = true, version = true }

settings.data = {}
for name, definition in pairs(settings.all) do
  if not NOT_OF_DATA[name] and not name:find "^schedule_" then
    settings.data[name] = definition
  end
end

--- The settings as members of an answer, in the form of an operation's `fields`.
---@return string
function settings.answer()
  local rows = {}
  for name, definition in pairs(settings.all) do
    local element = definition.type:match "^(.*)%[%]$"
    local kind = element and "array" or definition.type == "string" and "string" or "integer"
    local optional = definition.default == nil and (not element or definition.style) and "?" or ""
    rows[#rows + 1] = ("%s %s%s"):format(name, kind, optional)
    rows[#rows + 1] = element and ("%s[] %s"):format(name, element) or nil
  end
  table.sort(rows)
  return table.concat(rows, "\n")
end

return settings
