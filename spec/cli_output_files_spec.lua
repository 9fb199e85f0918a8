--- The command's files: what is kept of an output that was interrupted, and going on in it.
-- SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local core = require "lseranking"
local folder = require "support.folder"
local outputs = require "support.outputs"
local process = require "support.process"
local system = require "support.system"
local uv = require "luv"

local names, read, write = folder.names, system.read, system.write
local open, problem_of, text_of = outputs.open, outputs.problem_of, outputs.text_of
local ROWS = outputs.ROWS

after_each(folder.finish)

describe("a file", function()
  it("has its name when it is complete, and nothing beside it", function()
    local dir = folder.new()
    write(dir .. "/a.csv", "old")
    local made = open { to = dir .. "/a.csv" }
    assert(made:row { a = 1 })
    assert(made:flush())
    assert.equal("old", read(dir .. "/a.csv"))
    assert.same({ "a.csv", "a.csv.part" }, names(dir))
    assert(made:close())
    assert.same({ "a.csv" }, names(dir))
    assert.equal("a\r\n1\r\n", read(dir .. "/a.csv"))
  end)

  it("is left as a part if it was interrupted, and as nothing without a row", function()
    local dir = folder.new()
    local made = open { to = dir .. "/a.json" }
    assert(made:row { a = 1 })
    assert.equal(dir .. "/a.json.part", (made:keep()))
    assert.same({ "a.json.part" }, names(dir))
    assert.same({ { a = 1 } }, cjson.decode((read(dir .. "/a.json.part"))))
    made = open { to = dir .. "/b.csv", columns = "a" }
    assert.is_nil((made:keep()))
    assert.same({ "a.json.part" }, names(dir))
  end)

  it("goes on in its part, without a second header, in every format", function()
    for _, name in ipairs { "a.csv", "a.tsv", "a.json", "a.jsonl" } do
      for _, first in ipairs { 1, 2 } do
        local dir, whole = folder.new(), folder.new() .. "/" .. name
        local path = dir .. "/" .. name
        text_of({ to = whole, bom = true }, ROWS)
        local made = open { to = path, bom = true }
        for i = 1, first do
          assert(made:row(ROWS[i]))
        end
        made:keep()
        for at = first + 1, #ROWS do -- interrupted after each row
          made = open { to = path, resume = true, bom = true }
          assert(made:row(ROWS[at]))
          made:keep()
        end
        made = open { to = path, resume = true }
        assert(made:close())
        assert.equal(read(whole), read(path), name)
        assert.same({ name }, names(dir))
      end
    end
  end)

  it("goes on with an empty JSON list", function()
    local path = folder.new() .. "/a.json"
    write(path .. ".part", "[]\n")
    local made = open { to = path, resume = true }
    assert(made:row { a = 1 })
    assert(made:close())
    assert.equal('[\n{"a":1}\n]\n', read(path))
  end)

  it("goes on with the columns that it has, and no others", function()
    local path = folder.new() .. "/a.csv"
    local made = open { to = path, columns = "id,tags[]" }
    assert(made:row { id = 1, tags = { "x" } })
    made:keep()
    assert.equal(("can't go on in %s.part: it has the columns id,tags[]: ask for the same ones"):format(path),
      problem_of { to = path, columns = "id", resume = true })
    made = open { to = path, resume = true }
    assert(made:row { id = 2, tags = { "y", "z" } })
    assert(made:close())
    assert.equal("id,tags[]\r\n1,x\r\n2,y\r\n2,z\r\n", read(path))
  end)

  it("does not go on in a part that was cut in a row", function()
    for name, text in pairs {
      ["a.csv"] = "a,b\r\n1,", ["a.json"] = '[\n{"a":', ["a.jsonl"] = '{"a":1}\n{"a"', ["a.tsv"] = "a\n1",
    } do
      local path = folder.new() .. "/" .. name
      write(path .. ".part", text)
      assert.truthy(problem_of { to = path, resume = true }:find("can't go on in " .. path .. ".part: its ", 1, true))
      assert.equal(text, read(path .. ".part"))
    end
  end)

  it("does not write the rest of a walk over the beginning", function()
    local dir = folder.new()
    write(dir .. "/a.csv", "a\r\n1\r\n")
    assert.equal(("%s/a.csv is complete, and there is no %s/a.csv.part to go on in: choose another file for the rest")
      :format(dir, dir), problem_of { to = dir .. "/a.csv", resume = true })
    local made, _, notes = open { to = dir .. "/b.csv", resume = true }
    assert(made:row { a = 2 })
    assert(made:close())
    assert.same({ ("there is no %s/b.csv.part to go on in: %s/b.csv gets the rest alone"):format(dir, dir) }, notes)
  end)

  it("moves the part of an earlier run aside: its rows may have been paid for", function()
    local dir = folder.new()
    write(dir .. "/a.csv.part", "paid")
    local made, _, notes = open { to = dir .. "/a.csv" }
    assert(made:row { a = 2 })
    assert(made:close())
    assert.equal("paid", read(dir .. "/a.csv.part.old"))
    assert.same({ ("%s/a.csv.part of an earlier run is now %s/a.csv.part.old"):format(dir, dir) }, notes)
    write(dir .. "/a.csv.part", "paid again")
    made = open { to = dir .. "/a.csv" }
    assert(made:close())
    assert.equal("paid", read(dir .. "/a.csv.part.old"))
    assert.equal("paid again", read(dir .. "/a.csv.part.old2"))
  end)

  it("that is large goes to the disk while more rows come", function()
    local path, begin_write, begun = folder.new() .. "/a.csv", core.begin_write, {}
    finally(function() core.begin_write = begin_write end)
    function core.begin_write(fd, from, size)
      begin_write(fd, from, size)
      begun[#begun + 1] = { from, size }
    end
    local made, text = open { to = path }, ("x"):rep(9997)
    for _ = 1, 1000 do
      assert(made:row { a = text })
    end
    assert(made:close())
    assert.equal("a\r\n" .. (text .. "\r\n"):rep(1000), read(path))
    assert.equal(2, #begun) -- of 10 MB, in steps of 4 MiB
    assert.equal(0, begun[1][1])
    assert.equal(begun[1][2], begun[2][1])
  end)

  it("is not replaced by what another process has written meanwhile", function()
    local dir = folder.new()
    local path = dir .. "/a.csv"
    local first = open { to = path }
    assert(first:row { a = 1 })
    assert(first:flush())
    local second = open { to = path }
    assert(second:row { a = 2 })
    local fine, problem = first:close()
    assert.is_nil(fine)
    assert.equal(("another run has taken %s meanwhile: what this one has written is in %s.part.old"):format(path, path),
      problem)
    assert.equal(path .. ".part.old", (first:keep()))
    assert(second:close())
    assert.equal("a\r\n2\r\n", read(path))
    assert.equal("a\r\n1\r\n", read(path .. ".part.old"))
  end)

  it("is not lost if another process begins the same before its first row, and after the other has ended", function()
    local dir = folder.new()
    local path = dir .. "/a.csv"
    local first = open { to = path }
    local second = open { to = path }
    assert(second:row { a = 2 })
    assert(second:close())
    assert(first:row { a = 1 })
    assert.is_nil((first:close()))
    first:keep()
    assert.equal("a\r\n2\r\n", read(path))
    assert.equal("a\r\n1\r\n", read(path .. ".part.old"))
  end)

  it("without a row takes nothing from the process that has begun after it", function()
    local dir = folder.new()
    local first = open { to = dir .. "/a.csv" }
    local second = open { to = dir .. "/a.csv" }
    assert(second:row { a = 2 })
    assert(second:flush())
    first:keep()
    assert.same({ "a.csv.part" }, names(dir))
    assert(second:close())
    assert.equal("a\r\n2\r\n", read(dir .. "/a.csv"))
  end)

  it("is not resumed by two runs at once: the second is refused, until the first has ended", function()
    local path = folder.new() .. "/a.csv"
    local made = open { to = path }
    assert(made:row { a = 1 })
    made:keep()
    local first = open { to = path, resume = true }
    assert.equal(("another run is writing %s.part: let it end, or choose another file"):format(path),
      problem_of { to = path, resume = true })
    assert(first:row { a = 2 })
    first:keep()
    local third = open { to = path, resume = true }
    assert(third:row { a = 3 })
    assert(third:close())
    assert.equal("a\r\n1\r\n2\r\n3\r\n", read(path))
  end)

  it("is not resumed while the run that has begun it goes on", function()
    local path = folder.new() .. "/a.csv"
    local first = open { to = path }
    assert(first:row { a = 1 })
    assert.truthy(problem_of { to = path, resume = true }:find("another run is writing", 1, true))
    assert(first:close())
    assert.equal("a\r\n1\r\n", read(path))
  end)

  -- Resumes a file within each call of functions[name] by the run that completes it, before and after the call itself. Returns
  -- what was wrong with each.
  local function resumed_within(functions, name)
    local path, given, told = folder.new() .. "/a.csv", functions[name], {}
    local first = open { to = path }
    assert(first:row { a = 1 })
    finally(function() functions[name] = given end)
    functions[name] = function(...)
      functions[name] = given
      told[1] = problem_of { to = path, resume = true }
      local fine, problem = given(...)
      told[2] = problem_of { to = path, resume = true }
      return fine, problem
    end
    assert(first:close())
    assert.equal("a\r\n1\r\n", read(path))
    return told, path
  end

  it("is not resumed while it gets its name", function()
    local told, path = resumed_within(uv, "fs_rename")
    assert.same({ ("another run is writing %s.part: let it end, or choose another file"):format(path),
      ("%s is complete, and there is no %s.part to go on in: choose another file for the rest"):format(path, path) }, told)
  end)

  it("is not resumed before and after it is closed", function()
    local told, path = resumed_within(uv, "fs_close")
    local complete = ("%s is complete, and there is no %s.part to go on in: choose another file for the rest"):format(path,
      path)
    assert.same({ complete, complete }, told)
  end)

  it("is not resumed by a run that has opened its part before it got its name", function()
    local path, lock_file = folder.new() .. "/a.csv", core.lock_file
    local first = open { to = path }
    assert(first:row { a = 1 })
    finally(function() core.lock_file = lock_file end)
    function core.lock_file(...)
      core.lock_file = lock_file
      assert(first:close())
      return lock_file(...)
    end
    assert.truthy(problem_of { to = path, resume = true }:find(path .. " is complete", 1, true))
    assert.equal("a\r\n1\r\n", read(path))
  end)

  it("can be resumed after the run that wrote it was killed", function()
    local path = folder.new() .. "/a.csv"
    system.output(("%s -e %s; true"):format(process.interpreter(), process.quote(([[
      local uv = require "luv"
      local output = require "seranking.cli.output"
      local terminal = { is_terminal = function() end, getenv = function() end, colour = function() end }
      local made = assert(output.open { to = %q, terminal = terminal })
      assert(made:row { a = 1 })
      assert(made:mark())
      uv.kill(uv.os_getpid(), "sigkill")]]):format(path))))
    assert.equal("a\r\n1\r\n", read(path .. ".part"))
    local made = open { to = path, resume = true }
    assert(made:row { a = 2 })
    assert(made:close())
    assert.equal("a\r\n1\r\n2\r\n", read(path))
  end)

  it("that is a device needs a format", function()
    local text = "the name %s does not tell the format: choose one and redirect stdout, as in -o csv > %s"
    assert.equal(text:format("/dev/null", "/dev/null"), problem_of { to = "/dev/null" })
    local pipe = folder.new() .. "/pipe"
    system.output("mkfifo " .. pipe)
    assert.equal(text:format(pipe, pipe), problem_of { to = pipe })
  end)

  it("is told with its rows to a person at a terminal, and to nobody else", function()
    local dir = folder.new()
    local function notes_of(name, rows, given, of_terminal)
      given.to = dir .. "/" .. name
      return select(2, text_of(given, rows, of_terminal or { terminals = { stderr = true } }))
    end
    local rows = {}
    for i = 1, 1200 do
      rows[i] = { a = i }
    end
    assert.same({ ("1,200 rows in %s/a.csv"):format(dir) }, notes_of("a.csv", rows, {}))
    assert.same({ ("1 row in %s/a.json"):format(dir) }, notes_of("a.json", { { a = 1 } }, { sort = "a" }))
    assert.same({ ("0 rows in %s/b.json"):format(dir) }, notes_of("b.json", {}, {}))
    assert.same({}, notes_of("b.csv", rows, {}, { terminals = { stdout = true } }))
    assert.same({}, select(2, text_of({ format = "csv" }, rows, { terminals = { stderr = true } })))
    local made = open { to = dir .. "/c.csv" }
    assert(made:row { a = 1 })
    made:keep()
    assert.same({ ("1 more row in %s/c.csv"):format(dir) }, notes_of("c.csv", { { a = 2 } }, { resume = true }))
    local answer, _, notes = open({ to = dir .. "/d.json" }, { terminals = { stderr = true } })
    assert(answer:document { a = 1 })
    assert(answer:close())
    assert.same({ ("the answer is in %s/d.json"):format(dir) }, notes)
  end)

  it("keeps the permissions of the file that it replaces, from its first byte on", function()
    local path = folder.new() .. "/a.csv"
    local function mode(name)
      return system.output("stat -c %a " .. name)
    end
    for _, case in ipairs { { "600", "600" }, { "640", "640" }, { "444", "644" } } do
      write(path, "old")
      system.output(("chmod %s %s"):format(case[1], path))
      local made = open { to = path }
      assert.equal(case[2] .. "\n", mode(path .. ".part"))
      assert(made:row { a = 1 })
      assert(made:close())
      assert.equal(case[2] .. "\n", mode(path))
      os.remove(path)
    end
  end)

  it("stays a link", function()
    local dir = folder.new()
    write(dir .. "/real.csv", "old")
    os.execute(("ln -s real.csv %s/a.csv"):format(dir))
    text_of({ to = dir .. "/a.csv" }, { { a = 1 } })
    assert.equal("a\r\n1\r\n", read(dir .. "/real.csv"))
    assert.equal("real.csv\n", system.output("readlink " .. dir .. "/a.csv"))
  end)

  it("that can't be written is told in one line", function()
    local dir = folder.new()
    os.execute(("mkdir %s/a.csv"):format(dir))
    assert.equal(dir .. "/a.csv is a directory: name a file", problem_of { to = dir .. "/a.csv" })
    assert.equal(dir .. " is a directory: name a file", problem_of { to = dir })
    assert.equal(("can't write %s/none/a.csv.part: no such file or directory"):format(dir),
      problem_of { to = dir .. "/none/a.csv" })
  end)

  it("is written directly if it is a device, and a full disk is told", function()
    local made = open { to = "/dev/full", format = "csv" }
    assert(made:row { a = 1 })
    local fine, problem = made:flush()
    assert.is_nil(fine)
    assert.equal("can't write /dev/full: no space left on device", problem)
    fine, problem = made:row { a = 2 }
    assert.is_nil(fine)
    assert.equal("can't write /dev/full: no space left on device", problem)
    assert.is_nil((made:close()))
    assert.equal("character special file\n", system.output "stat -c %F /dev/full")
  end)

  it("is cut to its last mark when a write fails, so that it can go on there", function()
    local path = folder.new() .. "/a.json"
    local made = open { to = path }
    assert(made:row(ROWS[1]))
    assert(made:mark())
    local file_write, failing = made.file.write, true
    function made.file.write(self, text)
      if failing then
        file_write(self, text:sub(1, 10)) -- a disk that takes a piece of it
        self.whole, failing = self.size - 10, false
        return nil, "can't write: no space left on device"
      end
      return file_write(self, text)
    end
    assert(made:row(ROWS[2]))
    local fine, problem = made:close()
    assert.is_nil(fine)
    assert.equal("can't write: no space left on device", problem)
    made:keep()
    assert.same({ ROWS[1] }, cjson.decode((read(path .. ".part"))))
    made = open { to = path, resume = true }
    assert(made:row(ROWS[2]))
    assert(made:close())
    assert.same({ ROWS[1], ROWS[2] }, cjson.decode((read(path))))
  end)
end)
