--- Holds what the command `chart` draws of a project and of files, and how it tells mistakes. SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local system = require "spec.support.system"
local terminal = require "spec.support.terminal"

local SHOP = "147696"

-- Runs `chart` on a demo account; gives exit status, stdout, stderr, and the fake.
local function chart(words, given)
  return terminal.demo("chart", words, given)
end

local function folder_of(test)
  local folder, remove = process.folder()
  local fine, problem = pcall(test, folder)
  remove()
  assert(fine, problem)
end

for _, api in ipairs { "v4", "v1" } do
  describe("chart with a key of " .. api, function()
    it("draws the average position of a project by engine, in two requests", function()
      local status, out, err, fake = chart({ SHOP, "--days", "90" }, { api = api, width = 90 })
      assert.equal("", err)
      assert.equal(0, status)
      assert.truthy(out:find("^Anchor shop: average position\n2 Sep 2026 – 30 Nov 2026\n\n"))
      assert.truthy(out:find "┤.*Google USA %d")
      assert.truthy(out:find "Google USA mobile %d")
      assert.equal(2, #fake.log)
    end)

    it("draws the positions of one keyword, as they were", function()
      local positions = { ["2026-11-28"] = 7, ["2026-11-29"] = 0, ["2026-11-30"] = 3 }
      local status, out = chart({ SHOP, "--days", "3", "--keyword", " Boat  SHOP", "--engine", "mobile" }, {
        api = api, width = 70, unicode = false, fake = { today = "2026-11-30" },
        prepare = function(fake)
          fake:seed { sites = { { url = "https://shop.example.com", title = "Anchor shop", engines = { 201, 200 },
            check_freq = "manual", keywords = { "boat", { keyword = "boat shop", positions = positions } } } } }
        end,
      })
      assert.equal(0, status)
      assert.truthy(out:find('^Anchor shop: position for "boat shop"\n28 Nov 2026 %- 30 Nov 2026, Google USA mobile\n'))
      -- 7 on the first day, none on the second, 3 on the last.
      assert.equal(2, select(2, out:gsub("%*", "")))
      assert.truthy(out:find "%* 3\n")
    end)

    it("draws bars of a distribution that counts each keyword once an engine", function()
      local status, out = chart({ SHOP, "--distribution" }, { api = api })
      assert.equal(0, status)
      local sum = 0
      for number in out:gmatch "(%d+) +<?%d+%%\n" do
        sum = sum + tonumber(number)
      end
      assert.equal(48, sum) -- 24 keywords, two engines
    end)
  end)
end

describe("chart", function()
  it("draws other metrics, and a group", function()
    local status, out = chart { SHOP, "--metric", "visibility_percent", "--group", "Anchors" }
    assert.equal(0, status)
    assert.truthy(out:find "^Anchor shop: visibility, group Anchors\n")
    assert.truthy(out:find "Google USA %d+%.?%d*%%")
  end)

  it("writes SVG to a file, which has its name only when it is complete", function()
    folder_of(function(folder)
      local path = folder .. "/chart.svg"
      local status, out, err = chart { SHOP, "-o", path }
      assert.same({ 0, "", "" }, { status, out, err })
      assert.truthy(system.read(path):find "^<svg .*</svg>\n$")
      system.write(path, "before")
      local failed, _, problem = chart({ SHOP, "-o", path }, {
        prepare = function(api) api:fail { times = 9, status = 403 } end,
      })
      assert.equal(4, failed)
      assert.equal(1, select(2, problem:gsub("\n", "")))
      assert.equal("before", system.read(path))
      assert.same({ "chart.svg" }, system.lines("ls " .. folder))
    end)
  end)

  it("writes text without colour to a .txt", function()
    folder_of(function(folder)
      assert.equal(0, (chart({ SHOP, "-o", folder .. "/chart.txt" }, { colour = true })))
      local text = system.read(folder .. "/chart.txt")
      assert.truthy(text:find "^Anchor shop")
      assert.is_nil(text:find "\27")
    end)
  end)

  it("draws six lines at most, and says so", function()
    local status, _, err = chart { SHOP, "--keyword", "anchor chain", "--keyword", "boat", "--engine", "usa" }
    assert.equal(0, status)
    assert.truthy(err:find "^seranking: %d+ lines, of which the first 6 are drawn: choose with %-%-engine or %-%-keyword\n$")
  end)

  for _, case in ipairs {
    { {}, 2, "give a project's id, or %-%-from FILE" },
    { { SHOP, "--from", "x.csv" }, 2, "give a project's id, or %-%-from FILE" },
    { { "shop" }, 2, "'shop' is no project id" },
    { { "1.5" }, 2, "'1.5' is no project id" },
    { { "99999999999999999999" }, 2, "'99999999999999999999' is no project id" },
    { { SHOP, "--bars" }, 2, "%-%-bars goes with %-%-from; a project's bars are %-%-distribution" },
    { { SHOP, "--days", "0" }, 2, "%-%-days: '0' is not a whole number from 1 to 3660" },
    { { SHOP, "-o", "chart.png" }, 2, "chart%.png: a chart is written as %.svg or %.txt" },
    { { SHOP, "--keyword", "a", "--distribution" }, 2, "%-%-distribution and %-%-keyword are different charts" },
    { { "5" }, 3, "the account has no project 5" },
    { { SHOP, "--keyword", "ancor" }, 3, "the project has no keyword 'ancor'; did you mean 'anchor'%?" },
    { { SHOP, "--keyword", "anchors" }, 3, "no keyword 'anchors'; a group is called so: %-%-group anchors" },
    { { SHOP, "--keyword", "zzzzzzz" }, 3, "no keyword 'zzzzzzz'; `seranking sites keywords list 147696` shows its 24" },
    { { SHOP, "--group", "anchor" }, 3, "no keyword group 'anchor'; did you mean 'anchors'%?" },
    { { SHOP, "--engine", "yahoo" }, 3, "no engine of the project is called 'yahoo'; there are: Google USA, " },
    { { SHOP, "-o", "/nonexistent/chart.svg" }, 2, "can't write /nonexistent/chart%.svg" },
  } do
    it("refuses `" .. table.concat(case[1], " ") .. "` with one line and exit status " .. case[2], function()
      local status, out, err = chart(case[1])
      assert.equal(case[2], status)
      assert.equal("", out)
      assert.truthy(err:find("^seranking: [^\n]*" .. case[3]), err)
      assert.equal(1, select(2, err:gsub("\n", "")))
    end)
  end

  it("sends nothing if the arguments are wrong or the file can't be written", function()
    for _, words in ipairs { { SHOP, "-o", "chart.png" }, { SHOP, "-o", "/nonexistent/chart.svg" } } do
      local _, _, _, api = chart(words)
      assert.equal(0, #api.log)
    end
  end)
end)

describe("docs/charts.md", function()
  it("has every option of chart, report and brand-report", function()
    local text = system.read "docs/charts.md"
    for _, name in ipairs { "chart", "report", "brand_report" } do
      local parser = require "argparse"():add_help(false)
      require("seranking.cli." .. name).define(parser)
      for _, option in ipairs(parser._options) do
        local long = option._hidden and "" or option._aliases[#option._aliases]
        assert.truthy(text:find(long == "--output" and "-o" or long, 1, true), name .. " " .. long)
      end
    end
  end)
end)

describe("chart --from", function()
  local EXPECTED = "7 Jan"

  for name, text in pairs {
    CSV = "day,visits\r\n2026-01-05,3\r\n2026-01-07,12\r\n2026-01-06,\r\n",
    ["JSON Lines"] = '{"day":"2026-01-05","visits":3}\n{"day":"2026-01-06","visits":null}\n'
      .. '{"day":"2026-01-07","visits":12}\n',
    JSON = '[{"day":"2026-01-05","visits":3},{"day":"2026-01-06","visits":null},{"day":"2026-01-07","visits":12}]',
    ["a list inside JSON"] = '{"total":2,"rows":[{"day":"2026-01-05","visits":3},{"day":"2026-01-06"},'
      .. '{"day":"2026-01-07","visits":12}]}',
  } do
    it("reads " .. name .. " from stdin and finds the date and the number", function()
      local status, out, err = chart({ "--from", "-" }, { stdin = text, unicode = false, width = 70 })
      assert.same({ 0, "" }, { status, err })
      assert.truthy(out:find "^stdin: visits\n5 Jan 2026 %- 7 Jan 2026\n")
      assert.truthy(out:find(EXPECTED, 1, true))
      assert.equal(2, select(2, out:gsub("%*", ""))) -- the day between has no value
    end)
  end

  it("draws a series for each name, positions with 1 on top", function()
    local text = "date,pos,engine\n2026-01-05,1,Google\n2026-01-06,2,Google\n2026-01-05,9,Bing\n2026-01-06,0,Bing\n"
    local words = { "--from", "-", "--columns", "date,pos,engine", "--title", "Mine" }
    local status, out = chart(words, { stdin = text, width = 70 })
    assert.equal(0, status)
    assert.truthy(out:find "^Mine\n")
    assert.truthy(out:find "\n *1 ┤.*Google 2.*Bing 9")
  end)

  it("draws six lines without a word, of seven the first six", function()
    local function notes(count)
      local rows = { "d,n,name" }
      for i = 1, count do
        rows[i + 1] = ("2026-01-05,%d,name %d"):format(i, i)
      end
      local _, out, err = chart({ "--from", "-", "--columns", "d,n,name" }, { stdin = table.concat(rows, "\n"), width = 90 })
      return err, out:find "name 6" ~= nil, out:find "name 7" ~= nil
    end
    assert.same({ "", true, false }, { notes(6) })
    assert.same({ "seranking: 7 lines, of which the first 6 are drawn: choose with --columns\n", true, false }, { notes(7) })
  end)

  it("draws a bar for each row, by the columns of a name and a number", function()
    local expected = "%s\n%s\n\nanchor #################### 40\nboat   #####                10\n"
    for text, columns in pairs {
      ["id,word,hits\n1,anchor,40\n2,boat,10\n3,none,\n"] = "word,hits",
      ["word,hits\nanchor,40\nboat,10\n"] = false,
      ['[{"word":"anchor","hits":40},{"word":"boat","hits":10}]'] = false,
    } do
      local words = { "--bars", "--from", "-", columns and "--columns" or nil, columns or nil }
      local status, out, err = chart(words, { stdin = text, unicode = false, width = 30 })
      assert.same({ 0, expected:format("stdin", "hits"), "" }, { status, out, err })
    end
    local _, out = chart({ "--bars", "--from", "-", "--title", "Hits" },
      { stdin = "brand_id,share\n30,2\n31,1\n", unicode = false, width = 25 })
    assert.equal("Hits\nshare\n\n30 #################### 2\n31 ##########           1\n", out)
  end)

  it("draws 40 bars at most, and says so", function()
    local rows = { "n,v" }
    for i = 1, 41 do
      rows[#rows + 1] = i .. "," .. i
    end
    local _, out, err = chart({ "--bars", "--from", "-" }, { stdin = table.concat(rows, "\n") })
    assert.equal("seranking: 41 rows, of which the first 40 are drawn\n", err)
    assert.same({ 1, nil }, { (out:find "\n40 " and 1), (out:find "\n41 ") })
  end)

  for text, problem in pairs {
    ["a,b\nx,-1\n"] = "%-:2: b must be a number from 0, got %-1",
    ["a,b\nx,y\n"] = "%-: no column has only numbers: name two with %-%-columns NAME,NUMBER %(columns: a, b%)",
    ['[{"a":"x","b":{"c":1}},{"a":"y","b":1}]'] = "%-: no column has only numbers",
    ["a,b\nx,1e999\n"] = "%-:2: b must be a number from 0, got 1e999",
  } do
    it("draws no bars of " .. ("%q"):format(text):gsub("\\\n", " "), function()
      local status, out, err = chart({ "--bars", "--from", "-" }, { stdin = text })
      assert.same({ 2, "" }, { status, out })
      assert.truthy(err:find("^seranking: " .. problem .. "[^\n]*\n$"), err)
    end)
  end

  it("sends nothing and needs no key", function()
    local status, _, _, api = chart({ "--from", "-" }, { stdin = "d,n\n2026-01-05,1\n" })
    assert.equal(0, status)
    assert.equal(0, #api.log)
    assert.equal(0, (terminal.run({ "chart", "--from", "-" }, { stdin = "d,n\n2026-01-05,1\n", now = terminal.NOON })))
  end)

  for _, case in ipairs {
    { "", "%-: no rows" },
    { "d,n\n", "%-: no rows" },
    { "d,n\n2026-01-05\n", "%-:2: 1 fields, but the first line has 2" },
    { 'd,n\n"2026-01-05,1\n', "%-:2: a quoted field does not end" },
    { "d,n\n2026-02-30,1\n", "%-: no column has only dates %(YYYY%-MM%-DD%): name both with .* %(columns: d, n%)" },
    { "d,n\n2026-01-05,x\n", "%-: no column has only numbers" },
    { "d,n\n2026-01-05,1\n2026-02-30,1\n", "%-:3: d must be a date YYYY%-MM%-DD, got 2026%-02%-30", "d,n" },
    { "d,n\n2026-01-05,1\n2026-01-06,x\n", "%-:3: n must be a number, got x", "d,n" },
    { "d,n\n2026-01-05,1e300\n2026-01-06,1e300\n", "%-:2: n must be a number from %-1e%+15 to 1e%+15, got 1e300" },
    { "d,n\n2026-01-05,2\n2026-01-06,-1e999\n", "%-:3: n must be a number from %-1e%+15 to 1e%+15, got %-1e999" },
    { "d,n\n2026-01-05,1\n", "%-: there is no column 'm'", "d,m" },
    { "d,n\n2026-01-05,1\n", "%-%-columns takes the columns of the date, the number", "d" },
    { '{"d":"2026-01-05","n":1}\n{"d":\n', "%-:2: " },
  } do
    it("tells what is wrong in " .. ("%q"):format(case[1]):gsub("\\\n", " "), function()
      local words = { "--from", "-" }
      if case[3] then
        words[3], words[4] = "--columns", case[3]
      end
      local status, out, err = chart(words, { stdin = case[1] })
      assert.same({ 2, "" }, { status, out })
      assert.truthy(err:find("^seranking: " .. case[2]), err)
      assert.equal(1, select(2, err:gsub("\n", "")))
    end)
  end

  it("tells a missing file", function()
    local status, _, err = chart { "--from", "/nonexistent.csv" }
    assert.equal(2, status)
    assert.truthy(err:find "^seranking: %-%-from: /nonexistent.csv: No such file or directory\n$")
  end)
end)
