--- seranking.csv: rows as CSV, read back by Python's csv and by sqlite3.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local core = require "lseranking"
local csv = require "seranking.csv"
local folder = require "support.folder"
local json = require "seranking.base.json"
local script = require "support.script"
local seranking = require "seranking"
local system = require "support.system"

after_each(folder.finish)

-- A file that collects what is written.
local function collector()
  local parts, made = {}, { closed = 0 }
  function made.write(_, text)
    parts[#parts + 1] = text
    return made
  end
  function made.close()
    made.closed = made.closed + 1
    return true
  end
  function made.text() return table.concat(parts) end
  return made
end

local function csv_of(rows, columns, given)
  local file = collector()
  local writer = seranking.csv(file, columns, given)
  for _, row in ipairs(rows) do
    assert.is_true(writer:row(row))
  end
  assert.is_true(writer:close())
  assert.equal(1, file.closed)
  return file.text()
end

local function lines_of(names)
  return csv.lines(csv.comma, assert(require("seranking.columns").parse(names)))
end

-- The records of a CSV file, as Python reads them.
local function read_by_python(path)
  return cjson.decode(system.output(([[python3 -c '
import csv, json, sys
print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8-sig"), strict=True))))' %s]]):format(path)))
end

-- The same, as the program sqlite3 imports it.
local function read_by_sqlite(path)
  local program = folder.new() .. "/import.sql"
  system.write(program, (".mode csv\n.import '%s' rows\n.mode json\nselect * from rows;\n"):format(path))
  return cjson.decode(system.output("sqlite3 :memory: <" .. program))
end

-- Texts that must come back as they are.
local TEXTS = { "plain", "", "a,b", 'say "no"', '"', '""', "line\nbreak", "carriage\rreturn", "both\r\nof them", "\n",
  " blanks ", "Anker für Boote", "日本語", "😀", "tab\tinside", "a'b", "x=1", "semi;colon", "a\\b", "null" }

describe("seranking.csv", function()
  it("writes what Python's csv and sqlite3 read back", function()
    local rows, path = {}, folder.new() .. "/rows.csv"
    for i, text in ipairs(TEXTS) do
      rows[i] = { id = i, text = text, again = text .. text }
    end
    system.write(path, csv_of(rows, "id,text,again"))
    local read = read_by_python(path)
    assert.same({ "id", "text", "again" }, read[1])
    assert.equal(#TEXTS + 1, #read)
    for i, text in ipairs(TEXTS) do
      assert.same({ tostring(i), text, text .. text }, read[i + 1])
    end
    read = read_by_sqlite(path)
    assert.equal(#TEXTS, #read)
    for i, text in ipairs(TEXTS) do
      assert.same({ id = tostring(i), text = text, again = text .. text }, read[i])
    end
  end)

  it("sees what must be quoted or escaped at every place of a text", function()
    local quoted = { [","] = ",", ['"'] = '""', ["\r"] = "\r", ["\n"] = "\n" }
    local escaped = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r", ["\\"] = "\\\\" }
    for _, style in ipairs { { ",", quoted, '"', "\r\n" }, { "\t", escaped, "", "\n" } } do
      local put, take = core.csv_encoder(style[1])
      for code = 0, 127 do
        local char = string.char(code)
        local expected = style[2][char]
        local mark = expected and style[3] or ""
        for length = 1, 18 do
          for at = 1, length do
            local before, behind = ("x"):rep(at - 1), ("-"):rep(length - at)
            put({ "_" .. before .. char .. behind }, { 1 })
            assert.equal(mark .. "_" .. before .. (expected or char) .. behind .. mark .. style[4], take())
          end
        end
      end
    end
  end)

  it("keeps a column of its own with empty cells", function()
    local path = folder.new() .. "/rows.csv"
    system.write(path, csv_of({ { a = "x" }, {}, { a = "" }, { a = "y" } }, "a"))
    assert.same({ { "a" }, { "x" }, { "" }, { "" }, { "y" } }, read_by_python(path))
    assert.equal(4, #read_by_sqlite(path))
  end)

  it("puts a quote before texts that a spreadsheet would run, and before no number", function()
    local function cell(value)
      return csv_of({ { a = value } }, "a"):match "^a\r\n(.*)\r\n$"
    end
    for text, expected in pairs {
      ["=1+1"] = "'=1+1", ["+cmd|' /C calc'!A0"] = "'+cmd|' /C calc'!A0", ["-2+3"] = "'-2+3", ["@sum(a1)"] = "'@sum(a1)",
      ["\tx"] = "'\tx", ["\r=1"] = "\"'\r=1\"", ["=a,b"] = "\"'=a,b\"", ["-"] = "'-", ["+"] = "'+", ["--5"] = "'--5",
      ["-5"] = "-5", ["+49.5"] = "+49.5", ["-.5"] = "'-.5", ["-5."] = "-5.", ["a=1"] = "a=1", ["-5 Euro"] = "'-5 Euro",
      ["-5.x"] = "'-5.x", ["-5.-"] = "'-5.-",
    } do
      assert.equal(expected, cell(text))
    end
    assert.equal("-5", cell(-5))
    assert.equal("-0.5", cell(-0.5))
  end)

  it("writes numbers as JSON does, whatever the locale", function()
    local numbers = { 0, -0.0, 1, -1, 0.1, 1 / 3, 1e15, 1e16, 2 ^ 53, -2 ^ 53, 2 ^ 53 - 1, 1e300, -1e-300, 5e-324, 12.345 }
    for _, number in ipairs(numbers) do
      local line = csv_of({ { a = number } }, "a")
      assert.equal("a\r\n" .. json.number(number) .. "\r\n", line)
      assert.equal(number, tonumber(line:match "\n(.*)\r"))
    end
    if math.maxinteger then -- luacheck: ignore
      assert.equal("a\r\n-9223372036854775808\r\n", csv_of({ { a = math.mininteger } }, "a")) -- luacheck: ignore
    end
  end)

  it("writes true, false, null, nothing, and lists as JSON", function()
    assert.equal("a,b,c,d,e\r\ntrue,false,,,\"[1,\"\"x\"\"]\"\r\n",
      csv_of({ { a = true, b = false, c = seranking.null, e = { 1, "x" } } }, "a,b,c,d,e"))
    assert.equal("a\r\n[]\r\n", csv_of({ { a = seranking.array {} } }, "a"))
  end)

  it("replaces what is not UTF-8, so that the file is", function()
    assert.equal("a\r\nx\239\191\189y\239\191\189\r\n", csv_of({ { a = "x\255y\195" } }, "a"))
    assert.equal("a\r\n\239\191\189y\r\n", csv_of({ { a = "\255y" } }, "a"))
    assert.equal("a\r\n\"\239\191\189,\"\"\239\191\189\"\r\n", csv_of({ { a = "\200,\"\200" } }, "a"))
  end)

  it("begins with a byte order mark if asked", function()
    local text = csv_of({ { a = 1 } }, "a", { bom = true })
    assert.equal("\239\187\191a\r\n1\r\n", text)
  end)

  it("without columns has the members of the first row, without lists and objects", function()
    assert.equal("a,b,c\r\n1,x,true\r\n2,,\r\n",
      csv_of { { b = "x", a = 1, c = true, d = {}, e = { f = 1 } }, { a = 2, g = 5 } })
  end)

  it("has a header even if there are no rows, where the columns are known", function()
    assert.equal("a,b\r\n", csv_of({}, { "a", "b" }))
    assert.equal("", csv_of {})
  end)

  it("unfolds the list that columns name, and repeats what is outside of it", function()
    local rows = {
      { id = 1, settings = { limit = 5 }, positions = { { date = "d1", pos = 3 }, { date = "d2" } } },
      { id = 2, positions = {} }, { id = 3 },
    }
    assert.equal("id,positions[].date,settings.limit,positions[].pos\r\n1,d1,5,3\r\n1,d2,5,\r\n2,,,\r\n3,,,\r\n",
      csv_of(rows, "id,positions[].date, settings.limit,positions[].pos"))
    assert.equal("id,tags[]\r\n1,a\r\n1,b\r\n", csv_of({ { id = 1, tags = { "a", "b" } } }, "id,tags[]"))
  end)

  it("unfolds lists in lists", function()
    local row = { site = 7, words = {
      { word = "anchors", days = { { day = 1 }, { day = 2 } } }, { word = "boats", days = {} },
      { word = "ropes", days = { { day = 3 } } },
    } }
    assert.equal("site,words[].days[].day,words[].word\r\n7,1,anchors\r\n7,2,anchors\r\n7,,boats\r\n7,3,ropes\r\n",
      csv_of({ row }, "site,words[].days[].day,words[].word"))
  end)

  it("refuses columns that are none", function()
    local function problem(columns)
      return script.misuse_of(function() seranking.csv(collector(), columns) end)
    end
    local none = "is no column: write a member, as in id, settings.limit or positions[].date"
    assert.equal("seranking.csv: '' " .. none, problem "id,")
    assert.equal("seranking.csv: 'a..b' " .. none, problem "a..b")
    assert.equal("seranking.csv: 'a[1]' " .. none, problem "a[1]")
    assert.equal("seranking.csv: '[]' " .. none, problem "[]")
    assert.equal("seranking.csv: the columns unfold two lists, a[] and b[] of 'b[].y': choose one", problem "a[].x,b[].y")
    assert.equal('seranking.csv: columns must be a list of paths, or a text such as "id,positions[].date"', problem {})
    assert.equal("seranking.csv: column 1 must be a text, got a number", problem { 5 })
    assert.equal("seranking.csv takes an open file and columns, got nil",
      script.misuse_of(function() seranking.csv(nil, "a") end))
    assert.equal("writer:row takes a row, got 5", script.misuse_of(function() seranking.csv(collector(), "a"):row(5) end))
    assert.equal("seranking.csv: the cell is a function, which JSON does not have",
      script.misuse_of(function() seranking.csv(collector(), "a"):row { a = print } end))
  end)

  it("returns what the file says when it can't be written", function()
    local writer = seranking.csv({ write = function() return nil, "disk full" end, close = function() return true end }, "a")
    local fine, problem = writer:row { a = 1 }
    assert.is_nil(fine)
    assert.equal("disk full", problem)
    local file = assert(io.open("/dev/full", "w"))
    writer = seranking.csv(file, "a")
    writer:row { a = ("x"):rep(10000) }
    fine, problem = writer:close()
    assert.is_nil(fine)
    assert.is_string(problem)
  end)

  it("needs the same memory for many rows", function()
    local file = io.open("/dev/null", "w")
    local writer = seranking.csv(file, "id,text,list[]")
    local function write(count)
      for i = 1, count do
        writer:row { id = i, text = "a \"quoted\" text, with a comma " .. i % 100, list = { 1, 2 } }
      end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local before = write(1000)
    assert.is_true(write(100000) < before + 100)
  end)

  it("finishes a line or does nothing: an error inside leaves no piece", function()
    local put, take = core.csv_encoder ","
    assert.equal(5, put({ 1, 2 }, { 1, 2 }))
    assert.is_nil(put({ 1, {} }, { 1, 2 }))
    assert.is_false(pcall(put, setmetatable({ a = 1 }, { __index = function() error "no" end }), { "a", "b" }))
    assert.equal(10, put({ 3, 4 }, { 1, 2 }))
    assert.equal("1,2\r\n3,4\r\n", take())
    assert.equal("", take())
  end)

  it("makes the lines of a list at once as it makes them one by one", function()
    local list = { { a = 1, b = "x" }, { a = 2, b = { 3 } }, "no table", { b = "y,z" },
      setmetatable({}, { __index = { a = 5 } }) }
    local lines = lines_of "a,b"
    local expected = '1,x\r\n2,[3]\r\n,\r\n,"y,z"\r\n5,\r\n'
    assert.same({ 6, #expected }, { lines.add_rows(list, 1, 5, 1000) })
    assert.equal(expected, lines.take())
    assert.same({ 5, 8 }, { lines.add_rows(list, 4, 4, 1000) })
    assert.equal(',"y,z"\r\n', lines.take())
    for _, row in ipairs(list) do
      lines.add(row)
    end
    assert.equal(expected, lines.take())
  end)

  it("makes no more lines of a list than may be held", function()
    for names, line in pairs { ["a"] = "1\r\n", ["a,l[]"] = "1,\r\n" } do
      local lines = lines_of(names)
      local row = { a = 1 }
      local at, held = lines.add_rows({ row, row, row, row }, 1, 4, 2 * #line)
      assert.same({ 3, 2 * #line }, { at, held })
      lines.take()
      assert.same({ 5, 2 * #line }, { lines.add_rows({ row, row, row, row }, at, 4, 1000) })
    end
  end)
end)
