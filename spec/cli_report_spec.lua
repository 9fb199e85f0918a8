--- Holds the figures of a report, its size, that it names no address, and how the command `report` tells mistakes.
-- SPDX-License-Identifier: MIT

local big_report = require "spec.support.big_report"
local data = require "seranking.cli.report.data"
local figures = require "seranking.cli.report.figures"
local json = require "seranking.base.json"
local page = require "seranking.cli.report.page"
local process = require "spec.support.process"
local project = require "seranking.cli.chart.project"
local system = require "spec.support.system"
local terminal = require "spec.support.terminal"

local MEGABYTE = 1000000

-- A keyword with positions on the first days of November; false: not checked.
local function keyword(name, positions)
  local list = {}
  for i, position in ipairs(positions) do
    if position then
      list[#list + 1] = { date = ("2026-11-%02d"):format(i), pos = position }
    end
  end
  return { id = #name, name = name, volume = 10, positions = list }
end

local function make(keywords, more)
  more = more or {}
  return figures.make {
    site = { id = 5, title = "Shop", name = "shop.example.com", depth = 100 }, summary = more.summary or {},
    names = { [7] = "Google" }, ids = { 7 }, positions = { { { site_engine_id = 7, keywords = keywords } } },
    average = more.average or {}, visibility = more.visibility or {},
  }
end

local KEYWORDS = {
  keyword("rose", { 9, 8, 3 }), keyword("fell", { 2, 2, 12 }), keyword("stayed", { 5, 1, 5 }), keyword("came", { 0, 40, 31 }),
  keyword("went", { 20, 0, 0 }), keyword("late", { false, 50, 49 }), keyword("never", { 0, 0, 0 }), keyword("unchecked", {}),
}

local function names(rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = row.name
  end
  return table.concat(list, " ")
end

describe("the figures of a report", function()
  local made = make(KEYWORDS)

  it("compare the first with the last check; not ranking counts as the place behind the depth", function()
    assert.equal("came rose late", names(made.up))     -- 101 - 31, 9 - 3, 50 - 49
    assert.equal("went fell", names(made.down))        -- 20 - 101, 2 - 12
    assert.equal(70, made.up[1].gain)
    assert.equal(-81, made.down[1].gain)
    assert.same({ up = 3, down = 2, same = 2 }, made.moved)
    assert.equal(7, made.checked)
  end)

  it("have the best position, the days, and how many keywords are in each band", function()
    assert.equal(1, made.engines[1].rows[3].best)
    assert.is_nil(made.engines[1].rows[7].best)
    assert.same({ "2026-11-01", "2026-11-02", "2026-11-03" }, made.dates)
    assert.same({ 1, 2, 1, 1, 2 }, made.engines[1].counts.first) -- 2; 9 5; 20; 50; 0 0
    assert.same({ 1, 1, 1, 2, 2 }, made.engines[1].counts.last)  -- 3; 5; 12; 31 49; 0 0
  end)

  it("list ten movers at most; of those that moved as much, the first by name", function()
    assert.equal("a b c", names(make({ keyword("b", { 5, 4 }), keyword("c", { 3, 2 }), keyword("a", { 9, 8 }) }).up))
    local keywords = {}
    for i = 1, 30 do
      keywords[i] = keyword("k" .. i, { 50, 50 - i })
    end
    local rows = make(keywords).up
    assert.equal(10, #rows)
    assert.equal("k30", rows[1].name)
  end)

  it("name engines that share a name by their region, language or id", function()
    local catalogue = { { id = 200, name = "Google USA" }, { id = 300, name = "Bing" } }
    local function engines(list)
      for i, engine in ipairs(list) do
        engine.site_engine_id, engine.search_engine_id = i, engine.search_engine_id or 200
      end
      return (project.engine_names(list, catalogue))
    end
    assert.same({ "Google USA", "Bing", "engine 9" },
      engines { {}, { search_engine_id = 300, region_name = "x" }, { search_engine_id = 9 } })
    assert.same({ "Google USA (Boston)", "Google USA (Ohio)" },
      engines { { region_name = "Boston" }, { region_name = "Ohio" } })
    assert.same({ "Google USA (en)", "Google USA (de)" },
      engines { { lang_code = "en" }, { lang_code = "de", region_name = "" } })
    assert.same({ "Google USA (1)", "Google USA (2)" }, engines { {}, {} })
  end)
end)

describe("the data of a report", function()
  it("have a character for each day: a blank, '!' for not ranking, '#' for 1 and so on", function()
    local made = make {
      keyword("a", { 1, 0, false, 2, 25, 26, 56, 57, 90, 91, 200 }), keyword("b", { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }),
    }
    local decoded = json.decode(data.encode(made))
    assert.same({ "a", "b" }, decoded.names)
    -- From "#" on, without "<" (which would be 26), "\" (57), and 127 to 160 (91).
    assert.equal("#! $;=[]~\194\161", decoded.engines[1].rows[1][3]:sub(1, 11))
    assert.equal(0, decoded.engines[1].rows[1][1])
    assert.equal(10, decoded.engines[1].rows[1][2])
    assert.equal(11, select(2, decoded.engines[1].rows[1][3]:gsub("[^\128-\191]", "")))
  end)

  it("can't end the script that they stand in, and are valid whatever the names", function()
    local text = data.encode(make { keyword("</script><!-- \"\\ \255", { 1 }) })
    assert.is_nil(text:find "<")
    assert.equal("</script><!-- \"\\ \239\191\189", json.decode(text).names[1])
  end)
end)

describe("the page of a report", function()
  it("is smaller than a megabyte for 1,000 keywords and 90 days, with one engine and with four", function()
    for _, engines in ipairs { 1, 4 } do
      local size = #page.html(big_report { keywords = 1000, days = 90, engines = engines }, "2026-11-30")
      assert.is_true(size < MEGABYTE, ("%d engines: %d bytes"):format(engines, size))
    end
  end)

  it("says the figures", function()
    local function history(first, last)
      local days = { { date = "2026-11-01", value = first }, { date = "2026-11-03", value = last } }
      return { { type = "avg", name = "Average", data = days }, { type = "search_engine", name = "Google", data = days } }
    end
    local html = page.html(make(KEYWORDS, {
      summary = { today_avg = 24.5, visibility_percent = 20, domain_trust = 30, index_google = 1 },
      average = history(30, 24.5), visibility = history(25, 20),
    }), "2026-11-05")
    local text = html:match("^(.-)<script"):gsub("<style>.-</style>", ""):gsub("<svg.-</svg>", ""):gsub("<[^>]*>", "|")
      :gsub("&nbsp;", " "):gsub("|[|%s]*", "|")
    for _, part in ipairs {
      "Positions of shop.example.com|Shop|",
      "|1 Nov 2026 – 3 Nov 2026|8 keywords|1 engine|domain trust 30|1 page in Google’s index|",
      "|Average position|24.5|▲ |better by |5.5|since 1 Nov|",
      "|Visibility|20|&thinsp;%|▼ |worse by |5|since 1 Nov|",
      "|In the top 10|2|of 7|▼ |worse by |1|since 1 Nov|",
      "|Moved|3|up|2|down|2 unchanged, 2 not ranking|",
      "|1 Nov|1|2|1|1|2|3 Nov|1|1|1|2|2|Position|",
      "|Google|1|±0|1|−1|1|±0|2|+1|2|±0|",
      "|Moved up|1 Nov 2026 to 3 Nov 2026|Keyword|From, to|Change|Trend|came|– → 31|new|rose|9 → 3|+6|late|50 → 49|+1|",
      "|went|20 → –|lost|fell|2 → 12|−10|",
      "|Best|Trend|rose|10|3|+6|3|fell|10|12|−10|2|stayed|10|5|0|1|came|10|31|new|31|went|10|–|lost|20|late|10|49|+1|49|",
      "|never|10|–|0|unchecked|10|",
      "|Made on 5 Nov 2026 by seranking",
    } do
      assert.truthy(text:find(part, 1, true), part .. " is not in " .. text)
    end
    -- rose: three days between 2 and 94, and 9, 8, 3 between 21 and 3.
    assert.truthy(html:find('<path d="M2.0 21.0h.1L48.0 18.0L94.0 3.0"/>', 1, true))
    -- Sorted as positions won: 101 - 31, and 20 - 101.
    assert.truthy(html:find("<td class=u data-v=70>new", 1, true))
    assert.truthy(html:find("<td class=d data-v=-81>lost", 1, true))
  end)

  it("names no address, and loads nothing", function()
    local html = page.html(big_report { keywords = 3, days = 9, engines = 2 }, "2026-11-30")
    for _, pattern in ipairs { "https?:", "//[%w.]+%.%w", "%ssrc=", "href=", "url%(", "@import", "<link", "<iframe" } do
      assert.is_nil(html:find(pattern), pattern)
    end
    assert.truthy(html:find("default-src 'none'", 1, true))
  end)

  it("shows names as they are, escaped, without characters that turn the text around", function()
    local evil = "</script><img src=x onerror=alert(1)>\"'&\226\128\174\226\129\166"
    local html = page.html(big_report { keywords = 2, days = 3, engines = 2, title = evil,
      name = function(k) return evil .. k end }, "2026-11-30")
    assert.is_nil(html:find("<img", 1, true))
    assert.is_nil(html:match "^(.-)<script":find "\226\128\174")
    assert.is_nil(html:match "^(.-)<script":find "\226\129\166")
    assert.truthy(html:find("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;2", 1, true))
    assert.equal(2, select(2, html:gsub("</script>", "")))
  end)

  it("has six lines in a chart and all engines in the tables, however many there are", function()
    local html = page.html(big_report { keywords = 2, days = 3, engines = 9 }, "2026-11-30")
    local chart = html:match '<div class="plot" id="average"><div class="wide">(.-)</svg>'
    for engine = 1, 9 do
      assert.equal(engine <= 6, chart:find(">Engine " .. engine .. "<", 1, true) ~= nil)
      assert.truthy(html:find('<th scope="row">Engine ' .. engine .. "</th>", 1, true))
    end
    assert.truthy(html:find("The first 6 of 9 engines.", 1, true))
  end)

  it("holds a project that never ranked, and one that was checked once", function()
    for _, keywords in ipairs { { keyword("a", { 0, 0 }) }, { keyword("a", { 7 }) } } do
      local html = page.html(make(keywords), "2026-11-30")
      assert.truthy(html:find("No keyword moved up.", 1, true))
      assert.is_nil(html:find "nan%W")
      assert.is_nil(html:find "%Winf%W")
    end
  end)
end)

describe("the command report", function()
  local function report(words, given)
    return terminal.demo("report", words, given)
  end

  for _, api in ipairs { "v4", "v1" } do
    it("writes a page with a key of " .. api .. ", in six requests and one for each engine", function()
      local status, out, err, fake = report({ "147696" }, { api = api })
      assert.equal(0, status)
      assert.truthy(out:find "^<!DOCTYPE html>.*<h1>Anchor shop</h1>.*</html>\n$")
      assert.truthy(out:find("2 Sep 2026 – 30 Nov 2026", 1, true))
      assert.equal(8, #fake.log)
      assert.truthy(err:find "^seranking: stdout: %d+ kB, 48 rows, 8 requests\n$")
    end)
  end

  it("writes a file that has its name only when it is complete", function()
    local folder, remove = process.folder()
    local path = folder .. "/report.html"
    local status, out, err = report { "147698", "--days", "30", "-o", path }
    local text = system.read_if_there(path)
    local failed = report({ "147698", "-o", path }, { prepare = function(api) api:fail { times = 9, status = 403 } end })
    local after, list = system.read_if_there(path), system.lines("ls " .. folder)
    remove()
    assert.same({ 0, "" }, { status, out })
    assert.truthy(err:find "report%.html: %d+ kB, 20 rows, 7 requests\n$")
    assert.truthy(text:find "<h1>Sailing blog</h1>")
    assert.equal(4, failed)
    assert.equal(text, after)
    assert.same({ "report.html" }, list)
  end)

  for _, case in ipairs {
    { { "shop" }, 2, "'shop' is no project id" },
    { { "1.5" }, 2, "'1.5' is no project id" },
    { { "147696", "-o", "report.pdf" }, 2, "report%.pdf: a report is written as %.html" },
    { { "147696", "--days", "1000" }, 2, "%-%-days: '1000' is not a whole number from 1 to 400" },
    { { "5" }, 3, "the account has no project 5" },
    { { "147696", "-o", "/nonexistent/r.html" }, 2, "can't write /nonexistent/r%.html" },
  } do
    it("refuses `" .. table.concat(case[1], " ") .. "` with one line and exit status " .. case[2], function()
      local status, out, err = report(case[1])
      assert.equal(case[2], status)
      assert.equal("", out)
      assert.truthy(err:find("^seranking: [^\n]*" .. case[3]), err)
      assert.equal(1, select(2, err:gsub("\n", "")))
    end)
  end

  it("does not print HTML on a terminal", function()
    local status, out, err, api = report({ "147696" }, { terminals = { stdout = true } })
    assert.same({ 2, "", 0 }, { status, out, #api.log })
    assert.truthy(err:find "write it to a file with %-o report%-147696%.html\n$")
  end)

  it("ends at Ctrl-C with 130, and leaves no file", function()
    local folder, remove = process.folder()
    local status, _, err = report({ "147696", "-o", folder .. "/report.html" }, { interrupted = function() return 1 end })
    local list = system.lines("ls -A " .. folder)
    remove()
    assert.same({ 130, "seranking: interrupted\n", {} }, { status, err, list })
  end)

  it("tells a project without positions", function()
    local status, _, err = report({ "147696", "--days", "3" }, {
      fake = { today = "2026-11-30" },
      prepare = function(api)
        local site = { url = "https://shop.example.com", title = "New shop", check_freq = "manual", keywords = { "boat" } }
        api:seed { sites = { site } }
      end,
    })
    assert.equal(3, status)
    assert.truthy(err:find "New shop: no position in the last 3 days; try more %-%-days")
  end)
end)
