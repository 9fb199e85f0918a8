--- Holds how charts are drawn as text: braille, ASCII, bars, names, gaps. SPDX-License-Identifier: MIT

local ascii = require "seranking.cli.chart.ascii"
local bars = require "seranking.cli.chart.bars"
local braille = require "seranking.cli.chart.braille"
local lines = require "seranking.cli.chart.lines"
local names = require "seranking.cli.chart.names"
local series = require "seranking.cli.chart.series"
local text_width = require "seranking.cli.text_width"

local FIRST = require("seranking.base.calendar").day "2026-11-02"

-- A series of a value each day; false: none.
local function a_series(name, values)
  local points = {}
  for i, value in ipairs(values) do
    points[i] = { day = FIRST + i - 1, value = value or nil }
  end
  return { name = name, points = points }
end

local function split(text)
  local list = {}
  for line in text:gmatch "([^\n]*)\n" do
    list[#list + 1] = line
  end
  return list
end

describe("a canvas", function()
  it("of braille has two dots across and four down in a character", function()
    local canvas = braille.new(2, 1)
    for _, dot in ipairs { { 0, 0 }, { 1, 3 }, { 2, 1 }, { 2, 1 } } do
      canvas:dot(dot[1], dot[2], 1)
    end
    canvas:dot(4, 0, 1)
    canvas:dot(0, -1, 1)
    assert.equal("⢁⠂", table.concat(canvas:row(1).texts))
  end)

  it("of braille draws lines, each series in a pattern of its own", function()
    local canvas = braille.new(4, 1)
    canvas:line(0, 3, 7, 3, 1)
    assert.equal("⣀⣀⣀⣀", table.concat(canvas:row(1).texts))
    canvas = braille.new(2, 1)
    canvas:line(0, 0, 3, 3, 1)
    assert.equal("⠑⢄", table.concat(canvas:row(1).texts))
    local seen = {}
    for index = 1, #braille.patterns do
      local sample = braille.sample(index)
      assert.is_nil(seen[sample])
      seen[sample] = true
    end
  end)

  it("of ASCII draws a mark a column", function()
    local canvas = ascii.new(5, 3)
    canvas:line(0, 0, 4, 2, 1)
    local rows = {}
    for row = 1, 3 do
      rows[row] = table.concat(canvas:row(row).texts)
    end
    assert.same({ "*    ", " **  ", "   **" }, rows)
  end)
end)

describe("a series", function()
  it("is broken where a value is missing", function()
    local runs = series.runs(a_series("a", { 1, 2, false, 3, false, false }).points)
    assert.equal(2, #runs)
    assert.equal(2, #runs[1])
    assert.equal(3, runs[2][1].value)
  end)

  it("is broken where days are missing, but not between weekly checks", function()
    local function count(...)
      local points = {}
      for i, day in ipairs { ... } do
        points[i] = { day = day, value = 1 }
      end
      return #series.runs(points)
    end
    assert.equal(1, count(1, 2, 3, 5, 6))
    assert.equal(2, count(1, 2, 3, 6, 7))
    assert.equal(1, count(1, 8, 15, 29))
    assert.equal(2, count(1, 8, 15, 30, 37))
  end)
end)

describe("a chart of lines as text", function()
  local function draw(chart, settings)
    return split(lines.draw(chart, settings))
  end

  it("has the best position on top, ticks, dates and the last value", function()
    local chart = { title = "Shop", subtitle = "November", positions = true, series = { a_series("Google", { 1, 11, 21 }) } }
    assert.same({
      "Shop",
      "November",
      "",
      " 1 +***",
      "   |   *****",
      "10 +        *****",
      "   |             ****",
      "20 +                 ***",
      "   |",
      "30 +",
      "   ++------------------+",
      "    2 Nov          4 Nov",
      "    *** Google 21",
    }, draw(chart, { width = 24, height = 7, unicode = false }))
    local wide = draw(chart, { width = 60, height = 7, unicode = false })
    assert.equal("20 +                                              ******* 21", wide[8])
  end)

  it("draws other numbers from below, gaps, and the names of several series under a narrow chart", function()
    local list = { a_series("Google", { 10, 10, 10 }), a_series("Bing", { 20, false, 30 }) }
    assert.same({
      "Shop",
      "",
      "30 ┤                   ⠈",
      "   │",
      "20 ┤⠄",
      "   │",
      "10 ┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀",
      "   └┬──────────────────┬",
      "    2 Nov          4 Nov",
      "    ⠤⠤⠤ Google 10%",
      "    ⠄⠄⠄ Bing 30%",
    }, draw({ title = "Shop", unit = "%", series = list }, { width = 24, height = 5, unicode = true }))
  end)

  it("puts names at the ends of lines, none over another, each named once", function()
    local list = {}
    for i = 1, 5 do
      list[i] = a_series("Engine " .. i, { 10 * i, 50, 50 })
    end
    local text = table.concat(draw({ title = "t", series = list }, { width = 80, unicode = true }), "\n")
    for i = 1, 5 do
      assert.equal(1, select(2, text:gsub("Engine " .. i .. " 50", "")))
    end
  end)

  it("is never wider than the terminal, whatever the names", function()
    local list = { a_series(("東京"):rep(60), { 1, 5 }), a_series(("x"):rep(300), { 4, 2 }) }
    for _, unicode in ipairs { true, false } do
      for width = 24, 130 do
        for _, line in ipairs(draw({ title = ("東"):rep(200), series = list }, { width = width, unicode = unicode })) do
          assert.is_true(text_width.width(line) <= width, line)
        end
      end
    end
  end)

  it("is ASCII where the terminal has no more", function()
    local text = lines.draw({ title = "t", series = { a_series("abc", { 1, 5 }), a_series("d", { 2, 2 }) } },
      { width = 70, unicode = false })
    assert.is_nil(text:find "[\128-\255]")
  end)

  it("has colours only where they are wanted", function()
    local chart = { title = "t", series = { a_series("a", { 1, 5 }), a_series("b", { 2, 2 }) } }
    assert.is_nil(lines.draw(chart, { width = 70, unicode = true }):find "\27")
    local coloured = lines.draw(chart, { width = 70, unicode = true, colour = true })
    assert.truthy(coloured:find "\27%[38;5;33m.*\27%[38;5;208m")
    assert.equal(lines.draw(chart, { width = 70, unicode = true }), (coloured:gsub("\27%[[%d;]*m", "")))
  end)

  it("shows no control character and no change of direction of a name", function()
    local text = lines.draw({ title = "a\27[31mb\nc\226\128\174d\255", series = { a_series("e", { 1, 2 }) } },
      { width = 70, unicode = true })
    assert.equal("a [31mb cd\239\191\189", split(text)[1])
  end)

  it("holds a single day, and a series without a value beside another", function()
    local drawn = draw({ title = "t", series = { a_series("a", { 5 }), a_series("b", { false }) } },
      { width = 40, height = 5, unicode = false })
    assert.equal(1, select(2, table.concat(drawn, "\n", 3, 7):gsub("%*", "")))
    assert.equal("b no value", drawn[#drawn]:match "b .*")
  end)
end)

describe("bars", function()
  it("have lengths, numbers and shares", function()
    assert.same({
      "1-3  ██████████ 20  67%",
      "4-10 █████      10  33%",
      "none             0   0%",
    }, split(bars({
      shares = true, items = { { name = "1-3", value = 20 }, { name = "4-10", value = 10 }, { name = "none", value = 0 } },
    }, { width = 23, unicode = true })))
    local two = { { name = "a", value = 400 }, { name = "b", value = 1 } }
    assert.same({ "a #################### 400 100%", "b #                      1  <1%" },
      split(bars({ items = two, shares = true }, { width = 31, unicode = false })))
    assert.same({ "a #################### 400", "b #                      1" },
      split(bars({ items = two }, { width = 26, unicode = false })))
  end)

  it("have numbers with decimals where not all are whole: as many for each, more for small ones", function()
    local function numbers(...)
      local items, found = {}, {}
      for i, value in ipairs { ... } do
        items[i] = { name = "a", value = value }
      end
      for number in bars({ items = items }, { width = 30, unicode = false }):gmatch "(%S+)\n" do
        found[#found + 1] = number
      end
      return found
    end
    assert.same({ "13.8", "12.2", "8.0" }, numbers(13.8, 12.2, 8))
    assert.same({ "0.90", "0.25", "0.00" }, numbers(0.9, 0.25, 0))
    assert.same({ "0.0042", "0.0010" }, numbers(0.0042, 0.001))
    assert.same({ "1,200.5", "7.0" }, numbers(1200.5, 7))
    assert.same({ "1", "0" }, numbers(1, 0))
  end)

  it("are drawn in eighths of a column, and never empty above 0", function()
    local function first(value, other, width)
      local items = { { name = "a", value = value }, { name = "b", value = other } }
      return bars({ items = items, shares = true }, { width = width, unicode = true }):match "a [^ ]*"
    end
    assert.equal("a █▌", first(3, 20, 20))
    assert.equal("a ▏", first(1, 900, 60))
  end)
end)

describe("a name in XML", function()
  it("is escaped, of valid UTF-8, and without control characters", function()
    assert.equal("&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39; \239\191\189 ab",
      names.escape "</script>\n& \"x\" 'y' \255\t\226\128\174a\226\129\166b\194\133")
    assert.equal("\239\191\189", names.escape "\239\191\191")
    assert.equal("\215\169\215\156\215\149\215\157 東京", names.escape "\215\169\215\156\215\149\215\157 東京")
  end)
end)
