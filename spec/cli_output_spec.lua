--- The command's output: formats, columns, sorting, stdout.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local folder = require "support.folder"
local output = require "seranking.cli.output"
local seranking = require "seranking"
local outputs = require "support.outputs"
local system = require "support.system"

local unpack = table.unpack or unpack -- luacheck: ignore
local open, problem_of, text_of = outputs.open, outputs.problem_of, outputs.text_of
local ROWS, read = outputs.ROWS, system.read

after_each(folder.finish)

describe("the format of an output", function()
  it("is a table on a terminal, and JSON elsewhere", function()
    assert.equal("a\n1\n", text_of({}, { { a = 1 } }, { terminals = { stdout = true } }))
    assert.equal('[\n{"a":1}\n]\n', text_of({}, { { a = 1 } }))
    assert.equal('[\n{"a":1}\n]\n', text_of({ to = "-" }, { { a = 1 } }))
  end)

  it("is told by the file's ending, or by its name", function()
    local dir = folder.new()
    for ending, expected in pairs {
      csv = "a\r\n1\r\n", CSV = "a\r\n1\r\n", tsv = "a\n1\n", txt = "a\n1\n", json = '[\n{"a":1}\n]\n', jsonl = '{"a":1}\n',
      ndjson = '{"a":1}\n',
    } do
      local path = dir .. "/x." .. ending
      text_of({ to = path }, { { a = 1 } })
      assert.equal(expected, read(path))
    end
    assert.same({ format = "csv" }, output.parse "csv")
    assert.same({ to = "csv.csv" }, output.parse "csv.csv")
  end)

  it("must be known", function()
    assert.equal("there is no format 'xml': choose table, json, jsonl, csv, tsv", problem_of { format = "xml" })
    assert.equal("the name links.xlsx does not tell the format: end it in .csv, .tsv, .json, .jsonl or .txt",
      problem_of { to = "links.xlsx" })
  end)
end)

