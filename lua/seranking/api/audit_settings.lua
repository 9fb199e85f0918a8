--- The settings of site audits, for both APIs: the crawler is the same.
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
  source_sitemap = flag(1, "1: take the pages of the sitemap"),
  source_subdomain = flag(0, "1: go into subdomains"),
  source_file = flag(0, "1: take the pages of audit.source_pages; the Data API has no way to send them"),
  allow = lines("beginnings of paths: nothing else is crawled"),
  disallow = lines("beginnings of paths that are not crawled"),
  disallow_ext = lines("outside addresses whose links are not checked"),
  hide = lines("beginnings of paths that the report leaves out"),
  -- how the crawler behaves
  check_robots = flag(1, "1: do as robots.txt says"),
  ignore_noindex = flag(0, "1: skip pages marked noindex"),
  ignore_nofollow = flag(0, "1: skip links marked nofollow"),
  ignore_params = { type = "integer", enum = { 0, 1, 2 }, default = 0,
    about = "parts of addresses behind the ?: 0 kept, 1 dropped, 2 those in custom_params dropped" },
  custom_params = commas("names of parameters for ignore_params = 2"),
  user_agent = whole(0, 0, 13, "which crawler or browser it passes for, by number"),
  csr = flag(0, "1: run the pages' JavaScript"),
  csr_delay = whole(0, 0, 6000, "milliseconds to wait for it"),
  login = { type = "string", about = "user name for HTTP basic authentication" },
  password = { type = "string", secret = true, about = "password for HTTP basic authentication" },
  max_pages = whole(1000, 1, 300000, "most pages; each counts against the plan"),
  max_depth = whole(10, 1, 100, "most links away from the first page"),
  max_req = whole(500, 1, 500, "most requests a second"),
  max_redirects = whole(5, 1, 50, "most redirects in a row"),
  -- what counts as an issue
  max_size = whole(3000, 1, 100000, "KB of the biggest page that is all right"),
  min_title_len = whole(20, 1, 10000, "characters of the shortest title that is all right"),
  max_title_len = whole(65, 1, 10000, "characters of the longest one"),
  min_description_len = whole(1, 1, 10000, "characters of the shortest description that is all right"),
  max_description_len = whole(158, 1, 10000, "characters of the longest one"),
  min_words = whole(250, 1, 10000, "words of the shortest page that is all right"),
  max_h1_len = whole(100, 1, 10000, "characters of the longest H1 that is all right"),
  max_h2_len = whole(100, 1, 10000, "characters of the longest H2 that is all right"),
  disabled_issues = { type = "string[]", about = "codes of issues not to look for; replaces the list" },
  -- when it runs again, and who is told
  schedule_type = { type = "string", enum = { "manual", "week", "month" }, default = "manual", about = "how often" },
  schedule_day = whole(1, 1, 31, "day of the month"),
  schedule_wday = whole(nil, 1, 7, "day of the week; old, schedule_wdays is better"),
  schedule_wdays = { type = "integer[]", min = 1, max = 7, about = "days of the week; replaces the list" },
  schedule_hour = whole(0, 0, 23, "hour, UTC"),
  schedule_repeat = flag(0, "1: every schedule_repeat_interval weeks"),
  schedule_repeat_interval = whole(2, nil, nil, "weeks"),
  send_report = flag(1, "1, also when left out: a report by mail when it has run! Tests want 0"),
  report_email = { type = "string", about = "who gets it; old, report_emails is better" },
  report_emails = commas("who gets it"),
  version = { type = "string", about = "generation of the crawler" },
}

-- The Data API's audits run once, and by themselves run no JavaScript.
local NOT_OF_DATA = { csr = true, csr_delay = true, version = true }

settings.data = {}
for name, definition in pairs(settings.all) do
  if not NOT_OF_DATA[name] and not name:find "^schedule_" then
    settings.data[name] = definition
  end
end

return settings
