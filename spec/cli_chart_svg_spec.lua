--- Holds what charts are as SVG: where lines lie, gaps, both colour schemes, text for those who don't see it, well-formed
--- whatever the names. SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local svg = require "seranking.cli.chart.svg"
local system = require "spec.support.system"

local FIRST = require("seranking.base.calendar").day "2026-11-02"
local EVIL = "</script><b a=\"1\">'&amp;\226\128\174gnp.exe\226\128\172]]>\1\255<!--"

local function a_series(name, values)
  local points = {}
  for i, value in ipairs(values) do
    points[i] = { day = FIRST + i - 1, value = value or nil }
  end
  return { name = name, points = points }
end

local folder, remove = process.folder()
teardown(remove)

-- What xmllint finds by an XPath in a document; raises if that is not well-formed.
local function xpath(text, path)
  local name = folder .. "/chart.svg"
  system.write(name, text)
  local problems = system.output(("xmllint --noout %s 2>&1"):format(name))
  assert.equal("", problems)
  return (system.output(("xmllint --xpath \"%s\" %s"):format(path, name)):gsub("\n$", ""))
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

-- The luminance of a colour by WCAG.
local function luminance(colour)
  local parts = {}
  for hex in colour:gmatch "%x%x" do
    local value = tonumber(hex, 16) / 255
    parts[#parts + 1] = value <= 0.04045 and value / 12.92 or ((value + 0.055) / 1.055) ^ 2.4
  end
  return 0.2126 * parts[1] + 0.7152 * parts[2] + 0.0722 * parts[3]
end

local function contrast(a, b)
  local lighter, darker = math.max(luminance(a), luminance(b)), math.min(luminance(a), luminance(b))
  return (lighter + 0.05) / (darker + 0.05)
end

describe("a chart of lines as SVG", function()
  it("has its points where they belong, the best position on top", function()
    -- Between the edges 8 and 100 the axis goes from 1 to 40, in two steps of 20. The labels left of it have 2 letters of 6.9
    -- and 10 to the axis, those right of it 4 letters and 14. So 21 is at 8 + 20/39 of 92.
    local text = svg.lines({ title = "t", positions = true, series = { a_series("A", { 1, 21 }) } },
      { width = 600, height = 126, inline = true })
    assert.truthy(text:find('class="c-line s1" d="M23.8 8L558.4 55.2"', 1, true))
    assert.truthy(text:find('<path class="c-grid" d="M23.8 8H558.4M23.8 52.8H558.4M23.8 100H558.4"/>', 1, true))
    for _, label in ipairs { "1", "20", "40", "2 Nov", "3 Nov" } do
      assert.truthy(text:find(">" .. label .. "</text>", 1, true), label)
    end
  end)

  it("has ticks between whole numbers only where its values are not whole", function()
    local function labels(...)
      local text = svg.lines({ title = "t", positions = true, series = { a_series("A", { ... }) } },
        { width = 600, height = 226, inline = true })
      return text:match ">[%d.]+</text><text[^>]*>[%d.]+</text>":gsub("<[^>]*>", " "):gsub("[ >]+", " ")
    end
    assert.equal(" 2 3 ", (labels(2, 4)))
    assert.equal(" 2.5 3.0 ", (labels(2.5, 4)))
  end)

  it("has more on top where the numbers are no positions", function()
    local text = svg.lines({ title = "t", series = { a_series("A", { 0, 40 }) } }, { width = 600, height = 126, inline = true })
    assert.truthy(text:find('d="M23.8 100L558.4 8"', 1, true))
  end)

  it("is broken at gaps, and a single point is a mark", function()
    local text = svg.lines({ title = "t", series = { a_series("A", { 1, 2, false, 4, 5, false, 3, false }) } },
      { width = 600, height = 300 })
    local path = text:match 'class="c%-line s1" d="([^"]*)"'
    assert.equal(2, count(path, "M"))
    assert.equal(2, count(path, "L"))
    assert.equal(2, count(text, 'class="c%-mark m1"')) -- the single point, and the line's end, which is there as well
  end)

  it("tells its series apart by dashes, marks and names, at the lines' ends or, if it is narrow, above", function()
    local list = {}
    for i = 1, 6 do
      list[i] = a_series("Engine " .. i, { i, 7 - i })
    end
    local style, marks, dashes = svg.style(), {}, {}
    for _, width in ipairs { 840, 360 } do
      local text = svg.lines({ title = "t", series = list }, { width = width, height = 400 })
      for i = 1, 6 do
        assert.equal(1, count(text, ">Engine " .. i .. "<"))
        assert.equal(width < 560 and 2 or 1, count(text, 'class="c%-line s' .. i .. '" d="M')) -- and a piece in the legend
        marks[text:match('<path d="M[%d.]+ [%d.]+([^"]*)" class="c%-mark m' .. i)] = true
        dashes[style:match("%.s" .. i .. "{stroke%-dasharray:([^}]*)}") or "solid"] = true
      end
    end
    for _, set in ipairs { marks, dashes } do
      local found = 0
      for _ in pairs(set) do
        found = found + 1
      end
      assert.equal(6, found)
    end
  end)

  it("says in words what it shows", function()
    local text = svg.lines({ title = "Positions", positions = true, series = { a_series("Google", { 12, 30, 9, false }) } },
      { width = 840, height = 380 })
    assert.equal("Positions", xpath(text, "string(//*[local-name()='title'])"))
    assert.equal("Google: 12 on 2 Nov 2026, 9 on 4 Nov 2026; best 9 on 4 Nov 2026, worst 30 on 3 Nov 2026.",
      xpath(text, "string(//*[local-name()='desc'])"))
    assert.equal("chart-title chart-desc", xpath(text, "string(/*/@aria-labelledby)"))
    assert.equal("img", xpath(text, "string(/*/@role)"))
  end)

  it("is well-formed whatever titles and names are, and shows them as they are", function()
    local shown = "</script><b a=\"1\">'&amp;gnp.exe]]> \239\191\189<!--"
    local text = svg.lines({ title = EVIL, subtitle = EVIL, unit = EVIL, series = { a_series(EVIL, { 1, 2 }) } },
      { width = 1200, height = 380 })
    assert.equal(shown, xpath(text, "string(//*[local-name()='title'])"))
    assert.equal("1", xpath(text, "count(//*[local-name()='style'])"))
    assert.equal("0", xpath(text, "count(//*[local-name()='b' or local-name()='script'])"))
  end)

  it("names no address but that of SVG itself", function()
    local text = svg.lines({ title = "t", series = { a_series("A", { 1, 2 }) } }, { width = 840, height = 380 })
    assert.equal(1, count(text, "http"))
    assert.equal(0, count(text, "url%(") + count(text, "href") + count(text, "@import") + count(text, "<image"))
  end)

  it("has a light and a dark scheme, both with contrast", function()
    local text = svg.lines({ title = "t", series = { a_series("A", { 1, 2 }) } }, { width = 840, height = 380 })
    local light, dark = text:match "<style>(.-)@media screen and %(prefers%-color%-scheme:dark%){(.-)}</style>"
    for i = 1, 6 do
      assert.truthy(light:find((".s%d{stroke:%s}"):format(i, svg.LIGHT[i]), 1, true))
      assert.truthy(dark:find((".s%d{stroke:%s}"):format(i, svg.DARK[i]), 1, true))
    end
    assert.truthy(light:find(".c-ink{fill:" .. svg.INK.light.ink, 1, true))
    assert.truthy(dark:find(".c-ink{fill:" .. svg.INK.dark.ink, 1, true))
    for scheme, list in pairs { light = svg.LIGHT, dark = svg.DARK } do
      local ink = svg.INK[scheme]
      assert.is_true(contrast(ink.ink, ink.ground) >= 7)
      assert.is_true(contrast(ink.muted, ink.ground) >= 4.5)
      for _, colour in ipairs(list) do
        assert.is_true(contrast(colour, ink.ground) >= 3, colour)
      end
    end
  end)
end)

describe("bars as SVG", function()
  it("hold a distribution of nothing", function()
    local text = svg.bars({ title = "t", items = { { name = "1-3", value = 0 } }, shares = true }, { width = 600 })
    assert.equal("1-3: 0, 0%.", xpath(text, "string(//*[local-name()='desc'])"))
    assert.is_nil(text:find "nan")
  end)

  it("have lengths by their numbers, which are told in words as well", function()
    local items = { { name = "1-3", value = 20 }, { name = "4-10", value = 5 }, { name = EVIL, value = 0 } }
    assert.equal("1-3: 20. 4-10: 5. ",
      xpath(svg.bars({ title = "t", items = items }, { width = 600 }), "string(//*[local-name()='desc'])"):sub(1, 18))
    local text = svg.bars({ title = "t", items = items, shares = true }, { width = 600 })
    assert.equal("1-3: 20, 80%. 4-10: 5, 20%. ", xpath(text, "string(//*[local-name()='desc'])"):sub(1, 28))
    assert.equal("a: 2.5. b: 2.0.", xpath(svg.bars({ title = "t", items = { { name = "a", value = 2.5 },
      { name = "b", value = 2 } } },
      { width = 600 }), "string(//*[local-name()='desc'])"))
    local widths = {}
    for width in text:gmatch '<rect class="c%-bar" [^>]-width="([%d.]+)"' do
      widths[#widths + 1] = tonumber(width)
    end
    assert.equal(3, #widths)
    assert.is_true(math.abs(widths[1] - 4 * widths[2]) < 0.3)
    assert.equal(0, widths[3])
    -- A heading of 44, 8, three bars of 16 with two gaps of 12, and 20 at the end.
    assert.equal("0 0 600 144", xpath(text, "string(/*/@viewBox)"))
    local tops = xpath(text, "//*[local-name()='rect'][@class='c-bar']/@y"):gsub("[^%d]+", " ")
    assert.equal(" 52 80 108 ", tops)
  end)
end)