describe("JSON", function()
  it("is one document over all rows, and [] without rows", function()
    assert.same(ROWS, cjson.decode((text_of({ format = "json" }, ROWS))))
    assert.equal("[]\n", text_of({ format = "json" }, {}))
  end)

  it("keeps empty lists, nulls and what is no row", function()
    assert.equal('[\n{"a":[],"b":null,"c":{}}\n]\n',
      text_of({ format = "json" }, { { a = seranking.array {}, b = seranking.null, c = {} } }))
    local made, screen = open { format = "json" }
    assert(made:document(true))
    assert(made:close())
    assert.equal("true\n", screen.stdout.text())
    made, screen = open { format = "json" }
    assert(made:document(seranking.array {}))
    assert(made:close())
    assert.equal("[]\n", screen.stdout.text())
  end)

  it("has only the members that columns name, where they are", function()
    local rows = { { id = 1, name = "x", settings = { limit = 5, other = 6 }, tags = {}, words = {
      { word = "a", days = { { day = 1, pos = 2 }, { day = 2, pos = 3 } } }, { word = "b", days = seranking.array {} } } } }
    for _, name in ipairs { "json", "jsonl" } do
      local function of(columns)
        return (text_of({ format = name, columns = columns }, rows):gsub("[%[%]]?\n[%[%]]?", ""))
      end
      assert.equal('{"id":1}', of "id")
      assert.equal('{"settings":{"limit":5}}', of "settings.limit")
      assert.equal('{"settings":{"limit":5,"other":6}}', of "settings.limit,settings")
      assert.equal('{"id":1,"words":[{"days":[{"pos":2},{"pos":3}]},{"days":[]}]}', of "id,words[].days[].pos")
      assert.equal('{"words":[{"word":"a"},{"word":"b"}]}', of "words[].word")
    end
    local made, screen = open { format = "json", columns = "a" }
    assert(made:document { a = 1, b = 2 })
    assert(made:close())
    assert.equal('{"a":1}\n', screen.stdout.text())
  end)

  it("is valid after an interruption", function()
    for count = 0, 3 do
      local made, screen = open { format = "json" }
      for i = 1, count do
        assert(made:row(ROWS[i]))
      end
      assert.is_nil((made:keep()))
      assert.equal(count, #cjson.decode(screen.stdout.text()))
    end
    local made, screen = open { format = "json" } -- of an answer that is no list
    made:keep(true)
    assert.equal("null\n", screen.stdout.text())
    made, screen = open { format = "csv" }
    made:keep(true)
    assert.equal("", screen.stdout.text())
  end)

  it("is valid though a text is not UTF-8", function()
    assert.equal('[\n{"a":["x\239\191\189y"],"\239\191\189":1}\n]\n',
      text_of({ format = "json" }, { { a = { "x\255y" }, ["\200"] = 1 } }))
  end)

  it("as lines has a row a line", function()
    assert.equal('{"a":"x\\ny"}\n{"a":2}\n', text_of({ format = "jsonl" }, { { a = "x\ny" }, { a = 2 } }))
    assert.equal("", text_of({ format = "jsonl" }, {}))
  end)
end)

describe("CSV and TSV of the command", function()
  it("have the described scalar members in their order, whether the first row has them or not", function()
    local members = { { path = "name", type = "string" }, { path = "id", type = "integer" }, { path = "list", type = "array" },
      { path = "list[].x", type = "string" }, { path = "volume", type = "integer" } }
    assert.equal("name,id,volume,extra\r\nropes,1,,x\r\nboats,2,5,\r\n", text_of({ format = "csv", members = members },
      { { id = 1, name = "ropes", extra = "x", list = {} }, { id = 2, name = "boats", volume = 5 } }))
  end)

  it("say what they leave out, and how to get it", function()
    local row = { id = 1, a = 2, b = 3, c = {}, settings = { x = 1 }, words = { { name = "n", days = { { pos = 1 } } } } }
    local _, notes = text_of({ format = "csv" }, { row, row })
    assert.same({ "without settings, words; with --columns, such as id,a,words[].name,words[].days[].pos, you choose" }, notes)
    _, notes = text_of({ format = "tsv" }, { { tags = { "x" }, id = 1 } })
    assert.same({ "without tags; with --columns, such as id,tags[], you choose" }, notes)
    for _, columns in ipairs { "id", "id,words[].name" } do
      _, notes = text_of({ format = "csv", columns = columns }, { row })
      assert.same({}, notes)
    end
    _, notes = text_of({ format = "csv" }, ROWS)
    assert.same({}, notes)
  end)

  it("have a header without rows if the columns are known", function()
    assert.equal("a,b\r\n", text_of({ format = "csv", columns = "a,b" }, {}))
    assert.equal("", text_of({ format = "csv" }, {}))
  end)

  it("write rows that are no objects", function()
    assert.equal("value\r\nropes\r\n'=1\r\n", text_of({ format = "csv" }, { "ropes", "=1" }))
  end)

  it("escape what would break a line of tabs", function()
    assert.equal("a\tb\nx\\ty\\n\\\\\t'=1\n", text_of({ format = "tsv", columns = "a,b" }, { { a = "x\ty\n\\", b = "=1" } }))
  end)

  it("take the rows of a list that is a document", function()
    local made, screen = open { format = "csv", columns = "a" }
    assert(made:document { { a = 1 }, { a = 2 } })
    assert(made:close())
    assert.equal("a\r\n1\r\n2\r\n", screen.stdout.text())
  end)
end)

describe("columns", function()
  local members = {
    { path = "id", type = "integer" }, { path = "name", type = "string" }, { path = "positions[].date", type = "date" },
    { path = "prices.<country>.low", type = "number" }, { path = "extra", type = "object" },
  }

  it("that the description does not know are told before anything is written", function()
    assert.equal("unknown column 'nam'; did you mean 'name'?",
      problem_of { format = "csv", columns = "id,nam", members = members })
    assert.equal("unknown column 'positions.date'; did you mean 'positions[].date'?",
      problem_of { format = "csv", columns = "positions.date", members = members })
    assert.equal("unknown column 'positions[].pos'; did you mean 'positions[].date'?",
      problem_of { format = "json", sort = "-id", columns = "positions[].pos", members = members })
    assert.equal("unknown column 'size'; there are: extra, id, name, positions[].date, prices.<country>.low",
      problem_of { format = "csv", sort = "-size", members = members })
    for _, name in ipairs { "positions", "positions[]", "prices.us.low", "prices.us", "extra.any.thing" } do
      assert.is_truthy((open { format = "csv", columns = name, members = members }), name)
    end
  end)

  it("are checked against the first row where no description knows them", function()
    local made, screen = open { format = "csv", columns = "id,nam" }
    local fine, problem = made:row(ROWS[1])
    assert.is_nil(fine)
    assert.equal("unknown column 'nam'; did you mean 'name'?", problem)
    assert.is_nil((made:keep()))
    assert.equal("", screen.stdout.text())
  end)
end)

describe("sorting", function()
  it("orders rows by their own members before columns unfold them: the lines of a row stay together", function()
    local rows = { { id = 1, volume = 5, tags = { "z", "a" } }, { id = 2, volume = 9, tags = { "m" } },
      { id = 3, volume = 7, tags = {} } }
    for name, line_end in pairs { csv = "\r\n", tsv = "\n" } do
      assert.equal(table.concat({ "id,tags[]", "2,m", "3,", "1,z", "1,a", "" }, line_end),
        (text_of({ format = name, columns = "id,tags[]", sort = "-volume" }, rows):gsub("\t", ",")))
    end
    local made, screen = open { format = "csv", columns = "id,volume", sort = "-volume" }
    local unfolded = require("seranking.cli.unfold").open(made, "words")
    assert(unfolded:row { words = { { id = 1, volume = 5 }, { id = 2, volume = 9 } } })
    assert(unfolded:row { words = { { id = 3, volume = 7 } } })
    assert(unfolded:close())
    assert.equal("id,volume\r\n2,9\r\n3,7\r\n1,5\r\n", screen.stdout.text())
  end)

  it("is by a member, the other way round with a minus; rows without it come last", function()
    assert.equal("id\r\n1\r\n2\r\n3\r\n", text_of({ format = "csv", columns = "id", sort = "volume" }, ROWS))
    assert.equal("id\r\n2\r\n1\r\n3\r\n", text_of({ format = "csv", columns = "id", sort = "-volume" }, ROWS))
  end)

  it("is stable, by several members, numbers before texts", function()
    local rows = { { a = "x", b = 1, id = 1 }, { a = 10, b = 1, id = 2 }, { a = 9, b = 2, id = 3 }, { a = 9, b = 1, id = 4 },
      { a = "x", b = 1, id = 5 }, { a = true, b = 0, id = 6 } }
    local function order(sort)
      local ids = {}
      for _, row in ipairs(cjson.decode((text_of({ format = "json", sort = sort }, rows)))) do
        ids[#ids + 1] = ("%d"):format(row.id)
      end
      return table.concat(ids, " ")
    end
    assert.equal("3 4 2 1 5 6", order "a")
    assert.equal("2 3 4 1 5 6", order "-a")
    assert.equal("4 3 2 1 5 6", order "a,b")
    assert.equal("3 1 2 4 5 6", order "-b")
  end)

  it("is no more than what has come, after an interruption", function()
    local made, screen = open { format = "json", sort = "-id" }
    assert(made:row(ROWS[1]))
    assert(made:row(ROWS[2]))
    made:keep()
    assert.equal(2, #cjson.decode(screen.stdout.text()))
  end)

  it("can't go by a list, and not into a file that is to go on", function()
    assert.equal("--sort a[].b: rows can't be sorted by a list; choose a member of the row, or make the list's elements the "
      .. "rows with --rows a", problem_of { sort = "-a[].b" })
    assert.equal("--sort can't be resumed: its rows are written when all are there",
      problem_of { to = folder.new() .. "/a.csv", sort = "a", resume = true })
    assert.equal("a table can't be resumed: its rows are written when all are there",
      problem_of { to = folder.new() .. "/a.txt", resume = true })
  end)
end)

describe("stdout", function()
  it("that nobody reads any more is closed", function()
    for _, result in ipairs { { nil, "Broken pipe", 32 }, { nil, "closed" } } do
      local made = open({ format = "csv" }, { stdout = { write = function() return unpack(result, 1, 3) end, flush = print } })
      assert(made:row { a = 1 })
      local fine, problem = made:flush()
      assert.is_nil(fine)
      assert.equal("closed", problem)
      fine, problem = made:row { a = 2 }
      assert.is_nil(fine)
      assert.equal("closed", problem)
    end
  end)

  it("that can't be written is told", function()
    local made = open({ format = "csv" }, { stdout = {
      write = function(self) return self end, flush = function() return nil, "No space left on device", 28 end,
    } })
    assert(made:row { a = 1 })
    local fine, problem = made:close()
    assert.is_nil(fine)
    assert.equal("can't write to stdout: no space left on device", problem)
  end)
end)

describe("memory", function()
  it("is the same for 20,000 and for 100,000 rows in all formats but table", function()
    for _, name in ipairs { "json", "jsonl", "csv", "tsv" } do
      local made = open { to = "/dev/null", format = name }
      local function take(count)
        for i = 1, count do
          made:row { id = i, text = "some text, with a comma", positions = { { pos = 1 } } }
        end
        collectgarbage()
        collectgarbage()
        return collectgarbage "count"
      end
      local before = take(20000) -- enough for lines to be taken: Lua may still see those taken last, a quarter of a MiB
      assert.is_true(take(100000) < before + 300, name)
      assert(made:close())
    end
  end)
end)

describe("--rows", function()
  it("shows progress as a list of rows does", function()
    local made = open { to = "/dev/null", format = "csv" }
    assert.is_false(require("seranking.cli.unfold").open(made, "a").on_screen)
    made = open({ format = "csv" }, { terminals = { stdout = true } })
    assert.is_true(require("seranking.cli.unfold").open(made, "a").on_screen)
  end)
end)
