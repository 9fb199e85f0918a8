--- Tables and progress at the terminal: widths, cutting, alignment, what a narrow terminal leaves out.
-- SPDX-License-Identifier: MIT

local output = require "seranking.cli.output"
local progress = require "seranking.cli.progress"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"
local text_width = require "seranking.cli.text_width"

local width = text_width.width

-- The lines of a table on a terminal so wide, and the notes.
local function lines_of(rows, columns, given, more)
  given = given or {}
  given.terminals = given.terminals or { stdout = true }
  local screen, notes, lines = terminal.new(given), {}, {}
  local options = { format = "table", columns = columns, terminal = screen, note = function(text) notes[#notes + 1] = text end }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  local made = assert(output.open(options))
  for _, row in ipairs(rows) do
    assert(made:row(row))
  end
  assert(made:close())
  for line in screen.stdout.text():gmatch "[^\n]+" do
    lines[#lines + 1] = line
  end
  return lines, notes
end

describe("the width of a text", function()
  it("counts wide and combining characters as terminals do", function()
    for text, expected in pairs {
      [""] = 0, abc = 3, ["Anker für"] = 9, ["日本"] = 4, ["e\204\129"] = 1, ["😀"] = 2, ["한글"] = 4, ["ｆｕｌｌ"] = 8,
      ["a\226\128\139b"] = 2, ["\255"] = 1, ["a\195"] = 2,
    } do
      assert.equal(expected, width(text), text)
    end
  end)

  it("is what Python's unicodedata says of each character that it knows", function()
    local path = os.tmpname()
    system.write(path, [[
import unicodedata as u
for c in range(0xa0, 0x110000):
    if 0xd800 <= c < 0xe000 or u.category(chr(c)) == "Cn":
        continue
    zero = u.category(chr(c)) in ("Mn", "Me", "Cf") and c != 0xad or 0x1160 <= c <= 0x11ff
    print(c, 0 if zero else 2 if u.east_asian_width(chr(c)) in "WF" else 1, chr(c))
]])
    local version = system.output "python3 -c 'import unicodedata as u; print(u.unidata_version)'"
    local count, wrong = 0, {}
    for _, line in ipairs(system.lines("PYTHONIOENCODING=utf-8 python3 " .. path)) do
      local code, expected, char = line:match "^(%d+) (%d) (.*)$"
      count = count + 1
      if width(char) ~= tonumber(expected) then
        wrong[#wrong + 1] = code
      end
    end
    os.remove(path)
    assert.is_true(count > 100000)
    local most = version:find "^14%." and 0 or 2000 -- another version of Unicode: some characters are new, or have changed
    assert.is_true(#wrong <= most, table.concat(wrong, " ", 1, math.min(#wrong, 20)))
  end)

  it("bounds what is cut, which never splits a character", function()
    local mark = "…"
    assert.same({ "abc", 3 }, { text_width.cut("abc", 3, mark) })
    assert.same({ "ab…", 3 }, { text_width.cut("abcd", 3, mark) })
    assert.same({ "日…", 3 }, { text_width.cut("日本語", 4, mark) })
    assert.same({ "日本…", 5 }, { text_width.cut("日本語", 5, mark) })
    assert.same({ "e\204\129…", 2 }, { text_width.cut("e\204\129xyz", 2, mark) })
    assert.same({ "…", 1 }, { text_width.cut("日本語", 1, mark) })
    assert.same({ "", 0 }, { text_width.cut("abc", 0, mark) })
  end)
end)

describe("a table", function()
  it("aligns numbers to the right and texts to the left", function()
    assert.same({ "name   volume  url", "ropes      20  x", "日本     12.5", "               long url" },
      lines_of({ { name = "ropes", volume = 20, url = "x" }, { name = "日本", volume = 12.5 }, { url = "long url" } },
        "name,volume,url"))
  end)

  it("treats a column as texts as soon as one cell is a text", function()
    assert.same({ "a", "5", "x" }, lines_of({ { a = 5 }, { a = "x" } }, "a"))
  end)

  it("is as wide as the terminal, cuts texts and no numbers", function()
    local rows = { { id = 123456, name = ("long name "):rep(10), url = ("https://example.com/"):rep(5) },
      { id = 7, name = "日本" } }
    for columns = 30, 120 do
      local lines = lines_of(rows, "id,name,url", { width = columns })
      for _, line in ipairs(lines) do
        assert.is_true(width(line) <= columns)
      end
      assert.equal(columns, width(lines[2])) -- 6 and two gaps, and 10 for each text at least
      assert.truthy(lines[2]:find("^123456  "))
    end
  end)

  it("leaves columns out on the right where they don't fit, and says so", function()
    local rows = { { a = 1234567890, b = 1234567890, c = 1234567890 } }
    local lines, notes = lines_of(rows, "a,b,c", { width = 25 })
    assert.same({ "         a           b", "1234567890  1234567890" }, lines)
    assert.same({ "2 of 3 columns fit: choose some with --columns, or -o csv for all" }, notes)
    assert.same({ "a", "12…" }, (lines_of({ { a = "123456" } }, "a", { width = 3 })))
  end)

  it("is not cut where it goes to no terminal, unless COLUMNS is set", function()
    local rows = { { a = ("x"):rep(200) } }
    assert.equal(200, #lines_of(rows, "a", { terminals = {} })[2])
    assert.equal(40, width(lines_of(rows, "a", { terminals = {}, environment = { COLUMNS = "40" }, width = 40 })[2]))
  end)

  it("shows no control characters of an answer", function()
    assert.same({ "a", "x ?[31m y" }, lines_of({ { a = "x\n\27[31m\ty" } }, "a"))
    assert.same({ "a", "x?y" }, lines_of({ { a = "x\194\155y" } }, "a"))
    assert.same({ "a", "x\239\191\189" }, lines_of({ { a = "x\255" } }, "a"))
  end)

  it("shows no characters of an answer that reorder a line or begin another", function()
    for _, point in ipairs { "\226\128\168", "\226\128\174", "\226\129\166", "\226\129\169" } do
      assert.same({ "a", "x?y" }, lines_of({ { a = "x" .. point .. "y" } }, "a"))
    end
    local neighbours = "x\226\128\166y\226\129\165"
    assert.same({ "a", neighbours }, lines_of({ { a = neighbours } }, "a"))
  end)

  it("is ASCII where the locale is", function()
    assert.same({ "a", "Anker f~" }, lines_of({ { a = "Anker für Boote" } }, "a", { unicode = false, width = 8 }))
    assert.same({ "a", "f?r ??" }, lines_of({ { a = "für 日本" } }, "a", { unicode = false }))
  end)

  it("has a bold header where colours are allowed", function()
    assert.equal("\27[1ma\27[0m", lines_of({ { a = 1 } }, "a", { colour = true })[1])
    assert.equal("a", lines_of({ { a = 1 } }, "a")[1])
  end)

  it("without columns has those that some row has: the described ones first", function()
    local members = { { path = "b", type = "string" }, { path = "c", type = "integer" }, { path = "a", type = "integer" } }
    assert.same({ "b  a  d", "x  1", "y  2  z" },
      (lines_of({ { a = 1, b = "x", e = {} }, { a = 2, b = "y", d = "z" } }, nil, nil, { members = members })))
  end)

  it("says that there are no rows", function()
    local lines, notes = lines_of({}, nil)
    assert.same({}, lines)
    assert.same({ "no rows" }, notes)
    assert.same({ "a  b" }, (lines_of({}, "a,b")))
  end)

  it("draws a long list of numbers in 30 columns, with gaps where there is no number", function()
    local values = {}
    for i = 1, 60 do
      values[i] = { n = i <= 20 and seranking.null or i }
    end
    local lines = lines_of({ { id = 1, values = values } }, "id", nil, { spark = "values[].n" })
    -- 20 of 60 values are no numbers. Two blanks are between the columns.
    local blanks, drawn = lines[2]:match "^ 1( *)([^ ]*)$"
    assert.same({ 2 + 10, 20 }, { #blanks, width(drawn) })
    assert.equal("█", drawn:sub(-3))
  end)

  it("draws a list of numbers as a sparkline", function()
    local rows = { { id = 1, positions = { { pos = 1 }, { pos = 2 }, { pos = 100 } } }, { id = 2, positions = {} } }
    local lines = lines_of(rows, "id", nil, { spark = "positions[].pos" })
    assert.same({ "id  positions[].pos", " 1  ██▁", " 2" }, lines)
    local made, problem = output.open { format = "csv", spark = "a[].b", terminal = terminal.new() }
    assert.is_nil(made)
    assert.equal("--spark is for -o table: other formats have the numbers themselves", problem)
    made, problem = output.open { format = "table", columns = "a[].c", spark = "a[].b", terminal = terminal.new() }
    assert.is_nil(made)
    assert.equal("--spark draws a list as one cell: take the columns with [] out of --columns", problem)
  end)

  it("shows an object as members and values", function()
    local screen = terminal.new { terminals = { stdout = true } }
    local made = assert(output.open { terminal = screen })
    assert(made:document { name = "x", limits = { daily = 5, list = { 1, 2 } }, gone = seranking.null,
      engines = { { id = 1 }, { id = 2 } } })
    assert(made:close())
    assert.equal("member        value\nengines       2 elements: --columns engines[].…\ngone\nlimits.daily  5\n"
      .. "limits.list   [1,2]\nname          x\n", screen.stdout.text())
  end)
end)

describe("progress", function()
  -- A terminal whose clock stands at `time.now`, and what stands on its last line.
  local function scene(given)
    local time, written = { now = 100 }, {}
    given = given or {}
    given.terminals = given.terminals or { stderr = true }
    given.stderr = {
      write = function(self, ...)
        for i = 1, select("#", ...) do
          written[#written + 1] = (select(i, ...))
        end
        return self
      end,
      flush = function(self) return self end,
    }
    local screen = terminal.new(given)
    screen.now = function() return time.now end
    return screen, time, function()
      return table.concat(written):match "([^\r]*)$":gsub("^\27%[K", "")
    end, written
  end

  it("shows rows, rate, time left and credits after a second, and nothing before", function()
    local screen, time, line, written = scene { width = 100 }
    local shown = progress.open(screen, "links", {})
    shown:update(10, 10000, 10)
    time.now = 100.9
    shown:update(100, 10000, 100)
    assert.equal(0, #written)
    time.now = 110
    shown:update(2500, 10000, 2500)
    assert.equal("links  " .. ("█"):rep(8) .. ("░"):rep(22) .. "  2,500 of 10,000  30 s left  2,500 credits  250 a second",
      (line()))
    time.now = 110.05 -- too soon for another look
    shown:update(9000, 10000, 9000)
    assert.truthy((line()):find("2,500 of", 1, true))
    time.now = 260
    shown:update(3000, nil, 0)
    assert.equal("links  3,000  2 min 40 s  19 a second", (line()))
  end)

  it("fits every terminal: the least important goes first", function()
    for columns = 1, 120 do
      local screen, time, line = scene { width = columns }
      local shown = progress.open(screen, "data backlinks raw", {})
      time.now = 200
      shown:update(1234, 56789, 1234)
      assert.is_true(width((line())) < columns)
    end
    local screen, time, line = scene { width = 40, unicode = false }
    local shown = progress.open(screen, "data backlinks raw", {})
    time.now = 200
    shown:update(5000, 10000, 0)
    assert.equal("##---  5,000 of 10,000  1 min 40 s left", (line():gsub("^#+%-+", "##---")))
  end)

  it("is erased at the end, once", function()
    local screen, time, line, written = scene()
    local shown = progress.open(screen, "links", {})
    shown:close()
    assert.equal(0, #written)
    time.now = 200
    shown:update(1, 2, 0)
    shown:close()
    assert.equal("", (line()))
    local count = #written
    shown:close()
    assert.equal(count, #written)
  end)

  it("is for eyes alone", function()
    for _, case in ipairs {
      { terminal = { terminals = {} } }, { flags = { quiet = true } }, { flags = { no_progress = true } },
      { terminal = { environment = { TERM = "dumb" } } }, { rows = true },
    } do
      local screen, time, _, written = scene(case.terminal)
      local shown = progress.open(screen, "links", case.flags or {}, case.rows)
      time.now = 200
      shown:update(1, 2, 0)
      shown:close()
      assert.equal(0, #written)
    end
  end)

  it("tells times as people do", function()
    assert.equal("0 s", progress.duration(0.4))
    assert.equal("59 s", progress.duration(59))
    assert.equal("1 min 0 s", progress.duration(59.6))
    assert.equal("59 min 59 s", progress.duration(3599))
    assert.equal("25 h 1 min", progress.duration(90061))
  end)
end)
